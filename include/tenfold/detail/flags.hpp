// What keeps the flags of the user's compiler out of the results, and files that were compiled with different flags
// out of each other's code.
//
// The linker keeps one definition of an inline function, whichever file it is from: a plain file must not get the one
// that was compiled with -mavx2, -fno-exceptions or -Ofast. So all code has a name that tells the flags:
//   functions, and the types and variables of detail   live in the inline namespace TENFOLD_FLAGS
//   members of public types                            have TENFOLD_TAG; the types are the same for all flags
// and what the files of a program share on purpose is data (shared_state), and tenfold::error's virtual table.
//
// Floating-point code stands between TENFOLD_BEGIN_STRICT and TENFOLD_END_STRICT, which make it IEEE 754's whatever
// -ffast-math and its parts say; the kernels have more of the same in foreach_isa.hpp.
#pragma once

#if defined(__has_feature)
#define TENFOLD_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TENFOLD_HAS_FEATURE(feature) 0
#endif

// The flags, each a digit. They are told from the compiler's macros here and once, because pragmas change those macros.
// The widest vectors, each of which implies those before:
#if defined(__AVX512F__)
#define TENFOLD_FLAG_VECTORS 8
#elif defined(__AVX2__)
#define TENFOLD_FLAG_VECTORS 7
#elif defined(__AVX__)
#define TENFOLD_FLAG_VECTORS 6
#elif defined(__SSE4_2__)
#define TENFOLD_FLAG_VECTORS 5
#elif defined(__SSE4_1__)
#define TENFOLD_FLAG_VECTORS 4
#elif defined(__SSSE3__)
#define TENFOLD_FLAG_VECTORS 3
#elif defined(__SSE3__)
#define TENFOLD_FLAG_VECTORS 2
#elif defined(__SSE2__)
#define TENFOLD_FLAG_VECTORS 1
#else
#define TENFOLD_FLAG_VECTORS 0
#endif
// The others are not defined, or a comma and a digit: of them and a 0 behind, TENFOLD_DIGIT is the second.
#ifdef __POPCNT__
#define TENFOLD_FLAG_POPCNT , 1
#endif
#ifdef __LZCNT__
#define TENFOLD_FLAG_LZCNT , 1
#endif
#ifdef __BMI__
#define TENFOLD_FLAG_BMI , 1
#endif
#ifdef __BMI2__
#define TENFOLD_FLAG_BMI2 , 1
#endif
#ifdef __TBM__
#define TENFOLD_FLAG_TBM , 1
#endif
#ifdef __MOVBE__
#define TENFOLD_FLAG_MOVBE , 1
#endif
#ifdef __F16C__
#define TENFOLD_FLAG_F16C , 1
#endif
#ifdef __FMA__
#define TENFOLD_FLAG_FMA , 1
#endif
#ifdef __FMA4__
#define TENFOLD_FLAG_FMA4 , 1
#endif
#ifdef __XOP__
#define TENFOLD_FLAG_XOP , 1
#endif
#ifdef __AVXVNNI__
#define TENFOLD_FLAG_AVXVNNI , 1
#endif
#ifdef __GFNI__
#define TENFOLD_FLAG_GFNI , 1
#endif
#ifdef __AVX512BW__
#define TENFOLD_FLAG_AVX512BW , 1
#endif
#ifdef __AVX512DQ__
#define TENFOLD_FLAG_AVX512DQ , 1
#endif
#ifdef __AVX512VL__
#define TENFOLD_FLAG_AVX512VL , 1
#endif
#ifdef __AVX512CD__
#define TENFOLD_FLAG_AVX512CD , 1
#endif
#ifdef __AVX512VBMI__
#define TENFOLD_FLAG_AVX512VBMI , 1
#endif
#ifdef __AVX512VBMI2__
#define TENFOLD_FLAG_AVX512VBMI2 , 1
#endif
#ifdef __AVX512IFMA__
#define TENFOLD_FLAG_AVX512IFMA , 1
#endif
#ifdef __AVX512VNNI__
#define TENFOLD_FLAG_AVX512VNNI , 1
#endif
#ifdef __AVX512BITALG__
#define TENFOLD_FLAG_AVX512BITALG , 1
#endif
#ifdef __AVX512VPOPCNTDQ__
#define TENFOLD_FLAG_AVX512VPOPCNTDQ , 1
#endif
#ifdef __AVX512BF16__
#define TENFOLD_FLAG_AVX512BF16 , 1
#endif
#ifdef __AVX512FP16__
#define TENFOLD_FLAG_AVX512FP16 , 1
#endif
#ifdef __APX_F__
#define TENFOLD_FLAG_APX_F , 1
#endif
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define TENFOLD_FLAG_EXCEPTIONS , 1
#endif
#if defined(__cpp_rtti) || defined(_CPPRTTI)
#define TENFOLD_FLAG_RTTI , 1
#endif
#ifdef NDEBUG
#define TENFOLD_FLAG_NDEBUG , 1
#endif
#ifdef __OPTIMIZE__
#define TENFOLD_FLAG_OPTIMIZE , 1
#endif
#ifdef __OPTIMIZE_SIZE__
#define TENFOLD_FLAG_SIZE , 1
#endif
#ifdef __NO_INLINE__
#define TENFOLD_FLAG_NO_INLINE , 1
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#define TENFOLD_FLAG_FINITE , 1
#endif
#ifdef __FAST_MATH__
#define TENFOLD_FLAG_FAST , 1
#endif
#ifdef __ASSOCIATIVE_MATH__
#define TENFOLD_FLAG_ASSOCIATIVE , 1
#endif
#ifdef __RECIPROCAL_MATH__
#define TENFOLD_FLAG_RECIPROCAL , 1
#endif
#ifdef __NO_SIGNED_ZEROS__
#define TENFOLD_FLAG_NO_SIGNED_ZEROS , 1
#endif
#ifdef __NO_TRAPPING_MATH__
#define TENFOLD_FLAG_NO_TRAPPING , 1
#endif
#ifdef __ROUNDING_MATH__
#define TENFOLD_FLAG_ROUNDING , 1
#endif
#ifdef __SUPPORT_SNAN__
#define TENFOLD_FLAG_SIGNALING , 1
#endif
#if defined(__SANITIZE_ADDRESS__) || TENFOLD_HAS_FEATURE(address_sanitizer)
#define TENFOLD_FLAG_ASAN , 1
#endif
#if defined(__SANITIZE_THREAD__) || TENFOLD_HAS_FEATURE(thread_sanitizer)
#define TENFOLD_FLAG_TSAN , 1
#endif
#if TENFOLD_HAS_FEATURE(memory_sanitizer)
#define TENFOLD_FLAG_MSAN , 1
#endif
#if TENFOLD_HAS_FEATURE(undefined_behavior_sanitizer)
#define TENFOLD_FLAG_UBSAN , 1
#endif
#ifdef _GLIBCXX_ASSERTIONS
#define TENFOLD_FLAG_ASSERTIONS , 1
#endif
#ifdef __clang__
#define TENFOLD_FLAG_CLANG , 1
#endif
// Not of the compiler: whether the engine is the library's (seam.hpp).
#if defined(TENFOLD_COMPILED)
#define TENFOLD_FLAG_COMPILED , 1
#elif defined(TENFOLD_COMPILED_LIBRARY)
#define TENFOLD_FLAG_COMPILED , 2
#endif

