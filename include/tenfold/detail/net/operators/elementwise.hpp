// Functions of single elements: activations, arithmetic, comparisons.
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/arithmetic.hpp>
#include <tenfold/detail/net/operators/types.hpp>
#include <tenfold/detail/parallel.hpp>

#include <cmath>
#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {
TENFOLD_BEGIN_STRICT

// ------------------------------------------------------------------------------------------------------ activations

/// into(y, x, ctx) of floats of either size.
template <class Into>
void plan_activation(planning& p, const Into& into) {
  p.output(p.shape_of(0), p.type_of(0));
  p.run_in_place([into](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) { into(c.output<T>(), c.input<T>(), c.ctx); });
  });
}

inline void plan_relu(planning& p) {
  plan_activation(p, [](const auto& y, const auto& x, const context& ctx) { relu_into(y, x, ctx); });
}
inline void plan_sigmoid(planning& p) {
  plan_activation(p, [](const auto& y, const auto& x, const context& ctx) { sigmoid_into(y, x, ctx); });
}
inline void plan_tanh(planning& p) {
  plan_activation(p, [](const auto& y, const auto& x, const context& ctx) { tanh_into(y, x, ctx); });
}
inline void plan_silu(planning& p) {
  plan_activation(p, [](const auto& y, const auto& x, const context& ctx) { silu_into(y, x, ctx); });
}
inline void plan_hardswish(planning& p) {
  plan_activation(p, [](const auto& y, const auto& x, const context& ctx) { hardswish_into(y, x, ctx); });
}
inline void plan_leaky_relu(planning& p) {
  const double slope = p.number("negative_slope", 0.01);
  plan_activation(p, [=](const auto& y, const auto& x, const context& ctx) { leaky_relu_into(y, x, slope, ctx); });
}
inline void plan_elu(planning& p) {
  const double alpha = p.number("alpha", 1);
  plan_activation(p, [=](const auto& y, const auto& x, const context& ctx) { elu_into(y, x, alpha, ctx); });
}
inline void plan_gelu(planning& p) {
  const std::string how = p.text("approximate", "none");
  if (how != "none" && how != "tanh") raise("approximate argument must be either none or tanh.");
  const approximate as = how == "tanh" ? approximate::tanh : approximate::none;
  plan_activation(p, [=](const auto& y, const auto& x, const context& ctx) { gelu_into(y, x, as, ctx); });
}
inline void plan_softplus(planning& p) {
  const double beta = p.number("beta", 1), threshold = p.number("threshold", 20);
  plan_activation(p,
                  [=](const auto& y, const auto& x, const context& ctx) { softplus_into(y, x, beta, threshold, ctx); });
}

inline void plan_hardsigmoid(planning& p) {
  constexpr double sixth = 1.0 / 6;
  const double alpha = p.number("alpha", sixth), beta = p.number("beta", 0.5);
  // float32 cannot tell them apart, and files have 0.16666667.
  if (static_cast<float>(alpha) == static_cast<float>(sixth) && beta == 0.5)
    return plan_activation(p, [](const auto& y, const auto& x, const context& ctx) { hardsigmoid_into(y, x, ctx); });
  plan_activation(p, [=](const auto& y, const auto& x, const context& ctx) {
    using T = typename std::remove_cvref_t<decltype(y)>::value_type;
    mul_into(y, x, static_cast<T>(alpha), ctx);
    add_into(y, y, static_cast<T>(beta), ctx);
    hardtanh_into(y, y, 0, 1, ctx);
  });
}

/// A bound that is there.
inline std::optional<double> bound_of(const planning& p, std::size_t input, const char* name) {
  if (p.has(input)) return p.number_of(input);
  return p.sets(name) ? std::optional(p.number(name, 0)) : std::nullopt;
}

inline void plan_clamp(planning& p) {
  const auto low = bound_of(p, 1, "min"), high = bound_of(p, 2, "max");
  p.output(p.shape_of(0), p.type_of(0));
  if (!low && !high) return p.view_of(0);
  p.run([=](const call& c) {
    with_number(c.any_input().type(), [&]<class T>(T) {
      using bound = std::optional<clamp_bound<T>>;
      const auto as_bound = [](const std::optional<double>& b) {
        return b ? bound(static_cast<clamp_bound<T>>(parameter_of<T>(*b))) : bound();
      };
      clamp_into(c.output<T>(), c.input<T>(), as_bound(low), as_bound(high), c.ctx);
    });
  });
  p.plan.overwrites = {0};
}

