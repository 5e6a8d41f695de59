// Sizes and settings near 2^31, 2^32, 2^62 and the ends of int64: the shape functions against the formulas in 128 bits,
// and the operations themselves where such settings leave a small output. With -fsanitize=undefined it also shows that
// nothing wraps on the way.
#include <tenfold/reference.hpp>
#include <tenfold/tenfold.hpp>

#include "algorithm_names.hpp"
#include "support.hpp"

#include <optional>

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

namespace {

__extension__ typedef __int128 wide;  // holds every product of two int64

bool fits(wide value) { return value >= INT64_MIN && value <= INT64_MAX; }

wide floor_divide(wide a, wide b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// Sizes and settings of one dimension.
struct numbers {
  index_t in, kernel, stride, padding, dilation, extra;
};

std::string text_of(const numbers& n) {
  return "in " + std::to_string(n.in) + ", kernel " + std::to_string(n.kernel) + ", stride " +
         std::to_string(n.stride) + ", padding " + std::to_string(n.padding) + ", dilation " +
         std::to_string(n.dilation) + ", extra " + std::to_string(n.extra);
}

class drawer {
 public:
  explicit drawer(unsigned seed) : random_(seed) {}

  index_t between(index_t low, index_t high) {
    return low + static_cast<index_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool one_in(index_t n) { return between(1, n) == 1; }
  /// A small number, or one near a power of two where something overflows; `least` or more.
  index_t size(index_t least) {
    constexpr index_t around[] = {2, 3, 5, index_t{1} << 31, index_t{1} << 32, index_t{1} << 61, index_t{1} << 62};
    if (one_in(20)) return INT64_MAX - between(0, 3);
    return std::max(least, around[between(0, 6)] + between(-2, 2));
  }
  /// The same, and now and then a negative one.
  index_t setting(index_t least) {
    if (one_in(40)) return INT64_MIN + between(0, 3);
    return one_in(20) ? -size(1) : size(least);
  }
  numbers all() { return {size(1), size(1), setting(1), setting(0), setting(1), setting(0)}; }

 private:
  std::mt19937_64 random_;
};

/// The numbers in the height or in the width, beside harmless ones.
struct axis {
  bool high;

  tf::pads sides(index_t begin, index_t end) const {
    return high ? tf::pads{begin, 0, end, 0} : tf::pads{0, begin, 0, end};
  }
  hw pair(index_t number, index_t harmless) const { return high ? hw{number, harmless} : hw{harmless, number}; }
  shape plane(index_t number, index_t harmless) const {
    return {1, 1, pair(number, harmless).h, pair(number, harmless).w};
  }
  index_t of(const shape& s) const { return s[high ? 2 : 3]; }
};

/// What a shape function should say.
struct expectation {
  std::optional<wide> size;  // none where the settings are wrong
  bool steps_fit = true;     // whether the sums and products on the way do: otherwise an error is right, too
};

/// give(axis, numbers) is the library's answer, expect(numbers) what it should be.
template <class Give, class Expect>
void expect_never_wrapped(const Give& give, const Expect& expect) {
  drawer draw(1);
  int answered = 0, refused = 0;
  for (int i = 0; i < 30000; ++i) {
    const numbers n = draw.all();
    const axis a{draw.one_in(2)};
    const expectation e = expect(n);
    index_t got = -1;
    const std::string error = error_of([&] { got = give(a, n); });
    ++(error.empty() ? answered : refused);
    if (error.empty())
      ASSERT_TRUE(e.size && *e.size == got) << text_of(n) << " gave " << got;
    else
      ASSERT_TRUE(!e.size || !e.steps_fit || !fits(*e.size)) << text_of(n) << " raised: " << error;
  }
  EXPECT_GT(answered, 500);
  EXPECT_GT(refused, 500);
}

wide span_of(const numbers& n) { return wide{n.dilation} * (n.kernel - 1) + 1; }
wide padded(const numbers& n) { return wide{n.in} + 2 * wide{n.padding}; }

// ---- the shape functions
// ---------------------------------------------------------------------------------------------

TEST(ShapesNeverWrap, Conv2d) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        return a.of(tf::conv2d_output_shape(
            a.plane(n.in, 1), a.plane(n.kernel, 1),
            {.stride = a.pair(n.stride, 1), .padding = a.pair(n.padding, 0), .dilation = a.pair(n.dilation, 1)}));
      },
      [](const numbers& n) -> expectation {
        if (n.stride < 1 || n.padding < 0 || n.dilation < 1 || padded(n) < span_of(n)) return {};
        return {(padded(n) - span_of(n)) / n.stride + 1, fits(padded(n)) && fits(span_of(n))};
      });
}

TEST(ShapesNeverWrap, Conv2dOfPaddingSame) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        return a.of(tf::conv2d_output_shape(a.plane(n.in, 1), a.plane(n.kernel, 1),
                                            {.padding = tf::same, .dilation = a.pair(n.dilation, 1)}));
      },
      [](const numbers& n) -> expectation {
        if (n.dilation < 1) return {};
        return {n.in, fits(n.in + span_of(n))};
      });
}

expectation transposed(const numbers& n, bool public_function) {
  const wide spread = wide{n.in - 1} * n.stride;
  const wide cropped = spread - 2 * wide{n.padding};
  const wide out = cropped + span_of(n) + n.extra;
  if (n.stride < 1 || n.dilation < 1 || out < 1 || (n.extra >= n.stride && n.extra >= n.dilation)) return {};
  if (public_function && (n.padding < 0 || n.extra < 0 || n.padding > INT64_MAX / 2)) return {};
  return {out, fits(spread) && fits(2 * wide{n.padding}) && fits(cropped) && fits(span_of(n)) && fits(out - n.extra)};
}

TEST(ShapesNeverWrap, ConvTranspose2d) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        return a.of(tf::conv_transpose2d_output_shape(a.plane(n.in, 1), a.plane(n.kernel, 1),
                                                      {.stride = a.pair(n.stride, 1),
                                                       .padding = a.pair(n.padding, 0),
                                                       .output_padding = a.pair(n.extra, 0),
                                                       .dilation = a.pair(n.dilation, 1)}));
      },
      [](const numbers& n) { return transposed(n, true); });
}

