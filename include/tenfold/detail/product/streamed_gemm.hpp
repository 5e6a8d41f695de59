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
    const bool dots = is_dots(g);
    if (least > 3) return dots && sizeof(T) == 4 && g.k >= 256;
    constexpr auto bytes = static_cast<index_t>(sizeof(T));
    if (dots && std::floating_point<T> && g.k * bytes < 64) return false;  // less than a vector
    return operations(g) * sizeof(T) >= (dots || least == 1 ? 1024 : 256 << 10);
  }

  /// As few columns, A's rows have to be lines, as few rows B's: one of the two is so, of the problem or its transpose.
  streamed_gemm(const strided_product<T>& g, const context& ctx)
      : ctx_(ctx), dots_(is_dots(g)), g_(dots_ != (g.n <= g.m) ? turned_ = transposed(g) : g) {
    constexpr index_t depth = 512;
    const bool gathers = g_.b.row != 1;
    plan_ = dots_ ? streamed_plan<T>::dots(1, g_.m, g_.n, g_.k, gathers ? depth : g_.k, gathers, ctx)
                  : streamed_plan<T>::sums(1, g_.m, g_.n, g_.k, ctx);
    plan_.alone = true;
  }

  index_t scratch_bytes() const { return plan_.bytes(ctx_); }

  void run(std::byte* memory) const {
    const auto columns = [&](auto... at) { return columns_of_b(at...); };
    const auto put_dots = [&](const dot_sums<T>& s) {
      put(s.i, s.j, s.rows, s.columns, s.sum, s.first ? g_.beta : T{1});
    };
    const auto put_sums = [&](index_t, index_t i, index_t j, index_t n, const T* sum) {
      put(i, j, 1, n, sum, g_.beta);
    };
    if (dots_)
      plan_.run_dots(g_.a.data, g_.a.row, columns, put_dots, ctx_, memory);
    else
      plan_.run_sums(g_.a, g_.b.data, g_.b.row, put_sums, ctx_, memory);
  }

 private:
  static bool is_dots(const strided_product<T>& g) { return (g.n <= g.m ? g.a.column : g.b.row) == 1; }

  /// What run_dots asks for.
  strided_matrix<const T> columns_of_b(index_t, index_t p, index_t count, index_t j, index_t columns, T* lines) const {
    if (g_.b.row == 1) return {&g_.b.at(p, j), 1, g_.b.column};
    for (index_t q = 0; q < count; ++q)
      for (index_t c = 0; c < columns; ++c) lines[c * plan_.stretch + q] = g_.b.at(p + q, j + c);
    return {lines, 1, plan_.stretch};
  }

  void put(index_t i, index_t j, index_t rows, index_t columns, const T* sum, T beta) const {
    const T alpha = g_.alpha;
    const bool plain = alpha == T{1} && beta == T{0};
    for (index_t r = 0; r < rows; ++r)
      for (index_t q = 0; q < columns; ++q, ++sum) {
        T& c = g_.c.at(i + r, j + q);
        if (plain)
          c = *sum;
        else
          c = scaled_sum(alpha, *sum, beta, c);
      }
  }

  const context& ctx_;
  bool dots_;
  strided_product<T> turned_;
  const strided_product<T>& g_;
  streamed_plan<T> plan_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
