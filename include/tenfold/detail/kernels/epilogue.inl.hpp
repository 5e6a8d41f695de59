// What happens to sums before they are stored: the activations, and a tensor that is added before them.

// The ReLU of sums in their registers: NaN and -0.0 stay what they are, as in PyTorch.
template <class T, int N, int L, class V>
TENFOLD_INLINE void rectify(V* sums) {
  TENFOLD_UNROLL for (int i = 0; i < N; ++i) sums[i] = bits_as<V>(rectified<T, L>(bits_as<vec_of<T, L>>(sums[i])));
}

// The parts of a floating-point number's representation.
template <class T>
struct float_parts;
template <>
struct float_parts<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr int taylor = 7;  // see logistic
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

// numerator / (1 + exp(-v)); numerator * 0 where 1 / (1 + exp(-v)) is below the smallest normal number; NaN for NaN.
//
//     D = 1 + exp(-v) = a + (b + Q t) with Q = 2^n, n = round(-v / ln 2), a = max(1, Q), b = min(1, Q)
//     t = exp(r) - 1 = r + r^2 (1/2 + r/6 + ...), r = -v - n ln 2, so that |r| <= ln 2 / 2 and -0.293 <= t <= 0.415
//
// Neither exp(r) nor exp(-v) is added up by itself: each would be rounded once more. ln 2 is subtracted in two parts,
// of which the first has so few digits that n * high, and with it -v - n * high, is exact; n * low joins the small
// terms.
//
// 1 / D is within 2 units in the last place. With u half a unit of the numbers from 1 to 2, and rounding by at most
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
// So D has a relative error of at most 1.5 units of the least 1 / D with its exponent, which are at most 3 units of
// numerator / D: with its own rounding that is within 4.
template <class T>
TENFOLD_INLINE vec<T> logistic(vec<T> numerator, vec<T> v) {
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
  const vec<T> result = numerator / (chosen(large, q, one) + (chosen(large, one, q) + q * t));
  return chosen(underflows, numerator * vec<T>{}, result);
}

// low is the slope of leaky_relu and prelu. Comparisons are false for NaN, which stays.
template <class T, activation::function F>
TENFOLD_INLINE vec<T> activated(vec<T> v, [[maybe_unused]] vec<T> low, [[maybe_unused]] vec<T> high) {
  using enum activation::function;
  if constexpr (F == relu) {
    return rectified<T, lanes<T>>(v);
  } else if constexpr (F == leaky_relu) {
    return chosen(v > vec<T>{}, v, v * low);
  } else if constexpr (F == clip) {
    const vec<T> raised = chosen(v < low, low, v);
    return chosen(raised > high, high, raised);
  } else if constexpr (F == sigmoid) {
    return logistic<T>(broadcast(T{1}), v);
  } else if constexpr (F == silu) {
    return logistic<T>(v, v);
  } else if constexpr (F == hard_swish) {
    const vec<T> six = broadcast(T{6});
    return v * activated<T, clip>(v + broadcast(T{3}), vec<T>{}, six) / six;
  } else {
    return v;
  }
}

// The contract is epilogue::finish's. What is no whole vector of neighbours is brought into one, so that no result
// depends on where it lies.
template <class T, activation::function F>
void finish_line(const epilogue<T>& e, index_t channel, index_t count, const T* values, index_t value_step, T* place,
                 index_t step) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const vec<T> low = broadcast(e.slopes ? e.slopes[channel] : e.low), high = broadcast(e.high);
  const T* residual = e.residual ? e.residual + (place - e.output) : nullptr;
  index_t x = 0;
  if (value_step <= 1 && step == 1)
    for (; x + L <= count; x += L) {
      vec<U> v = value_step == 1 ? load(reinterpret_cast<const U*>(values + x)) : broadcast(static_cast<U>(*values));
      if (residual) v += load(reinterpret_cast<const U*>(residual + x));
      store(place + x, activated<T, F>(bits_as<vec<T>>(v), low, high));
    }
  if constexpr (F == activation::function::none)
    for (; x < count && !residual; ++x) place[x * step] = values[x * value_step];
  for (; x < count; x += L) {
    const index_t some = count - x < L ? count - x : L;
    T v[std::size_t{L}] = {};
    for (index_t i = 0; i < some; ++i) {
      U sum = static_cast<U>(values[(x + i) * value_step]);
      if (residual) sum = static_cast<U>(sum + static_cast<U>(residual[(x + i) * step]));
      v[i] = static_cast<T>(sum);
    }
    store(v, activated<T, F>(load(v), low, high));
    for (index_t i = 0; i < some; ++i) place[(x + i) * step] = v[i];
  }
}

template <class T>
inline constexpr decltype(epilogue<T>::line) finish_lines[] = {
    &finish_line<T, activation::function::none>,       &finish_line<T, activation::function::relu>,
    &finish_line<T, activation::function::leaky_relu>, &finish_line<T, activation::function::leaky_relu>,
    &finish_line<T, activation::function::clip>,       &finish_line<T, activation::function::sigmoid>,
    &finish_line<T, activation::function::silu>,       &finish_line<T, activation::function::hard_swish>};

// Integers have these only.
template <std::integral T>
inline constexpr decltype(epilogue<T>::line) finish_lines<T>[] = {&finish_line<T, activation::function::none>,
                                                                  &finish_line<T, activation::function::relu>, nullptr,
                                                                  nullptr, &finish_line<T, activation::function::clip>};

template <class T>
void finish(const epilogue<T>& e, index_t channel, index_t count, const T* values, index_t value_step, T* place,
            index_t step) {
  finish_lines<T>[static_cast<int>(e.of)](e, channel, count, values, value_step, place, step);
}

// A vector of x[0], x[1], ... converted to R.
template <class R, class T>
TENFOLD_INLINE vec<R> load_as(const T* x) {
  vec<R> v = {};
  TENFOLD_UNROLL for (int l = 0; l < lanes<R>; ++l) v[l] = static_cast<R>(x[l]);
  return v;
}

// y = 1 / (1 + exp(-x)), computed in R
//   x, y (n)
template <class T, class R>
void sigmoid_of_integers(index_t n, const T* x, R* y) {
  constexpr int L = lanes<R>;
  for (index_t i = 0; i < n; i += L) {
    const index_t some = n - i < L ? n - i : L;
    T rest[std::size_t{L}] = {};
    const T* from = x + i;
    if (some < L) {
      for (index_t k = 0; k < some; ++k) rest[k] = from[k];
      from = rest;
    }
    R result[std::size_t{L}];
    store(result, logistic<R>(broadcast(R{1}), load_as<R>(from)));
    for (index_t k = 0; k < some; ++k) y[i + k] = result[k];
  }
}
