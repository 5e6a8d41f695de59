// onnx_file.hpp without a run: what a file becomes, and what it is refused for. onnx_golden_test.cpp runs networks.
#include "onnx_messages.hpp"
#include "support.hpp"

#include <tenfold/onnx_file.hpp>

#include <fstream>

namespace {

using namespace tenfold_test;
using namespace tenfold_test::onnx_messages;
namespace fs = std::filesystem;
using integers = std::vector<index_t>;

tf::graph read(const std::string& model, const tf::onnx_options& options = {}) {
  return tf::read_onnx(std::as_bytes(std::span(model)), options);
}
std::string error_in(const std::string& model, const tf::onnx_options& options = {}) {
  return error_of([&] { read(model, options); });
}
std::string refusal(const std::string& line) { return "the ONNX model: it cannot be run, for 1 reason:\n" + line; }

template <class T>
std::vector<T> elements(const tf::constant& x) {
  const auto view = x.view<T>();
  return std::vector<T>(view.data(), view.data() + view.size());
}

/// A folder of this test, which is empty.
fs::path empty_folder() {
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  const fs::path folder = fs::temp_directory_path() / ("tenfold_onnx_" + std::string(test->name()));
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}
void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// ------------------------------------------------------------------------------------------------------- what it
// becomes

TEST(OnnxFile, ConvolutionHasItsSettings) {
  const auto conv = node(
      "Conv", {"x", "w"}, {"y"},
      {attribute("strides", integers{2, 1}), attribute("pads", integers{1, 0, 2, 0}), attribute("group", index_t{1})});
  const tf::graph g = read(model_of(conv, {tensor("w", float32, {1, 2, 1, 2}, raw<float>({1, 2, 3, 4}))}));
  ASSERT_EQ(g.nodes.size(), 1u);
  const tf::graph_node& n = g.nodes[0];
  EXPECT_EQ(n.op, "conv2d");
  EXPECT_EQ(n.name, "n");
  EXPECT_EQ(n.inputs, (std::vector<std::string>{"x", "w"}));
  EXPECT_EQ(n.attributes.at("stride"), tf::attribute(integers{2, 1}));
  EXPECT_EQ(n.attributes.at("padding"), tf::attribute(integers{1, 0, 2, 0}));
  EXPECT_EQ(n.attributes.at("dilation"), tf::attribute(integers{1, 1}));
  EXPECT_EQ(elements<float>(g.constants.at("w")), (std::vector<float>{1, 2, 3, 4}));
  ASSERT_EQ(g.inputs.size(), 1u);
  EXPECT_EQ(*g.inputs[0].sizes, (tf::shape{1, 2, 4, 4}));
  EXPECT_EQ(g.outputs, std::vector<std::string>{"y"});
}

TEST(OnnxFile, RankOfTheWindowsIsTheWeights) {
  const auto w = tensor("w", float32, {1, 2, 3}, raw<float>({1, 2, 3, 4, 5, 6}));
  const tf::graph g = read(model_of(node("Conv", {"x", "w"}, {"y"}), {w}, {1, 2, 4}));
  EXPECT_EQ(g.nodes[0].op, "conv1d");
  EXPECT_EQ(g.nodes[0].attributes.at("stride"), tf::attribute(index_t{1}));
}

TEST(OnnxFile, SizeWithANameMayBeAny) {
  const tf::graph g = read(model_of(node("Relu", {"x"}, {"y"}), {}, {-1, 3, -1}));
  EXPECT_EQ(*g.inputs[0].sizes, (tf::shape{-1, 3, -1}));
}

TEST(OnnxFile, NumbersAreTheDecimalsThatWereMeant) {
  const auto leaky = node("LeakyRelu", {"x"}, {"y"}, {message().text(1, "alpha").number(2, 0.1F).integer(20, 1)});
  EXPECT_EQ(read(model_of(leaky)).nodes[0].attributes.at("negative_slope"), tf::attribute(0.1));
}

TEST(OnnxFile, OlderAttributesBecomeInputs) {
  const auto squeeze = node("Squeeze", {"x"}, {"y"}, {attribute("axes", integers{0, -1})});
  const tf::graph g = read(model_of(squeeze, {}, {1, 2, 1}, 11));
  ASSERT_EQ(g.nodes[0].inputs.size(), 2u);
  EXPECT_EQ(elements<index_t>(g.constants.at(g.nodes[0].inputs[1])), (integers{0, -1}));
}

TEST(OnnxFile, SoftmaxOfOldVersionsIsOfRows) {
  const tf::graph g = read(model_of(node("Softmax", {"x"}, {"y"}), {}, {2, 3, 4}, 11));
  std::vector<std::string> ops;
  for (const tf::graph_node& n : g.nodes) ops.push_back(n.op);
  EXPECT_EQ(ops, (std::vector<std::string>{"onnx_flatten", "softmax", "shape", "reshape"}));
  EXPECT_EQ(read(model_of(node("Softmax", {"x"}, {"y"}), {}, {2, 3}, 11)).nodes.size(), 1u);
}

TEST(OnnxFile, NamesOfItsOwnAreNoneOfTheFiles) {
  // Two nodes of one name, and a tensor that is called as a new one would be.
  const auto mish = node("Mish", {"x"}, {"a"}), more = node("Mish", {"a"}, {"n/softplus"});
  const auto last = node("Relu", {"n/softplus"}, {"y"});
  const tf::graph g =
      read(model(graph_parts{{mish, more, last}, {}, {value("x", float32, {2})}, {value("y", float32, {})}}));
  std::set<std::string> names, outputs;
  for (const tf::graph_node& n : g.nodes) {
    EXPECT_TRUE(names.insert(n.name).second) << n.name;
    for (const std::string& output : n.outputs) EXPECT_TRUE(outputs.insert(output).second) << output;
  }
  EXPECT_EQ(g.nodes.size(), 7u);
}

TEST(OnnxFile, WeightOfAnOldFileIsNoInput) {
  const auto w = tensor("w", float32, {1}, raw<float>({2}));
  const tf::graph g = read(model(graph_parts{{node("Mul", {"x", "w"}, {"y"})},
                                             {w},
                                             {value("x", float32, {1}), value("w", float32, {1})},
                                             {value("y", float32, {1})}}));
  EXPECT_EQ(g.inputs.size(), 1u);
}

// ---------------------------------------------------------------------------------------------------------------
// weights

/// The elements of a weight that a node uses.
template <class T>
std::vector<T> weight(const message& w) {
  return elements<T>(read(model_of(node("Identity", {"w"}, {"y"}), {w})).constants.at("w"));
}

TEST(OnnxFile, ElementsOfEveryField) {
  message floats = tensor_head("w", float32, {2}), halves = tensor_head("w", float16, {6});
  floats.number(4, 1.5F).number(4, -2);
  EXPECT_EQ(weight<float>(floats), (std::vector<float>{1.5, -2}));
  for (const index_t bits : {0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x7c00}) halves.integer(5, bits);
  const std::vector<float> widened = weight<float>(halves);
  EXPECT_EQ(widened, (std::vector<float>{1, -2, 0x1p-24F, 65504, -0.0F, std::numeric_limits<float>::infinity()}));
  EXPECT_TRUE(std::signbit(widened[4]));
  EXPECT_EQ(weight<std::int8_t>(tensor_head("w", int8, {2}).integer(5, -3).integer(5, 127)),
            (std::vector<std::int8_t>{-3, 127}));
  EXPECT_EQ(weight<index_t>(tensor_head("w", int64, {1}).integer(7, INT64_MIN)), (integers{INT64_MIN}));
  EXPECT_EQ(weight<float>(tensor("w", 16, {2}, raw<std::uint16_t>({0x3f80, 0xc020}))), (std::vector<float>{1, -2.5}));
  EXPECT_EQ(weight<bool>(tensor("w", boolean, {2}, raw<std::uint8_t>({1, 0}))), (std::vector<bool>{true, false}));
  EXPECT_EQ(weight<float>(tensor("w", float32, {0, 3}, "")), std::vector<float>{});
}

TEST(OnnxFile, EveryFloat16IsWidenedExactly) {
  std::vector<std::uint16_t> bits(0x7c01);  // zero to infinity
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
  const std::vector<float> values = weight<float>(tensor("w", float16, {0x7c01}, raw(bits)));
  for (int i = 0; i < 0x7c00; ++i) {
    const int exponent = i >> 10;
    const double fraction = (i & 1023) / 1024.0;
    const double expected = exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
    ASSERT_EQ(double{values[static_cast<std::size_t>(i)]}, expected) << i;
  }
  EXPECT_EQ(values.back(), std::numeric_limits<float>::infinity());
}

TEST(OnnxFile, ElementsHaveToBeThere) {
  const auto text = [](const message& w) {
    const std::string all = error_in(model_of(node("Identity", {"w"}, {"y"}), {w}));
    return all.substr(all.rfind("\"w\"") + 1);
  };
  EXPECT_EQ(text(tensor("w", float32, {2, 3}, "12345678")),
            "w\": its shape [2, 3] of float32 takes 24 bytes, but it has 8");
  EXPECT_EQ(text(tensor_head("w", float32, {2}).number(4, 1)), "w\": its shape [2] has 2 elements, but it has 1");
  EXPECT_EQ(text(tensor_head("w", float32, {1}).number(4, 1).number(4, 1)),
            "w\": its shape [1] has 1 elements, but it has 2");
  EXPECT_EQ(text(tensor_head("w", int64, {2})), "w\": its shape [2] has 2 elements, but it has 0");
  EXPECT_EQ(text(tensor("w", float32, {-2}, "12345678")),
            "w\": Trying to create tensor with negative dimension -2: [-2]");
  EXPECT_EQ(text(tensor("w", float32, {1LL << 40, 1LL << 40}, "")),
            "w\": the product 1099511627776 * 1099511627776 overflows a 64-bit size");
  EXPECT_EQ(text(tensor("w", float64, {1LL << 61}, "")),
            "w\": the product 2305843009213693952 * 8 overflows a 64-bit size");
  EXPECT_EQ(text(tensor("w", float32, {1LL << 50}, "")),
            "w\": its shape [1125899906842624] of float32 takes 4503599627370496 bytes, but it has 0");
  EXPECT_EQ(text(tensor("w", boolean, {1}, "\2")), "w\": an element of bool is neither 0 nor 1");
  EXPECT_EQ(text(tensor("w", uint16, {1}, "12")), "w\": its type is uint16, which is not supported");
  EXPECT_EQ(text(tensor("w", 99, {1}, "12")), "w\": its type is element type 99, which is not supported");
  EXPECT_EQ(text(tensor("w", float32, {1, 1, 1, 1, 1, 1, 1, 1, 1}, "1234")),
            "w\": a shape has at most 8 dimensions, but got 9");
}

TEST(OnnxFile, MemoryHasALimit) {
  const auto w = tensor("w", float32, {1 << 18}, std::string(1 << 20, '\0'));
  const std::string file = model_of(node("Identity", {"w"}, {"y"}), {w});
  EXPECT_EQ(error_in(file, {.max_bytes = 1 << 20}),
            refusal("node \"n\" (Identity): the tensor \"w\": it needs more memory than onnx_options::max_bytes, "
                    "which is 1048576 bytes"));
  EXPECT_EQ(error_in(file, {.max_bytes = (1 << 20) + 10000}), "");
  EXPECT_EQ(error_in(file, {.max_bytes = 100}),
            "the ONNX model: it needs more memory than onnx_options::max_bytes, which is 100 bytes");
}

// --------------------------------------------------------------------------------------------------------- external
// data

struct External : testing::Test {
  fs::path folder = empty_folder();

