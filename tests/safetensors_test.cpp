// What is right is read, and whatever is wrong becomes one sentence.
#include "allocations.hpp"
#include "support.hpp"

#include <tenfold/safetensors.hpp>

#include <cstdint>
#include <fstream>
#include <random>

namespace {

namespace tf = tenfold;
using tenfold_test::equal;

std::string with_length(std::uint64_t length, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + rest;
}

/// A file's bytes: the header with its length before it, the data behind.
std::string file_bytes(const std::string& header, const std::string& data = "") {
  return with_length(header.size(), header + data);
}

tf::safetensors::file read(const std::string& bytes, const tf::file_limits& limits = {}) {
  return {bytes, "F", limits};
}

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const tf::error& e) {
    return e.what();
  }
  return "no error";
}

std::string error_of_header(const std::string& header, const std::string& data = "") {
  return error_of(file_bytes(header, data));
}

/// The error of a file with one float tensor "a" of the given shape and offsets, and 8 bytes of data.
std::string error_of_tensor(const std::string& shape, const std::string& offsets) {
  return error_of_header(R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
                         "12345678");
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const auto file = read(file_bytes(R"({"__metadata__":{"who":"me"},)"
                                    R"("b":{"dtype":"I64","shape":[2],"data_offsets":[8,24]},)"
                                    R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}  )",
                                    bytes_of<float>({1.5f, -2}) + bytes_of<std::int64_t>({7, -8})));
  EXPECT_EQ(file.name(), "F");
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"who", "me"}}));
  EXPECT_EQ(file.entries().size(), 2u);
  EXPECT_EQ(file.at("a").dtype, "F32");
  EXPECT_TRUE(equal(file.get<float>("a"), tf::tensor<float>({2, 1}, {1.5f, -2})));
  EXPECT_TRUE(equal(file.get<std::int64_t>("b"), tf::tensor<std::int64_t>({2}, {7, -8})));
}

TEST(Safetensors, ReadsScalarsAndEmptyTensors) {
  const auto file = read(file_bytes(R"({"none":{"dtype":"F64","shape":[0,4611686018427387904,4],"data_offsets":[0,0]},)"
                                    R"("one":{"dtype":"I8","shape":[],"data_offsets":[0,1]}})",
                                    "\x05"));
  EXPECT_EQ(file.get<double>("none").shape(), (tf::shape{0, tf::index_t{1} << 62, 4}));
  EXPECT_EQ(file.get<std::int8_t>("one").data()[0], 5);
  EXPECT_EQ(file.get<std::int8_t>("one").shape(), tf::shape{});
}

TEST(Safetensors, NoHeader) {
  EXPECT_EQ(error_of(""), "F: not a safetensors file: it has 0 bytes, too few for the header's length");
  EXPECT_EQ(error_of("1234567"), "F: not a safetensors file: it has 7 bytes, too few for the header's length");
  EXPECT_EQ(error_of("\x89PNG\r\n\x1a\n and so on"),
            "F: not a safetensors file: its first 8 bytes would make the header 727905341920923785 bytes long");
  EXPECT_EQ(error_of(with_length(10, "{}")), "F: truncated: the header takes 10 bytes, and 2 are there");
}

TEST(Safetensors, HeaderThatIsNoHeader) {
  EXPECT_EQ(error_of_header("{"), "F: not a safetensors file: its header is not JSON (at byte 2)");
  EXPECT_EQ(error_of_header("{\"\xff\":1}"), "F: not a safetensors file: its header is not JSON (at byte 3)");
  EXPECT_EQ(error_of_header("[]"), "F: not a safetensors file: its header is not a JSON object");
  EXPECT_EQ(error_of_header(std::string(100'000, '[')), "F: not a safetensors file: its header is nested too deeply");
  EXPECT_EQ(error_of_header(R"({"__metadata__":3})"), "F: its metadata is not a JSON object");
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"a":3}})"), "F: the metadata \"a\" is not a string");
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"a":"1","a":"2"}})"), "F: the header has the key \"a\" twice");
}

TEST(Safetensors, NumberThatNothingHolds) {
  EXPECT_EQ(error_of_header(R"({"a":1e999})"),
            "F: not a safetensors file: its header has a number that no double holds");
}

