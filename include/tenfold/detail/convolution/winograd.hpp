// Winograd's minimal filtering for 3x3 convolutions of stride 1 and transposed convolutions of stride 2: fewer
// multiplications for more additions.
//
// The image is cut into overlapping tiles, each N x N, N = M + R - 1, which answer M x M outputs of an R x R
// convolution each. With the tiles and the weight transformed (kernels/winograd.inl.hpp), every one of the N * N
// elements of a tile is a matrix product of its own,
//
//     m[e](t, o) = sum over c of v[e](c, t) * u[e](c, o),   t a tile, c an input channel, o an output channel
//
// and the outputs are the transforms of m. Per output and input channel that makes N * N / (M * M) multiplications
// instead of R * R: with R = 3, 4 of 9 with M = 2 and 2.25 with M = 4.
//
// A transposed convolution of stride 2 is four convolutions of stride 1, one for each phase of its outputs, which share
// their tiles (see winograd_axis). Those of a kernel of 3x3 or 4x4 have 2x2 taps: with M = 2 it takes 2.25 instead of 4
// multiplications an output, with M = 4 1.56. A kernel of 3 has one tap only in one of two phases, as it were the other
// with a 0; then one of N elements of the transformed weight is 0 too, and its products are left out.
//
// A dilation of d makes d convolutions of each dimension that share nothing, each of every d-th line: the grids of an
// image. Their tiles are tiles like any others.
//
// A task is a block of tiles: first comes its v; then, for one chunk of output channels after the other, the N * N
// products and the outputs. Nothing is ever as large as the image.
//
// Where context::math is not fast, a tile whose magnitudes differ too much for the transforms' errors, or whose numbers
// might leave their range, is summed directly instead (winograd_guard.hpp).
//
// The tiles are the rows of m because their number may be anything and the micro-kernel has low tiles for the last of
// them, while output channels mostly fill vectors.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/convolution/winograd_guard.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One dimension of the convolutions that share their inputs. Phase a of them has the outputs a, a + phases, ..., one
/// for each point, and point x reads the R inputs from x + a % windows - padding on.
struct winograd_axis {
  static constexpr index_t no_tap = -1;
  index_t phases = 1;
  index_t windows = 1;
  index_t padding = 0;
  index_t tap[2][3] = {};  // of each phase: the kernel's row (or column) for each of the inputs, or no_tap
  index_t dilation = 1;    // point x of grid b is output and input b + x * dilation, of one phase

  /// How many of `taps` taps a phase has: the first ones.
  index_t reach(index_t phase, index_t taps) const {
    while (tap[phase][taps - 1] < 0) --taps;
    return taps;
  }
  /// Of the first grid, which has the most.
  index_t points(index_t phase, index_t out) const { return ceil_divide(ceil_divide(out - phase, phases), dilation); }
};

/// Convolutions of stride 1 that share their inputs: one of 3x3, or the phases of a transposed one of stride 2.
template <class T>
struct winograd_problem {
  index_t images = 0;
  index_t groups = 0;
  index_t in_channels = 0;   // per group
  index_t out_channels = 0;  // per group
  hw in = 0;
  hw out = 0;
  winograd_axis h;
  winograd_axis w;
  const T* input = nullptr;
  // Row i, column j of the kernel (o, c) is weight[group * group_stride + o * row_stride + c * column_stride +
  // i * kernel_w + j].
  const T* weight = nullptr;
  index_t group_stride = 0;
  index_t row_stride = 0;
  index_t column_stride = 0;
  index_t kernel_w = 0;
  const T* packed_weight = nullptr;
  const T* bias = nullptr;
  T* output = nullptr;
  epilogue<T> after;
  bool guarded = true;

  /// The kernel's taps.
  index_t window() const { return (std::min)(row_stride, column_stride); }
  index_t phases() const { return h.phases * w.phases; }
  index_t grids() const { return h.dilation * w.dilation; }
};

inline bool has_stride(const convolution_geometry& g, index_t stride) {
  return g.stride == hw(stride) && g.in_channels > 0 && g.out_channels > 0;
}

/// No grid is empty.
inline bool is_3x3_stride_1(const convolution_geometry& g) {
  return g.kernel == hw(3) && has_stride(g, 1) && g.dilation.h <= g.out.h && g.dilation.w <= g.out.w;
}

/// PyTorch's sums are shorter, and their errors smaller, where many taps lie in the padding.
inline bool has_large_grids(const convolution_geometry& g) {
  const auto is_large = [](index_t in, index_t dilation) { return dilation == 1 || in / 10 >= dilation; };
  return is_large(g.in.h, g.dilation.h) && is_large(g.in.w, g.dilation.w);
}

/// is_standard: the error of M = 4 is at most four times PyTorch's, whose own grows with the number of channels; see
/// docs/winograd_error.md.
struct conv2d_3x3 {
  static constexpr std::string_view name_of_2x2 = "winograd_2x2", name_of_4x4 = "winograd_4x4";
  static constexpr int taps = 3, phases = 1;
  static constexpr bool transposed = false;
  static bool is_standard(const convolution_geometry& g) { return g.in_channels >= 8 && has_large_grids(g); }
  static bool is(const convolution_geometry& g) { return is_3x3_stride_1(g); }
  static winograd_axis axis(index_t, index_t padding, index_t dilation) {
    return {1, 1, padding, {{0, 1, 2}}, dilation};
  }
};

/// The convolution with the flipped kernel, and a padding of 2 dilations less the transposed one's.
struct conv_transpose2d_3x3 {
  static constexpr std::string_view name_of_2x2 = "winograd_2x2", name_of_4x4 = "winograd_4x4";
  static constexpr int taps = 3, phases = 1;
  static constexpr bool transposed = true;
  static bool is_standard(const convolution_geometry& g) { return g.in_channels >= 32 && has_large_grids(g); }
  static bool is(const convolution_geometry& g) {
    return is_3x3_stride_1(g) && g.padding.h <= 2 * g.dilation.h && g.padding.w <= 2 * g.dilation.w;
  }
  static winograd_axis axis(index_t, index_t padding, index_t dilation) {
    return {1, 1, 2 * dilation - padding, {{2, 1, 0}}, dilation};
  }
};

/// The four phases of a transposed convolution of stride 2 with kernels of 3 and 4. Of one dimension, output 2 x + q,
/// q in {0, 1}, has the terms
///
///     input[T] * kernel[a] + input[T - 1] * kernel[a + 2],   T = x + (q + padding) / 2, a = (q + padding) % 2
///
/// (rounded down). With an even padding both phases read the same inputs, with an odd one phase 1 reads one further. Of
/// a kernel of 3, the phase of a = 1 has one tap only. As the first of two, for the sake of is_zero_line, it reads from
/// T on: now the phases read the same inputs with an odd padding, and phase 1 one further with an even one.
struct conv_transpose2d_stride_2 {
  static constexpr std::string_view name_of_2x2 = "winograd_phases_2x2", name_of_4x4 = "winograd_phases_4x4";
  static constexpr int taps = 2, phases = 2;
  static constexpr bool transposed = true;
  static bool is_standard(const convolution_geometry& g) { return g.in_channels >= (g.kernel == hw(4) ? 8 : 24); }
  static bool is(const convolution_geometry& g) {
    const auto has_two_taps = [](index_t kernel) { return kernel == 3 || kernel == 4; };
    return has_stride(g, 2) && g.dilation == hw(1) && has_two_taps(g.kernel.h) && has_two_taps(g.kernel.w);
  }
  static winograd_axis axis(index_t kernel, index_t padding, index_t) {
    constexpr index_t none = winograd_axis::no_tap;
    static constexpr winograd_axis of_padding_0_and_1[2][2] = {
        {{2, 2, 1, {{2, 0}, {1, none}}}, {2, 1, 0, {{1, none}, {2, 0}}}},  // of a kernel of 3
        {{2, 1, 1, {{2, 0}, {3, 1}}}, {2, 2, 1, {{3, 1}, {2, 0}}}}};       // of 4
    winograd_axis axis = of_padding_0_and_1[kernel - 3][padding & 1];
    axis.padding -= floor_divide(padding, 2);
    return axis;
  }
};

