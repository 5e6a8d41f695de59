// What a prepared layer does to its results before it stores them.
#pragma once

#include <tenfold/tensor.hpp>

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
///
/// NaN stays NaN, and -0.0 of relu and clip -0.0. Integers have none, relu and clip; the bounds lose their fractions
/// and are at most those of the type. prelu refers to its slopes until a layer has copied them.
struct activation {
  enum class function { none, relu, leaky_relu, prelu, clip, sigmoid, silu, hard_swish };

  function of = function::none;
  double low = 0;   // or the slope
  double high = 0;  // 0 but for clip
  const void* slopes = nullptr;
  index_t slope_count = 0;
  std::size_t slope_rank = 0;
  std::size_t slope_bytes = 0;  // of each

  static const activation none, relu, sigmoid, silu, hard_swish;
  TENFOLD_TAG static constexpr activation leaky_relu(double slope = 0.01) { return {function::leaky_relu, slope}; }
  TENFOLD_TAG static constexpr activation clip(double low, double high) { return {function::clip, low, high}; }
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

}  // namespace tenfold::inline v0
