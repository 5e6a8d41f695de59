// conv_transpose2d: options, checks, the operation, and ATen's kernel under its own name.
#pragma once

#include <tenfold/detail/convolution/backward.hpp>

namespace tenfold::inline v0 {

/// The settings of torch.nn.functional.conv_transpose2d, and nn.ConvTranspose2d's output_size.
struct conv_transpose2d_options {
  hw stride = 1;
  /// What is cropped, of each side by itself.
  padding2d padding = 0;
  hw output_padding = 0;
  /// The height and width wanted; output_padding follows from it (and may not be given besides).
  std::optional<hw> output_size = {};
  index_t groups = 1;
  hw dilation = 1;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// (in - 1) * stride - begin - end + dilation * (kernel - 1) + 1: the size without output_padding.
constexpr index_t transposed_size(index_t in, index_t stride, index_t begin, index_t end, index_t dilation,
                                  index_t kernel) {
  const index_t spread = checked_multiply(checked_subtract(in, 1), stride);
  return checked_add(checked_subtract(spread, both_sides(begin, end)), effective_kernel(kernel, dilation));
}

constexpr hw transposed_size(const hw& in, const hw& stride, const pads& padding, const hw& dilation,
                             const hw& kernel) {
  return {transposed_size(in.h, stride.h, padding.top, padding.bottom, dilation.h, kernel.h),
          transposed_size(in.w, stride.w, padding.left, padding.right, dilation.w, kernel.w)};
}

/// Advice for who wants a size outside the range; empty where the range has no positive size.
TENFOLD_COLD inline std::string output_size_hint(const hw& want, const hw& least, const hw& most,
                                                 const window_form& form) {
  const hw first{std::max<index_t>(1, least.h), std::max<index_t>(1, least.w)};
  if (first.h > most.h || first.w > most.w) return {};
  const hw nearest{std::clamp(want.h, first.h, most.h), std::clamp(want.w, first.w, most.w)};
  return join({"the nearest output size is ", form.own_text(nearest),
               ": output_padding = ", form.own_text({nearest.h - least.h, nearest.w - least.w})});
}

/// The output_padding by which nn.ConvTranspose2d.forward(x, output_size) reaches the size wanted. It looks at the
/// input before anything is checked: what is not 4-D counts as unbatched, and its sizes 1 and 2 as the image.
constexpr hw infer_output_padding(const shape& input, const shape& weight, const conv_transpose2d_options& o,
                                  const window_form& form) {
  if (!o.output_size) return o.output_padding;
  if (!(o.output_padding == hw(0))) raise("output_size and output_padding exclude each other: give one of them");
  if (weight.size() != 4) return 0;  // the checks that follow name the mistake
  const std::size_t first = input.size() == 4 ? 2 : 1;
  const shape own = form.own_dimensions(input);
  if (own.empty()) raise({"Dimension specified as ", first, " but tensor has no dimensions"});
  if (input.size() < first + 2)
    raise({"Dimension out of range (expected to be in range of [-", own.size(), ", ", own.size() - 1, "], but got ",
           own.size(), ")"});
  const hw in{form.is_1d ? 1 : own[first], own[form.is_1d ? first : first + 1]};
  const hw least = transposed_size(in, o.stride, o.padding, o.dilation, {weight[2], weight[3]});
  const hw most{checked_add(least.h, checked_subtract(o.stride.h, 1)),
                checked_add(least.w, checked_subtract(o.stride.w, 1))};
  const hw& want = *o.output_size;
  if (want.h < least.h || want.h > most.h || want.w < least.w || want.w > most.w)
    raise({"requested an output size of ", form.own_text(want), ", but valid sizes range from ", form.own_text(least),
           " to ", form.own_text(most), " (for an input of torch.Size(", shape(std::span(own.begin() + 2, own.end())),
           "))"},
          output_size_hint(want, least, most, form));
  return {want.h - least.h, want.w - least.w};
}

/// The checks of ATen's slow_conv_transpose2d on the settings, in its order; `weight` is one group's.
constexpr void check_transposed_settings(const shape& weight, const hw& kernel, const hw& stride, const hw& dilation,
                                         const hw& output_padding) {
  if (kernel.h <= 0 || kernel.w <= 0)
    raise({"kernel size should be greater than zero, but got kernel_height: ", kernel.h, " kernel_width: ", kernel.w});
  if (stride.h <= 0 || stride.w <= 0)
    raise({"stride should be greater than zero, but got stride_height: ", stride.h, " stride_width: ", stride.w});
  if (dilation.h <= 0 || dilation.w <= 0)
    raise({"dilation should be greater than zero, but got dilation_height: ", dilation.h,
           ", dilation_width: ", dilation.w});
  const bool reachable = (output_padding.w < stride.w || output_padding.w < dilation.w) &&
                         (output_padding.h < stride.h || output_padding.h < dilation.h);
  if (!reachable)
    raise({"output padding must be smaller than either stride or dilation, but got output_padding_height: ",
           output_padding.h, " output_padding_width: ", output_padding.w, " stride_height: ", stride.h,
           " stride_width: ", stride.w, " dilation_height: ", dilation.h, " dilation_width: ", dilation.w});
  if (weight.elements() == 0 || (weight.size() != 2 && weight.size() != 4))
    raise({"non-empty 2D or 4D weight tensor expected, but got: ", weight});
}

constexpr void check_transposed_output(const hw& in, const hw& out) {
  if (out.h < 1 || out.w < 1)
    raise({"Given input size per channel: (", in.h, " x ", in.w, "). Calculated output size per channel: (", out.h,
           " x ", out.w, "). Output size is too small"});
}

/// An empty batch: PyTorch only makes a tensor of the size that the formula gives.
constexpr void check_empty_transposed_output(index_t channels, const hw& out) {
  const shape result{0, channels, out.h, out.w};
  for (std::size_t d = 2; d < 4; ++d)
    if (result[d] < -1) raise({"invalid shape dimension ", result[d], " at index ", d, " of shape ", result});
  if (out.h == -1 && out.w == -1) raise("only one dimension can be inferred");
  if (out.h == -1 || out.w == -1)
    raise({"cannot reshape tensor of 0 elements into shape ", result,
           " because the unspecified dimension size -1 can be any value and is ambiguous"});
}

/// The checks of conv_transpose2d in PyTorch's order, or of conv_transpose1d, as check_conv2d has it.
constexpr convolution_geometry check_conv_transpose2d(const shape& input, const shape& weight,
                                                      const std::optional<shape>& bias,
                                                      const conv_transpose2d_options& o,
                                                      const window_form& form = two_dimensions) {
  const hw output_padding = infer_output_padding(input, weight, o, form);
  check_input_rank("conv_transpose", input, form);
  check_weight_rank(weight, form);
  check_groups(o.groups);
  if (!form.is_1d) {
    check_pair_fits_weight("stride", o.stride, weight);
    check_pair_fits_weight("padding", begin_of(o.padding), weight);
    check_pair_fits_weight("dilation", o.dilation, weight);
    check_pair_fits_weight("output_padding", output_padding, weight);
  }
  check_padding_not_negative(o.padding);
  if (output_padding.h < 0 || output_padding.w < 0) raise("negative output_padding is not supported");
  if (o.stride.h <= 0 || o.stride.w <= 0) raise("non-positive stride is not supported");
  if (o.dilation.h < 0 || o.dilation.w < 0) raise("dilation should be greater than zero");
  const shape in = batched(input);
  check_weight_fits_rank(in, weight, form);
  check_weight_groups(o.groups, weight, form);
  check_padding_doubles(o.padding, form);
  if (in[1] != weight[0])
    raise({"Given transposed=1, weight of size ", form.own_dimensions(weight), ", expected input",
           form.own_dimensions(in), " to have ", weight[0], " channels, but got ", in[1], " channels instead"},
          conv_transpose_channels_hint(weight, in[1], form));
  const index_t channels = checked_multiply(weight[1], o.groups);
  check_bias("transposed=1, ", weight, bias, channels, form);
  check_not_empty(in);
  check_weight_of_empty_batch(in, weight);

  convolution_geometry g{};
  g.batch = in[0];
  g.groups = o.groups;
  g.in_channels = weight[0] / o.groups;
  g.out_channels = weight[1];
  g.in = last_two(input);
  g.kernel = {weight[2], weight[3]};
  g.stride = o.stride;
  g.padding = begin_of(o.padding);
  g.dilation = o.dilation;
  if (in[0] != 0)
    check_transposed_settings({weight[0] / o.groups, weight[1], weight[2], weight[3]}, g.kernel, o.stride, o.dilation,
                              output_padding);
  const hw least = transposed_size(g.in, o.stride, o.padding, o.dilation, g.kernel);
  g.out = {checked_add(least.h, output_padding.h), checked_add(least.w, output_padding.w)};
  if (in[0] == 0)
    check_empty_transposed_output(channels, g.out);
  else
    check_transposed_output(g.in, g.out);
  g.output_shape = form.own_dimensions(convolution_output_shape(input, channels, g.out));
  return g;
}

}  // namespace detail

/// The shape that conv_transpose2d gives, or the error that it raises; usable at compile time.
constexpr shape conv_transpose2d_output_shape(const shape& input, const shape& weight,
                                              const conv_transpose2d_options& options = {}) {
  detail::check_not_negative(input);
  detail::check_not_negative(weight);
  return detail::check_conv_transpose2d(input, weight, std::nullopt, options).output_shape;
}

namespace detail {

struct conv_transpose2d_op {
  using options = conv_transpose2d_options;
  static constexpr const char* name = "conv_transpose2d";
  static constexpr const char* backward_name = "conv_transpose2d_backward";
  static constexpr bool transposed = true;

