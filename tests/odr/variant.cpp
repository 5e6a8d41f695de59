// Compiled several times, with VARIANT and the flags of the name.
#include "variant.hpp"

#include <tenfold/tenfold.hpp>

#include <algorithm>  // fill_n
#include <cstddef>

namespace {

namespace tf = tenfold;

tf::tensor<float> ones(const tf::shape& shape) {
  tf::tensor<float> x(shape);
  std::fill_n(x.data(), x.size(), 1.0F);
  return x;
}

std::vector<float> convolve_ones(int channels, int side) {
  const auto y = tf::conv2d(ones({1, channels, side, side}), ones({1, channels, 3, 3}), {.padding = 1});
  return {y.data(), y.data() + y.size()};
}

bool refuses_wrong_channels() {
  try {
    tf::conv2d(ones({1, 1, 4, 4}), ones({1, 2, 3, 3}));
  } catch (const tf::error&) {
    return true;
  }
  return false;
}

// How many there are depends on the flags: with -mavx2 there is no base, which nobody could choose.
int count_isas() {
  int count = 0;
  tf::for_each_available_isa([&](tf::isa) { ++count; });
  return count;
}

[[maybe_unused]] const bool registered =
    (variants().push_back({VARIANT, convolve_ones, refuses_wrong_channels, count_isas}), true);

}  // namespace
