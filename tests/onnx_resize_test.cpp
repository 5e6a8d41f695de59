#include <tenfold/onnx_resize.hpp>

#include "golden.hpp"
#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;
using tf::onnx_numbers;
using tf::onnx_resize_mode;
using tf::onnx_resize_options;
using tf::shape;

namespace {

static_assert(tf::onnx_resize_output_shape({1, 2, 5, 7}, onnx_numbers{1, 1, 1.5, 0.5}) == shape{1, 2, 7, 3});
static_assert(tf::onnx_resize_output_shape({1, 2, 5, 7}, shape{9, 4}, {.axes = {2, -1}}) == shape{1, 2, 9, 4});
// The least ratio is 6 / 5, and 7 * 6 / 5 is nearest to 8; the greatest is 3.
static_assert(tf::onnx_resize_output_shape({5, 7}, shape{6, 21},
                                           {.keep_aspect_ratio_policy = tf::onnx_aspect_ratio::not_larger}) ==
              shape{6, 8});
static_assert(tf::onnx_resize_output_shape({5, 7}, shape{6, 21},
                                           {.keep_aspect_ratio_policy = tf::onnx_aspect_ratio::not_smaller}) ==
              shape{15, 21});

// ---- ONNX's reference implementation

template <class Enum>
Enum named(const golden_case& c, const char* key, std::initializer_list<const char*> names) {
  const auto name = c.option<std::string>(key, *names.begin());
  int number = 0;
  for (const char* each : names) {
    if (name == each) return static_cast<Enum>(number);
    ++number;
  }
  ADD_FAILURE() << name;
  return Enum{};
}

std::vector<double> numbers(const golden_case& c, const char* key) {
  return c.option<std::vector<double>>(key, std::vector<double>());
}

onnx_resize_options options_of(const golden_case& c, const std::vector<index_t>& axes) {
  onnx_resize_options o;
  o.mode = named<onnx_resize_mode>(c, "mode", {"nearest", "linear", "cubic"});
  o.coordinate_transformation_mode =
      named<tf::onnx_coordinates>(c, "coordinate_transformation_mode",
                                  {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn",
                                   "align_corners", "asymmetric", "tf_crop_and_resize"});
  o.nearest_mode =
      named<tf::onnx_nearest>(c, "nearest_mode", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  o.cubic_coeff_a = c.option<double>("cubic_coeff_a", -0.75);
  o.exclude_outside = c.option<int>("exclude_outside", 0) != 0;
  o.antialias = c.option<int>("antialias", 0) != 0;
  o.extrapolation_value = c.option<double>("extrapolation_value", 0);
  o.keep_aspect_ratio_policy =
      named<tf::onnx_aspect_ratio>(c, "keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"});
  o.axes = tf::dim_list(std::span<const index_t>(axes));
  if (o.coordinate_transformation_mode == tf::onnx_coordinates::tf_crop_and_resize) {
    const auto roi = numbers(c, "roi");
    o.roi = onnx_numbers(std::span<const double>(roi));
  }
  return o;
}

/// A sum of numbers up to `most`, whose weights' sizes add up to at most 1.6 in each of four axes and are rounded once:
/// at most 1.6^4 most times 4 (8 + 1) roundings where each axis has 8 taps. Integers may be the other neighbour of a
/// half, which the reference reaches by another order of the sum.
template <class T>
void check(const golden_case& c) {
  const auto x = c.input<T>("input");
  const auto expected = c.output<T>("output");
  const auto axes = c.option<std::vector<index_t>>("axes", std::vector<index_t>());
  const auto o = options_of(c, axes);
  double most = std::abs(o.extrapolation_value);
  for (index_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(static_cast<double>(x.data()[i])));
  const double bound = std::integral<T> ? (o.mode == onnx_resize_mode::nearest ? 0 : 1)
                                        : 1.6 * 1.6 * 1.6 * 1.6 * most * rounding_bound<float>(4 * 9, 1);
  const auto scales = numbers(c, "scales");
  for (const tf::isa level : available_isas()) {
    tf::tensor<T> got;
    if (!scales.empty()) {
      std::vector<float> floats(scales.begin(), scales.end());
      got = tf::onnx_resize(x, onnx_numbers(std::span<const float>(floats)), o, on(level));
    } else {
      const auto sizes = c.option<std::vector<index_t>>("sizes");
      got = tf::onnx_resize(x, shape(std::span<const index_t>(sizes)), o, on(level));
    }
    EXPECT_TRUE(
        compare(got, expected,
                [&](T g, T e, index_t) { return std::abs(static_cast<double>(g) - static_cast<double>(e)) <= bound; }))
        << c.name() << " " << tf::name_of(level);
  }
}

TEST(OnnxResize, AnswersAsOnnxReferenceImplementation) {
  const auto cases = golden_cases(std::string(TENFOLD_GOLDEN_DIR) + "/onnx_resize");
  EXPECT_GE(cases.size(), 80U);
  for (const golden_case& c : cases) {
    if (c.dtype() == "F32")
      check<float>(c);
    else if (c.dtype() == "F64")
      check<double>(c);
    else if (c.dtype() == "I8")
      check<std::int8_t>(c);
    else
      check<std::int32_t>(c);
  }
}

// ---- what is the same otherwise

/// The bound of upsample_bicubic2d_test.cpp, where the places are computed in double in both.
TEST(OnnxResize, IsTorchsUpsamplingWhereItsAttributesSaySo) {
  const auto x = random_tensor<double>({2, 3, 13, 29});
  const auto near = [](const auto& got, const auto& expected) {
    return compare(got, expected, [](double g, double e, index_t) { return std::abs(g - e) <= 1e-12; });
  };
  const shape sizes{17, 11};
  onnx_resize_options o{.mode = onnx_resize_mode::cubic, .axes = {2, 3}};
  EXPECT_TRUE(near(tf::onnx_resize(x, sizes, o), tf::upsample_bicubic2d(x, {17, 11})));
  o.coordinate_transformation_mode = tf::onnx_coordinates::align_corners;
  EXPECT_TRUE(near(tf::onnx_resize(x, sizes, o), tf::upsample_bicubic2d(x, {17, 11}, true)));
  o.mode = onnx_resize_mode::linear;
  EXPECT_TRUE(near(tf::onnx_resize(x, sizes, o), tf::upsample_bilinear2d(x, {17, 11}, true)));
  o.coordinate_transformation_mode = tf::onnx_coordinates::half_pixel;
  o.antialias = o.exclude_outside = true;
  EXPECT_TRUE(near(tf::onnx_resize(x, sizes, o), tf::upsample_bilinear2d_aa(x, {17, 11})));
  const onnx_resize_options nearest{.coordinate_transformation_mode = tf::onnx_coordinates::asymmetric,
                                    .nearest_mode = tf::onnx_nearest::floor,
                                    .axes = {2, 3}};
  EXPECT_TRUE(same_bits(tf::onnx_resize(x, shape{26, 58}, nearest), tf::upsample_nearest2d(x, {26, 58})));
}

template <class T>
struct OnnxResizeOf : testing::Test {};
TYPED_TEST_SUITE(OnnxResizeOf, element_types);

TYPED_TEST(OnnxResizeOf, ThreadsAndWorkspaceDoNotMatter) {
  const auto x = random_tensor<TypeParam>({6, 9, 40, 41});
  for (const onnx_resize_mode mode : {onnx_resize_mode::nearest, onnx_resize_mode::linear, onnx_resize_mode::cubic})
    for (const shape& sizes : {shape{6, 9, 60, 70}, shape{6, 9, 20, 41}, shape{6, 9, 40, 80}, shape{6, 12, 40, 41},
                               shape{3, 12, 50, 20}, x.shape()}) {
      const onnx_resize_options o{.mode = mode};
      const auto expected = tf::onnx_resize(x, sizes, o);
      for (const int threads : {1, 2, 3, 8}) {
        tf::context ctx = on_threads(threads);
        EXPECT_TRUE(same_bits(tf::onnx_resize(x, sizes, o, ctx), expected)) << sizes << threads;
        std::vector<std::byte> memory(static_cast<std::size_t>(tf::onnx_resize_workspace_bytes(x, sizes, o, ctx)));
        ctx.workspace = memory;
        auto y = filled<TypeParam>(sizes, 7);
        tf::onnx_resize_into(y, x, sizes, o, ctx);
        EXPECT_TRUE(same_bits(y, expected)) << sizes << threads;
      }
    }
}

/// A copy of whole numbers, whatever the type: no way through double.
TYPED_TEST(OnnxResizeOf, NearestCopies) {
  const auto x = random_tensor<TypeParam>({2, 3, 5, 7});
  const auto y = tf::onnx_resize(x, shape{2, 6, 10, 14});
  for (index_t n = 0; n < 2; ++n)
    for (index_t c = 0; c < 6; ++c)
      for (index_t h = 0; h < 10; ++h)
        for (index_t w = 0; w < 14; ++w) ASSERT_EQ(y(n, c, h, w), x(n, c / 2, h / 2, w / 2));
}

TEST(OnnxResizeOfNothing, IsEmptyOrAnError) {
  const tf::tensor<float> x({0, 3, 4});
  EXPECT_EQ(tf::onnx_resize(x, shape{0, 6, 8}).shape(), (shape{0, 6, 8}));
  EXPECT_EQ(tf::onnx_resize(x, onnx_numbers{2, 0.1, 1}, {.mode = onnx_resize_mode::cubic}).shape(), (shape{0, 0, 4}));
  EXPECT_EQ(error_of([&] {
              tf::onnx_resize(x, shape{1, 3, 4});
            }),
            "onnx_resize: nothing can be made of an input of shape [0, 3, 4]");
}

TEST(OnnxResizeErrors, AreRaisedBeforeAnythingIsWritten) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const tf::tensor<float> x({2, 3});
  const auto error = [&](const auto& size, const onnx_resize_options& o) {
    auto y = filled<float>({2, 3}, 7);
    const std::string text = error_of([&] { tf::onnx_resize_into(y, x, size, o); });
    EXPECT_TRUE(equal(y, filled<float>({2, 3}, 7)));
    return text;
  };
  EXPECT_EQ(error(shape{4}, {}), "onnx_resize: expected 2 sizes or scales, but got 1");
  EXPECT_EQ(error(shape{4, -1}, {}), "onnx_resize: sizes must not be negative, but got [4, -1]");
  EXPECT_EQ(error(shape{4, 6}, {}), "onnx_resize: expected output of shape [4, 6], but got [2, 3]");
  EXPECT_EQ(error(shape{4, 6}, {.axes = {0, -2}}), "onnx_resize: axis -2 is none, or appears twice");
  EXPECT_EQ(error(shape{4}, {.axes = {2}}), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  for (const double bad : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()})
    EXPECT_EQ(error(onnx_numbers{1, bad}, {}), "onnx_resize: scales must be finite and greater than 0");
  EXPECT_EQ(error(onnx_numbers{1, 1e300}, {}), "value cannot be converted to type int64_t without overflow");
  EXPECT_EQ(error(onnx_numbers{1, 2}, {.keep_aspect_ratio_policy = tf::onnx_aspect_ratio::not_larger}),
            "onnx_resize: a policy of aspect ratios needs sizes, not scales");
  EXPECT_EQ(error(shape{4, 6}, {.antialias = true}), "onnx_resize: antialias is for the modes linear and cubic");
  const auto crop = tf::onnx_coordinates::tf_crop_and_resize;
  EXPECT_EQ(error(shape{4, 6}, {.coordinate_transformation_mode = crop, .roi = {0, 1}}),
            "onnx_resize: expected a roi of 4 numbers, but got 2");
  EXPECT_EQ(error(shape{4, 6}, {.coordinate_transformation_mode = crop, .roi = {0, 1, nan, 1}}),
            "onnx_resize: the numbers of roi must be finite");
}

/// Places that no integer holds lie beyond the input.
TEST(OnnxResizeExtremes, AreExtrapolated) {
  const auto x = random_tensor<float>({3, 4});
  const onnx_resize_options o{.mode = onnx_resize_mode::linear,
                              .coordinate_transformation_mode = tf::onnx_coordinates::tf_crop_and_resize,
                              .extrapolation_value = 5,
                              .roi = {-1e300, 0, 1e300, 1}};
  EXPECT_TRUE(equal(tf::onnx_resize(x, shape{2, 4}, o), filled<float>({2, 4}, 5)));
}

}  // namespace
