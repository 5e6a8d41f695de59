// Sums, extremes and their places over some dimensions of a tensor.

// The lines of an output, or of a line of outputs, in row-major order of the reduced dimensions but the last `skipped`.
struct reduced_lines {
  const reduction_geometry& g;
  index_t step[std::size_t{reduction_geometry::most}];  // of a reduced dimension
  index_t at[std::size_t{reduction_geometry::most}] = {};
  int count;

  TENFOLD_INLINE reduced_lines(const reduction_geometry& geometry, int skipped)
      : g(geometry), count(geometry.pairs - skipped) {
    index_t size = 1;
    for (int p = g.pairs - 1; p >= 0; --p) {
      step[p] = size;
      size *= g.reduced[p] * g.kept[p];
    }
  }
  TENFOLD_INLINE index_t lines() const {
    index_t product = 1;
    for (int p = 0; p < count; ++p) product *= g.reduced[p];
    return product;
  }
  // Where the terms of output o begin, counted over the kept dimensions of the first `kept` pairs.
  TENFOLD_INLINE index_t begin_of(index_t o, int kept) const {
    index_t offset = 0;
    for (int p = kept - 1; p >= 0; --p) {
      offset += o % g.kept[p] * g.reduced[p] * step[p];
      o /= g.kept[p];
    }
    return offset;
  }
  // From one line to the next; behind the last one comes the first.
  TENFOLD_INLINE index_t next(index_t offset) {
    for (int p = count - 1; p >= 0; --p) {
      offset += step[p];
      if (++at[p] < g.reduced[p]) return offset;
      at[p] = 0;
      offset -= g.reduced[p] * step[p];
    }
    return offset;
  }
};

// The sum of a line; of integers, in int64 whatever they are.
template <class T, class S>
TENFOLD_INLINE arithmetic_t<S> wide_sum_of_line(index_t n, const T* x) {
  if constexpr (std::is_same_v<T, S>) {
    if (n <= summed_block<arithmetic_t<T>>) return static_cast<arithmetic_t<S>>(sum_of_block(n, x));
    return static_cast<arithmetic_t<S>>(sum_of_line(n, x));
  } else {
    arithmetic_t<S> sum = 0;
    for (index_t i = 0; i < n; ++i) sum += static_cast<arithmetic_t<S>>(x[i]);
    return sum;
  }
}

// y[i] += (x0[i] + x1[i]) + (x2[i] + x3[i]),   i < n, or of fewer lines those
template <class T, class S>
TENFOLD_INLINE void add_few_lines(index_t n, int lines, const T* const* x, S* y) {
  using U = arithmetic_t<S>;
  index_t i = 0;
  if constexpr (std::is_same_v<T, S>) {
    constexpr int L = lanes<U>;
    const U* a[4] = {};
    for (int l = 0; l < lines; ++l) a[l] = reinterpret_cast<const U*>(x[l]);
    U* to = reinterpret_cast<U*>(y);
    if (lines == 4)
      for (; i + L <= n; i += L)
        store(to + i, load(to + i) + ((load(a[0] + i) + load(a[1] + i)) + (load(a[2] + i) + load(a[3] + i))));
    else
      for (; i + L <= n; i += L) {
        vec<U> sum = load(to + i);
        for (int l = 0; l < lines; ++l) sum += load(a[l] + i);
        store(to + i, sum);
      }
  }
  for (; i < n; ++i) {
    U sum = static_cast<U>(y[i]);
    const auto at = [&](int l) __attribute__((always_inline)) { return static_cast<U>(x[l][i]); };
    if (lines == 4)
      sum += (at(0) + at(1)) + (at(2) + at(3));
    else
      for (int l = 0; l < lines; ++l) sum += at(l);
    y[i] = static_cast<S>(sum);
  }
}

// to[i * to_step + j] = from[i + j * step];   i < lines, j < n
template <class T>
void transpose_lines(index_t lines, index_t n, const T* from, index_t step, T* to, index_t to_step) {
  move_tile t;
  t.lines = lines;
  t.n = n;
  t.x_step = step;
  t.y_step = to_step;
  move_transposed(t, from, to);
}

