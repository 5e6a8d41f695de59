// load_onnx: the networks of golden/onnx, as PyTorch's exporters write them, against what PyTorch answers.
#include "network_answers.hpp"

#include <tenfold/onnx_file.hpp>

#include <filesystem>
#include <ostream>

namespace {

using namespace tenfold_test;
namespace fs = std::filesystem;
using tf::index_t;

struct network {
  fs::path path;

  friend void PrintTo(const network& n, std::ostream* stream) { *stream << n.path.stem().string(); }
};

std::vector<network> networks() {
  std::vector<network> found;
  for (const auto& entry : fs::directory_iterator(fs::path(TENFOLD_GOLDEN_DIR) / "onnx"))
    if (entry.path().extension() == ".onnx") found.push_back({entry.path()});
  std::sort(found.begin(), found.end(), [](const network& a, const network& b) { return a.path < b.path; });
  return found;
}

using tensors = std::map<std::string, tf::any_tensor>;

struct call {
  tensors inputs, outputs;
};

std::vector<call> calls_of(const fs::path& model) {
  const tf::safetensors::file file(fs::path(model).replace_extension(".safetensors").string());
  std::vector<call> calls;
  for (const auto& listed : nlohmann::json::parse(file.metadata().at("calls"))) {
    call c;
    for (const auto& [name, key] : listed.at(0).items()) c.inputs[name] = tensor_of(file, key);
    for (const auto& [name, key] : listed.at(1).items()) c.outputs[name] = tensor_of(file, key);
    calls.push_back(std::move(c));
  }
  return calls;
}

void expect_answers(const tf::net& net, const call& c, const tf::context& ctx, const std::string& how) {
  std::vector<tf::named_view> inputs;
  for (const auto& [name, x] : c.inputs) inputs.emplace_back(name, view_of(x));
  const tf::named_tensors outputs = net.run(inputs, ctx);
  EXPECT_EQ(outputs.size(), c.outputs.size());
  for (const auto& [name, y] : outputs) expect_close(y, c.outputs.at(name), name + how);
}

struct Golden : testing::TestWithParam<network> {};

TEST_P(Golden, GivesWhatPyTorchGives) {
  const tf::net net = tf::load_onnx(GetParam().path);
  const std::vector<call> calls = calls_of(GetParam().path);
  ASSERT_FALSE(calls.empty());
  for (const call& c : calls) {
    for (const tf::isa level : available_isas())
      expect_answers(net, c, on(level), " on " + std::string(tf::name_of(level)));
    expect_answers(net, c, on_threads(3), " on threads");
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Golden, testing::ValuesIn(networks()),
                         [](const auto& one) { return one.param.path.stem().string(); });

}  // namespace
