// add, sub, mul and div.
#include <tenfold/arithmetic.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

struct operand_shapes {
  const char* name;
  tf::shape a, b;
};

const operand_shapes cases[] = {
    {"no_dimensions", {}, {}},
    {"one_element", {1}, {1, 1, 1}},
    {"no_dimensions_beside_a_line", {}, {37}},
    {"a_line", {67}, {67}},
    {"a_long_line", {9001}, {9001}},
    {"planes", {2, 3, 5, 7}, {2, 3, 5, 7}},
    {"eight_dimensions", {2, 1, 2, 1, 2, 1, 2, 67}, {1, 3, 1, 2, 1, 2, 1, 1}},
    {"bias_of_channels_over_7x7", {2, 33, 7, 7}, {33, 1, 1}},
    {"bias_of_channels_over_28x28", {2, 3, 28, 28}, {3, 1, 1}},
    {"bias_first", {33, 1, 1}, {2, 33, 7, 7}},
    {"bias_of_rows_of_3", {500, 3}, {3}},
    {"bias_of_columns", {500, 3}, {500, 1}},
    {"bias_of_lines_of_2", {70, 5, 2}, {70, 1, 1}},
    {"last_dimension", {3, 4, 50}, {50}},
    {"outer_sum_short", {300, 1}, {1, 5}},
    {"outer_sum_long", {30, 1}, {1, 500}},
    {"short_repeated_inside", {100, 2, 3}, {2, 1}},
    {"short_repeated_between", {100, 3, 2}, {100, 1, 2}},
    {"both_repeated_short", {1, 3, 1, 2}, {60, 1, 4, 1}},
    {"every_second", {2, 1, 3, 1, 2, 1, 4, 1}, {1, 3, 1, 2, 1, 3, 1, 2}},
    {"line_of_a_block", {2, 3, 31}, {1, 1, 31}},
    {"line_above_a_block", {2, 3, 257}, {3, 1}},
    {"missing_dimensions", {5, 4, 3, 2}, {3, 1}},
    {"runs_end_within_a_walk", {3, 1500, 2}, {1, 2}},
    {"runs_end_within_a_walk_by_columns", {3, 1500, 2}, {1500, 1}},
    {"empty", {0}, {1}},
    {"empty_batch", {0, 3, 4}, {3, 1}},
    {"empty_line", {2, 3, 0}, {3, 1}},
    {"both_empty", {2, 0}, {1, 0}},
    {"empty_of_sizes_beyond_int64", {0, 1, 1}, {1, 1, 1}},
};

/// Calls check(name, tenfold's function, its _into, reference.hpp's): functions of (a, b, context...).
#define ARITHMETIC(name, ...)                                         \
  check(                                                              \
      #name " " #__VA_ARGS__,                                         \
      [](const auto& a, const auto& b, const auto&... ctx) {          \
        return tf::name(a, b __VA_OPT__(, ) __VA_ARGS__, ctx...);     \
      },                                                              \
      [](auto& y, const auto& a, const auto& b, const auto&... ctx) { \
        tf::name##_into(y, a, b __VA_OPT__(, ) __VA_ARGS__, ctx...);  \
      },                                                              \
      [](const auto& a, const auto& b) { return tf::reference::name(a, b __VA_OPT__(, ) __VA_ARGS__); })

/// Those whose results are exact. With alpha only of small integers.
template <class T, class Check>
void for_each_operator(const Check& check) {
  ARITHMETIC(add);
  ARITHMETIC(sub);
  ARITHMETIC(mul);
  ARITHMETIC(div);
}
template <class T, class Check>
void for_each_scaled(const Check& check) {
  ARITHMETIC(add, 3);
  ARITHMETIC(sub, 3);
  ARITHMETIC(sub, -128);
}

template <class T>
struct Arithmetic : testing::Test {};
TYPED_TEST_SUITE(Arithmetic, element_types);

template <class T>
void expect_reference(const operand_shapes& c, const tf::tensor<T>& a, const tf::tensor<T>& b, bool scaled) {
  const auto check = [&](const std::string name, const auto& call, const auto& into, const auto& reference) {
    const auto expected = reference(a, b);
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(same_bits(call(a, b, on(level)), expected)) << name << ", " << c.name << " " << tf::name_of(level);
      auto y = filled(expected.shape(), tf::element_of<decltype(expected)>{77});
      into(y, a, b, on(level));
      EXPECT_TRUE(same_bits(y, expected)) << name << "_into, " << c.name << " " << tf::name_of(level);
    }
  };
  if (scaled)
    for_each_scaled<T>(check);
  else
    for_each_operator<T>(check);
}

