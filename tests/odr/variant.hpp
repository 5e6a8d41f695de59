// What the files of the program share; it knows nothing of tenfold, so that no file's flags reach it.
#pragma once

#include <string>
#include <vector>

/// Calls into the library, compiled under the flags that the name tells.
struct variant {
  std::string name;
  std::vector<float> (*convolve_ones)(int channels, int side);
  bool (*refuses_wrong_channels)();
  int (*count_isas)();
};

/// Filled before main() by every variant.cpp of the program.
std::vector<variant>& variants();
