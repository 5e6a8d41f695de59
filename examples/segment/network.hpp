// The network: an encoder of convolutions and max-pools, a decoder of transposed convolutions and unpools that put
// every maximum back where its pool found it.
//
//     1x3xHxW   conv1 4x4 relu -> pool -> conv2 5x5 relu -> pool -> conv3 3x3 relu
//               -> deconv1 3x3 relu -> unpool -> deconv2 5x5 relu -> unpool -> deconv3 4x4 sigmoid   1x3xHxW
//
// Strides 1, no padding. Each convolution takes away what its transposed one gives back; a pool of an odd size drops a
// line, so its unpool is told the size before it.
#pragma once

#include "common/safetensors.hpp"

#include <tenfold/tenfold.hpp>

#include <algorithm>  // min
#include <chrono>
#include <cstddef>  // byte
#include <string>
#include <utility>  // move
#include <vector>

namespace segment {

namespace tf = tenfold;
using tf::index_t;

/// What a layer did.
struct layer_report {
  const char* name;
  tf::shape output;
  double seconds;
  double flop;  // multiplications and additions; 0 where there are none
};

class conv_deconv {
 public:
  /// The least height and width of an input: 23 -> 20 -> 10 -> 6 -> 3 -> 1, where conv3 has one window left.
  static constexpr index_t smallest = 23;

  /// Throws safetensors::error where the file does not hold the weights of this network.
  explicit conv_deconv(const safetensors::file& weights)
      : conv1_(weights, "conv1", {16, 3, 4, 4}, 16, tf::activation::relu),
        conv2_(weights, "conv2", {32, 16, 5, 5}, 32, tf::activation::relu),
        conv3_(weights, "conv3", {64, 32, 3, 3}, 64, tf::activation::relu),
        deconv1_(weights, "deconv1", {64, 32, 3, 3}, 32, tf::activation::relu),
        deconv2_(weights, "deconv2", {32, 16, 5, 5}, 16, tf::activation::relu),
        deconv3_(weights, "deconv3", {16, 3, 4, 4}, 3, tf::activation::none) {}

  /// The layers' outputs and scratch memory: kept from call to call, so that only the first of a size allocates.
  struct buffers {
    tf::tensor<float> x1, x2, x3, y1, y2, y3, y4, output;
    tf::max_pool2d_result<float> pool1, pool2;
    std::vector<std::byte> scratch;
  };

  /// image (N, 3, H, W) -> (N, 3, H, W) in b.output, each channel from 0 to 1. Calls report(layer_report) after each
  /// layer.
  template <class Report>
  void forward(const tf::tensor<float>& image, buffers& b, const tf::context& ctx, const Report& report) const {
    const auto timed = [&](const char* name, const tf::shape& output, double flop, const auto& run) {
      const auto start = std::chrono::steady_clock::now();
      run();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      report(layer_report{name, output, taken.count(), flop});
    };
    const auto convolve = [&](const char* name, const auto& layer, const tf::tensor<float>& x, tf::tensor<float>& y) {
      fit(y, layer.run.output_shape(x.shape()));
      const tf::context with_scratch = layer.with_scratch(b.scratch, x.shape(), ctx);
      timed(name, y.shape(), layer.flop(x.shape(), y.shape()), [&] { layer.run.into(y, x, with_scratch); });
    };
    const auto pool = [&](const char* name, const tf::tensor<float>& x, tf::max_pool2d_result<float>& y) {
      const tf::pool2d_options options{.kernel_size = 2};
      fit(y.values, tf::max_pool2d_output_shape(x.shape(), options));
      fit(y.indices, y.values.shape());
      timed(name, y.values.shape(), 0, [&] { tf::max_pool2d_with_indices_into(y.values, y.indices, x, options, ctx); });
    };
    const auto unpool = [&](const char* name, const tf::tensor<float>& x, const tf::tensor<index_t>& indices,
                            const tf::shape& before_pool, tf::tensor<float>& y) {
      const tf::unpool2d_options options{.kernel_size = 2, .output_size = tf::hw{before_pool[2], before_pool[3]}};
      fit(y, tf::max_unpool2d_output_shape(x.shape(), options));
      timed(name, y.shape(), 0, [&] { tf::max_unpool2d_into(y, x, indices, options, ctx); });
    };

    convolve("conv1 + relu", conv1_, image, b.x1);
    pool("pool1", b.x1, b.pool1);
    convolve("conv2 + relu", conv2_, b.pool1.values, b.x2);
    pool("pool2", b.x2, b.pool2);
    convolve("conv3 + relu", conv3_, b.pool2.values, b.x3);

    convolve("deconv1 + relu", deconv1_, b.x3, b.y1);
    unpool("unpool2", b.y1, b.pool2.indices, b.x2.shape(), b.y2);
    convolve("deconv2 + relu", deconv2_, b.y2, b.y3);
    unpool("unpool1", b.y3, b.pool1.indices, b.x1.shape(), b.y4);
    convolve("deconv3", deconv3_, b.y4, b.output);
    timed("sigmoid", b.output.shape(), 0, [&] { tf::sigmoid_into(b.output, b.output, ctx); });
  }

  tf::tensor<float> forward(const tf::tensor<float>& image, const tf::context& ctx = tf::default_context()) const {
    buffers b;
    forward(image, b, ctx, [](const layer_report&) {});
    return std::move(b.output);
  }

 private:
  template <class Prepared>
  struct prepared_layer {
    Prepared run;
    double weights;

    prepared_layer(const safetensors::file& file, const std::string& name, const tf::shape& form, index_t channels,
                   tf::activation after)
        : run{read(file, name + ".weight", form), read(file, name + ".bias", {channels}), {}, after},
          weights(static_cast<double>(form.elements())) {}

    tf::context with_scratch(std::vector<std::byte>& scratch, const tf::shape& x, tf::context ctx) const {
      const auto bytes = static_cast<std::size_t>(run.workspace_bytes(x, ctx));
      if (scratch.size() < bytes) scratch.resize(bytes);
      ctx.workspace = scratch;
      return ctx;
    }

    /// Every weight meets every position of the smaller plane once: a convolution's output, a transposed one's input.
    double flop(const tf::shape& x, const tf::shape& y) const {
      return 2 * weights * static_cast<double>(x[0] * std::min(x[2] * x[3], y[2] * y[3]));
    }
  };

  static tf::tensor<float> read(const safetensors::file& file, const std::string& name, const tf::shape& form) {
    const tf::shape& found = file.at(name).shape;
    if (!(found == form))
      throw safetensors::error(file.name() + ": tensor \"" + name + "\" has the shape " + to_string(found) +
                               ", where this network needs " + to_string(form));
    return file.get<float>(name);
  }

  template <class T>
  static void fit(tf::tensor<T>& x, const tf::shape& shape) {
    if (!(x.shape() == shape)) x = tf::tensor<T>::uninitialized(shape);
  }

  prepared_layer<tf::prepared_conv2d<float>> conv1_, conv2_, conv3_;
  prepared_layer<tf::prepared_conv_transpose2d<float>> deconv1_, deconv2_, deconv3_;
};

}  // namespace segment
