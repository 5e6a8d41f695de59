// max_pool2d, several outputs of a row at once.
//
// Taking `v` for `m` where v > m or v is NaN is associative: it gives the first of the greatest values, or the last
// NaN. So the window's maximum in row-major order is that of the maxima of its rows, each of which serves all windows
// that share the row. Where that saves nothing, the window's taps are taken one after the other.
//
// Without NaN the rule is a comparison less, and one instruction where no index is wanted. So what is read is added up
// besides, which costs less than asking each tap, and a plane whose sum is NaN is computed once more with the whole
// rule.

// What a maximum starts from.
template <class T>
inline constexpr T pool_lowest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                                      : std::numeric_limits<T>::lowest();

// The outputs [begin, end) of all planes in row-major order, one by one: for windows that have no room in a pool_strip.
template <class T, bool Indices>
void max_pool2d_pixels(const pool2d_geometry& g, index_t begin, index_t end, const T* x, T* values, index_t* indices) {
  for (index_t o = begin; o < end; ++o) {
    const T* plane = x + o / (g.h.points * g.w.points) * g.h.extent * g.w.extent;
    const index_range rows = g.h.lines_inside(o / g.w.points % g.h.points);
    const index_range columns = g.w.lines_inside(o % g.w.points);
    T most = pool_lowest<T>;
    index_t index = rows.begin * g.w.extent + columns.begin;
    for (index_t h = rows.begin; h < rows.end; h += g.h.step)
      for (index_t w = columns.begin; w < columns.end; w += g.w.step) {
        const T v = plane[h * g.w.extent + w];
        if (v > most || v != v) {
          most = v;
          index = h * g.w.extent + w;
        }
      }
    values[o] = most;
    if constexpr (Indices) indices[o] = index;
  }
}

// A tap of L neighbouring outputs: p[0], p[stride], ... p[(L - 1) * stride]; nothing behind the last one is read.
// Stride is 1, 2, or 0 for any.
template <int L, int Stride, class T>
TENFOLD_INLINE vec_of<T, L> load_taps(const T* p, index_t stride) {
  if constexpr (Stride == 1) {
    return load_lanes<L>(p);
  } else if constexpr (Stride == 2) {
    return even_lanes<T, L>(load_lanes<L>(p), load_lanes<L>(p + L - 1));
  } else {
    vec_of<T, L> v = {};
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) v[l] = p[l * stride];
    return v;
  }
}

// A strip of neighbouring output columns. Passed by value, its sizes stay in registers while indices are stored.
struct pool_sizes {
  axis h, w;                 // of the whole image
  index_t columns = 0;       // outputs of a strip
  index_t span = 0;          // input columns that they need
  index_t reach = 0;         // input columns that their vectors read
  index_t pitch = 0;         // columns, in whole vectors
  index_t slot_count = 1;    // a power of 2: so many rows are held, row h in slot h % slot_count
  index_t first = -1;        // output column
  index_t left = 0;          // and its first tap's column
  index_range inside{0, 0};  // of the span the columns inside the image
  // The outputs of a strip whose taps are all inside the image; those behind the strip's last one are like that one.
  index_range inner{0, 0};
};

template <int Stride>
TENFOLD_INLINE index_t pool_stride(const pool_sizes& s) {
  return Stride > 0 ? Stride : s.w.stride;
}

// The maxima so far of L neighbouring outputs, and their places. int8 and int16 are computed as int32. A place is a
// tap's distance from the window's first one, be that inside the image or not, in lanes as wide as the values.
template <class T, bool Indices>
struct pool_lanes {
  using V = std::conditional_t<(sizeof(T) < 4), std::int32_t, T>;
  using P = std::conditional_t<sizeof(V) == 4, std::int32_t, std::int64_t>;
  // Half of a 64-byte vector: small planes have rows of 7 outputs.
  static constexpr int L = (TENFOLD_VECTOR_BYTES < 32 ? TENFOLD_VECTOR_BYTES : 32) / static_cast<int>(sizeof(V));
  using value_type = T;
  using values_vec = vec_of<V, L>;
  using places_vec = vec_of<P, L>;
  static constexpr bool indexed = Indices, converts = !std::is_same_v<T, V>;

  values_vec m;
  places_vec m_at;

  TENFOLD_INLINE void begin(places_vec at = places_vec{}) {
    m = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
    m_at = at;
  }

