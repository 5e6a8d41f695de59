#include <tenfold/cat.hpp>
#include <tenfold/reference.hpp>
#include <tenfold/split.hpp>

#include "support.hpp"

#include <array>

using namespace tenfold_test;
using tf::index_t;
using tf::shape;

namespace {

struct parts_of_cat {
  const char* why;
  std::vector<shape> inputs;
  index_t dim;
};

const parts_of_cat cats[] = {
    {"one", {{2, 3, 4}}, 1},
    {"lines", {{3}, {5}, {1}}, 0},
    {"first_dim", {{2, 3, 4}, {1, 3, 4}, {5, 3, 4}}, 0},
    {"channels", {{2, 3, 5, 7}, {2, 4, 5, 7}}, 1},
    {"channels_in_blocks", {{2, 3, 100, 71}, {2, 5, 100, 71}}, -3},
    {"last_dim", {{3, 4, 5}, {3, 4, 17}, {3, 4, 2}}, -1},
    {"columns", {{9, 1}, {9, 1}, {9, 1}}, 1},
    {"long_lines", {{2, 1000}, {2, 2001}}, 1},
    {"empty_parts", {{2, 0, 3}, {2, 4, 3}, {2, 0, 3}}, 1},
    {"legacy_empty", {{0}, {2, 4, 3}, {0}, {2, 1, 3}}, 1},
    {"legacy_empty_alone", {{0}, {0}}, 5},
    {"legacy_empty_and_line", {{0}, {4}}, -1},
    {"empty_batch", {{0, 2, 3}, {0, 4, 3}}, 1},
    {"eight_dims", {{2, 1, 3, 1, 2, 2, 1, 3}, {2, 1, 3, 1, 5, 2, 1, 3}}, 4},
};

template <class T>
struct Cat : testing::Test {};
TYPED_TEST_SUITE(Cat, element_types);

TYPED_TEST(Cat, EqualsReference) {
  for (const parts_of_cat& c : cats) {
    std::vector<tf::tensor<TypeParam>> inputs;
    std::vector<tf::tensor_view<const TypeParam>> views;
    for (const shape& s : c.inputs)
      inputs.push_back(with_special_values(random_tensor<TypeParam>(s, static_cast<unsigned>(inputs.size()))));
    for (const auto& x : inputs) views.push_back(x.view());
    const auto expected = tf::reference::cat(views, c.dim);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::cat(views, c.dim, on(level)), expected)) << c.why << " " << tf::name_of(level);
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(same_bits(tf::cat(views, c.dim, on_threads(threads)), expected)) << c.why << " " << threads;
  }
}

TEST(CatForms, ListsOfViews) {
  tf::tensor<float> x({2}, {1, 2});
  const tf::tensor<float> y({1}, {3});
  const tf::tensor<float> expected({3}, {1, 2, 3});
  EXPECT_TRUE(equal(tf::cat<const float>({x.view(), y.view()}), expected));
  EXPECT_TRUE(equal(tf::cat({std::as_const(x).view(), y.view()}), expected));
  EXPECT_EQ(tf::cat({x.view(), x.view()}).shape(), shape{4});
  const std::array<tf::tensor_view<const float>, 2> both{x.view(), y.view()};
  EXPECT_TRUE(equal(tf::cat(both), expected));
  EXPECT_TRUE(equal(tf::cat(std::span(both)), expected));
  tf::tensor<float> z({3});
  tf::cat_into(z, both);
  EXPECT_TRUE(equal(z, expected));
  tf::cat_into(z, {y.view(), std::as_const(x).view()}, 0);
  EXPECT_TRUE(equal(z, tf::tensor<float>({3}, {3, 1, 2})));
  EXPECT_EQ(tf::cat_output_shape({x.view(), x.view()}), shape{4});
}

