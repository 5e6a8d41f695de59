// Every case that PyTorch answered, its values and its error texts: by tenfold on every instruction set, and by
// reference.hpp.
#include <tenfold/reference.hpp>
#include <tenfold/tenfold.hpp>

#include "algorithm_names.hpp"
#include "golden.hpp"
#include "support.hpp"
#include "winograd_matrices.hpp"

using namespace tenfold_test;
using tf::hw;
using tf::index_t;

namespace {

// ---- who answers

struct library {
  tf::context ctx;
};

struct naive {};

/// ask(by, arguments...): tenfold's function of that name, or reference.hpp's.
#define ANSWERED_BY(function)                                                                 \
  static auto ask(const library& by, const auto&... x) { return tf::function(x..., by.ctx); } \
  static auto ask(const naive&, const auto&... x) { return tf::reference::function(x...); }

// ---- the operations
//
// Each is a struct and its line in the list. A struct has
//   ANSWERED_BY(function)
//   run<T>(case, by)                    the output
// and may have
//   zeros_are = zeros::by_sign          it moves, compares or adds in a fixed order, so that even the sign of a zero is
//                                       PyTorch's
//   tolerances<T>(case)                 for outputs that round: how far each element may be from the exact one
//   expect_answer<T>(case, got, name)   of more outputs than one
//   floats_only = true                  where of integers it is no integer
//   op                                  for its list of algorithms

template <class Operation>
void check(const golden_case& c);

struct operation {
  std::string name;
  void (*check)(const golden_case&);
};

std::vector<operation>& operations() {
  static std::vector<operation> all;
  return all;
}

/// The cases of this name are those of Operation.
template <class Operation>
bool listed(const char* name) {
  operations().push_back({name, check<Operation>});
  return true;
}

/// The bounds of sums of at most `terms` products whose absolute values add up to `magnitude`.
template <class T>
tf::tensor<double> rounding_bounds(const tf::tensor<double>& magnitude, index_t terms) {
  return map<double>(magnitude, [&](double m) { return rounding_bound<T>(terms, m); });
}

struct conv2d_golden {
  ANSWERED_BY(conv2d)
  using op = tf::detail::conv2d_op;
  template <class X, class Answerer>
  static auto answer(const golden_case& c, const Answerer& by, const X& input, const X& weight, const X& bias) {
    const auto o = options(c);
    return c.has_input("bias") ? ask(by, input, weight, bias, o) : ask(by, input, weight, o);
  }
  static tf::conv2d_options options(const golden_case& c) {
    tf::conv2d_options o{.stride = c.option<hw>("stride", 1),
                         .dilation = c.option<hw>("dilation", 1),
                         .groups = c.option<index_t>("groups", 1)};
    if (c.has_option("padding")) o.padding = padding(c);
    return o;
  }
  static tf::conv2d_padding padding(const golden_case& c) {
    const auto given = c.option<nlohmann::json>("padding");
    if (given == "same") return tf::same;
    if (given == "valid") return tf::valid;
    return c.option<hw>("padding");
  }
};

struct conv_transpose2d_golden {
  ANSWERED_BY(conv_transpose2d)
  using op = tf::detail::conv_transpose2d_op;
  template <class X, class Answerer>
  static auto answer(const golden_case& c, const Answerer& by, const X& input, const X& weight, const X& bias) {
    const auto o = options(c);
    return c.has_input("bias") ? ask(by, input, weight, bias, o) : ask(by, input, weight, o);
  }
  static tf::conv_transpose2d_options options(const golden_case& c) {
    tf::conv_transpose2d_options o{.stride = c.option<hw>("stride", 1),
                                   .padding = c.option<hw>("padding", 0),
                                   .output_padding = c.option<hw>("output_padding", 0),
                                   .groups = c.option<index_t>("groups", 1),
                                   .dilation = c.option<hw>("dilation", 1)};
    if (c.has_option("output_size")) o.output_size = c.option<hw>("output_size");
    return o;
  }
};

struct slow_conv_transpose2d_golden {
  ANSWERED_BY(aten::slow_conv_transpose2d)
  using op = tf::aten::detail::slow_conv_transpose2d_op;
  template <class X, class Answerer>
  static auto answer(const golden_case& c, const Answerer& by, const X& input, const X& weight, const X& bias) {
    const auto kernel_size = c.option<hw>("kernel_size", tf::detail::last_two(as_view(weight).shape()));
    const auto stride = c.option<hw>("stride", 1), padding = c.option<hw>("padding", 0);
    const auto output_padding = c.option<hw>("output_padding", 0), dilation = c.option<hw>("dilation", 1);
    return c.has_input("bias") ? ask(by, input, weight, kernel_size, bias, stride, padding, output_padding, dilation)
                               : ask(by, input, weight, kernel_size, stride, padding, output_padding, dilation);
  }
};

/// Operation is one of the three above. The bound: the same operation on absolute values.
template <class Operation>
struct convolution_golden {
  using op = typename Operation::op;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto bias = c.has_input("bias") ? c.operand<T>("bias") : golden_operand<T>();
    return Operation::answer(c, by, c.operand<T>("input"), c.operand<T>("weight"), bias);
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto weight = c.input<T>("weight");
    const auto magnitude =
        Operation::answer(c, naive(), magnitudes(c.input<T>("input")), magnitudes(weight), magnitudes(bias<T>(c)));
    // One group's channels are at most all of them, which for a transposed weight are its first dimension.
    const index_t channels = std::max(weight.shape()[0], weight.shape()[1]);
    return rounding_bounds<T>(magnitude, channels * weight.shape()[2] * weight.shape()[3] + 1);
  }
  /// What passes through the transforms for an output is at most the largest input times the sum of its absolute
  /// weights times what they magnify in both dimensions; the largest such sum bounds them all.
  template <class T>
  static double winograd_tolerance(const golden_case& c, const winograd_matrices& f) {
    const auto x = magnitudes(c.input<T>("input")), w = magnitudes(c.input<T>("weight")), b = magnitudes(bias<T>(c));
    const auto most = [](const tf::tensor<double>& t) {
      return t.size() ? *std::max_element(t.data(), t.data() + t.size()) : 0;
    };
    const auto channels = static_cast<double>(std::max(w.shape()[0], w.shape()[1]));
    const double passed =
        most(x) * static_cast<double>(f.taps * f.taps) * channels * most(w) * std::pow(f.most_magnitude(), 2) + most(b);
    return rounding_bound<T>(winograd_roundings(static_cast<index_t>(channels)), passed);
  }
  template <class T>
  static tf::tensor<T> bias(const golden_case& c) {
    return c.has_input("bias") ? c.input<T>("bias") : tf::tensor<T>();
  }
};
const bool conv2d_listed = listed<convolution_golden<conv2d_golden>>("conv2d");
const bool conv_transpose2d_listed = listed<convolution_golden<conv_transpose2d_golden>>("conv_transpose2d");
const bool slow_conv_transpose2d_listed =
    listed<convolution_golden<slow_conv_transpose2d_golden>>("slow_conv_transpose2d");

// Gradients: answer<T>(case, by, grad_output, input, weight), which may be of the operands' absolute values.

struct conv2d_backward_golden {
  static auto ask(const library& by, const auto&... x) { return tf::conv2d_backward(x..., tf::gradients{}, by.ctx); }
  static auto ask(const naive&, const auto&... x) { return tf::reference::conv2d_backward(x...); }
  template <class X, class Answerer>
  static auto answer(const golden_case& c, const Answerer& by, const X& grad_output, const X& input, const X& weight) {
    return ask(by, grad_output, input, weight, conv2d_golden::options(c));
  }
};

struct conv_transpose2d_backward_golden {
  static auto ask(const library& by, const auto&... x) {
    return tf::conv_transpose2d_backward(x..., tf::gradients{}, by.ctx);
  }
  static auto ask(const naive&, const auto&... x) { return tf::reference::conv_transpose2d_backward(x...); }
  template <class X, class Answerer>
  static auto answer(const golden_case& c, const Answerer& by, const X& grad_output, const X& input, const X& weight) {
    return ask(by, grad_output, input, weight, conv_transpose2d_golden::options(c));
  }
};

