// The network: an encoder of convolutions and max-pools, a decoder of transposed convolutions and unpools that put
// every maximum back where its pool found it.
//
//     1x3xHxW   conv1 4x4 relu -> pool -> conv2 5x5 relu -> pool -> conv3 3x3 relu
//               -> deconv1 3x3 relu -> unpool -> deconv2 5x5 relu -> unpool -> deconv3 4x4 sigmoid   1x3xHxW
//
// Strides 1, no padding. Each convolution takes away what its transposed one gives back; a pool of an odd size drops a
// line, so its unpool is told the size before it.
#pragma once

#include <tenfold/net.hpp>
#include <tenfold/safetensors.hpp>

#include <string>
#include <utility>  // move

namespace segment {

namespace tf = tenfold;
using tf::index_t;

class conv_deconv {
 public:
  /// The least height and width of an input: 23 -> 20 -> 10 -> 6 -> 3 -> 1, where conv3 has one window left.
  static constexpr index_t smallest = 23;

  /// Throws tf::error where the file does not hold the weights of this network.
  explicit conv_deconv(const tf::safetensors::file& weights) {
    net_.input("image", tf::shape{-1, 3, -1, -1});
    conv(weights, "conv1", {16, 3, 4, 4});
    const std::string x1 = net_.relu("relu1");
    const tf::pooled_names pool1 = net_.max_pool2d_with_indices("pool1", {.kernel_size = 2});
    conv(weights, "conv2", {32, 16, 5, 5});
    const std::string x2 = net_.relu("relu2");
    const tf::pooled_names pool2 = net_.max_pool2d_with_indices("pool2", {.kernel_size = 2});
    conv(weights, "conv3", {64, 32, 3, 3});
    net_.relu("relu3");

    deconv(weights, "deconv1", {64, 32, 3, 3});
    net_.relu("relu4");
    net_.max_unpool2d("unpool2", pool2.indices, {.kernel_size = 2}, x2);
    deconv(weights, "deconv2", {32, 16, 5, 5});
    net_.relu("relu5");
    net_.max_unpool2d("unpool1", pool1.indices, {.kernel_size = 2}, x1);
    deconv(weights, "deconv3", {16, 3, 4, 4});
    net_.sigmoid("mask");
    net_.output();
  }

  /// Takes "image" (N, 3, H, W), gives "mask" (N, 3, H, W), each channel from 0 to 1.
  const tf::net& net() const { return net_; }

  tf::tensor<float> forward(const tf::tensor<float>& image, const tf::context& ctx = tf::default_context()) const {
    tf::named_tensors out = net_.run({{"image", image}}, ctx);
    return std::move(out["mask"]);
  }

 private:
  void conv(const tf::safetensors::file& weights, const std::string& name, const tf::shape& form) {
    const tf::tensor<float> weight = read(weights, name + ".weight", form);
    net_.conv2d(name, weight, read(weights, name + ".bias", {form[0]}));
  }
  void deconv(const tf::safetensors::file& weights, const std::string& name, const tf::shape& form) {
    const tf::tensor<float> weight = read(weights, name + ".weight", form);
    net_.conv_transpose2d(name, weight, read(weights, name + ".bias", {form[1]}));
  }

  static tf::tensor<float> read(const tf::safetensors::file& file, const std::string& name, const tf::shape& form) {
    const tf::shape& found = file.at(name).shape;
    if (!(found == form))
      file.fail("tensor \"" + name + "\" has the shape " + to_string(found) + ", where this network needs " +
                to_string(form));
    return file.get<float>(name);
  }

  tf::net net_;
};

}  // namespace segment
