// stored: the numbers that a prepared layer or a net keeps its weights in.
#pragma once

#include <tenfold/detail/float_text.hpp>
#include <tenfold/shape.hpp>

#include <bit>  // bit_cast

namespace tenfold::inline v0 {

/// What the weights of a prepared layer or a net are kept in. Inputs, outputs and biases are floats as ever, and so is
/// all arithmetic: a weight of 16 bits is a float again before it is multiplied. What it saves is memory, and the time
/// of layers that take longer to read their weights than to multiply them: those with few pixels.
///
/// Weights are rounded to the nearest number of 16 bits, of two that are as near to the even one. So beside the error
/// of the layer itself, an output has another one of at most
///
///     fp16   sum of max(2^-11 |weight|, 2^-25) |input|   over the terms of the output
///     bf16   sum of 2^-8 |weight| |input|                likewise, for weights from 2^-126 on
///
/// Infinities stay, as do NaN. A finite weight that would become an infinity is refused: fp16 reaches to 65504, bf16 as
/// far as float.
enum class stored : unsigned char {
  as_given,
  fp16,  ///< IEEE 754's binary16: 11 bits of precision
  bf16,  ///< bfloat16, a float's upper half: 8 bits
};

namespace plain {

/// The weight of a layer where it is kept in 16 bits, else null.
struct stored_weight {
  const std::int16_t* bits = nullptr;
  stored as = stored::as_given;
};

}  // namespace plain
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

using plain::stored_weight;

constexpr const char* name_of(stored as) { return as == stored::fp16 ? "fp16" : as == stored::bf16 ? "bf16" : "given"; }

/// The bits of a number; arrays of them are read by memcpy.
enum class fp16 : std::uint16_t {};
enum class bf16 : std::uint16_t {};

constexpr float widened(bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16); }
constexpr float widened(fp16 x) {
  const auto bits = static_cast<std::uint32_t>(x);
  const std::uint32_t sign = (bits & 0x8000U) << 16, exponent = (bits >> 10) & 31U, fraction = bits & 0x3ffU;
  if (exponent == 0) {  // fraction * 2^-24, which float has exactly
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;  // 127 - 15
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

constexpr float widened(std::int16_t bits, stored as) {
  const auto number = static_cast<std::uint16_t>(bits);
  return as == stored::fp16 ? widened(fp16{number}) : widened(bf16{number});
}

/// The nearest number of 16 bits, which of a finite one may be an infinity. A NaN keeps its upper bits, and is quiet.
constexpr std::uint16_t narrowed_bits(float x, stored as) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits >> 16 & 0x8000U, size = bits & 0x7fffffffU;
  constexpr std::uint32_t infinity = 0x7f800000U, least_normal = 113U << 23;  // 2^-14, fp16's
  std::uint32_t narrow = 0;
  if (as == stored::bf16) {
    narrow = size > infinity ? size >> 16 | 0x40U : (size + 0x7fffU + (size >> 16 & 1U)) >> 16;
  } else if (size >= infinity) {
    narrow = 0x7c00U | (size > infinity ? 0x200U | (size >> 13 & 0x3ffU) : 0U);
  } else if (size >= least_normal) {
    narrow = (std::min)((size - (112U << 23) + 0xfffU + (size >> 13 & 1U)) >> 13, 0x7c00U);
  } else {  // the last bit of a sum with 1/2 is 2^-24, as fp16's is here
    narrow = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) - std::bit_cast<std::uint32_t>(0.5F);
  }
  return static_cast<std::uint16_t>(sign | narrow);
}

[[noreturn]] TENFOLD_COLD inline void raise_not_stored(const char* op, stored as, const float* weight,
                                                       const shape& sizes, index_t i) {
  shape at = sizes;
  index_t rest = i;
  for (std::size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) at[d] = rest % sizes[d];
  raise({op, ": the weight at ", at, " is ", float_text(weight[i]), ", beyond the numbers of ", name_of(as)},
        as == stored::fp16 ? "fp16 reaches to 65504; bf16 as far as float" : "");
}

/// The weights in 16 bits; an error that says which of them is finite and does not fit.
inline void store_weights(const char* op, stored as, const float* weight, const shape& sizes, std::int16_t* bits) {
  const std::uint16_t infinity = as == stored::fp16 ? 0x7c00 : 0x7f80;
  for (index_t i = 0, n = sizes.elements(); i < n; ++i) {
    const std::uint16_t narrow = narrowed_bits(weight[i], as);
    if ((narrow & 0x7fff) == infinity && (std::bit_cast<std::uint32_t>(weight[i]) & 0x7fffffffU) != 0x7f800000U)
      raise_not_stored(op, as, weight, sizes, i);
    bits[i] = static_cast<std::int16_t>(narrow);
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
