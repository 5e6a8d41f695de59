// gemm's list of algorithms, and the choice among its entries.
#pragma once

#include <tenfold/detail/product/packed_gemm.hpp>
#include <tenfold/detail/product/streamed_gemm.hpp>
#include <tenfold/detail/product/unpacked_gemm.hpp>

#include <array>

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

/// The entry of an algorithm: Plan<T>(g, ctx) has scratch_bytes() and run(memory).
template <template <class> class Plan, class T>
constexpr gemm_algorithm<T> gemm_entry(std::string_view name,
                                       bool (*applies)(const strided_product<T>&) = Plan<T>::applies,
                                       bool (*suits)(const strided_product<T>&, isa) = Plan<T>::suits) {
  return {name, applies, suits,
          [](const strided_product<T>& g, const context& ctx) { return Plan<T>(g, ctx).scratch_bytes(); },
          [](const strided_product<T>& g, const context& ctx) {
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
constexpr auto gemm_list() {
  constexpr auto streamed = gemm_entry<streamed_gemm, T>("streamed");
  constexpr auto packed = gemm_entry<packed_gemm, T>(
      "packed", [](const strided_product<T>&) { return true; }, [](const strided_product<T>&, isa) { return true; });
  if constexpr (std::floating_point<T>)
    return std::array{streamed, gemm_entry<unpacked_gemm, T>("unpacked"), packed};
  else
    return std::array{streamed, packed};
}

template <class T>
inline constexpr auto gemm_algorithms = gemm_list<T>();

template <class T>
const gemm_algorithm<T>& choose_gemm(const strided_product<T>& g, const context& ctx) {
  const isa level = chosen_isa(ctx);
  for (const gemm_algorithm<T>& a : gemm_algorithms<T>)
    if (ctx.algorithm.empty() ? a.suits(g, level) : ctx.algorithm == a.name && a.applies(g)) return a;
  raise({"gemm has no algorithm '", ctx.algorithm, "' for these shapes"});
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
