// The answers of networks in files: what a safetensors file has, and how near a net's outputs have to come.
#pragma once

#include "support.hpp"

#include <tenfold/net.hpp>
#include <tenfold/safetensors.hpp>

namespace tenfold_test {

inline tf::any_tensor tensor_of(const tf::safetensors::file& file, const std::string& key) {
  const std::string type = file.at(key).dtype;
  if (type == "I64") return file.get<std::int64_t>(key);
  if (type == "I32") return file.get<std::int32_t>(key);
  if (type == "F64") return file.get<double>(key);
  return file.get<float>(key);
}

inline tf::any_view view_of(const tf::any_tensor& x) {
  return std::visit([](const auto& of_type) { return tf::any_view(of_type); }, x);
}

/// Integers are the same. Of floats torch.testing.assert_close's measure is taken, by which PyTorch compares two
/// float32 implementations of its own, with its absolute part (1e-5 of numbers near 1) at the scale of the output.
inline void expect_close(const tf::any_tensor& got, const tf::any_tensor& expected, const std::string& what) {
  ASSERT_EQ(got.index(), expected.index()) << what;
  ASSERT_EQ(view_of(got).shape(), view_of(expected).shape()) << what;
  std::visit(
      [&]<class T>(const tf::tensor<T>& y) {
        const tf::tensor<T>& x = std::get<tf::tensor<T>>(got);
        double scale = 1, worst = 0;
        for (tf::index_t i = 0; i < y.size(); ++i) scale = std::max(scale, std::abs(static_cast<double>(y.data()[i])));
        for (tf::index_t i = 0; i < y.size(); ++i) {
          const auto a = static_cast<double>(x.data()[i]), b = static_cast<double>(y.data()[i]);
          worst = std::max(worst, std::abs(a - b) / (1e-5 * scale + 1.3e-6 * std::abs(b)));
          ASSERT_FALSE(std::isnan(a - b)) << what << " at " << i << ": " << a << " for " << b;
        }
        EXPECT_LE(worst, std::floating_point<T> ? 1 : 0) << what;
      },
      expected);
}

}  // namespace tenfold_test
