// stored: weights of 16 bits, by themselves and in prepared layers.
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/stored.hpp>

#include "convolution_cases.hpp"

#include <bit>    // bit_cast
#include <cmath>  // ldexp, nearbyint

using namespace tenfold_test;
using tf::index_t;
using tf::shape;
using tf::stored;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The two formats in numbers: digits of precision, the exponent of the least normal number, the largest number.
struct format {
  stored as;
  const char* name;
  int digits, least_exponent;
  double largest;
};
const format formats[] = {{stored::fp16, "fp16", 11, -14, 65504},
                          {stored::bf16, "bf16", 8, -126, std::ldexp(255, 120)}};

/// The number that 16 bits stand for, by its definition.
double value_of(const format& f, int bits) {
  const int fractions = 1 << (f.digits - 1), fraction = bits % fractions, exponent = bits % 0x8000 / fractions;
  const int special = f.as == stored::fp16 ? 31 : 255;
  const double sign = bits < 0x8000 ? 1 : -1;
  if (exponent == special) return fraction ? std::nan("") : sign * static_cast<double>(infinity);
  const double size = exponent == 0 ? fraction : fraction + fractions;
  return sign * std::ldexp(size, f.least_exponent - (f.digits - 1) + std::max(exponent - 1, 0));
}

/// x rounded to a multiple of what its last digit is worth, to an even one between two: what the format's number is.
double rounded(const format& f, double x) {
  if (!std::isfinite(x) || x == 0) return x;
  const double last = std::ldexp(1, std::max(std::ilogb(x), f.least_exponent) - (f.digits - 1));
  return std::nearbyint(x / last) * last;
}
tf::tensor<float> rounded(const format& f, tf::tensor<float> x) {
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(rounded(f, double{x.data()[i]}));
  return x;
}

testing::AssertionResult same_number(float got, double expected) {
  if (std::isnan(expected)
          ? std::isnan(got)
          : std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(static_cast<float>(expected)))
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << got << " instead of " << expected;
}

/// What the kernel makes of the numbers with these bits.
std::vector<float> widened_by(tf::isa level, const format& f, const std::vector<std::uint16_t>& bits) {
  using namespace tf;  // as the macro's names ask
  std::vector<float> y(bits.size());
  const auto n = static_cast<index_t>(bits.size());
  if (f.as == stored::fp16)
    TENFOLD_KERNEL(level, widen<detail::fp16>)(reinterpret_cast<const detail::fp16*>(bits.data()), n, y.data());
  else
    TENFOLD_KERNEL(level, widen<detail::bf16>)(reinterpret_cast<const detail::bf16*>(bits.data()), n, y.data());
  return y;
}

TEST(Stored, EveryNumberIsItsFloat) {
  std::vector<std::uint16_t> all(0x10000), few;
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  for (const format& f : formats)
    for (const tf::isa level : available_isas()) {
      const std::vector<float> y = widened_by(level, f, all);
      for (int i = 0; i < 0x10000; ++i) {
        EXPECT_TRUE(same_number(y[static_cast<std::size_t>(i)], value_of(f, i)))
            << f.name << " " << i << " on " << tf::name_of(level);
        EXPECT_TRUE(same_number(tf::detail::widened(static_cast<std::int16_t>(i), f.as), value_of(f, i))) << f.name;
      }
      for (int i = 0; i < 0x10000; i += 3) {  // fewer than a vector's: element by element
        few = {static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i + 1)};
        const std::vector<float> z = widened_by(level, f, few);
        EXPECT_TRUE(same_number(z[0], value_of(f, few[0])) && same_number(z[1], value_of(f, few[1]))) << f.name << i;
      }
    }
}

TEST(Stored, RoundsToTheNearestToTheEvenOneBetweenTwo) {
  const auto bits = [](double x, const format& f) {
    return static_cast<int>(tf::detail::narrowed_bits(static_cast<float>(x), f.as));
  };
  for (const format& f : formats)
    for (const int sign : {0, 0x8000})
      for (int i = 0; i < 0x8000; ++i) {
        const double x = value_of(f, sign + i);
        if (std::isnan(x)) {
          EXPECT_TRUE(std::isnan(value_of(f, bits(x, f))));
          continue;
        }
        EXPECT_EQ(bits(x, f), sign + i) << f.name;
        const double next = value_of(f, sign + i + 1), middle = (x + next) / 2;
        if (!std::isfinite(next)) continue;
        const auto half = static_cast<float>(middle);
        EXPECT_EQ(bits(middle, f), sign + i + i % 2) << f.name;
        EXPECT_EQ(bits(double{std::nextafter(half, static_cast<float>(x))}, f), sign + i) << f.name;
        EXPECT_EQ(bits(double{std::nextafter(half, static_cast<float>(next))}, f), sign + i + 1) << f.name;
      }
}

