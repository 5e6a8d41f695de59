// The pictures: all maps of a layer beside each other, and what one of them saw.
#pragma once

#include "common/crop.hpp"

#include <tenfold/upsample2d.hpp>

#include <algorithm>  // max, max_element, minmax_element

namespace vgg16 {

using tenfold::index_t;

/// The smallest square of so many cells.
inline index_t cells_a_side(index_t count) {
  index_t side = 1;
  while (side * side < count) ++side;
  return side;
}

/// All values, from 0 for the least to 1 for the greatest.
inline void stretch(tenfold::tensor<float>& x) {
  const auto [least, most] = std::minmax_element(x.data(), x.data() + x.size());
  const float from = *least, range = *most - *least;
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] = range > 0 ? (x.data()[i] - from) / range : 0.0f;
}

/// maps (1, C, h, w) -> a grey picture (1, 3, H, W): row by row, a line of the least value between them, stretched over
/// all of them.
inline tenfold::tensor<float> draw_grid(tenfold::tensor<float> maps) {
  stretch(maps);
  const index_t count = maps.shape()[1], height = maps.shape()[2], width = maps.shape()[3];
  const index_t side = cells_a_side(count);
  tenfold::tensor<float> grid({1, 3, side * (height + 1) + 1, side * (width + 1) + 1});
  for (index_t map = 0; map < count; ++map) {
    const index_t top = map / side * (height + 1) + 1, left = map % side * (width + 1) + 1;
    for (index_t c = 0; c < 3; ++c)
      for (index_t y = 0; y < height; ++y)
        for (index_t x = 0; x < width; ++x) grid(0, c, top + y, left + x) = maps(0, map, y, x);
  }
  return grid;
}

/// Made so high; enlarged pixels of a grid stay squares.
inline tenfold::tensor<float> of_height(const tenfold::tensor<float>& x, index_t height, bool squares) {
  const tenfold::hw size{height, (std::max<index_t>)(1, x.shape()[3] * height / x.shape()[2])};
  return squares && height >= x.shape()[2] ? tenfold::upsample_nearest2d(x, size)
                                           : tenfold::upsample_bilinear2d(x, size);
}

/// A red frame, two pixels thick, round one of the `count` maps of a grid of any size.
inline void frame(tenfold::tensor<float>& grid, index_t map, index_t count) {
  const index_t side = cells_a_side(count), height = grid.shape()[2], width = grid.shape()[3];
  const index_t top = map / side * height / side, bottom = (map / side + 1) * height / side;
  const index_t left = map % side * width / side, right = (map % side + 1) * width / side;
  for (index_t y = top; y < bottom; ++y)
    for (index_t x = left; x < right; ++x) {
      if (y >= top + 2 && y < bottom - 2 && x >= left + 2 && x < right - 2) continue;
      for (index_t c = 0; c < 3; ++c) grid(0, c, y, x) = c == 0 ? 1.0f : 0.1f;
    }
}

/// The channel with the greatest activation, the first of several.
inline index_t strongest(const tenfold::tensor<float>& maps) {
  const float* const most = std::max_element(maps.data(), maps.data() + maps.size());
  return (most - maps.data()) / (maps.shape()[2] * maps.shape()[3]);
}

}  // namespace vgg16
