// One dimension of an operation that slides over an image: the one noun from which windows, tiles, regions and phases
// derive.
//
//     tap t of point x is line   origin + x * stride + t * step,   inside the image where it lies in [0, extent)
//
// Points are what an operation has many of (outputs of a convolution or a pooling, blocks of im2col), taps what belongs
// to each of them. A transposed convolution is told the other way round: its outputs fall into phases, each of which is
// an axis of stride 1.
#pragma once

#include <tenfold/shape.hpp>

#include <algorithm>  // clamp, max, min

namespace tenfold::inline v0::plain {

/// [begin, end) of something.
struct index_range {
  index_t begin;
  index_t end;

  TENFOLD_TAG index_t size() const { return end - begin; }
};

struct axis {
  index_t taps = 1;
  index_t points = 1;
  index_t stride = 1;
  index_t step = 1;
  index_t origin = 0;
  index_t extent = 1;

  TENFOLD_TAG index_t line(index_t point, index_t tap) const { return origin + point * stride + tap * step; }

  /// Whether each point has one tap, its own line.
  TENFOLD_TAG bool is_identity() const {
    return taps == 1 && origin == 0 && points == extent && (stride == 1 || points == 1);
  }

  /// Whether the only point's taps are all lines, in their order.
  TENFOLD_TAG bool is_one_of_all() const {
    return points == 1 && taps == extent && origin == 0 && (step == 1 || taps == 1);
  }

  TENFOLD_TAG axis part(index_t first_tap, index_t tap_count, index_t first_point, index_t point_count) const {
    return {tap_count, point_count, stride, step, line(first_point, first_tap), extent};
  }

  /// The points that have this tap inside. Where there are none both ends are equal.
  TENFOLD_TAG index_range points_inside(index_t tap) const {
    const auto steps = [this](index_t way) { return stride == 1 ? way : detail::ceil_divide(way, stride); };
    const index_t first = line(0, tap);
    const index_t begin = (std::min)(points, first < 0 ? steps(-first) : 0);
    const index_t end = (std::min)(points, first < extent ? steps(extent - first) : 0);
    return {begin, (std::max)(begin, end)};
  }

  /// The taps of a point that are inside; the step is positive.
  TENFOLD_TAG index_range taps_inside(index_t point) const {
    const index_t first = line(point, 0);
    const index_t begin = first < 0 ? (std::min)(taps, detail::ceil_divide(-first, step)) : 0;
    const index_t end = first < extent ? (std::min)(taps, detail::ceil_divide(extent - first, step)) : 0;
    return begin < end ? index_range{begin, end} : index_range{0, 0};
  }

  /// The lines of a point that are inside: begin, begin + step, ... below end. Where there are none, begin is the first
  /// line of a tap, be it one too many, that is not before the image.
  TENFOLD_TAG index_range lines_inside(index_t point) const {
    const index_t first = line(point, 0);
    const index_t begin = first < 0 ? first + detail::ceil_divide(-first, step) * step : first;
    return {begin, (std::min)(first + span(), extent)};
  }

  /// The lines from a point's first tap to its last, and those that so many points reach.
  TENFOLD_TAG index_t span() const { return (taps - 1) * step + 1; }
  TENFOLD_TAG index_t lines(index_t count) const { return (count - 1) * stride + span(); }
};

}  // namespace tenfold::inline v0::plain

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::axis;
using plain::index_range;

/// How a tile stores a part of an axis so that the points of a tap are neighbours. The taps fall into groups; a group
/// is a stretch of lines `stride` apart in the image, and tap t of point x is the tile's line
///     slot(t) + x,   slot(t) = t % groups * lines + t / groups * shift
/// Either the taps of equal residue modulo the stride share a group (their stretches overlap), or, where they are so
/// far apart that this stores more lines than there are (tap, point) pairs, each tap has its own. So a tile is never
/// larger than the block of the column matrix it stands for.
struct tile_axis {
  index_t groups;
  index_t lines;
  index_t shift;

  explicit tile_axis(const axis& a) {
    const index_t common = common_divisor(a.stride, a.step);
    groups = (std::min)(a.stride / common, a.taps);
    shift = a.step / common;
    // Stretches further apart than they are long never share a line (and their ends might overflow).
    const bool apart = shift > a.points;
    lines = a.points + (apart ? 0 : (a.taps - 1) / groups * shift);
    if (apart || groups * lines > a.taps * a.points) {
      groups = a.taps;
      shift = 0;
      lines = a.points;
    }
  }
  index_t size() const { return groups * lines; }
  index_t slot(index_t tap) const { return groups == 1 ? tap * shift : tap % groups * lines + tap / groups * shift; }
};

