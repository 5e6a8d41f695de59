// The engine behind conv2d and conv_transpose2d: a blocked matrix product whose operands are never built.
//
//     C(i, j) = finish(bias(i) + sum over p of A(i, p) * B(p, j))
//
// Each operand is an array and two tables of offsets, one by row and one by column: element (i, p) of A is
// a[row(i) + column(p)]. For a convolution i is an output channel, p a tap (channel, kernel row, kernel column) and j
// an output pixel; B is then the column matrix of im2col, of which only a block of KC x NC exists at a time, packed
// from a zero-padded tile of the image. The loops around the micro-kernel are those of BLIS (Van Zee and van de Geijn,
// 2015), the tables those of tensor contractions in TBLIS (Matthews, 2018).
#pragma once

#include <tenfold/detail/axis.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// An index counted by three digits, outermost first: its offset is the sum of digit * stride.
struct digits {
  index_t extent[3] = {1, 1, 1};
  index_t stride[3] = {0, 0, 0};

  index_t offset(index_t i) const {
    return i / (extent[1] * extent[2]) * stride[0] + i / extent[2] % extent[1] * stride[1] + i % extent[2] * stride[2];
  }
  bool affine() const { return extent[0] == 1 && extent[1] == 1; }
};

inline digits affine_digits(index_t extent, index_t stride) { return {{1, 1, extent}, {0, 0, stride}}; }

/// Digits of one value left out.
inline digits make_digits(const index_t (&extent)[3], const index_t (&stride)[3]) {
  digits d;
  for (int from = 2, to = 2; from >= 0; --from)
    if (extent[from] != 1) {
      d.extent[to] = extent[from];
      d.stride[to--] = stride[from];
    }
  return d;
}

/// table[i] = d.offset(begin + i),   i < count
inline void fill_offsets(const digits& d, index_t begin, index_t count, index_t* table) {
  index_t last = begin % d.extent[2];
  for (index_t i = 0; i < count;) {
    const index_t base = d.offset(begin + i) - last * d.stride[2];
    for (; last < d.extent[2] && i < count; ++last, ++i) table[i] = base + last * d.stride[2];
    last = 0;
  }
}

/// The operand B of a convolution: rows are the taps (c, i, j), columns the pixels (y, x).
template <class T>
struct image_operand {
  optional_array<const T> data;
  index_t channel_stride = 0;
  axis h;
  axis w;
  // Every tap of every pixel lies in the image and the pixels of a line are neighbours in it, so that B is packed
  // straight from there, by `channels` for one (i, j) after the other: rows are then (i, j, c).
  bool unpadded = false;
  index_t channels = 0;

  digits tap_major() const { return {{h.taps, w.taps, channels}, {h.step * w.extent, w.step, channel_stride}}; }
};

/// The operand B of a product with a matrix whose rows are lines: B(c, x) = data[c * channel_stride + first + x].
template <class T>
image_operand<T> matrix_operand(optional_array<const T> data, index_t channels, index_t channel_stride, index_t first,
                                index_t columns) {
  return {data, channel_stride, {}, {1, columns, 1, 1, first, channel_stride}, true, channels};
}

/// Where the elements of C go: row i at row.offset(i), column j = (y, x) at y * line + x * step.
struct result_layout {
  digits row;
  index_t points_w = 1;
  index_t line = 0;
  index_t step = 1;
  // A transposed convolution's rows count the phases too, i = (.., ph, pw), and a phase may have one point less than
  // the first: (y, x) exists for it where ph + y * stride.h < rest.h, w likewise.
  bool ragged = false;
  hw phases = 1;
  hw stride = 1;
  hw rest = 0;
};

/// A packed A: for each group, for each block of KC rows, for each panel, (kc, its height) elements; a vector of slack
/// follows the last.
template <class T>
index_t packed_elements(index_t m, index_t k, const micro_kernels<T>& kernel) {
  return kernel.padded_rows(m) * k;
}

template <class T>
struct gemm_problem {
  index_t m = 0;
  index_t n = 0;
  index_t k = 0;

  optional_array<const T> a;
  digits a_row;
  digits a_column;
  optional_array<const T> packed_a;          // instead of a, where it was packed before
  index_t parts = 1;                         // of k, equal ones: no block of KC belongs to two
  digits packed_k = {{1, 1, 1}, {1, 0, 0}};  // where k lies in a packed A that has more: parts are taken as a whole

  image_operand<T> image;

  optional_array<T> c;
  result_layout layout;
  index_t first_row = 0;  // the row of C that lies at c, where C is stored from there on only

  optional_array<const T> bias;  // one for each `rows_per_bias` rows
  index_t rows_per_bias = 1;
  epilogue<T> after;

  // The same product for each image and each group of channels, this far apart.
  index_t images = 1;
  index_t groups = 1;
  index_t b_image_stride = 0;
  index_t c_image_stride = 0;
  index_t a_group_stride = 0;
  index_t b_group_stride = 0;
  index_t c_group_stride = 0;
  index_t bias_group_stride = 0;
};

