// The FCN of renkexinmay/SemanticSegmentation-FCN-DeconvNet as a graph: a ResNet-50 whose stages each give class
// scores, added from the coarsest up.
//
//     x -> conv1 7x7 / 2 -> maxpool -> layer1 -> layer2 -> layer3 -> layer4
//               | gcn5         | gcn4              | gcn3    | gcn2    | gcn1        each with a refinement behind it
//     scores <- + <----------- + <---------------- + <------ + <------ .             resized to the next, added,
//     refined
//
// Tensors and weights have that repository's names.
#pragma once

#include "common/weights.hpp"

#include <tenfold/graph.hpp>

#include <string>
#include <utility>  // move
#include <vector>

namespace fcn {

namespace tf = tenfold;
using tf::index_t;

inline constexpr index_t classes = 21;

class graph_writer {
 public:
  /// All channels but the picture's and the classes' are divided by `divisor`.
  graph_writer(const weights::source& source, tf::hw size, index_t divisor) : source_(source) {
    graph_.inputs = {{"x", tf::dtype::float32, tf::shape{1, 3, size.h, size.w}}};
    const value x{"x", 3, size};
    const index_t base = 64 / divisor;
    const value conv_x = relu(batch_norm("bn0", convolve("conv1", x, {base, 7, 7, 2, 3, 3, false})));
    const value pool_x = pool(conv_x);
    const value fm2 = stage("layer2", stage("layer1", pool_x, base, 3, 1), 2 * base, 4, 2);
    const value fm3 = stage("layer3", fm2, 4 * base, 6, 2);
    const value fm4 = stage("layer4", fm3, 8 * base, 3, 2);

    value sum = scores("1", fm4);
    sum = refine("refine6", add(resize(sum, fm3), scores("2", fm3)));
    sum = refine("refine7", add(resize(sum, fm2), scores("3", fm2)));
    sum = refine("refine8", add(resize(sum, pool_x), scores("4", pool_x)));
    sum = refine("refine9", add(resize(sum, conv_x), scores("5", conv_x)));
    refine("refine10", resize(sum, x));
    graph_.nodes.back().outputs = {"scores"};
    graph_.outputs = {"scores"};
  }

  tf::graph graph() && { return std::move(graph_); }

 private:
  struct value {
    std::string tensor;
    index_t channels;
    tf::hw size;
  };
  struct filters {
    index_t out, kernel_h, kernel_w;
    index_t stride = 1, padding_h = 0, padding_w = 0;
    bool bias = true;
  };

  value made(const std::string& op, const std::string& name, std::vector<std::string> inputs, index_t channels,
             tf::hw size, tf::attributes attributes = {}) {
    graph_.nodes.push_back({name, op, std::move(inputs), {name}, std::move(attributes)});
    return {name, channels, size};
  }
  /// Names of what has no weights.
  std::string numbered(const char* what) { return what + std::to_string(++count_); }

  std::string weight(const std::string& name, const tf::shape& shape, double bound, float centre = 0) {
    if (!graph_.constants.contains(name)) graph_.constants.emplace(name, source_({name, shape, bound, centre}));
    return name;
  }

  value convolve(const std::string& name, const value& x, const filters& f) {
    const auto reduced = [&](index_t size, index_t kernel, index_t padding) {
      return (size + 2 * padding - kernel) / f.stride + 1;
    };
    const index_t inputs = x.channels * f.kernel_h * f.kernel_w;
    std::vector<std::string> names = {x.tensor, weight(name + ".weight", {f.out, x.channels, f.kernel_h, f.kernel_w},
                                                       formula::he_bound(static_cast<double>(inputs)))};
    if (f.bias) names.push_back(weight(name + ".bias", {f.out}, 1.0 / 8));
    return made("conv2d", name, std::move(names), f.out,
                {reduced(x.size.h, f.kernel_h, f.padding_h), reduced(x.size.w, f.kernel_w, f.padding_w)},
                {{"stride", f.stride}, {"padding", std::vector<index_t>{f.padding_h, f.padding_w}}});
  }

