// avg_pool2d, several outputs of a row at once, and what shares its windows.
//
// A window's elements are added to +0 in row-major order, as PyTorch adds them, and the sum is divided once: so are its
// bits. Only a window that is the whole plane is summed as sum_of_line does it, in as many chains as registers allow.

// sum / divisor, rounded towards 0 for integers: int64 only, where -1 is a negation that wraps.
template <class T>
TENFOLD_INLINE T quotient(arithmetic_t<T> sum, index_t divisor) {
  if constexpr (std::is_floating_point_v<T>)
    return sum / static_cast<T>(divisor);
  else
    return divisor == -1 ? static_cast<T>(-sum) : static_cast<T>(static_cast<index_t>(static_cast<T>(sum)) / divisor);
}

// The lines inside the image of a point's window, whose step is 1: lines_inside without its division.
TENFOLD_INLINE index_range window_inside(const axis& a, index_t point) {
  const index_t first = a.origin + point * a.stride, end = first + a.taps;
  return {first < 0 ? 0 : first, end < a.extent ? end : a.extent};
}

// Division by one number, with the bits of a division, which takes longer than the rest of most windows; of numbers
// that are not -0.
//
// By a power of 2: its reciprocal is exact, and a product is rounded but once.
//
// By odd d < 2^20, where a sum and its product are one operation: r = 1 / d and q = v r, rounded, so that q is within 2
// units in its last place of v / d; v - q d is exact, as both are multiples of that unit and d has few digits; and
// q + (v - q d) r is v / d but for 2^-22 of a unit before it is rounded. It is rounded as v / d is unless a middle of
// two numbers is as near: v / d is none, as the odd number of 25 digits that it were times d would be v, which has 24;
// and from one that it is not it is at least 2^-21 units away. (The same of subnormal results, as d is odd, and with
// 53 digits.) An infinite or NaN v has an infinite or NaN q, and then v - q d is NaN.
template <class T, int L>
struct lanes_divisor {
  vec_of<T, L> divisor, reciprocal;
  bool is_power, is_odd;

  TENFOLD_INLINE explicit lanes_divisor(index_t number)
      : divisor(fill_lanes<L>(static_cast<T>(number))), reciprocal(fill_lanes<L>(T{1} / static_cast<T>(number))) {
    constexpr bool is_fused = TENFOLD_VECTOR_BYTES > 16;  // x86's
    is_power = number > 0 && (number & (number - 1)) == 0;
    is_odd = is_fused && number > 0 && number < 1 << 20 && number % 2 == 1;
  }
  TENFOLD_INLINE vec_of<T, L> of(vec_of<T, L> v) const {
    if (is_power) return v * reciprocal;
    if (!is_odd) return v / divisor;
    const vec_of<T, L> q = v * reciprocal, rest = v - q * divisor, corrected = q + rest * reciprocal;
    return chosen(rest == rest, corrected, q);
  }
};

// The outputs [begin, end) of one row, one by one.
//   x (h.extent, w.extent)   y (w.points)
template <class T>
void avg_pool2d_pixels(const avg_pool2d_geometry& g, index_t oh, index_t begin, index_t end, const T* x, T* y) {
  using U = arithmetic_t<T>;
  const index_range rows = window_inside(g.h, oh);
  const index_t high = g.counted(g.h, oh);
  for (index_t o = begin; o < end; ++o) {
    const index_range columns = window_inside(g.w, o);
    U sum{};
    for (index_t h = rows.begin; h < rows.end; ++h)
      for (index_t w = columns.begin; w < columns.end; ++w) sum += static_cast<U>(x[h * g.w.extent + w]);
    y[o] = quotient<T>(sum, g.divisor ? g.divisor : high * g.counted(g.w, o));
  }
}

// Within each block of 16 bytes every second element of a and then of b, from the first on, or with First = 1 from the
// second: one instruction on x86, where every_second is two.
template <int First, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> split_blocks(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  constexpr int B = 16 / static_cast<int>(sizeof(T)), half = B / 2;
  return shuffled<(Lane % B < half ? 0 : L) + Lane / B * B + Lane % half * 2 + First...>(a, b);
}

