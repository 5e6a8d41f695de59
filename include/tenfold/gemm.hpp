// gemm: the matrix product, under the name and with the arguments of CBLAS.
#pragma once

#include <tenfold/detail/product/algorithms.hpp>

namespace tenfold::inline v0 {

enum class order { row_major, col_major };
enum class transpose { no, yes };

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

template <class T>
strided_matrix<const T> operand(transpose t, const T* data, index_t leading) {
  return t == transpose::no ? strided_matrix<const T>{data, leading, 1} : strided_matrix<const T>{data, 1, leading};
}

/// BLAS's condition on the leading dimension of an operand whose op is (rows, columns). Returns the one to use: a
/// single line has no next one, and the distance to it may be anything.
constexpr index_t checked_leading(const char* name, index_t leading, order o, transpose t, index_t rows,
                                  index_t columns) {
  const bool by_rows = (o == order::row_major) == (t == transpose::no);
  const index_t least = std::max<index_t>(1, by_rows ? columns : rows);
  if (leading < least) raise({"gemm: expected ", name, " >= ", least, ", but got ", leading});
  const index_t lines = by_rows ? rows : columns;
  checked_multiply(lines, leading);
  return lines > 1 ? leading : least;
}

/// C = beta C
template <class T>
void run_empty_sums(const strided_product<T>& g, const context& ctx) {
  parallel_ranges(ctx, g.m, static_cast<double>(g.n), [&](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i)
      for (index_t j = 0; j < g.n; ++j) g.c.at(i, j) = scaled_sum(T{1}, T{}, g.beta, g.c.at(i, j));
  });
}

}  // namespace detail

/// C = alpha op(A) op(B) + beta C, with the argument order of cblas_gemm.
///
///     op(A) (m, k), op(B) (k, n), C (m, n); op is the matrix itself or its transpose; the leading dimensions are the
///     distances between rows (row_major) or columns (col_major) as they are stored
///
/// As in torch.addmm: beta = 0 ignores C, even NaN there; alpha = 0 does not read A and B; k = 0 gives beta C.
/// C may not overlap A or B. Throws tenfold::error on a negative size or too small a leading dimension.
template <element T>
void gemm(order o, transpose trans_a, transpose trans_b, index_t m, index_t n, index_t k, std::type_identity_t<T> alpha,
          const T* a, index_t lda, const T* b, index_t ldb, std::type_identity_t<T> beta, T* c, index_t ldc,
          const context& ctx = default_context()) {
  if (m < 0 || n < 0 || k < 0) detail::raise({"gemm: expected sizes >= 0, but got m=", m, ", n=", n, ", k=", k});
  lda = detail::checked_leading("lda", lda, o, trans_a, m, k);
  ldb = detail::checked_leading("ldb", ldb, o, trans_b, k, n);
  ldc = detail::checked_leading("ldc", ldc, o, transpose::no, m, n);
  // The transpose of everything column-major is row-major: C' = op(B)' op(A)'.
  using detail::operand;
  detail::strided_product<T> g{m, n, k, alpha, operand(trans_a, a, lda), operand(trans_b, b, ldb), beta, {c, ldc, 1}};
  if (o == order::col_major)
    g = {n, m, k, alpha, operand(trans_b, b, ldb), operand(trans_a, a, lda), beta, {c, ldc, 1}};
  if (m == 0 || n == 0) return;
  const auto& algorithm = detail::choose_gemm(g, ctx);
  if (k == 0 || alpha == T{0}) return detail::run_empty_sums(g, ctx);
  algorithm.run(g, ctx);
}

/// The bytes of workspace that gemm needs with this context, in either order and whatever is transposed.
template <element T>
index_t gemm_workspace_bytes(index_t m, index_t n, index_t k, const context& ctx = default_context()) {
  if (m <= 0 || n <= 0 || k <= 0) return 0;
  index_t most = 0;
  for (const bool by_rows : {true, false})
    for (const transpose a : {transpose::no, transpose::yes})
      for (const transpose b : {transpose::no, transpose::yes}) {
        constexpr index_t leading = 2;  // any but 1, which would make lines of either dimension
        const detail::strided_product<T> g{by_rows ? m : n,
                                           by_rows ? n : m,
                                           k,
                                           T{1},
                                           detail::operand<T>(a, nullptr, leading),
                                           detail::operand<T>(b, nullptr, leading),
                                           T{0},
                                           {nullptr, leading, 1}};
        most = (std::max)(most, detail::choose_gemm(g, ctx).bytes(g, ctx));
      }
  return detail::workspace_bytes_for(most);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