TEST(CatErrors, Texts) {
  const auto cat = [](const std::vector<shape>& shapes, index_t dim) {
    std::vector<tf::tensor_view<const float>> views;
    for (const shape& s : shapes) views.emplace_back(nullptr, s);
    const std::string text = error_of([&] { tf::cat(views, dim); });
    EXPECT_EQ(error_of([&] { (void)tf::cat_output_shape(views, dim); }), text);
    auto y = filled<float>({2, 2}, 77);
    EXPECT_EQ(error_of([&] { tf::cat_into(y, views, dim); }), text);
    EXPECT_TRUE(same_bits(y, filled<float>({2, 2}, 77)));
    return text;
  };
  const shape x{2, 3, 4, 5};
  EXPECT_EQ(cat({}, 0), "torch.cat(): expected a non-empty list of Tensors");
  EXPECT_EQ(cat({{}}, 0), "zero-dimensional tensor (at position 0) cannot be concatenated");
  EXPECT_EQ(cat({x, {}}, 9), "zero-dimensional tensor (at position 1) cannot be concatenated");
  EXPECT_EQ(cat({{0}, {}}, 0), "zero-dimensional tensor (at position 1) cannot be concatenated");
  EXPECT_EQ(cat({x, x}, 4), "Dimension out of range (expected to be in range of [-4, 3], but got 4)");
  EXPECT_EQ(cat({x, {2, 3}}, 9), "Dimension out of range (expected to be in range of [-4, 3], but got 9)");
  EXPECT_EQ(cat({{0}, x}, 7), "Dimension out of range (expected to be in range of [-4, 3], but got 7)");
  EXPECT_EQ(cat({x, {2, 3, 4}}, 0), "Tensors must have same number of dimensions: got 4 and 3");
  EXPECT_EQ(cat({{0}, {3}, {1, 3}}, 0), "Tensors must have same number of dimensions: got 1 and 2");
  EXPECT_EQ(cat({x, {2, 3, 9, 6}}, 3),
            "Sizes of tensors must match except in dimension 3. Expected size 4 but got size 9 for tensor number 1 in "
            "the list.");
  EXPECT_EQ(cat({x, {0}, {2, 3, 4, 6}}, 0),
            "Sizes of tensors must match except in dimension 0. Expected size 5 but got size 6 for tensor number 2 in "
            "the list.");
  constexpr index_t huge = index_t{1} << 62;
  EXPECT_EQ(cat({{huge, 0}, {huge, 0}}, 0),
            "the sum 4611686018427387904 + 4611686018427387904 overflows a 64-bit size");
}

TEST(CatErrors, OutputOfTheWrongShape) {
  const tf::tensor<float> x({2, 3});
  auto y = filled<float>({2, 6}, 77);
  EXPECT_EQ(error_of([&] {
              tf::cat_into(y, {x.view(), x.view()}, 0);
            }),
            "cat: expected output of shape [4, 3], but got [2, 6]");
  EXPECT_TRUE(same_bits(y, filled<float>({2, 6}, 77)));
}

// ---- narrow, slice, split

template <class T>
struct Slice : testing::Test {};
TYPED_TEST_SUITE(Slice, element_types);

TYPED_TEST(Slice, EqualsReference) {
  const auto x = with_special_values(random_tensor<TypeParam>({5, 7, 41}));
  for (const tf::isa level : available_isas())
    for (index_t dim = -3; dim < 3; ++dim)
      for (const index_t start : {-50, -5, -1, 0, 1, 4, 100})
        for (const index_t end : {-50, -2, 0, 3, 39, 100})
          for (const index_t step : {1, 2, 3, 5, 100})
            EXPECT_TRUE(same_bits(tf::slice(x, dim, start, end, step, on(level)),
                                  tf::reference::slice(x, dim, start, end, step)))
                << dim << " " << start << " " << end << " " << step;
}

