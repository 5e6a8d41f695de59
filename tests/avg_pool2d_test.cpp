#include <tenfold/avg_pool2d.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

#include <limits>

using namespace tenfold_test;
using tf::hw;
using tf::index_t;

namespace {

static_assert(tf::avg_pool2d_output_shape({2, 3, 7, 9}, {.kernel_size = 2}) == tf::shape{2, 3, 3, 4});
static_assert(tf::avg_pool2d_output_shape({3, 7, 9}, {.kernel_size = 2, .ceil_mode = true}) == tf::shape{3, 4, 5});
static_assert(tf::adaptive_avg_pool2d_output_shape({3, 7, 9}, {2, 5}) == tf::shape{3, 2, 5});

struct pool_case {
  const char* name;
  tf::shape input;
  tf::avg_pool2d_options options;
};

const pool_case cases[] = {
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"halves", {2, 3, 8, 8}, {.kernel_size = 2}},
    {"drops_last_row_and_column", {1, 2, 7, 9}, {.kernel_size = 2}},
    {"unbatched", {3, 6, 10}, {.kernel_size = 2}},
    {"empty_batch", {0, 3, 6, 6}, {.kernel_size = 2}},
    {"rows_of_a_vector_and_one", {1, 2, 4, 34}, {.kernel_size = 2}},
    {"rows_of_many_vectors", {1, 1, 5, 203}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"overlapping", {1, 2, 11, 41}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"overlapping_without_padding", {1, 2, 11, 41}, {.kernel_size = 3, .stride = 1}},
    {"padding_is_not_counted",
     {1, 2, 11, 41},
     {.kernel_size = 3, .stride = 1, .padding = 1, .count_include_pad = false}},
    {"five_wide", {1, 2, 11, 41}, {.kernel_size = 5, .stride = 1, .padding = 2}},
    {"stride_2_wide", {1, 2, 11, 61}, {.kernel_size = {2, 4}, .stride = 2, .padding = {1, 2}}},
    {"stride_2_of_2_padded", {2, 2, 12, 66}, {.kernel_size = 2, .padding = 1, .count_include_pad = false}},
    {"stride_3", {1, 2, 13, 70}, {.kernel_size = {2, 4}, .stride = 3, .padding = {1, 2}}},
    {"stride_above_kernel", {1, 2, 13, 70}, {.kernel_size = 2, .stride = {3, 5}}},
    {"kernel_is_the_image", {2, 2, 5, 6}, {.kernel_size = {5, 6}}},
    {"kernel_is_the_image_of_many", {2, 9, 7, 7}, {.kernel_size = 7, .divisor_override = 50}},
    {"kernel_covers_image_and_padding", {1, 2, 3, 4}, {.kernel_size = {5, 6}, .stride = 1, .padding = {1, 1}}},
    {"kernel_wider_than_image", {1, 2, 3, 20}, {.kernel_size = {4, 22}, .stride = 1, .padding = {2, 1}}},
    {"ceil_mode_adds_a_window", {1, 2, 7, 35}, {.kernel_size = 2, .ceil_mode = true}},
    {"ceil_mode_window_behind_padding",
     {1, 1, 6, 36},
     {.kernel_size = 3, .stride = 2, .padding = 1, .ceil_mode = true}},
    {"ceil_mode_cuts_the_divisor",
     {1, 1, 4, 20},
     {.kernel_size = 3, .stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}},
    {"ceil_mode_drops_window_behind_padding",
     {1, 1, 5, 5},
     {.kernel_size = 2, .stride = 3, .padding = 1, .ceil_mode = true}},
    {"stride_3_of_planes_as_lanes", {2, 11, 13, 20}, {.kernel_size = {3, 4}, .stride = 3, .padding = {1, 2}}},
    {"stride_4_padding_is_not_counted",
     {3, 7, 9, 22},
     {.kernel_size = 4, .padding = 1, .ceil_mode = true, .count_include_pad = false}},
    {"window_of_more_lines_than_are_lanes", {1, 8, 60, 61}, {.kernel_size = {40, 6}, .stride = 5}},
    {"narrow_planes", {2, 5, 9, 7}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"narrow_planes_without_padding", {2, 5, 9, 8}, {.kernel_size = 2}},
    {"more_lines_than_are_copied", {1, 1, 400, 40}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"longer_lines_than_are_copied", {1, 1, 4, 5000}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"divisor_of_the_caller", {1, 2, 7, 35}, {.kernel_size = 3, .padding = 1, .divisor_override = -7}},
};

