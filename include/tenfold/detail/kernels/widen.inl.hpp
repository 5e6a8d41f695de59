// Numbers of 16 bits as floats: what a kernel loads of a weight that is stored in them.

// The lanes of 16 bits, as the lower halves of integers of 32. g++ 12 converts half a vector at a time.
TENFOLD_INLINE vec<std::uint32_t> load_halves(const void* p) {
#if !defined(__clang__) && TENFOLD_VECTOR_BYTES == 64
  vec_of<short, 16> v;
  __builtin_memcpy(&v, p, sizeof v);
  return bits_as<vec<std::uint32_t>>(
      __builtin_ia32_pmovzxwd512_mask(v, vec_of<int, 16>{}, static_cast<unsigned short>(-1)));
#elif !defined(__clang__) && TENFOLD_VECTOR_BYTES == 32
  vec_of<short, 8> v;
  __builtin_memcpy(&v, p, sizeof v);
  return bits_as<vec<std::uint32_t>>(__builtin_ia32_pmovzxwd256(v));
#else
  vec_of<std::uint16_t, lanes<float>> halves;
  __builtin_memcpy(&halves, p, sizeof halves);
  return convert_lanes<std::uint32_t, lanes<float>>(halves);
#endif
}

TENFOLD_INLINE vec<float> load_widened(const bf16* p) { return bits_as<vec<float>>(load_halves(p) << 16); }

#if TENFOLD_VECTOR_BYTES == 64
TENFOLD_INLINE vec<float> load_widened(const fp16* p) {
  vec_of<short, 16> halves;
  __builtin_memcpy(&halves, p, sizeof halves);
#if defined(__clang__)
  using lane_bits = unsigned short;
#else
  using lane_bits = short;
#endif
  constexpr int current_rounding = 4;
  return __builtin_ia32_vcvtph2ps512_mask(halves, vec<float>{}, static_cast<lane_bits>(-1), current_rounding);
}
#elif TENFOLD_VECTOR_BYTES == 32
TENFOLD_INLINE vec<float> load_widened(const fp16* p) {
  vec_of<short, 8> halves;
  __builtin_memcpy(&halves, p, sizeof halves);
  return __builtin_ia32_vcvtph2ps256(halves);
}
#else
// Exponents are counted from 15 and from 127. A number without one is fraction * 2^-24: what 2^-14 + that is more than
// 2^-14, so that no number on the way is subnormal. Integers are signed, as SSE2 compares no others.
TENFOLD_INLINE vec<float> load_widened(const fp16* p) {
  using words = vec<std::int32_t>;
  const words high = bits_as<words>(load_halves(p) << 16), size = (high >> 3) & 0x0fffe000;
  const words least = words{} + (113 << 23), is_special = size >= 31 << 23, has_none = size < 1 << 23;
  const words without = bits_as<words>(bits_as<vec<float>>(size + least) - bits_as<vec<float>>(least));
  const words with = size + (112 << 23) + (is_special & (112 << 23));
  return bits_as<vec<float>>(((without & has_none) | (with & ~has_none)) | (high & INT32_MIN));
}
#endif

// Elements of the type W that is stored, as vectors of the type U that is computed in.
template <class U, class W>
TENFOLD_INLINE vec<U> load_stored(const W* p) {
  if constexpr (sizeof(W) == sizeof(U))
    return load(reinterpret_cast<const U*>(p));
  else
    return load_widened(p);
}
template <class U, class W>
TENFOLD_INLINE U element_stored(const W* p) {
  if constexpr (sizeof(W) == sizeof(U)) {
    return static_cast<U>(*p);
  } else {
    W first[std::size_t{lanes<U>}] = {};
    __builtin_memcpy(first, p, sizeof(W));
    return load_widened(first)[0];
  }
}

// y[i] = x[i],   i < n
template <class W>
void widen(const W* x, index_t n, float* y) {
  index_t i = 0;
  for (; i + lanes<float> <= n; i += lanes<float>) store(y + i, load_widened(x + i));
  for (; i < n; ++i) y[i] = element_stored<float>(x + i);
}
