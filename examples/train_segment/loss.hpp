// What is made small, binary cross-entropy, and what is wanted, the overlap of answer and label.
#pragma once

#include <tenfold/context.hpp>

#include <algorithm>  // max
#include <cmath>      // abs, exp, log1p
#include <vector>

namespace training {

namespace tf = tenfold;
using tf::index_t;

struct loss_result {
  double loss;
  tf::tensor<float> grad;  // by the logits
};

/// Binary cross-entropy of the logits' sigmoid, the mean over all of them, as
/// torch.nn.functional.binary_cross_entropy_with_logits:
///
///     loss = mean of  max(z, 0) - z t + log(1 + exp(-|z|))      grad = (sigmoid(z) - t) / count
///
/// logits z, target t (N, C, H, W). Each plane is summed in its order by one thread, then the planes in theirs: the
/// bits do not depend on the number of threads.
inline loss_result cross_entropy(const tf::tensor<float>& logits, const tf::tensor<float>& target,
                                 const tf::context& ctx) {
  const index_t planes = logits.shape()[0] * logits.shape()[1];
  const index_t plane = logits.shape()[2] * logits.shape()[3];
  const float share = 1 / static_cast<float>(logits.size());
  auto grad = tf::tensor<float>::uninitialized(logits.shape());
  std::vector<double> sums(static_cast<std::size_t>(planes));
  auto sum_plane = [&](index_t p) {
    double sum = 0;
    for (index_t i = p * plane; i < (p + 1) * plane; ++i) {
      const float z = logits.data()[i], t = target.data()[i];
      const float e = std::exp(-std::abs(z));
      const float sigmoid = z < 0 ? e / (1 + e) : 1 / (1 + e);
      sum += static_cast<double>(std::max(z, 0.0f) - z * t + std::log1p(e));
      grad.data()[i] = (sigmoid - t) * share;
    }
    sums[static_cast<std::size_t>(p)] = sum;
  };
  ctx.parallel_for(planes, tf::task(sum_plane));
  double sum = 0;
  for (const double s : sums) sum += s;
  return {sum / static_cast<double>(logits.size()), std::move(grad)};
}

/// Intersection over union of channel 0 of the answer (1, C, H, W), where it is above the threshold, and a mask (H, W),
/// in the columns [left, right).
inline double overlap(const tf::tensor<float>& answer, float threshold, const tf::tensor<float>& mask, index_t left,
                      index_t right) {
  index_t both = 0, either = 0;
  for (index_t y = 0; y < mask.shape()[0]; ++y)
    for (index_t x = left; x < right; ++x) {
      const bool found = answer(0, 0, y, x) > threshold, there = mask(y, x) > 0;
      both += found && there;
      either += found || there;
    }
  return either == 0 ? 1 : static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace training
