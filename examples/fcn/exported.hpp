// A graph that tools/export_torch.py wrote, with its weights.
#pragma once

#include "common/mapped_safetensors.hpp"

#include <tenfold/graph_text.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace fcn {

/// The graph of a text file, whose constants are a safetensors file's.
inline tenfold::graph read_graph(const std::string& path, const std::string& weights) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error(path + ": cannot be read");
  try {
    tenfold::graph graph = tenfold::read_graph_text(text);
    graph.constants = safetensors::mapped_file(weights).constants();
    return graph;
  } catch (const tenfold::error& e) {
    throw std::runtime_error(path + ", " + e.what());
  }
}

}  // namespace fcn
