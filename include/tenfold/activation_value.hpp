// What a prepared layer does to its results before it stores them.
#pragma once

#include <tenfold/tensor.hpp>

#include <limits>

namespace tenfold::inline v0 {

/// An elementwise function and its parameters, as torch.nn.functional has it:
///
///     none                    x
///     relu                    x < 0 ? 0 : x
///     leaky_relu(slope)       x > 0 ? x : slope * x
///     prelu(slopes)           the same, with one slope, or one for each channel
///     clip(low, high)         hardtanh: x < low ? low : x > high ? high : x; clip(0, 6) is relu6
///     sigmoid                 1 / (1 + exp(-x))
///     silu                    x / (1 + exp(-x))
///     hard_swish              x * clip(x + 3, 0, 6) / 6
///     hard_sigmoid            clip(x + 3, 0, 6) / 6
///     tanh                    tanh(x)
///     gelu                    x * (1 + erf(x / sqrt(2))) / 2
///     gelu_tanh               x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
///     elu(alpha)              x < 0 ? alpha * (exp(x) - 1) : x
///     softplus(beta, threshold)   x * beta > threshold ? x : log(1 + exp(x * beta)) / beta
///
/// NaN stays NaN, and -0.0 of relu and clip -0.0. Integers have none, relu and clip; the bounds lose their fractions
/// and are at most those of the type. prelu refers to its slopes until a layer has copied them.
struct activation {
  enum class function {
    none,
    relu,
    leaky_relu,
    prelu,
    clip,
    sigmoid,
    silu,
    hard_swish,
    hard_sigmoid,
    tanh,
    gelu,
    gelu_tanh,
    elu,
    softplus
  };

  function of = function::none;
  double low = 0;   // of clip, or the slope, elu's alpha, softplus' beta
  double high = 0;  // of clip, or softplus' threshold
  const void* slopes = nullptr;
  index_t slope_count = 0;
  std::size_t slope_rank = 0;
  std::size_t slope_bytes = 0;  // of each

  static const activation none, relu, sigmoid, silu, hard_swish, hard_sigmoid, tanh, gelu, gelu_tanh;
  TENFOLD_TAG static constexpr activation leaky_relu(double slope = 0.01) { return {function::leaky_relu, slope}; }
  TENFOLD_TAG static constexpr activation clip(double low, double high) { return {function::clip, low, high}; }
  TENFOLD_TAG static constexpr activation elu(double alpha = 1) { return {function::elu, alpha}; }
  TENFOLD_TAG static constexpr activation softplus(double beta = 1, double threshold = 20) {
    return {function::softplus, beta, threshold};
  }
  template <tensor_like Slopes>
  requires std::floating_point<element_of<Slopes>> TENFOLD_TAG static activation prelu(const Slopes& slopes) {
    const auto view = as_view(slopes);
    return {function::prelu, 0, 0, view.data(), view.size(), view.shape().size(), sizeof(element_of<Slopes>)};
  }
};

inline constexpr activation activation::none{};
inline constexpr activation activation::relu{activation::function::relu};
inline constexpr activation activation::sigmoid{activation::function::sigmoid};
inline constexpr activation activation::silu{activation::function::silu};
inline constexpr activation activation::hard_swish{activation::function::hard_swish};
inline constexpr activation activation::hard_sigmoid{activation::function::hard_sigmoid};
inline constexpr activation activation::tanh{activation::function::tanh};
inline constexpr activation activation::gelu{activation::function::gelu};
inline constexpr activation activation::gelu_tanh{activation::function::gelu_tanh};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// PyTorch's name of an element type.
template <element T>
constexpr const char* torch_name_of() {
  if constexpr (std::floating_point<T>) return sizeof(T) == 4 ? "Float" : "Double";
  return sizeof(T) == 1 ? "Char" : sizeof(T) == 2 ? "Short" : sizeof(T) == 4 ? "Int" : "Long";
}

/// The nearest number of the type towards 0, an activation's parameter; of integers 0 for NaN.
template <element T>
T parameter_of(double value) {
  if constexpr (std::integral<T>) {
    if (value != value) return 0;
    constexpr double end = -static_cast<double>((std::numeric_limits<T>::min)());  // one above the largest
    if (value >= end) return (std::numeric_limits<T>::max)();
    if (value < -end) return (std::numeric_limits<T>::min)();
  }
  return static_cast<T>(value);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
