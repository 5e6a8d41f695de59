// What conv2d_backward_test.cpp and conv_transpose2d_backward_test.cpp check alike. `Calls` is one of the two structs
// below.
#pragma once

#include "convolution_tests.hpp"
#include "winograd_matrices.hpp"

#include <algorithm>  // find, max

namespace tenfold_test {

struct conv2d_backward_calls : conv2d_calls {
  using op = tf::detail::conv2d_op;
  static auto run(const auto&... x) { return tf::conv2d_backward(x...); }
  static void into(auto& of_input, auto& of_weight, auto& of_bias, const auto&... x) {
    tf::conv2d_backward_into(of_input, of_weight, of_bias, x...);
  }
  static auto reference(const auto&... x) { return tf::reference::conv2d_backward(x...); }
  static auto forward(const auto&... x) { return tf::reference::conv2d(x...); }
  static tf::index_t workspace_bytes(const auto&... x) { return tf::conv2d_backward_workspace_bytes(x...); }

  /// What one element of grad_input is the sum of at most.
  static tf::index_t terms_of_input(const conv2d_case& c) {
    return c.weight[0] / c.options.groups * c.weight[2] * c.weight[3];
  }
  /// What has the windows: conv2d's output, conv_transpose2d's input.
  static tf::shape windows(const conv2d_case& c) { return output_shape(c.input, c.weight, c.options); }
};

struct conv_transpose2d_backward_calls : conv_transpose2d_calls {
  using op = tf::detail::conv_transpose2d_op;
  static auto run(const auto&... x) { return tf::conv_transpose2d_backward(x...); }
  static void into(auto& of_input, auto& of_weight, auto& of_bias, const auto&... x) {
    tf::conv_transpose2d_backward_into(of_input, of_weight, of_bias, x...);
  }
  static auto reference(const auto&... x) { return tf::reference::conv_transpose2d_backward(x...); }
  static auto forward(const auto&... x) { return tf::reference::conv_transpose2d(x...); }
  static tf::index_t workspace_bytes(const auto&... x) { return tf::conv_transpose2d_backward_workspace_bytes(x...); }

  static tf::index_t terms_of_input(const conv_transpose2d_case& c) { return c.weight[1] * c.weight[2] * c.weight[3]; }
  static tf::shape windows(const conv_transpose2d_case& c) { return c.input; }
};

template <class Calls>
tf::shape output_shape_of(const case_of<Calls>& c) {
  return Calls::output_shape(c.input, c.weight, c.options);
}
template <class Calls>
tf::index_t batch_of(const case_of<Calls>& c) {
  return c.input.size() == 4 ? c.input[0] : 1;
}
/// What one element of grad_weight is the sum of at most, and one of grad_bias.
template <class Calls>
tf::index_t terms_of_weight(const case_of<Calls>& c) {
  const tf::shape s = Calls::windows(c);
  return batch_of<Calls>(c) * s[s.size() - 2] * s[s.size() - 1];
}
template <class Calls>
tf::index_t terms_of_bias(const case_of<Calls>& c) {
  const tf::shape s = output_shape_of<Calls>(c);
  return batch_of<Calls>(c) * s[s.size() - 2] * s[s.size() - 1];
}

/// What a gradient is computed from.
template <class T>
struct backward_operands {
  tf::tensor<T> grad_output, input, weight;
};
/// Small integers, of whose products a float holds the sum of a million.
template <class T, class Calls>
backward_operands<T> exact_operands(const case_of<Calls>& c) {
  return {small_integers<T>(output_shape_of<Calls>(c), 1), small_integers<T>(c.input, 2),
          small_integers<T>(c.weight, 3)};
}
template <class T, class Calls>
backward_operands<T> random_operands(const case_of<Calls>& c) {
  return {random_tensor<T>(output_shape_of<Calls>(c), 1), random_tensor<T>(c.input, 2), random_tensor<T>(c.weight, 3)};
}

/// How a gradient is asked for.
struct backward_setting {
  tf::context ctx;
  tf::gradients wanted = {};
};

template <class Calls, class T>
tf::convolution_gradients<T> run_reference(const backward_operands<T>& in, const case_of<Calls>& c) {
  return Calls::reference(in.grad_output, in.input, in.weight, c.options);
}
template <class Calls, class T>
tf::convolution_gradients<T> run_backward(const backward_operands<T>& in, const case_of<Calls>& c,
                                          const backward_setting& s) {
  return Calls::run(in.grad_output, in.input, in.weight, c.options, s.wanted, s.ctx);
}
template <class Calls, class T>
void run_backward_into(tf::convolution_gradients<T>& out, const backward_operands<T>& in, const case_of<Calls>& c,
                       const backward_setting& s) {
  Calls::into(out.grad_input, out.grad_weight, out.grad_bias, in.grad_output, in.input, in.weight, c.options, s.wanted,
              s.ctx);
}
inline backward_setting adding(backward_setting s) {
  s.wanted.beta = 1;
  return s;
}

/// Gradients of these shapes that hold something else.
template <class T>
tf::convolution_gradients<T> filled_like(const tf::convolution_gradients<T>& g, T value) {
  return {filled<T>(g.grad_input.shape(), value), filled<T>(g.grad_weight.shape(), value),
          filled<T>(g.grad_bias.shape(), value)};
}

/// A list of algorithms: what it has, and what of that can compute a case.
struct algorithm_list_names {
  std::vector<std::string_view> all, able;

