// prepared_conv2d, prepared_conv_transpose2d, and fold_batch_norm.
#include <tenfold/batch_norm.hpp>
#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/reference.hpp>

#include "convolution_cases.hpp"

#include <memory>       // make_unique
#include <type_traits>  // is_nothrow_move_constructible
#include <utility>      // move

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

namespace {

// A std::vector of layers grows without copies of their weights.
static_assert(std::is_nothrow_move_constructible_v<tf::prepared_conv2d<float>>);
static_assert(std::is_nothrow_move_assignable_v<tf::prepared_conv_transpose2d<double>>);

/// max(v, 0); NaN and -0 stay, as in torch.
template <class T>
tf::tensor<T> relu_of(const tf::tensor<T>& x) {
  return map<T>(x, [](T v) { return v < T{} ? T{} : v; });
}

struct conv2d_layer {
  template <class T>
  using prepared = tf::prepared_conv2d<T>;
  static auto plain(const auto&... x) { return tf::conv2d(x...); }
  static index_t channels(const conv2d_case& c) { return c.weight[0]; }
};

struct conv_transpose2d_layer {
  template <class T>
  using prepared = tf::prepared_conv_transpose2d<T>;
  static auto plain(const auto&... x) { return tf::conv_transpose2d(x...); }
  static index_t channels(const conv_transpose2d_case& c) { return c.weight[1] * c.options.groups; }
};

/// The plain call's bits, and those of its relu, with and without bias, as a result and into an output.
template <class T, class Layer, class Case>
void expect_equals_plain(const Case& c) {
  const auto x = random_tensor<T>(c.input, 1), w = random_tensor<T>(c.weight, 2);
  const auto b = random_tensor<T>({Layer::channels(c)}, 3);
  using prepared = typename Layer::template prepared<T>;
  for (const tf::context& ctx : contexts_of<T>(c)) {
    const auto name = testing::Message() << c << ", " << name_of(ctx);
    const auto plain = Layer::plain(x, w, b, c.options, ctx);
    const prepared layer(w, b, c.options, tf::activation::none, ctx);
    EXPECT_TRUE(same_bits(layer(x, ctx), plain)) << name;
    EXPECT_EQ(layer.output_shape(c.input), plain.shape()) << name;
    auto y = filled<T>(plain.shape(), T{77});
    layer.into(y, x, ctx);
    EXPECT_TRUE(same_bits(y, plain)) << name << ", into";

    const prepared rectified(w, b, c.options, tf::activation::relu, ctx);
    EXPECT_TRUE(equal(rectified(x, ctx), relu_of(plain))) << name << ", relu";

    const auto without_bias = Layer::plain(x, w, c.options, ctx);
    EXPECT_TRUE(same_bits(prepared(w, c.options, tf::activation::none, ctx)(x, ctx), without_bias))
        << name << ", no bias";
    EXPECT_TRUE(equal(prepared(w, c.options, tf::activation::relu, ctx)(x, ctx), relu_of(without_bias)))
        << name << ", relu, no bias";
  }
}

class PreparedConv2d : public testing::TestWithParam<conv2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, PreparedConv2d, testing::ValuesIn(conv2d_cases), case_name());
TEST_P(PreparedConv2d, EqualsThePlainCall) {
  expect_equals_plain<float, conv2d_layer>(GetParam());
  expect_equals_plain<std::int16_t, conv2d_layer>(GetParam());
}

class PreparedConvTranspose2d : public testing::TestWithParam<conv_transpose2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, PreparedConvTranspose2d, testing::ValuesIn(conv_transpose2d_cases), case_name());
TEST_P(PreparedConvTranspose2d, EqualsThePlainCall) {
  expect_equals_plain<float, conv_transpose2d_layer>(GetParam());
  expect_equals_plain<std::int16_t, conv_transpose2d_layer>(GetParam());
}

TEST(PreparedRelu, KeepsNanAndTheSignOfZero) {
  const tf::tensor<float> x({1, 1, 1, 4},
                            {std::numeric_limits<float>::quiet_NaN(), -1, 1, -std::numeric_limits<float>::infinity()});
  for (const tf::isa isa : available_isas()) {
    const tf::prepared_conv2d<float> layer(tf::tensor<float>({1, 1, 1, 1}, {2}), {}, tf::activation::relu, on(isa));
    EXPECT_TRUE(equal(layer(x), tf::tensor<float>({1, 1, 1, 4}, {std::numeric_limits<float>::quiet_NaN(), 0, 2, 0})))
        << tf::name_of(isa);
  }
}

