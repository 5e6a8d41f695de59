// upsample_nearest2d, upsample_nearest_exact2d, upsample_bilinear2d, and their gradients.
#pragma once

#include <tenfold/detail/float_text.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/plane_geometry.hpp>
#include <tenfold/detail/seam.hpp>

#include <optional>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// What an upsampling goes to: an hw (torch's size) or a tf::scale (torch's scale_factor).
template <class Size>
concept upsample_size = std::same_as<Size, scale> || std::convertible_to<Size, hw>;

namespace detail {

inline std::string spatial_text(const shape& input) {
  return to_string(shape(std::span(input.begin(), input.end()).subspan(std::min<std::size_t>(2, input.size()))));
}

constexpr void check_upsample_rank(const shape& input, const hw& size) {
  if (input.size() != 4)
    raise({"Input and output must have the same number of spatial dimensions, but got ",
           "input with spatial dimensions of ", spatial_text(input), " and output size of ", size,
           ". Please provide input tensor in (N, C, d1, d2, ...,dK) format and ",
           "output size in (o1, o2, ...,oK) format."});
}

constexpr void check_upsample_rank(const shape& input, const scale& factor) {
  if (input.size() != 4)
    raise({"Input and scale_factor must have the same number of spatial dimensions, but got ",
           "input with spatial dimensions of ", spatial_text(input), " and scale_factor of shape [",
           float_text(factor.h), ", ", float_text(factor.w),
           "]. Please provide input tensor in (N, C, d1, d2, ...,dK) format and ",
           "scale_factor in (s1, s2, ...,sK) format."});
}

constexpr index_t scaled_size(index_t in, double factor) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  const double size = static_cast<double>(in) * factor;
  if (!(size >= -limit && size < limit)) raise("value cannot be converted to type int64_t without overflow");
  return static_cast<index_t>(size);
}

constexpr hw upsampled_size(const shape&, const hw& size) { return size; }
constexpr hw upsampled_size(const shape& input, const scale& factor) {
  return {scaled_size(input[2], factor.h), scaled_size(input[3], factor.w)};
}

constexpr void check_upsampled_sizes(const hw& in, const hw& out) {
  if (in.h <= 0 || in.w <= 0 || out.h <= 0 || out.w <= 0)
    raise({"Input and output sizes should be greater than 0, but got input (H: ", in.h, ", W: ", in.w,
           ") output (H: ", out.h, ", W: ", out.w, ")"});
}

/// The checks of an upsampling in PyTorch's order. Size is hw or scale.
template <class Size>
constexpr upsample2d_geometry check_upsample2d(const shape& input, const Size& size, bool align_corners) {
  check_upsample_rank(input, size);
  upsample2d_geometry g{};
  g.in = last_two(input);
  g.out = upsampled_size(input, size);
  check_upsampled_sizes(g.in, g.out);
  if (input[1] == 0) raise({"Non-empty 4D data tensor expected but got a tensor with sizes ", input});
  g.planes = plane_count(input);
  if constexpr (std::same_as<Size, scale>) {
    g.step_h = 1.0 / size.h;
    g.step_w = 1.0 / size.w;
  }
  g.align_corners = align_corners;
  g.output_shape = with_planes_of(input, g.out);
  return g;
}

/// The checks of an upsampling's gradient in PyTorch's order: `in` is the input and `out` the output, which without a
/// scale is of the gradient's own size.
constexpr upsample2d_geometry check_upsample2d_backward(const shape& grad_output, const shape& input,
                                                        const std::optional<scale>& factor, bool align_corners) {
  if (input.size() != 4) raise({"It is expected input_size equals to 4, but got size ", input.size()});
  upsample2d_geometry g{};
  g.in = last_two(input);
  g.out = factor ? upsampled_size(input, *factor) : grad_output.size() < 2 ? hw(1) : last_two(grad_output);
  check_upsampled_sizes(g.in, g.out);
  if (grad_output.size() != 4)
    raise({"Expected grad_output to be a tensor of dimension 4 but got: dimension ", grad_output.size()});
  const shape output = with_planes_of(input, g.out);
  for (std::size_t d = 0; d < 4; ++d)
    if (grad_output[d] != output[d])
      raise({"Expected grad_output to have the same shape as output; output.size(", d, ") = ", output[d],
             " but got grad_output.size(", d, ") = ", grad_output[d]});
  g.planes = plane_count(input);
  if (factor) {
    g.step_h = 1.0 / factor->h;
    g.step_w = 1.0 / factor->w;
  }
  g.align_corners = align_corners;
  g.output_shape = input;
  return g;
}

