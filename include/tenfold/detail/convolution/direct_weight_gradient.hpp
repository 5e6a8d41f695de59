// The direct gradient of a convolution's weight, for convolutions of few channels a group, depthwise ones above all:
// their matrix products would have too few rows to fill a micro-kernel.
//
// Along a column, taps fall into groups that see the same lines of the image, each a stretch of them (tile_axis). Tap k
// of such a group meets line l of the stretch with line l - k * shift of grad_output, so that the gradient of a group
// of taps is the product of two lists of lines,
//
//     (outputs and taps k of the column)  x  (channels and taps of a row),
//
// each pair of which is a sum over pixels, lane by lane. Three of either list are multiplied at once. grad_output is
// read as it lies, the image from a tile whose lines are padded with zeros and parted by their residues of the stride.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/ordered_sum.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Lines that a group of taps sees.
struct gradient_stretch {
  index_t taps;
  index_range inside;  // of its lines, that which lies in the image
  index_t source;      // the image's line at inside.begin
};

/// One dimension of a block of points. Line l of a stretch meets point l - k * shift at its tap k.
struct gradient_range {
  index_t first, points;
  index_t groups;
  index_t lines;  // of a stretch
  index_t shift;
  index_t rows = 0;  // lines of all stretches that are inside
  const gradient_stretch* stretches;

  ///   table  (a.taps)
  gradient_range(const axis& a, index_t block, index_t size, gradient_stretch* table)
      : gradient_range(a.part(0, a.taps, block * size, (std::min)(size, a.points - block * size)), table) {
    first = block * size;
  }

 private:
  gradient_range(const axis& part, gradient_stretch* table) : points(part.points), stretches(table) {
    const tile_axis tile(part);
    groups = tile.groups;
    lines = tile.lines;
    shift = tile.shift;
    for (index_t group = 0; group < groups; ++group) {
      const index_t taps = ceil_divide(part.taps - group, groups);
      const axis stretch{points + (taps - 1) * shift, 1, 1, part.stride, part.line(0, group), part.extent};
      const index_range inside = stretch.taps_inside(0);
      table[group] = {taps, inside, stretch.line(0, inside.begin)};
      rows += inside.size();
    }
  }
};

/// How a gradient is cut. It follows from the geometry and the vectors' length alone, as the order of the additions
/// follows from it: the lanes of a block's pixels, the lanes' sums, the blocks of a chunk, the chunks. So
///
///     |error| <= gamma_t * sum |terms|,   t <= lines * vectors of a line + log2(lanes) + 2 + blocks of a chunk +
///     chunks
///
/// for the lines and vectors of a block, which are tile_bytes at most.
///
/// A worker needs 24 KiB for the tile, 16 KiB for copies of short lines, 4 KiB for tables; a piece's partial sum 16
/// KiB.
struct direct_gradient_plan {
  static constexpr index_t tile_bytes = l1_bytes * 3 / 4;
  static constexpr index_t few_bytes = l1_bytes / 2;
  static constexpr index_t most_side = 64;  // of a window

  axis h, w;
  index_t lanes;
  index_t element_bytes;
  index_t images = 1;  // of a block, which then has all points
  hw points;           // of a block
  index_t outputs;     // of a piece, which is a part of the outputs of one group
  index_t channels;    // of a tile
  hw blocks = 1;
  index_t image_blocks = 1;
  bool fits;  // whether such a block fits the smallest workspace

  direct_gradient_plan(const convolution_geometry& g, index_t lanes_, index_t element_bytes_)
      : h(rows_of(g)),
        w(columns_of(g)),
        lanes(lanes_),
        element_bytes(element_bytes_),
        points((std::min)(g.out.h, tile_bytes), (std::min)(g.out.w, tile_bytes)) {
    const double weights = d(g.in_channels) * d(g.kernel.h) * d(g.kernel.w);
    fits = weights > 0 && g.out_channels > 0 && g.batch > 0 && g.out.h > 0 && g.out.w > 0 &&
           weights * d(element_bytes) <= d(few_bytes) && (std::max)(g.kernel.h, g.kernel.w) <= most_side;
    if (!fits) return;
    outputs = (std::min)(g.out_channels, few_bytes / (std::max)(lanes, static_cast<index_t>(weights)) / element_bytes);
    outputs = ceil_divide(g.out_channels, ceil_divide(g.out_channels, outputs));
    fits = choose_points();
    if (!fits) return;
    choose_images(g.batch);
    channels = std::clamp<index_t>(static_cast<index_t>(d(tile_bytes) / tile_size()), 1, g.in_channels);
    blocks = {ceil_divide(h.points, points.h), ceil_divide(w.points, points.w)};
    image_blocks = ceil_divide(g.batch, images);
  }

