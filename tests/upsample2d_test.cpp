#include <tenfold/reference.hpp>
#include <tenfold/upsample2d.hpp>

#include "support.hpp"
#include "upsample2d_cases.hpp"

using namespace tenfold_test;

namespace {

static_assert(tf::upsample2d_output_shape({2, 3, 4, 5}, {8, 11}) == tf::shape{2, 3, 8, 11});
static_assert(tf::upsample2d_output_shape({2, 3, 4, 5}, tf::scale(1.5, 0.5)) == tf::shape{2, 3, 6, 2});

const size_case size_cases[] = {
    {"one_pixel_spreads", {1, 2, 1, 1}, {3, 40}},
    {"equal_sizes", {2, 3, 5, 33}, {5, 33}},
    {"equal_heights", {1, 2, 5, 33}, {5, 66}},
    {"equal_widths", {1, 2, 5, 33}, {11, 33}},
    {"doubles", {2, 3, 7, 37}, {14, 74}},
    {"doubles_rows_below_a_vector", {1, 2, 3, 3}, 6},
    {"halves", {1, 2, 12, 38}, {6, 19}},
    {"to_one_pixel", {1, 2, 6, 7}, 1},
    {"above_one_block_of_columns", {1, 2, 3, 90}, {7, 300}},
    {"above_one_wide_block_of_columns", {1, 2, 3, 90}, {7, 1300}},
    {"doubles_an_odd_number_of_rows", {3, 3, 5, 41}, {10, 82}},
    {"no_common_factor", {1, 2, 13, 29}, {17, 31}},
    {"shrinks_with_no_common_factor", {1, 2, 17, 31}, {13, 29}},
    {"empty_batch", {0, 2, 3, 4}, {6, 8}},
};

/// Calls check(input shape, size or scale, name) for every case.
template <class Check>
void for_each_case(const Check& check) {
  for (const size_case& c : size_cases) check(c.input, c.size, c.name);
  for (const scale_case& c : scale_cases) check(c.input, c.factor, c.name);
}

template <class T>
struct UpsampleNearest2d : testing::Test {};
TYPED_TEST_SUITE(UpsampleNearest2d, element_types);

TYPED_TEST(UpsampleNearest2d, EqualsReference) {
  for_each_case([](const tf::shape& shape, const auto& size, const char* name) {
    const auto x = with_special_values(random_tensor<TypeParam>(shape));
    const auto expected = tf::reference::upsample_nearest2d(x, size);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::upsample_nearest2d(x, size, on(level)), expected)) << name << " " << tf::name_of(level);
  });
}

TEST(UpsampleNearest2dSizes, EqualReferenceForAllSmallSizes) {
  const auto x = random_tensor<float>({1, 1, 24, 24});
  for (tf::index_t in = 1; in <= 24; ++in)
    for (tf::index_t out = 1; out <= 60; ++out) {
      const tf::tensor_view<const float> image(x.data(), {1, 1, in, 24});
      ASSERT_TRUE(same_bits(tf::upsample_nearest2d(image, {out, 60 - out + 1}),
                            tf::reference::upsample_nearest2d(image, {out, 60 - out + 1})))
          << in << " to " << out;
    }
}

TYPED_TEST(UpsampleNearest2d, EqualsReferenceForAllWidths) {  // sources within a vector, at the row's end, far apart
  for (tf::index_t in = 1; in <= 40; in += 3)
    for (const tf::index_t out : {in / 3 + 1, in + 1, in + in / 2, 3 * in, 3 * in + 1, 11 * in}) {
      const auto x = random_tensor<TypeParam>({1, 2, 2, in});
      const auto expected = tf::reference::upsample_nearest2d(x, tf::hw{3, out});
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::upsample_nearest2d(x, tf::hw{3, out}, on(level)), expected)) << in << " to " << out;
    }
}

