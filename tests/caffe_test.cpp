#include <tenfold/caffe.hpp>
#include <tenfold/max_pool2d.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::caffe_unpool;
namespace caffe = tf::caffe;

namespace {

static_assert(caffe::unpooling_output_shape({2, 3, 7, 7}, {.kernel_size = 2, .stride = 2}) == tf::shape{2, 3, 15, 15});
static_assert(caffe::unpooling_output_shape({3, 7, 5}, {.kernel_size = 3}) == tf::shape{3, 9, 7});
static_assert(caffe::unpooling_output_shape({1, 3, 7, 7}, {.kernel_size = 2, .stride = 2, .unpool_size = tf::hw{14}}) ==
              tf::shape{1, 3, 14, 14});

struct unpooling_case {
  const char* name;
  tf::shape input;
  tf::caffe_unpooling_options options;  // but for unpool
};

const unpooling_case cases[] = {
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"deconvnet", {1, 2, 7, 7}, {.kernel_size = 2, .stride = 2, .unpool_size = tf::hw{14}}},
    {"rule_adds_a_place", {2, 3, 4, 5}, {.kernel_size = 2, .stride = 2}},
    {"overlap", {2, 2, 5, 4}, {.kernel_size = {3, 4}, .stride = 2}},
    {"holes", {1, 2, 4, 4}, {.kernel_size = 1, .stride = {3, 2}}},
    {"cut_windows", {1, 1, 5, 5}, {.kernel_size = 3, .stride = 2, .unpool_size = tf::hw{10, 9}}},
    {"windows_outside", {1, 2, 5, 5}, {.kernel_size = 2, .stride = 3, .unpool_size = tf::hw{7, 4}}},
    {"far_larger_than_the_rule", {3, 2, 2}, {.kernel_size = 2, .stride = 2, .unpool_size = tf::hw{9, 11}}},
    {"stride_zero", {1, 1, 2, 3}, {.kernel_size = 2, .stride = 0}},
    {"empty_batch", {0, 2, 3, 3}, {.kernel_size = 2, .stride = 2}},
};
constexpr caffe_unpool methods[] = {caffe_unpool::max, caffe_unpool::ave, caffe_unpool::tile};

template <class T>
struct CaffeUnpooling : testing::Test {};
using floats = testing::Types<float, double>;
TYPED_TEST_SUITE(CaffeUnpooling, floats);

TYPED_TEST(CaffeUnpooling, EqualsReference) {
  for (unpooling_case c : cases)
    for (const caffe_unpool method : methods) {
      c.options.unpool = method;
      const auto x = random_tensor<TypeParam>(c.input);
      EXPECT_TRUE(same_bits(caffe::unpooling(x, c.options), tf::reference::caffe::unpooling(x, c.options))) << c.name;
    }
}

TYPED_TEST(CaffeUnpooling, BackwardEqualsReference) {
  for (unpooling_case c : cases)
    for (const caffe_unpool method : methods) {
      c.options.unpool = method;
      const auto dy = random_tensor<TypeParam>(caffe::unpooling_output_shape(c.input, c.options));
      EXPECT_TRUE(same_bits(caffe::unpooling_backward(dy, c.input, c.options),
                            tf::reference::caffe::unpooling_backward(dy, c.input, c.options)))
          << c.name;
    }
}

TYPED_TEST(CaffeUnpooling, SameBitsOnThreads) {
  for (const caffe_unpool method : methods) {
    const tf::caffe_unpooling_options o{.kernel_size = 3, .stride = 2, .unpool = method};
    const auto x = random_tensor<TypeParam>({3, 5, 21, 17});
    const auto y = caffe::unpooling(x, o);
    const auto dx = caffe::unpooling_backward(y, x.shape(), o);
    for (const int threads : {2, 3}) {
      EXPECT_TRUE(same_bits(caffe::unpooling(x, o, on_threads(threads)), y));
      EXPECT_TRUE(same_bits(caffe::unpooling_backward(y, x.shape(), o, on_threads(threads)), dx));
    }
  }
}

// The two pixels of a row, 2 wide windows 1 apart: 3 places.
TEST(CaffeUnpooling, ByHand) {
  const tf::tensor<float> x({1, 1, 1, 2}, {6, 10});
  const auto row = [&](caffe_unpool method) {
    const auto y =
        caffe::unpooling(x, {.kernel_size = {1, 2}, .stride = 1, .unpool = method, .unpool_size = tf::hw{1, 3}});
    return std::vector<float>(y.data(), y.data() + y.size());
  };
  EXPECT_EQ(row(caffe_unpool::max), (std::vector<float>{6, 10, 0}));
  EXPECT_EQ(row(caffe_unpool::ave), (std::vector<float>{3, 8, 5}));
  EXPECT_EQ(row(caffe_unpool::tile), (std::vector<float>{6, 16, 10}));
}

