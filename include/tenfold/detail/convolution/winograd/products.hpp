// The products of a block of tiles: m(t, o) = sum over c of v(c, t) * u(c, o) for each element of a tile.
#pragma once

#include <tenfold/detail/convolution/winograd/input.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The elements [e, e + elements) of a strip of the weight, transformed now.
///   u     (elements planes, panels, channels, NR)
///   sums  null, or (window, strip_ld)
template <class T>
void pack_strip(const winograd_task<T>& task, const weight_part& part, index_t phase, index_t e, index_t elements, T* u,
                index_t plane, T* sums) {
  const winograd_problem& p = task.plan.problem;
  const index_t sums_ld = task.plan.scratch.strip_ld;
  if (elements == task.plan.sizes.elements())
    return pack_winograd_weight<T>(p, task.kernel, task.operands.weight, part, phase, u, plane, sums, sums_ld);
  T* few = task.array(task.plan.scratch.few);
  const index_t nr = task.plan.sizes.nr;
  for (index_t j = 0; j < part.columns; j += nr) {
    const index_t count = (std::min)(nr, part.columns - j), width = round_up(count, task.plan.sizes.lanes);
    for (index_t k = 0; k < part.channels; ++k, u += width) {
      pack_winograd_weight<T>(p, task.kernel, task.operands.weight, {part.group, part.o + j, count, part.c + k, 1},
                              phase, few, width, sums ? sums + j : nullptr, sums_ld);
      copy_planes(few + e * width, width, elements, width, u, plane);
    }
  }
}

/// A packed weight is larger than L2, and few tiles read each part of it: the next panel is fetched meanwhile (avx512,
/// 256 channels of 14 x 14 after 96 MiB of other memory 1.7 -> 1.1 ms, 512 of 7 x 7 by 2 x 2 tiles 2.7 -> 1.75).
///
/// m(t, o) [+]= sum over k < depth of v(k, t) * u(k, o), one element of a strip of so many columns.
template <class T>
void multiply_element(const winograd_task<T>& task, index_t columns, index_t channels, index_t depth, bool accumulate,
                      const T* v, const T* u, T* m) {
  const micro_kernels<T>& kernel = task.kernel.products;
  gemm_epilogue<T> epilogue;
  const index_t nr = kernel.nr, panel = task.m_of(nr, 0, 0) - task.m_of(0, 0, 0);
  for (index_t j = 0; j < columns; j += nr, u += channels * nr, m += panel) {
    const index_t some = (std::min)(nr, columns - j);
    if (task.operands.packed_weight)
      epilogue.fetch = {u + channels * nr, depth * nr * static_cast<index_t>(sizeof(T)), depth,
                        ceil_divide(task.cover.padded, kernel.mr)};
    for (index_t t = 0, high = task.cover.high; t < task.cover.padded; --high) {
      const int tile = high > 0 ? 0 : kernel.tile_of((std::min)(task.cover.padded - t, kernel.heights[1]));
      if (accumulate) epilogue.addend = m + t * nr;
      kernel.multiply_tile(tile, some, depth, v + t, task.plan.scratch.v_ld, u, round_up(some, kernel.lanes),
                           m + t * nr, nr, epilogue);
      t += kernel.heights[tile];
      epilogue.fetch.called(depth);
    }
  }
}

/// The elements [e, e + elements) of m for one phase and the part of the weight: a chunk of output channels, one block
/// of KC. Where the weight is transformed now, its magnitudes join the guard's sums.
template <class T>
void multiply_phase(const winograd_task<T>& task, winograd_guard<T>* guard, const weight_part& part, index_t phase_w,
                    index_t e, index_t elements, const T* v) {
  const winograd_problem& p = task.plan.problem;
  const winograd_scratch& s = task.plan.scratch;
  const index_t phase = task.phase_h * p.w.phases + phase_w, channels = part.channels;
  const index_t side = task.plan.sizes.side(), taps = task.plan.sizes.taps, lanes = task.plan.sizes.lanes;
  for (index_t j = 0, some; j < part.columns; j += some) {
    const index_t o = part.o + j, into = o % winograd_strip;  // where memory is short, a chunk is a part of a strip
    some = (std::min)(winograd_strip - into, part.columns - j);
    index_t plane;
    const T* u;
    if (task.operands.packed_weight) {
      const packed_winograd_weight& packed = task.plan.weight;
      plane = packed.plane(channels, o - into);
      u = task.operands.packed_weight +
          (packed.at(part.group, part.c, channels, phase, o - into) + e * plane + into * channels);
    } else {
      const index_t width = round_up(some, lanes);
      T* sums = guard && phase_w == 0 && e == 0 ? task.array(s.y) : nullptr;
      plane = width * channels + lanes;
      if (sums) clear_sums(sums, s.strip_ld, p.window, width);
      pack_strip(task, {part.group, o, some, part.c, channels}, phase, e, elements, task.array(s.u), plane, sums);
      if (sums) guard->add_sums(sums, j, width, part.c > 0);
      u = task.array(s.u);
    }
    for (index_t i = 0; i < elements; ++i) {
      const bool zero = p.h.is_zero_line(task.phase_h, (e + i) / side, side, taps) ||
                        p.w.is_zero_line(phase_w, (e + i) % side, side, taps);
      multiply_element(task, some, channels, zero ? 0 : channels, part.c > 0, v + i * s.v_plane, u + i * plane,
                       task.m_of(j, phase_w, e + i));  // a product over no channels is 0
    }
  }
}

/// m for the output channels [o, o + columns), a chunk, of a row of phases.
template <class T>
void multiply(const winograd_task<T>& task, winograd_guard<T>* guard, index_t o, index_t columns) {
  const winograd_problem& p = task.plan.problem;
  const winograd_blocking& b = task.plan.blocking;
  const winograd_scratch& s = task.plan.scratch;
  const index_t all = task.plan.sizes.elements();
  T* const v = task.array(s.v);
  for (index_t c = 0; c < p.in_channels; c += b.kc) {
    const weight_part part{task.group, o, columns, c, (std::min)(b.kc, p.in_channels - c)};
    for (index_t e = 0; e < all; e += b.elements) {
      const index_t elements = (std::min)(b.elements, all - e);
      for (index_t phase_w = 0; phase_w < p.w.phases; ++phase_w) {
        if (!b.whole_input && phase_w < p.w.windows)
          pack_input<T>(task, phase_w, c, part.channels, e, elements, v, nullptr);
        const index_t at = b.whole_input ? phase_w % p.w.windows * s.v_window + (c / b.kc * all + e) * s.v_plane : 0;
        multiply_phase(task, guard, part, phase_w, e, elements, v + at);
      }
    }
  }
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
