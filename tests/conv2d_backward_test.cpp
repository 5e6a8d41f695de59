#include <tenfold/conv2d.hpp>

#include "convolution_backward_tests.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

namespace {

using calls = conv2d_backward_calls;

/// Besides the forward's: shapes that are particular to sums over pixels.
const std::vector<conv2d_case> backward_cases{
    {"one_pixel_of_a_batch", {7, 5, 3, 3}, {6, 5, 3, 3}},
    {"pixels_of_several_kc", {1, 2, 21, 40}, {3, 2, 3, 3}, {.padding = 1}},
    {"pixels_one_more_than_kc", {1, 3, 1, 257}, {5, 3, 1, 1}},
    {"kc_ends_within_an_image", {5, 3, 9, 11}, {7, 3, 3, 3}, {.padding = 1}},
    {"images_shorter_than_a_vector", {19, 3, 1, 3}, {4, 3, 1, 1}},
    {"more_taps_than_pixels", {1, 20, 5, 5}, {30, 20, 5, 5}, {.padding = 1}},
    {"stem_7x7_s2", {2, 3, 31, 30}, {8, 3, 7, 7}, {.stride = 2, .padding = 3}},
    {"discriminator_k4_s2", {2, 6, 16, 16}, {12, 6, 4, 4}, {.stride = 2, .padding = 1}},
    {"chunks_of_the_sum", {2, 3, 70, 90}, {5, 3, 3, 3}, {.padding = 1}},
    {"chunks_of_groups", {2, 4, 60, 70}, {6, 2, 3, 3}, {.padding = 1, .groups = 2}},
    {"stride_leaves_rows_and_columns_unread", {2, 3, 12, 13}, {4, 3, 2, 3}, {.stride = {5, 4}}},
};

std::vector<conv2d_case> all_cases() {
  std::vector<conv2d_case> all = conv2d_cases;
  all.insert(all.end(), backward_cases.begin(), backward_cases.end());
  return all;
}

// ---- values

class Conv2dBackward : public testing::TestWithParam<conv2d_case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, Conv2dBackward, testing::ValuesIn(all_cases()), case_name());

TEST_P(Conv2dBackward, EqualsReference) {
  expect_gradients_equal_reference<calls, float>(GetParam());
  expect_gradients_equal_reference<calls, double>(GetParam());
}

TEST_P(Conv2dBackward, IsWithinRoundingOfTheExactResult) {
  expect_gradients_within_rounding<calls, float>(GetParam());
  expect_gradients_within_rounding<calls, double>(GetParam());
}

TEST_P(Conv2dBackward, ComputesWhatIsWanted) { expect_wanted_gradients_only<calls, float>(GetParam()); }

TEST_P(Conv2dBackward, IsTheAdjoint) {
  const auto convolution = [](const auto&... x) {
    return tf::conv2d(x..., on(available_isas().front(), tf::math::exact));
  };
  expect_adjoint_gradients<calls, float>(GetParam(), convolution);
  expect_adjoint_gradients<calls, double>(GetParam(), convolution);
}

TEST_P(Conv2dBackward, OfTheInputIsAsExactAsPromised) { expect_input_gradient_as_promised<calls>(GetParam()); }

const std::vector<conv2d_case> winograd_cases{
    {"one_tile", {1, 1, 6, 6}, {1, 1, 3, 3}},
    {"one_pixel_in_padding", {1, 3, 1, 1}, {4, 3, 3, 3}, {.padding = 1}},
    {"part_of_a_tile", {2, 3, 5, 4}, {4, 3, 3, 3}},
    {"padded", {2, 5, 9, 11}, {7, 5, 3, 3}, {.padding = 1}},
    {"pads_all_different", {2, 3, 8, 11}, {4, 3, 3, 3}, {.padding = tf::pads{1, 0, 3, 2}}},
    {"tiles_within_padding", {1, 2, 3, 5}, {3, 2, 3, 3}, {.padding = {6, 9}}},
    {"unbatched_groups", {6, 9, 10}, {4, 3, 3, 3}, {.padding = 1, .groups = 2}},
    {"depthwise", {1, 5, 9, 9}, {5, 1, 3, 3}, {.padding = 1, .groups = 5}},
    {"more_than_a_block_of_tiles", {2, 3, 30, 31}, {5, 3, 3, 3}, {.padding = 1}},
    {"chunks_of_blocks", {3, 3, 60, 61}, {5, 3, 3, 3}, {.padding = 1}},
    {"channels_of_several_parts", {1, 70, 6, 7}, {60, 70, 3, 3}, {.padding = 1}},
};

