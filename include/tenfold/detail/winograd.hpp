// Winograd's minimal filtering for 3x3 convolutions of stride 1 and transposed convolutions of stride 2: fewer
// multiplications for more additions.
//
// The image is cut into overlapping tiles, each N x N, N = M + R - 1, which answer M x M outputs of an R x R
// convolution each. With the tiles and the weight transformed (kernels/winograd.inl.hpp), every one of the N * N
// elements of a tile is a matrix product of its own,
//
//     m[e](o, t) = sum over c of u[e](o, c) * v[e](c, t),   o an output channel, c an input channel, t a tile
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
// A task is a block of tiles: its v is packed into panels as the micro-kernel of gemm wants them; then, for one chunk
// of output channels after the other, come the N * N products and the outputs. Nothing is ever as large as the image.
#pragma once

#include <tenfold/detail/convolution.hpp>

namespace tenfold::inline v0::detail {

/// One dimension of the convolutions that share their inputs. Phase a of them has the outputs a, a + phases, ..., one
/// for each point, and point x reads the R inputs from x + a % windows - padding on.
struct winograd_axis {
  static constexpr index_t no_tap = -1;
  index_t phases = 1;
  index_t windows = 1;
  index_t padding = 0;
  index_t tap[2][3] = {};  // of each phase: the kernel's row (or column) for each of the inputs, or no_tap
  index_t dilation = 1;    // point x of grid b is output and input b + x * dilation, of one phase

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
  bool relu = false;

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

/// Source: one of the operations above.
template <class Source, class T>
winograd_problem<T> winograd_problem_of(const convolution_geometry& g, const convolution_operands<T>& operands) {
  const index_t window = g.kernel.h * g.kernel.w;
  winograd_problem<T> p;
  p.images = g.batch;
  p.groups = g.groups;
  p.in_channels = g.in_channels;
  p.out_channels = g.out_channels;
  p.in = g.in;
  p.out = g.out;
  p.h = Source::axis(g.kernel.h, g.padding.h, g.dilation.h);
  p.w = Source::axis(g.kernel.w, g.padding.w, g.dilation.w);
  p.input = operands.input;
  p.weight = operands.weight;
  p.group_stride = g.in_channels * g.out_channels * window;
  p.row_stride = Source::transposed ? window : g.in_channels * window;
  p.column_stride = Source::transposed ? g.out_channels * window : window;
  p.kernel_w = g.kernel.w;
  p.packed_weight = operands.packed_weight;
  p.bias = operands.bias;
  p.output = operands.output;
  p.relu = operands.relu;
  return p;
}

// KC: channels whose products are summed in registers before they are added to m. It alone decides the order of the
// additions, so it depends on nothing but the number of channels. It is a quarter of gemm's: the transform of the
// outputs magnifies the sums' errors, and short sums have small ones (docs/winograd_error.md); that costs 2 % of the
// speed. The least scratch, N * N * MR (twice that for two phases, but then MR may be lower) + (MR + 1) * KC vectors
// and some, fits a workspace of 64 KiB.
inline constexpr index_t winograd_kc = 64;

/// The channels of every block but the last: equal shares rather than a small rest.
inline index_t winograd_block_channels(index_t channels) {
  return ceil_divide(channels, ceil_divide(channels, winograd_kc));
}

/// The sizes of a call's blocks. They follow from the shape and the scratch budget; no result's bits depend on them.
struct winograd_blocking {
  index_t tiles_h;
  index_t tiles_w;
  index_t tiles;  // of all images
  index_t kc;
  index_t width;     // tiles of a panel: NR, or one vector
  index_t panels;    // of a block of tiles
  index_t rows;      // output channels of a chunk
  index_t elements;  // of a tile whose products are computed at a time: N * N, or less where memory is short
  bool whole_input;  // v is there for all channels and elements, else for one block of KC and the elements at a time
  bool packs_once;   // the whole weight is transformed before the tasks
  index_t blocks;
  index_t part_rows;  // output channels of a task
  index_t parts;
};

/// Where the transformed weight lies: for each group, for each block of KC channels, for each phase and element of a
/// tile, for each panel of MR output channels, (kc, MR); a vector of slack follows each element's, and keeps them apart
/// in the cache.
struct packed_winograd_weight {
  index_t elements;  // of all phases
  index_t rows;
  index_t channels;
  index_t lanes;

