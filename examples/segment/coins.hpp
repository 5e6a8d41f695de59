// From the network's output to coins: channel 0 is a coin, channel 1 the rim of one, channel 2 the background.
#pragma once

#include <tenfold/tensor.hpp>

#include <algorithm>  // max, sort
#include <cstdint>
#include <string_view>
#include <utility>  // pair
#include <vector>

namespace segment {

using tenfold::index_t;

/// What the metadata "channels" of weights says whose output can be read as coins.
inline constexpr std::string_view coin_channels = "after the sigmoid: 0 coin, 1 rim of a coin, 2 background";

// How coins are counted: 4-connected components of coin - rim > core_threshold with at least least_area pixels.
inline constexpr float core_threshold = 0.5f;
inline constexpr index_t least_area = 150;

/// The core of a coin (all of it but the rim).
struct coin {
  std::vector<index_t> pixels;  // places y * W + x
  double y = 0, x = 0;          // its centre
  index_t top = 0;              // its first row
};

namespace detail {

inline std::vector<bool> coin_cores(const tenfold::tensor<float>& output) {
  const index_t plane = output.shape()[2] * output.shape()[3];
  std::vector<bool> core(static_cast<std::size_t>(plane));
  for (index_t i = 0; i < plane; ++i)
    core[static_cast<std::size_t>(i)] = output.data()[i] - output.data()[plane + i] > core_threshold;
  return core;
}

/// Calls visit(place) for the up to four neighbours of a pixel.
template <class Visit>
void for_each_neighbour(index_t place, index_t height, index_t width, const Visit& visit) {
  const index_t y = place / width;
  const index_t x = place % width;
  if (y > 0) visit(place - width);
  if (x > 0) visit(place - 1);
  if (x + 1 < width) visit(place + 1);
  if (y + 1 < height) visit(place + width);
}

/// The 4-connected pixels of `set` around one of them; they are taken out of it.
inline std::vector<index_t> take_component(std::vector<bool>& set, index_t start, index_t height, index_t width) {
  std::vector<index_t> pixels{start};
  set[static_cast<std::size_t>(start)] = false;
  for (std::size_t next = 0; next < pixels.size(); ++next)
    for_each_neighbour(pixels[next], height, width, [&](index_t place) {
      if (!set[static_cast<std::size_t>(place)]) return;
      set[static_cast<std::size_t>(place)] = false;
      pixels.push_back(place);
    });
  return pixels;
}

inline coin make_coin(std::vector<index_t> pixels, index_t width) {
  coin c{std::move(pixels), 0, 0, 0};
  c.top = c.pixels.front() / width;
  for (const index_t place : c.pixels) {
    c.y += static_cast<double>(place / width);
    c.x += static_cast<double>(place % width);
    c.top = std::min(c.top, place / width);
  }
  c.y /= static_cast<double>(c.pixels.size());
  c.x /= static_cast<double>(c.pixels.size());
  return c;
}

/// As one reads: a line of coins ends where a coin begins below the centre of the line's first.
inline void sort_by_lines(std::vector<coin>& coins) {
  std::sort(coins.begin(), coins.end(), [](const coin& a, const coin& b) { return a.y < b.y; });
  for (auto line = coins.begin(); line != coins.end();) {
    const auto next =
        std::find_if(line, coins.end(), [&](const coin& c) { return static_cast<double>(c.top) > line->y; });
    std::sort(line, next, [](const coin& a, const coin& b) { return a.x < b.x; });
    line = next;
  }
}

}  // namespace detail

/// The coins in the network's output (1, 3, H, W), in reading order.
inline std::vector<coin> find_coins(const tenfold::tensor<float>& output) {
  const index_t height = output.shape()[2];
  const index_t width = output.shape()[3];
  std::vector<bool> cores = detail::coin_cores(output);
  std::vector<coin> coins;
  for (index_t place = 0; place < height * width; ++place) {
    if (!cores[static_cast<std::size_t>(place)]) continue;
    auto pixels = detail::take_component(cores, place, height, width);
    if (static_cast<index_t>(pixels.size()) >= least_area) coins.push_back(detail::make_coin(std::move(pixels), width));
  }
  detail::sort_by_lines(coins);
  return coins;
}

/// (H, W): the number of the coin, from 1, that a pixel belongs to, or 0. The cores are grown by `reach` pixels, so
/// that they cover the rims; where two meet, the nearer one wins.
inline tenfold::tensor<std::int32_t> label_coins(const std::vector<coin>& coins, index_t height, index_t width,
                                                 index_t reach) {
  tenfold::tensor<std::int32_t> labels({height, width});
  std::vector<std::pair<index_t, index_t>> front;  // place, distance
  for (std::size_t i = 0; i < coins.size(); ++i)
    for (const index_t place : coins[i].pixels) {
      labels.data()[place] = static_cast<std::int32_t>(i + 1);
      front.emplace_back(place, 0);
    }
  for (std::size_t next = 0; next < front.size(); ++next) {
    const auto [from, distance] = front[next];
    if (distance == reach) break;
    detail::for_each_neighbour(from, height, width, [&, from = from, distance = distance](index_t place) {
      if (labels.data()[place] != 0) return;
      labels.data()[place] = labels.data()[from];
      front.emplace_back(place, distance + 1);
    });
  }
  return labels;
}

}  // namespace segment
