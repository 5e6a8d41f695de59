// A convolution as matrix products: one, or one for each class of phases or each region of its outputs.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// What the products of a convolution have in common: a result for each image and group, and where these lie.
template <class T>
matrix_product<T> product_of_images(const convolution_geometry& g, const convolution_operands<T>& operands) {
  const index_t in_plane = g.in.h * g.in.w, out_plane = g.out.h * g.out.w;
  matrix_product<T> p;
  p.a = operands.weight;
  p.c = operands.output;
  p.bias = operands.bias;
  p.after = operands.after;
  p.images = g.batch;
  p.groups = g.groups;
  p.b_group_stride = g.in_channels * in_plane;
  p.b_image_stride = g.groups * p.b_group_stride;
  p.c_group_stride = g.out_channels * out_plane;
  p.c_image_stride = g.groups * p.c_group_stride;
  p.a_group_stride = g.in_channels * g.out_channels * g.kernel.h * g.kernel.w;
  p.bias_group_stride = g.out_channels;
  return p;
}

/// The image that a convolution reads; a matrix where each point has one tap, its own pixel.
template <class T>
right_operand<T> convolution_input(const convolution_geometry& g, const convolution_operands<T>& operands,
                                   const axis& h, const axis& w) {
  const index_t plane = g.in.h * g.in.w;
  if (h.is_identity() && w.is_identity()) return matrix_operand<T>(operands.input, plane, 1);
  return image_operand<T>(operand_kind::taps, operands.input, g.in_channels, plane, h, w);
}

/// One product: A is the weight (O, C kh kw), B the column matrix, C the output plane.
struct whole_convolution {
  static constexpr std::string_view name = "implicit_gemm";
  static constexpr operation_times times = {};
  static bool applies(const convolution_geometry&, const context&) { return true; }

  template <class T>
  static matrix_product<T> product(const convolution_geometry& g, const convolution_operands<T>& operands) {
    matrix_product<T> p = product_of_images(g, operands);
    p.m = g.out_channels;
    p.n = g.out.h * g.out.w;
    p.k = g.in_channels * g.kernel.h * g.kernel.w;
    p.a_row = affine_digits(p.m, p.k);
    p.a_column = affine_digits(p.k, 1);
    p.b = convolution_input<T>(g, operands, rows_of(g), columns_of(g));
    p.layout.row = affine_digits(p.m, p.n);
    p.layout.points_w = p.layout.line = g.out.w;
    return p;
  }

  template <class T>
  static void for_each_weight(const convolution_geometry& g, const convolution_operands<T>& operands, const context&,
                              const product_visitor<T>& visit) {
    matrix_product<T> p = product(g, operands);
    visit(p);
  }
  template <class T>
  static void for_each_product(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const context& ctx, const product_visitor<T>& visit) {
    matrix_product<T> p = product(g, operands);
    p.packed = packed_whole(p, ctx, operands.packed_weight);
    visit(p);
  }
};

/// For convolutions with much padding: products of those taps only that read the image.
///
/// With a dilation of 18 on a plane of 33 x 33 (DeepLab's last stage), six of ten multiplications of an implicit
/// product are by the zeros around the image. Each axis of the output falls into regions whose pixels have the same
/// taps in the image, and each pair of regions is a product of its own: over the taps of both, one after the other,
/// with B straight from the image. The weight is packed tap by tap, for all of them and for any size of the image.
struct convolution_regions {
  static constexpr std::string_view name = "gemm_per_tap";
  static constexpr operation_times times = {};
  static constexpr index_t most_taps = 5;  // of rows and columns: more would make ever more and smaller regions

  static bool applies(const convolution_geometry& g, const context&) {
    return g.groups == 1 && g.stride == hw(1) && g.kernel.h <= most_taps && g.kernel.w <= most_taps &&
           g.in_channels > 0;
  }

  /// All taps of all pixels, tap by tap; the regions have some of its taps each.
  template <class T>
  static matrix_product<T> whole(const convolution_geometry& g, const convolution_operands<T>& operands) {
    matrix_product<T> p = whole_convolution::product(g, operands);
    p.parts = g.kernel.h * g.kernel.w;
    p.a_column = {{g.kernel.h, g.kernel.w, g.in_channels}, {g.kernel.w, 1, p.parts}};
    p.b = image_operand<T>(operand_kind::inside, operands.input, g.in_channels, g.in.h * g.in.w, rows_of(g),
                           columns_of(g));
    return p;
  }

  template <class T>
  static matrix_product<T> region(matrix_product<T> p, const axis_region& h, const axis_region& w) {
    const index_t channels = p.b.channels, kernel_w = p.b.w.taps;
    const index_t first = h.taps.begin * kernel_w + w.taps.begin, taps = h.taps.size() * w.taps.size();
    p.n = h.points.size() * w.points.size();
    p.parts = std::max<index_t>(1, taps);
    p.k = taps * channels;
    p.a_column = {{h.taps.size(), w.taps.size(), channels}, {kernel_w, 1, p.a_column.stride[2]}};
    p.a += first;
    p.packed.first_column = first * channels;
    p.packed.column = {{h.taps.size(), w.taps.size(), channels}, {kernel_w * channels, channels, 1}};
    p.b.h = p.b.h.part(h.taps.begin, h.taps.size(), h.points.begin, h.points.size());
    p.b.w = p.b.w.part(w.taps.begin, w.taps.size(), w.points.begin, w.points.size());
    p.c += h.points.begin * p.layout.line + w.points.begin;
    p.layout.points_w = w.points.size();
    return p;
  }

