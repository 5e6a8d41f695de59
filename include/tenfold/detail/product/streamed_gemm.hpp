// gemm of very few rows or columns: the other operand is streamed.
#pragma once

#include <tenfold/detail/product/streamed.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class streamed_gemm {
 public:
  static bool applies(const strided_product<T>& g) { return (std::min)(g.m, g.n) <= streamed_handful; }

  /// At most three rows or columns, and enough of the rest: for two or three rows that are added up, more than L2
  /// holds, because a tile reads what is there once for all of them. Four to seven columns of 4 bytes, of which a tile
  /// fills half or a quarter of a vector, are dot products if those are long (gemm 1024 x 5 x 1024: 1.6 times as fast).
  static bool suits(const strided_product<T>& g, isa) {
    const index_t least = (std::min)(g.m, g.n);
    if (least > 7) return false;
    const bool dots = (g.n <= g.m ? g.a.column : g.b.row) == 1;
    if (least > 3) return dots && sizeof(T) == 4 && g.k >= 256;
    constexpr auto bytes = static_cast<index_t>(sizeof(T));
    if (dots && std::floating_point<T> && g.k * bytes < 64) return false;  // less than a vector
    return operations(g) * sizeof(T) >= (dots || least == 1 ? 1024 : 256 << 10);
  }

  streamed_gemm(const strided_product<T>& g, const context& ctx)
      : ctx_(ctx), g_(g.n <= g.m ? g : transposed(g)), dots_(g_.a.column == 1) {
    // As few columns, A's rows have to be lines, as few rows B's: one of the two is so, of the problem or its
    // transpose.
    if (!dots_) g_ = transposed(g_);
    constexpr index_t depth = 512;
    const bool gathers = g_.b.row != 1;
    plan_ = dots_ ? streamed_plan<T>::dots(1, g_.m, g_.n, g_.k, gathers ? depth : g_.k, gathers, ctx)
                  : streamed_plan<T>::sums(1, g_.m, g_.n, g_.k, ctx);
    plan_.alone = true;
  }

  index_t scratch_bytes() const { return plan_.bytes(ctx_); }

  void run(std::byte* memory) const {
    if (!dots_)
      return plan_.run_sums(
          g_.a, g_.b.data, g_.b.row,
          [&](index_t, index_t i, index_t j, index_t columns, const T* sums) {
            for (index_t c = 0; c < columns; ++c) put(i, j + c, sums[c], true);
          },
          ctx_, memory);
    const auto columns_of_b = [&](index_t, index_t p, index_t count, index_t j, index_t columns,
                                  T* lines) -> strided_matrix<const T> {
      if (g_.b.row == 1) return {&g_.b.at(p, j), 1, g_.b.column};
      for (index_t q = 0; q < count; ++q)
        for (index_t c = 0; c < columns; ++c) lines[c * plan_.stretch + q] = g_.b.at(p + q, j + c);
      return {lines, 1, plan_.stretch};
    };
    plan_.run_dots(
        g_.a.data, g_.a.row, columns_of_b,
        [&](const dot_sums<T>& s) {
          for (index_t r = 0; r < s.rows; ++r)
            for (index_t c = 0; c < s.columns; ++c) put(s.i + r, s.j + c, s.sum[r * s.columns + c], s.first);
        },
        ctx_, memory);
  }

 private:
  void put(index_t i, index_t j, T sum, bool first) const {
    T& c = g_.c.at(i, j);
    c = scaled_sum(g_.alpha, sum, first ? g_.beta : T{1}, c);
  }

  const context& ctx_;
  strided_product<T> g_;
  bool dots_;
  streamed_plan<T> plan_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
