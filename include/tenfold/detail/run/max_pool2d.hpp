// max_pool2d over ranges of the rows of all planes, and its gradient.
#pragma once

#include <tenfold/max_pool2d.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/run/plane_indices.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <bool Indices, class T>
void run_max_pool2d(const pool2d_geometry& g, const T* input, T* values, index_t* indices, const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), max_pool2d_rows<T, Indices>);
  const double row_ns = 0.2 * static_cast<double>(g.w.points) * static_cast<double>(g.h.taps + g.w.taps);
  parallel_ranges(ctx, g.planes * g.h.points, row_ns,
                  [&](index_t begin, index_t end) { kernel(g, begin, end, input, values, indices); });
}

/// Whole planes only: the gradients of a place are added in row-major order.
template <class T>
void run_max_pool2d_backward(const plane_geometry& g, const T* grad_output, const index_t* indices, T* grad_input,
                             const context& ctx) {
  check_plane_indices(g.planes, g.in, g.out, -1, indices, ctx);
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), scatter_planes<true, T>);
  const double plane_ns =
      static_cast<double>(g.in.h) * static_cast<double>(g.in.w) + 0.1 * static_cast<double>(g.out.h * g.out.w);
  parallel_ranges(ctx, g.planes, plane_ns, [&](index_t begin, index_t end) {
    kernel(begin, end, g.in, g.out, grad_output, indices, grad_input);
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