TEST(Stored, RoundsFiniteNumbersToInfinityHalfAStepBeyondTheLargest) {
  for (const format& f : formats) {
    const double beyond = f.largest * (1 + std::ldexp(1, -f.digits) / (2 - std::ldexp(1, 1 - f.digits)));
    const auto edge = static_cast<float>(beyond);
    const auto of = [&](float x) { return value_of(f, tf::detail::narrowed_bits(x, f.as)); };
    EXPECT_EQ(of(std::nextafter(edge, 0.0F)), f.largest) << f.name;
    EXPECT_EQ(of(edge), double{infinity}) << f.name;
    EXPECT_EQ(of(-edge), -double{infinity}) << f.name;
    EXPECT_EQ(of(std::numeric_limits<float>::max()), double{infinity}) << f.name;
  }
}

// ---- layers

struct conv2d_layer {
  using prepared = tf::prepared_conv2d<float>;
  static index_t channels(const conv2d_case& c) { return c.weight[0]; }
};
struct conv_transpose2d_layer {
  using prepared = tf::prepared_conv_transpose2d<float>;
  static index_t channels(const conv_transpose2d_case& c) { return c.weight[1] * c.options.groups; }
};

const conv2d_case conv2d_layers[] = {
    {"fully_connected", {1, 70, 3, 3}, {21, 70, 3, 3}},
    {"fully_connected_of_a_batch", {11, 70, 1, 1}, {21, 70, 1, 1}},
    {"less_than_a_vector", {1, 3, 1, 1}, {5, 3, 1, 1}},
    {"terms_of_two_blocks", {1, 60, 7, 7}, {5, 60, 7, 7}},
    {"four_pixels_of_groups", {2, 12, 4, 4}, {10, 6, 3, 3}, {.groups = 2}},
    {"depthwise", {1, 20, 9, 11}, {20, 1, 3, 3}, {.padding = 1, .groups = 20}},
    {"an_image", {2, 20, 12, 13}, {18, 20, 3, 3}, {.padding = 1}},
};
const conv_transpose2d_case conv_transpose2d_layers[] = {
    {"fully_connected", {1, 70, 1, 1}, {70, 21, 3, 3}},
    {"fully_connected_of_a_batch", {11, 70, 1, 1}, {70, 21, 3, 3}},
    {"less_than_a_vector", {1, 3, 1, 1}, {3, 5, 1, 1}},
    {"groups", {2, 12, 1, 1}, {12, 5, 3, 5}, {.padding = 1, .groups = 2}},
    {"depthwise", {1, 20, 9, 11}, {20, 1, 4, 4}, {.stride = 2, .padding = 1, .groups = 20}},
    {"an_image", {2, 20, 7, 9}, {20, 18, 4, 4}, {.stride = 2, .padding = 1}},
};

/// Numbers of many sizes, some of which fp16 has fewer digits for; every tenth input is far from its neighbours, for
/// Winograd's guard.
tf::tensor<float> weights(const shape& s) {
  auto w = random_tensor<float>(s, 2);
  for (index_t i = 0; i < w.size(); ++i) w.data()[i] = std::ldexp(w.data()[i], -static_cast<int>(i % 24));
  return w;
}
tf::tensor<float> inputs(const shape& s) {
  auto x = random_tensor<float>(s, 1);
  for (index_t i = 7; i < x.size(); i += 211) x.data()[i] *= 1e12F;
  return x;
}

/// Of every algorithm on every instruction set: the bits of the layer of rounded weights.
template <class Layer, class Case>
void expect_is_the_layer_of_rounded_weights(const Case& c) {
  const auto x = inputs(c.input), w = weights(c.weight), b = random_tensor<float>({Layer::channels(c)}, 3);
  using prepared = typename Layer::prepared;
  for (const format& f : formats)
    for (const tf::context& ctx : contexts_of<float>(c)) {
      const auto name = testing::Message() << f.name << ", " << c << ", " << name_of(ctx);
      auto own = w;
      const prepared floats(rounded(f, w), b, c.options, tf::activation::relu, ctx);
      const prepared layer(f.as, own, b, c.options, tf::activation::relu, ctx);
      const prepared without_bias(f.as, own, c.options, tf::activation::none, ctx);
      own = filled(w.shape(), 77.0F);  // nothing refers to it
      const auto y = floats(x, ctx);
      EXPECT_TRUE(same_bits(layer(x, ctx), y)) << name;
      EXPECT_TRUE(same_bits(prepared(layer)(x, ctx), y)) << name << ", a copy";
      EXPECT_TRUE(
          same_bits(without_bias(x, ctx), prepared(rounded(f, w), c.options, tf::activation::none, ctx)(x, ctx)))
          << name << ", no bias";
    }
}

TEST(StoredConv2d, IsTheLayerOfRoundedWeights) {
  for (const conv2d_case& c : conv2d_layers) expect_is_the_layer_of_rounded_weights<conv2d_layer>(c);
}
TEST(StoredConvTranspose2d, IsTheLayerOfRoundedWeights) {
  for (const auto& c : conv_transpose2d_layers) expect_is_the_layer_of_rounded_weights<conv_transpose2d_layer>(c);
}

