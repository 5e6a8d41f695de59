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

/// There everything that a gradient adds up is exact too: 450 outputs and three channels of numbers up to 4, in
/// sixteenths squared.
TYPED_TEST(GridSample, GradientsEqualReferenceAtExactPlaces) {
  auto grid = small_integers<TypeParam>({2, 5, 90, 2}, 3, 40);
  for (index_t i = 0; i < grid.size(); ++i) grid.data()[i] /= 16;
  const auto dy = small_integers<TypeParam>({2, 3, 5, 90}, 4);
  for_each_option([&](const grid_sample_options& o) {
    const auto x = small_integers<TypeParam>(o.align_corners ? shape{2, 3, 5, 9} : shape{2, 3, 4, 8});
    const auto expected = tf::reference::grid_sample_backward(dy, x, grid, o);
    const auto y = tf::reference::grid_sample(x, grid, o);
    double of_output = 0, of_input = 0;  // <y, dy> = <x, dx>
    for (index_t i = 0; i < y.size(); ++i) of_output += static_cast<double>(y.data()[i] * dy.data()[i]);
    for (const tf::isa level : available_isas()) {
      const auto got = tf::grid_sample_backward(dy, x, grid, o, {}, on(level));
      EXPECT_TRUE(equal(got.grad_input, expected.grad_input)) << tf::name_of(level);
      EXPECT_TRUE(equal(got.grad_grid, expected.grad_grid)) << tf::name_of(level);
      of_input = 0;
      for (index_t i = 0; i < x.size(); ++i) of_input += static_cast<double>(x.data()[i] * got.grad_input.data()[i]);
      EXPECT_EQ(of_input, of_output) << tf::name_of(level);
    }
  });
}

/// Between the pixels f = sum of dy * grid_sample(x, grid) is linear in each number of the grid: its difference is its
/// derivative up to roundings of f, 1e-15 * 100 / h, where no pixel and no turn lies within h. The places are odd
/// multiples of 1/64 pixel.
TEST(GridSampleDifferences, AreTheGradient) {
  constexpr double h = 1e-4;
  for_each_option([&](const grid_sample_options& o) {
    const shape s{1, 2, 4, 8};
    const auto x = random_tensor<double>(s), dy = random_tensor<double>({1, 2, 5, 7}, 2);
    tf::tensor<double> grid({1, 5, 7, 2});
    const auto steps = small_integers<double>(grid.shape(), 3, 300);
    for (index_t i = 0; i < grid.size(); ++i) {
      const double place = (steps.data()[i] * 2 + 1) / 64, size = static_cast<double>(i % 2 == 0 ? s[3] : s[2]);
      grid.data()[i] = o.align_corners ? 2 * place / (size - 1) - 1 : (2 * place + 1) / size - 1;
    }
    const auto f = [&] {
      const auto y = tf::grid_sample(x, grid, o);
      double sum = 0;
      for (index_t i = 0; i < y.size(); ++i) sum += y.data()[i] * dy.data()[i];
      return sum;
    };
    const auto got = tf::grid_sample_backward(dy, x, grid, o).grad_grid;
    for (index_t i = 0; i < grid.size(); ++i) {
      const double before = grid.data()[i];
      grid.data()[i] = before + h;
      const double above = f();
      grid.data()[i] = before - h;
      const double below = f();
      grid.data()[i] = before;
      EXPECT_NEAR((above - below) / (2 * h), got.data()[i], 1e-8) << i;
    }
  });
}

/// sampling_bound is that of a weight times a number up to 1; a pixel has at most all outputs, and each channel adds
/// four pixels, whose slopes grow with the image.
TYPED_TEST(GridSample, GradientsAreAsCloseToReferenceAsRoundingAllows) {
  for (const grid_case& c : cases) {
    const auto x = random_tensor<TypeParam>(c.input);
    const auto grid = random_grid<TypeParam>(c.grid, 3);
    const auto dy = random_tensor<TypeParam>({c.input[0], c.input[1], c.grid[1], c.grid[2]}, 5);
    const auto outputs = static_cast<double>(c.grid[1] * c.grid[2]), channels = static_cast<double>(c.input[1]);
    const auto most = static_cast<double>(std::max(c.input[2], c.input[3]));
    const double rounding = static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
    for_each_option([&](const grid_sample_options& o) {
      if (o.mode == grid_mode::nearest) return;
      const auto expected = tf::reference::grid_sample_backward(dy, x, grid, o);
      const auto near_to = [&](const tf::tensor<TypeParam>& got, const tf::tensor<TypeParam>& exact, double terms,
                               double size) {
        return compare(got, exact, [&](TypeParam g, TypeParam e, index_t) {
          return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                 terms * size * (sampling_bound<TypeParam>(c.input) + rounding * (terms + 8));
        });
      };
      for (const tf::isa level : available_isas()) {
        const auto got = tf::grid_sample_backward(dy, x, grid, o, {}, on(level));
        EXPECT_TRUE(near_to(got.grad_input, expected.grad_input, 4 * outputs, 1))
            << c.name << " " << tf::name_of(level);
        EXPECT_TRUE(near_to(got.grad_grid, expected.grad_grid, 4 * channels, most)) << c.name << tf::name_of(level);
      }
    });
  }
}

