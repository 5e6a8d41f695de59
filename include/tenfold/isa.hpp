// Which instruction sets the kernels are compiled for, and which one runs.
#pragma once

#include <tenfold/detail/seam.hpp>

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/isa.hpp>
#endif

// As TENFOLD_SEAM would declare them, were they templates.
namespace tenfold::inline v0::compiled {

TENFOLD_SHARED isa default_isa(refusal refuse);
TENFOLD_SHARED isa chosen_isa(refusal refuse, const context& ctx);
TENFOLD_SHARED const char* compiled_isa_name(isa level);
TENFOLD_SHARED bool is_available_isa(isa level);

}  // namespace tenfold::inline v0::compiled

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

namespace detail::seam {

#if defined(TENFOLD_COMPILED)
inline isa default_isa() { return compiled::default_isa(refuse); }
inline isa chosen_isa(const context& ctx) { return compiled::chosen_isa(refuse, ctx); }
using compiled::compiled_isa_name;
using compiled::is_available_isa;
#else
using detail::chosen_isa;
using detail::compiled_isa_name;
using detail::default_isa;
using detail::is_available_isa;
#endif

}  // namespace detail::seam

/// The instruction set of calls whose context names none: the best one, or what the environment variable TENFOLD_ISA
/// (base, avx2 or avx512; read once) says.
inline isa active_isa() { return detail::seam::default_isa(); }

inline std::string_view name_of(isa level) {
  const char* name = detail::seam::compiled_isa_name(level);
  return name ? name : "unavailable";
}

/// Calls visit(isa) for every level that this program and machine have, best first.
template <class Visitor>
void for_each_available_isa(Visitor visit) {
  for (const isa level : {isa::avx512, isa::avx2, isa::base})
    if (detail::seam::is_available_isa(level)) visit(level);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
