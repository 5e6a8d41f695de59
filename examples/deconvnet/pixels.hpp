// What DeconvNet sees of a picture.
#pragma once

#include <tenfold/tensor.hpp>

#include <cmath>  // nearbyint

namespace deconvnet {

/// A picture of red, green and blue from 0 to 1 -> blue, green and red from 0 to 255, in whole numbers, less the mean
/// of the pictures by which the network was trained.
inline tenfold::tensor<float> pixels(const tenfold::tensor<float>& picture) {
  using tenfold::index_t;
  constexpr float mean[] = {104.00698793f, 116.66876762f, 122.67891434f};
  auto result = tenfold::tensor<float>::uninitialized(picture.shape());
  const index_t plane = picture.shape()[2] * picture.shape()[3];
  for (index_t c = 0; c < 3; ++c)
    for (index_t i = 0; i < plane; ++i)
      result.data()[c * plane + i] = std::nearbyint(255 * picture.data()[(2 - c) * plane + i]) - mean[c];
  return result;
}

}  // namespace deconvnet
