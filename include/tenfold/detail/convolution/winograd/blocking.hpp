// How a Winograd call is blocked: where a transformed weight lies, the sizes of the blocks, each worker's scratch
// memory. No result's bits depend on any of it, and nothing here depends on the elements' type but for their size.
#pragma once

#include <tenfold/detail/convolution/winograd/problem.hpp>
#include <tenfold/detail/kernel_table.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The kernels of one algorithm, as far as blocks and costs are concerned.
struct winograd_sizes {
  index_t heights[3];  // of the products' tiles: MR first
  index_t nr;
  index_t lanes;
  index_t transform_lanes;
  index_t tile;  // M
  index_t taps;  // R
  index_t element_bytes;

  index_t mr() const { return heights[0]; }
  index_t side() const { return tile + taps - 1; }  // N: a tile has M x M outputs of N x N inputs
  index_t overlap() const { return taps - 1; }
  index_t elements() const { return side() * side(); }
};

template <class T>
winograd_sizes sizes_of(const winograd_kernels<T>& kernel) {
  const auto& [mr, middle, low] = kernel.products.heights;
  const winograd_transforms<T>& t = kernel.transforms;
  return {{mr, middle, low}, kernel.products.nr, kernel.products.lanes, t.transform_lanes, t.tile, t.taps, sizeof(T)};
}

// KC: channels whose products are summed in registers before they are added to m. It alone decides the order of the
// additions, so it depends on nothing but the number of channels. It is a quarter of gemm's: the transform of the
// outputs magnifies the sums' errors, and short sums have small ones (docs/winograd_error.md); that costs 2 % of the
// speed.
inline constexpr index_t winograd_kc = 64;

/// The channels of every block but the last: equal shares rather than a small rest.
inline index_t winograd_block_channels(index_t channels) {
  return ceil_divide(channels, ceil_divide(channels, winograd_kc));
}

/// The tiles that answer one grid of an image.
inline hw tiles_of_grid(const winograd_problem& p, const winograd_sizes& kernel) {
  return {ceil_divide(p.h.points(), kernel.tile), ceil_divide(p.w.points(), kernel.tile)};
}

/// The micro-kernel's tiles that cover so many rows: some of MR, then lower ones. With MR = 14, 49 rows (the tiles of
/// 28 x 28 outputs) are 3 * 14 + 8, and 16 (14 x 14 outputs) are 8 + 8 rather than 14 + 4.
struct row_cover {
  index_t high = 0;    // tiles of MR rows
  index_t padded = 0;  // rows of all tiles

  row_cover(index_t rows, const winograd_sizes& kernel) {
    const index_t mr = kernel.mr();
    const index_t least = std::max<index_t>(0, rows / mr - 1);
    for (index_t n = ceil_divide(rows, mr); n >= least; --n) {
      const index_t rest = std::max<index_t>(0, rows - n * mr);
      const index_t covered = n * mr + round_up(rest, kernel.heights[2]);
      if (padded != 0 && covered >= padded) continue;
      high = n;
      padded = covered;
    }
  }
};

/// Output channels of a strip of the transformed weight. It is read from front to back, which memory likes, once for
/// each block of tiles; in between m of a strip and, where the weight is transformed in the call, the strip itself (590
/// KB with N = 6 and KC = 64) are in L2. Few tiles want longer strips, as each element's part of one block of v is used
/// for a strip: with 512 channels, strips of 32, 64, 128 and 256 took 3.99, 3.56, 3.37 and 3.37 ms at 14 x 14 outputs,
/// and 10.6, 10.6, 11.2 and 11.2 ms at 28 x 28.
inline constexpr index_t winograd_strip = 64;

/// Where the transformed weight lies: for each group, for each block of KC channels, for each phase, for each strip of
/// some panels of output channels, for each element of a tile, for each panel, (kc, NR), the last panel of all only
/// whole vectors wide. That is the order in which it is read. A vector of slack follows each element's part of a strip,
/// to keep them apart in the cache. Behind all that come, for each group and each block of KC channels, the sums over
/// these channels of the weights' magnitudes: (window, whole vectors of output channels).
class packed_winograd_weight {
 public:
  packed_winograd_weight(const winograd_problem& p, const winograd_sizes& kernel)
      : groups_(p.groups),
        elements_(kernel.elements()),
        per_phases_(p.phases() * elements_),
        columns_(round_up(p.out_channels, kernel.lanes)),
        channels_(p.in_channels),
        kc_(winograd_block_channels(channels_)),
        blocks_(ceil_divide(channels_, kc_)),
        lanes_(kernel.lanes),
        slack_(ceil_divide(columns_, winograd_strip) * lanes_),
        window_(p.window) {}

