#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/reference.hpp>

#include "hash.hpp"

#include <cstdio>

static_assert(std::size(tenfold::detail::isa_list) == 1 && tenfold::detail::isa_list[0] == tenfold::isa::avx512);

bool equals_reference();
std::uint64_t hash_of_avx512_alone();

namespace {

namespace tf = tenfold;

bool equal(const char* what, const tf::tensor<float>& a, const tf::tensor<float>& b) {
  for (tf::index_t i = 0; i < a.size(); ++i)
    if (!(a.data()[i] == b.data()[i])) {
      std::printf("%s: %g, not %g, at %d\n", what, static_cast<double>(a.data()[i]), static_cast<double>(b.data()[i]),
                  static_cast<int>(i));
      return false;
    }
  return true;
}

tf::tensor<float> ones(const tf::shape& shape) {
  tf::tensor<float> x(shape);
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] = 1;
  return x;
}

/// Zeros and one large number, so that sums are exact. Winograd's guard sums its tiles directly.
tf::tensor<float> one_large_number(const tf::shape& shape) {
  tf::tensor<float> x(shape);
  x.data()[x.size() / 2] = 0x1p80F;
  return x;
}

}  // namespace

bool equals_reference() {
  bool all = true;
  tf::context ctx;
  const auto x = one_large_number({2, 33, 19, 29}), bias = ones({40});
  for (const char* algorithm : {"winograd_2x2", "winograd_4x4"}) {
    ctx.algorithm = algorithm;
    const auto w = ones({40, 33, 3, 3});
    all &= equal(algorithm, tf::conv2d(x, w, bias, {.padding = 1}, ctx),
                 tf::reference::conv2d(x, w, bias, {.padding = 1}));
  }
  for (const char* algorithm : {"winograd_phases_2x2", "winograd_phases_4x4"}) {
    ctx.algorithm = algorithm;
    const auto w = ones({33, 40, 4, 4});
    all &= equal(algorithm, tf::conv_transpose2d(x, w, bias, {.stride = 2, .padding = 1}, ctx),
                 tf::reference::conv_transpose2d(x, w, bias, {.stride = 2, .padding = 1}));
  }
  ctx.algorithm = "direct";
  const auto deep = ones({33, 1, 3, 3});
  all &= equal("direct", tf::conv2d(x, deep, {.padding = 1, .groups = 33}, ctx),
               tf::reference::conv2d(x, deep, {.padding = 1, .groups = 33}));
  all &= equal("direct, transposed", tf::conv_transpose2d(x, deep, {.stride = 2, .groups = 33}, ctx),
               tf::reference::conv_transpose2d(x, deep, {.stride = 2, .groups = 33}));
  return all;
}

std::uint64_t hash_of_avx512_alone() { return hash_of_convolutions(); }
