// VGG16 up to a layer, and the way back from one of its maps to the picture.
//
// A layer has its number in torchvision's vgg16().features: 0 a convolution, 1 its ReLU, ... 4 a pool, ... 30 the last.
#pragma once

#include "common/weights.hpp"

#include <tenfold/graph.hpp>

#include <algorithm>  // min
#include <stdexcept>
#include <string>
#include <utility>  // move
#include <vector>

namespace vgg16 {

namespace tf = tenfold;
using tf::index_t;

enum class layer_type { convolution, relu, pool };

struct layer {
  layer_type type;
  index_t in, out;  // channels
};

/// All 31; the channels but the picture's are divided by `divisor`.
inline std::vector<layer> layers(index_t divisor = 1) {
  std::vector<layer> result;
  index_t channels = 3;
  for (const index_t step : {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}) {
    if (step == 0) {
      result.push_back({layer_type::pool, channels, channels});
      continue;
    }
    result.push_back({layer_type::convolution, channels, step / divisor});
    channels = step / divisor;
    result.push_back({layer_type::relu, channels, channels});
  }
  return result;
}

/// How a map is projected.
enum class rule {
  repository,  // csgwon/pytorch-deconvnet's: with the biases of the convolutions that it goes back over, no ReLU
  zeiler       // Zeiler and Fergus's: a ReLU before each transposed convolution, no biases
};

inline std::string tensor_of(index_t number) { return "features." + std::to_string(number); }
inline std::string switches_of(index_t number) { return tensor_of(number) + ".indices"; }

/// The weights of a convolution, and those of the formula.
struct weights_of {
  tf::constant weight, bias;
};
inline weights_of read_weights(const weights::source& source, const layer& l, index_t number) {
  const double pixel_power = l.in == 3 ? 128 * 128 : 1;  // pixels are some 128, what a convolution gives some 1
  return {source({tensor_of(number) + ".weight",
                  {l.out, l.in, 3, 3},
                  formula::he_bound(static_cast<double>(l.in * 9) * pixel_power)}),
          source({tensor_of(number) + ".bias", {l.out}, 1.0 / 8})};
}

/// x (1, 3, H, W) -> the output of layer `last`, and the indices of each pool before it.
inline tf::graph make_features(const weights::source& source, index_t last, index_t divisor) {
  tf::graph graph;
  graph.inputs = {{"x", tf::dtype::float32, tf::shape{1, 3, -1, -1}}};
  const std::vector<layer> all = layers(divisor);
  std::string at = "x";
  for (index_t i = 0; i <= last; ++i) {
    const layer& l = all[static_cast<std::size_t>(i)];
    const std::string y = tensor_of(i);
    switch (l.type) {
      case layer_type::convolution: {
        auto [weight, bias] = read_weights(source, l, i);
        graph.constants[y + ".weight"] = std::move(weight);
        graph.constants[y + ".bias"] = std::move(bias);
        graph.nodes.push_back({y, "conv2d", {at, y + ".weight", y + ".bias"}, {y}, {{"padding", 1}}});
        break;
      }
      case layer_type::relu:
        graph.nodes.push_back({y, "relu", {at}, {y}});
        break;
      case layer_type::pool:
        graph.nodes.push_back({y, "max_pool2d", {at}, {y, switches_of(i)}, {{"kernel_size", 2}}});
        if (i < last) graph.outputs.push_back(switches_of(i));
        break;
    }
    at = y;
  }
  graph.outputs.push_back(at);
  return graph;
}

/// The convolution whose map the layer has: itself, or the one before a ReLU. Pools have none, as in the repository.
inline index_t convolution_of(index_t number) {
  const std::vector<layer> all = layers();
  const auto type = all.at(static_cast<std::size_t>(number)).type;
  if (type == layer_type::pool)
    throw std::runtime_error("layer " + std::to_string(number) +
                             " is a pool; a map of a convolution or a ReLU is projected");
  return type == layer_type::convolution ? number : number - 1;
}

namespace detail {

/// The filter of one map: a row of the weight, which it shares the memory of.
inline tf::constant filter_of(const tf::constant& weight, index_t map) {
  const tf::shape& s = weight.shape();
  const index_t size = s[1] * s[2] * s[3];
  const auto* values = static_cast<const float*>(weight.data()) + map * size;
  return {tf::any_view(tf::dtype::float32, values, tf::shape{1, s[1], s[2], s[3]}),
          std::make_shared<tf::constant>(weight)};
}

/// The last convolution before that layer; -1 for none.
inline index_t convolution_before(const std::vector<layer>& all, index_t number) {
  do --number;
  while (number >= 0 && all[static_cast<std::size_t>(number)].type != layer_type::convolution);
  return number;
}

}  // namespace detail

/// "map" (1, 1, h, w) of layer `last`, and make_features's indices by their names -> "picture" (1, 3, H, W).
/// `sizes` are the heights and widths before each pool, the first pool's first.
inline tf::graph make_projection(const weights::source& source, index_t last, index_t map, rule by, index_t divisor,
                                 const std::vector<tf::hw>& sizes) {
  tf::graph graph;
  graph.inputs = {{"map", tf::dtype::float32, tf::shape{1, 1, -1, -1}}};
  const std::vector<layer> all = layers(divisor);
  const index_t first = convolution_of(last);
  std::size_t pools = sizes.size();
  std::string at = "map";
  const auto add = [&](const std::string& op, std::vector<std::string> inputs, tf::attributes attributes = {}) {
    const std::string y = "back." + std::to_string(graph.nodes.size());
    inputs.insert(inputs.begin(), at);
    graph.nodes.push_back({y, op, std::move(inputs), {y}, std::move(attributes)});
    at = y;
  };
  for (index_t i = first; i >= 0; --i) {
    const layer& l = all[static_cast<std::size_t>(i)];
    if (l.type == layer_type::pool) {
      const tf::hw size = sizes.at(--pools);
      graph.inputs.push_back({switches_of(i), tf::dtype::int64, tf::shape{1, l.out, -1, -1}});
      add("max_unpool2d", {switches_of(i)},
          {{"kernel_size", 2}, {"output_size", std::vector<index_t>{size.h, size.w}}});
    } else if (l.type == layer_type::convolution) {
      const std::string weight = tensor_of(i) + ".weight", bias = tensor_of(i) + ".bias.before";
      const tf::constant filters = read_weights(source, l, i).weight;
      graph.constants[weight] = i == first ? detail::filter_of(filters, map) : filters;
      if (by == rule::zeiler) add("relu", {});
      const index_t before = detail::convolution_before(all, i);
      const bool adds = by == rule::repository && before >= 0;
      if (adds) graph.constants[bias] = read_weights(source, all[static_cast<std::size_t>(before)], before).bias;
      add("conv_transpose2d", adds ? std::vector{weight, bias} : std::vector{weight}, {{"padding", 1}});
    }
  }
  graph.nodes.back().outputs = {"picture"};
  graph.outputs = {"picture"};
  return graph;
}

}  // namespace vgg16
