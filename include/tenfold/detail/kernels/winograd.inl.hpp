// The transforms of Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2016): a tile of M x M outputs of an R x R convolution from N x N inputs, N = M + R - 1, by N * N multiplications,
//
//     Y = A^T ((G w G^T) * (B^T d B)) A,   * element by element
//
// always for lanes<T> tiles, or output channels, at a time. Loops are unrolled within one transform only:
// all five or six of a tile do not fit the registers anyway. The matrices follow from N - 1 points and infinity as Toom
// and Cook have them, scaled so that B and A hold dyadic fractions only:
//     M = 2, R = 3   0, 1, -1
//     M = 4, R = 3   0, a, -a, b, -b
//     M = 2, R = 2   1, -1
//     M = 4, R = 2   c, -c, d, -d
// Infinity comes last: that element of a transformed weight is its last tap.
//
// The rounding errors of M = 4 depend on the points. With independent inputs and weights of variance 1, a sum of
// products in the transformed domain has the variance |row of B^T|^2 |row of G|^2, and reaches the outputs with the
// squares of A^T: on average, of one dimension,
//
//     1/4 sum over i, e of A(e, i)^2 |B(:, e)|^2 |G(e, :)|^2  =  14.3 for a, b = 5/8, 3/2   (the least is 14.2)
//                                                               20.8 for 0, 1, -1, 1/2, -2
//                                                               32.3 for the usual 0, 1, -1, 2, -2
//     and for R = 2                                              5.6 for c, d = 3/8, 5/4   (the least of these)
//                                                                8.8 for 0, 3/4, -3/4, 2   (the least with 0, a, -a)
//                                                               12.8 for the usual 0, 1, -1, 2
//
// and its square counts, for there are two dimensions. (A sum of R products has R.) The powers of these fractions have
// few digits, so that B and A are exact. What errors are left is in docs/winograd_error.md.
inline constexpr float winograd_a = 0.625F;
inline constexpr float winograd_b = 1.5F;
inline constexpr float winograd_c = 0.375F;
inline constexpr float winograd_d = 1.25F;

// r = B^T d
template <class T>
TENFOLD_INLINE void winograd_input(const vec<T> (&d)[4], vec<T> (&r)[4]) {
  r[0] = d[0] - d[2];
  r[1] = d[1] + d[2];
  r[2] = d[2] - d[1];
  r[3] = d[3] - d[1];
}

template <class T, class Vector>  // a gradient's are narrower than vec<T> where avx512 is alone
TENFOLD_INLINE void winograd_input(const Vector (&d)[6], Vector (&r)[6]) {
  constexpr T a = winograd_a, b = winograd_b;
  const Vector even_a = d[4] - (b * b) * d[2], odd_a = d[3] - (b * b) * d[1];
  const Vector even_b = d[4] - (a * a) * d[2], odd_b = d[3] - (a * a) * d[1];
  r[0] = (a * a * b * b) * d[0] + (d[4] - (a * a + b * b) * d[2]);
  r[1] = even_a + a * odd_a;
  r[2] = even_a - a * odd_a;
  r[3] = even_b + b * odd_b;
  r[4] = even_b - b * odd_b;
  r[5] = (a * a * b * b) * d[1] + (d[5] - (a * a + b * b) * d[3]);
}

template <class T>
TENFOLD_INLINE void winograd_input(const vec<T> (&d)[3], vec<T> (&r)[3]) {
  r[0] = d[1] + d[0];
  r[1] = d[1] - d[0];
  r[2] = d[2] - d[0];
}

