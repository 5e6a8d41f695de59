#include <tenfold/activation.hpp>
#include <tenfold/detail/run/prepared.hpp>  // epilogue_of
#include <tenfold/reference.hpp>

#include "support.hpp"

#include <bit>  // bit_cast

using namespace tenfold_test;

namespace {

/// Ranks, and sizes around those of the vectors.
const tf::shape shapes[] = {{}, {0}, {1}, {3}, {16}, {17}, {2, 0, 3}, {5, 7}, {2, 3, 4, 5}, {2, 1, 2, 1, 2, 1, 2, 67}};

template <class T>
struct Relu : testing::Test {};
TYPED_TEST_SUITE(Relu, element_types);

TYPED_TEST(Relu, EqualsReference) {
  for (const tf::shape& shape : shapes) {
    const auto x = with_special_values(random_tensor<TypeParam>(shape));
    const auto expected = tf::reference::relu(x);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::relu(x, on(level)), expected)) << shape << " " << tf::name_of(level);
  }
}

TYPED_TEST(Relu, InPlaceAndOnThreads) {
  const auto x = random_tensor<TypeParam>({400, 1001});
  const auto expected = tf::relu(x);
  auto y = x;
  tf::relu_into(y, y);
  EXPECT_TRUE(same_bits(y, expected));
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(same_bits(tf::relu(x, on_threads(threads)), expected)) << threads;
}

TEST(ReluSpecial, NaNAndMinusZeroStay) {
  for (const tf::isa level : available_isas()) {
    const auto x = filled<float>({33}, std::numeric_limits<float>::quiet_NaN());
    EXPECT_TRUE(same_bits(tf::relu(x, on(level)), x));
    const auto zeros = filled<float>({33}, -0.0F);
    EXPECT_TRUE(same_bits(tf::relu(zeros, on(level)), zeros));
  }
}

template <class T>
struct Sigmoid : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(Sigmoid, floating_types);

/// From -limit to limit in equal steps.
template <class T>
tf::tensor<T> ramp(T limit, tf::index_t count) {
  tf::tensor<T> x({count});
  for (tf::index_t i = 0; i < count; ++i) x.data()[i] = limit * (static_cast<T>(2 * i) / static_cast<T>(count - 1) - 1);
  return x;
}

/// The distance of the numbers of type T around x.
template <class T>
long double unit_in_the_last_place(long double x) {
  return std::ldexp(1.0L, std::ilogb(x) + 1 - std::numeric_limits<T>::digits);
}

// kernels/activation.inl.hpp derives the bound. The long double results have 11 bits more than double's.
TYPED_TEST(Sigmoid, IsWithinTwoUnitsInTheLastPlace) {
  using limits = std::numeric_limits<TypeParam>;
  for (const double limit : {1e-3, 0.01, 0.1, 1.0, 6.0, 20.0, 90.0, 800.0}) {
    const auto x = ramp(static_cast<TypeParam>(limit), 40001);
    for (const tf::isa level : available_isas()) {
      const auto y = tf::sigmoid(x, on(level));
      for (tf::index_t i = 0; i < x.size(); ++i) {
        const long double exact = 1 / (1 + std::exp(-static_cast<long double>(x.data()[i])));
        const auto bound = exact < limits::min() ? static_cast<long double>(limits::min())
                                                 : 2 * unit_in_the_last_place<TypeParam>(exact);
        ASSERT_LE(std::abs(static_cast<long double>(y.data()[i]) - exact), bound)
            << x.data()[i] << " " << tf::name_of(level);
      }
    }
  }
}

TYPED_TEST(Sigmoid, NaNInOneLaneStaysThere) {
  for (const tf::isa level : available_isas())
    for (tf::index_t at = 0; at < 35; ++at) {
      auto x = ramp(TypeParam{5}, 35);
      const auto expected = tf::sigmoid(x, on(level));
      x(at) = std::numeric_limits<TypeParam>::quiet_NaN();
      const auto y = tf::sigmoid(x, on(level));
      for (tf::index_t i = 0; i < 35; ++i)
        EXPECT_TRUE(i == at ? std::isnan(y(i)) : y(i) == expected(i)) << at << " " << i << " " << tf::name_of(level);
    }
}