template <class T>
winograd_problem<T> winograd_problem_of(const convolution_geometry& g, const convolution_operands<T>& operands,
                                        bool transposed,
                                        winograd_axis (*axis)(index_t kernel, index_t padding, index_t dilation)) {
  const index_t window = g.kernel.h * g.kernel.w;
  winograd_problem<T> p;
  p.images = g.batch;
  p.groups = g.groups;
  p.in_channels = g.in_channels;
  p.out_channels = g.out_channels;
  p.in = g.in;
  p.out = g.out;
  p.h = axis(g.kernel.h, g.padding.h, g.dilation.h);
  p.w = axis(g.kernel.w, g.padding.w, g.dilation.w);
  p.input = operands.input;
  p.weight = operands.weight;
  p.group_stride = g.in_channels * g.out_channels * window;
  p.row_stride = transposed ? window : g.in_channels * window;
  p.column_stride = transposed ? g.out_channels * window : window;
  p.kernel_w = g.kernel.w;
  p.packed_weight = operands.packed_weight;
  p.bias = operands.bias;
  p.output = operands.output;
  p.after = operands.after;
  return p;
}

// KC: channels whose products are summed in registers before they are added to m. It alone decides the order of the
// additions, so it depends on nothing but the number of channels. It is a quarter of gemm's: the transform of the
// outputs magnifies the sums' errors, and short sums have small ones (docs/winograd_error.md); that costs 2 % of the
// speed.
inline constexpr index_t winograd_kc = 64;

/// The channels of every block but the last: equal shares rather than a small rest.
inline index_t winograd_block_channels(index_t channels) {
  return ceil_divide(channels, ceil_divide(channels, winograd_kc));
}

/// The tiles that answer one grid of an image.
template <class T>
hw tiles_of_grid(const winograd_problem<T>& p, const winograd_kernels<T>& kernel) {
  return {ceil_divide(p.h.points(0, p.out.h), kernel.tile), ceil_divide(p.w.points(0, p.out.w), kernel.tile)};
}

/// The micro-kernel's tiles that cover so many rows: some of MR, then lower ones. With MR = 14, 49 rows (the tiles of
/// 28 x 28 outputs) are 3 * 14 + 8, and 16 (14 x 14 outputs) are 8 + 8 rather than 14 + 4.
struct row_cover {
  index_t high = 0;    // tiles of MR rows
  index_t padded = 0;  // rows of all tiles

  template <class T>
  row_cover(index_t rows, const micro_kernels<T>& kernel) {
    const index_t least = std::max<index_t>(0, rows / kernel.mr - 1);
    for (index_t n = ceil_divide(rows, kernel.mr); n >= least; --n) {
      const index_t rest = std::max<index_t>(0, rows - n * kernel.mr);
      const index_t covered = n * kernel.mr + round_up(rest, kernel.heights[2]);
      if (padded != 0 && covered >= padded) continue;
      high = n;
      padded = covered;
    }
  }
};

/// The sizes of a call's blocks. They follow from the shape and the scratch budget; no result's bits depend on them.
struct winograd_blocking {
  hw grid = 0;        // tiles of one
  index_t all_tiles;  // of all images
  index_t kc;
  index_t tiles;     // of a block
  index_t columns;   // output channels of a chunk
  index_t elements;  // of a tile whose products are computed at a time: N * N, or less where memory is short
  bool whole_input;  // v is there for all channels and elements, else for one block of KC and the elements at a time
  bool packs_once;   // the whole weight is transformed before the tasks
  index_t blocks;
  index_t part_columns;  // output channels of a task
  index_t parts;
};

/// Output channels of a strip of the transformed weight. It is read from front to back, which memory likes, once for
/// each block of tiles; in between m of a strip and, where the weight is transformed in the call, the strip itself (590
/// KB with N = 6 and KC = 64) are in L2. Few tiles want longer strips, as each element's part of one block of v is used
/// for a strip: with 512 channels, strips of 32, 64, 128 and 256 took 3.99, 3.56, 3.37 and 3.37 ms at 14 x 14 outputs,
/// and 10.6, 10.6, 11.2 and 11.2 ms at 28 x 28.
inline constexpr index_t winograd_strip = 64;

/// Where the transformed weight lies: for each group, for each block of KC channels, for each phase, for each strip of
/// some panels of output channels, for each element of a tile, for each panel, (kc, NR), the last panel of all only
/// whole vectors wide. That is the order in which it is read. A vector of slack follows each element's part of a strip,
/// to keep them apart in the cache. Behind all that come, for each group and each block of KC channels, the sums over
/// these channels of the weights' magnitudes: (window, whole vectors of output channels).
class packed_winograd_weight {
 public:
  template <class T>
  packed_winograd_weight(const winograd_problem<T>& p, const winograd_kernels<T>& kernel)
      : groups_(p.groups),
        elements_(kernel.elements()),
        per_phases_(p.phases() * elements_),
        columns_(round_up(p.out_channels, kernel.lanes)),
        channels_(p.in_channels),
        lanes_(kernel.lanes),
        slack_(ceil_divide(columns_, winograd_strip) * lanes_),
        window_(p.window()) {}

  index_t size() const { return groups_ * (group_size() + blocks() * window_ * columns_); }
  /// Of the strip that begins with output channel o in the block of kc channels that begins with c.
  index_t at(index_t group, index_t c, index_t kc, index_t phase, index_t o) const {
    const index_t blocks = c / winograd_block_channels(channels_);
    return group * group_size() + per_phases_ * (columns_ * c + blocks * slack_) +
           phase * elements_ * (columns_ * kc + slack_) + elements_ * (o * kc + o / winograd_strip * lanes_);
  }
  /// Between the elements of that strip.
  index_t plane(index_t kc, index_t o) const { return (std::min)(winograd_strip, columns_ - o) * kc + lanes_; }
  /// The sums of the block that begins with channel c, whose lines are sums_ld() apart.
  index_t sums_at(index_t group, index_t c) const {
    const index_t block = group * blocks() + c / winograd_block_channels(channels_);
    return groups_ * group_size() + block * window_ * columns_;
  }
  index_t sums_ld() const { return columns_; }
  index_t blocks() const { return ceil_divide(channels_, winograd_block_channels(channels_)); }

 private:
  index_t group_size() const { return per_phases_ * (columns_ * channels_ + blocks() * slack_); }
  index_t groups_, elements_, per_phases_, columns_, channels_, lanes_, slack_, window_;
};

/// Tiles of a block that are neighbours in a row of tiles.
struct tile_run {
  index_t begin;  // in the block
  index_t length;
  index_t image;
  hw grid = 0;
  index_t y;  // of the first tile's first point
  index_t x;
  bool follows;  // lies right below the run before: its first lines are the last ones of that
  index_t map;   // where its part of a guard's map begins: at a whole vector
};

/// Columns of outputs that are computed before they are stored: with 4 rows of a vector each they take half of L1.
inline constexpr index_t winograd_output_columns = 64;

/// Input channels that are summed directly before the sums are added up.
inline constexpr index_t winograd_direct_channels = 16;

