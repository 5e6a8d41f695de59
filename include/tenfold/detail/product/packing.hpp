// Operands into panels: what the micro-kernel reads, from wherever it lies.
#pragma once

#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/product/operands.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Offsets of a panel's rows and of a block's columns, or of both kinds the other way round. On the stack: 4 KiB.
struct offset_tables {
  index_t row[most_nr];
  index_t column[largest_kc];

  offset_tables() {}  // NOLINT(modernize-use-equals-default): leaves them as they are
};

/// How many of the first offsets are those of neighbours.
inline index_t length_of_line(const index_t* offset, index_t count) {
  index_t length = 1;
  while (length < count && offset[length] == offset[0] + length) ++length;
  return length;
}

/// The panel of rows [i, i + count) x columns [p, p + depth) of A.
///   t.column  the offsets of these columns
template <class T>
void pack_panel_of_a(const matrix_product<T>& g, const gemm_kernels<T>& kernel, const T* a, index_t i, index_t count,
                     index_t depth, offset_tables& t, T* panel) {
  const index_t height = kernel.height_of(count);
  fill_offsets(g.a_row, i, count, t.row);
  if (g.a_column.stride[2] == 1)
    for (index_t p = 0, run; p < depth; p += run) {
      run = length_of_line(t.column + p, depth - p);
      kernel.pack_transpose(a + t.column[p], t.row, count, run, height, panel + p * height);
    }
  else if (g.a_row.lines() && count == kernel.mr)
    kernel.pack_lines(a + t.row[0], t.column, depth, panel);
  else
    kernel.pack_gather(a, t.row, count, t.column, depth, height, panel);
}

/// Rows [i0, i0 + rows) x columns [p, p + depth) of A in panels.
template <class T>
void pack_a(const matrix_product<T>& g, const gemm_kernels<T>& kernel, const T* a, index_t i0, index_t rows, index_t p,
            index_t depth, offset_tables& t, T* packed) {
  fill_offsets(g.a_column, p, depth, t.column);
  for (index_t i = 0; i < rows; i += kernel.mr, packed += depth * kernel.mr + kernel.lanes)
    pack_panel_of_a(g, kernel, a, i0 + i, (std::min)(kernel.mr, rows - i), depth, t, packed);
}

/// Rows [i, i + rows) x columns [p, p + columns) of A for all groups, by packed_layout; the columns are whole blocks.
template <class T>
void pack_chunk(const matrix_product<T>& g, const gemm_kernels<T>& kernel, const context& ctx, index_t i, index_t rows,
                index_t p, index_t columns, T* packed) {
  constexpr index_t panels_per_task = 8;
  const packed_layout layout(g, kernel, rows);
  const index_t kc = std::max<index_t>(1, g.kc());
  const index_t blocks_of_part = ceil_divide(g.part(), kc);
  const index_t blocks = columns >= g.k ? g.parts * blocks_of_part : ceil_divide(columns, kc);
  const index_t stretch = panels_per_task * kernel.mr, stretches = ceil_divide(rows, stretch);
  parallel_tasks(ctx, g.groups * blocks * stretches, [&](index_t, index_t task) {
    offset_tables tables;
    const index_t first = task % stretches * stretch, block = task / stretches % blocks,
                  group = task / stretches / blocks;
    const index_t at = block / blocks_of_part * g.part() + block % blocks_of_part * kc;
    const index_t depth = g.rows_of_block(p + at);
    pack_a<T>(g, kernel, g.a + group * g.a_group_stride, i + first, (std::min)(stretch, rows - first), p + at, depth,
              tables, packed + group * layout.at(columns) + layout.at(at) + first / kernel.mr * layout.panel(depth));
  });
}

