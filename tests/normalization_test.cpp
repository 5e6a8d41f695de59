#include <tenfold/normalization.hpp>
#include <tenfold/permute.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

template <class T>
struct Normalization : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(Normalization, floating_types);

template <class T>
constexpr double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;

template <class T>
tf::tensor<T> positive(const tf::shape& s, unsigned seed) {
  return map<T>(random_tensor<T>(s, seed), [](T v) { return static_cast<T>(std::abs(v) + T{0.1F}); });
}

const tf::shape inputs[] = {{2, 6, 4, 5}, {3, 6, 7}, {5, 6},    {1, 6, 33, 31}, {2, 6, 1, 2},
                            {4, 6, 300},  {2, 600},  {0, 6, 4}, {70, 6, 3},     {2, 12, 17}};

/// normalization.hpp's bound: alpha is rounded 5 times (sum, root, quotient, product), beta 3 more, the result 2.
template <class T>
void expect_batch_norm(const tf::shape& s, bool affine) {
  const tf::shape c{s[1]};
  const auto x = random_tensor<T>(s), mean = random_tensor<T>(c, 2), var = positive<T>(c, 3),
             w = random_tensor<T>(c, 4), b = random_tensor<T>(c, 5);
  const auto run = [&](const tf::context& ctx) {
    return affine ? tf::batch_norm(x, mean, var, w, b, 1e-5, ctx) : tf::batch_norm(x, mean, var, 1e-5, ctx);
  };
  const auto exact =
      affine ? tf::reference::batch_norm(to_double(x), to_double(mean), to_double(var), to_double(w), to_double(b))
             : tf::reference::batch_norm(to_double(x), to_double(mean), to_double(var));
  // |x alpha| + |mean alpha| + |bias|
  const auto minus_mean = map<double>(mean, [](T v) { return -std::abs(static_cast<double>(v)); });
  const auto magnitude =
      affine ? tf::reference::batch_norm(magnitudes(x), minus_mean, to_double(var), magnitudes(w), magnitudes(b))
             : tf::reference::batch_norm(magnitudes(x), minus_mean, to_double(var));
  for (const tf::isa level : available_isas())
    EXPECT_TRUE(within_rounding(run(on(level)), exact, magnitude, 8)) << s << " " << tf::name_of(level);
  const auto whole = run({});
  for (const int threads : {2, 3}) EXPECT_TRUE(same_bits(run(on_threads(threads)), whole)) << s;
  auto place = x;
  affine ? tf::batch_norm_into(place, place, mean, var, w, b) : tf::batch_norm_into(place, place, mean, var);
  EXPECT_TRUE(same_bits(place, whole)) << s;
}

TYPED_TEST(Normalization, BatchNormIsWithinTheBound) {
  for (const tf::shape& s : inputs)
    for (const bool affine : {false, true}) expect_batch_norm<TypeParam>(s, affine);
  expect_batch_norm<TypeParam>({3, 40, 9000}, true);
  expect_batch_norm<TypeParam>({4000, 40}, true);
}

