// Operations of windows over one or two dimensions: (N, C, L) is (N, C, 1, L), a setting s is {1, s}.
#pragma once

#include <tenfold/detail/net/operators/types.hpp>
#include <tenfold/onnx.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

struct window_form {
  bool is_1d;

  /// The same elements with a height of 1.
  constexpr shape two_dimensional(const shape& s) const {
    if (!is_1d) return s;
    if (s.empty() || s.size() == shape::max_rank) raise({"it has to have a length, but has the shape ", s});
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

  /// A setting of each dimension, or one for all; `neutral` is what it is in the one that is not there.
  hw pair(const planning& p, const char* name, const hw& otherwise, index_t neutral = 1) const {
    if (!p.sets(name)) return otherwise;
    if (!is_1d) return p.pair(name, otherwise);
    const std::vector<index_t> sizes = p.integers(name);
    if (sizes.size() != 1) raise({name, " has to be one integer, but got ", sizes.size()});
    return {neutral, sizes[0]};
  }

  /// The attribute `padding`: sizes, or a rule by which by_rule(rule) tells them.
  template <class ByRule>
  pads padding(const planning& p, const ByRule& by_rule) const {
    const auto found = p.node().attributes.find("padding");
    if (found == p.node().attributes.end()) return {};
    if (const std::string* rule = std::get_if<std::string>(&found->second)) {
      if (*rule == "valid") return {};
      if (*rule == "same_upper") return by_rule(onnx_auto_pad::same_upper);
      if (*rule == "same_lower") return by_rule(onnx_auto_pad::same_lower);
      raise({"attribute padding: there is no rule that is called ", *rule});
    }
    const std::vector<index_t> sizes = p.integers("padding");
    if (is_1d) {
      if (sizes.size() == 1) return {0, sizes[0], 0, sizes[0]};
      if (sizes.size() == 2) return {0, sizes[0], 0, sizes[1]};
    } else {
      if (sizes.size() == 1) return {sizes[0], sizes[0], sizes[0], sizes[0]};
      if (sizes.size() == 2) return {sizes[0], sizes[1], sizes[0], sizes[1]};
      if (sizes.size() == 4) return {sizes[0], sizes[1], sizes[2], sizes[3]};
    }
    raise({"attribute padding has ", sizes.size(), " sizes"});
  }
};

inline constexpr window_form one_dimension{true};
inline constexpr window_form two_dimensions{false};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