/// In the element type and the order that is promised.
template <class T>
tf::tensor<T> in_order(const tf::tensor<T>& x, const tf::avg_pool2d_options& o) {
  tf::tensor<T> y(tf::avg_pool2d_output_shape(x.shape(), o));
  tf::tensor<index_t> divisors(y.shape());
  const hw in = tf::detail::last_two(x.shape());
  tf::reference::parts::for_each_average(x.shape(), o,
                                         [&](index_t plane, index_t to, index_t h, index_t w, index_t divisor) {
                                           y.data()[to] += x.data()[(plane * in.h + h) * in.w + w];
                                           divisors.data()[to] = divisor;
                                         });
  for (index_t i = 0; i < y.size(); ++i) y.data()[i] /= static_cast<T>(divisors.data()[i]);
  return y;
}

using averaged_types = testing::Types<float, double, std::int64_t>;
template <class T>
struct AvgPool2d : testing::Test {};
TYPED_TEST_SUITE(AvgPool2d, averaged_types);

template <class T>
void expect_equals_reference(const tf::tensor<T>& x, const tf::avg_pool2d_options& options, const char* name) {
  const auto expected = tf::reference::avg_pool2d(x, options);
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(same_bits(tf::avg_pool2d(x, options, on(level)), expected)) << name << " " << tf::name_of(level);
}

TYPED_TEST(AvgPool2d, EqualsReferenceOnSmallIntegers) {
  for (const pool_case& c : cases) expect_equals_reference(small_integers<TypeParam>(c.input, 1, 9), c.options, c.name);
}

TYPED_TEST(AvgPool2d, EqualsReferenceForAllWidths) {
  for (const pool_case& c : cases)
    for (index_t width = 6; width <= 40 && c.options.kernel_size.w < 6; ++width)
      expect_equals_reference(small_integers<TypeParam>({2, 1, 5, width}, 2), c.options, c.name);
}

template <class T>
struct AvgPool2dOfFloats : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(AvgPool2dOfFloats, floating_types);

TYPED_TEST(AvgPool2dOfFloats, AddsInRowMajorOrder) {
  for (const pool_case& c : cases) {
    if (std::string(c.name).starts_with("kernel_is_the_image")) continue;
    const auto x = with_special_values(random_tensor<TypeParam>(c.input));
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::avg_pool2d(x, c.options, on(level)), in_order(x, c.options)))
          << c.name << " " << tf::name_of(level);
  }
}

TYPED_TEST(AvgPool2dOfFloats, QuotientsAreThoseOfADivision) {
  constexpr TypeParam least = std::numeric_limits<TypeParam>::denorm_min(),
                      normal = 1 / std::numeric_limits<TypeParam>::epsilon();
  const TypeParam scales[] = {least * 64, least * normal, 1, std::numeric_limits<TypeParam>::max()};
  for (const TypeParam scale : scales)
    for (const index_t divisor : {3, 5, 6, 7, 9, 49, 64, (1 << 20) - 1, (1 << 20) + 1}) {
      auto x = random_tensor<TypeParam>({1, 2, 40, 50});
      for (index_t i = 0; i < x.size(); ++i) x.data()[i] *= scale;
      const tf::avg_pool2d_options o{.kernel_size = {1, 2}, .stride = 1, .divisor_override = divisor};
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::avg_pool2d(x, o, on(level)), in_order(x, o)))
            << scale << " / " << divisor << tf::name_of(level);
    }
}

