// The gradient of a 3x3 weight by Winograd's minimal filtering: 36 multiplications for 4x4 pixels instead of 144.
//
// The gradients of the result are cut into tiles of 4x4, each of which belongs to 6x6 inputs. With both transformed
// (kernels/winograd_gradient.inl.hpp), every one of the 36 elements is a matrix product of its own that sums over
// tiles,
//
//     m[e](o, c) = sum over t of u[e](t, o) * v[e](t, c),   t a tile, o an output channel, c an input channel
//
// and the weight's gradient is the transform of m. So much for a block of tiles (KC): the transforms of its m are added
// to the gradient, which keeps sums short whose errors a transform magnifies.
//
// A task is a part of the output and of the input channels, for one chunk of the blocks; its u and v are private.
//
// Each product of an input and a gradient reaches at most the other taps of its tile, so that
//     |g - exact| <= c eps * sum over the tiles of max|input of the tile| * sum |gradients of the tile|
// where a sum of products has |input * gradient| instead. That is as good unless one is large just where the other is
// zero; where the largest number of a channel is more than `most_ratio` times the usual one, or not finite, the
// products are summed by weight_product instead.
#pragma once

#include <tenfold/detail/convolution/weight_product.hpp>

#include <cstring>  // memset

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// How a call is cut. No result's bits depend on any of it but on `chunks`.
struct weight_winograd_blocking {
  static constexpr index_t elements_of_tile = 36;
  static constexpr index_t side = 6;
  static constexpr index_t step = 4;
  /// The most tiles of a block. With 64 the transforms of m take 8 % of the time, and their errors are those of short
  /// sums: see winograd_kc.
  static constexpr index_t most_kc = 64;
  /// Results with a line of more bytes, 9 numbers for each input channel, are parted, not summed in chunks.
  static constexpr index_t most_line_bytes = least_scratch_bytes / 8;

  hw grid = 0;       // tiles of an image
  index_t tiles;     // of all images
  index_t kc;        // tiles of a block
  index_t chunks;    // of blocks
  hw task = 0;       // output (h) and input (w) channels of a task
  hw part = 0;       // those whose m is in memory at a time: half of L2
  index_t elements;  // that are transformed at a time: all, or less where memory is short
  index_t run;       // tiles of a line that are transformed at a time
  index_t u_ld, u_plane;
  index_t v_panel, v_plane;
  index_t m_ld, m_plane;

  index_t blocks() const { return ceil_divide(tiles, kc); }
  index_t tasks(const convolution_geometry& g) const {
    return g.groups * ceil_divide(g.out_channels, task.h) * ceil_divide(g.in_channels, task.w);
  }
  bool whole() const { return elements == elements_of_tile; }
};

/// One worker's scratch.
template <class T>
struct weight_winograd_scratch {
  T* tile;  // (6, 4 run + 2, lanes)
  T* u;     // (elements, kc, output channels)
  T* v;     // (elements, panels, kc, NR)
  T* m;     // (36, output channels, input channels)

  weight_winograd_scratch(scratch_cursor cursor, const weight_winograd_blocking& b, index_t lanes, index_t* bytes) {
    tile = cursor.take<T>(b.side * (b.step * b.run + 2) * lanes);
    u = cursor.take<T>(b.elements * b.u_plane);
    v = cursor.take<T>(b.elements * b.v_plane);
    m = cursor.take<T>(b.elements_of_tile * b.m_plane);
    if (bytes) *bytes = cursor.used();
  }
};

template <class T>
struct weight_winograd_kernels {
  const micro_kernels<T>& products;
  const winograd_gradient_transforms<T>& transforms;

  explicit weight_winograd_kernels(const context& ctx)
      : products(TENFOLD_KERNEL(chosen_isa(ctx), micro_set<T>::table)),
        transforms(TENFOLD_NARROW_KERNEL(chosen_isa(ctx), winograd_gradient_table<T>)) {}
};

