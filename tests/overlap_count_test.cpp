#include <tenfold/overlap_count.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;

namespace {

// A transposed convolution of ones with ones counts its products.
TEST(OverlapCount, IsTheTransposedConvolutionOfOnes) {
  index_t checked = 0;
  for (index_t in = 1; in <= 4; ++in)
    for (index_t kernel = 1; kernel <= 5; ++kernel)
      for (index_t stride = 1; stride <= 4; ++stride)
        for (index_t padding = 0; padding <= 3; ++padding)
          for (index_t dilation = 1; dilation <= 3; ++dilation)
            for (index_t output_padding = 0; output_padding < std::max(stride, dilation); ++output_padding) {
              const tf::conv_transpose2d_options o{.stride = {stride, 1},
                                                   .padding = padding,
                                                   .output_padding = {output_padding, 0},
                                                   .dilation = dilation};
              tf::tensor<index_t> x({1, 1, in, 3}), w({1, 1, kernel, 2});
              std::fill(x.data(), x.data() + x.size(), 1);
              std::fill(w.data(), w.data() + w.size(), 1);
              if (!error_of([&] { (void)tf::conv_transpose2d_output_shape(x.shape(), w.shape(), o); }).empty())
                continue;
              const auto expected = tf::reference::conv_transpose2d(x, w, o);
              const auto count = tf::overlap_count({kernel, 2}, o, {in, 3});
              ASSERT_EQ(count.shape(), (tf::shape{expected.shape()[2], expected.shape()[3]}));
              ASSERT_TRUE(std::equal(count.data(), count.data() + count.size(), expected.data()));
              ++checked;
            }
  EXPECT_GT(checked, 1000);
}

TEST(OverlapCount, IsEvenWhereTheKernelIsAMultipleOfTheStride) {
  const auto even = tf::overlap_count(4, {.stride = 2, .padding = 1}, 8);
  const auto uneven = tf::overlap_count(3, {.stride = 2, .padding = 1}, 8);
  EXPECT_EQ(even(7, 7), 4);
  EXPECT_EQ(even(7, 8), 4);
  EXPECT_EQ(uneven(6, 6), 1);
  EXPECT_EQ(uneven(7, 7), 4);
}

// What is huge is not gone through.
TEST(OverlapCount, TakesHugeSettings) {
  constexpr index_t huge = index_t{1} << 40;
  const auto one = tf::overlap_count(1, {.stride = huge}, 1);
  EXPECT_EQ(one.shape(), (tf::shape{1, 1}));
  const auto cropped = tf::overlap_count(2, {.stride = 1, .padding = huge, .dilation = 2 * huge + 2}, 1);
  EXPECT_EQ(cropped.shape(), (tf::shape{3, 3}));
  EXPECT_EQ(cropped(1, 1), 0);
}

TEST(OverlapCount, RefusesInTorchsWords) {
  EXPECT_EQ(
      error_of([] { tf::overlap_count(1, {.padding = 1}, 2); }),
      "Given input size per channel: (2 x 2). Calculated output size per channel: (0 x 0). Output size is too small");
  EXPECT_EQ(error_of([] { tf::overlap_count(1, {.groups = 0}, 2); }), "non-positive groups is not supported");
}

}  // namespace
