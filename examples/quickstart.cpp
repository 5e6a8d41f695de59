// Half the size and back again: why a transposed convolution is told the size it should reach.
#include <tenfold/tenfold.hpp>

#include <iostream>

namespace tf = tenfold;

int main() {
  tf::tensor<float> image({1, 3, 12, 12});  // (N, C, H, W), zero-filled
  tf::tensor<float> weight({8, 3, 3, 3});

  auto half = tf::conv2d(image, weight, {.stride = 2, .padding = 1});
  auto formula = tf::conv_transpose2d(half, weight, {.stride = 2, .padding = 1});
  auto back = tf::conv_transpose2d(half, weight, {.stride = 2, .padding = 1, .output_size = tf::hw{12, 12}});

  std::cout << "image            " << image.shape() << "\n"
            << "half             " << half.shape() << "\n"
            << "by the formula   " << formula.shape() << "\n"
            << "with output_size " << back.shape() << "\n";
}