TYPED_TEST(AvgPool2dOfFloats, WholePlanesAreWithinTheBound) {
  const auto x = random_tensor<TypeParam>({3, 5, 31, 33});
  const tf::avg_pool2d_options o{.kernel_size = {31, 33}};
  const auto magnitude = tf::reference::avg_pool2d(magnitudes(x), o);
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(within_rounding(tf::avg_pool2d(x, o, on(level)), tf::reference::avg_pool2d(to_double(x), o), magnitude,
                                42 + 11 + 1))
        << tf::name_of(level);
}

TYPED_TEST(AvgPool2d, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({3, 17, 64, 70});
  for (const index_t stride : {1, 2, 3}) {
    const tf::avg_pool2d_options o{.kernel_size = 3, .stride = stride, .padding = 1};
    const auto expected = tf::avg_pool2d(x, o);
    const auto gradient = tf::avg_pool2d_backward(expected, x.shape(), o);
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(tf::avg_pool2d(x, o, on_threads(threads)), expected)) << threads;
      EXPECT_TRUE(same_bits(tf::avg_pool2d_backward(expected, x.shape(), o, on_threads(threads)), gradient)) << threads;
    }
  }
}

/// A gradient is a sum of at most a window's number of quotients.
template <class T>
void expect_gradient(const tf::shape& input, const tf::avg_pool2d_options& o, const char* name) {
  const auto dy = random_tensor<T>(tf::avg_pool2d_output_shape(input, o), 5);
  if constexpr (std::integral<T>) {
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(
          equal(tf::avg_pool2d_backward(dy, input, o, on(level)), tf::reference::avg_pool2d_backward(dy, input, o)))
          << name << " " << tf::name_of(level);
  } else {
    tf::avg_pool2d_options of_magnitudes = o;
    if (o.divisor_override) of_magnitudes.divisor_override = std::abs(*o.divisor_override);
    const auto magnitude = tf::reference::avg_pool2d_backward(magnitudes(dy), input, of_magnitudes);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_rounding(tf::avg_pool2d_backward(dy, input, o, on(level)),
                                  tf::reference::avg_pool2d_backward(to_double(dy), input, o), magnitude,
                                  o.kernel_size.h * o.kernel_size.w + 1))
          << name << " " << tf::name_of(level);
  }
}

TYPED_TEST(AvgPool2d, GradientIsWithinTheBound) {
  for (const pool_case& c : cases) expect_gradient<TypeParam>(c.input, c.options, c.name);
  for (const pool_case& c : cases)
    for (index_t width = 6; width <= 40 && c.options.kernel_size.w < 6; ++width)
      expect_gradient<TypeParam>({1, 2, 5, width}, c.options, c.name);
}

TEST(AvgPool2dGradient, AddsInRowMajorOrder) {
  const tf::avg_pool2d_options o{.kernel_size = 3, .stride = 1, .padding = 1};
  const auto dy = random_tensor<float>({2, 2, 9, 70}, 5);
  tf::tensor<float> expected(dy.shape());
  tf::reference::parts::for_each_average(
      dy.shape(), o, [&](index_t plane, index_t from, index_t h, index_t w, index_t divisor) {
        expected.data()[(plane * 9 + h) * 70 + w] += dy.data()[from] / static_cast<float>(divisor);
      });
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(same_bits(tf::avg_pool2d_backward(dy, dy.shape(), o, on(level)), expected)) << tf::name_of(level);
}

TEST(AvgPool2dInt64, WrapsAndRoundsTowardsZero) {
  const tf::tensor<index_t> x({1, 1, 4}, {-7, 2, INT64_MIN, 0});
  EXPECT_TRUE(equal(tf::avg_pool2d(x, {.kernel_size = {1, 2}}), tf::tensor<index_t>({1, 1, 2}, {-2, INT64_MIN / 2})));
  const auto negated = tf::avg_pool2d(x, {.kernel_size = {1, 2}, .divisor_override = -1});
  EXPECT_TRUE(equal(negated, tf::tensor<index_t>({1, 1, 2}, {5, INT64_MIN})));
}

// ---- adaptive

struct adaptive_case {
  tf::shape input;
  hw size;
};

