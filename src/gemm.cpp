// gemm of the element type TENFOLD_ELEMENT.
#include <tenfold/gemm.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_product<T>) run_product<T>;
template decltype(product_bytes<T>) product_bytes<T>;

}  // namespace tenfold::inline v0::compiled
