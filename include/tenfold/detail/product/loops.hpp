// The loops of a matrix product.
//
// They are those of BLIS (Van Zee and van de Geijn, 2015) with the operands exchanged: C's rows are lines, so that B's
// elements fill the vectors, B's block is what L2 holds, and A is what the workers share.
//
//     for each chunk of A                               packed for all tasks, where more than one reads it
//       5th loop  for each block of NC columns          a task, with a part of the rows of an image and group
//       4th loop    for each block of KC rows of B      packed by the task
//       3rd loop      for each MC rows of A             packed by the task, unless they are already
//       2nd loop        for each panel of MR rows       stays in L1
//       1st loop          for each panel of NR columns  the micro-kernel
#pragma once

#include <tenfold/detail/product/blocking.hpp>

#include <cstring>  // memcpy, memset
#include <span>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Fetches a block of memory, `lines` of `bytes` each that lie `stride` bytes apart, into L2: a part at a time.
class block_fetch {
 public:
  block_fetch() = default;
  block_fetch(const void* data, index_t lines, index_t bytes, index_t stride, index_t parts)
      : line_(static_cast<const std::byte*>(data)), lines_(lines), bytes_(bytes), stride_(stride) {
    each_ = ceil_divide(lines * ceil_divide(bytes, cache_line), parts);
  }

  void next_part() {
    for (index_t i = 0; i < each_ && lines_ > 0; ++i) {
      __builtin_prefetch(line_ + at_, 0, 2);
      at_ += cache_line;
      if (at_ < bytes_) continue;
      at_ = 0;
      line_ += stride_;
      --lines_;
    }
  }

 private:
  static constexpr index_t cache_line = 64;
  const std::byte* line_ = nullptr;
  index_t lines_ = 0, bytes_ = 0, stride_ = 0, each_ = 0, at_ = 0;
};

/// Those of find_runs' pixels that exist for row i of a ragged result. Returns the number of runs.
inline index_t clip_runs(const result_layout& layout, index_t i, index_t begin, const pixel_run* runs, index_t count,
                         pixel_run* clipped) {
  const index_t ph = i / layout.phases.w % layout.phases.h;
  const index_t pw = i % layout.phases.w;
  index_t kept = 0;
  for (const pixel_run* run = runs; run < runs + count; ++run) {
    const index_t y = (begin + run->begin) / layout.points_w;
    const index_t x = (begin + run->begin) % layout.points_w;
    const index_t room = layout.rest.w - pw - x * layout.stride.w;
    if (layout.rest.h <= ph + y * layout.stride.h || room <= 0) continue;
    clipped[kept] = *run;
    clipped[kept++].length = (std::min)(run->length, ceil_divide(room, layout.stride.w));
  }
  return kept;
}

/// How one product runs. It serves one of fewer rows or columns too.
template <class T>
struct product_plan {
  const gemm_kernels<T>* kernels;
  product_blocking blocking;
  index_t chunk_bytes;  // before the workers' shares
  index_t per_worker;   // bytes
  index_t bytes;        // in all

  product_plan() = default;
  product_plan(const matrix_product<T>& g, const gemm_kernels<T>& kernel, index_t threads, index_t budget)
      : kernels(&kernel), blocking(), chunk_bytes(0), per_worker(0), bytes(0) {
    if (!g.has_result()) return;
    blocking = choose_blocking(g, kernel, threads, budget);
    if (blocking.chunk_rows > 0) {
      scratch_cursor whole(nullptr);
      whole.take<T>(packed_layout(g, kernel, blocking.chunk_rows).at(blocking.chunk_columns) * g.groups);
      chunk_bytes = whole.used();
    }
    per_worker = scratch_bytes(g, kernel, blocking);
    bytes = chunk_bytes + per_worker * (std::min)(threads, std::max<index_t>(1, tasks(g, g.m)));
  }

  index_t n_blocks(const matrix_product<T>& g) const { return ceil_divide(g.n, blocking.nc); }
  index_t m_parts(index_t rows) const { return ceil_divide(rows, blocking.m_part); }
  index_t tasks(const matrix_product<T>& g, index_t rows) const {
    return g.images * g.groups * n_blocks(g) * m_parts(rows);
  }
};

/// One block of columns and one part of the rows of one image and group, for the columns of A that its chunk has.
template <class T>
class product_task {
 public:
  /// The columns [j, j + columns) and the rows [i, i + rows) of C, the columns [p, p + depth) of A, which `packed` has,
  /// or which the task packs where that has no data. next_j is where the worker's next task probably begins.
  struct extent {
    index_t image, group;
    index_t i, rows;
    index_t j, columns, next_j;
    index_t p, depth;
  };

