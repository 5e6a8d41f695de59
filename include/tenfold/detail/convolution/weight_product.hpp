// The gradient of a convolution's weight as one product that sums over the pixels of all images.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/ordered_sum.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// What of a context concerns one worker.
inline context alone(const context& ctx) {
  context one{};
  one.isa = ctx.isa;
  one.max_workspace_bytes = ctx.max_workspace_bytes;
  return one;
}

/// One product that sums over pixels: A is grad_output (O, pixels), B the transpose of the column matrix. Nothing of it
/// is built but the blocks being multiplied.
///
/// Where a group's product has too few tiles to share, workers take chunks of the sum; else parts of the result. That
/// and the blocks of KC follow from the shapes, so that neither threads nor memory change a bit.
template <class T>
struct weight_product {
  static constexpr std::string_view name = "implicit_gemm";

  /// Tiles that are enough for 16 workers.
  static constexpr index_t enough_tiles = 64;
  /// Blocks of KC of the least chunk.
  static constexpr index_t least_blocks = 4;

  /// The sum in chunks, of some of a group's rows at a time.
  struct own_plan {
    product_plan<T> product;
    index_t rows;           // whose partial sums take a quarter of the memory at most; 0 where there are no chunks
    index_t partial_bytes;  // before the workers' shares
    index_t share;          // bytes of a worker
  };

  static bool applies(const convolution_geometry&, const context&) { return true; }

  static matrix_product<T> product(const convolution_geometry& g, const convolution_operands<T>& operands,
                                   const context& ctx) {
    const index_t plane = g.out.h * g.out.w, window = g.kernel.h * g.kernel.w;
    matrix_product<T> p;
    p.m = g.out_channels;
    p.n = g.in_channels * window;
    p.k = g.batch * plane;
    p.a = operands.weight;
    p.a_row = affine_digits(p.m, plane);
    p.a_column = make_digits({1, g.batch, plane}, {0, g.groups * g.out_channels * plane, 1});
    p.b = column_matrix(g, operands);
    p.c = operands.output;
    p.layout.row = affine_digits(p.m, p.n);
    p.layout.points_w = p.layout.line = p.n;
    p.beta = operands.adds ? T{1} : T{0};
    p.groups = g.groups;
    p.a_group_stride = p.m * plane;
    p.b_group_stride = g.in_channels * g.in.h * g.in.w;
    p.c_group_stride = p.m * p.n;
    if (tiles(p, ctx) < enough_tiles) p.most_kc = image_kc<T> / 2;  // partial sums need memory, too
    return p;
  }

  /// Of one pixel that sees the whole image, an image's taps are its elements as they lie.
  static right_operand<T> column_matrix(const convolution_geometry& g, const convolution_operands<T>& operands) {
    const index_t plane = g.in.h * g.in.w, image = g.groups * g.in_channels * plane;
    const axis h = rows_of(g), w = columns_of(g);
    if (h.is_one_of_all() && w.is_one_of_all()) return matrix_operand<T>(operands.input, image, 1);
    right_operand<T> b = image_operand<T>(operand_kind::points, operands.input, g.in_channels, plane, h, w);
    b.next_image = image;
    return b;
  }

  /// Of a group.
  static index_t tiles(const matrix_product<T>& p, const context& ctx) {
    const gemm_kernels<T>& kernel = gemm_kernels_of<T>(ctx, p.m);
    return ceil_divide(p.m, kernel.mr) * ceil_divide(p.n, kernel.nr);
  }

  /// The sum of so many of a group's rows.
  static ordered_sum<T> sum_of(const matrix_product<T>& p, index_t rows, const context& ctx) {
    const index_t blocks = ceil_divide(p.k, p.kc()), most = ceil_divide(enough_tiles, tiles(p, ctx));
    return {blocks, (std::max)(least_blocks, ceil_divide(blocks, most)), rows * p.n, p.beta != T{0}};
  }

  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const matrix_product<T> p = product(g, {}, ctx);
    return product_cost(p, gemm_kernels_of<T>(ctx, p.m), false);
  }

  static void plan(convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx) {
    matrix_product<T> p = product(whole.geometry, operands, ctx);
    auto& own = whole.template emplace<own_plan>();
    own.partial_bytes = own.rows = 0;
    const index_t chunks = sum_of(p, p.m, ctx).chunks(), budget = scratch_budget(ctx);
    if (chunks <= 1) {
      own.product = plan_product(p, ctx);
      own.share = whole.bytes = own.product.bytes;
      return;
    }
    const index_t line = p.n * static_cast<index_t>(sizeof(T));
    own.rows = std::clamp<index_t>((budget / 4 - static_cast<index_t>(alignment)) / line, 1, p.m);
    own.partial_bytes = sum_of(p, own.rows, ctx).scratch_bytes(budget / 4);
    p.groups = 1;
    own.product = product_plan<T>(p, gemm_kernels_of<T>(ctx, p.m), 1, budget - budget / 4);
    own.share = own.product.bytes;
    whole.bytes = own.partial_bytes + own.share * worker_count(ctx, chunks);
  }

  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    matrix_product<T> p = product(whole.geometry, operands, ctx);
    const own_plan& own = whole.template own<own_plan>();
    if (own.rows == 0) return run_product(p, own.product, ctx, memory);
    for (index_t group = 0; group < p.groups; ++group)
      for (index_t i = 0; i < p.m; i += own.rows) run_rows(p, own, group, i, ctx, memory);
  }

 private:
  /// The chunks of rows [i, i + own.rows) of a group.
  static void run_rows(const matrix_product<T>& whole, const own_plan& own, index_t group, index_t i,
                       const context& ctx, std::byte* memory) {
    matrix_product<T> p = whole;
    p.m = (std::min)(own.rows, whole.m - i);
    p.groups = 1;
    p.a += group * whole.a_group_stride + i * whole.a_row.stride[2];
    p.b.data += group * whole.b_group_stride;
    const ordered_sum<T> sum = sum_of(whole, p.m, ctx);
    const context each = alone(ctx);
    sum.run(ctx, memory, own.partial_bytes, whole.c + group * whole.c_group_stride + i * whole.n,
            [&](index_t worker, index_t chunk, T* partial) {
              matrix_product<T> part = p;
              part.terms = {sum.chunk(chunk).begin * p.kc(), sum.chunk(chunk).end * p.kc()};
              part.c = partial;
              part.beta = 0;
              run_product(part, own.product, each, memory + own.partial_bytes + worker * own.share);
            });
  }

 public:
  static constexpr convolution_algorithm<T> entry = {name, applies, cost, nullptr, nullptr, plan, run, {}};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
