// The messages of a file of ONNX (onnx.proto), as far as they are needed: names and numbers are read, the elements of
// tensors are not. Texts and elements point into the file.
#pragma once

#include <tenfold/detail/net/budget.hpp>
#include <tenfold/detail/quotes.hpp>
#include <tenfold/graph.hpp>

#include <protozero/pbf_reader.hpp>

#include <optional>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// What a protobuf file calls a field: its number, and how it is written.
constexpr std::uint32_t bytes_field(protozero::pbf_tag_type number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}
constexpr std::uint32_t varint_field(protozero::pbf_tag_type number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t float_field(protozero::pbf_tag_type number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::fixed32);
}
constexpr std::uint32_t double_field(protozero::pbf_tag_type number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::fixed64);
}

inline std::string_view read_text(protozero::pbf_reader& in) {
  const protozero::data_view bytes = in.get_view();
  return {bytes.data(), bytes.size()};
}
inline protozero::pbf_reader reader_of(std::string_view bytes) {
  return protozero::pbf_reader(bytes.data(), bytes.size());
}

/// TensorProto.DataType. Those that no tensor of tenfold has are named for errors only.
enum class element_type : int {
  undefined = 0,
  float32,
  uint8,
  int8,
  uint16,
  int16,
  int32,
  int64,
  string,
  boolean,
  float16,
  float64,
  uint32,
  uint64,
  complex64,
  complex128,
  bfloat16
};

inline std::string name_of_element(std::int64_t type) {
  constexpr const char* names[] = {"undefined",      "float32",  "uint8",        "int8",           "uint16",
                                   "int16",          "int32",    "int64",        "string",         "bool",
                                   "float16",        "float64",  "uint32",       "uint64",         "complex64",
                                   "complex128",     "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
                                   "float8e5m2fnuz", "uint4",    "int4",         "float4e2m1"};
  if (type >= 0 && type < static_cast<std::int64_t>(std::size(names))) return names[type];
  return join({"element type ", type});
}

/// tenfold's type of it, where it has one.
constexpr std::optional<dtype> dtype_of_element(std::int64_t type) {
  switch (static_cast<element_type>(type)) {
    case element_type::float32:
      return dtype::float32;
    case element_type::float64:
      return dtype::float64;
    case element_type::int8:
      return dtype::int8;
    case element_type::int16:
      return dtype::int16;
    case element_type::int32:
      return dtype::int32;
    case element_type::int64:
      return dtype::int64;
    case element_type::uint8:
      return dtype::uint8;
    case element_type::boolean:
      return dtype::boolean;
    case element_type::float16:
      return dtype::float16;
    case element_type::bfloat16:
      return dtype::bfloat16;
    default:
      return std::nullopt;
  }
}

struct tensor_message {
  std::string_view name;
  std::vector<index_t> sizes;
  std::int64_t type = 0;
  std::optional<std::string_view> raw;
  std::string_view message;  // with the elements that are not raw
  bool is_external = false, is_segment = false;
  std::string_view location, offset, length;
};

struct attribute_message {
  std::string_view name;
  std::int64_t type = 0;  // AttributeProto.AttributeType; 0 in the oldest files
  std::optional<float> number;
  std::optional<std::int64_t> integer;
  std::optional<std::string_view> text, tensor;
  std::vector<float> numbers;
  std::vector<index_t> integers;
  bool other = false;  // a graph, a list of texts and so on
};

struct node_message {
  std::vector<std::string_view> inputs, outputs;
  std::string_view name, op, domain;
  std::vector<attribute_message> attributes;
};

struct value_message {
  std::string_view name;
  bool is_tensor = false;
  std::int64_t type = 0;
  std::optional<std::vector<index_t>> sizes;  // -1: any
};

struct graph_message {
  std::vector<node_message> nodes;
  std::vector<tensor_message> tensors;
  std::vector<value_message> inputs, outputs, values;
  bool has_sparse_tensors = false;
};

struct model_message {
  std::optional<graph_message> graph;
  std::optional<std::int64_t> opset;
  bool has_functions = false;
};

/// Numbers that stand one after the other.
inline void read_packed_integers(protozero::pbf_reader& in, std::vector<index_t>& list, budget& memory) {
  for (const std::int64_t number : in.get_packed_int64()) append(list, index_t{number}, memory);
}

inline void read_place(std::string_view entry, tensor_message& tensor) {
  std::string_view key, value;
  protozero::pbf_reader in = reader_of(entry);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        key = read_text(in);
        break;
      case bytes_field(2):
        value = read_text(in);
        break;
      default:
        in.skip();
    }
  }
  if (key == "location") tensor.location = value;
  if (key == "offset") tensor.offset = value;
  if (key == "length") tensor.length = value;
}

inline tensor_message read_tensor(std::string_view message, budget& memory) {
  tensor_message tensor;
  tensor.message = message;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        read_packed_integers(in, tensor.sizes, memory);
        break;
      case varint_field(1):
        append(tensor.sizes, index_t{in.get_int64()}, memory);
        break;
      case varint_field(2):
        tensor.type = in.get_int32();
        break;
      case bytes_field(3):
        tensor.is_segment = true, in.skip();
        break;
      case bytes_field(8):
        tensor.name = read_text(in);
        break;
      case bytes_field(9):
        tensor.raw = read_text(in);
        break;
      case bytes_field(13):
        read_place(read_text(in), tensor);
        break;
      case varint_field(14):
        tensor.is_external = in.get_enum() == 1;
        break;
      default:
        in.skip();
    }
  }
  return tensor;
}

