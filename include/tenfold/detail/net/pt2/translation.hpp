// A graph on its way from a saved program: what is known of its tensors, what cannot be done, and the node at hand as
// the functions that translate operators (operators.hpp) see it.
#pragma once

#include <tenfold/detail/net/pt2/tensors.hpp>
#include <tenfold/detail/net/reasons.hpp>

#include <unordered_map>
#include <unordered_set>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2 {

/// What is known of a value of the program, or of one that a translation has added.
struct facts {
  std::optional<dtype> type = std::nullopt;
  std::optional<std::vector<index_t>> sizes = std::nullopt;  // -1 where a symbol stands
  std::string weight = {};                                   // its name in the archive, not yet read
  std::string memory = {};  // the value whose elements this one shares; its own name where it shares none
};

/// The graph that is being made.
class translation {
 public:
  translation(const json& program_graph, weight_reader weights, budget& memory)
      : metas_(member(program_graph, "tensor_values")),
        size_values_(find(program_graph, "sym_int_values")),
        weights_(std::move(weights)),
        memory_(memory) {}

  /// A line of the error that is raised at the end.
  void problem(const std::string& text) { problems_.add(text); }
  void raise_problems() const { problems_.raise_if_any(); }

  /// A value of the program that is there from now on, with what the program says of it.
  facts& define(const std::string& name) {
    if (name.empty()) raise("a value has no name");
    facts& f = add(name);
    if (const json* const from = find(metas_, name)) {
      tensor_meta m = read_meta(*from, memory_);
      f.type = m.type();
      f.sizes = std::move(m.sizes);
    } else if (size_values_ && find(*size_values_, name)) {
      f.type = dtype::int64;
      f.sizes.emplace();
    }
    return f;
  }
  const facts* find_facts(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }
  const json* meta(const std::string& name) const { return find(metas_, name); }
  /// In the program's own memory; none of a value that a translation has added.
  std::vector<index_t> strides(const std::string& name) const {
    const json* const from = meta(name);
    return from ? read_meta(*from, memory_).strides : std::vector<index_t>();
  }
  /// Values that cannot be made are made by nothing, but told once.
  void give_up(const std::string& name) {
    if (!name.empty() && !values_.contains(name)) define(name);
  }

  // --------------------------------------------------------------------------------------------------- shared elements
  void share(const std::string& view, const std::string& of) {
    const auto from = values_.find(of), to = values_.find(view);
    if (from != values_.end() && to != values_.end()) to->second.memory = from->second.memory;
  }
  void overwrite(const std::string& name, const std::string& node) {
    if (const auto found = values_.find(name); found != values_.end()) overwritten_[found->second.memory] = node;
  }
  void check_not_overwritten(const std::string& name) const {
    const auto found = overwritten_.find(values_.at(name).memory);
    if (found != overwritten_.end())
      raise({"it reads ", in_quotes(name), ", whose elements node ", in_quotes(found->second), " has overwritten"});
  }

  // ----------------------------------------------------------------------------------------------------------- results
  /// A name of no value of the program and of none that was made before.
  std::string fresh(const std::string& base) {
    std::string name = base;
    while (values_.contains(name) || metas_.contains(name)) name = join({base, "_", ++counter_});
    return name;
  }
  std::string add_constant(const std::string& base, constant value) {
    std::string name = fresh(base);
    facts& f = add(name);
    f.type = value.type();
    f.sizes.emplace(value.shape().begin(), value.shape().end());
    memory_.take(value.shape().elements(), static_cast<std::size_t>(bytes_of(value.type())));
    result.constants.emplace(name, std::move(value));
    return name;
  }
  std::string add_value(const std::string& base, std::optional<dtype> type) {
    std::string name = fresh(base);
    add(name).type = type;
    return name;
  }
  /// What a node or the graph's end makes use of: a weight becomes a part of the graph then.
  void use(const std::string& name) {
    const std::string& weight = values_.at(name).weight;
    if (weight.empty() || result.constants.contains(name)) return;
    result.constants.emplace(
        name, with_source(join({"the weight ", in_quotes(weight)}), [&] { return weights_.read(weight); }));
  }
  void add_node(graph_node node) {
    for (const std::string& input : node.inputs)
      if (!input.empty()) use(input);
    memory_.take(static_cast<index_t>(2 * sizeof(graph_node) + 64 * node.inputs.size() + 192 * node.outputs.size()));
    while (!node_names_.insert(node.name).second) node.name = join({node.name, "_", ++counter_});
    for (const std::string& output : node.outputs) makers_[output] = result.nodes.size();
    result.nodes.push_back(std::move(node));
  }
  /// The node that makes a value; null where none does.
  const graph_node* maker(const std::string& name) const {
    const auto found = makers_.find(name);
    return found == makers_.end() ? nullptr : &result.nodes[found->second];
  }

