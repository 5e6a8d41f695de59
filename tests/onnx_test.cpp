#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/max_pool2d.hpp>
#include <tenfold/onnx.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::onnx_auto_pad;
using tf::onnx_auto_pads;
using tf::onnx_conv_transpose_options;
using tf::onnx_conv_transpose_pads;
using tf::pads;
using tf::shape;
using tf::tensorflow_same_pads;

namespace {

// The specification's formulas, by hand: total = 2 * (3 - 1) + 0 + 2 * 1 + 1 - 6 = 1 and 2 * 2 + 3 - 5 = 2.
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2}) == pads{1, 1, 0, 1});
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_lower}) ==
              pads{1, 1, 0, 1});
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::valid}) ==
              pads{1, 1, 0, 1});
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_upper}) ==
              pads{0, 1, 1, 1});
// output_padding adds to the total, and dilation does.
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .output_padding = {1, 0}}) == pads{1, 1, 1, 1});
static_assert(onnx_conv_transpose_pads(6, 3, 3, {.stride = 2, .dilation = {3, 1}}) == pads{3, 1, 2, 0});
// Without output_shape.
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_upper}) ==
              pads{0, 0, 1, 1});
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_lower}) ==
              pads{1, 1, 0, 0});
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2}) == pads{0, 0, 0, 0});
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::valid}) ==
              pads{0, 0, 0, 0});
// A kernel shorter than the stride leaves less than input * stride: the rest is at the end.
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 2, {.stride = 5, .auto_pad = onnx_auto_pad::same_upper}) ==
              pads{0, 0, -3, -3});

/// ConvTranspose as the specification has it: the whole output, output_padding included, less its pads.
tf::tensor<float> specified(const tf::tensor<float>& x, const tf::tensor<float>& w,
                            const onnx_conv_transpose_options& o, const pads& p) {
  const auto all = tf::conv_transpose2d(x, w, {.stride = o.stride, .dilation = o.dilation});
  return padded(all, {-p.top, -p.left, o.output_padding.h - p.bottom, o.output_padding.w - p.right});
}

/// conv_transpose2d, as onnx_conv_transpose_pads tells.
tf::tensor<float> as_documented(const tf::tensor<float>& x, const tf::tensor<float>& w,
                                const onnx_conv_transpose_options& o, const pads& p) {
  const auto positive = [](index_t n) { return std::max<index_t>(n, 0); };
  return tf::conv_transpose2d(
      x, w,
      {.stride = o.stride,
       .padding = pads{p.top, p.left, positive(p.bottom), positive(p.right)},
       .output_padding = {o.output_padding.h + positive(-p.bottom), o.output_padding.w + positive(-p.right)},
       .dilation = o.dilation});
}

TEST(OnnxPads, MakeTheOutputThatWasAsked) {
  int crops = 0, extensions = 0;
  for (const onnx_auto_pad auto_pad : {onnx_auto_pad::notset, onnx_auto_pad::same_upper, onnx_auto_pad::same_lower})
    for (index_t stride = 1; stride <= 3; ++stride)
      for (index_t dilation = 1; dilation <= 2; ++dilation)
        for (index_t kernel = 1; kernel <= 3; ++kernel)
          for (index_t extra = 0; extra < stride; ++extra)
            for (index_t out = 1; out <= 3 * stride + 1; ++out) {
              const hw input{2, 3};
              const onnx_conv_transpose_options o{
                  .stride = stride, .dilation = dilation, .output_padding = {extra, 0}, .auto_pad = auto_pad};
              const hw wanted{out, 3 * stride};
              const pads sides = onnx_conv_transpose_pads(wanted, input, kernel, o);
              const index_t natural = stride + (kernel - 1) * dilation + 1;
              if (out - natural >= std::max(stride, dilation)) continue;  // beyond any output_padding
              if (3 * stride - (2 * stride + (kernel - 1) * dilation + 1) >= std::max(stride, dilation)) continue;
              const auto x = small_integers<float>({2, 2, 2, 3}, 1);
              const auto w = small_integers<float>({2, 3, kernel, kernel}, 2);
              const auto expected = specified(x, w, o, sides);
              ASSERT_EQ(expected.shape(), (shape{2, 3, wanted.h, wanted.w}));
              ASSERT_TRUE(equal(as_documented(x, w, o, sides), expected))
                  << "stride " << stride << ", dilation " << dilation << ", kernel " << kernel << ", extra " << extra
                  << ", out " << out;
              crops += sides.top != sides.bottom && sides.bottom >= 0;
              extensions += sides.bottom < 0;
            }
  EXPECT_GT(crops, 20);
  EXPECT_GT(extensions, 20);
}

// ---- convolutions and pools

