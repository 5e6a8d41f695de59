// Nodes that become part of a neighbour, once shapes are known.
#pragma once

#include <tenfold/detail/net/checked_graph.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// "conv2d + relu" of a node with what is fused into it.
inline std::string label_of(const graph_node& node) {
  std::string label = node.op;
  if (node.inputs.size() > added && !node.inputs[added].empty()) label += " + add";
  const auto found = node.attributes.find("activation");
  if (found != node.attributes.end()) label += " + " + std::get<std::string>(found->second);
  return label;
}

class fusion {
 public:
  fusion(std::vector<net_node>& nodes, std::vector<value>& values, const std::vector<int>& outputs, kept_layers& layers)
      : nodes_(nodes), values_(values), outputs_(outputs), layers_(layers) {}

  void run() {}

 private:
  std::vector<net_node>& nodes_;
  std::vector<value>& values_;
  const std::vector<int>& outputs_;
  kept_layers& layers_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
