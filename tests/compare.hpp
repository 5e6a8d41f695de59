// Comparing results: element for element, or within what rounding explains.
#pragma once

#include <tenfold/tensor.hpp>

#include <gtest/gtest.h>

#include <cmath>  // abs, isnan, signbit
#include <limits>

namespace tenfold_test {

enum class zeros { equal, by_sign };

/// NaN equals NaN. 0 equals -0 unless zeros::by_sign.
template <class T>
bool same_value(T a, T b, zeros zero) {
  if constexpr (std::floating_point<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    if (zero == zeros::by_sign && std::signbit(a) != std::signbit(b)) return false;
  }
  return a == b;
}

/// Says at which index, and how often, `good(got, expected, index)` is false for two tensors.
template <class Got, class Expected, class Good>
testing::AssertionResult compare(const Got& got, const Expected& expected, const Good& good) {
  if (!(got.shape() == expected.shape()))
    return testing::AssertionFailure() << "the shape is " << got.shape() << ", not " << expected.shape();
  tenfold::index_t bad = 0, first = 0;
  for (tenfold::index_t i = got.size(); i-- > 0;)
    if (!good(got.data()[i], expected.data()[i], i)) {
      ++bad;
      first = i;
    }
  if (bad == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << bad << " of " << got.size() << " elements of " << got.shape()
                                     << " differ; the first is [" << first
                                     << "]: " << testing::PrintToString(got.data()[first]) << ", not "
                                     << testing::PrintToString(expected.data()[first]);
}

/// Equal shapes and elements.
template <tenfold::tensor_like Got, tenfold::tensor_like Expected>
testing::AssertionResult equal(const Got& got, const Expected& expected, zeros zero = zeros::equal) {
  using T = tenfold::element_of<Expected>;
  return compare(got, expected, [&](T g, T e, tenfold::index_t) { return same_value(g, e, zero); });
}

/// Equal shapes and bits, but for the payload of a NaN.
template <tenfold::tensor_like Got, tenfold::tensor_like Expected>
testing::AssertionResult same_bits(const Got& got, const Expected& expected) {
  return equal(got, expected, zeros::by_sign);
}

/// gamma_n = n u / (1 - n u) with the unit roundoff u of T, half the distance from 1 to the next number: n roundings in
/// a row change a number by at most this factor (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1).
template <std::floating_point T>
constexpr double rounding_factor(tenfold::index_t n) {
  const double nu = static_cast<double>(n) * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  return nu / (1 - nu);
}

/// The error that an inner product of `terms` terms computed in T may have. `magnitude` is the sum of the terms'
/// absolute values, `exact` the sum of the terms, both computed in double.
///
///     |got - sum a b| <= gamma_n(T) * sum |a b|
///
/// whatever the order of the additions and with or without fused multiply-add (Higham, section 3.1: each term passes
/// one multiplication and at most terms - 1 additions). A factor like alpha and a bias are one more rounding each:
/// count them as terms. `exact` itself errs by gamma_n(double), and so does `magnitude`; the factor in front pays for
/// the latter. Where a product underflows, its error is half the least subnormal instead.
template <std::floating_point T>
double rounding_bound(tenfold::index_t terms, double magnitude) {
  const double factor = rounding_factor<T>(terms) + rounding_factor<double>(terms);
  const double underflow = static_cast<double>(terms) * static_cast<double>(std::numeric_limits<T>::denorm_min());
  return factor * magnitude / (1 - rounding_factor<double>(terms)) + underflow;
}

/// got within rounding_bound of exact; infinities and NaN have to be where the exact ones are.
template <tenfold::tensor_like Got>
testing::AssertionResult within_rounding(const Got& got, const tenfold::tensor<double>& exact,
                                         const tenfold::tensor<double>& magnitude, tenfold::index_t terms) {
  using T = tenfold::element_of<Got>;
  if (!(magnitude.shape() == exact.shape()))
    return testing::AssertionFailure() << "magnitudes of shape " << magnitude.shape() << " for " << exact.shape();
  return compare(got, exact, [&](T g, double e, tenfold::index_t i) {
    const auto value = static_cast<double>(g);
    if (!std::isfinite(e) || !std::isfinite(value)) return same_value(value, e, zeros::equal);
    return std::abs(value - e) <= rounding_bound<T>(terms, magnitude.data()[i]);
  });
}

/// Each element f(element), in another type.
template <class U, tenfold::tensor_like X, class F>
tenfold::tensor<U> map(const X& x, const F& f) {
  auto y = tenfold::tensor<U>::uninitialized(x.shape());
  for (tenfold::index_t i = 0; i < x.size(); ++i) y.data()[i] = f(x.data()[i]);
  return y;
}

template <tenfold::tensor_like X>
tenfold::tensor<double> to_double(const X& x) {
  return map<double>(x, [](auto v) { return static_cast<double>(v); });
}

template <tenfold::tensor_like X>
tenfold::tensor<double> magnitudes(const X& x) {
  return map<double>(x, [](auto v) { return std::abs(static_cast<double>(v)); });
}

}  // namespace tenfold_test
