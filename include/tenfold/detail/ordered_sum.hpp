// Sums of many terms, in chunks that are added in order.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/optional_array.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

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
    run_pieces(ctx, memory, budget, 1, result,
               [&](index_t worker, index_t chunk, index_t, T* partial) { body(worker, chunk, partial); });
  }

  /// The same, but body(worker, chunk, piece, partial) once for each chunk and piece, which is to write those of its
  /// elements that are the piece's.
  template <class Body>
  void run_pieces(const context& ctx, std::byte* memory, index_t budget, index_t pieces, T* result,
                  const Body& body) const {
    const auto add = TENFOLD_KERNEL(chosen_isa(ctx), add_lines<T>);
    T* const partials = reinterpret_cast<T*>(memory);
    if (chunks_ == 0 && !adds_to_result_) fill(result, result + elements_, T{});
    for (index_t first = 0, next; first < chunks_; first = next) {
      const index_t begun = first == 0 && !adds_to_result_;  // the result itself is the first partial sum's place
      next = (std::min)(chunks_, first + begun + held(budget));
      parallel_tasks(ctx, (next - first) * pieces, [&](index_t worker, index_t task) {
        const index_t i = task / pieces;
        body(worker, first + i, task % pieces, i < begun ? result : partials + (i - begun) * pitch());
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
