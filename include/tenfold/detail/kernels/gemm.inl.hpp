// The micro-kernel of every matrix product: an MR x NR tile of C in registers.

// Vectors per row of the tile, and rows. Registers: MR * NV accumulators + NV of b + 1 broadcast.
//   base    6 x 2 + 2 + 1 = 15 of 16 (multiply and add are separate there; the product reuses the broadcast's register)
//   avx2    6 x 2 + 2 + 1 = 15 of 16; 12 independent FMAs cover 2 ports x 4 to 5 cycles of latency
//   avx512 14 x 2 + 2 + 1 = 31 of 32; 28 independent FMAs do so with room
// What is left of A's rows has lower tiles: 64 rows are 4 x 14 + 8, where five panels of 14 would compute 70. What is
// left of B's columns has one of a single vector, and tiles of four columns and of one whose vectors are A's rows: 49
// columns, a plane of 7 x 7, are 32 + 16 + 1 at avx512.
inline constexpr int gemm_nv = 2;
inline constexpr int gemm_mr = (TENFOLD_VECTOR_REGISTERS - gemm_nv - 1) / gemm_nv;
inline constexpr int gemm_middle = (gemm_mr / 2 + 3) / 4 * 4;
inline constexpr int gemm_low = gemm_middle / 2;

template <class T>
inline constexpr int gemm_nr{gemm_nv * lanes<T>};

// Functions of sums in their registers.
template <class T, int N, class V>
TENFOLD_INLINE void activate_sums(const gemm_epilogue<T>& epilogue, V* sums) {
  if (epilogue.relu) rectify<T, N, lanes<T>>(sums);
  if (!epilogue.clips) return;
  const vec<T> low = broadcast(epilogue.low), high = broadcast(epilogue.high);
  TENFOLD_UNROLL for (int i = 0; i < N; ++i) sums[i] =
      bits_as<V>(activated<T, activation::function::clip>(bits_as<vec<T>>(sums[i]), low, high));
}

// C(i, j) = finish([addend(i, j) +] bias(i) + alpha * sum over p < k of A(p, i) * B(p, j)),   i < MR, j < NR
//   a      (k, MR)  rows lda apart, MR in a packed panel
//   b      (k, NR)  rows ldb apart
//   c      (MR, NR) rows ldc apart
//   addend (MR, NR) rows ldc apart, or null; may be c
//   bias   (MR) or null
template <class T, int MR, int NV>
void gemm_micro(index_t k, const T* a, index_t lda, const T* b, index_t ldb, T* c, index_t ldc,
                const gemm_epilogue<T>& epilogue) {
  using U = arithmetic_t<T>;
  using V = vec<U>;
  constexpr int L = lanes<T>;
  V acc[std::size_t{MR}][std::size_t{NV}] = {};
  const U* ap = reinterpret_cast<const U*>(a);
  const U* bp = reinterpret_cast<const U*>(b);
  // When the sums are done C has come, from L3 or beyond: gemm 1024 gained 2.5 % (float) and 1.5 % (double); and 2 %
  // more with a row at a time, because 28 lines at once keep the loads of B waiting.
  constexpr index_t steps = gemm_fetch::terms;
  const T* ahead = c;
  index_t rows_ahead = MR;
  const std::byte* fetched = epilogue.fetch.data;
  for (index_t p0 = 0; p0 < k; p0 += steps) {
    if (rows_ahead > 0) {
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) __builtin_prefetch(ahead + j * lanes<T>, 1);
      ahead += ldc;
      --rows_ahead;
    }
    for (index_t i = 0; i < epilogue.fetch.lines; ++i, fetched += epilogue.fetch.stride)
      __builtin_prefetch(fetched, 0, 2);
    const index_t count = k - p0 < steps ? k - p0 : steps;
    for (index_t p = 0; p < count; ++p, ap += lda, bp += ldb) {
      V row[std::size_t{NV}];
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) row[j] = load_lanes<L>(bp + j * L);
      TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
        const V ai = fill_lanes<L>(ap[i]);
        TENFOLD_UNROLL for (int j = 0; j < NV; ++j) acc[i][j] += ai * row[j];
      }
    }
  }
  U* cp = reinterpret_cast<U*>(c);
  const U* addend = reinterpret_cast<const U*>(epilogue.addend);
  if (epilogue.alpha != T{1}) {
    TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) acc[i][j] *= fill_lanes<L>(static_cast<U>(epilogue.alpha));
    }
  }
  if (epilogue.bias) {
    TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) acc[i][j] += fill_lanes<L>(static_cast<U>(epilogue.bias[i]));
    }
  }
  if (addend) {
    TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) acc[i][j] += load_lanes<L>(addend + i * ldc + j * L);
    }
  }
  activate_sums<T, MR * NV>(epilogue, acc[0]);
  TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
    TENFOLD_UNROLL for (int j = 0; j < NV; ++j) store_lanes<L>(cp + i * ldc + j * L, acc[i][j]);
  }
}