// ---- life
// ------------------------------------------------------------------------------------------------------------

/// One algorithm for both: the best one of a prepared layer may be another than that of a plain call, which packs or
/// transforms the weight each time, and then their bits may differ.
tf::context one_algorithm(tf::isa isa = available_isas().back()) {
  tf::context ctx = on(isa);
  ctx.algorithm = "implicit_gemm";
  return ctx;
}

TEST(Prepared, ServesInputsOfEverySize) {
  const tf::context ctx = one_algorithm();
  const auto w = random_tensor<float>({5, 3, 3, 3}, 1);
  const auto b = random_tensor<float>({5}, 2);
  const tf::prepared_conv2d<float> layer(w, b, {.stride = 2, .padding = 1}, tf::activation::none, ctx);
  const tf::prepared_conv_transpose2d<float> back(w, {.stride = 2, .padding = 1}, tf::activation::none, ctx);
  for (const shape& input :
       {shape{1, 3, 9, 9}, shape{4, 3, 30, 7}, shape{3, 1, 1}, shape{0, 3, 5, 5}, shape{1, 3, 40, 50}}) {
    const auto x = random_tensor<float>(input, 3);
    const auto y = layer(x, ctx);
    EXPECT_TRUE(same_bits(y, tf::conv2d(x, w, b, {.stride = 2, .padding = 1}, ctx))) << input;
    EXPECT_TRUE(same_bits(back(y, ctx), tf::conv_transpose2d(y, w, {.stride = 2, .padding = 1}, ctx))) << input;
  }
}

/// More sizes, threads and caps than a layer keeps plans for, in turn: each call gets its own.
TEST(Prepared, PlansEachCallForItself) {
  const auto w = random_tensor<float>({6, 4, 3, 3}, 1);
  const tf::prepared_conv2d<float> layer(w, {.padding = 1}, tf::activation::relu);
  const tf::prepared_conv_transpose2d<float> back(w, {.stride = 2}, tf::activation::relu);
  for (int round = 0; round < 3; ++round)
    for (index_t side = 1; side < 8; ++side)
      for (const int threads : {1, 3})
        for (const tf::math math : {tf::math::standard, tf::math::exact}) {
          tf::context ctx = on_threads(threads);
          ctx.math = math;
          const auto x = random_tensor<float>({1, 4, side, 2 * side}, 3);
          const auto y = random_tensor<float>({2, 6, side, side}, 4);
          layer.plan(x.shape(), ctx);
          EXPECT_TRUE(same_bits(layer(x, ctx), tf::prepared_conv2d<float>(layer)(x, ctx))) << side;
          EXPECT_TRUE(same_bits(back(y, ctx), tf::prepared_conv_transpose2d<float>(back)(y, ctx))) << side;
        }
  EXPECT_EQ(error_of([&] {
              layer.plan({1, 5, 9, 9});
            }),
            error_of([&] {
              tf::conv2d_output_shape({1, 5, 9, 9}, w.shape());
            }));
}