  /// `name` is that of its weights; `node` another one where they serve twice.
  value batch_norm(const std::string& name, const value& x, double scale = 1, std::string node = "") {
    if (node.empty()) node = name;
    const tf::shape s{x.channels};
    return made("batch_norm", node,
                {x.tensor, weight(name + ".running_mean", s, 1.0 / 8), weight(name + ".running_var", s, 1.0 / 4, 1),
                 weight(name + ".weight", s, scale / 4, static_cast<float>(scale)), weight(name + ".bias", s, 1.0 / 8)},
                x.channels, x.size);
  }
  value relu(const value& x) { return made("relu", numbered("relu"), {x.tensor}, x.channels, x.size); }
  value add(const value& a, const value& b) {
    return made("add", numbered("add"), {a.tensor, b.tensor}, a.channels, a.size);
  }
  value pool(const value& x) {
    return made("max_pool2d", "maxpool", {x.tensor}, x.channels, {(x.size.h - 1) / 2 + 1, (x.size.w - 1) / 2 + 1},
                {{"kernel_size", 3}, {"stride", 2}, {"padding", 1}});
  }
  value resize(const value& x, const value& like) {
    return made("upsample_bilinear2d", numbered("resize"), {x.tensor}, x.channels, like.size,
                {{"output_size", std::vector<index_t>{like.size.h, like.size.w}}, {"align_corners", 1}});
  }

  /// ResNet's block of 1x1, 3x3 and 1x1, whose stride is in the 3x3. The formula makes the branch small, or the sums of
  /// sixteen blocks would grow.
  value bottleneck(const std::string& name, const value& x, index_t inner, index_t stride) {
    value y = relu(batch_norm(name + ".bn1", convolve(name + ".conv1", x, {inner, 1, 1, 1, 0, 0, false})));
    y = relu(batch_norm(name + ".bn2", convolve(name + ".conv2", y, {inner, 3, 3, stride, 1, 1, false})));
    y = batch_norm(name + ".bn3", convolve(name + ".conv3", y, {4 * inner, 1, 1, 1, 0, 0, false}), 1.0 / 4);
    if (stride == 1 && x.channels == 4 * inner) return relu(add(y, x));
    const std::string side = name + ".downsample.";
    return relu(add(y, batch_norm(side + "1", convolve(side + "0", x, {4 * inner, 1, 1, stride, 0, 0, false}))));
  }
  value stage(const std::string& name, value x, index_t inner, index_t blocks, index_t stride) {
    for (index_t i = 0; i < blocks; ++i) x = bottleneck(name + "." + std::to_string(i), x, inner, i == 0 ? stride : 1);
    return x;
  }

  /// A large window as two lines, in both orders: 7 x 1 then 1 x 7, and 1 x 7 then 7 x 1.
  value global_convolution(const std::string& name, const value& x) {
    const filters column{classes, 7, 1, 1, 3, 0}, row{classes, 1, 7, 1, 0, 3};
    const value left = convolve(name + ".conv_l2", convolve(name + ".conv_l1", x, column), row);
    return add(left, convolve(name + ".conv_r2", convolve(name + ".conv_r1", x, row), column));
  }
  /// x and two convolutions of it; one batch norm serves both.
  value refine(const std::string& name, const value& x) {
    const filters same{classes, 3, 3, 1, 1, 1};
    const value y = convolve(name + ".conv1", relu(batch_norm(name + ".bn", x)), same);
    return add(x, convolve(name + ".conv2", relu(batch_norm(name + ".bn", y, 1, name + ".bn.again")), same));
  }
  value scores(const std::string& number, const value& x) {
    return refine("refine" + number, global_convolution("gcn" + number, x));
  }

  const weights::source& source_;
  tf::graph graph_;
  int count_ = 0;
};

/// "x" (1, 3, H, W) from 0 to 1 -> "scores" (1, 21, H, W)
inline tf::graph make_graph(const weights::source& source, tf::hw size, index_t divisor) {
  return graph_writer(source, size, divisor).graph();
}

}  // namespace fcn
