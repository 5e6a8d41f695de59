// The gradients of the upsamplings.
#include <tenfold/reference.hpp>
#include <tenfold/upsample2d.hpp>

#include "support.hpp"
#include "upsample2d_cases.hpp"

using namespace tenfold_test;

namespace {

const size_case size_cases[] = {
    {"one_pixel_spreads", {1, 2, 1, 1}, {3, 40}},
    {"equal_sizes", {2, 3, 5, 33}, {5, 33}},
    {"equal_heights", {1, 2, 5, 33}, {5, 66}},
    {"equal_widths", {1, 2, 5, 33}, {11, 33}},
    {"doubles", {2, 3, 7, 37}, {14, 74}},
    {"doubles_rows_below_a_vector", {1, 2, 3, 3}, 6},
    {"eightfold", {1, 2, 5, 9}, {40, 72}},
    {"threefold", {1, 2, 5, 9}, {15, 27}},
    {"halves", {1, 2, 12, 38}, {6, 19}},
    {"to_one_pixel", {1, 2, 6, 7}, 1},
    {"above_one_block_of_columns", {1, 2, 3, 90}, {7, 700}},
    {"above_one_wide_block_of_columns", {1, 2, 3, 1300}, {7, 1500}},
    {"shrinks_by_far", {1, 1, 40, 3000}, {3, 290}},
    {"no_common_factor", {1, 2, 13, 29}, {17, 31}},
    {"shrinks_with_no_common_factor", {1, 2, 17, 31}, {13, 29}},
    {"deeplab", {1, 1, 65, 65}, {513, 513}},
    {"empty_batch", {0, 2, 3, 4}, {6, 8}},
    {"no_channels", {2, 0, 3, 4}, {6, 8}},
};

/// Calls check(input shape, output shape, name, more...) for every case; `more` is a scale, or nothing.
template <class Check>
void for_each_case(const Check& check) {
  for (const size_case& c : size_cases) check(c.input, tf::shape{c.input[0], c.input[1], c.size.h, c.size.w}, c.name);
  for (const scale_case& c : scale_cases)
    check(c.input, tf::upsample2d_output_shape(c.input, c.factor), c.name, c.factor);
}

template <class T>
struct UpsampleNearest2dBackward : testing::Test {};
TYPED_TEST_SUITE(UpsampleNearest2dBackward, element_types);

TYPED_TEST(UpsampleNearest2dBackward, EqualsReference) {
  for_each_case([](const tf::shape& input, const tf::shape& output, const char* name, const auto&... factor) {
    const auto dy = with_special_values(random_tensor<TypeParam>(output));
    const auto expected = tf::reference::upsample_nearest2d_backward(dy, input, factor...);
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(same_bits(tf::upsample_nearest2d_backward(dy, input, factor..., on(level)), expected))
          << name << " " << tf::name_of(level);
      auto dx = filled<TypeParam>(input, 7);
      tf::upsample_nearest2d_backward_into(dx.view(), dy, factor..., on(level));
      EXPECT_TRUE(same_bits(dx, expected)) << name << " " << tf::name_of(level);
    }
  });
}

TYPED_TEST(UpsampleNearest2dBackward, EqualsReferenceForAllWidths) {
  for (tf::index_t in = 1; in <= 36; ++in)
    for (const tf::index_t out : {in, 2 * in, 3 * in, 4 * in, 8 * in, 2 * in + 1, (in + 1) / 2, tf::index_t{40}}) {
      const auto dy = with_special_values(random_tensor<TypeParam>({1, 2, 6, out}));
      const tf::shape input{1, 2, 3, in};
      const auto expected = tf::reference::upsample_nearest2d_backward(dy, input);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::upsample_nearest2d_backward(dy, input, on(level)), expected))
            << in << " to " << out << " " << tf::name_of(level);
    }
}

TEST(UpsampleNearest2dBackwardSizes, EqualReferenceForAllSmallSizes) {
  for (tf::index_t in = 1; in <= 24; ++in)
    for (tf::index_t out = 1; out <= 60; ++out) {
      const auto dy = random_tensor<float>({1, 1, out, 61 - out});
      ASSERT_TRUE(same_bits(tf::upsample_nearest2d_backward(dy, {1, 1, in, 25 - in}),
                            tf::reference::upsample_nearest2d_backward(dy, {1, 1, in, 25 - in})))
          << in << " to " << out;
    }
}

