// The words of a loader's errors: names of a file that nobody vouches for, quoted, and the memory that it may take.
#pragma once

#include <tenfold/shape.hpp>

#include <vector>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// A name in quotation marks. What is not a printable character of ASCII stands as \xNN; what is long is cut.
inline std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 80;
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "'";
  for (const char c : name.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      text += "\\x";
      text += digits[byte >> 4];
      text += digits[byte & 15];
    } else {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
  }
  text += name.size() > longest ? "'..." : "'";
  return text;
}

/// The memory that a file may make its reader allocate. The bytes that are mapped do not count.
class budget {
 public:
  explicit budget(index_t bytes) : limit_(bytes), left_(bytes) {}

  void take(index_t bytes) {
    if (bytes > left_) raise({"the model needs more memory than onnx_options::max_bytes, which is ", limit_, " bytes"});
    left_ -= bytes;
  }
  void take(index_t count, std::size_t bytes_each) { take(checked_multiply(count, static_cast<index_t>(bytes_each))); }

 private:
  index_t limit_, left_;
};

/// One more element of a vector that a file fills.
template <class T>
T& append(std::vector<T>& list, std::type_identity_t<T> element, budget& memory) {
  memory.take(2, sizeof(T));  // a vector has room for up to twice its elements
  list.push_back(std::move(element));
  return list.back();
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
