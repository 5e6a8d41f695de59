// graph_text: a graph as text that people can read and write. Opt-in: <tenfold/tenfold.hpp> does not include it.
#pragma once

#include <tenfold/detail/quotes.hpp>
#include <tenfold/graph.hpp>

#include <algorithm>  // any_of
#include <charconv>   // from_chars, to_chars
#include <string_view>
#include <system_error>  // errc

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
namespace detail::text {

/// What may stand in a name without quotes: all but spaces, controls and the signs of the format.
constexpr bool is_plain(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '\x7f' &&
         std::string_view(",;=()[]#@\"\\").find(c) == std::string_view::npos;
}

/// Whether a number, or a dash that leaves an input out, could be read instead: then a name needs quotes, as the words
/// do that begin a line.
inline bool needs_quotes(std::string_view name) {
  return name.empty() || name == "-" || name == "input" || name == "output" ||
         std::any_of(name.begin(), name.end(), [](char c) { return !is_plain(c); });
}

inline std::string string_text(std::string_view value) { return '"' + escaped(value) + '"'; }

inline std::string name_text(const std::string& name) { return needs_quotes(name) ? string_text(name) : name; }
/// A tensor's name; one that is left out is a dash.
inline std::string tensor_text(const std::string& name) { return name.empty() ? "-" : name_text(name); }

/// Items with ", " between them.
template <class List, class Text>
std::string joined(const List& items, const Text& text_of) {
  std::string result;
  for (const auto& item : items) {
    if (!result.empty()) result += ", ";
    result += text_of(item);
  }
  return result;
}

inline std::string number_text(index_t number) { return std::to_string(number); }

/// The shortest text that is read as the same number, with a point or an exponent, so that it is not read as an
/// integer.
inline std::string number_text(double number) {
  char buffer[32];
  std::string result(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
  // By its letters, because flags may make a program think that there is neither.
  if (result.find("nan") != std::string::npos) return "nan";
  if (result.find_first_of(".ein") == std::string::npos) result += ".0";
  return result;
}

inline std::string value_text(index_t value) { return number_text(value); }
inline std::string value_text(double value) { return number_text(value); }
inline std::string value_text(const std::string& value) { return string_text(value); }
template <class Number>
std::string value_text(const std::vector<Number>& values) {
  const std::string list = "[" + joined(values, [](Number number) { return number_text(number); }) + "]";
  return std::same_as<Number, double> && values.empty() ? "float64[]" : list;
}

inline std::string input_text(const graph_input& input) {
  std::string line = "input " + name_text(input.name) + " " + name_of(input.type);
  if (input.sizes) line += " [" + joined(*input.sizes, [](index_t size) { return number_text(size); }) + "]";
  return line;
}

inline std::string node_text(const graph_node& node) {
  std::string line = joined(node.outputs, tensor_text);
  line += " = " + name_text(node.op) + "(" + joined(node.inputs, tensor_text);
  if (!node.attributes.empty())
    line += "; " + joined(node.attributes, [](const auto& one) {
              return name_text(one.first) + "=" +
                     std::visit([](const auto& value) { return value_text(value); }, one.second);
            });
  line += ")";
  if (node.outputs.empty() || node.name != node.outputs.front()) line += " @" + name_text(node.name);
  return line;
}

/// Reads one line, from left to right. Everything that is wrong is raised with the line's number and the column.
class line_reader {
 public:
  line_reader(std::string_view line, index_t line_number) : line_(line), number_(line_number) {}

  /// Skips spaces; true at the end, or where a comment begins.
  bool at_end() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) ++at_;
    return at_ == line_.size() || line_[at_] == '#';
  }
  char peek() { return at_end() ? '\0' : line_[at_]; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c, const char* where) {
    if (!accept(c)) fail({"expected '", std::string_view(&c, 1), "' ", where, ", but got ", found()});
  }

  /// A name, plain or in quotes. Of a tensor "" is one that is left out, which a plain dash says too.
  std::string name(const char* of) {
    if (peek() == '"') return string();
    const std::string_view plain = next_word();
    if (plain.empty()) fail({"expected the name of ", of, ", but got ", found()});
    return std::string(plain);
  }
  std::string tensor() {
    if (peek() == '"') return string();
    std::string result = name("a tensor");
    return result == "-" ? std::string() : result;
  }