struct slow_conv_transpose2d_backward_golden {
  static auto ask(const library& by, const auto&... x) {
    return tf::aten::slow_conv_transpose2d_backward(x..., tf::gradients{}, by.ctx);
  }
  static auto ask(const naive&, const auto&... x) { return tf::reference::aten::slow_conv_transpose2d_backward(x...); }
  template <class X, class Answerer>
  static auto answer(const golden_case& c, const Answerer& by, const X& grad_output, const X& input, const X& weight) {
    return ask(by, grad_output, input, weight, c.option<hw>("kernel_size"), c.option<hw>("stride", 1),
               c.option<hw>("padding", 0), c.option<hw>("output_padding", 0), c.option<hw>("dilation", 1));
  }
};

/// Operation is one of the three above. The bounds: the same operation on absolute values. Sums that are exact are so
/// in math::exact: the transforms of Winograd's algorithms round them.
template <class Operation>
struct convolution_backward_golden {
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::convolution_gradients<T> run(const golden_case& c, Answerer by) {
    if constexpr (std::same_as<Answerer, library>)
      if (c.exact()) by.ctx.math = tf::math::exact;
    return Operation::answer(c, by, c.operand<T>("grad_output"), c.operand<T>("input"), c.operand<T>("weight"));
  }
  template <class T>
  static void expect_answer(const golden_case& c, const tf::convolution_gradients<T>& got, const std::string& name) {
    const auto grad_output = c.input<T>("grad_output"), input = c.input<T>("input"), weight = c.input<T>("weight");
    const auto magnitude =
        Operation::answer(c, naive(), magnitudes(grad_output), magnitudes(input), magnitudes(weight));
    const tf::shape& w = weight.shape();
    // A channel's gradient sums over one group's others, which are at most the weight's first or second dimension.
    const index_t terms_of_input = std::max(w[0], w[1]) * w[2] * w[3];
    const index_t terms_of_weight = std::max(grad_output.size(), input.size());
    const auto expect = [&](const char* role, const tf::tensor<T>& gradient, const tf::tensor<double>& m, index_t n) {
      EXPECT_TRUE(is_near<T>(c, role, gradient, m, n)) << name << ", " << role;
    };
    expect("grad_input", got.grad_input, magnitude.grad_input, terms_of_input);
    expect("grad_weight", got.grad_weight, magnitude.grad_weight, terms_of_weight);
    expect("grad_bias", got.grad_bias, magnitude.grad_bias, terms_of_weight);
  }
  template <class T>
  static testing::AssertionResult is_near(const golden_case& c, const std::string& role, const tf::tensor<T>& got,
                                          const tf::tensor<double>& magnitude, index_t terms) {
    if (c.exact()) return equal(got, c.output<T>(role.c_str()));
    const std::string wide = role + "64";
    const auto exact =
        c.has_output(wide.c_str()) ? c.output<double>(wide.c_str()) : to_double(c.output<T>(role.c_str()));
    return within_rounding(got, exact, magnitude, terms);
  }
};
const bool conv2d_backward_listed = listed<convolution_backward_golden<conv2d_backward_golden>>("conv2d_backward");
const bool conv_transpose2d_backward_listed =
    listed<convolution_backward_golden<conv_transpose2d_backward_golden>>("conv_transpose2d_backward");
const bool slow_conv_transpose2d_backward_listed =
    listed<convolution_backward_golden<slow_conv_transpose2d_backward_golden>>("slow_conv_transpose2d_backward");

struct gemm_golden {
  ANSWERED_BY(gemm)
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return answer(c, by, c.option<T>("alpha"), c.option<T>("beta"), c.input<T>("a"), c.input<T>("b"), c.input<T>("c"));
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto magnitude =
        answer(c, naive(), std::abs(c.option<double>("alpha")), std::abs(c.option<double>("beta")),
               magnitudes(c.input<T>("a")), magnitudes(c.input<T>("b")), magnitudes(c.input<T>("c")));
    return rounding_bounds<T>(magnitude, c.option<index_t>("k") + 3);  // alpha, beta and their sum round too
  }
  template <class T, class Answerer>
  static tf::tensor<T> answer(const golden_case& c, const Answerer& by, T alpha, T beta, const tf::tensor<T>& a,
                              const tf::tensor<T>& b, tf::tensor<T> result) {
    const auto transposed = [&](const char* key) {
      return c.option<bool>(key) ? tf::transpose::yes : tf::transpose::no;
    };
    const bool by_rows = c.option<std::string>("order") == "row_major";
    ask(by, by_rows ? tf::order::row_major : tf::order::col_major, transposed("trans_a"), transposed("trans_b"),
        c.option<index_t>("m"), c.option<index_t>("n"), c.option<index_t>("k"), alpha, a.data(),
        c.option<index_t>("lda"), b.data(), c.option<index_t>("ldb"), beta, result.data(), c.option<index_t>("ldc"));
    return result;
  }
};
const bool gemm_listed = listed<gemm_golden>("gemm");

struct max_pool2d_golden {
  ANSWERED_BY(max_pool2d_with_indices)
  template <class T, class Answerer>
  static tf::max_pool2d_result<T> run(const golden_case& c, const Answerer& by) {
    const auto kernel = c.option<hw>("kernel_size");
    return ask(by, c.operand<T>("input"),
               tf::pool2d_options{.kernel_size = kernel,
                                  .stride = c.option<hw>("stride", kernel),
                                  .padding = c.option<hw>("padding", 0),
                                  .dilation = c.option<hw>("dilation", 1),
                                  .ceil_mode = c.option<bool>("ceil_mode", false)});
  }
  template <class T>
  static void expect_answer(const golden_case& c, const tf::max_pool2d_result<T>& got, const std::string& name) {
    EXPECT_TRUE(same_bits(got.values, c.output<T>("values"))) << name;
    EXPECT_TRUE(equal(got.indices, c.output<index_t>("indices"))) << name << ", indices";
  }
};
const bool max_pool2d_listed = listed<max_pool2d_golden>("max_pool2d");

struct max_unpool2d_golden {
  ANSWERED_BY(max_unpool2d)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto kernel = c.option<hw>("kernel_size");
    tf::unpool2d_options o{
        .kernel_size = kernel, .stride = c.option<hw>("stride", kernel), .padding = c.option<hw>("padding", 0)};
    if (c.has_option("output_size")) o.output_size = c.option<hw>("output_size");
    return ask(by, c.operand<T>("input"), c.operand<index_t>("indices"), o);
  }
};
const bool max_unpool2d_listed = listed<max_unpool2d_golden>("max_unpool2d");

tf::im2col_options im2col_options_of(const golden_case& c) {
  return {.kernel_size = c.option<hw>("kernel_size"),
          .dilation = c.option<hw>("dilation", 1),
          .padding = c.option<hw>("padding", 0),
          .stride = c.option<hw>("stride", 1)};
}

struct unfold_golden {
  ANSWERED_BY(im2col)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("input"), im2col_options_of(c));
  }
};
const bool unfold_listed = listed<unfold_golden>("unfold");

struct fold_golden {
  ANSWERED_BY(col2im)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("input"), c.option<hw>("output_size"), im2col_options_of(c));
  }
};
const bool fold_listed = listed<fold_golden>("fold");

struct upsample_nearest2d_golden {
  ANSWERED_BY(upsample_nearest2d)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    return c.has_option("size") ? ask(by, x, c.option<hw>("size")) : ask(by, x, c.option<tf::scale>("scale"));
  }
};
const bool upsample_nearest2d_listed = listed<upsample_nearest2d_golden>("upsample_nearest2d");