// By hand: (ceil(6 / 2) - 1) * 2 + 3 - 6 = 1, (ceil(5 / 2) - 1) * 2 + 3 - 5 = 2; a kernel of 2 with dilation 3 spans 4.
static_assert(onnx_auto_pads(onnx_auto_pad::same_upper, {6, 5}, 3, 2) == pads{0, 1, 1, 1});
static_assert(onnx_auto_pads(onnx_auto_pad::same_lower, {6, 5}, 3, 2) == pads{1, 1, 0, 1});
static_assert(onnx_auto_pads(onnx_auto_pad::same_upper, 7, 2, 1, {3, 1}) == pads{1, 0, 2, 1});
static_assert(onnx_auto_pads(onnx_auto_pad::same_upper, 6, 2, 3) == pads{0, 0, 0, 0});  // every window lies inside
static_assert(onnx_auto_pads(onnx_auto_pad::valid, {6, 5}, 3, 2) == pads{});
static_assert(onnx_auto_pads(onnx_auto_pad::notset, {6, 5}, 3, 2) == pads{});
static_assert(tensorflow_same_pads({6, 5}, 3, 2) == pads{0, 1, 1, 1});

/// One dimension of the specification's formula, as it is written.
hw specified_padding(index_t input, index_t kernel, index_t stride, index_t dilation, bool lower) {
  const index_t output = (input + stride - 1) / stride;
  const index_t total = std::max<index_t>(0, (output - 1) * stride + ((kernel - 1) * dilation + 1) - input);
  const index_t half = total / 2;
  return lower ? hw{total - half, half} : hw{half, total - half};
}

TEST(AutoPads, AreTheSpecifiedOnesAndEqualExplicitPadding) {
  int uneven = 0;
  for (const onnx_auto_pad auto_pad : {onnx_auto_pad::same_upper, onnx_auto_pad::same_lower})
    for (index_t stride = 1; stride <= 4; ++stride)
      for (index_t dilation = 1; dilation <= 3; ++dilation)
        for (index_t kernel = 1; kernel <= 5; ++kernel)
          for (index_t input = 1; input <= 9; ++input) {
            const bool lower = auto_pad == onnx_auto_pad::same_lower;
            const hw h = specified_padding(input, kernel, stride, dilation, lower);
            const hw w = specified_padding(7, kernel, 2, 1, lower);
            const pads sides = onnx_auto_pads(auto_pad, {input, 7}, kernel, {stride, 2}, {dilation, 1});
            ASSERT_EQ(sides, (pads{h.h, w.h, h.w, w.w})) << input << " " << kernel << " " << stride << " " << dilation;
            if (!lower) {
              ASSERT_EQ(sides, tensorflow_same_pads({input, 7}, kernel, {stride, 2}, {dilation, 1}));
            }
            uneven += h.h != h.w;

            const shape output{1, 3, (input + stride - 1) / stride, 4};
            const auto x = small_integers<float>({1, 2, input, 7}, 1);
            const auto weight = small_integers<float>({3, 2, kernel, kernel}, 2);
            tf::conv2d_options o{.stride = {stride, 2}, .dilation = {dilation, 1}};
            const auto expected = tf::conv2d(padded(x, sides), weight, o);
            o.padding = sides;
            const auto y = tf::conv2d(x, weight, o);
            ASSERT_EQ(y.shape(), output);
            ASSERT_TRUE(equal(y, expected));

            if (dilation > 1) continue;  // the pads may be more than half of the kernel
            const float lowest = -std::numeric_limits<float>::infinity();
            tf::pool2d_options p{.kernel_size = kernel, .stride = {stride, 2}};
            const auto most = tf::max_pool2d(padded(x, sides, lowest), p);
            p.padding = sides;
            ASSERT_TRUE(equal(tf::max_pool2d(x, p), most));
          }
  EXPECT_GT(uneven, 100);
}

TEST(AutoPads, OfStride1AreThoseOfSame) {
  for (index_t kernel = 1; kernel <= 5; ++kernel)
    for (index_t dilation = 1; dilation <= 3; ++dilation) {
      const auto x = small_integers<float>({1, 2, 6, 7}, 1), w = small_integers<float>({3, 2, kernel, 2}, 2);
      const pads sides = tensorflow_same_pads({6, 7}, {kernel, 2}, 1, dilation);
      EXPECT_TRUE(equal(tf::conv2d(x, w, {.padding = sides, .dilation = dilation}),
                        tf::conv2d(x, w, {.padding = tf::same, .dilation = dilation})));
    }
}