// The order that every_second would have given.
template <class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> joined_blocks(vec_of<T, L> v, std::integer_sequence<int, Lane...>) {
  constexpr int B = 16 / static_cast<int>(sizeof(T)), half = B / 2;
  return shuffled<Lane % (L / 2) / half * B + (Lane < L / 2 ? 0 : half) + Lane % half...>(v, v);
}

// sum + one row of the windows of L neighbouring outputs. Stride is 1, 2, or 0 for any; Taps is w.taps, 2 for a stride
// of 2 only, or 0 for any.
template <int L, int Stride, int Taps, class T>
TENFOLD_INLINE vec_of<T, L> add_window_taps(vec_of<T, L> sum, const T* x, index_t taps, index_t stride) {
  if constexpr (Taps == 2) {
    const vec_of<T, L> a = load_lanes<L>(x), b = load_lanes<L>(x + L);
    sum += split_blocks<0, T, L>(a, b, std::make_integer_sequence<int, L>{});
    sum += split_blocks<1, T, L>(a, b, std::make_integer_sequence<int, L>{});
  } else if constexpr (Taps > 0) {
    TENFOLD_UNROLL for (int j = 0; j < Taps; ++j) sum += load_taps<L, Stride>(x + j, stride);
  } else {
    for (index_t j = 0; j < taps; ++j) sum += load_taps<L, Stride>(x + j, stride);
  }
  return sum;
}

// The sums of the windows of L neighbouring outputs, whose taps are all inside the rows.
//   x  the first one's first tap, rows `pitch` apart
template <int L, int Stride, int Taps, class T>
TENFOLD_INLINE vec_of<T, L> window_sums(const T* x, index_t rows, index_t pitch, index_t taps, index_t stride) {
  vec_of<T, L> sum = {};
  if (Taps == 3 && rows == 3) TENFOLD_UNROLL
    for (int i = 0; i < 3; ++i) sum = add_window_taps<L, Stride, Taps, T>(sum, x + i * pitch, taps, stride);
  else
    for (; rows > 0; --rows, x += pitch) sum = add_window_taps<L, Stride, Taps, T>(sum, x, taps, stride);
  if constexpr (Taps == 2 && L * static_cast<int>(sizeof(T)) > 16)
    return joined_blocks<T, L>(sum, std::make_integer_sequence<int, L>{});
  return sum;
}

// Averages of planes whose elements are lanes: whatever the windows, an element is one vector, and a sum is one chain.
// Windows has in and out, rows(oh) and columns(ow), which are the lines that an output's window covers, and divide, for
// the sums (out.w, L) of an output row.
template <class T, class Windows>
struct plane_lanes {
  static constexpr int L = direct_lanes<T>;
  static constexpr index_t held = 1024, most = 512;  // 32 KiB of elements and 16 KiB of sums
  const Windows& windows;
  index_range columns[std::size_t{most}];
  alignas(64) T tile[std::size_t{held * L}];
  alignas(64) T sums[std::size_t{most * L}];

  explicit plane_lanes(const Windows& w) : windows(w) {
    for (index_t ow = 0; ow < w.out.w; ++ow) columns[ow] = w.columns(ow);
  }
  // Few planes leave most lanes idle.
  static bool applies(const Windows& w, index_t planes) { return w.in.w <= held && w.out.w <= most && 2 * planes >= L; }

  // The output rows [begin, end) of all planes, row = plane * out.h + oh
  //   x (planes, in.h, in.w)   y (planes, out.h, out.w)
  void run(index_t begin, index_t end, const T* x, T* y) {
    const index_t high = windows.out.h, plane = windows.in.h * windows.in.w, out_plane = high * windows.out.w;
    for (index_t row = begin; row < end;) {
      const index_t p = row / high, oh = row % high, left = end - row;
      index_t count = oh > 0 ? 0 : left / high;  // whole planes
      count = count < L ? count : L;
      const index_t rows = count > 0 ? high : high - oh < left ? high - oh : left;
      planes(count > 0 ? count : 1, {oh, oh + rows}, x + p * plane, y + p * out_plane);
      row += count > 0 ? count * high : rows;
    }
  }