const adaptive_case adaptive_cases[] = {
    {{2, 3, 8, 8}, {2, 4}},   {{3, 7, 9}, {2, 5}},      {{1, 2, 13, 13}, {6, 6}},  {{1, 2, 3, 4}, {7, 9}},
    {{1, 2, 60, 61}, {6, 7}}, {{0, 2, 5, 6}, {2, 2}},   {{2, 0, 5, 6}, {2, 2}},    {{1, 2, 5, 6}, {0, 2}},
    {{2, 3, 7, 7}, 1},        {{2, 3, 1, 5}, 1},        {{1, 1, 1, 5, 6}, 1},      {{4, 300, 7, 7}, 1},
    {{1, 2, 5, 6}, {5, 6}},   {{2, 9, 60, 61}, {2, 3}}, {{1, 21, 14, 14}, {7, 9}},
};

TYPED_TEST(AvgPool2dOfFloats, AdaptiveIsWithinTheBound) {
  for (const adaptive_case& c : adaptive_cases) {
    const auto x = random_tensor<TypeParam>(c.input);
    const auto exact = tf::reference::adaptive_avg_pool2d(to_double(x), c.size);
    const auto magnitude = tf::reference::adaptive_avg_pool2d(magnitudes(x), c.size);
    const hw in = tf::detail::last_two(c.input);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_rounding(tf::adaptive_avg_pool2d(x, c.size, on(level)), exact, magnitude, in.h * in.w + 3))
          << c.input << " " << tf::name_of(level);
    for (const int threads : {2, 3})
      EXPECT_TRUE(
          same_bits(tf::adaptive_avg_pool2d(x, c.size, on_threads(threads)), tf::adaptive_avg_pool2d(x, c.size)));
    if (c.input.size() > 4 || c.size.h == 0 || c.input[1] == 0) continue;
    const auto dy = random_tensor<TypeParam>(exact.shape(), 7);
    const auto gradient = tf::reference::adaptive_avg_pool2d_backward(to_double(dy), c.input);
    const auto of_magnitudes = tf::reference::adaptive_avg_pool2d_backward(magnitudes(dy), c.input);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_rounding(tf::adaptive_avg_pool2d_backward(dy, c.input, on(level)), gradient, of_magnitudes,
                                  c.size.h * c.size.w + 3))
          << c.input << " " << tf::name_of(level);
  }
}

TEST(AdaptiveAvgPool2d, OfNothingIsNaN) {
  const auto y = tf::adaptive_avg_pool2d(tf::tensor<float>({1, 2, 5, 0}), 1);
  EXPECT_EQ(y.shape(), (tf::shape{1, 2, 1, 1}));
  EXPECT_TRUE(std::isnan(y(0, 1, 0, 0)));
}

// ---- errors

