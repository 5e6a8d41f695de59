// Damaged models of ONNX: whatever a file holds, reading it and making a net of it end in a graph or in one
// tenfold::error.
//
//     onnx_fuzz [--seed N] [--rounds N] [--seconds N] [--run] MODEL...
//
// --run also plans the nets for small inputs and runs what needs little memory, within 4 GiB of addresses, which
// AddressSanitizer does not get along with.
//
// Each round damages one of the models, byte by byte or field by field, and reads it in a buffer of its very size. What
// fails says how to repeat it: round n of seed s is round 1 of seed s + n - 1.
#include <tenfold/onnx_file.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

namespace {

namespace tf = tenfold;
using tf::index_t;

class random_source {
 public:
  explicit random_source(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(engine_() % limit); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class List>
  auto pick(const List& list) {
    return *std::next(std::begin(list), static_cast<std::ptrdiff_t>(below(std::size(list))));
  }

 private:
  std::mt19937_64 engine_;
};

// ---- bytes

void damage_bytes(std::string& file, random_source& random) {
  for (std::size_t i = random.below(8) + 1; i > 0 && !file.empty(); --i) {
    const std::size_t at = random.below(file.size()),
                      length = random.below(std::min<std::size_t>(file.size() - at, 40));
    switch (random.below(6)) {
      case 0:
        file[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        file[at] = static_cast<char>(file[at] ^ (1 << random.below(8)));
        break;
      case 2:
        file.erase(at, length);
        break;
      case 3:
        file.insert(random.below(file.size()), file.substr(at, length));
        break;
      case 4:
        std::fill_n(file.begin() + static_cast<index_t>(at), length, random.pick("\xff\x80\x7f"));
        break;
      default:
        file[at] = random.pick("\x00\x01\x08\x12\x2a\x3a\x7f\x80\xff");
    }
  }
  if (random.one_in(20)) file.resize(random.below(file.size() + 1));
}

// ---- fields

struct field {
  std::uint64_t tag = 0;  // with its wire type
  std::uint64_t number = 0;
  std::string bytes;  // of length-delimited ones, and of fixed sizes
};

bool read_varint(const std::string& from, std::size_t& at, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && at < from.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from[at++]);
    value |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

void write_varint(std::string& to, std::uint64_t value) {
  for (; value >= 128; value >>= 7) to += static_cast<char>(value | 128);
  to += static_cast<char>(value);
}

/// The fields of a message; nothing where it is none.
bool split(const std::string& message, std::vector<field>& fields) {
  for (std::size_t at = 0; at < message.size();) {
    field f;
    if (!read_varint(message, at, f.tag) || f.tag >> 3 == 0) return false;
    const std::uint64_t wire = f.tag & 7;
    if (wire == 0) {
      if (!read_varint(message, at, f.number)) return false;
    } else {
      std::uint64_t length = wire == 1 ? 8 : 4;
      if (wire == 2 && !read_varint(message, at, length)) return false;
      if ((wire != 1 && wire != 2 && wire != 5) || length > message.size() - at) return false;
      f.bytes = message.substr(at, length);
      at += length;
    }
    fields.push_back(std::move(f));
  }
  return true;
}

std::string joined(const std::vector<field>& fields) {
  std::string message;
  for (const field& f : fields) {
    write_varint(message, f.tag);
    if ((f.tag & 7) == 0) write_varint(message, f.number);
    if ((f.tag & 7) == 2) write_varint(message, f.bytes.size());
    message += f.bytes;
  }
  return message;
}

constexpr std::int64_t numbers[] = {
    0,  1,   -1,      2,         3,         5,         7,         8,         9,         10,        16,
    63, 255, 1 << 16, INT32_MAX, INT32_MIN, 1LL << 32, 1LL << 40, INT64_MAX, INT64_MIN, 1LL << 62, -(1LL << 62)};
constexpr const char* words[] = {"",       "x",        "Conv",    "Reshape", "Resize", "Slice",
                                 "Pad",    "Concat",   "MaxPool", "axes",    "pads",   "Split",
                                 "Expand", "Constant", "linear",  "strides", "\n\xff", "Squeeze"};

/// Damages one field, of this message or of one within it.
std::string damage_fields(const std::string& message, random_source& random) {
  std::vector<field> fields;
  if (!split(message, fields) || fields.empty()) {
    std::string bytes = message;
    damage_bytes(bytes, random);
    return bytes;
  }
  const std::size_t at = random.below(fields.size());
  field& f = fields[at];
  if ((f.tag & 7) == 2 && !random.one_in(4)) {
    f.bytes = damage_fields(f.bytes, random);
    return joined(fields);
  }
  switch (random.below(7)) {
    case 0:
      fields.erase(fields.begin() + static_cast<index_t>(at));
      break;
    case 1:
      fields.insert(fields.begin() + static_cast<index_t>(random.below(fields.size())), field(f));
      break;
    case 2:
      std::swap(f, fields[random.below(fields.size())]);
      break;
    case 3:
      f.tag = (f.tag & 7) | (random.below(26) + 1) << 3;
      break;
    case 4:
      f.bytes = f.bytes + f.bytes;
      break;
    default:
      if ((f.tag & 7) == 0)
        f.number = static_cast<std::uint64_t>(random.pick(numbers));
      else if ((f.tag & 7) == 2)
        f.bytes = random.pick(words);
      else
        damage_bytes(f.bytes, random);
  }
  return joined(fields);
}

// ---- rounds

/// Inputs of zeros, where a size may be any of 3 elements.
void run_net(const tf::net& net) {
  std::vector<std::pair<std::string, tf::constant>> inputs;
  for (const tf::graph_input& input : net.description().inputs) {
    tf::shape sizes = input.sizes.value_or(tf::shape{1, 3, 6, 6});
    for (std::size_t d = 0; d < sizes.size(); ++d)
      if (sizes[d] < 0) sizes[d] = 3;
    if (sizes.elements() > 1 << 16) return;
    tf::detail::with_dtype(input.type,
                           [&]<class T>(T) { inputs.emplace_back(input.name, tf::constant(tf::tensor<T>(sizes))); });
  }
  std::vector<tf::named_shape> shapes;
  std::vector<tf::named_view> views;
  for (const auto& [name, x] : inputs) {
    shapes.emplace_back(name, x.shape());
    views.emplace_back(name, x);
  }
  const tf::plan_report plan = net.plan(shapes);
  if (plan.least_arena_bytes < 1 << 26 && plan.workspace_bytes < 1 << 26) net.run(views);
}

/// Whether a net came of it.
bool try_model(const std::string& file, bool runs) {
  const std::vector<std::byte> exact(reinterpret_cast<const std::byte*>(file.data()),
                                     reinterpret_cast<const std::byte*>(file.data()) + file.size());
  try {
    const tf::net net = tf::load_onnx(std::span<const std::byte>(exact), {.max_bytes = 1 << 26});
    if (runs) run_net(net);
    return true;
  } catch (const std::bad_alloc&) {
    if (!runs) throw;
    return false;
  } catch (const tf::error& e) {
    for (const char* c = e.what(); *c; ++c)
      if ((*c >= 0 && *c < 0x20 && *c != '\n') || *c == 0x7f || static_cast<signed char>(*c) < 0) {
        std::fprintf(stderr, "the error has the character %d: %s\n", *c, e.what());
        std::abort();
      }
    return false;
  }
}

bool run_round(const std::vector<std::string>& models, std::uint64_t seed, bool runs) {
  random_source random(seed);
  std::string file = models[random.below(models.size())];
  for (std::size_t i = random.below(4) + 1; i > 0; --i) {
    if (random.one_in(5))
      damage_bytes(file, random);
    else
      file = damage_fields(file, random);
  }
  return try_model(file, runs);
}

struct options {
  std::uint64_t seed = 1;
  index_t rounds = 0;  // 0: no end
  double seconds = 0;  // 0: no end
  bool runs = false;
  std::vector<std::string> models;
};

bool parse(int count, char** arguments, options& o) {
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name.starts_with("--") && i + 1 == count) return false;
    if (name == "--run") {
      o.runs = true;
    } else if (name == "--seed") {
      o.seed = std::strtoull(arguments[++i], nullptr, 10);
    } else if (name == "--rounds") {
      o.rounds = std::strtoll(arguments[++i], nullptr, 10);
    } else if (name == "--seconds") {
      o.seconds = std::strtod(arguments[++i], nullptr);
    } else {
      std::ifstream in(name, std::ios::binary);
      o.models.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      if (o.models.back().empty()) return false;
    }
  }
  return !o.models.empty();
}

std::uint64_t current_seed = 0;
extern "C" void say_current() {
  std::fprintf(stderr, "\nrepeat with: --seed %llu --rounds 1\n", static_cast<unsigned long long>(current_seed));
}

}  // namespace

#if defined(__GNUC__)
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));
#endif

int main(int count, char** arguments) {
  options o;
  if (!parse(count, arguments, o)) {
    std::fputs("options: --seed N  --rounds N  --seconds N  --run  MODEL...\n", stderr);
    return 2;
  }
#if defined(__GNUC__)
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_current);
#endif
#if __has_include(<sys/resource.h>)
  if (const rlimit most{std::uint64_t{1} << 32, RLIM_INFINITY}; o.runs) setrlimit(RLIMIT_AS, &most);
#endif
  const auto start = std::chrono::steady_clock::now();
  index_t round = 0, nets = 0;
  for (; o.rounds == 0 || round < o.rounds; ++round) {
    if (o.seconds > 0 && std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > o.seconds)
      break;
    current_seed = o.seed + static_cast<std::uint64_t>(round);
    nets += run_round(o.models, current_seed, o.runs);
  }
  std::printf("%lld rounds, %lld nets\n", static_cast<long long>(round), static_cast<long long>(nets));
}
