// Products that do not pay for packing both operands: small ones, and those of few rows, few columns or few terms.
//
// A register tile reads the rows of B as lines and the elements of A one by one, wherever they are. A B whose lines lie
// along k is packed, which is little work where it is small or where A has many rows; a large one becomes A: the
// problem is transposed.
#pragma once

#include <tenfold/detail/gemv.hpp>
#include <tenfold/detail/implicit_gemm.hpp>

namespace tenfold::inline v0::detail {

/// Whether a problem is of this kind: a small one, up to the cube of 400 (avx512 of Zen 4, float, against packing
/// both: 1.15 times as fast at 128, 1.05 at 256, the same at 512) or of 200 (avx2: 1.07 at 128, even at 256), or one
/// whose packed panels few tiles would read: four, of 8 rows with avx512 and 4 otherwise. Shape and instruction set
/// alone decide, here and below, so that bits depend on nothing else.
template <class T>
bool is_direct(const strided_product<T>& g, isa level) {
  const double side = level == isa::avx512 ? 400 : 200;
  return std::min(g.m, g.n) <= (level == isa::avx512 ? 32 : 16) || g.k <= 8 || operations(g) <= side * side * side;
}

/// The blocks that a direct product is done in.
template <class T>
struct direct_blocks {
  static constexpr auto bytes = static_cast<index_t>(sizeof(T));
  static constexpr index_t unit = 192 / bytes;  // columns of 1, 2 or 4 tiles, whatever the instruction set
  static constexpr index_t least = 64 / bytes;  // a vector at most: no block but an only one has less columns

  index_t kc;
  index_t nc;
  bool packs_b;

  /// With KC rows, nc + least columns of a packed B are 48 to 64 KiB, the least workspace; of another, 256 KiB, so that
  /// it stays in L2 while the rows of A pass, or in L1
  explicit direct_blocks(const strided_product<T>& g)
      : kc(g.k <= gemm_kc<T> ? g.k : gemm_block_rows<T>(g.k)), nc(g.n), packs_b(g.n > 1 && g.b.column != 1) {
    const index_t elements = index_t{packs_b ? 48 : kc <= direct_few_terms ? 16 : 256} * 1024 / bytes;
    if (g.n * kc > elements) nc = std::max(elements / kc / unit * unit, unit);
    if (packs_b) nc = std::min(nc, 2 * unit);
  }

  index_t packed_bytes(index_t n) const { return packs_b ? (std::min(n, nc + least - 1) * kc + least) * bytes : 0; }
};

/// The end of the block that begins at `begin`: no rest is shorter than `least`.
inline index_t block_end(index_t begin, index_t end, index_t size, index_t least) {
  return end - begin < size + least ? end : begin + size;
}

/// Rows [i0, i1) and columns [j0, j1).
///   packed (kc, columns of a block) where B is packed
template <class T>
void run_direct_part(const strided_product<T>& g, const direct_blocks<T>& blocks, isa level, index_t i0, index_t i1,
                     index_t j0, index_t j1, T* packed) {
  for (index_t j = j0, next; j < j1; j = next) {
    next = block_end(j, j1, blocks.nc, blocks.least);
    for (index_t p = 0; p < g.k; p += blocks.kc) {
      direct_block<T> block{i1 - i0,
                            next - j,
                            std::min(blocks.kc, g.k - p),
                            &g.a.at(i0, p),
                            g.a.row,
                            g.a.column,
                            &g.b.at(p, j),
                            g.b.row,
                            &g.c.at(i0, j),
                            g.c.row,
                            g.c.column,
                            g.alpha,
                            p == 0 ? g.beta : T{1}};
      if (blocks.packs_b) {
        index_t line[static_cast<std::size_t>(most_nr)];
        fill_offsets(affine_digits(block.n, g.b.column), 0, block.n, line);
        TENFOLD_KERNEL(level, pack_transpose<T>)(block.b, line, block.n, block.k, block.n, packed);
        block.b = packed;
        block.ldb = block.n;
      }
      TENFOLD_KERNEL(level, gemm_direct<T>)(block);
    }
  }
}

/// How many columns or rows each task takes, and how many tasks there are.
struct direct_share {
  index_t size;
  index_t count;
};

/// Equal shares of whole tiles, the last with the rest.
inline direct_share share_of(index_t extent, index_t tile, index_t wanted) {
  const index_t size = std::max(round_up(ceil_divide(extent, wanted), tile), tile);
  return {size, std::max<index_t>(1, extent / size)};
}

/// The longer of rows and columns is shared among the workers, if there is enough to do.
template <class T>
class gemm_direct_plan {
 public:
  gemm_direct_plan(const strided_product<T>& g, const context& ctx) : g_(g), ctx_(ctx), blocks_(g) {
    scratch_budget(ctx);  // raises what is too small for any operation
    constexpr double worth_a_thread = 64.0 * 64 * 64;
    if (ctx.threads <= 1 || operations(g) < worth_a_thread) return;
    by_rows_ = g.m > g.n || blocks_.packs_b;
    share_ = by_rows_ ? share_of(g.m, 64, 4 * ctx.threads) : share_of(g.n, 2 * blocks_.unit, 4 * ctx.threads);
  }

  index_t scratch_bytes() const { return per_worker() * worker_count(ctx_, share_.count); }

  void run(std::byte* memory) const {
    const isa level = chosen_isa(ctx_);
    if (share_.count == 1) return run_direct_part(g_, blocks_, level, 0, g_.m, 0, g_.n, reinterpret_cast<T*>(memory));
    parallel_tasks(ctx_, share_.count, [&](index_t worker, index_t t) {
      T* packed = reinterpret_cast<T*>(memory + worker * per_worker());
      const index_t extent = by_rows_ ? g_.m : g_.n;
      const index_t begin = t * share_.size;
      const index_t end = t + 1 == share_.count ? extent : begin + share_.size;
      if (by_rows_)
        run_direct_part(g_, blocks_, level, begin, end, 0, g_.n, packed);
      else
        run_direct_part(g_, blocks_, level, 0, g_.m, begin, end, packed);
    });
  }

 private:
  index_t per_worker() const { return round_up(blocks_.packed_bytes(g_.n), static_cast<index_t>(alignment)); }

  const strided_product<T>& g_;
  const context& ctx_;
  direct_blocks<T> blocks_;
  bool by_rows_ = true;
  direct_share share_{g_.m, 1};
};

template <class T>
void run_direct(const strided_product<T>& g, const context& ctx) {
  // A large operand is read along its lines.
  if (g.k > 8 && (g.n >= 4 * g.m ? g.b.column != 1 : g.m >= 4 * g.n && g.a.column != 1))
    return run_direct(transposed(g), ctx);
  const gemm_direct_plan<T> plan(g, ctx);
  const index_t bytes = plan.scratch_bytes();
  constexpr index_t small = 8192;  // not worth an allocation
  if (bytes <= small) {
    alignas(alignment) std::byte memory[small];
    return plan.run(memory);
  }
  const scratch_memory memory(ctx, bytes);
  plan.run(memory.data());
}

}  // namespace tenfold::inline v0::detail
