#include <tenfold/linear.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

static_assert(tf::linear_output_shape({2, 5, 3}, {4, 3}) == tf::shape{2, 5, 4});
static_assert(tf::linear_output_shape({2, 5, 3}, {3}) == tf::shape{2, 5});

struct linear_case {
  tf::shape input, weight;
};

const linear_case cases[] = {
    {{2, 3}, {4, 3}},        {{3}, {4, 3}},          {{2, 5, 3}, {4, 3}},    {{2, 3, 5, 7}, {1, 7}},
    {{1, 300}, {1000, 300}}, {{65, 130}, {70, 130}}, {{0, 3}, {4, 3}},       {{2, 0, 3}, {4, 3}},
    {{2, 0}, {4, 0}},        {{2, 3}, {0, 3}},       {{17, 512}, {33, 512}}, {{1, 1}, {1, 1}},
};

template <class T>
struct Linear : testing::Test {};
TYPED_TEST_SUITE(Linear, element_types);

TYPED_TEST(Linear, EqualsReferenceOnIntegers) {
  for (const linear_case& c : cases) {
    const auto draw = [](const tf::shape& s, unsigned seed) {
      return std::integral<TypeParam> ? random_tensor<TypeParam>(s, seed) : small_integers<TypeParam>(s, seed);
    };
    const auto x = draw(c.input, 1), w = draw(c.weight, 2), b = draw({c.weight[0]}, 3), one = draw({1}, 4);
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(equal(tf::linear(x, w, on(level)), tf::reference::linear(x, w))) << c.input << tf::name_of(level);
      EXPECT_TRUE(equal(tf::linear(x, w, b, on(level)), tf::reference::linear(x, w, b)))
          << c.input << tf::name_of(level);
      EXPECT_TRUE(equal(tf::linear(x, w, one, on(level)), tf::reference::linear(x, w, one))) << c.input;
    }
    for (const int threads : {2, 3})
      EXPECT_TRUE(equal(tf::linear(x, w, b, on_threads(threads)), tf::linear(x, w, b))) << c.input;
  }
}

TYPED_TEST(Linear, OfAVector) {
  const auto x = small_integers<TypeParam>({2, 5, 33}), w = small_integers<TypeParam>({33}, 2);
  EXPECT_TRUE(equal(tf::linear(x, w), tf::reference::linear(x, w)));
  EXPECT_EQ(tf::linear(w, w).shape(), tf::shape{});
}

template <class T>
struct LinearOfFloats : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(LinearOfFloats, floating_types);

TYPED_TEST(LinearOfFloats, IsWithinTheBound) {
  for (const linear_case& c : cases) {
    const auto x = random_tensor<TypeParam>(c.input), w = random_tensor<TypeParam>(c.weight, 2),
               b = random_tensor<TypeParam>({c.weight[0]}, 3);
    const auto exact = tf::reference::linear(to_double(x), to_double(w), to_double(b));
    const auto magnitude = tf::reference::linear(magnitudes(x), magnitudes(w), magnitudes(b));
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(within_rounding(tf::linear(x, w, b, on(level)), exact, magnitude, c.weight[1] + 1)) << c.input;
  }
}

TYPED_TEST(LinearOfFloats, GradientsAreWithinTheBound) {
  for (const linear_case& c : cases) {
    const auto x = random_tensor<TypeParam>(c.input), w = random_tensor<TypeParam>(c.weight, 2),
               dy = random_tensor<TypeParam>(tf::linear_output_shape(c.input, c.weight), 3);
    const auto exact = tf::reference::linear_backward(to_double(dy), to_double(x), to_double(w));
    const auto magnitude = tf::reference::linear_backward(magnitudes(dy), magnitudes(x), magnitudes(w));
    const index_t rows = tf::detail::elements_between(c.input, 0, c.input.size() - 1);
    for (const tf::isa level : available_isas()) {
      const auto got = tf::linear_backward(dy, x, w, on(level));
      EXPECT_TRUE(within_rounding(got.grad_input, exact.grad_input, magnitude.grad_input, c.weight[0])) << c.input;
      EXPECT_TRUE(within_rounding(got.grad_weight, exact.grad_weight, magnitude.grad_weight, rows)) << c.input;
      EXPECT_TRUE(within_rounding(got.grad_bias, exact.grad_bias, magnitude.grad_bias, rows + 1)) << c.input;
    }
  }
}

