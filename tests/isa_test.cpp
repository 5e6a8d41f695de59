// Which instruction set runs: from the processor's answers and TENFOLD_ISA to a level, or to an error that can be read.
#include <tenfold/detail/isa.hpp>
#include <tenfold/tenfold.hpp>

#include "support.hpp"

#include <span>

namespace {

using namespace tenfold_test;
using tf::isa;
using tf::detail::cpu_answers;

struct processor {
  const char* name;
  cpu_answers answers;
  isa best;
};

// Registers as the processors give them; of the features only those that count are set.
constexpr std::uint32_t fma = 1U << 12, osxsave = 1U << 27, avx = 1U << 28, f16c = 1U << 29;        // leaf 1, ecx
constexpr std::uint32_t avx2 = 1U << 5, f = 1U << 16, dq = 1U << 17, bw = 1U << 30, vl = 1U << 31;  // leaf 7, ebx
constexpr std::uint32_t x87 = 1U << 0, xmm = 1U << 1, ymm = 1U << 2, masks_and_zmm = 7U << 5;       // XCR0

constexpr processor processors[] = {
    {"unknown", {}, isa::base},
    {"nehalem", {0, 0, 0}, isa::base},
    {"sandy_bridge", {osxsave | avx, 0, x87 | xmm | ymm}, isa::base},
    {"avx2_without_fma", {osxsave | avx, avx2, x87 | xmm | ymm}, isa::base},  // VIA's Eden X4
    {"haswell", {fma | f16c | osxsave | avx, avx2, x87 | xmm | ymm}, isa::avx2},
    {"haswell_that_does_not_save_ymm", {fma | f16c | osxsave | avx, avx2, x87 | xmm}, isa::base},
    {"haswell_without_xsave", {fma | f16c | avx, avx2, 0}, isa::base},  // Linux booted with noxsave
    {"haswell_whose_avx2_is_masked", {fma | f16c | osxsave | avx, 0, x87 | xmm | ymm}, isa::base},
    {"haswell_whose_f16c_is_masked", {fma | osxsave | avx, avx2, x87 | xmm | ymm}, isa::base},
    {"knights_landing", {fma | f16c | osxsave | avx, avx2 | f, x87 | xmm | ymm | masks_and_zmm}, isa::avx2},
    {"skylake_x", {fma | f16c | osxsave | avx, avx2 | f | dq | bw | vl, x87 | xmm | ymm | masks_and_zmm}, isa::avx512},
    {"skylake_x_that_does_not_save_zmm",
     {fma | f16c | osxsave | avx, avx2 | f | dq | bw | vl, x87 | xmm | ymm},
     isa::avx2},
    {"skylake_x_that_saves_zmm_in_part",
     {fma | f16c | osxsave | avx, avx2 | f | dq | bw | vl, x87 | xmm | ymm | 3U << 5},
     isa::avx2},
    {"avx512_without_dq", {fma | f16c | osxsave | avx, avx2 | f | bw | vl, x87 | xmm | ymm | masks_and_zmm}, isa::avx2},
    {"avx512_without_avx2", {fma | f16c | osxsave | avx, f | dq | bw | vl, x87 | xmm | ymm | masks_and_zmm}, isa::base},
};

TEST(BestIsa, FollowsFromTheProcessorsAnswers) {
  for (const processor& p : processors) EXPECT_EQ(tf::detail::best_isa(p.answers), p.best) << p.name;
}

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
/// As the compiler's runtime library sees it.
isa best_by_builtin() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return isa::base;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
             ? isa::avx512
             : isa::avx2;
}

isa asked_early;
[[gnu::constructor(101)]] void ask_early() { asked_early = tf::detail::machine_isa(); }  // no user's may be earlier

TEST(BestIsa, OfThisMachineIsTheBuiltins) { EXPECT_EQ(tf::detail::best_isa(tf::detail::ask_cpu()), best_by_builtin()); }

TEST(BestIsa, IsKnownToTheFirstConstructor) { EXPECT_EQ(asked_early, best_by_builtin()); }
#endif

constexpr isa all[] = {isa::avx512, isa::avx2, isa::base};
constexpr isa from_avx2[] = {isa::avx512, isa::avx2};
constexpr isa only_avx512[] = {isa::avx512};
constexpr isa only_base[] = {isa::base};

struct choice {
  std::span<const isa> compiled;
  isa machine;
  const char* environment;
  isa chosen;
};

TEST(ChooseIsa, TakesTheBestOrTheOneNamed) {
  const choice choices[] = {
      {all, isa::avx512, nullptr, isa::avx512},     {all, isa::avx2, nullptr, isa::avx2},
      {all, isa::base, nullptr, isa::base},         {all, isa::avx512, "", isa::avx512},
      {all, isa::avx512, "avx512", isa::avx512},    {all, isa::avx512, "avx2", isa::avx2},
      {all, isa::avx512, "base", isa::base},        {all, isa::base, "base", isa::base},
      {from_avx2, isa::avx512, "avx2", isa::avx2},  {from_avx2, isa::avx2, nullptr, isa::avx2},
      {only_base, isa::avx512, nullptr, isa::base},
  };
  for (const choice& c : choices)
    EXPECT_EQ(tf::detail::choose_isa(c.compiled, c.machine, c.environment), c.chosen)
        << (c.environment ? c.environment : "unset") << ", of " << c.compiled.size();
}

struct refusal {
  std::span<const isa> compiled;
  isa machine;
  const char* environment;
  const char* text;
};

TEST(ChooseIsa, SaysWhatThereIs) {
  const refusal refusals[] = {
      {all, isa::avx512, "avx1024",
       "TENFOLD_ISA is 'avx1024', which is not the name of an instruction set; this program and machine have: avx512, "
       "avx2, base"},
      {all, isa::avx512, "AVX2",
       "TENFOLD_ISA is 'AVX2', which is not the name of an instruction set; this program and machine have: avx512, "
       "avx2, base"},
      {all, isa::avx2, "avx512",
       "TENFOLD_ISA is 'avx512', which this machine lacks; this program and machine have: avx2, base"},
      {from_avx2, isa::avx2, "base",
       "TENFOLD_ISA is 'base', which this program is not compiled for; this program and machine have: avx2"},
      {only_avx512, isa::avx2, "avx512",
       "TENFOLD_ISA is 'avx512', which this machine lacks; this program and machine have: none"},
      {only_avx512, isa::avx2, nullptr,
       "this program is compiled for processors with avx512, which this machine lacks; without -march and -m flags the "
       "kernels are chosen at run time"},
      {from_avx2, isa::base, "",
       "this program is compiled for processors with avx2, fma and f16c, which this machine lacks; without -march and "
       "-m flags the kernels are chosen at run time"},
  };
  for (const refusal& r : refusals)
    EXPECT_EQ(error_of([&] { (void)tf::detail::choose_isa(r.compiled, r.machine, r.environment); }), r.text);
}

}  // namespace