TYPED_TEST(Sigmoid, OfSpecialValues) {
  using limits = std::numeric_limits<TypeParam>;
  const tf::tensor<TypeParam> x({6},
                                {limits::infinity(), -limits::infinity(), limits::max(), limits::lowest(), 0, -0.0});
  const tf::tensor<TypeParam> expected({6}, {1, 0, 1, 0, 0.5, 0.5});
  for (const tf::isa level : available_isas()) {
    EXPECT_TRUE(same_bits(tf::sigmoid(x, on(level)), expected)) << tf::name_of(level);
    // All payload bits set: the exponent's arithmetic on the bits once overflowed a signed integer there.
    const auto payload = std::bit_cast<TypeParam>(
        std::numeric_limits<std::conditional_t<sizeof(TypeParam) == 4, std::int32_t, std::int64_t>>::max());
    EXPECT_TRUE(std::isnan(tf::sigmoid(filled<TypeParam>({33}, payload), on(level))(32)));
    EXPECT_TRUE(std::isnan(tf::sigmoid(filled<TypeParam>({1}, limits::quiet_NaN()), on(level))(0)));
  }
}

TYPED_TEST(Sigmoid, AResultDoesNotDependOnItsPlace) {
  const auto x = ramp(TypeParam{30}, 5000);
  for (const tf::isa level : available_isas()) {
    const auto whole = tf::sigmoid(x, on(level));
    for (tf::index_t begin = 0; begin < 70; ++begin) {
      const tf::shape rest{70 - begin};
      EXPECT_TRUE(same_bits(tf::sigmoid(tf::tensor_view<const TypeParam>(x.data() + begin, rest), on(level)),
                            tf::tensor_view<const TypeParam>(whole.data() + begin, rest)))
          << begin << " " << tf::name_of(level);
    }
  }
  const auto whole = tf::sigmoid(ramp(TypeParam{30}, 400001));
  for (const int threads : {2, 3, 8})
    EXPECT_TRUE(same_bits(tf::sigmoid(ramp(TypeParam{30}, 400001), on_threads(threads)), whole)) << threads;
}

TYPED_TEST(Sigmoid, AnyShapeAndInPlace) {
  for (const tf::shape& shape : shapes) {
    auto x = random_tensor<TypeParam>(shape);
    const auto y = tf::sigmoid(x);
    EXPECT_EQ(y.shape(), shape);
    tf::sigmoid_into(x, x);
    EXPECT_TRUE(same_bits(x, y)) << shape;
  }
}

TEST(SigmoidOfIntegers, IsFloat) {
  const tf::tensor<std::int64_t> x({3}, {-2, 0, 1000});
  const auto y = tf::sigmoid(x);
  EXPECT_TRUE(same_bits(y, tf::sigmoid(tf::tensor<float>({3}, {-2, 0, 1000}))));
  EXPECT_EQ(tf::sigmoid(tf::tensor<std::int8_t>({1}))(0), 0.5F);
}

// ---- the other activations

/// Calls check(name, tenfold's function, its _into, reference.hpp's): functions of (input, context...).
#define ACTIVATION(name, ...)                                                                                       \
  check(                                                                                                            \
      #name, [](const auto& x, const auto&... ctx) { return tf::name(x __VA_OPT__(, ) __VA_ARGS__, ctx...); },      \
      [](auto& y, const auto& x, const auto&... ctx) { tf::name##_into(y, x __VA_OPT__(, ) __VA_ARGS__, ctx...); }, \
      [](const auto& x) { return tf::reference::name(x __VA_OPT__(, ) __VA_ARGS__); })

/// Those whose results are exact, or rounded in one order.
template <class T, class Check>
void for_each_exact(const Check& check) {
  ACTIVATION(hardtanh, -1, 1);
  ACTIVATION(hardtanh, 0, 6);
  ACTIVATION(clamp, -3, 2);
  ACTIVATION(clamp, 3, -2);
  ACTIVATION(clamp, {}, 2);
  ACTIVATION(clamp, -2, {});
  if constexpr (std::floating_point<T>) {
    ACTIVATION(leaky_relu, 0.01);
    ACTIVATION(leaky_relu, -0.3);
    ACTIVATION(hardswish);
    ACTIVATION(hardsigmoid);
    ACTIVATION(clamp, -0.25, std::numeric_limits<double>::quiet_NaN());
  }
}
template <class Check>
void for_each_rounded(const Check& check) {
  ACTIVATION(silu);
  ACTIVATION(tanh);
  ACTIVATION(elu, 1);
  ACTIVATION(elu, -1.7);
  ACTIVATION(gelu, tf::approximate::none);
  ACTIVATION(gelu, tf::approximate::tanh);
  ACTIVATION(softplus, 1, 20);
  ACTIVATION(softplus, -0.5, 1.25);
}

/// From -6 to 6 in steps of a quarter and beyond, so that all bounds occur, with special values.
template <class T>
tf::tensor<T> inputs(const tf::shape& shape) {
  return with_special_values(map<T>(small_integers<T>(shape, 7, 24),
                                    [](T v) { return static_cast<T>(std::floating_point<T> ? v / T{4} : v); }));
}

template <class T>
struct Activation : testing::Test {};
TYPED_TEST_SUITE(Activation, element_types);
template <class T>
struct RoundedActivation : testing::Test {};
TYPED_TEST_SUITE(RoundedActivation, floating_types);

TYPED_TEST(Activation, EqualsReference) {
  for (const tf::shape& shape : shapes) {
    const auto x = inputs<TypeParam>(shape);
    for_each_exact<TypeParam>([&](const char* name, const auto& call, const auto&, const auto& reference) {
      const auto expected = reference(x);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(call(x, on(level)), expected)) << name << " " << shape << " " << tf::name_of(level);
    });
  }
}

