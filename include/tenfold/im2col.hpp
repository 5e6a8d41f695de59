// im2col and col2im; each is the other's gradient.
#pragma once

#include <tenfold/detail/axis.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/seam.hpp>

namespace tenfold::inline v0 {

/// The settings of torch.nn.functional.unfold and fold.
struct im2col_options {
  hw kernel_size;
  hw dilation = 1;
  padding2d padding = 0;
  hw stride = 1;
};

namespace plain {

/// An image (batch, channels, h.extent, w.extent), and its columns (batch, channels * h.taps * w.taps,
/// h.points * w.points).
struct im2col_geometry {
  index_t batch;
  index_t channels;
  axis h, w;
  shape output_shape;

  TENFOLD_TAG index_t taps() const { return h.taps * w.taps; }
  TENFOLD_TAG index_t blocks() const { return h.points * w.points; }
};

}  // namespace plain
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

using plain::im2col_geometry;

constexpr void check_im2col_kernel(const hw& kernel) {
  if (kernel.h <= 0 || kernel.w <= 0)
    raise({"kernel size should be greater than zero, but got kernel_height: ", kernel.h, " kernel_width: ", kernel.w});
}

constexpr void check_im2col_dilation(const hw& dilation) {
  if (dilation.h <= 0 || dilation.w <= 0)
    raise({"dilation should be greater than zero, but got dilation_height: ", dilation.h,
           " dilation_width: ", dilation.w});
}

constexpr void check_im2col_padding(const pads& padding) {
  if (!any_negative(padding)) return;
  if (!is_pair(padding)) raise({"padding should be non-negative, but got padding: ", padding});
  raise({"padding should be non-negative, but got pad_height: ", padding.top, " pad_width: ", padding.left});
}

constexpr void check_im2col_stride(const hw& stride) {
  if (stride.h <= 0 || stride.w <= 0)
    raise({"stride should be greater than zero, but got stride_height: ", stride.h, " stride_width: ", stride.w});
}

inline std::string tuple_text(const hw& pair) { return join({"(", pair.h, ", ", pair.w, ")"}); }
inline std::string tuple_text(const pads& sides) {
  if (is_pair(sides)) return tuple_text(begin_of(sides));
  return join({"(", sides.top, ", ", sides.left, ", ", sides.bottom, ", ", sides.right, ")"});
}

/// The blocks along one dimension.
constexpr axis block_axis(index_t image, index_t kernel, index_t dilation, index_t begin, index_t end, index_t stride) {
  const index_t padded = checked_add(image, both_sides(begin, end));
  const index_t blocks = floor_divide(checked_subtract(padded, effective_kernel(kernel, dilation)), stride) + 1;
  return {kernel, blocks, stride, dilation, -begin, image};
}

/// A geometry without channels and shape.
constexpr im2col_geometry block_axes(index_t batch, const hw& image, const im2col_options& o) {
  const pads sides = o.padding;
  return {batch,
          0,
          block_axis(image.h, o.kernel_size.h, o.dilation.h, sides.top, sides.bottom, o.stride.h),
          block_axis(image.w, o.kernel_size.w, o.dilation.w, sides.left, sides.right, o.stride.w),
          {}};
}

/// The settings that both name where the blocks are too few.
TENFOLD_COLD inline std::string settings_text(const im2col_options& o) {
  return join({", kernel_size=", tuple_text(o.kernel_size), ", dilation=", tuple_text(o.dilation),
               ", padding=", tuple_text(pads(o.padding))});
}

/// The checks of im2col in the order of PyTorch's unfold.
constexpr im2col_geometry check_im2col(const shape& input, const im2col_options& o) {
  check_im2col_kernel(o.kernel_size);
  check_im2col_dilation(o.dilation);
  check_im2col_padding(o.padding);
  check_im2col_stride(o.stride);
  const std::size_t rank = input.size();
  if (rank == 0) raise("Dimension specified as 1 but tensor has no dimensions");
  if (rank == 1) raise("Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  if (rank == 2 && input[1] != 0) raise("Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  if (rank == 2 || rank > 4 || input[rank - 3] == 0 || input[rank - 2] == 0 || input[rank - 1] == 0)
    raise({"Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for ",
           "input, but got: ", input});

  im2col_geometry g = block_axes(rank == 4 ? input[0] : 1, last_two(input), o);
  g.channels = input[rank - 3];
  const hw blocks{g.h.points, g.w.points};
  if (blocks.h < 1 || blocks.w < 1)
    raise({"Given input with spatial size ", tuple_text(last_two(input)), settings_text(o),
           ", calculated shape of the array of sliding blocks as ", tuple_text(blocks),
           ", but its components must be at least one."});
  const index_t rows = checked_multiply(g.channels, checked_multiply(o.kernel_size.h, o.kernel_size.w));
  const index_t columns = checked_multiply(blocks.h, blocks.w);
  g.output_shape = rank == 4 ? shape{g.batch, rows, columns} : shape{rows, columns};
  return g;
}

/// The checks of col2im in the order of PyTorch's fold.
constexpr im2col_geometry check_col2im(const shape& input, const hw& output_size, const im2col_options& o) {
  check_im2col_kernel(o.kernel_size);
  check_im2col_stride(o.stride);
  check_im2col_dilation(o.dilation);
  check_im2col_padding(o.padding);
  const std::size_t rank = input.size();
  if ((rank != 2 && rank != 3) || input[rank - 2] == 0 || input[rank - 1] == 0)
    raise({"Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for ",
           "input, but got: ", input});
  const index_t rows = input[rank - 2];
  const index_t columns = input[rank - 1];
  // Unsigned, as in PyTorch: a product that only leaves int64 is merely no divisor of the rows.
  const auto kernel_h = static_cast<std::uint64_t>(o.kernel_size.h);
  const auto kernel_w = static_cast<std::uint64_t>(o.kernel_size.w);
  if (kernel_h > UINT64_MAX / kernel_w)
    raise({"Given kernel_width = ", o.kernel_size.w, " and kernel_height = ", o.kernel_size.h,
           " the product of kernel_width and kernel_height overflowed."});
  const std::uint64_t taps = kernel_h * kernel_w;
  if (static_cast<std::uint64_t>(rows) % taps != 0)
    raise({"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=",
           rows, " and kernel_size=", tuple_text(o.kernel_size), "."});
  im2col_geometry g = block_axes(rank == 3 ? input[0] : 1, output_size, o);
  g.channels = rows / static_cast<index_t>(taps);
  const hw blocks{g.h.points, g.w.points};
  const index_t block_total = checked_multiply(blocks.h, blocks.w);
  const auto settings = [&] {
    return join({"Given output_size=", tuple_text(output_size), settings_text(o), ", stride=", tuple_text(o.stride)});
  };
  if (columns != block_total)
    raise({settings(), ", expected size of input's dimension 2 to match the calculated number of sliding blocks ",
           blocks.h, " * ", blocks.w, " = ", block_total, ", but got input.size(2)=", columns, "."});
  if (blocks.h < 1 || blocks.w < 1)
    raise({settings(), ", calculated shape of the array of sliding blocks as ", tuple_text(blocks),
           ", which is too small (non-positive)"});
  if (output_size.h < 1 || output_size.w < 1)
    raise({"Expected output spatial size to be positive, but got: output_size=", tuple_text(output_size), "."});
  g.output_shape = rank == 3 ? shape{g.batch, g.channels, output_size.h, output_size.w}
                             : shape{g.channels, output_size.h, output_size.w};
  return g;
}

}  // namespace detail

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

TENFOLD_SEAM(void, run_im2col, (g, image, columns, ctx), const im2col_geometry& g, const T* image, T* columns,
             const context& ctx)
TENFOLD_SEAM(void, run_col2im, (g, columns, image, ctx), const im2col_geometry& g, const T* columns, T* image,
             const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shapes that im2col and col2im give, or the errors that they raise; usable at compile time.
constexpr shape im2col_output_shape(const shape& input, const im2col_options& options) {
  detail::check_not_negative(input);
  return detail::check_im2col(input, options).output_shape;
}
constexpr shape col2im_output_shape(const shape& columns, const hw& output_size, const im2col_options& options) {
  detail::check_not_negative(columns);
  return detail::check_col2im(columns, output_size, options).output_shape;
}

/// The bytes of workspace that im2col_into and col2im_into need: none.
template <tensor_like Input>
index_t im2col_workspace_bytes(const Input&, const im2col_options&, const context& = default_context()) {
  return 0;
}
template <tensor_like Columns>
index_t col2im_workspace_bytes(const Columns&, const hw&, const im2col_options&, const context& = default_context()) {
  return 0;
}

/// im2col into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void im2col_into(Output&& output, const Input& input, const im2col_options& options,
                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_im2col(x.shape(), options);
  detail::check_output_shape("im2col", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_im2col(g, x.data(), as_view(output).data(), ctx);
}

/// col2im into a tensor of the right shape, which may not overlap the columns.
template <tensor_like Output, tensor_like Columns>
  requires std::same_as<element_of<Output>, element_of<Columns>>
void col2im_into(Output&& output, const Columns& columns, const hw& output_size, const im2col_options& options,
                 const context& ctx = default_context()) {
  const auto x = detail::const_view(columns);
  const auto g = detail::check_col2im(x.shape(), output_size, options);
  detail::check_output_shape("col2im", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_col2im(g, x.data(), as_view(output).data(), ctx);
}

/// The blocks of an image as columns, as torch.nn.functional.unfold.
///
///     output[n, (c * kernel_size.h + i) * kernel_size.w + j, oh * BW + ow] = input[n, c, h, w], 0 outside the image
///     with  h = oh * stride.h - padding.top + i * dilation.h,  w likewise
///
/// input   (N, C, H, W) or (C, H, W); N may be 0
/// returns (N, C * kernel_size.h * kernel_size.w, BH * BW), without N where the input has none, with
///         BH = floor((H + padding.top + padding.bottom - dilation.h * (kernel_size.h - 1) - 1) / stride.h) + 1,
///         BW likewise
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  Chellapilla, Puri and Simard, High Performance Convolutional Neural Networks for Document Processing, 2006
template <tensor_like Input>
tensor<element_of<Input>> im2col(const Input& input, const im2col_options& options,
                                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_im2col(x.shape(), options);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::seam::run_im2col(g, x.data(), output.data(), ctx);
  return output;
}

/// The image whose pixels are the sums of their copies in the columns, as torch.nn.functional.fold.
///
///     output[n, c, h, w] = sum of columns[n, (c * kernel_size.h + i) * kernel_size.w + j, oh * BW + ow]
///     over all i, j, oh, ow with  h = oh * stride.h - padding.top + i * dilation.h,  w likewise
///
/// columns (N, C * kernel_size.h * kernel_size.w, BH * BW) or the same without N; N may be 0; BH, BW as im2col has them
///         for an image of output_size
/// returns (N, C, output_size.h, output_size.w), without N where the columns have none
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  the transpose of im2col
template <tensor_like Columns>
tensor<element_of<Columns>> col2im(const Columns& columns, const hw& output_size, const im2col_options& options,
                                   const context& ctx = default_context()) {
  const auto x = detail::const_view(columns);
  const auto g = detail::check_col2im(x.shape(), output_size, options);
  auto output = tensor<element_of<Columns>>::uninitialized(g.output_shape);
  detail::seam::run_col2im(g, x.data(), output.data(), ctx);
  return output;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/im2col.hpp>
#endif
