// What the engine's constants follow from: the registers of an instruction set, the caches of a core.
//
// A constant stands where it is used, as a fraction of these, with its reason. The fractions were measured on Zen 4,
// whose cores have these caches, at avx512 and avx2; how wide blocks of few terms are and when to fetch ahead on
// Sapphire Rapids.
#pragma once

#include <tenfold/shape.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

inline constexpr index_t l1_bytes = index_t{32} << 10;
inline constexpr index_t l2_bytes = index_t{1} << 20;
inline constexpr index_t l3_bytes = index_t{16} << 20;  // what a core may hope for

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

// The registers of a level: so many vectors of so many bytes. foreach_isa.hpp chooses a row for each text that it
// compiles, and the kernels' tiles follow from it.
//
//              bytes  registers
//   avx512     64     32
//   avx2       32     16
//   base       16     16, on AArch64 32
#if defined(__aarch64__)
#define TENFOLD_BASE_REGISTERS 32
#else
#define TENFOLD_BASE_REGISTERS 16
#endif
