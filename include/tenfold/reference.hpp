// The naive operation for every operation: the specification, the tests' reference, the documentation.
//
// Each function has the name, the arguments and the result of the operation it specifies, and nothing of its code but
// the checks. Sums are computed in double for float and double, and in uint64, which wraps, for integers.
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/arithmetic.hpp>
#include <tenfold/avg_pool2d.hpp>
#include <tenfold/caffe.hpp>
#include <tenfold/cat.hpp>
#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/detail/run/max_unpool2d.hpp>
#include <tenfold/detail/run/plane_indices.hpp>
#include <tenfold/gemm.hpp>
#include <tenfold/grid_sample.hpp>
#include <tenfold/im2col.hpp>
#include <tenfold/linear.hpp>
#include <tenfold/matmul.hpp>
#include <tenfold/max_pool2d.hpp>
#include <tenfold/max_unpool2d.hpp>
#include <tenfold/mean.hpp>
#include <tenfold/normalization.hpp>
#include <tenfold/pad.hpp>
#include <tenfold/permute.hpp>
#include <tenfold/pixel_shuffle.hpp>
#include <tenfold/softmax.hpp>
#include <tenfold/upsample2d.hpp>
#include <tenfold/upsample_bicubic2d.hpp>

#include <cmath>  // abs, erfc, exp, expm1, floor, fmod, isnan, log1p, nearbyint, round, tanh
#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::reference {
TENFOLD_BEGIN_STRICT

template <element T>
using sum_of = std::conditional_t<std::floating_point<T>, double, std::uint64_t>;

/// An image (C, H, W) as a batch of one.
template <class T>
tensor_view<T> batched(const tensor_view<T>& x) {
  return {x.data(), detail::batched(x.shape())};
}

inline bool inside(index_t i, index_t size) { return i >= 0 && i < size; }

// ---------------------------------------------------------------------------------------------------------- products

/// C = alpha op(A) op(B) + beta C. beta = 0 does not read C, alpha = 0 does not read A and B.
template <element T>
void gemm(order o, transpose trans_a, transpose trans_b, index_t m, index_t n, index_t k, std::type_identity_t<T> alpha,
          const T* a, index_t lda, const T* b, index_t ldb, std::type_identity_t<T> beta, T* c, index_t ldc) {
  using S = sum_of<T>;
  const auto place = [o](transpose t, index_t row, index_t column, index_t leading) {
    return (o == order::row_major) == (t == transpose::no) ? row * leading + column : row + column * leading;
  };
  for (index_t i = 0; i < m; ++i)
    for (index_t j = 0; j < n; ++j) {
      S sum = 0;
      for (index_t p = 0; p < k && alpha != 0; ++p)
        sum += static_cast<S>(a[place(trans_a, i, p, lda)]) * static_cast<S>(b[place(trans_b, p, j, ldb)]);
      T& result = c[place(transpose::no, i, j, ldc)];
      const S before = beta == 0 ? S{0} : static_cast<S>(beta) * static_cast<S>(result);
      result = static_cast<T>(static_cast<S>(alpha) * sum + before);
    }
}

namespace parts {

/// The padding before the first row and column; that of `same` is half of what the kernel needs, rounded down.
inline hw padding_before(const conv2d_options& o, const shape& weight) {
  if (!o.padding.is_same()) return o.padding.value();
  return {o.dilation.h * (weight[2] - 1) / 2, o.dilation.w * (weight[3] - 1) / 2};
}

template <element T>
tensor<T> conv2d(const tensor_view<const T>& input, const tensor_view<const T>& weight, const T* bias,
                 const conv2d_options& o, const shape& output_shape) {
  using S = sum_of<T>;
  tensor<T> output(output_shape);
  const auto x = batched(input);
  const auto y = batched(output.view());
  const hw padding = padding_before(o, weight.shape());
  const index_t group_in = weight.shape()[1];
  const index_t group_out = weight.shape()[0] / o.groups;
  for (index_t n = 0; n < y.shape()[0]; ++n)
    for (index_t oc = 0; oc < y.shape()[1]; ++oc)
      for (index_t oh = 0; oh < y.shape()[2]; ++oh)
        for (index_t ow = 0; ow < y.shape()[3]; ++ow) {
          S sum = bias ? static_cast<S>(bias[oc]) : S{0};
          for (index_t c = 0; c < group_in; ++c)
            for (index_t i = 0; i < weight.shape()[2]; ++i)
              for (index_t j = 0; j < weight.shape()[3]; ++j) {
                const index_t h = oh * o.stride.h - padding.h + i * o.dilation.h;
                const index_t w = ow * o.stride.w - padding.w + j * o.dilation.w;
                if (inside(h, x.shape()[2]) && inside(w, x.shape()[3]))
                  sum +=
                      static_cast<S>(x(n, oc / group_out * group_in + c, h, w)) * static_cast<S>(weight(oc, c, i, j));
              }
          y(n, oc, oh, ow) = static_cast<T>(sum);
        }
  return output;
}

/// Every input pixel scatters a kernel.
template <element T>
tensor<T> conv_transpose2d(const tensor_view<const T>& input, const tensor_view<const T>& weight, const T* bias,
                           const hw& stride, const hw& padding, const hw& dilation, index_t groups,
                           const shape& output_shape) {
  using S = sum_of<T>;
  tensor<S> sums(detail::batched(output_shape));
  if (sums.size() == 0) return tensor<T>(output_shape);  // no memory stands behind the other sizes
  const auto x = batched(input);
  const index_t group_in = weight.shape()[0] / groups;
  const index_t group_out = weight.shape()[1];
  const index_t plane = sums.shape()[2] * sums.shape()[3];
  for (index_t i = 0; bias && i < sums.size(); ++i) sums.data()[i] = static_cast<S>(bias[i / plane % sums.shape()[1]]);
  for (index_t n = 0; n < x.shape()[0]; ++n)
    for (index_t c = 0; c < x.shape()[1]; ++c)
      for (index_t ih = 0; ih < x.shape()[2]; ++ih)
        for (index_t iw = 0; iw < x.shape()[3]; ++iw)
          for (index_t oc = 0; oc < group_out; ++oc)
            for (index_t i = 0; i < weight.shape()[2]; ++i)
              for (index_t j = 0; j < weight.shape()[3]; ++j) {
                const index_t oh = ih * stride.h - padding.h + i * dilation.h;
                const index_t ow = iw * stride.w - padding.w + j * dilation.w;
                if (inside(oh, sums.shape()[2]) && inside(ow, sums.shape()[3]))
                  sums(n, c / group_in * group_out + oc, oh, ow) +=
                      static_cast<S>(x(n, c, ih, iw)) * static_cast<S>(weight(c, oc, i, j));
              }
  tensor<T> output(output_shape);
  for (index_t i = 0; i < output.size(); ++i) output.data()[i] = static_cast<T>(sums.data()[i]);
  return output;
}

}  // namespace parts

/// output[n, o, oh, ow] = bias[o] + sum of input[n, c, h, w] * weight[o, c, i, j] over the c of o's group, i and j,
/// with h = oh * stride.h - padding.top + i * dilation.h inside the image, w likewise.
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
tensor<element_of<Input>> conv2d(const Input& input, const Weight& weight, const Bias& bias,
                                 const conv2d_options& options = {}) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto b = detail::const_view(bias);
  return parts::conv2d(x, w, b.data(), options,
                       detail::check_conv2d(x.shape(), w.shape(), b.shape(), options).output_shape);
}
template <tensor_like Input, tensor_like Weight>
tensor<element_of<Input>> conv2d(const Input& input, const Weight& weight, const conv2d_options& options = {}) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  return parts::conv2d<element_of<Input>>(x, w, nullptr, options, conv2d_output_shape(x.shape(), w.shape(), options));
}

/// output[n, o, oh, ow] = bias[o] + sum of input[n, c, ih, iw] * weight[c, o, i, j] over the c of o's group and all
/// i, j, ih, iw with oh = ih * stride.h - padding.top + i * dilation.h, ow likewise.
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
tensor<element_of<Input>> conv_transpose2d(const Input& input, const Weight& weight, const Bias& bias,
                                           const conv_transpose2d_options& o = {}) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto b = detail::const_view(bias);
  return parts::conv_transpose2d(x, w, b.data(), o.stride, {o.padding.h, o.padding.w}, o.dilation, o.groups,
                                 detail::check_conv_transpose2d(x.shape(), w.shape(), b.shape(), o).output_shape);
}
template <tensor_like Input, tensor_like Weight>
tensor<element_of<Input>> conv_transpose2d(const Input& input, const Weight& weight,
                                           const conv_transpose2d_options& o = {}) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  return parts::conv_transpose2d<element_of<Input>>(x, w, nullptr, o.stride, {o.padding.h, o.padding.w}, o.dilation,
                                                    o.groups, conv_transpose2d_output_shape(x.shape(), w.shape(), o));
}

// ------------------------------------------------------------------------------------- gradients of the convolutions

namespace parts {

/// What joins an image to the image of windows over it: its windows begin at multiples of stride less padding.
struct windows {
  hw stride;
  hw padding;
  hw dilation;
  index_t groups;
};

/// Calls product(n, a, ah, aw, b, bh, bw, c, i, j) for each product of a convolution: element (n, a, ah, aw) of the
/// image of windows, (n, b, bh, bw) of the image, (a, c, i, j) of the weight, where c is b counted within its group.
/// The windows are conv2d's output and conv_transpose2d's input.
template <class F>
void for_each_product(const shape& of_windows, const shape& image, const shape& weight, const windows& o,
                      const F& product) {
  const index_t group_size = weight[0] / o.groups;
  for (index_t n = 0; n < of_windows[0]; ++n)
    for (index_t a = 0; a < of_windows[1]; ++a)
      for (index_t ah = 0; ah < of_windows[2]; ++ah)
        for (index_t aw = 0; aw < of_windows[3]; ++aw)
          for (index_t c = 0; c < weight[1]; ++c)
            for (index_t i = 0; i < weight[2]; ++i)
              for (index_t j = 0; j < weight[3]; ++j) {
                const index_t h = ah * o.stride.h - o.padding.h + i * o.dilation.h;
                const index_t w = aw * o.stride.w - o.padding.w + j * o.dilation.w;
                if (inside(h, image[2]) && inside(w, image[3]))
                  product(n, a, ah, aw, a / group_size * weight[1] + c, h, w, c, i, j);
              }
}

/// Each product of the forward is input * weight, and its sum times grad_output: so its derivative by the one is the
/// other times grad_output.
template <bool Transposed, element T>
convolution_gradients<T> convolution_backward(const tensor_view<const T>& grad_output,
                                              const tensor_view<const T>& input, const tensor_view<const T>& weight,
                                              index_t out_channels, const windows& o) {
  using S = sum_of<T>;
  const auto g = batched(grad_output);
  const auto x = batched(input);
  const auto wide = [](T value) { return static_cast<S>(value); };
  const auto narrow = [](const tensor<S>& sums, const shape& s) {
    tensor<T> result(s);
    for (index_t i = 0; i < sums.size(); ++i) result.data()[i] = static_cast<T>(sums.data()[i]);
    return result;
  };
  tensor<S> of_input(x.shape()), of_weight(weight.shape()), of_bias(shape{out_channels});
  const index_t plane = g.shape()[2] * g.shape()[3];
  for (index_t i = 0; i < g.size(); ++i) of_bias.data()[i / plane % out_channels] += wide(g.data()[i]);
  if (x.size() > 0 && g.size() > 0)  // else no memory stands behind the other sizes
    for_each_product(Transposed ? x.shape() : g.shape(), Transposed ? g.shape() : x.shape(), weight.shape(), o,
                     [&](index_t n, index_t a, index_t ah, index_t aw, index_t b, index_t bh, index_t bw, index_t c,
                         index_t i, index_t j) {
                       const S out = wide(Transposed ? g(n, b, bh, bw) : g(n, a, ah, aw));
                       const S in = wide(Transposed ? x(n, a, ah, aw) : x(n, b, bh, bw));
                       S& to = Transposed ? of_input(n, a, ah, aw) : of_input(n, b, bh, bw);
                       to += out * wide(weight(a, c, i, j));
                       of_weight(a, c, i, j) += out * in;
                     });
  return {narrow(of_input, input.shape()), narrow(of_weight, weight.shape()), narrow(of_bias, of_bias.shape())};
}

/// The checks of the convolution, then those of grad_output.
template <class Op>
void check_gradient(const shape& grad_output, const shape& input, const shape& weight,
                    const typename Op::options& options) {
  const auto g = Op::checked(input, weight, std::nullopt, options);
  Op::check_gradient(grad_output, input, g.out_channels * g.groups, g.out, options);
}

}  // namespace parts

/// With output = conv2d(input, weight, bias, options) and any f of it whose derivatives are grad_output = df/doutput:
///
///     grad_input[n, c, h, w]  = sum of grad_output[n, o, oh, ow] * weight[o, c, i, j] over the o, oh, ow, i and j
///                               that conv2d reads input[n, c, h, w] for
///     grad_weight[o, c, i, j] = sum of grad_output[n, o, oh, ow] * input[n, c, h, w] over n, oh and ow
///     grad_bias[o]            = sum of grad_output[n, o, oh, ow] over n, oh and ow
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> conv2d_backward(const GradOutput& grad_output, const Input& input,
                                                         const Weight& weight, const conv2d_options& o = {}) {
  const auto g = detail::const_view(grad_output);
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  parts::check_gradient<detail::conv2d_op>(g.shape(), x.shape(), w.shape(), o);
  return parts::convolution_backward<false>(g, x, w, w.shape()[0],
                                            {o.stride, parts::padding_before(o, w.shape()), o.dilation, o.groups});
}

