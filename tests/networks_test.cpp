// The networks of examples/ against PyTorch, on every instruction set, narrow ones with the formula's weights; and
// their programs.
#include "common/class_map.hpp"
#include "common/image.hpp"
#include "common/samples.hpp"
#include "deconvnet/description.hpp"
#include "deconvnet/network.hpp"
#include "deconvnet/pixels.hpp"
#include "fcn/network.hpp"
#include "segment/network.hpp"
#include "vgg16_deconv/project.hpp"

#include "support.hpp"

#include <tenfold/net_file.hpp>

#include <sys/wait.h>  // WEXITSTATUS

#include <cstdlib>  // system
#include <filesystem>
#include <fstream>

namespace {

namespace tf = tenfold;
using tenfold_test::available_isas;
using tenfold_test::on;
using tf::index_t;

const std::string data_dir = TENFOLD_SEGMENT_DATA_DIR;
const std::string golden_dir = TENFOLD_GOLDEN_DIR "/networks";

/// What the programs promise, and what the samples were chosen for: tests/golden/networks/samples.py.
testing::AssertionResult agrees(const tf::tensor<float>& output, const std::string& name) {
  const auto found = samples::compare(output, tf::safetensors::file(golden_dir + "/" + name));
  return (found.count == 300 && found.most <= 1e-4 ? testing::AssertionSuccess() : testing::AssertionFailure())
         << found.count << " samples, which differ by at most " << found.most << " of the greatest output";
}

tf::tensor<float> middle_of_coins() { return images::middle(images::read_png(data_dir + "/coins.png"), 224, 224); }

TEST(DeconvNet, AgreesWithPyTorch) {
  const auto layers = deconvnet::read_description(deconvnet::write_prototxt(8));
  const tf::net net(deconvnet::make_graph(layers, weights::source("")));
  const auto x = deconvnet::pixels(middle_of_coins());
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(agrees(net.run({{"data", x}}, on(level))["seg-score"], "deconvnet_8.safetensors")) << name_of(level);
}

TEST(Vgg16Deconv, AgreesWithPyTorch) {
  auto x = middle_of_coins();
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] = std::nearbyint(255 * x.data()[i]);
  const weights::source source("");
  for (const tf::isa level : available_isas())
    for (const auto& [name, layer, rule] : {std::tuple{"vgg16_29", index_t{29}, vgg16::rule::repository},
                                            {"vgg16_14", index_t{14}, vgg16::rule::zeiler}}) {
      const auto found = vgg16::project(source, x, {.layer = layer, .by = rule, .divisor = 8}, on(level));
      const std::string file = std::string(name) + ".safetensors";
      EXPECT_EQ(std::to_string(found.map), tf::safetensors::file(golden_dir + "/" + file).metadata().at("map"));
      EXPECT_TRUE(agrees(found.picture, file)) << name_of(level);
    }
}

