#include <tenfold/pad.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

#include <bit>  // bit_cast

using namespace tenfold_test;
using tf::index_t;
using tf::pad_mode;
using tf::shape;

namespace {

using sides = std::vector<index_t>;

constexpr pad_mode constant = pad_mode::constant, reflect = pad_mode::reflect, replicate = pad_mode::replicate,
                   circular = pad_mode::circular;

struct padding {
  const char* why;
  shape input;
  sides pads;
  std::vector<pad_mode> modes;
};

const std::vector<pad_mode> all_modes{constant, reflect, replicate, circular}, constant_alone{constant};

const padding paddings[] = {
    {"scalar", {}, {}, constant_alone},
    {"nothing", {2, 3}, {}, constant_alone},
    {"by_one", {2, 3, 5, 7}, {1, 1, 1, 1}, all_modes},
    {"by_zero", {2, 3, 5, 7}, {0, 0, 0, 0}, all_modes},
    {"sides_differ", {2, 3, 5, 37}, {4, 2, 1, 3}, all_modes},
    {"unbatched", {3, 5, 7}, {1, 2, 3, 4}, all_modes},
    {"as_far_as_reflect_goes", {1, 2, 4, 5}, {4, 4, 3, 3}, all_modes},
    {"once_around", {1, 2, 4, 5}, {5, 5, 4, 4}, {constant, replicate, circular}},
    {"far", {1, 2, 3, 2}, {70, 90, 9, 5}, {constant, replicate}},
    {"lines", {3, 6}, {2, 3}, all_modes},
    {"batches_of_lines", {2, 3, 40}, {2, 3}, all_modes},
    {"long_lines", {2, 1500}, {700, 20}, all_modes},
    {"one_long_line", {1, 30000}, {20000, 10000}, all_modes},
    {"crops", {2, 3, 5, 37}, {-1, -2, -1, -1}, all_modes},
    {"crops_and_pads", {2, 3, 6, 37}, {-2, 3, 2, -1}, all_modes},
    {"crops_what_it_pads_behind", {2, 3, 5, 5}, {-3, 3, 0, 0}, {constant, reflect, replicate}},
    {"crops_what_it_pads_before", {2, 3, 5, 5}, {3, -3, 4, -4}, {constant, reflect, replicate}},
    {"beyond_the_end", {1, 5}, {-7, 9}, {replicate}},
    {"beyond_the_begin", {1, 5}, {9, -7}, {replicate}},
    {"nothing_left_to_copy", {2, 5}, {-3, -2}, {constant, circular}},
    {"nothing_but_border", {2, 5}, {-5, 4}, constant_alone},
    {"channels", {2, 3, 5, 7}, {0, 0, 0, 0, 1, 2}, {constant, circular}},
    {"three_dims", {2, 3, 5, 7}, {1, 1, 2, 0, 1, 2}, {constant, circular}},
    {"batch", {2, 3, 5}, {0, 0, 0, 0, 2, 1}, constant_alone},
    {"rows_alone", {2, 3, 5, 7}, {0, 0, 2, 1}, all_modes},
    {"eight_dims", {1, 2, 1, 2, 2, 1, 2, 3}, {1, 0, 0, 1, -1, 2, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1}, constant_alone},
    {"vector", {9}, {3, 4}, constant_alone},
    {"empty_line", {2, 0}, {1, 2}, constant_alone},
    {"empty_batch", {0, 3, 4, 5}, {1, 1, 1, 1}, all_modes},
    {"empty_batch_of_lines", {0, 3, 5}, {1, 1}, all_modes},
    {"padded_batch_of_none", {0, 3}, {1, 1, 1, 1}, constant_alone},
    {"one_pixel", {1, 1, 1}, {2, 3, 1, 0}, {constant, replicate}},
    {"many_tasks", {2, 8, 60, 61}, {1, 2, 3, 1}, all_modes},
};

template <class T>
struct Pad : testing::Test {};
TYPED_TEST_SUITE(Pad, element_types);

TYPED_TEST(Pad, EqualsReference) {
  using T = TypeParam;
  for (const padding& p : paddings)
    for (const pad_mode mode : p.modes) {
      const T value = mode == constant ? static_cast<T>(-3) : T{};
      const auto x = with_special_values(random_tensor<T>(p.input));
      const auto expected = tf::reference::pad(x, p.pads, mode, value);
      EXPECT_EQ(tf::pad_output_shape(p.input, p.pads, mode), expected.shape());
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::pad(x, p.pads, mode, value, on(level)), expected))
            << p.why << " " << static_cast<int>(mode) << " " << tf::name_of(level);
      for (const int threads : {2, 3, 8})
        EXPECT_TRUE(same_bits(tf::pad(x, p.pads, mode, value, on_threads(threads)), expected)) << p.why << threads;
    }
}

