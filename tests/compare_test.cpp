// The comparers: they are what every other test believes.
#include "support.hpp"

#include <cmath>  // fma, nextafter
#include <random>
#include <vector>

using namespace tenfold_test;
using tf::index_t;

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

tf::tensor<float> row(std::initializer_list<float> values) {
  return tf::tensor<float>({static_cast<index_t>(values.size())}, values);
}

TEST(Equal, TakesEqualElementsOnly) {
  EXPECT_TRUE(equal(row({1, 2, 3}), row({1, 2, 3})));
  EXPECT_FALSE(equal(row({1, 2, 3}), row({1, 2, 4})));
  EXPECT_FALSE(equal(row({1, 2, 3}), row({1, 2, std::nextafter(3.0f, 4.0f)})));
  EXPECT_TRUE(equal(row({}), row({})));
}

TEST(Equal, TakesEqualShapesOnly) {
  EXPECT_FALSE(equal(row({1, 2}), row({1, 2, 3})));
  EXPECT_FALSE(equal(tf::tensor<float>({1, 2}), tf::tensor<float>({2, 1})));
  EXPECT_FALSE(equal(tf::tensor<float>({0, 2}), tf::tensor<float>({2, 0})));
}

TEST(Equal, NanIsEqualToNanOnly) {
  EXPECT_TRUE(equal(row({nan}), row({nan})));
  EXPECT_TRUE(equal(row({nan}), row({-nan})));
  EXPECT_FALSE(equal(row({nan}), row({1})));
  EXPECT_FALSE(equal(row({1}), row({nan})));
  EXPECT_FALSE(equal(row({inf}), row({-inf})));
}

TEST(Equal, SeesTheSignOfZeroWhenAsked) {
  EXPECT_TRUE(equal(row({0.0f}), row({-0.0f})));
  EXPECT_FALSE(equal(row({0.0f}), row({-0.0f}), zeros::by_sign));
  EXPECT_FALSE(same_bits(row({0.0f}), row({-0.0f})));
  EXPECT_TRUE(same_bits(row({-0.0f, nan}), row({-0.0f, nan})));
}

TEST(Equal, SeesTheLastBitOfAnInteger) {
  constexpr std::int64_t big = (std::int64_t{1} << 62) + 1;  // a double would lose it
  EXPECT_TRUE(equal(tf::tensor<std::int64_t>({1}, {big}), tf::tensor<std::int64_t>({1}, {big})));
  EXPECT_FALSE(equal(tf::tensor<std::int64_t>({1}, {big}), tf::tensor<std::int64_t>({1}, {big - 1})));
}

TEST(Equal, NamesTheFirstDifference) {
  const std::string text = equal(row({1, 2, 3, 5}), row({1, 9, 3, 4})).message();
  EXPECT_NE(text.find("2 of 4 elements"), std::string::npos) << text;
  EXPECT_NE(text.find("[1]: 2, not 9"), std::string::npos) << text;
}

// ---- within_rounding
// -------------------------------------------------------------------------------------------------

/// An inner product's terms, both factors in [1/2, 1), so that no term is below a quarter.
template <class T>
struct inner_product {
  std::vector<T> a, b;
  double exact = 0, magnitude = 0;

  explicit inner_product(int terms) {
    std::mt19937 random(static_cast<unsigned>(terms));
    std::uniform_real_distribution<T> size(T{0.5}, T{1});
    for (int i = 0; i < terms; ++i) {
      a.push_back(random() % 2 ? size(random) : -size(random));
      b.push_back(size(random));
      const double term = static_cast<double>(a.back()) * static_cast<double>(b.back());
      exact += term;
      magnitude += std::abs(term);
    }
  }

  testing::AssertionResult accepts(double sum) const {
    tf::tensor<T> got({1});
    got(0) = static_cast<T>(sum);
    return within_rounding(got, tf::tensor<double>({1}, {exact}), tf::tensor<double>({1}, {magnitude}),
                           static_cast<index_t>(a.size()));
  }
};

