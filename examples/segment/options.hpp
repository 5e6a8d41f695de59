// The command line.
#pragma once

#include "network.hpp"

#include "common/arguments.hpp"

#include <cstdio>  // printf
#include <string>

namespace segment {

struct options {
  std::string weights = TENFOLD_SEGMENT_DATA_DIR "/coins.safetensors";
  std::string image = TENFOLD_SEGMENT_DATA_DIR "/coins.png";
  std::string out = "segment.png";
  int threads = 1;
  bool help = false;
};

inline constexpr const char* usage =
    "usage: segment [--weights F.safetensors] [--image F.png] [--out F.png] [--threads N] [--help]";

inline void print_help() {
  std::printf(
      "%s\n\n"
      "Runs the conv_deconv network on a picture, prints what each layer took and what the network found, and writes\n"
      "the picture with that marked. Without arguments: the bundled weights on the bundled picture of coins.\n\n"
      "  --weights F  the network's weights, a safetensors file (conv1.weight, conv1.bias, ... deconv3.bias)\n"
      "  --image F    the picture, a PNG file of any kind, at least %dx%d pixels\n"
      "  --out F      the PNG file to write (segment.png)\n"
      "  --threads N  how many threads run a layer (1)\n",
      usage, int{conv_deconv::smallest}, int{conv_deconv::smallest});
}

inline options parse_options(int count, char** values) {
  options o;
  for (arguments::reader line(count, values, usage); line.next();) {
    if (line.option() == "--weights")
      o.weights = line.value();
    else if (line.option() == "--image")
      o.image = line.value();
    else if (line.option() == "--out")
      o.out = line.value();
    else if (line.option() == "--threads")
      o.threads = line.number(1, 1024);
    else if (line.option() == "--help")
      o.help = true;
    else
      line.fail_unknown();
  }
  return o;
}

}  // namespace segment
