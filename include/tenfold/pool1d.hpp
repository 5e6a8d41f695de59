// max_pool1d, max_unpool1d, avg_pool1d, adaptive_avg_pool1d, and their gradients. They are the poolings of two
// dimensions with a height of 1, by the same kernels; shapes, settings and error texts are those of one.
#pragma once

#include <tenfold/avg_pool2d.hpp>
#include <tenfold/detail/one_dimension.hpp>
#include <tenfold/max_pool2d.hpp>
#include <tenfold/max_unpool2d.hpp>

namespace tenfold::inline v0 {

/// The settings of torch.nn.functional.max_pool1d.
struct pool1d_options {
  index_t kernel_size;
  index_t stride = kernel_size;
  index_t padding = 0;
  index_t dilation = 1;
  bool ceil_mode = false;
};

/// The settings of torch.nn.functional.max_unpool1d, and what torch does not let one choose.
struct unpool1d_options {
  index_t kernel_size;
  index_t stride = kernel_size;
  index_t padding = 0;
  /// The length wanted; without it, that which the formula gives.
  std::optional<index_t> output_size = {};
  unpool_duplicates duplicates = unpool_duplicates::last;
};

/// The settings of torch.nn.functional.avg_pool1d.
struct avg_pool1d_options {
  index_t kernel_size;
  index_t stride = kernel_size;
  index_t padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// What max_pool1d_with_indices gives: the maxima, and for each the place in its row of the input that it is from.
template <element T>
using max_pool1d_result = max_pool2d_result<T>;

namespace detail {

constexpr pool2d_options in_two_dimensions(const pool1d_options& o) {
  return {{1, o.kernel_size}, {1, o.stride}, hw(0, o.padding), {1, o.dilation}, o.ceil_mode};
}
constexpr avg_pool2d_options in_two_dimensions(const avg_pool1d_options& o) {
  return {{1, o.kernel_size}, {1, o.stride}, {0, o.padding}, o.ceil_mode, o.count_include_pad, std::nullopt};
}

/// A geometry of two dimensions whose result has one.
template <class Geometry>
constexpr Geometry with_own_result(Geometry g) {
  g.output_shape = one_dimension.own_dimensions(g.output_shape);
  return g;
}

constexpr void check_two_or_three(const char* op, const shape& input) {
  if (input.size() != 2 && input.size() != 3)
    raise({"Expected 2 to 3 dimensions, but got ", input.size(),
           "-dimensional tensor for argument #1 'self' (while checking arguments for ", op, ")"});
}

/// The checks of max_pool1d(..., return_indices=True) in PyTorch's order.
constexpr pool2d_geometry check_max_pool1d_with_indices(const shape& input, const pool1d_options& o) {
  check_two_or_three("max_pool1d", input);
  return with_own_result(check_max_pool2d(one_dimension.two_dimensional(input), in_two_dimensions(o)));
}

/// Those of max_pool1d, which has words of its own.
constexpr pool2d_geometry check_max_pool1d(const shape& input, const pool1d_options& o) {
  const std::size_t rank = input.size();
  if ((rank != 2 && rank != 3) || input[rank - 2] == 0 || input[rank - 1] == 0)
    raise({"max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:",
           input});
  if (o.kernel_size <= 0) raise({"max_pool1d() kernel_size must be greater than zero, but got ", o.kernel_size});
  if (o.stride <= 0) raise({"max_pool1d() stride must be greater than zero, but got ", o.stride});
  if (o.padding < 0) raise({"max_pool1d() padding must be non-negative, but got ", o.padding});
  if (o.padding > o.kernel_size / 2)
    raise({"max_pool1d() padding should be at most half of kernel size, but got padding=", o.padding,
           " and kernel_size=", o.kernel_size});
  if (o.dilation <= 0) raise({"max_pool1d() dilation must be greater than zero, but got ", o.dilation});
  const axis windows =
      pool_axis(input[rank - 1], o.kernel_size, o.stride, o.padding, o.padding, o.dilation, o.ceil_mode);
  if (windows.points < 1) raise({"max_pool1d() Invalid computed output size: ", windows.points});
  return with_own_result(check_max_pool2d(one_dimension.two_dimensional(input), in_two_dimensions(o)));
}

constexpr plane_geometry check_max_pool1d_backward(const shape& grad_output, const shape& indices, const shape& input) {
  return with_own_result(check_max_pool2d_backward(one_dimension.two_dimensional(grad_output),
                                                   one_dimension.two_dimensional(indices),
                                                   one_dimension.two_dimensional(input)));
}

/// (N, C, L) as (N, C, L, 1): max_unpool1d's images are columns, as its texts show.
constexpr shape as_columns(const shape& s) {
  index_t sizes[shape::max_rank] = {};
  if (s.size() == shape::max_rank) raise({"no operation of one dimension takes the shape ", s});
  for (std::size_t d = 0; d < s.size(); ++d) sizes[d] = s[d];
  sizes[s.size()] = 1;
  return shape(std::span<const index_t>(sizes, s.size() + 1));
}
constexpr shape of_columns(const shape& s) { return shape(std::span<const index_t>(s.begin(), s.size() - 1)); }

constexpr unpool2d_options as_columns(const unpool1d_options& o) {
  unpool2d_options columns{{o.kernel_size, 1}, {o.stride, 1}, hw(o.padding, 0)};
  if (o.output_size) columns.output_size = hw(*o.output_size, 1);
  columns.duplicates = o.duplicates;
  return columns;
}

/// The checks of max_unpool1d in PyTorch's order, but for the indices themselves; the result is still of columns.
constexpr plane_geometry check_max_unpool1d(const shape& input, const shape& indices, const unpool1d_options& o) {
  if (o.output_size && !input.empty())
    check_unpooled_size({*o.output_size}, 0, *o.output_size,
                        default_unpooled_size(input[input.size() - 1], o.kernel_size, o.stride, o.padding, o.padding),
                        o.stride);
  return check_max_unpool2d(as_columns(input), as_columns(indices), as_columns(o));
}

constexpr avg_pool2d_geometry check_avg_pool1d(const shape& input, const avg_pool1d_options& o) {
  check_two_or_three("avg_pool1d", input);
  return with_own_result(check_avg_pool2d(one_dimension.two_dimensional(input), in_two_dimensions(o)));
}

constexpr avg_pool2d_geometry check_avg_pool1d_backward(const shape& grad_output, const shape& input,
                                                        const avg_pool1d_options& o) {
  check_two_or_three("avg_pool1d", input);
  return check_avg_pool2d_backward(one_dimension.two_dimensional(grad_output), one_dimension.two_dimensional(input),
                                   in_two_dimensions(o));
}

constexpr plane_geometry check_adaptive_avg_pool1d(const shape& input, index_t output_size) {
  check_two_or_three("adaptive_avg_pool1d", input);
  return with_own_result(check_adaptive_avg_pool2d(one_dimension.two_dimensional(input), {1, output_size}));
}

constexpr plane_geometry check_adaptive_avg_pool1d_backward(const shape& grad_output, const shape& input) {
  check_two_or_three("adaptive_avg_pool1d", input);
  return check_adaptive_avg_pool2d_backward(one_dimension.two_dimensional(grad_output),
                                            one_dimension.two_dimensional(input));
}

}  // namespace detail

/// The shapes that these give, or the errors that they raise; usable at compile time.
constexpr shape max_pool1d_output_shape(const shape& input, const pool1d_options& options) {
  detail::check_not_negative(input);
  return detail::check_max_pool1d(input, options).output_shape;
}
constexpr shape max_unpool1d_output_shape(const shape& input, const unpool1d_options& options) {
  detail::check_not_negative(input);
  return detail::of_columns(detail::check_max_unpool1d(input, input, options).output_shape);
}
constexpr shape avg_pool1d_output_shape(const shape& input, const avg_pool1d_options& options) {
  detail::check_not_negative(input);
  return detail::check_avg_pool1d(input, options).output_shape;
}
constexpr shape adaptive_avg_pool1d_output_shape(const shape& input, index_t output_size) {
  detail::check_not_negative(input);
  return detail::check_adaptive_avg_pool1d(input, output_size).output_shape;
}

/// max_pool1d_with_indices into tensors of the right shape, which may not overlap the input. It needs no workspace.
template <tensor_like Values, tensor_like Indices, tensor_like Input>
  requires std::same_as<element_of<Values>, element_of<Input>> && std::same_as<element_of<Indices>, index_t>
void max_pool1d_with_indices_into(Values&& values, Indices&& indices, const Input& input, const pool1d_options& options,
                                  const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool1d_with_indices(x.shape(), options);
  detail::check_output_shape("max_pool1d", "values", g.output_shape, as_view(values).shape());
  detail::check_output_shape("max_pool1d", "indices", g.output_shape, as_view(indices).shape());
  detail::seam::run_max_pool2d<true, element_of<Input>>(g, x.data(), as_view(values).data(), as_view(indices).data(),
                                                        ctx);
}

/// max_pool1d into a tensor of the right shape, which may not overlap the input. It needs no workspace.
template <tensor_like Values, tensor_like Input>
  requires std::same_as<element_of<Values>, element_of<Input>>
void max_pool1d_into(Values&& values, const Input& input, const pool1d_options& options,
                     const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool1d(x.shape(), options);
  detail::check_output_shape("max_pool1d", "values", g.output_shape, as_view(values).shape());
  detail::seam::run_max_pool2d<false, element_of<Input>>(g, x.data(), as_view(values).data(), nullptr, ctx);
}

/// 1-D max pooling, as torch.nn.functional.max_pool1d(..., return_indices=True).
///
///     values[n, c, ol]  = max of input[n, c, l] over all i with  l = ol * stride - padding + i * dilation  inside
///     indices[n, c, ol] = l of that element
///
/// Ties, NaN and windows without an element are max_pool2d's.
///
/// input   (N, C, L) or (C, L); N may be 0
/// returns {values, indices}, both (N, C, OL) or (C, OL), with max_pool2d's sizes
/// throws  tenfold::error in PyTorch's words, which are others than max_pool1d's
/// source  max_pool2d of images of one row
template <tensor_like Input>
max_pool1d_result<element_of<Input>> max_pool1d_with_indices(const Input& input, const pool1d_options& options,
                                                             const context& ctx = default_context()) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool1d_with_indices(x.shape(), options);
  max_pool1d_result<T> result{tensor<T>::uninitialized(g.output_shape), tensor<index_t>::uninitialized(g.output_shape)};
  detail::seam::run_max_pool2d<true, T>(g, x.data(), result.values.data(), result.indices.data(), ctx);
  return result;
}

/// The values of max_pool1d_with_indices alone, as torch.nn.functional.max_pool1d, whose padding is at most half of the
/// kernel whatever the dilation.
template <tensor_like Input>
tensor<element_of<Input>> max_pool1d(const Input& input, const pool1d_options& options,
                                     const context& ctx = default_context()) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto g = detail::check_max_pool1d(x.shape(), options);
  auto values = tensor<T>::uninitialized(g.output_shape);
  detail::seam::run_max_pool2d<false, T>(g, x.data(), values.data(), nullptr, ctx);
  return values;
}