template <class T>
TENFOLD_INLINE void winograd_input(const vec<T> (&d)[5], vec<T> (&r)[5]) {
  constexpr T a = winograd_c, b = winograd_d;
  const vec<T> even_a = d[2] - broadcast(b * b) * d[0], odd_a = d[3] - broadcast(b * b) * d[1];
  const vec<T> even_b = d[2] - broadcast(a * a) * d[0], odd_b = d[3] - broadcast(a * a) * d[1];
  r[0] = odd_a + broadcast(a) * even_a;
  r[1] = odd_a - broadcast(a) * even_a;
  r[2] = odd_b + broadcast(b) * even_b;
  r[3] = odd_b - broadcast(b) * even_b;
  r[4] = broadcast(a * a * b * b) * d[0] + (d[4] - broadcast(a * a + b * b) * d[2]);
}

// u = G w
template <class T>
TENFOLD_INLINE void winograd_weight(const vec<T> (&w)[3], vec<T> (&u)[4]) {
  const vec<T> half = broadcast(T(0.5));
  const vec<T> outer = w[0] + w[2];
  u[0] = w[0];
  u[1] = half * (outer + w[1]);
  u[2] = half * (outer - w[1]);
  u[3] = w[2];
}

template <class T>
TENFOLD_INLINE void winograd_weight(const vec<T> (&w)[3], vec<T> (&u)[6]) {
  constexpr T a = winograd_a, b = winograd_b;
  const vec<T> even_a = w[0] + broadcast(a * a) * w[2], odd_a = broadcast(a) * w[1];
  const vec<T> even_b = w[0] + broadcast(b * b) * w[2], odd_b = broadcast(b) * w[1];
  const vec<T> scale_a = broadcast(1 / (2 * a * a * (a * a - b * b)));
  const vec<T> scale_b = broadcast(1 / (2 * b * b * (b * b - a * a)));
  u[0] = broadcast(1 / (a * a * b * b)) * w[0];
  u[1] = scale_a * (even_a + odd_a);
  u[2] = scale_a * (even_a - odd_a);
  u[3] = scale_b * (even_b + odd_b);
  u[4] = scale_b * (even_b - odd_b);
  u[5] = w[2];
}

template <class T>
TENFOLD_INLINE void winograd_weight(const vec<T> (&w)[2], vec<T> (&u)[3]) {
  const vec<T> half = broadcast(T(0.5));
  u[0] = half * (w[0] + w[1]);
  u[1] = half * (w[1] - w[0]);
  u[2] = w[1];
}

template <class T>
TENFOLD_INLINE void winograd_weight(const vec<T> (&w)[2], vec<T> (&u)[5]) {
  constexpr T a = winograd_c, b = winograd_d;
  const vec<T> odd_a = broadcast(a) * w[1], odd_b = broadcast(b) * w[1];
  const vec<T> scale_a = broadcast(1 / (2 * a * (a * a - b * b))), scale_b = broadcast(1 / (2 * b * (b * b - a * a)));
  u[0] = scale_a * (odd_a + w[0]);
  u[1] = scale_a * (odd_a - w[0]);
  u[2] = scale_b * (odd_b + w[0]);
  u[3] = scale_b * (odd_b - w[0]);
  u[4] = w[1];
}

// y = A^T m
template <class T>
TENFOLD_INLINE void winograd_output(const vec<T> (&m)[4], vec<T> (&y)[2]) {
  y[0] = m[0] + (m[1] + m[2]);
  y[1] = m[3] + (m[1] - m[2]);
}

template <class T>
TENFOLD_INLINE void winograd_output(const vec<T> (&m)[6], vec<T> (&y)[4]) {
  constexpr T a = winograd_a, b = winograd_b;
  const vec<T> sum_a = m[1] + m[2], difference_a = m[1] - m[2];
  const vec<T> sum_b = m[3] + m[4], difference_b = m[3] - m[4];
  y[0] = m[0] + (sum_a + sum_b);
  y[1] = broadcast(a) * difference_a + broadcast(b) * difference_b;
  y[2] = broadcast(a * a) * sum_a + broadcast(b * b) * sum_b;
  y[3] = broadcast(a * a * a) * difference_a + (broadcast(b * b * b) * difference_b + m[5]);
}

