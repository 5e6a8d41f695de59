// The gradients of upsample_nearest2d, upsample_bilinear2d and upsample_linear1d: rows of the input's gradient, each of
// which gathers from the outputs that took from it. These are neighbours, as the maps ascend.

// ---- nearest

// The first output from `o` on whose source is `line` or behind it; of out outputs.
template <class Source>
TENFOLD_INLINE index_t first_output_of(index_t line, index_t o, index_t out, const Source& source) {
  while (o < out && source(o) < line) ++o;
  return o;
}

// Neighbouring input columns and their copies: those of column + i are the outputs [first[i], first[i + 1]).
struct nearest_copies {
  static constexpr int most = 1024;

  index_t column = 0, count = 0;
  index_t first[std::size_t{most + 1}] = {};

  // The block of columns from `begin` on; blocks are asked for in ascending order.
  template <class Source>
  void begin_at(index_t begin, index_t in, index_t out, const Source& source) {
    index_t o = first[count];
    column = begin;
    count = begin + most <= in ? most : in - begin;
    for (index_t i = 0; i <= count; ++i) first[i] = o = first_output_of(begin + i, o, out, source);
  }

  // y[i] = ((y[i] + x[first[i]]) + x[first[i] + 1]) + ...,   i < count
  //   x (out)
  template <class T>
  void add(const T* x, T* y) const {
    using U = arithmetic_t<T>;
    for (index_t i = 0; i < count; ++i) {
      U sum = static_cast<U>(y[i]);
      for (index_t o = first[i]; o < first[i + 1]; ++o) sum = static_cast<U>(sum + static_cast<U>(x[o]));
      y[i] = static_cast<T>(sum);
    }
  }
};

template <class T>
void nearest_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const float step_h =
      g.step_h > 0 ? static_cast<float>(g.step_h) : static_cast<float>(g.in.h) / static_cast<float>(g.out.h);
  const float step_w =
      g.step_w > 0 ? static_cast<float>(g.step_w) : static_cast<float>(g.in.w) / static_cast<float>(g.out.w);
  const auto source_row = [&](index_t o) { return nearest_source(o, g.in.h, g.out.h, step_h, g.exact); };
  const auto source_column = [&](index_t o) { return nearest_source(o, g.in.w, g.out.w, step_w, g.exact); };
  nearest_copies block;
  for (index_t column = 0; column < g.in.w; column += block.most) {
    block.begin_at(column, g.in.w, g.out.w, source_column);
    index_t oh = 0;
    for (index_t row = begin; row < end; ++row) {
      const index_t plane = row / g.in.h, h = row % g.in.h;
      T* to = y + row * g.in.w + column;
      __builtin_memset(to, 0, static_cast<std::size_t>(block.count) * sizeof(T));
      oh = first_output_of(h, h == 0 ? 0 : oh, g.out.h, source_row);
      for (; oh < g.out.h && source_row(oh) == h; ++oh) block.add(x + (plane * g.out.h + oh) * g.out.w, to);
    }
  }
}

// y[i] = (((0 + x[2 i]) + x[2 i + 1]) + below[2 i]) + below[2 i + 1],   i < in, in vectors of L <= in elements
//   x, below (2 in)   y (in)
template <int L, class T>
TENFOLD_INLINE void add_fours(index_t in, const T* x, const T* below, T* y) {
  using U = arithmetic_t<T>;
  for (index_t column = 0; column < in; column += L) {
    const index_t i = column + L <= in ? column : in - L;  // the last vector ends with the row
    vec_of<U, L> sum = {};
    for (const T* row : {x, below}) {
      const U* from = reinterpret_cast<const U*>(row + 2 * i);
      const vec_of<U, L> a = load_lanes<L>(from), b = load_lanes<L>(from + L);
      sum += every_second<0, U, L>(a, b);
      sum += every_second<1, U, L>(a, b);
    }
    store_lanes<L>(reinterpret_cast<U*>(y + i), sum);
  }
}

