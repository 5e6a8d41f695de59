// Products with a handful of rows or columns: every element of the large operand is read once, from where it lies.

// sum(r, j) = sum over p < k of a[r * lda + p] * x[j * ldx + p];   r < 4, j < Columns
//   sum (4, Columns)
// Each sum is a vector until its end; four rows are as many independent FMAs or more.
template <class T, int Columns>
void dot_block(const T* a, index_t lda, const T* x, index_t ldx, index_t k, T* sum) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  vec<U> acc[4][std::size_t{Columns}] = {};
  index_t p = 0;
  for (; p + L <= k; p += L) {
    vec<U> column[std::size_t{Columns}];
    TENFOLD_UNROLL for (int j = 0; j < Columns; ++j) column[j] = load(reinterpret_cast<const U*>(x) + j * ldx + p);
    TENFOLD_UNROLL for (int r = 0; r < 4; ++r) {
      const vec<U> row = load(reinterpret_cast<const U*>(a) + r * lda + p);
      TENFOLD_UNROLL for (int j = 0; j < Columns; ++j) acc[r][j] += row * column[j];
    }
  }
  for (int r = 0; r < 4; ++r)
    for (int j = 0; j < Columns; ++j) {
      U total{};
      for (int l = 0; l < L; ++l) total = static_cast<U>(total + acc[r][j][l]);
      for (index_t q = p; q < k; ++q)
        total = static_cast<U>(total + static_cast<U>(static_cast<U>(a[r * lda + q]) * static_cast<U>(x[j * ldx + q])));
      sum[r * Columns + j] = static_cast<T>(total);
    }
}

// dot_block for 1 to 4 columns; of two functions, so that a program stays small
template <class T>
void dot(const T* a, index_t lda, const T* x, index_t ldx, index_t columns, index_t k, T* sum) {
  if (columns == 1) return dot_block<T, 1>(a, lda, x, ldx, k, sum);
  for (index_t j = 0; j < columns; j += 2) {
    const index_t next = j + 1 < columns ? ldx : 0;  // a last column goes alone, beside itself
    T pair[8];
    dot_block<T, 2>(a, lda, x + j * ldx, next, k, pair);
    for (int r = 0; r < 4; ++r) {
      sum[r * columns + j] = pair[2 * r];
      if (next != 0) sum[r * columns + j + 1] = pair[2 * r + 1];
    }
  }
}

// c[j] += sum over p < K of a[p] * b[p * ldb + j], summed by ascending p;   j < n
template <class T, int K>
void axpy_block(const T* a, const T* b, index_t ldb, index_t n, T* c) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const U* bp = reinterpret_cast<const U*>(b);
  U* cp = reinterpret_cast<U*>(c);
  vec<U> factor[std::size_t{K}];
  TENFOLD_UNROLL for (int p = 0; p < K; ++p) factor[p] = broadcast(static_cast<U>(a[p]));
  index_t j = 0;
  for (; j + L <= n; j += L) {
    vec<U> sum = load(cp + j);
    TENFOLD_UNROLL for (int p = 0; p < K; ++p) sum += factor[p] * load(bp + p * ldb + j);
    store(cp + j, sum);
  }
  for (; j < n; ++j) {
    vec<U> sum = broadcast(cp[j]);  // in a vector's lane, so that the last columns round as the others do
    TENFOLD_UNROLL for (int p = 0; p < K; ++p) sum += factor[p] * broadcast(bp[p * ldb + j]);
    cp[j] = sum[0];
  }
}

// axpy_block for any k, eight rows of b at a time: c is loaded and stored once for them
template <class T>
void axpy(const T* a, const T* b, index_t ldb, index_t k, index_t n, T* c) {
  index_t p = 0;
  for (; p + 8 <= k; p += 8) axpy_block<T, 8>(a + p, b + p * ldb, ldb, n, c);
  for (; p < k; ++p) axpy_block<T, 1>(a + p, b + p * ldb, ldb, n, c);
}

template <class T>
inline constexpr gemv_kernels<T> gemv_table = {&dot<T>, &axpy<T>};