TEST(StoredLayers, OfIntegersAreExact) {
  const auto x = small_integers<float>({2, 70, 3, 3}, 1), w = small_integers<float>({21, 70, 3, 3}, 2);
  const auto x1 = small_integers<float>({2, 21, 1, 1}, 3);
  for (const format& f : formats)
    for (const tf::isa level : available_isas()) {
      const tf::prepared_conv2d<float> layer(f.as, w), floats(w);
      const tf::prepared_conv_transpose2d<float> transposed(f.as, w), floats_transposed(w);
      EXPECT_TRUE(same_bits(layer(x, on(level)), floats(x, on(level)))) << f.name;
      EXPECT_TRUE(same_bits(transposed(x1, on(level)), floats_transposed(x1, on(level)))) << f.name;
    }
}

TEST(StoredLayers, AreWithinTheirBound) {
  constexpr index_t terms = 300, outputs = 40;
  const auto x = random_tensor<float>({1, terms, 1, 1}, 1), w = weights({outputs, terms, 1, 1});
  for (const format& f : formats)
    for (const tf::isa level : available_isas()) {
      const auto y = tf::prepared_conv2d<float>(f.as, w, {}, tf::activation::none, on(level))(x);
      for (index_t o = 0; o < outputs; ++o) {
        double exact = 0, stored_error = 0, magnitude = 0;
        for (index_t i = 0; i < terms; ++i) {
          const double a = double{w.data()[o * terms + i]}, b = double{x.data()[i]};
          const double relative = std::ldexp(std::abs(a), -f.digits);
          exact += a * b;
          stored_error += std::abs(b) * (f.as == stored::fp16 ? std::max(relative, std::ldexp(1, -25)) : relative);
          magnitude += std::abs(a * b);
        }
        // The layer's own: that many roundings of terms of rounded weights.
        const double own = rounding_factor<float>(terms) * (magnitude + stored_error);
        EXPECT_LE(std::abs(double{y.data()[o]} - exact), stored_error + own) << f.name << " on " << tf::name_of(level);
      }
    }
}

TEST(StoredLayers, GiveTheSameBitsOnAnyNumberOfThreads) {
  const auto x = random_tensor<float>({3, 300, 2, 2}, 1), w = weights({130, 300, 2, 2});
  const auto x1 = random_tensor<float>({3, 130, 1, 1}, 1);
  for (const format& f : formats) {
    const tf::prepared_conv2d<float> layer(f.as, w);
    const tf::prepared_conv_transpose2d<float> transposed(f.as, w);
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(layer(x, on_threads(threads)), layer(x))) << f.name;
      EXPECT_TRUE(same_bits(transposed(x1, on_threads(threads)), transposed(x1))) << f.name;
    }
  }
}

TEST(StoredLayers, KeepInfinitiesAndNan) {
  const tf::tensor<float> w({3, 1, 1, 1}, {infinity, -infinity, std::nanf("")}), x({1, 1, 1, 1}, {2});
  for (const format& f : formats)
    EXPECT_TRUE(equal(tf::prepared_conv2d<float>(f.as, w)(x),
                      tf::tensor<float>({1, 3, 1, 1}, {infinity, -infinity, std::nanf("")})))
        << f.name;
}

TEST(StoredErrors, NameTheWeightThatDoesNotFit) {
  tf::tensor<float> w({2, 3, 2, 2});
  w(1, 2, 0, 1) = -65520;
  const auto make = [&](stored as) { return error_of([&] { (void)tf::prepared_conv2d<float>(as, w); }); };
  EXPECT_EQ(make(stored::fp16), "conv2d: the weight at [1, 2, 0, 1] is -65520.0, beyond the numbers of fp16");
  EXPECT_EQ(make(stored::bf16), "");
  EXPECT_EQ(hint_of([&] { (void)tf::prepared_conv2d<float>(stored::fp16, w); }),
            "fp16 reaches to 65504; bf16 as far as float");
  w(1, 2, 0, 1) = 65519;
  EXPECT_EQ(make(stored::fp16), "");
  w(1, 1, 1, 0) = 3.4e38F;
  EXPECT_EQ(make(stored::bf16),
            "conv2d: the weight at [1, 1, 1, 0] is 3.3999999521443642e+38, beyond the numbers of bf16");
}

TEST(StoredErrors, OfExactMath) {
  const tf::tensor<float> x({1, 3, 1, 1}), w({2, 3, 1, 1});
  tf::context exact;
  exact.math = tf::math::exact;
  const char* text = "conv2d: math::exact takes weights as they are given, but this layer has them in bf16";
  EXPECT_EQ(error_of([&] { (void)tf::prepared_conv2d<float>(stored::bf16, w, {}, tf::activation::none, exact); }),
            text);
  const tf::prepared_conv2d<float> layer(stored::bf16, w);
  (void)layer(x);
  EXPECT_EQ(error_of([&] { (void)layer(x, exact); }), text);
  tf::tensor<float> y({1, 2, 1, 1});
  EXPECT_EQ(error_of([&] { layer.into(y, x, exact); }), text);
  EXPECT_EQ(error_of([&] { layer.plan(x.shape(), exact); }), text);
  const tf::prepared_conv2d<float> given(stored::as_given, w, {}, tf::activation::none, exact);
  EXPECT_EQ(error_of([&] { (void)given(x, exact); }), "");
}

}  // namespace
