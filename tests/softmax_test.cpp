#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/reference.hpp>
#include <tenfold/softmax.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

static_assert(tf::softmax_output_shape({2, 3}, -1) == tf::shape{2, 3});

const tf::shape shapes[] = {{},           {1},          {5},          {16},         {35},        {3, 7},
                            {2, 21, 9},   {2, 3, 4, 5}, {1, 19, 300}, {0, 3},       {3, 0},      {130, 1001},
                            {2, 5, 1100}, {40000, 2},   {3, 1, 17},   {2, 9000, 3}, {2, 3, 1, 1}};

template <class T>
struct Softmax : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(Softmax, floating_types);

template <class T>
constexpr double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;

template <class T>
tf::tensor<T> scaled(tf::tensor<T> x, T factor) {
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] *= factor;
  return x;
}

/// The kernels by themselves, whose bounds are derived there.
template <class T>
tf::tensor<T> each(const tf::tensor<T>& x, tf::isa level, bool log) {
  using namespace tf;  // as the macro's names ask
  const auto exponentials = TENFOLD_KERNEL(level, exponential_line<T>);
  const auto logarithms = TENFOLD_KERNEL(level, logarithm_line<T>);
  auto y = tf::tensor<T>::uninitialized(x.shape());
  (log ? logarithms : exponentials)(x.size(), x.data(), y.data());
  return y;
}

TYPED_TEST(Softmax, ExponentialIsWithinItsBound) {
  using limits = std::numeric_limits<TypeParam>;
  for (const double limit : {1e-3, 1.0, 20.0, 90.0, 800.0}) {
    const auto x = scaled(random_tensor<TypeParam>({40001}), static_cast<TypeParam>(limit));
    for (const tf::isa level : available_isas()) {
      const auto y = each(x, level, false);
      for (index_t i = 0; i < x.size(); ++i) {
        const long double exact = std::exp(static_cast<long double>(x(i)));
        if (exact > static_cast<long double>(limits::max())) {
          ASSERT_EQ(y(i), limits::infinity()) << x(i);
          continue;
        }
        const long double bound =
            exact < limits::min() * 1.001L ? limits::min() : 1.5L * static_cast<long double>(unit<TypeParam>) * exact;
        ASSERT_LE(std::abs(static_cast<long double>(y(i)) - exact), bound) << x(i) << " " << tf::name_of(level);
      }
    }
  }
}

TYPED_TEST(Softmax, LogarithmIsWithinItsBound) {
  for (const double most : {1.001, 1.5, 3.0, 1000.0, 1e30}) {
    const auto limit = static_cast<TypeParam>(most);
    auto x = random_tensor<TypeParam>({40001});
    for (index_t i = 0; i < x.size(); ++i) x(i) = 1 + std::abs(x(i)) * (limit - 1);
    x(0) = 1;
    for (const tf::isa level : available_isas()) {
      const auto y = each(x, level, true);
      for (index_t i = 0; i < x.size(); ++i) {
        const long double exact = std::log(static_cast<long double>(x(i)));
        ASSERT_LE(std::abs(static_cast<long double>(y(i)) - exact),
                  5.5L * static_cast<long double>(unit<TypeParam>) * exact)
            << x(i) << " " << tf::name_of(level);
      }
    }
  }
}

TYPED_TEST(Softmax, SpecialValuesOfTheKernels) {
  using limits = std::numeric_limits<TypeParam>;
  const tf::tensor<TypeParam> x({7}, {limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(),
                                      -limits::infinity(), limits::max(), limits::lowest(), -0.0});
  for (const tf::isa level : available_isas()) {
    const auto y = each(x, level, false), z = each(x, level, true);
    EXPECT_TRUE(std::isnan(y(0)) && std::isnan(y(1)) && std::isnan(z(0)) && std::isnan(z(1)));
    EXPECT_EQ(y(2), limits::infinity());
    EXPECT_EQ(z(2), limits::infinity());
    EXPECT_EQ(y(3), 0);
    EXPECT_EQ(y(4), limits::infinity());
    EXPECT_EQ(y(5), 0);
    EXPECT_EQ(y(6), 1);
  }
}

