// The normalisations over ranges of their lines.
#pragma once

#include <tenfold/normalization.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_normalization(const normalization_geometry& g, const T* x, const T* weight, const T* bias, double eps, T* y,
                       const context& ctx) {
  if (g.length == 0) return;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), normalize_lines<T>);
  parallel_ranges(ctx, g.lines, 0.5 * static_cast<double>(g.length),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, weight, bias, static_cast<T>(eps), y); });
}

template <class T>
void run_batch_norm(const normalization_geometry& g, const batch_norm_arrays<T>& a, double eps, const T* x, T* y,
                    const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), batch_norm_lines<T>);
  parallel_ranges(ctx, g.lines, 0.3 * static_cast<double>(g.piece),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, a, static_cast<T>(eps), x, y); });
}

template <class T>
void run_layer_norm2d(const line_geometry& g, const T* x, const T* weight, const T* bias, double eps, T* y,
                      const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), layer_norm2d_pixels<T>);
  parallel_ranges(ctx, g.outer * g.inner, 0.3 * static_cast<double>(g.length),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, weight, bias, static_cast<T>(eps), y); });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
