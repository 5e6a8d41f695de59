// A graph goes into two files and comes back: the same text, the same bits; and files that nobody vouches for.
#include "allocations.hpp"
#include "support.hpp"

#include <tenfold/net_file.hpp>

#include <fstream>

namespace {

namespace tf = tenfold;
using tenfold_test::error_of;
using tenfold_test::random_tensor;
using tf::index_t;

class NetFile : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(const std::filesystem::path& path, const std::string& bytes) const {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  /// The error of a graph of these files' bytes, without the name of the one that is wrong.
  std::string refusal(const std::string& graph, const std::string& constants,
                      const tf::file_limits& limits = {}) const {
    write(text, graph);
    write(weights, constants);
    const std::string error = error_of([&] { tf::load_net(text, weights, limits); });
    for (const auto& name : {text.string() + ": ", weights.string() + ": "})
      if (error.starts_with(name)) return error.substr(name.size());
    return error;
  }

  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "tenfold_net_file_test";
  std::filesystem::path text = folder / "net.txt", weights = folder / "net.safetensors";
};

/// An encoder and its decoder, with weights of three types, of which one is none of the graph's.
tf::net example() {
  tf::net net;
  net.input("x", tf::shape{-1, 3, -1, -1});
  net.conv2d("conv", random_tensor<float>({5, 3, 3, 3}), random_tensor<float>({5}), {.padding = tf::pads{1, 2, 1, 0}});
  const std::string skip = net.leaky_relu("a name with = and \"quotes\"", 0.1);
  const auto pooled = net.max_pool2d_with_indices("pool", {.kernel_size = {2, 3}, .ceil_mode = true});
  net.max_unpool2d("unpool", pooled.indices, {.kernel_size = {2, 3}}, skip);
  net.conv_transpose2d("deconv", random_tensor<float>({5, 2, 4, 4}), {.stride = 2, .padding = 1});
  const std::string dims = net.weight("dims", tf::tensor<index_t>({1}, {1}));
  net.node("sum", "sum", {"deconv", dims}, {{"keepdim", index_t{1}}});
  net.output();
  net.output("pool.indices");
  net.weight("unused", tf::constant(tf::tensor<std::int8_t>({3}, {1, 2, 3})));
  return net;
}

TEST_F(NetFile, ComesBack) {
  const tf::net net = example();
  tf::save_net(net, text, weights);
  const tf::graph graph = tf::read_graph(text, weights);
  EXPECT_EQ(tf::graph_text(graph), tf::graph_text(net.description()));
  ASSERT_EQ(graph.constants.size(), net.description().constants.size());
  for (const auto& known : net.description().constants) {  // a lambda takes no structured binding with clang 14
    const std::string& name = known.first;
    const tf::constant& x = known.second;
    const tf::constant& found = graph.constants.at(name);
    ASSERT_TRUE(found.type() == x.type() && found.shape() == x.shape()) << name;
    tf::detail::with_dtype(x.type(), [&]<class T>(T) {
      EXPECT_EQ(std::memcmp(found.data(), x.data(), static_cast<std::size_t>(x.shape().elements()) * sizeof(T)), 0)
          << name;
    });
  }
  const auto x = random_tensor<float>({2, 3, 9, 11});
  auto expected = net.run({{"x", x}}), found = tf::load_net(text, weights).run({{"x", x}});
  EXPECT_TRUE(tenfold_test::same_bits(found["sum"], expected["sum"]));
  EXPECT_TRUE(tenfold_test::equal(found.at<index_t>("pool.indices"), expected.at<index_t>("pool.indices")));
}

TEST_F(NetFile, WeightsStayInTheirFile) {
  tf::net net;
  net.input("x", tf::shape{1, 64, 1, 1});
  net.linear("y", tf::tensor<float>({1 << 14, 64}), tf::tensor<float>({1 << 14}));
  net.output();
  tf::save_net(net, text, weights);
  most_bytes = live_bytes.load();
  const long before = live_bytes;
  const tf::graph graph = tf::read_graph(text, weights);
  EXPECT_LT(most_bytes - before, 100'000);  // of 4 MB
  EXPECT_EQ(graph.constants.at("y.weight").shape(), (tf::shape{1 << 14, 64}));
}

/// The files that a graph's weights are mapped from are replaced, not written into.
TEST_F(NetFile, IsSavedOverItself) {
  const tf::net net = example();
  tf::save_net(net, text, weights);
  const tf::graph graph = tf::read_graph(text, weights);
  tf::write_graph(graph, text, weights);
  write(weights.string() + ".part", "left over by a kill");
  tf::write_graph(graph, text, weights);
  const auto x = random_tensor<float>({1, 3, 7, 7});
  EXPECT_TRUE(tenfold_test::same_bits(tf::load_net(text, weights).run({{"x", x}})["sum"], net.run({{"x", x}})["sum"]));
  EXPECT_FALSE(std::filesystem::exists(weights.string() + ".part"));
}

TEST_F(NetFile, IsLeftAsItWasWhereItCannotBeWritten) {
  const tf::net net = example();
  EXPECT_EQ(error_of([&] { tf::save_net(net, text, folder / "none" / "w"); }),
            (folder / "none" / "w").string() + ": cannot be written (No such file or directory)");
  EXPECT_FALSE(std::filesystem::exists(text));
  std::filesystem::create_directories(weights / "a folder of that name");
  EXPECT_EQ(error_of([&] { tf::save_net(net, text, weights); }),
            weights.string() + ": cannot be written (Is a directory)");
  EXPECT_FALSE(std::filesystem::exists(weights.string() + ".part"));
  tf::graph graph = net.description();
  graph.constants["\xff"] = graph.constants.at("dims");
  EXPECT_EQ(error_of([&] { tf::write_graph(graph, text, weights); }),
            "safetensors: a name or the metadata is not UTF-8");
  EXPECT_FALSE(std::filesystem::exists(text));
}

constexpr const char* product = "input x float32 [2]\ny = mul(x, w)\noutput y\n";

std::string constants(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + std::string(data, '\0');
}

std::string weight(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"("w":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST_F(NetFile, RefusesWhatIsWrong) {
  const std::string right = "{" + weight("F32", "[2]", "[0,8]") + "}";
  EXPECT_EQ(refusal(product, constants(right, 8)), "");
  EXPECT_EQ(refusal(product, ""), "not a safetensors file: it has 0 bytes, too few for the header's length");
  EXPECT_EQ(refusal(product, constants(right, 8).substr(0, 40)),
            "truncated: the header takes " + std::to_string(right.size()) + " bytes, and 32 are there");
  EXPECT_EQ(refusal(product, constants(right, 7)), "truncated: its tensors take 8 bytes, and 7 are there");
  EXPECT_EQ(refusal(product, constants("{" + weight("F32", "[2]", "[4,12]") + "}", 12)),
            "there is a gap between its tensors");
  EXPECT_EQ(refusal(product, constants("{" + weight("F32", "[2]", "[0,8]") +
                                           R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                                       12)),
            "its tensors overlap");
  EXPECT_EQ(refusal(product, constants("{" + weight("F32", "[4611686018427387904]", "[0,8]") + "}", 8)),
            "tensor \"w\" has a shape whose size overflows");
  EXPECT_EQ(
      refusal(product, constants("{" + weight("F32", "[2]", "[0,8]") + "," + weight("F32", "[2]", "[8,16]") + "}", 16)),
      "the header has the key \"w\" twice");
  EXPECT_EQ(refusal(product, constants("{" + weight("U32", "[2]", "[0,8]") + "}", 8)),
            "tensor \"w\" is of type U32, which no operation takes");
  EXPECT_EQ(refusal(std::string(product) + "output", constants(right, 8)),
            "line 4, column 7: expected the name of an output, but got the end of the line");
}

/// What a file may say, but its graph cannot take.
TEST_F(NetFile, RefusesWeightsThatDoNotFit) {
  EXPECT_EQ(refusal(product, constants("{}", 0)),
            "this network cannot be run: 1 problem\n  node \"y\" (mul) reads \"w\", which nothing makes");
  const auto run = [&](const std::string& header, std::size_t bytes) {
    EXPECT_EQ(refusal(product, constants(header, bytes)), "");
    return error_of([&] { tf::load_net(text, weights).run({{"x", tf::tensor<float>({2})}}); });
  };
  EXPECT_EQ(
      run("{" + weight("F32", "[3]", "[0,12]") + "}", 12),
      "node \"y\" (mul): The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
  EXPECT_EQ(run("{" + weight("I16", "[2]", "[0,4]") + "}", 4), "node \"y\" (mul): x is of float32, but w of int16");
}

TEST_F(NetFile, RefusesWhatIsNoFile) {
  EXPECT_EQ(error_of([&] { tf::read_graph(text, weights); }),
            text.string() + ": it cannot be opened (No such file or directory)");
  EXPECT_EQ(error_of([&] { tf::read_graph(folder, weights); }), folder.string() + ": it is not a file");
  write(text, product);
  EXPECT_EQ(error_of([&] { tf::read_graph(text, weights); }),
            weights.string() + ": it cannot be opened (No such file or directory)");
}

/// Of texts that make the most of their bytes: none takes more memory than it may.
TEST_F(NetFile, TextTakesNoMoreMemoryThanItMay) {
  const auto repeated = [](const std::string& part) {
    std::string all;
    while (all.size() < 30'000) all += part;
    return all;
  };
  write(weights, constants("{}", 0));
  for (const std::string& graph :
       {repeated("=a()\n"), repeated("a=b()\n"), repeated("input a bool\n"), repeated("output a\n"),
        "=a(" + repeated("b,") + "b)", repeated("a,") + "a=b()", "=a(;b=[" + repeated("1,") + "1])",
        "=a(;b=[0.5" + repeated(",1") + "])", repeated("=a(;b=[])\n"), "=a(;b=\"" + repeated("c") + "\")"}) {
    write(text, graph);
    for (const long limit : {long{1} << 40, 128 * static_cast<long>(graph.size()), 1'000'000L}) {
      most_bytes = live_bytes.load();
      const long before = live_bytes;
      const std::string error = error_of([&] { tf::read_graph(text, weights, {.max_bytes = limit}); });
      EXPECT_LE(most_bytes - before, 128 * static_cast<long>(graph.size())) << graph.substr(0, 30);
      EXPECT_EQ(error.substr(error.empty() ? 0 : text.string().size()),
                limit < 128 * static_cast<long>(graph.size())
                    ? ": it needs more memory than file_limits::max_bytes, which is " + std::to_string(limit) + " bytes"
                    : "");
    }
  }
}

TEST_F(NetFile, PlansStayWithinTheLimitToo) {
  tf::net net;
  net.input("x", tf::shape{-1});
  net.relu("y");
  net.output();
  tf::save_net(net, text, weights);
  const tf::net again = tf::load_net(text, weights, {.max_bytes = 20'000});
  EXPECT_EQ(error_of([&] {
              again.plan({{"x", {10'000}}});
            }),
            "node \"y\" (relu): the plan takes more than the 20000 bytes that it may");
}

}  // namespace
