// Names that nobody vouches for, in quotation marks.
#pragma once

#include <tenfold/detail/flags.hpp>

#include <cstddef>  // size_t
#include <string>
#include <string_view>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// With \n, \t, \r, \" and \\ as in C, and as two hexadecimal digits, \x1f, other controls and what is above `last`.
inline std::string escaped(std::string_view value, unsigned char last = 0xff) {
  constexpr char digits[] = "0123456789abcdef";
  constexpr std::string_view signs = "\"\\\n\t\r", letters = "\"\\ntr";
  std::string result;
  for (const char c : value) {
    if (const std::size_t known = signs.find(c); known != std::string_view::npos) {
      result += {'\\', letters[known]};
    } else if (const auto byte = static_cast<unsigned char>(c); byte < ' ' || byte == 0x7f || byte > last) {
      result += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
    } else {
      result += c;
    }
  }
  return result;
}

/// A name for an error's text, fit for a terminal: ASCII alone, and what is long is cut.
inline std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 80;
  return '"' + escaped(name.substr(0, longest), '~') + (name.size() > longest ? "...\"" : "\"");
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
