// Compiles the kernels once per instruction set. The only file with a target pragma.
//
// Rules of the region: every #include stands before it, inside are only .inl.hpp files; what they define is a template
// or inline and lives in the instruction set's namespace; no variable with a dynamic initialiser; only pointers,
// integers and scalars cross its border.
#pragma once

#include <tenfold/detail/isa.hpp>
#include <tenfold/detail/kernel_table.hpp>
#include <tenfold/detail/machine.hpp>
#include <tenfold/detail/move_tile.hpp>
#include <tenfold/detail/optional_array.hpp>
#include <tenfold/detail/plane_geometry.hpp>
#include <tenfold/detail/reduction.hpp>
#include <tenfold/detail/resample.hpp>
#include <tenfold/stored.hpp>

#include <limits>

#if defined(__clang__)
#define TENFOLD_UNROLL _Pragma("clang loop unroll(full)")
#define TENFOLD_INLINE inline __attribute__((always_inline))
#define TENFOLD_BEGIN_TARGET(features) \
  TENFOLD_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define TENFOLD_END_TARGET _Pragma("clang attribute pop")
#elif defined(__GNUC__)
#define TENFOLD_UNROLL _Pragma("GCC unroll 32")
#define TENFOLD_INLINE inline __attribute__((always_inline))
#define TENFOLD_BEGIN_TARGET(features) _Pragma("GCC push_options") TENFOLD_PRAGMA(GCC target(features))
#define TENFOLD_END_TARGET _Pragma("GCC pop_options")
#endif

// Which product and sum become one operation is up to the text in clang's `on` (those of one expression do, at -O0 as
// at -O3), but in g++'s `fast` up to its passes, which depend on -O and -mtune: so it compiles kernels in one way only.
// Code hoisting would part the products that two branches have in common from their sums.
#if defined(TENFOLD_TEST_WITHOUT_STRICT) || !defined(__GNUC__)
#define TENFOLD_BEGIN_KERNELS
#define TENFOLD_END_KERNELS
#elif defined(__clang__)
#define TENFOLD_BEGIN_KERNELS TENFOLD_BEGIN_STRICT TENFOLD_PRAGMA(clang fp contract(on))
#define TENFOLD_END_KERNELS TENFOLD_END_STRICT
#else
#define TENFOLD_BEGIN_KERNELS                                                                       \
  _Pragma("GCC push_options") TENFOLD_OPTIMIZE("O2", "expensive-optimizations", "no-code-hoisting", \
                                               TENFOLD_STRICT_OPTIONS, "fp-contract=fast") TENFOLD_TUNE_GENERIC
#define TENFOLD_END_KERNELS _Pragma("GCC pop_options")
#endif
#if defined(__x86_64__) || defined(__i386__)
#define TENFOLD_TUNE_GENERIC TENFOLD_PRAGMA(GCC target("tune=generic"))
#else
#define TENFOLD_TUNE_GENERIC
#endif

#if TENFOLD_COMPILES_AVX512
#define TENFOLD_VECTOR_BYTES 64
#define TENFOLD_VECTOR_REGISTERS 32
namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::avx512 {
TENFOLD_BEGIN_KERNELS
TENFOLD_BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#include <tenfold/detail/kernels/all.inl.hpp>
TENFOLD_END_TARGET
TENFOLD_END_KERNELS
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::avx512
#undef TENFOLD_VECTOR_BYTES
#undef TENFOLD_VECTOR_REGISTERS
#endif

#if TENFOLD_COMPILES_AVX512 || TENFOLD_COMPILES_AVX2  // avx512 takes the narrow ones from here, see below
#define TENFOLD_VECTOR_BYTES 32
#define TENFOLD_VECTOR_REGISTERS 16
namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::avx2 {
TENFOLD_BEGIN_KERNELS
TENFOLD_BEGIN_TARGET("avx2,fma,f16c")
#include <tenfold/detail/kernels/all.inl.hpp>
TENFOLD_END_TARGET
TENFOLD_END_KERNELS
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::avx2
#undef TENFOLD_VECTOR_BYTES
#undef TENFOLD_VECTOR_REGISTERS
#endif

#if TENFOLD_COMPILES_BASE
#define TENFOLD_VECTOR_BYTES 16
#define TENFOLD_VECTOR_REGISTERS TENFOLD_BASE_REGISTERS
namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::base {
TENFOLD_BEGIN_KERNELS
#if TENFOLD_COMPILES_AVX2  // on x86 with GCC or clang
TENFOLD_BEGIN_TARGET("no-fma,no-fma4")
#include <tenfold/detail/kernels/all.inl.hpp>
TENFOLD_END_TARGET
#else
#include <tenfold/detail/kernels/all.inl.hpp>
#endif
TENFOLD_END_KERNELS
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::base
#undef TENFOLD_VECTOR_BYTES
#undef TENFOLD_VECTOR_REGISTERS
#endif

// TENFOLD_KERNEL(level, gemm_micro<float>): the kernel of that name of the given level, one of isa_list's. The levels
// are namespaces, so a kernel may be anything that has the same type in all of them: a function, a table of functions.
#if TENFOLD_COMPILES_BASE && TENFOLD_COMPILES_AVX2
#define TENFOLD_KERNEL(level, ...)                      \
  ((level) == isa::avx512 ? detail::avx512::__VA_ARGS__ \
   : (level) == isa::avx2 ? detail::avx2::__VA_ARGS__   \
                          : detail::base::__VA_ARGS__)
#elif TENFOLD_COMPILES_AVX2
#define TENFOLD_KERNEL(level, ...) ((level) == isa::avx512 ? detail::avx512::__VA_ARGS__ : detail::avx2::__VA_ARGS__)
#elif TENFOLD_COMPILES_AVX512  // one level only; g++ takes no `(void(level), function<T>)`
#define TENFOLD_KERNEL(level, ...) ((level) == isa::avx512 ? detail::avx512::__VA_ARGS__ : detail::avx512::__VA_ARGS__)
#else
#define TENFOLD_KERNEL(level, ...) ((level) == isa::base ? detail::base::__VA_ARGS__ : detail::base::__VA_ARGS__)
#endif

// The same for kernels of vectors of at most 32 bytes: avx512 takes avx2's, which spares the compiler one of three. So
// it does where it is compiled alone, as bits and choices follow from the vectors' length.
#if TENFOLD_COMPILES_BASE && TENFOLD_COMPILES_AVX2
#define TENFOLD_NARROW_KERNEL(level, ...) ((level) == isa::base ? detail::base::__VA_ARGS__ : detail::avx2::__VA_ARGS__)
#elif TENFOLD_COMPILES_AVX512
#define TENFOLD_NARROW_KERNEL(level, ...) ((level) == isa::avx2 ? detail::avx2::__VA_ARGS__ : detail::avx2::__VA_ARGS__)
#else
#define TENFOLD_NARROW_KERNEL(level, ...) TENFOLD_KERNEL(level, __VA_ARGS__)
#endif
