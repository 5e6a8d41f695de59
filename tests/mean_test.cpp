#include <tenfold/mean.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

static_assert(tf::sum_output_shape({2, 3, 4}, {0, -1}) == tf::shape{3});
static_assert(tf::mean_output_shape({2, 3, 4}, 1, true) == tf::shape{2, 1, 4});
static_assert(tf::argmax_output_shape({2, 3, 4}, -2) == tf::shape{2, 4});

const tf::shape shapes[] = {{},        {1},           {3},          {17},         {300},       {3, 5},
                            {2, 3, 4}, {4, 1, 33, 2}, {3, 70, 19},  {2, 3, 7, 9}, {1, 21, 36}, {2, 2, 3, 2, 2, 1, 2, 3},
                            {0, 3},    {3, 0, 2},     {600, 3, 40}, {5000}};

/// Every set of dimensions of a shape, as a mask.
std::vector<index_t> dims_of(unsigned mask, std::size_t rank) {
  std::vector<index_t> dims;
  for (std::size_t d = 0; d < rank; ++d)
    if (mask >> d & 1) dims.push_back(static_cast<index_t>(d) - (d % 2 ? static_cast<index_t>(rank) : 0));
  return dims;
}

template <class Check>
void for_each_reduction(const Check& check) {
  for (const tf::shape& s : shapes)
    for (unsigned mask = 0; mask < 1U << s.size(); ++mask) {
      const auto numbers = dims_of(mask, s.size());
      check(s, tf::dim_list(std::span<const index_t>(numbers)), mask % 3 == 0);
    }
}

template <class T>
struct Sum : testing::Test {};
TYPED_TEST_SUITE(Sum, element_types);

TYPED_TEST(Sum, EqualsReferenceOnIntegersOverAnyDimensions) {
  for_each_reduction([](const tf::shape& s, const tf::dim_list& dims, bool keepdim) {
    const auto x = std::integral<TypeParam> ? random_tensor<TypeParam>(s) : small_integers<TypeParam>(s);
    const auto expected = tf::reference::sum(x, dims, keepdim);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::sum(x, dims, keepdim, on(level)), expected)) << s << " " << tf::name_of(level);
  });
}

TYPED_TEST(Sum, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({40, 90, 31});
  for (const tf::dim_list& dims : {tf::dim_list(0), tf::dim_list(1), tf::dim_list(2), tf::dim_list{0, 2}}) {
    const auto expected = tf::sum(x, dims);
    for (const int threads : {2, 3, 8}) EXPECT_TRUE(same_bits(tf::sum(x, dims, false, on_threads(threads)), expected));
  }
}

template <class T>
struct Mean : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(Mean, floating_types);

/// mean.hpp's bound, with all terms counted as lines that are added, which they are not.
TYPED_TEST(Mean, IsWithinTheBound) {
  for_each_reduction([](const tf::shape& s, const tf::dim_list& dims, bool keepdim) {
    const auto x = random_tensor<TypeParam>(s);
    const auto exact = tf::reference::mean(to_double(x), dims, keepdim);
    const auto magnitude = tf::reference::mean(magnitudes(x), dims, keepdim);
    const index_t terms = exact.size() > 0 ? x.size() / exact.size() : 0;
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(within_rounding(tf::mean(x, dims, keepdim, on(level)), exact, magnitude, terms + 1))
          << s << " " << tf::name_of(level);
    }
  });
}

TYPED_TEST(Mean, LongSumsRoundSeldom) {
  const auto x = random_tensor<TypeParam>({4000, 64});
  const auto of_rows = tf::reference::mean(to_double(x), 0), of_all = tf::reference::mean(to_double(x));
  for (const tf::isa level : available_isas()) {
    EXPECT_TRUE(within_rounding(tf::mean(x, 0, false, on(level)), of_rows, tf::reference::mean(magnitudes(x), 0),
                                4000 / 4 + 5 + 1));
    EXPECT_TRUE(
        within_rounding(tf::mean(x, {}, false, on(level)), of_all, tf::reference::mean(magnitudes(x)), 42 + 18 + 1));
  }
}

