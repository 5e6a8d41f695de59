// Products that do not pay for packing both operands: small ones, and those of few rows, few columns or few terms.
//
// A register tile reads the rows of B as lines and the elements of A one by one, wherever they are. A B whose lines lie
// along k is packed, which is little work where it is small or where A has many rows; a large one becomes A: the
// problem is transposed.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/product/strided_product.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// How many columns or rows each task takes, and how many tasks there are.
struct task_share {
  index_t size;
  index_t count;
};

/// Equal shares of whole tiles, the last with the rest.
inline task_share share_of(index_t extent, index_t tile, index_t wanted) {
  const index_t size = (std::max)(round_up(ceil_divide(extent, wanted), tile), tile);
  return {size, std::max<index_t>(1, extent / size)};
}

/// Rows are shared among the workers, at least 32 each (64 where each task packs B), or, if they are too few for four
/// tasks each and fewer than the columns, columns.
template <class T>
class unpacked_gemm {
 public:
  static bool applies(const strided_product<T>&) { return true; }

  /// A small product, up to the cube of 400 (avx512 of Zen 4, float, against packing both: 1.15 times as fast at 128,
  /// 1.05 at 256, the same at 512) or of 200 (avx2: 1.07 at 128, even at 256), or one whose packed panels few tiles
  /// would read: four, of 8 rows with avx512 and 4 otherwise.
  static bool suits(const strided_product<T>& g, isa level) {
    const double side = level == isa::avx512 ? 400 : 200;
    return (std::min)(g.m, g.n) <= (level == isa::avx512 ? 32 : 16) || g.k <= 8 || operations(g) <= side * side * side;
  }

  unpacked_gemm(const strided_product<T>& g, const context& ctx)
      : g_(is_read_across(g) ? turned_ = transposed(g) : g),
        ctx_(ctx),
        level_(chosen_isa(ctx)),
        packs_b_(g_.n > 1 && g_.b.column != 1),
        kc_(g.k <= most_kc ? g.k : ceil_divide(g.k, ceil_divide(g.k, most_kc))),
        nc_(g_.n),
        share_{g_.m, 1} {
    const index_t elements = block_elements(kc_, packs_b_);
    if (g_.n * kc_ > elements) nc_ = (std::max)(elements / kc_ / unit * unit, unit);
    if (packs_b_) nc_ = (std::min)(nc_, 2 * unit);
    scratch_budget(ctx);  // raises what is too small for any operation
    if (is_serial(g, ctx)) return;
    const index_t least_rows = packs_b_ ? 64 : 32;
    const index_t wanted = 4 * thread_count(ctx);
    by_rows_ = g_.m >= (std::min)(g_.n, least_rows * wanted) || packs_b_;
    share_ = by_rows_ ? share_of(g_.m, least_rows, wanted) : share_of(g_.n, 2 * unit, wanted);
  }

  /// Runs what is one block for one worker without a plan, which would take longer than 4 x 4 x 4 itself.
  static bool run_at_once(const strided_product<T>& g, const context& ctx) {
    if (g.k > most_kc || g.n * g.k > block_elements(g.k, false) || (g.n > 1 && g.b.column != 1) || is_read_across(g) ||
        !is_serial(g, ctx))
      return false;
    const isa level = chosen_isa(ctx);
    TENFOLD_KERNEL(level, unpacked_gemm<T>)(block_of(g, 0, 0, 0, g.m, g.n, g.k));
    return true;
  }

  index_t scratch_bytes() const { return packs_b_ ? per_worker() * worker_count(ctx_, share_.count) : 0; }

  void run(std::byte* memory) const {
    if (share_.count == 1) return run_part(0, g_.m, 0, g_.n, memory);
    parallel_tasks(ctx_, share_.count, [&](index_t worker, index_t t) {
      std::byte* packed = packs_b_ ? memory + worker * per_worker() : memory;
      const index_t extent = by_rows_ ? g_.m : g_.n;
      const index_t begin = t * share_.size;
      const index_t end = t + 1 == share_.count ? extent : begin + share_.size;
      if (by_rows_)
        run_part(begin, end, 0, g_.n, packed);
      else
        run_part(0, g_.m, begin, end, packed);
    });
  }

 private:
  static constexpr auto bytes = static_cast<index_t>(sizeof(T));
  static constexpr index_t unit = 192 / bytes;  // columns of 1, 2 or 4 tiles, whatever the instruction set
  static constexpr index_t least = 64 / bytes;  // a vector at most: no block but an only one has less columns
  static constexpr index_t most_kc = 256;

  /// A large operand that the transposed product reads along its lines.
  static bool is_read_across(const strided_product<T>& g) {
    return g.k > 8 && (g.n >= 4 * g.m ? g.b.column != 1 : g.m >= 4 * g.n && g.a.column != 1);
  }

  static bool is_serial(const strided_product<T>& g, const context& ctx) {
    constexpr double worth_a_thread = 64.0 * 64 * 64;
    return ctx.threads <= 1 || operations(g) < worth_a_thread;
  }

  /// With KC rows, nc + least columns of a packed B are 48 to 64 KiB, the least workspace; of another, 256 KiB, so that
  /// it stays in L2 while the rows of A pass, or in L1.
  static index_t block_elements(index_t kc, bool packs_b) {
    return index_t{packs_b ? 48 : kc <= unpacked_few_terms ? 16 : 256} * 1024 / bytes;
  }

  /// The bytes of a packed block of B.
  index_t per_worker() const {
    const index_t columns = (std::min)(g_.n, nc_ + least - 1);
    return round_up((columns * kc_ + least) * bytes, static_cast<index_t>(alignment));
  }

  /// Rows [i0, i1) and columns [j0, j1). The last block of columns takes a rest shorter than `least`.
  void run_part(index_t i0, index_t i1, index_t j0, index_t j1, std::byte* packed) const {
    for (index_t j = j0, columns; j < j1; j += columns) {
      columns = j1 - j < nc_ + least ? j1 - j : nc_;
      for (index_t p = 0; p < g_.k; p += kc_) run_block(i0, i1 - i0, j, columns, p, reinterpret_cast<T*>(packed));
    }
  }

  /// m x n results from (i, j) on, k terms from p on.
  static unpacked_block<T> block_of(const strided_product<T>& g, index_t i, index_t j, index_t p, index_t m, index_t n,
                                    index_t k) {
    return {
        m,       n,          k,       &g.a.at(i, p),         g.a.row, g.a.column, &g.b.at(p, j), g.b.row, &g.c.at(i, j),
        g.c.row, g.c.column, g.alpha, p == 0 ? g.beta : T{1}};
  }

  ///   packed (KC, columns) where B is packed
  void run_block(index_t i, index_t rows, index_t j, index_t columns, index_t p, T* packed) const {
    const index_t terms = (std::min)(kc_, g_.k - p);
    unpacked_block<T> block = block_of(g_, i, j, p, rows, columns, terms);
    if (packs_b_) {
      index_t line[static_cast<std::size_t>(2 * unit + least)];
      for (index_t q = 0; q < columns; ++q) line[q] = q * g_.b.column;
      TENFOLD_KERNEL(level_, pack_transpose<T>)(block.b, line, columns, terms, columns, packed);
      block.b = packed;
      block.ldb = columns;
    }
    TENFOLD_KERNEL(level_, unpacked_gemm<T>)(block);
  }

  strided_product<T> turned_;
  const strided_product<T>& g_;
  const context& ctx_;
  isa level_;
  bool packs_b_;
  index_t kc_;  // terms that are summed in registers, which depends on k alone
  index_t nc_;
  task_share share_;
  bool by_rows_ = true;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