/// The geometry of an exact one.
constexpr upsample2d_geometry exactly(upsample2d_geometry g) {
  g.exact = true;
  return g;
}

/// An upsample_size as one of the two types behind it.
constexpr hw plain_size(const hw& size) { return size; }
constexpr scale plain_size(const scale& factor) { return factor; }

}  // namespace detail

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

TENFOLD_SEAM(void, run_upsample_nearest2d, (g, input, output, ctx), const upsample2d_geometry& g, const T* input,
             T* output, const context& ctx)
TENFOLD_SEAM(void, run_upsample_bilinear2d, (g, input, output, ctx), const upsample2d_geometry& g, const T* input,
             T* output, const context& ctx)
TENFOLD_SEAM(void, run_upsample_nearest2d_backward, (g, grad_output, grad_input, ctx), const upsample2d_geometry& g,
             const T* grad_output, T* grad_input, const context& ctx)
TENFOLD_SEAM(void, run_upsample_bilinear2d_backward, (g, grad_output, grad_input, ctx), const upsample2d_geometry& g,
             const T* grad_output, T* grad_input, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that an upsampling gives, or the error that it raises; usable at compile time.
template <upsample_size Size = hw>
constexpr shape upsample2d_output_shape(const shape& input, const Size& size) {
  detail::check_not_negative(input);
  return detail::check_upsample2d(input, detail::plain_size(size), false).output_shape;
}

/// The bytes of workspace that the upsamplings of this file need: none.
template <tensor_like Input, upsample_size Size = hw>
index_t upsample_nearest2d_workspace_bytes(const Input&, const Size&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input, upsample_size Size = hw>
index_t upsample_nearest_exact2d_workspace_bytes(const Input&, const Size&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input, upsample_size Size = hw>
index_t upsample_bilinear2d_workspace_bytes(const Input&, const Size&, bool = false,
                                            const context& = default_context()) {
  return 0;
}

/// upsample_nearest2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample_size Size = hw>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_nearest2d_into(Output&& output, const Input& input, const Size& size,
                             const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), false);
  detail::check_output_shape("upsample_nearest2d", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_upsample_nearest2d(g, x.data(), as_view(output).data(), ctx);
}

/// upsample_nearest_exact2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample_size Size = hw>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_nearest_exact2d_into(Output&& output, const Input& input, const Size& size,
                                   const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::exactly(detail::check_upsample2d(x.shape(), detail::plain_size(size), false));
  detail::check_output_shape("upsample_nearest_exact2d", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_upsample_nearest2d(g, x.data(), as_view(output).data(), ctx);
}

/// upsample_bilinear2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample_size Size = hw>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_bilinear2d_into(Output&& output, const Input& input, const Size& size, bool align_corners = false,
                              const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), align_corners);
  detail::check_output_shape("upsample_bilinear2d", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_upsample_bilinear2d(g, x.data(), as_view(output).data(), ctx);
}

/// Nearest-neighbour upsampling, as torch.nn.functional.interpolate(..., mode='nearest').
///
///     output[n, c, oh, ow] = input[n, c, source(oh), source(ow)]
///     source(o) = o where the sizes are equal, o / 2 where the output is twice the input, else
///                 min(floor(o * step), in - 1) with step = 1 / scale, or in / out where a size is given, in float32
///
/// input   (N, C, H, W); N may be 0
/// size    an hw: the output's height and width; or a tf::scale: they are the input's times it, rounded down
/// returns (N, C, OH, OW)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/upsample2d.inl.hpp
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_nearest2d(const Input& input, const Size& size,
                                             const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), false);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::seam::run_upsample_nearest2d(g, x.data(), output.data(), ctx);
  return output;
}

/// Nearest-neighbour upsampling by the outputs' middles, as torch.nn.functional.interpolate(..., mode='nearest-exact').
///
///     output[n, c, oh, ow] = input[n, c, source(oh), source(ow)],  source(o) = min(floor((o + 1/2) * step), in - 1)
///
/// with the step, the arguments and the errors of upsample_nearest2d; computed in float32 for every type.
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_nearest_exact2d(const Input& input, const Size& size,
                                                   const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::exactly(detail::check_upsample2d(x.shape(), detail::plain_size(size), false));
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::seam::run_upsample_nearest2d(g, x.data(), output.data(), ctx);
  return output;
}

