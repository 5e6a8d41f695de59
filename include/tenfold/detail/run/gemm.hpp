// gemm: which of the loops take a product.
#pragma once

#include <tenfold/gemm.hpp>
#include <tenfold/detail/product/packed_gemm.hpp>
#include <tenfold/detail/product/unpacked_gemm.hpp>

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
void run_product(order o, transpose trans_a, transpose trans_b, index_t m, index_t n, index_t k,
                 std::type_identity_t<T> alpha, const T* a, index_t lda, const T* b, index_t ldb,
                 std::type_identity_t<T> beta, T* c, index_t ldc, const context& ctx) {
  // The transpose of everything column-major is row-major: C' = op(B)' op(A)'.
  strided_product<T> g{m, n, k, alpha, operand(trans_a, a, lda), operand(trans_b, b, ldb), beta, {c, ldc, 1}};
  if (o == order::col_major)
    g = {n, m, k, alpha, operand(trans_b, b, ldb), operand(trans_a, a, lda), beta, {c, ldc, 1}};
  if (m == 0 || n == 0) return;
  if (k == 0 || alpha == T{0}) return run_empty_sums(g, ctx);
  if (is_gemv(g)) return run_gemv(g, ctx);
  if constexpr (std::floating_point<T>)
    if (const isa level = chosen_isa(ctx); is_unpacked(g, level)) return run_unpacked(g, level, ctx);
  const packed_gemm<T> plan(g, ctx);
  const scratch_memory memory(ctx, plan.scratch_bytes());
  plan.run(memory.data());
}

template <class T>
index_t product_bytes(index_t m, index_t n, index_t k, const context& ctx) {
  const auto bytes = [&](index_t rows, index_t columns) {
    // B's lines along k: an unpacked product needs memory for those.
    const strided_product<T> g{rows, columns, k, T{1}, {nullptr, k, 1}, {nullptr, 1, 2}, T{0}, {nullptr, columns, 1}};
    if constexpr (std::floating_point<T>)
      if (is_unpacked(g, chosen_isa(ctx))) return unpacked_gemm_plan<T>(g, ctx).scratch_bytes();
    return packed_gemm<T>(g, ctx).scratch_bytes();
  };
  return (std::max)(bytes(m, n), bytes(n, m));
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
