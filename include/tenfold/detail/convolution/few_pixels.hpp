// conv2d with at most four output pixels: a fully connected layer. The weight is read as it lies, once for every four
// pixels of the batch, and multiplied with their windows.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/product/gemv.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class few_pixels {
 public:
  // Columns of the weight whose products are summed before they are added to the output; they decide the order of the
  // additions.
  static constexpr index_t depth = (index_t{8} << 10) / static_cast<index_t>(sizeof(T));

  static bool applies(const convolution_geometry& g, const context&) {
    return g.out.h <= gemv_most && g.out.w <= gemv_most && g.out.h * g.out.w <= gemv_most && g.in_channels > 0 &&
           g.out_channels > 0;
  }

  /// A vector of the weight each, or the time to read it, adding up each sum's vector, and two operations an element
  /// for gathering the windows.
  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const double window = d(g.in_channels) * d(g.kernel.h) * d(g.kernel.w);
    const double columns = d(g.out.h) * d(g.out.w);
    const double read = d(g.out_channels) * window / d(vector_lanes<T>(ctx));
    const double sums =
        16 * d(g.out_channels) * columns * d(ceil_divide(g.in_channels * g.kernel.h * g.kernel.w, depth));
    return d(g.groups) * (read * greater(columns, 2) + sums + 2 * columns * window);
  }

  static index_t packed_size(const convolution_geometry&, const context&) { return 0; }
  static void pack(const convolution_geometry&, const T*, const context&, T*) {}

  static void plan(convolution_plan<T>& plan, const convolution_operands<T>&, const context& ctx) {
    const convolution_geometry& g = plan.geometry;
    plan.bytes = share_bytes(g, ctx) * worker_count(ctx, task_count(g, ctx));
  }

  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = plan.geometry;
    const index_t tasks = task_count(g, ctx);
    const index_t per_group = tasks / g.groups;
    const index_t rows = ceil_divide(g.out_channels, per_group);
    parallel_tasks(ctx, tasks, [&](index_t worker, index_t t) {
      T* windows = reinterpret_cast<T*>(memory + worker * share_bytes(g, ctx));
      const index_t first = (std::min)(t % per_group * rows, g.out_channels);
      few_pixels layer(g, operands, ctx, t / per_group);
      for (index_t pixel = 0; pixel < layer.pixels_; pixel += gemv_most)
        layer.run_rows(first, (std::min)(first + rows, g.out_channels), pixel, windows);
    });
  }

  static constexpr convolution_algorithm<T> entry = {"few_pixels", applies, cost, packed_size, pack, plan, run};

 private:
  static index_t window_size(const convolution_geometry& g) { return g.in_channels * g.kernel.h * g.kernel.w; }

  /// Columns of the weight whose part of the windows is there at a time: all, where that keeps to half of L2, so that
  /// whole rows are read in one go: of 411 MB, 8 KiB at a time took 31 ms, 32 KiB 24 and 100 KiB 19 to 21 (Zen 4, one
  /// core; a plain read takes 17). No result's bits depend on it.
  static index_t stretch_of(const convolution_geometry& g, const context& ctx) {
    constexpr index_t half_of_l2 = index_t{512} << 10;
    const index_t most = (std::min)(half_of_l2, scratch_budget(ctx)) / (gemv_most * static_cast<index_t>(sizeof(T)));
    return (std::min)(round_up(window_size(g), depth), most / depth * depth);
  }

  static index_t share_bytes(const convolution_geometry& g, const context& ctx) {
    scratch_cursor cursor(nullptr);
    cursor.take<T>(gemv_most * stretch_of(g, ctx));
    return cursor.used();
  }

  /// Few and large: each gathers the windows anew.
  static index_t task_count(const convolution_geometry& g, const context& ctx) {
    return g.groups * std::clamp<index_t>(ctx.threads > 1 ? 4 * thread_count(ctx) : 1, 1, g.out_channels);
  }

  few_pixels(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx, index_t group)
      : g_(g),
        operands_(operands),
        dot_(TENFOLD_KERNEL(chosen_isa(ctx), dot<T>)),
        group_(group),
        window_(window_size(g)),
        stretch_(stretch_of(g, ctx)),
        plane_(g.out.h * g.out.w),
        pixels_(g.batch * plane_) {}

  /// Output channels [begin, end) of up to four pixels of the batch.
  void run_rows(index_t begin, index_t end, index_t pixel, T* windows) const {
    const index_t columns = (std::min)(gemv_most, pixels_ - pixel);
    for (index_t p = 0; p < window_; p += stretch_) {
      const index_t count = (std::min)(stretch_, window_ - p);
      gather(p, count, pixel, columns, windows);
      for (index_t o = begin, rows; o < end; o += rows) {
        rows = end - o >= 4 ? 4 : 1;
        for (index_t q = 0; q < count; q += depth)
          add_products(o, rows, pixel, columns, p + q, (std::min)(depth, count - q), windows + q);
      }
    }
    const epilogue<T> after = operands_.after.activated();
    const index_t rows = after.slopes ? 1 : end - begin;  // that have one function
    if (after.finishes() || after.only_rectifies())
      for (index_t j = pixel; j < pixel + columns; ++j)
        for (index_t o = begin; o < end; o += rows)
          after.finish(group_ * g_.out_channels + o, rows, &output(o, j), plane_, &output(o, j), plane_);
  }

  /// The products of columns [p, p + count) of the weight for four output channels or one.
  void add_products(index_t o, index_t rows, index_t pixel, index_t columns, index_t p, index_t count,
                    const T* windows) const {
    using U = arithmetic_t<T>;
    T sum[4 * gemv_most];
    const T* weight = operands_.weight + (group_ * g_.out_channels + o) * window_ + p;
    dot_(weight, rows == 4 ? window_ : 0, windows, stretch_, columns, count, sum);
    for (index_t r = 0; r < rows; ++r)
      for (index_t j = 0; j < columns; ++j) {
        T& y = output(o + r, pixel + j);
        if (p == 0) begin(o + r, y);
        y = static_cast<T>(static_cast<U>(static_cast<U>(y) + static_cast<U>(sum[r * columns + j])));
      }
  }

  /// The bias and the residual.
  void begin(index_t o, T& y) const {
    const index_t channel = group_ * g_.out_channels + o;
    const T bias = operands_.bias ? operands_.bias[channel] : T{};
    if (operands_.after.residual)
      operands_.after.added().finish(channel, 1, &bias, 0, &y, 1);
    else
      y = bias;
  }

  T& output(index_t o, index_t pixel) const {
    const index_t image = pixel / plane_;
    return operands_.output[((image * g_.groups + group_) * g_.out_channels + o) * plane_ + pixel % plane_];
  }

  /// windows[column * stretch + p - first] = the input under tap p of a pixel, 0 outside the image;   first <= p <
  /// first
  /// + count
  void gather(index_t first, index_t count, index_t pixel, index_t columns, T* windows) const {
    const index_t in_plane = g_.in.h * g_.in.w;
    for (index_t end = pixel + columns; pixel < end; ++pixel, windows += stretch_) {
      const index_t image = pixel / plane_;
      const T* input = operands_.input + (image * g_.groups + group_) * g_.in_channels * in_plane;
      const index_t top = pixel % plane_ / g_.out.w * g_.stride.h - g_.padding.h;
      const index_t left = pixel % g_.out.w * g_.stride.w - g_.padding.w;
      index_t j = first % g_.kernel.w;
      index_t i = first / g_.kernel.w % g_.kernel.h;
      const T* plane = input + first / g_.kernel.w / g_.kernel.h * in_plane;
      for (index_t p = 0; p < count; ++p) {
        const index_t h = top + i * g_.dilation.h;
        const index_t w = left + j * g_.dilation.w;
        windows[p] = h >= 0 && h < g_.in.h && w >= 0 && w < g_.in.w ? plane[h * g_.in.w + w] : T{};
        if (++j < g_.kernel.w) continue;
        j = 0;
        if (++i < g_.kernel.h) continue;
        i = 0;
        plane += in_plane;
      }
    }
  }

  const convolution_geometry& g_;
  const convolution_operands<T>& operands_;
  void (*dot_)(const T* a, index_t lda, const T* x, index_t ldx, index_t columns, index_t k, T* sum);
  index_t group_, window_, stretch_, plane_, pixels_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
