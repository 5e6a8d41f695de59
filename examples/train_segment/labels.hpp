// What the network is to answer, made from the photograph itself by classical segmentation: no hand has drawn it.
#pragma once

#include "segment/coins.hpp"

#include <tenfold/tensor.hpp>

#include <algorithm>   // clamp, max, min, transform
#include <cmath>       // lround
#include <functional>  // greater, logical_or
#include <queue>
#include <tuple>
#include <vector>

namespace training {

using tenfold::index_t;

/// (H, W), row-major: whether a pixel belongs to something.
struct mask {
  index_t height, width;
  std::vector<bool> pixels;

  std::vector<bool>::reference at(index_t place) { return pixels[static_cast<std::size_t>(place)]; }
  bool at(index_t place) const { return pixels[static_cast<std::size_t>(place)]; }
  index_t size() const { return height * width; }
};

namespace detail {

// The photograph's own numbers: all that is darker is background, all that is brighter is coin.
inline constexpr int surely_dark = 30, surely_bright = 150;
inline constexpr index_t opening_radius = 4;  // what is thinner is no coin
inline constexpr index_t rim_reach = 2;       // pixels to either side of a coin's edge

/// Channel 0 of a picture (1, 3, H, W) in steps of 1/255.
inline std::vector<int> grey_values(const tenfold::tensor<float>& picture) {
  std::vector<int> grey(static_cast<std::size_t>(picture.shape()[2] * picture.shape()[3]));
  std::transform(picture.data(), picture.data() + grey.size(), grey.begin(),
                 [](float value) { return static_cast<int>(std::lround(255 * value)); });
  return grey;
}

/// Sobel's gradient, squared: whole numbers, whose order has no rounding in it. The border is repeated outwards.
inline std::vector<int> squared_gradient(const std::vector<int>& grey, index_t height, index_t width) {
  const auto at = [&](index_t y, index_t x) {
    const index_t v = std::clamp<index_t>(y, 0, height - 1), u = std::clamp<index_t>(x, 0, width - 1);
    return grey[static_cast<std::size_t>(v * width + u)];
  };
  std::vector<int> gradient;
  gradient.reserve(grey.size());
  for (index_t y = 0; y < height; ++y)
    for (index_t x = 0; x < width; ++x) {
      const auto row = [&](index_t v) { return at(v, x - 1) + 2 * at(v, x) + at(v, x + 1); };
      const auto column = [&](index_t u) { return at(y - 1, u) + 2 * at(y, u) + at(y + 1, u); };
      const int down = row(y + 1) - row(y - 1), right = column(x + 1) - column(x - 1);
      gradient.push_back(down * down + right * right);
    }
  return gradient;
}

/// Floods the gradient from the pixels that are surely background and surely coin: always on from the lowest shore, of
/// equal ones from the oldest. A pixel belongs to the flood that reaches it first.
inline mask watershed(const std::vector<int>& grey, index_t height, index_t width) {
  const std::vector<int> level = squared_gradient(grey, height, width);
  mask coins{height, width, std::vector<bool>(grey.size())}, reached = coins;
  using shore = std::tuple<int, index_t, index_t>;  // level, age, place
  std::priority_queue<shore, std::vector<shore>, std::greater<>> front;
  index_t age = 0;
  const auto flood = [&](index_t place, bool coin) {
    reached.at(place) = true;
    coins.at(place) = coin;
    front.emplace(level[static_cast<std::size_t>(place)], age++, place);
  };
  for (index_t place = 0; place < coins.size(); ++place) {
    const int value = grey[static_cast<std::size_t>(place)];
    if (value < surely_dark || value > surely_bright) flood(place, value > surely_bright);
  }
  while (!front.empty()) {
    const index_t from = std::get<2>(front.top());
    front.pop();
    segment::detail::for_each_neighbour(from, height, width, [&](index_t place) {
      if (!reached.at(place)) flood(place, coins.at(from));
    });
  }
  return coins;
}

/// Whether `value` is found within `radius` of each pixel of the mask.
inline mask near(const mask& m, bool value, index_t radius) {
  mask result{m.height, m.width, std::vector<bool>(m.pixels.size())};
  for (index_t place = 0; place < m.size(); ++place) {
    const index_t y = place / m.width, x = place % m.width;
    for (index_t v = std::max<index_t>(0, y - radius); v <= std::min(y + radius, m.height - 1); ++v)
      for (index_t u = std::max<index_t>(0, x - radius); u <= std::min(x + radius, m.width - 1); ++u)
        if ((v - y) * (v - y) + (u - x) * (u - x) <= radius * radius && m.at(v * m.width + u) == value)
          result.at(place) = true;
  }
  return result;
}

/// Takes what is not part of it, but shut in by it, into the mask.
inline void fill_holes(mask& m) {
  std::vector<bool> holes = m.pixels;
  holes.flip();
  for (index_t place = 0; place < m.size(); ++place) {
    const index_t y = place / m.width, x = place % m.width;
    const bool border = y == 0 || x == 0 || y + 1 == m.height || x + 1 == m.width;
    if (border && holes[static_cast<std::size_t>(place)])
      segment::detail::take_component(holes, place, m.height, m.width);
  }
  std::transform(m.pixels.begin(), m.pixels.end(), holes.begin(), m.pixels.begin(), std::logical_or<>());
}

/// What discs of `radius` that lie in the mask cover of it.
inline mask opened(const mask& m, index_t radius) {
  mask eroded = near(m, false, radius);
  eroded.pixels.flip();
  return near(eroded, true, radius);
}

}  // namespace detail

/// Where the coins are on a picture (1, 3, H, W) of them.
inline mask find_coin_mask(const tenfold::tensor<float>& picture) {
  const index_t height = picture.shape()[2], width = picture.shape()[3];
  mask coins = detail::watershed(detail::grey_values(picture), height, width);
  detail::fill_holes(coins);
  return detail::opened(coins, detail::opening_radius);
}

/// (3, H, W) of 0 and 1: coin, rim, background. The rim, a ring along a coin's edge, is what keeps neighbours apart
/// when coins are counted.
inline tenfold::tensor<float> make_target(const mask& coins) {
  const mask near_coin = detail::near(coins, true, detail::rim_reach);
  const mask near_ground = detail::near(coins, false, detail::rim_reach);
  tenfold::tensor<float> target({3, coins.height, coins.width});
  for (index_t place = 0; place < coins.size(); ++place) {
    target.data()[place] = coins.at(place);
    target.data()[coins.size() + place] = near_coin.at(place) && near_ground.at(place);
    target.data()[2 * coins.size() + place] = !coins.at(place);
  }
  return target;
}

}  // namespace training
