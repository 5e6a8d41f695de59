// Large products of matrices: both operands are packed into the panels that the micro-kernel reads.
#pragma once

#include <tenfold/detail/product/loops.hpp>
#include <tenfold/detail/product/strided_product.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
class packed_gemm {
 public:
  static bool applies(const strided_product<T>&) { return true; }
  static bool suits(const strided_product<T>&, isa) { return true; }

  packed_gemm(const strided_product<T>& g, const context& ctx)
      : ctx_(ctx), product_(of(g)), plan_(plan_product(product_, ctx)) {}

  index_t scratch_bytes() const { return plan_.bytes; }
  void run(std::byte* memory) const { run_product(product_, plan_, ctx_, memory); }

 private:
  static matrix_product<T> of(const strided_product<T>& g) {
    matrix_product<T> p;
    p.m = g.m;
    p.n = g.n;
    p.k = g.k;
    p.most_kc = matrix_kc<T>;
    p.alpha = g.alpha;
    p.beta = g.beta;
    p.a = g.a.data;
    p.a_row = affine_digits(g.m, g.a.row);
    p.a_column = affine_digits(g.k, g.a.column);
    p.b = matrix_operand<T>(g.b.data, g.b.row, g.b.column);
    p.c = g.c.data;
    p.layout.row = affine_digits(g.m, g.c.row);
    p.layout.points_w = p.layout.line = g.n;
    p.layout.step = g.c.column;
    return p;
  }

  const context& ctx_;
  matrix_product<T> product_;
  product_plan<T> plan_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
