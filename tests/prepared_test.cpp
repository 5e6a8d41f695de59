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

// ---- activations and residuals

/// One algorithm for both: the best one of a prepared layer may be another than that of a plain call, which packs or
/// transforms the weight each time, and then their bits may differ.
tf::context one_algorithm(tf::isa isa = available_isas().back()) {
  tf::context ctx = on(isa);
  ctx.algorithm = "implicit_gemm";
  return ctx;
}

/// All activations that T has, for so many channels; `slopes` keeps what they refer to.
template <class T>
std::vector<tf::activation> activations_of(index_t channels, std::vector<tf::tensor<T>>& slopes) {
  using tf::activation;
  if constexpr (std::integral<T>) {
    return {activation::none, activation::relu, activation::clip(-20, 35.5)};
  } else {
    slopes = {tf::tensor<T>({1}, {T{-0.25}}), random_tensor<T>({channels}, 9)};
    return {activation::none,
            activation::relu,
            activation::leaky_relu(),
            activation::leaky_relu(2),
            activation::prelu(slopes[0]),
            activation::prelu(slopes[1]),
            activation::clip(-0.5, 1.25),
            activation::sigmoid,
            activation::silu,
            activation::hard_swish,
            activation::hard_sigmoid,
            activation::tanh,
            activation::gelu,
            activation::gelu_tanh,
            activation::elu(0.75),
            activation::softplus(2, 10)};
  }
}

/// The units in the last place that an activation promises, half a one for the reference's rounding; 0 where its bits
/// are the reference's. gelu_tanh's are for arguments of its tanh up to 100.
double units_of(tf::activation::function of) {
  using enum tf::activation::function;
  return of == sigmoid     ? 2.5
         : of == silu      ? 4.5
         : of == tanh      ? 5.5
         : of == gelu      ? 14.5
         : of == gelu_tanh ? 804.5
         : of == elu       ? 3.5
         : of == softplus  ? 8.5
                           : 0;
}

/// The same value; of those whose exact values are rounded once, within their units; or both are as good as 0.
template <class T>
testing::AssertionResult finished_as(const tf::activation& after, const tf::tensor<T>& got,
                                     const tf::tensor<T>& expected) {
  const double units = units_of(after.of);
  if (units == 0) return equal(got, expected);
  return compare(got, expected, [&](T g, T e, index_t) {
    const double of_last =
        std::max<double>(std::abs(e), std::numeric_limits<T>::min()) * std::numeric_limits<T>::epsilon();
    return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
               units * of_last + 1000 * static_cast<double>(std::numeric_limits<T>::min()) ||
           (std::isnan(g) && std::isnan(e));
  });
}

template <class T>
tf::tensor<T> eighths(const shape& s, unsigned seed) {
  return map<T>(exact_values<T>(s, seed), [](T v) { return std::floating_point<T> ? static_cast<T>(v / 8) : v; });
}

/// Sums are exact (but Winograd's, to which the residual is added last), so that they may be taken from a layer without
/// an activation. Once more in place, for several workers and in little memory, which changes no bit.
template <class T, class Layer, class Case>
void expect_finishes(const Case& c) {
  const auto x = eighths<T>(c.input, 1), w = exact_values<T>(c.weight, 2);
  const index_t channels = Layer::channels(c);
  const auto b = eighths<T>({channels}, 3);
  using prepared = typename Layer::template prepared<T>;
  std::vector<tf::tensor<T>> slopes;
  for (const tf::context& ctx : contexts_of<T>(c)) {
    const tf::tensor<T> sums = prepared(w, b, c.options, tf::activation::none, ctx)(x, ctx);
    const index_t answered = sums.shape()[sums.shape().size() - 3];  // none for no channels
    const auto z = eighths<T>(sums.shape(), 4);
    const auto added = tf::reference::sum(sums, z);
    tf::context little = ctx;
    little.threads = 3;  // one after the other
    if (sizeof(T) < 8) little.max_workspace_bytes = 64 << 10;
    for (const tf::activation& after : activations_of<T>(answered, slopes)) {
      const auto name = testing::Message() << c << ", " << name_of(ctx) << ", function " << static_cast<int>(after.of);
      const prepared layer(w, b, c.options, after, ctx);
      const auto plain = layer(x, ctx), y = layer(x, z, ctx);
      EXPECT_TRUE(finished_as(after, plain, tf::reference::activated(sums, after))) << name;
      EXPECT_TRUE(finished_as(after, y, tf::reference::activated(added, after))) << name << ", residual";
      EXPECT_TRUE(same_bits(layer(x, little), plain)) << name << ", threads";
      auto in_place = z;
      layer.into(in_place, x, in_place, little);
      EXPECT_TRUE(same_bits(in_place, y)) << name << ", in place";
    }
  }
}