/// The pixels [begin, begin + count) of a grid `width` wide as runs of neighbours; pixel (y, x) lies at
/// (y - y0) * line + (x - x0) * step. Returns the number of runs.
inline index_t find_runs(index_t begin, index_t count, index_t width, index_t y0, index_t x0, index_t line,
                         index_t step, pixel_run* runs) {
  index_t found = 0;
  index_t y = begin / width;
  index_t x = begin % width;
  for (index_t done = 0; done < count; ++y, x = 0) {
    const index_t length = (std::min)(width - x, count - done);
    runs[found++] = {done, length, (y - y0) * line + (x - x0) * step};
    done += length;
  }
  return found;
}

/// The pixels [begin, begin + count) of `first` neighbours and others that begin at `second`.
inline index_t find_two_runs(index_t begin, index_t count, index_t first, index_t second, pixel_run* runs) {
  const index_t before = std::clamp<index_t>(first - begin, 0, count);
  index_t found = 0;
  if (before > 0) runs[found++] = {0, before, begin};
  if (before < count) runs[found++] = {before, count - before, second + begin + before - first};
  return found;
}

/// Taps [first, last), counted by (channel, kernel row, kernel column), and the box of the kernel that they lie in:
/// whole channels, else whole rows of the kernel, else taps of one row.
struct tap_box {
  index_t first, last;
  index_t channel, channels;
  index_t row0, column0;
  axis h, w;
  tile_axis tile_h, tile_w;

  tap_box(index_t first_tap, index_t last_tap, const axis& all_h, const axis& all_w)
      : tap_box(first_tap, last_tap, all_h, all_w, rows_of(first_tap, last_tap, all_h, all_w)) {}

  index_t line() const { return tile_w.size(); }
  index_t plane() const { return tile_h.size() * tile_w.size(); }
  index_t size() const { return channels * plane(); }

  /// table[t] = where the tile has tap first + t of the first point,   t < last - first
  void offsets(const axis& all_h, const axis& all_w, index_t* table) const {
    index_t row = first / all_w.taps % all_h.taps, column = first % all_w.taps, channel_at = 0;
    for (index_t left = last - first; left > 0; column = 0) {  // without divisions, which took a fifth of a small panel
      const index_t row_at = channel_at + tile_h.slot(row - row0) * line();
      for (; column < all_w.taps && left > 0; ++column, --left) *table++ = row_at + tile_w.slot(column - column0);
      if (++row < all_h.taps) continue;
      row = 0;
      channel_at += plane();
    }
  }

 private:
  struct ranges {
    index_range rows, columns;
  };
  static ranges rows_of(index_t first, index_t last, const axis& h, const axis& w) {
    const index_t per_channel = h.taps * w.taps;
    const index_range all{0, w.taps};
    if (first / per_channel != (last - 1) / per_channel) return {{0, h.taps}, all};
    const index_range rows{first % per_channel / w.taps, (last - 1) % per_channel / w.taps + 1};
    return {rows, rows.size() > 1 ? all : index_range{first % w.taps, first % w.taps + last - first}};
  }
  tap_box(index_t first_tap, index_t last_tap, const axis& all_h, const axis& all_w, const ranges& in)
      : first(first_tap),
        last(last_tap),
        channel(first / (all_h.taps * all_w.taps)),
        channels((last - 1) / (all_h.taps * all_w.taps) - channel + 1),
        row0(in.rows.begin),
        column0(in.columns.begin),
        h(all_h.part(row0, in.rows.size(), 0, all_h.points)),
        w(all_w.part(column0, in.columns.size(), 0, all_w.points)),
        tile_h(h),
        tile_w(w) {}
};

/// The longest stretch of taps from `first` on whose box fits `most` elements. One tap always fits.
inline tap_box fitting_box(index_t first, index_t end, const axis& h, const axis& w, index_t most) {
  tap_box box(first, end, h, w);
  for (const index_t unit : {h.taps * w.taps, w.taps, index_t{1}}) {
    if (box.size() <= most) return box;
    index_t low = (first / unit + 1) * unit;  // the least and the most whole units that may fit
    if (low >= box.last) continue;
    index_t high = (box.last - 1) / unit * unit;
    box = tap_box(first, low, h, w);
    if (box.size() > most) continue;
    while (low < high) {
      const index_t middle = low + ceil_divide((high - low) / unit, 2) * unit;
      const tap_box wider(first, middle, h, w);
      if (wider.size() <= most) {
        low = middle;
        box = wider;
      } else {
        high = middle - unit;
      }
    }
    return box;
  }
  return box;
}

