// The unpooling of HyeonwooNoh/caffe without a mask, and its gradient, plane by plane.
#pragma once

#include <tenfold/caffe.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The part of pixel i's window that lies in the output, in one dimension.
inline index_range caffe_window(index_t i, index_t stride, index_t kernel, index_t out) {
  const index_t begin = (std::min)(i * stride, out);
  return {begin, begin + (std::min)(kernel, out - begin)};
}

/// Calls visit(pixel, rows, columns) for the pixels of a plane in row-major order: the window of each, which for max is
/// its first place.
template <class Visit>
void for_each_caffe_window(const caffe_unpooling_geometry& g, const Visit& visit) {
  const bool max = g.unpool == caffe_unpool::max;
  const auto window = [&](index_t i, index_t stride, index_t kernel, index_t out) {
    const index_t first = (std::min)(i * stride, out - 1);
    return max ? index_range{first, first + 1} : caffe_window(i, stride, kernel, out);
  };
  for (index_t h = 0; h < g.in.h; ++h) {
    const index_range rows = window(h, g.stride.h, g.kernel.h, g.out.h);
    for (index_t w = 0; w < g.in.w; ++w) visit(h * g.in.w + w, rows, window(w, g.stride.w, g.kernel.w, g.out.w));
  }
}

inline double caffe_plane_ns(const caffe_unpooling_geometry& g) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const double places = d((std::min)(g.kernel.h, g.out.h)) * d((std::min)(g.kernel.w, g.out.w));
  return d(g.in.h) * d(g.in.w) * (2 + (g.unpool == caffe_unpool::max ? 1 : places)) + 0.1 * d(g.out.h) * d(g.out.w);
}

/// Of floating-point numbers only.
template <class T>
void run_caffe_unpooling(const caffe_unpooling_geometry& g, const T* x, T* y, const context& ctx) {
  const index_t in = g.in.h * g.in.w, out = g.out.h * g.out.w;
  parallel_ranges(ctx, g.planes, caffe_plane_ns(g), [&](index_t begin, index_t end) {
    for (index_t p = begin; p < end; ++p) {
      const T* from = x + p * in;
      T* to = y + p * out;
      fill(to, to + out, T{});
      for_each_caffe_window(g, [&](index_t pixel, const index_range& rows, const index_range& columns) {
        const index_t places = g.unpool == caffe_unpool::ave ? rows.size() * columns.size() : 1;
        const T value = places > 1 ? from[pixel] / static_cast<T>(places) : from[pixel];
        if (g.unpool == caffe_unpool::max) {
          to[rows.begin * g.out.w + columns.begin] = value;
          return;
        }
        for (index_t h = rows.begin; h < rows.end; ++h)
          for (index_t w = columns.begin; w < columns.end; ++w) to[h * g.out.w + w] += value;
      });
    }
  });
}

/// Likewise.
template <class T>
void run_caffe_unpooling_backward(const caffe_unpooling_geometry& g, const T* dy, T* dx, const context& ctx) {
  const index_t in = g.in.h * g.in.w, out = g.out.h * g.out.w;
  parallel_ranges(ctx, g.planes, caffe_plane_ns(g), [&](index_t begin, index_t end) {
    for (index_t p = begin; p < end; ++p) {
      const T* from = dy + p * out;
      for_each_caffe_window(g, [&](index_t pixel, const index_range& rows, const index_range& columns) {
        T sum{};
        for (index_t h = rows.begin; h < rows.end; ++h)
          for (index_t w = columns.begin; w < columns.end; ++w) sum += from[h * g.out.w + w];
        const index_t places = rows.size() * columns.size();
        dx[p * in + pixel] = places > 1 ? sum / static_cast<T>(places) : sum;
      });
    }
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