// Short lines beside each other, in L1, so that each lane has a line of its own: body(columns, first, count) for blocks
// of lines, whose element i of line first + j is columns[i * count + j].
//   x (lines, n)
template <class T, class Body>
TENFOLD_INLINE void for_each_turned_block(index_t n, index_t begin, index_t end, const T* x, const Body& body) {
  constexpr index_t held = 16384 / sizeof(T);
  alignas(64) T columns[std::size_t{held}];
  const index_t most = held / n;
  for (index_t line = begin; line < end; line += most) {
    const index_t count = end - line < most ? end - line : most;
    transpose_lines(n, count, x + line * n, n, columns, count);
    body(static_cast<const T*>(columns), line, count);
  }
}

// Up to where a line is short: 49 elements take as long either way.
inline constexpr index_t short_line = 32;

// y[o] = the sum of its terms / divisor, for the outputs [begin, end); a divisor of 0 stands for 1.
//   x  the whole tensor   y (outputs)
//
// Where the last dimension is reduced, each of its lines is summed as sum_of_line does it, and these sums one after the
// other. Where it is kept, or alone and short, lines of outputs collect four lines at a time, and what is left of four
// one by one: of n lines a term is rounded at most n / 4 + 5 times.
template <class T, class S>
void sum_outputs(const reduction_geometry& g, index_t begin, index_t end, S divisor, const T* x, S* y) {
  using U = arithmetic_t<S>;
  const int last = g.pairs - 1;
  const bool by_lines = g.reduced[last] > 1;
  reduced_lines walk(g, by_lines ? 1 : 0);
  const index_t lines = walk.lines();
  if (by_lines && g.pairs == 1 && g.reduced[0] <= short_line) {
    for_each_turned_block(
        g.reduced[0], begin, end,
        x, [&](const T* columns, index_t first, index_t count) __attribute__((always_inline)) {
          for (index_t i = 0; i < count; ++i) y[first + i] = S{};
          for (index_t r = 0; r < g.reduced[0];) {
            const T* few[4];
            int held = 0;
            for (; held < 4 && r < g.reduced[0]; ++r) few[held++] = columns + r * count;
            add_few_lines<T, S>(count, held, few, y + first);
          }
        });
  } else if (by_lines && g.pairs == 1) {
    for (index_t o = begin; o < end; ++o)
      y[o] = static_cast<S>(wide_sum_of_line<T, S>(g.reduced[0], x + o * g.reduced[0]));
  } else if (by_lines) {
    for (index_t o = begin; o < end; ++o) {
      index_t from = walk.begin_of(o, g.pairs);
      U sum = wide_sum_of_line<T, S>(g.reduced[last], x + from);
      for (index_t r = 1; r < lines; ++r) {
        from = walk.next(from);
        sum += wide_sum_of_line<T, S>(g.reduced[last], x + from);
      }
      if (lines > 1) walk.next(from);
      y[o] = static_cast<S>(sum);
    }
  } else {
    constexpr index_t block = 8192 / sizeof(S);  // of y, which stays in L1 beside the lines that stream through it
    for (index_t o = begin; o < end;) {
      const index_t column = o % g.kept[last];
      const index_t left = g.kept[last] - column < end - o ? g.kept[last] - column : end - o;
      const index_t n = left < block ? left : block;
      for (index_t i = 0; i < n; ++i) y[o + i] = S{};
      index_t from = walk.begin_of(o / g.kept[last], last) + column;
      for (index_t r = 0; r < lines;) {
        const T* few[4];
        int held = 0;
        for (; held < 4 && r < lines; ++r, from = walk.next(from)) few[held++] = x + from;
        add_few_lines<T, S>(n, held, few, y + o);
      }
      o += n;
    }
  }
  if constexpr (std::is_floating_point_v<S>) {
    if (divisor == S{}) return;
    index_t o = begin;
    for (; o + lanes<S> <= end; o += lanes<S>) store(y + o, load(y + o) / broadcast(divisor));
    for (; o < end; ++o) y[o] /= divisor;
  }
}

// a where that is the greater (or with Least the less) or NaN, else b: a NaN of either stays.
template <class T, bool Least, class V>
TENFOLD_INLINE V extreme(V a, V b) {
  const auto wins = (Least ? a < b : a > b) | (a != a);
  return chosen(wins, a, b);
}
template <class T, bool Least>
TENFOLD_INLINE T extreme_number(T a, T b) {
  if (Least ? a < b : a > b) return a;
  if (a != a) return a;
  return b;
}

// The extreme of v's lanes: one half is compared with the other until one is left.
template <int Half, class T, bool Least, int... Lane>
TENFOLD_INLINE T extreme_lane(vec<T> v, std::integer_sequence<int, Lane...> all) {
  v = extreme<T, Least>(shuffled<(Lane + Half) % lanes<T>...>(v, v), v);
  if constexpr (Half > 1)
    return extreme_lane<Half / 2, T, Least>(v, all);
  else
    return v[0];
}

