// add, sub, mul and div with broadcasting.
#pragma once

#include <tenfold/detail/broadcast.hpp>
#include <tenfold/detail/seam.hpp>

namespace tenfold::inline v0 {

/// The element type of div: the operands', or float for integers, as in torch.
template <element T>
using div_element = typename plain::float_of<T>::type;

}  // namespace tenfold::inline v0

/// y = a of b, element by element: add, sub, mul, or add_scaled, which is a + alpha * b. Where a or b is null, `number`
/// stands for each of its elements.
TENFOLD_SEAM(void, run_binary, (of, g, a, b, number, alpha, y, ctx), plain::binary_operator of,
             const plain::broadcast_geometry& g, const T* a, const T* b, T number, T alpha, T* y, const context& ctx)
TENFOLD_SEAM(void, run_div, (g, a, b, number, y, ctx), const plain::broadcast_geometry& g, const T* a, const T* b,
             typename plain::float_of<T>::type number, typename plain::float_of<T>::type* y, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

template <class X>
concept number = std::integral<X> || std::floating_point<X>;

/// The element type of two operands, of which one may be a number.
template <class First, class Second>
struct operand_element {};
template <tensor_like First, class Second>
struct operand_element<First, Second> {
  using type = element_of<First>;
};
template <number First, tensor_like Second>
struct operand_element<First, Second> {
  using type = element_of<Second>;
};
template <class First, class Second>
using element_of_operands = typename operand_element<First, Second>::type;

/// Two tensors of one element type, or a tensor and a number. Where the result is of integers, so is the number.
template <class First, class Second>
concept quotient_operands = (tensor_like<First> && tensor_like<Second> &&
                             std::same_as<element_of_operands<First, Second>, element_of_operands<Second, First>>) ||
                            (tensor_like<First> && number<Second>) || (number<First> && tensor_like<Second>);
template <class X, class T>
concept element_or_number = tensor_like<X> || std::floating_point<T> || std::integral<X>;
template <class First, class Second>
concept operands = quotient_operands<First, Second> && element_or_number<First, element_of_operands<First, Second>> &&
    element_or_number<Second, element_of_operands<First, Second>>;

/// One that `operands` allows, read-only: a view, or R, whose shape is that of a number.
template <class T, class R, class X>
struct binary_operand {
  const T* data = nullptr;
  shape sizes = {};
  R value = {};

  explicit binary_operand(const X& x) {
    if constexpr (number<X>) {
      value = static_cast<R>(x);
    } else {
      const auto view = const_view(x);
      data = view.data();
      sizes = view.shape();
    }
  }
};

/// A call of run_binary or run_div, checked.
template <class T, class R, class First, class Second>
struct binary_call {
  binary_operand<T, R, First> a;
  binary_operand<T, R, Second> b;
  shape result;

  binary_call(const First& first, const Second& second)
      : a(first), b(second), result(broadcast_shape(a.sizes, b.sizes)) {}

  R number_operand() const { return std::is_arithmetic_v<First> ? a.value : b.value; }
  void run(binary_operator of, T alpha, T* y, const context& ctx) const {
    seam::run_binary<T>(of, broadcast_geometry_of(a.sizes, b.sizes, result), a.data, b.data, number_operand(), alpha, y,
                        ctx);
  }
  void run_div(R* y, const context& ctx) const {
    seam::run_div<T>(broadcast_geometry_of(a.sizes, b.sizes, result), a.data, b.data, number_operand(), y, ctx);
  }
};

template <class First, class Second>
using binary_call_of =
    binary_call<element_of_operands<First, Second>, element_of_operands<First, Second>, First, Second>;
template <class First, class Second>
using div_call_of =
    binary_call<element_of_operands<First, Second>, div_element<element_of_operands<First, Second>>, First, Second>;

template <class First, class Second>
tensor<element_of_operands<First, Second>> binary(binary_operator of, const First& a, const Second& b,
                                                  element_of_operands<First, Second> alpha, const context& ctx) {
  const binary_call_of<First, Second> call(a, b);
  auto y = tensor<element_of_operands<First, Second>>::uninitialized(call.result);
  call.run(of, alpha, y.data(), ctx);
  return y;
}

template <class T, class First, class Second>
void binary_into(const char* op, binary_operator of, const tensor_view<T>& y, const First& a, const Second& b, T alpha,
                 const context& ctx) {
  const binary_call_of<First, Second> call(a, b);
  check_output_shape(op, "output", call.result, y.shape());
  call.run(of, alpha, y.data(), ctx);
}

/// The factor of add and sub, checked for the element type T as in PyTorch.
template <element T, number Factor>
T checked_alpha(Factor alpha) {
  if constexpr (std::integral<T>) {
    if constexpr (std::floating_point<Factor>) {
      raise("For integral input tensors, argument alpha must not be a floating point number.");
    } else {
      if (static_cast<Factor>(static_cast<T>(alpha)) != alpha || (static_cast<T>(alpha) < 0) != (alpha < 0))
        raise({"value cannot be converted to type ",
               sizeof(T) == 1   ? "int8_t"
               : sizeof(T) == 2 ? "int16_t"
                                : "int",
               " without overflow"});
      return static_cast<T>(alpha);
    }
  } else {
    return static_cast<T>(alpha);
  }
}

/// -alpha, which wraps.
template <element T>
T negated(T alpha) {
  if constexpr (std::integral<T>)
    return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(alpha));
  else
    return -alpha;
}

