// Linear upsampling over ranges of rows, and its gradient.
#pragma once

#include <tenfold/upsample1d.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_upsample_linear1d(const upsample2d_geometry& g, const T* input, T* output, const context& ctx) {
  // A copy then; int64 would lose digits on its way through double.
  if (std::integral<T> && g.in == g.out) return run_upsample_nearest2d(g, input, output, ctx);
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), upsample_linear1d_rows<T>);
  parallel_ranges(ctx, g.planes, 0.5 * static_cast<double>(g.out.w),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, input, output); });
}

/// Of floating-point numbers only.
template <class T>
void run_upsample_linear1d_backward([[maybe_unused]] const upsample2d_geometry& g,
                                    [[maybe_unused]] const T* grad_output, [[maybe_unused]] T* grad_input,
                                    [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>) {
    if (g.planes == 0) return;  // no memory stands behind the other sizes then
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), upsample_linear1d_backward_rows<T>);
    parallel_ranges(ctx, g.planes, static_cast<double>(g.out.w),
                    [&](index_t begin, index_t end) { kernel(g, begin, end, grad_output, grad_input); });
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