/// max_pool1d_backward into a tensor of the input's shape, which may not overlap the others. It needs no workspace.
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Indices>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::same_as<element_of<Indices>, index_t>
void max_pool1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Indices& indices,
                              const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto dx = as_view(grad_input);
  const auto g = detail::check_max_pool1d_backward(dy.shape(), at.shape(), dx.shape());
  detail::seam::run_max_pool2d_backward<element_of<GradOutput>>(g, dy.data(), at.data(), dx.data(), ctx);
}

/// The gradient of max_pool1d for its input, as PyTorch's autograd has it: max_pool2d_backward of images of one row.
///
/// grad_output  (N, C, OL) or (C, OL); N may be 0
/// indices      like grad_output, int64, as max_pool1d_with_indices gives them
/// input_shape  (N, C, L) or (C, L)
/// returns      a tensor of the input's shape
/// throws       tenfold::error, as max_pool2d_backward
template <tensor_like GradOutput, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<GradOutput>> max_pool1d_backward(const GradOutput& grad_output, const Indices& indices,
                                                   const shape& input_shape, const context& ctx = default_context()) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_pool1d_backward(dy.shape(), at.shape(), input_shape);
  auto grad_input = tensor<T>::uninitialized(input_shape);
  detail::seam::run_max_pool2d_backward<T>(g, dy.data(), at.data(), grad_input.data(), ctx);
  return grad_input;
}

