// Weights that stay in their file: the operating system reads what is used, and may forget it again.
#pragma once

#include "common/safetensors.hpp"

#include <tenfold/graph.hpp>

#include <fcntl.h>     // open
#include <sys/mman.h>  // mmap
#include <unistd.h>    // close

#include <cerrno>
#include <memory>  // shared_ptr
#include <optional>

namespace safetensors {

namespace detail {

/// The graph's type of the format's name; none for those that nothing computes with.
inline std::optional<tenfold::dtype> graph_type(const std::string& name) {
  using enum tenfold::dtype;
  static const std::map<std::string, tenfold::dtype> types = {
      {"F32", float32}, {"F64", float64}, {"I8", int8},      {"I16", int16},   {"I32", int32},
      {"I64", int64},   {"U8", uint8},    {"BOOL", boolean}, {"F16", float16}, {"BF16", bfloat16}};
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace detail

/// The tensors of a file as constants of a graph, which keep the file mapped. Whoever cuts the file off while it is
/// mapped ends the program (SIGBUS); replace_file.hpp replaces one without that.
class mapped_file : public directory {
 public:
  explicit mapped_file(const std::string& path) : directory(path) {
    std::ifstream stream = open();
    const data_place data = read_header(stream);
    data_begin_ = data.begin;
    map(path, static_cast<std::size_t>(data.begin + data.bytes));
  }

  /// A tensor, which must be there.
  tenfold::constant get(const std::string& tensor) const {
    const entry& e = at(tensor);
    const auto type = detail::graph_type(e.dtype);
    if (!type) fail("tensor " + quoted(tensor) + " is of type " + e.dtype + ", which no operation takes");
    const char* bytes = static_cast<const char*>(bytes_.get()) + data_begin_ + e.begin;
    const auto element = static_cast<std::uintptr_t>(tenfold::detail::bytes_of(*type));
    if (reinterpret_cast<std::uintptr_t>(bytes) % element == 0)
      return {tenfold::any_view(*type, bytes, e.shape), bytes_};
    const std::shared_ptr<char[]> copy(new char[static_cast<std::size_t>(e.end - e.begin)]);  // aligned for any element
    std::memcpy(copy.get(), bytes, static_cast<std::size_t>(e.end - e.begin));
    return {tenfold::any_view(*type, copy.get(), e.shape), copy};
  }

  /// All of them.
  std::map<std::string, tenfold::constant> constants() const {
    std::map<std::string, tenfold::constant> result;
    for (const auto& [tensor, e] : entries()) result.emplace(tensor, get(tensor));
    return result;
  }

 private:
  void map(const std::string& path, std::size_t size) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    void* mapped = descriptor < 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int reason = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (mapped == MAP_FAILED) fail("cannot be mapped (" + std::generic_category().message(reason) + ")");
    bytes_ = {mapped, [size](void* bytes) { ::munmap(bytes, size); }};
  }

  std::shared_ptr<void> bytes_;
  index_t data_begin_ = 0;
};

}  // namespace safetensors