/// The same of conv_transpose2d:
///
///     grad_input[n, c, ih, iw] = sum of grad_output[n, o, oh, ow] * weight[c, o, i, j] over o, i and j
///     grad_weight[c, o, i, j]  = sum of grad_output[n, o, oh, ow] * input[n, c, ih, iw] over n, ih and iw
///     grad_bias[o]             = sum of grad_output[n, o, oh, ow] over n, oh and ow
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> conv_transpose2d_backward(const GradOutput& grad_output, const Input& input,
                                                                   const Weight& weight,
                                                                   const conv_transpose2d_options& o = {}) {
  const auto g = detail::const_view(grad_output);
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  parts::check_gradient<detail::conv_transpose2d_op>(g.shape(), x.shape(), w.shape(), o);
  return parts::convolution_backward<true>(g, x, w, w.shape()[1] * o.groups,
                                           {o.stride, {o.padding.h, o.padding.w}, o.dilation, o.groups});
}

// ----------------------------------------------------------------------------------------------------------- columns

/// output[n, (c * kh + i) * kw + j, oh * BW + ow] = input[n, c, h, w], 0 outside the image.
template <tensor_like Input>
tensor<element_of<Input>> im2col(const Input& input, const im2col_options& o) {
  const auto image = detail::const_view(input);
  const auto x = batched(image);
  const auto g = detail::check_im2col(image.shape(), o);
  tensor<element_of<Input>> output(g.output_shape);
  auto* to = output.data();
  for (index_t n = 0; n < x.shape()[0]; ++n)
    for (index_t c = 0; c < x.shape()[1]; ++c)
      for (index_t i = 0; i < o.kernel_size.h; ++i)
        for (index_t j = 0; j < o.kernel_size.w; ++j)
          for (index_t oh = 0; oh < g.h.points; ++oh)
            for (index_t ow = 0; ow < g.w.points; ++ow) {
              const index_t h = oh * o.stride.h - o.padding.h + i * o.dilation.h;
              const index_t w = ow * o.stride.w - o.padding.w + j * o.dilation.w;
              if (inside(h, x.shape()[2]) && inside(w, x.shape()[3])) *to = x(n, c, h, w);
              ++to;
            }
  return output;
}

/// output[n, c, h, w] = sum of columns[n, (c * kh + i) * kw + j, oh * BW + ow], in the order of the columns and in the
/// element type, as PyTorch has it.
template <tensor_like Columns>
tensor<element_of<Columns>> col2im(const Columns& columns, const hw& output_size, const im2col_options& o) {
  using T = element_of<Columns>;
  using S = std::conditional_t<std::floating_point<T>, T, std::uint64_t>;
  const auto from = detail::const_view(columns);
  const auto g = detail::check_col2im(from.shape(), output_size, o);
  tensor<T> output(g.output_shape);
  const auto y = batched(output.view());
  const T* value = from.data();
  for (index_t n = 0; n < y.shape()[0]; ++n)
    for (index_t c = 0; c < y.shape()[1]; ++c)
      for (index_t i = 0; i < o.kernel_size.h; ++i)
        for (index_t j = 0; j < o.kernel_size.w; ++j)
          for (index_t oh = 0; oh < g.h.points; ++oh)
            for (index_t ow = 0; ow < g.w.points; ++ow) {
              const index_t h = oh * o.stride.h - o.padding.h + i * o.dilation.h;
              const index_t w = ow * o.stride.w - o.padding.w + j * o.dilation.w;
              if (inside(h, y.shape()[2]) && inside(w, y.shape()[3]))
                y(n, c, h, w) = static_cast<T>(static_cast<S>(y(n, c, h, w)) + static_cast<S>(*value));
              ++value;
            }
  return output;
}

// ----------------------------------------------------------------------------------------------------------- pooling

/// The maximum of the taps inside the image, in row-major order: the first of equals, the last NaN. A window without
/// such a tap: -infinity or the lowest integer, and the place where its first tap would be.
template <tensor_like Input>
max_pool2d_result<element_of<Input>> max_pool2d_with_indices(const Input& input, const pool2d_options& o) {
  using T = element_of<Input>;
  using limits = std::numeric_limits<T>;
  const auto image = detail::const_view(input);
  const auto x = batched(image);
  const shape output_shape = max_pool2d_output_shape(image.shape(), o);
  max_pool2d_result<T> result{tensor<T>(output_shape), tensor<index_t>(output_shape)};
  const auto values = batched(result.values.view());
  const auto indices = batched(result.indices.view());
  const index_t height = x.shape()[2];
  const index_t width = x.shape()[3];
  for (index_t n = 0; n < values.shape()[0]; ++n)
    for (index_t c = 0; c < values.shape()[1]; ++c)
      for (index_t oh = 0; oh < values.shape()[2]; ++oh)
        for (index_t ow = 0; ow < values.shape()[3]; ++ow) {
          const index_t top = oh * o.stride.h - o.padding.h;
          const index_t left = ow * o.stride.w - o.padding.w;
          index_t h0 = top;
          index_t w0 = left;
          while (h0 < 0) h0 += o.dilation.h;
          while (w0 < 0) w0 += o.dilation.w;
          T most = limits::has_infinity ? -limits::infinity() : limits::lowest();
          index_t at = h0 * width + w0;
          for (index_t i = 0; i < o.kernel_size.h; ++i)
            for (index_t j = 0; j < o.kernel_size.w; ++j) {
              const index_t h = top + i * o.dilation.h;
              const index_t w = left + j * o.dilation.w;
              if (!inside(h, height) || !inside(w, width)) continue;
              const T value = x(n, c, h, w);
              if (value > most || value != value) {
                most = value;
                at = h * width + w;
              }
            }
          values(n, c, oh, ow) = most;
          indices(n, c, oh, ow) = at;
        }
  return result;
}

template <tensor_like Input>
tensor<element_of<Input>> max_pool2d(const Input& input, const pool2d_options& options) {
  return reference::max_pool2d_with_indices(input, options).values;
}

namespace parts {

/// What a place holds that has `before`, and is named again with `next`.
template <element T>
T unpooled(unpool_duplicates rule, T before, T next) {
  using S = std::conditional_t<std::floating_point<T>, T, std::uint64_t>;
  if (rule == unpool_duplicates::first) return before;
  if (rule == unpool_duplicates::max) return next > before || next != next ? next : before;
  if (rule == unpool_duplicates::sum) return static_cast<T>(static_cast<S>(before) + static_cast<S>(next));
  return next;
}

}  // namespace parts

/// output[n, c].flat[indices[n, c, h, w]] = input[n, c, h, w], in row-major order; 0 elsewhere.
/// What a place becomes that is named again, o.duplicates says.
template <tensor_like Input, tensor_like Indices>
tensor<element_of<Input>> max_unpool2d(const Input& input, const Indices& indices, const unpool2d_options& o) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d(x.shape(), at.shape(), o);
  tensor<element_of<Input>> output(g.output_shape);
  if (output.size() == 0) return output;
  detail::check_unpool_indices(g, at.data(), context{});
  tensor<std::int8_t> named(g.output_shape);
  for (index_t i = 0; i < x.size(); ++i) {
    const index_t plane = i / (g.in.h * g.in.w);
    const index_t to = plane * g.out.h * g.out.w + at.data()[i];
    if (named.data()[to] && o.duplicates == unpool_duplicates::error)
      detail::raise_duplicate(g, x.data(), at.data(), i);
    auto& y = output.data()[to];
    y = named.data()[to] ? parts::unpooled(o.duplicates, y, x.data()[i]) : x.data()[i];
    named.data()[to] = 1;
  }
  return output;
}

namespace parts {

/// to += value in the element type, as PyTorch adds gradients; integers wrap.
template <element T>
void add(T& to, T value) {
  using S = std::conditional_t<std::floating_point<T>, T, std::uint64_t>;
  to = static_cast<T>(static_cast<S>(to) + static_cast<S>(value));
}

}  // namespace parts

/// grad_input[n, c].flat[indices[n, c, oh, ow]] += grad_output[n, c, oh, ow], in row-major order; but for -1.
template <tensor_like GradOutput, tensor_like Indices>
tensor<element_of<GradOutput>> max_pool2d_backward(const GradOutput& grad_output, const Indices& indices,
                                                   const shape& input_shape) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_pool2d_backward(dy.shape(), at.shape(), input_shape);
  detail::check_plane_indices(g.planes, g.in, g.out, -1, at.data(), context{});
  tensor<element_of<GradOutput>> dx(input_shape);
  for (index_t i = 0; i < dy.size(); ++i) {
    const index_t plane = i / (g.in.h * g.in.w);
    if (at.data()[i] != -1) parts::add(dx.data()[plane * g.out.h * g.out.w + at.data()[i]], dy.data()[i]);
  }
  return dx;
}

/// grad_input[n, c, h, w] = grad_output[n, c].flat[indices[n, c, h, w]].
template <tensor_like GradOutput, tensor_like Indices>
tensor<element_of<GradOutput>> max_unpool2d_backward(const GradOutput& grad_output, const Indices& indices) {
  const auto dy = detail::const_view(grad_output);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d_backward(dy.shape(), at.shape());
  tensor<element_of<GradOutput>> dx(g.output_shape);
  if (dx.size() > 0) detail::check_unpool_indices(g, at.data(), context{});
  for (index_t i = 0; i < dx.size(); ++i)
    dx.data()[i] = dy.data()[i / (g.in.h * g.in.w) * g.out.h * g.out.w + at.data()[i]];
  return dx;
}

// ------------------------------------------------------------------------------------------------ unpooling of Caffe

namespace caffe {

/// Whether input pixel i sends something to output place o of its dimension.
constexpr bool reaches(index_t i, index_t o, index_t stride, index_t kernel, index_t out, caffe_unpool unpool) {
  if (unpool == caffe_unpool::max) return o == (std::min)(i * stride, out - 1);
  return i * stride <= o && o - i * stride < kernel;
}

/// The places of one dimension that it reaches.
constexpr index_t reached(index_t i, index_t stride, index_t kernel, index_t out, caffe_unpool unpool) {
  index_t places = 0;
  for (index_t o = 0; o < out; ++o) places += reaches(i, o, stride, kernel, out, unpool);
  return places;
}

/// visit(from, to, places): element `from` of the input reaches element `to` of the output, one of so many places; by
/// ascending place, then pixel.
template <class Visit>
void for_each_reached(const plain::caffe_unpooling_geometry& g, const Visit& visit) {
  for (index_t p = 0; p < g.planes; ++p)
    for (index_t y = 0; y < g.out.h; ++y)
      for (index_t x = 0; x < g.out.w; ++x)
        for (index_t h = 0; h < g.in.h; ++h)
          for (index_t w = 0; w < g.in.w; ++w)
            if (reaches(h, y, g.stride.h, g.kernel.h, g.out.h, g.unpool) &&
                reaches(w, x, g.stride.w, g.kernel.w, g.out.w, g.unpool))
              visit((p * g.in.h + h) * g.in.w + w, (p * g.out.h + y) * g.out.w + x,
                    reached(h, g.stride.h, g.kernel.h, g.out.h, g.unpool) *
                        reached(w, g.stride.w, g.kernel.w, g.out.w, g.unpool));
}

/// The value that place gets of each pixel that reaches it: the last of max, the sum of the others.
template <tensor_like Input>
tensor<element_of<Input>> unpooling(const Input& input, const caffe_unpooling_options& o) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto g = detail::check_caffe_unpooling(x.shape(), o);
  tensor<T> y(g.output_shape);
  for_each_reached(g, [&](index_t from, index_t to, index_t places) {
    const T value = o.unpool == caffe_unpool::ave ? x.data()[from] / static_cast<T>(places) : x.data()[from];
    y.data()[to] = o.unpool == caffe_unpool::max ? value : y.data()[to] + value;
  });
  return y;
}

/// The mean of the places that a pixel reaches.
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> unpooling_backward(const GradOutput& grad_output, const shape& input_shape,
                                                  const caffe_unpooling_options& o) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto g = detail::check_caffe_unpooling(input_shape, o);
  tensor<T> dx(input_shape), count(input_shape);
  for_each_reached(g, [&](index_t from, index_t to, index_t places) {
    dx.data()[from] += dy.data()[to];
    count.data()[from] = static_cast<T>(places);
  });
  for (index_t i = 0; i < dx.size(); ++i)
    if (count.data()[i] > 0) dx.data()[i] /= count.data()[i];
  return dx;
}

}  // namespace caffe

// -------------------------------------------------------------------------------------------------------- upsampling

namespace parts {

inline index_t nearest(index_t o, index_t in, index_t out, double step) {
  if (out == in) return o;
  if (out == 2 * in) return o / 2;
  const float s = step > 0 ? static_cast<float>(step) : static_cast<float>(in) / static_cast<float>(out);
  return (std::min)(static_cast<index_t>(std::floor(static_cast<float>(o) * s)), in - 1);
}

inline index_t nearest_exact(index_t o, index_t in, index_t out, double step) {
  const float s = step > 0 ? static_cast<float>(step) : static_cast<float>(in) / static_cast<float>(out);
  const double middle = (static_cast<double>(o) + 0.5) * static_cast<double>(s);
  return (std::min)(static_cast<index_t>(std::floor(static_cast<float>(middle))), in - 1);
}

/// Where an output lies: `fraction` of the way from input `first` to input `second`.
template <class A>
struct place {
  index_t first;
  index_t second;
  A fraction;
};

template <class A>
place<A> between(index_t o, index_t in, index_t out, double step, bool align_corners) {
  if (out == in) return {o, o, 0};
  A x = 0;
  if (align_corners) {
    x = out > 1 ? static_cast<A>(in - 1) / static_cast<A>(out - 1) * static_cast<A>(o) : A{0};
  } else {
    const A s = step > 0 ? static_cast<A>(step) : static_cast<A>(in) / static_cast<A>(out);
    x = s * (static_cast<A>(o) + A{0.5}) - A{0.5};
    if (x < 0) x = 0;
  }
  const index_t first = (std::min)(static_cast<index_t>(static_cast<float>(x)), in - 1);
  return {first, (std::min)(first + 1, in - 1), std::clamp(x - static_cast<A>(first), A{0}, A{1})};
}

template <element T>
T rounded(double value) {
  if constexpr (std::floating_point<T>) return static_cast<T>(value);
  const double nearest_integer = (std::round)(value);
  const bool fits = nearest_integer < -static_cast<double>((std::numeric_limits<T>::min)());
  return fits ? static_cast<T>(nearest_integer) : (std::numeric_limits<T>::max)();
}

}  // namespace parts

