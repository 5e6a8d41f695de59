// The direct gradient of a convolution's weight: a lane is a pixel, so that a few channels or taps suffice, and lines
// are read as they lie.

// y(r, i) = x(r, i * step);   r < rows, i < n
//   x  lines x_line apart
//   y  lines y_line apart
template <int L, int Step, class T>
TENFOLD_INLINE void copy_rows_in_vectors(index_t rows, index_t n, const T* x, index_t x_line, T* y, index_t y_line) {
  for (index_t r = 0; r < rows; ++r, x += x_line, y += y_line) {
    if (n <= 2 * L) {
      copy_strided_vectors<L, Step>(L, x, y);
      copy_strided_vectors<L, Step>(L, x + (n - L) * Step, y + n - L);
    } else {
      copy_strided_vectors<L, Step>(n, x, y);
    }
  }
}

template <class T>
void copy_rows(index_t rows, index_t n, index_t step, const T* x, index_t x_line, T* y, index_t y_line) {
  constexpr int L = lanes<T>, few = 16 / static_cast<int>(sizeof(T));
  if (step == 1 && n >= L) return copy_rows_in_vectors<L, 1>(rows, n, x, x_line, y, y_line);
  if (step == 1 && n >= few) return copy_rows_in_vectors<few, 1>(rows, n, x, x_line, y, y_line);
  if (step == 2 && n >= L) return copy_rows_in_vectors<L, 2>(rows, n, x, x_line, y, y_line);
  if (step == 2 && n >= few) return copy_rows_in_vectors<few, 2>(rows, n, x, x_line, y, y_line);
  for (index_t r = 0; r < rows; ++r)
    for (index_t i = 0; i < n; ++i) y[r * y_line + i] = x[r * x_line + i * step];
}

// sum(a, b) += gradient[a][x] * image[b][x], lane by lane;   x < columns
//   sum  (A, B)
// The last vector ends with the line, and `rest` has its lanes that the one before has not had; of a line shorter than
// a vector it has the first ones. The others are 0 of both factors, as 0 times infinity is no number.
template <int A, int B, class T>
TENFOLD_INLINE void add_line_products(const T* const* gradient, const T* const* image, index_t columns,
                                      lane_mask<T> rest, vec<T>* sum) {
  constexpr int L = lanes<T>;
  vec<T> g[std::size_t{A}];
  index_t x = 0;
  for (; x <= columns - L; x += L) {
    TENFOLD_UNROLL for (int a = 0; a < A; ++a) g[a] = load(gradient[a] + x);
    TENFOLD_UNROLL for (int b = 0; b < B; ++b) {
      const vec<T> s = load(image[b] + x);
      TENFOLD_UNROLL for (int a = 0; a < A; ++a) sum[a * B + b] += g[a] * s;
    }
  }
  if (x == columns) return;
  x = columns < L ? 0 : columns - L;
  TENFOLD_UNROLL for (int a = 0; a < A; ++a) g[a] = masked<T>(load(gradient[a] + x), rest);
  TENFOLD_UNROLL for (int b = 0; b < B; ++b) {
    const vec<T> s = masked<T>(load(image[b] + x), rest);
    TENFOLD_UNROLL for (int a = 0; a < A; ++a) sum[a * B + b] += g[a] * s;
  }
}

// sum(a, b) += the same of the lines [begin, end) of all images, in which no factor is missing
//   sum  (Sets, A, B) line by line in turn
template <int A, int B, int Sets, class T>
TENFOLD_INLINE void add_products(const direct_gradient_problem<T>& p, index_t begin, index_t end, lane_mask<T> rest,
                                 vec<T> (*sum)[std::size_t{A * B}]) {
  for (index_t n = 0; n < p.images && begin < end; ++n) {
    const T *gradient[std::size_t{A}], *image[std::size_t{B}];
    TENFOLD_UNROLL for (int a = 0; a < A; ++a) gradient[a] =
        p.gradient[a] + n * p.gradient_image + (begin - p.begin[a]) * p.gradient_line;
    TENFOLD_UNROLL for (int b = 0; b < B; ++b) image[b] = p.image[b] + n * p.image_image + begin * p.image_line;
    for (index_t line = begin; line < end; line += Sets) {
      TENFOLD_UNROLL for (int s = 0; s < Sets; ++s) {
        if (s > 0 && line + s == end) break;
        add_line_products<A, B>(gradient, image, p.columns, rest, sum[s]);
        TENFOLD_UNROLL for (int a = 0; a < A; ++a) gradient[a] += p.gradient_line;
        TENFOLD_UNROLL for (int b = 0; b < B; ++b) image[b] += p.image_line;
      }
    }
  }
}

