// Damaged models of ONNX: whatever a file holds, reading it and making a net of it end in a graph or in one
// tenfold::error.
//
//     onnx_fuzz [--seed N] [--rounds N] [--seconds N] [--run] MODEL...
//
// --run also plans the nets for small inputs and runs what needs little memory, within 4 GiB of addresses, which
// AddressSanitizer does not get along with.
//
// Each round damages one of the models, byte by byte or field by field, and reads it in a buffer of its very size.
#include "damage.hpp"

#include <tenfold/onnx_file.hpp>

namespace {

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
    check_is_printable(e);
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

}  // namespace

int main(int count, char** arguments) { return run_rounds(count, arguments, run_round); }