 private:
  // The output rows [begin, end) of `count` planes.
  void planes(index_t count, index_range outputs, const T* x, T* y) {
    const hw in = windows.in, out = windows.out;
    const index_t group = most / out.w, strip = held / in.w;
    for (index_t oh = outputs.begin; oh < outputs.end; oh += group) {
      const index_t end = oh + group < outputs.end ? oh + group : outputs.end, results = (end - oh) * out.w;
      for (index_t i = 0; i < results * L; i += L) store_lanes<L>(sums + i, vec_of<T, L>{});
      const index_t last = windows.rows(end - 1).end;
      for (index_t h = windows.rows(oh).begin; h < last; h += strip) {
        const index_t lines = last - h < strip ? last - h : strip, n = lines * in.w;
        planes_to_lanes(x + h * in.w, in.h * in.w, count, n, n, index_t{0}, tile);
        for (index_t o = oh; o < end; ++o) add(windows.rows(o), {h, h + lines}, sums + (o - oh) * out.w * L);
      }
      for (index_t o = oh; o < end; ++o) windows.divide(o, columns, sums + (o - oh) * out.w * L);
      lanes_to_planes(sums, results, y + oh * out.w, out.h * out.w, count);
    }
  }
  // Adds to the sums of an output row what the tile has of its lines.
  void add(index_range rows, index_range lines, T* row_sums) const {
    const index_t begin = rows.begin > lines.begin ? rows.begin : lines.begin;
    const index_t count = (rows.end < lines.end ? rows.end : lines.end) - begin;
    const T* from = tile + (begin - lines.begin) * windows.in.w * L;
    index_t ow = 0;
    for (; ow + 4 <= windows.out.w; ow += 4) add_windows<4>(count, from, columns + ow, row_sums + ow * L);
    for (; ow + 2 <= windows.out.w; ow += 2) add_windows<2>(count, from, columns + ow, row_sums + ow * L);
    if (ow < windows.out.w) add_windows<1>(count, from, columns + ow, row_sums + ow * L);
  }
  // Several at once, as each is a chain of additions.
  template <int Count>
  TENFOLD_INLINE void add_windows(index_t rows, const T* from, const index_range* column, T* to) const {
    index_t common = column[0].size();
    for (int k = 1; k < Count; ++k) common = column[k].size() < common ? column[k].size() : common;
    vec_of<T, L> sum[std::size_t{Count}];
    TENFOLD_UNROLL for (int k = 0; k < Count; ++k) sum[k] = load_lanes<L>(to + k * L);
    for (; rows > 0; --rows, from += windows.in.w * L) {
      for (index_t j = 0; j < common; ++j)
        TENFOLD_UNROLL for (int k = 0; k < Count; ++k) sum[k] += load_lanes<L>(from + (column[k].begin + j) * L);
      TENFOLD_UNROLL for (int k = 0; k < Count; ++k) for (index_t w = column[k].begin + common; w < column[k].end; ++w)
          sum[k] += load_lanes<L>(from + w * L);
    }
    TENFOLD_UNROLL for (int k = 0; k < Count; ++k) store_lanes<L>(to + k * L, sum[k]);
  }
};

// The windows of avg_pool2d, for plane_lanes.
template <class T>
struct averaged_windows {
  const avg_pool2d_geometry& g;
  hw in, out;
  bool is_uniform;

  explicit averaged_windows(const avg_pool2d_geometry& of)
      : g(of), in{of.h.extent, of.w.extent}, out{of.h.points, of.w.points}, is_uniform(counts_the_same(of)) {}

  // Whether all columns of an output row are divided by the same number.
  static bool counts_the_same(const avg_pool2d_geometry& g) {
    return g.divisor || (g.counted(g.w, 0) == g.w.taps && g.counted(g.w, g.w.points - 1) == g.w.taps);
  }
  index_range rows(index_t oh) const { return window_inside(g.h, oh); }
  index_range columns(index_t ow) const { return window_inside(g.w, ow); }
  void divide(index_t oh, const index_range*, T* sums) const {
    constexpr int L = direct_lanes<T>;
    const index_t high = g.counted(g.h, oh);
    lanes_divisor<T, L> divisor(g.divisor ? g.divisor : high * g.w.taps);
    for (index_t o = 0; o < out.w; ++o, sums += L) {
      if (!is_uniform) divisor = lanes_divisor<T, L>(high * g.counted(g.w, o));
      store_lanes<L>(sums, divisor.of(load_lanes<L>(sums)));
    }
  }
};

