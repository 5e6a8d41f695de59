// The transforms of the gradient of a 3x3 weight by Winograd's minimal filtering: of each tile of 4x4 gradients and the
// 6x6 inputs that they belong to,
//
//     dW = A^T ((G g G^T) * (B^T d B)) A,   * element by element
//
// with the points of F(4x4, 3x3), 0, a, -a, b, -b and infinity, and so its B; A and G have exchanged their shapes. That
// keeps the errors of sums, too: 19.1 where a sum of 4 products has 4 is 14.3 where one of 3 has 3
// (kernels/winograd.inl.hpp). A lane is a channel, the only dimension that both operands' products run along.

// u = G g
template <class T, class Vector>
TENFOLD_INLINE void winograd_gradient(const Vector (&g)[4], Vector (&u)[6]) {
  constexpr T a = winograd_a, b = winograd_b;
  const Vector even_a = g[0] + (a * a) * g[2], odd_a = a * g[1] + (a * a * a) * g[3];
  const Vector even_b = g[0] + (b * b) * g[2], odd_b = b * g[1] + (b * b * b) * g[3];
  constexpr T scale_a = 1 / (2 * a * a * (a * a - b * b)), scale_b = 1 / (2 * b * b * (b * b - a * a));
  u[0] = (1 / (a * a * b * b)) * g[0];
  u[1] = scale_a * (even_a + odd_a);
  u[2] = scale_a * (even_a - odd_a);
  u[3] = scale_b * (even_b + odd_b);
  u[4] = scale_b * (even_b - odd_b);
  u[5] = g[3];
}

// y = A^T m
template <class T, class Vector>
TENFOLD_INLINE void winograd_gradient_output(const Vector (&m)[6], Vector (&y)[3]) {
  constexpr T a = winograd_a, b = winograd_b;
  y[0] = m[0] + ((m[1] + m[2]) + (m[3] + m[4]));
  y[1] = a * (m[1] - m[2]) + b * (m[3] - m[4]);
  y[2] = (a * a) * (m[1] + m[2]) + ((b * b) * (m[3] + m[4]) + m[5]);
}

// v(e, t, l) = (B^T d B)(e), d(i, j) = tile(i, 4 t + j, l);   e < 36, t < tiles
//   tile  (6, .., L) lines `line` apart
//   v     (36, tiles, L) elements `plane` apart, tiles ld
// Not inlined: a second text of it might round otherwise.
template <class T>
__attribute__((noinline)) void winograd_gradient_inputs(const T* tile, index_t line, index_t tiles, T* v, index_t plane,
                                                        index_t ld) {
  constexpr int L = direct_lanes<T>;
  using Vector = vec_of<T, L>;
  for (index_t t = 0; t < tiles; ++t, tile += 4 * L, v += ld) {
    Vector rows[6][6];
    TENFOLD_UNROLL for (int j = 0; j < 6; ++j) {
      Vector d[6], r[6];
      TENFOLD_UNROLL for (int i = 0; i < 6; ++i) d[i] = load_lanes<L>(tile + i * line + j * L);
      winograd_input<T>(d, r);
      TENFOLD_UNROLL for (int i = 0; i < 6; ++i) rows[i][j] = r[i];
    }
    for (int i = 0; i < 6; ++i) {
      Vector r[6];
      winograd_input<T>(rows[i], r);
      TENFOLD_UNROLL for (int j = 0; j < 6; ++j) { store_lanes<L>(v + (i * 6 + j) * plane, r[j]); }
    }
  }
}

// u(e, t, l) = (G g G^T)(e), g(i, j) = tile(i, 4 t + j, l);   e < 36, t < tiles
//   tile  (4, .., L) lines `line` apart
//   u     (36, tiles, L) elements `plane` apart, tiles ld
template <class T>
__attribute__((noinline)) void winograd_gradient_gradients(const T* tile, index_t line, index_t tiles, T* u,
                                                           index_t plane, index_t ld) {
  constexpr int L = direct_lanes<T>;
  using Vector = vec_of<T, L>;
  for (index_t t = 0; t < tiles; ++t, tile += 4 * L, u += ld) {
    Vector rows[6][4];
    TENFOLD_UNROLL for (int j = 0; j < 4; ++j) {
      Vector g[4], r[6];
      TENFOLD_UNROLL for (int i = 0; i < 4; ++i) g[i] = load_lanes<L>(tile + i * line + j * L);
      winograd_gradient<T>(g, r);
      TENFOLD_UNROLL for (int i = 0; i < 6; ++i) rows[i][j] = r[i];
    }
    for (int i = 0; i < 6; ++i) {
      Vector r[6];
      winograd_gradient<T>(rows[i], r);
      TENFOLD_UNROLL for (int j = 0; j < 6; ++j) { store_lanes<L>(u + (i * 6 + j) * plane, r[j]); }
    }
  }
}

