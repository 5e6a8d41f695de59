// The gradients of both convolutions of the element type TENFOLD_ELEMENT.
#include <tenfold/conv2d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_convolution_backward<false, T>) run_convolution_backward<false, T>;
template decltype(run_convolution_backward<true, T>) run_convolution_backward<true, T>;
template decltype(convolution_backward_bytes<false, T>) convolution_backward_bytes<false, T>;
template decltype(convolution_backward_bytes<true, T>) convolution_backward_bytes<true, T>;
template decltype(find_weight_gradient_names<false, T>) find_weight_gradient_names<false, T>;
template decltype(find_weight_gradient_names<true, T>) find_weight_gradient_names<true, T>;

}  // namespace tenfold::inline v0::compiled
