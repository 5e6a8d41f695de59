// split, which gives a std::vector: not part of tenfold.hpp, whose headers compile behind <windows.h>'s min and max,
// which g++'s <vector> does not.
#pragma once

#include <tenfold/cat.hpp>

#include <vector>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// A tensor in parts along a dimension, copied, as torch.split: parts of split_size, the last of which may be less; or
/// of the sizes given, which add up to the dimension's. Where nothing may be allocated, narrow_into gives each part.
///
/// Its gradient is cat of the parts'.
///
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input>
std::vector<tensor<element_of<Input>>> split(const Input& input, std::span<const index_t> split_sizes, index_t dim = 0,
                                             const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::check_split(x.shape(), split_sizes, dim);
  std::vector<tensor<element_of<Input>>> parts;
  parts.reserve(split_sizes.size());
  index_t start = 0;
  for (const index_t size : split_sizes) {
    parts.push_back(narrow(x, dim, start, size, ctx));
    start += size;
  }
  return parts;
}
template <tensor_like Input>
std::vector<tensor<element_of<Input>>> split(const Input& input, std::initializer_list<index_t> split_sizes,
                                             index_t dim = 0, const context& ctx = default_context()) {
  return split(input, std::span<const index_t>(split_sizes.begin(), split_sizes.size()), dim, ctx);
}
template <tensor_like Input>
std::vector<tensor<element_of<Input>>> split(const Input& input, index_t split_size, index_t dim = 0,
                                             const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  detail::check_split(x.shape(), split_size, dim);
  const index_t size = x.shape()[detail::wrapped_dim(dim, x.shape().size())];
  std::vector<tensor<element_of<Input>>> parts;
  for (index_t start = 0; start < size || parts.empty(); start += split_size) {
    const index_t rest = size - start;
    parts.push_back(narrow(x, dim, start, (std::min)(split_size, rest), ctx));
    if (rest <= split_size) break;
  }
  return parts;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
