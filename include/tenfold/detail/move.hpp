// What permute, cat, narrow, slice and the shuffles have in common: elements that change their places and nothing else.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/seam.hpp>

namespace tenfold::inline v0::plain {

/// y[sum of i[d] * to[d]] = x[sum of i[d] * from[d]] for all i[d] < sizes[d], d < rank.
struct strided_move {
  index_t rank = 0;
  index_t sizes[shape::max_rank] = {}, from[shape::max_rank] = {}, to[shape::max_rank] = {};

  TENFOLD_TAG constexpr void add(index_t size, index_t from_step, index_t to_step) {
    sizes[rank] = size;
    from[rank] = from_step;
    to[rank] = to_step;
    ++rank;
  }
};

/// A signed integer of the size of T: elements are moved by their size alone.
template <std::size_t Bytes>
struct unit;
template <>
struct unit<1> {
  using type = std::int8_t;
};
template <>
struct unit<2> {
  using type = std::int16_t;
};
template <>
struct unit<4> {
  using type = std::int32_t;
};
template <>
struct unit<8> {
  using type = std::int64_t;
};

}  // namespace tenfold::inline v0::plain

/// T is a plain::unit; the move has elements, and x and y do not overlap.
TENFOLD_SEAM(void, run_move, (m, x, y, ctx), const plain::strided_move& m, const void* x, void* y, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::strided_move;

template <class T>
using unit_of = typename plain::unit<sizeof(T)>::type;

/// The distances of a dimension's neighbours, for a shape whose elements have been counted and are not none.
struct steps_of {
  index_t of[shape::max_rank] = {};

  constexpr explicit steps_of(const shape& s) {
    index_t step = 1;
    for (std::size_t d = s.size(); d-- > 0; step *= s[d]) of[d] = step;
  }
  constexpr index_t operator[](std::size_t d) const { return of[d]; }
};

/// The same move with as few dimensions as say it: without those of size 1, and neighbours that are one line in both
/// tensors as one.
constexpr strided_move collapsed(const strided_move& m) {
  strided_move to;
  for (index_t d = 0; d < m.rank; ++d) {
    if (m.sizes[d] == 1) continue;
    const index_t last = to.rank - 1;
    if (last >= 0 && to.from[last] == m.sizes[d] * m.from[d] && to.to[last] == m.sizes[d] * m.to[d]) {
      to.sizes[last] *= m.sizes[d];
      to.from[last] = m.from[d];
      to.to[last] = m.to[d];
    } else {
      to.add(m.sizes[d], m.from[d], m.to[d]);
    }
  }
  return to;
}

template <class T>
void move_elements(const strided_move& m, const T* x, T* y, const context& ctx) {
  for (index_t d = 0; d < m.rank; ++d)
    if (m.sizes[d] == 0) return;
  seam::run_move<unit_of<T>>(collapsed(m), x, y, ctx);
}

/// A box of a tensor into a box of another, both given by their first elements and the tensors' steps.
template <class T>
void move_box(const shape& box, const steps_of& from, const steps_of& to, const T* x, T* y, const context& ctx) {
  strided_move m;
  for (std::size_t d = 0; d < box.size(); ++d) m.add(box[d], from[d], to[d]);
  move_elements(m, x, y, ctx);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/move.hpp>
#endif