TEST(Vgg16Deconv, RefusesPoolsAndMapsThatAreNotThere) {
  const weights::source source("");
  const tf::tensor<float> x({1, 3, 32, 32});
  const auto error = [&](const vgg16::request& wanted) {
    try {
      vgg16::project(source, x, wanted, tf::default_context());
    } catch (const std::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error({.layer = 4, .divisor = 8}), "layer 4 is a pool; a map of a convolution or a ReLU is projected");
  EXPECT_EQ(error({.layer = 3, .map = 8, .divisor = 8}), "layer 3 has the maps 0 to 7");
}

TEST(Vgg16Grid, FramesTheChosenMap) {
  tf::tensor<float> maps({1, 3, 2, 2});
  for (index_t i = 0; i < maps.size(); ++i) maps.data()[i] = static_cast<float>(i);
  EXPECT_EQ(vgg16::strongest(maps), 2);
  const auto grid = vgg16::draw_grid(maps);
  EXPECT_EQ(grid.shape(), (tf::shape{1, 3, 7, 7}));  // two cells a side, three lines
  EXPECT_EQ(grid(0, 1, 1, 1), 0);
  EXPECT_EQ(grid(0, 1, 5, 2), 1);  // the last map's last value, row 1, column 1
  auto large = vgg16::of_height(grid, 14, true);
  EXPECT_EQ(large(0, 1, 11, 5), 1);
  vgg16::frame(large, 1, 3);  // rows 0 to 6, columns 7 to 13
  EXPECT_EQ(large(0, 0, 6, 7), 1);
  EXPECT_EQ(large(0, 1, 6, 7), 0.1f);
  EXPECT_EQ(large(0, 0, 7, 7), 0);
  EXPECT_EQ(large(0, 0, 3, 6), large(0, 1, 3, 6));
}

TEST(Fcn, AgreesWithPyTorch) {
  const tf::net net(fcn::make_graph(weights::source(""), 224, 8));
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(agrees(net.run({{"x", middle_of_coins()}}, on(level))["scores"], "fcn_8.safetensors"))
        << name_of(level);
}

/// torch.fx's graph of the same network, with the same weights, gives the same bits.
TEST(Fcn, TracedGraphIsTheSame) {
  tf::graph written = fcn::make_graph(weights::source(""), 224, 8);
  std::ifstream file(golden_dir + "/fcn_8.graph");
  tf::graph traced = tf::read_graph_text(std::string{std::istreambuf_iterator<char>(file), {}});
  EXPECT_EQ(traced.nodes.size(), written.nodes.size());
  traced.constants = written.constants;
  const auto x = middle_of_coins();
  EXPECT_TRUE(
      tenfold_test::same_bits(tf::net(traced).run({{"x", x}})["scores"], tf::net(written).run({{"x", x}})["scores"]));
}

/// As examples/segment runs it, layer by layer.
TEST(ConvDeconv, TracedGraphIsSegments) {
  const std::string weights = data_dir + "/coins.safetensors";
  const tf::net net(tf::read_graph(TENFOLD_EXAMPLES_DIR "/fcn/conv_deconv.graph", weights));
  const segment::conv_deconv expected{tf::safetensors::file(weights)};
  for (const auto& [height, width] : {std::pair{224, 224}, {61, 90}}) {  // odd sizes too, which the unpools are told
    const auto x = images::middle(images::read_png(data_dir + "/coins.png"), height, width);
    const auto found = net.run({{"x", x}});
    EXPECT_TRUE(tenfold_test::compare(found["y"], expected.forward(x), [](float a, float b, index_t) {
      return std::abs(a - b) <= 1e-5f;  // what each promises
    })) << height;
  }
}

TEST(ConvDeconv, AgreesWithPyTorch) {
  const std::string shared = TENFOLD_SHARED_DATA_DIR "/conv_deconv_epoch45";
  if (!std::filesystem::exists(shared + ".safetensors"))
    GTEST_SKIP() << "the checkpoints of ../shared/data are not here";
  const tf::net net(tf::read_graph(TENFOLD_EXAMPLES_DIR "/fcn/conv_deconv.graph", shared + ".safetensors"));
  const tf::safetensors::file example(shared + "_coffee.safetensors");
  EXPECT_TRUE(tenfold_test::compare(net.run({{"x", example.get<float>("input")}})["y"], example.get<float>("output"),
                                    [](float a, float b, index_t) { return std::abs(a - b) <= 1e-5f; }));
}

TEST(ClassMap, TakesTheFirstOfTheGreatest) {
  tf::tensor<float> scores({1, 3, 1, 4});
  const float values[] = {1, 0, 2, 0, 0, 1, 2, 0, 0, 0, 3, 1};
  std::copy(std::begin(values), std::end(values), scores.data());
  const auto map = classes::most_likely(scores);
  for (const auto& [column, expected] : {std::pair{0, 0}, {1, 1}, {2, 2}, {3, 2}}) EXPECT_EQ(map(0, column), expected);
}

/// The first of VOC's colour map, in 255ths.
TEST(ClassMap, HasVocsColours) {
  const int expected[][3] = {{0, 0, 0},     {128, 0, 0},   {0, 128, 0},     {128, 128, 0}, {0, 0, 128},
                             {128, 0, 128}, {0, 128, 128}, {128, 128, 128}, {64, 0, 0}};
  for (index_t c = 0; c < 9; ++c)
    for (std::size_t channel = 0; channel < 3; ++channel)
      EXPECT_EQ(std::lround(255 * classes::voc_colour(c)[channel]), expected[c][channel]) << c;
  EXPECT_EQ(std::lround(255 * classes::voc_colour(15)[0]), 192);  // the person: 192, 128, 128
}

TEST(Samples, RefuseOtherFiles) {
  const auto error = [](const tf::shape& shape) {
    try {
      samples::compare(tf::tensor<float>(shape), tf::safetensors::file(golden_dir + "/fcn_8.safetensors"));
    } catch (const std::runtime_error& e) {
      return std::string(e.what()).substr(golden_dir.size());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error({1, 21, 2, 2}),
            "/fcn_8.safetensors: samples of an output of the shape [1, 21, 224, 224], but this one's is [1, 21, 2, 2]");
  EXPECT_EQ(error({1, 21, 224, 224}), "no error");  // zeros, which differ
}

#ifdef TENFOLD_DECONVNET_PROGRAM

struct outcome {
  int code;
  std::string out, err;
};

std::string taken_content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  std::remove(path.c_str());
  return content;
}

outcome run_program(const std::string& program, const std::string& arguments) {
  const std::string stem = testing::TempDir() + "tenfold_networks_test_";
  const int status = std::system(("\"" + program + "\" " + arguments + " >" + stem + "out 2>" + stem + "err").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, taken_content(stem + "out"), taken_content(stem + "err")};
}

/// Runs with a picture to write, and gives that picture's shape.
tf::shape picture_of(const std::string& program, const std::string& arguments, const std::string& said) {
  const std::string path = testing::TempDir() + "tenfold_networks_test.png";
  const outcome result = run_program(program, arguments + " --out " + path);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find(said), std::string::npos) << result.out;
  const tf::shape shape = images::read_png(path).shape();
  std::remove(path.c_str());
  return shape;
}

