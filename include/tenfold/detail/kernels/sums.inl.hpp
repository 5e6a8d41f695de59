// Sums in an order that nothing but sizes decides: of lines, and of the elements of one.

// y[i] = ((y[i] + x[0, i]) + x[1, i]) + ...,   i < n, of `lines` lines
//   x  lines `pitch` apart
template <class T>
void add_lines(index_t lines, index_t n, const T* x, index_t pitch, T* y) {
  constexpr index_t block = 8192 / sizeof(T);  // of y, which stays in L1 beside the lines that stream through it
  for (index_t i = 0; i < n; i += block)
    for (index_t r = 0; r < lines; ++r) add_line(n - i < block ? n - i : block, 1, x + r * pitch + i, y + i);
}

// Elements of a line that are summed without being halved: 32 for each lane of four vectors.
template <class T>
inline constexpr index_t summed_block = 128 * lanes<T>;

// x[0] + x[1] + ... + x[n - 1],   n <= summed_block
template <class T>
TENFOLD_INLINE T sum_of_block(index_t n, const T* x) {
  using U = arithmetic_t<T>;  // wraps
  constexpr int L = lanes<U>;
  const auto* from = reinterpret_cast<const U*>(x);
  vec<U> sums[4] = {}, rest = {};
  index_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L) TENFOLD_UNROLL for (int k = 0; k < 4; ++k) sums[k] += load(from + i + k * L);
  for (; i + L <= n; i += L) sums[0] += load(from + i);
  if (i < n) rest = load_some(from + i, n - i, U{});
  return static_cast<T>(sum_of_lanes<U>(((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest));
}

// The same of any n, halved until a half is a block: a term is rounded at most 36 + log2(lanes) + log2(n / block)
// times, the last rounded up.
template <class T>
T sum_of_line(index_t n, const T* x) {
  using U = arithmetic_t<T>;
  constexpr index_t block = summed_block<U>;
  if (n <= block) return sum_of_block(n, x);
  const index_t half = (n / block + 1) / 2 * block;
  return static_cast<T>(
      static_cast<U>(static_cast<U>(sum_of_line(half, x)) + static_cast<U>(sum_of_line(n - half, x + half))));
}
