// The network of examples/segment with its gradients. There is no tape: forward() keeps what backward() needs, and
// backward() calls the gradients of the same operations in the opposite order.
#pragma once

#include "random.hpp"

#include <tenfold/tenfold.hpp>

#include <array>
#include <cmath>  // sqrt
#include <string>
#include <utility>  // move

namespace training {

namespace tf = tenfold;

enum layer_index { conv1, conv2, conv3, deconv1, deconv2, deconv3, layer_count };

/// Of a convolution (O, C, kh, kw) and (O), of a transposed one (C, O, kh, kw) and (O).
struct layer {
  tf::tensor<float> weight, bias;
};

/// The weights; or one number for each of them: their gradients, an optimizer's momenta.
using parameters = std::array<layer, layer_count>;

struct layer_form {
  const char* name;
  tf::shape weight;
  index_t inputs, outputs;
};

inline const std::array<layer_form, layer_count> layer_forms{{{"conv1", {16, 3, 4, 4}, 3, 16},
                                                              {"conv2", {32, 16, 5, 5}, 16, 32},
                                                              {"conv3", {64, 32, 3, 3}, 32, 64},
                                                              {"deconv1", {64, 32, 3, 3}, 64, 32},
                                                              {"deconv2", {32, 16, 5, 5}, 32, 16},
                                                              {"deconv3", {16, 3, 4, 4}, 16, 3}}};

/// Calls visit(name, tensor of each of the parameters...) for every weight and bias, in the layers' order.
template <class Visit, class... Parameters>
void for_each_tensor(const Visit& visit, Parameters&... p) {
  for (std::size_t i = 0; i < layer_count; ++i) {
    visit(layer_forms[i].name + std::string(".weight"), p[i].weight...);
    visit(layer_forms[i].name + std::string(".bias"), p[i].bias...);
  }
}

inline parameters zero_parameters() {
  parameters p;
  for (std::size_t i = 0; i < layer_count; ++i)
    p[i] = {tf::tensor<float>(layer_forms[i].weight), tf::tensor<float>({layer_forms[i].outputs})};
  return p;
}

/// Uniform weights of the variance 2 / (inputs of a sum), which keeps that of the activations through a relu (He et
/// al., Delving deep into rectifiers, 2015); biases 0.
inline parameters random_parameters(std::uint64_t seed) {
  random_stream random(seed, 0);
  parameters p = zero_parameters();
  for (std::size_t i = 0; i < layer_count; ++i) {
    const tf::shape& form = layer_forms[i].weight;
    const float bound = std::sqrt(6 / static_cast<float>(layer_forms[i].inputs * form[2] * form[3]));
    for (float& w : std::span(p[i].weight.data(), static_cast<std::size_t>(form.elements())))
      w = random.uniform(-bound, bound);
  }
  return p;
}

/// What backward() needs of a call of forward(): the layers' inputs, which are the outputs of those before them.
struct activations {
  tf::tensor<float> image, x1, x2, x3, y1, y2, y3, y4;
  tf::max_pool2d_result<float> pool1, pool2;
};

/// image (N, 3, H, W) -> logits (N, 3, H, W), whose sigmoid is what examples/segment gives.
inline tf::tensor<float> forward(const parameters& w, tf::tensor<float> image, activations& a, const tf::context& ctx) {
  const auto relu = [&](tf::tensor<float> x) {
    tf::relu_into(x, x, ctx);
    return x;
  };
  const auto conv = [&](const tf::tensor<float>& x, const layer& l) {
    return relu(tf::conv2d(x, l.weight, l.bias, {}, ctx));
  };
  const auto deconv = [&](const tf::tensor<float>& x, const layer& l) {
    return tf::conv_transpose2d(x, l.weight, l.bias, {}, ctx);
  };
  const auto pool = [&](const tf::tensor<float>& x) { return tf::max_pool2d_with_indices(x, {.kernel_size = 2}, ctx); };
  const auto unpool = [&](const tf::tensor<float>& x, const tf::tensor<index_t>& indices, const tf::shape& size) {
    return tf::max_unpool2d(x, indices, {.kernel_size = 2, .output_size = tf::hw{size[2], size[3]}}, ctx);
  };

  a.image = std::move(image);
  a.x1 = conv(a.image, w[conv1]);
  a.pool1 = pool(a.x1);
  a.x2 = conv(a.pool1.values, w[conv2]);
  a.pool2 = pool(a.x2);
  a.x3 = conv(a.pool2.values, w[conv3]);
  a.y1 = relu(deconv(a.x3, w[deconv1]));
  a.y2 = unpool(a.y1, a.pool2.indices, a.x2.shape());
  a.y3 = relu(deconv(a.y2, w[deconv2]));
  a.y4 = unpool(a.y3, a.pool1.indices, a.x1.shape());
  return deconv(a.y4, w[deconv3]);
}

struct network_gradients {
  tf::tensor<float> image;  // empty unless wanted
  parameters weights;       // likewise
};

/// Of a loss whose gradient by the logits is `grad`.
inline network_gradients backward(const parameters& w, const activations& a, tf::tensor<float> grad,
                                  const tf::gradients& wanted, const tf::context& ctx) {
  network_gradients result;
  const auto keep = [&](layer_index i, tf::convolution_gradients<float> g) {
    result.weights[i] = {std::move(g.grad_weight), std::move(g.grad_bias)};
    grad = std::move(g.grad_input);
  };
  tf::gradients inner = wanted;
  inner.input = true;
  const auto conv = [&](layer_index i, const tf::tensor<float>& x, const tf::tensor<float>& y) {
    tf::relu_backward_into(grad, grad, y, ctx);
    keep(i, tf::conv2d_backward(grad, x, w[i].weight, {}, i == conv1 ? wanted : inner, ctx));
  };
  const auto deconv = [&](layer_index i, const tf::tensor<float>& x) {
    keep(i, tf::conv_transpose2d_backward(grad, x, w[i].weight, {}, inner, ctx));
  };

  deconv(deconv3, a.y4);
  grad = tf::max_unpool2d_backward(grad, a.pool1.indices, ctx);
  tf::relu_backward_into(grad, grad, a.y3, ctx);
  deconv(deconv2, a.y2);
  grad = tf::max_unpool2d_backward(grad, a.pool2.indices, ctx);
  tf::relu_backward_into(grad, grad, a.y1, ctx);
  deconv(deconv1, a.x3);
  conv(conv3, a.pool2.values, a.x3);
  grad = tf::max_pool2d_backward(grad, a.pool2.indices, a.x2.shape(), ctx);
  conv(conv2, a.pool1.values, a.x2);
  grad = tf::max_pool2d_backward(grad, a.pool1.indices, a.x1.shape(), ctx);
  conv(conv1, a.image, a.x1);
  result.image = std::move(grad);
  return result;
}

}  // namespace training