TYPED_TEST(Slice, NarrowAndSplitEqualReference) {
  const auto x = with_special_values(random_tensor<TypeParam>({6, 9, 33}));
  for (index_t dim = -3; dim < 3; ++dim) {
    const index_t size = x.shape()[static_cast<std::size_t>((dim + 3) % 3)];
    for (index_t start = -size; start <= size; ++start) {
      const index_t most = start < 0 ? -start : size - start;
      for (const index_t length : {index_t{0}, most / 2, most}) {
        const auto expected = tf::reference::narrow(x, dim, start, length);
        for (const tf::isa level : available_isas())
          EXPECT_TRUE(same_bits(tf::narrow(x, dim, start, length, on(level)), expected));
        EXPECT_TRUE(same_bits(tf::narrow(x, dim, start, length, on_threads(3)), expected));
      }
    }
    for (index_t each = 1; each <= size + 1; ++each) {
      const auto parts = tf::split(x, each, dim);
      EXPECT_EQ(static_cast<index_t>(parts.size()), (size + each - 1) / each);
      std::vector<tf::tensor_view<const TypeParam>> views;
      for (const auto& part : parts) views.push_back(part.view());
      EXPECT_TRUE(same_bits(tf::cat(views, dim), x)) << each;
    }
  }
}

TEST(Split, Sizes) {
  const auto x = random_tensor<float>({2, 3, 4});
  const auto parts = tf::split(x, {1, 0, 2}, 1);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].shape(), (shape{2, 0, 4}));
  EXPECT_TRUE(same_bits(parts[2], tf::reference::narrow(x, 1, 1, 2)));
  EXPECT_EQ(tf::split(tf::tensor<float>({0, 2}), 0).size(), 1u);
  EXPECT_EQ(tf::split(tf::tensor<float>({0, 2}), 3).size(), 1u);
  EXPECT_EQ(tf::split(tf::tensor<float>({0, 2}), std::span<const index_t>()).size(), 0u);
  EXPECT_EQ(tf::split(x, INT64_MAX, 1).size(), 1u);
}

