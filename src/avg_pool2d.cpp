// The average poolings and their gradients of the element type TENFOLD_ELEMENT.
#include <tenfold/avg_pool2d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_avg_pool2d<T>) run_avg_pool2d<T>;
template decltype(run_avg_pool2d_backward<T>) run_avg_pool2d_backward<T>;
template decltype(run_adaptive_avg_pool2d<T>) run_adaptive_avg_pool2d<T>;
template decltype(run_adaptive_avg_pool2d_backward<T>) run_adaptive_avg_pool2d_backward<T>;

}  // namespace tenfold::inline v0::compiled
