// The gradient of pad of the element type TENFOLD_ELEMENT.
#include <tenfold/pad.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_pad_backward<T>) run_pad_backward<T>;

}  // namespace tenfold::inline v0::compiled
