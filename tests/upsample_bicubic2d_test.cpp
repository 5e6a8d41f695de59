#include <tenfold/reference.hpp>
#include <tenfold/upsample_bicubic2d.hpp>

#include "support.hpp"
#include "upsample2d_cases.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

const size_case size_cases[] = {
    {"one_pixel_spreads", {1, 2, 1, 1}, {3, 40}},
    {"fewer_pixels_than_taps", {1, 2, 2, 3}, {9, 7}},
    {"equal_sizes", {2, 3, 5, 33}, {5, 33}},
    {"equal_heights", {1, 2, 5, 33}, {5, 66}},
    {"equal_widths", {1, 2, 5, 33}, {11, 33}},
    {"doubles", {2, 3, 7, 37}, {14, 74}},
    {"halves", {1, 2, 12, 38}, {6, 19}},
    {"higher_and_narrower", {1, 2, 13, 61}, {29, 11}},
    {"lower_and_wider", {1, 2, 29, 11}, {13, 61}},
    {"to_one_pixel", {1, 2, 16, 27}, 1},
    {"wide", {1, 1, 3, 190}, {7, 300}},
    {"far_smaller", {1, 1, 90, 130}, {3, 4}},
    {"empty_batch", {0, 2, 3, 4}, {6, 8}},
};

template <class Check>
void for_each_case(const Check& check) {
  for (const size_case& c : size_cases) check(c.input, c.size, c.name);
  for (const scale_case& c : scale_cases) check(c.input, c.factor, c.name);
}

