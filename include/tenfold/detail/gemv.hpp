// Products with at most four rows or columns: too few to pay for packing the other operand, which is read once, as it
// lies.
//
//     C(i, j) = beta C(i, j) + alpha * sum over p of A(i, p) * B(p, j)
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::detail {

/// A strided matrix: element (i, j) at data[i * row + j * column].
template <class T>
struct strided_matrix {
  T* data;
  index_t row;
  index_t column;

  T& at(index_t i, index_t j) const { return data[i * row + j * column]; }
};

template <class T>
struct gemv_problem {
  index_t m, n, k;
  T alpha;
  strided_matrix<const T> a;
  strided_matrix<const T> b;
  T beta;
  strided_matrix<T> c;
};

inline constexpr index_t gemv_most = 4;

/// sum(r, j) = sum over p < k of a[r * lda + p] * x[j * ldx + p];   r < 4, j < columns
///   sum (4, columns)
/// Two columns at a time; a last one goes alone.
template <class T, class Dot>
void dot_rows(Dot* dot, const T* a, index_t lda, const T* x, index_t ldx, index_t columns, index_t k, T* sum) {
  for (index_t j = 0; j < columns; j += 2) {
    const index_t pair = std::min<index_t>(2, columns - j);
    T both[8];
    dot(a, lda, x + j * ldx, pair == 2 ? ldx : 0, k, both);
    for (index_t i = 0; i < 8; ++i)
      if (i % 2 < pair) sum[i / 2 * columns + j + i % 2] = both[i];
  }
}

/// Few columns, and the rows of A are lines: a dot product for each element.
template <class T>
bool is_few_columns(const gemv_problem<T>& g) {
  return g.n <= gemv_most && g.a.column == 1 && (g.b.row == 1 || g.k == 1);
}

/// Few rows, and the rows of B and C are lines: the rows of B are added up.
template <class T>
bool is_few_rows(const gemv_problem<T>& g) {
  return g.m <= gemv_most && g.b.column == 1 && g.c.column == 1 && (g.a.column == 1 || g.k == 1);
}

template <class T>
gemv_problem<T> transposed(const gemv_problem<T>& g) {
  return {g.n,
          g.m,
          g.k,
          g.alpha,
          {g.b.data, g.b.column, g.b.row},
          {g.a.data, g.a.column, g.a.row},
          g.beta,
          {g.c.data, g.c.column, g.c.row}};
}

/// alpha * sum + beta * c, where c is not read if beta is 0.
template <class T>
T scaled_sum(T alpha, T sum, T beta, const T& c) {
  using U = arithmetic_t<T>;
  const U product = alpha == T{1} ? static_cast<U>(sum) : static_cast<U>(static_cast<U>(alpha) * static_cast<U>(sum));
  if (beta == T{0}) return static_cast<T>(product);
  return static_cast<T>(static_cast<U>(product + static_cast<U>(static_cast<U>(beta) * static_cast<U>(c))));
}

/// Rows of A are shared among the workers in blocks of 64.
template <class T>
void run_few_columns(const gemv_problem<T>& g, const context& ctx) {
  const auto dot = TENFOLD_KERNEL(chosen_isa(ctx), dot<T>);
  constexpr index_t rows_per_task = 64;
  parallel_tasks(ctx, ceil_divide(g.m, rows_per_task), [&](index_t, index_t t) {
    const index_t end = std::min(g.m, (t + 1) * rows_per_task);
    T sum[4 * gemv_most];
    for (index_t i = t * rows_per_task, rows; i < end; i += rows) {
      rows = end - i >= 4 ? 4 : 1;  // of a last row on its own the kernel's four are the same
      dot_rows<T>(dot, g.a.data + i * g.a.row, rows == 4 ? g.a.row : 0, g.b.data, g.b.column, g.n, g.k, sum);
      for (index_t r = 0; r < rows; ++r)
        for (index_t j = 0; j < g.n; ++j) {
          T& c = g.c.at(i + r, j);
          c = scaled_sum(g.alpha, sum[r * g.n + j], g.beta, c);
        }
    }
  });
}

/// Columns are shared among the workers in blocks that stay in L1 while the rows of B pass: 1024 floats are 4 KiB.
template <class T>
void run_few_rows(const gemv_problem<T>& g, const context& ctx) {
  const auto axpy = TENFOLD_KERNEL(chosen_isa(ctx), axpy<T>);
  constexpr index_t columns_per_task = 4096 / static_cast<index_t>(sizeof(T));
  constexpr index_t depth = 64;  // rows of B between two visits to the next row of A
  parallel_tasks(ctx, ceil_divide(g.n, columns_per_task), [&](index_t, index_t t) {
    const index_t j0 = t * columns_per_task;
    const index_t count = std::min(columns_per_task, g.n - j0);
    T sum[gemv_most][static_cast<std::size_t>(columns_per_task)] = {};
    for (index_t p = 0; p < g.k; p += depth)
      for (index_t i = 0; i < g.m; ++i)
        axpy(&g.a.at(i, p), &g.b.at(p, j0), g.b.row, std::min(depth, g.k - p), count, sum[i]);
    for (index_t i = 0; i < g.m; ++i)
      for (index_t j = 0; j < count; ++j) {
        T& c = g.c.at(i, j0 + j);
        c = scaled_sum(g.alpha, sum[i][j], g.beta, c);
      }
  });
}

/// Runs the problem where it is of this kind.
template <class T>
bool run_gemv(const gemv_problem<T>& g, const context& ctx) {
  if (g.m > gemv_most && g.n > gemv_most) return false;
  const gemv_problem<T> t = transposed(g);
  if (is_few_columns(g))
    run_few_columns(g, ctx);
  else if (is_few_columns(t))
    run_few_columns(t, ctx);
  else if (is_few_rows(g))
    run_few_rows(g, ctx);
  else if (is_few_rows(t))
    run_few_rows(t, ctx);
  else
    return false;
  return true;
}

}  // namespace tenfold::inline v0::detail
