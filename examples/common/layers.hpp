// What each layer of a net takes: timed, as a table, and as a bar chart.
#pragma once

#include <tenfold/net.hpp>

#include <algorithm>  // max, nth_element
#include <chrono>
#include <cstdio>  // printf
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace layers {

struct timed_layer {
  std::string name, op, algorithm;
  tenfold::shape output;
  double seconds;  // the median of the runs
  double flop;
  tenfold::index_t bytes;
};

/// "conv1 + relu": the node with what is fused into it.
inline std::string name_with_fused(const timed_layer& l) {
  const std::size_t fused = l.op.find(" + ");
  return fused == l.op.npos ? l.name : l.name + l.op.substr(fused);
}

struct timed_run {
  tenfold::named_tensors output;
  std::vector<timed_layer> layers;
  std::size_t runs = 0;
  double seconds = 0;  // the median of the runs, which are longer than the sum of their layers
};

namespace detail {

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// A net's name in markup.
inline std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '<')
      result += "&lt;";
    else if (letter == '&')
      result += "&amp;";
    else
      result += letter;
  }
  return result;
}

inline std::string formatted(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace detail

/// Runs the net once to warm up, then for half a second: at least once, at most 25 times.
inline timed_run run_timed(const tenfold::net& net, std::span<const tenfold::named_view> inputs,
                           const tenfold::context& ctx) {
  using clock = std::chrono::steady_clock;
  timed_run result;
  result.output = net.run(inputs, ctx, [&](const tenfold::layer_report& r) {
    result.layers.push_back(
        {std::string(r.name), std::string(r.op), std::string(r.algorithm), r.output, r.seconds, r.flop, r.bytes});
  });
  std::vector<tenfold::named_output> outputs;
  for (auto& [name, x] : result.output)
    std::visit([&, &own = name](auto& y) { outputs.emplace_back(own, tenfold::any_output(y)); }, x);
  std::vector<std::vector<double>> seconds(result.layers.size());
  std::vector<double> whole;
  const auto start = clock::now();
  do {
    const auto begin = clock::now();
    net.run_into(outputs, inputs, ctx, [&](const tenfold::layer_report& r) { seconds[r.index].push_back(r.seconds); });
    whole.push_back(std::chrono::duration<double>(clock::now() - begin).count());
  } while (++result.runs < 25 && clock::now() - start < std::chrono::milliseconds(500));
  for (std::size_t i = 0; i < seconds.size(); ++i) result.layers[i].seconds = detail::median(seconds[i]);
  result.seconds = detail::median(whole);
  return result;
}

/// name, output, ms, GFLOP/s; in the long form what ran, and the MiB that it reads and writes, too.
inline void print_table(const timed_run& run, bool in_long_form) {
  const auto name_of = [&](const timed_layer& l) { return in_long_form ? l.name : name_with_fused(l); };
  std::size_t name_width = 5, op_width = 8, shape_width = 6;
  for (const timed_layer& l : run.layers) {
    name_width = std::max(name_width, std::min<std::size_t>(name_of(l).size(), 40));
    op_width = std::max(op_width, l.op.size());
    shape_width = std::max(shape_width, to_string(l.output).size());
  }
  const auto width = [](std::size_t w) { return static_cast<int>(w) + 2; };
  const auto line = [&](const std::string& name, const std::string& op, const std::string& algorithm,
                        const std::string& shape, const std::string& ms, const std::string& rate,
                        const std::string& mib) {
    std::printf("%-*.40s", width(name_width), name.c_str());
    if (in_long_form) std::printf("%-*s%-16s", width(op_width), op.c_str(), algorithm.c_str());
    std::printf("%-*s%9s%9s", width(shape_width), shape.c_str(), ms.c_str(), rate.c_str());
    if (in_long_form) std::printf("%9s", mib.c_str());
    std::printf("\n");
  };
  const auto rate = [](double flop, double seconds) {
    return flop > 0 ? detail::formatted("%.1f", flop / seconds * 1e-9) : std::string("-");
  };
  const auto milliseconds = [](double seconds) { return detail::formatted("%.3f", seconds * 1e3); };
  const auto mib = [](double bytes) { return detail::formatted("%.2f", bytes / (1 << 20)); };
  line("layer", "operator", "algorithm", "output", "ms", "GFLOP/s", "MiB");
  double flop = 0, seconds = 0, bytes = 0;
  for (const timed_layer& l : run.layers) {
    line(name_of(l), l.op, l.algorithm, to_string(l.output), milliseconds(l.seconds), rate(l.flop, l.seconds),
         mib(static_cast<double>(l.bytes)));
    flop += l.flop;
    seconds += l.seconds;
    bytes += static_cast<double>(l.bytes);
  }
  line("sum", "", "", "", milliseconds(seconds), rate(flop, seconds), mib(bytes));
}

/// A bar for each layer, as long as its time, coloured by what it does; as SVG.
inline void write_bars(const std::string& path, const timed_run& run) {
  double longest = 1e-9, sum = 0;
  for (const timed_layer& l : run.layers) {
    longest = std::max(longest, l.seconds);
    sum += l.seconds;
  }
  constexpr int row = 18, label = 330, bar = 520, top = 46;
  const auto height = top + row * static_cast<int>(run.layers.size()) + 12;
  std::ofstream file(path);
  file << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << label + bar + 110 << "\" height=\"" << height
       << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
       << "<text x=\"12\" y=\"26\" font-size=\"16\">" << run.layers.size() << " layers, "
       << detail::formatted("%.2f", sum * 1e3) << " ms</text>\n";
  int y = top;
  for (const timed_layer& l : run.layers) {
    const bool computes = l.flop > 0;
    const double length = bar * l.seconds / longest;
    const std::string name = l.name.size() > 24 ? l.name.substr(0, 23) + "\u2026" : l.name;
    file << "<text x=\"12\" y=\"" << y + 13 << "\">" << detail::escaped(name) << "</text><text x=\"" << label - 8
         << "\" y=\"" << y + 13 << "\" text-anchor=\"end\" fill=\"#666\">" << detail::escaped(l.op)
         << "</text><rect x=\"" << label << "\" y=\"" << y + 2 << "\" width=\""
         << detail::formatted("%.1f", std::max(length, 0.5)) << "\" height=\"" << row - 4 << "\" fill=\""
         << (computes ? "#3b6fb6" : "#c98a2b") << "\"/><text x=\"" << detail::formatted("%.1f", label + length + 6)
         << "\" y=\"" << y + 13 << "\">" << detail::formatted("%.3f ms", l.seconds * 1e3)
         << (computes ? detail::formatted(", %.0f GFLOP/s", l.flop / l.seconds * 1e-9) : "") << "</text>\n";
    y += row;
  }
  file << "</svg>\n";
  if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace layers
