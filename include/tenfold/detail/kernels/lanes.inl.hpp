// Vectors of a chosen number of lanes, whatever their width, and the moves between them.

template <class T, int L>
struct lanes_type {
  typedef T type __attribute__((vector_size(L * sizeof(T))));
};

template <class T>
struct lanes_type<T, 1> {
  typedef T type;
};

template <class T, int L>
using vec_of = typename lanes_type<T, L>::type;

template <int L, class T>
TENFOLD_INLINE vec_of<T, L> load_lanes(const T* p) {
  vec_of<T, L> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <int L, class T>
TENFOLD_INLINE void store_lanes(T* p, vec_of<T, L> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

template <int L, class T>
TENFOLD_INLINE vec_of<T, L> fill_lanes(T value) {
  return value - vec_of<T, L>{};
}

template <class To, int L, class V>
TENFOLD_INLINE vec_of<To, L> convert_lanes(V v) {
  return __builtin_convertvector(v, vec_of<To, L>);
}

// The same bits as another type of the same size.
template <class To, class From>
TENFOLD_INLINE To bits_as(From from) {
  To to;
  static_assert(sizeof to == sizeof from);
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

// a where the mask's lane is -1, b where it is 0. Under -ffast-math clang 14 takes for granted that no choice between
// floating-point numbers, region or not, meets a NaN or an infinity: it is given their bits.
template <class M, class V>
TENFOLD_INLINE V chosen(M mask, V a, V b) {
#if defined(__clang__)
  return bits_as<V>(mask ? bits_as<M>(a) : bits_as<M>(b));
#else
  return mask ? a : b;
#endif
}

// The ReLU: NaN stays NaN, as in PyTorch.
template <class T, int L>
TENFOLD_INLINE vec_of<T, L> rectified(vec_of<T, L> v) {
  return chosen(v < vec_of<T, L>{}, vec_of<T, L>{}, v);
}

// Fetches the lines of p[0] to p[count - 1], one page ahead of them, to read or to write them: the prefetchers of CPUs
// stop at a page.
template <int Write, class T>
TENFOLD_INLINE void prefetch_page(const T* p, index_t count) {
  const char* line = reinterpret_cast<const char*>(p);
  for (index_t i = 0; i < count * static_cast<index_t>(sizeof(T)); i += 64) __builtin_prefetch(line + i + 4096, Write);
}

// 0, 1, ... L - 1
template <class T, int L>
TENFOLD_INLINE vec_of<T, L> lane_numbers() {
  vec_of<T, L> v = {};
  TENFOLD_UNROLL for (int l = 0; l < L; ++l) v[l] = static_cast<T>(l);
  return v;
}

// Whether a bit of v is set. Words from memory: taking lane after lane out of a vector is slower.
template <class V>
TENFOLD_INLINE bool any_bit(V v) {
  std::uint64_t words[sizeof v / 8], any = 0;
  __builtin_memcpy(words, &v, sizeof v);
  for (const std::uint64_t word : words) any |= word;
  return any != 0;
}

// Integer lanes as wide as U's: what a comparison gives, all ones or zeros.
template <class U>
using lane_mask = decltype(vec<U>{} < vec<U>{});

// The last `count` lanes.
template <class U>
TENFOLD_INLINE lane_mask<U> last_lanes(index_t count) {
  using number = std::decay_t<decltype(lane_mask<U>{}[0])>;
  return lane_numbers<number, lanes<U>>() >= static_cast<number>(lanes<U> - count);
}

// v in the lanes that the mask has, 0 in the others, be they infinite.
template <class U>
TENFOLD_INLINE vec<U> masked(vec<U> v, lane_mask<U> mask) {
  return bits_as<vec<U>>(bits_as<lane_mask<U>>(v) & mask);
}

// The first `some` lanes of p, or all, the others as given; and a store of them. Without x86's masks, element by
// element through an array, a line of 49 took four times as long as one of 48.
#if TENFOLD_VECTOR_BYTES == 64
template <class T>
inline constexpr bool has_masked_moves = sizeof(T) >= 4;

template <class T>
TENFOLD_INLINE auto first_lanes(index_t count) {
  const unsigned mask = (1U << (count < lanes<T> ? count : lanes<T>)) - 1;
  return static_cast<std::conditional_t<sizeof(T) == 4, unsigned short, unsigned char>>(mask);
}
TENFOLD_INLINE vec<float> masked_load(const float* p, unsigned short mask, vec<float> other) {
  return __builtin_ia32_loadups512_mask(p, other, mask);
}
TENFOLD_INLINE vec<double> masked_load(const double* p, unsigned char mask, vec<double> other) {
  return __builtin_ia32_loadupd512_mask(p, other, mask);
}
TENFOLD_INLINE void masked_store(float* p, unsigned short mask, vec<float> v) {
  __builtin_ia32_storeups512_mask(p, v, mask);
}
TENFOLD_INLINE void masked_store(double* p, unsigned char mask, vec<double> v) {
  __builtin_ia32_storeupd512_mask(p, v, mask);
}
#elif TENFOLD_VECTOR_BYTES == 32
template <class T>
inline constexpr bool has_masked_moves = sizeof(T) >= 4;

template <class T>
TENFOLD_INLINE auto first_lanes(index_t count) {
  using number = std::conditional_t<sizeof(T) == 4, int, long long>;  // as the moves have it
  const auto mask = lane_numbers<number, lanes<T>>() < static_cast<number>(count < lanes<T> ? count : lanes<T>);
  return bits_as<vec<number>>(mask);
}
TENFOLD_INLINE vec<float> masked_load(const float* p, vec<int> mask, vec<float> other) {
  return chosen(mask, __builtin_ia32_maskloadps256(reinterpret_cast<const vec<float>*>(p), mask), other);
}
TENFOLD_INLINE vec<double> masked_load(const double* p, vec<long long> mask, vec<double> other) {
  return chosen(mask, __builtin_ia32_maskloadpd256(reinterpret_cast<const vec<double>*>(p), mask), other);
}
TENFOLD_INLINE void masked_store(float* p, vec<int> mask, vec<float> v) {
  __builtin_ia32_maskstoreps256(reinterpret_cast<vec<float>*>(p), mask, v);
}
TENFOLD_INLINE void masked_store(double* p, vec<long long> mask, vec<double> v) {
  __builtin_ia32_maskstorepd256(reinterpret_cast<vec<double>*>(p), mask, v);
}
#else
template <class T>
inline constexpr bool has_masked_moves = false;
#endif

// What a masked move of T moves.
template <class T>
using masked_number = std::conditional_t<sizeof(T) == 4, float, double>;

template <class T>
TENFOLD_INLINE vec<T> load_some(const T* p, index_t some, T other) {
  if constexpr (has_masked_moves<T>) {
    using F = masked_number<T>;
    const auto others = bits_as<vec<F>>(broadcast(other));
    return bits_as<vec<T>>(masked_load(reinterpret_cast<const F*>(p), first_lanes<F>(some), others));
  } else {
    T values[std::size_t{lanes<T>}];
    TENFOLD_UNROLL for (int l = 0; l < lanes<T>; ++l) values[l] = other;
    for (index_t i = 0; i < some && i < lanes<T>; ++i) values[i] = p[i];
    return load(values);
  }
}

template <class T>
TENFOLD_INLINE void store_some(T* p, index_t some, vec<T> v) {
  if constexpr (has_masked_moves<T>) {
    using F = masked_number<T>;
    masked_store(reinterpret_cast<F*>(p), first_lanes<F>(some), bits_as<vec<F>>(v));
  } else {
    T values[std::size_t{lanes<T>}];
    store(values, v);
    for (index_t i = 0; i < some && i < lanes<T>; ++i) p[i] = values[i];
  }
}

// Of the elements of a and b those of the given numbers, b's counted on from a's.
template <int... Place, class V>
TENFOLD_INLINE V shuffled(V a, V b) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, Place...);
#else  // g++ 11
  return __builtin_shuffle(a, b, decltype(a < b){Place...});
#endif
}

// Of the 2 L - 1 elements that a and b hold, the last of a being the first of b: every second one, from the first on.
template <class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> even_lanes(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  return shuffled<(2 * Lane < L ? 2 * Lane : 2 * Lane + 1)...>(a, b);
}

template <class T, int L>
TENFOLD_INLINE vec_of<T, L> even_lanes(vec_of<T, L> a, vec_of<T, L> b) {
  return even_lanes<T, L>(a, b, std::make_integer_sequence<int, L>{});
}

// Lane l of the result is lane places[l] of v.
template <class T, int L, class P>
TENFOLD_INLINE vec_of<T, L> chosen_lanes(vec_of<T, L> v, vec_of<P, L> places) {
#if defined(__clang__)  // which has no permutation that is only known at run time
  vec_of<T, L> chosen = {};
  TENFOLD_UNROLL for (int l = 0; l < L; ++l) chosen[l] = v[places[l]];
  return chosen;
#else
  return __builtin_shuffle(v, places);
#endif
}

// Each lane of half a vector twice.
template <class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> each_twice(vec_of<T, L / 2> v, std::integer_sequence<int, Lane...>) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(v, v, (Lane / 2)...);
#else
  vec_of<T, L> wide = {};
  __builtin_memcpy(&wide, &v, sizeof v);
  return shuffled<(Lane / 2)...>(wide, wide);
#endif
}

