#include <tenfold/max_pool2d.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

static_assert(tf::max_pool2d_output_shape({2, 3, 7, 9}, {.kernel_size = 2}) == tf::shape{2, 3, 3, 4});
static_assert(tf::max_pool2d_output_shape({3, 7, 9}, {.kernel_size = 2, .ceil_mode = true}) == tf::shape{3, 4, 5});
static_assert(tf::max_pool2d_output_shape({2, 3, 7, 9}, {.kernel_size = 2, .padding = tf::pads{0, 1, 1, 0}}) ==
              tf::shape{2, 3, 4, 5});
// Of rows, the third window begins at the last one; of columns, behind the last one, where ceil_mode makes none.
static_assert(tf::max_pool2d_output_shape({1, 6, 6}, {.kernel_size = 2,
                                                      .stride = 3,
                                                      .padding = tf::pads{.top = 1, .right = 1},
                                                      .ceil_mode = true}) == tf::shape{1, 3, 2});

struct pool_case {
  const char* name;
  tf::shape input;
  tf::pool2d_options options;
};

const pool_case cases[] = {
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"halves", {2, 3, 8, 8}, {.kernel_size = 2}},
    {"drops_last_row_and_column", {1, 2, 7, 9}, {.kernel_size = 2}},
    {"unbatched", {3, 6, 10}, {.kernel_size = 2}},
    {"empty_batch", {0, 3, 6, 6}, {.kernel_size = 2}},
    {"rows_of_3_outputs", {1, 2, 8, 6}, {.kernel_size = 2}},
    {"rows_of_4_outputs", {1, 2, 8, 8}, {.kernel_size = 2}},
    {"rows_of_5_outputs", {1, 2, 8, 10}, {.kernel_size = 2}},
    {"rows_of_a_vector_and_one", {1, 2, 4, 34}, {.kernel_size = 2}},
    {"rows_of_many_vectors", {1, 1, 5, 203}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"overlapping", {1, 2, 11, 41}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"stride_3", {1, 2, 13, 70}, {.kernel_size = {2, 4}, .stride = 3, .padding = {1, 2}}},
    {"stride_above_kernel", {1, 2, 13, 70}, {.kernel_size = 2, .stride = {3, 5}}},
    {"kernel_is_the_image", {2, 2, 5, 6}, {.kernel_size = {5, 6}}},
    {"ceil_mode_adds_a_window", {1, 2, 7, 36}, {.kernel_size = 2, .ceil_mode = true}},
    {"ceil_mode_drops_window_behind_padding",
     {1, 1, 5, 5},
     {.kernel_size = 2, .stride = 3, .padding = 1, .ceil_mode = true}},
    {"ceil_mode_window_above_image", {1, 1, 4, 4}, {.kernel_size = 5, .stride = 2, .ceil_mode = true}},
    {"dilated_window_begins_before_image", {1, 2, 9, 40}, {.kernel_size = 3, .stride = 1, .padding = 1, .dilation = 2}},
    {"dilated_window_without_tap", {1, 1, 2, 2}, {.kernel_size = 2, .stride = 1, .padding = 1, .dilation = 3}},
    {"pads_all_different", {2, 3, 9, 40}, {.kernel_size = {4, 7}, .stride = {2, 1}, .padding = tf::pads{2, 3, 1, 0}}},
    {"pads_at_the_top_only", {1, 2, 9, 40}, {.kernel_size = 3, .stride = 2, .padding = tf::pads{.top = 1}}},
    {"pads_at_the_left_only", {1, 2, 9, 40}, {.kernel_size = 2, .padding = tf::pads{.left = 1}}},
    {"pads_at_the_bottom_only", {1, 2, 9, 40}, {.kernel_size = 2, .padding = tf::pads{.bottom = 1}}},
    {"pads_at_the_right_only", {1, 2, 9, 40}, {.kernel_size = 2, .stride = 1, .padding = tf::pads{.right = 1}}},
    {"pads_and_ceil_mode", {1, 2, 8, 37}, {.kernel_size = 3, .padding = tf::pads{0, 1, 1, 0}, .ceil_mode = true}},
    {"pads_around_dilated_windows",
     {1, 2, 9, 40},
     {.kernel_size = 3, .stride = 1, .padding = tf::pads{0, 1, 1, 0}, .dilation = {2, 3}}},
    {"pads_behind_windows_without_tap",
     {1, 1, 2, 60},
     {.kernel_size = 2, .stride = 1, .padding = tf::pads{1, 0, 1, 1}, .dilation = {3, 2}}},
    {"dilated_rows_without_tap", {1, 1, 2, 60}, {.kernel_size = 2, .stride = 1, .padding = {1, 0}, .dilation = {3, 2}}},
};