/// The bytes of workspace that max_unpool1d_into needs with this context: none, but for unpool_duplicates::error.
template <tensor_like Input, tensor_like Indices>
index_t max_unpool1d_workspace_bytes(const Input& input, const Indices& indices, const unpool1d_options& options,
                                     const context& ctx = default_context()) {
  const auto g =
      detail::check_max_unpool1d(detail::const_view(input).shape(), detail::const_view(indices).shape(), options);
  return detail::workspace_bytes_for(detail::unpool_scratch_bytes(g, detail::as_columns(options), ctx));
}

/// max_unpool1d into a tensor of the right shape, which may not overlap the inputs. Allocates nothing when the context
/// carries a workspace of max_unpool1d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Indices>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::same_as<element_of<Indices>, index_t>
void max_unpool1d_into(Output&& output, const Input& input, const Indices& indices, const unpool1d_options& options,
                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool1d(x.shape(), at.shape(), options);
  detail::check_output_shape("max_unpool1d", "output", detail::of_columns(g.output_shape), as_view(output).shape());
  detail::seam::run_max_unpool2d<element_of<Input>>(g, detail::as_columns(options), x.data(), at.data(),
                                                    as_view(output).data(), ctx);
}

/// The partial inverse of 1-D max pooling, as torch.nn.functional.max_unpool1d.
///
///     output[n, c, indices[n, c, l]] = input[n, c, l],  0 elsewhere
///
/// input   (N, C, L) or (C, L); N may be 0
/// indices like input, int64: places in the row of the output, as max_pool1d_with_indices gives them
/// returns (N, C, OL) or (C, OL) with OL = output_size, or without one (L - 1) * stride - 2 * padding + kernel_size,
///         from which output_size may differ by less than a stride
/// throws  tenfold::error in PyTorch's words; every check, that of the indices too, comes before the first write
/// source  max_unpool2d of images of one column
template <tensor_like Input, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<Input>> max_unpool1d(const Input& input, const Indices& indices, const unpool1d_options& options,
                                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool1d(x.shape(), at.shape(), options);
  auto output = tensor<element_of<Input>>::uninitialized(detail::of_columns(g.output_shape));
  detail::seam::run_max_unpool2d<element_of<Input>>(g, detail::as_columns(options), x.data(), at.data(), output.data(),
                                                    ctx);
  return output;
}

