// upsample_bicubic2d, the bilinear and bicubic ones that filter what they make smaller, and their gradients.
#pragma once

#include <tenfold/detail/resample2d.hpp>
#include <tenfold/upsample2d.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

enum class upsample_filter { cubic, linear_aa, cubic_aa };

/// Input pixels per output pixel of an axis.
template <class A>
A upsample_step(index_t in, index_t out, double given, bool align_corners) {
  if (align_corners) return out > 1 ? static_cast<A>(in - 1) / static_cast<A>(out - 1) : A{0};
  return given > 0 ? static_cast<A>(given) : static_cast<A>(in) / static_cast<A>(out);
}

/// The cubic convolution's kernel up to 1, and from there to 2, at a distance x >= 0.
template <class A>
A cubic_near(A x, A a) {
  return ((a + 2) * x - (a + 3)) * x * x + 1;
}
template <class A>
A cubic_beyond(A x, A a) {
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/// Four taps about each place, those outside the image at its edge. As in PyTorch the place's floor is a float's,
/// whatever A is.
template <class A>
void fill_cubic(const resample_axis<A>& axis, A step, bool align_corners) {
  constexpr A a = A{-0.75};
  for (index_t o = 0; o < axis.out; ++o) {
    const A place = align_corners ? step * static_cast<A>(o)
                                  : step * (static_cast<A>(o) + static_cast<A>(0.5)) - static_cast<A>(0.5);
    const index_t first = (std::min)(floor_of(static_cast<double>(static_cast<float>(place))), axis.in - 1);
    A x = place - static_cast<A>(first);
    x = x > 1 ? A{1} : x > 0 ? x : A{0};
    const A weights[] = {cubic_beyond(x + 1, a), cubic_near(x, a), cubic_near(1 - x, a), cubic_beyond(1 - x + 1, a)};
    for (index_t t = 0; t < 4; ++t) {
      axis.at_of(o, t) = clamped(first - 1 + t, axis.in);
      axis.weight_of(o, t) = weights[t];
    }
  }
}

template <class A>
A filter_aa(upsample_filter filter, A x) {
  constexpr A a = A{-0.5};
  if (x < 0) x = -x;
  if (filter == upsample_filter::linear_aa) return x < 1 ? 1 - x : A{0};
  if (x < 1) return cubic_near(x, a);
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : A{0};
}

/// How far a filter reaches, in inputs: as far as that many outputs lie apart where those are fewer.
template <class A>
A support_aa(upsample_filter filter, A step) {
  const A half = filter == upsample_filter::linear_aa ? A{1} : A{2};
  return step >= 1 ? half * step : half;
}

/// The taps within the filter's reach, which sum up to 1.
template <class A>
void fill_aa(const resample_axis<A>& axis, upsample_filter filter, A step) {
  const A half = static_cast<A>(0.5);
  const A support = support_aa(filter, step), narrows = step >= 1 ? 1 / step : A{1};
  for (index_t o = 0; o < axis.out; ++o) {
    const A center = step * (static_cast<A>(o) + half);
    const index_t first = (std::max)(static_cast<index_t>(center - support + half), index_t{0});
    const index_t end = (std::min)(static_cast<index_t>(center + support + half), axis.in);
    const index_t taps = std::clamp<index_t>(end - first, 0, axis.taps);
    A sum = 0;
    for (index_t t = 0; t < taps; ++t) {
      const A weight = filter_aa(filter, (static_cast<A>(t + first) - center + half) * narrows);
      axis.weight_of(o, t) = weight;
      sum += weight;
    }
    for (index_t t = 0; t < axis.taps; ++t) {
      const bool there = t < taps;
      axis.at_of(o, t) = there ? first + t : axis.in;
      if (!there) axis.weight_of(o, t) = 0;
      if (there && sum != 0) axis.weight_of(o, t) /= sum;
    }
  }
}

/// Who asks: the upsampling leaves an axis that keeps its size as it is where it filters, whatever the scale; its
/// gradient where it does not, and both axes keep theirs. So it is in PyTorch.
enum class upsample_pass { forward, backward };

/// The taps of an axis, none where it stays as it is.
template <class A>
index_t upsample_taps(const upsample2d_geometry& g, upsample_filter filter, upsample_pass pass, index_t in, index_t out,
                      A step) {
  if (filter == upsample_filter::cubic) return pass == upsample_pass::backward && g.in == g.out ? 0 : 4;
  if (in == out && (pass == upsample_pass::forward || step == 1)) return 0;
  const A support = support_aa(filter, step);
  return support >= static_cast<A>(in) ? in : (std::min)(2 * ceil_of(static_cast<double>(support)) + 1, in);
}

/// The problem with its tables in `memory`, which are filled where there is some.
template <class A>
resample_problem<A> upsample_problem(const upsample2d_geometry& g, upsample_filter filter, scratch_cursor& memory,
                                     bool fills, upsample_pass pass = upsample_pass::forward) {
  const A step_h = upsample_step<A>(g.in.h, g.out.h, g.step_h, g.align_corners);
  const A step_w = upsample_step<A>(g.in.w, g.out.w, g.step_w, g.align_corners);
  const index_t taps_h = upsample_taps(g, filter, pass, g.in.h, g.out.h, step_h);
  const index_t taps_w = upsample_taps(g, filter, pass, g.in.w, g.out.w, step_w);
  resample_problem<A> p;
  p.planes = g.planes;
  p.h = axis_of_lines<A>(memory, g.in.h, g.out.h, taps_h);
  p.w = axis_of_columns<A>(memory, g.in.w, g.out.w, taps_w);
  if (!fills) return p;
  if (filter == upsample_filter::cubic && taps_h > 0) {
    fill_cubic(p.h, step_h, g.align_corners);
    fill_cubic(p.w, step_w, g.align_corners);
    return p;
  }
  if (taps_h > 0) fill_aa(p.h, filter, step_h);
  if (taps_w > 0) fill_aa(p.w, filter, step_w);
  return p;
}

/// The bytes of the tables, and of all workers.
template <class T>
index_t upsample_bytes(const upsample2d_geometry& g, upsample_filter filter, const context& ctx) {
  if (g.planes == 0) return 0;
  scratch_cursor tables(nullptr);
  const auto p = upsample_problem<resample_number<T>>(g, filter, tables, false);
  return checked_add(tables.used(), resample_bytes(p, ctx));
}

template <class T>
void run_upsample_filter(const upsample2d_geometry& g, upsample_filter filter, const T* x, T* y, const context& ctx) {
  if (g.planes == 0) return;
  const scratch_memory memory(ctx, upsample_bytes<T>(g, filter, ctx));
  scratch_cursor tables(memory.data());
  const auto p = upsample_problem<resample_number<T>>(g, filter, tables, true);
  seam::run_resample2d<T>(p, x, y, memory.data() + tables.used(), ctx);
}

template <class Size>
index_t upsample_filter_bytes(const auto& x, const Size& size, upsample_filter filter, bool align_corners,
                              const context& ctx) {
  using T = element_of<decltype(x)>;
  const auto g = check_upsample2d(x.shape(), plain_size(size), align_corners);
  return workspace_bytes_for(upsample_bytes<T>(g, filter, ctx));
}

template <class Size>
void upsample_filter_into(const char* op, const auto& output, const auto& x, const Size& size, upsample_filter filter,
                          bool align_corners, const context& ctx) {
  const auto g = check_upsample2d(x.shape(), plain_size(size), align_corners);
  check_output_shape(op, "output", g.output_shape, output.shape());
  run_upsample_filter(g, filter, x.data(), output.data(), ctx);
}

template <class T, class Size>
tensor<T> upsample_filtered(const tensor_view<const T>& x, const Size& size, upsample_filter filter, bool align_corners,
                            const context& ctx) {
  const auto g = check_upsample2d(x.shape(), plain_size(size), align_corners);
  auto output = tensor<T>::uninitialized(g.output_shape);
  run_upsample_filter(g, filter, x.data(), output.data(), ctx);
  return output;
}

}  // namespace detail