  index_t all_blocks() const { return image_blocks * blocks.h * blocks.w; }
  /// Pieces of a group.
  index_t parts(const convolution_geometry& g) const { return ceil_divide(g.out_channels, outputs); }
  index_range outputs_of(const convolution_geometry& g, index_t part) const {
    return {part * outputs, (std::min)(g.out_channels, (part + 1) * outputs)};
  }

  /// Bytes of one channel of a tile.
  double tile_size() const {
    return d(images) * d(tile_axis(h.part(0, h.taps, 0, points.h)).size()) *
           d(tile_axis(w.part(0, w.taps, 0, points.w)).size()) * d(element_bytes);
  }
  /// Bytes of the lines of a block that are shorter than a vector.
  double short_size() const {
    const index_t last = w.points - (w.points - 1) / points.w * points.w;
    return last < lanes ? d(outputs) * d(images) * d(points.h) * d(lanes * element_bytes) : 0;
  }

 private:
  static double d(index_t i) { return static_cast<double>(i); }
  bool is_small() const { return tile_size() <= d(tile_bytes) && short_size() <= d(few_bytes); }

  /// Lines of 16 vectors are long enough; below that the blocks get lower, and have more lines that not all taps meet.
  bool choose_points() {
    while (!is_small()) {
      if (points.w > 16 * lanes || (points.h == 1 && points.w > lanes))
        points.w = round_up(ceil_divide(points.w, 2), lanes);
      else if (points.h > 1)
        points.h = ceil_divide(points.h, 2);
      else
        return false;
    }
    return true;
  }
  /// Until a sum has 64 vectors, which its start and end are worth.
  void choose_images(index_t batch) {
    if (points.h < h.points || points.w < w.points) return;
    const index_t vectors = points.h * ceil_divide(points.w, lanes);
    for (index_t most = std::clamp<index_t>(64 / vectors, 1, batch); most > 0; --most) {
      images = ceil_divide(batch, ceil_divide(batch, most));
      if (is_small()) return;
    }
  }
};

/// The tasks of one worker.
template <class T>
class direct_gradient_worker {
 public:
  direct_gradient_worker(const convolution_geometry& g, const convolution_operands<T>& operands,
                         const direct_gradient_plan& plan, const direct_gradient_kernels<T>& kernel,
                         scratch_cursor& cursor)
      : g_(g), operands_(operands), plan_(plan), kernel_(kernel), window_(g.kernel.h * g.kernel.w) {
    const auto elements = [](double bytes) { return static_cast<index_t>(bytes) / static_cast<index_t>(sizeof(T)); };
    tile_ = cursor.take<T>(plan.channels * elements(plan.tile_size()) + plan.lanes);
    short_lines_ = cursor.take<T>(elements(plan.short_size()));
    table_h_ = cursor.take<gradient_stretch>(g.kernel.h);
    table_w_ = cursor.take<gradient_stretch>(g.kernel.w);
  }

  /// The sums over blocks of neighbouring pieces.
  void run(const index_range& pieces, const index_range& blocks, T* result) {
    const index_t parts = plan_.parts(g_);
    for (index_t b = blocks.begin; b < blocks.end; ++b) {
      const gradient_range h(plan_.h, b / plan_.blocks.w % plan_.blocks.h, plan_.points.h, table_h_);
      const gradient_range w(plan_.w, b % plan_.blocks.w, plan_.points.w, table_w_);
      const index_t image = b / plan_.blocks.w / plan_.blocks.h * plan_.images;
      const block at{h, w, {image, (std::min)(g_.batch, image + plan_.images)}, b > blocks.begin};
      pad(w);
      T* to = result;
      index_t group = pieces.begin / parts, part = pieces.begin % parts;
      for (index_t p = pieces.begin; p < pieces.end; ++p) {
        const index_range outputs = plan_.outputs_of(g_, part);
        add_block(at, group, outputs, to);
        to += outputs.size() * g_.in_channels * window_;
        if (++part < parts) continue;
        part = 0;
        ++group;
      }
    }
  }

 private:
  struct block {
    const gradient_range &h, &w;
    index_range images;
    bool adds;  // to the sums of those before
  };
  /// One factor of the products: its first line, and how far apart they are.
  struct lines {
    const T* first;
    index_t line;
    index_t image;
    index_t channel;
  };

