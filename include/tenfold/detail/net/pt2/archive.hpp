// The zip archive that a saved program of PyTorch is: where its records lie.
#pragma once

#include <tenfold/detail/net/files.hpp>
#include <tenfold/detail/quotes.hpp>

#include <minizip/unzip.h>

#include <algorithm>  // sort
#include <cstring>    // memcpy
#include <map>
#include <string>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2 {

/// Bytes in memory as minizip's functions read a file.
class memory_file {
 public:
  explicit memory_file(std::span<const std::byte> bytes) : bytes_(bytes) {}

  zlib_filefunc64_def functions() {
    zlib_filefunc64_def f{};
    f.zopen64_file = [](voidpf self, const void*, int) { return self; };
    f.zread_file = [](voidpf self, voidpf, void* to, uLong size) {
      return static_cast<memory_file*>(self)->read(to, size);
    };
    f.ztell64_file = [](voidpf self, voidpf) { return static_cast<ZPOS64_T>(static_cast<memory_file*>(self)->at_); };
    f.zseek64_file = [](voidpf self, voidpf, ZPOS64_T offset, int origin) {
      return static_cast<memory_file*>(self)->seek(offset, origin);
    };
    f.zclose_file = [](voidpf, voidpf) { return 0; };
    f.zerror_file = [](voidpf, voidpf) { return 1; };  // asked about reads that come short, which else were zeros
    f.opaque = this;
    return f;
  }

 private:
  uLong read(void* to, uLong size) {
    const std::size_t count = (std::min)(static_cast<std::size_t>(size), bytes_.size() - at_);
    if (count > 0) std::memcpy(to, bytes_.data() + at_, count);
    at_ += count;
    return static_cast<uLong>(count);
  }
  long seek(ZPOS64_T offset, int origin) {
    const std::size_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                             : origin == ZLIB_FILEFUNC_SEEK_CUR ? at_
                                                                : bytes_.size();
    if (offset > bytes_.size() - from) return -1;
    at_ = from + static_cast<std::size_t>(offset);
    return 0;
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;  // not beyond the end
};

/// The records of an archive by their names without the folder that all of them lie in.
class archive {
 public:
  /// `file` are its bytes; where nothing owns them, they last as long as what is read of them.
  archive(owned_bytes file, budget& memory) : file_(std::move(file)), memory_(memory), reader_(file_.bytes) {
    zlib_filefunc64_def functions = reader_.functions();
    zip_.reset(unzOpen2_64("", &functions));
    if (!zip_) raise("it is not a zip archive, or truncated");
    int state = unzGoToFirstFile(zip_.get());
    for (; state == UNZ_OK; state = unzGoToNextFile(zip_.get())) add_record();
    if (state != UNZ_END_OF_LIST_OF_FILE) raise("the archive's list of records is damaged");
    check_no_overlap();
  }

  bool contains(const std::string& name) const { return records_.contains(name); }

  /// A record's bytes: where they lie, of one that is stored as it is, else a copy.
  owned_bytes at(const std::string& name) {
    const auto found = records_.find(name);
    if (found == records_.end()) raise({"there is no record ", in_quotes(name)});
    record& r = found->second;
    if (r.is_stored) return {file_.owner, file_.bytes.subspan(r.begin, r.packed)};
    return with_source(join({"the record ", in_quotes(name)}), [&] { return inflate(r); });
  }
  std::string_view text(const std::string& name) {
    const owned_bytes bytes = at(name);
    if (bytes.owner && bytes.owner != file_.owner) texts_.push_back(bytes.owner);
    return {reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()};
  }

 private:
  struct record {
    unz64_file_pos place;
    std::size_t begin, packed, size;
    bool is_stored;
  };
  struct close_zip {
    void operator()(void* zip) const { unzClose(zip); }
  };

  void add_record() {
    unz_file_info64 info{};
    char name[512];
    constexpr std::size_t longest = sizeof(name) - 1;
    if (unzGetCurrentFileInfo64(zip_.get(), &info, name, longest, nullptr, 0, nullptr, 0) != UNZ_OK)
      raise("the archive's list of records is damaged");
    if (info.size_filename > longest) raise("a record of the archive has a name of more than 511 letters");
    const std::string whole(name, static_cast<std::size_t>(info.size_filename));
    const std::string quoted = in_quotes(whole);
    const auto fail = [&](const char* why) { raise({"the record ", quoted, " ", why}); };
    memory_.take(static_cast<index_t>(2 * whole.size() + sizeof(record) + 16 * sizeof(void*)));
    if ((info.flag & 1) != 0) fail("is encrypted");
    record r{};
    r.is_stored = info.compression_method == 0;
    if (!r.is_stored && info.compression_method != Z_DEFLATED) fail("is compressed in a way that is not supported");
    if (unzGetFilePos64(zip_.get(), &r.place) != UNZ_OK || unzOpenCurrentFile(zip_.get()) != UNZ_OK)
      fail("is damaged, or does not lie in the file");
    const ZPOS64_T begin = unzGetCurrentFileZStreamPos64(zip_.get()), end = file_.bytes.size();
    unzCloseCurrentFile(zip_.get());
    if (begin > end || info.compressed_size > end - begin) fail("does not lie in the file");
    if (r.is_stored && info.compressed_size != info.uncompressed_size) fail("has two sizes");
    if (info.uncompressed_size > static_cast<ZPOS64_T>(INT64_MAX)) fail("has a size that overflows");
    r.begin = static_cast<std::size_t>(begin);
    r.packed = static_cast<std::size_t>(info.compressed_size);
    r.size = static_cast<std::size_t>(info.uncompressed_size);
    const std::size_t slash = whole.find('/');
    if (slash == whole.npos) fail("does not lie in a folder, as those of a saved program do");
    if (records_.empty()) folder_ = whole.substr(0, slash);
    if (whole.compare(0, slash, folder_) != 0) fail("lies in another folder than the one before it");
    if (!records_.emplace(whole.substr(slash + 1), r).second) fail("is there twice");
  }

  void check_no_overlap() const {
    std::vector<std::pair<std::size_t, std::size_t>> spans;
    for (const auto& [name, r] : records_)
      if (r.packed > 0) spans.emplace_back(r.begin, r.begin + r.packed);
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i)
      if (spans[i].first < spans[i - 1].second) raise("records of the archive overlap");
  }

  owned_bytes inflate(record& r) {
    memory_.take(static_cast<index_t>(r.size));
    const std::shared_ptr<std::byte[]> bytes(new std::byte[(std::max)(r.size, std::size_t{1})]);
    if (unzGoToFilePos64(zip_.get(), &r.place) != UNZ_OK || unzOpenCurrentFile(zip_.get()) != UNZ_OK)
      raise("it is damaged");
    std::size_t at = 0;
    while (at < r.size) {
      const auto piece = static_cast<unsigned>((std::min)(r.size - at, std::size_t{1} << 30));
      const int count = unzReadCurrentFile(zip_.get(), bytes.get() + at, piece);
      if (count <= 0) break;
      at += static_cast<std::size_t>(count);
    }
    if (unzCloseCurrentFile(zip_.get()) != UNZ_OK || at != r.size) raise("its compressed bytes are damaged");
    return {bytes, {bytes.get(), r.size}};
  }

  owned_bytes file_;
  budget& memory_;
  memory_file reader_;
  std::unique_ptr<void, close_zip> zip_;
  std::string folder_;
  std::map<std::string, record> records_;
  std::vector<std::shared_ptr<const void>> texts_;  // those that were inflated
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2
