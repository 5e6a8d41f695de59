// Runs folders of the form that ONNX's own tests have: model.onnx, and test_data_set_N with input_I.pb and output_I.pb.
// They are named on the standard input, a line each; what became of each is a line on the standard output.
#include <tenfold/net.hpp>
#include <tenfold/onnx_file.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace {

namespace tf = tenfold;
namespace onnx = tf::detail::onnx;
using std::filesystem::path;

/// Of a number, beside 0, and of the greatest number of its tensor. The file `tolerance` may tell others.
struct tolerance {
  double relative = 1e-3, absolute = 1e-7, scaled = 0;  // those of ONNX's own runner
};

/// A tensor of a file.
tf::constant tensor_at(const path& file) {
  tf::detail::budget memory(tf::index_t{1} << 30, "this program");
  const tf::detail::owned_bytes bytes = tf::detail::map_file(file, memory);
  onnx::external_files none({}, memory);
  const onnx::tensor_reader reader(bytes, none, memory);
  return reader.read(
      onnx::read_tensor({reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()}, memory));
}

template <class T>
bool near_to(T got, T expected, const tolerance& t) {
  if constexpr (std::floating_point<T>) {
    if (std::isnan(expected) || std::isinf(expected)) return std::isnan(expected) ? std::isnan(got) : got == expected;
    return std::abs(double{got} - double{expected}) <= t.absolute + t.relative * std::abs(double{expected});
  }
  return got == expected;
}

/// What tells them apart; empty where nothing does.
std::string difference(const tf::any_view& got, const tf::any_view& expected, const tolerance& t) {
  if (got.type() != expected.type())
    return std::string("type ") + tf::detail::name_of(got.type()) + " for " + tf::detail::name_of(expected.type());
  if (!(got.shape() == expected.shape()))
    return "shape " + to_string(got.shape()) + " for " + to_string(expected.shape());
  return tf::detail::with_dtype(got.type(), [&]<class T>(T) -> std::string {
    const auto a = got.view<T>(), b = expected.view<T>();
    tolerance at_scale = t;
    for (tf::index_t i = 0; i < b.size(); ++i) {
      const double size = t.scaled * std::abs(static_cast<double>(b.data()[i]));
      if (size < std::numeric_limits<double>::infinity()) at_scale.absolute = std::max(at_scale.absolute, size);
    }
    for (tf::index_t i = 0; i < a.size(); ++i)
      if (!near_to(a.data()[i], b.data()[i], at_scale))
        return "element " + std::to_string(i) + " is " + std::to_string(a.data()[i]) + " for " +
               std::to_string(b.data()[i]);
    return {};
  });
}

/// A call of a case: the tensors in the order of the graph's inputs.
struct expectation {
  std::vector<tf::constant> inputs, outputs;
};

expectation read_call(const tf::graph& graph, const path& folder) {
  expectation call;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i)
    call.inputs.push_back(tensor_at(folder / ("input_" + std::to_string(i) + ".pb")));
  for (std::size_t i = 0; i < graph.outputs.size(); ++i)
    call.outputs.push_back(tensor_at(folder / ("output_" + std::to_string(i) + ".pb")));
  return call;
}

/// Runs the graph with all but the first inputs as weights.
std::string run_call(tf::graph graph, const expectation& call, std::size_t first_inputs, const tolerance& t) {
  std::vector<std::pair<std::string, tf::any_view>> given;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    if (i < first_inputs)
      given.emplace_back(graph.inputs[i].name, call.inputs[i]);
    else
      graph.constants[graph.inputs[i].name] = call.inputs[i];
  }
  graph.inputs.resize(given.size());
  const std::vector<tf::named_view> views(given.begin(), given.end());
  const tf::named_tensors outputs = tf::net(std::move(graph)).run(views);
  std::size_t i = 0;
  for (const auto& [name, output] : outputs) {
    const tf::any_view got = std::visit([](const auto& x) { return tf::any_view(x); }, output);
    if (const std::string text = difference(got, call.outputs.at(i++), t); !text.empty()) return name + ": " + text;
  }
  return i == call.outputs.size() ? "" : "outputs are missing";
}

/// The same with as few weights as its operations need.
std::string run_call(const tf::graph& graph, const expectation& call, const tolerance& t) {
  for (const std::size_t first : {graph.inputs.size(), std::size_t{1}}) {
    try {
      return run_call(graph, call, first, t);
    } catch (const tf::error& e) {
      if (std::string_view(e.what()).find("has to be known before the net runs") == std::string_view::npos) throw;
    }
  }
  return run_call(graph, call, 0, t);
}

std::string run_calls(const tf::graph& graph, const path& folder) {
  tolerance t;
  if (std::ifstream in(folder / "tolerance"); in) in >> t.relative >> t.absolute >> t.scaled;
  for (int call = 0;; ++call) {
    const path data = folder / ("test_data_set_" + std::to_string(call));
    if (!std::filesystem::exists(data)) return call == 0 ? "no data" : "";
    if (const std::string text = run_call(graph, read_call(graph, data), t); !text.empty()) return text;
  }
}

/// Lines behind the first stand further to the right.
void tell(const char* what, const path& folder, std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 3) text.replace(at, 1, "\n  ");
  std::printf("%s %s: %s\n", what, folder.string().c_str(), text.c_str());
  std::fflush(stdout);
}

void run_case(const path& folder) {
  std::optional<tf::graph> graph;
  try {
    graph = tf::read_onnx(folder / "model.onnx");
  } catch (const tf::error& e) {
    return tell("refused", folder, e.what());
  }
  try {
    const std::string text = run_calls(*graph, folder);
    tell(text.empty() ? "passed" : "failed", folder, text);
  } catch (const std::exception& e) {
    tell("failed", folder, e.what());
  }
}

}  // namespace

int main() {
  for (std::string folder; std::getline(std::cin, folder);) run_case(folder);
}
