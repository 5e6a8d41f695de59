#include <tenfold/im2col.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

static_assert(tf::im2col_output_shape({2, 3, 7, 9}, {.kernel_size = {2, 3}}) == tf::shape{2, 18, 42});
static_assert(tf::col2im_output_shape({18, 42}, {7, 9}, {.kernel_size = {2, 3}}) == tf::shape{3, 7, 9});

struct columns_case {
  const char* name;
  tf::shape image;
  tf::im2col_options options;
};

const columns_case cases[] = {
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"unbatched", {3, 6, 10}, {.kernel_size = 2}},
    {"empty_batch", {0, 3, 6, 10}, {.kernel_size = 2}},
    {"kernel_is_the_image", {2, 2, 5, 6}, {.kernel_size = {5, 6}}},
    {"same_size", {2, 3, 9, 20}, {.kernel_size = 3, .padding = 1}},
    {"stride_drops_last_rows", {1, 2, 10, 15}, {.kernel_size = {3, 2}, .padding = {1, 0}, .stride = {4, 3}}},
    {"stride_above_kernel", {1, 2, 10, 15}, {.kernel_size = 2, .stride = {3, 4}}},
    {"dilated", {1, 2, 11, 12}, {.kernel_size = {3, 2}, .dilation = {2, 5}, .padding = {2, 3}, .stride = {1, 2}}},
    {"padding_above_the_image", {1, 1, 2, 3}, {.kernel_size = 2, .padding = {5, 6}, .stride = 2}},
    {"several_bands_of_rows", {1, 2, 150, 70}, {.kernel_size = 3, .padding = 1}},
    {"several_bands_of_strided_rows", {1, 1, 151, 90}, {.kernel_size = {5, 3}, .dilation = {3, 1}, .stride = {2, 3}}},
    {"pads_all_different", {2, 3, 9, 20}, {.kernel_size = {3, 2}, .padding = tf::pads{1, 0, 2, 4}, .stride = {2, 1}}},
    {"pads_before", {1, 1, 2, 3}, {.kernel_size = 2, .padding = tf::pads{.top = 5, .left = 6}, .stride = 2}},
    {"pads_behind", {1, 1, 2, 3}, {.kernel_size = 2, .padding = tf::pads{.bottom = 5, .right = 6}}},
    {"blocks_in_the_padding_only", {1, 1, 1, 1}, {.kernel_size = 1, .padding = 3, .stride = 2}},
};

template <class T>
struct Im2col : testing::Test {};
TYPED_TEST_SUITE(Im2col, element_types);

tf::hw size_of(const tf::shape& image) { return {image[image.size() - 2], image[image.size() - 1]}; }

TYPED_TEST(Im2col, EqualsReference) {
  for (const columns_case& c : cases) {
    const auto x = with_special_values(random_tensor<TypeParam>(c.image));
    const auto expected = tf::reference::im2col(x, c.options);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::im2col(x, c.options, on(level)), expected)) << c.name << " " << tf::name_of(level);
  }
}

TYPED_TEST(Im2col, PadsEqualAnImageWithZerosAround) {
  for (const columns_case& c : cases) {
    const auto x = random_tensor<TypeParam>(c.image);
    tf::im2col_options unpadded = c.options;
    unpadded.padding = 0;
    EXPECT_TRUE(same_bits(tf::im2col(x, c.options), tf::im2col(padded(x, c.options.padding), unpadded))) << c.name;
  }
}

TYPED_TEST(Im2col, TransposeEqualsReference) {
  for (const columns_case& c : cases) {
    const auto y = random_tensor<TypeParam>(tf::im2col_output_shape(c.image, c.options));
    const auto expected = tf::reference::col2im(y, size_of(c.image), c.options);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::col2im(y, size_of(c.image), c.options, on(level)), expected))
          << c.name << " " << tf::name_of(level);
  }
}

TYPED_TEST(Im2col, EqualsReferenceForAllWidths) {  // around the lanes of every vector; what is not hit stays +0
  for (tf::index_t width = 1; width <= 70; ++width)
    for (const tf::index_t stride : {1, 2, 3}) {
      const tf::im2col_options o{.kernel_size = {1, 2}, .padding = {0, 1}, .stride = {1, stride}};
      const auto x = with_special_values(random_tensor<TypeParam>({1, 2, 2, width}));
      const auto columns = tf::reference::im2col(x, o);
      const auto image = tf::reference::col2im(columns, {2, width}, o);
      for (const tf::isa level : available_isas()) {
        EXPECT_TRUE(same_bits(tf::im2col(x, o, on(level)), columns)) << width << " " << stride;
        EXPECT_TRUE(same_bits(tf::col2im(columns, {2, width}, o, on(level)), image)) << width << " " << stride;
      }
    }
}