/// What group_norm promises of one line: the error of (x - mean) / sqrt(var + eps) * w + b.
///   d = |x - mean|, s = sqrt(var + eps), e the mean's error, v the variance's relative one with eps
///     |w| (e + 3 u d) / s + |w| d / s (v / 2 + 4 u) + u (|w| d / s + |b|) + u |result|
template <class T, class Run>
void expect_normalized(const tf::tensor<T>& x, const tf::tensor<double>& exact, index_t length, const Run& run,
                       double w, double b, double eps, const char* name, double roundings = 0) {
  for (const tf::isa level : available_isas()) {
    const auto y = run(on(level));
    ASSERT_EQ(y.shape(), x.shape());
    for (index_t line = 0; length > 0 && line < x.size() / length; ++line) {
      const T* from = x.data() + line * length;
      double mean = 0, sizes = 0, var = 0;
      for (index_t i = 0; i < length; ++i) mean += static_cast<double>(from[i]) / static_cast<double>(length);
      for (index_t i = 0; i < length; ++i)
        sizes += std::abs(static_cast<double>(from[i])) / static_cast<double>(length);
      for (index_t i = 0; i < length; ++i)
        var += std::pow(static_cast<double>(from[i]) - mean, 2) / static_cast<double>(length);
      const double u = 2 * unit<T>;  // twice: double's own error
      const double r = std::max(42 + std::log2(static_cast<double>(length) + 1), roundings);
      const double e = (r + 1) * u * sizes, s = std::sqrt(var + eps);
      const double v = ((r + 5) * u * var + e * e + u * eps) / (var + eps);
      for (index_t i = line * length; i < (line + 1) * length; ++i) {
        const double d = std::abs(static_cast<double>(x.data()[i]) - mean);
        const double bound = w * (e + 3 * u * d) / s + w * d / s * (v / 2 + 4 * u) + u * (w * d / s + 2 * b) +
                             u * std::abs(exact.data()[i]);
        ASSERT_LE(std::abs(static_cast<double>(y.data()[i]) - exact.data()[i]), bound)
            << name << " " << x.shape() << " " << i << " " << tf::name_of(level);
      }
    }
  }
  const auto whole = run({});
  for (const int threads : {2, 3}) EXPECT_TRUE(same_bits(run(on_threads(threads)), whole)) << name << x.shape();
}

/// Off 0, so that the two passes count.
template <class T>
tf::tensor<T> shifted(const tf::shape& s) {
  return map<T>(random_tensor<T>(s), [](T v) { return v + T{3}; });
}

TYPED_TEST(Normalization, GroupAndInstanceNormAreWithinTheBound) {
  using T = TypeParam;
  for (const tf::shape& s : inputs) {
    const tf::shape c{s[1]};
    const auto x = shifted<T>(s), w = random_tensor<T>(c, 4), b = random_tensor<T>(c, 5);
    const index_t plane = tf::detail::elements_between(s, 2, s.size());
    for (const index_t groups : {1, 2, 3, 6}) {
      if (s[0] * s[1] / groups * plane == 1 || s[0] == 0) continue;
      const index_t length = s[1] / groups * plane;
      expect_normalized<T>(
          x, tf::reference::group_norm(to_double(x), groups, to_double(w), to_double(b)), length,
          [&](const tf::context& ctx) { return tf::group_norm(x, groups, w, b, 1e-5, ctx); }, 1, 1, 1e-5, "group");
      expect_normalized<T>(
          x, tf::reference::group_norm(to_double(x), groups, 0.5), length,
          [&](const tf::context& ctx) { return tf::group_norm(x, groups, 0.5, ctx); }, 1, 0, 0.5, "group, plain");
    }
    if (plane == 1) continue;
    expect_normalized<T>(
        x, tf::reference::instance_norm(to_double(x)), plane,
        [&](const tf::context& ctx) { return tf::instance_norm(x, 1e-5, ctx); }, 1, 0, 1e-5, "instance, plain");
    if (s[0] == 0) continue;
    expect_normalized<T>(
        x, tf::reference::instance_norm(to_double(x), to_double(w), to_double(b)), plane,
        [&](const tf::context& ctx) { return tf::instance_norm(x, w, b, 1e-5, ctx); }, 1, 1, 1e-5, "instance");
    auto place = x;
    tf::instance_norm_into(place, place, w, b);
    EXPECT_TRUE(same_bits(place, tf::instance_norm(x, w, b)));
  }
}

