// The activations and their gradients over ranges of the elements.
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/ordered_sum.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/run/arithmetic.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The cost of parallel_ranges.
inline double activation_cost(activation::function of) {
  using enum activation::function;
  return of == relu || of == leaky_relu || of == clip || of == hard_swish || of == hard_sigmoid ? 0.2 : 1.0;
}

template <class T>
void run_line(decltype(epilogue<T>::line) line, const epilogue<T>& e, index_t size, const T* x, T* y,
              const context& ctx) {
  parallel_ranges(ctx, size, activation_cost(e.of),
                  [&](index_t begin, index_t end) { line(e, 0, end - begin, x + begin, 1, y + begin, 1); });
}

template <class T>
void run_bounded(activation::function of, T low, T high, index_t size, const T* x, T* y, const context& ctx) {
  using enum activation::function;
  const isa level = chosen_isa(ctx);
  run_line<T>(of == relu ? TENFOLD_KERNEL(level, finish_line<T, relu>) : TENFOLD_KERNEL(level, finish_line<T, clip>),
              {of, low, high}, size, x, y, ctx);
}

template <class T>
void run_activation([[maybe_unused]] activation::function of, [[maybe_unused]] T low, [[maybe_unused]] T high,
                    [[maybe_unused]] index_t size, [[maybe_unused]] const T* x, [[maybe_unused]] T* y,
                    [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>)
    run_line<T>(TENFOLD_KERNEL(chosen_isa(ctx), finish<T>), {of, low, high}, size, x, y, ctx);
}

template <class T>
void run_float_activation(activation::function of, index_t size, const T* x, typename plain::float_of<T>::type* y,
                          const context& ctx) {
  using R = typename plain::float_of<T>::type;
  using enum activation::function;
  const isa level = chosen_isa(ctx);
  if constexpr (std::floating_point<T>) {
    run_line<T>(
        of == tanh ? TENFOLD_KERNEL(level, finish_line<T, tanh>) : TENFOLD_KERNEL(level, finish_line<T, sigmoid>), {of},
        size, x, y, ctx);
  } else {
    const auto kernel = of == tanh ? TENFOLD_KERNEL(level, finish_integers<T, R, tanh>)
                                   : TENFOLD_KERNEL(level, finish_integers<T, R, sigmoid>);
    parallel_ranges(ctx, size, 1.0, [&](index_t begin, index_t end) { kernel(end - begin, x + begin, y + begin); });
  }
}

template <class T>
void run_prelu([[maybe_unused]] const broadcast_geometry& g, [[maybe_unused]] const T* x,
               [[maybe_unused]] const T* slopes, [[maybe_unused]] T* y, [[maybe_unused]] const context& ctx) {
  if constexpr (std::floating_point<T>)
    run_binary_lines(g, x, slopes, T{}, T{}, y, binary_kernels_of<T, T, binary_operator::prelu>(chosen_isa(ctx)), ctx);
}

template <class T>
void run_activation_backward(const activation& of, index_t size, const T* dy, const T* x, T* dx, const context& ctx) {
  const auto line = TENFOLD_KERNEL(chosen_isa(ctx), activation_backward_of<T>)(of.of);
  const T low = parameter_of<T>(of.low), high = parameter_of<T>(of.high);
  parallel_ranges(ctx, size, activation_cost(of.of) + 0.1,
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
