// Which tiles Winograd's algorithms may compute.
//
// The error of a transformed tile follows the largest magnitude that the tile holds, and all weights of an output
// channel. An output's own sum has only its window, and of the weights those that meet the image. So that
//
//     |y - exact| <= c * eps * largest magnitude of the window * sum of the weights' magnitudes that it meets
//
// holds for each output, the tile has to be balanced: with X the largest magnitude of the tile, x the least of its
// windows' largest ones, S the sum of an output channel's weights' magnitudes and s the part of it that the tile's
// most cut window meets,
//
//     X <= winograd_range_of_values * x   and   X * S <= winograd_range * x * s                                  (1)
//
// the latter for all channels of a vector. Other tiles are summed directly, as are those whose transforms might leave
// the range of the numbers. All follows from the values of the tile and the weights of the channels alone. The
// derivation of c, and what was measured, is in docs/winograd_error.md.
#pragma once

#include <tenfold/detail/kernel_table.hpp>

#include <algorithm>  // clamp
#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The imbalance of a tile up to which it is transformed, and X / x alone. A power of two costs as many bits of the
/// result in the worst case. Of the tiles of a photograph, and of the activations of a trained network with 16 to 64
/// channels, 0.5 % have X / x above 8, none above 16. Where all weights are alike S / s is 2.25 in the corner of an
/// image padded by 1; in that of a transposed convolution without padding, whose outputs there meet one tap only, 9.
inline constexpr int winograd_range = 32;
inline constexpr int winograd_range_of_values = 16;

/// No transform magnifies a tile's largest magnitude times a channel's sum of weights by more (docs/winograd_error.md).
inline constexpr int winograd_magnification = 256;

/// A magnitude below which rounding is that of subnormal numbers, in transforms that magnify it too.
template <class T>
inline constexpr T winograd_tiny = (std::numeric_limits<T>::min)() / std::numeric_limits<T>::epsilon() * 8;

/// Constants: code of std::numeric_limits would be shared by files of all flags.
template <class T>
inline constexpr T winograd_largest = (std::numeric_limits<T>::max)();
template <class T>
inline constexpr T winograd_infinity = std::numeric_limits<T>::infinity();

/// Where weights are tiny, the largest magnitude of a tile that is transformed: so the absolute error is at most
/// 2^-120 in float (of 9 * 4096 terms, magnified 256 times), the relative one may be anything.
inline constexpr int winograd_most_of_tiny = 1024;

/// Cuts of a tile are at most the taps, 3, on either side, so there are few of them.
inline constexpr index_t winograd_cuts = 256;

constexpr index_t code_of(const winograd_cut& c) {
  return ((c.before_h * 4 + c.behind_h) * 4 + c.before_w) * 4 + c.behind_w;
}

/// Of `taps` taps, a dilation apart from line `first` on, those before the image, and those behind it of `extent`
/// lines.
inline index_t taps_before(index_t first, index_t dilation, index_t taps) {
  return first >= 0 ? 0 : (std::min)(taps, ceil_divide(-first, dilation));
}
inline index_t taps_behind(index_t first, index_t dilation, index_t taps, index_t extent) {
  if (first + (taps - 1) * dilation < extent) return 0;
  return first >= extent ? taps : taps - ceil_divide(extent - first, dilation);
}

/// winograd_range * x / X; negative where the tile never passes.
template <class T>
T tile_balance(T largest, T least) {
  if (largest == 0) return winograd_infinity<T>;
  const T balance = least / largest;
  if (largest >= winograd_tiny<T> && balance * winograd_range_of_values >= 1) return winograd_range * balance;
  return -1;
}

/// The largest magnitude of a tile that channels with these sums of weights let pass; negative for none.
template <class T>
T most_of_tile(const T* sums, index_t count) {
  T largest = 1;
  bool tiny = false;
  for (index_t o = 0; o < count; ++o) {
    if (!(sums[o] <= largest)) largest = sums[o];
    if (!(largest <= winograd_largest<T>)) return -1;
    tiny = tiny || (sums[o] > 0 && sums[o] < winograd_tiny<T>);
  }
  const T most = winograd_largest<T> / (2 * winograd_magnification) / largest;
  if (most < 1) return -1;  // the transformed weights themselves may leave the range
  return tiny && most > winograd_most_of_tiny ? winograd_most_of_tiny : most;
}

/// The tiles of one block and phase, as the guard sees them.
template <class T>
struct winograd_tiles {
  T* largest;              // (tiles) magnitudes
  T* balance;              // (tiles)
  unsigned char* cut;      // (tiles) their places among the block's cuts
  T most;                  // of largest
  T least[winograd_cuts];  // of balance, for each cut

  /// Whether all tiles pass: share (cuts) as the kernel gives it, most as most_of_tile does.
  bool pass(T most_of_channels, const T* share, index_t cuts) const {
    bool all = most <= most_of_channels;
    for (index_t k = 0; k < cuts; ++k) all = all && share[k] <= least[k];
    return all;
  }
  bool passes(index_t t, T most_of_channels, const T* share) const {
    return largest[t] <= most_of_channels && share[cut[t]] <= balance[t];
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
