// The weight, transformed and packed: the whole at once or a strip of it, and the sums of its magnitudes.
#pragma once

#include <tenfold/detail/convolution/winograd/blocking.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The kernel's taps of a phase's convolution, (R R), no_tap where there is none.
struct winograd_taps {
  index_t of[9];

  winograd_taps(const winograd_problem& p, index_t phase, index_t taps) {
    const index_t* tap_h = p.h.tap[phase / p.w.phases];
    const index_t* tap_w = p.w.tap[phase % p.w.phases];
    for (index_t t = 0; t < taps * taps; ++t) {
      const index_t i = tap_h[t / taps], j = tap_w[t % taps];
      of[t] = i < 0 || j < 0 ? winograd_axis::no_tap : i * p.kernel_w + j;
    }
  }
};

/// Output channels [o, o + columns) x input channels [c, c + channels) of a group.
struct weight_part {
  index_t group;
  index_t o;
  index_t columns;
  index_t c;
  index_t channels;
};

template <class T>
void prefetch(const T* p, index_t count) {
  for (const T* end = p + count; p < end; p += alignment / sizeof(T)) __builtin_prefetch(p, 0, 2);
}

/// A part of the weight, transformed for one phase.
///   u  (N N planes, panels, channels, NR)
/// Of some channels at a time the kernels' elements are brought into lanes, as many as fill 18 KiB of L1; where an
/// output channel's kernels do not lie side by side, whole vectors are read from the others' too. While these are
/// transformed the next ones are fetched into L2, which the hardware does not see coming from as many places.
///   sums  null, or what the magnitudes of the weights are added to, (window, sums_ld)
template <class T>
void pack_winograd_weight(const winograd_problem& p, const winograd_kernels<T>& kernel, const T* weight,
                          const weight_part& part, index_t phase, T* u, index_t plane, T* sums, index_t sums_ld) {
  constexpr index_t capacity = 144;  // vectors of a panel: 16 channels of 3x3
  alignas(alignment) T taps[capacity * 128 / sizeof(T)];
  index_t row[most_nr];
  const winograd_sizes sizes = sizes_of(kernel);
  const winograd_taps tap(p, phase, sizes.taps);
  const index_t window = p.window, channels = part.channels, nr = sizes.nr;
  const bool adjacent = p.column_stride == window;  // the kernels of an output channel
  const index_t step = adjacent ? window : round_up(window, sizes.transform_lanes);
  const bool ends_weight = part.group == p.groups - 1 && part.c + channels == p.in_channels;
  weight += part.group * p.group_stride() + part.o * p.row_stride + part.c * p.column_stride;
  for (index_t j = 0; j < part.columns; j += nr, weight += nr * p.row_stride, u += nr * channels) {
    const index_t count = (std::min)(nr, part.columns - j), width = round_up(count, sizes.lanes);
    for (index_t r = 0; r < count; ++r) row[r] = r * p.row_stride;
    for (index_t k = 0, some; k < channels; k += some) {
      some = (std::min)(capacity / step, channels - k);
      for (index_t i = 0; i < (adjacent ? 1 : some); ++i) {
        const bool last = ends_weight && k + i == channels - 1;
        kernel.transforms.pack_transpose(weight + (k + i) * p.column_stride, row, count,
                                         adjacent ? some * window
                                         : last   ? window
                                                  : step,
                                         width, taps + i * step * width);
      }
      const T* next = weight + (k + some < channels ? (k + some) * p.column_stride : nr * p.row_stride);
      for (index_t i = 0; i < some; ++i) {
        if (adjacent)
          for (index_t r = i * count / some; r < (i + 1) * count / some; ++r)
            prefetch(next + r * p.row_stride, some * window);
        else
          prefetch(next + i * p.column_stride, count * window);
        kernel.transforms.weights(taps + i * step * width, tap.of, width, u + (k + i) * width, plane);
      }
      if (sums) kernel.transforms.tap_sums(taps, some, step, window, width, sums + j, sums_ld);
    }
  }
}

/// sums (window, ld), the first `width` of each line
template <class T>
void clear_sums(T* sums, index_t ld, index_t window, index_t width) {
  for (index_t t = 0; t < window; ++t) fill(sums + t * ld, sums + t * ld + width, T{});
}

/// The whole weight as packed_winograd_weight lays it out, with the sums where a guard wants them.
template <class T>
void pack_whole_winograd_weight(const winograd_problem& p, const winograd_kernels<T>& kernel,
                                const packed_winograd_weight& layout, const T* weight, const context& ctx, T* packed) {
  const index_t kc = winograd_block_channels(p.in_channels);
  const index_t strips = ceil_divide(p.out_channels, winograd_strip), blocks = layout.blocks();
  parallel_tasks(ctx, p.groups * blocks * strips, [&](index_t, index_t t) {
    const index_t o = t % strips * winograd_strip, c = t / strips % blocks * kc, group = t / strips / blocks;
    const weight_part part{group, o, (std::min)(winograd_strip, p.out_channels - o), c,
                           (std::min)(kc, p.in_channels - c)};
    T* sums = p.guarded ? packed + layout.sums_at(group, c) + o : nullptr;
    if (sums) clear_sums(sums, layout.sums_ld(), p.window, round_up(part.columns, kernel.products.lanes));
    for (index_t phase = 0; phase < p.phases(); ++phase)
      pack_winograd_weight(p, kernel, weight, part, phase, packed + layout.at(group, c, part.channels, phase, o),
                           layout.plane(part.channels, o), phase == 0 ? sums : nullptr, layout.sums_ld());
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
