// The input of a block of tiles: the lines that they read, and their transforms.
#pragma once

#include <tenfold/detail/convolution/winograd/guard.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The N lines that a run of tiles reads of one channel: in the image where whole vectors can be read from them, else
/// copied between zeros. Runs are visited in order: the first lines of one that follows another are there already, and
/// the new ones take the places of those that it has no use for.
template <class T>
class run_lines {
 public:
  run_lines(const winograd_task<T>& task, index_t window_w, index_t channel)
      : task_(task), window_w_(window_w), channel_(channel) {}

  const T* const* find(const tile_run& run) {
    const winograd_problem& p = task_.plan.problem;
    const winograd_sizes& sizes = task_.plan.sizes;
    const winograd_scratch& s = task_.plan.scratch;
    const hw at = task_.first_input(run, 0, window_w_);
    const index_t side = sizes.side(), step = p.w.dilation, lanes = sizes.transform_lanes;
    const index_t wanted = sizes.tile * run.length + sizes.overlap() + p.w.windows - 1;
    const index_t read = sizes.tile * round_up(run.length, lanes) + sizes.overlap() - 1 + lanes;
    const bool whole = step == 1 && at.w >= 0 && at.w + read <= p.w.in;
    const T* const plane = task_.input_plane(run.image, channel_);
    const index_t known = run.follows ? sizes.overlap() : 0;
    for (index_t i = 0; i < known; ++i) line_[i] = line_[i + sizes.tile];
    first_ = run.follows ? first_ + sizes.tile : 0;
    if (first_ >= side) first_ -= side;
    for (index_t i = known; i < side; ++i) {
      const index_t y = at.h + i * p.h.dilation;
      const bool inside = y >= 0 && y < p.h.in;
      const T* source = plane + (inside ? y * p.w.in : 0);
      const index_t place = first_ + i < side ? first_ + i : first_ + i - side;
      T* copy = task_.array(s.line) + place * s.line_ld;
      line_[i] = whole && inside ? source + at.w : copy;
      if (line_[i] == copy) task_.kernel.transforms.copy_line(source, inside ? p.w.in : 0, at.w, step, wanted, copy);
      const index_t from = std::max<index_t>(at.w, 0);
      if (inside && channel_ + 1 < p.in_channels)  // too far away for the hardware to see it coming
        prefetch(source + p.in_plane() + from, (std::min)(at.w + sizes.tile * run.length * step, p.w.in) - from);
    }
    return line_;
  }

 private:
  const winograd_task<T>& task_;
  const index_t window_w_, channel_;
  const T* line_[most_winograd_side];
  index_t first_ = 0;  // which of the N places for copies is the first line's
};

template <class T>
void copy_planes(const T* from, index_t from_plane, index_t planes, index_t count, T* to, index_t to_plane) {
  for (index_t e = 0; e < planes; ++e)
    std::memcpy(to + e * to_plane, from + e * from_plane, static_cast<std::size_t>(count) * sizeof(T));
}

/// v for channels [c0, c0 + channels) and the elements [e, e + elements), as window_w begins; a guard that is not null
/// measures the lines.
template <class T>
void pack_input(const winograd_task<T>& task, index_t window_w, index_t c0, index_t channels, index_t e,
                index_t elements, T* to, winograd_guard<T>* guard) {
  const winograd_scratch& s = task.plan.scratch;
  const index_t kc = task.plan.blocking.kc, all = task.plan.sizes.elements();
  T* const rows = task.array(s.rows);
  std::memset(static_cast<void*>(rows), 0, static_cast<std::size_t>(all * s.rows_ld) * sizeof(T));
  for (index_t c = 0; c < channels; ++c) {
    run_lines<T> lines(task, window_w, c0 + c);
    for (const tile_run* run = task.runs; run < task.runs + task.run_count; ++run) {
      const T* const* line = lines.find(*run);
      if (guard) guard->measure(*run, line);
      task.kernel.transforms.input_rows(line, run->length, rows + run->begin, s.rows_ld);
    }
    T* v = to + c / kc * all * s.v_plane + c % kc * s.v_ld;
    if (elements == all) {
      task.kernel.transforms.input_columns(rows, s.rows_ld, task.cover.padded, v, s.v_plane);
    } else {
      T* few = task.array(s.few);
      task.kernel.transforms.input_columns(rows, s.rows_ld, task.cover.padded, few, s.v_ld);
      copy_planes(few + e * s.v_ld, s.v_ld, elements, task.cover.padded, v, s.v_plane);
    }
  }
}

/// All that a row of phases reads: v where there is memory for all of it, and what the guard has to know.
template <class T>
void take_input(const winograd_task<T>& task, winograd_guard<T>* guard) {
  const winograd_problem& p = task.plan.problem;
  if (task.phase_h < p.h.windows) {  // the last row of phases may share the first one's
    if (guard) guard->begin_map();
    if (task.plan.blocking.whole_input)
      for (index_t w = 0; w < p.w.windows; ++w)
        pack_input(task, w, 0, p.in_channels, 0, task.plan.sizes.elements(),
                   task.array(task.plan.scratch.v) + w * task.plan.scratch.v_window, w == 0 ? guard : nullptr);
    else if (guard)
      for (index_t c = 0; c < p.in_channels; ++c) {
        run_lines<T> lines(task, 0, c);
        for (const tile_run* run = task.runs; run < task.runs + task.run_count; ++run)
          guard->measure(*run, lines.find(*run));
      }
    if (guard) guard->end_map();
  }
  if (guard) guard->find_balances();
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
