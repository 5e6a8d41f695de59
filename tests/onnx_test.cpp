#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/onnx.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::onnx_auto_pad;
using tf::onnx_conv_transpose_options;
using tf::onnx_conv_transpose_pads;
using tf::onnx_pads;
using tf::shape;

namespace {

// The specification's formulas, by hand: total = 2 * (3 - 1) + 0 + 2 * 1 + 1 - 6 = 1 and 2 * 2 + 3 - 5 = 2.
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2}) == onnx_pads{{1, 1}, {0, 1}});
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_lower}) ==
              onnx_pads{{1, 1}, {0, 1}});
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::valid}) ==
              onnx_pads{{1, 1}, {0, 1}});
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_upper}) ==
              onnx_pads{{0, 1}, {1, 1}});
// output_padding adds to the total, and dilation does.
static_assert(onnx_conv_transpose_pads({6, 5}, 3, 3, {.stride = 2, .output_padding = {1, 0}}) ==
              onnx_pads{{1, 1}, {1, 1}});
static_assert(onnx_conv_transpose_pads(6, 3, 3, {.stride = 2, .dilation = {3, 1}}) == onnx_pads{{3, 1}, {2, 0}});
// Without output_shape.
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_upper}) ==
              onnx_pads{0, 1});
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::same_lower}) ==
              onnx_pads{1, 0});
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2}) == onnx_pads{0, 0});
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 3, {.stride = 2, .auto_pad = onnx_auto_pad::valid}) ==
              onnx_pads{0, 0});
// A kernel shorter than the stride leaves less than input * stride: the rest is at the end.
static_assert(onnx_conv_transpose_pads(std::nullopt, 3, 2, {.stride = 5, .auto_pad = onnx_auto_pad::same_upper}) ==
              onnx_pads{0, -3});

/// The lines [begin, shape - end) of the last two dimensions; behind the last line there are zeros.
template <class T>
tf::tensor<T> cropped(const tf::tensor<T>& x, const hw& begin, const hw& end) {
  const shape& s = x.shape();
  tf::tensor<T> y({s[0], s[1], s[2] - begin.h - end.h, s[3] - begin.w - end.w});
  for (index_t n = 0; n < s[0]; ++n)
    for (index_t c = 0; c < s[1]; ++c)
      for (index_t h = 0; h < y.shape()[2]; ++h)
        for (index_t w = 0; w < y.shape()[3]; ++w)
          if (h + begin.h < s[2] && w + begin.w < s[3]) y(n, c, h, w) = x(n, c, h + begin.h, w + begin.w);
  return y;
}

/// ConvTranspose as the specification has it: the whole output, output_padding included, less its pads.
tf::tensor<float> specified(const tf::tensor<float>& x, const tf::tensor<float>& w,
                            const onnx_conv_transpose_options& o, const onnx_pads& pads) {
  const auto all = tf::conv_transpose2d(x, w, {.stride = o.stride, .dilation = o.dilation});
  return cropped(all, pads.begin, {pads.end.h - o.output_padding.h, pads.end.w - o.output_padding.w});
}