template <class T>
TENFOLD_INLINE void winograd_output(const vec<T> (&m)[3], vec<T> (&y)[2]) {
  y[0] = m[0] + m[1];
  y[1] = m[2] + (m[0] - m[1]);
}

template <class T>
TENFOLD_INLINE void winograd_output(const vec<T> (&m)[5], vec<T> (&y)[4]) {
  constexpr T a = winograd_c, b = winograd_d;
  const vec<T> sum_a = m[0] + m[1], difference_a = m[0] - m[1];
  const vec<T> sum_b = m[2] + m[3], difference_b = m[2] - m[3];
  y[0] = sum_a + sum_b;
  y[1] = broadcast(a) * difference_a + broadcast(b) * difference_b;
  y[2] = broadcast(a * a) * sum_a + broadcast(b * b) * sum_b;
  y[3] = broadcast(a * a * a) * difference_a + (broadcast(b * b * b) * difference_b + m[4]);
}

// d[j] lane t = p[2 t + j], j < 2;   p (2 L)
template <class T>
TENFOLD_INLINE void split_tiles(const T* p, vec<T> (&d)[2]) {
  constexpr int L = lanes<T>;
  const vec<T> a = load(p), b = load(p + L);
  d[0] = every_second<0, T, L>(a, b);
  d[1] = every_second<1, T, L>(a, b);
}

// d[j] lane t = p[4 t + j], j < 4;   p (4 L)
template <class T>
TENFOLD_INLINE void split_tiles(const T* p, vec<T> (&d)[4]) {
  constexpr int L = lanes<T>;
  const vec<T> a0 = load(p), a1 = load(p + L), b0 = load(p + 2 * L), b1 = load(p + 3 * L);
  const vec<T> a_even = every_second<0, T, L>(a0, a1), a_odd = every_second<1, T, L>(a0, a1);
  const vec<T> b_even = every_second<0, T, L>(b0, b1), b_odd = every_second<1, T, L>(b0, b1);
  d[0] = every_second<0, T, L>(a_even, b_even);
  d[1] = every_second<0, T, L>(a_odd, b_odd);
  d[2] = every_second<1, T, L>(a_even, b_even);
  d[3] = every_second<1, T, L>(a_odd, b_odd);
}

// d[j] lane t = p[M t + j], j < N: a tile begins every M elements and overlaps the next by N - M.
//   p (M L + N - M - 1 + L)
template <class T, int M, int N>
TENFOLD_INLINE void load_tiles(const T* p, vec<T> (&d)[std::size_t{N}]) {
  constexpr int L = lanes<T>;
  vec<T> own[std::size_t{M}];
  split_tiles<T>(p, own);
  TENFOLD_UNROLL for (int j = 0; j < M; ++j) d[j] = own[j];
  TENFOLD_UNROLL for (int j = M; j < N; ++j) d[j] = next_lanes<T, L>(own[j - M], load(p + M * L + j - M));
}

// The rows of count tiles side by side, transformed: rows(i, j, t) = sum over k < N of B(k, j) * line[i][t M + k], i, j
// < N
//   line  (N) pointers to (round_up(count, L) * M + N - M - 1 + L) elements
//   rows  (N, N, ld); whole vectors are written, up to one less an element behind the last tile
template <class T, int M, int R>
void winograd_input_rows(const T* const* line, index_t count, T* rows, index_t ld) {
  constexpr int N = M + R - 1;
  for (int i = 0; i < N; ++i, rows += N * ld)
    for (index_t t = 0; t < count; t += lanes<T>) {
      vec<T> d[std::size_t{N}], r[std::size_t{N}];
      load_tiles<T, M, N>(line[i] + t * M, d);
      winograd_input<T>(d, r);
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) store(rows + j * ld + t, r[j]);
    }
}