// KC: rows of B whose products are summed in registers before they are added to C. It alone decides the order of the
// additions, so it depends on nothing but k and the type. A panel of A, MR x KC floats, is 6 to 14 KiB and stays in L1
// while the panels of B stream past; sums of 256 terms added up also have half the error of one long sum. With 8-byte
// elements the least block of avx512, (14 + 16) x KC, has to leave room in a workspace of 64 KiB.
template <class T>
inline constexpr index_t gemm_kc = sizeof(T) == 8 ? 192 : 256;

/// The rows of every block but the last: equal shares rather than a small rest.
template <class T>
index_t gemm_block_rows(index_t k) {
  return k == 0 ? 0 : ceil_divide(k, ceil_divide(k, gemm_kc<T>));
}

template <class T>
index_t gemm_block_rows(const gemm_problem<T>& g) {
  return gemm_block_rows<T>(g.k / g.parts);
}

/// The rows of the block that begins with row p.
template <class T>
index_t rows_of_block(const gemm_problem<T>& g, index_t p) {
  const index_t part = g.k / g.parts;
  return (std::min)(gemm_block_rows(g), part - p % part);
}

/// An A up to this size is packed once per call rather than once per block of columns; it leaves room for the blocks in
/// the default scratch memory of 8 MiB.
inline constexpr index_t small_a_bytes = index_t{6} << 20;

/// The sizes of a call's blocks. They follow from the shape and the scratch budget; no result's bits depend on them.
struct gemm_blocking {
  index_t kc;
  index_t mc;       // rows of A packed at a time
  index_t nc;       // columns of B packed at a time
  index_t m_chunk;  // rows of C per task
  index_t tile;     // elements of the image tile
  index_t n_blocks;
  index_t m_chunks;
  bool direct;        // C's rows are contiguous: the micro-kernel stores to them; otherwise through scratch
  bool packs_a_once;  // A is small and read by many tasks: packed as a whole before them
};

template <class T>
bool reads_tile(const gemm_problem<T>& g) {
  return g.k > 0 && !g.image.unpadded;
}

/// One worker's scratch.
template <class T>
struct gemm_scratch {
  T* a;             // mc * kc and a vector of slack
  T* b;             // nc / NR panels of kc * NR and a vector of slack
  T* tile;          // the zero-padded part of the image, and a vector of slack
  T* c;             // m_chunk * nc where C is not contiguous
  T* edge;          // MR * NR
  T* bias;          // MR
  index_t* row;     // max(MR, NR)
  index_t* column;  // kc

  gemm_scratch(scratch_cursor& cursor, const gemm_problem<T>& g, const gemm_kernels<T>& kernel,
               const gemm_blocking& b_) {
    a = g.packed_a || b_.packs_a_once ? nullptr : cursor.take<T>(b_.mc * b_.kc + kernel.lanes);
    b = cursor.take<T>(b_.nc / kernel.nr * (b_.kc * kernel.nr + kernel.lanes));
    tile = cursor.take<T>(reads_tile(g) ? b_.tile + kernel.lanes : 0);
    c = cursor.take<T>(b_.direct ? 0 : round_up(b_.m_chunk, kernel.mr) * b_.nc);
    edge = cursor.take<T>(kernel.mr * kernel.nr);
    bias = cursor.take<T>(kernel.mr);
    row = cursor.take<index_t>((std::max)(kernel.mr, kernel.nr));
    column = cursor.take<index_t>(b_.kc);
  }
};

template <class T>
bool stores_directly(const gemm_problem<T>& g) {
  const bool one_line = g.layout.line == g.layout.points_w || g.n <= g.layout.points_w;
  return g.layout.step == 1 && one_line && !g.layout.ragged && g.layout.row.affine();
}

/// The elements of the smallest tile that a block of nc columns may need: one tap of every line that it touches.
template <class T>
index_t least_tile(const gemm_problem<T>& g, index_t nc) {
  const index_t width = g.image.w.points;
  return width >= nc ? 2 * (std::min)(width, nc) + (width < 2 * nc ? width : nc) : (nc / width + 2) * width;
}

/// The estimated time of a block of columns and a chunk of rows, in vector operations: the multiply-adds, packing B,
/// and copying the image's tile, whose lines overlap those of the next block.
template <class T>
double task_cost(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, index_t columns, index_t rows) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const double vectors = d(round_up(columns, kernel.widths[2])) / d(kernel.lanes);
  double cost = d(g.k) * (vectors * (d(rows) + 2) + 0.25 * d(rows));
  if (reads_tile(g)) {
    const index_t lines = (std::min)(g.image.h.points, ceil_divide(columns, g.image.w.points) + 1);
    const tile_axis h(g.image.h.part(0, g.image.h.taps, 0, lines)), w(g.image.w);
    cost +=
        4 * d(g.k / (g.image.h.taps * g.image.w.taps)) * d(h.size()) * (d(w.size()) / d(kernel.lanes) + d(w.groups));
  }
  return cost;
}

