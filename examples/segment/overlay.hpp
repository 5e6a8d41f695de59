// The pictures that the example writes. A picture is a tensor (1, 3, H, W) of red, green and blue from 0 to 1.
#pragma once

#include "coins.hpp"

#include "common/crop.hpp"

#include <tenfold/tenfold.hpp>

#include <algorithm>  // clamp, minmax_element
#include <array>
#include <string>
#include <vector>

namespace segment {

namespace tf = tenfold;

using colour = std::array<float, 3>;

namespace detail {

inline constexpr colour white{1, 1, 1};
inline constexpr colour black{0, 0, 0};
inline constexpr colour coin_colours[] = {
    {0.98f, 0.75f, 0.18f}, {0.20f, 0.73f, 0.93f}, {0.95f, 0.45f, 0.55f}, {0.45f, 0.83f, 0.45f}, {0.72f, 0.55f, 0.95f}};

/// Lays a colour over a pixel; places outside the picture are left out.
inline void blend(tf::tensor<float>& picture, index_t y, index_t x, const colour& over, float opacity) {
  if (y < 0 || x < 0 || y >= picture.shape()[2] || x >= picture.shape()[3]) return;
  for (index_t channel = 0; channel < 3; ++channel) {
    float& value = picture(0, channel, y, x);
    value += opacity * (over[static_cast<std::size_t>(channel)] - value);
  }
}

// Digits of 3 x 5 dots, a row in three bits.
inline constexpr std::uint8_t digits[10][5] = {{7, 5, 5, 5, 7}, {2, 6, 2, 2, 7}, {7, 1, 7, 4, 7}, {7, 1, 3, 1, 7},
                                               {5, 5, 7, 1, 1}, {7, 4, 7, 1, 7}, {7, 4, 7, 5, 7}, {7, 1, 2, 2, 2},
                                               {7, 5, 7, 5, 7}, {7, 5, 7, 1, 7}};

inline void fill_square(tf::tensor<float>& picture, index_t y, index_t x, index_t size, const colour& with) {
  for (index_t i = 0; i < size; ++i)
    for (index_t j = 0; j < size; ++j) blend(picture, y + i, x + j, with, 1);
}

/// A number around a centre: white dots with a black edge.
inline void draw_number(tf::tensor<float>& picture, index_t y, index_t x, std::size_t number, index_t dot) {
  const std::string text = std::to_string(number);
  const index_t top = y - 5 * dot / 2;
  const index_t left = x - (4 * static_cast<index_t>(text.size()) - 1) * dot / 2;
  const auto draw_dots = [&](index_t edge, const colour& with) {
    for (std::size_t c = 0; c < text.size(); ++c)
      for (index_t row = 0; row < 5; ++row)
        for (index_t column = 0; column < 3; ++column)
          if (digits[text[c] - '0'][row] >> (2 - column) & 1)
            fill_square(picture, top + row * dot - edge, left + (4 * static_cast<index_t>(c) + column) * dot - edge,
                        dot + 2 * edge, with);
  };
  draw_dots(std::max<index_t>(1, dot / 2), black);
  draw_dots(0, white);
}

/// Whether a pixel of a coin lies within `thickness` of what is not that coin.
inline bool on_outline(const tf::tensor<std::int32_t>& labels, index_t y, index_t x, index_t thickness) {
  for (index_t i = -thickness; i <= thickness; ++i)
    for (index_t j = -thickness; j <= thickness; ++j) {
      const index_t v = std::clamp<index_t>(y + i, 0, labels.shape()[0] - 1);
      const index_t u = std::clamp<index_t>(x + j, 0, labels.shape()[1] - 1);
      if (i * i + j * j <= thickness * thickness && labels(v, u) != labels(y, x)) return true;
    }
  return false;
}

inline index_t enlargement(const tf::tensor<float>& picture) {
  return std::clamp<index_t>(1000 / picture.shape()[3], 1, 4);  // to some 1000 pixels of width
}

inline tf::tensor<float> enlarge(const tf::tensor<float>& x, index_t factor) {
  return tf::upsample_bilinear2d(x, tf::scale(static_cast<double>(factor)));
}

/// The coins' labels on the enlarged picture. Their edge is where the enlarged channel 0 passes 1/2, so it is smooth.
inline tf::tensor<std::int32_t> enlarged_labels(const tf::tensor<float>& output, const std::vector<coin>& coins,
                                                index_t factor) {
  constexpr index_t reach = 4;  // the rim's two pixels inside a coin's edge, and as many for the rest of the coin
  const auto near_labels = label_coins(coins, output.shape()[2], output.shape()[3], reach);
  const auto probability = enlarge(output, factor);
  tf::tensor<std::int32_t> labels({probability.shape()[2], probability.shape()[3]});
  for (index_t y = 0; y < labels.shape()[0]; ++y)
    for (index_t x = 0; x < labels.shape()[1]; ++x)
      if (probability(0, 0, y, x) > 0.5f) labels(y, x) = near_labels(y / factor, x / factor);
  return labels;
}

}  // namespace detail

/// The picture, enlarged if it is small, beside itself with every coin tinted, outlined and numbered.
inline tf::tensor<float> draw_coins(const tf::tensor<float>& picture, const tf::tensor<float>& output,
                                    const std::vector<coin>& coins) {
  const index_t factor = detail::enlargement(picture);
  const auto labels = detail::enlarged_labels(output, coins, factor);
  const auto original = detail::enlarge(picture, factor);
  auto marked = original;
  for (index_t y = 0; y < labels.shape()[0]; ++y)
    for (index_t x = 0; x < labels.shape()[1]; ++x) {
      if (labels(y, x) == 0) continue;
      const colour& tint =
          detail::coin_colours[static_cast<std::size_t>(labels(y, x) - 1) % std::size(detail::coin_colours)];
      detail::blend(marked, y, x, tint, detail::on_outline(labels, y, x, factor) ? 1.0f : 0.35f);
    }
  for (std::size_t i = 0; i < coins.size(); ++i) {
    const auto enlarged = [&](double at) { return static_cast<index_t>((at + 0.5) * static_cast<double>(factor)); };
    detail::draw_number(marked, enlarged(coins[i].y), enlarged(coins[i].x), i + 1, 2 * factor);
  }
  return images::side_by_side(original, marked);
}

/// The picture, enlarged if it is small, beside the output's channels as red, green and blue, each stretched from its
/// least to its greatest value.
inline tf::tensor<float> draw_channels(const tf::tensor<float>& picture, const tf::tensor<float>& output) {
  auto channels = output;
  const index_t plane = output.shape()[2] * output.shape()[3];
  for (index_t c = 0; c < 3; ++c) {
    float* values = channels.data() + c * plane;
    const auto [least, most] = std::minmax_element(values, values + plane);
    const float from = *least;
    const float range = *most - from;
    if (range > 0) std::for_each(values, values + plane, [&](float& value) { value = (value - from) / range; });
  }
  const index_t factor = detail::enlargement(picture);
  return images::side_by_side(detail::enlarge(picture, factor), detail::enlarge(channels, factor));
}

}  // namespace segment
