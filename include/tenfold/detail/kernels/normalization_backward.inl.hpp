// The gradients of the normalisations. With xh = (x - mean) * scale, scale = 1 / sqrt(var + eps), and g = dy * weight:
//     dx = (g - mean of g - xh * mean of g * xh) * scale    the means over what has its moments in common;
//     dx = g * scale                                         where the moments are given
//     grad_weight = sum of dy * xh,  grad_bias = sum of dy   over what has its weight in common

// What the gradient of a line needs of it besides its elements.
template <class T>
struct line_moments {
  T mean, scale;
  T of_gradient, of_product;  // the means of g and of g * xh
};

template <class T>
struct gradient_sums {
  T gradient, centered;
};

// 1 / sqrt(var + eps)
template <class T>
TENFOLD_INLINE T scale_of(T var, T eps) {
  return T{1} / static_cast<T>(__builtin_sqrt(var + eps));
}

// The sums of g[i] and of g[i] * (x[i] - center), g = dy [* weight], in the order of squares_of_line.
//   dy, x, weight (n)
template <bool Weighted, class T>
gradient_sums<T> gradient_sums_of_line(index_t n, const T* dy, const T* x, const T* weight, T center) {
  constexpr int L = lanes<T>;
  constexpr index_t block = 128 * L;
  if (n > block) {
    const index_t half = (n / block + 1) / 2 * block;
    const gradient_sums<T> a = gradient_sums_of_line<Weighted>(half, dy, x, weight, center);
    const gradient_sums<T> b =
        gradient_sums_of_line<Weighted>(n - half, dy + half, x + half, Weighted ? weight + half : weight, center);
    return {a.gradient + b.gradient, a.centered + b.centered};
  }
  const vec<T> c = broadcast(center);
  vec<T> sums[4] = {}, centered[4] = {};
  index_t i = 0;
  const auto add = [&](int k, index_t at) __attribute__((always_inline)) {
    vec<T> g = load(dy + at);
    if constexpr (Weighted) g *= load(weight + at);
    sums[k] += g;
    centered[k] += g * (load(x + at) - c);
  };
  for (; i + 4 * L <= n; i += 4 * L) TENFOLD_UNROLL for (int k = 0; k < 4; ++k) add(k, i + k * L);
  TENFOLD_UNROLL for (int k = 0; k < 3; ++k) if (i + L <= n) {  // as in squares_of_line
    add(k, i);
    i += L;
  }
  if (i < n) {
    const index_t at = n < L ? 0 : n - L, some = n < L ? n : L;
    const auto mask = n < L ? ~last_lanes<T>(L - n) : last_lanes<T>(n - i);
    vec<T> g = load_up_to(dy + at, some);
    if constexpr (Weighted) g *= load_up_to(weight + at, some);
    g = masked<T>(g, mask);
    sums[3] += g;
    centered[3] += g * masked<T>(load_up_to(x + at, some) - c, mask);
  }
  return {sum_of_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3])),
          sum_of_lanes<T>((centered[0] + centered[1]) + (centered[2] + centered[3]))};
}

// dx of a vector.
template <class T>
struct gradient_of_line {
  vec<T> mean, scale, of_gradient, of_product;

  TENFOLD_INLINE explicit gradient_of_line(const line_moments<T>& m)
      : mean(broadcast(m.mean)),
        scale(broadcast(m.scale)),
        of_gradient(broadcast(m.of_gradient)),
        of_product(broadcast(m.of_product)) {}
  TENFOLD_INLINE vec<T> normal(vec<T> x) const { return (x - mean) * scale; }
  TENFOLD_INLINE vec<T> operator()(vec<T> g, vec<T> normal_x) const {
    return ((g - of_gradient) - normal_x * of_product) * scale;
  }
};

// dx of a piece of a line, all of one weight.
//   dy, x, dx (n); dx may be one of the others
template <class T>
void gradient_of_piece(index_t n, const line_moments<T>& m, T weight, const T* dy, const T* x, T* dx) {
  const gradient_of_line<T> line(m);
  const vec<T> w = broadcast(weight);
  put_line(
      n, dx, [&](index_t i, index_t some) __attribute__((always_inline)) {
        const vec<T> g = load_up_to(dy + i, some) * w;
        return line(g, line.normal(load_up_to(x + i, some)));
      });
}

