// Which element types an operation computes in, and those that only its element's size matters to.
#pragma once

#include <tenfold/detail/move.hpp>
#include <tenfold/detail/net/planning.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

[[noreturn]] TENFOLD_COLD inline void raise_no_arithmetic(dtype type) {
  raise({"nothing is computed in ", name_of(type), " here"});
}

/// use(T{}) of the types that networks compute in.
template <class Use>
void with_number(dtype type, const Use& use) {
  switch (type) {
    case dtype::float32:
      return use(float{});
    case dtype::float64:
      return use(double{});
    case dtype::int32:
      return use(std::int32_t{});
    case dtype::int64:
      return use(std::int64_t{});
    default:
      raise_no_arithmetic(type);
  }
}
/// Kernels are compiled for few types: those of float32 alone, and of int64 where exporters compute shapes with them.
template <class Use>
void with_float32(dtype type, const Use& use) {
  if (type == dtype::float32) return use(float{});
  raise_no_arithmetic(type);
}
template <class Use>
void with_float32_or_int64(dtype type, const Use& use) {
  if (type == dtype::float32) return use(float{});
  if (type == dtype::int64) return use(std::int64_t{});
  raise_no_arithmetic(type);
}
template <class Use>
void with_float(dtype type, const Use& use) {
  if (type == dtype::float32) return use(float{});
  if (type == dtype::float64) return use(double{});
  raise_no_arithmetic(type);
}

/// use(U{}) of the integer of an element's size.
template <class Use>
void with_unit(dtype type, const Use& use) {
  switch (bytes_of(type)) {
    case 1:
      return use(std::int8_t{});
    case 2:
      return use(std::int16_t{});
    case 4:
      return use(std::int32_t{});
    default:
      return use(std::int64_t{});
  }
}

/// The elements as those integers.
template <class U>
tensor_view<const U> units(const any_view& x) {
  return {static_cast<const U*>(x.data()), x.shape()};
}
template <class U>
tensor_view<U> output_units(const call& c, std::size_t i = 0) {
  return {static_cast<U*>(c.output_bytes(i)), c.any_output(i).shape()};
}

inline void check_float32(const planning& p, std::size_t i) {
  if (p.type_of(i) != dtype::float32)
    raise({"it is computed in float32, but ", p.input(i).name, " is of ", name_of(p.type_of(i))});
}

inline void check_same_type(const planning& p, std::size_t a, std::size_t b) {
  if (p.type_of(a) != p.type_of(b))
    raise(
        {p.input(a).name, " is of ", name_of(p.type_of(a)), ", but ", p.input(b).name, " of ", name_of(p.type_of(b))});
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
