// A convolution, transposed or not, as what the animations show: a window that slides over a grid of cells.
#pragma once

#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>

#include <stdexcept>
#include <string>

namespace conv_arithmetic {

namespace tf = tenfold;
using tf::index_t;

/// Of both dimensions alike.
struct settings {
  std::string name;
  std::string title;
  index_t input;
  index_t kernel;
  index_t stride = 1;
  index_t padding = 0;
  index_t output_padding = 0;
  index_t dilation = 1;
  bool transposed = false;
};

/// Those of Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.
inline const settings classics[] = {
    {"no_padding_no_strides", "No padding, no strides", 4, 3},
    {"arbitrary_padding_no_strides", "Arbitrary padding, no strides", 5, 4, 1, 2},
    {"same_padding_no_strides", "Half padding, no strides", 5, 3, 1, 1},
    {"full_padding_no_strides", "Full padding, no strides", 5, 3, 1, 2},
    {"no_padding_strides", "No padding, strides", 5, 3, 2, 0},
    {"padding_strides", "Padding, strides", 5, 3, 2, 1},
    {"padding_strides_odd", "Padding, strides, a row and a column left over", 6, 3, 2, 1},
    {"dilation", "Dilation", 7, 3, 1, 0, 0, 2},
    {"no_padding_no_strides_transposed", "No padding, no strides, transposed", 2, 3, 1, 0, 0, 1, true},
    {"arbitrary_padding_no_strides_transposed", "Arbitrary padding, no strides, transposed", 6, 4, 1, 2, 0, 1, true},
    {"same_padding_no_strides_transposed", "Half padding, no strides, transposed", 5, 3, 1, 1, 0, 1, true},
    {"full_padding_no_strides_transposed", "Full padding, no strides, transposed", 7, 3, 1, 2, 0, 1, true},
    {"no_padding_strides_transposed", "No padding, strides, transposed", 2, 3, 2, 0, 0, 1, true},
    {"padding_strides_transposed", "Padding, strides, transposed", 3, 3, 2, 1, 0, 1, true},
    {"padding_strides_odd_transposed", "Padding, strides, output padding, transposed", 3, 3, 2, 1, 1, 1, true},
};

/// One dimension of the grid. Output o has its window at cell o * step, whose tap t is dilation * t further on.
///
/// A convolution's cells are the input between its padding. A transposed one's are the input with stride - 1 empty
/// cells between its pixels and dilation * (kernel - 1) - padding around it; its window, flipped, goes in steps of 1.
struct grid {
  index_t cells;
  index_t step;
  index_t border;  // cells before the first pixel; below 0 where pixels are cropped
  index_t spread;  // from one pixel to the next

  grid(const settings& s, index_t output)
      : step(s.transposed ? 1 : s.stride),
        border(s.transposed ? s.dilation * (s.kernel - 1) - s.padding : s.padding),
        spread(s.transposed ? s.stride : 1) {
    const index_t window = s.dilation * (s.kernel - 1) + 1, pixels = (s.input - 1) * spread + 1;
    cells = (std::max)((output - 1) * step + window, border + pixels + (s.transposed ? 0 : s.padding));
  }
  /// The pixel in a cell, or -1.
  index_t pixel(index_t cell, index_t input) const {
    const index_t at = cell - border;
    return at >= 0 && at % spread == 0 && at / spread < input ? at / spread : -1;
  }
};

/// What an animation shows. All numbers are small integers, whose sums are exact.
struct sliding {
  settings of;
  tf::tensor<float> input, weight, output;
  grid axis;

  /// Throws tenfold::error, in PyTorch's words, for settings that are not possible, and std::logic_error if the
  /// window's sums were not the library's outputs.
  explicit sliding(const settings& s)
      : of(s),
        input(numbers(s.input, 3, 2, 4)),
        weight(numbers(s.kernel, 1, 2, 3)),
        output(s.transposed
                   ? tf::conv_transpose2d(input, weight,
                                          {.stride = s.stride,
                                           .padding = s.padding,
                                           .output_padding = s.output_padding,
                                           .dilation = s.dilation})
                   : tf::conv2d(input, weight, {.stride = s.stride, .padding = s.padding, .dilation = s.dilation})),
        axis(s, size()) {
    for (index_t y = 0; y < size(); ++y)
      for (index_t x = 0; x < size(); ++x)
        if (sum(y, x) != output(0, 0, y, x))
          throw std::logic_error(s.name + ": the window's sum is not the library's output");
  }

  index_t size() const { return output.shape()[3]; }
  /// The weight that the window shows at tap (i, j).
  float tap(index_t i, index_t j) const {
    const index_t last = of.kernel - 1;
    return of.transposed ? weight(0, 0, last - i, last - j) : weight(0, 0, i, j);
  }
  /// The number in a cell: 0 where no pixel is.
  float cell(index_t y, index_t x) const {
    const index_t h = axis.pixel(y, of.input), w = axis.pixel(x, of.input);
    return h < 0 || w < 0 ? 0 : input(0, 0, h, w);
  }

 private:
  /// (a y + b x + y x) modulo `below`: no row or column is like its neighbour.
  static tf::tensor<float> numbers(index_t side, index_t a, index_t b, index_t below) {
    tf::tensor<float> t({1, 1, side, side});
    for (index_t y = 0; y < side; ++y)
      for (index_t x = 0; x < side; ++x) t(0, 0, y, x) = static_cast<float>((a * y + b * x + y * x) % below);
    return t;
  }
  float sum(index_t y, index_t x) const {
    float total = 0;
    for (index_t i = 0; i < of.kernel; ++i)
      for (index_t j = 0; j < of.kernel; ++j)
        total += tap(i, j) * cell(y * axis.step + i * of.dilation, x * axis.step + j * of.dilation);
    return total;
  }
};

}  // namespace conv_arithmetic
