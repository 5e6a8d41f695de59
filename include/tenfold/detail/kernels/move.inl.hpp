// Moves: lines, lines of other steps, transposed blocks. T stands for all elements of its size: they are moved by
// memcpy and in vectors, as a pointer to int32 must not be what reads a float.

template <class T>
TENFOLD_INLINE void move_element(const T* x, T* y) {
  __builtin_memcpy(y, x, sizeof(T));
}

// y[i] = x[i], i < n
template <class T>
TENFOLD_INLINE void move_line(index_t n, const T* x, T* y) {
  constexpr int L = lanes<T>, few = 16 / static_cast<int>(sizeof(T));
  constexpr index_t long_line = 1024 / static_cast<index_t>(sizeof(T));  // a call of memcpy costs some 10 ns
  if (n >= long_line) {
    __builtin_memcpy(y, x, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  if (n >= L) return copy_strided_vectors<L, 1>(n, x, y);
  if (n >= few) return copy_strided_vectors<few, 1>(n, x, y);
  for (index_t i = 0; i < n; ++i) move_element(x + i, y + i);
}

// piece(x, y) for each piece of the tile, given its first elements.
template <class T, class Piece>
TENFOLD_INLINE void for_each_piece(const move_tile& t, const T* x, T* y, const Piece& piece) {
  for (index_t p = 0; p < t.planes; ++p)
    for (index_t r = 0; r < t.rows; ++r) piece(x + p * t.x_plane + r * t.x_row, y + p * t.y_plane + r * t.y_row);
}

// y[i] = x[i], i < n, of each piece
template <class T>
void move_lines(const move_tile& t, const T* x, T* y) {
  for_each_piece(t, x, y, [&](const T* from, T* to) { move_line(t.n, from, to); });
}

// y[i * y_step] = x[i * x_step], i < n, of each piece
template <class T>
void move_steps(const move_tile& t, const T* x, T* y) {
  for_each_piece(t, x, y, [&](const T* from, T* to) {
    if constexpr (sizeof(T) >= 4)
      if (t.x_step == 2 && t.y_step == 1 && t.n >= lanes<T>) return copy_strided_vectors<lanes<T>, 2>(t.n, from, to);
    for (index_t i = 0; i < t.n; ++i) move_element(from + i * t.x_step, to + i * t.y_step);
  });
}

// Vectors for the moves below: 16 bytes of narrow elements, in which x86 moves any byte to any place.
template <class T>
inline constexpr int move_lanes = sizeof(T) >= 4 ? lanes<T> : 16 / static_cast<int>(sizeof(T));

// The elements of three vectors in turn, a0 b0 c0 a1 ...: vector V of the three that they fill.
template <int V, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> zipped_three(const vec_of<T, L>* v, std::integer_sequence<int, Lane...>) {
  const vec_of<T, L> two = shuffled<((V * L + Lane) / 3 + ((V * L + Lane) % 3 == 1 ? L : 0))...>(v[0], v[1]);
  return shuffled<((V * L + Lane) % 3 == 2 ? L + (V * L + Lane) / 3 : Lane)...>(two, v[2]);
}

// Of the elements of three vectors every third, from number First on.
template <int First, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> every_third(const vec_of<T, L>* v, std::integer_sequence<int, Lane...>) {
  const vec_of<T, L> two = shuffled<(3 * Lane + First < 2 * L ? 3 * Lane + First : 0)...>(v[0], v[1]);
  return shuffled<(3 * Lane + First < 2 * L ? Lane : 3 * Lane + First - L)...>(two, v[2]);
}

// y[i * R + j] = x[i + j * x_step];   i < L, j < R
template <int R, class T>
TENFOLD_INLINE void interleave_vectors(const T* x, index_t x_step, T* y) {
  constexpr int L = move_lanes<T>;
  constexpr auto all = std::make_integer_sequence<int, L>{};
  vec_of<T, L> v[std::size_t{R}];
  TENFOLD_UNROLL for (int j = 0; j < R; ++j) v[j] = load_lanes<L>(x + j * x_step);
  if constexpr (R == 3) {
    store_lanes<L>(y, zipped_three<0, T, L>(v, all));
    store_lanes<L>(y + L, zipped_three<1, T, L>(v, all));
    store_lanes<L>(y + 2 * L, zipped_three<2, T, L>(v, all));
  } else if constexpr (R == 2) {
    store_lanes<L>(y, zipped_lanes<0, T, L>(v[0], v[1]));
    store_lanes<L>(y + L, zipped_lanes<1, T, L>(v[0], v[1]));
  } else {
    const vec_of<T, L> even[] = {zipped_lanes<0, T, L>(v[0], v[2]), zipped_lanes<1, T, L>(v[0], v[2])};
    const vec_of<T, L> odd[] = {zipped_lanes<0, T, L>(v[1], v[3]), zipped_lanes<1, T, L>(v[1], v[3])};
    TENFOLD_UNROLL for (int h = 0; h < 2; ++h) {
      store_lanes<L>(y + 2 * h * L, zipped_lanes<0, T, L>(even[h], odd[h]));
      store_lanes<L>(y + (2 * h + 1) * L, zipped_lanes<1, T, L>(even[h], odd[h]));
    }
  }
}

// y[i * y_step + j] = x[i + j * R];   i < R, j < L
template <int R, class T>
TENFOLD_INLINE void deinterleave_vectors(const T* x, T* y, index_t y_step) {
  constexpr int L = move_lanes<T>;
  constexpr auto all = std::make_integer_sequence<int, L>{};
  vec_of<T, L> v[std::size_t{R}];
  TENFOLD_UNROLL for (int j = 0; j < R; ++j) v[j] = load_lanes<L>(x + j * L);
  if constexpr (R == 3) {
    store_lanes<L>(y, every_third<0, T, L>(v, all));
    store_lanes<L>(y + y_step, every_third<1, T, L>(v, all));
    store_lanes<L>(y + 2 * y_step, every_third<2, T, L>(v, all));
  } else if constexpr (R == 2) {
    store_lanes<L>(y, every_second<0, T, L>(v[0], v[1]));
    store_lanes<L>(y + y_step, every_second<1, T, L>(v[0], v[1]));
  } else {
    const vec_of<T, L> even[] = {every_second<0, T, L>(v[0], v[1]), every_second<0, T, L>(v[2], v[3])};
    const vec_of<T, L> odd[] = {every_second<1, T, L>(v[0], v[1]), every_second<1, T, L>(v[2], v[3])};
    store_lanes<L>(y, every_second<0, T, L>(even[0], even[1]));
    store_lanes<L>(y + y_step, every_second<0, T, L>(odd[0], odd[1]));
    store_lanes<L>(y + 2 * y_step, every_second<1, T, L>(even[0], even[1]));
    store_lanes<L>(y + 3 * y_step, every_second<1, T, L>(odd[0], odd[1]));
  }
}

// The last vector ends with the line.
template <int R, class T>
TENFOLD_INLINE void interleave(index_t count, const T* x, index_t x_step, T* y) {
  constexpr int L = move_lanes<T>;
  for (index_t at = 0; at < count; at += L) {
    const index_t i = at + L <= count ? at : count - L;
    interleave_vectors<R>(x + i, x_step, y + i * R);
  }
}
template <int R, class T>
TENFOLD_INLINE void deinterleave(index_t count, const T* x, T* y, index_t y_step) {
  constexpr int L = move_lanes<T>;
  for (index_t at = 0; at < count; at += L) {
    const index_t j = at + L <= count ? at : count - L;
    deinterleave_vectors<R>(x + j * R, y + j, y_step);
  }
}

// y[(i + l) * y_step + j + k] = x[i + l + (j + k) * x_step];   l, k < L
template <int L, class T>
TENFOLD_INLINE void transpose_square(const T* x, index_t x_step, T* y, index_t y_step) {
  vec_of<T, L> rows[std::size_t{L}];
  TENFOLD_UNROLL for (int l = 0; l < L; ++l) rows[l] = load_lanes<L>(x + l * x_step);
  transpose_lanes<T, L>(rows);
  TENFOLD_UNROLL for (int l = 0; l < L; ++l) store_lanes<L>(y + l * y_step, rows[l]);
}

// Squares of L x L, the last ones ending with the lines. Those of one cache line of x's columns come together: where
// the steps are powers of two, few lines of a cache are theirs.
template <int L, class T>
TENFOLD_INLINE void transpose_block(index_t lines, index_t n, const T* x, index_t x_step, T* y, index_t y_step) {
  constexpr index_t line = 64 / static_cast<index_t>(sizeof(T));
  for (index_t begin = 0; begin < lines; begin += line) {
    const index_t end = begin + line < lines ? begin + line : lines;
    for (index_t at_j = 0; at_j < n; at_j += L) {
      const index_t j = at_j + L <= n ? at_j : n - L;
      if (end < lines)
        for (index_t l = 0; l < L; ++l) __builtin_prefetch(x + end + (j + l) * x_step);
      for (index_t at_i = begin; at_i < end; at_i += L) {
        const index_t i = at_i + L <= lines ? at_i : lines - L;
        transpose_square<L>(x + i + j * x_step, x_step, y + i * y_step + j, y_step);
      }
    }
  }
}

// The same for n < L where y's lines follow each other: what a square writes behind its lines, the next one writes
// again. Returns how many lines are done; the others' squares would reach behind the block.
template <int L, class T>
TENFOLD_INLINE index_t transpose_to_short_lines(index_t lines, index_t n, const T* x, index_t x_step, T* y) {
  const index_t behind = (L + n - 1) / n;
  index_t i = 0;
  for (; i + L + behind <= lines; i += L) {
    vec_of<T, L> rows[std::size_t{L}];
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) rows[l] = load_lanes<L>(x + i + (l < n ? l : 0) * x_step);
    transpose_lanes<T, L>(rows);
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) store_lanes<L>(y + (i + l) * n, rows[l]);
  }
  return i;
}

