#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/reference.hpp>

#include "convolution_cases.hpp"
#include "winograd_matrices.hpp"

#include <cmath>  // abs, pow, sqrt

using namespace tenfold_test;
using tf::index_t;
using tf::shape;

namespace {

constexpr const char* names[] = {"winograd_2x2", "winograd_4x4"};

tf::context forced(const char* algorithm, tf::isa isa) {
  tf::context ctx;
  ctx.algorithm = algorithm;
  ctx.isa = isa;
  ctx.math = tf::math::fast;  // for any number of channels
  return ctx;
}

const std::vector<conv2d_case> conv2d_shapes{
    {"one_tile_of_2x2", {1, 3, 4, 4}, {5, 3, 3, 3}},
    {"one_output", {1, 3, 3, 3}, {5, 3, 3, 3}},
    {"one_pixel_in_padding", {1, 3, 1, 1}, {4, 3, 3, 3}, {.padding = 1}},
    {"padded", {1, 4, 9, 11}, {6, 4, 3, 3}, {.padding = 1}},
    {"tile_within_padding", {1, 2, 3, 5}, {3, 2, 3, 3}, {.padding = {6, 9}}},
    {"padding_differs_by_dimension", {1, 3, 8, 7}, {4, 3, 3, 3}, {.padding = {0, 2}}},
    {"same", {1, 3, 7, 6}, {4, 3, 3, 3}, {.padding = tf::same}},
    {"unbatched", {3, 10, 13}, {4, 3, 3, 3}, {.padding = 1}},
    {"empty_batch", {0, 3, 10, 13}, {4, 3, 3, 3}, {.padding = 1}},
    {"images_share_panels", {5, 3, 6, 5}, {4, 3, 3, 3}, {.padding = 1}},
    {"one_column_of_tiles", {1, 3, 150, 4}, {4, 3, 3, 3}, {.padding = 1}},
    {"one_row_of_tiles_in_the_middle_of_a_line", {1, 2, 4, 700}, {3, 2, 3, 3}},
    {"groups", {2, 6, 9, 10}, {12, 2, 3, 3}, {.padding = 1, .groups = 3}},
    {"depthwise", {1, 5, 9, 9}, {5, 1, 3, 3}, {.padding = 1, .groups = 5}},
    {"channels_of_two_kc", {1, 65, 7, 9}, {3, 65, 3, 3}, {.padding = 1}},
    {"rows_of_several_panels", {1, 3, 9, 9}, {45, 3, 3, 3}, {.padding = 1}},
    {"several_blocks_of_tiles", {1, 3, 60, 61}, {9, 3, 3, 3}, {.padding = 1}},
};

const std::vector<conv_transpose2d_case> conv_transpose2d_shapes{
    {"padding_0", {1, 4, 9, 11}, {4, 6, 3, 3}},
    {"padding_1", {2, 4, 9, 11}, {4, 6, 3, 3}, {.padding = 1}},
    {"padding_2", {1, 4, 9, 11}, {4, 6, 3, 3}, {.padding = 2}},
    {"padding_differs_by_dimension", {1, 3, 8, 7}, {3, 4, 3, 3}, {.padding = {2, 0}}},
    {"one_pixel", {1, 3, 1, 1}, {3, 4, 3, 3}},
    {"unbatched", {3, 10, 13}, {3, 4, 3, 3}, {.padding = 1}},
    {"groups", {2, 6, 9, 10}, {6, 4, 3, 3}, {.padding = 1, .groups = 3}},
    {"channels_of_two_kc", {1, 65, 7, 9}, {65, 3, 3, 3}, {.padding = 1}},
    {"several_blocks_of_tiles", {1, 3, 60, 61}, {3, 9, 3, 3}, {.padding = 1}},
};

// What differs between the two operations.
struct forward {
  using test_case = conv2d_case;
  static index_t channels(const test_case& c) { return c.weight[0]; }
  static index_t terms(const test_case& c) { return c.weight[1]; }
  template <class... Args>
  static auto call(const Args&... args) {
    return tf::conv2d(args...);
  }
  template <class... Args>
  static auto reference(const Args&... args) {
    return tf::reference::conv2d(args...);
  }
  template <class T>
  using prepared = tf::prepared_conv2d<T>;
};

struct transposed {
  using test_case = conv_transpose2d_case;
  static index_t channels(const test_case& c) { return c.weight[1] * c.options.groups; }
  static index_t terms(const test_case& c) { return c.weight[0] / c.options.groups; }
  template <class... Args>
  static auto call(const Args&... args) {
    return tf::conv_transpose2d(args...);
  }
  template <class... Args>
  static auto reference(const Args&... args) {
    return tf::reference::conv_transpose2d(args...);
  }
  template <class T>
  using prepared = tf::prepared_conv_transpose2d<T>;
};

/// A convolution of one operation; T its element type.
template <class T>
struct inputs {
  tf::tensor<T> x, w, b;

