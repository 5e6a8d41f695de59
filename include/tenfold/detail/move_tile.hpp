// What the kernels of moves and of paddings are called with.
#pragma once

#include <tenfold/shape.hpp>

namespace tenfold::inline v0 {

/// What stands around a padded tensor, in place s of a dimension of n elements, when s < 0 or s >= n.
///
///     constant   a value
///     reflect    the mirror image, the first and last element being the mirrors: element -s or 2 * (n - 1) - s
///     replicate  the nearest element
///     circular   element s + n or s - n
enum class pad_mode { constant, reflect, replicate, circular };

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::plain {

/// `planes` times `rows` pieces, x_plane and x_row elements apart in x. A piece is one line of `n` elements, or `lines`
/// lines that the kernel transposes (kernels/move.inl.hpp).
struct move_tile {
  index_t planes = 1, x_plane = 0, y_plane = 0;
  index_t rows = 1, x_row = 0, y_row = 0;
  index_t lines = 1;
  index_t n = 1, x_step = 1, y_step = 1;
};

}  // namespace tenfold::inline v0::plain

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::move_tile;

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