// What windows read: lines of an image, or copies with zeros beside them, which add nothing: no sum of +0 and others is
// -0.
template <class T>
struct window_lines {
  const T* first;  // tap of output column 0, be it before the line
  index_t begin;   // the line's number
  index_t pitch;
};

// The output columns [begin, end) of rows of a plane whose windows have as many lines each. The last vector ends with
// them; fewer than L are one vector, which reads up to L * stride + taps elements from the first window's first.
//   across (w.points)  what a window counts in its rows, or null where that is the same in all columns
template <int Stride, int Taps, class T>
void avg_pool2d_vectors(const avg_pool2d_geometry& g, index_range outputs, index_range columns,
                        const window_lines<T>& lines, const T* across, T* y) {
  constexpr int L = lanes<T>;
  const index_range rows = window_inside(g.h, outputs.begin);
  const index_t stride = g.w.stride, taps = g.w.taps;
  const index_t pitch = lines.pitch, from_step = g.h.stride * pitch, to_step = g.w.points, count = rows.size();
  const index_t high = g.counted(g.h, outputs.begin);
  const vec<T> counted = broadcast(static_cast<T>(high));
  const lanes_divisor<T, L> divisor(g.divisor ? g.divisor : high * taps);
  const T* from = lines.first + (rows.begin - lines.begin) * pitch;
  T* to = y + outputs.begin * g.w.points;
  const auto means = [&](index_t o) __attribute__((always_inline)) {
    const vec<T> sums = window_sums<L, Stride, Taps>(from + o * stride, count, pitch, taps, stride);
    return across ? sums / (load(across + o) * counted) : divisor.of(sums);
  };
  for (index_t oh = outputs.begin; oh < outputs.end; ++oh, from += from_step, to += to_step) {
    index_t o = columns.begin;
    if (o + L > columns.end) {
      store_some(to + o, columns.size(), means(o));
      continue;
    }
    for (; o + L <= columns.end; o += L) store(to + o, means(o));
    if (o < columns.end) store(to + columns.end - L, means(columns.end - L));
  }
}

template <class T>
TENFOLD_INLINE void avg_pool2d_strip(const avg_pool2d_geometry& g, index_range outputs, index_range columns,
                                     const window_lines<T>& lines, const T* across, T* y) {
  const index_t stride = g.w.stride, taps = g.w.taps;
  const auto of = stride == 1 && taps == 3   ? &avg_pool2d_vectors<1, 3, T>
                  : stride == 1              ? &avg_pool2d_vectors<1, 0, T>
                  : stride == 2 && taps == 2 ? &avg_pool2d_vectors<2, 2, T>
                  : stride == 2 && taps == 3 ? &avg_pool2d_vectors<2, 3, T>
                  : stride == 2              ? &avg_pool2d_vectors<2, 0, T>
                                             : &avg_pool2d_vectors<0, 0, T>;
  const index_t whole = g.h.points_inside(0).begin, cut = g.h.points_inside(g.h.taps - 1).end;
  for (index_t oh = outputs.begin; oh < outputs.end;) {
    index_t end = oh + 1;
    if (oh >= whole && oh < cut) end = cut < outputs.end ? cut : outputs.end;
    of(g, {oh, end}, columns, lines, across, y);
    oh = end;
  }
}

// Pooling of planes whose lines, with zeros beside them, are copied into L1, as many as fit. Without borders the image
// itself serves, but for windows that would read behind it.
template <class T>
struct padded_windows {
  static constexpr index_t most = 24576 / sizeof(T);
  const avg_pool2d_geometry& g;
  index_t pitch, reach, held, before;  // of the copies; before: zeros that they begin with
  bool has_borders, is_uniform;
  alignas(64) T memory[std::size_t{most}];

