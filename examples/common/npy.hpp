// NumPy's .npy files: a magic number, a dictionary of type and shape, the elements.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <tenfold/graph.hpp>

#include <bit>  // endian
#include <charconv>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace npy {

static_assert(std::endian::native == std::endian::little, "the bytes are used as they are");

using tenfold::dtype;
using tenfold::index_t;

namespace detail {

struct type_name {
  dtype type;
  std::string_view name;
};
inline constexpr type_name type_names[] = {{dtype::float32, "<f4"}, {dtype::float64, "<f8"}, {dtype::int8, "|i1"},
                                           {dtype::int16, "<i2"},   {dtype::int32, "<i4"},   {dtype::int64, "<i8"},
                                           {dtype::uint8, "|u1"},   {dtype::boolean, "|b1"}};

[[noreturn]] inline void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error(path + ": not an .npy file: " + why);
}

/// What follows `'key':` in the dictionary.
inline std::string_view value_of(const std::string& path, std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "'";
  std::size_t at = header.find(quoted);
  if (at == header.npos) fail(path, "its header has no " + quoted);
  at = header.find_first_not_of(": ", at + quoted.size());
  if (at == header.npos) fail(path, "its header ends in " + quoted);
  return header.substr(at);
}

inline dtype type_of(const std::string& path, std::string_view header) {
  const std::string_view text = value_of(path, header, "descr");
  for (const auto& [type, name] : type_names)
    if (text.substr(1, name.size() + 1) == std::string(name) + "'") return type;
  fail(path, "elements of type " + std::string(text.substr(0, text.find(','))) + " are not read");
}

inline tenfold::shape shape_of(const std::string& path, std::string_view header) {
  const std::string_view text = value_of(path, header, "shape");
  const std::size_t end = text.find(')');
  if (text.front() != '(' || end == text.npos) fail(path, "its shape is not a tuple");
  std::vector<index_t> sizes;
  const char* at = text.data() + 1;
  while (at < text.data() + end) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    index_t size = 0;
    const auto [stop, error] = std::from_chars(at, text.data() + end, size);
    if (error != std::errc{} || size < 0) fail(path, "its shape has something else than sizes");
    sizes.push_back(size);
    at = stop;
  }
  return tenfold::shape(std::span<const index_t>(sizes));
}

}  // namespace detail

/// Reads a file in C's order; throws std::runtime_error, or tenfold::error for a shape that is none.
inline tenfold::constant read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  char start[10] = {};
  file.read(start, sizeof start);
  if (!file || std::string_view(start, 6) != "\x93NUMPY") detail::fail(path, "it begins otherwise");
  const bool is_long = start[6] > 1;
  std::uint32_t length =
      static_cast<std::uint8_t>(start[8]) | static_cast<std::uint32_t>(static_cast<std::uint8_t>(start[9])) << 8;
  if (is_long) {
    char more[2] = {};
    file.read(more, sizeof more);
    length |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(more[0])) << 16 |
              static_cast<std::uint32_t>(static_cast<std::uint8_t>(more[1])) << 24;
  }
  constexpr std::uint32_t most_header = 1 << 16;
  if (length > most_header) detail::fail(path, "its header is too long");
  std::string header(length, '\0');
  file.read(header.data(), static_cast<std::streamsize>(length));
  if (!file) detail::fail(path, "it ends in its header");
  if (detail::value_of(path, header, "fortran_order").substr(0, 5) != "False")
    detail::fail(path, "its order is Fortran's");
  const dtype type = detail::type_of(path, header);
  const tenfold::shape shape = detail::shape_of(path, header);
  const index_t bytes = tenfold::detail::checked_multiply(shape.elements(), tenfold::detail::bytes_of(type));

  const std::streamoff begin = file.tellg();
  file.seekg(0, std::ios::end);
  if (static_cast<std::streamoff>(file.tellg()) - begin != bytes)
    detail::fail(path, "it should have " + std::to_string(bytes) + " bytes of elements");
  file.seekg(begin);
  const auto elements =
      std::make_shared<tenfold::tensor<std::byte>>(tenfold::tensor<std::byte>::uninitialized({bytes}));
  file.read(reinterpret_cast<char*>(elements->data()), static_cast<std::streamsize>(bytes));
  if (!file) detail::fail(path, "it cannot be read to its end");
  return {tenfold::any_view(type, elements->data(), shape), elements};
}

inline void write(const std::string& path, const tenfold::any_view& x) {
  std::string header = "{'descr': '";
  for (const auto& [type, name] : detail::type_names)
    if (type == x.type()) header += name;
  header += "', 'fortran_order': False, 'shape': (";
  for (const index_t size : x.shape()) header += std::to_string(size) + ",";
  header += "), }";
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  const char start[] = {'\x93',
                        'N',
                        'U',
                        'M',
                        'P',
                        'Y',
                        1,
                        0,
                        static_cast<char>(header.size() & 255),
                        static_cast<char>(header.size() >> 8)};
  file.write(start, sizeof start) << header;
  file.write(static_cast<const char*>(x.data()), x.shape().elements() * tenfold::detail::bytes_of(x.type()));
  if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace npy
