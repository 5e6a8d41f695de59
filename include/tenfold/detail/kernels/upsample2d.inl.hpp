// upsample_nearest2d, upsample_bilinear2d and upsample_linear1d: rows of outputs.

// The input row (column) that output row (column) `o` is a copy of; float32 for every type, as PyTorch's map.
TENFOLD_INLINE index_t nearest_source(index_t o, index_t in, index_t out, float step, bool exact) {
  if (exact) {
    const double middle = (static_cast<double>(o) + 0.5) * static_cast<double>(step);
    const auto source = static_cast<index_t>(static_cast<float>(middle));
    return source < in ? source : in - 1;
  }
  if (out == in) return o;
  if (out % 2 == 0 && out / 2 == in) return o / 2;
  const auto source = static_cast<index_t>(static_cast<float>(o) * step);
  return source < in ? source : in - 1;
}

// An integer as wide as T.
template <class T>
using upsample_place = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

// Whether every input row (column) becomes `times` of the output's.
TENFOLD_INLINE bool repeats(index_t in, index_t out, double given_step, bool exact, index_t times) {
  if (out % times != 0 || out / times != in) return false;
  return !exact || given_step <= 0 || static_cast<float>(given_step) * static_cast<float>(times) == 1;
}

TENFOLD_INLINE bool repeats(const upsample2d_geometry& g, index_t times) {
  return repeats(g.in.h, g.out.h, g.step_h, g.exact, times) && repeats(g.in.w, g.out.w, g.step_w, g.exact, times);
}

// How many of the outputs, in whole vectors, have sources that lie within one vector and below `end`. Then source[i] of
// the first output i of a vector becomes where that vector may be loaded, and place[i] is what the outputs' sources are
// behind it.
//   source (count), ascending   place (count)
template <class T, int L>
index_t close_sources(index_t* source, index_t count, index_t end, upsample_place<T>* place) {
  for (index_t i = 0; i + L <= count; i += L) {
    const index_t from = source[i] + L <= end ? source[i] : end - L;
    if (from < 0 || source[i + L - 1] - from >= L) return i;
    for (index_t l = 0; l < L; ++l) place[i + l] = static_cast<upsample_place<T>>(source[i + l] - from);
    source[i] = from;
  }
  return count / L * L;
}

// y = x, n elements. memcpy has another way for more than some KiB, which takes twice as long for rows that begin in
// the middle of a line.
template <class T>
TENFOLD_INLINE void repeat_row(const T* x, index_t n, T* y) {
  constexpr int L = lanes<T>;
  index_t i = 0;
  for (; i + L <= n; i += L) store(y + i, load(x + i));
  if (i == n) return;
  if (n >= L) return store(y + n - L, load(x + n - L));
  for (; i < n; ++i) y[i] = x[i];
}

// Neighbouring output columns and their sources.
template <class T>
struct nearest_block {
  static constexpr int most = 1024;
  static constexpr int L = lanes<T>;
  static constexpr bool permutes = sizeof(T) >= 4 && TENFOLD_VECTOR_BYTES >= 32;  // as tables say, in one instruction

  const index_t column, count;
  index_t close = 0;
  index_t source[std::size_t{most}];
  upsample_place<T> place[std::size_t{most}];

  nearest_block(index_t first, index_t in, index_t out, float step, bool exact)
      : column(first), count(first + most <= out ? most : out - first) {
    for (index_t i = 0; i < count; ++i) source[i] = nearest_source(column + i, in, out, step, exact);
    if constexpr (permutes) close = close_sources<T, L>(source, count, in, place);
  }

  // y[i] = x[source of column + i], i < count
  //   x (in)
  void row(const T* x, T* y) const {
    if constexpr (permutes)
      for (index_t i = 0; i < close; i += L)
        store(y + i, chosen_lanes<T, L, upsample_place<T>>(load(x + source[i]), load_lanes<L>(place + i)));
    index_t i = close;
    constexpr int few = sizeof(T) == 8 ? 2 : 4;
    for (; i + few <= count; i += few) {
      vec_of<T, few> v = {};
      TENFOLD_UNROLL for (int k = 0; k < few; ++k) v[k] = x[source[i + k]];
      store_lanes<few>(y + i, v);  // whole, because a vector of the row is slow to read after stores of its parts
    }
    for (; i < count; ++i) y[i] = x[source[i]];
  }
};

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x (planes, in.h, in.w)   y (planes, out.h, out.w)
template <class T>
void nearest_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const float step_h =
      g.step_h > 0 ? static_cast<float>(g.step_h) : static_cast<float>(g.in.h) / static_cast<float>(g.out.h);
  const float step_w =
      g.step_w > 0 ? static_cast<float>(g.step_w) : static_cast<float>(g.in.w) / static_cast<float>(g.out.w);
  for (index_t column = 0; column < g.out.w; column += nearest_block<T>::most) {
    const nearest_block<T> block(column, g.in.w, g.out.w, step_w, g.exact);
    index_t made = -1;  // the last row that did not repeat another
    index_t made_of = -1;
    for (index_t row = begin; row < end; ++row) {
      const index_t source = row / g.out.h * g.in.h + nearest_source(row % g.out.h, g.in.h, g.out.h, step_h, g.exact);
      T* to = y + row * g.out.w + column;
      if (source == made_of) {
        repeat_row(to - (row - made) * g.out.w, block.count, to);
        continue;
      }
      block.row(x + source * g.in.w, to);
      made = row;
      made_of = source;
    }
  }
}

