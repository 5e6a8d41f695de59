// A graph whose names are resolved: nodes in an order in which they can run, values by number.
#pragma once

#include <tenfold/detail/net/operators.hpp>
#include <tenfold/detail/quotes.hpp>

#include <algorithm>  // sort

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

inline constexpr int nowhere = -1;

struct net_node {
  graph_node node;
  const operation* op = nullptr;
  std::vector<int> inputs = {}, outputs = {};  // numbers of values; nowhere for those that are left out
};

/// The text of an error that may have names of a file in it.
inline std::string printable(std::string_view text) {
  constexpr std::size_t most = 1000;
  std::string result;
  for (const char letter : text.substr(0, most))
    result += (letter >= ' ' && letter <= '~') || letter == '\n' ? letter : '?';
  return result + (text.size() > most ? "..." : "");
}

inline std::string node_text(const graph_node& node) {
  const std::string_view name = node.name.empty() && !node.outputs.empty() ? node.outputs.front() : node.name;
  return "node " + in_quotes(name) + " (" + printable(node.op) + ")";
}

/// What is wrong with a graph, all of it.
class problems {
 public:
  void add(std::initializer_list<text_part> parts) {
    constexpr std::size_t most = 50;
    if (++count_ <= most) text_ += "\n  " + join(parts);
  }
  void raise_if_any() const {
    if (count_ > 0) raise({"this network cannot be run: ", count_, count_ == 1 ? " problem" : " problems", text_});
  }

 private:
  std::size_t count_ = 0;
  std::string text_;
};

class checked_graph {
 public:
  explicit checked_graph(graph source) : source_(std::move(source)) {
    number_values();
    connect();
    problems_.raise_if_any();
    keep_needed();
    check_operations();
    problems_.raise_if_any();
    sort();
  }

  /// But for its nodes, which are in nodes().
  const graph& source() const { return source_; }
  const std::vector<std::string>& values() const { return names_; }
  const std::vector<net_node>& nodes() const { return nodes_; }
  const std::vector<int>& inputs() const { return inputs_; }
  const std::vector<int>& outputs() const { return outputs_; }
  int find(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? nowhere : found->second;
  }

 private:
  int define(const std::string& name, int producer) {
    const auto [at, is_new] = numbers_.emplace(name, static_cast<int>(names_.size()));
    if (!is_new) {
      problems_.add({"there are two tensors of the name ", in_quotes(name)});
      return at->second;
    }
    names_.push_back(name);
    producers_.push_back(producer);
    return at->second;
  }

  void number_values() {
    for (const graph_input& input : source_.inputs) {
      if (source_.constants.contains(input.name)) continue;  // what a file gives for an input is its value
      inputs_.push_back(define(input.name, nowhere));
    }
    for (const auto& [name, value] : source_.constants) define(name, nowhere);
    for (graph_node& node : source_.nodes) {
      nodes_.push_back({.node = std::move(node)});
      for (const std::string& output : nodes_.back().node.outputs)
        nodes_.back().outputs.push_back(output.empty() ? nowhere : define(output, static_cast<int>(nodes_.size()) - 1));
    }
    source_.nodes.clear();
  }

  void connect() {
    for (net_node& n : nodes_) {
      for (const std::string& input : n.node.inputs) {
        const int value = input.empty() ? nowhere : find(input);
        if (value == nowhere && !input.empty())
          problems_.add({node_text(n.node), " reads ", in_quotes(input), ", which nothing makes"});
        n.inputs.push_back(value);
      }
    }
    if (source_.outputs.empty()) problems_.add({"it has no outputs"});
    for (const std::string& output : source_.outputs) {
      outputs_.push_back(find(output));
      if (outputs_.back() == nowhere) problems_.add({"nothing makes the output ", in_quotes(output)});
    }
  }

  /// Leaves out what no output follows from.
  void keep_needed() {
    std::vector<bool> needed(nodes_.size());
    std::vector<int> open = outputs_;
    while (!open.empty()) {
      const int value = open.back();
      open.pop_back();
      const int producer = value == nowhere ? nowhere : producers_[static_cast<std::size_t>(value)];
      if (producer == nowhere || needed[static_cast<std::size_t>(producer)]) continue;
      needed[static_cast<std::size_t>(producer)] = true;
      const net_node& node = nodes_[static_cast<std::size_t>(producer)];
      open.insert(open.end(), node.inputs.begin(), node.inputs.end());
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (needed[i]) {
        for (const int output : nodes_[i].outputs)
          if (output != nowhere) producers_[static_cast<std::size_t>(output)] = static_cast<int>(kept);
        if (kept != i) nodes_[kept] = std::move(nodes_[i]);
        ++kept;
      }
    nodes_.resize(kept);
  }

  void check_operations() {
    for (net_node& n : nodes_) {
      n.op = find_operation(n.node.op);
      if (!n.op) {
        problems_.add({node_text(n.node), ": there is no such operation"});
        continue;
      }
      const operation& op = *n.op;
      const std::size_t inputs = n.inputs.size();
      if (inputs < op.least_inputs || (op.most_inputs != any_number && inputs > op.most_inputs))
        problems_.add({node_text(n.node), " has ", inputs, inputs == 1 ? " input" : " inputs"});
      for (std::size_t i = 0; i < inputs; ++i)
        if (n.inputs[i] == nowhere && i < op.least_inputs)
          problems_.add({node_text(n.node), ": input ", i, " is missing"});
      if (n.outputs.empty() || (op.most_outputs != any_number && n.outputs.size() > op.most_outputs))
        problems_.add({node_text(n.node), " has ", n.outputs.size(), n.outputs.size() == 1 ? " output" : " outputs"});
      for (const auto& [name, setting] : n.node.attributes)
        if (!has_attribute(op, name)) problems_.add({node_text(n.node), " has no attribute ", in_quotes(name)});
    }
  }

  /// Each node behind those that it reads from; otherwise as they stand.
  void sort() {
    std::vector<int> missing(nodes_.size());
    std::vector<std::vector<int>> readers(nodes_.size());
    std::vector<int> ready;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const int input : nodes_[i].inputs) {
        const int producer = input == nowhere ? nowhere : producers_[static_cast<std::size_t>(input)];
        if (producer == nowhere) continue;
        readers[static_cast<std::size_t>(producer)].push_back(static_cast<int>(i));
        ++missing[i];
      }
      if (missing[i] == 0) ready.push_back(static_cast<int>(i));
    }
    std::vector<net_node> sorted;
    const auto later = std::greater<int>();  // a heap whose top is the first of the file
    std::make_heap(ready.begin(), ready.end(), later);
    while (!ready.empty()) {
      std::pop_heap(ready.begin(), ready.end(), later);
      const auto i = static_cast<std::size_t>(ready.back());
      ready.pop_back();
      sorted.push_back(std::move(nodes_[i]));
      for (const int reader : readers[i])
        if (--missing[static_cast<std::size_t>(reader)] == 0) {
          ready.push_back(reader);
          std::push_heap(ready.begin(), ready.end(), later);
        }
    }
    for (std::size_t i = 0; i < missing.size(); ++i)
      if (missing[i] > 0)
        problems_.add({node_text(nodes_[i].node), " waits for its own result: the graph has a cycle"});
    problems_.raise_if_any();
    nodes_ = std::move(sorted);
  }

  graph source_;
  std::vector<std::string> names_;
  std::vector<int> producers_;
  std::map<std::string, int, std::less<>> numbers_;
  std::vector<net_node> nodes_;
  std::vector<int> inputs_, outputs_;
  problems problems_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
