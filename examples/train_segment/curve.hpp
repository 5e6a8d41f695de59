// The course of a run as a picture: the loss, and the overlap on the held-out columns.
#pragma once

#include "run.hpp"

#include "segment/overlay.hpp"

#include <algorithm>  // max, min, minmax_element
#include <cmath>      // hypot, log
#include <string>
#include <vector>

namespace training {

namespace detail {

using segment::colour;

inline constexpr colour ink{0.25f, 0.25f, 0.28f}, grid{0.87f, 0.87f, 0.89f}, loss_colour{0.13f, 0.47f, 0.71f},
    pale{0.68f, 0.81f, 0.91f}, overlap_colour{0.85f, 0.37f, 0.05f};

// Letters of 3 x 5 dots, a row in three bits; segment has the digits.
struct letter {
  char name;
  std::uint8_t rows[5];
};
inline constexpr letter letters[] = {{'.', {0, 0, 0, 0, 2}}, {'-', {0, 0, 7, 0, 0}}, {'D', {6, 5, 5, 5, 6}},
                                     {'E', {7, 4, 6, 4, 7}}, {'H', {5, 5, 7, 5, 5}}, {'I', {7, 2, 2, 2, 7}},
                                     {'L', {4, 4, 4, 4, 7}}, {'O', {7, 5, 5, 5, 7}}, {'P', {7, 5, 7, 4, 4}},
                                     {'S', {7, 4, 7, 1, 7}}, {'T', {7, 2, 2, 2, 2}}, {'U', {5, 5, 5, 5, 7}}};

inline const std::uint8_t* rows_of(char c) {
  static constexpr std::uint8_t blank[5] = {};
  if (c >= '0' && c <= '9') return segment::detail::digits[c - '0'];
  for (const letter& l : letters)
    if (l.name == c) return l.rows;
  return blank;
}

inline constexpr index_t dot = 2, letter_width = 4 * dot, letter_height = 5 * dot;

inline void draw_text(tf::tensor<float>& picture, index_t top, index_t left, const std::string& text) {
  for (const char c : text) {
    for (index_t row = 0; row < 5; ++row)
      for (index_t column = 0; column < 3; ++column)
        if (rows_of(c)[row] >> (2 - column) & 1)
          segment::detail::fill_square(picture, top + row * dot, left + column * dot, dot, ink);
    left += letter_width;
  }
}

/// A part of the picture with axes: x from `first` to `last`, y from `low` to `high` (what is beyond is drawn at
/// the edge), in logarithms if it says so.
struct panel {
  double top, left, height, width;
  double first, last, low, high;
  bool logarithmic;