// y[i] = x[i / 2], i < 2 in
//   x (in)
template <class T>
TENFOLD_INLINE void double_row(const T* x, index_t in, T* y) {
  constexpr int L = lanes<T>;
  constexpr index_t half = L / 2;
  if (in < half)
    for (index_t i = 0; i < 2 * in; ++i) y[i] = x[i / 2];
  else
    for (index_t column = 0; column < in; column += half) {
      const index_t i = column + half <= in ? column : in - half;  // the last vector ends with the row
      store(y + 2 * i, load_doubled<L>(x + i));
    }
}

// The same where both sizes double. memcpy repeats rows of 128 x 224 x 224 in half the time of repeat_row, which is a
// third faster for rows of 224 bytes.
template <class T>
void nearest_doubled_rows(index_t in, index_t begin, index_t end, const T* x, T* y) {
  const index_t out = 2 * in;
  const std::size_t bytes = static_cast<std::size_t>(out) * sizeof(T);
  for (index_t row = begin; row < end; ++row) {
    T* to = y + row * out;
    if (row % 2 == 0 || row == begin)
      double_row(x + row / 2 * in, in, to);
    else if (bytes < 512)
      repeat_row(to - out, out, to);
    else
      __builtin_memcpy(to, to - out, bytes);
  }
}

template <class T>
void upsample_nearest2d_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  if (repeats(g, 1))
    __builtin_memcpy(y + begin * g.out.w, x + begin * g.out.w,
                     static_cast<std::size_t>((end - begin) * g.out.w) * sizeof(T));
  else if (repeats(g, 2))
    nearest_doubled_rows(g.in.w, begin, end, x, y);
  else
    nearest_rows(g, begin, end, x, y);
}

// Input pixels per output pixel in one dimension.
template <class A>
TENFOLD_INLINE A bilinear_step(index_t in, index_t out, double given, bool align_corners) {
  if (align_corners) return out > 1 ? static_cast<A>(in - 1) / static_cast<A>(out - 1) : A{0};
  return given > 0 ? static_cast<A>(given) : static_cast<A>(in) / static_cast<A>(out);
}

// Output `o` lies between inputs `first` and `second`, at the returned fraction of the way. As in PyTorch `first` is
// found in float, whatever A is: a place that is rounded to just below an input counts as that input.
template <class A>
TENFOLD_INLINE A bilinear_source(index_t o, index_t in, index_t out, A step, bool align_corners, index_t& first,
                                 index_t& second) {
  first = second = o;
  if (out == in) return 0;
  A place = align_corners ? step * static_cast<A>(o) : step * (static_cast<A>(o) + A{0.5}) - A{0.5};
  if (place < 0) place = 0;
  first = static_cast<index_t>(static_cast<float>(place));
  if (first > in - 1) first = in - 1;
  second = first < in - 1 ? first + 1 : first;
  const A fraction = place - static_cast<A>(first);
  return fraction > 1 ? A{1} : fraction > 0 ? fraction : A{0};
}

// Interpolations are computed in float for float, in double for the rest; integers are rounded to the nearest, halves
// away from zero. Between int64 values only the upper end can leave the range, by the rounding to double.
template <class T, class A>
TENFOLD_INLINE T bilinear_value(A v) {
  if constexpr (std::is_floating_point_v<T>) {
    return v;
  } else {
    const A rounded = __builtin_round(v);
    return rounded >= -static_cast<A>((std::numeric_limits<T>::min)()) ? (std::numeric_limits<T>::max)()
                                                                       : static_cast<T>(rounded);
  }
}

// Neighbouring output columns, their sources and weights, and the input rows in use, interpolated at these columns: a
// row serves all output rows beside it.
template <class T>
struct bilinear_block {
  using A = std::conditional_t<std::is_same_v<T, float>, float, double>;
  static constexpr int most = 128;
  // 64-byte vectors would pass by narrow images.
  static constexpr int L = (TENFOLD_VECTOR_BYTES < 32 ? TENFOLD_VECTOR_BYTES : 32) / static_cast<int>(sizeof(A));

