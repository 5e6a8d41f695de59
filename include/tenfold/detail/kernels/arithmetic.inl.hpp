// Elementwise functions of two arrays.

// alpha is add_scaled's factor; of prelu, b is the slope.
template <binary_operator F, class V>
TENFOLD_INLINE V combined(V a, V b, [[maybe_unused]] V alpha) {
  using enum binary_operator;
  if constexpr (F == add) return a + b;
  if constexpr (F == sub) return a - b;
  if constexpr (F == mul) return a * b;
  if constexpr (F == div) return a / b;
  if constexpr (F == add_scaled) return a + alpha * b;
  if constexpr (F == prelu)
    return activated<std::decay_t<decltype(a[0])>, activation::function::leaky_relu>(a, b, alpha);
}

// A vector of x[0], x[1], ... as the C that R is computed in: converted from T where R is another type.
template <class C, class R, class T>
TENFOLD_INLINE vec<C> load_operand(const T* x) {
  if constexpr (std::is_same_v<R, T>)
    return load(reinterpret_cast<const C*>(x));
  else if constexpr (sizeof(T) > sizeof(C))
    return load_as<C>(x);
  else
    return convert_lanes<C, lanes<C>>(load_lanes<lanes<C>>(x));
}

// The operands of one line; that which is Fixed (0: a, 1: b, 2: none) is a number.
template <class T, class R, binary_operator F, int Fixed>
struct operand_lines {
  using C = arithmetic_t<R>;
  const T *a, *b;
  vec<C> fixed, alpha;

  TENFOLD_INLINE vec<C> from(const T* x, const T* z) const {
    if constexpr (Fixed == 0) return combined<F>(fixed, load_operand<C, R>(z), alpha);
    if constexpr (Fixed == 1) return combined<F>(load_operand<C, R>(x), fixed, alpha);
    if constexpr (Fixed == 2) return combined<F>(load_operand<C, R>(x), load_operand<C, R>(z), alpha);
  }
  TENFOLD_INLINE vec<C> at(index_t i) const { return from(Fixed == 0 ? a : a + i, Fixed == 1 ? b : b + i); }
};

// y[i] = F of a[i] and b[i],   i < count; y may be a or b. `number` stands for the one that is Fixed.
//
// A rest that fills no vector is the end of one that overlaps the last whole one, computed before that is stored.
template <class T, class R, binary_operator F, int Fixed>
void binary_line(index_t count, const T* a, const T* b, R number, R alpha, R* y) {
  using C = arithmetic_t<R>;
  constexpr int L = lanes<C>;
  const operand_lines<T, R, F, Fixed> x{a, b, broadcast(static_cast<C>(number)), broadcast(static_cast<C>(alpha))};
  C* to = reinterpret_cast<C*>(y);
  if (count < L) {
    T rest[2][std::size_t{L}] = {};
    R result[std::size_t{L}];
    for (index_t i = 0; i < count; ++i) {
      if constexpr (Fixed != 0) rest[0][i] = a[i];
      if constexpr (Fixed != 1) rest[1][i] = b[i];
    }
    store(reinterpret_cast<C*>(result), x.from(rest[0], rest[1]));
    for (index_t i = 0; i < count; ++i) y[i] = result[i];
    return;
  }
  const vec<C> last = x.at(count - L);
  index_t i = 0;
  for (; i + 4 * L <= count; i += 4 * L) {
    TENFOLD_UNROLL for (int k = 0; k < 4; ++k) store(to + i + k * L, x.at(i + k * L));
  }
  for (; i + L <= count; i += L) store(to + i, x.at(i));
  store(to + count - L, last);
}

// y[p * n + i] = F of a[p * n + i] and b[p * b_step],   p < count, i < n, where n is a vector at least; y may be a
//
// One line of vectors, of which those that hold a piece's end take two elements of b: pieces of their own would share
// their last vectors' cache lines with the next ones (7x7 planes 14.6 us, so 9.6).
template <class T, class R, binary_operator F>
void binary_pieces(index_t count, index_t n, const T* a, const T* b, index_t b_step, R alpha, R* y) {
  using C = arithmetic_t<R>;
  using number = std::decay_t<decltype(lane_mask<C>{}[0])>;
  constexpr int L = lanes<C>;
  const auto factor = [&]() __attribute__((always_inline)) { return broadcast(static_cast<C>(static_cast<R>(*b))); };
  operand_lines<T, R, F, 1> x{a, b, factor(), broadcast(static_cast<C>(alpha))};
  C* to = reinterpret_cast<C*>(y);
  index_t i = 0, end = n;
  const auto step_over_end = [&]() __attribute__((always_inline)) {
    const auto before = lane_numbers<number, L>() < static_cast<number>(end - i);
    b += b_step;
    end += n;
    const vec<C> next = factor(), last = x.fixed;
    x.fixed = chosen(before, last, next);
    return next;
  };
  const index_t all = count * n;
  for (; i + L <= all; i += L) {
    if (i + L <= end) {
      store(to + i, x.at(i));
    } else {
      const vec<C> next = step_over_end();
      store(to + i, x.at(i));
      x.fixed = next;
    }
  }
  if (i == all) return;
  if (end < all) step_over_end();
  T rest[std::size_t{L}] = {};
  C result[std::size_t{L}];
  for (index_t k = 0; i + k < all; ++k) rest[k] = a[i + k];
  store(result, x.from(rest, b));
  for (index_t k = 0; i + k < all; ++k) to[i + k] = result[k];
}

// By Fixed.
template <class T, class R, binary_operator F>
inline constexpr binary_line_function<T, R> binary_lines[] = {&binary_line<T, R, F, 0>, &binary_line<T, R, F, 1>,
                                                              &binary_line<T, R, F, 2>};

// place[(i * repeats + r) * n + k] = x[i * n + k],   i < count, r < repeats, k < n; a vector behind the last one may be
// written too
//   x (count, n)
template <class T>
void repeat_lines(index_t count, index_t repeats, index_t n, const T* x, T* place) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<U>;
  const U* from = reinterpret_cast<const U*>(x);
  U* to = reinterpret_cast<U*>(place);
  if (n == 1) {
    for (index_t i = 0; i < count; ++i, to += repeats) {
      const vec<U> v = broadcast(from[i]);
      for (index_t r = 0; r < repeats; r += L) store(to + r, v);
    }
    return;
  }
  for (index_t i = 0; i < count; ++i, from += n) {
    U line[std::size_t{L}] = {};
    const U* v = from;
    if ((count - i) * n < L) {
      for (index_t k = 0; k < n; ++k) line[k] = from[k];
      v = line;
    }
    for (index_t r = 0; r < repeats; ++r, to += n) {
      index_t k = 0;
      for (; k + L <= n; k += L) store(to + k, load(v + k));
      if (n < L)
        store(to, load(v));
      else
        store(to + n - L, load(v + n - L));
    }
  }
}
