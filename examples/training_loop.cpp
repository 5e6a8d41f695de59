// Two convolutions learn what a filter does. There is no tape: the program calls the gradients itself, last layer
// first.
#include <tenfold/tenfold.hpp>

#include <iostream>
#include <random>

namespace tf = tenfold;

tf::tensor<float> noise(const tf::shape& shape) {
  static std::mt19937 random(1);
  tf::tensor<float> x(shape);
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] = std::normal_distribution<float>(0, 0.5f)(random);
  return x;
}

/// x + a y; what is scaled and added is all that is not a layer here.
tf::tensor<float> sum(tf::tensor<float> x, float a, const tf::tensor<float>& y) {
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] += a * y.data()[i];
  return x;
}

int main() {
  const auto x = noise({8, 1, 16, 16}), filter = noise({1, 1, 5, 5});
  const auto target = tf::conv2d(x, filter);
  auto w1 = noise({8, 1, 3, 3}), w2 = noise({1, 8, 3, 3});
  for (int step = 0; step <= 300; ++step) {
    const auto hidden = tf::relu(tf::conv2d(x, w1));
    const auto error = sum(tf::conv2d(hidden, w2), -1, target);

    const auto g2 = tf::conv2d_backward(error, hidden, w2);
    const auto g1 = tf::conv2d_backward(tf::relu_backward(g2.grad_input, hidden), x, w1, {}, {.input = false});

    const float rate = 0.5f / static_cast<float>(error.size());
    w1 = sum(w1, -rate, g1.grad_weight);
    w2 = sum(w2, -rate, g2.grad_weight);

    float loss = 0;
    for (tf::index_t i = 0; i < error.size(); ++i) loss += error.data()[i] * error.data()[i];
    if (step % 100 == 0) std::cout << "step " << step << ", loss " << loss / static_cast<float>(error.size()) << "\n";
  }
}
