// Parts of a picture (1, C, H, W), and pictures beside each other.
#pragma once

#include <tenfold/upsample2d.hpp>

#include <algorithm>  // copy, fill, min

namespace images {

using tenfold::index_t;

/// The rows from `top` and the columns from `left` on, which must be there.
inline tenfold::tensor<float> crop(const tenfold::tensor<float>& x, index_t top, index_t left, index_t height,
                                   index_t width) {
  auto part = tenfold::tensor<float>::uninitialized({1, x.shape()[1], height, width});
  for (index_t c = 0; c < x.shape()[1]; ++c)
    for (index_t h = 0; h < height; ++h)
      std::copy(&x(0, c, top + h, left), &x(0, c, top + h, left) + width, &part(0, c, h, 0));
  return part;
}

/// The middle of a picture that is at least as large.
inline tenfold::tensor<float> middle(const tenfold::tensor<float>& x, index_t height, index_t width) {
  return crop(x, (x.shape()[2] - height) / 2, (x.shape()[3] - width) / 2, height, width);
}

/// The largest square in the middle, made `side` pixels wide and high.
inline tenfold::tensor<float> square(const tenfold::tensor<float>& x, index_t side) {
  const index_t most = (std::min)(x.shape()[2], x.shape()[3]);
  const auto part = middle(x, most, most);
  return most == side ? part : tenfold::upsample_bilinear2d(part, tenfold::hw{side, side});
}

/// Two pictures of one height, a white line between them.
inline tenfold::tensor<float> side_by_side(const tenfold::tensor<float>& left, const tenfold::tensor<float>& right) {
  constexpr index_t gap = 8;
  const index_t height = left.shape()[2];
  const index_t begin = left.shape()[3] + gap;
  tenfold::tensor<float> both({1, 3, height, begin + right.shape()[3]});
  std::fill(both.data(), both.data() + both.size(), 1.0f);
  for (index_t c = 0; c < 3; ++c)
    for (index_t y = 0; y < height; ++y) {
      std::copy(&left(0, c, y, 0), &left(0, c, y, 0) + left.shape()[3], &both(0, c, y, 0));
      std::copy(&right(0, c, y, 0), &right(0, c, y, 0) + right.shape()[3], &both(0, c, y, 0) + begin);
    }
  return both;
}

}  // namespace images