/// Sums are in PyTorch's order, so even those of numbers that round have the reference's bits.
TYPED_TEST(Pad, BackwardEqualsReference) {
  using T = TypeParam;
  for (const padding& p : paddings)
    for (const pad_mode mode : p.modes) {
      if (mode == circular) continue;
      const auto dy = random_tensor<T>(tf::pad_output_shape(p.input, p.pads, mode));
      const auto expected = tf::reference::pad_backward(dy, p.input, p.pads, mode);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::pad_backward(dy, p.input, p.pads, mode, on(level)), expected))
            << p.why << " " << static_cast<int>(mode) << " " << tf::name_of(level);
      for (const int threads : {2, 8})
        EXPECT_TRUE(same_bits(tf::pad_backward(dy, p.input, p.pads, mode, on_threads(threads)), expected)) << p.why;
    }
}

/// <pad x, y> = <x, pad' y>, exact with small integers.
TEST(PadGradient, IsTheTransposedMap) {
  const auto dot = [](const auto& a, const auto& b) {
    double sum = 0;
    for (index_t i = 0; i < a.size(); ++i) sum += a.data()[i] * b.data()[i];
    return sum;
  };
  for (const padding& p : paddings)
    for (const pad_mode mode : p.modes) {
      if (mode == circular) continue;
      const auto x = small_integers<double>(p.input, 1);
      const auto y = small_integers<double>(tf::pad_output_shape(p.input, p.pads, mode), 2);
      EXPECT_EQ(dot(tf::pad(x, p.pads, mode), y), dot(x, tf::pad_backward(y, p.input, p.pads, mode))) << p.why;
    }
}

TEST(PadSpecial, ValueIsKeptToTheBit) {
  const tf::tensor<float> x({1, 3}, {1, 2, 3});
  // Compared by their bits, whatever the compiler thinks of NaN and -0.0.
  for (const std::uint32_t bits : {0x80000000u, 0x7fc00000u, 0xff800000u, 0x7fc01234u})
    for (const tf::isa level : available_isas()) {
      const auto y = tf::pad(x, {20, 1}, constant, std::bit_cast<float>(bits), on(level));
      for (index_t i = 0; i < y.size(); ++i) {
        const auto expected = i < 20 || i == 23 ? bits : std::bit_cast<std::uint32_t>(static_cast<float>(i - 19));
        EXPECT_EQ(std::bit_cast<std::uint32_t>(y.data()[i]), expected) << i;
      }
    }
}

TEST(PadGradient, SumsBeginWithPlusZero) {
  const auto dy = filled<float>({1, 1, 3, 40}, -0.0F);
  const auto dx = tf::pad_backward(dy, {1, 1, 1, 38}, {1, 1, 1, 1}, replicate);
  EXPECT_TRUE(same_bits(dx, filled<float>({1, 1, 1, 38}, 0.0F)));
}

std::string pad_error(const shape& input, const sides& pads, pad_mode mode = constant, float value = 0) {
  const tf::tensor_view<const float> x(nullptr, input);
  const std::string text = error_of([&] { tf::pad(x, pads, mode, value); });
  if (std::bit_cast<std::uint32_t>(value) == 0) {  // a NaN, too, is none
    EXPECT_EQ(error_of([&] { (void)tf::pad_output_shape(input, pads, mode); }), text);
  }
  auto y = filled<float>({1, 1}, 77);
  EXPECT_EQ(error_of([&] { tf::pad_into(y, x, pads, mode, value); }), text);
  EXPECT_EQ(y(0, 0), 77);
  return text;
}

std::string unsupported(index_t pads, index_t rank) {
  return "Padding size " + std::to_string(pads) + " is not supported for " + std::to_string(rank) +
         "D input tensor.\nSupported combinations for non-constant padding:\n"
         "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
         "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
         "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)";
}

const shape image{2, 3, 4, 5};