TEST(Conv2dBackwardWinograd, OfTheWeightIsWithinRoundingOfTheExactResult) {
  for (const conv2d_case& c : winograd_cases) {
    expect_weight_winograd_within_rounding<calls, float>(c);
    expect_weight_winograd_within_rounding<calls, double>(c);
  }
}

TEST(Conv2dBackwardWinograd, OfTheWeightAnswersForItsTiles) {
  for (const conv2d_case& c : std::vector<conv2d_case>{
           {"unpadded", {1, 8, 14, 15}, {9, 8, 3, 3}},
           {"padded", {2, 9, 13, 18}, {5, 9, 3, 3}, {.padding = 1}},
           {"larger_padding", {1, 8, 9, 10}, {4, 8, 3, 3}, {.padding = {4, 3}}},
           {"many_pixels", {1, 3, 50, 60}, {4, 3, 3, 3}, {.padding = 1}},
       })
    expect_weight_gradient_of_its_tiles<calls>(c);
}

TEST(Conv2dBackwardWinograd, OfTheWeightSumsProductsWhereOneNumberIsLarge) {
  expect_sums_of_products_where_one_is_large<calls>({"one_of_5600", {1, 3, 70, 80}, {4, 3, 3, 3}, {.padding = 1}});
  expect_sums_of_products_where_one_is_large<calls>({"few_pixels", {1, 3, 14, 14}, {4, 3, 3, 3}, {.padding = 1}});
}

TEST(Conv2dBackwardWinograd, OfTheWeightErrsAsPromised) {
  const auto expect = expect_weight_gradient_as_exact_as_promised<calls>;
  expect({"16_channels", {1, 16, 32, 32}, {16, 16, 3, 3}, {.padding = 1}}, 2.4e-7);
  expect({"8_channels", {2, 8, 20, 20}, {16, 8, 3, 3}, {.padding = 1}}, 2.4e-7);
  expect({"64_channels", {1, 64, 56, 56}, {24, 64, 3, 3}, {.padding = 1}}, 2.6e-7);
  expect({"few_pixels", {1, 64, 14, 14}, {64, 64, 3, 3}, {.padding = 1}}, 1.6e-7);
  expect({"kernel_of_5", {2, 16, 30, 30}, {12, 16, 5, 5}, {.padding = 2}}, 2.4e-7);
}

TEST(Conv2dBackwardDifferences, EqualCentralDifferences) {
  for (const conv2d_case& c : std::vector<conv2d_case>{
           {"plain", {1, 2, 4, 5}, {3, 2, 3, 2}},
           {"strided", {2, 2, 6, 5}, {2, 2, 3, 3}, {.stride = 2, .padding = 1}},
           {"dilated", {1, 2, 7, 6}, {2, 2, 2, 3}, {.padding = {1, 2}, .dilation = {3, 2}}},
           {"groups", {1, 4, 4, 4}, {6, 2, 2, 2}, {.groups = 2}},
           {"same", {1, 2, 4, 5}, {2, 2, 4, 2}, {.padding = tf::same}},
           {"pads", {3, 4, 5}, {2, 3, 3, 3}, {.padding = tf::pads{2, 0, 1, 3}}},
       })
    expect_central_differences<calls>(c);
}