class FinishedConv2d : public testing::TestWithParam<conv2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, FinishedConv2d, testing::ValuesIn(conv2d_cases), case_name());
TEST_P(FinishedConv2d, IsTheActivationOfTheSum) {
  expect_finishes<float, conv2d_layer>(GetParam());
  expect_finishes<double, conv2d_layer>(GetParam());
  expect_finishes<std::int8_t, conv2d_layer>(GetParam());
}

class FinishedConvTranspose2d : public testing::TestWithParam<conv_transpose2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, FinishedConvTranspose2d, testing::ValuesIn(conv_transpose2d_cases), case_name());
TEST_P(FinishedConvTranspose2d, IsTheActivationOfTheSum) {
  expect_finishes<float, conv_transpose2d_layer>(GetParam());
  expect_finishes<double, conv_transpose2d_layer>(GetParam());
  expect_finishes<std::int8_t, conv_transpose2d_layer>(GetParam());
}

/// Tiles that Winograd's guard sums directly, among others of the same outputs.
template <class T, class Layer, class Case>
void expect_finishes_unbalanced_tiles(const Case& c) {
  auto x = random_tensor<T>(c.input, 1);
  for (index_t i = 40; i < x.size(); i += 997) x.data()[i] = T{1e12F};
  const auto w = random_tensor<T>(c.weight, 2);
  using prepared = typename Layer::template prepared<T>;
  index_t seen = 0;
  for (tf::context ctx : contexts_of<T>(c)) {
    if (!ctx.algorithm.starts_with("winograd")) continue;
    ++seen;
    const prepared none(w, c.options, tf::activation::none, ctx), relu(w, c.options, tf::activation::relu, ctx);
    const auto sums = none(x, ctx);
    const auto z = random_tensor<T>(sums.shape(), 4);
    const auto expected = tf::reference::activated(tf::reference::sum(sums, z), tf::activation::relu);
    EXPECT_TRUE(same_bits(relu(x, ctx), tf::reference::activated(sums, tf::activation::relu))) << name_of(ctx);
    for (const index_t cap : {0, 64 << 10}) {
      ctx.max_workspace_bytes = cap;
      auto y = z;
      relu.into(y, x, y, ctx);
      EXPECT_TRUE(same_bits(y, expected)) << name_of(ctx) << ", cap " << cap;
    }
  }
  EXPECT_GT(seen, 0);
}

TEST(Finished, OfUnbalancedTiles) {
  const conv2d_case dilated{"dilated", {2, 20, 40, 44}, {18, 20, 3, 3}, {.padding = 2, .dilation = 2}};
  const conv_transpose2d_case phases{"phases", {2, 32, 9, 13}, {32, 18, 4, 4}, {.stride = 2, .padding = 1}};
  expect_finishes_unbalanced_tiles<float, conv2d_layer>(conv2d_case{"plain", {2, 20, 19, 23}, {18, 20, 3, 3}});
  expect_finishes_unbalanced_tiles<double, conv2d_layer>(dilated);
  expect_finishes_unbalanced_tiles<float, conv_transpose2d_layer>(phases);
}