/// output[n, c, oh, ow] = input[n, c, nearest(oh), nearest(ow)].
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_nearest2d(const Input& input, const Size& size) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), false);
  tensor<element_of<Input>> y(g.output_shape);
  for (index_t n = 0; n < y.shape()[0]; ++n)
    for (index_t c = 0; c < y.shape()[1]; ++c)
      for (index_t oh = 0; oh < y.shape()[2]; ++oh)
        for (index_t ow = 0; ow < y.shape()[3]; ++ow)
          y(n, c, oh, ow) =
              x(n, c, parts::nearest(oh, g.in.h, g.out.h, g.step_h), parts::nearest(ow, g.in.w, g.out.w, g.step_w));
  return y;
}

/// output[n, c, oh, ow] = input[n, c, nearest_exact(oh), nearest_exact(ow)].
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_nearest_exact2d(const Input& input, const Size& size) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), false);
  tensor<element_of<Input>> y(g.output_shape);
  for (index_t n = 0; n < y.shape()[0]; ++n)
    for (index_t c = 0; c < y.shape()[1]; ++c)
      for (index_t oh = 0; oh < y.shape()[2]; ++oh)
        for (index_t ow = 0; ow < y.shape()[3]; ++ow)
          y(n, c, oh, ow) = x(n, c, parts::nearest_exact(oh, g.in.h, g.out.h, g.step_h),
                              parts::nearest_exact(ow, g.in.w, g.out.w, g.step_w));
  return y;
}

namespace parts {

/// k(d) of the cubic convolution.
inline double cubic(double d, double a) {
  d = (std::abs)(d);
  if (d <= 1) return (a + 2) * d * d * d - (a + 3) * d * d + 1;
  return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

/// The weight of every input for every output of an axis: (out, in). The places are computed in A.
template <class A>
tensor<double> filter_weights(detail::upsample_filter filter, index_t in, index_t out, double given, bool corners,
                              bool leaves_equal_sizes = true) {
  tensor<double> weights({out, in});
  A step = given > 0 ? static_cast<A>(given) : static_cast<A>(in) / static_cast<A>(out);
  if (corners) step = out > 1 ? static_cast<A>(in - 1) / static_cast<A>(out - 1) : A{0};
  for (index_t o = 0; o < out; ++o) {
    if (filter == detail::upsample_filter::cubic) {
      const A at = corners ? step * static_cast<A>(o) : step * (static_cast<A>(o) + A{0.5}) - A{0.5};
      const auto first = static_cast<index_t>(std::floor(static_cast<float>(at)));
      const double place = static_cast<double>((std::max)(at, static_cast<A>(first)));
      for (index_t i = first - 1; i <= first + 2; ++i)
        weights(o, (std::clamp)(i, index_t{0}, in - 1)) += cubic(place - static_cast<double>(i), -0.75);
      continue;
    }
    const bool linear = filter == detail::upsample_filter::linear_aa;
    const double center = static_cast<double>(step * (static_cast<A>(o) + A{0.5}));
    const double wide = (std::max)(static_cast<double>(step), 1.0);
    double sum = 0;
    for (index_t i = 0; i < in; ++i) {
      const double d = (static_cast<double>(i) + 0.5 - center) / wide;
      weights(o, i) = linear ? (std::max)(0.0, 1 - (std::abs)(d)) : cubic(d, -0.5);
      sum += weights(o, i);
    }
    const bool stays = in == out && leaves_equal_sizes;
    for (index_t i = 0; i < in; ++i) weights(o, i) = stays ? static_cast<double>(i == o) : weights(o, i) / sum;
  }
  return weights;
}

/// The whole range of an integer type counts.
template <element T>
T rounded_within(double value) {
  if constexpr (std::integral<T>)
    if ((std::round)(value) < static_cast<double>((std::numeric_limits<T>::min)()))
      return (std::numeric_limits<T>::min)();
  return rounded<T>(value);
}

template <class T, class Size>
tensor<T> upsample_filtered(const tensor_view<const T>& x, const Size& size, detail::upsample_filter filter,
                            bool corners) {
  using A = std::conditional_t<std::same_as<T, float>, float, double>;
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), corners);
  tensor<T> y(g.output_shape);
  if (y.size() == 0) return y;
  const auto v = filter_weights<A>(filter, g.in.h, g.out.h, g.step_h, corners);
  const auto h = filter_weights<A>(filter, g.in.w, g.out.w, g.step_w, corners);
  for (index_t n = 0; n < y.shape()[0]; ++n)
    for (index_t c = 0; c < y.shape()[1]; ++c)
      for (index_t oh = 0; oh < y.shape()[2]; ++oh)
        for (index_t ow = 0; ow < y.shape()[3]; ++ow) {
          double sum = 0;
          for (index_t i = 0; i < g.in.h; ++i)
            for (index_t j = 0; j < g.in.w; ++j)
              if (v(oh, i) != 0 && h(ow, j) != 0) sum += v(oh, i) * h(ow, j) * static_cast<double>(x(n, c, i, j));
          y(n, c, oh, ow) = rounded_within<T>(sum);
        }
  return y;
}

/// grad_input += the weights of an output's inputs times grad_output.
template <class T>
tensor<T> upsample_filtered_backward(const tensor_view<const T>& dy, const shape& input,
                                     const std::optional<scale>& factor, detail::upsample_filter filter, bool corners) {
  const auto g = detail::check_upsample2d_backward(dy.shape(), input, factor, corners);
  tensor<double> sums(input);
  tensor<T> dx(input);
  if (dx.size() == 0) return dx;
  if (filter == detail::upsample_filter::cubic && g.in == g.out) return tensor<T>(input, dy.data());
  const auto v = filter_weights<T>(filter, g.in.h, g.out.h, g.step_h, corners, false);
  const auto h = filter_weights<T>(filter, g.in.w, g.out.w, g.step_w, corners, false);
  for (index_t n = 0; n < input[0]; ++n)
    for (index_t c = 0; c < input[1]; ++c)
      for (index_t oh = 0; oh < g.out.h; ++oh)
        for (index_t ow = 0; ow < g.out.w; ++ow)
          for (index_t i = 0; i < g.in.h; ++i)
            for (index_t j = 0; j < g.in.w; ++j)
              sums(n, c, i, j) += v(oh, i) * h(ow, j) * static_cast<double>(dy(n, c, oh, ow));
  for (index_t i = 0; i < dx.size(); ++i) dx.data()[i] = static_cast<T>(sums.data()[i]);
  return dx;
}

}  // namespace parts

template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bicubic2d(const Input& input, const Size& size, bool align_corners = false) {
  return parts::upsample_filtered(detail::const_view(input), size, detail::upsample_filter::cubic, align_corners);
}
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bilinear2d_aa(const Input& input, const Size& size, bool align_corners = false) {
  return parts::upsample_filtered(detail::const_view(input), size, detail::upsample_filter::linear_aa, align_corners);
}
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bicubic2d_aa(const Input& input, const Size& size, bool align_corners = false) {
  return parts::upsample_filtered(detail::const_view(input), size, detail::upsample_filter::cubic_aa, align_corners);
}

template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_bicubic2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                           const std::optional<scale>& factor = {},
                                                           bool align_corners = false) {
  return parts::upsample_filtered_backward(detail::const_view(grad_output), input_shape, factor,
                                           detail::upsample_filter::cubic, align_corners);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_bilinear2d_aa_backward(const GradOutput& grad_output, const shape& input_shape,
                                                               const std::optional<scale>& factor = {},
                                                               bool align_corners = false) {
  return parts::upsample_filtered_backward(detail::const_view(grad_output), input_shape, factor,
                                           detail::upsample_filter::linear_aa, align_corners);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_bicubic2d_aa_backward(const GradOutput& grad_output, const shape& input_shape,
                                                              const std::optional<scale>& factor = {},
                                                              bool align_corners = false) {
  return parts::upsample_filtered_backward(detail::const_view(grad_output), input_shape, factor,
                                           detail::upsample_filter::cubic_aa, align_corners);
}

/// The weighted mean of the four inputs around the output's place. The place is computed in the element type (double
/// for integers), the mean in double.
template <tensor_like Input, upsample_size Size = hw>
tensor<element_of<Input>> upsample_bilinear2d(const Input& input, const Size& size, bool align_corners = false) {
  using T = element_of<Input>;
  using A = std::conditional_t<std::same_as<T, float>, float, double>;
  const auto x = detail::const_view(input);
  const auto g = detail::check_upsample2d(x.shape(), detail::plain_size(size), align_corners);
  tensor<T> y(g.output_shape);
  for (index_t n = 0; n < y.shape()[0]; ++n)
    for (index_t c = 0; c < y.shape()[1]; ++c)
      for (index_t oh = 0; oh < y.shape()[2]; ++oh)
        for (index_t ow = 0; ow < y.shape()[3]; ++ow) {
          const auto v = parts::between<A>(oh, g.in.h, g.out.h, g.step_h, align_corners);
          const auto h = parts::between<A>(ow, g.in.w, g.out.w, g.step_w, align_corners);
          const auto across = [&](index_t row) {
            const double b = h.fraction;
            return (1 - b) * static_cast<double>(x(n, c, row, h.first)) +
                   b * static_cast<double>(x(n, c, row, h.second));
          };
          const double a = v.fraction;
          const bool copies = std::integral<T> && g.in == g.out;  // int64 would lose digits in double
          y(n, c, oh, ow) =
              copies ? x(n, c, oh, ow) : parts::rounded<T>((1 - a) * across(v.first) + a * across(v.second));
        }
  return y;
}

namespace parts {

template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                           const std::optional<scale>& factor,
                                                           index_t (*source)(index_t, index_t, index_t, double)) {
  const auto dy = detail::const_view(grad_output);
  const auto g = detail::check_upsample2d_backward(dy.shape(), input_shape, factor, false);
  tensor<element_of<GradOutput>> dx(input_shape);
  for (index_t n = 0; n < dy.shape()[0]; ++n)
    for (index_t c = 0; c < dy.shape()[1]; ++c)
      for (index_t oh = 0; oh < g.out.h; ++oh)
        for (index_t ow = 0; ow < g.out.w; ++ow)
          add(dx(n, c, source(oh, g.in.h, g.out.h, g.step_h), source(ow, g.in.w, g.out.w, g.step_w)), dy(n, c, oh, ow));
  return dx;
}

template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_bilinear2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                            const std::optional<scale>& factor, bool align_corners) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto g = detail::check_upsample2d_backward(dy.shape(), input_shape, factor, align_corners);
  tensor<double> sums(input_shape);
  for (index_t n = 0; n < dy.shape()[0]; ++n)
    for (index_t c = 0; c < dy.shape()[1]; ++c)
      for (index_t oh = 0; oh < g.out.h; ++oh)
        for (index_t ow = 0; ow < g.out.w; ++ow) {
          const auto v = between<T>(oh, g.in.h, g.out.h, g.step_h, align_corners);
          const auto h = between<T>(ow, g.in.w, g.out.w, g.step_w, align_corners);
          const double a = v.fraction, b = h.fraction, gradient = dy(n, c, oh, ow);
          sums(n, c, v.first, h.first) += (1 - a) * (1 - b) * gradient;
          sums(n, c, v.first, h.second) += (1 - a) * b * gradient;
          sums(n, c, v.second, h.first) += a * (1 - b) * gradient;
          sums(n, c, v.second, h.second) += a * b * gradient;
        }
  tensor<T> dx(input_shape);
  for (index_t i = 0; i < dx.size(); ++i) dx.data()[i] = static_cast<T>(sums.data()[i]);
  return dx;
}

}  // namespace parts

/// grad_input[n, c, nearest(oh), nearest(ow)] += grad_output[n, c, oh, ow], in row-major order.
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest2d_backward(const GradOutput& grad_output, const shape& input_shape) {
  return parts::upsample_nearest2d_backward(grad_output, input_shape, std::nullopt, parts::nearest);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                           const scale& factor) {
  return parts::upsample_nearest2d_backward(grad_output, input_shape, factor, parts::nearest);
}
/// The same with nearest_exact.
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_nearest_exact2d_backward(const GradOutput& grad_output,
                                                                 const shape& input_shape,
                                                                 const std::optional<scale>& factor = {}) {
  return parts::upsample_nearest2d_backward(grad_output, input_shape, factor, parts::nearest_exact);
}

/// To each of the four inputs around an output its weight times grad_output. The weights are those of
/// upsample_bilinear2d, computed in the element type; the sums are computed in double.
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_bilinear2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                            bool align_corners = false) {
  return parts::upsample_bilinear2d_backward(grad_output, input_shape, std::nullopt, align_corners);
}
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> upsample_bilinear2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                            const scale& factor, bool align_corners = false) {
  return parts::upsample_bilinear2d_backward(grad_output, input_shape, factor, align_corners);
}

// --------------------------------------------------------------------------------------------- averages and reductions

