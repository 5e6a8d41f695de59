// im2col and col2im: the copies of one tap.

// y[r, before + i] = x[r, i * stride], 0 elsewhere;   r < rows, i < n
//   x  rows x_pitch apart
//   y  (rows, before + n + after)
template <class T>
void copy_tap(index_t rows, index_t n, index_t stride, const T* x, index_t x_pitch, T* y, index_t before,
              index_t after) {
  for (index_t r = 0; r < rows; ++r, x += x_pitch) {
    for (index_t i = 0; i < before; ++i) *y++ = T{};
    copy_strided(n, stride, x, y);
    y += n;
    for (index_t i = 0; i < after; ++i) *y++ = T{};
  }
}

// y[i * stride] += x[i], i < n.  What lies between may have 0 added: a sum that began with +0 is never -0.
template <class T>
TENFOLD_INLINE void add_line(index_t n, index_t stride, const T* x, T* y) {
  using U = arithmetic_t<T>;  // wraps
  constexpr int L = lanes<U>, few = 16 / static_cast<int>(sizeof(U));
  const auto* from = reinterpret_cast<const U*>(x);
  auto* to = reinterpret_cast<U*>(y);
  index_t i = 0;
  if (stride == 1) {
    for (; i + L <= n; i += L) store(to + i, load(to + i) + load(from + i));
    for (; i + few <= n; i += few) store_lanes<few>(to + i, load_lanes<few>(to + i) + load_lanes<few>(from + i));
  } else if (stride == 2 && sizeof(T) >= 4) {
    for (; i + L < n; i += L) {  // the last vector would reach one behind the last sum
      const vec<U> v = load(from + i);
      store(to + 2 * i, load(to + 2 * i) + zipped_lanes<0, U, L>(v, vec<U>{}));
      store(to + 2 * i + L, load(to + 2 * i + L) + zipped_lanes<1, U, L>(v, vec<U>{}));
    }
  }
  for (; i < n; ++i) to[i * stride] = static_cast<U>(to[i * stride] + from[i]);
}

// y[r, i * stride] += x[r, i];   r < rows, i < n
//   x, y  rows x_pitch, y_pitch apart
template <class T>
void add_tap(index_t rows, index_t n, index_t stride, const T* x, index_t x_pitch, T* y, index_t y_pitch) {
  for (index_t r = 0; r < rows; ++r) add_line(n, stride, x + r * x_pitch, y + r * y_pitch);
}
