// pad and its gradient.
#pragma once

#include <tenfold/detail/move.hpp>
#include <tenfold/detail/move_tile.hpp>

namespace tenfold::inline v0::plain {

/// Each dimension of the output is places -before to out - before - 1 of one of `in` elements, which are `from` apart;
/// the first of them all is element `start` of the input.
struct pad_geometry {
  pad_mode mode = pad_mode::constant;
  index_t rank = 0;
  index_t in[shape::max_rank] = {}, before[shape::max_rank] = {}, out[shape::max_rank] = {};
  index_t from[shape::max_rank] = {};
  index_t start = 0;
};

}  // namespace tenfold::inline v0::plain

/// T is a plain::unit; the output has elements.
TENFOLD_SEAM(void, run_pad, (g, x, value, y, ctx), const plain::pad_geometry& g, const void* x, const void* value,
             void* y, const context& ctx)
/// Of reflect and replicate: (planes, in[0], in[1]), all of which are written.
TENFOLD_SEAM(void, run_pad_backward, (planes, g, dy, dx, ctx), index_t planes, const plain::pad_geometry& g,
             const T* dy, T* dx, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

using plain::pad_geometry;

/// The sizes that a padding gives, dimension by dimension, and how much of each dimension it cuts off.
struct padded_shape {
  shape output_shape;
  index_t before[shape::max_rank] = {}, behind[shape::max_rank] = {};
};

/// in + before + behind, which wraps as PyTorch's sum does; `fits` says whether it did.
constexpr index_t padded_size(index_t in, index_t before, index_t behind, bool& fits) {
  const auto wrapped =
      static_cast<std::uint64_t>(in) + static_cast<std::uint64_t>(before) + static_cast<std::uint64_t>(behind);
  index_t sum = 0;
  // First those of opposite signs, so that only the result's overflow counts.
  const index_t one = before < behind ? before : behind, other = before < behind ? behind : before;
  fits = add_fits(one, other, sum) ? add_fits(sum, in, sum) : add_fits(one, in, sum) && add_fits(sum, other, sum);
  return static_cast<index_t>(wrapped);
}

constexpr const char* name_of(pad_mode mode) {
  return mode == pad_mode::constant    ? "constant"
         : mode == pad_mode::reflect   ? "reflect"
         : mode == pad_mode::replicate ? "replicate"
                                       : "circular";
}

/// What is left of a dimension when negative paddings are cut off; may be negative, but does not overflow.
constexpr index_t rest_of(index_t in, index_t before, index_t behind) {
  const index_t rest = before < 0 ? in + before : in;
  return rest < 0 || behind >= 0 ? rest : rest + behind;
}

constexpr void check_constant_pad(const shape& input, padded_shape& p) {
  for (std::size_t d = 0; d < input.size(); ++d)
    if (rest_of(input[d], p.before[d], p.behind[d]) < 0) raise("narrow(): length must be non-negative.");
  for (std::size_t d = 0; d < input.size(); ++d) {
    bool fits = true;
    p.output_shape[d] = padded_size(input[d], p.before[d], p.behind[d], fits);
    if (!fits)
      raise({"The input size ", input[d], ", plus negative padding ", p.before[d], " and ", p.behind[d],
             " resulted in a negative output size, which is invalid. Check dimension ", d, " of your input."});
  }
}

constexpr void check_circular_pad(const shape& input, std::size_t padded, padded_shape& p) {
  for (std::size_t d = input.size() - padded; d < input.size(); ++d) {
    const index_t size = input[d], before = p.before[d], behind = p.behind[d];
    if (before > size || behind > size) raise("Padding value causes wrapping around more than once.");
    const index_t rest = rest_of(size, before, behind);
    bool fits = true;
    p.output_shape[d] = padded_size(size, before, behind, fits);
    if (!fits || p.output_shape[d] < 0) raise("Negative padding value is resulting in an empty dimension");
    // PyTorch would fill these from what it has not filled yet.
    if (rest < 0 || before > rest || behind > rest) raise("Padding value causes wrapping around more than once.");
  }
}

/// reflect and replicate of the last `padded` dimensions, one or two.
constexpr void check_border_pad(const shape& input, pad_mode mode, std::size_t padded, padded_shape& p) {
  const std::size_t rank = input.size(), w = rank - 1, h = rank - padded;
  for (std::size_t d = rank == padded + 2 ? 1 : 0; d < rank; ++d)
    if (input[d] == 0)
      raise({"Expected ", padded + 1, "D or ", padded + 2,
             "D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ",
             input});
  for (std::size_t d = rank; mode == pad_mode::reflect && d-- > h;)
    if (p.before[d] >= input[d] || p.behind[d] >= input[d])
      raise({"Argument #", d == w ? 4 : 6,
             ": Padding size should be less than the corresponding input dimension, but got: padding (", p.before[d],
             ", ", p.behind[d], ") at dimension ", d, " of input ", input});
  bool w_fits = true, h_fits = true;
  const index_t out_w = padded_size(input[w], p.before[w], p.behind[w], w_fits);
  const index_t out_h = padded_size(input[h], p.before[h], p.behind[h], h_fits);
  if (padded == 1 && out_w < 1) raise({"input (W: ", input[w], ") is too small. Calculated output W: ", out_w});
  if (out_w < 1 || out_h < 1)
    raise({"Calculated output H: ", out_h, " W: ", out_w, " must be >= 1 in every dimension (input H: ", input[h],
           ", W: ", input[w], ")"});
  for (const std::size_t d : {h, w}) p.output_shape[d] = checked_add(checked_add(input[d], p.before[d]), p.behind[d]);
}

/// The checks of pad in PyTorch's order.
constexpr padded_shape check_pad(const shape& input, std::span<const index_t> pads, pad_mode mode, bool has_value) {
  const std::size_t rank = input.size(), count = pads.size() / 2;
  if (pads.size() % 2 != 0) raise("Padding length must be divisible by 2");
  if (count > rank)
    raise({"Padding length should be less than or equal to two times the input dimension but got padding length ",
           pads.size(), " and input of dimension ", rank});
  padded_shape p;
  p.output_shape = input;
  for (std::size_t i = 0; i < count; ++i) {
    p.before[rank - 1 - i] = pads[2 * i];
    p.behind[rank - 1 - i] = pads[2 * i + 1];
  }
  if (mode == pad_mode::constant) {
    check_constant_pad(input, p);
    return p;
  }
  if (has_value) raise({"Padding mode \"", name_of(mode), "\" doesn't take in value argument"});
  if (count < 1 || count > 3 || (rank != count + 1 && rank != count + 2))
    raise({"Padding size ", pads.size(), " is not supported for ", rank, "D input tensor.\n",
           "Supported combinations for non-constant padding:\n",
           "  - 2D or 3D input: padding size = 2 (pads last dimension)\n",
           "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n",
           "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"});
  if (mode == pad_mode::circular) {
    check_circular_pad(input, count, p);
    return p;
  }
  if (count == 3) raise({"pad: mode ", name_of(mode), " pads the last one or two dimensions of a tensor, not three"});
  check_border_pad(input, mode, count, p);
  return p;
}

/// What the engine needs, with as few dimensions as say it. The output has elements.
constexpr pad_geometry geometry_of_pad(const shape& input, const padded_shape& p, pad_mode mode) {
  if (input.elements() == 0) return {mode, 1, {0}, {0}, {p.output_shape.elements()}, {1}, 0};
  pad_geometry g{mode};
  const steps_of from(input);
  for (std::size_t d = 0; d < input.size(); ++d) {
    const index_t out = p.output_shape[d];
    index_t in = input[d], before = p.before[d];
    if (mode == pad_mode::circular) {
      in = rest_of(in, before, p.behind[d]);
      if (before < 0) g.start -= before * from[d];
      before = before < 0 ? 0 : before;
    }
    const bool is_whole = before == 0 && out == in && in == input[d];
    const index_t last = g.rank - 1;
    const bool last_is_whole = last >= 0 && g.before[last] == 0 && g.out[last] == g.in[last];
    if (last >= 0 && is_whole && (last_is_whole || mode == pad_mode::constant)) {
      // An element of the dimension before is a line of this one.
      g.in[last] *= in;
      g.before[last] *= in;
      g.out[last] *= in;
      g.from[last] = from[d];
      continue;
    }
    g.in[g.rank] = in;
    g.before[g.rank] = before;
    g.out[g.rank] = out;
    g.from[g.rank] = from[d];
    ++g.rank;
  }
  return g;
}

template <class T>
void run_padded(const shape& input, const padded_shape& p, pad_mode mode, const T* x, T value, T* y,
                const context& ctx) {
  if (p.output_shape.elements() == 0) return;
  seam::run_pad<unit_of<T>>(geometry_of_pad(input, p, mode), x, &value, y, ctx);
}

/// The checks of a gradient's shape in PyTorch's order, after those of the padding.
constexpr void check_grad_of_pad(const shape& grad_output, const shape& input, const padded_shape& p, pad_mode mode,
                                 std::size_t padded) {
  const shape& expected = p.output_shape;
  if (mode == pad_mode::circular) raise("pad_backward: mode circular has no gradient here");
  if (mode != pad_mode::constant && grad_output.size() == expected.size()) {
    const std::size_t channel = input.size() - padded - 1;
    constexpr const char* names[] = {"channel", "height", "width"};
    for (std::size_t d = channel; d < input.size(); ++d)
      if (grad_output[d] != expected[d])
        raise({"grad_output ",
               names[d == channel            ? 0
                     : d + 1 == input.size() ? 2
                                             : 1],
               " unexpected. Expected: ", expected[d], ", Got: ", grad_output[d]});
  }
  check_output_shape("pad_backward", "grad_output", expected, grad_output);
}

template <class T>
void run_padded_backward(const shape& input, const padded_shape& p, pad_mode mode, std::size_t padded, const T* dy,
                         T* dx, const context& ctx) {
  if (input.elements() == 0) return;
  if (mode == pad_mode::constant) {  // what was padded is cut off, what was cut off is zero
    padded_shape back;
    back.output_shape = input;
    for (std::size_t d = 0; d < input.size(); ++d) {
      back.before[d] = -p.before[d];
      back.behind[d] = -p.behind[d];
    }
    return run_padded(p.output_shape, back, mode, dy, T{}, dx, ctx);
  }
  pad_geometry g{mode, 2, {1, 1}, {0, 0}, {1, 1}};
  index_t planes = 1;
  const std::size_t first = input.size() - padded;
  for (std::size_t d = 0; d < first; ++d) planes *= input[d];
  for (std::size_t i = 0; i < padded; ++i) {
    const std::size_t to = 2 - padded + i, d = first + i;
    g.in[to] = input[d];
    g.before[to] = p.before[d];
    g.out[to] = p.output_shape[d];
  }
  seam::run_pad_backward(planes, g, dy, dx, ctx);
}

}  // namespace detail

