// max_pool2d: first along the rows of the image, then across them, several outputs at once.
//
// Taking `v` for `m` where v > m or v is NaN is associative: it gives the first of the greatest values, or the last
// NaN. So the window's maximum in row-major order is that of the maxima of its rows, each of which serves all windows
// that share the row.

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

  const pool2d_geometry& g;
  index_t columns = 0;  // outputs of a strip
  index_t span = 0;     // input columns that they need
  index_t reach = 0;    // input columns that their vectors read
  index_t pitch = 0;    // columns, in whole vectors
  index_t slots = 1;    // a power of 2: so many rows are held, row h in slot h % slots
  index_t first = -1;   // output column
  index_t left = 0;     // and its first tap's column
  bool direct = false;  // sharing rows saves nothing, and no column is outside the image; not for a stride of 1

  index_t held[std::size_t{most_slots}];  // the row in a slot
  P steps[std::size_t{L}];                // l * stride.w
  P start[std::size_t{most_columns}];     // the place of the first tap of an output that is inside the image
  V line[std::size_t{line_room}];
  V most[std::size_t{rows_room}];
  P place[std::size_t{rows_room}];

  explicit pool_strip(const pool2d_geometry& geometry) : g(geometry) {}

  // Chooses the width of a strip; false if there is no room for any.
  bool fits() {
    const index_t high = (g.kernel.h - 1) * g.dilation.h + 1;
    const index_t wide = (g.kernel.w - 1) * g.dilation.w + 1;
    if (high > most_slots || wide > line_room || high > std::numeric_limits<P>::max() / g.in.w) return false;
    while (slots < high) slots *= 2;
    index_t room = (line_room - wide) / g.stride.w + 1;
    if (room > most_columns) room = most_columns;
    if (room > rows_room / slots) room = rows_room / slots;
    if (room < L || (g.out.w < 3 && g.stride.w > 2)) return false;
    const index_t strips = (g.out.w + room - 1) / room;
    columns = (g.out.w + strips - 1) / strips;
    if (columns < L) columns = g.out.w < L ? g.out.w : L;
    pitch = (columns + L - 1) / L * L;
    span = (columns - 1) * g.stride.w + wide;
    reach = columns < L ? (L - 1) * g.stride.w + wide : span;
    for (int l = 0; l < L; ++l) steps[l] = static_cast<P>(l * g.stride.w);
    return true;
  }

  void begin_at(index_t column) {
    if (first == column) return;
    first = column;
    left = first * g.stride.w - g.padding.w;
    const index_t new_rows = g.stride.h < g.kernel.h ? g.stride.h : g.kernel.h;
    direct = std::is_same_v<T, V> && g.kernel.h * g.kernel.w <= new_rows * g.kernel.w + g.kernel.h && left >= 0 &&
             left + span <= g.in.w;
    for (index_t i = 0; i < columns; ++i) {
      index_t w_begin, w_end;
      pool_window(first + i, g.in.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w, w_begin, w_end);
      start[i] = static_cast<P>(w_begin - left - i * g.stride.w);
    }
  }

  // A row from column `left` on, where `span` elements are inside the image or else the lowest value. What follows them
  // may be anything.
  //   x (in.w), followed by what may be read, `readable` elements together
  const V* padded(const T* x, index_t readable) {
    if constexpr (std::is_same_v<T, V>)
      if (left >= 0 && left + span <= g.in.w && left + reach <= readable) return x + left;
    const index_t inside = left + span <= g.in.w ? span : g.in.w - left;
    index_t i = 0;
    for (; i < -left; ++i) line[i] = pool_lowest<T>;
    for (; i + L <= inside; i += L) store_lanes<L>(line + i, convert_lanes<V, L>(load_lanes<L>(x + left + i)));
    for (; i < inside; ++i) line[i] = x[left + i];
    for (; i < span; ++i) line[i] = pool_lowest<T>;
    return line;
  }

  // Where the vector that begins with output i may begin instead, so that it ends with the last one.
  index_t vector_at(index_t i) const { return i + L <= columns || columns < L ? i : columns - L; }

  TENFOLD_INLINE static void take(values_vec v, places_vec at, values_vec& m, places_vec& m_at) {
    const auto wins = (v > m) | (v != v);
    m = wins ? v : m;
    if constexpr (Indices) m_at = wins ? at : m_at;
  }

  // Takes the taps of a row for L outputs.
  //   row: from the first tap of the first output on, which is at place `at`
  template <int Stride>
  TENFOLD_INLINE void take_row(const V* row, index_t at, values_vec& m, places_vec& m_at) const {
    __builtin_prefetch(reinterpret_cast<const char*>(row) + 4096);  // the prefetchers of some CPUs stop at a page
    const index_t stride = g.stride.w, dilation = g.dilation.w, taps = g.kernel.w * dilation;
    for (index_t j = 0; j < taps; j += dilation)
      take(load_taps<L, Stride>(row + j, stride), fill_lanes<L>(static_cast<P>(at + j)), m, m_at);
  }

  // The maxima of input row h, into its slot.
  template <int Stride>
  TENFOLD_INLINE void pool_row(const V* row, index_t h) {
    for (index_t i = 0; i < columns; i += L) {
      const index_t c = vector_at(i);
      const index_t slot = (h & (slots - 1)) * pitch + c;
      values_vec m = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
      places_vec m_at = load_lanes<L>(start + c);
      take_row<Stride>(row + c * g.stride.w, 0, m, m_at);
      store_lanes<L>(most + slot, m);
      if constexpr (Indices) store_lanes<L>(place + slot, m_at);
    }
  }

  // Takes the maxima of input row h for the outputs from column c of the strip on; its first tap is at place `at`.
  TENFOLD_INLINE void take_pooled(index_t h, index_t c, index_t at, values_vec& m, places_vec& m_at) const {
    const index_t slot = (h & (slots - 1)) * pitch + c;
    places_vec v_at = {};
    if constexpr (Indices) v_at = load_lanes<L>(place + slot) + fill_lanes<L>(static_cast<P>(at));
    take(load_lanes<L>(most + slot), v_at, m, m_at);
  }

  // values[l] = m[l], indices[l] = m_at[l] + index + l * stride.w
  TENFOLD_INLINE void store_outputs(values_vec m, places_vec m_at, index_t index, T* values, index_t* indices) const {
    store_lanes<L>(values, convert_lanes<T, L>(m));
    if constexpr (!Indices) return;
    m_at += load_lanes<L>(steps);
    if constexpr (sizeof(P) == 8) {
      store_lanes<L>(indices, m_at + fill_lanes<L>(index));
    } else {
      constexpr int half = L / 2;
      const auto base = fill_lanes<half>(index);
      store_lanes<half>(indices, convert_lanes<index_t, half>(half_lanes<0, P, L>(m_at)) + base);
      store_lanes<half>(indices + half, convert_lanes<index_t, half>(half_lanes<1, P, L>(m_at)) + base);
    }
  }

  // Output row oh of a plane, whose window's rows are h_begin, h_begin + dilation.h, ... below h_end. The strip's last
  // vector is stored over what follows it, which is written later, unless that lies behind `room` outputs.
  //   x (in.h, in.w)   values, indices (out.h, out.w)
  template <int Stride, bool Direct>
  TENFOLD_INLINE void pool_window_rows(index_t oh, index_t h_begin, index_t h_end, index_t room, const T* x, T* values,
                                       index_t* indices) {
    const index_t row = oh * g.out.w + first;
    for (index_t i = 0; i < columns; i += L) {
      const index_t c = vector_at(i);
      values_vec m = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
      places_vec m_at = load_lanes<L>(start + c);
      index_t at = 0;
      for (index_t h = h_begin; h < h_end; h += g.dilation.h, at += g.dilation.h * g.in.w) {
        if constexpr (Direct)
          take_row<Stride>(x + h * g.in.w + left + c * g.stride.w, at, m, m_at);
        else
          take_pooled(h, c, at, m, m_at);
      }
      const index_t index = h_begin * g.in.w + left + c * g.stride.w;
      const bool whole = row + c + L <= room;
      T last[std::size_t{L}];
      index_t last_indices[std::size_t{L}];
      store_outputs(m, m_at, index, whole ? values + row + c : last,
                    Indices && whole ? indices + row + c : last_indices);
      if (whole) continue;
      __builtin_memcpy(values + row, last, static_cast<std::size_t>(columns) * sizeof(T));
      if constexpr (Indices)
        __builtin_memcpy(indices + row, last_indices, static_cast<std::size_t>(columns) * sizeof(index_t));
    }
  }

  // The output rows [begin, end) of a plane, for the columns of this strip. Of the plane's outputs those below `room`
  // are this call's and its successors'.
  //   x (in.h, in.w), of which and behind which `readable` elements may be read   values, indices (out.h, out.w)
  template <int Stride>
  void run(index_t begin, index_t end, index_t readable, index_t room, const T* x, T* values, index_t* indices) {
    for (index_t slot = 0; slot < slots; ++slot) held[slot] = -1;
    for (index_t oh = begin; oh < end; ++oh) {
      index_t h_begin, h_end;
      pool_window(oh, g.in.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h, h_begin, h_end);
      if constexpr (std::is_same_v<T, V> && Stride != 1)
        if (direct && h_end * g.in.w - g.in.w + left + reach <= readable) {
          pool_window_rows<Stride, true>(oh, h_begin, h_end, room, x, values, indices);
          continue;
        }
      for (index_t h = h_begin; h < h_end; h += g.dilation.h) {
        const index_t slot = h & (slots - 1);
        if (held[slot] == h) continue;
        held[slot] = h;
        pool_row<Stride>(padded(x + h * g.in.w, readable - h * g.in.w), h);
      }
      pool_window_rows<Stride, false>(oh, h_begin, h_end, room, x, values, indices);
    }
  }
};

