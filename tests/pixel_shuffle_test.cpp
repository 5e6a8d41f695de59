#include <tenfold/pixel_shuffle.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;
using tf::shape;

namespace {

struct shuffle {
  const char* why;
  shape input;
  index_t factor;
};

const shuffle shuffles[] = {
    {"factor_1", {2, 3, 4, 5}, 1},
    {"unbatched", {8, 3, 5}, 2},
    {"a_line_below_a_vector", {1, 4, 2, 3}, 2},
    {"lines_of_vectors_and_rests", {2, 8, 5, 37}, 2},
    {"factor_3", {2, 9, 3, 35}, 3},
    {"factor_4", {1, 32, 3, 33}, 4},
    {"factor_5", {1, 25, 7, 18}, 5},
    {"factor_8", {1, 64, 5, 40}, 8},
    {"one_row", {1, 4, 1, 70}, 2},
    {"one_column", {3, 4, 9, 1}, 2},
    {"many_blocks", {2, 12, 61, 130}, 2},
    {"more_dims", {2, 1, 3, 2, 4, 3, 20}, 2},
    {"eight_dims", {1, 1, 1, 2, 1, 8, 2, 17}, 2},
    {"empty_batch", {0, 8, 2, 2}, 2},
    {"no_channels", {2, 0, 2, 2}, 3},
    {"no_rows", {8, 0, 2}, 2},
};

template <class T>
struct PixelShuffle : testing::Test {};
TYPED_TEST_SUITE(PixelShuffle, element_types);

TYPED_TEST(PixelShuffle, EqualsReferenceThereAndBack) {
  for (const shuffle& s : shuffles) {
    const auto x = with_special_values(random_tensor<TypeParam>(s.input));
    const auto expected = tf::reference::pixel_shuffle(x, s.factor);
    const auto back = tf::reference::pixel_unshuffle(expected, s.factor);
    EXPECT_TRUE(same_bits(back, x.size() > 0 ? x : expected)) << s.why;  // of an empty one PyTorch gives itself
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(same_bits(tf::pixel_shuffle(x, s.factor, on(level)), expected)) << s.why << " " << tf::name_of(level);
      EXPECT_TRUE(same_bits(tf::pixel_unshuffle(expected, s.factor, on(level)), back)) << s.why << tf::name_of(level);
    }
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(tf::pixel_shuffle(x, s.factor, on_threads(threads)), expected)) << s.why;
      EXPECT_TRUE(same_bits(tf::pixel_unshuffle(expected, s.factor, on_threads(threads)), back)) << s.why;
    }
  }
}

TYPED_TEST(PixelShuffle, ChannelsEqualReferenceThereAndBack) {
  const shape inputs[] = {{2, 12, 5, 7}, {1, 24, 60, 61}, {3, 12, 5}, {2, 12, 1, 1, 1, 1, 2, 3},
                          {0, 12, 2},    {2, 12, 0}};
  for (const shape& input : inputs)
    for (const index_t groups : {1, 2, 3, 4, 6, 12}) {
      const auto x = with_special_values(random_tensor<TypeParam>(input));
      const auto expected = tf::reference::channel_shuffle(x, groups);
      for (const tf::isa level : available_isas()) {
        EXPECT_TRUE(same_bits(tf::channel_shuffle(x, groups, on(level)), expected)) << input << " " << groups;
        EXPECT_TRUE(same_bits(tf::channel_shuffle(expected, input[1] / groups, on(level)), x)) << input;
      }
      EXPECT_TRUE(same_bits(tf::channel_shuffle(x, groups, on_threads(3)), expected)) << input << " " << groups;
    }
}

/// <shuffle x, y> = <x, unshuffle y>, exact with small integers.
TEST(PixelShuffleGradient, IsTheInverse) {
  const auto x = small_integers<float>({2, 18, 4, 5}, 1), y = small_integers<float>({2, 2, 12, 15}, 2);
  const auto dot = [](const auto& a, const auto& b) {
    float sum = 0;
    for (index_t i = 0; i < a.size(); ++i) sum += a.data()[i] * b.data()[i];
    return sum;
  };
  EXPECT_EQ(dot(tf::pixel_shuffle(x, 3), y), dot(x, tf::pixel_unshuffle(y, 3)));
  EXPECT_EQ(dot(tf::channel_shuffle(x, 6), x), dot(x, tf::channel_shuffle(x, 3)));
}

