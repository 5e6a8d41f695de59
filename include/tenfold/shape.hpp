// Sizes: hw (a pair of settings), pads, scale, shape, and the overflow-checked arithmetic between them.
#pragma once

#include <tenfold/error.hpp>

#include <algorithm>  // equal
#include <array>
#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>

namespace tenfold::inline v0 {

/// A setting with a value for the height and one for the width; one integer stands for both, as in torch.
struct hw {
  index_t h;
  index_t w;

  template <std::integral Both>
  TENFOLD_TAG constexpr hw(Both both) : h(static_cast<index_t>(both)), w(h) {}  // NOLINT(google-explicit-constructor)
  template <std::integral Height, std::integral Width>
  TENFOLD_TAG constexpr hw(Height height, Width width)
      : h(static_cast<index_t>(height)), w(static_cast<index_t>(width)) {}
};

/// A padding of each side by itself, in ONNX's order: {h begin, w begin, h end, w end}.
struct pads {
  index_t top = 0;
  index_t left = 0;
  index_t bottom = 0;
  index_t right = 0;
};

/// What a setting of padding takes: as in torch a pair, for both sides of the height and of the width, or one integer
/// for all; or pads. h and w are the padding before the first row and column, and behind the last ones too, but for
/// pads that differ.
struct padding2d : hw {
  template <std::integral All>
  TENFOLD_TAG constexpr padding2d(All all) : hw(all) {}  // NOLINT(google-explicit-constructor)
  template <std::integral Height, std::integral Width>
  TENFOLD_TAG constexpr padding2d(Height height, Width width) : hw(height, width) {}
  TENFOLD_TAG constexpr padding2d(const hw& pair) : hw(pair) {}  // NOLINT(google-explicit-constructor)
  TENFOLD_TAG constexpr padding2d(const pads& sides)             // NOLINT(google-explicit-constructor)
      : hw(sides.top, sides.left),
        more_h_(static_cast<std::uint64_t>(sides.bottom) - static_cast<std::uint64_t>(sides.top)),
        more_w_(static_cast<std::uint64_t>(sides.right) - static_cast<std::uint64_t>(sides.left)) {}

  TENFOLD_TAG constexpr operator pads() const {  // NOLINT(google-explicit-constructor)
    return {h, w, static_cast<index_t>(static_cast<std::uint64_t>(h) + more_h_),
            static_cast<index_t>(static_cast<std::uint64_t>(w) + more_w_)};
  }

 private:
  std::uint64_t more_h_ = 0, more_w_ = 0;  // behind the last row and column than before the first; any sides wrap back
};

/// torch's scale_factor of an upsampling.
struct scale {
  double h;
  double w;

