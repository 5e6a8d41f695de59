// Prints the instruction set that calls run on, and all that this program and machine have: "avx2 of avx512 avx2 base".
#include <tenfold/tenfold.hpp>

#include <iostream>

int main() {
  std::cout << tenfold::name_of(tenfold::active_isa()) << " of";
  tenfold::for_each_available_isa([](tenfold::isa level) { std::cout << ' ' << tenfold::name_of(level); });
  std::cout << '\n';
}
