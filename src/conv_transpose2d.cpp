// conv_transpose2d of the element type TENFOLD_ELEMENT, plain and prepared.
#include <tenfold/prepared.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_convolution<true, T>) run_convolution<true, T>;
template decltype(convolution_bytes<true, T>) convolution_bytes<true, T>;
template decltype(find_algorithm_names<true, T>) find_algorithm_names<true, T>;
template decltype(prepared_key<true, T>) prepared_key<true, T>;
template decltype(plan_prepared<true, T>) plan_prepared<true, T>;

}  // namespace tenfold::inline v0::compiled
