// softmax, log_softmax and their gradients over ranges of the lines.
#pragma once

#include <tenfold/softmax.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_softmax(softmax_kind kind, const line_geometry& g, const T* x, const T* y, T* to, const context& ctx) {
  if (g.length == 0) return;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), softmax_functions<T>)[static_cast<int>(kind)];
  parallel_ranges(ctx, g.outer * g.inner, 1.0 * static_cast<double>(g.length),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, y, to); });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
