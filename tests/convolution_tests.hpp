// What conv2d_test.cpp and conv_transpose2d_test.cpp check alike. `Calls` is one of the two structs below.
#pragma once

#include "convolution_cases.hpp"

#include <tenfold/reference.hpp>

#include <optional>

namespace tenfold_test {

struct conv2d_calls {
  using options = tf::conv2d_options;
  static auto run(const auto&... x) { return tf::conv2d(x...); }
  static void into(auto& y, const auto&... x) { tf::conv2d_into(y, x...); }
  static auto reference(const auto&... x) { return tf::reference::conv2d(x...); }
  static tf::shape output_shape(const auto&... x) { return tf::conv2d_output_shape(x...); }
  static tf::index_t workspace_bytes(const auto&... x) { return tf::conv2d_workspace_bytes(x...); }

  static tf::index_t output_channels(const conv2d_case& c) { return c.weight[0]; }
  /// How many an output sums at most, its bias among them.
  static tf::index_t terms(const conv2d_case& c) { return c.weight[1] * c.weight[2] * c.weight[3] + 1; }
  /// From 4 to 6 channels.
  static tf::shape some_weight() { return {6, 4, 3, 3}; }
};

struct conv_transpose2d_calls {
  using options = tf::conv_transpose2d_options;
  static auto run(const auto&... x) { return tf::conv_transpose2d(x...); }
  static void into(auto& y, const auto&... x) { tf::conv_transpose2d_into(y, x...); }
  static auto reference(const auto&... x) { return tf::reference::conv_transpose2d(x...); }
  static tf::shape output_shape(const auto&... x) { return tf::conv_transpose2d_output_shape(x...); }
  static tf::index_t workspace_bytes(const auto&... x) { return tf::conv_transpose2d_workspace_bytes(x...); }

