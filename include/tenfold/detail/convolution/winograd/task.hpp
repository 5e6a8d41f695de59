// One block of tiles of one group: what the steps of a task share.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/convolution/winograd/blocking.hpp>

#include <cstring>  // memcpy

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The tiles of a block, and where they lie.
struct tile_block {
  const winograd_plan& plan;
  const index_t first;  // tile
  const index_t tiles;
  const row_cover& cover;
  tile_run* const runs;
  const index_t run_count;
  index_t phase_h = 0;  // the row of phases that is at work

  tile_block(const winograd_plan& plan_, index_t block, std::byte* share)
      : plan(plan_),
        first(block * plan.blocking.tiles),
        tiles((std::min)(plan.blocking.tiles, plan.blocking.all_tiles - first)),
        cover(block == plan.blocking.blocks - 1 ? plan.last_cover : plan.cover),
        runs(reinterpret_cast<tile_run*>(share + plan.scratch.runs)),
        run_count(find_runs()) {}

  /// The line and column of the input that a tile begins with.
  hw first_input(const tile_run& run, index_t t, index_t window_w) const {
    return {plan.problem.h.input(run.grid.h, phase_h, run.y),
            plan.problem.w.input(run.grid.w, window_w, run.x + t * plan.sizes.tile)};
  }
  /// The line and column of a tile's first output. It may lie outside: a grid may have fewer points than the first.
  hw first_output(const tile_run& run, index_t t, index_t phase_w) const {
    return {plan.problem.h.output(run.grid.h, phase_h, run.y),
            plan.problem.w.output(run.grid.w, phase_w, run.x + t * plan.sizes.tile)};
  }

 private:
  index_t find_runs() const {
    const winograd_problem& p = plan.problem;
    const hw& size = plan.blocking.grid;
    const index_t tile = plan.sizes.tile, lanes = plan.sizes.transform_lanes;
    index_t found = 0, x = first % size.w, y = first / size.w % size.h, grid = first / size.w / size.h;
    for (index_t done = 0; done < tiles; ++found, x = 0) {
      const index_t length = (std::min)(size.w - x, tiles - done);
      const tile_run* above = found > 0 && y > 0 ? runs + found - 1 : nullptr;
      const bool follows = above && above->x == 0 && above->length == length;
      runs[found] = {done,     length,   grid / p.grids(), {grid % p.grids() / p.w.dilation, grid % p.w.dilation},
                     y * tile, x * tile, follows,          round_up(done * tile, lanes) + 2 * found * lanes};
      done += length;
      if (++y == size.h) {
        y = 0;
        ++grid;
      }
    }
    return found;
  }
};

template <class T>
struct winograd_task : tile_block {
  const winograd_kernels<T>& kernel;
  const convolution_operands<T>& operands;
  const index_t group;
  std::byte* const share;

  winograd_task(const winograd_plan& plan_, const winograd_kernels<T>& kernel_,
                const convolution_operands<T>& operands_, index_t block, index_t group_, std::byte* share_)
      : tile_block(plan_, block, share_), kernel(kernel_), operands(operands_), group(group_), share(share_) {}

  /// One of winograd_scratch's arrays.
  T* array(index_t at) const { return reinterpret_cast<T*>(share + at); }

  /// A group's channel of an image.
  const T* input_plane(index_t image, index_t channel) const {
    const winograd_problem& p = plan.problem;
    return operands.input + ((image * p.groups + group) * p.in_channels + channel) * p.in_plane();
  }
  T* output_plane(index_t image, index_t channel) const {
    const winograd_problem& p = plan.problem;
    return operands.output + ((image * p.groups + group) * p.out_channels + channel) * p.out_plane();
  }
  /// bias (a vector's lanes) of `count` channels from one on
  void load_bias(index_t channel, index_t count, T* bias) const {
    if (operands.bias)
      std::memcpy(bias, operands.bias + (group * plan.problem.out_channels + channel),
                  static_cast<std::size_t>(count) * sizeof(T));
  }

  /// m of the panel that begins with column j of a chunk.
  T* m_of(index_t j, index_t phase_w, index_t e) const {
    const index_t panel = j / plan.sizes.nr * plan.problem.w.phases + phase_w;
    return array(plan.scratch.m) + (panel * plan.sizes.elements() + e) * plan.scratch.m_plane;
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
