// What the tests of all operations share: inputs, contexts, error texts.
#pragma once

#include "compare.hpp"

#include <tenfold/isa.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace tenfold_test {

namespace tf = tenfold;

using element_types = testing::Types<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t>;

/// Every instruction set that this program and machine have, best first.
inline std::vector<tf::isa> available_isas() {
  std::vector<tf::isa> levels;
  tf::for_each_available_isa([&](tf::isa level) { levels.push_back(level); });
  return levels;
}

inline tf::context on(tf::isa level, tf::math math = tf::math::standard) {
  tf::context ctx;
  ctx.isa = level;
  ctx.math = math;
  return ctx;
}

/// A context whose executor starts a thread for every body.
inline tf::context on_threads(int threads) {
  tf::context ctx;
  ctx.threads = threads;
  ctx.parallel_for = [](tf::index_t count, tf::task body) {
    std::vector<std::thread> running;
    for (tf::index_t i = 0; i < count; ++i) running.emplace_back([body, i] { body(i); });
    for (std::thread& t : running) t.join();
  };
  return ctx;
}

/// The text of the error that f raises; empty if it raises none.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const tf::error& e) {
    return e.what();
  }
  return {};
}

/// The advice of the error that f raises; "no error" if it raises none.
template <class F>
std::string hint_of(const F& f) {
  try {
    f();
  } catch (const tf::error& e) {
    return e.hint();
  }
  return "no error";
}

/// Integers from -range to range, whose sums of products a float holds exactly.
template <class T>
tf::tensor<T> small_integers(const tf::shape& shape, unsigned seed = 1, int range = 4) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> draw(-range, range);
  auto x = tf::tensor<T>::uninitialized(shape);
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(draw(random));
  return x;
}

/// Numbers from -1 to 1; of an integer type, from its whole range.
template <class T>
tf::tensor<T> random_tensor(const tf::shape& shape, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  auto x = tf::tensor<T>::uninitialized(shape);
  for (tf::index_t i = 0; i < x.size(); ++i) {
    if constexpr (std::floating_point<T>)
      x.data()[i] = std::uniform_real_distribution<T>(-1, 1)(random);
    else
      x.data()[i] = static_cast<T>(random());
  }
  return x;
}

/// Where T has them, NaN, infinities and negative zeros in every tenth place or so.
template <class T>
tf::tensor<T> with_special_values(tf::tensor<T> x, unsigned seed = 1) {
  if constexpr (std::floating_point<T>) {
    using limits = std::numeric_limits<T>;
    const T specials[] = {limits::quiet_NaN(), limits::infinity(), -limits::infinity(), -T{0}, limits::lowest()};
    std::mt19937 random(seed);
    for (tf::index_t i = 0; i < x.size(); ++i)
      if (random() % 10 == 0) x.data()[i] = specials[random() % std::size(specials)];
  }
  return x;
}

/// All elements the same: what an output holds before a call that must not touch it.
template <class T>
tf::tensor<T> filled(const tf::shape& shape, T value) {
  auto x = tf::tensor<T>::uninitialized(shape);
  std::fill(x.data(), x.data() + x.size(), value);
  return x;
}

/// The same planes with so many lines of `fill` around; where the number is negative, that many are cut off.
template <class T>
tf::tensor<T> padded(const tf::tensor<T>& x, const tf::pads& sides, T fill = T{}) {
  tf::shape s = x.shape();
  tf::index_t &rows = s[s.size() - 2], &columns = s[s.size() - 1];
  const tf::index_t height = rows, width = columns;
  rows += sides.top + sides.bottom;
  columns += sides.left + sides.right;
  auto y = filled<T>(s, fill);
  for (tf::index_t i = 0; i < y.size(); ++i) {
    const tf::index_t h = i / columns % rows - sides.top, w = i % columns - sides.left;
    if (h >= 0 && h < height && w >= 0 && w < width)
      y.data()[i] = x.data()[(i / columns / rows * height + h) * width + w];
  }
  return y;
}

}  // namespace tenfold_test