/// Bilinear upsampling, as torch.nn.functional.interpolate(..., mode='bilinear', align_corners=...).
///
///     output[n, c, oh, ow] = (1 - a) * ((1 - b) * x[h, w] + b * x[h, w + 1])
///                          +      a  * ((1 - b) * x[h + 1, w] + b * x[h + 1, w + 1])   with x = input[n, c]
///     h + a = max(0, (oh + 1/2) * step - 1/2)  with step = 1 / scale, or H / OH where a size is given
///     h + a = oh * (H - 1) / (OH - 1)          with align_corners, whatever scale is given
///     w + b likewise; the neighbours behind the last row and column are that row and column
///
/// Computed in the element type; integers, which PyTorch refuses, are computed in double and rounded to the nearest,
/// halves away from zero. Weights of 0 count: an infinity makes every output it has a share in NaN, even where the
/// sizes are equal.
///
/// input   (N, C, H, W); N may be 0
/// size    an hw: the output's height and width; or a tf::scale: they are the input's times it, rounded down
/// returns (N, C, OH, OW)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/upsample2d.inl.hpp
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bilinear2d(const Input& input, const Size& size, bool align_corners = false,
                                              const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), align_corners);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::seam::run_upsample_bilinear2d(g, x.data(), output.data(), ctx);
  return output;
}

/// The bytes of workspace that the gradients of the upsamplings need: none.
template <tensor_like GradOutput>
index_t upsample_nearest2d_backward_workspace_bytes(const GradOutput&, const shape&,
                                                    const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_nearest2d_backward_workspace_bytes(const GradOutput&, const shape&, const scale&,
                                                    const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_nearest_exact2d_backward_workspace_bytes(const GradOutput&, const shape&,
                                                          const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_nearest_exact2d_backward_workspace_bytes(const GradOutput&, const shape&, const scale&,
                                                          const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_bilinear2d_backward_workspace_bytes(const GradOutput&, const shape&, bool = false,
                                                     const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_bilinear2d_backward_workspace_bytes(const GradOutput&, const shape&, const scale&, bool = false,
                                                     const context& = default_context()) {
  return 0;
}

namespace detail {

template <class GradInput, class GradOutput>
void upsample_nearest2d_backward_into(const GradInput& grad_input, const GradOutput& grad_output,
                                      const std::optional<scale>& factor, bool exact, const context& ctx) {
  auto g = check_upsample2d_backward(grad_output.shape(), grad_input.shape(), factor, false);
  g.exact = exact;
  seam::run_upsample_nearest2d_backward(g, grad_output.data(), grad_input.data(), ctx);
}

template <class GradOutput>
tensor<element_of<GradOutput>> upsample_nearest2d_backward(const GradOutput& grad_output, const shape& input,
                                                           const std::optional<scale>& factor, bool exact,
                                                           const context& ctx) {
  auto g = check_upsample2d_backward(grad_output.shape(), input, factor, false);
  g.exact = exact;
  auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input);
  seam::run_upsample_nearest2d_backward(g, grad_output.data(), grad_input.data(), ctx);
  return grad_input;
}

template <class GradInput, class GradOutput>
void upsample_bilinear2d_backward_into(const GradInput& grad_input, const GradOutput& grad_output,
                                       const std::optional<scale>& factor, bool align_corners, const context& ctx) {
  const auto g = check_upsample2d_backward(grad_output.shape(), grad_input.shape(), factor, align_corners);
  seam::run_upsample_bilinear2d_backward(g, grad_output.data(), grad_input.data(), ctx);
}

template <class GradOutput>
tensor<element_of<GradOutput>> upsample_bilinear2d_backward(const GradOutput& grad_output, const shape& input,
                                                            const std::optional<scale>& factor, bool align_corners,
                                                            const context& ctx) {
  const auto g = check_upsample2d_backward(grad_output.shape(), input, factor, align_corners);
  auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input);
  seam::run_upsample_bilinear2d_backward(g, grad_output.data(), grad_input.data(), ctx);
  return grad_input;
}

}  // namespace detail

/// upsample_nearest2d_backward into a tensor of the input's shape, which may not overlap grad_output. With a scale,
/// that which the upsampling was given.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void upsample_nearest2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                      const context& ctx = default_context()) {
  detail::upsample_nearest2d_backward_into(as_view(grad_input), detail::const_view(grad_output), std::nullopt, false,
                                           ctx);
}
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void upsample_nearest2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const scale& factor,
                                      const context& ctx = default_context()) {
  detail::upsample_nearest2d_backward_into(as_view(grad_input), detail::const_view(grad_output), factor, false, ctx);
}

/// upsample_nearest_exact2d_backward into a tensor of the input's shape, likewise.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void upsample_nearest_exact2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                            const context& ctx = default_context()) {
  detail::upsample_nearest2d_backward_into(as_view(grad_input), detail::const_view(grad_output), std::nullopt, true,
                                           ctx);
}
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void upsample_nearest_exact2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const scale& factor,
                                            const context& ctx = default_context()) {
  detail::upsample_nearest2d_backward_into(as_view(grad_input), detail::const_view(grad_output), factor, true, ctx);
}