TEST(PixelShuffleErrors, Texts) {
  const auto shuffled = [](const shape& input, index_t factor) {
    const tf::tensor_view<const float> x(nullptr, input);
    const std::string text = error_of([&] { (void)tf::pixel_shuffle_output_shape(input, factor); });
    EXPECT_EQ(error_of([&] { tf::pixel_shuffle(x, factor); }), text);
    return text;
  };
  EXPECT_EQ(shuffled({2, 2}, 0),
            "pixel_shuffle expects input to have at least 3 dimensions, but got input with 2 dimension(s)");
  EXPECT_EQ(shuffled({8, 2, 2}, 0), "pixel_shuffle expects a positive upscale_factor, but got 0");
  EXPECT_EQ(
      shuffled({7, 0, 2}, 2),
      "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
      "input.size(-3)=7 is not divisible by 4");
  EXPECT_EQ(
      shuffled({8, 2, 2}, index_t{1} << 31),
      "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
      "input.size(-3)=8 is not divisible by 4611686018427387904");
  EXPECT_EQ(shuffled({8, 2, 2}, index_t{1} << 32),
            "upscale factor is too large, (upscale_factor)^2 overflowed: upscale_factor=4294967296");
  EXPECT_EQ(shuffled({0, index_t{1} << 40, 2}, index_t{1} << 30),
            "the product 1099511627776 * 1073741824 overflows a 64-bit size");
  const auto unshuffled = [](const shape& input, index_t factor) {
    const tf::tensor_view<const float> x(nullptr, input);
    const std::string text = error_of([&] { (void)tf::pixel_unshuffle_output_shape(input, factor); });
    EXPECT_EQ(error_of([&] { tf::pixel_unshuffle(x, factor); }), text);
    return text;
  };
  EXPECT_EQ(unshuffled({4, 4}, 0),
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with 2 dimension(s)");
  EXPECT_EQ(unshuffled({2, 4, 4}, -2), "pixel_unshuffle expects a positive downscale_factor, but got -2");
  EXPECT_EQ(unshuffled({2, 3, 3}, 2),
            "pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)=3 is not divisible "
            "by 2");
  EXPECT_EQ(unshuffled({2, 4, 3}, 2),
            "pixel_unshuffle expects width to be divisible by downscale_factor, but input.size(-1)=3 is not divisible "
            "by 2");
  const auto channels = [](const shape& input, index_t groups) {
    const tf::tensor_view<const float> x(nullptr, input);
    const std::string text = error_of([&] { (void)tf::channel_shuffle_output_shape(input, groups); });
    EXPECT_EQ(error_of([&] { tf::channel_shuffle(x, groups); }), text);
    return text;
  };
  EXPECT_EQ(channels({4, 2}, 0), "channel_shuffle expects input with > 2 dims, but got input with sizes [4, 2]");
  EXPECT_EQ(channels({1, 4, 2, 2}, 0), "Number of groups to divide channels in must be positive. Value of groups:0");
  EXPECT_EQ(channels({1, 4, 0, 2}, 3), "Number of channels must be divisible by groups. Got 4 channels and 3 groups.");
}

TEST(PixelShuffleErrors, NothingIsWritten) {
  const tf::tensor<float> x({1, 4, 2, 2}), image({1, 1, 4, 4});
  auto y = filled<float>({1, 4, 2, 1}, 77);
  EXPECT_EQ(error_of([&] { tf::pixel_shuffle_into(y, x, 2); }),
            "pixel_shuffle: expected output of shape [1, 1, 4, 4], but got [1, 4, 2, 1]");
  EXPECT_EQ(error_of([&] { tf::pixel_unshuffle_into(y, image, 2); }),
            "pixel_unshuffle: expected output of shape [1, 4, 2, 2], but got [1, 4, 2, 1]");
  EXPECT_EQ(error_of([&] { tf::channel_shuffle_into(y, x, 2); }),
            "channel_shuffle: expected output of shape [1, 4, 2, 2], but got [1, 4, 2, 1]");
  EXPECT_TRUE(same_bits(y, filled<float>({1, 4, 2, 1}, 77)));
}

}  // namespace