  product_task(const matrix_product<T>& g, const product_plan<T>& plan, const product_scratch<T>& scratch,
               const packed_operand<T>& packed, const extent& e)
      : g_(g),
        kernel_(*plan.kernels),
        blocking_(plan.blocking),
        scratch_(scratch),
        packed_(packed),
        layout_(g, kernel_, packed.rows),
        adds_residual_(blocking_.direct && g.after.residual),
        after_(adds_residual_ ? g.after.activated() : g.after),
        e_(e),
        a_(g.a + e.group * g.a_group_stride),
        bias_(g.bias + e.group * g.bias_group_stride),
        in_place_(plan.blocking.in_place ? e.columns / plan.kernels->nr * plan.kernels->nr : 0),
        c_(g.c + (e.image * g.c_image_stride + e.group * g.c_group_stride)) {
    packed_.data += e.group * packed.group_stride;
  }

  void run() {
    if (g_.k == 0) return store_empty_sum();
    const b_packer<T> b(g_.b, e_.group * g_.b_group_stride + e_.image * g_.b_image_stride, g_.k, g_.n, kernel_,
                        scratch_.tile, blocking_.tile);
    const index_t mc = packed_.data ? e_.rows : blocking_.mc, end = e_.p + e_.depth;
    for (index_t p = e_.p, depth = 0; p < end; p += depth) {  // 4th loop: KC x NC of B stay in L2
      depth = g_.rows_of_block(p);
      if (in_place_ < e_.columns) b.pack(p, depth, e_.j + in_place_, e_.columns - in_place_, tables_, scratch_.b);
      const index_t tiles = ceil_divide(e_.rows, kernel_.mr) * ceil_divide(e_.columns, kernel_.nr);
      if (p + depth < end)
        ahead_ = fetch_b(p + depth, e_.j, tiles);
      else if (e_.next_j < g_.n)
        ahead_ = fetch_b(e_.p, e_.next_j, tiles);
      for (index_t i = 0; i < e_.rows; i += mc)  // 3rd loop: MC rows of A
        multiply_block(i, (std::min)(mc, e_.rows - i), p, depth);
    }
  }

 private:
  /// A sum of no terms: C = finish(bias).
  void store_empty_sum() {
    pixel_run all[most_nr], clipped[most_nr];
    for (index_t j = 0, count; j < e_.columns; j += count) {
      count = (std::min)(kernel_.nr, e_.columns - j);
      const index_t found = find_runs(e_.j + j, count, g_.layout.points_w, 0, 0, g_.layout.line, g_.layout.step, all);
      for (index_t i = e_.i; i < e_.i + e_.rows; ++i) {
        const T bias = bias_ ? bias_[i / g_.rows_per_bias] : T{};
        T* row = c_ + g_.layout.row.offset(i);
        for (const pixel_run& run : runs_of_row(i, e_.j + j, {all, static_cast<std::size_t>(found)}, clipped))
          g_.after.finish(channel(i), run.length, &bias, 0, row + run.offset, g_.layout.step);
      }
    }
  }

  /// Those of the runs of columns from j on that row i has.
  std::span<const pixel_run> runs_of_row(index_t i, index_t j, std::span<const pixel_run> all,
                                         pixel_run* clipped) const {
    if (!g_.layout.ragged) return all;
    const index_t kept = clip_runs(g_.layout, i, j, all.data(), static_cast<index_t>(all.size()), clipped);
    return {clipped, static_cast<std::size_t>(kept)};
  }

  /// The output channel of a row, of all groups.
  index_t channel(index_t i) const { return e_.group * g_.bias_group_stride + i / g_.rows_per_bias; }

  /// What is to be packed next, so that it need not be waited for: gemm 1024 gained 2.5 and 1.5 %, with the next panel
  /// of A. Few rows leave no time for it: a 1x1 convolution of 64 lost a tenth, one of 80 whose results are scattered
  /// half. An image's lines are few, and the hardware sees them coming.
  block_fetch fetch_b(index_t p, index_t j, index_t parts) const {
    constexpr index_t worth_rows = 256;
    const right_operand<T>& b = g_.b;
    if (b.kind != operand_kind::matrix || e_.rows < worth_rows) return {};
    constexpr auto bytes = static_cast<index_t>(sizeof(T));
    const T* data = b.data + (e_.group * g_.b_group_stride + e_.image * g_.b_image_stride + p * b.row + j * b.column);
    const index_t rows = g_.rows_of_block(p), columns = (std::min)(blocking_.nc, g_.n - j);
    if (b.column == 1) return {data, rows, columns * bytes, b.row * bytes, parts};
    return {data, columns, rows * bytes, b.column * bytes, parts};
  }

