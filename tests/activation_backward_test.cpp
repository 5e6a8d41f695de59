// The gradients of the activations.
#include <tenfold/activation.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

/// Ranks, and sizes around those of the vectors.
const tf::shape shapes[] = {{}, {0}, {1}, {3}, {16}, {17}, {2, 0, 3}, {5, 7}, {2, 3, 4, 5}, {2, 1, 2, 1, 2, 1, 2, 67}};

using floating_types = testing::Types<float, double>;

/// Calls check(name, tenfold's function, reference.hpp's) for each gradient whose result is exact. A function takes
/// (grad_output, saved, context...) and an _into one (grad_input, grad_output, saved, context...).
#define EXACT_GRADIENT(name, ...)                                       \
  check(                                                                \
      #name,                                                            \
      [](const auto& dy, const auto& x, const auto&... ctx) {           \
        return tf::name(dy, x __VA_OPT__(, ) __VA_ARGS__, ctx...);      \
      },                                                                \
      [](auto& dx, const auto& dy, const auto& x, const auto&... ctx) { \
        tf::name##_into(dx, dy, x __VA_OPT__(, ) __VA_ARGS__, ctx...);  \
      },                                                                \
      [](const auto& dy, const auto& x) { return tf::reference::name(dy, x __VA_OPT__(, ) __VA_ARGS__); })

template <class T, class Check>
void for_each_exact_gradient(const Check& check) {
  EXACT_GRADIENT(relu_backward);
  EXACT_GRADIENT(hardtanh_backward, -1.0, 3.0);
  EXACT_GRADIENT(hardtanh_backward, 3.0, -1.0);
  if constexpr (std::floating_point<T>) {
    EXACT_GRADIENT(hardtanh_backward, -1.5, 1.5);
    EXACT_GRADIENT(sigmoid_backward);
    EXACT_GRADIENT(leaky_relu_backward, 0.01);
    EXACT_GRADIENT(leaky_relu_backward, -0.3);
    EXACT_GRADIENT(hardswish_backward);
    EXACT_GRADIENT(hardsigmoid_backward);
  }
}

/// The same for those that round, with what one may be off by: bound(grad_output, saved) in units of u, half the
/// distance from 1 to the next number, for grad_output 1.
#define ROUNDED_GRADIENT(name, bound, ...)                              \
  check(                                                                \
      #name,                                                            \
      [](const auto& dy, const auto& x, const auto&... ctx) {           \
        return tf::name(dy, x __VA_OPT__(, ) __VA_ARGS__, ctx...);      \
      },                                                                \
      [](auto& dx, const auto& dy, const auto& x, const auto&... ctx) { \
        tf::name##_into(dx, dy, x __VA_OPT__(, ) __VA_ARGS__, ctx...);  \
      },                                                                \
      [](const auto& dy, const auto& x) { return tf::reference::name(dy, x __VA_OPT__(, ) __VA_ARGS__); }, bound)

/// Each bound is that of kernels/epilogue.inl.hpp for the function in it, with its roundings, of the derivative for 1:
///   tanh      1 - y^2: y^2 and the difference are rounded, by at most u each; the product by another
///   elu       the exponential is within 2.5 u of itself, with two products
///   softplus  as sigmoid, 4 u, and what a product rounded by u makes of it
///   gelu      the tail is within 13 u of itself, 1 - tail of 13 u tail and u; x density has 2.7 u and three products;
///             the sum and the last product 2 u
///   by tanh   s is within 4 u and, for its argument of 4 u, 4 |a| (1 - s) of itself; so are 1 - s, within 4 u / s of
///             itself, and the slope within 4 u; five products and a sum
template <class T, class Check>
void for_each_rounded_gradient(const Check& check) {
  const auto tanh = [](double, double y) { return 1 + 2 * std::abs(1 - y * y) + y * y; };
  const auto elu = [](double, double x) { return x > 0 ? 0 : 1.5 * 5 * std::exp(x); };
  const auto softplus = [](double, double x) { return (5 + std::abs(0.75 * x)) / (1 + std::exp(0.75 * x)); };
  const auto gelu = [](double, double x) {
    const double tail = std::erfc(std::abs(x) / std::sqrt(2.0)) / 2, density = 0.4 * std::exp(-x * x / 2);
    return 16 * tail + (x > 0 ? 4 : 0) + 9 * std::abs(x) * density;
  };
  const auto by_tanh = [](double, double x) {
    const double a = tf::reference::parts::gelu_tanh_argument(x), s = 1 / (1 + std::exp(-a)),
                 rest = 1 / (1 + std::exp(a));
    const double own = std::abs(x) * tf::reference::parts::gelu_tanh_argument_slope(x);
    return (6 + 4 * std::abs(a) * rest) * s + own * s * (rest * (16 + 8 * std::abs(a)) + 5);
  };
  ROUNDED_GRADIENT(tanh_backward, tanh);
  ROUNDED_GRADIENT(elu_backward, elu, 1.5);
  ROUNDED_GRADIENT(softplus_backward, softplus, -0.75, 12);
  ROUNDED_GRADIENT(gelu_backward, gelu, tf::approximate::none);
  ROUNDED_GRADIENT(gelu_backward, by_tanh, tf::approximate::tanh);
}