  static convolution_geometry checked(const shape& input, const shape& weight, const std::optional<shape>& bias,
                                      const options& o) {
    return check_conv_transpose2d(input, weight, bias, o);
  }

  static void check_gradient(const shape& grad_output, const shape& input, index_t channels, const hw& out,
                             const options&) {
    check_gradient_rank(grad_output, input);
    check_gradient_sizes(batched(grad_output), batched(input)[0], channels, out);
  }

  /// The input that asks the least: if check refuses it, then every input. What an image passes, an empty batch of it
  /// does, of which neither the dilation nor the output_padding are checked. With
  ///     least(H) = (H - 1) stride - crops + span,  crops = top + bottom
  /// its lines H >= 0 must fulfil 0 <= least(H) + output_padding, or least(H) <= output_size < least(H) + stride. One H
  /// alone does the latter. Of the former the least H is in order or none is, as the steps of the sum overflow with a
  /// larger one, too; but for -stride - crops, which is H = 0's alone. That least H is the one that would do for
  /// output_size = stride - 1 - output_padding.
  static constexpr shape some_input(const shape& weight, const options& o) {
    if (weight.size() != 4) return {0, 1, 1, 1};
    const std::optional<hw>& size = o.output_size;
    return {0, weight[0],
            some_lines(weight[2], o.stride.h, o.padding.h, pads(o.padding).bottom, o.dilation.h, o.output_padding.h,
                       size ? &size->h : nullptr),
            some_lines(weight[3], o.stride.w, o.padding.w, pads(o.padding).right, o.dilation.w, o.output_padding.w,
                       size ? &size->w : nullptr)};
  }