  /// Whether `accept` takes the word there; nothing is read if not.
  template <class Accept>
  bool word_if(const Accept& accept) {
    const std::size_t before = (at_end(), at_);
    if (peek() != '"' && accept(next_word())) return true;
    at_ = before;
    return false;
  }

  attribute value() {
    if (peek() == '"') return string();
    if (accept('[')) return list();
    if (line_.substr(at_).starts_with("float64[")) {
      at_ += 8;
      expect(']', "after 'float64[', which is an empty list");
      return std::vector<double>();
    }
    const number one = read_number();
    return one.integer ? attribute(*one.integer) : attribute(one.real);
  }

  std::vector<index_t> integers(const char* of) {
    expect('[', "before a list");
    attribute values = list();
    if (auto* found = std::get_if<std::vector<index_t>>(&values)) return std::move(*found);
    fail({"expected integers as ", of});
  }

  void end() {
    if (!at_end()) fail({"expected the end of the line, but got ", found()});
  }

  [[noreturn]] void fail(std::initializer_list<text_part> parts) const {
    raise({"line ", number_, ", column ", at_ + 1, ": ", join(parts)});
  }

 private:
  struct number {
    double real = 0;
    std::optional<index_t> integer = std::nullopt;  // the same, if it was written as one
  };

  std::string_view next_word() {
    at_end();
    const std::size_t begin = at_;
    while (at_ < line_.size() && is_plain(line_[at_])) ++at_;
    return line_.substr(begin, at_ - begin);
  }

  std::string found() {
    constexpr std::size_t most = 30;
    if (at_end()) return "the end of the line";
    const std::string_view rest = line_.substr(at_);
    return in_quotes(rest.substr(0, most)) + (rest.size() > most ? "..." : "");
  }

  number read_number() {
    const std::size_t begin = (at_end(), at_);
    const std::string_view digits = next_word();
    const char* const end = digits.data() + digits.size();
    number result;
    index_t integer = 0;
    std::from_chars_result read = std::from_chars(digits.data(), end, integer);
    if (read.ptr == end && read.ec == std::errc()) {
      result.integer = integer;
      result.real = static_cast<double>(integer);
      return result;
    }
    const bool too_large = read.ptr == end && read.ec == std::errc::result_out_of_range;
    if (!too_large) read = std::from_chars(digits.data(), end, result.real);
    if (!digits.empty() && read.ptr == end && read.ec == std::errc()) return result;
    at_ = begin;
    fail({read.ec == std::errc::result_out_of_range ? "expected a number that 64 bits hold, but got "
                                                    : "expected a number, a string or a list, but got ",
          found()});
  }

  /// Behind its '['. One real number makes all of them real.
  attribute list() {
    std::vector<number> numbers;
    bool all_integer = true;
    if (peek() != ']') {
      do {
        numbers.push_back(read_number());
        all_integer = all_integer && numbers.back().integer;
      } while (accept(','));
    }
    expect(']', "after the last number of a list");
    if (all_integer) {
      std::vector<index_t> integers;
      integers.reserve(numbers.size());
      for (const number& one : numbers) integers.push_back(*one.integer);
      return integers;
    }
    std::vector<double> reals;
    reals.reserve(numbers.size());
    for (const number& one : numbers) reals.push_back(one.real);
    return reals;
  }

  std::string string() {
    std::string result;
    ++at_;
    while (true) {
      if (at_ == line_.size()) fail({"the string is not closed"});
      const char c = line_[at_++];
      if (c == '"') return result;
      result += c == '\\' ? escape() : c;
    }
  }

