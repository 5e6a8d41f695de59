// The example's network against PyTorch and against the reference, its coins, its pictures, and its program.
#include "common/image.hpp"
#include "segment/coins.hpp"
#include "segment/network.hpp"
#include "segment/overlay.hpp"

#include "support.hpp"

#include <tenfold/reference.hpp>

#include <sys/wait.h>  // WEXITSTATUS

#include <cstdlib>  // system
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace {

namespace tf = tenfold;
using tenfold_test::available_isas;
using tenfold_test::compare;
using tenfold_test::on;

const std::string data_dir = TENFOLD_SEGMENT_DATA_DIR;
const std::string shared_dir = TENFOLD_SHARED_DATA_DIR;

/// The example promises PyTorch's output to 1e-5, the absolute tolerance of torch.testing.assert_close for float32.
template <class Expected>
testing::AssertionResult within_promise(const tf::tensor<float>& got, const Expected& expected) {
  return compare(got, expected, [](float g, auto e, tf::index_t) {
    return std::abs(static_cast<double>(g) - static_cast<double>(e)) <= 1e-5;
  });
}

segment::conv_deconv bundled_network() {
  return segment::conv_deconv(tf::safetensors::file(data_dir + "/coins.safetensors"));
}

tf::tensor<float> crop(const tf::tensor<float>& picture, tf::index_t top, tf::index_t left, tf::index_t height,
                       tf::index_t width) {
  auto part = tf::tensor<float>::uninitialized({1, 3, height, width});
  for (tf::index_t c = 0; c < 3; ++c)
    for (tf::index_t y = 0; y < height; ++y)
      for (tf::index_t x = 0; x < width; ++x) part(0, c, y, x) = picture(0, c, top + y, left + x);
  return part;
}

tf::tensor<double> to_double(const tf::tensor<float>& x) {
  auto y = tf::tensor<double>::uninitialized(x.shape());
  std::copy(x.data(), x.data() + x.size(), y.data());
  return y;
}

/// The network once more, of naive loops and in double.
tf::tensor<double> reference_network(const tf::safetensors::file& weights, const tf::tensor<float>& image) {
  namespace reference = tf::reference;
  const auto weight = [&](const std::string& name) { return to_double(weights.get<float>(name + ".weight")); };
  const auto bias = [&](const std::string& name) { return to_double(weights.get<float>(name + ".bias")); };
  const auto conv = [&](const tf::tensor<double>& x, const std::string& name) {
    return reference::relu(reference::conv2d(x, weight(name), bias(name)));
  };
  const auto deconv = [&](const tf::tensor<double>& x, const std::string& name) {
    return reference::conv_transpose2d(x, weight(name), bias(name));
  };
  const auto unpool = [&](const auto& x, const auto& indices, const tf::shape& size) {
    return reference::max_unpool2d(x, indices, {.kernel_size = 2, .output_size = tf::hw{size[2], size[3]}});
  };
  const auto x1 = conv(to_double(image), "conv1");
  const auto pool1 = reference::max_pool2d_with_indices(x1, {.kernel_size = 2});
  const auto x2 = conv(pool1.values, "conv2");
  const auto pool2 = reference::max_pool2d_with_indices(x2, {.kernel_size = 2});
  const auto y1 = unpool(reference::relu(deconv(conv(pool2.values, "conv3"), "deconv1")), pool2.indices, x2.shape());
  const auto y2 = unpool(reference::relu(deconv(y1, "deconv2")), pool1.indices, x1.shape());
  return reference::sigmoid(deconv(y2, "deconv3"));
}

TEST(SegmentNetwork, AgreesWithReference) {
  const tf::safetensors::file weights(data_dir + "/coins.safetensors");
  const auto picture = images::read_png(data_dir + "/coins.png");
  for (const auto& [height, width] : {std::pair{23, 23}, {24, 30}, {41, 48}}) {
    const auto image = crop(picture, 60, 20, height, width);
    const auto expected = reference_network(weights, image);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_promise(segment::conv_deconv(weights).forward(image, on(level)), expected))
          << name_of(level) << ", " << height << "x" << width;
  }
}

TEST(SegmentNetwork, AgreesWithPyTorch) {
  if (!std::filesystem::exists(shared_dir)) GTEST_SKIP() << "the weights and outputs of ../shared/data are not here";
  for (const std::string epoch : {"20", "45"}) {
    const std::string stem = shared_dir + "/conv_deconv_epoch" + epoch;
    const tf::safetensors::file example(stem + "_coffee.safetensors");
    const segment::conv_deconv network(tf::safetensors::file(stem + ".safetensors"));
    const auto expected = example.get<float>("output");
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_promise(network.forward(example.get<float>("input"), on(level)), expected))
          << "epoch " << epoch << ", " << name_of(level);
  }
}

