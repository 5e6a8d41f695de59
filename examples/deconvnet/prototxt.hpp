// A reader of protobuf's text format, in which caffe describes networks: messages of named fields.
//
//     name: "net"
//     layers { name: 'conv1' type: CONVOLUTION convolution_param { num_output: 64 kernel_size: 3 } }   # a comment
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace prototxt {

class error : public std::runtime_error {
 public:
  error(std::size_t line, const std::string& what) : runtime_error("line " + std::to_string(line) + ": " + what) {}
};

/// A field: a word (a number, a name), a string, or a message with fields of its own.
struct field {
  enum class kind { word, string, message };

  std::string name;
  std::size_t line = 0;
  field::kind is = kind::word;
  std::string text = {};
  std::vector<field> fields = {};
};

namespace detail {

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  std::vector<field> message(int depth) {
    constexpr int most = 16;  // caffe's own messages lie three deep
    if (depth > most) throw error(line_, "messages in messages, more than 16 deep");
    std::vector<field> fields;
    while (skip_to_something() && text_[at_] != '}') fields.push_back(one_field(depth));
    if (at_end() != (depth == 0)) throw error(line_, depth == 0 ? "a } without its {" : "the text ends before a }");
    return fields;
  }

 private:
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '.';
  }

  bool at_end() const { return at_ == text_.size(); }

  /// Passes over spaces and comments; false at the end.
  bool skip_to_something() {
    for (bool comment = false; !at_end(); ++at_) {
      const char c = text_[at_];
      if (c == '#') comment = true;
      if (c == '\n') comment = false, ++line_;
      if (!comment && c != ' ' && c != '\t' && c != '\r' && c != '\n') return true;
    }
    return false;
  }
  bool accept(char c) {
    const bool found = skip_to_something() && text_[at_] == c;
    if (found) ++at_;
    return found;
  }

  field one_field(int depth) {
    field result{word("the name of a field"), line_};
    const bool colon = accept(':');
    if (accept('{')) {
      result.is = field::kind::message;
      result.fields = message(depth + 1);
      ++at_;  // the }
    } else if (!colon) {
      throw error(line_, "expected : or { after \"" + result.name + "\"");
    } else if (skip_to_something() && (text_[at_] == '"' || text_[at_] == '\'')) {
      result.is = field::kind::string;
      result.text = string();
    } else {
      result.text = word("the value of \"" + result.name + "\"");
    }
    if (!accept(';')) accept(',');  // either may stand between fields
    return result;
  }

  std::string word(const std::string& what) {
    skip_to_something();
    const std::size_t begin = at_;
    while (!at_end() && is_word(text_[at_])) ++at_;
    if (at_ == begin) throw error(line_, "expected " + what);
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string string() {
    const char quote = text_[at_++];
    const std::size_t end = text_.find_first_of(std::string{quote, '\n'}, at_);
    if (end == std::string_view::npos || text_[end] == '\n') throw error(line_, "a string is not closed");
    const std::string_view content = text_.substr(at_, end - at_);
    if (content.find('\\') != std::string_view::npos)
      throw error(line_, "a string with a backslash, which is not read");
    at_ = end + 1;
    return std::string(content);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace detail

/// The fields of the outermost message.
inline std::vector<field> parse(std::string_view text) { return detail::parser(text).message(0); }

}  // namespace prototxt