/// upsample_bilinear2d_backward into a tensor of the input's shape, likewise.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void upsample_bilinear2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                       bool align_corners = false, const context& ctx = default_context()) {
  detail::upsample_bilinear2d_backward_into(as_view(grad_input), detail::const_view(grad_output), std::nullopt,
                                            align_corners, ctx);
}
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void upsample_bilinear2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const scale& factor,
                                       bool align_corners = false, const context& ctx = default_context()) {
  detail::upsample_bilinear2d_backward_into(as_view(grad_input), detail::const_view(grad_output), factor, align_corners,
                                            ctx);
}

/// The gradient of upsample_nearest2d for its input, as torch.ops.aten.upsample_nearest2d_backward.
///
///     grad_input[n, c, h, w] = sum of grad_output[n, c, oh, ow] over all oh, ow with source(oh) = h, source(ow) = w
///
/// added to +0 in row-major order of oh, ow; integers wrap. `source` is upsample_nearest2d's, from the sizes, or from
/// the scale where that was given to it: then it is to be given here too.
///
/// grad_output  (N, C, OH, OW); N and C may be 0
/// input_shape  (N, C, H, W)
/// returns      (N, C, H, W)
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
/// source       detail/kernels/upsample2d_backward.inl.hpp
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                           const context& ctx = default_context()) {
  return detail::upsample_nearest2d_backward(detail::const_view(grad_output), input_shape, std::nullopt, false, ctx);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                           const scale& factor,
                                                           const context& ctx = default_context()) {
  return detail::upsample_nearest2d_backward(detail::const_view(grad_output), input_shape, factor, false, ctx);
}

/// The gradient of upsample_nearest_exact2d for its input, as torch.ops.aten._upsample_nearest_exact2d_backward:
/// upsample_nearest2d_backward with that one's sources.
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest_exact2d_backward(const GradOutput& grad_output,
                                                                 const shape& input_shape,
                                                                 const context& ctx = default_context()) {
  return detail::upsample_nearest2d_backward(detail::const_view(grad_output), input_shape, std::nullopt, true, ctx);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest_exact2d_backward(const GradOutput& grad_output,
                                                                 const shape& input_shape, const scale& factor,
                                                                 const context& ctx = default_context()) {
  return detail::upsample_nearest2d_backward(detail::const_view(grad_output), input_shape, factor, true, ctx);
}

/// The gradient of upsample_bilinear2d for its input, as torch.ops.aten.upsample_bilinear2d_backward.
///
///     grad_input[n, c, h, w] = sum over ow of b(ow, w) * (sum over oh of a(oh, h) * grad_output[n, c, oh, ow])
///
/// where a and b are the weights with which upsample_bilinear2d takes the input's row h and column w: of the output's
/// row oh 1 - a for its first input row and a for its second. Both sums start from +0; their terms come by ascending oh
/// and ow, of one row or column that of the first input before that of the second. Weights of 0 count: an infinity
/// makes the gradients of all four inputs around it infinite or NaN, even where the sizes are equal. Computed in the
/// element type.
///
/// grad_output  (N, C, OH, OW), of floating-point numbers; N and C may be 0
/// input_shape  (N, C, H, W)
/// a scale      that which the upsampling was given
/// returns      (N, C, H, W)
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
/// source       detail/kernels/upsample2d_backward.inl.hpp
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> upsample_bilinear2d_backward(
      const GradOutput& grad_output, const shape& input_shape, bool align_corners = false,
      const context& ctx = default_context()) {
    return detail::upsample_bilinear2d_backward(detail::const_view(grad_output), input_shape, std::nullopt,
                                                align_corners, ctx);
  }
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> upsample_bilinear2d_backward(
      const GradOutput& grad_output, const shape& input_shape, const scale& factor, bool align_corners = false,
      const context& ctx = default_context()) {
    return detail::upsample_bilinear2d_backward(detail::const_view(grad_output), input_shape, factor, align_corners,
                                                ctx);
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/upsample2d.hpp>
#endif