TYPED_TEST(Normalization, LayerNormIsWithinTheBound) {
  using T = TypeParam;
  const std::pair<tf::shape, tf::shape> all[] = {{{2, 3, 4}, {4}},    {{2, 3, 4}, {3, 4}}, {{2, 3, 4}, {2, 3, 4}},
                                                 {{7}, {7}},          {{0, 4}, {4}},       {{2, 0}, {0}},
                                                 {{50, 768}, {768}},  {{3, 33}, {33}},     {{400, 17}, {17}},
                                                 {{2, 9000}, {9000}}, {{5, 1}, {1}}};
  for (const auto& [s, n] : all) {
    const auto x = shifted<T>(s), w = random_tensor<T>(n, 4), b = random_tensor<T>(n, 5);
    const tf::shape& normalized = n;
    expect_normalized<T>(
        x, tf::reference::layer_norm(to_double(x), normalized, to_double(w), to_double(b)), n.elements(),
        [&](const tf::context& ctx) { return tf::layer_norm(x, normalized, w, b, 1e-5, ctx); }, 1, 1, 1e-5, "layer");
    expect_normalized<T>(
        x, tf::reference::layer_norm(to_double(x), normalized), n.elements(),
        [&](const tf::context& ctx) { return tf::layer_norm(x, normalized, 1e-5, ctx); }, 1, 0, 1e-5, "layer, plain");
    auto place = x;
    tf::layer_norm_into(place, place, normalized, w, b);
    EXPECT_TRUE(same_bits(place, tf::layer_norm(x, normalized, w, b)));
  }
}

/// As rows of channels, that is with the channels behind the pixels.
template <class T>
tf::tensor<T> channels_last(const tf::tensor<T>& x) {
  return x.shape().size() == 3 ? tf::permute(x, {1, 2, 0}) : tf::permute(x, {0, 2, 3, 1});
}

TYPED_TEST(Normalization, LayerNorm2dIsWithinTheBound) {
  using T = TypeParam;
  for (const tf::shape& s : std::initializer_list<tf::shape>{
           {2, 6, 3, 5}, {1, 7, 1, 1}, {6, 9, 13}, {2, 768, 7, 7}, {1, 3, 40, 41}, {0, 4, 2, 2}, {2, 1, 3, 3}}) {
    const tf::shape channels{s[s.size() - 3]};
    const auto x = shifted<T>(s), w = random_tensor<T>(channels, 4), b = random_tensor<T>(channels, 5);
    const auto turned = channels_last(x);
    const double roundings = static_cast<double>(channels[0]) / 2 + 5;
    expect_normalized<T>(
        turned, tf::reference::layer_norm(to_double(turned), channels, to_double(w), to_double(b)), channels[0],
        [&](const tf::context& ctx) { return channels_last(tf::layer_norm2d(x, w, b, 1e-5, ctx)); }, 1, 1, 1e-5,
        "layer, 2d", roundings);
    expect_normalized<T>(
        turned, channels_last(tf::reference::layer_norm2d(to_double(x), 0.5)), channels[0],
        [&](const tf::context& ctx) { return channels_last(tf::layer_norm2d(x, 0.5, ctx)); }, 1, 0, 0.5,
        "layer, 2d, plain", roundings);
    auto place = x;
    tf::layer_norm2d_into(place, place, w, b);
    EXPECT_TRUE(same_bits(place, tf::layer_norm2d(x, w, b)));
  }
}

TEST(LayerNorm2dErrors, AreLayerNorms) {
  const tf::tensor<float> x({2, 3, 4, 5}), three({3}), four({4});
  EXPECT_EQ(
      error_of([&] { tf::layer_norm2d(x, four, three); }),
      "Expected weight to be of same shape as normalized_shape, but got weight of shape [4] and normalized_shape = "
      "[3]");
  EXPECT_EQ(error_of([&] { tf::layer_norm2d(x, three, four); }),
            "Expected bias to be of same shape as normalized_shape, but got bias of shape [4] and normalized_shape = "
            "[3]");
  EXPECT_EQ(error_of([&] { tf::layer_norm2d(three); }),
            "layer_norm2d: expected an input of 3 or 4 dimensions, but got one of shape [3]");
  auto y = filled<float>({2, 3, 4, 4}, 7);
  EXPECT_EQ(error_of([&] { tf::layer_norm2d_into(y, x); }),
            "layer_norm2d: expected output of shape [2, 3, 4, 5], but got [2, 3, 4, 4]");
  EXPECT_TRUE(equal(y, filled<float>({2, 3, 4, 4}, 7)));
}

