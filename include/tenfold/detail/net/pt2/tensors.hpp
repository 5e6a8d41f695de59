// What a saved program says of its tensors, and the elements of its weights: where they lie in a mapped file, or a copy
// where they cannot be used there. The numbers of types are those of torch/_export/serde/schema.py.
#pragma once

#include <tenfold/detail/net/json.hpp>
#include <tenfold/detail/net/pt2/archive.hpp>
#include <tenfold/graph.hpp>

#include <bit>  // endian
#include <limits>
#include <optional>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2 {

using nlohmann::json;

// ---------------------------------------------------------------------------------------------------------------- JSON

/// Those of PyTorch are 10 deep, and more where a graph has graphs as arguments.
inline json read_json(std::string_view text, const std::string& record, budget& memory) {
  constexpr int deepest = 64;
  return parse_json(text, record, deepest, memory, [](const std::string& why) { raise({why}); });
}

/// The member of that name; null where there is none, or it is null.
inline const json* find(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}
inline const json& member(const json& object, const char* key) {
  const json* const found = find(object, key);
  if (!found) raise({"its description has no ", key, " where one has to be"});
  return *found;
}
inline const json& list_in(const json& object, const char* key) {
  const json& list = member(object, key);
  if (!list.is_array()) raise({key, " is not a list in its description"});
  return list;
}
inline std::string text_of(const json& value, const char* what) {
  if (!value.is_string()) raise({"the ", what, " is not a text"});
  return value.get<std::string>();
}
inline index_t integer_of(const json& value, const char* what) {
  const bool overflows = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  if (!value.is_number_integer() || overflows) raise({"the ", what, " is not an integer of 64 bits"});
  return value.get<index_t>();
}
/// JSON has no infinity and no NaN: they are texts.
inline double number_of(const json& value, const char* what) {
  using limits = std::numeric_limits<double>;
  if (value.is_number()) return value.get<double>();
  if (value == "Infinity") return limits::infinity();
  if (value == "-Infinity") return -limits::infinity();
  if (value == "NaN") return limits::quiet_NaN();
  raise({"the ", what, " is not a number"});
}

// ------------------------------------------------------------------------------------------------------------- tensors

/// The dtype of a ScalarType; none of those that are not supported.
inline std::optional<dtype> dtype_of_scalar_type(index_t number) {
  using enum dtype;
  constexpr std::optional<dtype> types[] = {{},      uint8,   int8, int16, int32, int64,  {},
                                            float32, float64, {},   {},    {},    boolean};
  return number >= 0 && number < 13 ? types[number] : std::nullopt;
}
inline std::string name_of_scalar_type(index_t number) {
  if (const std::optional<dtype> type = dtype_of_scalar_type(number)) return name_of(*type);
  if (number == 6) return "float16";
  if (number == 13) return "bfloat16";
  return join({"of the number ", number});
}

struct tensor_meta {
  index_t scalar_type = 0;
  std::vector<index_t> sizes = {}, strides = {};  // -1 where a symbol stands
  index_t offset = 0;

  std::optional<dtype> type() const { return dtype_of_scalar_type(scalar_type); }
};

/// A number, or -1 for an expression of symbols.
inline index_t symbolic_integer(const json& value, const char* what) {
  if (const json* const number = find(value, "as_int")) return integer_of(*number, what);
  member(value, "as_expr");
  return -1;
}

inline std::vector<index_t> symbolic_integers(const json& list, const char* what, budget& memory) {
  std::vector<index_t> result;
  for (const json& value : list) append(result, symbolic_integer(value, what), memory);
  return result;
}

inline tensor_meta read_meta(const json& from, budget& memory) {
  tensor_meta m;
  m.scalar_type = integer_of(member(from, "dtype"), "dtype");
  m.sizes = symbolic_integers(list_in(from, "sizes"), "size", memory);
  if (m.sizes.size() > shape::max_rank)
    raise({"a shape has at most ", shape::max_rank, " dimensions, but got ", m.sizes.size()});
  m.strides = symbolic_integers(list_in(from, "strides"), "stride", memory);
  m.offset = symbolic_integer(member(from, "storage_offset"), "storage_offset");
  constexpr index_t strided = 7;
  if (integer_of(member(from, "layout"), "layout") != strided) raise("it is a tensor of a layout other than strided");
  return m;
}

/// Makes constants of a program's weights.
class weight_reader {
 public:
  weight_reader(archive& from, budget& memory)
      : archive_(from),
        memory_(memory),
        weights_(read_config("data/weights/model_weights_config.json")),
        constants_(read_config("data/constants/model_constants_config.json")) {}

