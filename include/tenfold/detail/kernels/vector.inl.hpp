// vec<T>: TENFOLD_VECTOR_BYTES of T with elementwise operators. GNU vector types where the compiler has them.

template <class T>
struct vector_type {
  typedef T type __attribute__((vector_size(TENFOLD_VECTOR_BYTES)));
};

template <class T>
using vec = typename vector_type<T>::type;

template <class T>
inline constexpr int lanes = TENFOLD_VECTOR_BYTES / static_cast<int>(sizeof(T));

// Any address; compiles to one unaligned move.
template <class T>
TENFOLD_INLINE vec<T> load(const T* p) {
  vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
TENFOLD_INLINE void store(T* p, vec<T> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// `vec<T>{} + value` would cost an addition (-0.0 + 0.0 is +0.0); value - 0.0 is value, bit for bit.
template <class T>
TENFOLD_INLINE vec<T> broadcast(T value) {
  return value - vec<T>{};
}
