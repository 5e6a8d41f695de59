// The gradients of max_pool2d and max_unpool2d, which go to or come from the places that indices name.
#include <tenfold/max_pool2d.hpp>
#include <tenfold/max_unpool2d.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

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
    {"many_small_planes", {3, 40, 7, 7}, {.kernel_size = 2}},
    {"rows_below_half_a_vector", {1, 65, 5, 4}, {.kernel_size = 2}},
    {"large_planes", {1, 2, 181, 182}, {.kernel_size = 2}},
    {"ceil_mode", {1, 2, 7, 37}, {.kernel_size = 2, .ceil_mode = true}},
    {"overlapping", {1, 2, 11, 41}, {.kernel_size = 3, .stride = 1, .padding = 1}},
    {"k3_s2_p1_even", {2, 3, 12, 70}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"k3_s2_p1_odd", {2, 3, 13, 35}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"k3_s2", {2, 3, 13, 35}, {.kernel_size = 3, .stride = 2}},
    {"k3_s2_drops_lines", {1, 2, 14, 36}, {.kernel_size = 3, .stride = 2}},
    {"k3_s2_p1_narrow", {2, 3, 6, 3}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"k3_s2_p1_large", {1, 2, 112, 112}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"stride_above_kernel", {1, 2, 13, 70}, {.kernel_size = 2, .stride = {3, 5}}},
    {"kernel_is_the_image", {2, 2, 5, 6}, {.kernel_size = {5, 6}}},
    {"dilated", {1, 2, 9, 40}, {.kernel_size = 3, .stride = 1, .padding = 1, .dilation = 2}},
};

template <class T>
struct MaxPool2dBackward : testing::Test {};
TYPED_TEST_SUITE(MaxPool2dBackward, element_types);

template <class T>
void expect_equals_reference(const tf::tensor<T>& dy, const tf::tensor<tf::index_t>& indices, const tf::shape& input,
                             const std::string& name) {
  const auto expected = tf::reference::max_pool2d_backward(dy, indices, input);
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(same_bits(tf::max_pool2d_backward(dy, indices, input, on(level)), expected))
        << name << " " << tf::name_of(level);
}

TYPED_TEST(MaxPool2dBackward, EqualsReference) {
  for (const pool_case& c : cases) {
    const auto indices = tf::max_pool2d_with_indices(random_tensor<TypeParam>(c.input), c.options).indices;
    expect_equals_reference(with_special_values(random_tensor<TypeParam>(indices.shape(), 2)), indices, c.input,
                            c.name);
  }
}

TYPED_TEST(MaxPool2dBackward, EqualsReferenceForAllWidths) {  // around the lanes of every vector
  for (tf::index_t width = 3; width <= 70; ++width)
    for (const tf::pool2d_options& o :
         {tf::pool2d_options{.kernel_size = 2}, tf::pool2d_options{.kernel_size = 3, .stride = 2, .padding = 1},
          tf::pool2d_options{.kernel_size = 3, .stride = 2}}) {
      const auto indices = tf::max_pool2d_with_indices(random_tensor<TypeParam>({2, 2, 7, width}), o).indices;
      expect_equals_reference(with_special_values(random_tensor<TypeParam>(indices.shape(), 2)), indices,
                              {2, 2, 7, width}, std::to_string(width));
    }
}

/// Among them -1, which is no place.
tf::tensor<tf::index_t> any_indices(const tf::shape& shape, tf::index_t volume, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  auto indices = tf::tensor<tf::index_t>::uninitialized(shape);
  for (tf::index_t i = 0; i < indices.size(); ++i)
    indices.data()[i] = std::uniform_int_distribution<tf::index_t>(-1, volume - 1)(random);
  return indices;
}

TYPED_TEST(MaxPool2dBackward, EqualsReferenceForAnyIndices) {  // few places, so that most are named more than once
  for (const tf::shape& shape : {tf::shape{2, 3, 8, 9}, tf::shape{3, 8, 33}, tf::shape{1, 2, 40, 41}})
    for (const tf::index_t volume : {1, 5, 72}) {
      tf::shape input = shape;
      input[input.size() - 2] *= 2;
      input[input.size() - 1] *= 2;
      const auto dy = with_special_values(random_tensor<TypeParam>(shape));
      expect_equals_reference(dy, any_indices(shape, volume), input, tf::to_string(shape));
    }
}