  index_t plane(index_t kc) const { return rows * kc + lanes; }
  index_t group_size() const {
    return elements * (rows * channels + ceil_divide(channels, winograd_block_channels(channels)) * lanes);
  }
  /// Of the block that begins with channel c.
  index_t block(index_t group, index_t c) const {
    return group * group_size() + elements * (rows * c + c / winograd_block_channels(channels) * lanes);
  }
};

template <class T>
packed_winograd_weight packed_layout(const winograd_problem<T>& p, const winograd_kernels<T>& kernel) {
  return {p.phases() * kernel.elements(), kernel.padded_rows(p.out_channels), p.in_channels, kernel.lanes};
}

/// One worker's scratch.
template <class T>
struct winograd_scratch {
  index_t v_panel;  // elements of a panel of v
  index_t v_plane;
  index_t a_plane;
  index_t m_plane;
  index_t ld;  // of rows
  index_t line_ld;
  index_t v_window;
  T* v;     // (windows of a row or 1, blocks of KC or 1, elements, panels, kc, width)
  T* a;     // (elements, rows, kc) where the weight is not transformed beforehand
  T* m;     // (phases of a row, N N, panels, rows, width)
  T* rows;  // (N N, width): a tile half transformed; (phases of a row, M M, width): a tile of outputs
  T* few;   // (N N, width or MR): of which `elements` are wanted
  T* line;  // (N, M width + N - M): the zero-padded lines of a row of tiles

