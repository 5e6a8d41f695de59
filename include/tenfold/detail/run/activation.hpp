// relu and sigmoid over ranges of the elements.
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One of a constant function; `cost` is that of parallel_ranges.
template <class T>
void run_activation(const epilogue<T>& e, double cost, index_t size, const T* x, T* y, const context& ctx) {
  const auto line = TENFOLD_KERNEL(chosen_isa(ctx), finish<T>);
  parallel_ranges(ctx, size, cost,
                  [&](index_t begin, index_t end) { line(e, 0, end - begin, x + begin, 1, y + begin, 1); });
}

template <class T>
void run_relu(index_t size, const T* x, T* y, const context& ctx) {
  run_activation<T>({activation::function::relu}, 0.2, size, x, y, ctx);
}

template <class T>
void run_sigmoid(index_t size, const T* x, typename plain::sigmoid_of<T>::type* y, const context& ctx) {
  if constexpr (std::floating_point<T>) {
    run_activation<T>({activation::function::sigmoid}, 1.0, size, x, y, ctx);
  } else {
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), sigmoid_of_integers<T, sigmoid_element<T>>);
    parallel_ranges(ctx, size, 1.0, [&](index_t begin, index_t end) { kernel(end - begin, x + begin, y + begin); });
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
