// conv2d: options, checks, the operation.
#pragma once

#include <tenfold/detail/convolution/backward.hpp>

namespace tenfold::inline v0 {

struct same_t {};
struct valid_t {};
/// padding='same': the output has the input's size; an odd element of padding goes to the bottom and the right.
inline constexpr same_t same{};
/// padding='valid': none.
inline constexpr valid_t valid{};

/// The padding of a conv2d: an integer, a pair, pads, `same` or `valid`.
class conv2d_padding {
 public:
  template <std::integral Both>
  TENFOLD_TAG constexpr conv2d_padding(Both both) : sides_(both) {}  // NOLINT(google-explicit-constructor)
  template <std::integral Height, std::integral Width>
  TENFOLD_TAG constexpr conv2d_padding(Height h, Width w) : sides_(h, w) {}
  TENFOLD_TAG constexpr conv2d_padding(const hw& value) : sides_(value) {}     // NOLINT(google-explicit-constructor)
  TENFOLD_TAG constexpr conv2d_padding(const pads& sides) : sides_(sides) {}   // NOLINT(google-explicit-constructor)
  TENFOLD_TAG constexpr conv2d_padding(same_t) : sides_(0), is_same_(true) {}  // NOLINT(google-explicit-constructor)
  TENFOLD_TAG constexpr conv2d_padding(valid_t) : sides_(0) {}                 // NOLINT(google-explicit-constructor)

  TENFOLD_TAG constexpr bool is_same() const { return is_same_; }
  /// 0 for `same`, which depends on the kernel.
  TENFOLD_TAG constexpr pads sides() const { return sides_; }
  /// The pair: what lies before the first row and column.
  TENFOLD_TAG constexpr const hw& value() const { return sides_; }

 private:
  padding2d sides_;
  bool is_same_ = false;
};

/// The settings of torch.nn.functional.conv2d.
struct conv2d_options {
  hw stride = 1;
  conv2d_padding padding = 0;
  hw dilation = 1;
  index_t groups = 1;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// padding='same' as PyTorch does it: an odd line is at the end.
constexpr pads same_pads(const shape& weight, const hw& dilation) {
  const hw total{checked_multiply(dilation.h, weight[2] - 1), checked_multiply(dilation.w, weight[3] - 1)};
  const hw before{total.h / 2, total.w / 2};
  return {before.h, before.w, total.h - before.h, total.w - before.w};
}

constexpr void check_same_padding(const shape& input, const shape& weight, const conv2d_options& o,
                                  const window_form& form) {
  if (weight.size() != input.size()) {
    const shape own = form.own_dimensions(weight), own_input = form.own_dimensions(input);
    raise({"Expected ", own.size(), "-dimensional input for ", own.size(), "-dimensional weight", own, ", but got ",
           own_input.size(), "-dimensional input of size ", own_input, " instead"});
  }
  if (!(o.stride == hw(1))) raise("padding='same' is not supported for strided convolutions");
}

/// Of a convolution that has something to compute; with a dilation PyTorch takes another kernel, and other words.
constexpr void check_not_zero(const hw& kernel, const hw& dilation) {
  if (kernel.h == 0 || kernel.w == 0) {
    if (dilation == hw(1))
      raise(
          {"kernel size should be greater than zero, but got kernel_height: ", kernel.h, " kernel_width: ", kernel.w});
    raise({"kernel size should be greater than zero, but got ", kernel});
  }
  if (dilation.h == 0 || dilation.w == 0) raise({"dilation should be greater than zero, but got ", dilation});
}

/// The checks of conv2d in PyTorch's order; of conv1d, as its form says, with shapes and settings of two dimensions.
/// `bias` is empty where there is none.
constexpr convolution_geometry check_conv2d(const shape& input, const shape& weight, const std::optional<shape>& bias,
                                            const conv2d_options& o, const window_form& form = two_dimensions) {
  check_input_rank("conv", input, form);
  check_weight_rank(weight, form);
  check_groups(o.groups);
  shape in = batched(input);
  pads padding = o.padding.sides();
  if (o.padding.is_same()) {
    check_same_padding(in, weight, o, form);
    const pads same_sides = same_pads(weight, o.dilation);
    padding = padding2d(begin_of(same_sides));
    // PyTorch pads beforehand what is more at the end, and the texts below show the input so.
    in[2] = checked_add(in[2], same_sides.bottom - same_sides.top);
    in[3] = checked_add(in[3], same_sides.right - same_sides.left);
  } else if (!form.is_1d) {
    check_pair_fits_weight("stride", o.stride, weight);
    check_pair_fits_weight("padding", o.padding.value(), weight);
    check_pair_fits_weight("dilation", o.dilation, weight);
  }
  check_padding_not_negative(padding);
  if (o.stride.h <= 0 || o.stride.w <= 0) raise("non-positive stride is not supported");
  if (o.dilation.h < 0 || o.dilation.w < 0) raise("dilation should be greater than zero");
  check_weight_fits_rank(in, weight, form);
  check_weight_groups(o.groups, weight, form);
  const index_t channels = checked_multiply(weight[1], o.groups);
  if (in[1] != channels)
    raise({"Given groups=", o.groups, ", weight of size ", form.own_dimensions(weight), ", expected input",
           form.own_dimensions(in), " to have ", channels, " channels, but got ", in[1], " channels instead"},
          conv_channels_hint(weight, in[1], form));
  check_bias("", weight, bias, weight[0], form);
  check_padding_doubles(padding, form);
  const hw padded{checked_add(in[2], padding.top + padding.bottom), checked_add(in[3], padding.left + padding.right)};
  const hw span{effective_kernel(weight[2], o.dilation.h), effective_kernel(weight[3], o.dilation.w)};
  if (form.is_1d && padded.w < span.w)
    raise({"Calculated padded input size per channel: (", padded.w, "). Kernel size: (", span.w,
           "). Kernel size can't be greater than actual input size"});
  if (padded.h < span.h || padded.w < span.w)
    raise({"Calculated padded input size per channel: (", padded.h, " x ", padded.w, "). Kernel size: (", span.h, " x ",
           span.w, "). Kernel size can't be greater than actual input size"});
  check_not_empty(in);
  const bool empty = in[0] == 0 || in[1] == 0;
  if (in[1] != 0) check_weight_of_empty_batch(in, weight);
  if (!empty) check_not_zero({weight[2], weight[3]}, o.dilation);

  convolution_geometry g{};
  g.batch = in[0];
  g.groups = o.groups;
  g.in_channels = weight[1];
  g.out_channels = in[1] == 0 ? 0 : weight[0] / o.groups;  // PyTorch answers no channels with no channels
  g.in = last_two(input);
  g.kernel = {weight[2], weight[3]};
  g.out = {checked_add(checked_subtract(padded.h, span.h) / o.stride.h, 1),
           checked_add(checked_subtract(padded.w, span.w) / o.stride.w, 1)};
  g.stride = o.stride;
  g.padding = begin_of(padding);
  g.dilation = o.dilation;
  g.output_shape = form.own_dimensions(convolution_output_shape(input, g.out_channels * o.groups, g.out));
  return g;
}

}  // namespace detail

/// The shape that conv2d gives, or the error that it raises; usable at compile time.
constexpr shape conv2d_output_shape(const shape& input, const shape& weight, const conv2d_options& options = {}) {
  detail::check_not_negative(input);
  detail::check_not_negative(weight);
  return detail::check_conv2d(input, weight, std::nullopt, options).output_shape;
}

namespace detail {

struct conv2d_op {
  using options = conv2d_options;
  static constexpr const char* name = "conv2d";
  static constexpr const char* backward_name = "conv2d_backward";
  static constexpr bool transposed = false;

