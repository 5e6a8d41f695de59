// What a run's weights depend on.
#pragma once

#include "optimizer.hpp"

#include "common/arguments.hpp"  // text_of

#include <cmath>    // cos
#include <numbers>  // pi
#include <string>
#include <utility>  // pair
#include <vector>

namespace training {

struct settings {
  index_t steps = 800;
  index_t batch = 8;
  index_t crop = 96;
  std::uint64_t seed = 1;
  double learning_rate = 0;  // 0: the method's own
  optimizer_settings optimizer = {};
};

/// The options' names and values. A checkpoint holds them, because its run can go on with the same ones only.
inline std::vector<std::pair<std::string, std::string>> describe(const settings& s) {
  using arguments::text_of;
  return {{"optimizer", s.optimizer.method == method::sgd ? "sgd" : "adam"},
          {"steps", text_of(s.steps)},
          {"batch", text_of(s.batch)},
          {"crop", text_of(s.crop)},
          {"learning-rate", text_of(s.learning_rate)},
          {"momentum", text_of(s.optimizer.momentum)},
          {"weight-decay", text_of(s.optimizer.weight_decay)},
          {"seed", text_of(s.seed)}};
}

/// Of step t, from 1: a tenth of the steps up to the full rate, then half a wave of a cosine down to nothing.
inline double learning_rate(const settings& s, index_t t) {
  const double warm = static_cast<double>(s.steps) / 10;
  const auto done = static_cast<double>(t - 1);
  if (done < warm) return s.learning_rate * (done + 1) / (warm + 1);
  return s.learning_rate * (1 + std::cos(std::numbers::pi * (done - warm) / (static_cast<double>(s.steps) - warm))) / 2;
}

}  // namespace training
