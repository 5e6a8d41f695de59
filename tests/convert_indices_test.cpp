#include <tenfold/convert_indices.hpp>
#include <tenfold/max_unpool2d.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::convert_indices;
using tf::hw;
using tf::index_kind;
using tf::index_t;
using tf::shape;

namespace {

const index_kind kinds[] = {index_kind::plane, index_kind::tensor, index_kind::tensorflow,
                            index_kind::tensorflow_with_batch, index_kind::window};

struct pooling {
  const char* name;
  shape input;
  tf::pool2d_options options;
};

const pooling poolings[] = {
    {"doubling", {2, 3, 8, 10}, {.kernel_size = 2}},
    {"overlapping_and_padded", {2, 3, 7, 9}, {.kernel_size = {3, 2}, .stride = {2, 1}, .padding = 1}},
    {"dilated", {1, 2, 9, 9}, {.kernel_size = 3, .stride = 1, .padding = 1, .dilation = {2, 3}}},
    {"pads", {2, 3, 7, 9}, {.kernel_size = 3, .stride = {2, 1}, .padding = tf::pads{0, 1, 1, 0}}},
    {"last_window_cut_off", {3, 1, 6, 5}, {.kernel_size = 3, .stride = 2, .ceil_mode = true}},
    {"unbatched", {4, 6, 5}, {.kernel_size = 2}},
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"empty_batch", {0, 3, 4, 4}, {.kernel_size = 2}},
};

/// For the element that each index of `indices` means, its index of the wanted kind: found by numbering all elements of
/// the input as that kind numbers them, one after the other, and all taps of each window.
tf::tensor<index_t> renumbered(const pooling& p, const tf::tensor<index_t>& plane_indices, index_kind kind) {
  const bool batched = p.input.size() == 4;
  const index_t batch = batched ? p.input[0] : 1, channels = p.input[batched ? 1 : 0];
  const index_t height = p.input[batched ? 2 : 1], width = p.input[batched ? 3 : 2];
  tf::tensor<index_t> number({batch, channels, height, width});
  index_t next = 0;
  if (kind == index_kind::tensor) {
    for (index_t i = 0; i < number.size(); ++i) number.data()[i] = i;
  } else if (kind == index_kind::plane) {
    for (index_t n = 0; n < batch; ++n)
      for (index_t c = 0; c < channels; ++c) {
        next = 0;
        for (index_t h = 0; h < height; ++h)
          for (index_t w = 0; w < width; ++w) number(n, c, h, w) = next++;
      }
  } else {
    for (index_t n = 0; n < batch; ++n) {
      if (kind == index_kind::tensorflow) next = 0;
      for (index_t h = 0; h < height; ++h)
        for (index_t w = 0; w < width; ++w)
          for (index_t c = 0; c < channels; ++c) number(n, c, h, w) = next++;
    }
  }
  tf::tensor<index_t> result(plane_indices.shape());
  const index_t out_w = batched ? result.shape()[3] : result.shape()[2];
  const index_t out_h = batched ? result.shape()[2] : result.shape()[1];
  index_t i = 0;
  for (index_t n = 0; n < batch; ++n)
    for (index_t c = 0; c < channels; ++c)
      for (index_t oh = 0; oh < out_h; ++oh)
        for (index_t ow = 0; ow < out_w; ++ow, ++i) {
          const index_t h = plane_indices.data()[i] / width, w = plane_indices.data()[i] % width;
          if (kind != index_kind::window) {
            result.data()[i] = number(n, c, h, w);
            continue;
          }
          index_t tap = 0;
          for (index_t y = 0; y < p.options.kernel_size.h; ++y)
            for (index_t x = 0; x < p.options.kernel_size.w; ++x, ++tap)
              if (oh * p.options.stride.h - p.options.padding.h + y * p.options.dilation.h == h &&
                  ow * p.options.stride.w - p.options.padding.w + x * p.options.dilation.w == w)
                result.data()[i] = tap;
        }
  return result;
}