/// Lines of the scratch that lie an odd number of cache lines apart, as far as the L1's sets are concerned.
template <class T>
index_t odd_lines(index_t elements) {
  constexpr auto line = static_cast<index_t>(alignment / sizeof(T));
  return (ceil_divide(elements, line) | 1) * line;
}

template <class T>
void size_scratch(const convolution_geometry& g, const weight_winograd_kernels<T>& kernels,
                  weight_winograd_blocking& b) {
  const micro_kernels<T>& kernel = kernels.products;
  const hw held = b.whole() ? hw{(std::min)(b.task.h, g.out_channels), (std::min)(b.task.w, g.in_channels)} : b.part;
  b.u_ld = odd_lines<T>(round_up(kernel.padded_rows(held.h), kernels.transforms.lanes));
  b.u_plane = b.kc * b.u_ld;
  b.v_panel = b.kc * kernel.nr;
  b.v_plane = ceil_divide(held.w, kernel.nr) * b.v_panel;
  b.m_ld = odd_lines<T>(round_up(b.part.w, kernel.nr));
  b.m_plane = kernel.padded_rows(b.part.h) * b.m_ld;
}

/// One step towards less scratch memory; false where there is none left.
template <class T>
bool shrink(const micro_kernels<T>& kernel, weight_winograd_blocking& b) {
  if (b.task.h > b.part.h || b.task.w > b.part.w) {
    const bool rows = b.task.h - b.part.h > b.task.w - b.part.w;
    if (rows)
      b.task.h = (std::max)(b.part.h, round_up(b.task.h / 2, kernel.mr));
    else
      b.task.w = (std::max)(b.part.w, round_up(b.task.w / 2, kernel.nr));
  } else if (b.run > 16) {
    b.run = ceil_divide(b.run, 2);
  } else if (b.elements > 1) {
    b.elements = ceil_divide(b.elements, 2);
  } else if (b.part.w > kernel.nr) {
    b.task.w = b.part.w = kernel.nr;
  } else if (b.part.h > kernel.heights[2]) {
    b.task.h = b.part.h = b.part.h > kernel.mr ? kernel.mr : kernel.heights[2];
  } else if (b.run > 1) {
    b.run = ceil_divide(b.run, 2);
  } else {
    return false;
  }
  return true;
}

/// A small result is summed in chunks, enough for 16 workers; a larger one is parted.
inline index_t weight_winograd_chunks(const convolution_geometry& g, index_t blocks, index_t element_bytes) {
  constexpr index_t enough = 16, channels = 64;
  const index_t parts = g.groups * ceil_divide(g.out_channels, channels) * ceil_divide(g.in_channels, channels);
  if (9 * g.in_channels * element_bytes > weight_winograd_blocking::most_line_bytes) return 1;
  return (std::min)(blocks, ceil_divide(enough, parts));
}

template <class T>
weight_winograd_blocking choose_weight_winograd_blocking(const convolution_geometry& g,
                                                         const weight_winograd_kernels<T>& kernels, index_t threads,
                                                         index_t budget) {
  constexpr auto bytes = static_cast<index_t>(sizeof(T));
  constexpr index_t task = 256, part_rows = 56, part_columns = 256 / bytes;
  const micro_kernels<T>& kernel = kernels.products;
  weight_winograd_blocking b{};
  b.grid = {ceil_divide(g.out.h, b.step), ceil_divide(g.out.w, b.step)};
  b.tiles = g.batch * b.grid.h * b.grid.w;
  b.kc = equal_blocks(b.tiles, b.most_kc);
  b.chunks = weight_winograd_chunks(g, b.blocks(), bytes);
  b.part = {(std::min)(part_rows / kernel.mr * kernel.mr, round_up(g.out_channels, kernel.mr)),
            (std::min)(round_up(part_columns, kernel.nr), round_up(g.in_channels, kernel.nr))};
  b.task = {(std::max)(b.part.h, round_up(equal_blocks(g.out_channels, task), kernel.mr)),
            (std::max)(b.part.w, round_up(equal_blocks(g.in_channels, task), kernel.nr))};
  b.elements = b.elements_of_tile;
  b.run = (std::min)(b.grid.w, b.kc);
  if (b.chunks > 1) b.task.h = (std::min)(b.task.h, std::max<index_t>(1, budget / 4 / (9 * g.in_channels * bytes)));
  while (b.chunks == 1 && threads > 1 && b.tasks(g) < 2 * threads && (b.task.h > b.part.h || b.task.w > b.part.w) &&
         shrink(kernel, b)) {
  }
  for (index_t used = 0;;) {
    size_scratch(g, kernels, b);
    weight_winograd_scratch<T>(scratch_cursor(nullptr), b, kernels.transforms.lanes, &used);
    if (used <= (b.chunks > 1 ? budget - budget / 4 : budget) || !shrink(kernel, b)) return b;
  }
}