template <class Output, class First, class Second>
concept output_of_operands =
    operands<First, Second> && std::same_as<element_of<Output>, element_of_operands<First, Second>>;
template <class Output, class First, class Second>
concept output_of_quotient = quotient_operands<First, Second> &&
    std::same_as<element_of<Output>, div_element<element_of_operands<First, Second>>>;

}  // namespace detail

/// The shape that add, sub, mul and div give.
constexpr shape add_output_shape(const shape& a, const shape& b) { return detail::broadcast_shape(a, b); }
constexpr shape sub_output_shape(const shape& a, const shape& b) { return detail::broadcast_shape(a, b); }
constexpr shape mul_output_shape(const shape& a, const shape& b) { return detail::broadcast_shape(a, b); }
constexpr shape div_output_shape(const shape& a, const shape& b) { return detail::broadcast_shape(a, b); }

/// The bytes of workspace that their _into twins need: none.
template <class First, class Second>
index_t add_workspace_bytes(const First&, const Second&, const context& = default_context()) {
  return 0;
}
template <class First, class Second>
index_t sub_workspace_bytes(const First&, const Second&, const context& = default_context()) {
  return 0;
}
template <class First, class Second>
index_t mul_workspace_bytes(const First&, const Second&, const context& = default_context()) {
  return 0;
}
template <class First, class Second>
index_t div_workspace_bytes(const First&, const Second&, const context& = default_context()) {
  return 0;
}

/// The sum, as torch.add.
///
///     output = a + b, or a + alpha * b
///
/// Of this and the functions below, the operands are tensors of one element type or a tensor and a number on either
/// side, which counts as an element: of integers it is one, and loses the bits that the type has not (torch would turn
/// the tensor into another type). Integers wrap. Shapes broadcast as in torch: aligned at the last dimension, where one
/// of two sizes is 1 or missing that operand's elements are repeated. With alpha, product and sum may be one operation
/// without a rounding between them.
///
/// a, b    any shapes that broadcast
/// returns the broadcast shape
/// throws  tenfold::error in PyTorch's words where the shapes do not broadcast, or integers have a fractional alpha or
///         one beyond their type; every check comes before the first write
///
/// The _into twins write to a tensor of that shape, which may be an operand of that shape itself, but may not overlap
/// one otherwise.
template <class First, class Second>
  requires detail::operands<First, Second>
auto add(const First& a, const Second& b, const context& ctx = default_context()) {
  return detail::binary(detail::binary_operator::add, a, b, {}, ctx);
}
template <class First, class Second, detail::number Factor>
  requires detail::operands<First, Second>
