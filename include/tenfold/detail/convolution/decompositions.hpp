// The convolutions as what the algorithms take: matrix products, and dimensions for the direct sums.
#pragma once

#include <tenfold/detail/convolution/direct.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// A convolution as matrix products.
struct conv2d_products {
  template <class T>
  static void for_each_problem(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const problem_visitor<T>& visit) {
    visit(problem(g, operands));
  }

  /// One product for each image and group: A is the weight (O, C kh kw), B the column matrix, C the output plane.
  template <class T>
  static gemm_problem<T> problem(const convolution_geometry& g, const convolution_operands<T>& operands) {
    const index_t in_plane = g.in.h * g.in.w;
    gemm_problem<T> p;
    p.m = g.out_channels;
    p.n = g.out.h * g.out.w;
    p.k = g.in_channels * g.kernel.h * g.kernel.w;
    p.a = operands.weight;
    p.a_row = affine_digits(p.m, p.k);
    p.a_column = affine_digits(p.k, 1);
    if (g.kernel == hw(1) && g.stride == hw(1) && g.padding == hw(0) && g.out == g.in) {
      p.image = matrix_operand<T>(operands.input, p.k, in_plane, 0, in_plane);
    } else {
      p.image = {operands.input,
                 in_plane,
                 {g.kernel.h, g.out.h, g.stride.h, g.dilation.h, -g.padding.h, g.in.h},
                 {g.kernel.w, g.out.w, g.stride.w, g.dilation.w, -g.padding.w, g.in.w}};
    }
    p.c = operands.output;
    p.layout.row = affine_digits(p.m, p.n);
    p.layout.points_w = p.layout.line = g.out.w;
    p.bias = operands.bias;
    p.after = operands.after;
    p.images = g.batch;
    p.groups = g.groups;
    p.b_group_stride = g.in_channels * in_plane;
    p.b_image_stride = g.groups * p.b_group_stride;
    p.c_group_stride = p.m * p.n;
    p.c_image_stride = g.groups * p.c_group_stride;
    p.a_group_stride = p.m * p.k;
    p.bias_group_stride = p.m;
    return p;
  }
};

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

/// A transposed convolution as matrix products.
struct conv_transpose2d_phases {
  /// One product for each class of phases (and each image and group).
  template <class T>
  static void for_each_problem(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const problem_visitor<T>& visit) {
    const transposed_axis axis_h{g.kernel.h, g.stride.h, g.padding.h, g.dilation.h};
    const transposed_axis axis_w{g.kernel.w, g.stride.w, g.padding.w, g.dilation.w};
    for (index_t ph = 0; ph < g.stride.h;) {
      const axis_phase h = axis_h.phases_from(ph);
      for (index_t pw = 0; pw < g.stride.w;) {
        const axis_phase w = axis_w.phases_from(pw);
        visit(class_problem(g, operands, clipped(h, g.out.h), clipped(w, g.out.w)));
        pw += w.phases;
      }
      ph += h.phases;
    }
  }

  /// Of a class without taps, the phases that the output has: all of them may be as many as a huge stride. (The others
  /// are no more than the kernel's taps, and a packed weight counts them whatever the output.)
  static axis_phase clipped(axis_phase c, index_t out) {
    if (c.taps == 0) c.phases = (std::min)(c.phases, std::max<index_t>(0, out - c.first));
    return c;
  }

  /// A is the weight (O, phases; C, taps), B the input shifted by the taps, C the output lines of the phases.
  template <class T>
  static gemm_problem<T> class_problem(const convolution_geometry& g, const convolution_operands<T>& operands,
                                       const axis_phase& h, const axis_phase& w) {
    const index_t in_plane = g.in.h * g.in.w;
    const index_t out_plane = g.out.h * g.out.w;
    const index_t window = g.kernel.h * g.kernel.w;
    const hw rest{g.out.h - h.first, g.out.w - w.first};
    const hw points{rest.h > 0 ? ceil_divide(rest.h, g.stride.h) : 0, rest.w > 0 ? ceil_divide(rest.w, g.stride.w) : 0};
    const index_t phases = h.phases * w.phases;
    gemm_problem<T> p;
    p.m = g.out_channels * phases;
    p.n = points.h * points.w;
    p.k = g.in_channels * h.taps * w.taps;
    if (p.k > 0) {
      // Input lines ascend with the columns of A, so the taps descend.
      p.a_row = make_digits({g.out_channels, h.phases, w.phases}, {window, h.next_tap * g.kernel.w, w.next_tap});
      p.a_column = make_digits({g.in_channels, h.taps, w.taps},
                               {g.out_channels * window, -h.tap_step * g.kernel.w, -w.tap_step});
      p.a = operands.weight + (h.last_tap() * g.kernel.w + w.last_tap());
      const axis reads_h = h.reads(points.h, g.in.h), reads_w = w.reads(points.w, g.in.w);
      const bool whole = h.taps == 1 && w.taps == 1 && reads_h.origin == 0 && reads_w.origin == 0 && points == g.in;
      p.image = whole ? matrix_operand<T>(operands.input, p.k, in_plane, 0, in_plane)
                      : image_operand<T>{operands.input, in_plane, reads_h, reads_w};
    }
    if (p.n > 0) p.c = operands.output + (h.first * g.out.w + w.first);
    p.layout.row = make_digits({g.out_channels, h.phases, w.phases}, {out_plane, g.out.w, 1});
    p.layout.points_w = points.w;
    p.layout.line = points.h > 1 ? g.stride.h * g.out.w : 0;
    p.layout.step = g.stride.w;
    p.layout.phases = {h.phases, w.phases};
    p.layout.stride = g.stride;
    p.layout.rest = rest;
    p.layout.ragged =
        (points.h - 1) * g.stride.h + h.phases > rest.h || (points.w - 1) * g.stride.w + w.phases > rest.w;
    p.bias = operands.bias;
    p.rows_per_bias = phases;
    p.after = operands.after;
    p.images = g.batch;
    p.groups = g.groups;
    p.b_group_stride = g.in_channels * in_plane;
    p.b_image_stride = g.groups * p.b_group_stride;
    p.c_group_stride = g.out_channels * out_plane;
    p.c_image_stride = g.groups * p.c_group_stride;
    p.a_group_stride = g.in_channels * g.out_channels * window;
    p.bias_group_stride = g.out_channels;
    return p;
  }
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
