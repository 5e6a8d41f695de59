// gemm: the matrix product behind everything, under the name and with the arguments of CBLAS.
#pragma once

#include <tenfold/detail/gemv.hpp>
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

/// BLAS's condition on the leading dimension of an operand whose op is (rows, columns).
constexpr void check_leading(const char* name, index_t leading, order o, transpose t, index_t rows, index_t columns) {
  const bool by_rows = (o == order::row_major) == (t == transpose::no);
  const index_t least = std::max<index_t>(1, by_rows ? columns : rows);
  if (leading < least) raise({"gemm: expected ", name, " >= ", least, ", but got ", leading});
  checked_multiply(by_rows ? rows : columns, leading);
}

/// gemm, checked, in row-major order.
template <class T>
gemm_problem<T> gemm_problem_of(transpose trans_a, transpose trans_b, index_t m, index_t n, index_t k, T alpha, const T* a,
                                index_t lda, const T* b, index_t ldb, T beta, T* c, index_t ldc) {
  const matrix_strides as = strides_of(trans_a, lda);
  const matrix_strides bs = strides_of(trans_b, ldb);
  gemm_problem<T> p;
  p.m = m;
  p.n = n;
  p.k = alpha == T{0} ? 0 : k;
  p.a = a;
  p.a_row = affine_digits(m, as.row);
  p.a_column = affine_digits(k, as.column);
  p.matrix = {b, bs.row, bs.column};
  p.c = c;
  p.layout.row = affine_digits(m, ldc);
  p.layout.points_w = p.layout.line = std::max<index_t>(1, n);
  p.alpha = alpha;
  p.beta = beta;
  return p;
}

template <class T>
gemv_problem<T> as_gemv(const gemm_problem<T>& p) {
  return {p.m, p.n, p.k, p.alpha, {p.a, p.a_row.stride[2], p.a_column.stride[2]},
          {p.matrix.data, p.matrix.row_stride, p.matrix.column_stride}, p.beta, {p.c, p.layout.row.stride[2], 1}};
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
  detail::check_leading("lda", lda, o, trans_a, m, k);
  detail::check_leading("ldb", ldb, o, trans_b, k, n);
  detail::check_leading("ldc", ldc, o, transpose::no, m, n);
  // The transpose of everything column-major is row-major: C' = op(B)' op(A)'.
  const auto p = o == order::row_major
                     ? detail::gemm_problem_of<T>(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
                     : detail::gemm_problem_of<T>(trans_b, trans_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc);
  if (p.k > 0 && detail::run_gemv(detail::as_gemv(p), ctx)) return;
  const detail::scratch_memory memory(ctx, detail::gemm_scratch_bytes(p, ctx));
  detail::run_gemm(p, ctx, memory.data());
}

/// The bytes of workspace that gemm needs with this context, in either order.
template <element T>
index_t gemm_workspace_bytes(index_t m, index_t n, index_t k, const context& ctx = default_context()) {
  constexpr auto no = transpose::no;
  const auto by_rows = detail::gemm_problem_of<T>(no, no, m, n, k, T{1}, nullptr, k, nullptr, n, T{0}, nullptr, n);
  const auto by_columns = detail::gemm_problem_of<T>(no, no, n, m, k, T{1}, nullptr, k, nullptr, m, T{0}, nullptr, m);
  return detail::workspace_bytes_for(
      std::max(detail::gemm_scratch_bytes(by_rows, ctx), detail::gemm_scratch_bytes(by_columns, ctx)));
}

}  // namespace tenfold::inline v0