  void add_block(const block& at, index_t group, const index_range& outputs, T* result) {
    const lines gradient = gradient_lines(at, group, outputs);
    for (index_t c = 0; c < g_.in_channels; c += plan_.channels) {
      const index_range channels{c, (std::min)(g_.in_channels, c + plan_.channels)};
      lines image = fill_tile(at, group, channels);
      for (index_t i = 0; i < at.h.groups; ++i) {
        multiply(at, i, gradient, outputs.size(), image, channels, result);
        image.first += at.h.stretches[i].inside.size() * image.line;
      }
    }
  }

  /// What is read behind lines that are shorter than a vector are other lines; where there are none, they are copied.
  lines gradient_lines(const block& at, index_t group, const index_range& outputs) {
    const index_t plane = g_.out.h * g_.out.w, image = g_.groups * g_.out_channels * plane;
    const index_t begin = (group * g_.out_channels + outputs.begin) * plane + at.h.first * g_.out.w + at.w.first;
    const T* from = operands_.weight + at.images.begin * image + begin;
    const index_t columns = at.w.points, rows = at.h.points, lanes = plan_.lanes;
    const index_t last = (at.images.end - 1) * image + begin + (outputs.size() - 1) * plane + (rows - 1) * g_.out.w;
    if (columns >= lanes || g_.batch * image - last >= lanes) return {from, g_.out.w, image, plane};
    T* to = short_lines_;
    for (index_t n = 0; n < at.images.size(); ++n)
      for (index_t o = 0; o < outputs.size(); ++o, to += rows * lanes)
        kernel_.copy_rows(rows, columns, 1, from + n * image + o * plane, g_.out.w, to, lanes);
    return {short_lines_, lanes, outputs.size() * rows * lanes, rows * lanes};
  }

  /// Of each channel of the images all stretches of lines, one below the other.
  lines fill_tile(const block& at, index_t group, const index_range& channels) {
    const index_t plane = g_.in.h * g_.in.w, line = at.w.groups * at.w.lines;
    T* to = tile_;
    for (index_t n = at.images.begin; n < at.images.end; ++n) {
      const T* from = operands_.input + ((n * g_.groups + group) * g_.in_channels + channels.begin) * plane;
      for (index_t c = channels.begin; c < channels.end; ++c, from += plane)
        for (index_t i = 0; i < at.h.groups; ++i) {
          const index_t rows = at.h.stretches[i].inside.size();
          if (rows > 0) copy_stretch(from + at.h.stretches[i].source * g_.in.w, rows, at.w, to);
          to += rows * line;
        }
    }
    return {tile_, line, channels.size() * at.h.rows * line, at.h.rows * line};
  }
  void copy_stretch(const T* from, index_t rows, const gradient_range& w, T* to) {
    for (index_t j = 0; j < w.groups; ++j, to += w.lines) {
      const gradient_stretch& s = w.stretches[j];
      const index_t columns = s.inside.size();
      if (columns > 0)  // the stride of a single line or column may be huge
        kernel_.copy_rows(rows, columns, columns > 1 ? plan_.w.stride : 1, from + s.source,
                          rows > 1 ? plan_.h.stride * g_.in.w : 0, to + s.inside.begin, w.groups * w.lines);
    }
  }
  /// The padding of the tile's lines, which is the same for all pieces.
  void pad(const gradient_range& w) {
    if (w.first == padded_) return;
    padded_ = w.first;
    const index_t line = w.groups * w.lines;
    const index_t size = plan_.channels * (static_cast<index_t>(plan_.tile_size()) / static_cast<index_t>(sizeof(T)));
    for (T* to = tile_; to + line <= tile_ + size; to += line)
      for (index_t j = 0; j < w.groups; ++j) {
        T* stretch = to + j * w.lines;
        fill(stretch, stretch + w.stretches[j].inside.begin, T{});
        fill(stretch + w.stretches[j].inside.end, stretch + w.lines, T{});
      }
  }

  /// The products of stretch i: `gradient` begins with the block's first line, `image` with the stretch's first one
  /// that is inside.
  void multiply(const block& at, index_t i, const lines& gradient, index_t outputs, const lines& image,
                const index_range& channels, T* result) {
    const gradient_stretch& s = at.h.stretches[i];
    direct_gradient_problem<T>& p = problem_;
    p.gradient_line = gradient.line;
    p.gradient_image = gradient.image;
    p.image_line = image.line;
    p.image_image = image.image;
    p.images = at.images.size();
    p.columns = at.w.points;
    index_t place[most_gradient_factors];
    index_t o = 0, k = 0;
    for (index_t left = outputs * s.taps, count; left > 0; left -= count) {
      count = at_once(left);
      for (index_t a = 0; a < count; ++a) {
        const index_t shift = k * at.h.shift;
        const index_t begin = std::clamp(shift, s.inside.begin, s.inside.end);
        const index_t end = std::clamp(shift + at.h.points, begin, s.inside.end);
        p.begin[a] = begin - s.inside.begin;
        p.end[a] = end - s.inside.begin;
        p.gradient[a] = gradient.first + o * gradient.channel + (begin < end ? (begin - shift) * gradient.line : 0);
        place[a] = o * g_.in_channels * window_ + (i + k * at.h.groups) * g_.kernel.w;
        if (++o < outputs) continue;
        o = 0;
        ++k;
      }
      multiply_lines(at, place, count, image, channels, result);
    }
  }

