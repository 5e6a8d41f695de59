// relu and sigmoid, elementwise, and the gradients of these and the other activations.
#pragma once

#include <tenfold/activation_value.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/seam.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0 {
namespace plain {

template <class T>
struct sigmoid_of {
  using type = float;
};
template <>
struct sigmoid_of<double> {
  using type = double;
};

}  // namespace plain

/// The element type of a sigmoid: the input's, or float for integers, as in torch.
template <element T>
using sigmoid_element = typename plain::sigmoid_of<T>::type;

/// What prelu_backward gives: grad_slopes has the slopes' shape.
template <element T>
struct prelu_gradients {
  tensor<T> grad_input;
  tensor<T> grad_slopes;

  TENFOLD_TAG prelu_gradients() = default;
  TENFOLD_TAG prelu_gradients(tensor<T> grad_input_, tensor<T> grad_slopes_)
      : grad_input(std::move(grad_input_)), grad_slopes(std::move(grad_slopes_)) {}
  TENFOLD_TAGGED_COPIES(prelu_gradients);
};

namespace plain {

/// The input of a prelu: `channels` are the slopes, each for lines of `line` elements.
struct prelu_geometry {
  index_t batch = 0;
  index_t channels = 0;
  index_t line = 0;
};

}  // namespace plain
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::prelu_geometry;

/// The checks of prelu in PyTorch's order; its channels are dimension 1, whatever the rank.
constexpr prelu_geometry check_prelu(const shape& input, const shape& slopes) {
  const index_t count = slopes.elements();
  if (count != 1) {
    if (input.empty()) raise("Not allow zero-dim input tensor.");
    const index_t channels = input.size() > 1 ? input[1] : 1;
    if (count != channels)
      raise({"Mismatch of parameter numbers and input channel size. Found parameter numbers = ", count,
             " and channel size = ", channels, "."});
  }
  if (slopes.size() > 1)
    raise({"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = ",
           static_cast<index_t>(slopes.size())});
  if (count == 1) return {1, 1, input.elements()};
  if (input.elements() == 0) return {0, count, 0};
  index_t line = 1;
  for (std::size_t d = 2; d < input.size(); ++d) line = checked_multiply(line, input[d]);
  return {input[0], count, line};
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

TENFOLD_SEAM(void, run_relu, (size, x, y, ctx), index_t size, const T* x, T* y, const context& ctx)
TENFOLD_SEAM(void, run_sigmoid, (size, x, y, ctx), index_t size, const T* x, typename plain::sigmoid_of<T>::type* y,
             const context& ctx)
/// dx = the gradient of `of` for dy; x is its result for relu and sigmoid, else its input. Not of none and prelu;
/// integers have relu and clip.
TENFOLD_SEAM(void, run_activation_backward, (of, size, dy, x, dx, ctx), const activation& of, index_t size, const T* dy,
             const T* x, T* dx, const context& ctx)
TENFOLD_SEAM(void, run_prelu_backward, (g, dy, x, slopes, dx, grad_slopes, ctx), const plain::prelu_geometry& g,
             const T* dy, const T* x, const T* slopes, T* dx, T* grad_slopes, const context& ctx)
/// The scratch memory of run_prelu_backward.
TENFOLD_SEAM(index_t, prelu_backward_bytes, (g, ctx), const plain::prelu_geometry& g, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that relu and sigmoid give.
constexpr shape relu_output_shape(const shape& input) { return input; }
constexpr shape sigmoid_output_shape(const shape& input) { return input; }

/// The bytes of workspace that relu_into and sigmoid_into need: none.
template <tensor_like Input>
index_t relu_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t sigmoid_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}

/// relu into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void relu_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::check_output_shape("relu", "output", x.shape(), as_view(output).shape());
  detail::seam::run_relu(x.size(), x.data(), as_view(output).data(), ctx);
}

/// sigmoid into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, sigmoid_element<element_of<Input>>>
void sigmoid_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::check_output_shape("sigmoid", "output", x.shape(), as_view(output).shape());
  detail::seam::run_sigmoid(x.size(), x.data(), as_view(output).data(), ctx);
}

