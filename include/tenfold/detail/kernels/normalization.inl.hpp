// The normalisations: moments of a line, and lines that are scaled and shifted.

// The sum of (x[i] - center)^2, in the order of sum_of_block and sum_of_line: a term is rounded 3 times more than
// there.
template <class T>
TENFOLD_INLINE T squares_of_block(index_t n, const T* x, T center) {
  constexpr int L = lanes<T>;
  const vec<T> c = broadcast(center);
  vec<T> sums[4] = {};
  const auto add = [&](index_t i, vec<T> & sum) __attribute__((always_inline)) {
    const vec<T> d = load(x + i) - c;
    sum += d * d;
  };
  index_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L) TENFOLD_UNROLL for (int k = 0; k < 4; ++k) add(i + k * L, sums[k]);
  // No loop with a single product: whether that is added in one operation depends on -mtune.
  TENFOLD_UNROLL for (int k = 0; k < 3; ++k) if (i + L <= n) {
    add(i, sums[k]);
    i += L;
  }
  if (i < n) {
    const vec<T> all = load_some(x + i, n - i, center) - c;  // NaN behind the line where the centre is infinite
    const vec<T> d = masked<T>(all, ~last_lanes<T>(L - (n - i)));
    sums[3] += d * d;
  }
  return sum_of_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}
template <class T>
T squares_of_line(index_t n, const T* x, T center) {
  constexpr index_t block = summed_block<T>;
  if (n <= block) return squares_of_block(n, x, center);
  const index_t half = (n / block + 1) / 2 * block;
  return squares_of_line(half, x, center) + squares_of_line(n - half, x + half, center);
}

// y[i] = result(i), i < n, a vector at a time; the last ends with the line, and is read before anything is written, so
// that y may be what is read at the same places. result(i, some) reads a vector from there on, or of a line that is
// shorter `some` elements.
template <class T, class Result>
TENFOLD_INLINE void put_line(index_t n, T* y, const Result& result) {
  constexpr int L = lanes<T>;
  if (n < L) return store_some(y, n, result(index_t{0}, n));
  const index_t whole = n - n % L;
  vec<T> last = {};
  if (whole < n) last = result(n - L, index_t{L});
  for (index_t i = 0; i < whole; i += L) store(y + i, result(i, index_t{L}));
  if (whole < n) store(y + n - L, last);
}

template <class T>
TENFOLD_INLINE vec<T> load_up_to(const T* p, index_t some) {
  return some >= lanes<T> ? load(p) : load_some(p, some, T{});
}

// y[i] = (x[i] - center) * scale [* weight[i]] [+ bias[i]],   i < n; y may be x
template <bool Weighted, bool Biased, class T>
TENFOLD_INLINE void scale_each(index_t n, T center, T scale, const T* weight, const T* bias, const T* x, T* y) {
  constexpr int L = lanes<T>;
  const vec<T> c = broadcast(center), s = broadcast(scale);
  const auto scaled = [&](index_t i, const auto& at) __attribute__((always_inline)) {
    vec<T> v = (at(x + i) - c) * s;
    if constexpr (Weighted) v *= at(weight + i);
    if constexpr (Biased) v += at(bias + i);
    return v;
  };
  const auto load_all = [&](const T* p) __attribute__((always_inline)) { return load(p); };
  index_t i = 0;
  for (; i + L <= n; i += L) store(y + i, scaled(i, load_all));
  const auto load_rest = [&](const T* p) __attribute__((always_inline)) { return load_some(p, n - i, T{}); };
  if (i < n) store_some(y + i, n - i, scaled(i, load_rest));
}

template <class T>
void scale_each(index_t n, T center, T scale, const T* weight, const T* bias, const T* x, T* y) {
  if (weight && bias) return scale_each<true, true>(n, center, scale, weight, bias, x, y);
  if (weight) return scale_each<true, false>(n, center, scale, weight, bias, x, y);
  if (bias) return scale_each<false, true>(n, center, scale, weight, bias, x, y);
  scale_each<false, false>(n, center, scale, weight, bias, x, y);
}

// y[i] = (x[i] - center) * scale + shift,   i < n; y may be x
template <class T>
TENFOLD_INLINE void scale_line(index_t n, T center, T scale, T shift, const T* x, T* y) {
  constexpr int L = lanes<T>;
  const vec<T> c = broadcast(center), s = broadcast(scale), t = broadcast(shift);
  index_t i = 0;
  for (; i + L <= n; i += L) store(y + i, (load(x + i) - c) * s + t);
  if (i < n) store_some(y + i, n - i, (load_some(x + i, n - i, T{}) - c) * s + t);
}

