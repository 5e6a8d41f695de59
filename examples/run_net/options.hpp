// The command line.
#pragma once

#include "common/arguments.hpp"

#include <cstdio>  // printf
#include <optional>
#include <string>
#include <vector>

namespace run_net {

struct options {
  std::string model;
  std::string image;
  std::vector<std::string> inputs;  // f.npy of the only input, or name=f.npy
  std::string shape;                // of the only input, filled with noise
  std::string out, output, compare, bars;
  std::string weights;  // fp16, bf16
  int threads = 1;
  bool profile = false;
  bool help = false;
};

inline constexpr const char* usage =
    "usage: run_net MODEL.onnx|MODEL.pt2 [--image F.png | --input [NAME=]F.npy ... | --shape 1x3x224x224] "
    "[--output NAME]\n"
    "               [--out F.npy|F.png] [--compare F.npy] [--threads N] [--weights fp16|bf16] [--profile] [--bars "
    "F.svg]\n"
    "               [--help]";

inline void print_help() {
  std::printf(
      "%s\n\n"
      "Runs a network. Without options it says what the network takes and gives.\n\n"
      "  --image F    a PNG picture as the only input: (1, 3, H, W), or (1, 1, H, W) of grey, from 0 to 1, resized\n"
      "               where the network wants another size\n"
      "  --input F    an .npy file as the only input; NAME=F of several, once for each\n"
      "  --shape S    the only input's sizes; it is filled with noise\n"
      "  --output N   the output that is written and compared; the first if there is none\n"
      "  --out F      writes it: as .npy, or as a PNG picture if it is one, (1, 1 or 3, H, W) from 0 to 1\n"
      "  --compare F  the greatest difference from an .npy file; beyond 1e-4 of its largest number + 1e-6 the program "
      "fails\n"
      "  --threads N  how many threads run a layer (1)\n"
      "  --weights T  keeps the layers' weights in 16 bits, fp16 or bf16\n"
      "  --profile    a line for each layer: what ran, ms, GFLOP/s, MiB read and written\n"
      "  --bars F     the layers' times as a bar chart, an SVG file\n",
      usage);
}

inline options parse_options(int count, char** values) {
  options o;
  for (arguments::reader line(count, values, usage); line.next();) {
    if (line.option() == "--image")
      o.image = line.value();
    else if (line.option() == "--input")
      o.inputs.push_back(line.value());
    else if (line.option() == "--shape")
      o.shape = line.value();
    else if (line.option() == "--out")
      o.out = line.value();
    else if (line.option() == "--output")
      o.output = line.value();
    else if (line.option() == "--compare")
      o.compare = line.value();
    else if (line.option() == "--bars")
      o.bars = line.value();
    else if (line.option() == "--threads")
      o.threads = line.number(1, 1024);
    else if (line.option() == "--weights")
      o.weights = line.value();
    else if (line.option() == "--profile")
      o.profile = true;
    else if (line.option() == "--help")
      o.help = true;
    else if (o.model.empty() && line.option().compare(0, 2, "--") != 0)
      o.model = line.option();
    else
      line.fail_unknown();
  }
  if (!o.help && o.model.empty()) throw std::runtime_error(usage);
  if (!o.weights.empty() && o.weights != "fp16" && o.weights != "bf16")
    throw std::runtime_error("--weights is fp16 or bf16");
  if (!o.image.empty() + !o.inputs.empty() + !o.shape.empty() > 1)
    throw std::runtime_error("--image, --input and --shape exclude each other");
  return o;
}

}  // namespace run_net
