// Products with a handful of rows or columns: every element of the large operand is read once, from where it lies.

// The sum of the lanes: halves are added until one element is left.
template <class U, int L>
TENFOLD_INLINE U sum_lanes(vec_of<U, L> v) {
  if constexpr (L == 1) {
    return v;
  } else {
    vec_of<U, L / 2> half[2];
    __builtin_memcpy(half, &v, sizeof v);
    return sum_lanes<U, L / 2>(static_cast<vec_of<U, L / 2>>(half[0] + half[1]));
  }
}

// sum[i] = the sum of acc[i]'s lanes,   i < N: halves are added until N vectors hold no more than N lanes, which are
// transposed and added
template <class U, int N, int L>
TENFOLD_INLINE void sum_each(vec_of<U, L>* acc, U* sum) {
  if constexpr (N < L) {
    vec_of<U, L / 2> half[std::size_t{N}];
    TENFOLD_UNROLL for (int i = 0; i < N; ++i) {
      vec_of<U, L / 2> both[2];
      __builtin_memcpy(both, acc + i, sizeof both);
      half[i] = static_cast<vec_of<U, L / 2>>(both[0] + both[1]);
    }
    sum_each<U, N, L / 2>(half, sum);
  } else {
    TENFOLD_UNROLL for (int n = 0; n < N; n += L) {
      transpose_lanes<U, L>(acc + n);
      TENFOLD_UNROLL for (int half = L / 2; half > 0; half /= 2) {
        TENFOLD_UNROLL for (int i = 0; i < half; ++i) acc[n + i] += acc[n + i + half];
      }
      store_lanes<L>(sum + n, acc[n]);
    }
  }
}

// Columns of x at a time. Registers: 4 C sums + C of x + 1 of a.
inline constexpr int dot_columns = TENFOLD_VECTOR_REGISTERS / 8;

// Elements of 16 bits, 2 KiB, that are fetched ahead. Widening takes so long that the processor looks too few of them
// ahead by itself: 205 MB took 15.3 to 16 ms, with this 12.6 to 13.3 (Xeon, avx512). Floats are no faster with it.
inline constexpr index_t dot_ahead = 1024;

// sum(r, j) = sum over p < k of a[r * lda + p] * x[j * ldx + p];   r < 4, j < columns
//   sum (4, columns)
// C columns at a time; those behind the last are computed as the last. Each sum is a vector until its end; the 4 C of
// them are as many independent FMAs. For one row the stride is 0: reading the large operand takes longer than
// multiplying it. W is the type that a is stored in.
template <class T, class W = T, int C = dot_columns>
void dot(const W* a, index_t lda, const T* x, index_t ldx, index_t columns, index_t k, T* sum) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const lane_mask<U> rest = last_lanes<U>(k % L);  // of the last vector, whose other terms were in the one before
  for (index_t j0 = 0; j0 < columns; j0 += C) {
    const U* xp[std::size_t{C}];
    TENFOLD_UNROLL for (int j = 0; j < C; ++j) {
      xp[j] = reinterpret_cast<const U*>(x) + (j0 + j < columns ? j0 + j : columns - 1) * ldx;
    }
    vec<U> acc[std::size_t{4 * C}] = {};
    const auto add = [&](const auto& at) __attribute__((always_inline)) {
      vec<U> column[std::size_t{C}];
      TENFOLD_UNROLL for (int j = 0; j < C; ++j) column[j] = at(xp[j]);
      TENFOLD_UNROLL for (int r = 0; r < 4; ++r) {
        const vec<U> row = at(a + r * lda);
        TENFOLD_UNROLL for (int j = 0; j < C; ++j) acc[r * C + j] += row * column[j];
      }
    };
    index_t p = 0;
    const auto here = [&](const auto* from) __attribute__((always_inline)) { return load_stored<U>(from + p); };
    if constexpr (sizeof(W) < sizeof(U)) {
      constexpr int line = 64 / static_cast<int>(sizeof(W));
      while (p + line <= k) {
        TENFOLD_UNROLL for (int r = 0; r < 4; ++r) __builtin_prefetch(a + r * lda + p + dot_ahead);
        TENFOLD_UNROLL for (int v = 0; v < line / L; ++v, p += L) add(here);
      }
    }
    for (; p + L <= k; p += L) add(here);
    if (k % L != 0 && k > L)
      add([&](const auto* from)
              __attribute__((always_inline)) { return masked<U>(load_stored<U>(from + k - L), rest); });
    U total[std::size_t{4 * C}];
    sum_each<U, 4 * C, L>(acc, total);
    if (k < L)  // 1U: shorter integers would be promoted to signed ones
      for (int i = 0; i < 4 * C; ++i)
        for (index_t q = 0; q < k; ++q)
          total[i] = static_cast<U>(total[i] + 1U * element_stored<U>(a + i / C * lda + q) * xp[i % C][q]);
    TENFOLD_UNROLL for (int r = 0; r < 4; ++r) {
      TENFOLD_UNROLL for (int j = 0; j < C; ++j) {
        if (j0 + j < columns) sum[r * columns + j0 + j] = static_cast<T>(total[r * C + j]);
      }
    }
  }
}

