// What an operation of a net sees of its node: the inputs' shapes and what is known of their elements, the attributes;
// and what it says: the outputs' shapes and how to run it. An operation is a function of this (operators/); it is
// called for the shapes first, and once more for the run, when neighbours may have been fused into the node.
#pragma once

#include <tenfold/context.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/graph.hpp>
#include <tenfold/isa.hpp>
#include <tenfold/stored.hpp>

#include <functional>  // function
#include <span>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// A convolution's inputs: x, weight, [bias], and, when neighbours are fused into it, a tensor to add and prelu's
/// slopes.
enum convolution_input : std::size_t { image, weight, bias, added, slopes };

/// A tensor between nodes, as far as it is known before the net runs.
struct value {
  std::string name;
  dtype type = dtype::float32;
  tenfold::shape shape = {};
  std::optional<constant> known = {};  // its elements
  bool is_weight = false;              // known whatever the inputs' shapes are
};

/// A node's tensors while the net runs.
class call {
 public:
  call(std::span<const any_view> inputs, std::span<const any_view> outputs, const context& with)
      : ctx(with), inputs_(inputs), outputs_(outputs) {}

  bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i].data(); }
  std::size_t input_count() const { return inputs_.size(); }
  bool wants(std::size_t output) const { return output < outputs_.size() && outputs_[output].data(); }
  const any_view& any_input(std::size_t i = 0) const { return inputs_[i]; }
  const any_view& any_output(std::size_t i = 0) const { return outputs_[i]; }
  void* output_bytes(std::size_t i = 0) const { return const_cast<void*>(outputs_[i].data()); }
  template <class T>
  tensor_view<const T> input(std::size_t i = 0) const {
    return inputs_[i].template view<T>();
  }
  template <class T>
  tensor_view<T> output(std::size_t i = 0) const {
    const tensor_view<const T> y = outputs_[i].template view<T>();
    return {const_cast<T*>(y.data()), y.shape()};
  }

  const context& ctx;

 private:
  std::span<const any_view> inputs_, outputs_;
};

using runner = std::function<void(const call&)>;

/// Layers that outlive a plan, because their weights are the net's: by the node's name and what is fused into it.
class kept_layers {
 public:
  /// The layer of that key, made where there is none yet.
  template <class Layer, class Make>
  std::shared_ptr<const Layer> get(const std::string& key, const Make& make) {
    std::shared_ptr<const void>& layer = layers_[key];
    if (!layer) layer = std::make_shared<const Layer>(make());
    return std::static_pointer_cast<const Layer>(layer);
  }

 private:
  std::map<std::string, std::shared_ptr<const void>> layers_;
};

/// An output that is an input's memory, from that element on.
struct view_of_input {
  std::size_t output, input;
  index_t offset;
};

/// How a node runs. Filled in by its operation.
struct step_plan {
  runner run;  // none: its outputs are views, or known
  std::vector<view_of_input> views = {};
  std::vector<std::size_t> overwrites = {};  // inputs where output 0 may be written, if they have its bytes
  bool is_cat_of_outer_1 = false;            // the inputs stand in the output one behind the other
  index_t workspace_bytes = 0;
  double flop = 0;
  std::string algorithm = {};
};

class planning {
 public:
  planning(const graph_node& node, std::vector<const value*> inputs, std::vector<value*> outputs, bool only_shapes,
           const context& with, stored kept_as, kept_layers& layers)
      : ctx(with),
        weights(kept_as),
        node_(node),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        layers_(layers),
        only_shapes_(only_shapes) {}

