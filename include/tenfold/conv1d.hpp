// conv1d and conv_transpose1d: options, checks, the operations. They are the convolutions of two dimensions with a
// height of 1, by the same engine; shapes, settings and error texts are those of one.
#pragma once

#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>

namespace tenfold::inline v0 {

/// The padding of a conv1d: an integer, `same` or `valid`.
class conv1d_padding {
 public:
  template <std::integral Both>
  TENFOLD_TAG constexpr conv1d_padding(Both both)  // NOLINT(google-explicit-constructor)
      : in_two_(hw(0, both)) {}
  TENFOLD_TAG constexpr conv1d_padding(same_t) : in_two_(same) {}    // NOLINT(google-explicit-constructor)
  TENFOLD_TAG constexpr conv1d_padding(valid_t) : in_two_(valid) {}  // NOLINT(google-explicit-constructor)

  /// That of a conv2d over images of one row.
  TENFOLD_TAG constexpr const conv2d_padding& in_two_dimensions() const { return in_two_; }

 private:
  conv2d_padding in_two_;
};

/// The settings of torch.nn.functional.conv1d.
struct conv1d_options {
  index_t stride = 1;
  conv1d_padding padding = 0;
  index_t dilation = 1;
  index_t groups = 1;
};

/// The settings of torch.nn.functional.conv_transpose1d, and nn.ConvTranspose1d's output_size.
struct conv_transpose1d_options {
  index_t stride = 1;
  index_t padding = 0;
  index_t output_padding = 0;
  /// The length wanted; output_padding follows from it (and may not be given besides).
  std::optional<index_t> output_size = {};
  index_t groups = 1;
  index_t dilation = 1;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

constexpr conv2d_options in_two_dimensions(const conv1d_options& o) {
  return {{1, o.stride}, o.padding.in_two_dimensions(), {1, o.dilation}, o.groups};
}
constexpr conv_transpose2d_options in_two_dimensions(const conv_transpose1d_options& o) {
  conv_transpose2d_options in_two{{1, o.stride}, hw(0, o.padding), {0, o.output_padding}};
  if (o.output_size) in_two.output_size = hw(1, *o.output_size);
  in_two.groups = o.groups;
  in_two.dilation = {1, o.dilation};
  return in_two;
}

/// What conv2d_op and conv_transpose2d_op tell, of shapes and settings of one dimension.
template <class Op, class Options>
struct one_dimensional_op : Op {
  using options = Options;