// y = (x - mean) / sqrt(var + eps) * weight + bias of the lines [begin, end), mean and var those of the line, whose
// terms are summed in two passes: the mean first. Lines that L1 holds together wait for each other's moments: one by
// one, each would wait for its own sums, quotients and root, which takes longer than 64 elements.
//   x, y (lines, length), which may be the same   weight, bias (channels), or (length) where each place has its own;
//   they may be missing
template <class T>
void normalize_lines(const normalization_geometry& g, index_t begin, index_t end, const T* x, const T* weight,
                     const T* bias, T eps, T* y) {
  constexpr index_t most = 16, held = 16384 / sizeof(T);
  const index_t pieces = g.each ? 1 : g.length / g.piece, fitting = held / g.length;
  const index_t block = fitting < 1 ? 1 : fitting < most ? fitting : most;
  const T count = static_cast<T>(g.length);
  const bool is_short = g.length <= summed_block<T>;
  index_t channel = g.each ? 0 : begin * pieces % g.channels;
  T mean[std::size_t{most}] = {}, scale[std::size_t{most}] = {};  // divided as vectors
  for (index_t first = begin; first < end; first += block) {
    const index_t lines = end - first < block ? end - first : block;
    const T* from = x + first * g.length;
    for (index_t l = 0; l < lines; ++l)
      mean[l] = is_short ? sum_of_block(g.length, from + l * g.length) : sum_of_line(g.length, from + l * g.length);
    for (T& m : mean) m /= count;
    for (index_t l = 0; l < lines; ++l)
      scale[l] = is_short ? squares_of_block(g.length, from + l * g.length, mean[l])
                          : squares_of_line(g.length, from + l * g.length, mean[l]);
    for (T& s : scale) s = s / count + eps;
    for (index_t l = 0; l < lines; ++l) scale[l] = static_cast<T>(__builtin_sqrt(scale[l]));
    for (T& s : scale) s = T{1} / s;
    for (index_t l = 0; l < lines; ++l, from += g.length) {
      T* to = y + (first + l) * g.length;
      if (g.each) {
        scale_each(g.length, mean[l], scale[l], weight, bias, from, to);
        continue;
      }
      for (index_t p = 0; p < pieces; ++p, channel = channel + 1 < g.channels ? channel + 1 : 0)
        scale_line(g.piece, mean[l], weight ? scale[l] * weight[channel] : scale[l], bias ? bias[channel] : T{},
                   from + p * g.piece, to + p * g.piece);
    }
  }
}

// y = x * alpha + beta of the lines [begin, end), line = n * channels + c
//     alpha = weight[c] / sqrt(var[c] + eps),  beta = bias[c] - mean[c] * alpha
// A line of one element is no vector: there the elements of an n are.
//   x, y (lines, piece), which may be the same   mean, var, weight, bias (channels); the last two may be missing
template <class T>
void batch_norm_lines(const normalization_geometry& g, index_t begin, index_t end, const batch_norm_arrays<T>& a, T eps,
                      const T* x, T* y) {
  const auto factors = [&](index_t c, T & alpha, T & beta) __attribute__((always_inline)) {
    alpha = T{1} / static_cast<T>(__builtin_sqrt(a.var[c] + eps));
    if (a.weight) alpha *= a.weight[c];
    beta = (a.bias ? a.bias[c] : T{}) - a.mean[c] * alpha;
  };
  if (g.piece != 1) {
    index_t channel = begin % g.channels;
    for (index_t line = begin; line < end; ++line, channel = channel + 1 < g.channels ? channel + 1 : 0) {
      T alpha, beta;
      factors(channel, alpha, beta);
      scale_line(g.piece, T{}, alpha, beta, x + line * g.piece, y + line * g.piece);
    }
    return;
  }
  constexpr index_t block = 256;
  T alpha[std::size_t{block}], beta[std::size_t{block}];
  for (index_t first = 0; first < g.channels; first += block) {
    const index_t count = g.channels - first < block ? g.channels - first : block;
    for (index_t c = 0; c < count; ++c) factors(first + c, alpha[c], beta[c]);
    for (index_t n = begin / g.channels; n * g.channels < end; ++n) {
      const index_t at = n * g.channels + first;
      const index_t from = at < begin ? begin - at : 0, to = at + count > end ? end - at : count;
      if (from < to) scale_each(to - from, T{}, T{1}, alpha + from, beta + from, x + at + from, y + at + from);
    }
  }
}