/// The bytes of workspace that upsample_bicubic2d_into needs with this context.
template <tensor_like Input, upsample_size Size = hw>
index_t upsample_bicubic2d_workspace_bytes(const Input& input, const Size& size, bool align_corners = false,
                                           const context& ctx = default_context()) {
  return detail::upsample_filter_bytes(detail::const_view(input), size, detail::upsample_filter::cubic, align_corners,
                                       ctx);
}

/// upsample_bicubic2d into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample_size Size = hw>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_bicubic2d_into(Output&& output, const Input& input, const Size& size, bool align_corners = false,
                             const context& ctx = default_context()) {
  detail::upsample_filter_into("upsample_bicubic2d", as_view(output), detail::const_view(input), size,
                               detail::upsample_filter::cubic, align_corners, ctx);
}

/// Bicubic upsampling, as torch.nn.functional.interpolate(..., mode='bicubic', align_corners=...).
///
///     output[n, c, oh, ow] = the sum of u(i, h) u(j, w) x[floor(h) + i, floor(w) + j] over i and j from -1 to 2, with
///                            x = input[n, c], and u(i, h) = k(|h - floor(h) - i|) for the kernel
///     k(d) = (a + 2) d^3 - (a + 3) d^2 + 1 up to 1,  a d^3 - 5 a d^2 + 8 a d - 4 a up to 2,  a = -3/4
///     h = (oh + 1/2) * step - 1/2  with step = 1 / scale, or H / OH where a size is given
///     h = oh * (H - 1) / (OH - 1)  with align_corners, whatever scale is given;  w likewise
///
/// Beyond the edges lie the edges' pixels. Computed in the element type; integers, which PyTorch refuses, are computed
/// in double and rounded to the nearest, halves away from zero, within the type's range.
///
/// input   (N, C, H, W); N may be 0
/// size    an hw: the output's height and width; or a tf::scale: they are the input's times it, rounded down
/// returns (N, C, OH, OW)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/resample2d.hpp
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bicubic2d(const Input& input, const Size& size, bool align_corners = false,
                                             const context& ctx = default_context()) {
  return detail::upsample_filtered(detail::const_view(input), size, detail::upsample_filter::cubic, align_corners, ctx);
}

