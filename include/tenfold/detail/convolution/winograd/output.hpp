// The outputs of a block of tiles: transformed from m, or summed directly where the guard says so.
#pragma once

#include <tenfold/detail/convolution/winograd/products.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The taps of output channels [o, o + count) and input channels [c, c + channels), an output channel a lane.
///   taps  (channels, window, lanes)
template <class T>
void pack_taps(const winograd_task<T>& task, index_t o, index_t count, index_t c, index_t channels, T* taps) {
  const winograd_problem& p = task.plan.problem;
  const index_t window = p.window, lanes = task.plan.sizes.transform_lanes;
  const bool adjacent = p.column_stride == window;
  const T* weight = task.operands.weight + (task.group * p.group_stride() + o * p.row_stride + c * p.column_stride);
  index_t row[most_nr];
  for (index_t r = 0; r < count; ++r) row[r] = r * p.row_stride;
  for (index_t k = 0; k < (adjacent ? 1 : channels); ++k)
    task.kernel.transforms.pack_transpose(weight + k * p.column_stride, row, count,
                                          adjacent ? channels * window : window, lanes, taps + k * window * lanes);
}

/// y of one tile, (M, M, lanes), for the output channels [o, o + count), summed without a transform.
template <class T>
void sum_tile(const winograd_task<T>& task, const tile_run& run, index_t t, index_t phase_w, index_t o, index_t count,
              const T* bias, T* y) {
  const winograd_problem& p = task.plan.problem;
  const winograd_scratch& s = task.plan.scratch;
  const winograd_taps tap(p, task.phase_h * p.w.phases + phase_w, task.plan.sizes.taps);
  const hw first = task.first_input(run, t, phase_w % p.w.windows), step{p.h.dilation, p.w.dilation};
  for (index_t c = 0, some; c < p.in_channels; c += some) {
    some = (std::min)(winograd_direct_channels, p.in_channels - c);
    task.kernel.transforms.patch({task.input_plane(run.image, c), some, {p.h.in, p.w.in}, first, step},
                                 task.array(s.patch));
    pack_taps(task, o, count, c, some, task.array(s.taps));
    task.kernel.transforms.direct({task.array(s.patch), task.array(s.taps), some, p.window, tap.of, bias, c == 0,
                                   c + some == p.in_channels, y, s.y_row,
                                   p.w.phases * task.plan.sizes.transform_lanes});
  }
}

/// The outputs of `some` tiles of a run from tile t on, and of all phases of a row, from y to their places.
///   y  (M, M some phases, lanes), of the output channels [o, o + count)
template <class T>
void store_tiles(const winograd_task<T>& task, const tile_run& run, index_t t, index_t some, index_t o, index_t count,
                 const T* y) {
  const winograd_problem& p = task.plan.problem;
  const epilogue<T>& after = task.operands.after;
  const index_t tile = task.plan.sizes.tile, y_row = task.plan.scratch.y_row, line = p.h.step() * p.w.out;
  const index_t step = p.w.dilation, plane = p.out_plane();  // the phases of a row are neighbours
  const hw first = task.first_output(run, t, 0);
  const index_t rows = p.h.points_from(first.h, tile);
  if (rows == 0 || first.w >= p.w.out) return;
  const index_t columns = (std::min)(some * tile * p.w.phases, ceil_divide(p.w.out - first.w, step));
  T* out = task.output_plane(run.image, o) + first.h * p.w.out + first.w;
  const auto& output_rows = task.kernel.transforms.output_rows;
  if (step == 1 && !after.finishes())
    return output_rows(y, y_row, rows, columns, count, after.only_rectifies(), out, line, plane);
  const index_t lanes = task.plan.sizes.transform_lanes;
  for (index_t i = 0; i < rows; ++i, y += y_row, out += line) {
    T values[winograd_output_columns * alignment / sizeof(T)];
    if (step == 1) output_rows(y, y_row, 1, columns, count, false, values, 0, winograd_output_columns);
    for (index_t l = 0; l < count; ++l)
      after.finish(task.group * p.out_channels + o + l, columns,
                   step == 1 ? values + l * winograd_output_columns : y + l, step == 1 ? 1 : lanes, out + l * plane,
                   step);
  }
}

/// The output channels [o, o + columns), a chunk, of a row of phases.
template <class T>
void store_outputs(const winograd_task<T>& task, const winograd_guard<T>* guard, index_t o, index_t columns) {
  const winograd_sizes& sizes = task.plan.sizes;
  const winograd_scratch& s = task.plan.scratch;
  const index_t lanes = sizes.transform_lanes, phases = task.plan.problem.w.phases, step = phases * lanes;
  const index_t most = winograd_output_columns / (sizes.tile * phases);
  for (index_t j = 0; j < columns; j += lanes) {
    const index_t count = (std::min)(lanes, columns - j);
    alignas(alignment) T bias[alignment / sizeof(T)] = {};
    task.load_bias(o + j, count, bias);
    tile_shares<T> shares[2];
    for (index_t phase_w = 0; guard && phase_w < phases; ++phase_w)
      guard->find_shares(phase_w, o, j, count, shares[phase_w]);
    for (const tile_run* run = task.runs; run < task.runs + task.run_count; ++run)
      for (index_t t = 0, some; t < run->length; t += some) {
        some = (std::min)(equal_share(run->length, most, 1), run->length - t);
        for (index_t phase_w = 0; phase_w < phases; ++phase_w) {
          T* y = task.array(s.y) + phase_w * lanes;
          const T* m = task.m_of(j, phase_w, 0) + (run->begin + t) * sizes.nr + j % sizes.nr;
          task.kernel.transforms.output_tiles(m, s.m_plane, sizes.nr, some, bias, y, s.y_row, step);
          for (index_t i = 0; guard && i < some; ++i)
            if (!guard->passes(phase_w, run->begin + t + i, shares[phase_w]))
              sum_tile(task, *run, t + i, phase_w, o + j, count, bias, y + i * sizes.tile * step);
        }
        store_tiles(task, *run, t, some, o + j, count, task.array(s.y));
      }
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
