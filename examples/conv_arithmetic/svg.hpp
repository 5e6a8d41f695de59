// A sliding window as an animated SVG: the input's grid with the window on the left, the outputs on the right.
#pragma once

#include "sliding.hpp"

#include <string>

namespace conv_arithmetic {

inline constexpr index_t side = 36;  // of a cell, in pixels
inline constexpr index_t gap = 2 * side;
inline constexpr index_t heading = 64;
inline constexpr double seconds = 0.8;  // of a step

/// <name attributes>content</name>
inline std::string element(const std::string& name, const std::string& attributes, const std::string& content = {}) {
  return "<" + name + " " + attributes + (content.empty() ? "/>" : ">" + content + "</" + name + ">") + "\n";
}
inline std::string attribute(const std::string& name, const std::string& value) { return name + "=\"" + value + "\" "; }
inline std::string attribute(const std::string& name, index_t value) { return attribute(name, std::to_string(value)); }

inline std::string square(index_t x, index_t y, const std::string& look) {
  return element("rect", attribute("x", x) + attribute("y", y) + attribute("width", side) + attribute("height", side) +
                             attribute("class", look));
}
inline std::string number(index_t x, index_t y, float value, const std::string& look, const std::string& inside = {}) {
  return element("text", attribute("x", x) + attribute("y", y) + attribute("class", look),
                 std::to_string(static_cast<index_t>(value)) + inside);
}

/// Animates a value from step to step: discrete, for ever.
inline std::string animation(const std::string& element_name, const std::string& attributes, const std::string& values,
                             index_t steps) {
  return element(element_name, attributes + attribute("values", values) + attribute("calcMode", "discrete") +
                                   attribute("dur", std::to_string(seconds * static_cast<double>(steps)) + "s") +
                                   attribute("repeatCount", "indefinite"));
}

/// Where a moving part is at each output: by `step` cells for one.
inline std::string moved(const sliding& s, index_t step, const std::string& content) {
  std::string values;
  for (index_t y = 0; y < s.size(); ++y)
    for (index_t x = 0; x < s.size(); ++x)
      values += (values.empty() ? "" : ";") + std::to_string(x * step * side) + " " + std::to_string(y * step * side);
  return element("g", attribute("class", "moving"),
                 animation("animateTransform", attribute("attributeName", "transform") + attribute("type", "translate"),
                           values, s.size() * s.size()) +
                     content);
}

inline std::string input_grid(const sliding& s) {
  std::string cells, window;
  for (index_t y = 0; y < s.axis.cells; ++y)
    for (index_t x = 0; x < s.axis.cells; ++x) {
      const bool pixel = s.axis.pixel(y, s.of.input) >= 0 && s.axis.pixel(x, s.of.input) >= 0;
      cells += square(x * side, y * side, pixel ? "pixel" : "empty");
      if (pixel) cells += number(x * side + side / 2, y * side + side / 2, s.cell(y, x), "value");
    }
  for (index_t i = 0; i < s.of.kernel; ++i)
    for (index_t j = 0; j < s.of.kernel; ++j) {
      const index_t x = j * s.of.dilation * side, y = i * s.of.dilation * side;
      window += square(x, y, "window") + number(x + side - 7, y + side - 7, s.tap(i, j), "weight");
    }
  return cells + moved(s, s.axis.step, window);
}

/// An output appears when the window has reached it.
inline std::string output_grid(const sliding& s) {
  std::string cells;
  const index_t steps = s.size() * s.size();
  for (index_t step = 0; step < steps; ++step) {
    const index_t y = step / s.size(), x = step % s.size();
    std::string visible;
    for (index_t t = 0; t < steps; ++t) visible += (t > 0 ? ";" : "") + std::string(t < step ? "0" : "1");
    cells += square(x * side, y * side, "output") +
             number(x * side + side / 2, y * side + side / 2, s.output(0, 0, y, x), "value",
                    animation("animate", attribute("attributeName", "opacity"), visible, steps));
  }
  return cells + moved(s, 1, square(0, 0, "current"));
}

/// `kernel 3, stride 2, padding 1: 5 x 5 to 3 x 3`, without what has its default.
inline std::string description(const sliding& s) {
  const auto sizes = [](index_t n) { return std::to_string(n) + " x " + std::to_string(n); };
  std::string text = "kernel " + std::to_string(s.of.kernel);
  const auto add = [&](const char* name, index_t value, index_t usual) {
    if (value != usual) text += ", " + std::string(name) + " " + std::to_string(value);
  };
  add("stride", s.of.stride, 1);
  add("padding", s.of.padding, 0);
  add("output_padding", s.of.output_padding, 0);
  add("dilation", s.of.dilation, 1);
  return text + ": " + sizes(s.of.input) + " to " + sizes(s.size());
}

inline std::string svg(const sliding& s) {
  constexpr const char* style =
      "svg{background:#fff}text{font:14px sans-serif;text-anchor:middle;dominant-baseline:central;fill:#123}"
      ".title{font-size:17px;text-anchor:start}.about{font-size:13px;text-anchor:start;fill:#567}"
      ".weight{font-size:10px;fill:#b20}rect{stroke:#345;stroke-width:1}.pixel{fill:#8fc1ea}"
      ".empty{fill:#fff;stroke:#abb;stroke-dasharray:3 "
      "3}.window{fill:#1233;stroke:#123;stroke-width:2}.output{fill:#dff3ee}"
      ".current{fill:#2a98;stroke:#063;stroke-width:3}";
  const index_t left = s.axis.cells * side, right = s.size() * side;
  const index_t width = (std::max)(left + gap + right + side, index_t{12 * side}), tallest = (std::max)(left, right);
  const index_t height = heading + tallest + side / 2;
  const auto at = [](index_t x, index_t y, const std::string& content) {
    return element("g", attribute("transform", "translate(" + std::to_string(x) + " " + std::to_string(y) + ")"),
                   content);
  };
  return element(
      "svg",
      attribute("xmlns", "http://www.w3.org/2000/svg") + attribute("width", width) + attribute("height", height) +
          attribute("viewBox", "0 0 " + std::to_string(width) + " " + std::to_string(height)),
      element("title", "", s.of.title) + element("style", "", style) +
          element("text", attribute("x", side / 2) + attribute("y", 20) + attribute("class", "title"), s.of.title) +
          element("text", attribute("x", side / 2) + attribute("y", 44) + attribute("class", "about"), description(s)) +
          at(side / 2, heading + (tallest - left) / 2, input_grid(s)) +
          at(side / 2 + left + gap, heading + (tallest - right) / 2, output_grid(s)));
}

}  // namespace conv_arithmetic