TEST(ConvertIndices, BetweenAllKinds) {
  for (const pooling& p : poolings) {
    const auto plane = tf::max_pool2d_with_indices(random_tensor<float>(p.input), p.options).indices;
    for (const index_kind from : kinds)
      for (const index_kind to : kinds) {
        const auto given = renumbered(p, plane, from), expected = renumbered(p, plane, to);
        EXPECT_TRUE(equal(convert_indices(given, from, to, p.input, p.options), expected))
            << p.name << ", from " << static_cast<int>(from) << " to " << static_cast<int>(to);
        if (from != index_kind::window && to != index_kind::window) {  // the settings do not matter
          EXPECT_TRUE(equal(convert_indices(given, from, to, p.input), expected)) << p.name;
        }
        auto in_place = given;
        tf::convert_indices_into(in_place, in_place, from, to, p.input, p.options);
        EXPECT_TRUE(equal(in_place, expected)) << p.name << ", in place";
      }
  }
}

/// What PyTorch 2.15 and ONNX Runtime 1.32 answer to the same max pooling.
TEST(ConvertIndices, FromPyTorchToOnnx) {
  const tf::pool2d_options o{.kernel_size = {3, 2}, .stride = {2, 1}, .padding = 1, .dilation = {1, 2}};
  const shape input{2, 2, 3, 4};
  tf::tensor<float> x(input);
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i * 7919 % 101);
  const tf::tensor<index_t> torch({2, 2, 2, 4}, {1, 2, 7, 2, 9, 4, 7, 6,  5, 0, 5, 2, 5, 10, 5, 10,
                                                 5, 0, 3, 2, 5, 8, 5, 10, 5, 0, 3, 2, 5, 8,  5, 10});
  const tf::tensor<index_t> onnx({2, 2, 2, 4}, {1,  2,  7,  2,  9,  4,  7,  6,  17, 12, 17, 14, 17, 22, 17, 22,
                                                29, 24, 27, 26, 29, 32, 29, 34, 41, 36, 39, 38, 41, 44, 41, 46});
  EXPECT_TRUE(equal(tf::max_pool2d_with_indices(x, o).indices, torch));
  EXPECT_TRUE(equal(convert_indices(torch, index_kind::plane, index_kind::tensor, input), onnx));
  EXPECT_TRUE(equal(convert_indices(onnx, index_kind::tensor, index_kind::plane, input), torch));
}

/// By TensorFlow's documentation: (y * width + x) * channels + c, and (b * height + y) in place of y.
TEST(ConvertIndices, ToTensorFlow) {
  const shape input{2, 3, 4, 5};
  const tf::tensor<index_t> plane({2, 3, 1, 2}, {0, 19, 7, 1, 12, 5, 3, 3, 0, 19, 6, 18});
  const tf::tensor<index_t> without({2, 3, 1, 2}, {0, 57, 22, 4, 38, 17, 9, 9, 1, 58, 20, 56});
  const tf::tensor<index_t> with({2, 3, 1, 2}, {0, 57, 22, 4, 38, 17, 69, 69, 61, 118, 80, 116});
  EXPECT_TRUE(equal(convert_indices(plane, index_kind::plane, index_kind::tensorflow, input), without));
  EXPECT_TRUE(equal(convert_indices(plane, index_kind::plane, index_kind::tensorflow_with_batch, input), with));
  EXPECT_TRUE(equal(convert_indices(with, index_kind::tensorflow_with_batch, index_kind::plane, input), plane));
}

TEST(ConvertIndices, AnyNumberOfThreads) {
  const pooling p{"large", {3, 5, 64, 66}, {.kernel_size = 2}};
  const auto plane = tf::max_pool2d_with_indices(random_tensor<float>(p.input), p.options).indices;
  const auto expected = renumbered(p, plane, index_kind::tensor);
  for (const int threads : {1, 2, 3, 8}) {
    const tf::context ctx = on_threads(threads);
    EXPECT_TRUE(equal(convert_indices(plane, index_kind::plane, index_kind::tensor, p.input, ctx), expected));
    auto bad = expected;  // the first of several is named, whichever thread meets it
    bad.data()[4321] = bad.data()[9999] = bad.data()[15000] = -7;
    EXPECT_EQ(error_of([&] { convert_indices(bad, index_kind::tensor, index_kind::plane, p.input, ctx); }),
              "convert_indices: tensor index -7 at n = 0, c = 4, h = 2, w = 31 names no element of its plane, in an "
              "input of [3, 5, 64, 66]");
  }
}

