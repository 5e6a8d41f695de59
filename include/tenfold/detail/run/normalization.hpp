// The normalisations over ranges of their lines.
#pragma once

#include <tenfold/normalization.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/ordered_sum.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <class T>
void run_normalization(const normalization_geometry& g, const T* x, const T* weight, const T* bias, double eps, T* y,
                       const context& ctx) {
  if (g.length == 0) return;
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), normalize_lines<T>);
  parallel_ranges(ctx, g.lines, 0.5 * static_cast<double>(g.length),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, weight, bias, static_cast<T>(eps), y); });
}

template <class T>
void run_batch_norm(const normalization_geometry& g, const batch_norm_arrays<T>& a, double eps, const T* x, T* y,
                    const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), batch_norm_lines<T>);
  parallel_ranges(ctx, g.lines, 0.3 * static_cast<double>(g.piece),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, a, static_cast<T>(eps), x, y); });
}

template <class T>
void run_layer_norm2d(const line_geometry& g, const T* x, const T* weight, const T* bias, double eps, T* y,
                      const context& ctx) {
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), layer_norm2d_pixels<T>);
  parallel_ranges(ctx, g.outer * g.inner, 0.3 * static_cast<double>(g.length),
                  [&](index_t begin, index_t end) { kernel(g, begin, end, x, weight, bias, static_cast<T>(eps), y); });
}

/// How the gradients of a normalisation go through its tensor. Those of weight and bias, `sums` of both, are sums over
/// images, or over the places of all images where the moments are by places.
template <class T>
struct normalization_gradient_plan {
  static constexpr index_t enough = 16384;  // elements of a task
  /// The images of a chunk times the length of a piece, or its places: a chunk reads and writes its sums twice.
  static constexpr index_t least_terms = 16, least_places = 128;

  const normalization_gradient_geometry& g;
  normalization_walk walk;
  index_t per_term;  // elements
  index_t elements;  // of the sums
  ordered_sum<T> sum;

  normalization_gradient_plan(const normalization_gradient_geometry& geometry, bool given, index_t sums)
      : g(geometry),
        walk(g.by_places   ? normalization_walk::places
             : g.piece > 1 ? normalization_walk::pieces
             : given       ? normalization_walk::given_rows
                           : normalization_walk::rows),
        per_term((std::max)(index_t{1}, g.groups * g.pieces * (g.by_places ? 1 : g.piece))),
        elements(sums * g.groups * g.pieces),
        sum(g.by_places ? g.images * g.piece : g.images, least_chunk(), elements, false) {}

  index_t least_chunk() const {
    const index_t least = g.by_places ? least_places : ceil_divide(least_terms, (std::max)(g.piece, index_t{1}));
    return (std::max)(ceil_divide(enough, per_term), least);
  }
  /// The groups of a chunk are cut into so many tasks.
  index_t parts() const {
    const index_t terms = sum.chunks() == 0 ? 0 : sum.chunk(0).size();
    return std::clamp<index_t>(terms * per_term / enough, 1, g.groups);
  }
  index_t sum_bytes() const {
    return round_up(elements * static_cast<index_t>(sizeof(T)), static_cast<index_t>(alignment));
  }
  index_t bytes(const context& ctx) const { return sum_bytes() + sum.scratch_bytes(scratch_budget(ctx)); }
};

template <class T>
index_t normalization_backward_bytes(const normalization_gradient_geometry& g, bool given, index_t sums,
                                     const context& ctx) {
  return normalization_gradient_plan<T>(g, given, sums).bytes(ctx);
}

/// gradient (size) = sums, or gradient + sums
template <class T>
void put_sums(index_t size, const T* sums, bool adds, T* gradient) {
  for (index_t i = 0; i < size; ++i) gradient[i] = adds ? gradient[i] + sums[i] : sums[i];
}

template <class T>
void run_normalization_backward(const normalization_gradient_geometry& g, const normalization_gradient_arrays<T>& a,
                                double eps, bool adds, const context& ctx) {
  const index_t weights = g.groups * g.pieces, bias_at = a.grad_weight ? weights : 0;
  const normalization_gradient_plan<T> plan(g, a.mean != nullptr,
                                            (a.grad_weight != nullptr) + (a.grad_bias != nullptr));
  const scratch_memory memory(ctx, plan.bytes(ctx));
  T* const sums = reinterpret_cast<T*>(memory.data());
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), normalization_gradient_functions<T>)[static_cast<int>(plan.walk)];
  const index_t parts = plan.parts();
  plan.sum.run_pieces(ctx, memory.data() + plan.sum_bytes(), scratch_budget(ctx), parts, sums,
                      [&](index_t, index_t chunk, index_t part, T* partial) {
                        const index_range terms = plan.sum.chunk(chunk), groups = part_of(g.groups, parts, part);
                        T* const gw = a.grad_weight ? partial : nullptr;
                        T* const gb = a.grad_bias ? partial + bias_at : nullptr;
                        for (T* of : {gw, gb})
                          if (of) fill(of + groups.begin * g.pieces, of + groups.end * g.pieces, T{});
                        kernel(g, terms.begin, terms.end, groups.begin, groups.end, a, static_cast<T>(eps), gw, gb);
                      });
  if (a.grad_weight) put_sums(weights, sums, adds, a.grad_weight);
  if (a.grad_bias) put_sums(weights, sums + bias_at, adds, a.grad_bias);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
