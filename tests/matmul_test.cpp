#include <tenfold/matmul.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

static_assert(tf::matmul_output_shape({5, 1, 4, 3}, {2, 3, 6}) == tf::shape{5, 2, 4, 6});
static_assert(tf::matmul_output_shape({3}, {3}) == tf::shape{});
static_assert(tf::matmul_output_shape({3}, {2, 3, 6}) == tf::shape{2, 6});

struct matmul_case {
  const char* name;
  tf::shape a, b;
};

const matmul_case cases[] = {
    {"dot", {300}, {300}},
    {"matrix_by_vector", {70, 33}, {33}},
    {"vector_by_matrix", {33}, {33, 70}},
    {"matrices", {65, 130}, {130, 70}},
    {"rows_times_one_matrix", {3, 5, 7, 9}, {9, 11}},
    {"rows_times_one_matrix_of_a_batch", {2, 3, 5, 9}, {2, 1, 9, 4}},
    {"rows_times_one_vector", {3, 5, 9}, {9}},
    {"one_vector_times_many", {9}, {3, 2, 9, 4}},
    {"one_matrix_times_many", {4, 9}, {3, 2, 9, 4}},
    {"attention", {2, 6, 49, 32}, {2, 6, 32, 49}},
    {"both_broadcast", {3, 1, 4, 5}, {2, 5, 6}},
    {"ones_in_between", {2, 1, 3, 1, 2, 4}, {1, 5, 1, 2, 4, 3}},
    {"empty_batch", {0, 4, 3}, {1, 3, 2}},
    {"no_terms", {2, 3, 0}, {2, 0, 4}},
    {"no_columns", {2, 3, 4}, {4, 0}},
};

template <class T>
struct Matmul : testing::Test {};
TYPED_TEST_SUITE(Matmul, element_types);

template <class T>
tf::tensor<T> drawn(const tf::shape& s, unsigned seed) {
  return std::integral<T> ? random_tensor<T>(s, seed) : small_integers<T>(s, seed);
}

TYPED_TEST(Matmul, EqualsReferenceOnIntegers) {
  for (const matmul_case& c : cases) {
    const auto a = drawn<TypeParam>(c.a, 1), b = drawn<TypeParam>(c.b, 2);
    const auto expected = tf::reference::matmul(a, b);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(equal(tf::matmul(a, b, on(level)), expected)) << c.name << " " << tf::name_of(level);
  }
}

TYPED_TEST(Matmul, ThreadsDoNotMatter) {
  for (const matmul_case& c : cases) {
    const auto a = random_tensor<TypeParam>(c.a, 1), b = random_tensor<TypeParam>(c.b, 2);
    const auto expected = tf::matmul(a, b);
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(same_bits(tf::matmul(a, b, on_threads(threads)), expected)) << c.name << " " << threads;
  }
}

template <class T>
struct MatmulOfFloats : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(MatmulOfFloats, floating_types);

TYPED_TEST(MatmulOfFloats, IsWithinTheBound) {
  for (const matmul_case& c : cases) {
    const auto a = random_tensor<TypeParam>(c.a, 1), b = random_tensor<TypeParam>(c.b, 2);
    const auto exact = tf::reference::matmul(to_double(a), to_double(b));
    const auto magnitude = tf::reference::matmul(magnitudes(a), magnitudes(b));
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_rounding(tf::matmul(a, b, on(level)), exact, magnitude, c.a[c.a.size() - 1])) << c.name;
  }
}

TEST(MatmulWorkspace, IsEnoughAndAskedForFirst) {
  const auto a = random_tensor<float>({6, 65, 130}), b = random_tensor<float>({6, 130, 70});
  const auto expected = tf::matmul(a, b);
  for (const int threads : {1, 3, 8}) {
    tf::context ctx = on_threads(threads);
    std::vector<std::byte> memory(static_cast<std::size_t>(tf::matmul_workspace_bytes(a, b, ctx)));
    ASSERT_GT(memory.size(), 1U);
    ctx.workspace = std::span(memory).first(memory.size() - 1);
    auto y = filled<float>({6, 65, 70}, 7);
    EXPECT_NE(error_of([&] { tf::matmul_into(y, a, b, ctx); }).find("but this call needs"), std::string::npos);
    EXPECT_TRUE(equal(y, filled<float>({6, 65, 70}, 7)));
    ctx.workspace = memory;
    tf::matmul_into(y, a, b, ctx);
    EXPECT_TRUE(same_bits(y, expected)) << threads;
  }
}

TEST(MatmulErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& a, const tf::shape& b) {
    return error_of([&] { tf::matmul(tf::tensor<float>(a), tf::tensor<float>(b)); });
  };
  EXPECT_EQ(error({}, {3}), "both arguments to matmul need to be at least 1D, but they are 0D and 1D");
  EXPECT_EQ(error({2, 2, 3}, {3, 4, 5}),
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
  EXPECT_EQ(error({1, 2, 3}, {2, 4, 5}),
            "Expected size for first two dimensions of batch2 tensor to be: [2, 3] but got: [2, 4].");
  EXPECT_EQ(error({2, 2, 3}, {1, 2}), "mm: mat1 and mat2 shapes cannot be multiplied (4x3 and 1x2)");
  EXPECT_EQ(error({4}, {2, 1, 5}), "size mismatch, got input (10), mat (10x1), vec (4)");
  EXPECT_EQ(error({4}, {2, 3, 5}),
            "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 3].");
  auto y = filled<float>({3}, 7);
  EXPECT_EQ(error_of([&] {
              tf::matmul_into(y, tf::tensor<float>({2, 3}), tf::tensor<float>({3}));
            }),
            "matmul: expected output of shape [2], but got [3]");
  EXPECT_TRUE(equal(y, filled<float>({3}, 7)));
}

}  // namespace
