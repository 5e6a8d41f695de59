#include <tenfold/permute.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;
using tf::shape;

namespace {

struct permutation {
  const char* why;
  shape input, dims;
};

const permutation permutations[] = {
    {"scalar", {}, {}},
    {"a_line_stays", {17}, {0}},
    {"nothing_moves", {3, 4, 5}, {0, 1, 2}},
    {"matrix", {5, 7}, {1, 0}},
    {"matrix_of_whole_squares", {32, 64}, {1, 0}},
    {"matrix_with_rests", {37, 61}, {1, 0}},
    {"power_of_two_steps", {128, 256}, {1, 0}},
    {"many_squares_and_blocks", {515, 301}, {-1, -2}},
    {"to_channels_last", {2, 17, 9, 11}, {0, 2, 3, 1}},
    {"to_channels_last_of_2", {2, 2, 9, 11}, {0, 2, 3, 1}},
    {"to_channels_last_of_3", {2, 3, 16, 11}, {0, 2, 3, 1}},
    {"to_channels_last_of_4", {1, 4, 16, 16}, {0, 2, 3, 1}},
    {"to_channels_last_of_5", {1, 5, 19, 16}, {0, 2, 3, 1}},
    {"to_channels_last_of_7_few_pixels", {2, 7, 2, 3}, {0, 2, 3, 1}},
    {"to_channels_last_of_3_in_blocks", {1, 3, 200, 301}, {0, 2, 3, 1}},
    {"to_channels_first", {2, 9, 11, 17}, {0, 3, 1, 2}},
    {"to_channels_first_of_2", {2, 9, 11, 2}, {0, 3, 1, 2}},
    {"to_channels_first_of_3", {2, 9, 19, 3}, {0, 3, 1, 2}},
    {"to_channels_first_of_4", {1, 9, 20, 4}, {0, 3, 1, 2}},
    {"to_channels_first_of_6", {1, 9, 20, 6}, {0, 3, 1, 2}},
    {"to_channels_first_of_3_in_blocks", {1, 200, 301, 3}, {0, 3, 1, 2}},
    {"lines_change_places", {4, 6, 5, 3}, {0, 2, 1, 3}},
    {"long_lines_change_places", {3, 4, 1300}, {1, 0, 2}},
    {"pairs_change_places", {6, 5, 2}, {1, 0, 2}},
    {"reversed", {3, 4, 5, 6}, {3, 2, 1, 0}},
    {"negative_dims", {3, 4, 5}, {-1, -3, -2}},
    {"ones_between", {1, 7, 1, 9, 1}, {4, 3, 2, 1, 0}},
    {"eight_dims", {2, 3, 2, 2, 3, 2, 2, 3}, {7, 2, 5, 0, 3, 6, 1, 4}},
    {"eight_dims_turned_by_one", {2, 1, 3, 2, 1, 2, 3, 5}, {1, 2, 3, 4, 5, 6, 7, 0}},
    {"empty", {3, 0, 4}, {2, 0, 1}},
    {"empty_and_huge", {0, index_t{1} << 40, index_t{1} << 40}, {2, 1, 0}},
};

template <class T>
struct Permute : testing::Test {};
TYPED_TEST_SUITE(Permute, element_types);

TYPED_TEST(Permute, EqualsReference) {
  for (const permutation& p : permutations) {
    const auto x = with_special_values(random_tensor<TypeParam>(p.input));
    const auto expected = tf::reference::permute(x, p.dims);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::permute(x, p.dims, on(level)), expected)) << p.why << " " << tf::name_of(level);
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(same_bits(tf::permute(x, p.dims, on_threads(threads)), expected)) << p.why << " " << threads;
  }
}

/// All sizes around those of vectors and squares, in both directions.
TYPED_TEST(Permute, MatricesOfAllSmallSizes) {
  for (index_t rows = 1; rows <= 40; ++rows)
    for (const index_t columns : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65}) {
      const auto x = random_tensor<TypeParam>({rows, columns});
      const auto expected = tf::reference::swapdims(x, 0, 1);
      const auto back = tf::reference::swapdims(expected, 0, 1);
      for (const tf::isa level : available_isas()) {
        ASSERT_TRUE(same_bits(tf::swapdims(x, 0, 1, on(level)), expected)) << rows << " " << columns;
        ASSERT_TRUE(same_bits(tf::swapdims(expected, 0, 1, on(level)), back)) << rows << " " << columns;
      }
    }
}

