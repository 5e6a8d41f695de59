// add, sub, mul and div of the element type TENFOLD_ELEMENT.
#include <tenfold/arithmetic.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_binary<T>) run_binary<T>;
template decltype(run_div<T>) run_div<T>;

}  // namespace tenfold::inline v0::compiled
