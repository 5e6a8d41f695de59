// The transforms of Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2016): a tile of M x M outputs of an R x R convolution from N x N inputs, N = M + R - 1, by N * N multiplications,
//
//     Y = A^T ((G w G^T) * (B^T d B)) A,   * element by element
//
// always lanes<T> tiles (or, of the weight, output channels) at a time. Loops are unrolled within one transform only:
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

template <class T>
TENFOLD_INLINE void winograd_input(const vec<T> (&d)[6], vec<T> (&r)[6]) {
  constexpr T a = winograd_a, b = winograd_b;
  const vec<T> even_a = d[4] - broadcast(b * b) * d[2], odd_a = d[3] - broadcast(b * b) * d[1];
  const vec<T> even_b = d[4] - broadcast(a * a) * d[2], odd_b = d[3] - broadcast(a * a) * d[1];
  r[0] = broadcast(a * a * b * b) * d[0] + (d[4] - broadcast(a * a + b * b) * d[2]);
  r[1] = even_a + broadcast(a) * odd_a;
  r[2] = even_a - broadcast(a) * odd_a;
  r[3] = even_b + broadcast(b) * odd_b;
  r[4] = even_b - broadcast(b) * odd_b;
  r[5] = broadcast(a * a * b * b) * d[1] + (d[5] - broadcast(a * a + b * b) * d[3]);
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

// row[k] lane l = y[x % K] lane x / K with x = k L + l: the tiles' elements in the order of the image. As
// transpose_lanes, but it stops when the vectors' numbers have moved into the lanes'.
template <class T, int K>
TENFOLD_INLINE void join_tiles(vec<T> (&y)[std::size_t{K}]) {
  constexpr int L = lanes<T>;
  TENFOLD_UNROLL for (int bit = 1; bit < K; bit *= 2) {
    vec<T> zipped[std::size_t{K}];
    TENFOLD_UNROLL for (int i = 0; i < K / 2; ++i) {
      zipped[2 * i] = zipped_lanes<0, T, L>(y[i], y[i + K / 2]);
      zipped[2 * i + 1] = zipped_lanes<1, T, L>(y[i], y[i + K / 2]);
    }
    TENFOLD_UNROLL for (int i = 0; i < K; ++i) y[i] = zipped[i];
  }
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

// The columns of the same: v(i N + j, t) = sum over k < N of B(k, i) * rows(k, j, t),   i, j < N, t < width
//   rows  (N, N, ld)
//   v     (N N, width) planes `plane` apart
template <class T, int N>
void winograd_input_columns(const T* rows, index_t ld, index_t width, T* v, index_t plane) {
  for (int j = 0; j < N; ++j)
    for (index_t t = 0; t < width; t += lanes<T>) {
      vec<T> d[std::size_t{N}], r[std::size_t{N}];
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) d[i] = load(rows + (i * N + j) * ld + t);
      winograd_input<T>(d, r);
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) store(v + (i * N + j) * plane + t, r[i]);
    }
}

// packed(i N + j, p, r) = (G w(r, p) G^T)(i, j) for r < rows, 0 for rows <= r < height;   p < k
//   w       tap t of row r and column p at r * row_stride + p * column_stride + tap[t]
//   tap     (R R), negative where the tap is 0
//   packed  (N N, k, height) planes `plane` apart, and a vector of slack
template <class T, int M, int R>
void winograd_weights(const T* w, index_t row_stride, index_t rows, index_t column_stride, const index_t* tap,
                      index_t k, index_t height, T* packed, index_t plane) {
  constexpr int N = M + R - 1, L = lanes<T>;
  T taps[std::size_t{R * R}][std::size_t{(gemm_mr + L - 1) / L * L}] = {};
  for (index_t p = 0; p < k; ++p, w += column_stride, packed += height) {
    for (index_t r = 0; r < rows; ++r)
      for (int t = 0; t < R * R; ++t)
        if (tap[t] >= 0) taps[t][r] = w[r * row_stride + tap[t]];
    for (index_t v = 0; v * L < height; ++v) {
      vec<T> left[std::size_t{R}][std::size_t{N}];  // transposed: column by column of G w
      for (int b = 0; b < R; ++b) {
        vec<T> column[std::size_t{R}];
        TENFOLD_UNROLL for (int a = 0; a < R; ++a) column[a] = load(taps[R * a + b] + v * L);
        winograd_weight<T>(column, left[b]);
      }
      for (int i = 0; i < N; ++i) {
        vec<T> row[std::size_t{R}], u[std::size_t{N}];
        TENFOLD_UNROLL for (int b = 0; b < R; ++b) row[b] = left[b][i];
        winograd_weight<T>(row, u);
        TENFOLD_UNROLL for (int j = 0; j < N; ++j) store(packed + (i * N + j) * plane + v * L, u[j]);
      }
    }
  }
}