  /// The panels of rows [i, i + count) of the task.
  const T* panels_of_a(index_t i, index_t count, index_t p, index_t depth) {
    if (!packed_.data) {
      pack_a<T>(g_, kernel_, a_, e_.i + i, count, p, depth, tables_, scratch_.a);
      return scratch_.a;
    }
    return packed_.data + (layout_.at(packed_.first_column + packed_.column.offset(p)) +
                           (packed_.first_row + e_.i + i) / kernel_.mr * layout_.panel(depth));
  }

  // Bytes of a panel of A: few terms leave no time to fetch anything, a first layer of 9 lost 12 %. In between the
  // terms of a call it costs nothing: 512 -> 2048 channels of 49 pixels, whose weight comes from memory, went from 1.0
  // to 0.75 ms, where fetching a part of the panel before each call had lost 7 %.
  static constexpr index_t worth_fetching = l1_bytes / 8;

  /// B's columns as the micro-kernel reads them, and how far the next are.
  struct b_columns {
    const T* data;
    index_t row;
    index_t next;
  };
  b_columns lying_b(index_t p) const {
    const T* b = g_.b.data + (e_.group * g_.b_group_stride + e_.image * g_.b_image_stride);
    return {b + p * g_.b.row + e_.j, g_.b.row, kernel_.nr};
  }
  /// Of the columns behind j: the first row of A's panels reads what no prefetcher sees coming.
  gemm_fetch next_lines(const b_columns& b, index_t j) const {
    if (j + kernel_.nr >= in_place_) return {};
    return gemm_fetch::of_terms(b.data + b.next, b.row * static_cast<index_t>(sizeof(T)));
  }
  b_columns packed_b(index_t depth) const {
    return {scratch_.b, kernel_.nr, b_packer<T>::panel_stride(kernel_, depth)};
  }

  /// Rows [i, i + count) of the task, all columns: the products of one block of KC.
  void multiply_block(index_t i, index_t count, index_t p, index_t depth) {
    const T* a = panels_of_a(i, count, p, depth);
    const index_t panel = layout_.panel(depth);
    const bool first = p == g_.terms.begin, last = p + depth == g_.last_term();
    gemm_epilogue<T> epilogue;
    epilogue.alpha = g_.alpha;
    epilogue.relu = last && after_.only_rectifies();
    epilogue.clips = last && clips_in_registers();
    epilogue.low = after_.low;
    epilogue.high = after_.high;
    const bool accumulates = !first || g_.beta != T{0} || adds_residual_;
    tile_call t{depth, first && !adds_residual_ ? g_.beta : T{1}, first, last};
    const index_t panel_bytes = panel * static_cast<index_t>(sizeof(T));
    const bool fetches = packed_.data && panel_bytes >= worth_fetching;
    const bool scales = t.beta != T{0} && t.beta != T{1};
    for (index_t ir = 0; ir < count; ir += kernel_.mr, a += panel) {  // 2nd loop: MR x KC of A stay in L1
      t.i = i + ir;
      t.rows = (std::min)(kernel_.mr, count - ir);
      epilogue.bias = first ? bias_rows(t.i, t.rows) : nullptr;
      if (fetches) epilogue.fetch = {a + panel, panel_bytes, depth, ceil_divide(e_.columns, kernel_.nr)};
      const bool stores_rows = blocking_.direct && !scales && t.rows == kernel_.height_of(t.rows);
      b_columns b = in_place_ > 0 ? lying_b(p) : packed_b(depth);
      for (index_t jr = 0; jr < e_.columns; jr += kernel_.nr, b.data += b.next) {  // 1st loop
        if (jr == in_place_) b = packed_b(depth);
        if (jr <= in_place_ && t.i == 0) epilogue.fetch = next_lines(b, jr);
        t.j = jr;
        t.columns = (std::min)(kernel_.nr, e_.columns - jr);
        ahead_.next_part();
        if (stores_rows && t.columns == kernel_.padded_columns(t.columns))
          whole_tile(a, b, t, accumulates, epilogue);
        else if (blocking_.direct)
          edge_tile(a, b, t, accumulates, epilogue);
        else
          scattered_tile(a, b, t, accumulates, epilogue);
        epilogue.fetch.called(depth);
      }
    }
  }

  /// A tile of the task, MR x NR or what is left of it.
  struct tile_call {
    index_t depth;
    T beta;
    bool first, last;  // block of KC
    index_t i = 0, rows = 0;
    index_t j = 0, columns = 0;
  };

