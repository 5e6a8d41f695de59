// exp and log.

// exp(v): 0 where it is below the smallest normal number, infinity where it is above the largest; NaN for NaN.
//
// With q and t of `exponential`: 1 + t, with t's error of at most 1.2 |t| u and u / 2, |t| < 0.415, is rounded by u, or
// for t < 0 by u / 2: less than 1.5 u in all of at least 1, or 0.85 u of at least 0.707. So exp(v) has a relative error
// of at most 1.5 u, and is within 1.5 units in the last place. q is 2 times q / 2 for v > 0, as its exponent may be one
// more than there is.
template <class T>
TENFOLD_INLINE vec<T> power_of_e(vec<T> v) {
  using parts = float_parts<T>;
  using unsigned_bits = arithmetic_t<typename parts::bits>;
  constexpr T most =
      static_cast<T>(sizeof(T) == 4 ? 0x1.62e42ep+6 : 0x1.62e42fefa39efp+9);  // log of the largest number
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const vec<T> least = broadcast(least_exponent<T>), one = broadcast(T{1});
  const auto underflows = v < least;
  vec<T> w = chosen(underflows, least, v);
  w = chosen(w > broadcast(most), broadcast(most), w);
  const exponential<T> e(w);
  const auto halves = w > vec<T>{};  // all ones are -1
  const auto power = bits_as<vec<unsigned_bits>>(e.q) + (bits_as<vec<unsigned_bits>>(halves) << parts::mantissa);
  const vec<T> result = (one + e.t) * chosen(halves, broadcast(T{2}), one) * bits_as<vec<T>>(power);
  const vec<T> large = chosen(v > broadcast(most), broadcast(infinity), result);
  return chosen(underflows, vec<T>{}, large);
}

// 2 / (2 k + 1), the terms of log m = 2 artanh f
template <class T>
constexpr T artanh_term(int k) {
  return T{2} / static_cast<T>(2 * k + 1);
}

// log(v) of normal numbers from 1 on and infinity; NaN for NaN.
//
//     log(v) = e ln 2 + log m,  v = 2^e m,  0.707 < m < 1.42
//     log m = 2 artanh f = 2 f + f^3 (2/3 + 2/5 f^2 + ...),  f = (m - 1) / (m + 1), |f| < 0.1716
//
// m - 1 is exact. f is rounded twice and 2 f (m + 1 and the quotient): 2 u |log m|, u as above; the terms from f^3 on
// are at most 0.011 of it, those left out below u / 8 of it. With e = 0 the last sum rounds once more: 3.2 u |log m|.
// Else |log v| >= 0.34, e ln2_high is exact, and 2 f + e ln2_low, the terms and both sums are rounded by at most
// 3.2 u 0.35 + 2 u (|log v| + 0.35): below 5.5 u |log v|. So the relative error is at most 5.5 u.
template <class T>
TENFOLD_INLINE vec<T> logarithm(vec<T> v) {
  using parts = float_parts<T>;
  using bits = typename parts::bits;
  constexpr T ln2_high = static_cast<T>(sizeof(T) == 4 ? 0x1.62ep-1 : 0x1.62e42fee00000p-1);
  constexpr T ln2_low = static_cast<T>(sizeof(T) == 4 ? 0x1.0bfbe8e7bcd5ep-15 : 0x1.a39ef35793c76p-33);
  constexpr int terms = sizeof(T) == 4 ? 5 : 11;  // 0.1716^(2 terms) / (2 terms + 1) < 2^-27, 2^-56
  // The bits of sqrt(1/2), less those of 1: what a number's bits are above them has its exponent e in front.
  constexpr bits shift = sizeof(T) == 4 ? bits{0x3f3504f3} : static_cast<bits>(0x3fe6a09e667f3bcd);
  using unsigned_bits = arithmetic_t<bits>;  // of what is no such number the difference may wrap
  const auto number = bits_as<vec<unsigned_bits>>(v);
  const auto shifted = number - broadcast(static_cast<unsigned_bits>(shift));
  const vec<bits> e = bits_as<vec<bits>>(shifted) >> parts::mantissa;
  const vec<T> m = bits_as<vec<T>>(number - (bits_as<vec<unsigned_bits>>(e) << parts::mantissa));
  const vec<T> exponent = __builtin_convertvector(e, vec<T>);
  const vec<T> one = broadcast(T{1}), f = (m - one) / (m + one), square = f * f;
  vec<T> series = broadcast(artanh_term<T>(terms - 1));
  TENFOLD_UNROLL for (int k = terms - 2; k > 0; --k) series = series * square + broadcast(artanh_term<T>(k));
  const vec<T> low = exponent * broadcast(ln2_low) + f * square * series;
  const vec<T> result = exponent * broadcast(ln2_high) + ((f + f) + low);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const auto is_finite = v < broadcast(infinity);
  return chosen(is_finite, result, v);  // infinity and NaN
}

// a where it is larger, else b: not a where that is NaN.
template <class T>
TENFOLD_INLINE vec<T> larger(vec<T> a, vec<T> b) {
  return chosen(a > b, a, b);
}

// The largest lane of v that has no NaN: one half is compared with the other until one is left.
template <int Half, class T, int... Lane>
TENFOLD_INLINE T largest_lane(vec<T> v, std::integer_sequence<int, Lane...> all) {
  v = larger<T>(shuffled<(Lane + Half) % lanes<T>...>(v, v), v);
  if constexpr (Half > 1)
    return largest_lane<Half / 2, T>(v, all);
  else
    return v[0];
}

template <class T>
TENFOLD_INLINE T largest_lane(vec<T> v) {
  return largest_lane<lanes<T> / 2, T>(v, std::make_integer_sequence<int, lanes<T>>{});
}

// y = exp(x) and y = log(x), each element;   x, y (n)
template <class T>
void exponential_line(index_t n, const T* x, T* y) {
  for (index_t i = 0; i < n; i += lanes<T>) store_some(y + i, n - i, power_of_e<T>(load_some(x + i, n - i, T{})));
}
template <class T>
void logarithm_line(index_t n, const T* x, T* y) {
  for (index_t i = 0; i < n; i += lanes<T>) store_some(y + i, n - i, logarithm<T>(load_some(x + i, n - i, T{1})));
}