// The elements [first, first + elements) of what `Transform` gives.
template <class T, void (*Transform)(const T* tile, index_t line, index_t tiles, T* v, index_t plane, index_t ld)>
void winograd_gradient_elements(const T* tile, index_t line, index_t tiles, index_t first, index_t elements, T* v,
                                index_t plane, index_t ld) {
  if (elements == 36) return Transform(tile, line, tiles, v, plane, ld);
  constexpr index_t width = direct_lanes<T>;
  T all[std::size_t{36 * width}];
  for (index_t t = 0; t < tiles; ++t) {
    Transform(tile + 4 * t * width, line, 1, all, width, 0);
    for (index_t e = 0; e < elements; ++e)
      __builtin_memcpy(v + e * plane + t * ld, all + (first + e) * width, width * sizeof(T));
  }
}

// weight(c, i, j) [+]= (A^T m(., c) A)(i, j);   c < count
//   m  (36, count rounded up to L) elements `plane` apart
template <class T>
void winograd_gradient_outputs(const T* m, index_t plane, index_t count, bool adds, T* weight) {
  constexpr int L = direct_lanes<T>;
  using Vector = vec_of<T, L>;
  for (index_t c = 0; c < count; c += L, m += L, weight += 9 * L) {
    Vector rows[3][6];
    TENFOLD_UNROLL for (int j = 0; j < 6; ++j) {
      Vector of[6], y[3];
      TENFOLD_UNROLL for (int i = 0; i < 6; ++i) of[i] = load_lanes<L>(m + (i * 6 + j) * plane);
      winograd_gradient_output<T>(of, y);
      TENFOLD_UNROLL for (int i = 0; i < 3; ++i) rows[i][j] = y[i];
    }
    Vector y[9];
    TENFOLD_UNROLL for (int i = 0; i < 3; ++i) {
      Vector of[3];
      winograd_gradient_output<T>(rows[i], of);
      TENFOLD_UNROLL for (int j = 0; j < 3; ++j) y[3 * i + j] = of[j];
    }
    T last[std::size_t{L}];
    store_lanes<L>(last, y[8]);
    TENFOLD_UNROLL for (int t = 0; t < 8; t += L) transpose_lanes<T, L>(y + t);
    const int some = count - c < L ? static_cast<int>(count - c) : L;
    for (int l = 0; l < some; ++l) {
      T* to = weight + l * 9;
      TENFOLD_UNROLL for (int t = 0; t < 8; t += L) {
        const Vector sum = y[t + l];
        store_lanes<L>(to + t, adds ? load_lanes<L>(to + t) + sum : sum);
      }
      to[8] = adds ? to[8] + last[l] : last[l];
    }
  }
}

// The sizes of x[i], i < n, join the range. A root is half the exponent: the bits, halved, which are linear between
// powers of 2.
template <class T>
void add_range_of_line(index_t n, const T* x, number_range<T>& range) {
  constexpr int L = lanes<T>;
  using bit = std::decay_t<decltype(lane_mask<T>{}[0])>;
  constexpr bit half_of_one = static_cast<bit>(sizeof(T) == 4 ? 0x1fc00000 : 0x1ff8000000000000);
  vec<T> largest = {}, sum = {}, roots = {};
  lane_mask<T> count = {};
  for (index_t i = 0; i < n; i += L) {
    vec<T> v = {};
    if (i + L <= n)
      v = load(x + i);
    else
      __builtin_memcpy(&v, x + i, static_cast<std::size_t>(n - i) * sizeof(T));
    const vec<T> size = v < vec<T>{} ? -v : v;
    const lane_mask<T> counts = size > vec<T>{};
    const lane_mask<T> root = (bits_as<lane_mask<T>>(size) >> 1) + (half_of_one - lane_mask<T>{});
    largest = largest < size ? size : largest;
    sum += size;
    roots += masked<T>(bits_as<vec<T>>(root), counts);
    count -= counts;
  }
  for (int l = 0; l < L; ++l) {
    if (range.largest < largest[l]) range.largest = largest[l];
    range.sum += sum[l];
    range.roots += roots[l];
    range.count += static_cast<T>(count[l]);
  }
}

template <class T>
inline constexpr winograd_gradient_transforms<T> winograd_gradient_table = {
    direct_lanes<T>, &planes_to_lanes<T>, &winograd_gradient_elements<T, winograd_gradient_inputs<T>>,
    &winograd_gradient_elements<T, winograd_gradient_gradients<T>>, &winograd_gradient_outputs<T>};
