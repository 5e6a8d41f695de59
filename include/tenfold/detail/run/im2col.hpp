// im2col and col2im, a tap of all blocks at a time.
#pragma once

#include <tenfold/im2col.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Of one dimension the blocks whose tap is inside the image, and the line of the first (0 where there are none: it
/// might be far outside), from which those of the others lie `step` apart (0 where there are none).
struct tap_lines {
  index_range blocks;
  index_t first;
  index_t step;

  tap_lines(const axis& a, index_t tap)
      : blocks(a.points_inside(tap)),
        first(blocks.size() > 0 ? a.line(blocks.begin, tap) : 0),
        step(blocks.size() > 1 ? a.stride : 0) {}
};

template <class T>
void run_im2col(const im2col_geometry& g, const T* image, T* columns, const context& ctx) {
  if (g.batch == 0) return;  // no memory stands behind the other sizes then
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), copy_tap<T>);
  const index_t taps = g.taps(), blocks = g.blocks();
  parallel_ranges(ctx, g.batch * g.channels * taps, 0.2 * static_cast<double>(blocks), [&](index_t begin, index_t end) {
    for (index_t r = begin; r < end; ++r) {
      const tap_lines down(g.h, r % taps / g.w.taps), along(g.w, r % taps % g.w.taps);
      T* row = columns + r * blocks;
      fill(row, row + down.blocks.begin * g.w.points, T{});
      kernel(down.blocks.size(), along.blocks.size(), g.w.stride,
             image + (r / taps * g.h.extent + down.first) * g.w.extent + along.first, down.step * g.w.extent,
             row + down.blocks.begin * g.w.points, along.blocks.begin, g.w.points - along.blocks.end);
      fill(row + down.blocks.end * g.w.points, row + blocks, T{});
    }
  });
}

/// Every pixel adds its copies by ascending tap, as in PyTorch. An image is summed up in bands of rows that stay in L1,
/// but hold enough of every tap to be worth a call.
template <class T>
void run_col2im(const im2col_geometry& g, const T* columns, T* image, const context& ctx) {
  if (g.batch == 0) return;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), add_tap<T>);
  const index_t taps = g.taps(), blocks = g.blocks();
  const index_t row_bytes = g.w.extent * static_cast<index_t>(sizeof(T));
  const index_t most_rows = (std::max)(l1_bytes / 2 / row_bytes, 8 * (std::min)(g.h.stride, g.h.extent));
  const index_t bands = ceil_divide(g.h.extent, most_rows);
  const double band_ns = 0.3 * static_cast<double>(taps) * static_cast<double>(blocks) / static_cast<double>(bands);
  parallel_ranges(ctx, g.batch * g.channels * bands, band_ns, [&](index_t begin, index_t end) {
    for (index_t b = begin; b < end; ++b) {
      const index_t plane = b / bands, top = b % bands * most_rows;
      axis rows = g.h;
      rows.origin -= top;
      rows.extent = (std::min)(most_rows, g.h.extent - top);
      T* band = image + (plane * g.h.extent + top) * g.w.extent;
      fill(band, band + rows.extent * g.w.extent, T{});
      for (index_t tap = 0; tap < taps; ++tap) {
        const tap_lines down(rows, tap / g.w.taps), along(g.w, tap % g.w.taps);
        kernel(down.blocks.size(), along.blocks.size(), g.w.stride,
               columns + (plane * taps + tap) * blocks + down.blocks.begin * g.w.points + along.blocks.begin,
               g.w.points, band + down.first * g.w.extent + along.first, down.step * g.w.extent);
      }
    }
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
