#include <tenfold/conv_transpose2d.hpp>

#include "convolution_backward_tests.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

namespace {

using calls = conv_transpose2d_backward_calls;

/// Besides the forward's: shapes that are particular to sums over pixels.
const std::vector<conv_transpose2d_case> backward_cases{
    {"one_pixel_of_a_batch", {7, 5, 1, 1}, {5, 6, 3, 3}},
    {"pixels_of_several_kc", {1, 2, 21, 40}, {2, 3, 4, 4}, {.stride = 2, .padding = 1}},
    {"pixels_one_more_than_kc", {1, 3, 1, 257}, {3, 5, 1, 1}},
    {"kc_ends_within_an_image", {5, 3, 9, 11}, {3, 7, 3, 3}, {.padding = 1}},
    {"images_shorter_than_a_vector", {19, 3, 1, 3}, {3, 4, 2, 2}, {.stride = 2}},
    {"generator_k4_s2", {2, 12, 8, 8}, {12, 6, 4, 4}, {.stride = 2, .padding = 1}},
    {"generator_of_a_vector", {4, 20, 1, 1}, {20, 9, 4, 4}},
    {"bilinear_k4_s2", {2, 5, 12, 13}, {5, 5, 4, 4}, {.stride = 2, .padding = 1}},
    {"chunks_of_the_sum", {2, 3, 70, 90}, {3, 5, 2, 2}, {.stride = 2}},
    {"chunks_of_groups", {2, 4, 60, 70}, {4, 3, 3, 3}, {.padding = 1, .groups = 2}},
    {"output_padding_that_no_input_reaches", {2, 3, 4, 5}, {3, 4, 2, 3}, {.stride = {5, 4}, .output_padding = {4, 3}}},
};

std::vector<conv_transpose2d_case> all_cases() {
  std::vector<conv_transpose2d_case> all = conv_transpose2d_cases;
  all.insert(all.end(), backward_cases.begin(), backward_cases.end());
  return all;
}

// ---- values

class ConvTranspose2dBackward : public testing::TestWithParam<conv_transpose2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, ConvTranspose2dBackward, testing::ValuesIn(all_cases()), case_name());

TEST_P(ConvTranspose2dBackward, EqualsReference) {
  expect_gradients_equal_reference<calls, float>(GetParam());
  expect_gradients_equal_reference<calls, double>(GetParam());
}

TEST_P(ConvTranspose2dBackward, IsWithinRoundingOfTheExactResult) {
  expect_gradients_within_rounding<calls, float>(GetParam());
  expect_gradients_within_rounding<calls, double>(GetParam());
}

TEST_P(ConvTranspose2dBackward, ComputesWhatIsWanted) { expect_wanted_gradients_only<calls, float>(GetParam()); }

TEST_P(ConvTranspose2dBackward, IsTheAdjoint) {
  const auto convolution = [](const auto&... x) {
    return tf::conv_transpose2d(x..., on(available_isas().front(), tf::math::exact));
  };
  expect_adjoint_gradients<calls, float>(GetParam(), convolution);
  expect_adjoint_gradients<calls, double>(GetParam(), convolution);
}

TEST_P(ConvTranspose2dBackward, OfTheInputIsAsExactAsPromised) { expect_input_gradient_as_promised<calls>(GetParam()); }

const std::vector<conv_transpose2d_case> winograd_cases{
    {"one_tile", {1, 1, 4, 4}, {1, 1, 3, 3}},
    {"one_pixel", {1, 3, 1, 1}, {3, 4, 3, 3}},
    {"padded", {2, 5, 9, 11}, {5, 7, 3, 3}, {.padding = 1}},
    {"crops_all_different", {2, 3, 8, 11}, {3, 4, 3, 3}, {.padding = tf::pads{1, 0, 3, 2}}},
    {"unbatched_groups", {6, 9, 10}, {6, 2, 3, 3}, {.padding = 2, .groups = 2}},
    {"chunks_of_blocks", {3, 3, 60, 61}, {3, 5, 3, 3}, {.padding = 1}},
};

TEST(ConvTranspose2dBackwardWinograd, OfTheWeightIsWithinRoundingOfTheExactResult) {
  for (const conv_transpose2d_case& c : winograd_cases) {
    expect_weight_winograd_within_rounding<calls, float>(c);
    expect_weight_winograd_within_rounding<calls, double>(c);
  }
}