  static bool has(const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  /// It has no such name, and then chooses as it likes, or can do it by that name.
  bool takes(std::string_view name) const { return !has(all, name) || has(able, name); }
};

/// Of the gradient of the input, the other operation's list, and of that of the weight.
template <class Calls, class T>
std::pair<algorithm_list_names, algorithm_list_names> algorithm_lists(const case_of<Calls>& c, const tf::context& ctx) {
  using namespace tf::detail;
  constexpr bool transposed = Calls::op::transposed;
  const convolution_geometry g = Calls::op::checked(c.input, c.weight, std::nullopt, c.options);
  convolution_geometry back = g;
  std::swap(back.in_channels, back.out_channels);
  std::swap(back.in, back.out);
  back.output_shape = {g.batch, g.groups * g.in_channels, g.in.h, g.in.w};
  const auto list = [&](auto find, const convolution_geometry* of) {
    std::vector<std::string_view> names(most_algorithms);
    names.resize(find(of, ctx, names.data()));
    return names;
  };
  const auto of_input = [](const auto&... x) { return seam::find_algorithm_names<!transposed, T>(x...); };
  const auto of_weight = [](const auto&... x) { return seam::find_weight_gradient_names<transposed, T>(x...); };
  return {{list(of_input, nullptr), has_no_result(back) ? std::vector<std::string_view>{} : list(of_input, &back)},
          {list(of_weight, nullptr), list(of_weight, &g)}};
}

/// On every instruction set the library's choice, and every algorithm that can compute the gradient of the input or of
/// the weight. A name that only one of them can take is asked for without the other.
template <class Calls, class T>
std::vector<backward_setting> backward_settings(const case_of<Calls>& c, tf::math math = tf::math::standard) {
  std::vector<backward_setting> settings;
  for (const tf::isa isa : available_isas()) {
    const tf::context there = on(isa, math);
    settings.push_back({there});
    const auto [input, weight] = algorithm_lists<Calls, T>(c, there);
    std::vector<std::string_view> names = input.able;
    for (const std::string_view name : weight.able)
      if (!input.has(names, name)) names.push_back(name);
    for (const std::string_view name : names) {
      backward_setting s{there, {.input = input.takes(name), .weight = weight.takes(name)}};
      s.ctx.algorithm = name;
      settings.push_back(s);
    }
  }
  return settings;
}

/// The same without algorithms by name.
inline backward_setting chosen(tf::math math = tf::math::exact) { return {on(available_isas().front(), math)}; }

// ---- values

/// Calls check(got, expected, name) for the gradients that are wanted.
template <class T, class Check>
void for_each_gradient(const tf::convolution_gradients<T>& got, const tf::convolution_gradients<T>& expected,
                       const tf::gradients& wanted, const Check& check) {
  if (wanted.input) check(got.grad_input, expected.grad_input, "grad_input");
  if (wanted.weight) check(got.grad_weight, expected.grad_weight, "grad_weight");
  if (wanted.bias) check(got.grad_bias, expected.grad_bias, "grad_bias");
}
template <class T>
void expect_equal_gradients(const tf::convolution_gradients<T>& got, const tf::convolution_gradients<T>& expected,
                            const std::string& name, const tf::gradients& wanted = {}) {
  for_each_gradient(got, expected, wanted, [&](const auto& g, const auto& e, const char* which) {
    EXPECT_TRUE(equal(g, e)) << name << ", " << which;
  });
}
template <class T>
void expect_same_bits(const tf::convolution_gradients<T>& got, const tf::convolution_gradients<T>& expected,
                      const std::string& name, const tf::gradients& wanted = {}) {
  for_each_gradient(got, expected, wanted, [&](const auto& g, const auto& e, const char* which) {
    EXPECT_TRUE(same_bits(g, e)) << name << ", " << which;
  });
}

template <class Calls>
std::string name_of(const case_of<Calls>& c, const backward_setting& s, const std::string& more = {}) {
  std::ostringstream stream;
  stream << c << ", " << name_of(s.ctx) << (more.empty() ? "" : ", ") << more;
  return stream.str();
}

/// Written, and added to what is there: with beta = 0 not even a NaN is read.
template <class Calls, class T>
void expect_gradients_equal_reference(const case_of<Calls>& c) {
  const auto in = exact_operands<T, Calls>(c);
  const tf::convolution_gradients<T> expected = run_reference<Calls>(in, c);
  auto twice = expected;
  for (tf::tensor<T>* sum : {&twice.grad_weight, &twice.grad_bias})
    for (tf::index_t i = 0; i < sum->size(); ++i) sum->data()[i] *= 2;
  for (const backward_setting& s : backward_settings<Calls, T>(c, tf::math::exact)) {
    expect_equal_gradients(run_backward<Calls>(in, c, s), expected, name_of<Calls>(c, s), s.wanted);
    auto out = filled_like(expected, std::numeric_limits<T>::quiet_NaN());
    run_backward_into<Calls>(out, in, c, s);
    expect_equal_gradients(out, expected, name_of<Calls>(c, s, "into an output"), s.wanted);
    run_backward_into<Calls>(out, in, c, adding(s));
    expect_equal_gradients(out, twice, name_of<Calls>(c, s, "added to it"), s.wanted);
  }
}

/// Every choice of gradients: the others are empty, and their outputs neither looked at nor touched.
template <class Calls, class T>
void expect_wanted_gradients_only(const case_of<Calls>& c) {
  const auto in = exact_operands<T, Calls>(c);
  const tf::convolution_gradients<T> expected = run_reference<Calls>(in, c);
  const tf::tensor<T> untouched = filled<T>({2, 3, 5}, T{77});
  for (int mask = 0; mask < 8; ++mask) {
    const tf::gradients wanted{.input = (mask & 1) != 0, .weight = (mask & 2) != 0, .bias = (mask & 4) != 0};
    const backward_setting s{chosen().ctx, wanted};
    const auto those_wanted = [&](const tf::tensor<T>& otherwise) -> tf::convolution_gradients<T> {
      return {wanted.input ? expected.grad_input : otherwise, wanted.weight ? expected.grad_weight : otherwise,
              wanted.bias ? expected.grad_bias : otherwise};
    };
    const std::string name = name_of<Calls>(c, s, "mask " + std::to_string(mask));
    expect_equal_gradients(run_backward<Calls>(in, c, s), those_wanted(tf::tensor<T>(tf::shape{0})), name);
    auto out = those_wanted(untouched);
    const auto clear = [](bool is_wanted, tf::tensor<T>& x) { x = is_wanted ? filled<T>(x.shape(), T{88}) : x; };
    clear(wanted.input, out.grad_input);
    clear(wanted.weight, out.grad_weight);
    clear(wanted.bias, out.grad_bias);
    run_backward_into<Calls>(out, in, c, s);
    expect_equal_gradients(out, those_wanted(untouched), name + " into outputs");
  }
}

/// The same gradients of the operands' absolute values: what their errors are measured by.
template <class Calls, class T>
tf::convolution_gradients<double> magnitudes_of(const backward_operands<T>& in, const case_of<Calls>& c) {
  return run_reference<Calls>(
      backward_operands<double>{magnitudes(in.grad_output), magnitudes(in.input), magnitudes(in.weight)}, c);
}
template <class Calls, class T>
tf::convolution_gradients<double> exact_gradients(const backward_operands<T>& in, const case_of<Calls>& c) {
  return run_reference<Calls>(
      backward_operands<double>{to_double(in.grad_output), to_double(in.input), to_double(in.weight)}, c);
}

/// |g - exact| <= gamma(terms) * sum |terms|, as rounding_bound derives it: a product rounds once, and no term passes
/// more additions than there are other terms, in whatever order and however many partial sums they are added; those
/// begin with a zero, whose addition is exact, as are the products of the padding's zeros.
template <class Calls, class T>
void expect_gradients_within_rounding(const case_of<Calls>& c) {
  const auto in = random_operands<T, Calls>(c);
  const auto exact = exact_gradients<Calls>(in, c), magnitude = magnitudes_of<Calls>(in, c);
  for (const backward_setting& s : backward_settings<Calls, T>(c, tf::math::exact)) {
    const auto got = run_backward<Calls>(in, c, s);
    const auto expect = [&](bool wanted, const auto& g, const auto& e, const auto& m, tf::index_t terms,
                            const char* which) {
      if (!wanted) return;
      EXPECT_TRUE(within_rounding(g, e, m, terms)) << name_of<Calls>(c, s, which);
    };
    expect(s.wanted.input, got.grad_input, exact.grad_input, magnitude.grad_input, Calls::terms_of_input(c),
           "grad_input");
    expect(s.wanted.weight, got.grad_weight, exact.grad_weight, magnitude.grad_weight, terms_of_weight<Calls>(c),
           "grad_weight");
    expect(s.wanted.bias, got.grad_bias, exact.grad_bias, magnitude.grad_bias, terms_of_bias<Calls>(c), "grad_bias");
  }
}

/// With the exact products of integers as numbers: a dot product that neither wraps nor rounds.
template <class A, class B>
tf::index_t exact_dot(const A& a, const B& b) {
  EXPECT_EQ(a.shape(), b.shape());
  tf::index_t sum = 0;
  for (tf::index_t i = 0; i < a.size(); ++i)
    sum += static_cast<tf::index_t>(a.data()[i]) * static_cast<tf::index_t>(b.data()[i]);
  return sum;
}

/// A convolution is linear in each of its operands, and the gradients are the adjoints:
///     <conv(x, w), g> = <x, grad_input> = <grad_weight, w>,   <conv(0, w, b), g> = <grad_bias, b>
/// exactly, on small integers. The convolutions are the library's: nothing here is the reference's.
template <class Calls, class T>
void expect_adjoint_gradients(const case_of<Calls>& c, const auto& convolution) {
  const auto in = exact_operands<T, Calls>(c);
  const auto got = run_backward<Calls>(in, c, chosen());
  const tf::tensor<T> y = convolution(in.input, in.weight, c.options);
  const tf::index_t expected = exact_dot(y, in.grad_output);
  EXPECT_EQ(exact_dot(in.input, got.grad_input), expected) << c;
  EXPECT_EQ(exact_dot(in.weight, got.grad_weight), expected) << c;
  const auto b = small_integers<T>(got.grad_bias.shape(), 4);
  const tf::tensor<T> of_bias = convolution(tf::tensor<T>(c.input), in.weight, b, c.options);
  if (of_bias.size() == 0) return;
  EXPECT_EQ(exact_dot(of_bias, in.grad_output), exact_dot(got.grad_bias, b)) << c;
}

/// Central differences of the loss L = sum y^2 / 2, whose gradient by y is y. L is quadratic in each element v of an
/// operand, so that (L(v + 1) - L(v - 1)) / 2 is its derivative, without a remainder: only roundings differ.
///
/// An output sums K products, bias included, of absolute sum M; its square is a sum of products of magnitude M^2 that
/// passed 2 K + 1 roundings, and n outputs are added: |error of L| <= gamma(2 K + n + 1) * sum M^2 / 2, at either side.
/// The operands are multiples of 2^-20 below 1 in magnitude, so that v + 1 and v - 1 are exact. The gradient itself
/// sums y, of K roundings, times an operand: gamma(K + terms + 1) of its magnitude with M in place of y.
template <class Calls>
void expect_central_differences(const case_of<Calls>& c) {
  const auto make = [](const tf::shape& s, unsigned seed) {
    return map<double>(random_tensor<double>(s, seed), [](double v) { return std::round(v * 0x1p20) / 0x1p20; });
  };
  tf::tensor<double> x = make(c.input, 1), w = make(c.weight, 2), b = make({Calls::output_channels(c)}, 3);
  const auto y_of = [&] { return Calls::forward(x, w, b, c.options); };
  const auto m_of = [&] { return Calls::forward(magnitudes(x), magnitudes(w), magnitudes(b), c.options); };
  const auto half_square = [](const tf::tensor<double>& y) {
    double sum = 0;
    for (tf::index_t i = 0; i < y.size(); ++i) sum += y.data()[i] * y.data()[i];
    return sum / 2;
  };
  const tf::index_t k = Calls::terms(c), n = output_shape_of<Calls>(c).elements();
  const tf::tensor<double> y = y_of(), m = m_of();
  const auto got = Calls::run(y, x, w, c.options, tf::gradients{}, chosen().ctx);
  const auto size = Calls::reference(m, magnitudes(x), magnitudes(w), c.options);
  const auto check = [&](tf::tensor<double>& operand, const tf::tensor<double>& gradient,
                         const tf::tensor<double>& magnitude, const char* name) {
    for (tf::index_t i = 0; i < operand.size(); ++i) {
      const double v = operand.data()[i];
      double loss[2], size_of_loss = 0;
      for (const int side : {0, 1}) {
        operand.data()[i] = v + (side ? 1 : -1);
        loss[side] = half_square(y_of());
        size_of_loss += half_square(m_of());
      }
      operand.data()[i] = v;
      const double bound = rounding_bound<double>(2 * k + n + 1, size_of_loss / 2) +
                           rounding_bound<double>(k + n + Calls::terms_of_input(c) + 1, magnitude.data()[i]);
      EXPECT_NEAR(gradient.data()[i], (loss[1] - loss[0]) / 2, bound) << c << ", " << name << " at " << i;
    }
  };
  check(x, got.grad_input, size.grad_input, "grad_input");
  check(w, got.grad_weight, size.grad_weight, "grad_weight");
  check(b, got.grad_bias, size.grad_bias, "grad_bias");
}

// ---- what math::standard promises

/// For each element of grad_input the largest magnitude of grad_output in its window, and the sum of the magnitudes of
/// its weights.
struct window_bounds {
  tf::tensor<double> largest, weights;
};
template <class Calls>
window_bounds window_bounds_of(const case_of<Calls>& c, const tf::tensor<float>& grad_output,
                               const tf::tensor<float>& weight) {
  constexpr bool transposed = Calls::op::transposed;
  const auto g = tf::detail::batched(grad_output.shape()), x = tf::detail::batched(c.input);
  const tf::tensor_view<const float> grad(grad_output.data(), g);
  window_bounds bounds{tf::tensor<double>(x), tf::tensor<double>(x)};
  const auto geometry = Calls::op::checked(c.input, c.weight, std::nullopt, c.options);
  using tf::index_t;
  tf::reference::parts::for_each_product(
      transposed ? x : g, transposed ? g : x, c.weight,
      {c.options.stride, geometry.padding, c.options.dilation, c.options.groups},
      [&](index_t n, index_t a, index_t ah, index_t aw, index_t b, index_t bh, index_t bw, index_t k, index_t i,
          index_t j) {
        const double value = std::abs(transposed ? grad(n, b, bh, bw) : grad(n, a, ah, aw));
        double& largest = transposed ? bounds.largest(n, a, ah, aw) : bounds.largest(n, b, bh, bw);
        double& weights = transposed ? bounds.weights(n, a, ah, aw) : bounds.weights(n, b, bh, bw);
        largest = std::max(largest, value);
        weights += std::abs(weight(a, k, i, j));
      });
  return bounds;
}

/// |grad_input - exact| <= 200 eps max|grad_output| sum|weight|, the maximum over the element's own window
/// (docs/winograd_error.md derives the constant): whatever lies outside of it, by whatever algorithm.
template <class Calls>
void expect_input_gradient_as_promised(const case_of<Calls>& c) {
  auto in = random_operands<float, Calls>(c);
  if (in.grad_output.size() == 0) return;
  const auto check = [&](const char* data) {
    const auto exact = exact_gradients<Calls>(in, c).grad_input;
    const window_bounds bounds = window_bounds_of<Calls>(c, in.grad_output, in.weight);
    for (backward_setting s : backward_settings<Calls, float>(c)) {
      if (!s.wanted.input) continue;
      s.wanted = {.weight = false, .bias = false};
      const auto got = run_backward<Calls>(in, c, s).grad_input;
      EXPECT_TRUE(compare(got, exact, [&](float value, double e, tf::index_t i) {
        const double unit = static_cast<double>(std::numeric_limits<float>::epsilon());
        return std::abs(static_cast<double>(value) - e) <=
               200 * unit * bounds.largest.data()[i] * bounds.weights.data()[i];
      })) << name_of<Calls>(c, s, data);
    }
  };
  check("numbers from -1 to 1");
  const tf::index_t middle = in.grad_output.size() / 2;
  in.grad_output.data()[middle] = 1e30f;
  check("one of 1e30");
  for (tf::index_t i = 0; i < in.grad_output.size(); ++i) in.grad_output.data()[i] *= i % 3 == 0 ? 1e-12f : 1e3f;
  in.grad_output.data()[middle] = 1;
  check("huge and tiny ones");
}

/// The sums of the absolute values that pass the transforms of Winograd's weight gradient: of a tile of 4x4 of what has
/// the windows, and the 6x6 pixels that they see,
///     passed = sum over tiles of |A|^T ((|G| |g| |G|^T) * (|B|^T |d| |B|)) |A|
template <class Calls>
tf::tensor<double> passed_by_weight_winograd(const case_of<Calls>& c, const tf::tensor<double>& grad_output,
                                             const tf::tensor<double>& input) {
  using tf::index_t;
  constexpr bool transposed = Calls::op::transposed;
  const winograd_matrices& f = winograd_gradient_4x4;
  const auto as_batch = [](const tf::tensor<double>& x) {
    return tf::tensor_view<const double>(x.data(), tf::detail::batched(x.shape()));
  };
  const auto gradients = as_batch(transposed ? input : grad_output), image = as_batch(transposed ? grad_output : input);
  const auto geometry = Calls::op::checked(c.input, c.weight, std::nullopt, c.options);
  const index_t rows = c.weight[0] / c.options.groups, n = f.n, taps = f.taps;
  // |M x M^T|, x(i, j) = at(i, j) of size x size
  const auto passed = [&](index_t size, const auto& m, const auto& at) {
    std::vector<double> half(static_cast<std::size_t>(n * size)), whole(static_cast<std::size_t>(n * n));
    for (index_t e = 0; e < n; ++e)
      for (index_t i = 0; i < size; ++i)
        for (index_t j = 0; j < size; ++j) half[static_cast<std::size_t>(e * size + j)] += std::abs(m(e, i)) * at(i, j);
    for (index_t e = 0; e < n; ++e)
      for (index_t d = 0; d < n; ++d)
        for (index_t j = 0; j < size; ++j)
          whole[static_cast<std::size_t>(e * n + d)] +=
              half[static_cast<std::size_t>(e * size + j)] * std::abs(m(d, j));
    return whole;
  };
  const auto inside = [](const auto& x, index_t image_of, index_t channel, index_t h, index_t w) {
    return h >= 0 && h < x.shape()[2] && w >= 0 && w < x.shape()[3] ? x(image_of, channel, h, w) : 0;
  };
  tf::tensor<double> weight(c.weight);
  for (index_t a = 0; a < c.weight[0]; ++a)
    for (index_t b = 0; b < c.weight[1]; ++b) {
      std::vector<double> sums(static_cast<std::size_t>(n * n));
      for (index_t k = 0; k < gradients.shape()[0]; ++k)
        for (index_t y = 0; y < gradients.shape()[2]; y += taps)
          for (index_t x = 0; x < gradients.shape()[3]; x += taps) {
            const auto u = passed(
                taps, [&](index_t e, index_t t) { return f.g(e, t); },
                [&](index_t i, index_t j) { return inside(gradients, k, a, y + i, x + j); });
            const auto v = passed(
                n, [&](index_t e, index_t t) { return f.b(e, t); },
                [&](index_t i, index_t j) {
                  return inside(image, k, a / rows * c.weight[1] + b, y + i - geometry.padding.h,
                                x + j - geometry.padding.w);
                });
            for (std::size_t e = 0; e < sums.size(); ++e) sums[e] += u[e] * v[e];
          }
      for (index_t i = 0; i < f.m; ++i)
        for (index_t j = 0; j < f.m; ++j)
          for (index_t e = 0; e < n * n; ++e)
            weight(a, b, i, j) += std::abs(f.a(i, e / n) * f.a(j, e % n)) * sums[static_cast<std::size_t>(e)];
    }
  return weight;
}

/// Every product of a gradient and an input passes at most 10 roundings in the gradient's transform (in each of two
/// dimensions a product, a sum, a sum, the product with a constant that is rounded), 8 in the input's (a product, a
/// difference, another product and a sum), one in the product, one for each other tile of a block of 64, 8 in the
/// transform of the result (at most a product and three sums), and one for each block and chunk that is added, and what
/// the gradient is added to.
template <class Calls>
tf::index_t roundings_of_weight_winograd(const case_of<Calls>& c) {
  const tf::shape s = tf::detail::batched(Calls::windows(c));
  const tf::index_t tiles = s[0] * ((s[2] + 3) / 4) * ((s[3] + 3) / 4), blocks = (tiles + 63) / 64;
  return 10 + 8 + 1 + std::min<tf::index_t>(tiles, 64) + 8 + 2 * blocks + 1;
}

/// By the algorithm that transforms, whatever the numbers: math::fast.
template <class Calls, class T>
void expect_weight_winograd_within_rounding(const case_of<Calls>& c) {
  const auto in = random_operands<T, Calls>(c);
  const auto exact = exact_gradients<Calls>(in, c).grad_weight;
  const auto passed = passed_by_weight_winograd<Calls>(c, magnitudes(in.grad_output), magnitudes(in.input));
  int found = 0;
  for (backward_setting s : backward_settings<Calls, T>(c, tf::math::fast)) {
    if (!s.wanted.weight || !s.ctx.algorithm.starts_with("winograd")) continue;
    s.wanted = {.input = false, .bias = false};
    EXPECT_TRUE(within_rounding(run_backward<Calls>(in, c, s).grad_weight, exact, passed,
                                roundings_of_weight_winograd<Calls>(c)))
        << name_of<Calls>(c, s);
    ++found;
  }
  EXPECT_GT(found, 0) << c;
}

/// math::standard on numbers of one size: a root mean square error of at most four times PyTorch's, in units of the
/// gradient's own root mean square (PyTorch 2.15 with oneDNN off, which errs less in these).
template <class Calls>
void expect_weight_gradient_as_exact_as_promised(const case_of<Calls>& c, double error_of_pytorch) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  auto in = random_operands<float, Calls>(c);
  for (tf::tensor<float>* x : {&in.grad_output, &in.input})
    for (tf::index_t i = 0; i < x->size(); ++i) x->data()[i] = normal(random);
  const auto exact = exact_gradients<Calls>(in, c).grad_weight;
  for (const tf::isa isa : available_isas()) {
    const auto got = run_backward<Calls>(in, c, {on(isa), {.input = false, .bias = false}}).grad_weight;
    double errors = 0, squares = 0;
    for (tf::index_t i = 0; i < got.size(); ++i) {
      errors += std::pow(static_cast<double>(got.data()[i]) - exact.data()[i], 2);
      squares += std::pow(exact.data()[i], 2);
    }
    EXPECT_LE(std::sqrt(errors / squares), 4 * error_of_pytorch) << c << " on " << tf::name_of(isa);
  }
}

/// math::standard's promise of grad_weight for all finite numbers, whatever their sizes (docs/winograd_error.md):
///     |g - exact| <= c eps * sum over the tiles of max |image of the tile| * sum |windows of the tile|
/// of 4x4 of what has the windows and the 6x6 pixels that they see. c: r roundings are r / 2 eps, what passes the
/// transforms in one dimension is at most 13.25 times the largest pixel for each window
/// (winograd_gradient_4x4.most_magnitude()), and r is below 110 for these shapes: 110 / 2 * 13.25^2 = 9656. A sum of
/// products is far inside.
template <class Calls>
void expect_weight_gradient_of_its_tiles(const case_of<Calls>& c, const backward_operands<float>& in,
                                         const std::string& data) {
  using tf::index_t;
  constexpr bool transposed = Calls::op::transposed;
  const tf::tensor<double> windows = magnitudes(transposed ? in.input : in.grad_output),
                           image = magnitudes(transposed ? in.grad_output : in.input);
  const tf::hw padding = Calls::op::checked(c.input, c.weight, std::nullopt, c.options).padding;
  const index_t rows = c.weight[0] / c.options.groups;
  tf::tensor<double> reach({c.weight[0], c.weight[1]});
  const auto for_each_pixel = [](const tf::tensor<double>& x, index_t n, index_t channel, index_t top, index_t left,
                                 index_t side, const auto& visit) {
    for (index_t h = std::max<index_t>(0, top); h < std::min(top + side, x.shape()[2]); ++h)
      for (index_t w = std::max<index_t>(0, left); w < std::min(left + side, x.shape()[3]); ++w)
        visit(x(n, channel, h, w));
  };
  for (index_t a = 0; a < c.weight[0]; ++a)
    for (index_t b = 0; b < c.weight[1]; ++b)
      for (index_t n = 0; n < windows.shape()[0]; ++n)
        for (index_t y = 0; y < windows.shape()[2]; y += 4)
          for (index_t x = 0; x < windows.shape()[3]; x += 4) {
            double sum = 0, largest = 0;
            for_each_pixel(windows, n, a, y, x, 4, [&](double v) { sum += v; });
            for_each_pixel(image, n, a / rows * c.weight[1] + b, y - padding.h, x - padding.w, 6,
                           [&](double v) { largest = std::max(largest, v); });
            reach(a, b) += largest * sum;
          }
  const auto exact = exact_gradients<Calls>(in, c).grad_weight;
  for (backward_setting s : backward_settings<Calls, float>(c)) {
    if (!s.wanted.weight) continue;
    s.wanted = {.input = false, .bias = false};
    EXPECT_TRUE(compare(run_backward<Calls>(in, c, s).grad_weight, exact, [&](float g, double e, index_t i) {
      const double unit = static_cast<double>(std::numeric_limits<float>::epsilon());
      const double underflow = 64 * static_cast<double>(std::numeric_limits<float>::min());
      return std::abs(static_cast<double>(g) - e) <= 9656 * unit * reach.data()[i / 9] + underflow;
    })) << name_of<Calls>(c, s, data);
  }
}

/// Calls check(operands, text) for operands that hurt: some numbers, in a place that some of the elements have no term
/// from, are much larger than the others, in the input or in grad_output.
template <class Calls, class Check>
void for_each_hurting_data(const case_of<Calls>& c, const Check& check) {
  using tf::index_t;
  const auto plain = random_operands<float, Calls>(c);
  const auto changed = [](tf::tensor<float> x, const auto& change) {
    const tf::shape s = x.shape();
    for (index_t i = 0; i < x.size(); ++i) x.data()[i] = change(x.data()[i], i / s[3] % s[2], i % s[3], s[2], s[3]);
    return x;
  };
  const auto check_both = [&](const std::string& text, const auto& change) {
    auto of_input = plain, of_output = plain;
    of_input.input = changed(plain.input, change);
    of_output.grad_output = changed(plain.grad_output, change);
    check(of_input, text + " of the input");
    check(of_output, text + " of grad_output");
  };
  for (const float large : {1e3f, 1e6f, 1e12f, 1e25f}) {
    const std::string times = std::to_string(large) + " times ";
    check_both(times + "the last column",
               [&](float v, index_t, index_t w, index_t, index_t width) { return w == width - 1 ? large * v : v; });
    check_both(times + "the first row",
               [&](float v, index_t h, index_t, index_t, index_t) { return h == 0 ? large * v : v; });
    check_both(times + "a pixel",
               [&](float v, index_t h, index_t w, index_t, index_t) { return h == 5 && w == 6 ? large * v : v; });
    check_both(times + "the lower half",
               [&](float v, index_t h, index_t, index_t height, index_t) { return 2 * h < height ? v / large : v; });
  }
}

template <class Calls>
void expect_weight_gradient_of_its_tiles(const case_of<Calls>& c) {
  expect_weight_gradient_of_its_tiles<Calls>(c, random_operands<float, Calls>(c), "numbers from -1 to 1");
  for_each_hurting_data<Calls>(c, [&](const backward_operands<float>& in, const std::string& data) {
    expect_weight_gradient_of_its_tiles<Calls>(c, in, data);
  });
}

/// Where a channel's largest number is much larger than the usual one, products are summed: a hot pixel in the last
/// place of each channel, or a hot last column, which not every tap meets.
template <class Calls>
void expect_sums_of_products_where_one_is_large(const case_of<Calls>& c) {
  for (const bool of_input : {true, false})
    for (const bool column : {true, false}) {
      auto in = random_operands<float, Calls>(c);
      tf::tensor<float>& x = of_input ? in.input : in.grad_output;
      const tf::shape s = x.shape();
      for (tf::index_t line = 1; line <= s[0] * s[1] * s[2]; ++line)
        if (column || line % s[2] == 0) x.data()[line * s[3] - 1] = 1e8f;
      const auto exact = exact_gradients<Calls>(in, c), magnitude = magnitudes_of<Calls>(in, c);
      for (backward_setting t : backward_settings<Calls, float>(c)) {
        if (!t.wanted.weight) continue;
        t.wanted = {.input = false, .bias = false};
        EXPECT_TRUE(within_rounding(run_backward<Calls>(in, c, t).grad_weight, exact.grad_weight, magnitude.grad_weight,
                                    terms_of_weight<Calls>(c)))
            << name_of<Calls>(c, t,
                              std::string(column ? "a hot column" : "a hot pixel") +
                                  (of_input ? " of the input" : " of the gradient"));
      }
    }
}

/// NaN, infinities and negative zeros in every fifteenth place or so.
template <class T>
tf::tensor<T> with_no_numbers(tf::tensor<T> x, unsigned seed) {
  using limits = std::numeric_limits<T>;
  const T specials[] = {limits::quiet_NaN(), limits::infinity(), -limits::infinity(), -T{0}};
  std::mt19937 random(seed);
  for (tf::index_t i = 0; i < x.size(); ++i)
    if (random() % 15 == 0) x.data()[i] = specials[random() % std::size(specials)];
  return x;
}

/// No number, and the infinities, go to the gradients that they are terms of, and to no other, in math::standard too.
/// Of a convolution without padding: beyond the image some algorithms multiply zeros, as PyTorch does.
template <class Calls, class T>
void expect_specials_where_they_belong(const case_of<Calls>& c) {
  const auto plain = exact_operands<T, Calls>(c);
  for (unsigned seed = 1; seed < 4; ++seed) {
    auto of_output = plain, of_input = plain;
    of_output.grad_output = with_no_numbers(plain.grad_output, seed);
    of_input.input = with_no_numbers(plain.input, seed + 10);
    const backward_operands<T> of_both{of_output.grad_output, of_input.input, plain.weight};
    for (const auto& in : {of_output, of_input, of_both}) {
      const auto expected = run_reference<Calls>(in, c);
      for (const backward_setting& s : backward_settings<Calls, T>(c))
        for_each_gradient(run_backward<Calls>(in, c, s), expected, s.wanted,
                          [&](const auto& got, const auto& exact, const char* which) {
                            EXPECT_TRUE(compare(got, exact, [](T g, T e, tf::index_t) {
                              return std::isfinite(e) ? std::isfinite(g) : same_value(g, e, zeros::equal);
                            })) << name_of<Calls>(c, s, which);
                          });
      for (const backward_setting& s : backward_settings<Calls, T>(c, tf::math::exact))
        expect_equal_gradients(run_backward<Calls>(in, c, s), expected, name_of<Calls>(c, s), s.wanted);
    }
  }
}

// ---- the same bits

template <class Calls>
void expect_gradient_bits_without_threads_and_memory(const case_of<Calls>& c) {
  const auto in = random_operands<float, Calls>(c);
  for (backward_setting s : backward_settings<Calls, float>(c)) {
    const auto expected = run_backward<Calls>(in, c, s);
    auto added = filled_like(expected, 0.75f);
    run_backward_into<Calls>(added, in, c, adding(s));
    for (const int threads : {1, 2, 3, 4, 5})
      for (const tf::index_t cap : {0, 64 << 10, 99999}) {
        s.ctx.threads = threads;
        s.ctx.parallel_for = on_threads(threads).parallel_for;
        s.ctx.max_workspace_bytes = cap;
        const std::string name = name_of<Calls>(c, s, std::to_string(threads) + " threads, cap " + std::to_string(cap));
        expect_same_bits(run_backward<Calls>(in, c, s), expected, name, s.wanted);
        if (threads % 2 == 0) continue;
        auto out = filled_like(expected, 0.75f);
        run_backward_into<Calls>(out, in, c, adding(s));
        expect_same_bits(out, added, name + ", added", s.wanted);
      }
  }
}

/// Of grad_input: those of the other two sum over the batch.
template <class Calls>
void expect_gradient_bits_without_batch(const case_of<Calls>& c) {
  const auto in = random_operands<float, Calls>(c);
  const auto image_of = [](const tf::tensor<float>& x, tf::index_t n) {
    const tf::shape s{x.shape()[1], x.shape()[2], x.shape()[3]};
    return tf::tensor_view<const float>(x.data() + n * s.elements(), s);
  };
  for (const backward_setting& s : backward_settings<Calls, float>(c)) {
    if (!s.wanted.input) continue;
    const auto all = run_backward<Calls>(in, c, s).grad_input;
    for (tf::index_t n = 0; n < c.input[0]; ++n) {
      const auto one =
          Calls::run(image_of(in.grad_output, n), image_of(in.input, n), in.weight, c.options, s.wanted, s.ctx);
      EXPECT_TRUE(same_bits(one.grad_input, image_of(all, n))) << name_of<Calls>(c, s) << ", image " << n;
    }
  }
}

/// A gradient's bits are the same beside others and alone.
template <class Calls>
void expect_gradient_bits_without_others(const case_of<Calls>& c) {
  const auto in = random_operands<float, Calls>(c);
  for (const backward_setting& s : backward_settings<Calls, float>(c)) {
    const auto all = run_backward<Calls>(in, c, s);
    for (const tf::gradients& one :
         {tf::gradients{.weight = false, .bias = false}, tf::gradients{.input = false, .bias = false},
          tf::gradients{.input = false, .weight = false}}) {
      if ((one.input && !s.wanted.input) || (one.weight && !s.wanted.weight)) continue;
      expect_same_bits(run_backward<Calls>(in, c, {s.ctx, one}), all, name_of<Calls>(c, s, "alone"), one);
    }
  }
}

// ---- errors

/// In order, but for what a test changes.
template <class Calls>
struct bad_backward_call {
  tf::shape grad_output = Calls::output_shape(tf::shape{1, 4, 5, 5}, Calls::some_weight());
  tf::shape input{1, 4, 5, 5};
  tf::shape weight = Calls::some_weight();
  typename Calls::options options = {};
  tf::gradients wanted = {};
};

/// Zeros, or where they fit no memory their shape alone.
class zeros_of {
 public:
  explicit zeros_of(const tf::shape& s) : shape_(s) {
    double elements = 1;
    for (const tf::index_t size : s) elements *= static_cast<double>(size);
    if (elements < 1e6) values_ = tf::tensor<float>(s);
  }
  friend tf::tensor_view<const float> as_view(const zeros_of& x) { return {x.values_.data(), x.shape_}; }