// The mean of each of V vectors of neighbouring pixels, or of `some` pixels of one, over their channels, which are
// `pitch` apart, and 1 / sqrt(var + eps). Four channels are added up at a time and every other square: a term of n is
// rounded at most n / 2 + 5 times. A sum has one product at most, so that it is the same operation whatever V is.
//   x (channels, pitch)   mean, scale (V)
template <int V, class T>
TENFOLD_INLINE void moments_of_pixels(index_t channels, index_t pitch, index_t some, const T* x, T eps, vec<T>* mean,
                                      vec<T>* scale) {
  constexpr int L = lanes<T>;
  const auto at = [&](index_t c, int v) __attribute__((always_inline)) {
    return load_up_to(x + c * pitch + v * L, some);
  };
  const vec<T> count = broadcast(static_cast<T>(channels));
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) mean[v] = scale[v] = vec<T>{};
  index_t c = 0;
  for (; c + 4 <= channels; c += 4)
    TENFOLD_UNROLL for (int v = 0; v < V; ++v) mean[v] += (at(c, v) + at(c + 1, v)) + (at(c + 2, v) + at(c + 3, v));
  for (; c < channels; ++c) TENFOLD_UNROLL for (int v = 0; v < V; ++v) mean[v] += at(c, v);
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) mean[v] = mean[v] / count;
  vec<T> other[std::size_t{V}] = {};
  for (c = 0; c + 2 <= channels; c += 2) TENFOLD_UNROLL for (int v = 0; v < V; ++v) {
      const vec<T> d = at(c, v) - mean[v], e = at(c + 1, v) - mean[v];
      scale[v] += d * d;  // two products in a row: see squares_of_line
      other[v] += e * e;
    }
  if (c < channels) TENFOLD_UNROLL
    for (int v = 0; v < V; ++v) {
      const vec<T> d = at(c, v) - mean[v];
      scale[v] += d * d;
    }
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) scale[v] += other[v];
  T roots[std::size_t{V * L}];
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) store(roots + v * L, scale[v] / count + broadcast(eps));
  for (T& root : roots) root = T{1} / static_cast<T>(__builtin_sqrt(root));
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) scale[v] = load(roots + v * L);
}

// A layer norm of those pixels.
//   x, y (channels, pitch), which may be the same   weight, bias (channels); they may be missing
template <int V, class T>
TENFOLD_INLINE void normalize_pixels(index_t channels, index_t pitch, index_t some, const T* x, const T* weight,
                                     const T* bias, T eps, T* y) {
  constexpr int L = lanes<T>;
  vec<T> mean[std::size_t{V}], scale[std::size_t{V}];
  moments_of_pixels<V>(channels, pitch, some, x, eps, mean, scale);
  for (index_t c = 0; c < channels; ++c) TENFOLD_UNROLL for (int v = 0; v < V; ++v) {
      const index_t at = c * pitch + v * L;
      vec<T> result = load_up_to(x + at, some) - mean[v];
      result *= scale[v];
      if (weight) result *= broadcast(weight[c]);
      if (bias) result += broadcast(bias[c]);
      if (some >= V * L)
        store(y + at, result);
      else
        store_some(y + at, some, result);
    }
}

// The pixels [begin, end) of all images, whose channels are normalised:  pixel = outer * inner + i
//   x, y (outer, length, inner), which may be the same   weight, bias (length); they may be missing
template <class T>
void layer_norm2d_pixels(const line_geometry& g, index_t begin, index_t end, const T* x, const T* weight, const T* bias,
                         T eps, T* y) {
  constexpr int L = lanes<T>, V = 4;
  for (index_t pixel = begin; pixel < end;) {
    const index_t place = pixel % g.inner, at = pixel / g.inner * g.length * g.inner + place;
    const index_t left = g.inner - place < end - pixel ? g.inner - place : end - pixel;
    if (left >= V * L) {
      normalize_pixels<V>(g.length, g.inner, V * L, x + at, weight, bias, eps, y + at);
      pixel += V * L;
    } else {
      const index_t some = left < L ? left : L;
      normalize_pixels<1>(g.length, g.inner, some, x + at, weight, bias, eps, y + at);
      pixel += some;
    }
  }
}