TYPED_TEST(GridSample, GradientsThatAreNotWantedAreEmpty) {
  const auto x = random_tensor<TypeParam>({2, 3, 9, 13}), dy = random_tensor<TypeParam>({2, 3, 11, 7}, 3);
  const auto grid = random_grid<TypeParam>({2, 11, 7, 2}, 1);
  const auto both = tf::grid_sample_backward(dy, x, grid);
  const auto of_input = tf::grid_sample_backward(dy, x, grid, {}, {.grid = false});
  const auto of_grid = tf::grid_sample_backward(dy, x, grid, {}, {.input = false});
  const tf::tensor<TypeParam> none(shape{0});
  EXPECT_TRUE(same_bits(of_input.grad_input, both.grad_input) && same_bits(of_input.grad_grid, none));
  EXPECT_TRUE(same_bits(of_grid.grad_grid, both.grad_grid) && same_bits(of_grid.grad_input, none));
}

TYPED_TEST(GridSample, ThreadsDoNotMatter) {
  const auto x = random_tensor<TypeParam>({3, 5, 31, 33});
  const auto grid = random_grid<TypeParam>({3, 41, 43, 2}, 1);
  for_each_option([&](const grid_sample_options& o) {
    const auto expected = tf::grid_sample(x, grid, o);
    const auto gradients = tf::grid_sample_backward(expected, x, grid, o);
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(tf::grid_sample(x, grid, o, on_threads(threads)), expected)) << threads;
      const auto got = tf::grid_sample_backward(expected, x, grid, o, {}, on_threads(threads));
      EXPECT_TRUE(same_bits(got.grad_input, gradients.grad_input)) << threads;
      EXPECT_TRUE(same_bits(got.grad_grid, gradients.grad_grid)) << threads;
    }
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
  for (const tf::isa level : available_isas()) {  // their gradients: all are at an edge, or outside of it
    const tf::tensor<float> ones(s, {1, 1, 1, 1, 1});
    const auto of = [&](const grid_sample_options& o) {
      return tf::grid_sample_backward(ones, x, grid, o, {}, on(level));
    };
    EXPECT_TRUE(equal(of({.padding_mode = grid_padding::border}).grad_input, tf::tensor<float>(x.shape(), {3, 0, 2})));
    EXPECT_TRUE(equal(of({.padding_mode = grid_padding::border}).grad_grid, tf::tensor<float>(grid.shape())));
    EXPECT_TRUE(equal(of({}).grad_input, tf::tensor<float>(x.shape())));
  }
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
  const tf::tensor<float> x({1, 2, 3, 4}), grid({1, 5, 6, 2});
  const auto text = [&](const shape& dy) {
    return error_of([&] { tf::grid_sample_backward(tf::tensor<float>(dy), x, grid); });
  };
  EXPECT_EQ(
      text({1, 2, 5, 5}),
      "grid_sampler(): expected grad_output to have sizes [1, 2, 5, 6] but got grad_output with sizes [1, 2, 5, 5]");
  EXPECT_EQ(text({1, 2, 5, 6}), "");
  auto dx = filled<float>({1, 2, 3, 4}, 7), dgrid = filled<float>({1, 5, 6, 1}, 7);
  EXPECT_EQ(error_of([&] {
              tf::grid_sample_backward_into(dx, dgrid, tf::tensor<float>({1, 2, 5, 6}), x, grid);
            }),
            "grid_sample_backward: expected grad_grid of shape [1, 5, 6, 2], but got [1, 5, 6, 1]");
  EXPECT_TRUE(equal(dx, filled<float>({1, 2, 3, 4}, 7)));
  auto y = filled<float>({1, 1, 2, 2}, 7);
  EXPECT_EQ(error_of([&] {
              tf::grid_sample_into(y, tf::tensor<float>({1, 1, 3, 4}), tf::tensor<float>({1, 2, 3, 2}));
            }),
            "grid_sample: expected output of shape [1, 1, 2, 3], but got [1, 1, 2, 2]");
  EXPECT_TRUE(equal(y, filled<float>({1, 1, 2, 2}, 7)));
}

}  // namespace