template <class T>
void expect_equals_reference(const tf::tensor<T>& x, const tf::pool2d_options& options, const char* name) {
  const auto expected = tf::reference::max_pool2d_with_indices(x, options);
  for (const tf::isa level : available_isas()) {
    const auto got = tf::max_pool2d_with_indices(x, options, on(level));
    EXPECT_TRUE(same_bits(got.values, expected.values)) << name << " " << tf::name_of(level);
    EXPECT_TRUE(equal(got.indices, expected.indices)) << name << " " << tf::name_of(level);
    EXPECT_TRUE(same_bits(tf::max_pool2d(x, options, on(level)), expected.values)) << name << " " << tf::name_of(level);
  }
}

template <class T>
struct MaxPool2d : testing::Test {};
TYPED_TEST_SUITE(MaxPool2d, element_types);

TYPED_TEST(MaxPool2d, EqualsReference) {
  for (const pool_case& c : cases) expect_equals_reference(random_tensor<TypeParam>(c.input), c.options, c.name);
}

TYPED_TEST(MaxPool2d, EqualsReferenceAmongTiesAndSpecialValues) {
  for (const pool_case& c : cases)
    expect_equals_reference(with_special_values(small_integers<TypeParam>(c.input, 2, 1)), c.options, c.name);
}

const pool_case windows[] = {
    // of which each has rows that are shared or not, inside the image or across its edge
    {"k2_s2", {}, {.kernel_size = 2}},
    {"k2_s2_ceil_mode", {}, {.kernel_size = 2, .ceil_mode = true}},
    {"k2_s1", {}, {.kernel_size = 2, .stride = 1}},
    {"k3_s1_p1", {}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"k3_s2_p1", {}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"k3_s3", {}, {.kernel_size = 3, .padding = {1, 0}, .ceil_mode = true}},
    {"k5_s1_p2", {}, {.kernel_size = 5, .stride = 1, .padding = 2}},
    {"k4_k3_s1_dilated", {}, {.kernel_size = {4, 3}, .stride = 1, .padding = {2, 1}, .dilation = {1, 2}}},
    {"k3_k1_s1_dilated_rows", {}, {.kernel_size = {3, 1}, .stride = 1, .padding = {1, 0}, .dilation = {2, 1}}},
    {"k2_s1_pads_behind", {}, {.kernel_size = 2, .stride = 1, .padding = tf::pads{0, 0, 1, 1}}},
    {"k3_s2_pads_behind", {}, {.kernel_size = 3, .stride = 2, .padding = tf::pads{0, 0, 1, 1}}},
    {"k3_s2_pads_before", {}, {.kernel_size = 3, .stride = 2, .padding = tf::pads{1, 1, 0, 0}}},
};

TYPED_TEST(MaxPool2d, EqualsReferenceForAllWidths) {  // around the lanes of every vector
  for (const pool_case& c : windows)
    for (tf::index_t width = 3; width <= 40; ++width)
      expect_equals_reference(with_special_values(small_integers<TypeParam>({2, 1, 5, width}, 2, 2)), c.options,
                              c.name);
}

