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

template <bool Transposed, class T>
void plan_prepared(const char* op, const convolution_geometry& g, const T* weight,
                   const layers::packed_weights<T>& packed, layers::kept_plan& kept, const context& ctx) {
  const algorithm_list<T> list = algorithms_of<Transposed, T>();
  static_assert(algorithms_of<Transposed, T>().size() <= most_algorithms);
  convolution_plan<T>& plan = own_plan<T>(kept);
  plan.geometry = g;
  plan.algorithm = &choose_algorithm(list, op, g, ctx, true);
  const T* own_weight = packed.get(static_cast<std::size_t>(plan.algorithm - list.data()), [&] {
    auto made = tensor<T>::uninitialized({plan.algorithm->packed_size(g, ctx)});
    plan.algorithm->pack(g, weight, ctx, made.data());
    return made;
  });
  convolution_operands<T> operands;
  operands.packed_weight = own_weight;
  plan.algorithm->plan(plan, operands, ctx);
  kept.bytes = plan.bytes;
  kept.packed = own_weight;
  kept.algorithm = plan.algorithm->name;
}

/// `slopes` are those of prelu, or null.
template <element T>
epilogue<T> epilogue_of(const activation& a, const T* slopes, const T* residual, const T* output, isa level) {
  return {a.of,   parameter_of<T>(a.low),          parameter_of<T>(a.high), slopes, residual,
          output, TENFOLD_KERNEL(level, finish<T>)};
}

template <class T>
void run_prepared(const layers::kept_plan& kept, const convolution_arrays<T>& arrays, const activation& after,
                  const T* slopes, const T* added, const context& ctx) {
  run_plan(own_plan<T>(kept),
           {arrays.input, arrays.weight, static_cast<const T*>(kept.packed), arrays.bias, arrays.output,
            epilogue_of<T>(after, slopes, added, arrays.output, chosen_isa(ctx))},
           ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
