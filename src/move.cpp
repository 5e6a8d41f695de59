// The moves and paddings of elements of every size: one for all element types of that size.
#include <tenfold/pad.hpp>

namespace tenfold::inline v0::compiled {

template decltype(run_move<std::int8_t>) run_move<std::int8_t>;
template decltype(run_move<std::int16_t>) run_move<std::int16_t>;
template decltype(run_move<std::int32_t>) run_move<std::int32_t>;
template decltype(run_move<std::int64_t>) run_move<std::int64_t>;
template decltype(run_pad<std::int8_t>) run_pad<std::int8_t>;
template decltype(run_pad<std::int16_t>) run_pad<std::int16_t>;
template decltype(run_pad<std::int32_t>) run_pad<std::int32_t>;
template decltype(run_pad<std::int64_t>) run_pad<std::int64_t>;

}  // namespace tenfold::inline v0::compiled