/// One worker's scratch.
template <class T>
struct winograd_scratch {
  index_t v_ld;
  index_t rows_ld;
  index_t v_plane;
  index_t m_plane;
  index_t y_row;
  index_t line_ld;
  index_t v_window;
  index_t map_ld;
  index_t sums_ld;
  index_t strip_ld;
  tile_run* runs;
  T* v;     // (windows of a row or 1, blocks of KC or 1, elements, kc, tiles)
  T* u;     // (elements, kc, NR) where the weight is not transformed beforehand
  T* m;     // (panels, phases of a row, N N, tiles, NR)
  T* rows;  // (N N, tiles): the tiles of one channel, half transformed
  T* y;     // (M, columns, lanes): outputs of `lanes` channels
  T* few;   // (N N, tiles or NR): of which `elements` are wanted
  T* line;  // (N, M tiles + N - M): the zero-padded lines of a run
  // of the guard
  T* map;              // (N, for each run M length + N - M + windows of a row - 1): the channels' largest magnitudes
  T* largest;          // (phases of a row, tiles)
  T* balance;          // likewise
  unsigned char* cut;  // likewise
  T* sums;             // (window, columns) where the weight is not transformed beforehand; those of a strip and a block
                       // of KC come to (window, strip), where y will be
  T* patch;            // (channels summed directly, N N), where the rows or v were
  T* taps;             // (channels summed directly, window, lanes), likewise

  winograd_scratch(scratch_cursor& cursor, const winograd_problem<T>& p, const winograd_kernels<T>& kernel,
                   const winograd_blocking& b) {
    const index_t lanes = kernel.lanes;
    const index_t k_blocks = b.whole_input ? ceil_divide(p.in_channels, b.kc) : 1;
    const index_t all = kernel.elements();
    const row_cover cover(b.tiles, kernel);
    v_ld = round_up(cover.padded, lanes);
    rows_ld = round_up(b.tiles + lanes, lanes);  // a run's last vector may end behind the last tile
    v_plane = b.kc * v_ld + lanes;
    m_plane = cover.padded * kernel.nr + lanes;
    y_row = (winograd_output_columns + 1) * kernel.transform_lanes;
    line_ld = round_up(kernel.tile * round_up(b.tiles, lanes) + kernel.overlap() + lanes, lanes);
    v_window = k_blocks * (b.whole_input ? all : b.elements) * v_plane;
    runs = cursor.take<tile_run>(b.tiles);
    // Sums that the guard wants are made after the products: then half-transformed tiles are none, or v is free.
    const index_t some = (std::min)(winograd_direct_channels, p.in_channels), patches = round_up(some * all, lanes);
    const index_t direct = p.guarded ? patches + some * p.window() * kernel.transform_lanes : 0;
    v = cursor.take<T>(b.whole_input ? p.w.windows * v_window : (std::max)(v_window, direct));
    u = p.packed_weight || b.packs_once
            ? nullptr
            : cursor.take<T>(b.elements * (b.kc * (std::min)(winograd_strip, round_up(b.columns, lanes)) + lanes));
    const index_t products = ceil_divide(b.columns, kernel.nr) * p.w.phases * all * m_plane;
    m = cursor.take<T>(products);
    rows = cursor.take<T>((std::max)(all * rows_ld, b.whole_input ? direct : 0));
    patch = b.whole_input ? rows : v;
    taps = optional_array<T>(patch) + patches;
    strip_ld = (std::min)(winograd_strip, round_up(b.columns, kernel.lanes));
    y = cursor.take<T>((std::max)(kernel.tile * y_row, p.guarded ? p.window() * strip_ld : 0));
    few = b.elements == all ? nullptr : cursor.take<T>(all * (std::max)(v_ld, kernel.nr));
    line = cursor.take<T>(kernel.side() * line_ld);
    if (p.guarded) take_guard(cursor, p, kernel, b);
  }

 private:
  void take_guard(scratch_cursor& cursor, const winograd_problem<T>& p, const winograd_kernels<T>& kernel,
                  const winograd_blocking& b) {
    const index_t lanes = kernel.transform_lanes;
    const index_t most_runs = (std::min)(b.tiles, b.tiles / b.grid.w + 2);
    map_ld = round_up(b.tiles * kernel.tile, lanes) + (2 * most_runs + kernel.tile + 2) * lanes;
    sums_ld = round_up(b.columns, kernel.lanes);
    map = cursor.take<T>(kernel.side() * map_ld);
    largest = cursor.take<T>(p.w.phases * rows_ld);
    balance = cursor.take<T>(p.w.phases * rows_ld);
    cut = cursor.take<unsigned char>(p.w.phases * rows_ld);
    sums = p.packed_weight || b.packs_once ? nullptr : cursor.take<T>(p.window() * sums_ld);
  }
};

// A block of tiles: enough that every element of the transformed weight is used for about 64 tiles when it comes from
// far, few enough that v and m are still in L2 or L3 when they are read again. 48 to 144 were equally fast.
inline constexpr index_t winograd_block_tiles = 72;

/// A weight up to this size is transformed once per call rather than once per block of tiles.
inline constexpr index_t winograd_weight_bytes = index_t{5} << 20;

/// v of a block may take up to 5 MiB, which is 64 tiles of 512 channels; m of a chunk half of an L2 of 1 MiB.
inline constexpr index_t winograd_v_bytes = index_t{5} << 20;
inline constexpr index_t winograd_m_bytes = index_t{512} << 10;

/// Equal shares of at most `most`, but for the last one multiples of `unit`.
inline index_t equal_share(index_t count, index_t most, index_t unit) {
  return (std::min)(count, round_up(ceil_divide(count, ceil_divide(count, std::max<index_t>(1, most))), unit));
}

/// Enough tasks for the workers: first smaller blocks of tiles, then parts of the output channels, each of which
/// transforms the inputs again. Where one block holds all tiles and the weight is large, parts alone: each block of
/// tiles would read the whole weight from memory.
template <class T>
void split_for_workers(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, index_t threads,
                       index_t weight_bytes, winograd_blocking& b) {
  if (threads <= 1) return;
  if (b.tiles < b.all_tiles || weight_bytes <= winograd_weight_bytes) {
    const index_t share = ceil_divide(b.all_tiles, ceil_divide(4 * threads, p.groups));
    b.tiles = (std::min)(b.tiles, round_up((std::max)(share, 2 * kernel.mr), kernel.mr));
  }
  const index_t tasks = p.groups * ceil_divide(b.all_tiles, b.tiles);
  const index_t share = ceil_divide(b.part_columns, parts_per_task(tasks, threads));
  b.part_columns = (std::min)(b.part_columns, round_up(share, winograd_strip));
}

/// One step towards less scratch memory; false where there is none left. The blocks of KC are untouched, and so are the
/// bits.
template <class T>
bool shrink(const winograd_kernels<T>& kernel, winograd_blocking& b) {
  if (b.tiles > kernel.mr)
    b.tiles = round_up(b.tiles / 2, kernel.mr);
  else if (b.columns > winograd_strip)
    b.columns = round_up(b.columns / 2, winograd_strip);
  else if (b.whole_input)
    b.whole_input = false;
  else if (b.elements > 1)
    b.elements = ceil_divide(b.elements, 2);
  else if (b.columns > kernel.nr)
    b.columns = kernel.nr;
  else if (b.tiles > kernel.heights[1])
    b.tiles = kernel.heights[1];
  else if (b.tiles > kernel.heights[2])
    b.tiles = kernel.heights[2];
  else
    return false;
  return true;
}