  /// Behind its backslash.
  char escape() {
    constexpr std::string_view letters = "\"\\ntrx", meant = "\"\\\n\t\r";
    const std::size_t letter = at_ == line_.size() ? std::string_view::npos : letters.find(line_[at_]);
    if (letter == std::string_view::npos) fail({"expected one of \" \\ n t r x after a backslash in a string"});
    ++at_;
    if (letter < meant.size()) return meant[letter];
    unsigned char byte = 0;
    const char* const digits = line_.data() + at_;
    if (line_.size() - at_ < 2 || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
      fail({"expected two hexadecimal digits after \\x"});
    at_ += 2;
    return static_cast<char>(byte);
  }

  std::string_view line_;
  index_t number_;
  std::size_t at_ = 0;
};

inline graph_input read_input(line_reader& line) {
  graph_input input;
  input.name = line.name("an input");
  const auto is_dtype = [&](std::string_view word) {
    for (int type = 0; type <= static_cast<int>(dtype::bfloat16); ++type)
      if (name_of(static_cast<dtype>(type)) == word) return input.type = static_cast<dtype>(type), true;
    return false;
  };
  if (!line.word_if(is_dtype)) line.fail({"expected the type of an input, such as float32 or int64"});
  if (line.at_end()) return input;
  const std::vector<index_t> sizes = line.integers("an input's sizes");
  if (sizes.size() > shape::max_rank) line.fail({"an input of more than ", shape::max_rank, " dimensions"});
  for (const index_t size : sizes)
    if (size < -1) line.fail({"expected sizes of 0 or more, or -1 for any, but got ", size});
  input.sizes = shape(std::span<const index_t>(sizes));
  return input;
}

inline void read_attributes(line_reader& line, attributes& into) {
  do {
    std::string key = line.name("an attribute");
    line.expect('=', "after the name of an attribute");
    attribute value = line.value();
    if (!into.emplace(key, std::move(value)).second) line.fail({"the attribute ", in_quotes(key), " is there twice"});
  } while (line.accept(','));
}

inline graph_node read_node(line_reader& line) {
  graph_node node;
  if (line.peek() != '=') {
    do node.outputs.push_back(line.tensor());
    while (line.accept(','));
  }
  line.expect('=', "after the outputs of a node");
  node.op = line.name("an operation");
  line.expect('(', "after the name of an operation");
  if (line.peek() != ')' && line.peek() != ';') {
    do node.inputs.push_back(line.tensor());
    while (line.accept(','));
  }
  if (line.accept(';')) read_attributes(line, node.attributes);
  line.expect(')', "after the inputs and attributes of a node");
  if (line.accept('@'))
    node.name = line.name("a node");
  else if (!node.outputs.empty())
    node.name = node.outputs.front();
  return node;
}

/// Whether the line begins with that word and is no node whose first output has it as its name.
inline bool begins_with(line_reader& line, std::string_view keyword) {
  return line.word_if(
      [&](std::string_view word) { return word == keyword && line.peek() != '=' && line.peek() != ','; });
}

inline void read_line(line_reader& line, graph& into) {
  if (line.at_end()) return;
  if (begins_with(line, "input"))
    into.inputs.push_back(read_input(line));
  else if (begins_with(line, "output"))
    into.outputs.push_back(line.name("an output"));
  else
    into.nodes.push_back(read_node(line));
  line.end();
}

}  // namespace detail::text

/// Reads a graph. A line is an input, an output or a node, in any order; a comment begins with # and ends with its
/// line.
///
///     input x float32 [1, 3, -1, -1]         # -1 is any size; without the list the shape may be any
///     y = conv2d(x, weight, -; stride=2, padding=[1, 2])   # "-" is an input that is left out
///     values, indices = max_pool2d(y; kernel_size=2) @pool
///     z = onnx_resize(values, -, -, sizes; mode="linear", cubic_coeff_a=-0.5)
///     output z
///
/// A node's name is that of its first output, unless @name follows. Numbers with a point or an exponent, nan and inf
/// are doubles, the others integers; a list with one double is one of doubles, and `float64[]` an empty one. Names and
/// strings stand in quotes where they have spaces or signs of the format in them; in quotes \" \\ \n \t \r and \x1f
/// mean what they do in C.
///
/// The constants are those names that no line makes: they are to be put into graph::constants from elsewhere. Only the
/// form is checked here, and net checks the rest.
/// throws  tenfold::error with the line and the column of what is wrong
inline graph read_graph_text(std::string_view text) {
  graph result;
  for (index_t number = 1; !text.empty(); ++number) {
    const std::size_t length = (std::min)(text.find('\n'), text.size());
    detail::text::line_reader line(text.substr(0, length), number);
    detail::text::read_line(line, result);
    text.remove_prefix((std::min)(length + 1, text.size()));
  }
  return result;
}

/// The text that read_graph_text reads as the same graph, but for its constants. (A NaN comes back as one, whatever its
/// sign and payload.)
inline std::string graph_text(const graph& from) {
  std::string result;
  for (const graph_input& input : from.inputs) result += detail::text::input_text(input) + "\n";
  for (const graph_node& node : from.nodes) result += detail::text::node_text(node) + "\n";
  for (const std::string& output : from.outputs) result += "output " + detail::text::name_text(output) + "\n";
  return result;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
