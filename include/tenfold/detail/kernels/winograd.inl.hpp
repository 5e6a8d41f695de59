// The transforms of Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2016): a tile of M x M outputs of a 3x3 convolution from N x N inputs, N = M + 2, by N * N multiplications,
//
//     Y = A^T ((G w G^T) * (B^T d B)) A,   * element by element
//
// always lanes<T> tiles (or, of the weight, output channels) at a time. Loops are unrolled within one transform only: all
// six of a tile do not fit the registers anyway. The matrices follow from N - 1 points and
// infinity as Toom and Cook have them, scaled so that B and A hold dyadic fractions only:
//     M = 2   0, 1, -1
//     M = 4   0, a, -a, b, -b
//
// The rounding errors of M = 4 depend on the points. With independent inputs and weights of variance 1, a sum of
// products in the transformed domain has the variance |row of B^T|^2 |row of G|^2, and reaches the outputs with the
// squares of A^T: on average, of one dimension,
//
//     1/4 sum over i, e of A(e, i)^2 |B(:, e)|^2 |G(e, :)|^2  =  14.3 for a, b = 5/8, 3/2   (the least is 14.2)
//                                                               20.8 for 0, 1, -1, 1/2, -2
//                                                               32.3 for the usual 0, 1, -1, 2, -2
//
// and its square counts, for there are two dimensions. The powers of 5/8 and 3/2 have few digits, so that B and A are
// exact. What errors are left is in docs/winograd_error.md.
inline constexpr float winograd_a = 0.625F;
inline constexpr float winograd_b = 1.5F;

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

// d[j] lane t = p[2 t + j], j < 4: a tile begins every 2 elements and overlaps the next by 2.
//   p (2 L + 1 + L)
template <class T>
TENFOLD_INLINE void load_tiles(const T* p, vec<T> (&d)[4]) {
  constexpr int L = lanes<T>;
  const vec<T> a = load(p), b = load(p + L);
  d[0] = every_second<0, T, L>(a, b);
  d[1] = every_second<1, T, L>(a, b);
  d[2] = next_lanes<T, L>(d[0], load(p + 2 * L));
  d[3] = next_lanes<T, L>(d[1], load(p + 2 * L + 1));
}

// d[j] lane t = p[4 t + j], j < 6
//   p (4 L + 1 + L)
template <class T>
TENFOLD_INLINE void load_tiles(const T* p, vec<T> (&d)[6]) {
  constexpr int L = lanes<T>;
  const vec<T> a0 = load(p), a1 = load(p + L), b0 = load(p + 2 * L), b1 = load(p + 3 * L);
  const vec<T> a_even = every_second<0, T, L>(a0, a1), a_odd = every_second<1, T, L>(a0, a1);
  const vec<T> b_even = every_second<0, T, L>(b0, b1), b_odd = every_second<1, T, L>(b0, b1);
  d[0] = every_second<0, T, L>(a_even, b_even);
  d[1] = every_second<0, T, L>(a_odd, b_odd);
  d[2] = every_second<1, T, L>(a_even, b_even);
  d[3] = every_second<1, T, L>(a_odd, b_odd);
  d[4] = next_lanes<T, L>(d[0], load(p + 4 * L));
  d[5] = next_lanes<T, L>(d[1], load(p + 4 * L + 1));
}

// row[k] lane l = y[x % M] lane x / M with x = k L + l: the tiles' elements in the order of the image.
template <class T>
TENFOLD_INLINE void join_tiles(const vec<T> (&y)[2], vec<T> (&row)[2]) {
  constexpr int L = lanes<T>;
  row[0] = zipped_lanes<0, T, L>(y[0], y[1]);
  row[1] = zipped_lanes<1, T, L>(y[0], y[1]);
}

template <class T>
TENFOLD_INLINE void join_tiles(const vec<T> (&y)[4], vec<T> (&row)[4]) {
  constexpr int L = lanes<T>;
  const vec<T> even0 = zipped_lanes<0, T, L>(y[0], y[2]), even1 = zipped_lanes<1, T, L>(y[0], y[2]);
  const vec<T> odd0 = zipped_lanes<0, T, L>(y[1], y[3]), odd1 = zipped_lanes<1, T, L>(y[1], y[3]);
  row[0] = zipped_lanes<0, T, L>(even0, odd0);
  row[1] = zipped_lanes<1, T, L>(even0, odd0);
  row[2] = zipped_lanes<0, T, L>(even1, odd1);
  row[3] = zipped_lanes<1, T, L>(even1, odd1);
}