/// The plain sums over an input that has its zeros around it, the gradients of which are cut off.
TEST(Conv2dBackwardPads, EqualAnInputWithZerosAround) {
  int cases = 0;
  for (const conv2d_case& c : conv2d_cases) {
    const tf::pads sides = c.options.padding.sides();
    if (tf::detail::is_pair(sides)) continue;
    const auto in = exact_operands<float, calls>(c);
    conv2d_case explicitly{c.name, padded(in.input, sides).shape(), c.weight, c.options};
    explicitly.options.padding = 0;
    auto expected =
        run_reference<calls>(backward_operands<float>{in.grad_output, padded(in.input, sides), in.weight}, explicitly);
    expected.grad_input = padded(expected.grad_input, {-sides.top, -sides.left, -sides.bottom, -sides.right});
    for (const backward_setting& s : backward_settings<calls, float>(c, tf::math::exact))
      expect_equal_gradients(run_backward<calls>(in, c, s), expected, name_of<calls>(c, s), s.wanted);
    ++cases;
  }
  EXPECT_GE(cases, 15);
}

TEST(Conv2dBackwardSpecials, GoWhereTheyBelong) {
  for (const conv2d_case& c : std::vector<conv2d_case>{
           {"plain", {2, 3, 9, 10}, {4, 3, 3, 3}},
           {"pointwise", {2, 5, 7, 9}, {6, 5, 1, 1}},
           {"strided", {2, 3, 11, 12}, {4, 3, 3, 3}, {.stride = 2}},
           {"stride_above_kernel", {1, 3, 11, 12}, {4, 3, 2, 2}, {.stride = {4, 3}}},
           {"dilated", {1, 3, 12, 13}, {4, 3, 3, 3}, {.dilation = {2, 3}}},
           {"groups", {2, 6, 7, 8}, {4, 3, 3, 3}, {.groups = 2}},
           {"depthwise", {1, 9, 10, 11}, {9, 1, 3, 3}, {.groups = 9}},
       }) {
    expect_specials_where_they_belong<calls, float>(c);
    expect_specials_where_they_belong<calls, double>(c);
  }
}

TEST(Conv2dBackwardEmpty, BatchHasZeroGradients) {
  const tf::tensor<float> x({0, 4, 5, 5}), w({6, 4, 3, 3}), g({0, 6, 3, 3});
  const auto got = tf::conv2d_backward(g, x, w);
  EXPECT_EQ(got.grad_input.shape(), x.shape());
  EXPECT_TRUE(same_bits(got.grad_weight, tf::tensor<float>({6, 4, 3, 3})));
  EXPECT_TRUE(same_bits(got.grad_bias, tf::tensor<float>(shape{6})));
  auto of_weight = filled<float>(w.shape(), 7), of_bias = filled<float>({6}, 8);
  tf::tensor<float> of_input(x.shape());
  tf::conv2d_backward_into(of_input, of_weight, of_bias, g, x, w, {}, {.beta = 1});
  EXPECT_TRUE(equal(of_weight, filled<float>(w.shape(), 7)));
  EXPECT_TRUE(equal(of_bias, filled<float>({6}, 8)));
}

TEST(Conv2dBackwardEmpty, ChannelsHaveZeroGradients) {
  const tf::tensor<float> x({1, 0, 5, 5}), w({6, 0, 3, 3}), g({1, 0, 3, 3});
  const auto got = tf::conv2d_backward(g, x, w);
  EXPECT_EQ(got.grad_input.shape(), x.shape());
  EXPECT_EQ(got.grad_weight.shape(), w.shape());
  EXPECT_TRUE(same_bits(got.grad_bias, tf::tensor<float>(shape{6})));
}

// ---- the same bits

const conv2d_case large_cases[] = {
    {"blocks_in_every_dimension", {3, 40, 19, 29}, {70, 40, 3, 3}, {.padding = 1}},
    {"groups_and_stride", {2, 40, 25, 31}, {60, 20, 3, 3}, {.stride = 2, .padding = 1, .groups = 2}},
    {"depthwise", {2, 33, 20, 37}, {33, 1, 3, 3}, {.padding = 1, .groups = 33}},
    {"few_tiles_and_many_pixels", {3, 3, 60, 61}, {8, 3, 3, 3}, {.padding = 1}},
    {"wide_and_dilated", {1, 13, 9, 700}, {20, 13, 3, 3}, {.padding = 40, .dilation = 40}},
};