TEST(AutoPads, OfHugeSettingsDoNotWrap) {
  constexpr index_t huge = index_t{1} << 62;
  static_assert(tensorflow_same_pads(INT64_MAX, 1, INT64_MAX) == pads{});
  static_assert(tensorflow_same_pads(INT64_MAX, INT64_MAX) == pads{huge - 1, huge - 1, huge - 1, huge - 1});
  static_assert(tensorflow_same_pads({huge + 1, 1}, 2, huge) == pads{0, 0, 1, 1});
  EXPECT_NE(error_of([] { (void)tensorflow_same_pads(1, 3, 1, huge); }), "");
  EXPECT_EQ(error_of([] {
              (void)tensorflow_same_pads({0, 1}, 3);
            }),
            "tensorflow_same_pads: input should be at least 1, but got [0, 1]");
  EXPECT_EQ(error_of([] { (void)onnx_auto_pads(onnx_auto_pad::valid, 1, 3, 0); }),
            "onnx_auto_pads: stride should be at least 1, but got [0, 0]");
}

// ---- ONNX's own examples
// ---------------------------------------------------------------------------------------------

const tf::tensor<float>& example_input() {
  static const tf::tensor<float> x({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  return x;
}

/// 1 or another number and those that follow it, in a plane of 5 x 5.
tf::tensor<float> counted(float first) {
  tf::tensor<float> x({1, 1, 5, 5});
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] = first + static_cast<float>(i);
  return x;
}

/// The node test conv_with_autopad_same: strides [2, 2], SAME_LOWER.
TEST(OnnxNodeTests, ConvAutopadSame) {
  const pads sides = onnx_auto_pads(onnx_auto_pad::same_lower, 5, 3, 2);
  EXPECT_TRUE(equal(tf::conv2d(counted(0), filled<float>({1, 1, 3, 3}, 1), {.stride = 2, .padding = sides}),
                    tf::tensor<float>({1, 1, 3, 3}, {12, 27, 24, 63, 108, 81, 72, 117, 84})));
}

/// The node test maxpool_2d_precomputed_same_upper: strides [2, 2].
TEST(OnnxNodeTests, MaxPoolSameUpper) {
  const pads sides = onnx_auto_pads(onnx_auto_pad::same_upper, 5, 3, 2);
  EXPECT_TRUE(equal(tf::max_pool2d(counted(1), {.kernel_size = 3, .stride = 2, .padding = sides}),
                    tf::tensor<float>({1, 1, 3, 3}, {7, 9, 10, 17, 19, 20, 22, 24, 25})));
}

/// The node test convtranspose_output_shape: strides [3, 2], output_shape [10, 8].
TEST(OnnxNodeTests, OutputShape) {
  const onnx_conv_transpose_options o{.stride = {3, 2}};
  const pads sides = onnx_conv_transpose_pads({10, 8}, 3, 3, o);
  EXPECT_EQ(sides, (pads{0, 0, -1, -1}));
  const auto w = filled<float>({1, 1, 3, 3}, 1);
  const tf::tensor<float> expected({1, 1, 10, 8}, {0, 0, 1,  1, 3,  2, 2, 0,  //
                                                   0, 0, 1,  1, 3,  2, 2, 0,  //
                                                   0, 0, 1,  1, 3,  2, 2, 0,  //
                                                   3, 3, 7,  4, 9,  5, 5, 0,  //
                                                   3, 3, 7,  4, 9,  5, 5, 0,  //
                                                   3, 3, 7,  4, 9,  5, 5, 0,  //
                                                   6, 6, 13, 7, 15, 8, 8, 0,  //
                                                   6, 6, 13, 7, 15, 8, 8, 0,  //
                                                   6, 6, 13, 7, 15, 8, 8, 0,  //
                                                   0, 0, 0,  0, 0,  0, 0, 0});
  EXPECT_TRUE(equal(as_documented(example_input(), w, o, sides), expected));
}

/// The node test convtranspose_kernel_shape: the same with output_padding [1, 1], which then is what the pads lack.
TEST(OnnxNodeTests, KernelShape) {
  EXPECT_EQ(onnx_conv_transpose_pads({10, 8}, 3, 3, {.stride = {3, 2}, .output_padding = 1}), (pads{0, 0, 0, 0}));
}

/// The node test convtranspose_autopad_same: strides [2, 2], SAME_UPPER, no output_shape.
TEST(OnnxNodeTests, AutopadSame) {
  const onnx_conv_transpose_options o{.stride = 2, .auto_pad = onnx_auto_pad::same_upper};
  const pads sides = onnx_conv_transpose_pads(std::nullopt, 3, 3, o);
  const auto w = filled<float>({1, 1, 3, 3}, 1);
  const tf::tensor<float> expected({1, 1, 6, 6}, {0, 0, 1,  1,  3,  2,   //
                                                  0, 0, 1,  1,  3,  2,   //
                                                  3, 3, 8,  5,  12, 7,   //
                                                  3, 3, 7,  4,  9,  5,   //
                                                  9, 9, 20, 11, 24, 13,  //
                                                  6, 6, 13, 7,  15, 8});
  EXPECT_TRUE(equal(as_documented(example_input(), w, o, sides), expected));
}

/// What ONNX Runtime 1.32 answers to x = [1, 10], w = [1, 2, 3], strides 2, whose whole output is 1 2 13 20 30.
TEST(OnnxRuntime, CutsTheSameLines) {
  const tf::tensor<float> x({1, 1, 1, 2}, {1, 10}), w({1, 1, 1, 3}, {1, 2, 3});
  const auto answer = [&](index_t out, onnx_auto_pad auto_pad) {
    const onnx_conv_transpose_options o{.stride = {1, 2}, .auto_pad = auto_pad};
    return as_documented(x, w, o, onnx_conv_transpose_pads({1, out}, {1, 2}, {1, 3}, o));
  };
  const auto line = [](std::initializer_list<float> values) {
    return tf::tensor<float>({1, 1, 1, static_cast<index_t>(values.size())}, values);
  };
  for (const onnx_auto_pad other : {onnx_auto_pad::notset, onnx_auto_pad::same_lower, onnx_auto_pad::valid}) {
    EXPECT_TRUE(equal(answer(2, other), line({13, 20})));
    EXPECT_TRUE(equal(answer(3, other), line({2, 13, 20})));
    EXPECT_TRUE(equal(answer(4, other), line({2, 13, 20, 30})));
    EXPECT_TRUE(equal(answer(5, other), line({1, 2, 13, 20, 30})));
    EXPECT_TRUE(equal(answer(6, other), line({1, 2, 13, 20, 30, 0})));
  }
  EXPECT_TRUE(equal(answer(2, onnx_auto_pad::same_upper), line({2, 13})));
  EXPECT_TRUE(equal(answer(3, onnx_auto_pad::same_upper), line({2, 13, 20})));
  EXPECT_TRUE(equal(answer(4, onnx_auto_pad::same_upper), line({1, 2, 13, 20})));
  EXPECT_TRUE(equal(answer(6, onnx_auto_pad::same_upper), line({1, 2, 13, 20, 30, 0})));
}

TEST(OnnxPadsErrors, NameTheSetting) {
  const auto error = [](const hw& out, const hw& input, const hw& kernel, const onnx_conv_transpose_options& o) {
    return error_of([&] { (void)onnx_conv_transpose_pads(out, input, kernel, o); });
  };
  EXPECT_EQ(error({0, 3}, 3, 3, {}), "onnx_conv_transpose_pads: output_shape should be at least 1, but got [0, 3]");
  EXPECT_EQ(error(3, {3, 0}, 3, {}), "onnx_conv_transpose_pads: input should be at least 1, but got [3, 0]");
  EXPECT_EQ(error(3, 3, -1, {}), "onnx_conv_transpose_pads: kernel should be at least 1, but got [-1, -1]");
  EXPECT_EQ(error(3, 3, 3, {.stride = 0}), "onnx_conv_transpose_pads: stride should be at least 1, but got [0, 0]");
  EXPECT_EQ(error(3, 3, 3, {.dilation = 0}), "onnx_conv_transpose_pads: dilation should be at least 1, but got [0, 0]");
  EXPECT_EQ(error(3, 3, 3, {.output_padding = {0, -1}}),
            "onnx_conv_transpose_pads: output_padding should be at least 0, but got [0, -1]");
  EXPECT_EQ(error_of([] { (void)onnx_conv_transpose_pads(std::nullopt, 3, 0); }),
            "onnx_conv_transpose_pads: kernel should be at least 1, but got [0, 0]");
}

TEST(OnnxPadsErrors, OfSizesThatOverflow) {
  constexpr index_t half = index_t{1} << 62;
  EXPECT_EQ(error_of([] { (void)onnx_conv_transpose_pads(1, 3, 1, {.stride = half}); }),
            "the product 4611686018427387904 * 2 overflows a 64-bit size");
  EXPECT_NE(error_of([] { (void)onnx_conv_transpose_pads(1, 1, 3, {.dilation = half}); }), "");
  EXPECT_NE(error_of([] { (void)onnx_conv_transpose_pads(1, 2, 2, {.stride = half, .dilation = half}); }), "");
  EXPECT_NE(error_of([] {
              (void)onnx_conv_transpose_pads(std::nullopt, 2, 1,
                                             {.stride = half, .auto_pad = onnx_auto_pad::same_upper});
            }),
            "");
  static_assert(onnx_conv_transpose_pads(1, 2, 1, {.stride = half}) == pads{half / 2, half / 2, half / 2, half / 2});
}

}  // namespace
