// A convolution with the algorithm that suits it.
#pragma once

#include <tenfold/detail/convolution/algorithms.hpp>
#include <tenfold/detail/convolution/operation.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// Of a call that packs its weight itself.
template <class T>
void make_plan(algorithm_list<T> list, const char* op, const convolution_geometry& g,
               const convolution_operands<T>& operands, const context& ctx, convolution_plan<T>& plan,
               index_t images = 1) {
  plan.geometry = g;
  plan.algorithm = &choose_algorithm(list, op, g, ctx, false, images);
  plan.algorithm->plan(plan, operands, ctx);
}

template <bool Transposed, class T>
index_t convolution_bytes(const char* op, const convolution_geometry& g, const context& ctx) {
  convolution_plan<T> plan;
  make_plan<T>(algorithms_of<Transposed, T>(), op, g, {}, ctx, plan);
  return plan.bytes;
}

/// What only stores.
template <class T>
epilogue<T> no_epilogue(const context& ctx) {
  epilogue<T> after;
  after.line = TENFOLD_KERNEL(chosen_isa(ctx), finish_line<T, activation::function::none>);
  return after;
}

template <class T>
void run_plan(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx) {
  const scratch_memory memory(ctx, plan.bytes);
  plan.algorithm->run(plan, operands, ctx, memory.data());
}

template <bool Transposed, class T>
void run_convolution(const char* op, const convolution_geometry& g, const convolution_arrays<T>& arrays,
                     const context& ctx) {
  convolution_plan<T> plan;
  make_plan<T>(algorithms_of<Transposed, T>(), op, g, {}, ctx, plan);
  run_plan(plan, {arrays.input, arrays.weight, nullptr, arrays.bias, arrays.output, no_epilogue<T>(ctx)}, ctx);
}

template <class T>
std::size_t names_of(algorithm_list<T> list, const convolution_geometry* g, const context& ctx,
                     std::string_view* names) {
  std::size_t count = 0;
  for (const convolution_algorithm<T>& a : list)
    if (!g || a.applies(*g, ctx)) names[count++] = a.name;
  return count;
}

template <bool Transposed, class T>
std::size_t find_algorithm_names(const convolution_geometry* g, const context& ctx, std::string_view* names) {
  return names_of<T>(algorithms_of<Transposed, T>(), g, ctx, names);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
