// What the prepared layers of the element type TENFOLD_ELEMENT share.
#include <tenfold/prepared.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_prepared<T>) run_prepared<T>;

}  // namespace tenfold::inline v0::compiled
