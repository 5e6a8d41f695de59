// The gradient of a convolution's weight: sums over the pixels of all images.
//
//     grad_weight[o, c, i, j] (+)= sum over n, oh, ow of grad_output[n, o, oh, ow] * input[n, c, oh * stride.h -
//                                  padding.h + i * dilation.h, ow * stride.w - padding.w + j * dilation.w]
//
// It is a convolution, too, with images and channels exchanged, so that its algorithms are entries of a list as theirs
// are; their operands' weight is grad_output, their output grad_weight. A transposed convolution's is that of the
// convolution that leads back, of grad_output with the input.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/detail/ordered_sum.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One product that sums over pixels: A is grad_output (O, pixels), B the transpose of the column matrix. Nothing of it
/// is built but the blocks being multiplied.
///
/// A product of few tiles is cut into chunks of the sum, each for one worker, else into parts of the result. That and
/// the blocks of KC follow from the shapes, so that the threads change no bit.
template <class T>
struct weight_product {
  static constexpr std::string_view name = "implicit_gemm";

  /// Tiles that are enough for 16 workers.
  static constexpr index_t enough_tiles = 64;
  /// Blocks of KC of the least chunk.
  static constexpr index_t least_blocks = 4;

  struct own_plan {
    product_plan<T> product;
    index_t chunks_bytes;  // of the partial sums, before the workers' shares
    index_t share;         // bytes of a worker
  };

  static bool applies(const convolution_geometry& g, const context&) {
    return g.in_channels > 0 && g.out_channels > 0 && g.kernel.h > 0 && g.kernel.w > 0 && g.batch > 0;
  }

  static matrix_product<T> product(const convolution_geometry& g, const convolution_operands<T>& operands) {
    const index_t plane = g.out.h * g.out.w, window = g.kernel.h * g.kernel.w;
    matrix_product<T> p;
    p.m = g.out_channels;
    p.n = g.in_channels * window;
    p.k = g.batch * plane;
    p.a = operands.weight;
    p.a_row = affine_digits(p.m, plane);
    p.a_column = make_digits({1, g.batch, plane}, {0, g.groups * g.out_channels * plane, 1});
    p.b = image_operand<T>(operand_kind::points, operands.input, g.in_channels, g.in.h * g.in.w,
                           {g.kernel.h, g.out.h, g.stride.h, g.dilation.h, -g.padding.h, g.in.h},
                           {g.kernel.w, g.out.w, g.stride.w, g.dilation.w, -g.padding.w, g.in.w});
    p.b.next_image = g.groups * g.in_channels * g.in.h * g.in.w;
    p.c = operands.output;
    p.layout.row = affine_digits(p.m, p.n);
    p.layout.points_w = p.layout.line = p.n;
    p.beta = operands.adds ? T{1} : T{0};
    p.groups = g.groups;
    p.a_group_stride = p.m * plane;
    p.b_group_stride = g.in_channels * g.in.h * g.in.w;
    p.c_group_stride = p.m * p.n;
    return p;
  }

  static ordered_sum<T> sum_of(const matrix_product<T>& p, const gemm_kernels<T>& kernel) {
    const index_t tiles = p.groups * ceil_divide(p.m, kernel.mr) * ceil_divide(p.n, kernel.nr);
    const index_t blocks = ceil_divide(p.k, p.kc()), chunks = ceil_divide(enough_tiles, tiles);
    return {blocks, (std::max)(least_blocks, ceil_divide(blocks, chunks)), p.groups * p.m * p.n, p.beta != T{0}};
  }

  static double cost(const convolution_geometry& g, const context& ctx, bool) {
    const matrix_product<T> p = product(g, {});
    return product_cost(p, gemm_kernels_of<T>(ctx, p.m), false);
  }

  static void plan(convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx) {
    const matrix_product<T> p = product(whole.geometry, operands);
    auto& own = whole.template emplace<own_plan>();
    const ordered_sum<T> sum = sum_of(p, gemm_kernels_of<T>(ctx, p.m));
    const context& each = sum.chunks() > 1 ? alone(ctx) : ctx;
    own.product = plan_product(p, each);
    own.share = own.product.bytes;
    own.chunks_bytes = sum.chunks() > 1 ? sum.scratch_bytes(scratch_budget(ctx)) : 0;
    whole.bytes = own.chunks_bytes + own.share * (sum.chunks() > 1 ? worker_count(ctx, sum.chunks()) : 1);
  }

  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const matrix_product<T> p = product(whole.geometry, operands);
    const own_plan& own = whole.template own<own_plan>();
    const ordered_sum<T> sum = sum_of(p, *own.product.kernels);
    if (sum.chunks() <= 1) return run_product(p, own.product, ctx, memory);
    sum.run(ctx, memory, scratch_budget(ctx), operands.output, [&](index_t worker, index_t chunk, T* partial) {
      matrix_product<T> part = p;
      part.terms = {sum.chunk(chunk).begin * p.kc(), sum.chunk(chunk).end * p.kc()};
      part.c = partial;
      part.beta = 0;
      run_product(part, own.product, alone(ctx), memory + own.chunks_bytes + worker * own.share);
    });
  }

  /// What of a context concerns one worker.
  static context alone(const context& ctx) {
    context one{};
    one.isa = ctx.isa;
    one.max_workspace_bytes = ctx.max_workspace_bytes;
    return one;
  }

  static constexpr convolution_algorithm<T> entry = {name, applies, cost, nullptr, nullptr, plan, run, {}};
};

template <class T>
inline constexpr convolution_algorithm<T> weight_gradient_algorithms[] = {
    weight_product<T>::entry,
};

/// grad_bias[o] (+)= the sum of grad_output[n, o, pixel] over n and pixels: each plane's pairwise, then the planes'
/// pairwise.
template <class T>
class bias_gradient {
 public:
  bias_gradient(const T* grad_output, index_t images, index_t channels, index_t plane, const context& ctx)
      : line_(TENFOLD_KERNEL(chosen_isa(ctx), sum_of_line<T>)),
        from_(grad_output),
        images_(images),
        channels_(channels),
        plane_(plane) {}

  void run(const context& ctx, bool adds, T* grad_bias) const {
    if (images_ * plane_ == 0) {
      if (!adds) fill(grad_bias, grad_bias + channels_, T{});
      return;
    }
    const double channel_ns = 0.1 * static_cast<double>(images_) * static_cast<double>(plane_);
    parallel_ranges(ctx, channels_, channel_ns, [&](index_t begin, index_t end) {
      for (index_t c = begin; c < end; ++c)
        grad_bias[c] = adds ? grad_bias[c] + sum(c, 0, images_) : sum(c, 0, images_);
    });
  }

 private:
  /// Of the images [begin, end).
  T sum(index_t channel, index_t begin, index_t end) const {
    if (end - begin == 1) return line_(plane_, from_ + (begin * channels_ + channel) * plane_);
    const index_t half = begin + (end - begin) / 2;
    return sum(channel, begin, half) + sum(channel, half, end);
  }

  T (*line_)(index_t n, const T* x);
  const T* from_;
  index_t images_, channels_, plane_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
