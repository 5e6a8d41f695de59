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

// Division by one number: where it is a power of 2, multiplication by its reciprocal, which has the same bits, as the
// reciprocal is exact and a product is rounded but once. A division takes as long as the rest of a 2x2 window.
template <class T, int L>
struct lanes_divisor {
  vec_of<T, L> divisor, reciprocal;
  bool is_power;

  TENFOLD_INLINE explicit lanes_divisor(index_t number)
      : divisor(fill_lanes<L>(static_cast<T>(number))), reciprocal(fill_lanes<L>(T{1} / static_cast<T>(number))) {
    is_power = number > 0 && (number & (number - 1)) == 0;
  }
  TENFOLD_INLINE vec_of<T, L> of(vec_of<T, L> v) const { return is_power ? v * reciprocal : v / divisor; }
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

// The sums of the windows of L neighbouring outputs, whose taps are all inside the rows. Stride is 1, 2, or 0 for any;
// Taps is w.taps, 2 for a stride of 2 only, or 0 for any.
//   x  the first one's first tap, rows `pitch` apart
template <int L, int Stride, int Taps, class T>
TENFOLD_INLINE vec_of<T, L> window_sums(const T* x, index_t rows, index_t pitch, index_t taps, index_t stride) {
  vec_of<T, L> sum = {};
  for (; rows > 0; --rows, x += pitch) {
    if constexpr (Taps == 2) {
      const vec_of<T, L> a = load_lanes<L>(x), b = load_lanes<L>(x + L);
      sum += split_blocks<0, T, L>(a, b, std::make_integer_sequence<int, L>{});
      sum += split_blocks<1, T, L>(a, b, std::make_integer_sequence<int, L>{});
    } else if constexpr (Taps > 0) {
      TENFOLD_UNROLL for (int j = 0; j < Taps; ++j) sum += load_taps<L, Stride>(x + j, stride);
    } else {
      for (index_t j = 0; j < taps; ++j) sum += load_taps<L, Stride>(x + j, stride);
    }
  }
  if constexpr (Taps == 2 && L * static_cast<int>(sizeof(T)) > 16)
    return joined_blocks<T, L>(sum, std::make_integer_sequence<int, L>{});
  return sum;
}

// The same for all outputs [begin, end) of a row, L of them at least: the last vector ends with them.
template <int L, int Stride, int Taps, class T>
void avg_pool2d_vectors(const avg_pool2d_geometry& g, index_t oh, index_t begin, index_t end, const T* x, T* y) {
  const index_range rows = window_inside(g.h, oh);
  const index_t stride = g.w.stride, taps = g.w.taps, pitch = g.w.extent;
  const lanes_divisor<T, L> divisor(g.divisor ? g.divisor : g.counted(g.h, oh) * taps);
  const T* from = x + rows.begin * pitch + g.w.origin;
  for (index_t column = begin; column < end; column += L) {
    const index_t o = column + L <= end ? column : end - L;
    store_lanes<L>(y + o,
                   divisor.of(window_sums<L, Stride, Taps>(from + o * stride, rows.size(), pitch, taps, stride)));
  }
}

template <int L, class T>
TENFOLD_INLINE void avg_pool2d_inner(const avg_pool2d_geometry& g, index_t oh, index_range inner, const T* x, T* y) {
  if (g.w.stride == 1 && g.w.taps == 3) return avg_pool2d_vectors<L, 1, 3>(g, oh, inner.begin, inner.end, x, y);
  if (g.w.stride == 1) return avg_pool2d_vectors<L, 1, 0>(g, oh, inner.begin, inner.end, x, y);
  if (g.w.stride == 2 && g.w.taps == 2) return avg_pool2d_vectors<L, 2, 2>(g, oh, inner.begin, inner.end, x, y);
  if (g.w.stride == 2 && g.w.taps == 3) return avg_pool2d_vectors<L, 2, 3>(g, oh, inner.begin, inner.end, x, y);
  if (g.w.stride == 2) return avg_pool2d_vectors<L, 2, 0>(g, oh, inner.begin, inner.end, x, y);
  avg_pool2d_vectors<L, 0, 0>(g, oh, inner.begin, inner.end, x, y);
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
  // Both ends are 0 where a window is wider than the image.
  const index_range first = g.w.points_inside(0), last = g.w.points_inside(g.w.taps - 1);
  index_range inner{first.begin, last.end};
  if (inner.end < inner.begin) inner = {0, 0};
  index_t oh = begin % g.h.points;
  const T* from = x + begin / g.h.points * plane;
  for (index_t row = begin; row < end; ++row, ++oh) {
    if (oh == g.h.points) oh = 0, from += plane;
    T* to = y + row * g.w.points;
    if constexpr (std::is_floating_point_v<T>) {
      constexpr int few = 16 / static_cast<int>(sizeof(T)), half = lanes < T >> 2 * few ? 2 * few : few;
      if (inner.size() >= few) {
        if (inner.size() >= lanes<T>)
          avg_pool2d_inner<lanes<T>>(g, oh, inner, from, to);
        else if (inner.size() >= half)
          avg_pool2d_inner<half>(g, oh, inner, from, to);
        else
          avg_pool2d_inner<few>(g, oh, inner, from, to);
        avg_pool2d_pixels(g, oh, 0, inner.begin, from, to);
        avg_pool2d_pixels(g, oh, inner.end, g.w.points, from, to);
        continue;
      }
    }
    avg_pool2d_pixels(g, oh, 0, g.w.points, from, to);
  }
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

// The sums of `Count` neighbouring windows at once, as each is a chain of additions: each from +0 in row-major order.
//   x  the first row, of `rows`, `pitch` apart
template <int Count, class T>
TENFOLD_INLINE void adaptive_sums(const T* x, index_t rows, index_t pitch, const index_range* columns, T* sums) {
  index_t common = columns[0].size();
  for (int k = 1; k < Count; ++k) common = columns[k].size() < common ? columns[k].size() : common;
  T sum[std::size_t{Count}] = {};
  for (; rows > 0; --rows, x += pitch) {
    for (index_t j = 0; j < common; ++j)
      TENFOLD_UNROLL for (int k = 0; k < Count; ++k) sum[k] += x[columns[k].begin + j];
    TENFOLD_UNROLL for (int k = 0; k < Count; ++k) for (index_t w = columns[k].begin + common; w < columns[k].end; ++w)
        sum[k] += x[w];
  }
  TENFOLD_UNROLL for (int k = 0; k < Count; ++k) sums[k] = sum[k];
}

// The output rows [begin, end) of all planes:  row = plane * out.h + oh. The sum of a window is divided by its height,
// then by its width.
//   x (planes, in.h, in.w)   y (planes, out.h, out.w)
template <class T>
void adaptive_avg_pool2d_rows(const plane_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  constexpr int most = 4;
  for (index_t o = 0; o < g.out.w; o += most) {
    const index_t count = g.out.w - o < most ? g.out.w - o : index_t{most};
    index_range columns[std::size_t{most}] = {};
    for (index_t k = 0; k < count; ++k) columns[k] = adaptive_lines(o + k, g.in.w, g.out.w);
    for (index_t row = begin; row < end; ++row) {
      const index_range rows = adaptive_lines(row % g.out.h, g.in.h, g.out.h);
      const T* from = x + (row / g.out.h * g.in.h + rows.begin) * g.in.w;
      T sums[std::size_t{most}];
      if (count == most)
        adaptive_sums<most>(from, rows.size(), g.in.w, columns, sums);
      else
        for (index_t k = 0; k < count; ++k) adaptive_sums<1>(from, rows.size(), g.in.w, columns + k, sums + k);
      for (index_t k = 0; k < count; ++k)
        y[row * g.out.w + o + k] = sums[k] / static_cast<T>(rows.size()) / static_cast<T>(columns[k].size());
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
