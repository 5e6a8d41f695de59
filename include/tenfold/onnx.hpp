// The rules of ONNX operators that have no counterpart in PyTorch.
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
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

constexpr bool operator==(const onnx_pads& a, const onnx_pads& b) { return a.begin == b.begin && a.end == b.end; }

namespace detail {

struct onnx_axis_pads {
  index_t begin;
  index_t end;
};

constexpr onnx_axis_pads split_onnx_padding(index_t total, onnx_auto_pad auto_pad) {
  if (total < 0) return {0, total};
  const index_t less = total / 2;
  const index_t more = total - less;
  return auto_pad == onnx_auto_pad::same_upper ? onnx_axis_pads{less, more} : onnx_axis_pads{more, less};
}

constexpr index_t onnx_total_padding(index_t output, index_t input, index_t kernel, index_t stride, index_t dilation,
                                     index_t output_padding) {
  const index_t spread = checked_multiply(stride, input - 1);
  return checked_subtract(checked_add(checked_add(spread, output_padding), effective_kernel(kernel, dilation)), output);
}

constexpr void check_onnx_setting(const char* name, const hw& setting, index_t least) {
  if (setting.h < least || setting.w < least)
    raise({"onnx_conv_transpose_pads: ", name, " should be at least ", least, ", but got ", setting});
}

constexpr void check_onnx_conv_transpose(const hw& input, const hw& kernel, const onnx_conv_transpose_options& o) {
  check_onnx_setting("input", input, 1);
  check_onnx_setting("kernel", kernel, 1);
  check_onnx_setting("stride", o.stride, 1);
  check_onnx_setting("dilation", o.dilation, 1);
  check_onnx_setting("output_padding", o.output_padding, 0);
}

}  // namespace detail

/// The pads of ONNX's ConvTranspose (opset 11 and later) that make its output of the given height and width.
///
///     total = stride * (input - 1) + output_padding + (kernel - 1) * dilation + 1 - output_shape
///     same_upper: begin = total / 2,          end = total - total / 2
///     else:       begin = total - total / 2,  end = total / 2
///
/// A negative total, of which the specification says nothing, is all at the end, where ONNX's own test of output_shape
/// has it: begin = 0, end = total. The kernel is the weight's last two dimensions.
///
/// conv_transpose2d takes one padding for both sides; the rest is cropped. For each dimension
///
///     padding = min(begin, max(end, 0)),  output_padding += max(-end, 0)
///
/// and of the result the first begin - padding lines and the last max(end, 0) - padding are left out (one line at
/// most). Without groups, aten::slow_conv_transpose2d needs no crop where end >= begin, because it takes a negative
/// output_padding: padding = begin, output_padding += begin - end.
///
/// An output_shape may ask for more lines than that: both refuse an output_padding that is neither below the stride nor
/// below the dilation, as PyTorch does. No product reaches such lines: give the greatest output_padding that is taken,
/// and append the missing lines with the bias in them.
constexpr onnx_pads onnx_conv_transpose_pads(const hw& output_shape, const hw& input, const hw& kernel,
                                             const onnx_conv_transpose_options& options = {}) {
  const onnx_conv_transpose_options& o = options;
  detail::check_onnx_setting("output_shape", output_shape, 1);
  detail::check_onnx_conv_transpose(input, kernel, o);
  const auto h = detail::split_onnx_padding(
      detail::onnx_total_padding(output_shape.h, input.h, kernel.h, o.stride.h, o.dilation.h, o.output_padding.h),
      o.auto_pad);
  const auto w = detail::split_onnx_padding(
      detail::onnx_total_padding(output_shape.w, input.w, kernel.w, o.stride.w, o.dilation.w, o.output_padding.w),
      o.auto_pad);
  return {{h.begin, w.begin}, {h.end, w.end}};
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
