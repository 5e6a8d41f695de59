// Options and shapes -> checked plain int64s, once per call, for the operations that work plane by plane.
#pragma once

#include <tenfold/detail/axis.hpp>

namespace tenfold::inline v0::plain {

/// An operation on `planes` images (in.h, in.w) that answers images (out.h, out.w).
struct plane_geometry {
  index_t planes = 0;
  hw in = 0;
  hw out = 0;
  shape output_shape;
};

struct upsample2d_geometry : plane_geometry {
  /// Input pixels per output pixel where the caller gave a scale, else 0: then in / out.
  double step_h = 0;
  double step_w = 0;
  bool align_corners = false;
  /// Of the nearest ones, that whose source is the one below the middle of the output.
  bool exact = false;
};

/// A pooling of `planes` images, whose points are the outputs.
struct pool2d_geometry {
  index_t planes = 0;
  axis h{}, w{};
  shape output_shape;
};

/// Of averages: what a window's sum is divided by is the size of the window, with the lines of padding that it covers
/// (as many may lie behind the image as before it) or without, or a number that the caller gave.
struct avg_pool2d_geometry : pool2d_geometry {
  bool counts_padding = true;
  index_t divisor = 0;  // the caller's, or 0

  /// The lines that a point's window counts in a dimension.
  TENFOLD_TAG index_t counted(const axis& a, index_t point) const {
    if (!counts_padding) return a.lines_inside(point).size();
    const index_t first = a.line(point, 0);
    return (std::min)(first + a.taps, a.extent - a.origin) - first;
  }
};

enum class grid_mode { bilinear, nearest };
enum class grid_padding { zeros, border, reflection };

/// Sampling of images (batch, channels, in.h, in.w) at places of their own for each image: (batch, out.h, out.w, 2).
struct grid_sample_geometry {
  index_t batch = 0;
  index_t channels = 0;
  hw in = 0;
  hw out = 0;
  grid_mode mode = grid_mode::bilinear;
  grid_padding padding = grid_padding::zeros;
  bool align_corners = false;
  shape output_shape;
};

}  // namespace tenfold::inline v0::plain

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::avg_pool2d_geometry;
using plain::grid_mode;
using plain::grid_padding;
using plain::grid_sample_geometry;
using plain::plane_geometry;
using plain::pool2d_geometry;
using plain::upsample2d_geometry;

/// The product of the dimensions before the last two.
constexpr index_t plane_count(const shape& s) {
  index_t planes = 1;
  for (std::size_t i = 0; i + 2 < s.size(); ++i) planes = checked_multiply(planes, s[i]);
  return planes;
}

/// The shape with its last two dimensions replaced.
constexpr shape with_planes_of(shape s, const hw& size) {
  s[s.size() - 2] = size.h;
  s[s.size() - 1] = size.w;
  return s;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