/// Sums of small integers are exact.
TYPED_TEST(UpsampleNearest2dBackward, IsTheAdjointOfTheUpsampling) {
  for_each_case([](const tf::shape& input, const tf::shape& output, const char* name, const auto&... factor) {
    const auto x = small_integers<TypeParam>(input, 1, 2);
    const auto dy = small_integers<TypeParam>(output, 2, 1);
    tf::tensor<TypeParam> y;
    if constexpr (sizeof...(factor) > 0)
      y = tf::upsample_nearest2d(x, factor...);
    else if (input[1] > 0)
      y = tf::upsample_nearest2d(x, tf::hw{output[2], output[3]});
    const auto dx = tf::upsample_nearest2d_backward(map<double>(dy, [](TypeParam v) { return static_cast<double>(v); }),
                                                    input, factor...);
    double left = 0, right = 0;
    for (tf::index_t i = 0; i < y.size(); ++i)
      left += static_cast<double>(dy.data()[i]) * static_cast<double>(y.data()[i]);
    for (tf::index_t i = 0; i < dx.size(); ++i) right += dx.data()[i] * static_cast<double>(x.data()[i]);
    EXPECT_EQ(left, right) << name;
  });
}

TEST(UpsampleNearest2dBackwardValues, StartFromPlusZeroAndWrap) {
  const auto zeros = tf::upsample_nearest2d_backward(filled<float>({1, 1, 4, 34}, -0.0F), {1, 1, 2, 17});
  EXPECT_TRUE(same_bits(zeros, tf::tensor<float>({1, 1, 2, 17})));
  EXPECT_TRUE(same_bits(tf::upsample_nearest2d_backward(filled<float>({1, 1, 2, 17}, -0.0F), {1, 1, 2, 17}), zeros));
  EXPECT_EQ(tf::upsample_nearest2d_backward(filled<std::int8_t>({1, 1, 2, 2}, 100), {1, 1, 1, 1})(0, 0, 0, 0), -112);
}

template <class T>
struct UpsampleBilinear2dBackward : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(UpsampleBilinear2dBackward, floating_types);

/// What an element of the gradient may be off by. A term passes the rounding of 1 - fraction and a product in each
/// dimension, and the additions of both sums: gamma of so many times `magnitude`, the gradient of absolute values. And
/// the place of an output, in numbers of at most in + 1, is rounded three times here and there, or twice where product
/// and difference are one operation: it is off by at most 6 u (in + 1), and so is a weight, which is continuous in the
/// place with a slope of 1. An input has weights of at most `reach` outputs in a dimension, those less than one input
/// pixel away.
template <class T>
tf::tensor<double> bounds(const tf::tensor<T>& dy, const tf::tensor<T>& magnitude) {
  double most = 0;
  for (tf::index_t i = 0; i < dy.size(); ++i)
    if (std::isfinite(dy.data()[i])) most = std::max(most, std::abs(static_cast<double>(dy.data()[i])));
  double places = 0, reach = 1;
  for (const std::size_t d : {std::size_t{2}, std::size_t{3}}) {
    const tf::index_t in = magnitude.shape()[d], out = dy.shape()[d];
    places += rounding_factor<T>(6 * (in + 1));
    reach *= static_cast<double>(std::min(out, 2 * (out / std::max<tf::index_t>(in - 1, 1) + 1) + 2));
  }
  const tf::index_t roundings = 2 * dy.shape()[2] + 2 * dy.shape()[3] + 6;
  return map<double>(magnitude,
                     [&](T m) { return rounding_bound<T>(roundings, static_cast<double>(m)) + places * reach * most; });
}

template <class T, class... Factor>
void expect_near_reference(const tf::tensor<T>& dy, const tf::shape& input, const std::string& name, bool align_corners,
                           const Factor&... factor) {
  const auto expected = tf::reference::upsample_bilinear2d_backward(dy, input, factor..., align_corners);
  const auto bound = bounds(
      dy, tf::reference::upsample_bilinear2d_backward(
              map<T>(dy, [](T v) { return std::isfinite(v) ? std::abs(v) : T{0}; }), input, factor..., align_corners));
  for (const tf::isa level : available_isas()) {
    const auto got = tf::upsample_bilinear2d_backward(dy, input, factor..., align_corners, on(level));
    EXPECT_TRUE(compare(got, expected,
                        [&](T g, T e, tf::index_t i) {
                          const auto value = static_cast<double>(g), wanted = static_cast<double>(e);
                          if (!std::isfinite(wanted) || !std::isfinite(value))
                            return same_value(value, wanted, zeros::equal);
                          return std::abs(value - wanted) <= bound.data()[i];
                        }))
        << name << " " << align_corners << " " << tf::name_of(level);
    auto dx = filled<T>(input, 7);
    tf::upsample_bilinear2d_backward_into(dx.view(), dy, factor..., align_corners, on(level));
    EXPECT_TRUE(same_bits(dx, got)) << name;
  }
}

TYPED_TEST(UpsampleBilinear2dBackward, IsAsCloseToReferenceAsRoundingAllows) {
  for_each_case([](const tf::shape& input, const tf::shape& output, const char* name, const auto&... factor) {
    for (const bool align_corners : {false, true})
      expect_near_reference(random_tensor<TypeParam>(output), input, name, align_corners, factor...);
  });
}