template <class T, class Call, class Into>
void expect_place_and_threads_do_not_matter(const char* name, const Call& call, const Into& into) {
  const auto x = inputs<T>({400, 1001});
  const auto expected = call(x);
  auto y = x;
  into(y, y);
  EXPECT_TRUE(same_bits(y, expected)) << name;
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(same_bits(call(x, on_threads(threads)), expected)) << name;
  const auto part = ramp(T{30}, 500);
  for (const tf::isa level : available_isas()) {
    const auto whole = call(part, on(level));
    for (tf::index_t begin = 0; begin < 70; begin += 3) {
      const tf::shape rest{70 - begin};
      EXPECT_TRUE(same_bits(call(tf::tensor_view<const T>(part.data() + begin, rest), on(level)),
                            tf::tensor_view<const T>(whole.data() + begin, rest)))
          << name << " " << begin;
    }
  }
}

TYPED_TEST(RoundedActivation, PlaceAndThreadsDoNotMatter) {
  const auto check = [](const char* name, const auto& call, const auto& into, const auto&) {
    expect_place_and_threads_do_not_matter<TypeParam>(name, call, into);
  };
  for_each_exact<TypeParam>(check);
  for_each_rounded(check);
}

TYPED_TEST(Activation, TouchesNothingOnError) {
  const tf::tensor<TypeParam> x({2, 3});
  auto y = filled<TypeParam>({3, 2}, 7);
  const auto check = [&](const std::string name, const auto&, const auto& into, const auto&) {
    EXPECT_EQ(error_of([&] { into(y, x); }), name + ": expected output of shape [2, 3], but got [3, 2]");
  };
  for_each_exact<TypeParam>(check);
  if constexpr (std::floating_point<TypeParam>) for_each_rounded(check);
  EXPECT_TRUE(equal(y, filled<TypeParam>({3, 2}, 7)));
}

/// Within `units(x)` units in the last place of the exact result, or half a one more where the reference has rounded
/// it; where the exact result is below `least` it may be 0.
template <class T, class Call, class Exact, class Units>
void expect_within(const char* name, const Call& call, const Exact& exact, const Units& units, double least) {
  using limits = std::numeric_limits<T>;
  const double widest = sizeof(T) == 4 ? 100 : 800;
  for (const double limit : {1e-30, 1e-3, 0.1, 0.7, 3.0, 9.0, 20.0, 40.0, widest}) {
    const auto x = ramp(static_cast<T>(limit), 20001);
    for (const tf::isa level : available_isas()) {
      const auto y = call(x, on(level));
      for (tf::index_t i = 0; i < x.size(); ++i) {
        const auto v = static_cast<long double>(x.data()[i]);
        const long double e = exact(v);
        const auto bound =
            static_cast<long double>(units(std::abs(static_cast<double>(v)))) *
                unit_in_the_last_place<T>(std::max(std::abs(e), static_cast<long double>(limits::min()))) +
            static_cast<long double>(least) * static_cast<long double>(limits::min());
        ASSERT_LE(std::abs(static_cast<long double>(y.data()[i]) - e), bound)
            << name << " of " << x.data()[i] << " " << tf::name_of(level);
      }
    }
  }
}

