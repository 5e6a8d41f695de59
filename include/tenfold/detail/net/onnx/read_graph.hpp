// A model of ONNX as a graph: its messages, read and translated node by node.
#pragma once

#include <tenfold/detail/net/onnx/operators.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// read(), whose errors begin with the model's name.
template <class Read>
graph from_model(const std::string& name, const Read& read) {
  return with_source(name, [&] {
    try {
      return read();
    } catch (const protozero::exception& e) {
      raise({"it is not a model of ONNX, or damaged (", e.what(), ")"});
    }
  });
}

inline void check_opset(const model_message& model) {
  if (!model.graph) raise("it is not a model of ONNX: there is no graph");
  if (!model.opset) raise("it does not say which version of ONNX's operators it has");
  if (*model.opset < 7) raise({"it has version ", *model.opset, " of the operators; 7 is the first that is supported"});
}

/// Tells the translation all names of the file, so that a new one is none of them, and the types that it states.
inline void introduce(const graph_message& g, translation& to, budget& memory) {
  const auto mention = [&](std::string_view name) -> facts& {
    memory.take(static_cast<index_t>(name.size() + sizeof(facts) + 4 * sizeof(void*)));
    return to.of(std::string(name));
  };
  for (const node_message& node : g.nodes) {
    for (const std::string_view name : node.outputs) mention(name);
    for (const std::string_view name : node.inputs) mention(name);
  }
  for (const std::vector<value_message>* const list : {&g.values, &g.inputs, &g.outputs})
    for (const value_message& value : *list) {
      facts& f = mention(value.name);
      f.type = dtype_of_element(value.type);
      if (value.sizes) f.rank = value.sizes->size();
    }
}

inline void define_weights(const graph_message& g, translation& to) {
  for (const tensor_message& t : g.tensors) {
    if (t.name.empty()) raise("a weight has no name");
    facts& f = to.define(std::string(t.name));
    f.weight = &t;
    f.rank = t.sizes.size();
    f.type = dtype_of_element(t.type);
    if (f.type == dtype::float16 || f.type == dtype::bfloat16) f.type = dtype::float32;
  }
  if (g.has_sparse_tensors) to.problem("weights that are sparse are not supported");
}

/// What the caller brings; an input that has a weight's name stands for the weight, as it does in old files.
inline void define_inputs(const graph_message& g, translation& to) {
  for (const value_message& value : g.inputs) {
    const std::string name(value.name);
    if (const facts* const f = to.find(name); f && f->weight) continue;
    if (name.empty()) raise("an input has no name");
    to.define(name);
    const std::optional<dtype> type = dtype_of_element(value.type);
    if (!value.is_tensor || !type || *type == dtype::float16 || *type == dtype::bfloat16) {
      to.problem(join({"input ", in_quotes(name), ": its type is ",
                       value.is_tensor ? name_of_element(value.type) : "no tensor", ", which is not supported"}));
      continue;
    }
    graph_input input{name, *type};
    if (value.sizes) {
      input.sizes = shape(std::span<const index_t>(*value.sizes));
      for (const index_t size : *value.sizes)
        if (size < -1) raise({"input ", in_quotes(name), " has the size ", size});
    }
    to.result.inputs.push_back(std::move(input));
  }
}

/// The name by which errors and the graph know a node: its own, or one that says where it stands.
inline std::string name_of_node(const node_message& node, std::size_t i) {
  if (!node.name.empty()) return std::string(node.name);
  if (!node.outputs.empty() && !node.outputs[0].empty()) return std::string(node.outputs[0]);
  return join({"node ", i});
}

inline void check_inputs(const node_message& node, const translator& t, const translation& to) {
  if (node.inputs.size() < t.least_inputs || (t.most_inputs > 0 && node.inputs.size() > t.most_inputs))
    raise({"it has ", node.inputs.size(), " inputs"});
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const std::string name(node.inputs[i]);
    if (name.empty() && (i < t.least_inputs || t.most_inputs == 0)) raise({"input ", i, " is missing"});
    const facts* const f = to.find(name);
    if (!name.empty() && !(f && f->defined))
      raise({"input ", i, " is ", in_quotes(name), ", which no input, weight or node before makes"});
  }
}

inline void translate(const node_message& message, std::size_t i, translation& to) {
  const bool own = message.domain.empty() || message.domain == "ai.onnx";
  const translator* const t = own ? find_translator(message.op) : nullptr;
  onnx_node node(to, message, name_of_node(message, i), t ? t->as : "");
  try {
    if (t) {
      check_inputs(message, *t, to);
      if (!node.wants_output(0)) raise("it has no output");
      for (const std::string_view name : message.outputs)
        if (!name.empty()) to.define(std::string(name));
      t->translate(node);
      node.check_all_used();
      return;
    }
    node.problem({"the operator is not supported"});
  } catch (const error& e) {
    node.problem({e.what()});
  }
  for (const std::string_view name : message.outputs) to.of(std::string(name)).defined = true;
}

inline void define_outputs(const graph_message& g, translation& to) {
  for (const value_message& value : g.outputs) {
    const std::string name(value.name);
    const facts* const f = to.find(name);
    if (name.empty() || !f || !f->defined) raise({"nothing makes the output ", in_quotes(name)});
    to.use(name);
    to.result.outputs.push_back(name);
  }
  if (to.result.outputs.empty()) raise("it has no outputs");
}

/// The graph of a model's bytes; `folder` is where files beside it may lie.
inline graph read_graph(const owned_bytes& bytes, const std::filesystem::path& folder, budget& memory) {
  const model_message model = read_model(bytes.bytes, memory);
  check_opset(model);
  external_files files(folder, memory);
  translation to(*model.opset, tensor_reader(bytes, files, memory), memory);
  introduce(*model.graph, to, memory);
  define_weights(*model.graph, to);
  define_inputs(*model.graph, to);
  for (std::size_t i = 0; i < model.graph->nodes.size(); ++i) translate(model.graph->nodes[i], i, to);
  define_outputs(*model.graph, to);
  to.raise_problems();
  return std::move(to.result);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