// The images [image, image_end) of the groups [group, group_end), whose pieces are summed one after the other.
//   gw, gb (groups, pieces): what is added to grad_weight and grad_bias; they may be null
template <class T>
void normalization_gradient_pieces(const normalization_gradient_geometry& g, index_t image, index_t image_end,
                                   index_t group, index_t group_end, const normalization_gradient_arrays<T>& a, T eps,
                                   T* gw, T* gb) {
  const index_t length = g.pieces * g.piece;
  const T count = static_cast<T>(length);
  for (; image < image_end; ++image)
    for (index_t k = group; k < group_end; ++k) {
      const index_t from = (image * g.groups + k) * length;
      line_moments<T> m{};
      m.mean = a.mean ? a.mean[k] : sum_of_line(length, a.input + from) / count;
      m.scale = scale_of(a.mean ? a.var[k] : squares_of_line(length, a.input + from, m.mean) / count, eps);
      gradient_sums<T> sums{};
      for (index_t p = 0; p < g.pieces && (gw || gb || !a.mean); ++p) {
        const index_t c = k * g.pieces + p, at = from + p * g.piece;
        const auto of_piece = gradient_sums_of_line<false>(g.piece, a.grad_output + at, a.input + at,
                                                           static_cast<const T*>(nullptr), m.mean);
        if (gw) gw[c] += of_piece.centered * m.scale;
        if (gb) gb[c] += of_piece.gradient;
        const T w = a.weight ? a.weight[c] : T{1};
        sums.gradient += w * of_piece.gradient;
        sums.centered += w * of_piece.centered;
      }
      if (!a.grad_input) continue;
      m.of_gradient = sums.gradient / count;
      m.of_product = sums.centered * m.scale / count;
      for (index_t p = 0; p < g.pieces; ++p) {
        const index_t at = from + p * g.piece;
        const T w = a.weight ? a.weight[k * g.pieces + p] : T{1};
        if (a.mean)
          scale_each<T>(g.piece, T{}, w * m.scale, nullptr, nullptr, a.grad_output + at, a.grad_input + at);
        else
          gradient_of_piece(g.piece, m, w, a.grad_output + at, a.input + at, a.grad_input + at);
      }
    }
}

// R rows of pieces of one element, `pitch` apart; what they add to grad_weight and grad_bias is added up first.
//   dy, x, dx (R, n)   weight, gw, gb (n); dx and these may be null
template <int R, class T>
void gradient_of_rows(index_t n, index_t pitch, const line_moments<T>* m, const T* weight, const T* dy, const T* x,
                      T* dx, T* gw, T* gb) {
  constexpr int L = lanes<T>;
  const auto columns = [&](index_t i, auto at, auto put) __attribute__((always_inline)) {
    const vec<T> w = weight ? at(weight + i) : broadcast(T{1});
    vec<T> share = {}, bias = {};
    TENFOLD_UNROLL for (int r = 0; r < R; ++r) {
      const gradient_of_line<T> line(m[r]);
      const vec<T> d = at(dy + r * pitch + i), normal = line.normal(at(x + r * pitch + i)), g = d * w;
      if (dx) put(dx + r * pitch + i, line(g, normal));
      share += d * normal;
      bias += d;
    }
    if (gw) put(gw + i, at(gw + i) + share);
    if (gb) put(gb + i, at(gb + i) + bias);
  };
  index_t i = 0;
  for (; i + L <= n; i += L)
    columns(
        i, [&](const T* p) __attribute__((always_inline)) { return load(p); },
        [&](T * p, vec<T> v) __attribute__((always_inline)) { store(p, v); });
  if (i < n)
    columns(
        i, [&](const T* p) __attribute__((always_inline)) { return load_some(p, n - i, T{}); },
        [&](T * p, vec<T> v) __attribute__((always_inline)) { store_some(p, n - i, v); });
}

// normalization_gradient_pieces of pieces of one element, each with its weight.
template <class T>
void normalization_gradient_rows(const normalization_gradient_geometry& g, index_t image, index_t image_end,
                                 index_t group, index_t group_end, const normalization_gradient_arrays<T>& a, T eps,
                                 T* gw, T* gb) {
  constexpr int R = 4;
  const index_t n = g.pieces, pitch = g.groups * n;
  const T count = static_cast<T>(n);
  for (index_t k = group; k < group_end; ++k) {
    const auto of_group = [&](T * p) __attribute__((always_inline)) { return p ? p + k * n : nullptr; };
    const T* weight = a.weight ? a.weight + k * n : nullptr;
    for (index_t row = image; row < image_end;) {
      const index_t rows = image_end - row < R ? 1 : R, from = row * pitch + k * n;
      // One number of all rows after the other: each waits for the one before it.
      const auto x_of = [&](index_t r) __attribute__((always_inline)) { return a.input + from + r * pitch; };
      line_moments<T> m[std::size_t{R}];
      for (index_t r = 0; r < rows; ++r) m[r].mean = sum_of_line(n, x_of(r)) / count;
      for (index_t r = 0; r < rows; ++r) m[r].scale = scale_of(squares_of_line(n, x_of(r), m[r].mean) / count, eps);
      for (index_t r = 0; r < rows && a.grad_input; ++r) {
        const T* dy = a.grad_output + from + r * pitch;
        const auto sums = weight ? gradient_sums_of_line<true>(n, dy, x_of(r), weight, m[r].mean)
                                 : gradient_sums_of_line<false>(n, dy, x_of(r), weight, m[r].mean);
        m[r].of_gradient = sums.gradient / count;
        m[r].of_product = sums.centered * m[r].scale / count;
      }
      const auto gradient = rows == R ? &gradient_of_rows<R, T> : &gradient_of_rows<1, T>;
      gradient(n, pitch, m, weight, a.grad_output + from, a.input + from, a.grad_input ? a.grad_input + from : nullptr,
               of_group(gw), of_group(gb));
      row += rows;
    }
  }
}