// The columns of the same: v(i N + j, t) = sum over k < N of B(k, i) * rows(k, j, t),   i, j < N, t < count
//   rows  (N, N, ld)
//   v     (N N, round_up(count, L)) planes `plane` apart
template <class T, int N>
void winograd_input_columns(const T* rows, index_t ld, index_t count, T* v, index_t plane) {
  for (int j = 0; j < N; ++j)
    for (index_t t = 0; t < count; t += lanes<T>) {
      vec<T> d[std::size_t{N}], r[std::size_t{N}];
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) d[i] = load(rows + (i * N + j) * ld + t);
      winograd_input<T>(d, r);
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) store(v + (i * N + j) * plane + t, r[i]);
    }
}

// u(i N + j, o) = (G w(o) G^T)(i, j),   i, j < N, o < width
//   w    tap t of output channel o at tap[t] * width + o
//   tap  (R R), negative where the tap is 0
//   u    (N N, width) planes `plane` apart; width a multiple of L, up to 128 bytes
template <class T, int M, int R>
void winograd_weights(const T* w, const index_t* tap, index_t width, T* u, index_t plane) {
  constexpr int N = M + R - 1;
  const T zeros[128 / sizeof(T)] = {};
  const T* from[std::size_t{R * R}];
  for (int t = 0; t < R * R; ++t) from[t] = tap[t] < 0 ? zeros : w + tap[t] * width;
  for (index_t o = 0; o < width; o += lanes<T>) {
    vec<T> left[std::size_t{R}][std::size_t{N}];  // transposed: column by column of G w
    for (int b = 0; b < R; ++b) {
      vec<T> column[std::size_t{R}];
      TENFOLD_UNROLL for (int a = 0; a < R; ++a) column[a] = load(from[R * a + b] + o);
      winograd_weight<T>(column, left[b]);
    }
    for (int i = 0; i < N; ++i) {
      vec<T> row[std::size_t{R}], r[std::size_t{N}];
      TENFOLD_UNROLL for (int b = 0; b < R; ++b) row[b] = left[b][i];
      winograd_weight<T>(row, r);
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) store(u + (i * N + j) * plane + o, r[j]);
    }
  }
}

// y(i, t M + j, o) = bias(o) + (A^T m(t, o) A)(i, j),   i, j < M, t < count, o < L
//   m     (N N, count, L) planes `plane` apart, tiles `tile` apart
//   bias  (L)
//   y     (M, M count, L) rows y_row, columns y_step apart
template <class T, int M, int R>
void winograd_output_tiles(const T* m, index_t plane, index_t tile, index_t count, const T* bias, T* y, index_t y_row,
                           index_t y_step) {
  constexpr int N = M + R - 1;
  for (index_t t = 0; t < count; ++t, m += tile, y += M * y_step) {
    vec<T> left[std::size_t{N}][std::size_t{M}];  // transposed: column by column of A^T m
    for (int j = 0; j < N; ++j) {
      vec<T> column[std::size_t{N}];
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) column[i] = load(m + (i * N + j) * plane);
      winograd_output<T>(column, left[j]);
    }
    for (int i = 0; i < M; ++i) {
      vec<T> row[std::size_t{N}], out[std::size_t{M}];
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) row[j] = left[j][i];
      winograd_output<T>(row, out);
      TENFOLD_UNROLL for (int j = 0; j < M; ++j) store(y + i * y_row + j * y_step, out[j] + load(bias));
    }
  }
}

