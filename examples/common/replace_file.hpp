// Writing a file so that whoever looks, at whatever moment, finds the old content or the new one whole.
#pragma once

#include <tenfold/detail/net/files.hpp>

#include <string>
#include <string_view>

namespace files {

/// As the library writes weights. Throws tenfold::error where it cannot, and leaves the file as it was.
inline void replace_file(const std::string& path, std::string_view bytes) {
  tenfold::detail::replace_file(path, bytes);
}

}  // namespace files