TEST(PadErrors, OfTheNumberOfPads) {
  const std::string length =
      "Padding length should be less than or equal to two times the input dimension but got padding length ";
  EXPECT_EQ(pad_error(image, {1}), "Padding length must be divisible by 2");
  EXPECT_EQ(pad_error(image, {1}, reflect, 1), "Padding length must be divisible by 2");
  EXPECT_EQ(pad_error(image, sides(10, 1)), length + "10 and input of dimension 4");
  EXPECT_EQ(pad_error({}, {1, 1}, replicate), length + "2 and input of dimension 0");
  for (const pad_mode mode : {reflect, replicate, circular}) {
    EXPECT_EQ(pad_error({5}, {1, 1}, mode), unsupported(2, 1));
    EXPECT_EQ(pad_error({4, 5}, {1, 1, 1, 1}, mode), unsupported(4, 2));
    EXPECT_EQ(pad_error(image, {1, 1}, mode), unsupported(2, 4));
    EXPECT_EQ(pad_error(image, {}, mode), unsupported(0, 4));
    EXPECT_EQ(pad_error(image, sides(8, 1), mode), unsupported(8, 4));
    EXPECT_EQ(pad_error({1, 1, 1, 1, 1}, sides(4, 1), mode), unsupported(4, 5));
  }
  EXPECT_EQ(pad_error(image, {1, 1}, reflect, 1), "Padding mode \"reflect\" doesn't take in value argument");
  EXPECT_EQ(pad_error(image, {1, 1, 1, 1}, replicate, std::numeric_limits<float>::quiet_NaN()),
            "Padding mode \"replicate\" doesn't take in value argument");
  EXPECT_EQ(pad_error(image, {1, 1, 1, 1}, circular, 1), "Padding mode \"circular\" doesn't take in value argument");
  EXPECT_EQ(pad_error(image, sides(6, 1), reflect),
            "pad: mode reflect pads the last one or two dimensions of a tensor, not three");
}

TEST(PadErrors, OfConstantPads) {
  const std::string negative = "narrow(): length must be non-negative.";
  for (const sides& pads : {sides{-3, -3}, sides{1, -6}, sides{-6, 1}, sides{-6, 6}, sides{0, -9, 0, -9},
                            sides{INT64_MIN, 0}, sides{INT64_MIN, INT64_MIN}, sides{-6, INT64_MAX}})
    EXPECT_EQ(pad_error(image, pads), negative);
  constexpr index_t big = index_t{1} << 62;
  EXPECT_EQ(
      pad_error(image, {big, big + 5, 0, 0}),
      "The input size 5, plus negative padding 4611686018427387904 and 4611686018427387909 resulted in a negative "
      "output size, which is invalid. Check dimension 3 of your input.");
  EXPECT_EQ(
      pad_error({0, 3}, {INT64_MAX, INT64_MAX}),
      "The input size 3, plus negative padding 9223372036854775807 and 9223372036854775807 resulted in a negative "
      "output size, which is invalid. Check dimension 1 of your input.");
  EXPECT_EQ(error_of([&] {
              tf::pad(tf::tensor<float>({1, 3}), {big, 0});
            }),
            "the product 4611686018427387907 * 4 overflows a 64-bit size");
}

TEST(PadErrors, OfReflectAndReplicate) {
  const std::string argument =
      ": Padding size should be less than the corresponding input dimension, but got: padding ";
  EXPECT_EQ(pad_error({4, 5}, {5, 0}, reflect), "Argument #4" + argument + "(5, 0) at dimension 1 of input [4, 5]");
  EXPECT_EQ(pad_error({3, 4, 5}, {0, 0, 0, 4}, reflect),
            "Argument #6" + argument + "(0, 4) at dimension 1 of input [3, 4, 5]");
  EXPECT_EQ(pad_error(image, {9, 9, 9, 9}, reflect),
            "Argument #4" + argument + "(9, 9) at dimension 3 of input [2, 3, 4, 5]");
  EXPECT_EQ(pad_error({1, 1}, {-3, 3}, reflect), "Argument #4" + argument + "(-3, 3) at dimension 1 of input [1, 1]");
  for (const pad_mode mode : {reflect, replicate}) {
    EXPECT_EQ(pad_error({4, 5}, {-6, 0}, mode), "input (W: 5) is too small. Calculated output W: -1");
    EXPECT_EQ(pad_error(image, {-3, -2, 0, 0}, mode),
              "Calculated output H: 4 W: 0 must be >= 1 in every dimension (input H: 4, W: 5)");
    EXPECT_EQ(pad_error(image, {0, 0, -5, 0}, mode),
              "Calculated output H: -1 W: 5 must be >= 1 in every dimension (input H: 4, W: 5)");
    for (const shape& empty : {shape{0, 4}, shape{3, 0, 4}, shape{3, 4, 0}})
      EXPECT_EQ(pad_error(empty, {1, 1}, mode),
                "Expected 2D or 3D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
                "input, but got: " +
                    tf::to_string(empty));
    for (const shape& empty : {shape{0, 3, 4}, shape{2, 0, 4, 5}, shape{0, 3, 0, 5}, shape{2, 3, 4, 0}})
      EXPECT_EQ(pad_error(empty, {4, 4, 3, 3}, mode),
                "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
                "input, but got: " +
                    tf::to_string(empty));
  }
  constexpr index_t big = index_t{1} << 62;
  EXPECT_EQ(pad_error(image, {big, big, 0, 0}, replicate),
            "Calculated output H: 4 W: -9223372036854775803 must be >= 1 in every dimension (input H: 4, W: 5)");
  EXPECT_EQ(pad_error(image, {INT64_MAX, INT64_MAX, 0, 0}, replicate),
            "the sum 5 + 9223372036854775807 overflows a 64-bit size");
}