  winograd_scratch(scratch_cursor& cursor, const winograd_problem<T>& p, const winograd_kernels<T>& kernel,
                   const winograd_blocking& b) {
    const index_t lanes = kernel.lanes;  // the slack keeps the planes apart in the cache too
    const index_t k_blocks = b.whole_input ? ceil_divide(p.in_channels, b.kc) : 1;
    const index_t all = kernel.elements();
    v_panel = b.kc * b.width + lanes;
    v_plane = b.panels * v_panel;
    a_plane = b.rows * b.kc + lanes;
    m_plane = b.panels * b.rows * b.width + lanes;
    ld = b.width + lanes;
    line_ld = round_up(kernel.tile * b.width + kernel.overlap() + lanes, lanes);
    v_window = k_blocks * (b.whole_input ? all : b.elements) * v_plane;
    v = cursor.take<T>((b.whole_input ? p.w.windows : 1) * v_window);
    a = p.packed_weight || b.packs_once ? nullptr : cursor.take<T>(b.elements * a_plane);
    m = cursor.take<T>(p.w.phases * all * m_plane);
    rows = cursor.take<T>(std::max(all, p.w.phases * kernel.tile * kernel.tile) * ld);
    few = b.elements == all ? nullptr : cursor.take<T>(all * std::max(b.width, round_up(kernel.mr, lanes)));
    line = cursor.take<T>(kernel.side() * line_ld);
  }
};

// A block of tiles: enough that every element of the transformed weight is used for 64 tiles when it comes from far,
// few enough that v and m are still in L2 or L3 when they are read again. 48 to 144 were equally fast.
inline constexpr index_t winograd_block_tiles = 64;

/// A weight up to this size is transformed once per call rather than once per block of tiles.
inline constexpr index_t winograd_weight_bytes = index_t{5} << 20;

/// v of a block may take up to 5 MiB, which is 64 tiles of 512 channels; m of a chunk 1 MiB, for L2.
inline constexpr index_t winograd_v_bytes = index_t{5} << 20;
inline constexpr index_t winograd_m_bytes = index_t{1} << 20;

/// A weight that is transformed for each block of tiles: so much at a time, to be read from L2.
inline constexpr index_t winograd_a_bytes = index_t{512} << 10;

/// Enough tasks for the workers: first smaller blocks of tiles, then parts of the output channels, each of which
/// transforms the inputs again. Where one block holds all tiles and the weight is large, parts alone: each block of
/// tiles would read the whole weight from memory.
template <class T>
void split_for_workers(const winograd_problem<T>& p, index_t threads, index_t mr, index_t weight_bytes,
                       winograd_blocking& b) {
  if (threads <= 1) return;
  const index_t all_panels = ceil_divide(b.tiles, b.width);
  if (b.panels < all_panels || weight_bytes <= winograd_weight_bytes)
    b.panels = std::min(b.panels, ceil_divide(all_panels, ceil_divide(4 * threads, p.groups)));
  const index_t tasks = p.groups * ceil_divide(all_panels, b.panels);
  const index_t share = round_up(ceil_divide(b.part_rows, parts_per_task(tasks, threads)), mr);
  b.part_rows = std::min(b.part_rows, std::max(4 * mr, share));
}

/// One step towards less scratch memory; false where there is none left. The blocks of KC are untouched, and so are the
/// bits.
template <class T>
bool shrink(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, winograd_blocking& b) {
  if (b.panels > 1)
    b.panels /= 2;
  else if (b.rows > 2 * kernel.mr)
    b.rows = round_up(b.rows / 2, kernel.mr);
  else if (b.whole_input)
    b.whole_input = false;
  else if (b.elements > 1)
    b.elements = ceil_divide(b.elements, 2);
  else if (b.rows > kernel.mr)
    b.rows = kernel.mr;
  else if (b.width > kernel.lanes)
    b.width = kernel.lanes;
  else if (!p.packed_weight && b.rows > kernel.heights[1])
    b.rows = kernel.heights[1];
  else
    return false;
  return true;
}

template <class T>
winograd_blocking choose_winograd_blocking(const winograd_problem<T>& p, const winograd_kernels<T>& kernel,
                                           const context& ctx) {
  const index_t elements = kernel.elements();
  const hw points{p.h.points(0, p.out.h), p.w.points(0, p.out.w)};
  constexpr auto bytes = static_cast<index_t>(sizeof(T));

  winograd_blocking b{};
  b.tiles_h = ceil_divide(points.h, kernel.tile);
  b.tiles_w = ceil_divide(points.w, kernel.tile);
  b.tiles = p.images * p.grids() * b.tiles_h * b.tiles_w;
  b.kc = winograd_block_channels(p.in_channels);
  b.elements = elements;
  b.whole_input = true;
  b.width = b.tiles <= kernel.lanes ? kernel.lanes : kernel.nr;
  const index_t weight = p.groups * packed_layout(p, kernel).group_size() * bytes;
  const bool transforms_often = !p.packed_weight && weight > winograd_weight_bytes;
  const index_t v_bytes = p.w.windows * elements * p.in_channels * bytes;  // of a tile
  const index_t most_tiles =
      std::min(transforms_often ? 4 * winograd_block_tiles : winograd_block_tiles, winograd_v_bytes / v_bytes);
  const index_t most_panels = std::max<index_t>(1, most_tiles / b.width);
  const index_t all_panels = ceil_divide(b.tiles, b.width);
  b.panels = ceil_divide(all_panels, ceil_divide(all_panels, most_panels));
  b.part_rows = round_up(p.out_channels, kernel.mr);
  split_for_workers(p, ctx.threads, kernel.mr, weight, b);
  const index_t most_rows = winograd_m_bytes / (p.w.phases * elements * b.panels * b.width * bytes);
  b.rows = std::min(b.part_rows, std::max(4 * kernel.mr, round_up(most_rows, kernel.mr)));
  if (transforms_often)
    b.rows =
        std::min(b.rows, std::max(kernel.mr, winograd_a_bytes / (elements * b.kc * bytes) / kernel.mr * kernel.mr));

  const index_t budget = scratch_budget(ctx);
  const auto used = [&] {
    scratch_cursor cursor(nullptr);
    winograd_scratch<T>(cursor, p, kernel, b);
    return cursor.used();
  };
  b.packs_once =
      !p.packed_weight && b.tiles > b.panels * b.width && weight <= winograd_weight_bytes && used() + weight <= budget;
  while (used() > budget && shrink(p, kernel, b)) {
  }
  b.blocks = ceil_divide(b.tiles, b.panels * b.width);
  b.parts = ceil_divide(p.out_channels, b.part_rows);
  return b;
}

/// Output channels [i, i + rows) x input channels [c, c + channels) of a group's weight, transformed for one phase.
///   packed  (N N planes, panels of MR, channels)
template <class T>
void pack_winograd_weight(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, index_t group, index_t phase,
                          index_t i, index_t rows, index_t c, index_t channels, T* packed, index_t plane) {
  index_t tap[9];
  const index_t* tap_h = p.h.tap[phase / p.w.phases];
  const index_t* tap_w = p.w.tap[phase % p.w.phases];
  for (index_t t = 0; t < kernel.taps * kernel.taps; ++t) {
    const index_t row = tap_h[t / kernel.taps], column = tap_w[t % kernel.taps];
    tap[t] = row < 0 || column < 0 ? winograd_axis::no_tap : row * p.kernel_w + column;
  }
  const T* weight = p.weight + group * p.group_stride + c * p.column_stride;
  for (index_t r = 0; r < rows; r += kernel.mr, packed += channels * kernel.mr) {
    const index_t count = std::min(kernel.mr, rows - r);
    kernel.weights(weight + (i + r) * p.row_stride, p.row_stride, count, p.column_stride, tap, channels,
                   kernel.height_of(count), packed, plane);
  }
}

/// The whole weight, as winograd_problem::packed_weight wants it.
template <class T>
void pack_whole_winograd_weight(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, T* packed) {
  const packed_winograd_weight layout = packed_layout(p, kernel);
  const index_t kc = winograd_block_channels(p.in_channels);
  for (index_t group = 0; group < p.groups; ++group)
    for (index_t c = 0; c < p.in_channels; c += kc) {
      const index_t channels = std::min(kc, p.in_channels - c);
      const index_t plane = layout.plane(channels);
      for (index_t phase = 0; phase < p.phases(); ++phase)
        pack_winograd_weight(p, kernel, group, phase, 0, p.out_channels, c, channels,
                             packed + layout.block(group, c) + phase * kernel.elements() * plane, plane);
    }
}

/// Whether line i of the elements of a phase's transformed weight is 0 for every weight: the last one is the last tap.
inline bool is_zero_line(const winograd_axis& axis, index_t phase, index_t i, index_t side, index_t taps) {
  return i == side - 1 && axis.tap[phase][taps - 1] < 0;
}

/// Tiles of a panel that are neighbours in a row of tiles.
struct tile_run {
  index_t begin;  // in the panel
  index_t length;
  index_t image;
  hw grid = 0;
  index_t y;  // of the first tile's first point
  index_t x;
};

/// One block of tiles, one group, one part of the output channels.
template <class T>
class winograd_task {
 public:
  winograd_task(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, const winograd_blocking& blocking,
                const winograd_scratch<T>& scratch)
      : p_(p), kernel_(kernel), blocking_(blocking), scratch_(scratch), elements_(kernel.elements()) {}

