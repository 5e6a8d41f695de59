// max_pool2d over ranges of the rows of all planes.
#pragma once

#include <tenfold/max_pool2d.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <bool Indices, class T>
void run_max_pool2d(const pool2d_geometry& g, const T* input, T* values, index_t* indices, const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), max_pool2d_rows<T, Indices>);
  const double row_ns = 0.2 * static_cast<double>(g.w.points) * static_cast<double>(g.h.taps + g.w.taps);
  parallel_ranges(ctx, g.planes * g.h.points, row_ns,
                  [&](index_t begin, index_t end) { kernel(g, begin, end, input, values, indices); });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
