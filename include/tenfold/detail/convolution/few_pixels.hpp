// conv2d with at most four output pixels: a fully connected layer. The weight (O, C kh kw) is the large matrix of dot
// products with the windows of all the batch's pixels.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/product/streamed.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class few_pixels {
 public:
  // Columns of the weight whose products are summed before they are added to the output; they decide the order of the
  // additions.
  static constexpr index_t depth = l1_bytes / 4 / static_cast<index_t>(sizeof(T));

  static bool applies(const convolution_geometry& g, const context&) {
    constexpr index_t most = 4;
    return g.out.h <= most && g.out.w <= most && g.out.h * g.out.w <= most && g.in_channels > 0 && g.out_channels > 0;
  }

  /// A vector of the weight each, adding up each sum's vector, and two operations an element for gathering the windows.
  /// What reading the weight takes is not counted, as the products' estimates leave it out too. (Of 36 layers of one to
  /// four pixels and 16 to 4096 channels, on avx512, the best product took 0.7 to 3.2 times as long, 1.3 in the
  /// middle.)
  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const double window = d(g.in_channels) * d(g.kernel.h) * d(g.kernel.w);
    const double columns = d(g.out.h) * d(g.out.w);
    const double read = d(g.out_channels) * window / d(vector_lanes<T>(ctx));
    const double sums = 16 * d(g.out_channels) * columns * d(ceil_divide(window_size(g), depth));
    return d(g.groups) * (read * columns + sums + 2 * columns * window);
  }

  static index_t packed_size(const convolution_geometry&, const context&) { return 0; }
  static void pack(const convolution_geometry&, const T*, const context&, T*) {}

  static void plan(convolution_plan<T>& plan, const convolution_operands<T>&, const context& ctx) {
    const convolution_geometry& g = plan.geometry;
    const index_t pixels = g.batch * g.out.h * g.out.w;
    const auto own = streamed_plan<T>::dots(g.groups, g.out_channels, pixels, window_size(g), depth, true, ctx);
    plan.bytes = plan.template emplace<streamed_plan<T>>(own).bytes(ctx);
  }

  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = plan.geometry;
    const auto& own = plan.template own<streamed_plan<T>>();
    // A window that is its whole image lies there already.
    const bool whole = g.in == g.kernel && g.out == hw(1) && g.padding == hw(0) && g.dilation == hw(1);
    const auto windows = [&](index_t group, index_t first, index_t count, index_t pixel, index_t columns, T* to) {
      const index_t image = g.groups * own.k;
      if (whole) return strided_matrix<const T>{operands.input + (pixel * image + group * own.k + first), 1, image};
      for (index_t j = 0; j < columns; ++j) gather(g, operands, group, first, count, pixel + j, to + j * own.stretch);
      return strided_matrix<const T>{to, 1, own.stretch};
    };
    const auto store = [&](const dot_sums<T>& s) { add(g, operands, s); };
    with_weight(operands, [&](const auto* weight) { own.run_dots(weight, own.k, windows, store, ctx, memory); });
  }

  static constexpr convolution_algorithm<T> entry = {"few_pixels",
                                                     applies,
                                                     cost,
                                                     packed_size,
                                                     pack,
                                                     plan,
                                                     run,
                                                     {.base = 0.9, .avx2 = 0.9, .avx512 = 0.9},
                                                     weight_in_use::as_it_lies};

 private:
  static index_t window_size(const convolution_geometry& g) { return g.in_channels * g.kernel.h * g.kernel.w; }

  /// window[p - first] = the input under tap p of a pixel, 0 outside the image;   first <= p < first + count
  static void gather(const convolution_geometry& g, const convolution_operands<T>& operands, index_t group,
                     index_t first, index_t count, index_t pixel, T* window) {
    const index_t in_plane = g.in.h * g.in.w, out_plane = g.out.h * g.out.w;
    const index_t top = pixel % out_plane / g.out.w * g.stride.h - g.padding.h;
    const index_t left = pixel % g.out.w * g.stride.w - g.padding.w;
    index_t j = first % g.kernel.w;
    index_t i = first / g.kernel.w % g.kernel.h;
    const index_t channel = (pixel / out_plane * g.groups + group) * g.in_channels + first / g.kernel.w / g.kernel.h;
    const T* plane = operands.input + channel * in_plane;
    for (index_t p = 0; p < count; ++p) {
      const index_t h = top + i * g.dilation.h;
      const index_t w = left + j * g.dilation.w;
      window[p] = h >= 0 && h < g.in.h && w >= 0 && w < g.in.w ? plane[h * g.in.w + w] : T{};
      if (++j < g.kernel.w) continue;
      j = 0;
      if (++i < g.kernel.h) continue;
      i = 0;
      plane += in_plane;
    }
  }

  /// The outputs collect their terms where they lie: the bias and the residual come first, the function last.
  static void add(const convolution_geometry& g, const convolution_operands<T>& operands, const dot_sums<T>& s) {
    using U = arithmetic_t<T>;
    const epilogue<T>& after = operands.after;
    const index_t plane = g.out.h * g.out.w, channel = s.group * g.out_channels + s.i;
    for (index_t j = s.j; j < s.j + s.columns; ++j) {
      T* outputs = operands.output + (j / plane * g.groups * g.out_channels + channel) * plane + j % plane;
      for (index_t r = 0; r < s.rows; ++r) {
        T& y = outputs[r * plane];
        U sum = static_cast<U>(y);
        if (s.first) sum = operands.bias ? static_cast<U>(operands.bias[channel + r]) : U{};
        if (s.first && after.residual) sum = static_cast<U>(sum + static_cast<U>(after.residual[&y - after.output]));
        y = static_cast<T>(static_cast<U>(sum + static_cast<U>(s.sum[r * s.columns + j - s.j])));
        if (s.last && after.only_rectifies() && y < T{}) y = T{};
      }
      if (!s.last || !after.finishes()) continue;
      const index_t rows = after.slopes ? 1 : s.rows;  // that have one function
      for (index_t r = 0; r < s.rows; r += rows)
        after.activated().finish(channel + r, rows, outputs + r * plane, plane, outputs + r * plane, plane);
    }
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