/// An output_size: the range's first or third where there is a range, and anything else.
index_t wanted_size(const numbers& n) {
  const wide least = wide{n.in - 1} * n.stride - 2 * wide{n.padding} + span_of(n);
  return fits(least) && fits(least + 2) && n.extra % 2 == 0 ? static_cast<index_t>(least + (n.extra & 2)) : n.extra;
}

TEST(ShapesNeverWrap, ConvTranspose2dOfOutputSize) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        return a.of(tf::conv_transpose2d_output_shape(a.plane(n.in, 1), a.plane(n.kernel, 1),
                                                      {.stride = a.pair(n.stride, 1),
                                                       .padding = a.pair(n.padding, 0),
                                                       .output_size = a.pair(wanted_size(n), 1),
                                                       .dilation = a.pair(n.dilation, 1)}));
      },
      [](const numbers& n) -> expectation {
        const index_t wanted = wanted_size(n);
        const wide spread = wide{n.in - 1} * n.stride;
        const wide least = spread - 2 * wide{n.padding} + span_of(n);
        if (wanted < least || wanted > least + n.stride - 1 || wanted < 1) return {};
        if (n.stride < 1 || n.dilation < 1 || n.padding < 0 || n.padding > INT64_MAX / 2) return {};
        return {wanted, fits(spread) && fits(span_of(n)) && fits(least) && fits(least + n.stride - 1)};
      });
}

TEST(ShapesNeverWrap, SlowConvTranspose2d) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        return a.of(tf::aten::slow_conv_transpose2d_output_shape(
            a.plane(n.in, 1), a.plane(n.kernel, 1), a.pair(n.kernel, 1), a.pair(n.stride, 1), a.pair(n.padding, 0),
            a.pair(n.extra, 0), a.pair(n.dilation, 1)));
      },
      [](const numbers& n) { return transposed(n, false); });
}

/// max_pool2d's settings have 32 bits: most of them near that.
numbers for_pooling(numbers n) {
  const auto narrow = [](index_t value) { return value > index_t{1} << 33 ? value % 5 + 1 : value; };
  return {n.in, narrow(n.kernel), narrow(n.stride), n.padding > index_t{1} << 33 ? 0 : n.padding, narrow(n.dilation),
          0};
}

TEST(ShapesNeverWrap, MaxPool2d) {
  for (const bool ceil_mode : {false, true})
    expect_never_wrapped(
        [&](axis a, const numbers& drawn) {
          const numbers n = for_pooling(drawn);
          return a.of(tf::max_pool2d_output_shape(a.plane(n.in, 1), {.kernel_size = a.pair(n.kernel, 1),
                                                                     .stride = a.pair(n.stride, 1),
                                                                     .padding = a.pair(n.padding, 0),
                                                                     .dilation = a.pair(n.dilation, 1),
                                                                     .ceil_mode = ceil_mode}));
        },
        [&](const numbers& drawn) -> expectation {
          const numbers n = for_pooling(drawn);
          const auto is_int = [](index_t value) { return value >= INT32_MIN && value <= INT32_MAX; };
          if (!is_int(n.kernel) || !is_int(n.stride) || !is_int(n.padding) || !is_int(n.dilation)) return {};
          if (n.stride < 1 || n.padding < 0 || n.dilation < 1 || n.padding > n.kernel / 2) return {};
          const wide reach = padded(n) - span_of(n) + (ceil_mode ? n.stride - 1 : 0);
          wide out = floor_divide(reach, n.stride) + 1;
          if (ceil_mode && (out - 1) * n.stride >= wide{n.in} + n.padding) --out;
          if (out < 1) return {};
          return {out, fits(padded(n)) && fits(reach)};
        });
}

TEST(ShapesNeverWrap, MaxUnpool2d) {
  for (const bool given : {false, true})
    expect_never_wrapped(
        [&](axis a, const numbers& n) {
          tf::unpool2d_options o{
              .kernel_size = a.pair(n.kernel, 1), .stride = a.pair(n.stride, 1), .padding = a.pair(n.padding, 0)};
          if (given) o.output_size = a.pair(n.extra, 1);
          return a.of(tf::max_unpool2d_output_shape(a.plane(n.in, 1), o));
        },
        [&](const numbers& n) -> expectation {
          const wide spread = wide{n.in - 1} * n.stride;
          const wide usual = spread - 2 * wide{n.padding} + n.kernel;
          const bool steps_fit = fits(spread) && fits(2 * wide{n.padding}) && fits(spread - 2 * wide{n.padding});
          if (!given) return usual < 0 ? expectation{} : expectation{usual, steps_fit};
          if (n.extra <= usual - n.stride || n.extra >= usual + n.stride || n.extra < 0) return {};
          return {n.extra, steps_fit && fits(usual) && fits(usual - n.stride) && fits(usual + n.stride)};
        });
}

/// Gradients for a grad_output of one element: what the operation refuses is refused in its words, and so is every
/// other size of grad_output, both before anything is read: behind the shapes lies one element.
template <class OutputShape, class Backward>
void expect_gradients_refuse(const OutputShape& output_shape, const Backward& backward) {
  static constexpr float element = 0;
  const shape one{1, 1, 1, 1};
  drawer draw(2);
  int wrong = 0, others = 0;
  for (int i = 0; i < 20000; ++i) {
    const numbers n = draw.all();
    const axis a{draw.one_in(2)};
    const shape x = a.plane(n.in, 1), w = a.plane(n.kernel, 1);
    shape y;
    const std::string refused = error_of([&] { y = output_shape(a, n, x, w); });
    if (refused.empty() && y == one) continue;
    const auto view = [&](const shape& s) { return tf::tensor_view<const float>(&element, s); };
    std::string got;
    const std::string unwritable = error_of([&] { (void)view(x), (void)view(w); });
    if (!unwritable.empty()) continue;
    got = error_of([&] { backward(a, n, view(one), view(x), view(w)); });
    ++(refused.empty() ? others : wrong);
    if (refused.empty())
      ASSERT_NE(got, "") << text_of(n);
    else
      ASSERT_EQ(got, refused) << text_of(n);
  }
  EXPECT_GT(wrong, 500);
  EXPECT_GT(others, 500);
}

