// The gradients of the activations, elementwise.

// That of function F; x is its result for relu, sigmoid and tanh, else its input. Comparisons are false for NaN.
template <class T, activation::function F>
TENFOLD_INLINE vec<T> activation_gradient(vec<T> dy, vec<T> x, [[maybe_unused]] vec<T> low,
                                          [[maybe_unused]] vec<T> high) {
  using enum activation::function;
  if constexpr (F == relu) {
    return chosen(x <= vec<T>{}, vec<T>{}, dy);
  } else if constexpr (F == leaky_relu) {
    return chosen(x > vec<T>{}, dy, dy * low);
  } else if constexpr (F == clip) {
    return chosen((x > low) & (x < high), dy, vec<T>{});
  } else if constexpr (F == sigmoid) {
    return dy * (broadcast(T{1}) - x) * x;
  } else if constexpr (F == silu) {
    const vec<T> one = broadcast(T{1}), s = logistic<T>(one, x);
    return dy * s * (one + x * (one - s));
  } else if constexpr (F == hard_sigmoid) {
    const vec<T> three = broadcast(T{3});
    return chosen((x > -three) & (x < three), dy * broadcast(static_cast<T>(1.0F / 6)), vec<T>{});
  } else if constexpr (F == tanh) {
    return dy * (broadcast(T{1}) - x * x);
  } else if constexpr (F == gelu) {
    const normal<T> n(x);
    const vec<T> below = chosen(x > vec<T>{}, broadcast(T{1}) - n.tail, n.tail);
    return dy * (below + x * n.density * broadcast(static_cast<T>(0.3989422804014327)));
  } else if constexpr (F == gelu_tanh) {
    const vec<T> one = broadcast(T{1}), s = logistic<T>(one, gelu_tanh_argument<T>(x));
    return dy * (s + x * s * (one - s) * gelu_tanh_argument_slope<T>(x));
  } else if constexpr (F == elu) {
    return chosen(x > vec<T>{}, dy, dy * low * negative_exponential<T>(x));
  } else if constexpr (F == softplus) {
    const vec<T> scaled = x * low;
    return chosen(scaled > high, dy, logistic<T>(dy, scaled));
  } else {
    static_assert(F == hard_swish);
    const vec<T> three = broadcast(T{3});
    const vec<T> inner = chosen(x >= three, dy, dy * (x / three + broadcast(T{0.5})));
    return chosen(x <= -three, vec<T>{}, inner);
  }
}

// dx = that of dy and x;   dy, x, dx (count), which may be the same
template <class T, activation::function F>
void activation_backward_line(index_t count, T low, T high, const T* dy, const T* x, T* dx) {
  constexpr int L = lanes<T>;
  const vec<T> least = broadcast(low), most = broadcast(high);
  index_t i = 0;
  for (; i + L <= count; i += L) store(dx + i, activation_gradient<T, F>(load(dy + i), load(x + i), least, most));
  if (i == count) return;
  T rest[2][std::size_t{L}] = {};
  for (index_t k = i; k < count; ++k) {
    rest[0][k - i] = dy[k];
    rest[1][k - i] = x[k];
  }
  store(rest[0], activation_gradient<T, F>(load(rest[0]), load(rest[1]), least, most));
  for (index_t k = i; k < count; ++k) dx[k] = rest[0][k - i];
}

template <class T>
using activation_backward_function = void (*)(index_t count, T low, T high, const T* dy, const T* x, T* dx);

// By function; integers have two.
template <class T>
activation_backward_function<T> activation_backward_of(activation::function of) {
  using enum activation::function;
  if constexpr (std::is_floating_point_v<T>) {
    if (of == leaky_relu) return &activation_backward_line<T, leaky_relu>;
    if (of == sigmoid) return &activation_backward_line<T, sigmoid>;
    if (of == silu) return &activation_backward_line<T, silu>;
    if (of == hard_swish) return &activation_backward_line<T, hard_swish>;
    if (of == hard_sigmoid) return &activation_backward_line<T, hard_sigmoid>;
    if (of == tanh) return &activation_backward_line<T, tanh>;
    if (of == gelu) return &activation_backward_line<T, gelu>;
    if (of == gelu_tanh) return &activation_backward_line<T, gelu_tanh>;
    if (of == elu) return &activation_backward_line<T, elu>;
    if (of == softplus) return &activation_backward_line<T, softplus>;
  }
  return of == relu ? &activation_backward_line<T, relu> : &activation_backward_line<T, clip>;
}

// What prelu's gradient is made of: dx, and its share of the slope's.
template <class T>
struct prelu_parts {
  vec<T> dx, share;

  TENFOLD_INLINE prelu_parts(vec<T> dy, vec<T> x, vec<T> slope) {
    const auto positive = x > vec<T>{};
    dx = chosen(positive, dy, slope * dy);
    share = chosen(positive, vec<T>{}, x * dy);
  }
};

// One line of a channel; gives the sum of the shares, of which each lane of four vectors adds every fourth vector; then
// the vectors are added, and their lanes, halved.
//   dy, x, dx (count), which may be the same
template <class T>
T prelu_backward_line(index_t count, T slope, const T* dy, const T* x, T* dx) {
  constexpr int L = lanes<T>;
  const vec<T> slopes = broadcast(slope);
  vec<T> sums[4] = {};
  index_t i = 0;
  for (; i + 4 * L <= count; i += 4 * L) TENFOLD_UNROLL for (int k = 0; k < 4; ++k) {
      const prelu_parts<T> parts(load(dy + i + k * L), load(x + i + k * L), slopes);
      store(dx + i + k * L, parts.dx);
      sums[k] += parts.share;
    }
  for (; i < count; i += L) {
    const index_t some = count - i < L ? count - i : L;
    T rest[2][std::size_t{L}] = {};
    for (index_t k = 0; k < some; ++k) {
      rest[0][k] = dy[i + k];
      rest[1][k] = x[i + k];
    }
    const prelu_parts<T> parts(load(rest[0]), load(rest[1]), slopes);
    store(rest[0], parts.dx);
    sums[0] += parts.share;
    for (index_t k = 0; k < some; ++k) dx[i + k] = rest[0][k];
  }
  T sum[std::size_t{L}];
  store(sum, (sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (int l = L / 2; l > 0; l /= 2)
    for (int k = 0; k < l; ++k) sum[k] += sum[k + l];
  return sum[0];
}

// dx = x > 0 ? dy : slopes[c] * dy;   sums[c] += the sum of x > 0 ? 0 : x * dy over the line,   c < channels
//   slopes, sums (channels)
//   dy, x, dx    (channels, count), lines `pitch` apart; they may be the same
template <class T>
void prelu_backward_lines(index_t channels, index_t count, index_t pitch, const T* slopes, const T* dy, const T* x,
                          T* dx, T* sums) {
  constexpr int L = lanes<T>;
  index_t c = 0;
  for (; count == 1 && pitch == 1 && c + L <= channels; c += L) {
    const prelu_parts<T> parts(load(dy + c), load(x + c), load(slopes + c));
    store(dx + c, parts.dx);
    store(sums + c, load(sums + c) + parts.share);
  }
  for (; c < channels; ++c)
    sums[c] += prelu_backward_line(count, slopes[c], dy + c * pitch, x + c * pitch, dx + c * pitch);
}