/// The bytes of workspace that upsample_bilinear2d_aa_into needs with this context.
template <tensor_like Input, upsample_size Size = hw>
index_t upsample_bilinear2d_aa_workspace_bytes(const Input& input, const Size& size, bool align_corners = false,
                                               const context& ctx = default_context()) {
  return detail::upsample_filter_bytes(detail::const_view(input), size, detail::upsample_filter::linear_aa,
                                       align_corners, ctx);
}

/// upsample_bilinear2d_aa into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample_size Size = hw>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_bilinear2d_aa_into(Output&& output, const Input& input, const Size& size, bool align_corners = false,
                                 const context& ctx = default_context()) {
  detail::upsample_filter_into("upsample_bilinear2d_aa", as_view(output), detail::const_view(input), size,
                               detail::upsample_filter::linear_aa, align_corners, ctx);
}

/// Bilinear resampling without aliasing, as torch.nn.functional.interpolate(..., mode='bilinear', antialias=True).
///
///     output[n, c, oh, ow] = the sum of u(h, oh) v(w, ow) input[n, c, h, w] over h and w
///     u(h, oh) = k((h + 1/2 - (oh + 1/2) step) / max(step, 1)), divided by their sum over h;  k(d) = max(0, 1 - |d|)
///     step = 1 / scale, or H / OH where a size is given, or with align_corners (H - 1) / (OH - 1);  v likewise
///
/// A dimension that keeps its size is not touched. Otherwise as upsample_bicubic2d.
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bilinear2d_aa(const Input& input, const Size& size, bool align_corners = false,
                                                 const context& ctx = default_context()) {
  return detail::upsample_filtered(detail::const_view(input), size, detail::upsample_filter::linear_aa, align_corners,
                                   ctx);
}

