// Padding: a part of one line, and its gradient.

// y[i] = value, i < n
template <class T>
TENFOLD_INLINE void fill_line(index_t n, const T* value, T* y) {
  constexpr int L = lanes<T>;
  T one;
  __builtin_memcpy(&one, value, sizeof one);
  if (n >= L) {
    const vec<T> all = broadcast(one);
    for (index_t i = 0; i < n; i += L) store(y + (i + L <= n ? i : n - L), all);
  } else {
    for (index_t i = 0; i < n; ++i) move_element(&one, y + i);
  }
}

// y[i] = the element of a line of n that place s + i is filled with, i < count
//   x  (n)
template <class T>
TENFOLD_INLINE void pad_line(pad_mode mode, index_t n, index_t s, index_t count, const T* x, const T* value, T* y) {
  const index_t left = s >= 0 ? 0 : -s < count ? -s : count;
  const index_t inside = s + count <= n ? count - left : n - s > left ? n - s - left : 0;
  const index_t right = left + inside;
  if (mode == pad_mode::constant) {
    if (left > 0) fill_line(left, value, y);
    if (right < count) fill_line(count - right, value, y + right);
  } else {
    // Where element i of each side is: `step` times i from `first` on.
    const index_t step = mode == pad_mode::reflect ? -1 : mode == pad_mode::circular ? 1 : 0;
    const index_t before = mode == pad_mode::reflect ? -s : mode == pad_mode::circular ? s + n : 0;
    const index_t place = s + right;
    const index_t behind = mode == pad_mode::reflect    ? 2 * (n - 1) - place
                           : mode == pad_mode::circular ? place - n
                                                        : n - 1;
    for (index_t i = 0; i < left; ++i) move_element(x + before + step * i, y + i);
    for (index_t i = right; i < count; ++i) move_element(x + behind + step * (i - right), y + i);
  }
  if (inside > 0) move_line(inside, x + s + left, y + left);
}

// The same for each of `rows` lines. T stands for all elements of its size.
//   x  (rows, n), rows x_row apart; null for lines that are constant
//   y  (rows, count)
template <class T>
void pad_lines(pad_mode mode, index_t rows, index_t n, index_t s, index_t count, const T* x, index_t x_row,
               const T* value, T* y) {
  if (!x) return fill_line(rows * count, value, y);
  for (index_t r = 0; r < rows; ++r) pad_line(mode, n, s, count, x + r * x_row, value, y + r * count);
}

// dx[the element that place s + i is filled with] += dy[i], i < count, one after the other;   reflect and replicate
//   dx  (n)
template <class T>
void pad_backward_line(pad_mode mode, index_t n, index_t s, index_t count, const T* dy, T* dx) {
  using U = arithmetic_t<T>;  // wraps
  const auto* from = reinterpret_cast<const U*>(dy);
  auto* to = reinterpret_cast<U*>(dx);
  const index_t left = s >= 0 ? 0 : -s < count ? -s : count;
  const index_t inside = s + count <= n ? count - left : n - s > left ? n - s - left : 0;
  const index_t right = left + inside;
  const bool reflects = mode == pad_mode::reflect;
  for (index_t i = 0; i < left; ++i) {
    const index_t at = reflects ? -s - i : 0;
    to[at] = static_cast<U>(to[at] + from[i]);
  }
  if (inside > 0) add_line(inside, 1, dy + left, dx + s + left);
  for (index_t i = right; i < count; ++i) {
    const index_t at = reflects ? 2 * (n - 1) - (s + i) : n - 1;
    to[at] = static_cast<U>(to[at] + from[i]);
  }
}
