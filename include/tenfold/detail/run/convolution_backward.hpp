// The gradients of a convolution: of its input by the other list of algorithms, of its weight by one of its own.
#pragma once

#include <tenfold/detail/convolution/backward.hpp>
#include <tenfold/detail/convolution/weight_gradient.hpp>
#include <tenfold/detail/run/convolution.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The convolution, of the other kind, that leads from a gradient of the result to that of the input; weights lie the
/// same way for both.
inline convolution_geometry reversed(const convolution_geometry& g) {
  convolution_geometry back = g;
  back.in_channels = g.out_channels;
  back.out_channels = g.in_channels;
  back.in = g.out;
  back.out = g.in;
  back.output_shape = {g.batch, g.groups * g.in_channels, g.in.h, g.in.w};
  return back;
}

/// One list of algorithms, and what it is to compute.
template <class T>
struct algorithm_choice {
  algorithm_list<T> list;
  const convolution_geometry& geometry;

  bool has(std::string_view name, const context& ctx) const {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& a) { return a.name == name && a.applies(geometry, ctx); });
  }
};

/// context::algorithm is the name of an algorithm of either gradient, of which the other then is free.
template <class T>
context context_for(const algorithm_choice<T>& own, const algorithm_choice<T>& other, const context& ctx) {
  context free = ctx;
  if (!own.has(ctx.algorithm, ctx) && other.has(ctx.algorithm, ctx)) free.algorithm = {};
  return free;
}

/// The plans of a call.
template <bool Transposed, class T>
class backward_plan {
 public:
  /// For which algorithms are chosen: weights are packed once for a batch, which gradients mostly have. As for one
  /// image, the input's gradient of ResNet's 256 -> 256 3x3 of stride 2 took 20.7 ms of 8 images instead of 15.4, of a
  /// discriminator's 256 -> 512 4x4 13 instead of 7.9; as for two, one image takes 0 to 20 % longer (avx512 of Zen 4).
  static constexpr index_t usual_batch = 2;

  backward_plan(const char* op, const convolution_geometry& g, const gradients& wanted, const context& ctx)
      : back_(reversed(g)), weight_of_(Transposed ? back_ : g) {
    const algorithm_choice<T> input{algorithms_of<!Transposed, T>(), back_};
    const algorithm_choice<T> weight{weight_gradient_algorithms<T>, weight_of_};
    if (wanted.input) plan(input_, input, weight, op, false, ctx);
    if (wanted.weight) plan(weight_, weight, input, op, wanted.beta != 0, ctx);
  }
  index_t bytes() const { return bytes_; }

  void run(const plain::gradient_arrays<T>& a, bool adds, const context& ctx) const {
    const scratch_memory memory(ctx, bytes_);
    if (a.grad_bias) sum_bias(a, adds, ctx);
    if (a.grad_input)
      input_.algorithm->run(input_, {a.grad_output, a.weight, nullptr, nullptr, a.grad_input, no_epilogue<T>(ctx)}, ctx,
                            memory.data());
    if (!a.grad_weight) return;
    const T *image = Transposed ? a.grad_output : a.input, *points = Transposed ? a.input : a.grad_output;
    convolution_operands<T> operands{image, points, nullptr, nullptr, a.grad_weight};
    operands.adds = adds;
    weight_.algorithm->run(weight_, operands, ctx, memory.data());
  }

 private:
  void plan(convolution_plan<T>& plan, const algorithm_choice<T>& own, const algorithm_choice<T>& other, const char* op,
            bool adds, const context& ctx) {
    convolution_operands<T> operands;
    operands.adds = adds;
    make_plan<T>(own.list, op, own.geometry, operands, context_for(own, other, ctx), plan, usual_batch);
    bytes_ = (std::max)(bytes_, plan.bytes);
  }

  void sum_bias(const plain::gradient_arrays<T>& a, bool adds, const context& ctx) const {
    bias_gradient<T>(a.grad_output, back_.batch, back_.groups * back_.in_channels, back_.in.h * back_.in.w, ctx)
        .run(ctx, adds, a.grad_bias);
  }

  convolution_geometry back_, weight_of_;
  convolution_plan<T> input_, weight_;
  index_t bytes_ = 0;
};

template <bool Transposed, class T>
void run_convolution_backward(const char* op, const convolution_geometry& g, const plain::gradient_arrays<T>& arrays,
                              const gradients& wanted, const context& ctx) {
  backward_plan<Transposed, T>(op, g, wanted, ctx).run(arrays, wanted.beta != 0, ctx);
}

template <bool Transposed, class T>
index_t convolution_backward_bytes(const char* op, const convolution_geometry& g, const gradients& wanted,
                                   const context& ctx) {
  return backward_plan<Transposed, T>(op, g, wanted, ctx).bytes();
}

template <bool Transposed, class T>
std::size_t find_weight_gradient_names(const convolution_geometry* g, const context& ctx, std::string_view* names) {
  std::optional<convolution_geometry> of;
  if (g) of = Transposed ? reversed(*g) : *g;
  return names_of<T>(weight_gradient_algorithms<T>, of ? &*of : nullptr, ctx, names);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