template <class T>
winograd_blocking choose_winograd_blocking(const winograd_problem<T>& p, const winograd_kernels<T>& kernel,
                                           const context& ctx) {
  const index_t elements = kernel.elements();
  constexpr auto bytes = static_cast<index_t>(sizeof(T));

  winograd_blocking b{};
  b.grid = tiles_of_grid(p, kernel);
  b.all_tiles = p.images * p.grids() * b.grid.h * b.grid.w;
  b.kc = winograd_block_channels(p.in_channels);
  b.elements = elements;
  b.whole_input = true;
  const index_t weight = packed_winograd_weight(p, kernel).size() * bytes;
  const bool transforms_often = !p.packed_weight && weight > winograd_weight_bytes;
  const index_t v_bytes = p.w.windows * elements * p.in_channels * bytes;  // of a tile
  b.tiles = equal_share(
      b.all_tiles,
      (std::min)(transforms_often ? 4 * winograd_block_tiles : winograd_block_tiles, winograd_v_bytes / v_bytes),
      kernel.mr);
  b.part_columns = p.out_channels;
  split_for_workers(p, kernel, thread_count(ctx), weight, b);
  const index_t most_columns = winograd_m_bytes / (p.w.phases * elements * row_cover(b.tiles, kernel).padded * bytes);
  b.columns = equal_share(b.part_columns, (std::max)(winograd_strip, most_columns), winograd_strip);

  const index_t budget = scratch_budget(ctx);
  const auto used = [&] {
    scratch_cursor cursor(nullptr);
    winograd_scratch<T>(cursor, p, kernel, b);
    return cursor.used();
  };
  b.packs_once =
      !p.packed_weight && b.all_tiles > b.tiles && weight <= winograd_weight_bytes && used() + weight <= budget;
  while (used() > budget && shrink(kernel, b)) {
  }
  b.blocks = ceil_divide(b.all_tiles, b.tiles);
  b.parts = ceil_divide(p.out_channels, b.part_columns);
  return b;
}

/// The kernel's taps of a phase's convolution, (R R), no_tap where there is none.
struct winograd_taps {
  index_t of[9];

  template <class T>
  winograd_taps(const winograd_problem<T>& p, index_t phase, index_t taps) {
    const index_t* tap_h = p.h.tap[phase / p.w.phases];
    const index_t* tap_w = p.w.tap[phase % p.w.phases];
    for (index_t t = 0; t < taps * taps; ++t) {
      const index_t i = tap_h[t / taps], j = tap_w[t % taps];
      of[t] = i < 0 || j < 0 ? winograd_axis::no_tap : i * p.kernel_w + j;
    }
  }
};

template <class T>
void prefetch(const T* p, index_t count) {
  for (const T* end = p + count; p < end; p += alignment / sizeof(T)) __builtin_prefetch(p, 0, 2);
}

/// Output channels [o, o + columns) x input channels [c, c + channels) of a group's weight, transformed for one phase.
///   u  (N N planes, panels, channels, NR)
/// Of some channels at a time the kernels' elements are brought into lanes, as many as fill 18 KiB of L1; where an
/// output channel's kernels do not lie side by side, whole vectors are read from the others' too. While these are
/// transformed the next ones are fetched into L2, which the hardware does not see coming from as many places.
///   sums  null, or what the magnitudes of the weights are added to, (window, sums_ld)
template <class T>
void pack_winograd_weight(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, index_t group, index_t phase,
                          index_t o, index_t columns, index_t c, index_t channels, T* u, index_t plane, T* sums,
                          index_t sums_ld) {
  constexpr index_t capacity = 144;  // vectors of a panel: 16 channels of 3x3
  alignas(alignment) T taps[capacity * 128 / sizeof(T)];
  index_t row[most_nr];
  const winograd_taps tap(p, phase, kernel.taps);
  const index_t window = p.window();
  const bool adjacent = p.column_stride == window;  // the kernels of an output channel
  const index_t step = adjacent ? window : round_up(window, kernel.transform_lanes);
  const T* weight = p.weight + group * p.group_stride + o * p.row_stride + c * p.column_stride;
  for (index_t j = 0; j < columns; j += kernel.nr, weight += kernel.nr * p.row_stride, u += kernel.nr * channels) {
    const index_t count = (std::min)(kernel.nr, columns - j), width = round_up(count, kernel.lanes);
    for (index_t r = 0; r < count; ++r) row[r] = r * p.row_stride;
    for (index_t k = 0, some; k < channels; k += some) {
      some = (std::min)(capacity / step, channels - k);
      for (index_t i = 0; i < (adjacent ? 1 : some); ++i) {
        const bool last = c + k + i == p.in_channels - 1 && group == p.groups - 1;
        kernel.pack_transpose(weight + (k + i) * p.column_stride, row, count,
                              adjacent ? some * window
                              : last   ? window
                                       : step,
                              width, taps + i * step * width);
      }
      const T* next = weight + (k + some < channels ? (k + some) * p.column_stride : kernel.nr * p.row_stride);
      for (index_t i = 0; i < some; ++i) {
        if (adjacent)
          for (index_t r = i * count / some; r < (i + 1) * count / some; ++r)
            prefetch(next + r * p.row_stride, some * window);
        else
          prefetch(next + i * p.column_stride, count * window);
        kernel.weights(taps + i * step * width, tap.of, width, u + (k + i) * width, plane);
      }
      if (sums) kernel.tap_sums(taps, some, step, window, width, sums + j, sums_ld);
    }
  }
}

/// sums (window, ld), the first `width` of each line
template <class T>
void clear_sums(T* sums, index_t ld, index_t window, index_t width) {
  for (index_t t = 0; t < window; ++t) fill(sums + t * ld, sums + t * ld + width, T{});
}

/// The whole weight, as winograd_problem::packed_weight wants it.
template <class T>
void pack_whole_winograd_weight(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, const context& ctx,
                                T* packed) {
  const packed_winograd_weight layout(p, kernel);
  const index_t kc = winograd_block_channels(p.in_channels);
  const index_t strips = ceil_divide(p.out_channels, winograd_strip), blocks = ceil_divide(p.in_channels, kc);
  parallel_tasks(ctx, p.groups * blocks * strips, [&](index_t, index_t t) {
    const index_t o = t % strips * winograd_strip, c = t / strips % blocks * kc, group = t / strips / blocks;
    const index_t channels = (std::min)(kc, p.in_channels - c),
                  columns = (std::min)(winograd_strip, p.out_channels - o);
    T* sums = p.guarded ? packed + layout.sums_at(group, c) + o : nullptr;
    if (sums) clear_sums(sums, layout.sums_ld(), p.window(), round_up(columns, kernel.lanes));
    for (index_t phase = 0; phase < p.phases(); ++phase)
      pack_winograd_weight(p, kernel, group, phase, o, columns, c, channels,
                           packed + layout.at(group, c, channels, phase, o), layout.plane(channels, o),
                           phase == 0 ? sums : nullptr, layout.sums_ld());
  });
}

/// Whether line i of the elements of a phase's transformed weight is 0 for every weight: the last one is the last tap.
inline bool is_zero_line(const winograd_axis& axis, index_t phase, index_t i, index_t side, index_t taps) {
  return i == side - 1 && axis.tap[phase][taps - 1] < 0;
}

/// One block of tiles, one group, one part of the output channels.
template <class T>
class winograd_task {
 public:
  winograd_task(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, const winograd_blocking& blocking,
                const winograd_scratch<T>& scratch, index_t block, index_t group)
      : p_(p),
        kernel_(kernel),
        blocking_(blocking),
        scratch_(scratch),
        packed_(p, kernel),
        elements_(kernel.elements()),
        group_(group),
        first_tile_(block * blocking.tiles),
        tiles_((std::min)(blocking.tiles, blocking.all_tiles - first_tile_)),
        cover_(tiles_, kernel),
        runs_(find_runs()) {}

  void run(index_t part) {
    for (index_t phase_h = 0; phase_h < p_.h.phases; ++phase_h) run_phases(phase_h, part);
  }