// out[o * plane + i * line + x] = rectified(y(i, x, o)),   i < rows, x < columns, o < count <= L
//   y  (rows, round_up(columns, L), L) rows y_row apart
// The last block of a row ends with its last element; what it shares with the one before is written twice.
template <class T>
void winograd_output_rows(const T* y, index_t y_row, index_t rows, index_t columns, index_t count, bool rectifies,
                          T* out, index_t line, index_t plane) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < rows; ++i, y += y_row, out += line)
    for (index_t x = 0; x < columns; x += L) {
      if (x > columns - L && columns > L) x = columns - L;
      vec_of<T, L> block[std::size_t{L}];
      TENFOLD_UNROLL for (int l = 0; l < L; ++l) block[l] = load(y + (x + l) * L);
      transpose_lanes<T, L>(block);
      if (rectifies) rectify<T, L, L>(block);
      if (x + L <= columns) {
        TENFOLD_UNROLL for (int l = 0; l < L; ++l) {
          if (l < count) store(out + l * plane + x, block[l]);
        }
      } else {
        T last[std::size_t{L}][std::size_t{L}];
        TENFOLD_UNROLL for (int l = 0; l < L; ++l) store(last[l], block[l]);
        for (index_t l = 0; l < count; ++l)
          for (index_t e = x; e < columns; ++e) out[l * plane + e] = last[l][e - x];
      }
    }
}

template <class T>
inline constexpr T winograd_unbalanced = std::numeric_limits<T>::infinity();

// The bits of absolute values order as the values do, with infinity and NaN above all numbers, and comparing integers
// is one instruction.
template <class T>
using magnitude_bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
template <class T>
inline constexpr magnitude_bits<T> largest_bits = (std::numeric_limits<magnitude_bits<T>>::max)();

template <class V>
TENFOLD_INLINE V larger(V a, V b) {
  return a > b ? a : b;
}
template <class V>
TENFOLD_INLINE V smaller(V a, V b) {
  return a < b ? a : b;
}

// map(i, x) = max(map(i, x), |line[i][x]|),   i < lines, x < count
//   line  (lines) pointers to round_up(count, L) elements
//   map   (lines, ld), as long
// Two lines at a time; the last of an odd number counts twice.
template <class T>
void winograd_magnitudes(const T* const* line, index_t lines, index_t count, T* map, index_t ld) {
  using V = vec<magnitude_bits<T>>;
  const V mask = broadcast(largest_bits<T>);
  for (index_t i = 0; i < lines; i += 2) {
    const index_t next = i + 1 < lines ? i + 1 : i;
    const T* from[2] = {line[i], line[next]};
    T* to[2] = {map + i * ld, map + next * ld};
    for (index_t x = 0; x < count; x += lanes<T>) TENFOLD_UNROLL for (int l = 0; l < 2; ++l) {
        const V grown = larger(bits_as<V>(load(from[l] + x)) & mask, bits_as<V>(load(to[l] + x)));
        store(to[l] + x, bits_as<vec<T>>(grown));
      }
  }
}

// The imbalance of a tile up to which it is transformed, and X / x alone (convolution/winograd/guard.hpp). A power of
// two costs as many bits of the result in the worst case. Of the tiles of a photograph, and of the activations of a
// trained network with 16 to 64 channels, 0.5 % have X / x above 8, none above 16. Where all weights are alike S / s is
// 2.25 in the corner of an image padded by 1; in that of a transposed convolution without padding, whose outputs there
// meet one tap only, 9.
inline constexpr int winograd_range = 32;
inline constexpr int winograd_range_of_values = 16;