TYPED_TEST(MaxPool2dBackward, OneIndexOutsideItsWindow) {  // in any lane, row and plane; or none, by -1
  const tf::shape input{1, 2, 6, 38};
  const auto x = random_tensor<TypeParam>(input);
  for (const tf::pool2d_options& o :
       {tf::pool2d_options{.kernel_size = 2}, tf::pool2d_options{.kernel_size = 3, .stride = 2, .padding = 1}}) {
    const auto own = tf::max_pool2d_with_indices(x, o).indices;
    const auto dy = random_tensor<TypeParam>(own.shape(), 2);
    for (tf::index_t i = 0; i < own.size(); ++i)
      for (const tf::index_t other : {tf::index_t{-1}, tf::index_t{0}, own.data()[i] ^ 2, tf::index_t{6 * 38 - 1}}) {
        auto indices = own;
        indices.data()[i] = other;
        const auto expected = tf::reference::max_pool2d_backward(dy, indices, input);
        for (const tf::isa level : available_isas())
          ASSERT_TRUE(same_bits(tf::max_pool2d_backward(dy, indices, input, on(level)), expected))
              << i << " " << other << " " << tf::name_of(level);
      }
  }
}

TEST(MaxPool2dBackwardValues, ByHand) {
  const tf::tensor<float> dy({1, 2, 2}, {1, -0.0F, 4, 8});
  const tf::tensor<tf::index_t> indices({1, 2, 2}, {0, 3, 0, -1});
  const auto dx = tf::max_pool2d_backward(dy, indices, {1, 3, 3});
  EXPECT_TRUE(same_bits(dx, tf::tensor<float>({1, 3, 3}, {5, 0, 0, 0, 0, 0, 0, 0, 0})));
  const tf::tensor<std::int8_t> small({1, 1, 2}, {100, 100});
  EXPECT_EQ(tf::max_pool2d_backward(small, tf::tensor<tf::index_t>({1, 1, 2}, {1, 1}), {1, 1, 2})(0, 0, 1), -56);
}

/// Sums of small integers are exact, so it holds with ==.
TYPED_TEST(MaxPool2dBackward, IsTheAdjointOfThePooling) {
  for (const pool_case& c : cases) {
    const auto x = small_integers<TypeParam>(c.input, 3, 3);
    const auto pooled = tf::max_pool2d_with_indices(x, c.options);
    const auto dy = small_integers<TypeParam>(pooled.values.shape(), 5, 2);
    const auto dx = tf::max_pool2d_backward(dy, pooled.indices, c.input);
    double left = 0, right = 0;
    for (tf::index_t i = 0; i < dy.size(); ++i)
      left += static_cast<double>(dy.data()[i]) * static_cast<double>(pooled.values.data()[i]);
    for (tf::index_t i = 0; i < dx.size(); ++i)
      right += static_cast<double>(dx.data()[i]) * static_cast<double>(x.data()[i]);
    EXPECT_EQ(left, right) << c.name;
  }
}

/// Elements are different integers, so that a quarter more or less changes no maximum's place; all sums are exact.
TEST(MaxPool2dBackwardValues, AreCentralDifferences) {
  const tf::pool2d_options o{.kernel_size = 3, .stride = 2, .padding = 1};
  tf::tensor<double> x({1, 2, 7, 8});
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i * 37 % x.size());
  const auto pooled = tf::max_pool2d_with_indices(x, o);
  const auto dy = small_integers<double>(pooled.values.shape(), 5);
  const auto dx = tf::max_pool2d_backward(dy, pooled.indices, x.shape());
  const auto loss = [&](tf::index_t i, double step) {
    auto moved = x;
    moved.data()[i] += step;
    const auto y = tf::max_pool2d(moved, o);
    double sum = 0;
    for (tf::index_t k = 0; k < y.size(); ++k) sum += dy.data()[k] * y.data()[k];
    return sum;
  };
  for (tf::index_t i = 0; i < x.size(); ++i) EXPECT_EQ(dx.data()[i], (loss(i, 0.25) - loss(i, -0.25)) / 0.5) << i;
}