TEST(Conv2dBackwardBits, DoNotDependOnThreadsOrMemory) {
  for (const auto& c : large_cases) expect_gradient_bits_without_threads_and_memory<calls>(c);
}
TEST(Conv2dBackwardBits, OfTheInputDoNotDependOnTheBatch) {
  for (const auto& c : large_cases) expect_gradient_bits_without_batch<calls>(c);
}
TEST(Conv2dBackwardBits, DoNotDependOnTheOtherGradients) {
  for (const auto& c : large_cases) expect_gradient_bits_without_others<calls>(c);
}

// ---- errors

std::string error_text(const bad_backward_call<calls>& call) { return backward_error_text(call); }

TEST(Conv2dBackwardErrors, OfRank) {
  EXPECT_EQ(error_text({.grad_output = {6, 3, 3}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 4 and 3");
  EXPECT_EQ(error_text({.grad_output = {}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 4 and 0");
  EXPECT_EQ(error_text({.grad_output = {1, 1, 6, 3, 3}, .options = {.dilation = 2}, .wanted = {.input = false}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 4 and 5");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 3, 3}, .input = {4, 5, 5}}),
            "Expected input and grad_output to have the same number of dimensions, but got: 3 and 4");
}

TEST(Conv2dBackwardErrors, OfTheShapeOfGradOutput) {
  EXPECT_EQ(error_text({.grad_output = {1, 5, 3, 3}}),
            "Expected a tensor of dimension 4 and tensor.size[1] == 6 but got: dimension 4 and tensor.size[1] = 5");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 4, 3}}),
            "Expected a tensor of dimension 4 and tensor.size[2] == 3 but got: dimension 4 and tensor.size[2] = 4");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 3, 0}}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 3 but got: dimension 4 and tensor.size[3] = 0");
  EXPECT_EQ(error_text({.grad_output = {6, 3, 4}, .input = {4, 5, 5}}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 3 but got: dimension 4 and tensor.size[3] = 4");
  // What PyTorch does not look at.
  EXPECT_EQ(error_text({.grad_output = {2, 6, 3, 3}}),
            "Expected a tensor of dimension 4 and tensor.size[0] == 1 but got: dimension 4 and tensor.size[0] = 2");
  EXPECT_EQ(error_text({.grad_output = {0, 6, 3, 4}, .input = {0, 4, 5, 5}}),
            "Expected a tensor of dimension 4 and tensor.size[3] == 3 but got: dimension 4 and tensor.size[3] = 4");
}

TEST(Conv2dBackwardErrors, OfTheShapeOfGradOutputWithADilation) {
  EXPECT_EQ(error_text({.grad_output = {1, 5, 1, 1}, .options = {.dilation = 2}}),
            "grad_output.size(1)=5 must be weight.size(0)=6");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 2, 1}, .options = {.dilation = 2}}),
            "grad_output[2:] shape[2, 1] must be equal to output size 1 1");
  EXPECT_EQ(error_text({.grad_output = {1, 6, 3, 2}, .options = {.dilation = {1, 2}}}),
            "grad_output[2:] shape[3, 2] must be equal to output size 3 1");
  EXPECT_EQ(error_text({.grad_output = {2, 6, 1, 1}, .options = {.dilation = 2}}),
            "grad_output.size(0)=2 must be input.size(0)=1");
  EXPECT_EQ(error_text({.grad_output = {2, 5, 3, 3}, .options = {.dilation = 2}}),
            "grad_output.size(0)=2 must be input.size(0)=1");
}

