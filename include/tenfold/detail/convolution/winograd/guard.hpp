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

#include <tenfold/detail/convolution/winograd/task.hpp>
#include <tenfold/detail/convolution/winograd/weight.hpp>

#include <algorithm>  // clamp
#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// No transform magnifies a tile's largest magnitude times a channel's sum of weights by more (docs/winograd_error.md).
inline constexpr int winograd_magnification = 256;

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

/// What a vector of output channels asks of a tile.
template <class T>
struct tile_shares {
  T most;                   // of its largest magnitude
  T of_cut[winograd_cuts];  // the largest S / s of the channels, for each cut: the least of its balance
  bool all_pass;            // all tiles of the block
};

/// The tiles of one block and phase, as the guard sees them.
template <class T>
struct guarded_tiles {
  T* largest;              // (tiles) magnitudes
  T* balance;              // (tiles) winograd_range * x / X; negative where the tile never passes
  unsigned char* cut;      // (tiles) their places among the block's cuts
  T most;                  // of largest
  T least[winograd_cuts];  // of balance, for each cut

  bool pass(const tile_shares<T>& shares, index_t cuts) const {
    bool all = most <= shares.most;
    for (index_t k = 0; k < cuts; ++k) all = all && shares.of_cut[k] <= least[k];
    return all;
  }
  bool passes(index_t t, const tile_shares<T>& shares) const {
    return largest[t] <= shares.most && shares.of_cut[cut[t]] <= balance[t];
  }
};

/// The guard of one block of tiles. For each row of phases, or of windows where these are fewer: begin_map; measure for
/// each run and channel, in order; end_map. Then find_balances for the row's phases, and after the
/// products passes() for any output channels.
template <class T>
class winograd_guard {
 public:
  explicit winograd_guard(const winograd_task<T>& task)
      : task_(task),
        p_(task.plan.problem),
        s_(task.plan.scratch),
        map_(task.array(s_.map)),
        side_(task.plan.sizes.side()),
        tile_(task.plan.sizes.tile),
        overlap_(task.plan.sizes.overlap()) {}

  // One map serves all windows of the tiles: those of a row's second one begin a column later, those of the second row
  // a line later, of which only the last is new then.
  void begin_map() {
    const index_t used = task_.runs[task_.run_count - 1].map + columns_of(task_.runs[task_.run_count - 1]);
    for (index_t i = 0; i < side_; ++i) {
      T* line = map_ + i * s_.map_ld;
      if (task_.phase_h == 0 || i == side_ - 1)
        fill(line, line + used, T{});
      else
        std::memcpy(line, line + s_.map_ld, static_cast<std::size_t>(used) * sizeof(T));
    }
  }

  /// line (N) of a channel
  void measure(const tile_run& run, const T* const* line) {
    const index_t known = task_.phase_h > 0 ? side_ - 1 : run.follows ? overlap_ : 0;
    task_.kernel.transforms.magnitudes(line + known, side_ - known, columns_of(run), map_ + run.map + known * s_.map_ld,
                                       s_.map_ld);
  }

  void end_map() {
    if (task_.phase_h > 0) return;
    for (const tile_run* run = task_.runs + 1; run < task_.runs + task_.run_count; ++run)
      for (index_t i = 0; run->follows && i < overlap_; ++i)
        std::memcpy(map_ + run->map + i * s_.map_ld, map_ + run[-1].map + (i + tile_) * s_.map_ld,
                    static_cast<std::size_t>(columns_of(*run)) * sizeof(T));
  }

  /// From the map to what the guard wants to know of the tiles of the row's phases.
  void find_balances() {
    std::memset(place_, 0, sizeof place_);
    cut_count_ = 0;
    for (index_t phase_w = 0; phase_w < p_.w.phases; ++phase_w) {
      const index_t at = phase_w * s_.rows_ld;
      guarded_tiles<T>& tiles = tiles_[phase_w];
      tiles.largest = task_.array(s_.largest) + at;
      tiles.balance = task_.array(s_.balance) + at;
      tiles.cut = reinterpret_cast<unsigned char*>(task_.share + s_.cut) + at;
      tiles.most = 0;
      for (const tile_run* run = task_.runs; run < task_.runs + task_.run_count; ++run) judge(*run, phase_w, tiles);
    }
  }

