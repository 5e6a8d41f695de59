// im2col and col2im, a tap of all blocks at a time.
#pragma once

#include <tenfold/im2col.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// How far apart `rows` rows are: no step from one row to the next may be huge.
inline index_t row_pitch(index_t rows, index_t stride, index_t width) { return rows > 1 ? stride * width : 0; }

/// The blocks [begin, end) of one dimension whose tap `k` lies inside the image, and the place of the first of them (0
/// where there are none: it might be far outside).
struct tap_range {
  index_t begin;
  index_t end;
  index_t place;
};

inline tap_range taps_inside(index_t k, index_t image, index_t blocks, index_t dilation, index_t padding,
                             index_t stride) {
  const auto steps = [=](index_t distance) { return stride == 1 ? distance : ceil_divide(distance, stride); };
  const index_t first = k * dilation - padding;  // where block 0 has this tap
  const index_t begin = (std::min)(blocks, first < 0 ? steps(-first) : 0);
  const index_t end = (std::min)(blocks, first < image ? steps(image - first) : 0);
  return begin < end ? tap_range{begin, end, first + begin * stride} : tap_range{begin, begin, 0};
}

template <class T>
void run_im2col(const im2col_geometry& g, const T* image, T* columns, const context& ctx) {
  if (g.batch == 0) return;  // no memory stands behind the other sizes then
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), copy_tap<T>);
  const im2col_options& o = g.options;
  const index_t taps = o.kernel_size.h * o.kernel_size.w;
  const index_t blocks = g.blocks.h * g.blocks.w;
  parallel_ranges(ctx, g.batch * g.channels * taps, 0.2 * static_cast<double>(blocks), [&](index_t begin, index_t end) {
    for (index_t r = begin; r < end; ++r) {
      const index_t i = r % taps / o.kernel_size.w, j = r % o.kernel_size.w;
      const tap_range down = taps_inside(i, g.image.h, g.blocks.h, o.dilation.h, o.padding.h, o.stride.h);
      const tap_range along = taps_inside(j, g.image.w, g.blocks.w, o.dilation.w, o.padding.w, o.stride.w);
      const T* from = image + (r / taps * g.image.h + down.place) * g.image.w + along.place;
      T* row = columns + r * blocks;
      fill(row, row + down.begin * g.blocks.w, T{});
      const index_t rows = down.end - down.begin;
      kernel(rows, along.end - along.begin, o.stride.w, from, row_pitch(rows, o.stride.h, g.image.w),
             row + down.begin * g.blocks.w, along.begin, g.blocks.w - along.end);
      fill(row + down.end * g.blocks.w, row + blocks, T{});
    }
  });
}

/// Every pixel adds its copies by ascending tap, as in PyTorch. An image is summed up in bands of rows that stay in L1,
/// but hold enough of every tap to be worth a call.
template <class T>
void run_col2im(const im2col_geometry& g, const T* columns, T* image, const context& ctx) {
  if (g.batch == 0) return;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), add_tap<T>);
  const im2col_options& o = g.options;
  const index_t taps = o.kernel_size.h * o.kernel_size.w;
  const index_t blocks = g.blocks.h * g.blocks.w;
  const index_t row_bytes = g.image.w * static_cast<index_t>(sizeof(T));
  const index_t most_rows = (std::max)(l1_bytes / 2 / row_bytes, 8 * (std::min)(o.stride.h, g.image.h));
  const index_t bands = ceil_divide(g.image.h, most_rows);
  const double band_ns = 0.3 * static_cast<double>(taps) * static_cast<double>(blocks) / static_cast<double>(bands);
  parallel_ranges(ctx, g.batch * g.channels * bands, band_ns, [&](index_t begin, index_t end) {
    for (index_t b = begin; b < end; ++b) {
      const index_t plane = b / bands, top = b % bands * most_rows;
      const index_t rows = (std::min)(most_rows, g.image.h - top);
      T* band = image + (plane * g.image.h + top) * g.image.w;
      fill(band, band + rows * g.image.w, T{});
      for (index_t tap = 0; tap < taps; ++tap) {
        const index_t i = tap / o.kernel_size.w, j = tap % o.kernel_size.w;
        const tap_range down = taps_inside(i, rows, g.blocks.h, o.dilation.h, o.padding.h + top, o.stride.h);
        const tap_range along = taps_inside(j, g.image.w, g.blocks.w, o.dilation.w, o.padding.w, o.stride.w);
        const index_t summed = down.end - down.begin;
        kernel(summed, along.end - along.begin, o.stride.w,
               columns + (plane * taps + tap) * blocks + down.begin * g.blocks.w + along.begin, g.blocks.w,
               band + down.place * g.image.w + along.place, row_pitch(summed, o.stride.h, g.image.w));
      }
    }
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