// Of count tiles side by side in a map of magnitudes, the largest one X, and with the least x of the windows' largest
//     x(t) = min over i < rows, j < M, M t + j < columns of
//            max over a < reach_h, b < reach_w of map(i + a, M t + j + b),   reach_h, reach_w <= R
// their balance winograd_range * x / X, negative where x / X or X itself is too small, infinity where X is 0. A tile
// without outputs is as one of zeros.
//   map               (N, ld), M L + 2 L elements behind the last tile's first are read
//   largest, balance  (round_up(count, L))
template <class T, int M, int R>
void winograd_ranges(const T* map, index_t ld, index_t count, const hw& reach, index_t rows, index_t columns,
                     T* largest, T* balance) {
  constexpr int N = M + R - 1, L = lanes<T>;
  using B = magnitude_bits<T>;
  const vec<B> tile = lane_numbers<B, L>() * broadcast(B{M});
  for (index_t t = 0; t < count; t += L) {
    vec<B> wide[std::size_t{N}][std::size_t{M}];  // of neighbours in a line
    vec<B> most = {};
    for (int i = 0; i < N; ++i) {
      vec<T> line[std::size_t{N}];
      load_tiles<T, M, N>(map + i * ld + t * M, line);
      vec<B> d[std::size_t{N}];
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) {
        d[j] = bits_as<vec<B>>(line[j]);
        most = larger(most, d[j]);
      }
      TENFOLD_UNROLL for (int j = 0; j < M; ++j) {
        wide[i][j] = d[j];
        TENFOLD_UNROLL for (int b = 1; b < R; ++b) {
          if (b < reach.w) wide[i][j] = larger(wide[i][j], d[j + b]);
        }
      }
    }
    vec<B> low = broadcast(largest_bits<T>);
    const vec<B> room = broadcast(static_cast<B>(columns - t * M)) - tile;
    for (int i = 0; i < rows; ++i) TENFOLD_UNROLL for (int j = 0; j < M; ++j) {
        vec<B> window = wide[i][j];
        TENFOLD_UNROLL for (int a = 1; a < R; ++a) {
          if (a < reach.h) window = larger(window, wide[i + a][j]);
        }
        low = smaller(low, room > broadcast(B{j}) ? window : low);
      }
    const vec<B> some = rows > 0 ? room > vec<B>{} : vec<B>{};
    const vec<T> x_most = bits_as<vec<T>>(most & some), ratio = bits_as<vec<T>>(low) / x_most;
    const vec<B> transformed =
        (x_most >= broadcast(winograd_tiny<T>)) & (ratio * broadcast(T{winograd_range_of_values}) >= broadcast(T{1}));
    const vec<T> passes = chosen(transformed, broadcast(T{winograd_range}) * ratio, broadcast(T{-1}));
    store(largest + t, x_most);
    store(balance + t, chosen(x_most == vec<T>{}, broadcast(winograd_unbalanced<T>), passes));
  }
}

// sums(t, o) += sum over c < channels of |w(c, t, o)|, one channel after the other,   t < taps, o < width
//   w     tap t of channel c at (c * step + t) * width; width a multiple of L
//   sums  (taps, ld)
template <class T>
void winograd_tap_sums(const T* w, index_t channels, index_t step, index_t taps, index_t width, T* sums, index_t ld) {
  using V = vec<magnitude_bits<T>>;
  for (index_t t = 0; t < taps; ++t)
    for (index_t o = 0; o < width; o += lanes<T>) {
      vec<T> sum = load(sums + t * ld + o);
      for (index_t c = 0; c < channels; ++c)
        sum += bits_as<vec<T>>(bits_as<V>(load(w + (c * step + t) * width + o)) & broadcast(largest_bits<T>));
      store(sums + t * ld + o, sum);
    }
}

// all(o) = S(o), the sum of p's magnitudes, and share[k] = max over o of S(o) / s(o, k), s the part of it that is not
// cut, 1 where S is 0 and infinity where that is no number,   k < cuts, o < L
template <class T, int R>
void winograd_shares(const winograd_weight_sums<T>& p, T* all, T* share) {
  constexpr int L = lanes<T>;
  const vec<T> infinity = broadcast(winograd_unbalanced<T>);
  vec<T> part[std::size_t{R}][std::size_t{R}], sum = {};
  for (int i = 0; i < p.reach.h; ++i)
    for (int j = 0; j < p.reach.w; ++j) {
      part[i][j] = vec<T>{};
      const T* from = p.sums + p.tap[i * R + j] * p.ld;
      for (index_t b = 0; b < p.blocks; ++b, from += p.block) part[i][j] += load(from);
      sum += part[i][j];
    }
  store(all, sum);
  for (index_t k = 0; k < p.cuts; ++k) {
    const winograd_cut& cut = p.cut[k];
    vec<T> met = {};
    for (index_t i = cut.before_h; i < p.reach.h - cut.behind_h; ++i)
      for (index_t j = cut.before_w; j < p.reach.w - cut.behind_w; ++j) met += part[i][j];
    const vec<T> ratio = chosen(sum == vec<T>{}, broadcast(T{1}), sum / met);
    T lane[std::size_t{L}], most = 1;
    store(lane, chosen(ratio == ratio, ratio, infinity));
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) most = lane[l] > most ? lane[l] : most;
    share[k] = most;
  }
}