TYPED_TEST(Normalization, SpecialValues) {
  const TypeParam infinity = std::numeric_limits<TypeParam>::infinity(),
                  nan = std::numeric_limits<TypeParam>::quiet_NaN();
  for (const tf::isa level : available_isas())
    for (const index_t n : {3, 8, 19, 70}) {
      for (const TypeParam v : {infinity, -infinity, nan}) {
        auto x = random_tensor<TypeParam>({3, n});
        x(1, n - 1) = v;
        const auto y = tf::layer_norm(x, {n}, 1e-5, on(level)), z = tf::group_norm(x, 1, 1e-5, on(level));
        for (index_t i = 0; i < n; ++i)
          EXPECT_TRUE(std::isnan(y(1, i)) && std::isnan(z(1, i)) && std::isfinite(y(0, i)) && std::isfinite(z(2, i)));
      }
      const auto same = filled<TypeParam>({2, n}, 2);
      EXPECT_TRUE(equal(tf::layer_norm(same, {n}, 1e-5, on(level)), filled<TypeParam>({2, n}, 0)));
      EXPECT_TRUE(std::isnan(tf::layer_norm(same, {n}, 0.0, on(level))(1, n - 1)));
      const auto c = filled<TypeParam>({n}, 1);
      EXPECT_TRUE(std::isnan(tf::batch_norm(same, c, filled<TypeParam>({n}, -1), 1e-5, on(level))(1, 0)));
    }
}

TEST(BatchNormErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({2, 3, 4}), three({3}), four({4}), column({3, 1}), none({0});
  const auto error = [&](const auto& mean, const auto& var, const auto& w, const auto& b) {
    return error_of([&] { tf::batch_norm(x, mean, var, w, b); });
  };
  EXPECT_EQ(error(four, three, three, three), "running_mean should contain 3 elements not 4");
  EXPECT_EQ(error(three, four, four, three), "running_var should contain 3 elements not 4");
  EXPECT_EQ(error(three, three, four, three), "weight should contain 3 elements not 4");
  EXPECT_EQ(error(three, three, three, four), "bias should contain 3 elements not 4");
  EXPECT_EQ(error(column, three, three, three), "TensorAccessor expected 1 dims but tensor has 2");
  EXPECT_EQ(error_of([&] { tf::batch_norm(three, three, three); }), "running_mean should contain 0 elements not 3");
  EXPECT_EQ(error_of([&] { tf::batch_norm(three, none, none); }),
            "batch_norm: expected an input of at least 2 dimensions, but got [3]");
  EXPECT_EQ(error_of([&] { tf::batch_norm(x, three, three, -1.0); }),
            "batch_norm eps must be non-negative, but got -1.0");
  EXPECT_EQ(error_of([&] { tf::batch_norm(x, three, three, -1e-5); }),
            "batch_norm eps must be non-negative, but got -1e-05");
  EXPECT_EQ(error_of([&] { tf::batch_norm(x, three, three, -1e5); }),
            "batch_norm eps must be non-negative, but got -100000.0");
  auto y = filled<float>({2, 3}, 7);
  EXPECT_EQ(error_of([&] { tf::batch_norm_into(y, x, three, three); }),
            "batch_norm: expected output of shape [2, 3, 4], but got [2, 3]");
  EXPECT_TRUE(equal(y, filled<float>({2, 3}, 7)));
}

