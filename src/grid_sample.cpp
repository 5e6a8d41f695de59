// grid_sample of the element type TENFOLD_ELEMENT.
#include <tenfold/grid_sample.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_grid_sample<T>) run_grid_sample<T>;
template decltype(run_grid_sample_backward<T>) run_grid_sample_backward<T>;

}  // namespace tenfold::inline v0::compiled
