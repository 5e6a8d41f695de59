// Products of a large matrix and a handful of lines. The large one is read once, in vectors, as it lies; what the loops
// need of the few lines is gathered for them.
//
//     dots   s(i, j) = sum over p < k of large(i, p) * few(p, j)    the large one's rows are lines, n is a handful
//     sums   s(i, j) = sum over p < k of few(i, p) * large(p, j)    likewise, m is: its rows are added up
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/product/strided_product.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

inline constexpr index_t streamed_handful = 8;  // lines that one reading of the large matrix serves

/// Dots of rows [i, i + rows) and columns [j, j + columns) over some of the terms: sum (rows, columns).
template <class T>
struct dot_sums {
  index_t group, i, rows, j, columns;
  bool first, last;  // of the terms
  const T* sum;
};

/// How `groups` such products are computed, whose large matrices lie one behind the other. Bits depend on the last two
/// alone.
template <class T>
struct streamed_plan {
  index_t groups, m, n, k;
  index_t part;        // rows (dots) or columns (sums) of the large matrix that a task takes
  index_t parts;       // of a group
  index_t stretch;     // elements of each of a handful of lines that are in scratch memory at a time
  index_t share;       // bytes of scratch memory of a worker
  index_t depth = 0;   // of dots: terms that are summed before the sink takes them
  bool alone = false;  // of dots: a last row on its own, of a single column, is summed in four vectors

  /// The few lines are gathered as far ahead as keeps to half of L2, so that the large one's rows are read in one go:
  /// of 411 MB, 8 KiB at a time took 31 ms, 32 KiB 24 and 100 KiB 19 to 21 (Zen 4, one core; a plain read takes 17).
  static streamed_plan dots(index_t groups, index_t m, index_t n, index_t k, index_t depth, bool gathers,
                            const context& ctx) {
    const index_t columns = (std::min)(n, streamed_handful);
    const index_t most = (std::min)(l2_bytes / 2, scratch_budget(ctx)) / (columns * size);
    const index_t stretch = !gathers ? k : k <= most ? round_up(k, line) : most / depth * depth;
    const index_t part = round_up(ceil_divide(m, wanted_parts(groups, m, k, ctx)), rows_at_once);
    return {groups, m, n, k, part, ceil_divide(m, part), stretch, gathers ? columns * stretch * size : 0, depth};
  }

  /// The sums of one line stay in L2 while the large matrix's rows pass, in stretches as long as above: 4 KiB at a time
  /// took 27 ms, 8 KiB 24, 32 KiB 19 and 100 KiB 18. Those of more are 4 KiB each, of which L2 keeps rows_shared rows.
  static streamed_plan sums(index_t groups, index_t m, index_t n, index_t k, const context& ctx) {
    const index_t lines = (std::min)(m, streamed_handful);
    const index_t most = lines > 1 ? least_stretch : (std::min)(l2_bytes / 8, scratch_budget(ctx) - slack);
    const index_t worth = std::max<index_t>(1, n * size / least_stretch);
    const index_t parts = (std::max)(ceil_divide(n, most / size), (std::min)(worth, wanted_parts(groups, n, k, ctx)));
    const index_t part = round_up(ceil_divide(n, parts), line);
    return {groups, m, n, k, part, ceil_divide(n, part), part, lines * part * size + slack};
  }

  index_t bytes(const context& ctx) const { return share * worker_count(ctx, groups * parts); }

