#include <tenfold/max_pool2d.hpp>
#include <tenfold/max_unpool2d.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

static_assert(tf::max_unpool2d_output_shape({2, 3, 4, 5}, {.kernel_size = 2}) == tf::shape{2, 3, 8, 10});
static_assert(tf::max_unpool2d_output_shape({3, 4, 5}, {.kernel_size = 2, .output_size = tf::hw{9, 11}}) ==
              tf::shape{3, 9, 11});

/// Places in a plane of the given number of elements, with repetitions.
tf::tensor<tf::index_t> random_indices(const tf::shape& shape, tf::index_t volume, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  auto indices = tf::tensor<tf::index_t>::uninitialized(shape);
  for (tf::index_t i = 0; i < indices.size(); ++i)
    indices.data()[i] = std::uniform_int_distribution<tf::index_t>(0, volume - 1)(random);
  return indices;
}

struct unpool_case {
  const char* name;
  tf::shape input;
  tf::unpool2d_options options;
};

const unpool_case cases[] = {
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"doubles", {2, 3, 8, 9}, {.kernel_size = 2}},
    {"unbatched", {3, 8, 9}, {.kernel_size = 2}},
    {"unbatched_without_channels", {0, 8, 9}, {.kernel_size = 2}},
    {"empty_batch", {0, 3, 8, 9}, {.kernel_size = 2}},
    {"output_size_adds_a_row", {1, 2, 5, 5}, {.kernel_size = 2, .output_size = tf::hw{11, 9}}},
    {"padding_and_overlap", {1, 2, 6, 7}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"smaller_than_the_input", {1, 2, 6, 7}, {.kernel_size = 3, .stride = 1, .padding = 2}},
    {"negative_padding", {1, 2, 3, 4}, {.kernel_size = 2, .padding = {-1, 0}}},
    {"stride_zero", {1, 2, 3, 4}, {.kernel_size = 2, .stride = 0}},
};

template <class T>
struct MaxUnpool2d : testing::Test {};
TYPED_TEST_SUITE(MaxUnpool2d, element_types);

TYPED_TEST(MaxUnpool2d, EqualsReference) {
  for (const unpool_case& c : cases) {
    const auto x = with_special_values(random_tensor<TypeParam>(c.input));
    const tf::shape out = tf::max_unpool2d_output_shape(c.input, c.options);
    const auto indices = random_indices(c.input, out[out.size() - 2] * out[out.size() - 1]);
    const auto expected = tf::reference::max_unpool2d(x, indices, c.options);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, c.options, on(level)), expected))
          << c.name << " " << tf::name_of(level);
  }
}

TYPED_TEST(MaxUnpool2d, PutsMaximaBackWhereTheyWere) {
  const auto x = random_tensor<TypeParam>({2, 3, 9, 13});
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 2});
  const auto y = tf::max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2, .output_size = tf::hw{9, 13}});
  tf::index_t kept = 0;
  for (tf::index_t i = 0; i < x.size(); ++i) {
    if (y.data()[i] == 0) continue;
    EXPECT_EQ(y.data()[i], x.data()[i]);
    ++kept;
  }
  tf::index_t maxima = 0;
  for (tf::index_t i = 0; i < pooled.values.size(); ++i) maxima += pooled.values.data()[i] != 0;
  EXPECT_EQ(kept, maxima);
}

TYPED_TEST(MaxUnpool2d, LastCopyOfAnIndexWinsOnAnyNumberOfThreads) {
  const tf::shape shape{2, 5, 64, 66};
  const auto x = random_tensor<TypeParam>(shape);
  const auto indices = random_indices(shape, 100);
  const auto expected = tf::reference::max_unpool2d(x, indices, {.kernel_size = 2});
  for (const int threads : {1, 2, 3, 8})
    EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, {.kernel_size = 2}, on_threads(threads)), expected)) << threads;
}

TEST(MaxUnpool2dIndices, AreNotReadWhenTheOutputIsEmpty) {
  const auto x = random_tensor<float>({1, 2, 3, 4});
  const auto y = tf::max_unpool2d(x, filled<tf::index_t>(x.shape(), -5), {.kernel_size = 0});
  EXPECT_EQ(y.shape(), (tf::shape{1, 2, 0, 0}));
}

