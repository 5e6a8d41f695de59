// Winograd's minimal filtering for 3x3 convolutions of stride 1 and transposed convolutions of stride 2: fewer
// multiplications for more additions.
//
// The image is cut into overlapping tiles, each N x N, N = M + R - 1, which answer M x M outputs of an R x R
// convolution each. With the tiles and the weight transformed (kernels/winograd.inl.hpp), every one of the N * N
// elements of a tile is a matrix product of its own,
//
//     m[e](t, o) = sum over c of v[e](c, t) * u[e](c, o),   t a tile, c an input channel, o an output channel
//
// and the outputs are the transforms of m. Per output and input channel that makes N * N / (M * M) multiplications
// instead of R * R: with R = 3, 4 of 9 with M = 2 and 2.25 with M = 4.
//
// A transposed convolution of stride 2 is four convolutions of stride 1, one for each phase of its outputs, which share
// their tiles (see winograd_axis). Those of a kernel of 3x3 or 4x4 have 2x2 taps: with M = 2 it takes 2.25 instead of 4
// multiplications an output, with M = 4 1.56. A kernel of 3 has one tap only in one of two phases, as it were the other
// with a 0; then one of N elements of the transformed weight is 0 too, and its products are left out.
//
// A dilation of d makes d convolutions of each dimension that share nothing, each of every d-th line: the grids of an
// image. Their tiles are tiles like any others.
//
// A task is a block of tiles: first comes its v (winograd/input.hpp); then, for one chunk of output channels after the
// other, the N * N products (winograd/products.hpp) and the outputs (winograd/output.hpp). Nothing is ever as large as
// the image.
//
// Where context::math is not fast, a tile whose magnitudes differ too much for the transforms' errors, or whose numbers
// might leave their range, is summed directly instead (winograd/guard.hpp).
//
// The tiles are the rows of m because their number may be anything and the micro-kernel has low tiles for the last of
// them, while output channels mostly fill vectors.
#pragma once

#include <tenfold/detail/convolution/winograd/output.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// A plan, and the kernels that it is for.
template <class T>
struct winograd_call {
  winograd_plan plan;
  winograd_kernels<T> kernel;
};

/// All steps for one block of tiles and one part of the output channels. The phases of a row, whose outputs are
/// neighbours, go together.
template <class T>
void run_winograd_task(winograd_task<T>& task, index_t part) {
  const winograd_problem& p = task.plan.problem;
  const winograd_blocking& b = task.plan.blocking;
  winograd_guard<T> made(task);
  winograd_guard<T>* const guard = p.guarded ? &made : nullptr;
  const index_t end = (std::min)((part + 1) * b.part_columns, p.out_channels);
  for (task.phase_h = 0; task.phase_h < p.h.phases; ++task.phase_h) {
    take_input(task, guard);
    for (index_t o = part * b.part_columns; o < end; o += b.columns) {
      const index_t columns = (std::min)(b.columns, end - o);
      multiply(task, guard, o, columns);
      store_outputs(task, guard, o, columns);
    }
  }
}

/// `memory` holds plan.bytes.
template <class T>
void run_winograd(const winograd_call<T>& call, convolution_operands<T> operands, const context& ctx,
                  std::byte* memory) {
  const winograd_plan& plan = call.plan;
  const winograd_blocking& b = plan.blocking;
  if (b.packs_once) {
    T* packed = reinterpret_cast<T*>(memory);
    pack_whole_winograd_weight<T>(plan.problem, call.kernel, plan.weight, operands.weight, ctx, packed);
    operands.packed_weight = packed;
  }
  parallel_tasks(ctx, plan.tasks, [&](index_t worker, index_t t) {
    winograd_task<T> task(plan, call.kernel, operands, t / b.parts % b.blocks, t / b.parts / b.blocks,
                          memory + (plan.weight_bytes + worker * plan.scratch.bytes));
    run_winograd_task(task, t % b.parts);
  });
}

/// A weight that is larger than this comes from memory whenever it is used, 64 bytes in about 24 operations, whatever
/// is fetched ahead: 512 -> 512 channels of 14 x 14 take 3.6 ms by 4 x 4 tiles and 4.1 by 2 x 2, whose weight is less
/// than half as large, where nothing else is in the caches, but in a network 6.6 and 5.1 (avx512).
inline constexpr index_t winograd_cached_bytes = l3_bytes;
inline constexpr index_t winograd_read_rows = 24;

