// Examples to learn from: pieces of the photograph, turned, mirrored and lit otherwise, with their labels.
#pragma once

#include "labels.hpp"
#include "random.hpp"

#include <tenfold/tensor.hpp>

#include <algorithm>  // clamp
#include <utility>    // swap

namespace training {

namespace tf = tenfold;

/// The photograph and what is to be said of it. Columns from `split` on are held out: no crop reaches into them.
struct lesson {
  tf::tensor<float> picture;  // (1, 3, H, W), grey
  tf::tensor<float> target;   // (3, H, W)
  index_t split;

  index_t height() const { return target.shape()[1]; }
  index_t width() const { return target.shape()[2]; }
};

/// Two thirds of the picture's columns are for learning.
inline lesson make_lesson(tf::tensor<float> picture) {
  auto target = make_target(find_coin_mask(picture));
  const index_t split = picture.shape()[3] * 2 / 3;
  return {std::move(picture), std::move(target), split};
}

struct batch {
  tf::tensor<float> pictures, targets;  // (N, 3, size, size)
};

namespace detail {

/// One of the eight symmetries of a square of the picture.
struct crop_place {
  index_t top, left, size;
  bool transposed, upside_down, mirrored;

  /// The picture's pixel (row * width + column) that comes to (y, x) of the crop.
  index_t source(index_t y, index_t x, index_t width) const {
    if (transposed) std::swap(y, x);
    if (upside_down) y = size - 1 - y;
    if (mirrored) x = size - 1 - x;
    return (top + y) * width + left + x;
  }
};

inline crop_place draw_place(const lesson& from, index_t size, random_stream& random) {
  crop_place p{};
  p.size = size;
  p.top = random.below(from.height() - size + 1);
  p.left = random.below(from.split - size + 1);
  p.transposed = random.below(2) == 1;
  p.upside_down = random.below(2) == 1;
  p.mirrored = random.below(2) == 1;
  return p;
}

/// Another contrast, brightness and slope of the light over the crop, and a little noise.
struct lighting {
  float contrast, brightness, slope_y, slope_x;

  float operator()(float value, float y, float x, random_stream& random) const {  // y, x from -1/2 to 1/2
    constexpr float noise = 0.035f;
    return std::clamp(value * contrast + brightness + slope_y * y + slope_x * x + random.uniform(-noise, noise), 0.0f,
                      1.0f);
  }
};

inline lighting draw_lighting(random_stream& random) {
  lighting l{};
  l.contrast = random.uniform(0.7f, 1.3f);
  l.brightness = random.uniform(-0.2f, 0.2f);
  l.slope_y = random.uniform(-0.2f, 0.2f);
  l.slope_x = random.uniform(-0.2f, 0.2f);
  return l;
}

inline void fill_crop(batch& b, index_t n, const lesson& from, index_t size, random_stream& random) {
  const crop_place place = draw_place(from, size, random);
  const lighting light = draw_lighting(random);
  const index_t plane = from.height() * from.width();
  for (index_t y = 0; y < size; ++y)
    for (index_t x = 0; x < size; ++x) {
      const index_t source = place.source(y, x, from.width());
      const auto middle = [&](index_t i) { return (static_cast<float>(i) + 0.5f) / static_cast<float>(size) - 0.5f; };
      const float grey = light(from.picture.data()[source], middle(y), middle(x), random);
      for (index_t c = 0; c < 3; ++c) {
        b.pictures(n, c, y, x) = grey;
        b.targets(n, c, y, x) = from.target.data()[c * plane + source];
      }
    }
}

}  // namespace detail

/// `count` crops of size x size pixels, which the learning columns have.
inline batch draw_batch(const lesson& from, index_t count, index_t size, random_stream random) {
  batch b{tf::tensor<float>::uninitialized({count, 3, size, size}),
          tf::tensor<float>::uninitialized({count, 3, size, size})};
  for (index_t n = 0; n < count; ++n) detail::fill_crop(b, n, from, size, random);
  return b;
}

}  // namespace training