template <class T>
struct ActivationBackward : testing::Test {};
TYPED_TEST_SUITE(ActivationBackward, element_types);

/// From -6 to 6 in steps of a quarter and beyond, so that all bounds occur, with special values.
template <class T>
tf::tensor<T> inputs(const tf::shape& shape) {
  return with_special_values(map<T>(small_integers<T>(shape, 7, 24),
                                    [](T v) { return static_cast<T>(std::floating_point<T> ? v / T{4} : v); }));
}

TYPED_TEST(ActivationBackward, EqualsReference) {
  for (const tf::shape& shape : shapes) {
    const auto dy = with_special_values(random_tensor<TypeParam>(shape), 2);
    const auto x = inputs<TypeParam>(shape);
    for_each_exact_gradient<TypeParam>([&](const char* name, const auto& gradient, const auto&, const auto& reference) {
      const auto expected = reference(dy, x);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(gradient(dy, x, on(level)), expected))
            << name << " " << shape << " " << tf::name_of(level);
    });
  }
}

TYPED_TEST(ActivationBackward, InPlaceOfEitherAndOnThreads) {
  const auto dy = random_tensor<TypeParam>({400, 1001}, 2);
  const auto x = inputs<TypeParam>({400, 1001});
  for_each_exact_gradient<TypeParam>([&](const char* name, const auto& gradient, const auto& into, const auto&) {
    const auto expected = gradient(dy, x);
    auto over_dy = dy, over_x = x;
    into(over_dy, over_dy, x);
    into(over_x, dy, over_x);
    EXPECT_TRUE(same_bits(over_dy, expected)) << name;
    EXPECT_TRUE(same_bits(over_x, expected)) << name;
    for (const int threads : {2, 3, 8}) EXPECT_TRUE(same_bits(gradient(dy, x, on_threads(threads)), expected)) << name;
  });
}

TYPED_TEST(ActivationBackward, RefusesOtherShapesBeforeItWrites) {
  const tf::tensor<TypeParam> dy({2, 3}), x({3, 2}), same({2, 3});
  auto dx = filled<TypeParam>({6}, 7);
  for_each_exact_gradient<TypeParam>([&](const std::string name, const auto& gradient, const auto& into, const auto&) {
    const std::string saved =
        name == "relu_backward" || name == "sigmoid_backward" || name == "tanh_backward" ? "result" : "input";
    EXPECT_EQ(error_of([&] { gradient(dy, x); }), name + ": expected " + saved + " of shape [2, 3], but got [3, 2]");
    EXPECT_EQ(error_of([&] { into(dx, dy, same); }), name + ": expected grad_input of shape [2, 3], but got [6]");
  });
  EXPECT_TRUE(equal(dx, filled<TypeParam>({6}, 7)));
}

TEST(ActivationBackwardIntegers, HaveBoundsOfTheirType) {
  const tf::tensor<std::int8_t> x({5}, {-128, -127, 0, 126, 127}), dy({5}, {1, 2, 3, 4, 5});
  EXPECT_TRUE(equal(tf::hardtanh_backward(dy, x, -1e9, 1e9), tf::tensor<std::int8_t>({5}, {0, 2, 3, 4, 0})));
  EXPECT_TRUE(equal(tf::hardtanh_backward(dy, x, -1.9, 126.9), tf::tensor<std::int8_t>({5}, {0, 0, 3, 0, 0})));
  EXPECT_TRUE(equal(tf::hardtanh_backward(dy, x, std::numeric_limits<double>::quiet_NaN(), 1e9),
                    tf::tensor<std::int8_t>({5}, {0, 0, 0, 4, 0})));  // 0 for NaN
}

