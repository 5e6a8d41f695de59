// A context whose threads are oneTBB's. Opt-in: link to TBB::tbb.
#pragma once

#include <tenfold/context.hpp>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// A context that runs operations on at most `threads` threads of oneTBB's pool, in an arena of their own.
inline context tbb(int threads) {
  context ctx{};
  ctx.threads = threads;
  ctx.parallel_for = [threads](index_t count, task body) {
    oneapi::tbb::task_arena arena(threads);
    arena.execute([&] { oneapi::tbb::parallel_for(index_t{0}, count, [&](index_t i) { body(i); }); });
  };
  return ctx;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
