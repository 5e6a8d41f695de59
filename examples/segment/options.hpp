// The command line.
#pragma once

#include "network.hpp"

#include <charconv>  // from_chars
#include <cstdio>    // printf
#include <cstring>   // strlen
#include <stdexcept>
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

inline int parse_threads(const char* text) {
  int threads = 0;
  const char* end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, threads);
  if (result.ec != std::errc{} || result.ptr != end || threads < 1 || threads > 1024)
    throw std::runtime_error("--threads takes a number from 1 to 1024, but got '" + std::string(text) + "'");
  return threads;
}

inline options parse_options(int count, char** arguments) {
  options o;
  for (int i = 1; i < count; ++i) {
    const std::string option = arguments[i];
    const auto value = [&] {
      if (i + 1 == count || !*arguments[i + 1]) throw std::runtime_error(option + " needs a value; " + usage);
      return arguments[++i];
    };
    if (option == "--weights")
      o.weights = value();
    else if (option == "--image")
      o.image = value();
    else if (option == "--out")
      o.out = value();
    else if (option == "--threads")
      o.threads = parse_threads(value());
    else if (option == "--help")
      o.help = true;
    else
      throw std::runtime_error("unknown option '" + option + "'; " + usage);
  }
  return o;
}

}  // namespace segment