TYPED_TEST(Im2col, EqualsReferenceOnRandomShapes) {
  std::mt19937 random(3);
  const auto draw = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
  for (int i = 0; i < 60; ++i) {
    const tf::im2col_options options{.kernel_size = {draw(1, 4), draw(1, 4)},
                                     .dilation = {draw(1, 3), draw(1, 3)},
                                     .padding = tf::pads{draw(0, 4), draw(0, 4), draw(0, 4), draw(0, 4)},
                                     .stride = {draw(1, 5), draw(1, 5)}};
    const tf::shape image{draw(1, 2), draw(1, 3), draw(10, 16), draw(10, 16)};
    const auto x = random_tensor<TypeParam>(image, static_cast<unsigned>(i));
    const auto columns = tf::im2col(x, options);
    EXPECT_TRUE(same_bits(columns, tf::reference::im2col(x, options))) << image << " " << i;
    EXPECT_TRUE(same_bits(tf::col2im(columns, size_of(image), options),
                          tf::reference::col2im(columns, size_of(image), options)))
        << image << " " << i;
  }
}

template <class T>
double inner_product(const tf::tensor<T>& a, const tf::tensor<T>& b) {
  double sum = 0;
  for (tf::index_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
  return sum;
}

TYPED_TEST(Im2col, IsTheTransposeOfCol2im) {  // <im2col x, y> = <x, col2im y>; sums of small integers are exact
  for (const columns_case& c : cases) {
    const auto x = small_integers<TypeParam>(c.image, 1);
    const auto y = small_integers<TypeParam>(tf::im2col_output_shape(c.image, c.options), 2);
    EXPECT_EQ(inner_product(tf::im2col(x, c.options), y), inner_product(x, tf::col2im(y, size_of(c.image), c.options)))
        << c.name;
  }
}

TYPED_TEST(Im2col, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({2, 6, 40, 41});
  const tf::im2col_options options{.kernel_size = 3, .padding = 1, .stride = {1, 2}};
  const auto columns = tf::im2col(x, options);
  const auto image = tf::col2im(columns, {40, 41}, options);
  for (const int threads : {2, 3, 8}) {
    EXPECT_TRUE(same_bits(tf::im2col(x, options, on_threads(threads)), columns)) << threads;
    EXPECT_TRUE(same_bits(tf::col2im(columns, {40, 41}, options, on_threads(threads)), image)) << threads;
  }
}

TEST(Col2imIntegers, Wrap) {
  const tf::tensor<std::int8_t> columns({2, 2}, {100, 100, 100, 100});
  const auto y = tf::col2im(columns, {1, 3}, {.kernel_size = {1, 2}});
  EXPECT_TRUE(equal(y, tf::tensor<std::int8_t>({1, 1, 3}, {100, -56, 100})));
}

TEST(Im2colErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({1, 2, 4, 5});
  const auto error = [&](const tf::im2col_options& options) { return error_of([&] { tf::im2col(x, options); }); };
  EXPECT_EQ(error({.kernel_size = {0, 2}, .dilation = 0, .padding = -1, .stride = 0}),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 2");
  EXPECT_EQ(error({.kernel_size = 2, .dilation = {1, 0}, .padding = -1, .stride = 0}),
            "dilation should be greater than zero, but got dilation_height: 1 dilation_width: 0");
  EXPECT_EQ(error({.kernel_size = 2, .padding = {-1, 0}, .stride = 0}),
            "padding should be non-negative, but got pad_height: -1 pad_width: 0");
  EXPECT_EQ(error({.kernel_size = 2, .padding = tf::pads{0, 1, 0, -1}}),
            "padding should be non-negative, but got padding: [0, 1, 0, -1]");
  EXPECT_EQ(
      error({.kernel_size = {9, 2}, .padding = tf::pads{1, 0, 2, 1}}),
      "Given input with spatial size (4, 5), kernel_size=(9, 2), dilation=(1, 1), padding=(1, 0, 2, 1), calculated "
      "shape of the array of sliding blocks as (-1, 5), but its components must be at least one.");
  EXPECT_EQ(error({.kernel_size = 2, .stride = {0, 1}}),
            "stride should be greater than zero, but got stride_height: 0 stride_width: 1");
  EXPECT_EQ(
      error({.kernel_size = {5, 2}}),
      "Given input with spatial size (4, 5), kernel_size=(5, 2), dilation=(1, 1), padding=(0, 0), calculated shape of "
      "the array of sliding blocks as (0, 4), but its components must be at least one.");
  const auto error_of_shape = [](const tf::shape& shape) {
    return error_of([&] { tf::im2col(tf::tensor<float>(shape), {.kernel_size = 1}); });
  };
  EXPECT_EQ(error_of_shape({}), "Dimension specified as 1 but tensor has no dimensions");
  EXPECT_EQ(error_of_shape({3}), "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(error_of_shape({3, 4}), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  EXPECT_EQ(
      error_of_shape({1, 2, 0, 5}),
      "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
      "got: [1, 2, 0, 5]");
  EXPECT_EQ(error({.kernel_size = 1, .padding = INT64_MAX}),
            "the product 2 * 9223372036854775807 overflows a 64-bit size");
  EXPECT_NE(error({.kernel_size = 1, .padding = tf::index_t{1} << 40}), "");
}

TEST(Col2imErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> columns({1, 4, 5});
  const auto error = [&](const tf::hw& size, const tf::im2col_options& options) {
    return error_of([&] { tf::col2im(columns, size, options); });
  };
  EXPECT_EQ(error(3, {.kernel_size = 2, .dilation = 0, .padding = -1, .stride = {0, 1}}),
            "stride should be greater than zero, but got stride_height: 0 stride_width: 1");
  EXPECT_EQ(error(3, {.kernel_size = 2, .dilation = 0, .padding = -1}),
            "dilation should be greater than zero, but got dilation_height: 0 dilation_width: 0");
  EXPECT_EQ(
      error(3, {.kernel_size = 3}),
      "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=4 and "
      "kernel_size=(3, 3).");
  EXPECT_EQ(
      error({3, 4}, {.kernel_size = 2}),
      "Given output_size=(3, 4), kernel_size=(2, 2), dilation=(1, 1), padding=(0, 0), stride=(1, 1), expected size of "
      "input's dimension 2 to match the calculated number of sliding blocks 2 * 3 = 6, but got input.size(2)=5.");
  EXPECT_EQ(
      error_of([&] {
        tf::col2im(tf::tensor<float>({1, 4, 2}), {-1, 0}, {.kernel_size = 2});
      }),
      "Given output_size=(-1, 0), kernel_size=(2, 2), dilation=(1, 1), padding=(0, 0), stride=(1, 1), calculated shape "
      "of the array of sliding blocks as (-2, -1), which is too small (non-positive)");
  EXPECT_EQ(error_of([&] {
              tf::col2im(tf::tensor<float>({1, 1, 4}), {0, 0}, {.kernel_size = 1, .padding = 1});
            }),
            "Expected output spatial size to be positive, but got: output_size=(0, 0).");
  EXPECT_EQ(
      error(3, {.kernel_size = tf::index_t{1} << 32}),
      "Given kernel_width = 4294967296 and kernel_height = 4294967296 the product of kernel_width and kernel_height "
      "overflowed.");
  EXPECT_EQ(error_of([&] { tf::col2im(tf::tensor<float>({4}), 3, {.kernel_size = 2}); }),
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            "input, but got: [4]");
}

TEST(Im2colInto, WritesWhatTheOperationReturns) {
  const auto x = random_tensor<float>({2, 3, 5, 6});
  const tf::im2col_options options{.kernel_size = 3, .padding = 1};
  auto columns = filled<float>({2, 27, 30}, 7);
  tf::im2col_into(columns.view(), x, options);
  EXPECT_TRUE(same_bits(columns, tf::im2col(x, options)));
  auto image = filled<float>({2, 3, 5, 6}, 7);
  tf::col2im_into(image, columns.view(), {5, 6}, options);
  EXPECT_TRUE(same_bits(image, tf::col2im(columns, {5, 6}, options)));
}

TEST(Im2colInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({1, 2, 4, 5});
  auto y = filled<float>({1, 8, 11}, 7);
  EXPECT_EQ(error_of([&] { tf::im2col_into(y, x, {.kernel_size = 2}); }),
            "im2col: expected output of shape [1, 8, 12], but got [1, 8, 11]");
  auto image = filled<float>({1, 2, 4, 6}, 7);
  EXPECT_EQ(error_of([&] {
              tf::col2im_into(image, tf::im2col(x, {.kernel_size = 2}), {4, 5}, {.kernel_size = 2});
            }),
            "col2im: expected output of shape [1, 2, 4, 5], but got [1, 2, 4, 6]");
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 7)));
  EXPECT_TRUE(equal(image, filled<float>(image.shape(), 7)));
}

}  // namespace
