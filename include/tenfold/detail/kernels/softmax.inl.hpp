// softmax and log_softmax along a dimension, and their gradients.
//
// Of a line of x, or of a line of dy and one of y, three passes: the maximum (not of gradients), a sum, the results.
//
//     softmax               s = sum exp(x - m)     exp(x - m) / s
//     log_softmax           s = sum exp(x - m)     (x - m) - log s
//     softmax_backward      s = sum dy y           (dy - s) y
//     log_softmax_backward  s = sum dy             dy - exp(y) s

// y / sum of 0 <= y <= 1 <= sum, where share is 1 / sum. Where a product and its sum are one operation, the quotient by
// a product is corrected by the exact y - q sum, which leaves an error of 2^-22 units before it is rounded: a division
// is as good, and takes six times as long.
template <class T>
TENFOLD_INLINE vec<T> quotient_by(vec<T> y, vec<T> sum, [[maybe_unused]] vec<T> share) {
  if constexpr (TENFOLD_VECTOR_BYTES > 16) {  // x86's
    const vec<T> q = y * share, rest = y - q * sum;
    return q + rest * share;
  } else {
    return y / sum;
  }
}

template <class T, softmax_kind K>
struct softmax_terms {
  static constexpr bool forward = K == softmax_kind::softmax || K == softmax_kind::log_softmax;

  // What is added up; of a softmax it is kept as the result's numerator.
  TENFOLD_INLINE static vec<T> term(vec<T> x, [[maybe_unused]] vec<T> y, [[maybe_unused]] vec<T> most) {
    if constexpr (forward)
      return exponential_of_negative<T>(x - most);
    else if constexpr (K == softmax_kind::softmax_backward)
      return x * y;
    else
      return x;
  }
  // y is the numerator of a softmax.
  TENFOLD_INLINE static vec<T> result(vec<T> x, [[maybe_unused]] vec<T> y, [[maybe_unused]] vec<T> most, vec<T> sum,
                                      [[maybe_unused]] vec<T> share) {
    if constexpr (K == softmax_kind::softmax)
      return quotient_by<T>(y, sum, share);
    else if constexpr (K == softmax_kind::log_softmax)
      return (x - most) - sum;  // its logarithm
    else if constexpr (K == softmax_kind::softmax_backward)
      return (x - sum) * y;
    else
      return x - power_of_e<T>(y) * sum;
  }
  TENFOLD_INLINE static vec<T> finished(vec<T> sum) {
    if constexpr (K == softmax_kind::log_softmax)
      return logarithm<T>(sum);
    else
      return sum;
  }
};

// One line of neighbours. Each lane adds every L-th term of two vectors in turn, then the lanes are added, halved.
//   x, y (n): x is dy, and y the result, of gradients; else they are the same   to (n), which may be either
template <class T, softmax_kind K>
void softmax_line(index_t n, const T* x, const T* y, T* to) {
  using terms = softmax_terms<T, K>;
  constexpr int L = lanes<T>;
  constexpr T lowest = terms::forward ? -std::numeric_limits<T>::infinity() : T{};
  const index_t whole = n - n % L, rest = n - whole;
  const vec<T> last = load_some(x + whole, rest, lowest), last_y = load_some(y + whole, rest, T{});
  vec<T> most = last;
  if constexpr (terms::forward) {
    for (index_t i = 0; i < whole; i += L) most = larger<T>(load(x + i), most);
    most = broadcast(largest_lane<T>(larger<T>(most, broadcast(lowest))));  // none is NaN
  }
  vec<T> sums[2] = {};
  index_t i = 0;
  const auto add = [&](index_t at, vec<T> & sum) __attribute__((always_inline)) {
    const vec<T> term = terms::term(load(x + at), load(y + at), most);
    if constexpr (K == softmax_kind::softmax) store(to + at, term);
    sum += term;
  };
  for (; i + L < whole; i += 2 * L) {
    add(i, sums[0]);
    add(i + L, sums[1]);
  }
  if (i < whole) add(i, sums[0]);
  const vec<T> last_term = terms::term(last, last_y, most);
  // Lanes that are not of the line: NaN where the maximum is -infinity.
  if (rest > 0) sums[1] += load_some(reinterpret_cast<const T*>(&last_term), rest, T{});
  const vec<T> sum = terms::finished(broadcast(sum_of_lanes<T>(sums[0] + sums[1]))), share = broadcast(T{1}) / sum;
  const T* numerator = K == softmax_kind::softmax ? to : y;
  for (i = 0; i < whole; i += L) store(to + i, terms::result(load(x + i), load(numerator + i), most, sum, share));
  if (rest > 0) {
    const vec<T> last_numerator = K == softmax_kind::softmax ? last_term : last_y;
    store_some(to + whole, rest, terms::result(last, last_numerator, most, sum, share));
  }
}

// Lines beside each other: element i of line j at i * pitch + j, j < count, count <= block. Each sum adds its terms one
// after the other.
template <class T, softmax_kind K>
struct softmax_block {
  using terms = softmax_terms<T, K>;
  static constexpr int L = lanes<T>;
  static constexpr index_t block = 1024;  // 4 KiB each of maxima, sums and quotients: they stay in L1

  T most[std::size_t{block}], sum[std::size_t{block}], share[std::size_t{block}];

