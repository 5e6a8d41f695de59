// Compiles the kernels once per instruction set. The only file with a target pragma.
//
// Rules of the region: every #include stands before it, inside are only .inl.hpp files; what they define is a template or
// inline and lives in the instruction set's namespace; no variable with a dynamic initialiser; only pointers, integers
// and scalars cross its border.
#pragma once

#include <tenfold/detail/isa.hpp>
#include <tenfold/detail/kernel_table.hpp>
#include <tenfold/detail/plane_geometry.hpp>

#include <limits>

#if defined(__clang__)
#define TENFOLD_PRAGMA(text) _Pragma(#text)
#define TENFOLD_UNROLL _Pragma("clang loop unroll(full)")
#define TENFOLD_INLINE inline __attribute__((always_inline))
#define TENFOLD_BEGIN_TARGET(clang_features, gcc_features) \
  TENFOLD_PRAGMA(clang attribute push(__attribute__((target(clang_features))), apply_to = function))
#define TENFOLD_END_TARGET _Pragma("clang attribute pop")
#elif defined(__GNUC__)
#define TENFOLD_PRAGMA(text) _Pragma(#text)
#define TENFOLD_UNROLL _Pragma("GCC unroll 32")
#define TENFOLD_INLINE inline __attribute__((always_inline))
#define TENFOLD_BEGIN_TARGET(clang_features, gcc_features) \
  _Pragma("GCC push_options") TENFOLD_PRAGMA(GCC target(gcc_features))
#define TENFOLD_END_TARGET _Pragma("GCC pop_options")
#endif

#if TENFOLD_COMPILES_AVX512
TENFOLD_BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma", "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define TENFOLD_VECTOR_BYTES 64
namespace tenfold::inline v0::detail::avx512 {
#include <tenfold/detail/kernels/all.inl.hpp>
}
#undef TENFOLD_VECTOR_BYTES
TENFOLD_END_TARGET
#endif

#if TENFOLD_COMPILES_AVX2
TENFOLD_BEGIN_TARGET("avx2,fma", "avx2,fma")
#define TENFOLD_VECTOR_BYTES 32
namespace tenfold::inline v0::detail::avx2 {
#include <tenfold/detail/kernels/all.inl.hpp>
}
#undef TENFOLD_VECTOR_BYTES
TENFOLD_END_TARGET
#endif

#if TENFOLD_COMPILES_BASE
#define TENFOLD_VECTOR_BYTES 16
namespace tenfold::inline v0::detail::base {
#include <tenfold/detail/kernels/all.inl.hpp>
}
#undef TENFOLD_VECTOR_BYTES
#endif

// TENFOLD_KERNEL(level, gemm_micro<float>): the kernel of that name of the given level, one of isa_list's. The levels are
// namespaces, so a kernel may be anything that has the same type in all of them: a function, a table of functions.
#if TENFOLD_COMPILES_BASE && TENFOLD_COMPILES_AVX2
#define TENFOLD_KERNEL(level, ...)                         \
  ((level) == isa::avx512 ? detail::avx512::__VA_ARGS__    \
   : (level) == isa::avx2 ? detail::avx2::__VA_ARGS__      \
                          : detail::base::__VA_ARGS__)
#elif TENFOLD_COMPILES_AVX2
#define TENFOLD_KERNEL(level, ...) ((level) == isa::avx512 ? detail::avx512::__VA_ARGS__ : detail::avx2::__VA_ARGS__)
#elif TENFOLD_COMPILES_AVX512  // one level only; g++ takes no `(void(level), function<T>)`
#define TENFOLD_KERNEL(level, ...) ((level) == isa::avx512 ? detail::avx512::__VA_ARGS__ : detail::avx512::__VA_ARGS__)
#else
#define TENFOLD_KERNEL(level, ...) ((level) == isa::base ? detail::base::__VA_ARGS__ : detail::base::__VA_ARGS__)
#endif

// The same for kernels whose vectors have at most 32 bytes: avx512 takes avx2's, which spares the compiler one of three.
#if TENFOLD_COMPILES_BASE && TENFOLD_COMPILES_AVX2
#define TENFOLD_NARROW_KERNEL(level, ...) ((level) == isa::base ? detail::base::__VA_ARGS__ : detail::avx2::__VA_ARGS__)
#elif TENFOLD_COMPILES_AVX2
#define TENFOLD_NARROW_KERNEL(level, ...) ((level) == isa::avx2 ? detail::avx2::__VA_ARGS__ : detail::avx2::__VA_ARGS__)
#else
#define TENFOLD_NARROW_KERNEL(level, ...) TENFOLD_KERNEL(level, __VA_ARGS__)
#endif
