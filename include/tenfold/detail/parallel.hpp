// Work split over outputs, or over chunks that the shape decides, so that no result's bits depend on threads.
#pragma once

#include <tenfold/context.hpp>
#include <tenfold/detail/axis.hpp>  // index_range

#include <algorithm>  // clamp, max, min
#include <atomic>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// std::min and std::max of floating-point numbers follow the flags that the linker's choice of them was compiled with.
constexpr double lesser(double a, double b) { return b < a ? b : a; }
constexpr double greater(double a, double b) { return a < b ? b : a; }

/// context::threads within reason, so that small multiples fit and nothing counts up to it for long.
inline index_t thread_count(const context& ctx) { return std::clamp<index_t>(ctx.threads, 1, 4096); }

/// How many workers `tasks` independent tasks are worth.
inline index_t worker_count(const context& ctx, index_t tasks) {
  return std::max<index_t>(1, (std::min)(thread_count(ctx), tasks));
}

/// Into how many parts each of `tasks` equal tasks is split where parts repeat work, such as packing: as few as keep
/// all workers busy to the end.
inline index_t parts_per_task(index_t tasks, index_t threads) {
  index_t parts = 1;
  while (tasks * parts % threads != 0 && tasks * parts < 4 * threads) ++parts;
  return parts;
}

/// Calls body(worker, task) once for each task in [0, tasks); one worker's calls never overlap. Tasks are handed out as
/// workers become free, because cores are seldom equally fast.
template <class Body>
void parallel_tasks(const context& ctx, index_t tasks, const Body& body) {
  const index_t workers = worker_count(ctx, tasks);
  if (workers == 1) {
    for (index_t t = 0; t < tasks; ++t) body(index_t{0}, t);
    return;
  }
  std::atomic<index_t> next{0};
  auto work = [&](index_t worker) {
    for (index_t t; (t = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) body(worker, t);
  };
  ctx.parallel_for(workers, task(work));
}

/// Part i of [0, count) cut into so many parts, of which the first ones have one more where they differ.
inline index_range part_of(index_t count, index_t parts, index_t i) {
  const index_t each = count / parts, more = count % parts;
  const index_t begin = i * each + (std::min)(i, more);
  return {begin, begin + each + (i < more)};
}

/// Calls body(begin, end) on disjoint ranges that cover [0, count). `cost` is roughly the nanoseconds that one item
/// takes: below some 20 us a range is not worth a thread's wake-up.
template <class Body>
void parallel_ranges(const context& ctx, index_t count, double cost, const Body& body) {
  constexpr double worth_a_thread = 20e3;
  const double useful = lesser(static_cast<double>(count) * cost / worth_a_thread, 1e6) + 1;
  const index_t workers = worker_count(ctx, (std::min)(count, static_cast<index_t>(useful)));
  if (workers <= 1) {
    if (count > 0) body(index_t{0}, count);
    return;
  }
  auto work = [&](index_t w) {
    const index_range part = part_of(count, workers, w);
    body(part.begin, part.end);
  };
  ctx.parallel_for(workers, task(work));
}

/// Makes `least` the value where that is smaller; any worker may.
inline void lower_to(std::atomic<index_t>& least, index_t value) {
  index_t seen = least.load();
  while (seen > value && !least.compare_exchange_weak(seen, value)) {
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
