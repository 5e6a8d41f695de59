// The sizes of a product's blocks, its scratch memory and its estimated time.
#pragma once

#include <tenfold/detail/product/packing.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

// A panel of A, MR x KC, stays in L1 while the panels of a block of B pass; each is used MR times per load, so B may
// come from L2 or L3: 64 bytes in 6 cycles at avx2 (6 x 16), 128 in 28 at avx512 (14 x 32 in half-speed units). The
// block of B, 256 x 960 floats for an image, is 960 KiB; 480 repacked A too often (gemm 1024: 98 GFLOP/s against 103 at
// 960, avx512 of Zen 4, peak 117), 3840 fell out of a shared L3 (avx2: 72 against 105 at 2048). A matrix, of whose A
// more is packed at a time, has 352 x 512: 704 KiB of an L2 of 1 MiB. A block of A is 112 KiB, for L2; a tile of the
// image 192 KiB; what is summed up before it is scattered 1 MiB.
template <class T>
struct block_sizes {
  static constexpr auto bytes = static_cast<index_t>(sizeof(T));
  static constexpr index_t of_a = l2_bytes * 7 / 64 / 256 / bytes;
  static constexpr index_t of_matrix = l2_bytes * 11 / 16 / 352 / bytes;
  static constexpr index_t of_image = l2_bytes * 15 / 16 / 256 / bytes;
  static constexpr index_t tile = l2_bytes * 3 / 16 / bytes;
  static constexpr index_t scattered = l2_bytes / bytes;
};

/// An A up to this size is packed once per call rather than once per block of columns; it leaves room for the blocks in
/// the default scratch memory of 8 MiB. Of a larger one so much is packed at a time as leaves room in L3 for C's block:
/// 7.5 MiB cost gemm (double, 1024 and 2048) 2 %.
inline constexpr index_t small_a_bytes = l3_bytes * 3 / 8;
inline constexpr index_t chunk_a_bytes = l3_bytes / 4;

/// Whether the micro-kernel reads B where it lies, and only a task's last columns are packed: what packing costs a
/// term, some 5 cycles, few rows of C do not bring back. 1x1 convolutions of 16 to 32 channels became 1.2 to 1.45 times
/// as fast (avx512; avx2 1 to 1.25), those of 64 1.05 to 1.2, those of 96 not. A panel's lines are far apart, where no
/// prefetcher foresees them; so the micro-kernel fetches the next panel's, which brought back 25 % of 24 x 144 by
/// 56 x 56. From beyond L2 it was not enough: 256 -> 64 channels of 128 x 128 lost 7 and 20 %.
template <class T>
bool reads_in_place(const matrix_product<T>& g) {
  constexpr index_t most_rows = 64, always = 4, most_elements = 2 * l2_bytes / static_cast<index_t>(sizeof(T));
  return g.b.kind == operand_kind::matrix && g.b.column == 1 &&
         (g.m <= always || (g.m <= most_rows && g.n <= most_elements / std::max<index_t>(1, g.k)));
}

/// The sizes of a call's blocks. They follow from the shape and the scratch budget; no result's bits depend on them.
struct product_blocking {
  index_t kc;             // rows of B
  index_t mc;             // rows of A that a task packs at a time
  index_t nc;             // columns of B that a task packs at a time, all of its own
  index_t m_part;         // rows of C of a task
  index_t tile;           // elements of the image's part that B is packed from
  index_t chunk_rows;     // the part of A that is packed for all tasks beforehand; 0 where each packs what it needs, or
  index_t chunk_columns;  // A is packed already
  bool in_place;          // B is not packed but for the last columns of a task
  bool direct;            // C's rows are lines: the micro-kernel stores to them; otherwise through scratch
};

/// One worker's scratch.
template <class T>
struct product_scratch {
  T* a;     // mc x kc in panels, where the task packs it
  T* b;     // nc / NR panels of kc x NR, or one
  T* tile;  // and a vector of slack
  T* c;     // m_part x nc where C is not direct

  product_scratch(scratch_cursor& cursor, const matrix_product<T>& g, const gemm_kernels<T>& kernel,
                  const product_blocking& s) {
    const bool packs_a = !g.a_packed() && s.chunk_rows == 0;
    a = packs_a ? cursor.take<T>(s.mc / kernel.mr * (s.kc * kernel.mr + kernel.lanes)) : nullptr;
    b = cursor.take<T>((s.in_place ? 1 : s.nc / kernel.nr) * b_packer<T>::panel_stride(kernel, s.kc));
    tile = cursor.take<T>(g.reads_tile() ? s.tile + kernel.lanes : 0);
    c = cursor.take<T>(s.direct ? 0 : round_up(s.m_part, kernel.mr) * s.nc);
  }
};

template <class T>
index_t scratch_bytes(const matrix_product<T>& g, const gemm_kernels<T>& kernel, const product_blocking& s) {
  scratch_cursor cursor(nullptr);
  product_scratch<T>(cursor, g, kernel, s);
  return cursor.used();
}