/// Packs a block of B, rows [p, p + depth) x columns [j, j + columns), into panels of NR columns.
template <class T>
class b_packer {
 public:
  /// `tile` has `most` elements and a vector of slack, where the operand is read through one.
  b_packer(const right_operand<T>& b, index_t offset, index_t k, index_t n, const gemm_kernels<T>& kernel, T* tile,
           index_t most)
      : b_(b), data_(b.data + offset), k_(k), n_(n), kernel_(kernel), tile_(tile), most_(most) {}

  static index_t panel_stride(const gemm_kernels<T>& kernel, index_t depth) { return depth * kernel.nr + kernel.lanes; }

  void pack(index_t p, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    switch (b_.kind) {
      case operand_kind::matrix:
        return b_.column == 1 ? pack_lines(p, depth, j, columns, t, panels)
                              : pack_columns(p, depth, j, columns, t, panels);
      case operand_kind::inside:
        return pack_inside(p, depth, j, columns, t, panels);
      case operand_kind::taps:
        return pack_taps(p, depth, j, columns, t, panels);
      case operand_kind::points:
        return pack_points(p, depth, j, columns, t, panels);
    }
  }

 private:
  /// A matrix whose rows are lines: row by row, through all panels that are full.
  void pack_lines(index_t p, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    const index_t full = columns / kernel_.nr * kernel_.nr, stride = panel_stride(kernel_, depth);
    kernel_.pack_rows(data_ + p * b_.row + j, b_.row, depth, full / kernel_.nr, stride, panels);
    if (full == columns) return;
    for (index_t q = 0; q < depth; ++q) t.column[q] = (p + q) * b_.row;
    const pixel_run rest{0, columns - full, j + full};
    pack_rest(data_, (k_ - 1) * b_.row + n_, &rest, 1, depth, t, panels + full / kernel_.nr * stride);
  }

  /// Any other matrix, whose columns may be lines.
  void pack_columns(index_t p, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    const index_t nr = kernel_.nr;
    for (index_t q = 0; q < depth; ++q) t.column[q] = (p + q) * b_.row;
    for (index_t x = 0; x < columns; x += nr, panels += panel_stride(kernel_, depth)) {
      const index_t count = (std::min)(nr, columns - x);
      for (index_t r = 0; r < count; ++r) t.row[r] = (j + x + r) * b_.column;
      if (b_.row == 1)
        kernel_.pack_transpose(data_ + p, t.row, count, depth, nr, panels);
      else
        kernel_.pack_gather(data_, t.row, count, t.column, depth, nr, panels);
    }
  }

  /// An image whose padding no tap reads: a panel is some runs of its lines.
  void pack_inside(index_t p, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    const index_t nr = kernel_.nr, first = b_.h.origin * b_.w.extent + b_.w.origin;
    fill_offsets({{b_.h.taps, b_.w.taps, b_.channels}, {b_.h.step * b_.w.extent, b_.w.step, b_.channel_stride}}, p,
                 depth, t.column);
    pixel_run runs[most_nr];
    for (index_t x = 0; x < columns; x += nr, panels += panel_stride(kernel_, depth)) {
      const index_t found =
          find_runs(j + x, (std::min)(nr, columns - x), b_.w.points, 0, 0, b_.h.stride * b_.w.extent, 1, runs);
      if (runs[0].length == nr)
        kernel_.pack_contiguous(data_ + first + runs[0].offset, t.column, depth, panels);
      else
        pack_rest(data_ + first, b_.channels * b_.channel_stride - first, runs, found, depth, t, panels);
    }
  }