 private:
  /// The phases of a row, whose outputs are neighbours.
  void run_phases(index_t phase_h, index_t part) {
    phase_h_ = phase_h;
    if (p_.guarded && phase_h < p_.h.windows) begin_map();
    if (blocking_.whole_input && phase_h < p_.h.windows)
      for (index_t w = 0; w < p_.w.windows; ++w)
        pack_input(w, 0, p_.in_channels, 0, elements_, scratch_.v + w * scratch_.v_window, p_.guarded && w == 0);
    else if (p_.guarded && phase_h < p_.h.windows)
      measure_input();
    if (p_.guarded && phase_h < p_.h.windows) end_map();
    if (p_.guarded) find_balances();
    const index_t end = (std::min)((part + 1) * blocking_.part_columns, p_.out_channels);
    for (index_t o = part * blocking_.part_columns; o < end; o += blocking_.columns) {
      const index_t columns = (std::min)(blocking_.columns, end - o);
      for (index_t c = 0; c < p_.in_channels; c += blocking_.kc)
        for (index_t e = 0; e < elements_; e += blocking_.elements)
          multiply(o, columns, c, (std::min)(blocking_.kc, p_.in_channels - c), e,
                   (std::min)(blocking_.elements, elements_ - e));
      store_outputs(o, columns);
    }
  }

  index_t find_runs() const {
    const hw& size = blocking_.grid;
    index_t found = 0;
    for (index_t done = 0; done < tiles_;) {
      const index_t tile = first_tile_ + done;
      const index_t x = tile % size.w, y = tile / size.w % size.h, grid = tile / size.w / size.h;
      const index_t length = (std::min)(size.w - x, tiles_ - done);
      const tile_run* above = found > 0 && y > 0 && x == 0 ? scratch_.runs + found - 1 : nullptr;
      const bool follows = above && above->x == 0 && above->length == length;
      scratch_.runs[found] = {
          done,
          length,
          grid / p_.grids(),
          {grid % p_.grids() / p_.w.dilation, grid % p_.w.dilation},
          y * kernel_.tile,
          x * kernel_.tile,
          follows,
          round_up(done * kernel_.tile, kernel_.transform_lanes) + 2 * found * kernel_.transform_lanes};
      ++found;
      done += length;
    }
    return found;
  }

  /// v for channels [c0, c0 + channels) and the elements [e, e + elements), as window_w begins; `measured` adds them to
  /// the guard's map.
  void pack_input(index_t window_w, index_t c0, index_t channels, index_t e, index_t elements, T* to, bool measured) {
    const index_t ld = scratch_.v_ld, rows_ld = scratch_.rows_ld;
    std::memset(static_cast<void*>(scratch_.rows), 0, static_cast<std::size_t>(elements_ * rows_ld) * sizeof(T));
    for (index_t c = 0; c < channels; ++c) {
      run_lines lines;
      for (index_t r = 0; r < runs_; ++r) {
        const tile_run& run = scratch_.runs[r];
        const T* const* line = find_lines(run, window_w, c0 + c, lines);
        if (measured) measure(r, line);
        kernel_.input_rows(line, run.length, scratch_.rows + run.begin, rows_ld);
      }
      T* v = to + c / blocking_.kc * elements_ * scratch_.v_plane + c % blocking_.kc * ld;
      if (elements == elements_) {
        kernel_.input_columns(scratch_.rows, rows_ld, cover_.padded, v, scratch_.v_plane);
      } else {
        kernel_.input_columns(scratch_.rows, rows_ld, cover_.padded, scratch_.few, ld);
        copy_planes(scratch_.few + e * ld, ld, elements, cover_.padded, v, scratch_.v_plane);
      }
    }
  }

  static void copy_planes(const T* from, index_t from_plane, index_t planes, index_t count, T* to, index_t to_plane) {
    for (index_t e = 0; e < planes; ++e)
      std::memcpy(to + e * to_plane, from + e * from_plane, static_cast<std::size_t>(count) * sizeof(T));
  }

  /// The N lines of a run, and which of the N places for copies is the first one's.
  struct run_lines {
    const T* line[most_winograd_side];
    index_t first = 0;
  };

  /// The input lines of a run: in the image where whole vectors can be read from them, else copied between zeros. The
  /// first ones of a run that follows another are there already; the new ones take the places of those that it has no
  /// use for.
  const T* const* find_lines(const tile_run& run, index_t window_w, index_t channel, run_lines& lines) const {
    const index_t plane = ((run.image * p_.groups + group_) * p_.in_channels + channel) * p_.in.h * p_.in.w;
    const index_t step = p_.w.dilation, lanes = kernel_.transform_lanes;
    const hw at = first_input(run, 0, window_w);
    const index_t x = at.w, first = at.h;
    const index_t wanted = kernel_.tile * run.length + kernel_.overlap() + p_.w.windows - 1;
    const index_t read = kernel_.tile * round_up(run.length, lanes) + kernel_.overlap() - 1 + lanes;
    const bool whole = step == 1 && x >= 0 && x + read <= p_.in.w;
    const index_t side = kernel_.side(), known = run.follows ? kernel_.overlap() : 0;
    for (index_t i = 0; i < known; ++i) lines.line[i] = lines.line[i + kernel_.tile];
    lines.first = run.follows ? lines.first + kernel_.tile : 0;
    if (lines.first >= side) lines.first -= side;
    for (index_t i = known; i < side; ++i) {
      const index_t y = first + i * p_.h.dilation;
      const bool inside = y >= 0 && y < p_.in.h;
      const T* source = p_.input + plane + (inside ? y * p_.in.w : 0);
      const index_t place = lines.first + i < side ? lines.first + i : lines.first + i - side;
      T* copy = scratch_.line + place * scratch_.line_ld;
      lines.line[i] = whole && inside ? source + x : copy;
      if (lines.line[i] == copy) kernel_.copy_line(source, inside ? p_.in.w : 0, x, step, wanted, copy);
      const index_t from = std::max<index_t>(x, 0);
      if (inside && channel + 1 < p_.in_channels)  // too far away for the hardware to see it coming
        prefetch(source + p_.in.h * p_.in.w + from, (std::min)(x + kernel_.tile * run.length * step, p_.in.w) - from);
    }
    return lines.line;
  }

  // One map serves all windows of the tiles: those of a row's second one begin a column later, those of the second row
  // a line later, of which only the last is new then.
  T* map_of(index_t r) const { return scratch_.map + scratch_.runs[r].map; }
  index_t map_columns(index_t r) const {
    return scratch_.runs[r].length * kernel_.tile + kernel_.overlap() + p_.w.windows - 1;
  }

  void begin_map() {
    const index_t used = scratch_.runs[runs_ - 1].map + map_columns(runs_ - 1), last = kernel_.side() - 1;
    for (index_t i = 0; i <= last; ++i) {
      T* line = scratch_.map + i * scratch_.map_ld;
      if (phase_h_ == 0 || i == last)
        fill(line, line + used, T{});
      else
        std::memcpy(line, line + scratch_.map_ld, static_cast<std::size_t>(used) * sizeof(T));
    }
  }

  void measure(index_t r, const T* const* line) {
    const index_t first = phase_h_ > 0 ? kernel_.side() - 1 : scratch_.runs[r].follows ? kernel_.overlap() : 0;
    kernel_.magnitudes(line, first, map_columns(r), map_of(r), scratch_.map_ld);
  }

  /// The whole map, where memory is too short to pack all channels at a time.
  void measure_input() {
    for (index_t c = 0; c < p_.in_channels; ++c) {
      run_lines lines;
      for (index_t r = 0; r < runs_; ++r) measure(r, find_lines(scratch_.runs[r], 0, c, lines));
    }
  }