// The greatest or least element of a line, or NaN where there is one. The last vector ends with the line: an element
// that is seen twice changes nothing.
//   x (n), n > 0
template <class T, bool Least>
TENFOLD_INLINE T extreme_of_line(index_t n, const T* x) {
  constexpr int L = lanes<T>, V = 4;
  if (n < L) {
    T most = x[0];
    for (index_t i = 1; i < n; ++i) most = extreme_number<T, Least>(x[i], most);
    return most;
  }
  vec<T> all = load(x + n - L);
  index_t i = 0;
  if (n >= V * L) {
    vec<T> m[std::size_t{V}];
    TENFOLD_UNROLL for (int k = 0; k < V; ++k) m[k] = load(x + k * L);
    for (i = V * L; i + V * L <= n; i += V * L)
      TENFOLD_UNROLL for (int k = 0; k < V; ++k) m[k] = extreme<T, Least>(load(x + i + k * L), m[k]);
    TENFOLD_UNROLL for (int k = 0; k < V; ++k) all = extreme<T, Least>(m[k], all);
  }
  for (; i + L <= n; i += L) all = extreme<T, Least>(load(x + i), all);
  return extreme_lane<L / 2, T, Least>(all, std::make_integer_sequence<int, L>{});
}

// y[i] = the extreme of y[i] and x[i],   i < n
template <class T, bool Least>
TENFOLD_INLINE void take_extremes(index_t n, const T* x, T* y) {
  index_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(y + i, extreme<T, Least>(load(x + i), load(y + i)));
  for (; i < n; ++i) y[i] = extreme_number<T, Least>(x[i], y[i]);
}

// y[o] = the greatest (or with Least the least) of its terms, or NaN where one is, for the outputs [begin, end).
//   x  the whole tensor   y (outputs)
template <class T, bool Least>
void extreme_outputs(const reduction_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const int last = g.pairs - 1;
  const bool by_lines = g.reduced[last] > 1;
  reduced_lines walk(g, by_lines ? 1 : 0);
  const index_t lines = walk.lines();
  if (by_lines && g.pairs == 1) {
    const index_t n = g.reduced[0];
    if (n > short_line) {
      for (index_t o = begin; o < end; ++o) y[o] = extreme_of_line<T, Least>(n, x + o * n);
      return;
    }
    for_each_turned_block(
        n, begin, end, x, [&](const T* columns, index_t first, index_t count) __attribute__((always_inline)) {
          __builtin_memcpy(y + first, columns, static_cast<std::size_t>(count) * sizeof(T));
          for (index_t i = 1; i < n; ++i) take_extremes<T, Least>(count, columns + i * count, y + first);
        });
    return;
  }
  constexpr index_t block = 8192 / sizeof(T);  // of y, which stays in L1 beside the lines that stream through it
  for (index_t o = begin; o < end;) {
    const index_t column = by_lines ? 0 : o % g.kept[last];
    index_t count = 1;
    if (!by_lines) {
      count = g.kept[last] - column < end - o ? g.kept[last] - column : end - o;
      count = count < block ? count : block;
    }
    index_t from = by_lines ? walk.begin_of(o, g.pairs) : walk.begin_of(o / g.kept[last], last) + column;
    for (index_t r = 0; r < lines; ++r, from = walk.next(from)) {
      if (by_lines) {
        const T of_line = extreme_of_line<T, Least>(g.reduced[last], x + from);
        y[o] = r == 0 ? of_line : extreme_number<T, Least>(of_line, y[o]);
      } else if (r == 0) {
        __builtin_memcpy(y + o, x + from, static_cast<std::size_t>(count) * sizeof(T));
      } else {
        take_extremes<T, Least>(count, x + from, y + o);
      }
    }
    o += count;
  }
}

// The place of the first element that is this number, or NaN where that is; one is.
//   x (n)
template <class T>
TENFOLD_INLINE index_t place_in_line(index_t n, const T* x, T number) {
  constexpr int L = lanes<T>;
  index_t i = 0;
  if (number == number) {
    const vec<T> v = broadcast(number);
    for (; i + 4 * L <= n; i += 4 * L) {
      const auto a = (load(x + i) == v) | (load(x + i + L) == v);
      if (any_bit(a | (load(x + i + 2 * L) == v) | (load(x + i + 3 * L) == v))) break;
    }
    while (i + L <= n && !any_bit(load(x + i) == v)) i += L;
    while (x[i] != number) ++i;
  } else {
    while (x[i] == x[i]) ++i;
  }
  return i;
}