  index_t size() const { return groups_ * (group_size() + blocks_ * window_ * columns_); }
  /// Of the strip that begins with output channel o in the block of kc channels that begins with c.
  index_t at(index_t group, index_t c, index_t kc, index_t phase, index_t o) const {
    return group * group_size() + per_phases_ * (columns_ * c + c / kc_ * slack_) +
           phase * elements_ * (columns_ * kc + slack_) + elements_ * (o * kc + o / winograd_strip * lanes_);
  }
  /// Between the elements of that strip.
  index_t plane(index_t kc, index_t o) const { return (std::min)(winograd_strip, columns_ - o) * kc + lanes_; }
  /// The sums of the block that begins with channel c, whose lines are sums_ld() apart; the next block's follow.
  index_t sums_at(index_t group, index_t c) const {
    return groups_ * group_size() + (group * blocks_ + c / kc_) * window_ * columns_;
  }
  index_t sums_ld() const { return columns_; }
  index_t blocks() const { return blocks_; }

 private:
  index_t group_size() const { return per_phases_ * (columns_ * channels_ + blocks_ * slack_); }
  index_t groups_, elements_, per_phases_, columns_, channels_, kc_, blocks_, lanes_, slack_, window_;
};

/// The sizes of a call's blocks. They follow from the shape and the scratch budget.
struct winograd_blocking {
  hw grid = 0;        // tiles of one
  index_t all_tiles;  // of all images
  index_t kc;
  index_t tiles;     // of a block
  index_t columns;   // output channels of a chunk
  index_t elements;  // of a tile whose products are computed at a time: N * N, or less where memory is short
  bool whole_input;  // v is there for all channels and elements, else for one block of KC and the elements at a time
  bool packs_once;   // the whole weight is transformed before the tasks
  index_t blocks;
  index_t part_columns;  // output channels of a task
  index_t parts;
};

/// Columns of outputs that are computed before they are stored: with 4 rows of a vector each they take half of L1.
inline constexpr index_t winograd_output_columns = 64;

/// Input channels that are summed directly before the sums are added up.
inline constexpr index_t winograd_direct_channels = 16;

/// Tiles of a block that are neighbours in a row of tiles.
struct tile_run {
  index_t begin;  // in the block
  index_t length;
  index_t image;
  hw grid = 0;
  index_t y;  // of the first tile's first point
  index_t x;
  bool follows;  // lies right below the run before: its first lines are the last ones of that
  index_t map;   // where its part of a guard's map begins: at a whole vector
};

/// One worker's scratch: the arrays' sizes, and the bytes at which they begin in its share.
struct winograd_scratch {
  index_t v_ld;
  index_t rows_ld;
  index_t v_plane;
  index_t m_plane;
  index_t y_row;
  index_t line_ld;
  index_t v_window;
  index_t map_ld;
  index_t sums_ld;
  index_t strip_ld;
  index_t runs;
  index_t v;     // (windows of a row or 1, blocks of KC or 1, elements, kc, tiles)
  index_t u;     // (elements, kc, NR) where the weight is not transformed beforehand
  index_t m;     // (panels, phases of a row, N N, tiles, NR)
  index_t rows;  // (N N, tiles): the tiles of one channel, half transformed
  index_t y;     // (M, columns, lanes): outputs of `lanes` channels
  index_t few;   // (N N, tiles or NR): of which `elements` are wanted, where that is not all
  index_t line;  // (N, M tiles + N - M): the zero-padded lines of a run
  // of the guard
  index_t map;      // (N, for each run M length + N - M + windows of a row - 1): the channels' largest magnitudes
  index_t largest;  // (phases of a row, tiles)
  index_t balance;  // likewise
  index_t cut;      // likewise, a byte each
  index_t sums;     // (window, columns) where the weight is not transformed beforehand; those of a strip and a block
                    // of KC come to (window, strip), where y will be
  index_t patch;    // (channels summed directly, N N), where others were
  index_t taps;     // (channels summed directly, window, lanes), likewise
  index_t bytes = 0;