// p[0], p[0], p[1], p[1], ... in L lanes.
template <int L, class T>
TENFOLD_INLINE vec_of<T, L> load_doubled(const T* p) {
  if constexpr (L == 2)
    return fill_lanes<L>(*p);
  else
    return each_twice<T, L>(load_lanes<L / 2>(p), std::make_integer_sequence<int, L>{});
}

// The elements of a and b in turn: the lanes [0, L / 2) of both, or with Half = 1 the others.
template <int Half, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> zipped_lanes(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  return shuffled<(Half * L / 2 + Lane / 2 + Lane % 2 * L)...>(a, b);
}

template <int Half, class T, int L>
TENFOLD_INLINE vec_of<T, L> zipped_lanes(vec_of<T, L> a, vec_of<T, L> b) {
  return zipped_lanes<Half, T, L>(a, b, std::make_integer_sequence<int, L>{});
}

// Every second element of a and b, one behind the other, from the first on, or with First = 1 from the second.
template <int First, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> every_second(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  return shuffled<(2 * Lane + First)...>(a, b);
}

template <int First, class T, int L>
TENFOLD_INLINE vec_of<T, L> every_second(vec_of<T, L> a, vec_of<T, L> b) {
  return every_second<First, T, L>(a, b, std::make_integer_sequence<int, L>{});
}