TEST(MaxUnpool2dErrors, NameTheLastIndexOutsideInMemoryOrder) {
  const auto x = random_tensor<float>({2, 3, 40, 41});
  for (const tf::isa level : available_isas())
    for (const int threads : {1, 4})
      for (const tf::index_t bad : {tf::index_t{-1}, tf::index_t{80 * 82}, INT64_MAX, INT64_MIN})
        for (const tf::index_t last :
             {tf::index_t{0}, tf::index_t{1}, tf::index_t{4919}, tf::index_t{5000}, x.size() - 1}) {
          auto indices = random_indices(x.shape(), 80 * 82);
          indices.data()[last / 2] = 7777;
          indices.data()[last] = bad;
          tf::context ctx = on_threads(threads);
          ctx.isa = level;
          EXPECT_EQ(error_of([&] { tf::max_unpool2d(x, indices, {.kernel_size = 2}, ctx); }),
                    "Found an invalid max index: " + std::to_string(bad) + " (output volumes are of size 80x82)");
        }
}

TEST(MaxUnpool2dErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({1, 2, 3, 4});
  const tf::tensor<tf::index_t> indices({1, 2, 3, 4});
  const auto error = [&](const tf::unpool2d_options& options) {
    return error_of([&] { tf::max_unpool2d(x, indices, options); });
  };
  EXPECT_EQ(error({.kernel_size = 2, .output_size = tf::hw{4, 8}}),
            "invalid output_size \"[4, 8]\" (dim 0 must be between 4 and 8)");
  EXPECT_EQ(error({.kernel_size = 2, .output_size = tf::hw{6, 10}}),
            "invalid output_size \"[6, 10]\" (dim 1 must be between 6 and 10)");
  EXPECT_EQ(error({.kernel_size = 2, .stride = 0, .output_size = tf::hw{2, 2}}),
            "invalid output_size \"[2, 2]\" (dim 0 must be between 2 and 2)");
  EXPECT_EQ(error({.kernel_size = 2, .padding = {0, 5}}),
            "max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[1]=-2");
  EXPECT_EQ(
      error_of([&] {
        tf::max_unpool2d(x, tf::tensor<tf::index_t>({1, 2, 3, 5}), {.kernel_size = 2});
      }),
      "Expected shape of indices to be same as that of the input tensor ([1, 2, 3, 4]) but got indices tensor with "
      "shape: [1, 2, 3, 5]");
  const auto error_of_shape = [](const tf::shape& shape) {
    return error_of(
        [&] { tf::max_unpool2d(tf::tensor<float>(shape), tf::tensor<tf::index_t>(shape), {.kernel_size = 2}); });
  };
  EXPECT_EQ(error_of_shape({}), "tuple index out of range");
  EXPECT_EQ(error_of_shape({4}), "tuple index out of range");
  EXPECT_EQ(error_of_shape({3, 4}),
            "Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with 2 dimensions.");
  EXPECT_EQ(
      error_of_shape({2, 0, 3, 4}),
      "max_unpooling2d_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, but input has "
      "sizes [2, 0, 3, 4] with dimension 1 being empty");
}

TEST(MaxUnpool2dErrors, SizesThatOverflowAreRefused) {
  const tf::tensor<float> x({1, 1, 2, 2});
  const tf::tensor<tf::index_t> indices({1, 1, 2, 2});
  EXPECT_EQ(error_of([&] { tf::max_unpool2d(x, indices, {.kernel_size = INT64_MAX}); }),
            "the sum 9223372036854775807 + 9223372036854775807 overflows a 64-bit size");
  EXPECT_NE(error_of([&] { tf::max_unpool2d(x, indices, {.kernel_size = tf::index_t{1} << 33}); }), "");
}

TYPED_TEST(MaxUnpool2d, IntoWritesWhatTheOperationReturns) {
  const auto x = random_tensor<TypeParam>({2, 3, 5, 6});
  const auto indices = random_indices(x.shape(), 120);
  auto y = filled<TypeParam>({2, 3, 10, 12}, 7);
  tf::max_unpool2d_into(y.view(), x, indices, {.kernel_size = 2});
  EXPECT_TRUE(same_bits(y, tf::max_unpool2d(x, indices, {.kernel_size = 2})));
}

TEST(MaxUnpool2dInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({1, 2, 3, 4});
  auto indices = random_indices(x.shape(), 48);
  auto y = filled<float>({1, 2, 6, 8}, 7);
  EXPECT_EQ(error_of([&] { tf::max_unpool2d_into(y, x, indices, {.kernel_size = 3}); }),
            "max_unpool2d: expected output of shape [1, 2, 9, 12], but got [1, 2, 6, 8]");
  indices(0, 1, 2, 3) = 48;
  EXPECT_EQ(error_of([&] { tf::max_unpool2d_into(y, x, indices, {.kernel_size = 2}); }),
            "Found an invalid max index: 48 (output volumes are of size 6x8)");
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 7)));
}

}  // namespace
