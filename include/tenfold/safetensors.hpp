// safetensors: weights from files and into them. Opt-in: <tenfold/tenfold.hpp> does not include it. The files' headers
// are JSON, which takes nlohmann-json (on Debian nlohmann-json3-dev).
//
//     const tf::safetensors::file weights("net.safetensors");
//     tf::tensor<float> w = weights.get<float>("conv1.weight");  // a copy
//     tf::constant c = weights.get("fc6.weight");                // the file's own bytes, for a graph
//
//     tf::safetensors::content content;
//     content.add("conv1.weight", w);
//     content.write("copy.safetensors");
#pragma once

#include <tenfold/detail/net/files.hpp>
#include <tenfold/detail/net/safetensors.hpp>

namespace tenfold::inline v0 {

struct file_limits {
  /// What a file may make its reader allocate; what is used where it lies in the file does not count.
  index_t max_bytes = index_t{1} << 34;
};

namespace safetensors {

/// The tensors of a file, which is mapped while anything of them lives; so replace such a file as a whole, rather than
/// write into it. It is somebody else's word: everything in it is checked, nothing outside of it is read, and whatever
/// is wrong becomes one tenfold::error that begins with the file's name.
class file {
 public:
  TENFOLD_TAG explicit file(const std::filesystem::path& path, const file_limits& limits = {});
  /// Of the bytes of one; `name` is for the error texts.
  TENFOLD_TAG file(std::string bytes, std::string name, const file_limits& limits = {});

  TENFOLD_TAG const std::string& name() const { return name_; }
  TENFOLD_TAG const std::map<std::string, std::string>& metadata() const { return metadata_; }
  TENFOLD_TAG const std::map<std::string, entry>& entries() const { return entries_; }

  /// The description of a tensor, which must be there.
  TENFOLD_TAG const entry& at(const std::string& tensor) const;
  /// A tensor, which must be there: its bytes in the file, or a copy where they are not aligned as its type asks. (This
  /// project's files and those of safetensors' own library are.)
  TENFOLD_TAG constant get(const std::string& tensor) const;
  /// A copy of one, which must have T's type.
  template <element T>
  TENFOLD_TAG tensor<T> get(const std::string& tensor) const;
  /// All of them.
  TENFOLD_TAG std::map<std::string, constant> constants() const;

  /// Raises an error that begins with the file's name.
  [[noreturn]] TENFOLD_TAG void fail(const std::string& why) const { detail::raise({name_, ": ", why}); }

 private:
  TENFOLD_TAG void read(detail::budget& memory);
  TENFOLD_TAG bool is_in_place(const entry& e) const;
  TENFOLD_TAG std::span<const std::byte> bytes_of(const entry& e) const {
    return data_.subspan(static_cast<std::size_t>(e.begin), static_cast<std::size_t>(e.end - e.begin));
  }

  std::string name_;
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> data_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, entry> entries_;
};

/// What a file is to hold. The same tensors and metadata give the same bytes, in whatever order they were added.
class content {
 public:
  std::map<std::string, std::string> metadata = {};

  /// The constant's memory is shared until this is written. A second one of the same name takes the first one's place.
  TENFOLD_TAG void add(const std::string& name, const constant& x) { tensors_[name] = x; }
  /// The elements are copied.
  template <element T>
  TENFOLD_TAG void add(const std::string& name, const tensor<T>& x) {
    add(name, constant(x));
  }

  TENFOLD_TAG std::string bytes() const;
  /// The file gets this content, or tenfold::error is raised and it stays as it was: a new one takes its name when all
  /// of it is on the disk. It may be the one that the tensors are mapped from.
  TENFOLD_TAG void write(const std::filesystem::path& path) const;

 private:
  TENFOLD_TAG std::vector<std::pair<std::string, any_view>> in_order() const;
  TENFOLD_TAG std::string header() const;
  TENFOLD_TAG static std::span<const std::byte> bytes_of(const any_view& x) {
    return {static_cast<const std::byte*>(x.data()),
            static_cast<std::size_t>(x.shape().elements() * detail::bytes_of(x.type()))};
  }

  std::map<std::string, constant> tensors_;
};

}  // namespace safetensors
}  // namespace tenfold::inline v0

// --------------------------------------------------------------------------------------------------- implementations

