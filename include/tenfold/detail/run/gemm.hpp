// gemm: which of the loops take a product.
#pragma once

#include <tenfold/gemm.hpp>
#include <tenfold/detail/product/algorithms.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
strided_matrix<const T> operand(transpose t, const T* data, index_t leading) {
  return t == transpose::no ? strided_matrix<const T>{data, leading, 1} : strided_matrix<const T>{data, 1, leading};
}

/// C = beta C
template <class T>
void run_empty_sums(const strided_product<T>& g, const context& ctx) {
  parallel_ranges(ctx, g.m, static_cast<double>(g.n), [&](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i)
      for (index_t j = 0; j < g.n; ++j) g.c.at(i, j) = scaled_sum(T{1}, T{}, g.beta, g.c.at(i, j));
  });
}

template <class T>
void run_gemm(order o, transpose trans_a, transpose trans_b, index_t m, index_t n, index_t k, T alpha, const T* a,
              index_t lda, const T* b, index_t ldb, T beta, T* c, index_t ldc, const context& ctx) {
  // The transpose of everything column-major is row-major: C' = op(B)' op(A)'.
  strided_product<T> g{m, n, k, alpha, operand(trans_a, a, lda), operand(trans_b, b, ldb), beta, {c, ldc, 1}};
  if (o == order::col_major)
    g = {n, m, k, alpha, operand(trans_b, b, ldb), operand(trans_a, a, lda), beta, {c, ldc, 1}};
  if (m == 0 || n == 0) return;
  const auto& algorithm = choose_gemm(g, ctx);
  if (k == 0 || alpha == T{0}) return run_empty_sums(g, ctx);
  algorithm.run(g, ctx);
}

template <class T>
index_t gemm_bytes(index_t m, index_t n, index_t k, const context& ctx) {
  constexpr index_t leading = 2;  // any but 1, which would make lines of either dimension
  index_t most = 0;
  for (const bool by_rows : {true, false})
    for (const transpose a : {transpose::no, transpose::yes})
      for (const transpose b : {transpose::no, transpose::yes}) {
        const strided_product<T> g{by_rows ? m : n,
                                   by_rows ? n : m,
                                   k,
                                   T{1},
                                   operand<T>(a, nullptr, leading),
                                   operand<T>(b, nullptr, leading),
                                   T{0},
                                   {nullptr, leading, 1}};
        most = (std::max)(most, choose_gemm(g, ctx).bytes(g, ctx));
      }
  return most;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
