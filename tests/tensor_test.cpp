// tensor, tensor_view, and the concept that operations take.
#include <tenfold/conv2d.hpp>

#include "support.hpp"

#include <cstdint>  // uintptr_t
#include <utility>  // move
#include <vector>

using namespace tenfold_test;
using tf::index_t;

/// A type of another library, which says how it is viewed by an overload in its own namespace.
namespace elsewhere {

struct image {
  int height, width;
  std::vector<float> pixels;
};

tf::tensor_view<float> as_view(image& x) { return {x.pixels.data(), {1, x.height, x.width}}; }
tf::tensor_view<const float> as_view(const image& x) { return {x.pixels.data(), {1, x.height, x.width}}; }

}  // namespace elsewhere

namespace {

static_assert(tf::element<float> && tf::element<double>);
static_assert(tf::element<signed char> && tf::element<short> && tf::element<int> && tf::element<long> &&
              tf::element<long long>);
static_assert(!tf::element<char> && !tf::element<unsigned> && !tf::element<bool> && !tf::element<const float>);

static_assert(tf::tensor_like<tf::tensor<float>> && tf::tensor_like<const tf::tensor<float>>);
static_assert(tf::tensor_like<tf::tensor_view<float>> && tf::tensor_like<tf::tensor_view<const int>>);
static_assert(tf::tensor_like<elsewhere::image> && !tf::tensor_like<std::vector<float>> && !tf::tensor_like<float>);
static_assert(std::same_as<tf::element_of<tf::tensor_view<const double>>, double>);
static_assert(std::convertible_to<tf::tensor_view<float>, tf::tensor_view<const float>>);
static_assert(!std::convertible_to<tf::tensor_view<const float>, tf::tensor_view<float>>);
static_assert(std::is_trivially_copyable_v<tf::tensor_view<float>>);
static_assert(std::is_nothrow_move_constructible_v<tf::tensor<float>>);

TEST(Tensor, IsZeroFilledAndAligned) {
  for (const index_t size : {1, 3, 17, 1000}) {
    const tf::tensor<float> x({2, size});
    EXPECT_EQ(x.size(), 2 * size);
    EXPECT_EQ(x.shape(), (tf::shape{2, size}));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0u);
    for (index_t i = 0; i < x.size(); ++i) EXPECT_EQ(x.data()[i], 0);
  }
}

TEST(Tensor, UninitializedHasItsShape) {
  auto x = tf::tensor<double>::uninitialized({3, 4});
  EXPECT_EQ(x.shape(), (tf::shape{3, 4}));
  EXPECT_EQ(x.size(), 12);
  x(2, 3) = 7;
  EXPECT_EQ(x.data()[11], 7);
}

TEST(Tensor, IndexesRowMajor) {
  const tf::tensor<int> x({2, 3}, {0, 1, 2, 10, 11, 12});
  EXPECT_EQ(x(0, 0), 0);
  EXPECT_EQ(x(0, 2), 2);
  EXPECT_EQ(x(1, 0), 10);
  EXPECT_EQ(x(1, 2), 12);
}

TEST(Tensor, OfRankZeroHasOneElement) {
  tf::tensor<int> x{tf::shape{}};
  EXPECT_EQ(x.size(), 1);
  x() = 5;
  EXPECT_EQ(x.data()[0], 5);
}

TEST(Tensor, MayBeEmpty) {
  EXPECT_EQ(tf::tensor<int>().size(), 0);
  EXPECT_EQ(tf::tensor<int>({3, 0, 2}).size(), 0);
  EXPECT_EQ(tf::tensor<int>({3, 0, 2}).shape(), (tf::shape{3, 0, 2}));
}

TEST(Tensor, CopiesAreIndependent) {
  tf::tensor<int> x({2}, {1, 2});
  tf::tensor<int> y = x;
  y(0) = 9;
  EXPECT_EQ(x(0), 1);
  EXPECT_EQ(y(1), 2);
  x = y;
  EXPECT_EQ(x(0), 9);
  const tf::tensor<int>& self = x;
  x = self;
  EXPECT_EQ(x(0), 9);
  EXPECT_EQ(x.shape(), (tf::shape{2}));
}

TEST(Tensor, CopiesOfEmptyOnesKeepTheShape) {
  const tf::tensor<int> x({3, 0});
  const tf::tensor<int> y = x;
  EXPECT_EQ(y.shape(), (tf::shape{3, 0}));
}

TEST(Tensor, MovesLeaveAnEmptyTensor) {
  tf::tensor<int> x({2}, {1, 2});
  const int* data = x.data();
  tf::tensor<int> y = std::move(x);
  EXPECT_EQ(y.data(), data);
  EXPECT_EQ(x.size(), 0);                // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(x.shape(), (tf::shape{0}));  // NOLINT(bugprone-use-after-move)
  tf::tensor<int> z({5});
  z = std::move(y);
  EXPECT_EQ(z.data(), data);
  EXPECT_EQ(z(1), 2);
}

TEST(Tensor, RefusesShapesThatCannotBe) {
  EXPECT_EQ(error_of([] {
              tf::tensor<float>({2, -3});
            }),
            "Trying to create tensor with negative dimension -3: [2, -3]");
  EXPECT_EQ(error_of([] {
              tf::tensor<float>({0, -3});
            }),
            "Trying to create tensor with negative dimension -3: [0, -3]");
  EXPECT_NE(error_of([] { tf::tensor<float>({index_t{1} << 32, index_t{1} << 31}); }), "");
  EXPECT_NE(error_of([] { tf::tensor<double>({index_t{1} << 60}); }),
            "");  // as many elements fit an int64, the bytes do not
  EXPECT_NE(error_of([] { tf::tensor_view<const double>(nullptr, {index_t{1} << 30, index_t{1} << 30}); }), "");
}

TEST(Tensor, RefusesAnotherNumberOfValues) {
  EXPECT_EQ(error_of([] {
              tf::tensor<float>({2, 2}, {1, 2, 3});
            }),
            "a tensor of shape [2, 2] has 4 elements, but got 3 values");
}

TEST(TensorView, BorrowsItsElements) {
  float data[6] = {0, 1, 2, 3, 4, 5};
  const tf::tensor_view<float> v(data, {2, 3});
  v(1, 2) = 50;
  EXPECT_EQ(data[5], 50);
  EXPECT_EQ(v.size(), 6);
  const tf::tensor_view<const float> c = v;
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(c(1, 2), 50);
}

TEST(TensorView, OfATensorIsItsElements) {
  tf::tensor<float> x({2, 3});
  x.view()(1, 1) = 4;
  EXPECT_EQ(x(1, 1), 4);
  EXPECT_EQ(std::as_const(x).view().data(), x.data());
  EXPECT_EQ(as_view(x).shape(), x.shape());
}

TEST(TensorLike, ForeignTypesAreTaken) {
  const elsewhere::image x{2, 3, {1, 2, 3, 4, 5, 6}};
  const tf::tensor<float> twice({1, 1, 1, 1}, {2});
  elsewhere::image y{2, 3, std::vector<float>(6)};
  tf::conv2d_into(y, x, twice);
  EXPECT_EQ(y.pixels, (std::vector<float>{2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(tf::conv2d(x, twice).shape(), (tf::shape{1, 2, 3}));
}

}  // namespace