  explicit padded_windows(const avg_pool2d_geometry& geometry) : g(geometry) {
    const index_t room = most - g.w.points - lanes<T>;
    pitch = g.w.lines(g.w.points);
    reach = g.w.points < lanes<T> ? lanes<T> * g.w.stride + g.w.taps : 0;
    held = room < reach ? 0 : (room - reach) / pitch;
    before = g.w.origin < 0 ? -g.w.origin : 0;
    has_borders = before > 0 || g.w.origin + pitch > g.w.extent;
    is_uniform = averaged_windows<T>::counts_the_same(g);
    if (!applies()) return;
    for (index_t i = 0; i < most; i += lanes<T>) store(memory + i, vec<T>{});
    for (index_t o = 0; o < g.w.points; ++o) counts()[o] = static_cast<T>(g.counted(g.w, o));
  }
  // A line that serves one output row takes longer to copy than its two ends, one by one.
  bool applies() const { return held >= g.h.taps && (!has_borders || g.h.stride == 1 || reach > 0); }

  // The output rows [begin, end) of one plane.
  //   x (h.extent, w.extent)   behind  elements of other planes that follow it   y (h.points, w.points)
  void run(index_range outputs, const T* x, index_t behind, T* y) {
    const index_range columns{0, g.w.points};
    const T* across = is_uniform ? nullptr : counts();
    if (!has_borders && behind >= reach)
      return avg_pool2d_strip(g, outputs, columns, window_lines<T>{x + g.w.origin, 0, g.w.extent}, across, y);
    const index_t step = held >= g.h.lines(outputs.size()) ? outputs.size() : (held - g.h.taps) / g.h.stride + 1;
    const index_t first = before + g.w.origin, inside = g.w.extent - first;
    const index_t count = pitch - before < inside ? pitch - before : inside;
    for (index_t oh = outputs.begin; oh < outputs.end; oh += step) {
      const index_range some{oh, oh + step < outputs.end ? oh + step : outputs.end};
      const index_range read{window_inside(g.h, oh).begin, window_inside(g.h, some.end - 1).end};
      for (index_t h = read.begin; h < read.end; ++h)
        move_line(count, x + h * g.w.extent + first, memory + (h - read.begin) * pitch + before);
      avg_pool2d_strip(g, some, columns, window_lines<T>{memory, read.begin, pitch}, across, y);
    }
  }

 private:
  T* counts() { return memory + most - g.w.points - lanes<T>; }
};

// The output rows [begin, end) of one plane, inner columns as vectors where there are enough, the others one by one.
//   x (h.extent, w.extent)   y (h.points, w.points)
template <class T>
void avg_pool2d_plane(const avg_pool2d_geometry& g, index_range outputs, const T* x, T* y) {
  // Both ends are 0 where a window is wider than the image.
  index_range inner{g.w.points_inside(0).begin, g.w.points_inside(g.w.taps - 1).end};
  if (!std::is_floating_point_v<T> || inner.size() < lanes<T>) inner = {0, 0};
  if constexpr (std::is_floating_point_v<T>)
    if (inner.size() > 0)
      avg_pool2d_strip(g, outputs, inner, window_lines<T>{x + g.w.origin, 0, g.w.extent},
                       static_cast<const T*>(nullptr), y);
  for (index_t oh = outputs.begin; oh < outputs.end; ++oh) {
    avg_pool2d_pixels(g, oh, 0, inner.begin, x, y + oh * g.w.points);
    avg_pool2d_pixels(g, oh, inner.end, g.w.points, x, y + oh * g.w.points);
  }
}

