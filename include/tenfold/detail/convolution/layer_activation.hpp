// A layer's activation: checked for its channels and type, and as the kernels take it.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// PyTorch's name of an element type.
template <element T>
constexpr const char* torch_name_of() {
  if constexpr (std::floating_point<T>) return sizeof(T) == 4 ? "Float" : "Double";
  return sizeof(T) == 1 ? "Char" : sizeof(T) == 2 ? "Short" : sizeof(T) == 4 ? "Int" : "Long";
}

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
  if (a.of == sigmoid)
    raise({op, ": activation::sigmoid of integers is a float, and the output's type ", torch_name_of<T>()});
  raise({a.of == leaky_relu ? "\"leaky_relu_cpu\""
         : a.of == silu     ? "\"silu_cpu\""
                            : "\"hardswish_cpu\"",
         " not implemented for '", torch_name_of<T>(), "'"});
}

/// The nearest number of the type towards 0.
template <element T>
T parameter_of(double value) {
  if constexpr (std::integral<T>) {
    constexpr double end = -static_cast<double>((std::numeric_limits<T>::min)());  // one above the largest
    if (value >= end) return (std::numeric_limits<T>::max)();
    if (value < -end) return (std::numeric_limits<T>::min)();
  }
  return static_cast<T>(value);
}

/// `slopes` are those of prelu, or null.
template <element T>
epilogue<T> epilogue_of(const activation& a, const T* slopes, const T* residual, const T* output, isa level) {
  return {a.of,   parameter_of<T>(a.low),          parameter_of<T>(a.high), slopes, residual,
          output, TENFOLD_KERNEL(level, finish<T>)};
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
