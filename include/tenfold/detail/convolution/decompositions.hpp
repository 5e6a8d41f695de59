// The dimensions of both convolutions, for the direct sums.
#pragma once

#include <tenfold/detail/convolution/direct.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One dimension of a convolution, for the direct one. There is one phase, but where a stride of `dilation` makes
/// neighbours of the taps' columns, that many.
struct conv2d_axis : direct_axis {
  conv2d_axis(index_t kernel_, index_t stride_, index_t padding, index_t dilation_, index_t out, bool columns)
      : kernel(kernel_), dilation(dilation_) {
    phases = columns && stride_ == 1 && kernel > 1 && dilation <= out / 8 ? std::max<index_t>(1, dilation) : 1;
    points = ceil_divide(out, phases);
    stride = stride_ * phases;
    origin = -padding;
    span = (kernel - 1) * dilation + phases;
    taps = kernel * phases;
  }
  axis_taps taps_of(index_t phase) const { return {kernel, 0, 1, phase, dilation}; }

  static index_t channel_stride(const convolution_geometry& g) { return g.kernel.h * g.kernel.w; }
  static index_t output_stride(const convolution_geometry& g) { return g.in_channels * channel_stride(g); }

 private:
  index_t kernel, dilation;
};

/// One dimension of a transposed convolution, for the direct one.
struct conv_transpose2d_axis : direct_axis {
  conv_transpose2d_axis(index_t kernel, index_t stride_, index_t padding, index_t dilation, index_t out, bool)
      : whole{kernel, stride_, padding, dilation} {
    phases = (std::min)(stride_, out);
    points = out > 0 ? ceil_divide(out, stride_) : 0;
    stride = 1;
    // Tap i of phase p reads line (p + padding - i * dilation) / stride, where that is whole, with 0 <= p < stride.
    origin = -floor_divide((kernel - 1) * dilation - padding, stride_);
    span = -floor_divide(-padding, stride_) - origin + 1;
    taps = kernel;
  }
  axis_taps taps_of(index_t phase) const {
    const axis_phase c = whole.phase(phase);
    if (c.taps < 2) return {c.taps, c.tap, 0, c.line - origin, 1};
    const index_t last = c.taps - 1;  // which reads the first line
    return {c.taps, c.tap + last * c.tap_step, -c.tap_step, c.line - last * c.line_step - origin, c.line_step};
  }

  static index_t output_stride(const convolution_geometry& g) { return g.kernel.h * g.kernel.w; }
  static index_t channel_stride(const convolution_geometry& g) { return g.out_channels * output_stride(g); }

 private:
  transposed_axis whole;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