namespace parts {

/// A quotient as the element type has it; int64 wraps.
template <element T>
T divided(sum_of<T> sum, index_t divisor) {
  if constexpr (std::floating_point<T>)
    return static_cast<T>(sum / static_cast<double>(divisor));
  else
    return divisor == -1 ? static_cast<T>(-sum) : static_cast<T>(static_cast<T>(sum) / divisor);
}

/// Calls body(plane, output's place, h, w, divisor) for each element of each window; what a window has in the padding
/// counts in the divisor alone.
template <class Body>
void for_each_average(const shape& input, const avg_pool2d_options& o, const Body& body) {
  const shape out = avg_pool2d_output_shape(input, o);
  if (out.elements() == 0) return;
  const hw in = detail::last_two(input), size = detail::last_two(out);
  for (index_t plane = 0; plane < detail::plane_count(input); ++plane)
    for (index_t oh = 0; oh < size.h; ++oh)
      for (index_t ow = 0; ow < size.w; ++ow) {
        index_t counted = 0;
        const auto for_each = [&](const auto& visit) {
          for (index_t i = 0; i < o.kernel_size.h; ++i)
            for (index_t j = 0; j < o.kernel_size.w; ++j)
              visit(oh * o.stride.h - o.padding.h + i, ow * o.stride.w - o.padding.w + j);
        };
        for_each([&](index_t h, index_t w) {
          const bool counts = inside(h, in.h) && inside(w, in.w);
          counted += counts || (o.count_include_pad && h < in.h + o.padding.h && w < in.w + o.padding.w);
        });
        for_each([&](index_t h, index_t w) {
          if (inside(h, in.h) && inside(w, in.w))
            body(plane, (plane * size.h + oh) * size.w + ow, h, w, o.divisor_override.value_or(counted));
        });
      }
}

/// The same of an adaptive pooling, which divides twice.
template <class Body>
void for_each_adaptive_average(const shape& input, const hw& out, const Body& body) {
  const hw in = detail::last_two(input);
  const auto window = [](index_t o, index_t size, index_t outputs) {
    return detail::index_range{o * size / outputs, ((o + 1) * size + outputs - 1) / outputs};
  };
  if (input.elements() == 0 || out.w == 0) return;
  for (index_t plane = 0; plane < detail::plane_count(input); ++plane)
    for (index_t oh = 0; oh < out.h; ++oh)
      for (index_t ow = 0; ow < out.w; ++ow) {
        const auto rows = window(oh, in.h, out.h), columns = window(ow, in.w, out.w);
        for (index_t h = rows.begin; h < rows.end; ++h)
          for (index_t w = columns.begin; w < columns.end; ++w)
            body((plane * out.h + oh) * out.w + ow, (plane * in.h + h) * in.w + w, rows.size(), columns.size());
      }
}

}  // namespace parts

template <tensor_like Input>
tensor<element_of<Input>> avg_pool2d(const Input& input, const avg_pool2d_options& o) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  tensor<T> output(avg_pool2d_output_shape(x.shape(), o));
  tensor<sum_of<T>> sums(output.shape());
  tensor<index_t> divisors(output.shape());
  const hw in = detail::last_two(x.shape());
  parts::for_each_average(x.shape(), o, [&](index_t plane, index_t to, index_t h, index_t w, index_t divisor) {
    sums.data()[to] += static_cast<sum_of<T>>(x.data()[(plane * in.h + h) * in.w + w]);
    divisors.data()[to] = divisor;
  });
  for (index_t i = 0; i < output.size(); ++i) output.data()[i] = parts::divided<T>(sums.data()[i], divisors.data()[i]);
  return output;
}

template <tensor_like GradOutput>
tensor<element_of<GradOutput>> avg_pool2d_backward(const GradOutput& grad_output, const shape& input_shape,
                                                   const avg_pool2d_options& o) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  detail::check_avg_pool2d_backward(dy.shape(), input_shape, o);
  tensor<T> grad_input(input_shape);
  tensor<sum_of<T>> sums(input_shape);
  const hw in = detail::last_two(input_shape);
  parts::for_each_average(input_shape, o, [&](index_t plane, index_t from, index_t h, index_t w, index_t divisor) {
    sum_of<T>& sum = sums.data()[(plane * in.h + h) * in.w + w];
    if constexpr (std::floating_point<T>)
      sum += static_cast<double>(dy.data()[from]) / static_cast<double>(divisor);
    else
      sum += static_cast<sum_of<T>>(parts::divided<T>(static_cast<sum_of<T>>(dy.data()[from]), divisor));
  });
  for (index_t i = 0; i < sums.size(); ++i) grad_input.data()[i] = static_cast<T>(sums.data()[i]);
  return grad_input;
}

template <tensor_like Input>
tensor<element_of<Input>> adaptive_avg_pool2d(const Input& input, const hw& output_size) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  tensor<T> output(adaptive_avg_pool2d_output_shape(x.shape(), output_size));
  tensor<double> sums(output.shape()), divisors(output.shape());  // a mean of nothing is 0 / 0
  parts::for_each_adaptive_average(x.shape(), output_size,
                                   [&](index_t to, index_t from, index_t rows, index_t columns) {
                                     sums.data()[to] += static_cast<double>(x.data()[from]);
                                     divisors.data()[to] = static_cast<double>(rows) * static_cast<double>(columns);
                                   });
  for (index_t i = 0; i < output.size(); ++i) output.data()[i] = static_cast<T>(sums.data()[i] / divisors.data()[i]);
  return output;
}

template <tensor_like GradOutput>
tensor<element_of<GradOutput>> adaptive_avg_pool2d_backward(const GradOutput& grad_output, const shape& input_shape) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output);
  const auto g = detail::check_adaptive_avg_pool2d_backward(dy.shape(), input_shape);
  tensor<T> grad_input(input_shape);
  tensor<double> sums(input_shape);
  parts::for_each_adaptive_average(input_shape, g.out, [&](index_t from, index_t to, index_t rows, index_t columns) {
    sums.data()[to] += static_cast<double>(dy.data()[from]) / static_cast<double>(rows) / static_cast<double>(columns);
  });
  for (index_t i = 0; i < sums.size(); ++i) grad_input.data()[i] = static_cast<T>(sums.data()[i]);
  return grad_input;
}

namespace parts {

/// Calls body(element's place, output's place) for all elements of a reduced tensor.
template <class Body>
void for_each_reduced(const shape& input, const dim_list& dims, const Body& body) {
  bool reduces[shape::max_rank] = {};
  for (const index_t dim : dims) reduces[detail::wrapped_dim(dim, input.size())] = true;
  for (index_t i = 0; i < input.elements(); ++i) {
    index_t rest = i, to = 0, size = 1;
    for (std::size_t d = input.size(); d-- > 0;) {
      const index_t at = rest % input[d];
      rest /= input[d];
      if (dims.empty() || reduces[d]) continue;
      to += at * size;
      size *= input[d];
    }
    body(i, to);
  }
}

}  // namespace parts

template <tensor_like Input>
tensor<sum_element<element_of<Input>>> sum(const Input& input, const dim_list& dims = {}, bool keepdim = false) {
  using S = sum_element<element_of<Input>>;
  const auto x = detail::const_view(input);
  tensor<S> output(sum_output_shape(x.shape(), dims, keepdim));
  tensor<sum_of<S>> sums(output.shape());
  parts::for_each_reduced(x.shape(), dims,
                          [&](index_t from, index_t to) { sums.data()[to] += static_cast<sum_of<S>>(x.data()[from]); });
  for (index_t i = 0; i < output.size(); ++i) output.data()[i] = static_cast<S>(sums.data()[i]);
  return output;
}

template <tensor_like Input>
tensor<element_of<Input>> mean(const Input& input, const dim_list& dims = {}, bool keepdim = false) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  tensor<T> output(mean_output_shape(x.shape(), dims, keepdim));
  tensor<double> sums(output.shape()), terms(output.shape());
  parts::for_each_reduced(x.shape(), dims, [&](index_t from, index_t to) {
    sums.data()[to] += static_cast<double>(x.data()[from]);
    ++terms.data()[to];
  });
  for (index_t i = 0; i < output.size(); ++i) output.data()[i] = static_cast<T>(sums.data()[i] / terms.data()[i]);
  return output;
}

namespace parts {

/// The element that none beats; a NaN beats everything.
template <class T, class Beats>
tensor<T> extreme(const tensor_view<const T>& x, const shape& output_shape, const dim_list& dims, const Beats& beats) {
  tensor<T> output(output_shape);
  tensor<std::int8_t> met(output_shape);
  for_each_reduced(x.shape(), dims, [&](index_t from, index_t to) {
    const T v = x.data()[from];
    T& most = output.data()[to];
    if (!met.data()[to] || v != v || beats(v, most)) most = v;
    met.data()[to] = 1;
  });
  return output;
}

template <class T, class Beats>
tensor<index_t> place_of_extreme(const tensor_view<const T>& x, const detail::argmax_geometry& g, const Beats& beats) {
  tensor<index_t> output(g.output_shape);
  for (index_t i = 0; i < output.size(); ++i) {
    const auto at = [&](index_t k) {
      return x.data()[(i / g.lines.inner * g.lines.length + k) * g.lines.inner + i % g.lines.inner];
    };
    index_t& most = output.data()[i];
    for (index_t k = 1; k < g.lines.length; ++k)
      if (beats(at(k), at(most)) || (at(k) != at(k) && at(most) == at(most))) most = k;
  }
  return output;
}

inline constexpr auto greater = [](auto a, auto b) { return a > b; };
inline constexpr auto less = [](auto a, auto b) { return a < b; };

}  // namespace parts

template <tensor_like Input>
tensor<element_of<Input>> amax(const Input& input, const dim_list& dims = {}, bool keepdim = false) {
  const auto x = detail::const_view(input);
  return parts::extreme(x, amax_output_shape(x.shape(), dims, keepdim), dims, parts::greater);
}
template <tensor_like Input>
tensor<element_of<Input>> amin(const Input& input, const dim_list& dims = {}, bool keepdim = false) {
  const auto x = detail::const_view(input);
  return parts::extreme(x, amin_output_shape(x.shape(), dims, keepdim), dims, parts::less);
}

template <tensor_like Input>
tensor<index_t> argmax(const Input& input, std::optional<index_t> dim = {}, bool keepdim = false) {
  const auto x = detail::const_view(input);
  return parts::place_of_extreme(x, detail::check_argmax(x.shape(), dim, keepdim), parts::greater);
}
template <tensor_like Input>
tensor<index_t> argmin(const Input& input, std::optional<index_t> dim = {}, bool keepdim = false) {
  const auto x = detail::const_view(input);
  return parts::place_of_extreme(x, detail::check_argmax(x.shape(), dim, keepdim, "argmin"), parts::less);
}

namespace parts {

/// result(values of a line, place in it) of all lines along a dimension, of one tensor or two.
template <tensor_like X, tensor_like Y, class F>
tensor<element_of<X>> along(const X& x, const Y& y, index_t dim, const F& f) {
  using T = element_of<X>;
  const auto a = detail::const_view(x);
  const auto b = detail::const_view(y);
  const auto g = detail::lines_of(a.shape(), detail::wrapped_dim(dim, a.shape().size()));
  tensor<T> output(a.shape());
  for (index_t line = 0; line < g.outer * g.inner; ++line) {
    const auto place = [&](index_t k) { return (line / g.inner * g.length + k) * g.inner + line % g.inner; };
    f(
        g.length, [&](index_t k) { return static_cast<double>(a.data()[place(k)]); },
        [&](index_t k) { return static_cast<double>(b.data()[place(k)]); },
        [&](index_t k, double value) { output.data()[place(k)] = static_cast<T>(value); });
  }
  return output;
}

template <bool Log, tensor_like Input>
tensor<element_of<Input>> softmax(const Input& input, index_t dim) {
  return along(input, input, dim, [](index_t n, const auto& x, const auto&, const auto& put) {
    double most = -std::numeric_limits<double>::infinity(), sum = 0;
    for (index_t k = 0; k < n; ++k) most = x(k) > most ? x(k) : most;
    for (index_t k = 0; k < n; ++k) sum += std::exp(x(k) - most);
    for (index_t k = 0; k < n; ++k) put(k, Log ? x(k) - most - std::log(sum) : std::exp(x(k) - most) / sum);
  });
}

}  // namespace parts

template <tensor_like Input>
tensor<element_of<Input>> softmax(const Input& input, index_t dim) {
  return parts::softmax<false>(input, dim);
}

template <tensor_like Input>
tensor<element_of<Input>> log_softmax(const Input& input, index_t dim) {
  return parts::softmax<true>(input, dim);
}

template <tensor_like GradOutput, tensor_like Result>
tensor<element_of<GradOutput>> softmax_backward(const GradOutput& grad_output, const Result& result, index_t dim) {
  detail::check_softmax_backward("softmax_backward", detail::const_view(grad_output).shape(),
                                 detail::const_view(result).shape(), dim);
  return parts::along(grad_output, result, dim, [](index_t n, const auto& dy, const auto& y, const auto& put) {
    double sum = 0;
    for (index_t k = 0; k < n; ++k) sum += dy(k) * y(k);
    for (index_t k = 0; k < n; ++k) put(k, (dy(k) - sum) * y(k));
  });
}

template <tensor_like GradOutput, tensor_like Result>
tensor<element_of<GradOutput>> log_softmax_backward(const GradOutput& grad_output, const Result& result, index_t dim) {
  detail::check_softmax_backward("log_softmax_backward", detail::const_view(grad_output).shape(),
                                 detail::const_view(result).shape(), dim);
  return parts::along(grad_output, result, dim, [](index_t n, const auto& dy, const auto& y, const auto& put) {
    double sum = 0;
    for (index_t k = 0; k < n; ++k) sum += dy(k);
    for (index_t k = 0; k < n; ++k) put(k, dy(k) - std::exp(y(k)) * sum);
  });
}

// ------------------------------------------------------------------------------------------------------ normalisations

template <tensor_like Input, tensor_like Mean, tensor_like Variance, class Weight, class Bias>
tensor<element_of<Input>> batch_norm(const Input& input, const Mean& running_mean, const Variance& running_var,
                                     const Weight& weight, const Bias& bias, double eps = 1e-5) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto mean = detail::const_view(running_mean);
  const auto var = detail::const_view(running_var);
  const auto g = detail::check_batch_norm(x.shape(), mean.shape(), var.shape(), detail::shape_of_optional(weight),
                                          detail::shape_of_optional(bias), eps);
  const T* w = detail::data_of_optional<T>(weight);
  const T* b = detail::data_of_optional<T>(bias);
  tensor<T> output(x.shape());
  for (index_t i = 0; i < x.size(); ++i) {
    const index_t c = i / g.piece % g.channels;
    const double scale = (w ? static_cast<double>(w[c]) : 1) / std::sqrt(static_cast<double>(var(c)) + eps);
    const double centered = static_cast<double>(x.data()[i]) - static_cast<double>(mean(c));
    output.data()[i] = static_cast<T>(centered * scale + (b ? static_cast<double>(b[c]) : 0));
  }
  return output;
}