// One row, one column: four vectors of the sum for as many independent FMAs.
template <class T, class W = T>
void dot_line(const W* a, const T* x, index_t k, T* sum) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const U* xp = reinterpret_cast<const U*>(x);
  vec<U> acc[4] = {};
  index_t p = 0;
  for (; p + 4 * L <= k; p += 4 * L)
    TENFOLD_UNROLL for (int r = 0; r < 4; ++r) acc[r] += load_stored<U>(a + p + r * L) * load(xp + p + r * L);
  for (; p + L <= k; p += L) acc[0] += load_stored<U>(a + p) * load(xp + p);
  if (p < k && k > L) {
    const lane_mask<U> rest = last_lanes<U>(k - p);
    acc[1] += masked<U>(load_stored<U>(a + k - L), rest) * masked<U>(load(xp + k - L), rest);
    p = k;
  }
  U total = sum_lanes<U, L>((acc[0] + acc[1]) + (acc[2] + acc[3]));
  for (; p < k; ++p) total = static_cast<U>(total + 1U * element_stored<U>(a + p) * xp[p]);
  *sum = static_cast<T>(total);
}

// c[j] += sum over p < K of a[p] * b[p * ldb + j], summed by ascending p;   j < n
template <class T, class W, int K>
void axpy_block(const T* a, const W* b, index_t ldb, index_t n, T* c) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  U* cp = reinterpret_cast<U*>(c);
  vec<U> factor[std::size_t{K}];
  TENFOLD_UNROLL for (int p = 0; p < K; ++p) factor[p] = broadcast(static_cast<U>(a[p]));
  index_t j = 0;
  for (; j + L <= n; j += L) {
    vec<U> sum = load(cp + j);
    TENFOLD_UNROLL for (int p = 0; p < K; ++p) sum += factor[p] * load_stored<U>(b + p * ldb + j);
    store(cp + j, sum);
  }
  for (; j < n; ++j) {
    vec<U> sum = broadcast(cp[j]);  // in a vector's lane, so that the last columns round as the others do
    TENFOLD_UNROLL for (int p = 0; p < K; ++p) sum += factor[p] * broadcast(element_stored<U>(b + p * ldb + j));
    cp[j] = sum[0];
  }
}

// axpy_block for any k, eight rows of b at a time: c is loaded and stored once for them
template <class T, class W = T>
void axpy(const T* a, const W* b, index_t ldb, index_t k, index_t n, T* c) {
  index_t p = 0;
  for (; p + 8 <= k; p += 8) axpy_block<T, W, 8>(a + p, b + p * ldb, ldb, n, c);
  for (; p < k; ++p) axpy_block<T, W, 1>(a + p, b + p * ldb, ldb, n, c);
}