/// The shape that pad gives, or the error that it raises; usable at compile time.
constexpr shape pad_output_shape(const shape& input, std::span<const index_t> pads,
                                 pad_mode mode = pad_mode::constant) {
  detail::check_not_negative(input);
  return detail::check_pad(input, pads, mode, false).output_shape;
}
constexpr shape pad_output_shape(const shape& input, std::initializer_list<index_t> pads,
                                 pad_mode mode = pad_mode::constant) {
  return pad_output_shape(input, std::span<const index_t>(pads.begin(), pads.size()), mode);
}

/// The bytes of workspace that pad_into and pad_backward_into need: none.
template <tensor_like Input>
index_t pad_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}
template <tensor_like GradOutput>
index_t pad_backward_workspace_bytes(const GradOutput&, const context& = default_context()) {
  return 0;
}

/// pad into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void pad_into(Output&& output, const Input& input, std::span<const index_t> pads, pad_mode mode = pad_mode::constant,
              element_of<Input> value = {}, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto p = detail::check_pad(x.shape(), pads, mode, !(value == element_of<Input>{}));
  detail::check_output_shape("pad", "output", p.output_shape, as_view(output).shape());
  detail::run_padded(x.shape(), p, mode, x.data(), value, as_view(output).data(), ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void pad_into(Output&& output, const Input& input, std::initializer_list<index_t> pads,
              pad_mode mode = pad_mode::constant, element_of<Input> value = {},
              const context& ctx = default_context()) {
  pad_into(output, input, std::span<const index_t>(pads.begin(), pads.size()), mode, value, ctx);
}

/// A border around a tensor, as torch.nn.functional.pad.
///
///     output[..., i, ...] = input[..., i - before, ...] where there is such an element, else as `mode` says
///
/// input   any shape; for the modes but constant, (..., W) of 2 or 3 dimensions for two pads, (..., H, W) of 3 or 4 for
///         four, and for circular (..., D, H, W) of 4 or 5 for six
/// pads    {before, behind} of the last dimension, then of the one before it, and so on; negative ones cut off
/// value   of the border where the mode is constant
/// returns each padded dimension with its size + before + behind
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  the loops: detail/run/pad.hpp
template <tensor_like Input>
tensor<element_of<Input>> pad(const Input& input, std::span<const index_t> pads, pad_mode mode = pad_mode::constant,
                              element_of<Input> value = {}, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto p = detail::check_pad(x.shape(), pads, mode, !(value == element_of<Input>{}));
  auto output = tensor<element_of<Input>>::uninitialized(p.output_shape);
  detail::run_padded(x.shape(), p, mode, x.data(), value, output.data(), ctx);
  return output;
}
template <tensor_like Input>
tensor<element_of<Input>> pad(const Input& input, std::initializer_list<index_t> pads,
                              pad_mode mode = pad_mode::constant, element_of<Input> value = {},
                              const context& ctx = default_context()) {
  return pad(input, std::span<const index_t>(pads.begin(), pads.size()), mode, value, ctx);
}

/// pad_backward into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void pad_backward_into(GradInput&& grad_input, const GradOutput& grad_output, std::span<const index_t> pads,
                       pad_mode mode = pad_mode::constant, const context& ctx = default_context()) {
  const auto dy = detail::const_view(grad_output);
  const shape input = as_view(grad_input).shape();
  const auto p = detail::check_pad(input, pads, mode, false);
  detail::check_grad_of_pad(dy.shape(), input, p, mode, pads.size() / 2);
  detail::run_padded_backward(input, p, mode, pads.size() / 2, dy.data(), as_view(grad_input).data(), ctx);
}
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>>
void pad_backward_into(GradInput&& grad_input, const GradOutput& grad_output, std::initializer_list<index_t> pads,
                       pad_mode mode = pad_mode::constant, const context& ctx = default_context()) {
  pad_backward_into(grad_input, grad_output, std::span<const index_t>(pads.begin(), pads.size()), mode, ctx);
}