// DeconvNet's own use: a size that torch's max_unpool2d would refuse beside its rule is no error.
TEST(CaffeUnpooling, PutsMaximaBackWhereTheMaskSays) {
  const auto x = random_tensor<float>({2, 3, 14, 14});
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 2});
  const tf::caffe_unpooling_options o{.kernel_size = 2, .stride = 2, .unpool_size = tf::hw{14}};
  const auto y = caffe::unpooling(pooled.values, pooled.indices, o);
  EXPECT_TRUE(same_bits(y, tf::max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2})));
  EXPECT_TRUE(same_bits(caffe::unpooling_backward(y, pooled.indices, o), pooled.values));
  const auto wide = caffe::unpooling(pooled.values, pooled.indices, {.kernel_size = 2, .unpool_size = tf::hw{50, 4}});
  EXPECT_EQ(wide.data()[pooled.indices.data()[48]], pooled.values.data()[48]);
}

TEST(CaffeUnpooling, OfEqualPlacesTheLastCounts) {
  const tf::tensor<float> x({1, 1, 1, 3}, {1, 2, 3});
  const tf::tensor<tf::index_t> mask({1, 1, 1, 3}, {2, 0, 2});
  const tf::caffe_unpooling_options o{.kernel_size = 1, .unpool_size = tf::hw{1, 4}};
  const auto y = caffe::unpooling(x, mask, o);
  EXPECT_EQ(std::vector<float>(y.data(), y.data() + 4), (std::vector<float>{2, 0, 3, 0}));
  const auto dx = caffe::unpooling_backward(y, mask, o);
  EXPECT_EQ(std::vector<float>(dx.data(), dx.data() + 3), (std::vector<float>{3, 2, 3}));
}

TEST(CaffeUnpooling, Errors) {
  const tf::tensor<float> x({1, 1, 2, 2});
  const tf::tensor<tf::index_t> mask({1, 1, 2, 2}, {0, 1, 2, 30});
  const auto text = [&](const tf::tensor<float>& input, const tf::caffe_unpooling_options& o) {
    return error_of([&] { caffe::unpooling(input, o); });
  };
  EXPECT_EQ(text(x, {.kernel_size = {2, 0}}), "Filter dimensions cannot be zero.");
  EXPECT_EQ(text(x, {.kernel_size = 2, .stride = {1, -1}}), "caffe::unpooling: negative stride [1, -1]");
  EXPECT_EQ(text(tf::tensor<float>({2, 2}), {.kernel_size = 2}),
            "caffe::unpooling: expected an input (N, C, H, W) or (C, H, W), but got [2, 2]");
  EXPECT_EQ(text(tf::tensor<float>({1, 0, 2}), {.kernel_size = 2}),
            "caffe::unpooling: expected an input with pixels, but got [1, 0, 2]");
  EXPECT_EQ(text(x, {.kernel_size = 2, .unpool_size = tf::hw{4, 0}}),
            "caffe::unpooling: expected a positive unpool_size, but got [4, 0]");
  EXPECT_EQ(error_of([&] { caffe::unpooling(x, mask, {.kernel_size = 2, .unpool = caffe_unpool::tile}); }),
            "caffe::unpooling: only max takes a mask");
  EXPECT_EQ(error_of([&] {
              caffe::unpooling(x, tf::tensor<tf::index_t>({1, 1, 2, 1}), {.kernel_size = 2});
            }),
            "caffe::unpooling: expected a mask of the input's shape [1, 1, 2, 2], but got [1, 1, 2, 1]");
  auto y = tf::tensor<float>({1, 1, 3, 3});
  std::fill(y.data(), y.data() + y.size(), 7.f);
  EXPECT_EQ(error_of([&] { caffe::unpooling_into(y, x, mask, {.kernel_size = 2}); }),
            "Found an invalid max index: 30 (output volumes are of size 3x3)");
  EXPECT_EQ(std::count(y.data(), y.data() + y.size(), 7.f), 9);
  constexpr auto most = std::numeric_limits<tf::index_t>::max();
  EXPECT_NE(text(x, {.kernel_size = 2, .stride = most, .unpool_size = tf::hw{3}}), "");
  EXPECT_NE(text(x, {.kernel_size = most}), "");
  EXPECT_NE(text(x, {.kernel_size = 2, .unpool_size = tf::hw{most}}), "");
}

}  // namespace
