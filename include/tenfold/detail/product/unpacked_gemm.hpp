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

/// The blocks that such a product is done in. KC, the terms that are summed in registers, depends on k alone.
template <class T>
struct unpacked_blocks {
  static constexpr auto bytes = static_cast<index_t>(sizeof(T));
  static constexpr index_t unit = 192 / bytes;  // columns of 1, 2 or 4 tiles, whatever the instruction set
  static constexpr index_t least = 64 / bytes;  // a vector at most: no block but an only one has less columns
  static constexpr index_t most_kc = 256;

  index_t kc;
  index_t nc;
  bool packs_b;

  /// With KC rows, nc + least columns of a packed B are 48 to 64 KiB, the least workspace; of another, 256 KiB, so that
  /// it stays in L2 while the rows of A pass, or in L1
  explicit unpacked_blocks(const strided_product<T>& g)
      : kc(g.k <= most_kc ? g.k : ceil_divide(g.k, ceil_divide(g.k, most_kc))),
        nc(g.n),
        packs_b(g.n > 1 && g.b.column != 1) {
    const index_t elements = index_t{packs_b ? 48 : kc <= unpacked_few_terms ? 16 : 256} * 1024 / bytes;
    if (g.n * kc > elements) nc = (std::max)(elements / kc / unit * unit, unit);
    if (packs_b) nc = (std::min)(nc, 2 * unit);
  }

  index_t packed_bytes(index_t n) const { return packs_b ? ((std::min)(n, nc + least - 1) * kc + least) * bytes : 0; }
};

/// The end of the block that begins at `begin`: no rest is shorter than `least`.
inline index_t block_end(index_t begin, index_t end, index_t size, index_t least) {
  return end - begin < size + least ? end : begin + size;
}

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
  static bool applies(const strided_product<T>&) { return std::floating_point<T>; }

  /// A small product, up to the cube of 400 (avx512 of Zen 4, float, against packing both: 1.15 times as fast at 128,
  /// 1.05 at 256, the same at 512) or of 200 (avx2: 1.07 at 128, even at 256), or one whose packed panels few tiles
  /// would read: four, of 8 rows with avx512 and 4 otherwise.
  static bool suits(const strided_product<T>& g, isa level) {
    const double side = level == isa::avx512 ? 400 : 200;
    return applies(g) && ((std::min)(g.m, g.n) <= (level == isa::avx512 ? 32 : 16) || g.k <= 8 ||
                          operations(g) <= side * side * side);
  }

  unpacked_gemm(const strided_product<T>& g, const context& ctx)
      : g_(is_read_across(g) ? transposed(g) : g), ctx_(ctx), level_(chosen_isa(ctx)), blocks_(g_), share_{g_.m, 1} {
    scratch_budget(ctx);  // raises what is too small for any operation
    constexpr double worth_a_thread = 64.0 * 64 * 64;
    if (ctx.threads <= 1 || operations(g) < worth_a_thread) return;
    const index_t least_rows = blocks_.packs_b ? 64 : 32;
    const index_t wanted = 4 * thread_count(ctx);
    by_rows_ = g_.m >= (std::min)(g_.n, least_rows * wanted) || blocks_.packs_b;
    share_ = by_rows_ ? share_of(g_.m, least_rows, wanted) : share_of(g_.n, 2 * blocks_.unit, wanted);
  }

  index_t scratch_bytes() const { return per_worker() * worker_count(ctx_, share_.count); }

  void run(std::byte* memory) const {
    parallel_tasks(ctx_, share_.count, [&](index_t worker, index_t t) {
      T* packed = reinterpret_cast<T*>(memory + worker * per_worker());
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
  /// A large operand that the transposed product reads along its lines.
  static bool is_read_across(const strided_product<T>& g) {
    return g.k > 8 && (g.n >= 4 * g.m ? g.b.column != 1 : g.m >= 4 * g.n && g.a.column != 1);
  }

  index_t per_worker() const { return round_up(blocks_.packed_bytes(g_.n), static_cast<index_t>(alignment)); }

  /// Rows [i0, i1) and columns [j0, j1).
  ///   packed (kc, columns of a block) where B is packed
  void run_part(index_t i0, index_t i1, index_t j0, index_t j1, T* packed) const {
    const unpacked_blocks<T>& blocks = blocks_;
    for (index_t j = j0, next; j < j1; j = next) {
      next = block_end(j, j1, blocks.nc, blocks.least);
      for (index_t p = 0; p < g_.k; p += blocks.kc) {
        unpacked_block<T> block{i1 - i0,
                                next - j,
                                (std::min)(blocks.kc, g_.k - p),
                                &g_.a.at(i0, p),
                                g_.a.row,
                                g_.a.column,
                                &g_.b.at(p, j),
                                g_.b.row,
                                &g_.c.at(i0, j),
                                g_.c.row,
                                g_.c.column,
                                g_.alpha,
                                p == 0 ? g_.beta : T{1}};
        if (blocks.packs_b) {
          index_t line[static_cast<std::size_t>(2 * unpacked_blocks<T>::unit + unpacked_blocks<T>::least)];
          for (index_t q = 0; q < block.n; ++q) line[q] = q * g_.b.column;
          TENFOLD_KERNEL(level_, pack_transpose<T>)(block.b, line, block.n, block.k, block.n, packed);
          block.b = packed;
          block.ldb = block.n;
        }
        if constexpr (std::floating_point<T>) TENFOLD_KERNEL(level_, unpacked_gemm<T>)(block);
      }
    }
  }

  strided_product<T> g_;
  const context& ctx_;
  isa level_;
  unpacked_blocks<T> blocks_;
  task_share share_;
  bool by_rows_ = true;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
