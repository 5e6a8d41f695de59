#include <tenfold/conv2d.hpp>

#include "convolution_tests.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

namespace {

// ---- values

class Conv2d : public testing::TestWithParam<conv2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, Conv2d, testing::ValuesIn(conv2d_cases), case_name());

TEST_P(Conv2d, EqualsReference) {
  expect_equals_reference_of_types<conv2d_calls>([] { return GetParam(); });
}

TEST_P(Conv2d, IsWithinRoundingOfTheExactResult) {
  expect_within_rounding<conv2d_calls, float>(GetParam());
  expect_within_rounding<conv2d_calls, double>(GetParam());
}

/// <conv2d(x, w), y> = <x, conv_transpose2d(y, w)>, exactly in int64, whose products and sums wrap.
void expect_adjoint(const conv2d_case& c) {
  const auto x = exact_values<index_t>(c.input, 7);
  const auto w = exact_values<index_t>(c.weight, 8);
  const auto y = exact_values<index_t>(tf::conv2d_output_shape(c.input, c.weight, c.options), 9);
  const hw in{c.input[c.input.size() - 2], c.input[c.input.size() - 1]};
  const auto forward = tf::conv2d(x, w, c.options);
  const auto backward = tf::conv_transpose2d(y, w,
                                             {.stride = c.options.stride,
                                              .padding = c.options.padding.sides(),
                                              .output_size = in,
                                              .groups = c.options.groups,
                                              .dilation = c.options.dilation});
  ASSERT_EQ(backward.shape(), x.shape());
  const auto dot = [](const auto& a, const auto& b) {
    std::uint64_t sum = 0;
    for (index_t i = 0; i < a.size(); ++i)
      sum += static_cast<std::uint64_t>(a.data()[i]) * static_cast<std::uint64_t>(b.data()[i]);
    return sum;
  };
  EXPECT_EQ(dot(forward, y), dot(x, backward)) << c;
}

TEST(Conv2dAdjoint, IsConvTranspose2d) {
  for (const conv2d_case& c : conv2d_cases)
    if (c.input.elements() > 0 && !c.options.padding.is_same()) expect_adjoint(c);
}