/// Tasks for the workers: the blocks of columns and chunks of rows whose slowest worker is the fastest. One worker has
/// at the least its share of all, and of the tasks of full size a whole number.
template <class T>
void split_for_workers(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, index_t threads, gemm_blocking& b) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const index_t products = g.images * g.groups;
  const gemm_blocking whole = b;
  double least = 0;
  for (const index_t tasks : {threads, 2 * threads, 4 * threads})
    for (index_t chunks = 1; chunks <= 4; ++chunks) {
      const index_t blocks = ceil_divide(tasks, products);
      const index_t nc = (std::min)(whole.nc, round_up(ceil_divide(g.n, blocks), kernel.nr));
      const index_t rows =
          (std::min)(whole.m_chunk, (std::max)(4 * kernel.mr, round_up(ceil_divide(g.m, chunks), kernel.mr)));
      const index_t wide = (std::min)(nc, g.n), high = (std::min)(rows, g.m);
      const index_t full_n = g.n / wide, full_m = g.m / high, rest_n = g.n % wide, rest_m = g.m % high;
      const double full = task_cost(g, kernel, wide, high);
      double sum = d(full_n) * d(full_m) * full;
      if (rest_n > 0) sum += d(full_m) * task_cost(g, kernel, rest_n, high);
      if (rest_m > 0) sum += d(full_n) * task_cost(g, kernel, wide, rest_m);
      if (rest_n > 0 && rest_m > 0) sum += task_cost(g, kernel, rest_n, rest_m);
      const double slowest =
          greater(d(products) * sum / d(threads), d(ceil_divide(products * full_n * full_m, threads)) * full);
      if (least > 0 && slowest >= least) continue;
      least = slowest;
      b.nc = nc;
      b.m_chunk = rows;
    }
  b.mc = (std::min)(whole.mc, b.m_chunk);
}

template <class T>
gemm_blocking choose_blocking(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, const context& ctx) {
  // A panel of A, MR x KC, stays in L1 while the panels of a block of B pass; each is used MR times per load, so B may
  // come from L2 or L3: 64 bytes in 6 cycles at avx2 (6 x 16), 128 in 28 at avx512 (14 x 32 in half-speed units). The
  // block of B, 256 x 960 floats, is 960 KiB; 480 repacked A too often (gemm 1024: 98 GFLOP/s against 103 at 960,
  // avx512 of Zen 4, peak 117), 3840 fell out of a shared L3 (avx2: 72 against 105 at 2048). A block of A is 112 KiB,
  // for L2.
  constexpr auto bytes = static_cast<index_t>(sizeof(T));
  constexpr index_t block_of_b = 960 * 4 / bytes;
  constexpr index_t block_of_a = 112 * 4 / bytes;
  constexpr index_t tile_elements = (index_t{192} << 10) / bytes;
  constexpr index_t scattered_elements = (index_t{1} << 20) / bytes;

  gemm_blocking b{};
  b.kc = std::max<index_t>(1, gemm_block_rows(g));
  b.direct = stores_directly(g);
  b.mc = (std::min)(round_up(block_of_a, kernel.mr), round_up(g.m, kernel.mr));
  const index_t most_nc = round_up(block_of_b, kernel.nr);
  b.nc = round_up(ceil_divide(g.n, ceil_divide(g.n, most_nc)), kernel.nr);
  b.m_chunk = round_up(g.m, kernel.mr);
  if (!b.direct) b.m_chunk = (std::min)(b.m_chunk, (std::max)(b.mc, round_up(scattered_elements / b.nc, kernel.mr)));

  if (ctx.threads > 1) split_for_workers(g, kernel, thread_count(ctx), b);

  b.tile = tile_elements;
  const index_t budget = scratch_budget(ctx);
  const auto used = [&] {
    scratch_cursor cursor(nullptr);
    gemm_scratch<T>(cursor, g, kernel, b);
    return cursor.used();
  };
  while (used() > budget) {
    if (b.nc > kernel.nr) b.nc = round_up(b.nc / 2, kernel.nr);
    if (b.mc > kernel.mr) b.mc = round_up(b.mc / 2, kernel.mr);
    if (!b.direct) b.m_chunk = b.mc;
    const index_t least = reads_tile(g) ? least_tile(g, b.nc) : 0;
    if (b.nc == kernel.nr && b.mc == kernel.mr && b.tile <= least) break;
    b.tile = (std::max)(b.tile / 2, least);
  }
  if (reads_tile(g)) b.tile = (std::max)(b.tile, least_tile(g, b.nc));
  b.n_blocks = ceil_divide(g.n, b.nc);
  b.m_chunks = ceil_divide(g.m, b.m_chunk);
  const index_t whole_a = (packed_elements(g.m, g.k, kernel) * g.groups + 2 * kernel.lanes) * bytes;
  b.packs_a_once = !g.packed_a && g.images * b.n_blocks > 1 && whole_a <= small_a_bytes && used() + whole_a <= budget;
  return b;
}