/// The estimated time of one core, in vector operations (fitted to 180 random shapes on AVX-512 and on AVX2):
///     products  for each element of a tile and phase, but where the weight is 0, and each vector of output channels:
///               one multiply-add for each tile and input channel, and 2 more for each block of KC, which loads, adds
///               to and stores m
///     inputs    for each element, input channel and vector of tiles 1 for the columns and 2.5 for the rows, whose
///               vectors are neighbours in a row of tiles; and 30 for each line that is copied between zeros
///     outputs   for each element, phase, tile and vector of output channels 3.5: a load, both transforms, storing the
///               outputs and bringing them from channels into lines
///     weight    for each element, phase, input channel and vector of output channels 4.5, once a call; for each block
///               of tiles where it is too large for the scratch memory, which of few pixels has little more than an
///               image
TENFOLD_COLD inline double winograd_cost(const winograd_problem& p, const winograd_sizes& kernel, bool packed) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const double elements = d(kernel.elements());
  const auto lines_of = [&](const winograd_axis& axis) {
    index_t lines = 0;
    for (index_t a = 0; a < axis.phases; ++a)
      for (index_t i = 0; i < kernel.side(); ++i) lines += !axis.is_zero_line(a, i, kernel.side(), kernel.taps);
    return lines;
  };
  const auto vectors = [&](index_t count) { return d(ceil_divide(count, kernel.transform_lanes)); };
  const hw grid = tiles_of_grid(p, kernel);
  const index_t tile_rows = p.images * p.grids() * grid.h, tiles = tile_rows * grid.w;
  const index_t weight_bytes = packed_winograd_weight(p, kernel).size() * kernel.element_bytes;
  const index_t covered = row_cover(tiles, kernel).padded;
  const double rows =
      d(packed && weight_bytes > winograd_cached_bytes ? std::max<index_t>(covered, winograd_read_rows) : covered);
  const double products = d(lines_of(p.h) * lines_of(p.w) * ceil_divide(p.out_channels, kernel.lanes)) *
                          d(p.in_channels + 2 * ceil_divide(p.in_channels, winograd_kc)) * rows;
  const double inputs =
      d(p.h.windows * p.w.windows * p.in_channels) *
      (elements * (vectors(tiles) + 2.5 * d(tile_rows) * vectors(grid.w)) + 30 * d(tile_rows * kernel.side()));
  const double outputs = 3.5 * d(p.phases() * tiles) * elements * vectors(p.out_channels);
  const double passes =
      weight_bytes <= winograd_weight_bytes ? 1 : greater(d(p.images), d(tiles) / (4 * winograd_block_tiles));
  const double weight = packed ? 0 : passes * 4.5 * d(p.phases() * p.in_channels) * elements * vectors(p.out_channels);
  return d(p.groups) * (products + inputs + outputs + weight);
}

template <class Source, std::floating_point T, int M>
struct winograd_algorithm {
  static winograd_kernels<T> kernels(const context& ctx) {
    const isa level = chosen_isa(ctx);
    return {TENFOLD_KERNEL(level, micro_set<T>::table),
            TENFOLD_NARROW_KERNEL(level, winograd_table<T, M, Source::taps>)};
  }
  static winograd_problem problem(const convolution_geometry& g) { return winograd_problem_of(g, Source::transposed); }

  static bool applies(const convolution_geometry& g, const context& ctx) {
    if (ctx.math == math::exact || !Source::is(g)) return false;
    return M == 2 || ctx.math == math::fast || Source::is_standard(g);
  }
  TENFOLD_COLD static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    return winograd_cost(problem(g), sizes_of(kernels(ctx)), packed);
  }
  TENFOLD_COLD static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    return packed_winograd_weight(problem(g), sizes_of(kernels(ctx))).size();
  }
  /// With the guard's sums: a call with other arithmetic may use it.
  TENFOLD_COLD static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    const winograd_problem p = problem(g);
    const winograd_kernels<T> kernel = kernels(ctx);
    pack_whole_winograd_weight(p, kernel, packed_winograd_weight(p, sizes_of(kernel)), weight, ctx, packed);
  }
  TENFOLD_COLD static void plan(convolution_plan<T>& plan, const convolution_operands<T>& operands,
                                const context& ctx) {
    winograd_problem p = problem(plan.geometry);
    p.packed = operands.packed_weight;
    p.guarded = ctx.math != math::fast;
    const winograd_kernels<T> kernel = kernels(ctx);
    plan.bytes = plan.template emplace<winograd_call<T>>(winograd_plan(p, sizes_of(kernel), ctx), kernel).plan.bytes;
  }
  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    run_winograd(plan.template own<winograd_call<T>>(), operands, ctx, memory);
  }

  static constexpr operation_times times =
      Source::taps == 3
          ? (M == 2 ? operation_times{.avx2 = 1.1, .avx512 = 1.1} : operation_times{.avx2 = 1.1, .avx512 = 1.04})
          : (M == 2 ? operation_times{.avx2 = 1.36, .avx512 = 1.3} : operation_times{.avx2 = 1.13, .avx512 = 1.14});
  static constexpr convolution_algorithm<T> entry = {M == 2 ? Source::name_of_2x2 : Source::name_of_4x4,
                                                     applies,
                                                     cost,
                                                     packed_size,
                                                     pack,
                                                     plan,
                                                     run,
                                                     times,
                                                     weight_in_use::both};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