  void run(index_t block, index_t group, index_t part) {
    group_ = group;
    first_tile_ = block * blocking_.panels * blocking_.width;
    tiles_ = std::min(blocking_.panels * blocking_.width, blocking_.tiles - first_tile_);
    panels_ = ceil_divide(tiles_, blocking_.width);
    for (index_t phase_h = 0; phase_h < p_.h.phases; ++phase_h) run_phases(phase_h, part);
  }

 private:
  /// The phases of a row, whose outputs are neighbours.
  void run_phases(index_t phase_h, index_t part) {
    phase_h_ = phase_h;
    if (blocking_.whole_input && phase_h < p_.h.windows)
      for (index_t w = 0; w < p_.w.windows; ++w)
        pack_input(w, 0, p_.in_channels, 0, elements_, scratch_.v + w * scratch_.v_window);
    const index_t end = std::min((part + 1) * blocking_.part_rows, p_.out_channels);
    for (index_t o = part * blocking_.part_rows; o < end; o += blocking_.rows) {
      const index_t rows = std::min(blocking_.rows, end - o);
      for (index_t c = 0; c < p_.in_channels; c += blocking_.kc)
        for (index_t e = 0; e < elements_; e += blocking_.elements)
          multiply(o, rows, c, std::min(blocking_.kc, p_.in_channels - c), e,
                   std::min(blocking_.elements, elements_ - e));
      store_outputs(o, rows);
    }
  }

