// The classes of a segmentation, as numbers, as a table and as colours: PASCAL VOC's.
#pragma once

#include "common/crop.hpp"

#include <tenfold/tensor.hpp>

#include <algorithm>  // sort
#include <array>
#include <cstdio>  // printf
#include <iterator>
#include <string>
#include <vector>

namespace classes {

using tenfold::index_t;

inline constexpr const char* voc_names[] = {
    "background", "aeroplane", "bicycle",      "bird",  "boat",         "bottle", "bus",
    "car",        "cat",       "chair",        "cow",   "dining table", "dog",    "horse",
    "motorbike",  "person",    "potted plant", "sheep", "sofa",         "train",  "tv monitor"};

/// The class of each pixel: the channel with the greatest score, the first of several. scores (1, C, H, W) -> (H, W)
inline tenfold::tensor<index_t> most_likely(const tenfold::tensor<float>& scores) {
  const index_t plane = scores.shape()[2] * scores.shape()[3];
  tenfold::tensor<index_t> result({scores.shape()[2], scores.shape()[3]});
  for (index_t c = 1; c < scores.shape()[1]; ++c)
    for (index_t i = 0; i < plane; ++i)
      if (scores.data()[c * plane + i] > scores.data()[result.data()[i] * plane + i]) result.data()[i] = c;
  return result;
}

/// VOC's colour of a class: its bits, from the lowest on, are by turns the red's, the green's and the blue's highest.
constexpr std::array<float, 3> voc_colour(index_t number) {
  std::array<int, 3> bytes{};
  for (int bit = 7; bit >= 0; --bit, number >>= 3)
    for (std::size_t c = 0; c < 3; ++c) bytes[c] |= static_cast<int>(number >> c & 1) << bit;
  return {static_cast<float>(bytes[0]) / 255, static_cast<float>(bytes[1]) / 255, static_cast<float>(bytes[2]) / 255};
}

/// The picture (1, 3, H, W) beside itself with the classes' colours over it; class 0 leaves it as it is.
inline tenfold::tensor<float> draw(const tenfold::tensor<float>& picture, const tenfold::tensor<index_t>& map) {
  constexpr float share = 0.7f;
  auto coloured = picture;
  for (index_t i = 0; i < map.size(); ++i) {
    if (map.data()[i] == 0) continue;
    const auto colour = voc_colour(map.data()[i]);
    for (std::size_t c = 0; c < 3; ++c) {
      float& value = coloured.data()[static_cast<index_t>(c) * map.size() + i];
      value += share * (colour[c] - value);
    }
  }
  return images::side_by_side(picture, coloured);
}

/// How much of the picture each class has, those with the most first, at most 6.
inline void print_shares(const tenfold::tensor<index_t>& map, index_t count) {
  std::vector<std::pair<index_t, index_t>> pixels;
  for (index_t c = 0; c < count; ++c) pixels.emplace_back(0, -c);
  for (index_t i = 0; i < map.size(); ++i) ++pixels[static_cast<std::size_t>(map.data()[i])].first;
  std::sort(pixels.rbegin(), pixels.rend());
  for (std::size_t i = 0; i < pixels.size() && i < 6 && pixels[i].first > 0; ++i) {
    const auto number = static_cast<std::size_t>(-pixels[i].second);
    const bool named = count == static_cast<index_t>(std::size(voc_names));
    std::printf("  %5.1f %%  %s\n", 100 * static_cast<double>(pixels[i].first) / static_cast<double>(map.size()),
                named ? voc_names[number] : ("class " + std::to_string(number)).c_str());
  }
}

}  // namespace classes