/// Packs rows [i0, i0 + rows) x columns [p0, p0 + kc) of A into panels of MR.
///   table (mr) and column (kc) are scratch
template <class T>
void pack_a(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, const T* a, index_t i0, index_t rows, index_t p0,
            index_t kc, index_t* row, index_t* column, T* packed) {
  fill_offsets(g.a_column, p0, kc, column);
  const bool rows_are_lines = g.a_column.affine() && g.a_column.stride[2] == 1;
  const bool columns_are_lines = g.a_row.affine() && g.a_row.stride[2] == 1;
  for (index_t i = 0; i < rows; i += kernel.mr, packed += kc * kernel.mr) {
    const index_t count = (std::min)(kernel.mr, rows - i);
    const index_t height = kernel.height_of(count);
    fill_offsets(g.a_row, i0 + i, count, row);
    if (rows_are_lines)
      kernel.pack_transpose(a + column[0], row, count, kc, height, packed);
    else if (columns_are_lines && count == kernel.mr)
      kernel.pack_lines(a + row[0], column, kc, packed);
    else
      kernel.pack_gather(a, row, count, column, kc, height, packed);
  }
}

/// Packs a whole A, as gemm_problem::packed_a wants it: all groups, (packed_elements) elements each.
///   row (mr) and column (KC) are scratch
template <class T>
void pack_whole_a(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, index_t* row, index_t* column, T* packed) {
  for (index_t group = 0; group < g.groups; ++group)
    for (index_t p = 0, depth = 0; p < g.k; p += depth) {
      depth = rows_of_block(g, p);
      pack_a<T>(g, kernel, g.a + group * g.a_group_stride, 0, g.m, p, depth, row, column, packed);
      packed += kernel.padded_rows(g.m) * depth;
    }
}

/// The pixels [begin, begin + count) of a grid `width` wide as runs of neighbours; pixel (y, x) lies at
/// (y - y0) * line + (x - x0) * step. Returns the number of runs.
inline index_t find_runs(index_t begin, index_t count, index_t width, index_t y0, index_t x0, index_t line,
                         index_t step, pixel_run* runs) {
  index_t found = 0;
  index_t y = begin / width;
  index_t x = begin % width;
  for (index_t done = 0; done < count; ++y, x = 0) {
    const index_t length = (std::min)(width - x, count - done);
    runs[found++] = {done, length, (y - y0) * line + (x - x0) * step};
    done += length;
  }
  return found;
}

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

/// The product of one image and one group, restricted to a block of columns and a chunk of rows.
template <class T>
class gemm_task {
 public:
  gemm_task(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, const gemm_blocking& blocking,
            const gemm_scratch<T>& scratch)
      : g_(g),
        kernel_(kernel),
        blocking_(blocking),
        scratch_(scratch),
        adds_residual_(blocking.direct && g.after.residual),
        after_(adds_residual_ ? g.after.activated() : g.after) {}

  void run(index_t image, index_t group, index_t n_block, index_t m_chunk) {
    const index_t i0 = m_chunk * blocking_.m_chunk;
    run_rows(image, group, n_block, i0, (std::min)(blocking_.m_chunk, g_.m - i0));
  }

  /// Rows [i0, i0 + rows) of a block of columns; i0 is a multiple of MR.
  void run_rows(index_t image, index_t group, index_t n_block, index_t i0, index_t rows) {
    j0_ = n_block * blocking_.nc;
    columns_ = (std::min)(blocking_.nc, g_.n - j0_);
    i0_ = i0;
    rows_ = rows;
    a_ = g_.a + group * g_.a_group_stride;
    packed_a_ = g_.packed_a + group * packed_elements(g_.m, g_.k, kernel_);
    b_ = image * g_.b_image_stride + group * g_.b_group_stride;
    c_ = g_.c + image * g_.c_image_stride + group * g_.c_group_stride;
    bias_ = g_.bias + group * g_.bias_group_stride;
    channel_ = group * g_.bias_group_stride;
    if (g_.k == 0) return store_empty_sum();
    for (index_t p = 0, depth = 0; p < g_.k; p += depth) {  // 4th loop: KC rows of B
      depth = rows_of_block(g_, p);
      if (g_.image.unpadded)
        pack_unpadded(p, depth);
      else
        pack_padded(p, depth);
      for (index_t i = 0; i < rows_; i += blocking_.mc)  // 3rd loop: MC rows of A
        macro_kernel(i, (std::min)(blocking_.mc, rows_ - i), p, depth);
    }
  }

 private:
  T* c_row(index_t i) const { return c_ + g_.layout.row.offset(i0_ + i - g_.first_row) + j0_; }

  /// A sum of no terms: C = finish(bias).
  void store_empty_sum() {
    for (index_t j = 0; j < columns_; j += kernel_.nr)
      for (index_t i = 0; i < rows_; ++i) {
        const T bias = bias_ ? bias_[(i0_ + i) / g_.rows_per_bias] : T{};
        for_each_run(i, j, (std::min)(kernel_.nr, columns_ - j), [&](T* c, index_t, index_t length) {
          g_.after.finish(channel(i), length, &bias, 0, c, g_.layout.step);
        });
      }
  }