  // Ordered: there is no NaN, or what it does will not count.
  template <bool Ordered>
  TENFOLD_INLINE void take(values_vec v, places_vec at) {
    if constexpr (Ordered || std::is_integral_v<V>) {
      if constexpr (Indices) m_at = v > m ? at : m_at;
      m = chosen(v > m, v, m);  // one instruction
    } else {
      const auto wins = (v > m) | (v != v);
      m = chosen(wins, v, m);
      if constexpr (Indices) m_at = wins ? at : m_at;
    }
  }

  // v is a tap of L outputs, the first one's in that column: lanes outside the image become the lowest value.
  template <int Stride>
  TENFOLD_INLINE static values_vec only_inside(const pool_sizes& s, index_t column, values_vec v) {
    const places_vec at = lane_numbers<P, L>() * fill_lanes<L>(static_cast<P>(pool_stride<Stride>(s))) +
                          fill_lanes<L>(static_cast<P>(column));
    const auto inside = (at >= places_vec{}) & (at < fill_lanes<L>(static_cast<P>(s.w.extent)));
    return chosen(inside, v, fill_lanes<L>(static_cast<V>(pool_lowest<T>)));
  }

  // Takes the taps of a row for the outputs from column c of the strip on. Taps is w.taps for a step of 1 and a stride
  // of 2, or 0 for any. Edge: some are outside the image.
  //   row     from column `left` of the image on; its first tap is at place `at`
  //   begins  nothing is taken yet
  //   sum     what is read is added, so that it is NaN after a NaN or infinities of both signs
  template <int Stride, int Taps, bool Edge, bool Ordered>
  TENFOLD_INLINE void take_row(const pool_sizes& s, const V* row, index_t c, index_t at, bool begins, values_vec& sum) {
    const V* p = row + c * pool_stride<Stride>(s);
    const auto take_tap = [&](index_t j, values_vec v) __attribute__((always_inline)) {
      if constexpr (Edge) v = only_inside<Stride>(s, s.left + c * pool_stride<Stride>(s) + j, v);
      take<Ordered>(v, fill_lanes<L>(static_cast<P>(at + j)));
    };
    constexpr bool sums = Ordered && std::is_floating_point_v<V>;
    values_vec read = {};
    if constexpr (Taps >= 2) {
      const values_vec a = load_lanes<L>(p), b = load_lanes<L>(p + L);
      const values_vec v = every_second<0, V, L>(a, b);
      if constexpr (sums) read = a + b;
      if (begins && !Edge)
        m = v, m_at = places_vec{};
      else
        take_tap(0, v);
      take_tap(1, every_second<1, V, L>(a, b));
      if constexpr (Taps == 3) {
        const values_vec w = load_taps<L, Stride>(p + 2, 2);
        if constexpr (sums) read += w;
        take_tap(2, w);
      }
    } else {
      const index_t stride = s.w.stride, step = s.w.step, taps = s.w.taps * step;
      for (index_t j = 0; j < taps; j += step) {
        const values_vec v = load_taps<L, Stride>(p + j, stride);
        if constexpr (sums) read += v;
        take_tap(j, v);
      }
    }
    if constexpr (sums) sum += read;
  }

  // values[l] = m[l], indices[l] = m_at[l] + index + l * stride
  TENFOLD_INLINE void store(index_t index, index_t stride, T* values, index_t* indices) const {
    store_lanes<L>(values, convert_lanes<T, L>(m));
    if constexpr (!Indices) return;
    const places_vec at = m_at + lane_numbers<P, L>() * fill_lanes<L>(static_cast<P>(stride));
    // Wider than the vectors of this level: as a function's argument or result it would have no fixed ABI.
    using wide = vec_of<index_t, L>;
    const wide all = __builtin_convertvector(at, wide) + (index - wide{});
    __builtin_memcpy(indices, &all, sizeof all);
  }

  // Stores the outputs from column c of the strip on, as far as the strip goes if they are the last and have no room.
  //   values, indices  the strip's first output of a row, where `room` outputs may be written
  template <int Stride>
  TENFOLD_INLINE void store_at(const pool_sizes& s, index_t c, index_t room, index_t index, T* values,
                               index_t* indices) const {
    index += c * pool_stride<Stride>(s);
    values += c;
    if constexpr (Indices) indices += c;
    if (c + L <= s.columns || c + L <= room) return store(index, pool_stride<Stride>(s), values, indices);
    T last[std::size_t{L}];
    index_t last_indices[std::size_t{L}];
    store(index, pool_stride<Stride>(s), last, last_indices);
    __builtin_memcpy(values, last, static_cast<std::size_t>(s.columns - c) * sizeof(T));
    if constexpr (Indices)
      __builtin_memcpy(indices, last_indices, static_cast<std::size_t>(s.columns - c) * sizeof(index_t));
  }