TYPED_TEST(Arithmetic, EqualsReference) {
  for (const operand_shapes& c : cases) {
    expect_reference(c, with_special_values(random_tensor<TypeParam>(c.a), 3),
                     with_special_values(random_tensor<TypeParam>(c.b, 2), 4), false);
    expect_reference(c, small_integers<TypeParam>(c.a), small_integers<TypeParam>(c.b, 2), true);
  }
}

TYPED_TEST(Arithmetic, WithANumberOnEitherSide) {
  for (const tf::shape& shape : {tf::shape{}, {0}, {5}, {3, 67}, {4001}}) {
    auto x = random_tensor<TypeParam>(shape);
    const auto check = [&](const char* name, const auto& call, const auto& into, const auto& reference) {
      for (const tf::isa level : available_isas()) {
        EXPECT_TRUE(same_bits(call(x, 5, on(level)), reference(x, 5))) << name << " " << shape;
        EXPECT_TRUE(same_bits(call(5, x, on(level)), reference(5, x))) << name << " " << shape;
      }
      auto y = reference(x, 5);
      into(y, 7, x);
      EXPECT_TRUE(same_bits(y, reference(7, x))) << name;
    };
    for_each_operator<TypeParam>(check);
    x = small_integers<TypeParam>(shape);
    for_each_scaled<TypeParam>(check);
    EXPECT_TRUE(same_bits(tf::div(x, 2.5), tf::reference::div(x, 2.5)));
    EXPECT_TRUE(same_bits(tf::div(1000, x), tf::reference::div(1000, x)));
  }
}

TYPED_TEST(Arithmetic, InPlaceOfEitherOperand) {
  for (const operand_shapes& c : cases) {
    const auto a = small_integers<TypeParam>(c.a), b = small_integers<TypeParam>(c.b, 2);
    const auto check = [&](const std::string name, const auto& call, const auto& into, const auto&) {
      const auto expected = call(a, b);
      if constexpr (std::same_as<decltype(expected), const tf::tensor<TypeParam>>) {
        auto over_a = a, over_b = b, both = a;
        if (a.shape() == expected.shape()) {
          into(over_a, over_a, b);
          EXPECT_TRUE(same_bits(over_a, expected)) << name << " " << c.name;
          into(both, both, both);
          EXPECT_TRUE(same_bits(both, call(a, a))) << name << " " << c.name;
        }
        if (b.shape() == expected.shape()) {
          into(over_b, a, over_b);
          EXPECT_TRUE(same_bits(over_b, expected)) << name << " " << c.name;
        }
      }
    };
    for_each_operator<TypeParam>(check);
    for_each_scaled<TypeParam>(check);
  }
}

TYPED_TEST(Arithmetic, ThreadsDoNotMatter) {
  const operand_shapes large[] = {
      {"", {300, 1001}, {300, 1001}},  {"", {40, 77, 7, 7}, {77, 1, 1}}, {"", {70001, 3}, {3}},
      {"", {3, 30001, 3}, {30001, 1}}, {"", {7, 1, 30, 1}, {700, 1, 3}}, {"", {300, 1}, {1, 700}}};
  for (const operand_shapes& c : large) {
    const auto a = random_tensor<TypeParam>(c.a), b = random_tensor<TypeParam>(c.b, 2);
    for_each_operator<TypeParam>([&](const char* name, const auto& call, const auto&, const auto&) {
      const auto expected = call(a, b);
      for (const int threads : {2, 3, 8})
        EXPECT_TRUE(same_bits(call(a, b, on_threads(threads)), expected)) << name << " " << c.a << " " << threads;
    });
  }
}

/// A product and a sum, as one operation or as two.
TEST(ArithmeticAlpha, IsWithinTwoRoundings) {
  const auto a = random_tensor<float>({40, 33}), b = random_tensor<float>({33}, 2);
  const auto exact = tf::reference::sub(to_double(a), to_double(b), static_cast<double>(0.3F));
  const auto magnitude = tf::reference::add(magnitudes(a), magnitudes(b), static_cast<double>(0.3F));
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(within_rounding(tf::sub(a, b, 0.3F, on(level)), exact, magnitude, 2)) << tf::name_of(level);
}

