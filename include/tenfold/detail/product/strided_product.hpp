// A product of two matrices as its algorithms see it: no orders and transposes any more, only strides.
//
//     C(i, j) = beta C(i, j) + alpha * sum over p of A(i, p) * B(p, j)
#pragma once

#include <tenfold/detail/kernel_table.hpp>

#include <algorithm>  // max, min

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// A strided matrix: element (i, j) at data[i * row + j * column].
template <class T>
struct strided_matrix {
  T* data;
  index_t row;
  index_t column;

  T& at(index_t i, index_t j) const { return data[i * row + j * column]; }
};

template <class T>
struct strided_product {
  index_t m, n, k;
  T alpha;
  strided_matrix<const T> a;
  strided_matrix<const T> b;
  T beta;
  strided_matrix<T> c;
};

template <class T>
strided_product<T> transposed(const strided_product<T>& g) {
  return {g.n,
          g.m,
          g.k,
          g.alpha,
          {g.b.data, g.b.column, g.b.row},
          {g.a.data, g.a.column, g.a.row},
          g.beta,
          {g.c.data, g.c.column, g.c.row}};
}

template <class T>
double operations(const strided_product<T>& g) {
  return static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
}

/// alpha * sum + beta * c, where c is not read if beta is 0.
template <class T>
T scaled_sum(T alpha, T sum, T beta, const T& c) {
  using U = arithmetic_t<T>;
  U product = static_cast<U>(sum);
  if (alpha != T{1}) product = static_cast<U>(static_cast<U>(alpha) * product);
  if (beta == T{0}) return static_cast<T>(product);
  return static_cast<T>(static_cast<U>(product + static_cast<U>(static_cast<U>(beta) * static_cast<U>(c))));
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
