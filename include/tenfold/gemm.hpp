// gemm: the matrix product, under the name and with the arguments of CBLAS.
#pragma once

#include <tenfold/detail/seam.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0 {

enum class order { row_major, col_major };
enum class transpose { no, yes };

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

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

}  // namespace detail

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

/// gemm behind its checks.
TENFOLD_SEAM(void, run_gemm, (o, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, ctx), order o,
             transpose trans_a, transpose trans_b, index_t m, index_t n, index_t k, T alpha, const T* a, index_t lda,
             const T* b, index_t ldb, T beta, T* c, index_t ldc, const context& ctx)
/// The scratch memory that a product needs in either order; all sizes are positive.
TENFOLD_SEAM(index_t, gemm_bytes, (m, n, k, ctx), index_t m, index_t n, index_t k, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

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
  detail::seam::run_gemm<T>(o, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, ctx);
}

/// The bytes of workspace that gemm needs with this context, in either order and whatever is transposed.
template <element T>
index_t gemm_workspace_bytes(index_t m, index_t n, index_t k, const context& ctx = default_context()) {
  if (m <= 0 || n <= 0 || k <= 0) return 0;
  return detail::workspace_bytes_for(detail::seam::gemm_bytes<T>(m, n, k, ctx));
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/gemm.hpp>
#endif
