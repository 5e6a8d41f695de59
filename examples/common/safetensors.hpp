// A reader of safetensors files, and what a writer needs: 8 bytes of header length, a JSON header, the tensors' bytes;
// all little-endian. https://huggingface.co/docs/safetensors
//
//     const safetensors::file weights("net.safetensors");
//     tenfold::tensor<float> w = weights.get<float>("conv1.weight");
//
//     const safetensors::mapped_file large("large.safetensors");  // mapped_safetensors.hpp
//     tenfold::constant c = large.get("fc6.weight");
//
//     safetensors::content content;
//     content.add("conv1.weight", w);
//     std::ofstream("copy.safetensors", std::ios::binary) << content.bytes();
//
// A file is somebody else's word: everything in it is checked, and whatever is wrong becomes one sentence in a
// safetensors::error.
#pragma once

#include <tenfold/tensor.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>  // sort
#include <bit>        // endian
#include <concepts>
#include <cstdint>
#include <cstring>  // memcpy
#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace safetensors {

static_assert(std::endian::native == std::endian::little, "the bytes are used as they are");

using tenfold::index_t;

class error : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

/// A tensor as the header describes it. Its bytes are [begin, end) of the data.
struct entry {
  std::string dtype;
  tenfold::shape shape;
  index_t begin = 0;
  index_t end = 0;
};

/// The format's name of an element type.
template <tenfold::element T>
constexpr const char* dtype_of() {
  if constexpr (std::floating_point<T>) return sizeof(T) == 4 ? "F32" : "F64";
  return sizeof(T) == 1 ? "I8" : sizeof(T) == 2 ? "I16" : sizeof(T) == 4 ? "I32" : "I64";
}

/// What a file says of its tensors.
class directory {
 public:
  const std::string& name() const { return name_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::map<std::string, entry>& entries() const { return entries_; }

  /// The description of a tensor, which must be there.
  const entry& at(const std::string& tensor) const {
    const auto found = entries_.find(tensor);
    if (found == entries_.end()) fail("has no tensor " + quoted(tensor));
    return found->second;
  }

  [[noreturn]] void fail(const std::string& why) const { throw error(name_ + ": " + why); }

 protected:
  explicit directory(std::string name) : name_(std::move(name)) {}

  /// Goes to where the tensors' bytes begin, and tells how many there are.
  struct data_place {
    index_t begin, bytes;
  };
  data_place read_header(std::istream& stream) {
    stream.seekg(0, std::ios::end);
    const index_t size = stream.tellg();
    stream.seekg(0);
    constexpr index_t prefix = sizeof(std::uint64_t);
    if (size < prefix) fail_foreign("it has " + std::to_string(size) + " bytes, too few for the header's length");
    std::uint64_t stored_length = 0;
    read_bytes(stream, reinterpret_cast<char*>(&stored_length), prefix);
    if (stored_length > max_header_bytes)
      fail_foreign("its first 8 bytes would make the header " + std::to_string(stored_length) + " bytes long");
    const auto length = static_cast<index_t>(stored_length);
    if (length > size - prefix)
      fail("truncated: the header takes " + std::to_string(length) + " bytes, and " + std::to_string(size - prefix) +
           " are there");

    std::string text(static_cast<std::size_t>(length), '\0');
    read_bytes(stream, text.data(), length);
    const index_t data_bytes = size - prefix - length;
    read_entries(parse(text));
    check_layout(data_bytes);
    return {prefix + length, data_bytes};
  }

  std::ifstream open() const {
    std::error_code ignored;
    if (!std::filesystem::exists(name_, ignored)) fail("no such file");
    std::ifstream stream(name_, std::ios::binary);
    if (!stream || !std::filesystem::is_regular_file(name_, ignored)) fail("cannot be opened as a file");
    return stream;
  }

  void read_bytes(std::istream& stream, char* to, index_t count) const {
    if (!stream.read(to, count)) fail("cannot be read to its end");
  }

  /// A name out of the file, fit for a terminal.
  static std::string quoted(const std::string& text) {
    constexpr std::size_t most = 60;
    const std::string part = text.size() > most ? text.substr(0, most) + "..." : text;
    return nlohmann::json(part).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }

 private:
  static constexpr index_t max_header_bytes = 100'000'000;  // the format's own limit
  static constexpr int max_depth = 3;                       // the header, an entry, its shape

  [[noreturn]] void fail_foreign(const std::string& why) const { fail("not a safetensors file: " + why); }

  /// JSON whose keys are unique and whose depth is that of a header.
  nlohmann::json parse(const std::string& text) const {
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
      using event_t = nlohmann::json::parse_event_t;
      if (depth > max_depth) fail_foreign("its header is nested too deeply");
      if (event == event_t::object_start) keys.emplace_back();
      if (event == event_t::object_end) keys.pop_back();
      if (event == event_t::key && !keys.back().insert(value.get<std::string>()).second)
        fail("the header has the key " + quoted(value.get<std::string>()) + " twice");
      return true;
    };
    try {
      return nlohmann::json::parse(text, check);
    } catch (const nlohmann::json::parse_error& e) {
      fail_foreign("its header is not JSON (at byte " + std::to_string(e.byte) + ")");
    }
  }