  winograd_scratch(const winograd_problem& p, const winograd_sizes& kernel, const winograd_blocking& b) {
    const index_t lanes = kernel.lanes, all = kernel.elements(), size = kernel.element_bytes;
    const index_t k_blocks = b.whole_input ? ceil_divide(p.in_channels, b.kc) : 1;
    const bool transforms = !p.packed && !b.packs_once;
    const index_t covered = row_cover(b.tiles, kernel).padded;
    v_ld = round_up(covered, lanes);
    rows_ld = round_up(b.tiles + lanes, lanes);  // a run's last vector may end behind the last tile
    v_plane = b.kc * v_ld + lanes;
    m_plane = covered * kernel.nr + lanes;
    y_row = (winograd_output_columns + 1) * kernel.transform_lanes;
    line_ld = round_up(kernel.tile * round_up(b.tiles, lanes) + kernel.overlap() + lanes, lanes);
    v_window = k_blocks * (b.whole_input ? all : b.elements) * v_plane;
    strip_ld = (std::min)(winograd_strip, round_up(b.columns, lanes));
    runs = take(b.tiles, sizeof(tile_run));
    v = take((b.whole_input ? p.w.windows : 1) * v_window, size);
    few = take(b.elements == all ? 0 : all * (std::max)(v_ld, kernel.nr), size);
    u = take(transforms ? b.elements * (b.kc * strip_ld + lanes) : 0, size);
    rows = take(all * rows_ld, size);
    // The guard's sums follow the products, when all these are free, but for a v that is whole.
    const index_t some = (std::min)(winograd_direct_channels, p.in_channels), patches = round_up(some * all, lanes);
    const index_t direct = p.guarded ? (patches + some * p.window * kernel.transform_lanes) * size : 0;
    patch = b.whole_input ? few : v;
    taps = patch + patches * size;
    take(std::max<index_t>(0, patch + direct - bytes), 1);
    m = take(ceil_divide(b.columns, kernel.nr) * p.w.phases * all * m_plane, size);
    y = take((std::max)(kernel.tile * y_row, p.guarded ? p.window * strip_ld : 0), size);
    line = take(kernel.side() * line_ld, size);
    const index_t most_runs = (std::min)(b.tiles, b.tiles / b.grid.w + 2), vector = kernel.transform_lanes;
    map_ld = round_up(b.tiles * kernel.tile, vector) + (2 * most_runs + kernel.tile + 2) * vector;
    sums_ld = round_up(b.columns, lanes);
    map = take(p.guarded ? kernel.side() * map_ld : 0, size);
    largest = take(p.guarded ? p.w.phases * rows_ld : 0, size);
    balance = take(p.guarded ? p.w.phases * rows_ld : 0, size);
    cut = take(p.guarded ? p.w.phases * rows_ld : 0, 1);
    sums = take(p.guarded && transforms ? p.window * sums_ld : 0, size);
  }

 private:
  index_t take(index_t count, index_t size) {
    const index_t at = bytes;
    bytes += round_up(count * size, static_cast<index_t>(alignment));
    return at;
  }
};

// A block of tiles: enough that every element of the transformed weight is used for about 64 tiles when it comes from
// far, few enough that v and m are still in L2 or L3 when they are read again. 48 to 144 were equally fast.
inline constexpr index_t winograd_block_tiles = 72;

/// A weight up to this size is transformed once per call rather than once per block of tiles.
inline constexpr index_t winograd_weight_bytes = l3_bytes * 5 / 16;

/// v of a block may take up to 5 MiB, which is 64 tiles of 512 channels; m of a chunk half of an L2 of 1 MiB.
inline constexpr index_t winograd_v_bytes = l3_bytes * 5 / 16;
inline constexpr index_t winograd_m_bytes = l2_bytes / 2;

/// Equal shares of at most `most`, but for the last one multiples of `unit`.
inline index_t equal_share(index_t count, index_t most, index_t unit) {
  return (std::min)(count, round_up(ceil_divide(count, ceil_divide(count, std::max<index_t>(1, most))), unit));
}