TYPED_TEST(UpsampleNearest2d, ExactOneEqualsReference) {
  const auto check = [](const tf::shape& shape, const auto& size, const char* name) {
    const auto x = with_special_values(random_tensor<TypeParam>(shape));
    const auto expected = tf::reference::upsample_nearest_exact2d(x, size);
    const auto dy = small_integers<TypeParam>(expected.shape());
    std::optional<tf::scale> factor;
    if constexpr (std::same_as<std::decay_t<decltype(size)>, tf::scale>) factor = size;
    const auto dx = tf::reference::upsample_nearest_exact2d_backward(dy, shape, factor);
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(same_bits(tf::upsample_nearest_exact2d(x, size, on(level)), expected)) << name;
      EXPECT_TRUE(equal(factor ? tf::upsample_nearest_exact2d_backward(dy, shape, *factor, on(level))
                               : tf::upsample_nearest_exact2d_backward(dy, shape, on(level)),
                        dx))
          << name;
    }
  };
  for_each_case(check);
  check({1, 2, 12, 14}, tf::scale(1.05), "the same sizes with another step");
  check({1, 2, 5, 6}, tf::scale(2.15), "doubled sizes with another step");
  for (tf::index_t in = 1; in <= 40; in += 3)
    for (const tf::index_t out : {in / 3 + 1, in + 1, 3 * in, 11 * in}) check({1, 2, 2, in}, tf::hw{3, out}, "widths");
}

TYPED_TEST(UpsampleNearest2d, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({2, 9, 60, 61});
  for (const tf::hw& size : {tf::hw{130, 122}, tf::hw{120, 122}}) {
    const auto expected = tf::upsample_nearest2d(x, size);
    for (const int threads : {2, 3, 7, 8})
      EXPECT_TRUE(same_bits(tf::upsample_nearest2d(x, size, on_threads(threads)), expected)) << threads;
  }
}

/// How far two float computations of the same interpolation of numbers up to 1 may be apart.
///   values: 1 - a, a product and a sum in each dimension, 6 roundings, on both sides at most
///   places: a place in the image, below `in`, passes two roundings on both sides, so two of them differ by at most
///           4 u in; an image of numbers up to 1 changes by at most 2 per pixel, in two dimensions: 16 u in
template <class T>
double interpolation_bound(const tf::shape& input) {
  const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  const auto longest = static_cast<double>(std::max(input[2], input[3]));
  return 2 * rounding_factor<T>(6) + 16 * u * longest;
}

template <class T>
struct UpsampleBilinear2d : testing::Test {};
TYPED_TEST_SUITE(UpsampleBilinear2d, element_types);

template <class T>
struct UpsampleBilinear2dFloat : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(UpsampleBilinear2dFloat, floating_types);

TYPED_TEST(UpsampleBilinear2dFloat, IsAsCloseToReferenceAsRoundingAllows) {
  for_each_case([](const tf::shape& shape, const auto& size, const char* name) {
    const auto x = random_tensor<TypeParam>(shape);
    const double bound = interpolation_bound<TypeParam>(shape);
    for (const bool align_corners : {false, true}) {
      const auto expected = tf::reference::upsample_bilinear2d(x, size, align_corners);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(compare(tf::upsample_bilinear2d(x, size, align_corners, on(level)), expected,
                            [&](TypeParam g, TypeParam e, tf::index_t) {
                              return std::abs(static_cast<double>(g) - static_cast<double>(e)) <= bound;
                            }))
            << name << " " << align_corners << " " << tf::name_of(level);
    }
  });
}

TYPED_TEST(UpsampleBilinear2dFloat, IsAsCloseToReferenceForAllWidths) {
  for (tf::index_t in = 1; in <= 40; in += 3)
    for (const tf::index_t out : {in / 3 + 1, in + 1, 2 * in, 3 * in + 1, 11 * in}) {
      const auto x = random_tensor<TypeParam>({1, 2, 2, in});
      for (const bool align_corners : {false, true}) {
        const auto expected = tf::reference::upsample_bilinear2d(x, tf::hw{3, out}, align_corners);
        for (const tf::isa level : available_isas())
          EXPECT_TRUE(compare(tf::upsample_bilinear2d(x, tf::hw{3, out}, align_corners, on(level)), expected,
                              [&](TypeParam g, TypeParam e, tf::index_t) {
                                return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                                       interpolation_bound<TypeParam>(x.shape());
                              }))
              << in << " to " << out << " " << align_corners << " " << tf::name_of(level);
      }
    }
}

TEST(UpsampleBilinear2dNaN, ReachesItsOutputsOnly) {  // 2x: input i has a share in the outputs 2 i - 1 ... 2 i + 2
  for (tf::index_t at = 0; at < 37; ++at) {
    auto x = random_tensor<float>({1, 1, 1, 37});
    x.data()[at] = std::numeric_limits<float>::quiet_NaN();
    for (const tf::isa level : available_isas()) {
      const auto y = tf::upsample_bilinear2d(x, tf::hw{1, 74}, false, on(level));
      for (tf::index_t o = 1; o < 73; ++o)
        EXPECT_EQ(std::isnan(y.data()[o]), o >= 2 * at - 1 && o <= 2 * at + 2) << at << " " << o;
    }
  }
}