  template <class T>
  static void for_each_weight(const convolution_geometry& g, const convolution_operands<T>& operands, const context&,
                              const product_visitor<T>& visit) {
    matrix_product<T> all = whole(g, operands);
    visit(all);
  }
  template <class T>
  static void for_each_product(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const context& ctx, const product_visitor<T>& visit) {
    matrix_product<T> all = whole(g, operands);
    all.packed = packed_whole(all, ctx, operands.packed_weight);
    for (index_t y = 0; y < g.out.h;) {
      const axis_region h = region_from(all.b.h, y);
      for (index_t x = 0; x < g.out.w;) {
        const axis_region w = region_from(all.b.w, x);
        matrix_product<T> part = region(all, h, w);
        visit(part);
        x = w.points.end;
      }
      y = h.points.end;
    }
  }
};

/// A transposed convolution: one product for each class of phases.
struct transposed_phases {
  static constexpr std::string_view name = "implicit_gemm";
  static constexpr operation_times times = {};
  static bool applies(const convolution_geometry&, const context&) { return true; }

  template <class T>
  static void for_each_weight(const convolution_geometry& g, const convolution_operands<T>& operands, const context&,
                              const product_visitor<T>& visit) {
    const transposed_axis axis_h{g.kernel.h, g.stride.h, g.padding.h, g.dilation.h};
    const transposed_axis axis_w{g.kernel.w, g.stride.w, g.padding.w, g.dilation.w};
    for (index_t ph = 0; ph < g.stride.h;) {
      const axis_phase h = axis_h.phases_from(ph);
      for (index_t pw = 0; pw < g.stride.w;) {
        const axis_phase w = axis_w.phases_from(pw);
        matrix_product<T> p = product(g, operands, clipped(h, g.out.h), clipped(w, g.out.w));
        visit(p);
        pw += w.phases;
      }
      ph += h.phases;
    }
  }
  template <class T>
  static void for_each_product(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const context& ctx, const product_visitor<T>& visit) {
    auto with_packed = [&, packed = operands.packed_weight](matrix_product<T>& p) mutable {
      p.packed = packed_whole(p, ctx, packed);
      packed += p.packed.group_stride * p.groups;
      visit(p);
    };
    for_each_weight(g, operands, ctx, product_visitor<T>(with_packed));
  }

 private:
  /// Of a class without taps, the phases that the output has: all of them may be as many as a huge stride. (The others
  /// are no more than the kernel's taps, and a packed weight counts them whatever the output.)
  static axis_phase clipped(axis_phase c, index_t out) {
    if (c.taps == 0) c.phases = (std::min)(c.phases, std::max<index_t>(0, out - c.first));
    return c;
  }

  /// A is the weight (O, phases; C, taps), B the input shifted by the taps, C the output lines of the phases.
  template <class T>
  static matrix_product<T> product(const convolution_geometry& g, const convolution_operands<T>& operands,
                                   const axis_phase& h, const axis_phase& w) {
    const index_t out_plane = g.out.h * g.out.w, window = g.kernel.h * g.kernel.w;
    const hw rest{g.out.h - h.first, g.out.w - w.first};
    const hw points{rest.h > 0 ? ceil_divide(rest.h, g.stride.h) : 0, rest.w > 0 ? ceil_divide(rest.w, g.stride.w) : 0};
    matrix_product<T> p = product_of_images(g, operands);
    p.rows_per_bias = h.phases * w.phases;
    p.m = g.out_channels * p.rows_per_bias;
    p.n = points.h * points.w;
    p.k = g.in_channels * h.taps * w.taps;
    if (p.k > 0) {
      // Input lines ascend with the columns of A, so the taps descend.
      p.a_row = make_digits({g.out_channels, h.phases, w.phases}, {window, h.next_tap * g.kernel.w, w.next_tap});
      p.a_column = make_digits({g.in_channels, h.taps, w.taps},
                               {g.out_channels * window, -h.tap_step * g.kernel.w, -w.tap_step});
      p.a += h.last_tap() * g.kernel.w + w.last_tap();
      p.b = convolution_input<T>(g, operands, h.reads(points.h, g.in.h), w.reads(points.w, g.in.w));
    }
    if (p.n > 0) p.c += h.first * g.out.w + w.first;
    p.layout.row = make_digits({g.out_channels, h.phases, w.phases}, {out_plane, g.out.w, 1});
    p.layout.points_w = points.w;
    p.layout.line = points.h > 1 ? g.stride.h * g.out.w : 0;
    p.layout.step = g.stride.w;
    p.layout.phases = {h.phases, w.phases};
    p.layout.stride = g.stride;
    p.layout.rest = rest;
    p.layout.ragged =
        (points.h - 1) * g.stride.h + h.phases > rest.h || (points.w - 1) * g.stride.w + w.phases > rest.w;
    return p;
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
