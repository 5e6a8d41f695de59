// conv2d of the element type TENFOLD_ELEMENT, plain and prepared.
#include <tenfold/prepared.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_convolution<false, T>) run_convolution<false, T>;
template decltype(convolution_bytes<false, T>) convolution_bytes<false, T>;
template decltype(find_algorithm_names<false, T>) find_algorithm_names<false, T>;
template decltype(prepared_key<false, T>) prepared_key<false, T>;
template decltype(plan_prepared<false, T>) plan_prepared<false, T>;

}  // namespace tenfold::inline v0::compiled