  index_t tiles_of(index_t panel) const { return std::min(blocking_.width, tiles_ - panel * blocking_.width); }
  /// The last tiles of all may fit one vector: they make a narrow panel.
  index_t width_of(index_t panel) const { return tiles_of(panel) <= kernel_.lanes ? kernel_.lanes : blocking_.width; }

  index_t find_runs(index_t panel, tile_run* runs) const {
    const index_t per_grid = blocking_.tiles_h * blocking_.tiles_w;
    const index_t count = tiles_of(panel);
    index_t found = 0;
    for (index_t done = 0; done < count;) {
      const index_t tile = first_tile_ + panel * blocking_.width + done;
      const index_t x = tile % blocking_.tiles_w;
      const index_t length = std::min(blocking_.tiles_w - x, count - done);
      const index_t grid = tile / per_grid % p_.grids();
      runs[found++] = {done,
                       length,
                       tile / per_grid / p_.grids(),
                       {grid / p_.w.dilation, grid % p_.w.dilation},
                       tile % per_grid / blocking_.tiles_w * kernel_.tile,
                       x * kernel_.tile};
      done += length;
    }
    return found;
  }

  /// v for channels [c0, c0 + channels) and the elements [e, e + elements) of every panel, as window_w begins.
  void pack_input(index_t window_w, index_t c0, index_t channels, index_t e, index_t elements, T* to) {
    tile_run runs[most_nr];
    for (index_t panel = 0; panel < panels_; ++panel) {
      const index_t found = find_runs(panel, runs);
      const index_t width = width_of(panel);
      if (tiles_of(panel) < width)
        std::memset(static_cast<void*>(scratch_.rows), 0,
                    static_cast<std::size_t>(elements_ * scratch_.ld) * sizeof(T));
      for (index_t c = 0; c < channels; ++c) {
        for (index_t r = 0; r < found; ++r) {
          const T* line[most_winograd_side];
          lines_of(runs[r], window_w, c0 + c, line);
          kernel_.input_rows(line, runs[r].length, scratch_.rows + runs[r].begin, scratch_.ld);
        }
        T* v =
            to + c / blocking_.kc * elements_ * scratch_.v_plane + panel * scratch_.v_panel + c % blocking_.kc * width;
        if (elements == elements_) {
          kernel_.input_columns(scratch_.rows, scratch_.ld, width, v, scratch_.v_plane);
        } else {
          kernel_.input_columns(scratch_.rows, scratch_.ld, width, scratch_.few, width);
          copy_planes(scratch_.few + e * width, width, elements, width, v, scratch_.v_plane);
        }
      }
    }
  }

  static void copy_planes(const T* from, index_t from_plane, index_t planes, index_t count, T* to, index_t to_plane) {
    for (index_t e = 0; e < planes; ++e)
      std::memcpy(to + e * to_plane, from + e * from_plane, static_cast<std::size_t>(count) * sizeof(T));
  }

  /// The input lines of a run: in the image where whole vectors can be read from them, else copied between zeros.
  void lines_of(const tile_run& run, index_t window_w, index_t channel, const T** line) const {
    const index_t plane = ((run.image * p_.groups + group_) * p_.in_channels + channel) * p_.in.h * p_.in.w;
    const index_t step = p_.w.dilation;
    const index_t x = run.grid.w + run.x * step + window_w - p_.w.padding;
    const index_t first = run.grid.h + run.y * p_.h.dilation + phase_h_ % p_.h.windows - p_.h.padding;
    const index_t wanted = kernel_.tile * run.length + kernel_.overlap();
    const index_t read = kernel_.tile * round_up(run.length, kernel_.lanes) + kernel_.overlap() - 1 + kernel_.lanes;
    const bool whole = step == 1 && x >= 0 && x + read <= p_.in.w;
    for (index_t i = 0; i < kernel_.side(); ++i) {
      const index_t y = first + i * p_.h.dilation;
      const bool inside = y >= 0 && y < p_.in.h;
      const T* source = p_.input + plane + (inside ? y * p_.in.w : 0);
      T* copy = scratch_.line + i * scratch_.line_ld;
      line[i] = whole && inside ? source + x : copy;
      if (line[i] == copy) kernel_.copy_line(source, inside ? p_.in.w : 0, x, step, wanted, copy);
      if (inside && channel + 1 < p_.in_channels)
        prefetch(source + p_.in.h * p_.in.w, std::max<index_t>(x, 0),
                 std::min(x + kernel_.tile * run.length * step, p_.in.w));
    }
  }

