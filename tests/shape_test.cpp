// hw, scale, shape, and the overflow-checked arithmetic.
#include <tenfold/shape.hpp>

#include "support.hpp"

#include <sstream>
#include <vector>

using namespace tenfold_test;
using tf::hw;
using tf::index_t;

namespace {

constexpr index_t most = INT64_MAX;
constexpr index_t least = INT64_MIN;

static_assert(hw(3) == hw(3, 3));
static_assert(hw{2, 5}.h == 2 && hw{2, 5}.w == 5);
static_assert(hw(std::size_t{7}) == hw(7));
static_assert(!(hw(1, 2) == hw(2, 1)));
static_assert(std::convertible_to<int, hw> && !std::convertible_to<double, hw>);
static_assert(tf::pads{1, 2, 3, 4} == tf::pads{.top = 1, .left = 2, .bottom = 3, .right = 4});
static_assert(tf::pads{.bottom = 1} == tf::pads{0, 0, 1, 0});
static_assert(!(tf::pads{1, 2, 3, 4} == tf::pads{1, 2, 3, 5}) && !(tf::pads{1, 2, 3, 4} == tf::pads{0, 2, 3, 4}));
static_assert(tf::padding2d(3) == tf::pads{3, 3, 3, 3});
static_assert(tf::padding2d{1, 2} == tf::pads{1, 2, 1, 2} && tf::padding2d(hw{1, 2}) == tf::pads{1, 2, 1, 2});
static_assert(tf::padding2d(tf::pads{1, 2, 3, 4}) == tf::pads{1, 2, 3, 4});
static_assert(tf::padding2d{1, 2}.w == 2 && tf::pads(tf::padding2d{1, 2}).bottom == 1);
static_assert(tf::scale(2.0) == tf::scale(2.0, 2.0));
static_assert(!std::convertible_to<double, tf::scale>);  // an upsampling's size and scale are not to be mixed up

static_assert(tf::shape{}.size() == 0 && tf::shape{}.empty() && tf::shape{}.elements() == 1);
static_assert(tf::shape{2, 3, 4}.size() == 3 && tf::shape{2, 3, 4}.elements() == 24);
static_assert(tf::shape{2, 3}[1] == 3);
static_assert(tf::shape{2, 3} == tf::shape{2, 3});
static_assert(!(tf::shape{2, 3} == tf::shape{2, 3, 1}));
static_assert(tf::shape{5, 0, 7}.elements() == 0);

TEST(Shape, IsMadeFromASpan) {
  const std::vector<index_t> sizes{4, 5, 6};
  EXPECT_EQ(tf::shape(sizes), (tf::shape{4, 5, 6}));
}

TEST(Shape, IsIterable) {
  index_t sum = 0;
  for (const index_t size : tf::shape{1, 20, 300}) sum += size;
  EXPECT_EQ(sum, 321);
}

TEST(Shape, ElementsCanBeSet) {
  tf::shape s{1, 2, 3};
  s[1] = 9;
  EXPECT_EQ(s, (tf::shape{1, 9, 3}));
}

TEST(Shape, HasAtMostEightDimensions) {
  EXPECT_EQ((tf::shape{1, 2, 3, 4, 5, 6, 7, 8}).size(), 8u);
  EXPECT_EQ(error_of([] { tf::shape{1, 2, 3, 4, 5, 6, 7, 8, 9}; }), "a shape has at most 8 dimensions, but got 9");
}

TEST(Shape, PrintsAsPyTorchDoes) {
  EXPECT_EQ(to_string(tf::shape{1, 16, 6, 6}), "[1, 16, 6, 6]");
  EXPECT_EQ(to_string(tf::shape{}), "[]");
  EXPECT_EQ(to_string(tf::shape{-1}), "[-1]");
  std::ostringstream stream;
  stream << tf::shape{2, 0};
  EXPECT_EQ(stream.str(), "[2, 0]");
}

TEST(Shape, ElementsThatOverflowAreAnError) {
  EXPECT_EQ((tf::shape{index_t{1} << 31, index_t{1} << 31}).elements(), index_t{1} << 62);
  EXPECT_NE(error_of([] { (void)tf::shape{index_t{1} << 32, index_t{1} << 31}.elements(); }), "");
  EXPECT_NE(error_of([] { (void)tf::shape{index_t{1} << 32, index_t{1} << 32}.elements(); }), "");
  EXPECT_EQ((tf::shape{most, most, 0}).elements(), 0);
  EXPECT_EQ(error_of([] {
              (void)tf::shape{3, most}.elements();
            }),
            "the product 3 * 9223372036854775807 overflows a 64-bit size");
}

TEST(CheckedArithmetic, KeepsWhatFits) {
  using namespace tf::detail;
  static_assert(checked_add(most - 1, 1) == most);
  static_assert(checked_add(least + 1, -1) == least);
  static_assert(checked_multiply(index_t{1} << 31, -(index_t{1} << 32)) == least);
  static_assert(checked_multiply(-1, most) == -most);
  static_assert(checked_subtract(-1, most) == least);
  static_assert(checked_subtract(0, 5) == -5);
}

TEST(CheckedArithmetic, RefusesWhatDoesNot) {
  using namespace tf::detail;
  EXPECT_EQ(error_of([] { checked_add(most, 1); }), "the sum 9223372036854775807 + 1 overflows a 64-bit size");
  EXPECT_NE(error_of([] { checked_add(least, -1); }), "");
  EXPECT_NE(error_of([] { checked_multiply(index_t{1} << 32, index_t{1} << 31); }), "");
  EXPECT_NE(error_of([] { checked_multiply(least, -1); }), "");
  EXPECT_NE(error_of([] { checked_multiply(-1, least); }), "");
  EXPECT_NE(error_of([] { checked_subtract(-2, most); }), "");
}

TEST(Division, RoundsTowardMinusOrPlusInfinity) {
  using namespace tf::detail;
  for (index_t divisor = 1; divisor < 6; ++divisor)
    for (index_t dividend = -20; dividend <= 20; ++dividend) {
      const index_t down = floor_divide(dividend, divisor);
      EXPECT_LE(down * divisor, dividend);
      EXPECT_GT((down + 1) * divisor, dividend);
      if (dividend < 0) continue;
      const index_t up = ceil_divide(dividend, divisor);
      EXPECT_GE(up * divisor, dividend);
      EXPECT_LT((up - 1) * divisor, dividend);
    }
  static_assert(ceil_divide(most, 2) == most / 2 + 1);
  static_assert(round_up(13, 4) == 16 && round_up(16, 4) == 16 && round_up(0, 4) == 0);
}

}  // namespace