/// Zeros of both signs, and infinities of one: what has no NaN, and no sum that is one, is computed another way.
template <class T>
tf::tensor<T> with_ordered_special_values(tf::tensor<T> x, unsigned seed, bool positive) {
  if constexpr (std::floating_point<T>) {
    const T infinity = std::numeric_limits<T>::infinity();
    const T specials[] = {-T{0}, T{0}, positive ? infinity : -infinity};
    std::mt19937 random(seed);
    for (tf::index_t i = 0; i < x.size(); ++i)
      if (random() % 5 == 0) x.data()[i] = specials[random() % std::size(specials)];
  }
  return x;
}

TYPED_TEST(MaxPool2d, EqualsReferenceWithoutNanForAllWidths) {
  for (const pool_case& c : windows)
    for (tf::index_t width = 3; width <= 40; ++width)
      for (const bool positive : {false, true}) {
        const auto ties = small_integers<TypeParam>({3, 1, 7, width}, static_cast<unsigned>(width), 2);
        expect_equals_reference(with_ordered_special_values(ties, 3, positive), c.options, c.name);
      }
}

TYPED_TEST(MaxPool2d, EqualsReferenceWithoutNanOnRandomShapes) {
  std::mt19937 random(5);
  const auto draw = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
  for (int i = 0; i < 100; ++i) {
    const tf::hw kernel(draw(1, 4), draw(1, 4));
    const tf::pool2d_options options{
        .kernel_size = kernel,
        .stride = {draw(1, 4), draw(1, 3)},
        .padding = {draw(0, static_cast<int>(kernel.h / 2)), draw(0, static_cast<int>(kernel.w / 2))},
        .dilation = {draw(1, 2), draw(1, 2)},
        .ceil_mode = draw(0, 1) == 1};
    const tf::shape shape{draw(1, 2), draw(1, 3), draw(8, 20), draw(8, 80)};
    const auto ties = small_integers<TypeParam>(shape, static_cast<unsigned>(i), 2);
    expect_equals_reference(with_ordered_special_values(ties, 3, i % 2 == 0), options, "random");
  }
}

TYPED_TEST(MaxPool2d, NanInOnePlaneOfMany) {
  for (const pool_case& c : windows) {
    auto x = small_integers<TypeParam>({1, 9, 8, 21}, 4, 2);
    if constexpr (std::floating_point<TypeParam>) x(0, 4, 3, 20) = std::numeric_limits<TypeParam>::quiet_NaN();
    expect_equals_reference(x, c.options, c.name);
  }
}

TYPED_TEST(MaxPool2d, EqualsReferenceOnLargePlanes) {  // whose lines are fetched ahead
  for (const pool_case& c : windows)
    expect_equals_reference(small_integers<TypeParam>({1, 2, 200, 210}, 6, 3), c.options, c.name);
}

TYPED_TEST(MaxPool2d, EqualsReferenceOnStripsOfColumns) {  // a strip is 256 columns wide at most
  for (const pool_case& c : windows)
    for (const tf::index_t width : {255, 257, 520, 801})
      expect_equals_reference(with_special_values(small_integers<TypeParam>({1, 2, 6, width}, 2, 2)), c.options,
                              c.name);
}

TYPED_TEST(MaxPool2d, EqualsReferenceForLargeWindows) {
  const pool_case large[] = {
      {"spatial_pyramid", {2, 2, 13, 13}, {.kernel_size = 13, .stride = 1, .padding = 6}},
      {"as_high_as_a_strip_holds", {1, 1, 70, 9}, {.kernel_size = {64, 3}, .stride = 1}},
      {"higher", {1, 1, 70, 9}, {.kernel_size = {65, 3}, .stride = 1}},
      {"high_by_dilation", {1, 1, 70, 9}, {.kernel_size = {5, 3}, .stride = 1, .dilation = {16, 1}}},
      {"wider_than_a_strip_holds", {1, 1, 3, 1100}, {.kernel_size = {1, 1030}, .stride = 1}},
      {"stride_beyond_a_strip", {1, 1, 3, 5000}, {.kernel_size = 2, .stride = {1, 1500}}},
      {"whole_planes", {3, 5, 7, 7}, {.kernel_size = 7}},
  };
  for (const pool_case& c : large)
    expect_equals_reference(with_special_values(small_integers<TypeParam>(c.input, 2, 9)), c.options, c.name);
}

