// max_unpool2d and its gradient.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/plane_geometry.hpp>
#include <tenfold/detail/seam.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0 {

/// What becomes of a place that several indices of a plane name. "First" and "last" are meant in row-major order.
///
///     last   the last value, as in torch
///     first  the first value
///     max    the greatest, by the rule of max_pool2d: the first of equals, the last NaN before everything
///     sum    the sum, added up from the first to the last in the element type; integers wrap
///     error  none: the call raises an error that names the first index that its plane has had before
enum class unpool_duplicates { last, first, max, sum, error };

/// The settings of torch.nn.functional.max_unpool2d, and what torch does not let one choose.
struct unpool2d_options {
  hw kernel_size;
  hw stride = kernel_size;
  padding2d padding = 0;
  /// The height and width wanted; without it, those that the formula gives.
  std::optional<hw> output_size = {};
  unpool_duplicates duplicates = unpool_duplicates::last;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

constexpr index_t default_unpooled_size(index_t in, index_t kernel, index_t stride, index_t begin, index_t end) {
  const index_t spread = checked_multiply(checked_subtract(in, 1), stride);
  return checked_add(checked_subtract(spread, both_sides(begin, end)), kernel);
}

constexpr void check_unpooled_size(const shape& wanted, index_t d, index_t size, index_t usual, index_t stride) {
  const index_t least = checked_subtract(usual, stride);
  const index_t most = checked_add(usual, stride);
  if (size <= least || size >= most)
    raise({"invalid output_size \"", wanted, "\" (dim ", d, " must be between ", least, " and ", most, ")"});
}

/// The height and width of the output, from the part of the checks that looks at sizes alone.
constexpr hw unpooled_size(const shape& input, const unpool2d_options& o) {
  if (input.size() < 2) raise("tuple index out of range");
  const hw in = last_two(input);
  const hw usual{default_unpooled_size(in.h, o.kernel_size.h, o.stride.h, o.padding.h, pads(o.padding).bottom),
                 default_unpooled_size(in.w, o.kernel_size.w, o.stride.w, o.padding.w, pads(o.padding).right)};
  const hw out = o.output_size.value_or(usual);
  if (o.output_size) {
    const shape wanted{out.h, out.w};
    check_unpooled_size(wanted, 0, out.h, usual.h, o.stride.h);
    check_unpooled_size(wanted, 1, out.w, usual.w, o.stride.w);
  }
  if (out.h < 0 || out.w < 0)
    raise({"max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[",
           out.h < 0 ? 0 : 1, "]=", out.h < 0 ? out.h : out.w});
  return out;
}

/// The checks of max_unpool2d in PyTorch's order, but for the indices themselves.
constexpr plane_geometry check_max_unpool2d(const shape& input, const shape& indices, const unpool2d_options& o) {
  const hw out = unpooled_size(input, o);
  if (input.size() != 3 && input.size() != 4)
    raise({"Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with ",
           static_cast<index_t>(input.size()), " dimensions."});
  if (!(indices == input))
    raise({"Expected shape of indices to be same as that of the input tensor (", input,
           ") but got indices tensor with shape: ", indices});
  for (std::size_t d = 1; d < input.size(); ++d)
    if (input[d] == 0)
      raise({"max_unpooling2d_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, but ",
             "input has sizes ", input, " with dimension ", d, " being empty"});

  plane_geometry g{};
  g.planes = plane_count(input);
  g.in = last_two(input);
  g.out = out;
  g.output_shape = with_planes_of(input, out);
  return g;
}

/// The checks of max_unpool2d_backward, but for the indices themselves: from unpooled planes to those of the input.
/// PyTorch has none of its own there, as its gradient belongs to a call whose checks have passed.
constexpr plane_geometry check_max_unpool2d_backward(const shape& grad_output, const shape& indices) {
  if (indices.size() != 3 && indices.size() != 4)
    raise({"Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with ",
           static_cast<index_t>(indices.size()), " dimensions."});
  bool fits = grad_output.size() == indices.size();
  for (std::size_t d = 0; fits && d + 2 < indices.size(); ++d) fits = grad_output[d] == indices[d];
  if (!fits)
    raise({"max_unpool2d_backward: expected grad_output to have as many planes as indices, whose shape is ", indices,
           ", but got ", grad_output});
  plane_geometry g{};
  g.planes = plane_count(indices);
  g.in = last_two(indices);
  g.out = last_two(grad_output);
  g.output_shape = indices;
  return g;
}

/// One bit for each place of a plane, or of a part of it where the plane is too large for the scratch memory.
inline index_t unpool_seen_bytes(const plane_geometry& g, const context& ctx) {
  const index_t whole = round_up(ceil_divide(g.out.h * g.out.w, 8), static_cast<index_t>(alignment));
  return (std::min)(whole, scratch_budget(ctx) / static_cast<index_t>(alignment) * static_cast<index_t>(alignment));
}

inline index_t unpool_scratch_bytes(const plane_geometry& g, const unpool2d_options& o, const context& ctx) {
  if (o.duplicates != unpool_duplicates::error || g.output_shape.elements() == 0) return 0;
  return unpool_seen_bytes(g, ctx) * worker_count(ctx, g.planes);
}

}  // namespace detail

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

