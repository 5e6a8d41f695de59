// Damaged files of nets, texts of graphs and safetensors: whatever they hold, reading them ends in a graph, in tensors
// within the file, or in one tenfold::error.
//
//     net_file_fuzz [--seed N] [--rounds N] [--seconds N] FILE...
//
// Each round damages one of the files, byte by byte or word by word, and reads it in a buffer of its very size.
#include "damage.hpp"

#include <tenfold/graph_text.hpp>
#include <tenfold/safetensors.hpp>

namespace {

constexpr index_t most_bytes = 1 << 26;

constexpr const char* words[] = {"0",
                                 "1",
                                 "-1",
                                 "2147483648",
                                 "4611686018427387904",
                                 "9223372036854775807",
                                 "18446744073709551615",
                                 "1e999",
                                 "nan",
                                 "0.5",
                                 "\"\"",
                                 "\"\\u0000\"",
                                 "\"F16\"",
                                 "\"I64\"",
                                 "\"BOOL\"",
                                 "\"F8_E4M3\"",
                                 "[]",
                                 "[1,1,1,1,1,1,1,1,1]",
                                 "{}",
                                 "null",
                                 "\"__metadata__\"",
                                 "input",
                                 "output",
                                 "float64[]",
                                 "-",
                                 "=",
                                 "#",
                                 "@"};

bool is_in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Another word in the place of one, or the copy of a piece from one word's end to another's.
void damage_words(std::string& text, random_source& random) {
  std::size_t at = random.below(text.size());
  while (at > 0 && is_in_word(text[at - 1])) --at;
  std::size_t end = at;
  while (end < text.size() && is_in_word(text[end])) ++end;
  if (random.one_in(3))
    text.insert(end, text.substr(random.below(text.size()), random.below(120)));
  else
    text.replace(at, end - at, random.pick(words));
}

bool is_safetensors(const std::string& file) { return file.size() > 8 && file[8] == '{'; }

/// Its header, most of the times with the length that it has then.
void damage_header(std::string& file, random_source& random) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  std::string header = file.substr(8, length), data = file.substr(8 + header.size());
  if (random.one_in(4))
    damage_bytes(header, random);
  else
    damage_words(header, random);
  if (random.one_in(8)) damage_bytes(data, random);
  if (!random.one_in(10)) length = header.size();
  file = std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

/// The sum of all bytes that the tensors have, so that each is read.
int sum_of(const tf::safetensors::file& file) {
  int sum = 0;
  for (const auto& [name, x] : file.constants())
    for (index_t i = 0; i < x.shape().elements() * tf::detail::bytes_of(x.type()); ++i)
      sum += static_cast<const unsigned char*>(x.data())[i];
  return sum;
}

/// A text that can be read is that of the graph that it is read as.
void check_text(const std::string& text) {
  const std::string written = tf::graph_text(tf::read_graph_text(text));
  if (tf::graph_text(tf::read_graph_text(written)) != written) {
    std::fprintf(stderr, "another text comes back of %s\n", written.c_str());
    std::abort();
  }
}

bool run_round(const std::vector<std::string>& files, std::uint64_t seed, bool) {
  random_source random(seed);
  std::string file = files[random.below(files.size())];
  const bool is_weights = is_safetensors(file);
  for (std::size_t i = random.below(3) + 1; i > 0 && file.size() > 8; --i) {
    if (is_weights)
      damage_header(file, random);
    else if (random.one_in(4))
      damage_bytes(file, random);
    else
      damage_words(file, random);
  }
  file.shrink_to_fit();
  try {
    if (!is_weights) return check_text(file), true;
    return sum_of(tf::safetensors::file(std::move(file), "F", {.max_bytes = most_bytes})) >= 0;
  } catch (const tf::error& e) {
    check_is_printable(e);
    return false;
  }
}

}  // namespace

int main(int count, char** arguments) { return run_rounds(count, arguments, run_round); }