TEST(MaxPool2dNaN, InAnyOneLane) {
  for (const pool_case& c : windows)
    for (tf::index_t at = 0; at < 4 * 37; ++at) {
      auto x = random_tensor<float>({1, 4, 37});
      x.data()[at] = std::numeric_limits<float>::quiet_NaN();
      expect_equals_reference(x, c.options, c.name);
    }
}

TYPED_TEST(MaxPool2d, EqualsReferenceOnRandomShapes) {
  std::mt19937 random(3);
  const auto draw = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
  for (int i = 0; i < 60; ++i) {
    const tf::hw kernel(draw(1, 4), draw(1, 4));
    const tf::pool2d_options options{
        .kernel_size = kernel,
        .stride = {draw(1, 4), draw(1, 4)},
        .padding = {draw(0, static_cast<int>(kernel.h / 2)), draw(0, static_cast<int>(kernel.w / 2))},
        .dilation = {draw(1, 3), draw(1, 3)},
        .ceil_mode = draw(0, 1) == 1};
    const tf::shape shape{draw(1, 2), draw(1, 3), draw(10, 20), draw(10, 80)};
    expect_equals_reference(with_special_values(small_integers<TypeParam>(shape, static_cast<unsigned>(i), 2)), options,
                            "random");
  }
}

TYPED_TEST(MaxPool2d, ThreadsDoNotMatter) {
  const auto x = with_special_values(small_integers<TypeParam>({3, 17, 64, 70}));
  for (const tf::index_t stride : {1, 2}) {
    const tf::pool2d_options options{.kernel_size = 3, .stride = stride, .padding = 1};
    const auto expected = tf::max_pool2d_with_indices(x, options);
    for (const int threads : {2, 3, 8}) {
      const auto got = tf::max_pool2d_with_indices(x, options, on_threads(threads));
      EXPECT_TRUE(same_bits(got.values, expected.values)) << threads;
      EXPECT_TRUE(equal(got.indices, expected.indices)) << threads;
      EXPECT_TRUE(same_bits(tf::max_pool2d(x, options, on_threads(threads)), expected.values)) << threads;
    }
  }
}

TYPED_TEST(MaxPool2d, FirstOfEqualMaximaWins) {
  const tf::tensor<TypeParam> x({1, 2, 2}, {3, 3, 3, 3});
  EXPECT_EQ(tf::max_pool2d_with_indices(x, {.kernel_size = 2}).indices(0, 0, 0), 0);
}

TYPED_TEST(MaxPool2d, LowestValuesKeepTheFirstTap) {
  using limits = std::numeric_limits<TypeParam>;
  const TypeParam lowest = limits::has_infinity ? -limits::infinity() : limits::lowest();
  const auto x = filled<TypeParam>({1, 3, 3}, lowest);
  const auto result = tf::max_pool2d_with_indices(x, {.kernel_size = 3, .stride = 1, .padding = 1});
  EXPECT_EQ(result.values(0, 2, 2), lowest);
  EXPECT_EQ(result.indices(0, 0, 0), 0);
  EXPECT_EQ(result.indices(0, 2, 2), 4);
}

TEST(MaxPool2dNaN, LastOneWins) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const tf::tensor<float> x({1, 2, 3}, {nan, inf, nan, 1, 2, 3});
  const auto result = tf::max_pool2d_with_indices(x, {.kernel_size = {2, 3}});
  EXPECT_TRUE(std::isnan(result.values(0, 0, 0)));
  EXPECT_EQ(result.indices(0, 0, 0), 2);
}

