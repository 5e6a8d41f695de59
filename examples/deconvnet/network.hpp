// The graph of a network that a prototxt describes.
#pragma once

#include "common/weights.hpp"
#include "deconvnet/layers.hpp"

#include <tenfold/graph.hpp>

#include <algorithm>  // max
#include <utility>    // move

namespace deconvnet {

namespace tf = tenfold;

/// What the blobs of caffe are at some layer: layers that work in place give a blob a new tensor.
class graph_writer {
 public:
  graph_writer(const description& net, const weights::source& source) : source_(source) {
    graph_.inputs = {{net.input, tf::dtype::float32, tf::shape{1, net.channels, net.height, net.width}}};
    blobs_[net.input] = {.tensor = net.input, .channels = net.channels, .height = net.height, .width = net.width};
    blobs_[net.input].power = pixel_power;
    tensors_.insert(net.input);
    for (const layer& one : net.layers) add(one);
    for (auto& [name, found] : blobs_)
      if (!found.used) graph_.outputs.push_back(found.tensor);
  }

  tf::graph graph() && { return std::move(graph_); }

 private:
  /// The mean square of a pixel less the mean is some 64^2 times that behind a batch norm.
  static constexpr double pixel_power = 64 * 64;

  struct blob {
    std::string tensor;
    index_t channels = 0, height = 0, width = 0;
    double power = 1;   // the mean square of its numbers, roughly; the formula's weights go by it
    bool used = false;  // by a layer that does not work in place
  };

  static bool in_place(const layer& l) { return l.bottoms[0] == l.tops[0]; }

  blob& bottom(const layer& l, std::size_t i) {
    const auto found = blobs_.find(l.bottoms[i]);
    if (found == blobs_.end())
      throw error(l.line,
                  "layer \"" + l.name + "\" needs the blob \"" + l.bottoms[i] + "\", which no layer before it makes");
    found->second.used = found->second.used || !in_place(l);
    return found->second;
  }

  /// The blob's new tensor: of the layer's name where it works in place.
  std::string top(const layer& l, std::size_t i, const blob& sizes) {
    const bool keeps_name = in_place(l) && i == 0;
    if (!keeps_name && blobs_.contains(l.tops[i])) throw error(l.line, "the blob \"" + l.tops[i] + "\" is made twice");
    const std::string tensor = keeps_name ? l.name : l.tops[i];
    if (!tensors_.insert(tensor).second) throw error(l.line, "two tensors would have the name \"" + tensor + "\"");
    blob made = sizes;
    made.tensor = tensor;
    made.used = false;
    blobs_[l.tops[i]] = made;
    return tensor;
  }

  void add(const layer& l) {
    switch (l.type) {
      case layer_type::convolution:
      case layer_type::deconvolution:
        return add_filters(l);
      case layer_type::batch_norm:
        return add_batch_norm(l);
      case layer_type::relu: {
        const blob x = bottom(l, 0);
        graph_.nodes.push_back({l.name, "relu", {x.tensor}, {top(l, 0, x)}});
        return;
      }
      case layer_type::pooling:
        return add_pool(l);
      case layer_type::unpooling:
        return add_unpool(l);
    }
  }

  void add_weight(const weights::described& weight) { graph_.constants.emplace(weight.name, source_(weight)); }

  void add_filters(const layer& l) {
    const blob x = bottom(l, 0);
    const bool transposed = l.type == layer_type::deconvolution;
    blob y = x;
    y.channels = l.num_output;
    y.height = transposed ? enlarged(x.height, l) : reduced(x.height, l);
    y.width = transposed ? enlarged(x.width, l) : reduced(x.width, l);
    if (y.height < 1 || y.width < 1) throw error(l.line, "nothing is left of a picture behind \"" + l.name + "\"");
    y.power = 1;

    const index_t k = l.kernel_size;
    const bool one_pixel = transposed && x.height * x.width == 1;  // of which each output has one tap
    const double inputs = static_cast<double>(x.channels) * static_cast<double>(one_pixel ? 1 : k * k) * x.power;
    const std::string weight = l.name + ".weight", bias = l.name + ".bias";
    add_weight({weight,
                transposed ? tf::shape{x.channels, l.num_output, k, k} : tf::shape{l.num_output, x.channels, k, k},
                formula::he_bound(inputs)});
    add_weight({bias, {l.num_output}, 1.0 / 8});
    graph_.nodes.push_back({l.name,
                            transposed ? "conv_transpose2d" : "conv2d",
                            {x.tensor, weight, bias},
                            {top(l, 0, y)},
                            {{"stride", l.stride}, {"padding", l.pad}}});
  }

