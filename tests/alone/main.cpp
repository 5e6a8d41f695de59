// Compiled plainly, so that it runs everywhere: a machine without avx512 has nothing to run here.
#include <tenfold/isa.hpp>

#include "hash.hpp"

#include <cstdio>

// part.cpp, compiled for avx512 alone
bool equals_reference();
std::uint64_t hash_of_avx512_alone();

int main() {
  bool has_avx512 = false;
  tenfold::for_each_available_isa([&](tenfold::isa level) { has_avx512 |= level == tenfold::isa::avx512; });
  if (!has_avx512) {
    std::puts("no avx512");
    return 0;
  }
  const bool same = hash_of_avx512_alone() == hash_of_convolutions();
  if (!same) std::puts("the bits are not those of a plain file");
  return equals_reference() && same ? 0 : 1;
}