struct upsample_bilinear2d_golden {
  ANSWERED_BY(upsample_bilinear2d)
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const bool corners = c.option<bool>("align_corners", false);
    return c.has_option("size") ? ask(by, x, c.option<hw>("size"), corners)
                                : ask(by, x, c.option<tf::scale>("scale"), corners);
  }
  /// The place x = step * (i + 1/2) - 1/2 is rounded three times, in numbers of at most in + 1: it is off by less than
  /// 3 u (in + 1), and the value, which is continuous in x with a slope of at most 2 max |v|, by 2 max |v| times that.
  /// The mean of four takes three roundings in each of two levels: 6 u max |v|. In all, with both dimensions,
  ///     (6 (H + 1) + 6 (W + 1) + 6) u max |v|
  /// doubled, because the exact value in float64 has an error of its own where T is double.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto x = c.input<T>("input");
    double most = 0;
    for (index_t i = 0; i < x.size(); ++i)
      if (std::isfinite(x.data()[i])) most = std::max(most, std::abs(static_cast<double>(x.data()[i])));
    const index_t roundings = 6 * (x.shape()[2] + 1) + 6 * (x.shape()[3] + 1) + 6;
    const auto output = c.output<T>("output");
    return filled<double>(output.shape(), 2 * rounding_factor<T>(roundings) * most);
  }
};
const bool upsample_bilinear2d_listed = listed<upsample_bilinear2d_golden>("upsample_bilinear2d");

struct relu_golden {
  ANSWERED_BY(relu)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.input<T>("input"));
  }
};
const bool relu_listed = listed<relu_golden>("relu");

struct sigmoid_golden {
  ANSWERED_BY(sigmoid)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.input<T>("input"));
  }
  /// The operation's promise: 4 units in the last place, and 0 for results below the normal numbers. As many again for
  /// the exact value, which where T is double is PyTorch's: an exponential, a sum and a quotient.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    using limits = std::numeric_limits<T>;
    return map<double>(c.output<T>("output"), [](T v) {
      const double unit = static_cast<double>(limits::epsilon()) * static_cast<double>(v);
      return 8 * unit + static_cast<double>(limits::min());
    });
  }
};
const bool sigmoid_listed = listed<sigmoid_golden>("sigmoid");

/// An activation of the prepared layers behind a convolution that changes nothing, or reference.hpp's.
struct activation_golden {
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto slopes = c.has_input("slopes") ? c.input<T>("slopes") : tf::tensor<T>();
    return answer(by, c.input<T>("input"), activation_of(c, slopes));
  }
  template <class T>
  static tf::tensor<T> answer(const library& by, const tf::tensor<T>& x, const tf::activation& after) {
    const index_t channels = x.shape()[x.shape().size() - 3];
    const auto ones = filled<T>({channels, 1, 1, 1}, 1);
    return tf::prepared_conv2d<T>(ones, {.groups = channels}, after, by.ctx)(x, by.ctx);
  }
  template <class T>
  static tf::tensor<T> answer(const naive&, const tf::tensor<T>& x, const tf::activation& after) {
    return tf::reference::activated(x, after);
  }
  template <class T>
  static tf::activation activation_of(const golden_case& c, const tf::tensor<T>& slopes) {
    const auto function = c.option<std::string>("function");
    if constexpr (std::floating_point<T>) {
      if (function == "leaky_relu") return tf::activation::leaky_relu(c.option<double>("low"));
      if (function == "prelu") return tf::activation::prelu(slopes);
      if (function == "silu") return tf::activation::silu;
      if (function == "hardswish") return tf::activation::hard_swish;
    }
    return tf::activation::clip(c.option<double>("low"), c.option<double>("high"));
  }
  /// silu: as sigmoid, of which it promises 4 units in the last place; below the smallest normal number 1 / (1 +
  /// exp(-x)) is 0, whatever x it is a factor of: at most 1000.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    using limits = std::numeric_limits<T>;
    return map<double>(c.output<T>("output"), [](T v) {
      const double unit = static_cast<double>(limits::epsilon()) * std::abs(static_cast<double>(v));
      return 8 * unit + 1000 * static_cast<double>(limits::min());
    });
  }
};
const bool activation_listed = listed<activation_golden>("activation");

/// add, sub and mul, which round once, or with alpha are of small integers: PyTorch's bits.
struct arithmetic_golden {
  struct adding {
    ANSWERED_BY(add)
  };
  struct subtracting {
    ANSWERED_BY(sub)
  };
  struct multiplying {
    ANSWERED_BY(mul)
  };
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto a = c.input<T>("a");
    return c.has_input("b") ? answer(c, by, a, c.input<T>("b")) : answer(c, by, a, c.option<index_t>("number"));
  }
  template <class T, class Answerer, class Second>
  static tf::tensor<T> answer(const golden_case& c, const Answerer& by, const tf::tensor<T>& a, const Second& b) {
    const auto function = c.option<std::string>("function");
    if (c.has_option("alpha")) {
      const auto alpha = c.option<double>("alpha");
      if (alpha != std::floor(alpha)) return adding::ask(by, a, b, alpha);
      const auto factor = static_cast<index_t>(alpha);
      return function == "add" ? adding::ask(by, a, b, factor) : subtracting::ask(by, a, b, factor);
    }
    if (function == "add") return adding::ask(by, a, b);
    return function == "sub" ? subtracting::ask(by, a, b) : multiplying::ask(by, a, b);
  }
};
const bool arithmetic_listed = listed<arithmetic_golden>("arithmetic");

struct div_golden {
  ANSWERED_BY(div)
  template <class T, class Answerer>
  static tf::tensor<tf::div_element<T>> run(const golden_case& c, const Answerer& by) {
    const auto a = c.input<T>("a");
    return c.has_input("b") ? ask(by, a, c.input<T>("b")) : ask(by, a, c.option<double>("number"));
  }
  template <class T>
  static void expect_answer(const golden_case& c, const tf::tensor<tf::div_element<T>>& got, const std::string& name) {
    EXPECT_TRUE(same_bits(got, c.output<tf::div_element<T>>("output"))) << name;
  }
};
const bool div_listed = listed<div_golden>("div");

/// A bound or another parameter: JSON has no NaN, which is a string.
double number_option(const golden_case& c, const char* key) {
  const auto given = c.option<nlohmann::json>(key);
  return given.is_string() ? std::stod(given.get<std::string>()) : given.get<double>();
}
tf::approximate approximate_option(const golden_case& c) {
  return c.option<std::string>("approximate", "none") == "tanh" ? tf::approximate::tanh : tf::approximate::none;
}

/// The activations as functions. Those that round promise at most 14 units in the last place, gelu by tanh a relative
/// error; PyTorch's, which is the exact one where T is double, have an absolute error where 1 + erf or 1 + tanh loses
/// digits, of a few u for each of x.
struct elementwise_golden {
#define ELEMENTWISE(name) \
  struct of_##name {      \
    ANSWERED_BY(name)     \
  };
  ELEMENTWISE(leaky_relu)
  ELEMENTWISE(prelu)
  ELEMENTWISE(hardtanh)
  ELEMENTWISE(clamp)
  ELEMENTWISE(silu)
  ELEMENTWISE(hardswish)
  ELEMENTWISE(hardsigmoid)
  ELEMENTWISE(tanh)
  ELEMENTWISE(elu)
  ELEMENTWISE(gelu)
  ELEMENTWISE(softplus)
#undef ELEMENTWISE
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.input<T>("input");
    const auto function = c.option<std::string>("function");
    if (function == "hardtanh") return of_hardtanh::ask(by, x, number_option(c, "low"), number_option(c, "high"));
    if constexpr (std::floating_point<T>) {
      if (function == "leaky_relu") return of_leaky_relu::ask(by, x, number_option(c, "low"));
      if (function == "prelu") return of_prelu::ask(by, x, c.input<T>("slopes"));
      if (function == "silu") return of_silu::ask(by, x);
      if (function == "hardswish") return of_hardswish::ask(by, x);
      if (function == "hardsigmoid") return of_hardsigmoid::ask(by, x);
      if (function == "tanh") return of_tanh::ask(by, x);
      if (function == "elu") return of_elu::ask(by, x, number_option(c, "low"));
      if (function == "gelu") return of_gelu::ask(by, x, approximate_option(c));
      if (function == "softplus") return of_softplus::ask(by, x, number_option(c, "low"), number_option(c, "high"));
    }
    const auto bound = [&](const char* key) {
      std::optional<tf::clamp_bound<T>> b;
      if (c.has_option(key)) b = static_cast<tf::clamp_bound<T>>(number_option(c, key));
      return b;
    };
    return of_clamp::ask(by, x, bound("low"), bound("high"));
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    using limits = std::numeric_limits<T>;
    const auto output = c.output<T>("output"), x = c.input<T>("input");
    tf::tensor<double> bounds(output.shape());
    for (index_t i = 0; i < x.size(); ++i) {
      const double v = std::min(std::abs(static_cast<double>(x.data()[i])), 40.0);
      bounds.data()[i] =
          static_cast<double>(limits::epsilon()) * (16 * std::abs(static_cast<double>(output.data()[i])) + 8 * v) +
          1000 * static_cast<double>(limits::min());
    }
    return bounds;
  }
};
const bool elementwise_listed = listed<elementwise_golden>("elementwise");