TEST(PadErrors, OfCircular) {
  const std::string around = "Padding value causes wrapping around more than once.";
  const std::string empty = "Negative padding value is resulting in an empty dimension";
  EXPECT_EQ(pad_error(image, {6, 0, 0, 0}, circular), around);
  EXPECT_EQ(pad_error(image, {-6, 6, 0, 0}, circular), around);
  EXPECT_EQ(pad_error(image, {-6, 0, 9, 0}, circular), around);
  EXPECT_EQ(pad_error({2, 0}, {1, 0}, circular), around);
  EXPECT_EQ(pad_error(image, {-6, 0, 0, 0}, circular), empty);
  EXPECT_EQ(pad_error(image, {0, 0, -3, -2}, circular), empty);
  EXPECT_EQ(pad_error(image, {INT64_MIN, INT64_MIN, 0, 0}, circular), empty);
  EXPECT_EQ(pad_error(image, {-4, 5, 0, 0}, circular), around);  // of one column five
}

TEST(PadErrors, OfGradients) {
  const auto backward = [](const shape& grad_output, const shape& input, const sides& pads, pad_mode mode) {
    const tf::tensor_view<const float> dy(nullptr, grad_output);
    return error_of([&] { tf::pad_backward(dy, input, pads, mode); });
  };
  for (const pad_mode mode : {reflect, replicate}) {
    EXPECT_EQ(backward({2, 3, 6, 8}, image, {1, 1, 1, 1}, mode), "grad_output width unexpected. Expected: 7, Got: 8");
    EXPECT_EQ(backward({2, 3, 7, 8}, image, {1, 1, 1, 1}, mode), "grad_output height unexpected. Expected: 6, Got: 7");
    EXPECT_EQ(backward({2, 4, 7, 8}, image, {1, 1, 1, 1}, mode), "grad_output channel unexpected. Expected: 3, Got: 4");
    EXPECT_EQ(backward({3, 8}, {3, 5}, {1, 1}, mode), "grad_output width unexpected. Expected: 7, Got: 8");
    EXPECT_EQ(backward({2, 7}, {3, 5}, {1, 1}, mode), "grad_output channel unexpected. Expected: 3, Got: 2");
    EXPECT_EQ(backward({5, 3, 6, 7}, image, {1, 1, 1, 1}, mode),
              "pad_backward: expected grad_output of shape [2, 3, 6, 7], but got [5, 3, 6, 7]");
    EXPECT_EQ(backward({3, 6, 7}, image, {1, 1, 1, 1}, mode),
              "pad_backward: expected grad_output of shape [2, 3, 6, 7], but got [3, 6, 7]");
  }
  EXPECT_EQ(backward({2, 3, 6, 8}, image, {1, 1, 1, 1}, constant),
            "pad_backward: expected grad_output of shape [2, 3, 6, 7], but got [2, 3, 6, 8]");
  EXPECT_EQ(backward({2, 3, 6, 7}, image, {1, 1, 1, 1}, circular), "pad_backward: mode circular has no gradient here");
  auto dx = filled<float>({2, 2}, 77);
  EXPECT_EQ(error_of([&] {
              tf::pad_backward_into(dx, tf::tensor<float>({2, 3}), {1, 1}, replicate);
            }),
            "grad_output width unexpected. Expected: 4, Got: 3");
  EXPECT_TRUE(same_bits(dx, filled<float>({2, 2}, 77)));
}

}  // namespace
