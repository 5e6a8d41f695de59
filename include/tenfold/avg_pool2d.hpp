// avg_pool2d and adaptive_avg_pool2d, and their gradients.
#pragma once

#include <tenfold/max_pool2d.hpp>  // the checks of a pooling's settings
#include <tenfold/mean.hpp>

namespace tenfold::inline v0 {

/// The settings of torch.nn.functional.avg_pool2d.
struct avg_pool2d_options {
  hw kernel_size;
  hw stride = kernel_size;
  hw padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<index_t> divisor_override = std::nullopt;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// A size that PyTorch asks for by its place from the end.
constexpr void check_dim_exists(const shape& s, index_t from_end) {
  if (s.empty()) raise({"Dimension specified as ", -from_end, " but tensor has no dimensions"});
  wrapped_dim(-from_end, s.size());
}

/// The checks of avg_pool2d in PyTorch's order.
constexpr avg_pool2d_geometry check_avg_pool2d(const shape& input, const avg_pool2d_options& o) {
  for (const hw& setting : {o.kernel_size, o.stride, o.padding}) check_fits_int32(setting);
  if (o.divisor_override && *o.divisor_override == 0) raise("divisor must be not zero");
  check_dim_exists(input, 3);
  check_pool_dimension(o.kernel_size.h, o.stride.h, o.padding.h, o.padding.h, 1);
  check_pool_dimension(o.kernel_size.w, o.stride.w, o.padding.w, o.padding.w, 1);
  if (o.kernel_size.h <= 0 || o.kernel_size.w <= 0)
    raise({"kernel size should be greater than zero, but got kH: ", o.kernel_size.h, " kW: ", o.kernel_size.w});
  if (o.stride.h < 0 || o.stride.w < 0)
    raise({"stride should be greater than zero, but got dH: ", o.stride.h, " dW: ", o.stride.w});
  const index_t channels = input[input.size() - 3];
  const hw in = last_two(input);
  if (input.size() > 4 || channels == 0 || in.h == 0 || in.w == 0)
    raise({"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:", input});

  const axis h = pool_axis(in.h, o.kernel_size.h, o.stride.h, o.padding.h, o.padding.h, 1, o.ceil_mode);
  const axis w = pool_axis(in.w, o.kernel_size.w, o.stride.w, o.padding.w, o.padding.w, 1, o.ceil_mode);
  if (h.points < 1 || w.points < 1)
    raise({"Given input size: (", channels, "x", in.h, "x", in.w, "). Calculated output size: (", channels, "x",
           h.points, "x", w.points, "). Output size is too small"});
  avg_pool2d_geometry g{};
  g.planes = plane_count(input);
  g.h = h;
  g.w = w;
  g.output_shape = with_planes_of(input, {h.points, w.points});
  g.counts_padding = o.count_include_pad;
  g.divisor = o.divisor_override.value_or(0);
  return g;
}

/// The same of its gradient, then the gradient's shape.
constexpr avg_pool2d_geometry check_avg_pool2d_backward(const shape& grad_output, const shape& input,
                                                        const avg_pool2d_options& o) {
  check_not_negative(input);
  const avg_pool2d_geometry g = check_avg_pool2d(input, o);
  const std::size_t rank = input.size();
  for (std::size_t d = rank - 3; d < rank; ++d) check_dim_size(grad_output, rank, d, g.output_shape[d]);
  if (rank == 4) check_dim_size(grad_output, rank, 0, input[0]);
  return g;
}

constexpr bool is_global(const hw& size) { return size.h == 1 && size.w == 1; }

/// The checks of adaptive_avg_pool2d in PyTorch's order; what is global is a mean there, of any planes.
constexpr plane_geometry check_adaptive_avg_pool2d(const shape& input, const hw& size) {
  if (input.size() < 3) raise("Input dimension should be at least 3");
  if (size.h < 0 || size.w < 0)
    raise({"adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received {", size.h,
           ", ", size.w, "}"});
  const std::size_t rank = input.size();
  if (!is_global(size)) {
    for (const std::size_t d : {rank - 2, rank - 1})
      if (input[d] == 0)
        raise(
            {"adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but input has "
             "sizes ",
             input, " with dimension ", d, " being empty"});
    if (rank > 4) raise({"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got ", input});
  }
  plane_geometry g{};
  g.in = last_two(input);
  g.out = size;
  g.output_shape = with_planes_of(input, size);
  if (g.output_shape.elements() == 0) return g;  // no memory stands behind the other sizes
  g.planes = plane_count(input);
  // So that adaptive_lines does not overflow.
  checked_add(checked_multiply(checked_add(g.out.h, 1), g.in.h), g.out.h);
  checked_add(checked_multiply(checked_add(g.out.w, 1), g.in.w), g.out.w);
  return g;
}

/// Those of its gradient, of which PyTorch leaves out that the planes are as many.
constexpr plane_geometry check_adaptive_avg_pool2d_backward(const shape& grad_output, const shape& input) {
  check_not_negative(input);
  for (std::size_t d = 1; d < grad_output.size(); ++d)
    if (grad_output[d] == 0)
      raise(
          {"adaptive_avg_pool2d_backward(): Expected grad_output to have non-zero size for non-batch dimensions, but "
           "grad_output has sizes ",
           grad_output, " with dimension ", d, " being empty"});
  const std::size_t rank = input.size();
  if (rank != 3 && rank != 4)
    raise({"adaptive_avg_pool2d_backward_out_cpu_template: Expected 3D or 4D tensor, but got ", input});
  if (grad_output.size() != rank || !(with_planes_of(grad_output, last_two(input)) == input))
    raise({"adaptive_avg_pool2d_backward: expected grad_output of as many planes as the input, but got ", grad_output,
           " for ", input});
  plane_geometry g{};
  g.in = last_two(input);
  g.out = last_two(grad_output);
  g.output_shape = input;
  if (input.elements() == 0 || grad_output.elements() == 0) return g;
  g.planes = plane_count(input);
  checked_add(checked_multiply(checked_add(g.out.h, 1), g.in.h), g.out.h);
  checked_add(checked_multiply(checked_add(g.out.w, 1), g.in.w), g.out.w);
  return g;
}

/// What averages are of: floating-point numbers, and int64, whose quotients are rounded towards 0.
template <class T>
concept averaged = std::floating_point<T> || std::same_as<T, index_t>;

}  // namespace detail

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

TENFOLD_SEAM(void, run_avg_pool2d, (g, input, output, ctx), const avg_pool2d_geometry& g, const T* input, T* output,
             const context& ctx)
TENFOLD_SEAM(void, run_avg_pool2d_backward, (g, grad_output, grad_input, ctx), const avg_pool2d_geometry& g,
             const T* grad_output, T* grad_input, const context& ctx)
TENFOLD_SEAM(void, run_adaptive_avg_pool2d, (g, input, output, ctx), const plane_geometry& g, const T* input, T* output,
             const context& ctx)
TENFOLD_SEAM(void, run_adaptive_avg_pool2d_backward, (g, grad_output, grad_input, ctx), const plane_geometry& g,
             const T* grad_output, T* grad_input, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that avg_pool2d gives, or the error that it raises; usable at compile time.
constexpr shape avg_pool2d_output_shape(const shape& input, const avg_pool2d_options& options) {
  detail::check_not_negative(input);
  return detail::check_avg_pool2d(input, options).output_shape;
}

/// The same of adaptive_avg_pool2d.
constexpr shape adaptive_avg_pool2d_output_shape(const shape& input, const hw& output_size) {
  detail::check_not_negative(input);
  return detail::check_adaptive_avg_pool2d(input, output_size).output_shape;
}

/// The bytes of workspace that the average poolings need: none.
template <tensor_like Input>
index_t avg_pool2d_workspace_bytes(const Input&, const avg_pool2d_options&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t adaptive_avg_pool2d_workspace_bytes(const Input&, const hw&, const context& = default_context()) {
  return 0;
}

/// avg_pool2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::averaged<element_of<Input>>
void avg_pool2d_into(Output&& output, const Input& input, const avg_pool2d_options& options,
                     const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_avg_pool2d(x.shape(), options);
  detail::check_output_shape("avg_pool2d", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_avg_pool2d(g, x.data(), as_view(output).data(), ctx);
}

/// 2-D average pooling, as torch.nn.functional.avg_pool2d.
///
///     output[n, c, oh, ow] = sum of input[n, c, h, w] / divisor
///     over all i, j with  h = oh * stride.h - padding.h + i,  w likewise, inside the image
///     divisor = divisor_override; or the lines times the columns of the window: those inside the image, and with
///               count_include_pad those of the padding too, of which as many lie behind the image as before it
///
/// Added to +0 in row-major order, so that bits are PyTorch's; but a window that is the whole plane is summed as sum
/// does it. int64 wraps, and its quotients are rounded towards 0; PyTorch has no averages of other integers.
///
/// input   (N, C, H, W) or (C, H, W); N may be 0
/// returns (N, C, OH, OW) or (C, OH, OW), sizes as max_pool2d's
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/avg_pool2d.inl.hpp
template <tensor_like Input>
  requires detail::averaged<element_of<Input>> tensor<element_of<Input>> avg_pool2d(
      const Input& input, const avg_pool2d_options& options, const context& ctx = default_context()) {
    const auto x = detail::const_view(input);
    const auto g = detail::check_avg_pool2d(x.shape(), options);
    auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
    detail::seam::run_avg_pool2d(g, x.data(), output.data(), ctx);
    return output;
  }

namespace detail {

template <class T>
void adaptive_avg_pool2d_into(const plane_geometry& g, const tensor_view<const T>& x, T* y, const context& ctx) {
  if (is_global(g.out))
    seam::run_sum<T>(check_reduction(x.shape(), {-2, -1}, true), true, x.data(), y, ctx);
  else
    seam::run_adaptive_avg_pool2d(g, x.data(), y, ctx);
}

}  // namespace detail

/// adaptive_avg_pool2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void adaptive_avg_pool2d_into(Output&& output, const Input& input, const hw& output_size,
                              const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_adaptive_avg_pool2d(x.shape(), output_size);
  detail::check_output_shape("adaptive_avg_pool2d", "output", g.output_shape, as_view(output).shape());
  detail::adaptive_avg_pool2d_into(g, x, as_view(output).data(), ctx);
}

/// Average pooling to a size, as torch.nn.functional.adaptive_avg_pool2d.
///
///     output[n, c, oh, ow] = sum of input[n, c, h, w] / (h1 - h0) / (w1 - w0)   over h0 <= h < h1, w0 <= w < w1
///     h0 = floor(oh * H / OH),  h1 = ceil((oh + 1) * H / OH),  w0 and w1 likewise
///
/// Added to +0 in row-major order, so that bits are PyTorch's. An output_size of 1 is the mean of the planes instead,
/// as there.
///
/// input   (N, C, H, W) or (C, H, W), floating-point numbers; N and C may be 0; with an output_size of 1 any planes
/// returns (N, C, OH, OW) or (C, OH, OW)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/avg_pool2d.inl.hpp
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> adaptive_avg_pool2d(
      const Input& input, const hw& output_size, const context& ctx = default_context()) {
    const auto x = detail::const_view(input);
    const auto g = detail::check_adaptive_avg_pool2d(x.shape(), output_size);
    auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
    detail::adaptive_avg_pool2d_into(g, x, output.data(), ctx);
    return output;
  }

/// The bytes of workspace that the gradients of the average poolings need: none.
template <tensor_like GradOutput>
index_t avg_pool2d_backward_workspace_bytes(const GradOutput&, const shape&, const avg_pool2d_options&,
                                            const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t adaptive_avg_pool2d_backward_workspace_bytes(const GradOutput&, const shape&,
                                                     const context& = default_context()) {
  return 0;
}

/// avg_pool2d_backward into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && detail::averaged<element_of<GradOutput>>
void avg_pool2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const avg_pool2d_options& options,
                              const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto dx = as_view(grad_input);
  const auto g = detail::check_avg_pool2d_backward(dy.shape(), dx.shape(), options);
  detail::seam::run_avg_pool2d_backward(g, dy.data(), dx.data(), ctx);
}

/// The gradient of avg_pool2d for its input, as torch.ops.aten.avg_pool2d_backward.
///
///     grad_input[n, c, h, w] = sum of grad_output[n, c, oh, ow] / divisor(oh, ow) over the windows that hold (h, w)
///
/// added to +0 in row-major order of oh, ow; int64 as in avg_pool2d.
///
/// grad_output  (N, C, OH, OW) or (C, OH, OW); N may be 0
/// input_shape  (N, C, H, W) or (C, H, W)
/// options      avg_pool2d's
/// returns      a tensor of the input's shape
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput>
  requires detail::averaged<element_of<GradOutput>> tensor<element_of<GradOutput>> avg_pool2d_backward(
      const GradOutput& grad_output, const shape& input_shape, const avg_pool2d_options& options,
      const context& ctx = default_context()) {
    const auto dy = detail::const_view(grad_output);
    const auto g = detail::check_avg_pool2d_backward(dy.shape(), input_shape, options);
    auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input_shape);
    detail::seam::run_avg_pool2d_backward(g, dy.data(), grad_input.data(), ctx);
    return grad_input;
  }

/// adaptive_avg_pool2d_backward into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void adaptive_avg_pool2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                       const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto dx = as_view(grad_input);
  const auto g = detail::check_adaptive_avg_pool2d_backward(dy.shape(), dx.shape());
  detail::seam::run_adaptive_avg_pool2d_backward(g, dy.data(), dx.data(), ctx);
}

/// The gradient of adaptive_avg_pool2d for its input, as torch.ops.aten._adaptive_avg_pool2d_backward.
///
///     grad_input[n, c, h, w] = sum of grad_output[n, c, oh, ow] / (h1 - h0) / (w1 - w0) over the windows of (h, w)
///
/// added to +0 in row-major order of oh, ow.
///
/// grad_output  (N, C, OH, OW) or (C, OH, OW), floating-point numbers; N may be 0
/// input_shape  (N, C, H, W) or (C, H, W)
/// returns      a tensor of the input's shape
/// throws       tenfold::error, in PyTorch's words where it has any: gradients of other planes than the input's, which
///              it reads and writes outside of, are refused; every check comes before the first write
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> adaptive_avg_pool2d_backward(
      const GradOutput& grad_output, const shape& input_shape, const context& ctx = default_context()) {
    const auto dy = detail::const_view(grad_output);
    const auto g = detail::check_adaptive_avg_pool2d_backward(dy.shape(), input_shape);
    auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input_shape);
    detail::seam::run_adaptive_avg_pool2d_backward(g, dy.data(), grad_input.data(), ctx);
    return grad_input;
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/avg_pool2d.hpp>
#endif
