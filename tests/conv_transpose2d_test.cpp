#include <tenfold/conv_transpose2d.hpp>

#include "convolution_tests.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

namespace {

// ---- values

class ConvTranspose2d : public testing::TestWithParam<conv_transpose2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, ConvTranspose2d, testing::ValuesIn(conv_transpose2d_cases), case_name());

TEST_P(ConvTranspose2d, EqualsReference) {
  expect_equals_reference_of_types<conv_transpose2d_calls>([] { return GetParam(); });
}

TEST_P(ConvTranspose2d, IsWithinRoundingOfTheExactResult) {
  expect_within_rounding<conv_transpose2d_calls, float>(GetParam());
  expect_within_rounding<conv_transpose2d_calls, double>(GetParam());
}

conv_transpose2d_case random_case(std::mt19937& random) {
  const auto pick = [&](index_t low, index_t high) {
    return low + static_cast<index_t>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (;;) {
    conv_transpose2d_case c{"random", {}, {}};
    tf::conv_transpose2d_options& o = c.options;
    o.groups = pick(0, 3) ? 1 : pick(1, 4);
    const index_t in = pick(1, 9), out = pick(1, 9);
    const hw size{pick(1, 12), pick(1, 24)}, kernel{pick(1, 6), pick(1, 6)};
    o.stride = {pick(1, 5), pick(1, 5)};
    o.dilation = {pick(1, 4), pick(1, 4)};
    o.padding = tf::pads{pick(0, 5), pick(0, 5), pick(0, 5), pick(0, 5)};
    o.output_padding = {pick(0, std::max(o.stride.h, o.dilation.h) - 1),
                        pick(0, std::max(o.stride.w, o.dilation.w) - 1)};
    c.input = pick(0, 3) ? shape{pick(0, 3), in * o.groups, size.h, size.w} : shape{in * o.groups, size.h, size.w};
    c.weight = {in * o.groups, out, kernel.h, kernel.w};
    const auto output = [](index_t n, index_t s, index_t crops, index_t d, index_t k, index_t extra) {
      return (n - 1) * s - crops + d * (k - 1) + 1 + extra;
    };
    const hw crops{o.padding.h + tf::pads(o.padding).bottom, o.padding.w + tf::pads(o.padding).right};
    if (output(size.h, o.stride.h, crops.h, o.dilation.h, kernel.h, o.output_padding.h) >= 1 &&
        output(size.w, o.stride.w, crops.w, o.dilation.w, kernel.w, o.output_padding.w) >= 1)
      return c;
  }
}

/// The lines that are left of the whole output; those that output_padding adds hold the bias.
template <class T>
void expect_equals_cropped(const conv_transpose2d_case& c) {
  const auto x = exact_values<T>(c.input, 1), w = exact_values<T>(c.weight, 2);
  tf::conv_transpose2d_options whole = c.options;
  whole.padding = whole.output_padding = 0;
  whole.output_size = {};
  const auto all = tf::reference::conv_transpose2d(x, w, whole);
  const shape got = tf::conv_transpose2d_output_shape(c.input, c.weight, c.options);
  const auto lines = [&](const shape& s, std::size_t from_end) { return s[s.size() - from_end]; };
  const tf::pads& crop = c.options.padding;
  const auto expected = padded(all, {-crop.top, -crop.left, lines(got, 2) - (lines(all.shape(), 2) - crop.top),
                                     lines(got, 1) - (lines(all.shape(), 1) - crop.left)});
  for (const tf::context& ctx : contexts_of<T>(c, tf::math::exact))
    EXPECT_TRUE(equal(tf::conv_transpose2d(x, w, c.options, ctx), expected)) << c << ", " << name_of(ctx);
}

TEST(ConvTranspose2dPads, CropTheWholeOutput) {
  int cases = 0;
  for (const conv_transpose2d_case& c : conv_transpose2d_cases) {
    if (tf::detail::is_pair(c.options.padding)) continue;
    expect_equals_cropped<float>(c);
    expect_equals_cropped<index_t>(c);
    ++cases;
  }
  EXPECT_GE(cases, 15);
}

TEST(ConvTranspose2dRandom, EqualsReference) {
  std::mt19937 random(12);
  for (int i = 0; i < 60; ++i)
    expect_equals_reference_of_types<conv_transpose2d_calls>([&] { return random_case(random); });
}

TEST(ConvTranspose2d, OfOnesCountsTheTaps) {  // the values follow from the picture of a 3x3 kernel at stride 2
  const auto y = tf::conv_transpose2d(filled<float>({1, 1, 2, 2}, 1), filled<float>({1, 1, 3, 3}, 1), {.stride = 2});
  const tf::tensor<float> expected({1, 1, 5, 5}, {1, 1, 2, 1, 1,  //
                                                  1, 1, 2, 1, 1,  //
                                                  2, 2, 4, 2, 2,  //
                                                  1, 1, 2, 1, 1,  //
                                                  1, 1, 2, 1, 1});
  EXPECT_TRUE(equal(y, expected));
}

// ---- the same bits

// More than one block of K, of rows and of columns; phases of every kind.
const conv_transpose2d_case large_cases[] = {
    {"blocks_in_every_dimension", {3, 140, 13, 17}, {140, 75, 4, 4}, {.stride = 2, .padding = 1}},
    {"unequal_phases", {2, 70, 15, 19}, {70, 40, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {"stride_1", {2, 70, 19, 29}, {70, 60, 3, 3}, {.padding = 1}},
    {"groups_and_dilation", {2, 80, 15, 17}, {80, 30, 3, 3}, {.stride = 2, .groups = 2, .dilation = 3}},
};

TEST(ConvTranspose2dBits, DoNotDependOnThreadsOrMemory) {
  for (const auto& c : large_cases) expect_bits_without_threads_and_memory<conv_transpose2d_calls>(c);
}

TEST(ConvTranspose2dBits, DoNotDependOnTheBatch) {
  for (const auto& c : large_cases) expect_bits_without_batch<conv_transpose2d_calls>(c);
}

TEST(ConvTranspose2dBits, OfTheChosenAlgorithmDoNotDependOnThreadsOrMemory) {
  for (const auto& c : large_cases) expect_choice_without_threads_and_memory<conv_transpose2d_calls>(c);
}

// ---- shapes

static_assert(tf::conv_transpose2d_output_shape({1, 16, 6, 6}, {16, 8, 3, 3}, {.stride = 2, .padding = 1}) ==
              shape{1, 8, 11, 11});
static_assert(tf::conv_transpose2d_output_shape({1, 16, 6, 6}, {16, 8, 3, 3},
                                                {.stride = 2, .padding = 1, .output_padding = 1}) ==
              shape{1, 8, 12, 12});
static_assert(tf::conv_transpose2d_output_shape({1, 16, 6, 6}, {16, 8, 3, 3},
                                                {.stride = 2, .padding = 1, .output_size = hw{12, 11}}) ==
              shape{1, 8, 12, 11});
static_assert(tf::conv_transpose2d_output_shape({16, 6, 5}, {16, 4, 2, 2}, {.stride = 2, .groups = 2}) ==
              shape{8, 12, 10});
static_assert(tf::conv_transpose2d_output_shape({0, 4, 5, 5}, {4, 6, 3, 3}, {.stride = 2}) == shape{0, 6, 11, 11});
static_assert(tf::conv_transpose2d_output_shape({0, 4, 2, 3}, {4, 6, 3, 3}, {.padding = {2, 0}}) == shape{0, 6, 0, 5});

static_assert(tf::conv_transpose2d_output_shape({1, 16, 6, 6}, {16, 8, 3, 3},
                                                {.stride = 2, .padding = tf::pads{1, 0, 2, 4}, .output_padding = 1}) ==
              shape{1, 8, 11, 10});
static_assert(tf::conv_transpose2d_output_shape(
                  {1, 16, 6, 6}, {16, 8, 3, 3},
                  {.stride = 2, .padding = tf::pads{.top = 1}, .output_size = hw{12, 14}}) == shape{1, 8, 12, 14});

// In PyTorch's kernel, which keeps its settings as int32, these strides are negative, 0 and 1.
static_assert(tf::conv_transpose2d_output_shape({1, 2, 4, 4}, {2, 3, 3, 3}, {.stride = {index_t{1} << 31, 1}}) ==
              shape{1, 3, (index_t{3} << 31) + 3, 6});
static_assert(tf::conv_transpose2d_output_shape({1, 2, 4, 4}, {2, 3, 3, 3}, {.stride = {index_t{1} << 32, 1}}) ==
              shape{1, 3, (index_t{3} << 32) + 3, 6});
static_assert(tf::conv_transpose2d_output_shape({1, 2, 4, 4}, {2, 3, 3, 3}, {.stride = {(index_t{1} << 32) + 1, 1}}) ==
              shape{1, 3, (index_t{3} << 32) + 6, 6});

TEST(ConvTranspose2dShape, IsNeverWrapped) {
  std::mt19937_64 random(6);
  int answered = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const index_t in = extreme(random), kernel = extreme(random), stride = extreme(random), padding = extreme(random),
                  end = random() % 2 ? padding : extreme(random), dilation = extreme(random),
                  extra = extreme(random) - 1;
    const wide spread = wide{in - 1} * stride, span = wide{dilation} * (kernel - 1) + 1;
    const wide out = spread - padding - end + span + extra;
    index_t got = -1;
    const std::string error = error_of([&] {
      got = tf::conv_transpose2d_output_shape({1, 1, in, 1}, {1, 1, kernel, 1},
                                              {.stride = {stride, 1},
                                               .padding = tf::pads{padding, 0, end, 0},
                                               .output_padding = {extra, 0},
                                               .dilation = {dilation, 1}})[2];
    });
    ++(error.empty() ? answered : refused);
    const bool fits = spread <= INT64_MAX && span <= INT64_MAX && out >= 1 && out <= INT64_MAX &&
                      std::max(padding, end) <= INT64_MAX / 2 && (extra < stride || extra < dilation);
    if (error.empty())
      ASSERT_TRUE(out == got) << in << " " << kernel << " " << stride << " " << padding << " " << end << " " << dilation
                              << " " << extra;
    else
      ASSERT_TRUE(!fits || spread - padding - end + span > INT64_MAX) << error;
  }
  EXPECT_GT(answered, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(ConvTranspose2dShape, ThatNoMemoryHoldsIsAnError) {
  const tf::tensor_view<const float> x(nullptr, {1, 1, index_t{1} << 31, 1}), w(nullptr, {1, 1, 1, 1});
  EXPECT_NE(error_of([&] { tf::conv_transpose2d(x, w, {.stride = index_t{1} << 31}); }), "");
  EXPECT_NE(error_of([&] { tf::conv_transpose2d(x, w, {.stride = index_t{1} << 62}); }), "");
}

// ---- errors

std::string error_text(const bad_call<conv_transpose2d_calls>& call) { return error_text_of(call); }

TEST(ConvTranspose2dErrors, OfRank) {
  EXPECT_EQ(error_text({.input = {5, 5}}),
            "Expected 3D (unbatched) or 4D (batched) input to conv_transpose2d, but got input of size: [5, 5]");
  EXPECT_EQ(
      error_text({.input = {1, 1, 4, 5, 5}}),
      "Expected 3D (unbatched) or 4D (batched) input to conv_transpose2d, but got input of size: [1, 1, 4, 5, 5]");
  EXPECT_EQ(error_text({.weight = {4, 6}}), "weight should have at least three dimensions");
  EXPECT_EQ(
      error_text({.weight = {4, 6, 3}, .options = {.stride = 2}}),
      "expected stride to be a single integer value or a list of 1 values to match the convolution dimensions, but "
      "got stride=[2, 2]");
}

TEST(ConvTranspose2dErrors, OfSettings) {
  EXPECT_EQ(error_text({.options = {.groups = -1}}), "non-positive groups is not supported");
  EXPECT_EQ(error_text({.options = {.padding = {0, -1}}}), "negative padding is not supported");
  EXPECT_EQ(error_text({.options = {.output_padding = {-1, 0}}}), "negative output_padding is not supported");
  EXPECT_EQ(error_text({.options = {.stride = {0, 1}}}), "non-positive stride is not supported");
  EXPECT_EQ(error_text({.options = {.dilation = {-1, 1}}}), "dilation should be greater than zero");
  EXPECT_EQ(error_text({.options = {.dilation = {1, 0}}}),
            "dilation should be greater than zero, but got dilation_height: 1, dilation_width: 0");
  EXPECT_EQ(error_text({.options = {.padding = tf::pads{0, -1, 0, 1}}}),
            "negative padding is not supported, but got padding=[0, -1, 0, 1]");
  EXPECT_EQ(error_text({.options = {.padding = tf::pads{.right = index_t{1} << 62}}}),
            "Given padding=[0, 0, 0, 4611686018427387904], expected padding to be at most 4611686018427387903");
  EXPECT_EQ(error_text({.options = {.padding = {0, index_t{1} << 62}}}),
            "Given padding=4611686018427387904 at dimension 1 , expected padding to be at most 4611686018427387903");
}

TEST(ConvTranspose2dErrors, OfOutputPadding) {
  EXPECT_EQ(error_text({.options = {.stride = 2, .output_padding = 2}}),
            "output padding must be smaller than either stride or dilation, but got output_padding_height: 2 "
            "output_padding_width: 2 stride_height: 2 stride_width: 2 dilation_height: 1 dilation_width: 1");
  EXPECT_EQ(error_text({.options = {.output_padding = {0, 1}}}),
            "output padding must be smaller than either stride or dilation, but got output_padding_height: 0 "
            "output_padding_width: 1 stride_height: 1 stride_width: 1 dilation_height: 1 dilation_width: 1");
}

TEST(ConvTranspose2dErrors, OfOutputSize) {
  const shape input{1, 4, 6, 6};
  EXPECT_EQ(error_text({.input = input, .options = {.stride = 2, .padding = 1, .output_size = hw{12, 13}}}),
            "requested an output size of [12, 13], but valid sizes range from [11, 11] to [12, 12] (for an input of "
            "torch.Size([6, 6]))");
  EXPECT_EQ(error_text({.input = {4, 6, 6}, .options = {.stride = 2, .padding = 1, .output_size = hw{10, 12}}}),
            "requested an output size of [10, 12], but valid sizes range from [11, 11] to [12, 12] (for an input of "
            "torch.Size([6]))");
  EXPECT_EQ(error_text({.input = input, .options = {.stride = 2, .output_padding = 1, .output_size = hw{14, 14}}}),
            "output_size and output_padding exclude each other: give one of them");
  EXPECT_EQ(error_text({.input = {6, 6}, .options = {.output_size = hw{8, 8}}}),
            "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
}

TEST(ConvTranspose2dHints, NameTheOutputPaddingOfTheNearestSize) {
  const auto hint = [](const hw& size, tf::conv_transpose2d_options o, const shape& input = {1, 4, 6, 6}) {
    o.output_size = size;
    return hint_of([&] { (void)tf::conv_transpose2d_output_shape(input, {4, 6, 3, 3}, o); });
  };
  const tf::conv_transpose2d_options doubling{.stride = 2, .padding = 1};
  EXPECT_EQ(hint({13, 12}, doubling), "the nearest output size is [12, 12]: output_padding = [1, 1]");
  EXPECT_EQ(hint({12, 13}, doubling), "the nearest output size is [12, 12]: output_padding = [1, 1]");
  EXPECT_EQ(hint({3, 12}, doubling), "the nearest output size is [11, 12]: output_padding = [0, 1]");
  EXPECT_EQ(hint({100, -5}, doubling), "the nearest output size is [12, 11]: output_padding = [1, 0]");
  EXPECT_EQ(hint({13, 12}, doubling, {4, 6, 6}), "the nearest output size is [12, 12]: output_padding = [1, 1]");
  EXPECT_EQ(hint(9, {}), "the nearest output size is [8, 8]: output_padding = [0, 0]");
  // From -1 to 2 is the range here, and 1 the least size of an output; from -3 to 0 there is none.
  EXPECT_EQ(hint(-2000, {.stride = 4, .padding = 12}), "the nearest output size is [1, 1]: output_padding = [2, 2]");
  EXPECT_EQ(hint(1, {.stride = 4, .padding = 13}), "");
  EXPECT_EQ(hint({13, 12}, {.stride = 0}), "");
  // The size that it names is reached.
  EXPECT_EQ(tf::conv_transpose2d_output_shape({1, 4, 6, 6}, {4, 6, 3, 3},
                                              {.stride = 2, .padding = 1, .output_padding = {0, 1}}),
            (shape{1, 6, 11, 12}));
}

TEST(ConvTranspose2dHints, OfAWeightTheWrongWayRound) {
  EXPECT_EQ(hint_of([] {
              (void)tf::conv_transpose2d_output_shape({1, 4, 5, 5}, {6, 4, 3, 3});
            }),
            "a weight of conv_transpose2d is (in channels, out channels / groups, kh, kw)");
  EXPECT_EQ(hint_of([] { (void)tf::conv_transpose2d_output_shape({1, 4, 5, 5}, {3, 6, 3, 3}); }), "");
}

TEST(ConvTranspose2dErrors, OfChannelsAndGroups) {
  EXPECT_EQ(
      error_text({.weight = {0, 6, 3, 3}}),
      "Given groups=1, expected weight to be at least 1 at dimension 0, but got weight of size [0, 6, 3, 3] instead");
  EXPECT_EQ(
      error_text({.weight = {4, 2, 3, 3}, .options = {.groups = 3}}),
      "Given groups=3, expected weight to be divisible by 3 at dimension 0, but got weight of size [[4, 2, 3, 3]] "
      "instead");
  EXPECT_EQ(error_text({.weight = {3, 6, 3, 3}}),
            "Given transposed=1, weight of size [3, 6, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
  EXPECT_EQ(error_text({.input = {4, 5, 5}, .weight = {3, 6, 3, 3}}),
            "Given transposed=1, weight of size [3, 6, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
}

TEST(ConvTranspose2dErrors, OfBias) {
  EXPECT_EQ(
      error_text({.bias = shape{4}}),
      "Given transposed=1, weight of size [4, 6, 3, 3], expected bias to be 1-dimensional with 6 elements, but got "
      "bias of size [4] instead");
  EXPECT_EQ(
      error_text({.weight = {4, 3, 3, 3}, .bias = shape{3}, .options = {.groups = 2}}),
      "Given transposed=1, weight of size [4, 3, 3, 3], expected bias to be 1-dimensional with 6 elements, but got "
      "bias of size [3] instead");
}

TEST(ConvTranspose2dErrors, OfSizes) {
  EXPECT_EQ(error_text({.input = {1, 4, 0, 5}}),
            "Only zero batch or zero channel inputs are supported, but got input shape: [1, 4, 0, 5]");
  EXPECT_EQ(error_text({.weight = {4, 6, 0, 3}}),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3");
  EXPECT_EQ(error_text({.weight = {4, 0, 2, 2}}), "non-empty 2D or 4D weight tensor expected, but got: [4, 0, 2, 2]");
  EXPECT_EQ(error_text({.weight = {4, 0, 2, 2}, .options = {.groups = 2}}),
            "non-empty 2D or 4D weight tensor expected, but got: [2, 0, 2, 2]");
  EXPECT_EQ(
      error_text({.input = {1, 4, 1, 2}, .options = {.padding = {2, 0}}}),
      "Given input size per channel: (1 x 2). Calculated output size per channel: (-1 x 4). Output size is too small");
}

TEST(ConvTranspose2dErrors, OfAnEmptyBatch) {
  EXPECT_EQ(error_text({.input = {0, 4, 1, 1}, .options = {.padding = 2}}), "only one dimension can be inferred");
  EXPECT_EQ(error_text({.input = {0, 4, 1, 1}, .options = {.padding = {2, 3}}}),
            "invalid shape dimension -3 at index 3 of shape [0, 6, -1, -3]");
  EXPECT_EQ(
      error_text({.input = {0, 4, 1, 5}, .weight = {4, 3, 3, 3}, .options = {.padding = {2, 0}}}),
      "cannot reshape tensor of 0 elements into shape [0, 3, -1, 7] because the unspecified dimension size -1 can be "
      "any value and is ambiguous");
}

TEST(ConvTranspose2dErrors, TheFirstMistakeCounts) {
  EXPECT_EQ(error_text({.options = {.stride = 0, .padding = -1, .output_padding = -1, .dilation = -1}}),
            "negative padding is not supported");
  EXPECT_EQ(error_text({.options = {.stride = 0, .output_padding = -1, .dilation = -1}}),
            "negative output_padding is not supported");
  EXPECT_EQ(error_text({.weight = {3, 6, 3, 3}, .bias = shape{5}}),
            "Given transposed=1, weight of size [3, 6, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
  EXPECT_EQ(
      error_text({.bias = shape{5}, .options = {.output_padding = 9}}),
      "Given transposed=1, weight of size [4, 6, 3, 3], expected bias to be 1-dimensional with 6 elements, but got "
      "bias of size [5] instead");
}

TEST(ConvTranspose2dErrors, OfTheOutput) {
  expect_output_is_refused<conv_transpose2d_calls>(
      {1, 6, 7, 8}, "conv_transpose2d: expected an output of shape [1, 6, 7, 7], but got [1, 6, 7, 8]");
}

// ---- aten::slow_conv_transpose2d

struct slow_options {
  hw kernel_size = 3;
  hw stride = 1;
  hw padding = 0;
  hw output_padding = 0;
  hw dilation = 1;
};

template <class X, class W>
auto slow(const X& x, const W& w, const slow_options& o, const tf::context& ctx = {}) {
  return tf::aten::slow_conv_transpose2d(x, w, o.kernel_size, o.stride, o.padding, o.output_padding, o.dilation, ctx);
}

template <class T>
void expect_slow_equals_reference(const shape& input, const shape& weight, const slow_options& o) {
  const auto x = exact_values<T>(input, 1);
  const auto w = exact_values<T>(weight, 2);
  const auto b = exact_values<T>({weight[1]}, 3);
  const auto plain = tf::reference::aten::slow_conv_transpose2d(x, w, o.kernel_size, o.stride, o.padding,
                                                                o.output_padding, o.dilation);
  const auto biased = tf::reference::aten::slow_conv_transpose2d(x, w, o.kernel_size, b, o.stride, o.padding,
                                                                 o.output_padding, o.dilation);
  for (const tf::isa isa : available_isas()) {
    EXPECT_TRUE(equal(slow(x, w, o, on(isa)), plain)) << tf::name_of(isa);
    EXPECT_TRUE(equal(tf::aten::slow_conv_transpose2d(x, w, o.kernel_size, b, o.stride, o.padding, o.output_padding,
                                                      o.dilation, on(isa)),
                      biased))
        << tf::name_of(isa);
  }
}

TEST(SlowConvTranspose2d, EqualsReference) {
  expect_slow_equals_reference<float>({2, 3, 5, 6}, {3, 4, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1});
  expect_slow_equals_reference<double>({2, 3, 5, 6}, {3, 4, 2, 3}, {.kernel_size = {2, 3}, .dilation = {1, 3}});
  expect_slow_equals_reference<index_t>({2, 3, 5, 6}, {3, 4, 4, 4}, {.kernel_size = 4, .stride = 2, .padding = 1});
}

TEST(SlowConvTranspose2d, NegativePaddingExtendsAndNegativeOutputPaddingCrops) {
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3}, {.padding = {-1, -2}});
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3}, {.stride = 3, .padding = {-4, -7}});
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3}, {.stride = 2, .output_padding = {-1, -3}});
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3},
                                      {.stride = 2, .padding = -3, .output_padding = {-5, 1}, .dilation = 2});
  const tf::tensor<float> x({1, 2, 3, 4}), w({2, 3, 3, 3});
  EXPECT_EQ(slow(x, w, {.padding = {-1, -2}}).shape(), (shape{1, 3, 7, 10}));
  EXPECT_EQ(slow(x, w, {.output_padding = {-1, -2}}).shape(), (shape{1, 3, 4, 4}));
}

TEST(SlowConvTranspose2d, AnswersAnUnbatchedInputWithABatchOfOne) {
  const auto x = exact_values<float>({2, 3, 4}, 1), w = exact_values<float>({2, 3, 3, 3}, 2);
  const auto y = slow(x, w, {});
  EXPECT_EQ(y.shape(), (shape{1, 3, 5, 6}));
  EXPECT_TRUE(equal(y, slow(tf::tensor_view<const float>(x.data(), {1, 2, 3, 4}), w, {})));
}

std::string slow_error(const slow_options& o, const shape& input = {1, 4, 5, 5}, const shape& weight = {4, 6, 3, 3},
                       const std::optional<shape>& bias = {}) {
  const tf::tensor<float> x(input), w(weight), b(bias.value_or(shape{0}));
  return error_of([&] {
    if (bias)
      tf::aten::slow_conv_transpose2d(x, w, o.kernel_size, b, o.stride, o.padding, o.output_padding, o.dilation);
    else
      slow(x, w, o);
  });
}

TEST(SlowConvTranspose2dErrors, AreItsOwn) {
  EXPECT_EQ(slow_error({.kernel_size = {0, 3}}),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3");
  EXPECT_EQ(slow_error({.stride = {1, -1}}),
            "stride should be greater than zero, but got stride_height: 1 stride_width: -1");
  EXPECT_EQ(slow_error({.dilation = {0, 1}}),
            "dilation should be greater than zero, but got dilation_height: 0, dilation_width: 1");
  EXPECT_EQ(slow_error({.stride = 2, .output_padding = {0, 2}}),
            "output padding must be smaller than either stride or dilation, but got output_padding_height: 0 "
            "output_padding_width: 2 stride_height: 2 stride_width: 2 dilation_height: 1 dilation_width: 1");
  EXPECT_EQ(slow_error({}, {1, 4, 5, 5}, {4, 0, 3, 3}),
            "non-empty 2D or 4D weight tensor expected, but got: [4, 0, 3, 3]");
  EXPECT_EQ(slow_error({}, {1, 4, 5, 5}, {4, 6, 3}), "non-empty 2D or 4D weight tensor expected, but got: [4, 6, 3]");
  EXPECT_EQ(slow_error({}, {0, 4, 5, 5}),
            "non-empty 3D or 4D input tensor expected but got a tensor with size [0, 4, 5, 5]");
  EXPECT_EQ(slow_error({}, {1, 4, 5, 5}, {4, 6, 3, 3}, shape{5}),
            "Expected a tensor of dimension 1 and tensor.size[0] == 6 but got: dimension 1 and tensor.size[0] = 5");
  EXPECT_EQ(slow_error({}, {1, 4, 5, 5}, {4, 6, 3, 3}, shape{1, 6}),
            "Expected a tensor of dimension 1 and tensor.size[0] == 6 but got: dimension 2 and tensor.size[0] = 1");
  EXPECT_EQ(slow_error({}, {1, 3, 5, 5}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 4 but got: dimension 4 and tensor.size[1] = 3");
  EXPECT_EQ(slow_error({}, {3, 5, 5}),
            "Expected a tensor of dimension 3 and tensor.size[0] == 4 but got: dimension 3 and tensor.size[0] = 3");
  EXPECT_EQ(slow_error({}, {5, 5}), "non-empty 3D or 4D input tensor expected but got a tensor with size [5, 5]");
  EXPECT_EQ(
      slow_error({.padding = {4, 0}}),
      "Given input size per channel: (5 x 5). Calculated output size per channel: (-1 x 7). Output size is too small");
}

TEST(SlowConvTranspose2dErrors, RefuseWhatPytorchWouldReadElsewhere) {
  EXPECT_NE(slow_error({.kernel_size = {3, 4}}), "");
  EXPECT_NE(slow_error({.kernel_size = {2, 3}}), "");
  EXPECT_NE(slow_error({}, {1, 4, 5, 5}, {4, 6}), "");
}

TEST(SlowConvTranspose2dErrors, ComeInItsOrder) {
  EXPECT_EQ(slow_error({.kernel_size = 0, .stride = 0}),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 0");
  EXPECT_EQ(slow_error({.stride = 0, .dilation = 0}),
            "stride should be greater than zero, but got stride_height: 0 stride_width: 0");
  EXPECT_EQ(slow_error({.output_padding = 1, .dilation = 0}),
            "dilation should be greater than zero, but got dilation_height: 0, dilation_width: 0");
  EXPECT_EQ(slow_error({.padding = 9}, {0, 4, 5, 5}),
            "non-empty 3D or 4D input tensor expected but got a tensor with size [0, 4, 5, 5]");
}

/// Blocks of other sizes compute an output among other pixels, by the same roundings.
TEST(ConvTranspose2dDirect, GivesTheSameBitsInBlocksOfAllSizes) {
  const auto w = random_tensor<float>({38, 1, 3, 3}, 1);
  for (const tf::isa isa : available_isas())
    for (index_t width = 3; width < 40; ++width)
      for (const index_t height : {3, 7}) {
        const auto x = random_tensor<float>({1, 38, height, width}, 2);
        tf::context ctx = on(isa);
        ctx.algorithm = "direct";
        const auto expected = tf::conv_transpose2d(x, w, {.padding = 1}, ctx);
        for (const index_t cap : {65536, 99999, 1 << 20}) {
          ctx.max_workspace_bytes = cap;
          EXPECT_TRUE(same_bits(tf::conv_transpose2d(x, w, {.padding = 1}, ctx), expected))
              << tf::name_of(isa) << ", width " << width << ", cap " << cap;
        }
      }
}

}  // namespace