tf::shape size_option(const golden_case& c, const char* key) {
  return tf::shape(std::span<const index_t>(c.option<std::vector<index_t>>(key)));
}

// ---- moves

struct permute_golden {
  struct permuted {
    ANSWERED_BY(permute)
  };
  struct swapped {
    ANSWERED_BY(swapdims)
  };
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const tf::tensor_view<const T> view = as_view(x);
    const auto function = c.option<std::string>("function");
    if (function == "reshape") return copy_of(tf::reshape(view, size_option(c, "shape")));
    const tf::shape dims = size_option(c, "dims");
    if (function == "flatten") return copy_of(tf::flatten(view, dims[0], dims[1]));
    return function == "permute" ? permuted::ask(by, x, dims) : swapped::ask(by, x, dims[0], dims[1]);
  }
  template <class T>
  static tf::tensor<T> copy_of(const tf::tensor_view<const T>& x) {
    return tf::tensor<T>(x.shape(), x.data());
  }
};
const bool permute_listed = listed<permute_golden>("permute");

struct cat_golden {
  ANSWERED_BY(cat)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    std::vector<golden_operand<T>> inputs;
    for (int i = 0; c.has_input(("input" + std::to_string(i)).c_str()); ++i)
      inputs.push_back(c.operand<T>(("input" + std::to_string(i)).c_str()));
    std::vector<tf::tensor_view<const T>> views;
    for (const auto& x : inputs) views.push_back(as_view(x));
    return ask(by, views, c.option<index_t>("dim"));
  }
};
const bool cat_listed = listed<cat_golden>("cat");

struct slice_golden {
  struct narrowed {
    ANSWERED_BY(narrow)
  };
  struct sliced {
    ANSWERED_BY(slice)
  };
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const auto number = [&](const char* key) { return c.option<index_t>(key); };
    if (c.option<std::string>("function") == "narrow")
      return narrowed::ask(by, x, number("dim"), number("start"), number("length"));
    return sliced::ask(by, x, number("dim"), number("start"), number("end"), number("step"));
  }
};
const bool slice_listed = listed<slice_golden>("slice");

tf::pad_mode pad_mode_of(const golden_case& c) {
  const auto mode = c.option<std::string>("mode");
  return mode == "constant"    ? tf::pad_mode::constant
         : mode == "reflect"   ? tf::pad_mode::reflect
         : mode == "replicate" ? tf::pad_mode::replicate
                               : tf::pad_mode::circular;
}

struct pad_golden {
  ANSWERED_BY(pad)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("input"), c.option<std::vector<index_t>>("pads"), pad_mode_of(c),
               static_cast<T>(c.option<int>("value", 0)));
  }
};
const bool pad_listed = listed<pad_golden>("pad");

struct pad_backward_golden {
  ANSWERED_BY(pad_backward)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("grad_output"), size_option(c, "input_size"), c.option<std::vector<index_t>>("pads"),
               pad_mode_of(c));
  }
};
const bool pad_backward_listed = listed<pad_backward_golden>("pad_backward");

struct pixel_shuffle_golden {
  struct shuffled {
    ANSWERED_BY(pixel_shuffle)
  };
  struct unshuffled {
    ANSWERED_BY(pixel_unshuffle)
  };
  struct channels {
    ANSWERED_BY(channel_shuffle)
  };
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const auto factor = c.option<index_t>("factor");
    const auto function = c.option<std::string>("function");
    if (function == "pixel_shuffle") return shuffled::ask(by, x, factor);
    return function == "pixel_unshuffle" ? unshuffled::ask(by, x, factor) : channels::ask(by, x, factor);
  }
};
const bool pixel_shuffle_listed = listed<pixel_shuffle_golden>("pixel_shuffle");
// ---- averages, reductions, softmax, normalisations, linear

tf::avg_pool2d_options avg_pool2d_options_of(const golden_case& c) {
  const auto kernel = c.option<hw>("kernel_size");
  tf::avg_pool2d_options o{.kernel_size = kernel,
                           .stride = c.option<hw>("stride", kernel),
                           .padding = c.option<hw>("padding", 0),
                           .ceil_mode = c.option<bool>("ceil_mode", false),
                           .count_include_pad = c.option<bool>("count_include_pad", true)};
  if (c.has_option("divisor_override")) o.divisor_override = c.option<index_t>("divisor_override");
  return o;
}

/// Twice the rounding of `terms` terms of these magnitudes, as the exact value of a double is PyTorch's.
template <class T>
tf::tensor<double> twice_rounding(const tf::tensor<double>& magnitude, index_t terms) {
  return map<double>(magnitude, [&](double m) { return 2 * rounding_bound<T>(terms, std::abs(m)); });
}

struct avg_pool2d_golden {
  ANSWERED_BY(avg_pool2d)
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    if constexpr (tf::detail::averaged<T>) return ask(by, c.operand<T>("input"), avg_pool2d_options_of(c));
    return {};
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto o = avg_pool2d_options_of(c);
    return twice_rounding<T>(ask(naive(), magnitudes(c.input<T>("input")), o), o.kernel_size.h * o.kernel_size.w + 1);
  }
};
const bool avg_pool2d_listed = listed<avg_pool2d_golden>("avg_pool2d");

struct adaptive_avg_pool2d_golden {
  ANSWERED_BY(adaptive_avg_pool2d)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("input"), c.option<hw>("output_size"));
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto x = magnitudes(c.input<T>("input"));
    return twice_rounding<T>(ask(naive(), x, c.option<hw>("output_size")), x.size() + 2);
  }
};
const bool adaptive_avg_pool2d_listed = listed<adaptive_avg_pool2d_golden>("adaptive_avg_pool2d");

struct avg_pool2d_backward_golden {
  struct adaptive {
    ANSWERED_BY(adaptive_avg_pool2d_backward)
  };
  ANSWERED_BY(avg_pool2d_backward)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return answer(c, by, c.operand<T>("grad_output"));
  }
  template <class Answerer, class X>
  static auto answer(const golden_case& c, const Answerer& by, const X& dy) {
    const tf::shape input = size_option(c, "input_size");
    return c.has_option("output_size") ? adaptive::ask(by, dy, input) : ask(by, dy, input, avg_pool2d_options_of(c));
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto dy = magnitudes(c.input<T>("grad_output"));
    return twice_rounding<T>(answer(c, naive(), dy), dy.size() + 3);
  }
};
const bool avg_pool2d_backward_listed = listed<avg_pool2d_backward_golden>("avg_pool2d_backward");

/// What the reductions give: one of these.
template <class T>
struct reduced {
  tf::tensor<T> values;
  tf::tensor<index_t> integers;
};