TEST(ShapesNeverWrap, Conv2dBackward) {
  const auto options = [](axis a, const numbers& n) {
    return tf::conv2d_options{
        .stride = a.pair(n.stride, 1), .padding = a.pair(n.padding, 0), .dilation = a.pair(n.dilation, 1)};
  };
  expect_gradients_refuse([&](axis a, const numbers& n, const shape& x,
                              const shape& w) { return tf::conv2d_output_shape(x, w, options(a, n)); },
                          [&](axis a, const numbers& n, const auto& dy, const auto& x, const auto& w) {
                            (void)tf::conv2d_backward(dy, x, w, options(a, n));
                          });
}

TEST(ShapesNeverWrap, ConvTranspose2dBackward) {
  const auto options = [](axis a, const numbers& n) {
    return tf::conv_transpose2d_options{.stride = a.pair(n.stride, 1),
                                        .padding = a.pair(n.padding, 0),
                                        .output_padding = a.pair(n.extra, 0),
                                        .dilation = a.pair(n.dilation, 1)};
  };
  expect_gradients_refuse([&](axis a, const numbers& n, const shape& x,
                              const shape& w) { return tf::conv_transpose2d_output_shape(x, w, options(a, n)); },
                          [&](axis a, const numbers& n, const auto& dy, const auto& x, const auto& w) {
                            (void)tf::conv_transpose2d_backward(dy, x, w, options(a, n));
                          });
}

TEST(ShapesNeverWrap, CaffeUnpooling) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        return a.of(tf::caffe::unpooling_output_shape(
            a.plane(n.in, 1), {.kernel_size = a.pair(n.kernel, 1), .stride = a.pair(n.stride, 1)}));
      },
      [](const numbers& n) -> expectation {
        if (n.kernel < 1 || n.stride < 0 || n.in < 1) return {};
        const wide last = wide{n.in - 1} * n.stride + n.kernel, strides = wide{n.in} * n.stride + 1;
        return {std::max(last, strides), fits(last) && fits(strides)};
      });
}

expectation blocks_of(const numbers& n) {
  if (n.stride < 1 || n.padding < 0 || n.dilation < 1) return {};
  const wide blocks = floor_divide(padded(n) - span_of(n), n.stride) + 1;
  return blocks < 1 ? expectation{} : expectation{blocks, fits(padded(n)) && fits(span_of(n))};
}

TEST(ShapesNeverWrap, Im2col) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        const shape y = tf::im2col_output_shape(a.plane(n.in, 1), {.kernel_size = a.pair(n.kernel, 1),
                                                                   .dilation = a.pair(n.dilation, 1),
                                                                   .padding = a.pair(n.padding, 0),
                                                                   .stride = a.pair(n.stride, 1)});
        EXPECT_EQ(y[1], n.kernel);
        return y[2];
      },
      blocks_of);
}

TEST(ShapesNeverWrap, Col2im) {
  expect_never_wrapped(
      [](axis a, const numbers& n) {
        const expectation blocks = blocks_of(n);
        const index_t columns = blocks.size && fits(*blocks.size) ? static_cast<index_t>(*blocks.size) : n.extra;
        return a.of(tf::col2im_output_shape({1, n.kernel, columns}, a.pair(n.in, 1),
                                            {.kernel_size = a.pair(n.kernel, 1),
                                             .dilation = a.pair(n.dilation, 1),
                                             .padding = a.pair(n.padding, 0),
                                             .stride = a.pair(n.stride, 1)}));
      },
      [](const numbers& n) -> expectation {
        const expectation blocks = blocks_of(n);
        return blocks.size ? expectation{n.in, blocks.steps_fit && fits(*blocks.size)} : expectation{};
      });
}

/// The sizes of a broadcast are those of its operands; only their product may leave int64.
TEST(ShapesNeverWrap, Arithmetic) {
  drawer draw(9);
  for (int i = 0; i < 20000; ++i) {
    const index_t m = draw.size(0), n = draw.size(0), k = draw.size(1);
    EXPECT_EQ(tf::add_output_shape({m, 1, k}, {n, 1}), (shape{m, n, k}));
    wide product = 1;
    for (const index_t size : {m, n, k}) product = fits(product) ? product * size : product;
    const bool empty = m == 0 || n == 0;
    const bool are_tensors = fits(static_cast<wide>(4) * m * k) && fits(static_cast<wide>(4) * n);
    if (!are_tensors || (!empty && fits(product * 4))) continue;
    const tf::tensor_view<const float> a(nullptr, {m, 1, k}), b(nullptr, {n, 1});
    const std::string error = error_of([&] { tf::add(a, b); });
    EXPECT_EQ(error.find("overflows a 64-bit size") == std::string::npos, empty) << m << " " << n << " " << k;
  }
}

TEST(ShapesNeverWrap, Upsample2d) {
  expect_never_wrapped(
      [](axis a, const numbers& n) { return a.of(tf::upsample2d_output_shape(a.plane(n.in, 1), a.pair(n.extra, 7))); },
      [](const numbers& n) { return n.extra < 1 ? expectation{} : expectation{n.extra}; });
  // A double has 53 bits: both factors are powers of two here, and the product is exact.
  for (int in = 0; in < 63; ++in)
    for (int factor = -70; factor < 70; ++factor) {
      index_t got = -1;
      const std::string error = error_of([&] {
        got = tf::upsample2d_output_shape({1, 1, index_t{1} << in, 1}, tf::scale{std::ldexp(1.0, factor), 1.0})[2];
      });
      if (in + factor < 0)
        EXPECT_EQ(error.substr(0, 50), "Input and output sizes should be greater than 0, b") << in << " " << factor;
      else if (in + factor >= 63)
        EXPECT_EQ(error, "value cannot be converted to type int64_t without overflow") << in << " " << factor;
      else
        EXPECT_EQ(got, index_t{1} << (in + factor)) << in << " " << factor;
    }
}

