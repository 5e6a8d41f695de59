// Which instruction sets the kernels are compiled for, and which one runs.
#pragma once

#include <tenfold/context.hpp>

#include <cstdlib>  // getenv

// The levels that this translation unit compiles, from what the compiler may do:
//   on x86 with GCC or clang all three, each in its own target region, unless the user's flags already promise more
//   than the lower ones; everywhere else the base text, with whatever the flags allow.
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define TENFOLD_COMPILES_AVX512 1
#define TENFOLD_COMPILES_AVX2 0
#define TENFOLD_COMPILES_BASE 0
#elif defined(__AVX2__) && defined(__FMA__)
#define TENFOLD_COMPILES_AVX512 1
#define TENFOLD_COMPILES_AVX2 1
#define TENFOLD_COMPILES_BASE 0
#else
#define TENFOLD_COMPILES_AVX512 1
#define TENFOLD_COMPILES_AVX2 1
#define TENFOLD_COMPILES_BASE 1
#endif
#else
#define TENFOLD_COMPILES_AVX512 0
#define TENFOLD_COMPILES_AVX2 0
#define TENFOLD_COMPILES_BASE 1
#endif

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
namespace detail {

struct isa_entry {
  isa level;
  std::string_view name;
  bool (*available)();
};

/// Best first; the last one runs wherever this program runs.
inline constexpr isa_entry isa_list[] = {
#if TENFOLD_COMPILES_AVX512
    {isa::avx512, "avx512",
     [] {
       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
     }},
#endif
#if TENFOLD_COMPILES_AVX2
    {isa::avx2, "avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
#endif
#if TENFOLD_COMPILES_BASE
    {isa::base, "base", [] { return true; }},
#endif
};

/// The best level that the machine has, or the one that TENFOLD_ISA names.
inline isa detect_isa() {
  const char* forced = std::getenv("TENFOLD_ISA");
  for (const isa_entry& entry : isa_list)
    if (entry.available() && (!forced || !*forced || forced == entry.name)) return entry.level;
  raise({"TENFOLD_ISA is '", forced, "', which is not the name of an instruction set that this program and machine have"});
}

inline isa chosen_isa(const context& ctx) {
  if (!ctx.isa) {
    static const isa detected = detect_isa();
    return detected;
  }
  for (const isa_entry& entry : isa_list)
    if (entry.level == *ctx.isa && entry.available()) return entry.level;
  raise("context::isa asks for an instruction set that this program or machine lacks");
}

}  // namespace detail

/// The instruction set of calls whose context names none: the best one, or what the environment variable TENFOLD_ISA
/// (base, avx2 or avx512; read once) says.
inline isa active_isa() { return detail::chosen_isa(context{}); }

inline std::string_view name_of(isa level) {
  for (const detail::isa_entry& entry : detail::isa_list)
    if (entry.level == level) return entry.name;
  return "unavailable";
}

/// Calls visit(isa) for every level that this program and machine have, best first.
template <class Visitor>
void for_each_available_isa(Visitor visit) {
  for (const detail::isa_entry& entry : detail::isa_list)
    if (entry.available()) visit(entry.level);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
