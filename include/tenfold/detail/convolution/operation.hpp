// What conv2d and conv_transpose2d do between the checks and the engine.
//
// An operation Op has
//   Op::options                                its settings
//   Op::name                                   for error texts
//   Op::transposed                             which of the two lists of algorithms it takes
//   Op::checked(input, weight, bias, options)  shapes -> convolution_geometry, or PyTorch's error
//   Op::some_input(weight, options)            an input that these take, if they take any
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/seam.hpp>
#include <tenfold/detail/workspace.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

inline constexpr std::size_t most_algorithms = 8;  // of a list

/// Such a call does nothing; its other sizes may be anything, as no memory stands behind them.
inline bool has_no_result(const convolution_geometry& g) { return g.output_shape.elements() == 0; }

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

/// `op` is named in error texts.
TENFOLD_SEAM_OF(Transposed, void, run_convolution, (op, g, arrays, ctx), const char* op, const convolution_geometry& g,
                const convolution_arrays<T>& arrays, const context& ctx)
/// The scratch memory of such a call.
TENFOLD_SEAM_OF(Transposed, index_t, convolution_bytes, (op, g, ctx), const char* op, const convolution_geometry& g,
                const context& ctx)
/// Fills in the names of the algorithms that can compute this, of all where g is null, best first; returns how many
/// there are, at most most_algorithms.
TENFOLD_SEAM_OF(Transposed, std::size_t, find_algorithm_names, (g, ctx, names), const convolution_geometry* g,
                const context& ctx, std::string_view* names)

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
  const convolution_arrays<T> arrays{input.data(), weight.data(), bias.data, output.data()};
  if (!has_no_result(g)) seam::run_convolution<Op::transposed, T>(Op::name, g, arrays, ctx);
}

template <class Op, class T>
tensor<T> convolution(tensor_view<const T> input, tensor_view<const T> weight, const optional_bias<T>& bias,
                      const typename Op::options& options, const context& ctx) {
  const convolution_geometry g = Op::checked(input.shape(), weight.shape(), bias.bias_shape, options);
  auto output = tensor<T>::uninitialized(g.output_shape);
  const convolution_arrays<T> arrays{input.data(), weight.data(), bias.data, output.data()};
  if (!has_no_result(g)) seam::run_convolution<Op::transposed, T>(Op::name, g, arrays, ctx);
  return output;
}

template <class Op, class T>
index_t convolution_workspace_bytes(const shape& input, const shape& weight, const typename Op::options& options,
                                    const context& ctx) {
  const convolution_geometry g = Op::checked(input, weight, std::nullopt, options);
  if (has_no_result(g)) return 0;
  return workspace_bytes_for(seam::convolution_bytes<Op::transposed, T>(Op::name, g, ctx));
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/convolution.hpp>
#endif
