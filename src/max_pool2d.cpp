// max_pool2d of the element type TENFOLD_ELEMENT, with and without indices, and its gradient.
#include <tenfold/max_pool2d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_max_pool2d<false, T>) run_max_pool2d<false, T>;
template decltype(run_max_pool2d<true, T>) run_max_pool2d<true, T>;
template decltype(run_max_pool2d_backward<T>) run_max_pool2d_backward<T>;

}  // namespace tenfold::inline v0::compiled