  TENFOLD_TAG constexpr explicit scale(double both) : h(both), w(both) {}
  TENFOLD_TAG constexpr scale(double height, double width) : h(height), w(width) {}
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

constexpr bool operator==(const hw& a, const hw& b) { return a.h == b.h && a.w == b.w; }

/// As PyTorch prints a pair in its messages: [2, 1].
TENFOLD_COLD inline void append_to(std::string& text, const hw& pair) {
  text += detail::join({"[", pair.h, ", ", pair.w, "]"});
}

constexpr bool operator==(const pads& a, const pads& b) {
  return a.top == b.top && a.left == b.left && a.bottom == b.bottom && a.right == b.right;
}

constexpr bool operator==(const padding2d& a, const padding2d& b) { return pads(a) == pads(b); }
constexpr bool operator==(const padding2d& a, const pads& b) { return pads(a) == b; }
constexpr bool operator==(const padding2d& a, const hw& b) { return pads(a) == pads{b.h, b.w, b.h, b.w}; }

TENFOLD_COLD inline void append_to(std::string& text, const pads& sides) {
  text += detail::join({"[", sides.top, ", ", sides.left, ", ", sides.bottom, ", ", sides.right, "]"});
}

TENFOLD_BEGIN_STRICT
constexpr bool operator==(const scale& a, const scale& b) { return a.h == b.h && a.w == b.w; }
TENFOLD_END_STRICT

namespace detail {

/// What lies before the first row and column.
constexpr hw begin_of(const pads& sides) { return {sides.top, sides.left}; }

/// Whether torch could say it, as a pair.
constexpr bool is_pair(const pads& sides) { return sides.top == sides.bottom && sides.left == sides.right; }

constexpr bool any_negative(const pads& sides) {
  return sides.top < 0 || sides.left < 0 || sides.bottom < 0 || sides.right < 0;
}

/// The overflow-checked int64 operations: false where the result does not fit.
constexpr bool add_fits(index_t a, index_t b, index_t& sum) {
#if defined(__GNUC__)
  return !__builtin_add_overflow(a, b, &sum);
#else
  sum = static_cast<index_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  return ((a ^ sum) & (b ^ sum)) >= 0;
#endif
}

constexpr bool subtract_fits(index_t a, index_t b, index_t& difference) {
#if defined(__GNUC__)
  return !__builtin_sub_overflow(a, b, &difference);
#else
  difference = static_cast<index_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  return ((a ^ b) & (a ^ difference)) >= 0;
#endif
}

constexpr bool multiply_fits(index_t a, index_t b, index_t& product) {
#if defined(__GNUC__)
  return !__builtin_mul_overflow(a, b, &product);
#else
  product = static_cast<index_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  if (a == 0 || b == 0) return true;
  if ((a == -1 && b == INT64_MIN) || (b == -1 && a == INT64_MIN)) return false;
  return product / b == a;
#endif
}

constexpr index_t checked_add(index_t a, index_t b) {
  index_t sum = 0;
  if (!add_fits(a, b, sum)) raise({"the sum ", a, " + ", b, " overflows a 64-bit size"});
  return sum;
}

constexpr index_t checked_multiply(index_t a, index_t b) {
  index_t product = 0;
  if (!multiply_fits(a, b, product)) raise({"the product ", a, " * ", b, " overflows a 64-bit size"});
  return product;
}

constexpr index_t checked_subtract(index_t a, index_t b) {
  index_t difference = 0;
  if (!subtract_fits(a, b, difference)) raise({"the difference ", a, " - ", b, " overflows a 64-bit size"});
  return difference;
}

/// The padding of one dimension; where it overflows, in the words for a pair where it is one.
constexpr index_t both_sides(index_t begin, index_t end) {
  return begin == end ? checked_multiply(2, begin) : checked_add(begin, end);
}

/// Division toward minus infinity; divisor > 0.
constexpr index_t floor_divide(index_t dividend, index_t divisor) {
  const index_t quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

/// Division toward plus infinity; dividend >= 0, divisor > 0.
constexpr index_t ceil_divide(index_t dividend, index_t divisor) {
  return dividend / divisor + (dividend % divisor != 0);
}

/// The greatest common divisor, 0 of zeros.
constexpr index_t common_divisor(index_t a, index_t b) {
  while (b != 0) {
    const index_t rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

constexpr index_t round_up(index_t value, index_t multiple) { return ceil_divide(value, multiple) * multiple; }

}  // namespace detail
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

namespace tenfold::inline v0 {

/// The sizes of a tensor, outermost first. Up to 8 dimensions, kept inline.
class shape {
 public:
  static constexpr std::size_t max_rank = 8;

  TENFOLD_TAG constexpr shape() = default;
  TENFOLD_TAG constexpr shape(std::initializer_list<index_t> sizes)
      : shape(std::span<const index_t>(sizes.begin(), sizes.size())) {}
  TENFOLD_TAG constexpr explicit shape(std::span<const index_t> sizes) : rank_(sizes.size()) {
    if (sizes.size() > max_rank) detail::raise({"a shape has at most 8 dimensions, but got ", rank_});
    std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  }

  /// The number of dimensions.
  TENFOLD_TAG constexpr std::size_t size() const { return rank_; }
  TENFOLD_TAG constexpr bool empty() const { return rank_ == 0; }
  TENFOLD_TAG constexpr index_t operator[](std::size_t i) const { return sizes_[i]; }
  TENFOLD_TAG constexpr index_t& operator[](std::size_t i) { return sizes_[i]; }
  TENFOLD_TAG constexpr const index_t* begin() const { return sizes_.data(); }
  TENFOLD_TAG constexpr const index_t* end() const { return sizes_.data() + rank_; }

  /// The product of the sizes; throws where it overflows.
  TENFOLD_TAG constexpr index_t elements() const {
    index_t product = 1;
    for (const index_t size : *this)
      if (size == 0) return 0;
    for (const index_t size : *this) product = detail::checked_multiply(product, size);
    return product;
  }

 private:
  std::array<index_t, max_rank> sizes_{};
  std::size_t rank_ = 0;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

constexpr bool operator==(const shape& a, const shape& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

TENFOLD_COLD inline void append_to(std::string& text, const shape& s) {
  text += '[';
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(s[i]);
  }
  text += ']';
}

namespace detail {

/// What every tensor's shape fulfils, for shapes that no tensor stands behind.
constexpr void check_not_negative(const shape& s) {
  for (const index_t size : s)
    if (size < 0) raise({"Trying to create tensor with negative dimension ", size, ": ", s});
}

}  // namespace detail

/// As PyTorch prints a size in its messages: [1, 16, 6, 6].
inline std::string to_string(const shape& s) { return detail::join({s}); }

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& stream, const shape& s) {
  return stream << to_string(s).c_str();
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