TYPED_TEST(MaxPool2dBackward, ThreadsDoNotMatter) {
  const tf::shape shape{2, 5, 64, 66};
  const auto dy = random_tensor<TypeParam>(shape);
  const auto indices = any_indices(shape, 100);
  const auto expected = tf::max_pool2d_backward(dy, indices, {2, 5, 128, 132});
  for (const int threads : {2, 3, 8})
    EXPECT_TRUE(same_bits(tf::max_pool2d_backward(dy, indices, {2, 5, 128, 132}, on_threads(threads)), expected))
        << threads;
}

TEST(MaxPool2dBackwardErrors, OfIndicesComeBeforeTheFirstWriteAndNameTheLast) {
  const tf::shape shape{2, 3, 40, 41}, input{2, 3, 80, 82};
  const auto dy = random_tensor<float>(shape);
  for (const tf::isa level : available_isas())
    for (const int threads : {1, 4})
      for (const tf::index_t bad : {tf::index_t{-2}, tf::index_t{80 * 82}, INT64_MAX, INT64_MIN})
        for (const tf::index_t last :
             {tf::index_t{0}, tf::index_t{1}, tf::index_t{4919}, tf::index_t{5000}, dy.size() - 1}) {
          auto indices = any_indices(shape, 80 * 82);
          indices.data()[last / 2] = 7777;
          indices.data()[last] = bad;
          tf::context ctx = on_threads(threads);
          ctx.isa = level;
          auto dx = filled<float>(input, 7);
          EXPECT_EQ(error_of([&] { tf::max_pool2d_backward_into(dx, dy, indices, ctx); }),
                    "Found an invalid max index: " + std::to_string(bad) + " (output volumes are of size 80x82)");
          EXPECT_TRUE(equal(dx, filled<float>(input, 7)));
        }
}

TEST(MaxPool2dBackwardErrors, OfAWindowWithoutAnElement) {  // its index lies outside the plane
  const tf::tensor<float> x({1, 1, 2, 2});
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 2, .stride = 1, .padding = 1, .dilation = 3});
  EXPECT_EQ(error_of([&] { tf::max_pool2d_backward(pooled.values, pooled.indices, x.shape()); }),
            "Found an invalid max index: 6 (output volumes are of size 2x2)");
}