TYPED_TEST(Mean, SpecialValues) {
  for_each_reduction([](const tf::shape& s, const tf::dim_list& dims, bool keepdim) {
    const auto x = map<TypeParam>(with_special_values(small_integers<TypeParam>(s)), [](TypeParam v) {
      return v == std::numeric_limits<TypeParam>::lowest() ? TypeParam{1} : v;  // two of which are -infinity
    });
    const auto expected = tf::reference::sum(x, dims, keepdim);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(compare(tf::sum(x, dims, keepdim, on(level)), expected, [](TypeParam g, TypeParam e, index_t) {
        return std::isfinite(e) || same_value(g, e, zeros::equal);
      })) << s;
  });
}

TEST(MeanOfNothing, IsNaNAndItsSumZero) {
  const tf::tensor<float> x({0, 3});
  EXPECT_TRUE(std::isnan(tf::mean(x, 0)(2)));
  EXPECT_EQ(tf::sum(x, 0)(2), 0);
  EXPECT_EQ(tf::sum(x, 1).shape(), (tf::shape{0}));
  EXPECT_EQ(tf::sum(tf::tensor<std::int8_t>({2}, {100, 100}))(), 200);
}

// ---- amax and amin

template <class T>
struct Extremes : testing::Test {};
TYPED_TEST_SUITE(Extremes, element_types);

TYPED_TEST(Extremes, EqualReferenceOverAnyDimensions) {
  for_each_reduction([](const tf::shape& s, const tf::dim_list& dims, bool keepdim) {
    const std::string text = error_of([&] { tf::amax_output_shape(s, dims, keepdim); });
    for (const auto& x : {random_tensor<TypeParam>(s), with_special_values(small_integers<TypeParam>(s))}) {
      EXPECT_EQ(error_of([&] { tf::amax(x, dims, keepdim); }), text);
      if (!text.empty()) continue;
      for (const tf::isa level : available_isas()) {
        EXPECT_TRUE(equal(tf::amax(x, dims, keepdim, on(level)), tf::reference::amax(x, dims, keepdim))) << s;
        EXPECT_TRUE(equal(tf::amin(x, dims, keepdim, on(level)), tf::reference::amin(x, dims, keepdim))) << s;
      }
    }
  });
}

TYPED_TEST(Extremes, ThreadsDoNotMatter) {
  const auto x = with_special_values(random_tensor<TypeParam>({40, 90, 310}));
  for (const tf::dim_list& dims : {tf::dim_list(0), tf::dim_list(1), tf::dim_list(2), tf::dim_list{0, 2}})
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(tf::amax(x, dims, false, on_threads(threads)), tf::amax(x, dims)));
      EXPECT_TRUE(same_bits(tf::amin(x, dims, false, on_threads(threads)), tf::amin(x, dims)));
    }
}

TEST(ExtremeNaN, StaysWhereverItIs) {
  for (index_t n = 1; n < 150; ++n)
    for (index_t at = 0; at < n; ++at) {
      auto line = random_tensor<float>({n});
      line(at) = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(tf::amax(line)()) && std::isnan(tf::amin(line)())) << n << " " << at;
    }
}

TEST(ExtremeErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& s, const tf::dim_list& dims) {
    return error_of([&] { tf::amin(tf::tensor<float>(s), dims); });
  };
  EXPECT_EQ(error({2, 3}, 2), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  EXPECT_EQ(error({2, 3}, {0, -2}), "dim 0 appears multiple times in the list of dims");
  EXPECT_EQ(error({3, 0}, {0, 1}), "amin(): Expected reduction dim 1 to have non-zero size.");
  EXPECT_EQ(error({3, 0}, {}),
            "amin(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument.");
  EXPECT_EQ(error({3, 0}, 0), "");
  auto y = filled<float>({3}, 7);
  EXPECT_EQ(error_of([&] {
              tf::amax_into(y, tf::tensor<float>({2, 3}), 1);
            }),
            "amax: expected output of shape [2], but got [3]");
  EXPECT_TRUE(equal(y, filled<float>({3}, 7)));
}

// ---- argmax and argmin

template <class T>
struct Argmax : testing::Test {};
TYPED_TEST_SUITE(Argmax, element_types);

