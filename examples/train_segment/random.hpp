// Random numbers that are a function of a seed and two counters, so that their state is those three integers.
#pragma once

#include <tenfold/shape.hpp>  // index_t

#include <cstdint>

namespace training {

using tenfold::index_t;

/// The finisher of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
constexpr std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// number i of stream s:  mixed(mixed(mixed(seed) + s) + (i + 1) * golden)
///
/// The weights are drawn from stream 0, the examples of step t (from 1) from stream t: a checkpoint needs the seed and
/// the step, and nothing else, to go on with the same numbers.
class random_stream {
 public:
  constexpr random_stream(std::uint64_t seed, std::uint64_t stream) : state_(mixed(mixed(seed) + stream)) {}

  constexpr std::uint64_t next() { return mixed(state_ += golden); }

  /// From `low`, included, to `high`. The 24 bits that a float has, so that no rounding reaches 1.
  constexpr float uniform(float low, float high) {
    return low + (high - low) * (static_cast<float>(next() >> 40) * 0x1p-24f);
  }

  /// 0 to count - 1, of at most 2^32; some are likelier by count / 2^32 at most.
  constexpr index_t below(index_t count) {
    return static_cast<index_t>((next() >> 32) * static_cast<std::uint64_t>(count) >> 32);
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;  // 2^64 / the golden ratio, odd
  std::uint64_t state_;
};

}  // namespace training
