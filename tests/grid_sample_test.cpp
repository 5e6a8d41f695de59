#include <tenfold/grid_sample.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::grid_mode;
using tf::grid_padding;
using tf::grid_sample_options;
using tf::index_t;
using tf::shape;

namespace {

static_assert(tf::grid_sample_output_shape({2, 3, 4, 5}, {2, 6, 7, 2}) == shape{2, 3, 6, 7});

template <class Check>
void for_each_option(const Check& check) {
  for (const grid_mode mode : {grid_mode::bilinear, grid_mode::nearest})
    for (const grid_padding padding : {grid_padding::zeros, grid_padding::border, grid_padding::reflection})
      for (const bool align_corners : {false, true}) check(grid_sample_options{mode, padding, align_corners});
}

/// Places in and about the image.
template <class T>
tf::tensor<T> random_grid(const shape& s, T reach, unsigned seed = 2) {
  return map<T>(random_tensor<T>(s, seed), [=](T v) { return v * reach; });
}

struct grid_case {
  const char* name;
  shape input, grid;
};

const grid_case cases[] = {
    {"image", {2, 3, 9, 13}, {2, 11, 7, 2}},     {"above_one_block", {1, 2, 5, 6}, {1, 3, 150, 2}},
    {"one_pixel", {1, 4, 1, 1}, {1, 2, 3, 2}},   {"one_row", {2, 1, 1, 9}, {2, 3, 5, 2}},
    {"no_channels", {1, 0, 3, 4}, {1, 2, 3, 2}}, {"empty_batch", {0, 2, 3, 4}, {0, 2, 3, 2}},
    {"no_places", {1, 2, 3, 4}, {1, 0, 3, 2}},
};

template <class T>
struct GridSample : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(GridSample, floating_types);

/// A place below 4 in passes six roundings, also on its way through reflections, and pixels from -1 to 1 differ by at
/// most 2: 2 * 6 * 4 in u in each axis, and 8 roundings of the weights and the sum, on both sides.
template <class T>
double sampling_bound(const shape& input) {
  const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  return 2 * u * (2 * 48 * static_cast<double>(std::max(input[2], input[3])) + 8);
}

TYPED_TEST(GridSample, BilinearIsAsCloseToReferenceAsRoundingAllows) {
  for (const grid_case& c : cases) {
    const auto x = random_tensor<TypeParam>(c.input);
    const auto grid = random_grid<TypeParam>(c.grid, 3);
    for_each_option([&](const grid_sample_options& o) {
      if (o.mode == grid_mode::nearest) return;
      const auto expected = tf::reference::grid_sample(x, grid, o);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(compare(tf::grid_sample(x, grid, o, on(level)), expected,
                            [&](TypeParam g, TypeParam e, index_t) {
                              return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                                     sampling_bound<TypeParam>(c.input);
                            }))
            << c.name << " " << tf::name_of(level);
    });
  }
}

/// Sizes and places whose arithmetic is exact: eighths of images of 4 and 8, or with aligned corners of 5 and 9.
TYPED_TEST(GridSample, EqualsReferenceAtExactPlaces) {
  auto grid = small_integers<TypeParam>({2, 5, 90, 2}, 3, 40);
  for (index_t i = 0; i < grid.size(); ++i) grid.data()[i] /= 16;
  for_each_option([&](const grid_sample_options& o) {
    const auto x = small_integers<TypeParam>(o.align_corners ? shape{2, 3, 5, 9} : shape{2, 3, 4, 8});
    const auto expected = tf::reference::grid_sample(x, grid, o);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(equal(tf::grid_sample(x, grid, o, on(level)), expected)) << tf::name_of(level);
  });
}

TYPED_TEST(GridSample, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({3, 5, 31, 33});
  const auto grid = random_grid<TypeParam>({3, 41, 43, 2}, 1);
  for_each_option([&](const grid_sample_options& o) {
    const auto expected = tf::grid_sample(x, grid, o);
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(same_bits(tf::grid_sample(x, grid, o, on_threads(threads)), expected)) << threads;
  });
}

TEST(GridSamplePlaces, ThatAreNoneAreWherePyTorchPutsThem) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const tf::tensor<float> x({1, 1, 1, 3}, {5, 6, 7});
  const tf::tensor<float> grid({1, 1, 5, 2}, {nan, 0, infinity, 0, -infinity, 0, 1e30F, 0, -1e30F, 0});
  const auto sampled = [&](const grid_sample_options& o) { return tf::grid_sample(x, grid, o); };
  const shape s{1, 1, 1, 5};
  EXPECT_TRUE(equal(sampled({}), tf::tensor<float>(s, {nan, nan, nan, 0, 0})));
  EXPECT_TRUE(equal(sampled({.mode = grid_mode::nearest}), tf::tensor<float>(s)));
  EXPECT_TRUE(equal(sampled({.padding_mode = grid_padding::border}), tf::tensor<float>(s, {5, 7, 5, 7, 5})));
  const auto reflected = sampled({.padding_mode = grid_padding::reflection});
  for (index_t i = 0; i < 3; ++i) EXPECT_EQ(reflected(0, 0, 0, i), 5);
}

/// A pixel outside is 0 however its neighbours are, and one of weight 0 is not.
TEST(GridSampleInfinities, AreNotReadOutsideTheImage) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const tf::tensor<float> x({1, 1, 1, 2}, {infinity, 1});
  const tf::tensor<float> grid({1, 1, 2, 2}, {-3, 0, 1, 0});
  const auto y = tf::grid_sample(x, grid);  // wholly outside; half a pixel behind the last one
  EXPECT_EQ(y(0, 0, 0, 0), 0);
  EXPECT_EQ(y(0, 0, 0, 1), 0.5F);
}

TEST(GridSampleErrors, SayWhatPyTorchSays) {
  const auto error = [](const shape& x, const shape& grid) {
    return error_of([&] { tf::grid_sample(tf::tensor<float>(x), tf::tensor<float>(grid)); });
  };
  EXPECT_EQ(
      error({2, 2, 3, 4}, {1, 5, 6, 3}),
      "grid_sampler(): expected grid and input to have same batch size, but got input with sizes [2, 2, 3, 4] and "
      "grid with sizes [1, 5, 6, 3]");
  EXPECT_EQ(error({1, 2, 0, 4}, {1, 5, 6, 3}),
            "grid_sampler(): expected grid to have size 2 in last dimension, but got grid with sizes [1, 5, 6, 3]");
  EXPECT_EQ(
      error({1, 2, 0, 4}, {1, 5, 6, 2}),
      "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes [1, 2, 0, 4] with "
      "dimension 2 being empty");
  EXPECT_EQ(error({1, 2, 3, 4, 5}, {1, 2, 3, 4, 3}),
            "grid_sample: expected an input of 4 dimensions, but got one of shape [1, 2, 3, 4, 5]");
  auto y = filled<float>({1, 1, 2, 2}, 7);
  EXPECT_EQ(error_of([&] {
              tf::grid_sample_into(y, tf::tensor<float>({1, 1, 3, 4}), tf::tensor<float>({1, 2, 3, 2}));
            }),
            "grid_sample: expected output of shape [1, 1, 2, 3], but got [1, 1, 2, 2]");
  EXPECT_TRUE(equal(y, filled<float>({1, 1, 2, 2}, 7)));
}

}  // namespace