TEST(PermuteSpecial, BitsOfNaNStay) {
  tf::tensor<std::uint32_t> bits({5, 7});
  tf::tensor<float> x({5, 7});
  for (index_t i = 0; i < 35; ++i) bits.data()[i] = 0x7f800001u + static_cast<std::uint32_t>(i);  // signalling ones
  std::memcpy(x.data(), bits.data(), 35 * sizeof(float));
  const auto y = tf::permute(x, {1, 0});
  for (index_t i = 0; i < 5; ++i)
    for (index_t j = 0; j < 7; ++j) EXPECT_EQ(std::memcmp(&y(j, i), &bits(i, j), sizeof(float)), 0);
}

TEST(PermuteSpecial, IntoMemoryOfAnyAlignment) {
  const auto x = random_tensor<std::int16_t>({20, 33});
  const auto expected = tf::reference::permute(x, {1, 0});
  for (index_t offset = 0; offset < 4; ++offset) {
    tf::tensor<std::int16_t> from({20 * 33 + 8}), to({20 * 33 + 8});
    std::memcpy(from.data() + offset, x.data(), 20 * 33 * 2);
    const tf::tensor_view<std::int16_t> y(to.data() + 3 - offset, {33, 20});
    tf::permute_into(y, tf::tensor_view<std::int16_t>(from.data() + offset, {20, 33}), {1, 0});
    EXPECT_TRUE(same_bits(y, expected)) << offset;
    for (index_t i = 0; i < 3 - offset; ++i) EXPECT_EQ(to(i), 0);
    for (index_t i = 3 - offset + 20 * 33; i < to.size(); ++i) EXPECT_EQ(to(i), 0);
  }
}