  static convolution_geometry checked(const shape& input, const shape& weight, const std::optional<shape>& bias,
                                      const options& o) {
    return check_conv2d(input, weight, bias, o);
  }

  /// With a dilation PyTorch takes another kernel, and other words.
  static void check_gradient(const shape& grad_output, const shape& input, index_t channels, const hw& out,
                             const options& o) {
    check_gradient_rank(grad_output, input);
    const shape grad = batched(grad_output);
    const index_t batch = batched(input)[0];
    if (o.dilation == hw(1)) return check_gradient_sizes(grad, batch, channels, out);
    if (grad[0] != batch) raise({"grad_output.size(0)=", grad[0], " must be input.size(0)=", batch});
    if (grad[1] != channels) raise({"grad_output.size(1)=", grad[1], " must be weight.size(0)=", channels});
    if (!(last_two(grad) == out))
      raise({"grad_output[2:] shape", last_two(grad), " must be equal to output size ", out.h, " ", out.w});
  }

  /// The input that asks the least: if check refuses it, then every input. What an image passes, an empty batch of it
  /// does, of which neither the kernel nor the dilation need be above 0. Its lines H must fulfil
  ///     H >= 0,  span <= H + top + bottom <= INT64_MAX
  /// and the sums behind that grow with H, too: the least H is in order, or none is. `same` adds span - 1 lines,
  /// however many there are, so that 1 is the least.
  static constexpr shape some_input(const shape& weight, const options& o) {
    if (weight.size() != 4) return {0, 1, 1, 1};
    const pads padding = o.padding.sides();
    const auto lines = [&](index_t kernel, index_t dilation, index_t begin, index_t end) -> index_t {
      index_t span = 0;
      const bool sane = effective_kernel_fits(kernel, dilation, span) && is_addable(begin) && is_addable(end);
      if (!sane || o.padding.is_same()) return 1;
      return span > begin + end ? span - (begin + end) : 0;
    };
    index_t channels = 0;
    multiply_fits(weight[1], o.groups, channels);  // else check says so
    return {0, channels, lines(weight[2], o.dilation.h, padding.top, padding.bottom),
            lines(weight[3], o.dilation.w, padding.left, padding.right)};
  }
};

}  // namespace detail

/// 2-D convolution (cross-correlation), as torch.nn.functional.conv2d.
///
///     output[n, o, oh, ow] = bias[o] + sum over c, i, j of input[n, c, ih, iw] * weight[o, c, i, j]
///     with ih = oh * stride.h - padding.top + i * dilation.h, iw likewise, and 0 outside the image;
///     c runs over the channels of o's group
///
/// input   (N, C, H, W) or (C, H, W)
/// weight  (O, C / groups, kh, kw)
/// bias    (O); optional by overload
/// returns (N, O, OH, OW) or (O, OH, OW)
///         with OH = (H + padding.top + padding.bottom - dilation.h * (kh - 1) - 1) / stride.h + 1
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  an implicit matrix product or, for depthwise and grouped layers, direct sums: see
/// detail/convolution/direct.hpp
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
auto conv2d(const Input& input, const Weight& weight, const Bias& bias, const conv2d_options& options = {},
            const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv2d_op, T>(detail::const_view(input), detail::const_view(weight),
                                                   detail::const_view(bias), options, ctx);
}
template <tensor_like Input, tensor_like Weight>
auto conv2d(const Input& input, const Weight& weight, const conv2d_options& options = {},
            const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv2d_op, T>(detail::const_view(input), detail::const_view(weight), {}, options,
                                                   ctx);
}

/// conv2d into an output of conv2d_output_shape, which may not overlap the inputs. Allocates nothing when the context
/// carries a workspace of conv2d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
void conv2d_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias,
                 const conv2d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv2d_op, T>(as_view(output), detail::const_view(input), detail::const_view(weight),
                                                 detail::const_view(bias), options, ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Weight>
void conv2d_into(Output&& output, const Input& input, const Weight& weight, const conv2d_options& options = {},
                 const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv2d_op, T>(as_view(output), detail::const_view(input), detail::const_view(weight),
                                                 {}, options, ctx);
}

/// The bytes of workspace that conv2d_into needs with this context; a bias needs none.
template <tensor_like Input, tensor_like Weight>
index_t conv2d_workspace_bytes(const Input& input, const Weight& weight, const conv2d_options& options = {},
                               const context& ctx = default_context()) {
  return detail::convolution_workspace_bytes<detail::conv2d_op, element_of<Input>>(
      detail::const_view(input).shape(), detail::const_view(weight).shape(), options, ctx);
}
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
index_t conv2d_workspace_bytes(const Input& input, const Weight& weight, const Bias&,
                               const conv2d_options& options = {}, const context& ctx = default_context()) {
  return conv2d_workspace_bytes(input, weight, options, ctx);
}

/// The gradients of conv2d, as torch.ops.aten.convolution_backward.
///
///     grad_input[n, c, ih, iw]  = sum of grad_output[n, o, oh, ow] * weight[o, c, i, j] over all o, i, j
///     grad_weight[o, c, i, j]   = sum of grad_output[n, o, oh, ow] * input[n, c, ih, iw] over all n, oh, ow
///     grad_bias[o]              = sum of grad_output[n, o, oh, ow] over all n, oh, ow
///     with ih, iw as in conv2d
///
/// grad_output (N, O, OH, OW) or (O, OH, OW), the result's shape
/// input, weight, options as in conv2d
/// wanted  which of them to compute
/// returns {grad_input, grad_weight, grad_bias}, of the shapes of input, weight and (O); empty where not wanted
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  a transposed convolution for the input, and a product that sums over pixels: see
/// detail/convolution/weight_gradient.hpp
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> conv2d_backward(const GradOutput& grad_output, const Input& input,
                                                         const Weight& weight, const conv2d_options& options = {},
                                                         const gradients& wanted = {},
                                                         const context& ctx = default_context()) {
  return detail::backward_call<detail::conv2d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .result(ctx);
}

/// conv2d_backward into tensors of these shapes, which may not overlap what it reads; those not wanted may be anything.
/// With wanted.beta = 1 it adds to grad_weight and grad_bias. Allocates nothing when the context carries a workspace of
/// conv2d_backward_workspace_bytes.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
void conv2d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                          const GradOutput& grad_output, const Input& input, const Weight& weight,
                          const conv2d_options& options = {}, const gradients& wanted = {},
                          const context& ctx = default_context()) {
  detail::backward_call<detail::conv2d_op, element_of<Input>>(
      detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The bytes of workspace that conv2d_backward_into needs with this context.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
index_t conv2d_backward_workspace_bytes(const GradOutput& grad_output, const Input& input, const Weight& weight,
                                        const conv2d_options& options = {}, const gradients& wanted = {},
                                        const context& ctx = default_context()) {
  return detail::backward_call<detail::conv2d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .workspace_bytes(ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
