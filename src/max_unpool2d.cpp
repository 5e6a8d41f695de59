// max_unpool2d of the element type TENFOLD_ELEMENT.
#include <tenfold/max_unpool2d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_max_unpool2d<T>) run_max_unpool2d<T>;

}  // namespace tenfold::inline v0::compiled