TEST(ActivationBackwardSpecial, OfNanIsWhatPyTorchsVectorsGive) {
  const auto x = filled<float>({35}, std::numeric_limits<float>::quiet_NaN());
  const auto dy = random_tensor<float>({35});
  for (const tf::isa level : available_isas()) {
    EXPECT_TRUE(same_bits(tf::relu_backward(dy, x, on(level)), dy));
    EXPECT_TRUE(same_bits(tf::hardtanh_backward(dy, x, -1, 1, on(level)), tf::tensor<float>({35})));
    EXPECT_TRUE(same_bits(tf::hardswish_backward(dy, x, on(level)), x));
    EXPECT_TRUE(
        same_bits(tf::leaky_relu_backward(dy, x, 0.5, on(level)), map<float>(dy, [](float v) { return v / 2; })));
    EXPECT_TRUE(same_bits(tf::sigmoid_backward(dy, x, on(level)), x));
    EXPECT_TRUE(same_bits(tf::silu_backward(dy, x, on(level)), x));
    EXPECT_TRUE(same_bits(tf::hardsigmoid_backward(dy, x, on(level)), tf::tensor<float>({35})));
    EXPECT_TRUE(same_bits(tf::elu_backward(dy, x, 1, on(level)), x));
    EXPECT_TRUE(same_bits(tf::tanh_backward(dy, x, on(level)), x));
    EXPECT_TRUE(same_bits(tf::softplus_backward(dy, x, 1, 20, on(level)), x));
    EXPECT_TRUE(same_bits(tf::gelu_backward(dy, x, tf::approximate::none, on(level)), x));
    EXPECT_TRUE(same_bits(tf::gelu_backward(dy, x, tf::approximate::tanh, on(level)), x));
  }
}

// ---- silu, whose exponential rounds

template <class T>
struct SiluBackward : testing::Test {};
TYPED_TEST_SUITE(SiluBackward, floating_types);

/// What silu's gradient g s (1 + x (1 - s)) may be off by: s is within 2 units in its last place, 4 u s (kernels/
/// epilogue.inl.hpp), or 0 where it is below the normal numbers. So 1 - s is off by 4 u s and its own u (1 - s), then x
/// (1 - s) by another u, 1 + ... by another, or the two by one; g s by 5 u. In all, first order in u,
///     |error| <= u |g| s (6 |1 + x (1 - s)| + |x| (4 s + 2 (1 - s)) + |1 + x (1 - s)|)
///             <= u |g| s (7 |1 + x (1 - s)| + 4 |x|)
/// and one more for the terms of higher order. Below, what a subnormal s and underflow lose.
template <class T>
double silu_bound(double g, double x) {
  const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  const double s = 1 / (1 + std::exp(-x)), inner = std::abs(1 + x * (1 - s)),
               least = static_cast<double>(std::numeric_limits<T>::min());
  return u * std::abs(g) * s * (8 * inner + 5 * std::abs(x)) + least * (1 + std::abs(g) * (1 + std::abs(x)));
}

TYPED_TEST(SiluBackward, IsWithinItsBound) {
  for (const double limit : {1e-3, 0.1, 1.0, 6.0, 20.0, 90.0, 800.0}) {
    const auto x = map<TypeParam>(random_tensor<TypeParam>({20011}),
                                  [=](TypeParam v) { return static_cast<TypeParam>(limit * static_cast<double>(v)); });
    const auto dy = random_tensor<TypeParam>({20011}, 2);
    for (const tf::isa level : available_isas()) {
      const auto dx = tf::silu_backward(dy, x, on(level));
      for (tf::index_t i = 0; i < x.size(); ++i) {
        const long double v = x.data()[i], s = 1 / (1 + std::exp(-v));
        const long double exact = static_cast<long double>(dy.data()[i]) * s * (1 + v * (1 - s));
        ASSERT_LE(std::abs(static_cast<double>(dx.data()[i] - exact)), silu_bound<TypeParam>(dy.data()[i], x.data()[i]))
            << x.data()[i] << " " << dy.data()[i] << " " << tf::name_of(level);
      }
    }
  }
}

