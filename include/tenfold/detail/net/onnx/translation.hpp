// A graph on its way from ONNX's messages: what is known of its tensors, what cannot be done, and the node at hand as
// the functions that translate operators (operators.hpp) see it.
#pragma once

#include <tenfold/detail/net/onnx/tensors.hpp>
#include <tenfold/detail/net/reasons.hpp>

#include <set>
#include <unordered_map>
#include <unordered_set>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// What is known of a tensor of the file.
struct facts {
  std::optional<dtype> type;
  std::optional<std::size_t> rank;
  const tensor_message* weight = nullptr;  // not yet read
  std::optional<constant> value;
  bool defined = false;  // by an input, a weight or a node before
};

/// The graph that is being made.
class translation {
 public:
  translation(index_t version, tensor_reader tensors, budget& memory)
      : opset(version), tensors_(std::move(tensors)), memory_(memory) {}

  /// A line of the error that is raised at the end.
  void problem(const std::string& text) { problems_.add(text); }
  void raise_problems() const { problems_.raise_if_any(); }

  facts& of(const std::string& tensor) { return tensors_by_name_[tensor]; }
  const facts* find(const std::string& tensor) const {
    const auto found = tensors_by_name_.find(tensor);
    return found == tensors_by_name_.end() ? nullptr : &found->second;
  }
  /// Marks a tensor as there for the nodes that follow.
  facts& define(const std::string& tensor) {
    memory_.take(static_cast<index_t>(tensor.size() + sizeof(facts) + 4 * sizeof(void*)));
    facts& f = of(tensor);
    if (f.defined) raise({"the tensor ", in_quotes(tensor), " is there twice"});
    f.defined = true;
    return f;
  }

  /// A name that no tensor of the file has; those of the file were all given to of() at first.
  std::string fresh(const std::string& base) { return fresh_in(tensors_by_name_, base); }

  /// The elements of a weight; none of anything else.
  const constant* value_of(const std::string& tensor) {
    const auto found = tensors_by_name_.find(tensor);
    if (found == tensors_by_name_.end()) return nullptr;
    facts& f = found->second;
    if (!f.value && f.weight) f.value = read_weight(tensor, *f.weight);
    return f.value ? &*f.value : nullptr;
  }
  /// A tensor as an attribute has it.
  constant read_tensor_of(std::string_view message) { return tensors_.read(read_tensor(message, memory_)); }

  std::string add_constant(const std::string& base, constant value) {
    std::string name = fresh(base);
    define_constant(name, std::move(value));
    return name;
  }
  void define_constant(const std::string& name, constant value) {
    facts& f = define(name);
    f.type = value.type();
    f.rank = value.shape().size();
    f.value = std::move(value);
  }

  /// What a node or the graph's end makes use of: a weight becomes a part of the graph then.
  void use(const std::string& tensor) {
    if (const constant* const weight = value_of(tensor)) result.constants.try_emplace(tensor, *weight);
  }
  void add_node(graph_node node) {
    for (const std::string& input : node.inputs) use(input);
    memory_.take(static_cast<index_t>(2 * sizeof(graph_node) + 64 * (node.inputs.size() + node.outputs.size())));
    node.name = fresh_in(node_names_, node.name);
    node_names_.insert(node.name);
    result.nodes.push_back(std::move(node));
  }

  const index_t opset;
  graph result;

 private:
  constant read_weight(const std::string& name, const tensor_message& message) const {
    try {
      return tensors_.read(message);
    } catch (const error& e) {
      raise({"the tensor ", in_quotes(name), ": ", e.what()});
    }
  }
  template <class Names>
  std::string fresh_in(const Names& names, const std::string& base) {
    std::string name = base;
    while (names.contains(name)) name = join({base, "_", ++counter_});
    return name;
  }

  tensor_reader tensors_;
  budget& memory_;
  std::unordered_map<std::string, facts> tensors_by_name_;
  std::unordered_set<std::string> node_names_;
  reasons problems_;
  index_t counter_ = 0;
};

/// A node of the file while it is being translated.
class onnx_node {
 public:
  onnx_node(translation& whole, const node_message& message, std::string name, const char* operation)
      : as(operation),
        opset(whole.opset),
        whole_(whole),
        message_(message),
        name_(std::move(name)),
        used_attributes_(message.attributes.size()),
        used_outputs_(message.outputs.size()) {}

  const char* const as;  // the operation that the table names, where it names one
  const index_t opset;

