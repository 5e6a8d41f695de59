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

template <class T>
void run_pad(const pad_geometry& given, const void* input, const void* border, void* output, const context& ctx) {
  pad_geometry g = given;
  if (g.rank == 0) g = {g.mode, 1, {1}, {0}, {1}, {1}, 0};
  const auto kernel = TENFOLD_NARROW_KERNEL(chosen_isa(ctx), pad_line<T>);
  const auto *value = static_cast<const T*>(border), *x = static_cast<const T*>(input) + g.start;
  auto* y = static_cast<T*>(output);
  const index_t last = g.rank - 1, length = g.out[last];
  index_t elements = 1;
  for (index_t d = 0; d < g.rank; ++d) elements *= g.out[d];
  parallel_ranges(ctx, elements, 0.2 * static_cast<double>(sizeof(T)), [&](index_t begin, index_t end) {
    for (index_t at = begin; at < end;) {
      const index_t column = at % length, count = (std::min)(length - column, end - at);
      index_t number = at / length, offset = 0;
      bool is_border = false;
      for (index_t d = last; d-- > 0; number /= g.out[d]) {
        const index_t place = source_of_place(g.mode, number % g.out[d] - g.before[d], g.in[d]);
        is_border = is_border || place < 0;
        offset += place * g.from[d];
      }
      kernel(g.mode, g.in[last], column - g.before[last], count, is_border ? nullptr : x + offset, value, y + at);
      at += count;
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
