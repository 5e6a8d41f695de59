// Draws the classic animations of convolution arithmetic, each checked against the library: README.md.
#include "svg.hpp"

#include "common/arguments.hpp"
#include "common/replace_file.hpp"

#include <cstdio>  // printf
#include <filesystem>

int main(int count, char** values) try {
  constexpr const char* usage = "usage: conv_arithmetic [--out FOLDER] [--help]";
  std::string out = "conv_arithmetic";
  for (arguments::reader line(count, values, usage); line.next();) {
    if (line.option() == "--out") {
      out = line.value();
    } else if (line.option() == "--help") {
      std::printf(
          "%s\n\nWrites the 15 animations of convolution arithmetic as SVG files into FOLDER (conv_arithmetic).\n",
          usage);
      return 0;
    } else {
      line.fail_unknown();
    }
  }
  std::filesystem::create_directories(out);
  for (const conv_arithmetic::settings& s : conv_arithmetic::classics) {
    const conv_arithmetic::sliding animated(s);
    const std::string path = out + "/" + s.name + ".svg";
    files::replace_file(path, conv_arithmetic::svg(animated));
    std::printf("%-46s %s\n", path.c_str(), conv_arithmetic::description(animated).c_str());
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "conv_arithmetic: %s\n", e.what());
  return 1;
}
