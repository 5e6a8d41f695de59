// pixel_shuffle, pixel_unshuffle and channel_shuffle: permutations of a tensor seen with more dimensions.
#pragma once

#include <tenfold/detail/move.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

namespace detail {

/// A move of elements, and the shape that it gives.
struct shuffle_geometry {
  strided_move move;
  shape output_shape;
};

/// Channels c * r * r + i * r + j of (h, w) become (c, h * r + i, w * r + j), or with `back` the other way round.
constexpr strided_move shuffle_move(index_t batch, index_t channels, index_t h, index_t w, index_t r, bool back) {
  const index_t plane = h * w, image = channels * r * r * plane;
  // dimensions: batch, channel, h, i, w, j of the large image; the steps of the small ones and of the large one
  const index_t sizes[] = {batch, channels, h, r, w, r};
  const index_t few[] = {image, r * r * plane, w, r * plane, 1, plane};
  const index_t many[] = {image, r * r * plane, r * w * r, w * r, r, 1};
  constexpr int to_large[] = {0, 1, 2, 3, 4, 5}, to_small[] = {0, 1, 3, 5, 2, 4};
  strided_move m;
  for (int d = 0; d < 6; ++d) {
    const int at = back ? to_small[d] : to_large[d];
    m.add(sizes[at], back ? many[at] : few[at], back ? few[at] : many[at]);
  }
  return m;
}

constexpr shuffle_geometry check_pixel_shuffle(const shape& input, index_t r) {
  const std::size_t rank = input.size();
  if (rank < 3)
    raise({"pixel_shuffle expects input to have at least 3 dimensions, but got input with ", rank, " dimension(s)"});
  if (r <= 0) raise({"pixel_shuffle expects a positive upscale_factor, but got ", r});
  index_t square = 0;
  if (!multiply_fits(r, r, square))
    raise({"upscale factor is too large, (upscale_factor)^2 overflowed: upscale_factor=", r});
  const index_t channels = input[rank - 3];
  if (channels % square != 0)
    raise(
        {"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but ",
         "input.size(-3)=", channels, " is not divisible by ", square});
  shuffle_geometry g{{}, input};
  g.output_shape[rank - 3] = channels / square;
  g.output_shape[rank - 2] = checked_multiply(input[rank - 2], r);
  g.output_shape[rank - 1] = checked_multiply(input[rank - 1], r);
  if (input.elements() == 0)
    g.move.add(0, 1, 1);
  else
    g.move = shuffle_move(elements_between(input, 0, rank - 3), channels / square, input[rank - 2], input[rank - 1], r,
                          false);
  return g;
}

constexpr shuffle_geometry check_pixel_unshuffle(const shape& input, index_t r) {
  const std::size_t rank = input.size();
  if (rank < 3)
    raise({"pixel_unshuffle expects input to have at least 3 dimensions, but got input with ", rank, " dimension(s)"});
  if (r <= 0) raise({"pixel_unshuffle expects a positive downscale_factor, but got ", r});
  const index_t h = input[rank - 2], w = input[rank - 1];
  if (h % r != 0)
    raise({"pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)=", h,
           " is not divisible by ", r});
  if (w % r != 0)
    raise({"pixel_unshuffle expects width to be divisible by downscale_factor, but input.size(-1)=", w,
           " is not divisible by ", r});
  shuffle_geometry g{{}, input};
  if (input.elements() == 0) {  // PyTorch answers an empty tensor with itself
    g.move.add(0, 1, 1);
    return g;
  }
  g.output_shape[rank - 3] = checked_multiply(input[rank - 3], checked_multiply(r, r));
  g.output_shape[rank - 2] = h / r;
  g.output_shape[rank - 1] = w / r;
  g.move = shuffle_move(elements_between(input, 0, rank - 3), input[rank - 3], h / r, w / r, r, true);
  return g;
}

constexpr shuffle_geometry check_channel_shuffle(const shape& input, index_t groups) {
  if (input.size() <= 2) raise({"channel_shuffle expects input with > 2 dims, but got input with sizes ", input});
  if (groups <= 0) raise({"Number of groups to divide channels in must be positive. Value of groups:", groups});
  const index_t channels = input[1];
  if (channels % groups != 0)
    raise({"Number of channels must be divisible by groups. Got ", channels, " channels and ", groups, " groups."});
  shuffle_geometry g{{}, input};
  if (input.elements() == 0) {
    g.move.add(0, 1, 1);
    return g;
  }
  const index_t each = channels / groups, plane = elements_between(input, 2, input.size());
  g.move.add(input[0], channels * plane, channels * plane);
  g.move.add(each, plane, groups * plane);
  g.move.add(groups, each * plane, plane);
  g.move.add(plane, 1, 1);
  return g;
}

template <class T>
tensor<T> shuffled_tensor(const shuffle_geometry& g, const T* x, const context& ctx) {
  auto output = tensor<T>::uninitialized(g.output_shape);
  move_elements(g.move, x, output.data(), ctx);
  return output;
}

template <class T>
void shuffle_into(const char* op, const shuffle_geometry& g, const T* x, const tensor_view<T>& y, const context& ctx) {
  check_output_shape(op, "output", g.output_shape, y.shape());
  move_elements(g.move, x, y.data(), ctx);
}

}  // namespace detail