// kernels/epilogue.inl.hpp derives the bounds. Factors of x that are below the smallest normal number are 0.
TYPED_TEST(RoundedActivation, IsWithinAFewUnitsInTheLastPlace) {
  using T = TypeParam;
  const auto units = [](double n) { return [n](double) { return n; }; };
  const auto call = [](const auto& f) { return f; };
  expect_within<T>(
      "tanh", call([](const auto& x, const tf::context& c) { return tf::tanh(x, c); }),
      [](long double v) { return std::tanh(v); }, units(5), 0);
  expect_within<T>(
      "elu", call([](const auto& x, const tf::context& c) { return tf::elu(x, 0.5, c); }),
      [](long double v) { return v < 0 ? 0.5L * std::expm1(v) : v; }, units(3), 0);
  expect_within<T>(
      "silu", call([](const auto& x, const tf::context& c) { return tf::silu(x, c); }),
      [](long double v) { return v / (1 + std::exp(-v)); }, units(4), 1000);
  expect_within<T>(
      "softplus", call([](const auto& x, const tf::context& c) { return tf::softplus(x, 1, 1e9, c); }),
      [](long double v) { return (v > 0 ? v : 0) + std::log1p(std::exp(-std::abs(v))); }, units(7), 1);
  expect_within<T>(
      "gelu", call([](const auto& x, const tf::context& c) { return tf::gelu(x, tf::approximate::none, c); }),
      [](long double v) {
        const long double tail = std::erfc(std::abs(v) / std::sqrt(2.0L)) / 2;
        return v > 0 ? v - v * tail : v * tail;
      },
      units(14), 1000);
  expect_within<T>(
      "gelu by tanh", call([](const auto& x, const tf::context& c) { return tf::gelu(x, tf::approximate::tanh, c); }),
      [](long double v) { return v / (1 + std::exp(-tf::reference::parts::gelu_tanh_argument(v))); },
      [](double x) { return 4 + 8 * 0.7979 * (x + 0.044715 * x * x * x); }, 1000);
}

TYPED_TEST(RoundedActivation, OfSpecialValues) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  const T inf = limits::infinity(), nan = limits::quiet_NaN(), tiny = limits::denorm_min() * 1000;
  const auto expect = [&](const char* name, const auto& call, std::initializer_list<T> expected) {
    const tf::tensor<T> x({9}, {nan, inf, -inf, 0, -T{0}, limits::max(), limits::lowest(), tiny, -tiny});
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(call(x, on(level)), tf::tensor<T>({9}, expected))) << name << " " << tf::name_of(level);
  };
  const T most = limits::max(), half = tiny / 2, log2 = static_cast<T>(0.693147180559945309417L);
  expect("tanh", [](const auto& x, const tf::context& c) { return tf::tanh(x, c); },
         {nan, 1, -1, 0, -T{0}, 1, -1, tiny, -tiny});
  expect("elu", [](const auto& x, const tf::context& c) { return tf::elu(x, 1, c); },
         {nan, inf, -1, 0, -T{0}, most, -1, tiny, -tiny});
  expect("silu", [](const auto& x, const tf::context& c) { return tf::silu(x, c); },
         {nan, inf, nan, 0, -T{0}, most, -T{0}, half, -half});
  expect("softplus", [](const auto& x, const tf::context& c) { return tf::softplus(x, 1, 20, c); },
         {nan, inf, 0, log2, log2, most, 0, log2, log2});
  expect("softplus of a wrong beta", [](const auto& x, const tf::context& c) { return tf::softplus(x, 0, 20, c); },
         {nan, nan, nan, inf, inf, inf, inf, inf, inf});
  expect("gelu", [](const auto& x, const tf::context& c) { return tf::gelu(x, tf::approximate::none, c); },
         {nan, inf, nan, 0, -T{0}, most, -T{0}, half, -half});
  expect("gelu by tanh", [](const auto& x, const tf::context& c) { return tf::gelu(x, tf::approximate::tanh, c); },
         {nan, inf, nan, 0, -T{0}, most, -T{0}, half, -half});
  expect("leaky_relu", [](const auto& x, const tf::context& c) { return tf::leaky_relu(x, 0.5, c); },
         {nan, inf, -inf, 0, -T{0}, most, limits::lowest() / 2, tiny, -half});
  expect("hardtanh", [](const auto& x, const tf::context& c) { return tf::hardtanh(x, 0, 6, c); },
         {nan, 6, 0, 0, -T{0}, 6, 0, tiny, 0});
  expect("clamp", [&](const auto& x, const tf::context& c) { return tf::clamp(x, static_cast<double>(nan), 6, c); },
         {nan, nan, nan, nan, nan, nan, nan, nan, nan});
}