// x(c, i, j) = p's pixel (i, j) of channel c,   i, j < N
template <class T, int N>
void winograd_patches(const winograd_patch<T>& p, T* x) {
  const bool inside = p.first.h >= 0 && p.first.w >= 0 && p.step.w == 1 && p.first.h + (N - 1) * p.step.h < p.in.h &&
                      p.first.w + N <= p.in.w;
  for (index_t c = 0; c < p.channels; ++c) {
    const T* plane = p.image + c * p.in.h * p.in.w;
    for (index_t i = 0; i < N; ++i, x += N) {
      const index_t line = p.first.h + i * p.step.h;
      if (inside) {
        __builtin_memcpy(x, plane + line * p.in.w + p.first.w, N * sizeof(T));
        continue;
      }
      for (index_t j = 0; j < N; ++j) {
        const index_t column = p.first.w + j * p.step.w;
        const bool exists = line >= 0 && line < p.in.h && column >= 0 && column < p.in.w;
        x[j] = T{};
        if (exists) x[j] = plane[line * p.in.w + column];
      }
    }
  }
}

// y(i, j, o) [+]= sum over c < channels, a, b < R of w(c, tap[R a + b], o) * x(c, i + a, j + b),   i, j < M, o < L
// and after the last such sum bias(o) + y(i, j, o). Two rows at a time are 2 M sums in registers.
template <class T, int M, int R>
void winograd_direct(const winograd_direct_sums<T>& p) {
  constexpr int N = M + R - 1, L = lanes<T>;
  for (int i = 0; i < M; i += 2) {
    vec<T> sum[2][std::size_t{M}] = {};
    const T* x = p.x + i * N;
    const T* w = p.w;
    for (index_t c = 0; c < p.channels; ++c, x += N * N, w += p.step * L)
      for (int t = 0; t < R * R; ++t) {
        if (p.tap[t] < 0) continue;
        const vec<T> factor = load(w + p.tap[t] * L);
        const T* from = x + t / R * N + t % R;
        TENFOLD_UNROLL for (int r = 0; r < 2; ++r) TENFOLD_UNROLL for (int j = 0; j < M; ++j) sum[r][j] +=
            factor * broadcast(from[r * N + j]);
      }
    TENFOLD_UNROLL for (int r = 0; r < 2; ++r) TENFOLD_UNROLL for (int j = 0; j < M; ++j) {
      T* to = p.y + (i + r) * p.y_row + j * p.y_step;
      vec<T> y = sum[r][j];
      if (!p.first) y += load(to);
      if (p.last) y += load(p.bias);
      store(to, y);
    }
  }
}

template <class T, int M, int R>
inline constexpr winograd_transforms<T> winograd_table = {lanes<T>,
                                                          M,
                                                          R,
                                                          &copy_line<T>,
                                                          &pack_transpose<T>,
                                                          &winograd_weights<T, M, R>,
                                                          &winograd_input_rows<T, M, R>,
                                                          &winograd_input_columns<T, M + R - 1>,
                                                          &winograd_output_tiles<T, M, R>,
                                                          &winograd_output_rows<T>,
                                                          &winograd_magnitudes<T>,
                                                          &winograd_ranges<T, M, R>,
                                                          &winograd_tap_sums<T>,
                                                          &winograd_shares<T, R>,
                                                          &winograd_patches<T, M + R - 1>,
                                                          &winograd_direct<T, M, R>};