TEST(ArithmeticOfIntegers, IsTorchs) {
  const tf::tensor<std::int8_t> i({4}, {7, -7, 0, -128}), j({4}, {2, 0, 0, -1});
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(same_bits(tf::div(i, j), tf::tensor<float>({4}, {3.5F, -inf, nan, 128})));
  EXPECT_TRUE(same_bits(tf::div(i, 2.5), tf::tensor<float>({4}, {2.8F, -2.8F, 0, -51.2F})));
  EXPECT_TRUE(equal(tf::add(i, 1000), tf::tensor<std::int8_t>({4}, {-17, -31, -24, 104})));
  EXPECT_TRUE(equal(tf::add(i, j, 3), tf::tensor<std::int8_t>({4}, {13, -7, 0, 125})));
  const tf::tensor<std::int64_t> wide({2}, {(1LL << 62) + 1, (1LL << 53) + 1});
  EXPECT_TRUE(same_bits(tf::div(wide, 1), tf::tensor<float>({2}, {0x1p62F, 0x1p53F})));
}

TEST(ArithmeticErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& s, const tf::shape& t) {
    const tf::tensor<float> a(s), b(t);
    auto y = filled<float>({4}, 7);
    const auto text = error_of([&] { tf::add_into(y, a, b); });
    EXPECT_EQ(error_of([&] { tf::sub_into(y, a, b); }), text);
    EXPECT_EQ(error_of([&] { tf::mul_into(y, a, b); }), text);
    EXPECT_EQ(error_of([&] { tf::div_into(y, a, b); }), text);
    EXPECT_EQ(error_of([&] { tf::mul(a, b); }), text);
    EXPECT_EQ(error_of([&] { tf::div_output_shape(s, t); }), text);
    EXPECT_EQ(error_of([&] { tf::reference::mul(a, b); }), text);
    EXPECT_TRUE(equal(y, filled<float>({4}, 7)));
    return text;
  };
  EXPECT_EQ(error({2, 3}, {4, 3}),
            "The size of tensor a (2) must match the size of tensor b (4) at non-singleton dimension 0");
  EXPECT_EQ(error({2, 3}, {4}),
            "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1");
  EXPECT_EQ(error({2, 0}, {2, 3}),
            "The size of tensor a (0) must match the size of tensor b (3) at non-singleton dimension 1");
  EXPECT_EQ(error({3}, {5, 4, 2, 2}),
            "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 3");
  EXPECT_EQ(error({5, 4, 2, 3}, {5, 3, 2, 2}),
            "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 3");

  const tf::tensor<float> x({2, 3});
  auto y = filled<float>({3, 2}, 7);
  EXPECT_EQ(error_of([&] { tf::add_into(y, x, x); }), "add: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_EQ(error_of([&] { tf::sub_into(y, x, x, 2); }), "sub: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_EQ(error_of([&] { tf::mul_into(y, x, 2); }), "mul: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_EQ(error_of([&] { tf::div_into(y, 2, x); }), "div: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_TRUE(equal(y, filled<float>({3, 2}, 7)));

  const tf::tensor<std::int8_t> i({3});
  EXPECT_EQ(error_of([&] { tf::add(i, i, 3.5); }),
            "For integral input tensors, argument alpha must not be a floating point number.");
  EXPECT_EQ(error_of([&] { tf::add(i, i, 300); }), "value cannot be converted to type int8_t without overflow");
  EXPECT_EQ(error_of([&] { tf::sub(i, i, -300); }), "value cannot be converted to type int8_t without overflow");
}

/// Shapes that no tensor stands behind.
TEST(ArithmeticShapes, MayBeHostile) {
  EXPECT_EQ(tf::add_output_shape({INT64_MAX, 1}, {1, INT64_MAX}), (tf::shape{INT64_MAX, INT64_MAX}));
  const tf::tensor_view<const float> a(nullptr, {0, INT64_MAX, 1}), b(nullptr, {1, 1, 1});
  EXPECT_EQ(tf::add(a, b).shape(), (tf::shape{0, INT64_MAX, 1}));
  const tf::tensor_view<const float> wide(nullptr, {1, tf::index_t{1} << 40}), high(nullptr, {tf::index_t{1} << 40, 1});
  EXPECT_EQ(error_of([&] { tf::add(wide, high); }),
            "the product 1099511627776 * 1099511627776 overflows a 64-bit size");
}

TEST(ArithmeticWorkspace, IsNone) {
  const tf::tensor<float> x({2, 3});
  EXPECT_EQ(tf::add_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::sub_workspace_bytes(x, 1), 0);
  EXPECT_EQ(tf::mul_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::div_workspace_bytes(1, x), 0);
}

}  // namespace
