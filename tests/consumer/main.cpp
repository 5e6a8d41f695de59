// The smallest program: one operation, one value.
#include <tenfold/tenfold.hpp>

#include <cstdio>

int main() {
  tenfold::tensor<float> x({1, 1, 4, 4});
  for (int i = 0; i < 16; ++i) x.data()[i] = static_cast<float>(i);
  tenfold::tensor<float> weight({1, 1, 2, 2});
  for (int i = 0; i < 4; ++i) weight.data()[i] = static_cast<float>(i + 1);

  const auto y = tenfold::conv2d(x, weight);
  std::printf("y(0, 0, 1, 2) = %g\n", static_cast<double>(y(0, 0, 1, 2)));
  return y(0, 0, 1, 2) == 1 * 6 + 2 * 7 + 3 * 10 + 4 * 11 ? 0 : 1;
}