/// Where weights are exact, and with them whether they are 0. Without the lowest number, whose sums overflow in one
/// order but not in another.
TYPED_TEST(UpsampleBilinear2dBackward, InfinitiesAndNanAreWhereTheReferencesAre) {
  for (const auto& [in, out] : {std::pair<tf::hw, tf::hw>{{5, 33}, {5, 33}},
                                {{7, 37}, {14, 74}},
                                {{3, 3}, {6, 6}},
                                {{5, 9}, {40, 72}},
                                {{12, 38}, {6, 19}},
                                {{5, 33}, {10, 33}},
                                {{1, 90}, {1, 720}}}) {
    const auto dy =
        map<TypeParam>(with_special_values(random_tensor<TypeParam>({2, 3, out.h, out.w})),
                       [](TypeParam v) { return v == std::numeric_limits<TypeParam>::lowest() ? TypeParam{1} : v; });
    expect_near_reference(dy, {2, 3, in.h, in.w}, tf::to_string(dy.shape()), false);
  }
}

TYPED_TEST(UpsampleBilinear2dBackward, IsAsCloseToReferenceForAllWidthsAndHeights) {
  for (tf::index_t in = 1; in <= 20; ++in)
    for (const tf::index_t out : {in, 2 * in, 3 * in + 1, (in + 1) / 2, tf::index_t{40}}) {
      for (const bool align_corners : {false, true}) {
        const std::string name = std::to_string(in) + " to " + std::to_string(out);
        expect_near_reference(random_tensor<TypeParam>({1, 2, 6, out}), {1, 2, 3, in}, name, align_corners);
        expect_near_reference(random_tensor<TypeParam>({1, 2, out, 6}), {1, 2, in, 3}, name, align_corners);
      }
    }
}

/// Where sizes double the weights are quarters, so that sums of small integers are exact.
TYPED_TEST(UpsampleBilinear2dBackward, IsTheAdjointOfTheUpsampling) {
  for (const tf::shape& input : {tf::shape{2, 3, 7, 37}, tf::shape{1, 2, 3, 3}, tf::shape{1, 1, 9, 200}}) {
    const auto x = small_integers<TypeParam>(input, 1, 2);
    const auto y = tf::upsample_bilinear2d(x, tf::hw{2 * input[2], 2 * input[3]});
    const auto dy = small_integers<TypeParam>(y.shape(), 2, 2);
    for (const tf::isa level : available_isas()) {
      const auto dx = tf::upsample_bilinear2d_backward(dy, input, false, on(level));
      double left = 0, right = 0;
      for (tf::index_t i = 0; i < y.size(); ++i)
        left += static_cast<double>(dy.data()[i]) * static_cast<double>(y.data()[i]);
      for (tf::index_t i = 0; i < x.size(); ++i)
        right += static_cast<double>(dx.data()[i]) * static_cast<double>(x.data()[i]);
      EXPECT_EQ(left, right) << input << " " << tf::name_of(level);
    }
  }
}

