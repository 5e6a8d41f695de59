// relu and sigmoid, elementwise.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/seam.hpp>

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

}  // namespace tenfold::inline v0

TENFOLD_SEAM(void, run_relu, (size, x, y, ctx), index_t size, const T* x, T* y, const context& ctx)
TENFOLD_SEAM(void, run_sigmoid, (size, x, y, ctx), index_t size, const T* x, typename plain::sigmoid_of<T>::type* y,
             const context& ctx)

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

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/activation.hpp>
#endif
