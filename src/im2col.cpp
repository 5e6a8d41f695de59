// im2col and col2im of the element type TENFOLD_ELEMENT.
#include <tenfold/im2col.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_im2col<T>) run_im2col<T>;
template decltype(run_col2im<T>) run_col2im<T>;

}  // namespace tenfold::inline v0::compiled