/// The elements of the smallest tile that a block of nc columns may need: one tap of every line that it touches, whole
/// lines or, of lines that are longer than the block, its parts of two.
template <class T>
index_t least_tile(const matrix_product<T>& g, index_t nc) {
  const index_t width = g.b.w.points;
  if (g.b.kind == operand_kind::points) return (std::min)(width, g.kc());
  return width > nc ? 2 * nc : (nc / width + 2) * width;
}

/// The estimated time of a block of columns and a part of the rows, in vector operations: the multiply-adds, packing B,
/// and copying the image's tile, whose lines overlap those of the next block.
template <class T>
double task_cost(const matrix_product<T>& g, const gemm_kernels<T>& kernel, index_t columns, index_t rows) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const double vectors = kernel.column_vectors(columns);
  double cost = d(g.k) * (vectors * (d(rows) + 2) + 0.25 * d(rows));
  if (g.k > 0 && g.b.kind == operand_kind::taps) {
    const index_t lines = (std::min)(g.b.h.points, ceil_divide(columns, g.b.w.points) + 1);
    const tile_axis h(g.b.h.part(0, g.b.h.taps, 0, lines)), w(g.b.w);
    cost += 4 * d(g.k / g.b.taps()) * d(h.size()) * (d(w.size()) / d(kernel.lanes) + d(w.groups));
  }
  return cost;
}

/// Tasks for the workers: the blocks of columns and parts of the rows whose slowest worker is the fastest. One worker
/// has at the least its share of all, and of the tasks of full size a whole number.
template <class T>
void split_for_workers(const matrix_product<T>& g, const gemm_kernels<T>& kernel, index_t threads,
                       product_blocking& s) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const index_t products = g.images * g.groups;
  const product_blocking whole = s;
  double least = 0;
  for (const index_t tasks : {threads, 2 * threads, 4 * threads})
    for (index_t parts = 1; parts <= 4; ++parts) {
      const index_t blocks = ceil_divide(tasks, products);
      const index_t nc = (std::min)(whole.nc, round_up(ceil_divide(g.n, blocks), kernel.nr));
      const index_t rows =
          (std::min)(whole.m_part, (std::max)(4 * kernel.mr, round_up(ceil_divide(g.m, parts), kernel.mr)));
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
      s.nc = nc;
      s.m_part = rows;
    }
  s.mc = (std::min)(whole.mc, s.m_part);
}

/// Blocks that fit the budget: those of columns and of rows become smaller in turn, then the tile.
template <class T>
void fit_budget(const matrix_product<T>& g, const gemm_kernels<T>& kernel, index_t budget, product_blocking& s) {
  while (scratch_bytes(g, kernel, s) > budget) {
    if (s.nc > kernel.nr) s.nc = round_up(s.nc / 2, kernel.nr);
    if (s.mc > kernel.mr) s.mc = round_up(s.mc / 2, kernel.mr);
    if (!s.direct) s.m_part = s.mc;
    const index_t least = g.reads_tile() ? least_tile(g, s.nc) : 0;
    if (s.nc == kernel.nr && s.mc == kernel.mr && s.tile <= least) break;
    s.tile = (std::max)(s.tile / 2, least);
  }
  if (g.reads_tile()) s.tile = (std::max)(s.tile, least_tile(g, s.nc));
}

/// What of A is packed for all tasks, if more than one reads it: all, or else, where C can be added to, some of its
/// blocks of columns, for all rows if there is room.
template <class T>
void choose_chunk(const matrix_product<T>& g, const gemm_kernels<T>& kernel, index_t budget, product_blocking& s) {
  constexpr auto bytes = static_cast<index_t>(sizeof(T));
  if (g.a_packed() || g.k == 0 || g.images * ceil_divide(g.n, s.nc) == 1) return;
  product_blocking chunked = s;
  chunked.chunk_rows = g.m;
  chunked.chunk_columns = g.k;
  const index_t room = budget - scratch_bytes(g, kernel, chunked) - static_cast<index_t>(alignment);
  const index_t whole = packed_layout(g, kernel, g.m).at(g.k) * g.groups * bytes;
  if (whole > (std::min)(room, small_a_bytes)) {
    if (!s.direct || g.groups > 1 || g.parts > 1) return;
    const index_t panel = (s.kc * kernel.mr + kernel.lanes) * bytes, panels = ceil_divide(g.m, kernel.mr);
    const index_t fitting = (std::min)(room, chunk_a_bytes) / panel;
    chunked.chunk_rows = (std::min)(panels, fitting) * kernel.mr;
    if (fitting < panels && chunked.chunk_rows <= s.nc) return;  // rather A for each block than B for each chunk
    chunked.chunk_columns = std::max<index_t>(1, fitting / panels) * s.kc;
    chunked.m_part = (std::min)(chunked.m_part, chunked.chunk_rows);
  }
  s = chunked;
}