TEST(NetworkPrograms, WritePictures) {
  EXPECT_EQ(picture_of(TENFOLD_DECONVNET_PROGRAM,
                       "--width 8 --middle --layers --check " + golden_dir + "/deconvnet_8.safetensors", "300 samples"),
            (tf::shape{1, 3, 224, 224 + 8 + 224}));
  EXPECT_EQ(
      picture_of(TENFOLD_FCN_PROGRAM, "--width 8 --side 224 --check " + golden_dir + "/fcn_8.safetensors", "300 sam"),
      (tf::shape{1, 3, 224, 224 + 8 + 224}));
  EXPECT_EQ(
      picture_of(TENFOLD_FCN_PROGRAM,
                 "--graph " TENFOLD_EXAMPLES_DIR "/fcn/conv_deconv.graph --weights " + data_dir + "/coins.safetensors",
                 "class 0"),
      (tf::shape{1, 3, 303, 384 + 8 + 384}));
  EXPECT_EQ(picture_of(TENFOLD_VGG16_DECONV_PROGRAM, "--width 8 --layer 14 --zeiler", "layer 14: 32 maps of 56x56"),
            (tf::shape{1, 3, 448, 448 + 8 + 448 + 8 + 448}));
}

TEST(NetworkPrograms, CheckFails) {
  const outcome result = run_program(TENFOLD_DECONVNET_PROGRAM, "--width 8 --out /dev/null --check " + golden_dir +
                                                                    "/deconvnet_8.safetensors");  // not the middle
  EXPECT_EQ(result.code, 1) << result.err;
}

TEST(NetworkPrograms, RefuseInOneSentence) {
  const auto refusal = [](const std::string& program, const std::string& arguments) {
    const outcome result = run_program(program, arguments);
    EXPECT_EQ(result.code, 2) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    return result.err;
  };
  const std::string coins = data_dir + "/coins.safetensors";
  EXPECT_EQ(refusal(TENFOLD_DECONVNET_PROGRAM, "--width 3"), "deconvnet: --width takes 1, 2, 4, 8 or 16\n");
  EXPECT_EQ(refusal(TENFOLD_DECONVNET_PROGRAM, "--prototxt " + coins),
            "deconvnet: " + coins + ", line 1: expected : or { after \"P\"\n");
  EXPECT_EQ(refusal(TENFOLD_DECONVNET_PROGRAM, "--weights " + coins),
            "deconvnet: " + coins + ": has no tensor \"conv1_1.weight\"\n");
  EXPECT_EQ(refusal(TENFOLD_FCN_PROGRAM, "--weights " + coins),
            "fcn: " + coins +
                ": tensor \"conv1.weight\" is float32 [16, 3, 4, 4], where this network needs float32 [64, 3, 7, 7]\n");
  EXPECT_EQ(refusal(TENFOLD_FCN_PROGRAM, "--graph x"), "fcn: --graph needs its --weights, and has its own width\n");
  EXPECT_EQ(refusal(TENFOLD_VGG16_DECONV_PROGRAM, "--layer 4"),
            "vgg16_deconv: layer 4 is a pool; a map of a convolution or a ReLU is projected\n");
  EXPECT_EQ(refusal(TENFOLD_VGG16_DECONV_PROGRAM, "--layer 31").substr(0, 45),
            "vgg16_deconv: --layer takes a number from 0 t");
}

#endif

}  // namespace
