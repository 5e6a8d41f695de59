// The table of a net's operations: docs/net.md says what they are.
#pragma once

// The library tenfold::net compiles each room by itself (src/net_operators.cpp.in); elsewhere they are all in one file.
#if defined(TENFOLD_NET_ROOMS)
#include <tenfold/detail/net/planning.hpp>
#else
#include <tenfold/detail/net/operators/convolution.hpp>
#include <tenfold/detail/net/operators/elementwise.hpp>
#include <tenfold/detail/net/operators/moves.hpp>
#include <tenfold/detail/net/operators/pooling.hpp>
#include <tenfold/detail/net/operators/reductions.hpp>
#include <tenfold/detail/net/operators/resampling.hpp>
#include <tenfold/detail/net/operators/shapes.hpp>
#endif

#include <string_view>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

#if defined(TENFOLD_NET_ROOMS)
std::span<const operation> convolution_operations();
std::span<const operation> elementwise_operations();
std::span<const operation> moves_operations();
std::span<const operation> pooling_operations();
std::span<const operation> reductions_operations();
std::span<const operation> resampling_operations();
std::span<const operation> shapes_operations();
#else
inline std::span<const operation> convolution_operations() { return convolution_table(); }
inline std::span<const operation> elementwise_operations() { return elementwise_table(); }
inline std::span<const operation> moves_operations() { return moves_table(); }
inline std::span<const operation> pooling_operations() { return pooling_table(); }
inline std::span<const operation> reductions_operations() { return reductions_table(); }
inline std::span<const operation> resampling_operations() { return resampling_table(); }
inline std::span<const operation> shapes_operations() { return shapes_table(); }
#endif

/// Null where there is none of that name.
inline const operation* find_operation(std::string_view name) {
  for (const auto room : {convolution_operations, elementwise_operations, moves_operations, pooling_operations,
                          reductions_operations, resampling_operations, shapes_operations})
    for (const operation& o : room())
      if (name == o.name) return &o;
  return nullptr;
}

inline bool has_attribute(const operation& o, std::string_view name) {
  std::string_view rest = o.attributes;
  while (!rest.empty()) {
    const std::size_t end = (std::min)(rest.find(' '), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix((std::min)(end + 1, rest.size()));
  }
  return false;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