TYPED_TEST(SiluBackward, InPlaceOfEitherAndOnThreads) {
  const auto dy = random_tensor<TypeParam>({200, 1001}, 2), x = random_tensor<TypeParam>({200, 1001}, 3);
  const auto expected = tf::silu_backward(dy, x);
  auto over_dy = dy, over_x = x;
  tf::silu_backward_into(over_dy, over_dy, x);
  tf::silu_backward_into(over_x, dy, over_x);
  EXPECT_TRUE(same_bits(over_dy, expected));
  EXPECT_TRUE(same_bits(over_x, expected));
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(same_bits(tf::silu_backward(dy, x, on_threads(threads)), expected));
}

// ---- elu, gelu, softplus, tanh

template <class T>
struct RoundedBackward : testing::Test {};
TYPED_TEST_SUITE(RoundedBackward, floating_types);

/// What is below the smallest normal number may be 0: the normal distribution's tail, and with it the density's term,
/// which is x^2 times as much, or a logistic function with a factor of |x|^3 / 4.
TYPED_TEST(RoundedBackward, IsNearTheExactGradient) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  const double u = static_cast<double>(limits::epsilon()) / 2, least = static_cast<double>(limits::min());
  for (const double reach : {1e-3, 0.5, 3.0, 9.0, 40.0, 1000.0}) {
    const auto dy = random_tensor<T>({20003}, 2);
    const auto x =
        map<T>(random_tensor<T>({20003}, 3), [&](T v) { return static_cast<T>(static_cast<double>(v) * reach); });
    for_each_rounded_gradient<T>(
        [&](const std::string name, const auto& gradient, const auto&, const auto& reference, const auto& bound) {
          const auto exact = reference(to_double(dy), to_double(x));
          for (const tf::isa level : available_isas()) {
            const auto dx = gradient(dy, x, on(level));
            for (tf::index_t i = 0; i < dx.size(); ++i) {
              const auto v = static_cast<double>(x.data()[i]), g = std::abs(static_cast<double>(dy.data()[i]));
              const double underflow = least * (2 + 3 * v * v + std::abs(v * v * v));
              const double off = std::abs(static_cast<double>(dx.data()[i]) - exact.data()[i]);
              ASSERT_LE(off, g * (bound(g, v) * u * 1.01 + underflow) + u * std::abs(exact.data()[i]))
                  << name << " of " << v << ", " << dy.data()[i] << " " << tf::name_of(level);
            }
          }
        });
  }
}

TYPED_TEST(RoundedBackward, PlaceShapeAndThreadsDoNotMatter) {
  for (const tf::shape& shape : {tf::shape{}, {0}, {3}, {17}, {200, 1001}}) {
    const auto dy = with_special_values(random_tensor<TypeParam>(shape, 2)), x = inputs<TypeParam>(shape);
    for_each_rounded_gradient<TypeParam>(
        [&](const char* name, const auto& gradient, const auto& into, const auto&, const auto&) {
          const auto expected = gradient(dy, x);
          auto over_dy = dy, over_x = x;
          into(over_dy, over_dy, x);
          into(over_x, dy, over_x);
          EXPECT_TRUE(same_bits(over_dy, expected)) << name;
          EXPECT_TRUE(same_bits(over_x, expected)) << name;
          for (const int threads : {2, 3, 8})
            EXPECT_TRUE(same_bits(gradient(dy, x, on_threads(threads)), expected)) << name;
        });
  }
}

TYPED_TEST(RoundedBackward, RefusesOtherShapesBeforeItWrites) {
  const tf::tensor<TypeParam> dy({2, 3}), x({3, 2}), same({2, 3});
  auto dx = filled<TypeParam>({6}, 7);
  for_each_rounded_gradient<TypeParam>([&](const std::string name, const auto& gradient, const auto& into, const auto&,
                                           const auto&) {
    const std::string saved = name == "tanh_backward" ? "result" : "input";
    EXPECT_EQ(error_of([&] { gradient(dy, x); }), name + ": expected " + saved + " of shape [2, 3], but got [3, 2]");
    EXPECT_EQ(error_of([&] { into(dx, dy, same); }), name + ": expected grad_input of shape [2, 3], but got [6]");
  });
  EXPECT_TRUE(equal(dx, filled<TypeParam>({6}, 7)));
}