#define TENFOLD_PASTE(...) TENFOLD_PASTE_(__VA_ARGS__)
#define TENFOLD_PASTE_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z) \
  a##b##c##d##e##f##g##h##i##j##k##l##m##n##o##p##q##r##s##t##u##v##w##x##y##z
#define TENFOLD_DIGIT(name) TENFOLD_SECOND(TENFOLD_FLAG_##name, 0, )
#define TENFOLD_SECOND(...) TENFOLD_SECOND_(__VA_ARGS__)
#define TENFOLD_SECOND_(first, second, ...) second
#define TENFOLD_TEXT(...) TENFOLD_TEXT_(__VA_ARGS__)
#define TENFOLD_TEXT_(...) #__VA_ARGS__

#if defined(TENFOLD_TEST_WITHOUT_TOKEN)  // for the tests, which then have to fail
#define TENFOLD_FLAGS flags
#else
#define TENFOLD_FLAGS \
  TENFOLD_PASTE(flags_, TENFOLD_ISA_FLAGS, _, TENFOLD_MODE_FLAGS, _, , , , , , , , , , , , , , , , , , , , , )
#define TENFOLD_ISA_FLAGS                                                                                            \
  TENFOLD_PASTE(                                                                                                     \
      TENFOLD_FLAG_VECTORS, TENFOLD_DIGIT(POPCNT), TENFOLD_DIGIT(LZCNT), TENFOLD_DIGIT(BMI), TENFOLD_DIGIT(BMI2),    \
      TENFOLD_DIGIT(TBM), TENFOLD_DIGIT(MOVBE), TENFOLD_DIGIT(F16C), TENFOLD_DIGIT(FMA), TENFOLD_DIGIT(FMA4),        \
      TENFOLD_DIGIT(XOP), TENFOLD_DIGIT(AVXVNNI), TENFOLD_DIGIT(GFNI), TENFOLD_DIGIT(AVX512BW),                      \
      TENFOLD_DIGIT(AVX512DQ), TENFOLD_DIGIT(AVX512VL), TENFOLD_DIGIT(AVX512CD), TENFOLD_DIGIT(AVX512VBMI),          \
      TENFOLD_DIGIT(AVX512VBMI2), TENFOLD_DIGIT(AVX512IFMA), TENFOLD_DIGIT(AVX512VNNI), TENFOLD_DIGIT(AVX512BITALG), \
      TENFOLD_DIGIT(AVX512VPOPCNTDQ), TENFOLD_DIGIT(AVX512BF16), TENFOLD_DIGIT(AVX512FP16), TENFOLD_DIGIT(APX_F))
