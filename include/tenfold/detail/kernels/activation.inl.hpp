// relu and sigmoid.

// y = x < 0 ? 0 : x
//   x, y (n); they may be the same
template <class T>
void relu(index_t n, const T* x, T* y) {
  index_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const vec<T> v = load(x + i);
    store(y + i, v < vec<T>{} ? vec<T>{} : v);
  }
  for (; i < n; ++i) y[i] = x[i] < 0 ? T{} : x[i];
}

// The parts of a floating-point number's representation.
template <class T>
struct float_parts;
template <>
struct float_parts<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr int taylor = 7;  // see exp_of_negative
};
template <>
struct float_parts<double> {
  using bits = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr int bias = 1023;
  static constexpr int taylor = 13;
};

// exp(v) for v <= 0; 0 where it is below the smallest normal number; NaN for NaN.
//
// exp(v) = 2^n * exp(r) with n = round(v / ln 2), |r| <= ln 2 / 2, and exp(r) by its Taylor series. The terms left out
// sum to less than 0.347^8 / 8! = 5e-9 (float), 0.347^14 / 14! = 4e-18 (double): a tenth, a thirtieth of half a unit in
// the last place. ln 2 is subtracted in two parts, of which the first has so few digits that n * high is exact.
template <class T>
TENFOLD_INLINE vec<T> exp_of_negative(vec<T> v) {
  using parts = float_parts<T>;
  using I = typename parts::bits;
  constexpr T ln2_high = static_cast<T>(sizeof(T) == 4 ? 0x1.62ep-1 : 0x1.62e42fee00000p-1);
  constexpr T ln2_low = static_cast<T>(sizeof(T) == 4 ? 0x1.0bfbe8e7bcd5ep-15 : 0x1.a39ef35793c76p-33);
  constexpr T least = static_cast<T>((1 - parts::bias) * 0.6931471805599453);  // log of the smallest normal number
  // Adding and subtracting 1.5 * 2^mantissa rounds to an integer, which the low bits of the sum are.
  constexpr T rounder = static_cast<T>(I{3} << (parts::mantissa - 1));
  const auto underflows = v < broadcast(least);
  v = underflows ? broadcast(least) : v;
  const vec<T> shifted = v * broadcast(static_cast<T>(1.4426950408889634)) + broadcast(rounder);
  const vec<T> n = shifted - broadcast(rounder);
  const vec<T> r = (v - n * broadcast(ln2_high)) - n * broadcast(ln2_low);
  vec<T> sum = broadcast(T{1});
  TENFOLD_UNROLL for (int k = parts::taylor; k > 0; --k) {
    sum = sum * (r * broadcast(T{1} / static_cast<T>(k))) + broadcast(T{1});
  }
  using B = arithmetic_t<I>;  // of a NaN the sum may wrap
  const vec<B> power = (bits_as<vec<B>>(shifted) + broadcast(B{parts::bias})) << parts::mantissa;
  const vec<T> result = sum * bits_as<vec<T>>(power);
  return underflows ? vec<T>{} : result;
}

// 1 / (1 + exp(-v)), with the exponential of a number that is not positive, so that nothing overflows.
template <class T>
TENFOLD_INLINE vec<T> sigmoid_of(vec<T> v) {
  const auto negative = v < vec<T>{};
  const vec<T> e = exp_of_negative<T>(negative ? v : -v);
  return (negative ? e : broadcast(T{1})) / (broadcast(T{1}) + e);
}

// A vector of x[0], x[1], ... converted to R.
template <class R, class T>
TENFOLD_INLINE vec<R> load_as(const T* x) {
  vec<R> v = {};
  if constexpr (std::is_same_v<T, R>) {
    v = load(x);
  } else {
    TENFOLD_UNROLL for (int l = 0; l < lanes<R>; ++l) v[l] = static_cast<R>(x[l]);
  }
  return v;
}

// y = 1 / (1 + exp(-x)), computed in R
//   x, y (n); they may be the same
template <class T, class R>
void sigmoid(index_t n, const T* x, R* y) {
  index_t i = 0;
  for (; i + lanes<R> <= n; i += lanes<R>) store(y + i, sigmoid_of<R>(load_as<R>(x + i)));
  if (i == n) return;
  T rest[lanes<R>] = {};  // a whole vector for the rest too, so that no result depends on its place
  R result[lanes<R>];
  for (index_t k = i; k < n; ++k) rest[k - i] = x[k];
  store(result, sigmoid_of<R>(load_as<R>(rest)));
  for (index_t k = i; k < n; ++k) y[k] = result[k - i];
}