inline void plan_prelu(planning& p) {
  check_same_type(p, 0, 1);
  const shape x = p.shape_of(0);
  // ONNX's slopes are (C, 1, 1), which are the same elements as (C).
  shape slopes = p.shape_of(1);
  if (slopes.size() > 1) {
    const index_t channels = x.size() >= 2 ? x[1] : 1;
    if (slopes.elements() != 1 && slopes.elements() != channels)
      raise({"prelu: slopes of ", slopes, " are not one for each channel of ", x});
    slopes = {slopes.elements()};
  }
  check_prelu(x, slopes);
  p.output(x, p.type_of(0));
  p.run([slopes](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      prelu_into(c.output<T>(), c.input<T>(), tensor_view<const T>(c.input<T>(1).data(), slopes), c.ctx);
    });
  });
  p.plan.overwrites = {0};
}

// ------------------------------------------------------------------------------------------- arithmetic of two tensors

/// of(y, a, b, ctx) of numbers of one type.
template <class Of>
void plan_binary(planning& p, const Of& of) {
  check_same_type(p, 0, 1);
  p.output(broadcast_shape(p.shape_of(0), p.shape_of(1)), p.type_of(0));
  p.run_in_place([of](const call& c) {
    with_number(c.any_input().type(), [&]<class T>(T) { of(c.output<T>(), c.input<T>(0), c.input<T>(1), c.ctx); });
  });
}

/// y[i] = of(a[i], b[i]) of broadcast operands, in a plain loop: of functions that no network spends its time in.
template <class R, class T, class Of>
void for_each_pair(const tensor_view<R>& y, const tensor_view<const T>& a, const tensor_view<const T>& b,
                   const context& ctx, const Of& of) {
  if (y.size() == 0) return;
  const broadcast_geometry g = broadcast_geometry_of(a.shape(), b.shape(), y.shape());
  const index_t last = g.rank - 1, line = g.sizes[last];
  constexpr double element_ns = 2;
  parallel_ranges(ctx, y.size() / line, element_ns * static_cast<double>(line), [&](index_t begin, index_t end) {
    for (index_t l = begin; l < end; ++l) {
      index_t rest = l, a_at = 0, b_at = 0;
      for (index_t d = last; d-- > 0; rest /= g.sizes[d]) {
        a_at += rest % g.sizes[d] * g.a[d];
        b_at += rest % g.sizes[d] * g.b[d];
      }
      R* to = y.data() + l * line;
      for (index_t i = 0; i < line; ++i) to[i] = of(a.data()[a_at + i * g.a[last]], b.data()[b_at + i * g.b[last]]);
    }
  });
}

template <class Of>
void plan_plain_binary(planning& p, const Of& of) {
  plan_binary(
      p, [of](const auto& y, const auto& a, const auto& b, const context& ctx) { for_each_pair(y, a, b, ctx, of); });
}

inline void plan_add(planning& p) {
  plan_binary(p, [](const auto& y, const auto& a, const auto& b, const context& ctx) { add_into(y, a, b, ctx); });
}
inline void plan_sub(planning& p) {
  plan_binary(p, [](const auto& y, const auto& a, const auto& b, const context& ctx) { sub_into(y, a, b, ctx); });
}
inline void plan_mul(planning& p) {
  plan_binary(p, [](const auto& y, const auto& a, const auto& b, const context& ctx) { mul_into(y, a, b, ctx); });
}

/// The quotient without its fraction, as ONNX and C have it; 0 by 0, and what wraps.
template <std::integral T>
T quotient(T a, T b) {
  if (b == 0) return 0;
  if (b == T{-1}) return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(a));
  return static_cast<T>(a / b);
}

inline void plan_div(planning& p) {
  plan_binary(p, []<class T>(const tensor_view<T>& y, const auto& a, const auto& b, const context& ctx) {
    if constexpr (std::floating_point<T>)
      div_into(y, a, b, ctx);
    else
      for_each_pair(y, a, b, ctx, [](T m, T n) { return quotient(m, n); });
  });
}