struct reduction_golden {
  struct sum {
    ANSWERED_BY(sum)
  };
  struct mean {
    ANSWERED_BY(mean)
  };
  struct amax {
    ANSWERED_BY(amax)
  };
  struct amin {
    ANSWERED_BY(amin)
  };
  struct argmax {
    ANSWERED_BY(argmax)
  };
  struct argmin {
    ANSWERED_BY(argmin)
  };
  template <class T, class Answerer>
  static reduced<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const auto function = c.option<std::string>("function");
    const bool keepdim = c.option<bool>("keepdim", false);
    if (function == "argmax" || function == "argmin") {
      std::optional<index_t> dim;
      if (c.has_option("dim")) dim = c.option<index_t>("dim");
      return {{}, function == "argmax" ? argmax::ask(by, x, dim, keepdim) : argmin::ask(by, x, dim, keepdim)};
    }
    const auto numbers = c.option<std::vector<index_t>>("dim");
    const tf::dim_list dims{std::span<const index_t>(numbers)};
    if (function == "amax") return {amax::ask(by, x, dims, keepdim), {}};
    if (function == "amin") return {amin::ask(by, x, dims, keepdim), {}};
    if constexpr (std::floating_point<T>) {
      if (function == "mean") return {mean::ask(by, x, dims, keepdim), {}};
      return {sum::ask(by, x, dims, keepdim), {}};
    } else {
      return {{}, sum::ask(by, x, dims, keepdim)};
    }
  }
  template <class T>
  static void expect_answer(const golden_case& c, const reduced<T>& got, const std::string& name) {
    const auto function = c.option<std::string>("function");
    if (function == "amax" || function == "amin") {
      EXPECT_TRUE(equal(got.values, c.output<T>("output"))) << name;
      return;
    }
    if (std::integral<T> || function.starts_with("arg")) {
      EXPECT_TRUE(equal(got.integers, c.output<index_t>("output"))) << name;
      return;
    }
    const auto exact = c.has_output("output64") ? c.output<double>("output64") : to_double(c.output<T>("output"));
    const auto x = magnitudes(c.input<T>("input"));
    double most = 0;
    for (index_t i = 0; i < x.size(); ++i) most = std::max(most, x.data()[i]);
    const bool divides = function == "mean";
    const double terms = static_cast<double>(x.size()) / static_cast<double>(std::max<index_t>(1, exact.size()));
    if constexpr (std::floating_point<T>) {
      EXPECT_TRUE(within_rounding(got.values, exact, filled<double>(exact.shape(), 2 * most * (divides ? 1 : terms)),
                                  static_cast<index_t>(terms) + 1))
          << name;
    }
  }
};
const bool reduction_listed = listed<reduction_golden>("reduction");

struct softmax_golden {
  struct forward {
    ANSWERED_BY(softmax)
  };
  struct log_forward {
    ANSWERED_BY(log_softmax)
  };
  struct backward {
    ANSWERED_BY(softmax_backward)
  };
  struct log_backward {
    ANSWERED_BY(log_softmax_backward)
  };
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const auto function = c.option<std::string>("function");
    const auto dim = c.option<index_t>("dim");
    if (function == "softmax") return forward::ask(by, x, dim);
    if (function == "log_softmax") return log_forward::ask(by, x, dim);
    if (function == "softmax_backward") return backward::ask(by, c.operand<T>("grad_output"), x, dim);
    return log_backward::ask(by, c.operand<T>("grad_output"), x, dim);
  }
  /// softmax_test.cpp derives the bounds; here lines have at most 17 elements, and terms and gradients are small.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon());
    const auto function = c.option<std::string>("function");
    double most = 1;
    if (c.has_input("grad_output")) {
      const auto dy = magnitudes(c.input<T>("grad_output"));
      for (index_t i = 0; i < dy.size(); ++i) most = std::max(most, dy.data()[i]);
    }
    return map<double>(c.output<T>("output"), [&](T v) {
      if (function == "softmax") return 2 * u * (17 + 6 + 110) * static_cast<double>(v) + 4e-38;
      if (function == "log_softmax") return 2 * u * (2 * std::abs(static_cast<double>(v)) + 17 + 6 + 8 * 17);
      return 2 * u * (17 + 6) * 18 * most;
    });
  }
};
const bool softmax_listed = listed<softmax_golden>("softmax");

struct normalization_golden {
  struct batch {
    ANSWERED_BY(batch_norm)
  };
  struct instance {
    ANSWERED_BY(instance_norm)
  };
  struct group {
    ANSWERED_BY(group_norm)
  };
  struct layer {
    ANSWERED_BY(layer_norm)
  };
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const auto function = c.option<std::string>("function");
    const double eps = c.option<double>("eps", 1e-5);
    const auto with = [&](const auto& call) {
      return c.has_input("weight") ? call(c.operand<T>("weight"), c.operand<T>("bias")) : call();
    };
    if (function == "batch_norm") {
      const auto mean = c.operand<T>("mean"), var = c.operand<T>("var");
      return with([&](const auto&... affine) { return batch::ask(by, x, mean, var, affine..., eps); });
    }
    if (function == "instance_norm")
      return with([&](const auto&... affine) { return instance::ask(by, x, affine..., eps); });
    if (function == "group_norm") {
      const auto groups = c.option<index_t>("groups", 1);
      return with([&](const auto&... affine) { return group::ask(by, x, groups, affine..., eps); });
    }
    const tf::shape normalized = size_option(c, "normalized_shape");
    return with([&](const auto&... affine) { return layer::ask(by, x, normalized, affine..., eps); });
  }
  /// Of numbers of a few units, divided by deviations of at least a third but where a statistic is random (its root is
  /// at least that of the least variance drawn): a hundred roundings of what stands in the result.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon());
    double least = 1;
    if (c.has_input("var")) {
      const auto var = c.input<T>("var");
      for (index_t i = 0; i < var.size(); ++i) least = std::min(least, static_cast<double>(var.data()[i]));
    }
    return filled<double>(c.output<T>("output").shape(), 200 * u * 4 * 4 / std::sqrt(least + 1e-5));
  }
};
const bool normalization_listed = listed<normalization_golden>("normalization");

struct linear_golden {
  ANSWERED_BY(linear)
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input"), w = c.operand<T>("weight");
    return c.has_input("bias") ? ask(by, x, w, c.operand<T>("bias")) : ask(by, x, w);
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto x = magnitudes(c.input<T>("input")), w = magnitudes(c.input<T>("weight"));
    const index_t terms = w.shape()[w.shape().size() - 1] + 1;
    if (!c.has_input("bias")) return twice_rounding<T>(ask(naive(), x, w), terms);
    return twice_rounding<T>(ask(naive(), x, w, magnitudes(c.input<T>("bias"))), terms);
  }
};
const bool linear_listed = listed<linear_golden>("linear");

struct matmul_golden {
  ANSWERED_BY(matmul)
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("a"), c.operand<T>("b"));
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto a = magnitudes(c.input<T>("a")), b = magnitudes(c.input<T>("b"));
    return twice_rounding<T>(ask(naive(), a, b), a.shape()[a.shape().size() - 1]);
  }
};
const bool matmul_listed = listed<matmul_golden>("matmul");

struct upsample_nearest_exact2d_golden {
  struct forward {
    ANSWERED_BY(upsample_nearest_exact2d)
  };
  struct backward {
    ANSWERED_BY(upsample_nearest_exact2d_backward)
  };
  static constexpr zeros zeros_are = zeros::equal;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    if (c.option<std::string>("function") == "backward") {
      const auto dy = c.operand<T>("grad_output");
      const tf::shape input = size_option(c, "input_size");
      return c.has_option("scale") ? backward::ask(by, dy, input, c.option<tf::scale>("scale"))
                                   : backward::ask(by, dy, input);
    }
    const auto x = c.operand<T>("input");
    return c.has_option("size") ? forward::ask(by, x, c.option<hw>("size"))
                                : forward::ask(by, x, c.option<tf::scale>("scale"));
  }
};
const bool upsample_nearest_exact2d_listed = listed<upsample_nearest_exact2d_golden>("upsample_nearest_exact2d");