TEST(ConvTranspose2dBackwardWinograd, OfTheWeightAnswersForItsTiles) {
  for (const conv_transpose2d_case& c : std::vector<conv_transpose2d_case>{
           {"padding_0", {1, 8, 14, 15}, {8, 9, 3, 3}},
           {"padding_1", {2, 9, 13, 18}, {9, 5, 3, 3}, {.padding = 1}},
       })
    expect_weight_gradient_of_its_tiles<calls>(c);
}

TEST(ConvTranspose2dBackwardWinograd, OfTheWeightSumsProductsWhereOneNumberIsLarge) {
  expect_sums_of_products_where_one_is_large<calls>({"one_of_5600", {1, 3, 70, 80}, {3, 4, 3, 3}, {.padding = 1}});
  expect_sums_of_products_where_one_is_large<calls>({"few_pixels", {1, 3, 14, 14}, {3, 4, 3, 3}, {.padding = 1}});
}

TEST(ConvTranspose2dBackwardWinograd, OfTheWeightErrsAsPromised) {
  const auto expect = expect_weight_gradient_as_exact_as_promised<calls>;
  expect({"few_pixels", {2, 32, 14, 14}, {32, 32, 3, 3}, {.padding = 1}}, 1.7e-7);
  expect({"many_pixels", {2, 32, 56, 56}, {32, 16, 3, 3}, {.padding = 1}}, 2.6e-7);
}

