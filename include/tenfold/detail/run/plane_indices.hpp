// The check of indices that count within planes, for the operations that go to the places they name.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Every index of planes (in.h, in.w) is a place in its plane (out.h, out.w), or `least`, which is 0 or -1. The last
/// one that is not, in memory order, is named, as by PyTorch's max_unpool2d.
inline void check_plane_indices(index_t planes, const hw& in_sizes, const hw& out_sizes, index_t least,
                                const index_t* indices, const context& ctx) {
  const auto last_outside = TENFOLD_KERNEL(chosen_isa(ctx), last_index_outside);
  const index_t in = in_sizes.h * in_sizes.w;
  const index_t out = out_sizes.h * out_sizes.w;
  std::atomic<index_t> minus_last{1};  // its position, negative, so that the least is the last
  parallel_ranges(ctx, planes, 0.3 * static_cast<double>(in), [&](index_t begin, index_t end) {
    const index_t found = last_outside(indices + begin * in, (end - begin) * in, least, out);
    if (found >= 0) lower_to(minus_last, -(begin * in + found));
  });
  if (minus_last <= 0)
    raise({"Found an invalid max index: ", indices[-minus_last], " (output volumes are of size ", out_sizes.h, "x",
           out_sizes.w, ")"},
          "an index counts within its plane, h * width + w: convert_indices makes such of other kinds");
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