// R rows of groups of one element, whose moments are given; alpha = weight * scale.
//   dy, x, dx (R, n)   mean, scale, alpha, gw, gb (n); dx and the last two may be null
template <int R, class T>
void gradient_of_given_rows(index_t n, index_t pitch, const T* mean, const T* scale, const T* alpha, const T* dy,
                            const T* x, T* dx, T* gw, T* gb) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < n; i += L) {
    const index_t some = n - i;
    const auto put = [&](T * p, vec<T> v) __attribute__((always_inline)) {
      if (some >= L)
        store(p, v);
      else
        store_some(p, some, v);
    };
    const vec<T> m = load_up_to(mean + i, some), s = load(scale + i), factor = load(alpha + i);
    vec<T> share = {}, bias = {};
    TENFOLD_UNROLL for (int r = 0; r < R; ++r) {
      const vec<T> d = load_up_to(dy + r * pitch + i, some);
      if (gw) share += d * ((load_up_to(x + r * pitch + i, some) - m) * s);
      bias += d;
      if (dx) put(dx + r * pitch + i, d * factor);
    }
    if (gw) put(gw + i, load_up_to(gw + i, some) + share);
    if (gb) put(gb + i, load_up_to(gb + i, some) + bias);
  }
}

// normalization_gradient_pieces of groups of one element, with moments that are given.
template <class T>
void normalization_gradient_given_rows(const normalization_gradient_geometry& g, index_t image, index_t image_end,
                                       index_t group, index_t group_end, const normalization_gradient_arrays<T>& a,
                                       T eps, T* gw, T* gb) {
  constexpr int R = 4;
  constexpr index_t block = 512;
  T scale[std::size_t{block}] = {}, alpha[std::size_t{block}] = {};
  for (; group < group_end; group += block) {
    const index_t count = group_end - group < block ? group_end - group : block;
    for (index_t c = 0; c < count; ++c) {
      scale[c] = scale_of(a.var[group + c], eps);
      alpha[c] = a.weight ? a.weight[group + c] * scale[c] : scale[c];
    }
    for (index_t n = image; n < image_end;) {
      const index_t rows = image_end - n < R ? 1 : R, at = n * g.groups + group;
      const auto gradient = rows == R ? &gradient_of_given_rows<R, T> : &gradient_of_given_rows<1, T>;
      gradient(count, g.groups, a.mean + group, scale, alpha, a.grad_output + at, a.input + at,
               a.grad_input ? a.grad_input + at : nullptr, gw ? gw + group : nullptr, gb ? gb + group : nullptr);
      n += rows;
    }
  }
}

// Neighbouring places of an image whose moments are those of their pieces.
template <class T>
struct block_of_places {
  static constexpr int L = lanes<T>;
  static constexpr index_t most = 128;  // 512 bytes of a piece at a time; the sums over lanes are one in 8 additions
  T mean[std::size_t{most}], scale[std::size_t{most}], of_gradient[std::size_t{most}], of_product[std::size_t{most}];

  // Calls body(first, how many) for vectors that cover [0, count), the last of which ends there.
  template <class Body>
  TENFOLD_INLINE static void vectors(index_t count, const Body& body) {
    for (index_t j = 0; j < count; j += L) body(j + L <= count || count < L ? j : count - L, count < L ? count : L);
  }