  void end_map() {
    if (phase_h_ > 0) return;
    for (index_t r = 1; r < runs_; ++r)
      for (index_t i = 0; scratch_.runs[r].follows && i < kernel_.overlap(); ++i)
        std::memcpy(map_of(r) + i * scratch_.map_ld, map_of(r - 1) + (i + kernel_.tile) * scratch_.map_ld,
                    static_cast<std::size_t>(map_columns(r)) * sizeof(T));
  }

  /// From the map to what the guard wants to know of the tiles of the row's phases.
  void find_balances() {
    unsigned char place[winograd_cuts] = {};  // among cuts_, from 1 on
    cut_count_ = 0;
    const hw step{p_.h.phases * p_.h.dilation, p_.w.phases * p_.w.dilation};
    const auto points = [](index_t first, index_t out, index_t s, index_t most) {
      return first < out ? (std::min)(most, ceil_divide(out - first, s)) : 0;
    };
    for (index_t phase_w = 0; phase_w < p_.w.phases; ++phase_w) {
      const index_t at = phase_w * scratch_.rows_ld, window_w = phase_w % p_.w.windows;
      winograd_tiles<T>& tiles = guarded_[phase_w];
      tiles = {scratch_.largest + at, scratch_.balance + at, scratch_.cut + at, 0, {}};
      fill(tiles.least, tiles.least + winograd_cuts, winograd_infinity<T>);
      const hw reach = reach_of(phase_w);
      for (index_t r = 0; r < runs_; ++r) {
        const tile_run& run = scratch_.runs[r];
        const index_t rows = points(run.grid.h + phase_h_ + run.y * step.h, p_.out.h, step.h, kernel_.tile);
        const index_t columns =
            points(run.grid.w + phase_w + run.x * step.w, p_.out.w, step.w, run.length * kernel_.tile);
        kernel_.ranges(map_of(r) + window_w, scratch_.map_ld, run.length, reach, rows, columns,
                       tiles.largest + run.begin, tiles.balance + run.begin);
        for (index_t t = 0, i = run.begin; t < run.length; ++t, ++i) {
          const index_t width = std::clamp<index_t>(columns - t * kernel_.tile, 0, kernel_.tile);
          const bool empty = rows == 0 || width == 0;
          const winograd_cut cut = empty ? winograd_cut{} : cut_of(first_input(run, t, window_w), reach, rows, width);
          unsigned char& known = place[code_of(cut)];
          if (!known) {
            cuts_[cut_count_] = cut;
            known = static_cast<unsigned char>(++cut_count_);
          }
          const auto k = static_cast<unsigned char>(known - 1);
          if (empty) tiles.largest[i] = 0;
          tiles.cut[i] = k;
          tiles.balance[i] = tile_balance(tiles.largest[i], tiles.balance[i]);
          if (tiles.balance[i] < tiles.least[k]) tiles.least[k] = tiles.balance[i];
          if (!(tiles.largest[i] <= tiles.most)) tiles.most = tiles.largest[i];
        }
      }
    }
  }
  hw reach_of(index_t phase_w) const { return {p_.h.reach(phase_h_, kernel_.taps), p_.w.reach(phase_w, kernel_.taps)}; }

  /// The line and column of the input that a tile begins with.
  hw first_input(const tile_run& run, index_t t, index_t window_w) const {
    return {run.grid.h + run.y * p_.h.dilation + phase_h_ % p_.h.windows - p_.h.padding,
            run.grid.w + (run.x + t * kernel_.tile) * p_.w.dilation + window_w - p_.w.padding};
  }

  /// The taps of the outermost of rows x columns outputs that do not meet the image.
  winograd_cut cut_of(const hw& first, const hw& reach, index_t rows, index_t columns) const {
    return {taps_before(first.h, p_.h.dilation, reach.h),
            taps_behind(first.h + (rows - 1) * p_.h.dilation, p_.h.dilation, reach.h, p_.in.h),
            taps_before(first.w, p_.w.dilation, reach.w),
            taps_behind(first.w + (columns - 1) * p_.w.dilation, p_.w.dilation, reach.w, p_.in.w)};
  }

  /// m for output channels [o, o + columns) and the elements [e, e + elements): the products of one block of KC.
  void multiply(index_t o, index_t columns, index_t c, index_t channels, index_t e, index_t elements) {
    for (index_t phase_w = 0; phase_w < p_.w.phases; ++phase_w) {
      const index_t phase = phase_h_ * p_.w.phases + phase_w;
      const T* v = scratch_.v;
      if (blocking_.whole_input)
        v += phase_w % p_.w.windows * scratch_.v_window + (c / blocking_.kc * elements_ + e) * scratch_.v_plane;
      else if (phase_w < p_.w.windows)
        pack_input(phase_w, c, channels, e, elements, scratch_.v, false);
      for (index_t j = 0, some; j < columns; j += some) {
        const index_t into = (o + j) % winograd_strip;  // where memory is short, a chunk is a part of a strip
        some = (std::min)(winograd_strip - into, columns - j);
        index_t plane;
        const T* u;
        if (p_.packed_weight) {
          plane = packed_.plane(channels, o + j - into);
          u = p_.packed_weight + packed_.at(group_, c, channels, phase, o + j - into) + e * plane + into * channels;
        } else {
          plane = round_up(some, kernel_.lanes) * channels + kernel_.lanes;
          const bool sums = p_.guarded && phase_w == 0 && e == 0;
          if (sums) clear_sums(scratch_.y, scratch_.strip_ld, p_.window(), round_up(some, kernel_.lanes));
          u = packed_strip(phase, o + j, some, c, channels, e, elements, plane, sums ? scratch_.y : nullptr);
          if (sums) add_sums(j, round_up(some, kernel_.lanes), c > 0);
        }
        for (index_t i = 0; i < elements; ++i)  // a product over no channels is 0
          multiply_element(some, channels, is_zero(phase_w, e + i) ? 0 : channels, c > 0, v + i * scratch_.v_plane,
                           u + i * plane, m_of(j, phase_w, e + i));
      }
    }
  }

  /// The products of the panel that begins with column j of a chunk.
  T* m_of(index_t j, index_t phase_w, index_t e) const {
    return scratch_.m + ((j / kernel_.nr * p_.w.phases + phase_w) * elements_ + e) * scratch_.m_plane;
  }

  bool is_zero(index_t phase_w, index_t e) const {
    const index_t side = kernel_.side();
    return is_zero_line(p_.h, phase_h_, e / side, side, kernel_.taps) ||
           is_zero_line(p_.w, phase_w, e % side, side, kernel_.taps);
  }

  /// The sums of a block of KC join those of the blocks before.
  void add_sums(index_t j, index_t width, bool accumulate) {
    for (index_t t = 0; t < p_.window(); ++t) {
      const T* strip = scratch_.y + t * scratch_.strip_ld;
      T* sum = scratch_.sums + t * scratch_.sums_ld + j;
      for (index_t o = 0; o < width; ++o) {
        if (accumulate)
          sum[o] += strip[o];
        else
          sum[o] = strip[o];
      }
    }
  }

  /// The elements [e, e + elements) of a strip that is transformed now.
  const T* packed_strip(index_t phase, index_t o, index_t columns, index_t c, index_t channels, index_t e,
                        index_t elements, index_t plane, T* sums) {
    if (elements == elements_) {
      pack_winograd_weight(p_, kernel_, group_, phase, o, columns, c, channels, scratch_.u, plane, sums,
                           scratch_.strip_ld);
      return scratch_.u;
    }
    T* u = scratch_.u;
    for (index_t j = 0; j < columns; j += kernel_.nr) {
      const index_t count = (std::min)(kernel_.nr, columns - j), width = round_up(count, kernel_.lanes);
      for (index_t k = 0; k < channels; ++k, u += width) {
        pack_winograd_weight(p_, kernel_, group_, phase, o + j, count, c + k, 1, scratch_.few, width,
                             sums ? sums + j : nullptr, scratch_.strip_ld);
        copy_planes(scratch_.few + e * width, width, elements, width, u, plane);
      }
    }
    return scratch_.u;
  }

