// Products of very few rows or columns: the other operand is read once, in vectors, as it lies.
//
//     C(i, j) = beta C(i, j) + alpha * sum over p of A(i, p) * B(p, j)
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/product/strided_product.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

inline constexpr index_t gemv_most = 4;         // pixels of few_pixels
inline constexpr index_t few_rows_most = 3;     // added up, of more tiles are as fast
inline constexpr index_t few_columns_most = 7;  // of dot products

/// alpha * sum + beta * c, where c is not read if beta is 0.
template <class T>
T scaled_sum(T alpha, T sum, T beta, const T& c) {
  using U = arithmetic_t<T>;
  U product = static_cast<U>(sum);
  if (alpha != T{1}) product = static_cast<U>(static_cast<U>(alpha) * product);
  if (beta == T{0}) return static_cast<T>(product);
  return static_cast<T>(static_cast<U>(product + static_cast<U>(static_cast<U>(beta) * static_cast<U>(c))));
}

/// Few columns, and the rows of A are lines: a dot product for each element. Columns of B that are none are copied, in
/// blocks that stay in L1: at most 7 x 512 elements. Rows of A are shared among the workers in blocks of 128.
template <class T>
void run_few_columns(const strided_product<T>& g, const context& ctx) {
  const isa level = chosen_isa(ctx);
  const auto dot_alone = TENFOLD_KERNEL(level, dot_line<T>);
  const auto dot_some = g.n == 1   ? TENFOLD_KERNEL(level, dot<T, 1>)
                        : g.n == 2 ? TENFOLD_KERNEL(level, dot<T, 2>)
                                   : TENFOLD_KERNEL(level, dot<T>);
  constexpr index_t rows_per_task = 128;
  constexpr index_t depth = 512;
  const bool lines = g.b.row == 1;
  const index_t block = lines ? g.k : depth;
  parallel_tasks(ctx, ceil_divide(g.m, rows_per_task), [&](index_t, index_t t) {
    const index_t i0 = t * rows_per_task;
    const index_t end = (std::min)(g.m, i0 + rows_per_task);
    T copied[static_cast<std::size_t>(few_columns_most * depth)];
    T sum[4 * few_columns_most];
    for (index_t p = 0; p < g.k; p += block) {
      const index_t count = (std::min)(block, g.k - p);
      if (!lines)
        for (index_t q = 0; q < count; ++q)
          for (index_t j = 0; j < g.n; ++j) copied[j * depth + q] = g.b.at(p + q, j);
      const T* x = lines ? g.b.data : copied;
      const index_t ldx = lines ? g.b.column : depth;
      const T beta = p == 0 ? g.beta : T{1};
      for (index_t i = i0, rows; i < end; i += rows) {
        rows = end - i >= 4 ? 4 : 1;  // of a last row on its own the kernel's four are the same
        const index_t lda = rows == 4 ? g.a.row : 0;
        if (g.n == 1 && rows == 1)
          dot_alone(&g.a.at(i, p), x, count, sum);
        else
          dot_some(&g.a.at(i, p), lda, x, ldx, g.n, count, sum);
        for (index_t r = 0; r < rows; ++r)
          for (index_t j = 0; j < g.n; ++j) {
            T& c = g.c.at(i + r, j);
            c = scaled_sum(g.alpha, sum[r * g.n + j], beta, c);
          }
      }
    }
  });
}

/// Few rows, and the rows of B are lines: they are added up. Columns are shared among the workers in blocks that stay
/// in L1 while the rows of B pass: 1024 floats are 4 KiB.
template <class T>
void run_few_rows(const strided_product<T>& g, const context& ctx) {
  const auto axpy = TENFOLD_KERNEL(chosen_isa(ctx), axpy<T>);
  constexpr index_t columns_per_task = 4096 / static_cast<index_t>(sizeof(T));
  constexpr index_t depth = 64;  // rows of B between two visits to the next row of A
  parallel_tasks(ctx, ceil_divide(g.n, columns_per_task), [&](index_t, index_t t) {
    const index_t j0 = t * columns_per_task;
    const index_t count = (std::min)(columns_per_task, g.n - j0);
    T sum[few_rows_most][static_cast<std::size_t>(columns_per_task)];
    for (index_t i = 0; i < g.m; ++i) fill(sum[i], sum[i] + count, T{});
    for (index_t p = 0; p < g.k; p += depth)
      for (index_t i = 0; i < g.m; ++i) {
        const index_t terms = (std::min)(depth, g.k - p);
        T factor[depth];
        for (index_t q = 0; q < terms; ++q) factor[q] = g.a.at(i, p + q);
        axpy(factor, &g.b.at(p, j0), g.b.row, terms, count, sum[i]);
      }
    for (index_t i = 0; i < g.m; ++i)
      for (index_t j = 0; j < count; ++j) {
        T& c = g.c.at(i, j0 + j);
        c = scaled_sum(g.alpha, sum[i][j], g.beta, c);
      }
  });
}

/// The product or its transpose: no more columns than rows.
template <class T>
strided_product<T> with_few_columns(const strided_product<T>& g) {
  return g.n <= g.m ? g : transposed(g);
}

/// At most three rows or columns, and enough of the rest: for two or three rows that are added up, more than L2 holds,
/// because a tile reads what is there once for all of them. Four to seven columns of 4 bytes, of which a tile fills
/// half or a quarter of a vector, are dot products if those are long (gemm 1024 x 5 x 1024: 1.6 times as fast).
template <class T>
bool is_gemv(const strided_product<T>& g) {
  const index_t least = (std::min)(g.m, g.n);
  if (least > few_columns_most) return false;
  const bool dots = (g.n <= g.m ? g.a.column : g.b.row) == 1;
  if (least > few_rows_most) return dots && sizeof(T) == 4 && g.k >= 256;
  constexpr auto bytes = static_cast<index_t>(sizeof(T));
  if (dots && std::floating_point<T> && g.k * bytes < 64) return false;  // less than a vector
  return operations(g) * sizeof(T) >= (dots || least == 1 ? 1024 : 256 << 10);
}

template <class T>
void run_gemv(const strided_product<T>& g, const context& ctx) {
  // As few columns, A's rows have to be lines, as few rows B's: one of the two is so, of the problem or its transpose.
  const strided_product<T> few_columns = with_few_columns(g);
  if (few_columns.a.column == 1)
    run_few_columns(few_columns, ctx);
  else
    run_few_rows(transposed(few_columns), ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
