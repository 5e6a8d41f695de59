// Files as bytes in memory: mapped where the system does so, else read.
#pragma once

#include <tenfold/detail/net/onnx/text.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>  // shared_ptr
#include <system_error>

#if __has_include(<sys/mman.h>)
#include <fcntl.h>
#include <sys/mman.h>

#include <unistd.h>
#define TENFOLD_MAPS_FILES 1
#endif

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// Bytes, and what keeps them alive; nothing does where they are borrowed.
struct owned_bytes {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

#if defined(TENFOLD_MAPS_FILES)

/// Closes a file at the end of its scope: a mapping outlives that.
class open_file {
 public:
  explicit open_file(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// The bytes of a file. Whoever makes it shorter while it is mapped ends the program: replace it as a whole instead.
inline owned_bytes map_file(const std::filesystem::path& path, budget&) {
  const open_file file(path);
  const off_t end = file.descriptor() < 0 ? -1 : ::lseek(file.descriptor(), 0, SEEK_END);
  std::error_code ignored;
  if (end >= 0 && !std::filesystem::is_regular_file(path, ignored)) raise({in_quotes(path.string()), " is not a file"});
  if (end < 0) raise({"cannot open ", in_quotes(path.string())});
  if (end == 0) return {};
  const auto size = static_cast<std::size_t>(end);
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (start == MAP_FAILED) raise({"cannot map ", in_quotes(path.string()), " of ", end, " bytes"});
  std::shared_ptr<const void> owner(start, [size](void* mapped) { ::munmap(mapped, size); });
  return {std::move(owner), {static_cast<const std::byte*>(start), size}};
}

#else

inline owned_bytes map_file(const std::filesystem::path& path, budget& memory) {
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  std::ifstream in(path, std::ios::binary);
  if (failed || !in) raise({"cannot open ", in_quotes(path.string())});
  memory.take(static_cast<index_t>(size));
  const auto bytes = std::make_shared<tensor<std::int8_t>>(shape{static_cast<index_t>(size)});
  if (!in.read(reinterpret_cast<char*>(bytes->data()), static_cast<std::streamsize>(size)))
    raise({"cannot read ", in_quotes(path.string())});
  return {bytes, {reinterpret_cast<const std::byte*>(bytes->data()), static_cast<std::size_t>(size)}};
}

#endif

/// The files beside a model that hold its tensors, each mapped once.
class external_files {
 public:
  external_files(std::filesystem::path folder, budget& memory) : folder_(std::move(folder)), memory_(memory) {}

  /// The bytes of the file there, which has to lie in the model's folder, links followed.
  const owned_bytes& at(std::string_view location) {
    owned_bytes& found = files_[std::string(location)];
    if (!found.owner) found = map_file(path_of(location), memory_);
    return found;
  }

 private:
  std::filesystem::path path_of(std::string_view location) const {
    if (folder_.empty())
      raise({"its data lie in the file ", in_quotes(location), ", which a model in memory has no folder for"});
    const std::filesystem::path relative{std::string(location)};
    bool stays = !location.empty() && location.find('\0') == location.npos && relative.is_relative() &&
                 !relative.has_root_name();
    for (const std::filesystem::path& part : relative) stays = stays && part != "..";
    if (!stays) raise({"its data lie in ", in_quotes(location), ", which is not a path within the model's folder"});
    std::error_code failed;
    const std::filesystem::path folder = std::filesystem::canonical(folder_, failed);
    if (failed) raise({"cannot open the folder ", in_quotes(folder_.string())});
    std::filesystem::path path = std::filesystem::canonical(folder / relative, failed);
    if (failed) raise({"its data lie in the file ", in_quotes(location), ", which is not there"});
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    if (end != folder.end())
      raise({"its data lie in ", in_quotes(location), ", which is a link out of the model's folder"});
    return path;
  }

  std::filesystem::path folder_;
  budget& memory_;
  std::map<std::string, owned_bytes> files_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
