// Windows over one dimension are windows over two: (N, C, L) is (N, C, 1, L), and a setting s is {1, s}.
#pragma once

#include <tenfold/tensor.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

struct window_form {
  bool is_1d;

  constexpr index_t dimensions() const { return is_1d ? 1 : 2; }
  /// The same elements with a height of 1.
  constexpr shape two_dimensional(const shape& s) const {
    if (!is_1d) return s;
    if (s.empty()) return {1};
    if (s.size() == shape::max_rank) raise({"no operation of one dimension takes the shape ", s});
    index_t sizes[shape::max_rank] = {};
    for (std::size_t d = 0; d < s.size(); ++d) sizes[d + 1 < s.size() ? d : d + 1] = s[d];
    sizes[s.size() - 1] = 1;
    return shape(std::span<const index_t>(sizes, s.size() + 1));
  }
  /// Back: the second to last size, which is 1, is left out.
  constexpr shape own_dimensions(const shape& s) const {
    if (!is_1d) return s;
    index_t sizes[shape::max_rank] = {};
    for (std::size_t d = 0; d + 1 < s.size(); ++d) sizes[d] = d + 2 < s.size() ? s[d] : s[d + 1];
    return shape(std::span<const index_t>(sizes, s.size() - 1));
  }
  template <class T>
  tensor_view<T> view(const tensor_view<T>& x) const {
    return {x.data(), two_dimensional(x.shape())};
  }

  /// A pair for an error's text.
  std::string own_text(const hw& pair) const { return is_1d ? join({"[", pair.w, "]"}) : join({pair}); }
};

inline constexpr window_form one_dimension{true};
inline constexpr window_form two_dimensions{false};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