TEST(RoundedBackwardSpecial, OfInfinitiesIsWhatPyTorchsVectorsGive) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const tf::tensor<float> x({7}, {nan, inf, -inf, 1e30F, -1e30F, 0, -100}), dy = filled<float>({7}, 2);
  const auto infinite = filled<float>({7}, inf);
  for (const tf::isa level : available_isas()) {
    const auto expect = [&](const tf::tensor<float>& got, std::initializer_list<float> expected) {
      EXPECT_TRUE(same_bits(got, tf::tensor<float>({7}, expected))) << tf::name_of(level);
    };
    const auto ctx = on(level);
    expect(tf::elu_backward(dy, x, 1.5, ctx), {nan, 2, 0, 2, 0, 3, 0});
    expect(tf::elu_backward(infinite, x, 1.5, ctx), {nan, inf, nan, inf, nan, inf, nan});
    expect(tf::gelu_backward(dy, x, tf::approximate::none, ctx), {nan, nan, nan, 2, 0, 1, 0});
    expect(tf::gelu_backward(dy, x, tf::approximate::tanh, ctx), {nan, nan, nan, nan, nan, 1, 0});
    expect(tf::tanh_backward(dy, x, ctx), {nan, -inf, -inf, -inf, -inf, 2, -19998});
    expect(tf::softplus_backward(dy, x, 1, 20, ctx), {nan, 2, 0, 2, 0, 1, 0});
    expect(tf::softplus_backward(dy, x, -2, 3, ctx), {nan, 0, 2, 0, 2, 1, 2});
    expect(tf::hardsigmoid_backward(infinite, x, ctx), {0, 0, 0, 0, 0, inf, 0});
  }
}

/// (f(x + h) - f(x - h)) / 2h differs from the derivative by h^2 max|f'''| / 6, of which all here are below 2, and by
/// the rounding of f, 4 u max(1, |f|) / h; h balances them, and the bound is twice what they add up to.
TEST(ActivationBackwardValues, OfSmoothFunctionsAreCentralDifferences) {
  const double h = 1e-5, tolerance = 2 * (2 * h * h / 6 + 4 * std::numeric_limits<double>::epsilon() * 8 / h);
  const auto x = map<double>(random_tensor<double>({999}), [](double v) { return 7 * v; });
  const auto ones = filled<double>(x.shape(), 1);
  const auto expect_derivative = [&](const tf::tensor<double>& dx, const auto& f) {
    for (tf::index_t i = 0; i < x.size(); ++i) {
      const double v = x.data()[i];
      if (std::abs(std::abs(v) - 3) <= h) continue;  // a corner of hardswish
      EXPECT_NEAR(dx.data()[i], (f(v + h) - f(v - h)) / (2 * h), tolerance) << v;
    }
  };
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  expect_derivative(tf::sigmoid_backward(ones, tf::sigmoid(x)), sigmoid);
  expect_derivative(tf::silu_backward(ones, x), [&](double v) { return v * sigmoid(v); });
  expect_derivative(tf::hardswish_backward(ones, x),
                    [](double v) { return v * std::min(std::max(v + 3, 0.0), 6.0) / 6; });
  expect_derivative(tf::hardsigmoid_backward(ones, x),
                    [](double v) { return std::min(std::max(v + 3, 0.0), 6.0) * static_cast<double>(1.0F / 6); });
  expect_derivative(tf::tanh_backward(ones, tf::tanh(x)), [](double v) { return std::tanh(v); });
  const auto away_from_0 = map<double>(x, [&](double v) { return std::abs(v) < 2 * h ? 1 : v; });
  expect_derivative(tf::elu_backward(ones, away_from_0, 0.5), [](double v) { return v > 0 ? v : std::expm1(v) / 2; });
  expect_derivative(tf::gelu_backward(ones, x), [](double v) { return v * std::erfc(-v / std::sqrt(2.0)) / 2; });
  expect_derivative(tf::gelu_backward(ones, x, tf::approximate::tanh),
                    [](double v) { return v / (1 + std::exp(-tf::reference::parts::gelu_tanh_argument(v))); });
  expect_derivative(tf::softplus_backward(ones, x, 0.5), [](double v) { return 2 * std::log1p(std::exp(v / 2)); });
}