TEST(SegmentNetwork, ReportsItsLayers) {
  std::vector<tf::shape> outputs;
  std::vector<double> flop;
  bundled_network().net().run({{"image", tf::tensor<float>({2, 3, 24, 31})}}, tf::default_context(),
                              [&](const tf::layer_report& layer) {
                                outputs.push_back(layer.output);
                                flop.push_back(layer.flop);
                              });
  ASSERT_EQ(outputs.size(), 10u);
  EXPECT_EQ(outputs[0], (tf::shape{2, 16, 21, 28}));
  EXPECT_EQ(flop[0], 2.0 * (3 * 4 * 4) * (2 * 16 * 21 * 28));  // two for each weight of each output
  EXPECT_EQ(outputs[6], (tf::shape{2, 32, 6, 10}));            // unpool2, before which a line was dropped
  EXPECT_EQ(flop[9], 2.0 * (3 * 4 * 4) * (2 * 16 * 21 * 28));  // and for each input of a transposed one
  EXPECT_EQ(outputs[9], (tf::shape{2, 3, 24, 31}));
}

TEST(SegmentNetwork, ServesPicturesOfAnySize) {
  const auto network = bundled_network();
  const auto picture = images::read_png(data_dir + "/coins.png");
  for (const auto& [height, width] : {std::pair{40, 60}, {30, 30}, {40, 60}, {60, 80}}) {
    const auto image = crop(picture, 60, 20, height, width);
    EXPECT_TRUE(tenfold_test::same_bits(bundled_network().forward(image), network.forward(image)))
        << height << "x" << width;
  }
}

