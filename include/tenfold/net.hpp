// net: a graph that is checked, planned and run. Opt-in: <tenfold/tenfold.hpp> does not include it.
#pragma once

#include <tenfold/detail/net/operators.hpp>
#include <tenfold/graph.hpp>
#include <tenfold/tenfold.hpp>

#include <functional>  // function
#include <string_view>

namespace tenfold::inline v0 {

/// A tensor that a net made, of its own element type.
using any_tensor = std::variant<tensor<float>, tensor<double>, tensor<std::int8_t>, tensor<std::int16_t>,
                                tensor<std::int32_t>, tensor<std::int64_t>, tensor<std::uint8_t>, tensor<bool>>;

/// The outputs of a net, by name, in the graph's order.
class named_tensors {
 public:
  TENFOLD_TAG named_tensors() = default;
  TENFOLD_TAG explicit named_tensors(std::vector<std::pair<std::string, any_tensor>> tensors)
      : tensors_(std::move(tensors)) {}

  /// The output of that name, of floats; raises where there is none.
  TENFOLD_TAG tensor<float>& operator[](std::string_view name) { return at<float>(name); }
  TENFOLD_TAG const tensor<float>& operator[](std::string_view name) const { return at<float>(name); }
  /// The same of any type: out.at<tf::index_t>("indices").
  template <class T>
  TENFOLD_TAG tensor<T>& at(std::string_view name);
  template <class T>
  TENFOLD_TAG const tensor<T>& at(std::string_view name) const {
    return const_cast<named_tensors*>(this)->at<T>(name);
  }

  TENFOLD_TAG std::size_t size() const { return tensors_.size(); }
  TENFOLD_TAG auto begin() { return tensors_.begin(); }
  TENFOLD_TAG auto end() { return tensors_.end(); }
  TENFOLD_TAG auto begin() const { return tensors_.begin(); }
  TENFOLD_TAG auto end() const { return tensors_.end(); }

 private:
  std::vector<std::pair<std::string, any_tensor>> tensors_;
};

/// What a net tells of a layer that has just run.
struct layer_report {
  std::size_t index, count;  // of the layers
  std::string_view name;     // of the node
  std::string_view op;       // with what is fused into it: "conv2d + relu"
  std::string_view algorithm;
  const shape& output;
  double seconds;
  double flop;        // multiplications and additions; 0 where they do not count
  index_t bytes;      // read and written, weights included
};

using layer_observer = std::function<void(const layer_report&)>;

/// An input by name.
using named_view = std::pair<std::string_view, any_view>;