  // Where C's rows are lines.
  index_t ldc() const { return g_.layout.row.stride[2]; }
  T* c_of(const tile_call& t) const { return c_ + (e_.i + t.i) * ldc() + e_.j + t.j; }

  /// What a tile is added to. Where C collects the blocks of KC the residual, which may be C itself, is its first term.
  const T* addend_of(const tile_call& t, const T* c) const {
    return t.first && adds_residual_ ? g_.after.residual + (c - g_.after.output) : c;
  }

  /// Blocks of KC come one after the other, and a function of the sums of the last one only.
  bool clips_in_registers() const { return blocking_.direct && after_.of == activation::function::clip; }
  bool finishes(const tile_call& t) const { return t.last && after_.finishes() && !clips_in_registers(); }

  /// A tile whose rows are C's: functions of its sums take them from there.
  void whole_tile(const T* a, const b_columns& b, const tile_call& t, bool accumulates, gemm_epilogue<T>& epilogue) {
    T* const c = c_of(t);
    epilogue.addend = accumulates ? addend_of(t, c) : nullptr;
    kernel_.multiply(t.rows, t.columns, t.depth, a, b.data, b.row, c, ldc(), epilogue);
    if (!finishes(t)) return;
    for (index_t r = 0; r < t.rows; ++r)
      after_.finish(channel(e_.i + t.i + r), t.columns, c + r * ldc(), 1, c + r * ldc(), 1);
  }

  /// A whole tile in scratch; its valid part, scaled, finished, is C's.
  __attribute__((noinline)) void edge_tile(const T* a, const b_columns& b, const tile_call& t, bool accumulates,
                                           gemm_epilogue<T>& epilogue) {
    T* const c = c_of(t);
    const T* addend = addend_of(t, c);
    const index_t nr = kernel_.nr;
    const auto bytes = static_cast<std::size_t>(t.columns) * sizeof(T);
    std::memset(static_cast<void*>(edge_), 0, static_cast<std::size_t>(kernel_.mr * nr) * sizeof(T));
    for (index_t r = 0; r < t.rows && accumulates; ++r) {
      std::memcpy(edge_ + r * nr, addend + r * ldc(), bytes);
      if (t.beta != T{1}) scale_line(t.beta, t.columns, edge_ + r * nr);
    }
    epilogue.addend = accumulates ? edge_ : nullptr;
    kernel_.multiply(t.rows, t.columns, t.depth, a, b.data, b.row, edge_, nr, epilogue);
    for (index_t r = 0; r < t.rows; ++r)
      if (finishes(t))
        after_.finish(channel(e_.i + t.i + r), t.columns, edge_ + r * nr, 1, c + r * ldc(), 1);
      else
        std::memcpy(c + r * ldc(), edge_ + r * nr, bytes);
  }

  static void scale_line(T factor, index_t count, T* line) {
    using U = arithmetic_t<T>;
    for (index_t x = 0; x < count; ++x) line[x] = static_cast<T>(static_cast<U>(factor) * static_cast<U>(line[x]));
  }

  /// A tile that is summed in scratch; the last block of KC sends it to its places, each written once.
  __attribute__((noinline)) void scattered_tile(const T* a, const b_columns& b, const tile_call& t, bool accumulates,
                                                gemm_epilogue<T>& epilogue) {
    const index_t nr = kernel_.nr, i = e_.i + t.i, j = e_.j + t.j;
    T* tile = scratch_.c + t.i * blocking_.nc + t.j * kernel_.mr;
    epilogue.addend = accumulates ? tile : nullptr;
    kernel_.multiply(t.rows, t.columns, t.depth, a, b.data, b.row, tile, nr, epilogue);
    if (!t.last) return;
    const result_layout& layout = g_.layout;
    pixel_run runs[most_nr], clipped[most_nr];
    const index_t found = find_runs(j, t.columns, layout.points_w, 0, 0, layout.line, layout.step, runs);
    fill_offsets(layout.row, i, t.rows, tables_.row);
    if (!layout.ragged && !after_.finishes())
      return kernel_.scatter_runs(tile, nr, tables_.row, t.rows, runs, found, layout.step, c_);
    for (index_t r = 0; r < t.rows; ++r, tile += nr) {
      const auto row = runs_of_row(i + r, j, {runs, static_cast<std::size_t>(found)}, clipped);
      if (!after_.finishes())
        kernel_.scatter_runs(tile, nr, tables_.row + r, 1, row.data(), static_cast<index_t>(row.size()), layout.step,
                             c_);
      else
        for (const pixel_run& run : row)
          after_.finish(channel(i + r), run.length, tile + run.begin, 1, c_ + tables_.row[r] + run.offset, layout.step);
    }
  }