template <class T>
void expect_argmax(const tf::tensor<T>& x) {
  for (std::size_t d = 0; d <= x.shape().size(); ++d) {
    std::optional<index_t> dim;
    if (d < x.shape().size()) dim = static_cast<index_t>(d);
    if (x.size() == 0 && (!dim || x.shape()[d] == 0)) continue;
    const auto expected = tf::reference::argmax(x, dim, d % 2 == 0), least = tf::reference::argmin(x, dim, d % 2 == 0);
    for (const tf::isa level : available_isas()) {
      EXPECT_TRUE(equal(tf::argmax(x, dim, d % 2 == 0, on(level)), expected))
          << x.shape() << " " << d << " " << tf::name_of(level);
      EXPECT_TRUE(equal(tf::argmin(x, dim, d % 2 == 0, on(level)), least))
          << x.shape() << " " << d << " " << tf::name_of(level);
    }
  }
}

TYPED_TEST(Argmax, EqualsReferenceAmongTiesAndSpecialValues) {
  for (const tf::shape& s : shapes) {
    expect_argmax(random_tensor<TypeParam>(s));
    expect_argmax(small_integers<TypeParam>(s, 2, 2));
    expect_argmax(with_special_values(small_integers<TypeParam>(s, 2, 2)));
  }
  expect_argmax(small_integers<TypeParam>({3, 5, 700}, 2, 3));
  const auto x = small_integers<TypeParam>({40, 30, 71}, 3, 9);
  for (const index_t dim : {0, 1, 2}) EXPECT_TRUE(equal(tf::argmax(x, dim, false, on_threads(3)), tf::argmax(x, dim)));
}

TEST(ArgmaxNaN, FirstOneWins) {
  for (index_t n = 1; n < 70; ++n)
    for (index_t at = 0; at < n; ++at) {
      auto x = random_tensor<float>({n, 20});
      for (index_t j = 0; j < 20; ++j)
        for (index_t i = at; i < n; i += 3) x(i, j) = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(equal(tf::argmax(x, 0), filled<index_t>({20}, at)));
      auto line = random_tensor<float>({n});
      for (index_t i = at; i < n; i += 3) line(i) = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(tf::argmax(line)(), at);
    }
}

// ---- errors

TEST(MeanErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({2, 3, 4});
  const auto error = [&](const tf::dim_list& dims) {
    const std::string text = error_of([&] { tf::sum(x, dims); });
    EXPECT_EQ(error_of([&] { tf::mean(x, dims); }), text);
    return text;
  };
  EXPECT_EQ(error(3), "Dimension out of range (expected to be in range of [-3, 2], but got 3)");
  EXPECT_EQ(error({0, -4}), "Dimension out of range (expected to be in range of [-3, 2], but got -4)");
  EXPECT_EQ(error({0, -3}), "dim 0 appears multiple times in the list of dims");
  EXPECT_EQ(error_of([] { tf::sum(tf::tensor<float>(tf::shape{}), 1); }),
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(tf::mean(tf::tensor<float>(tf::shape{}), -1).shape(), tf::shape{});
}

TEST(ArgmaxErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& s, std::optional<index_t> dim) {
    return error_of([&] { tf::argmax(tf::tensor<float>(s), dim); });
  };
  EXPECT_EQ(error({2, 3}, 2), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  EXPECT_EQ(error({3, 0}, 1), "argmax(): Expected reduction dim 1 to have non-zero size.");
  EXPECT_EQ(error({3, 0}, 0), "");
  EXPECT_EQ(error({0, 3}, {}), "argmax(): Expected reduction dim to be specified for input.numel() == 0.");
  EXPECT_EQ(error({}, 1), "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(error({}, 0), "");
  EXPECT_EQ(error_of([] {
              tf::argmin(tf::tensor<float>({3, 0}), 1);
            }),
            "argmin(): Expected reduction dim 1 to have non-zero size.");
}

TEST(MeanInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({2, 3});
  auto y = filled<float>({3}, 7);
  auto at = filled<index_t>({3}, 7);
  EXPECT_EQ(error_of([&] { tf::mean_into(y, x, 1); }), "mean: expected output of shape [2], but got [3]");
  EXPECT_EQ(error_of([&] { tf::sum_into(y, x, 1); }), "sum: expected output of shape [2], but got [3]");
  EXPECT_EQ(error_of([&] { tf::argmax_into(at, x, 1); }), "argmax: expected output of shape [2], but got [3]");
  EXPECT_TRUE(equal(y, filled<float>({3}, 7)));
  EXPECT_TRUE(equal(at, filled<index_t>({3}, 7)));
}

}  // namespace