/// Shapes of one dimension are those of two, of images of one row, but that max_pool1d takes less padding.
TEST(ShapesNeverWrap, OfOneDimension) {
  drawer draw(3);
  int answered = 0;
  const auto expect_same = [&](const numbers& n, const char* name, const auto& one, const auto& two) {
    index_t got = -1, expected = -1;
    const std::string error = error_of([&] { got = one(); }), of_two = error_of([&] { expected = two(); });
    if (name == std::string("max_pool1d") && !error.empty()) return;
    ASSERT_EQ(error.empty(), of_two.empty()) << name << ": " << error << of_two << ", " << text_of(n);
    ASSERT_EQ(got, expected) << name << ": " << text_of(n);
    answered += error.empty();
  };
  for (int i = 0; i < 4000; ++i) {
    const numbers n = draw.all();
    const shape x{1, 1, n.in}, image{1, 1, 1, n.in}, w{1, 1, n.kernel}, kernel{1, 1, 1, n.kernel};
    const hw stride{1, n.stride}, padding{0, n.padding}, dilation{1, n.dilation};
    expect_same(
        n, "conv1d",
        [&] {
          return tf::conv1d_output_shape(x, w, {n.stride, n.padding, n.dilation})[2];
        },
        [&] {
          return tf::conv2d_output_shape(image, kernel, {stride, padding, dilation})[3];
        });
    tf::conv_transpose1d_options o{.stride = n.stride, .padding = n.padding, .output_padding = n.extra};
    tf::conv_transpose2d_options of_two{.stride = stride, .padding = padding, .output_padding = {0, n.extra}};
    o.dilation = n.dilation;
    of_two.dilation = dilation;
    expect_same(
        n, "conv_transpose1d", [&] { return tf::conv_transpose1d_output_shape(x, w, o)[2]; },
        [&] { return tf::conv_transpose2d_output_shape(image, kernel, of_two)[3]; });
    expect_same(
        n, "max_pool1d",
        [&] {
          return tf::max_pool1d_output_shape(x, {n.kernel, n.stride, n.padding, n.dilation})[2];
        },
        [&] {
          return tf::max_pool2d_output_shape(image, {{1, n.kernel}, stride, padding, dilation})[3];
        });
    expect_same(
        n, "max_unpool1d",
        [&] {
          return tf::max_unpool1d_output_shape(x, {n.kernel, n.stride, n.padding})[2];
        },
        [&] {
          return tf::max_unpool2d_output_shape(image, {{1, n.kernel}, stride, padding})[3];
        });
    expect_same(
        n, "avg_pool1d",
        [&] {
          return tf::avg_pool1d_output_shape(x, {n.kernel, n.stride, n.padding})[2];
        },
        [&] {
          return tf::avg_pool2d_output_shape(image, {{1, n.kernel}, stride, padding})[3];
        });
    expect_same(
        n, "upsample1d", [&] { return tf::upsample1d_output_shape(x, n.extra)[2]; },
        [&] {
          return tf::upsample2d_output_shape(image, hw{1, n.extra})[3];
        });
  }
  EXPECT_GT(answered, 500);
}

TEST(Shapes, WithANegativeSizeAreRefusedAsByPyTorch) {
  const std::string text = "Trying to create tensor with negative dimension -9223372036854775808: ";
  const shape bad{1, 1, INT64_MIN, 4}, good{1, 1, 4, 4};
  EXPECT_EQ(error_of([&] { (void)tf::conv2d_output_shape(bad, good); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::conv2d_output_shape(good, bad, {.padding = tf::same}); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::conv_transpose2d_output_shape(bad, good); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::conv_transpose2d_output_shape(good, bad); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::aten::slow_conv_transpose2d_output_shape(good, bad, 4); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::max_pool2d_output_shape(bad, {.kernel_size = 1}); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::max_unpool2d_output_shape(bad, {.kernel_size = 1}); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] { (void)tf::im2col_output_shape(bad, {.kernel_size = 1}); }), text + to_string(bad));
  EXPECT_EQ(error_of([&] {
              (void)tf::col2im_output_shape({1, INT64_MIN, 1}, 1, {.kernel_size = 1});
            }),
            text + "[1, -9223372036854775808, 1]");
  EXPECT_EQ(error_of([&] { (void)tf::upsample2d_output_shape(bad, 1); }), text + to_string(bad));
  const shape bad_row{1, 1, INT64_MIN}, row{1, 1, 4};
  EXPECT_EQ(error_of([&] { (void)tf::conv1d_output_shape(bad_row, row); }), text + to_string(bad_row));
  EXPECT_EQ(error_of([&] { (void)tf::conv_transpose1d_output_shape(row, bad_row); }), text + to_string(bad_row));
  EXPECT_EQ(error_of([&] { (void)tf::max_pool1d_output_shape(bad_row, {1}); }), text + to_string(bad_row));
  EXPECT_EQ(error_of([&] { (void)tf::max_unpool1d_output_shape(bad_row, {1}); }), text + to_string(bad_row));
  EXPECT_EQ(error_of([&] { (void)tf::avg_pool1d_output_shape(bad_row, {1}); }), text + to_string(bad_row));
  EXPECT_EQ(error_of([&] { (void)tf::adaptive_avg_pool1d_output_shape(bad_row, 1); }), text + to_string(bad_row));
  EXPECT_EQ(error_of([&] { (void)tf::upsample1d_output_shape(bad_row, 1); }), text + to_string(bad_row));
}

// ---- the operations
// --------------------------------------------------------------------------------------------------

/// Every algorithm that takes these sizes, on every instruction set.
template <class Op>
std::vector<tf::context> contexts_of(const tf::detail::convolution_geometry& g) {
  std::vector<tf::context> contexts;
  for (const tf::isa isa : available_isas())
    for (tf::context ctx = on(isa); const std::string_view name : algorithm_names<Op, float>(&g, ctx)) {
      ctx.algorithm = name;
      contexts.push_back(ctx);
    }
  return contexts;
}

/// A small image, a small kernel, extreme settings, and the padding that leaves an output of one to six lines.
numbers transposed_to_a_few_lines(drawer& draw, bool negative) {
  for (;;) {
    numbers n{draw.between(1, 3), draw.between(1, 4), draw.size(1), 0, draw.size(1), 0};
    const wide natural = wide{n.in - 1} * n.stride + span_of(n);
    if (natural > INT64_MAX) continue;
    const index_t out = draw.between(1, 6);
    if (negative && draw.one_in(2)) {  // before the image nothing, so much behind it cut off
      n.padding = -draw.size(1) / 2;
      const wide extra = out - natural + 2 * wide{n.padding};
      if (!fits(extra)) continue;
      n.extra = static_cast<index_t>(extra);
    } else {
      if (natural < out) continue;
      n.padding = static_cast<index_t>((natural - out) / 2);
      n.extra = draw.between(0, std::min<index_t>(2, std::max(n.stride, n.dilation) - 1));
    }
    if (transposed(n, !negative).size && transposed(n, !negative).steps_fit) return n;
  }
}