  graph result;

 private:
  facts& add(const std::string& name) {
    memory_.take(static_cast<index_t>(3 * name.size() + sizeof(facts) + 8 * sizeof(void*)));
    const auto [at, is_new] = values_.try_emplace(name);
    if (!is_new) raise({"the value ", in_quotes(name), " is there twice"});
    at->second.memory = name;
    return at->second;
  }

  const json& metas_;
  const json* size_values_;
  weight_reader weights_;
  budget& memory_;
  std::unordered_map<std::string, facts> values_;
  std::unordered_map<std::string, std::string> overwritten_;  // by which node
  std::unordered_set<std::string> node_names_;
  std::unordered_map<std::string, std::size_t> makers_;
  reasons problems_;
  index_t counter_ = 0;
};

/// An integer of an argument: a number, or the value of that name, which the graph makes of sizes.
struct size_element {
  index_t number = 0;
  std::string name = {};
};

/// A node of the program while it is being translated.
class pt2_node {
 public:
  pt2_node(translation& whole, const json& message, std::string name)
      : whole_(whole),
        inputs_(list_in(message, "inputs")),
        name_(std::move(name)),
        target_(text_of(member(message, "target"), "target")),
        used_(inputs_.size()) {
    for (const json& output : list_in(message, "outputs")) add_outputs(output);
  }

  const char* as = "";  // the operation that the table names, where it names one

  const std::string& name() const { return name_; }
  const std::string& target() const { return target_; }

  // --------------------------------------------------------------------------------------------------------- arguments
  bool has(std::string_view argument) { return find_argument(argument) != nullptr; }
  /// One that says nothing about the result.
  void ignore(std::string_view argument) { find_argument(argument); }

  /// The name of a tensor; "" where there is none.
  std::string tensor(std::string_view argument) {
    const json* const a = find_argument(argument);
    return a ? tensor_of(*a, argument) : std::string();
  }
  std::vector<std::string> tensors(std::string_view argument) {
    const json* const a = find_argument(argument);
    const json* list = a ? find(*a, "as_tensors") : nullptr;
    if (a && !list) list = find(*a, "as_optional_tensors");
    if (!list || !list->is_array()) refuse(argument, "a list of tensors");
    std::vector<std::string> result;
    for (const json& one : *list) {
      if (find(one, "as_none")) {
        result.emplace_back();
        continue;
      }
      const json* const wrapped = find(one, "as_tensor");
      result.push_back(read(text_of(member(wrapped ? *wrapped : one, "name"), "name")));
    }
    return result;
  }