TEST(InstanceNormErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> three({3});
  const auto error = [&](const tf::shape& s) { return error_of([&] { tf::instance_norm(tf::tensor<float>(s)); }); };
  const auto affine = [&](const tf::shape& s) {
    return error_of([&] { tf::instance_norm(tf::tensor<float>(s), three, three); });
  };
  EXPECT_EQ(error({2, 3, 1, 1}),
            "Expected more than 1 spatial element when training, got input size torch.Size([2, 3, 1, 1])");
  EXPECT_EQ(error({2, 3}), "Expected more than 1 spatial element when training, got input size torch.Size([2, 3])");
  EXPECT_EQ(error({2, 3, 0}), "");
  EXPECT_EQ(affine({2, 4, 3}), "weight should contain 8 elements not 6");
  EXPECT_EQ(affine({0, 3, 4}), "select(): index 0 out of range for tensor of size [0] at dimension 0");
  EXPECT_EQ(error_of([&] {
              tf::instance_norm(tf::tensor<float>({2, 3, 4}), three, tf::tensor<float>({2}));
            }),
            "bias should contain 6 elements not 4");
}

TEST(GroupNormErrors, SayWhatPyTorchSays) {
  const auto error = [](const tf::shape& s, index_t groups) {
    return error_of([&] { tf::group_norm(tf::tensor<float>(s), groups); });
  };
  EXPECT_EQ(error({6}, 0), "Expected at least 2 dimensions for input tensor but received 1");
  EXPECT_EQ(error({2, 5, 4}, 0), "integer division or modulo by zero");
  EXPECT_EQ(error({2, 6, 4}, -1), "Expected num groups to be greater than 0, got -1");
  EXPECT_EQ(error({2, 6, 0}, -1), "Expected HxW to be greater than 0, got 0");
  EXPECT_EQ(error({2, 0, 4}, -1), "Expected number of channels to be greater than 0, got 0");
  EXPECT_EQ(error({2, 5, 4}, 3),
            "Expected number of channels in input to be divisible by num_groups, but got input of shape [2, 5, 4] and "
            "num_groups=3");
  EXPECT_EQ(error({1, 6, 1}, 6), "Expected more than 1 value per channel when training, got input size [1, 6, 1]");
  EXPECT_EQ(error({2, 3, 1}, 6), "Expected more than 1 value per channel when training, got input size [1, 6, 1]");
  EXPECT_EQ(error({2, 6}, 6), "");
  EXPECT_EQ(error({0, 6, 4}, 3), "");
  const tf::tensor<float> x({2, 6, 4}), five({5}), six({6});
  EXPECT_EQ(error_of([&] { tf::group_norm(x, 3, five, five); }),
            "Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape "
            "[5] and input of shape [2, 6, 4]");
  EXPECT_EQ(error_of([&] {
              tf::group_norm(x, 3, six, tf::tensor<float>({6, 1}));
            }),
            "Expected bias to be a vector of size equal to the number of channels in input, but got bias of shape [6, "
            "1] and input of shape [2, 6, 4]");
}

TEST(LayerNormErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({2, 3, 4}), w({3}), b({4});
  const auto error = [&](const tf::shape& n) { return error_of([&] { tf::layer_norm(x, n); }); };
  EXPECT_EQ(error({}),
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []");
  EXPECT_EQ(error({3}), "Given normalized_shape=[3], expected input with shape [*, 3], but got input of size[2, 3, 4]");
  EXPECT_EQ(error({9, 2, 3, 4}),
            "Given normalized_shape=[9, 2, 3, 4], expected input with shape [*, 9, 2, 3, 4], but got input of "
            "size[2, 3, 4]");
  EXPECT_EQ(error_of([&] { tf::layer_norm(x, {4}, w, b); }),
            "Expected weight to be of same shape as normalized_shape, but got weight of shape [3] and normalized_shape "
            "= [4]");
  EXPECT_EQ(error_of([&] { tf::layer_norm(x, {4}, b, w); }),
            "Expected bias to be of same shape as normalized_shape, but got bias of shape [3] and normalized_shape = "
            "[4]");
}

}  // namespace
