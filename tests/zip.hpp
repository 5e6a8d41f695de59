// Archives of zip, byte by byte, and what can be wrong with them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenfold_test::zip {

struct record {
  std::string name, content;
  bool is_deflated = false;
  // What the archive says instead of the truth.
  std::int64_t size = -1, packed = -1, place = -1;
  unsigned flags = 0, method = 99;  // method 99: the true one
};

/// Bytes of the raw format of deflate.
inline std::string deflated(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("deflate");
  std::string result(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int state = deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("deflate");
  return result;
}

class writer {
 public:
  void add(const record& r) {
    const std::string packed = r.is_deflated ? deflated(r.content) : r.content;
    const auto place = static_cast<std::int64_t>(bytes_.size());
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(r.content.data()), static_cast<uInt>(r.content.size()));
    const std::size_t unaligned = (bytes_.size() + 30 + r.name.size()) % 64;
    const std::size_t extra = unaligned == 0 ? 0 : 64 - unaligned;  // as PyTorch has it: the content at such a place
    const auto shared = [&](std::string& to, std::size_t extra_bytes) {
      number(to, 20, 2), number(to, r.flags, 2);
      number(to, r.method != 99 ? r.method : r.is_deflated ? 8 : 0, 2);
      number(to, 0, 4), number(to, static_cast<std::int64_t>(crc), 4);
      number(to, r.packed < 0 ? static_cast<std::int64_t>(packed.size()) : r.packed, 4);
      number(to, r.size < 0 ? static_cast<std::int64_t>(r.content.size()) : r.size, 4);
      number(to, static_cast<std::int64_t>(r.name.size()), 2), number(to, static_cast<std::int64_t>(extra_bytes), 2);
    };
    number(bytes_, 0x04034b50, 4);
    shared(bytes_, extra);
    bytes_ += r.name + std::string(extra, '\0') + packed;
    number(list_, 0x02014b50, 4), number(list_, 20, 2);
    shared(list_, 0);
    number(list_, 0, 2), number(list_, 0, 2), number(list_, 0, 2), number(list_, 0, 4);
    number(list_, r.place < 0 ? place : r.place, 4);
    list_ += r.name;
    ++count_;
  }

  std::string finish() const {
    std::string result = bytes_ + list_;
    number(result, 0x06054b50, 4), number(result, 0, 4), number(result, count_, 2), number(result, count_, 2);
    number(result, static_cast<std::int64_t>(list_.size()), 4);
    number(result, static_cast<std::int64_t>(bytes_.size()), 4), number(result, 0, 2);
    return result;
  }

 private:
  static void number(std::string& to, std::int64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
  }

  std::string bytes_, list_;
  int count_ = 0;
};

inline std::string archive(const std::vector<record>& records) {
  writer w;
  for (const record& r : records) w.add(r);
  return w.finish();
}

}  // namespace tenfold_test::zip
