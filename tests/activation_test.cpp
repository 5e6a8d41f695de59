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
