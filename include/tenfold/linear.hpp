// linear: a fully connected layer, and its gradients.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/gemm.hpp>
#include <tenfold/gradients.hpp>
#include <tenfold/mean.hpp>

namespace tenfold::inline v0 {

/// The gradients of linear, whose tensors have the names that a convolution's have.
template <element T>
using linear_gradients = convolution_gradients<T>;

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// y (m, n) = x (m, k) times the transpose of weight (n, k)
struct linear_geometry {
  index_t m = 0, n = 0, k = 0;
  shape output_shape;
};

constexpr void check_linear_bias(const shape& bias, index_t m, index_t n) {
  if (bias.size() != 1) raise({"linear: expected a bias of 1 dimension, but got one of shape ", bias});
  if (bias[0] != n && bias[0] != 1)
    raise({"The expanded size of the tensor (", n, ") must match the existing size (", bias[0],
           ") at non-singleton dimension 1.  Target sizes: [", m, ", ", n, "].  Tensor sizes: [", bias[0], "]"});
}

/// A weight of one dimension: a product with a vector, without bias.
constexpr linear_geometry check_linear_vector(const shape& input, const shape& weight, bool has_bias) {
  if (has_bias) raise("addmm: mat2 must be a matrix, got 1-D tensor");
  const std::size_t last = input.size() - 1;
  const index_t m = elements_between(input, 0, input.size() - 1);
  if (input[last] != weight[0]) {
    if (last == 0)
      raise({"inconsistent tensor size, expected tensor [", input[0], "] and src [", weight[0],
             "] to have the same number of elements, but got ", input[0], " and ", weight[0],
             " elements respectively"});
    raise({"size mismatch, got input (", m, "), mat (", m, "x", input[last], "), vec (", weight[0], ")"});
  }
  return {m, 1, weight[0], shape(std::span<const index_t>(input.begin(), last))};
}

/// The checks of linear in PyTorch's order.
constexpr linear_geometry check_linear(const shape& input, const shape& weight, const std::optional<shape>& bias) {
  check_not_negative(input);
  if (input.empty() || weight.empty())
    raise(
        {"both arguments to linear need to be at least 1D, but they are ", input.size(), "D and ", weight.size(), "D"});
  if (weight.size() > 2) raise({"t() expects a tensor with <= 2 dimensions, but self is ", weight.size(), "D"});
  if (weight.size() == 1) return check_linear_vector(input, weight, bias.has_value());
  const index_t m = elements_between(input, 0, input.size() - 1), n = weight[0], k = weight[1];
  if (input[input.size() - 1] != k)
    raise({bias ? "addmm" : "mm", ": mat1 and mat2 shapes cannot be multiplied (", m, "x", input[input.size() - 1],
           " and ", k, "x", n, ")"});
  if (bias) check_linear_bias(*bias, m, n);
  shape output = input;
  output[input.size() - 1] = n;
  return {m, n, k, output};
}

/// What gemm would find wrong with the context, before the bias is written to the output.
template <class T>
void check_linear_context(const linear_geometry& g, const context& ctx) {
  if (g.m == 0 || g.n == 0) return;
  const index_t bytes = seam::gemm_bytes<T>(g.m, g.n, (std::max)(g.k, index_t{1}), ctx);
  if (!ctx.workspace.empty() && g.k > 0) scratch_memory(ctx, bytes);
}

/// bias (n), or one number where it has but one; or null
template <class T>
void run_linear(const linear_geometry& g, const T* x, const T* weight, optional_array<const T> bias, bool spreads,
                T* output, const context& ctx) {
  check_linear_context<T>(g, ctx);
  for (index_t i = 0; bias && i < g.m; ++i)
    for (index_t j = 0; j < g.n; ++j) output[i * g.n + j] = bias[spreads ? 0 : j];
  const index_t one = 1;
  gemm(order::row_major, transpose::no, transpose::yes, g.m, g.n, g.k, T{1}, x, (std::max)(g.k, one), weight,
       (std::max)(g.k, one), bias ? T{1} : T{0}, output, (std::max)(g.n, one), ctx);
}

}  // namespace detail

