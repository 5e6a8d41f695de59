// Convolutions with much padding: products of those taps only that read the image.
//
// With a dilation of 18 on a plane of 33 x 33 (DeepLab's last stage), six of ten multiplications of an implicit product
// are by the zeros around the image. Each axis of the output falls into regions whose pixels have the same taps in the
// image, and each pair of regions is a product of its own: over the taps of both, one after the other, with B straight
// from the image. The weight is packed tap by tap, for all of them and for any size of the image.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// A kernel has at most so many rows and columns here: more would make ever more and smaller regions.
inline constexpr index_t most_region_taps = 5;

/// Source::problem(geometry, operands) is the product with all taps of a convolution of stride 1.
template <class Source, class T>
struct gemm_per_tap {
  /// The same, tap by tap; the regions have some of its taps each.
  static gemm_problem<T> whole_problem(const convolution_geometry& g, const convolution_operands<T>& operands) {
    gemm_problem<T> p = Source::problem(g, operands);
    p.parts = g.kernel.h * g.kernel.w;
    p.a_column = {{g.kernel.h, g.kernel.w, g.in_channels}, {g.kernel.w, 1, p.parts}};
    p.packed_a = operands.packed_weight;
    p.image.unpadded = true;
    p.image.channels = g.in_channels;
    return p;
  }

  static gemm_problem<T> problem_of(gemm_problem<T> p, const axis_region& h, const axis_region& w,
                                    const gemm_kernels<T>& kernel) {
    const index_t channels = p.image.channels;
    const index_t kernel_w = p.image.w.taps;
    const index_t first = h.taps.begin * kernel_w + w.taps.begin;
    p.n = h.points.size() * w.points.size();
    p.parts = std::max<index_t>(1, h.taps.size() * w.taps.size());
    p.k = h.taps.size() * w.taps.size() * channels;
    p.a_column = {{h.taps.size(), w.taps.size(), channels}, {kernel_w, 1, p.a_column.stride[2]}};
    p.a += first;
    p.packed_a += first * channels * kernel.padded_rows(p.m);
    p.packed_k = {{h.taps.size(), w.taps.size(), channels}, {kernel_w * channels, channels, 1}};
    p.image.h = p.image.h.part(h.taps.begin, h.taps.size(), h.points.begin, h.points.size());
    p.image.w = p.image.w.part(w.taps.begin, w.taps.size(), w.points.begin, w.points.size());
    p.c += h.points.begin * p.layout.line + w.points.begin;
    p.layout.points_w = w.points.size();
    return p;
  }

  template <class Visit>
  static void visit_problems(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                             Visit visit) {
    const gemm_kernels<T>& kernel = gemm_kernels_of<T>(ctx, g.out_channels);
    const gemm_problem<T> whole = whole_problem(g, operands);
    for (index_t y = 0; y < whole.image.h.points;) {
      const axis_region h = region_from(whole.image.h, y);
      for (index_t x = 0; x < whole.image.w.points;) {
        const axis_region w = region_from(whole.image.w, x);
        visit(problem_of(whole, h, w, kernel));
        x = w.points.end;
      }
      y = h.points.end;
    }
  }

  static bool applies(const convolution_geometry& g, const context&) {
    return g.groups == 1 && g.stride == hw(1) && g.kernel.h <= most_region_taps && g.kernel.w <= most_region_taps &&
           g.in_channels > 0;
  }
  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    double sum = 0;
    const gemm_kernels<T>& kernel = gemm_kernels_of<T>(ctx, g.out_channels);
    visit_problems(g, {}, ctx, [&](const gemm_problem<T>& p) { sum += gemm_cost(p, kernel, packed); });
    return sum;
  }
  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    return gemm_packed_size(whole_problem(g, {}), ctx) + vector_lanes<T>(ctx);
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    convolution_operands<T> from;
    from.weight = weight;
    pack_beforehand(whole_problem(g, from), ctx, packed);
  }
  static void plan(convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx) {
    auto& own = plan.template emplace<products_plan<T>>();
    visit_problems(plan.geometry, operands, ctx,
                   [&](const gemm_problem<T>& p) { plan.bytes = (std::max)(plan.bytes, own.add(p, ctx)); });
  }
  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const auto& own = plan.template own<products_plan<T>>();
    visit_problems(plan.geometry, operands, ctx,
                   [&, i = index_t{0}](const gemm_problem<T>& p) mutable { own.run(i++, p, ctx, memory); });
  }

  static constexpr convolution_algorithm<T> entry = {"gemm_per_tap", applies, cost, packed_size, pack, plan, run};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