  // ------------------------------------------------------------------------------------------------------ tensors
  bool has_input(std::size_t i) const { return i < message_.inputs.size() && !message_.inputs[i].empty(); }
  /// Its name; "" where it is left out.
  std::string input(std::size_t i) const {
    return i < message_.inputs.size() ? std::string(message_.inputs[i]) : std::string();
  }
  std::vector<std::string> inputs() const { return {message_.inputs.begin(), message_.inputs.end()}; }
  bool wants_output(std::size_t i) const { return i < message_.outputs.size() && !message_.outputs[i].empty(); }
  std::string output(std::size_t i = 0) {
    if (i >= message_.outputs.size()) return {};
    used_outputs_[i] = true;
    return std::string(message_.outputs[i]);
  }
  std::size_t output_count() const { return message_.outputs.size(); }
  /// The elements of an input that is a weight; none of others.
  const constant* value(std::size_t i) { return has_input(i) ? whole_.value_of(input(i)) : nullptr; }
  std::optional<std::size_t> rank(std::size_t i) const {
    const facts* const f = has_input(i) ? whole_.find(input(i)) : nullptr;
    return f ? f->rank : std::nullopt;
  }
  std::optional<dtype> type(const std::string& tensor) const {
    const facts* const f = whole_.find(tensor);
    return f ? f->type : std::nullopt;
  }
  std::optional<dtype> type(std::size_t i) const { return type(input(i)); }
  bool is_integer(std::size_t i) const {
    const std::optional<dtype> t = type(i);
    return t && *t != dtype::float32 && *t != dtype::float64;
  }

  // --------------------------------------------------------------------------------------------------- attributes
  bool has(std::string_view attribute) const { return index_of(attribute) < message_.attributes.size(); }
  /// One that says nothing about the result.
  void ignore(std::string_view attribute) { find(attribute); }
  index_t integer(std::string_view attribute, index_t otherwise) {
    const attribute_message* const a = find(attribute, 2);
    return a ? a->integer.value_or(0) : otherwise;
  }
  double number(std::string_view attribute, double otherwise) {
    const attribute_message* const a = find(attribute, 1);
    return a ? decimal(a->number.value_or(0)) : otherwise;
  }
  std::string text(std::string_view attribute, const char* otherwise) {
    const attribute_message* const a = find(attribute, 3);
    return a ? std::string(a->text.value_or("")) : otherwise;
  }
  std::optional<std::vector<index_t>> integers(std::string_view attribute) {
    const attribute_message* const a = find(attribute, 7);
    return a ? std::optional(a->integers) : std::nullopt;
  }
  std::optional<std::vector<float>> numbers(std::string_view attribute) {
    const attribute_message* const a = find(attribute, 6);
    return a ? std::optional(a->numbers) : std::nullopt;
  }
  std::optional<constant> tensor_of(std::string_view attribute) {
    const attribute_message* const a = find(attribute, 4);
    if (!a || !a->tensor) return std::nullopt;
    return whole_.read_tensor_of(*a->tensor);
  }

  // ------------------------------------------------------------------------------------------------------ results
  /// A node of the graph, with these outputs.
  void add_node(const std::string& op, std::vector<std::string> from, std::vector<std::string> outputs,
                tenfold::attributes settings = {}) {
    while (!from.empty() && from.back().empty()) from.pop_back();
    while (!outputs.empty() && outputs.back().empty()) outputs.pop_back();
    infer(op, from, outputs, settings);
    whole_.add_node({name_, op, std::move(from), std::move(outputs), std::move(settings)});
  }
  /// One with an output of its own, which it returns.
  std::string step(const std::string& op, std::vector<std::string> from, tenfold::attributes settings = {}) {
    std::string result = whole_.fresh(name_ + '/' + op);
    whole_.define(result);
    infer(op, from, {result}, settings);
    whole_.add_node({result, op, std::move(from), {result}, std::move(settings)});
    return result;
  }
  std::string add_constant(constant value) { return whole_.add_constant(name_ + "/constant", std::move(value)); }
  std::string integer_list(const std::vector<index_t>& list) {
    return add_constant(constant(tensor<index_t>({static_cast<index_t>(list.size())}, list.data())));
  }
  template <class T>
  std::string scalar(T value) {
    return add_constant(constant(tensor<T>(shape{}, {value})));
  }
  /// A number of the same type as that tensor.
  std::string scalar_like(const std::string& of, double value) {
    return with_dtype(type(of).value_or(dtype::float32), [&]<class T>(T) { return scalar(static_cast<T>(value)); });
  }
  void define_constant(const std::string& output, constant value) {
    facts& f = whole_.of(output);
    f.type = value.type();
    f.rank = value.shape().size();
    f.value = std::move(value);
  }

  /// Something about this node that cannot be done.
  void problem(std::initializer_list<text_part> parts) { whole_.problem(join({prefix(), join(parts)})); }
  std::string prefix() const { return join({"node ", in_quotes(name_), " (", quoted_op(), "): "}); }
  /// What the translation has not asked for is a problem.
  void check_all_used() {
    for (std::size_t i = 0; i < used_attributes_.size(); ++i)
      if (!used_attributes_[i]) problem({"attribute ", in_quotes(message_.attributes[i].name), " is not supported"});
    for (std::size_t i = 0; i < used_outputs_.size(); ++i)
      if (!used_outputs_[i] && !message_.outputs[i].empty())
        problem({"output ", i, " (", in_quotes(message_.outputs[i]), ") is not supported"});
  }