/// Planes of all images, channels of one group: what is transformed.
template <class T>
struct winograd_planes {
  const T* data;
  index_t image;  // from one to the next
  index_t channels;
  hw size = 0;
  hw first = 0;  // the first tile's first pixel
  index_t side;  // of a tile
};

/// A part of the output and the input channels of a group, for some blocks of tiles.
template <class T>
class weight_winograd_task {
 public:
  weight_winograd_task(const convolution_geometry& g, const convolution_operands<T>& operands,
                       const weight_winograd_blocking& b, const weight_winograd_kernels<T>& kernels, index_t group,
                       std::byte* memory)
      : b_(b),
        kernel_(kernels.products),
        transforms_(kernels.transforms),
        gradients_{operands.weight + group * g.out_channels * g.out.h * g.out.w,
                   g.groups * g.out_channels * g.out.h * g.out.w,
                   g.out_channels,
                   g.out,
                   0,
                   b.step},
        inputs_{operands.input + group * g.in_channels * g.in.h * g.in.w,
                g.groups * g.in_channels * g.in.h * g.in.w,
                g.in_channels,
                g.in,
                {-g.padding.h, -g.padding.w},
                b.side},
        weight_line_(9 * g.in_channels),
        s_(scratch_cursor(memory), b, kernels.transforms.lanes, nullptr) {}

  /// For the output channels [o, o + count.h), the input channels [c, c + count.w) and the blocks; `weight` is that of
  /// (o, 0), to which the first block is added, too, where that is said.
  void run(index_t o, index_t c, const hw& count, const index_range& blocks, bool adds, T* weight) {
    for (index_t block = blocks.begin; block < blocks.end; ++block, adds = true) {
      const index_range tiles{block * b_.kc, (std::min)((block + 1) * b_.kc, b_.tiles)};
      if (b_.whole()) transform(o, c, count, tiles, 0, b_.elements);
      for (index_t x = 0; x < count.w; x += b_.part.w)
        for (index_t y = 0; y < count.h; y += b_.part.h) {
          const hw part{(std::min)(b_.part.h, count.h - y), (std::min)(b_.part.w, count.w - x)};
          for (index_t e = 0; e < b_.elements_of_tile; e += b_.elements) {
            const index_t elements = (std::min)(b_.elements, b_.elements_of_tile - e);
            if (!b_.whole()) transform(o + y, c + x, part, tiles, e, elements);
            multiply(e, elements, b_.whole() ? y : 0, b_.whole() ? x : 0, part, tiles.size());
          }
          for (index_t i = 0; i < part.h; ++i)
            transforms_.output(s_.m + i * b_.m_ld, b_.m_plane, part.w, adds,
                               weight + (y + i) * weight_line_ + 9 * (c + x));
        }
    }
  }

 private:
  /// u and v.
  void transform(index_t o, index_t c, const hw& count, const index_range& tiles, index_t e, index_t elements) {
    const index_t rows = kernel_.padded_rows(count.h);
    for_each_run(tiles, [&](index_t t, index_t image, const hw& at, index_t length) {
      for (index_t i = 0; i < rows; i += transforms_.lanes) {
        const index_t line = fill_tile(gradients_, image, at, length, o + i, o + count.h);
        transforms_.gradient(s_.tile, line, length, e, elements, s_.u + t * b_.u_ld + i, b_.u_plane, b_.u_ld);
      }
      for (index_t i = 0; i < count.w; i += transforms_.lanes) {
        const index_t line = fill_tile(inputs_, image, at, length, c + i, c + count.w), nr = kernel_.nr;
        transforms_.input(s_.tile, line, length, e, elements, s_.v + i / nr * b_.v_panel + t * nr + i % nr, b_.v_plane,
                          nr);
      }
    });
  }

