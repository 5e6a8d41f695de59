// resample2d: planes resampled by the tables of two axes.
#pragma once

#include <tenfold/detail/resample.hpp>
#include <tenfold/detail/seam.hpp>

/// `memory` are resample_workers times resample_worker_bytes, aligned to a cache line.
TENFOLD_SEAM(void, run_resample2d, (p, x, y, memory, ctx),
             const plain::resample_problem<typename plain::resample_number<T>::type>& p, const T* x, T* y,
             std::byte* memory, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// (planes, h.in, w.in) -> (planes, h.out, w.out), by the tables of two axes that the caller has prepared.
template <class T>
void resample2d(const resample_problem<resample_number<T>>& p, const T* x, T* y, const context& ctx) {
  if (p.planes == 0 || p.h.out == 0 || p.w.out == 0) return;
  const scratch_memory memory(ctx, resample_bytes(p, ctx));
  seam::run_resample2d<T>(p, x, y, memory.data(), ctx);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/resample.hpp>
#endif