// y(i M + j, t) = finish(bias + (A^T m A)(i, j)),   i, j < M, t < width
//   m  (N N, width) planes `plane` apart
//   y  (M M, ld)
template <class T, int M, int R>
void winograd_output_tiles(const T* m, index_t plane, index_t width, T bias, bool relu, T* y, index_t ld) {
  constexpr int N = M + R - 1;
  for (index_t t = 0; t < width; t += lanes<T>) {
    vec<T> left[std::size_t{N}][std::size_t{M}];  // transposed: column by column of A^T m
    for (int j = 0; j < N; ++j) {
      vec<T> column[std::size_t{N}];
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) column[i] = load(m + (i * N + j) * plane + t);
      winograd_output<T>(column, left[j]);
    }
    for (int i = 0; i < M; ++i) {
      vec<T> row[std::size_t{N}], out[std::size_t{M}];
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) row[j] = left[j][i];
      winograd_output<T>(row, out);
      TENFOLD_UNROLL for (int j = 0; j < M; ++j) {
        out[j] += broadcast(bias);
        if (relu) out[j] = rectified<T, lanes<T>>(out[j]);
        store(y + (i * M + j) * ld + t, out[j]);
      }
    }
  }
}

// out(i, x) = y(x % P, i M + x / P % M, x / P / M),   i < rows, x < columns: the lines of P phases, whose outputs take
// turns.
//   y    (P, M M, ld)
//   out  (rows, columns) rows `line` apart
template <class T, int M, int P>
void winograd_output_rows(const T* y, index_t ld, index_t rows, index_t columns, T* out, index_t line) {
  constexpr int L = lanes<T>, K = P * M;
  for (index_t i = 0; i < rows; ++i, y += M * ld, out += line)
    for (index_t x = 0; x < columns; x += K * L) {
      vec<T> row[std::size_t{K}];
      TENFOLD_UNROLL for (int j = 0; j < K; ++j) row[j] = load(y + (j % P * M * M + j / P) * ld + x / K);
      join_tiles<T, K>(row);
      if (x + K * L <= columns) {
        TENFOLD_UNROLL for (int k = 0; k < K; ++k) store(out + x + k * L, row[k]);
        continue;
      }
      T last[std::size_t{K * L}];
      TENFOLD_UNROLL for (int k = 0; k < K; ++k) store(last + k * L, row[k]);
      for (index_t e = x; e < columns; ++e) out[e] = last[e - x];
    }
}

// Tiles of M x M outputs of R x R convolutions, P x P of which share their inputs.
template <class T, int M, int R, int P>
inline constexpr winograd_kernels<T> winograd_table = {micro_set<T>::table,
                                                       M,
                                                       R,
                                                       &copy_line<T>,
                                                       &winograd_weights<T, M, R>,
                                                       &winograd_input_rows<T, M, R>,
                                                       &winograd_input_columns<T, M + R - 1>,
                                                       &winograd_output_tiles<T, M, R>,
                                                       &winograd_output_rows<T, M, P>};