  static index_t reduced(index_t size, const layer& l) {
    const index_t room = size + 2 * l.pad - l.kernel_size;
    return room < 0 ? 0 : room / l.stride + 1;
  }
  static index_t enlarged(index_t size, const layer& l) {
    return checked((size - 1) * l.stride + l.kernel_size - 2 * l.pad, l);
  }
  static index_t checked(index_t size, const layer& l) {
    if (size > index_t{1} << 20)
      throw error(l.line, "a picture of more than 2^20 pixels' side behind \"" + l.name + "\"");
    return size;
  }

  /// In its inference form: scale * x + shift, for each channel.
  void add_batch_norm(const layer& l) {
    const blob x = bottom(l, 0);
    const std::string channels = std::to_string(x.channels);
    const std::string zeros = "zeros." + channels, ones = "ones." + channels;
    if (!graph_.constants.contains(zeros)) {
      tf::tensor<float> one({x.channels});
      for (index_t c = 0; c < x.channels; ++c) one(c) = 1;
      graph_.constants.emplace(zeros, tf::constant(tf::tensor<float>({x.channels})));
      graph_.constants.emplace(ones, tf::constant(std::move(one)));
    }
    add_weight({l.name + ".weight", {x.channels}, 1.0 / 4, 1});
    add_weight({l.name + ".bias", {x.channels}, 1.0 / 8});
    graph_.nodes.push_back({l.name,
                            "batch_norm",
                            {x.tensor, zeros, ones, l.name + ".weight", l.name + ".bias"},
                            {top(l, 0, x)},
                            {{"eps", 0.0}}});
  }

  /// caffe rounds up: a last window that reaches over the edge is one too.
  void add_pool(const layer& l) {
    const blob x = bottom(l, 0);
    blob y = x;
    y.height = pooled(x.height, l);
    y.width = pooled(x.width, l);
    tf::graph_node node{l.name, "max_pool2d", {x.tensor}, {top(l, 0, y)}};
    if (l.tops.size() == 2) node.outputs.push_back(top(l, 1, y));
    node.attributes = {{"kernel_size", l.kernel_size}, {"stride", l.stride}, {"padding", l.pad}, {"ceil_mode", 1}};
    graph_.nodes.push_back(std::move(node));
  }
  static index_t pooled(index_t size, const layer& l) {
    const index_t room = size + 2 * l.pad - l.kernel_size;
    if (room < 0) throw error(l.line, "a window larger than its picture in \"" + l.name + "\"");
    const index_t last = (room + l.stride - 1) / l.stride;
    return last * l.stride >= size + l.pad ? last : last + 1;  // a window behind the picture is none
  }

  void add_unpool(const layer& l) {
    const blob x = bottom(l, 0), mask = bottom(l, 1);
    blob y = x;
    y.height = l.unpool_size > 0 ? l.unpool_size : unpooled(x.height, l);
    y.width = l.unpool_size > 0 ? l.unpool_size : unpooled(x.width, l);
    // One number in as many places as the output has more of them.
    y.power = x.power * static_cast<double>(x.height * x.width) / static_cast<double>(y.height * y.width);
    graph_.nodes.push_back({l.name,
                            "max_unpool2d",
                            {x.tensor, mask.tensor},
                            {top(l, 0, y)},
                            {{"kernel_size", l.kernel_size},
                             {"stride", l.stride},
                             {"output_size", std::vector<index_t>{y.height, y.width}}}});
  }
  static index_t unpooled(index_t size, const layer& l) {
    return checked(std::max((size - 1) * l.stride + l.kernel_size, size * l.stride + 1), l);
  }

  const weights::source& source_;
  tf::graph graph_;
  std::map<std::string, blob> blobs_;
  std::set<std::string> tensors_;
};

/// Its input is the description's, its outputs are the blobs that no layer takes. Throws prototxt::error where the
/// layers do not fit together, and tf::error where the weights do not fit them.
inline tf::graph make_graph(const description& net, const weights::source& source) {
  return graph_writer(net, source).graph();
}

}  // namespace deconvnet
