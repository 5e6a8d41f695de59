// Products with a handful of rows or columns: every element of the large operand is read once, from where it lies.

// The sum of the lanes of v and of a[p] * x[p] for p < rest < L: halves are added until one element is left, and as
// many of the products as fill a half.
template <class U, int L>
TENFOLD_INLINE U sum_lanes(vec_of<U, L> v, const U* a, const U* x, index_t rest) {
  if constexpr (L == 1) {
    return v;
  } else {
    constexpr int H = L / 2;
    vec_of<U, H> half[2];
    __builtin_memcpy(half, &v, sizeof v);
    half[0] = static_cast<vec_of<U, H>>(half[0] + half[1]);
    const bool filled = rest >= H;
    if (filled) half[0] = static_cast<vec_of<U, H>>(half[0] + load_lanes<H>(a) * load_lanes<H>(x));
    return sum_lanes<U, H>(half[0], a + (filled ? H : 0), x + (filled ? H : 0), filled ? rest - H : rest);
  }
}

// sum(r, j) = sum over p < k of a[r * lda + p] * x[j * ldx + p];   r < 4, j < C
//   sum (4, C)
// Each sum is a vector until its end; the 4 C of them are as many independent FMAs. For one row the stride is 0:
// reading the large operand takes longer than multiplying it.
template <class T, int C = 2>
void dot(const T* a, index_t lda, const T* x, index_t ldx, index_t k, T* sum) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const U* ap = reinterpret_cast<const U*>(a);
  const U* xp = reinterpret_cast<const U*>(x);
  vec<U> acc[4][std::size_t{C}] = {};
  index_t p = 0;
  for (; p + L <= k; p += L) {
    vec<U> column[std::size_t{C}];
    TENFOLD_UNROLL for (int j = 0; j < C; ++j) column[j] = load(xp + j * ldx + p);
    TENFOLD_UNROLL for (int r = 0; r < 4; ++r) {
      const vec<U> row = load(ap + r * lda + p);
      TENFOLD_UNROLL for (int j = 0; j < C; ++j) acc[r][j] += row * column[j];
    }
  }
  TENFOLD_UNROLL for (int r = 0; r < 4; ++r) TENFOLD_UNROLL for (int j = 0; j < C; ++j) sum[r * C + j] =
      static_cast<T>(sum_lanes<U, L>(acc[r][j], ap + r * lda + p, xp + j * ldx + p, k - p));
}

// One row, one column: four vectors of the sum for as many independent FMAs.
template <class T>
void dot_line(const T* a, const T* x, index_t k, T* sum) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const U* ap = reinterpret_cast<const U*>(a);
  const U* xp = reinterpret_cast<const U*>(x);
  vec<U> acc[4] = {};
  index_t p = 0;
  for (; p + 4 * L <= k; p += 4 * L)
    TENFOLD_UNROLL for (int r = 0; r < 4; ++r) acc[r] += load(ap + p + r * L) * load(xp + p + r * L);
  for (; p + L <= k; p += L) acc[0] += load(ap + p) * load(xp + p);
  *sum = static_cast<T>(sum_lanes<U, L>((acc[0] + acc[1]) + (acc[2] + acc[3]), ap + p, xp + p, k - p));
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