  /// Calls visit(where in C, first column of the run, length) for the pixels [j, j + count) of row i.
  template <class Visit>
  void for_each_run(index_t i, index_t j, index_t count, const Visit& visit) {
    pixel_run all[most_nr], clipped[most_nr];
    index_t found = find_runs(j0_ + j, count, g_.layout.points_w, 0, 0, g_.layout.line, g_.layout.step, all);
    if (g_.layout.ragged) found = clip_runs(g_.layout, i0_ + i, j0_ + j, all, found, clipped);
    const pixel_run* runs = g_.layout.ragged ? clipped : all;
    T* row = c_ + g_.layout.row.offset(i0_ + i);
    for (index_t r = 0; r < found; ++r) visit(row + runs[r].offset, runs[r].begin, runs[r].length);
  }

  /// The output channel of a row, of all groups.
  index_t channel(index_t i) const { return channel_ + (i0_ + i) / g_.rows_per_bias; }

  index_t panel_stride(index_t depth) const { return depth * kernel_.nr + kernel_.lanes; }

  void pack_unpadded(index_t p0, index_t depth) {
    const image_operand<T>& image = g_.image;
    const index_t nr = kernel_.nr;
    const index_t first = image.h.origin * image.w.extent + image.w.origin;
    const T* from = image.data + b_ + first;
    index_t* tap = scratch_.column;
    fill_offsets(image.tap_major(), p0, depth, tap);
    pixel_run runs[most_nr];
    T* panel = scratch_.b;
    for (index_t j = 0; j < columns_; j += nr, panel += panel_stride(depth)) {
      const index_t count = (std::min)(nr, columns_ - j);
      const index_t found = find_runs(j0_ + j, count, image.w.points, 0, 0, image.h.stride * image.w.extent, 1, runs);
      if (runs[0].length == nr) {
        kernel_.pack_contiguous(from + runs[0].offset, tap, depth, panel);
        continue;
      }
      // Vectors must not read behind the last channel, where the image may end.
      index_t reach = 0;
      for (index_t r = 0; r < found; ++r)
        reach = (std::max)(reach, runs[r].offset + round_up(runs[r].length, kernel_.lanes));
      index_t inside = depth;
      while (inside > 0 && first + tap[inside - 1] + reach > image.channels * image.channel_stride) --inside;
      kernel_.pack_runs(from, tap, inside, runs, found, panel);
      if (inside == depth) continue;
      for (index_t r = 0; r < found; ++r)
        for (index_t x = 0; x < runs[r].length; ++x) scratch_.row[runs[r].begin + x] = runs[r].offset + x;
      kernel_.pack_gather(from, scratch_.row, count, tap + inside, depth - inside, nr, panel + inside * nr);
    }
  }

  /// The taps [first, last) of a block, and the box of the kernel that they lie in.
  struct tap_box {
    index_t first, last;
    index_t channel, channels;
    axis h, w;
    tile_axis tile_h, tile_w;
    index_t row0, column0;

    index_t line() const { return tile_w.size(); }
    index_t plane() const { return tile_h.size() * tile_w.size(); }
    index_t size() const { return channels * plane(); }
  };

  tap_box box_of(index_t first, index_t last, const axis& h, const axis& w) const {
    const index_t per_row = w.taps;
    const index_t per_channel = h.taps * w.taps;
    const index_t channel = first / per_channel;
    const index_t channels = (last - 1) / per_channel - channel + 1;
    index_t row0 = 0, rows = h.taps, column0 = 0, columns = w.taps;
    if (channels == 1) {
      row0 = first % per_channel / per_row;
      rows = (last - 1) % per_channel / per_row - row0 + 1;
      if (rows == 1) {
        column0 = first % per_row;
        columns = last - first;
      }
    }
    const axis box_h = h.part(row0, rows, 0, h.points);
    const axis box_w = w.part(column0, columns, 0, w.points);
    return {first, last, channel, channels, box_h, box_w, tile_axis(box_h), tile_axis(box_w), row0, column0};
  }

  /// The longest stretch of taps from `first` on whose box fits the tile: whole channels, else whole rows of the
  /// kernel, else taps of one row. One tap always fits.
  tap_box fitting_box(index_t first, index_t end, const axis& h, const axis& w) const {
    tap_box box = box_of(first, end, h, w);
    for (const index_t unit : {h.taps * w.taps, w.taps, index_t{1}}) {
      if (box.size() <= blocking_.tile) return box;
      index_t low = (first / unit + 1) * unit;  // the least and the most whole units that may fit
      if (low >= box.last) continue;
      index_t high = (box.last - 1) / unit * unit;
      box = box_of(first, low, h, w);
      if (box.size() > blocking_.tile) continue;
      while (low < high) {
        const index_t middle = low + ceil_divide((high - low) / unit, 2) * unit;
        const tap_box wider = box_of(first, middle, h, w);
        if (wider.size() <= blocking_.tile) {
          low = middle;
          box = wider;
        } else {
          high = middle - unit;
        }
      }
      return box;
    }
    return box;
  }