/// The gradient of pad for its input, as PyTorch's autograd has it: torch.ops.aten.reflection_pad2d_backward and its
/// kin. Not of circular.
///
///     grad_input[i] = sum of grad_output[o] over the places o that element i fills
///
/// added up from the first place to the last in the element type, so that even of floats the bits are PyTorch's;
/// integers wrap.
///
/// grad_output  of the shape that pad gives
/// input_shape  the shape of pad's input
/// returns      a tensor of that shape
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> pad_backward(const GradOutput& grad_output, const shape& input_shape,
                                            std::span<const index_t> pads, pad_mode mode = pad_mode::constant,
                                            const context& ctx = default_context()) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  detail::check_not_negative(input_shape);
  const auto p = detail::check_pad(input_shape, pads, mode, false);
  detail::check_grad_of_pad(dy.shape(), input_shape, p, mode, pads.size() / 2);
  auto grad_input = tensor<T>::uninitialized(input_shape);
  detail::run_padded_backward(input_shape, p, mode, pads.size() / 2, dy.data(), grad_input.data(), ctx);
  return grad_input;
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> pad_backward(const GradOutput& grad_output, const shape& input_shape,
                                            std::initializer_list<index_t> pads, pad_mode mode = pad_mode::constant,
                                            const context& ctx = default_context()) {
  return pad_backward(grad_output, input_shape, std::span<const index_t>(pads.begin(), pads.size()), mode, ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/pad.hpp>
#endif
