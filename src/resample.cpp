// Resampling by tables, of the element type TENFOLD_ELEMENT.
#include <tenfold/detail/resample2d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_resample2d<T>) run_resample2d<T>;

}  // namespace tenfold::inline v0::compiled