  void pack_padded(index_t p0, index_t depth) {
    const image_operand<T>& image = g_.image;
    const index_t width = image.w.points;
    const index_t y0 = j0_ / width;
    const index_t y1 = (j0_ + columns_ - 1) / width;
    const index_t x0 = y0 == y1 ? j0_ % width : 0;
    const index_t points = y0 == y1 ? columns_ : width;
    const axis h = image.h.part(0, image.h.taps, y0, y1 - y0 + 1);
    const axis w = image.w.part(0, image.w.taps, x0, points);
    for (index_t p = p0; p < p0 + depth;) {
      const tap_box box = fitting_box(p, p0 + depth, h, w);
      fill_tile(box);
      pack_tile(box, p - p0, depth, y0, x0);
      p = box.last;
    }
  }

  void fill_tile(const tap_box& box) {
    T* line = scratch_.tile;
    for (index_t c = 0; c < box.channels; ++c) {
      const T* plane = g_.image.data + b_ + (box.channel + c) * g_.image.channel_stride;
      for (index_t i = 0; i < box.tile_h.groups; ++i)
        for (index_t y = 0; y < box.tile_h.lines; ++y) {
          const index_t source = box.h.origin + y * box.h.stride + i * box.h.step;
          const bool inside = source >= 0 && source < box.h.extent;
          for (index_t j = 0; j < box.tile_w.groups; ++j, line += box.tile_w.lines)
            kernel_.copy_line(plane + (inside ? source * g_.image.w.extent : 0), inside ? box.w.extent : 0,
                              box.w.origin + j * box.w.step, box.w.stride, box.tile_w.lines, line);
        }
    }
  }

  /// Rows [row, row + taps of the box) of every panel, from the tile.
  void pack_tile(const tap_box& box, index_t row, index_t depth, index_t y0, index_t x0) {
    const index_t taps = box.last - box.first;
    const index_t width = g_.image.w.points;
    index_t* tap = scratch_.column;
    const index_t per_row = g_.image.w.taps;
    const index_t per_channel = g_.image.h.taps * per_row;
    for (index_t t = 0; t < taps; ++t) {
      const index_t p = box.first + t;
      tap[t] = (p / per_channel - box.channel) * box.plane() +
               box.tile_h.slot(p % per_channel / per_row - box.row0) * box.line() +
               box.tile_w.slot(p % per_row - box.column0);
    }
    pixel_run runs[most_nr];
    T* panel = scratch_.b + row * kernel_.nr;
    for (index_t j = 0; j < columns_; j += kernel_.nr, panel += panel_stride(depth)) {
      const index_t count = (std::min)(kernel_.nr, columns_ - j);
      const index_t found = find_runs(j0_ + j, count, width, y0, x0, box.line(), 1, runs);
      if (runs[0].length == kernel_.nr)
        kernel_.pack_contiguous(scratch_.tile + runs[0].offset, tap, taps, panel);
      else
        kernel_.pack_runs(scratch_.tile, tap, taps, runs, found, panel);
    }
  }

  /// rows [i, i + count) of the chunk, all columns, the products of one block of KC
  void macro_kernel(index_t i, index_t count, index_t p, index_t depth) {
    const T* a = scratch_.a;
    if (packed_a_)
      a = packed_a_ + g_.packed_k.offset(p) * kernel_.padded_rows(g_.m) + (i0_ + i) * depth;
    else
      pack_a(g_, kernel_, a_, i0_ + i, count, p, depth, scratch_.row, scratch_.column, scratch_.a);
    const bool first = p == 0;
    const bool last = p + depth == g_.k;
    gemm_epilogue<T> epilogue;
    epilogue.accumulate = !first || adds_residual_;
    epilogue.relu = last && after_.only_rectifies();
    for (index_t ir = 0; ir < count; ir += kernel_.mr, a += depth * kernel_.mr) {  // 2nd loop: MR x KC of A stay in L1
      const index_t rows = (std::min)(kernel_.mr, count - ir);
      epilogue.bias = first ? bias_rows(i + ir, rows) : nullptr;
      const T* b = scratch_.b;
      for (index_t jr = 0; jr < columns_; jr += kernel_.nr, b += panel_stride(depth)) {  // 1st loop
        const index_t columns = (std::min)(kernel_.nr, columns_ - jr);
        if (first && adds_residual_) copy_residual(i + ir, rows, jr, columns);
        if (!blocking_.direct)
          scattered_tile(a, b, depth, i + ir, rows, jr, columns, last, epilogue);
        else if (rows == kernel_.height_of(rows) && columns == kernel_.padded_columns(columns))
          kernel_.multiply(rows, columns, depth, a, b, kernel_.nr, c_row(i + ir) + jr, g_.layout.row.stride[2],
                           epilogue);
        else
          edge_tile(a, b, depth, i + ir, rows, jr, columns, epilogue);
        if (last && blocking_.direct && after_.finishes())
          for (index_t r = i + ir; r < i + ir + rows; ++r)
            after_.finish(channel(r), columns, c_row(r) + jr, 1, c_row(r) + jr, 1);
      }
    }
  }

