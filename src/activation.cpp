// relu and sigmoid of the element type TENFOLD_ELEMENT.
#include <tenfold/activation.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_relu<T>) run_relu<T>;
template decltype(run_sigmoid<T>) run_sigmoid<T>;

}  // namespace tenfold::inline v0::compiled
