// The instruction sets that the library is compiled for.
#include <tenfold/isa.hpp>

namespace tenfold::inline v0::compiled {

isa default_isa(refusal refuse) {
  return detail::with_refusal(refuse, [] { return detail::default_isa(); });
}
isa chosen_isa(refusal refuse, const context& ctx) {
  return detail::with_refusal(refuse, [&] { return detail::chosen_isa(ctx); });
}
const char* compiled_isa_name(isa level) { return detail::compiled_isa_name(level); }
bool is_available_isa(isa level) { return detail::is_available_isa(level); }

}  // namespace tenfold::inline v0::compiled
