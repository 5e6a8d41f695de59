// The upsamplings and their gradients of the element type TENFOLD_ELEMENT.
#include <tenfold/upsample1d.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_upsample_nearest2d<T>) run_upsample_nearest2d<T>;
template decltype(run_upsample_bilinear2d<T>) run_upsample_bilinear2d<T>;
template decltype(run_upsample_nearest2d_backward<T>) run_upsample_nearest2d_backward<T>;
template decltype(run_upsample_bilinear2d_backward<T>) run_upsample_bilinear2d_backward<T>;
template decltype(run_upsample_linear1d<T>) run_upsample_linear1d<T>;
template decltype(run_upsample_linear1d_backward<T>) run_upsample_linear1d_backward<T>;

}  // namespace tenfold::inline v0::compiled
