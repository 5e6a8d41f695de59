// What the tests of the convolutions share: shapes, named after why they exist, and inputs.
#pragma once

#include "algorithm_names.hpp"
#include "support.hpp"

#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace tenfold_test {

template <class Options>
struct convolution_case {
  std::string name;
  tf::shape input;
  tf::shape weight;
  Options options = {};
};
using conv2d_case = convolution_case<tf::conv2d_options>;
using conv_transpose2d_case = convolution_case<tf::conv_transpose2d_options>;

template <class Options>
std::ostream& operator<<(std::ostream& stream, const convolution_case<Options>& c) {
  const auto& o = c.options;
  return stream << c.name << ": input " << c.input << ", weight " << c.weight << ", stride [" << o.stride.h << ", "
                << o.stride.w << "], dilation [" << o.dilation.h << ", " << o.dilation.w << "], groups " << o.groups;
}

/// Names a parametrised test after its case.
struct case_name {
  template <class Case>
  std::string operator()(const testing::TestParamInfo<Case>& info) const {
    return info.param.name;
  }
};

/// Inputs whose sums are exact, so that == is the right comparison: small integers as floats, any as integers, which
/// wrap.
template <class T>
tf::tensor<T> exact_values(const tf::shape& shape, unsigned seed) {
  if constexpr (std::floating_point<T>)
    return small_integers<T>(shape, seed);
  else
    return random_tensor<T>(shape, seed);
}

/// One context for every algorithm that can compute this, on every instruction set. Of the Winograd algorithms, which
/// `exact` leaves out, winograd_test.cpp knows the bounds.
template <class Op, class T, class Options>
std::vector<tf::context> contexts_of(const convolution_case<Options>& c, tf::math math) {
  const auto g = Op::checked(c.input, c.weight, std::nullopt, c.options);
  std::vector<tf::context> contexts;
  for (const tf::isa isa : available_isas())
    for (const tf::context there = on(isa, math); const std::string_view name : algorithm_names<Op, T>(&g, there)) {
      contexts.push_back(there);
      contexts.back().algorithm = name;
    }
  return contexts;
}
template <class T>
std::vector<tf::context> contexts_of(const conv2d_case& c, tf::math math = tf::math::standard) {
  return contexts_of<tf::detail::conv2d_op, T>(c, math);
}
template <class T>
std::vector<tf::context> contexts_of(const conv_transpose2d_case& c, tf::math math = tf::math::standard) {
  return contexts_of<tf::detail::conv_transpose2d_op, T>(c, math);
}

inline std::string name_of(const tf::context& ctx) {
  return std::string(ctx.algorithm) + " on " + std::string(tf::name_of(*ctx.isa));
}