  /// m(t, o) [+]= sum over k < depth of v(k, t) * u(k, o)
  void multiply_element(index_t columns, index_t channels, index_t depth, bool accumulate, const T* v, const T* u,
                        T* m) {
    gemm_epilogue<T> epilogue;
    epilogue.accumulate = accumulate;
    const index_t nr = kernel_.nr;
    for (index_t j = 0; j < columns; j += nr, u += channels * nr, m += p_.w.phases * elements_ * scratch_.m_plane) {
      const index_t some = (std::min)(nr, columns - j);
      for (index_t t = 0, high = cover_.high; t < cover_.padded; --high) {
        const int tile = high > 0 ? 0 : kernel_.tile_of((std::min)(cover_.padded - t, kernel_.heights[1]));
        kernel_.multiply_tile(tile, some, depth, v + t, scratch_.v_ld, u, round_up(some, kernel_.lanes), m + t * nr, nr,
                              epilogue);
        t += kernel_.heights[tile];
      }
    }
  }

  void store_outputs(index_t o, index_t columns) {
    const index_t lanes = kernel_.transform_lanes, phases = p_.w.phases, step = phases * lanes;
    const index_t most = winograd_output_columns / (kernel_.tile * phases);
    for (index_t j = 0; j < columns; j += lanes) {
      const index_t channel = group_ * p_.out_channels + o + j, count = (std::min)(lanes, columns - j);
      alignas(alignment) T bias[alignment / sizeof(T)] = {};
      if (p_.bias) std::memcpy(bias, p_.bias + channel, static_cast<std::size_t>(count) * sizeof(T));
      const T* m = m_of(j, 0, 0) + j % kernel_.nr;
      tile_shares shares[2];
      for (index_t phase_w = 0; phase_w < phases && p_.guarded; ++phase_w)
        shares[phase_w] = shares_of(phase_w, o, j, count);
      for (const tile_run* run = scratch_.runs; run < scratch_.runs + runs_; ++run)
        for (index_t t = 0, some; t < run->length; t += some) {
          some = (std::min)(equal_share(run->length, most, 1), run->length - t);
          for (index_t phase_w = 0; phase_w < phases; ++phase_w) {
            T* y = scratch_.y + phase_w * lanes;
            kernel_.output_tiles(m + phase_w * elements_ * scratch_.m_plane + (run->begin + t) * kernel_.nr,
                                 scratch_.m_plane, kernel_.nr, some, bias, y, scratch_.y_row, step);
            for (index_t i = t; i < t + some && !shares[phase_w].pass; ++i)
              if (!guarded_[phase_w].passes(run->begin + i, shares[phase_w].most, shares[phase_w].share))
                sum_tile(*run, i, phase_w, o + j, count, bias, y + (i - t) * kernel_.tile * step);
          }
          store_tiles(*run, t, some, channel, count);
        }
    }
  }

  /// What the guard wants to know of the weights of `count` output channels, and whether all tiles pass.
  struct tile_shares {
    T most;
    T share[winograd_cuts];
    bool pass = true;
  };
  tile_shares shares_of(index_t phase_w, index_t o, index_t j, index_t count) const {
    const winograd_taps tap(p_, phase_h_ * p_.w.phases + phase_w, kernel_.taps);
    winograd_weight_sums<T> magnitudes{scratch_.sums, scratch_.sums_ld,  1,     0,
                                       tap.of,        reach_of(phase_w), cuts_, cut_count_};
    if (p_.packed_weight) {
      magnitudes.sums = p_.packed_weight + packed_.sums_at(group_, 0) + o;
      magnitudes.ld = packed_.sums_ld();
      magnitudes.blocks = packed_.blocks();
      magnitudes.block = p_.window() * packed_.sums_ld();
    }
    magnitudes.sums += j;
    tile_shares found;
    T sums[alignment / sizeof(T)];
    kernel_.shares(magnitudes, sums, found.share);
    found.most = most_of_tile(sums, count);
    found.pass = guarded_[phase_w].pass(found.most, found.share, cut_count_);
    return found;
  }

  /// y of a tile that the guard does not let pass.
  void sum_tile(const tile_run& run, index_t t, index_t phase_w, index_t o, index_t count, const T* bias, T* y) {
    const index_t lanes = kernel_.transform_lanes, in_plane = p_.in.h * p_.in.w;
    const winograd_taps tap(p_, phase_h_ * p_.w.phases + phase_w, kernel_.taps);
    const T* image = p_.input + (run.image * p_.groups + group_) * p_.in_channels * in_plane;
    const hw first = first_input(run, t, phase_w % p_.w.windows), dilation{p_.h.dilation, p_.w.dilation};
    for (index_t c = 0, some; c < p_.in_channels; c += some) {
      some = (std::min)(winograd_direct_channels, p_.in_channels - c);
      kernel_.patch({image + c * in_plane, some, p_.in, first, dilation}, scratch_.patch);
      pack_taps(o, count, c, some);
      kernel_.direct({scratch_.patch, scratch_.taps, some, p_.window(), tap.of, bias, c == 0,
                      c + some == p_.in_channels, y, scratch_.y_row, p_.w.phases * lanes});
    }
  }

  /// The taps of output channels [o, o + count) and input channels [c, c + channels), an output channel a lane.
  void pack_taps(index_t o, index_t count, index_t c, index_t channels) {
    const index_t window = p_.window(), lanes = kernel_.transform_lanes;
    const bool adjacent = p_.column_stride == window;
    const T* weight = p_.weight + group_ * p_.group_stride + o * p_.row_stride + c * p_.column_stride;
    index_t row[most_nr];
    for (index_t r = 0; r < count; ++r) row[r] = r * p_.row_stride;
    for (index_t k = 0; k < (adjacent ? 1 : channels); ++k)
      kernel_.pack_transpose(weight + k * p_.column_stride, row, count, adjacent ? channels * window : window, lanes,
                             scratch_.taps + k * window * lanes);
  }

  void store_tiles(const tile_run& run, index_t t, index_t some, index_t channel, index_t count) {
    const index_t plane = p_.out.h * p_.out.w;
    const hw step{p_.h.phases * p_.h.dilation, p_.w.dilation};
    const hw first{run.grid.h + phase_h_ + run.y * step.h,
                   run.grid.w + (run.x + t * kernel_.tile) * p_.w.phases * step.w};
    if (first.h >= p_.out.h || first.w >= p_.out.w) return;  // a grid may have fewer points than the first
    const index_t rows = (std::min)(kernel_.tile, ceil_divide(p_.out.h - first.h, step.h));
    const index_t columns = (std::min)(some * kernel_.tile * p_.w.phases, ceil_divide(p_.out.w - first.w, step.w));
    T* out = p_.output + (run.image * p_.groups * p_.out_channels + channel) * plane + first.h * p_.out.w + first.w;
    if (step.w == 1 && !p_.after.finishes())
      return kernel_.output_rows(scratch_.y, scratch_.y_row, rows, columns, count, p_.after.only_rectifies(), out,
                                 step.h * p_.out.w, plane);
    for (index_t i = 0; i < rows; ++i, out += step.h * p_.out.w) {
      T line[winograd_output_columns * alignment / sizeof(T)];
      kernel_.output_rows(scratch_.y + i * scratch_.y_row, scratch_.y_row, 1, columns, count, false, line, 0,
                          winograd_output_columns);
      for (index_t o = 0; o < count; ++o)
        p_.after.finish(channel + o, columns, line + o * winograd_output_columns, 1, out + o * plane, step.w);
    }
  }

