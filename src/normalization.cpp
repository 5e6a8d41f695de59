// The normalisations of the element type TENFOLD_ELEMENT.
#include <tenfold/normalization.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_normalization<T>) run_normalization<T>;
template decltype(run_batch_norm<T>) run_batch_norm<T>;
template decltype(run_layer_norm2d<T>) run_layer_norm2d<T>;
template decltype(run_normalization_backward<T>) run_normalization_backward<T>;
template decltype(normalization_backward_bytes<T>) normalization_backward_bytes<T>;

}  // namespace tenfold::inline v0::compiled