template <tensor_like Input, tensor_like Mean, tensor_like Variance>
tensor<element_of<Input>> batch_norm(const Input& input, const Mean& running_mean, const Variance& running_var,
                                     double eps = 1e-5) {
  return batch_norm(input, running_mean, running_var, detail::missing(), detail::missing(), eps);
}

namespace parts {

template <tensor_like Input, class Weight, class Bias>
tensor<element_of<Input>> normalized(const detail::normalization_geometry& g, const Input& input, const Weight& weight,
                                     const Bias& bias, double eps) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const T* w = detail::data_of_optional<T>(weight);
  const T* b = detail::data_of_optional<T>(bias);
  tensor<T> output(x.shape());
  for (index_t line = 0; line < g.lines; ++line) {
    const auto at = [&](index_t i) { return static_cast<double>(x.data()[line * g.length + i]); };
    double mean = 0, var = 0;
    for (index_t i = 0; i < g.length; ++i) mean += at(i) / static_cast<double>(g.length);
    for (index_t i = 0; i < g.length; ++i) var += (at(i) - mean) * (at(i) - mean) / static_cast<double>(g.length);
    for (index_t i = 0; i < g.length; ++i) {
      const index_t c = g.each ? i : (line * g.length + i) / g.piece % g.channels;
      const double value = (at(i) - mean) / std::sqrt(var + eps) * (w ? static_cast<double>(w[c]) : 1);
      output.data()[line * g.length + i] = static_cast<T>(value + (b ? static_cast<double>(b[c]) : 0));
    }
  }
  return output;
}

}  // namespace parts

template <tensor_like Input, class Weight, class Bias>
tensor<element_of<Input>> instance_norm(const Input& input, const Weight& weight, const Bias& bias, double eps = 1e-5) {
  const auto g = detail::check_instance_norm(detail::const_view(input).shape(), detail::shape_of_optional(weight),
                                             detail::shape_of_optional(bias));
  return parts::normalized(g, input, weight, bias, eps);
}
template <tensor_like Input>
tensor<element_of<Input>> instance_norm(const Input& input, double eps = 1e-5) {
  return instance_norm(input, detail::missing(), detail::missing(), eps);
}

template <tensor_like Input, class Weight, class Bias>
tensor<element_of<Input>> group_norm(const Input& input, index_t groups, const Weight& weight, const Bias& bias,
                                     double eps = 1e-5) {
  const auto g = detail::check_group_norm(detail::const_view(input).shape(), groups, detail::shape_of_optional(weight),
                                          detail::shape_of_optional(bias));
  return parts::normalized(g, input, weight, bias, eps);
}
template <tensor_like Input>
tensor<element_of<Input>> group_norm(const Input& input, index_t groups, double eps = 1e-5) {
  return group_norm(input, groups, detail::missing(), detail::missing(), eps);
}

template <tensor_like Input, class Weight, class Bias>
tensor<element_of<Input>> layer_norm(const Input& input, const shape& normalized_shape, const Weight& weight,
                                     const Bias& bias, double eps = 1e-5) {
  const auto g = detail::check_layer_norm(detail::const_view(input).shape(), normalized_shape,
                                          detail::shape_of_optional(weight), detail::shape_of_optional(bias));
  return parts::normalized(g, input, weight, bias, eps);
}
template <tensor_like Input>
tensor<element_of<Input>> layer_norm(const Input& input, const shape& normalized_shape, double eps = 1e-5) {
  return layer_norm(input, normalized_shape, detail::missing(), detail::missing(), eps);
}

/// (x - mean) / sqrt(var + eps) * weight + bias, with the moments of a pixel's channels.
template <tensor_like Input, class Weight, class Bias>
tensor<element_of<Input>> layer_norm2d(const Input& input, const Weight& weight, const Bias& bias, double eps = 1e-5) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto g =
      detail::check_layer_norm2d(x.shape(), detail::shape_of_optional(weight), detail::shape_of_optional(bias));
  const T* w = detail::data_of_optional<T>(weight);
  const T* b = detail::data_of_optional<T>(bias);
  tensor<T> y(x.shape());
  const auto channels = static_cast<double>(g.length);
  for (index_t pixel = 0; pixel < g.outer * g.inner; ++pixel) {
    const index_t first = pixel / g.inner * g.length * g.inner + pixel % g.inner;
    const auto at = [&](index_t c) { return static_cast<double>(x.data()[first + c * g.inner]); };
    double mean = 0, var = 0;
    for (index_t c = 0; c < g.length; ++c) mean += at(c) / channels;
    for (index_t c = 0; c < g.length; ++c) var += (at(c) - mean) * (at(c) - mean) / channels;
    for (index_t c = 0; c < g.length; ++c)
      y.data()[first + c * g.inner] =
          static_cast<T>((at(c) - mean) / std::sqrt(var + eps) * (w ? static_cast<double>(w[c]) : 1) +
                         (b ? static_cast<double>(b[c]) : 0));
  }
  return y;
}
template <tensor_like Input>
tensor<element_of<Input>> layer_norm2d(const Input& input, double eps = 1e-5) {
  return layer_norm2d(input, detail::missing(), detail::missing(), eps);
}

namespace parts {

/// The gradients of a normalisation of (images, groups, pieces, piece) by the textbook's equations, in double. Element
/// i of a set is at(set, i), its weight's number weight_of(set, i); mean and var are given for each set or null.
template <class T, class At, class WeightOf, class Moments>
normalization_gradients<T> normalized_gradients(index_t sets, index_t length, const tensor_view<const T>& dy,
                                                const tensor_view<const T>& x, const T* w, const shape& weights,
                                                const At& at, const WeightOf& weight_of, const Moments& given,
                                                double eps) {
  normalization_gradients<T> result{tensor<T>(x.shape()), tensor<T>(weights), tensor<T>(weights)};
  tensor<double> of_weight(weights), of_bias(weights);
  const auto count = static_cast<double>(length);
  for (index_t set = 0; set < sets; ++set) {
    const auto number = [&](const tensor_view<const T>& v, index_t i) {
      return static_cast<double>(v.data()[at(set, i)]);
    };
    const auto g = [&](index_t i) { return number(dy, i) * (w ? static_cast<double>(w[weight_of(set, i)]) : 1); };
    double mean = 0, var = 0, of_gradient = 0, of_product = 0;
    for (index_t i = 0; i < length; ++i) mean += number(x, i) / count;
    for (index_t i = 0; i < length; ++i) var += (number(x, i) - mean) * (number(x, i) - mean) / count;
    const bool is_given = given(set, mean, var);
    const double scale = 1 / std::sqrt(var + eps);
    const auto normal = [&](index_t i) { return (number(x, i) - mean) * scale; };
    for (index_t i = 0; i < length && !is_given; ++i) {
      of_gradient += g(i) / count;
      of_product += g(i) * normal(i) / count;
    }
    for (index_t i = 0; i < length; ++i) {
      result.grad_input.data()[at(set, i)] = static_cast<T>((g(i) - of_gradient - normal(i) * of_product) * scale);
      of_weight.data()[weight_of(set, i)] += number(dy, i) * normal(i);
      of_bias.data()[weight_of(set, i)] += number(dy, i);
    }
  }
  for (index_t c = 0; c < of_weight.size(); ++c) {
    result.grad_weight.data()[c] = static_cast<T>(of_weight.data()[c]);
    result.grad_bias.data()[c] = static_cast<T>(of_bias.data()[c]);
  }
  return result;
}

inline constexpr auto own_moments = [](index_t, double&, double&) { return false; };

template <class T>
normalization_gradients<T> normalized_gradients(const detail::normalization_geometry& g, const tensor_view<const T>& dy,
                                                const tensor_view<const T>& x, const T* w, const shape& weights,
                                                double eps) {
  return normalized_gradients<T>(
      g.lines, g.length, dy, x, w, weights, [&](index_t line, index_t i) { return line * g.length + i; },
      [&](index_t line, index_t i) { return g.each ? i : (line * g.length + i) / g.piece % g.channels; }, own_moments,
      eps);
}

}  // namespace parts

template <tensor_like GradOutput, tensor_like Input, tensor_like Mean, tensor_like Variance, class Weight>
normalization_gradients<element_of<Input>> batch_norm_backward(const GradOutput& grad_output, const Input& input,
                                                               const Mean& running_mean, const Variance& running_var,
                                                               const Weight& weight, double eps = 1e-5) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input);
  const auto m = detail::const_view(running_mean), v = detail::const_view(running_var);
  const auto g = detail::check_batch_norm(x.shape(), m.shape(), v.shape(), detail::shape_of_optional(weight), {}, eps);
  detail::check_output_shape("batch_norm_backward", "grad_output", x.shape(), dy.shape());
  return parts::normalized_gradients<T>(
      g.lines, g.piece, dy, x, detail::data_of_optional<T>(weight), m.shape(),
      [&](index_t line, index_t i) { return line * g.piece + i; },
      [&](index_t line, index_t) { return line % g.channels; },
      [&](index_t line, double& mean, double& var) {
        mean = static_cast<double>(m.data()[line % g.channels]);
        var = static_cast<double>(v.data()[line % g.channels]);
        return true;
      },
      eps);
}
template <tensor_like GradOutput, tensor_like Input, tensor_like Mean, tensor_like Variance>
normalization_gradients<element_of<Input>> batch_norm_backward(const GradOutput& grad_output, const Input& input,
                                                               const Mean& running_mean, const Variance& running_var,
                                                               double eps = 1e-5) {
  return batch_norm_backward(grad_output, input, running_mean, running_var, detail::missing(), eps);
}

template <tensor_like GradOutput, tensor_like Input, class Weight>
normalization_gradients<element_of<Input>> instance_norm_backward(const GradOutput& grad_output, const Input& input,
                                                                  const Weight& weight, double eps = 1e-5) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input);
  const auto g = detail::check_instance_norm(x.shape(), detail::shape_of_optional(weight), {});
  detail::check_output_shape("instance_norm_backward", "grad_output", x.shape(), dy.shape());
  return parts::normalized_gradients<T>(g, dy, x, detail::data_of_optional<T>(weight), {x.shape()[1]}, eps);
}
template <tensor_like GradOutput, tensor_like Input>
normalization_gradients<element_of<Input>> instance_norm_backward(const GradOutput& grad_output, const Input& input,
                                                                  double eps = 1e-5) {
  return instance_norm_backward(grad_output, input, detail::missing(), eps);
}

template <tensor_like GradOutput, tensor_like Input, class Weight>
normalization_gradients<element_of<Input>> group_norm_backward(const GradOutput& grad_output, const Input& input,
                                                               index_t groups, const Weight& weight,
                                                               double eps = 1e-5) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input);
  const auto g = detail::check_group_norm(x.shape(), groups, detail::shape_of_optional(weight), {});
  detail::check_output_shape("group_norm_backward", "grad_output", x.shape(), dy.shape());
  return parts::normalized_gradients<T>(g, dy, x, detail::data_of_optional<T>(weight), {x.shape()[1]}, eps);
}
template <tensor_like GradOutput, tensor_like Input>
normalization_gradients<element_of<Input>> group_norm_backward(const GradOutput& grad_output, const Input& input,
                                                               index_t groups, double eps = 1e-5) {
  return group_norm_backward(grad_output, input, groups, detail::missing(), eps);
}

template <tensor_like GradOutput, tensor_like Input, class Weight>
normalization_gradients<element_of<Input>> layer_norm_backward(const GradOutput& grad_output, const Input& input,
                                                               const shape& normalized_shape, const Weight& weight,
                                                               double eps = 1e-5) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input);
  const auto g = detail::check_layer_norm(x.shape(), normalized_shape, detail::shape_of_optional(weight), {});
  detail::check_output_shape("layer_norm_backward", "grad_output", x.shape(), dy.shape());
  return parts::normalized_gradients<T>(g, dy, x, detail::data_of_optional<T>(weight), normalized_shape, eps);
}
template <tensor_like GradOutput, tensor_like Input>
normalization_gradients<element_of<Input>> layer_norm_backward(const GradOutput& grad_output, const Input& input,
                                                               const shape& normalized_shape, double eps = 1e-5) {
  return layer_norm_backward(grad_output, input, normalized_shape, detail::missing(), eps);
}

template <tensor_like GradOutput, tensor_like Input, class Weight>
normalization_gradients<element_of<Input>> layer_norm2d_backward(const GradOutput& grad_output, const Input& input,
                                                                 const Weight& weight, double eps = 1e-5) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input);
  const auto g = detail::check_layer_norm2d(x.shape(), detail::shape_of_optional(weight), {});
  detail::check_output_shape("layer_norm2d_backward", "grad_output", x.shape(), dy.shape());
  return parts::normalized_gradients<T>(
      g.outer * g.inner, g.length, dy, x, detail::data_of_optional<T>(weight), {x.shape()[x.shape().size() - 3]},
      [&](index_t pixel, index_t c) { return (pixel / g.inner * g.length + c) * g.inner + pixel % g.inner; },
      [](index_t, index_t c) { return c; }, parts::own_moments, eps);
}
template <tensor_like GradOutput, tensor_like Input>
normalization_gradients<element_of<Input>> layer_norm2d_backward(const GradOutput& grad_output, const Input& input,
                                                                 double eps = 1e-5) {
  return layer_norm2d_backward(grad_output, input, detail::missing(), eps);
}

// --------------------------------------------------------------------------------------------------------- grid_sample

