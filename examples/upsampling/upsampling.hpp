// Four ways to twice the height and width, of pictures (1, 1, H, W), each with one layer of weights.
#pragma once

#include <tenfold/tenfold.hpp>

#include <cstdint>

namespace upsampling {

namespace tf = tenfold;
using tf::index_t;

/// Weights (O, I, k, k) as they may be before training: from 0 to 1, by a formula that other programs can repeat, and
/// so scaled that the outputs are as bright as the input.
inline tf::tensor<float> untrained(const tf::shape& s, std::uint32_t seed, double brightness) {
  tf::tensor<float> w(s);
  double sum = 0;
  for (index_t i = 0; i < w.size(); ++i) {
    const std::uint32_t hash = (static_cast<std::uint32_t>(i) + 97 * seed + 1) * 2654435761u;
    w.data()[i] = static_cast<float>(hash >> 16) / 65536;
    sum += static_cast<double>(w.data()[i]);
  }
  for (index_t i = 0; i < w.size(); ++i) w.data()[i] *= static_cast<float>(brightness / sum);
  return w;
}

/// A transposed convolution. With a kernel of 3 some outputs are the sum of one product, others of two or four
/// (overlap_count); with 4 each is of four.
inline tf::tensor<float> transposed(const tf::tensor<float>& x, index_t kernel, std::uint32_t seed) {
  const auto w = untrained({1, 1, kernel, kernel}, seed, 4);
  return tf::conv_transpose2d(x, w, {.stride = 2, .padding = 1, .output_padding = kernel % 2});
}

/// Odena, Dumoulin and Olah, 2016: resize first, then a convolution of stride 1, which treats all outputs alike.
inline tf::tensor<float> resized(const tf::tensor<float>& x, std::uint32_t seed) {
  return tf::conv2d(tf::upsample_nearest2d(x, tf::scale(2)), untrained({1, 1, 3, 3}, seed, 1), {.padding = 1});
}

/// Shi and others, 2016: a convolution to four channels, whose pixels are woven into one picture.
inline tf::tensor<float> sub_pixel(const tf::tensor<float>& x, const tf::tensor<float>& weight) {
  return tf::pixel_shuffle(tf::conv2d(x, weight, {.padding = 1}), 2);
}

/// Aitken and others, 2017 (ICNR): the weights of the r * r channels of one output begin alike, so that sub_pixel
/// begins as a convolution with a nearest resize behind it.
///   weight  (O, I, kh, kw)
///   returns (O * r * r, I, kh, kw)
inline tf::tensor<float> icnr(const tf::tensor<float>& weight, index_t r) {
  tf::shape s = weight.shape();
  const index_t filter = s[1] * s[2] * s[3];
  s[0] *= r * r;
  auto repeated = tf::tensor<float>::uninitialized(s);
  for (index_t o = 0; o < s[0]; ++o)
    for (index_t i = 0; i < filter; ++i) repeated.data()[o * filter + i] = weight.data()[o / (r * r) * filter + i];
  return repeated;
}

}  // namespace upsampling
