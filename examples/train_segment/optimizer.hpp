// Stochastic gradient descent with momentum, and Adam; both with decoupled weight decay.
#pragma once

#include "network.hpp"

#include <cmath>  // pow, sqrt

namespace training {

enum class method { sgd, adam };

struct optimizer_settings {
  training::method method = method::adam;
  double momentum = 0.9;  // Adam's beta1
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-4;
};

/// Averages of the gradients and, of Adam, of their squares.
struct momenta {
  parameters first = zero_parameters();
  parameters second = zero_parameters();
};

/// Step t (from 1) with the learning rate r. Both first shrink the weights, w -= r decay w (Loshchilov and Hutter,
/// Decoupled weight decay regularization, 2019); then
///
///     sgd    m = momentum m + g
///            w -= r m                                           as torch.optim.SGD
///     adam   m = momentum m + (1 - momentum) g,  v = beta2 v + (1 - beta2) g^2
///            w -= r m' / (sqrt(v') + epsilon),  m' = m / (1 - momentum^t),  v' = v / (1 - beta2^t)
///                                                               as torch.optim.AdamW
inline void update(parameters& weights, const parameters& gradients, momenta& averages, const optimizer_settings& o,
                   index_t t, double r) {
  const auto beta1 = static_cast<float>(o.momentum), beta2 = static_cast<float>(o.beta2);
  const auto rest1 = static_cast<float>(1 - o.momentum), rest2 = static_cast<float>(1 - o.beta2);
  const auto keep = static_cast<float>(1 - r * o.weight_decay);
  const auto rate = static_cast<float>(r);
  const auto first_rate = static_cast<float>(r / (1 - std::pow(o.momentum, t)));
  const auto second_root = static_cast<float>(std::sqrt(1 - std::pow(o.beta2, t)));
  const auto epsilon = static_cast<float>(o.epsilon);

  const auto sgd = [&](float& w, float g, float& m, float&) {
    m = beta1 * m + g;
    w = keep * w - rate * m;
  };
  const auto adam = [&](float& w, float g, float& m, float& v) {
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
    w = keep * w - first_rate * m / (std::sqrt(v) / second_root + epsilon);
  };
  const auto each = [&](const std::string&, auto& w, const auto& g, auto& m, auto& v) {
    for (index_t i = 0; i < w.size(); ++i)
      if (o.method == method::sgd)
        sgd(w.data()[i], g.data()[i], m.data()[i], v.data()[i]);
      else
        adam(w.data()[i], g.data()[i], m.data()[i], v.data()[i]);
  };
  for_each_tensor(each, weights, gradients, averages.first, averages.second);
}

}  // namespace training