// The same where both sizes double.
template <class T>
void nearest_doubled_backward_rows(index_t in, index_t begin, index_t end, const T* x, T* y) {
  constexpr int L = lanes<T>, few = 16 / static_cast<int>(sizeof(T));
  using U = arithmetic_t<T>;
  for (index_t row = begin; row < end; ++row) {
    const T *from = x + row * 4 * in, *below = from + 2 * in;
    T* to = y + row * in;
    if (in >= L) {
      add_fours<L>(in, from, below, to);
    } else if (in >= few) {
      add_fours<few>(in, from, below, to);
    } else {
      for (index_t i = 0; i < in; ++i) {
        U sum = 0;
        for (const T* four : {from, below})
          for (int k = 0; k < 2; ++k) sum = static_cast<U>(sum + static_cast<U>(four[2 * i + k]));
        to[i] = static_cast<T>(sum);
      }
    }
  }
}

// The rows [begin, end) of all planes of the input:  row = plane * in.h + h
//   x (planes, out.h, out.w)   y (planes, in.h, in.w)
template <class T>
void upsample_nearest2d_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  if (repeats(g, 2))
    nearest_doubled_backward_rows(g.in.w, begin, end, x, y);
  else
    nearest_backward_rows(g, begin, end, x, y);
}

// ---- bilinear

// y[i] += factor * x[i], i < n
template <class T>
TENFOLD_INLINE void add_scaled(index_t n, T factor, const T* x, T* y) {
  constexpr int L = lanes<T>;
  const vec<T> factors = broadcast(factor);
  index_t i = 0;
  for (; i + L <= n; i += L) store(y + i, load(y + i) + factors * load(x + i));
  for (; i < n; ++i) y[i] += factor * x[i];
}

// Neighbouring output columns, their sources and weights, and for as many input rows as a vector has lanes the sums of
// the gradients above one another, each times the weight of the row. The sums of one column are a vector then.
template <class T>
struct bilinear_backward_block {
  static constexpr int most = 256;
  static constexpr int L = (TENFOLD_VECTOR_BYTES < 32 ? TENFOLD_VECTOR_BYTES : 32) / static_cast<int>(sizeof(T));
  using V = vec_of<T, L>;

  const upsample2d_geometry& g;
  const T step_h, step_w;
  index_t column = -1;
  index_t count = 0;
  index_t row = 0;  // the first output row that is between the input row of the last row_sums() and another one
  index_t left[std::size_t{most}];
  T fraction[std::size_t{most}];
  T sums[std::size_t{L}][std::size_t{most}] = {};  // rows that are not there are computed with: garbage may be denormal

  explicit bilinear_backward_block(const upsample2d_geometry& geometry)
      : g(geometry),
        step_h(bilinear_step<T>(g.in.h, g.out.h, g.step_h, g.align_corners)),
        step_w(bilinear_step<T>(g.in.w, g.out.w, g.step_w, g.align_corners)) {}

  void begin_at(index_t first) {
    column = first;
    count = column + most <= g.out.w ? most : g.out.w - column;
    index_t right;
    for (index_t i = 0; i < count; ++i)
      fraction[i] = bilinear_source(column + i, g.in.w, g.out.w, step_w, g.align_corners, left[i], right);
  }

  // The sums of input row h; rows are asked for in ascending order.
  //   x (out.h, out.w)
  void row_sums(index_t h, const T* x, T* to) {
    __builtin_memset(to, 0, sizeof *sums);
    if (h == 0) row = 0;
    for (index_t oh = row; oh < g.out.h; ++oh) {
      index_t first, second;
      const T lower = bilinear_source(oh, g.in.h, g.out.h, step_h, g.align_corners, first, second);
      if (first > h) return;
      if (second < h) row = oh + 1;
      const T* from = x + oh * g.out.w + column;
      if (first == h) add_scaled(count, 1 - lower, from, to);
      if (second == h) add_scaled(count, lower, from, to);
    }
  }