  ~External() override { fs::remove_all(folder); }
  External() = default;
  External(const External&) = delete;
  External& operator=(const External&) = delete;

  std::string answer(const std::vector<std::pair<std::string, std::string>>& place, const integers& sizes = {4}) {
    fs::create_directories(folder / "model");
    write(folder / "model" / "model.onnx", model_of(node("Identity", {"w"}, {"y"}), {external("w", sizes, place)}));
    return error_of([&] { graph = tf::read_onnx(folder / "model" / "model.onnx", {.max_bytes = 10000}); });
  }
  std::string refused(const std::string& text) const {
    return "\"" + (folder / "model" / "model.onnx").string() +
           "\": it cannot be run, for 1 reason:\nnode \"n\" (Identity): the tensor \"w\": " + text;
  }

  tf::graph graph;
};

TEST_F(External, IsUsedWhereItLies) {
  fs::create_directories(folder / "model" / "data");
  std::vector<float> values(1 << 18);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  write(folder / "model" / "data" / "weights", raw(values));
  // A megabyte within 10,000 bytes of memory.
  ASSERT_EQ(answer({{"location", "data/weights"}, {"offset", "4"}, {"length", "1048568"}}, {262142}), "");
  fs::remove_all(folder);  // it lives on while the graph does
  EXPECT_EQ(elements<float>(graph.constants.at("w")), std::vector<float>(values.begin() + 1, values.end() - 1));
}

TEST_F(External, IsCopiedWhereItIsNotAligned) {
  fs::create_directories(folder / "model");
  write(folder / "model" / "weights", "abc" + raw<float>({1, 2, 3, 4}));
  ASSERT_EQ(answer({{"location", "weights"}, {"offset", "3"}}), "");
  EXPECT_EQ(elements<float>(graph.constants.at("w")), (std::vector<float>{1, 2, 3, 4}));
}

TEST_F(External, StaysInTheFolder) {
  write(folder / "secret", std::string(16, 's'));
  fs::create_directories(folder / "model" / "data");
  fs::create_symlink("../secret", folder / "model" / "link");
  fs::create_symlink("..", folder / "model" / "up");
  const auto outside = [](const std::string& path) {
    return "its data lie in \"" + path + "\", which is not a path within the model's folder";
  };
  EXPECT_EQ(answer({{"location", "../secret"}}), refused(outside("../secret")));
  EXPECT_EQ(answer({{"location", "data/../../secret"}}), refused(outside("data/../../secret")));
  EXPECT_EQ(answer({{"location", "/etc/passwd"}}), refused(outside("/etc/passwd")));
  EXPECT_EQ(answer({{"location", ""}}), refused(outside("")));
  EXPECT_EQ(answer({{"location", std::string("secret\0", 7)}}), refused(outside("secret\\x00")));
  for (const char* link : {"link", "up/secret"})
    EXPECT_EQ(answer({{"location", link}}),
              refused(std::string("its data lie in \"") + link + "\", which is a link out of the model's folder"));
  EXPECT_EQ(answer({{"location", "missing"}}), refused("its data lie in the file \"missing\", which is not there"));
  const std::string is_folder = answer({{"location", "data"}});
  EXPECT_NE(is_folder.find("is not a file"), std::string::npos) << is_folder;
}

TEST_F(External, StaysInTheFile) {
  fs::create_directories(folder / "model");
  write(folder / "model" / "weights", std::string(20, '\0'));
  const auto beyond = [](const std::string& length, const std::string& offset) {
    return "its data are " + length + " bytes from " + offset + " on of the file \"weights\", which has 20";
  };
  EXPECT_EQ(answer({{"location", "weights"}, {"offset", "4"}}), "");
  EXPECT_EQ(answer({{"location", "weights"}, {"offset", "5"}}), refused(beyond("16", "5")));
  EXPECT_EQ(answer({{"location", "weights"}, {"offset", "9223372036854775807"}, {"length", "16"}}),
            refused(beyond("16", "9223372036854775807")));
  EXPECT_EQ(answer({{"location", "weights"}, {"length", "9223372036854775807"}}),
            refused(beyond("9223372036854775807", "0")));
  EXPECT_EQ(answer({{"location", "weights"}, {"length", "20"}}),
            refused("its shape [4] of float32 takes 16 bytes, but it has 20"));
  for (const char* size : {"-1", "4x", "99999999999999999999", " 4"})
    EXPECT_EQ(answer({{"location", "weights"}, {"offset", size}}),
              refused(std::string("the offset of its external data is \"") + size + "\", not a size"));
}

TEST_F(External, IsRefusedWithoutAFolder) {
  EXPECT_EQ(
      error_in(model_of(node("Identity", {"w"}, {"y"}), {external("w", {1}, {{"location", "weights"}})})),
      refusal("node \"n\" (Identity): the tensor \"w\": its data lie in the file \"weights\", which a model in memory "
              "has no folder for"));
}

TEST_F(External, ModelThatIsNotThere) {
  EXPECT_EQ(error_of([&] { tf::read_onnx(folder / "none.onnx"); }),
            "\"" + (folder / "none.onnx").string() + "\": it cannot be opened (No such file or directory)");
  const std::string text = error_of([&] { tf::read_onnx(folder); });
  EXPECT_NE(text.find("is not a file"), std::string::npos) << text;
  write(folder / "empty.onnx", "");
  EXPECT_EQ(error_of([&] { tf::read_onnx(folder / "empty.onnx"); }),
            "\"" + (folder / "empty.onnx").string() + "\": it is not a model of ONNX: there is no graph");
}

// ----------------------------------------------------------------------------------------------------------------
// errors

TEST(OnnxFile, TellsAllThatIsNotSupported) {
  const auto lstm = node("LSTM", {"x", "w"}, {"a"}, {}, "rnn");
  const auto custom = node("Swoosh", {"a"}, {"b"}, {}, "mine");
  message of_domain = custom;
  of_domain.text(7, "com.example");
  const auto relu = node("Relu", {"b"}, {"c"}, {attribute("slope", index_t{1})}, "act");
  const auto pool = node("MaxPool", {"c"}, {"d"}, {attribute("kernel_shape", integers{2, 2, 2})}, "pool");
  const auto cast = node("Cast", {"d"}, {"y"}, {attribute("to", index_t{10})}, "half");
  const std::string file = model(graph_parts{{lstm, of_domain, relu, pool, cast},
                                             {tensor("w", float32, {1}, "1234")},
                                             {value("x", float32, {1}), value("s", string, {1})},
                                             {value("y", float32, {})}});
  EXPECT_EQ(error_in(file),
            "the ONNX model: it cannot be run, for 6 reasons:\n"
            "input \"s\": its type is string, which is not supported\n"
            "node \"rnn\" (LSTM): the operator is not supported\n"
            "node \"mine\" (Swoosh of the domain \"com.example\"): the operator is not supported\n"
            "node \"act\" (Relu): attribute \"slope\" is not supported\n"
            "node \"pool\" (MaxPool): windows of 3 dimensions are not supported, but of 1 and of 2\n"
            "node \"half\" (Cast): a cast to float16 is not supported");
}

TEST(OnnxFile, AttributesHaveTheirTypes) {
  const auto w = tensor("w", float32, {1, 1, 1, 1}, "1234");
  const auto conv = [&](const message& a) { return error_in(model_of(node("Conv", {"x", "w"}, {"y"}, {a}), {w})); };
  EXPECT_EQ(conv(attribute("strides", index_t{1})), refusal("node \"n\" (Conv): attribute strides has to be integers"));
  EXPECT_EQ(conv(text_attribute("group", "1")), refusal("node \"n\" (Conv): attribute group has to be an integer"));
  EXPECT_EQ(conv(attribute("strides", integers{1})),
            refusal("node \"n\" (Conv): attribute strides has 1 integers, but its windows 2 dimensions"));
  EXPECT_EQ(conv(attribute("pads", integers{1, 1, 1})),
            refusal("node \"n\" (Conv): attribute pads has 3 integers, but its windows 2 dimensions"));
  EXPECT_EQ(conv(text_attribute("auto_pad", "SOME")), refusal("node \"n\" (Conv): auto_pad \"SOME\" is not known"));
  EXPECT_EQ(conv(attribute("kernel_shape", integers{3, 3})),
            refusal("node \"n\" (Conv): kernel_shape is [3, 3], but the weight's shape [1, 1, 1, 1]"));
}

TEST(OnnxFile, InputsComeBeforeTheyAreUsed) {
  const auto outputs = std::vector<message>{value("y", float32, {})};
  const auto inputs = std::vector<message>{value("x", float32, {1})};
  const std::string cycle = model(graph_parts{
      {node("Add", {"x", "b"}, {"a"}), node("Relu", {"a"}, {"b"}), node("Relu", {"b"}, {"y"})}, {}, inputs, outputs});
  EXPECT_EQ(error_in(cycle),
            refusal("node \"n\" (Add): input 1 is \"b\", which no input, weight or node before makes"));
  EXPECT_EQ(error_in(model_of(node("Relu", {"y"}, {"y"}))).substr(0, 40), refusal("").substr(0, 40));
  EXPECT_EQ(error_in(model_of(node("Relu", {}, {"y"}))), refusal("node \"n\" (Relu): it has 0 inputs"));
  EXPECT_EQ(error_in(model_of(node("Relu", {"x", "x"}, {"y"}))), refusal("node \"n\" (Relu): it has 2 inputs"));
  EXPECT_EQ(error_in(model_of(node("Add", {"x", ""}, {"y"}))), refusal("node \"n\" (Add): input 1 is missing"));
  EXPECT_EQ(error_in(model_of(node("Relu", {"x"}, {}))), "the ONNX model: nothing makes the output \"y\"");
  EXPECT_EQ(error_in(model_of(node("Relu", {"x"}, {"y", "z"}))),
            refusal("node \"n\" (Relu): output 1 (\"z\") is not supported"));
}

TEST(OnnxFile, NamesAreThereOnce) {
  const auto twice = node("Relu", {"x"}, {"x"}), y = node("Relu", {"x"}, {"y"});
  EXPECT_EQ(error_in(model(graph_parts{{twice, y}, {}, {value("x", float32, {1})}, {value("y", float32, {})}})),
            refusal("node \"n\" (Relu): the tensor \"x\" is there twice"));
  const auto w = tensor("w", float32, {1}, "1234");
  EXPECT_EQ(error_in(model_of(node("Identity", {"w"}, {"y"}), {w, w})),
            "the ONNX model: the tensor \"w\" is there twice");
  EXPECT_EQ(error_in(model(graph_parts{{node("Relu", {"x"}, {"y"})},
                                       {},
                                       {value("x", float32, {1}), value("x", float32, {1})},
                                       {value("y", float32, {})}})),
            "the ONNX model: the tensor \"x\" is there twice");
}

TEST(OnnxFile, NamesAreQuoted) {
  const auto odd = node("Relu\n\x1b[31m'\\\xff", {"x"}, {"y"}, {}, std::string(200, 'n'));
  EXPECT_EQ(error_in(model_of(odd)), refusal("node \"" + std::string(80, 'n') +
                                             "...\" (Relu\\n\\x1b[31m'\\\\\\xff): the operator is not supported"));
}

TEST(OnnxFile, VersionsOfTheOperators) {
  EXPECT_EQ(error_in(model_of(node("Relu", {"x"}, {"y"}), {}, {1}, 6)),
            "the ONNX model: it has version 6 of the operators; 7 is the first that is supported");
  EXPECT_EQ(error_in(model_of(node("Relu", {"x"}, {"y"}), {}, {1}, 25)), "");
  EXPECT_EQ(error_in(message().integer(1, 8).add(7, graph({})).bytes()),
            "the ONNX model: it does not say which version of ONNX's operators it has");
}

TEST(OnnxFile, WhatIsNoModel) {
  EXPECT_EQ(error_in("").find("the ONNX model: it is not a model of ONNX"), 0u);
  EXPECT_EQ(error_in("<html><body>Not found</body></html>").find("the ONNX model: it is not a model of ONNX"), 0u);
  EXPECT_EQ(error_in(std::string(1000, '\xff')).find("the ONNX model: it is not a model of ONNX"), 0u);
  const message g = graph({{node("Relu", {"x"}, {"y"})}, {}, {value("x", float32, {1})}, {value("y", float32, {})}});
  EXPECT_EQ(error_in(message().add(7, g).add(7, g).bytes()), "the ONNX model: it has two graphs");
}

/// Messages within messages are read without recursion.
TEST(OnnxFile, DeepNesting) {
  message deep;
  for (int i = 0; i < 20000; ++i) deep = message().text(6, deep.bytes().substr(0, 100000));
  message inner = node("If", {"x"}, {"y"}, {message().text(1, "then_branch").add(6, deep)});
  EXPECT_EQ(error_in(model_of(inner)), refusal("node \"n\" (If): the operator is not supported"));
}

TEST(OnnxFile, MoreProblemsThanAnybodyReads) {
  graph_parts parts{{}, {}, {value("x", float32, {1})}, {value("y", float32, {})}};
  for (int i = 0; i < 1500; ++i) parts.nodes.push_back(node("Odd", {"x"}, {i == 0 ? "y" : "y" + std::to_string(i)}));
  const std::string text = error_in(model(parts));
  EXPECT_EQ(text.substr(0, 55), "the ONNX model: it cannot be run, for 1500 reasons:\nnod");
  EXPECT_EQ(text.substr(text.size() - 13), "\nand 500 more");
}

// ---------------------------------------------------------------------------------------------------------- damaged
// files

std::vector<fs::path> golden_models() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(TENFOLD_GOLDEN_DIR) / "onnx"))
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(OnnxFile, EveryGoldenModelIsRead) {
  const std::vector<fs::path> models = golden_models();
  EXPECT_GE(models.size(), 30u);
  for (const fs::path& path : models) EXPECT_EQ(error_of([&] { tf::read_onnx(path); }), "") << path;
}

/// A beginning of a file is refused, whatever it ends with: at the least the version of the operators is missing, which
/// exporters write last.
TEST(OnnxFile, EveryBeginningOfAFile) {
  const std::string file = bytes_of(fs::path(TENFOLD_GOLDEN_DIR) / "onnx" / "opset7.onnx");
  for (std::size_t size = 0; size + 2 < file.size(); ++size)
    EXPECT_NE(error_in(file.substr(0, size)), "") << size << " of " << file.size();
}

/// Of random damage nothing but an error may come. tests/fuzz/onnx_fuzz.cpp does more of it.
TEST(OnnxFile, RandomBytes) {
  std::mt19937 random(1);
  for (const fs::path& path : golden_models()) {
    const std::string file = bytes_of(path);
    int refused = 0;
    for (int round = 0; round < 100; ++round) {
      std::string damaged = file;
      for (int i = 0; i < 8; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
      refused += !error_in(damaged, {.max_bytes = 1 << 24}).empty();
    }
    EXPECT_GT(refused, 0) << path;
  }
}

}  // namespace