template <class T>
class WithinRounding : public testing::Test {};
using float_types = testing::Types<float, double>;
TYPED_TEST_SUITE(WithinRounding, float_types);

TYPED_TEST(WithinRounding, AcceptsEveryOrderOfSummation) {
  using T = TypeParam;
  for (const int terms : {1, 2, 9, 576, 1024}) {
    const inner_product<T> p(terms);
    T forward = 0, backward = 0, fused = 0, blocks = 0, block = 0;
    for (std::size_t i = 0; i < p.a.size(); ++i) {
      forward += p.a[i] * p.b[i];
      backward += p.a[p.a.size() - 1 - i] * p.b[p.a.size() - 1 - i];
      fused = std::fma(p.a[i], p.b[i], fused);
      block += p.a[i] * p.b[i];
      if (i % 8 == 7) blocks += std::exchange(block, T{0});
    }
    for (const T sum : {forward, backward, fused, blocks + block})
      EXPECT_TRUE(p.accepts(static_cast<double>(sum))) << terms;
  }
}

TYPED_TEST(WithinRounding, RejectsOneWrongTap) {
  for (const int terms : {1, 2, 9, 576, 1024}) {
    const inner_product<TypeParam> p(terms);
    for (std::size_t i = 0; i < p.a.size(); ++i) {
      const double term = static_cast<double>(p.a[i]) * static_cast<double>(p.b[i]);
      EXPECT_FALSE(p.accepts(p.exact - term)) << "left out of " << terms;
      EXPECT_FALSE(p.accepts(p.exact + term)) << "taken twice of " << terms;
    }
  }
}

TYPED_TEST(WithinRounding, RejectsTwiceTheBound) {
  for (const int terms : {9, 576}) {
    const inner_product<TypeParam> p(terms);
    const double bound = rounding_bound<TypeParam>(terms, p.magnitude);
    EXPECT_TRUE(p.accepts(p.exact + bound / 2));
    EXPECT_FALSE(p.accepts(p.exact + 2 * bound));
    EXPECT_FALSE(p.accepts(p.exact - 2 * bound));
  }
}

TEST(RoundingBound, OfOneTermIsOneRounding) {
  EXPECT_GE(rounding_bound<float>(1, 1.0), std::ldexp(1.0, -24));
  EXPECT_LT(rounding_bound<float>(1, 1.0), std::ldexp(1.001, -24));
  EXPECT_GE(rounding_bound<double>(1, 1.0), std::ldexp(1.0, -53));
}

TEST(RoundingBound, OfNothingIsAnUnderflow) {
  EXPECT_LE(rounding_bound<float>(100, 0.0), 100 * 1.5e-45);
  EXPECT_FALSE(within_rounding(row({1e-30f}), tf::tensor<double>({1}), tf::tensor<double>({1}), 100));
}

TEST(WithinRounding, ComparesWhatIsNotFinite) {
  const tf::tensor<double> one({1}, {1.0}), infinite({1}, {HUGE_VAL}), not_a_number({1}, {std::nan("")});
  EXPECT_TRUE(within_rounding(row({inf}), infinite, infinite, 4));
  EXPECT_TRUE(within_rounding(row({nan}), not_a_number, not_a_number, 4));
  EXPECT_FALSE(within_rounding(row({-inf}), infinite, infinite, 4));
  EXPECT_FALSE(within_rounding(row({nan}), infinite, infinite, 4));
  EXPECT_FALSE(within_rounding(row({nan}), one, one, 4));
  EXPECT_FALSE(within_rounding(row({inf}), one, infinite, 4));
  EXPECT_FALSE(within_rounding(row({1}), not_a_number, not_a_number, 4));
}

TEST(WithinRounding, TakesEqualShapesOnly) {
  const tf::tensor<double> one({1}), two({2});
  EXPECT_FALSE(within_rounding(row({0}), two, two, 1));
  EXPECT_FALSE(within_rounding(row({0}), one, two, 1));
}

}  // namespace