struct upsample_filtered_golden {
  struct bicubic {
    ANSWERED_BY(upsample_bicubic2d)
  };
  struct bilinear_aa {
    ANSWERED_BY(upsample_bilinear2d_aa)
  };
  struct bicubic_aa {
    ANSWERED_BY(upsample_bicubic2d_aa)
  };
  struct bicubic_backward {
    ANSWERED_BY(upsample_bicubic2d_backward)
  };
  struct bilinear_aa_backward {
    ANSWERED_BY(upsample_bilinear2d_aa_backward)
  };
  struct bicubic_aa_backward {
    ANSWERED_BY(upsample_bicubic2d_aa_backward)
  };
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> gradient(const golden_case& c, const Answerer& by, const std::string& function) {
    const auto dy = c.operand<T>("grad_output");
    const tf::shape input = size_option(c, "input_size");
    std::optional<tf::scale> factor;
    if (c.has_option("scale")) factor = c.option<tf::scale>("scale");
    const bool corners = c.option<bool>("align_corners", false);
    if (function == "upsample_bicubic2d_backward") return bicubic_backward::ask(by, dy, input, factor, corners);
    if (function == "upsample_bilinear2d_aa_backward") return bilinear_aa_backward::ask(by, dy, input, factor, corners);
    return bicubic_aa_backward::ask(by, dy, input, factor, corners);
  }
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    if (c.has_input("grad_output")) return gradient<T>(c, by, c.option<std::string>("function"));
    const auto x = c.operand<T>("input");
    const auto function = c.option<std::string>("function");
    const bool corners = c.option<bool>("align_corners", false);
    const auto with = [&](const auto& size) {
      if (function == "upsample_bicubic2d") return bicubic::ask(by, x, size, corners);
      if (function == "upsample_bilinear2d_aa") return bilinear_aa::ask(by, x, size, corners);
      return bicubic_aa::ask(by, x, size, corners);
    };
    return c.has_option("size") ? with(c.option<hw>("size")) : with(c.option<tf::scale>("scale"));
  }
  /// upsample_bicubic2d_test.cpp derives the bound, for numbers up to 1; doubled, because the exact value in float64
  /// has an error of its own where T is double.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const bool is_gradient = c.has_input("grad_output");
    const auto x = magnitudes(c.input<T>(is_gradient ? "grad_output" : "input"));
    const tf::shape s = is_gradient ? c.output<T>("output").shape() : x.shape();
    double most = 0, sum = 0;
    for (index_t i = 0; i < x.size(); ++i) {
      most = std::max(most, x.data()[i]);
      sum += x.data()[i];
    }
    if (is_gradient) most = sum;  // an input may have a share in every output
    const auto longest = static_cast<double>(std::max(s[2], s[3]));
    const double roundings = 2 * 1.6 * 4 * (6 * longest + 48) + 1.6 * 1.6 * 2 * (longest + 4);
    return filled<double>(c.output<T>("output").shape(),
                          most * roundings * static_cast<double>(std::numeric_limits<T>::epsilon()));
  }
};
const bool upsample_filtered_listed = listed<upsample_filtered_golden>("upsample_filtered");

tf::grid_sample_options grid_sample_option(const golden_case& c) {
  tf::grid_sample_options o;
  if (c.option<std::string>("mode", "bilinear") == "nearest") o.mode = tf::grid_mode::nearest;
  const auto padding = c.option<std::string>("padding_mode", "zeros");
  if (padding == "border") o.padding_mode = tf::grid_padding::border;
  if (padding == "reflection") o.padding_mode = tf::grid_padding::reflection;
  o.align_corners = c.option<bool>("align_corners", false);
  return o;
}

struct grid_sample_golden {
  ANSWERED_BY(grid_sample)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("input"), c.operand<T>("grid"), grid_sample_option(c));
  }
  /// grid_sample_test.cpp derives the bound, for numbers up to 1 and places of at most 3, and they are normal here.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto x = magnitudes(c.input<T>("input"));
    double most = 0;
    for (index_t i = 0; i < x.size(); ++i) most = std::max(most, x.data()[i]);
    return filled<double>(c.output<T>("output").shape(),
                          most * 2 * (2 * 48 * 5 + 8) * static_cast<double>(std::numeric_limits<T>::epsilon()));
  }
};
const bool grid_sample_listed = listed<grid_sample_golden>("grid_sample");

struct layer_norm2d_golden {
  ANSWERED_BY(layer_norm2d)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto x = c.operand<T>("input");
    const double eps = c.option<double>("eps", 1e-5);
    return c.has_input("weight") ? ask(by, x, c.operand<T>("weight"), c.operand<T>("bias"), eps) : ask(by, x, eps);
  }
  /// As of the normalisations above.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    return normalization_golden::tolerances<T>(c);
  }
};
const bool layer_norm2d_listed = listed<layer_norm2d_golden>("layer_norm2d");

// ---- gradients

struct max_pool2d_backward_golden {
  ANSWERED_BY(max_pool2d_backward)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("grad_output"), c.operand<index_t>("indices"), size_option(c, "input_size"));
  }
};
const bool max_pool2d_backward_listed = listed<max_pool2d_backward_golden>("max_pool2d_backward");

struct max_unpool2d_backward_golden {
  ANSWERED_BY(max_unpool2d_backward)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("grad_output"), c.operand<index_t>("indices"));
  }
};
const bool max_unpool2d_backward_listed = listed<max_unpool2d_backward_golden>("max_unpool2d_backward");

struct upsample_nearest2d_backward_golden {
  ANSWERED_BY(upsample_nearest2d_backward)
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto dy = c.operand<T>("grad_output");
    const tf::shape input = size_option(c, "input_size");
    return c.has_option("scale") ? ask(by, dy, input, c.option<tf::scale>("scale")) : ask(by, dy, input);
  }
};
const bool upsample_nearest2d_backward_listed =
    listed<upsample_nearest2d_backward_golden>("upsample_nearest2d_backward");

struct upsample_bilinear2d_backward_golden {
  ANSWERED_BY(upsample_bilinear2d_backward)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto dy = c.operand<T>("grad_output");
    const tf::shape input = size_option(c, "input_size");
    const bool corners = c.option<bool>("align_corners", false);
    return c.has_option("scale") ? ask(by, dy, input, c.option<tf::scale>("scale"), corners)
                                 : ask(by, dy, input, corners);
  }
  /// The place of an output is rounded three times, in numbers of at most in + 1, so a weight, whose slope is 1, is off
  /// by 3 u (in + 1); an input takes from `reach` outputs in a dimension at most, those less than an input pixel away:
  /// 3 u (H + 1 + W + 1) reach_h reach_w max |g|. A term passes at most 4 roundings besides, and the additions of its
  /// column's sum and of its row's: 2 reach_h + 2 reach_w more. Doubled, because the exact value has an error of its
  /// own where T is double.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto dy = c.input<T>("grad_output");
    const tf::shape input = size_option(c, "input_size");
    double most = 0;
    for (index_t i = 0; i < dy.size(); ++i) most = std::max(most, std::abs(static_cast<double>(dy.data()[i])));
    const auto reach = [&](std::size_t d) {
      const index_t out = dy.shape()[d];
      return std::min(out, 2 * (out / std::max<index_t>(input[d] - 1, 1) + 1) + 2);
    };
    const index_t roundings = 3 * (input[2] + 1 + input[3] + 1) + 4 + 2 * reach(2) + 2 * reach(3);
    const double terms = static_cast<double>(reach(2) * reach(3));
    return filled<double>(input, 2 * rounding_factor<T>(roundings) * terms * most);
  }
};
const bool upsample_bilinear2d_backward_listed =
    listed<upsample_bilinear2d_backward_golden>("upsample_bilinear2d_backward");

struct activation_backward_golden {
  struct relu {
    ANSWERED_BY(relu_backward)
  };
  struct sigmoid {
    ANSWERED_BY(sigmoid_backward)
  };
  struct leaky_relu {
    ANSWERED_BY(leaky_relu_backward)
  };
  struct hardtanh {
    ANSWERED_BY(hardtanh_backward)
  };
  struct silu {
    ANSWERED_BY(silu_backward)
  };
  struct hardswish {
    ANSWERED_BY(hardswish_backward)
  };
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto dy = c.input<T>("grad_output"), saved = c.input<T>("saved");
    const auto function = c.option<std::string>("function");
    if constexpr (std::floating_point<T>) {
      if (function == "sigmoid") return sigmoid::ask(by, dy, saved);
      if (function == "leaky_relu") return leaky_relu::ask(by, dy, saved, c.option<double>("low"));
      if (function == "silu") return silu::ask(by, dy, saved);
      if (function == "hardswish") return hardswish::ask(by, dy, saved);
    }
    if (function == "relu") return relu::ask(by, dy, saved);
    return hardtanh::ask(by, dy, saved, c.option<double>("low"), c.option<double>("high"));
  }
  /// silu: activation_backward_test.cpp derives what g s (1 + x (1 - s)) may be off by; as much again for PyTorch's,
  /// which is the exact one where T is double. Below the smallest normal number s is 0 here.
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto x = to_double(c.input<T>("saved")), dy = magnitudes(c.input<T>("grad_output"));
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
    auto bound = filled<double>(x.shape(), 0);
    for (index_t i = 0; i < x.size(); ++i) {
      const double v = x.data()[i], s = 1 / (1 + std::exp(-v));
      bound.data()[i] = 2 * dy.data()[i] *
                        (u * s * (8 * std::abs(1 + v * (1 - s)) + 5 * std::abs(v)) +
                         static_cast<double>(std::numeric_limits<T>::min()) * (2 + std::abs(v)));
    }
    return bound;
  }
};
const bool activation_backward_listed = listed<activation_backward_golden>("activation_backward");

