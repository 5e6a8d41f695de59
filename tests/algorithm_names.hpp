// What context::algorithm may name.
#pragma once

#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>

#include <string_view>
#include <vector>

/// The entries of an operation's list that can compute this, or without a geometry all of them, best first.
template <class Op, class T>
std::vector<std::string_view> algorithm_names(const tenfold::detail::convolution_geometry* g = nullptr,
                                              const tenfold::context& ctx = {}) {
  std::vector<std::string_view> names(tenfold::detail::most_algorithms);
  names.resize(tenfold::detail::seam::find_algorithm_names<Op::transposed, T>(g, ctx, names.data()));
  return names;
}
