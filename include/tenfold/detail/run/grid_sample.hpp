// Sampling over ranges of the output pixels of all images.
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

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