TEST(ExtremeSettings, ConvTranspose2d) {
  drawer draw(2);
  for (int i = 0; i < 1500; ++i) {
    const numbers h = transposed_to_a_few_lines(draw, false), w = transposed_to_a_few_lines(draw, false);
    const tf::conv_transpose2d_options o{.stride = {h.stride, w.stride},
                                         .padding = {h.padding, w.padding},
                                         .output_padding = {h.extra, w.extra},
                                         .dilation = {h.dilation, w.dilation}};
    const auto x = small_integers<float>({1, 2, h.in, w.in}, 1);
    const auto weight = small_integers<float>({2, 3, h.kernel, w.kernel}, 2);
    const auto expected = tf::reference::conv_transpose2d(x, weight, o);
    const auto g = tf::detail::check_conv_transpose2d(x.shape(), weight.shape(), {}, o);
    for (const tf::context& ctx : contexts_of<tf::detail::conv_transpose2d_op>(g))
      ASSERT_TRUE(equal(tf::conv_transpose2d(x, weight, o, ctx), expected))
          << ctx.algorithm << ", h: " << text_of(h) << ", w: " << text_of(w);
    if (i % 10) continue;
    ASSERT_TRUE(equal(tf::prepared_conv_transpose2d<float>(weight, o)(x), expected))
        << "h: " << text_of(h) << ", w: " << text_of(w);
  }
}

TEST(ExtremeSettings, SlowConvTranspose2d) {
  drawer draw(3);
  for (int i = 0; i < 1500; ++i) {
    const numbers h = transposed_to_a_few_lines(draw, true), w = transposed_to_a_few_lines(draw, true);
    const hw kernel{h.kernel, w.kernel}, stride{h.stride, w.stride}, padding{h.padding, w.padding},
        extra{h.extra, w.extra}, dilation{h.dilation, w.dilation};
    const auto x = small_integers<float>({1, 2, h.in, w.in}, 1);
    const auto weight = small_integers<float>({2, 3, h.kernel, w.kernel}, 2);
    const auto expected =
        tf::reference::aten::slow_conv_transpose2d(x, weight, kernel, stride, padding, extra, dilation);
    const auto g = tf::aten::detail::slow_conv_transpose2d_op::checked(x.shape(), weight.shape(), {},
                                                                       {kernel, stride, padding, extra, dilation});
    for (const tf::context& ctx : contexts_of<tf::aten::detail::slow_conv_transpose2d_op>(g))
      ASSERT_TRUE(
          equal(tf::aten::slow_conv_transpose2d(x, weight, kernel, stride, padding, extra, dilation, ctx), expected))
          << ctx.algorithm << ", h: " << text_of(h) << ", w: " << text_of(w);
  }
}

/// The same for windows that slide over an image: the padding lets them take one to five steps.
numbers windows_of_a_few_lines(drawer& draw) {
  for (;;) {
    numbers n{draw.between(1, 4), draw.between(1, 4), draw.size(1), 0, draw.size(1), 0};
    const wide reach = span_of(n) + wide{n.stride} * draw.between(0, 4) + draw.between(0, 1);
    n.padding = static_cast<index_t>(std::max<wide>(0, (reach - n.in + 1) / 2));
    const expectation blocks = blocks_of(n);
    if (fits(2 * ((reach - n.in + 1) / 2)) && blocks.size && blocks.steps_fit && *blocks.size <= 6) return n;
  }
}

TEST(ExtremeSettings, Conv2d) {
  drawer draw(4);
  for (int i = 0; i < 1500; ++i) {
    const numbers h = windows_of_a_few_lines(draw), w = windows_of_a_few_lines(draw);
    const tf::conv2d_options o{
        .stride = {h.stride, w.stride}, .padding = {h.padding, w.padding}, .dilation = {h.dilation, w.dilation}};
    const auto x = small_integers<float>({1, 2, h.in, w.in}, 1);
    const auto weight = small_integers<float>({3, 2, h.kernel, w.kernel}, 2);
    const auto expected = tf::reference::conv2d(x, weight, o);
    const auto g = tf::detail::check_conv2d(x.shape(), weight.shape(), {}, o);
    for (const tf::context& ctx : contexts_of<tf::detail::conv2d_op>(g))
      ASSERT_TRUE(equal(tf::conv2d(x, weight, o, ctx), expected))
          << ctx.algorithm << ", h: " << text_of(h) << ", w: " << text_of(w);
    if (i % 10) continue;
    ASSERT_TRUE(equal(tf::prepared_conv2d<float>(weight, o)(x), expected))
        << "h: " << text_of(h) << ", w: " << text_of(w);
  }
}

/// Of a single column there is no next one: a pointer may not go there, whichever bits of the step are left in bytes.
TEST(ExtremeSettings, NoStepIsTakenBehindTheLastColumn) {
  const auto x = small_integers<float>({1, 2, 2, 1}, 1), weight = small_integers<float>({2, 2, 2, 1}, 2);
  for (int power = 50; power < 63; ++power) {
    const hw stride{1, index_t{1} << power};
    const tf::conv_transpose2d_options transposed{.stride = stride};
    const auto back = tf::detail::check_conv_transpose2d(x.shape(), weight.shape(), {}, transposed);
    for (const tf::context& ctx : contexts_of<tf::detail::conv_transpose2d_op>(back))
      EXPECT_TRUE(equal(tf::conv_transpose2d(x, weight, transposed, ctx),
                        tf::reference::conv_transpose2d(x, weight, transposed)))
          << ctx.algorithm << " " << power;
    const tf::conv2d_options options{.stride = stride};
    const auto forth = tf::detail::check_conv2d(x.shape(), weight.shape(), {}, options);
    for (const tf::context& ctx : contexts_of<tf::detail::conv2d_op>(forth))
      EXPECT_TRUE(equal(tf::conv2d(x, weight, options, ctx), tf::reference::conv2d(x, weight, options)))
          << ctx.algorithm << " " << power;
    const tf::im2col_options columns{.kernel_size = {2, 1}, .stride = stride};
    EXPECT_TRUE(equal(tf::im2col(x, columns), tf::reference::im2col(x, columns))) << power;
  }
}