#define TENFOLD_MODE_FLAGS                                                                                          \
  TENFOLD_PASTE(TENFOLD_DIGIT(EXCEPTIONS), TENFOLD_DIGIT(RTTI), TENFOLD_DIGIT(NDEBUG), TENFOLD_DIGIT(OPTIMIZE),     \
                TENFOLD_DIGIT(SIZE), TENFOLD_DIGIT(NO_INLINE), TENFOLD_DIGIT(FINITE), TENFOLD_DIGIT(FAST),          \
                TENFOLD_DIGIT(ASSOCIATIVE), TENFOLD_DIGIT(RECIPROCAL), TENFOLD_DIGIT(NO_SIGNED_ZEROS),              \
                TENFOLD_DIGIT(NO_TRAPPING), TENFOLD_DIGIT(ROUNDING), TENFOLD_DIGIT(SIGNALING), TENFOLD_DIGIT(ASAN), \
                TENFOLD_DIGIT(TSAN), TENFOLD_DIGIT(MSAN), TENFOLD_DIGIT(UBSAN), TENFOLD_DIGIT(ASSERTIONS),          \
                TENFOLD_DIGIT(CLANG), TENFOLD_DIGIT(COMPILED), , , , , )
#endif

#if defined(__GNUC__)
#define TENFOLD_TAG [[gnu::abi_tag(TENFOLD_TEXT(TENFOLD_FLAGS))]]
#define TENFOLD_SHARED [[gnu::visibility("default")]]
#define TENFOLD_PRAGMA(...) _Pragma(#__VA_ARGS__)
#else
#define TENFOLD_TAG
#define TENFOLD_SHARED
#endif

// What copies, moves and destroys a public type whose parts are not trivial.
#define TENFOLD_TAGGED_COPIES(type)                       \
  TENFOLD_TAG type(const type&) = default;                \
  TENFOLD_TAG type(type&&) noexcept = default;            \
  TENFOLD_TAG type& operator=(const type&) = default;     \
  TENFOLD_TAG type& operator=(type&&) noexcept = default; \
  TENFOLD_TAG ~type() = default

// A product and a sum are two operations, but in the kernels of levels that have them in one. Of g++'s options each is
// named, because -fno-fast-math does not undo those that were given by themselves.
#if defined(TENFOLD_TEST_WITHOUT_STRICT)  // for the tests, which then have to fail
#define TENFOLD_BEGIN_STRICT
#define TENFOLD_END_STRICT
#elif defined(__clang__)
#define TENFOLD_PRECISE TENFOLD_PRAGMA(float_control(push)) TENFOLD_PRAGMA(float_control(precise, on))
#define TENFOLD_UNFUSED TENFOLD_PRAGMA(clang fp reassociate(off)) TENFOLD_PRAGMA(clang fp contract(off))
#define TENFOLD_BEGIN_STRICT TENFOLD_PRECISE TENFOLD_UNFUSED
#define TENFOLD_END_STRICT TENFOLD_PRAGMA(float_control(pop))
#elif defined(__GNUC__)
#define TENFOLD_STRICT_OPTIONS                                                                                        \
  "no-fast-math", "no-unsafe-math-optimizations", "no-finite-math-only", "no-associative-math", "no-reciprocal-math", \
      "signed-zeros", "trapping-math", "no-rounding-math", "no-signaling-nans", "no-single-precision-constant"
#define TENFOLD_OPTIMIZE(...) TENFOLD_PRAGMA(GCC optimize(__VA_ARGS__))
#define TENFOLD_BEGIN_STRICT \
  TENFOLD_PRAGMA(GCC push_options) TENFOLD_OPTIMIZE(TENFOLD_STRICT_OPTIONS, "fp-contract=off")
#define TENFOLD_END_STRICT TENFOLD_PRAGMA(GCC pop_options)
#else
#define TENFOLD_BEGIN_STRICT
#define TENFOLD_END_STRICT
#endif