TEST(SegmentNetwork, RefusesOtherWeights) {
  const auto refusal = [](const std::string& header, std::size_t bytes) {
    const std::uint64_t length = header.size();
    const std::string file =
        std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + std::string(bytes, '\0');
    try {
      segment::conv_deconv network(tf::safetensors::file(file, "F"));
    } catch (const tf::error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(refusal("{}", 0), "F: has no tensor \"conv1.weight\"");
  EXPECT_EQ(refusal(R"({"conv1.weight":{"dtype":"F32","shape":[8,3,1,1],"data_offsets":[0,96]}})", 96),
            "F: tensor \"conv1.weight\" has the shape [8, 3, 1, 1], where this network needs [16, 3, 4, 4]");
  EXPECT_EQ(refusal(R"({"conv1.weight":{"dtype":"F16","shape":[16,3,4,4],"data_offsets":[0,1536]}})", 1536),
            "F: tensor \"conv1.weight\" is of type F16, where F32 is needed");
}

TEST(SegmentCoins, BundledPictureHas24) {
  const auto network = bundled_network();
  const auto picture = images::read_png(data_dir + "/coins.png");
  for (const tf::isa level : available_isas()) {
    const auto coins = segment::find_coins(network.forward(picture, on(level)));
    ASSERT_EQ(coins.size(), 24u) << name_of(level);
    for (std::size_t i = 0; i < 24; ++i) {  // four lines of six, from left to right
      EXPECT_EQ(static_cast<std::size_t>(coins[i].y / (303.0 / 4)), i / 6) << i;
      EXPECT_TRUE(i % 6 == 0 || coins[i].x > coins[i - 1].x) << i;
    }
  }
}

/// An output (1, 3, 20, 40) whose coins and rims are rectangles.
struct rectangle {
  tf::index_t channel, top, left, bottom, right;
};

tf::tensor<float> output_of(std::initializer_list<rectangle> rectangles) {
  tf::tensor<float> output({1, 3, 20, 40});
  for (const rectangle& r : rectangles)
    for (tf::index_t y = r.top; y < r.bottom; ++y)
      for (tf::index_t x = r.left; x < r.right; ++x) output(0, r.channel, y, x) = 1;
  return output;
}

TEST(SegmentCoins, CountsComponentsThatAreLargeEnough) {
  EXPECT_EQ(segment::find_coins(output_of({})).size(), 0u);
  EXPECT_EQ(segment::find_coins(output_of({{0, 0, 0, 10, 15}})).size(), 1u);  // 150 pixels
  EXPECT_EQ(segment::find_coins(output_of({{0, 0, 0, 1, 1}, {0, 1, 0, 10, 15}, {0, 0, 2, 1, 15}})).size(), 0u);  // 149
}

TEST(SegmentCoins, NeighboursAcrossACornerAreTwo) {
  const auto coins = segment::find_coins(output_of({{0, 0, 20, 10, 40}, {0, 10, 0, 20, 20}}));
  ASSERT_EQ(coins.size(), 2u);
  EXPECT_DOUBLE_EQ(coins[0].y, 4.5);
  EXPECT_DOUBLE_EQ(coins[0].x, 29.5);
  EXPECT_DOUBLE_EQ(coins[1].y, 14.5);
  EXPECT_DOUBLE_EQ(coins[1].x, 9.5);
}

TEST(SegmentCoins, RimsSeparate) {
  EXPECT_EQ(segment::find_coins(output_of({{0, 0, 0, 20, 40}})).size(), 1u);
  EXPECT_EQ(segment::find_coins(output_of({{0, 0, 0, 20, 40}, {1, 0, 19, 20, 21}})).size(), 2u);
}

TEST(SegmentCoins, LabelsReachOverTheRims) {
  const auto coins = segment::find_coins(output_of({{0, 0, 0, 20, 40}, {1, 0, 16, 20, 21}}));
  const auto labels = segment::label_coins(coins, 20, 40, 2);
  const std::int32_t expected[] = {1, 1, 1, 0, 2, 2, 2};  // columns 15 to 21: core, the rim's five, core
  for (tf::index_t i = 0; i < 7; ++i) EXPECT_EQ(labels(9, 15 + i), expected[i]) << i;
}

TEST(SegmentOverlay, MarksCoinsOnly) {
  const auto output = output_of({{0, 2, 2, 18, 18}});
  tf::tensor<float> picture({1, 3, 20, 40});
  const auto drawn = segment::draw_coins(picture, output, segment::find_coins(output));
  EXPECT_EQ(drawn.shape(), (tf::shape{1, 3, 80, 160 + 8 + 160}));  // four times as large, twice
  EXPECT_EQ(drawn(0, 0, 40, 40), 0);                               // the original
  EXPECT_EQ(drawn(0, 0, 40, 164), 1);                              // the line between
  EXPECT_GT(drawn(0, 0, 20, 168 + 40), 0);                         // the coin's tint
  EXPECT_EQ(drawn(0, 0, 40, 168 + 120), 0);                        // the background beside it
}

class temporary_file {
 public:
  explicit temporary_file(const std::string& name) : path_(testing::TempDir() + "tenfold_segment_test_" + name) {}
  ~temporary_file() { std::remove(path_.c_str()); }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  const std::string& path() const { return path_; }
  std::string content() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

 private:
  std::string path_;
};

std::string file_content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Writes pixels of any libpng format, then reads them as the example does.
template <class Pixel>
tf::tensor<float> through_png(png_uint_32 format, png_uint_32 width, const std::vector<Pixel>& pixels,
                              const std::vector<std::uint8_t>& palette = {}) {
  const temporary_file file("format.png");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.format = format;
  image.width = width;
  image.height = 1;
  image.colormap_entries = static_cast<png_uint_32>(palette.size() / 3);
  EXPECT_TRUE(png_image_write_to_file(&image, file.path().c_str(), 0, pixels.data(), 0, palette.data()));
  return images::read_png(file.path());
}

TEST(SegmentImage, ReadsEveryKindOfPng) {
  const auto bytes = [](std::initializer_list<int> rgb_planes) {
    auto x = tf::tensor<float>::uninitialized({1, 3, 1, static_cast<tf::index_t>(rgb_planes.size() / 3)});
    std::transform(rgb_planes.begin(), rgb_planes.end(), x.data(), [](int v) { return static_cast<float>(v) / 255; });
    return x;
  };
  using tenfold_test::equal;
  using v8 = std::vector<std::uint8_t>;
  using v16 = std::vector<std::uint16_t>;
  EXPECT_TRUE(equal(through_png(PNG_FORMAT_GRAY, 2, v8{7, 200}), bytes({7, 200, 7, 200, 7, 200})));
  EXPECT_TRUE(equal(through_png(PNG_FORMAT_RGB, 2, v8{1, 2, 3, 4, 5, 6}), bytes({1, 4, 2, 5, 3, 6})));
  EXPECT_TRUE(equal(through_png(PNG_FORMAT_RGBA, 2, v8{1, 2, 3, 255, 4, 5, 6, 0}), bytes({1, 255, 2, 255, 3, 255})));
  EXPECT_TRUE(equal(through_png(PNG_FORMAT_GA, 2, v8{9, 255, 9, 0}), bytes({9, 255, 9, 255, 9, 255})));
  EXPECT_TRUE(
      equal(through_png(PNG_FORMAT_RGB_COLORMAP, 2, v8{1, 0}, v8{1, 2, 3, 4, 5, 6}), bytes({4, 1, 5, 2, 6, 3})));
  // 16 bits, written as linear light: only black and white are the same in both.
  EXPECT_TRUE(
      equal(through_png(PNG_FORMAT_LINEAR_RGB, 2, v16{0, 65535, 0, 65535, 0, 65535}), bytes({0, 255, 255, 0, 0, 255})));
}

TEST(SegmentImage, WritesWhatItReads) {
  const temporary_file copy("copy.png");
  const auto picture = images::read_png(data_dir + "/coins.png");
  ASSERT_EQ(picture.shape(), (tf::shape{1, 3, 303, 384}));
  images::write_png(copy.path(), picture);
  EXPECT_TRUE(tenfold_test::equal(images::read_png(copy.path()), picture));
}

#ifdef TENFOLD_SEGMENT_PROGRAM

struct outcome {
  int code;
  std::string out, err;
};

outcome run_program(const std::string& arguments) {
  const temporary_file out("stdout"), err("stderr");
  const std::string command = "\"" TENFOLD_SEGMENT_PROGRAM "\" " + arguments + " >" + out.path() + " 2>" + err.path();
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.content(), err.content()};
}

TEST(SegmentProgram, FindsTheCoins) {
  const temporary_file out("out.png");
  const outcome result = run_program("--out " + out.path());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find("found: 24 coins"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("deconv3 + sigmoid  [1, 3, 303, 384]"), std::string::npos) << result.out;
  EXPECT_EQ(images::read_png(out.path()).shape(), (tf::shape{1, 3, 606, 768 + 8 + 768}));
}

TEST(SegmentProgram, RunsAnyPictureThatIsLargeEnough) {
  const temporary_file picture("small.png"), out("out.png");
  images::write_png(picture.path(), tf::tensor<float>({1, 3, 23, 26}));
  EXPECT_EQ(run_program("--image " + picture.path() + " --out " + out.path()).code, 0);
  images::write_png(picture.path(), tf::tensor<float>({1, 3, 22, 26}));
  const outcome result = run_program("--image " + picture.path() + " --out " + out.path());
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err,
            "segment: " + picture.path() + ": the picture has 26x22 pixels, and the network needs at least 23x23\n");
}

