// Paddings by the rules of ONNX and TensorFlow that have no counterpart in PyTorch.
#pragma once

#include <tenfold/detail/geometry.hpp>

namespace tenfold::inline v0 {

#if defined(__GNUC__)  // g++ 12 takes a scoped enumerator for one that shadows the `valid` of conv2d's padding
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
/// ONNX's auto_pad.
enum class onnx_auto_pad { notset, same_upper, same_lower, valid };
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/// The attributes of ONNX's ConvTranspose that its pads follow from.
struct onnx_conv_transpose_options {
  hw stride = 1;
  hw dilation = 1;
  hw output_padding = 0;
  onnx_auto_pad auto_pad = onnx_auto_pad::notset;
};

/// ONNX's pads: {begin.h, begin.w, end.h, end.w}.
struct onnx_pads {
  hw begin;
  hw end;

  TENFOLD_TAG constexpr operator pads() const {  // NOLINT(google-explicit-constructor)
    return {begin.h, begin.w, end.h, end.w};
  }
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

constexpr bool operator==(const onnx_pads& a, const onnx_pads& b) { return a.begin == b.begin && a.end == b.end; }

namespace detail {

constexpr pads split_onnx_padding(const hw& total, onnx_auto_pad auto_pad) {
  const auto begin_of = [&](index_t all) -> index_t {
    if (all < 0) return 0;
    return auto_pad == onnx_auto_pad::same_upper ? all / 2 : all - all / 2;
  };
  const hw begin{begin_of(total.h), begin_of(total.w)};
  return {begin.h, begin.w, total.h - begin.h, total.w - begin.w};
}

constexpr index_t onnx_total_padding(index_t output, index_t input, index_t kernel, index_t stride, index_t dilation,
                                     index_t output_padding) {
  const index_t spread = checked_multiply(stride, input - 1);
  return checked_subtract(checked_add(checked_add(spread, output_padding), effective_kernel(kernel, dilation)), output);
}

constexpr void check_pads_setting(const char* op, const char* name, const hw& setting, index_t least) {
  if (setting.h < least || setting.w < least)
    raise({op, ": ", name, " should be at least ", least, ", but got ", setting});
}

constexpr void check_pads_settings(const char* op, const hw& input, const hw& kernel, const hw& stride,
                                   const hw& dilation) {
  check_pads_setting(op, "input", input, 1);
  check_pads_setting(op, "kernel", kernel, 1);
  check_pads_setting(op, "stride", stride, 1);
  check_pads_setting(op, "dilation", dilation, 1);
}

constexpr void check_onnx_conv_transpose(const hw& input, const hw& kernel, const onnx_conv_transpose_options& o) {
  check_pads_settings("onnx_conv_transpose_pads", input, kernel, o.stride, o.dilation);
  check_pads_setting("onnx_conv_transpose_pads", "output_padding", o.output_padding, 0);
}

/// The lines that the last of ceil(input / stride) windows lacks, where the first begins with the input.
constexpr index_t same_total_padding(index_t input, index_t kernel, index_t stride, index_t dilation) {
  const index_t span = effective_kernel(kernel, dilation);
  const index_t last = (input - 1) / stride * stride;
  return span > input - last ? span - (input - last) : 0;
}

constexpr pads auto_pads(const char* op, onnx_auto_pad auto_pad, const hw& input, const hw& kernel, const hw& stride,
                         const hw& dilation) {
  check_pads_settings(op, input, kernel, stride, dilation);
  if (auto_pad != onnx_auto_pad::same_upper && auto_pad != onnx_auto_pad::same_lower) return {};
  return split_onnx_padding({same_total_padding(input.h, kernel.h, stride.h, dilation.h),
                             same_total_padding(input.w, kernel.w, stride.w, dilation.w)},
                            auto_pad);
}

}  // namespace detail

/// The padding that auto_pad means for ONNX's Conv and pools: their output has ceil(input / stride) lines then.
///
///     total = max(0, (ceil(input / stride) - 1) * stride + (kernel - 1) * dilation + 1 - input)
///     same_upper: begin = total / 2,          end = total - total / 2
///     same_lower: begin = total - total / 2,  end = total / 2
///     else none (of notset the node's attribute `pads` tells)
///
/// conv2d takes every such padding; max_pool2d takes half of the kernel on each side, which is enough without dilation.
constexpr pads onnx_auto_pads(onnx_auto_pad auto_pad, const hw& input, const hw& kernel, const hw& stride = 1,
                              const hw& dilation = 1) {
  return detail::auto_pads("onnx_auto_pads", auto_pad, input, kernel, stride, dilation);
}

/// The padding that TensorFlow's 'SAME' means for an input of this height and width: that of same_upper.
constexpr pads tensorflow_same_pads(const hw& input, const hw& kernel, const hw& stride = 1, const hw& dilation = 1) {
  return detail::auto_pads("tensorflow_same_pads", onnx_auto_pad::same_upper, input, kernel, stride, dilation);
}

/// The pads of ONNX's ConvTranspose (opset 11 and later) that make its output of the given height and width.
///
///     total = stride * (input - 1) + output_padding + (kernel - 1) * dilation + 1 - output_shape
///     same_upper: begin = total / 2,          end = total - total / 2
///     else:       begin = total - total / 2,  end = total / 2
///
/// A negative total, of which the specification says nothing, is all at the end, where ONNX's own test of output_shape
/// has it: begin = 0, end = total. The kernel is the weight's last two dimensions.
///
/// conv_transpose2d takes them as its padding, but for a negative end, which is more output_padding:
///
///     padding = {top, left, max(bottom, 0), max(right, 0)},  output_padding += {max(-bottom, 0), max(-right, 0)}
///
/// An output_shape may ask for more lines than that: it refuses an output_padding that is neither below the stride nor
/// below the dilation, as PyTorch does. No product reaches such lines: give the greatest output_padding that is taken,
/// and append the missing lines with the bias in them.
constexpr onnx_pads onnx_conv_transpose_pads(const hw& output_shape, const hw& input, const hw& kernel,
                                             const onnx_conv_transpose_options& options = {}) {
  const onnx_conv_transpose_options& o = options;
  detail::check_pads_setting("onnx_conv_transpose_pads", "output_shape", output_shape, 1);
  detail::check_onnx_conv_transpose(input, kernel, o);
  const pads sides = detail::split_onnx_padding(
      {detail::onnx_total_padding(output_shape.h, input.h, kernel.h, o.stride.h, o.dilation.h, o.output_padding.h),
       detail::onnx_total_padding(output_shape.w, input.w, kernel.w, o.stride.w, o.dilation.w, o.output_padding.w)},
      o.auto_pad);
  return {{sides.top, sides.left}, {sides.bottom, sides.right}};
}

/// The same where the node has no output_shape: same_upper and same_lower make it input * stride; else there is no
/// padding but the one that the node's attribute `pads` gives.
constexpr onnx_pads onnx_conv_transpose_pads(std::nullopt_t, const hw& input, const hw& kernel,
                                             const onnx_conv_transpose_options& options = {}) {
  detail::check_onnx_conv_transpose(input, kernel, options);
  if (options.auto_pad == onnx_auto_pad::notset || options.auto_pad == onnx_auto_pad::valid) return {0, 0};
  const hw output_shape{detail::checked_multiply(input.h, options.stride.h),
                        detail::checked_multiply(input.w, options.stride.w)};
  return onnx_conv_transpose_pads(output_shape, input, kernel, options);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
