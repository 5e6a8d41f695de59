// relu and sigmoid.

// y = x < 0 ? 0 : x
//   x, y (n); they may be the same
template <class T>
void relu(index_t n, const T* x, T* y) {
  index_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const vec<T> v = load(x + i);
    store(y + i, rectified<T, lanes<T>>(v));
  }
  for (; i < n; ++i) {
    T v = x[i];
    if (v < 0) v = T{};
    y[i] = v;
  }
}

// The parts of a floating-point number's representation.
template <class T>
struct float_parts;
template <>
struct float_parts<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr int taylor = 7;  // see sigmoid_of
};
template <>
struct float_parts<double> {
  using bits = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr int bias = 1023;
  static constexpr int taylor = 13;
};

// 1 / k!
template <class T>
constexpr T inverse_factorial(int k) {
  T product = 1;
  for (; k > 1; --k) product *= static_cast<T>(k);
  return 1 / product;
}

// 1 / (1 + exp(-v)); 0 where that is below the smallest normal number; NaN for NaN.
//
//     D = 1 + exp(-v) = a + (b + Q t) with Q = 2^n, n = round(-v / ln 2), a = max(1, Q), b = min(1, Q)
//     t = exp(r) - 1 = r + r^2 (1/2 + r/6 + ...), r = -v - n ln 2, so that |r| <= ln 2 / 2 and -0.293 <= t <= 0.415
//
// Neither exp(r) nor exp(-v) is added up by itself: each would be rounded once more. ln 2 is subtracted in two parts,
// of which the first has so few digits that n * high, and with it -v - n * high, is exact; n * low joins the small
// terms.
//
// It is within 2 units in the last place. With u half a unit of the numbers from 1 to 2, and rounding by at most
//   e u      in t: 1.2 |t|, at most 1/2. Its last addition gives 1/4 from |t| = 1/4 on and 1/8 below, the terms from
//            r^2 on, which are at most 0.07, the rest; those left out are 0.347^8 / 8! = 0.09 u (float), 0.04 u
//            (double)
//   s u Q    in b + Q t
// the error of 1 / D, in its units, is half a unit and
//   D <= 2       (1 + 1/2 + Q e) / D^2 <= 1.2 for Q = 1, and at most 1 for Q <= 1/2, as b + Q t < D - 1
//   Q = 1 < D/2  2 (3 + e) / (2 + t)^2 <= 3/2: b + t is rounded by u, D by 2 u
//   D >= Q > 1   (1 + s + e) / (D / Q)^2, where 1 / Q + t = D / Q - 1 is
//                  negative or 0: only for D = Q, s = 0, e <= 1/2:  3/2
//                  up to 1/2: s <= 1/4, e <= 1.2 t or, for t < 0, s <= 1 / (2 Q) and e <= 1.2 / Q with Q >= 2: 3/2
//                  above: s <= 1/2, e <= 1/2:  2 / 1.5^2 = 0.9
//   D < Q        (1/2 + s + e) / (2 (D / Q)^2) <= 1.25, s <= 1/4, e <= 1/2, D / Q > 0.707
template <class T>
TENFOLD_INLINE vec<T> sigmoid_of(vec<T> v) {
  using parts = float_parts<T>;
  using bits = typename parts::bits;
  using unsigned_bits = arithmetic_t<bits>;  // of a NaN the sum may wrap
  constexpr T ln2_high = static_cast<T>(sizeof(T) == 4 ? 0x1.62ep-1 : 0x1.62e42fee00000p-1);
  constexpr T ln2_low = static_cast<T>(sizeof(T) == 4 ? 0x1.0bfbe8e7bcd5ep-15 : 0x1.a39ef35793c76p-33);
  constexpr T least = static_cast<T>((1 - parts::bias) * 0.6931471805599453);  // log of the smallest normal number
  // Adding and subtracting 1.5 * 2^mantissa rounds to an integer, which the low bits of the sum are.
  constexpr T rounder = static_cast<T>(bits{3} << (parts::mantissa - 1));
  const auto underflows = v < broadcast(least);
  vec<T> w = chosen(underflows, broadcast(-least), -v);
  w = chosen(w < broadcast(least), broadcast(least), w);
  const vec<T> shifted = w * broadcast(static_cast<T>(1.4426950408889634)) + broadcast(rounder);
  const vec<T> n = shifted - broadcast(rounder);
  const vec<T> high = w - n * broadcast(ln2_high);
  const vec<T> low = n * broadcast(ln2_low);
  const vec<T> r = high - low;
  vec<T> series = broadcast(inverse_factorial<T>(parts::taylor));
  TENFOLD_UNROLL for (int k = parts::taylor - 1; k > 1; --k) series = series * r + broadcast(inverse_factorial<T>(k));
  const vec<T> t = high + (r * r * series - low);
  const vec<unsigned_bits> power = (bits_as<vec<unsigned_bits>>(shifted) + broadcast(unsigned_bits{parts::bias}))
                                   << parts::mantissa;
  const vec<T> q = bits_as<vec<T>>(power), one = broadcast(T{1});
  const auto large = q > one;
  const vec<T> result = one / (chosen(large, q, one) + (chosen(large, one, q) + q * t));
  return chosen(underflows, vec<T>{}, result);
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
