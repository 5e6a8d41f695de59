// max_unpool2d: the check of the indices, the scatter, and its gradient, the gather.

// The position of the last index outside [least, volume), or -1; least is 0 or less.
//   indices (count)
inline index_t last_index_outside(const index_t* indices, index_t count, index_t least, index_t volume) {
  // Counted from the least, an index is inside where neither it nor what is left to the largest has the sign bit
  // (unsigned, so that nothing overflows).
  using U = std::uint64_t;
  if (least == volume) return count - 1;
  constexpr index_t block = 16 * lanes<U>;
  const U* p = reinterpret_cast<const U*>(indices);
  const U first = static_cast<U>(least), last = static_cast<U>(volume) - 1 - first;
  for (index_t end = count; end > 0;) {
    const index_t begin = end >= block ? end - block : 0;
    vec<U> outside = {};
    index_t i = begin;
    for (; i + lanes<U> <= end; i += lanes<U>) {
      const vec<U> index = load(p + i) - broadcast(first);
      outside |= index | (broadcast(last) - index);
    }
    U any = 0;
    for (; i < end; ++i) any |= (p[i] - first) | (last - (p[i] - first));
    TENFOLD_UNROLL for (int l = 0; l < lanes<U>; ++l) any |= outside[l];
    if (any >> 63)
      for (i = end; i-- > begin;)
        if (p[i] - first > last) return i;
    end = begin;
  }
  return -1;
}

// Of neighbouring 32-bit halves of a 64-bit number the lower one, twice.
template <int L, int... Lane>
TENFOLD_INLINE vec_of<std::int32_t, L> low_halves(vec_of<std::int32_t, L> v, std::integer_sequence<int, Lane...>) {
  constexpr int low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
  return shuffled<(Lane / 2 * 2 + low)...>(v, v);
}

// indices[0], indices[1], ... in lanes as wide as T; of a 32-bit T they are all below 2^31.
template <class T, int L>
TENFOLD_INLINE auto load_indices(const index_t* indices) {
  if constexpr (sizeof(T) == 8) {
    return load_lanes<L>(indices);
  } else {
    constexpr int low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    vec_of<std::int32_t, L> a, b;
    __builtin_memcpy(&a, indices, sizeof a);
    __builtin_memcpy(&b, indices + L / 2, sizeof b);
    return every_second<low, std::int32_t, L>(a, b);
  }
}

// indices[0], indices[0], indices[1], indices[1], ... in lanes as wide as T; of a 32-bit T they are all below 2^31.
template <class T, int L>
TENFOLD_INLINE auto load_doubled_indices(const index_t* indices) {
  if constexpr (sizeof(T) == 8) {
    return load_doubled<L>(indices);
  } else {
    vec_of<std::int32_t, L> v;
    __builtin_memcpy(&v, indices, sizeof v);
    return low_halves<L>(v, std::make_integer_sequence<int, L>{});
  }
}