  static constexpr convolution_geometry checked(const shape& input, const shape& weight,
                                                const std::optional<shape>& bias, const options& o) {
    const shape x = one_dimension.two_dimensional(input), w = one_dimension.two_dimensional(weight);
    if constexpr (Op::transposed)
      return check_conv_transpose2d(x, w, bias, in_two_dimensions(o), one_dimension);
    else
      return check_conv2d(x, w, bias, in_two_dimensions(o), one_dimension);
  }
  static void check_gradient(const shape& grad_output, const shape& input, index_t channels, const hw& out,
                             const options& o) {
    check_gradient_rank(grad_output, input);
    Op::check_gradient(one_dimension.two_dimensional(grad_output), one_dimension.two_dimensional(input), channels, out,
                       in_two_dimensions(o));
  }
  static constexpr shape some_input(const shape& weight, const options& o) {
    return one_dimension.own_dimensions(Op::some_input(one_dimension.two_dimensional(weight), in_two_dimensions(o)));
  }
};

struct conv1d_op : one_dimensional_op<conv2d_op, conv1d_options> {
  static constexpr const char* name = "conv1d";
  static constexpr const char* backward_name = "conv1d_backward";
};

struct conv_transpose1d_op : one_dimensional_op<conv_transpose2d_op, conv_transpose1d_options> {
  static constexpr const char* name = "conv_transpose1d";
  static constexpr const char* backward_name = "conv_transpose1d_backward";
};

}  // namespace detail

/// The shape that conv1d gives, or the error that it raises; usable at compile time.
constexpr shape conv1d_output_shape(const shape& input, const shape& weight, const conv1d_options& options = {}) {
  detail::check_not_negative(input);
  detail::check_not_negative(weight);
  return detail::conv1d_op::checked(input, weight, std::nullopt, options).output_shape;
}

/// 1-D convolution (cross-correlation), as torch.nn.functional.conv1d.
///
///     output[n, o, ol] = bias[o] + sum over c, i of input[n, c, il] * weight[o, c, i]
///     with il = ol * stride - padding + i * dilation, and 0 outside the input; c runs over the channels of o's group
///
/// input   (N, C, L) or (C, L)
/// weight  (O, C / groups, k)
/// bias    (O); optional by overload
/// returns (N, O, OL) or (O, OL) with OL = (L + 2 * padding - dilation * (k - 1) - 1) / stride + 1
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  conv2d of images of one row, whose bits it has
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
auto conv1d(const Input& input, const Weight& weight, const Bias& bias, const conv1d_options& options = {},
            const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv1d_op, T>(detail::const_view(input), detail::const_view(weight),
                                                   detail::const_view(bias), options, ctx);
}
template <tensor_like Input, tensor_like Weight>
auto conv1d(const Input& input, const Weight& weight, const conv1d_options& options = {},
            const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv1d_op, T>(detail::const_view(input), detail::const_view(weight), {}, options,
                                                   ctx);
}

/// conv1d into an output of conv1d_output_shape, which may not overlap the inputs. Allocates nothing when the context
/// carries a workspace of conv1d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
void conv1d_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias,
                 const conv1d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv1d_op, T>(as_view(output), detail::const_view(input), detail::const_view(weight),
                                                 detail::const_view(bias), options, ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Weight>
void conv1d_into(Output&& output, const Input& input, const Weight& weight, const conv1d_options& options = {},
                 const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv1d_op, T>(as_view(output), detail::const_view(input), detail::const_view(weight),
                                                 {}, options, ctx);
}

/// The bytes of workspace that conv1d_into needs with this context; a bias needs none.
template <tensor_like Input, tensor_like Weight>
index_t conv1d_workspace_bytes(const Input& input, const Weight& weight, const conv1d_options& options = {},
                               const context& ctx = default_context()) {
  return detail::convolution_workspace_bytes<detail::conv1d_op, element_of<Input>>(
      detail::const_view(input).shape(), detail::const_view(weight).shape(), options, ctx);
}
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
index_t conv1d_workspace_bytes(const Input& input, const Weight& weight, const Bias&,
                               const conv1d_options& options = {}, const context& ctx = default_context()) {
  return conv1d_workspace_bytes(input, weight, options, ctx);
}

/// The gradients of conv1d, as torch.ops.aten.convolution_backward; see conv2d_backward.
///
/// grad_output (N, O, OL) or (O, OL), the result's shape
/// input, weight, options as in conv1d
/// wanted  which of them to compute
/// returns {grad_input, grad_weight, grad_bias}, of the shapes of input, weight and (O); empty where not wanted
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> conv1d_backward(const GradOutput& grad_output, const Input& input,
                                                         const Weight& weight, const conv1d_options& options = {},
                                                         const gradients& wanted = {},
                                                         const context& ctx = default_context()) {
  return detail::backward_call<detail::conv1d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .result(ctx);
}

/// conv1d_backward into tensors of these shapes, as conv2d_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
void conv1d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                          const GradOutput& grad_output, const Input& input, const Weight& weight,
                          const conv1d_options& options = {}, const gradients& wanted = {},
                          const context& ctx = default_context()) {
  detail::backward_call<detail::conv1d_op, element_of<Input>>(
      detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The bytes of workspace that conv1d_backward_into needs with this context.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
index_t conv1d_backward_workspace_bytes(const GradOutput& grad_output, const Input& input, const Weight& weight,
                                        const conv1d_options& options = {}, const gradients& wanted = {},
                                        const context& ctx = default_context()) {
  return detail::backward_call<detail::conv1d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .workspace_bytes(ctx);
}

/// The shape that conv_transpose1d gives, or the error that it raises; usable at compile time.
constexpr shape conv_transpose1d_output_shape(const shape& input, const shape& weight,
                                              const conv_transpose1d_options& options = {}) {
  detail::check_not_negative(input);
  detail::check_not_negative(weight);
  return detail::conv_transpose1d_op::checked(input, weight, std::nullopt, options).output_shape;
}

/// Transposed 1-D convolution, as torch.nn.functional.conv_transpose1d.
///
///     output[n, o, ol] = bias[o] + sum of input[n, c, il] * weight[c, o, i]
///     over all c, i, il with  ol = il * stride - padding + i * dilation;  c runs over the channels of o's group
///
/// input   (N, C, L) or (C, L)
/// weight  (C, O / groups, k)
/// bias    (O); optional by overload
/// returns (N, O, OL) or (O, OL)
///         with OL = (L - 1) * stride - 2 * padding + dilation * (k - 1) + output_padding + 1,
///         or OL = output_size, for which the output_padding is inferred
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  conv_transpose2d of images of one row, whose bits it has
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
auto conv_transpose1d(const Input& input, const Weight& weight, const Bias& bias,
                      const conv_transpose1d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv_transpose1d_op, T>(detail::const_view(input), detail::const_view(weight),
                                                             detail::const_view(bias), options, ctx);
}
template <tensor_like Input, tensor_like Weight>
auto conv_transpose1d(const Input& input, const Weight& weight, const conv_transpose1d_options& options = {},
                      const context& ctx = default_context()) {
  using T = element_of<Input>;
  return detail::convolution<detail::conv_transpose1d_op, T>(detail::const_view(input), detail::const_view(weight), {},
                                                             options, ctx);
}

/// conv_transpose1d into an output of conv_transpose1d_output_shape, which may not overlap the inputs. Allocates
/// nothing when the context carries a workspace of conv_transpose1d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
void conv_transpose1d_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias,
                           const conv_transpose1d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv_transpose1d_op, T>(
      as_view(output), detail::const_view(input), detail::const_view(weight), detail::const_view(bias), options, ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Weight>
void conv_transpose1d_into(Output&& output, const Input& input, const Weight& weight,
                           const conv_transpose1d_options& options = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  detail::convolution_into<detail::conv_transpose1d_op, T>(as_view(output), detail::const_view(input),
                                                           detail::const_view(weight), {}, options, ctx);
}

/// The bytes of workspace that conv_transpose1d_into needs with this context; a bias needs none.
template <tensor_like Input, tensor_like Weight>
index_t conv_transpose1d_workspace_bytes(const Input& input, const Weight& weight,
                                         const conv_transpose1d_options& options = {},
                                         const context& ctx = default_context()) {
  return detail::convolution_workspace_bytes<detail::conv_transpose1d_op, element_of<Input>>(
      detail::const_view(input).shape(), detail::const_view(weight).shape(), options, ctx);
}
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
index_t conv_transpose1d_workspace_bytes(const Input& input, const Weight& weight, const Bias&,
                                         const conv_transpose1d_options& options = {},
                                         const context& ctx = default_context()) {
  return conv_transpose1d_workspace_bytes(input, weight, options, ctx);
}

/// The gradients of conv_transpose1d, as torch.ops.aten.convolution_backward with transposed = True; see
/// conv_transpose2d_backward.
///
/// grad_output (N, O, OL) or (O, OL), the result's shape
/// input, weight, options as in conv_transpose1d
/// wanted  which of them to compute
/// returns {grad_input, grad_weight, grad_bias}, of the shapes of input, weight and (O); empty where not wanted
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> conv_transpose1d_backward(const GradOutput& grad_output, const Input& input,
                                                                   const Weight& weight,
                                                                   const conv_transpose1d_options& options = {},
                                                                   const gradients& wanted = {},
                                                                   const context& ctx = default_context()) {
  return detail::backward_call<detail::conv_transpose1d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .result(ctx);
}

/// conv_transpose1d_backward into tensors of these shapes, as conv_transpose2d_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
void conv_transpose1d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                    const GradOutput& grad_output, const Input& input, const Weight& weight,
                                    const conv_transpose1d_options& options = {}, const gradients& wanted = {},
                                    const context& ctx = default_context()) {
  detail::backward_call<detail::conv_transpose1d_op, element_of<Input>>(
      detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The bytes of workspace that conv_transpose1d_backward_into needs with this context.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
index_t conv_transpose1d_backward_workspace_bytes(const GradOutput& grad_output, const Input& input,
                                                  const Weight& weight, const conv_transpose1d_options& options = {},
                                                  const gradients& wanted = {},
                                                  const context& ctx = default_context()) {
  return detail::backward_call<detail::conv_transpose1d_op, element_of<Input>>(
             detail::const_view(grad_output), detail::const_view(input), detail::const_view(weight), options, wanted)
      .workspace_bytes(ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