/// The bytes of workspace that upsample_bicubic2d_aa_into needs with this context.
template <tensor_like Input, upsample_size Size = hw>
index_t upsample_bicubic2d_aa_workspace_bytes(const Input& input, const Size& size, bool align_corners = false,
                                              const context& ctx = default_context()) {
  return detail::upsample_filter_bytes(detail::const_view(input), size, detail::upsample_filter::cubic_aa,
                                       align_corners, ctx);
}

/// upsample_bicubic2d_aa into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, upsample_size Size = hw>
  requires std::same_as<element_of<Output>, element_of<Input>>
void upsample_bicubic2d_aa_into(Output&& output, const Input& input, const Size& size, bool align_corners = false,
                                const context& ctx = default_context()) {
  detail::upsample_filter_into("upsample_bicubic2d_aa", as_view(output), detail::const_view(input), size,
                               detail::upsample_filter::cubic_aa, align_corners, ctx);
}

/// Bicubic resampling without aliasing, as torch.nn.functional.interpolate(..., mode='bicubic', antialias=True):
/// upsample_bilinear2d_aa with upsample_bicubic2d's kernel k, where a = -1/2.
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bicubic2d_aa(const Input& input, const Size& size, bool align_corners = false,
                                                const context& ctx = default_context()) {
  return detail::upsample_filtered(detail::const_view(input), size, detail::upsample_filter::cubic_aa, align_corners,
                                   ctx);
}

// ----------------------------------------------------------------------------------------------------------- gradients

namespace detail {

/// The taps of the gradient's table: how many outputs at most read the same input, and some for roundings.
template <class A>
index_t turned_taps(upsample_filter filter, const resample_axis<A>& forward, A step) {
  if (forward.taps == 0) return 0;
  const double reach = filter == upsample_filter::cubic ? 2 : static_cast<double>(support_aa(filter, step));
  const double outputs = 2 * reach / static_cast<double>(step) + 4;
  return outputs < static_cast<double>(forward.out) ? ceil_of(outputs) : forward.out;
}

/// turned.weight(i, .) = what outputs, in ascending order, took of input i of `forward`, whose places ascend.
template <class A>
void fill_turned(const resample_axis<A>& turned, const resample_axis<A>& forward) {
  const auto last_of = [&](index_t o) {
    index_t taps = forward.taps;
    while (taps > 1 && forward.at_of(o, taps - 1) == forward.in) --taps;
    return forward.at_of(o, taps - 1);
  };
  index_t begin = 0;
  for (index_t i = 0; i < turned.out; ++i) {
    while (begin < forward.out && last_of(begin) < i) ++begin;
    index_t count = 0;
    for (index_t o = begin; o < forward.out && forward.at_of(o, 0) <= i && count < turned.taps; ++o, ++count) {
      A sum = 0;
      for (index_t t = 0; t < forward.taps && forward.at_of(o, t) <= i; ++t)
        if (forward.at_of(o, t) == i) sum += forward.weight_of(o, t);
      turned.at_of(i, count) = o;
      turned.weight_of(i, count) = sum;
    }
    for (; count < turned.taps; ++count) {
      turned.at_of(i, count) = turned.in;
      turned.weight_of(i, count) = 0;
    }
  }
}

/// The resampling that the gradient is, with the upsampling's own tables before its own.
template <class A>
resample_problem<A> turned_problem(const upsample2d_geometry& g, upsample_filter filter, scratch_cursor& memory,
                                   bool fills) {
  const auto forward = upsample_problem<A>(g, filter, memory, fills, upsample_pass::backward);
  const A step_h = upsample_step<A>(g.in.h, g.out.h, g.step_h, g.align_corners);
  const A step_w = upsample_step<A>(g.in.w, g.out.w, g.step_w, g.align_corners);
  resample_problem<A> p;
  p.planes = g.planes;
  p.h = axis_of_lines<A>(memory, g.out.h, g.in.h, turned_taps(filter, forward.h, step_h));
  p.w = axis_of_columns<A>(memory, g.out.w, g.in.w, turned_taps(filter, forward.w, step_w));
  if (fills && p.h.taps > 0) fill_turned(p.h, forward.h);
  if (fills && p.w.taps > 0) fill_turned(p.w, forward.w);
  return p;
}

template <class T>
index_t upsample_backward_bytes(const upsample2d_geometry& g, upsample_filter filter, const context& ctx) {
  if (g.planes == 0) return 0;
  scratch_cursor tables(nullptr);
  const auto p = turned_problem<T>(g, filter, tables, false);
  return checked_add(tables.used(), resample_bytes(p, ctx));
}

template <class T>
void run_upsample_filter_backward(const upsample2d_geometry& g, upsample_filter filter, const T* grad_output,
                                  T* grad_input, const context& ctx) {
  if (g.planes == 0) return;
  const scratch_memory memory(ctx, upsample_backward_bytes<T>(g, filter, ctx));
  scratch_cursor tables(memory.data());
  const auto p = turned_problem<T>(g, filter, tables, true);
  seam::run_resample2d<T>(p, grad_output, grad_input, memory.data() + tables.used(), ctx);
}

template <class T>
tensor<T> upsample_filter_backward(const tensor_view<const T>& grad_output, const shape& input,
                                   const std::optional<scale>& factor, upsample_filter filter, bool align_corners,
                                   const context& ctx) {
  const auto g = check_upsample2d_backward(grad_output.shape(), input, factor, align_corners);
  auto grad_input = tensor<T>::uninitialized(input);
  run_upsample_filter_backward(g, filter, grad_output.data(), grad_input.data(), ctx);
  return grad_input;
}

template <class T>
void upsample_filter_backward_into(const tensor_view<T>& grad_input, const tensor_view<const T>& grad_output,
                                   const std::optional<scale>& factor, upsample_filter filter, bool align_corners,
                                   const context& ctx) {
  const auto g = check_upsample2d_backward(grad_output.shape(), grad_input.shape(), factor, align_corners);
  run_upsample_filter_backward(g, filter, grad_output.data(), grad_input.data(), ctx);
}

/// The bytes of workspace of such a call.
template <class T>
index_t upsample_filter_backward_bytes(const shape& grad_output, const shape& input, const std::optional<scale>& factor,
                                       upsample_filter filter, bool align_corners, const context& ctx) {
  const auto g = check_upsample2d_backward(grad_output, input, factor, align_corners);
  return workspace_bytes_for(upsample_backward_bytes<T>(g, filter, ctx));
}

}  // namespace detail