  /// A panel of runs by whole vectors, which must not read behind the `readable` elements, where the memory may end.
  ///   t.column  the rows' offsets
  void pack_rest(const T* from, index_t readable, const pixel_run* runs, index_t found, index_t depth, offset_tables& t,
                 T* panel) const {
    index_t reach = 0;
    for (index_t r = 0; r < found; ++r)
      reach = (std::max)(reach, runs[r].offset + round_up(runs[r].length, kernel_.lanes));
    index_t inside = depth;
    while (inside > 0 && t.column[inside - 1] + reach > readable) --inside;
    kernel_.pack_runs(from, t.column, inside, runs, found, panel);
    if (inside == depth) return;
    for (index_t r = 0; r < found; ++r)
      for (index_t x = 0; x < runs[r].length; ++x) t.row[runs[r].begin + x] = runs[r].offset + x;
    const index_t count = runs[found - 1].begin + runs[found - 1].length;
    kernel_.pack_gather(from, t.row, count, t.column + inside, depth - inside, kernel_.nr, panel + inside * kernel_.nr);
  }

  /// An image through a tile that holds the lines of the points, with zeros around the image. Of a block that is the
  /// end of a line and the beginning of the next, but less than a line, it holds these two parts, which may be far
  /// apart.
  void pack_taps(index_t p0, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    const index_t width = b_.w.points, y0 = j / width, y1 = (j + columns - 1) / width;
    const bool two_parts = y0 != y1 && columns < width;
    const index_t first_part = two_parts ? width - j % width : columns;
    const index_t x0 = y0 == y1 || two_parts ? j % width : 0;
    const index_t points = two_parts ? (std::max)(first_part, columns - first_part) : y0 == y1 ? columns : width;
    const axis h = b_.h.part(0, b_.h.taps, y0, two_parts ? 1 : y1 - y0 + 1), w = b_.w.part(0, b_.w.taps, x0, points);
    for (index_t p = p0; p < p0 + depth;) {
      const tap_box box = fitting_box(p, p0 + depth, h, w, two_parts ? most_ / 2 : most_);
      fill_tile(data_, box, tile_);
      if (two_parts) {
        const axis next_h = b_.h.part(0, b_.h.taps, y1, 1), next_w = b_.w.part(0, b_.w.taps, 0, points);
        fill_tile(data_, tap_box(p, box.last, next_h, next_w), tile_ + box.size());
      }
      box.offsets(h, w, t.column);
      pixel_run runs[most_nr];
      T* panel = panels + (p - p0) * kernel_.nr;
      for (index_t x = 0; x < columns; x += kernel_.nr, panel += panel_stride(kernel_, depth)) {
        const index_t count = (std::min)(kernel_.nr, columns - x);
        const index_t found = two_parts ? find_two_runs(x, count, first_part, box.size(), runs)
                                        : find_runs(j + x, count, width, y0, x0, box.line(), 1, runs);
        pack_panel(runs, found, box.last - p, t, panel);
      }
      p = box.last;
    }
  }

  void pack_panel(const pixel_run* runs, index_t found, index_t taps, const offset_tables& t, T* panel) const {
    if (runs[0].length == kernel_.nr)
      kernel_.pack_contiguous(tile_ + runs[0].offset, t.column, taps, panel);
    else
      kernel_.pack_runs(tile_, t.column, taps, runs, found, panel);
  }

  /// The transpose: a panel's columns are taps. Its rows, points, are taken line by line (of whole lines of an image,
  /// as many at a time as the tile holds) and brought from lines of the tile into columns.
  void pack_points(index_t p0, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    if (b_.is_identity()) return pack_pixels(p0, depth, j, columns, t, panels);
    const index_t width = b_.w.points, height = b_.h.points;
    for (index_t x = 0; x < columns; x += kernel_.nr, panels += panel_stride(kernel_, depth)) {
      const index_t count = (std::min)(kernel_.nr, columns - x);
      for (index_t p = p0, some; p < p0 + depth; p += some) {
        const index_t line = p / width, y = line % height, x0 = p % width, left = p0 + depth - p;
        const axis w = b_.w.part(0, b_.w.taps, x0, (std::min)(width - x0, left));
        index_t lines = x0 == 0 ? (std::min)(height - y, std::max<index_t>(1, left / width)) : 1;
        while (lines > 1 && tap_box(j + x, j + x + count, b_.h.part(0, b_.h.taps, y, lines), w).size() > most_)
          lines = ceil_divide(lines, 2);
        some = lines * w.points;
        pack_rectangle(data_ + line / height * b_.next_image, j + x, count, b_.h.part(0, b_.h.taps, y, lines), w, t,
                       panels + (p - p0) * kernel_.nr);
      }
    }
  }

