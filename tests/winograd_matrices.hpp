// The matrices of Winograd's algorithms from their definition, and how far they may magnify rounding errors.
#pragma once

#include <tenfold/tensor.hpp>

#include <algorithm>  // max
#include <cmath>      // abs, pow
#include <string_view>
#include <utility>  // move
#include <vector>

namespace tenfold_test {

using tenfold::index_t;

/// The matrices of F(m, taps) from the points, as Toom and Cook have them, infinity last: with f_e the product of the
/// differences of point e to the others,
///     A(i, e) = e^i,   G(e, t) = e^t / f_e,   B(e, :) the coefficients of the product of (x - others)
struct winograd_matrices {
  std::vector<double> points;
  index_t taps, n, m;

  winograd_matrices(std::vector<double> p, index_t t)
      : points(std::move(p)), taps(t), n(static_cast<index_t>(points.size()) + 1), m(n - taps + 1) {}

  bool infinite(index_t e) const { return e == n - 1; }
  double point(index_t e) const { return points[static_cast<std::size_t>(e)]; }
  double a(index_t i, index_t e) const { return infinite(e) ? i == m - 1 : std::pow(point(e), static_cast<double>(i)); }
  double g(index_t e, index_t t) const {
    if (infinite(e)) return t == taps - 1;
    double f = 1;
    for (index_t o = 0; o < n - 1; ++o)
      if (o != e) f *= point(e) - point(o);
    return std::pow(point(e), static_cast<double>(t)) / f;
  }
  double b(index_t e, index_t k) const {
    std::vector<double> polynomial{1};
    for (index_t o = 0; o < n - 1; ++o) {
      if (o == e) continue;
      polynomial.insert(polynomial.begin(), 0);  // times x
      for (std::size_t i = 0; i + 1 < polynomial.size(); ++i) polynomial[i] -= point(o) * polynomial[i + 1];
    }
    return k < static_cast<index_t>(polynomial.size()) ? polynomial[static_cast<std::size_t>(k)] : 0;
  }

  /// How much of |input k| * |tap t| passes through the additions for output i.
  double magnitude(index_t i, index_t k, index_t t) const {
    double sum = 0;
    for (index_t e = 0; e < n; ++e) sum += std::abs(a(i, e) * b(e, k) * g(e, t));
    return sum;
  }

  /// No tap's share of an output is magnified more than this in one dimension.
  double most_magnitude() const {
    double most = 0;
    for (index_t i = 0; i < m; ++i)
      for (index_t t = 0; t < taps; ++t) {
        double sum = 0;
        for (index_t k = 0; k < n; ++k) sum += magnitude(i, k, t);
        most = std::max(most, sum);
      }
    return most;
  }
};

/// Every product of an input and a weight passes at most 8 roundings in the input's transform (two dimensions of a
/// constant's product, a difference, another product and a sum), 10 in the weight's (a constant that is rounded
/// besides), one in the product, one for each channel, 8 in the output's transform and one for the bias.
inline index_t winograd_roundings(index_t channels) { return channels + 28; }

inline const winograd_matrices winograd_2x2({0, 1, -1}, 3);
inline const winograd_matrices winograd_4x4({0, 0.625, -0.625, 1.5, -1.5}, 3);
inline const winograd_matrices winograd_gradient_4x4({0, 0.625, -0.625, 1.5, -1.5}, 4);  // of a weight of 3 taps
inline const winograd_matrices winograd_phases_2x2({1, -1}, 2);
inline const winograd_matrices winograd_phases_4x4({0.375, -0.375, 1.25, -1.25}, 2);

inline const winograd_matrices& winograd_matrices_of(std::string_view algorithm) {
  const bool is_2x2 = algorithm.ends_with("_2x2");
  if (algorithm.starts_with("winograd_phases")) return is_2x2 ? winograd_phases_2x2 : winograd_phases_4x4;
  return is_2x2 ? winograd_2x2 : winograd_4x4;
}

}  // namespace tenfold_test