namespace parts {

/// In T, as its roundings decide which pixel is the nearest.
template <class T>
T sampled_place(T number, index_t size, const grid_sample_options& o) {
  const T low = o.align_corners ? T{0} : T{-0.5}, most = static_cast<T>(size - 1);
  const T length = o.align_corners ? most : static_cast<T>(size);
  T place = (number + 1) * (length / 2) + low;
  if (o.padding_mode == grid_padding::zeros) return place;
  if (o.padding_mode == grid_padding::reflection) {
    const T turn = std::fmod((std::abs)(place - low), 2 * length);
    place = length == 0 ? T{0} : (turn < length ? turn : 2 * length - turn) + low;
  }
  return std::isnan(place) ? T{0} : (std::clamp)(place, T{0}, most);
}

}  // namespace parts

/// The mean of the four pixels about each place by their distances, computed in double; or the nearest pixel.
template <tensor_like Input, tensor_like Grid>
tensor<element_of<Input>> grid_sample(const Input& input, const Grid& grid, const grid_sample_options& options = {}) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  const auto places = detail::const_view(grid);
  const auto g = detail::check_grid_sample(x.shape(), places.shape(), options);
  tensor<T> y(g.output_shape);
  const auto pixel = [&](index_t n, index_t c, double h, double w) {
    const bool is_inside = h >= 0 && h < static_cast<double>(g.in.h) && w >= 0 && w < static_cast<double>(g.in.w);
    return is_inside ? static_cast<double>(x(n, c, static_cast<index_t>(h), static_cast<index_t>(w))) : 0.0;
  };
  for (index_t n = 0; n < g.batch; ++n)
    for (index_t c = 0; c < g.channels; ++c)
      for (index_t i = 0; i < g.out.h; ++i)
        for (index_t j = 0; j < g.out.w; ++j) {
          const auto w = static_cast<double>(parts::sampled_place<T>(places(n, i, j, 0), g.in.w, options));
          const auto h = static_cast<double>(parts::sampled_place<T>(places(n, i, j, 1), g.in.h, options));
          if (options.mode == grid_mode::nearest) {
            y(n, c, i, j) = static_cast<T>(pixel(n, c, std::nearbyint(h), std::nearbyint(w)));
            continue;
          }
          const double top = std::floor(h), left = std::floor(w), a = h - top, b = w - left;
          y(n, c, i, j) =
              static_cast<T>((1 - a) * (1 - b) * pixel(n, c, top, left) + (1 - a) * b * pixel(n, c, top, left + 1) +
                             a * (1 - b) * pixel(n, c, top + 1, left) + a * b * pixel(n, c, top + 1, left + 1));
        }
  return y;
}

namespace parts {

/// How far sampled_place moves with the number: found by the pieces of the line that a place goes along.
template <class T>
double sampled_slope(T number, index_t size, const grid_sample_options& o) {
  const T most = static_cast<T>(size - 1);
  const T length = o.align_corners ? most : static_cast<T>(size);
  const double slope = static_cast<double>(length) / 2;
  if (o.padding_mode == grid_padding::zeros) return slope;
  const T place = sampled_place<T>(number, size, o);
  if (!(place > 0 && place < most)) return 0;
  if (o.padding_mode == grid_padding::border) return slope;
  const T from_low = (number + 1) * (length / 2);
  const T turn = std::fmod((std::abs)(from_low), 2 * length);
  return ((from_low < 0) != (turn > length)) ? -slope : slope;
}

}  // namespace parts

template <tensor_like GradOutput, tensor_like Input, tensor_like Grid>
grid_sample_gradients<element_of<Input>> grid_sample_backward(const GradOutput& grad_output, const Input& input,
                                                              const Grid& grid,
                                                              const grid_sample_options& options = {}) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input), places = detail::const_view(grid);
  const auto g = detail::check_grid_sample_backward(dy.shape(), x.shape(), places.shape(), options);
  tensor<double> dx(x.shape()), dgrid(places.shape());
  const auto is_inside = [&](double h, double w) {
    return h >= 0 && h < static_cast<double>(g.in.h) && w >= 0 && w < static_cast<double>(g.in.w);
  };
  const auto visit = [&](index_t n, index_t c, index_t i, index_t j) {
    const auto w = static_cast<double>(parts::sampled_place<T>(places(n, i, j, 0), g.in.w, options));
    const auto h = static_cast<double>(parts::sampled_place<T>(places(n, i, j, 1), g.in.h, options));
    const auto d = static_cast<double>(dy(n, c, i, j));
    const auto add = [&](double row, double column, double weight) {
      if (is_inside(row, column)) dx(n, c, static_cast<index_t>(row), static_cast<index_t>(column)) += d * weight;
    };
    if (options.mode == grid_mode::nearest) return add(std::nearbyint(h), std::nearbyint(w), 1);
    const double top = std::floor(h), left = std::floor(w), a = h - top, b = w - left;
    const auto pixel = [&](double row, double column) {
      return is_inside(row, column)
                 ? static_cast<double>(x(n, c, static_cast<index_t>(row), static_cast<index_t>(column)))
                 : 0.0;
    };
    add(top, left, (1 - a) * (1 - b));
    add(top, left + 1, (1 - a) * b);
    add(top + 1, left, a * (1 - b));
    add(top + 1, left + 1, a * b);
    dgrid(n, i, j, 0) +=
        d * parts::sampled_slope<T>(places(n, i, j, 0), g.in.w, options) *
        ((1 - a) * (pixel(top, left + 1) - pixel(top, left)) + a * (pixel(top + 1, left + 1) - pixel(top + 1, left)));
    dgrid(n, i, j, 1) +=
        d * parts::sampled_slope<T>(places(n, i, j, 1), g.in.h, options) *
        ((1 - b) * (pixel(top + 1, left) - pixel(top, left)) + b * (pixel(top + 1, left + 1) - pixel(top, left + 1)));
  };
  for (index_t n = 0; n < g.batch; ++n)
    for (index_t c = 0; c < g.channels; ++c)
      for (index_t i = 0; i < g.out.h; ++i)
        for (index_t j = 0; j < g.out.w; ++j) visit(n, c, i, j);
  grid_sample_gradients<T> result{tensor<T>(x.shape()), tensor<T>(places.shape())};
  for (index_t i = 0; i < dx.size(); ++i) result.grad_input.data()[i] = static_cast<T>(dx.data()[i]);
  for (index_t i = 0; i < dgrid.size(); ++i) result.grad_grid.data()[i] = static_cast<T>(dgrid.data()[i]);
  return result;
}

// -------------------------------------------------------------------------------------------------------------- matmul

namespace parts {

/// The element of x, a vector or matrices, that element (i, j) of an output's matrix `batch` of `sizes` reads.
inline index_t matmul_place(const shape& x, const shape& sizes, index_t batch, index_t i, index_t j) {
  if (x.size() == 1) return i + j;  // one of both is 0
  index_t place = 0, step = x[x.size() - 2] * x[x.size() - 1];
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    const index_t at = batch % sizes[sizes.size() - 1 - d];
    batch /= sizes[sizes.size() - 1 - d];
    if (d + 2 >= x.size()) continue;
    const index_t size = x[x.size() - 3 - d];
    place += (size == 1 ? 0 : at) * step;
    step *= size;
  }
  return place + i * x[x.size() - 1] + j;
}

}  // namespace parts

template <tensor_like A, tensor_like B>
tensor<element_of<A>> matmul(const A& a, const B& b) {
  using T = element_of<A>;
  using S = sum_of<T>;
  const auto x = detail::const_view(a);
  const auto y = detail::const_view(b);
  tensor<T> output(detail::check_matmul(x.shape(), y.shape()).output_shape);
  const index_t m = x.shape().size() > 1 ? x.shape()[x.shape().size() - 2] : 1;
  const index_t n = y.shape().size() > 1 ? y.shape()[y.shape().size() - 1] : 1;
  const index_t k = x.shape()[x.shape().size() - 1];
  const shape sizes = detail::broadcast_shape(detail::batch_of(x.shape()), detail::batch_of(y.shape()));
  for (index_t o = 0; o < output.size(); ++o) {
    const index_t batch = o / n / m, i = o / n % m, j = o % n;
    S sum = 0;
    for (index_t p = 0; p < k; ++p)
      sum += static_cast<S>(x.data()[parts::matmul_place(x.shape(), sizes, batch, i, p)]) *
             static_cast<S>(y.data()[parts::matmul_place(y.shape(), sizes, batch, p, j)]);
    output.data()[o] = static_cast<T>(sum);
  }
  return output;
}

// -------------------------------------------------------------------------------------------------------------- linear

namespace parts {

template <element T>
tensor<T> linear(const tensor_view<const T>& x, const tensor_view<const T>& w, const std::optional<shape>& bias_shape,
                 const T* bias) {
  using S = sum_of<T>;
  const auto g = detail::check_linear(x.shape(), w.shape(), bias_shape);
  tensor<T> output(g.output_shape);
  for (index_t i = 0; i < g.m; ++i)
    for (index_t j = 0; j < g.n; ++j) {
      S sum = bias ? static_cast<S>(bias[bias_shape->elements() == 1 ? 0 : j]) : S{0};
      for (index_t p = 0; p < g.k; ++p)
        sum += static_cast<S>(x.data()[i * g.k + p]) * static_cast<S>(w.data()[j * g.k + p]);
      output.data()[i * g.n + j] = static_cast<T>(sum);
    }
  return output;
}

}  // namespace parts

template <tensor_like Input, tensor_like Weight, tensor_like Bias>
tensor<element_of<Input>> linear(const Input& input, const Weight& weight, const Bias& bias) {
  const auto b = detail::const_view(bias);
  return parts::linear<element_of<Input>>(detail::const_view(input), detail::const_view(weight), b.shape(), b.data());
}
template <tensor_like Input, tensor_like Weight>
tensor<element_of<Input>> linear(const Input& input, const Weight& weight) {
  return parts::linear<element_of<Input>>(detail::const_view(input), detail::const_view(weight), std::nullopt, nullptr);
}

template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
linear_gradients<element_of<Input>> linear_backward(const GradOutput& grad_output, const Input& input,
                                                    const Weight& weight) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output);
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto g = detail::check_linear_backward(dy.shape(), x.shape(), w.shape());
  tensor<double> dx(x.shape()), dw(w.shape()), db({g.n});
  for (index_t i = 0; i < g.m; ++i)
    for (index_t j = 0; j < g.n; ++j) {
      const double d = static_cast<double>(dy.data()[i * g.n + j]);
      db.data()[j] += d;
      for (index_t p = 0; p < g.k; ++p) {
        dx.data()[i * g.k + p] += d * static_cast<double>(w.data()[j * g.k + p]);
        dw.data()[j * g.k + p] += d * static_cast<double>(x.data()[i * g.k + p]);
      }
    }
  linear_gradients<T> result{tensor<T>(dx.shape()), tensor<T>(dw.shape()), tensor<T>(db.shape())};
  for (index_t i = 0; i < dx.size(); ++i) result.grad_input.data()[i] = static_cast<T>(dx.data()[i]);
  for (index_t i = 0; i < dw.size(); ++i) result.grad_weight.data()[i] = static_cast<T>(dw.data()[i]);
  for (index_t i = 0; i < db.size(); ++i) result.grad_bias.data()[i] = static_cast<T>(db.data()[i]);
  return result;
}

// ------------------------------------------------------------------------------------------------------- elementwise

/// output = input < 0 ? 0 : input.
template <tensor_like Input>
tensor<element_of<Input>> relu(const Input& input) {
  const auto x = detail::const_view(input);
  tensor<element_of<Input>> y(x.shape());
  for (index_t i = 0; i < x.size(); ++i) y.data()[i] = x.data()[i] < 0 ? element_of<Input>{0} : x.data()[i];
  return y;
}

/// output = 1 / (1 + exp(-input)).
template <tensor_like Input>
tensor<sigmoid_element<element_of<Input>>> sigmoid(const Input& input) {
  using R = sigmoid_element<element_of<Input>>;
  const auto x = detail::const_view(input);
  tensor<R> y(x.shape());
  for (index_t i = 0; i < x.size(); ++i)
    y.data()[i] = static_cast<R>(1 / (1 + std::exp(-static_cast<double>(x.data()[i]))));
  return y;
}

namespace parts {

/// What gelu takes twice the tanh of half of, and its derivative.
template <class R>
R gelu_tanh_argument(R x) {
  return 2 * std::sqrt(R{2} / std::acos(R{-1})) * (x + static_cast<R>(0.044715L) * x * x * x);
}
template <class R>
R gelu_tanh_argument_slope(R x) {
  return 2 * std::sqrt(R{2} / std::acos(R{-1})) * (1 + static_cast<R>(3 * 0.044715L) * x * x);
}

/// One of tf::activation, of the exact functions the exact value, rounded once; `slope` is prelu's.
template <element T>
T activated(T v, const activation& of, T slope) {
  using enum activation::function;
  const auto low = static_cast<T>(of.low), high = static_cast<T>(of.high);
  const auto wide = static_cast<long double>(v);
  const T raised = v < -3 ? T{0} : v > 3 ? T{6} : static_cast<T>(v + 3);
  switch (of.of) {
    case none:
      return v;
    case relu:
      return v < 0 ? T{0} : v;
    case leaky_relu:
      return v > 0 ? v : static_cast<T>(low * v);
    case prelu:
      return v > 0 ? v : static_cast<T>(slope * v);
    case clip:
      return v < low ? low : v > high ? high : v;
    case sigmoid:
      return static_cast<T>(1 / (1 + std::exp(-wide)));
    case silu:
      return static_cast<T>(wide / (1 + std::exp(-wide)));
    case hard_swish:
      return static_cast<T>(static_cast<T>(v * raised) / 6);
    case hard_sigmoid:
      return static_cast<T>(raised / 6);
    case tanh:
      return static_cast<T>(std::tanh(wide));
    case gelu:  // not 1 + erf(x / sqrt(2)), whose sum loses the digits of negative x
      return static_cast<T>(wide * std::erfc(-wide / std::sqrt(2.0L)) / 2);
    case gelu_tanh:
      return static_cast<T>(wide / (1 + std::exp(-gelu_tanh_argument(wide))));
    case elu:
      return v < 0 ? static_cast<T>(static_cast<long double>(low) * std::expm1(wide)) : v;
    case softplus: {
      const T scaled = static_cast<T>(v * low);
      const auto a = static_cast<long double>(scaled);
      const T logarithm = static_cast<T>((a > 0 ? a : 0) + std::log1p(std::exp(a > 0 ? -a : a)));
      return scaled > high ? v : static_cast<T>(logarithm / low);
    }
  }
  return v;
}

}  // namespace parts