  index_t integer(std::string_view argument, index_t otherwise) {
    const json* const a = find_argument(argument);
    if (!a) return otherwise;
    if (const json* const flag = find(*a, "as_bool"); flag && flag->is_boolean()) return flag->get<bool>();
    const json* const number = find(*a, "as_int");
    if (!number) refuse(argument, "an integer");
    return integer_of(*number, "argument");
  }
  double number(std::string_view argument, double otherwise) {
    const json* const a = find_argument(argument);
    if (!a) return otherwise;
    for (const char* kind : {"as_float", "as_int"})
      if (const json* const number = find(*a, kind)) return number_of(*number, "argument");
    refuse(argument, "a number");
  }
  std::string text(std::string_view argument, const char* otherwise) {
    const json* const a = find_argument(argument);
    if (!a) return otherwise;
    const json* const text = find(*a, "as_string");
    if (!text) refuse(argument, "a text");
    return text_of(*text, "argument");
  }
  bool is_text(std::string_view argument) {
    const json* const a = find_argument(argument);
    return a && find(*a, "as_string");
  }
  /// A list of integers, or one alone as a list.
  std::optional<std::vector<index_t>> integers(std::string_view argument) {
    const json* const a = find_argument(argument);
    if (!a) return std::nullopt;
    std::vector<index_t> result;
    for (const size_element& e : elements(argument)) {
      if (!e.name.empty())
        raise({"argument ", argument, " depends on sizes that are not known, which is not supported"});
      result.push_back(e.number);
    }
    return result;
  }
  std::optional<std::vector<double>> numbers(std::string_view argument) {
    const json* const a = find_argument(argument);
    if (!a) return std::nullopt;
    const json* const list = find(*a, "as_floats");
    if (!list || !list->is_array()) refuse(argument, "a list of numbers");
    std::vector<double> result;
    for (const json& number : *list) result.push_back(number_of(number, "argument"));
    return result;
  }
  /// The same with sizes that the graph knows when it is planned.
  std::vector<size_element> elements(std::string_view argument) {
    const json* const a = find_argument(argument);
    if (!a) raise({"argument ", argument, " is missing"});
    for (const char* kind : {"as_int", "as_sym_int"})
      if (const json* const one = find(*a, kind)) return {element_of(*one)};
    const json* list = find(*a, "as_ints");
    if (!list) list = find(*a, "as_sym_ints");
    if (!list || !list->is_array()) refuse(argument, "a list of integers");
    std::vector<size_element> result;
    for (const json& one : *list) result.push_back(element_of(one));
    return result;
  }

  /// A tensor or a number as a tensor of that type.
  std::string operand(std::string_view argument, dtype type) {
    const json* const a = find_argument(argument);
    if (!a) raise({"argument ", argument, " is missing"});
    if (const json* const flag = find(*a, "as_bool"); flag && flag->is_boolean())
      return scalar(type, flag->get<bool>());
    if (const json* const number = find(*a, "as_int")) return scalar(type, integer_of(*number, "argument"));
    if (const json* const number = find(*a, "as_float")) return scalar(type, number_of(*number, "argument"));
    if (const json* const size = find(*a, "as_sym_int")) {
      const size_element e = element_of(*size);
      return e.name.empty() ? scalar(type, e.number) : as_type(e.name, type);
    }
    return as_type(tensor_of(*a, argument), type);
  }
  /// The type of an argument's tensor; none of a number.
  std::optional<dtype> type_of_tensor(std::string_view argument) {
    const json* const a = find_argument(argument);
    return a && find(*a, "as_tensor") ? std::optional(type(tensor(argument))) : std::nullopt;
  }
  bool is_float(std::string_view argument) {
    const json* const a = find_argument(argument);
    return a && find(*a, "as_float");
  }
  /// The tensor that an operator works on: "" where its first argument is none.
  std::string first_tensor() {
    if (inputs_.empty()) return {};
    const json* const found = find(member(inputs_[0], "arg"), "as_tensor");
    return found ? text_of(member(*found, "name"), "name") : std::string();
  }
  /// The name of the argument at that place: Python's own operators do not name theirs.
  void name_arguments(std::initializer_list<const char*> names) { positional_.assign(names.begin(), names.end()); }