/// activation_backward_test.cpp derives what they may be off by, at most 60 u for each of grad_output; PyTorch's lose
/// digits as the functions do.
struct elementwise_backward_golden {
#define ELEMENTWISE(name)        \
  struct of_##name {             \
    ANSWERED_BY(name##_backward) \
  };
  ELEMENTWISE(hardsigmoid)
  ELEMENTWISE(tanh)
  ELEMENTWISE(elu)
  ELEMENTWISE(gelu)
  ELEMENTWISE(softplus)
#undef ELEMENTWISE
  static constexpr bool floats_only = true;
  static constexpr zeros zeros_are = zeros::by_sign;
  template <class T, class Answerer>
  static tf::tensor<T> run(const golden_case& c, const Answerer& by) {
    const auto dy = c.input<T>("grad_output"), saved = c.input<T>("saved");
    const auto function = c.option<std::string>("function");
    if (function == "tanh") return of_tanh::ask(by, dy, saved);
    if (function == "elu") return of_elu::ask(by, dy, saved, number_option(c, "low"));
    if (function == "gelu") return of_gelu::ask(by, dy, saved, approximate_option(c));
    if (function == "softplus")
      return of_softplus::ask(by, dy, saved, number_option(c, "low"), number_option(c, "high"));
    return of_hardsigmoid::ask(by, dy, saved);
  }
  template <class T>
  static tf::tensor<double> tolerances(const golden_case& c) {
    const auto output = magnitudes(c.output<T>("output")), dy = magnitudes(c.input<T>("grad_output"));
    tf::tensor<double> bounds(output.shape());
    for (index_t i = 0; i < output.size(); ++i)
      bounds.data()[i] =
          static_cast<double>(std::numeric_limits<T>::epsilon()) * (30 * dy.data()[i] + 4 * output.data()[i]);
    return bounds;
  }
};
const bool elementwise_backward_listed = listed<elementwise_backward_golden>("elementwise_backward");

struct prelu_backward_golden {
  ANSWERED_BY(prelu_backward)
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::prelu_gradients<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("grad_output"), c.operand<T>("input"), c.operand<T>("slopes"));
  }
  /// grad_input is exact; grad_slopes is a sum of at most as many products as there are elements, PyTorch's too.
  template <class T>
  static void expect_answer(const golden_case& c, const tf::prelu_gradients<T>& got, const std::string& name) {
    EXPECT_TRUE(same_bits(got.grad_input, c.output<T>("grad_input"))) << name;
    const auto expected = c.output<T>("grad_slopes");
    if (c.exact()) {
      EXPECT_TRUE(equal(got.grad_slopes, expected)) << name << ", slopes";
      return;
    }
    const auto x = c.input<T>("input");
    const auto magnitude = tf::reference::prelu_backward(
        magnitudes(c.input<T>("grad_output")),
        map<double>(x, [](T v) { return v > 0 ? 1.0 : -std::abs(static_cast<double>(v)); }),
        to_double(c.input<T>("slopes")));
    EXPECT_TRUE(compare(got.grad_slopes, expected,
                        [&](T g, T e, index_t i) {
                          return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                                 2 * rounding_bound<T>(x.size() + 2, std::abs(magnitude.grad_slopes.data()[i]));
                        }))
        << name << ", slopes";
  }
};
const bool prelu_backward_listed = listed<prelu_backward_golden>("prelu_backward");

