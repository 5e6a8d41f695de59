// Packing: the panels that the micro-kernel reads, from wherever the operand lies.

// panel(p, r) = source[row[r] + column[p]] for r < rows, 0 for rows <= r < width;   p < k
//   row    (rows)      column (k)
//   panel  (k, width)
template <class T>
void pack_gather(const T* source, const index_t* row, index_t rows, const index_t* column, index_t k, index_t width,
                 T* panel) {
  for (index_t p = 0; p < k; ++p, panel += width) {
    const T* from = source + column[p];
    for (index_t r = 0; r < rows; ++r) panel[r] = from[row[r]];
    for (index_t r = rows; r < width; ++r) panel[r] = T{};
  }
}

// panel(p, r) = source[row[r] + p] for r < rows, 0 for rows <= r < width;   p < k
//   row    (rows)
//   panel  (k, width) and one vector of slack
// Blocks of L x L are transposed in registers, the last one first: where it is wider than the rest of the panel its
// stores run into the next rows, which follow. What is left of the columns is a block that begins earlier. Few columns
// take blocks of half a vector; fewer still, and types of more than 16 lanes, are gathered.
template <class T, int L = lanes<T>>
void pack_transpose(const T* source, const index_t* row, index_t rows, index_t k, index_t width, T* panel) {
  if constexpr (L >= 4 && L <= 16) {
    if (k < L) return pack_transpose<T, L / 2>(source, row, rows, k, width, panel);
    for (index_t p = 0; p < k; p += L) {
      if (p > k - L) p = k - L;
      for (index_t r0 = (width - 1) / L * L; r0 >= 0; r0 -= L) {
        vec_of<T, L> block[std::size_t{L}];
        TENFOLD_UNROLL for (int i = 0; i < L; ++i) {
          block[i] = vec_of<T, L>{};
          if (r0 + i < rows) block[i] = load_lanes<L>(source + row[r0 + i] + p);
        }
        transpose_lanes<T, L>(block);
        T* to = panel + p * width + r0;
        TENFOLD_UNROLL for (int i = 0; i < L; ++i) store_lanes<L>(to + i * width, block[i]);
      }
    }
  } else {
    for (index_t p = 0; p < k; ++p) {
      for (index_t r = 0; r < rows; ++r) panel[p * width + r] = source[row[r] + p];
      for (index_t r = rows; r < width; ++r) panel[p * width + r] = T{};
    }
  }
}

// panel(p, r) = source[column[p] + r] for r < MR;   p < k
//   column (k)
//   panel  (k, MR)
template <class T, int MR = gemm_mr>
void pack_lines(const T* source, const index_t* column, index_t k, T* panel) {
  for (index_t p = 0; p < k; ++p, panel += MR) __builtin_memcpy(panel, source + column[p], MR * sizeof(T));
}

// panel(p, r) = source[tap[p] + r] for r < NR;   p < k
//   tap    (k)
//   panel  (k, NR)
template <class T>
void pack_contiguous(const T* source, const index_t* tap, index_t k, T* panel) {
  constexpr int NR = gemm_nr<T>;
  for (index_t p = 0; p < k; ++p, panel += NR) {
    const T* from = source + tap[p];
    TENFOLD_UNROLL for (int j = 0; j < gemm_nv; ++j) store(panel + j * lanes<T>, load(from + j * lanes<T>));
  }
}

// panel(q, p, r) = source[p * ld + q * NR + r] for q < panels, p < k, r < NR; the panels are stride apart
template <class T>
void pack_rows(const T* source, index_t ld, index_t k, index_t panels, index_t stride, T* packed) {
  constexpr int NR = gemm_nr<T>;
  for (index_t p = 0; p < k; ++p, source += ld, packed += NR) {
    T* to = packed;
    for (index_t q = 0; q < panels; ++q, to += stride)
      TENFOLD_UNROLL for (int j = 0; j < gemm_nv; ++j) store(to + j * lanes<T>, load(source + q * NR + j * lanes<T>));
  }
}

