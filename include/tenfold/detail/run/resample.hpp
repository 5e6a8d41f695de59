// Resampling over ranges of the output lines of all planes.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/resample2d.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_resample2d(const plain::resample_problem<typename plain::resample_number<T>::type>& p, const T* x, T* y,
                    std::byte* memory, const context& ctx) {
  using A = resample_number<T>;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), resample_rows<T, A>);
  const index_t lines = p.planes * p.h.out, workers = resample_workers(p, ctx), bytes = resample_worker_bytes(p);
  parallel_tasks(ctx, workers, [&](index_t worker, index_t t) {
    scratch_cursor own(bytes == 0 ? nullptr : memory + worker * bytes);
    const resample_scratch<A> scratch(p, own);
    const index_range part = part_of(lines, workers, t);
    kernel(p, part.begin, part.end, x, y, scratch);
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
