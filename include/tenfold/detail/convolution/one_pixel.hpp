// conv_transpose2d of an image of one pixel: the first layer of a generator, or a fully connected one. Every output is
// hit by at most one tap. The weight (C, O kh kw) is the large matrix, whose rows are summed with the pixel's channels
// as their factors.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/product/streamed.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class one_pixel {
 public:
  static bool applies(const convolution_geometry& g, const context&) {
    return g.in == hw(1) && g.in_channels > 0 && g.out_channels > 0;
  }

  /// A vector of the weight for each image, or twice that to read it.
  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const double read = d(g.groups) * d(g.in_channels) * d(row_length(g)) / d(vector_lanes<T>(ctx));
    return read * greater(d(g.batch), 2);
  }

  static index_t packed_size(const convolution_geometry&, const context&) { return 0; }
  static void pack(const convolution_geometry&, const T*, const context&, T*) {}

  static void plan(convolution_plan<T>& plan, const convolution_operands<T>&, const context& ctx) {
    const convolution_geometry& g = plan.geometry;
    const auto own = streamed_plan<T>::sums(g.groups, g.batch, row_length(g), g.in_channels, ctx);
    plan.bytes = plan.template emplace<streamed_plan<T>>(own).bytes(ctx);
  }

  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = plan.geometry;
    const auto& own = plan.template own<streamed_plan<T>>();
    const epilogue<T>& after = operands.after;
    finish_planes(g, operands, ctx, after.finishes() ? after.added() : after, true);
    const auto taps = [&](index_t group, index_t image, index_t first, index_t count, const T* sums) {
      store(g, operands, ctx, image, group, first, count, sums);
    };
    with_weight(operands, [&](const auto* weight) {
      own.run_sums({operands.input, g.groups * own.k, 1}, weight, own.n, taps, ctx, memory);
    });
    if (after.finishes()) finish_planes(g, operands, ctx, after.activated(), false);
  }

  static constexpr convolution_algorithm<T> entry = {
      "one_pixel", applies, cost, packed_size, pack, plan, run, {}, weight_in_use::as_it_lies};

 private:
  static index_t row_length(const convolution_geometry& g) { return g.out_channels * g.kernel.h * g.kernel.w; }

  /// The whole output, which is the bias yet, or what the taps have made of it: not every place has a tap.
  static void finish_planes(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                            const epilogue<T>& by, bool is_bias) {
    const index_t plane = g.out.h * g.out.w, channels = g.groups * g.out_channels;
    const double cost = is_bias ? 0.1 : 1;  // of an output
    parallel_ranges(ctx, g.batch * channels, cost * static_cast<double>(plane), [&](index_t begin, index_t end) {
      for (index_t c = begin; c < end; ++c) {
        const T bias = operands.bias ? operands.bias[c % channels] : T{};
        T* output = operands.output + c * plane;
        by.finish(c % channels, plane, is_bias ? &bias : output, is_bias ? 0 : 1, output, 1);
      }
    });
  }

  /// output[o, i * dilation - padding, ..] = rectified(bias[o] + sums[(o, i, j) - first]), the taps of one line at a
  /// time; where they cover the whole output, a plane is a line.
  static void store(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                    index_t image, index_t group, index_t first, index_t count, const T* sums) {
    const auto sum_taps = TENFOLD_KERNEL(chosen_isa(ctx), sum_taps<T>);
    const bool whole = g.out == g.kernel && g.padding == hw(0) && g.dilation == hw(1);
    const index_t lines = whole ? 1 : g.kernel.h;
    const index_t line_taps = whole ? g.kernel.h * g.kernel.w : g.kernel.w;
    const index_t room = whole ? line_taps : g.out.w;
    for (index_t m = 0, taps; m < count; m += taps) {
      const index_t line = (first + m) / line_taps;
      const index_t j = (first + m) % line_taps;
      taps = (std::min)(line_taps - j, count - m);
      const index_t o = group * g.out_channels + line / lines;
      const index_t oh = line % lines * g.dilation.h - g.padding.h;
      if (oh < 0 || oh >= g.out.h) continue;
      // slow_conv_transpose2d's padding may be negative.
      const index_t begin = (std::max)(j, g.padding.w > 0 ? ceil_divide(g.padding.w, g.dilation.w) : 0);
      const index_t reach = room + g.padding.w;  // of the taps' offsets
      const index_t end = (std::min)(j + taps, reach > 0 ? ceil_divide(reach, g.dilation.w) : 0);
      if (begin >= end) continue;
      constexpr index_t here = 0;
      const tap_run run{begin * g.dilation.w - g.padding.w, begin - j, end - begin, g.dilation.w, 1, {&here}, {1}};
      sum_taps(run, sums + m, &here, 1, !operands.after.finishes(), operands.bias ? operands.bias[o] : T{},
               operands.after.only_rectifies(),
               operands.output + ((image * g.groups * g.out_channels + o) * g.out.h + oh) * g.out.w);
    }
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