  // Whether taps of outputs from column c of the strip on are outside the image.
  TENFOLD_INLINE static bool at_edge(const pool_sizes& s, index_t c) {
    return c < s.inner.begin || c + L > s.inner.end;
  }

  TENFOLD_INLINE static bool is_ordered(values_vec sum) { return !any_bit(sum != sum); }
};

// One plane, and what lies around it.
template <class T>
struct pool_plane {
  const T* x;                       // (h.extent, w.extent)
  index_t before, readable;         // so many elements before it may be read, and so many from its first on
  T* values;                        // (h.points, w.points)
  optional_array<index_t> indices;  // likewise
  index_t room;                     // of its outputs those below are this call's and its successors'
};

// A strip, and on the stack what it needs of the input rows.
template <class Lanes>
struct pool_strip {
  using T = typename Lanes::value_type;
  using V = typename Lanes::V;
  using P = typename Lanes::P;
  static constexpr int L = Lanes::L;
  // 8 + 8 KiB of maxima and their places, 4 of an input row: with the streams around it they fit the smallest L1.
  static constexpr int line_room = 4096 / static_cast<int>(sizeof(V));
  static constexpr int rows_room = 2 * line_room;
  static constexpr int most_columns = line_room / 4;
  static constexpr int most_slots = 64;

  pool_sizes sizes;
  index_t held[std::size_t{most_slots}];  // the row in a slot
  P start[std::size_t{most_columns}];     // the place of the first tap of an output that is inside the image
  V line[2][std::size_t{line_room}];      // copies of rows: what is outside the image is the lowest value
  V most[std::size_t{rows_room}];
  P place[std::size_t{rows_room}];

  explicit pool_strip(const pool2d_geometry& g) : sizes{g.h, g.w} {}

  // Chooses the width of a strip; false if there is no room for any.
  bool fits() {
    pool_sizes& s = sizes;
    const index_t high = s.h.span(), wide = s.w.span();
    if (high > most_slots || wide > line_room || high > (std::numeric_limits<P>::max)() / s.w.extent) return false;
    while (s.slot_count < high) s.slot_count *= 2;
    index_t room = (line_room - wide) / s.w.stride + 1;
    if (room > most_columns) room = most_columns;
    if (room > rows_room / s.slot_count) room = rows_room / s.slot_count;
    if (room < L || (s.w.points < 3 && s.w.stride > 2)) return false;
    room -= room % L;
    const index_t strips = (s.w.points + room - 1) / room;
    s.columns = (s.w.points + strips - 1) / strips;
    s.pitch = (s.columns + L - 1) / L * L;
    if (strips > 1) s.columns = s.pitch;
    s.span = s.w.lines(s.columns);
    s.reach = s.w.lines(s.pitch);
    return true;
  }

  void begin_at(index_t column) {
    pool_sizes& s = sizes;
    if (s.first == column) return;
    s.first = column;
    s.left = s.w.line(column, 0);
    s.inside = {s.left < 0 ? -s.left : 0, s.left + s.span <= s.w.extent ? s.span : s.w.extent - s.left};
    const axis strip = s.w.part(0, s.w.taps, column, s.columns);
    s.inner = {strip.points_inside(0).begin, strip.points_inside(s.w.taps - 1).end};
    if (s.inner.end == s.columns) s.inner.end = s.pitch;
    for (index_t i = 0; i < s.pitch; ++i)
      start[i] = static_cast<P>(s.w.lines_inside(column + i).begin - s.w.line(column + i, 0));
    for (index_t i = 0; i < s.reach; ++i) line[0][i] = line[1][i] = pool_lowest<T>;
  }

