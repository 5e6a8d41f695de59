// What each layer of the network takes, as a table.
#pragma once

#include "network.hpp"

#include <algorithm>  // nth_element
#include <chrono>
#include <cstdio>  // printf
#include <vector>

namespace segment {

struct timed_run {
  tf::tensor<float> output;
  std::vector<layer_report> layers;  // with the median of the runs' times
  std::size_t runs = 0;
};

/// Runs the network once to warm up, then for half a second: at least once, at most 25 times.
inline timed_run run_timed(const conv_deconv& network, const tf::tensor<float>& picture, const tf::context& ctx) {
  using clock = std::chrono::steady_clock;
  conv_deconv::buffers buffers;
  timed_run result;
  network.forward(picture, buffers, ctx, [&](const layer_report& layer) { result.layers.push_back(layer); });
  std::vector<std::vector<double>> seconds(result.layers.size());
  const auto start = clock::now();
  do {
    std::size_t i = 0;
    network.forward(picture, buffers, ctx, [&](const layer_report& layer) { seconds[i++].push_back(layer.seconds); });
    ++result.runs;
  } while (result.runs < 25 && clock::now() - start < std::chrono::milliseconds(500));
  result.output = std::move(buffers.output);

  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const auto middle = seconds[i].begin() + static_cast<std::ptrdiff_t>(result.runs / 2);
    std::nth_element(seconds[i].begin(), middle, seconds[i].end());
    result.layers[i].seconds = *middle;
  }
  return result;
}

inline void print_layer(const char* name, const std::string& output, double seconds, double flop) {
  std::printf("%-16s%-20s%8.2f", name, output.c_str(), seconds * 1e3);
  if (flop > 0)
    std::printf("%10.1f\n", flop / seconds * 1e-9);
  else
    std::printf("%10s\n", "-");
}

inline void print_layers(const timed_run& run) {
  std::printf("%-16s%-20s%8s%10s\n", "layer", "output", "ms", "GFLOP/s");
  double seconds = 0;
  double flop = 0;
  for (const layer_report& layer : run.layers) {
    print_layer(layer.name, to_string(layer.output), layer.seconds, layer.flop);
    seconds += layer.seconds;
    flop += layer.flop;
  }
  print_layer("sum", "", seconds, flop);
}

}  // namespace segment
