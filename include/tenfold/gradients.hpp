// What the gradients of both convolutions take and give.
#pragma once

#include <tenfold/tensor.hpp>

namespace tenfold::inline v0 {

/// Which gradients to compute; what is left out is not looked at and comes back as an empty tensor.
///
/// With a beta of 1 an _into twin adds to the gradients of weight and bias, as the parts of a batch need it; with 0 it
/// writes them. (The gradient of the input is always written, and a new tensor has nothing to add to.)
struct gradients {
  bool input = true;
  bool weight = true;
  bool bias = true;
  int beta = 0;
};

/// The gradients of a convolution.
template <element T>
struct convolution_gradients {
  tensor<T> grad_input;
  tensor<T> grad_weight;
  tensor<T> grad_bias;

  TENFOLD_TAG convolution_gradients() = default;
  TENFOLD_TAG convolution_gradients(tensor<T> input, tensor<T> weight, tensor<T> bias)
      : grad_input(std::move(input)), grad_weight(std::move(weight)), grad_bias(std::move(bias)) {}
  TENFOLD_TAGGED_COPIES(convolution_gradients);
};

}  // namespace tenfold::inline v0