TEST(Finished, EachImageOfABatchByItself) {
  const auto w = random_tensor<float>({12, 7, 3, 3}, 1);
  const auto x = random_tensor<float>({3, 12, 9, 10}, 2), slopes = random_tensor<float>({7}, 5);
  for (const tf::isa isa : available_isas()) {
    const tf::prepared_conv_transpose2d<float> layer(w, {.stride = 3}, tf::activation::prelu(slopes), on(isa));
    const shape out = layer.output_shape({12, 9, 10});
    const auto z = random_tensor<float>({3, out[0], out[1], out[2]}, 4);
    const auto all = layer(x, z);
    for (index_t n = 0; n < 3; ++n) {
      const auto part = [&](const tf::tensor<float>& t, const shape& s) {
        return tf::tensor_view<const float>(t.data() + n * s.elements(), s);
      };
      EXPECT_TRUE(same_bits(layer(part(x, {12, 9, 10}), part(z, out)), part(all, out))) << n;
    }
  }
}

/// A sum of no terms is the bias: between the taps all outputs are one.
TEST(Finished, SpecialValues) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const tf::tensor<float> b({5}, {nan, -0.0F, infinity, -infinity, 0});
  const auto expect = [&](const tf::activation& after, std::initializer_list<float> expected) {
    for (const tf::isa isa : available_isas()) {
      const tf::prepared_conv_transpose2d<float> layer(tf::tensor<float>({1, 5, 1, 1}), b, {.stride = 2}, after,
                                                       on(isa));
      for (tf::context ctx : {on(isa), one_algorithm(isa)}) {
        if (ctx.algorithm.empty()) ctx.algorithm = "gemm_col2im";
        const auto y = layer(tf::tensor<float>({1, 1, 2, 2}), ctx);
        tf::tensor<float> holes({5});
        for (index_t o = 0; o < 5; ++o) holes(o) = y(0, o, 1, 1);
        EXPECT_TRUE(same_bits(holes, tf::tensor<float>({5}, expected)))
            << name_of(ctx) << " " << static_cast<int>(after.of);
      }
    }
  };
  using tf::activation;
  expect(activation::none, {nan, -0.0F, infinity, -infinity, 0});
  expect(activation::relu, {nan, -0.0F, infinity, 0, 0});
  expect(activation::leaky_relu(0.5), {nan, -0.0F, infinity, -infinity, 0});
  expect(activation::leaky_relu(0), {nan, -0.0F, infinity, nan, 0});
  expect(activation::clip(0, 6), {nan, -0.0F, 6, 0, 0});
  expect(activation::sigmoid, {nan, 0.5F, 1, 0, 0.5F});
  expect(activation::silu, {nan, -0.0F, infinity, nan, 0});
  expect(activation::hard_swish, {nan, -0.0F, infinity, nan, 0});
  expect(activation::hard_sigmoid, {nan, 0.5F, 1, 0, 0.5F});
  expect(activation::tanh, {nan, -0.0F, 1, -1, 0});
  expect(activation::gelu, {nan, -0.0F, infinity, nan, 0});
  expect(activation::gelu_tanh, {nan, -0.0F, infinity, nan, 0});
  expect(activation::elu(2), {nan, -0.0F, infinity, -2, 0});
  expect(activation::softplus(), {nan, 0x1.62e43p-1F, infinity, 0, 0x1.62e43p-1F});
}

TEST(Finished, KeepsItsSlopes) {
  auto slopes = random_tensor<float>({5}, 3);
  const auto w = random_tensor<float>({5, 3, 3, 3}, 1), x = random_tensor<float>({1, 3, 8, 8}, 2);
  const tf::prepared_conv2d<float> layer(w, {}, tf::activation::prelu(slopes));
  const auto expected = layer(x);
  slopes = filled<float>({5}, 0);
  const auto copy = layer;
  EXPECT_TRUE(same_bits(layer(x), expected));
  EXPECT_TRUE(same_bits(copy(x), expected));
}

TEST(Finished, BoundsOfIntegersAreTheirs) {
  const tf::tensor<std::int8_t> x({1, 1, 1, 4}, {-128, -3, 2, 127}), w({1, 1, 1, 1}, {1});
  const auto layer = [&](double low, double high) {
    return tf::prepared_conv2d<std::int8_t>(w, {}, tf::activation::clip(low, high))(x);
  };
  EXPECT_TRUE(equal(layer(-1e9, 1e9), x));
  EXPECT_TRUE(equal(layer(-2.9, 1.9), tf::tensor<std::int8_t>({1, 1, 1, 4}, {-2, -2, 1, 1})));
  EXPECT_TRUE(equal(layer(-300, -200), tf::tensor<std::int8_t>({1, 1, 1, 4}, {-128, -128, -128, -128})));
}