 private:
  std::string quoted_op() const {
    const std::string text = in_quotes(message_.op), op = text.substr(1, text.size() - 2);
    const bool own = message_.domain.empty() || message_.domain == "ai.onnx";
    return own ? op : join({op, " of the domain ", in_quotes(message_.domain)});
  }

  /// The number that a float's shortest decimal says: 1e-05 rather than 9.99999974737875163555e-06.
  static double decimal(float number) {
    char text[32];
    const auto [end, failed] = std::to_chars(text, text + sizeof(text), number);
    double result = number;
    if (failed == std::errc()) std::from_chars(text, end, result);
    return result;
  }

  std::size_t index_of(std::string_view attribute) const {
    std::size_t i = 0;
    while (i < message_.attributes.size() && message_.attributes[i].name != attribute) ++i;
    return i;
  }

  /// The attribute, which has to be of that AttributeProto.AttributeType where it is not 0.
  const attribute_message* find(std::string_view attribute, std::int64_t type = 0) {
    const std::size_t i = index_of(attribute);
    if (i == message_.attributes.size()) return nullptr;
    used_attributes_[i] = true;
    const attribute_message& a = message_.attributes[i];
    if (type == 0) return &a;
    constexpr const char* names[] = {"", "a float", "an integer", "a text", "a tensor", "", "floats", "integers"};
    if (a.other || (a.type != 0 && a.type != type)) raise({"attribute ", attribute, " has to be ", names[type]});
    return &a;
  }

  /// What follows of the outputs' types and ranks, as far as a later node may ask.
  void infer(const std::string& op, const std::vector<std::string>& from, const std::vector<std::string>& outputs,
             const tenfold::attributes& settings);

  translation& whole_;
  const node_message& message_;
  std::string name_;
  std::vector<bool> used_attributes_, used_outputs_;
};

inline bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const std::string_view w : words)
    if (word == w) return true;
  return false;
}

/// The type of an operation's first output, by those of its inputs.
inline std::optional<dtype> type_of_result(const std::string& op, const std::vector<std::optional<dtype>>& inputs,
                                           const tenfold::attributes& settings) {
  if (is_one_of(op, {"equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
                     "logical_xor", "logical_not"}))
    return dtype::boolean;
  if (is_one_of(op, {"shape", "numel", "argmax", "argmin"})) return dtype::int64;
  if (op == "cast")
    for (int i = 0; i < 8; ++i)
      if (std::get<std::string>(settings.at("to")) == name_of(static_cast<dtype>(i))) return static_cast<dtype>(i);
  const std::size_t typed = is_one_of(op, {"where", "constant_of_shape"}) ? 1 : 0;
  return typed < inputs.size() ? inputs[typed] : std::nullopt;
}

/// Its rank.
inline std::optional<std::size_t> rank_of_result(const std::string& op,
                                                 const std::vector<std::optional<std::size_t>>& inputs) {
  if (op == "shape") return 1;
  if (op == "numel") return 0;
  if (op == "onnx_flatten") return 2;
  if (is_one_of(op, {"add", "sub", "mul", "div", "maximum", "minimum"}) && inputs.size() == 2) {
    if (inputs[0] && inputs[1]) return (std::max)(*inputs[0], *inputs[1]);
    return std::nullopt;
  }
  if (is_one_of(op, {"conv1d",
                     "conv2d",
                     "conv_transpose1d",
                     "conv_transpose2d",
                     "max_pool1d",
                     "max_pool2d",
                     "max_unpool1d",
                     "max_unpool2d",
                     "avg_pool1d",
                     "avg_pool2d",
                     "batch_norm",
                     "instance_norm",
                     "group_norm",
                     "layer_norm",
                     "relu",
                     "sigmoid",
                     "tanh",
                     "silu",
                     "hardswish",
                     "leaky_relu",
                     "prelu",
                     "elu",
                     "gelu",
                     "hardsigmoid",
                     "clamp",
                     "softplus",
                     "softmax",
                     "log_softmax",
                     "cat",
                     "split",
                     "slice",
                     "pad",
                     "permute",
                     "cast",
                     "identity",
                     "onnx_resize",
                     "depth_to_space",
                     "space_to_depth",
                     "neg",
                     "abs",
                     "exp",
                     "log",
                     "sqrt",
                     "tile",
                     "gemm"}))
    return inputs.empty() ? std::nullopt : inputs[0];
  return std::nullopt;
}

inline void onnx_node::infer(const std::string& op, const std::vector<std::string>& from,
                             const std::vector<std::string>& outputs, const tenfold::attributes& settings) {
  std::vector<std::optional<dtype>> types;
  std::vector<std::optional<std::size_t>> ranks;
  for (const std::string& name : from) {
    const facts* const f = whole_.find(name);
    types.push_back(f ? f->type : std::nullopt);
    ranks.push_back(f ? f->rank : std::nullopt);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].empty()) continue;
    facts& f = whole_.of(outputs[i]);
    if (!f.type) f.type = i == 1 && op.starts_with("max_pool") ? dtype::int64 : type_of_result(op, types, settings);
    if (!f.rank) f.rank = rank_of_result(op, ranks);
  }
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
