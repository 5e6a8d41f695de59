// Compiled with -fno-exceptions -fno-rtti: an operation runs, and a mistake ends in the handler.
#include <tenfold/tenfold.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tf = tenfold;

int main() {
  tf::tensor<float> x({1, 1, 4, 4});
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
  tf::tensor<float> weight({1, 1, 2, 2});
  for (tf::index_t i = 0; i < weight.size(); ++i) weight.data()[i] = 1;

  const auto y = tf::conv2d(x, weight);
  if (y(0, 0, 2, 2) != 10 + 11 + 14 + 15) {
    std::puts("wrong value");
    return EXIT_FAILURE;
  }

  tf::set_error_handler(
      [](const char* text) { std::exit(std::strstr(text, "channels") ? EXIT_SUCCESS : EXIT_FAILURE); });
  tf::conv2d(x, tf::tensor<float>({1, 2, 2, 2}));
  std::puts("a weight of two channels was taken for an input of one");
  return EXIT_FAILURE;
}