  // ------------------------------------------------------------------------------------------------------- inputs
  const graph_node& node() const { return node_; }
  std::size_t input_count() const { return inputs_.size(); }
  std::size_t output_count() const { return outputs_.size(); }
  bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i]; }
  bool wants_output(std::size_t i) const { return i < outputs_.size() && outputs_[i]; }
  const value& input(std::size_t i) const {
    if (!has(i)) raise({"input ", i, " is missing"});
    return *inputs_[i];
  }
  const shape& shape_of(std::size_t i) const { return input(i).shape; }
  dtype type_of(std::size_t i) const { return input(i).type; }
  bool knows(std::size_t i) const { return has(i) && inputs_[i]->known; }

  /// The elements of an input that has to be known by now: T's.
  template <class T>
  tensor_view<const T> known(std::size_t i) const {
    return known_input(i).template view<T>();
  }
  /// Those of integers of any size, or of a boolean.
  std::vector<index_t> elements_of(std::size_t i) const {
    const constant& x = known_input(i);
    std::vector<index_t> result;
    with_dtype(x.type(), [&]<class T>(T) {
      if constexpr (std::integral<T>) {
        const tensor_view<const T> view = x.template view<T>();
        result.assign(view.data(), view.data() + view.size());
      } else {
        raise({"input ", i, " has to be of integers, but is of ", name_of(x.type())});
      }
    });
    return result;
  }
  /// The same, or the attribute's, or those that count otherwise.
  std::vector<index_t> elements_of(std::size_t i, const char* name, std::vector<index_t> otherwise = {}) const {
    return has(i) ? elements_of(i) : integers(name, std::move(otherwise));
  }
  /// The only element of a known input.
  double number_of(std::size_t i) const {
    const constant& x = known_input(i);
    if (x.shape().elements() != 1) raise({"input ", i, " has to be a single number, but has the shape ", x.shape()});
    return with_dtype(x.type(), [&]<class T>(T) { return static_cast<double>(*static_cast<const T*>(x.data())); });
  }

  // --------------------------------------------------------------------------------------------------- attributes
  bool sets(const char* name) const { return node_.attributes.contains(name); }
  index_t integer(const char* name, index_t otherwise) const { return get(name, otherwise, "an integer"); }
  bool flag(const char* name, bool otherwise = false) const { return integer(name, otherwise) != 0; }
  double number(const char* name, double otherwise) const {
    const auto found = node_.attributes.find(name);
    if (found != node_.attributes.end())
      if (const index_t* whole = std::get_if<index_t>(&found->second)) return static_cast<double>(*whole);
    return get(name, otherwise, "a number");
  }
  std::string text(const char* name, const char* otherwise) const {
    return get(name, std::string(otherwise), "a text");
  }
  std::vector<index_t> integers(const char* name, std::vector<index_t> otherwise = {}) const {
    const auto found = node_.attributes.find(name);
    if (found != node_.attributes.end())
      if (const index_t* one = std::get_if<index_t>(&found->second)) return {*one};
    return get(name, std::move(otherwise), "a list of integers");
  }
  /// One or two integers: of height and width.
  hw pair(const char* name, const hw& otherwise) const {
    if (!sets(name)) return otherwise;
    const std::vector<index_t> sizes = integers(name);
    if (sizes.size() != 1 && sizes.size() != 2) raise({name, " has to be one or two integers, but got ", sizes.size()});
    return {sizes.front(), sizes.back()};
  }

  // ------------------------------------------------------------------------------------------------------ results
  bool only_shapes() const { return only_shapes_; }
  void output(const shape& s, dtype type = dtype::float32) { output(0, s, type); }
  void output(std::size_t i, const shape& s, dtype type = dtype::float32) {
    if (!wants_output(i)) return;
    constexpr index_t most_bytes = index_t{1} << 48;  // of which a few thousand can be added
    check_not_negative(s);
    if (checked_multiply(s.elements(), bytes_of(type)) > most_bytes)
      raise({"a tensor of shape ", s, " has more than 2^48 bytes"});
    outputs_[i]->shape = s;
    outputs_[i]->type = type;
  }
  const value& result(std::size_t i = 0) const { return *outputs_[i]; }
  /// The output's elements are known already.
  void know(constant elements) {
    if (wants_output(0)) outputs_[0]->known = std::move(elements);
  }
  /// An output is an input's memory from that element on: nothing is moved.
  void view_of(std::size_t input, std::size_t output = 0, index_t offset = 0) {
    plan.views.push_back({output, input, offset});
  }
  void run(runner how) { plan.run = std::move(how); }
  /// Of a function of single elements: the output may take an input's place.
  void run_in_place(runner how) {
    run(std::move(how));
    for (std::size_t i = 0; i < inputs_.size(); ++i) plan.overwrites.push_back(i);
  }
  void workspace(index_t bytes) { plan.workspace_bytes = bytes; }

  /// A layer that is kept for later plans on the same instruction set where all of the inputs that it is made of are
  /// weights; `variant` tells it from others of the same output.
  template <class Layer, class Make>
  std::shared_ptr<const Layer> keep(const std::string& variant, bool of_weights, const Make& make) {
    if (!of_weights) return std::make_shared<const Layer>(make());
    return layers_.get<Layer>(
        join({result().name, "\n", name_of(seam::chosen_isa(ctx)), " ", name_of(weights), " ", variant}), make);
  }

  const context& ctx;
  const stored weights;  // what those of a layer are kept in
  step_plan plan;

 private:
  const constant& known_input(std::size_t i) const {
    const value& x = input(i);
    if (!x.known)
      raise({"input ", i, " (", x.name, ") has to be known before the net runs, but depends on the inputs' elements"});
    return *x.known;
  }
  template <class T>
  T get(const char* name, T otherwise, const char* what) const {
    const auto found = node_.attributes.find(name);
    if (found == node_.attributes.end()) return otherwise;
    if (const T* setting = std::get_if<T>(&found->second)) return *setting;
    raise({"attribute ", name, " has to be ", what});
  }

  const graph_node& node_;
  std::vector<const value*> inputs_;
  std::vector<value*> outputs_;
  kept_layers& layers_;
  bool only_shapes_;
};

/// The types that an operation computes in: numbers are float32, float64, int32 and int64. Kernels are compiled for
/// few.
enum class types { any, numbers, floats, float32, float32_or_int64 };

constexpr bool includes(types of, dtype type) {
  const bool is_float = type == dtype::float32 || type == dtype::float64;
  switch (of) {
    case types::any:
      return type != dtype::float16 && type != dtype::bfloat16;
    case types::numbers:
      return is_float || type == dtype::int32 || type == dtype::int64;
    case types::floats:
      return is_float;
    case types::float32:
      return type == dtype::float32;
    case types::float32_or_int64:
      return type == dtype::float32 || type == dtype::int64;
  }
  return false;
}

/// most_inputs and most_outputs of an operation that takes or gives any number.
inline constexpr std::size_t any_number = 0;

/// An entry of the table of operations (operators.hpp).
struct operation {
  const char* name;
  std::size_t least_inputs, most_inputs;
  std::size_t most_outputs;
  types of;                // of the first input, and those that the operation wants to be of the same type
  const char* attributes;  // the names that it knows, separated by spaces
  void (*plan)(planning&);
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