/// a to the power of b; of integers modulo 2^64, and 0 for negative exponents of all but 1 and -1.
template <class T>
T power(T a, T b) {
  if constexpr (std::floating_point<T>) {
    if (b == T{2}) return a * a;
    if (b == T{0.5}) return std::sqrt(a);
    return std::pow(a, b);
  } else {
    if (b < 0) return a == 1 ? T{1} : a == T{-1} ? (b % 2 ? T{-1} : T{1}) : T{0};
    std::uint64_t result = 1, base = static_cast<std::uint64_t>(a);
    for (auto left = static_cast<std::uint64_t>(b); left; left >>= 1, base *= base)
      if (left & 1) result *= base;
    return static_cast<T>(result);
  }
}

/// NaN where one is, as torch.maximum and minimum.
template <class T>
T greater_of(T a, T b) {
  if (a != a) return a;
  return a > b || b == b ? (a > b ? a : b) : b;
}
template <class T>
T less_of(T a, T b) {
  if (a != a) return a;
  return a < b || b == b ? (a < b ? a : b) : b;
}

inline void plan_pow(planning& p) {
  if (p.type_of(0) == p.type_of(1)) return plan_plain_binary(p, []<class T>(T a, T b) { return power(a, b); });
  // ONNX's exponent may be of another type.
  p.output(broadcast_shape(p.shape_of(0), p.shape_of(1)), p.type_of(0));
  p.run([](const call& c) {
    with_number(c.any_input(1).type(), [&]<class E>(E) {
      auto exponents = tensor<double>::uninitialized(c.any_input(1).shape());
      const auto given = c.input<E>(1);
      for (index_t i = 0; i < given.size(); ++i) exponents.data()[i] = static_cast<double>(given.data()[i]);
      with_number(c.any_input().type(), [&]<class T>(T) {
        auto converted = tensor<T>::uninitialized(exponents.shape());
        for (index_t i = 0; i < given.size(); ++i) converted.data()[i] = parameter_of<T>(exponents.data()[i]);
        for_each_pair(c.output<T>(), c.input<T>(), std::as_const(converted).view(), c.ctx,
                      [](T a, T b) { return power(a, b); });
      });
    });
  });
}
inline void plan_maximum(planning& p) {
  plan_plain_binary(p, []<class T>(T a, T b) { return greater_of(a, b); });
}
inline void plan_minimum(planning& p) {
  plan_plain_binary(p, []<class T>(T a, T b) { return less_of(a, b); });
}

/// use(T{}) of numbers and booleans.
template <class Use>
void with_comparable(dtype type, const Use& use) {
  if (type == dtype::boolean) return use(bool{});
  with_number(type, use);
}

template <class Of>
void plan_comparison(planning& p, const Of& of) {
  check_same_type(p, 0, 1);
  p.output(broadcast_shape(p.shape_of(0), p.shape_of(1)), dtype::boolean);
  p.run([of](const call& c) {
    with_comparable(c.any_input().type(),
                    [&]<class T>(T) { for_each_pair(c.output<bool>(), c.input<T>(0), c.input<T>(1), c.ctx, of); });
  });
}

inline void plan_equal(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a == b; });
}
inline void plan_less(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a < b; });
}
inline void plan_less_equal(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a <= b; });
}
inline void plan_greater(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a > b; });
}
inline void plan_greater_equal(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a >= b; });
}
inline void plan_logical_and(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a != T{} && b != T{}; });
}
inline void plan_logical_or(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return a != T{} || b != T{}; });
}
inline void plan_logical_xor(planning& p) {
  plan_comparison(p, []<class T>(T a, T b) { return (a != T{}) != (b != T{}); });
}

// --------------------------------------------------------------------------------------------- functions of one tensor

template <class R, class T, class Of>
void for_each_element(const tensor_view<R>& y, const tensor_view<const T>& x, const context& ctx, const Of& of) {
  constexpr double element_ns = 2;
  parallel_ranges(ctx, y.size(), element_ns, [&](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i) y.data()[i] = of(x.data()[i]);
  });
}

