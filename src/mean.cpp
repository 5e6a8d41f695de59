// sum, mean, amax, amin, argmax and argmin of the element type TENFOLD_ELEMENT.
#include <tenfold/mean.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_sum<T>) run_sum<T>;
template decltype(run_extreme<T>) run_extreme<T>;
template decltype(run_argmax<T>) run_argmax<T>;

}  // namespace tenfold::inline v0::compiled