TEST(ConvTranspose2dBackwardDifferences, EqualCentralDifferences) {
  for (const conv_transpose2d_case& c : std::vector<conv_transpose2d_case>{
           {"plain", {1, 2, 4, 5}, {2, 3, 3, 2}},
           {"strided", {2, 2, 3, 4}, {2, 2, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
           {"dilated", {1, 2, 4, 3}, {2, 2, 2, 3}, {.stride = 2, .padding = {1, 2}, .dilation = {3, 2}}},
           {"groups", {1, 4, 3, 3}, {4, 3, 2, 2}, {.stride = 2, .groups = 2}},
           {"output_size", {2, 3, 3}, {2, 2, 3, 3}, {.stride = 2, .padding = 1, .output_size = hw{6, 5}}},
           {"crops", {1, 2, 4, 5}, {2, 2, 3, 3}, {.stride = 2, .padding = tf::pads{2, 0, 1, 3}}},
       })
    expect_central_differences<calls>(c);
}

/// What is cropped has no gradient: that of a larger output, which is zero there.
TEST(ConvTranspose2dBackwardCrops, HaveNoGradient) {
  int cases = 0;
  for (const conv_transpose2d_case& c : conv_transpose2d_cases) {
    const tf::pads crops = c.options.padding;
    if (tf::detail::is_pair(c.options.padding) || c.options.output_size) continue;
    const auto in = exact_operands<float, calls>(c);
    conv_transpose2d_case whole = c;
    whole.options.padding = 0;
    // output_padding lies behind the crop at the end: without the crops it is where it was.
    const auto expected =
        run_reference<calls>(backward_operands<float>{padded(in.grad_output, crops), in.input, in.weight}, whole);
    for (const backward_setting& s : backward_settings<calls, float>(c, tf::math::exact))
      expect_equal_gradients(run_backward<calls>(in, c, s), expected, name_of<calls>(c, s), s.wanted);
    ++cases;
  }
  EXPECT_GE(cases, 10);
}

TEST(ConvTranspose2dBackwardSpecials, GoWhereTheyBelong) {
  for (const conv_transpose2d_case& c : std::vector<conv_transpose2d_case>{
           {"plain", {2, 3, 7, 8}, {3, 4, 3, 3}},
           {"pointwise", {2, 5, 4, 7}, {5, 6, 1, 1}},
           {"tiles", {2, 3, 5, 6}, {3, 4, 2, 2}, {.stride = 2}},
           {"strided", {2, 3, 5, 6}, {3, 4, 3, 3}, {.stride = 2}},
           {"holes", {1, 3, 4, 5}, {3, 4, 2, 2}, {.stride = {4, 3}, .output_padding = 2}},
           {"dilated", {1, 3, 5, 6}, {3, 4, 3, 3}, {.stride = 2, .dilation = {2, 3}}},
           {"groups", {2, 6, 4, 5}, {6, 2, 3, 3}, {.stride = 2, .groups = 2}},
           {"depthwise", {1, 9, 6, 7}, {9, 1, 4, 4}, {.stride = 2, .groups = 9}},
       }) {
    expect_specials_where_they_belong<calls, float>(c);
    expect_specials_where_they_belong<calls, double>(c);
  }
}

TEST(ConvTranspose2dBackwardEmpty, BatchHasZeroGradients) {
  const tf::tensor<float> x({0, 4, 5, 5}), w({4, 3, 3, 3}), g({0, 6, 11, 11});
  const tf::conv_transpose2d_options o{.stride = 2, .groups = 2};
  const auto got = tf::conv_transpose2d_backward(g, x, w, o);
  EXPECT_EQ(got.grad_input.shape(), x.shape());
  EXPECT_TRUE(same_bits(got.grad_weight, tf::tensor<float>(w.shape())));
  EXPECT_TRUE(same_bits(got.grad_bias, tf::tensor<float>(shape{6})));
  auto of_weight = filled<float>(w.shape(), 7), of_bias = filled<float>({6}, 8);
  tf::tensor<float> of_input(x.shape());
  tf::conv_transpose2d_backward_into(of_input, of_weight, of_bias, g, x, w, o, {.beta = 1});
  EXPECT_TRUE(equal(of_weight, filled<float>(w.shape(), 7)));
  EXPECT_TRUE(equal(of_bias, filled<float>({6}, 8)));
}

/// An output without pixels, which an empty batch may have.
TEST(ConvTranspose2dBackwardEmpty, OutputHasZeroGradients) {
  const tf::tensor<float> x({0, 4, 2, 3}), w({4, 6, 3, 3}), g({0, 6, 0, 5});
  const auto got = tf::conv_transpose2d_backward(g, x, w, {.padding = {2, 0}});
  EXPECT_EQ(got.grad_input.shape(), x.shape());
  EXPECT_TRUE(same_bits(got.grad_weight, tf::tensor<float>(w.shape())));
  EXPECT_TRUE(same_bits(got.grad_bias, tf::tensor<float>(shape{6})));
}

// ---- the same bits

const conv_transpose2d_case large_cases[] = {
    {"blocks_in_every_dimension", {3, 70, 13, 17}, {70, 35, 4, 4}, {.stride = 2, .padding = 1}},
    {"unequal_phases", {2, 40, 15, 19}, {40, 30, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {"stride_1", {2, 40, 19, 29}, {40, 30, 3, 3}, {.padding = 1}},
    {"groups_and_dilation", {2, 40, 15, 17}, {40, 15, 3, 3}, {.stride = 2, .groups = 2, .dilation = 3}},
    {"depthwise", {2, 33, 12, 19}, {33, 1, 4, 4}, {.stride = 2, .padding = 1, .groups = 33}},
    {"few_tiles_and_many_pixels", {3, 8, 60, 61}, {8, 3, 2, 2}, {.stride = 2}},
    {"few_channels_of_many_groups", {1, 28, 24, 7}, {28, 2, 3, 3}, {.padding = {0, 1}, .groups = 14}},
};

TEST(ConvTranspose2dBackwardBits, DoNotDependOnThreadsOrMemory) {
  for (const auto& c : large_cases) expect_gradient_bits_without_threads_and_memory<calls>(c);
}
TEST(ConvTranspose2dBackwardBits, OfTheInputDoNotDependOnTheBatch) {
  for (const auto& c : large_cases) expect_gradient_bits_without_batch<calls>(c);
}
TEST(ConvTranspose2dBackwardBits, DoNotDependOnTheOtherGradients) {
  for (const auto& c : large_cases) expect_gradient_bits_without_others<calls>(c);
}

// ---- errors

std::string error_text(const bad_backward_call<calls>& call) { return backward_error_text(call); }

TEST(ConvTranspose2dBackwardErrors, OfRank) {
  EXPECT_EQ(error_text({.grad_output = {6, 7, 7}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 4 and 3");
  EXPECT_EQ(error_text({.grad_output = {7}, .wanted = {.input = false, .weight = false}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 4 and 1");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 7, 7}, .input = {4, 5, 5}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 3 and 4");
}

TEST(ConvTranspose2dBackwardErrors, OfTheShapeOfGradOutput) {
  EXPECT_EQ(error_text({.grad_output = {1, 5, 7, 7}}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 6 but got: dimension 4 and tensor.size[1] = 5");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 8, 7}}),
            "Expected a tensor of dimension 4 and tensor.size[2] == 7 but got: dimension 4 and tensor.size[2] = 8");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 9, 7}, .options = {.dilation = 2}}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 9 but got: dimension 4 and tensor.size[3] = 7");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 11, 11}, .options = {.stride = 2, .output_padding = 1}}),
            "Expected a tensor of dimension 4 and tensor.size[2] == 12 but got: dimension 4 and tensor.size[2] = 11");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 11, 11}, .options = {.stride = 2, .output_size = hw{11, 12}}}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 12 but got: dimension 4 and tensor.size[3] = 11");
  EXPECT_EQ(error_text({.grad_output = {5, 7, 7}, .input = {4, 5, 5}}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 6 but got: dimension 4 and tensor.size[1] = 5");
  // What PyTorch does not look at.
  EXPECT_EQ(error_text({.grad_output = {3, 6, 7, 7}}),
            "Expected a tensor of dimension 4 and tensor.size[0] == 1 but got: dimension 4 and tensor.size[0] = 3");
  EXPECT_EQ(error_text({.grad_output = {0, 5, 7, 7}, .input = {0, 4, 5, 5}}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 6 but got: dimension 4 and tensor.size[1] = 5");
}

TEST(ConvTranspose2dBackwardErrors, OfTheForwardComeFirst) {
  EXPECT_EQ(error_text({.grad_output = {1, 5, 7, 7}, .weight = {3, 6, 3, 3}}),
            "Given transposed=1, weight of size [3, 6, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
  EXPECT_EQ(error_text({.grad_output = {1, 5, 7, 7}, .options = {.padding = {4, 0}}}),
            "Given input size per channel: (5 x 5). Calculated output size per channel: (-1 x 7). Output size is too "
            "small");
  EXPECT_EQ(error_text({.grad_output = {1, 5, 7, 7}, .options = {.output_padding = 1}}),
            "output padding must be smaller than either stride or dilation, but got output_padding_height: 1 "
            "output_padding_width: 1 stride_height: 1 stride_width: 1 dilation_height: 1 dilation_width: 1");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 9, 9}, .options = {.output_size = hw{9, 9}}}),
            "requested an output size of [9, 9], but valid sizes range from [7, 7] to [7, 7] (for an input of "
            "torch.Size([5, 5]))");
}

TEST(ConvTranspose2dBackwardErrors, OfBeta) {
  EXPECT_EQ(error_text({.wanted = {.beta = 2}}), "conv_transpose2d_backward: expected a beta of 0 or 1, but got 2");
}

TEST(ConvTranspose2dBackwardErrors, OfTheOutputs) {
  expect_gradient_output_is_refused<calls>(
      0, {4, 5, 5}, "conv_transpose2d_backward: expected grad_input of shape [1, 4, 5, 5], but got [4, 5, 5]");
  expect_gradient_output_is_refused<calls>(
      1, {6, 4, 3, 3}, "conv_transpose2d_backward: expected grad_weight of shape [4, 6, 3, 3], but got [6, 4, 3, 3]");
  expect_gradient_output_is_refused<calls>(2, {4},
                                           "conv_transpose2d_backward: expected grad_bias of shape [6], but got [4]");
}

TEST(ConvTranspose2dBackwardErrors, OfShapesThatNoMemoryHolds) {
  const index_t huge = index_t{1} << 31;
  EXPECT_NE(error_text({.grad_output = {1, 6, huge, huge}}), "");
  EXPECT_NE(error_text({.grad_output = {1, 6, huge, huge}, .options = {.stride = huge}}), "");
  EXPECT_NE(error_text({.options = {.padding = index_t{1} << 62}}), "");
  EXPECT_NE(error_text({.options = {.stride = index_t{1} << 62}}), "");
  EXPECT_NE(error_text({.options = {.dilation = INT64_MAX}}), "");
}

// ---- aten::slow_conv_transpose2d

struct slow_options {
  hw kernel_size = 3;
  hw stride = 1;
  hw padding = 0;
  hw output_padding = 0;
  hw dilation = 1;
};

template <class T>
void expect_slow_equals_reference(const shape& input, const shape& weight, const slow_options& o) {
  const auto x = small_integers<T>(input, 1), w = small_integers<T>(weight, 2);
  const auto g = small_integers<T>(tf::aten::slow_conv_transpose2d_output_shape(
                                       input, weight, o.kernel_size, o.stride, o.padding, o.output_padding, o.dilation),
                                   3);
  const auto expected = tf::reference::aten::slow_conv_transpose2d_backward(g, x, w, o.kernel_size, o.stride, o.padding,
                                                                            o.output_padding, o.dilation);
  for (const tf::isa isa : available_isas()) {
    const std::string name(tf::name_of(isa));
    const tf::context ctx = on(isa, tf::math::exact);
    expect_equal_gradients(tf::aten::slow_conv_transpose2d_backward(g, x, w, o.kernel_size, o.stride, o.padding,
                                                                    o.output_padding, o.dilation, {}, ctx),
                           expected, name);
    auto out = filled_like(expected, T{77});
    tf::aten::slow_conv_transpose2d_backward_into(out.grad_input, out.grad_weight, out.grad_bias, g, x, w,
                                                  o.kernel_size, o.stride, o.padding, o.output_padding, o.dilation,
                                                  {.input = false}, ctx);
    EXPECT_TRUE(equal(out.grad_input, filled<T>(input, T{77}))) << name;
    EXPECT_TRUE(equal(out.grad_weight, expected.grad_weight)) << name;
    EXPECT_TRUE(equal(out.grad_bias, expected.grad_bias)) << name;
  }
}

TEST(SlowConvTranspose2dBackward, EqualsReference) {
  expect_slow_equals_reference<float>({2, 3, 5, 6}, {3, 4, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1});
  expect_slow_equals_reference<double>({2, 3, 5, 6}, {3, 4, 2, 3}, {.kernel_size = {2, 3}, .dilation = {1, 3}});
  expect_slow_equals_reference<float>({3, 5, 6}, {3, 4, 4, 4}, {.kernel_size = 4, .stride = 2, .padding = 1});
}

/// Which PyTorch's kernel computes, but not its gradient.
TEST(SlowConvTranspose2dBackward, OfNegativePaddingAndNegativeOutputPadding) {
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3}, {.padding = {-1, -2}});
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3}, {.stride = 3, .padding = {-4, -7}});
  expect_slow_equals_reference<float>({1, 2, 3, 4}, {2, 3, 3, 3}, {.stride = 2, .output_padding = {-1, -3}});
  expect_slow_equals_reference<double>({1, 2, 3, 4}, {2, 3, 3, 3},
                                       {.stride = 2, .padding = -3, .output_padding = {-5, 1}, .dilation = 2});
}

std::string slow_error(const shape& grad_output, const slow_options& o = {}, const shape& input = {1, 4, 5, 5}) {
  const tf::tensor<float> g(grad_output), x(input), w({4, 6, 3, 3});
  return error_of([&] {
    tf::aten::slow_conv_transpose2d_backward(g, x, w, o.kernel_size, o.stride, o.padding, o.output_padding, o.dilation);
  });
}

TEST(SlowConvTranspose2dBackwardErrors, AreItsOwn) {
  EXPECT_EQ(slow_error({1, 5, 7, 7}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 6 but got: dimension 4 and tensor.size[1] = 5");
  EXPECT_EQ(slow_error({1, 6, 7, 8}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 7 but got: dimension 4 and tensor.size[3] = 8");
  EXPECT_EQ(slow_error({6, 7, 7}),
            "Expected input and grad_output to have the same number of dimensions, but got: 4 and 3");
  EXPECT_EQ(slow_error({0, 6, 7, 7}, {}, {0, 4, 5, 5}),
            "non-empty 3D or 4D input tensor expected but got a tensor with size [0, 4, 5, 5]");
  EXPECT_EQ(slow_error({1, 5, 7, 7}, {.stride = 0}),
            "stride should be greater than zero, but got stride_height: 0 stride_width: 0");
  EXPECT_NE(slow_error({1, 6, 7, 7}, {.kernel_size = {3, 4}}), "");
}

}  // namespace