  double column(double x) const { return left + width * (x - first) / std::max(1.0, last - first); }
  double row(double y) const {
    const auto scale = [&](double v) { return logarithmic ? std::log(v) : v; };
    return top + height * (scale(high) - scale(std::clamp(y, low, high))) / (scale(high) - scale(low));
  }
};

struct point {
  double x, y;
};

/// A line through points, as wide as twice `radius`, with soft edges.
inline void draw_line(tf::tensor<float>& picture, const panel& p, const std::vector<point>& points, double radius,
                      const colour& with) {
  tf::tensor<float> cover({picture.shape()[2], picture.shape()[3]});
  const auto stamp = [&](double row, double column) {
    for (auto y = static_cast<index_t>(row - radius); y <= static_cast<index_t>(row + radius + 1); ++y)
      for (auto x = static_cast<index_t>(column - radius); x <= static_cast<index_t>(column + radius + 1); ++x) {
        const double distance = std::hypot(static_cast<double>(y) - row, static_cast<double>(x) - column);
        if (y >= 0 && x >= 0 && y < cover.shape()[0] && x < cover.shape()[1])
          cover(y, x) = std::max(cover(y, x), static_cast<float>(std::clamp(radius + 0.5 - distance, 0.0, 1.0)));
      }
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    const point from = points[i == 0 ? 0 : i - 1], to = points[i];
    const double y0 = p.row(from.y), x0 = p.column(from.x), y1 = p.row(to.y), x1 = p.column(to.x);
    const double count = std::ceil(2 * std::hypot(y1 - y0, x1 - x0)) + 1;
    for (double k = 0; k <= count; ++k) stamp(y0 + (y1 - y0) * k / count, x0 + (x1 - x0) * k / count);
  }
  for (index_t y = 0; y < cover.shape()[0]; ++y)
    for (index_t x = 0; x < cover.shape()[1]; ++x) segment::detail::blend(picture, y, x, with, cover(y, x));
}

/// 1, 2 and 5 times powers of ten, those from `low` to `high`.
inline std::vector<double> round_numbers(double low, double high) {
  std::vector<double> numbers;
  for (int power = -6; power <= 6; ++power)
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double number = power < 0 ? digit / std::pow(10, -power) : digit * std::pow(10, power);
      if (number >= low && number <= high) numbers.push_back(number);
    }
  return numbers;
}

inline void draw_axes(tf::tensor<float>& picture, const panel& p, const std::vector<double>& heights,
                      const std::string& title) {
  for (const double y : heights) {
    draw_line(picture, p, {{p.first, y}, {p.last, y}}, 0.5, grid);
    const std::string text = arguments::text_of(y);
    draw_text(picture, static_cast<index_t>(p.row(y)) - letter_height / 2,
              static_cast<index_t>(p.left) - static_cast<index_t>(text.size() + 1) * letter_width, text);
  }
  draw_text(picture, static_cast<index_t>(p.top) - 2 * letter_height, static_cast<index_t>(p.left), title);
}

inline void draw_steps(tf::tensor<float>& picture, const panel& p, index_t steps) {
  for (index_t i = 0; i <= 4; ++i) {
    const std::string text = std::to_string(i * steps / 4);
    const auto middle = static_cast<index_t>(p.column(static_cast<double>(i * steps / 4)));
    draw_text(picture, static_cast<index_t>(p.top + p.height) + letter_height,
              middle - static_cast<index_t>(text.size()) * letter_width / 2, text);
  }
}

inline std::vector<point> points_of(const std::vector<float>& values, index_t apart) {
  std::vector<point> points;
  for (std::size_t i = 0; i < values.size(); ++i)
    points.push_back({static_cast<double>(i + 1) * static_cast<double>(apart), static_cast<double>(values[i])});
  return points;
}

/// Averages over the last ten steps or so.
inline std::vector<point> smoothed(std::vector<point> points) {
  for (std::size_t i = 1; i < points.size(); ++i) points[i].y = 0.9 * points[i - 1].y + 0.1 * points[i].y;
  return points;
}

}  // namespace detail

/// (1, 3, 560, 800): the loss of each step, its moving average, and below them the overlap.
inline tf::tensor<float> draw_curves(const run_state& run, index_t steps) {
  tf::tensor<float> picture({1, 3, 560, 800});
  std::fill(picture.data(), picture.data() + picture.size(), 1.0f);
  double low = 0.5, high = 1;
  for (const float loss : run.losses) {
    low = std::min(low, static_cast<double>(std::max(loss, 1e-6f)));
    high = std::min(1e6, std::max(high, static_cast<double>(loss)));
  }
  const auto last = static_cast<double>(steps);
  const detail::panel losses{40, 70, 270, 700, 0, last, low * 0.9, high * 1.1, true};
  const detail::panel looks{370, 70, 140, 700, 0, last, 0, 1, false};

  detail::draw_axes(picture, losses, detail::round_numbers(losses.low, losses.high), "LOSS");
  const auto points = detail::points_of(run.losses, 1);
  detail::draw_line(picture, losses, points, 0.5, detail::pale);
  detail::draw_line(picture, losses, detail::smoothed(points), 1, detail::loss_colour);
  detail::draw_axes(picture, looks, {0, 0.5, 1}, "IOU HELD-OUT");
  detail::draw_line(picture, looks, detail::points_of(run.looks, look_every), 1, detail::overlap_colour);
  detail::draw_steps(picture, looks, steps);
  return picture;
}

}  // namespace training
