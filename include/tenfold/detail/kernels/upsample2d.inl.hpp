// upsample_nearest2d and upsample_bilinear2d: rows of outputs.

// The input row (column) that output row (column) `o` is a copy of; float32 for every type, as PyTorch's map.
TENFOLD_INLINE index_t nearest_source(index_t o, index_t in, index_t out, float step) {
  if (out == in) return o;
  if (out % 2 == 0 && out / 2 == in) return o / 2;
  const auto source = static_cast<index_t>(static_cast<float>(o) * step);
  return source < in ? source : in - 1;
}

// y[o] = x[source of o], o < out
//   x (in)   y (out)
template <class T>
TENFOLD_INLINE void upsample_nearest2d_row(index_t in, index_t out, float step, const T* x, T* y) {
  if (out == in) {
    __builtin_memcpy(y, x, static_cast<std::size_t>(out) * sizeof(T));
  } else if (out % 2 == 0 && out / 2 == in) {
    index_t i = 0;
    for (; i + lanes<T> <= in; i += lanes<T>) {
      const vec<T> v = load(x + i);
      store(y + 2 * i, doubled_lanes<0, T, lanes<T>>(v));
      store(y + 2 * i + lanes<T>, doubled_lanes<1, T, lanes<T>>(v));
    }
    for (; i < in; ++i) y[2 * i] = y[2 * i + 1] = x[i];
  } else {
    for (index_t o = 0; o < out; ++o) y[o] = x[nearest_source(o, in, out, step)];
  }
}

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x (planes, in.h, in.w)   y (planes, out.h, out.w)
template <class T>
void upsample_nearest2d_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const float step_h =
      g.step_h > 0 ? static_cast<float>(g.step_h) : static_cast<float>(g.in.h) / static_cast<float>(g.out.h);
  const float step_w =
      g.step_w > 0 ? static_cast<float>(g.step_w) : static_cast<float>(g.in.w) / static_cast<float>(g.out.w);
  index_t previous = -1;
  for (index_t row = begin; row < end; ++row) {
    const index_t source = row / g.out.h * g.in.h + nearest_source(row % g.out.h, g.in.h, g.out.h, step_h);
    T* to = y + row * g.out.w;
    if (source == previous)
      __builtin_memcpy(to, to - g.out.w, static_cast<std::size_t>(g.out.w) * sizeof(T));
    else
      upsample_nearest2d_row(g.in.w, g.out.w, step_w, x + source * g.in.w, to);
    previous = source;
  }
}

// Input pixels per output pixel in one dimension.
template <class A>
TENFOLD_INLINE A bilinear_step(index_t in, index_t out, double given, bool align_corners) {
  if (align_corners) return out > 1 ? static_cast<A>(in - 1) / static_cast<A>(out - 1) : A{0};
  return given > 0 ? static_cast<A>(given) : static_cast<A>(in) / static_cast<A>(out);
}

// Output `o` lies between inputs `first` and `second`, at the returned fraction of the way.
template <class A>
TENFOLD_INLINE A bilinear_source(index_t o, index_t in, index_t out, A step, bool align_corners, index_t& first,
                                 index_t& second) {
  first = second = o;
  if (out == in) return 0;
  A place = align_corners ? step * static_cast<A>(o) : step * (static_cast<A>(o) + A{0.5}) - A{0.5};
  if (place < 0) place = 0;
  first = static_cast<index_t>(place);
  if (first > in - 1) first = in - 1;
  second = first < in - 1 ? first + 1 : first;
  const A fraction = place - static_cast<A>(first);
  return fraction > 1 ? A{1} : fraction;
}

// Interpolations are computed in float for float, in double for the rest; integers are rounded to the nearest, halves
// away from zero. Between int64 values only the upper end can leave the range, by the rounding to double.
template <class T, class A>
TENFOLD_INLINE T bilinear_value(A v) {
  if constexpr (std::is_floating_point_v<T>) {
    return v;
  } else {
    const A rounded = __builtin_round(v);
    return rounded >= -static_cast<A>(std::numeric_limits<T>::min()) ? std::numeric_limits<T>::max()
                                                                     : static_cast<T>(rounded);
  }
}

// The rows [begin, end) of one plane. Columns are done in blocks, whose sources and weights stay on the stack; an input
// row is interpolated across once and used for all output rows beside it.
//   x (in.h, in.w)   y (out.h, out.w)
template <class T>
void upsample_bilinear2d_plane(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  using A = std::conditional_t<std::is_same_v<T, float>, float, double>;
  constexpr index_t block = 128;
  const A step_h = bilinear_step<A>(g.in.h, g.out.h, g.step_h, g.align_corners);
  const A step_w = bilinear_step<A>(g.in.w, g.out.w, g.step_w, g.align_corners);
  A across[2][block] = {};  // input row h is held in across[h % 2]: h and h + 1 are needed together
  A blended[block];
  A fraction[block];
  index_t left[block], right[block];
  for (index_t column = 0; column < g.out.w; column += block) {
    const index_t n = column + block <= g.out.w ? block : g.out.w - column;
    for (index_t i = 0; i < n; ++i)
      fraction[i] = bilinear_source(column + i, g.in.w, g.out.w, step_w, g.align_corners, left[i], right[i]);
    index_t held[2] = {-1, -1};
    for (index_t oh = begin; oh < end; ++oh) {
      index_t rows[2];
      const A lower = bilinear_source(oh, g.in.h, g.out.h, step_h, g.align_corners, rows[0], rows[1]);
      for (const index_t h : rows) {
        if (held[h % 2] == h) continue;
        held[h % 2] = h;
        const T* from = x + h * g.in.w;
        A* to = across[h % 2];
        for (index_t i = 0; i < n; ++i)
          to[i] = (1 - fraction[i]) * static_cast<A>(from[left[i]]) + fraction[i] * static_cast<A>(from[right[i]]);
      }
      const A* above = across[rows[0] % 2];
      const A* below = across[rows[1] % 2];
      for (index_t i = 0; i < n; i += lanes<A>)
        store(blended + i, broadcast(1 - lower) * load(above + i) + broadcast(lower) * load(below + i));
      T* to = y + oh * g.out.w + column;
      for (index_t i = 0; i < n; ++i) to[i] = bilinear_value<T>(blended[i]);
    }
  }
}

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x (planes, in.h, in.w)   y (planes, out.h, out.w)
template <class T>
void upsample_bilinear2d_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  while (begin < end) {
    const index_t plane = begin / g.out.h;
    const index_t first = begin - plane * g.out.h;
    const index_t last = end - plane * g.out.h < g.out.h ? end - plane * g.out.h : g.out.h;
    upsample_bilinear2d_plane(g, first, last, x + plane * g.in.h * g.in.w, y + plane * g.out.h * g.out.w);
    begin = (plane + 1) * g.out.h;
  }
}
