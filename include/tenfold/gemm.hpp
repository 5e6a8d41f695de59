// gemm: the matrix product behind everything, under the name and with the arguments of CBLAS.
#pragma once

#include <tenfold/detail/gemm_direct.hpp>

namespace tenfold::inline v0 {

enum class order { row_major, col_major };
enum class transpose { no, yes };

namespace detail {

template <class T>
strided_matrix<const T> operand(transpose t, const T* data, index_t leading) {
  return t == transpose::no ? strided_matrix<const T>{data, leading, 1} : strided_matrix<const T>{data, 1, leading};
}

/// BLAS's condition on the leading dimension of an operand whose op is (rows, columns).
constexpr void check_leading(const char* name, index_t leading, order o, transpose t, index_t rows, index_t columns) {
  const bool by_rows = (o == order::row_major) == (t == transpose::no);
  const index_t least = std::max<index_t>(1, by_rows ? columns : rows);
  if (leading < least) raise({"gemm: expected ", name, " >= ", least, ", but got ", leading});
  checked_multiply(by_rows ? rows : columns, leading);
}

/// A product in row-major order, for the engine.
template <class T>
gemm_problem<T> gemm_problem_of(const strided_product<T>& g) {
  gemm_problem<T> p;
  p.m = g.m;
  p.n = g.n;
  p.k = g.alpha == T{0} ? 0 : g.k;
  p.a = g.a.data;
  p.a_row = affine_digits(g.m, g.a.row);
  p.a_column = affine_digits(g.k, g.a.column);
  p.matrix = {g.b.data, g.b.row, g.b.column};
  p.c = g.c.data;
  p.layout.row = affine_digits(g.m, g.c.row);
  p.layout.points_w = p.layout.line = std::max<index_t>(1, g.n);
  p.alpha = g.alpha;
  p.beta = g.beta;
  return p;
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
  using detail::operand;
  detail::strided_product<T> g{m, n, k, alpha, operand(trans_a, a, lda), operand(trans_b, b, ldb), beta, {c, ldc, 1}};
  if (o == order::col_major)
    g = {n, m, k, alpha, operand(trans_b, b, ldb), operand(trans_a, a, lda), beta, {c, ldc, 1}};
  if (m > 0 && n > 0 && k > 0 && alpha != T{0}) {
    if (detail::is_gemv(g)) return detail::run_gemv(g, ctx);
    if constexpr (std::floating_point<T>)
      if (detail::is_direct(g, detail::chosen_isa(ctx))) return detail::run_direct(g, ctx);
  }
  const auto p = detail::gemm_problem_of(g);
  const detail::scratch_memory memory(ctx, detail::gemm_scratch_bytes(p, ctx));
  detail::run_gemm(p, ctx, memory.data());
}

/// The bytes of workspace that gemm needs with this context, in either order.
template <element T>
index_t gemm_workspace_bytes(index_t m, index_t n, index_t k, const context& ctx = default_context()) {
  const auto bytes = [&](index_t rows, index_t columns) {
    // B's lines along k: where the product is done directly, those need memory.
    const detail::strided_product<T> g{
        rows, columns, k, T{1}, {nullptr, k, 1}, {nullptr, 1, 2}, T{0}, {nullptr, columns, 1}};
    if constexpr (std::floating_point<T>)
      if (rows > 0 && columns > 0 && k > 0 && detail::is_direct(g, detail::chosen_isa(ctx)))
        return detail::gemm_direct_plan<T>(g, ctx).scratch_bytes();
    return detail::gemm_scratch_bytes(detail::gemm_problem_of(g), ctx);
  };
  return detail::workspace_bytes_for(std::max(bytes(m, n), bytes(n, m)));
}

}  // namespace tenfold::inline v0