  // Calls body(place of the first, how many of them are lines)
  template <class Body>
  TENFOLD_INLINE static void vectors(index_t count, const Body& body) {
    for (index_t j = 0; j < count; j += L) body(j, count - j < L ? count - j : index_t{L});
  }
  TENFOLD_INLINE static vec<T> load_at(const T* p, index_t some) {
    return some == L ? load(p) : load_some(p, some, T{});
  }
  TENFOLD_INLINE static void store_at(T* p, index_t some, vec<T> v) {
    if (some == L)
      store(p, v);
    else
      store_some(p, some, v);
  }

  void run(index_t n, index_t pitch, index_t count, const T* x, const T* y, T* to) {
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    vectors(
        count, [&](index_t j, index_t) __attribute__((always_inline)) {
          store(most + j, broadcast(lowest));
          store(sum + j, vec<T>{});
        });
    if constexpr (terms::forward)
      for (index_t i = 0; i < n; ++i)
        vectors(
            count, [&](index_t j, index_t some) __attribute__((always_inline)) {
              store(most + j, larger<T>(load_at(x + i * pitch + j, some), load(most + j)));
            });
    for (index_t i = 0; i < n; ++i)
      vectors(
          count, [&](index_t j, index_t some) __attribute__((always_inline)) {
            const index_t at = i * pitch + j;
            const vec<T> term = terms::term(load_at(x + at, some), load_at(y + at, some), load(most + j));
            if constexpr (K == softmax_kind::softmax) store_at(to + at, some, term);
            store(sum + j, load(sum + j) + term);
          });
    vectors(
        count, [&](index_t j, index_t) __attribute__((always_inline)) {
          store(sum + j, terms::finished(load(sum + j)));
          store(share + j, broadcast(T{1}) / load(sum + j));
        });
    const T* numerator = K == softmax_kind::softmax ? to : y;
    for (index_t i = 0; i < n; ++i)
      vectors(
          count, [&](index_t j, index_t some) __attribute__((always_inline)) {
            const index_t at = i * pitch + j;
            store_at(to + at, some,
                     terms::result(load_at(x + at, some), load_at(numerator + at, some), load(most + j), load(sum + j),
                                   load(share + j)));
          });
  }
};

// Short lines of neighbours are brought beside each other, in L1, and back.
template <class T, softmax_kind K>
void softmax_short_lines(index_t n, index_t lines, const T* x, const T* y, T* to) {
  constexpr index_t held = 4096;
  softmax_block<T, K> block;
  alignas(64) T x_columns[std::size_t{held}], y_columns[std::size_t{held}];
  const index_t fitting = held / n < block.block ? held / n : block.block, most = fitting - fitting % 64;
  for (; lines > 0; lines -= most, x += most * n, y += most * n, to += most * n) {
    const index_t count = lines < most ? lines : most;
    transpose_lines(n, count, x, n, x_columns, count);
    if constexpr (!softmax_terms<T, K>::forward) transpose_lines(n, count, y, n, y_columns, count);
    block.run(n, count, count, x_columns, softmax_terms<T, K>::forward ? x_columns : y_columns, x_columns);
    transpose_lines(count, n, x_columns, count, to, n);
  }
}

// The lines [begin, end):  line = o * inner + j
//   x, y, to (outer, length, inner), see softmax_line
template <class T, softmax_kind K>
void softmax_lines(const line_geometry& g, index_t begin, index_t end, const T* x, const T* y, T* to) {
  if (g.inner == 1 && g.length <= short_line) {
    const index_t at = begin * g.length;
    return softmax_short_lines<T, K>(g.length, end - begin, x + at, y + at, to + at);
  }
  if (g.inner == 1) {
    for (index_t line = begin; line < end; ++line)
      softmax_line<T, K>(g.length, x + line * g.length, y + line * g.length, to + line * g.length);
    return;
  }
  // As many lines as leave their elements in L1 from one pass to the next, or where their pieces would be shorter than
  // 1 KiB in L2, but no pieces shorter than 256 bytes. In L2 alone 21 channels took 1.2 times as long.
  softmax_block<T, K> block;
  constexpr index_t size = sizeof(T), piece = 1024 / size, least = 256 / size;
  const index_t in_l1 = (index_t{1} << 15) / size / g.length, in_l2 = (index_t{1} << 17) / size / g.length;
  index_t most = in_l1 > piece ? in_l1 : in_l2 < piece ? in_l2 : piece;
  most = most < least ? least : most > block.block ? block.block : most - most % least;
  for (index_t line = begin; line < end;) {
    const index_t column = line % g.inner;
    index_t count = g.inner - column < end - line ? g.inner - column : end - line;
    if (count > most) count = most;
    const index_t at = line / g.inner * g.length * g.inner + column;
    block.run(g.length, g.inner, count, x + at, y + at, to + at);
    line += count;
  }
}

template <class T>
using softmax_function = void (*)(const line_geometry& g, index_t begin, index_t end, const T* x, const T* y, T* to);

template <class T>
inline constexpr softmax_function<T> softmax_functions[] = {
    &softmax_lines<T, softmax_kind::softmax>, &softmax_lines<T, softmax_kind::log_softmax>,
    &softmax_lines<T, softmax_kind::softmax_backward>, &softmax_lines<T, softmax_kind::log_softmax_backward>};
