// Runs a network of a file: `run_net --help`.
#include "options.hpp"
#include "tensors.hpp"

#include "common/layers.hpp"
#include "common/threads.hpp"

#if defined(RUN_NET_READS_ONNX)
#include <tenfold/onnx_file.hpp>
#endif
#if defined(RUN_NET_READS_PT2)
#include <tenfold/pt2_file.hpp>
#endif
#include <tenfold/net.hpp>

#include <unistd.h>  // isatty

#include <chrono>
#include <cstdio>
#include <exception>
#include <new>  // bad_alloc

namespace {

namespace tf = tenfold;

/// By the file's ending.
tf::net load(const std::string& path) {
#if defined(RUN_NET_READS_PT2)
  if (path.ends_with(".pt2")) return tf::load_pt2(path);
#endif
#if defined(RUN_NET_READS_ONNX)
  if (!path.ends_with(".pt2")) return tf::load_onnx(path);
#endif
  throw tf::error(path + ": run_net was built without what reads such files");
}

tf::net_options options_of(const run_net::options& o) {
  if (o.weights.empty()) return {};
  return {.weights = o.weights == "fp16" ? tf::stored::fp16 : tf::stored::bf16};
}

void print_interface(const tf::net& net) {
  for (const std::string& name : net.inputs())
    for (const tf::graph_input& input : net.description().inputs) {
      if (input.name != name) continue;
      std::string sizes = "of any shape";
      if (input.sizes) {
        sizes = "(";
        for (const tf::index_t size : *input.sizes)
          sizes += (sizes.size() > 1 ? ", " : "") + (size < 0 ? "?" : std::to_string(size));
        sizes += ")";
      }
      std::printf("input   %-24s %s %s\n", name.c_str(), tf::detail::name_of(input.type), sizes.c_str());
    }
  for (const std::string& name : net.outputs()) std::printf("output  %s\n", name.c_str());
}

/// A bar on a terminal while the weights are read and packed, if that takes longer than a moment.
tf::plan_progress progress_bar() {
  using clock = std::chrono::steady_clock;
  if (!isatty(fileno(stderr))) return {};
  return [start = clock::now(), shown = false](std::size_t ready, std::size_t layers) mutable {
    if (!shown && clock::now() - start < std::chrono::milliseconds(300)) return;
    shown = true;
    constexpr std::size_t width = 40;
    const std::size_t done = ready * width / layers;
    std::fprintf(stderr, "\rpacking weights [%.*s%*s] %zu/%zu%s", static_cast<int>(done),
                 "########################################", static_cast<int>(width - done), "", ready, layers,
                 ready == layers ? "\n" : "");
  };
}

tf::index_t weight_bytes(const tf::net& net) {
  tf::index_t bytes = 0;
  for (const auto& [name, x] : net.description().constants)
    bytes += x.shape().elements() * tf::detail::bytes_of(x.type());
  return bytes;
}

bool run(const run_net::options& options) {
  const tf::net net(load(options.model).description(), options_of(options));
  const std::vector<run_net::given> inputs = run_net::inputs_of(net, options);
  if (inputs.empty()) {
    print_interface(net);
    return true;
  }
  const tf::context ctx = make_context(options.threads);
  std::vector<tf::named_view> views;
  std::vector<tf::named_shape> shapes;
  for (const run_net::given& input : inputs) {
    views.emplace_back(input.name, input.tensor);
    shapes.emplace_back(input.name, input.tensor.shape());
  }
  const tf::plan_report plan = net.plan(shapes, ctx, progress_bar());
  const layers::timed_run result = layers::run_timed(net, views, ctx);

  if (options.profile) layers::print_table(result, true);
  if (!options.bars.empty()) layers::write_bars(options.bars, result);
  constexpr double mib = 1 << 20;
  std::printf("%zu layers in %.3f ms, the median of %zu run%s, on %d thread%s, %s\n", plan.layers, result.seconds * 1e3,
              result.runs, result.runs == 1 ? "" : "s", options.threads, options.threads == 1 ? "" : "s",
              std::string(name_of(tf::active_isa())).c_str());
  std::printf("memory: weights %.1f MiB, tensors %.1f MiB (at least %.1f), scratch %.1f MiB\n",
              static_cast<double>(weight_bytes(net)) / mib, static_cast<double>(plan.arena_bytes) / mib,
              static_cast<double>(plan.least_arena_bytes) / mib, static_cast<double>(plan.workspace_bytes) / mib);

  const std::string wanted = options.output.empty() ? net.outputs().front() : options.output;
  for (const auto& [name, x] : result.output) {
    const tf::any_view view = std::visit([](const auto& y) { return tf::any_view(y); }, x);
    std::printf("output  %s: %s of %s\n", name.c_str(), tf::detail::name_of(view.type()),
                to_string(view.shape()).c_str());
    if (name != wanted) continue;
    if (!options.out.empty()) run_net::write_output(options.out, view);
    if (!options.compare.empty() && !run_net::compare(options.compare, view)) return false;
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const run_net::options options = run_net::parse_options(count, arguments);
    if (options.help) {
      run_net::print_help();
      return 0;
    }
    return run(options) ? 0 : 1;
  } catch (const std::bad_alloc&) {
    std::fputs("run_net: not enough memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "run_net: %s\n", e.what());
  }
  return 2;
}