/// The rectifier, as torch.nn.functional.relu.
///
///     output = input < 0 ? 0 : input
///
/// NaN and -0.0 stay what they are.
///
/// input   any shape
/// returns the same shape
template <tensor_like Input>
tensor<element_of<Input>> relu(const Input& input, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  auto output = tensor<element_of<Input>>::uninitialized(x.shape());
  detail::seam::run_relu(x.size(), x.data(), output.data(), ctx);
  return output;
}

/// The logistic function, as torch.sigmoid.
///
///     output = 1 / (1 + exp(-input))
///
/// Within 2 units in the last place of the exact result; results below the smallest normal number are 0.
///
/// input   any shape; integers are converted to float
/// returns the same shape; float for integers
/// source  detail/kernels/epilogue.inl.hpp
template <tensor_like Input>
tensor<sigmoid_element<element_of<Input>>> sigmoid(const Input& input, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  auto output = tensor<sigmoid_element<element_of<Input>>>::uninitialized(x.shape());
  detail::seam::run_sigmoid(x.size(), x.data(), output.data(), ctx);
  return output;
}

// ----------------------------------------------------------------------------------------------------------- gradients

namespace detail {

/// `saved` is what the gradient is computed from: the function's input or its result.
template <class GradInput, class GradOutput, class Saved>
void activation_backward_into(const char* op, const char* saved_name, const activation& of, const GradInput& grad_input,
                              const GradOutput& grad_output, const Saved& saved, const context& ctx) {
  check_output_shape(op, saved_name, grad_output.shape(), saved.shape());
  check_output_shape(op, "grad_input", grad_output.shape(), grad_input.shape());
  seam::run_activation_backward(of, grad_output.size(), grad_output.data(), saved.data(), grad_input.data(), ctx);
}

template <class T>
tensor<T> activation_backward(const char* op, const char* saved_name, const activation& of,
                              const tensor_view<const T>& grad_output, const tensor_view<const T>& saved,
                              const context& ctx) {
  check_output_shape(op, saved_name, grad_output.shape(), saved.shape());
  auto grad_input = tensor<T>::uninitialized(grad_output.shape());
  seam::run_activation_backward(of, grad_output.size(), grad_output.data(), saved.data(), grad_input.data(), ctx);
  return grad_input;
}

/// Tensors of one element type, which is that of GradOutput.
template <class GradOutput, class... Others>
concept same_elements = (std::same_as<element_of<GradOutput>, element_of<Others>> && ...);

/// The same of floating-point numbers.
template <class GradOutput, class... Others>
concept same_floats = std::floating_point<element_of<GradOutput>> && same_elements<GradOutput, Others...>;

}  // namespace detail