/// Among the images' own values, all of them above what is padded, so that their places can be told.
TYPED_TEST(MaxPool2d, PadsEqualLowestValuesAround) {
  using limits = std::numeric_limits<TypeParam>;
  const TypeParam lowest = limits::has_infinity ? -limits::infinity() : limits::lowest();
  for (const tf::pads& sides : {tf::pads{1, 0, 2, 3}, tf::pads{.top = 2}, tf::pads{.left = 3}, tf::pads{.bottom = 2},
                                tf::pads{.right = 3}, tf::pads{0, 3, 1, 1}})
    for (const tf::hw& stride : {tf::hw{1, 1}, tf::hw{2, 3}}) {
      const auto x = small_integers<TypeParam>({2, 3, 9, 40}, 2, 2);
      const auto around =
          tf::max_pool2d_with_indices(padded(x, sides, lowest), {.kernel_size = {4, 6}, .stride = stride});
      const tf::index_t wide = 40 + sides.left + sides.right;
      const auto places = map<tf::index_t>(
          around.indices, [&](tf::index_t at) { return (at / wide - sides.top) * 40 + at % wide - sides.left; });
      const auto got = tf::max_pool2d_with_indices(x, {.kernel_size = {4, 6}, .stride = stride, .padding = sides});
      EXPECT_TRUE(equal(got.values, around.values));
      EXPECT_TRUE(equal(got.indices, places));
    }
}

TEST(MaxPool2dErrors, OfPads) {
  const tf::tensor<float> x({1, 2, 5, 6});
  const auto error = [&](const tf::pool2d_options& options) {
    return error_of([&] { tf::max_pool2d_with_indices(x, options); });
  };
  EXPECT_EQ(error({.kernel_size = 2, .padding = tf::pads{.right = tf::index_t{1} << 31}}),
            "value cannot be converted to type int without overflow");
  EXPECT_EQ(error({.kernel_size = 2, .padding = tf::pads{0, 1, 0, -2}}), "pad must be non-negative, but got pad: -2");
  EXPECT_EQ(error({.kernel_size = 2, .padding = tf::pads{.bottom = 2}}),
            "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1");
  EXPECT_EQ(error({.kernel_size = {2, 3}, .padding = tf::pads{1, 0, 2, 1}, .dilation = 4}),
            "pad should be smaller than or equal to half of kernel size, but got padTop = 1, padLeft = 0, padBottom = "
            "2, padRight = 1, kW = 3, kH = 2");
}

TEST(MaxPool2dZeros, MinusZeroTiesWithZero) {
  const tf::tensor<float> x({1, 1, 2}, {-0.0F, 0.0F});
  const auto result = tf::max_pool2d_with_indices(x, {.kernel_size = {1, 2}});
  EXPECT_TRUE(std::signbit(result.values(0, 0, 0)));
  EXPECT_EQ(result.indices(0, 0, 0), 0);
}

