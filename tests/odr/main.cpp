// Parts that were compiled under different flags make one program: each works as its own flags say, none gets another's
// code, and tenfold's types go between them. This file is compiled plainly; whose inline functions the linker keeps is
// up to the order of the link.
#include "part.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

// PARTS is EACH_PART(plain) EACH_PART(fast) ...
#define EACH_PART(name) extern const part part_##name;
PARTS
#undef EACH_PART

namespace {

namespace tf = tenfold;

#define EACH_PART(name) &part_##name,
const part* const parts[] = {PARTS};
#undef EACH_PART
constexpr tf::isa levels[] = {tf::isa::avx512, tf::isa::avx2, tf::isa::base};
constexpr const char* text =
    "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1";

constexpr unsigned flush_to_zero = 0x8040;  // and denormals-are-zero

int failures = 0;

void expect(bool ok, const char* name, const char* what) {
  if (ok) return;
  ++failures;
  std::printf("%s: WRONG: %s\n", name, what);
}

bool runs_here(const part& p) {
  if (!std::strcmp(p.needs, "avx512"))
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
  if (!std::strcmp(p.needs, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
  if (!std::strcmp(p.needs, "fma")) return __builtin_cpu_supports("fma");
  return true;
}

struct answer {
  const char* operation;
  std::uint64_t bits;
};
answer answers[512];
int answer_count = 0;
int compared = 0;
const char* comparing = nullptr;

void keep(const char* operation, std::uint64_t bits) { answers[answer_count++] = {operation, bits}; }

/// Parts with fewer operations than the first have its first ones.
void compare(const char* operation, std::uint64_t bits) {
  const answer& right = answers[compared++];
  expect(std::strcmp(right.operation, operation) == 0 && right.bits == bits, comparing, operation);
}

void refused_here() { tf::max_pool2d(tf::tensor<float>({1, 1, 4, 4}), {.kernel_size = 2, .padding = 2}); }

void check(const part& p) {
  const part& plain = *parts[0];
  for (const tf::isa level : levels) {
    if (!plain.has_level(level) || !p.has_level(level)) continue;
    answer_count = compared = 0;
    comparing = p.name;
    plain.operations(level, keep);
    p.operations(level, compare);
    expect(compared > 0, p.name, "no operation");
    tf::context ctx = p.two_threads();
    ctx.isa = level;
    if (p.layer) {
      const std::uint64_t right = plain.run_layer(plain.layer(ctx), ctx);
      expect(plain.run_layer(p.layer(ctx), ctx) == right, p.name, "a layer of its own, run by the plain part");
      expect(p.run_layer(plain.layer(ctx), ctx) == right, p.name, "a layer of the plain part, run by it");
      const unsigned mode = __builtin_ia32_stmxcsr();  // as -ffast-math sets it in programs that it links
      __builtin_ia32_ldmxcsr(mode | flush_to_zero);
      expect(p.run_layer(p.layer(ctx), ctx) == right, p.name, "a layer of normal numbers with flush-to-zero");
      __builtin_ia32_ldmxcsr(mode);
    }
  }
  expect(p.sum(plain.ramp({2, 5})) == 45, p.name, "a tensor of the plain part");
  expect(plain.sum(p.ramp({2, 5})) == 45, p.name, "a tensor of its own in the plain part");
  expect(p.default_context() == &tf::default_context(), p.name, "another default_context()");
  if (!p.throws) return;
  expect(p.catches(refused_here, text), p.name, "an error of the plain part, caught by it");
  try {
    p.refused();
    expect(false, p.name, "no error");
  } catch (const tf::error& e) {
    expect(!std::strcmp(e.what(), text), p.name, "an error of its own, caught by the plain part");
  }
}

void last_words(const char* said) {
  expect(!std::strcmp(said, text), "error handler", said);
  std::printf("%d failures\n", failures);
  std::fflush(stdout);
  std::_Exit(failures ? EXIT_FAILURE : EXIT_SUCCESS);
}

}  // namespace

int main() {
  const part* silent = nullptr;
  for (const part* p : parts) {
    const bool runs = runs_here(*p);
    std::printf("%s: %s\n", p->name, runs ? "runs" : "not on this machine");
    if (!runs) continue;
    check(*p);
    if (!p->throws) silent = p;
  }
  tf::set_error_handler(last_words);
  if (!silent) last_words(text);
  expect(silent->set_error_handler(last_words) == last_words, silent->name, "another error handler");
  silent->refused();  // it cannot throw, so this ends in the handler
}