/// The shapes that the shuffles give, or the errors that they raise; usable at compile time.
constexpr shape pixel_shuffle_output_shape(const shape& input, index_t upscale_factor) {
  detail::check_not_negative(input);
  return detail::check_pixel_shuffle(input, upscale_factor).output_shape;
}
constexpr shape pixel_unshuffle_output_shape(const shape& input, index_t downscale_factor) {
  detail::check_not_negative(input);
  return detail::check_pixel_unshuffle(input, downscale_factor).output_shape;
}
constexpr shape channel_shuffle_output_shape(const shape& input, index_t groups) {
  detail::check_not_negative(input);
  return detail::check_channel_shuffle(input, groups).output_shape;
}

/// The bytes of workspace that the shuffles need: none.
template <tensor_like Input>
index_t pixel_shuffle_workspace_bytes(const Input&, index_t, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t pixel_unshuffle_workspace_bytes(const Input&, index_t, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t channel_shuffle_workspace_bytes(const Input&, index_t, const context& = default_context()) {
  return 0;
}

/// pixel_shuffle, pixel_unshuffle and channel_shuffle into tensors of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void pixel_shuffle_into(Output&& output, const Input& input, index_t upscale_factor,
                        const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::shuffle_into("pixel_shuffle", detail::check_pixel_shuffle(x.shape(), upscale_factor), x.data(),
                       tensor_view<element_of<Input>>(as_view(output)), ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void pixel_unshuffle_into(Output&& output, const Input& input, index_t downscale_factor,
                          const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::shuffle_into("pixel_unshuffle", detail::check_pixel_unshuffle(x.shape(), downscale_factor), x.data(),
                       tensor_view<element_of<Input>>(as_view(output)), ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void channel_shuffle_into(Output&& output, const Input& input, index_t groups, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::shuffle_into("channel_shuffle", detail::check_channel_shuffle(x.shape(), groups), x.data(),
                       tensor_view<element_of<Input>>(as_view(output)), ctx);
}

/// Channels become pixels, as torch.nn.functional.pixel_shuffle: the sub-pixel convolution's last step.
///
///     output[..., c, h * r + i, w * r + j] = input[..., (c * r + i) * r + j, h, w],   i, j < r = upscale_factor
///
/// Its gradient is pixel_unshuffle of the output's, by the same factor.
///
/// input   (..., C * r * r, H, W)
/// returns (..., C, H * r, W * r)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
///         Neural Network, 2016
template <tensor_like Input>
tensor<element_of<Input>> pixel_shuffle(const Input& input, index_t upscale_factor,
                                        const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::shuffled_tensor(detail::check_pixel_shuffle(x.shape(), upscale_factor), x.data(), ctx);
}

/// Pixels become channels, as torch.nn.functional.pixel_unshuffle: the inverse of pixel_shuffle.
///
///     output[..., (c * r + i) * r + j, h, w] = input[..., c, h * r + i, w * r + j],   i, j < r = downscale_factor
///
/// Its gradient is pixel_shuffle of the output's, by the same factor.
///
/// input   (..., C, H * r, W * r)
/// returns (..., C * r * r, H, W); an input without elements as it is, as in PyTorch
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input>
tensor<element_of<Input>> pixel_unshuffle(const Input& input, index_t downscale_factor,
                                          const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::shuffled_tensor(detail::check_pixel_unshuffle(x.shape(), downscale_factor), x.data(), ctx);
}

/// The channels of all groups in turn, as torch.nn.functional.channel_shuffle.
///
///     output[n, i * groups + g, ...] = input[n, g * C / groups + i, ...],   g < groups, i < C / groups
///
/// Its gradient is channel_shuffle of the output's by C / groups.
///
/// input   (N, C, ...) of at least three dimensions, C a multiple of groups
/// returns the same shape
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  Zhang et al., ShuffleNet, 2018, figure 1
template <tensor_like Input>
tensor<element_of<Input>> channel_shuffle(const Input& input, index_t groups, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::shuffled_tensor(detail::check_channel_shuffle(x.shape(), groups), x.data(), ctx);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
