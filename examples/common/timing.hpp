// Running a net a few times, and what that took.
#pragma once

#include <tenfold/net.hpp>

#include <sys/resource.h>  // getrusage

#include <algorithm>  // nth_element
#include <chrono>
#include <cstdio>  // printf
#include <span>
#include <string>
#include <vector>

namespace runs {

namespace tf = tenfold;

struct timed {
  tf::named_tensors outputs;
  double planned = 0;  // the seconds that the plan took, in which weights are packed
  double seconds = 0;  // the median of the runs
  int count = 0;
  tf::index_t arena_bytes = 0;
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Once where count is 1; else once more before, to warm up.
inline timed run(const tf::net& net, std::span<const tf::named_view> inputs, const tf::context& ctx, int count) {
  timed result;
  result.count = count;
  std::vector<tf::named_shape> shapes;
  for (const auto& [name, x] : inputs) shapes.emplace_back(name, x.shape());
  const auto begin = std::chrono::steady_clock::now();
  result.arena_bytes = net.plan(shapes, ctx).arena_bytes;
  result.planned = seconds_since(begin);
  std::vector<double> seconds;
  if (count > 1) net.run(inputs, ctx);
  for (int i = 0; i < count; ++i) {
    const auto start = std::chrono::steady_clock::now();
    result.outputs = net.run(inputs, ctx);
    seconds.push_back(seconds_since(start));
  }
  std::nth_element(seconds.begin(), seconds.begin() + count / 2, seconds.end());
  result.seconds = seconds[static_cast<std::size_t>(count / 2)];
  return result;
}

/// The most memory that the program had at a time, files that it mapped included. In bytes.
inline double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

/// net: planned in 120 ms, arena 38 MB
/// net: 123.4 ms on 2 threads (median of 5 runs), avx2; peak memory 1234 MB
inline void print(const char* name, const timed& run, int threads) {
  std::printf("%s: planned in %.0f ms, arena %.1f MB\n", name, 1e3 * run.planned,
              static_cast<double>(run.arena_bytes) / 1e6);
  std::printf("%s: %.1f ms on %d thread%s (%s%d run%s), %s; peak memory %.0f MB\n", name, 1e3 * run.seconds, threads,
              threads == 1 ? "" : "s", run.count == 1 ? "" : "median of ", run.count, run.count == 1 ? "" : "s",
              std::string(name_of(tf::active_isa())).c_str(), peak_memory() / 1e6);
}

}  // namespace runs