// ---- prelu

template <class T>
struct PreluBackward : testing::Test {};
TYPED_TEST_SUITE(PreluBackward, floating_types);

struct prelu_case {
  tf::shape input, slopes;
};

const prelu_case prelu_cases[] = {
    {{}, {}},
    {{}, {1}},
    {{7}, {1}},
    {{2, 3, 4, 5}, {3}},
    {{2, 3, 4, 5}, {1}},
    {{2, 3, 4, 5}, {}},
    {{5, 7}, {7}},
    {{40, 67}, {67}},
    {{3, 2, 9001}, {2}},
    {{2, 1100, 3}, {1100}},
    {{3, 5, 0}, {5}},
    {{0, 3, 4}, {3}},
    {{2, 0, 4}, {0}},
    {{1, 2, 200, 201}, {2}},
    {{70001}, {1}},
    {{300, 40, 7}, {40}},
    {{2, 4, 1, 3, 2}, {4}},
    {{4}, {1}},
    {{300, 1030}, {1030}},
};

/// Any order of the additions: see rounding_bound. `magnitude` is the gradient of absolute values.
template <class T>
void expect_near_reference(const tf::tensor<T>& dy, const tf::tensor<T>& x, const tf::tensor<T>& slopes) {
  const auto expected = tf::reference::prelu_backward(dy, x, slopes);
  const auto exact = tf::reference::prelu_backward(to_double(dy), to_double(x), to_double(slopes)).grad_slopes;
  const auto magnitude = tf::reference::prelu_backward(
      magnitudes(dy), map<double>(x, [](T v) { return v > 0 ? 1.0 : -std::abs(static_cast<double>(v)); }),
      to_double(slopes));
  for (const tf::isa level : available_isas()) {
    const auto got = tf::prelu_backward(dy, x, slopes, on(level));
    EXPECT_TRUE(same_bits(got.grad_input, expected.grad_input)) << x.shape() << " " << tf::name_of(level);
    EXPECT_TRUE(within_rounding(got.grad_slopes, exact, magnitudes(magnitude.grad_slopes), x.size() + 2))
        << x.shape() << " " << slopes.shape() << " " << tf::name_of(level);
  }
}

TYPED_TEST(PreluBackward, IsNearReference) {
  for (const prelu_case& c : prelu_cases)
    expect_near_reference(random_tensor<TypeParam>(c.input, 2), random_tensor<TypeParam>(c.input),
                          random_tensor<TypeParam>(c.slopes, 3));
}

/// Whose sums are exact.
TYPED_TEST(PreluBackward, EqualsReferenceOnSmallIntegersAndSpecialValues) {
  for (const prelu_case& c : prelu_cases) {
    const auto dy = small_integers<TypeParam>(c.input, 2), slopes = small_integers<TypeParam>(c.slopes, 3);
    const auto finite = small_integers<TypeParam>(c.input);
    // Without the lowest number, beside which others are lost or not, depending on the order.
    const auto special = map<TypeParam>(with_special_values(finite), [](TypeParam v) {
      return v == std::numeric_limits<TypeParam>::lowest() ? TypeParam{-1} : v;
    });
    for (const auto& x : {finite, special}) {
      const auto expected = tf::reference::prelu_backward(dy, x, slopes);
      for (const tf::isa level : available_isas()) {
        const auto got = tf::prelu_backward(dy, x, slopes, on(level));
        EXPECT_TRUE(same_bits(got.grad_input, expected.grad_input)) << c.input;
        EXPECT_TRUE(equal(got.grad_slopes, expected.grad_slopes)) << c.input;
      }
    }
  }
}

