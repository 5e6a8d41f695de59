// max_unpool2d: the check of the indices, and the scatter.

// The position of the last index outside [0, volume), or -1.
//   indices (count)
inline index_t last_index_outside(const index_t* indices, index_t count, index_t volume) {
  // An index is inside where neither it nor volume - 1 - index has the sign bit (unsigned, so that nothing overflows).
  using U = std::uint64_t;
  constexpr index_t block = 16 * lanes<U>;
  const U* p = reinterpret_cast<const U*>(indices);
  const U last = static_cast<U>(volume) - 1;
  for (index_t end = count; end > 0;) {
    const index_t begin = end >= block ? end - block : 0;
    vec<U> outside = {};
    index_t i = begin;
    for (; i + lanes<U> <= end; i += lanes<U>) {
      const vec<U> index = load(p + i);
      outside |= index | (broadcast(last) - index);
    }
    U any = 0;
    for (; i < end; ++i) any |= p[i] | (last - p[i]);
    TENFOLD_UNROLL for (int l = 0; l < lanes<U>; ++l) any |= outside[l];
    if (any >> 63)
      for (i = end; i-- > begin;)
        if (p[i] > last) return i;
    end = begin;
  }
  return -1;
}

// 64-byte vectors are no faster, and would pass by more of the small planes.
template <class T>
inline constexpr int unpool_lanes = (TENFOLD_VECTOR_BYTES < 32 ? TENFOLD_VECTOR_BYTES : 32) /
                                    static_cast<int>(sizeof(T));

// L indices in lanes as wide as T; of a 32-bit T they are all below 2^31.
template <class T, int L>
TENFOLD_INLINE auto load_indices(const index_t* indices) {
  if constexpr (sizeof(T) == 8) {
    return load_lanes<L>(indices);
  } else {
    const auto* low = reinterpret_cast<const unsigned char*>(indices);
    if constexpr (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) low += 4;
    vec_of<std::int32_t, L> a, b;
    __builtin_memcpy(&a, low, sizeof a);
    __builtin_memcpy(&b, low + sizeof a - 4, sizeof b);
    return even_lanes<std::int32_t, L>(a, b);
  }
}

// A plane whose every index lies among the 2 x 2 outputs of its own element, as max_pool2d with a kernel and a stride
// of 2 gives them: each output is written once, with no zeros beforehand. False, with y unfinished, where an index does
// not.
//   x, indices (in.h, in.w), L <= in.w   y (out.h, out.w), 2 in <= out <= 2 in + 1, fewer than 2^31 elements
template <class T>
bool unpool_own_blocks(const hw& in, const hw& out, const T* x, const index_t* indices, T* y) {
  using D = std::conditional_t<sizeof(T) == 4, std::int32_t, index_t>;  // as wide as T, for its masks
  constexpr int L = unpool_lanes<T>;
  D lane[std::size_t{L}];
  for (int l = 0; l < L; ++l) lane[l] = 2 * l;
  const D w = static_cast<D>(out.w);
  vec_of<D, L> outside = {};
  for (index_t h = 0; h < in.h; ++h, x += in.w, indices += in.w, y += 2 * out.w) {
    for (index_t column = 0; column < in.w; column += L) {
      const index_t i = column + L <= in.w ? column : in.w - L;  // the last vector ends with the row
      const vec_of<D, L> d =
          load_indices<T, L>(indices + i) - load_lanes<L>(lane) - fill_lanes<L>(static_cast<D>(2 * (h * out.w + i)));
      const vec_of<T, L> v = load_lanes<L>(x + i), zero = {};
      __builtin_prefetch(reinterpret_cast<char*>(y + 2 * i) + 4096, 1);  // large planes come from memory to be written
      __builtin_prefetch(reinterpret_cast<char*>(y + out.w + 2 * i) + 4096, 1);
      const auto first = d == vec_of<D, L>{}, second = d == fill_lanes<L>(D{1});
      const auto third = d == fill_lanes<L>(w), fourth = d == fill_lanes<L>(static_cast<D>(w + 1));
      outside |= ~(first | second | third | fourth);
      const vec_of<T, L> a = first ? v : zero, b = second ? v : zero, c = third ? v : zero, e = fourth ? v : zero;
      store_lanes<L>(y + 2 * i, zipped_lanes<0, T, L>(a, b));
      store_lanes<L>(y + 2 * i + L, zipped_lanes<1, T, L>(a, b));
      store_lanes<L>(y + out.w + 2 * i, zipped_lanes<0, T, L>(c, e));
      store_lanes<L>(y + out.w + 2 * i + L, zipped_lanes<1, T, L>(c, e));
    }
    if (out.w % 2) y[out.w - 1] = y[2 * out.w - 1] = T{};
  }
  if (out.h % 2) __builtin_memset(y, 0, static_cast<std::size_t>(out.w) * sizeof(T));
  D any = 0;
  TENFOLD_UNROLL for (int l = 0; l < L; ++l) any |= outside[l];
  return any == 0;
}

// y[p, indices[p, i]] = x[p, i] for all i in ascending order, 0 elsewhere;   begin <= p < end
//   x, indices (planes, in.h, in.w)
//   y          (planes, out.h, out.w)
template <class T>
void max_unpool2d_planes(index_t begin, index_t end, const hw& in, const hw& out, const T* x, const index_t* indices,
                         T* y) {
  const index_t in_size = in.h * in.w, out_size = out.h * out.w;
  bool own_blocks =
      sizeof(T) >= 4 && in.w >= unpool_lanes<T> && out.h / 2 == in.h && out.w / 2 == in.w && out_size <= INT32_MAX;
  for (index_t p = begin; p < end; ++p) {
    const T* from = x + p * in_size;
    const index_t* at = indices + p * in_size;
    T* to = y + p * out_size;
    if constexpr (sizeof(T) >= 4) own_blocks = own_blocks && unpool_own_blocks(in, out, from, at, to);
    if (own_blocks) continue;
    __builtin_memset(to, 0, static_cast<std::size_t>(out_size) * sizeof(T));
    for (index_t i = 0; i < in_size; ++i) to[at[i]] = from[i];
  }
}
