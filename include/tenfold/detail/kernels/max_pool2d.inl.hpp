// max_pool2d: rows of outputs, several neighbours at once.

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

// One output whose rows of taps are h_begin, h_begin + dilation.h, ... below h_end; its columns may leave the image.
template <class T>
TENFOLD_INLINE T max_pool2d_pixel(const pool2d_geometry& g, const T* plane, index_t h_begin, index_t h_end, index_t ow,
                                  index_t& index) {
  index_t w_begin, w_end;
  pool_window(ow, g.in.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w, w_begin, w_end);
  T most = pool_lowest<T>;
  index = h_begin * g.in.w + w_begin;
  for (index_t h = h_begin; h < h_end; h += g.dilation.h)
    for (index_t w = w_begin; w < w_end; w += g.dilation.w) {
      const T v = plane[h * g.in.w + w];
      if (v > most || v != v) {
        most = v;
        index = h * g.in.w + w;
      }
    }
  return most;
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

// max_pool2d_pixel for L outputs from `ow` on, all of whose columns are inside the image. The lanes track the offset
// from the window's first tap, in the width of the values; it has to fit there. int8 and int16 are computed as int32.
template <class T, bool Indices, int L, int Stride>
TENFOLD_INLINE void max_pool2d_pixels(const pool2d_geometry& g, const T* plane, index_t h_begin, index_t h_end,
                                      index_t ow, T* values, index_t* indices) {
  using V = std::conditional_t<(sizeof(T) < 4), std::int32_t, T>;
  using I = std::conditional_t<sizeof(V) == 4, std::int32_t, std::int64_t>;
  const index_t first = h_begin * g.in.w + ow * g.stride.w - g.padding.w;
  vec_of<V, L> most = fill_lanes<L>(static_cast<V>(pool_lowest<T>));
  vec_of<I, L> offset = {};
  for (index_t h = h_begin; h < h_end; h += g.dilation.h)
    for (index_t j = 0; j < g.kernel.w; ++j) {
      const index_t tap = (h - h_begin) * g.in.w + j * g.dilation.w;
      const auto v = convert_lanes<V, L>(load_taps<L, Stride>(plane + first + tap, g.stride.w));
      const auto wins = (v > most) | (v != v);
      most = wins ? v : most;
      if constexpr (Indices) offset = wins ? fill_lanes<L>(static_cast<I>(tap)) : offset;
    }
  store_lanes<L>(values, convert_lanes<T, L>(most));
  if constexpr (Indices) {
    // In parts, so that the widened indices fill one vector.
    constexpr int part = L * static_cast<int>(sizeof(I)) / 8;
    I offsets[std::size_t{L}];
    store_lanes<L>(offsets, offset);
    TENFOLD_UNROLL for (int l = 0; l < L; l += part) {
      vec_of<index_t, part> start = {};
      TENFOLD_UNROLL for (int k = 0; k < part; ++k) start[k] = first + (l + k) * g.stride.w;
      store_lanes<part>(indices + l, start + convert_lanes<index_t, part>(load_lanes<part>(offsets + l)));
    }
  }
}

// The outputs [begin, end) of a row, at least L of them: whole vectors, the last one moved back over its neighbour.
template <class T, bool Indices, int L, int Stride>
void max_pool2d_run(const pool2d_geometry& g, const T* plane, index_t h_begin, index_t h_end, index_t begin,
                    index_t end, T* values, index_t* indices) {
  for (index_t ow = begin; ow < end; ow += L) {
    const index_t at = ow + L <= end ? ow : end - L;
    max_pool2d_pixels<T, Indices, L, Stride>(g, plane, h_begin, h_end, at, values + at,
                                             Indices ? indices + at : nullptr);
  }
}

template <class T, bool Indices, int L>
void max_pool2d_run(const pool2d_geometry& g, const T* plane, index_t h_begin, index_t h_end, index_t begin,
                    index_t end, T* values, index_t* indices) {
  if (g.stride.w == 1) return max_pool2d_run<T, Indices, L, 1>(g, plane, h_begin, h_end, begin, end, values, indices);
  if (g.stride.w == 2) return max_pool2d_run<T, Indices, L, 2>(g, plane, h_begin, h_end, begin, end, values, indices);
  return max_pool2d_run<T, Indices, L, 0>(g, plane, h_begin, h_end, begin, end, values, indices);
}

// The output rows [begin, end) of all planes:  row = plane * out.h + oh
//   x                (planes, in.h, in.w)
//   values, indices  (planes, out.h, out.w)
template <class T, bool Indices>
void max_pool2d_rows(const pool2d_geometry& g, index_t begin, index_t end, const T* x, T* values, index_t* indices) {
  constexpr int L = TENFOLD_VECTOR_BYTES / (sizeof(T) < 4 ? 4 : static_cast<int>(sizeof(T)));
  constexpr int few = L < 4 ? L : 4;
  // The outputs [left, right) of a row have all their columns inside the image.
  const index_t room = g.in.w - 1 + g.padding.w - (g.kernel.w - 1) * g.dilation.w;
  index_t left = (g.padding.w + g.stride.w - 1) / g.stride.w;
  if (left > g.out.w) left = g.out.w;
  index_t right = room < 0 ? 0 : room / g.stride.w + 1;
  if (right > g.out.w) right = g.out.w;

  for (index_t row = begin; row < end; ++row) {
    const T* plane = x + row / g.out.h * g.in.h * g.in.w;
    T* v = values + row * g.out.w;
    index_t* at = Indices ? indices + row * g.out.w : nullptr;
    index_t h_begin, h_end;
    pool_window(row % g.out.h, g.in.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h, h_begin, h_end);
    const bool offsets_fit = sizeof(T) == 8 || (h_end - h_begin) * g.in.w <= INT32_MAX;
    const bool in_vectors = offsets_fit && right - left >= few;
    if (in_vectors && right - left >= L)
      max_pool2d_run<T, Indices, L>(g, plane, h_begin, h_end, left, right, v, at);
    else if (in_vectors)
      max_pool2d_run<T, Indices, few>(g, plane, h_begin, h_end, left, right, v, at);
    for (index_t ow = 0; ow < g.out.w; ++ow) {
      if (in_vectors && ow == left) ow = right;
      if (ow >= g.out.w) break;
      index_t index;
      v[ow] = max_pool2d_pixel(g, plane, h_begin, h_end, ow, index);
      if constexpr (Indices) at[ow] = index;
    }
  }
}
