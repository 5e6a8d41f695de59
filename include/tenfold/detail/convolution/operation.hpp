// What conv2d and conv_transpose2d do between the checks and the algorithms.
//
// An operation Op has
//   Op::options                                its settings
//   Op::name                                   for error texts
//   Op::transposed                             which of the two lists of algorithms it takes
//   Op::checked(input, weight, bias, options)  shapes -> convolution_geometry, or PyTorch's error
//   Op::some_input(weight, options)            an input that these take, if they take any
#pragma once

#include <tenfold/detail/convolution/algorithms.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

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
  const convolution_geometry g = Op::checked(input.shape(), weight.shape(), bias.bias_shape, options);
  check_output_shape(Op::name, "an output", g.output_shape, output.shape());
  run_convolution<T>(algorithms_of<Op::transposed, T>(), Op::name, g,
                     {input.data(), weight.data(), nullptr, bias.data, output.data()}, ctx);
}

template <class Op, class T>
tensor<T> convolution(tensor_view<const T> input, tensor_view<const T> weight, const optional_bias<T>& bias,
                      const typename Op::options& options, const context& ctx) {
  const convolution_geometry g = Op::checked(input.shape(), weight.shape(), bias.bias_shape, options);
  auto output = tensor<T>::uninitialized(g.output_shape);
  run_convolution<T>(algorithms_of<Op::transposed, T>(), Op::name, g,
                     {input.data(), weight.data(), nullptr, bias.data, output.data()}, ctx);
  return output;
}

template <class Op, class T>
index_t convolution_workspace_bytes(const shape& input, const shape& weight, const typename Op::options& options,
                                    const context& ctx) {
  const convolution_geometry g = Op::checked(input, weight, std::nullopt, options);
  if (has_no_result(g)) return 0;
  return workspace_bytes_for(make_plan<T>(algorithms_of<Op::transposed, T>(), Op::name, g, {}, ctx).bytes);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
