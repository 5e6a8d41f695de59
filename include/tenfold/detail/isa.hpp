// Which instruction sets the kernels are compiled for, and which one runs.
#pragma once

#include <tenfold/context.hpp>

#include <cstdlib>  // getenv
#include <span>

// The levels that this translation unit compiles, from what the compiler may do:
//   on x86 with GCC or clang all three, each in its own target region, unless the user's flags already promise more
//   than the lower ones; everywhere else the base text, with whatever the flags allow.
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define TENFOLD_COMPILES_AVX512 1
#define TENFOLD_COMPILES_AVX2 0
#define TENFOLD_COMPILES_BASE 0
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
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

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// Best first. The flags of the translation unit promise the last one.
inline constexpr isa isa_list[] = {
#if TENFOLD_COMPILES_AVX512
    isa::avx512,
#endif
#if TENFOLD_COMPILES_AVX2
    isa::avx2,
#endif
#if TENFOLD_COMPILES_BASE
    isa::base,
#endif
};

inline constexpr const char* isa_names[] = {"base", "avx2", "avx512"};  // by isa

/// What the processor says of itself: three registers of x86.
struct cpu_answers {
  std::uint32_t features = 0;       // ecx of CPUID leaf 1
  std::uint32_t more_features = 0;  // ebx of CPUID leaf 7
  std::uint32_t saved_state = 0;    // XCR0: the registers that the operating system keeps for each thread
};

// Not __builtin_cpu_supports: its answers wait for a constructor of libgcc's, which is too late for a program's own
// early ones, and zig c++ links without them. CPUID may take tens of microseconds in a virtual machine: ask once.
inline cpu_answers ask_cpu() {
  cpu_answers answers;
#if TENFOLD_COMPILES_AVX512
  const auto cpuid = [](std::uint32_t leaf, std::uint32_t(&registers)[4]) {
    __asm__ volatile("cpuid"
                     : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
                     : "a"(leaf), "c"(0));
  };
  std::uint32_t registers[4];
  cpuid(0, registers);
  const std::uint32_t last_leaf = registers[0];
  if (last_leaf < 7) return answers;
  cpuid(1, registers);
  answers.features = registers[2];
  cpuid(7, registers);
  answers.more_features = registers[1];
  if (answers.features >> 27 & 1) {  // OSXSAVE: XGETBV may be asked
    std::uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(answers.saved_state), "=d"(high) : "c"(0));
  }
#endif
  return answers;
}

/// The best level of a processor with these answers. As in libgcc's cpuinfo.c and compiler-rt's, AVX needs the consent
/// of the operating system, which is XCR0's bits of xmm and ymm, and AVX-512 those of the masks and of zmm as well.
/// (macOS sets the latter at the first use only, so avx2 runs there.)
constexpr isa best_isa(const cpu_answers& cpu) {
  const auto has = [](std::uint32_t answer, std::uint32_t bits) { return (answer & bits) == bits; };
  constexpr std::uint32_t fma = 1U << 12, avx = 1U << 28, f16c = 1U << 29, avx2 = 1U << 5;
  constexpr std::uint32_t f = 1U << 16, dq = 1U << 17, bw = 1U << 30, vl = 1U << 31;
  if (!has(cpu.features, fma | avx | f16c) || !has(cpu.more_features, avx2) || !has(cpu.saved_state, 0x06))
    return isa::base;
  return has(cpu.more_features, f | dq | bw | vl) && has(cpu.saved_state, 0xe6) ? isa::avx512 : isa::avx2;
}

/// The best level of this machine, whether or not it has been compiled.
inline isa machine_isa() {
  static const isa best = best_isa(ask_cpu());
  return best;
}

constexpr bool is_compiled(isa level, std::span<const isa> compiled) {
  for (const isa entry : compiled)
    if (entry == level) return true;
  return false;
}

/// Refuses a level, null where the name is nobody's.
[[noreturn]] TENFOLD_COLD inline void raise_isa(const char* setting, const char* name, const isa* level,
                                                std::span<const isa> compiled, isa machine) {
  std::string there;
  for (const isa entry : compiled)
    if (entry <= machine) there += (there.empty() ? "" : ", ") + std::string(isa_names[static_cast<int>(entry)]);
  raise({setting, " is '", name, "', which ",
         !level                          ? "is not the name of an instruction set"
         : is_compiled(*level, compiled) ? "this machine lacks"
                                         : "this program is not compiled for",
         "; this program and machine have: ", there.empty() ? "none" : there.c_str()});
}

/// The level named, or without a name the best one, of those compiled that the machine has.
inline isa choose_isa(std::span<const isa> compiled, isa machine, const char* name) {
  if (name && *name) {
    for (const isa& level : {isa::base, isa::avx2, isa::avx512}) {
      if (name != std::string_view(isa_names[static_cast<int>(level)])) continue;
      if (level <= machine && is_compiled(level, compiled)) return level;
      raise_isa("TENFOLD_ISA", name, &level, compiled, machine);
    }
    raise_isa("TENFOLD_ISA", name, nullptr, compiled, machine);
  }
  for (const isa level : compiled)
    if (level <= machine) return level;
  // An error, though code of the program's own may use what the flags promise: it says more than an illegal instruction
  // does. The texts are whole, so that little code runs before one is out.
  raise(compiled.back() == isa::avx2
            ? "this program is compiled for processors with avx2, fma and f16c, which this machine lacks; without "
              "-march and "
              "-m flags the kernels are chosen at run time"
            : "this program is compiled for processors with avx512, which this machine lacks; without -march and -m "
              "flags the kernels are chosen at run time");
}

/// The best level that the program and the machine have, or the one that TENFOLD_ISA names.
inline isa detect_isa() { return choose_isa(isa_list, machine_isa(), std::getenv("TENFOLD_ISA")); }

inline isa default_isa() {
  static const isa detected = detect_isa();
  return detected;
}

inline isa chosen_isa(const context& ctx) {
  if (!ctx.isa) return default_isa();
  const isa level = *ctx.isa;
  if (level <= machine_isa() && is_compiled(level, isa_list)) return level;
  const bool named = level == isa::base || level == isa::avx2 || level == isa::avx512;
  raise_isa("context::isa", named ? isa_names[static_cast<int>(level)] : "none of its values", named ? &level : nullptr,
            isa_list, machine_isa());
}

/// Null where the level is not compiled.
inline const char* compiled_isa_name(isa level) {
  return is_compiled(level, isa_list) ? isa_names[static_cast<int>(level)] : nullptr;
}

inline bool is_available_isa(isa level) { return is_compiled(level, isa_list) && level <= machine_isa(); }

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