#define ANSWERS_OF(function)                                                                           \
  struct function {                                                                                    \
    static auto by(const auto&... x) { return tf::function(x...); }                                    \
    static auto into(auto& y, const auto&... x) { return tf::function##_into(y, x...); }               \
    static auto bytes(const auto&... x) { return tf::function##_workspace_bytes(x...); }               \
    static auto expected(const auto&... x) { return tf::reference::function(x...); }                   \
    static auto back(const auto&... x) { return tf::function##_backward(x...); }                       \
    static auto back_into(auto& y, const auto&... x) { return tf::function##_backward_into(y, x...); } \
    static auto back_bytes(const auto&... x) { return tf::function##_backward_workspace_bytes(x...); } \
  }
ANSWERS_OF(upsample_bicubic2d);
ANSWERS_OF(upsample_bilinear2d_aa);
ANSWERS_OF(upsample_bicubic2d_aa);

template <class Check>
void for_each_operation(const Check& check) {
  check(upsample_bicubic2d());
  check(upsample_bilinear2d_aa());
  check(upsample_bicubic2d_aa());
}

/// How far two computations of the same sum of numbers up to 1 may be apart, the reference's weights being exact but
/// for the rounded place.
///   weights: a place in the image, below `in`, passes three roundings, and the kernels' slope is at most 2; a kernel's
///            value is made of terms up to 6 in 8 roundings. Of all taps, which the smaller ones' filter makes as many
///            times less, that is the error of four: 4 (2 * 3 in + 48) u
///   values:  the sizes of an axis' weights sum up to at most 1.6; taps roundings of each in both axes
template <class T>
double resampling_bound(const tf::shape& input) {
  const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  const auto longest = static_cast<double>(std::max(input[2], input[3]));
  return u * (2 * 1.6 * 4 * (6 * longest + 48) + 1.6 * 1.6 * 2 * (longest + 4));
}

template <class T>
struct UpsampleFiltered : testing::Test {};
TYPED_TEST_SUITE(UpsampleFiltered, element_types);

template <class T>
struct UpsampleFilteredFloat : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(UpsampleFilteredFloat, floating_types);

TYPED_TEST(UpsampleFilteredFloat, IsAsCloseToReferenceAsRoundingAllows) {
  for_each_operation([](auto op) {
    for_each_case([&](const tf::shape& shape, const auto& size, const char* name) {
      const auto x = random_tensor<TypeParam>(shape);
      for (const bool align_corners : {false, true}) {
        const auto expected = op.expected(x, size, align_corners);
        for (const tf::isa level : available_isas())
          EXPECT_TRUE(compare(op.by(x, size, align_corners, on(level)), expected,
                              [&](TypeParam g, TypeParam e, index_t) {
                                return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                                       resampling_bound<TypeParam>(shape);
                              }))
              << name << " " << align_corners << " " << tf::name_of(level);
      }
    });
  });
}

/// Integers are the nearest to what the reference gives for doubles, within their range.
TYPED_TEST(UpsampleFiltered, IntegersAreRoundedToTheNearest) {
  if constexpr (std::integral<TypeParam>) {
    using limits = std::numeric_limits<TypeParam>;
    for_each_operation([](auto op) {
      for_each_case([&](const tf::shape& shape, const auto& size, const char* name) {
        const auto x = small_integers<TypeParam>(shape, 3, 120);
        const auto exact = op.expected(to_double(x), size);
        for (const tf::isa level : available_isas())
          EXPECT_TRUE(compare(op.by(x, size, false, on(level)), exact,
                              [&](TypeParam g, double e, index_t) {
                                e = std::clamp(e, static_cast<double>(limits::min()),
                                               static_cast<double>(limits::max()));
                                return std::abs(static_cast<double>(g) - e) <= 0.5 + 1e-10;
                              }))
              << name << " " << tf::name_of(level);
      });
    });
  }
}

TYPED_TEST(UpsampleFiltered, ThreadsAndWorkspaceDoNotMatter) {
  for_each_operation([](auto op) {
    const auto x = random_tensor<TypeParam>({2, 5, 60, 61});
    for (const tf::hw& size : {tf::hw{130, 122}, tf::hw{31, 122}, tf::hw{90, 20}, tf::hw{60, 20}}) {
      const auto expected = op.by(x, size);
      for (const int threads : {1, 2, 3, 8}) {
        tf::context ctx = on_threads(threads);
        EXPECT_TRUE(same_bits(op.by(x, size, false, ctx), expected)) << threads;
        std::vector<std::byte> memory(static_cast<std::size_t>(op.bytes(x, size, false, ctx)));
        ctx.workspace = memory;
        auto y = filled<TypeParam>(expected.shape(), 7);
        op.into(y, x, size, false, ctx);
        EXPECT_TRUE(same_bits(y, expected)) << threads;
        ctx.workspace = ctx.workspace.first(memory.size() - 1);
        EXPECT_NE(error_of([&] { op.into(y, x, size, false, ctx); }).find("but this call needs"), std::string::npos);
      }
    }
  });
}

/// <f x, y> = <x, f' y>, each of at most numel products of numbers up to 1.6^2, with weights that are the same in both.
TYPED_TEST(UpsampleFilteredFloat, GradientIsTheAdjoint) {
  for_each_operation([](auto op) {
    for_each_case([&](const tf::shape& shape, const auto& size, const char* name) {
      std::optional<tf::scale> factor;
      if constexpr (std::same_as<std::decay_t<decltype(size)>, tf::scale>) factor = size;
      if (tf::upsample2d_output_shape(shape, size) == shape && factor) return;  // there it is not, as in PyTorch
      for (const bool align_corners : {false, true}) {
        const auto x = random_tensor<TypeParam>(shape, 1);
        for (const tf::isa level : available_isas()) {
          const auto y = op.by(x, size, align_corners, on(level));
          const auto dy = random_tensor<TypeParam>(y.shape(), 2);
          const auto dx = op.back(dy, shape, factor, align_corners, on(level));
          double forward = 0, backward = 0, sizes = 0;
          for (index_t i = 0; i < y.size(); ++i) {
            forward += static_cast<double>(y.data()[i]) * static_cast<double>(dy.data()[i]);
            sizes += 1.6 * 1.6 * std::abs(static_cast<double>(dy.data()[i]));
          }
          for (index_t i = 0; i < x.size(); ++i)
            backward += static_cast<double>(x.data()[i]) * static_cast<double>(dx.data()[i]);
          const index_t terms = 2 * (std::max(shape[2], shape[3]) + std::max(y.shape()[2], y.shape()[3]) + 16);
          EXPECT_LE(std::abs(forward - backward), 2 * rounding_bound<TypeParam>(terms, sizes))
              << name << " " << align_corners << " " << tf::name_of(level);
        }
      }
    });
  });
}

TYPED_TEST(UpsampleFilteredFloat, GradientIsAsCloseToReferenceAsRoundingAllows) {
  const auto check = [](const auto& by, const auto& expected) {
    for (const tf::scale& factor : {tf::scale(1.2, 1.06), tf::scale(1.37, 2.9), tf::scale(0.3, 0.71), tf::scale(2)}) {
      const tf::shape input{1, 2, 4, 15};
      const auto dy = random_tensor<TypeParam>(tf::upsample2d_output_shape(input, factor));
      const auto dx = expected(dy, input, factor);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(compare(by(dy, input, factor, false, on(level)), dx, [&](TypeParam g, TypeParam e, index_t) {
          return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                 9 * resampling_bound<TypeParam>(dy.shape());
        })) << factor.h;  // an input has a share in up to three times as many outputs in each dimension
    }
  };
  const auto ours = [](auto op) { return [op](const auto&... x) { return op.back(x...); }; };
  check(ours(upsample_bicubic2d()), [](const auto&... x) { return tf::reference::upsample_bicubic2d_backward(x...); });
  check(ours(upsample_bilinear2d_aa()),
        [](const auto&... x) { return tf::reference::upsample_bilinear2d_aa_backward(x...); });
  check(ours(upsample_bicubic2d_aa()),
        [](const auto&... x) { return tf::reference::upsample_bicubic2d_aa_backward(x...); });
}

/// One output after the other: what it adds to the gradient is its weights, which its values for single inputs are.
TYPED_TEST(UpsampleFilteredFloat, GradientHasTheWeights) {
  for_each_operation([](auto op) {
    for (const tf::hw& size : {tf::hw{7, 11}, tf::hw{3, 2}, tf::hw{4, 5}, tf::hw{1, 13}}) {
      auto identity = tf::tensor<TypeParam>({20, 1, 4, 5});
      for (index_t i = 0; i < 20; ++i) identity(i, 0, i / 5, i % 5) = 1;
      const auto weights = op.by(identity, size);
      for (index_t o = 0; o < size.h * size.w; ++o) {
        tf::tensor<TypeParam> dy({1, 1, size.h, size.w});
        dy.data()[o] = 1;
        const auto dx = op.back(dy, tf::shape{1, 1, 4, 5});
        for (index_t i = 0; i < 20; ++i)
          EXPECT_NEAR(static_cast<double>(dx.data()[i]), static_cast<double>(weights(i, 0, o / size.w, o % size.w)),
                      2 * rounding_bound<TypeParam>(12, 1.6 * 1.6));
      }
    }
  });
}

TYPED_TEST(UpsampleFilteredFloat, ThreadsAndWorkspaceDoNotMatterToTheGradient) {
  for_each_operation([](auto op) {
    for (const tf::hw& size : {tf::hw{130, 122}, tf::hw{31, 122}, tf::hw{20, 20}}) {
      const auto dy = random_tensor<TypeParam>({2, 5, size.h, size.w});
      const tf::shape input{2, 5, 60, 61};
      const auto expected = op.back(dy, input);
      for (const int threads : {1, 2, 3, 8}) {
        tf::context ctx = on_threads(threads);
        std::vector<std::byte> memory(
            static_cast<std::size_t>(op.back_bytes(dy, input, std::optional<tf::scale>(), false, ctx)));
        ctx.workspace = memory;
        auto dx = filled<TypeParam>(input, 7);
        op.back_into(dx, dy, std::optional<tf::scale>(), false, ctx);
        EXPECT_TRUE(same_bits(dx, expected)) << threads;
      }
    }
  });
}

TEST(UpsampleFilteredIntegers, StayInRangeWhereTheCubicsOvershoot) {
  const tf::tensor<std::int8_t> x({1, 1, 1, 4}, {-128, -128, 127, 127});
  const auto y = tf::upsample_bicubic2d(x, {1, 16});
  EXPECT_EQ(y(0, 0, 0, 5), -128);  // -142.3
  EXPECT_EQ(y(0, 0, 0, 10), 127);
}

TEST(UpsampleFilteredInfinities, ReachTheOutputsWhoseFiltersReachThem) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  auto x = filled<float>({1, 1, 9, 9}, 1);
  x(0, 0, 8, 8) = infinity;
  for (const tf::isa level : available_isas()) {
    const auto y = tf::upsample_bilinear2d_aa(x, {3, 20}, false, on(level));
    EXPECT_EQ(y(0, 0, 2, 19), infinity);
    EXPECT_EQ(y(0, 0, 0, 19), 1);
    EXPECT_EQ(y(0, 0, 2, 0), 1);
  }
}

/// PyTorch 2.15 repeats the first row where an output is one pixel wide and its height changes.
TEST(UpsampleAntialiasedColumns, AreWhatTheyAreInWiderImages) {
  const auto x = random_tensor<double>({1, 1, 7, 1});
  tf::tensor<double> twice({1, 1, 7, 2});
  for (index_t h = 0; h < 7; ++h) twice(0, 0, h, 0) = twice(0, 0, h, 1) = x(0, 0, h, 0);
  for (const index_t height : {3, 11}) {
    const auto narrow = tf::upsample_bicubic2d_aa(x, {height, 1}), wide = tf::upsample_bicubic2d_aa(twice, {height, 2});
    for (index_t h = 0; h < height; ++h) EXPECT_EQ(narrow(0, 0, h, 0), wide(0, 0, h, 1));
  }
}

TEST(UpsampleFilteredErrors, SayWhatPyTorchSays) {
  for_each_operation([](auto op) {
    const auto error = [&](const tf::shape& s, const auto& size) {
      return error_of([&] { op.by(tf::tensor<float>(s), size); });
    };
    EXPECT_EQ(error({1, 0, 3, 4}, tf::hw{5, 6}),
              "Non-empty 4D data tensor expected but got a tensor with sizes [1, 0, 3, 4]");
    EXPECT_EQ(error({1, 2, 3, 4}, tf::hw{0, 6}),
              "Input and output sizes should be greater than 0, but got input (H: 3, W: 4) output (H: 0, W: 6)");
    EXPECT_EQ(
        error({2, 3, 4}, tf::hw{5, 6}),
        "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of "
        "[4] and output size of [5, 6]. Please provide input tensor in (N, C, d1, d2, ...,dK) format and output size "
        "in (o1, o2, ...,oK) format.");
    EXPECT_EQ(error_of([&] {
                op.back(tf::tensor<float>({1, 2, 5, 6}), tf::shape{1, 2, 3});
              }),
              "It is expected input_size equals to 4, but got size 3");
    auto y = filled<float>({1, 1, 2, 2}, 7);
    EXPECT_NE(error_of([&] {
                op.into(y, tf::tensor<float>({1, 1, 2, 2}), tf::hw{3, 2});
              }).find("expected output of shape [1, 1, 3, 2], but got [1, 1, 2, 2]"),
              std::string::npos);
    EXPECT_TRUE(equal(y, filled<float>({1, 1, 2, 2}, 7)));
  });
}

}  // namespace
