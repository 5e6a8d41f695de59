// Operations of windows over one or two dimensions.
#pragma once

#include <tenfold/detail/net/operators/types.hpp>
#include <tenfold/detail/one_dimension.hpp>
#include <tenfold/onnx.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// How a net writes the settings of such an operation.
struct net_window_form : window_form {
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

inline constexpr net_window_form one_dimension{detail::one_dimension};
inline constexpr net_window_form two_dimensions{detail::two_dimensions};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
