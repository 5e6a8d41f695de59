// Random calls of every operation in all their forms; README.md says how to run it and how to repeat a failure.
#include "fuzz.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>  // bad_alloc

#if defined(__GNUC__)
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));
extern "C" const char* __ubsan_default_options();  // so that on_signal hears of it
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }
#endif

namespace tenfold_fuzz {
namespace {

struct operation {
  const char* name;
  void (*run)(round&);
};

constexpr operation operations[] = {
    {"conv2d", conv2d},
    {"conv_transpose2d", conv_transpose2d},
    {"slow_conv_transpose2d", slow_conv_transpose2d},
    {"max_pool2d", max_pool2d},
    {"max_unpool2d", max_unpool2d},
    {"caffe_unpooling", caffe_unpooling},
    {"convert_indices", convert_indices},
    {"im2col", im2col},
    {"col2im", col2im},
    {"upsample2d", upsample2d},
    {"conv1d", conv1d},
    {"conv_transpose1d", conv_transpose1d},
    {"max_pool1d", max_pool1d},
    {"max_unpool1d", max_unpool1d},
    {"avg_pool1d", avg_pool1d},
    {"upsample1d", upsample1d},
    {"grid_sample", grid_sample},
    {"avg_pool2d", avg_pool2d},
    {"reductions", reductions},
    {"normalizations", normalizations},
    {"linear", linear},
    {"elementwise", elementwise},
    {"arithmetic", arithmetic},
    {"activations", activations},
    {"gemm", gemm},
    {"fold_batch_norm", fold_batch_norm},
    {"onnx_pads", onnx_pads},
    {"permute", permute},
    {"cat", cat},
    {"slice", slice},
    {"pad", pad},
    {"pixel_shuffle", pixel_shuffle},
};

struct options {
  std::uint64_t seed = 1;
  index_t rounds = 0;  // 0: no end
  double seconds = 0;  // 0: no end
  std::string only;    // an operation
  bool wide_range = false;
  bool verbose = false;
};

/// What is being done, for a crash to say.
const round* current = nullptr;
std::uint64_t current_seed = 0;
const char* current_name = "";

void say_current() {
  std::fprintf(stderr, "\nrepeat with: --op %s --seed %llu --rounds 1\n%s: %s\n", current_name,
               static_cast<unsigned long long>(current_seed), current_name, current ? current->story.c_str() : "");
  std::fflush(stderr);
}

struct sigaction before_segv, before_bus, before_abrt, before_ill, before_fpe;

void on_signal(int) {
  say_current();
  sigaction(SIGSEGV, &before_segv, nullptr);  // what comes again goes its usual way
  sigaction(SIGBUS, &before_bus, nullptr);
  sigaction(SIGABRT, &before_abrt, nullptr);
  sigaction(SIGILL, &before_ill, nullptr);
  sigaction(SIGFPE, &before_fpe, nullptr);
}

void tell_of_crashes() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGSEGV, &action, &before_segv);
  sigaction(SIGBUS, &action, &before_bus);
  sigaction(SIGABRT, &action, &before_abrt);
  sigaction(SIGILL, &action, &before_ill);
  sigaction(SIGFPE, &action, &before_fpe);
#if defined(__GNUC__)
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_current);
#endif
}

int usage() {
  std::fputs("options: --seed N  --rounds N  --seconds N  --op NAME  --wide-range  --verbose\noperations:", stderr);
  for (const operation& o : operations) std::fprintf(stderr, " %s", o.name);
  std::fputs("\n", stderr);
  return 2;
}

bool parse(int count, char** arguments, options& o) {
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--wide-range") {
      o.wide_range = true;
    } else if (name == "--verbose") {
      o.verbose = true;
    } else if (i + 1 == count) {
      return false;
    } else if (name == "--seed") {
      o.seed = std::strtoull(arguments[++i], nullptr, 10);
    } else if (name == "--rounds") {
      o.rounds = std::strtoll(arguments[++i], nullptr, 10);
    } else if (name == "--seconds") {
      o.seconds = std::strtod(arguments[++i], nullptr);
    } else if (name == "--op") {
      o.only = arguments[++i];
      bool known = false;
      for (const operation& each : operations) known |= o.only == each.name;
      if (!known) return false;
    } else {
      return false;
    }
  }
  return true;
}

/// Convolutions and gemm have the most to go wrong.
const operation& draw_operation(random_source& random) {
  constexpr index_t convolutions = 2;
  if (random.one_in(2)) return operations[random.between(0, convolutions - 1)];
  return operations[random.between(convolutions, std::size(operations) - 1)];
}

int run(const options& o) {
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  index_t calls[std::size(operations)] = {}, refused[std::size(operations)] = {};
  const auto report = [&](index_t rounds) {
    std::printf("%lld rounds in %.0f s:", static_cast<long long>(rounds), seconds());
    for (std::size_t i = 0; i < std::size(operations); ++i)
      std::printf(" %s %lld+%lld", operations[i].name, static_cast<long long>(calls[i]),
                  static_cast<long long>(refused[i]));
    std::printf(" (computed+refused)\n");
    std::fflush(stdout);
  };
  double next_report = 60;
  index_t done = 0;
  for (; (o.rounds == 0 || done < o.rounds) && (o.seconds == 0 || seconds() < o.seconds); ++done) {
    current_seed = o.seed + static_cast<std::uint64_t>(done);  // one round alone is this seed's first
    round r(current_seed);
    r.wide_range = o.wide_range;
    const operation* drawn = &draw_operation(r.random);
    if (!o.only.empty())
      for (const operation& each : operations)
        if (o.only == each.name) drawn = &each;
    const operation& op = *drawn;
    current = &r;
    current_name = op.name;
    try {
      op.run(r);
    } catch (const failure& f) {
      std::fprintf(stderr, "\n%s\n", f.text.c_str());
      say_current();
      return 1;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "\nan exception that nobody expects: %s\n", e.what());
      say_current();
      return 1;
    }
    if (o.verbose)
      std::printf("%llu %s: %s\n", static_cast<unsigned long long>(current_seed), op.name, r.story.c_str());
    calls[&op - operations] += r.calls;
    refused[&op - operations] += r.refused;
    current = nullptr;
    if (seconds() < next_report) continue;
    report(done + 1);
    next_report += 60;
  }
  report(done);
  return 0;
}

}  // namespace
}  // namespace tenfold_fuzz

int main(int count, char** arguments) {
  tenfold_fuzz::options o;
  if (!tenfold_fuzz::parse(count, arguments, o)) return tenfold_fuzz::usage();
  tenfold_fuzz::tell_of_crashes();
  return tenfold_fuzz::run(o);
}
