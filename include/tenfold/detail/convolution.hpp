// What conv2d and conv_transpose2d share once each has said how it is checked and which products it consists of: the call
// itself and the prepared layer.
//
// An operation Op has
//   Op::options                                      its settings
//   Op::check(input, weight, bias, options)          shapes -> convolution_geometry, or PyTorch's error
//   Op::weight_geometry(weight, bias, options)       the same where no input is known yet
//   Op::for_each_problem(geometry, operands, visit)  calls visit(gemm_problem) for each of its products
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/implicit_gemm.hpp>

namespace tenfold::inline v0 {

/// What a prepared layer does to its result.
enum class activation { none, relu };

namespace detail {

/// The arrays of one call; null where only sizes are asked for.
template <class T>
struct convolution_operands {
  const T* input = nullptr;
  const T* weight = nullptr;
  const T* packed_weight = nullptr;
  const T* bias = nullptr;
  T* output = nullptr;
  bool relu = false;
};

/// Calls visit(gemm_problem) for each product of a call, with its part of a weight that was packed before.
template <class Op, class T, class Visit>
void visit_problems(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                    const Visit& visit) {
  const T* packed = operands.packed_weight;
  Op::for_each_problem(g, operands, [&](gemm_problem<T> p) {
    p.packed_a = packed;
    if (packed) packed += packed_size(p, ctx);
    visit(p);
  });
}

template <class Op, class T>
index_t convolution_scratch_bytes(const convolution_geometry& g, const convolution_operands<T>& operands,
                                  const context& ctx) {
  index_t bytes = 0;
  visit_problems<Op>(g, operands, ctx,
                     [&](const gemm_problem<T>& p) { bytes = std::max(bytes, gemm_scratch_bytes(p, ctx)); });
  return bytes;
}

template <class Op, class T>
void run_convolution(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx) {
  const scratch_memory memory(ctx, convolution_scratch_bytes<Op>(g, operands, ctx));
  visit_problems<Op>(g, operands, ctx, [&](const gemm_problem<T>& p) { run_gemm(p, ctx, memory.data()); });
}

/// A bias that may be missing.
template <class T>
struct optional_bias {
  const T* data = nullptr;
  std::optional<shape> bias_shape = {};

  optional_bias() = default;
  optional_bias(const tensor_view<const T>& bias)  // NOLINT(google-explicit-constructor)
      : data(bias.data()), bias_shape(bias.shape()) {}
};

template <class Op, class T>
void convolution_into(tensor_view<T> output, tensor_view<const T> input, tensor_view<const T> weight,
                      const optional_bias<T>& bias, const typename Op::options& options, const context& ctx) {
  const convolution_geometry g = Op::check(input.shape(), weight.shape(), bias.bias_shape, options);
  check_output_shape(Op::name, "an output", g.output_shape, output.shape());
  run_convolution<Op, T>(g, {input.data(), weight.data(), nullptr, bias.data, output.data()}, ctx);
}

template <class Op, class T>
tensor<T> convolution(tensor_view<const T> input, tensor_view<const T> weight, const optional_bias<T>& bias,
                      const typename Op::options& options, const context& ctx) {
  const convolution_geometry g = Op::check(input.shape(), weight.shape(), bias.bias_shape, options);
  auto output = tensor<T>::uninitialized(g.output_shape);
  run_convolution<Op, T>(g, {input.data(), weight.data(), nullptr, bias.data, output.data()}, ctx);
  return output;
}

template <class Op, class T>
index_t convolution_workspace_bytes(const shape& input, const shape& weight, const typename Op::options& options,
                                    const context& ctx) {
  const convolution_geometry g = Op::check(input, weight, std::nullopt, options);
  return workspace_bytes_for(convolution_scratch_bytes<Op, T>(g, {}, ctx));
}

/// A layer whose weight is known: checked and packed once, for the instruction set of the context that it is made with.
template <class Op, class T>
class prepared_convolution {
 public:
  using options_type = typename Op::options;

  template <tensor_like Weight, tensor_like Bias>
  prepared_convolution(const Weight& weight, const Bias& bias, const options_type& options = {},
                       activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(const_view(bias)), options, after, ctx) {}
  template <tensor_like Weight>
  explicit prepared_convolution(const Weight& weight, const options_type& options = {},
                                activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(), options, after, ctx) {}

  /// The plain operation's result, and the activation.
  template <tensor_like Input>
  tensor<T> operator()(const Input& input, const context& ctx = default_context()) const {
    const tensor_view<const T> x = const_view(input);
    const convolution_geometry g = geometry(x.shape());
    auto output = tensor<T>::uninitialized(g.output_shape);
    run_convolution<Op, T>(g, operands(x.data(), output.data()), at_isa(ctx));
    return output;
  }

  /// The same into an output of output_shape, which may not overlap the input. Allocates nothing when the context
  /// carries a workspace of workspace_bytes.
  template <tensor_like Output, tensor_like Input>
  void into(Output&& output, const Input& input, const context& ctx = default_context()) const {
    const tensor_view<const T> x = const_view(input);
    const tensor_view<T> y = as_view(output);
    const convolution_geometry g = geometry(x.shape());
    check_output_shape(Op::name, "an output", g.output_shape, y.shape());
    run_convolution<Op, T>(g, operands(x.data(), y.data()), at_isa(ctx));
  }

  shape output_shape(const shape& input) const { return geometry(input).output_shape; }

  index_t workspace_bytes(const shape& input, const context& ctx = default_context()) const {
    return workspace_bytes_for(
        convolution_scratch_bytes<Op, T>(geometry(input), operands(nullptr, nullptr), at_isa(ctx)));
  }

 private:
  prepared_convolution(const tensor_view<const T>& weight, const optional_bias<T>& bias, const options_type& options,
                       activation after, const context& ctx)
      : weight_shape_(weight.shape()),
        bias_shape_(bias.bias_shape),
        options_(options),
        after_(after),
        isa_(chosen_isa(ctx)) {
    const convolution_geometry g = Op::weight_geometry(weight_shape_, bias_shape_, options);
    if (bias.data) {
      bias_ = tensor<T>::uninitialized(*bias_shape_);
      std::copy(bias.data, bias.data + bias_.size(), bias_.data());
    }
    pack(g, weight.data(), at_isa(ctx));
  }

  void pack(const convolution_geometry& g, const T* weight, const context& ctx) {
    const convolution_operands<T> from{nullptr, weight};
    index_t size = 0;
    Op::for_each_problem(g, from, [&](const gemm_problem<T>& p) { size += packed_size(p, ctx); });
    packed_ = tensor<T>::uninitialized({size + gemm_kernels_of<T>(ctx).lanes});
    T* packed = packed_.data();
    Op::for_each_problem(g, from, [&](const gemm_problem<T>& p) {
      pack_beforehand(p, ctx, packed);
      packed += packed_size(p, ctx);
    });
  }

  convolution_geometry geometry(const shape& input) const {
    return Op::check(input, weight_shape_, bias_shape_, options_);
  }
  convolution_operands<T> operands(const T* input, T* output) const {
    return {input, nullptr, packed_.data(), bias_.data(), output, after_ == activation::relu};
  }
  context at_isa(context ctx) const {
    ctx.isa = isa_;
    return ctx;
  }

  shape weight_shape_;
  std::optional<shape> bias_shape_;
  tensor<T> bias_;
  options_type options_;
  activation after_;
  isa isa_;
  tensor<T> packed_;
};

}  // namespace detail
}  // namespace tenfold::inline v0