// panel(p, run.begin + r) = source[tap[p] + run.offset + r] for every run and r < run.length, 0 behind the last run
//   tap    (k)
//   runs   (count), ascending
//   panel  (k, NR) and one vector of slack
// Whole vectors are copied: up to one vector less an element is read behind a run, and what is written there belongs to
// the next run, the next row or the slack.
template <class T>
void pack_runs(const T* source, const index_t* tap, index_t k, const pixel_run* runs, index_t count, T* panel) {
  constexpr index_t NR = gemm_nr<T>;
  index_t to[std::size_t{NR}], offset[std::size_t{NR}];  // of each vector
  index_t vectors = 0;
  for (const pixel_run* run = runs; run < runs + count; ++run)
    for (index_t r = 0; r < run->length; r += lanes<T>, ++vectors) {
      to[vectors] = run->begin + r;
      offset[vectors] = run->offset + r;
    }
  const index_t filled = runs[count - 1].begin + runs[count - 1].length;
  for (index_t p = 0; p < k; ++p, panel += NR) {
    const T* from = source + tap[p];
    index_t v = 0;
    for (; v + 2 <= vectors; v += 2) {
      store(panel + to[v], load(from + offset[v]));
      store(panel + to[v + 1], load(from + offset[v + 1]));
    }
    if (v < vectors) store(panel + to[v], load(from + offset[v]));
    for (index_t r = filled; r < NR; ++r) panel[r] = T{};
  }
}

// line(x) = source[first + x * step] where that lies in [0, extent), else 0;   x < count
template <class T>
void copy_line(const T* source, index_t extent, index_t first, index_t step, index_t count, T* line) {
  index_t begin = first >= 0 ? 0 : (-first - 1) / step + 1;
  index_t end = first >= extent ? 0 : (extent - first - 1) / step + 1;
  if (end > count) end = count;
  if (begin > end) begin = end;
  for (index_t x = 0; x < begin; ++x) line[x] = T{};
  if (begin < end) copy_strided(end - begin, step, source + (first + begin * step), line + begin);
  for (index_t x = end; x < count; ++x) line[x] = T{};
}

// out[row[i] + run.offset + r * step] = tile(i, run.begin + r) for every run and r < run.length;   i < rows
//   row   (rows)
//   tile  (rows, ...) rows ld apart
template <class T>
void scatter_runs(const T* tile, index_t ld, const index_t* row, index_t rows, const pixel_run* runs, index_t count,
                  index_t step, T* out) {
  for (index_t i = 0; i < rows; ++i, tile += ld)
    for (const pixel_run* run = runs; run < runs + count; ++run) {
      T* to = out + row[i] + run->offset;
      const T* from = tile + run->begin;
      for (index_t r = 0; r < run->length; ++r) to[r * step] = from[r];
    }
}

template <class T, int MR>
inline constexpr gemm_kernels<T> gemm_table_of(const micro_kernels<T>& micro) {
  return {micro,         &pack_gather<T>, &pack_transpose<T>, &pack_lines<T, MR>, &pack_contiguous<T>,
          &pack_runs<T>, &pack_rows<T>,   &copy_line<T>,      &scatter_runs<T>};
}

template <class T>
inline constexpr gemm_kernels<T> gemm_table = gemm_table_of<T, gemm_mr>(micro_set<T>::table);
template <class T>
inline constexpr gemm_kernels<T> low_gemm_table = gemm_table_of<T, micro_set<T>::low_table.mr>(micro_set<T>::low_table);
template <class T>
inline constexpr gemm_kernels<T> whole_gemm_table = gemm_table_of<T, gemm_mr>(micro_set<T>::whole_table);
template <class T>
inline constexpr gemm_kernels<T> low_whole_gemm_table =
    gemm_table_of<T, micro_set<T>::low_table.mr>(micro_set<T>::low_whole_table);