  /// few(group, p, count, j, columns, scratch) gives rows [p, p + count) of so many columns, each of which is a line:
  /// where they are, or gathered in scratch, `stretch` apart. sink(dot_sums) takes the sums, by ascending terms. The
  /// large matrix may be stored in another type than T: no bit of the sums depends on that.
  template <class W, class Few, class Sink>
  void run_dots(const W* large, index_t ld, const Few& few, const Sink& sink, const context& ctx,
                std::byte* memory) const {
    const isa level = chosen_isa(ctx);
    for_each_part(m, ctx, memory, [&](index_t group, index_t begin, index_t end, T* scratch) {
      T sum[rows_at_once * streamed_handful];
      for (index_t j = 0, columns; j < n; j += columns) {
        columns = (std::min)(streamed_handful, n - j);
        const auto dot = columns == 1   ? TENFOLD_KERNEL(level, dot<T, W, 1>)
                         : columns == 2 ? TENFOLD_KERNEL(level, dot<T, W, 2>)
                                        : TENFOLD_KERNEL(level, dot<T, W>);
        for (index_t p = 0, count; p < k; p += count) {
          count = (std::min)(stretch, k - p);
          const strided_matrix<const T> x = few(group, p, count, j, columns, scratch);
          for (index_t i = begin, rows; i < end; i += rows) {
            rows = end - i >= rows_at_once ? rows_at_once : 1;  // of one, the kernel's four are the same
            for (index_t q = 0, terms; q < count; q += terms) {
              terms = (std::min)(depth, count - q);
              const W* row = large + (group * m + i) * ld + p + q;
              if (alone && rows == 1 && n == 1)
                TENFOLD_KERNEL(level, dot_line<T, W>)(row, x.data + q, terms, sum);
              else
                dot(row, rows > 1 ? ld : 0, x.data + q, x.column, columns, terms, sum);
              sink({group, i, rows, j, columns, p + q == 0, p + q + terms == k, sum});
            }
          }
        }
      }
    });
  }

  /// sink(group, i, j, columns, s) takes s(i, j), ..., s(i, j + columns - 1), whose terms are added by ascending p. A
  /// vector may be read behind them.
  template <class W, class Sink>
  void run_sums(const strided_matrix<const T>& few, const W* large, index_t ld, const Sink& sink, const context& ctx,
                std::byte* memory) const {
    const auto axpy = TENFOLD_KERNEL(chosen_isa(ctx), axpy<T, W>);
    for_each_part(n, ctx, memory, [&](index_t group, index_t begin, index_t end, T* sums) {
      for (index_t i = 0, rows; i < m; i += rows) {
        rows = (std::min)(streamed_handful, m - i);
        fill(sums, sums + rows * stretch, T{});
        for (index_t p = 0; p < k; p += rows_shared)
          for (index_t r = 0; r < rows; ++r) {
            const index_t terms = (std::min)(rows_shared, k - p);
            T factor[rows_shared];
            for (index_t q = 0; q < terms; ++q) factor[q] = few.at(i + r, group * k + p + q);
            axpy(factor, large + (group * k + p) * ld + begin, ld, terms, end - begin, sums + r * stretch);
          }
        for (index_t r = 0; r < rows; ++r) sink(group, i + r, begin, end - begin, sums + r * stretch);
      }
    });
  }

 private:
  static constexpr auto size = static_cast<index_t>(sizeof(T));
  static constexpr auto slack = static_cast<index_t>(alignment);
  static constexpr index_t line = slack / size;
  static constexpr index_t least_stretch = l1_bytes / 8;  // bytes: shorter ones make memory skip from row to row
  static constexpr index_t rows_at_once = 4;  // of dots; tasks begin with such: each row knows whether it is alone
  static constexpr index_t rows_shared = 64;  // of sums, among a handful of lines

  /// A few for each worker, of 32 Ki elements of the large matrix at least: less than 5 us are not worth a wake-up.
  static index_t wanted_parts(index_t groups, index_t extent, index_t other, const context& ctx) {
    if (ctx.threads <= 1) return 1;
    const double worth = static_cast<double>(extent) * static_cast<double>(other) / (32 << 10);
    const index_t most = ceil_divide(4 * thread_count(ctx), groups);
    return std::clamp<index_t>(static_cast<index_t>(lesser(worth, 1e6)), 1, most);
  }

  /// body(group, begin, end, scratch) for each task's part of the extent.
  template <class Body>
  void for_each_part(index_t extent, const context& ctx, std::byte* memory, const Body& body) const {
    parallel_tasks(ctx, groups * parts, [&](index_t worker, index_t t) {
      const index_t begin = t % parts * part;
      body(t / parts, begin, (std::min)(extent, begin + part), reinterpret_cast<T*>(memory + worker * share));
    });
  }
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
