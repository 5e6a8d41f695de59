// Where a network's weights come from: a safetensors file, which stays mapped, or a formula.
#pragma once

#include "common/formula.hpp"

#include <tenfold/safetensors.hpp>

#include <optional>
#include <string>

namespace weights {

namespace tf = tenfold;

/// A weight that a network needs, and the formula's settings for it.
struct described {
  std::string name;
  tf::shape shape;
  double bound;
  float centre = 0;
};

class source {
 public:
  /// The formula's, if the path is empty.
  explicit source(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }

  /// Whether they are the formula's, which know nothing.
  bool are_made_up() const { return !file_; }

  tf::constant operator()(const described& weight) const {
    if (!file_) return tf::constant(formula::values(weight.name, weight.shape, weight.bound, weight.centre));
    tf::constant found = file_->get(weight.name);
    if (found.type() != tf::dtype::float32 || !(found.shape() == weight.shape))
      file_->fail("tensor \"" + weight.name + "\" is " + tf::detail::name_of(found.type()) + " " +
                  to_string(found.shape()) + ", where this network needs float32 " + to_string(weight.shape));
    return found;
  }

 private:
  std::optional<tf::safetensors::file> file_;
};

}  // namespace weights