template <class T, bool Indices, int Stride>
void max_pool2d_strips(pool_strip<T, Indices>& strip, index_t begin, index_t end, const T* x, T* values,
                       index_t* indices) {
  const pool2d_geometry& g = strip.g;
  const index_t in = g.in.h * g.in.w;
  const index_t out = g.out.h * g.out.w;
  for (index_t plane = begin / g.out.h; plane * g.out.h < end; ++plane) {
    const index_t before = plane * g.out.h;
    const index_t from = begin > before ? begin - before : 0;
    const index_t to = end - before < g.out.h ? end - before : g.out.h;
    for (index_t done = 0; done < g.out.w; done += strip.columns) {
      strip.begin_at(done + strip.columns <= g.out.w ? done : g.out.w - strip.columns);
      strip.template run<Stride>(from, to, (g.planes - plane) * in, end * g.out.w - plane * out, x + plane * in,
                                 values + plane * out, Indices ? indices + plane * out : nullptr);
    }
  }
}

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x                (planes, in.h, in.w)
//   values, indices  (planes, out.h, out.w)
template <class T, bool Indices>
void max_pool2d_rows(const pool2d_geometry& g, index_t begin, index_t end, const T* x, T* values, index_t* indices) {
  pool_strip<T, Indices> strip(g);
  if (!strip.fits())
    max_pool2d_pixels<T, Indices>(g, begin * g.out.w, end * g.out.w, x, values, indices);
  else if (g.stride.w == 1)
    max_pool2d_strips<T, Indices, 1>(strip, begin, end, x, values, indices);
  else if (g.stride.w == 2)
    max_pool2d_strips<T, Indices, 2>(strip, begin, end, x, values, indices);
  else
    max_pool2d_strips<T, Indices, 0>(strip, begin, end, x, values, indices);
}