// The output rows [begin, end) of all planes:  row = plane * h.points + oh
//   x (planes, h.extent, w.extent)   y (planes, h.points, w.points)
template <class T>
void avg_pool2d_rows(const avg_pool2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const index_t plane = g.h.extent * g.w.extent;
  if (std::is_floating_point_v<T> && g.h.is_one_of_all() && g.w.is_one_of_all()) {
    for (index_t row = begin; row < end; ++row)
      y[row] =
          quotient<T>(static_cast<arithmetic_t<T>>(sum_of_line(plane, x + row * plane)), g.divisor ? g.divisor : plane);
    return;
  }
  const auto for_each_plane = [&](const auto& body) __attribute__((always_inline)) {
    for (index_t row = begin; row < end;) {
      const index_t p = row / g.h.points, oh = row - p * g.h.points;
      const index_t left = g.h.points - oh < end - row ? g.h.points - oh : end - row;
      body(index_range{oh, oh + left}, x + p * plane, (g.planes - 1 - p) * plane, y + p * g.h.points * g.w.points);
      row += left;
    }
  };
  if constexpr (std::is_floating_point_v<T>) {
    const averaged_windows<T> windows(g);
    using by_lanes = plane_lanes<T, averaged_windows<T>>;
    if (g.w.stride > 2 && by_lanes::applies(windows, g.planes)) return by_lanes(windows).run(begin, end, x, y);
    padded_windows<T> padded(g);
    if (padded.applies())
      return for_each_plane([&](index_range outputs, const T* from, index_t behind, T* to)
                                __attribute__((always_inline)) { padded.run(outputs, from, behind, to); });
  }
  for_each_plane([&](index_range outputs, const T* from, index_t, T* to)
                     __attribute__((always_inline)) { avg_pool2d_plane(g, outputs, from, to); });
}

// y[i] += v of the lanes i < L
template <int L, class T>
TENFOLD_INLINE void add_lanes(T* y, vec_of<T, L> v) {
  store_lanes<L>(y, load_lanes<L>(y) + v);
}

// Adds the gradients of one output row, divided, to one of the rows that its windows cover; each element's come by
// ascending column.
//   dy (w.points)   dx (w.extent)
template <class T>
void add_window_row(const avg_pool2d_geometry& g, index_t high, const T* dy, T* dx) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const index_range first = g.w.points_inside(0), last = g.w.points_inside(g.w.taps - 1);
  const auto pixels = [&](index_t begin, index_t end) __attribute__((always_inline)) {
    for (index_t o = begin; o < end; ++o) {
      const index_range columns = window_inside(g.w, o);
      const U share =
          static_cast<U>(quotient<T>(static_cast<U>(dy[o]), g.divisor ? g.divisor : high * g.counted(g.w, o)));
      for (index_t w = columns.begin; w < columns.end; ++w) dx[w] = static_cast<T>(static_cast<U>(dx[w]) + share);
    }
  };
  index_t o = first.begin;
  if constexpr (std::is_floating_point_v<T>) {
    const lanes_divisor<T, L> divisor(g.divisor ? g.divisor : high * g.w.taps);
    const bool doubles = g.w.stride == 2 && g.w.taps == 2, slides = g.w.stride == 1;
    if ((doubles || slides) && last.end - first.begin >= L) {
      pixels(0, first.begin);
      for (; doubles && o + L <= last.end; o += L) {
        T* to = dx + g.w.line(o, 0);
        const vec<T> share = divisor.of(load(dy + o));
        add_lanes<L, T>(to, zipped_lanes<0, T, L>(share, share));
        add_lanes<L, T>(to + L, zipped_lanes<1, T, L>(share, share));
      }
      for (; slides && o + L <= last.end; o += L) {  // the last tap is the first output's of those that share a place
        const vec<T> share = divisor.of(load(dy + o));
        for (index_t j = g.w.taps - 1; j >= 0; --j) add_lanes<L, T>(dx + g.w.line(o, j), share);
      }
      return pixels(o, g.w.points);
    }
  }
  pixels(0, g.w.points);
}

// dx = the sum of dy / divisor over all windows that hold the place, added to +0 in row-major order, of the planes
// [begin, end). Where no two windows share a row, those of a window are copies of its first.
//   dy (planes, h.points, w.points)   dx (planes, h.extent, w.extent)
template <class T>
void avg_pool2d_backward_planes(const avg_pool2d_geometry& g, index_t begin, index_t end, const T* dy, T* dx) {
  const index_t plane = g.h.extent * g.w.extent, width = g.w.extent;
  const bool shares_rows = g.h.stride < g.h.taps && g.h.points > 1;
  dx += begin * plane;
  dy += begin * g.h.points * g.w.points;
  const auto clear = [&](index_t from, index_t to) {
    for (index_t i = from * width; i < to * width; ++i) dx[i] = T{};
  };
  for (; begin < end; ++begin, dx += plane) {
    if (shares_rows) clear(0, g.h.extent);
    index_t done = 0;
    for (index_t oh = 0; oh < g.h.points; ++oh, dy += g.w.points) {
      const index_range rows = window_inside(g.h, oh);
      const index_t high = g.counted(g.h, oh);
      if (!shares_rows) clear(done, rows.begin + 1);
      done = rows.end;
      add_window_row(g, high, dy, dx + rows.begin * width);
      for (index_t h = rows.begin + 1; h < rows.end; ++h)
        if (shares_rows)
          add_window_row(g, high, dy, dx + h * width);
        else
          repeat_row(dx + rows.begin * width, width, dx + h * width);
    }
    if (!shares_rows) clear(done, g.h.extent);
  }
}