  /// `count` lists of lines of grad_output, whose places in the result are those, with all of the tile.
  void multiply_lines(const block& at, const index_t* place, index_t count, const lines& image,
                      const index_range& channels, T* result) {
    const auto& kernels = kernel_.sums[count - 1];
    index_t from[most_gradient_factors];
    T sums[most_gradient_factors * most_gradient_factors];
    index_t c = 0, j = 0, stretch = 0, turn = 0;
    for (index_t left = channels.size() * g_.kernel.w, some; left > 0; left -= some) {
      some = at_once(left);
      for (index_t b = 0; b < some; ++b) {
        problem_.image[b] = image.first + c * image.channel + stretch * at.w.lines + turn * at.w.shift;
        from[b] = (channels.begin + c) * window_ + j;
        if (++stretch == at.w.groups) {
          stretch = 0;
          ++turn;
        }
        if (++j < g_.kernel.w) continue;
        j = stretch = turn = 0;
        ++c;
      }
      kernels[some - 1](problem_, sums);
      for (index_t a = 0; a < count; ++a)
        for (index_t b = 0; b < some; ++b) {
          T& to = result[place[a] + from[b]];
          to = at.adds ? to + sums[a * some + b] : sums[a * some + b];
        }
    }
  }
  /// Three, but rather two and two than three and one.
  static index_t at_once(index_t left) { return left == 4 ? 2 : (std::min)(left, most_gradient_factors); }

  const convolution_geometry& g_;
  const convolution_operands<T>& operands_;
  const direct_gradient_plan& plan_;
  const direct_gradient_kernels<T>& kernel_;
  index_t window_;
  T* tile_;
  T* short_lines_;
  gradient_stretch* table_h_;
  gradient_stretch* table_w_;
  direct_gradient_problem<T> problem_{};
  index_t padded_ = -1;  // the first column of the block whose padding the tile has
};

/// For each group: the multiply-adds of whole vectors, half a one more for each line, or the loads where few sums share
/// them; 120 for the start and the end of the sums of a block; three for a vector of the tile and four for a line of
/// it, or three an element where these lie far apart; and a hundred for the rest.
TENFOLD_COLD inline double direct_gradient_cost(const convolution_geometry& g, const direct_gradient_plan& plan,
                                                index_t vector_lanes) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const auto at_once = [](index_t factors) { return (std::min)(factors, most_gradient_factors); };
  const tile_axis h(plan.h.part(0, plan.h.taps, 0, plan.points.h)), w(plan.w.part(0, plan.w.taps, 0, plan.points.w));
  const index_t factors = g.out_channels * ceil_divide(g.kernel.h, h.groups), taps = g.in_channels * g.kernel.w;
  const double blocks = d(plan.blocks.h) * d(plan.blocks.w);
  double lines = 0;  // of all taps of a column
  for (index_t t = 0; t < plan.h.taps; ++t) lines += d(plan.h.points_inside(t).size());
  const double vectors = lines * (d(plan.blocks.w) * d(ceil_divide(plan.points.w, plan.lanes)) + 0.5);
  const double sums = d(at_once(factors) * at_once(taps)), loads = 1.3 * d(at_once(factors) + at_once(taps));
  const double multiply = d(g.out_channels) * d(taps) * vectors * greater(1, loads / sums);
  const double starts = 120 * blocks * d(h.groups) * d(ceil_divide(factors, 3)) * d(ceil_divide(taps, 3));
  const double line = g.stride.w > 2 ? 3 * d(w.size()) : 3 * d(w.groups) * d(ceil_divide(w.lines, plan.lanes)) + 4;
  const double tile = d(g.in_channels) * d(plan.parts(g)) * blocks * d(h.size()) * line;
  const double streams = g.kernel == hw(1) ? 1.8 : 1;  // nothing is read twice while it is in L1
  return 1000 + d(g.groups) * d(g.batch) * (streams * multiply + starts + tile + 100) * d(plan.lanes) / d(vector_lanes);
}

