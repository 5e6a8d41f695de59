// math::standard on data made to hurt Winograd's algorithms: every output answers for its own window and its own
// weights.
#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/prepared.hpp>

#include "convolution_cases.hpp"

#include <cmath>  // abs, exp, isfinite
#include <functional>

using namespace tenfold_test;
using tf::index_t;

namespace {

/// |y - exact| <= c * eps * max|x| * sum|w| with this c: docs/winograd_error.md derives it.
constexpr double bound_constant = 200;

/// What else tiny numbers may cost: products of numbers whose product underflows, and transforms of weights that do.
template <class T>
constexpr double underflow = 64 * static_cast<double>(std::numeric_limits<T>::min());

// ---- data made to hurt

struct generator {
  std::string name;
  std::function<double(std::mt19937&, index_t channel, index_t h, index_t w)> at;
};

double normal(std::mt19937& random) { return std::normal_distribution<double>()(random); }

const std::vector<generator> images{
    {"normal", [](auto& r, index_t, index_t, index_t) { return normal(r); }},
    {"one_hot_pixel",
     [](auto& r, index_t, index_t h, index_t w) { return h == 5 && w == 6 ? 1e6 : 1 + 0.1 * normal(r); }},
    {"one_pixel_of_1e38",
     [](auto& r, index_t c, index_t h, index_t w) { return c == 3 && h == 9 && w == 4 ? 1e38 : normal(r); }},
    {"spectrogram",
     [](auto& r, index_t, index_t h, index_t w) {
       return std::exp(-4.0 * static_cast<double>(w) - 0.3 * static_cast<double>(h)) * std::abs(normal(r));
     }},
    {"hdr", [](auto& r, index_t, index_t, index_t) { return std::exp(5 * normal(r)); }},
    {"nodata", [](auto& r, index_t, index_t h, index_t w) { return h * 3 + w > 30 ? -9999 : 0.02 * normal(r); }},
    {"subnormals_beside_ones",
     [](auto& r, index_t, index_t h, index_t w) { return (h / 5 + w / 5) % 2 ? 1e-40 * normal(r) : normal(r); }},
    {"subnormals", [](auto& r, index_t, index_t, index_t) { return 1e-40 * normal(r); }},
    {"huge_and_tiny_channels",
     [](auto& r, index_t c, index_t h, index_t) { return normal(r) * (c % 2 ? 1e18 : 1e-18) * (h < 7 ? 1 : 1e-3); }},
    {"zeros_beside_numbers", [](auto& r, index_t, index_t h, index_t w) { return h + w < 14 ? normal(r) : 0; }},
    {"constant_1e36", [](auto&, index_t, index_t, index_t) { return 1e36; }},
    // each tile as unbalanced as the guard lets pass, in all channels at a time
    {"as_unbalanced_as_may_be",
     [](auto& r, index_t, index_t h, index_t w) { return normal(r) * (h % 4 == 3 || w % 4 == 3 ? 9 : 1); }},
    {"columns_15_times_as_large",
     [](auto& r, index_t, index_t, index_t w) { return (1 + 0.01 * normal(r)) * (w % 6 == 0 ? 15.5 : 1); }},
};

const std::vector<generator> weights{
    {"normal", [](auto& r, index_t, index_t, index_t) { return normal(r); }},
    {"ones", [](auto&, index_t, index_t, index_t) { return 1; }},
    {"first_tap_of_1e6",
     [](auto& r, index_t k, index_t h, index_t w) { return k == 0 && h == 0 && w == 0 ? 1e6 : normal(r); }},
    {"last_taps_large",
     [](auto& r, index_t, index_t h, index_t w) { return normal(r) * (h == 2 && w == 2 ? 100 : 1); }},
    {"a_tap_alone", [](auto&, index_t k, index_t h, index_t w) { return h == k % 3 && w == k / 3 % 3 ? 1 : 0; }},
    {"some_of_1e-39", [](auto& r, index_t k, index_t, index_t) { return normal(r) * (k % 5 == 1 ? 1e-39 : 1); }},
    {"exp", [](auto& r, index_t, index_t, index_t) { return std::exp(3 * normal(r)); }},
};

/// The last two dimensions are h and w, the second last but two counts with the first.
template <class T>
tf::tensor<T> made_by(const generator& g, const tf::shape& shape, index_t per) {
  std::mt19937 random(7);
  auto x = tf::tensor<T>::uninitialized(shape);
  const index_t height = shape[2], width = shape[3];
  for (index_t i = 0; i < x.size(); ++i)
    x.data()[i] = static_cast<T>(g.at(random, i / (height * width) / per, i / width % height, i % width));
  return x;
}

// ---- what is promised for each output

struct promise {
  tf::tensor<double> exact, largest, weights;  // the window's largest magnitude, the sum of its weights' magnitudes
};

/// Calls visit(ih, iw, i, j) for each tap of output (oh, ow) that meets the image.
template <class Visit>
void for_each_tap(const conv2d_case& c, index_t oh, index_t ow, const Visit& visit) {
  const tf::conv2d_options& o = c.options;
  for (index_t i = 0; i < c.weight[2]; ++i)
    for (index_t j = 0; j < c.weight[3]; ++j) {
      const index_t ih = oh * o.stride.h - o.padding.value().h + i * o.dilation.h;
      const index_t iw = ow * o.stride.w - o.padding.value().w + j * o.dilation.w;
      if (ih >= 0 && ih < c.input[2] && iw >= 0 && iw < c.input[3]) visit(ih, iw, i, j);
    }
}
template <class Visit>
void for_each_tap(const conv_transpose2d_case& c, index_t oh, index_t ow, const Visit& visit) {
  const tf::conv_transpose2d_options& o = c.options;
  for (index_t i = 0; i < c.weight[2]; ++i)
    for (index_t j = 0; j < c.weight[3]; ++j) {
      const index_t ih = oh + o.padding.h - i * o.dilation.h, iw = ow + o.padding.w - j * o.dilation.w;
      if (ih % o.stride.h != 0 || iw % o.stride.w != 0) continue;
      if (ih >= 0 && ih / o.stride.h < c.input[2] && iw >= 0 && iw / o.stride.w < c.input[3])
        visit(ih / o.stride.h, iw / o.stride.w, i, j);
    }
}

index_t out_channels(const conv2d_case& c) { return c.weight[0]; }
index_t out_channels(const conv_transpose2d_case& c) { return c.weight[1] * c.options.groups; }
index_t terms(const conv2d_case& c) { return c.weight[1]; }
index_t terms(const conv_transpose2d_case& c) { return c.weight[0] / c.options.groups; }
tf::shape output_shape(const conv2d_case& c) { return tf::conv2d_output_shape(c.input, c.weight, c.options); }
tf::shape output_shape(const conv_transpose2d_case& c) {
  return tf::conv_transpose2d_output_shape(c.input, c.weight, c.options);
}

template <class T>
T weight_at(const conv2d_case&, const tf::tensor<T>& w, index_t o, index_t c, index_t i, index_t j) {
  return w(o, c, i, j);
}
template <class T>
T weight_at(const conv_transpose2d_case& k, const tf::tensor<T>& w, index_t o, index_t c, index_t i, index_t j) {
  const index_t rows = k.weight[1];
  return w(o / rows * terms(k) + c, o % rows, i, j);
}

/// Sums in long double, whose rounding is 2^-11 of double's.
template <class T, class Case>
promise promise_of(const Case& c, const tf::tensor<T>& x, const tf::tensor<T>& w) {
  const tf::shape shape = output_shape(c);
  promise p{tf::tensor<double>(shape), tf::tensor<double>(shape), tf::tensor<double>(shape)};
  const index_t rows = out_channels(c) / c.options.groups, channels = terms(c);
  for (index_t n = 0; n < shape[0]; ++n)
    for (index_t o = 0; o < shape[1]; ++o)
      for (index_t oh = 0; oh < shape[2]; ++oh)
        for (index_t ow = 0; ow < shape[3]; ++ow) {
          long double sum = 0, largest = 0, weight = 0;
          for_each_tap(c, oh, ow, [&](index_t ih, index_t iw, index_t i, index_t j) {
            for (index_t k = 0; k < channels; ++k) {
              const auto value = static_cast<long double>(x(n, o / rows * channels + k, ih, iw));
              const auto factor = static_cast<long double>(weight_at(c, w, o, k, i, j));
              sum += value * factor;
              largest = std::max(largest, std::abs(value));
              weight += std::abs(factor);
            }
          });
          p.exact(n, o, oh, ow) = static_cast<double>(sum);
          p.largest(n, o, oh, ow) = static_cast<double>(largest);
          p.weights(n, o, oh, ow) = static_cast<double>(weight);
        }
  return p;
}

/// The error in units of what the bound has beside c; negative where the outputs's own sums may leave the range of T.
template <class T>
double error_in_units(T got, const promise& p, index_t i) {
  const double limit = p.largest.data()[i] * p.weights.data()[i];
  if (limit >= static_cast<double>(std::numeric_limits<T>::max())) return -1;
  const double error = std::max(0.0, std::abs(static_cast<double>(got) - p.exact.data()[i]) - underflow<T>);
  if (error == 0) return 0;
  return error / (static_cast<double>(std::numeric_limits<T>::epsilon()) * limit);
}

template <class T>
testing::AssertionResult keeps(const tf::tensor<T>& got, const promise& p, double& worst) {
  return compare(got, p.exact, [&](T g, double, index_t i) {
    const double error = error_in_units(g, p, i);
    if (error > worst) worst = error;
    return error <= bound_constant;
  });
}

// ---- what is called

const std::vector<conv2d_case> conv2d_shapes{
    {"unpadded", {1, 8, 14, 15}, {9, 8, 3, 3}},
    {"padded", {2, 9, 13, 18}, {5, 9, 3, 3}, {.padding = 1}},
    {"padding_2", {1, 8, 9, 12}, {4, 8, 3, 3}, {.padding = 2}},
    {"outputs_in_the_padding", {1, 8, 9, 10}, {4, 8, 3, 3}, {.padding = {4, 3}}},
    {"groups", {1, 16, 12, 13}, {6, 8, 3, 3}, {.padding = 1, .groups = 2}},
    {"dilated", {1, 8, 23, 20}, {4, 8, 3, 3}, {.padding = 2, .dilation = 2}},
    {"several_kc", {1, 70, 8, 9}, {10, 70, 3, 3}, {.padding = 1}},
    {"small_image", {1, 8, 2, 3}, {4, 8, 3, 3}, {.padding = 1}},
};

const std::vector<conv_transpose2d_case> conv_transpose2d_shapes{
    {"stride_1_padding_0", {1, 32, 10, 11}, {32, 3, 3, 3}},
    {"stride_1_padding_1", {1, 32, 13, 12}, {32, 5, 3, 3}, {.padding = 1}},
    {"stride_1_groups", {1, 64, 9, 10}, {64, 2, 3, 3}, {.padding = 1, .groups = 2}},
    {"stride_2_kernel_4", {1, 9, 12, 13}, {9, 5, 4, 4}, {.stride = 2, .padding = 1}},
    {"stride_2_kernel_4_padding_even", {1, 8, 12, 13}, {8, 5, 4, 4}, {.stride = 2}},
    {"stride_2_kernel_3", {1, 24, 12, 13}, {24, 3, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {"stride_2_kernel_3_padding_even", {2, 24, 9, 10}, {24, 3, 3, 3}, {.stride = 2, .padding = 2}},
    {"stride_2_dimensions_differ", {1, 24, 9, 12}, {24, 3, 3, 4}, {.stride = 2, .padding = {1, 2}}},
};

struct forward {
  static auto call(const auto&... args) { return tf::conv2d(args...); }
  template <class T>
  using prepared = tf::prepared_conv2d<T>;
};
struct transposed {
  static auto call(const auto&... args) { return tf::conv_transpose2d(args...); }
  template <class T>
  using prepared = tf::prepared_conv_transpose2d<T>;
};

bool is_winograd(const tf::context& ctx) { return ctx.algorithm.substr(0, 8) == "winograd"; }

/// All algorithms, since the promise is math::standard's; returns the largest error of those of Winograd.
template <class Op, class T, class Case>
double expect_promise_kept(const Case& c, const generator& image, const generator& weight) {
  const auto x = made_by<T>(image, c.input, 1);
  const auto w = made_by<T>(weight, c.weight, 1);
  const promise p = promise_of(c, x, w);
  double worst = 0, of_others = 0;
  for (tf::context ctx : contexts_of<T>(c)) {
    double& error = is_winograd(ctx) ? worst : of_others;
    EXPECT_TRUE(keeps(Op::call(x, w, c.options, ctx), p, error))
        << c << ", " << image.name << " image, " << weight.name << " weights, " << name_of(ctx);
    const typename Op::template prepared<T> layer(w, c.options, tf::activation::none, ctx);
    EXPECT_TRUE(keeps(layer(x, ctx), p, error))
        << c << ", " << image.name << " image, " << weight.name << " weights, " << name_of(ctx) << ", prepared";
  }
  return worst;
}

template <class Op, class T, class Case>
void expect_promise_kept(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    double worst = 0;
    std::string where;
    for (const generator& image : images)
      for (const generator& weight : weights) {
        const double error = expect_promise_kept<Op, T>(c, image, weight);
        if (error <= worst) continue;
        worst = error;
        where = image.name + " image, " + weight.name + " weights";
      }
    testing::Test::RecordProperty(c.name, std::to_string(worst) + ": " + where);
  }
}

TEST(WinogradGuard, EveryOutputAnswersForItsOwnWindow) {
  expect_promise_kept<forward, float>(conv2d_shapes);
  expect_promise_kept<transposed, float>(conv_transpose2d_shapes);
}

TEST(WinogradGuard, EveryOutputAnswersForItsOwnWindowInDouble) {
  expect_promise_kept<forward, double>(conv2d_shapes);
  expect_promise_kept<transposed, double>(conv_transpose2d_shapes);
}

/// The test would see it: without the guard the promise is broken by all data that is made to break it.
TEST(WinogradGuard, IsLeftOutByFastMath) {
  const conv2d_case& c = conv2d_shapes[1];
  tf::context ctx;
  ctx.math = tf::math::fast;
  ctx.algorithm = "winograd_4x4";
  for (const char* name : {"one_hot_pixel", "spectrogram", "nodata", "subnormals_beside_ones", "zeros_beside_numbers"})
    for (const generator& image : images) {
      if (image.name != name) continue;
      const auto x = made_by<float>(image, c.input, 1), w = made_by<float>(weights[0], c.weight, 1);
      double worst = 0;
      EXPECT_FALSE(keeps(tf::conv2d(x, w, c.options, ctx), promise_of(c, x, w), worst)) << name;
    }
  const auto x = made_by<float>(images[0], c.input, 1), w = made_by<float>(weights[2], c.weight, 1);
  double worst = 0;
  EXPECT_FALSE(keeps(tf::conv2d(x, w, c.options, ctx), promise_of(c, x, w), worst)) << weights[2].name;
}

/// An output is finite just where its window is, and where it is not it is what the naive sum says.
template <class Op, class Case>
void expect_local(const Case& c) {
  auto x = made_by<float>(images[0], c.input, 1);
  const auto w = made_by<float>(weights[0], c.weight, 1);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  x(0, 1, 4, 5) = infinity;
  x(0, 2, 8, 2) = std::numeric_limits<float>::quiet_NaN();
  x(0, 3, 8, 9) = -infinity;
  const promise p = promise_of(c, x, w);
  for (const tf::context& ctx : contexts_of<float>(c)) {
    const auto local = [&](float got, double exact, index_t i) {
      if (std::isfinite(p.largest.data()[i]) && !std::isnan(exact)) return error_in_units(got, p, i) <= bound_constant;
      return std::isnan(exact) ? std::isnan(got) : static_cast<double>(got) == exact;
    };
    EXPECT_TRUE(compare(Op::call(x, w, c.options, ctx), p.exact, local)) << c << ", " << name_of(ctx);
  }
}

TEST(WinogradGuard, KeepsInfinityAndNaNWithinTheirWindows) {
  expect_local<forward>(conv2d_shapes[0]);
  expect_local<forward>(conv2d_shapes[1]);
  expect_local<transposed>(conv_transpose2d_shapes[1]);
  expect_local<transposed>(conv_transpose2d_shapes[3]);
  expect_local<transposed>(conv_transpose2d_shapes[5]);
}

/// Some tiles pass and some do not, whatever the blocks.
template <class Op, class Case>
void expect_same_bits(const Case& c) {
  for (const char* name : {"hdr", "zeros_beside_numbers"})
    for (const generator& image : images) {
      if (image.name != name) continue;
      const auto x = made_by<float>(image, c.input, 1), w = made_by<float>(weights[3], c.weight, 1);
      for (tf::context ctx : contexts_of<float>(c)) {
        if (!is_winograd(ctx)) continue;
        const auto expected = Op::call(x, w, c.options, ctx);
        const typename Op::template prepared<float> layer(w, c.options, tf::activation::none, ctx);
        for (const index_t cap : {0, 65536, 200000})
          for (const int threads : {1, 3}) {
            tf::context other = on_threads(threads);
            other.algorithm = ctx.algorithm;
            other.isa = ctx.isa;
            other.max_workspace_bytes = cap;
            EXPECT_TRUE(same_bits(Op::call(x, w, c.options, other), expected)) << c << name_of(ctx) << ", cap " << cap;
            EXPECT_TRUE(same_bits(layer(x, other), expected)) << c << name_of(ctx) << ", cap " << cap << ", prepared";
          }
      }
    }
}

TEST(WinogradGuard, BitsDoNotDependOnThreadsMemoryOrPreparation) {
  expect_same_bits<forward>(conv2d_case{"many_runs", {2, 66, 14, 39}, {20, 66, 3, 3}, {.padding = 1}});
  expect_same_bits<forward>(conv2d_case{"grids", {1, 9, 30, 25}, {9, 9, 3, 3}, {.padding = 2, .dilation = 2}});
  expect_same_bits<transposed>(conv_transpose2d_case{"stride_1", {2, 66, 10, 23}, {66, 5, 3, 3}});
  expect_same_bits<transposed>(
      conv_transpose2d_case{"stride_2", {2, 66, 9, 21}, {66, 9, 4, 4}, {.stride = 2, .padding = 1}});
  expect_same_bits<transposed>(
      conv_transpose2d_case{"stride_2_even", {2, 25, 13, 21}, {25, 9, 3, 4}, {.stride = 2, .padding = 2}});
}

}  // namespace