/// The bytes of workspace that upsample_bicubic2d_backward_into needs with this context.
template <tensor_like GradOutput>
index_t upsample_bicubic2d_backward_workspace_bytes(const GradOutput& grad_output, const shape& input_shape,
                                                    const std::optional<scale>& factor = {}, bool align_corners = false,
                                                    const context& ctx = default_context()) {
  return detail::upsample_filter_backward_bytes<element_of<GradOutput>>(
      detail::const_view(grad_output).shape(), input_shape, factor, detail::upsample_filter::cubic, align_corners, ctx);
}

/// upsample_bicubic2d_backward into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void upsample_bicubic2d_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                      const std::optional<scale>& factor = {}, bool align_corners = false,
                                      const context& ctx = default_context()) {
  detail::upsample_filter_backward_into(as_view(grad_input), detail::const_view(grad_output), factor,
                                        detail::upsample_filter::cubic, align_corners, ctx);
}

/// The gradient of upsample_bicubic2d for its input, as torch.ops.aten.upsample_bicubic2d_backward.
///
///     grad_input[n, c, h, w] = the sum over all outputs of grad_output times the weight that this input had in them
///
/// The resampler does it, by tables turned round. With a scale, that which the upsampling was given; sizes that are
/// equal though it is not 1 make the gradient grad_output, as in PyTorch.
///
/// grad_output  (N, C, OH, OW), floating-point numbers
/// input_shape  (N, C, H, W)
/// returns      (N, C, H, W)
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> upsample_bicubic2d_backward(
      const GradOutput& grad_output, const shape& input_shape, const std::optional<scale>& factor = {},
      bool align_corners = false, const context& ctx = default_context()) {
    return detail::upsample_filter_backward(detail::const_view(grad_output), input_shape, factor,
                                            detail::upsample_filter::cubic, align_corners, ctx);
  }

