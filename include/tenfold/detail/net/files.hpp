// Files whole: mapped where the system does so, else read; and replaced.
#pragma once

#include <tenfold/detail/net/budget.hpp>

#include <cerrno>
#include <filesystem>
#include <memory>  // shared_ptr
#include <span>
#include <system_error>  // generic_category

#if __has_include(<sys/mman.h>)
#include <fcntl.h>     // open
#include <sys/mman.h>  // mmap
#include <unistd.h>    // lseek, write, fsync, close
#define TENFOLD_MAPS_FILES 1
#else
#include <fstream>
#endif

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// Bytes, and what keeps them alive; nothing does where they are borrowed.
struct owned_bytes {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

/// read(), whose errors begin with the name of what is read.
template <class Read>
auto with_source(const std::string& name, const Read& read) {
  try {
    return read();
  } catch (const error& e) {
    raise({name, ": ", e.what()});
  }
}

[[noreturn]] inline void refuse_to_write(const std::filesystem::path& path, int reason) {
  raise({path.string(), ": cannot be written (", std::generic_category().message(reason), ")"});
}

#if defined(TENFOLD_MAPS_FILES)

/// Closes a file at the end of its scope: a mapping outlives that.
class open_file {
 public:
  open_file(const std::filesystem::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { shut(); }

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  bool write(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const auto count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool sync() const { return ::fsync(descriptor_) == 0; }
  bool shut() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor < 0 || ::close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

/// The bytes of a file. Whoever makes it shorter while it is mapped ends the program: replace it as a whole instead.
inline owned_bytes map_file(const std::filesystem::path& path, budget&) {
  const open_file file(path, O_RDONLY | O_NONBLOCK);  // a pipe's other end is not waited for
  if (!file.is_open()) raise({"it cannot be opened (", std::generic_category().message(errno), ")"});
  const off_t end = ::lseek(file.descriptor(), 0, SEEK_END);
  std::error_code ignored;
  if (end < 0 || !std::filesystem::is_regular_file(path, ignored)) raise("it is not a file");
  if (end == 0) return {};
  const auto size = static_cast<std::size_t>(end);
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (start == MAP_FAILED)
    raise({"it cannot be mapped, ", size, " bytes (", std::generic_category().message(errno), ")"});
  std::shared_ptr<const void> owner(start, [size](void* mapped) { ::munmap(mapped, size); });
  return {std::move(owner), {static_cast<const std::byte*>(start), size}};
}

/// The file gets this content, piece by piece, or an error is raised and it stays as it was. The bytes go to a new file
/// in the same folder (so that it is on the same disk) and reach that disk before it takes the old one's name, which is
/// one step of the file system; then the folder, which holds the name, is written too. A kill leaves `path`.part at
/// most, which the next call overwrites.
inline void replace_file(const std::filesystem::path& path, std::span<const std::span<const std::byte>> pieces) {
  std::filesystem::path beside = path;
  beside += ".part";
  open_file file(beside, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) refuse_to_write(path, errno);
  bool is_there = true;
  for (const std::span<const std::byte> piece : pieces) is_there = is_there && file.write(piece);
  if (!is_there || !file.sync() || !file.shut() || ::rename(beside.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(beside.c_str());
    refuse_to_write(path, reason);
  }
  const std::filesystem::path parent = path.parent_path();
  const open_file folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder (EINVAL); the name is then theirs to keep.
  if (folder.is_open() && !folder.sync() && errno != EINVAL) refuse_to_write(path, errno);
}

#else

inline owned_bytes map_file(const std::filesystem::path& path, budget& memory) {
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  std::ifstream in(path, std::ios::binary);
  if (failed || !in) raise("it cannot be opened");
  memory.take(static_cast<index_t>(size));
  const std::shared_ptr<std::byte[]> bytes(new std::byte[size]);
  if (!in.read(reinterpret_cast<char*>(bytes.get()), static_cast<std::streamsize>(size))) raise("it cannot be read");
  return {bytes, {bytes.get(), size}};
}

inline void replace_file(const std::filesystem::path& path, std::span<const std::span<const std::byte>> pieces) {
  std::filesystem::path beside = path;
  beside += ".part";
  std::ofstream out(beside, std::ios::binary);
  for (const std::span<const std::byte> piece : pieces)
    out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(beside, path, failed);
  if (!out || failed) refuse_to_write(path, failed ? failed.value() : EIO);
}

#endif

inline void replace_file(const std::filesystem::path& path, std::string_view content) {
  const std::span<const std::byte> piece = std::as_bytes(std::span(content));
  replace_file(path, std::span(&piece, 1));
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