  /// The sums of magnitudes of a strip's weights and a block of KC, (window, strip_ld), join those of the blocks before
  /// for columns [j, j + width) of a chunk.
  void add_sums(const T* strip, index_t j, index_t width, bool accumulate) {
    for (index_t t = 0; t < p_.window; ++t, strip += s_.strip_ld) {
      T* sum = task_.array(s_.sums) + t * s_.sums_ld + j;
      for (index_t o = 0; o < width; ++o) {
        if (accumulate)
          sum[o] += strip[o];
        else
          sum[o] = strip[o];
      }
    }
  }

  /// What counts of the weights of `count` output channels, from column j of the chunk that begins with channel o.
  void find_shares(index_t phase_w, index_t o, index_t j, index_t count, tile_shares<T>& found) const {
    const winograd_taps tap(p_, task_.phase_h * p_.w.phases + phase_w, task_.plan.sizes.taps);
    const packed_winograd_weight& layout = task_.plan.weight;
    const T* const packed = task_.operands.packed_weight;
    winograd_weight_sums<T> sums{task_.array(s_.sums) + j, s_.sums_ld, 1,         0, tap.of,
                                 reach_of(phase_w),        cuts_,      cut_count_};
    if (packed) {
      sums.sums = packed + layout.sums_at(task_.group, 0) + o + j;
      sums.ld = layout.sums_ld();
      sums.blocks = layout.blocks();
      sums.block = p_.window * layout.sums_ld();
    }
    T all[alignment / sizeof(T)];
    task_.kernel.transforms.shares(sums, all, found.of_cut);
    found.most = most_of_tile(all, count);
    found.all_pass = tiles_[phase_w].pass(found, cut_count_);
  }
  /// Whether a tile of the block may be transformed for these output channels.
  bool passes(index_t phase_w, index_t tile, const tile_shares<T>& shares) const {
    return shares.all_pass || tiles_[phase_w].passes(tile, shares);
  }

 private:
  index_t columns_of(const tile_run& run) const { return run.length * tile_ + overlap_ + p_.w.windows - 1; }
  hw reach_of(index_t phase_w) const {
    const index_t taps = task_.plan.sizes.taps;
    return {p_.h.reach(task_.phase_h, taps), p_.w.reach(phase_w, taps)};
  }

  void judge(const tile_run& run, index_t phase_w, guarded_tiles<T>& tiles) {
    const index_t window_w = phase_w % p_.w.windows;
    const hw reach = reach_of(phase_w), in = task_.first_input(run, 0, window_w),
             out = task_.first_output(run, 0, phase_w);
    const index_t rows = p_.h.points_from(out.h, tile_), columns = p_.w.points_from(out.w, run.length * tile_);
    task_.kernel.transforms.ranges(map_ + run.map + window_w, s_.map_ld, run.length, reach, rows, columns,
                                   tiles.largest + run.begin, tiles.balance + run.begin);
    // The taps of the outermost of a tile's outputs that do not meet the image.
    winograd_cut cut{p_.h.taps_before(in.h, reach.h), p_.h.taps_behind(in.h + (rows - 1) * p_.h.dilation, reach.h), 0,
                     0};
    for (index_t t = 0, i = run.begin; t < run.length; ++t, ++i) {
      const index_t width = std::clamp<index_t>(columns - t * tile_, 0, tile_);
      const index_t line = in.w + t * tile_ * p_.w.dilation;
      cut.before_w = p_.w.taps_before(line, reach.w);
      cut.behind_w = p_.w.taps_behind(line + (width - 1) * p_.w.dilation, reach.w);
      const unsigned char k = place_of(rows > 0 && width > 0 ? cut : winograd_cut{});
      tiles.cut[i] = k;
      if (tiles.balance[i] < tiles.least[k]) tiles.least[k] = tiles.balance[i];
      if (!(tiles.largest[i] <= tiles.most)) tiles.most = tiles.largest[i];
    }
  }

  /// Among the block's cuts.
  unsigned char place_of(const winograd_cut& cut) {
    unsigned char& known = place_[code_of(cut)];
    if (!known) {
      cuts_[cut_count_] = cut;
      for (guarded_tiles<T>& tiles : tiles_) tiles.least[cut_count_] = winograd_infinity<T>;
      known = static_cast<unsigned char>(++cut_count_);
    }
    return static_cast<unsigned char>(known - 1);
  }

  const winograd_task<T>& task_;
  const winograd_problem& p_;
  const winograd_scratch& s_;
  T* const map_;
  const index_t side_, tile_, overlap_;
  guarded_tiles<T> tiles_[2];  // by the phase of the columns
  winograd_cut cuts_[winograd_cuts];
  unsigned char place_[winograd_cuts];  // of a cut's code: among cuts_, from 1 on
  index_t cut_count_ = 0;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