TEST(ActivationOfIntegers, IsTorchs) {
  const tf::tensor<std::int8_t> x({5}, {-128, -5, 0, 5, 127});
  EXPECT_TRUE(same_bits(tf::tanh(x), tf::tanh(tf::tensor<float>({5}, {-128, -5, 0, 5, 127}))));
  EXPECT_TRUE(equal(tf::clamp(x, -300, 4), tf::tensor<std::int8_t>({5}, {-128, -5, 0, 4, 4})));
  EXPECT_TRUE(equal(tf::hardtanh(x, -1.9, 3.9), tf::tensor<std::int8_t>({5}, {-1, -1, 0, 3, 3})));
  const tf::tensor<std::int64_t> wide({2}, {INT64_MAX - 1, INT64_MIN});
  EXPECT_TRUE(equal(tf::clamp(wide, {}, INT64_MAX - 2), tf::tensor<std::int64_t>({2}, {INT64_MAX - 2, INT64_MIN})));
}

TEST(ActivationErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({3});
  const tf::tensor<std::int8_t> i({3});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  auto y = filled<std::int8_t>({3}, 7);
  const std::string wide = "value cannot be converted to type int64_t without overflow";
  EXPECT_EQ(error_of([&] { tf::hardtanh(x, 3, 1); }), "min_val cannot be greater than max_val");
  EXPECT_EQ(error_of([&] { tf::hardtanh_into(y, i, 3, 1); }), "min_val cannot be greater than max_val");
  EXPECT_EQ(error_of([&] { tf::hardtanh(i, nan, 1); }), wide);
  EXPECT_EQ(error_of([&] { tf::hardtanh(i, -1e30, 1); }), wide);
  EXPECT_EQ(error_of([&] { tf::hardtanh(i, 300, 400); }),
            "Clamp min value 300 is outside the representable range of Char");
  EXPECT_EQ(error_of([&] { tf::clamp(x, {}); }), "torch.clamp: At least one of 'min' or 'max' must not be None");
  EXPECT_EQ(error_of([&] { tf::clamp(i, 300, 200); }),
            "Clamp min value 300 is outside the representable range of Char");
  EXPECT_EQ(error_of([&] { tf::clamp_into(y, i, {}, -300); }),
            "Clamp max value -300 is outside the representable range of Char");
  EXPECT_TRUE(equal(y, filled<std::int8_t>({3}, 7)));
}

// ---- prelu

struct prelu_shapes {
  tf::shape input, slopes;
};

const prelu_shapes prelu_cases[] = {{{}, {}},
                                    {{}, {1}},
                                    {{7}, {1}},
                                    {{2, 3, 4, 5}, {3}},
                                    {{2, 3, 4, 5}, {}},
                                    {{40, 67}, {67}},
                                    {{3, 2, 9001}, {2}},
                                    {{2, 1100, 3}, {1100}},
                                    {{1, 64, 7, 7}, {64}},
                                    {{0, 3, 4}, {3}},
                                    {{2, 0, 4}, {0}},
                                    {{2, 1, 4}, {1}},
                                    {{300, 1030}, {1030}},
                                    {{2, 4, 1, 3, 2}, {4}}};

TYPED_TEST(RoundedActivation, PreluEqualsReference) {
  for (const prelu_shapes& c : prelu_cases) {
    const auto x = inputs<TypeParam>(c.input), slopes = with_special_values(random_tensor<TypeParam>(c.slopes, 3), 5);
    const auto expected = tf::reference::prelu(x, slopes);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::prelu(x, slopes, on(level)), expected)) << c.input << " " << tf::name_of(level);
    for (const int threads : {2, 8}) EXPECT_TRUE(same_bits(tf::prelu(x, slopes, on_threads(threads)), expected));
    auto y = x;
    tf::prelu_into(y, y, slopes);
    EXPECT_TRUE(same_bits(y, expected)) << c.input << " in place";
  }
}