  /// Calls visit(first tile of the block, image, its place in the grid, neighbours in a line).
  template <class Visit>
  void for_each_run(const index_range& tiles, const Visit& visit) {
    const index_t per_image = b_.grid.h * b_.grid.w;
    for (index_t t = tiles.begin, length; t < tiles.end; t += length) {
      const hw at{t % per_image / b_.grid.w, t % b_.grid.w};
      length = (std::min)({b_.run, b_.grid.w - at.w, tiles.end - t});
      visit(t - tiles.begin, t / per_image, at, length);
    }
  }

  /// The pixels of a run of tiles for channels from c on, a vector each, with zeros around the image. Lanes behind the
  /// last channel repeat it. Returns the elements of a line.
  index_t fill_tile(const winograd_planes<T>& from, index_t image, const hw& at, index_t length, index_t c,
                    index_t end) {
    const index_t lanes = transforms_.lanes, plane = from.size.h * from.size.w;
    const index_t columns = b_.step * length + from.side - b_.step;
    const index_t channel = (std::min)(c, end - 1), channels = (std::min)(lanes, end - channel);
    const axis h{from.side, 1, 1, 1, from.first.h + at.h * b_.step, from.size.h};
    const axis w{columns, 1, 1, 1, from.first.w + at.w * b_.step, from.size.w};
    const index_range rows = h.taps_inside(0), inside = w.taps_inside(0);
    const index_t line = columns * lanes;
    clear(s_.tile, rows.begin * line);
    clear(s_.tile + rows.end * line, (from.side - rows.end) * line);
    for (index_t i = rows.begin; i < rows.end; ++i) {
      clear(s_.tile + i * line, inside.begin * lanes);
      clear(s_.tile + i * line + inside.end * lanes, (columns - inside.end) * lanes);
    }
    if (inside.size() == 0) return line;
    const T* source = from.data + image * from.image + channel * plane + (w.origin + inside.begin);
    const index_t at_once = inside.size() == from.size.w ? std::max<index_t>(1, rows.size()) : 1;
    for (index_t i = rows.begin; i < rows.end; i += at_once)
      transforms_.to_lanes(source + (h.origin + i) * from.size.w, plane, channels, at_once * inside.size(),
                           inside.size(), columns - inside.size(), s_.tile + i * line + inside.begin * lanes);
    return line;
  }
  static void clear(T* begin, index_t elements) {
    if (elements > 0) std::memset(static_cast<void*>(begin), 0, static_cast<std::size_t>(elements) * sizeof(T));
  }

  /// m of the elements [e, e + elements), u's rows from y on, v's columns from x on.
  void multiply(index_t e, index_t elements, index_t y, index_t x, const hw& part, index_t depth) {
    const gemm_epilogue<T> epilogue;
    const index_t nr = kernel_.nr;
    for (index_t i = 0; i < elements; ++i)
      for (index_t jr = 0; jr < part.w; jr += nr) {
        const T* v = s_.v + i * b_.v_plane + (x + jr) / nr * b_.v_panel;
        for (index_t ir = 0; ir < part.h; ir += kernel_.mr) {
          const index_t rows = (std::min)(kernel_.mr, part.h - ir), columns = (std::min)(nr, part.w - jr);
          kernel_.multiply_tile(kernel_.tile_of(rows), columns, depth, s_.u + i * b_.u_plane + y + ir, b_.u_ld, v, nr,
                                s_.m + (e + i) * b_.m_plane + ir * b_.m_ld + jr, b_.m_ld, epilogue);
        }
      }
  }

