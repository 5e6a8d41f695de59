// The product of operands that stay where they lie: no panel pays for itself where each would be read a few times only.

// Rows and vectors of a tile. Registers: R * V accumulators + V of b + 1 broadcast.
//   base    4 x 2 + 2 + 1 + 1 for the product = 12 of 16
//   avx2    4 x 3 + 3 + 1 = 16 of 16; 7 loads for 12 FMAs, of which 2 and 2 begin in a cycle
//   avx512  8 x 3 + 3 + 1 = 28 of 32; 8 broadcasts and 3 loads for 24 FMAs
inline constexpr int unpacked_vectors = TENFOLD_VECTOR_BYTES == 16 ? 2 : 3;
inline constexpr int unpacked_rows = (TENFOLD_VECTOR_REGISTERS - unpacked_vectors - 1) / unpacked_vectors / 4 * 4;

// Few rows of A: B comes from memory or L3 rather than from L2.
inline constexpr index_t unpacked_streams = 16;

// C(i, j) = sum over p < k of A(i, p) * B(p, j),   i < rows <= R, j < columns <= V W
//   a  A(0, 0)      b  B(0, 0)      c  (rows, columns), rows ldc apart
// The last vector of W columns ends where the columns end. It may begin before the others do, before j = 0 even: there
// C is computed again. Rows behind the last are computed as the last and not stored. Ahead fetches the next tile's part
// of each row of B: gemm 8 x 2048 x 1024 gained 1.8 (avx512) and 2.6 (avx2). It costs avx2 load slots that it needs
// where B is in L2 (256: 95 GFLOP/s against 115), but not avx512 (384: 115 against 110).
template <class T, int R, int V, int W, bool Ahead>
__attribute__((noinline)) void unpacked_tile(const unpacked_block<T>& g, const T* a, index_t rows, const T* b,
                                             index_t columns, T* c, index_t ldc) {
  using vector = vec_of<T, W>;
  const index_t last = columns - W;
  const T* row[std::size_t{R}];
  TENFOLD_UNROLL for (int i = 0; i < R; ++i) row[i] = a + (i < rows ? i : rows - 1) * g.a_row;
  vector acc[std::size_t{R}][std::size_t{V}] = {};
  for (index_t p = 0; p < g.k; ++p, b += g.ldb) {
    vector line[std::size_t{V}];
    if constexpr (Ahead) {
      TENFOLD_UNROLL for (int v = 0; v < V; ++v) __builtin_prefetch(b + (V + v) * W);
    }
    TENFOLD_UNROLL for (int v = 0; v < V; ++v) line[v] = load_lanes<W>(b + (v == V - 1 ? last : v * W));
    TENFOLD_UNROLL for (int i = 0; i < R; ++i) {
      const vector factor = fill_lanes<W>(row[i][p * g.a_column]);
      TENFOLD_UNROLL for (int v = 0; v < V; ++v) acc[i][v] += factor * line[v];
    }
  }
  TENFOLD_UNROLL for (int i = 0; i < R; ++i) {
    if (i == rows) break;
    TENFOLD_UNROLL for (int v = 0; v < V; ++v) store_lanes<W>(c + i * ldc + (v == V - 1 ? last : v * W), acc[i][v]);
  }
}

// A tile of at most R rows and V vectors: 4 rows where they are enough, and no more vectors than the columns need.
template <class T, int R, int V, int W>
void unpacked_tile_of(const unpacked_block<T>& g, const T* a, index_t rows, const T* b, index_t columns, T* c,
                      index_t ldc) {
  if constexpr (R > 4 && (V == 1 || W == lanes<T>))
    if (rows <= 4) return unpacked_tile_of<T, 4, V, W>(g, a, rows, b, columns, c, ldc);
  if constexpr (V > 1)
    if (columns <= (V - 1) * W) return unpacked_tile_of<T, R, V - 1, W>(g, a, rows, b, columns, c, ldc);
  constexpr bool whole = V == unpacked_vectors && W == lanes<T> && TENFOLD_VECTOR_BYTES > 16;
  if (whole && g.m <= unpacked_streams)
    unpacked_tile<T, R, V, W, whole>(g, a, rows, b, columns, c, ldc);
  else
    unpacked_tile<T, R, V, W, whole && TENFOLD_VECTOR_BYTES == 64>(g, a, rows, b, columns, c, ldc);
}