  const upsample2d_geometry& g;
  const A step_h, step_w;
  const index_t beside;  // from an output's first input to its second, but for the row's last: equal widths have one
  index_t column = -1;
  index_t count = 0;
  index_t close = 0;  // so many columns, whole vectors, have their sources within one vector
  index_t left[std::size_t{most}], right[std::size_t{most}];
  upsample_place<A> place[std::size_t{most}];  // left, counted from the first source of the vector
  A fraction[std::size_t{most}];
  A across[2][std::size_t{most}];  // input row h is held in across[h % 2]: h and h + 1 are needed together

  explicit bilinear_block(const upsample2d_geometry& geometry)
      : g(geometry),
        step_h(bilinear_step<A>(g.in.h, g.out.h, g.step_h, g.align_corners)),
        step_w(bilinear_step<A>(g.in.w, g.out.w, g.step_w, g.align_corners)),
        beside(g.in.w == g.out.w ? 0 : 1) {}

  void begin_at(index_t first) {
    if (column == first) return;
    column = first;
    count = column + most <= g.out.w ? most : g.out.w - column;
    for (index_t i = 0; i < count; ++i)
      fraction[i] = bilinear_source(column + i, g.in.w, g.out.w, step_w, g.align_corners, left[i], right[i]);
    close = 0;
    if constexpr (std::is_same_v<T, A>) close = close_sources<A, L>(left, count, g.in.w - beside, place);
  }

  // Interpolates an input row across.
  //   x (in.w)
  void row_across(const T* x, A* to) {
    if constexpr (std::is_same_v<T, A>)
      for (index_t i = 0; i < close; i += L) {
        const auto at = load_lanes<L>(place + i);
        const vec_of<A, L> a = chosen_lanes<A, L, upsample_place<A>>(load_lanes<L>(x + left[i]), at),
                           b = chosen_lanes<A, L, upsample_place<A>>(load_lanes<L>(x + left[i] + beside), at);
        const vec_of<A, L> f = load_lanes<L>(fraction + i);
        store_lanes<L>(to + i, (fill_lanes<L>(A{1}) - f) * a + f * b);
      }
    for (index_t i = close; i < count; ++i)
      to[i] = (1 - fraction[i]) * static_cast<A>(x[left[i]]) + fraction[i] * static_cast<A>(x[right[i]]);
  }

  // An input row interpolated across, as outputs.
  //   x (in.w)   y (count)
  void row(const T* x, T* y) {
    if constexpr (std::is_same_v<T, A>) {
      row_across(x, y);
    } else {
      row_across(x, across[0]);
      for (index_t i = 0; i < count; ++i) y[i] = bilinear_value<T>(across[0][i]);
    }
  }

  // The output rows [begin, end) of one plane, at the block's columns.
  //   x (in.h, in.w)   y (out.h, out.w)
  void run(index_t begin, index_t end, const T* x, T* y) {
    index_t held[2] = {-1, -1};
    for (index_t oh = begin; oh < end; ++oh) {
      index_t rows[2];
      const A lower = bilinear_source(oh, g.in.h, g.out.h, step_h, g.align_corners, rows[0], rows[1]);
      for (const index_t h : rows) {
        if (held[h % 2] == h) continue;
        held[h % 2] = h;
        row_across(x + h * g.in.w, across[h % 2]);
      }
      const A* above = across[rows[0] % 2];
      const A* below = across[rows[1] % 2];
      T* to = y + oh * g.out.w + column;
      for (index_t i = 0; i < count; i += L) {
        const vec_of<A, L> v =
            fill_lanes<L>(1 - lower) * load_lanes<L>(above + i) + fill_lanes<L>(lower) * load_lanes<L>(below + i);
        if constexpr (std::is_same_v<T, A>)
          if (i + L <= count) {
            store_lanes<L>(to + i, v);
            continue;
          }
        A last[std::size_t{L}];
        store_lanes<L>(last, v);
        for (index_t k = i; k < count && k < i + L; ++k) to[k] = bilinear_value<T>(last[k - i]);
      }
    }
  }
};

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x (planes, in.h, in.w)   y (planes, out.h, out.w)
template <class T>
void upsample_bilinear2d_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  bilinear_block<T> block(g);
  for (index_t plane = begin / g.out.h; plane * g.out.h < end; ++plane) {
    const index_t before = plane * g.out.h;
    const index_t first = begin > before ? begin - before : 0;
    const index_t last = end - before < g.out.h ? end - before : g.out.h;
    for (index_t column = 0; column < g.out.w; column += block.most) {
      block.begin_at(column);
      block.run(first, last, x + plane * g.in.h * g.in.w, y + before * g.out.w);
    }
  }
}

// y[row] = x[row] interpolated across, for the rows [begin, end)
//   x (rows, in.w)   y (rows, out.w)
template <class T>
void upsample_linear1d_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  bilinear_block<T> block(g);
  for (index_t column = 0; column < g.out.w; column += block.most) {
    block.begin_at(column);
    for (index_t row = begin; row < end; ++row) block.row(x + row * g.in.w, y + row * g.out.w + column);
  }
}