// Planes whose every index lies among the 2 x 2 outputs of its own element, as max_pool2d with a kernel and a stride of
// 2 gives them: each output is written once, with no zeros beforehand. False, with y unfinished, where an index does
// not. An output takes the value that covers it where that one's index is its place, or, for sums, 0 plus it: +0 for
// -0. Rows below half a vector reach into what follows the planes: by half a vector in x and indices at most, by a
// whole one in y.
//   x, indices (planes, in.h, in.w)   y (planes, out.h, out.w), 2 in <= out <= 2 in + 1
template <bool Sums, class T>
bool unpool_own_blocks(index_t planes, hw in, hw out, const T* x, const index_t* indices, T* y) {
  using D = std::conditional_t<sizeof(T) == 4, std::int32_t, index_t>;  // as wide as T, for its masks
  constexpr int L = lanes<T>;
  constexpr int half = L / 2;
  const index_t each = in.w < half ? in.w : half, vectors = (in.w + each - 1) / each;
  const auto inside = lane_numbers<D, L>() < fill_lanes<L>(static_cast<D>(2 * each));
  const vec_of<D, L> w = fill_lanes<L>(static_cast<D>(out.w));
  const vec_of<T, L> zero = {};
  vec_of<D, L> hits = {};
  // Fetching what will be written takes a quarter of the time off 64 x 224 x 224, up to that of 128 x 112 x 112,
  // nothing below; fetching what is read as well is slower.
  const bool fetches = out.h * out.w * static_cast<index_t>(sizeof(T)) >= 1 << 15;
  for (index_t p = 0; p < planes; ++p) {
    vec_of<D, L> row = lane_numbers<D, L>();  // the places that begin an output row
    for (index_t h = 0; h < in.h; ++h, row += w + w, x += in.w, indices += in.w, y += 2 * out.w) {
      if (fetches) prefetch_page<1>(y, 2 * out.w);
      for (index_t column = 0; column < in.w; column += each) {
        const index_t i = column + each <= in.w ? column : in.w - each;  // the last vector ends with the row
        const auto index = load_doubled_indices<T, L>(indices + i);
        const vec_of<T, L> given = load_doubled<L>(x + i), v = Sums ? given + zero : given;
        const vec_of<D, L> place = row + fill_lanes<L>(static_cast<D>(2 * i));
        const auto upper = index == place, lower = index == place + w;
        store_lanes<L>(y + 2 * i, chosen(upper, v, zero));
        store_lanes<L>(y + out.w + 2 * i, chosen(lower, v, zero));
        hits -= (upper | lower) & inside;
      }
      if (out.w % 2) y[out.w - 1] = y[2 * out.w - 1] = T{};
    }
    if (out.h % 2) {
      __builtin_memset(y, 0, static_cast<std::size_t>(out.w) * sizeof(T));
      y += out.w;
    }
  }
  index_t all = 0;
  TENFOLD_UNROLL for (int l = 0; l < L; ++l) all += hits[l];
  return all == planes * in.h * vectors * each;
}

// y[indices[i]] = x[i] for all i in ascending order
//   x, indices (count)
template <class T>
TENFOLD_INLINE void scatter(index_t count, const T* x, const index_t* indices, T* y) {
  index_t i = 0;
  for (; i + 8 <= count; i += 8) TENFOLD_UNROLL for (int k = 0; k < 8; ++k) y[indices[i + k]] = x[i + k];
  for (; i < count; ++i) y[indices[i]] = x[i];
}

// y[p, indices[p, i]] += x[p, i] for all i in ascending order, but for indices of -1;   p < N
// Neighbouring windows often share a place, whose sums wait for each other; those of other planes do not.
//   x, indices (N, count)   y (N, volume)
template <int N, class T>
TENFOLD_INLINE void scatter_sums(index_t count, index_t volume, const T* x, const index_t* indices, T* y) {
  using U = arithmetic_t<T>;  // wraps
  constexpr int step = 8 / N;
  const auto add = [=](index_t p, index_t i) __attribute__((always_inline)) {
    T& sum = y[p * volume + indices[p * count + i]];
    sum = static_cast<T>(static_cast<U>(static_cast<U>(sum) + static_cast<U>(x[p * count + i])));
  };
  const auto add_some = [=](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i)
      for (int p = 0; p < N; ++p)
        if (indices[p * count + i] >= 0) add(p, i);
  };
  index_t i = 0;
  for (; i + step <= count; i += step) {
    index_t signs = 0;
    TENFOLD_UNROLL for (int k = 0; k < 8; ++k) signs |= indices[k % N * count + i + k / N];
    if (signs < 0)
      add_some(i, i + step);
    else TENFOLD_UNROLL
      for (int k = 0; k < 8; ++k) add(k % N, i + k / N);
  }
  add_some(i, count);
}

// y[p, indices[p, i]] = x[p, i] for all i in ascending order, 0 elsewhere;   begin <= p < end
// With Sums it is += instead, which wraps, and an index of -1 is none.
//   x, indices (planes, in.h, in.w)
//   y          (planes, out.h, out.w)
template <bool Sums, class T>
void scatter_planes(index_t begin, index_t end, const hw& in, const hw& out, const T* x, const index_t* indices, T* y) {
  constexpr int half = lanes<T> / 2;
  const index_t in_size = in.h * in.w, out_size = out.h * out.w;
  // As many planes together as half of the smallest L1 holds.
  const index_t most = 16384 / static_cast<index_t>(sizeof(T)) / out_size, group = most > 1 ? most : 1;
  bool own_blocks =
      sizeof(T) >= 4 && out.h / 2 == in.h && out.w / 2 == in.w && in.w >= half / 2 && out_size <= INT32_MAX;
  for (index_t p = begin, stop; p < end; p = stop) {
    stop = p + group < end ? p + group : end;
    const T* from = x + p * in_size;
    const index_t* at = indices + p * in_size;
    T* to = y + p * out_size;
    if constexpr (sizeof(T) >= 4) {
      const bool room = in.w >= half || (end - stop) * in_size >= half;  // behind these planes
      own_blocks = own_blocks && room && unpool_own_blocks<Sums>(stop - p, in, out, from, at, to);
      if (own_blocks) continue;
    }
    __builtin_memset(to, 0, static_cast<std::size_t>((stop - p) * out_size) * sizeof(T));
    if constexpr (Sums)
      for (; p + 4 <= stop; p += 4, from += 4 * in_size, at += 4 * in_size, to += 4 * out_size)
        scatter_sums<4>(in_size, out_size, from, at, to);
    for (; p < stop; ++p, from += in_size, at += in_size, to += out_size) {
      if constexpr (Sums)
        scatter_sums<1>(in_size, out_size, from, at, to);
      else
        scatter(in_size, from, at, to);
    }
  }
}