  /// The same lines of the next channel: too far away for the hardware to see them coming.
  static void prefetch(const T* line, index_t begin, index_t end) {
    for (index_t x = begin; x < end; x += static_cast<index_t>(alignment / sizeof(T))) __builtin_prefetch(line + x);
  }

  /// m for output channels [o, o + rows) and the elements [e, e + elements): the products of one block of KC.
  void multiply(index_t o, index_t rows, index_t c, index_t channels, index_t e, index_t elements) {
    for (index_t phase_w = 0; phase_w < p_.w.phases; ++phase_w) {
      const index_t phase = phase_h_ * p_.w.phases + phase_w;
      const T* v = scratch_.v;
      if (blocking_.whole_input)
        v += phase_w % p_.w.windows * scratch_.v_window + (c / blocking_.kc * elements_ + e) * scratch_.v_plane;
      else if (phase_w < p_.w.windows)
        pack_input(phase_w, c, channels, e, elements, scratch_.v);
      const T* a = scratch_.a;
      index_t a_plane = scratch_.a_plane;
      if (p_.packed_weight) {
        const packed_winograd_weight layout = packed_layout(p_, kernel_);
        a_plane = layout.plane(channels);
        a = p_.packed_weight + layout.block(group_, c) + (phase * elements_ + e) * a_plane + o * channels;
      } else {
        pack_weight(phase, o, rows, c, channels, e, elements);
      }
      gemm_epilogue<T> epilogue;
      epilogue.accumulate = c > 0;
      for (index_t i = 0; i < elements; ++i)  // a product over no channels is 0
        multiply_element(rows, channels, is_zero(phase_w, e + i) ? 0 : channels, a + i * a_plane,
                         v + i * scratch_.v_plane, scratch_.m + (phase_w * elements_ + e + i) * scratch_.m_plane,
                         epilogue);
    }
  }

  bool is_zero(index_t phase_w, index_t e) const {
    const index_t side = kernel_.side();
    return is_zero_line(p_.h, phase_h_, e / side, side, kernel_.taps) ||
           is_zero_line(p_.w, phase_w, e % side, side, kernel_.taps);
  }

  void pack_weight(index_t phase, index_t o, index_t rows, index_t c, index_t channels, index_t e, index_t elements) {
    if (elements == elements_)
      return pack_winograd_weight(p_, kernel_, group_, phase, o, rows, c, channels, scratch_.a, scratch_.a_plane);
    const index_t plane = round_up(kernel_.mr, kernel_.lanes);
    for (index_t r = 0; r < rows; r += kernel_.mr) {
      const index_t count = std::min(kernel_.mr, rows - r);
      const index_t height = kernel_.height_of(count);
      for (index_t k = 0; k < channels; ++k) {
        pack_winograd_weight(p_, kernel_, group_, phase, o + r, count, c + k, 1, scratch_.few, plane);
        copy_planes(scratch_.few + e * plane, plane, elements, height, scratch_.a + r * channels + k * height,
                    scratch_.a_plane);
      }
    }
  }

  /// m(panel, row, t) [+]= sum over k < depth of a(row, k) * v(panel, k, t)
  void multiply_element(index_t rows, index_t channels, index_t depth, const T* a, const T* v, T* m,
                        const gemm_epilogue<T>& epilogue) {
    for (index_t i = 0; i < rows; i += kernel_.mr, a += channels * kernel_.mr)
      for (index_t panel = 0; panel < panels_; ++panel) {
        const index_t width = width_of(panel);
        kernel_.multiply(std::min(kernel_.mr, rows - i), width, depth, a, v + panel * scratch_.v_panel, width,
                         m + (panel * blocking_.rows + i) * blocking_.width, width, epilogue);
      }
  }

