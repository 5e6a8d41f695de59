// An output against samples of PyTorch's, as tests/golden/networks/samples.py writes them.
#pragma once

#include <tenfold/safetensors.hpp>

#include <algorithm>  // max
#include <cmath>      // abs
#include <cstdio>     // printf
#include <stdexcept>
#include <string>

namespace samples {

using tenfold::index_t;

struct difference {
  index_t count = 0;
  double most = 0;      // of |output - PyTorch's|, over the greatest of the whole output
  double greatest = 0;  // that one
};

/// Compares the places that the file names. A NaN makes the difference infinite.
inline difference compare(const tenfold::tensor<float>& output, const tenfold::safetensors::file& file) {
  const auto where = file.get<index_t>("where");
  if (!(file.at("score").shape == where.shape()) || file.at("greatest").shape.elements() != 1 ||
      !file.metadata().contains("shape"))
    throw std::runtime_error(file.name() + ": no samples of an output");
  const auto score = file.get<float>("score");
  difference result{where.size(), 0, file.get<float>("greatest")(0)};
  if (file.metadata().at("shape") != to_string(output.shape()))
    throw std::runtime_error(file.name() + ": samples of an output of the shape " + file.metadata().at("shape") +
                             ", but this one's is " + to_string(output.shape()));
  for (index_t i = 0; i < where.size(); ++i) {
    if (where(i) < 0 || where(i) >= output.size())
      throw std::runtime_error(file.name() + ": a sample outside the output");
    const double apart = std::abs(static_cast<double>(output.data()[where(i)]) - static_cast<double>(score(i)));
    result.most = apart >= 0 ? (std::max)(result.most, apart / result.greatest) : INFINITY;
  }
  return result;
}

/// Whether they agree, to a ten-thousandth of the greatest; says by how much.
inline bool agree(const tenfold::tensor<float>& output, const std::string& path) {
  constexpr double promise = 1e-4;
  const difference found = compare(output, tenfold::safetensors::file(path));
  std::printf("%s: %d samples differ by at most %.2g of the greatest output, %.3g; up to %.0e is right\n", path.c_str(),
              static_cast<int>(found.count), found.most, found.greatest, promise);
  return found.most <= promise;
}

}  // namespace samples