// The lanes of a but the first, then the first of b.
template <class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> next_lanes(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  return shuffled<(Lane + 1)...>(a, b);
}

template <class T, int L>
TENFOLD_INLINE vec_of<T, L> next_lanes(vec_of<T, L> a, vec_of<T, L> b) {
  return next_lanes<T, L>(a, b, std::make_integer_sequence<int, L>{});
}

// The same within each block of B lanes.
template <int B, int Half, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> zipped_blocks(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  return shuffled<(Lane / B * B + Half * B / 2 + Lane % B / 2 + Lane % 2 * L)...>(a, b);
}

// a's blocks of B lanes of even number, each followed by the same of b; with Half = 1 those of odd number.
template <int B, int Half, class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, L> paired_blocks(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
  return shuffled<(Lane / B % 2 == 0 ? Lane + Half * B : L + Lane - B + Half * B)...>(a, b);
}

// Exchanges the bit of the lane's number that tells odd blocks of B from even ones with the same bit of the row's.
template <int B, class T, int L>
TENFOLD_INLINE void exchange_blocks(vec_of<T, L>* rows) {
  if constexpr (B < L) {
    constexpr auto all = std::make_integer_sequence<int, L>{};
    TENFOLD_UNROLL for (int i = 0; i < L; ++i) {
      if (i / B % 2 == 1) continue;
      const vec_of<T, L> even = paired_blocks<B, 0, T, L>(rows[i], rows[i + B], all);
      rows[i + B] = paired_blocks<B, 1, T, L>(rows[i], rows[i + B], all);
      rows[i] = even;
    }
  }
}