conv2d_case random_case(std::mt19937& random) {
  const auto pick = [&](index_t low, index_t high) {
    return low + static_cast<index_t>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (;;) {
    conv2d_case c{"random", {}, {}};
    c.options.groups = pick(0, 3) ? 1 : pick(1, 4);
    const index_t in = pick(1, 9), out = pick(1, 9);
    const hw size{pick(1, 20), pick(1, 40)}, kernel{pick(1, 5), pick(1, 5)}, padding{pick(0, 4), pick(0, 4)};
    const tf::pads sides{padding.h, padding.w, pick(0, 4), pick(0, 4)};
    c.options.stride = {pick(1, 4), pick(1, 4)};
    c.options.dilation = {pick(1, 4), pick(1, 4)};
    if (pick(0, 9) == 0 && c.options.stride == hw(1))
      c.options.padding = tf::same;
    else
      c.options.padding = sides;
    c.input = pick(0, 3) ? shape{pick(0, 3), in * c.options.groups, size.h, size.w}
                         : shape{in * c.options.groups, size.h, size.w};
    c.weight = {out * c.options.groups, in, kernel.h, kernel.w};
    const bool fits = size.h + sides.top + sides.bottom > c.options.dilation.h * (kernel.h - 1) &&
                      size.w + sides.left + sides.right > c.options.dilation.w * (kernel.w - 1);
    if (fits || c.options.padding.is_same()) return c;
  }
}

/// The plain sums over an input that has its zeros around it.
template <class T>
void expect_equals_explicit_padding(const conv2d_case& c) {
  const auto x = exact_values<T>(c.input, 1), w = exact_values<T>(c.weight, 2), b = exact_values<T>({c.weight[0]}, 3);
  tf::conv2d_options unpadded = c.options;
  unpadded.padding = 0;
  const auto expected = tf::reference::conv2d(padded(x, c.options.padding.sides()), w, b, unpadded);
  for (const tf::context& ctx : contexts_of<T>(c, tf::math::exact))
    EXPECT_TRUE(equal(tf::conv2d(x, w, b, c.options, ctx), expected)) << c << ", " << name_of(ctx);
}

TEST(Conv2dPads, EqualAnInputWithZerosAround) {
  int cases = 0;
  for (const conv2d_case& c : conv2d_cases) {
    if (tf::detail::is_pair(c.options.padding.sides())) continue;
    expect_equals_explicit_padding<float>(c);
    expect_equals_explicit_padding<index_t>(c);
    ++cases;
  }
  EXPECT_GE(cases, 15);
}

TEST(Conv2dRandom, EqualsReference) {
  std::mt19937 random(11);
  for (int i = 0; i < 60; ++i) expect_equals_reference_of_types<conv2d_calls>([&] { return random_case(random); });
}

// ---- the same bits

// More than one block of K, of rows and of columns.
const conv2d_case large_cases[] = {
    {"blocks_in_every_dimension", {3, 70, 19, 29}, {150, 70, 3, 3}, {.padding = 1}},
    {"groups_and_stride", {2, 80, 25, 31}, {60, 40, 3, 3}, {.stride = 2, .padding = 1, .groups = 2}},
    {"wide_and_dilated", {1, 33, 9, 700}, {20, 33, 3, 3}, {.padding = 40, .dilation = 40}},
};

TEST(Conv2dBits, DoNotDependOnThreadsOrMemory) {
  for (const auto& c : large_cases) expect_bits_without_threads_and_memory<conv2d_calls>(c);
}

TEST(Conv2dBits, DoNotDependOnTheBatch) {
  for (const auto& c : large_cases) expect_bits_without_batch<conv2d_calls>(c);
}

TEST(Conv2dBits, OfTheChosenAlgorithmDoNotDependOnThreadsOrMemory) {
  for (const auto& c : large_cases) expect_choice_without_threads_and_memory<conv2d_calls>(c);
}

// ---- shapes

static_assert(tf::conv2d_output_shape({1, 3, 224, 224}, {64, 3, 7, 7}, {.stride = 2, .padding = 3}) ==
              shape{1, 64, 112, 112});
static_assert(tf::conv2d_output_shape({3, 5, 6}, {2, 3, 3, 2}) == shape{2, 3, 5});
static_assert(tf::conv2d_output_shape({0, 4, 5, 5}, {6, 4, 3, 3}) == shape{0, 6, 3, 3});
static_assert(tf::conv2d_output_shape({1, 0, 5, 5}, {6, 0, 3, 3}) == shape{1, 0, 3, 3});
static_assert(tf::conv2d_output_shape({1, 2, 5, 6}, {3, 2, 4, 2}, {.padding = tf::same}) == shape{1, 3, 5, 6});
static_assert(tf::conv2d_output_shape({1, 2, 5, 6}, {3, 2, 4, 2}, {.padding = tf::valid}) == shape{1, 3, 2, 5});
static_assert(tf::conv2d_output_shape({1, 2, 5, 6}, {3, 2, 4, 2}, {.padding = {2, 0}, .dilation = {2, 5}}) ==
              shape{1, 3, 3, 1});

static_assert(tf::conv2d_output_shape({1, 2, 5, 6}, {3, 2, 4, 2}, {.padding = tf::pads{1, 0, 2, 3}}) ==
              shape{1, 3, 5, 8});
static_assert(tf::conv2d_output_shape({1, 2, 5, 6}, {3, 2, 4, 2}, {.stride = 2, .padding = tf::pads{.right = 1}}) ==
              shape{1, 3, 1, 3});

TEST(Conv2dShape, IsThatOfTheResult) {
  for (const conv2d_case& c : conv2d_cases)
    EXPECT_EQ(tf::conv2d(tf::tensor<float>(c.input), tf::tensor<float>(c.weight), c.options).shape(),
              tf::conv2d_output_shape(c.input, c.weight, c.options))
        << c;
}

TEST(Conv2dShape, IsNeverWrapped) {
  std::mt19937_64 random(5);
  int answered = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const index_t in = extreme(random), kernel = extreme(random), stride = extreme(random), padding = extreme(random),
                  end = random() % 2 ? padding : extreme(random), dilation = extreme(random);
    const wide span = wide{dilation} * (kernel - 1) + 1, padded = wide{in} + padding + end;
    const wide out = padded < span ? 0 : (padded - span) / stride + 1;
    index_t got = -1;
    const std::string error = error_of([&] {
      got = tf::conv2d_output_shape(
          {1, 1, in, 1}, {1, 1, kernel, 1},
          {.stride = {stride, 1}, .padding = tf::pads{padding, 0, end, 0}, .dilation = {dilation, 1}})[2];
    });
    ++(error.empty() ? answered : refused);
    if (error.empty())
      ASSERT_TRUE(out == got) << in << " " << kernel << " " << stride << " " << padding << " " << end << " "
                              << dilation;
    else
      ASSERT_TRUE(out == 0 || padded > INT64_MAX || span > INT64_MAX || std::max(padding, end) > INT64_MAX / 2)
          << error;
  }
  EXPECT_GT(answered, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Conv2dShape, OfAKernelWithoutLinesIsNeverWrapped) {  // it spans 1 - dilation lines
  const tf::conv2d_options o{.padding = index_t{1} << 61, .dilation = INT64_MAX};
  EXPECT_NE(error_of([&] { (void)tf::conv2d_output_shape({1, 0, 5, 5}, {3, 0, 0, 0}, o); }), "");
  EXPECT_EQ(tf::conv2d_output_shape({1, 0, 5, 5}, {3, 0, 0, 0}, {.dilation = 3}), (shape{1, 0, 8, 8}));
}

TEST(Conv2dShape, ThatNoMemoryHoldsIsAnError) {
  const tf::tensor_view<const float> x(nullptr, {1, 1, index_t{1} << 31, 1}), w(nullptr, {1, 1, 1, 1});
  EXPECT_NE(error_of([&] { tf::conv2d(x, w, {.padding = {0, index_t{1} << 31}}); }), "");
  EXPECT_NE(error_of([&] { tf::conv2d(x, w, {.padding = index_t{1} << 61}); }), "");
}

// ---- errors

std::string error_text(const bad_call<conv2d_calls>& call) { return error_text_of(call); }

TEST(Conv2dErrors, OfRank) {
  EXPECT_EQ(error_text({.input = {5, 5}}),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 5]");
  EXPECT_EQ(error_text({.input = {}}),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: []");
  EXPECT_EQ(error_text({.input = {1, 1, 4, 5, 5}}),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [1, 1, 4, 5, 5]");
  EXPECT_EQ(error_text({.weight = {6, 4}}), "weight should have at least three dimensions");
  EXPECT_EQ(
      error_text({.weight = {6, 4, 3}}),
      "expected stride to be a single integer value or a list of 1 values to match the convolution dimensions, but "
      "got stride=[1, 1]");
  EXPECT_EQ(
      error_text({.weight = {6, 4, 1, 3, 3}}),
      "expected stride to be a single integer value or a list of 3 values to match the convolution dimensions, but "
      "got stride=[1, 1]");
}

TEST(Conv2dErrors, OfSettings) {
  EXPECT_EQ(error_text({.options = {.groups = 0}}), "non-positive groups is not supported");
  EXPECT_EQ(error_text({.options = {.padding = {0, -1}}}), "negative padding is not supported");
  EXPECT_EQ(error_text({.options = {.stride = {0, 1}}}), "non-positive stride is not supported");
  EXPECT_EQ(error_text({.options = {.stride = {1, -2}}}), "non-positive stride is not supported");
  EXPECT_EQ(error_text({.options = {.dilation = {-1, 1}}}), "dilation should be greater than zero");
  EXPECT_EQ(error_text({.options = {.dilation = 0}}), "dilation should be greater than zero, but got [0, 0]");
  EXPECT_EQ(error_text({.options = {.dilation = {1, 0}}}), "dilation should be greater than zero, but got [1, 0]");
  EXPECT_EQ(error_text({.options = {.padding = {index_t{1} << 62, 0}}}),
            "Given padding=4611686018427387904 at dimension 0 , expected padding to be at most 4611686018427387903");
  EXPECT_EQ(error_text({.options = {.padding = {0, index_t{1} << 62}}}),
            "Given padding=4611686018427387904 at dimension 1 , expected padding to be at most 4611686018427387903");
}

TEST(Conv2dErrors, OfPads) {
  EXPECT_EQ(error_text({.options = {.padding = tf::pads{0, 0, 0, -1}}}),
            "negative padding is not supported, but got padding=[0, 0, 0, -1]");
  EXPECT_EQ(error_text({.options = {.padding = tf::pads{-1, 2, 3, 4}}}),
            "negative padding is not supported, but got padding=[-1, 2, 3, 4]");
  EXPECT_EQ(error_text({.options = {.padding = tf::pads{-1, 0, -1, 0}}}), "negative padding is not supported");
  EXPECT_EQ(error_text({.options = {.padding = tf::pads{1, 0, index_t{1} << 62, 2}}}),
            "Given padding=[1, 0, 4611686018427387904, 2], expected padding to be at most 4611686018427387903");
  EXPECT_EQ(error_text({.weight = {6, 4, 9, 3}, .options = {.padding = tf::pads{1, 0, 2, 1}}}),
            "Calculated padded input size per channel: (8 x 6). Kernel size: (9 x 3). Kernel size can't be greater "
            "than actual input size");
}

TEST(Conv2dErrors, OfChannelsAndGroups) {
  EXPECT_EQ(
      error_text({.weight = {1, 2, 3, 3}, .options = {.groups = 2}}),
      "Given groups=2, expected weight to be at least 2 at dimension 0, but got weight of size [1, 2, 3, 3] instead");
  EXPECT_EQ(
      error_text({.weight = {0, 4, 3, 3}}),
      "Given groups=1, expected weight to be at least 1 at dimension 0, but got weight of size [0, 4, 3, 3] instead");
  EXPECT_EQ(
      error_text({.weight = {6, 2, 3, 3}, .options = {.groups = 4}}),
      "Given groups=4, expected weight to be divisible by 4 at dimension 0, but got weight of size [[6, 2, 3, 3]] "
      "instead");
  EXPECT_EQ(error_text({.weight = {6, 3, 3, 3}}),
            "Given groups=1, weight of size [6, 3, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
  EXPECT_EQ(error_text({.input = {4, 5, 5}, .weight = {6, 3, 3, 3}}),
            "Given groups=1, weight of size [6, 3, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
  EXPECT_EQ(error_text({.options = {.groups = 2}}),
            "Given groups=2, weight of size [6, 4, 3, 3], expected input[1, 4, 5, 5] to have 8 channels, but got 4 "
            "channels instead");
}

TEST(Conv2dHints, OfChannels) {
  const auto hint = [](const shape& input, const shape& weight) {
    return hint_of([&] { (void)tf::conv2d_output_shape(input, weight); });
  };
  EXPECT_EQ(hint({1, 6, 5, 5}, {6, 1, 3, 3}), "this weight takes 6 channels with groups = 6");
  EXPECT_EQ(hint({1, 6, 5, 5}, {4, 3, 3, 3}), "this weight takes 6 channels with groups = 2");
  EXPECT_EQ(hint({1, 6, 5, 5}, {6, 4, 3, 3}), "a weight of conv2d is (out channels, in channels / groups, kh, kw)");
  EXPECT_EQ(hint({1, 6, 5, 5}, {5, 3, 3, 3}), "");
  EXPECT_EQ(hint({1, 0, 5, 5}, {5, 3, 3, 3}), "");
}

TEST(Conv2dErrors, OfBias) {
  EXPECT_EQ(
      error_text({.bias = shape{5}}),
      "Given weight of size [6, 4, 3, 3], expected bias to be 1-dimensional with 6 elements, but got bias of size "
      "[5] instead");
  EXPECT_EQ(
      error_text({.bias = shape{1, 6}}),
      "Given weight of size [6, 4, 3, 3], expected bias to be 1-dimensional with 6 elements, but got bias of size "
      "[1, 6] instead");
}

TEST(Conv2dErrors, OfSizes) {
  EXPECT_EQ(
      error_text({.weight = {6, 4, 6, 3}}),
      "Calculated padded input size per channel: (5 x 5). Kernel size: (6 x 3). Kernel size can't be greater than "
      "actual input size");
  EXPECT_EQ(
      error_text({.options = {.padding = {1, 0}, .dilation = {4, 3}}}),
      "Calculated padded input size per channel: (7 x 5). Kernel size: (9 x 7). Kernel size can't be greater than "
      "actual input size");
  EXPECT_EQ(
      error_text({.input = {0, 4, 2, 5}}),
      "Calculated padded input size per channel: (2 x 5). Kernel size: (3 x 3). Kernel size can't be greater than "
      "actual input size");
  EXPECT_EQ(error_text({.input = {1, 4, 0, 5}, .options = {.padding = {2, 0}}}),
            "Only zero batch or zero channel inputs are supported, but got input shape: [1, 4, 0, 5]");
  EXPECT_EQ(error_text({.weight = {6, 4, 0, 3}}),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3");
  EXPECT_EQ(error_text({.weight = {6, 4, 0, 3}, .options = {.dilation = {1, 2}}}),
            "kernel size should be greater than zero, but got [0, 3]");
  EXPECT_EQ(error_text({.input = {0, 4, 5, 5}, .weight = {6, 4, 0, 3}}),
            "select(): index 0 out of range for tensor of size [0] at dimension 0");
}

TEST(Conv2dErrors, OfPaddingSame) {
  EXPECT_EQ(error_text({.options = {.stride = {1, 2}, .padding = tf::same}}),
            "padding='same' is not supported for strided convolutions");
  EXPECT_EQ(error_text({.options = {.stride = 0, .padding = tf::same}}),
            "padding='same' is not supported for strided convolutions");
  EXPECT_EQ(error_text({.weight = {6, 4, 3}, .options = {.padding = tf::same}}),
            "Expected 3-dimensional input for 3-dimensional weight[6, 4, 3], but got 4-dimensional input of size "
            "[1, 4, 5, 5] instead");
  EXPECT_EQ(error_text({.options = {.padding = tf::same, .dilation = -1}}), "negative padding is not supported");
  EXPECT_EQ(error_text({.options = {.padding = tf::same, .dilation = 0}}),
            "dilation should be greater than zero, but got [0, 0]");
  EXPECT_EQ(error_text({.weight = {6, 3, 3, 4}, .options = {.padding = tf::same}}),
            "Given groups=1, weight of size [6, 3, 3, 4], expected input[1, 4, 5, 6] to have 3 channels, but got 4 "
            "channels instead");
}

TEST(Conv2dErrors, TheFirstMistakeCounts) {
  EXPECT_EQ(error_text({.input = {5, 5}, .options = {.groups = 0}}),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 5]");
  EXPECT_EQ(error_text({.options = {.padding = -1, .groups = 0}}), "non-positive groups is not supported");
  EXPECT_EQ(error_text({.options = {.stride = 0, .padding = -1}}), "negative padding is not supported");
  EXPECT_EQ(error_text({.options = {.stride = 0, .dilation = -1}}), "non-positive stride is not supported");
  EXPECT_EQ(
      error_text({.weight = {6, 4, 6, 6}, .bias = shape{5}}),
      "Given weight of size [6, 4, 6, 6], expected bias to be 1-dimensional with 6 elements, but got bias of size "
      "[5] instead");
}

TEST(Conv2dErrors, OfTheOutput) {
  expect_output_is_refused<conv2d_calls>({1, 6, 3, 4},
                                         "conv2d: expected an output of shape [1, 6, 3, 3], but got [1, 6, 3, 4]");
}

/// An output's bits do not depend on where it lies among the pixels that are computed at once.
TEST(Conv2dDirect, GivesAnOutputTheSameBitsInImagesOfAllWidths) {
  const auto w = random_tensor<float>({16, 1, 3, 3}, 1);
  const auto wide = random_tensor<float>({1, 16, 5, 90}, 2);
  for (const tf::isa isa : available_isas())
    for (const index_t stride : {1, 2, 3, 4}) {
      tf::context ctx = on(isa);
      ctx.algorithm = "direct";
      const auto all = tf::conv2d(wide, w, {.stride = stride, .groups = 16}, ctx);
      for (index_t width = 3; width < 60; ++width) {
        tf::tensor<float> x({1, 16, 5, width});
        for (index_t c = 0; c < 16; ++c)
          for (index_t h = 0; h < 5; ++h)
            for (index_t v = 0; v < width; ++v) x(0, c, h, v) = wide(0, c, h, v);
        const auto y = tf::conv2d(x, w, {.stride = stride, .groups = 16}, ctx);
        tf::tensor<float> expected(y.shape());
        for (index_t c = 0; c < 16; ++c)
          for (index_t h = 0; h < y.shape()[2]; ++h)
            for (index_t v = 0; v < y.shape()[3]; ++v) expected(0, c, h, v) = all(0, c, h, v);
        EXPECT_TRUE(same_bits(y, expected)) << tf::name_of(isa) << ", stride " << stride << ", width " << width;
      }
    }
}

}  // namespace
