// One loop for all elementwise functions of two arrays.
#pragma once

#include <tenfold/arithmetic.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Memory for repeated elements of an operand, in L1.
inline constexpr index_t repeated_bytes = 4096;
/// A line below this is short: a call costs as much as a few vectors.
inline constexpr index_t short_line_bytes = 256;
inline constexpr index_t widest_vector = 64;
/// Above it the vectors that lines share with their neighbours no longer count.
inline constexpr index_t longest_piece_bytes = 8192;

template <class T>
struct binary_kernels_base {
  void (*repeat_lines)(index_t count, index_t repeats, index_t n, const T* x, T* place);
};
template <class T, class R>
struct binary_kernels : binary_kernels_base<T> {
  const binary_line_function<T, R>* lines;
  binary_pieces_function<T, R> pieces;
};

inline void copy_bytes(void* to, const void* from, index_t bytes) {
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

/// An operand of a walk over dimension `at` of a geometry, in runs of that and all dimensions inside.
template <class T>
struct walked_operand {
  const broadcast_geometry& g;
  const index_t* step;
  const T* data;
  index_t at;
  const binary_kernels_base<T>& kernels;
  bool is_one = true;   // element for a whole run
  bool is_line = true;  // without gaps and repetitions
  const T* filled_from = nullptr;
  index_t filled = 0;
  alignas(64) T repeated[static_cast<std::size_t>((repeated_bytes + widest_vector) / static_cast<index_t>(sizeof(T)))];

  walked_operand(const broadcast_geometry& geometry, const index_t* steps, const T* elements, index_t dimension,
                 const binary_kernels_base<T>& with)
      : g(geometry), step(steps), data(elements), at(dimension), kernels(with) {
    for (index_t d = at; d < g.rank; ++d) is_one = is_one && step[d] == 0;
    is_line = !data || is_whole(at);
  }

  /// Whether dimension d and those inside have no gaps and repetitions.
  bool is_whole(index_t d) const {
    index_t size = 1;
    bool whole = true;
    for (index_t e = g.rank; e-- > d; size *= g.sizes[e]) whole = whole && step[e] == size;
    return whole;
  }

  /// The elements of `count` points of dimension d, which begin at x.
  void fill(index_t d, index_t count, const T* x, T* place) const {
    index_t inner = 1;
    for (index_t e = d + 1; e < g.rank; ++e) inner *= g.sizes[e];
    if (is_whole(d)) return copy_bytes(place, x, count * inner * static_cast<index_t>(sizeof(T)));
    if (step[d] == 0 && is_whole(d + 1)) return kernels.repeat_lines(1, count, inner, x, place);
    if (step[d] != 0 && step[d + 1] == 0 && is_whole(d + 2))
      return kernels.repeat_lines(count, g.sizes[d + 1], inner / g.sizes[d + 1], x, place);
    if (step[d] != 0) {
      for (index_t i = 0; i < count; ++i) fill(d + 1, g.sizes[d + 1], x + i * step[d], place + i * inner);
      return;
    }
    fill(d + 1, g.sizes[d + 1], x, place);
    for (index_t done = 1; done < count;) {
      const index_t more = (std::min)(done, count - done);
      copy_bytes(place + done * inner, place, more * inner * static_cast<index_t>(sizeof(T)));
      done += more;
    }
  }

  /// `count` points from point i of the walked dimension on, of which x is the first.
  const T* line(const T* x, index_t i, index_t count) {
    if (is_line) return data ? x + i * step[at] : nullptr;
    if (is_one) return x;
    x += i * step[at];
    if (x == filled_from && count <= filled) return repeated;
    fill(at, count, x, repeated);
    filled_from = x;
    filled = step[at] == 0 ? count : 0;
    return repeated;
  }
};

/// Where repetitions begin in lines that are short, several lines together are one, of elements that have been repeated
/// in memory; or, where an element of b belongs to each line and lines are a vector at least, a kernel goes through
/// them: planes of 7x7 take half the time.
template <class T, class R>
struct binary_walk {
  const broadcast_geometry& g;
  const T *a, *b;
  R number, alpha;
  R* y;
  const binary_kernels<T, R>& kernels;
  index_t at = 0;     // the dimension that is walked
  index_t inner = 1;  // elements of its points
  index_t most = 1;   // points of a run
  bool in_pieces = false;

  binary_walk(const broadcast_geometry& geometry, const T* first, const T* second, R value, R factor, R* result,
              const binary_kernels<T, R>& with)
      : g(geometry), a(first), b(second), number(value), alpha(factor), y(result), kernels(with), at(g.rank - 1) {
    constexpr auto size = static_cast<index_t>(sizeof(T));
    in_pieces = has_pieces();
    while (at > 0 && (in_pieces ? at == g.rank - 1 : inner * g.sizes[at] * size < short_line_bytes))
      inner *= g.sizes[at--];
    most = at == g.rank - 1 || in_pieces ? INT64_MAX : repeated_bytes / size / inner;
  }

  bool has_pieces() const {
    const index_t last = g.rank - 1, n = g.sizes[last];
    constexpr auto size = static_cast<index_t>((std::min)(sizeof(T), sizeof(R)));
    return last > 0 && a && b && g.a[last] == 1 && g.a[last - 1] == n && g.b[last] == 0 && n * size >= widest_vector &&
           n * size < longest_piece_bytes;
  }

  index_t points() const {
    index_t product = 1;
    for (index_t d = 0; d <= at; ++d) product *= g.sizes[d];
    return product;
  }

  /// The points [begin, end) of all walks.
  void run(index_t begin, index_t end) const {
    walked_operand<T> first(g, g.a, a, at, kernels), second(g, g.b, b, at, kernels);
    const int fixed = !a || (first.is_one && !first.is_line) ? 0 : !b || (second.is_one && !second.is_line) ? 1 : 2;
    index_t index[shape::max_rank] = {}, a_at = 0, b_at = 0;
    for (index_t d = at, rest = begin; d >= 0; rest /= g.sizes[d--]) {
      index[d] = rest % g.sizes[d];
      if (d == at) continue;
      a_at += index[d] * g.a[d];
      b_at += index[d] * g.b[d];
    }
    const auto line = kernels.lines[fixed];
    R value = number;
    for (index_t point = begin; point < end;) {
      const index_t count = (std::min)({g.sizes[at] - index[at], end - point, most});
      if (in_pieces) {
        kernels.pieces(count, inner, a + a_at + index[at] * inner, b + b_at + index[at] * g.b[at], g.b[at], alpha,
                       y + point * inner);
      } else {
        const T* x = first.line(a ? a + a_at : a, index[at], count);
        const T* z = second.line(b ? b + b_at : b, index[at], count);
        if (fixed == 0 && a) value = static_cast<R>(*x);
        if (fixed == 1 && b) value = static_cast<R>(*z);
        line(count * inner, x, z, value, alpha, y + point * inner);
      }
      point += count;
      index[at] += count;
      for (index_t d = at; d > 0 && index[d] == g.sizes[d]; --d) {
        index[d] = 0;
        ++index[d - 1];
        a_at += g.a[d - 1];
        b_at += g.b[d - 1];
        if (index[d - 1] == g.sizes[d - 1]) {
          a_at -= g.sizes[d - 1] * g.a[d - 1];
          b_at -= g.sizes[d - 1] * g.b[d - 1];
        }
      }
    }
  }
};

template <class T, class R>
void run_binary_lines(const broadcast_geometry& g, const T* a, const T* b, R number, R alpha, R* y,
                      const binary_kernels<T, R>& kernels, const context& ctx) {
  const binary_walk<T, R> walk(g, a, b, number, alpha, y, kernels);
  parallel_ranges(ctx, walk.points(), 0.1 * static_cast<double>(walk.inner * static_cast<index_t>(sizeof(R))),
                  [&](index_t begin, index_t end) { walk.run(begin, end); });
}

/// The kernels of function F of elements of T with results of R.
template <class T, class R, binary_operator F>
binary_kernels<T, R> binary_kernels_of(isa level) {
  return {{TENFOLD_KERNEL(level, repeat_lines<T>)},
          TENFOLD_KERNEL(level, binary_lines<T, R, F>),
          TENFOLD_KERNEL(level, binary_pieces<T, R, F>)};
}

template <class T>
binary_kernels<T, T> arithmetic_kernels(binary_operator of, isa level) {
  using enum binary_operator;
  switch (of) {
    case sub:
      return binary_kernels_of<T, T, sub>(level);
    case mul:
      return binary_kernels_of<T, T, mul>(level);
    case add_scaled:
      return binary_kernels_of<T, T, add_scaled>(level);
    default:
      return binary_kernels_of<T, T, add>(level);
  }
}

template <class T>
void run_binary(binary_operator of, const broadcast_geometry& g, const T* a, const T* b, T number, T alpha, T* y,
                const context& ctx) {
  run_binary_lines(g, a, b, number, alpha, y, arithmetic_kernels<T>(of, chosen_isa(ctx)), ctx);
}

template <class T>
void run_div(const broadcast_geometry& g, const T* a, const T* b, typename plain::float_of<T>::type number,
             typename plain::float_of<T>::type* y, const context& ctx) {
  using R = typename plain::float_of<T>::type;
  run_binary_lines(g, a, b, number, R{}, y, binary_kernels_of<T, R, binary_operator::div>(chosen_isa(ctx)), ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
