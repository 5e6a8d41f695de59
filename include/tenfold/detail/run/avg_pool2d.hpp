// Average pooling over ranges of the rows of all planes, and its gradients over planes.
#pragma once

#include <tenfold/avg_pool2d.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Of floating-point numbers and int64 only, as PyTorch's.
template <class T>
inline constexpr bool has_averages = std::floating_point<T> || std::same_as<T, index_t>;

template <class T>
void run_avg_pool2d([[maybe_unused]] const avg_pool2d_geometry& g, [[maybe_unused]] const T* input,
                    [[maybe_unused]] T* output, [[maybe_unused]] const context& ctx) {
  if constexpr (has_averages<T>) {
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), avg_pool2d_rows<T>);
    const double row_ns =
        0.1 * static_cast<double>(g.w.points) * static_cast<double>(g.h.taps) * static_cast<double>(g.w.taps);
    parallel_ranges(ctx, g.planes * g.h.points, row_ns,
                    [&](index_t begin, index_t end) { kernel(g, begin, end, input, output); });
  }
}

template <class T>
void run_avg_pool2d_backward([[maybe_unused]] const avg_pool2d_geometry& g, [[maybe_unused]] const T* grad_output,
                             [[maybe_unused]] T* grad_input, [[maybe_unused]] const context& ctx) {
  if constexpr (has_averages<T>) {
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), avg_pool2d_backward_planes<T>);
    const double plane_ns = 0.3 * static_cast<double>(g.h.extent) * static_cast<double>(g.w.extent);
    parallel_ranges(ctx, g.planes, plane_ns,
                    [&](index_t begin, index_t end) { kernel(g, begin, end, grad_output, grad_input); });
  }
}

/// Of floating-point numbers only, as its gradient.
template <class T>
void run_adaptive_avg_pool2d([[maybe_unused]] const plane_geometry& g, [[maybe_unused]] const T* input,
                             [[maybe_unused]] T* output, [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>) {
    const index_t rows = g.planes * g.out.h;
    if (rows == 0 || g.out.w == 0) return;
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), adaptive_avg_pool2d_rows<T>);
    const double row_ns =
        static_cast<double>(g.in.w) * (static_cast<double>(g.in.h) / static_cast<double>(g.out.h) + 1);
    parallel_ranges(ctx, rows, row_ns, [&](index_t begin, index_t end) { kernel(g, begin, end, input, output); });
  }
}

template <class T>
void run_adaptive_avg_pool2d_backward([[maybe_unused]] const plane_geometry& g, [[maybe_unused]] const T* grad_output,
                                      [[maybe_unused]] T* grad_input, [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>) {
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), adaptive_avg_pool2d_backward_planes<T>);
    const double plane_ns = static_cast<double>(g.in.h) * static_cast<double>(g.in.w);
    parallel_ranges(ctx, g.planes, plane_ns,
                    [&](index_t begin, index_t end) { kernel(g, begin, end, grad_output, grad_input); });
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
