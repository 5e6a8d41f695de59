// A context whose threads are OpenMP's. Opt-in: compile the file that includes this with -fopenmp.
#pragma once

#include <tenfold/context.hpp>

#ifndef _OPENMP
#error "tenfold/openmp.hpp needs OpenMP: compile with -fopenmp (g++, clang++) or link to CMake's OpenMP::OpenMP_CXX"
#endif

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// A context that runs operations on `threads` threads of OpenMP's pool. With GNU's libgomp a child that fork() makes
/// after the first region of several threads hangs in its own first one: let it run serially, fork before, or link
/// LLVM's libomp, which starts its threads anew.
inline context openmp(int threads) {
  context ctx{};
  ctx.threads = threads;
  ctx.parallel_for = [](index_t count, task body) {
    const auto team = static_cast<int>(count);
#pragma omp parallel for num_threads(team) schedule(static, 1)
    for (index_t i = 0; i < count; ++i) body(i);
  };
  return ctx;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
