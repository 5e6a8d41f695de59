#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/reference.hpp>

#include "convolution_cases.hpp"
#include "winograd_matrices.hpp"

#include <array>
#include <cmath>  // abs, pow, sqrt

using namespace tenfold_test;
using tf::index_t;
using tf::shape;

namespace {

constexpr std::array names{"winograd_2x2", "winograd_4x4"};
constexpr std::array phase_names{"winograd_phases_2x2", "winograd_phases_4x4"};

constexpr const auto& names_of(const conv2d_case&) { return names; }
constexpr const auto& names_of(const conv_transpose2d_case& c) {
  return c.options.stride == tf::hw(2) ? phase_names : names;
}

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
    {"pads_all_different", {2, 3, 8, 11}, {4, 3, 3, 3}, {.padding = tf::pads{1, 0, 3, 2}}},
    {"pads_of_whole_tiles_before", {1, 3, 7, 9}, {4, 3, 3, 3}, {.padding = tf::pads{9, 14, 0, 1}}},
    {"pads_of_whole_tiles_behind", {1, 3, 7, 9}, {4, 3, 3, 3}, {.padding = tf::pads{0, 1, 14, 9}}},
    {"pads_around_dilated_grids", {1, 3, 11, 9}, {4, 3, 3, 3}, {.padding = tf::pads{0, 5, 7, 1}, .dilation = {2, 3}}},
    {"unbatched", {3, 10, 13}, {4, 3, 3, 3}, {.padding = 1}},
    {"empty_batch", {0, 3, 10, 13}, {4, 3, 3, 3}, {.padding = 1}},
    {"images_share_panels", {5, 3, 6, 5}, {4, 3, 3, 3}, {.padding = 1}},
    {"one_column_of_tiles", {1, 3, 150, 4}, {4, 3, 3, 3}, {.padding = 1}},
    {"one_row_of_tiles_in_the_middle_of_a_line", {1, 2, 4, 700}, {3, 2, 3, 3}},
    {"groups", {2, 6, 9, 10}, {12, 2, 3, 3}, {.padding = 1, .groups = 3}},
    {"depthwise", {1, 5, 9, 9}, {5, 1, 3, 3}, {.padding = 1, .groups = 5}},
    {"channels_of_two_kc", {1, 65, 7, 9}, {3, 65, 3, 3}, {.padding = 1}},
    {"rows_of_several_panels", {1, 3, 9, 9}, {45, 3, 3, 3}, {.padding = 1}},
    {"dilated", {2, 3, 15, 17}, {4, 3, 3, 3}, {.padding = 2, .dilation = 2}},
    {"dilated_lines_only", {1, 3, 20, 9}, {4, 3, 3, 3}, {.padding = {5, 0}, .dilation = {3, 1}}},
    {"dilated_grids_of_unequal_size", {2, 6, 17, 19}, {4, 3, 3, 3}, {.padding = 7, .dilation = {3, 5}, .groups = 2}},
    {"a_grid_for_every_pixel", {1, 2, 5, 6}, {3, 2, 3, 3}, {.padding = {5, 6}, .dilation = {5, 6}}},
    {"several_blocks_of_tiles", {1, 3, 60, 61}, {9, 3, 3, 3}, {.padding = 1}},
};

const std::vector<conv_transpose2d_case> conv_transpose2d_shapes{
    {"padding_0", {1, 4, 9, 11}, {4, 6, 3, 3}},
    {"padding_1", {2, 4, 9, 11}, {4, 6, 3, 3}, {.padding = 1}},
    {"padding_2", {1, 4, 9, 11}, {4, 6, 3, 3}, {.padding = 2}},
    {"padding_differs_by_dimension", {1, 3, 8, 7}, {3, 4, 3, 3}, {.padding = {2, 0}}},
    {"crops_all_different", {2, 3, 8, 11}, {3, 4, 3, 3}, {.padding = tf::pads{1, 0, 3, 2}}},
    {"crops_of_whole_tiles_behind", {1, 3, 20, 19}, {3, 4, 3, 3}, {.padding = tf::pads{2, 1, 13, 9}}},
    {"crops_of_a_dilated_kernel", {1, 3, 9, 8}, {3, 4, 3, 3}, {.padding = tf::pads{4, 0, 1, 9}, .dilation = {2, 3}}},
    {"one_pixel", {1, 3, 1, 1}, {3, 4, 3, 3}},
    {"unbatched", {3, 10, 13}, {3, 4, 3, 3}, {.padding = 1}},
    {"groups", {2, 6, 9, 10}, {6, 4, 3, 3}, {.padding = 1, .groups = 3}},
    {"channels_of_two_kc", {1, 65, 7, 9}, {65, 3, 3, 3}, {.padding = 1}},
    {"several_blocks_of_tiles", {1, 3, 60, 61}, {3, 9, 3, 3}, {.padding = 1}},
    {"dilated", {2, 3, 9, 8}, {3, 4, 3, 3}, {.padding = {3, 0}, .dilation = {2, 3}}},
};

