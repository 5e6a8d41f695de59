// The table of a net's operations: docs/net.md says what they are.
#pragma once

#include <tenfold/detail/net/operators/convolution.hpp>
#include <tenfold/detail/net/operators/elementwise.hpp>
#include <tenfold/detail/net/operators/moves.hpp>
#include <tenfold/detail/net/operators/pooling.hpp>
#include <tenfold/detail/net/operators/reductions.hpp>
#include <tenfold/detail/net/operators/resampling.hpp>
#include <tenfold/detail/net/operators/shapes.hpp>

#include <string_view>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

inline constexpr std::size_t any_number = 0;

/// name, least and most inputs, most outputs, types of the first input, attributes, function.
inline constexpr operation operations[] = {
    {"conv1d", 2, 5, 1, types::float32, convolution_attributes,
     plan_convolution<prepared_conv2d<float>, one_dimension>},
    {"conv2d", 2, 5, 1, types::float32, convolution_attributes,
     plan_convolution<prepared_conv2d<float>, two_dimensions>},
    {"conv_transpose1d", 2, 5, 1, types::float32, conv_transpose_attributes,
     plan_convolution<prepared_conv_transpose2d<float>, one_dimension>},
    {"conv_transpose2d", 2, 5, 1, types::float32, conv_transpose_attributes,
     plan_convolution<prepared_conv_transpose2d<float>, two_dimensions>},
    {"max_pool1d", 1, 1, 2, types::float32, "kernel_size stride padding dilation ceil_mode indices",
     plan_max_pool<one_dimension>},
    {"max_pool2d", 1, 1, 2, types::float32, "kernel_size stride padding dilation ceil_mode indices",
     plan_max_pool<two_dimensions>},
    {"max_unpool1d", 2, 3, 1, types::float32, "kernel_size stride padding output_size indices",
     plan_max_unpool<one_dimension>},
    {"max_unpool2d", 2, 3, 1, types::float32, "kernel_size stride padding output_size indices",
     plan_max_unpool<two_dimensions>},
    {"caffe_unpool2d", 1, 2, 1, types::float32, "unpool_size kernel_size stride mode", plan_caffe_unpool},
    {"avg_pool1d", 1, 1, 1, types::float32,
     "kernel_size stride padding dilation ceil_mode count_include_pad divisor_override", plan_avg_pool<one_dimension>},
    {"avg_pool2d", 1, 1, 1, types::float32,
     "kernel_size stride padding dilation ceil_mode count_include_pad divisor_override", plan_avg_pool<two_dimensions>},
    {"adaptive_avg_pool1d", 1, 1, 1, types::float32, "output_size", plan_adaptive_avg_pool<one_dimension>},
    {"adaptive_avg_pool2d", 1, 1, 1, types::float32, "output_size", plan_adaptive_avg_pool<two_dimensions>},

    {"linear", 2, 3, 1, types::float32, "", plan_linear},
    {"matmul", 2, 2, 1, types::float32, "", plan_matmul},
    {"gemm", 2, 3, 1, types::float32, "alpha beta trans_a trans_b", plan_gemm},
    {"batch_norm", 3, 5, 1, types::float32, "eps", plan_batch_norm},
    {"instance_norm", 1, 3, 1, types::float32, "eps", plan_instance_norm},
    {"group_norm", 1, 3, 1, types::float32, "num_groups eps", plan_group_norm},
    {"layer_norm2d", 1, 3, 1, types::float32, "eps", plan_layer_norm2d},
    {"layer_norm", 1, 3, 1, types::float32, "dim eps", plan_layer_norm},

    {"relu", 1, 1, 1, types::floats, "", plan_relu},
    {"sigmoid", 1, 1, 1, types::floats, "", plan_sigmoid},
    {"tanh", 1, 1, 1, types::floats, "", plan_tanh},
    {"silu", 1, 1, 1, types::floats, "", plan_silu},
    {"hardswish", 1, 1, 1, types::floats, "", plan_hardswish},
    {"leaky_relu", 1, 1, 1, types::floats, "negative_slope", plan_leaky_relu},
    {"prelu", 2, 2, 1, types::floats, "", plan_prelu},
    {"elu", 1, 1, 1, types::floats, "alpha", plan_elu},
    {"gelu", 1, 1, 1, types::floats, "approximate", plan_gelu},
    {"hardsigmoid", 1, 1, 1, types::floats, "alpha beta", plan_hardsigmoid},
    {"clamp", 1, 3, 1, types::numbers, "min max", plan_clamp},
    {"softplus", 1, 1, 1, types::floats, "beta threshold", plan_softplus},
    {"softmax", 1, 1, 1, types::float32, "dim", plan_softmax},
    {"log_softmax", 1, 1, 1, types::float32, "dim", plan_log_softmax},

    {"add", 2, 2, 1, types::numbers, "", plan_add},
    {"sub", 2, 2, 1, types::numbers, "", plan_sub},
    {"mul", 2, 2, 1, types::numbers, "", plan_mul},
    {"div", 2, 2, 1, types::numbers, "", plan_div},
    {"pow", 2, 2, 1, types::numbers, "", plan_pow},
    {"maximum", 2, 2, 1, types::numbers, "", plan_maximum},
    {"minimum", 2, 2, 1, types::numbers, "", plan_minimum},
    {"equal", 2, 2, 1, types::any, "", plan_equal},
    {"less", 2, 2, 1, types::numbers, "", plan_less},
    {"less_equal", 2, 2, 1, types::numbers, "", plan_less_equal},
    {"greater", 2, 2, 1, types::numbers, "", plan_greater},
    {"greater_equal", 2, 2, 1, types::numbers, "", plan_greater_equal},
    {"logical_and", 2, 2, 1, types::any, "", plan_logical_and},
    {"logical_or", 2, 2, 1, types::any, "", plan_logical_or},
    {"logical_xor", 2, 2, 1, types::any, "", plan_logical_xor},
    {"logical_not", 1, 1, 1, types::any, "", plan_logical_not},
    {"neg", 1, 1, 1, types::numbers, "", plan_neg},
    {"abs", 1, 1, 1, types::numbers, "", plan_abs},
    {"sign", 1, 1, 1, types::numbers, "", plan_sign},
    {"exp", 1, 1, 1, types::floats, "", plan_exp},
    {"log", 1, 1, 1, types::floats, "", plan_log},
    {"sqrt", 1, 1, 1, types::floats, "", plan_sqrt},
    {"reciprocal", 1, 1, 1, types::floats, "", plan_reciprocal},
    {"floor", 1, 1, 1, types::floats, "", plan_floor},
    {"ceil", 1, 1, 1, types::floats, "", plan_ceil},
    {"round", 1, 1, 1, types::floats, "", plan_round},
    {"erf", 1, 1, 1, types::floats, "", plan_erf},
    {"where", 3, 3, 1, types::any, "", plan_where},
    {"cast", 1, 1, 1, types::any, "to", plan_cast},

    {"cat", 1, any_number, 1, types::any, "dim", plan_cat},
    {"split", 1, 2, any_number, types::any, "dim split_size", plan_split},
    {"slice", 1, 5, 1, types::any, "starts ends dims steps", plan_slice},
    {"pad", 1, 4, 1, types::numbers, "pads value dims mode", plan_pad},
    {"permute", 1, 1, 1, types::any, "dims", plan_permute},
    {"reshape", 2, 2, 1, types::any, "allowzero", plan_reshape},
    {"flatten", 1, 1, 1, types::any, "start_dim end_dim", plan_flatten},
    {"onnx_flatten", 1, 1, 1, types::any, "dim", plan_onnx_flatten},
    {"squeeze", 1, 2, 1, types::any, "dims", plan_squeeze},
    {"unsqueeze", 1, 2, 1, types::any, "dims", plan_unsqueeze},
    {"expand", 2, 2, 1, types::any, "", plan_expand},
    {"tile", 2, 2, 1, types::any, "", plan_tile},
    {"gather", 2, 2, 1, types::any, "dim", plan_gather},
    {"identity", 1, 1, 1, types::any, "", plan_identity},
    {"contiguous", 1, 1, 1, types::any, "", plan_identity},
    {"pixel_shuffle", 1, 1, 1, types::any, "upscale_factor", plan_pixel_shuffle},
    {"pixel_unshuffle", 1, 1, 1, types::any, "downscale_factor", plan_pixel_unshuffle},
    {"channel_shuffle", 1, 1, 1, types::any, "groups", plan_channel_shuffle},
    {"depth_to_space", 1, 1, 1, types::any, "block_size mode", plan_depth_to_space},
    {"space_to_depth", 1, 1, 1, types::any, "block_size", plan_space_to_depth},

    {"constant_of_shape", 1, 2, 1, types::any, "", plan_constant_of_shape},
    {"arange", 3, 3, 1, types::any, "", plan_arange},
    {"shape", 1, 1, 1, types::any, "start end", plan_shape},
    {"numel", 1, 1, 1, types::any, "", plan_numel},

    {"sum", 1, 2, 1, types::float32_or_int64, "dims keepdim noop_with_empty_dims", plan_sum},
    {"mean", 1, 2, 1, types::float32, "dims keepdim noop_with_empty_dims", plan_mean},
    {"amax", 1, 2, 1, types::float32_or_int64, "dims keepdim noop_with_empty_dims", plan_amax},
    {"amin", 1, 2, 1, types::float32_or_int64, "dims keepdim noop_with_empty_dims", plan_amin},
    {"argmax", 1, 1, 1, types::float32_or_int64, "dim keepdim select_last_index", plan_argmax},
    {"argmin", 1, 1, 1, types::float32_or_int64, "dim keepdim select_last_index", plan_argmin},

    {"upsample_nearest2d", 1, 1, 1, types::any, "output_size scale", plan_upsample_nearest2d},
    {"upsample_nearest_exact2d", 1, 1, 1, types::any, "output_size scale", plan_upsample_nearest_exact2d},
    {"upsample_bilinear2d", 1, 1, 1, types::float32, "output_size scale align_corners antialias",
     plan_upsample_bilinear2d},
    {"upsample_bicubic2d", 1, 1, 1, types::float32, "output_size scale align_corners antialias",
     plan_upsample_bicubic2d},
    {"grid_sample", 2, 2, 1, types::float32, "mode padding_mode align_corners", plan_grid_sample},
    {"onnx_resize", 1, 5, 1, types::float32,
     "coordinate_transformation_mode mode nearest_mode cubic_coeff_a exclude_outside antialias extrapolation_value "
     "keep_aspect_ratio_policy dims",
     plan_onnx_resize},
};

/// Null where there is none of that name.
inline const operation* find_operation(std::string_view name) {
  for (const operation& o : operations)
    if (name == o.name) return &o;
  return nullptr;
}

inline bool has_attribute(const operation& o, std::string_view name) {
  std::string_view rest = o.attributes;
  while (!rest.empty()) {
    const std::size_t end = (std::min)(rest.find(' '), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix((std::min)(end + 1, rest.size()));
  }
  return false;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