  // ----------------------------------------------------------------------------------------------------------- tensors
  dtype type(const std::string& tensor) const {
    const facts* const f = whole_.find_facts(tensor);
    if (!f || !f->type) raise({"the type of ", in_quotes(tensor), " is not supported"});
    return *f->type;
  }
  const std::vector<index_t>& sizes(const std::string& tensor) const {
    const facts* const f = whole_.find_facts(tensor);
    if (!f || !f->sizes) raise({"the shape of ", in_quotes(tensor), " is not known"});
    return *f->sizes;
  }
  std::vector<index_t> strides(const std::string& tensor) const { return whole_.strides(tensor); }
  index_t rank(const std::string& tensor) const { return static_cast<index_t>(sizes(tensor).size()); }
  /// One that may count from behind.
  index_t dim_of(const std::string& tensor, index_t dim) const {
    const index_t all = (std::max)(rank(tensor), index_t{1});
    if (dim < -all || dim >= all) raise({"there is no dimension ", dim, " of ", rank(tensor)});
    return dim < 0 ? dim + all : dim;
  }
  index_t known_size(const std::string& tensor, index_t dim) const {
    const index_t size = rank(tensor) == 0 ? 1 : sizes(tensor)[static_cast<std::size_t>(dim_of(tensor, dim))];
    if (size < 0) raise({"size ", dim, " of ", in_quotes(tensor), " may be any, which is not supported here"});
    return size;
  }

  /// What a value is made of, if an operation of that name makes it: its first input; else "".
  std::string source(const std::string& tensor, std::string_view op) const {
    const graph_node* const node = whole_.maker(tensor);
    return node && node->op == op ? node->inputs[0] : std::string();
  }
  /// Whether it is filled with zeros.
  bool is_zeros(const std::string& tensor) const {
    const graph_node* const node = whole_.maker(tensor);
    if (!node || node->op != "constant_of_shape") return false;
    const auto value = whole_.result.constants.find(node->inputs[1]);
    if (value == whole_.result.constants.end() || value->second.shape().elements() != 1) return false;
    return with_dtype(value->second.type(), [&]<class T>(T zero) { return value->second.view<T>().data()[0] == zero; });
  }

  // ----------------------------------------------------------------------------------------------------------- results
  std::size_t output_count() const { return outputs_.size(); }
  std::string output(std::size_t i = 0) const { return i < outputs_.size() ? outputs_[i] : std::string(); }
  const std::vector<std::string>& outputs() const { return outputs_; }
  dtype result_type(std::size_t i = 0) const {
    const json* const meta = whole_.meta(output(i));
    if (!meta) return dtype::int64;  // a size
    const index_t number = integer_of(member(*meta, "dtype"), "dtype");
    const std::optional<dtype> type = dtype_of_scalar_type(number);
    if (!type) raise({"its result is ", name_of_scalar_type(number), ", which is not supported"});
    return *type;
  }

  /// A node of the graph whose first output is the program's.
  void result(const std::string& op, std::vector<std::string> from, attributes settings = {}, std::size_t i = 0) {
    results(op, std::move(from), {output(i)}, std::move(settings));
  }
  void results(const std::string& op, std::vector<std::string> from, std::vector<std::string> to,
               attributes settings = {}) {
    for (const std::string& name : to)
      if (!name.empty()) whole_.define(name);
    while (!from.empty() && from.back().empty()) from.pop_back();
    whole_.add_node({name_, op, std::move(from), std::move(to), std::move(settings)});
  }
  /// One between, of that type, whose name is returned.
  std::string step(dtype type, const std::string& op, std::vector<std::string> from, attributes settings = {}) {
    std::string made = whole_.add_value(name_ + '/' + op, type);
    while (!from.empty() && from.back().empty()) from.pop_back();
    whole_.add_node({made, op, std::move(from), {made}, std::move(settings)});
    return made;
  }
  /// Of the first input's type.
  std::string step(const std::string& op, std::vector<std::string> from, attributes settings = {}) {
    const dtype of = type(from[0]);
    return step(of, op, std::move(from), std::move(settings));
  }
  std::string as_type(const std::string& x, dtype wanted) {
    if (type(x) == wanted) return x;
    return step(wanted, "cast", {x}, {{"to", std::string(name_of(wanted))}});
  }

