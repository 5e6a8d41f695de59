// max_pool2d, several outputs of a row at once.
//
// Taking `v` for `m` where v > m or v is NaN is associative: it gives the first of the greatest values, or the last
// NaN. So the window's maximum in row-major order is that of the maxima of its rows, each of which serves all windows
// that share the row. Where that saves nothing, the window's taps are taken one after the other.
//
// Without NaN the rule is a comparison less, and one instruction where no index is wanted. So what is read is added up
// besides, which costs less than asking each tap, and a plane whose sum is NaN is computed once more with the whole
// rule.

// The taps of output `o` in one dimension are begin, begin + dilation, ... below end; there may be none.
TENFOLD_INLINE void pool_window(index_t o, index_t in, index_t kernel, index_t stride, index_t padding,
                                index_t dilation, index_t& begin, index_t& end) {
  begin = o * stride - padding;
  end = begin + (kernel - 1) * dilation + 1;
  if (end > in) end = in;
  if (begin < 0) begin += (-begin + dilation - 1) / dilation * dilation;
}

// What a maximum starts from.
template <class T>
inline constexpr T pool_lowest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                                      : std::numeric_limits<T>::lowest();

// The outputs [begin, end) of all planes in row-major order, one by one: for windows that have no room in a pool_strip.
template <class T, bool Indices>
void max_pool2d_pixels(const pool2d_geometry& g, index_t begin, index_t end, const T* x, T* values, index_t* indices) {
  for (index_t o = begin; o < end; ++o) {
    const T* plane = x + o / (g.out.h * g.out.w) * g.in.h * g.in.w;
    index_t h_begin, h_end, w_begin, w_end;
    pool_window(o / g.out.w % g.out.h, g.in.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h, h_begin, h_end);
    pool_window(o % g.out.w, g.in.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w, w_begin, w_end);
    T most = pool_lowest<T>;
    index_t index = h_begin * g.in.w + w_begin;
    for (index_t h = h_begin; h < h_end; h += g.dilation.h)
      for (index_t w = w_begin; w < w_end; w += g.dilation.w) {
        const T v = plane[h * g.in.w + w];
        if (v > most || v != v) {
          most = v;
          index = h * g.in.w + w;
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

// A strip's sizes, apart from its memory: passed by value, they stay in registers while indices are stored.
struct pool_sizes {
  hw in, out, kernel, stride, padding, dilation;
  index_t wide = 0;         // columns of a window
  index_t columns = 0;      // outputs of a strip
  index_t span = 0;         // input columns that they need
  index_t reach = 0;        // input columns that their vectors read
  index_t pitch = 0;        // columns, in whole vectors
  index_t slot_count = 1;   // a power of 2: so many rows are held, row h in slot h % slot_count
  index_t first = -1;       // output column
  index_t left = 0;         // and its first tap's column
  index_t inner_begin = 0;  // the outputs of a strip whose taps are all inside the image; those behind the strip's
  index_t inner_end = 0;    // last one are like that one
};

// Neighbouring output columns, and on the stack what they need of the input rows. int8 and int16 are computed as int32.
// A place is a tap's distance from the window's first one, be that inside the image or not, in lanes as wide as the
// values.
template <class T, bool Indices>
struct pool_strip {
  using V = std::conditional_t<(sizeof(T) < 4), std::int32_t, T>;
  using P = std::conditional_t<sizeof(V) == 4, std::int32_t, std::int64_t>;
  // Half of a 64-byte vector: small planes have rows of 7 outputs.
  static constexpr int L = (TENFOLD_VECTOR_BYTES < 32 ? TENFOLD_VECTOR_BYTES : 32) / static_cast<int>(sizeof(V));
  using values_vec = vec_of<V, L>;
  using places_vec = vec_of<P, L>;
  // 8 + 8 KiB of maxima and their places, 4 of an input row: with the streams around it they fit the smallest L1.
  static constexpr int line_room = 4096 / static_cast<int>(sizeof(V));
  static constexpr int rows_room = 2 * line_room;
  static constexpr int most_columns = line_room / 4;
  static constexpr int most_slots = 64;
  static constexpr bool converts = !std::is_same_v<T, V>;

  using held_rows = bool (pool_strip::*)(index_t begin, index_t end, index_t before, index_t readable, index_t room,
                                         const T* x, T* values, index_t* indices);
  using direct_rows = bool (*)(const pool_sizes& sizes, const P* start, index_t rows, index_t room, index_t height,
                               index_t index, const V* x, T* values, index_t* indices);

  pool_sizes sizes;
  held_rows run_held_rows = &pool_strip::run_held<0, false>;
  direct_rows run_direct_rows = nullptr;   // for the windows all of whose rows are inside the image
  direct_rows run_clipped_rows = nullptr;  // for others; neither if sharing rows is better
  index_t held[std::size_t{most_slots}];   // the row in a slot
  P start[std::size_t{most_columns}];      // the place of the first tap of an output that is inside the image
  V line[std::size_t{line_room}];
  V most[std::size_t{rows_room}];
  P place[std::size_t{rows_room}];

  explicit pool_strip(const pool2d_geometry& g)
      : sizes{g.in, g.out, g.kernel, g.stride, g.padding, g.dilation, (g.kernel.w - 1) * g.dilation.w + 1} {}

  void choose_loops() {
    const pool_sizes& s = sizes;
    if (s.stride.w == 1) run_held_rows = &pool_strip::run_held<1, true>;
    if (s.stride.w == 2) run_held_rows = &pool_strip::run_held<2, true>;
    const index_t new_rows = s.stride.h < s.kernel.h ? s.stride.h : s.kernel.h;
    const bool sharing_saves = s.kernel.h * s.kernel.w > new_rows * s.kernel.w + s.kernel.h;
    if constexpr (!converts) {
      if (sharing_saves || s.stride.w == 1) return;
      const bool plain = s.stride.w == 2 && s.dilation == hw(1);
      const bool padded = s.padding.w > 0 || (s.out.w - 1) * s.stride.w + s.wide > s.in.w;
      run_clipped_rows = s.stride.w == 2 ? run_direct<2, 0> : run_direct<0, 0>;
      run_direct_rows = plain && s.kernel == hw(2) && !padded ? run_direct<2, 2>
                        : plain && s.kernel == hw(3)          ? run_direct<2, 3>
                                                              : run_clipped_rows;
    }
  }

  // Chooses the width of a strip; false if there is no room for any.
  bool fits() {
    pool_sizes& s = sizes;
    const index_t high = (s.kernel.h - 1) * s.dilation.h + 1;
    if (high > most_slots || s.wide > line_room || high > (std::numeric_limits<P>::max)() / s.in.w) return false;
    while (s.slot_count < high) s.slot_count *= 2;
    index_t room = (line_room - s.wide) / s.stride.w + 1;
    if (room > most_columns) room = most_columns;
    if (room > rows_room / s.slot_count) room = rows_room / s.slot_count;
    if (room < L || (s.out.w < 3 && s.stride.w > 2)) return false;
    room -= room % L;
    const index_t strips = (s.out.w + room - 1) / room;
    s.columns = (s.out.w + strips - 1) / strips;
    s.pitch = (s.columns + L - 1) / L * L;
    if (strips > 1) s.columns = s.pitch;
    s.span = (s.columns - 1) * s.stride.w + s.wide;
    s.reach = (s.pitch - 1) * s.stride.w + s.wide;
    choose_loops();
    return true;
  }

  void begin_at(index_t column) {
    pool_sizes& s = sizes;
    if (s.first == column) return;
    s.first = column;
    s.left = s.first * s.stride.w - s.padding.w;
    s.inner_begin = s.left < 0 ? (s.stride.w - 1 - s.left) / s.stride.w : 0;
    s.inner_end = s.pitch;
    if (s.left + s.span > s.in.w) s.inner_end = (s.in.w - s.wide - s.left + s.stride.w) / s.stride.w;
    for (index_t i = 0; i < s.pitch; ++i) {
      index_t w_begin, w_end;
      pool_window(s.first + i, s.in.w, s.kernel.w, s.stride.w, s.padding.w, s.dilation.w, w_begin, w_end);
      start[i] = static_cast<P>(w_begin - s.left - i * s.stride.w);
    }
  }

  // Input row h from column `left` on, where it is, or a copy in which what is outside the image is the lowest value.
  //   x (in.h, in.w), before which `before` elements may be read, and `readable` from its first on
  TENFOLD_INLINE const V* row_of(const pool_sizes& s, const T* x, index_t h, index_t before, index_t readable) {
    const T* row = x + h * s.in.w;
    if constexpr (!converts)
      if (before + h * s.in.w + s.left >= 0 && h * s.in.w + s.left + s.reach <= readable) return row + s.left;
    const index_t inside = s.left + s.span <= s.in.w ? s.span : s.in.w - s.left;
    index_t i = 0;
    for (; i < -s.left; ++i) line[i] = pool_lowest<T>;
    for (; i + L <= inside; i += L) store_lanes<L>(line + i, convert_lanes<V, L>(load_lanes<L>(row + s.left + i)));
    for (; i < inside; ++i) line[i] = row[s.left + i];
    for (; i < s.reach; ++i) line[i] = pool_lowest<T>;
    return line;
  }

  // Whether taps of outputs of the vector from column c on are outside the image.
  TENFOLD_INLINE static bool at_edge(const pool_sizes& s, index_t c) {
    return c < s.inner_begin || c + L > s.inner_end;
  }

  template <int Stride>
  TENFOLD_INLINE static index_t step(const pool_sizes& s) {
    return Stride > 0 ? Stride : s.stride.w;
  }

  // Ordered: there is no NaN, or what it does will not count.
  template <bool Ordered>
  TENFOLD_INLINE static void take(values_vec v, places_vec at, values_vec& m, places_vec& m_at) {
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
    const places_vec at =
        lane_numbers<P, L>() * fill_lanes<L>(static_cast<P>(step<Stride>(s))) + fill_lanes<L>(static_cast<P>(column));
    const auto inside = (at >= places_vec{}) & (at < fill_lanes<L>(static_cast<P>(s.in.w)));
    return chosen(inside, v, fill_lanes<L>(static_cast<V>(pool_lowest<T>)));
  }

  // Takes the taps of a row for the L outputs from column c of the strip on. Taps is kernel.w for a dilation of 1 and a
  // stride of 2, or 0 for any. Edge: some are outside the image.
  //   row     from column `left` of the image on; its first tap is at place `at`
  //   begins  m holds nothing yet
  //   sum     what is read is added, so that it is NaN after a NaN or infinities of both signs
  template <int Stride, int Taps, bool Edge, bool Ordered>
  TENFOLD_INLINE static void take_row(const pool_sizes& s, const V* row, index_t c, index_t at, bool begins,
                                      values_vec& m, places_vec& m_at, values_vec& sum) {
    const V* p = row + c * step<Stride>(s);
    const auto take_tap = [&](index_t j, values_vec v) __attribute__((always_inline)) {
      if constexpr (Edge) v = only_inside<Stride>(s, s.left + c * step<Stride>(s) + j, v);
      take<Ordered>(v, fill_lanes<L>(static_cast<P>(at + j)), m, m_at);
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
      const index_t stride = s.stride.w, dilation = s.dilation.w, taps = s.kernel.w * dilation;
      for (index_t j = 0; j < taps; j += dilation) {
        const values_vec v = load_taps<L, Stride>(p + j, stride);
        if constexpr (sums) read += v;
        take_tap(j, v);
      }
    }
    if constexpr (sums) sum += read;
  }

  TENFOLD_INLINE static bool is_ordered(values_vec sum) { return !any_bit(sum != sum); }

  // The maxima of input row h, into its slot.
  template <int Stride, bool Ordered>
  TENFOLD_INLINE void pool_row(const pool_sizes& s, const V* row, index_t h, values_vec& sum) {
    const index_t slot = (h & (s.slot_count - 1)) * s.pitch;
    for (index_t c = 0; c < s.columns; c += L) {
      values_vec m = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
      places_vec m_at = load_lanes<L>(start + c);
      if (!converts && at_edge(s, c))
        take_row<Stride, 0, true, Ordered>(s, row, c, 0, false, m, m_at, sum);
      else
        take_row<Stride, 0, false, Ordered>(s, row, c, 0, false, m, m_at, sum);
      store_lanes<L>(most + slot + c, m);
      if constexpr (Indices) store_lanes<L>(place + slot + c, m_at);
    }
  }

  // values[l] = m[l], indices[l] = m_at[l] + index + l * stride
  TENFOLD_INLINE static void store_outputs(values_vec m, places_vec m_at, index_t index, index_t stride, T* values,
                                           index_t* indices) {
    store_lanes<L>(values, convert_lanes<T, L>(m));
    if constexpr (!Indices) return;
    m_at += lane_numbers<P, L>() * fill_lanes<L>(static_cast<P>(stride));
    // Wider than the vectors of this level: as a function's argument or result it would have no fixed ABI.
    using wide = vec_of<index_t, L>;
    const wide all = __builtin_convertvector(m_at, wide) + (index - wide{});
    __builtin_memcpy(indices, &all, sizeof all);
  }

  // The maxima of the windows whose rows are h_begin, h_begin + dilation.h, ... below h_end, for the outputs from
  // column c of the strip on, from the rows held.
  template <bool Ordered>
  TENFOLD_INLINE void take_held(const pool_sizes& s, index_t h_begin, index_t h_end, index_t c, values_vec& m,
                                places_vec& m_at) const {
    index_t at = 0;
    for (index_t h = h_begin; h < h_end; h += s.dilation.h, at += s.dilation.h * s.in.w) {
      const index_t slot = (h & (s.slot_count - 1)) * s.pitch + c;
      places_vec v_at = {};
      if constexpr (Indices) v_at = load_lanes<L>(place + slot) + fill_lanes<L>(static_cast<P>(at));
      take<Ordered>(load_lanes<L>(most + slot), v_at, m, m_at);
    }
  }

  // Stores the vector from column c of the strip on, as far as the strip goes if it is the last and has no room.
  //   values, indices: the strip's first output of a row, where `room` outputs may be written
  template <int Stride>
  TENFOLD_INLINE static void store_row(const pool_sizes& s, index_t c, index_t room, values_vec m, places_vec m_at,
                                       index_t index, T* values, index_t* indices) {
    index += c * step<Stride>(s);
    values += c;
    if constexpr (Indices) indices += c;
    if (c + L <= s.columns || c + L <= room) return store_outputs(m, m_at, index, step<Stride>(s), values, indices);
    T last[std::size_t{L}];
    index_t last_indices[std::size_t{L}];
    store_outputs(m, m_at, index, step<Stride>(s), last, last_indices);
    __builtin_memcpy(values, last, static_cast<std::size_t>(s.columns - c) * sizeof(T));
    if constexpr (Indices)
      __builtin_memcpy(indices, last_indices, static_cast<std::size_t>(s.columns - c) * sizeof(index_t));
  }

  // `rows` output rows straight from the image, for windows of which `height` rows are inside it. False, and they are
  // to be computed again, where the sum is NaN. Taps is height and kernel.w for a dilation of 1, or 0 for any; 2 only
  // where no column is outside the image, which is worth a fifth.
  //   x                the first window's first tap, be that inside the image or not, which is at place `index`
  //   values, indices  of the first window; `room` outputs may be written from there on
  template <int Stride, int Taps>
  __attribute__((noinline)) static bool run_direct(const pool_sizes& sizes, const P* start, index_t rows, index_t room,
                                                   index_t height, index_t index, const V* x, T* values,
                                                   index_t* indices) {
    const pool_sizes s = sizes;
    const index_t below = s.dilation.h * s.in.w;
    const index_t next = s.stride.h * s.in.w;
    // Fetching the image takes a third of the time off 64 x 224 x 224; 128 x 112 x 112 are a tenth slower with it, and
    // fetching what will be written gains nothing.
    const bool fetches = s.in.h * s.in.w * static_cast<index_t>(sizeof(T)) >= 1 << 17;
    values_vec sum = {};
    for (; rows > 0; --rows, x += next, index += next, room -= s.out.w) {
      if (fetches) prefetch_page<0>(x, next);
      for (index_t c = 0; c < s.columns; c += L) {
        const bool edge = Taps != 2 && at_edge(s, c);
        values_vec m = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
        places_vec m_at = edge ? load_lanes<L>(start + c) : places_vec{};
        const V* tap = x;
        index_t at = 0;
        if (edge) {
          for (index_t h = 0; h < height; ++h, tap += below, at += below)
            take_row<Stride, 0, true, true>(s, tap, c, at, true, m, m_at, sum);
        } else {
          take_row<Stride, Taps, false, true>(s, tap, c, at, true, m, m_at, sum);
          TENFOLD_UNROLL for (int h = 1; h < Taps; ++h)
              take_row<Stride, Taps, false, true>(s, tap += below, c, at += below, false, m, m_at, sum);
          if constexpr (Taps == 0)
            for (index_t h = 1; h < height; ++h)
              take_row<Stride, Taps, false, true>(s, tap += below, c, at += below, false, m, m_at, sum);
        }
        store_row<Stride>(s, c, room, m, m_at, index, values, indices);
      }
      values += s.out.w;
      if constexpr (Indices) indices += s.out.w;
    }
    return is_ordered(sum);
  }

  // The output rows [begin, end) of a plane from shared maxima of rows. Ordered: false as from run_direct.
  template <int Stride, bool Ordered>
  __attribute__((noinline)) bool run_held(index_t begin, index_t end, index_t before, index_t readable, index_t room,
                                          const T* x, T* values, index_t* indices) {
    const pool_sizes s = sizes;
    values_vec sum = {};
    for (index_t slot = 0; slot < s.slot_count; ++slot) held[slot] = -1;
    for (index_t oh = begin; oh < end; ++oh) {
      index_t h_begin, h_end;
      pool_window(oh, s.in.h, s.kernel.h, s.stride.h, s.padding.h, s.dilation.h, h_begin, h_end);
      for (index_t h = h_begin; h < h_end; h += s.dilation.h) {
        const index_t slot = h & (s.slot_count - 1);
        if (held[slot] == h) continue;
        held[slot] = h;
        const V* row = row_of(s, x, h, before, readable);
        pool_row<Stride, Ordered>(s, row, h, sum);
      }
      const index_t row = oh * s.out.w + s.first;
      for (index_t c = 0; c < s.columns; c += L) {
        values_vec m = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
        places_vec m_at = load_lanes<L>(start + c);
        take_held<Ordered>(s, h_begin, h_end, c, m, m_at);
        store_row<Stride>(s, c, room - row, m, m_at, h_begin * s.in.w + s.left, values + row,
                          Indices ? indices + row : nullptr);
      }
    }
    return is_ordered(sum);
  }

  // Whether the vectors that take the windows of an output row can be read where they are.
  bool is_direct(index_t oh, index_t before, index_t readable) const {
    const pool_sizes& s = sizes;
    index_t h_begin, h_end;
    pool_window(oh, s.in.h, s.kernel.h, s.stride.h, s.padding.h, s.dilation.h, h_begin, h_end);
    return h_begin < h_end && before + h_begin * s.in.w + s.left >= 0 &&
           (h_end - 1) * s.in.w + s.left + s.reach <= readable;
  }

  // The output rows [begin, end), all of them such.
  bool run_all_direct(index_t begin, index_t end, index_t room, const V* x, T* values, index_t* indices) const {
    const pool_sizes& s = sizes;
    bool ordered = true;
    for (index_t oh = begin, next; oh < end; oh = next) {
      const index_t h = oh * s.stride.h - s.padding.h, behind = s.in.h - (s.kernel.h - 1) * s.dilation.h;
      const bool whole = h >= 0 && h < behind;
      next = whole ? oh + (behind - 1 - h) / s.stride.h + 1 : oh + 1;  // rows up to it are as whole
      if (next > end) next = end;
      index_t h_begin, h_end;
      pool_window(oh, s.in.h, s.kernel.h, s.stride.h, s.padding.h, s.dilation.h, h_begin, h_end);
      const auto run = whole ? run_direct_rows : run_clipped_rows;
      const index_t index = h_begin * s.in.w + s.left, output = oh * s.out.w + s.first;
      ordered &= run(s, start, next - oh, room - output, (h_end - 1 - h_begin) / s.dilation.h + 1, index, x + index,
                     values + output, Indices ? indices + output : nullptr);
    }
    return ordered;
  }

  // The output rows [begin, end) of a plane, for the columns of this strip. Of the plane's outputs those below `room`
  // are this call's and its successors'. A strip's last vector is stored over what follows it, which is written later,
  // unless that lies behind them.
  //   x (in.h, in.w), before which `before` elements may be read, and `readable` from its first on
  //   values, indices (out.h, out.w)
  void run(index_t begin, index_t end, index_t before, index_t readable, index_t room, const T* x, T* values,
           index_t* indices) {
    index_t first = end, last = end;
    if (run_direct_rows) {
      first = begin;
      while (first < end && !is_direct(first, before, readable)) ++first;
      while (last > first && !is_direct(last - 1, before, readable)) --last;
    }
    bool ordered = true;
    const auto run_rows = [&](held_rows rows, index_t from, index_t to) {
      if (from < to) ordered &= (this->*rows)(from, to, before, readable, room, x, values, indices);
    };
    run_rows(run_held_rows, begin, first);
    if constexpr (!converts) ordered &= run_all_direct(first, last, room, x, values, indices);
    run_rows(run_held_rows, last, end);
    if constexpr (std::is_floating_point_v<T>)
      if (!ordered) run_rows(&pool_strip::run_held<0, false>, begin, end);
  }
};

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x                (planes, in.h, in.w)
//   values, indices  (planes, out.h, out.w)
template <class T, bool Indices>
void max_pool2d_rows(const pool2d_geometry& g, index_t begin, index_t end, const T* x, T* values, index_t* indices) {
  pool_strip<T, Indices> strip(g);
  if (!strip.fits()) return max_pool2d_pixels<T, Indices>(g, begin * g.out.w, end * g.out.w, x, values, indices);
  const index_t in = g.in.h * g.in.w;
  const index_t out = g.out.h * g.out.w;
  const index_t columns = strip.sizes.columns;
  for (index_t plane = begin / g.out.h; plane * g.out.h < end; ++plane) {
    const index_t before = plane * g.out.h;
    const index_t from = begin > before ? begin - before : 0;
    const index_t to = end - before < g.out.h ? end - before : g.out.h;
    for (index_t done = 0; done < g.out.w; done += columns) {
      strip.begin_at(done + columns <= g.out.w ? done : g.out.w - columns);
      strip.run(from, to, plane * in, (g.planes - plane) * in, end * g.out.w - plane * out, x + plane * in,
                values + plane * out, Indices ? indices + plane * out : nullptr);
    }
  }
}