namespace tenfold::inline v0::safetensors {

inline file::file(const std::filesystem::path& path, const file_limits& limits) : name_(path.string()) {
  detail::with_source(name_, [&] {
    detail::budget memory(limits.max_bytes, "file_limits::max_bytes");
    detail::owned_bytes mapped = detail::map_file(path, memory);
    owner_ = std::move(mapped.owner);
    data_ = mapped.bytes;
    read(memory);
  });
}

inline file::file(std::string bytes, std::string name, const file_limits& limits) : name_(std::move(name)) {
  detail::with_source(name_, [&] {
    detail::budget memory(limits.max_bytes, "file_limits::max_bytes");
    const auto kept = std::make_shared<const std::string>(std::move(bytes));
    owner_ = kept;
    data_ = std::as_bytes(std::span(*kept));
    read(memory);
  });
}

inline void file::read(detail::budget& memory) {
  detail::safetensors::header header(data_, memory);
  data_ = data_.subspan(header.data_begin);
  metadata_ = std::move(header.metadata);
  entries_ = std::move(header.entries);
  for (const auto& [tensor, e] : entries_)
    if (!is_in_place(e)) memory.take(e.end - e.begin);
}

inline bool file::is_in_place(const entry& e) const {
  const auto alignment = static_cast<std::uintptr_t>(detail::safetensors::find_type(e.dtype)->bytes);
  return reinterpret_cast<std::uintptr_t>(bytes_of(e).data()) % alignment == 0;
}

inline const entry& file::at(const std::string& tensor) const {
  const auto found = entries_.find(tensor);
  if (found == entries_.end()) fail("has no tensor " + detail::in_quotes(tensor));
  return found->second;
}

inline constant file::get(const std::string& tensor) const {
  const entry& e = at(tensor);
  const std::optional<dtype> type = detail::safetensors::find_type(e.dtype)->type;
  if (!type) fail("tensor " + detail::in_quotes(tensor) + " is of type " + e.dtype + ", which no operation takes");
  const std::span<const std::byte> bytes = bytes_of(e);
  if (*type == dtype::boolean)
    for (const std::byte value : bytes)
      if (value > std::byte{1})
        fail("tensor " + detail::in_quotes(tensor) + " has an element of bool that is neither 0 nor 1");
  if (is_in_place(e)) return {any_view(*type, bytes.data(), e.shape), owner_};
  const std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);  // aligned for any element
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return {any_view(*type, copy.get(), e.shape), copy};
}

template <element T>
tensor<T> file::get(const std::string& tensor) const {
  constexpr const char* needed = detail::safetensors::name_of_type(detail::dtype_of<T>());
  const entry& e = at(tensor);
  if (e.dtype != needed)
    fail("tensor " + detail::in_quotes(tensor) + " is of type " + e.dtype + ", where " + needed + " is needed");
  auto result = tenfold::tensor<T>::uninitialized(e.shape);
  if (result.size() > 0) std::memcpy(result.data(), bytes_of(e).data(), bytes_of(e).size());
  return result;
}

inline std::map<std::string, constant> file::constants() const {
  std::map<std::string, constant> result;
  for (const auto& [tensor, e] : entries_) result.emplace(tensor, get(tensor));
  return result;
}

/// Those of wide elements first, so that each is aligned as its own ask; else by name.
inline std::vector<std::pair<std::string, any_view>> content::in_order() const {
  std::vector<std::pair<std::string, any_view>> result(tensors_.begin(), tensors_.end());
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return detail::bytes_of(a.second.type()) > detail::bytes_of(b.second.type());
  });
  return result;
}

inline std::string content::header() const {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header[detail::safetensors::metadata_key] = metadata;
  std::size_t end = 0;
  for (const auto& [name, x] : in_order()) {
    if (name == detail::safetensors::metadata_key) detail::raise({"safetensors: a tensor cannot have the name ", name});
    const std::size_t begin = std::exchange(end, end + bytes_of(x).size());
    header[name] = {{"dtype", detail::safetensors::name_of_type(x.type())},
                    {"shape", std::vector<index_t>(x.shape().begin(), x.shape().end())},
                    {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::type_error&) {
    detail::raise("safetensors: a name or the metadata is not UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data begins at a multiple of every element's size
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

inline std::string content::bytes() const {
  std::string result = header();
  for (const auto& [name, x] : in_order()) result.append(static_cast<const char*>(x.data()), bytes_of(x).size());
  return result;
}

inline void content::write(const std::filesystem::path& path) const {
  const std::string head = header();
  std::vector<std::span<const std::byte>> pieces = {std::as_bytes(std::span(head))};
  for (const auto& [name, x] : in_order()) pieces.push_back(bytes_of(x));
  detail::replace_file(path, pieces);
}

}  // namespace tenfold::inline v0::safetensors