// The lines of an image that output line o of an adaptive pooling covers: [o in / out] to (o + 1) in / out, rounded up.
// The products are less than (out + 1) in, which the checks have seen to fit.
TENFOLD_INLINE index_range adaptive_lines(index_t o, index_t in, index_t out) {
  return {o * in / out, ((o + 1) * in + out - 1) / out};
}

// The windows of adaptive_avg_pool2d, for plane_lanes.
template <class T>
struct adaptive_windows {
  hw in, out;

  index_range rows(index_t oh) const { return adaptive_lines(oh, in.h, out.h); }
  index_range columns(index_t ow) const { return adaptive_lines(ow, in.w, out.w); }
  // By the height, then by the width.
  void divide(index_t oh, const index_range* columns_of, T* sums) const {
    constexpr int L = direct_lanes<T>;
    const vec_of<T, L> high = fill_lanes<L>(static_cast<T>(rows(oh).size()));
    for (index_t o = 0; o < out.w; ++o, sums += L)
      store_lanes<L>(sums, load_lanes<L>(sums) / high / fill_lanes<L>(static_cast<T>(columns_of[o].size())));
  }
};

// The output rows [begin, end) of all planes:  row = plane * out.h + oh. A window's elements are added to +0 in
// row-major order; the sum is divided by its height, then by its width.
//   x (planes, in.h, in.w)   y (planes, out.h, out.w)
template <class T>
void adaptive_avg_pool2d_rows(const plane_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const adaptive_windows<T> windows{g.in, g.out};
  using by_lanes = plane_lanes<T, adaptive_windows<T>>;
  if (by_lanes::applies(windows, g.planes)) return by_lanes(windows).run(begin, end, x, y);
  for (index_t row = begin; row < end; ++row) {
    const index_range rows = windows.rows(row % g.out.h);
    const T* from = x + row / g.out.h * g.in.h * g.in.w;
    for (index_t o = 0; o < g.out.w; ++o) {
      const index_range columns = windows.columns(o);
      T sum = 0;
      for (index_t h = rows.begin; h < rows.end; ++h)
        for (index_t w = columns.begin; w < columns.end; ++w) sum += from[h * g.in.w + w];
      y[row * g.out.w + o] = sum / static_cast<T>(rows.size()) / static_cast<T>(columns.size());
    }
  }
}

// Its gradient, of the planes [begin, end).
//   dy (planes, out.h, out.w)   dx (planes, in.h, in.w)
template <class T>
void adaptive_avg_pool2d_backward_planes(const plane_geometry& g, index_t begin, index_t end, const T* dy, T* dx) {
  const index_t plane = g.in.h * g.in.w;
  dx += begin * plane;
  dy += begin * g.out.h * g.out.w;
  for (; begin < end; ++begin, dx += plane) {
    for (index_t i = 0; i < plane; ++i) dx[i] = T{};
    for (index_t oh = 0; oh < g.out.h; ++oh)
      for (index_t ow = 0; ow < g.out.w; ++ow, ++dy) {
        const index_range rows = adaptive_lines(oh, g.in.h, g.out.h), columns = adaptive_lines(ow, g.in.w, g.out.w);
        const T share = *dy / static_cast<T>(rows.size()) / static_cast<T>(columns.size());
        for (index_t h = rows.begin; h < rows.end; ++h)
          for (index_t w = columns.begin; w < columns.end; ++w) dx[h * g.in.w + w] += share;
      }
  }
}