TEST(MaxPool2dBackwardErrors, OfShapes) {
  const auto error = [](const tf::shape& dy, const tf::shape& indices, const tf::shape& input) {
    const auto text =
        error_of([&] { tf::max_pool2d_backward(tf::tensor<float>(dy), tf::tensor<tf::index_t>(indices), input); });
    EXPECT_EQ(error_of([&] {
                tf::reference::max_pool2d_backward(tf::tensor<float>(dy), tf::tensor<tf::index_t>(indices), input);
              }),
              text);
    return text;
  };
  const tf::shape two{1, 1, 2, 2}, four{1, 1, 4, 4};
  EXPECT_EQ(error(two, two, four), "");
  EXPECT_EQ(error(two, two, {4, 4}), "non-empty 3D or 4D (batch mode) tensor expected for input");
  EXPECT_EQ(error(two, two, {1, 0, 4, 4}),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[1, 0, 4, 4]");
  EXPECT_EQ(error({1, 2, 2}, two, four),
            "Expected a tensor of dimension 4 and tensor.size[1] == 1 but got: dimension 3 and tensor.size[1] = 2");
  EXPECT_EQ(error({2, 1, 2, 2}, two, four),
            "Expected a tensor of dimension 4 and tensor.size[0] == 1 but got: dimension 4 and tensor.size[0] = 2");
  EXPECT_EQ(error(two, {1, 1, 2, 3}, four),
            "Expected a tensor of dimension 4 and tensor.size[3] == 2 but got: dimension 4 and tensor.size[3] = 3");
  EXPECT_EQ(error({}, two, four), "Dimension specified as 1 but tensor has no dimensions");
  EXPECT_EQ(error({3}, two, four), "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(error(two, two, {1, 1, -4, 4}), "Trying to create tensor with negative dimension -4: [1, 1, -4, 4]");
  EXPECT_EQ(error({1, 2, 2}, {1, 1, 2, 2}, {1, 4, 4}),
            "Expected a tensor of dimension 3 and tensor.size[0] == 1 but got: dimension 4 and tensor.size[0] = 1");
  EXPECT_NE(error({0, 1, 2, 2}, {0, 1, 2, 2}, {0, tf::index_t{1} << 40, tf::index_t{1} << 40, 4}), "");
}

TEST(MaxPool2dBackward, NeedsNoWorkspace) {
  const tf::tensor<float> dy({1, 2, 2});
  EXPECT_EQ(tf::max_pool2d_backward_workspace_bytes(dy, tf::tensor<tf::index_t>({1, 2, 2}), {1, 4, 4}), 0);
  EXPECT_EQ(tf::max_unpool2d_backward_workspace_bytes(dy, tf::tensor<tf::index_t>({1, 2, 2})), 0);
}

// ---- max_unpool2d

template <class T>
struct MaxUnpool2dBackward : testing::Test {};
TYPED_TEST_SUITE(MaxUnpool2dBackward, element_types);

tf::tensor<tf::index_t> places(const tf::shape& shape, tf::index_t volume) {
  return map<tf::index_t>(any_indices(shape, volume), [](tf::index_t i) { return i < 0 ? 0 : i; });
}

TYPED_TEST(MaxUnpool2dBackward, GathersForEveryCopy) {
  for (const tf::shape& shape : {tf::shape{2, 3, 8, 9}, tf::shape{3, 8, 33}, tf::shape{1, 2, 1, 1},
                                 tf::shape{0, 2, 3, 4}, tf::shape{0, 3, 4}, tf::shape{2, 0, 3, 4}})
    for (const tf::index_t volume : {1, 5, 72}) {
      tf::shape out = shape;
      out[out.size() - 2] = 8;
      out[out.size() - 1] = 9;
      const auto dy = with_special_values(random_tensor<TypeParam>(out));
      const auto indices = places(shape, volume);
      tf::tensor<TypeParam> expected(shape);
      const tf::index_t plane = shape[shape.size() - 2] * shape[shape.size() - 1];
      for (tf::index_t i = 0; i < expected.size(); ++i)
        expected.data()[i] = dy.data()[i / plane * 72 + indices.data()[i]];
      EXPECT_TRUE(same_bits(tf::reference::max_unpool2d_backward(dy, indices), expected)) << shape;
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::max_unpool2d_backward(dy, indices, on(level)), expected))
            << shape << " " << tf::name_of(level);
    }
}

/// Of indices without duplicates, among small integers.
TYPED_TEST(MaxUnpool2dBackward, IsTheAdjointOfTheUnpooling) {
  const auto pooled = tf::max_pool2d_with_indices(random_tensor<TypeParam>({2, 3, 9, 13}), {.kernel_size = 2});
  const auto x = small_integers<TypeParam>(pooled.values.shape(), 3, 3);
  const auto y = tf::max_unpool2d(x, pooled.indices, {.kernel_size = 2, .output_size = tf::hw{9, 13}});
  const auto dy = small_integers<TypeParam>(y.shape(), 4, 3);
  const auto dx = tf::max_unpool2d_backward(dy, pooled.indices);
  double left = 0, right = 0;
  for (tf::index_t i = 0; i < y.size(); ++i)
    left += static_cast<double>(dy.data()[i]) * static_cast<double>(y.data()[i]);
  for (tf::index_t i = 0; i < x.size(); ++i)
    right += static_cast<double>(dx.data()[i]) * static_cast<double>(x.data()[i]);
  EXPECT_EQ(left, right);
}

