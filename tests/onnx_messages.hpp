// Models of ONNX written by hand, field by field, right ones and such that no exporter would write.
#pragma once

#include <tenfold/shape.hpp>

#include <protozero/pbf_writer.hpp>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenfold_test::onnx_messages {

using tenfold::index_t;

/// A message: its fields, one behind the other.
class message {
 public:
  message& text(unsigned field, std::string_view value) {
    protozero::pbf_writer(bytes_).add_bytes(field, value.data(), value.size());
    return *this;
  }
  message& integer(unsigned field, index_t value) {
    protozero::pbf_writer(bytes_).add_int64(field, value);
    return *this;
  }
  message& number(unsigned field, float value) {
    protozero::pbf_writer(bytes_).add_float(field, value);
    return *this;
  }
  message& add(unsigned field, const message& part) { return text(field, part.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

enum type : index_t { float32 = 1, uint8, int8, uint16, int16, int32, int64, string, boolean, float16, float64 };

/// The bytes of numbers as raw_data has them.
template <class T>
std::string raw(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// TensorProto without elements.
inline message tensor_head(std::string_view name, index_t type, const std::vector<index_t>& sizes) {
  message m;
  for (const index_t size : sizes) m.integer(1, size);
  return m.integer(2, type).text(8, name);
}
inline message tensor(std::string_view name, index_t type, const std::vector<index_t>& sizes, std::string_view bytes) {
  return tensor_head(name, type, sizes).text(9, bytes);
}
/// One whose elements are in a file beside the model.
inline message external(std::string_view name, const std::vector<index_t>& sizes,
                        const std::vector<std::pair<std::string, std::string>>& place) {
  message m = tensor_head(name, float32, sizes);
  for (const auto& [key, value] : place) m.add(13, message().text(1, key).text(2, value));
  return m.integer(14, 1);
}

inline message attribute(std::string_view name, index_t value) {
  return message().text(1, name).integer(3, value).integer(20, 2);
}
inline message attribute(std::string_view name, const std::vector<index_t>& values) {
  message m = message().text(1, name).integer(20, 7);
  for (const index_t value : values) m.integer(8, value);
  return m;
}
inline message text_attribute(std::string_view name, std::string_view value) {
  return message().text(1, name).text(4, value).integer(20, 3);
}

inline message node(std::string_view op, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs, const std::vector<message>& attributes = {},
                    std::string_view name = "n") {
  message m;
  for (const std::string& input : inputs) m.text(1, input);
  for (const std::string& output : outputs) m.text(2, output);
  m.text(3, name).text(4, op);
  for (const message& a : attributes) m.add(5, a);
  return m;
}

/// ValueInfoProto.
inline message value(std::string_view name, index_t type, const std::vector<index_t>& sizes) {
  message shape;
  for (const index_t size : sizes) shape.add(1, size == -1 ? message().text(2, "any") : message().integer(1, size));
  return message().text(1, name).add(2, message().add(1, message().integer(1, type).add(2, shape)));
}

struct graph_parts {
  std::vector<message> nodes, weights, inputs, outputs;
};

inline message graph(const graph_parts& parts) {
  message m;
  for (const message& part : parts.nodes) m.add(1, part);
  for (const message& part : parts.weights) m.add(5, part);
  for (const message& part : parts.inputs) m.add(11, part);
  for (const message& part : parts.outputs) m.add(12, part);
  return m;
}

/// The file.
inline std::string model(const message& graph, index_t opset = 17) {
  return message().integer(1, 8).add(7, graph).add(8, message().integer(2, opset)).bytes();
}
inline std::string model(const graph_parts& parts, index_t opset = 17) { return model(graph(parts), opset); }

/// One of a node, and an input x of floats.
inline std::string model_of(const message& node, const std::vector<message>& weights = {},
                            const std::vector<index_t>& sizes = {1, 2, 4, 4}, index_t opset = 17) {
  return model(graph_parts{{node}, weights, {value("x", float32, sizes)}, {value("y", float32, {})}}, opset);
}

}  // namespace tenfold_test::onnx_messages