TEST(LinearWorkspace, IsEnoughAndAskedForFirst) {
  const auto x = random_tensor<float>({65, 130}), w = random_tensor<float>({70, 130}), b = random_tensor<float>({70});
  const auto expected = tf::linear(x, w, b);
  std::vector<std::byte> memory(static_cast<std::size_t>(tf::linear_workspace_bytes(x, w)));
  tf::context ctx;
  ctx.workspace = memory;
  auto y = filled<float>({65, 70}, 7);
  if (memory.size() > 1) {
    ctx.workspace = ctx.workspace.first(memory.size() - 1);
    EXPECT_NE(error_of([&] { tf::linear_into(y, x, w, b, ctx); }).find("but this call needs"), std::string::npos);
    EXPECT_TRUE(equal(y, filled<float>({65, 70}, 7)));
    ctx.workspace = memory;
  }
  ctx.algorithm = "no such";
  EXPECT_NE(error_of([&] { tf::linear_into(y, x, w, b, ctx); }), "");
  EXPECT_TRUE(equal(y, filled<float>({65, 70}, 7)));
  ctx.algorithm = {};
  tf::linear_into(y, x, w, b, ctx);
  EXPECT_TRUE(same_bits(y, expected));
}

TEST(LinearErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& x, const tf::shape& w) {
    return error_of([&] { tf::linear(tf::tensor<float>(x), tf::tensor<float>(w)); });
  };
  const auto with_bias = [](const tf::shape& x, const tf::shape& w, const tf::shape& b) {
    return error_of([&] { tf::linear(tf::tensor<float>(x), tf::tensor<float>(w), tf::tensor<float>(b)); });
  };
  EXPECT_EQ(error({2, 2, 5}, {4, 3}), "mm: mat1 and mat2 shapes cannot be multiplied (4x5 and 3x4)");
  EXPECT_EQ(error({2, 0, 5}, {4, 3}), "mm: mat1 and mat2 shapes cannot be multiplied (0x5 and 3x4)");
  EXPECT_EQ(with_bias({5}, {4, 3}, {3}), "addmm: mat1 and mat2 shapes cannot be multiplied (1x5 and 3x4)");
  EXPECT_EQ(with_bias({2, 2, 3}, {4, 3}, {3}),
            "The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 1.  "
            "Target sizes: [4, 4].  Tensor sizes: [3]");
  EXPECT_EQ(error({}, {4, 3}), "both arguments to linear need to be at least 1D, but they are 0D and 2D");
  EXPECT_EQ(error({2, 3}, {2, 4, 3}), "t() expects a tensor with <= 2 dimensions, but self is 3D");
  EXPECT_EQ(error({2, 5}, {3}), "size mismatch, got input (2), mat (2x5), vec (3)");
  EXPECT_EQ(error({5}, {3}),
            "inconsistent tensor size, expected tensor [5] and src [3] to have the same number of elements, but got 5 "
            "and 3 elements respectively");
  EXPECT_EQ(with_bias({2, 3}, {3}, {1}), "addmm: mat2 must be a matrix, got 1-D tensor");
  EXPECT_EQ(with_bias({2, 3}, {4, 3}, {2, 4}), "linear: expected a bias of 1 dimension, but got one of shape [2, 4]");
  const tf::tensor<float> x({2, 3}), w({4, 3});
  EXPECT_EQ(error_of([&] { tf::linear_backward(x, x, w); }),
            "linear_backward: expected grad_output of shape [2, 4], but got [2, 3]");
  auto y = filled<float>({2, 3}, 7);
  EXPECT_EQ(error_of([&] { tf::linear_into(y, x, w); }), "linear: expected output of shape [2, 4], but got [2, 3]");
  EXPECT_TRUE(equal(y, filled<float>({2, 3}, 7)));
}

}  // namespace