/// Enough tasks for the workers: first smaller blocks of tiles, then parts of the output channels, each of which
/// transforms the inputs again. Where one block holds all tiles and the weight is large, parts alone: each block of
/// tiles would read the whole weight from memory.
inline void split_for_workers(const winograd_problem& p, const winograd_sizes& kernel, index_t threads,
                              index_t weight_bytes, winograd_blocking& b) {
  if (threads <= 1) return;
  if (b.tiles < b.all_tiles || weight_bytes <= winograd_weight_bytes) {
    const index_t share = ceil_divide(b.all_tiles, ceil_divide(4 * threads, p.groups));
    b.tiles = (std::min)(b.tiles, round_up((std::max)(share, 2 * kernel.mr()), kernel.mr()));
  }
  const index_t tasks = p.groups * ceil_divide(b.all_tiles, b.tiles);
  const index_t share = ceil_divide(b.part_columns, parts_per_task(tasks, threads));
  b.part_columns = (std::min)(b.part_columns, round_up(share, winograd_strip));
}

/// One step towards less scratch memory; false where there is none left. The blocks of KC are untouched, and so are the
/// bits.
inline bool shrink(const winograd_sizes& kernel, winograd_blocking& b) {
  if (b.tiles > kernel.mr())
    b.tiles = round_up(b.tiles / 2, kernel.mr());
  else if (b.columns > winograd_strip)
    b.columns = round_up(b.columns / 2, winograd_strip);
  else if (b.whole_input)
    b.whole_input = false;
  else if (b.elements > 1)
    b.elements = ceil_divide(b.elements, 2);
  else if (b.columns > kernel.nr)
    b.columns = kernel.nr;
  else if (b.tiles > kernel.heights[1])
    b.tiles = kernel.heights[1];
  else if (b.tiles > kernel.heights[2])
    b.tiles = kernel.heights[2];
  else
    return false;
  return true;
}

TENFOLD_COLD inline winograd_blocking choose_winograd_blocking(const winograd_problem& p, const winograd_sizes& kernel,
                                                               const context& ctx) {
  const index_t elements = kernel.elements(), bytes = kernel.element_bytes;

  winograd_blocking b{};
  b.grid = tiles_of_grid(p, kernel);
  b.all_tiles = p.images * p.grids() * b.grid.h * b.grid.w;
  b.kc = winograd_block_channels(p.in_channels);
  b.elements = elements;
  b.whole_input = true;
  const index_t weight = packed_winograd_weight(p, kernel).size() * bytes;
  const bool transforms_often = !p.packed && weight > winograd_weight_bytes;
  const index_t v_bytes = p.w.windows * elements * p.in_channels * bytes;  // of a tile
  b.tiles = equal_share(
      b.all_tiles,
      (std::min)(transforms_often ? 4 * winograd_block_tiles : winograd_block_tiles, winograd_v_bytes / v_bytes),
      kernel.mr());
  b.part_columns = p.out_channels;
  split_for_workers(p, kernel, thread_count(ctx), weight, b);
  const index_t most_columns = winograd_m_bytes / (p.w.phases * elements * row_cover(b.tiles, kernel).padded * bytes);
  b.columns = equal_share(b.part_columns, (std::max)(winograd_strip, most_columns), winograd_strip);

  const index_t budget = scratch_budget(ctx);
  const auto used = [&] { return winograd_scratch(p, kernel, b).bytes; };
  b.packs_once = !p.packed && b.all_tiles > b.tiles && weight <= winograd_weight_bytes && used() + weight <= budget;
  while (used() > budget && shrink(kernel, b)) {
  }
  b.blocks = ceil_divide(b.all_tiles, b.tiles);
  b.parts = ceil_divide(p.out_channels, b.part_columns);
  return b;
}

/// How one call runs, and all that its tasks would otherwise compute again.
struct winograd_plan {
  winograd_problem problem;
  winograd_sizes sizes;
  winograd_blocking blocking;
  packed_winograd_weight weight;
  winograd_scratch scratch;
  row_cover cover;       // of a block of tiles
  row_cover last_cover;  // of the last one
  index_t tasks;
  index_t weight_bytes;  // before the workers' shares
  index_t bytes;         // in all

  winograd_plan(const winograd_problem& p, const winograd_sizes& kernel, const context& ctx)
      : problem(p),
        sizes(kernel),
        blocking(choose_winograd_blocking(p, kernel, ctx)),
        weight(p, kernel),
        scratch(p, kernel, blocking),
        cover(blocking.tiles, kernel),
        last_cover(blocking.all_tiles - (blocking.blocks - 1) * blocking.tiles, kernel),
        tasks(p.groups * blocking.blocks * blocking.parts),
        weight_bytes(blocking.packs_once ? round_up(weight.size() * kernel.element_bytes, alignment) : 0),
        bytes(weight_bytes + scratch.bytes * worker_count(ctx, tasks)) {}
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
