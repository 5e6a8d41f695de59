// tenfold_bench [--benchmark_...] [layers.txt...]
//
// Names are op/layer/variant/isa/threads, so that --benchmark_filter=conv2d/vgg1_2/prepared/avx2/1 is one of them.
#include "bench.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>  // max
#include <cstring>    // memcpy
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#if defined(_OPENMP)
#include <tenfold/openmp.hpp>

#include <omp.h>  // omp_get_num_procs
#endif

namespace bench {
namespace {

/// A context for one thread, and one for all of them.
std::vector<tf::context> contexts() {
  std::vector<tf::context> all(1);
#if defined(_OPENMP)
  if (omp_get_num_procs() > 1) all.push_back(tf::openmp(omp_get_num_procs()));
#endif
  return all;
}

/// The benchmark whose repetitions are running: its operands live from its first to the first of another one.
struct {
  std::string name;
  measured work;
} running;

void run(benchmark::State& state, const std::string& name, const std::function<measured(const tf::context&)>& make,
         const tf::context& ctx) {
  if (running.name != name) {
    running.work = {};
    running.work = make(ctx);
    running.name = name;
  }
  for (auto _ : state) {
    running.work.call();
    benchmark::ClobberMemory();
  }
  const auto rate = [&](const char* counter, double per_call) {  // shown as 97.3/s
    if (per_call > 0) state.counters[counter] = {per_call * 1e-9, benchmark::Counter::kIsIterationInvariantRate};
  };
  rate("GFLOP", running.work.operations);
  rate("GB", running.work.bytes);
}

void add_layers(const std::string& path) {
  static const std::map<std::string, void (*)(const layer&)> operations = {
      {"gemm", add_gemm},
      {"conv2d", add_conv2d},
      {"conv_transpose2d", add_conv_transpose2d},
      {"conv2d_backward", add_conv2d_backward},
      {"conv_transpose2d_backward", add_conv_transpose2d_backward},
      {"max_pool2d", add_max_pool2d},
      {"max_unpool2d", add_max_unpool2d},
      {"upsample2d", add_upsample2d},
      {"conv1d", add_conv1d},
      {"conv_transpose1d", add_conv_transpose1d},
      {"upsample1d", add_upsample1d},
      {"im2col", add_im2col},
      {"activation", add_activation},
      {"move", add_move},
      {"arithmetic", add_arithmetic},
      {"reduce", add_reduce},
  };
  for (const layer& l : read_layers(path)) {
    const auto operation = operations.find(l.op);
    if (operation == operations.end()) throw std::invalid_argument("no operation is named " + l.op);
    operation->second(l);
  }
}

}  // namespace

void add(const std::string& name, std::function<measured(const tf::context&)> make) {
  tf::for_each_available_isa([&](tf::isa level) {
    for (tf::context ctx : contexts()) {
      ctx.isa = level;
      const std::string full = name + "/" + std::string(tf::name_of(level)) + "/" + std::to_string(ctx.threads);
      benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) { run(state, full, make, ctx); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
  });
}

std::vector<layer> read_layers(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<layer> layers;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    layer l;
    if (!(words >> l.op >> l.name)) continue;
    for (index_t size; words >> size;) l.sizes.push_back(size);
    if (!words.eof()) throw std::invalid_argument(l.op + " " + l.name + ": the sizes are not all numbers");
    layers.push_back(l);
  }
  return layers;
}

measured copy_like(const measured& work, index_t writes, const tf::context& ctx) {
  const index_t piece = 1024;  // 4 KiB, which stay in L1
  const auto floats = static_cast<index_t>(work.bytes / sizeof(float)) / (1 + writes);
  const index_t pieces = std::max<index_t>(1, floats / piece / ctx.threads);  // of each thread
  auto from = random<float>({ctx.threads, pieces, piece});
  auto to = uninitialized<float>({ctx.threads, pieces, writes, piece});
  measured copy{.bytes = bytes_of(from, to)};
  copy.call = [=, from = std::move(from), to = std::move(to)]() mutable {
    auto body = [&](index_t thread) {
      for (index_t i = thread * pieces; i < (thread + 1) * pieces; ++i)
        for (index_t j = 0; j < writes; ++j)
          std::memcpy(to.data() + (i * writes + j) * piece, from.data() + i * piece, piece * sizeof(float));
    };
    ctx.parallel_for(ctx.threads, tf::task(body));
  };
  return copy;
}

}  // namespace bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);  // takes the options that are its own
  std::vector<std::string> files(argv + 1, argv + argc);
  if (files.empty()) files = {TENFOLD_BENCH_LAYERS};
  try {
    bench::add_peaks();
    for (const std::string& file : files) bench::add_layers(file);
  } catch (const std::exception& e) {
    std::cerr << "tenfold_bench: " << e.what() << '\n';
    return 2;
  }
  benchmark::AddCustomContext("tenfold", TENFOLD_BENCH_VERSION);
  benchmark::AddCustomContext("compiler", TENFOLD_BENCH_COMPILER);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
