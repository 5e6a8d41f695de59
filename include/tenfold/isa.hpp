// Which instruction sets the kernels are compiled for, and which one runs.
#pragma once

#include <tenfold/detail/isa.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// The instruction set of calls whose context names none: the best one, or what the environment variable TENFOLD_ISA
/// (base, avx2 or avx512; read once) says.
inline isa active_isa() { return detail::default_isa(); }

inline std::string_view name_of(isa level) {
  return detail::is_compiled(level, detail::isa_list) ? detail::isa_names[static_cast<int>(level)] : "unavailable";
}

/// Calls visit(isa) for every level that this program and machine have, best first.
template <class Visitor>
void for_each_available_isa(Visitor visit) {
  for (const isa level : detail::isa_list)
    if (level <= detail::machine_isa()) visit(level);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