struct normalization_backward_golden {
#define GRADIENT_OF(name)                                                                                  \
  struct of_##name {                                                                                       \
    static auto ask(const library& by, const auto&... x) { return tf::name##_backward(x..., {}, by.ctx); } \
    static auto ask(const naive&, const auto&... x) { return tf::reference::name##_backward(x...); }       \
  };
  GRADIENT_OF(batch_norm)
  GRADIENT_OF(instance_norm)
  GRADIENT_OF(group_norm)
  GRADIENT_OF(layer_norm)
  GRADIENT_OF(layer_norm2d)
#undef GRADIENT_OF
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::normalization_gradients<T> run(const golden_case& c, const Answerer& by) {
    const auto dy = c.operand<T>("grad_output"), x = c.operand<T>("input");
    const auto function = c.option<std::string>("function");
    const double eps = c.option<double>("eps", 1e-5);
    const auto with = [&](const auto& call) { return c.has_input("weight") ? call(c.operand<T>("weight")) : call(); };
    if (function == "batch_norm") {
      const auto mean = c.operand<T>("mean"), var = c.operand<T>("var");
      return with([&](const auto&... w) { return of_batch_norm::ask(by, dy, x, mean, var, w..., eps); });
    }
    if (function == "instance_norm")
      return with([&](const auto&... w) { return of_instance_norm::ask(by, dy, x, w..., eps); });
    if (function == "layer_norm2d")
      return with([&](const auto&... w) { return of_layer_norm2d::ask(by, dy, x, w..., eps); });
    if (function == "group_norm") {
      const auto groups = c.option<index_t>("groups", 1);
      return with([&](const auto&... w) { return of_group_norm::ask(by, dy, x, groups, w..., eps); });
    }
    const tf::shape normalized = size_option(c, "normalized_shape");
    return with([&](const auto&... w) { return of_layer_norm::ask(by, dy, x, normalized, w..., eps); });
  }
  /// With an eps of 0.1 1 / s is at most 3.2; a set has at most 114 elements, so |xh| <= 11, as their squares have a
  /// mean of 1, or with given moments 22, of numbers that differ by at most 7. With D and W the greatest of grad_output
  /// and weight, the parts of grad_input add up to 13 D W 3.2 and those of a sum of n terms to 22 n D: a hundred
  /// roundings of them, as of the normalisations above. (normalization_backward_test.cpp has the bounds of each
  /// element.)
  template <class T>
  static void expect_answer(const golden_case& c, const tf::normalization_gradients<T>& got, const std::string& name) {
    const auto most = [&](const char* role) {
      const auto x = magnitudes(c.input<T>(role));
      double value = 0;
      for (index_t i = 0; i < x.size(); ++i) value = std::max(value, x.data()[i]);
      return value;
    };
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2, d = most("grad_output");
    const double w = c.has_input("weight") ? most("weight") : 1;
    const auto expect = [&](const std::string& role, const tf::tensor<T>& gradient, double bound) {
      if (!c.has_output(role.c_str())) return;  // PyTorch has none of a weight that is left out
      const std::string exact_role = c.has_output((role + "64").c_str()) ? role + "64" : role;
      const auto exact =
          exact_role == role ? to_double(c.output<T>(role.c_str())) : c.output<double>(exact_role.c_str());
      EXPECT_TRUE(compare(gradient, exact,
                          [&](T g, double e, index_t) { return std::abs(static_cast<double>(g) - e) <= bound; }))
          << name << " " << role;
    };
    const double terms =
        static_cast<double>(got.grad_input.size()) / static_cast<double>(std::max<index_t>(got.grad_bias.size(), 1));
    expect("grad_input", got.grad_input, 100 * u * 13 * d * w * 3.2);
    expect("grad_weight", got.grad_weight, 100 * u * 22 * terms * d);
    expect("grad_bias", got.grad_bias, 100 * u * terms * d);
  }
};
const bool normalization_backward_listed = listed<normalization_backward_golden>("normalization_backward");

struct grid_sample_backward_golden {
  static auto ask(const library& by, const auto&... x) { return tf::grid_sample_backward(x..., {}, by.ctx); }
  static auto ask(const naive&, const auto&... x) { return tf::reference::grid_sample_backward(x...); }
  static constexpr bool floats_only = true;
  template <class T, class Answerer>
  static tf::grid_sample_gradients<T> run(const golden_case& c, const Answerer& by) {
    return ask(by, c.operand<T>("grad_output"), c.operand<T>("input"), c.operand<T>("grid"), grid_sample_option(c));
  }
  /// grid_sample_test.cpp derives the bound of a weight, of places of at most 3 in images of at most 5 x 5; a pixel has
  /// at most 18 outputs, and an output two channels of four pixels, whose slopes have a factor of 2.5.
  template <class T>
  static void expect_answer(const golden_case& c, const tf::grid_sample_gradients<T>& got, const std::string& name) {
    const auto most = [&](const char* role) {
      const auto x = magnitudes(c.input<T>(role));
      double value = 0;
      for (index_t i = 0; i < x.size(); ++i) value = std::max(value, x.data()[i]);
      return value;
    };
    const double weight = 2 * (2 * 48 * 5 + 8) * static_cast<double>(std::numeric_limits<T>::epsilon());
    const auto expect = [&](const std::string& role, const tf::tensor<T>& gradient, double terms) {
      const bool has_exact = c.has_output((role + "64").c_str());
      const auto exact = has_exact ? c.output<double>((role + "64").c_str()) : to_double(c.output<T>(role.c_str()));
      EXPECT_TRUE(compare(gradient, exact,
                          [&](T g, double e, index_t) {
                            if (c.exact() || !std::isfinite(e))
                              return same_value(static_cast<double>(g), e, zeros::equal);
                            return std::abs(static_cast<double>(g) - e) <= weight * terms;
                          }))
          << name << " " << role;
    };
    expect("grad_input", got.grad_input, 18 * most("grad_output"));
    expect("grad_grid", got.grad_grid, 8 * 2.5 * most("grad_output") * most("input"));
  }
};
const bool grid_sample_backward_listed = listed<grid_sample_backward_golden>("grid_sample_backward");

// ---- comparing

template <class Operation, class T>
testing::AssertionResult is_answer(const golden_case& c, const tf::tensor<T>& got) {
  if constexpr (std::floating_point<T> && requires { Operation::template tolerances<T>(c); }) {
    if (!c.exact()) {
      const auto exact = c.has_output("output64") ? c.output<double>("output64") : to_double(c.output<T>("output"));
      const auto tolerance = Operation::template tolerances<T>(c);
      return compare(got, exact, [&](T g, double e, index_t i) {
        const auto value = static_cast<double>(g);
        if (!std::isfinite(e) || !std::isfinite(value)) return same_value(value, e, zeros::equal);
        return std::abs(value - e) <= tolerance.data()[i];
      });
    }
  }
  if (!c.exact()) return testing::AssertionFailure() << "the case is not exact, and the operation has no tolerance";
  if constexpr (requires { Operation::zeros_are; })
    return equal(got, c.output<T>("output"), Operation::zeros_are);
  else
    return equal(got, c.output<T>("output"), zeros::equal);
}

/// A tile's outputs share its inputs: where one is no number, the others need not be either.
template <class Operation, std::floating_point T>
testing::AssertionResult is_winograd_answer(const golden_case& c, const tf::tensor<T>& got, std::string_view name) {
  const double tolerance = Operation::template winograd_tolerance<T>(c, winograd_matrices_of(name));
  const auto exact = c.has_output("output64") ? c.output<double>("output64") : to_double(c.output<T>("output"));
  return compare(got, exact, [&](T g, double e, index_t) {
    return !std::isfinite(tolerance) || std::abs(static_cast<double>(g) - e) <= tolerance;
  });
}

/// Calls check(answerer, name) for tenfold on every instruction set and for the naive operations.
template <class Check>
void for_each_answerer(const Check& check) {
  for (const tf::isa isa : available_isas()) check(library{on(isa)}, std::string(tf::name_of(isa)));
  check(naive(), "reference");
}

/// Each algorithm of the list, where it can compute the case.
template <class Operation, class T>
void check_algorithms(const golden_case& c) {
  if (c.is_error()) return;
  for (const tf::isa isa : available_isas())
    for (const std::string_view algorithm : algorithm_names<typename Operation::op, T>()) {
      library by{on(isa)};
      by.ctx.algorithm = algorithm;
      by.ctx.math = tf::math::fast;
      try {
        const auto got = Operation::template run<T>(c, by);
        if constexpr (std::floating_point<T>)
          if (algorithm.starts_with("winograd")) {
            EXPECT_TRUE(is_winograd_answer<Operation>(c, got, algorithm)) << algorithm << " on " << tf::name_of(isa);
            continue;
          }
        EXPECT_TRUE((is_answer<Operation>(c, got))) << algorithm << " on " << tf::name_of(isa);
      } catch (const tf::error& e) {
        EXPECT_NE(std::string(e.what()).find("has no algorithm"), std::string::npos) << e.what();
      }
    }
}

template <class Operation, class T>
void check_type(const golden_case& c) {
  for_each_answerer([&](const auto& by, const std::string& name) {
    if (c.is_error()) {
      EXPECT_EQ(error_of([&] { Operation::template run<T>(c, by); }), c.error()) << name;
      return;
    }
    const auto got = Operation::template run<T>(c, by);
    if constexpr (requires { Operation::template expect_answer<T>(c, got, name); })
      Operation::template expect_answer<T>(c, got, name);
    else
      EXPECT_TRUE((is_answer<Operation>(c, got))) << name;
  });
  if constexpr (requires { typename Operation::op; }) check_algorithms<Operation, T>(c);
}

// ---- the cases

template <class Operation>
void check(const golden_case& c) {
  const std::string dtype = c.dtype();
  if (dtype == "F32") return check_type<Operation, float>(c);
  if (dtype == "F64") return check_type<Operation, double>(c);
  if constexpr (!requires { Operation::floats_only; }) {
    if (dtype == "I8") return check_type<Operation, std::int8_t>(c);
    if (dtype == "I16") return check_type<Operation, std::int16_t>(c);
    if (dtype == "I32") return check_type<Operation, std::int32_t>(c);
    if (dtype == "I64") return check_type<Operation, std::int64_t>(c);
  }
  FAIL() << "no operation for " << dtype;
}

const std::vector<golden_case>& all_cases() {
  static const std::vector<golden_case> cases = golden_cases(TENFOLD_GOLDEN_DIR);
  return cases;
}

class Golden : public testing::TestWithParam<golden_case> {};

void check_case(const golden_case& c) {
  for (const operation& op : operations())
    if (c.op() == op.name) return op.check(c);
  FAIL() << "no operation " << c.op();
}

TEST_P(Golden, IsAnsweredAsByPytorch) { check_case(GetParam()); }

struct golden_name {
  std::string operator()(const testing::TestParamInfo<golden_case>& info) const { return info.param.name(); }
};
INSTANTIATE_TEST_SUITE_P(Case, Golden, testing::ValuesIn(all_cases()), golden_name());

TEST(GoldenFiles, CoverEveryOperation) {
  for (const operation& op : operations()) {
    index_t values = 0;
    for (const golden_case& c : all_cases()) values += c.op() == op.name && !c.is_error();
    EXPECT_GE(values, 20) << op.name;
  }
}

/// tenfold has the public function and ATen's kernel: each as it answers the other's cases.
TEST(GoldenFiles, TransposedConvolutionsDifferAsPytorchsDo) {
  index_t differences = 0;
  const auto check_other = [&](const golden_case& c, const char* by, const char* op) {
    const auto other = c.also(by, op);
    if (!other) return;
    SCOPED_TRACE(c.name());
    check_case(*other);
    ++differences;
  };
  for (const golden_case& c : all_cases()) {
    check_other(c, "torch.ops.aten.slow_conv_transpose2d", "slow_conv_transpose2d");
    check_other(c, "F.conv_transpose2d", "conv_transpose2d");
  }
  EXPECT_GE(differences, 100);
}

}  // namespace
