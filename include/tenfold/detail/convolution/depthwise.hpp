// The convolution of planes with one kernel each, by lines as they lie: what networks call depthwise. Several lines of
// output are computed together and share what they read.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>

#include <cstring>  // memset

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class depthwise {
 public:
  /// Of the columns the stride is 1 or 2, and a block of lines sees not too many of the plane.
  static bool applies(const convolution_geometry& g, const context& ctx) {
    const depthwise_kernels<T>& k = kernels(g, ctx);
    return k.lines[0][0] && g.in_channels == 1 && g.out_channels > 0 && g.in.h > 0 && g.in.w > 0 && g.out.h > 0 &&
           g.out.w > 0 && g.kernel.h > 0 && g.kernel.w > 0 && g.stride.w <= 2 && g.stride.h <= most_lines / 8 &&
           g.in.w <= least_scratch_bytes / static_cast<index_t>(sizeof(T)) && g.kernel.h <= most_lines / g.dilation.h &&
           g.kernel.w <= 1024 / g.kernel.h &&
           k.heights[0] + ceil_divide((g.kernel.h - 1) * g.dilation.h, g.stride.h) <= most_lines / g.stride.h;
  }

  /// For a vector of a line a multiply-add and its share of the loads for each tap, more where every second column is
  /// taken out of two vectors, or lines share no loads; half a vector takes two thirds of the time of one. Masks, at
  /// the ends of lines, are free at avx512 only.
  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const index_t height = height_of(g, ctx), vectors = ceil_divide(g.out.w, vector_lanes<T>(ctx));
    const double shares = g.stride.h % g.dilation.h == 0 ? 1 : 1.7;
    const double taps = d(g.kernel.h) * d(g.kernel.w) * shares;
    const double vector = g.stride.w == 1 ? 1.15 * taps + 3 : 1.55 * taps + 9.5;
    const double ends = chosen_isa(ctx) == isa::avx512 ? 0 : 0.45 * d(std::min<index_t>(vectors, 2));
    const double line = (narrow(g, ctx) ? 0.65 : d(vectors) + ends) * vector;
    const index_t blocks = g.batch * g.groups * g.out_channels * ceil_divide(g.out.h, height);
    return 1000 + d(blocks) * (d(height) * line + 40);
  }

  static index_t packed_size(const convolution_geometry&, const context&) { return 0; }
  static void pack(const convolution_geometry&, const T*, const context&, T*) {}

  static void plan(convolution_plan<T>& plan, const convolution_operands<T>&, const context&) {
    plan.bytes = static_cast<index_t>(zeros_bytes(plan.geometry));
  }

  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = whole.geometry;
    std::memset(memory, 0, zeros_bytes(g));
    const T* zeros = reinterpret_cast<const T*>(memory);
    const index_t height = height_of(g, ctx), blocks = ceil_divide(g.out.h, height);
    const index_t units = g.batch * g.groups * g.out_channels * blocks;
    const depthwise_kernels<T>& k = kernels(g, ctx);
    const epilogue<T> after = operands.after.activated();
    direct_taps taps[std::size_t{most_lines}];
    const depthwise_problem<T> common = common_of(g, after, taps);
    const index_t parts = worker_count(ctx, units) == 1 ? 1 : (std::min)(units, 4 * thread_count(ctx));
    parallel_tasks(ctx, parts, [&](index_t, index_t part) {
      depthwise_problem<T> p = common;
      const index_range range = part_of(units, parts, part);
      index_t plane = range.begin / blocks, block = range.begin % blocks;
      for (index_t u = range.begin; u < range.end; ++plane, block = 0) {
        const plane_of_output to(g, operands, plane);
        for (; block < blocks && u < range.end; ++block, ++u)
          compute(g, after, k, to, zeros, block * height, height, p);
      }
    });
  }

  static constexpr convolution_algorithm<T> entry = {"depthwise", applies, cost,           packed_size,        pack,
                                                     plan,        run,     {.avx2 = 0.75}, weight_in_use::both};

 private:
  static constexpr index_t most_lines = depthwise_problem<T>::most_lines;

  /// Of the line that stands for those beyond the image.
  static std::size_t zeros_bytes(const convolution_geometry& g) { return static_cast<std::size_t>(g.in.w) * sizeof(T); }

  /// Lines of half a vector take half a vector: a fifth faster for planes of 7 x 7.
  static bool narrow(const convolution_geometry& g, const context& ctx) {
    return TENFOLD_NARROW_KERNEL(chosen_isa(ctx), lanes<T>) < vector_lanes<T>(ctx) &&
           2 * g.out.w <= vector_lanes<T>(ctx);
  }
  static const depthwise_kernels<T>& kernels(const convolution_geometry& g, const context& ctx) {
    const isa level = chosen_isa(ctx);
    if (narrow(g, ctx)) return TENFOLD_NARROW_KERNEL(level, depthwise_table<T>);
    return TENFOLD_KERNEL(level, depthwise_table<T>);
  }

  /// Seven lines are half of 14, of 28, ..., and a tenth faster a line than four.
  static index_t height_of(const convolution_geometry& g, const context& ctx) {
    const depthwise_kernels<T>& k = kernels(g, ctx);
    return 9 * round_up(g.out.h, k.heights[0]) <= 10 * round_up(g.out.h, k.heights[1]) ? k.heights[0] : k.heights[1];
  }

  /// What all blocks have in common. Taps whose lines are a stride apart read what neighbouring outputs do.
  static depthwise_problem<T> common_of(const convolution_geometry& g, const epilogue<T>& after, direct_taps* taps) {
    depthwise_problem<T> p;
    const index_t period =
        g.stride.h % g.dilation.h == 0 ? (std::min)(g.stride.h / g.dilation.h, g.kernel.h) : g.kernel.h;
    p.taps = taps;
    for (index_t first = 0; first < period; ++first)
      for (index_t i = first; i < g.kernel.h; i += taps[p.count++].count * period)
        taps[p.count] = {place_of(g, i * g.dilation.h), i * g.kernel.w, at_once(ceil_divide(g.kernel.h - i, period))};
    p.lines_of_phase = most_lines / g.stride.h;
    p.width = g.in.w;
    p.left = -g.padding.w;
    p.weight_step = period * g.kernel.w;
    p.taps_w = g.kernel.w;
    p.taps_step = g.dilation.w;
    p.y_line = g.out.w;
    p.columns = g.out.w;
    p.after.relu = after.of == activation::function::relu;
    p.after.clips = after.of == activation::function::clip;
    p.after.low = after.low;
    p.after.high = after.high;
    return p;
  }
  /// Where a problem has a block's line: those a stride apart are neighbours.
  static index_t place_of(const convolution_geometry& g, index_t line) {
    return line % g.stride.h * (most_lines / g.stride.h) + line / g.stride.h;
  }
  static index_t at_once(index_t taps) { return taps == 4 ? 2 : std::min<index_t>(taps, 3); }

  /// A plane of the output and what it is made of.
  struct plane_of_output {
    index_t channel;
    const T* input;
    const T* weight;
    T bias;
    T* output;
    const T* residual;

    plane_of_output(const convolution_geometry& g, const convolution_operands<T>& operands, index_t plane)
        : channel(plane % (g.groups * g.out_channels)),
          input(operands.input + plane / g.out_channels * g.in.h * g.in.w),
          weight(operands.weight + channel * g.kernel.h * g.kernel.w),
          bias(operands.bias ? operands.bias[channel] : T{}),
          output(operands.output + plane * g.out.h * g.out.w),
          residual(operands.after.residual ? operands.after.residual + plane * g.out.h * g.out.w : nullptr) {}
  };

  /// Its lines [first, first + height).
  static void compute(const convolution_geometry& g, const epilogue<T>& after, const depthwise_kernels<T>& k,
                      const plane_of_output& plane, const T* zeros, index_t first, index_t height,
                      depthwise_problem<T>& p) {
    const index_t top = first * g.stride.h - g.padding.h, at = first * g.out.w;
    const index_t end = top + (height - 1) * g.stride.h + (g.kernel.h - 1) * g.dilation.h + 1;
    for (index_t phase = 0; phase < g.stride.h; ++phase) {
      const T** line = p.line + phase * p.lines_of_phase;
      for (index_t y = top + phase; y < end; y += g.stride.h, ++line)
        *line = y >= 0 && y < g.in.h ? plane.input + y * g.in.w : zeros;
    }
    p.weight = plane.weight;
    p.bias = plane.bias;
    p.addend = plane.residual ? plane.residual + at : nullptr;
    p.y = plane.output + at;
    p.lines = (std::min)(height, g.out.h - first);
    k.lines[height == k.heights[0] ? 0 : 1][g.stride.w - 1](p);
    if (p.after.clips || !after.finishes()) return;
    for (index_t i = 0; i < p.lines; ++i)
      after.finish(plane.channel, p.columns, p.y + i * p.y_line, 1, p.y + i * p.y_line, 1);
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