  const winograd_problem<T>& p_;
  const winograd_kernels<T>& kernel_;
  const winograd_blocking& blocking_;
  const winograd_scratch<T>& scratch_;
  const packed_winograd_weight packed_;
  const index_t elements_;  // N * N
  const index_t group_;
  const index_t first_tile_;
  const index_t tiles_;
  const row_cover cover_;
  const index_t runs_;
  index_t phase_h_ = 0;
  winograd_tiles<T> guarded_[2];  // by the phase of the columns
  winograd_cut cuts_[winograd_cuts];
  index_t cut_count_ = 0;
};

/// How one call runs: its blocks and its scratch memory.
template <class T>
struct winograd_plan {
  winograd_blocking blocking;
  index_t tasks;
  index_t weight;      // bytes, before the workers' shares
  index_t per_worker;  // bytes
  index_t bytes;       // in all

  winograd_plan(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, const context& ctx)
      : blocking(choose_winograd_blocking(p, kernel, ctx)) {
    tasks = p.groups * blocking.blocks * blocking.parts;
    scratch_cursor whole(nullptr);
    if (blocking.packs_once) whole.take<T>(packed_winograd_weight(p, kernel).size());
    weight = whole.used();
    scratch_cursor share(nullptr);
    winograd_scratch<T>(share, p, kernel, blocking);
    per_worker = share.used();
    bytes = weight + per_worker * worker_count(ctx, tasks);
  }
};

/// `memory` holds plan.bytes.
template <class T>
void run_winograd(winograd_problem<T> p, const winograd_kernels<T>& kernel, const winograd_plan<T>& plan,
                  const context& ctx, std::byte* memory) {
  const winograd_blocking& blocking = plan.blocking;
  std::byte* shares = memory + plan.weight;
  if (blocking.packs_once) {
    T* packed = reinterpret_cast<T*>(memory);
    pack_whole_winograd_weight(p, kernel, ctx, packed);
    p.packed_weight = packed;
  }
  parallel_tasks(ctx, plan.tasks, [&](index_t worker, index_t t) {
    scratch_cursor cursor(shares + worker * plan.per_worker);
    const winograd_scratch<T> scratch(cursor, p, kernel, blocking);
    const index_t part = t % blocking.parts;
    const index_t block = t / blocking.parts % blocking.blocks;
    winograd_task<T>(p, kernel, blocking, scratch, block, t / blocking.parts / blocking.blocks).run(part);
  });
}

/// A weight that is larger than this comes from memory whenever it is used, 64 bytes in about 10 operations.
inline constexpr index_t winograd_cached_bytes = index_t{16} << 20;

/// The estimated time of one core, in vector operations (fitted to 180 random shapes on AVX-512 and on AVX2):
///     products  for each element of a tile and phase, but where the weight is 0, and each vector of output channels:
///               one multiply-add for each tile and input channel, and 2 more for each block of KC, which loads, adds
///               to and stores m
///     inputs    for each element, input channel and vector of tiles 1 for the columns and 2.5 for the rows, whose
///               vectors are neighbours in a row of tiles; and 30 for each line that is copied between zeros
///     outputs   for each element, phase, tile and vector of output channels 3.5: a load, both transforms, storing the
///               outputs and bringing them from channels into lines
///     weight    for each element, phase, input channel and vector of output channels 4.5, once a call; for each block
///               of tiles where it is too large for the scratch memory
template <class T>
double winograd_cost(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, bool packed) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const double elements = d(kernel.elements());
  const auto lines_of = [&](const winograd_axis& axis) {
    index_t lines = 0;
    for (index_t a = 0; a < axis.phases; ++a)
      for (index_t i = 0; i < kernel.side(); ++i) lines += !is_zero_line(axis, a, i, kernel.side(), kernel.taps);
    return lines;
  };
  const auto vectors = [&](index_t count) { return d(ceil_divide(count, kernel.transform_lanes)); };
  const hw grid = tiles_of_grid(p, kernel);
  const index_t tile_rows = p.images * p.grids() * grid.h, tiles = tile_rows * grid.w;
  const index_t weight_bytes = packed_winograd_weight(p, kernel).size() * static_cast<index_t>(sizeof(T));
  const index_t covered = row_cover(tiles, kernel).padded;
  const double rows = d(packed && weight_bytes > winograd_cached_bytes ? std::max<index_t>(covered, 10) : covered);
  const double products = d(lines_of(p.h) * lines_of(p.w) * ceil_divide(p.out_channels, kernel.lanes)) *
                          d(p.in_channels + 2 * ceil_divide(p.in_channels, winograd_kc)) * rows;
  const double inputs =
      d(p.h.windows * p.w.windows * p.in_channels) *
      (elements * (vectors(tiles) + 2.5 * d(tile_rows) * vectors(grid.w)) + 30 * d(tile_rows * kernel.side()));
  const double outputs = 3.5 * d(p.phases() * tiles) * elements * vectors(p.out_channels);
  const double passes = weight_bytes <= winograd_weight_bytes ? 1 : greater(1, d(tiles) / (4 * winograd_block_tiles));
  const double weight = packed ? 0 : passes * 4.5 * d(p.phases() * p.in_channels) * elements * vectors(p.out_channels);
  return d(p.groups) * (products + inputs + outputs + weight);
}

/// Integers are summed exactly by the other algorithms only.
template <class Source, class T, int M>
struct winograd_algorithm {
  static constexpr convolution_algorithm<T> entry = {M == 2 ? Source::name_of_2x2 : Source::name_of_4x4,
                                                     [](const convolution_geometry&, const context&) { return false; },
                                                     nullptr,
                                                     nullptr,
                                                     nullptr,
                                                     nullptr,
                                                     nullptr};
};

template <class Source, std::floating_point T, int M>
struct winograd_algorithm<Source, T, M> {
  static winograd_kernels<T> kernels(const context& ctx) {
    const isa level = chosen_isa(ctx);
    return {TENFOLD_KERNEL(level, micro_set<T>::table),
            TENFOLD_NARROW_KERNEL(level, winograd_table<T, M, Source::taps>)};
  }
  static winograd_problem<T> problem(const convolution_geometry& g, const context& ctx,
                                     const convolution_operands<T>& operands = {}) {
    winograd_problem<T> p = winograd_problem_of<T>(g, operands, Source::transposed, Source::axis);
    p.guarded = ctx.math != math::fast;
    return p;
  }

  static bool applies(const convolution_geometry& g, const context& ctx) {
    if (ctx.math == math::exact || !Source::is(g)) return false;
    return M == 2 || ctx.math == math::fast || Source::is_standard(g);
  }
  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    return winograd_cost(problem(g, ctx), kernels(ctx), packed);
  }
  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    return packed_winograd_weight(problem(g, ctx), kernels(ctx)).size();
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    convolution_operands<T> operands;
    operands.weight = weight;
    winograd_problem<T> p = problem(g, ctx, operands);
    p.guarded = true;  // a call with other arithmetic may use it
    pack_whole_winograd_weight(p, kernels(ctx), ctx, packed);
  }
  static void plan(convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx) {
    const winograd_plan<T> own(problem(plan.geometry, ctx, operands), kernels(ctx), ctx);
    plan.template emplace<winograd_plan<T>>(own);
    plan.bytes = own.bytes;
  }
  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    run_winograd(problem(plan.geometry, ctx, operands), kernels(ctx), plan.template own<winograd_plan<T>>(), ctx,
                 memory);
  }

  static constexpr convolution_algorithm<T> entry = {
      M == 2 ? Source::name_of_2x2 : Source::name_of_4x4, applies, cost, packed_size, pack, plan, run};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