/// Checks the indices, then writes the output.
TENFOLD_SEAM(void, run_max_unpool2d, (g, o, input, indices, output, ctx), const plane_geometry& g,
             const unpool2d_options& o, const T* input, const index_t* indices, T* output, const context& ctx)
/// The same for the gradient.
TENFOLD_SEAM(void, run_max_unpool2d_backward, (g, grad_output, indices, grad_input, ctx), const plane_geometry& g,
             const T* grad_output, const index_t* indices, T* grad_input, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that max_unpool2d gives, or the error that it raises; usable at compile time.
constexpr shape max_unpool2d_output_shape(const shape& input, const unpool2d_options& options) {
  detail::check_not_negative(input);
  return detail::check_max_unpool2d(input, input, options).output_shape;
}

/// The bytes of workspace that max_unpool2d_into needs with this context: none, but for unpool_duplicates::error.
template <tensor_like Input, tensor_like Indices>
index_t max_unpool2d_workspace_bytes(const Input& input, const Indices& indices, const unpool2d_options& options,
                                     const context& ctx = default_context()) {
  const auto g =
      detail::check_max_unpool2d(detail::const_view(input).shape(), detail::const_view(indices).shape(), options);
  return detail::workspace_bytes_for(detail::unpool_scratch_bytes(g, options, ctx));
}

/// max_unpool2d into a tensor of the right shape, which may not overlap the inputs. Allocates nothing when the context
/// carries a workspace of max_unpool2d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Indices>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::same_as<element_of<Indices>, index_t>
void max_unpool2d_into(Output&& output, const Input& input, const Indices& indices, const unpool2d_options& options,
                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d(x.shape(), at.shape(), options);
  detail::check_output_shape("max_unpool2d", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_max_unpool2d<element_of<Input>>(g, options, x.data(), at.data(), as_view(output).data(), ctx);
}

/// The partial inverse of 2-D max pooling, as torch.nn.functional.max_unpool2d.
///
///     output[n, c].flat[indices[n, c, h, w]] = input[n, c, h, w],  0 elsewhere
///
/// Where an index occurs more than once in a plane, the last one in row-major order counts, or what the option
/// `duplicates` says.
///
/// input   (N, C, H, W) or (C, H, W); N may be 0
/// indices like input, int64: places h * OW + w in the output plane, as max_pool2d_with_indices gives them (and
///         convert_indices makes of those that ONNX and TensorFlow give)
/// returns (N, C, OH, OW) or (C, OH, OW) with OH, OW = output_size, or without one
///         OH = (H - 1) * stride.h - padding.top - padding.bottom + kernel_size.h, from which output_size may differ
///         by less than a stride
/// throws  tenfold::error in PyTorch's words; every check, that of the indices too, comes before the first write
/// source  Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2013, section 2.1 ("switches");
///         the loops: detail/kernels/max_unpool2d.inl.hpp
template <tensor_like Input, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<Input>> max_unpool2d(const Input& input, const Indices& indices, const unpool2d_options& options,
                                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d(x.shape(), at.shape(), options);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::seam::run_max_unpool2d<element_of<Input>>(g, options, x.data(), at.data(), output.data(), ctx);
  return output;
}

/// The bytes of workspace that max_unpool2d_backward_into needs: none.
template <tensor_like GradOutput, tensor_like Indices>
index_t max_unpool2d_backward_workspace_bytes(const GradOutput&, const Indices&, const context& = default_context()) {
  return 0;
}

/// max_unpool2d_backward into a tensor of the indices' shape, which may not overlap the others.
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Indices>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::same_as<element_of<Indices>, index_t>
void max_unpool2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Indices& indices,
                                const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d_backward(dy.shape(), at.shape());
  detail::check_output_shape("max_unpool2d_backward", "grad_input", g.output_shape, as_view(grad_input).shape());
  detail::seam::run_max_unpool2d_backward<element_of<GradOutput>>(g, dy.data(), at.data(), as_view(grad_input).data(),
                                                                  ctx);
}

/// The gradient of max_unpool2d for its input, as PyTorch's autograd has it.
///
///     grad_input[n, c, h, w] = grad_output[n, c].flat[indices[n, c, h, w]]
///
/// Of copies of an index each gets the gradient, also those whose value max_unpool2d did not keep.
///
/// grad_output  (N, C, OH, OW) or (C, OH, OW); N may be 0
/// indices      (N, C, H, W) or (C, H, W), int64: places oh * OW + ow in the output plane
/// returns      a tensor of the indices' shape
/// throws       tenfold::error, in max_unpool2d's words for an index outside the plane; every check, that of the
///              indices too, comes before the first write
template <tensor_like GradOutput, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<GradOutput>> max_unpool2d_backward(const GradOutput& grad_output, const Indices& indices,
                                                     const context& ctx = default_context()) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d_backward(dy.shape(), at.shape());
  auto grad_input = tensor<T>::uninitialized(g.output_shape);
  detail::seam::run_max_unpool2d_backward<T>(g, dy.data(), at.data(), grad_input.data(), ctx);
  return grad_input;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/max_unpool2d.hpp>
#endif
