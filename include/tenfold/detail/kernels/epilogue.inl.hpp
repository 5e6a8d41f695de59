// What happens to sums before they are stored: the activations, and a tensor that is added before them.

// The ReLU of sums in their registers: NaN and -0.0 stay what they are, as in PyTorch.
template <class T, int N, int L, class V>
TENFOLD_INLINE void rectify(V* sums) {
  TENFOLD_UNROLL for (int i = 0; i < N; ++i) sums[i] = bits_as<V>(rectified<T, L>(bits_as<vec_of<T, L>>(sums[i])));
}

// The parts of a floating-point number's representation, and how many terms of a series make it exact.
template <class T>
struct float_parts;
template <>
struct float_parts<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr int taylor = 7;               // see exponential
  static constexpr int logarithm = 8;            // see softplus
  static constexpr float tanh_is_1 = 9.02F;      // tanh(x) is within half a unit of 1 from there on
  static constexpr float normal_end = 12.9499F;  // see normal_tail
  static constexpr float normal_tail[] = {0.7552851376F,   -0.6078966441F,   0.387136723F,     -0.1865219542F,
                                          0.06040685158F,  -0.007534351895F, -0.003531465148F, 0.001581033568F,
                                          0.000217378066F, -0.0001134664899F};
};
template <>
struct float_parts<double> {
  using bits = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr int bias = 1023;
  static constexpr int taylor = 13;
  static constexpr int logarithm = 17;
  static constexpr double tanh_is_1 = 19.07;
  static constexpr double normal_end = 37.5193;
  static constexpr double normal_tail[] = {
      0.755285130415751482,    -0.607896641971891755,    0.387137400742218186,    -0.186521857959694863,
      0.0603965748907345108,   -0.00754018896555803371,  -0.00347969236292571342, 0.00163081844116475856,
      0.000133344260722156782, -0.000231094810581068018, -1.90790378708000913e-6, 0.0000351441337457302629,
      7.15128620035980579e-7,  -5.91871655606894868e-6,  -6.2537146944774871e-7,  1.01940163808398012e-6,
      2.63930636945100905e-7,  -1.5370821491238502e-7,   -7.64592058214005485e-8, 1.41575508048714454e-8,
      1.38498937506024577e-8,  2.07910601496204344e-10,  -9.11675741522777264e-10};
};

// 1 / k!
template <class T>
constexpr T inverse_factorial(int k) {
  T product = 1;
  for (; k > 1; --k) product *= static_cast<T>(k);
  return 1 / product;
}

// The factor of d^2k in softplus's series.
template <class T>
constexpr T logarithm_term(int k) {
  return 1 / (static_cast<T>(2 * k + 1) * static_cast<T>(std::uint64_t{1} << 2 * k));
}

// The logarithm of the smallest normal number.
template <class T>
inline constexpr T least_exponent = static_cast<T>((1 - float_parts<T>::bias) * 0.6931471805599453);

// exp(w) = q (1 + t) for |w| <= -least_exponent, and NaN for NaN:
//
//     q = 2^n, n = round(w / ln 2);   t = exp(r) - 1 = r + r^2 (1/2 + r/6 + ...), r = w - n ln 2
//
// so that |r| <= ln 2 / 2 and -0.293 <= t <= 0.415. ln 2 is subtracted in two parts, of which the first has so few
// digits that n * high, and with it w - n * high, is exact; n * low joins the small terms.
//
// With u half a unit of the numbers from 1 to 2, rounding is by at most e u in t: 1.2 |t|, at most 1/2. Its last
// addition gives 1/4 from |t| = 1/4 on and 1/8 below, the terms from r^2 on, which are at most 0.07, the rest; those
// left out are 0.347^8 / 8! = 0.09 u (float), 0.04 u (double).
//
// `rest`, if any, is a small part of w, at most 1/8, that w has no digits for.
template <class T>
struct exponential {
  vec<T> q, t;

  TENFOLD_INLINE explicit exponential(vec<T> w) { set(w, w, vec<T>{}); }
  TENFOLD_INLINE exponential(vec<T> w, vec<T> rest) { set(w, w + rest, rest); }

