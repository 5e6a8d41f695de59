// Work split over outputs, or over chunks that the shape decides, so that no result's bits depend on threads.
#pragma once

#include <tenfold/detail/axis.hpp>  // index_range
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/optional_array.hpp>

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

/// The sum of so many terms that outputs alone are too few tasks: a gradient of weights or bias, whose terms are images
/// and pixels. They are cut into chunks, whose partial sums any worker makes at any time, in scratch memory; these are
/// added chunk by chunk:
///
///     result[i] = ((partial(0)[i] + partial(1)[i]) + partial(2)[i]) + ...,   i < elements
///     result[i] = ((result[i] + partial(0)[i]) + partial(1)[i]) + ...        where the result is added to
///
/// The chunks follow from the number of terms alone. Where the memory holds fewer partial sums than there are chunks,
/// they come in rounds, with the same additions. So no bit depends on threads or memory.
///
/// A term that is rounded t times within its chunk, its product included, is rounded t + chunks times at most, so
/// |error| <= gamma_(t + chunks) * sum |terms| (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2);
/// one chunk of all terms would have gamma_(terms).
template <element T>
class ordered_sum {
 public:
  /// Four tasks for each of 16 workers.
  static constexpr index_t most_chunks = 64;

  /// Chunks of at least `least_chunk` terms, below which a partial sum costs more than it parts.
  ordered_sum(index_t terms, index_t least_chunk, index_t elements, bool adds_to_result)
      : terms_(terms),
        chunks_(terms > 0 ? std::clamp<index_t>(terms / least_chunk, 1, most_chunks) : 0),
        elements_(elements),
        adds_to_result_(adds_to_result) {}

  index_t chunks() const { return chunks_; }
  /// Its terms.
  index_range chunk(index_t c) const { return part_of(terms_, chunks_, c); }

  /// What `run` takes of a budget, which has to hold the elements once. (A result that is larger is cut into several,
  /// whose tasks then may be enough.)
  index_t scratch_bytes(index_t budget) const { return held(budget) * pitch() * static_cast<index_t>(sizeof(T)); }

  /// Calls body(worker, chunk, partial) once for each chunk, which is to write the elements of its partial sum; one
  /// worker's calls never overlap.
  ///   memory  (scratch_bytes(budget))
  template <class Body>
  void run(const context& ctx, std::byte* memory, index_t budget, T* result, const Body& body) const {
    const auto add = TENFOLD_KERNEL(chosen_isa(ctx), add_lines<T>);
    T* const partials = reinterpret_cast<T*>(memory);
    if (chunks_ == 0 && !adds_to_result_) fill(result, result + elements_, T{});
    for (index_t first = 0, next; first < chunks_; first = next) {
      const index_t begun = first == 0 && !adds_to_result_;  // the result itself is the first partial sum's place
      next = (std::min)(chunks_, first + begun + held(budget));
      parallel_tasks(ctx, next - first, [&](index_t worker, index_t i) {
        body(worker, first + i, i < begun ? result : partials + (i - begun) * pitch());
      });
      const index_t lines = next - first - begun;
      parallel_ranges(ctx, elements_, 0.1 * static_cast<double>(lines), [&](index_t begin, index_t end) {
        add(lines, end - begin, optional_array<T>(partials) + begin, pitch(), result + begin);
      });
    }
  }

 private:
  /// Elements from one partial sum to the next.
  index_t pitch() const { return round_up(elements_, static_cast<index_t>(alignment / sizeof(T))); }
  /// So many partial sums are in memory at a time.
  index_t held(index_t budget) const {
    const index_t bytes = (std::max)(pitch(), index_t{1}) * static_cast<index_t>(sizeof(T));
    const index_t most = (std::max)(chunks_ - !adds_to_result_, index_t{0});
    return (std::min)(most, (std::max)(budget / bytes, index_t{1}));
  }

  index_t terms_, chunks_, elements_;
  bool adds_to_result_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