  // Copies what is inside the image of a row from column `left` on, and adds it to `sum`.
  //   row  (w.extent)
  TENFOLD_INLINE static void copy_row(const pool_sizes& s, const T* row, V* to, typename Lanes::values_vec& sum) {
    const auto copy = [&](index_t i) __attribute__((always_inline)) {
      const auto v = convert_lanes<V, L>(load_lanes<L>(row + s.left + i));
      store_lanes<L>(to + i, v);
      if constexpr (std::is_floating_point_v<V>) sum += v;
    };
    index_t i = s.inside.begin;
    for (; i + L <= s.inside.end; i += L) copy(i);
    if (i < s.inside.end && s.inside.size() >= L) return copy(s.inside.end - L);
    for (; i < s.inside.end; ++i) {
      to[i] = row[s.left + i];
      if constexpr (std::is_floating_point_v<V>) sum += fill_lanes<L>(to[i]);
    }
  }

  // Input row h from column `left` on, where it is or copied.
  TENFOLD_INLINE const V* row_of(const pool_sizes& s, const pool_plane<T>& plane, index_t h) {
    const index_t at = h * s.w.extent + s.left;
    if constexpr (!Lanes::converts)
      if (plane.before + at >= 0 && at + s.reach <= plane.readable) return plane.x + at;
    typename Lanes::values_vec sum = {};
    copy_row(s, plane.x + h * s.w.extent, line[0], sum);
    return line[0];
  }
};

// ----------------------------------------------------------------------------------- output rows from the image itself

// The output rows [begin, end) straight from the image; of their windows as many rows are inside it as of the first
// one's. False, and they are to be computed again, where the sum is NaN. Taps is h.taps and w.taps for a step of 1, all
// of whose rows are inside, or 0 for any; 2 only where no column is outside the image, which is worth a fifth.
template <class Lanes, int Stride, int Taps>
__attribute__((noinline)) bool pool_direct_rows(const pool_strip<Lanes>& strip, index_t begin, index_t end,
                                                const pool_plane<typename Lanes::value_type>& plane) {
  constexpr int L = Lanes::L;
  const pool_sizes s = strip.sizes;
  const auto* const start = strip.start;
  const index_range lines = s.h.lines_inside(begin);
  const index_t below = s.h.step * s.w.extent, next = s.h.stride * s.w.extent;
  const index_t height = (lines.size() + s.h.step - 1) / s.h.step;
  index_t index = lines.begin * s.w.extent + s.left, output = begin * s.w.points + s.first;
  index_t room = plane.room - output;
  const auto* x = plane.x + index;
  auto* values = plane.values + output;
  index_t* indices = plane.indices + output;
  // Fetching the image takes a third of the time off 64 x 224 x 224; 128 x 112 x 112 are a tenth slower with it, and
  // fetching what will be written gains nothing.
  const bool fetches = s.h.extent * s.w.extent * static_cast<index_t>(sizeof *x) >= 1 << 17;
  typename Lanes::values_vec sum = {};
  for (index_t rows = end - begin; rows > 0; --rows, x += next, index += next, room -= s.w.points) {
    if (fetches) prefetch_page<0>(x, next);
    for (index_t c = 0; c < s.columns; c += L) {
      Lanes most;
      const auto* tap = x;
      index_t at = 0;
      if (Taps != 2 && Lanes::at_edge(s, c)) {
        most.begin(load_lanes<L>(start + c));
        for (index_t h = 0; h < height; ++h, tap += below, at += below)
          most.template take_row<Stride, 0, true, true>(s, tap, c, at, true, sum);
      } else {
        most.begin();
        most.template take_row<Stride, Taps, false, true>(s, tap, c, at, true, sum);
        TENFOLD_UNROLL for (int h = 1; h < Taps; ++h)
            most.template take_row<Stride, Taps, false, true>(s, tap += below, c, at += below, false, sum);
        if constexpr (Taps == 0)
          for (index_t h = 1; h < height; ++h)
            most.template take_row<Stride, Taps, false, true>(s, tap += below, c, at += below, false, sum);
      }
      most.template store_at<Stride>(s, c, room, index, values, indices);
    }
    values += s.w.points;
    if constexpr (Lanes::indexed) indices += s.w.points;
  }
  return Lanes::is_ordered(sum);
}

template <class Lanes>
using pool_direct = decltype(&pool_direct_rows<Lanes, 0, 0>);

