// The bits of calls that are free to choose their algorithm, on avx512; for a file of any flags.
#pragma once

#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>

#include <cstdint>
#include <cstring>  // memcpy

namespace {

tenfold::tensor<float> sevenths(const tenfold::shape& shape) {
  tenfold::tensor<float> x(shape);
  for (tenfold::index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i * 7919 % 1009 - 504) / 7;
  return x;
}

std::uint64_t hash_of(const tenfold::tensor<float>& x, std::uint64_t hash) {
  for (tenfold::index_t i = 0; i < x.size(); ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, x.data() + i, sizeof bits);
    hash = (hash ^ bits) * 1099511628211U;  // FNV-1a
  }
  return hash;
}

std::uint64_t hash_of_convolutions() {
  std::uint64_t hash = 14695981039346656037U;
  tenfold::context ctx;
  ctx.isa = tenfold::isa::avx512;
  for (const tenfold::index_t channels : {4, 9, 16, 33})
    for (const tenfold::index_t side : {5, 13, 28}) {
      const auto x = sevenths({1, channels, side, side + 1});
      hash = hash_of(tenfold::conv2d(x, sevenths({channels + 1, channels, 3, 3}), {.padding = 1}, ctx), hash);
      hash = hash_of(tenfold::conv2d(x, sevenths({channels, 1, 3, 3}), {.groups = channels}, ctx), hash);
      const auto w = sevenths({channels, 10, 4, 4});
      hash = hash_of(tenfold::conv_transpose2d(x, w, {.stride = 2, .padding = 1}, ctx), hash);
    }
  return hash;
}

}  // namespace
