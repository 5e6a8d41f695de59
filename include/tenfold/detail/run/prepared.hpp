// The plans of prepared layers: made with the weight packed, kept in an array of bytes, run.
#pragma once

#include <tenfold/prepared.hpp>
#include <tenfold/detail/run/convolution.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

template <bool Transposed, class T>
const void* prepared_key() {
  return algorithms_of<Transposed, T>().data();
}

/// The plan within a kept one.
template <class T>
convolution_plan<T>& own_plan(layers::kept_plan& kept) {
  static_assert(sizeof(convolution_plan<T>) <= sizeof kept.plan && std::is_trivially_copyable_v<convolution_plan<T>>);
  return *::new (static_cast<void*>(kept.plan)) convolution_plan<T>;
}
template <class T>
const convolution_plan<T>& own_plan(const layers::kept_plan& kept) {
  return *std::launder(reinterpret_cast<const convolution_plan<T>*>(kept.plan));
}

/// The weight packed for an algorithm. One of 16 bits becomes floats for as long as that takes; behind what is packed
/// it stays floats for an algorithm that reads both.
template <class T>
tensor<T> packed_weight(const convolution_algorithm<T>& algorithm, const convolution_geometry& g, const T* weight,
                        const stored_weight& narrow, const context& ctx) {
  const index_t size = algorithm.packed_size(g, ctx);
  if constexpr (std::same_as<T, float>) {
    if (narrow.bits && algorithm.reads != weight_in_use::as_it_lies) {
      const index_t count = g.groups * g.in_channels * g.out_channels * g.kernel.h * g.kernel.w;
      const bool stays = algorithm.reads == weight_in_use::both;
      auto made = tensor<T>::uninitialized({size + (stays ? count : 0)});
      auto own = tensor<T>::uninitialized({stays ? 0 : count});
      T* const wide = stays ? made.data() + size : own.data();
      if (narrow.as == stored::fp16)
        TENFOLD_KERNEL(chosen_isa(ctx), widen<fp16>)(reinterpret_cast<const fp16*>(narrow.bits), count, wide);
      else
        TENFOLD_KERNEL(chosen_isa(ctx), widen<bf16>)(reinterpret_cast<const bf16*>(narrow.bits), count, wide);
      algorithm.pack(g, wide, ctx, made.data());
      return made;
    }
  }
  auto made = tensor<T>::uninitialized({size});
  algorithm.pack(g, weight, ctx, made.data());
  return made;
}

template <bool Transposed, class T>
void plan_prepared(const char* op, const convolution_geometry& g, const T* weight, const stored_weight& narrow,
                   const layers::packed_weights<T>& packed, layers::kept_plan& kept, const context& ctx) {
  const algorithm_list<T> list = algorithms_of<Transposed, T>();
  static_assert(algorithms_of<Transposed, T>().size() <= most_algorithms);
  convolution_plan<T>& plan = own_plan<T>(kept);
  plan.geometry = g;
  plan.algorithm = &choose_algorithm(list, op, g, ctx, true);
  const T* own_weight = packed.get(static_cast<std::size_t>(plan.algorithm - list.data()),
                                   [&] { return packed_weight(*plan.algorithm, g, weight, narrow, ctx); });
  convolution_operands<T> operands;
  operands.packed_weight = own_weight;
  plan.algorithm->plan(plan, operands, ctx);
  kept.bytes = plan.bytes;
  kept.packed = own_weight;
  if (narrow.bits && plan.algorithm->reads == weight_in_use::both)
    kept.widened = own_weight + plan.algorithm->packed_size(g, ctx);
  kept.algorithm = plan.algorithm->name;
}

/// `slopes` are those of prelu, or null.
template <element T>
epilogue<T> epilogue_of(const activation& a, const T* slopes, const T* residual, const T* output, isa level) {
  return {a.of,   parameter_of<T>(a.low),          parameter_of<T>(a.high), slopes, residual,
          output, TENFOLD_KERNEL(level, finish<T>)};
}

template <class T>
void run_prepared(const layers::kept_plan& kept, const convolution_arrays<T>& arrays, const stored_weight& narrow,
                  const activation& after, const T* slopes, const T* added, const context& ctx) {
  const T* const weight = narrow.bits ? static_cast<const T*>(kept.widened) : arrays.weight;
  run_plan(own_plan<T>(kept),
           {arrays.input, weight, static_cast<const T*>(kept.packed), arrays.bias, arrays.output,
            epilogue_of<T>(after, slopes, added, arrays.output, chosen_isa(ctx)), false, narrow},
           ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
