// Sums in an order that nothing but sizes decides: of lines, and of the elements of one.

// y[i] = ((y[i] + x[0, i]) + x[1, i]) + ...,   i < n, of `lines` lines
//   x  lines `pitch` apart
template <class T>
void add_lines(index_t lines, index_t n, const T* x, index_t pitch, T* y) {
  constexpr index_t block = 8192 / sizeof(T);  // of y, which stays in L1 beside the lines that stream through it
  for (index_t i = 0; i < n; i += block)
    for (index_t r = 0; r < lines; ++r) add_line(n - i < block ? n - i : block, 1, x + r * pitch + i, y + i);
}

// x[0] + x[1] + ... + x[n - 1], halved until a half has at most a block, of which each lane of four vectors adds 32
// elements: a term is rounded at most 36 + log2(lanes) + log2(n / block) times, the last rounded up.
template <class T>
T sum_of_line(index_t n, const T* x) {
  using U = arithmetic_t<T>;  // wraps
  constexpr int L = lanes<U>;
  constexpr index_t block = 128 * L;
  if (n > block) {
    const index_t half = (n / block + 1) / 2 * block;
    return static_cast<T>(
        static_cast<U>(static_cast<U>(sum_of_line(half, x)) + static_cast<U>(sum_of_line(n - half, x + half))));
  }
  const auto* from = reinterpret_cast<const U*>(x);
  vec<U> sums[4] = {}, rest = {};
  index_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L) TENFOLD_UNROLL for (int k = 0; k < 4; ++k) sums[k] += load(from + i + k * L);
  for (; i + L <= n; i += L) sums[0] += load(from + i);
  if (i < n && n >= L) rest = masked<U>(load(from + n - L), last_lanes<U>(n - i));
  if (n < L) __builtin_memcpy(&rest, from, static_cast<std::size_t>(n) * sizeof(U));
  return static_cast<T>(sum_of_lanes<U>(((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest));
}