/// softmax.hpp's bounds. They hold of the exact value, whose own error in double is that of as many roundings again.
template <class T>
void expect_softmax(const tf::tensor<T>& x, index_t dim, const tf::context& ctx, const char* name) {
  const auto exact = tf::reference::softmax(to_double(x), dim), logs = tf::reference::log_softmax(to_double(x), dim);
  const auto places = to_double(x);
  const index_t n = x.shape().empty() ? 1 : x.shape()[static_cast<std::size_t>(dim)];
  // |x - m| is at most log n above -log softmax.
  const double u = unit<T> * 2, terms = static_cast<double>(n), more = std::log(terms + 1);
  EXPECT_TRUE(compare(tf::softmax(x, dim, ctx), exact,
                      [&](T g, double e, index_t i) {
                        if (std::isnan(e)) return std::isnan(g);
                        const double way = -logs.data()[i] + more;
                        if (!std::isfinite(way)) return g == 0;
                        const auto tiny = static_cast<double>(std::numeric_limits<T>::min());
                        return std::abs(static_cast<double>(g) - e) <= u * e * (terms + 6 + way) + 2 * tiny;
                      }))
      << name << " " << x.shape() << " " << dim;
  EXPECT_TRUE(compare(tf::log_softmax(x, dim, ctx), logs,
                      [&](T g, double e, index_t) {
                        if (!std::isfinite(e)) return same_value(static_cast<double>(g), e, zeros::equal);
                        return std::abs(static_cast<double>(g) - e) <= u * (2 * (-e + more) + terms + 6 + 8 * more);
                      }))
      << name << " " << x.shape() << " " << dim;
}

TYPED_TEST(Softmax, IsWithinTheBoundAlongAnyDimension) {
  for (const tf::shape& s : shapes)
    for (index_t dim = 0; dim < std::max<index_t>(1, static_cast<index_t>(s.size())); ++dim)
      for (const tf::isa level : available_isas()) {
        expect_softmax(random_tensor<TypeParam>(s), dim, on(level), "near");
        expect_softmax(scaled(random_tensor<TypeParam>(s, 2), TypeParam{50}), dim, on(level), "far");
      }
}

TYPED_TEST(Softmax, SpecialValues) {
  const TypeParam infinity = std::numeric_limits<TypeParam>::infinity(),
                  nan = std::numeric_limits<TypeParam>::quiet_NaN();
  const std::vector<std::vector<TypeParam>> lines = {{infinity, 1, 2},         {nan, 1, 2},          {-infinity, 1, 2},
                                                     {-infinity, -infinity},   {infinity, infinity}, {1e30F, 0, -1e30F},
                                                     {-infinity, infinity, 1}, {nan, -infinity},     {nan}};
  for (const auto& line : lines)
    for (const index_t beside : {1, 5, 40})
      for (const index_t before : {0, 13, 40}) {  // -infinity, so that all places of a vector are met
        const auto n = static_cast<index_t>(line.size());
        auto x = filled<TypeParam>({n + before, beside}, -infinity);
        for (index_t i = 0; i < n; ++i)
          for (index_t j = 0; j < beside; ++j) x(before + i, j) = line[static_cast<std::size_t>(i)];
        for (const tf::isa level : available_isas()) expect_softmax(x, 0, on(level), "special");
      }
}