// rows[i] lane j <-> rows[j] lane i;   rows (L)
// Within blocks of 16 bytes, where x86 zips in one instruction: zipping the first half of B rows with the second moves
// one bit of the row's number into the lane's; after log2(B) times all have changed places. Then the blocks do.
template <class T, int L>
TENFOLD_INLINE void transpose_lanes(vec_of<T, L>* rows) {
  constexpr int B = 16 / static_cast<int>(sizeof(T)) < L ? 16 / static_cast<int>(sizeof(T)) : L;
  constexpr auto all = std::make_integer_sequence<int, L>{};
  TENFOLD_UNROLL for (int bit = 1; bit < B; bit *= 2) {
    vec_of<T, L> zipped[std::size_t{L}];
    TENFOLD_UNROLL for (int i = 0; i < L; ++i) {
      if (i % B >= B / 2) continue;
      zipped[i / B * B + i % B * 2] = zipped_blocks<B, 0, T, L>(rows[i], rows[i + B / 2], all);
      zipped[i / B * B + i % B * 2 + 1] = zipped_blocks<B, 1, T, L>(rows[i], rows[i + B / 2], all);
    }
    TENFOLD_UNROLL for (int i = 0; i < L; ++i) rows[i] = zipped[i];
  }
  exchange_blocks<B, T, L>(rows);
  exchange_blocks<2 * B, T, L>(rows);
}

// v[0] + v[1] + ...: one half of the lanes is added to the other until one is left.
template <int Half, class U, int... Lane>
TENFOLD_INLINE U sum_of_lanes(vec<U> v, std::integer_sequence<int, Lane...> all) {
  v += shuffled<(Lane + Half) % lanes<U>...>(v, v);
  if constexpr (Half > 1)
    return sum_of_lanes<Half / 2, U>(v, all);
  else
    return v[0];
}

template <class U>
TENFOLD_INLINE U sum_of_lanes(vec<U> v) {
  return sum_of_lanes<lanes<U> / 2, U>(v, std::make_integer_sequence<int, lanes<U>>{});
}

// y[i] = x[i * Stride], i < n, in vectors of L <= n elements, the last of which ends with the line
template <int L, int Stride, class T>
TENFOLD_INLINE void copy_strided_vectors(index_t n, const T* x, T* y) {
  for (index_t column = 0; column < n; column += L) {
    const index_t i = column + L <= n ? column : n - L;
    if constexpr (Stride == 1)
      store_lanes<L>(y + i, load_lanes<L>(x + i));
    else
      store_lanes<L>(y + i, even_lanes<T, L>(load_lanes<L>(x + 2 * i), load_lanes<L>(x + 2 * i + L - 1)));
  }
}

// y[i] = x[i * stride], i < n
template <class T>
TENFOLD_INLINE void copy_strided(index_t n, index_t stride, const T* x, T* y) {
  constexpr int L = lanes<T>, few = 16 / static_cast<int>(sizeof(T));
  constexpr int half = L / 2 > few ? L / 2 : few;  // lines of 14 floats in four vectors of 4 were 3 % of a convolution
  if (stride == 1 && n >= L) return copy_strided_vectors<L, 1>(n, x, y);
  if (stride == 1 && n >= half) return copy_strided_vectors<half, 1>(n, x, y);
  if (stride == 1 && n >= few) return copy_strided_vectors<few, 1>(n, x, y);
  if constexpr (sizeof(T) >= 4) {
    if (stride == 2 && n >= L) return copy_strided_vectors<L, 2>(n, x, y);
    if (stride == 2 && n >= half) return copy_strided_vectors<half, 2>(n, x, y);
    if (stride == 2 && n >= few) return copy_strided_vectors<few, 2>(n, x, y);
  }
  for (index_t i = 0; i < n; ++i) y[i] = x[i * stride];
}