/// One sentence on one line, exit code 2, nothing on stdout.
void expect_refusal(const std::string& arguments, const std::string& sentence) {
  const outcome result = run_program(arguments);
  EXPECT_EQ(result.code, 2) << arguments;
  EXPECT_EQ(result.err, "segment: " + sentence + "\n") << arguments;
  EXPECT_EQ(result.out, "") << arguments;
}

TEST(SegmentProgram, RefusesOtherFiles) {
  const std::string png = data_dir + "/coins.png", weights = data_dir + "/coins.safetensors";
  expect_refusal("--weights not/there", "not/there: it cannot be opened (No such file or directory)");
  expect_refusal("--weights " + png, png + ": not a safetensors file: its first 8 bytes would make the header " +
                                         "727905341920923785 bytes long");
  expect_refusal("--image not/there", "not/there: cannot be read as a PNG picture (No such file or directory)");
  expect_refusal("--image " + weights, weights + ": cannot be read as a PNG picture (Not a PNG file)");
}

TEST(SegmentProgram, RefusesTruncatedFiles) {
  const temporary_file part("part");
  const std::string weights = file_content(data_dir + "/coins.safetensors");
  part.write(weights.substr(0, weights.size() - 1));
  expect_refusal("--weights " + part.path(),
                 part.path() + ": truncated: its tensors take 256652 bytes, and 256651 are there");
  part.write(weights.substr(0, 100));
  EXPECT_EQ(run_program("--weights " + part.path()).code, 2);

  const std::string png = file_content(data_dir + "/coins.png");
  for (const std::size_t size : {0ul, 7ul, 20ul, 1000ul, png.size() / 2}) {
    part.write(png.substr(0, size));
    const outcome result = run_program("--image " + part.path());
    EXPECT_EQ(result.code, 2) << size;
    EXPECT_EQ(result.err.find("segment: " + part.path() + ": "), 0u) << size;
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << size;
  }
}

TEST(SegmentProgram, RefusesWhatItCannotDo) {
  const std::string usage =
      "usage: segment [--weights F.safetensors] [--image F.png] [--out F.png] [--threads N] [--help]";
  expect_refusal("--wieghts x", "unknown option '--wieghts'; " + usage);
  expect_refusal("--out", "--out needs a value; " + usage);
  expect_refusal("--image ''", "--image needs a value; " + usage);
  expect_refusal("--threads 0", "--threads takes a number from 1 to 1024, but got '0'");
  expect_refusal("--threads 2x", "--threads takes a number from 1 to 1024, but got '2x'");
  EXPECT_EQ(run_program("--help").out.find(usage), 0u);
  EXPECT_EQ(run_program("--help").code, 0);
}

TEST(SegmentProgram, SaysWhereItCannotWrite) {
  const outcome result = run_program("--out not/there/out.png");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "segment: not/there/out.png: cannot be written\n");
}

#endif

}  // namespace
