// max_unpool2d and its gradient of the element type TENFOLD_ELEMENT.
#include <tenfold/max_unpool2d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_max_unpool2d<T>) run_max_unpool2d<T>;
template decltype(run_max_unpool2d_backward<T>) run_max_unpool2d_backward<T>;

}  // namespace tenfold::inline v0::compiled