TEST(ExtremeSettings, Im2colAndCol2im) {
  drawer draw(5);
  for (int i = 0; i < 3000; ++i) {
    const numbers h = windows_of_a_few_lines(draw), w = windows_of_a_few_lines(draw);
    const tf::im2col_options o{.kernel_size = {h.kernel, w.kernel},
                               .dilation = {h.dilation, w.dilation},
                               .padding = {h.padding, w.padding},
                               .stride = {h.stride, w.stride}};
    const auto x = small_integers<float>({2, 2, h.in, w.in}, 1);
    const auto columns = tf::reference::im2col(x, o);
    ASSERT_TRUE(equal(tf::im2col(x, o), columns)) << "h: " << text_of(h) << ", w: " << text_of(w);
    ASSERT_TRUE(equal(tf::col2im(columns, {h.in, w.in}, o), tf::reference::col2im(columns, {h.in, w.in}, o)))
        << "h: " << text_of(h) << ", w: " << text_of(w);
  }
}

TEST(ExtremeSettings, MaxPool2d) {
  drawer draw(6);
  int tried = 0;
  for (int i = 0; i < 100000 && tried < 2000; ++i) {
    const auto setting = [&](index_t least) { return std::min<index_t>(draw.size(least), INT32_MAX); };
    const hw in{draw.between(1, 4), draw.between(1, 4)}, kernel{draw.between(1, 4), draw.between(1, 4)};
    const tf::pool2d_options o{.kernel_size = kernel,
                               .stride = {setting(1), setting(1)},
                               .padding = {draw.between(0, kernel.h / 2), draw.between(0, kernel.w / 2)},
                               // small where it is one step beyond the image that a window begins before
                               .dilation = {draw.one_in(2) ? draw.between(1, 3) : setting(1), draw.between(1, 3)},
                               .ceil_mode = draw.one_in(2)};
    const auto x = random_tensor<float>({1, 2, in.h, in.w});
    if (!error_of([&] { (void)tf::max_pool2d_output_shape(x.shape(), o); }).empty()) continue;
    ++tried;
    const auto expected = tf::reference::max_pool2d_with_indices(x, o);
    for (const tf::isa isa : available_isas()) {
      const auto got = tf::max_pool2d_with_indices(x, o, on(isa));
      ASSERT_TRUE(equal(got.values, expected.values)) << i;
      ASSERT_TRUE(equal(got.indices, expected.indices)) << i;
    }
  }
  EXPECT_EQ(tried, 2000);
}

TEST(ExtremeSettings, AWindowMuchLargerThanTheImageSeesAllOfIt) {
  const auto x = random_tensor<double>({2, 3, 5, 4});
  const auto y =
      tf::max_pool2d_with_indices(x, {.kernel_size = INT32_MAX, .padding = INT32_MAX / 2, .ceil_mode = true});
  ASSERT_EQ(y.values.shape(), (shape{2, 3, 1, 1}));
  for (index_t plane = 0; plane < 6; ++plane) {
    const double* begin = x.data() + plane * 20;
    const double* most = std::max_element(begin, begin + 20);
    EXPECT_EQ(y.values.data()[plane], *most);
    EXPECT_EQ(y.indices.data()[plane], most - begin);
  }
}

/// Extents of an input worth a try: small ones, those around powers of two, and the neighbours of some solutions.
std::vector<index_t> extents_around(std::initializer_list<wide> solutions) {
  std::vector<index_t> extents;
  const auto add = [&](wide extent) {
    if (extent >= 0 && extent <= INT64_MAX) extents.push_back(static_cast<index_t>(extent));
  };
  for (int i = 0; i < 12; ++i) add(i);
  for (int power = 4; power < 64; ++power)
    for (int i = -2; i <= 2; ++i) add((wide{1} << power) + i);
  for (const wide solution : solutions)
    for (int i = -3; i <= 3; ++i) add(solution + i);
  return extents;
}

/// A layer is made where the plain call takes some input, and otherwise raises what the plain call does for some input.
///   make()            makes the layer
///   try_input(shape)  the plain call's shape function
template <class Make, class TryInput>
void expect_made_where_some_input_is_taken(axis a, const std::vector<index_t>& extents, index_t channels,
                                           const Make& make, const TryInput& try_input, int (&made)[2]) {
  const std::string text = error_of(make);
  bool taken = false, same_text = text.empty();
  for (const index_t batch : {0, 1})
    for (const index_t extent : extents) {
      shape input = a.plane(extent, 3);
      input[0] = batch;
      input[1] = channels;
      const std::string error = error_of([&] { try_input(input); });
      taken |= error.empty();
      same_text |= error == text;
    }
  ++made[text.empty()];
  EXPECT_EQ(text.empty(), taken) << text;
  // The text may name the input's size, which need not be among those tried.
  const bool names_size = text.find("requested an output size") == 0 || text.find("size per channel") != text.npos ||
                          text.find(" overflows a 64-bit size") != text.npos || text.find("shape") != text.npos;
  EXPECT_TRUE(same_text || names_size) << text;
}

/// Mostly small, so that about half of all settings suit some input.
numbers for_layers(drawer& draw) {
  numbers n = draw.all();
  for (index_t* number : {&n.stride, &n.padding, &n.dilation, &n.extra})
    if (draw.one_in(3)) *number = draw.between(0, 3);
  n.kernel = draw.between(0, 3);
  return n;
}

TEST(PreparedSettings, OfConv2dAreThoseThatSomeInputSuits) {
  drawer draw(2);
  int made[2] = {};
  for (int i = 0; i < 1000; ++i) {
    const numbers n = for_layers(draw);
    const axis a{draw.one_in(2)};
    shape weight = a.plane(n.kernel, 2);
    weight[1] = draw.one_in(4) ? 0 : 1;
    const index_t end = draw.one_in(2) ? n.padding : draw.setting(0);
    const wide padding = wide{n.padding} + end;
    tf::conv2d_options o{
        .stride = a.pair(n.stride, 1), .padding = a.sides(n.padding, end), .dilation = a.pair(n.dilation, 1)};
    if (draw.one_in(6)) o = {.padding = tf::same, .dilation = a.pair(n.dilation, 1)};
    SCOPED_TRACE(text_of(n));
    expect_made_where_some_input_is_taken(
        a, extents_around({span_of(n) - padding, INT64_MAX - padding}), weight[1],
        [&] { tf::prepared_conv2d<float>(tf::tensor<float>(weight), o); },
        [&](const shape& input) { tf::conv2d_output_shape(input, weight, o); }, made);
  }
  EXPECT_GT(made[0], 200);
  EXPECT_GT(made[1], 200);
}

