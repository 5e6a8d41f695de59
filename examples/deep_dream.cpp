// What does a network that marks coins take for a coin? `deep_dream [weights.safetensors [out.png]]` lets not the
// network learn, but a picture, until the network sees a spiral of coins on it. All that takes is gradients by the
// input.
#include "common/image.hpp"
#include "train_segment/loss.hpp"
#include "train_segment/network.hpp"

#include <tenfold/safetensors.hpp>

#include <cmath>
#include <cstdio>
#include <numbers>  // phi, pi
#include <stdexcept>

namespace tf = tenfold;
using tf::index_t;
constexpr tf::hw canvas{480, 640};

/// The picture is the sigmoid of a sum of layers, of the whole size and 1/2, 1/4, 1/8 of it. The coarse ones take the
/// longer steps, by the square: single pixels alone would find noise that fools the network.
struct layer {
  index_t part;
  tf::tensor<float> values, momentum;
};

/// How far (y, x) is from the edge of the nearest coin, inside it less than 0. They lie as a sunflower's seeds do.
double edge(index_t y, index_t x) {
  double nearest = 1e9;
  for (int k = 1; k < 115; ++k) {
    const double reach = 9 * std::pow(1.036, k), turn = 2 * std::numbers::pi / std::numbers::phi * k;
    const double dy = static_cast<double>(canvas.h) / 2 + reach * std::sin(turn) - static_cast<double>(y);
    const double dx = static_cast<double>(canvas.w) / 2 + reach * std::cos(turn) - static_cast<double>(x);
    nearest = std::min(nearest, std::sqrt(dy * dy + dx * dx) - 0.17 * reach - 3);
  }
  return nearest;
}

std::vector<layer> noise() {
  std::vector<layer> layers;
  training::random_stream random(1, 1);
  for (const index_t part : {1, 2, 4, 8}) {
    const tf::shape size{1, 1, canvas.h / part, canvas.w / part};
    layers.push_back({part, tf::tensor<float>(size), tf::tensor<float>(size)});
    for (index_t i = 0; i < size.elements(); ++i)
      layers.back().values.data()[i] = part == 2 ? random.uniform(-0.3f, 0.3f) : part == 8 ? -1.0f : 0;
  }
  return layers;
}

/// A step against the averaged gradient, which is brought to the length 1 (a pixel, on average).
void descend(layer& l, const tf::tensor<float>& grad, double rate) {
  double square = 1e-30;
  for (index_t i = 0; i < grad.size(); ++i) {
    float& m = l.momentum.data()[i] = 0.8f * l.momentum.data()[i] + grad.data()[i];
    square += static_cast<double>(m * m) / static_cast<double>(grad.size());
  }
  const auto scale = static_cast<float>(rate / std::sqrt(square) * static_cast<double>(l.part * l.part) / 64);
  for (index_t i = 0; i < grad.size(); ++i) l.values.data()[i] -= scale * l.momentum.data()[i];
}

void dream(const std::string& weights_path, const std::string& out) {
  const tf::safetensors::file file(weights_path);
  training::parameters weights;
  training::for_each_tensor([&](const std::string& name, auto& w) { w = file.get<float>(name); }, weights);
  tf::tensor<float> target({1, 3, canvas.h, canvas.w}), picture, colours({3, 1, 1, 1}, {1, 1, 1});
  for (index_t i = 0; i < canvas.h * canvas.w; ++i) {
    const double d = edge(i / canvas.w, i % canvas.w);
    const bool is[] = {d < 0, std::abs(d) < 2.5, d >= 0};  // coin, rim, background
    for (index_t c = 0; c < 3; ++c) target.data()[c * canvas.h * canvas.w + i] = is[c];
  }
  const tf::context ctx;
  const tf::gradients by_input{.weight = false, .bias = false};
  std::vector<layer> layers = noise();
  for (int step = 1; step <= 60; ++step) {
    tf::tensor<float> grey({1, 1, canvas.h, canvas.w});
    for (const layer& l : layers) {
      const auto large = tf::upsample_bilinear2d(l.values, canvas);
      for (index_t i = 0; i < grey.size(); ++i) grey.data()[i] += large.data()[i];
    }
    tf::sigmoid_into(grey, grey);
    picture = tf::conv2d(grey, colours);  // three times the same
    training::activations a;
    const auto logits = training::forward(weights, picture, a, ctx);
    auto [loss, grad] = training::cross_entropy(logits, target, ctx);
    grad = training::backward(weights, a, std::move(grad), by_input, ctx).image;
    grad = tf::sigmoid_backward(tf::conv2d_backward(grad, grey, colours, {}, by_input).grad_input, grey);
    for (layer& l : layers) descend(l, tf::upsample_bilinear2d_backward(grad, l.values.shape()), 0.12 - 0.002 * step);
    if (step % 10 == 0) std::printf("step %d of 60  loss %.3f\n", step, loss);
  }
  const tf::tensor<float> gold({3, 3, 1, 1}, {1, 0, 0, 0.8f, 0, 0, 0.5f, 0, 0});
  images::write_png(out, tf::conv2d(picture, gold));
}

int main(int count, char** arguments) try {
  if (count > 3 || (count > 1 && *arguments[1] == '-')) throw std::runtime_error("[weights [out.png]]");
  dream(count > 1 ? arguments[1] : TENFOLD_SEGMENT_DATA_DIR "/coins.safetensors",
        count > 2 ? arguments[2] : "deep_dream.png");
} catch (const std::exception& e) {
  std::fprintf(stderr, "deep_dream: %s\n", e.what());
  return 2;
}
