// pad, line by line of the output, and its gradient, plane by plane.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/kernel_table.hpp>  // arithmetic_t
#include <tenfold/detail/parallel.hpp>
#include <tenfold/pad.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The element of a dimension of n that place s is filled with; -1 where that is the constant.
constexpr index_t source_of_place(pad_mode mode, index_t s, index_t n) {
  if (s >= 0 && s < n) return s;
  if (mode == pad_mode::constant) return -1;
  if (mode == pad_mode::replicate) return s < 0 ? 0 : n - 1;
  if (mode == pad_mode::circular) return s < 0 ? s + n : s - n;
  return s < 0 ? -s : 2 * (n - 1) - s;
}

/// The lines of a padded tensor, by their number.
class padded_lines {
 public:
  explicit padded_lines(const pad_geometry& g) : g_(g) {}

  /// Where line `number` is in the input; -1 where all of it is border. `alike` is how many lines from there on are one
  /// step of the dimension before the last apart in the input, or border too.
  index_t offset(index_t number, index_t& alike) const {
    alike = 1;
    index_t offset = 0;
    for (index_t d = g_.rank - 1; d-- > 0; number /= g_.out[d]) {
      const index_t s = number % g_.out[d] - g_.before[d], place = source_of_place(g_.mode, s, g_.in[d]);
      if (place < 0) return -1;
      if (d == g_.rank - 2 && place == s) alike = (std::min)(g_.in[d], g_.out[d] - g_.before[d]) - s;
      offset += place * g_.from[d];
    }
    return offset;
  }

 private:
  const pad_geometry& g_;
};

template <class T>
void run_pad(const pad_geometry& given, const void* input, const void* border, void* output, const context& ctx) {
  pad_geometry g = given;
  if (g.rank == 0) g = {g.mode, 1, {1}, {0}, {1}, {1}, 0};
  const auto kernel = TENFOLD_NARROW_KERNEL(chosen_isa(ctx), pad_lines<T>);
  const auto *value = static_cast<const T*>(border), *x = static_cast<const T*>(input) + g.start;
  auto* y = static_cast<T*>(output);
  const index_t last = g.rank - 1, length = g.out[last], row = last > 0 ? g.from[last - 1] : 0;
  index_t elements = 1;
  for (index_t d = 0; d < g.rank; ++d) elements *= g.out[d];
  const padded_lines lines(g);
  parallel_ranges(ctx, elements, 0.2 * static_cast<double>(sizeof(T)), [&](index_t begin, index_t end) {
    for (index_t at = begin; at < end;) {
      const index_t column = at % length, count = (std::min)(length - column, end - at);
      index_t alike = 1;
      const index_t offset = lines.offset(at / length, alike);
      const index_t rows = count == length ? (std::min)(alike, (end - at) / length) : 1;
      kernel(g.mode, rows, g.in[last], column - g.before[last], count, offset < 0 ? nullptr : x + offset, row, value,
             y + at);
      at += rows * count;
    }
  });
}

template <class T>
void run_pad_backward(index_t planes, const pad_geometry& g, const T* dy, T* dx, const context& ctx) {
  const auto kernel = TENFOLD_NARROW_KERNEL(chosen_isa(ctx), pad_backward_line<T>);
  const index_t in = g.in[0] * g.in[1], out = g.out[0] * g.out[1];
  const double cost = 0.3 * static_cast<double>(in) + 0.3 * static_cast<double>(out);
  parallel_ranges(ctx, planes, cost, [&](index_t begin, index_t end) {
    for (index_t p = begin; p < end; ++p) {
      T* to = dx + p * in;
      fill(to, to + in, T{});
      for (index_t h = 0; h < g.out[0]; ++h)
        kernel(g.mode, g.in[1], -g.before[1], g.out[1], dy + p * out + h * g.out[1],
               to + source_of_place(g.mode, h - g.before[0], g.in[0]) * g.in[1]);
    }
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