template <class Of>
void plan_unary(planning& p, const Of& of) {
  p.output(p.shape_of(0), p.type_of(0));
  p.run_in_place([of](const call& c) {
    with_number(c.any_input().type(), [&]<class T>(T) { for_each_element(c.output<T>(), c.input<T>(), c.ctx, of); });
  });
}

/// Those of floats; integers have none.
template <class Of>
void plan_unary_of_floats(planning& p, const Of& of) {
  p.output(p.shape_of(0), p.type_of(0));
  p.run_in_place([of](const call& c) {
    with_float(c.any_input().type(), [&]<class T>(T) { for_each_element(c.output<T>(), c.input<T>(), c.ctx, of); });
  });
}

inline void plan_neg(planning& p) {
  plan_unary(p, []<class T>(T x) { return negated(x); });
}
inline void plan_abs(planning& p) {
  plan_unary(p, []<class T>(T x) {
    if constexpr (std::floating_point<T>)
      return std::fabs(x);
    else
      return x < 0 ? negated(x) : x;
  });
}
inline void plan_sign(planning& p) {
  plan_unary(p, []<class T>(T x) { return static_cast<T>((x > 0) - (x < 0)); });
}
inline void plan_exp(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::exp(x); });
}
inline void plan_log(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::log(x); });
}
inline void plan_sqrt(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::sqrt(x); });
}
inline void plan_reciprocal(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return T{1} / x; });
}
inline void plan_floor(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::floor(x); });
}
inline void plan_ceil(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::ceil(x); });
}
/// Halves to even.
inline void plan_round(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::nearbyint(x); });
}
inline void plan_erf(planning& p) {
  plan_unary_of_floats(p, []<class T>(T x) { return std::erf(x); });
}

inline void plan_logical_not(planning& p) {
  p.output(p.shape_of(0), dtype::boolean);
  p.run([](const call& c) {
    with_comparable(c.any_input().type(), [&]<class T>(T) {
      for_each_element(c.output<bool>(), c.input<T>(), c.ctx, [](T x) { return x == T{}; });
    });
  });
}

// ------------------------------------------------------------------------------------------------------ where, cast

inline index_t broadcast_offset(const shape& s, const shape& like, index_t place) {
  index_t offset = 0, step = 1;
  for (std::size_t d = like.size(), e = s.size(); d-- > 0 && e > 0; place /= like[d]) {
    --e;
    if (s[e] != 1) offset += place % like[d] * step;
    step *= s[e];
  }
  return offset;
}

inline void plan_where(planning& p) {
  if (p.type_of(0) != dtype::boolean) raise({"where: the condition is of ", name_of(p.type_of(0))});
  check_same_type(p, 1, 2);
  p.output(broadcast_shape(p.shape_of(0), broadcast_shape(p.shape_of(1), p.shape_of(2))), p.type_of(1));
  p.run([](const call& c) {
    with_unit(c.any_input(1).type(), [&]<class U>(U) {
      const auto condition = c.input<bool>(0);
      const tensor_view<const U> a = units<U>(c.any_input(1)), b = units<U>(c.any_input(2));
      const tensor_view<U> y = output_units<U>(c);
      for (index_t i = 0; i < y.size(); ++i) {
        const bool takes_a = condition.data()[broadcast_offset(condition.shape(), y.shape(), i)];
        const tensor_view<const U>& from = takes_a ? a : b;
        y.data()[i] = from.data()[broadcast_offset(from.shape(), y.shape(), i)];
      }
    });
  });
}

inline dtype dtype_named(const std::string& name) {
  for (const dtype type : {dtype::float32, dtype::float64, dtype::int8, dtype::int16, dtype::int32, dtype::int64,
                           dtype::uint8, dtype::boolean, dtype::float16, dtype::bfloat16})
    if (name == name_of(type)) return type;
  raise({"there is no element type that is called ", name});
}

/// Floats lose their fraction; what an integer cannot hold becomes its nearest, NaN 0.
template <class R, class T>
R converted(T x) {
  if constexpr (std::same_as<R, bool>) {
    return x != T{};
  } else if constexpr (std::integral<R> && std::floating_point<T>) {
    if (x != x) return 0;
    constexpr double end =
        2.0 * static_cast<double>(std::uint64_t{1} << (8 * sizeof(R) - (std::signed_integral<R> ? 2 : 1)));
    const auto wide = static_cast<double>(x);
    if (wide >= end) return (std::numeric_limits<R>::max)();
    if (wide < (std::signed_integral<R> ? -end : 0)) return (std::numeric_limits<R>::min)();
    return static_cast<R>(x);
  } else {
    return static_cast<R>(x);
  }
}