// The same for lines < L where the lines of x follow each other. Returns how many elements of each line are done.
template <int L, class T>
TENFOLD_INLINE index_t transpose_short_lines(index_t lines, index_t n, const T* x, T* y, index_t y_step) {
  const index_t behind = (L + lines - 1) / lines;
  index_t j = 0;
  for (; j + L + behind <= n; j += L) {
    vec_of<T, L> rows[std::size_t{L}];
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) rows[l] = load_lanes<L>(x + (j + l) * lines);
    transpose_lanes<T, L>(rows);
    for (int l = 0; l < lines; ++l) store_lanes<L>(y + l * y_step + j, rows[l]);
  }
  return j;
}

template <class T>
TENFOLD_INLINE void transpose_piece(const move_tile& t, const T* x, T* y) {
  constexpr int L = move_lanes<T>, S = sizeof(T) == 2 ? 8 : L;  // of 2 bytes 8 x 8, whose lines are 16 bytes
  index_t i_done = 0, j_done = 0;
  if (t.y_step == t.n && t.lines >= L) {
    if (t.n == 2) return interleave<2>(t.lines, x, t.x_step, y);
    if (t.n == 3) return interleave<3>(t.lines, x, t.x_step, y);
    if (t.n == 4) return interleave<4>(t.lines, x, t.x_step, y);
  }
  if (t.x_step == t.lines && t.n >= L) {
    if (t.lines == 2) return deinterleave<2>(t.n, x, y, t.y_step);
    if (t.lines == 3) return deinterleave<3>(t.n, x, y, t.y_step);
    if (t.lines == 4) return deinterleave<4>(t.n, x, y, t.y_step);
  }
  if (t.lines >= S && t.n >= S) return transpose_block<S>(t.lines, t.n, x, t.x_step, y, t.y_step);
  if (t.y_step == t.n && t.n < S) i_done = transpose_to_short_lines<S>(t.lines, t.n, x, t.x_step, y);
  if (t.x_step == t.lines && t.lines < S) j_done = transpose_short_lines<S>(t.lines, t.n, x, y, t.y_step);
  for (index_t i = i_done; i < t.lines; ++i)
    for (index_t j = j_done; j < t.n; ++j) move_element(x + i + j * t.x_step, y + i * t.y_step + j);
}

// y[i * y_step + j] = x[i + j * x_step];   i < lines, j < n, of each piece
template <class T>
void move_transposed(const move_tile& t, const T* x, T* y) {
  for_each_piece(t, x, y, [&](const T* from, T* to) { transpose_piece(t, from, to); });
}