TEST(Safetensors, KeyThatIsThereTwice) {
  const std::string a = R"("a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(error_of_header("{" + a + "," + a + "}", "1"), "F: the header has the key \"a\" twice");
}

TEST(Safetensors, TensorThatIsNotDescribed) {
  EXPECT_EQ(error_of_header(R"({"a":1})"), "F: tensor \"a\" has no dtype");
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":1}})"), "F: tensor \"a\" has a dtype that is not a string");
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F31"}})"), "F: tensor \"a\" is of the unknown type \"F31\"");
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F32"}})"), "F: tensor \"a\" has no shape");
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F32","shape":[1]}})"), "F: tensor \"a\" has no data_offsets");
}

TEST(Safetensors, ShapeThatIsNone) {
  const std::string text = "F: tensor \"a\" has a shape that is not a list of at most 8 sizes";
  EXPECT_EQ(error_of_tensor("2", "[0,8]"), text);
  EXPECT_EQ(error_of_tensor("[-2]", "[0,8]"), text);
  EXPECT_EQ(error_of_tensor("[2.0]", "[0,8]"), text);
  EXPECT_EQ(error_of_tensor("[18446744073709551615]", "[0,8]"), text);
  EXPECT_EQ(error_of_tensor("[1,1,1,1,1,1,1,1,2]", "[0,8]"), text);
}

TEST(Safetensors, ShapeThatDoesNotFitItsBytes) {
  EXPECT_EQ(error_of_tensor("[3]", "[0,8]"), "F: tensor \"a\" has 8 bytes, where its shape and type make 12");
  EXPECT_EQ(error_of_tensor("[4294967296,4294967296]", "[0,8]"), "F: tensor \"a\" has a shape whose size overflows");
}

TEST(Safetensors, OffsetsThatAreNone) {
  const std::string text = "F: tensor \"a\" has data_offsets that are not [begin, end]";
  EXPECT_EQ(error_of_tensor("[2]", "[8,0]"), text);
  EXPECT_EQ(error_of_tensor("[2]", "[0]"), text);
  EXPECT_EQ(error_of_tensor("[2]", "[0,8,8]"), text);
  EXPECT_EQ(error_of_tensor("[2]", "[-8,0]"), text);
  EXPECT_EQ(error_of_tensor("[2]", "{}"), text);
}

TEST(Safetensors, DataThatIsNotThere) {
  EXPECT_EQ(error_of_tensor("[3]", "[0,12]"), "F: truncated: its tensors take 12 bytes, and 8 are there");
  EXPECT_EQ(error_of_tensor("[2]", "[4,12]"), "F: there is a gap between its tensors");
  EXPECT_EQ(error_of_tensor("[1]", "[0,4]"), "F: there are 4 bytes behind its tensors");
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},)"
                            R"("b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}})",
                            "123"),
            "F: its tensors overlap");
}