  template <class T>
  std::string scalar(dtype type, T value) {
    return with_dtype(type, [&]<class U>(U) {
      return whole_.add_constant(name_ + "/constant", constant(tenfold::tensor<U>(shape{}, {static_cast<U>(value)})));
    });
  }
  std::string list(const std::vector<index_t>& values) {
    return whole_.add_constant(
        name_ + "/constant", constant(tenfold::tensor<index_t>({static_cast<index_t>(values.size())}, values.data())));
  }
  std::string list(const std::vector<size_element>& values) {
    std::vector<index_t> plain(values.size());
    std::vector<std::string> parts(values.size());
    bool is_known = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      plain[i] = values[i].number;
      is_known = is_known && values[i].name.empty();
    }
    if (is_known) return list(plain);
    const std::string one = list(std::vector<index_t>{1});
    for (std::size_t i = 0; i < values.size(); ++i)
      parts[i] = values[i].name.empty() ? list(std::vector<index_t>{plain[i]})
                                        : step(dtype::int64, "reshape", {values[i].name, one});
    return step(dtype::int64, "cat", std::move(parts), {{"dim", index_t{0}}});
  }

  void problem(std::initializer_list<text_part> parts) {
    whole_.problem(join({"node ", in_quotes(name_), " (", plain_target(), "): ", join(parts)}));
  }
  /// What the translation has not asked for is a problem.
  void check_all_used() {
    for (std::size_t i = 0; i < used_.size(); ++i)
      if (!used_[i] && !says_nothing(i)) problem({"argument ", in_quotes(name_of_argument(i)), " is not supported"});
  }

 private:
  std::string plain_target() const {
    const std::string quoted = in_quotes(target_);
    const std::string_view plain = std::string_view(quoted).substr(1, quoted.size() - 2), prefix = "torch.ops.";
    return std::string(plain.starts_with(prefix) ? plain.substr(prefix.size()) : plain);
  }

  /// Where tensors lie, and how: the graph's are contiguous and of the CPU.
  bool says_nothing(std::size_t i) const {
    const std::string name = name_of_argument(i);
    for (const char* known : {"layout", "device", "pin_memory", "memory_format", "non_blocking", "copy", "momentum",
                              "cudnn_enabled", "cudnn_enable", "implicit", "half_to_float"})
      if (name == known) return true;
    return find(member(inputs_[i], "arg"), "as_none");
  }
  std::string name_of_argument(std::size_t i) const {
    if (i < positional_.size()) return positional_[i];
    return text_of(member(inputs_[i], "name"), "name");
  }
  const json* find_argument(std::string_view argument) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (name_of_argument(i) != argument) continue;
      used_[i] = true;
      const json& value = member(inputs_[i], "arg");
      return find(value, "as_none") ? nullptr : &value;
    }
    return nullptr;
  }
  [[noreturn]] static void refuse(std::string_view argument, const char* wanted) {
    raise({"argument ", in_quotes(argument), " has to be ", wanted});
  }

  /// A value that an input, a weight or a node before makes.
  std::string read(std::string name) const {
    if (!whole_.find_facts(name))
      raise({"it reads ", in_quotes(name), ", which no input, weight or node before makes"});
    whole_.check_not_overwritten(name);
    return name;
  }
  std::string tensor_of(const json& argument, std::string_view what) const {
    const json* found = find(argument, "as_tensor");
    if (const json* const optional = find(argument, "as_optional_tensor")) found = find(*optional, "as_tensor");
    if (!found) refuse(what, "a tensor");
    return read(text_of(member(*found, "name"), "name"));
  }
  size_element element_of(const json& value) const {
    if (value.is_number()) return {integer_of(value, "argument")};
    if (const json* const number = find(value, "as_int")) return {integer_of(*number, "argument")};
    return {0, read(text_of(member(value, "as_name"), "name"))};
  }
  void add_outputs(const json& output) {
    for (const char* kind : {"as_tensor", "as_sym_int"})
      if (const json* const one = find(output, kind)) {
        const json* name = find(*one, "name");
        if (!name) name = &member(*one, "as_name");
        outputs_.push_back(text_of(*name, "name"));
        return;
      }
    if (const json* const several = find(output, "as_tensors"); several && several->is_array()) {
      for (const json& one : *several) outputs_.push_back(text_of(member(one, "name"), "name"));
      return;
    }
    if (!find(output, "as_none")) raise("it has an output that is no tensor");
    outputs_.emplace_back();
  }

  translation& whole_;
  const json& inputs_;
  std::string name_, target_;
  std::vector<bool> used_;
  std::vector<std::string> outputs_, positional_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2