inline void plan_cast(planning& p) {
  const dtype to = dtype_named(p.text("to", "float32"));
  p.output(p.shape_of(0), to);
  if (to == p.type_of(0)) return p.view_of(0);
  p.run([](const call& c) {
    with_dtype(c.any_input().type(), [&]<class T>(T) {
      with_dtype(c.any_output().type(), [&]<class R>(R) {
        for_each_element(c.output<R>(), c.input<T>(), c.ctx, [](T x) { return converted<R>(x); });
      });
    });
  });
}

inline std::span<const operation> elementwise_table() {
  static constexpr operation table[] = {
      {"relu", 1, 1, 1, types::float32, "", plan_relu},
      {"sigmoid", 1, 1, 1, types::float32, "", plan_sigmoid},
      {"tanh", 1, 1, 1, types::float32, "", plan_tanh},
      {"silu", 1, 1, 1, types::float32, "", plan_silu},
      {"hardswish", 1, 1, 1, types::float32, "", plan_hardswish},
      {"leaky_relu", 1, 1, 1, types::float32, "negative_slope", plan_leaky_relu},
      {"prelu", 2, 2, 1, types::float32, "", plan_prelu},
      {"elu", 1, 1, 1, types::float32, "alpha", plan_elu},
      {"gelu", 1, 1, 1, types::float32, "approximate", plan_gelu},
      {"hardsigmoid", 1, 1, 1, types::float32, "alpha beta", plan_hardsigmoid},
      {"clamp", 1, 3, 1, types::numbers, "min max", plan_clamp},
      {"softplus", 1, 1, 1, types::float32, "beta threshold", plan_softplus},
      {"add", 2, 2, 1, types::numbers, "", plan_add},
      {"sub", 2, 2, 1, types::numbers, "", plan_sub},
      {"mul", 2, 2, 1, types::numbers, "", plan_mul},
      {"div", 2, 2, 1, types::numbers, "", plan_div},
      {"pow", 2, 2, 1, types::numbers, "", plan_pow},
      {"maximum", 2, 2, 1, types::numbers, "", plan_maximum},
      {"minimum", 2, 2, 1, types::numbers, "", plan_minimum},
      {"equal", 2, 2, 1, types::any, "", plan_equal},
      {"less", 2, 2, 1, types::numbers, "", plan_less},
      {"less_equal", 2, 2, 1, types::numbers, "", plan_less_equal},
      {"greater", 2, 2, 1, types::numbers, "", plan_greater},
      {"greater_equal", 2, 2, 1, types::numbers, "", plan_greater_equal},
      {"logical_and", 2, 2, 1, types::any, "", plan_logical_and},
      {"logical_or", 2, 2, 1, types::any, "", plan_logical_or},
      {"logical_xor", 2, 2, 1, types::any, "", plan_logical_xor},
      {"logical_not", 1, 1, 1, types::any, "", plan_logical_not},
      {"neg", 1, 1, 1, types::numbers, "", plan_neg},
      {"abs", 1, 1, 1, types::numbers, "", plan_abs},
      {"sign", 1, 1, 1, types::numbers, "", plan_sign},
      {"exp", 1, 1, 1, types::floats, "", plan_exp},
      {"log", 1, 1, 1, types::floats, "", plan_log},
      {"sqrt", 1, 1, 1, types::floats, "", plan_sqrt},
      {"reciprocal", 1, 1, 1, types::floats, "", plan_reciprocal},
      {"floor", 1, 1, 1, types::floats, "", plan_floor},
      {"ceil", 1, 1, 1, types::floats, "", plan_ceil},
      {"round", 1, 1, 1, types::floats, "", plan_round},
      {"erf", 1, 1, 1, types::floats, "", plan_erf},
      {"where", 3, 3, 1, types::any, "", plan_where},
      {"cast", 1, 1, 1, types::any, "to", plan_cast},
  };
  return table;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
