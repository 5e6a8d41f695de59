// Products with a handful of rows or columns: every element of the large operand is read once, from where it lies.

// sum(r, j) = sum over p < k of a[r * lda + p] * x[j * ldx + p];   r < 4, j < 2
//   sum (4, 2)
// Each sum is a vector until its end; eight of them are as many independent FMAs. For one row or column the stride is 0:
// reading the large operand takes longer than multiplying it twice.
template <class T>
void dot(const T* a, index_t lda, const T* x, index_t ldx, index_t k, T* sum) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const U* ap = reinterpret_cast<const U*>(a);
  const U* xp = reinterpret_cast<const U*>(x);
  vec<U> acc[8] = {};
  index_t p = 0;
  for (; p + L <= k; p += L) {
    const vec<U> left = load(xp + p);
    const vec<U> right = load(xp + ldx + p);
    TENFOLD_UNROLL for (int r = 0; r < 4; ++r) {
      const vec<U> row = load(ap + r * lda + p);
      acc[2 * r] += row * left;
      acc[2 * r + 1] += row * right;
    }
  }
  U terms[8][std::size_t{L}];
  __builtin_memcpy(terms, acc, sizeof terms);
  for (int i = 0; i < 8; ++i) {
    U total{};
    for (int l = 0; l < L; ++l) total = static_cast<U>(total + terms[i][l]);
    for (index_t q = p; q < k; ++q)
      total = static_cast<U>(total + static_cast<U>(ap[i / 2 * lda + q] * xp[i % 2 * ldx + q]));
    sum[i] = static_cast<T>(total);
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
