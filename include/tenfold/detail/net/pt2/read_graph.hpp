// A saved program of PyTorch as a graph: its archive, read and translated node by node.
#pragma once

#include <tenfold/detail/net/pt2/operators.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2 {

inline constexpr const char* model_record = "models/model.json";

/// The name by which errors and the graph know a node: its own, or one that says where it stands.
inline std::string name_of_node(const json& node, std::size_t i) {
  if (const json* const name = find(node, "name"); name && name->is_string() && !name->empty())
    return name->get<std::string>();
  return join({"node ", i});
}

inline std::string name_of_argument(const json& argument, const char* kind) {
  const json* const found = find(argument, kind);
  return found ? text_of(member(*found, "name"), "name") : std::string();
}

inline void define_user_input(const json& argument, translation& to, budget& memory) {
  const std::string name = name_of_argument(argument, "as_tensor");
  if (name.empty()) {
    if (const json* const size = find(argument, "as_sym_int"))
      to.problem(join({"input ", in_quotes(text_of(member(*size, "as_name"), "name")),
                       ": it is a number, which is not supported"}));
    return;  // a number that the program has taken in
  }
  const facts& f = to.define(name);
  if (!f.type || !f.sizes) {
    const json* const from = to.meta(name);
    if (!from) raise({"input ", in_quotes(name), " has no description"});
    const std::string type = name_of_scalar_type(read_meta(*from, memory).scalar_type);
    return to.problem(join({"input ", in_quotes(name), ": its type is ", type, ", which is not supported"}));
  }
  graph_input input{name, *f.type};
  for (const index_t size : *f.sizes)
    if (size < -1) raise({"input ", in_quotes(name), " has the size ", size});
  input.sizes = shape(std::span<const index_t>(*f.sizes));
  to.result.inputs.push_back(std::move(input));
}

/// What the caller brings, and the weights.
inline void define_inputs(const json& signature, translation& to, budget& memory) {
  for (const json& spec : list_in(signature, "input_specs")) {
    if (const json* const user = find(spec, "user_input")) {
      define_user_input(member(*user, "arg"), to, memory);
      continue;
    }
    bool known = find(spec, "constant_input") != nullptr;
    for (const char* kind : {"parameter", "buffer", "tensor_constant"})
      if (const json* const weight = find(spec, kind)) {
        known = true;
        facts& f = to.define(text_of(member(member(*weight, "arg"), "name"), "name"));
        f.weight = text_of(member(*weight, (std::string(kind) + "_name").c_str()), "name");
        if (f.weight.empty()) raise("a weight has no name");
      }
    if (!known) to.problem("an input is of a kind that is not supported");
  }
}

inline void translate(const json& message, std::size_t i, translation& to) {
  pt2_node node(to, message, name_of_node(message, i));
  if (is_assertion(node.target())) return;
  const found_translator found = find_translator(node.target());
  try {
    if (!found.entry) raise("the operator is not supported");
    if (node.outputs().empty()) raise("it has no output");
    node.as = found.entry->as;
    found.entry->translate(node);
    node.check_all_used();
    const std::string first = node.first_tensor();
    if (found.writes && !first.empty()) to.overwrite(first, node.name());
    if (!found.writes && found.entry->shares_memory && !first.empty())
      for (const std::string& output : node.outputs()) to.share(output, first);
  } catch (const error& e) {
    node.problem({e.what()});
    for (const std::string& output : node.outputs()) to.give_up(output);
  }
}

inline void define_outputs(const json& signature, translation& to) {
  for (const json& spec : list_in(signature, "output_specs")) {
    const json* const user = find(spec, "user_output");
    const json* const argument = user ? find(*user, "arg") : nullptr;
    const std::string name = argument ? name_of_argument(*argument, "as_tensor") : std::string();
    if (name.empty()) {
      to.problem("an output is of a kind that is not supported: buffers and inputs that it changes, numbers, or None");
      continue;
    }
    if (!to.find_facts(name)) raise({"nothing makes the output ", in_quotes(name)});
    to.check_not_overwritten(name);
    to.use(name);
    to.result.outputs.push_back(name);
  }
  if (to.result.outputs.empty()) to.problem("it has no outputs");
}

/// The graph of a program's archive.
inline graph read_graph(const owned_bytes& bytes, budget& memory) {
  archive from(bytes, memory);
  if (from.contains("byteorder") && from.text("byteorder") != "little")
    raise("its weights are not little-endian, which is not supported");
  if (!from.contains(model_record))
    raise({"there is no record ", in_quotes(model_record), ": torch.export.save writes one"});
  const json model = read_json(from.text(model_record), model_record, memory);
  const json& module = member(model, "graph_module");
  const json& program = member(module, "graph");
  translation to(program, weight_reader(from, memory), memory);
  define_inputs(member(module, "signature"), to, memory);
  const json& nodes = list_in(program, "nodes");
  for (std::size_t i = 0; i < nodes.size(); ++i) translate(nodes[i], i, to);
  define_outputs(member(module, "signature"), to);
  to.raise_problems();
  return std::move(to.result);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2
