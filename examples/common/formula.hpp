// Weights by a formula, for networks whose trained ones are not at hand: the same bits as tools/formula.py.
//
//     u(name, i) = 2 * (top 24 bits of splitmix64(fnv1a64(name) + (i + 1) * 0x9e3779b97f4a7c15)) + 1 - 2^24
//     value      = centre + float(u) * float(bound / 2^24)          uniform from -bound to bound around the centre
//
// u is an odd integer that a float holds, so the product rounds once; where there is a centre, the bound is a power of
// two and the product is exact, so the sum rounds once.
#pragma once

#include <tenfold/tensor.hpp>

#include <cmath>  // sqrt
#include <cstdint>
#include <string_view>

namespace formula {

using tenfold::index_t;

namespace detail {

constexpr std::uint64_t fnv1a64(std::string_view name) {
  std::uint64_t result = 0xcbf29ce484222325;
  for (const char c : name) result = (result ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return result;
}

constexpr std::uint64_t splitmix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace detail

inline tenfold::tensor<float> values(std::string_view name, const tenfold::shape& shape, double bound,
                                     float centre = 0) {
  const std::uint64_t begin = detail::fnv1a64(name);
  const auto step = static_cast<float>(bound / (1 << 24));
  auto result = tenfold::tensor<float>::uninitialized(shape);
  for (index_t i = 0; i < result.size(); ++i) {
    const std::uint64_t place = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15;
    const auto top = static_cast<std::int32_t>(detail::splitmix64(begin + place) >> 40);
    result.data()[i] = centre + static_cast<float>(2 * top + 1 - (1 << 24)) * step;
  }
  return result;
}

/// He's bound of a weight, by which an output is as large as the inputs that it sums.
inline double he_bound(double inputs) { return std::sqrt(6 / inputs); }

}  // namespace formula