TEST(Slice, OfHugeSettings) {
  const tf::tensor<float> x({2, 5}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_TRUE(equal(tf::slice(x, 1, 0, 5, INT64_MAX), tf::tensor<float>({2, 1}, {0, 5})));
  EXPECT_TRUE(equal(tf::slice(x, 1, INT64_MIN, INT64_MAX, INT64_MAX), tf::tensor<float>({2, 1}, {0, 5})));
  EXPECT_EQ(tf::slice(x, 1, INT64_MAX, INT64_MIN).shape(), (shape{2, 0}));
}

TEST(Slice, Texts) {
  const tf::tensor<float> x({2, 3, 4, 5}), scalar{shape{}};
  const auto narrow = [&](index_t dim, index_t start, index_t length) {
    return error_of([&] { tf::narrow(x, dim, start, length); });
  };
  EXPECT_EQ(narrow(0, 1, 2), "start (1) + length (2) exceeds dimension size (2).");
  EXPECT_EQ(narrow(0, -2, 3), "start (0) + length (3) exceeds dimension size (2).");
  EXPECT_EQ(narrow(0, 1, INT64_MAX), "start (1) + length (9223372036854775807) exceeds dimension size (2).");
  EXPECT_EQ(narrow(0, -3, 1), "start out of range (expected to be in range of [-2, 2], but got -3)");
  EXPECT_EQ(narrow(0, 3, 0), "start out of range (expected to be in range of [-2, 2], but got 3)");
  EXPECT_EQ(narrow(9, 9, -1), "narrow(): length must be non-negative.");
  EXPECT_EQ(narrow(4, 0, 1), "Dimension out of range (expected to be in range of [-4, 3], but got 4)");
  EXPECT_EQ(error_of([&] { tf::narrow(scalar, 0, 0, 1); }), "narrow() cannot be applied to a 0-dim tensor.");
  EXPECT_EQ(error_of([&] { tf::slice(x, 0, 0, 1, 0); }), "slice step must be positive");
  EXPECT_EQ(error_of([&] { tf::slice(x, 9, 0, 1, 0); }),
            "Dimension out of range (expected to be in range of [-4, 3], but got 9)");
  EXPECT_EQ(error_of([&] { tf::slice(scalar, 0, 0, 1, 1); }), "slice() cannot be applied to a 0-dim tensor.");
  const auto split = [&](const tf::tensor<float>& of, index_t size, index_t dim) {
    return error_of([&] { tf::split(of, size, dim); });
  };
  EXPECT_EQ(split(x, 0, 1), "split_size can only be 0 if dimension size is 0, but got dimension size of 3");
  EXPECT_EQ(split(x, -1, 9), "split expects split_size be non-negative, but got split_size=-1");
  EXPECT_EQ(split(x, 2, 4), "Dimension out of range (expected to be in range of [-4, 3], but got 4)");
  EXPECT_EQ(split(scalar, 0, 0), "split expects at least a 1-dimensional tensor");
  EXPECT_EQ(error_of([&] { tf::split(scalar, {1}); }), "split expects at least a 1-dimensional tensor");
  EXPECT_EQ(error_of([&] {
              tf::split(x, {1, 1}, 1);
            }),
            "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size at dimension 1), but got "
            "split_sizes=[1, 1]");
  EXPECT_EQ(error_of([&] {
              tf::split(x, {1, -1, 3}, 1);
            }),
            "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=[1, -1, 3]");
  EXPECT_EQ(error_of([&] {
              tf::split(x, {1, 1}, 9);
            }),
            "Dimension out of range (expected to be in range of [-4, 3], but got 9)");
  EXPECT_EQ(error_of([&] {
              tf::split(x, {INT64_MAX, INT64_MAX, 5}, 1);
            }),
            "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size at dimension 1), but got "
            "split_sizes=[9223372036854775807, 9223372036854775807, 5]");
}

TEST(Slice, NothingIsWrittenBeforeAnError) {
  const tf::tensor<float> x({2, 3});
  auto y = filled<float>({2, 2}, 77);
  EXPECT_EQ(error_of([&] { tf::narrow_into(y, x, 1, 0, 3); }),
            "narrow: expected output of shape [2, 3], but got [2, 2]");
  EXPECT_EQ(error_of([&] { tf::slice_into(y, x, 1, 0, 3); }), "slice: expected output of shape [2, 3], but got [2, 2]");
  EXPECT_TRUE(same_bits(y, filled<float>({2, 2}, 77)));
  tf::narrow_into(y, x, 1, -2, 2);
  tf::slice_into(y, x, 1, 0, 3, 2);
  EXPECT_TRUE(same_bits(y, filled<float>({2, 2}, 0)));
}

TEST(NarrowView, WhereItIsContiguous) {
  tf::tensor<float> x = random_tensor<float>({1, 4, 3});
  const auto part = tf::narrow_view(x, 1, 1, 2);
  static_assert(std::same_as<decltype(part), const tf::tensor_view<float>>);
  EXPECT_EQ(part.data(), x.data() + 3);
  EXPECT_TRUE(same_bits(part, tf::narrow(x, 1, 1, 2)));
  EXPECT_EQ(tf::narrow_view(x.view(), 0, -1, 1).data(), x.data());
  EXPECT_EQ(tf::narrow_view(x, 2, 0, 3).shape(), (shape{1, 4, 3}));  // all of it
  EXPECT_EQ(tf::narrow_view(x, 2, 1, 0).shape(), (shape{1, 4, 0}));
  EXPECT_EQ(error_of([&] { tf::narrow_view(x, 2, 1, 2); }),
            "narrow_view: a part of dimension 2 of a tensor of shape [1, 4, 3] is not contiguous, because dimension 1 "
            "before it has size 4");
  EXPECT_EQ(error_of([&] { tf::narrow_view(x, 2, 1, 3); }), "start (1) + length (3) exceeds dimension size (3).");
}

}  // namespace
