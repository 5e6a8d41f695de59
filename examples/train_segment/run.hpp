// A training run as far as it has come, and its next step.
#pragma once

#include "crops.hpp"
#include "loss.hpp"
#include "network.hpp"
#include "optimizer.hpp"
#include "settings.hpp"

#include <cmath>  // isfinite
#include <stdexcept>
#include <string>
#include <vector>

namespace training {

/// Every so many steps the held-out columns are looked at, which takes no part in the training.
inline constexpr index_t look_every = 20;

struct run_state {
  parameters weights = zero_parameters();
  momenta averages;
  index_t step = 0;           // that many are done
  std::vector<float> losses;  // of each of them
  std::vector<float> looks;   // the overlap on the held-out columns after steps look_every, 2 look_every, ...
};

inline run_state begin(const settings& s) {
  run_state run;
  run.weights = random_parameters(s.seed);
  return run;
}

struct score {
  double learnt, held_out;  // overlap of coin and label, in the columns before and from lesson::split
};

/// logits (1, 3, H, W) of the whole picture; the sigmoid is above 1/2 where they are above 0.
inline score score_of(const tf::tensor<float>& logits, const lesson& l) {
  const tf::tensor<float> coin({l.height(), l.width()}, l.target.data());
  return {overlap(logits, 0, coin, 0, l.split), overlap(logits, 0, coin, l.split, l.width())};
}

inline score look(const run_state& run, const lesson& l, const tf::context& ctx) {
  activations unused;
  return score_of(forward(run.weights, l.picture, unused, ctx), l);
}

/// One step of the optimizer on a new batch. Throws std::runtime_error, the run unchanged, where the loss is not
/// finite.
inline void take_step(run_state& run, const settings& s, const lesson& l, const tf::context& ctx) {
  const index_t t = run.step + 1;
  batch b = draw_batch(l, s.batch, s.crop, random_stream(s.seed, static_cast<std::uint64_t>(t)));
  activations a;
  const auto logits = forward(run.weights, std::move(b.pictures), a, ctx);
  auto [loss, grad] = cross_entropy(logits, b.targets, ctx);
  if (!std::isfinite(loss))
    throw std::runtime_error("the loss of step " + std::to_string(t) + " is not finite: try a smaller --learning-rate");
  const auto gradients = backward(run.weights, a, std::move(grad), {.input = false}, ctx);
  update(run.weights, gradients.weights, run.averages, s.optimizer, t, learning_rate(s, t));
  run.step = t;
  run.losses.push_back(static_cast<float>(loss));
  if (t % look_every == 0) run.looks.push_back(static_cast<float>(look(run, l, ctx).held_out));
}

}  // namespace training