  const weight_winograd_blocking& b_;
  const micro_kernels<T>& kernel_;
  const winograd_gradient_transforms<T>& transforms_;
  const winograd_planes<T> gradients_, inputs_;
  const index_t weight_line_;
  const weight_winograd_scratch<T> s_;
};

template <class T>
struct weight_winograd {
  static constexpr std::string_view name = "winograd_4x4";

  /// A channel's largest number beside the usual one, the square of the mean of the roots of those that are not 0: it
  /// is 7 times that in a plane of normal numbers, 14 in one of Laplace's, 52 where logarithms have a deviation of 1.
  /// And what no number may exceed, lest the products do, and the usual one not fall below, lest they are subnormal.
  static constexpr T most_ratio = 64;
  static constexpr T most = sizeof(T) == 8 ? T(1e140) : T(1e15F);

  struct own_plan {
    weight_winograd_blocking blocking;
    index_t partial_bytes;  // before the workers' shares
    index_t share;          // bytes of a worker
  };

  /// Of fewer terms a sum has so small an error that the transforms' is more than four times it: see
  /// docs/winograd_error.md.
  static bool is_standard(const convolution_geometry& g) {
    constexpr index_t least_terms = 48;
    return (std::min)(g.out.h, g.out.w) >= weight_winograd_blocking::step && g.batch * g.out.h * g.out.w >= least_terms;
  }
  static bool applies(const convolution_geometry& g, const context& ctx) {
    const bool plain = g.stride == hw(1) && g.dilation == hw(1) && g.kernel == hw(3);
    const bool allowed = ctx.math == math::fast || (ctx.math == math::standard && is_standard(g));
    return plain && allowed;
  }