auto add(const First& a, const Second& b, Factor alpha, const context& ctx = default_context()) {
  using T = detail::element_of_operands<First, Second>;
  return detail::binary(detail::binary_operator::add_scaled, a, b, detail::checked_alpha<T>(alpha), ctx);
}
template <tensor_like Output, class First, class Second>
  requires detail::output_of_operands<Output, First, Second>
void add_into(Output&& output, const First& a, const Second& b, const context& ctx = default_context()) {
  detail::binary_into("add", detail::binary_operator::add, as_view(output), a, b, {}, ctx);
}
template <tensor_like Output, class First, class Second, detail::number Factor>
  requires detail::output_of_operands<Output, First, Second>
void add_into(Output&& output, const First& a, const Second& b, Factor alpha, const context& ctx = default_context()) {
  using T = element_of<Output>;
  detail::binary_into("add", detail::binary_operator::add_scaled, as_view(output), a, b,
                      detail::checked_alpha<T>(alpha), ctx);
}

/// The difference, as torch.sub; with a number on the left, as torch.rsub.
///
///     output = a - b, or a - alpha * b
///
/// As add.
template <class First, class Second>
  requires detail::operands<First, Second>
auto sub(const First& a, const Second& b, const context& ctx = default_context()) {
  return detail::binary(detail::binary_operator::sub, a, b, {}, ctx);
}
template <class First, class Second, detail::number Factor>
  requires detail::operands<First, Second>
auto sub(const First& a, const Second& b, Factor alpha, const context& ctx = default_context()) {
  using T = detail::element_of_operands<First, Second>;
  return detail::binary(detail::binary_operator::add_scaled, a, b, detail::negated(detail::checked_alpha<T>(alpha)),
                        ctx);
}
template <tensor_like Output, class First, class Second>
  requires detail::output_of_operands<Output, First, Second>
void sub_into(Output&& output, const First& a, const Second& b, const context& ctx = default_context()) {
  detail::binary_into("sub", detail::binary_operator::sub, as_view(output), a, b, {}, ctx);
}
template <tensor_like Output, class First, class Second, detail::number Factor>
  requires detail::output_of_operands<Output, First, Second>
void sub_into(Output&& output, const First& a, const Second& b, Factor alpha, const context& ctx = default_context()) {
  using T = element_of<Output>;
  detail::binary_into("sub", detail::binary_operator::add_scaled, as_view(output), a, b,
                      detail::negated(detail::checked_alpha<T>(alpha)), ctx);
}

/// The product, as torch.mul.
///
///     output = a * b
///
/// As add.
template <class First, class Second>
  requires detail::operands<First, Second>
auto mul(const First& a, const Second& b, const context& ctx = default_context()) {
  return detail::binary(detail::binary_operator::mul, a, b, {}, ctx);
}
template <tensor_like Output, class First, class Second>
  requires detail::output_of_operands<Output, First, Second>
void mul_into(Output&& output, const First& a, const Second& b, const context& ctx = default_context()) {
  detail::binary_into("mul", detail::binary_operator::mul, as_view(output), a, b, {}, ctx);
}

/// The quotient, as torch.div.
///
///     output = a / b
///
/// As add, but that integers are converted to float, nearest first, and their quotient is one: 1 / 0 is an infinity. So
/// their number may be a fraction.
template <class First, class Second>
  requires detail::quotient_operands<First, Second>
auto div(const First& a, const Second& b, const context& ctx = default_context()) {
  const detail::div_call_of<First, Second> call(a, b);
  auto y = tensor<div_element<detail::element_of_operands<First, Second>>>::uninitialized(call.result);
  call.run_div(y.data(), ctx);
  return y;
}
template <tensor_like Output, class First, class Second>
  requires detail::output_of_quotient<Output, First, Second>
void div_into(Output&& output, const First& a, const Second& b, const context& ctx = default_context()) {
  const detail::div_call_of<First, Second> call(a, b);
  detail::check_output_shape("div", "output", call.result, as_view(output).shape());
  call.run_div(as_view(output).data(), ctx);
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/arithmetic.hpp>
#endif
