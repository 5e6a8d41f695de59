// Shapes that broadcast, as in PyTorch, and the plan of an elementwise function of two such arrays.
#pragma once

#include <tenfold/detail/geometry.hpp>

namespace tenfold::inline v0 {
namespace plain {

/// The element type of a quotient or of a transcendental function: T, or float for integers, as in torch.
template <class T>
struct float_of {
  using type = float;
};
template <>
struct float_of<double> {
  using type = double;
};

enum class binary_operator { add, sub, mul, div, add_scaled, prelu };

/// An elementwise function of two arrays: dimensions of the result, outermost first, and how far apart an operand's
/// elements lie along each, 0 where it is repeated. No dimension but an only one is 1, and no two are one for both
/// operands, so the last one's steps are 0 or 1 and any operand's steps are those of a contiguous array without its
/// repeated dimensions.
struct broadcast_geometry {
  index_t rank = 1;
  index_t sizes[shape::max_rank] = {};
  index_t a[shape::max_rank] = {};
  index_t b[shape::max_rank] = {};
};

}  // namespace plain
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::binary_operator;
using plain::broadcast_geometry;

/// The size of dimension d of `rank` of an operand, whose missing ones are 1.
constexpr index_t broadcast_size(const shape& s, std::size_t rank, std::size_t d) {
  return d + s.size() < rank ? 1 : s[d + s.size() - rank];
}

/// The shape of a function of both, or PyTorch's error.
constexpr shape broadcast_shape(const shape& a, const shape& b) {
  shape result = a.size() < b.size() ? b : a;
  for (std::size_t d = result.size(); d-- > 0;) {
    const index_t m = broadcast_size(a, result.size(), d), n = broadcast_size(b, result.size(), d);
    if (m != n && m != 1 && n != 1)
      raise(
          {"The size of tensor a (", m, ") must match the size of tensor b (", n, ") at non-singleton dimension ", d});
    result[d] = m == 1 ? n : m;
  }
  return result;
}

/// That of a and b, which broadcast to `result`.
constexpr broadcast_geometry broadcast_geometry_of(const shape& a, const shape& b, const shape& result) {
  broadcast_geometry g;
  if (result.elements() == 0) return g;
  // Innermost first; of operands that are no larger than the result, whose elements fit, no product overflows.
  broadcast_geometry turned;
  turned.rank = 0;
  index_t a_step = 1, b_step = 1;
  for (std::size_t d = result.size(); d-- > 0;) {
    if (result[d] == 1) continue;
    const index_t m = broadcast_size(a, result.size(), d), n = broadcast_size(b, result.size(), d);
    const index_t step[] = {m == 1 ? 0 : a_step, n == 1 ? 0 : b_step};
    const index_t last = turned.rank - 1;
    if (last >= 0 && step[0] == turned.a[last] * turned.sizes[last] && step[1] == turned.b[last] * turned.sizes[last]) {
      turned.sizes[last] *= result[d];
    } else {
      turned.sizes[turned.rank] = result[d];
      turned.a[turned.rank] = step[0];
      turned.b[turned.rank++] = step[1];
    }
    a_step *= m;
    b_step *= n;
  }
  if (turned.rank == 0) turned = {1, {1}, {1}, {1}};
  g.rank = turned.rank;
  for (index_t d = 0; d < g.rank; ++d) {
    g.sizes[d] = turned.sizes[g.rank - 1 - d];
    g.a[d] = turned.a[g.rank - 1 - d];
    g.b[d] = turned.b[g.rank - 1 - d];
  }
  return g;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