// The same equation for N columns. A column of the tile is V vectors of A's rows, a term of whose sum is V operations
// rather than MR. To cover their latency term p belongs to sum p % P, whatever MR: a row's bits do not depend on its
// tile's height. Behind A's last row of MR nothing is read.
template <class T, int MR, int N>
void gemm_columns(index_t k, const T* a, index_t lda, const T* b, index_t ldb, T* c, index_t ldc,
                  const gemm_epilogue<T>& epilogue) {
  using vector = vec<T>;
  constexpr int L = lanes<T>, V = (MR + L - 1) / L, P = 8 / N;
  vector acc[std::size_t{P}][std::size_t{N * V}] = {};
  // P terms, whose rows and factors lie so far apart. (A loop with a single product: whether that is added in one
  // operation depends on -mtune.)
  const auto add = [&](const T* columns, index_t next, const T* factors, index_t next_factor)
      __attribute__((always_inline)) {
    TENFOLD_UNROLL for (int s = 0; s < P; ++s) {
      vector rows[std::size_t{V}];
      TENFOLD_UNROLL for (int v = 0; v < V; ++v) rows[v] = load(columns + s * next + v * L);
      TENFOLD_UNROLL for (int j = 0; j < N; ++j) {
        const vector factor = broadcast(factors[s * next_factor + j]);
        TENFOLD_UNROLL for (int v = 0; v < V; ++v) acc[s][j * V + v] += factor * rows[v];
      }
    }
  };
  const index_t readable = k * lda - lda + MR - V * L;  // from a on, where a row begins whose vectors are A's
  const index_t whole = readable < 0 ? 0 : (readable / lda + 1 < k ? readable / lda + 1 : k);
  index_t p = 0;
  for (; p + P <= whole; p += P) add(a + p * lda, lda, b + p * ldb, ldb);
  for (; p < k; p += P) {
    T rows[std::size_t{P}][std::size_t{V * L}] = {}, factors[std::size_t{P}][std::size_t{N}] = {};
    for (int s = 0; s < P && p + s < k; ++s) {
      __builtin_memcpy(rows[s], a + (p + s) * lda, MR * sizeof(T));
      __builtin_memcpy(factors[s], b + (p + s) * ldb, N * sizeof(T));
    }
    add(rows[0], V * L, factors[0], N);
  }
  TENFOLD_UNROLL for (int s = 1; s < P; ++s) { TENFOLD_UNROLL for (int i = 0; i < N * V; ++i) acc[0][i] += acc[s][i]; }
  T bias[std::size_t{V * L}] = {}, terms[std::size_t{N}][std::size_t{V * L}] = {};
  if (epilogue.bias) __builtin_memcpy(bias, epilogue.bias, MR * sizeof(T));
  for (int i = 0; i < MR && epilogue.addend; ++i)
    for (int j = 0; j < N; ++j) terms[j][i] = epilogue.addend[i * ldc + j];
  TENFOLD_UNROLL for (int i = 0; i < N * V; ++i) acc[0][i] =
      acc[0][i] * broadcast(epilogue.alpha) + load(bias + i % V * L) + load(terms[0] + i * L);
  activate_sums<T, N * V>(epilogue, acc[0]);
  TENFOLD_UNROLL for (int i = 0; i < N * V; ++i) store(terms[0] + i * L, acc[0][i]);
  for (int i = 0; i < MR; ++i)
    for (int j = 0; j < N; ++j) c[i * ldc + j] = terms[j][i];
}

// Four columns are no less than a vector where those have four lanes.
template <class T, int MR>
inline constexpr typename micro_kernels<T>::function four_columns = &gemm_columns<T, MR, 4>;
template <class T, int MR>
  requires(lanes<T> < 8)
inline constexpr typename micro_kernels<T>::function four_columns<T, MR> = nullptr;

template <class T, int MR>
inline constexpr typename micro_kernels<T>::function micro_row[4] = {&gemm_micro<T, MR, gemm_nv>, &gemm_micro<T, MR, 1>,
                                                                     four_columns<T, MR>, &gemm_columns<T, MR, 1>};

template <class T, int MR>
inline constexpr typename micro_kernels<T>::function whole_row[4] = {&gemm_micro<T, MR, gemm_nv>, &gemm_micro<T, MR, 1>,
                                                                     &gemm_micro<T, MR, 1>, &gemm_micro<T, MR, 1>};

template <class T>
struct micro_set {
  template <int MR>
  static constexpr micro_kernels<T> table_of = {MR,
                                                gemm_nr<T>,
                                                lanes<T>,
                                                {MR, gemm_middle, gemm_low},
                                                {gemm_nr<T>, lanes<T>, 4, 1},
                                                {micro_row<T, MR>, micro_row<T, gemm_middle>, micro_row<T, gemm_low>}};
  // Whole vectors only, for products whose columns are cut anywhere: gemm_columns adds in another order.
  template <int MR>
  static constexpr micro_kernels<T> whole_table_of = {
      MR,
      gemm_nr<T>,
      lanes<T>,
      {MR, gemm_middle, gemm_low},
      {gemm_nr<T>, lanes<T>, lanes<T>, lanes<T>},
      {whole_row<T, MR>, whole_row<T, gemm_middle>, whole_row<T, gemm_low>}};
  static constexpr micro_kernels<T> table = table_of<gemm_mr>;
  static constexpr micro_kernels<T> whole_table = whole_table_of<gemm_mr>;
  // Without the full tile: 16 rows are 2 x 8, where 14 + 2 would compute 18; 24 are 3 x 8, not 14 + 14.
  static constexpr micro_kernels<T> low_table = table_of<gemm_middle>;
  static constexpr micro_kernels<T> low_whole_table = whole_table_of<gemm_middle>;
};

// Integers have the full tile only: twelve tiles for each of their types would take long to compile.
template <std::integral T>
struct micro_set<T> {
  static constexpr auto tile = &gemm_micro<T, gemm_mr, gemm_nv>;
  static constexpr int NR = gemm_nr<T>;
  static constexpr typename micro_kernels<T>::function row[4] = {tile, tile, tile, tile};
  static constexpr micro_kernels<T> table = {
      gemm_mr, NR, lanes<T>, {gemm_mr, gemm_mr, gemm_mr}, {NR, NR, NR, NR}, {row, row, row}};
  static constexpr micro_kernels<T> low_table = table, whole_table = table, low_whole_table = table;
};
