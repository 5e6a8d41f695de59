// upsample_nearest1d, upsample_nearest_exact1d, upsample_linear1d, and their gradients. The nearest ones are those of
// two dimensions with a height of 1, by the same kernels; shapes and error texts are those of one.
#pragma once

#include <tenfold/upsample2d.hpp>

/// Of g.planes rows: images with a height of 1.
TENFOLD_SEAM(void, run_upsample_linear1d, (g, input, output, ctx), const upsample2d_geometry& g, const T* input,
             T* output, const context& ctx)
TENFOLD_SEAM(void, run_upsample_linear1d_backward, (g, grad_output, grad_input, ctx), const upsample2d_geometry& g,
             const T* grad_output, T* grad_input, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// What an upsampling goes to: an integer (torch's size) or a tf::scale (torch's scale_factor), whose width counts.
template <class Size>
concept upsample1d_size = std::same_as<Size, scale> || std::integral<Size>;

namespace detail {

inline std::string one_text(index_t size) { return join({"[", size, "]"}); }
inline std::string one_text(const scale& factor) { return join({"[", float_text(factor.w), "]"}); }

constexpr void check_upsampled_lengths(index_t in, index_t out) {
  if (in <= 0 || out <= 0)
    raise({"Input and output sizes should be greater than 0, but got input (W: ", in, ") and output (W: ", out, ")"});
}

constexpr index_t upsampled_length(const shape&, index_t size) { return size; }
constexpr index_t upsampled_length(const shape& input, const scale& factor) { return scaled_size(input[2], factor.w); }

/// The checks of an upsampling in PyTorch's order. Size is index_t or scale.
template <class Size>
constexpr upsample2d_geometry check_upsample1d(const shape& input, const Size& size) {
  constexpr bool scales = std::same_as<Size, scale>;
  if (input.size() != 3)
    raise({scales ? "Input and scale_factor" : "Input and output",
           " must have the same number of spatial dimensions, but got input with spatial dimensions of ",
           spatial_text(input), scales ? " and scale_factor of shape " : " and output size of ", one_text(size),
           ". Please provide input tensor in (N, C, d1, d2, ...,dK) format and ",
           scales ? "scale_factor in (s1, s2, ...,sK) format." : "output size in (o1, o2, ...,oK) format."});
  upsample2d_geometry g{};
  g.in = {1, input[2]};
  g.out = {1, upsampled_length(input, size)};
  check_upsampled_lengths(g.in.w, g.out.w);
  if (input[1] == 0) raise({"Non-empty 3D data tensor expected but got a tensor with sizes ", input});
  g.planes = checked_multiply(input[0], input[1]);
  if constexpr (scales) g.step_w = 1.0 / size.w;
  g.output_shape = {input[0], input[1], g.out.w};
  return g;
}

/// Those of its gradient: `in` is the input and `out` the output, which without a scale is of the gradient's own
/// length.
constexpr upsample2d_geometry check_upsample1d_backward(const shape& grad_output, const shape& input,
                                                        const std::optional<scale>& factor) {
  check_not_negative(input);
  if (input.size() != 3) raise({"It is expected input_size equals to 3, but got size ", input.size()});
  upsample2d_geometry g{};
  g.in = {1, input[2]};
  g.out = {1, factor                ? scaled_size(input[2], factor->w)
              : grad_output.empty() ? 1
                                    : grad_output[grad_output.size() - 1]};
  check_upsampled_lengths(g.in.w, g.out.w);
  check_dim_size(grad_output, 3, 0, input[0]);
  check_dim_size(grad_output, 3, 1, input[1]);
  check_dim_size(grad_output, 3, 2, g.out.w);
  g.planes = checked_multiply(input[0], input[1]);
  if (factor) g.step_w = 1.0 / factor->w;
  g.output_shape = input;
  return g;
}

constexpr index_t plain_length(index_t size) { return size; }
constexpr scale plain_length(const scale& factor) { return factor; }

/// The engines, with what they look at besides the sizes.
struct nearest1d {
  bool exact;

  template <class T>
  void run(upsample2d_geometry g, const T* input, T* output, const context& ctx) const {
    g.exact = exact;
    seam::run_upsample_nearest2d(g, input, output, ctx);
  }
  template <class T>
  void run_backward(upsample2d_geometry g, const T* grad_output, T* grad_input, const context& ctx) const {
    g.exact = exact;
    seam::run_upsample_nearest2d_backward(g, grad_output, grad_input, ctx);
  }
};

struct linear1d {
  bool align_corners;

  template <class T>
  void run(upsample2d_geometry g, const T* input, T* output, const context& ctx) const {
    g.align_corners = align_corners;
    seam::run_upsample_linear1d(g, input, output, ctx);
  }
  template <class T>
  void run_backward(upsample2d_geometry g, const T* grad_output, T* grad_input, const context& ctx) const {
    g.align_corners = align_corners;
    seam::run_upsample_linear1d_backward(g, grad_output, grad_input, ctx);
  }
};

template <class Input, class Size, class Engine>
tensor<element_of<Input>> upsample1d(const Input& input, const Size& size, const Engine& engine, const context& ctx) {
  const auto x = const_view(input);
  const auto g = check_upsample1d(x.shape(), plain_length(size));
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  engine.run(g, x.data(), output.data(), ctx);
  return output;
}

template <class T, class Input, class Size, class Engine>
void upsample1d_into(const char* op, const tensor_view<T>& output, const Input& input, const Size& size,
                     const Engine& engine, const context& ctx) {
  const auto x = const_view(input);
  const auto g = check_upsample1d(x.shape(), plain_length(size));
  check_output_shape(op, "output", g.output_shape, output.shape());
  engine.run(g, x.data(), output.data(), ctx);
}

template <class T, class Engine>
void upsample1d_backward_into(const tensor_view<T>& grad_input, const tensor_view<const T>& grad_output,
                              const std::optional<scale>& factor, const Engine& engine, const context& ctx) {
  const auto g = check_upsample1d_backward(grad_output.shape(), grad_input.shape(), factor);
  engine.run_backward(g, grad_output.data(), grad_input.data(), ctx);
}

template <class T, class Engine>
tensor<T> upsample1d_backward(const tensor_view<const T>& grad_output, const shape& input_shape,
                              const std::optional<scale>& factor, const Engine& engine, const context& ctx) {
  const auto g = check_upsample1d_backward(grad_output.shape(), input_shape, factor);
  auto grad_input = tensor<T>::uninitialized(input_shape);
  engine.run_backward(g, grad_output.data(), grad_input.data(), ctx);
  return grad_input;
}

}  // namespace detail

/// The shape that an upsampling gives, or the error that it raises; usable at compile time.
template <upsample1d_size Size>
constexpr shape upsample1d_output_shape(const shape& input, const Size& size) {
  detail::check_not_negative(input);
  return detail::check_upsample1d(input, detail::plain_length(size)).output_shape;
}

/// Nearest-neighbour upsampling of rows, as torch.nn.functional.interpolate(..., mode='nearest'): upsample_nearest2d of
/// images of one row.
///
/// input   (N, C, L); N may be 0
/// size    an integer: the output's length; or a tf::scale: it is the input's times its width, rounded down
/// returns (N, C, OL)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input, upsample1d_size Size>
tensor<element_of<Input>> upsample_nearest1d(const Input& input, const Size& size,
                                             const context& ctx = default_context()) {
  return detail::upsample1d(input, size, detail::nearest1d{false}, ctx);
}
/// The same by the outputs' middles, as mode='nearest-exact'.
template <tensor_like Input, upsample1d_size Size>
tensor<element_of<Input>> upsample_nearest_exact1d(const Input& input, const Size& size,
                                                   const context& ctx = default_context()) {
  return detail::upsample1d(input, size, detail::nearest1d{true}, ctx);
}

/// Linear upsampling of rows, as torch.nn.functional.interpolate(..., mode='linear', align_corners=...).
///
///     output[n, c, ol] = (1 - b) * input[n, c, l] + b * input[n, c, l + 1]
///     l + b = max(0, (ol + 1/2) * step - 1/2)  with step = 1 / scale, or L / OL where a size is given
///     l + b = ol * (L - 1) / (OL - 1)          with align_corners, whatever scale is given
///     the neighbour behind the last element is that element
///
/// The bits are those of upsample_bilinear2d of images of one row, but for infinities: there is no row below with a
/// weight of 0, which makes NaN of them. Weights of 0 in the row itself count. Integers are upsample_bilinear2d's.
///
/// input   (N, C, L); N may be 0
/// size    an integer: the output's length; or a tf::scale: it is the input's times its width, rounded down
/// returns (N, C, OL)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/upsample2d.inl.hpp
template <tensor_like Input, upsample1d_size Size>
tensor<element_of<Input>> upsample_linear1d(const Input& input, const Size& size, bool align_corners = false,
                                            const context& ctx = default_context()) {
  return detail::upsample1d(input, size, detail::linear1d{align_corners}, ctx);
}

/// The bytes of workspace that the upsamplings of this file need: none.
template <tensor_like Input, upsample1d_size Size>
index_t upsample_nearest1d_workspace_bytes(const Input&, const Size&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input, upsample1d_size Size>
index_t upsample_nearest_exact1d_workspace_bytes(const Input&, const Size&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input, upsample1d_size Size>
index_t upsample_linear1d_workspace_bytes(const Input&, const Size&, bool = false, const context& = default_context()) {
  return 0;
}

/// These into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample1d_size Size>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_nearest1d_into(Output&& output, const Input& input, const Size& size,
                             const context& ctx = default_context()) {
  detail::upsample1d_into("upsample_nearest1d", as_view(output), input, size, detail::nearest1d{false}, ctx);
}
template <tensor_like Output, tensor_like Input, upsample1d_size Size>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_nearest_exact1d_into(Output&& output, const Input& input, const Size& size,
                                   const context& ctx = default_context()) {
  detail::upsample1d_into("upsample_nearest_exact1d", as_view(output), input, size, detail::nearest1d{true}, ctx);
}

template <tensor_like Output, tensor_like Input, upsample1d_size Size>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_linear1d_into(Output&& output, const Input& input, const Size& size, bool align_corners = false,
                            const context& ctx = default_context()) {
  detail::upsample1d_into("upsample_linear1d", as_view(output), input, size, detail::linear1d{align_corners}, ctx);
}

/// The gradients of the nearest ones for the input, as torch.ops.aten.upsample_nearest1d_backward and
/// _upsample_nearest_exact1d_backward: upsample_nearest2d_backward of images of one row.
///
/// grad_output  (N, C, OL); N and C may be 0
/// input_shape  (N, C, L)
/// factor       the scale, where the upsampling was given one
/// returns      (N, C, L)
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest1d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                           const std::optional<scale>& factor = {},
                                                           const context& ctx = default_context()) {
  return detail::upsample1d_backward(detail::const_view(grad_output), input_shape, factor, detail::nearest1d{false},
                                     ctx);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest_exact1d_backward(const GradOutput& grad_output,
                                                                 const shape& input_shape,
                                                                 const std::optional<scale>& factor = {},
                                                                 const context& ctx = default_context()) {
  return detail::upsample1d_backward(detail::const_view(grad_output), input_shape, factor, detail::nearest1d{true},
                                     ctx);
}

/// The gradient of upsample_linear1d for its input, as torch.ops.aten.upsample_linear1d_backward.
///
///     grad_input[n, c, l] = sum over ol of b(ol, l) * grad_output[n, c, ol]
///
/// where b are the weights with which upsample_linear1d takes the input's element l. The sum starts from +0; its terms
/// come by ascending ol, that of the first input before that of the second. Weights of 0 count. Computed in the element
/// type.
///
/// grad_output  (N, C, OL), of floating-point numbers; N and C may be 0
/// input_shape  (N, C, L)
/// factor       the scale, where the upsampling was given one
/// returns      (N, C, L)
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
/// source       detail/kernels/upsample2d_backward.inl.hpp
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> upsample_linear1d_backward(
      const GradOutput& grad_output, const shape& input_shape, const std::optional<scale>& factor = {},
      bool align_corners = false, const context& ctx = default_context()) {
    return detail::upsample1d_backward(detail::const_view(grad_output), input_shape, factor,
                                       detail::linear1d{align_corners}, ctx);
  }

/// The bytes of workspace that the gradients need: none.
template <tensor_like GradOutput>
index_t upsample_nearest1d_backward_workspace_bytes(const GradOutput&, const shape&, const std::optional<scale>& = {},
                                                    const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_nearest_exact1d_backward_workspace_bytes(const GradOutput&, const shape&,
                                                          const std::optional<scale>& = {},
                                                          const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t upsample_linear1d_backward_workspace_bytes(const GradOutput&, const shape&, const std::optional<scale>& = {},
                                                   bool = false, const context& = default_context()) {
  return 0;
}

/// The gradients into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void upsample_nearest1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                      const std::optional<scale>& factor = {}, const context& ctx = default_context()) {
  detail::upsample1d_backward_into(as_view(grad_input), detail::const_view(grad_output), factor,
                                   detail::nearest1d{false}, ctx);
}
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void upsample_nearest_exact1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                            const std::optional<scale>& factor = {},
                                            const context& ctx = default_context()) {
  detail::upsample1d_backward_into(as_view(grad_input), detail::const_view(grad_output), factor,
                                   detail::nearest1d{true}, ctx);
}
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void upsample_linear1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                     const std::optional<scale>& factor = {}, bool align_corners = false,
                                     const context& ctx = default_context()) {
  detail::upsample1d_backward_into(as_view(grad_input), detail::const_view(grad_output), factor,
                                   detail::linear1d{align_corners}, ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/upsample1d.hpp>
#endif