  /// Where C collects the blocks of KC the residual is the first term, as it may be C itself.
  void copy_residual(index_t i, index_t rows, index_t j, index_t columns) {
    if (g_.after.residual == g_.after.output) return;
    for (index_t r = i; r < i + rows; ++r)
      std::memcpy(c_row(r) + j, g_.after.residual + (c_row(r) + j - g_.after.output),
                  static_cast<std::size_t>(columns) * sizeof(T));
  }

  const T* bias_rows(index_t i, index_t rows) {
    if (!bias_) return nullptr;
    for (index_t r = 0; r < kernel_.mr; ++r)
      scratch_.bias[r] = r < rows ? bias_[(i0_ + i + r) / g_.rows_per_bias] : T{};
    return scratch_.bias;
  }

  /// A full tile in scratch; its valid part is C's.
  void edge_tile(const T* a, const T* b, index_t depth, index_t i, index_t rows, index_t j, index_t columns,
                 const gemm_epilogue<T>& epilogue) {
    const index_t nr = kernel_.nr;
    const auto bytes = static_cast<std::size_t>(columns) * sizeof(T);
    std::memset(static_cast<void*>(scratch_.edge), 0, static_cast<std::size_t>(kernel_.mr * nr) * sizeof(T));
    if (epilogue.accumulate)
      for (index_t r = 0; r < rows; ++r) std::memcpy(scratch_.edge + r * nr, c_row(i + r) + j, bytes);
    kernel_.multiply(rows, columns, depth, a, b, nr, scratch_.edge, nr, epilogue);
    for (index_t r = 0; r < rows; ++r) std::memcpy(c_row(i + r) + j, scratch_.edge + r * nr, bytes);
  }

  /// A tile that is summed in scratch; the last block of KC sends it to its places, each written once.
  void scattered_tile(const T* a, const T* b, index_t depth, index_t i, index_t rows, index_t j, index_t columns,
                      bool last, const gemm_epilogue<T>& epilogue) {
    T* tile = scratch_.c + i * blocking_.nc + j * kernel_.mr;
    kernel_.multiply(rows, columns, depth, a, b, kernel_.nr, tile, kernel_.nr, epilogue);
    if (!last) return;
    pixel_run runs[most_nr], clipped[most_nr];
    const index_t found = find_runs(j0_ + j, columns, g_.layout.points_w, 0, 0, g_.layout.line, g_.layout.step, runs);
    fill_offsets(g_.layout.row, i0_ + i, rows, scratch_.row);
    if (!g_.layout.ragged && !after_.finishes())
      return kernel_.scatter_runs(tile, kernel_.nr, scratch_.row, rows, runs, found, g_.layout.step, c_);
    for (index_t r = 0; r < rows; ++r) {
      const index_t kept = g_.layout.ragged ? clip_runs(g_.layout, i0_ + i + r, j0_ + j, runs, found, clipped) : found;
      const pixel_run* of_row = g_.layout.ragged ? clipped : runs;
      const T* from = tile + r * kernel_.nr;
      if (!after_.finishes())
        kernel_.scatter_runs(from, kernel_.nr, scratch_.row + r, 1, of_row, kept, g_.layout.step, c_);
      for (index_t n = 0; n < kept && after_.finishes(); ++n)
        after_.finish(channel(i + r), of_row[n].length, from + of_row[n].begin, 1,
                      c_ + scratch_.row[r] + of_row[n].offset, g_.layout.step);
    }
  }

  const gemm_problem<T>& g_;
  const gemm_kernels<T>& kernel_;
  const gemm_blocking& blocking_;
  gemm_scratch<T> scratch_;
  const bool adds_residual_;
  const epilogue<T> after_;  // what is left of it when the residual has been added
  index_t i0_ = 0, rows_ = 0, j0_ = 0, columns_ = 0;
  const T* a_ = nullptr;
  const T* packed_a_ = nullptr;
  index_t b_ = 0;
  T* c_ = nullptr;
  const T* bias_ = nullptr;
  index_t channel_ = 0;  // the group's first one
};

template <class T>
const gemm_kernels<T>& full_gemm_kernels(const context& ctx) {
  return TENFOLD_KERNEL(chosen_isa(ctx), gemm_table<T>);
}
template <class T>
const gemm_kernels<T>& low_gemm_kernels(const context& ctx) {
  return TENFOLD_KERNEL(chosen_isa(ctx), low_gemm_table<T>);
}

template <class T>
index_t vector_lanes(const context& ctx) {
  return full_gemm_kernels<T>(ctx).lanes;
}

/// For products of m rows: those without the full tile where it would compute a sixteenth more rows.
template <class T>
const gemm_kernels<T>& gemm_kernels_of(const context& ctx, index_t m) {
  const gemm_kernels<T>& full = full_gemm_kernels<T>(ctx);
  const gemm_kernels<T>& low = low_gemm_kernels<T>(ctx);
  return m <= 4 * full.mr && 17 * low.padded_rows(m) <= 16 * full.padded_rows(m) ? low : full;
}

template <class T>
bool has_no_result(const gemm_problem<T>& g) {
  return g.m == 0 || g.n == 0 || g.images == 0;
}

