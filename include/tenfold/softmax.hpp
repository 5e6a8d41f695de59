// softmax and log_softmax along one dimension, and their gradients.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/reduction.hpp>
#include <tenfold/detail/seam.hpp>

/// x and y are the same but for gradients, whose x is grad_output, and y the function's result.
TENFOLD_SEAM(void, run_softmax, (kind, g, x, y, to, ctx), softmax_kind kind, const line_geometry& g, const T* x,
             const T* y, T* to, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that softmax and log_softmax give, or the error that they raise; usable at compile time.
constexpr shape softmax_output_shape(const shape& input, index_t dim) {
  detail::check_not_negative(input);
  detail::wrapped_dim(dim, input.size());
  return input;
}
constexpr shape log_softmax_output_shape(const shape& input, index_t dim) { return softmax_output_shape(input, dim); }

/// The bytes of workspace that softmax_into and log_softmax_into need: none.
template <tensor_like Input>
index_t softmax_workspace_bytes(const Input&, index_t, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t log_softmax_workspace_bytes(const Input&, index_t, const context& = default_context()) {
  return 0;
}

namespace detail {

template <class Output, class T>
void softmax_into(const char* op, softmax_kind kind, const Output& output, const tensor_view<const T>& x, index_t dim,
                  const context& ctx) {
  const auto g = lines_of(x.shape(), wrapped_dim(dim, x.shape().size()));
  check_output_shape(op, "output", x.shape(), output.shape());
  seam::run_softmax(kind, g, x.data(), x.data(), output.data(), ctx);
}

template <class T>
tensor<T> softmax(softmax_kind kind, const tensor_view<const T>& x, index_t dim, const context& ctx) {
  const auto g = lines_of(x.shape(), wrapped_dim(dim, x.shape().size()));
  auto output = tensor<T>::uninitialized(x.shape());
  seam::run_softmax(kind, g, x.data(), x.data(), output.data(), ctx);
  return output;
}

/// In PyTorch's order.
constexpr line_geometry check_softmax_backward(const char* op, const shape& grad_output, const shape& result,
                                               index_t dim) {
  if (!(grad_output == result))
    raise({"Expected tensor for argument #1 'grad' to have same size as tensor for argument #2 'output'; but ",
           grad_output, " does not equal ", result, " (while checking arguments for ", op, ")"});
  return lines_of(grad_output, wrapped_dim(dim, grad_output.size()));
}

template <class GradInput, class T>
void softmax_backward_into(const char* op, softmax_kind kind, const GradInput& grad_input,
                           const tensor_view<const T>& dy, const tensor_view<const T>& y, index_t dim,
                           const context& ctx) {
  const auto g = check_softmax_backward(op, dy.shape(), y.shape(), dim);
  check_output_shape(op, "grad_input", dy.shape(), grad_input.shape());
  seam::run_softmax(kind, g, dy.data(), y.data(), grad_input.data(), ctx);
}

template <class T>
tensor<T> softmax_backward(const char* op, softmax_kind kind, const tensor_view<const T>& dy,
                           const tensor_view<const T>& y, index_t dim, const context& ctx) {
  const auto g = check_softmax_backward(op, dy.shape(), y.shape(), dim);
  auto grad_input = tensor<T>::uninitialized(dy.shape());
  seam::run_softmax(kind, g, dy.data(), y.data(), grad_input.data(), ctx);
  return grad_input;
}

}  // namespace detail

/// softmax into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void softmax_into(Output&& output, const Input& input, index_t dim, const context& ctx = default_context()) {
  detail::softmax_into("softmax", detail::softmax_kind::softmax, as_view(output), detail::const_view(input), dim, ctx);
}

/// The softmax along one dimension, as torch.nn.functional.softmax.
///
///     output[..., i, ...] = exp(input[..., i, ...] - m) / sum of exp(input[..., k, ...] - m) over k,   m their maximum
///
/// Of a line with a NaN, with +infinity or of -infinity alone everything is NaN. Terms below the smallest normal number
/// are 0. Of a line of n, an output's relative error is at most (n + 6 + log n + |input - m|) u, u half an epsilon.
///
/// input   any shape, floating-point numbers
/// dim     negative ones count from the last
/// returns the same shape
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/softmax.inl.hpp
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> softmax(
      const Input& input, index_t dim, const context& ctx = default_context()) {
    return detail::softmax(detail::softmax_kind::softmax, detail::const_view(input), dim, ctx);
  }

/// log_softmax into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void log_softmax_into(Output&& output, const Input& input, index_t dim, const context& ctx = default_context()) {
  detail::softmax_into("log_softmax", detail::softmax_kind::log_softmax, as_view(output), detail::const_view(input),
                       dim, ctx);
}

