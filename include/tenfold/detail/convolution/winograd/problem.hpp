// What Winograd's algorithms compute: convolutions of stride 1 that share their inputs, one of 3x3, or the phases of a
// transposed one of stride 2. Nothing here depends on the elements' type.
#pragma once

#include <tenfold/detail/axis.hpp>
#include <tenfold/detail/geometry.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One dimension of the convolutions that share their inputs. A dilation of d makes d of each that share nothing, the
/// grids; where it is not 1 there is one phase only. Point x of phase a of grid b
///     is output               b + a + x * phases * dilation
///     and reads R inputs from b + origin + a % windows + x * dilation on, a dilation apart
struct winograd_axis {
  static constexpr index_t no_tap = -1;
  index_t phases = 1;
  index_t windows = 1;
  index_t dilation = 1;
  index_t origin = 0;
  index_t in = 0;
  index_t out = 0;
  index_t tap[2][3] = {};  // of each phase: the kernel's row (or column) for each of the inputs, or no_tap

  /// How many of `taps` taps a phase has: the first ones.
  index_t reach(index_t phase, index_t taps) const {
    while (tap[phase][taps - 1] < 0) --taps;
    return taps;
  }
  /// Whether line i of the elements of a phase's transformed weight is 0 for every weight: the last one is the last
  /// tap.
  bool is_zero_line(index_t phase, index_t i, index_t side, index_t taps) const {
    return i == side - 1 && tap[phase][taps - 1] < 0;
  }

  index_t step() const { return phases * dilation; }
  index_t output(index_t grid, index_t phase, index_t point) const { return grid + phase + point * step(); }
  index_t input(index_t grid, index_t phase, index_t point) const {
    return grid + origin + phase % windows + point * dilation;
  }
  /// Of the first grid's first phase, which has the most.
  index_t points() const { return ceil_divide(out, step()); }
  /// Those from the one on that is this output, at most so many.
  index_t points_from(index_t output, index_t most) const {
    return output < out ? (std::min)(most, ceil_divide(out - output, step())) : 0;
  }
  /// Of `reach` taps from a line on, those before the image, and those behind it.
  index_t taps_before(index_t line, index_t reach) const {
    return line >= 0 ? 0 : (std::min)(reach, ceil_divide(-line, dilation));
  }
  index_t taps_behind(index_t line, index_t reach) const {
    if (line + (reach - 1) * dilation < in) return 0;
    return line >= in ? reach : reach - ceil_divide(in - line, dilation);
  }
};

/// The axis of a transposed convolution, whose phases read by ascending line: as transposed_axis has it, the last tap
/// first. Of a kernel of 3 and a stride of 2 one phase has one tap only, which is the first of two for the sake of
/// is_zero_line. The second phase reads the same inputs as the first, or begins one further.
inline winograd_axis transposed_winograd_axis(const transposed_axis& of, index_t in, index_t out) {
  winograd_axis a{of.stride, 1, of.dilation, 0, in, out};
  for (index_t q = 0; q < a.phases; ++q) {
    const axis_phase phase = of.phase(q);
    const index_t first = phase.reads(1, in).origin;
    if (q == 0) a.origin = first;
    a.windows = 1 + first - a.origin;
    for (index_t t = 0; t < 3; ++t)
      a.tap[q][t] = t < phase.taps ? phase.last_tap() - t * phase.tap_step : winograd_axis::no_tap;
  }
  return a;
}

struct winograd_problem {
  index_t images;
  index_t groups;
  index_t in_channels;   // per group
  index_t out_channels;  // per group
  winograd_axis h;
  winograd_axis w;
  // Row i, column j of the kernel (o, c) of a group is weight[o * row_stride + c * column_stride + i * kernel_w + j].
  index_t window;  // the kernel's taps
  index_t row_stride;
  index_t column_stride;
  index_t kernel_w;
  bool packed;   // the weight comes transformed
  bool guarded;  // see guard.hpp

  index_t group_stride() const { return in_channels * out_channels * window; }
  index_t phases() const { return h.phases * w.phases; }
  index_t grids() const { return h.dilation * w.dilation; }
  index_t in_plane() const { return h.in * w.in; }
  index_t out_plane() const { return h.out * w.out; }
};

inline winograd_problem winograd_problem_of(const convolution_geometry& g, bool transposed) {
  const index_t window = g.kernel.h * g.kernel.w;
  const auto axis_of = [&](index_t kernel, index_t stride, index_t padding, index_t dilation, index_t in, index_t out) {
    if (transposed) return transposed_winograd_axis({kernel, stride, padding, dilation}, in, out);
    return winograd_axis{1, 1, dilation, -padding, in, out, {{0, 1, 2}}};
  };
  return {g.batch,
          g.groups,
          g.in_channels,
          g.out_channels,
          axis_of(g.kernel.h, g.stride.h, g.padding.h, g.dilation.h, g.in.h, g.out.h),
          axis_of(g.kernel.w, g.stride.w, g.padding.w, g.dilation.w, g.in.w, g.out.w),
          window,
          transposed ? window : g.in_channels * window,
          transposed ? g.out_channels * window : window,
          g.kernel.w,
          false,
          true};
}

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
  static constexpr int taps = 3;
  static constexpr bool transposed = false;
  static bool is_standard(const convolution_geometry& g) { return g.in_channels >= 8 && has_large_grids(g); }
  static bool is(const convolution_geometry& g) { return is_3x3_stride_1(g); }
};

/// The convolution with the flipped kernel, and a padding of 2 dilations less the transposed one's.
struct conv_transpose2d_3x3 : conv2d_3x3 {
  static constexpr bool transposed = true;
  static bool is_standard(const convolution_geometry& g) { return g.in_channels >= 32 && has_large_grids(g); }
  static bool is(const convolution_geometry& g) {
    return is_3x3_stride_1(g) && g.padding.h <= 2 * g.dilation.h && g.padding.w <= 2 * g.dilation.w;
  }
};

/// The four phases of a transposed convolution of stride 2 with kernels of 3 and 4: at most 2x2 taps each.
struct conv_transpose2d_stride_2 {
  static constexpr std::string_view name_of_2x2 = "winograd_phases_2x2", name_of_4x4 = "winograd_phases_4x4";
  static constexpr int taps = 2;
  static constexpr bool transposed = true;
  static bool is_standard(const convolution_geometry& g) { return g.in_channels >= (g.kernel == hw(4) ? 8 : 24); }
  static bool is(const convolution_geometry& g) {
    const auto has_two_taps = [](index_t kernel) { return kernel == 3 || kernel == 4; };
    return has_stride(g, 2) && g.dilation == hw(1) && has_two_taps(g.kernel.h) && has_two_taps(g.kernel.w);
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
