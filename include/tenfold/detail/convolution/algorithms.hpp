// Both lists of algorithms, conv2d's and conv_transpose2d's, and the choice among one's entries.
#pragma once

#include <tenfold/detail/convolution/depthwise.hpp>
#include <tenfold/detail/convolution/direct.hpp>
#include <tenfold/detail/convolution/few_pixels.hpp>
#include <tenfold/detail/convolution/gemm_col2im.hpp>
#include <tenfold/detail/convolution/one_pixel.hpp>
#include <tenfold/detail/convolution/products.hpp>
#include <tenfold/detail/convolution/winograd.hpp>

#include <span>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Best first, general last. Tests force each entry through context::algorithm. Integers leave out what cannot compute
/// them, and gemm_per_tap: a seventh of the time to compile their list, for dilated layers alone.
template <class T>
inline constexpr convolution_algorithm<T> conv2d_algorithms[] = {
    winograd_algorithm<conv2d_3x3, T, 4>::entry,
    winograd_algorithm<conv2d_3x3, T, 2>::entry,
    few_pixels<T>::entry,
    depthwise<T>::entry,
    direct_algorithm<false, T>::entry,
    product_algorithm<convolution_regions, T>::entry,
    product_algorithm<whole_convolution, T>::entry,
};

template <std::integral T>
inline constexpr convolution_algorithm<T> conv2d_algorithms<T>[] = {
    few_pixels<T>::entry,
    direct_algorithm<false, T>::entry,
    product_algorithm<whole_convolution, T>::entry,
};

template <class T>
inline constexpr convolution_algorithm<T> conv_transpose2d_algorithms[] = {
    winograd_algorithm<conv_transpose2d_3x3, T, 4>::entry,
    winograd_algorithm<conv_transpose2d_3x3, T, 2>::entry,
    winograd_algorithm<conv_transpose2d_stride_2, T, 4>::entry,
    winograd_algorithm<conv_transpose2d_stride_2, T, 2>::entry,
    one_pixel<T>::entry,
    direct_algorithm<true, T>::entry,
    gemm_col2im<T>::entry,
    product_algorithm<transposed_phases, T>::entry,
};

template <std::integral T>
inline constexpr convolution_algorithm<T> conv_transpose2d_algorithms<T>[] = {
    one_pixel<T>::entry,
    direct_algorithm<true, T>::entry,
    gemm_col2im<T>::entry,
    product_algorithm<transposed_phases, T>::entry,
};

template <class T>
using algorithm_list = std::span<const convolution_algorithm<T>>;

template <bool Transposed, class T>
constexpr algorithm_list<T> algorithms_of() {
  if constexpr (Transposed)
    return conv_transpose2d_algorithms<T>;
  else
    return conv2d_algorithms<T>;
}

/// A context names an algorithm that the list has not, or not for these shapes.
template <class T>
[[noreturn]] TENFOLD_COLD void raise_no_algorithm(algorithm_list<T> list, const char* op, const convolution_geometry& g,
                                                  const context& ctx) {
  std::string can;
  for (const convolution_algorithm<T>& a : list)
    if (a.applies(g, ctx)) can.append(can.empty() ? "" : ", ").append(a.name);
  raise({op, " has no algorithm '", ctx.algorithm, "' for these shapes"}, "those that it has: " + can);
}

/// The cheapest algorithm of the list for a batch of so many images, or the one that the context names, or an error
/// that names the operation. The choice depends on neither the batch nor the threads nor the workspace, so that the
/// results' bits do not either.
template <class T>
const convolution_algorithm<T>& choose_algorithm(algorithm_list<T> list, const char* op, const convolution_geometry& g,
                                                 const context& ctx, bool packed, index_t images = 1) {
  convolution_geometry usual = g;
  usual.batch = images;
  const convolution_algorithm<T>* best = nullptr;
  double least = 0;
  for (const convolution_algorithm<T>& a : list) {
    if ((!ctx.algorithm.empty() && ctx.algorithm != a.name) || !a.applies(g, ctx)) continue;
    const double cost = a.estimate(usual, ctx, packed);
    if (best && cost >= least) continue;
    best = &a;
    least = cost;
  }
  if (!best) raise_no_algorithm(list, op, g, ctx);
  return *best;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
