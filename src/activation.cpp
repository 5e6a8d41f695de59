// The activations and their gradients of the element type TENFOLD_ELEMENT.
#include <tenfold/activation.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_bounded<T>) run_bounded<T>;
template decltype(run_activation<T>) run_activation<T>;
template decltype(run_float_activation<T>) run_float_activation<T>;
template decltype(run_prelu<T>) run_prelu<T>;
template decltype(run_activation_backward<T>) run_activation_backward<T>;
template decltype(run_prelu_backward<T>) run_prelu_backward<T>;
template decltype(prelu_backward_bytes<T>) prelu_backward_bytes<T>;

}  // namespace tenfold::inline v0::compiled
