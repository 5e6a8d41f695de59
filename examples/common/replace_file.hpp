// Writing a file so that whoever looks, at whatever moment, finds the old content or the new one whole.
#pragma once

#include <fcntl.h>   // open
#include <unistd.h>  // write, fsync, close

#include <cerrno>
#include <cstdio>  // rename
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>  // generic_category

namespace files {

namespace detail {

[[noreturn]] inline void fail(const std::string& path, int reason) {
  throw std::runtime_error(path + ": cannot be written (" + std::generic_category().message(reason) + ")");
}

class descriptor {
 public:
  descriptor(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~descriptor() { close(); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  bool is_open() const { return number_ >= 0; }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::write(number_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool sync() const { return ::fsync(number_) == 0; }
  bool close() {
    const int number = number_;
    number_ = -1;
    return number < 0 || ::close(number) == 0;
  }

 private:
  int number_;
};

/// Throws before `path` is touched; a temporary file that cannot be filled is taken away.
inline void write_beside(const std::string& path, const std::string& temporary, std::string_view bytes) {
  descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) fail(path, errno);
  if (file.write(bytes) && file.sync() && file.close()) return;
  const int reason = errno;
  ::unlink(temporary.c_str());
  fail(path, reason);
}

}  // namespace detail

/// The file gets this content, or throws std::runtime_error and leaves it as it was. The bytes go to a new file in the
/// same folder (so that it is on the same disk) and reach that disk before it takes the old one's name, which is one
/// step of the file system; then the folder, which holds the name, is written too. A kill leaves `path`.part at most,
/// which the next call overwrites.
inline void replace_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".part";
  detail::write_beside(path, temporary, bytes);
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    detail::fail(path, reason);
  }
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const detail::descriptor folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder (EINVAL); the name is then theirs to keep.
  if (folder.is_open() && !folder.sync() && errno != EINVAL) detail::fail(path, errno);
}

}  // namespace files
