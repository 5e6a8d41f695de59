// --threads of the examples.
#pragma once

#include <tenfold/context.hpp>

#ifdef _OPENMP
#include <tenfold/openmp.hpp>
#endif

#include <stdexcept>

inline tenfold::context make_context(int threads) {
  tenfold::context ctx;
#ifdef _OPENMP
  if (threads > 1) ctx = tenfold::openmp(threads);
#else
  if (threads > 1) throw std::runtime_error("--threads: this program was built without OpenMP and has one thread");
#endif
  return ctx;
}
