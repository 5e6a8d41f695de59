// Upsampling over ranges of the output rows of all planes, and its gradients over those of the input.
#pragma once

#include <tenfold/upsample2d.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_upsample_nearest2d(const upsample2d_geometry& g, const T* input, T* output, const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), upsample_nearest2d_rows<T>);
  parallel_ranges(ctx, g.planes * g.out.h, 0.3 * static_cast<double>(g.out.w),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, input, output); });
}

template <class T>
void run_upsample_bilinear2d(const upsample2d_geometry& g, const T* input, T* output, const context& ctx) {
  // A copy then; int64 would lose digits on its way through double.
  if (std::integral<T> && g.in == g.out) return run_upsample_nearest2d(g, input, output, ctx);
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), upsample_bilinear2d_rows<T>);
  parallel_ranges(ctx, g.planes * g.out.h, static_cast<double>(g.out.w),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, input, output); });
}

template <class T>
void run_upsample_nearest2d_backward(const upsample2d_geometry& g, const T* grad_output, T* grad_input,
                                     const context& ctx) {
  if (g.planes == 0) return;  // no memory stands behind the other sizes then
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), upsample_nearest2d_backward_rows<T>);
  const double row_ns = 0.3 * static_cast<double>(g.out.w) * static_cast<double>(g.out.h) / static_cast<double>(g.in.h);
  parallel_ranges(ctx, g.planes * g.in.h, row_ns,
                  [&](index_t begin, index_t end) { kernel(g, begin, end, grad_output, grad_input); });
}

/// Of floating-point numbers only.
template <class T>
void run_upsample_bilinear2d_backward([[maybe_unused]] const upsample2d_geometry& g,
                                      [[maybe_unused]] const T* grad_output, [[maybe_unused]] T* grad_input,
                                      [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>) {
    if (g.planes == 0) return;
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), upsample_bilinear2d_backward_rows<T>);
    const double row_ns = static_cast<double>(g.out.w) * static_cast<double>(g.out.h) / static_cast<double>(g.in.h);
    parallel_ranges(ctx, g.planes * g.in.h, row_ns,
                    [&](index_t begin, index_t end) { kernel(g, begin, end, grad_output, grad_input); });
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