inline const std::vector<conv2d_case> conv2d_cases{
    {"one_tap", {1, 1, 1, 1}, {1, 1, 1, 1}},
    {"pointwise_is_a_plain_product", {2, 5, 4, 7}, {6, 5, 1, 1}},
    {"pointwise_reads_the_image_in_place_but_the_last_columns", {2, 20, 9, 15}, {17, 20, 1, 1}},
    {"pointwise_in_place_of_two_groups_and_blocks_of_taps", {1, 600, 7, 11}, {8, 300, 1, 1}, {.groups = 2}},
    {"pointwise_with_stride_skips_pixels", {2, 5, 7, 9}, {6, 5, 1, 1}, {.stride = {2, 3}}},
    {"pointwise_with_padding_has_a_bias_frame", {1, 3, 4, 5}, {2, 3, 1, 1}, {.padding = {2, 1}}},
    {"plain_3x3", {1, 4, 9, 9}, {6, 4, 3, 3}},
    {"padded_3x3", {2, 3, 8, 11}, {5, 3, 3, 3}, {.padding = 1}},
    {"unbatched", {3, 6, 7}, {4, 3, 3, 2}, {.padding = 1}},
    {"empty_batch", {0, 4, 5, 5}, {6, 4, 3, 3}},
    {"no_channels", {1, 0, 5, 5}, {6, 0, 3, 3}},
    {"kernel_as_large_as_input", {1, 2, 4, 5}, {3, 2, 4, 5}},
    {"kernel_larger_than_input", {1, 2, 2, 3}, {3, 2, 5, 6}, {.padding = {2, 3}}},
    {"padding_larger_than_kernel", {1, 2, 3, 4}, {3, 2, 2, 2}, {.padding = {5, 6}}},
    {"one_row", {1, 3, 1, 40}, {4, 3, 1, 5}},
    {"one_column", {1, 3, 40, 1}, {4, 3, 5, 1}},
    {"kernel_of_one_row", {1, 3, 6, 20}, {4, 3, 1, 7}, {.padding = {0, 3}}},
    {"kernel_of_one_column", {1, 3, 20, 6}, {4, 3, 7, 1}, {.padding = {3, 0}}},
    {"fully_connected_of_a_batch", {5, 6, 7, 7}, {9, 6, 7, 7}, {}},
    {"fully_connected_deeper_than_a_block", {1, 60, 7, 7}, {5, 60, 7, 7}, {}},
    {"three_pixels_with_groups", {2, 6, 5, 9}, {8, 3, 5, 5}, {.stride = {1, 3}, .padding = {0, 1}, .groups = 2}},
    {"output_narrower_than_a_vector", {1, 8, 9, 3}, {4, 8, 3, 3}},
    {"output_of_one_pixel_many_channels", {1, 70, 3, 3}, {20, 70, 3, 3}},
    {"line_longer_than_a_block_of_columns", {1, 2, 3, 1100}, {3, 2, 3, 3}, {.padding = 1}},
    {"stride_equals_kernel", {1, 3, 8, 8}, {4, 3, 2, 2}, {.stride = 2}},
    {"stride_above_kernel_skips_pixels", {1, 3, 11, 13}, {4, 3, 2, 3}, {.stride = {4, 5}}},
    {"stride_above_input", {1, 2, 3, 3}, {2, 2, 3, 3}, {.stride = 9}},
    {"stride_differs_by_dimension", {1, 3, 12, 13}, {4, 3, 3, 3}, {.stride = {1, 3}, .padding = 1}},
    {"stride_drops_the_last_row", {1, 2, 6, 8}, {3, 2, 3, 3}, {.stride = 2}},
    {"patches_stride_16", {1, 3, 32, 48}, {8, 3, 16, 16}, {.stride = 16}},
    {"dilation_leaves_holes", {1, 3, 12, 13}, {4, 3, 3, 3}, {.dilation = {2, 3}}},
    {"dilation_shares_factor_with_stride", {1, 3, 17, 15}, {4, 3, 3, 3}, {.stride = 4, .padding = 3, .dilation = 6}},
    {"dilation_coprime_to_stride", {1, 3, 17, 15}, {4, 3, 3, 3}, {.stride = 3, .padding = 3, .dilation = 4}},
    {"dilation_above_input_reaches_padding_only", {1, 2, 3, 3}, {3, 2, 3, 3}, {.padding = 50, .dilation = 50}},
    {"dilation_with_taps_in_the_padding", {2, 9, 13, 17}, {11, 9, 3, 3}, {.padding = {5, 7}, .dilation = {5, 7}}},
    {"regions_of_deep_channels", {2, 70, 7, 9}, {20, 70, 3, 3}, {.padding = 3, .dilation = 3}},
    {"regions_of_a_5x5_kernel", {1, 20, 11, 40}, {9, 20, 5, 5}, {.padding = 2}},
    {"region_without_taps", {1, 3, 4, 5}, {2, 3, 1, 2}, {.padding = {3, 4}, .dilation = {1, 2}}},
    {"dilation_of_one_tap", {1, 2, 3, 4}, {3, 2, 1, 1}, {.dilation = 100}},
    {"same_even_kernel_pads_bottom_right", {1, 3, 6, 7}, {4, 3, 4, 2}, {.padding = tf::same}},
    {"same_with_dilation", {1, 3, 6, 7}, {4, 3, 2, 3}, {.padding = tf::same, .dilation = {3, 2}}},
    {"valid_with_stride", {1, 3, 9, 8}, {4, 3, 3, 2}, {.stride = 2, .padding = tf::valid}},
    {"pads_all_different", {2, 3, 8, 11}, {5, 3, 3, 3}, {.padding = tf::pads{1, 3, 2, 0}}},
    {"pads_at_the_top_only", {1, 3, 7, 9}, {4, 3, 3, 3}, {.padding = tf::pads{.top = 2}}},
    {"pads_at_the_left_only", {3, 7, 9}, {4, 3, 3, 4}, {.stride = {1, 2}, .padding = tf::pads{.left = 3}}},
    {"pads_at_the_bottom_only", {2, 3, 7, 9}, {4, 3, 3, 3}, {.stride = 2, .padding = tf::pads{.bottom = 2}}},
    {"pads_at_the_right_only", {1, 3, 7, 9}, {4, 3, 3, 3}, {.padding = tf::pads{.right = 1}}},
    {"pads_behind_one_tap", {1, 3, 4, 5}, {2, 3, 1, 1}, {.padding = tf::pads{.bottom = 2, .right = 3}}},
    {"pads_before_one_tap_with_stride", {1, 3, 5, 5}, {2, 3, 1, 1}, {.stride = 2, .padding = tf::pads{.top = 1}}},
    {"pads_larger_than_the_kernel_before", {1, 2, 4, 5}, {3, 2, 2, 3}, {.padding = tf::pads{9, 40, 0, 1}}},
    {"pads_larger_than_the_kernel_behind", {1, 2, 4, 5}, {3, 2, 2, 3}, {.padding = tf::pads{1, 0, 9, 40}}},
    {"pads_around_a_dilated_kernel",
     {2, 9, 13, 17},
     {11, 9, 3, 3},
     {.padding = tf::pads{5, 0, 2, 12}, .dilation = {5, 7}}},
    {"pads_that_make_one_pixel", {2, 6, 5, 3}, {8, 6, 7, 7}, {.padding = tf::pads{2, 1, 0, 3}}},
    {"pads_around_groups", {2, 6, 7, 7}, {8, 3, 3, 3}, {.padding = tf::pads{0, 1, 2, 0}, .groups = 2}},
    {"pads_around_depthwise", {1, 9, 10, 21}, {9, 1, 3, 3}, {.padding = tf::pads{2, 0, 1, 3}, .groups = 9}},
    {"pads_around_depthwise_k5_s2",
     {1, 9, 19, 35},
     {9, 1, 5, 5},
     {.stride = 2, .padding = tf::pads{1, 1, 2, 2}, .groups = 9}},
    {"pads_around_depthwise_dilated",
     {1, 9, 13, 23},
     {9, 1, 3, 3},
     {.padding = tf::pads{0, 7, 5, 0}, .dilation = 2, .groups = 9}},
    {"two_groups", {2, 6, 7, 7}, {8, 3, 3, 3}, {.padding = 1, .groups = 2}},
    {"depthwise", {1, 9, 10, 11}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"depthwise_with_multiplier", {1, 5, 8, 8}, {15, 1, 3, 3}, {.stride = 2, .groups = 5}},
    {"depthwise_last_vector_of_groups_not_full", {2, 19, 9, 13}, {19, 1, 3, 3}, {.padding = 1, .groups = 19}},
    {"depthwise_fewer_groups_than_lanes", {1, 3, 9, 30}, {3, 1, 3, 3}, {.padding = 1, .groups = 3}},
    {"depthwise_one_line", {1, 9, 1, 30}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"depthwise_smaller_than_a_vector", {1, 9, 2, 3}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"depthwise_k1x4_two_and_two_taps", {1, 9, 5, 20}, {9, 1, 1, 4}, {.groups = 9}},
    {"depthwise_k5_three_and_two_taps", {1, 9, 11, 33}, {9, 1, 5, 5}, {.padding = 2, .groups = 9}},
    {"depthwise_k7_of_seven_pixels", {2, 9, 7, 7}, {9, 1, 7, 7}, {.padding = 3, .groups = 9}},
    {"depthwise_k3_s2_taps_by_parity", {1, 9, 21, 37}, {9, 1, 3, 3}, {.stride = 2, .padding = 1, .groups = 9}},
    {"depthwise_k5_s2_taps_by_parity", {1, 9, 19, 35}, {9, 1, 5, 5}, {.stride = 2, .padding = 2, .groups = 9}},
    {"depthwise_k3_s3_no_taps_together", {1, 9, 13, 50}, {9, 1, 3, 3}, {.stride = 3, .padding = 1, .groups = 9}},
    {"depthwise_d2_columns_by_residue", {1, 9, 13, 23}, {9, 1, 3, 3}, {.padding = 2, .dilation = 2, .groups = 9}},
    {"depthwise_d3_line_too_short_for_residues",
     {1, 9, 9, 11},
     {9, 1, 3, 3},
     {.padding = 3, .dilation = 3, .groups = 9}},
    {"depthwise_dilation_2_stride_2",
     {1, 9, 17, 31},
     {9, 1, 3, 3},
     {.stride = 2, .padding = 2, .dilation = 2, .groups = 9}},
    {"depthwise_dilation_3_stride_2",
     {1, 9, 17, 31},
     {9, 1, 3, 3},
     {.stride = 2, .padding = 3, .dilation = 3, .groups = 9}},
    {"depthwise_seven_lines_twice", {1, 9, 14, 37}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"depthwise_pads_wider_than_the_line", {1, 9, 5, 6}, {9, 1, 3, 9}, {.padding = {1, 20}, .groups = 9}},
    {"depthwise_s9_lines_of_no_phase", {1, 9, 40, 21}, {9, 1, 5, 3}, {.stride = {9, 2}, .padding = 2, .groups = 9}},
    {"depthwise_s4_d2_lines_shared_by_pairs",
     {1, 9, 40, 21},
     {9, 1, 5, 3},
     {.stride = {4, 1}, .padding = {3, 1}, .dilation = {2, 1}, .groups = 9}},
    {"depthwise_blocks_of_lines", {1, 9, 300, 40}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"depthwise_blocks_of_columns", {1, 9, 2, 4000}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"multiplier_3", {1, 9, 9, 20}, {27, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"two_channels_per_group", {1, 18, 10, 17}, {18, 2, 3, 3}, {.padding = 1, .groups = 9}},
    {"groups_of_4_in_3_out", {2, 36, 7, 9}, {27, 4, 3, 3}, {.stride = {1, 2}, .padding = 1, .groups = 9}},
    {"one_less_than_a_tile_of_avx2", {1, 2, 3, 5}, {5, 2, 1, 1}},  // 6 x 16 floats
    {"a_tile_of_avx2", {1, 2, 4, 4}, {6, 2, 1, 1}},
    {"one_more_than_a_tile_of_avx2", {1, 2, 1, 17}, {7, 2, 1, 1}},
    {"one_more_than_a_tile_of_avx512", {1, 2, 3, 11}, {15, 2, 1, 1}},  // 14 x 32 floats
    {"k_is_kc", {1, 64, 5, 5}, {7, 64, 2, 2}},                         // 64 * 4 = 256
    {"k_is_one_more_than_kc", {1, 257, 4, 5}, {7, 257, 1, 1}, {.padding = 1}},
    {"several_kc_cut_within_a_channel", {1, 40, 6, 7}, {9, 40, 5, 5}, {.padding = 2}},
    {"kernel_row_longer_than_kc", {1, 1, 2, 700}, {2, 1, 2, 300}},
    {"rows_of_several_mc", {1, 3, 5, 6}, {260, 3, 3, 3}},
    {"columns_of_several_nc", {1, 3, 33, 34}, {4, 3, 3, 3}},
};

inline const std::vector<conv_transpose2d_case> conv_transpose2d_cases{
    {"one_tap", {1, 1, 1, 1}, {1, 1, 1, 1}},
    {"pointwise_is_a_plain_product", {2, 5, 4, 7}, {5, 6, 1, 1}},
    {"stride_1_is_a_flipped_convolution", {1, 4, 7, 9}, {4, 6, 3, 3}},
    {"unbatched", {3, 6, 7}, {3, 4, 3, 2}, {.stride = 2}},
    {"empty_batch", {0, 4, 5, 5}, {4, 6, 3, 3}, {.stride = 2}},
    {"holes_stride_above_kernel", {1, 2, 4, 4}, {2, 3, 2, 2}, {.stride = 3}},
    {"tiles_stride_equals_kernel", {1, 3, 5, 6}, {3, 4, 2, 2}, {.stride = 2}},
    {"one_phase_empty", {1, 1, 3, 3}, {1, 1, 1, 1}, {.stride = 2}},
    {"phases_of_unequal_taps", {1, 3, 6, 7}, {3, 5, 3, 3}, {.stride = 2, .padding = 1}},
    {"phases_merge_k4_s2", {1, 3, 6, 7}, {3, 5, 4, 4}, {.stride = 2, .padding = 1}},
    {"phases_merge_k16_s8", {1, 2, 3, 4}, {2, 3, 16, 16}, {.stride = 8, .padding = 4}},
    {"phases_of_a_larger_kernel_k5_s3", {1, 3, 6, 5}, {3, 4, 5, 5}, {.stride = 3, .padding = 2}},
    {"one_dimension_strided", {1, 3, 5, 6}, {3, 4, 3, 3}, {.stride = {1, 2}}},
    {"stride_differs_by_dimension", {1, 2, 4, 5}, {2, 3, 3, 4}, {.stride = {4, 3}, .padding = {1, 0}}},
    {"padding_crops_to_one_pixel", {1, 2, 2, 2}, {2, 3, 3, 3}, {.stride = 2, .padding = 2}},
    {"padding_larger_than_kernel", {1, 2, 9, 9}, {2, 3, 2, 2}, {.padding = 3}},
    {"padding_not_a_multiple_of_stride", {1, 2, 6, 6}, {2, 3, 5, 5}, {.stride = 3, .padding = {1, 4}}},
    {"output_padding_without_taps_is_bias", {1, 2, 3, 3}, {2, 3, 2, 2}, {.stride = 5, .output_padding = 4}},
    {"output_padding_is_computed", {1, 2, 3, 3}, {2, 3, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {"op_allowed_by_dilation_only", {1, 2, 4, 4}, {2, 3, 3, 3}, {.output_padding = 2, .dilation = 3}},
    {"output_size", {1, 2, 6, 6}, {2, 3, 3, 3}, {.stride = 2, .padding = 1, .output_size = tf::hw{12, 11}}},
    {"a_cropped_phase_would_lie_in_the_next_group",
     {2, 4, 2, 3},
     {4, 1, 3, 5},
     {.stride = {4, 1}, .padding = 2, .groups = 2}},
    {"dilation_shares_factor_with_stride", {1, 3, 5, 5}, {3, 4, 3, 3}, {.stride = 2, .dilation = 2}},
    {"dilation_6_stride_4_share_2", {1, 3, 5, 4}, {3, 4, 3, 4}, {.stride = 4, .padding = 5, .dilation = 6}},
    {"dilation_coprime_to_stride", {1, 3, 5, 4}, {3, 4, 3, 3}, {.stride = 2, .padding = 1, .dilation = 3}},
    {"dilation_above_input", {1, 2, 3, 3}, {2, 3, 3, 3}, {.stride = 2, .dilation = 20}},
    {"crops_all_different", {2, 3, 6, 7}, {3, 5, 4, 4}, {.stride = 2, .padding = tf::pads{1, 3, 2, 0}}},
    {"crops_of_stride_1", {1, 4, 7, 9}, {4, 6, 3, 3}, {.padding = tf::pads{0, 2, 3, 1}}},
    {"crops_at_the_top_only", {1, 3, 6, 7}, {3, 5, 3, 3}, {.stride = 2, .padding = tf::pads{.top = 2}}},
    {"crops_at_the_left_only", {3, 6, 7}, {3, 5, 3, 3}, {.stride = {1, 3}, .padding = tf::pads{.left = 1}}},
    {"crops_at_the_bottom_only", {1, 3, 6, 7}, {3, 5, 4, 4}, {.stride = 2, .padding = tf::pads{.bottom = 3}}},
    {"crops_at_the_right_only", {1, 3, 6, 7}, {3, 5, 3, 3}, {.padding = tf::pads{.right = 1}}},
    {"crops_of_one_tap", {1, 3, 6, 7}, {3, 5, 1, 1}, {.padding = tf::pads{0, 0, 2, 1}}},
    {"crops_larger_than_the_kernel_before", {1, 2, 9, 9}, {2, 3, 2, 2}, {.padding = tf::pads{3, 6, 0, 1}}},
    {"crops_larger_than_the_kernel_behind",
     {1, 2, 9, 9},
     {2, 3, 2, 2},
     {.stride = 2, .padding = tf::pads{1, 0, 11, 7}}},
    {"crops_of_a_pixel", {2, 30, 1, 1}, {30, 8, 5, 4}, {.padding = tf::pads{0, 1, 3, 0}}},
    {"crops_behind_a_pixel", {1, 30, 1, 1}, {30, 8, 5, 4}, {.padding = tf::pads{.bottom = 1, .right = 2}}},
    {"crops_and_output_padding",
     {1, 3, 6, 7},
     {3, 5, 3, 3},
     {.stride = 2, .padding = tf::pads{0, 1, 3, 0}, .output_padding = 1}},
    {"crops_to_an_output_size",
     {1, 3, 6, 7},
     {3, 5, 3, 3},
     {.stride = 2, .padding = tf::pads{2, 0, 0, 1}, .output_size = tf::hw{11, 15}}},
    {"crops_of_a_dilated_kernel",
     {1, 3, 5, 4},
     {3, 4, 3, 4},
     {.stride = 4, .padding = tf::pads{5, 0, 1, 7}, .dilation = 6}},
    {"crops_of_groups", {2, 6, 4, 5}, {6, 4, 3, 3}, {.stride = 2, .padding = tf::pads{1, 0, 0, 2}, .groups = 2}},
    {"crops_of_depthwise", {1, 9, 8, 15}, {9, 1, 4, 4}, {.stride = 2, .padding = tf::pads{0, 1, 3, 2}, .groups = 9}},
    {"two_groups", {2, 6, 4, 5}, {6, 4, 3, 3}, {.stride = 2, .groups = 2}},
    {"depthwise", {1, 9, 6, 7}, {9, 1, 4, 4}, {.stride = 2, .padding = 1, .groups = 9}},
    {"depthwise_stride_1", {1, 9, 6, 7}, {9, 1, 3, 3}, {.padding = 1, .groups = 9}},
    {"depthwise_k3_s2_phases_of_1_and_2_taps",
     {2, 19, 8, 15},
     {19, 1, 3, 3},
     {.stride = 2, .padding = 1, .output_padding = 1, .groups = 19}},
    {"depthwise_k2_s2", {1, 9, 7, 20}, {9, 1, 2, 2}, {.stride = 2, .groups = 9}},
    {"depthwise_k1_s2_phases_without_taps",
     {1, 9, 7, 20},
     {9, 1, 1, 1},
     {.stride = 2, .output_padding = 1, .groups = 9}},
    {"depthwise_k5_s3_odd_width", {1, 9, 7, 13}, {9, 1, 5, 5}, {.stride = 3, .padding = 1, .groups = 9}},
    {"depthwise_k8_s4", {1, 9, 6, 9}, {9, 1, 8, 8}, {.stride = 4, .padding = 2, .groups = 9}},
    {"depthwise_one_column", {1, 9, 5, 1}, {9, 1, 3, 3}, {.stride = 2, .padding = 1, .groups = 9}},
    {"depthwise_stride_above_kernel", {1, 9, 4, 5}, {9, 1, 2, 3}, {.stride = {5, 4}, .output_padding = 3, .groups = 9}},
    {"depthwise_dilation_shares_factor_with_stride",
     {1, 9, 6, 11},
     {9, 1, 3, 3},
     {.stride = 2, .padding = 2, .groups = 9, .dilation = 2}},
    {"depthwise_dilation_coprime_to_stride",
     {1, 9, 6, 11},
     {9, 1, 3, 3},
     {.stride = 2, .padding = 2, .groups = 9, .dilation = 3}},
    {"depthwise_blocks_of_lines", {1, 9, 120, 30}, {9, 1, 4, 4}, {.stride = 2, .padding = 1, .groups = 9}},
    {"depthwise_blocks_of_columns", {1, 9, 2, 2000}, {9, 1, 4, 4}, {.stride = 2, .padding = 1, .groups = 9}},
    {"groups_of_2_in_3_out", {1, 18, 6, 11}, {18, 3, 4, 4}, {.stride = 2, .padding = 1, .groups = 9}},
    {"one_row", {1, 3, 1, 40}, {3, 4, 1, 4}, {.stride = {1, 2}}},
    {"one_column", {1, 3, 40, 1}, {3, 4, 4, 1}, {.stride = {2, 1}}},
    {"one_pixel_becomes_an_image", {1, 30, 1, 1}, {30, 8, 4, 4}},
    {"few_output_channels", {1, 32, 6, 7}, {32, 3, 3, 3}, {.stride = 2, .padding = 1}},
    {"line_longer_than_a_block_of_columns", {1, 2, 2, 1100}, {2, 3, 3, 3}, {.stride = 2}},
    {"huge_stride_one_pixel", {1, 2, 1, 1}, {2, 3, 3, 2}, {.stride = tf::index_t{1} << 40}},
    {"huge_stride_rows_of_bias_only",
     {1, 2, 1, 1},
     {2, 3, 3, 2},
     {.stride = tf::index_t{1} << 40, .output_padding = 4}},
    {"k_is_one_more_than_kc", {1, 257, 3, 4}, {257, 5, 2, 2}, {.stride = 2}},
    {"several_kc_cut_within_a_channel", {1, 40, 4, 5}, {40, 9, 5, 5}, {}},
    {"several_kc_of_phases", {1, 150, 4, 5}, {150, 9, 4, 4}, {.stride = 2, .padding = 1}},
    {"rows_of_several_mc", {1, 3, 4, 5}, {3, 130, 4, 4}, {.stride = 2}},
    {"columns_of_several_nc", {1, 3, 29, 30}, {3, 4, 3, 3}, {.stride = 2}},
};

}  // namespace tenfold_test