/// Neighbouring points that have the same taps inside.
struct axis_region {
  index_range points;
  index_range taps;
};

/// The region that begins with a point.
inline axis_region region_from(const axis& a, index_t point) {
  axis_region region{{point, a.points}, a.taps_inside(point)};
  for (index_t t = 0; t < a.taps; ++t) {
    const index_range with = a.points_inside(t);
    for (const index_t change : {with.begin, with.end})
      if (change > point) region.points.end = (std::min)(region.points.end, change);
  }
  return region;
}

/// Output lines of a transposed convolution that see the same taps: those of `phases` consecutive phases from `first`
/// on, where line q * stride + phase is point q of its phase. Tap k of point q of phase first + i is the kernel's
///     tap + i * next_tap + k * tap_step   and reads input line   q + line - k * line_step
/// so that a phase is a convolution of stride 1, and neighbouring ones that read the same lines are one with more
/// channels.
struct axis_phase {
  index_t first;
  index_t phases;
  index_t taps;  // of each
  index_t tap;
  index_t next_tap;
  index_t tap_step;
  index_t line;
  index_t line_step;

  /// By ascending input line: the last tap comes first.
  axis reads(index_t points, index_t extent) const {
    return {taps, points, 1, line_step, line - (taps - 1) * line_step, extent};
  }
  index_t last_tap() const { return tap + (taps - 1) * tap_step; }
};

/// One dimension of a transposed convolution: input line y reaches the output lines y * stride - padding + t *
/// dilation.
struct transposed_axis {
  index_t kernel;
  index_t stride;
  index_t padding;
  index_t dilation;

  /// One phase alone.
  axis_phase phase(index_t phase) const {
    const bool wraps = phase >= stride - offset();  // phase + offset >= stride, which might overflow
    const index_t residue = wraps ? phase - (stride - offset()) : phase + offset();
    const index_t shift = floor_divide(padding, stride) + wraps;
    const index_t common = common_divisor(stride, dilation);
    const index_t period = stride / common;
    const index_t tap = first_tap(residue, (std::min)(kernel, period));
    if (tap < 0) return {phase, 1, 0, 0, 0, 0, 0, 0};
    const index_t taps = (kernel - 1 - tap) / period + 1;
    const index_t line = shift - (tap * dilation - residue) / stride;
    if (taps == 1) return {phase, 1, 1, tap, 0, 0, line, 0};  // the period may be anything
    return {phase, 1, taps, tap, 0, period, line, dilation / common};
  }

  /// From this phase on, as many as see the same lines.
  axis_phase phases_from(index_t first) const {
    axis_phase merged = phase(first);
    if (merged.taps == 0) merged.phases = until_hit(first);
    while (merged.taps > 0 && first + merged.phases < stride) {
      const axis_phase next = phase(first + merged.phases);
      if (next.taps != merged.taps || next.line != merged.line) break;
      const index_t step = (next.tap - merged.tap) / merged.phases;
      if (merged.phases == 1) merged.next_tap = step;
      if (merged.tap + merged.phases * merged.next_tap != next.tap) break;
      ++merged.phases;
    }
    return merged;
  }

 private:
  /// padding modulo stride, toward minus infinity.
  index_t offset() const { return padding - floor_divide(padding, stride) * stride; }

  /// The least i < taps with i * dilation = residue (mod stride), or -1.
  index_t first_tap(index_t residue, index_t taps) const {
    if (dilation == 1) return residue < taps ? residue : -1;
    for (index_t i = 0; i < taps; ++i)
      if (i * dilation % stride == residue) return i;
    return -1;
  }

  /// How many phases from this one on no tap hits.
  index_t until_hit(index_t first) const {
    index_t distance = stride - first;
    for (index_t i = 0; i < kernel; ++i) {
      const index_t ahead = i * dilation % stride - offset();
      const index_t hit = ahead < 0 ? ahead + stride : ahead;
      if (hit >= first) distance = (std::min)(distance, hit - first);
    }
    return distance;
  }
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