TYPED_TEST(Softmax, GradientsAreWithinTheBound) {
  for (const tf::shape& s : shapes)
    for (index_t dim = 0; dim < std::max<index_t>(1, static_cast<index_t>(s.size())); ++dim) {
      const auto x = random_tensor<TypeParam>(s), dy = random_tensor<TypeParam>(s, 2);
      const auto y = tf::softmax(x, dim), z = tf::log_softmax(x, dim);
      const auto exact = tf::reference::softmax_backward(to_double(dy), to_double(y), dim);
      const auto of_log = tf::reference::log_softmax_backward(to_double(dy), to_double(z), dim);
      // (|dy| + sum |dy y|) y and |dy| + exp(z) sum |dy|
      const auto magnitude =
          tf::reference::softmax_backward(magnitudes(dy), map<double>(y, [](auto v) { return -v; }), dim);
      auto log_magnitude =
          tf::reference::log_softmax_backward(map<double>(dy, [](auto v) { return -std::abs(v); }), to_double(z), dim);
      for (index_t i = 0; i < dy.size(); ++i)
        log_magnitude.data()[i] += 2 * std::abs(static_cast<double>(dy.data()[i]));
      const index_t n = s.empty() ? 1 : s[static_cast<std::size_t>(dim)];
      for (const tf::isa level : available_isas()) {
        EXPECT_TRUE(within_rounding(tf::softmax_backward(dy, y, dim, on(level)), exact, magnitudes(magnitude), n + 3))
            << s << dim;
        EXPECT_TRUE(within_rounding(tf::log_softmax_backward(dy, z, dim, on(level)), of_log, log_magnitude, n + 6))
            << s << dim;
      }
    }
}

TYPED_TEST(Softmax, InPlaceAndOnThreads) {
  const auto x = random_tensor<TypeParam>({40, 90, 31}), dy = random_tensor<TypeParam>({40, 90, 31}, 3);
  for (const index_t dim : {0, 1, 2}) {
    const auto y = tf::softmax(x, dim), z = tf::log_softmax(x, dim), dx = tf::softmax_backward(dy, y, dim),
               dz = tf::log_softmax_backward(dy, z, dim);
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(tf::softmax(x, dim, on_threads(threads)), y));
      EXPECT_TRUE(same_bits(tf::log_softmax(x, dim, on_threads(threads)), z));
      EXPECT_TRUE(same_bits(tf::softmax_backward(dy, y, dim, on_threads(threads)), dx));
      EXPECT_TRUE(same_bits(tf::log_softmax_backward(dy, z, dim, on_threads(threads)), dz));
    }
    auto place = x;
    tf::softmax_into(place, place, dim);
    EXPECT_TRUE(same_bits(place, y));
    place = x;
    tf::log_softmax_into(place, place, dim);
    EXPECT_TRUE(same_bits(place, z));
    place = dy;
    tf::softmax_backward_into(place, place, y, dim);
    EXPECT_TRUE(same_bits(place, dx));
    place = z;
    tf::log_softmax_backward_into(place, dy, place, dim);
    EXPECT_TRUE(same_bits(place, dz));
  }
}

TEST(SoftmaxErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({2, 3}), y({3, 2}), scalar(tf::shape{});
  const std::string range = "Dimension out of range (expected to be in range of [-2, 1], but got ";
  EXPECT_EQ(error_of([&] { tf::softmax(x, 2); }), range + "2)");
  EXPECT_EQ(error_of([&] { tf::log_softmax(x, -3); }), range + "-3)");
  EXPECT_EQ(error_of([&] { tf::softmax_backward(x, x, 5); }), range + "5)");
  EXPECT_EQ(error_of([&] { (void)tf::softmax_output_shape({2, 3}, 2); }), range + "2)");
  EXPECT_EQ(error_of([&] { tf::softmax(scalar, 1); }),
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(error_of([&] { tf::softmax_backward(x, y, 0); }),
            "Expected tensor for argument #1 'grad' to have same size as tensor for argument #2 'output'; but [2, 3] "
            "does not equal [3, 2] (while checking arguments for softmax_backward)");
  auto z = filled<float>({3, 2}, 7);
  EXPECT_EQ(error_of([&] { tf::softmax_into(z, x, 0); }), "softmax: expected output of shape [2, 3], but got [3, 2]");
  EXPECT_EQ(error_of([&] { tf::softmax_backward_into(z, x, x, 0); }),
            "softmax_backward: expected grad_input of shape [2, 3], but got [3, 2]");
  EXPECT_TRUE(equal(z, filled<float>({3, 2}, 7)));
}

}  // namespace