  void read_entries(const nlohmann::json& header) {
    if (!header.is_object()) fail_foreign("its header is not a JSON object");
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__")
        read_metadata(value);
      else
        entries_.emplace(key, read_entry(key, value));
    }
  }

  void read_metadata(const nlohmann::json& metadata) {
    if (!metadata.is_object()) fail("its metadata is not a JSON object");
    for (const auto& [key, value] : metadata.items()) {
      if (!value.is_string()) fail("the metadata " + quoted(key) + " is not a string");
      metadata_.emplace(key, value.get<std::string>());
    }
  }

  entry read_entry(const std::string& tensor, const nlohmann::json& description) const {
    const auto fail_here = [&](const std::string& why) { fail("tensor " + quoted(tensor) + " " + why); };
    const auto field = [&](const char* key) -> const nlohmann::json& {
      if (!description.is_object() || !description.contains(key)) fail_here(std::string("has no ") + key);
      return description.at(key);
    };
    entry e;
    if (!field("dtype").is_string()) fail_here("has a dtype that is not a string");
    e.dtype = field("dtype").get<std::string>();
    const index_t element = element_bytes(e.dtype);
    if (element == 0) fail_here("is of the unknown type " + quoted(e.dtype));

    const std::vector<index_t> sizes = numbers(field("shape"));
    if (sizes.size() != field("shape").size() || sizes.size() > tenfold::shape::max_rank)
      fail_here("has a shape that is not a list of at most 8 sizes");
    e.shape = tenfold::shape(std::span<const index_t>(sizes));

    const std::vector<index_t> span = numbers(field("data_offsets"));
    if (span.size() != 2 || span[0] > span[1]) fail_here("has data_offsets that are not [begin, end]");
    e.begin = span[0];
    e.end = span[1];
    index_t bytes = 0;
    if (!byte_count(e.shape, element, bytes)) fail_here("has a shape whose size overflows");
    if (bytes != e.end - e.begin)
      fail_here("has " + std::to_string(e.end - e.begin) + " bytes, where its shape and type make " +
                std::to_string(bytes));
    return e;
  }

  /// The format's rule: the tensors fill the data without a gap or an overlap.
  void check_layout(index_t data_bytes) const {
    std::vector<std::pair<index_t, index_t>> spans;
    for (const auto& [tensor, e] : entries_) spans.emplace_back(e.begin, e.end);
    std::sort(spans.begin(), spans.end());
    index_t reached = 0;
    for (const auto& [begin, end] : spans) {
      if (begin != reached) fail(begin < reached ? "its tensors overlap" : "there is a gap between its tensors");
      reached = end;
    }
    if (reached > data_bytes)
      fail("truncated: its tensors take " + std::to_string(reached) + " bytes, and " + std::to_string(data_bytes) +
           " are there");
    if (reached < data_bytes) fail("there are " + std::to_string(data_bytes - reached) + " bytes behind its tensors");
  }

  /// 0 for a type that the format does not have.
  static index_t element_bytes(const std::string& dtype) {
    static const std::map<std::string, index_t> bytes = {
        {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
        {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"I64", 8},     {"U64", 8}, {"F64", 8}};
    const auto found = bytes.find(dtype);
    return found == bytes.end() ? 0 : found->second;
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

  static bool byte_count(const tenfold::shape& shape, index_t element, index_t& bytes) {
    bytes = element;
    for (const index_t size : shape)
      if (size == 0) return bytes = 0, true;
    for (const index_t size : shape)
      if (!tenfold::detail::multiply_fits(bytes, size, bytes)) return false;
    return true;
  }

  std::string name_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, entry> entries_;
};

/// A file that is read whole.
class file : public directory {
 public:
  explicit file(const std::string& path) : directory(path) {
    std::ifstream stream = open();
    read(stream);
  }
  /// From any seekable stream; `name` is for the error texts.
  file(std::istream& stream, std::string name) : directory(std::move(name)) { read(stream); }

  /// A tensor, which must be there and have T's type.
  template <tenfold::element T>
  tenfold::tensor<T> get(const std::string& tensor) const {
    const entry& e = at(tensor);
    if (e.dtype != dtype_of<T>())
      fail("tensor " + quoted(tensor) + " is of type " + e.dtype + ", where " + dtype_of<T>() + " is needed");
    auto result = tenfold::tensor<T>::uninitialized(e.shape);
    if (e.end > e.begin) std::memcpy(result.data(), data_.data() + e.begin, static_cast<std::size_t>(e.end - e.begin));
    return result;
  }

 private:
  void read(std::istream& stream) {
    data_.resize(static_cast<std::size_t>(read_header(stream).bytes));
    read_bytes(stream, data_.data(), static_cast<index_t>(data_.size()));
  }

  std::vector<char> data_;
};

/// What a file is to hold. The same tensors and metadata give the same bytes, in whatever order they were added.
class content {
 public:
  std::map<std::string, std::string> metadata;

  /// The tensor's elements are copied. A second one of the same name takes the first one's place.
  template <tenfold::element T>
  void add(const std::string& name, const tenfold::tensor<T>& x) {
    const std::string_view bytes(reinterpret_cast<const char*>(x.data()),
                                 static_cast<std::size_t>(x.size()) * sizeof(T));
    tensors_[name] = {dtype_of<T>(), {x.shape().begin(), x.shape().end()}, std::string(bytes)};
  }

  std::string bytes() const {
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::string data;
    for (const auto& [name, t] : tensors_) {
      header[name] = {
          {"dtype", t.dtype}, {"shape", t.sizes}, {"data_offsets", {data.size(), data.size() + t.data.size()}}};
      data += t.data;
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');  // so that the data begins at a multiple of every element's size
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
  }

 private:
  struct described {
    const char* dtype;
    std::vector<index_t> sizes;
    std::string data;
  };
  std::map<std::string, described> tensors_;
};

}  // namespace safetensors
