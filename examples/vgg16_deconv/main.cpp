// What a map of VGG16 saw in a picture: README.md, and `vgg16_deconv --help`.
#include "vgg16_deconv/project.hpp"

#include "common/arguments.hpp"
#include "common/image.hpp"
#include "common/picture_options.hpp"
#include "common/threads.hpp"
#include "common/timing.hpp"

#include <cmath>  // nearbyint
#include <cstdio>
#include <exception>
#include <new>  // bad_alloc

namespace {

namespace tf = tenfold;
using tf::index_t;

constexpr const char* usage =
    "usage: vgg16_deconv [--weights F.safetensors] [--image F.png] [--out F.png] [--layer N] [--map N] [--zeiler]\n"
    "                    [--imagenet] [--width N] [--threads N] [--runs N] [--help]";

struct settings : options::picture_run {
  vgg16::request wanted;
  bool imagenet = false;
};

settings parse(int count, char** values) {
  settings o;
  o.out = "vgg16_deconv.png";
  for (arguments::reader line(count, values, usage); line.next();) {
    if (line.option() == "--layer")
      o.wanted.layer = line.number<index_t>(0, 29);
    else if (line.option() == "--map")
      o.wanted.map = line.number<index_t>(0, 511);
    else if (line.option() == "--zeiler")
      o.wanted.by = vgg16::rule::zeiler;
    else if (line.option() == "--imagenet")
      o.imagenet = true;
    else if (line.option() == "--layers" || !o.take(line))
      line.fail_unknown();
  }
  o.check();
  o.wanted.divisor = o.width;
  return o;
}

void print_help() {
  std::printf(
      "%s\n\n"
      "Writes a picture of three parts: what VGG16 is shown, all maps of one of its layers with one of them framed, "
      "and\n"
      "that map projected back to the picture through the switches of the pools.\n\n"
      "%s"
      "  --layer N    the number of a convolution or ReLU in torchvision's vgg16().features (29, the last ReLU)\n"
      "  --map N      the map to project (the one with the greatest activation)\n"
      "  --zeiler     a ReLU before each transposed convolution and no biases, instead of the repository's rule\n"
      "  --imagenet   pixels as torchvision's weights were trained with, instead of the repository's 0 to 255\n",
      usage, options::picture_run_help);
}

/// A picture from 0 to 1 as the network takes it.
tf::tensor<float> pixels(tf::tensor<float> picture, bool imagenet) {
  constexpr float mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
  const index_t plane = picture.shape()[2] * picture.shape()[3];
  for (index_t i = 0; i < picture.size(); ++i) {
    float& value = picture.data()[i];
    value = imagenet ? (value - mean[i / plane]) / deviation[i / plane] : std::nearbyint(255 * value);
  }
  return picture;
}

void run(const settings& o) {
  constexpr index_t side = 224, height = 448;
  const tf::context ctx = make_context(o.threads);
  const weights::source source(o.weights);
  const auto picture = images::square(images::read_png(o.image), side);
  const auto x = pixels(picture, o.imagenet);
  std::vector<double> seconds;
  vgg16::projection result;
  for (int i = 0; i < o.runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    result = vgg16::project(source, x, o.wanted, ctx);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + o.runs / 2, seconds.end());
  std::printf("layer %d: %d maps of %dx%d; projected: map %d\n", static_cast<int>(o.wanted.layer),
              static_cast<int>(result.maps.shape()[1]), static_cast<int>(result.maps.shape()[3]),
              static_cast<int>(result.maps.shape()[2]), static_cast<int>(result.map));
  std::printf("there and back, weights packed: %.1f ms on %d thread%s; peak memory %.0f MB\n",
              1e3 * seconds[static_cast<std::size_t>(o.runs / 2)], o.threads, o.threads == 1 ? "" : "s",
              runs::peak_memory() / 1e6);
  if (source.are_made_up()) std::printf("the weights are a formula's: the maps below mean nothing\n");
  vgg16::stretch(result.picture);
  const index_t count = result.maps.shape()[1];
  auto grid = vgg16::of_height(vgg16::draw_grid(std::move(result.maps)), height, true);
  vgg16::frame(grid, result.map, count);
  const auto back = vgg16::of_height(result.picture, height, false);
  images::write_png(o.out,
                    images::side_by_side(images::side_by_side(vgg16::of_height(picture, height, false), grid), back));
  std::printf("written: %s\n", o.out.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const settings o = parse(count, arguments);
    if (o.help)
      print_help();
    else
      run(o);
    return 0;
  } catch (const std::bad_alloc&) {
    std::fputs("vgg16_deconv: not enough memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "vgg16_deconv: %s\n", e.what());
  }
  return 2;
}
