// Damaged programs of torch.export: whatever a file holds, reading it and making a net of it end in a graph or in one
// tenfold::error.
//
//     pt2_fuzz [--seed N] [--rounds N] [--seconds N] PROGRAM...
//
// Each round damages one of the programs, a value of its JSON or bytes of the archive, and reads it in a buffer of its
// very size.
#include "damage.hpp"

#include "../zip.hpp"

#include <tenfold/pt2_file.hpp>

namespace {

using nlohmann::json;
namespace zip = tenfold_test::zip;

constexpr std::int64_t numbers[] = {0,       1,         -1,        2,         3,         4,         5,
                                    6,       7,         8,         9,         12,        13,        64,
                                    1 << 16, INT32_MAX, INT32_MIN, 1LL << 32, INT64_MAX, INT64_MIN, 1LL << 62};
constexpr const char* words[] = {
    "",         "x",         "y",        "as_int",   "as_ints", "as_tensor",
    "as_none",  "as_name",   "weight_0", "Infinity", "\n\x7f",  "as_tensors",
    "as_float", "as_string", "self",     "input",    "dim",     "torch.ops.aten.view.default"};
constexpr const char* operators[] = {
    "view",       "expand",  "slice.Tensor",  "cat",          "relu_",        "index.Tensor",
    "permute",    "squeeze", "index_put",     "var.dim",      "pad",          "upsample_nearest2d.vec",
    "unbind.int", "stack",   "transpose.int", "sym_size.int", "max_unpool2d", "_to_copy"};

/// A value somewhere within this one.
json& value_within(json& from, random_source& random) {
  json* at = &from;
  while (at->is_structured() && !at->empty() && !random.one_in(12)) {
    auto next = at->begin();
    std::advance(next, static_cast<std::ptrdiff_t>(random.below(at->size())));
    at = &*next;
  }
  return *at;
}

json new_value(random_source& random) {
  switch (random.below(6)) {
    case 0:
      return random.pick(words);
    case 1:
      return nullptr;
    case 2:
      return json::array();
    case 3:
      return json{{random.pick(words), random.pick(numbers)}};
    case 4:
      return 0.5;
    default:
      return random.pick(numbers);
  }
}

void damage_value(json& all, random_source& random) {
  json& value = value_within(all, random);
  if (value.is_array() && !value.empty() && random.one_in(2)) {
    const std::size_t at = random.below(value.size());
    if (random.one_in(2))
      value.erase(at);
    else
      value.push_back(json(value[at]));
  } else if (value.is_object() && !value.empty() && random.one_in(2)) {
    auto member = value.begin();
    std::advance(member, static_cast<std::ptrdiff_t>(random.below(value.size())));
    const json content = *member;
    value.erase(member);
    if (random.one_in(2)) value[random.pick(words)] = content;
  } else if (value.is_string() && value.get<std::string>().starts_with("torch.ops.") && random.one_in(2)) {
    value = std::string("torch.ops.aten.") + random.pick(operators) + (random.one_in(2) ? "" : ".default");
  } else if (random.one_in(3)) {
    value = json(value_within(all, random));  // a copy: the place may be within
  } else {
    value = new_value(random);
  }
}

/// The records that a program is read from.
std::vector<zip::record> records_of(const std::string& file) {
  tf::detail::budget memory(1 << 26, "the fuzzer");
  tf::detail::pt2::archive from({nullptr, std::as_bytes(std::span(file))}, memory);
  std::vector<zip::record> records;
  const auto copy = [&](const std::string& name) {
    if (from.contains(name)) records.push_back({"m/" + name, std::string(from.text(name))});
    return from.contains(name);
  };
  copy("models/model.json");
  copy("data/weights/model_weights_config.json");
  copy("data/constants/model_constants_config.json");
  for (int i = 0; copy("data/weights/weight_" + std::to_string(i)); ++i) continue;
  for (int i = 0; copy("data/constants/tensor_" + std::to_string(i)); ++i) continue;
  return records;
}

bool run_round(const std::vector<std::string>& programs, std::uint64_t seed, bool) {
  random_source random(seed);
  std::vector<zip::record> records = records_of(programs[random.below(programs.size())]);
  const std::size_t damaged = random.one_in(4) ? 1 + random.below(2) : 0;
  json content = json::parse(records[damaged].content);
  for (std::size_t i = random.below(4); i > 0; --i) damage_value(content, random);
  records[damaged].content = content.dump();
  if (random.one_in(10)) damage_bytes(records[random.below(records.size())].content, random);
  if (random.one_in(10)) records[random.below(records.size())].is_deflated = true;
  std::string file = zip::archive(records);
  if (random.one_in(5)) damage_bytes(file, random);
  const std::vector<std::byte> exact(reinterpret_cast<const std::byte*>(file.data()),
                                     reinterpret_cast<const std::byte*>(file.data()) + file.size());
  try {
    tf::load_pt2(std::span<const std::byte>(exact), {.max_bytes = 1 << 26});
    return true;
  } catch (const tf::error& e) {
    check_is_printable(e);
    return false;
  }
}

}  // namespace

int main(int count, char** arguments) { return run_rounds(count, arguments, run_round); }