TEST(ConvertIndices, FromUnpooledTensorFlowIndices) {  // what it is for
  const auto x = random_tensor<float>({2, 3, 6, 8});
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 2});
  const auto theirs = convert_indices(pooled.indices, index_kind::plane, index_kind::tensorflow, x.shape());
  const auto ours = convert_indices(theirs, index_kind::tensorflow, index_kind::plane, x.shape());
  EXPECT_TRUE(equal(tf::max_unpool2d(pooled.values, ours, {.kernel_size = 2}),
                    tf::max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2})));
}

// ---- errors
// ----------------------------------------------------------------------------------------------------------

TEST(ConvertIndicesErrors, OfAnIndexOutsideItsPlane) {
  const shape input{2, 3, 2, 2};
  const auto error = [&](index_kind from, index_t index) {  // the third of n = 1, c = 2, after good ones
    const pooling p{"", input, {.kernel_size = 1}};
    const auto plane = tf::max_pool2d_with_indices(random_tensor<float>(input), p.options).indices;
    auto indices = renumbered(p, plane, from);
    indices(1, 2, 1, 0) = index;
    auto output = filled<index_t>(input, 77);
    const std::string text =
        error_of([&] { tf::convert_indices_into(output, indices, from, index_kind::plane, input, p.options); });
    EXPECT_EQ(static_cast<bool>(equal(output, filled<index_t>(input, 77))), !text.empty())
        << "written before the error";
    return text;
  };
  const auto text = [](const std::string& index) {
    return "convert_indices: " + index +
           " at n = 1, c = 2, h = 1, w = 0 names no element of its plane, in an input of "
           "[2, 3, 2, 2]";
  };
  for (const index_t bad : {index_t{-1}, index_t{4}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(error(index_kind::plane, bad), text("plane index " + std::to_string(bad)));
  EXPECT_EQ(error(index_kind::plane, 3), "");
  // Its plane has the indices 20 to 23.
  for (const index_t bad : {index_t{-1}, index_t{19}, index_t{24}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(error(index_kind::tensor, bad), text("tensor index " + std::to_string(bad)));
  EXPECT_EQ(error(index_kind::tensor, 20), "");
  EXPECT_EQ(error(index_kind::tensor, 23), "");
  // 2, 5, 8, 11; with the batch 12 more.
  for (const index_t bad : {index_t{-1}, index_t{0}, index_t{1}, index_t{3}, index_t{14}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(error(index_kind::tensorflow, bad), text("tensorflow index " + std::to_string(bad)));
  EXPECT_EQ(error(index_kind::tensorflow, 11), "");
  for (const index_t bad : {index_t{-1}, index_t{11}, index_t{15}, index_t{26}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(error(index_kind::tensorflow_with_batch, bad),
              text("tensorflow_with_batch index " + std::to_string(bad)));
  EXPECT_EQ(error(index_kind::tensorflow_with_batch, 14), "");
  EXPECT_EQ(error(index_kind::tensorflow_with_batch, 23), "");
  EXPECT_EQ(error(index_kind::window, 1), text("window index 1"));
  EXPECT_EQ(error(index_kind::window, -1), text("window index -1"));
}

TEST(ConvertIndicesErrors, OfTheWindow) {
  const tf::pool2d_options o{.kernel_size = 2, .stride = 1, .padding = 1};
  const shape input{1, 1, 2, 2};
  auto indices = filled<index_t>({1, 1, 3, 3}, 3);
  const auto error = [&](index_kind from, index_kind to) {
    return error_of([&] { convert_indices(indices, from, to, input, o); });
  };
  indices(0, 0, 0, 0) = 2;  // a tap in the padding
  EXPECT_EQ(
      error(index_kind::window, index_kind::plane),
      "convert_indices: window index 2 at n = 0, c = 0, h = 0, w = 0 names no element of its plane, in an input of "
      "[1, 1, 2, 2]");
  indices(0, 0, 0, 0) = 1;  // an element beside the window
  EXPECT_EQ(
      error(index_kind::plane, index_kind::window),
      "convert_indices: plane index 1 at n = 0, c = 0, h = 0, w = 0 is read by no tap of its window, in an input of "
      "[1, 1, 2, 2]");
  // A window that sees no element at all: max_pool2d's index, like PyTorch's, is outside the plane.
  const tf::pool2d_options blind{.kernel_size = 2, .stride = 1, .padding = 1, .dilation = 3};
  const auto pooled = tf::max_pool2d_with_indices(random_tensor<float>(input), blind);
  EXPECT_EQ(
      error_of([&] { convert_indices(pooled.indices, index_kind::plane, index_kind::tensor, input); }),
      "convert_indices: plane index 6 at n = 0, c = 0, h = 0, w = 0 names no element of its plane, in an input of "
      "[1, 1, 2, 2]");
}

TEST(ConvertIndicesErrors, OfShapes) {
  const auto error = [](const shape& indices, const shape& input, index_kind to) {
    return error_of([&] { convert_indices(tf::tensor<index_t>(indices), index_kind::plane, to, input); });
  };
  EXPECT_EQ(error({1, 2, 2, 2}, {2, 2}, index_kind::tensor),
            "convert_indices: expected the shape of the pooling's input, 3-D or 4-D, but got [2, 2]");
  const std::string unlike = "convert_indices: expected indices with the rank, batch and channels of ";
  EXPECT_EQ(error({1, 2, 2, 2}, {1, 3, 4, 4}, index_kind::tensor), unlike + "[1, 3, 4, 4], but got [1, 2, 2, 2]");
  EXPECT_EQ(error({2, 2, 2, 2}, {1, 2, 4, 4}, index_kind::tensor), unlike + "[1, 2, 4, 4], but got [2, 2, 2, 2]");
  EXPECT_EQ(error({2, 2, 2}, {1, 2, 4, 4}, index_kind::tensor), unlike + "[1, 2, 4, 4], but got [2, 2, 2]");
  EXPECT_EQ(error({4}, {1, 2, 4}, index_kind::tensor), unlike + "[1, 2, 4], but got [4]");
  EXPECT_EQ(error({1, 2, 2, 2}, {1, 2, 4, -4}, index_kind::tensor),
            "Trying to create tensor with negative dimension -4: [1, 2, 4, -4]");
  EXPECT_EQ(error({1, 1, 1, 1}, {1, 1, index_t{1} << 32, index_t{1} << 32}, index_kind::tensor),
            "the product 4294967296 * 4294967296 overflows a 64-bit size");
  EXPECT_EQ(error({1, 2, 2, 2}, {1, 2, 4, 4}, index_kind::window),
            "convert_indices: indices within the window need the pooling's options");
  const tf::tensor<index_t> indices({1, 2, 2, 2});
  EXPECT_EQ(error_of([&] {
              convert_indices(indices, index_kind::plane, index_kind::window, {1, 2, 4, 4}, {.kernel_size = 3});
            }),
            "convert_indices: expected indices of shape [1, 2, 1, 1], but got [1, 2, 2, 2]");
  EXPECT_EQ(error_of([&] {
              convert_indices(indices, index_kind::plane, index_kind::window, {1, 2, 4, 4}, {.kernel_size = 0});
            }),
            "stride should not be zero");
  tf::tensor<index_t> output({1, 2, 2, 1});
  EXPECT_EQ(error_of([&] {
              tf::convert_indices_into(output, indices, index_kind::plane, index_kind::tensor, {1, 2, 4, 4});
            }),
            "convert_indices: expected output of shape [1, 2, 2, 2], but got [1, 2, 2, 1]");
}

}  // namespace