TEST(MaxPool2dWindow, WithoutTapIsLowestAndOutsideThePlane) {
  const tf::tensor<float> x({1, 1, 2, 2}, {1, 2, 3, 4});
  const auto result = tf::max_pool2d_with_indices(x, {.kernel_size = 2, .stride = 1, .padding = 1, .dilation = 3});
  EXPECT_EQ(result.values(0, 0, 0, 0), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(result.indices(0, 0, 0, 0), 6);  // the first tap is at (2, 2): 2 * 2 + 2
}

TEST(MaxPool2dErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({1, 2, 5, 6});
  const auto error = [&](const tf::pool2d_options& options) {
    return error_of([&] { tf::max_pool2d_with_indices(x, options); });
  };
  EXPECT_EQ(error({.kernel_size = tf::index_t{1} << 31}), "value cannot be converted to type int without overflow");
  EXPECT_EQ(error({.kernel_size = 2, .padding = {0, -(tf::index_t{1} << 40)}}),
            "value cannot be converted to type int without overflow");
  EXPECT_EQ(error({.kernel_size = 0}), "stride should not be zero");
  EXPECT_EQ(error({.kernel_size = 2, .stride = {1, 0}}), "stride should not be zero");
  EXPECT_EQ(error({.kernel_size = 2, .padding = {-1, -2}}), "pad must be non-negative, but got pad: -1");
  EXPECT_EQ(error({.kernel_size = 2, .stride = {1, 0}, .padding = {-1, 0}}),
            "pad must be non-negative, but got pad: -1")
      << "the height's settings come first";
  EXPECT_EQ(error({.kernel_size = 2, .padding = 2}),
            "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1");
  EXPECT_EQ(error({.kernel_size = {-1, 2}, .stride = 1}),
            "kernel size should be greater than zero, but got kH: -1 kW: 2");
  EXPECT_EQ(error({.kernel_size = 2, .stride = {1, -1}}), "stride should be greater than zero, but got dH: 1 dW: -1");
  EXPECT_EQ(error({.kernel_size = 2, .dilation = {0, 1}}),
            "dilation should be greater than zero, but got dilationH: 0 dilationW: 1");
  EXPECT_EQ(error({.kernel_size = {2, 3}, .padding = 2, .dilation = 4}),
            "pad should be smaller than or equal to half of kernel size, but got padW = 2, padH = 2, kW = 3, kH = 2");
  EXPECT_EQ(error({.kernel_size = {6, 2}}),
            "Given input size: (2x5x6). Calculated output size: (2x0x3). Output size is too small");
  EXPECT_EQ(error_of([] {
              tf::max_pool2d(tf::tensor<float>({5, 6}), {.kernel_size = 2});
            }),
            "non-empty 3D or 4D (batch mode) tensor expected for input");
  EXPECT_EQ(error_of([] {
              tf::max_pool2d(tf::tensor<float>({0, 5, 6}), {.kernel_size = 2});
            }),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[0, 5, 6]");
  EXPECT_EQ(error_of([] {
              tf::max_pool2d(tf::tensor<float>({1, 2, 5, 0}), {.kernel_size = 2});
            }),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[1, 2, 5, 0]");
}

TYPED_TEST(MaxPool2d, IntoWritesWhatTheOperationReturns) {
  const auto x = random_tensor<TypeParam>({2, 3, 9, 40});
  const tf::pool2d_options options{.kernel_size = 3, .stride = 2};
  const auto expected = tf::max_pool2d_with_indices(x, options);
  tf::tensor<TypeParam> values(expected.values.shape());
  tf::tensor<tf::index_t> indices(expected.indices.shape());
  tf::max_pool2d_with_indices_into(values.view(), indices, x, options);
  EXPECT_TRUE(same_bits(values, expected.values));
  EXPECT_TRUE(equal(indices, expected.indices));
  values = filled<TypeParam>(values.shape(), 7);
  tf::max_pool2d_into(values, x.view(), options);
  EXPECT_TRUE(same_bits(values, expected.values));
}

TEST(MaxPool2dInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({1, 2, 6, 6});
  auto values = filled<float>({1, 2, 3, 3}, 7);
  auto indices = filled<tf::index_t>({1, 2, 3, 4}, 7);
  EXPECT_EQ(error_of([&] { tf::max_pool2d_with_indices_into(values, indices, x, {.kernel_size = 2}); }),
            "max_pool2d: expected indices of shape [1, 2, 3, 3], but got [1, 2, 3, 4]");
  EXPECT_EQ(error_of([&] { tf::max_pool2d_into(values, x, {.kernel_size = 3}); }),
            "max_pool2d: expected values of shape [1, 2, 2, 2], but got [1, 2, 3, 3]");
  EXPECT_NE(error_of([&] { tf::max_pool2d_into(values, x, {.kernel_size = 2, .padding = 2}); }), "");
  EXPECT_TRUE(equal(values, filled<float>(values.shape(), 7)));
  EXPECT_TRUE(equal(indices, filled<tf::index_t>(indices.shape(), 7)));
}

}  // namespace