  template <class Case>
  inputs(const Case& c, index_t channels)
      : x(random_tensor<T>(c.input, 1)), w(random_tensor<T>(c.weight, 2)), b(random_tensor<T>({channels}, 3)) {}
};

// ---- values

/// The transforms of 2x2 outputs add and halve: all numbers are quarters of integers, of at most 16 * 9 in a product
/// and 9 * 65 times that in an output, which is below 2^22: sums are exact.
template <class Op, class T>
void expect_equals_reference(const typename Op::test_case& c) {
  const auto x = small_integers<T>(c.input, 1), w = small_integers<T>(c.weight, 2);
  const auto b = small_integers<T>({Op::channels(c)}, 3);
  const auto expected = Op::reference(x, w, b, c.options);
  for (const tf::isa isa : available_isas())
    EXPECT_TRUE(equal(Op::call(x, w, b, c.options, forced("winograd_2x2", isa)), expected))
        << c << " on " << tf::name_of(isa);
}

TEST(Winograd2x2, EqualsReferenceOnSmallIntegers) {
  for (const conv2d_case& c : conv2d_shapes) {
    expect_equals_reference<forward, float>(c);
    expect_equals_reference<forward, double>(c);
  }
  for (const conv_transpose2d_case& c : conv_transpose2d_shapes) {
    expect_equals_reference<transposed, float>(c);
    expect_equals_reference<transposed, double>(c);
  }
}

TEST(WinogradMatrices, MakeAConvolution) {
  for (const winograd_matrices* f : {&winograd_2x2, &winograd_4x4})
    for (index_t i = 0; i < f->m; ++i)
      for (index_t k = 0; k < f->n; ++k)
        for (index_t t = 0; t < 3; ++t) {
          double sum = 0;
          for (index_t e = 0; e < f->n; ++e) sum += f->a(i, e) * f->b(e, k) * f->g(e, t);
          EXPECT_NEAR(sum, k == i + t ? 1 : 0, 1e-12);
        }
}

/// The sums of the absolute values of what is added up for each output: of conv2d, from inputs and weights that are not
/// negative.
tf::tensor<double> passed_magnitudes(const winograd_matrices& f, const tf::tensor<double>& x,
                                     const tf::tensor<double>& w, const tf::tensor<double>& b,
                                     const tf::conv2d_options& options) {
  const index_t m = f.m, n = f.n;
  std::vector<double> factor(static_cast<std::size_t>(m * n * 3));
  for (index_t i = 0; i < m; ++i)
    for (index_t k = 0; k < n; ++k)
      for (index_t t = 0; t < 3; ++t) factor[static_cast<std::size_t>((i * n + k) * 3 + t)] = f.magnitude(i, k, t);
  tf::tensor<double> y(tf::conv2d_output_shape(x.shape(), w.shape(), options));
  const index_t channels = w.shape()[1], rows = w.shape()[0] / options.groups;
  const tf::hw pad = options.padding.value();
  for (index_t image = 0; image < y.shape()[0]; ++image)
    for (index_t o = 0; o < y.shape()[1]; ++o)
      for (index_t oh = 0; oh < y.shape()[2]; ++oh)
        for (index_t ow = 0; ow < y.shape()[3]; ++ow) {
          double sum = b(o);
          for (index_t c = 0; c < channels; ++c)
            for (index_t k = 0; k < n; ++k)
              for (index_t l = 0; l < n; ++l) {
                const index_t ih = oh / m * m - pad.h + k, iw = ow / m * m - pad.w + l;
                if (ih < 0 || ih >= x.shape()[2] || iw < 0 || iw >= x.shape()[3]) continue;
                const double d = x(image, o / rows * channels + c, ih, iw);
                for (index_t t = 0; t < 9; ++t)
                  sum += d * w(o, c, t / 3, t % 3) * factor[static_cast<std::size_t>((oh % m * n + k) * 3 + t / 3)] *
                         factor[static_cast<std::size_t>((ow % m * n + l) * 3 + t % 3)];
              }
          y(image, o, oh, ow) = sum;
        }
  return y;
}

/// The error is at most gamma(roundings) times what passed. `c`, `w`: the convolution that it is, of these inputs.
template <class Op, class T, class Options>
void expect_within_rounding(const inputs<T>& in, const Options& options, const conv2d_case& c,
                            const tf::tensor<double>& w) {
  const auto x = to_double(in.x), b = to_double(in.b);
  const auto exact = tf::reference::conv2d(x, w, b, c.options);
  for (const char* name : names) {
    const winograd_matrices& f = name == names[0] ? winograd_2x2 : winograd_4x4;
    const auto passed = passed_magnitudes(f, magnitudes(x), magnitudes(w), magnitudes(b), c.options);
    for (const tf::isa isa : available_isas())
      EXPECT_TRUE(within_rounding(Op::call(in.x, in.w, in.b, options, forced(name, isa)), exact, passed,
                                  winograd_roundings(w.shape()[1])))
          << name << " " << c << " on " << tf::name_of(isa);
  }
}

template <class T>
void expect_within_rounding(const conv2d_case& c) {
  const inputs<T> in(c, c.weight[0]);
  expect_within_rounding<forward>(in, c.options, c, to_double(in.w));
}

template <class T>
void expect_within_rounding(const conv_transpose2d_case& c) {
  const inputs<T> in(c, transposed::channels(c));
  const index_t groups = c.options.groups, channels = c.weight[0] / groups, rows = c.weight[1];
  tf::tensor<double> w({rows * groups, channels, 3, 3});
  for (index_t o = 0; o < rows * groups; ++o)
    for (index_t i = 0; i < channels; ++i)
      for (index_t t = 0; t < 9; ++t)
        w(o, i, t / 3, t % 3) = in.w(o / rows * channels + i, o % rows, 2 - t / 3, 2 - t % 3);
  const tf::hw& padding = c.options.padding;
  expect_within_rounding<transposed>(
      in, c.options, {c.name, c.input, w.shape(), {.padding = {2 - padding.h, 2 - padding.w}, .groups = groups}}, w);
}

template <class Case>
void expect_all_within_rounding(const std::vector<Case>& cases) {
  for (const Case& c : cases)
    if (c.input.size() == 4 && c.input.elements() <= 11000) {
      expect_within_rounding<float>(c);
      expect_within_rounding<double>(c);
    }
}

TEST(Winograd, IsWithinRoundingOfTheExactResult) {
  std::vector<conv2d_case> cases = conv2d_shapes;
  std::erase_if(cases, [](const conv2d_case& c) { return c.options.padding.is_same(); });
  expect_all_within_rounding(cases);
  expect_all_within_rounding(conv_transpose2d_shapes);
}

/// What math::standard promises, on outputs of unit variance: assert_close's defaults, and a root mean square error of
/// at most four times PyTorch's own, which is 2.1e-7 to 2.3e-7 (docs/winograd_error.md).
TEST(Winograd4x4, IsAsExactAsStandardMathPromises) {
  for (const index_t channels : {16, 64, 130}) {
    std::mt19937 random(9);
    std::normal_distribution<float> draw;
    const auto normal = [&](const shape& s, float scale) {
      return map<float>(tf::tensor<float>(s), [&](float) { return scale * draw(random); });
    };
    const auto x = normal({1, channels, 30, 30}, 1);
    const auto w = normal({32, channels, 3, 3}, 1 / std::sqrt(9 * static_cast<float>(channels)));
    const auto exact = tf::reference::conv2d(to_double(x), to_double(w), tf::conv2d_options{});
    for (const tf::isa isa : available_isas()) {
      const auto got = tf::conv2d(x, w, tf::conv2d_options{}, forced("winograd_4x4", isa));
      EXPECT_TRUE(compare(got, exact,
                          [](float g, double e, index_t) {
                            return std::abs(static_cast<double>(g) - e) <= 1e-5 + 1.3e-6 * std::abs(e);
                          }))
          << channels << " channels on " << tf::name_of(isa);
      double squares = 0;
      for (index_t i = 0; i < got.size(); ++i)
        squares += std::pow(static_cast<double>(got.data()[i]) - exact.data()[i], 2);
      EXPECT_LE(std::sqrt(squares / static_cast<double>(got.size())), 4 * 2.1e-7)
          << channels << " channels on " << tf::name_of(isa);
    }
  }
}

// ---- the same bits

template <class Op, class T>
void expect_same_bits(const typename Op::test_case& c) {
  const inputs<T> in(c, Op::channels(c));
  for (const char* name : names)
    for (const tf::isa isa : available_isas()) {
      const auto expected = Op::call(in.x, in.w, in.b, c.options, forced(name, isa));
      const typename Op::template prepared<T> layer(in.w, in.b, c.options);
      for (const int threads : {1, 3})
        for (const index_t cap : {0, 64 << 10, 65537, 150000, 1 << 20}) {
          tf::context ctx = on_threads(threads);
          ctx.algorithm = name;
          ctx.isa = isa;
          ctx.math = tf::math::fast;
          ctx.max_workspace_bytes = cap;
          EXPECT_TRUE(same_bits(Op::call(in.x, in.w, in.b, c.options, ctx), expected))
              << name << " " << c << ", " << threads << " threads, cap " << cap << ", " << tf::name_of(isa);
          const typename Op::template prepared<T> layer_there(in.w, in.b, c.options, tf::activation::none, ctx);
          EXPECT_TRUE(same_bits(layer_there(in.x, ctx), expected))
              << "prepared " << name << " " << c << ", " << threads << " threads, cap " << cap << ", "
              << tf::name_of(isa);
        }
    }
}

TEST(WinogradBits, DoNotDependOnThreadsMemoryOrPreparation) {
  const conv2d_case cases[] = {{"many_tiles", {2, 5, 60, 61}, {31, 5, 3, 3}, {.padding = 1}},
                               {"many_channels", {1, 150, 9, 17}, {70, 150, 3, 3}, {.padding = 1}},
                               {"groups", {2, 80, 7, 9}, {40, 40, 3, 3}, {.groups = 2}}};
  for (const conv2d_case& c : cases) {
    expect_same_bits<forward, float>(c);
    expect_same_bits<forward, double>(c);
  }
  expect_same_bits<transposed, float>({"transposed", {2, 70, 9, 17}, {70, 33, 3, 3}, {.padding = 1}});
}

/// With the algorithm forced and with the one that the costs choose.
TEST(WinogradBits, DoNotDependOnTheBatch) {
  const conv2d_case cases[] = {{"shared_panels", {7, 40, 7, 7}, {48, 40, 3, 3}, {.padding = 1}},
                               {"large", {2, 33, 40, 50}, {30, 33, 3, 3}, {.padding = 1}}};
  for (const conv2d_case& c : cases)
    for (const char* name : {"", names[0], names[1]})
      for (const tf::isa isa : available_isas()) {
        const inputs<float> in(c, c.weight[0]);
        const auto all = tf::conv2d(in.x, in.w, in.b, c.options, forced(name, isa));
        for (index_t n = 0; n < c.input[0]; ++n) {
          const shape one{c.input[1], c.input[2], c.input[3]}, out{all.shape()[1], all.shape()[2], all.shape()[3]};
          const tf::tensor_view<const float> image(in.x.data() + n * one.elements(), one);
          const tf::tensor_view<const float> expected(all.data() + n * out.elements(), out);
          EXPECT_TRUE(same_bits(tf::conv2d(image, in.w, in.b, c.options, forced(name, isa)), expected))
              << name << " " << c << ", image " << n << ", " << tf::name_of(isa);
        }
      }
}

// ---- layers, memory and the choice

TEST(Winograd, AppliesTheActivationAfterTheBias) {
  const conv2d_case c{"relu", {2, 20, 19, 23}, {18, 20, 3, 3}, {.padding = 1}};
  const inputs<float> in(c, c.weight[0]);
  for (const char* name : names)
    for (const tf::isa isa : available_isas()) {
      const tf::context ctx = forced(name, isa);
      const auto plain = tf::conv2d(in.x, in.w, in.b, c.options, ctx);
      const auto expected = map<float>(plain, [](float v) { return v < 0 ? 0 : v; });
      const tf::prepared_conv2d<float> layer(in.w, in.b, c.options, tf::activation::relu, ctx);
      EXPECT_TRUE(equal(layer(in.x, ctx), expected)) << name << " on " << tf::name_of(isa);
      EXPECT_FALSE(equal(plain, expected));
    }
}

TEST(Winograd, KeepsToItsWorkspace) {
  const conv2d_case c{"memory", {1, 150, 9, 17}, {70, 150, 3, 3}, {.padding = 1}};
  const inputs<float> in(c, c.weight[0]);
  for (const char* name : names)
    for (const tf::isa isa : available_isas())
      for (const index_t cap : {64 << 10, 200 << 10, 8 << 20}) {
        tf::context ctx = forced(name, isa);
        const auto expected = tf::conv2d(in.x, in.w, in.b, c.options, ctx);
        ctx.max_workspace_bytes = cap;
        const index_t bytes = tf::conv2d_workspace_bytes(in.x, in.w, c.options, ctx);
        EXPECT_LE(bytes, cap + 63);  // to begin at a cache line
        std::vector<std::byte> memory(static_cast<std::size_t>(bytes) + 64, std::byte{0xA5});
        ctx.workspace = std::span(memory).first(static_cast<std::size_t>(bytes));
        EXPECT_TRUE(same_bits(tf::conv2d(in.x, in.w, in.b, c.options, ctx), expected)) << name << ", cap " << cap;
        for (std::size_t i = static_cast<std::size_t>(bytes); i < memory.size(); ++i)
          ASSERT_EQ(memory[i], std::byte{0xA5}) << "written behind the workspace";
      }
}

/// Whether the context's algorithm takes this.
template <class Call>
bool is_taken(const Call& call) {
  const std::string error = error_of(call);
  EXPECT_TRUE(error.empty() || error.find("has no algorithm") != std::string::npos) << error;
  return error.empty();
}

bool applies(const conv2d_case& c, const tf::context& ctx) {
  return is_taken([&] { tf::conv2d(tf::tensor<float>(c.input), tf::tensor<float>(c.weight), c.options, ctx); });
}

bool applies(const conv_transpose2d_case& c, const tf::context& ctx) {
  return is_taken(
      [&] { tf::conv_transpose2d(tf::tensor<float>(c.input), tf::tensor<float>(c.weight), c.options, ctx); });
}

TEST(Winograd, TakesOnlyWhatItCanDo) {
  const shape x{1, 2, 9, 9}, w{2, 2, 3, 3};
  for (const char* name : names) {
    const tf::context ctx = forced(name, available_isas().back());
    EXPECT_TRUE(applies(conv2d_case{"", x, w}, ctx));
    EXPECT_FALSE(applies(conv2d_case{"", x, w, {.stride = {1, 2}}}, ctx));
    EXPECT_FALSE(applies(conv2d_case{"", x, w, {.dilation = {2, 1}}}, ctx));
    EXPECT_FALSE(applies(conv2d_case{"", x, {2, 2, 3, 2}}, ctx));
    EXPECT_TRUE(applies(conv_transpose2d_case{"", x, w, {.padding = 2}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w, {.padding = {2, 3}}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w, {.stride = 2}}, ctx));
    EXPECT_FALSE(is_taken([&] { tf::conv2d(tf::tensor<int>(x), tf::tensor<int>(w), tf::conv2d_options{}, ctx); }));
  }
}

/// Few channels have small errors, PyTorch's most of all: four times that is less than F(4x4) can do.
TEST(Winograd4x4, TakesFewChannelsInFastMathOnly) {
  for (const tf::math math : {tf::math::standard, tf::math::fast}) {
    tf::context ctx;
    ctx.algorithm = "winograd_4x4";
    ctx.math = math;
    const auto forward_of = [](index_t channels) { return conv2d_case{"", {1, channels, 9, 9}, {2, channels, 3, 3}}; };
    const auto transposed_of = [](index_t channels) {
      return conv_transpose2d_case{"", {1, channels, 9, 9}, {channels, 2, 3, 3}};
    };
    EXPECT_EQ(applies(forward_of(7), ctx), math == tf::math::fast);
    EXPECT_TRUE(applies(forward_of(8), ctx));
    EXPECT_EQ(applies(transposed_of(31), ctx), math == tf::math::fast);
    EXPECT_TRUE(applies(transposed_of(32), ctx));
  }
}

TEST(Winograd, IsNoExactMath) {
  const conv2d_case c{"large", {1, 32, 40, 40}, {32, 32, 3, 3}, {.padding = 1}};
  const inputs<float> in(c, c.weight[0]);
  tf::context exact;
  exact.math = tf::math::exact;
  tf::context direct;
  direct.algorithm = "implicit_gemm";
  const auto expected = tf::conv2d(in.x, in.w, in.b, c.options, direct);
  EXPECT_TRUE(same_bits(tf::conv2d(in.x, in.w, in.b, c.options, exact), expected));
  EXPECT_FALSE(same_bits(tf::conv2d(in.x, in.w, in.b, c.options), expected)) << "standard math takes it here";
  for (const char* name : names) {
    exact.algorithm = name;
    EXPECT_FALSE(applies(c, exact));
  }
}

}  // namespace