template <class T>
struct weight_direct {
  static constexpr index_t enough_pieces = 16;  // for any number of workers; fewer are cut into chunks
  static constexpr index_t most_tasks = 64;

  struct own_plan {
    direct_gradient_plan plan;
    const direct_gradient_kernels<T>& kernel;
    index_t pieces;         // whose sums are in memory at a time
    index_t partial_bytes;  // before the workers' shares
    index_t share;          // bytes of a worker
  };

  static const direct_gradient_kernels<T>& kernels(const context& ctx) {
    return TENFOLD_NARROW_KERNEL(chosen_isa(ctx), direct_gradient_table<T>);
  }
  static direct_gradient_plan plan_of(const convolution_geometry& g, const context& ctx) {
    return {g, kernels(ctx).lanes, sizeof(T)};
  }

  static bool applies(const convolution_geometry& g, const context& ctx) { return plan_of(g, ctx).fits; }

  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    return direct_gradient_cost(g, plan_of(g, ctx), vector_lanes<T>(ctx));
  }

  /// The sum of some pieces, in chunks of blocks where there are few.
  static ordered_sum<T> sum_of(const convolution_geometry& g, const direct_gradient_plan& plan, const index_range& some,
                               bool adds) {
    const index_t pieces = g.groups * plan.parts(g), blocks = plan.all_blocks();
    const index_t chunks = pieces < enough_pieces ? ceil_divide(most_tasks, pieces) : 1;
    return {blocks, ceil_divide(blocks, chunks), place(g, plan, some.end) - place(g, plan, some.begin), adds};
  }
  /// Of pieces, which share the start of a task.
  static index_t tasks_of(index_t pieces, const context& ctx) {
    const index_t threads = thread_count(ctx);
    return (std::min)(pieces, threads > 1 ? 4 * threads : 1);
  }
  /// Where a piece begins in the result.
  static index_t place(const convolution_geometry& g, const direct_gradient_plan& plan, index_t piece) {
    const index_t parts = plan.parts(g);
    return (piece / parts * g.out_channels + piece % parts * plan.outputs) * g.in_channels * g.kernel.h * g.kernel.w;
  }

  static void plan(convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx) {
    const convolution_geometry& g = whole.geometry;
    const direct_gradient_plan plan = plan_of(g, ctx);
    const index_t pieces = g.groups * plan.parts(g), budget = scratch_budget(ctx) / 4;
    auto& own = whole.template emplace<own_plan>(plan, kernels(ctx), pieces, index_t{0}, index_t{0});
    const index_t chunks = sum_of(g, plan, {0, pieces}, operands.adds).chunks();
    if (chunks > 1 || operands.adds) {
      const index_t largest = plan.outputs * g.in_channels * g.kernel.h * g.kernel.w * static_cast<index_t>(sizeof(T));
      own.pieces = std::clamp<index_t>((budget - static_cast<index_t>(alignment)) / largest, 1, pieces);
      own.partial_bytes = sum_of(g, plan, {0, own.pieces}, operands.adds).scratch_bytes(budget);
    }
    scratch_cursor counter(nullptr);
    direct_gradient_worker<T>(g, operands, plan, own.kernel, counter);
    own.share = counter.used();
    whole.bytes = own.partial_bytes + own.share * worker_count(ctx, chunks * tasks_of(own.pieces, ctx));
  }

  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = whole.geometry;
    const own_plan& own = whole.template own<own_plan>();
    const index_t pieces = g.groups * own.plan.parts(g);
    for (index_t first = 0; first < pieces; first += own.pieces) {
      const index_range some{first, (std::min)(pieces, first + own.pieces)};
      const ordered_sum<T> sum = sum_of(g, own.plan, some, operands.adds);
      const index_t begin = place(g, own.plan, first), tasks = tasks_of(some.size(), ctx);
      sum.run_pieces(ctx, memory, own.partial_bytes, tasks, operands.output + begin,
                     [&](index_t worker, index_t chunk, index_t task, T* partial) {
                       scratch_cursor cursor(memory + own.partial_bytes + worker * own.share);
                       direct_gradient_worker<T> work(g, operands, own.plan, own.kernel, cursor);
                       const index_range part = part_of(some.size(), tasks, task);
                       const index_range of{first + part.begin, first + part.end};
                       work.run(of, sum.chunk(chunk), partial + (place(g, own.plan, of.begin) - begin));
                     });
    }
  }

  static constexpr convolution_algorithm<T> entry = {
      "direct", applies, cost, nullptr, nullptr, plan, run, {.base = 0.8, .avx2 = 0.72, .avx512 = 1.05}};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
