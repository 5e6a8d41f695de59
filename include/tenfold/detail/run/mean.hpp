// Sums, means, extremes and their places over ranges of the outputs.
#pragma once

#include <tenfold/mean.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// A constant: code of std::numeric_limits would be shared by files of all flags.
template <class S>
inline constexpr S mean_of_nothing = std::numeric_limits<S>::quiet_NaN();

template <class T>
void run_sum(const reduction_geometry& g, bool divides, const T* x, typename plain::sum_of<T>::type* y,
             const context& ctx) {
  using S = typename plain::sum_of<T>::type;
  S divisor = 0;
  if constexpr (std::floating_point<S>)
    if (divides) divisor = static_cast<S>(g.terms);
  if (g.terms == 0) {
    S of_nothing = 0;
    if constexpr (std::floating_point<S>)
      if (divides) of_nothing = mean_of_nothing<S>;
    return fill(y, y + g.outputs, of_nothing);
  }
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), sum_outputs<T, S>);
  parallel_ranges(ctx, g.outputs, 0.2 * static_cast<double>(g.terms),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, divisor, x, y); });
}

template <class T>
void run_extreme(const reduction_geometry& g, bool least, const T* x, T* y, const context& ctx) {
  if (g.outputs == 0) return;
  const auto kernel = least ? TENFOLD_KERNEL(chosen_isa(ctx), extreme_outputs<T, true>)
                            : TENFOLD_KERNEL(chosen_isa(ctx), extreme_outputs<T, false>);
  parallel_ranges(ctx, g.outputs, 0.1 * static_cast<double>(g.terms),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, y); });
}

template <class T>
void run_argmax(const line_geometry& g, bool least, const T* x, index_t* at, const context& ctx) {
  if (g.length == 0) return;
  const auto kernel = least ? TENFOLD_KERNEL(chosen_isa(ctx), argmax_lines<T, true>)
                            : TENFOLD_KERNEL(chosen_isa(ctx), argmax_lines<T, false>);
  parallel_ranges(ctx, g.outer * g.inner, 0.3 * static_cast<double>(g.length),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, at); });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