// The rows of count tiles side by side, transformed: rows(i, j, t) = sum over k < N of B(k, j) * line[i][t M + k], i, j
// < N
//   line  (N) pointers to (round_up(count, L) * M + 1 + L) elements
//   rows  (N, N, ld); whole vectors are written, up to one less an element behind the last tile
template <class T, int M>
void winograd_input_rows(const T* const* line, index_t count, T* rows, index_t ld) {
  constexpr int N = M + 2;
  for (int i = 0; i < N; ++i, rows += N * ld)
    for (index_t t = 0; t < count; t += lanes<T>) {
      vec<T> d[std::size_t{N}], r[std::size_t{N}];
      load_tiles<T>(line[i] + t * M, d);
      winograd_input<T>(d, r);
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) store(rows + j * ld + t, r[j]);
    }
}

// The columns of the same: v(i N + j, t) = sum over k < N of B(k, i) * rows(k, j, t),   i, j < N, t < width
//   rows  (N, N, ld)
//   v     (N N, width) planes `plane` apart
template <class T, int M>
void winograd_input_columns(const T* rows, index_t ld, index_t width, T* v, index_t plane) {
  constexpr int N = M + 2;
  for (int j = 0; j < N; ++j)
    for (index_t t = 0; t < width; t += lanes<T>) {
      vec<T> d[std::size_t{N}], r[std::size_t{N}];
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) d[i] = load(rows + (i * N + j) * ld + t);
      winograd_input<T>(d, r);
      TENFOLD_UNROLL for (int i = 0; i < N; ++i) store(v + (i * N + j) * plane + t, r[i]);
    }
}

// packed(i N + j, p, r) = (G w(r, p) G^T)(i, j) for r < rows, 0 for rows <= r < height;   p < k
//   w       tap (a, b) of row r and column p at r * row_stride + p * column_stride + (3 a + b) * tap_step
//   packed  (N N, k, height) planes `plane` apart, and a vector of slack
template <class T, int M>
void winograd_weights(const T* w, index_t row_stride, index_t rows, index_t column_stride, index_t tap_step, index_t k,
                      index_t height, T* packed, index_t plane) {
  constexpr int N = M + 2, L = lanes<T>;
  T taps[9][std::size_t{(gemm_mr + L - 1) / L * L}] = {};
  for (index_t p = 0; p < k; ++p, w += column_stride, packed += height) {
    for (index_t r = 0; r < rows; ++r)
      for (int t = 0; t < 9; ++t) taps[t][r] = w[r * row_stride + t * tap_step];
    for (index_t v = 0; v * L < height; ++v) {
      vec<T> left[3][std::size_t{N}];  // transposed: column by column of G w
      for (int b = 0; b < 3; ++b) {
        const vec<T> column[3] = {load(taps[b] + v * L), load(taps[3 + b] + v * L), load(taps[6 + b] + v * L)};
        winograd_weight<T>(column, left[b]);
      }
      for (int i = 0; i < N; ++i) {
        const vec<T> row[3] = {left[0][i], left[1][i], left[2][i]};
        vec<T> u[std::size_t{N}];
        winograd_weight<T>(row, u);
        TENFOLD_UNROLL for (int j = 0; j < N; ++j) store(packed + (i * N + j) * plane + v * L, u[j]);
      }
    }
  }
}

// y(i M + j, t) = finish(bias + (A^T m A)(i, j)),   i, j < M, t < width
//   m  (N N, width) planes `plane` apart
//   y  (M M, ld)
template <class T, int M>
void winograd_output_tiles(const T* m, index_t plane, index_t width, T bias, bool relu, T* y, index_t ld) {
  constexpr int N = M + 2;
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
        if (relu) out[j] = out[j] < vec<T>{} ? vec<T>{} : out[j];
        store(y + (i * M + j) * ld + t, out[j]);
      }
    }
  }
}

// out(i, x) = y(i M + x % M, x / M),   i < rows, x < columns
//   y    (M M, ld)
//   out  (rows, columns) rows `line` apart
template <class T, int M>
void winograd_output_rows(const T* y, index_t ld, index_t rows, index_t columns, T* out, index_t line) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < rows; ++i, y += M * ld, out += line)
    for (index_t x = 0; x < columns; x += M * L) {
      vec<T> tiles[std::size_t{M}], row[std::size_t{M}];
      TENFOLD_UNROLL for (int j = 0; j < M; ++j) tiles[j] = load(y + j * ld + x / M);
      join_tiles<T>(tiles, row);
      if (x + M * L <= columns) {
        TENFOLD_UNROLL for (int k = 0; k < M; ++k) store(out + x + k * L, row[k]);
        continue;
      }
      T last[std::size_t{M * L}];
      TENFOLD_UNROLL for (int k = 0; k < M; ++k) store(last + k * L, row[k]);
      for (index_t e = x; e < columns; ++e) out[e] = last[e - x];
    }
}

template <class T, int M>
inline constexpr winograd_kernels<T> winograd_table = {micro_table<T>,
                                                       M,
                                                       &copy_line<T>,
                                                       &winograd_weights<T, M>,
                                                       &winograd_input_rows<T, M>,
                                                       &winograd_input_columns<T, M>,
                                                       &winograd_output_tiles<T, M>,
                                                       &winograd_output_rows<T, M>};