TEST(PreluErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& x, const tf::shape& slopes) {
    auto y = filled<float>(x, 7);
    const auto text = error_of([&] { tf::prelu_into(y, tf::tensor<float>(x), tf::tensor<float>(slopes)); });
    EXPECT_TRUE(equal(y, filled<float>(x, 7)));
    EXPECT_EQ(error_of([&] { tf::prelu(tf::tensor<float>(x), tf::tensor<float>(slopes)); }), text);
    return text;
  };
  const std::string mismatch = "Mismatch of parameter numbers and input channel size. Found parameter numbers = ";
  EXPECT_EQ(error({2, 3, 4}, {2}), mismatch + "2 and channel size = 3.");
  EXPECT_EQ(error({2}, {2}), mismatch + "2 and channel size = 1.");
  EXPECT_EQ(error({}, {2}), "Not allow zero-dim input tensor.");
  EXPECT_EQ(error({2, 3}, {3, 1}), "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = 2");
  auto y = filled<float>({3, 2}, 7);
  EXPECT_EQ(error_of([&] {
              tf::prelu_into(y, tf::tensor<float>({2, 3}), tf::tensor<float>({3}));
            }),
            "prelu: expected output of shape [2, 3], but got [3, 2]");
}

TEST(ActivationWorkspace, IsNone) {
  const tf::tensor<float> x({2, 3});
  EXPECT_EQ(tf::gelu_workspace_bytes(x), 0);
  EXPECT_EQ(tf::clamp_workspace_bytes(x, -1, 1), 0);
  EXPECT_EQ(tf::prelu_workspace_bytes(x, x), 0);
  EXPECT_EQ(tf::tanh_output_shape({2, 3}), (tf::shape{2, 3}));
}

// ---- the lines of prepared layers

/// All of epilogue::finish: each place of a vector, steps of values and places, with a residual and without, in place.
template <class T>
void expect_line(const tf::detail::epilogue<T>& e, const tf::activation& after, tf::index_t count,
                 tf::index_t value_step, tf::index_t step) {
  const auto values = with_special_values(small_integers<T>({1 + count * value_step}, 1));
  const auto added = with_special_values(small_integers<T>({count * step + 5}, 2), 2);
  for (const bool adds : {false, true}) {
    auto place = filled<T>(added.shape(), T{77});
    auto in_place = added;
    tf::tensor<T> sums({1, 1, count});
    for (tf::index_t i = 0; i < count; ++i) sums(0, 0, i) = values(i * value_step);
    if (adds)
      for (tf::index_t i = 0; i < count; ++i) sums(0, 0, i) = static_cast<T>(sums(0, 0, i) + added(5 + i * step));
    tf::detail::epilogue<T> with = e;
    with.residual = adds ? added.data() : nullptr;
    with.output = place.data();
    with.finish(0, count, values.data(), value_step, place.data() + 5, step);
    with.residual = with.output = in_place.data();
    if (adds) with.finish(0, count, values.data(), value_step, in_place.data() + 5, step);
    const auto expected = tf::reference::activated(sums, after);
    for (tf::index_t i = 0; i < place.size(); ++i) {
      const bool is_output = i >= 5 && (i - 5) % step == 0 && (i - 5) / step < count;
      const T there = is_output ? expected.data()[(i - 5) / step] : T{77};
      EXPECT_TRUE(same_value(place(i), there, zeros::by_sign)) << count << " of " << value_step << ", " << step;
      if (!adds) continue;
      EXPECT_TRUE(same_value(in_place(i), is_output ? there : added(i), zeros::by_sign))
          << count << " of " << value_step << ", " << step << " in place";
    }
  }
}

TYPED_TEST(Relu, LinesAreFinished) {
  using T = TypeParam;
  using tf::activation;
  std::vector<activation> all{activation::none, activation::relu, activation::clip(-2, 3)};
  if constexpr (std::floating_point<T>) {
    all.push_back(activation::leaky_relu(0.3));
    all.push_back(activation::hard_swish);
    all.push_back(activation::hard_sigmoid);
  }
  for (const tf::isa level : available_isas())
    for (const activation& after : all)
      for (const tf::index_t count : {0, 1, 3, 4, 7, 8, 15, 16, 17, 64, 65, 67})
        for (const tf::index_t value_step : {0, 1, 3})
          for (const tf::index_t step : {1, 2}) {
            const auto e = tf::detail::epilogue_of<T>(after, nullptr, nullptr, nullptr, level);
            expect_line<T>(e, after, count, value_step, step);
          }
}

TEST(ActivationInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({2, 3});
  auto y = filled<float>({3, 2}, 7);
  EXPECT_EQ(error_of([&] { tf::relu_into(y, x); }), "relu: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_EQ(error_of([&] { tf::sigmoid_into(y, x); }), "sigmoid: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 7)));
}

}  // namespace