TEST(AvgPool2dErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({1, 2, 5, 6});
  const auto error = [&](const tf::avg_pool2d_options& options, const tf::shape& s = {1, 2, 5, 6}) {
    const std::string text = error_of([&] { tf::avg_pool2d(tf::tensor<float>(s), options); });
    EXPECT_EQ(error_of([&] { (void)tf::avg_pool2d_output_shape(s, options); }), text);
    return text;
  };
  EXPECT_EQ(error({.kernel_size = index_t{1} << 31}), "value cannot be converted to type int without overflow");
  EXPECT_EQ(error({.kernel_size = 0}), "stride should not be zero");
  EXPECT_EQ(error({.kernel_size = 2, .stride = {1, 0}}), "stride should not be zero");
  EXPECT_EQ(error({.kernel_size = 2, .padding = -1}), "pad must be non-negative, but got pad: -1");
  EXPECT_EQ(error({.kernel_size = 2, .padding = 2}),
            "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1");
  EXPECT_EQ(error({.kernel_size = {-1, 2}, .stride = 1}),
            "kernel size should be greater than zero, but got kH: -1 kW: 2");
  EXPECT_EQ(error({.kernel_size = 2, .stride = {1, -1}}), "stride should be greater than zero, but got dH: 1 dW: -1");
  EXPECT_EQ(error({.kernel_size = {6, 2}}),
            "Given input size: (2x5x6). Calculated output size: (2x0x3). Output size is too small");
  EXPECT_EQ(error({.kernel_size = 2, .padding = -1, .divisor_override = 0}), "divisor must be not zero");
  EXPECT_EQ(error({.kernel_size = 0}, {5, 6}),
            "Dimension out of range (expected to be in range of [-2, 1], but got -3)");
  EXPECT_EQ(error({.kernel_size = 2}, {}), "Dimension specified as -3 but tensor has no dimensions");
  EXPECT_EQ(error({.kernel_size = 9}, {1, 1, 1, 5, 6}),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[1, 1, 1, 5, 6]");
  EXPECT_EQ(error({.kernel_size = 2}, {1, 0, 5, 6}),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[1, 0, 5, 6]");
  EXPECT_EQ(error({.kernel_size = 2}, {0, 5, 6}),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[0, 5, 6]");
}

TEST(AvgPool2dErrors, OfTheGradient) {
  const auto error = [&](const tf::shape& dy) {
    return error_of([&] { tf::avg_pool2d_backward(tf::tensor<float>(dy), {1, 2, 5, 6}, {.kernel_size = 2}); });
  };
  EXPECT_EQ(error({2, 2, 2, 2}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 3 but got: dimension 4 and tensor.size[3] = 2");
  EXPECT_EQ(error({2, 3, 2, 2}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 2 but got: dimension 4 and tensor.size[1] = 3");
  EXPECT_EQ(error({2, 2, 2, 3}),
            "Expected a tensor of dimension 4 and tensor.size[0] == 1 but got: dimension 4 and tensor.size[0] = 2");
  EXPECT_EQ(error({2, 2, 3}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 2 but got: dimension 3 and tensor.size[1] = 2");
}

TEST(AdaptiveAvgPool2dErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& s, const hw& size) {
    return error_of([&] { tf::adaptive_avg_pool2d(tf::tensor<float>(s), size); });
  };
  EXPECT_EQ(error({5, 6}, {-1, 2}), "Input dimension should be at least 3");
  EXPECT_EQ(error({1, 2, 5, 0}, {-1, 2}),
            "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received {-1, 2}");
  EXPECT_EQ(error({1, 2, 5, 0}, {2, 3}),
            "adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
            "[1, 2, 5, 0] with dimension 3 being empty");
  EXPECT_EQ(error({1, 1, 1, 5, 6}, {2, 3}), "adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got [1, 1, 1, 5, 6]");
  const auto backward = [](const tf::shape& dy, const tf::shape& s) {
    return error_of([&] { tf::adaptive_avg_pool2d_backward(tf::tensor<float>(dy), s); });
  };
  EXPECT_EQ(backward({1, 2, 0, 3}, {1, 2, 5, 6}),
            "adaptive_avg_pool2d_backward(): Expected grad_output to have non-zero size for non-batch dimensions, but "
            "grad_output has sizes [1, 2, 0, 3] with dimension 2 being empty");
  EXPECT_EQ(backward({2, 3}, {5, 6}),
            "adaptive_avg_pool2d_backward_out_cpu_template: Expected 3D or 4D tensor, but got [5, 6]");
  EXPECT_EQ(backward({2, 2, 2, 3}, {1, 2, 5, 6}),
            "adaptive_avg_pool2d_backward: expected grad_output of as many planes as the input, but got [2, 2, 2, 3] "
            "for [1, 2, 5, 6]");
}

TEST(AvgPool2dInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({1, 2, 6, 6});
  auto y = filled<float>({1, 2, 3, 2}, 7);
  EXPECT_EQ(error_of([&] { tf::avg_pool2d_into(y, x, {.kernel_size = 2}); }),
            "avg_pool2d: expected output of shape [1, 2, 3, 3], but got [1, 2, 3, 2]");
  EXPECT_EQ(error_of([&] { tf::adaptive_avg_pool2d_into(y, x, 3); }),
            "adaptive_avg_pool2d: expected output of shape [1, 2, 3, 3], but got [1, 2, 3, 2]");
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 7)));
}

}  // namespace