TEST(UpsampleBilinear2dNaN, StaysInItsColumnWhereWidthsAreEqual) {
  for (const tf::index_t width : {1, 3, 8, 37}) {
    auto x = random_tensor<float>({1, 1, 3, width});
    x(0, 0, 1, width / 2) = std::numeric_limits<float>::infinity();
    const auto expected = tf::reference::upsample_bilinear2d(x, tf::hw{6, width});
    for (const tf::isa level : available_isas()) {
      const auto y = tf::upsample_bilinear2d(x, tf::hw{6, width}, false, on(level));
      for (tf::index_t i = 0; i < y.size(); ++i)
        EXPECT_EQ(std::isnan(y.data()[i]), std::isnan(expected.data()[i])) << width << " " << i;
    }
  }
}

TYPED_TEST(UpsampleBilinear2d, EqualsReferenceWhereWeightsAreExact) {
  const struct {
    tf::hw in, out;
    bool align_corners;
  } exact[] = {{{7, 37}, {14, 74}, false}, {{3, 5}, {12, 40}, false}, {{12, 38}, {6, 19}, false},
               {{5, 33}, {5, 33}, false},  {{5, 33}, {9, 65}, true},  {{9, 65}, {5, 33}, true},
               {{1, 1}, {4, 32}, false},   {{6, 7}, {1, 13}, true}};
  for (const auto& c : exact) {
    const auto x = small_integers<TypeParam>({2, 2, c.in.h, c.in.w}, 1, 50);
    const auto expected = tf::reference::upsample_bilinear2d(x, c.out, c.align_corners);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(equal(tf::upsample_bilinear2d(x, c.out, c.align_corners, on(level)), expected))
          << expected.shape() << " " << tf::name_of(level);
  }
}

TYPED_TEST(UpsampleBilinear2d, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({2, 5, 30, 61});
  const auto expected = tf::upsample_bilinear2d(x, {65, 139});
  for (const int threads : {2, 3, 8})
    EXPECT_TRUE(same_bits(tf::upsample_bilinear2d(x, {65, 139}, false, on_threads(threads)), expected)) << threads;
}

TEST(UpsampleBilinear2dPlane, StaysAPlane) {
  tf::tensor<float> x({1, 1, 4, 6});
  for (tf::index_t h = 0; h < 4; ++h)
    for (tf::index_t w = 0; w < 6; ++w) x(0, 0, h, w) = static_cast<float>(2 * h + 3 * w);
  const auto y = tf::upsample_bilinear2d(x, {7, 11}, true);
  for (tf::index_t h = 0; h < 7; ++h)
    for (tf::index_t w = 0; w < 11; ++w)
      EXPECT_EQ(y(0, 0, h, w), static_cast<float>(h) + 1.5F * static_cast<float>(w)) << h << " " << w;
}

TEST(UpsampleBilinear2dIntegers, RoundToTheNearestAndHalvesAwayFromZero) {
  const tf::tensor<std::int8_t> x({1, 1, 1, 2}, {-1, 2});
  const auto y = tf::upsample_bilinear2d(x, {1, 4});  // -1, -0.25, 1.25, 2
  EXPECT_TRUE(equal(y, tf::tensor<std::int8_t>({1, 1, 1, 4}, {-1, 0, 1, 2})));
  EXPECT_EQ(tf::upsample_bilinear2d(x, {1, 3}, true)(0, 0, 0, 1), 1);                                        // 0.5
  EXPECT_EQ(tf::upsample_bilinear2d(tf::tensor<int>({1, 1, 1, 2}, {-2, 1}), {1, 3}, true)(0, 0, 0, 1), -1);  // -0.5
}

TEST(UpsampleBilinear2dIntegers, TheLargestStayInRange) {
  const auto x = filled<std::int64_t>({1, 1, 2, 2}, INT64_MAX);
  EXPECT_TRUE(equal(tf::upsample_bilinear2d(x, 3), filled<std::int64_t>({1, 1, 3, 3}, INT64_MAX)));
  EXPECT_TRUE(equal(tf::upsample_bilinear2d(x, 2), x));
  const auto lowest = filled<std::int64_t>({1, 1, 2, 2}, INT64_MIN);
  EXPECT_TRUE(equal(tf::upsample_bilinear2d(lowest, 3), filled<std::int64_t>({1, 1, 3, 3}, INT64_MIN)));
}

