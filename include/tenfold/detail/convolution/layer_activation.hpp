// A layer's activation: checked for its channels and type.
#pragma once

#include <tenfold/activation_value.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Raises what PyTorch says of such a function behind a layer of so many output channels.
template <element T>
void check_activation(const char* op, const activation& a, index_t channels) {
  using enum activation::function;
  if (a.of == prelu) {
    if (std::integral<T> || a.slope_bytes != sizeof(T))
      raise({"prelu: Type promoting not supported. Got ", torch_name_of<T>(), " and ",
             a.slope_bytes == sizeof(float) ? "Float" : "Double"});
    if (a.slope_count != 1 && a.slope_count != channels)
      raise({"Mismatch of parameter numbers and input channel size. Found parameter numbers = ", a.slope_count,
             " and channel size = ", channels, "."});
    if (a.slope_rank > 1)
      raise({"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = ",
             static_cast<index_t>(a.slope_rank)});
  }
  if (a.of == clip && !(a.low <= a.high)) raise("min_val cannot be greater than max_val");
  if (std::floating_point<T> || a.of == none || a.of == relu || a.of == clip) return;
  if (a.of == sigmoid || a.of == tanh)
    raise({op, ": activation::", a.of == tanh ? "tanh" : "sigmoid", " of integers is a float, and the output's type ",
           torch_name_of<T>()});
  raise({"\"",
         a.of == leaky_relu                  ? "leaky_relu_cpu"
         : a.of == silu                      ? "silu_cpu"
         : a.of == hard_swish                ? "hardswish_cpu"
         : a.of == hard_sigmoid              ? "hardsigmoid_cpu"
         : a.of == gelu || a.of == gelu_tanh ? "GeluKernelImpl"
         : a.of == elu                       ? "elu_cpu"
                                             : "softplus_cpu",
         "\" not implemented for '", torch_name_of<T>(), "'"});
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
