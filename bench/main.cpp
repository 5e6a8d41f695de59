// tenfold_bench [--benchmark_...] [layers.txt]
//
// Names are op/layer/variant/isa/threads, so that --benchmark_filter=conv2d/vgg1_2/prepared/avx2/1 is one of them.
#include "bench.hpp"

#include <benchmark/benchmark.h>

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

void add_all(const std::string& path) {
  static const std::map<std::string, void (*)(const layer&)> operations = {
      {"gemm", add_gemm},
      {"conv2d", add_conv2d},
      {"conv_transpose2d", add_conv_transpose2d},
      {"max_pool2d", add_max_pool2d},
      {"max_unpool2d", add_max_unpool2d},
      {"upsample2d", add_upsample2d},
      {"im2col", add_im2col},
      {"activation", add_activation},
  };
  add_peaks();
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

}  // namespace bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);  // takes the options that are its own
  if (argc > 2) {
    std::cerr << "usage: tenfold_bench [--benchmark_...] [layers.txt]\n";
    return 2;
  }
  try {
    bench::add_all(argc == 2 ? argv[1] : TENFOLD_BENCH_LAYERS);
  } catch (const std::exception& e) {
    std::cerr << "tenfold_bench: " << e.what() << '\n';
    return 2;
  }
  benchmark::AddCustomContext("tenfold", TENFOLD_BENCH_VERSION);
  benchmark::AddCustomContext("compiler", TENFOLD_BENCH_COMPILER);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
