// The options that the programs with a network and a picture have in common.
#pragma once

#include "common/arguments.hpp"

#include <string>

namespace options {

struct picture_run {
  std::string weights;
  std::string image = TENFOLD_SEGMENT_DATA_DIR "/coins.png";
  std::string out;
  int width = 1;
  int threads = 1;
  int runs = 1;
  bool layers = false;
  bool help = false;

  /// Whether the option is one of these, which it then takes.
  bool take(arguments::reader& line) {
    const std::string& option = line.option();
    if (option == "--weights")
      weights = line.value();
    else if (option == "--image")
      image = line.value();
    else if (option == "--out")
      out = line.value();
    else if (option == "--width")
      width = line.number(1, 16);
    else if (option == "--threads")
      threads = line.number(1, 1024);
    else if (option == "--runs")
      runs = line.number(1, 1000);
    else if (option == "--layers")
      layers = true;
    else if (option == "--help")
      help = true;
    else
      return false;
    return true;
  }

  /// A narrow network has powers of two for a divisor, so that all channels divide.
  void check() const {
    if ((width & (width - 1)) != 0) throw std::runtime_error("--width takes 1, 2, 4, 8 or 16");
  }
};

inline constexpr const char* picture_run_help =
    "  --weights F  a safetensors file; without one the weights are a formula's, and what the picture shows means "
    "nothing\n"
    "  --image F    the picture, a PNG file of any kind (the bundled picture of coins)\n"
    "  --out F      the PNG file to write\n"
    "  --width N    divides the number of channels, 1 to 16 (1): a small network to try out\n"
    "  --threads N  how many threads run a layer (1)\n"
    "  --runs N     runs the network N times and tells the median (1)\n"
    "  --layers     tells what each layer took\n";

}  // namespace options