  void store_outputs(index_t o, index_t rows) {
    tile_run runs[most_nr];
    for (index_t panel = 0; panel < panels_; ++panel) {
      const index_t found = find_runs(panel, runs);
      const index_t width = width_of(panel);
      for (index_t i = 0; i < rows; ++i) {
        // The micro-kernel's tiles are MR rows, width apart.
        const index_t tile = i / kernel_.mr * kernel_.mr;
        const T* m = scratch_.m + (panel * blocking_.rows + tile) * blocking_.width + (i - tile) * width;
        const index_t channel = group_ * p_.out_channels + o + i;
        for (index_t phase_w = 0; phase_w < p_.w.phases; ++phase_w)
          kernel_.output_tiles(m + phase_w * elements_ * scratch_.m_plane, scratch_.m_plane, width,
                               p_.bias ? p_.bias[channel] : T{}, p_.relu,
                               scratch_.rows + phase_w * kernel_.tile * kernel_.tile * scratch_.ld, scratch_.ld);
        for (index_t r = 0; r < found; ++r) store_run(runs[r], channel);
      }
    }
  }

  void store_run(const tile_run& run, index_t channel) {
    T* plane = p_.output + (run.image * p_.groups * p_.out_channels + channel) * p_.out.h * p_.out.w;
    const hw step{p_.h.phases * p_.h.dilation, p_.w.dilation};
    const hw first{run.grid.h + phase_h_ + run.y * step.h, run.grid.w + run.x * p_.w.phases * step.w};
    if (first.h >= p_.out.h || first.w >= p_.out.w) return;  // a grid may have fewer points than the first
    const index_t rows = std::min(kernel_.tile, ceil_divide(p_.out.h - first.h, step.h));
    const index_t columns = std::min(kernel_.tile * run.length * p_.w.phases, ceil_divide(p_.out.w - first.w, step.w));
    T* to = plane + first.h * p_.out.w + first.w;
    const bool apart = step.w > 1;
    kernel_.output_rows(scratch_.rows + run.begin, scratch_.ld, rows, columns, apart ? scratch_.line : to,
                        apart ? scratch_.line_ld : step.h * p_.out.w);
    if (!apart) return;
    for (index_t i = 0; i < rows; ++i)
      for (index_t x = 0; x < columns; ++x)
        to[i * step.h * p_.out.w + x * step.w] = scratch_.line[i * scratch_.line_ld + x];
  }

  const winograd_problem<T>& p_;
  const winograd_kernels<T>& kernel_;
  const winograd_blocking& blocking_;
  const winograd_scratch<T>& scratch_;
  const index_t elements_;  // N * N
  index_t group_ = 0;
  index_t phase_h_ = 0;
  index_t first_tile_ = 0;
  index_t tiles_ = 0;
  index_t panels_ = 0;
};

template <class T>
bool has_no_result(const winograd_problem<T>& p) {
  return p.images == 0 || p.out.h == 0 || p.out.w == 0;
}

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
    if (blocking.packs_once) whole.take<T>(p.groups * packed_layout(p, kernel).group_size());
    weight = whole.used();
    scratch_cursor share(nullptr);
    winograd_scratch<T>(share, p, kernel, blocking);
    per_worker = share.used();
    bytes = weight + per_worker * worker_count(ctx, tasks);
  }
};

template <class T>
index_t winograd_scratch_bytes(const winograd_problem<T>& p, const winograd_kernels<T>& kernel, const context& ctx) {
  return has_no_result(p) ? 0 : winograd_plan<T>(p, kernel, ctx).bytes;
}

/// `memory` holds winograd_scratch_bytes.
template <class T>
void run_winograd(winograd_problem<T> p, const winograd_kernels<T>& kernel, const context& ctx, std::byte* memory) {
  if (has_no_result(p)) return;
  const winograd_plan<T> plan(p, kernel, ctx);
  const winograd_blocking& blocking = plan.blocking;
  std::byte* shares = memory + plan.weight;
  if (blocking.packs_once) {
    T* packed = reinterpret_cast<T*>(memory);
    pack_whole_winograd_weight(p, kernel, packed);
    p.packed_weight = packed;
  }
  parallel_tasks(ctx, plan.tasks, [&](index_t worker, index_t t) {
    scratch_cursor cursor(shares + worker * plan.per_worker);
    const winograd_scratch<T> scratch(cursor, p, kernel, blocking);
    const index_t part = t % blocking.parts;
    const index_t block = t / blocking.parts % blocking.blocks;
    winograd_task<T>(p, kernel, blocking, scratch).run(block, t / blocking.parts / blocking.blocks, part);
  });
}