// The loops for windows all of whose rows are inside the image, or for others; none if sharing rows is better.
template <class Lanes>
pool_direct<Lanes> choose_pool_direct(const axis& h, const axis& w, bool whole) {
  const bool sharing_saves = h.taps * w.taps > (h.stride < h.taps ? h.stride : h.taps) * w.taps + h.taps;
  if (sharing_saves || w.stride == 1) return nullptr;
  if (w.stride != 2) return pool_direct_rows<Lanes, 0, 0>;
  const bool plain = whole && h.step == 1 && w.step == 1 && h.taps == w.taps;
  const bool padded = w.origin < 0 || w.origin + w.lines(w.points) > w.extent;
  if (plain && w.taps == 2 && !padded) return pool_direct_rows<Lanes, 2, 2>;
  return plain && w.taps == 3 ? pool_direct_rows<Lanes, 2, 3> : pool_direct_rows<Lanes, 2, 0>;
}

// Whether the vectors that take the windows of an output row can be read where they are.
template <class T>
TENFOLD_INLINE bool is_pool_direct(const pool_sizes& s, const pool_plane<T>& plane, index_t oh) {
  const index_range lines = s.h.lines_inside(oh);
  return lines.begin < lines.end && plane.before + lines.begin * s.w.extent + s.left >= 0 &&
         (lines.end - 1) * s.w.extent + s.left + s.reach <= plane.readable;
}

// ------------------------------------------------------------------------------ output rows from shared maxima of rows

// The maxima of input row h, into its slot.
template <int Stride, bool Ordered, class Lanes>
TENFOLD_INLINE void hold_pool_row(pool_strip<Lanes>& strip, const pool_sizes& s,
                                  const pool_plane<typename Lanes::value_type>& plane, index_t h,
                                  typename Lanes::values_vec& sum) {
  constexpr int L = Lanes::L;
  const index_t slot = (h & (s.slot_count - 1)) * s.pitch;
  const auto* row = strip.row_of(s, plane, h);
  for (index_t c = 0; c < s.columns; c += L) {
    Lanes most;
    most.begin(load_lanes<L>(strip.start + c));
    if (!Lanes::converts && Lanes::at_edge(s, c))
      most.template take_row<Stride, 0, true, Ordered>(s, row, c, 0, false, sum);
    else
      most.template take_row<Stride, 0, false, Ordered>(s, row, c, 0, false, sum);
    store_lanes<L>(strip.most + slot + c, most.m);
    if constexpr (Lanes::indexed) store_lanes<L>(strip.place + slot + c, most.m_at);
  }
}

// Output row oh from the maxima of the rows that its windows have inside the image.
template <int Stride, bool Ordered, class Lanes>
TENFOLD_INLINE void pool_held_row(const pool_strip<Lanes>& strip, const pool_sizes& s,
                                  const pool_plane<typename Lanes::value_type>& plane, index_t oh,
                                  const index_range& lines) {
  constexpr int L = Lanes::L;
  const index_t output = oh * s.w.points + s.first, room = plane.room - output;
  auto* const values = plane.values + output;
  const auto slot = [&](index_t h) __attribute__((always_inline)) { return (h & (s.slot_count - 1)) * s.pitch; };
  for (index_t c = 0; c < s.columns; c += L) {
    Lanes most;
    most.begin(load_lanes<L>(strip.start + c));
    index_t at = 0;
    for (index_t h = lines.begin; h < lines.end; h += s.h.step, at += s.h.step * s.w.extent) {
      typename Lanes::places_vec places = {};
      if constexpr (Lanes::indexed)
        places = load_lanes<L>(strip.place + slot(h) + c) + fill_lanes<L>(static_cast<typename Lanes::P>(at));
      most.template take<Ordered>(load_lanes<L>(strip.most + slot(h) + c), places);
    }
    most.template store_at<Stride>(s, c, room, lines.begin * s.w.extent + s.left, values, plane.indices + output);
  }
}

// The output rows [begin, end). Ordered: false as from pool_direct_rows.
template <class Lanes, int Stride, bool Ordered>
__attribute__((noinline)) bool pool_held_rows(pool_strip<Lanes>& strip, index_t begin, index_t end,
                                              const pool_plane<typename Lanes::value_type>& plane) {
  const pool_sizes s = strip.sizes;
  typename Lanes::values_vec sum = {};
  for (index_t slot = 0; slot < s.slot_count; ++slot) strip.held[slot] = -1;
  for (index_t oh = begin; oh < end; ++oh) {
    const index_range lines = s.h.lines_inside(oh);
    for (index_t h = lines.begin; h < lines.end; h += s.h.step) {
      const index_t slot = h & (s.slot_count - 1);
      if (strip.held[slot] == h) continue;
      strip.held[slot] = h;
      hold_pool_row<Stride, Ordered>(strip, s, plane, h, sum);
    }
    pool_held_row<Stride, Ordered>(strip, s, plane, oh, lines);
  }
  return Lanes::is_ordered(sum);
}