/// max_unpool1d_backward into a tensor of the indices' shape, which may not overlap the others. It needs no workspace.
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Indices>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::same_as<element_of<Indices>, index_t>
void max_unpool1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Indices& indices,
                                const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d_backward(detail::as_columns(dy.shape()), detail::as_columns(at.shape()));
  detail::check_output_shape("max_unpool1d_backward", "grad_input", at.shape(), as_view(grad_input).shape());
  detail::seam::run_max_unpool2d_backward<element_of<GradOutput>>(g, dy.data(), at.data(), as_view(grad_input).data(),
                                                                  ctx);
}

/// The gradient of max_unpool1d for its input, as PyTorch's autograd has it.
///
///     grad_input[n, c, l] = grad_output[n, c, indices[n, c, l]]
///
/// grad_output  (N, C, OL) or (C, OL); N may be 0
/// indices      (N, C, L) or (C, L), int64
/// returns      a tensor of the indices' shape
/// throws       tenfold::error, as max_unpool2d_backward
template <tensor_like GradOutput, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<GradOutput>> max_unpool1d_backward(const GradOutput& grad_output, const Indices& indices,
                                                     const context& ctx = default_context()) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d_backward(detail::as_columns(dy.shape()), detail::as_columns(at.shape()));
  auto grad_input = tensor<T>::uninitialized(at.shape());
  detail::seam::run_max_unpool2d_backward<T>(g, dy.data(), at.data(), grad_input.data(), ctx);
  return grad_input;
}

/// avg_pool1d into a tensor of the right shape, which may not overlap the input. It needs no workspace.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && detail::averaged<element_of<Input>>
void avg_pool1d_into(Output&& output, const Input& input, const avg_pool1d_options& options,
                     const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_avg_pool1d(x.shape(), options);
  detail::check_output_shape("avg_pool1d", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_avg_pool2d(g, x.data(), as_view(output).data(), ctx);
}

/// 1-D average pooling, as torch.nn.functional.avg_pool1d: avg_pool2d of images of one row.
///
///     output[n, c, ol] = sum of input[n, c, ol * stride - padding + i] over all i inside / divisor
///     divisor = the places of the window: those inside, and with count_include_pad those of the padding too
///
/// input   (N, C, L) or (C, L), floating-point numbers or int64; N may be 0
/// returns (N, C, OL) or (C, OL), sizes as max_pool1d's
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input>
  requires detail::averaged<element_of<Input>> tensor<element_of<Input>> avg_pool1d(
      const Input& input, const avg_pool1d_options& options, const context& ctx = default_context()) {
    const auto x = detail::const_view(input);
    const auto g = detail::check_avg_pool1d(x.shape(), options);
    auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
    detail::seam::run_avg_pool2d(g, x.data(), output.data(), ctx);
    return output;
  }

/// avg_pool1d_backward into a tensor of the input's shape, which may not overlap grad_output. It needs no workspace.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && detail::averaged<element_of<GradOutput>>
void avg_pool1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const avg_pool1d_options& options,
                              const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto dx = as_view(grad_input);
  const auto g = detail::check_avg_pool1d_backward(dy.shape(), dx.shape(), options);
  detail::seam::run_avg_pool2d_backward(g, dy.data(), dx.data(), ctx);
}