TEST(PermuteErrors, Texts) {
  const tf::tensor<float> x({2, 3, 4, 5}), scalar{shape{}};
  const std::string length =
      "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering "
      "of dimensions i.e. input.dim() = ";
  const auto permute = [&](const shape& dims) { return error_of([&] { tf::permute(x, dims); }); };
  EXPECT_EQ(permute({0, 1, 2}), length + "4 is not equal to len(dims) = 3");
  EXPECT_EQ(permute({}), length + "4 is not equal to len(dims) = 0");
  EXPECT_EQ(permute({0, 1, 2, 3, 9}), length + "4 is not equal to len(dims) = 5");
  EXPECT_EQ(error_of([&] { tf::permute(scalar, {0}); }), length + "0 is not equal to len(dims) = 1");
  EXPECT_EQ(permute({0, 1, 2, 2}), "permute(): duplicate dims are not allowed.");
  EXPECT_EQ(permute({0, -4, 1, 2}), "permute(): duplicate dims are not allowed.");
  EXPECT_EQ(permute({0, 0, 9, 0}), "permute(): duplicate dims are not allowed.");
  EXPECT_EQ(permute({9, 0, 0, 0}), "Dimension out of range (expected to be in range of [-4, 3], but got 9)");
  EXPECT_EQ(permute({0, 1, 2, -5}), "Dimension out of range (expected to be in range of [-4, 3], but got -5)");
  EXPECT_EQ(permute({0, 1, 2, INT64_MIN}),
            "Dimension out of range (expected to be in range of [-4, 3], but got -9223372036854775808)");
  EXPECT_EQ(error_of([&] { tf::swapdims(x, 9, -9); }),
            "Dimension out of range (expected to be in range of [-4, 3], but got 9)");
  EXPECT_EQ(error_of([&] { tf::swapdims(scalar, 0, 1); }),
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(tf::swapdims(scalar, 0, -1).shape(), shape{});
}

TEST(PermuteErrors, NothingIsWritten) {
  const tf::tensor<float> x({2, 3});
  auto y = filled<float>({2, 3}, 77);
  EXPECT_EQ(error_of([&] {
              tf::permute_into(y, x, {1, 0});
            }),
            "permute: expected output of shape [3, 2], but got [2, 3]");
  EXPECT_EQ(error_of([&] { tf::swapdims_into(y, x, 0, 1); }),
            "swapdims: expected output of shape [3, 2], but got [2, 3]");
  EXPECT_TRUE(same_bits(y, filled<float>({2, 3}, 77)));
}

// ---- reshape and flatten

TEST(Reshape, IsAView) {
  tf::tensor<float> x = random_tensor<float>({2, 3, 4});
  const auto y = tf::reshape(x, {-1, 6});
  static_assert(std::same_as<decltype(tf::reshape(x, {-1})), tf::tensor_view<float>>);
  static_assert(std::same_as<decltype(tf::reshape(std::as_const(x), {-1})), tf::tensor_view<const float>>);
  static_assert(std::same_as<decltype(tf::reshape(x.view(), {-1})), tf::tensor_view<float>>);
  static_assert(std::same_as<decltype(tf::flatten(std::as_const(x))), tf::tensor_view<const float>>);
  EXPECT_EQ(y.shape(), (shape{4, 6}));
  EXPECT_EQ(y.data(), x.data());
  EXPECT_EQ(tf::reshape(y, {24}).data(), x.data());
  EXPECT_EQ(tf::flatten(x.view(), 1).shape(), (shape{2, 12}));
}

template <class X>
concept reshapes = requires(X x) {
  tf::reshape(std::forward<X>(x), shape{});
};
template <class X>
concept flattens = requires(X x) {
  tf::flatten(std::forward<X>(x));
};

TEST(Reshape, IsNotOfATemporary) {
  static_assert(reshapes<tf::tensor<float>&> && reshapes<const tf::tensor<float>&> &&
                reshapes<tf::tensor_view<float>&&> && reshapes<const tf::tensor_view<float>&&>);
  static_assert(!reshapes<tf::tensor<float>&&> && !reshapes<const tf::tensor<float>&&>);
  static_assert(flattens<tf::tensor<float>&> && flattens<tf::tensor_view<const float>&&>);
  static_assert(!flattens<tf::tensor<float>&&> && !flattens<const tf::tensor<float>&&>);
}

TEST(Reshape, Shapes) {
  EXPECT_EQ(tf::reshape_output_shape({0, 3}, {3, -1}), (shape{3, 0}));
  EXPECT_EQ(tf::reshape_output_shape({}, {}), shape{});
  EXPECT_EQ(tf::reshape_output_shape({}, {-1}), shape{1});
  EXPECT_EQ(tf::reshape_output_shape({1, 1}, {}), shape{});
  EXPECT_EQ(tf::reshape_output_shape({2, 6}, {2, 1, -1, 3}), (shape{2, 1, 2, 3}));
  EXPECT_EQ(tf::flatten_output_shape({2, 3, 4, 5}), shape{120});
  EXPECT_EQ(tf::flatten_output_shape({2, 3, 4, 5}, 1, 2), (shape{2, 12, 5}));
  EXPECT_EQ(tf::flatten_output_shape({2, 3, 4, 5}, 1, 1), (shape{2, 3, 4, 5}));
  EXPECT_EQ(tf::flatten_output_shape({2, 3, 4, 5}, -2), (shape{2, 3, 20}));
  EXPECT_EQ(tf::flatten_output_shape({}), shape{1});
  EXPECT_EQ(tf::flatten_output_shape({0, 3, 0, 2}, 0, 1), (shape{0, 0, 2}));
}

TEST(Reshape, Texts) {
  constexpr index_t big = index_t{1} << 32;
  const auto reshape = [](const shape& wanted) {
    return error_of([&] { (void)tf::reshape_output_shape({2, 3, 4, 5}, wanted); });
  };
  EXPECT_EQ(reshape({-1, -1}), "only one dimension can be inferred");
  EXPECT_EQ(reshape({7, -1}), "shape '[7, -1]' is invalid for input of size 120");
  EXPECT_EQ(reshape({5, 5}), "shape '[5, 5]' is invalid for input of size 120");
  EXPECT_EQ(reshape({}), "shape '[]' is invalid for input of size 120");
  EXPECT_EQ(reshape({0, -1}), "shape '[0, -1]' is invalid for input of size 120");
  EXPECT_EQ(reshape({-2, 60}), "invalid shape dimension -2 at index 0 of shape [-2, 60]");
  EXPECT_EQ(reshape({-1, -2}), "invalid shape dimension -2 at index 1 of shape [-1, -2]");
  EXPECT_EQ(reshape({big, big}), "shape '[4294967296, 4294967296]' is invalid for input of size 120");
  EXPECT_EQ(
      error_of([] {
        (void)tf::reshape_output_shape({0, 3}, {0, -1});
      }),
      "cannot reshape tensor of 0 elements into shape [0, -1] because the unspecified dimension size -1 can be any "
      "value and is ambiguous");
  EXPECT_EQ(error_of([] {
              (void)tf::flatten_output_shape({2, 3, 4, 5}, 2, 1);
            }),
            "flatten() has invalid args: start_dim cannot come after end_dim");
  EXPECT_EQ(error_of([] {
              (void)tf::flatten_output_shape({2, 3, 4, 5}, -9, 9);
            }),
            "Dimension out of range (expected to be in range of [-4, 3], but got -9)");
  EXPECT_EQ(error_of([] { (void)tf::flatten_output_shape({}, 0, 1); }),
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
}

}  // namespace