  /// The weight of that name: a parameter or a buffer, or a tensor that the module's state does not have.
  constant read(const std::string& name) const {
    if (const json* const entry = find(weights_, name)) return read(*entry, "data/weights/");
    if (const json* const entry = find(constants_, name)) return read(*entry, "data/constants/");
    raise({"the archive has no weight ", in_quotes(name)});
  }

 private:
  json read_config(const std::string& record) const {
    if (!archive_.contains(record))
      raise({"there is no record ", in_quotes(record), ": versions of PyTorch that write none are not supported"});
    json all = read_json(archive_.text(record), record, memory_);
    if (!all.is_object() || !all["config"].is_object()) raise({"its ", record, " has no config"});
    return std::move(all["config"]);
  }

  constant read(const json& entry, const char* folder) const {
    if (const json* const pickled = find(entry, "use_pickle"); pickled && *pickled != false)
      raise("it is a pickle, which is not supported");
    const tensor_meta m = read_meta(member(entry, "tensor_meta"), memory_);
    if (!m.type()) raise({"its type is ", name_of_scalar_type(m.scalar_type), ", which is not supported"});
    const shape s{std::span<const index_t>(m.sizes)};
    check_not_negative(s);
    const owned_bytes storage = archive_.at(folder + text_of(member(entry, "path_name"), "path_name"));
    check_inside(m, s, bytes_of(*m.type()), storage);
    if constexpr (std::endian::native != std::endian::little) raise("models are not read on big-endian machines");
    return with_dtype(*m.type(), [&]<class T>(T) { return elements<T>(m, s, storage); });
  }

  static void check_inside(const tensor_meta& m, const shape& s, index_t element, const owned_bytes& storage) {
    if (m.strides.size() != m.sizes.size())
      raise({"it has ", m.sizes.size(), " sizes, but ", m.strides.size(), " strides"});
    index_t last = m.offset;
    const bool is_empty = s.elements() == 0;
    for (std::size_t d = 0; d < m.sizes.size() && !is_empty; ++d) {
      const index_t far_end = m.strides[d] < 0 ? -1 : checked_multiply(m.sizes[d] - 1, m.strides[d]);
      if (far_end < 0 || last < 0 || far_end > INT64_MAX - last) raise("its strides lead out of its storage");
      last += far_end;
    }
    const auto there = static_cast<index_t>(storage.bytes.size()) / element;
    if (!is_empty && (last < 0 || last >= there))
      raise({"its element ", last, " is to be in a storage of ", there, " elements"});
  }

  static bool is_contiguous(const tensor_meta& m) {
    index_t expected = 1;
    for (std::size_t d = m.sizes.size(); d-- > 0;) {
      if (m.sizes[d] != 1 && m.strides[d] != expected) return false;
      expected *= m.sizes[d];  // of a shape whose elements have been counted
    }
    return true;
  }

  template <class T>
  constant elements(const tensor_meta& m, const shape& s, const owned_bytes& storage) const {
    const bool is_empty = s.elements() == 0;
    const std::byte* const first = is_empty ? nullptr : storage.bytes.data() + m.offset * index_t{sizeof(T)};
    const bool in_place = is_contiguous(m) && !is_empty;
    if constexpr (std::same_as<T, bool>)
      for (const std::byte value : storage.bytes)
        if (value > std::byte{1}) raise("an element of bool is neither 0 nor 1");
    const bool aligned = reinterpret_cast<std::uintptr_t>(first) % alignof(T) == 0;
    if (in_place && storage.owner && aligned) return {any_view(dtype_of<T>(), first, s), storage.owner};
    memory_.take(s.elements(), sizeof(T));
    tensor<T> copy = tensor<T>::uninitialized(s);
    if (in_place)
      std::memcpy(copy.data(), first, static_cast<std::size_t>(copy.size()) * sizeof(T));
    else
      gather(copy, m, first);
    return constant(std::move(copy));
  }

  /// The elements in the order of their indices.
  template <class T>
  static void gather(tensor<T>& to, const tensor_meta& m, const std::byte* from) {
    std::vector<index_t> place(m.sizes.size());
    index_t at = 0;
    for (index_t i = 0; i < to.size(); ++i) {
      std::memcpy(to.data() + i, from + at * index_t{sizeof(T)}, sizeof(T));
      for (std::size_t d = place.size(); d-- > 0;) {
        at += m.strides[d];
        if (++place[d] < m.sizes[d]) break;
        at -= m.sizes[d] * m.strides[d];
        place[d] = 0;
      }
    }
  }

  archive& archive_;
  budget& memory_;
  json weights_, constants_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2
