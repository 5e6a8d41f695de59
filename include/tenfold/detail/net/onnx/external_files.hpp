// The files beside a model that hold its tensors.
#pragma once

#include <tenfold/detail/net/files.hpp>
#include <tenfold/detail/quotes.hpp>

#include <map>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// Each is mapped once.
class external_files {
 public:
  external_files(std::filesystem::path folder, budget& memory) : folder_(std::move(folder)), memory_(memory) {}

  /// The bytes of the file there, which has to lie in the model's folder, links followed.
  const owned_bytes& at(std::string_view location) {
    owned_bytes& found = files_[std::string(location)];
    if (found.owner) return found;
    const std::filesystem::path path = path_of(location);
    return found = with_source(join({"its data lie in the file ", in_quotes(location)}),
                               [&] { return map_file(path, memory_); });
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
