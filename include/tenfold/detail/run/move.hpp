// Strided moves: blocks of the output, each by a kernel for its innermost dimensions.
#pragma once

#include <tenfold/detail/move.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// A move cut into blocks, which are numbered as an index with a digit for each dimension outside of a block, and for
/// each one inside that is cut.
template <class T>
class blocked_move {
 public:
  explicit blocked_move(const strided_move& m) {
    strided_move rest = m;
    if (rest.rank == 0) rest.add(1, 1, 1);
    const index_t last = rest.rank - 1;
    step_ = {rest.from[last], rest.to[last]};
    index_t across = -1;  // the dimension in which the source is contiguous
    for (index_t d = 0; d < last; ++d)
      if (rest.from[d] == 1) across = d;
    is_line_ = step_.x == 1 && step_.y == 1;
    is_transposed_ = !is_line_ && step_.y == 1 && across >= 0;
    const index_t n = take(rest, last);
    if (is_transposed_) line_step_ = rest.to[across];
    const index_t lines = is_transposed_ ? take(rest, across) : 1;
    const auto take_last = [&rest](steps& step) {
      if (rest.rank == 0) return index_t{1};
      step = {rest.from[rest.rank - 1], rest.to[rest.rank - 1]};
      return take(rest, rest.rank - 1);
    };
    const index_t rows = take_last(row_step_), planes = take_last(plane_step_);
    outer_ = rest;
    cut(planes, rows, lines, n);
  }

  index_t blocks() const {
    index_t count = pieces_of(planes_) * pieces_of(rows_) * pieces_of(lines_) * pieces_of(n_);
    for (index_t d = 0; d < outer_.rank; ++d) count *= outer_.sizes[d];
    return count;
  }
  double bytes_of_block() const {
    return static_cast<double>(planes_.piece * rows_.piece * lines_.piece * n_.piece) * static_cast<double>(sizeof(T));
  }

  void run(isa level, index_t begin, index_t end, const T* x, T* y) const {
    const auto kernel = is_line_         ? TENFOLD_NARROW_KERNEL(level, move_lines<T>)
                        : is_transposed_ ? TENFOLD_NARROW_KERNEL(level, move_transposed<T>)
                                         : TENFOLD_NARROW_KERNEL(level, move_steps<T>);
    for (index_t b = begin; b < end; ++b) {
      index_t number = b, x_at = 0, y_at = 0;
      move_tile t;
      t.x_plane = plane_step_.x;
      t.y_plane = plane_step_.y;
      t.x_row = row_step_.x;
      t.y_row = row_step_.y;
      t.x_step = step_.x;
      t.y_step = is_transposed_ ? line_step_ : step_.y;
      const index_t n = next_piece(number, n_, t.n), line = next_piece(number, lines_, t.lines);
      const index_t row = next_piece(number, rows_, t.rows), plane = next_piece(number, planes_, t.planes);
      x_at = n * step_.x + line + row * row_step_.x + plane * plane_step_.x;
      y_at = n * step_.y + line * line_step_ + row * row_step_.y + plane * plane_step_.y;
      for (index_t d = outer_.rank; d-- > 0; number /= outer_.sizes[d]) {
        x_at += number % outer_.sizes[d] * outer_.from[d];
        y_at += number % outer_.sizes[d] * outer_.to[d];
      }
      kernel(t, x + x_at, y + y_at);
    }
  }

 private:
  struct steps {
    index_t x = 0, y = 0;
  };
  /// A dimension cut into pieces.
  struct extent_of {
    index_t size = 1, piece = 1;
  };

  static index_t pieces_of(const extent_of& e) { return ceil_divide(e.size, e.piece); }

  /// Removes a dimension; returns its size.
  static index_t take(strided_move& m, index_t dim) {
    const index_t size = m.sizes[dim];
    --m.rank;
    for (index_t d = dim; d < m.rank; ++d) {
      m.sizes[d] = m.sizes[d + 1];
      m.from[d] = m.from[d + 1];
      m.to[d] = m.to[d + 1];
    }
    return size;
  }

  /// The last digit of `number` is a piece's: where it begins, and its length.
  static index_t next_piece(index_t& number, const extent_of& e, index_t& length) {
    const index_t pieces = pieces_of(e), begin = number % pieces * e.piece;
    number /= pieces;
    length = (std::min)(e.piece, e.size - begin);
    return begin;
  }

  void cut(index_t planes, index_t rows, index_t lines, index_t n) {
    constexpr auto size = static_cast<index_t>(sizeof(T));
    index_t left = block_bytes / size;  // elements of a block that may still be multiplied
    const auto piece = [&left](index_t extent) {
      const index_t most = (std::min)(extent, left);
      left = (std::max)(index_t{1}, left / most);
      return extent_of{extent, most};
    };
    if (!is_transposed_ || n <= lines) {
      n_ = piece(n);
      lines_ = piece(lines);
    } else {
      lines_ = piece(lines);
      n_ = piece(n);
    }
    rows_ = piece(rows);
    planes_ = piece(planes);
  }

  static constexpr index_t block_bytes = index_t{64} << 10;

  bool is_line_ = false, is_transposed_ = false;
  steps step_, row_step_, plane_step_;
  index_t line_step_ = 0;
  extent_of planes_, rows_, lines_, n_;
  strided_move outer_;
};

template <class T>
void run_move(const strided_move& m, const void* x, void* y, const context& ctx) {
  const blocked_move<T> move(m);
  const isa level = chosen_isa(ctx);
  parallel_ranges(ctx, move.blocks(), 0.2 * move.bytes_of_block(), [&](index_t begin, index_t end) {
    move.run(level, begin, end, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
