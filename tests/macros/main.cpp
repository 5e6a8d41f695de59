// Every public header after hostile.hpp, and what they make of it runs. The standard's headers come first, and those of
// the executors: macros of such names break many of them.
#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <complex.h>  // I, in the GNU dialects
#ifdef TENFOLD_TEST_TBB
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#endif

#ifndef I
#define I wrong
#endif
#include "hostile.hpp"

@includes@
namespace tf = tenfold;

int main() {
  tf::tensor<float> x({1, 3, 8, 8}), w({4, 3, 3, 3}), wt({4, 3, 2, 2});
  std::fill_n(x.data(), x.size(), 1.0F);
  std::fill_n(w.data(), w.size(), 1.0F);
  const auto y = tf::conv2d(x, w, {.padding = 1});
  const auto pooled = tf::max_pool2d_with_indices(y, {.kernel_size = 2});
  const auto unpooled = tf::max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2});
  const auto up = tf::upsample_bilinear2d(tf::upsample_nearest2d(unpooled, tf::hw{9, 9}), tf::hw{8, 8}, true);
  const auto columns = tf::im2col(tf::sigmoid(tf::relu(up)), {.kernel_size = 2});
  const auto image = tf::col2im(columns, tf::hw{8, 8}, {.kernel_size = 2});
  const auto back = tf::conv_transpose2d(image, wt, {.stride = 2});
  const tf::prepared_conv2d<float> layer(w, {}, tf::activation::relu);
  try {
    layer(back, {.algorithm = "none of these"});
  } catch (const tf::error&) {  // R's macro, if it is there, renames both
    return y(0, 0, 1, 1) == 27 && tf::reference::conv2d(x, w, {.padding = 1})(0, 0, 0, 0) == 12 ? 0 : 1;
  }
  return 1;
}
