// fold_batch_norm: a batch normalisation behind a convolution becomes part of its weight and bias.
#pragma once

#include <tenfold/tensor.hpp>

namespace tenfold::inline v0 {

template <class T>
struct folded_batch_norm {
  tensor<T> weight;
  tensor<T> bias;

  TENFOLD_TAG folded_batch_norm() = default;
  TENFOLD_TAG folded_batch_norm(tensor<T> weight_, tensor<T> bias_)
      : weight(std::move(weight_)), bias(std::move(bias_)) {}
  TENFOLD_TAGGED_COPIES(folded_batch_norm);
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The weight and bias of a convolution that answers what batch norm answers behind the given one, as
/// torch.nn.utils.fuse_conv_bn_weights, in its order of arguments.
///
///     weight'[o] = weight[o] * bn_weight[o] / sqrt(running_var[o] + eps)
///     bias'[o]   = (bias[o] - running_mean[o]) * bn_weight[o] / sqrt(running_var[o] + eps) + bn_bias[o]
///
/// weight        (O, C / groups, kh, kw), or (C, O / groups, kh, kw) for a transposed convolution
/// the others    (O); computed in double
/// throws        tenfold::error where a size is not as above
template <tensor_like Weight, tensor_like Bias, tensor_like Mean, tensor_like Variance, tensor_like Scale,
          tensor_like Shift>
auto fold_batch_norm(const Weight& weight, const Bias& bias, const Mean& running_mean, const Variance& running_var,
                     double eps, const Scale& bn_weight, const Shift& bn_bias, bool transpose = false,
                     index_t groups = 1) {
  using T = element_of<Weight>;
  static_assert(std::floating_point<T>, "batch norm needs floating-point weights");
  const tensor_view<const T> w = detail::const_view(weight);
  const tensor_view<const T> parameters[] = {detail::const_view(bias), detail::const_view(running_mean),
                                             detail::const_view(running_var), detail::const_view(bn_weight),
                                             detail::const_view(bn_bias)};
  if (w.shape().size() != 4) detail::raise({"fold_batch_norm: expected a 4-dimensional weight, but got ", w.shape()});
  if (groups <= 0 || w.shape()[0] % groups != 0)
    detail::raise({"fold_batch_norm: groups=", groups, " does not divide dimension 0 of a weight of size ", w.shape()});
  const index_t channels = transpose ? detail::checked_multiply(w.shape()[1], groups) : w.shape()[0];
  for (const auto& p : parameters)
    if (!(p.shape() == shape{channels}))
      detail::raise({"fold_batch_norm: expected bias and statistics of shape [", channels, "], but got ", p.shape()});

  folded_batch_norm<T> folded{tensor<T>::uninitialized(w.shape()), tensor<T>::uninitialized({channels})};
  const auto factor = [&](index_t o) {
    return static_cast<double>(parameters[3](o)) / __builtin_sqrt(static_cast<double>(parameters[2](o)) + eps);
  };
  for (index_t o = 0; o < channels; ++o) {
    // volatile: clang's -ffp-contract=fast would make one operation of product and sum, where -mfma has one.
    const volatile double scaled =
        (static_cast<double>(parameters[0](o)) - static_cast<double>(parameters[1](o))) * factor(o);
    folded.bias(o) = static_cast<T>(scaled + static_cast<double>(parameters[4](o)));
  }
  if (w.size() == 0) return folded;  // no memory stands behind its sizes
  const index_t rows = w.shape()[0];
  const index_t columns = w.shape()[1];
  const index_t window = w.shape()[2] * w.shape()[3];
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < columns; ++c) {
      const double f = factor(transpose ? r / (rows / groups) * columns + c : r);
      for (index_t i = (r * columns + c) * window; i < (r * columns + c + 1) * window; ++i)
        folded.weight.data()[i] = static_cast<T>(static_cast<double>(w.data()[i]) * f);
    }
  return folded;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