/// How one call runs: its blocks and its scratch memory.
template <class T>
struct gemm_plan {
  const gemm_kernels<T>* kernels;
  gemm_blocking blocking;
  index_t tasks;       // none where there is no result
  index_t packed_a;    // bytes, before the workers' shares
  index_t per_worker;  // bytes
  index_t bytes;       // in all

  gemm_plan() = default;
  gemm_plan(const gemm_problem<T>& g, const context& ctx)
      : kernels(&gemm_kernels_of<T>(ctx, g.m)), blocking(), tasks(0), packed_a(0), per_worker(0), bytes(0) {
    if (has_no_result(g)) return;
    const gemm_kernels<T>& kernel = *kernels;
    blocking = choose_blocking(g, kernel, ctx);
    tasks = g.images * g.groups * blocking.n_blocks * blocking.m_chunks;
    scratch_cursor whole(nullptr);
    if (blocking.packs_a_once) whole.take<T>(packed_elements(g.m, g.k, kernel) * g.groups + kernel.lanes);
    packed_a = whole.used();
    scratch_cursor share(nullptr);
    gemm_scratch<T>(share, g, kernel, blocking);
    per_worker = share.used();
    bytes = packed_a + per_worker * worker_count(ctx, tasks);
  }
};

/// Runs a problem by its plan. `memory` holds plan.bytes.
template <class T>
void run_gemm(gemm_problem<T> g, const gemm_plan<T>& plan, const context& ctx, std::byte* memory) {
  if (plan.tasks == 0) return;
  const gemm_kernels<T>& kernel = *plan.kernels;
  const gemm_blocking& blocking = plan.blocking;
  std::byte* shares = memory + plan.packed_a;
  if (blocking.packs_a_once) {
    scratch_cursor cursor(shares);
    const gemm_scratch<T> scratch(cursor, g, kernel, blocking);
    T* packed = reinterpret_cast<T*>(memory);
    pack_whole_a(g, kernel, scratch.row, scratch.column, packed);
    g.packed_a = packed;
    g.packed_k = gemm_problem<T>().packed_k;
  }
  parallel_tasks(ctx, plan.tasks, [&](index_t worker, index_t t) {
    scratch_cursor cursor(shares + worker * plan.per_worker);
    const gemm_scratch<T> scratch(cursor, g, kernel, blocking);
    const index_t m_chunk = t % blocking.m_chunks;
    const index_t n_block = t / blocking.m_chunks % blocking.n_blocks;
    const index_t product = t / blocking.m_chunks / blocking.n_blocks;
    gemm_task<T>(g, kernel, blocking, scratch).run(product / g.groups, product % g.groups, n_block, m_chunk);
  });
}

/// The estimated time of one core, in vector operations: the multiply-adds of whole tiles, and two more to begin one;
/// packing B, about two operations a vector (and one more each for every run of pixels that ends within it); packing A,
/// about one an element and half that when its rows are lines; storing C, one a vector, or two an element where its
/// neighbours are apart; one for each element of an image's tile that is not copied by vectors; a thousand for the
/// start of a product, or of each block of KC where there are several parts.
template <class T>
double gemm_cost(const gemm_problem<T>& g, const gemm_kernels<T>& kernel, bool packed) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const double products = d(g.images) * d(g.groups);
  const double vectors = d(round_up(g.n, kernel.widths[2])) / d(kernel.lanes);
  const double blocks = g.parts > 1 ? d(g.k) / d(gemm_block_rows(g)) : 1;
  const double multiply = d(kernel.padded_rows(g.m)) * vectors * (d(g.k) + 2 * blocks);
  const double width = d(g.image.w.points);
  const double pack_b = (reads_tile(g) ? 3 : 2) * vectors * d(g.k) * (1 + 2 * d(kernel.lanes) / width);
  const double pack_a = packed ? 0 : d(g.m) * d(g.k) * (g.a_column.affine() ? 0.5 : 2);
  const double store = stores_directly(g) ? vectors * d(g.m) : 2 * d(g.m) * d(g.n);
  double start = reads_tile(g) ? 2000 : 1000 * blocks;
  if (reads_tile(g) && g.image.w.stride > 1)
    start += d(g.k) / (d(g.image.h.taps) * d(g.image.w.taps)) * d(tile_axis(g.image.h).size()) *
             d(tile_axis(g.image.w).size());
  return products * (multiply + pack_b + store + start) + d(g.groups) * pack_a;
}

/// The elements of packed_a for all groups.
template <class T>
index_t gemm_packed_size(const gemm_problem<T>& g, const context& ctx) {
  return g.groups * packed_elements(g.m, g.k, gemm_kernels_of<T>(ctx, g.m));
}

/// Packs A beforehand, for a prepared layer.
template <class T>
void pack_beforehand(const gemm_problem<T>& g, const context& ctx, T* packed) {
  const gemm_kernels<T>& kernel = gemm_kernels_of<T>(ctx, g.m);
  tensor<index_t> tables({kernel.mr + gemm_kc<T>});
  pack_whole_a(g, kernel, tables.data(), tables.data() + kernel.mr, packed);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
