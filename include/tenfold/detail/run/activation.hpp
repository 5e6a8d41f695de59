// relu, sigmoid and the gradients of all activations over ranges of the elements.
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/ordered_sum.hpp>
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

template <class T>
void run_activation_backward(const activation& of, index_t size, const T* dy, const T* x, T* dx, const context& ctx) {
  const auto line = TENFOLD_KERNEL(chosen_isa(ctx), activation_backward_of<T>)(of.of);
  const T low = parameter_of<T>(of.low), high = parameter_of<T>(of.high);
  parallel_ranges(ctx, size, of.of == activation::function::silu ? 1.0 : 0.3,
                  [&](index_t begin, index_t end) { line(end - begin, low, high, dy + begin, x + begin, dx + begin); });
}

/// The slopes' gradients are sums over pieces of lines. Slopes are summed up a block of channels at a time, so that the
/// partial sums stay small; a term of ordered_sum is a piece of each of their lines.
template <class T>
struct prelu_sums {
  static constexpr index_t piece = 4096;    // elements, the last of a line has fewer
  static constexpr index_t block = 1024;    // channels
  static constexpr index_t enough = 16384;  // elements of a chunk

  prelu_geometry g;
  index_t per_line;

  explicit prelu_sums(const prelu_geometry& geometry) : g(geometry), per_line(ceil_divide(g.line, piece)) {}

  ordered_sum<T> of(index_t channels) const {
    const index_t term = (std::max)(index_t{1}, channels * (std::min)(g.line, piece));
    return {g.batch * per_line, ceil_divide(enough, term), channels, false};
  }
};

template <class T>
index_t prelu_backward_bytes(const prelu_geometry& g, const context& ctx) {
  return prelu_sums<T>(g).of((std::min)(g.channels, prelu_sums<T>::block)).scratch_bytes(scratch_budget(ctx));
}

/// Of floating-point numbers only.
template <class T>
void run_prelu_backward([[maybe_unused]] const prelu_geometry& g, [[maybe_unused]] const T* dy,
                        [[maybe_unused]] const T* x, [[maybe_unused]] const T* slopes, [[maybe_unused]] T* dx,
                        [[maybe_unused]] T* grad_slopes, [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>) {
    const prelu_sums<T> sums(g);
    const scratch_memory memory(ctx, prelu_backward_bytes<T>(g, ctx));
    const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), prelu_backward_lines<T>);
    for (index_t first = 0; first < g.channels; first += sums.block) {
      const index_t channels = (std::min)(sums.block, g.channels - first);
      const ordered_sum<T> sum = sums.of(channels);
      sum.run(ctx, memory.data(), scratch_budget(ctx), grad_slopes + first, [&](index_t, index_t chunk, T* partial) {
        fill(partial, partial + channels, T{});
        const index_range terms = sum.chunk(chunk);
        for (index_t t = terms.begin; t < terms.end; ++t) {
          const index_t at = t % sums.per_line * sums.piece;
          const index_t from = (t / sums.per_line * g.channels + first) * g.line + at;
          kernel(channels, (std::min)(sums.piece, g.line - at), g.line, slopes + first, dy + from, x + from, dx + from,
                 partial);
        }
      });
    }
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