TEST(PreparedSettings, OfConvTranspose2dAreThoseThatSomeInputSuits) {
  drawer draw(3);
  int made[2] = {};
  for (int i = 0; i < 1500; ++i) {
    const numbers n = for_layers(draw);
    const axis a{draw.one_in(2)};
    const shape weight = a.plane(n.kernel, 2);
    const index_t end = draw.one_in(2) ? n.padding : draw.setting(0);
    tf::conv_transpose2d_options o{.stride = a.pair(n.stride, 1),
                                   .padding = a.sides(n.padding, end),
                                   .output_padding = a.pair(n.extra, 0),
                                   .dilation = a.pair(n.dilation, 1)};
    if (draw.one_in(2)) {
      o.output_padding = 0;
      o.output_size = a.pair(n.extra, 4);
    }
    SCOPED_TRACE(text_of(n));
    const wide stride = std::max<index_t>(1, n.stride);
    const wide free = wide{n.padding} + end - span_of(n);
    expect_made_where_some_input_is_taken(
        a, extents_around({floor_divide(free + n.extra, stride) + 1, floor_divide(free - n.extra, stride) + 1}), 1,
        [&] { tf::prepared_conv_transpose2d<float>(tf::tensor<float>(weight), o); },
        [&](const shape& input) { tf::conv_transpose2d_output_shape(input, weight, o); }, made);
  }
  EXPECT_GT(made[0], 200);
  EXPECT_GT(made[1], 200);
}

TEST(PreparedSettings, MayBeHuge) {
  const tf::conv_transpose2d_options o{.stride = {4503599627370495, 549755813889},
                                       .padding = {4573968371548156, 824633720831},
                                       .dilation = {140737488355328, 1}};
  const tf::tensor<float> weight({2, 6, 2, 2});
  const tf::prepared_conv_transpose2d<float> layer(weight, o);
  const shape input{0, 2, 4, 5};
  EXPECT_EQ(layer.output_shape(input), tf::conv_transpose2d_output_shape(input, weight.shape(), o));
}

/// No memory stands behind the sizes of an empty batch: their products may overflow, and nobody may form them.
TEST(EmptyBatch, OfAnImageLargerThanAnyMemory) {
  constexpr index_t huge = index_t{1} << 61;
  const tf::tensor_view<const float> x(nullptr, {0, 2, huge, huge});
  const auto w = small_integers<float>({2, 2, 1, 1}, 1);
  const shape same_size{0, 2, huge, huge};
  EXPECT_EQ(tf::conv2d(x, w).shape(), same_size);
  EXPECT_EQ(tf::conv_transpose2d(x, w).shape(), same_size);
  EXPECT_EQ(tf::prepared_conv2d<float>(w)(x).shape(), same_size);
  EXPECT_EQ(tf::prepared_conv_transpose2d<float>(w)(x).shape(), same_size);
  EXPECT_EQ(tf::conv2d_workspace_bytes(x, w), 0);
  EXPECT_EQ(tf::conv_transpose2d_workspace_bytes(x, w), 0);
  EXPECT_EQ(tf::prepared_conv2d<float>(w).workspace_bytes(x.shape()), 0);
  EXPECT_EQ(tf::max_pool2d(x, {.kernel_size = 2}).shape(), (shape{0, 2, huge / 2, huge / 2}));
  const tf::tensor_view<const index_t> indices(nullptr, same_size);
  EXPECT_EQ(tf::max_unpool2d(x, indices, {.kernel_size = 2}).shape(), (shape{0, 2, 2 * huge, 2 * huge}));
  EXPECT_EQ(tf::max_unpool2d(x, indices, {.kernel_size = 1, .duplicates = tf::unpool_duplicates::error}).shape(),
            same_size);
  EXPECT_EQ(tf::convert_indices(indices, tf::index_kind::plane, tf::index_kind::tensor, same_size).shape(), same_size);
  EXPECT_EQ(tf::im2col(x, {.kernel_size = 1, .stride = huge}).shape(), (shape{0, 2, 1}));
  const tf::tensor_view<const float> columns(nullptr, {0, 2, 1});
  EXPECT_EQ(tf::col2im(columns, huge, {.kernel_size = 1, .stride = huge}).shape(), same_size);
  EXPECT_EQ(tf::upsample_nearest2d(x, hw{3, 4}).shape(), (shape{0, 2, 3, 4}));
  EXPECT_EQ(tf::permute(x, {3, 1, 2, 0}).shape(), (shape{huge, 2, huge, 0}));
  EXPECT_EQ(tf::cat({x, x}, 1).shape(), (shape{0, 4, huge, huge}));
  EXPECT_EQ(tf::narrow(x, 3, huge / 2, 5).shape(), (shape{0, 2, huge, 5}));
  EXPECT_EQ(tf::slice(x, 3, 1, INT64_MAX, huge).shape(), (shape{0, 2, huge, 1}));
  EXPECT_EQ(tf::pad(x, {1, 1, -huge, 1}).shape(), (shape{0, 2, 1, huge + 2}));
  EXPECT_EQ(tf::pad(x, {1, 1, 1, 1}, tf::pad_mode::reflect).shape(), (shape{0, 2, huge + 2, huge + 2}));
  EXPECT_EQ(tf::pad(x, {1, 1, 1, 1}, tf::pad_mode::circular).shape(), (shape{0, 2, huge + 2, huge + 2}));
  EXPECT_EQ(tf::pad(x, {1 - huge, 0, 1 - huge, 0, 0, 0, 1, 0}).shape(), (shape{1, 2, 1, 1}));
  EXPECT_EQ(tf::pad_backward(x, {0, 2, 3, 4}, {huge - 4, 0, huge - 3, 0}).shape(), (shape{0, 2, 3, 4}));
  EXPECT_EQ(tf::pixel_shuffle(tf::tensor_view<const float>(nullptr, {0, 4, huge, huge}), 2).shape(),
            (shape{0, 1, 2 * huge, 2 * huge}));
  EXPECT_EQ(tf::pixel_unshuffle(x, 2).shape(), same_size);
  EXPECT_EQ(tf::channel_shuffle(x, 2).shape(), same_size);
  EXPECT_EQ(tf::upsample_bilinear2d(x, tf::scale(2.0)).shape(), (shape{0, 2, 2 * huge, 2 * huge}));
  EXPECT_EQ(tf::upsample_bicubic2d_aa(x, hw{huge, 3}).shape(), (shape{0, 2, huge, 3}));
  EXPECT_EQ(
      tf::onnx_resize(x, shape{0, 2, huge / 2, huge}, {.mode = tf::onnx_resize_mode::cubic, .antialias = true}).shape(),
      (shape{0, 2, huge / 2, huge}));
  EXPECT_EQ(tf::avg_pool2d(x, {.kernel_size = 2}).shape(), (shape{0, 2, huge / 2, huge / 2}));
  EXPECT_EQ(tf::adaptive_avg_pool2d(x, hw{3, 4}).shape(), (shape{0, 2, 3, 4}));
  EXPECT_EQ(tf::sum(x, {2, 3}).shape(), (shape{0, 2}));
  EXPECT_EQ(tf::mean(x, {0, 2, 3}).shape(), (shape{2}));
  EXPECT_EQ(tf::argmax(x, 3).shape(), (shape{0, 2, huge}));
  EXPECT_EQ(tf::amax(x, {2, 3}).shape(), (shape{0, 2}));
  EXPECT_EQ(tf::argmin(x, 3).shape(), (shape{0, 2, huge}));
  EXPECT_EQ(tf::matmul(x, x).shape(), same_size);
  const tf::tensor<float> two({2});
  EXPECT_EQ(tf::softmax(x, 3).shape(), same_size);
  EXPECT_EQ(tf::layer_norm(x, {huge}).shape(), same_size);
  EXPECT_EQ(tf::layer_norm2d(x).shape(), same_size);
  EXPECT_EQ(tf::batch_norm_backward(x, x, two, two).grad_input.shape(), same_size);
  EXPECT_EQ(tf::layer_norm2d_backward(x, x).grad_weight.shape(), shape{2});
  const tf::tensor_view<const float> grid(nullptr, {0, huge, 3, 2}), sampled(nullptr, {0, 2, huge, 3});
  EXPECT_EQ(tf::grid_sample(x, grid).shape(), sampled.shape());
  EXPECT_EQ(tf::grid_sample_backward(sampled, x, grid).grad_grid.shape(), grid.shape());
}