/// The bytes of workspace that upsample_bilinear2d_aa_backward_into needs with this context.
template <tensor_like GradOutput>
index_t upsample_bilinear2d_aa_backward_workspace_bytes(const GradOutput& grad_output, const shape& input_shape,
                                                        const std::optional<scale>& factor = {},
                                                        bool align_corners = false,
                                                        const context& ctx = default_context()) {
  return detail::upsample_filter_backward_bytes<element_of<GradOutput>>(
      detail::const_view(grad_output).shape(), input_shape, factor, detail::upsample_filter::linear_aa, align_corners,
      ctx);
}

/// upsample_bilinear2d_aa_backward into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void upsample_bilinear2d_aa_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                          const std::optional<scale>& factor = {}, bool align_corners = false,
                                          const context& ctx = default_context()) {
  detail::upsample_filter_backward_into(as_view(grad_input), detail::const_view(grad_output), factor,
                                        detail::upsample_filter::linear_aa, align_corners, ctx);
}

/// The gradient of upsample_bilinear2d_aa for its input, as torch.ops.aten._upsample_bilinear2d_aa_backward.
/// As upsample_bicubic2d_backward, but with sizes that are equal though the scale is not 1 the gradient is that of the
/// filter which the upsampling leaves out, as in PyTorch.
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> upsample_bilinear2d_aa_backward(
      const GradOutput& grad_output, const shape& input_shape, const std::optional<scale>& factor = {},
      bool align_corners = false, const context& ctx = default_context()) {
    return detail::upsample_filter_backward(detail::const_view(grad_output), input_shape, factor,
                                            detail::upsample_filter::linear_aa, align_corners, ctx);
  }

/// The bytes of workspace that upsample_bicubic2d_aa_backward_into needs with this context.
template <tensor_like GradOutput>
index_t upsample_bicubic2d_aa_backward_workspace_bytes(const GradOutput& grad_output, const shape& input_shape,
                                                       const std::optional<scale>& factor = {},
                                                       bool align_corners = false,
                                                       const context& ctx = default_context()) {
  return detail::upsample_filter_backward_bytes<element_of<GradOutput>>(
      detail::const_view(grad_output).shape(), input_shape, factor, detail::upsample_filter::cubic_aa, align_corners,
      ctx);
}

/// upsample_bicubic2d_aa_backward into a tensor of the input's shape, which may not overlap grad_output.
template <tensor_like GradInput, tensor_like GradOutput>
  requires std::same_as<element_of<GradInput>, element_of<GradOutput>> && std::floating_point<element_of<GradOutput>>
void upsample_bicubic2d_aa_backward_into(GradInput&& grad_input, const GradOutput& grad_output,
                                         const std::optional<scale>& factor = {}, bool align_corners = false,
                                         const context& ctx = default_context()) {
  detail::upsample_filter_backward_into(as_view(grad_input), detail::const_view(grad_output), factor,
                                        detail::upsample_filter::cubic_aa, align_corners, ctx);
}

/// The gradient of upsample_bicubic2d_aa for its input, as torch.ops.aten._upsample_bicubic2d_aa_backward.
/// As upsample_bicubic2d_backward, but with sizes that are equal though the scale is not 1 the gradient is that of the
/// filter which the upsampling leaves out, as in PyTorch.
template <tensor_like GradOutput>
  requires std::floating_point<element_of<GradOutput>> tensor<element_of<GradOutput>> upsample_bicubic2d_aa_backward(
      const GradOutput& grad_output, const shape& input_shape, const std::optional<scale>& factor = {},
      bool align_corners = false, const context& ctx = default_context()) {
    return detail::upsample_filter_backward(detail::const_view(grad_output), input_shape, factor,
                                            detail::upsample_filter::cubic_aa, align_corners, ctx);
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
