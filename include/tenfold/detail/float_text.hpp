// A number in an error text.
#pragma once

#include <tenfold/error.hpp>

#include <charconv>  // to_chars

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// As Python prints a float: the fewest digits that read back equal.
TENFOLD_COLD inline std::string float_text(double value) {
  const double size = value < 0 ? -value : value;
  const auto format =
      size == 0 || (size >= 1e-4 && size < 1e16) ? std::chars_format::fixed : std::chars_format::scientific;
  char digits[32];
  const std::string text(digits, std::to_chars(digits, digits + sizeof digits, value, format).ptr);
  return format == std::chars_format::fixed && text.find('.') == std::string::npos ? text + ".0" : text;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