// C(i, j) = beta C(i, j) + alpha tile(i, j),   i < rows, j < columns
//   c  C(0, 0)      tile  rows ldt apart
template <class T>
__attribute__((noinline)) void add_tile(const unpacked_block<T>& g, const T* tile, index_t ldt, index_t rows,
                                        index_t columns, T* c) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < rows; ++i, tile += ldt, c += g.c_row) {
    index_t j = 0;
    if (g.c_column == 1 && g.beta != T{0})
      for (; j + L <= columns; j += L)
        store(c + j, broadcast(g.beta) * load(c + j) + broadcast(g.alpha) * load(tile + j));
    for (; j < columns; ++j) {
      T& to = c[j * g.c_column];
      if (g.beta == T{0})
        to = g.alpha * tile[j];
      else
        to = g.beta * to + g.alpha * tile[j];
    }
  }
}

// Vectors of W lanes, at most as many as there are columns.
template <class T, int W>
void unpacked_strips(const unpacked_block<T>& g) {
  constexpr int R = unpacked_rows;
  constexpr int V = W == lanes<T> ? unpacked_vectors : W > 1 ? 2 : 1;
  constexpr index_t ldt = (V + 1) * W;  // a vector may begin before its row does
  const bool plain = g.c_column == 1 && g.alpha == T{1} && g.beta == T{0};
  for (index_t i = 0; i < g.m; i += R)
    for (index_t j = 0; j < g.n; j += V * W) {
      const index_t rows = g.m - i < R ? g.m - i : R;
      const index_t columns = g.n - j < V * W ? g.n - j : V * W;
      const T* a = g.a + i * g.a_row;
      T* c = g.c + i * g.c_row + j * g.c_column;
      T tile[std::size_t{R}][std::size_t{ldt}];
      unpacked_tile_of<T, R, V, W>(g, a, rows, g.b + j, columns, plain ? c : tile[0] + W, plain ? g.c_row : ldt);
      if (!plain) add_tile<T>(g, tile[0] + W, ldt, rows, columns, c);
    }
}

// c[j] = [beta c[j] +] sum over p < K of factor[p] * b[p * ldb + j],   j < n, at least a vector of them
template <class T, int K, bool Adds>
TENFOLD_INLINE void unpacked_line(const vec<T>* factor, const T* b, index_t ldb, T beta, T* c, index_t n) {
  constexpr int L = lanes<T>;
  const auto sum = [&](index_t j) __attribute__((always_inline)) {
    vec<T> terms = factor[0] * load(b + j);
    TENFOLD_UNROLL for (int p = 1; p < K; ++p) terms += factor[p] * load(b + p * ldb + j);
    return terms;
  };
  index_t j = 0;
  for (; j + L <= n; j += L)
    if constexpr (Adds)
      store(c + j, sum(j) + beta * load(c + j));
    else
      store(c + j, sum(j));
  if (j == n) return;
  if constexpr (Adds) {
    T last[std::size_t{L}];
    store(last, sum(n - L));
    for (; j < n; ++j) c[j] = last[j - n + L] + beta * c[j];
  } else {
    store(c + n - L, sum(n - L));  // some elements once more
  }
}

// K terms: the rows of C are written one after the other, with K loads and FMAs for each store.
template <class T, int K>
void unpacked_lines(const unpacked_block<T>& g) {
  if constexpr (K > 1)
    if (g.k < K) return unpacked_lines<T, K - 1>(g);
  const T* b = g.b;
  const index_t n = g.n, ldb = g.ldb;
  for (index_t i = 0; i < g.m; ++i) {
    T* c = g.c + i * g.c_row;
    vec<T> factor[std::size_t{K}];
    TENFOLD_UNROLL for (int p = 0; p < K; ++p) factor[p] = broadcast(g.alpha * g.a[i * g.a_row + p * g.a_column]);
    if (g.beta == T{0})
      unpacked_line<T, K, false>(factor, b, ldb, g.beta, c, n);
    else
      unpacked_line<T, K, true>(factor, b, ldb, g.beta, c, n);
  }
}

// C = beta C + alpha A B, by the widest vectors that the columns fill: of half and a quarter of the lanes too, then by
// single elements.
template <class T, int W = lanes<T>>
void unpacked_gemm(const unpacked_block<T>& g) {
  if constexpr (W == lanes<T>)
    if (g.k <= unpacked_few_terms && g.n >= W && g.c_column == 1) return unpacked_lines<T, unpacked_few_terms>(g);
  if constexpr (W > 1)
    if (g.n < W) return unpacked_gemm<T, (W >= 8 ? W / 2 : 1)>(g);
  unpacked_strips<T, W>(g);
}
