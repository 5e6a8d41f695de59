// Segments a picture by DeconvNet: README.md, and `deconvnet --help`.
#include "deconvnet/description.hpp"
#include "deconvnet/network.hpp"
#include "deconvnet/pixels.hpp"

#include "common/class_map.hpp"
#include "common/image.hpp"
#include "common/picture_options.hpp"
#include "common/layers.hpp"
#include "common/samples.hpp"
#include "common/threads.hpp"
#include "common/timing.hpp"

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <new>  // bad_alloc

namespace {

namespace tf = tenfold;
using tf::index_t;

constexpr const char* usage =
    "usage: deconvnet [--weights F.safetensors] [--prototxt F] [--image F.png] [--out F.png] [--width N] [--middle]\n"
    "                 [--threads N] [--runs N] [--layers] [--check F.safetensors] [--print-prototxt] [--help]";

struct settings : options::picture_run {
  std::string prototxt, check_file;
  bool middle = false, print_prototxt = false;
};

settings parse(int count, char** values) {
  settings o;
  o.out = "deconvnet.png";
  for (arguments::reader line(count, values, usage); line.next();) {
    if (o.take(line)) continue;
    if (line.option() == "--prototxt")
      o.prototxt = line.value();
    else if (line.option() == "--check")
      o.check_file = line.value();
    else if (line.option() == "--middle")
      o.middle = true;
    else if (line.option() == "--print-prototxt")
      o.print_prototxt = true;
    else
      line.fail_unknown();
  }
  o.check();
  if (!o.prototxt.empty() && o.width != 1)
    throw std::runtime_error("--width is not for a --prototxt, which has its own");
  return o;
}

void print_help() {
  std::printf(
      "%s\n\n"
      "Gives each pixel of a picture one of the 21 classes of PASCAL VOC, and writes them as colours beside it.\n\n"
      "%s"
      "  --prototxt F the layers, as caffe describes them (DeconvNet's own, from code)\n"
      "  --middle     takes the middle of the picture as it is, instead of the largest square, resized\n"
      "  --check F    compares the scores with samples of PyTorch's (tests/golden/networks), and fails if they differ\n"
      "  --print-prototxt  prints the layers and ends\n",
      usage, options::picture_run_help);
}

deconvnet::description read_layers(const settings& o) {
  if (o.prototxt.empty()) return deconvnet::read_description(deconvnet::write_prototxt(o.width));
  std::ifstream file(o.prototxt, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error(o.prototxt + ": cannot be read");
  try {
    return deconvnet::read_description(text);
  } catch (const prototxt::error& e) {
    throw std::runtime_error(o.prototxt + ", " + e.what());
  }
}

tf::tensor<float> read_picture(const settings& o, const deconvnet::description& net) {
  const auto picture = images::read_png(o.image);
  if (net.channels != 3 || net.height != net.width) throw std::runtime_error("the network takes no square pictures");
  if (!o.middle) return images::square(picture, net.height);
  if (picture.shape()[2] < net.height || picture.shape()[3] < net.width)
    throw std::runtime_error(o.image + ": smaller than what the network takes");
  return images::middle(picture, net.height, net.width);
}

int run(const settings& o) {
  const tf::context ctx = make_context(o.threads);
  const auto described = read_layers(o);
  const weights::source source(o.weights);
  tf::graph graph = deconvnet::make_graph(described, source);
  if (graph.outputs.size() != 1) throw std::runtime_error("a network with one output is needed");
  const std::string output = graph.outputs[0];
  tf::net net(std::move(graph));
  const auto picture = read_picture(o, described);
  const auto x = deconvnet::pixels(picture);

  const std::vector<tf::named_view> inputs = {{described.input, x}};
  auto result = runs::run(net, inputs, ctx, o.runs);
  const tf::tensor<float>& scores = result.outputs[output];
  if (o.layers) layers::print_table(layers::run_timed(net, inputs, ctx), false);
  runs::print("deconvnet", result, o.threads);
  if (source.are_made_up()) std::printf("the weights are a formula's: the classes below mean nothing\n");
  const auto map = classes::most_likely(scores);
  classes::print_shares(map, scores.shape()[1]);
  images::write_png(o.out, classes::draw(picture, map));
  std::printf("written: %s\n", o.out.c_str());
  return o.check_file.empty() || samples::agree(scores, o.check_file) ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const settings o = parse(count, arguments);
    if (o.help)
      print_help();
    else if (o.print_prototxt)
      std::fputs(deconvnet::write_prototxt(o.width).c_str(), stdout);
    else
      return run(o);
    return 0;
  } catch (const std::bad_alloc&) {
    std::fputs("deconvnet: not enough memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "deconvnet: %s\n", e.what());
  }
  return 2;
}
