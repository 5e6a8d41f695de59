// max_pool2d, with and without indices, and its gradient.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/plane_geometry.hpp>
#include <tenfold/detail/seam.hpp>

namespace tenfold::inline v0 {

/// The settings of torch.nn.functional.max_pool2d.
struct pool2d_options {
  hw kernel_size;
  hw stride = kernel_size;
  padding2d padding = 0;
  hw dilation = 1;
  bool ceil_mode = false;
};

/// What max_pool2d_with_indices gives: the maxima, and for each the place h * W + w in its input plane that it is from.
template <element T>
struct max_pool2d_result {
  tensor<T> values;
  tensor<index_t> indices;

  TENFOLD_TAG max_pool2d_result() = default;
  TENFOLD_TAG max_pool2d_result(tensor<T> values_, tensor<index_t> indices_)
      : values(std::move(values_)), indices(std::move(indices_)) {}
  TENFOLD_TAGGED_COPIES(max_pool2d_result);
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// PyTorch keeps the settings of a pooling as int32.
constexpr void check_fits_int32(const hw& setting) {
  const auto fits = [](index_t value) { return value >= INT32_MIN && value <= INT32_MAX; };
  if (!fits(setting.h) || !fits(setting.w)) raise("value cannot be converted to type int without overflow");
}

constexpr void check_pool_dimension(index_t kernel, index_t stride, index_t begin, index_t end, index_t dilation) {
  if (stride == 0) raise("stride should not be zero");
  for (const index_t padding : {begin, end}) {
    if (padding < 0) raise({"pad must be non-negative, but got pad: ", padding});
    if (padding > effective_kernel(kernel, dilation) / 2)
      raise({"pad should be at most half of effective kernel size, but got pad=", padding, ", kernel_size=", kernel,
             " and dilation=", dilation});
  }
}

/// Names the sides as PyTorch does where it can.
constexpr void check_pool_padding(const hw& kernel, const pads& padding) {
  const hw most{kernel.h / 2, kernel.w / 2};
  if (padding.top <= most.h && padding.left <= most.w && padding.bottom <= most.h && padding.right <= most.w) return;
  if (is_pair(padding))
    raise({"pad should be smaller than or equal to half of kernel size, but got padW = ", padding.left,
           ", padH = ", padding.top, ", kW = ", kernel.w, ", kH = ", kernel.h});
  raise({"pad should be smaller than or equal to half of kernel size, but got padTop = ", padding.top,
         ", padLeft = ", padding.left, ", padBottom = ", padding.bottom, ", padRight = ", padding.right,
         ", kW = ", kernel.w, ", kH = ", kernel.h});
}

/// The windows along one dimension.
constexpr axis pool_axis(index_t in, index_t kernel, index_t stride, index_t begin, index_t end, index_t dilation,
                         bool ceil_mode) {
  const index_t padded = checked_add(in, both_sides(begin, end));
  const index_t span = checked_subtract(padded, effective_kernel(kernel, dilation));
  const index_t out = floor_divide(checked_add(span, ceil_mode ? stride - 1 : 0), stride) + 1;
  // A window that would begin in the padding behind the image is left out.
  const bool drops_last = ceil_mode && (out - 1) * stride >= in + begin;
  return {kernel, drops_last ? out - 1 : out, stride, dilation, -begin, in};
}

/// The checks of max_pool2d in PyTorch's order.
constexpr pool2d_geometry check_max_pool2d(const shape& input, const pool2d_options& o) {
  check_fits_int32(o.kernel_size);
  check_fits_int32(o.stride);
  check_fits_int32(begin_of(o.padding));
  check_fits_int32({pads(o.padding).bottom, pads(o.padding).right});
  check_fits_int32(o.dilation);
  if (input.size() != 3 && input.size() != 4) raise("non-empty 3D or 4D (batch mode) tensor expected for input");
  check_pool_dimension(o.kernel_size.h, o.stride.h, o.padding.h, pads(o.padding).bottom, o.dilation.h);
  check_pool_dimension(o.kernel_size.w, o.stride.w, o.padding.w, pads(o.padding).right, o.dilation.w);
  if (o.kernel_size.h <= 0 || o.kernel_size.w <= 0)
    raise({"kernel size should be greater than zero, but got kH: ", o.kernel_size.h, " kW: ", o.kernel_size.w});
  if (o.stride.h < 0 || o.stride.w < 0)
    raise({"stride should be greater than zero, but got dH: ", o.stride.h, " dW: ", o.stride.w});
  if (o.dilation.h <= 0 || o.dilation.w <= 0)
    raise({"dilation should be greater than zero, but got dilationH: ", o.dilation.h, " dilationW: ", o.dilation.w});
  const index_t channels = input[input.size() - 3];
  const hw in = last_two(input);
  if (channels == 0 || in.h == 0 || in.w == 0)
    raise({"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:", input});
  check_pool_padding(o.kernel_size, o.padding);

  const pads& sides = o.padding;
  const axis h = pool_axis(in.h, o.kernel_size.h, o.stride.h, sides.top, sides.bottom, o.dilation.h, o.ceil_mode);
  const axis w = pool_axis(in.w, o.kernel_size.w, o.stride.w, sides.left, sides.right, o.dilation.w, o.ceil_mode);
  if (h.points < 1 || w.points < 1)
    raise({"Given input size: (", channels, "x", in.h, "x", in.w, "). Calculated output size: (", channels, "x",
           h.points, "x", w.points, "). Output size is too small"});
  return {plane_count(input), h, w, with_planes_of(input, {h.points, w.points})};
}

/// The checks of max_pool2d_backward in PyTorch's order, but for the indices themselves: from pooled planes to those of
/// the input.
constexpr plane_geometry check_max_pool2d_backward(const shape& grad_output, const shape& indices, const shape& input) {
  check_not_negative(input);
  const std::size_t rank = input.size();
  if (rank != 3 && rank != 4) raise("non-empty 3D or 4D (batch mode) tensor expected for input");
  if (input[rank - 3] == 0 || input[rank - 2] == 0 || input[rank - 1] == 0)
    raise({"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:", input});
  check_dim_size(grad_output, rank, rank - 3, input[rank - 3]);
  if (rank == 4) check_dim_size(grad_output, rank, 0, input[0]);
  for (const std::size_t d : {rank - 3, rank - 2, rank - 1, std::size_t{0}})
    check_dim_size(indices, rank, d, grad_output[d]);

  plane_geometry g{};
  g.planes = plane_count(input);
  g.in = last_two(grad_output);
  g.out = last_two(input);
  g.output_shape = input;
  return g;
}

}  // namespace detail

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

/// Without Indices, `indices` is null.
TENFOLD_SEAM_OF(Indices, void, run_max_pool2d, (g, input, values, indices, ctx), const pool2d_geometry& g,
                const T* input, T* values, index_t* indices, const context& ctx)
/// Checks the indices, then writes the gradient.
TENFOLD_SEAM(void, run_max_pool2d_backward, (g, grad_output, indices, grad_input, ctx), const plane_geometry& g,
             const T* grad_output, const index_t* indices, T* grad_input, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that max_pool2d gives, or the error that it raises; usable at compile time.
constexpr shape max_pool2d_output_shape(const shape& input, const pool2d_options& options) {
  detail::check_not_negative(input);
  return detail::check_max_pool2d(input, options).output_shape;
}

/// The bytes of workspace that max_pool2d_into and max_pool2d_with_indices_into need: none.
template <tensor_like Input>
index_t max_pool2d_workspace_bytes(const Input&, const pool2d_options&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t max_pool2d_with_indices_workspace_bytes(const Input&, const pool2d_options&,
                                                const context& = default_context()) {
  return 0;
}

/// max_pool2d_with_indices into tensors of the right shape, which may not overlap the input.
template <tensor_like Values, tensor_like Indices, tensor_like Input>
  requires std::same_as<element_of<Values>, element_of<Input>> && std::same_as<element_of<Indices>, index_t>
void max_pool2d_with_indices_into(Values&& values, Indices&& indices, const Input& input, const pool2d_options& options,
                                  const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool2d(x.shape(), options);
  detail::check_output_shape("max_pool2d", "values", g.output_shape, as_view(values).shape());
  detail::check_output_shape("max_pool2d", "indices", g.output_shape, as_view(indices).shape());
  detail::seam::run_max_pool2d<true, element_of<Input>>(g, x.data(), as_view(values).data(), as_view(indices).data(),
                                                        ctx);
}

/// max_pool2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Values, tensor_like Input>
  requires std::same_as<element_of<Values>, element_of<Input>>
void max_pool2d_into(Values&& values, const Input& input, const pool2d_options& options,
                     const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool2d(x.shape(), options);
  detail::check_output_shape("max_pool2d", "values", g.output_shape, as_view(values).shape());
  detail::seam::run_max_pool2d<false, element_of<Input>>(g, x.data(), as_view(values).data(), nullptr, ctx);
}

/// 2-D max pooling, as torch.nn.functional.max_pool2d(..., return_indices=True).
///
///     values[n, c, oh, ow]  = max of input[n, c, h, w]
///     indices[n, c, oh, ow] = h * W + w of that element
///     over all i, j with  h = oh * stride.h - padding.top + i * dilation.h,  w likewise, inside the image
///
/// The first of equal maxima is taken, in row-major order. A NaN beats everything, the last NaN the others. Where a
/// dilated window has no element inside the image, the value is -infinity (the lowest integer) and the index is where
/// the window would begin, which lies outside the plane: only max_unpool2d's check of the indices stands behind it.
///
/// input   (N, C, H, W) or (C, H, W); N may be 0
/// returns {values, indices}, both (N, C, OH, OW) or (C, OH, OW) with
///         OH = floor((H + padding.top + padding.bottom - dilation.h * (kernel_size.h - 1) - 1) / stride.h) + 1; with
///         ceil_mode the division rounds up, less one if that window would begin behind the image and what is before it
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  rows of outputs in vectors: see detail/kernels/max_pool2d.inl.hpp
template <tensor_like Input>
max_pool2d_result<element_of<Input>> max_pool2d_with_indices(const Input& input, const pool2d_options& options,
                                                             const context& ctx = default_context()) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool2d(x.shape(), options);
  max_pool2d_result<T> result{tensor<T>::uninitialized(g.output_shape), tensor<index_t>::uninitialized(g.output_shape)};
  detail::seam::run_max_pool2d<true, element_of<Input>>(g, x.data(), result.values.data(), result.indices.data(), ctx);
  return result;
}

/// The values of max_pool2d_with_indices alone, as torch.nn.functional.max_pool2d.
template <tensor_like Input>
tensor<element_of<Input>> max_pool2d(const Input& input, const pool2d_options& options,
                                     const context& ctx = default_context()) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool2d(x.shape(), options);
  auto values = tensor<T>::uninitialized(g.output_shape);
  detail::seam::run_max_pool2d<false, T>(g, x.data(), values.data(), nullptr, ctx);
  return values;
}

/// The bytes of workspace that max_pool2d_backward_into needs: none.
template <tensor_like GradOutput, tensor_like Indices>
index_t max_pool2d_backward_workspace_bytes(const GradOutput&, const Indices&, const shape&,
                                            const context& = default_context()) {
  return 0;
}

/// max_pool2d_backward into a tensor of the input's shape, which may not overlap the others.
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Indices>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::same_as<element_of<Indices>, index_t>
void max_pool2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Indices& indices,
                              const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto dx = as_view(grad_input);
  const auto g = detail::check_max_pool2d_backward(dy.shape(), at.shape(), dx.shape());
  detail::seam::run_max_pool2d_backward<element_of<GradOutput>>(g, dy.data(), at.data(), dx.data(), ctx);
}