  /// The same where points are pixels and columns channels.
  void pack_pixels(index_t p0, index_t depth, index_t j, index_t columns, offset_tables& t, T* panels) const {
    const index_t plane = b_.h.points * b_.w.points;
    for (index_t x = 0; x < columns; x += kernel_.nr, panels += panel_stride(kernel_, depth)) {
      const index_t count = (std::min)(kernel_.nr, columns - x);
      for (index_t r = 0; r < count; ++r) t.row[r] = (j + x + r) * b_.channel_stride;
      for (index_t p = p0, some; p < p0 + depth; p += some) {
        some = (std::min)(plane - p % plane, p0 + depth - p);
        kernel_.pack_transpose(data_ + p / plane * b_.next_image + p % plane, t.row, count, some, kernel_.nr,
                               panels + (p - p0) * kernel_.nr);
      }
    }
  }

  /// panel(y * w.points + x, r) = tap first + r of point (y, x) of an image,   r < count; 0 for count <= r < NR
  void pack_rectangle(const T* image, index_t first, index_t count, const axis& h, const axis& w, offset_tables& t,
                      T* panel) const {
    const tap_box box = fitting_box(first, first + count, h, w, most_);
    if (box.last < first + count) return pack_parts(image, first, count, h, w, t, panel);
    fill_tile(image, box, tile_);
    box.offsets(h, w, t.row);
    for (index_t y = 0; y < h.points; ++y)
      kernel_.pack_transpose(tile_ + y * box.line(), t.row, count, w.points, kernel_.nr,
                             panel + y * w.points * kernel_.nr);
  }

  /// The same where the tile holds some of the taps only.
  void pack_parts(const T* image, index_t first, index_t count, const axis& h, const axis& w, offset_tables& t,
                  T* panel) const {
    const index_t nr = kernel_.nr;
    for (index_t r = 0; r < nr;) {
      if (r >= count) {
        for (index_t i = 0; i < h.points * w.points; ++i) fill(panel + i * nr + r, panel + (i + 1) * nr, T{});
        return;
      }
      const tap_box box = fitting_box(first + r, first + count, h, w, most_);
      fill_tile(image, box, tile_);
      box.offsets(h, w, t.row);
      for (index_t q = 0; q < box.last - box.first; ++q, ++r)
        for (index_t y = 0; y < h.points; ++y)
          for (index_t x = 0; x < w.points; ++x)
            panel[(y * w.points + x) * nr + r] = tile_[t.row[q] + y * box.line() + x];
    }
  }

  void fill_tile(const T* image, const tap_box& box, T* line) const {
    for (index_t c = 0; c < box.channels; ++c) {
      const T* plane = image + (box.channel + c) * b_.channel_stride;
      for (index_t i = 0; i < box.tile_h.groups; ++i)
        for (index_t y = 0; y < box.tile_h.lines; ++y) {
          const index_t source = box.h.line(y, i);
          const bool inside = source >= 0 && source < box.h.extent;
          for (index_t j = 0; j < box.tile_w.groups; ++j, line += box.tile_w.lines)
            kernel_.copy_line(plane + (inside ? source * b_.w.extent : 0), inside ? box.w.extent : 0, box.w.line(0, j),
                              box.w.stride, box.tile_w.lines, line);
        }
    }
  }

  const right_operand<T>& b_;
  const T* data_;
  index_t k_, n_;
  const gemm_kernels<T>& kernel_;
  T* tile_;
  index_t most_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