/// The estimated time of one core, in vector operations. Everything is counted for each of the N * N elements of a
/// vector of tiles:
///     products  one multiply-add for each output and input channel, and 3 more for each block of KC, which loads, adds
///               to and stores m; for each phase, but where the weight is 0
///     inputs    for each channel 4 of the columns (a load, 2 of arithmetic, a store), and 12 of the rows (copying the
///               line, taking it apart, 2 of arithmetic, a store); a vector's rows may come from several rows of tiles
///     outputs   for each channel 10: a load, 4 of arithmetic for both transforms, storing the tiles, joining them to
///               lines; 2 of these for each vector of the rows where two phases are joined
///     weight    1.5 for each element, once a call; for each block of tiles where it is too large for the scratch
///               memory
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
  const index_t tiles_h = ceil_divide(p.h.points(0, p.out.h), kernel.tile);
  const index_t tiles_w = ceil_divide(p.w.points(0, p.out.w), kernel.tile);
  const double vectors = d(p.images * ceil_divide(p.grids() * tiles_h * tiles_w, kernel.lanes));
  const double row_vectors = d(p.images * p.grids() * tiles_h * ceil_divide(tiles_w, kernel.lanes));
  const double rows = d(kernel.padded_rows(p.out_channels));
  const double products = d(lines_of(p.h) * lines_of(p.w)) * rows *
                          d(p.in_channels + 3 * ceil_divide(p.in_channels, winograd_kc)) * vectors;
  const double inputs = d(p.h.windows * p.w.windows) * d(p.in_channels) * (4 * vectors + 12 * row_vectors);
  const double joined = p.w.phases > 1 ? row_vectors : vectors;
  const double outputs = d(p.phases()) * d(p.out_channels) * (8 * vectors + 2 * joined);
  const index_t weight_bytes = p.groups * packed_layout(p, kernel).group_size() * static_cast<index_t>(sizeof(T));
  const double passes =
      weight_bytes <= winograd_weight_bytes ? 1 : std::max(1.0, vectors * d(kernel.lanes) / winograd_block_tiles);
  const double weight =
      packed ? 0 : passes * d(p.phases()) * d(p.in_channels) * d(p.out_channels) * (18 / elements + 4 / d(kernel.mr));
  return d(p.groups) * (products + elements * (inputs + outputs + weight));
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
  static const winograd_kernels<T>& kernels(const context& ctx) {
    return TENFOLD_KERNEL(chosen_isa(ctx), winograd_table<T, M, Source::taps, Source::phases>);
  }
  static winograd_problem<T> problem(const convolution_geometry& g, const convolution_operands<T>& operands = {}) {
    return winograd_problem_of<Source>(g, operands);
  }

  static bool applies(const convolution_geometry& g, const context& ctx) {
    if (ctx.math == math::exact || !Source::is(g)) return false;
    return M == 2 || ctx.math == math::fast || Source::is_standard(g);
  }
  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    return winograd_cost(problem(g), kernels(ctx), packed);
  }
  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    return g.groups * packed_layout(problem(g), kernels(ctx)).group_size();
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    convolution_operands<T> operands;
    operands.weight = weight;
    pack_whole_winograd_weight(problem(g, operands), kernels(ctx), packed);
  }
  static index_t scratch_bytes(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const context& ctx) {
    return winograd_scratch_bytes(problem(g, operands), kernels(ctx), ctx);
  }
  static void run(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    run_winograd(problem(g, operands), kernels(ctx), ctx, memory);
  }

  static constexpr convolution_algorithm<T> entry = {
      M == 2 ? Source::name_of_2x2 : Source::name_of_4x4, applies, cost, packed_size, pack, scratch_bytes, run};
};

}  // namespace tenfold::inline v0::detail
