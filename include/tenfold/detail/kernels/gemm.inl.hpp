// The micro-kernel of every matrix product: an MR x NR tile of C in registers.

// Vectors per row of the tile, and rows. Registers: MR * NV accumulators + NV of b + 1 broadcast.
//   base    6 x 2 + 2 + 1 = 15 of 16 (multiply and add are separate there; the product reuses the broadcast's register)
//   avx2    6 x 2 + 2 + 1 = 15 of 16; 12 independent FMAs cover 2 ports x 4 to 5 cycles of latency
//   avx512 14 x 2 + 2 + 1 = 31 of 32; 28 independent FMAs do so with room
// What is left of A's rows has lower tiles, of B's columns one of a single vector and one of half a vector: 64 rows are
// 4 x 14 + 8, where five panels of 14 would compute 70; 49 columns, a plane of 7 x 7, are 32 + 16 + 8 at avx512.
inline constexpr int gemm_nv = 2;
inline constexpr int gemm_mr = (TENFOLD_VECTOR_REGISTERS - gemm_nv - 1) / gemm_nv;
inline constexpr int gemm_middle = (gemm_mr / 2 + 3) / 4 * 4;
inline constexpr int gemm_low = gemm_middle / 2;

template <class T>
inline constexpr int gemm_nr{gemm_nv * lanes<T>};

// C(i, j) = finish([C(i, j) +] bias(i) + alpha * sum over p < k of A(p, i) * B(p, j)),   i < MR, j < NR
//   a    (k, MR)  rows lda apart, MR in a packed panel
//   b    (k, NR)  rows ldb apart
//   c    (MR, NR) rows ldc apart
//   bias (MR) or null
template <class T, int MR, int NV, int L = lanes<T>>
void gemm_micro(index_t k, const T* a, index_t lda, const T* b, index_t ldb, T* c, index_t ldc,
                const gemm_epilogue<T>& epilogue) {
  using U = arithmetic_t<T>;
  using V = vec_of<U, L>;
  V acc[std::size_t{MR}][std::size_t{NV}] = {};
  const U* ap = reinterpret_cast<const U*>(a);
  const U* bp = reinterpret_cast<const U*>(b);
  // When the sums are done C has come, from L3 or beyond: gemm 1024 gained 2.5 % (float) and 1.5 % (double); and 2 %
  // more with a row at a time, because 28 lines at once keep the loads of B waiting.
  constexpr index_t steps = 8;
  const T* ahead = c;
  index_t rows_ahead = MR;
  for (index_t p0 = 0; p0 < k; p0 += steps) {
    if (rows_ahead > 0) {
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) __builtin_prefetch(ahead + j * lanes<T>, 1);
      ahead += ldc;
      --rows_ahead;
    }
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
  if (epilogue.accumulate) {
    TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
      TENFOLD_UNROLL for (int j = 0; j < NV; ++j) acc[i][j] += load_lanes<L>(cp + i * ldc + j * L);
    }
  }
  if (epilogue.relu) {
    TENFOLD_UNROLL for (int i = 0; i < MR; ++i) rectify<T, NV, L>(acc[i]);
  }
  TENFOLD_UNROLL for (int i = 0; i < MR; ++i) {
    TENFOLD_UNROLL for (int j = 0; j < NV; ++j) store_lanes<L>(cp + i * ldc + j * L, acc[i][j]);
  }
}

// Half a vector of 16 bytes is none.
template <class T>
inline constexpr int gemm_half = TENFOLD_VECTOR_BYTES == 16 ? lanes<T> : lanes<T> / 2;

template <class T, int MR>
inline constexpr typename micro_kernels<T>::function micro_row[3] = {&gemm_micro<T, MR, gemm_nv>, &gemm_micro<T, MR, 1>,
                                                                     &gemm_micro<T, MR, 1, gemm_half<T>>};

template <class T>
struct micro_set {
  template <int MR>
  static constexpr micro_kernels<T> table_of = {MR,
                                                gemm_nr<T>,
                                                lanes<T>,
                                                {MR, gemm_middle, gemm_low},
                                                {gemm_nr<T>, lanes<T>, gemm_half<T>},
                                                {micro_row<T, MR>, micro_row<T, gemm_middle>, micro_row<T, gemm_low>}};
  static constexpr micro_kernels<T> table = table_of<gemm_mr>;
  // Without the full tile: 16 rows are 2 x 8, where 14 + 2 would compute 18; 24 are 3 x 8, not 14 + 14.
  static constexpr micro_kernels<T> low_table = table_of<gemm_middle>;
};

// Integers have the full tile only: nine tiles for each of their types would take long to compile.
template <std::integral T>
struct micro_set<T> {
  static constexpr typename micro_kernels<T>::function row[3] = {
      &gemm_micro<T, gemm_mr, gemm_nv>, &gemm_micro<T, gemm_mr, gemm_nv>, &gemm_micro<T, gemm_mr, gemm_nv>};
  static constexpr micro_kernels<T> table = {
      gemm_mr,        gemm_nr<T>, lanes<T>, {gemm_mr, gemm_mr, gemm_mr}, {gemm_nr<T>, gemm_nr<T>, gemm_nr<T>},
      {row, row, row}};
  static constexpr micro_kernels<T> low_table = table;
};