  // The moments of V vectors, or of `some` places of one.
  //   dy, x (pieces, pitch); dy may be null
  template <int V>
  TENFOLD_INLINE void take_moments(index_t pieces, index_t pitch, index_t first, index_t some, const T* dy, const T* x,
                                   const T* weight, T eps) {
    vec<T> m[std::size_t{V}], s[std::size_t{V}], sum[std::size_t{V}] = {}, product[std::size_t{V}] = {};
    moments_of_pixels<V>(pieces, pitch, some, x, eps, m, s);
    for (index_t c = 0; dy && c < pieces; c += 2) TENFOLD_UNROLL for (int v = 0; v < V; ++v) {
        const index_t one = c * pitch + v * L, two = one + pitch;
        vec<T> g = load_up_to(dy + one, some);
        if (weight) g *= broadcast(weight[c]);
        vec<T> share = g * (load_up_to(x + one, some) - m[v]);
        if (c + 1 < pieces) {
          vec<T> other = load_up_to(dy + two, some);
          if (weight) other *= broadcast(weight[c + 1]);
          g += other;
          share += other * (load_up_to(x + two, some) - m[v]);
        }
        sum[v] += g;
        product[v] += share;
      }
    const vec<T> count = broadcast(static_cast<T>(pieces));
    TENFOLD_UNROLL for (int v = 0; v < V; ++v) {
      const index_t j = first + v * L;
      store(mean + j, m[v]);
      store(scale + j, s[v]);
      store(of_gradient + j, sum[v] / count);
      store(of_product + j, product[v] * s[v] / count);
    }
  }

  // dx of one piece, and its sums.
  //   dy, x, dx (count); dx may be null, or one of the others
  TENFOLD_INLINE gradient_sums<T> gradient(index_t count, T weight, const T* dy, const T* x, T* dx) const {
    const vec<T> w = broadcast(weight);
    vec<T> bias = {}, share = {};
    index_t done = 0;
    vectors(
        count, [&](index_t j, index_t some) __attribute__((always_inline)) {
          const index_t old = done - j, fresh = some - old;
          const vec<T> d = load_up_to(dy + j, some), s = load(scale + j),
                       normal = (load_up_to(x + j, some) - load(mean + j)) * s;
          if (dx) {
            const vec<T> result = ((d * w - load(of_gradient + j)) - normal * load(of_product + j)) * s;
            if (fresh == L) {
              store(dx + j, result);
            } else {
              T values[std::size_t{L}];
              store(values, result);
              for (index_t i = old; i < some; ++i) dx[j + i] = values[i];
            }
          }
          auto counts = last_lanes<T>(L);  // masked always, so that a product is never added in one operation
          if (fresh < L) counts = count < L ? ~last_lanes<T>(L - count) : last_lanes<T>(fresh);
          bias += masked<T>(d, counts);
          share += masked<T>(d * normal, counts);
          done = j + some;
        });
    return {sum_of_lanes<T>(bias), sum_of_lanes<T>(share)};
  }
};

// The places [place, place_end) of all images, of one group:  place = image * piece + i
template <class T>
void normalization_gradient_places(const normalization_gradient_geometry& g, index_t place, index_t place_end, index_t,
                                   index_t, const normalization_gradient_arrays<T>& a, T eps, T* gw, T* gb) {
  constexpr int L = lanes<T>, V = 4;
  block_of_places<T> block;
  while (place < place_end) {
    const index_t i = place % g.piece, from = place / g.piece * g.pieces * g.piece + i;
    index_t count = g.piece - i < place_end - place ? g.piece - i : place_end - place;
    if (count > block.most) count = block.most;
    const T *dy = a.grad_input ? a.grad_output + from : nullptr, *x = a.input + from;
    index_t whole = 0;
    for (; whole + V * L <= count; whole += V * L)
      block.template take_moments<V>(g.pieces, g.piece, whole, V * L, dy ? dy + whole : nullptr, x + whole, a.weight,
                                     eps);
    block.vectors(
        count - whole, [&](index_t j, index_t some) __attribute__((always_inline)) {
          j += whole;
          block.template take_moments<1>(g.pieces, g.piece, j, some, dy ? dy + j : nullptr, x + j, a.weight, eps);
        });
    for (index_t c = 0; c < g.pieces; ++c) {
      const index_t at = from + c * g.piece;
      const auto sums = block.gradient(count, a.weight ? a.weight[c] : T{1}, a.grad_output + at, a.input + at,
                                       a.grad_input ? a.grad_input + at : nullptr);
      if (gw) gw[c] += sums.centered;
      if (gb) gb[c] += sums.gradient;
    }
    place += count;
  }
}

template <class T>
using normalization_gradient_function = void (*)(const normalization_gradient_geometry& g, index_t begin, index_t end,
                                                 index_t group, index_t group_end,
                                                 const normalization_gradient_arrays<T>& a, T eps, T* gw, T* gb);

// By normalization_walk.
template <class T>
inline constexpr normalization_gradient_function<T> normalization_gradient_functions[] = {
    &normalization_gradient_pieces<T>, &normalization_gradient_rows<T>, &normalization_gradient_given_rows<T>,
    &normalization_gradient_places<T>};
