// Separable resampling of planes by tables: what each output of an axis is the weighted sum of.
#pragma once

#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::plain {

/// What resampled values are computed in: float for float, double for the rest.
template <class T>
struct resample_number {
  using type = double;
};
template <>
struct resample_number<float> {
  using type = float;
};

/// One axis:  output o = the sum of weight(o, t) * input at(o, t) over the taps t before the first with at(o, t) = in.
/// The inputs of one output lie within `taps` neighbours. Without taps the axis stays as it is; without weights, which
/// both axes of a problem have or neither, each output is a copy of its one tap.
template <class A>
struct resample_axis {
  index_t in = 1;
  index_t out = 1;
  index_t taps = 0;
  index_t* at = nullptr;
  A* weight = nullptr;
  index_t output_step = 0;  // in both tables
  index_t tap_step = 0;
  bool weighted = false;

  TENFOLD_TAG index_t& at_of(index_t o, index_t t) const { return at[o * output_step + t * tap_step]; }
  TENFOLD_TAG A& weight_of(index_t o, index_t t) const { return weight[o * output_step + t * tap_step]; }
};

enum class halves { away_from_zero, to_even };

/// `planes` images (h.in, w.in) to (h.out, w.out). The table of h has the taps of an output side by side, that of w the
/// outputs of a tap. Integers are rounded to the nearest.
template <class A>
struct resample_problem {
  index_t planes = 0;
  resample_axis<A> h, w;
  halves rounds = halves::away_from_zero;
};

}  // namespace tenfold::inline v0::plain

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

using plain::halves;
using plain::resample_axis;
using plain::resample_problem;

template <class T>
using resample_number = typename plain::resample_number<T>::type;

/// Rounding down of numbers that an index_t holds.
constexpr index_t floor_of(double v) {
  const auto whole = static_cast<index_t>(v);
  return static_cast<double>(whole) > v ? whole - 1 : whole;
}
constexpr index_t ceil_of(double v) { return -floor_of(-v); }

constexpr index_t clamped(index_t i, index_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

template <class A>
constexpr bool is_weighted(const resample_problem<A>& p) {
  return p.h.weighted || p.w.weighted;
}

/// Lines are interpolated before they are added up where there are more of them in the output: each input line once,
/// into a ring of as many as an output needs.
template <class A>
bool goes_across_first(const resample_problem<A>& p) {
  return p.h.taps > 0 && p.w.taps > 0 && p.h.out > p.h.in;
}

/// The memory of one worker.
template <class A>
struct resample_scratch {
  A* source;      // (w.in + 1): a line of input, and a 0
  A* result;      // (w.out)
  A* ring;        // (h.taps, w.out) where it goes across first
  index_t* held;  // (h.taps): the input line that each of the ring holds
  index_t* slot;  // (h.taps)

  resample_scratch(const resample_problem<A>& p, scratch_cursor& memory)
      : source(memory.take<A>(p.w.in + 1)),
        result(memory.take<A>(p.w.out)),
        ring(nullptr),
        held(nullptr),
        slot(nullptr) {
    if (!goes_across_first(p)) return;
    ring = memory.take<A>(checked_multiply(p.h.taps, p.w.out));
    held = memory.take<index_t>(p.h.taps);
    slot = memory.take<index_t>(p.h.taps);
  }
};

template <class A>
index_t resample_worker_bytes(const resample_problem<A>& p) {
  if (!is_weighted(p)) return 0;
  scratch_cursor counted(nullptr);
  resample_scratch<A>(p, counted);
  return counted.used();
}

/// As parallel_ranges does it, where a line costs about so much.
template <class A>
index_t resample_workers(const resample_problem<A>& p, const context& ctx) {
  const double line = 0.5 * static_cast<double>(p.w.out) * static_cast<double>(1 + p.w.taps) +
                      0.1 * static_cast<double>(p.w.in) * static_cast<double>(1 + p.h.taps);
  const double useful = lesser(line * static_cast<double>(p.planes) * static_cast<double>(p.h.out) / 20e3, 1e6) + 1;
  return worker_count(ctx, (std::min)(p.planes * p.h.out, static_cast<index_t>(useful)));
}

/// The memory of all workers: a few lines each, whatever the budget, which is but checked.
template <class A>
index_t resample_bytes(const resample_problem<A>& p, const context& ctx) {
  scratch_budget(ctx);
  return checked_multiply(resample_worker_bytes(p), resample_workers(p, ctx));
}

/// An axis whose tables, of so many taps, are taken from `memory`, to be written.
template <class A>
resample_axis<A> axis_of_lines(scratch_cursor& memory, index_t in, index_t out, index_t taps, bool weighted = true) {
  const index_t places = checked_multiply(out, taps);
  checked_multiply(places, 2 * static_cast<index_t>(sizeof(index_t)));
  resample_axis<A> axis{in, out, taps, nullptr, nullptr, taps, 1};
  if (taps == 0) return axis;
  axis.at = memory.take<index_t>(places);
  if (weighted) axis.weight = memory.take<A>(places);
  axis.weighted = weighted;
  return axis;
}
template <class A>
resample_axis<A> axis_of_columns(scratch_cursor& memory, index_t in, index_t out, index_t taps, bool weighted = true) {
  resample_axis<A> axis = axis_of_lines<A>(memory, in, out, taps, weighted);
  axis.output_step = 1;
  axis.tap_step = out;
  return axis;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