/// The bytes of workspace that the gradients of the elementwise functions without weights need: none.
template <tensor_like GradOutput, tensor_like Result>
index_t relu_backward_workspace_bytes(const GradOutput&, const Result&, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Result>
index_t sigmoid_backward_workspace_bytes(const GradOutput&, const Result&, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t leaky_relu_backward_workspace_bytes(const GradOutput&, const Input&, double = 0.01,
                                            const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t hardtanh_backward_workspace_bytes(const GradOutput&, const Input&, double = -1, double = 1,
                                          const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t silu_backward_workspace_bytes(const GradOutput&, const Input&, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t hardswish_backward_workspace_bytes(const GradOutput&, const Input&, const context& = default_context()) {
  return 0;
}

/// The gradient of relu for its input, as torch.ops.aten.threshold_backward with threshold 0.
///
///     grad_input = result <= 0 ? 0 : grad_output
///
/// so that of a NaN is grad_output. `result` is relu's, or its input, which gives the same.
///
/// grad_output  any shape
/// result       the same
/// returns      the same
/// throws       tenfold::error where the shapes differ (PyTorch would broadcast them); no other shape is written
///
/// Of this and the gradients below, the _into twins may write to grad_output or the other tensor itself, but may not
/// overlap them otherwise.
template <tensor_like GradOutput, tensor_like Result>
  requires detail::same_elements<GradOutput, Result> tensor<element_of<GradOutput>> relu_backward(
      const GradOutput& grad_output, const Result& result, const context& ctx = default_context()) {
    return detail::activation_backward("relu_backward", "result", activation::relu, detail::const_view(grad_output),
                                       detail::const_view(result), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Result>
  requires detail::same_elements<GradOutput, Result, GradInput>
void relu_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Result& result,
                        const context& ctx = default_context()) {
  detail::activation_backward_into("relu_backward", "result", activation::relu, as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(result), ctx);
}

/// The gradient of sigmoid for its input, as torch.ops.aten.sigmoid_backward.
///
///     grad_input = grad_output * (1 - result) * result
///
/// from left to right. `result` is sigmoid's; shapes as of relu_backward, floating-point numbers only.
template <tensor_like GradOutput, tensor_like Result>
  requires detail::same_floats<GradOutput, Result> tensor<element_of<GradOutput>> sigmoid_backward(
      const GradOutput& grad_output, const Result& result, const context& ctx = default_context()) {
    return detail::activation_backward("sigmoid_backward", "result", activation::sigmoid,
                                       detail::const_view(grad_output), detail::const_view(result), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Result>
  requires detail::same_floats<GradOutput, Result, GradInput>
void sigmoid_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Result& result,
                           const context& ctx = default_context()) {
  detail::activation_backward_into("sigmoid_backward", "result", activation::sigmoid, as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(result), ctx);
}

/// The gradient of leaky_relu for its input, as torch.ops.aten.leaky_relu_backward with self_is_result = False.
///
///     grad_input = input > 0 ? grad_output : grad_output * negative_slope
///
/// Shapes as of relu_backward, floating-point numbers only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> leaky_relu_backward(
      const GradOutput& grad_output, const Input& input, double negative_slope = 0.01,
      const context& ctx = default_context()) {
    return detail::activation_backward("leaky_relu_backward", "input", activation::leaky_relu(negative_slope),
                                       detail::const_view(grad_output), detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void leaky_relu_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input,
                              double negative_slope = 0.01, const context& ctx = default_context()) {
  detail::activation_backward_into("leaky_relu_backward", "input", activation::leaky_relu(negative_slope),
                                   as_view(grad_input), detail::const_view(grad_output), detail::const_view(input),
                                   ctx);
}

/// The gradient of hardtanh (activation::clip) for its input, as torch.ops.aten.hardtanh_backward.
///
///     grad_input = min_val < input < max_val ? grad_output : 0
///
/// so that of a NaN is 0 (in PyTorch it is grad_output for the last elements, which fill no vector). The bounds of
/// integers lose their fractions and are at most those of the type; as in PyTorch they may be the wrong way round.
/// Shapes as of relu_backward.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_elements<GradOutput, Input> tensor<element_of<GradOutput>> hardtanh_backward(
      const GradOutput& grad_output, const Input& input, double min_val = -1, double max_val = 1,
      const context& ctx = default_context()) {
    return detail::activation_backward("hardtanh_backward", "input", activation::clip(min_val, max_val),
                                       detail::const_view(grad_output), detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_elements<GradOutput, Input, GradInput>
void hardtanh_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input,
                            double min_val = -1, double max_val = 1, const context& ctx = default_context()) {
  detail::activation_backward_into("hardtanh_backward", "input", activation::clip(min_val, max_val),
                                   as_view(grad_input), detail::const_view(grad_output), detail::const_view(input),
                                   ctx);
}

/// The gradient of silu for its input, as torch.ops.aten.silu_backward.
///
///     grad_input = grad_output * s * (1 + input * (1 - s)),  s = 1 / (1 + exp(-input))
///
/// from left to right, with the s of sigmoid. Shapes as of relu_backward, floating-point numbers only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> silu_backward(
      const GradOutput& grad_output, const Input& input, const context& ctx = default_context()) {
    return detail::activation_backward("silu_backward", "input", activation::silu, detail::const_view(grad_output),
                                       detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void silu_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input,
                        const context& ctx = default_context()) {
  detail::activation_backward_into("silu_backward", "input", activation::silu, as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(input), ctx);
}

/// The gradient of hardswish for its input, as torch.ops.aten.hardswish_backward.
///
///     grad_input = input <= -3 ? 0 : input >= 3 ? grad_output : grad_output * (input / 3 + 1/2)
///
/// so that of a NaN is NaN (in PyTorch it is grad_output for the last elements, which fill no vector). Shapes as of
/// relu_backward, floating-point numbers only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> hardswish_backward(
      const GradOutput& grad_output, const Input& input, const context& ctx = default_context()) {
    return detail::activation_backward("hardswish_backward", "input", activation::hard_swish,
                                       detail::const_view(grad_output), detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void hardswish_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input,
                             const context& ctx = default_context()) {
  detail::activation_backward_into("hardswish_backward", "input", activation::hard_swish, as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(input), ctx);
}

/// The bytes of workspace that prelu_backward_into needs with this context, for partial sums of grad_slopes.
template <tensor_like GradOutput, tensor_like Input, tensor_like Slopes>
  requires detail::same_floats<GradOutput, Input, Slopes> index_t prelu_backward_workspace_bytes(
      const GradOutput&, const Input& input, const Slopes& slopes, const context& ctx = default_context()) {
    const auto g = detail::check_prelu(detail::const_view(input).shape(), detail::const_view(slopes).shape());
    return detail::workspace_bytes_for(detail::seam::prelu_backward_bytes<element_of<Input>>(g, ctx));
  }

/// prelu_backward into tensors of the input's and the slopes' shape. grad_input may be grad_output or input itself. It
/// allocates nothing when the context carries a workspace of prelu_backward_workspace_bytes.
template <tensor_like GradInput, tensor_like GradSlopes, tensor_like GradOutput, tensor_like Input, tensor_like Slopes>
  requires detail::same_floats<GradOutput, Input, Slopes, GradInput, GradSlopes>
void prelu_backward_into(GradInput&& grad_input, GradSlopes&& grad_slopes, const GradOutput& grad_output,
                         const Input& input, const Slopes& slopes, const context& ctx = default_context()) {
  const auto x = detail::const_view(input), dy = detail::const_view(grad_output), w = detail::const_view(slopes);
  const auto g = detail::check_prelu(x.shape(), w.shape());
  detail::check_output_shape("prelu_backward", "grad_output", x.shape(), dy.shape());
  detail::check_output_shape("prelu_backward", "grad_input", x.shape(), as_view(grad_input).shape());
  detail::check_output_shape("prelu_backward", "grad_slopes", w.shape(), as_view(grad_slopes).shape());
  detail::seam::run_prelu_backward(g, dy.data(), x.data(), w.data(), as_view(grad_input).data(),
                                   as_view(grad_slopes).data(), ctx);
}

/// The gradients of prelu for its input and its slopes, as PyTorch's autograd has them.
///
///     grad_input        = input > 0 ? grad_output : slopes[c] * grad_output
///     grad_slopes[c]    = sum of input > 0 ? 0 : input * grad_output, over the elements of channel c
///
/// The channels are dimension 1, as in torch; a single slope is for all elements. The sum is that of chunks which the
/// shape alone decides (detail/ordered_sum.hpp): an error of at most gamma_n times the sum of the terms' absolute
/// values, n the number of terms.
///
/// grad_output  any shape
/// input        the same
/// slopes       () or (1), or (C) where the input is (N, C, ...)
/// returns      {grad_input like input, grad_slopes like slopes}
/// throws       tenfold::error in prelu's words; every check comes before the first write
template <tensor_like GradOutput, tensor_like Input, tensor_like Slopes>
  requires detail::same_floats<GradOutput, Input, Slopes> prelu_gradients<element_of<GradOutput>> prelu_backward(
      const GradOutput& grad_output, const Input& input, const Slopes& slopes, const context& ctx = default_context()) {
    using T = element_of<GradOutput>;
    const auto x = detail::const_view(input), dy = detail::const_view(grad_output), w = detail::const_view(slopes);
    const auto g = detail::check_prelu(x.shape(), w.shape());
    detail::check_output_shape("prelu_backward", "grad_output", x.shape(), dy.shape());
    prelu_gradients<T> result{tensor<T>::uninitialized(x.shape()), tensor<T>::uninitialized(w.shape())};
    detail::seam::run_prelu_backward(g, dy.data(), x.data(), w.data(), result.grad_input.data(),
                                     result.grad_slopes.data(), ctx);
    return result;
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/activation.hpp>
#endif
