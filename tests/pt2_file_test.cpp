// pt2_file.hpp: the networks of golden/pt2, as torch.export.save writes them before and after run_decompositions,
// against what PyTorch answers; and what files are refused for.
#include "network_answers.hpp"
#include "zip.hpp"

#include <tenfold/pt2_file.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>

namespace {

using namespace tenfold_test;
namespace fs = std::filesystem;
using nlohmann::json;
using tf::index_t;

// ------------------------------------------------------------------------------------------------------------- answers

struct program {
  fs::path path;

  friend void PrintTo(const program& p, std::ostream* stream) { *stream << p.path.stem().string(); }
  fs::path answers() const {
    std::string name = path.stem().string();
    if (name.ends_with("_core")) name.resize(name.size() - 5);
    return path.parent_path() / (name + ".safetensors");
  }
};

std::vector<program> programs() {
  std::vector<program> found;
  for (const auto& entry : fs::directory_iterator(fs::path(TENFOLD_GOLDEN_DIR) / "pt2"))
    if (entry.path().extension() == ".pt2") found.push_back({entry.path()});
  std::sort(found.begin(), found.end(), [](const program& a, const program& b) { return a.path < b.path; });
  return found;
}

struct call {
  std::vector<tf::any_tensor> inputs, outputs;  // in the program's order
};

std::vector<call> calls_of(const program& p) {
  const tf::safetensors::file file(p.answers().string());
  std::vector<call> calls;
  for (const auto& listed : json::parse(file.metadata().at("calls"))) {
    call c;
    for (const auto& key : listed.at(0)) c.inputs.push_back(tensor_of(file, key));
    for (const auto& key : listed.at(1)) c.outputs.push_back(tensor_of(file, key));
    calls.push_back(std::move(c));
  }
  return calls;
}

/// safetensors.hpp reads no bool: the answers have 0 and 1.
tf::any_tensor as_integers(const tf::any_tensor& x) {
  const auto* const flags = std::get_if<tf::tensor<bool>>(&x);
  if (!flags) return x;
  tf::tensor<std::int64_t> result(flags->shape());
  for (index_t i = 0; i < result.size(); ++i) result.data()[i] = flags->data()[i] ? 1 : 0;
  return result;
}

void expect_answers(const tf::net& net, const call& c, const tf::context& ctx, const std::string& how) {
  const std::vector<std::string> names = net.inputs();
  ASSERT_EQ(names.size(), c.inputs.size());
  std::vector<tf::named_view> inputs;
  for (std::size_t i = 0; i < names.size(); ++i) inputs.emplace_back(names[i], view_of(c.inputs[i]));
  const tf::named_tensors outputs = net.run(inputs, ctx);
  ASSERT_EQ(outputs.size(), c.outputs.size());
  std::size_t i = 0;
  for (const auto& [name, y] : outputs) expect_close(as_integers(y), c.outputs[i++], name + how);
}

struct Golden : testing::TestWithParam<program> {};

TEST_P(Golden, GivesWhatPyTorchGives) {
  const tf::net net = tf::load_pt2(GetParam().path);
  const std::vector<call> calls = calls_of(GetParam());
  ASSERT_FALSE(calls.empty());
  for (const call& c : calls) {
    for (const tf::isa level : available_isas())
      expect_answers(net, c, on(level), " on " + std::string(tf::name_of(level)));
    expect_answers(net, c, on_threads(3), " on threads");
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Golden, testing::ValuesIn(programs()),
                         [](const auto& one) { return one.param.path.stem().string(); });

// ----------------------------------------------------------------------------------------------- programs written here

constexpr int float32 = 7, float16 = 6, int64 = 5;

json sizes_of(const std::vector<index_t>& sizes) {
  json result = json::array();
  for (const index_t size : sizes)
    result.push_back(size < 0 ? json{{"as_expr", {{"expr_str", "s0"}}}} : json{{"as_int", size}});
  return result;
}
json meta(const std::vector<index_t>& sizes, int type = float32) {
  std::vector<index_t> strides(sizes.size(), 1);
  for (std::size_t d = sizes.size(); d-- > 1;) strides[d - 1] = strides[d] * sizes[d];
  return {{"dtype", type},
          {"sizes", sizes_of(sizes)},
          {"strides", sizes_of(strides)},
          {"storage_offset", {{"as_int", 0}}},
          {"layout", 7}};
}
json tensor(const std::string& name) { return {{"as_tensor", {{"name", name}}}}; }
json node(const std::string& target, const std::vector<std::pair<std::string, json>>& arguments,
          const std::string& output) {
  json inputs = json::array();
  for (const auto& [name, value] : arguments) inputs.push_back({{"name", name}, {"arg", value}, {"kind", 1}});
  return {{"target", "torch.ops.aten." + target},
          {"inputs", inputs},
          {"outputs", json::array({tensor(output)})},
          {"name", output}};
}

/// A program of x, (2, 3), and w, (3), which gives y; its parts may be changed before it is written.
struct parts {
  json nodes = json::array({node("add.Tensor", {{"self", tensor("x")}, {"other", tensor("w")}}, "y")});
  json values{{"x", meta({2, 3})}, {"w", meta({3})}, {"y", meta({2, 3})}};
  json inputs = json::array({json{{"parameter", {{"arg", {{"name", "w"}}}, {"parameter_name", "layer.w"}}}},
                             json{{"user_input", {{"arg", tensor("x")}}}}});
  json outputs = json::array({json{{"user_output", {{"arg", tensor("y")}}}}});
  json weight{{"path_name", "weight_0"}, {"is_param", true}, {"use_pickle", false}, {"tensor_meta", meta({3})}};
  std::vector<float> elements{1, 2, 3};

  std::vector<zip::record> records() const {
    const json model{{"graph_module",
                      {{"graph", {{"nodes", nodes}, {"tensor_values", values}}},
                       {"signature", {{"input_specs", inputs}, {"output_specs", outputs}}}}}};
    const std::string bytes(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(float));
    return {{"m/data/weights/weight_0", bytes},
            {"m/data/weights/model_weights_config.json", json{{"config", {{"layer.w", weight}}}}.dump()},
            {"m/data/constants/model_constants_config.json", R"({"config": {}})"},
            {"m/models/model.json", model.dump()},
            {"m/byteorder", "little"}};
  }
};

std::span<const std::byte> bytes_of(const std::string& file) { return std::as_bytes(std::span(file)); }
tf::graph read(const std::vector<zip::record>& records, const tf::pt2_options& options = {}) {
  const std::string file = zip::archive(records);
  return tf::read_pt2(bytes_of(file), options);
}
std::string error_in(const std::string& file, const tf::pt2_options& options = {}) {
  const std::string all = error_of([&] { tf::read_pt2(bytes_of(file), options); });
  const std::string prefix = "the program of torch.export: ";
  return all.starts_with(prefix) ? all.substr(prefix.size()) : all;
}
std::string error_in(const std::vector<zip::record>& records, const tf::pt2_options& options = {}) {
  return error_in(zip::archive(records), options);
}
std::string error_with(const std::function<void(parts&)>& change) {
  parts p;
  change(p);
  return error_in(p.records());
}
/// Of the record at that place: 0 the weight, 1 its description, 3 the model.
std::string error_of_record(std::size_t i, const std::function<void(zip::record&)>& change) {
  std::vector<zip::record> records = parts().records();
  change(records[i]);
  return error_in(records);
}
std::string refusal(const std::string& line) { return "it cannot be run, for 1 reason:\n" + line; }

std::vector<float> elements_of(const tf::constant& x) {
  const auto view = x.view<float>();
  return std::vector<float>(view.data(), view.data() + view.size());
}
/// w of the graph.
std::vector<float> weight_with(const std::function<void(parts&)>& change) {
  parts p;
  change(p);
  return elements_of(read(p.records()).constants.at("w"));
}

// ----------------------------------------------------------------------------------------------------- what it becomes

TEST(Pt2File, ProgramBecomesAGraph) {
  const tf::graph g = read(parts().records());
  ASSERT_EQ(g.nodes.size(), 1u);
  EXPECT_EQ(g.nodes[0].op, "add");
  EXPECT_EQ(g.nodes[0].inputs, (std::vector<std::string>{"x", "w"}));
  EXPECT_EQ(g.outputs, std::vector<std::string>{"y"});
  ASSERT_EQ(g.inputs.size(), 1u);
  EXPECT_EQ(*g.inputs[0].sizes, (tf::shape{2, 3}));
  EXPECT_EQ(elements_of(g.constants.at("w")), (std::vector<float>{1, 2, 3}));
}

TEST(Pt2File, SymbolIsASizeThatMayBeAny) {
  parts p;
  p.values["x"] = meta({-1, 3});
  EXPECT_EQ(*read(p.records()).inputs[0].sizes, (tf::shape{-1, 3}));
}

TEST(Pt2File, StoredWeightStaysInTheFile) {
  const fs::path path = fs::temp_directory_path() / "tenfold_pt2_file_test.pt2";
  parts p;
  p.elements.assign(1 << 18, 0.5F);
  p.weight["tensor_meta"] = p.values["w"] = p.values["x"] = p.values["y"] = meta({1 << 18});
  std::ofstream(path, std::ios::binary) << zip::archive(p.records());
  const tf::pt2_options half{.max_bytes = 1 << 19};  // of what the weight takes
  EXPECT_EQ(elements_of(tf::read_pt2(path, half).constants.at("w")), p.elements);
  EXPECT_EQ(error_in(p.records(), half),
            refusal("node \"y\" (aten.add.Tensor): the weight \"layer.w\": it needs more memory than "
                    "pt2_options::max_bytes, which is 524288 bytes"));
  fs::remove(path);
}

TEST(Pt2File, DeflatedRecordsAreRead) {
  std::vector<zip::record> records = parts().records();
  for (zip::record& r : records) r.is_deflated = true;
  const tf::graph g = read(records);
  EXPECT_EQ(elements_of(g.constants.at("w")), (std::vector<float>{1, 2, 3}));
}

TEST(Pt2File, WeightsOfAnyStrides) {
  const auto with = [](std::vector<index_t> strides, index_t offset) {
    return [=](parts& p) {
      p.elements = {0, 1, 2, 3, 4, 5, 6, 7};
      p.weight["tensor_meta"] = meta({2, 3});
      p.weight["tensor_meta"]["strides"] = sizes_of(strides);
      p.weight["tensor_meta"]["storage_offset"] = {{"as_int", offset}};
    };
  };
  EXPECT_EQ(weight_with(with({3, 1}, 2)), (std::vector<float>{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(weight_with(with({1, 2}, 0)), (std::vector<float>{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(weight_with(with({0, 3}, 1)), (std::vector<float>{1, 4, 7, 1, 4, 7}));
  EXPECT_EQ(error_with(with({3, 1}, 3)), refusal("node \"y\" (aten.add.Tensor): the weight \"layer.w\": its element 8 "
                                                 "is to be in a storage of 8 elements"));
}

// ------------------------------------------------------------------------------------------------------------ refusals

TEST(Pt2File, AllThatIsUnsupportedIsNamed) {
  parts p;
  p.nodes = json::array({node("fft_rfft.default", {{"self", tensor("x")}}, "a"),
                         node("gelu.default", {{"self", tensor("a")}, {"how", {{"as_int", 1}}}}, "b"),
                         node("add.Tensor", {{"self", tensor("b")}, {"other", tensor("nowhere")}}, "y")});
  p.values["a"] = p.values["b"] = meta({2, 3});
  EXPECT_EQ(error_in(p.records()),
            "it cannot be run, for 3 reasons:\n"
            "node \"a\" (aten.fft_rfft.default): the operator is not supported\n"
            "node \"b\" (aten.gelu.default): argument \"how\" is not supported\n"
            "node \"y\" (aten.add.Tensor): it reads \"nowhere\", which no input, weight or node before makes");
}

TEST(Pt2File, OverwrittenElementsAreNotRead) {
  const auto first = node("relu_.default", {{"self", tensor("v")}}, "r");
  const auto view = node("view.default", {{"self", tensor("x")}, {"size", {{"as_ints", {3, 2}}}}}, "v");
  parts p;
  p.values["v"] = p.values["r"] = meta({3, 2});
  p.nodes = json::array({view, first, node("neg.default", {{"self", tensor("r")}}, "y")});
  EXPECT_EQ(error_in(p.records()), "");
  p.nodes = json::array({view, first, node("neg.default", {{"self", tensor("x")}}, "y")});
  EXPECT_EQ(error_in(p.records()),
            refusal("node \"y\" (aten.neg.default): it reads \"x\", whose elements node \"r\" has overwritten"));
}

TEST(Pt2File, OtherStridesOfTheSameElementsAreNothing) {
  const auto with = [](const std::vector<index_t>& sizes, const std::vector<index_t>& strides) {
    parts p;
    const json size{{"as_ints", sizes}}, stride{{"as_ints", strides}};
    p.nodes[0] = node("as_strided.default", {{"self", tensor("x")}, {"size", size}, {"stride", stride}}, "y");
    p.values["x"] = meta({2, 3, 1, 1});
    return error_in(p.records());
  };
  EXPECT_EQ(with({2, 3, 1, 1}, {3, 1, 3, 3}), "");
  const std::string moved =
      refusal("node \"y\" (aten.as_strided.default): it is supported only where it moves no element");
  EXPECT_EQ(with({2, 3, 1, 1}, {1, 2, 1, 1}), moved);
  EXPECT_EQ(with({2, 2, 1, 1}, {3, 1, 1, 1}), moved);
  EXPECT_EQ(with({2, 3, 1, 1}, {3, 1}), moved);
}

TEST(Pt2File, TypesOfWeights) {
  const auto of_type = [](int type) { return error_with([&](parts& p) { p.weight["tensor_meta"]["dtype"] = type; }); };
  const std::string begin = "node \"y\" (aten.add.Tensor): the weight \"layer.w\": ";
  EXPECT_EQ(of_type(float16), refusal(begin + "its type is float16, which is not supported"));
  EXPECT_EQ(of_type(99), refusal(begin + "its type is of the number 99, which is not supported"));
  EXPECT_EQ(of_type(-1), refusal(begin + "its type is of the number -1, which is not supported"));
  EXPECT_EQ(of_type(int64), refusal(begin + "its element 2 is to be in a storage of 1 elements"));
}

TEST(Pt2File, WeightsLieInTheirRecords) {
  const auto of = [](const std::function<void(json&)>& change) {
    const std::string all = error_with([&](parts& p) { change(p.weight); });
    const std::string begin = refusal("node \"y\" (aten.add.Tensor): the weight \"layer.w\": ");
    return all.starts_with(begin) ? all.substr(begin.size()) : all;
  };
  const auto member = [](const char* name, const json& value) {
    return [=](json& w) { w["tensor_meta"][name] = value; };
  };
  const auto one = [](const json& number) { return json::array({json{{"as_int", number}}}); };
  EXPECT_EQ(of(member("sizes", sizes_of({4}))), "its element 3 is to be in a storage of 3 elements");
  EXPECT_EQ(of(member("sizes", sizes_of({-4}))), "Trying to create tensor with negative dimension -1: [-1]");
  EXPECT_EQ(of(member("sizes", one(-7))), "Trying to create tensor with negative dimension -7: [-7]");
  EXPECT_EQ(of(member("sizes", one(1e300))), "the size is not an integer of 64 bits");
  EXPECT_EQ(of(member("sizes", one(UINT64_MAX))), "the size is not an integer of 64 bits");
  EXPECT_EQ(of(member("sizes", json::array({7}))), "its description has no as_expr where one has to be");
  EXPECT_EQ(of(member("sizes", "three")), "sizes is not a list in its description");
  EXPECT_EQ(of(member("strides", sizes_of({1, 1}))), "it has 1 sizes, but 2 strides");
  EXPECT_EQ(of(member("strides", one(-1))), "its strides lead out of its storage");
  EXPECT_EQ(of(member("strides", one(INT64_MAX))), "the product 2 * 9223372036854775807 overflows a 64-bit size");
  EXPECT_EQ(of(member("storage_offset", json{{"as_int", -1}})), "its strides lead out of its storage");
  EXPECT_EQ(of(member("storage_offset", json{{"as_int", INT64_MAX}})), "its strides lead out of its storage");
  EXPECT_EQ(of(member("layout", 2)), "it is a tensor of a layout other than strided");
  EXPECT_EQ(of([](json& w) { w["use_pickle"] = true; }), "it is a pickle, which is not supported");
  EXPECT_EQ(of([](json& w) { w["path_name"] = "../../x"; }), "there is no record \"data/weights/../../x\"");
  EXPECT_EQ(of([](json& w) { w.erase("tensor_meta"); }), "its description has no tensor_meta where one has to be");
  EXPECT_EQ(of([](json& w) {
              w["tensor_meta"]["sizes"] = sizes_of({1LL << 40, 1LL << 40});
              w["tensor_meta"]["strides"] = sizes_of({0, 0});
            }),
            "the product 1099511627776 * 1099511627776 overflows a 64-bit size");
  EXPECT_EQ(of([](json& w) {
              w["tensor_meta"]["sizes"] = sizes_of({1LL << 40});
              w["tensor_meta"]["strides"] = sizes_of({0});
            }),
            "it needs more memory than pt2_options::max_bytes, which is 17179869184 bytes");
}

TEST(Pt2File, ValuesOfTheProgram) {
  EXPECT_EQ(error_with([](parts& p) { p.nodes.push_back(p.nodes[0]); }),
            refusal("node \"y\" (aten.add.Tensor): the value \"y\" is there twice"));
  EXPECT_EQ(error_with([](parts& p) { p.outputs[0]["user_output"]["arg"] = tensor("z"); }),
            "nothing makes the output \"z\"");
  EXPECT_EQ(error_with([](parts& p) { p.inputs[1] = p.inputs[0]; }), "the value \"w\" is there twice");
  EXPECT_EQ(error_with([](parts& p) { p.values.erase("x"); }), "input \"x\" has no description");
  EXPECT_EQ(error_with([](parts& p) { p.values["x"]["dtype"] = float16; }),
            "it cannot be run, for 2 reasons:\ninput \"x\": its type is float16, which is not supported\n"
            "node \"y\" (aten.add.Tensor): the type of \"x\" is not supported");
  EXPECT_EQ(
      error_with([](parts& p) {
        p.outputs.push_back({{"buffer_mutation", json::object()}});
      }),
      refusal("an output is of a kind that is not supported: buffers and inputs that it changes, numbers, or None"));
  // A node that waits for its own result, or for one behind it.
  EXPECT_EQ(error_with([](parts& p) { p.nodes[0]["inputs"][1]["arg"] = tensor("y"); }),
            refusal("node \"y\" (aten.add.Tensor): it reads \"y\", which no input, weight or node before makes"));
  EXPECT_EQ(error_with([](parts& p) {
              p.nodes[0]["inputs"][1]["arg"] = {{"as_string", "w"}};
            }),
            refusal("node \"y\" (aten.add.Tensor): argument \"other\" has to be a tensor"));
  EXPECT_EQ(error_with([](parts& p) { p.nodes[0] = 7; }), "its description has no inputs where one has to be");
}

TEST(Pt2File, TextsAreJson) {
  const auto model = [](const std::string& text) {
    return error_of_record(3, [&](zip::record& r) { r.content = text; });
  };
  EXPECT_EQ(model(""), "its models/model.json is not JSON (at byte 1)");
  EXPECT_EQ(model("{"), "its models/model.json is not JSON (at byte 2)");
  EXPECT_EQ(model("[1]"), "its description has no graph_module where one has to be");
  EXPECT_EQ(model(R"({"a": 1, "a": 2})"), "the models/model.json has the key \"a\" twice");
  EXPECT_EQ(model(std::string(100'000, '[')), "its models/model.json is nested too deeply");
  EXPECT_EQ(model(R"({"graph_module": 1e999})"), "its models/model.json has a number that no double holds");
  EXPECT_EQ(error_of_record(1, [](zip::record& r) { r.content = "{}"; }),
            "its data/weights/model_weights_config.json has no config");
}

// -------------------------------------------------------------------------------------------------------- the archive

TEST(Pt2File, RecordsLieInTheFile) {
  EXPECT_EQ(error_in(""), "it is not a zip archive, or truncated");
  EXPECT_EQ(error_in(std::string(1000, 'x')), "it is not a zip archive, or truncated");
  const auto weight = [](const std::function<void(zip::record&)>& change) { return error_of_record(0, change); };
  const std::string name = "the record \"m/data/weights/weight_0\" ";
  EXPECT_EQ(weight([](zip::record& r) { r.size = r.packed = 1 << 30; }), name + "does not lie in the file");
  EXPECT_EQ(weight([](zip::record& r) { r.place = 1 << 30; }), name + "is damaged, or does not lie in the file");
  EXPECT_EQ(weight([](zip::record& r) { r.place = 5; }), name + "is damaged, or does not lie in the file");
  EXPECT_EQ(weight([](zip::record& r) { r.size = 13; }), name + "has two sizes");
  EXPECT_EQ(weight([](zip::record& r) { r.flags = 1; }), name + "is encrypted");
  EXPECT_EQ(weight([](zip::record& r) { r.method = 12; }), name + "is compressed in a way that is not supported");
  EXPECT_EQ(weight([](zip::record& r) { r.name = "weight_0"; }),
            "the record \"weight_0\" does not lie in a folder, as those of a saved program do");
  EXPECT_EQ(weight([](zip::record& r) { r.name = "n/weight_0"; }),
            "the record \"m/data/weights/model_weights_config.json\" lies in another folder than the one before it");
  EXPECT_EQ(error_of_record(3, [](zip::record& r) { r.name = "m/models/other.json"; }),
            "there is no record \"models/model.json\": torch.export.save writes one");
  EXPECT_EQ(
      error_of_record(1, [](zip::record& r) { r.name = "m/data/weights/model.pt"; }),
      "there is no record \"data/weights/model_weights_config.json\": versions of PyTorch that write none are not "
      "supported");
  EXPECT_EQ(error_of_record(4, [](zip::record& r) { r.content = "big"; }),
            "its weights are not little-endian, which is not supported");
}

TEST(Pt2File, RecordsAreNotThereTwice) {
  std::vector<zip::record> records = parts().records();
  records.push_back(records[0]);
  EXPECT_EQ(error_in(records), "the record \"m/data/weights/weight_0\" is there twice");
  records.back().name.back() = '1';
  EXPECT_EQ(error_in(records), "");
  records.back().place = 0;
  EXPECT_EQ(error_in(records), "records of the archive overlap");
}

TEST(Pt2File, CompressedBombIsNotInflated) {
  const auto model = [](const std::function<void(zip::record&)>& change, index_t max_bytes) {
    std::vector<zip::record> records = parts().records();
    records[3].is_deflated = true;
    change(records[3]);
    return error_in(records, {.max_bytes = max_bytes});
  };
  EXPECT_EQ(
      model([](zip::record& r) { r.content.assign(1 << 24, ' '); }, 1 << 22),
      "the record \"models/model.json\": it needs more memory than pt2_options::max_bytes, which is 4194304 bytes");
  EXPECT_EQ(model([](zip::record& r) { r.size = 1 << 20; }, 1 << 24),
            "the record \"models/model.json\": its compressed bytes are damaged");
  EXPECT_EQ(model([](zip::record& r) { r.size = 1000; }, 1 << 24),
            "the record \"models/model.json\": its compressed bytes are damaged");
}

TEST(Pt2File, EveryPartOfAFileIsRefused) {
  const std::string whole = zip::archive(parts().records());
  ASSERT_EQ(error_in(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(error_in(whole.substr(0, size)), "") << size;
}

TEST(Pt2File, DamagedFileIsAGraphOrAnError) {
  std::vector<zip::record> records = parts().records();
  records[1].is_deflated = true;
  const std::string whole = zip::archive(records);
  int graphs = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const char change : {'\x01', '\x20', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      // Anything but a tf::error leaves error_of, and the test fails.
      graphs += error_in(damaged, {.max_bytes = 1 << 26}).empty();
    }
  EXPECT_GT(graphs, 0);  // bytes between the records, elements of the weight
}

}  // namespace
