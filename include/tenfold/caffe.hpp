// The unpooling layer of HyeonwooNoh/caffe, by which DeconvNet was trained, and its gradient.
#pragma once

#include <tenfold/max_unpool2d.hpp>

namespace tenfold::inline v0 {

/// UnpoolingParameter.UnpoolMethod. Each input pixel has a window, as long as it lies in the output:
///
///     max   the window's first place, or the one that a mask names, is the pixel; of several pixels the last
///     ave   each place of the window gets the pixel / the window's places, added to those of other windows
///     tile  each place gets the pixel, added likewise
enum class caffe_unpool { max, ave, tile };

/// UnpoolingParameter, with its names and defaults. (Its padding can only be 0.)
struct caffe_unpooling_options {
  hw kernel_size;
  hw stride = 1;
  caffe_unpool unpool = caffe_unpool::max;
  /// The height and width of the output; without it, those that the layer's rule gives.
  std::optional<hw> unpool_size = {};
};

namespace plain {

struct caffe_unpooling_geometry : plane_geometry {
  hw kernel = 1;
  hw stride = 1;
  caffe_unpool unpool = caffe_unpool::max;
};

}  // namespace plain
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

using plain::caffe_unpooling_geometry;

/// The last window, or, where that is longer, one place more than a stride for each pixel.
constexpr index_t caffe_unpooled_size(index_t in, index_t kernel, index_t stride) {
  const index_t last = checked_add(checked_multiply(in - 1, stride), kernel);
  return (std::max)(last, checked_add(checked_multiply(in, stride), 1));
}

constexpr caffe_unpooling_geometry check_caffe_unpooling(const shape& input, const caffe_unpooling_options& o) {
  if (o.kernel_size.h <= 0 || o.kernel_size.w <= 0) raise("Filter dimensions cannot be zero.");
  if (o.stride.h < 0 || o.stride.w < 0) raise({"caffe::unpooling: negative stride ", o.stride});
  if (input.size() != 3 && input.size() != 4)
    raise({"caffe::unpooling: expected an input (N, C, H, W) or (C, H, W), but got ", input});
  caffe_unpooling_geometry g{};
  g.in = last_two(input);
  g.planes = plane_count(input);
  if (g.in.h == 0 || g.in.w == 0) raise({"caffe::unpooling: expected an input with pixels, but got ", input});
  g.out = o.unpool_size.value_or(hw{caffe_unpooled_size(g.in.h, o.kernel_size.h, o.stride.h),
                                    caffe_unpooled_size(g.in.w, o.kernel_size.w, o.stride.w)});
  if (g.out.h < 1 || g.out.w < 1) raise({"caffe::unpooling: expected a positive unpool_size, but got ", g.out});
  checked_multiply(g.in.h - 1, o.stride.h);  // where the last window begins
  checked_multiply(g.in.w - 1, o.stride.w);
  g.output_shape = with_planes_of(input, g.out);
  g.kernel = o.kernel_size;
  g.stride = o.stride;
  g.unpool = o.unpool;
  return g;
}

constexpr caffe_unpooling_geometry check_caffe_unpooling(const shape& input, const shape& mask,
                                                         const caffe_unpooling_options& o) {
  if (o.unpool != caffe_unpool::max) raise("caffe::unpooling: only max takes a mask");
  if (!(input == mask)) raise({"caffe::unpooling: expected a mask of the input's shape ", input, ", but got ", mask});
  return check_caffe_unpooling(input, o);
}

/// Of the gradient, whose result has the shape `input`.
constexpr void check_caffe_gradient(const caffe_unpooling_geometry& g, const shape& grad_output) {
  check_output_shape("caffe::unpooling_backward", "grad_output", g.output_shape, grad_output);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

/// Without a mask.
TENFOLD_SEAM(void, run_caffe_unpooling, (g, x, y, ctx), const plain::caffe_unpooling_geometry& g, const T* x, T* y,
             const context& ctx)
TENFOLD_SEAM(void, run_caffe_unpooling_backward, (g, dy, dx, ctx), const plain::caffe_unpooling_geometry& g,
             const T* dy, T* dx, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT
namespace caffe {

/// The shape that unpooling gives, or the error that it raises; usable at compile time.
constexpr shape unpooling_output_shape(const shape& input, const caffe_unpooling_options& options) {
  detail::check_not_negative(input);
  return detail::check_caffe_unpooling(input, options).output_shape;
}

/// The bytes of workspace that unpooling_into needs: none.
template <tensor_like Input>
index_t unpooling_workspace_bytes(const Input&, const caffe_unpooling_options&, const context& = default_context()) {
  return 0;
}

/// unpooling into a tensor of the right shape, which may not overlap the inputs.
template <tensor_like Output, tensor_like Input>
  requires std::floating_point<element_of<Input>> && std::same_as<element_of<Output>, element_of<Input>>
void unpooling_into(Output&& output, const Input& input, const caffe_unpooling_options& options,
                    const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_caffe_unpooling(x.shape(), options);
  detail::check_output_shape("caffe::unpooling", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_caffe_unpooling(g, x.data(), as_view(output).data(), ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Mask>
  requires std::floating_point<element_of<Input>> && std::same_as<element_of<Output>, element_of<Input>> &&
      std::same_as<element_of<Mask>, index_t>
void unpooling_into(Output&& output, const Input& input, const Mask& mask, const caffe_unpooling_options& options,
                    const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(mask);
  const auto g = detail::check_caffe_unpooling(x.shape(), at.shape(), options);
  detail::check_output_shape("caffe::unpooling", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_max_unpool2d<element_of<Input>>(g, {options.kernel_size}, x.data(), at.data(),
                                                    as_view(output).data(), ctx);
}

/// Unpooling as the layer Unpooling of HyeonwooNoh/caffe (src/caffe/layers/unpooling_layer.cpp) has it.
///
/// The window of input pixel (h, w) are the places (h * stride.h + i, w * stride.w + j) of the output, with i and j
/// below kernel_size; what options.unpool makes of it is said there. Sums begin with 0 and add the windows in row-major
/// order. Where max has no mask a window that would begin behind the output begins with its last row or column.
///
/// input   (N, C, H, W) or (C, H, W), floating-point numbers; N may be 0
/// mask    like input, int64: places h * OW + w in the output plane, as max_pool2d_with_indices gives them and, as
///         floating-point numbers, the second top of Caffe's pooling. Of equal ones the last in row-major order counts
/// returns (N, C, OH, OW) or (C, OH, OW) with OH, OW = unpool_size, any size, or without one
///         OH = max((H - 1) * stride.h + kernel_size.h, H * stride.h + 1)
/// throws  tenfold::error, in max_unpool2d's words for a place outside the plane; every check comes before the first
///         write
/// source  Noh, Hong and Han, Learning Deconvolution Network for Semantic Segmentation, 2015, section 3.2.1
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> unpooling(
      const Input& input, const caffe_unpooling_options& options, const context& ctx = default_context()) {
    const auto x = detail::const_view(input);
    const auto g = detail::check_caffe_unpooling(x.shape(), options);
    auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
    detail::seam::run_caffe_unpooling(g, x.data(), output.data(), ctx);
    return output;
  }
template <tensor_like Input, tensor_like Mask>
  requires std::floating_point<element_of<Input>> && std::same_as<element_of<Mask>, index_t> tensor<element_of<Input>>
  unpooling(const Input& input, const Mask& mask, const caffe_unpooling_options& options,
            const context& ctx = default_context()) {
    const auto x = detail::const_view(input);
    const auto at = detail::const_view(mask);
    const auto g = detail::check_caffe_unpooling(x.shape(), at.shape(), options);
    auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
    detail::seam::run_max_unpool2d<element_of<Input>>(g, {options.kernel_size}, x.data(), at.data(), output.data(),
                                                      ctx);
    return output;
  }

/// unpooling_backward into a tensor of the input's shape, which may not overlap the others.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::floating_point<element_of<GradInput>> && std::same_as<element_of<GradInput>, element_of<GradOutput>>
void unpooling_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                             const caffe_unpooling_options& options, const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto g = detail::check_caffe_unpooling(as_view(grad_input).shape(), options);
  detail::check_caffe_gradient(g, dy.shape());
  detail::seam::run_caffe_unpooling_backward(g, dy.data(), as_view(grad_input).data(), ctx);
}
template <tensor_like GradInput, tensor_like GradOutput, tensor_like Mask>
  requires std::floating_point<element_of<GradInput>> && std::same_as<element_of<GradInput>, element_of<GradOutput>> &&
      std::same_as<element_of<Mask>, index_t>
void unpooling_backward_into(GradInput&& grad_input, const GradOutput& grad_output, const Mask& mask,
                             const caffe_unpooling_options& options, const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(mask);
  const auto g = detail::check_caffe_unpooling(as_view(grad_input).shape(), at.shape(), options);
  detail::check_caffe_gradient(g, dy.shape());
  detail::seam::run_max_unpool2d_backward<element_of<GradOutput>>(g, dy.data(), at.data(), as_view(grad_input).data(),
                                                                  ctx);
}

/// What the layer sends back, as that file has it.
///
///     max        grad_input[h, w] = grad_output at the place to which the pixel went, whether or not it was kept there
///     ave, tile  grad_input[h, w] = the mean of grad_output over the window (0 of a window that lies outside)
///
/// Of tile that is the gradient divided by the window's places, to the letter of the file.
///
/// grad_output  (N, C, OH, OW) or (C, OH, OW)
/// input_shape  (N, C, H, W) or (C, H, W); with a mask, that of the mask
/// returns      a tensor of that shape
/// throws       tenfold::error; every check comes before the first write
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> unpooling_backward(
      const GradOutput& grad_output, const shape& input_shape, const caffe_unpooling_options& options,
      const context& ctx = default_context()) {
    detail::check_not_negative(input_shape);
    detail::check_caffe_gradient(detail::check_caffe_unpooling(input_shape, options),
                                 detail::const_view(grad_output).shape());
    auto grad_input = tensor<element_of<GradOutput>>::uninitialized(input_shape);
    unpooling_backward_into(grad_input, grad_output, options, ctx);
    return grad_input;
  }
template <tensor_like GradOutput, tensor_like Mask>
  requires std::floating_point<element_of<GradOutput>> && std::same_as<element_of<Mask>, index_t>
      tensor<element_of<GradOutput>> unpooling_backward(const GradOutput& grad_output, const Mask& mask,
                                                        const caffe_unpooling_options& options,
                                                        const context& ctx = default_context()) {
    auto grad_input = tensor<element_of<GradOutput>>::uninitialized(detail::const_view(mask).shape());
    unpooling_backward_into(grad_input, grad_output, mask, options, ctx);
    return grad_input;
  }

/// The bytes of workspace that unpooling_backward_into needs: none.
template <tensor_like GradOutput>
index_t unpooling_backward_workspace_bytes(const GradOutput&, const shape&, const caffe_unpooling_options&,
                                           const context& = default_context()) {
  return 0;
}

}  // namespace caffe
TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/caffe.hpp>
#endif