/// The function is linear: only rounding separates the quotient from the gradient. With x of at most 1 and steps of
/// 1/2, a loss is a sum of at most 17 * 31 products with |dy| <= 4, of 4 terms each, of magnitude 6 at most.
TEST(UpsampleBilinear2dBackwardValues, AreCentralDifferences) {
  const tf::shape input{1, 1, 6, 7};
  const auto x = random_tensor<double>(input);
  for (const bool align_corners : {false, true}) {
    const auto dy = small_integers<double>({1, 1, 11, 17});
    const auto dx = tf::upsample_bilinear2d_backward(dy, input, align_corners);
    const auto loss = [&](tf::index_t i, double step) {
      auto moved = x;
      moved.data()[i] += step;
      const auto y = tf::upsample_bilinear2d(moved, tf::hw{11, 17}, align_corners);
      double sum = 0;
      for (tf::index_t k = 0; k < y.size(); ++k) sum += dy.data()[k] * y.data()[k];
      return sum;
    };
    const double tolerance = 2 * rounding_bound<double>(11 * 17 + 20, 11 * 17 * 4 * 1.5);
    for (tf::index_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(dx.data()[i], loss(i, 0.5) - loss(i, -0.5), tolerance) << align_corners << " " << i;
  }
}

TEST(UpsampleBilinear2dBackwardValues, OfInfinitiesAreNanWhereAWeightIsZero) {
  const float inf = std::numeric_limits<float>::infinity();
  const tf::tensor<float> dy({1, 1, 2, 2}, {inf, 1, 2, -0.0F});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(
      same_bits(tf::upsample_bilinear2d_backward(dy, {1, 1, 2, 2}), tf::tensor<float>({1, 1, 2, 2}, {nan, 1, 2, 0})));
}

template <class T>
void expect_threads_do_not_matter(const tf::shape& input, const tf::shape& output) {
  const auto dy = random_tensor<T>(output);
  const auto nearest = tf::upsample_nearest2d_backward(dy, input);
  for (const int threads : {2, 3, 8})
    EXPECT_TRUE(same_bits(tf::upsample_nearest2d_backward(dy, input, on_threads(threads)), nearest)) << threads;
  if constexpr (std::floating_point<T>)
    for (const tf::isa level : available_isas()) {
      const auto bilinear = tf::upsample_bilinear2d_backward(dy, input, false, on(level));
      for (const int threads : {2, 3, 8}) {
        tf::context ctx = on_threads(threads);
        ctx.isa = level;
        EXPECT_TRUE(same_bits(tf::upsample_bilinear2d_backward(dy, input, false, ctx), bilinear)) << threads;
      }
    }
}

TYPED_TEST(UpsampleNearest2dBackward, ThreadsDoNotMatter) {  // nor where they part planes
  expect_threads_do_not_matter<TypeParam>({2, 3, 61, 70}, {2, 3, 130, 301});
  expect_threads_do_not_matter<TypeParam>({1, 1, 131, 170}, {1, 1, 262, 340});
  expect_threads_do_not_matter<TypeParam>({1, 2, 200, 301}, {1, 2, 90, 110});
}

TEST(UpsampleBackwardErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& dy, const tf::shape& input, const auto&... factor) {
    const auto text = error_of([&] { tf::upsample_nearest2d_backward(tf::tensor<float>(dy), input, factor...); });
    EXPECT_EQ(error_of([&] { tf::upsample_bilinear2d_backward(tf::tensor<float>(dy), input, factor...); }), text);
    return text;
  };
  EXPECT_EQ(error({1, 1, 4, 4}, {1, 2, 2}), "It is expected input_size equals to 4, but got size 3");
  EXPECT_EQ(error({1, 1, 4, 4}, {1, 1, 0, 2}),
            "Input and output sizes should be greater than 0, but got input (H: 0, W: 2) output (H: 4, W: 4)");
  EXPECT_EQ(error({1, 1, 0, 4}, {1, 1, 2, -2}),
            "Input and output sizes should be greater than 0, but got input (H: 2, W: -2) output (H: 0, W: 4)");
  EXPECT_EQ(error({1, 4, 4}, {1, 1, 2, 2}), "Expected grad_output to be a tensor of dimension 4 but got: dimension 3");
  EXPECT_EQ(error({}, {1, 1, 2, 2}), "Expected grad_output to be a tensor of dimension 4 but got: dimension 0");
  EXPECT_EQ(
      error({1, 1, 4, 4}, {1, 2, 2, 2}),
      "Expected grad_output to have the same shape as output; output.size(1) = 2 but got grad_output.size(1) = 1");
  EXPECT_EQ(error({1, 1, 4, 4}, {-1, 1, 2, 2}),
            "Expected grad_output to have the same shape as output; output.size(0) = -1 but got grad_output.size(0) = "
            "1");
  EXPECT_EQ(
      error({1, 1, 4, 4}, {1, 1, 2, 2}, tf::scale(2.5)),
      "Expected grad_output to have the same shape as output; output.size(2) = 5 but got grad_output.size(2) = 4");
  EXPECT_EQ(error({1, 1, 4, 4}, {1, 1, 2, 2}, tf::scale(std::numeric_limits<double>::quiet_NaN())),
            "value cannot be converted to type int64_t without overflow");
  auto dx = filled<float>({1, 2, 2, 2}, 7);
  EXPECT_NE(error_of([&] { tf::upsample_nearest2d_backward_into(dx, tf::tensor<float>({1, 1, 4, 4})); }), "");
  EXPECT_NE(error_of([&] { tf::upsample_bilinear2d_backward_into(dx, tf::tensor<float>({1, 1, 4, 4}), true); }), "");
  EXPECT_TRUE(equal(dx, filled<float>(dx.shape(), 7)));
}

TEST(UpsampleBackwardWorkspace, IsNone) {
  const tf::tensor<float> dy({1, 1, 4, 4});
  EXPECT_EQ(tf::upsample_nearest2d_backward_workspace_bytes(dy, {1, 1, 2, 2}), 0);
  EXPECT_EQ(tf::upsample_nearest2d_backward_workspace_bytes(dy, {1, 1, 2, 2}, tf::scale(2)), 0);
  EXPECT_EQ(tf::upsample_bilinear2d_backward_workspace_bytes(dy, {1, 1, 2, 2}, true), 0);
  EXPECT_EQ(tf::upsample_bilinear2d_backward_workspace_bytes(dy, {1, 1, 2, 2}, tf::scale(2), true), 0);
}

}  // namespace
