// softmax, log_softmax and their gradients of the element type TENFOLD_ELEMENT.
#include <tenfold/softmax.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_softmax<T>) run_softmax<T>;

}  // namespace tenfold::inline v0::compiled
