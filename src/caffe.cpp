// The unpooling of HyeonwooNoh/caffe and its gradient of the element type TENFOLD_ELEMENT.
#include <tenfold/caffe.hpp>

namespace tenfold::inline v0::compiled {

using T = TENFOLD_ELEMENT;
template decltype(run_caffe_unpooling<T>) run_caffe_unpooling<T>;
template decltype(run_caffe_unpooling_backward<T>) run_caffe_unpooling_backward<T>;

}  // namespace tenfold::inline v0::compiled
