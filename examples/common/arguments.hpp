// Command lines of the form `--option value --switch`, and the sentences for what is wrong in one.
//
//     for (arguments::reader line(count, values, usage); line.next();)
//       if (line.option() == "--out") out = line.value(); else ... else line.fail_unknown();
#pragma once

#include <charconv>  // from_chars, to_chars
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>  // errc

namespace arguments {

/// The shortest text that is read as the same number.
template <class Number>
std::string text_of(Number number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

class reader {
 public:
  reader(int count, char** values, const char* usage) : next_(values + 1), end_(values + count), usage_(usage) {}

  /// Goes on to the next option; false behind the last.
  bool next() {
    if (next_ == end_) return false;
    option_ = *next_++;
    return true;
  }
  const std::string& option() const { return option_; }

  std::string value() {
    if (next_ == end_ || !**next_) throw std::runtime_error(option_ + " needs a value; " + usage_);
    return *next_++;
  }

  /// A number from `least` to `most`, of either's type.
  template <class Number>
  Number number(Number least, Number most) {
    const std::string text = value();
    Number result{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, result);
    if (error != std::errc{} || stop != end || !(result >= least && result <= most))
      throw std::runtime_error(option_ + " takes a number from " + text_of(least) + " to " + text_of(most) +
                               ", but got '" + text + "'");
    return result;
  }

  [[noreturn]] void fail_unknown() const { throw std::runtime_error("unknown option '" + option_ + "'; " + usage_); }

 private:
  char** next_;
  char** end_;
  std::string option_;
  const char* usage_;
};

}  // namespace arguments