/// What a prepared layer does to its sums: activation(x), channel by channel of (.., C, H, W). The exact value of what
/// is no plain arithmetic is rounded once.
template <tensor_like Input>
tensor<element_of<Input>> activated(const Input& input, const activation& after) {
  using T = element_of<Input>;
  const auto x = detail::const_view(input);
  tensor<T> y(x.shape());
  const std::size_t rank = x.shape().size();
  for (index_t i = 0; i < x.size(); ++i) {
    T slope{};
    if (after.of == activation::function::prelu) {
      const index_t c = i / (x.shape()[rank - 1] * x.shape()[rank - 2]) % x.shape()[rank - 3];
      slope = static_cast<const T*>(after.slopes)[after.slope_count == 1 ? 0 : c];
    }
    y.data()[i] = parts::activated(x.data()[i], after, slope);
  }
  return y;
}

/// Each as tf::activation has it.
template <tensor_like Input>
tensor<element_of<Input>> leaky_relu(const Input& input, double negative_slope = 0.01) {
  return activated(input, activation::leaky_relu(negative_slope));
}
template <tensor_like Input>
tensor<element_of<Input>> silu(const Input& input) {
  return activated(input, activation::silu);
}
template <tensor_like Input>
tensor<element_of<Input>> hardswish(const Input& input) {
  return activated(input, activation::hard_swish);
}
template <tensor_like Input>
tensor<element_of<Input>> hardsigmoid(const Input& input) {
  return activated(input, activation::hard_sigmoid);
}
template <tensor_like Input>
tensor<element_of<Input>> elu(const Input& input, double alpha = 1) {
  return activated(input, activation::elu(alpha));
}
template <tensor_like Input>
tensor<element_of<Input>> gelu(const Input& input, approximate how = approximate::none) {
  return activated(input, detail::gelu_of(how));
}
template <tensor_like Input>
tensor<element_of<Input>> softplus(const Input& input, double beta = 1, double threshold = 20) {
  return activated(input, activation::softplus(beta, threshold));
}
/// Of integers as float.
template <tensor_like Input>
tensor<sigmoid_element<element_of<Input>>> tanh(const Input& input) {
  const auto x = detail::const_view(input);
  tensor<sigmoid_element<element_of<Input>>> y(x.shape());
  for (index_t i = 0; i < x.size(); ++i)
    y.data()[i] = parts::activated(static_cast<sigmoid_element<element_of<Input>>>(x.data()[i]), activation::tanh, {});
  return y;
}

namespace parts {

template <element T>
tensor<T> within(const tensor_view<const T>& x, const detail::bounds<T>& b) {
  tensor<T> y(x.shape());
  for (index_t i = 0; i < x.size(); ++i) {
    const T v = x.data()[i];
    y.data()[i] = b.low != b.low || b.high != b.high ? static_cast<T>(b.low + b.high)
                  : (v < b.low ? b.low : v) > b.high ? b.high
                  : v < b.low                        ? b.low
                                                     : v;
  }
  return y;
}

}  // namespace parts

/// output = min(max(input, low), high), NaN where one of the three is.
template <tensor_like Input>
tensor<element_of<Input>> clamp(const Input& input, const std::optional<clamp_bound<element_of<Input>>>& low,
                                const std::optional<clamp_bound<element_of<Input>>>& high = {}) {
  return parts::within(detail::const_view(input), detail::checked_clamp<element_of<Input>>(low, high));
}
template <tensor_like Input>
tensor<element_of<Input>> hardtanh(const Input& input, double min_val = -1, double max_val = 1) {
  return parts::within(detail::const_view(input), detail::checked_hardtanh<element_of<Input>>(min_val, max_val));
}

/// output = input > 0 ? input : slopes[c] * input; the channels are dimension 1.
template <tensor_like Input, tensor_like Slopes>
tensor<element_of<Input>> prelu(const Input& input, const Slopes& slopes) {
  const auto x = detail::const_view(input), w = detail::const_view(slopes);
  detail::check_prelu(x.shape(), w.shape());
  index_t line = 1;
  for (std::size_t d = 2; d < x.shape().size(); ++d) line *= x.shape()[d];
  tensor<element_of<Input>> y(x.shape());
  for (index_t i = 0; i < x.size(); ++i) {
    const index_t c = w.size() == 1 ? 0 : i / line % w.size();
    y.data()[i] = parts::activated(x.data()[i], {activation::function::prelu}, w.data()[c]);
  }
  return y;
}

namespace parts {

/// grad_input = f(grad_output, the other tensor), element by element.
template <tensor_like GradOutput, tensor_like Saved, class F>
tensor<element_of<GradOutput>> gradient(const GradOutput& grad_output, const Saved& saved, const F& f) {
  const auto dy = detail::const_view(grad_output), x = detail::const_view(saved);
  tensor<element_of<GradOutput>> dx(dy.shape());
  for (index_t i = 0; i < dx.size(); ++i) dx.data()[i] = f(dy.data()[i], x.data()[i]);
  return dx;
}

}  // namespace parts

/// grad_input = result <= 0 ? 0 : grad_output.
template <tensor_like GradOutput, tensor_like Result>
tensor<element_of<GradOutput>> relu_backward(const GradOutput& grad_output, const Result& result) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, result, [](T dy, T y) { return y <= 0 ? T{0} : dy; });
}

/// grad_input = grad_output * (1 - result) * result, from left to right in the element type.
template <tensor_like GradOutput, tensor_like Result>
tensor<element_of<GradOutput>> sigmoid_backward(const GradOutput& grad_output, const Result& result) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, result, [](T dy, T y) {
    const T left = static_cast<T>(1) - y;
    return static_cast<T>(static_cast<T>(dy * left) * y);
  });
}

/// grad_input = input > 0 ? grad_output : grad_output * negative_slope.
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> leaky_relu_backward(const GradOutput& grad_output, const Input& input,
                                                   double negative_slope = 0.01) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input,
                         [=](T dy, T x) { return x > 0 ? dy : static_cast<T>(dy * static_cast<T>(negative_slope)); });
}

/// grad_input = min_val < input < max_val ? grad_output : 0, with the bounds in the element type.
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> hardtanh_backward(const GradOutput& grad_output, const Input& input, double min_val = -1,
                                                 double max_val = 1) {
  using T = element_of<GradOutput>;
  const T low = static_cast<T>(min_val), high = static_cast<T>(max_val);
  return parts::gradient(grad_output, input, [=](T dy, T x) { return x > low && x < high ? dy : T{0}; });
}

/// grad_input = grad_output * s * (1 + input * (1 - s)), s = 1 / (1 + exp(-input)); the exact value is rounded once.
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> silu_backward(const GradOutput& grad_output, const Input& input) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input, [](T dy, T x) {
    const long double s = 1 / (1 + std::exp(-static_cast<long double>(x)));
    return static_cast<T>(static_cast<long double>(dy) * s * (1 + static_cast<long double>(x) * (1 - s)));
  });
}

/// grad_input = -3 < input < 3 ? grad_output * (1 / 6) : 0, where 1 / 6 is a float's as in PyTorch.
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> hardsigmoid_backward(const GradOutput& grad_output, const Input& input) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input, [](T dy, T x) {
    return x > -3 && x < 3 ? static_cast<T>(dy * static_cast<T>(1.0F / 6)) : T{0};
  });
}

/// Of the functions below the exact value is rounded once. grad_input = grad_output * (1 - result^2).
template <tensor_like GradOutput, tensor_like Result>
tensor<element_of<GradOutput>> tanh_backward(const GradOutput& grad_output, const Result& result) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, result, [](T dy, T y) {
    const auto wide = static_cast<long double>(y);
    return static_cast<T>(static_cast<long double>(dy) * (1 - wide * wide));
  });
}

/// grad_input = input > 0 ? grad_output : grad_output * alpha * exp(input).
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> elu_backward(const GradOutput& grad_output, const Input& input, double alpha = 1) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input, [=](T dy, T x) {
    const auto factor = static_cast<long double>(dy) * static_cast<long double>(static_cast<T>(alpha));
    return x > 0 ? dy : static_cast<T>(factor * std::exp(static_cast<long double>(x)));
  });
}

/// grad_input = grad_output * gelu'(input).
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> gelu_backward(const GradOutput& grad_output, const Input& input,
                                             approximate how = approximate::none) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input, [=](T dy, T x) {
    const auto v = static_cast<long double>(x);
    const auto by_tanh = [&] {
      const long double s = 1 / (1 + std::exp(-parts::gelu_tanh_argument(v)));
      return s + v * s * (1 - s) * parts::gelu_tanh_argument_slope(v);
    };
    const auto exactly = [&] {
      const long double density = std::exp(-v * v / 2) / std::sqrt(2 * std::acos(-1.0L));
      return std::erfc(-v / std::sqrt(2.0L)) / 2 + v * density;
    };
    return static_cast<T>(static_cast<long double>(dy) * (how == approximate::tanh ? by_tanh() : exactly()));
  });
}

/// grad_input = input * beta > threshold ? grad_output : grad_output / (1 + exp(-input * beta)).
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> softplus_backward(const GradOutput& grad_output, const Input& input, double beta = 1,
                                                 double threshold = 20) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input, [=](T dy, T x) {
    const T scaled = static_cast<T>(x * static_cast<T>(beta));
    return scaled > static_cast<T>(threshold)
               ? dy
               : static_cast<T>(static_cast<long double>(dy) / (1 + std::exp(-static_cast<long double>(scaled))));
  });
}

/// grad_input = input <= -3 ? 0 : input >= 3 ? grad_output : grad_output * (input / 3 + 1/2), in the element type.
template <tensor_like GradOutput, tensor_like Input>
tensor<element_of<GradOutput>> hardswish_backward(const GradOutput& grad_output, const Input& input) {
  using T = element_of<GradOutput>;
  return parts::gradient(grad_output, input, [](T dy, T x) {
    if (x <= -3) return T{0};
    const T third = x / 3;
    const T slope = third + static_cast<T>(0.5);
    return x >= 3 ? dy : static_cast<T>(dy * slope);
  });
}

/// grad_input = input > 0 ? grad_output : slopes[c] * grad_output, and grad_slopes[c] the sum of input > 0 ? 0 : input
/// * grad_output over channel c, which is dimension 1. The sum is computed in double.
template <tensor_like GradOutput, tensor_like Input, tensor_like Slopes>
prelu_gradients<element_of<GradOutput>> prelu_backward(const GradOutput& grad_output, const Input& input,
                                                       const Slopes& slopes) {
  using T = element_of<GradOutput>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input), w = detail::const_view(slopes);
  detail::check_prelu(x.shape(), w.shape());
  detail::check_output_shape("prelu_backward", "grad_output", x.shape(), dy.shape());
  index_t line = 1;
  for (std::size_t d = 2; d < x.shape().size(); ++d) line *= x.shape()[d];
  prelu_gradients<T> result{tensor<T>(x.shape()), tensor<T>(w.shape())};
  tensor<double> sums(w.shape());
  for (index_t i = 0; i < x.size(); ++i) {
    const index_t c = w.size() == 1 ? 0 : i / line % w.size();
    const T v = x.data()[i], gradient = dy.data()[i];
    result.grad_input.data()[i] = v > 0 ? gradient : static_cast<T>(w.data()[c] * gradient);
    if (!(v > 0)) sums.data()[c] += static_cast<double>(v) * static_cast<double>(gradient);
  }
  for (index_t c = 0; c < w.size(); ++c) result.grad_slopes.data()[c] = static_cast<T>(sums.data()[c]);
  return result;
}

namespace parts {

/// A tensor of no dimensions from a number, as the element type T; a tensor as it is.
template <element T, class X>
tensor<T> tensor_of(const X& x) {
  if constexpr (tensor_like<X>) {
    const auto view = detail::const_view(x);
    return {view.shape(), view.data()};
  } else {
    return {{}, {static_cast<T>(x)}};
  }
}

/// Each element f(a's, b's), where the operand with a missing dimension or one of size 1 repeats its elements.
template <class R, class A, class B, class F>
tensor<R> broadcast(const tensor<A>& a, const tensor<B>& b, const F& f) {
  const shape s = detail::broadcast_shape(a.shape(), b.shape());
  const auto at = [&](const shape& own, index_t i) {
    index_t place = 0, step = 1;
    for (std::size_t d = s.size(), e = own.size(); d-- > 0; i /= s[d])
      if (e-- > 0) {
        place += own[e] == 1 ? 0 : i % s[d] * step;
        step *= own[e];
      } else {
        break;
      }
    return place;
  };
  tensor<R> y(s);
  for (index_t i = 0; i < y.size(); ++i) y.data()[i] = f(a.data()[at(a.shape(), i)], b.data()[at(b.shape(), i)]);
  return y;
}

}  // namespace parts

/// output = a * b; integers wrap.
template <class A, class B>
  requires detail::operands<A, B>
auto mul(const A& a, const B& b) {
  using T = detail::element_of_operands<A, B>;
  using U = std::conditional_t<std::integral<T>, std::uint64_t, T>;
  return parts::broadcast<T>(parts::tensor_of<T>(a), parts::tensor_of<T>(b),
                             [](T x, T z) { return static_cast<T>(static_cast<U>(x) * static_cast<U>(z)); });
}

