// What the gradients of conv2d and conv_transpose2d do between the checks and the engine.
//
// Of an operation Op, as operation.hpp has it, it takes besides
//   Op::backward_name                                                for error texts
//   Op::check_gradient(grad_output, input, channels, out, options)   refuses a grad_output of another shape than the
//                                                                    result's
#pragma once

#include <tenfold/gradients.hpp>
#include <tenfold/detail/convolution/operation.hpp>

namespace tenfold::inline v0::plain {

/// The arrays of a convolution's gradients, null where they are left out.
template <class T>
struct gradient_arrays {
  const T* grad_output;
  const T* input;
  const T* weight;
  T* grad_input;
  T* grad_weight;
  T* grad_bias;
};

}  // namespace tenfold::inline v0::plain

/// `g` is the convolution's.
TENFOLD_SEAM_OF(Transposed, void, run_convolution_backward, (op, g, arrays, wanted, ctx), const char* op,
                const convolution_geometry& g, const plain::gradient_arrays<T>& arrays, const gradients& wanted,
                const context& ctx)
/// The scratch memory of such a call.
TENFOLD_SEAM_OF(Transposed, index_t, convolution_backward_bytes, (op, g, wanted, ctx), const char* op,
                const convolution_geometry& g, const gradients& wanted, const context& ctx)
/// Like find_algorithm_names, of the weight's gradient.
TENFOLD_SEAM_OF(Transposed, std::size_t, find_weight_gradient_names, (g, ctx, names), const convolution_geometry* g,
                const context& ctx, std::string_view* names)

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

constexpr void check_gradient_rank(const shape& grad_output, const shape& input) {
  if (grad_output.size() != input.size())
    raise({"Expected input and grad_output to have the same number of dimensions, but got: ", input.size(), " and ",
           grad_output.size()});
}

/// PyTorch does not look at the batch.
constexpr void check_gradient_sizes(const shape& grad_output, index_t batch, index_t channels, const hw& out) {
  check_dim_size(grad_output, 4, 1, channels);
  check_dim_size(grad_output, 4, 2, out.h);
  check_dim_size(grad_output, 4, 3, out.w);
  check_dim_size(grad_output, 4, 0, batch);
}

/// One call, checked.
template <class Op, class T>
class backward_call {
 public:
  backward_call(const tensor_view<const T>& grad_output, const tensor_view<const T>& input,
                const tensor_view<const T>& weight, const typename Op::options& options, const gradients& wanted)
      : input_(input.shape()), weight_(weight.shape()), wanted_(wanted), arrays_{grad_output.data(),
                                                                                 input.data(),
                                                                                 weight.data(),
                                                                                 nullptr,
                                                                                 nullptr,
                                                                                 nullptr} {
    static_assert(std::floating_point<T>, "the gradients of a convolution are those of float and double");
    geometry_ = Op::checked(input_, weight_, std::nullopt, options);
    Op::check_gradient(grad_output.shape(), input_, geometry_.groups * geometry_.out_channels, geometry_.out, options);
    if (wanted.beta != 0 && wanted.beta != 1)
      raise({Op::backward_name, ": expected a beta of 0 or 1, but got ", wanted.beta});
  }

  shape bias_shape() const { return {Op::transposed ? weight_[1] * geometry_.groups : weight_[0]}; }

  void into(tensor_view<T> grad_input, tensor_view<T> grad_weight, tensor_view<T> grad_bias, const context& ctx) {
    if (wanted_.input) arrays_.grad_input = checked(grad_input, "grad_input", input_);
    if (wanted_.weight) arrays_.grad_weight = checked(grad_weight, "grad_weight", weight_);
    if (wanted_.bias) arrays_.grad_bias = checked(grad_bias, "grad_bias", bias_shape());
    if (has_no_result(geometry_)) return sum_nothing();
    seam::run_convolution_backward<Op::transposed, T>(Op::backward_name, geometry_, arrays_, wanted_, ctx);
  }

  convolution_gradients<T> result(const context& ctx) {
    wanted_.beta = 0;
    convolution_gradients<T> made(of(wanted_.input, input_), of(wanted_.weight, weight_),
                                  of(wanted_.bias, bias_shape()));
    into(made.grad_input.view(), made.grad_weight.view(), made.grad_bias.view(), ctx);
    return made;
  }

  /// For into and for result, which adds to nothing.
  index_t workspace_bytes(const context& ctx) const {
    if (has_no_result(geometry_)) return 0;
    const auto bytes = [&](const gradients& wanted) {
      return seam::convolution_backward_bytes<Op::transposed, T>(Op::backward_name, geometry_, wanted, ctx);
    };
    gradients made = wanted_;
    made.beta = 0;
    return workspace_bytes_for(wanted_.beta == 0 ? bytes(made) : (std::max)(bytes(wanted_), bytes(made)));
  }

 private:
  /// Of a result without elements, whose input has none either.
  void sum_nothing() const {
    if (wanted_.beta != 0) return;
    if (arrays_.grad_weight) fill(arrays_.grad_weight, arrays_.grad_weight + weight_.elements(), T{});
    if (arrays_.grad_bias) fill(arrays_.grad_bias, arrays_.grad_bias + bias_shape()[0], T{});
  }
  static T* checked(const tensor_view<T>& view, const char* name, const shape& expected) {
    check_output_shape(Op::backward_name, name, expected, view.shape());
    return view.data();
  }
  static tensor<T> of(bool wanted, const shape& s) {
    return wanted ? tensor<T>::uninitialized(s) : tensor<T>(shape{0});
  }

  const shape input_, weight_;
  gradients wanted_;
  plain::gradient_arrays<T> arrays_;
  convolution_geometry geometry_{};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/convolution_backward.hpp>
#endif
