// The header of a file of safetensors: 8 bytes of its length, JSON, and behind it the tensors' bytes; all
// little-endian. https://huggingface.co/docs/safetensors
#pragma once

#include <tenfold/detail/net/json.hpp>
#include <tenfold/graph.hpp>

#include <algorithm>  // sort
#include <bit>        // endian
#include <cstring>    // memcpy
#include <span>

namespace tenfold::inline v0::safetensors {

/// A tensor as the header describes it. Its bytes are [begin, end) of the data.
struct entry {
  std::string dtype;  // the format's name
  tenfold::shape shape;
  index_t begin = 0;
  index_t end = 0;
};

}  // namespace tenfold::inline v0::safetensors

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::safetensors {

using tenfold::safetensors::entry;

inline constexpr const char* metadata_key = "__metadata__";

struct element_type {
  const char* name;
  index_t bytes;
  std::optional<dtype> type = std::nullopt;  // none of those that nothing computes with
};

/// The format's types; null for a name that is none of them.
inline const element_type* find_type(std::string_view name) {
  using enum dtype;
  static constexpr element_type types[] = {
      {"F32", 4, float32}, {"F64", 8, float64}, {"I8", 1, int8},      {"I16", 2, int16},   {"I32", 4, int32},
      {"I64", 8, int64},   {"U8", 1, uint8},    {"BOOL", 1, boolean}, {"F16", 2, float16}, {"BF16", 2, bfloat16},
      {"F8_E5M2", 1},      {"F8_E4M3", 1},      {"U16", 2},           {"U32", 4},          {"U64", 8}};
  for (const element_type& one : types)
    if (name == one.name) return &one;
  return nullptr;
}

constexpr const char* name_of_type(dtype type) {
  constexpr const char* names[] = {"F32", "F64", "I8", "I16", "I32", "I64", "U8", "BOOL", "F16", "BF16"};
  return names[static_cast<std::size_t>(type)];
}

/// What a file says of its tensors. All of it is checked: they fill the data without a gap or an overlap.
class header {
 public:
  std::map<std::string, std::string> metadata;
  std::map<std::string, entry> entries;
  std::size_t data_begin = 0;

  header(std::span<const std::byte> file, budget& memory) {
    const std::string_view text = text_of(file);
    read(parse_json(text, "header", deepest, memory, refuse));
    data_begin = prefix + text.size();
    check_layout(static_cast<index_t>(file.size() - data_begin));
  }

 private:
  static constexpr std::size_t prefix = sizeof(std::uint64_t);
  static constexpr std::uint64_t longest = 100'000'000;  // the format's own limit
  static constexpr int deepest = 3;                      // the header, an entry, its shape

  [[noreturn]] static void refuse(const std::string& why) { raise({"not a safetensors file: ", why}); }

  static std::string_view text_of(std::span<const std::byte> file) {
    if constexpr (std::endian::native != std::endian::little) raise("its numbers are not read on big-endian machines");
    if (file.size() < prefix) refuse(join({"it has ", file.size(), " bytes, too few for the header's length"}));
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), prefix);
    if (length > longest) refuse("its first 8 bytes would make the header " + std::to_string(length) + " bytes long");
    if (length > file.size() - prefix)
      raise({"truncated: the header takes ", length, " bytes, and ", file.size() - prefix, " are there"});
    return {reinterpret_cast<const char*>(file.data()) + prefix, static_cast<std::size_t>(length)};
  }

  void read(const nlohmann::json& all) {
    if (!all.is_object()) refuse("its header is not a JSON object");
    for (const auto& [key, value] : all.items()) {
      if (key == metadata_key)
        read_metadata(value);
      else
        entries.emplace(key, read_entry(key, value));
    }
  }

  void read_metadata(const nlohmann::json& from) {
    if (!from.is_object()) raise("its metadata is not a JSON object");
    for (const auto& [key, value] : from.items()) {
      if (!value.is_string()) raise({"the metadata ", in_quotes(key), " is not a string"});
      metadata.emplace(key, value.get<std::string>());
    }
  }

  static entry read_entry(const std::string& tensor, const nlohmann::json& description) {
    const auto fail = [&](std::initializer_list<text_part> why) {
      raise({"tensor ", in_quotes(tensor), " ", join(why)});
    };
    const auto field = [&](const char* key) -> const nlohmann::json& {
      if (!description.is_object() || !description.contains(key)) fail({"has no ", key});
      return description.at(key);
    };
    entry e;
    if (!field("dtype").is_string()) fail({"has a dtype that is not a string"});
    e.dtype = field("dtype").get<std::string>();
    const element_type* const type = find_type(e.dtype);
    if (!type) fail({"is of the unknown type ", in_quotes(e.dtype)});

    const std::vector<index_t> sizes = numbers(field("shape"));
    if (sizes.size() != field("shape").size() || sizes.size() > shape::max_rank)
      fail({"has a shape that is not a list of at most ", shape::max_rank, " sizes"});
    e.shape = tenfold::shape(std::span<const index_t>(sizes));

    const std::vector<index_t> span = numbers(field("data_offsets"));
    if (span.size() != 2 || span[0] > span[1]) fail({"has data_offsets that are not [begin, end]"});
    e.begin = span[0];
    e.end = span[1];
    const std::optional<index_t> bytes = byte_count(e.shape, type->bytes);
    if (!bytes) fail({"has a shape whose size overflows"});
    if (*bytes != e.end - e.begin) fail({"has ", e.end - e.begin, " bytes, where its shape and type make ", *bytes});
    return e;
  }

  void check_layout(index_t data_bytes) const {
    std::vector<std::pair<index_t, index_t>> spans;
    for (const auto& [tensor, e] : entries) spans.emplace_back(e.begin, e.end);
    std::sort(spans.begin(), spans.end());
    index_t reached = 0;
    for (const auto& [begin, end] : spans) {
      if (begin != reached) raise(begin < reached ? "its tensors overlap" : "there is a gap between its tensors");
      reached = end;
    }
    if (reached > data_bytes)
      raise({"truncated: its tensors take ", reached, " bytes, and ", data_bytes, " are there"});
    if (reached < data_bytes) raise({"there are ", data_bytes - reached, " bytes behind its tensors"});
  }

  /// A list of sizes or offsets, up to the first that is not a whole number from 0 to 2^63 - 1.
  static std::vector<index_t> numbers(const nlohmann::json& list) {
    std::vector<index_t> result;
    if (!list.is_array()) return result;
    for (const nlohmann::json& number : list) {
      if (!number.is_number_unsigned() || number.get<std::uint64_t>() > INT64_MAX) break;
      result.push_back(number.get<index_t>());
    }
    return result;
  }

  static std::optional<index_t> byte_count(const shape& s, index_t element) {
    index_t bytes = element;
    for (const index_t size : s)
      if (size == 0) return 0;
    for (const index_t size : s)
      if (!multiply_fits(bytes, size, bytes)) return std::nullopt;
    return bytes;
  }
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::safetensors
