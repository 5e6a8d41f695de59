// Sampling over ranges of the output pixels of all images, and its gradients; that of the images over planes.
#pragma once

#include <tenfold/grid_sample.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_grid_sample(const grid_sample_geometry& g, const T* input, const T* grid, T* output, const context& ctx) {
  if (g.channels == 0) return;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), grid_sample_pixels<T>);
  parallel_ranges(ctx, g.batch * g.out.h * g.out.w, 5 + 1.5 * static_cast<double>(g.channels),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, input, grid, output); });
}

template <class T>
void run_grid_sample_backward(const grid_sample_geometry& g, const T* dy, const T* x, const T* grid, T* dx, T* dgrid,
                              const context& ctx) {
  const auto of_planes = TENFOLD_KERNEL(chosen_isa(ctx), grid_sample_gradient_of_planes<T>);
  const auto of_grid = TENFOLD_KERNEL(chosen_isa(ctx), grid_sample_gradient_of_grid<T>);
  const index_t image = g.out.h * g.out.w;
  if (dx)
    parallel_ranges(ctx, g.batch * g.channels,
                    4.0 * static_cast<double>(image) + 0.1 * static_cast<double>(g.in.h * g.in.w),
                    [&](index_t begin, index_t end) { of_planes(g, begin, end, dy, grid, dx); });
  if (dgrid)
    parallel_ranges(ctx, g.batch * image, 5 + 3.0 * static_cast<double>(g.channels),
                    [&](index_t begin, index_t end) { of_grid(g, begin, end, dy, x, grid, dgrid); });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