TEST(Safetensors, TensorThatIsNotAskedForAsItIs) {
  const auto file = read(file_bytes(R"({"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", "12"));
  const auto text = [](const auto& f) {
    try {
      f();
    } catch (const tf::error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(text([&] { file.get<float>("a"); }), "F: tensor \"a\" is of type BF16, where F32 is needed");
  EXPECT_EQ(text([&] { file.get<float>("b"); }), "F: has no tensor \"b\"");
}

TEST(Safetensors, NamesCannotReachTheTerminal) {
  EXPECT_EQ(error_of_header(R"({"\u001b[31m\n":1})"), "F: tensor \"\\x1b[31m\\n\" has no dtype");
  EXPECT_EQ(error_of_header("{\"" + std::string(1000, 'x') + "\":1}"),
            "F: tensor \"" + std::string(80, 'x') + "...\" has no dtype");
}

TEST(Safetensors, FilesThatAreNone) {
  const auto text = [](const std::string& path) {
    try {
      tf::safetensors::file file(path);
    } catch (const tf::error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(text("not/there"), "not/there: it cannot be opened (No such file or directory)");
  EXPECT_EQ(text(TENFOLD_GOLDEN_DIR), TENFOLD_GOLDEN_DIR ": it is not a file");
}

/// Bytes changed at random give a file or an error, never anything else; and every truncation is an error.
TEST(Safetensors, SurvivesDamage) {
  const std::string whole =
      file_bytes(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                 R"("b":{"dtype":"I16","shape":[3],"data_offsets":[8,14]}})",
                 "12345678123456");
  EXPECT_EQ(error_of(whole), "no error");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(error_of(whole.substr(0, size)), "no error") << size;

  std::mt19937 random(1);
  const std::string replacements = std::string("\0\xff{}[]\",:0123456789-.eE", 23);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      damaged[random() % damaged.size()] = replacements[random() % replacements.size()];
    refused += error_of(damaged) != "no error";
  }
  EXPECT_GT(refused, 10'000);  // most of the file is header, where hardly any byte can be another
}

TEST(SafetensorsContent, IsReadAgain) {
  tf::safetensors::content content;
  content.metadata = {{"who", "me \"and\" you"}};
  content.add("b", tf::tensor<std::int8_t>({3}, {1, -2, 3}));
  content.add("a", tf::tensor<float>({2, 1}, {1.5f, -2}));
  content.add("empty", tf::tensor<double>({0, 4}));
  const auto file = read(content.bytes());
  EXPECT_EQ(file.metadata(), content.metadata);
  EXPECT_EQ(file.entries().size(), 3u);
  EXPECT_TRUE(equal(file.get<float>("a"), tf::tensor<float>({2, 1}, {1.5f, -2})));
  EXPECT_TRUE(equal(file.get<std::int8_t>("b"), tf::tensor<std::int8_t>({3}, {1, -2, 3})));
  EXPECT_EQ(file.get<double>("empty").shape(), (tf::shape{0, 4}));
  EXPECT_EQ(read(tf::safetensors::content{}.bytes()).entries().size(), 0u);
}

TEST(SafetensorsContent, DoesNotDependOnTheOrder) {
  const tf::tensor<float> x({2}, {1, 2}), y({1}, {3});
  tf::safetensors::content one, other;
  one.add("x", x);
  one.add("y", y);
  other.add("y", x);
  other.add("y", y);  // in the first one's place
  other.add("x", x);
  EXPECT_EQ(one.bytes(), other.bytes());
  EXPECT_EQ(one.bytes().size() % 4, 0u);
}

TEST(SafetensorsContent, IsAligned) {
  tf::safetensors::content content;
  content.add("a", tf::tensor<std::int8_t>({3}, {1, -2, 3}));
  content.add("b", tf::tensor<std::int16_t>({1}, {7}));
  content.add("c", tf::tensor<double>({1}, {0.5}));
  const auto file = read(content.bytes());
  EXPECT_EQ(file.at("c").begin, 0);
  EXPECT_EQ(file.at("b").begin, 8);
  EXPECT_EQ(file.at("a").begin, 10);
  EXPECT_EQ(content.bytes().size() % 8, 5u);  // the header ends at a multiple of 8
}

TEST(SafetensorsContent, RefusesNamesThatTheFormatDoesNotHave) {
  tf::safetensors::content reserved, bytes;
  reserved.add("__metadata__", tf::tensor<float>({1}));
  EXPECT_EQ(tenfold_test::error_of([&] { reserved.bytes(); }),
            "safetensors: a tensor cannot have the name __metadata__");
  bytes.add("\xff", tf::tensor<float>({1}));
  EXPECT_EQ(tenfold_test::error_of([&] { bytes.bytes(); }), "safetensors: a name or the metadata is not UTF-8");
}

/// Of texts that make the most of their bytes: none takes more memory than it may, whether it is read or refused.
TEST(Safetensors, TakesNoMoreMemoryThanItMay) {
  const auto repeated = [](const std::string& part) {
    std::string text;
    while (text.size() < 30'000) text += part;
    return text;
  };
  const auto numbered = [](const std::string& part) {
    std::string text;
    for (int i = 0; i < 5'000; ++i) text += '"' + std::to_string(i) + '"' + part;
    return text;
  };
  const std::string headers[] = {R"({"a":[)" + repeated("{},") + "{}]}",
                                 R"({"a":[)" + repeated("[],") + "[]]}",
                                 R"({"a":[)" + repeated(R"("",)") + R"(""]})",
                                 R"({"a":[)" + repeated("0,") + "0]}",
                                 "{" + numbered(":{},") + R"("a":{}})",
                                 "{" + numbered(":0,") + R"("a":0})",
                                 R"({"__metadata__":{)" + numbered(R"(:"",)") + R"("a":""}})",
                                 "{" + numbered(R"(:{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)") +
                                     R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                                 R"({"a":{"dtype":"F32","data_offsets":[0,0],"shape":[)" + repeated("0,") + "0]}}"};
  for (const std::string& header : headers)
    for (const long limit : {long{1} << 40, 64 * static_cast<long>(header.size()), 1'000'000L}) {
      const std::string bytes = file_bytes(header);
      most_bytes = live_bytes.load();
      const long before = live_bytes;
      const std::string error =
          tenfold_test::error_of([&] { tf::safetensors::file(bytes, "F", {.max_bytes = limit}); });
      const long own_copies = 2 * static_cast<long>(bytes.size()) + 4096;  // the argument, and an error
      EXPECT_LE(most_bytes - before - own_copies, 64 * static_cast<long>(header.size())) << header.substr(0, 60);
      EXPECT_EQ(
          error == "F: it needs more memory than file_limits::max_bytes, which is " + std::to_string(limit) + " bytes",
          limit < 64 * static_cast<long>(header.size()))
          << error;
    }
}

TEST(Safetensors, CopiesOfTensorsThatAreNotAlignedCount) {
  const std::string bytes = file_bytes(R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                                       R"("b":{"dtype":"F32","shape":[4096],"data_offsets":[1,16385]}})",
                                       std::string(16385, '\0'));
  const tf::index_t header = 64 * static_cast<tf::index_t>(bytes.size() - 8 - 16385);
  EXPECT_EQ(tenfold_test::error_of([&] { read(bytes, {.max_bytes = header + 16384}).get("b"); }), "");
  EXPECT_EQ(
      tenfold_test::error_of([&] { read(bytes, {.max_bytes = header + 16383}); }),
      "F: it needs more memory than file_limits::max_bytes, which is " + std::to_string(header + 16383) + " bytes");
}

TEST(Safetensors, BoolThatIsNone) {
  const auto file = read(file_bytes(R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", "\1\2"));
  EXPECT_EQ(tenfold_test::error_of([&] { file.get("a"); }),
            "F: tensor \"a\" has an element of bool that is neither 0 nor 1");
}

class mapped_bytes {
 public:
  explicit mapped_bytes(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  ~mapped_bytes() { std::remove(path_.c_str()); }
  mapped_bytes(const mapped_bytes&) = delete;
  mapped_bytes& operator=(const mapped_bytes&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "tenfold_safetensors_test";
};

TEST(MappedSafetensors, GivesConstantsThatOutliveTheFile) {
  tf::constant a, b;
  std::map<std::string, tf::constant> all;
  {
    const mapped_bytes file(file_bytes(R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                                       R"("b":{"dtype":"BOOL","shape":[1],"data_offsets":[8,9]},)"
                                       R"("c":{"dtype":"I64","shape":[],"data_offsets":[9,17]}})",  // not aligned
                                       bytes_of<float>({1.5f, -2}) + "\1" + bytes_of<std::int64_t>({-7})));
    const tf::safetensors::file mapped(file.path());
    a = mapped.get("a");
    b = mapped.get("b");
    all = mapped.constants();
  }
  EXPECT_EQ(a.shape(), (tf::shape{2, 1}));
  EXPECT_EQ(a.view<float>().data()[1], -2);
  EXPECT_TRUE(b.view<bool>().data()[0]);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.at("c").view<std::int64_t>().data()[0], -7);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.at("c").data()) % 8, 0u);
}

TEST(MappedSafetensors, RefusesWhatTheReaderRefuses) {
  const auto error = [](const std::string& bytes) {
    const mapped_bytes file(bytes);
    try {
      tf::safetensors::file(file.path()).get("a");
    } catch (const tf::error& e) {
      return std::string(e.what()).substr(file.path().size());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error(""), ": not a safetensors file: it has 0 bytes, too few for the header's length");
  EXPECT_EQ(error(file_bytes("{}")), ": has no tensor \"a\"");
  EXPECT_EQ(error(file_bytes(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234")),
            ": truncated: its tensors take 8 bytes, and 4 are there");
  EXPECT_EQ(error(file_bytes(R"({"a":{"dtype":"U16","shape":[2],"data_offsets":[0,4]}})", "1234")),
            ": tensor \"a\" is of type U16, which no operation takes");
}

}  // namespace