// One plane whose every index lies among the 2 x 2 places above its own element, as in unpool_own_blocks. False, with y
// unfinished, where an index does not.
//   x (out.h, out.w), 2 in <= out <= 2 in + 1   indices, y (in.h, in.w), L <= in.w
template <class T>
bool gather_own_blocks(hw in, hw out, const T* x, const index_t* indices, T* y) {
  using D = std::conditional_t<sizeof(T) == 4, std::int32_t, index_t>;
  constexpr int L = lanes<T>;
  const vec_of<D, L> w = fill_lanes<L>(static_cast<D>(out.w)), one = fill_lanes<L>(D{1}), zero = {};
  vec_of<D, L> own = zero == zero;
  // Takes a third of the time off 64 x 224 x 224, but costs 15 % for 128 x 112 x 112.
  const bool fetches = out.h * out.w * static_cast<index_t>(sizeof(T)) >= 1 << 17;
  for (index_t h = 0; h < in.h; ++h, x += 2 * out.w, indices += in.w, y += in.w) {
    if (fetches) prefetch_page<0>(x, 2 * out.w);
    for (index_t column = 0; column < in.w; column += L) {
      const index_t i = column + L <= in.w ? column : in.w - L;  // the last vector ends with the row
      const auto first = fill_lanes<L>(static_cast<D>(2 * (h * out.w + i))) + 2 * lane_numbers<D, L>();
      const auto from = load_indices<T, L>(indices + i) - first;
      const T* below = x + out.w;
      const vec_of<T, L> a = load_lanes<L>(x + 2 * i), b = load_lanes<L>(x + 2 * i + L);
      const vec_of<T, L> c = load_lanes<L>(below + 2 * i), d = load_lanes<L>(below + 2 * i + L);
      const auto left = from == zero, right = from == one, lower_left = from == w, lower_right = from == w + one;
      const vec_of<T, L> upper = chosen(left, every_second<0, T, L>(a, b), every_second<1, T, L>(a, b));
      const vec_of<T, L> lower = chosen(lower_left, every_second<0, T, L>(c, d), every_second<1, T, L>(c, d));
      store_lanes<L>(y + i, chosen(left | right, upper, lower));
      own &= left | right | lower_left | lower_right;
    }
  }
  return !any_bit(~own);
}

// y[p, i] = x[p, indices[p, i]] for all i;   begin <= p < end
//   x           (planes, out.h, out.w)
//   indices, y  (planes, in.h, in.w)
template <class T>
void max_unpool2d_backward_planes(index_t begin, index_t end, const hw& in, const hw& out, const T* x,
                                  const index_t* indices, T* y) {
  const index_t count = in.h * in.w, volume = out.h * out.w;
  bool own_blocks = sizeof(T) >= 4 && out.h / 2 == in.h && out.w / 2 == in.w && in.w >= lanes<T> && volume <= INT32_MAX;
  for (index_t p = begin; p < end; ++p) {
    const T* from = x + p * volume;
    const index_t* at = indices + p * count;
    T* to = y + p * count;
    if constexpr (sizeof(T) >= 4) {
      own_blocks = own_blocks && gather_own_blocks(in, out, from, at, to);
      if (own_blocks) continue;
    }
    index_t i = 0;
    for (; i + 8 <= count; i += 8) TENFOLD_UNROLL for (int k = 0; k < 8; ++k) to[i + k] = from[at[i + k]];
    for (; i < count; ++i) to[i] = from[at[i]];
  }
}