/// output = a + b; integers wrap.
template <class A, class B>
  requires detail::operands<A, B>
auto add(const A& a, const B& b) {
  using T = detail::element_of_operands<A, B>;
  using U = detail::arithmetic_t<T>;
  return parts::broadcast<T>(parts::tensor_of<T>(a), parts::tensor_of<T>(b), [](T x, T z) {
    return static_cast<T>(static_cast<U>(static_cast<U>(x) + static_cast<U>(z)));
  });
}
/// output = a + alpha * b, each operation in the element type.
template <class A, class B, detail::number Factor>
  requires detail::operands<A, B>
auto add(const A& a, const B& b, Factor alpha) {
  using T = detail::element_of_operands<A, B>;
  return reference::add(a, reference::mul(parts::tensor_of<T>(b), detail::checked_alpha<T>(alpha)));
}

/// output = a - b; integers wrap.
template <class A, class B>
  requires detail::operands<A, B>
auto sub(const A& a, const B& b) {
  using T = detail::element_of_operands<A, B>;
  using U = detail::arithmetic_t<T>;
  return parts::broadcast<T>(parts::tensor_of<T>(a), parts::tensor_of<T>(b), [](T x, T z) {
    return static_cast<T>(static_cast<U>(static_cast<U>(x) - static_cast<U>(z)));
  });
}
/// output = a - alpha * b, each operation in the element type.
template <class A, class B, detail::number Factor>
  requires detail::operands<A, B>
auto sub(const A& a, const B& b, Factor alpha) {
  using T = detail::element_of_operands<A, B>;
  return reference::sub(a, reference::mul(parts::tensor_of<T>(b), detail::checked_alpha<T>(alpha)));
}

/// output = a / b, of integers as float.
template <class A, class B>
  requires detail::quotient_operands<A, B>
auto div(const A& a, const B& b) {
  using T = detail::element_of_operands<A, B>;
  using R = div_element<T>;
  const auto converted = [](const auto& x) {
    if constexpr (tensor_like<decltype(x)>) {
      const auto view = detail::const_view(x);
      tensor<R> y(view.shape());
      for (index_t i = 0; i < y.size(); ++i) y.data()[i] = static_cast<R>(view.data()[i]);
      return y;
    } else {
      return parts::tensor_of<R>(x);
    }
  };
  return parts::broadcast<R>(converted(a), converted(b), [](R x, R z) { return x / z; });
}

/// output = a + b, which wraps where it is an integer.
template <tensor_like A, tensor_like B>
tensor<element_of<A>> sum(const A& a, const B& b) {
  using T = element_of<A>;
  using U = detail::arithmetic_t<T>;
  const auto x = detail::const_view(a), z = detail::const_view(b);
  tensor<T> y(x.shape());
  for (index_t i = 0; i < x.size(); ++i)
    y.data()[i] = static_cast<T>(static_cast<U>(static_cast<U>(x.data()[i]) + static_cast<U>(z.data()[i])));
  return y;
}

namespace aten {

/// conv_transpose2d with the checks of ATen's kernel and without groups.
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
tensor<element_of<Input>> slow_conv_transpose2d(const Input& input, const Weight& weight, const hw& kernel_size,
                                                const Bias& bias, const hw& stride = 1, const hw& padding = 0,
                                                const hw& output_padding = 0, const hw& dilation = 1) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto b = detail::const_view(bias);
  const auto g = tenfold::aten::detail::slow_conv_transpose2d_op::checked(
      x.shape(), w.shape(), b.shape(), {kernel_size, stride, padding, output_padding, dilation});
  return parts::conv_transpose2d(x, w, b.data(), stride, padding, dilation, 1, g.output_shape);
}
template <tensor_like Input, tensor_like Weight>
tensor<element_of<Input>> slow_conv_transpose2d(const Input& input, const Weight& weight, const hw& kernel_size,
                                                const hw& stride = 1, const hw& padding = 0,
                                                const hw& output_padding = 0, const hw& dilation = 1) {
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  const auto g = tenfold::aten::detail::slow_conv_transpose2d_op::checked(
      x.shape(), w.shape(), {}, {kernel_size, stride, padding, output_padding, dilation});
  return parts::conv_transpose2d<element_of<Input>>(x, w, nullptr, stride, padding, dilation, 1, g.output_shape);
}

/// grad_output is of the output's shape, which has a batch of one where the input has none.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
convolution_gradients<element_of<Input>> slow_conv_transpose2d_backward(
    const GradOutput& grad_output, const Input& input, const Weight& weight, const hw& kernel_size,
    const hw& stride = 1, const hw& padding = 0, const hw& output_padding = 0, const hw& dilation = 1) {
  const auto g = detail::const_view(grad_output);
  const auto x = detail::const_view(input);
  const auto w = detail::const_view(weight);
  parts::check_gradient<tenfold::aten::detail::slow_conv_transpose2d_op>(
      g.shape(), x.shape(), w.shape(), {kernel_size, stride, padding, output_padding, dilation});
  return parts::convolution_backward<true>(g, x, w, w.shape()[1], {stride, padding, dilation, 1});
}

}  // namespace aten
// ------------------------------------------------------------------------------------------------------------- moves

namespace parts {

/// The index in each dimension of element number i of a tensor.
inline shape indices_of(index_t i, const shape& s) {
  shape at = s;
  for (std::size_t d = s.size(); d-- > 0; i /= s[d]) at[d] = i % s[d];
  return at;
}

/// The number of the element with such indices.
inline index_t number_of(const shape& at, const shape& s) {
  index_t i = 0;
  for (std::size_t d = 0; d < s.size(); ++d) i = i * s[d] + at[d];
  return i;
}

/// output[at] = input[from(at)]
template <class T, class From>
tensor<T> moved(const shape& output, const tensor_view<const T>& x, const From& from) {
  auto y = tensor<T>::uninitialized(output);
  for (index_t i = 0; i < y.size(); ++i) y.data()[i] = x.data()[number_of(from(indices_of(i, output)), x.shape())];
  return y;
}

/// The element of a dimension of n that place s is filled with; -1 for the constant.
inline index_t filling(pad_mode mode, index_t s, index_t n) {
  if (mode == pad_mode::constant) return inside(s, n) ? s : -1;
  while (!inside(s, n)) {
    if (mode == pad_mode::reflect) s = s < 0 ? -s : 2 * (n - 1) - s;
    if (mode == pad_mode::replicate) s = s < 0 ? 0 : n - 1;
    if (mode == pad_mode::circular) s = s < 0 ? s + n : s - n;
  }
  return s;
}

/// The number of the input's element that an element of a padded tensor is a copy of; -1 for the constant. What is cut
/// off is so before anything is filled, but for reflect and replicate.
inline index_t source_of_padded(const shape& at, const shape& input, std::span<const index_t> pads, pad_mode mode) {
  shape from = input;
  for (std::size_t d = 0; d < input.size(); ++d) {
    const std::size_t i = 2 * (input.size() - 1 - d);
    const index_t before = i < pads.size() ? pads[i] : 0, behind = i < pads.size() ? pads[i + 1] : 0;
    const bool cuts = mode == pad_mode::circular;
    const index_t cut = cuts && before < 0 ? -before : 0;
    const index_t n = cuts ? input[d] - cut + (behind < 0 ? behind : 0) : input[d];
    const index_t place = filling(mode, at[d] - before - cut, n);
    if (place < 0) return -1;
    from[d] = place + cut;
  }
  return number_of(from, input);
}

}  // namespace parts

template <tensor_like Input>
tensor<element_of<Input>> permute(const Input& input, const shape& dims) {
  const auto x = detail::const_view(input);
  return parts::moved(permute_output_shape(x.shape(), dims), x, [&](const shape& at) {
    shape from = at;
    for (std::size_t d = 0; d < at.size(); ++d)
      from[static_cast<std::size_t>(dims[d] < 0 ? dims[d] + static_cast<index_t>(dims.size()) : dims[d])] = at[d];
    return from;
  });
}

template <tensor_like Input>
tensor<element_of<Input>> swapdims(const Input& input, index_t dim0, index_t dim1) {
  const auto x = detail::const_view(input);
  const shape output = swapdims_output_shape(x.shape(), dim0, dim1);
  const auto rank = static_cast<index_t>(x.shape().size());
  return parts::moved(output, x, [&](const shape& at) {
    shape from = at;
    if (rank == 0) return from;
    const auto a = static_cast<std::size_t>((dim0 + rank) % rank), b = static_cast<std::size_t>((dim1 + rank) % rank);
    from[a] = at[b];
    from[b] = at[a];
    return from;
  });
}

template <detail::list_of_views Views>
auto cat(const Views& tensors, index_t dim = 0) {
  using T = std::remove_const_t<detail::element_of_views<Views>>;
  auto y = tensor<T>::uninitialized(cat_output_shape(tensors, dim));
  const auto rank = static_cast<index_t>(y.shape().size());
  const auto along = static_cast<std::size_t>((dim + rank) % rank);
  index_t begin = 0;
  for (const auto& x : tensors) {
    for (index_t i = 0; i < x.size(); ++i) {
      shape at = parts::indices_of(i, x.shape());
      at[along] += begin;
      y.data()[parts::number_of(at, y.shape())] = x.data()[i];
    }
    if (x.shape().size() == y.shape().size()) begin += x.shape()[along];
  }
  return y;
}

template <tensor_like Input>
tensor<element_of<Input>> slice(const Input& input, index_t dim, index_t start, index_t end, index_t step = 1) {
  const auto x = detail::const_view(input);
  const shape output = slice_output_shape(x.shape(), dim, start, end, step);
  const auto rank = static_cast<index_t>(x.shape().size());
  const auto along = static_cast<std::size_t>((dim + rank) % rank);
  const index_t size = x.shape()[along], counted = start < 0 ? start + size : start;
  const index_t first = counted < 0 ? 0 : counted;
  return parts::moved(output, x, [&](const shape& at) {
    shape from = at;
    from[along] = first + (at[along] > 0 ? at[along] * step : 0);
    return from;
  });
}

template <tensor_like Input>
tensor<element_of<Input>> narrow(const Input& input, index_t dim, index_t start, index_t length) {
  const auto x = detail::const_view(input);
  const shape output = narrow_output_shape(x.shape(), dim, start, length);
  const auto rank = static_cast<index_t>(x.shape().size());
  const auto along = static_cast<std::size_t>((dim + rank) % rank);
  return parts::moved(output, x, [&](const shape& at) {
    shape from = at;
    from[along] += start < 0 ? start + x.shape()[along] : start;
    return from;
  });
}

template <tensor_like Input>
tensor<element_of<Input>> pad(const Input& input, std::span<const index_t> pads, pad_mode mode = pad_mode::constant,
                              element_of<Input> value = {}) {
  const auto x = detail::const_view(input);
  (void)detail::check_pad(x.shape(), pads, mode, !(value == element_of<Input>{}));
  auto y = tensor<element_of<Input>>::uninitialized(pad_output_shape(x.shape(), pads, mode));
  for (index_t i = 0; i < y.size(); ++i) {
    const index_t from = parts::source_of_padded(parts::indices_of(i, y.shape()), x.shape(), pads, mode);
    y.data()[i] = from < 0 ? value : x.data()[from];
  }
  return y;
}

/// The sums are in the element type, from the first place to the last, as PyTorch's.
template <tensor_like GradOutput>
tensor<element_of<GradOutput>> pad_backward(const GradOutput& grad_output, const shape& input_shape,
                                            std::span<const index_t> pads, pad_mode mode = pad_mode::constant) {
  using T = element_of<GradOutput>;
  using S = std::conditional_t<std::floating_point<T>, T, std::uint64_t>;
  const auto dy = detail::const_view(grad_output);
  detail::check_grad_of_pad(dy.shape(), input_shape, detail::check_pad(input_shape, pads, mode, false), mode,
                            pads.size() / 2);
  tensor<T> dx(input_shape);
  for (index_t i = 0; i < dy.size(); ++i) {
    const index_t from = parts::source_of_padded(parts::indices_of(i, dy.shape()), input_shape, pads, mode);
    if (from < 0) continue;
    T& sum = dx.data()[from];
    sum =
        mode == pad_mode::constant ? dy.data()[i] : static_cast<T>(static_cast<S>(sum) + static_cast<S>(dy.data()[i]));
  }
  return dx;
}

template <tensor_like Input>
tensor<element_of<Input>> pixel_shuffle(const Input& input, index_t upscale_factor) {
  const auto x = detail::const_view(input);
  const index_t r = upscale_factor;
  return parts::moved(pixel_shuffle_output_shape(x.shape(), r), x, [&](const shape& at) {
    shape from = at;
    const std::size_t c = at.size() - 3, h = c + 1, w = c + 2;
    from[c] = (at[c] * r + at[h] % r) * r + at[w] % r;
    from[h] = at[h] / r;
    from[w] = at[w] / r;
    return from;
  });
}

template <tensor_like Input>
tensor<element_of<Input>> pixel_unshuffle(const Input& input, index_t downscale_factor) {
  const auto x = detail::const_view(input);
  const index_t r = downscale_factor;
  return parts::moved(pixel_unshuffle_output_shape(x.shape(), r), x, [&](const shape& at) {
    shape from = at;
    const std::size_t c = at.size() - 3, h = c + 1, w = c + 2;
    from[c] = at[c] / (r * r);
    from[h] = at[h] * r + at[c] / r % r;
    from[w] = at[w] * r + at[c] % r;
    return from;
  });
}

template <tensor_like Input>
tensor<element_of<Input>> channel_shuffle(const Input& input, index_t groups) {
  const auto x = detail::const_view(input);
  const shape output = channel_shuffle_output_shape(x.shape(), groups);
  return parts::moved(output, x, [&](const shape& at) {
    shape from = at;
    from[1] = at[1] % groups * (output[1] / groups) + at[1] / groups;
    return from;
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::reference