TYPED_TEST(MaxUnpool2dBackward, OfOwnBlocksForAllWidths) {  // and with one index outside, in any lane
  for (const tf::index_t odd : {0, 1})
    for (tf::index_t width = 1; width <= 37; ++width) {
      const auto dy = with_special_values(random_tensor<TypeParam>({1, 2, 6 + odd, 2 * width + odd}));
      auto indices = tf::max_pool2d_with_indices(random_tensor<TypeParam>(dy.shape(), 2), {.kernel_size = 2}).indices;
      for (tf::index_t i = -1; i < indices.size(); i += 5) {
        if (i >= 0) indices.data()[i] = indices.data()[i] == 0 ? 5 : 0;
        const auto expected = tf::reference::max_unpool2d_backward(dy, indices);
        for (const tf::isa level : available_isas())
          ASSERT_TRUE(same_bits(tf::max_unpool2d_backward(dy, indices, on(level)), expected))
              << width << " " << i << " " << tf::name_of(level);
      }
    }
}

TYPED_TEST(MaxUnpool2dBackward, OfLargePlanes) {  // whose lines are fetched ahead
  const auto dy = random_tensor<TypeParam>({1, 2, 380, 392});
  const auto indices = tf::max_pool2d_with_indices(dy, {.kernel_size = 2}).indices;
  const auto expected = tf::reference::max_unpool2d_backward(dy, indices);
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(same_bits(tf::max_unpool2d_backward(dy, indices, on(level)), expected)) << tf::name_of(level);
}

TYPED_TEST(MaxUnpool2dBackward, ThreadsDoNotMatterAndIntoWritesTheSame) {
  const tf::shape shape{2, 5, 64, 66};
  const auto dy = random_tensor<TypeParam>({2, 5, 100, 101});
  const auto indices = places(shape, 10100);
  const auto expected = tf::max_unpool2d_backward(dy, indices);
  for (const int threads : {2, 3, 8}) {
    auto dx = filled<TypeParam>(shape, 7);
    tf::max_unpool2d_backward_into(dx.view(), dy, indices, on_threads(threads));
    EXPECT_TRUE(same_bits(dx, expected)) << threads;
  }
}

TEST(MaxUnpool2dBackwardErrors, ComeBeforeTheFirstWrite) {
  const auto dy = random_tensor<float>({1, 2, 6, 8});
  auto indices = places({1, 2, 3, 4}, 48);
  auto dx = filled<float>({1, 2, 3, 4}, 7);
  for (const tf::index_t bad : {tf::index_t{-1}, tf::index_t{48}, INT64_MAX, INT64_MIN}) {
    indices(0, 0, 1, 2) = bad;
    EXPECT_EQ(error_of([&] { tf::max_unpool2d_backward_into(dx, dy, indices); }),
              "Found an invalid max index: " + std::to_string(bad) + " (output volumes are of size 6x8)");
  }
  indices(0, 0, 1, 2) = 0;
  auto narrow = filled<float>({1, 2, 3, 3}, 7);
  EXPECT_EQ(error_of([&] { tf::max_unpool2d_backward_into(narrow, dy, indices); }),
            "max_unpool2d_backward: expected grad_input of shape [1, 2, 3, 4], but got [1, 2, 3, 3]");
  EXPECT_TRUE(equal(dx, filled<float>(dx.shape(), 7)));
  const auto error = [](const tf::shape& dy_shape, const tf::shape& indices_shape) {
    return error_of(
        [&] { tf::max_unpool2d_backward(tf::tensor<float>(dy_shape), tf::tensor<tf::index_t>(indices_shape)); });
  };
  EXPECT_EQ(error({4, 4}, {2, 2}),
            "Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with 2 dimensions.");
  EXPECT_EQ(
      error({1, 3, 4, 4}, {1, 2, 2, 2}),
      "max_unpool2d_backward: expected grad_output to have as many planes as indices, whose shape is [1, 2, 2, 2], "
      "but got [1, 3, 4, 4]");
  EXPECT_NE(error({2, 4, 4}, {1, 2, 2, 2}), "");
  EXPECT_EQ(error({1, 1, 0, 4}, {1, 1, 2, 2}), "Found an invalid max index: 0 (output volumes are of size 0x4)");
}

}  // namespace