inline attribute_message read_attribute(std::string_view message, budget& memory) {
  attribute_message attribute;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        attribute.name = read_text(in);
        break;
      case float_field(2):
        attribute.number = in.get_float();
        break;
      case varint_field(3):
        attribute.integer = in.get_int64();
        break;
      case bytes_field(4):
        attribute.text = read_text(in);
        break;
      case bytes_field(5):
        attribute.tensor = read_text(in);
        break;
      case float_field(7):
        append(attribute.numbers, in.get_float(), memory);
        break;
      case bytes_field(7):
        for (const float number : in.get_packed_float()) append(attribute.numbers, float{number}, memory);
        break;
      case varint_field(8):
        append(attribute.integers, index_t{in.get_int64()}, memory);
        break;
      case bytes_field(8):
        read_packed_integers(in, attribute.integers, memory);
        break;
      case varint_field(20):
        attribute.type = in.get_enum();
        break;
      case bytes_field(6):
      case bytes_field(9):
      case bytes_field(10):
      case bytes_field(11):
      case bytes_field(21):
        attribute.other = true, in.skip();
        break;
      default:
        in.skip();
    }
  }
  return attribute;
}

inline node_message read_node(std::string_view message, budget& memory) {
  node_message node;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        append(node.inputs, read_text(in), memory);
        break;
      case bytes_field(2):
        append(node.outputs, read_text(in), memory);
        break;
      case bytes_field(3):
        node.name = read_text(in);
        break;
      case bytes_field(4):
        node.op = read_text(in);
        break;
      case bytes_field(5):
        append(node.attributes, read_attribute(read_text(in), memory), memory);
        break;
      case bytes_field(7):
        node.domain = read_text(in);
        break;
      default:
        in.skip();
    }
  }
  return node;
}

/// TensorShapeProto: a size that has only a name may be any.
inline std::vector<index_t> read_sizes(std::string_view message, budget& memory) {
  std::vector<index_t> sizes;
  protozero::pbf_reader in = reader_of(message);
  while (in.next(1, protozero::pbf_wire_type::length_delimited)) {
    protozero::pbf_reader size = reader_of(read_text(in));
    append(sizes, index_t{-1}, memory);
    while (size.next(1, protozero::pbf_wire_type::varint)) sizes.back() = size.get_int64();
  }
  return sizes;
}

inline void read_tensor_type(std::string_view message, value_message& value, budget& memory) {
  value.is_tensor = true;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case varint_field(1):
        value.type = in.get_int32();
        break;
      case bytes_field(2):
        value.sizes = read_sizes(read_text(in), memory);
        break;
      default:
        in.skip();
    }
  }
}

inline value_message read_value(std::string_view message, budget& memory) {
  value_message value;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        value.name = read_text(in);
        break;
      case bytes_field(2): {
        protozero::pbf_reader type = reader_of(read_text(in));
        while (type.next(1, protozero::pbf_wire_type::length_delimited))
          read_tensor_type(read_text(type), value, memory);
        break;
      }
      default:
        in.skip();
    }
  }
  return value;
}

inline graph_message read_graph_message(std::string_view message, budget& memory) {
  graph_message graph;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        append(graph.nodes, read_node(read_text(in), memory), memory);
        break;
      case bytes_field(5):
        append(graph.tensors, read_tensor(read_text(in), memory), memory);
        break;
      case bytes_field(11):
        append(graph.inputs, read_value(read_text(in), memory), memory);
        break;
      case bytes_field(12):
        append(graph.outputs, read_value(read_text(in), memory), memory);
        break;
      case bytes_field(13):
        append(graph.values, read_value(read_text(in), memory), memory);
        break;
      case bytes_field(15):
        graph.has_sparse_tensors = true, in.skip();
        break;
      default:
        in.skip();
    }
  }
  return graph;
}

/// OperatorSetIdProto: the version of ONNX's own operators.
inline void read_opset(std::string_view message, model_message& model) {
  std::string_view domain;
  std::int64_t version = 0;
  protozero::pbf_reader in = reader_of(message);
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(1):
        domain = read_text(in);
        break;
      case varint_field(2):
        version = in.get_int64();
        break;
      default:
        in.skip();
    }
  }
  if (domain.empty() || domain == "ai.onnx") model.opset = version;
}

inline model_message read_model(std::span<const std::byte> file, budget& memory) {
  model_message model;
  protozero::pbf_reader in = reader_of(std::string_view(reinterpret_cast<const char*>(file.data()), file.size()));
  while (in.next()) {
    switch (in.tag_and_type()) {
      case bytes_field(7):
        if (model.graph) raise("it has two graphs");
        model.graph = read_graph_message(read_text(in), memory);
        break;
      case bytes_field(8):
        read_opset(read_text(in), model);
        break;
      case bytes_field(25):
        model.has_functions = true, in.skip();
        break;
      default:
        in.skip();
    }
  }
  return model;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