// ------------------------------------------------------------------------------- values of stride 1, row after row

// With m(n, h) the maximum of n rows, h the last: m(2 n, h) is that of m(n, h - n) and m(n, h), and of a number of rows
// between n and 2 n two overlap. So 1, 2, 4 ... rows make a window's with one maximum each. A ring has the m(n, h)
// since h - distance; the distances of all add up to the window's rows but one.
template <class V>
struct pool_ring {
  V *first, *last, *now;  // rows of maxima: the oldest one is read, then replaced
};

// The outputs from column c of the strip on, B vectors, when row h has come.
//   taps    0 where h is outside the image
//   values  the strip's first output of the row that h is the last tap of; null where that is another call's
template <int B, class Lanes>
TENFOLD_INLINE void pool_running_block(const pool_sizes& s, const typename Lanes::V* row, index_t taps,
                                       const pool_ring<typename Lanes::V>* rings, index_t levels, index_t c,
                                       index_t room, typename Lanes::value_type* values) {
  constexpr int L = Lanes::L;
  Lanes block[std::size_t{B}];
  TENFOLD_UNROLL for (int b = 0; b < B; ++b) block[b].begin();
  for (index_t j = 0; j < taps; j += s.w.step)
    TENFOLD_UNROLL for (int b = 0; b < B; ++b) block[b].template take<true>(load_lanes<L>(row + c + j + b * L),
                                                                            typename Lanes::places_vec{});
  for (index_t level = 0; level < levels; ++level) TENFOLD_UNROLL for (int b = 0; b < B; ++b) {
      auto* const before = rings[level].now + c + b * L;
      const auto newer = block[b].m;
      block[b].m = load_lanes<L>(before);
      store_lanes<L>(before, newer);
      block[b].template take<true>(newer, typename Lanes::places_vec{});
    }
  if (!values) return;
  TENFOLD_UNROLL for (int b = 0; b < B; ++b) block[b].template store_at<1>(s, c + b * L, room, 0, values, nullptr);
}

// The output rows [begin, end). False as from pool_direct_rows.
template <class Lanes>
__attribute__((noinline)) bool pool_running_rows(pool_strip<Lanes>& strip, index_t begin, index_t end,
                                                 const pool_plane<typename Lanes::value_type>& plane) {
  using V = typename Lanes::V;
  constexpr int L = Lanes::L;
  const pool_sizes s = strip.sizes;
  pool_ring<V> rings[8];
  index_t levels = 0;
  V* ring = strip.most;
  for (index_t rows = 1; rows < s.h.taps; ++levels) {
    const index_t distance = 2 * rows <= s.h.taps ? rows : s.h.taps - rows;
    rings[levels] = {ring, ring + distance * s.h.step * s.pitch, ring};
    ring = rings[levels].last;
    rows += distance;
  }
  for (V* p = strip.most; p != ring; ++p) *p = pool_lowest<typename Lanes::value_type>;
  typename Lanes::values_vec sum = {};
  const index_t top = s.h.line(begin, 0), bottom = s.h.line(end - 1, s.h.taps - 1);
  const auto copy = [&](index_t h) __attribute__((always_inline)) {
    if (h >= 0 && h < s.h.extent && h <= bottom) strip.copy_row(s, plane.x + h * s.w.extent, strip.line[h & 1], sum);
  };
  copy(top);
  for (index_t h = top; h <= bottom; ++h) {
    copy(h + 1);  // a row's taps lie across its stores, and would wait for them
    const V* row = strip.line[h & 1];
    const index_t taps = h >= 0 && h < s.h.extent ? s.w.taps * s.w.step : 0;
    const index_t oh = begin + h - top - (s.h.span() - 1);
    const index_t output = oh * s.w.points + s.first, room = plane.room - output;
    auto* const values = oh < begin ? nullptr : plane.values + output;
    index_t c = 0;
    for (; c + 4 * L <= s.pitch; c += 4 * L) pool_running_block<4, Lanes>(s, row, taps, rings, levels, c, room, values);
    if (c + 2 * L <= s.pitch) pool_running_block<2, Lanes>(s, row, taps, rings, levels, c, room, values), c += 2 * L;
    if (c < s.pitch) pool_running_block<1, Lanes>(s, row, taps, rings, levels, c, room, values);
    for (index_t level = 0; level < levels; ++level) {
      rings[level].now += s.pitch;
      if (rings[level].now == rings[level].last) rings[level].now = rings[level].first;
    }
  }
  return Lanes::is_ordered(sum);
}