TEST(UpsampleBilinear2dWeights, OfZeroCount) {
  const float inf = std::numeric_limits<float>::infinity();
  const tf::tensor<float> x({1, 1, 1, 2}, {1, inf});
  for (const tf::hw& size : {tf::hw(1, 2), tf::hw(2, 2)}) {
    const auto y = tf::upsample_bilinear2d(x, size);
    EXPECT_EQ(y(0, 0, 0, 0), 1);
    EXPECT_TRUE(std::isnan(y(0, 0, 0, 1)));  // 1 * infinity + 0 * infinity
  }
}

TEST(UpsampleErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({1, 2, 3, 4});
  const auto both = [](const auto& input, const auto& size) {
    const std::string text = error_of([&] { tf::upsample_nearest2d(input, size); });
    EXPECT_EQ(text, error_of([&] { tf::upsample_bilinear2d(input, size); }));
    return text;
  };
  EXPECT_EQ(
      both(tf::tensor<float>({2, 3, 4}), tf::hw(6, 8)),
      "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of [4] "
      "and output size of [6, 8]. Please provide input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, "
      "o2, ...,oK) format.");
  EXPECT_EQ(
      both(tf::tensor<float>({3}), tf::scale(2.5, 1e16)),
      "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions "
      "of [] and scale_factor of shape [2.5, 1e+16]. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
      "scale_factor in (s1, s2, ...,sK) format.");
  EXPECT_EQ(both(x, tf::hw(0, 4)),
            "Input and output sizes should be greater than 0, but got input (H: 3, W: 4) output (H: 0, W: 4)");
  EXPECT_EQ(both(x, tf::scale(2, -2)),
            "Input and output sizes should be greater than 0, but got input (H: 3, W: 4) output (H: 6, W: -8)");
  EXPECT_EQ(both(tf::tensor<float>({1, 0, 3, 4}), tf::hw(6, 8)),
            "Non-empty 4D data tensor expected but got a tensor with sizes [1, 0, 3, 4]");
  for (const double factor : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e19})
    EXPECT_EQ(both(x, tf::scale(2, factor)), "value cannot be converted to type int64_t without overflow");
}

TEST(UpsampleErrors, AScalePrintsAsPythonPrintsIt) {
  EXPECT_EQ(tf::detail::float_text(2), "2.0");
  EXPECT_EQ(tf::detail::float_text(0.1), "0.1");
  EXPECT_EQ(tf::detail::float_text(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(tf::detail::float_text(1e15), "1000000000000000.0");
  EXPECT_EQ(tf::detail::float_text(1e22), "1e+22");
  EXPECT_EQ(tf::detail::float_text(0.0001), "0.0001");
  EXPECT_EQ(tf::detail::float_text(0.00001), "1e-05");
  EXPECT_EQ(tf::detail::float_text(-0.0), "-0.0");
  EXPECT_EQ(tf::detail::float_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(tf::detail::float_text(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(UpsampleInto, WritesWhatTheOperationReturns) {
  const auto x = random_tensor<float>({2, 3, 5, 6});
  auto y = filled<float>({2, 3, 9, 11}, 7);
  tf::upsample_nearest2d_into(y.view(), x, {9, 11});
  EXPECT_TRUE(same_bits(y, tf::upsample_nearest2d(x, {9, 11})));
  tf::upsample_bilinear2d_into(y, x.view(), tf::hw(9, 11), true);
  EXPECT_TRUE(same_bits(y, tf::upsample_bilinear2d(x, {9, 11}, true)));
}

TEST(UpsampleInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({1, 2, 3, 4});
  auto y = filled<float>({1, 2, 6, 8}, 7);
  EXPECT_EQ(error_of([&] {
              tf::upsample_nearest2d_into(y, x, {6, 9});
            }),
            "upsample_nearest2d: expected output of shape [1, 2, 6, 9], but got [1, 2, 6, 8]");
  EXPECT_EQ(error_of([&] { tf::upsample_bilinear2d_into(y, x, tf::scale(2.5)); }),
            "upsample_bilinear2d: expected output of shape [1, 2, 7, 10], but got [1, 2, 6, 8]");
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 7)));
}

}  // namespace