  /// `size` is null where there is none.
  static constexpr index_t some_lines(index_t kernel, index_t stride, index_t begin, index_t end, index_t dilation,
                                      index_t output_padding, const index_t* size) {
    index_t span = 0;
    const bool sane = effective_kernel_fits(kernel, dilation, span) && span > 0 && stride > 0 && is_addable(begin) &&
                      is_addable(end) && output_padding >= 0 && (!size || *size >= 0);
    if (!sane) return 1;
    const auto u = [](index_t i) { return static_cast<std::uint64_t>(i); };  // holds sums of two
    const std::uint64_t above = (size ? u(*size) : u(stride) - 1) + u(begin + end);
    const std::uint64_t below = u(span) + (size ? 0 : u(output_padding));
    if (above >= below) return static_cast<index_t>((std::min)((above - below) / u(stride), u(INT64_MAX - 1))) + 1;
    return u(stride) + u(begin + end) <= u(INT64_MAX) + 1 ? 0 : 1;
  }
};

}  // namespace detail

/// Transposed 2-D convolution, as torch.nn.functional.conv_transpose2d.
///
///     output[n, o, oh, ow] = bias[o] + sum of input[n, c, ih, iw] * weight[c, o, i, j]
///     over all c, i, j, ih, iw with  oh = ih * stride.h - padding.top + i * dilation.h,  ow likewise;
///     c runs over the channels of o's group
///
/// input   (N, C, H, W) or (C, H, W)
/// weight  (C, O / groups, kh, kw)
/// bias    (O); optional by overload
/// returns (N, O, OH, OW) or (O, OH, OW)
///         with OH = (H - 1) * stride.h - padding.top - padding.bottom + dilation.h * (kh - 1) + output_padding.h + 1,
///         or OH = output_size.h, for which the output_padding is inferred
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  a stride-1 convolution for each class of output phases: see detail/convolution/products.hpp
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
auto conv_transpose2d(const Input& input, const Weight& weight, const Bias& bias,
                      const conv_transpose2d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv_transpose2d_op, T>(detail::const_view(input), detail::const_view(weight),
                                                             detail::const_view(bias), options, ctx);
}
template <tensor_like Input, tensor_like Weight>
auto conv_transpose2d(const Input& input, const Weight& weight, const conv_transpose2d_options& options = {},
                      const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv_transpose2d_op, T>(detail::const_view(input), detail::const_view(weight), {},
                                                             options, ctx);
}

/// conv_transpose2d into an output of conv_transpose2d_output_shape, which may not overlap the inputs. Allocates
/// nothing when the context carries a workspace of conv_transpose2d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
void conv_transpose2d_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias,
                           const conv_transpose2d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv_transpose2d_op, T>(
      as_view(output), detail::const_view(input), detail::const_view(weight), detail::const_view(bias), options, ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Weight>
void conv_transpose2d_into(Output&& output, const Input& input, const Weight& weight,
                           const conv_transpose2d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv_transpose2d_op, T>(as_view(output), detail::const_view(input),
                                                           detail::const_view(weight), {}, options, ctx);
}

/// The bytes of workspace that conv_transpose2d_into needs with this context; a bias needs none.
template <tensor_like Input, tensor_like Weight>
index_t conv_transpose2d_workspace_bytes(const Input& input, const Weight& weight,
                                         const conv_transpose2d_options& options = {},
                                         const context& ctx = default_context()) {
  return detail::convolution_workspace_bytes<detail::conv_transpose2d_op, element_of<Input>>(
      detail::const_view(input).shape(), detail::const_view(weight).shape(), options, ctx);
}
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
index_t conv_transpose2d_workspace_bytes(const Input& input, const Weight& weight, const Bias&,
                                         const conv_transpose2d_options& options = {},
                                         const context& ctx = default_context()) {
  return conv_transpose2d_workspace_bytes(input, weight, options, ctx);
}

/// The gradients of conv_transpose2d, as torch.ops.aten.convolution_backward with transposed = True.
///
///     grad_input[n, c, ih, iw]  = sum of grad_output[n, o, oh, ow] * weight[c, o, i, j] over all o, i, j
///     grad_weight[c, o, i, j]   = sum of input[n, c, ih, iw] * grad_output[n, o, oh, ow] over all n, ih, iw
///     grad_bias[o]              = sum of grad_output[n, o, oh, ow] over all n, oh, ow
///     with oh, ow as in conv_transpose2d
///
/// grad_output (N, O, OH, OW) or (O, OH, OW), the result's shape
/// input, weight, options as in conv_transpose2d
/// wanted  which of them to compute
/// returns {grad_input, grad_weight, grad_bias}, of the shapes of input, weight and (O); empty where not wanted
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  a convolution for the input, and a product that sums over pixels: see detail/convolution/weight_gradient.hpp
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> conv_transpose2d_backward(const GradOutput& grad_output, const Input& input,
                                                                   const Weight& weight,
                                                                   const conv_transpose2d_options& options = {},
                                                                   const gradients& wanted = {},
                                                                   const context& ctx = default_context()) {
  return detail::backward_call<detail::conv_transpose2d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .result(ctx);
}

/// conv_transpose2d_backward into tensors of these shapes, which may not overlap what it reads; those not wanted may be
/// anything. With wanted.beta = 1 it adds to grad_weight and grad_bias. Allocates nothing when the context carries a
/// workspace of conv_transpose2d_backward_workspace_bytes.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
void conv_transpose2d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                    const GradOutput& grad_output, const Input& input, const Weight& weight,
                                    const conv_transpose2d_options& options = {}, const gradients& wanted = {},
                                    const context& ctx = default_context()) {
  detail::backward_call<detail::conv_transpose2d_op, element_of<Input>>(
      detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The bytes of workspace that conv_transpose2d_backward_into needs with this context.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
index_t conv_transpose2d_backward_workspace_bytes(const GradOutput& grad_output, const Input& input,
                                                  const Weight& weight, const conv_transpose2d_options& options = {},
                                                  const gradients& wanted = {},
                                                  const context& ctx = default_context()) {
  return detail::backward_call<detail::conv_transpose2d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .workspace_bytes(ctx);
}

namespace aten {

/// The settings of ATen's kernel, checked in its order.
namespace detail {

using namespace tenfold::detail;

struct slow_conv_transpose2d_op : conv_transpose2d_op {
  struct options {
    hw kernel_size;
    hw stride;
    hw padding;
    hw output_padding;
    hw dilation;
  };
  static constexpr const char* name = "slow_conv_transpose2d";
  static constexpr const char* backward_name = "slow_conv_transpose2d_backward";

  static constexpr convolution_geometry checked(const shape& input, const shape& weight,
                                                const std::optional<shape>& bias, const options& o) {
    check_transposed_settings(weight, o.kernel_size, o.stride, o.dilation, o.output_padding);
    if (weight.size() != 4 || !(last_two(weight) == o.kernel_size))
      raise({"slow_conv_transpose2d: kernel_size ", o.kernel_size, " is not that of the weight, ", weight});
    if (bias) check_dim_size(*bias, 1, 0, weight[1]);
    if ((input.size() != 3 && input.size() != 4) || input.elements() == 0)
      raise({"non-empty 3D or 4D input tensor expected but got a tensor with size ", input});
    convolution_geometry g{};
    const shape in = batched(input);
    g.in = last_two(input);
    const hw least = transposed_size(g.in, o.stride, padding2d(o.padding), o.dilation, o.kernel_size);
    g.out = {checked_add(least.h, o.output_padding.h), checked_add(least.w, o.output_padding.w)};
    check_transposed_output(g.in, g.out);
    check_dim_size(input, input.size(), input.size() - 3, weight[0]);
    g.batch = in[0];
    g.in_channels = weight[0];
    g.out_channels = weight[1];
    g.kernel = o.kernel_size;
    g.stride = o.stride;
    g.padding = o.padding;
    g.dilation = o.dilation;
    g.output_shape = {in[0], weight[1], g.out.h, g.out.w};
    return g;
  }

  /// The result of an unbatched input has a batch of 1, and so its gradient.
  static void check_gradient(const shape& grad_output, const shape& input, index_t channels, const hw& out,
                             const options&) {
    check_gradient_rank(grad_output, batched(input));
    check_gradient_sizes(grad_output, batched(input)[0], channels, out);
  }
};

}  // namespace detail

/// The shape that slow_conv_transpose2d gives, or the error that it raises; usable at compile time.
constexpr shape slow_conv_transpose2d_output_shape(const shape& input, const shape& weight, const hw& kernel_size,
                                                   const hw& stride = 1, const hw& padding = 0,
                                                   const hw& output_padding = 0, const hw& dilation = 1) {
  detail::check_not_negative(input);
  detail::check_not_negative(weight);
  return detail::slow_conv_transpose2d_op::checked(input, weight, std::nullopt,
                                                   {kernel_size, stride, padding, output_padding, dilation})
      .output_shape;
}

/// torch.ops.aten.slow_conv_transpose2d: the kernel behind conv_transpose2d under its own name, with its own order of
/// checks, its own texts and its own habits: no groups, negative padding and output_padding are taken as the formula
/// has them, an empty batch is refused, and an unbatched input answers (1, O, OH, OW). Where PyTorch would read other
/// memory (a kernel_size that is not the weight's, a weight of rank 2) it raises. Settings are not narrowed to 32 bits.
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
auto slow_conv_transpose2d(const Input& input, const Weight& weight, const hw& kernel_size, const Bias& bias,
                           const hw& stride = 1, const hw& padding = 0, const hw& output_padding = 0,
                           const hw& dilation = 1, const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::slow_conv_transpose2d_op, T>(
      detail::const_view(input), detail::const_view(weight), detail::const_view(bias),
      {kernel_size, stride, padding, output_padding, dilation}, ctx);
}
template <tensor_like Input, tensor_like Weight>
auto slow_conv_transpose2d(const Input& input, const Weight& weight, const hw& kernel_size, const hw& stride = 1,
                           const hw& padding = 0, const hw& output_padding = 0, const hw& dilation = 1,
                           const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::slow_conv_transpose2d_op, T>(
      detail::const_view(input), detail::const_view(weight), {},
      {kernel_size, stride, padding, output_padding, dilation}, ctx);
}

/// The gradients of slow_conv_transpose2d, as conv_transpose2d_backward's, with its own checks and habits. Those of
/// negative padding and output_padding are computed, which PyTorch refuses.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> slow_conv_transpose2d_backward(
    const GradOutput& grad_output, const Input& input, const Weight& weight, const hw& kernel_size,
    const hw& stride = 1, const hw& padding = 0, const hw& output_padding = 0, const hw& dilation = 1,
    const gradients& wanted = {}, const context& ctx = default_context()) {
  return detail::backward_call<detail::slow_conv_transpose2d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight),
             {kernel_size, stride, padding, output_padding, dilation}, wanted)
      .result(ctx);
}

/// slow_conv_transpose2d_backward into tensors of the shapes of input, weight and (O), as
/// conv_transpose2d_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
void slow_conv_transpose2d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                         const GradOutput& grad_output, const Input& input, const Weight& weight,
                                         const hw& kernel_size, const hw& stride = 1, const hw& padding = 0,
                                         const hw& output_padding = 0, const hw& dilation = 1,
                                         const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::backward_call<detail::slow_conv_transpose2d_op, element_of<Input>>(
      detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight),
      {kernel_size, stride, padding, output_padding, dilation}, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The bytes of workspace that slow_conv_transpose2d_backward_into needs with this context.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
index_t slow_conv_transpose2d_backward_workspace_bytes(const GradOutput& grad_output, const Input& input,
                                                       const Weight& weight, const hw& kernel_size,
                                                       const hw& stride = 1, const hw& padding = 0,
                                                       const hw& output_padding = 0, const hw& dilation = 1,
                                                       const gradients& wanted = {},
                                                       const context& ctx = default_context()) {
  return detail::backward_call<detail::slow_conv_transpose2d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight),
             {kernel_size, stride, padding, output_padding, dilation}, wanted)
      .workspace_bytes(ctx);
}

}  // namespace aten

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