// The place of a line's first maximum, or of its first NaN. What is read is added up besides: the sum is NaN after a
// NaN, or infinities of both signs, and then each element is asked.
//   x (n), n > 0
template <class T>
index_t argmax_line(index_t n, const T* x) {
  constexpr int L = lanes<T>;
  T most = x[0];
  index_t i = 0;
  if (n >= 2 * L) {
    vec<T> m[2] = {load(x), load(x + L)};
    vec<arithmetic_t<T>> sum = bits_as<vec<arithmetic_t<T>>>(m[0]) + bits_as<vec<arithmetic_t<T>>>(m[1]);
    for (i = 2 * L; i + 2 * L <= n; i += 2 * L) TENFOLD_UNROLL for (int k = 0; k < 2; ++k) {
        const vec<T> v = load(x + i + k * L);
        if constexpr (std::is_floating_point_v<T>) sum += v;
        m[k] = larger<T>(v, m[k]);
      }
    if (std::is_floating_point_v<T> && any_bit(sum != sum))
      i = 0;
    else
      most = largest_lane<T>(larger<T>(m[1], m[0]));
  }
  for (; i < n && most == most; ++i)
    if (!(x[i] <= most)) most = x[i];
  return place_in_line(n, x, most);
}

// The same of lines beside each other: element i of line j at i * pitch + j; or of the least.
//   at (count)
template <class T, bool Least>
void argmax_columns(index_t n, index_t pitch, index_t count, const T* x, index_t* at) {
  constexpr index_t block = 512;  // 4 KiB each of maxima and places: they stay in L1
  T most[std::size_t{block}];
  for (; count > 0; count -= block, x += block, at += block) {
    const index_t some = count < block ? count : block;
    index_t j = 0;
    if constexpr (sizeof(T) >= 4) {
      using P = std::decay_t<decltype(lane_mask<T>{}[0])>;
      constexpr int L = lanes<T>;
      P place[std::size_t{block}];
      if (n <= (std::numeric_limits<P>::max)()) {
        for (; j + L <= some; j += L) {
          store(most + j, load(x + j));
          store(place + j, vec<P>{});
        }
        const index_t whole = j;
        for (index_t i = 1; i < n; ++i)
          for (j = 0; j < whole; j += L) {
            const vec<T> v = load(x + i * pitch + j), m = load(most + j);
            const auto wins = ~(Least ? v >= m : v <= m) & (m == m);  // greater, or the first NaN
            store(most + j, chosen(wins, v, m));
            store(place + j, chosen(wins, broadcast(static_cast<P>(i)), load(place + j)));
          }
        for (index_t k = 0; k < whole; ++k) at[k] = place[k];
        j = whole;
      }
    }
    const index_t rest = j;
    for (; j < some; ++j) {
      most[j] = x[j];
      at[j] = 0;
    }
    for (index_t i = 1; i < n; ++i)
      for (j = rest; j < some; ++j) {
        const T v = x[i * pitch + j];
        if ((Least ? v < most[j] : v > most[j]) || (v != v && most[j] == most[j])) {
          most[j] = v;
          at[j] = i;
        }
      }
  }
}

// The lines [begin, end):  line = o * inner + j. Places of short lines are found beside each other: at 128 elements in
// half the time, at 197 in the same.
//   x (outer, length, inner)   at (outer, inner)
template <class T, bool Least>
void argmax_lines(const line_geometry& g, index_t begin, index_t end, const T* x, index_t* at) {
  if (g.inner == 1 && g.length <= 4 * short_line)
    return for_each_turned_block(
        g.length, begin, end, x, [&](const T* columns, index_t first, index_t count) __attribute__((always_inline)) {
          argmax_columns<T, Least>(g.length, count, count, columns, at + first);
        });
  for (index_t line = begin; line < end;) {
    const index_t column = line % g.inner, left = g.inner - column;
    const index_t count = left < end - line ? left : end - line;
    const T* from = x + line / g.inner * g.length * g.inner + column;
    if (g.inner > 1)
      argmax_columns<T, Least>(g.length, g.inner, count, from, at + line);
    else if constexpr (Least)
      at[line] = place_in_line(g.length, from, extreme_of_line<T, true>(g.length, from));
    else
      at[line] = argmax_line(g.length, from);
    line += count;
  }
}