// A sum of few rows at a time needs less memory where it adds to a gradient than where it makes one.
TEST(Conv2dBackwardWorkspace, OfABetaOf1ServesTheCallThatReturnsTensorsToo) {
  const auto x = random_tensor<double>({3, 96, 8, 2}, 1), w = random_tensor<double>({12, 32, 5, 5}, 2),
             dy = random_tensor<double>({3, 12, 8, 2}, 3);
  const tf::conv2d_options o{.padding = 2, .groups = 3};
  const tf::gradients wanted{.input = false, .bias = false, .beta = 1};
  tf::context ctx = on_threads(7);
  ctx.max_workspace_bytes = 65536;
  const auto expected = tf::conv2d_backward(dy, x, w, o, wanted, ctx);
  std::vector<std::byte> memory(
      static_cast<std::size_t>(tf::conv2d_backward_workspace_bytes(dy, x, w, o, wanted, ctx)));
  ctx.workspace = memory;
  EXPECT_TRUE(same_bits(tf::conv2d_backward(dy, x, w, o, wanted, ctx).grad_weight, expected.grad_weight));
}

TEST(Conv2dBackwardErrors, OfTheForwardComeFirst) {
  EXPECT_EQ(error_text({.grad_output = {5}, .input = {5, 5}}),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 5]");
  EXPECT_EQ(error_text({.grad_output = {1, 5, 3, 3}, .options = {.groups = 0}}),
            "non-positive groups is not supported");
  EXPECT_EQ(error_text({.grad_output = {1, 5, 3, 3}, .weight = {6, 3, 3, 3}}),
            "Given groups=1, weight of size [6, 3, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead");
  EXPECT_EQ(
      error_text({.grad_output = {6, 3, 3}, .weight = {6, 4, 6, 3}}),
      "Calculated padded input size per channel: (5 x 5). Kernel size: (6 x 3). Kernel size can't be greater than "
      "actual input size");
  EXPECT_EQ(error_text({.grad_output = {1, 5, 3, 3}, .options = {.dilation = 0}}),
            "dilation should be greater than zero, but got [0, 0]");
  EXPECT_EQ(error_text({.options = {.stride = 2, .padding = tf::same}}),
            "padding='same' is not supported for strided convolutions");
}

TEST(Conv2dBackwardErrors, AreToldWhateverIsWanted) {
  for (int mask = 0; mask < 8; ++mask)
    EXPECT_EQ(error_text({.grad_output = {1, 6, 4, 3},
                          .wanted = {.input = (mask & 1) != 0, .weight = (mask & 2) != 0, .bias = (mask & 4) != 0}}),
              "Expected a tensor of dimension 4 and tensor.size[2] == 3 but got: dimension 4 and tensor.size[2] = 4");
}

TEST(Conv2dBackwardErrors, OfBeta) {
  EXPECT_EQ(error_text({.wanted = {.beta = 2}}), "conv2d_backward: expected a beta of 0 or 1, but got 2");
  EXPECT_EQ(error_text({.wanted = {.beta = -1}}), "conv2d_backward: expected a beta of 0 or 1, but got -1");
}

TEST(Conv2dBackwardErrors, OfTheOutputs) {
  expect_gradient_output_is_refused<calls>(
      0, {1, 4, 5, 6}, "conv2d_backward: expected grad_input of shape [1, 4, 5, 5], but got [1, 4, 5, 6]");
  expect_gradient_output_is_refused<calls>(
      1, {6, 4, 3}, "conv2d_backward: expected grad_weight of shape [6, 4, 3, 3], but got [6, 4, 3]");
  expect_gradient_output_is_refused<calls>(2, {1, 6},
                                           "conv2d_backward: expected grad_bias of shape [6], but got [1, 6]");
}

TEST(Conv2dBackwardErrors, OfShapesThatNoMemoryHolds) {
  const auto view = [](const shape& s) { return tf::tensor_view<const float>(nullptr, s); };
  const index_t huge = index_t{1} << 31;
  EXPECT_NE(error_of([&] {
              tf::conv2d_backward(view({1, 1, 1, 1}), view({1, 1, huge, huge}), view({1, 1, 1, 1}), {.stride = huge});
            }),
            "");
  EXPECT_NE(error_text({.grad_output = {1, 6, huge, huge}}), "");
  EXPECT_NE(error_text({.grad_output = {huge, 6, 3, 3}}), "");
  EXPECT_NE(error_text({.options = {.padding = index_t{1} << 62}}), "");
  EXPECT_NE(error_text({.options = {.dilation = INT64_MAX}}), "");
}

}  // namespace