  /// In vector operations: the products, 2 more to begin one; the transforms of the inputs of a task's part, of the
  /// gradients and of m.
  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const weight_winograd_kernels<T> kernels(ctx);
    const weight_winograd_blocking b = choose_weight_winograd_blocking(g, kernels, 1, most_scratch_bytes);
    const index_t lanes = kernels.transforms.lanes;
    const double wide = d(lanes) / d(kernels.products.lanes);
    const double o = d(ceil_divide(g.out_channels, lanes)), c = d(ceil_divide(g.in_channels, lanes));
    const double o_tasks = d(ceil_divide(g.out_channels, b.task.h)), c_tasks = d(ceil_divide(g.in_channels, b.task.w));
    const double products = 36 * d(kernels.products.padded_rows(g.out_channels)) *
                            d(ceil_divide(g.in_channels, kernels.products.lanes)) * d(b.tiles + 2 * b.blocks());
    const double transforms = wide * d(b.tiles) * (250 * c * o_tasks + 130 * o * c_tasks);
    const double outputs = wide * 200 * d(b.blocks()) * d(g.out_channels) * c;
    return 2000 + d(g.groups) * (products + transforms + outputs);
  }

  static void plan(convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx) {
    const convolution_geometry& g = whole.geometry;
    const weight_winograd_kernels<T> kernels(ctx);
    const index_t budget = scratch_budget(ctx);
    auto& own = whole.template emplace<own_plan>();
    own.blocking = choose_weight_winograd_blocking(g, kernels, thread_count(ctx), budget);
    weight_winograd_scratch<T>(scratch_cursor(nullptr), own.blocking, kernels.transforms.lanes, &own.share);
    const weight_winograd_blocking& b = own.blocking;
    const index_t rows = (std::min)(b.task.h, g.out_channels), parts = ceil_divide(g.in_channels, b.task.w);
    own.partial_bytes = b.chunks > 1 ? sum_of(g, b, rows, operands.adds).scratch_bytes(budget / 4) : 0;
    whole.bytes = own.partial_bytes + own.share * worker_count(ctx, b.chunks > 1 ? b.chunks * parts : b.tasks(g));
    if (ctx.math != math::fast) whole.bytes = (std::max)(whole.bytes, fallback(g, operands, ctx).bytes);
  }

  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = whole.geometry;
    const own_plan& own = whole.template own<own_plan>();
    if (ctx.math != math::fast && !(is_even(operands.weight, g, g.out_channels, g.out, ctx) &&
                                    is_even(operands.input, g, g.in_channels, g.in, ctx)))
      return weight_product<T>::run(fallback(g, operands, ctx), operands, ctx, memory);
    if (own.blocking.chunks > 1) return run_chunks(g, own, operands, ctx, memory);
    const weight_winograd_kernels<T> kernels(ctx);
    const weight_winograd_blocking& b = own.blocking;
    const hw parts{ceil_divide(g.out_channels, b.task.h), ceil_divide(g.in_channels, b.task.w)};
    parallel_tasks(ctx, b.tasks(g), [&](index_t worker, index_t t) {
      const index_t group = t / parts.w / parts.h, o = t / parts.w % parts.h * b.task.h, c = t % parts.w * b.task.w;
      weight_winograd_task<T>(g, operands, b, kernels, group, memory + worker * own.share)
          .run(o, c, {(std::min)(b.task.h, g.out_channels - o), (std::min)(b.task.w, g.in_channels - c)},
               {0, b.blocks()}, operands.adds, operands.output + (group * g.out_channels + o) * 9 * g.in_channels);
    });
  }

 private:
  static ordered_sum<T> sum_of(const convolution_geometry& g, const weight_winograd_blocking& b, index_t rows,
                               bool adds) {
    return {b.blocks(), ceil_divide(b.blocks(), b.chunks), rows * 9 * g.in_channels, adds};
  }

  static void run_chunks(const convolution_geometry& g, const own_plan& own, const convolution_operands<T>& operands,
                         const context& ctx, std::byte* memory) {
    const weight_winograd_kernels<T> kernels(ctx);
    const weight_winograd_blocking& b = own.blocking;
    for (index_t line = 0, rows; line < g.groups * g.out_channels; line += rows) {
      const index_t group = line / g.out_channels, o = line % g.out_channels;
      rows = (std::min)(b.task.h, g.out_channels - o);
      const ordered_sum<T> sum = sum_of(g, b, rows, operands.adds);
      sum.run_pieces(
          ctx, memory, own.partial_bytes, ceil_divide(g.in_channels, b.task.w),
          operands.output + line * 9 * g.in_channels, [&](index_t worker, index_t chunk, index_t piece, T* partial) {
            const index_t c = piece * b.task.w;
            weight_winograd_task<T>(g, operands, b, kernels, group, memory + own.partial_bytes + worker * own.share)
                .run(o, c, {rows, (std::min)(b.task.w, g.in_channels - c)}, sum.chunk(chunk), false, partial);
          });
    }
  }

  static convolution_plan<T> fallback(const convolution_geometry& g, const convolution_operands<T>& operands,
                                      const context& ctx) {
    convolution_plan<T> plan;
    plan.geometry = g;
    weight_product<T>::plan(plan, operands, ctx);
    return plan;
  }

  /// Whether every channel's numbers are of sizes that the transforms' errors suit.
  static bool is_even(const T* x, const convolution_geometry& g, index_t channels, const hw& size, const context& ctx) {
    const auto add_range = TENFOLD_NARROW_KERNEL(chosen_isa(ctx), add_range_of_line<T>);
    const index_t all = g.groups * channels, plane = size.h * size.w;
    std::atomic<bool> even{true};
    parallel_ranges(ctx, all, 0.2 * static_cast<double>(g.batch * plane), [&](index_t begin, index_t end) {
      for (index_t c = begin; c < end && even; ++c) {
        number_range<T> range;
        for (index_t n = 0; n < g.batch; ++n) add_range(plane, x + (n * all + c) * plane, range);
        if (!is_even(range)) even = false;
      }
    });
    return even;
  }
  static bool is_even(const number_range<T>& range) {
    if (range.sum == 0) return true;
    const T root = range.roots / range.count, usual = root * root;
    return range.sum - range.sum == 0 && range.largest <= most_ratio * usual && range.largest <= most &&
           usual >= 1 / most;
  }

 public:
  static constexpr convolution_algorithm<T> entry = {name, applies, cost, nullptr, nullptr, plan, run, {}};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
