// What the programs share that damage files: where the randomness comes from, and their rounds.
//
//     NAME [--seed N] [--rounds N] [--seconds N] [--run] FILE...
//
// Each round damages one of the files. What fails says how to repeat it: round n of seed s is round 1 of seed s + n
// - 1.
#pragma once

#include <tenfold/error.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

namespace {

namespace tf = tenfold;
using tf::index_t;

class random_source {
 public:
  explicit random_source(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(engine_() % limit); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class List>
  auto pick(const List& list) {
    return *std::next(std::begin(list), static_cast<std::ptrdiff_t>(below(std::size(list))));
  }

 private:
  std::mt19937_64 engine_;
};

void damage_bytes(std::string& file, random_source& random) {
  for (std::size_t i = random.below(8) + 1; i > 0 && !file.empty(); --i) {
    const std::size_t at = random.below(file.size()),
                      length = random.below(std::min<std::size_t>(file.size() - at, 40));
    switch (random.below(6)) {
      case 0:
        file[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        file[at] = static_cast<char>(file[at] ^ (1 << random.below(8)));
        break;
      case 2:
        file.erase(at, length);
        break;
      case 3:
        file.insert(random.below(file.size()), file.substr(at, length));
        break;
      case 4:
        std::fill_n(file.begin() + static_cast<index_t>(at), length, random.pick("\xff\x80\x7f"));
        break;
      default:
        file[at] = random.pick("\x00\x01\x08\x12\x2a\x3a\x7f\x80\xff");
    }
  }
  if (random.one_in(20)) file.resize(random.below(file.size() + 1));
}

/// An error's text goes to a terminal.
void check_is_printable(const tf::error& e) {
  for (const char* c = e.what(); *c; ++c)
    if ((*c >= 0 && *c < 0x20 && *c != '\n') || *c == 0x7f || static_cast<signed char>(*c) < 0) {
      std::fprintf(stderr, "the error has the character %d: %s\n", *c, e.what());
      std::abort();
    }
}

struct options {
  std::uint64_t seed = 1;
  index_t rounds = 0;  // 0: no end
  double seconds = 0;  // 0: no end
  bool runs = false;
  std::vector<std::string> files;
};

bool parse(int count, char** arguments, options& o) {
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name.starts_with("--") && i + 1 == count) return false;
    if (name == "--run") {
      o.runs = true;
    } else if (name == "--seed") {
      o.seed = std::strtoull(arguments[++i], nullptr, 10);
    } else if (name == "--rounds") {
      o.rounds = std::strtoll(arguments[++i], nullptr, 10);
    } else if (name == "--seconds") {
      o.seconds = std::strtod(arguments[++i], nullptr);
    } else {
      std::ifstream in(name, std::ios::binary);
      o.files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      if (o.files.back().empty()) return false;
    }
  }
  return !o.files.empty();
}

std::uint64_t current_seed = 0;
extern "C" void say_current() {
  std::fprintf(stderr, "\nrepeat with: --seed %llu --rounds 1\n", static_cast<unsigned long long>(current_seed));
}

}  // namespace

#if defined(__GNUC__)
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));
#endif

namespace {

/// Rounds of run_round(files, seed, runs), which says whether the file was taken; what main returns.
template <class Round>
int run_rounds(int count, char** arguments, const Round& run_round) {
  options o;
  if (!parse(count, arguments, o)) {
    std::fputs("options: --seed N  --rounds N  --seconds N  --run  FILE...\n", stderr);
    return 2;
  }
#if defined(__GNUC__)
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_current);
#endif
#if __has_include(<sys/resource.h>)
  if (const rlimit most{std::uint64_t{1} << 32, RLIM_INFINITY}; o.runs) setrlimit(RLIMIT_AS, &most);
#endif
  const auto start = std::chrono::steady_clock::now();
  index_t round = 0, taken = 0;
  for (; o.rounds == 0 || round < o.rounds; ++round) {
    if (o.seconds > 0 && std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > o.seconds)
      break;
    current_seed = o.seed + static_cast<std::uint64_t>(round);
    taken += run_round(o.files, current_seed, o.runs);
  }
  std::printf("%lld rounds, %lld taken\n", static_cast<long long>(round), static_cast<long long>(taken));
  return 0;
}

}  // namespace