/// The gradient of avg_pool1d for its input, as PyTorch's autograd has it: avg_pool2d_backward of images of one row.
///
/// grad_output  (N, C, OL) or (C, OL); N may be 0
/// input_shape  (N, C, L) or (C, L)
/// options      avg_pool1d's
/// returns      a tensor of the input's shape
/// throws       tenfold::error, as avg_pool2d_backward
template <tensor_like GradOutput>
  requires detail::averaged<element_of<GradOutput>> tensor<element_of<GradOutput>> avg_pool1d_backward(
      const GradOutput& grad_output, const shape& input_shape, const avg_pool1d_options& options,
      const context& ctx = default_context()) {
    const auto dy = detail::const_view(grad_output);
    const auto g = detail::check_avg_pool1d_backward(dy.shape(), input_shape, options);
    auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input_shape);
    detail::seam::run_avg_pool2d_backward(g, dy.data(), grad_input.data(), ctx);
    return grad_input;
  }

/// adaptive_avg_pool1d into a tensor of the right shape, which may not overlap the input. It needs no workspace.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void adaptive_avg_pool1d_into(Output&& output, const Input& input, index_t output_size,
                              const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_adaptive_avg_pool1d(x.shape(), output_size);
  detail::check_output_shape("adaptive_avg_pool1d", "output", g.output_shape, as_view(output).shape());
  detail::adaptive_avg_pool2d_into(g, detail::one_dimension.view(x), as_view(output).data(), ctx);
}

/// Average pooling to a length, as torch.nn.functional.adaptive_avg_pool1d: adaptive_avg_pool2d of images of one row.
///
///     output[n, c, ol] = sum of input[n, c, l] / (l1 - l0)  over l0 <= l < l1
///     l0 = floor(ol * L / OL),  l1 = ceil((ol + 1) * L / OL)
///
/// input   (N, C, L) or (C, L), floating-point numbers; N and C may be 0
/// returns (N, C, OL) or (C, OL)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> adaptive_avg_pool1d(
      const Input& input, index_t output_size, const context& ctx = default_context()) {
    const auto x = detail::const_view(input);
    const auto g = detail::check_adaptive_avg_pool1d(x.shape(), output_size);
    auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
    detail::adaptive_avg_pool2d_into(g, detail::one_dimension.view(x), output.data(), ctx);
    return output;
  }

/// adaptive_avg_pool1d_backward into a tensor of the input's shape, which may not overlap grad_output. It needs no
/// workspace.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void adaptive_avg_pool1d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                       const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto dx = as_view(grad_input);
  const auto g = detail::check_adaptive_avg_pool1d_backward(dy.shape(), dx.shape());
  detail::seam::run_adaptive_avg_pool2d_backward(g, dy.data(), dx.data(), ctx);
}

/// The gradient of adaptive_avg_pool1d for its input, as PyTorch's autograd has it.
///
/// grad_output  (N, C, OL) or (C, OL), floating-point numbers; N may be 0
/// input_shape  (N, C, L) or (C, L)
/// returns      a tensor of the input's shape
/// throws       tenfold::error, as adaptive_avg_pool2d_backward
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> adaptive_avg_pool1d_backward(
      const GradOutput& grad_output, const shape& input_shape, const context& ctx = default_context()) {
    const auto dy = detail::const_view(grad_output);
    const auto g = detail::check_adaptive_avg_pool1d_backward(dy.shape(), input_shape);
    auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input_shape);
    detail::seam::run_adaptive_avg_pool2d_backward(g, dy.data(), grad_input.data(), ctx);
    return grad_input;
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
