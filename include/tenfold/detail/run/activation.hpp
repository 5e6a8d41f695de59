// relu and sigmoid over ranges of the elements.
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_relu(index_t size, const T* x, T* y, const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), relu<T>);
  parallel_ranges(ctx, size, 0.2, [&](index_t begin, index_t end) { kernel(end - begin, x + begin, y + begin); });
}

template <class T>
void run_sigmoid(index_t size, const T* x, sigmoid_element<T>* y, const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), sigmoid<T, sigmoid_element<T>>);
  parallel_ranges(ctx, size, 1.0, [&](index_t begin, index_t end) { kernel(end - begin, x + begin, y + begin); });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
