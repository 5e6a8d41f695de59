// gemm's list of algorithms, and the choice among its entries.
#pragma once

#include <tenfold/detail/product/packed_gemm.hpp>
#include <tenfold/detail/product/streamed_gemm.hpp>
#include <tenfold/detail/product/unpacked_gemm.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One way to compute a product.
template <class T>
struct gemm_algorithm {
  std::string_view name;
  /// Whether it can compute this.
  bool (*applies)(const strided_product<T>& g);
  /// Whether it should where those before it should not. Shape and instruction set decide, so that bits depend on
  /// nothing else.
  bool (*suits)(const strided_product<T>& g, isa level);
  index_t (*bytes)(const strided_product<T>& g, const context& ctx);
  void (*run)(const strided_product<T>& g, const context& ctx);
};

inline constexpr index_t small_scratch = 16 << 10;  // bytes that are not worth an allocation

template <class Plan>
__attribute__((noinline)) void run_in_small_scratch(const Plan& plan) {
  alignas(alignment) std::byte memory[small_scratch];
  plan.run(memory);
}

/// The entry of an algorithm: Plan<T> has applies and suits, Plan<T>(g, ctx) scratch_bytes() and run(memory).
template <template <class> class Plan, class T>
constexpr gemm_algorithm<T> gemm_entry(std::string_view name) {
  return {name, Plan<T>::applies, Plan<T>::suits,
          [](const strided_product<T>& g, const context& ctx) { return Plan<T>(g, ctx).scratch_bytes(); },
          [](const strided_product<T>& g, const context& ctx) {
            if constexpr (requires { Plan<T>::run_at_once(g, ctx); })
              if (Plan<T>::run_at_once(g, ctx)) return;
            const Plan<T> plan(g, ctx);
            const index_t bytes = plan.scratch_bytes();
            if (bytes == 0) return plan.run(nullptr);
            if (bytes <= small_scratch) return run_in_small_scratch(plan);
            const scratch_memory memory(ctx, bytes);
            plan.run(memory.data());
          }};
}

/// The first that suits is taken, the last takes everything. Tests force each through context::algorithm.
template <class T>
inline constexpr gemm_algorithm<T> gemm_algorithms[] = {
    gemm_entry<streamed_gemm, T>("streamed"),
    gemm_entry<packed_gemm, T>("packed"),
};
template <std::floating_point T>
inline constexpr gemm_algorithm<T> gemm_algorithms<T>[] = {
    gemm_entry<streamed_gemm, T>("streamed"),
    gemm_entry<unpacked_gemm, T>("unpacked"),
    gemm_entry<packed_gemm, T>("packed"),
};

/// The algorithm that the context names.
template <class T>
TENFOLD_COLD const gemm_algorithm<T>& forced_gemm(const strided_product<T>& g, const context& ctx) {
  for (const gemm_algorithm<T>& a : gemm_algorithms<T>)
    if (ctx.algorithm == a.name && a.applies(g)) return a;
  raise({"gemm has no algorithm '", ctx.algorithm, "' for these shapes"});
}

/// The first that suits, from entry First on: by numbers, so that what the entries ask is inlined.
template <class T, std::size_t First = 0>
const gemm_algorithm<T>& choose_gemm(const strided_product<T>& g, isa level) {
  if constexpr (First + 1 < std::size(gemm_algorithms<T>))
    if (!gemm_algorithms<T>[First].suits(g, level)) return choose_gemm<T, First + 1>(g, level);
  return gemm_algorithms<T>[First];
}

template <class T>
const gemm_algorithm<T>& choose_gemm(const strided_product<T>& g, const context& ctx) {
  return ctx.algorithm.empty() ? choose_gemm(g, chosen_isa(ctx)) : forced_gemm(g, ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
