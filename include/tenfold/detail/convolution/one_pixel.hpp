// conv_transpose2d of an image of one pixel: the first layer of a generator, or a fully connected one. Every output is
// hit by at most one tap, and the weight is read once, as it lies: (C, O kh kw) is the matrix that the pixel's channels
// multiply.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/product/gemv.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class one_pixel {
 public:
  // The (o, i, j) of a task: their sums stay in L2 while the weight's rows pass. The longer the stretch of a row that
  // is read in one go, the nearer to the speed of memory: of 411 MB, 4 KiB at a time took 27 ms, 8 KiB 24, 32 KiB 19
  // and 100 KiB 18 (Zen 4, one core; a plain read takes 17). No result's bits depend on it.
  static constexpr index_t most_width = (index_t{128} << 10) / static_cast<index_t>(sizeof(T));
  static constexpr index_t depth = 64;  // rows of the weight that a group of images shares while they are in L2
  static constexpr index_t images = 4;  // of such a group

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
    const index_t width = width_of(plan.geometry, ctx);
    plan.bytes = share_bytes(width) * worker_count(ctx, task_count(plan.geometry, width));
  }

  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = plan.geometry;
    begin_planes(g, operands, ctx);
    const index_t width = width_of(g, ctx);
    parallel_tasks(ctx, task_count(g, width), [&](index_t worker, index_t t) {
      T* sums = reinterpret_cast<T*>(memory + worker * share_bytes(width));
      const index_t group = t % g.groups;
      const index_t first = t / g.groups * width;
      for (index_t image = 0; image < g.batch; image += images)
        run_images(g, operands, ctx, image, (std::min)(images, g.batch - image), group, first, width, sums);
    });
    if (operands.after.finishes()) finish_planes(g, operands, ctx);
  }

  static constexpr convolution_algorithm<T> entry = {"one_pixel", applies, cost, packed_size, pack, plan, run};

 private:
  static index_t row_length(const convolution_geometry& g) { return g.out_channels * g.kernel.h * g.kernel.w; }
  static index_t task_count(const convolution_geometry& g, index_t width) {
    return g.groups * ceil_divide(row_length(g), width);
  }

  /// Equal shares of a row, a few for each worker.
  static index_t width_of(const convolution_geometry& g, const context& ctx) {
    constexpr auto line = static_cast<index_t>(alignment / sizeof(T));
    const index_t most = (std::min)(most_width, scratch_budget(ctx) / (images * static_cast<index_t>(sizeof(T))));
    const index_t wanted = ctx.threads > 1 ? ceil_divide(4 * thread_count(ctx), g.groups) : 1;
    const index_t parts = (std::max)(ceil_divide(row_length(g), most), wanted);
    return round_up(ceil_divide(row_length(g), parts), line);
  }

  static index_t share_bytes(index_t width) {
    scratch_cursor cursor(nullptr);
    cursor.take<T>(images * width);
    cursor.take<std::byte>(alignment);  // whole vectors are read from the last
    return cursor.used();
  }

  static void begin_planes(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx) {
    const index_t plane = g.out.h * g.out.w;
    const index_t channels = g.groups * g.out_channels;
    const epilogue<T> begun = operands.after.finishes() ? operands.after.added() : operands.after;
    parallel_ranges(ctx, g.batch * channels, 0.1 * static_cast<double>(plane), [&](index_t begin, index_t end) {
      for (index_t c = begin; c < end; ++c) {
        const T bias = operands.bias ? operands.bias[c % channels] : T{};
        T* output = operands.output + c * plane;
        begun.finish(c % channels, plane, &bias, 0, output, 1);
      }
    });
  }

  static void finish_planes(const convolution_geometry& g, const convolution_operands<T>& operands,
                            const context& ctx) {
    const index_t plane = g.out.h * g.out.w;
    const index_t channels = g.groups * g.out_channels;
    const epilogue<T> after = operands.after.activated();
    parallel_ranges(ctx, g.batch * channels, static_cast<double>(plane), [&](index_t begin, index_t end) {
      for (index_t c = begin; c < end; ++c) {
        T* output = operands.output + c * plane;
        after.finish(c % channels, plane, output, 1, output, 1);
      }
    });
  }

  static void run_images(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                         index_t image, index_t count, index_t group, index_t first, index_t width, T* sums) {
    const auto axpy = TENFOLD_KERNEL(chosen_isa(ctx), axpy<T>);
    const index_t row = row_length(g);
    const index_t columns = (std::min)(width, row - first);
    fill(sums, sums + count * width, T{});
    const T* weight = operands.weight + group * g.in_channels * row + first;
    for (index_t c = 0; c < g.in_channels; c += depth)
      for (index_t i = 0; i < count; ++i)
        axpy(operands.input + ((image + i) * g.groups + group) * g.in_channels + c, weight + c * row, row,
             (std::min)(depth, g.in_channels - c), columns, sums + i * width);
    for (index_t i = 0; i < count; ++i) store(g, operands, ctx, image + i, group, first, columns, sums + i * width);
  }

  /// output[o, i * dilation - padding, ..] = finish(bias[o] + sums[(o, i, j) - first]), the taps of one line at a time;
  /// where they cover the whole output, a plane is a line.
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