/// The shape that linear gives, or the error that it raises; usable at compile time.
constexpr shape linear_output_shape(const shape& input, const shape& weight,
                                    const std::optional<shape>& bias = std::nullopt) {
  detail::check_not_negative(weight);
  return detail::check_linear(input, weight, bias).output_shape;
}

/// The bytes of workspace that linear_into needs with this context, with a bias or without.
template <tensor_like Input, tensor_like Weight>
index_t linear_workspace_bytes(const Input& input, const Weight& weight, const context& ctx = default_context()) {
  const auto g = detail::check_linear(detail::const_view(input).shape(), detail::const_view(weight).shape(), {});
  return gemm_workspace_bytes<element_of<Input>>(g.m, g.n, g.k, ctx);
}

/// linear into a tensor of the right shape, which may not overlap the others.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::same_as<element_of<Weight>, element_of<Input>> &&
      std::same_as<element_of<Bias>, element_of<Input>>
void linear_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias,
                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto b = detail::const_view(bias);
  const auto g = detail::check_linear(x.shape(), w.shape(), b.shape());
  detail::check_output_shape("linear", "output", g.output_shape, as_view(output).shape());
  detail::run_linear<element_of<Input>>(g, x.data(), w.data(), b.data(), b.size() == 1, as_view(output).data(), ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Weight>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::same_as<element_of<Weight>, element_of<Input>>
void linear_into(Output&& output, const Input& input, const Weight& weight, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto g = detail::check_linear(x.shape(), w.shape(), {});
  detail::check_output_shape("linear", "output", g.output_shape, as_view(output).shape());
  detail::run_linear<element_of<Input>>(g, x.data(), w.data(), nullptr, false, as_view(output).data(), ctx);
}

/// A fully connected layer, as torch.nn.functional.linear.
///
///     output[..., o] = bias[o] + sum of input[..., i] * weight[o, i] over i
///
/// |error| <= gamma_(I + 1) (|bias[o]| + sum |input| |weight|); integers are exact and wrap.
///
/// input   (..., I), at least one dimension
/// weight  (O, I); or (I), without a bias: then the result has no last dimension
/// bias    (O), or (1) for all of them
/// returns (..., O)
/// throws  tenfold::error in PyTorch's words; biases of more dimensions, which it takes, are refused; every check comes
///         before the first write
/// source  gemm
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::same_as<element_of<Weight>, element_of<Input>> && std::same_as<element_of<Bias>, element_of<Input>>
      tensor<element_of<Input>> linear(const Input& input, const Weight& weight, const Bias& bias,
                                       const context& ctx = default_context()) {
    const auto shape_of_output =
        detail::check_linear(detail::const_view(input).shape(), detail::const_view(weight).shape(),
                             detail::const_view(bias).shape())
            .output_shape;
    auto output = tensor<element_of<Input>>::uninitialized(shape_of_output);
    linear_into(output, input, weight, bias, ctx);
    return output;
  }
template <tensor_like Input, tensor_like Weight>
  requires std::same_as<element_of<Weight>, element_of<Input>> tensor<element_of<Input>> linear(
      const Input& input, const Weight& weight, const context& ctx = default_context()) {
    auto output = tensor<element_of<Input>>::uninitialized(
        detail::check_linear(detail::const_view(input).shape(), detail::const_view(weight).shape(), {}).output_shape);
    linear_into(output, input, weight, ctx);
    return output;
  }

// ----------------------------------------------------------------------------------------------------------- gradients

namespace detail {

constexpr linear_geometry check_linear_backward(const shape& grad_output, const shape& input, const shape& weight) {
  if (weight.size() != 2) raise({"linear_backward: expected a weight of 2 dimensions, but got one of shape ", weight});
  const linear_geometry g = check_linear(input, weight, {});
  check_output_shape("linear_backward", "grad_output", g.output_shape, grad_output);
  return g;
}

/// Any of the results may be null.
template <class T>
void run_linear_backward(const linear_geometry& g, const T* dy, const T* x, const T* weight, T* dx, T* grad_weight,
                         T* grad_bias, const context& ctx) {
  const index_t one = 1, k = (std::max)(g.k, one), n = (std::max)(g.n, one);
  check_linear_context<T>({g.m, g.k, g.n, {}}, ctx);
  check_linear_context<T>({g.n, g.k, g.m, {}}, ctx);
  if (dx) gemm(order::row_major, transpose::no, transpose::no, g.m, g.k, g.n, T{1}, dy, n, weight, k, T{0}, dx, k, ctx);
  if (grad_weight)
    gemm(order::row_major, transpose::yes, transpose::no, g.n, g.k, g.m, T{1}, dy, n, x, k, T{0}, grad_weight, k, ctx);
  if (grad_bias) seam::run_sum<T>(check_reduction({g.m, g.n}, 0, false), false, dy, grad_bias, ctx);
}

}  // namespace detail

/// The bytes of workspace that linear_backward_into needs with this context.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
index_t linear_backward_workspace_bytes(const GradOutput& grad_output, const Input& input, const Weight& weight,
                                        const context& ctx = default_context()) {
  using T = element_of<Input>;
  const auto g = detail::check_linear_backward(detail::const_view(grad_output).shape(),
                                               detail::const_view(input).shape(), detail::const_view(weight).shape());
  return (std::max)(gemm_workspace_bytes<T>(g.m, g.k, g.n, ctx), gemm_workspace_bytes<T>(g.n, g.k, g.m, ctx));
}

/// linear_backward into tensors of the right shapes, which may not overlap the others.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
  requires std::floating_point<element_of<Input>>
void linear_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                          const GradOutput& grad_output, const Input& input, const Weight& weight,
                          const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto g = detail::check_linear_backward(dy.shape(), x.shape(), w.shape());
  detail::check_output_shape("linear_backward", "grad_input", x.shape(), as_view(grad_input).shape());
  detail::check_output_shape("linear_backward", "grad_weight", w.shape(), as_view(grad_weight).shape());
  detail::check_output_shape("linear_backward", "grad_bias", {g.n}, as_view(grad_bias).shape());
  detail::run_linear_backward<element_of<Input>>(g, dy.data(), x.data(), w.data(), as_view(grad_input).data(),
                                                 as_view(grad_weight).data(), as_view(grad_bias).data(), ctx);
}

/// The gradients of linear, as autograd gives them.
///
///     grad_input = grad_output weight,  grad_weight = grad_output' input,  grad_bias = the sum of grad_output's rows
///
/// grad_output  (..., O), floating-point numbers
/// input        (..., I)
/// weight       (O, I)
/// returns      {grad_input, grad_weight, grad_bias}
/// throws       tenfold::error where a shape is not as above; every check comes before the first write
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
  requires std::floating_point<element_of<Input>> linear_gradients<element_of<Input>> linear_backward(
      const GradOutput& grad_output, const Input& input, const Weight& weight, const context& ctx = default_context()) {
    using T = element_of<Input>;
    const auto x = detail::const_view(input);
    const auto w = detail::const_view(weight);
    const auto g = detail::check_linear_backward(detail::const_view(grad_output).shape(), x.shape(), w.shape());
    linear_gradients<T> result{tensor<T>::uninitialized(x.shape()), tensor<T>::uninitialized(w.shape()),
                               tensor<T>::uninitialized({g.n})};
    linear_backward_into(result.grad_input, result.grad_weight, result.grad_bias, grad_output, input, weight, ctx);
    return result;
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