  // exp(w) itself.
  TENFOLD_INLINE vec<T> value() const { return q + q * t; }
  // exp(w) - 1 for w <= 0, within 2 u of it: for n = 0 it is t, of which the terms from r^2 on are at most 0.19 and
  // have errors of 3 u; for n = -1 half of t's e u and the sum's rounding, beside at least 0.29; below, less.
  TENFOLD_INLINE vec<T> minus_one() const { return (q - broadcast(T{1})) + q * t; }

 private:
  TENFOLD_INLINE void set(vec<T> w, vec<T> nearly, vec<T> rest) {
    using parts = float_parts<T>;
    using unsigned_bits = arithmetic_t<typename parts::bits>;  // of a NaN the sum may wrap
    constexpr T ln2_high = static_cast<T>(sizeof(T) == 4 ? 0x1.62ep-1 : 0x1.62e42fee00000p-1);
    constexpr T ln2_low = static_cast<T>(sizeof(T) == 4 ? 0x1.0bfbe8e7bcd5ep-15 : 0x1.a39ef35793c76p-33);
    // Adding and subtracting 1.5 * 2^mantissa rounds to an integer, which the low bits of the sum are.
    constexpr T rounder = static_cast<T>(typename parts::bits{3} << (parts::mantissa - 1));
    const vec<T> shifted = nearly * broadcast(static_cast<T>(1.4426950408889634)) + broadcast(rounder);
    const vec<T> n = shifted - broadcast(rounder);
    const vec<T> high = w - n * broadcast(ln2_high);
    const vec<T> low = n * broadcast(ln2_low) - rest;
    const vec<T> r = high - low;
    vec<T> series = broadcast(inverse_factorial<T>(parts::taylor));
    TENFOLD_UNROLL for (int k = parts::taylor - 1; k > 1; --k) series = series * r + broadcast(inverse_factorial<T>(k));
    t = high + (r * r * series - low);
    const vec<unsigned_bits> power = (bits_as<vec<unsigned_bits>>(shifted) + broadcast(unsigned_bits{parts::bias}))
                                     << parts::mantissa;
    q = bits_as<vec<T>>(power);
  }
};

// numerator / (1 + exp(-v)); numerator * 0 where 1 / (1 + exp(-v)) is below the smallest normal number; NaN for NaN.
//
//     D = 1 + exp(-v) = a + (b + Q t) with a = max(1, Q), b = min(1, Q), Q and t of the exponential
//
// Neither exp(r) nor exp(-v) is added up by itself: each would be rounded once more.
//
// 1 / D is within 2 units in the last place. With rounding by at most
//   e u      in t
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
  constexpr T least = least_exponent<T>;
  const auto underflows = v < broadcast(least);
  vec<T> w = chosen(underflows, broadcast(-least), -v);
  w = chosen(w < broadcast(least), broadcast(least), w);
  const exponential<T> e(w);
  const vec<T> one = broadcast(T{1});
  const auto large = e.q > one;
  const vec<T> result = numerator / (chosen(large, e.q, one) + (chosen(large, one, e.q) + e.q * e.t));
  return chosen(underflows, numerator * vec<T>{}, result);
}

// |v|
template <class T>
TENFOLD_INLINE vec<T> magnitude_of(vec<T> v) {
  using bits = typename float_parts<T>::bits;
  return bits_as<vec<T>>(bits_as<vec<bits>>(v) & broadcast((std::numeric_limits<bits>::max)()));
}

// tanh(v) = -m / (2 + m), m = exp(-2 |v|) - 1, with v's sign; NaN for NaN.
//
// Within 5 units in the last place: m is within 2 u of it (exponential), of which the quotient makes at most 2 / (2 +
// m)
// <= 2 times as much where m's error is at most 1 u, for exp(-2 |v|) < 1/2, and at most 1.5 times above; 2 + m is
// rounded by u of it, and so is the quotient. Where v is subnormal m is -2 |v|, and the quotient exact.
template <class T>
TENFOLD_INLINE vec<T> hyperbolic_tangent(vec<T> v) {
  using bits = typename float_parts<T>::bits;
  const vec<T> limit = broadcast(float_parts<T>::tanh_is_1), magnitude = magnitude_of<T>(v);
  const exponential<T> e(chosen(magnitude > limit, limit, magnitude) * broadcast(T{-2}));
  const vec<T> m = e.minus_one(), result = magnitude_of<T>(m / (broadcast(T{2}) + m));
  const vec<bits> sign = bits_as<vec<bits>>(v) & broadcast((std::numeric_limits<bits>::min)());
  return bits_as<vec<T>>(bits_as<vec<bits>>(result) | sign);
}

