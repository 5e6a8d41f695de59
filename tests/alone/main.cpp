// Compiled plainly, so that it runs everywhere: a machine without avx512 has nothing to run here.
#include <tenfold/detail/isa.hpp>

#include <cstdio>

bool equals_reference();  // part.cpp, compiled for avx512 alone

int main() {
  bool has_avx512 = false;
  tenfold::for_each_available_isa([&](tenfold::isa level) { has_avx512 |= level == tenfold::isa::avx512; });
  if (!has_avx512) {
    std::puts("no avx512");
    return 0;
  }
  return equals_reference() ? 0 : 1;
}
