// Segments a picture by an FCN, or by a graph that PyTorch's tracer wrote: README.md, and `fcn --help`.
#include "fcn/network.hpp"

#include "common/class_map.hpp"
#include "common/image.hpp"
#include "common/picture_options.hpp"
#include "common/layers.hpp"
#include "common/samples.hpp"
#include "common/threads.hpp"
#include "common/timing.hpp"

#include <tenfold/net_file.hpp>

#include <cstdio>
#include <exception>
#include <new>  // bad_alloc

namespace {

namespace tf = tenfold;
using tf::index_t;

constexpr const char* usage =
    "usage: fcn [--weights F.safetensors] [--graph F.graph] [--image F.png] [--out F.png] [--width N] [--side N]\n"
    "           [--threads N] [--runs N] [--layers] [--check F.safetensors] [--help]";

struct settings : options::picture_run {
  std::string graph, check_file;
  int side = 0;
};

settings parse(int count, char** values) {
  settings o;
  o.out = "fcn.png";
  for (arguments::reader line(count, values, usage); line.next();) {
    if (o.take(line)) continue;
    if (line.option() == "--graph")
      o.graph = line.value();
    else if (line.option() == "--side")
      o.side = line.number(32, 4096);
    else if (line.option() == "--check")
      o.check_file = line.value();
    else
      line.fail_unknown();
  }
  o.check();
  if (!o.graph.empty() && (o.width != 1 || o.weights.empty()))
    throw std::runtime_error("--graph needs its --weights, and has its own width");
  return o;
}

void print_help() {
  std::printf(
      "%s\n\n"
      "Gives each pixel of a picture the class with the greatest score, and writes them as colours beside it.\n\n"
      "%s"
      "  --graph F    runs this graph instead, as tools/export_torch.py writes one, with its --weights\n"
      "  --side N     takes the middle N x N pixels instead of the whole picture\n"
      "  --check F    compares the scores with samples of PyTorch's (tests/golden/networks), and fails if they "
      "differ\n",
      usage, options::picture_run_help);
}

tf::tensor<float> read_picture(const settings& o) {
  auto picture = images::read_png(o.image);
  const index_t height = picture.shape()[2], width = picture.shape()[3];
  if (height < 32 || width < 32) throw std::runtime_error(o.image + ": a picture of at least 32x32 pixels is needed");
  if (o.side == 0) return picture;
  if (height < o.side || width < o.side) throw std::runtime_error(o.image + ": smaller than --side");
  return images::middle(picture, o.side, o.side);
}

int run(const settings& o) {
  const tf::context ctx = make_context(o.threads);
  const auto picture = read_picture(o);
  const weights::source source(o.graph.empty() ? o.weights : "");
  tf::graph graph = o.graph.empty() ? fcn::make_graph(source, {picture.shape()[2], picture.shape()[3]}, o.width)
                                    : tf::read_graph(o.graph, o.weights);
  if (graph.inputs.size() != 1 || graph.outputs.empty()) throw std::runtime_error("a graph from one picture is needed");
  const std::string input = graph.inputs[0].name, output = graph.outputs[0];
  const tf::net net(std::move(graph));

  const std::vector<tf::named_view> inputs = {{input, picture}};
  auto result = runs::run(net, inputs, ctx, o.runs);
  const tf::tensor<float>& scores = result.outputs[output];
  if (scores.shape().size() != 4 || scores.shape()[2] != picture.shape()[2] || scores.shape()[3] != picture.shape()[3])
    throw std::runtime_error("the output " + output + " " + to_string(scores.shape()) + " is no map of the picture");
  if (o.layers) layers::print_table(layers::run_timed(net, inputs, ctx), false);
  runs::print("fcn", result, o.threads);
  if (o.graph.empty() && source.are_made_up())
    std::printf("the weights are a formula's: the classes below mean nothing\n");
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
    if (!o.help) return run(o);
    print_help();
    return 0;
  } catch (const std::bad_alloc&) {
    std::fputs("fcn: not enough memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fcn: %s\n", e.what());
  }
  return 2;
}