const std::vector<conv_transpose2d_case> stride_2_shapes{
    {"kernel_4_padding_odd", {2, 4, 9, 11}, {4, 6, 4, 4}, {.stride = 2, .padding = 1}},
    {"kernel_4_padding_even", {1, 4, 9, 11}, {4, 6, 4, 4}, {.stride = 2}},
    {"kernel_3_padding_odd", {1, 4, 9, 11}, {4, 6, 3, 3}, {.stride = 2, .padding = 1}},
    {"kernel_3_padding_even", {1, 4, 9, 11}, {4, 6, 3, 3}, {.stride = 2, .padding = 2}},
    {"output_padding", {1, 4, 9, 11}, {4, 6, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {"dimensions_differ", {1, 3, 8, 7}, {3, 4, 3, 4}, {.stride = 2, .padding = {3, 0}, .output_padding = {0, 1}}},
    {"dimensions_differ_the_other_way", {1, 3, 8, 7}, {3, 4, 4, 3}, {.stride = 2, .padding = {1, 2}}},
    {"padding_crops_whole_tiles", {1, 3, 20, 19}, {3, 4, 4, 4}, {.stride = 2, .padding = {15, 12}}},
    {"crops_all_different", {2, 3, 8, 11}, {3, 4, 4, 4}, {.stride = 2, .padding = tf::pads{1, 0, 3, 2}}},
    {"crops_of_whole_tiles_before", {1, 3, 20, 19}, {3, 4, 4, 3}, {.stride = 2, .padding = tf::pads{15, 12, 0, 1}}},
    {"crops_of_whole_tiles_behind", {1, 3, 20, 19}, {3, 4, 3, 4}, {.stride = 2, .padding = tf::pads{0, 1, 12, 15}}},
    {"one_pixel", {1, 3, 1, 1}, {3, 4, 4, 4}, {.stride = 2}},
    {"one_output", {1, 3, 1, 1}, {3, 4, 3, 3}, {.stride = 2, .padding = 1}},
    {"one_row_of_outputs", {1, 3, 1, 90}, {3, 4, 3, 3}, {.stride = 2, .padding = 1}},
    {"odd_number_of_outputs", {1, 3, 40, 45}, {3, 4, 3, 3}, {.stride = 2}},
    {"unbatched", {3, 10, 13}, {3, 4, 4, 4}, {.stride = 2, .padding = 1}},
    {"empty_batch", {0, 3, 10, 13}, {3, 4, 4, 4}, {.stride = 2, .padding = 1}},
    {"images_share_panels", {5, 3, 3, 4}, {3, 4, 4, 4}, {.stride = 2, .padding = 1}},
    {"groups", {2, 6, 9, 10}, {6, 4, 4, 4}, {.stride = 2, .padding = 1, .groups = 3}},
    {"channels_of_two_kc", {1, 65, 7, 9}, {65, 3, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {"rows_of_several_panels", {1, 3, 9, 9}, {3, 45, 4, 4}, {.stride = 2, .padding = 1}},
    {"several_blocks_of_tiles", {1, 3, 60, 61}, {3, 9, 4, 4}, {.stride = 2, .padding = 1}},
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
  template <class... Args>
  static index_t workspace_bytes(const Args&... args) {
    return tf::conv2d_workspace_bytes(args...);
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
  template <class... Args>
  static index_t workspace_bytes(const Args&... args) {
    return tf::conv_transpose2d_workspace_bytes(args...);
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
    EXPECT_TRUE(equal(Op::call(x, w, b, c.options, forced(names_of(c)[0], isa)), expected))
        << c << " on " << tf::name_of(isa);
}

TEST(Winograd2x2, EqualsReferenceOnSmallIntegers) {
  for (const conv2d_case& c : conv2d_shapes) {
    expect_equals_reference<forward, float>(c);
    expect_equals_reference<forward, double>(c);
  }
  for (const auto* shapes : {&conv_transpose2d_shapes, &stride_2_shapes})
    for (const conv_transpose2d_case& c : *shapes) {
      expect_equals_reference<transposed, float>(c);
      expect_equals_reference<transposed, double>(c);
    }
}

TEST(WinogradMatrices, MakeAConvolution) {
  for (const winograd_matrices* f : {&winograd_2x2, &winograd_4x4, &winograd_phases_2x2, &winograd_phases_4x4})
    for (index_t i = 0; i < f->m; ++i)
      for (index_t k = 0; k < f->n; ++k)
        for (index_t t = 0; t < f->taps; ++t) {
          double sum = 0;
          for (index_t e = 0; e < f->n; ++e) sum += f->a(i, e) * f->b(e, k) * f->g(e, t);
          EXPECT_NEAR(sum, k == i + t ? 1 : 0, 1e-12);
        }
}

/// The sums of the absolute values of what is added up for each output of a convolution, from inputs and weights that
/// are not negative: output (oh, ow) reads inputs from first + (oh, ow) on, `dilation` apart, and its tile begins among
/// those of its grid.
tf::tensor<double> passed_magnitudes(const winograd_matrices& f, const tf::tensor<double>& x,
                                     const tf::tensor<double>& w, const tf::tensor<double>& b, index_t groups,
                                     const tf::hw& first, const tf::hw& out, const tf::hw& dilation = 1) {
  const index_t m = f.m, n = f.n, taps = f.taps;
  std::vector<double> factor(static_cast<std::size_t>(m * n * taps));
  const auto at = [&](index_t i, index_t k, index_t t) { return static_cast<std::size_t>((i * n + k) * taps + t); };
  for (index_t i = 0; i < m; ++i)
    for (index_t k = 0; k < n; ++k)
      for (index_t t = 0; t < taps; ++t) factor[at(i, k, t)] = f.magnitude(i, k, t);
  tf::tensor<double> y({x.shape()[0], w.shape()[0], out.h, out.w});
  const index_t channels = w.shape()[1], rows = w.shape()[0] / groups;
  for (index_t image = 0; image < y.shape()[0]; ++image)
    for (index_t o = 0; o < y.shape()[1]; ++o)
      for (index_t oh = 0; oh < out.h; ++oh)
        for (index_t ow = 0; ow < out.w; ++ow) {
          double sum = b(o);
          const index_t y_of_grid = oh / dilation.h, x_of_grid = ow / dilation.w;
          for (index_t c = 0; c < channels; ++c)
            for (index_t k = 0; k < n; ++k)
              for (index_t l = 0; l < n; ++l) {
                const index_t ih = first.h + oh % dilation.h + (y_of_grid / m * m + k) * dilation.h;
                const index_t iw = first.w + ow % dilation.w + (x_of_grid / m * m + l) * dilation.w;
                if (ih < 0 || ih >= x.shape()[2] || iw < 0 || iw >= x.shape()[3]) continue;
                const double d = x(image, o / rows * channels + c, ih, iw);
                for (index_t s = 0; s < taps; ++s)
                  for (index_t t = 0; t < taps; ++t)
                    sum += d * w(o, c, s, t) * factor[at(y_of_grid % m, k, s)] * factor[at(x_of_grid % m, l, t)];
              }
          y(image, o, oh, ow) = sum;
        }
  return y;
}

/// The error is at most gamma(roundings) times what passed, passed(matrices).
template <class Op, class T, class Case, class Passed>
void expect_within_rounding(const inputs<T>& in, const Case& c, const Passed& passed_of) {
  const auto exact = Op::reference(to_double(in.x), to_double(in.w), to_double(in.b), c.options);
  for (const char* name : names_of(c)) {
    const auto passed = passed_of(winograd_matrices_of(name));
    for (const tf::isa isa : available_isas())
      EXPECT_TRUE(within_rounding(Op::call(in.x, in.w, in.b, c.options, forced(name, isa)), exact, passed,
                                  winograd_roundings(Op::terms(c))))
          << name << " " << c << " on " << tf::name_of(isa);
  }
}

template <class T>
void expect_within_rounding(const conv2d_case& c) {
  const inputs<T> in(c, c.weight[0]);
  const tf::shape y = tf::conv2d_output_shape(c.input, c.weight, c.options);
  const tf::hw padding = c.options.padding.value();
  expect_within_rounding<forward>(in, c, [&](const winograd_matrices& f) {
    return passed_magnitudes(f, magnitudes(in.x), magnitudes(in.w), magnitudes(in.b), c.options.groups,
                             {-padding.h, -padding.w}, {y[2], y[3]}, c.options.dilation);
  });
}

/// One dimension of a transposed convolution's phase: the convolution whose point 0 reads inputs from `first` on, with
/// these places of the kernel; -1 is none.
struct phase {
  index_t first;
  std::vector<index_t> tap;
};

/// Output 2 x + q has the terms input[x + last] * kernel[a], input[x + last - 1] * kernel[a + 2]; of stride 1, output x
/// has input[x + padding - i * dilation] * kernel[i].
phase phase_of(index_t stride, index_t kernel, index_t padding, index_t dilation, index_t q) {
  if (stride == 1) return {padding - 2 * dilation, {2, 1, 0}};
  const index_t a = (q + padding) % 2, last = (q + padding) / 2;
  if (a + 2 < kernel) return {last - 1, {a + 2, a}};
  return {last, {a, -1}};
}

/// The weight (O, C / groups, taps, taps) of a convolution that a transposed one consists of.
tf::tensor<double> weight_of(const tf::tensor<double>& w, index_t groups, const phase& h, const phase& v) {
  const index_t channels = w.shape()[0] / groups, rows = w.shape()[1], taps = static_cast<index_t>(h.tap.size());
  tf::tensor<double> part({rows * groups, channels, taps, taps});
  for (index_t o = 0; o < rows * groups; ++o)
    for (index_t c = 0; c < channels; ++c)
      for (index_t t = 0; t < taps * taps; ++t) {
        const index_t i = h.tap[static_cast<std::size_t>(t / taps)], j = v.tap[static_cast<std::size_t>(t % taps)];
        if (i >= 0 && j >= 0) part(o, c, t / taps, t % taps) = w(o / rows * channels + c, o % rows, i, j);
      }
  return part;
}

template <class T>
void expect_within_rounding(const conv_transpose2d_case& c) {
  const inputs<T> in(c, transposed::channels(c));
  const auto& o = c.options;
  const auto x = magnitudes(in.x), w = magnitudes(in.w), b = magnitudes(in.b);
  const index_t stride = o.stride.h;
  expect_within_rounding<transposed>(in, c, [&](const winograd_matrices& f) {
    tf::tensor<double> passed(tf::conv_transpose2d_output_shape(c.input, c.weight, o));
    const tf::shape y = passed.shape();
    for (index_t q = 0; q < stride * stride; ++q) {
      const index_t q_h = q / stride, q_w = q % stride;
      const phase h = phase_of(stride, c.weight[2], o.padding.h, o.dilation.h, q_h),
                  v = phase_of(stride, c.weight[3], o.padding.w, o.dilation.w, q_w);
      const tf::hw points{(y[2] - q_h + stride - 1) / stride, (y[3] - q_w + stride - 1) / stride};
      const auto part =
          passed_magnitudes(f, x, weight_of(w, o.groups, h, v), b, o.groups, {h.first, v.first}, points, o.dilation);
      for (index_t n = 0; n < y[0]; ++n)
        for (index_t i = 0; i < y[1]; ++i)
          for (index_t oh = 0; oh < points.h; ++oh)
            for (index_t ow = 0; ow < points.w; ++ow)
              passed(n, i, oh * stride + q_h, ow * stride + q_w) = part(n, i, oh, ow);
    }
    return passed;
  });
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
  expect_all_within_rounding(stride_2_shapes);
}

/// What math::standard promises, on outputs of unit variance: assert_close's defaults, and a root mean square error of
/// at most four times PyTorch's own (docs/winograd_error.md).
template <class Y>
void expect_as_exact_as_promised(const Y& got, const tf::tensor<double>& exact, double error_of_pytorch) {
  EXPECT_TRUE(compare(got, exact, [](float g, double e, index_t) {
    return std::abs(static_cast<double>(g) - e) <= 1e-5 + 1.3e-6 * std::abs(e);
  }));
  double squares = 0;
  for (index_t i = 0; i < got.size(); ++i) squares += std::pow(static_cast<double>(got.data()[i]) - exact.data()[i], 2);
  EXPECT_LE(std::sqrt(squares / static_cast<double>(got.size())), 4 * error_of_pytorch);
}

class normal_numbers {
 public:
  tf::tensor<float> operator()(const shape& s, float variance) {
    return map<float>(tf::tensor<float>(s), [&](float) { return std::sqrt(variance) * draw_(random_); });
  }

 private:
  std::mt19937 random_{9};
  std::normal_distribution<float> draw_;
};

TEST(Winograd4x4, IsAsExactAsStandardMathPromises) {
  struct promise {
    index_t channels, dilation;
    double error_of_pytorch;
  };
  for (const auto& [channels, dilation, error] :
       {promise{16, 1, 2.1e-7}, {64, 1, 2.1e-7}, {130, 1, 2.1e-7}, {64, 3, 1.95e-7}, {130, 2, 2.07e-7}}) {
    normal_numbers normal;
    const auto x = normal({1, channels, 30, 30}, 1);
    const auto w = normal({32, channels, 3, 3}, 1 / (9 * static_cast<float>(channels)));
    const tf::conv2d_options options{.padding = dilation > 1 ? dilation : 0, .dilation = dilation};
    const auto exact = tf::reference::conv2d(to_double(x), to_double(w), options);
    for (const tf::isa isa : available_isas()) {
      SCOPED_TRACE(std::to_string(channels) + " channels, dilation " + std::to_string(dilation) + " on " +
                   std::string(tf::name_of(isa)));
      expect_as_exact_as_promised(tf::conv2d(x, w, options, forced("winograd_4x4", isa)), exact, error);
    }
  }
}

/// An output of a kernel of 3 has 9 / 4 taps on average, of 4 it has 4.
TEST(WinogradPhases4x4, IsAsExactAsStandardMathPromises) {
  struct promise {
    index_t channels, kernel;
    double error_of_pytorch;
  };
  for (const auto& [channels, kernel, error] : {promise{8, 4, 0.77e-7},
                                                {16, 4, 1.04e-7},
                                                {64, 4, 2.0e-7},
                                                {130, 4, 2.8e-7},
                                                {24, 3, 0.95e-7},
                                                {64, 3, 1.85e-7}}) {
    normal_numbers normal;
    const auto x = normal({1, channels, 20, 20}, 1);
    const auto w = normal({channels, 32, kernel, kernel}, 4 / static_cast<float>(kernel * kernel * channels));
    const tf::conv_transpose2d_options options{.stride = 2, .padding = 1, .output_padding = kernel == 3 ? 1 : 0};
    const auto exact = tf::reference::conv_transpose2d(to_double(x), to_double(w), options);
    for (const tf::isa isa : available_isas()) {
      SCOPED_TRACE(std::to_string(channels) + " channels, kernel " + std::to_string(kernel) + " on " +
                   std::string(tf::name_of(isa)));
      expect_as_exact_as_promised(tf::conv_transpose2d(x, w, options, forced("winograd_phases_4x4", isa)), exact,
                                  error);
    }
  }
}

// ---- the same bits

template <class Op, class T>
void expect_same_bits(const typename Op::test_case& c) {
  const inputs<T> in(c, Op::channels(c));
  for (const char* name : names_of(c))
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
                               {"groups", {2, 80, 7, 9}, {40, 40, 3, 3}, {.groups = 2}},
                               {"dilated", {2, 70, 13, 11}, {20, 70, 3, 3}, {.padding = 2, .dilation = {2, 3}}}};
  for (const conv2d_case& c : cases) {
    expect_same_bits<forward, float>(c);
    expect_same_bits<forward, double>(c);
  }
  expect_same_bits<transposed, float>({"transposed", {2, 70, 9, 17}, {70, 33, 3, 3}, {.padding = 1}});
  const conv_transpose2d_case stride_2[] = {
      {"many_tiles", {2, 5, 30, 31}, {5, 31, 4, 4}, {.stride = 2, .padding = 1}},
      {"many_channels", {1, 150, 9, 17}, {150, 70, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
      {"groups", {2, 80, 7, 9}, {80, 20, 3, 4}, {.stride = 2, .groups = 2}}};
  for (const conv_transpose2d_case& c : stride_2) {
    expect_same_bits<transposed, float>(c);
    expect_same_bits<transposed, double>(c);
  }
}

/// With the algorithm forced and with the one that the costs choose.
template <class Op>
void expect_same_bits_alone(const typename Op::test_case& c) {
  const inputs<float> in(c, Op::channels(c));
  for (const char* name : {"", names_of(c)[0], names_of(c)[1]})
    for (const tf::isa isa : available_isas()) {
      const auto all = Op::call(in.x, in.w, in.b, c.options, forced(name, isa));
      for (index_t n = 0; n < c.input[0]; ++n) {
        const shape one{c.input[1], c.input[2], c.input[3]}, out{all.shape()[1], all.shape()[2], all.shape()[3]};
        const tf::tensor_view<const float> image(in.x.data() + n * one.elements(), one);
        const tf::tensor_view<const float> expected(all.data() + n * out.elements(), out);
        EXPECT_TRUE(same_bits(Op::call(image, in.w, in.b, c.options, forced(name, isa)), expected))
            << name << " " << c << ", image " << n << ", " << tf::name_of(isa);
      }
    }
}

TEST(WinogradBits, DoNotDependOnTheBatch) {
  expect_same_bits_alone<forward>({"shared_panels", {7, 40, 7, 7}, {48, 40, 3, 3}, {.padding = 1}});
  expect_same_bits_alone<forward>({"large", {2, 33, 40, 50}, {30, 33, 3, 3}, {.padding = 1}});
  expect_same_bits_alone<transposed>({"shared_panels", {7, 40, 5, 5}, {40, 48, 4, 4}, {.stride = 2, .padding = 1}});
  expect_same_bits_alone<transposed>({"large", {2, 33, 30, 40}, {33, 30, 3, 3}, {.stride = 2, .padding = 1}});
}

// ---- layers, memory and the choice

template <class Op>
void expect_activation_after_bias(const typename Op::test_case& c) {
  const inputs<float> in(c, Op::channels(c));
  for (const char* name : names_of(c))
    for (const tf::isa isa : available_isas()) {
      const tf::context ctx = forced(name, isa);
      const auto plain = Op::call(in.x, in.w, in.b, c.options, ctx);
      const auto expected = map<float>(plain, [](float v) { return v < 0 ? 0 : v; });
      const typename Op::template prepared<float> layer(in.w, in.b, c.options, tf::activation::relu, ctx);
      EXPECT_TRUE(equal(layer(in.x, ctx), expected)) << name << " on " << tf::name_of(isa);
      EXPECT_FALSE(equal(plain, expected));
    }
}

TEST(Winograd, AppliesTheActivationAfterTheBias) {
  expect_activation_after_bias<forward>({"relu", {2, 20, 19, 23}, {18, 20, 3, 3}, {.padding = 1}});
  expect_activation_after_bias<transposed>({"relu", {2, 20, 9, 13}, {20, 18, 4, 4}, {.stride = 2, .padding = 1}});
}

template <class Op, class T>
void expect_keeps_to_workspace(const typename Op::test_case& c) {
  const inputs<T> in(c, Op::channels(c));
  for (const char* name : names_of(c))
    for (const tf::isa isa : available_isas())
      for (const index_t cap : {64 << 10, 200 << 10, 8 << 20}) {
        tf::context ctx = forced(name, isa);
        const auto expected = Op::call(in.x, in.w, in.b, c.options, ctx);
        ctx.max_workspace_bytes = cap;
        const typename Op::template prepared<T> layer(in.w, in.b, c.options, tf::activation::none, ctx);
        EXPECT_LE(layer.workspace_bytes(c.input, ctx), cap + 63) << name << ", prepared, cap " << cap;
        const index_t bytes = Op::workspace_bytes(in.x, in.w, c.options, ctx);
        EXPECT_LE(bytes, cap + 63) << name << ", cap " << cap;  // to begin at a cache line
        std::vector<std::byte> memory(static_cast<std::size_t>(bytes) + 64, std::byte{0xA5});
        ctx.workspace = std::span(memory).first(static_cast<std::size_t>(bytes));
        EXPECT_TRUE(same_bits(Op::call(in.x, in.w, in.b, c.options, ctx), expected)) << name << ", cap " << cap;
        for (std::size_t i = static_cast<std::size_t>(bytes); i < memory.size(); ++i)
          ASSERT_EQ(memory[i], std::byte{0xA5}) << "written behind the workspace";
      }
}

TEST(Winograd, KeepsToItsWorkspace) {
  const conv2d_case forward_case{"memory", {1, 150, 9, 17}, {70, 150, 3, 3}, {.padding = 1}};
  expect_keeps_to_workspace<forward, float>(forward_case);
  expect_keeps_to_workspace<forward, double>(forward_case);
  const conv_transpose2d_case stride_2{"memory", {1, 150, 9, 17}, {150, 70, 4, 4}, {.stride = 2, .padding = 1}};
  expect_keeps_to_workspace<transposed, float>(stride_2);
  expect_keeps_to_workspace<transposed, double>(stride_2);
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
    EXPECT_TRUE(applies(conv2d_case{"", x, w, {.padding = {8, 1}, .dilation = {8, 1}}}, ctx));
    EXPECT_FALSE(applies(conv2d_case{"", x, w, {.padding = 1, .dilation = {4, 1}}}, ctx));  // 3 lines, 4 grids
    EXPECT_FALSE(applies(conv2d_case{"", x, {2, 2, 3, 2}}, ctx));
    EXPECT_TRUE(applies(conv_transpose2d_case{"", x, w, {.padding = 2}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w, {.padding = {2, 3}}}, ctx));
    EXPECT_TRUE(applies(conv_transpose2d_case{"", x, w, {.padding = {2, 3}, .dilation = {1, 2}}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w, {.stride = 2}}, ctx));
    EXPECT_FALSE(is_taken([&] { tf::conv2d(tf::tensor<int>(x), tf::tensor<int>(w), tf::conv2d_options{}, ctx); }));
  }
}

TEST(WinogradPhases, TakeOnlyWhatTheyCanDo) {
  const shape x{1, 2, 9, 9}, w{2, 2, 3, 3};
  for (const char* name : phase_names) {
    const tf::context ctx = forced(name, available_isas().back());
    EXPECT_TRUE(applies(conv_transpose2d_case{"", x, w, {.stride = 2}}, ctx));
    EXPECT_TRUE(applies(conv_transpose2d_case{"", x, {2, 2, 3, 4}, {.stride = 2, .padding = 5}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w, {.stride = {2, 1}}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, w, {.stride = 2, .dilation = {1, 2}}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, {2, 2, 2, 4}, {.stride = 2}}, ctx));
    EXPECT_FALSE(applies(conv_transpose2d_case{"", x, {2, 2, 5, 3}, {.stride = 2}}, ctx));
    EXPECT_FALSE(applies(conv2d_case{"", x, w, {.stride = 2}}, ctx));
    EXPECT_FALSE(is_taken([&] {
      tf::conv_transpose2d(tf::tensor<int>(x), tf::tensor<int>(w), tf::conv_transpose2d_options{.stride = 2}, ctx);
    }));
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
    ctx.algorithm = "winograd_phases_4x4";
    const auto phases_of = [](index_t channels, index_t kernel) {
      return conv_transpose2d_case{"", {1, channels, 9, 9}, {channels, 2, kernel, kernel}, {.stride = 2}};
    };
    EXPECT_EQ(applies(phases_of(23, 3), ctx), math == tf::math::fast);
    EXPECT_TRUE(applies(phases_of(24, 3), ctx));
    EXPECT_EQ(applies(phases_of(7, 4), ctx), math == tf::math::fast);
    EXPECT_TRUE(applies(phases_of(8, 4), ctx));
  }
}

template <class Op>
void expect_no_exact_math(const typename Op::test_case& c) {
  const inputs<float> in(c, Op::channels(c));
  tf::context exact;
  exact.math = tf::math::exact;
  const auto expected = Op::call(in.x, in.w, in.b, c.options, exact);
  EXPECT_FALSE(same_bits(Op::call(in.x, in.w, in.b, c.options, tf::context{}), expected))
      << "standard math takes it here";
  bool is_direct = false;
  for (const char* name : {"implicit_gemm", "gemm_col2im"}) {
    tf::context direct;
    direct.algorithm = name;
    is_direct |= applies(c, direct) && same_bits(Op::call(in.x, in.w, in.b, c.options, direct), expected);
  }
  EXPECT_TRUE(is_direct);
  for (const char* name : names_of(c)) {
    exact.algorithm = name;
    EXPECT_FALSE(applies(c, exact));
  }
}

TEST(Winograd, IsNoExactMath) {
  expect_no_exact_math<forward>({"large", {1, 32, 40, 40}, {32, 32, 3, 3}, {.padding = 1}});
  expect_no_exact_math<transposed>({"large", {1, 64, 32, 32}, {64, 64, 4, 4}, {.stride = 2, .padding = 1}});
}

}  // namespace