// sum(b) += the same for factor a alone, but without the lines [first, last)
//   sum  (B)
template <int B, class T>
TENFOLD_INLINE void add_single_products(const direct_gradient_problem<T>& p, int a, index_t first, index_t last,
                                        lane_mask<T> rest, vec<T>* sum) {
  if (p.end[a] - p.begin[a] == last - first) return;
  for (index_t n = 0; n < p.images; ++n) {
    const T *gradient = p.gradient[a] + n * p.gradient_image, *image[std::size_t{B}];
    TENFOLD_UNROLL for (int b = 0; b < B; ++b) image[b] = p.image[b] + n * p.image_image + p.begin[a] * p.image_line;
    for (index_t line = p.begin[a]; line < p.end[a]; ++line) {
      if (line == first) {
        line = last;
        gradient += (last - first) * p.gradient_line;
        TENFOLD_UNROLL for (int b = 0; b < B; ++b) image[b] += (last - first) * p.image_line;
        if (line >= p.end[a]) break;
      }
      add_line_products<1, B>(&gradient, image, p.columns, rest, sum);
      gradient += p.gradient_line;
      TENFOLD_UNROLL for (int b = 0; b < B; ++b) image[b] += p.image_line;
    }
  }
}

// sums(a, b) = sum over images, lines in [begin[a], end[a]) and x < columns of
//                  gradient[a](image, line - begin[a], x) * image[b](image, line, x)
//   sums             (A, B)
//   gradient, image  of a line that is shorter than a vector, a vector is read
//
// 3 x 3 sums with their 3 + 1 factors and a product take 14 of 16 registers, and cover 2 multiply-adds a cycle x 4
// cycles of latency; where there are fewer, even and odd lines have sums of their own. A term is rounded once with each
// later one of its lane, and log2(lanes) + 1 times more.
template <class T, int A, int B>
void direct_gradient_sums(const direct_gradient_problem<T>& p, T* sums) {
  constexpr int L = lanes<T>, sets = A * B <= 6 ? 2 : 1;
  const lane_mask<T> rest = p.columns < L ? ~last_lanes<T>(L - p.columns) : last_lanes<T>(p.columns % L);
  vec<T> sum[std::size_t{sets}][std::size_t{A * B}] = {};
  index_t first = p.begin[0], last = p.end[0];  // lines that all meet
  TENFOLD_UNROLL for (int a = 1; a < A; ++a) {
    first = p.begin[a] > first ? p.begin[a] : first;
    last = p.end[a] < last ? p.end[a] : last;
  }
  last = last < first ? first : last;
  TENFOLD_UNROLL for (int a = 0; a < A; ++a) {
    if constexpr (A > 1) add_single_products<B>(p, a, first, last, rest, sum[0] + a * B);
  }
  add_products<A, B, sets>(p, first, last, rest, sum);
  TENFOLD_UNROLL for (int i = 0; i < A * B; ++i) {
    if constexpr (sets == 2) sum[0][i] += sum[1][i];
    sums[i] = sum_of_lanes<T>(sum[0][i]);
  }
}

template <class T>
inline constexpr direct_gradient_kernels<T> direct_gradient_table = {
    lanes<T>,
    &copy_rows<T>,
    {{&direct_gradient_sums<T, 1, 1>, &direct_gradient_sums<T, 1, 2>, &direct_gradient_sums<T, 1, 3>},
     {&direct_gradient_sums<T, 2, 1>, &direct_gradient_sums<T, 2, 2>, &direct_gradient_sums<T, 2, 3>},
     {&direct_gradient_sums<T, 3, 1>, &direct_gradient_sums<T, 3, 2>, &direct_gradient_sums<T, 3, 3>}}};