// exp(min(v, 0)) - 1, or v for NaN.
template <class T>
TENFOLD_INLINE vec<T> negative_exponential_minus_one(vec<T> v) {
  const vec<T> least = broadcast(least_exponent<T>), w = chosen(v > vec<T>{}, vec<T>{}, v);
  return exponential<T>(chosen(w < least, least, w)).minus_one();
}

// exp(v) of v <= 0, and 0 below the smallest normal number; NaN for NaN.
template <class T>
TENFOLD_INLINE vec<T> exponential_of_negative(vec<T> v) {
  const vec<T> least = broadcast(least_exponent<T>);
  const auto underflows = v < least;
  return chosen(underflows, vec<T>{}, exponential<T>(chosen(underflows, least, v)).value());
}

// exp(min(v, 0)), likewise.
template <class T>
TENFOLD_INLINE vec<T> negative_exponential(vec<T> v) {
  return exponential_of_negative<T>(chosen(v > vec<T>{}, vec<T>{}, v));
}

// log(1 + exp(v)) = max(v, 0) + log(1 + y), y = exp(-|v|), where with d = 2 y / (2 + y) <= 2/3
//
//     log(1 + y) = d (1 + (d / 2)^2 / 3 + (d / 2)^4 / 5 + ...)
//
// of which so many terms are taken that the next, 9^-8 / 17 (float) or 9^-17 / 35 (double), is below 0.04 u.
//
// Within 7 units in the last place: y is within 2.1 u of it, e u and a sum's rounding beside at least 0.7; 2 + y and d
// are rounded by u of them, and d's share of the logarithm is at most 1.1 of it: 4.6 u. The series adds 0.2 u and a
// rounding by u, and so does the sum with v. Where y is near the smallest normal number d is y: none is subnormal.
template <class T>
TENFOLD_INLINE vec<T> logarithm_of_one_and_exponential(vec<T> v) {
  const vec<T> y = exponential_of_negative<T>(-magnitude_of<T>(v)), d = (y + y) / (broadcast(T{2}) + y), square = d * d;
  constexpr int last = float_parts<T>::logarithm - 1;
  vec<T> series = broadcast(logarithm_term<T>(last));
  TENFOLD_UNROLL for (int k = last - 1; k > 0; --k) series = series * square + broadcast(logarithm_term<T>(k));
  return chosen(v > vec<T>{}, v, vec<T>{}) + (d + d * (square * series));
}

// The normal distribution: tail = Phi(-|v|), density = exp(-v^2 / 2), both 0 where |v| > normal_end, from where on
// tail is below the smallest normal number; NaN for NaN.
//
//     Phi(-a) = exp(-a^2 / 2) s P(t) with s = 1 / (a + 4), t = (a - 4) s
//
// P is the polynomial that interpolates at the Chebyshev points of a in [0, normal_end]; it is within 0.2 u (float) or
// 0.3 u (double) of what it stands for. a^2 is not rounded: a = h + l, where h has so few digits that h^2 is exact, and
// a^2 = h^2 + l (a + h), whose second part joins the small terms of the exponential.
//
// tail is within 13 u of it: the exponential has 2.7 u, e u and a sum's rounding beside at least 0.7, and 0.2 u of the
// second part; a + 4 and s are rounded by u each, of which tail gets at most 2.1 times as much (at a = 0, where t = -1
// and P' / P = -1.1); a - 4 and t are rounded by u of t, of which it gets 1.1; P by 1.5 u, both products by u.
// Measured, v * tail is within 6 units in the last place.
template <class T>
struct normal {
  vec<T> tail, density;

