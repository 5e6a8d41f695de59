// The gradient of a convolution's weight: sums over the pixels of all images.
//
//     grad_weight[o, c, i, j] (+)= sum over n, oh, ow of grad_output[n, o, oh, ow] * input[n, c, oh * stride.h -
//                                  padding.h + i * dilation.h, ow * stride.w - padding.w + j * dilation.w]
//
// It is a convolution, too, with images and channels exchanged, so that its algorithms are entries of a list as theirs
// are; their operands' weight is grad_output, their output grad_weight. A transposed convolution's is that of the
// convolution that leads back, of grad_output with the input.
#pragma once

#include <tenfold/detail/convolution/direct_weight_gradient.hpp>
#include <tenfold/detail/convolution/weight_product.hpp>
#include <tenfold/detail/convolution/winograd_weight_gradient.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
inline constexpr convolution_algorithm<T> weight_gradient_algorithms[] = {
    weight_winograd<T>::entry,
    weight_direct<T>::entry,
    weight_product<T>::entry,
};

/// grad_bias[o] (+)= the sum of grad_output[n, o, pixel] over n and pixels: each plane's pairwise, then the planes'
/// pairwise.
template <class T>
class bias_gradient {
 public:
  bias_gradient(const T* grad_output, index_t images, index_t channels, index_t plane, const context& ctx)
      : line_(TENFOLD_KERNEL(chosen_isa(ctx), sum_of_line<T>)),
        from_(grad_output),
        images_(images),
        channels_(channels),
        plane_(plane) {}

  void run(const context& ctx, bool adds, T* grad_bias) const {
    const double channel_ns = 0.1 * static_cast<double>(images_) * static_cast<double>(plane_);
    parallel_ranges(ctx, channels_, channel_ns, [&](index_t begin, index_t end) {
      for (index_t c = begin; c < end; ++c) {
        const T terms = sum(c, 0, images_);
        grad_bias[c] = adds ? grad_bias[c] + terms : terms;
      }
    });
  }

 private:
  /// Of the images [begin, end).
  T sum(index_t channel, index_t begin, index_t end) const {
    if (end - begin == 1) return line_(plane_, from_ + (begin * channels_ + channel) * plane_);
    const index_t half = begin + (end - begin) / 2;
    return sum(channel, begin, half) + sum(channel, half, end);
  }

  T (*line_)(index_t n, const T* x);
  const T* from_;
  index_t images_, channels_, plane_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