/// conv_transpose2d and a crop, as onnx_conv_transpose_pads tells.
tf::tensor<float> as_documented(const tf::tensor<float>& x, const tf::tensor<float>& w,
                                const onnx_conv_transpose_options& o, const onnx_pads& pads) {
  const auto both = [](const hw& a, const hw& b, const auto& f) { return hw{f(a.h, b.h), f(a.w, b.w)}; };
  const hw end = both(pads.end, 0, [](index_t e, index_t) { return std::max<index_t>(e, 0); });
  const hw padding = both(pads.begin, end, [](index_t b, index_t e) { return std::min(b, e); });
  const hw output_padding =
      both(o.output_padding, pads.end, [](index_t p, index_t e) { return p + std::max<index_t>(-e, 0); });
  const auto y = tf::conv_transpose2d(
      x, w, {.stride = o.stride, .padding = padding, .output_padding = output_padding, .dilation = o.dilation});
  const auto rest = [](index_t all, index_t done) { return all - done; };
  return cropped(y, both(pads.begin, padding, rest), both(end, padding, rest));
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
              const onnx_pads pads = onnx_conv_transpose_pads(wanted, input, kernel, o);
              const index_t natural = stride + (kernel - 1) * dilation + 1;
              if (out - natural >= std::max(stride, dilation)) continue;  // beyond any output_padding
              if (3 * stride - (2 * stride + (kernel - 1) * dilation + 1) >= std::max(stride, dilation)) continue;
              const auto x = small_integers<float>({2, 2, 2, 3}, 1);
              const auto w = small_integers<float>({2, 3, kernel, kernel}, 2);
              const auto expected = specified(x, w, o, pads);
              ASSERT_EQ(expected.shape(), (shape{2, 3, wanted.h, wanted.w}));
              ASSERT_TRUE(equal(as_documented(x, w, o, pads), expected))
                  << "stride " << stride << ", dilation " << dilation << ", kernel " << kernel << ", extra " << extra
                  << ", out " << out;
              crops += pads.begin.h != pads.end.h && pads.end.h >= 0;
              extensions += pads.end.h < 0;
              if (pads.end.h < pads.begin.h || pads.end.w < pads.begin.w) continue;
              EXPECT_TRUE(equal(tf::aten::slow_conv_transpose2d(
                                    x, w, kernel, stride, pads.begin,
                                    {extra + pads.begin.h - pads.end.h, pads.begin.w - pads.end.w}, dilation),
                                expected));
            }
  EXPECT_GT(crops, 20);
  EXPECT_GT(extensions, 20);
}

// ---- ONNX's own examples
// ---------------------------------------------------------------------------------------------

const tf::tensor<float>& example_input() {
  static const tf::tensor<float> x({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  return x;
}

/// The node test convtranspose_output_shape: strides [3, 2], output_shape [10, 8].
TEST(OnnxNodeTests, OutputShape) {
  const onnx_conv_transpose_options o{.stride = {3, 2}};
  const onnx_pads pads = onnx_conv_transpose_pads({10, 8}, 3, 3, o);
  EXPECT_EQ(pads, (onnx_pads{0, -1}));
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
  EXPECT_TRUE(equal(as_documented(example_input(), w, o, pads), expected));
}

/// The node test convtranspose_kernel_shape: the same with output_padding [1, 1], which then is what the pads lack.
TEST(OnnxNodeTests, KernelShape) {
  EXPECT_EQ(onnx_conv_transpose_pads({10, 8}, 3, 3, {.stride = {3, 2}, .output_padding = 1}), (onnx_pads{0, 0}));
}

/// The node test convtranspose_autopad_same: strides [2, 2], SAME_UPPER, no output_shape.
TEST(OnnxNodeTests, AutopadSame) {
  const onnx_conv_transpose_options o{.stride = 2, .auto_pad = onnx_auto_pad::same_upper};
  const onnx_pads pads = onnx_conv_transpose_pads(std::nullopt, 3, 3, o);
  const auto w = filled<float>({1, 1, 3, 3}, 1);
  const tf::tensor<float> expected({1, 1, 6, 6}, {0, 0, 1,  1,  3,  2,   //
                                                  0, 0, 1,  1,  3,  2,   //
                                                  3, 3, 8,  5,  12, 7,   //
                                                  3, 3, 7,  4,  9,  5,   //
                                                  9, 9, 20, 11, 24, 13,  //
                                                  6, 6, 13, 7,  15, 8});
  EXPECT_TRUE(equal(as_documented(example_input(), w, o, pads), expected));
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
  static_assert(onnx_conv_transpose_pads(1, 2, 1, {.stride = half}) == onnx_pads{half / 2, half / 2});
}

}  // namespace