  TENFOLD_INLINE explicit normal(vec<T> v) {
    using parts = float_parts<T>;
    using bits = typename parts::bits;
    constexpr T minus_half = static_cast<T>(-0.5);
    const vec<T> magnitude = magnitude_of<T>(v), end = broadcast(parts::normal_end);
    const auto beyond = magnitude > end;
    const vec<T> a = chosen(beyond, end, magnitude);
    const vec<T> h = bits_as<vec<T>>(bits_as<vec<bits>>(a) & broadcast(-(bits{1} << (parts::mantissa / 2 + 1))));
    const vec<T> square = h * h, l = a - h;
    const exponential<T> e(square * broadcast(minus_half), l * (a + h) * broadcast(minus_half));
    const vec<T> s = broadcast(T{1}) / (a + broadcast(T{4})), t = (a - broadcast(T{4})) * s;
    constexpr int degree = static_cast<int>(sizeof parts::normal_tail / sizeof(T)) - 1;
    vec<T> p = broadcast(parts::normal_tail[degree]);
    TENFOLD_UNROLL for (int k = degree - 1; k >= 0; --k) p = p * t + broadcast(parts::normal_tail[k]);
    density = chosen(beyond, vec<T>{}, e.value());
    tail = density * (s * p);
  }
};

// gelu_tanh's sqrt(8 / pi) * (v + 0.044715 v^3), twice what it takes the tanh of, within 4 u of it; and its derivative.
template <class T>
TENFOLD_INLINE vec<T> gelu_tanh_argument(vec<T> v) {
  const vec<T> factor = broadcast(static_cast<T>(1.5957691216057308));
  return v * (factor + broadcast(static_cast<T>(0.07135481627260025)) * (v * v));
}
template <class T>
TENFOLD_INLINE vec<T> gelu_tanh_argument_slope(vec<T> v) {
  const vec<T> factor = broadcast(static_cast<T>(1.5957691216057308));
  return factor + broadcast(static_cast<T>(0.21406444881780075)) * (v * v);
}

// low is the slope of leaky_relu and prelu, elu's alpha and softplus' beta, high its threshold. Comparisons are false
// for NaN, which stays.
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
  } else if constexpr (F == hard_sigmoid) {
    const vec<T> six = broadcast(T{6});
    return activated<T, clip>(v + broadcast(T{3}), vec<T>{}, six) / six;
  } else if constexpr (F == tanh) {
    return hyperbolic_tangent<T>(v);
  } else if constexpr (F == gelu) {
    const vec<T> product = v * normal<T>(v).tail, positive = chosen(v > vec<T>{}, v - product, product);
    return chosen(v > broadcast(float_parts<T>::normal_end), v, positive);  // infinity too
  } else if constexpr (F == gelu_tanh) {
    return logistic<T>(v, gelu_tanh_argument<T>(v));
  } else if constexpr (F == elu) {
    return chosen(v < vec<T>{}, low * negative_exponential_minus_one<T>(v), v);
  } else if constexpr (F == softplus) {
    const vec<T> scaled = v * low;
    return chosen(scaled > high, v, logarithm_of_one_and_exponential<T>(scaled) / low);
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
    &finish_line<T, activation::function::none>,         &finish_line<T, activation::function::relu>,
    &finish_line<T, activation::function::leaky_relu>,   &finish_line<T, activation::function::leaky_relu>,
    &finish_line<T, activation::function::clip>,         &finish_line<T, activation::function::sigmoid>,
    &finish_line<T, activation::function::silu>,         &finish_line<T, activation::function::hard_swish>,
    &finish_line<T, activation::function::hard_sigmoid>, &finish_line<T, activation::function::tanh>,
    &finish_line<T, activation::function::gelu>,         &finish_line<T, activation::function::gelu_tanh>,
    &finish_line<T, activation::function::elu>,          &finish_line<T, activation::function::softplus>};

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

// y = F(x), a function of floating-point numbers, computed in R
//   x, y (n)
template <class T, class R, activation::function F>
void finish_integers(index_t n, const T* x, R* y) {
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
    store(result, activated<R, F>(load_as<R>(from), vec<R>{}, vec<R>{}));
    for (index_t k = 0; k < some; ++k) y[i + k] = result[k];
  }
}