/// Columns of an image's block. Few terms make it small whatever its width; then rows of C are long, which memory
/// likes: a first layer of 9 terms on 572 x 572 pixels took 11.0 ms with 960 columns, 9.5 with 1920, 8.6 with 3840
/// and 8.3 with 7680 (and 20 with 512).
template <class T>
index_t widest_image_block(const matrix_product<T>& g, const product_blocking& s) {
  return block_sizes<T>::of_image * (s.direct ? std::clamp<index_t>(g.most_kc / s.kc, 1, 4) : 1);
}

template <class T>
product_blocking choose_blocking(const matrix_product<T>& g, const gemm_kernels<T>& kernel, index_t threads,
                                 index_t budget) {
  using sizes = block_sizes<T>;
  product_blocking s{};
  s.kc = std::max<index_t>(1, g.kc());
  s.in_place = reads_in_place(g);
  s.direct = g.direct();
  s.mc = (std::min)(round_up(sizes::of_a, kernel.mr), round_up(g.m, kernel.mr));
  const index_t most_nc = round_up(g.most_kc > image_kc<T> ? sizes::of_matrix : widest_image_block(g, s), kernel.nr);
  s.nc = round_up(equal_blocks(g.n, most_nc), kernel.nr);
  s.m_part = round_up(g.m, kernel.mr);
  if (!s.direct) s.m_part = (std::min)(s.m_part, (std::max)(s.mc, round_up(sizes::scattered / s.nc, kernel.mr)));
  if (threads > 1) split_for_workers(g, kernel, threads, s);
  s.tile = sizes::tile;
  fit_budget(g, kernel, budget, s);
  choose_chunk(g, kernel, budget, s);
  return s;
}

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

/// Whether products of m rows do without the full tile, because it would compute a sixteenth more rows.
template <class T>
bool wants_low_kernels(const context& ctx, index_t m) {
  const gemm_kernels<T>& full = full_gemm_kernels<T>(ctx);
  return m <= 4 * full.mr && 17 * low_gemm_kernels<T>(ctx).padded_rows(m) <= 16 * full.padded_rows(m);
}
template <class T>
const gemm_kernels<T>& gemm_kernels_of(const context& ctx, index_t m) {
  return wants_low_kernels<T>(ctx, m) ? low_gemm_kernels<T>(ctx) : full_gemm_kernels<T>(ctx);
}
/// Those of whole vectors, for products whose columns are cut where memory and threads have it, not at multiples of NR
/// only: their bits do not depend on it.
template <class T>
const gemm_kernels<T>& whole_gemm_kernels_of(const context& ctx, index_t m) {
  const isa level = chosen_isa(ctx);
  if (wants_low_kernels<T>(ctx, m)) return TENFOLD_KERNEL(level, low_whole_gemm_table<T>);
  return TENFOLD_KERNEL(level, whole_gemm_table<T>);
}

/// The estimated time of one core, in vector operations: the multiply-adds of whole tiles, and two more to begin one;
/// packing B, unless it is read in place, about two operations a vector (and one more each for every run of pixels that
/// ends within it); packing A, about one an element and half that when its rows are lines; storing C, one a vector, or
/// two an element where its neighbours are apart; one for each element of an image's tile that is not copied by
/// vectors; a thousand for the start of a product, or of each block of KC where there are several parts.
template <class T>
double product_cost(const matrix_product<T>& g, const gemm_kernels<T>& kernel, bool packed) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const bool image = g.b.kind != operand_kind::matrix, tile = g.reads_tile();
  const double products = d(g.images) * d(g.groups);
  const double vectors = kernel.column_vectors(g.n);
  const double blocks = g.parts > 1 ? d(g.k) / d(g.kc()) : 1;
  const double multiply = d(kernel.padded_rows(g.m)) * vectors * (d(g.k) + 2 * blocks);
  const double width = d(image ? g.b.w.points : g.n);
  const double pack_b = reads_in_place(g) ? 0 : (tile ? 3 : 2) * vectors * d(g.k) * (1 + 2 * d(kernel.lanes) / width);
  const double pack_a = packed ? 0 : d(g.m) * d(g.k) * (g.a_column.affine() ? 0.5 : 2);
  const double store = g.direct() ? vectors * d(g.m) : 2 * d(g.m) * d(g.n);
  double start = tile ? 2000 : 1000 * blocks;
  if (tile && g.b.w.stride > 1) {
    const double planes = g.b.kind == operand_kind::points ? d(g.b.channels * (g.k / (g.b.h.points * g.b.w.points)))
                                                           : d(g.k) / d(g.b.taps());
    start += planes * d(tile_axis(g.b.h).size()) * d(tile_axis(g.b.w).size());
  }
  return products * (multiply + pack_b + store + start) + d(g.groups) * pack_a;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