TEST(EmptyBatch, OfARowLongerThanAnyMemory) {
  constexpr index_t huge = index_t{1} << 61;
  const tf::tensor_view<const float> x(nullptr, {0, 2, huge});
  const auto w = small_integers<float>({2, 2, 1}, 1);
  EXPECT_EQ(tf::conv1d(x, w).shape(), x.shape());
  EXPECT_EQ(tf::conv_transpose1d(x, w).shape(), x.shape());
  EXPECT_EQ(tf::prepared_conv1d<float>(w)(x).shape(), x.shape());
  EXPECT_EQ(tf::conv1d_workspace_bytes(x, w), 0);
  EXPECT_EQ(tf::conv1d_backward(x, x, w).grad_weight.shape(), w.shape());
  EXPECT_EQ(tf::max_pool1d(x, {.kernel_size = 2}).shape(), (shape{0, 2, huge / 2}));
  EXPECT_EQ(tf::avg_pool1d(x, {.kernel_size = 2}).shape(), (shape{0, 2, huge / 2}));
  EXPECT_EQ(tf::adaptive_avg_pool1d(x, 3).shape(), (shape{0, 2, 3}));
  const tf::tensor_view<const index_t> indices(nullptr, x.shape());
  EXPECT_EQ(tf::max_unpool1d(x, indices, {.kernel_size = 2}).shape(), (shape{0, 2, 2 * huge}));
  EXPECT_EQ(tf::max_pool1d_backward(x, indices, {0, 2, 2 * huge}).shape(), (shape{0, 2, 2 * huge}));
  EXPECT_EQ(tf::upsample_nearest1d(x, 3).shape(), (shape{0, 2, 3}));
  EXPECT_EQ(tf::upsample_linear1d(x, tf::scale(2.0)).shape(), (shape{0, 2, 2 * huge}));
  EXPECT_EQ(tf::upsample_linear1d_backward(x, {0, 2, 3}).shape(), (shape{0, 2, 3}));
}

TEST(ExtremeSettings, ThatNoMemoryHoldsAreErrors) {
  constexpr index_t huge = index_t{1} << 61;
  const auto x = small_integers<float>({1, 1, 2, 2}), w = small_integers<float>({1, 1, 1, 1});
  const tf::tensor<index_t> indices({1, 1, 2, 2});
  const auto expect = [](const std::string& product, const auto& call) {
    EXPECT_EQ(error_of(call), "the product " + product + " overflows a 64-bit size");
  };
  // 2^61 + 1 lines of two floats of 4 bytes; 2 + 2 * 2^61 lines of two; 2^61 + 2^61 lines of two; 2^61 floats.
  expect("4611686018427387906 * 4", [&] { tf::conv_transpose2d(x, w, {.stride = {huge, 1}}); });
  expect("4611686018427387906 * 2", [&] { tf::conv2d(x, w, {.padding = {huge, 0}}); });
  expect("4611686018427387906 * 2", [&] { tf::im2col(x, {.kernel_size = 1, .padding = {huge, 0}}); });
  expect("4611686018427387904 * 2", [&] { tf::max_unpool2d(x, indices, {.kernel_size = {huge, 1}}); });
  expect("2305843009213693952 * 4", [&] { tf::upsample_nearest2d(x, hw{huge, 1}); });
  const auto row = small_integers<float>({1, 1, 2});
  expect("2305843009213693952 * 4", [&] { tf::upsample_linear1d(row, huge); });
  expect("2305843009213693952 * 4", [&] { tf::upsample_linear1d_backward(row, {1, 1, huge}); });
  expect("4611686018427387904 * 4", [&] { tf::max_unpool1d(row, tf::tensor<index_t>({1, 1, 2}), {huge}); });
  expect("4611686018427387906 * 4611686018427387906", [&] { tf::conv2d(x, w, {.padding = huge}); });
}

}  // namespace