  // Element `at` of the rows.
  //   y (rows, in.w)
  V load_column(index_t rows, index_t at, const T* y) const {
    V v = {};
    for (index_t r = 0; r < rows; ++r) v[r] = y[r * g.in.w + at];
    return v;
  }
  TENFOLD_INLINE void store_column(index_t rows, index_t at, V v, T* y) const {
    if (rows == L) TENFOLD_UNROLL
      for (int r = 0; r < L; ++r) y[r * g.in.w + at] = v[r];
    else
      for (index_t r = 0; r < rows; ++r) y[r * g.in.w + at] = v[r];
  }

  // Adds the columns' sums to their two inputs; columns behind the inputs of the blocks so far are 0.
  //   y (rows, in.w)
  void add_columns(index_t rows, T* y) const {
    if (column == 0) __builtin_memset(y, 0, static_cast<std::size_t>(rows * g.in.w) * sizeof(T));
    const index_t last = g.in.w == g.out.w ? 0 : g.in.w - 1;  // the first column whose outputs have it as both inputs
    index_t at = left[0];
    V here = load_column(rows, at, y), next = load_column(rows, at < last ? at + 1 : at, y);
    for (index_t i = 0; i < count; i += L) {
      V v[std::size_t{L}];
      TENFOLD_UNROLL for (int r = 0; r < L; ++r) v[r] = load_lanes<L>(sums[r] + i);
      transpose_lanes<T, L>(v);
      const index_t some = count - i < L ? count - i : L;
      for (index_t k = 0; k < some; ++k) {
        if (left[i + k] != at) {
          store_column(rows, at, here, y);
          const bool beside = left[i + k] == at + 1;
          if (!beside && at < last) store_column(rows, at + 1, next, y);
          here = beside ? next : V{};
          next = V{};
          at = left[i + k];
        }
        const T f = fraction[i + k];
        here += fill_lanes<L>(1 - f) * v[k];
        if (at < last)
          next += fill_lanes<L>(f) * v[k];
        else
          here += fill_lanes<L>(f) * v[k];
      }
    }
    store_column(rows, at, here, y);
    if (at < last) store_column(rows, at + 1, next, y);
  }

  // The input rows [begin, end) of one plane, from the block's columns.
  //   x (out.h, out.w)   y (in.h, in.w)
  void run(index_t begin, index_t end, const T* x, T* y) {
    row = 0;
    for (index_t h = begin; h < end; h += L) {
      const index_t rows = end - h < L ? end - h : L;
      for (index_t r = 0; r < rows; ++r) row_sums(h + r, x, sums[r]);
      add_columns(rows, y + h * g.in.w);
    }
  }
};

// The rows [begin, end) of all planes of the input:  row = plane * in.h + h
//   x (planes, out.h, out.w)   y (planes, in.h, in.w)
template <class T>
void upsample_bilinear2d_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  bilinear_backward_block<T> block(g);
  for (index_t column = 0; column < g.out.w; column += block.most) {
    block.begin_at(column);
    for (index_t plane = begin / g.in.h; plane * g.in.h < end; ++plane) {
      const index_t before = plane * g.in.h;
      const index_t first = begin > before ? begin - before : 0;
      const index_t last = end - before < g.in.h ? end - before : g.in.h;
      block.run(first, last, x + plane * g.out.h * g.out.w, y + before * g.in.w);
    }
  }
}

// ---- linear

// The rows [begin, end) of the input, which are as many as the output's.
//   x (rows, out.w)   y (rows, in.w)
template <class T>
void upsample_linear1d_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  bilinear_backward_block<T> block(g);
  for (index_t column = 0; column < g.out.w; column += block.most) {
    block.begin_at(column);
    for (index_t row = begin; row < end; row += block.L) {
      const index_t rows = end - row < block.L ? end - row : block.L;
      for (index_t r = 0; r < rows; ++r)
        __builtin_memcpy(block.sums[r], x + (row + r) * g.out.w + column,
                         static_cast<std::size_t>(block.count) * sizeof(T));
      block.add_columns(rows, y + row * g.in.w);
    }
  }
}