// ---- life
// ------------------------------------------------------------------------------------------------------------

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

TEST(PreparedErrors, OfAnActivation) {
  const auto text = []<class T>(const tf::activation& after, T) {
    return error_of([&] { tf::prepared_conv2d<T>(tf::tensor<T>({6, 4, 3, 3}), {}, after); });
  };
  using tf::activation;
  const tf::tensor<float> five({5}), six({6}), plane({2, 3}), none({0});
  const std::string mismatch = "Mismatch of parameter numbers and input channel size. Found parameter numbers = ";
  EXPECT_EQ(text(activation::prelu(six), 0.0F), "");
  EXPECT_EQ(text(activation::prelu(tf::tensor<float>({1})), 0.0F), "");
  EXPECT_EQ(text(activation::prelu(five), 0.0F), mismatch + "5 and channel size = 6.");
  EXPECT_EQ(text(activation::prelu(none), 0.0F), mismatch + "0 and channel size = 6.");
  EXPECT_EQ(text(activation::prelu(plane), 0.0F),
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = 2");
  EXPECT_EQ(text(activation::prelu(six), 0.0), "prelu: Type promoting not supported. Got Double and Float");
  EXPECT_EQ(text(activation::prelu(six), std::int32_t{}), "prelu: Type promoting not supported. Got Int and Float");
  EXPECT_EQ(text(activation::clip(1, 0), 0.0F), "min_val cannot be greater than max_val");
  EXPECT_EQ(text(activation::clip(0, std::numeric_limits<double>::quiet_NaN()), 0.0F),
            "min_val cannot be greater than max_val");
  EXPECT_EQ(text(activation::clip(0, 0), std::int8_t{}), "");
  EXPECT_EQ(text(activation::relu, std::int64_t{}), "");
  EXPECT_EQ(text(activation::leaky_relu(), std::int8_t{}), "\"leaky_relu_cpu\" not implemented for 'Char'");
  EXPECT_EQ(text(activation::silu, std::int16_t{}), "\"silu_cpu\" not implemented for 'Short'");
  EXPECT_EQ(text(activation::hard_swish, std::int64_t{}), "\"hardswish_cpu\" not implemented for 'Long'");
  EXPECT_EQ(text(activation::hard_sigmoid, std::int8_t{}), "\"hardsigmoid_cpu\" not implemented for 'Char'");
  EXPECT_EQ(text(activation::gelu, std::int8_t{}), "\"GeluKernelImpl\" not implemented for 'Char'");
  EXPECT_EQ(text(activation::gelu_tanh, std::int16_t{}), "\"GeluKernelImpl\" not implemented for 'Short'");
  EXPECT_EQ(text(activation::elu(), std::int32_t{}), "\"elu_cpu\" not implemented for 'Int'");
  EXPECT_EQ(text(activation::softplus(), std::int64_t{}), "\"softplus_cpu\" not implemented for 'Long'");
  EXPECT_EQ(text(activation::sigmoid, std::int32_t{}),
            "conv2d: activation::sigmoid of integers is a float, and the output's type Int");
  EXPECT_EQ(text(activation::tanh, std::int8_t{}),
            "conv2d: activation::tanh of integers is a float, and the output's type Char");
}

TEST(PreparedErrors, OfATensorToAdd) {
  const tf::prepared_conv_transpose2d<float> layer(tf::tensor<float>({4, 6, 3, 3}), {}, tf::activation::relu);
  const auto x = random_tensor<float>({1, 4, 3, 3});
  const std::string text = "conv_transpose2d: expected a tensor to add of shape [1, 6, 5, 5], but got [6, 5, 5]";
  auto y = filled<float>({1, 6, 5, 5}, 77);
  EXPECT_EQ(error_of([&] { layer(x, tf::tensor<float>({6, 5, 5})); }), text);
  EXPECT_EQ(error_of([&] { layer.into(y, x, tf::tensor<float>({6, 5, 5})); }), text);
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 77)));
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