/// The gradient of max_pool2d for its input, as torch.ops.aten.max_pool2d_with_indices_backward.
///
///     grad_input[n, c].flat[p] = sum of grad_output[n, c, oh, ow] over all oh, ow with indices[n, c, oh, ow] = p
///
/// added to +0 in row-major order of oh, ow; integers wrap. An index of -1 adds to nothing. The other settings of the
/// pooling are in the indices.
///
/// grad_output  (N, C, OH, OW) or (C, OH, OW); N may be 0
/// indices      like grad_output, int64: places h * W + w in the input plane, as max_pool2d_with_indices gives them
/// input_shape  (N, C, H, W) or (C, H, W)
/// returns      a tensor of the input's shape
/// throws       tenfold::error in PyTorch's words; every check, that of the indices too, comes before the first write.
///              Other indices outside the plane, such as those of windows without an element in the image, are
///              refused, where PyTorch writes elsewhere
/// source       as max_unpool2d, but adding: detail/kernels/max_unpool2d.inl.hpp
template <tensor_like GradOutput, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<GradOutput>> max_pool2d_backward(const GradOutput& grad_output, const Indices& indices,
                                                   const shape& input_shape, const context& ctx = default_context()) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_pool2d_backward(dy.shape(), at.shape(), input_shape);
  auto grad_input = tensor<T>::uninitialized(input_shape);
  detail::seam::run_max_pool2d_backward<T>(g, dy.data(), at.data(), grad_input.data(), ctx);
  return grad_input;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/max_pool2d.hpp>
#endif
