// The activations as elementwise functions, and their gradients.
#pragma once

#include <tenfold/activation_value.hpp>
#include <tenfold/detail/broadcast.hpp>
#include <tenfold/detail/seam.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0 {

/// The element type of a sigmoid or a tanh: the input's, or float for integers, as in torch.
template <element T>
using sigmoid_element = typename plain::float_of<T>::type;

/// How gelu takes the normal distribution: exactly, or by a tanh.
enum class approximate { none, tanh };

/// A bound of clamp: of integers it is one.
template <element T>
using clamp_bound = std::conditional_t<std::floating_point<T>, double, index_t>;

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
  return {input[0], count, elements_between(input, 2, input.size())};
}

/// The same, as a function of the input and slopes that are repeated.
constexpr broadcast_geometry prelu_broadcast(const shape& input, const shape& slopes) {
  check_prelu(input, slopes);
  shape repeated;
  if (slopes.elements() != 1) {
    repeated = input;
    for (std::size_t d = 0; d < input.size(); ++d) repeated[d] = d == 1 ? input[1] : 1;
  }
  return broadcast_geometry_of(input, repeated, input);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

/// y = of(x), which is relu or clip. By itself, so that who calls relu compiles no others.
TENFOLD_SEAM(void, run_bounded, (of, low, high, size, x, y, ctx), activation::function of, T low, T high, index_t size,
             const T* x, T* y, const context& ctx)
/// y = of(x); low and high are those of tf::activation. Of floating-point numbers only, and not prelu.
TENFOLD_SEAM(void, run_activation, (of, low, high, size, x, y, ctx), activation::function of, T low, T high,
             index_t size, const T* x, T* y, const context& ctx)
/// sigmoid or tanh, of integers as float.
TENFOLD_SEAM(void, run_float_activation, (of, size, x, y, ctx), activation::function of, index_t size, const T* x,
             typename plain::float_of<T>::type* y, const context& ctx)
/// Of floating-point numbers only.
TENFOLD_SEAM(void, run_prelu, (g, x, slopes, y, ctx), const plain::broadcast_geometry& g, const T* x, const T* slopes,
             T* y, const context& ctx)
/// dx = the gradient of `of` for dy; x is its result for relu, sigmoid and tanh, else its input. Not of none and prelu;
/// integers have relu and clip.
TENFOLD_SEAM(void, run_activation_backward, (of, size, dy, x, dx, ctx), const activation& of, index_t size, const T* dy,
             const T* x, T* dx, const context& ctx)
TENFOLD_SEAM(void, run_prelu_backward, (g, dy, x, slopes, dx, grad_slopes, ctx), const plain::prelu_geometry& g,
             const T* dy, const T* x, const T* slopes, T* dx, T* grad_slopes, const context& ctx)
/// The scratch memory of run_prelu_backward.
TENFOLD_SEAM(index_t, prelu_backward_bytes, (g, ctx), const plain::prelu_geometry& g, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

template <class X>
concept floats = std::floating_point<element_of<X>>;

template <class Input>
tensor<element_of<Input>> elementwise(const activation& of, const Input& input, const context& ctx) {
  using T = element_of<Input>;
  const auto x = const_view(input);
  auto y = tensor<T>::uninitialized(x.shape());
  seam::run_activation<T>(of.of, parameter_of<T>(of.low), parameter_of<T>(of.high), x.size(), x.data(), y.data(), ctx);
  return y;
}

template <class T, class Input>
void elementwise_into(const char* op, const activation& of, const tensor_view<T>& y, const Input& input,
                      const context& ctx) {
  const auto x = const_view(input);
  check_output_shape(op, "output", x.shape(), y.shape());
  seam::run_activation<T>(of.of, parameter_of<T>(of.low), parameter_of<T>(of.high), x.size(), x.data(), y.data(), ctx);
}

/// sigmoid and tanh.
template <class Input>
tensor<sigmoid_element<element_of<Input>>> float_elementwise(activation::function of, const Input& input,
                                                             const context& ctx) {
  const auto x = const_view(input);
  auto y = tensor<sigmoid_element<element_of<Input>>>::uninitialized(x.shape());
  seam::run_float_activation(of, x.size(), x.data(), y.data(), ctx);
  return y;
}

template <class R, class Input>
void float_elementwise_into(const char* op, activation::function of, const tensor_view<R>& y, const Input& input,
                            const context& ctx) {
  const auto x = const_view(input);
  check_output_shape(op, "output", x.shape(), y.shape());
  seam::run_float_activation(of, x.size(), x.data(), y.data(), ctx);
}

/// Beyond every number. Constants: code of std::numeric_limits would be shared by files of all flags.
template <element T>
inline constexpr T no_bound_below = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                                         : (std::numeric_limits<T>::min)();
template <element T>
inline constexpr T no_bound_above = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                                         : (std::numeric_limits<T>::max)();

/// Bounds in the element type; a missing one is beyond every number.
template <element T>
struct bounds {
  T low = no_bound_below<T>;
  T high = no_bound_above<T>;

  /// y is what is within the bounds of x, or NaN where one is.
  void run(const tensor_view<const T>& x, const tensor_view<T>& y, const context& ctx) const {
    if (low != low || high != high) return fill(y.data(), y.data() + y.size(), low != low ? low : high);
    seam::run_bounded<T>(activation::function::clip, low, high, x.size(), x.data(), y.data(), ctx);
  }
};

template <element T>
bounds<T> checked_clamp(const std::optional<clamp_bound<T>>& low, const std::optional<clamp_bound<T>>& high) {
  if (!low && !high) raise("torch.clamp: At least one of 'min' or 'max' must not be None");
  bounds<T> b;
  if constexpr (std::integral<T>) {
    if (low && *low > b.high)
      raise({"Clamp min value ", *low, " is outside the representable range of ", torch_name_of<T>()});
    if (high && *high < b.low)
      raise({"Clamp max value ", *high, " is outside the representable range of ", torch_name_of<T>()});
    if (low && *low > b.low) b.low = static_cast<T>(*low);
    if (high && *high < b.high) b.high = static_cast<T>(*high);
  } else {
    if (low) b.low = static_cast<T>(*low);
    if (high) b.high = static_cast<T>(*high);
  }
  return b;
}

template <element T>
bounds<T> checked_hardtanh(double low, double high) {
  if (low > high) raise("min_val cannot be greater than max_val");
  if constexpr (std::integral<T>) {
    constexpr double end = 0x1p63;
    if (!(low >= -end && low < end && high >= -end && high < end))
      raise("value cannot be converted to type int64_t without overflow");
    return checked_clamp<T>(static_cast<index_t>(low), static_cast<index_t>(high));
  } else {
    return {static_cast<T>(low), static_cast<T>(high)};
  }
}

constexpr activation gelu_of(approximate how) {
  return how == approximate::tanh ? activation::gelu_tanh : activation::gelu;
}

}  // namespace detail

/// The shape that they give.
constexpr shape relu_output_shape(const shape& input) { return input; }
constexpr shape sigmoid_output_shape(const shape& input) { return input; }
constexpr shape tanh_output_shape(const shape& input) { return input; }
constexpr shape silu_output_shape(const shape& input) { return input; }
constexpr shape hardswish_output_shape(const shape& input) { return input; }
constexpr shape hardsigmoid_output_shape(const shape& input) { return input; }
constexpr shape leaky_relu_output_shape(const shape& input) { return input; }
constexpr shape elu_output_shape(const shape& input) { return input; }
constexpr shape gelu_output_shape(const shape& input) { return input; }
constexpr shape softplus_output_shape(const shape& input) { return input; }
constexpr shape hardtanh_output_shape(const shape& input) { return input; }
constexpr shape clamp_output_shape(const shape& input) { return input; }
constexpr shape prelu_output_shape(const shape& input) { return input; }

/// The bytes of workspace that their _into twins need with any parameters: none.
template <tensor_like Input, class... Others>
index_t relu_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t sigmoid_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t tanh_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t silu_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t hardswish_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t hardsigmoid_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t leaky_relu_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t elu_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t gelu_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t softplus_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t hardtanh_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t clamp_workspace_bytes(const Input&, const Others&...) {
  return 0;
}
template <tensor_like Input, class... Others>
index_t prelu_workspace_bytes(const Input&, const Others&...) {
  return 0;
}

/// The rectifier, as torch.nn.functional.relu.
///
///     output = input < 0 ? 0 : input
///
/// NaN and -0.0 stay what they are.
///
/// input   any shape
/// returns the same shape
///
/// Of this and the functions below, the _into twins write to a tensor of the same shape, which may be the input itself,
/// but may not overlap it otherwise.
template <tensor_like Input>
tensor<element_of<Input>> relu(const Input& input, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  auto output = tensor<element_of<Input>>::uninitialized(x.shape());
  detail::seam::run_bounded<element_of<Input>>(activation::function::relu, 0, 0, x.size(), x.data(), output.data(),
                                               ctx);
  return output;
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void relu_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::check_output_shape("relu", "output", x.shape(), as_view(output).shape());
  detail::seam::run_bounded<element_of<Input>>(activation::function::relu, 0, 0, x.size(), x.data(),
                                               as_view(output).data(), ctx);
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
  return detail::float_elementwise(activation::function::sigmoid, input, ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, sigmoid_element<element_of<Input>>>
void sigmoid_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  detail::float_elementwise_into("sigmoid", activation::function::sigmoid, as_view(output), input, ctx);
}

/// The hyperbolic tangent, as torch.tanh. Within 5 units in the last place of the exact result.
///
/// input   any shape; integers are converted to float
/// returns the same shape; float for integers
/// source  detail/kernels/epilogue.inl.hpp
template <tensor_like Input>
tensor<sigmoid_element<element_of<Input>>> tanh(const Input& input, const context& ctx = default_context()) {
  return detail::float_elementwise(activation::function::tanh, input, ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, sigmoid_element<element_of<Input>>>
void tanh_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  detail::float_elementwise_into("tanh", activation::function::tanh, as_view(output), input, ctx);
}

/// As torch.nn.functional.leaky_relu.
///
///     output = input > 0 ? input : input * negative_slope
///
/// Of this and the functions below but hardtanh and clamp, the input is of floating-point numbers.
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> leaky_relu(const Input& input, double negative_slope = 0.01,
                                                                      const context& ctx = default_context()) {
    return detail::elementwise(activation::leaky_relu(negative_slope), input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void leaky_relu_into(Output&& output, const Input& input, double negative_slope = 0.01,
                     const context& ctx = default_context()) {
  detail::elementwise_into("leaky_relu", activation::leaky_relu(negative_slope), as_view(output), input, ctx);
}

/// As torch.nn.functional.silu.
///
///     output = input / (1 + exp(-input))
///
/// Within 4 units in the last place of the exact result, but input * 0 where 1 / (1 + exp(-input)) is below the
/// smallest normal number: NaN for minus infinity.
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> silu(const Input& input,
                                                                const context& ctx = default_context()) {
    return detail::elementwise(activation::silu, input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void silu_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  detail::elementwise_into("silu", activation::silu, as_view(output), input, ctx);
}

/// As torch.nn.functional.hardswish.
///
///     output = input * clamp(input + 3, 0, 6) / 6
///
/// from left to right; NaN for minus infinity.
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> hardswish(const Input& input,
                                                                     const context& ctx = default_context()) {
    return detail::elementwise(activation::hard_swish, input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void hardswish_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  detail::elementwise_into("hardswish", activation::hard_swish, as_view(output), input, ctx);
}

/// As torch.nn.functional.hardsigmoid.
///
///     output = clamp(input + 3, 0, 6) / 6
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> hardsigmoid(const Input& input,
                                                                       const context& ctx = default_context()) {
    return detail::elementwise(activation::hard_sigmoid, input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void hardsigmoid_into(Output&& output, const Input& input, const context& ctx = default_context()) {
  detail::elementwise_into("hardsigmoid", activation::hard_sigmoid, as_view(output), input, ctx);
}

/// As torch.nn.functional.elu.
///
///     output = input < 0 ? alpha * (exp(input) - 1) : input
///
/// Within 3 units in the last place of the exact result.
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> elu(const Input& input, double alpha = 1,
                                                               const context& ctx = default_context()) {
    return detail::elementwise(activation::elu(alpha), input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void elu_into(Output&& output, const Input& input, double alpha = 1, const context& ctx = default_context()) {
  detail::elementwise_into("elu", activation::elu(alpha), as_view(output), input, ctx);
}

/// As torch.nn.functional.gelu.
///
///     output = input * (1 + erf(input / sqrt(2))) / 2                                       approximate::none
///     output = input * (1 + tanh(sqrt(2 / pi) * (input + 0.044715 * input^3))) / 2          approximate::tanh
///
/// Without approximation within 14 units in the last place of the exact result; with, of a relative error of (4 +
/// 8 |a|) u, u half a unit of 1, where a is what the tanh is taken of. So negative inputs have their small results, of
/// which PyTorch's float has few digits. Where the factor of input is below the smallest normal number it is 0. Both
/// are NaN for minus infinity.
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> gelu(const Input& input, approximate how = approximate::none,
                                                                const context& ctx = default_context()) {
    return detail::elementwise(detail::gelu_of(how), input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void gelu_into(Output&& output, const Input& input, approximate how = approximate::none,
               const context& ctx = default_context()) {
  detail::elementwise_into("gelu", detail::gelu_of(how), as_view(output), input, ctx);
}

/// As torch.nn.functional.softplus.
///
///     output = input * beta > threshold ? input : log(1 + exp(input * beta)) / beta
///
/// Within 7 units in the last place of the exact result for the rounded product and quotient; the logarithm of what is
/// below the smallest normal number is 0. The exponential does not overflow, as PyTorch's does above a threshold of 88.
template <tensor_like Input>
  requires detail::floats<Input> tensor<element_of<Input>> softplus(const Input& input, double beta = 1,
                                                                    double threshold = 20,
                                                                    const context& ctx = default_context()) {
    return detail::elementwise(activation::softplus(beta, threshold), input, ctx);
  }
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::floats<Input>
void softplus_into(Output&& output, const Input& input, double beta = 1, double threshold = 20,
                   const context& ctx = default_context()) {
  detail::elementwise_into("softplus", activation::softplus(beta, threshold), as_view(output), input, ctx);
}

/// As torch.nn.functional.hardtanh.
///
///     output = input < min_val ? min_val : input > max_val ? max_val : input
///
/// NaN stays NaN, -0.0 within the bounds -0.0; a bound that is NaN makes everything NaN. The bounds of integers lose
/// their fractions.
///
/// throws  tenfold::error in PyTorch's words where the bounds are the wrong way round, or those of integers no int64,
/// or
///         the type has no number within them
template <tensor_like Input>
tensor<element_of<Input>> hardtanh(const Input& input, double min_val = -1, double max_val = 1,
                                   const context& ctx = default_context()) {
  const auto b = detail::checked_hardtanh<element_of<Input>>(min_val, max_val);
  auto output = tensor<element_of<Input>>::uninitialized(as_view(input).shape());
  b.run(detail::const_view(input), output.view(), ctx);
  return output;
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void hardtanh_into(Output&& output, const Input& input, double min_val = -1, double max_val = 1,
                   const context& ctx = default_context()) {
  const auto b = detail::checked_hardtanh<element_of<Input>>(min_val, max_val);
  detail::check_output_shape("hardtanh", "output", as_view(input).shape(), as_view(output).shape());
  b.run(detail::const_view(input), as_view(output), ctx);
}

/// As torch.clamp with numbers for bounds.
///
///     output = min(max(input, low), high)
///
/// so high where the bounds are the wrong way round; NaN as hardtanh. Of integers the bounds are integers (torch would
/// turn the tensor into floats), of any size. A bound may be left out, as std::nullopt or {}.
///
/// throws  tenfold::error in PyTorch's words where both are left out, or low is above the type's largest number, or
/// high below its smallest
template <tensor_like Input>
tensor<element_of<Input>> clamp(const Input& input, const std::optional<clamp_bound<element_of<Input>>>& low,
                                const std::optional<clamp_bound<element_of<Input>>>& high = {},
                                const context& ctx = default_context()) {
  const auto b = detail::checked_clamp<element_of<Input>>(low, high);
  auto output = tensor<element_of<Input>>::uninitialized(as_view(input).shape());
  b.run(detail::const_view(input), output.view(), ctx);
  return output;
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void clamp_into(Output&& output, const Input& input, const std::optional<clamp_bound<element_of<Input>>>& low,
                const std::optional<clamp_bound<element_of<Input>>>& high = {},
                const context& ctx = default_context()) {
  const auto b = detail::checked_clamp<element_of<Input>>(low, high);
  detail::check_output_shape("clamp", "output", as_view(input).shape(), as_view(output).shape());
  b.run(detail::const_view(input), as_view(output), ctx);
}

/// prelu into a tensor of the input's shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input, tensor_like Slopes>
  requires detail::floats<Input> && std::same_as<element_of<Input>, element_of<Slopes>> &&
      std::same_as<element_of<Input>, element_of<Output>>
void prelu_into(Output&& output, const Input& input, const Slopes& slopes, const context& ctx = default_context()) {
  const auto x = detail::const_view(input), w = detail::const_view(slopes);
  const auto g = detail::prelu_broadcast(x.shape(), w.shape());
  detail::check_output_shape("prelu", "output", x.shape(), as_view(output).shape());
  detail::seam::run_prelu(g, x.data(), w.data(), as_view(output).data(), ctx);
}

/// As torch.nn.functional.prelu.
///
///     output = input > 0 ? input : slopes[c] * input
///
/// The channels are dimension 1, as in torch; a single slope is for all elements.
///
/// input   any shape
/// slopes  () or (1), or (C) where the input is (N, C, ...)
/// returns the input's shape
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input, tensor_like Slopes>
  requires detail::floats<Input> && std::same_as<element_of<Input>, element_of<Slopes>> tensor<element_of<Input>> prelu(
      const Input& input, const Slopes& slopes, const context& ctx = default_context()) {
    const auto x = detail::const_view(input), w = detail::const_view(slopes);
    const auto g = detail::prelu_broadcast(x.shape(), w.shape());
    auto output = tensor<element_of<Input>>::uninitialized(x.shape());
    detail::seam::run_prelu(g, x.data(), w.data(), output.data(), ctx);
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
template <tensor_like GradOutput, tensor_like Input>
index_t hardsigmoid_backward_workspace_bytes(const GradOutput&, const Input&, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Result>
index_t tanh_backward_workspace_bytes(const GradOutput&, const Result&, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t elu_backward_workspace_bytes(const GradOutput&, const Input&, double = 1, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t gelu_backward_workspace_bytes(const GradOutput&, const Input&, approximate = approximate::none,
                                      const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Input>
index_t softplus_backward_workspace_bytes(const GradOutput&, const Input&, double = 1, double = 20,
                                          const context& = default_context()) {
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

/// The gradient of hardsigmoid for its input, as torch.ops.aten.hardsigmoid_backward.
///
///     grad_input = -3 < input < 3 ? grad_output * (1 / 6) : 0
///
/// where 1 / 6 is a float's, of double too; so that of a NaN is 0. Shapes as of relu_backward, floating-point numbers
/// only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> hardsigmoid_backward(
      const GradOutput& grad_output, const Input& input, const context& ctx = default_context()) {
    return detail::activation_backward("hardsigmoid_backward", "input", activation::hard_sigmoid,
                                       detail::const_view(grad_output), detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void hardsigmoid_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input,
                               const context& ctx = default_context()) {
  detail::activation_backward_into("hardsigmoid_backward", "input", activation::hard_sigmoid, as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(input), ctx);
}

/// The gradient of tanh for its input, as torch.ops.aten.tanh_backward.
///
///     grad_input = grad_output * (1 - result^2)
///
/// whose square may be subtracted without a rounding of its own. `result` is tanh's; shapes as of relu_backward,
/// floating-point numbers only.
template <tensor_like GradOutput, tensor_like Result>
  requires detail::same_floats<GradOutput, Result> tensor<element_of<GradOutput>> tanh_backward(
      const GradOutput& grad_output, const Result& result, const context& ctx = default_context()) {
    return detail::activation_backward("tanh_backward", "result", activation::tanh, detail::const_view(grad_output),
                                       detail::const_view(result), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Result>
  requires detail::same_floats<GradOutput, Result, GradInput>
void tanh_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Result& result,
                        const context& ctx = default_context()) {
  detail::activation_backward_into("tanh_backward", "result", activation::tanh, as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(result), ctx);
}

/// The gradient of elu for its input, as torch.ops.aten.elu_backward with is_result = False and the scales 1.
///
///     grad_input = input > 0 ? grad_output : grad_output * alpha * exp(input)
///
/// so that of a NaN is NaN (in PyTorch it is grad_output for the last elements, which fill no vector). The exponential
/// is 0 below the smallest normal number. Shapes as of relu_backward, floating-point numbers only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> elu_backward(
      const GradOutput& grad_output, const Input& input, double alpha = 1, const context& ctx = default_context()) {
    return detail::activation_backward("elu_backward", "input", activation::elu(alpha), detail::const_view(grad_output),
                                       detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void elu_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input, double alpha = 1,
                       const context& ctx = default_context()) {
  detail::activation_backward_into("elu_backward", "input", activation::elu(alpha), as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(input), ctx);
}

/// The gradient of gelu for its input, as torch.ops.aten.gelu_backward.
///
///     grad_input = grad_output * (Phi(input) + input * exp(-input^2 / 2) / sqrt(2 pi))          approximate::none
///     grad_input = grad_output * (s + input * s * (1 - s) * a')                                 approximate::tanh
///
/// Phi the normal distribution, s = 1 / (1 + exp(-a)), a twice what the tanh is taken of; NaN for infinities, and as in
/// PyTorch with approximate::tanh where the input's square overflows. Shapes as of relu_backward, floating-point
/// numbers only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> gelu_backward(
      const GradOutput& grad_output, const Input& input, approximate how = approximate::none,
      const context& ctx = default_context()) {
    return detail::activation_backward("gelu_backward", "input", detail::gelu_of(how), detail::const_view(grad_output),
                                       detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void gelu_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input,
                        approximate how = approximate::none, const context& ctx = default_context()) {
  detail::activation_backward_into("gelu_backward", "input", detail::gelu_of(how), as_view(grad_input),
                                   detail::const_view(grad_output), detail::const_view(input), ctx);
}

/// The gradient of softplus for its input, as torch.ops.aten.softplus_backward.
///
///     grad_input = input * beta > threshold ? grad_output : grad_output / (1 + exp(-input * beta))
///
/// Shapes as of relu_backward, floating-point numbers only.
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input> tensor<element_of<GradOutput>> softplus_backward(
      const GradOutput& grad_output, const Input& input, double beta = 1, double threshold = 20,
      const context& ctx = default_context()) {
    return detail::activation_backward("softplus_backward", "input", activation::softplus(beta, threshold),
                                       detail::const_view(grad_output), detail::const_view(input), ctx);
  }
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<GradOutput, Input, GradInput>
void softplus_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Input& input, double beta = 1,
                            double threshold = 20, const context& ctx = default_context()) {
  detail::activation_backward_into("softplus_backward", "input", activation::softplus(beta, threshold),
                                   as_view(grad_input), detail::const_view(grad_output), detail::const_view(input),
                                   ctx);
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
