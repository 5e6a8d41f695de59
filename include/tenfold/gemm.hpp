// gemm: the matrix product behind everything, under the name and with the arguments of CBLAS.
#pragma once

#include <tenfold/detail/implicit_gemm.hpp>

namespace tenfold::inline v0 {

enum class order { row_major, col_major };
enum class transpose { no, yes };

namespace detail {

/// A stored matrix as the operation sees it: element (i, j) at i * row + j * column.
struct matrix_strides {
  index_t row;
  index_t column;
};

constexpr matrix_strides strides_of(transpose t, index_t leading) {
  return t == transpose::no ? matrix_strides{leading, 1} : matrix_strides{1, leading};
}

/// The leading dimension of a (rows, columns) operand; BLAS's condition.
constexpr void check_leading(const char* name, index_t leading, transpose t, index_t rows, index_t columns) {
  const index_t least = std::max<index_t>(1, t == transpose::no ? columns : rows);
  if (leading < least) raise({"gemm: expected ", name, " >= ", least, ", but got ", leading});
  checked_multiply(t == transpose::no ? rows : columns, leading);
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
  if (o == order::col_major)  // the transpose of everything is row-major: C' = op(B)' op(A)'
    return gemm(order::row_major, trans_b, trans_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc, ctx);
  if (m < 0 || n < 0 || k < 0) detail::raise({"gemm: expected sizes >= 0, but got m=", m, ", n=", n, ", k=", k});
  detail::check_leading("lda", lda, trans_a, m, k);
  detail::check_leading("ldb", ldb, trans_b, k, n);
  detail::check_leading("ldc", ldc, transpose::no, m, n);
  const detail::matrix_strides as = detail::strides_of(trans_a, lda);
  const detail::matrix_strides bs = detail::strides_of(trans_b, ldb);
  detail::gemm_problem<T> p;
  p.m = m;
  p.n = n;
  p.k = alpha == T{0} ? 0 : k;
  p.a = a;
  p.a_row = detail::affine_digits(m, as.row);
  p.a_column = detail::affine_digits(k, as.column);
  p.matrix = {b, bs.row, bs.column};
  p.c = c;
  p.layout.row = detail::affine_digits(m, ldc);
  p.layout.points_w = p.layout.line = std::max<index_t>(1, n);
  p.alpha = alpha;
  p.beta = beta;
  const detail::scratch_memory memory(ctx, detail::gemm_scratch_bytes(p, ctx));
  detail::run_gemm(p, ctx, memory.data());
}

/// The bytes of workspace that gemm needs with this context.
template <element T>
index_t gemm_workspace_bytes(index_t m, index_t n, index_t k, const context& ctx = default_context()) {
  detail::gemm_problem<T> p;
  p.m = m;
  p.n = n;
  p.k = k;
  p.layout.row = detail::affine_digits(m, n);
  p.layout.points_w = p.layout.line = std::max<index_t>(1, n);
  return detail::workspace_bytes_for(detail::gemm_scratch_bytes(p, ctx));
}

}  // namespace tenfold::inline v0