/// The logarithm of softmax, as torch.nn.functional.log_softmax.
///
///     output[..., i, ...] = (input[..., i, ...] - m) - log(sum of exp(input[..., k, ...] - m) over k)
///
/// NaN and shapes as in softmax; an input of -infinity gives -infinity. An output is off by at most
/// u (2 |input - m| + (n + 6) + 8 log n).
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> log_softmax(
      const Input& input, index_t dim, const context& ctx = default_context()) {
    return detail::softmax(detail::softmax_kind::log_softmax, detail::const_view(input), dim, ctx);
  }

// ----------------------------------------------------------------------------------------------------------- gradients

/// The bytes of workspace that the gradients need: none.
template <tensor_like GradOutput, tensor_like Result>
index_t softmax_backward_workspace_bytes(const GradOutput&, const Result&, index_t,
                                         const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput, tensor_like Result>
index_t log_softmax_backward_workspace_bytes(const GradOutput&, const Result&, index_t,
                                             const context& = default_context()) {
  return 0;
}

/// softmax_backward into a tensor of the same shape, which may be one of the others, but may not overlap them
/// otherwise.
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Result>
  requires std::floating_point<element_of<GradOutput>> && std::same_as<element_of<GradInput>, element_of<GradOutput>> &&
      std::same_as<element_of<Result>, element_of<GradOutput>>
void softmax_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Result& result, index_t dim,
                           const context& ctx = default_context()) {
  detail::softmax_backward_into("softmax_backward", detail::softmax_kind::softmax_backward, as_view(grad_input),
                                detail::const_view(grad_output), detail::const_view(result), dim, ctx);
}

/// The gradient of softmax for its input, as torch.ops.aten._softmax_backward_data.
///
///     grad_input = (grad_output - sum of grad_output * result along dim) * result
///
/// grad_output  any shape, floating-point numbers
/// result       the same: softmax's
/// returns      the same
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput, tensor_like Result>
  requires std::floating_point<element_of<GradOutput>> && std::same_as<element_of<Result>, element_of<GradOutput>>
      tensor<element_of<GradOutput>> softmax_backward(const GradOutput& grad_output, const Result& result, index_t dim,
                                                      const context& ctx = default_context()) {
    return detail::softmax_backward("softmax_backward", detail::softmax_kind::softmax_backward,
                                    detail::const_view(grad_output), detail::const_view(result), dim, ctx);
  }

/// log_softmax_backward into a tensor of the same shape, which may be one of the others, but may not overlap them
/// otherwise.
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Result>
  requires std::floating_point<element_of<GradOutput>> && std::same_as<element_of<GradInput>, element_of<GradOutput>> &&
      std::same_as<element_of<Result>, element_of<GradOutput>>
void log_softmax_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Result& result, index_t dim,
                               const context& ctx = default_context()) {
  detail::softmax_backward_into("log_softmax_backward", detail::softmax_kind::log_softmax_backward, as_view(grad_input),
                                detail::const_view(grad_output), detail::const_view(result), dim, ctx);
}

/// The gradient of log_softmax for its input, as torch.ops.aten._log_softmax_backward_data.
///
///     grad_input = grad_output - exp(result) * sum of grad_output along dim
///
/// Shapes as of softmax_backward; where they differ, PyTorch reads what is not there, and this raises an error.
template <tensor_like GradOutput, tensor_like Result>
  requires std::floating_point<element_of<GradOutput>> && std::same_as<element_of<Result>, element_of<GradOutput>>
      tensor<element_of<GradOutput>> log_softmax_backward(const GradOutput& grad_output, const Result& result,
                                                          index_t dim, const context& ctx = default_context()) {
    return detail::softmax_backward("log_softmax_backward", detail::softmax_kind::log_softmax_backward,
                                    detail::const_view(grad_output), detail::const_view(result), dim, ctx);
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/softmax.hpp>
#endif