 private:
  tf::tensor<float> values_;
  tf::shape shape_;
};

/// The text of the error, the same by the operation, its _into twin and its workspace, with the outputs untouched.
template <class Calls>
std::string backward_error_text(const bad_backward_call<Calls>& call) {
  const zeros_of g(call.grad_output), x(call.input), w(call.weight);
  auto of_input = filled<float>({1, 4, 5, 5}, 77), of_weight = filled<float>(Calls::some_weight(), 77),
       of_bias = filled<float>({6}, 77);
  const std::vector before{of_input, of_weight, of_bias};
  const std::string text = error_of([&] { Calls::run(g, x, w, call.options, call.wanted); });
  EXPECT_EQ(error_of([&] { Calls::into(of_input, of_weight, of_bias, g, x, w, call.options, call.wanted); }), text);
  EXPECT_EQ(error_of([&] { (void)Calls::workspace_bytes(g, x, w, call.options, call.wanted); }), text);
  EXPECT_TRUE(equal(of_input, before[0]) && equal(of_weight, before[1]) && equal(of_bias, before[2]))
      << "written before the error: " << text;
  return text;
}

/// An output of another shape is refused with this text, and all stay what they were; unless it is not wanted.
template <class Calls>
void expect_gradient_output_is_refused(std::size_t which, const tf::shape& shape, const std::string& text) {
  const bad_backward_call<Calls> good;
  const tf::tensor<float> g(good.grad_output), x(good.input), w(good.weight);
  std::vector outputs{filled<float>(good.input, 77), filled<float>(good.weight, 77), filled<float>({6}, 77)};
  outputs[which] = filled<float>(shape, 77);
  const std::vector before = outputs;
  EXPECT_EQ(error_of([&] { Calls::into(outputs[0], outputs[1], outputs[2], g, x, w); }), text);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(equal(outputs[i], before[i])) << text << ", output " << i;
  const tf::gradients others{.input = which != 0, .weight = which != 1, .bias = which != 2};
  EXPECT_EQ(
      error_of([&] { Calls::into(outputs[0], outputs[1], outputs[2], g, x, w, typename Calls::options{}, others); }),
      "");
  EXPECT_TRUE(equal(outputs[which], before[which]));
}

}  // namespace tenfold_test