// --------------------------------------------------------------------------------------------------------- all of them

// The loops of a pooling: false as from pool_direct_rows.
template <class Lanes>
struct pool_loops {
  using T = typename Lanes::value_type;

  decltype(&pool_held_rows<Lanes, 0, false>) shared;
  pool_direct<Lanes> whole = nullptr, clipped = nullptr;  // by the windows' rows that are inside the image

  pool_loops(const axis& h, const axis& w)
      : shared(w.stride == 1   ? pool_held_rows<Lanes, 1, true>
               : w.stride == 2 ? pool_held_rows<Lanes, 2, true>
                               : pool_held_rows<Lanes, 0, false>) {
    if constexpr (!Lanes::indexed)
      if (h.stride == 1 && w.stride == 1) shared = pool_running_rows<Lanes>;
    if constexpr (!Lanes::converts) {
      whole = choose_pool_direct<Lanes>(h, w, true);
      clipped = choose_pool_direct<Lanes>(h, w, false);
    }
  }

  // The output rows [begin, end), all of which is_pool_direct.
  bool run_direct(const pool_strip<Lanes>& strip, index_t begin, index_t end, const pool_plane<T>& plane) const {
    const axis& h = strip.sizes.h;
    const index_t last = h.extent - h.span();  // where a window may begin whose rows are all inside
    bool ordered = true;
    for (index_t oh = begin, next; oh < end; oh = next) {
      const index_t top = h.line(oh, 0);
      const bool is_whole = top >= 0 && top <= last;
      next = is_whole ? oh + (last - top) / h.stride + 1 : oh + 1;  // rows up to it are as whole
      if (next > end) next = end;
      ordered &= (is_whole ? whole : clipped)(strip, oh, next, plane);
    }
    return ordered;
  }

  // The output rows [begin, end) of a plane, for the columns of a strip. Its last vector is stored over what follows
  // it, which is written later, unless that lies behind the plane's room.
  void run(pool_strip<Lanes>& strip, index_t begin, index_t end, const pool_plane<T>& plane) const {
    index_t first = end, last = end;
    if (whole) {
      first = begin;
      while (first < end && !is_pool_direct(strip.sizes, plane, first)) ++first;
      while (last > first && !is_pool_direct(strip.sizes, plane, last - 1)) --last;
    }
    bool ordered = begin == first || shared(strip, begin, first, plane);
    ordered &= run_direct(strip, first, last, plane);
    if (last < end) ordered &= shared(strip, last, end, plane);
    if constexpr (std::is_floating_point_v<T>)
      if (!ordered) pool_held_rows<Lanes, 0, false>(strip, begin, end, plane);
  }
};

// The output rows [begin, end) of all planes:  row = plane * h.points + oh
//   x                (planes, h.extent, w.extent)
//   values, indices  (planes, h.points, w.points)
template <class T, bool Indices>
void max_pool2d_rows(const pool2d_geometry& g, index_t begin, index_t end, const T* x, T* values, index_t* indices) {
  using lanes_type = pool_lanes<T, Indices>;
  const index_t in = g.h.extent * g.w.extent, width = g.w.points, out = g.h.points * width;
  pool_strip<lanes_type> strip(g);
  if (!strip.fits()) return max_pool2d_pixels<T, Indices>(g, begin * width, end * width, x, values, indices);
  const pool_loops<lanes_type> loops(g.h, g.w);
  const index_t columns = strip.sizes.columns;
  for (index_t p = begin / g.h.points; p * g.h.points < end; ++p) {
    const index_t before = p * g.h.points;
    const index_t from = begin > before ? begin - before : 0;
    const index_t to = end - before < g.h.points ? end - before : g.h.points;
    const pool_plane<T> plane{
        x + p * in,           p * in, (g.planes - p) * in, values + p * out, optional_array<index_t>(indices) + p * out,
        end * width - p * out};
    for (index_t done = 0; done < width; done += columns) {
      strip.begin_at(done + columns <= width ? done : width - columns);
      loops.run(strip, from, to, plane);
    }
  }
}
