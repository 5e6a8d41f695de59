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

// y[p, indices[p, i]] = x[p, i] for all i in ascending order, 0 elsewhere;   begin <= p < end
//   x, indices (planes, in)
//   y          (planes, out)
template <class T>
void max_unpool2d_planes(index_t begin, index_t end, index_t in, index_t out, const T* x, const index_t* indices,
                         T* y) {
  x += begin * in;
  indices += begin * in;
  y += begin * out;
  for (index_t p = begin; p < end; ++p, x += in, indices += in, y += out) {
    __builtin_memset(y, 0, static_cast<std::size_t>(out) * sizeof(T));
    for (index_t i = 0; i < in; ++i) y[indices[i]] = x[i];
  }
}