  static tf::index_t output_channels(const conv_transpose2d_case& c) { return c.weight[1] * c.options.groups; }
  static tf::index_t terms(const conv_transpose2d_case& c) {
    return c.weight[0] / c.options.groups * c.weight[2] * c.weight[3] + 1;
  }
  static tf::shape some_weight() { return {4, 6, 3, 3}; }
};

template <class Calls>
using case_of = convolution_case<typename Calls::options>;

// ---- values

template <class Calls, class T>
void expect_equals_reference(const case_of<Calls>& c) {
  const auto x = exact_values<T>(c.input, 1);
  const auto w = exact_values<T>(c.weight, 2);
  const auto b = exact_values<T>({Calls::output_channels(c)}, 3);
  const bool any_bias = Calls::output_shape(c.input, c.weight, c.options).elements() > 0;
  const auto plain = Calls::reference(x, w, c.options);
  const auto biased = any_bias ? Calls::reference(x, w, b, c.options) : plain;
  for (const tf::context& ctx : contexts_of<T>(c, tf::math::exact)) {
    EXPECT_TRUE(equal(Calls::run(x, w, c.options, ctx), plain)) << c << ", " << name_of(ctx);
    EXPECT_TRUE(equal(Calls::run(x, w, b, c.options, ctx), biased)) << c << " with bias, " << name_of(ctx);
    auto y = filled<T>(plain.shape(), T{77});
    Calls::into(y, x, w, b, c.options, ctx);
    EXPECT_TRUE(equal(y, biased)) << c << " into an output, " << name_of(ctx);
  }
}

/// For every element type a case.
template <class Calls, class NextCase>
void expect_equals_reference_of_types(const NextCase& next) {
  expect_equals_reference<Calls, float>(next());
  expect_equals_reference<Calls, double>(next());
  expect_equals_reference<Calls, std::int8_t>(next());
  expect_equals_reference<Calls, std::int16_t>(next());
  expect_equals_reference<Calls, std::int32_t>(next());
  expect_equals_reference<Calls, std::int64_t>(next());
}

template <class Calls, class T>
void expect_within_rounding(const case_of<Calls>& c) {
  const auto x = random_tensor<T>(c.input, 4);
  const auto w = random_tensor<T>(c.weight, 5);
  const auto b = random_tensor<T>({Calls::output_channels(c)}, 6);
  const auto exact = Calls::reference(to_double(x), to_double(w), to_double(b), c.options);
  const auto magnitude = Calls::reference(magnitudes(x), magnitudes(w), magnitudes(b), c.options);
  for (const tf::context& ctx : contexts_of<T>(c, tf::math::exact))
    EXPECT_TRUE(within_rounding(Calls::run(x, w, b, c.options, ctx), exact, magnitude, Calls::terms(c)))
        << c << ", " << name_of(ctx);
}

// ---- the same bits

template <class Calls>
void expect_bits_without_threads_and_memory(const case_of<Calls>& c) {
  const auto x = random_tensor<float>(c.input, 1);
  const auto w = random_tensor<float>(c.weight, 2);
  const auto b = random_tensor<float>({Calls::output_channels(c)}, 3);
  for (tf::context ctx : contexts_of<float>(c)) {
    const auto expected = Calls::run(x, w, b, c.options, ctx);
    for (const int threads : {1, 2, 3, 8})
      for (const tf::index_t cap : {0, 64 << 10, 65537, 99999, 1 << 20}) {
        ctx.threads = threads;
        ctx.parallel_for = on_threads(threads).parallel_for;
        ctx.max_workspace_bytes = cap;
        EXPECT_TRUE(same_bits(Calls::run(x, w, b, c.options, ctx), expected))
            << c << ", " << threads << " threads, cap " << cap << ", " << name_of(ctx);
      }
  }
}

template <class Calls>
void expect_bits_without_batch(const case_of<Calls>& c) {
  const auto x = random_tensor<float>(c.input, 1);
  const auto w = random_tensor<float>(c.weight, 2);
  for (const tf::context& ctx : contexts_of<float>(c)) {
    const auto all = Calls::run(x, w, c.options, ctx);
    const tf::shape in{c.input[1], c.input[2], c.input[3]};
    const tf::shape out{all.shape()[1], all.shape()[2], all.shape()[3]};
    for (tf::index_t n = 0; n < c.input[0]; ++n) {
      const tf::tensor_view<const float> image(x.data() + n * in.elements(), in);
      const tf::tensor_view<const float> expected(all.data() + n * out.elements(), out);
      EXPECT_TRUE(same_bits(Calls::run(image, w, c.options, ctx), expected))
          << c << ", image " << n << ", " << name_of(ctx);
    }
  }
}

/// The same when nobody names an algorithm: the choice may not depend on threads and memory either.
template <class Calls>
void expect_choice_without_threads_and_memory(const case_of<Calls>& c) {
  const auto x = random_tensor<float>(c.input, 1);
  const auto w = random_tensor<float>(c.weight, 2);
  const auto expected = Calls::run(x, w, c.options);
  for (const int threads : {2, 7})
    for (const tf::index_t cap : {0, 64 << 10}) {
      tf::context ctx = on_threads(threads);
      ctx.max_workspace_bytes = cap;
      EXPECT_TRUE(same_bits(Calls::run(x, w, c.options, ctx), expected))
          << c << ", " << threads << " threads, cap " << cap;
    }
}

// ---- shapes

__extension__ typedef __int128 wide;  // holds every product of two int64

/// A number around one at which narrower arithmetic wraps.
inline tf::index_t extreme(std::mt19937_64& random) {
  using tf::index_t;
  constexpr index_t around[] = {1, 3, 7, index_t{1} << 31, index_t{1} << 32, index_t{1} << 62};
  return std::max<index_t>(1, around[random() % 6] + static_cast<index_t>(random() % 5) - 2);
}

// ---- errors

/// In order, but for what a test changes.
template <class Calls>
struct bad_call {
  tf::shape input{1, 4, 5, 5};
  tf::shape weight = Calls::some_weight();
  std::optional<tf::shape> bias = {};
  typename Calls::options options = {};
};

/// The text of the error, the same by the operation, its _into twin and its shape, with the output untouched.
template <class Calls>
std::string error_text_of(const bad_call<Calls>& call) {
  const tf::tensor<float> x(call.input), w(call.weight), b(call.bias.value_or(tf::shape{0}));
  const bad_call<Calls> good;
  auto y = filled<float>(Calls::output_shape(good.input, good.weight, good.options), 77);
  const tf::tensor<float> before = y;
  const std::string text = error_of([&] {
    if (call.bias)
      Calls::run(x, w, b, call.options);
    else
      Calls::run(x, w, call.options);
  });
  const std::string text_into = error_of([&] {
    if (call.bias)
      Calls::into(y, x, w, b, call.options);
    else
      Calls::into(y, x, w, call.options);
  });
  EXPECT_EQ(text_into, text);
  EXPECT_TRUE(equal(y, before)) << "written before the error: " << text;
  if (!call.bias) {
    EXPECT_EQ(error_of([&] { (void)Calls::output_shape(call.input, call.weight, call.options); }), text);
    EXPECT_EQ(error_of([&] { (void)Calls::workspace_bytes(x, w, call.options); }), text);
  }
  return text;
}

/// An output of another size is refused with this text, and stays what it was.
template <class Calls>
void expect_output_is_refused(const tf::shape& output, const char* text) {
  const bad_call<Calls> good;
  const tf::tensor<float> x(good.input), w(good.weight);
  auto y = filled<float>(output, 77);
  const tf::tensor<float> before = y;
  EXPECT_EQ(error_of([&] { Calls::into(y, x, w); }), text);
  EXPECT_TRUE(equal(y, before));
}

}  // namespace tenfold_test
