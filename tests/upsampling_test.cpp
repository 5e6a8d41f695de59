// The example's layers against PyTorch's.
#include "upsampling/upsampling.hpp"

#include <tenfold/safetensors.hpp>

#include "support.hpp"

namespace {

namespace tf = tenfold;
using tf::index_t;
using namespace upsampling;

const tf::safetensors::file& golden() {
  static const tf::safetensors::file file(TENFOLD_GOLDEN_DIR "/upsampling/layers.safetensors");
  return file;
}

tf::tensor<float> picture() { return untrained({1, 1, 6, 6}, 3, 18); }

TEST(Upsampling, WeightsAreThoseOfTheFormula) {
  const auto expected = golden().get<double>("picture");
  const auto x = picture();
  for (index_t i = 0; i < x.size(); ++i) EXPECT_EQ(static_cast<double>(x.data()[i]), expected.data()[i]);
}

// Each output is a sum of at most 9 products of positive numbers, twice, so that its relative error is below
// 2 * (9 + 1) roundings; the weights have the golden's bits.
void expect_near(const tf::tensor<float>& y, const char* name) {
  const auto expected = golden().get<double>(name);
  ASSERT_EQ(y.shape(), expected.shape()) << name;
  for (index_t i = 0; i < y.size(); ++i)
    EXPECT_NEAR(static_cast<double>(y.data()[i]), expected.data()[i], 20 * 0x1p-24 * expected.data()[i]) << name << i;
}

TEST(Upsampling, LayersAreTorchs) {
  const auto x = picture();
  const auto thinned = [](const auto& p, std::uint32_t seed) { return sub_pixel(p, untrained({4, 1, 3, 3}, seed, 4)); };
  const auto alike = [](const auto& p, std::uint32_t seed) {
    return sub_pixel(p, icnr(untrained({1, 1, 3, 3}, seed, 1), 2));
  };
  expect_near(transposed(transposed(x, 3, 1), 3, 2), "transposed_3");
  expect_near(transposed(transposed(x, 4, 1), 4, 2), "transposed_4");
  expect_near(thinned(thinned(x, 1), 2), "sub_pixel");
  expect_near(alike(alike(x, 1), 2), "icnr");
  expect_near(resized(resized(x, 1), 2), "resized");
}

// ICNR begins as a convolution with a nearest resize behind it.
TEST(Upsampling, IcnrResizesTheConvolution) {
  const auto x = picture(), w = untrained({1, 1, 3, 3}, 5, 1);
  const auto small = tf::conv2d(x, w, {.padding = 1});
  const auto large = sub_pixel(x, icnr(w, 2)), nearest = tf::upsample_nearest2d(small, tf::scale(2));
  for (index_t i = 0; i < large.size(); ++i)
    EXPECT_NEAR(large.data()[i], nearest.data()[i], 18 * 0x1p-24f * nearest.data()[i]);
}

}  // namespace