/// Threads that see new sizes at the same time.
TEST(Prepared, MayBeCalledByManyThreads) {
  const auto w = random_tensor<float>({6, 4, 3, 3}, 1);
  const tf::prepared_conv2d<float> layer(w, {.padding = 1});
  std::vector<tf::tensor<float>> x, expected;
  for (index_t side = 1; side < 13; ++side) {
    x.push_back(random_tensor<float>({1, 4, side, side}, 3));
    expected.push_back(tf::prepared_conv2d<float>(w, {.padding = 1})(x.back()));
  }
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 4 * x.size(); ++i) {
        const std::size_t k = (i + 3 * t) % x.size();
        wrong[t] += !same_bits(layer(x[k]), expected[k]);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(Prepared, KeepsNothingOfItsArguments) {
  const tf::context ctx = one_algorithm();
  auto w = random_tensor<float>({5, 3, 3, 3}, 1);
  auto b = random_tensor<float>({5}, 2);
  const auto x = random_tensor<float>({1, 3, 8, 8}, 3);
  const auto expected = tf::conv2d(x, w, b, {}, ctx);
  const tf::prepared_conv2d<float> layer(w, b, {}, tf::activation::none, ctx);
  w = filled<float>(w.shape(), 0);
  b = filled<float>(b.shape(), 0);
  EXPECT_TRUE(same_bits(layer(x, ctx), expected));
}

TEST(Prepared, IsCopiedAndMoved) {
  const tf::context ctx = one_algorithm();
  const auto w = random_tensor<float>({5, 3, 3, 3}, 1);
  const auto b = random_tensor<float>({5}, 2);
  const auto x = random_tensor<float>({1, 3, 8, 8}, 3);
  const auto expected = tf::conv2d(x, w, b, {}, ctx);
  auto layer = std::make_unique<tf::prepared_conv2d<float>>(w, b, tf::conv2d_options{}, tf::activation::none, ctx);
  const tf::prepared_conv2d<float> copy = *layer;
  tf::prepared_conv2d<float> moved = std::move(*layer);
  layer.reset();
  EXPECT_TRUE(same_bits(copy(x, ctx), expected));
  EXPECT_TRUE(same_bits(moved(x, ctx), expected));
  moved = tf::prepared_conv2d<float>(w, {}, tf::activation::none, ctx);
  EXPECT_TRUE(same_bits(moved(x, ctx), tf::conv2d(x, w, {}, ctx)));
  moved = copy;
  EXPECT_TRUE(same_bits(moved(x, ctx), expected));
  std::vector<tf::prepared_conv2d<float>> layers;
  for (int i = 0; i < 5; ++i) layers.push_back(copy);
  for (const auto& each : layers) EXPECT_TRUE(same_bits(each(x, ctx), expected));
}

TEST(Prepared, RunsOnTheInstructionSetItWasMadeFor) {
  const auto w = random_tensor<float>({20, 70, 3, 3}, 1);
  const auto x = random_tensor<float>({1, 70, 9, 9}, 3);
  for (const tf::isa made : available_isas())
    for (const tf::isa called : available_isas()) {
      const tf::prepared_conv2d<float> layer(w, {}, tf::activation::none, one_algorithm(made));
      EXPECT_TRUE(same_bits(layer(x, one_algorithm(called)), tf::conv2d(x, w, {}, one_algorithm(made))))
          << tf::name_of(made);
    }
}

TEST(Prepared, BitsDoNotDependOnThreadsOrMemory) {
  const auto w = random_tensor<float>({75, 140, 4, 4}, 1);
  const auto x = random_tensor<float>({2, 75, 13, 17}, 3);
  const tf::prepared_conv_transpose2d<float> layer(w, {.stride = 2, .padding = 1}, tf::activation::relu);
  const auto expected = layer(x);
  for (const int threads : {1, 2, 3, 8})
    for (const index_t cap : {0, 64 << 10, 99999, 1 << 20}) {
      tf::context ctx = on_threads(threads);
      ctx.max_workspace_bytes = cap;
      EXPECT_TRUE(same_bits(layer(x, ctx), expected)) << threads << " threads, cap " << cap;
    }
}

TEST(Prepared, IntoWorksInItsWorkspace) {
  const auto w = random_tensor<float>({30, 40, 3, 3}, 1);
  const auto x = random_tensor<float>({2, 40, 13, 17}, 3);
  const tf::prepared_conv2d<float> layer(w, {.padding = 1});
  const auto expected = layer(x);
  std::vector<std::byte> memory(static_cast<std::size_t>(layer.workspace_bytes(x.shape())));
  tf::context ctx;
  ctx.workspace = memory;
  tf::tensor<float> y(expected.shape());
  layer.into(y, x, ctx);
  EXPECT_TRUE(same_bits(y, expected));
  ctx.workspace = ctx.workspace.first(memory.size() - 1);
  EXPECT_NE(error_of([&] { layer.into(y, x, ctx); }), "");
}

// ---- errors
// ----------------------------------------------------------------------------------------------------------

TEST(PreparedErrors, OfItsArgumentsComeWhenItIsMade) {
  const auto text = [](const shape& weight, const shape& bias, const tf::conv2d_options& o) {
    return error_of([&] { tf::prepared_conv2d<float>(tf::tensor<float>(weight), tf::tensor<float>(bias), o); });
  };
  EXPECT_EQ(text({6, 4, 3, 3}, {6}, {}), "");
  EXPECT_EQ(text({6, 4}, {6}, {}), "weight should have at least three dimensions");
  EXPECT_EQ(
      text({6, 4, 3}, {6}, {}),
      "expected stride to be a single integer value or a list of 1 values to match the convolution dimensions, but "
      "got stride=[1, 1]");
  EXPECT_EQ(text({6, 4, 3, 3}, {6}, {.groups = 0}), "non-positive groups is not supported");
  EXPECT_EQ(text({6, 4, 3, 3}, {6}, {.padding = -1}), "negative padding is not supported");
  EXPECT_EQ(text({6, 4, 3, 3}, {6}, {.stride = 0}), "non-positive stride is not supported");
  EXPECT_EQ(text({6, 4, 3, 3}, {6}, {.dilation = -1}), "dilation should be greater than zero");
  EXPECT_EQ(
      text({6, 4, 3, 3}, {6}, {.groups = 4}),
      "Given groups=4, expected weight to be divisible by 4 at dimension 0, but got weight of size [[6, 4, 3, 3]] "
      "instead");
  EXPECT_EQ(
      text({6, 4, 3, 3}, {5}, {}),
      "Given weight of size [6, 4, 3, 3], expected bias to be 1-dimensional with 6 elements, but got bias of size "
      "[5] instead");
  EXPECT_EQ(text({6, 4, 3, 3}, {6}, {.stride = 2, .padding = tf::same}),
            "padding='same' is not supported for strided convolutions");
}

TEST(PreparedErrors, OfTheInputComeWhenItIsCalled) {
  const tf::prepared_conv2d<float> layer(tf::tensor<float>({6, 4, 3, 3}));
  EXPECT_EQ(error_of([&] {
              layer(tf::tensor<float>({1, 3, 5, 5}));
            }),
            "Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 5, 5] to have 4 channels, but got 3 "
            "channels instead");
  EXPECT_EQ(
      error_of([&] {
        layer(tf::tensor<float>({1, 4, 2, 5}));
      }),
      "Calculated padded input size per channel: (2 x 5). Kernel size: (3 x 3). Kernel size can't be greater than "
      "actual input size");
  auto y = filled<float>({1, 6, 3, 4}, 77);
  const auto before = y;
  EXPECT_NE(error_of([&] { layer.into(y, tf::tensor<float>({1, 4, 5, 5})); }), "");
  EXPECT_TRUE(equal(y, before));
}

TEST(PreparedErrors, OfATransposedLayer) {
  const auto text = [](const shape& weight, const shape& bias, const tf::conv_transpose2d_options& o) {
    return error_of(
        [&] { tf::prepared_conv_transpose2d<float>(tf::tensor<float>(weight), tf::tensor<float>(bias), o); });
  };
  EXPECT_EQ(text({4, 6, 3, 3}, {6}, {.stride = 2, .output_padding = 1}), "");
  EXPECT_EQ(
      text({4, 6, 3, 3}, {4}, {}),
      "Given transposed=1, weight of size [4, 6, 3, 3], expected bias to be 1-dimensional with 6 elements, but got "
      "bias of size [4] instead");
  EXPECT_EQ(text({4, 6, 3, 3}, {6}, {.output_padding = -1}), "negative output_padding is not supported");
  EXPECT_EQ(text({4, 6, 3, 3}, {6}, {.padding = -1}), "negative padding is not supported");
  const tf::prepared_conv_transpose2d<float> layer(tf::tensor<float>({4, 6, 3, 3}),
                                                   {.stride = 2, .padding = 1, .output_size = hw{12, 12}});
  EXPECT_EQ(layer(tf::tensor<float>({1, 4, 6, 6})).shape(), (shape{1, 6, 12, 12}));
  EXPECT_EQ(error_of([&] {
              layer(tf::tensor<float>({1, 4, 7, 6}));
            }),
            "requested an output size of [12, 12], but valid sizes range from [13, 11] to [14, 12] (for an input of "
            "torch.Size([7, 6]))");
}

// ---- fold_batch_norm
// -------------------------------------------------------------------------------------------------

struct batch_norm {
  tf::tensor<double> mean, variance, weight, bias;
  double eps = 1e-3;

  explicit batch_norm(index_t channels)
      : mean(random_tensor<double>({channels}, 11)),
        variance(magnitudes(random_tensor<double>({channels}, 12))),
        weight(random_tensor<double>({channels}, 13)),
        bias(random_tensor<double>({channels}, 14)) {}

  /// The definition, channel by channel of (N, C, H, W).
  tf::tensor<double> operator()(tf::tensor<double> x) const {
    const index_t plane = x.shape()[2] * x.shape()[3];
    for (index_t i = 0; i < x.size(); ++i) {
      const index_t c = i / plane % x.shape()[1];
      double& v = x.data()[i];
      v = (v - mean(c)) / std::sqrt(variance(c) + eps) * weight(c) + bias(c);
    }
    return x;
  }
};

/// The folded layer answers what batch norm answers behind the plain one. A factor is at most 1 / sqrt(eps) < 32, a sum
/// has at most 55 terms below 1, so magnitudes stay below 32 * 57; some 70 roundings on each side err by less than 2 *
/// 70 * 2^-53 * 32 * 57 < 3e-11.
template <class Layer, class Case>
void expect_folds(const Case& c, bool transpose) {
  const auto x = random_tensor<double>(c.input, 1), w = random_tensor<double>(c.weight, 2);
  const auto b = random_tensor<double>({Layer::channels(c)}, 3);
  const batch_norm norm(Layer::channels(c));
  const auto folded = tf::fold_batch_norm(w, b, norm.mean, norm.variance, norm.eps, norm.weight, norm.bias, transpose,
                                          c.options.groups);
  const auto expected = norm(Layer::plain(x, w, b, c.options));
  const auto got = Layer::plain(x, folded.weight, folded.bias, c.options);
  EXPECT_TRUE(compare(got, expected, [](double g, double e, index_t) { return std::abs(g - e) < 3e-11; })) << c;
}

TEST(FoldBatchNorm, IsBatchNormBehindAConvolution) {
  expect_folds<conv2d_layer>(conv2d_case{"plain", {2, 3, 6, 7}, {5, 3, 3, 3}}, false);
  expect_folds<conv2d_layer>(conv2d_case{"groups", {2, 6, 6, 7}, {4, 3, 3, 3}, {.groups = 2}}, false);
  expect_folds<conv_transpose2d_layer>(conv_transpose2d_case{"plain", {2, 3, 6, 7}, {3, 5, 3, 3}, {.stride = 2}}, true);
  expect_folds<conv_transpose2d_layer>(
      conv_transpose2d_case{"groups", {2, 6, 6, 7}, {6, 4, 3, 3}, {.stride = 2, .groups = 2}}, true);
  expect_folds<conv_transpose2d_layer>(conv_transpose2d_case{"depthwise", {1, 4, 5, 5}, {4, 1, 2, 2}, {.groups = 4}},
                                       true);
}

TEST(FoldBatchNorm, OfAnEmptyWeightFormsNoProductOfItsSizes) {
  const index_t most = index_t{1} << 40;
  const tf::tensor<float> none({0}), w({0, 3, most, most});
  const auto folded = tf::fold_batch_norm(w, none, none, none, 1e-5, none, none);
  EXPECT_EQ(folded.weight.shape(), w.shape());
  EXPECT_EQ(folded.bias.shape(), (shape{0}));
}

TEST(FoldBatchNorm, RefusesOtherSizes) {
  const tf::tensor<float> w({6, 4, 3, 3}), right({6}), wrong({5});
  const auto text = [&](const auto& weight, const auto& b, const auto& mean, bool transpose, index_t groups) {
    return error_of([&] { tf::fold_batch_norm(weight, b, mean, right, 1e-5, right, right, transpose, groups); });
  };
  EXPECT_EQ(text(w, right, right, false, 1), "");
  EXPECT_NE(text(w, wrong, right, false, 1), "");
  EXPECT_NE(text(w, right, wrong, false, 1), "");
  EXPECT_NE(text(w, right, right, true, 1), "");  // transposed, it has 4 channels
  EXPECT_NE(text(w, right, right, false, 0), "");
  EXPECT_NE(text(w, right, right, true, 4), "");
  EXPECT_NE(text(tf::tensor<float>({6, 4, 3}), right, right, false, 1), "");
}

}  // namespace