TYPED_TEST(PreluBackward, ThreadsWorkspaceAndPlaceDoNotMatter) {
  for (const prelu_case& c : prelu_cases) {
    const auto dy = random_tensor<TypeParam>(c.input, 2), x = random_tensor<TypeParam>(c.input),
               slopes = random_tensor<TypeParam>(c.slopes, 3);
    const auto expected = tf::prelu_backward(dy, x, slopes);
    for (const int threads : {1, 2, 3, 8})
      for (const tf::index_t cap : {0, 64 << 10}) {
        tf::context ctx = on_threads(threads);
        ctx.max_workspace_bytes = cap;
        const tf::index_t bytes = tf::prelu_backward_workspace_bytes(dy, x, slopes, ctx);
        EXPECT_LE(bytes, (cap > 0 ? cap : 8 << 20) + 64);
        std::vector<std::byte> workspace(static_cast<std::size_t>(bytes));
        ctx.workspace = workspace;
        auto over = threads % 2 == 0 ? dy : x;
        auto grad_slopes = filled<TypeParam>(c.slopes, 7);
        if (threads % 2 == 0)
          tf::prelu_backward_into(over, grad_slopes, over, x, slopes, ctx);
        else
          tf::prelu_backward_into(over, grad_slopes, dy, over, slopes, ctx);
        EXPECT_TRUE(same_bits(over, expected.grad_input)) << c.input << " " << threads;
        EXPECT_TRUE(same_bits(grad_slopes, expected.grad_slopes)) << c.input << " " << threads;
        if (bytes > 0) {
          ctx.workspace = std::span(workspace).first(workspace.size() - 1);
          EXPECT_NE(error_of([&] { tf::prelu_backward(dy, x, slopes, ctx); }), "");
        }
      }
  }
}

TEST(PreluBackwardErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& dy, const tf::shape& x, const tf::shape& slopes) {
    auto dx = filled<float>(x, 7), grad_slopes = filled<float>(slopes, 7);
    const auto text = error_of([&] {
      tf::prelu_backward_into(dx, grad_slopes, tf::tensor<float>(dy), tf::tensor<float>(x), tf::tensor<float>(slopes));
    });
    EXPECT_TRUE(equal(dx, filled<float>(x, 7)));
    EXPECT_TRUE(equal(grad_slopes, filled<float>(slopes, 7)));
    EXPECT_EQ(
        error_of([&] { tf::prelu_backward(tf::tensor<float>(dy), tf::tensor<float>(x), tf::tensor<float>(slopes)); }),
        text);
    EXPECT_EQ(error_of([&] {
                tf::reference::prelu_backward(tf::tensor<float>(dy), tf::tensor<float>(x), tf::tensor<float>(slopes));
              }),
              text);
    return text;
  };
  EXPECT_EQ(error({2, 3, 4}, {2, 3, 4}, {2}),
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = 2 and channel size = 3.");
  EXPECT_EQ(error({2}, {2}, {2}),
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = 2 and channel size = 1.");
  EXPECT_EQ(error({}, {}, {2}), "Not allow zero-dim input tensor.");
  EXPECT_EQ(error({2, 3}, {2, 3}, {3, 1}), "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = 2");
  EXPECT_EQ(error({2, 3}, {2, 3}, {1, 1}), "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = 2");
  EXPECT_EQ(error({3, 2}, {2, 3}, {3}), "prelu_backward: expected grad_output of shape [2, 3], but got [3, 2]");
}

TEST(PreluBackwardSpecial, NanAndInfinities) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const tf::tensor<float> x({1, 2, 2}, {nan, 1, -1, inf}), dy({1, 2, 2}, {2, inf, 3, nan}), slopes({2}, {0.5F, 0});
  const auto got = tf::prelu_backward(dy, x, slopes);
  EXPECT_TRUE(same_bits(got.grad_input, tf::tensor<float>({1, 2, 2}, {1, inf, 0, nan})));
  EXPECT_TRUE(same_bits(got.grad_slopes, tf::tensor<float>({2}, {nan, -3})));
}

TEST(ActivationBackwardWorkspace, IsNoneButPrelus) {
  const tf::tensor<float> x({2, 3, 4, 5});
  EXPECT_EQ(tf::relu_backward_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::sigmoid_backward_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::leaky_relu_backward_workspace_bytes(x, x, 0.1), 0);
  EXPECT_EQ(tf::hardtanh_backward_workspace_bytes(x, x, -1, 1), 0);
  EXPECT_EQ(tf::silu_backward_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::hardswish_backward_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::hardsigmoid_backward_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::tanh_backward_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::elu_backward_workspace_bytes(x, x, 1), 0);
  EXPECT_EQ(tf::gelu_backward_workspace_bytes(x, x, tf::approximate::tanh), 0);
  EXPECT_EQ(tf::softplus_backward_workspace_bytes(x, x, 1, 20), 0);
}

}  // namespace
