// gemm of the element type TENFOLD_ELEMENT.
#include <tenfold/gemm.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_gemm<T>) run_gemm<T>;
template decltype(gemm_bytes<T>) gemm_bytes<T>;

}  // namespace tenfold::inline v0::compiled
