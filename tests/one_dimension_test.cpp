// The operations of one dimension: every case that PyTorch answered (golden/one_dimension), values and error texts; the
// bits of their twins of two dimensions on images of one row; no memory of their own, and nothing written on errors.
#include "allocations.hpp"
#include "golden.hpp"
#include "support.hpp"

#include <tenfold/pool1d.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/upsample1d.hpp>

namespace {

using namespace tenfold_test;
using tf::index_t;

// ---- PyTorch's cases

template <class T>
using outputs_of = std::vector<std::pair<const char*, tf::tensor<T>>>;

tf::conv1d_options conv1d_options_of(const golden_case& c) {
  tf::conv1d_options o{.stride = c.option<index_t>("stride", 1),
                       .padding = 0,
                       .dilation = c.option<index_t>("dilation", 1),
                       .groups = c.option<index_t>("groups", 1)};
  const auto padding = c.option<nlohmann::json>("padding", 0);
  if (padding.is_number())
    o.padding = padding.get<index_t>();
  else
    o.padding = padding == "same" ? tf::conv1d_padding(tf::same) : tf::conv1d_padding(tf::valid);
  return o;
}

tf::conv_transpose1d_options conv_transpose1d_options_of(const golden_case& c) {
  tf::conv_transpose1d_options o{.stride = c.option<index_t>("stride", 1),
                                 .padding = c.option<index_t>("padding", 0),
                                 .output_padding = c.option<index_t>("output_padding", 0)};
  if (c.has_option("output_size")) o.output_size = c.option<index_t>("output_size");
  o.groups = c.option<index_t>("groups", 1);
  o.dilation = c.option<index_t>("dilation", 1);
  return o;
}

template <class Options>
Options pool_options_of(const golden_case& c) {
  Options o{.kernel_size = c.option<index_t>("kernel_size")};
  o.stride = c.option<index_t>("stride", o.kernel_size);
  o.padding = c.option<index_t>("padding", 0);
  if constexpr (requires { o.dilation; }) o.dilation = c.option<index_t>("dilation", 1);
  if constexpr (requires { o.ceil_mode; }) o.ceil_mode = c.option("ceil_mode", false);
  if constexpr (requires { o.count_include_pad; }) o.count_include_pad = c.option("count_include_pad", true);
  if constexpr (requires { o.output_size; })
    if (c.has_option("output_size")) o.output_size = c.option<index_t>("output_size");
  return o;
}

template <class T>
outputs_of<T> gradients_of(tf::convolution_gradients<T> made) {
  outputs_of<T> result;
  result.emplace_back("output", std::move(made.grad_input));
  result.emplace_back("grad_weight", std::move(made.grad_weight));
  result.emplace_back("grad_bias", std::move(made.grad_bias));
  return result;
}

template <class T>
outputs_of<T> convolution_of(const golden_case& c, const tf::context& ctx) {
  const auto x = c.operand<T>("input"), w = c.operand<T>("weight");
  const bool transposed = c.op() == "conv_transpose1d";
  const auto o = conv1d_options_of(c);
  const auto t = transposed ? conv_transpose1d_options_of(c) : tf::conv_transpose1d_options();
  if (!c.has_input("bias"))
    return {{"output", transposed ? tf::conv_transpose1d(x, w, t, ctx) : tf::conv1d(x, w, o, ctx)}};
  const auto b = c.operand<T>("bias");
  return {{"output", transposed ? tf::conv_transpose1d(x, w, b, t, ctx) : tf::conv1d(x, w, b, o, ctx)}};
}

tf::tensor<float> upsampling_of(const golden_case& c, const tf::context& ctx) {
  const auto x = c.operand<float>("input");
  const auto mode = c.option<std::string>("mode");
  const auto to = [&](const auto& size) {
    if (mode == "linear") return tf::upsample_linear1d(x, size, c.option("align_corners", false), ctx);
    return mode == "exact" ? tf::upsample_nearest_exact1d(x, size, ctx) : tf::upsample_nearest1d(x, size, ctx);
  };
  return c.has_option("scale") ? to(tf::scale(c.option<double>("scale"))) : to(c.option<index_t>("size"));
}

tf::tensor<float> upsampling_gradient_of(const golden_case& c, const tf::context& ctx) {
  const auto dy = c.operand<float>("grad_output");
  const auto sizes = c.option<std::vector<index_t>>("input_size");
  const tf::shape input{std::span<const index_t>(sizes)};
  std::optional<tf::scale> factor;
  if (c.has_option("scale")) factor.emplace(c.option<double>("scale"));
  const auto mode = c.option<std::string>("mode");
  if (mode == "linear") return tf::upsample_linear1d_backward(dy, input, factor, c.option("align_corners", false), ctx);
  return mode == "exact" ? tf::upsample_nearest_exact1d_backward(dy, input, factor, ctx)
                         : tf::upsample_nearest1d_backward(dy, input, factor, ctx);
}

/// How far a linear upsampling of numbers up to 4, or its gradient, may be from PyTorch's where weights round.
///
/// The place step * (i + 1/2) - 1/2 is rounded three times, in numbers of at most L + 1, here and there: a weight,
/// whose slope is 1, is off by 6 u (L + 1) between both. An output is a mean of two inputs, which are at most 8 apart
/// and pass 3 roundings on either side: 8 * 6 u (L + 1) + 2 * 3 u * 4. An element of a gradient takes from `reach`
/// outputs at most, those less than an input element away; its terms pass 3 roundings and the additions.
double linear_tolerance(const golden_case& c) {
  if (!c.op().ends_with("_backward")) {
    const index_t length = c.operand<float>("input").shape[2];
    return rounding_factor<float>(8 * 6 * (length + 1) + 24);
  }
  const index_t in = c.option<std::vector<index_t>>("input_size")[2], out = c.operand<float>("grad_output").shape[2];
  const index_t reach = std::min(out, 2 * (out / std::max<index_t>(in - 1, 1) + 1));
  return rounding_factor<float>(4 * reach * (6 * (in + 1) + 2 * (3 + reach)));
}

outputs_of<float> gradient_of(const golden_case& c, const tf::context& ctx) {
  const std::string op = c.op();
  const auto dy = c.operand<float>("grad_output");
  if (op == "conv1d_backward" || op == "conv_transpose1d_backward") {
    const auto x = c.operand<float>("input"), w = c.operand<float>("weight");
    if (op == "conv1d_backward") return gradients_of(tf::conv1d_backward(dy, x, w, conv1d_options_of(c), {}, ctx));
    return gradients_of(tf::conv_transpose1d_backward(dy, x, w, conv_transpose1d_options_of(c), {}, ctx));
  }
  if (op == "upsample1d_backward") return {{"output", upsampling_gradient_of(c, ctx)}};
  const auto x = c.input<float>("x");
  if (op == "max_pool1d_backward") {
    const auto at = tf::max_pool1d_with_indices(x, pool_options_of<tf::pool1d_options>(c), ctx).indices;
    return {{"output", tf::max_pool1d_backward(dy, at, x.shape(), ctx)}};
  }
  if (op == "max_unpool1d_backward")
    return {{"output", tf::max_unpool1d_backward(dy, c.input<index_t>("indices"), ctx)}};
  if (op == "avg_pool1d_backward")
    return {{"output", tf::avg_pool1d_backward(dy, x.shape(), pool_options_of<tf::avg_pool1d_options>(c), ctx)}};
  return {{"output", tf::adaptive_avg_pool1d_backward(dy, x.shape(), ctx)}};
}

/// What tenfold answers; `indices` are those of a pooling.
template <class T>
outputs_of<T> answer(const golden_case& c, const tf::context& ctx, tf::tensor<index_t>& indices) {
  const std::string op = c.op();
  if constexpr (std::same_as<T, float>)
    if (op.ends_with("_backward")) return gradient_of(c, ctx);
  if (op.starts_with("conv")) return convolution_of<T>(c, ctx);
  if constexpr (std::same_as<T, float>)
    if (op == "upsample1d") return {{"output", upsampling_of(c, ctx)}};
  const auto x = c.operand<T>("input");
  if (op == "avg_pool1d") return {{"output", tf::avg_pool1d(x, pool_options_of<tf::avg_pool1d_options>(c), ctx)}};
  if constexpr (std::same_as<T, float>)
    if (op == "adaptive_avg_pool1d")
      return {{"output", tf::adaptive_avg_pool1d(x, c.option<index_t>("output_size"), ctx)}};
  if (op == "max_pool1d") return {{"output", tf::max_pool1d(x, pool_options_of<tf::pool1d_options>(c), ctx)}};
  if (op == "max_unpool1d") {
    const auto o = pool_options_of<tf::unpool1d_options>(c);
    return {{"output", tf::max_unpool1d(x, c.operand<index_t>("indices"), o, ctx)}};
  }
  EXPECT_EQ(op, "max_pool1d_with_indices");
  auto pooled = tf::max_pool1d_with_indices(x, pool_options_of<tf::pool1d_options>(c), ctx);
  indices = std::move(pooled.indices);
  return {{"output", std::move(pooled.values)}};
}

template <class T>
void check_case(const golden_case& c) {
  for (const tf::isa level : available_isas()) {
    tf::tensor<index_t> indices;
    if (c.is_error()) {
      EXPECT_EQ(error_of([&] { answer<T>(c, on(level), indices); }), c.error());
      continue;
    }
    for (const auto& [role, got] : answer<T>(c, on(level), indices)) {
      const auto expected = c.output<T>(role);
      if (c.exact()) {
        EXPECT_TRUE(equal(got, expected, zeros::equal)) << role << " on " << tf::name_of(level);
      } else {
        const double most = linear_tolerance(c);
        EXPECT_TRUE(compare(got, expected, [&](T g, T e, index_t) {
          return std::abs(static_cast<double>(g) - static_cast<double>(e)) <= most;
        })) << tf::name_of(level);
      }
    }
    if (c.has_output("indices")) {
      EXPECT_TRUE(equal(indices, c.output<index_t>("indices"))) << tf::name_of(level);
    }
  }
}

TEST(OneDimension, AnswersAsPyTorchDoes) {
  index_t values = 0, errors = 0;
  for (const golden_case& c : golden_cases(TENFOLD_GOLDEN_DIR "/one_dimension")) {
    SCOPED_TRACE(c.name());
    ++(c.is_error() ? errors : values);
    if (c.dtype() == "I64")
      check_case<index_t>(c);
    else
      check_case<float>(c);
  }
  EXPECT_GE(values, 270);
  EXPECT_GE(errors, 1250);
}

// ---- the twins

tf::shape one_row(const tf::shape& s) { return tf::detail::one_dimension.two_dimensional(s); }

template <class T>
tf::tensor_view<const T> one_row(const tf::tensor<T>& x) {
  return {x.data(), one_row(x.shape())};
}
template <class T>
bool has_bits_of(const tf::tensor<T>& one, const tf::tensor<T>& two) {
  return one_row(one.shape()) == two.shape() && same_bits(tf::tensor<T>(two.shape(), one.data()), two);
}

template <class T>
class OneDimensionTwins : public testing::Test {};
using twin_types = testing::Types<float, std::int16_t>;
TYPED_TEST_SUITE(OneDimensionTwins, twin_types);

TYPED_TEST(OneDimensionTwins, HaveTheBitsOfTwoDimensions) {
  using T = TypeParam;
  const auto x = random_tensor<T>({2, 6, 75}), w = random_tensor<T>({9, 6, 5}), wt = random_tensor<T>({6, 9, 5});
  const auto b = random_tensor<T>({9});
  for (const tf::isa level : available_isas()) {
    const tf::context ctx = on(level);
    EXPECT_TRUE(
        has_bits_of(tf::conv1d(x, w, b, {.stride = 2, .padding = 3}, ctx),
                    tf::conv2d(one_row(x), one_row(w), b, {.stride = tf::hw{1, 2}, .padding = tf::hw{0, 3}}, ctx)));
    EXPECT_TRUE(has_bits_of(
        tf::conv_transpose1d(x, wt, b, {.stride = 3, .padding = 1, .output_padding = 2}, ctx),
        tf::conv_transpose2d(one_row(x), one_row(wt), b,
                             {.stride = tf::hw{1, 3}, .padding = tf::hw{0, 1}, .output_padding = tf::hw{0, 2}}, ctx)));
    const auto one = tf::max_pool1d_with_indices(x, {.kernel_size = 3, .stride = 2, .padding = 1}, ctx);
    const auto two = tf::max_pool2d_with_indices(
        one_row(x), {.kernel_size = {1, 3}, .stride = tf::hw{1, 2}, .padding = tf::hw{0, 1}}, ctx);
    EXPECT_TRUE(has_bits_of(one.values, two.values));
    EXPECT_TRUE(has_bits_of(one.indices, two.indices));
    EXPECT_TRUE(
        has_bits_of(tf::max_unpool1d(one.values, one.indices, {.kernel_size = 3, .stride = 2, .padding = 1}, ctx),
                    tf::max_unpool2d(two.values, two.indices,
                                     {.kernel_size = {1, 3}, .stride = tf::hw{1, 2}, .padding = tf::hw{0, 1}}, ctx)));
  }
}

/// Of finite numbers; PyTorch's cases have infinities.
TYPED_TEST(OneDimensionTwins, HaveTheBitsOfBilinearUpsampling) {
  using T = TypeParam;
  const auto x = random_tensor<T>({3, 7, 75});
  for (const tf::isa level : available_isas())
    for (const bool corners : {false, true})
      for (const index_t length : {1, 20, 75, 150, 700}) {
        const auto y = tf::upsample_linear1d(x, length, corners, on(level));
        EXPECT_TRUE(has_bits_of(y, tf::upsample_bilinear2d(one_row(x), tf::hw{1, length}, corners, on(level))));
        tf::context threads = on_threads(3);
        threads.isa = level;
        EXPECT_TRUE(same_bits(tf::upsample_linear1d(x, length, corners, threads), y));
        if constexpr (std::floating_point<T>) {
          const auto dx = tf::upsample_linear1d_backward(y, x.shape(), {}, corners, on(level));
          EXPECT_TRUE(
              has_bits_of(dx, tf::upsample_bilinear2d_backward(one_row(y), one_row(x.shape()), corners, on(level))));
          EXPECT_TRUE(same_bits(tf::upsample_linear1d_backward(y, x.shape(), {}, corners, threads), dx));
        }
      }
}

TEST(OneDimension, PreparedLayersAreThePlainOperations) {
  const auto x = small_integers<float>({2, 4, 40}), w = small_integers<float>({6, 4, 3}),
             b = small_integers<float>({6});
  const tf::prepared_conv1d<float> layer(w, b, {.padding = tf::same}, tf::activation::relu);
  const auto plain = tf::conv1d(x, w, b, {.padding = tf::same});
  EXPECT_EQ(layer.output_shape({4, 40}), (tf::shape{6, 40}));
  const auto y = layer(x);
  ASSERT_EQ(y.shape(), plain.shape());
  for (index_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.data()[i], std::max(plain.data()[i], 0.0F));
  const tf::prepared_conv_transpose1d<float> back(w, {.stride = 2, .output_padding = 1});
  EXPECT_TRUE(equal(back(plain), tf::conv_transpose1d(plain, w, {.stride = 2, .output_padding = 1})));
  EXPECT_EQ(error_of([&] {
              layer(tf::tensor<float>({6, 5, 3}));
            }),
            "Given groups=1, weight of size [6, 4, 3], expected input[6, 5, 3] to have 4 channels, but got 5 channels "
            "instead");
  EXPECT_EQ(error_of([&] { tf::prepared_conv1d<float>(w, b, {.padding = -1}); }), "negative padding is not supported");
}

// ---- into twins

template <class Call>
void expect_no_allocation(const Call& call) {
  call();
  const long before = allocations;
  call();
  EXPECT_EQ(allocations, before);
}

TEST(OneDimension, IntoTwinsAllocateNothing) {
  const auto x = small_integers<float>({2, 4, 50}), w = small_integers<float>({6, 4, 3}),
             wt = small_integers<float>({4, 6, 3});
  tf::context ctx;
  std::vector<std::byte> memory(1 << 22);
  ctx.workspace = memory;
  tf::tensor<float> y({2, 6, 50}), half({2, 4, 25}), dx({2, 4, 50}), dw({6, 4, 3}), db({6}), four({2, 4, 4});
  tf::tensor<index_t> at({2, 4, 25});
  ASSERT_LE(tf::conv1d_workspace_bytes(x, w, {.padding = 1}, ctx), index_t{1} << 22);
  ASSERT_LE(tf::conv1d_backward_workspace_bytes(y, x, w, {.padding = 1}, {}, ctx), index_t{1} << 22);
  ASSERT_LE(tf::conv_transpose1d_workspace_bytes(x, wt, {.padding = 1}, ctx), index_t{1} << 22);
  expect_no_allocation([&] { tf::conv1d_into(y, x, w, {.padding = 1}, ctx); });
  EXPECT_TRUE(equal(y, tf::conv1d(x, w, {.padding = 1})));
  expect_no_allocation([&] { tf::conv1d_backward_into(dx, dw, db, y, x, w, {.padding = 1}, {}, ctx); });
  EXPECT_TRUE(equal(dw, tf::conv1d_backward(y, x, w, {.padding = 1}).grad_weight));
  expect_no_allocation([&] { tf::conv_transpose1d_into(y, x, wt, {.padding = 1}, ctx); });
  EXPECT_TRUE(equal(y, tf::conv_transpose1d(x, wt, {.padding = 1})));
  expect_no_allocation([&] { tf::max_pool1d_with_indices_into(half, at, x, {.kernel_size = 2}, ctx); });
  expect_no_allocation([&] { tf::max_unpool1d_into(dx, half, at, {.kernel_size = 2}, ctx); });
  EXPECT_TRUE(equal(dx, tf::max_unpool1d(half, at, {.kernel_size = 2})));
  expect_no_allocation([&] { tf::max_pool1d_backward_into(dx, half, at, ctx); });
  EXPECT_TRUE(equal(dx, tf::max_pool1d_backward(half, at, {2, 4, 50})));
  expect_no_allocation([&] { tf::max_unpool1d_backward_into(half, x, at, ctx); });
  EXPECT_TRUE(equal(half, tf::max_unpool1d_backward(x, at)));
  expect_no_allocation([&] { tf::max_pool1d_into(half, x, {.kernel_size = 2}, ctx); });
  EXPECT_TRUE(equal(half, tf::max_pool1d(x, {.kernel_size = 2})));
  expect_no_allocation([&] { tf::avg_pool1d_into(half, x, {.kernel_size = 2}, ctx); });
  EXPECT_TRUE(equal(half, tf::avg_pool1d(x, {.kernel_size = 2})));
  expect_no_allocation([&] { tf::avg_pool1d_backward_into(dx, half, {.kernel_size = 2}, ctx); });
  EXPECT_TRUE(equal(dx, tf::avg_pool1d_backward(half, {2, 4, 50}, {.kernel_size = 2})));
  expect_no_allocation([&] { tf::adaptive_avg_pool1d_into(four, x, 4, ctx); });
  EXPECT_TRUE(equal(four, tf::adaptive_avg_pool1d(x, 4)));
  expect_no_allocation([&] { tf::adaptive_avg_pool1d_backward_into(dx, four, ctx); });
  EXPECT_TRUE(equal(dx, tf::adaptive_avg_pool1d_backward(four, {2, 4, 50})));
  expect_no_allocation([&] { tf::upsample_nearest1d_into(half, x, 25, ctx); });
  EXPECT_TRUE(equal(half, tf::upsample_nearest1d(x, 25)));
  expect_no_allocation([&] { tf::upsample_nearest_exact1d_into(half, x, tf::scale(0.5), ctx); });
  EXPECT_TRUE(equal(half, tf::upsample_nearest_exact1d(x, tf::scale(0.5))));
  expect_no_allocation([&] { tf::upsample_linear1d_into(half, x, 25, true, ctx); });
  EXPECT_TRUE(equal(half, tf::upsample_linear1d(x, 25, true)));
  expect_no_allocation([&] { tf::upsample_linear1d_backward_into(dx, half, {}, true, ctx); });
  EXPECT_TRUE(equal(dx, tf::upsample_linear1d_backward(half, {2, 4, 50}, {}, true)));
  EXPECT_EQ(tf::upsample_linear1d_workspace_bytes(x, 25, true, ctx), 0);
  EXPECT_EQ(tf::upsample_linear1d_backward_workspace_bytes(half, {2, 4, 50}, {}, true, ctx), 0);
  expect_no_allocation([&] { tf::upsample_nearest1d_backward_into(dx, half, {}, ctx); });
  EXPECT_TRUE(equal(dx, tf::upsample_nearest1d_backward(half, {2, 4, 50})));
  expect_no_allocation([&] { tf::upsample_nearest_exact1d_backward_into(dx, half, tf::scale(0.5), ctx); });
  EXPECT_TRUE(equal(dx, tf::upsample_nearest_exact1d_backward(half, {2, 4, 50}, tf::scale(0.5))));
}

TEST(OneDimension, NothingIsWrittenIntoOtherShapes) {
  const auto x = small_integers<float>({1, 2, 8}), w = small_integers<float>({2, 2, 3});
  const auto at = tf::max_pool1d_with_indices(x, {.kernel_size = 2}).indices;
  tf::tensor<float> y = filled<float>({1, 2, 1, 4}, 7);
  const auto text = [](const char* op, const char* name, const char* shape) {
    return std::string(op) + ": expected " + name + " of shape " + shape + ", but got [1, 2, 1, 4]";
  };
  EXPECT_EQ(error_of([&] { tf::conv1d_into(y, x, w); }), text("conv1d", "an output", "[1, 2, 6]"));
  EXPECT_EQ(error_of([&] { tf::conv_transpose1d_into(y, x, w); }), text("conv_transpose1d", "an output", "[1, 2, 10]"));
  EXPECT_EQ(error_of([&] { tf::max_pool1d_into(y, x, {.kernel_size = 2}); }),
            text("max_pool1d", "values", "[1, 2, 4]"));
  EXPECT_EQ(error_of([&] {
              tf::max_unpool1d_into(y, x, tf::tensor<index_t>({1, 2, 8}), {.kernel_size = 2});
            }),
            text("max_unpool1d", "output", "[1, 2, 16]"));
  EXPECT_EQ(error_of([&] { tf::max_unpool1d_backward_into(y, x, at); }),
            text("max_unpool1d_backward", "grad_input", "[1, 2, 4]"));
  EXPECT_EQ(error_of([&] { tf::avg_pool1d_into(y, x, {.kernel_size = 2}); }),
            text("avg_pool1d", "output", "[1, 2, 4]"));
  EXPECT_EQ(error_of([&] { tf::adaptive_avg_pool1d_into(y, x, 4); }),
            text("adaptive_avg_pool1d", "output", "[1, 2, 4]"));
  EXPECT_EQ(error_of([&] { tf::upsample_linear1d_into(y, x, 4); }), text("upsample_linear1d", "output", "[1, 2, 4]"));
  EXPECT_TRUE(equal(y, filled<float>({1, 2, 1, 4}, 7)));
  EXPECT_EQ(error_of([&] {
              tf::max_unpool1d(x, tf::tensor<index_t>({1, 2, 8}),
                               {.kernel_size = 2, .duplicates = tf::unpool_duplicates::error});
            }),
            "max_unpool2d: duplicate index 0 at n = 0, c = 0, h = 1, w = 0 (value " +
                std::to_string(static_cast<int>(x(0, 0, 1))) + "): its plane has it at h = 0, w = 0 (value " +
                std::to_string(static_cast<int>(x(0, 0, 0))) + ") already");
}

static_assert(tf::conv1d_output_shape({2, 3, 10}, {4, 3, 3}, {.stride = 2, .padding = 1}) == tf::shape{2, 4, 5});
static_assert(tf::conv_transpose1d_output_shape({3, 10}, {3, 4, 3}, {.stride = 2, .output_size = 22}) ==
              tf::shape{4, 22});
static_assert(tf::max_pool1d_output_shape({2, 3, 11}, {.kernel_size = 2, .ceil_mode = true}) == tf::shape{2, 3, 6});
static_assert(tf::max_unpool1d_output_shape({2, 3, 5}, {.kernel_size = 2, .output_size = 11}) == tf::shape{2, 3, 11});
static_assert(tf::avg_pool1d_output_shape({3, 11}, {.kernel_size = 3, .stride = 2}) == tf::shape{3, 5});
static_assert(tf::upsample1d_output_shape({1, 2, 9}, 5) == tf::shape{1, 2, 5});
static_assert(tf::upsample1d_output_shape({1, 2, 9}, tf::scale(1.5)) == tf::shape{1, 2, 13});
static_assert(tf::adaptive_avg_pool1d_output_shape({3, 11}, 4) == tf::shape{3, 4});

}  // namespace