  const T* bias_rows(index_t i, index_t rows) {
    if (!bias_) return nullptr;
    for (index_t r = 0; r < kernel_.mr; ++r)
      bias_of_rows_[r] = r < rows ? bias_[(e_.i + i + r) / g_.rows_per_bias] : T{};
    return bias_of_rows_;
  }

  const matrix_product<T>& g_;
  const gemm_kernels<T>& kernel_;
  const product_blocking& blocking_;
  const product_scratch<T>& scratch_;
  packed_operand<T> packed_;
  const packed_layout layout_;
  const bool adds_residual_;
  const epilogue<T> after_;  // what is left of it when the residual has been added
  const extent e_;
  optional_array<const T> a_;
  optional_array<const T> bias_;
  const index_t in_place_;  // columns of B
  T* c_;
  block_fetch ahead_;
  offset_tables tables_;
  T bias_of_rows_[most_mr];
  alignas(alignment) T edge_[static_cast<std::size_t>(most_mr * most_nr) / sizeof(T)];
};

/// The tasks of one chunk of A: rows [i, i + rows), columns [p, p + depth).
template <class T>
void run_chunk(const matrix_product<T>& g, const product_plan<T>& plan, const packed_operand<T>& packed, index_t i,
               index_t rows, index_t p, index_t depth, const context& ctx, std::byte* shares) {
  const product_blocking& s = plan.blocking;
  const index_t parts = plan.m_parts(rows), blocks = plan.n_blocks(g), tasks = plan.tasks(g, rows);
  const index_t workers = worker_count(ctx, tasks);
  parallel_tasks(ctx, tasks, [&](index_t worker, index_t t) {
    scratch_cursor cursor(shares + worker * plan.per_worker);
    const product_scratch<T> scratch(cursor, g, *plan.kernels, s);
    const index_t i0 = t % parts * s.m_part, j = t / parts % blocks * s.nc, product = t / parts / blocks;
    const index_t next_j = parts == 1 ? j + s.nc * workers : g.n;
    product_task<T>(g, plan, scratch, packed,
                    {product / g.groups, product % g.groups, i + i0, (std::min)(s.m_part, rows - i0), j,
                     (std::min)(s.nc, g.n - j), next_j, p, depth})
        .run();
  });
}

/// Runs a product by its plan. `memory` holds plan.bytes.
template <class T>
void run_product(const matrix_product<T>& g, const product_plan<T>& plan, const context& ctx, std::byte* memory) {
  if (!g.has_result()) return;
  const product_blocking& s = plan.blocking;
  const index_t begin = g.terms.begin, end = g.last_term();
  if (s.chunk_rows == 0) return run_chunk(g, plan, g.packed, 0, g.m, begin, end - begin, ctx, memory);
  for (index_t i = 0; i < g.m; i += s.chunk_rows)
    for (index_t p = begin; p < end; p += s.chunk_columns) {
      const index_t rows = (std::min)(s.chunk_rows, g.m - i), depth = (std::min)(s.chunk_columns, end - p);
      T* chunk = reinterpret_cast<T*>(memory);
      pack_chunk(g, *plan.kernels, ctx, i, rows, p, depth, chunk);
      packed_operand<T> packed;
      packed.data = chunk;
      packed.rows = rows;
      packed.group_stride = packed_layout(g, *plan.kernels, rows).at(depth);
      packed.first_row = -i;
      packed.first_column = -p;
      run_chunk(g, plan, packed, i, rows, p, depth, ctx, memory + plan.chunk_bytes);
    }
}

template <class T>
product_plan<T> plan_product(const matrix_product<T>& g, const context& ctx) {
  return product_plan<T>(g, gemm_kernels_of<T>(ctx, g.m), thread_count(ctx), scratch_budget(ctx));
}

/// The elements of a packed A of all groups.
template <class T>
index_t packed_size(const matrix_product<T>& g, const context& ctx) {
  return g.groups * packed_layout(g, gemm_kernels_of<T>(ctx, g.m), g.m).at(g.k);
}

/// Packs it.
template <class T>
void pack_whole(const matrix_product<T>& g, const context& ctx, T* packed) {
  pack_chunk(g, gemm_kernels_of<T>(ctx, g.m), ctx, 0, g.m, 0, g.k, packed);
}

/// The A of a product that was packed so.
template <class T>
packed_operand<T> packed_whole(const matrix_product<T>& g, const context& ctx, optional_array<const T> packed) {
  packed_operand<T> a;
  if (!packed) return a;
  a.data = packed;
  a.rows = g.m;
  a.group_stride = packed_size(g, ctx) / g.groups;
  return a;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
