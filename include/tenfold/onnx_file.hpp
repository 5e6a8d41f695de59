// onnx_file: networks from files of ONNX. Opt-in: <tenfold/tenfold.hpp> does not include it. Reading the files takes
// protozero's headers (on Debian libprotozero-dev).
#pragma once

#include <tenfold/detail/net/onnx/read_graph.hpp>
#include <tenfold/net.hpp>

namespace tenfold::inline v0 {

struct onnx_options {
  /// What a file may make its reader allocate, and afterwards each plan of its net; weights that are used where they
  /// lie in the file do not count.
  index_t max_bytes = index_t{1} << 34;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// The graph of a model of ONNX, of opset 7 to 22; newer ones as far as their operators have not changed. Weights stay
/// in the file, which is mapped while anything of them lives, where they are aligned as their type asks; so replace
/// such a file as a whole, rather than write into it. Those of float16 and bfloat16 become float32. Data in other files
/// have to lie in the model's folder.
///
/// Raises a tenfold::error that names all that is not supported, a line each: node, operator, attribute.
inline graph read_onnx(const std::filesystem::path& path, const onnx_options& options = {}) {
  detail::budget memory(options.max_bytes, "onnx_options::max_bytes");
  return detail::onnx::from_model(detail::in_quotes(path.string()), [&] {
    std::filesystem::path folder = path.parent_path();
    if (folder.empty()) folder = ".";
    graph result = detail::onnx::read_graph(detail::map_file(path, memory), folder, memory);
    result.max_bytes = options.max_bytes;
    return result;
  });
}

/// The same of a file's bytes, which are not needed afterwards: weights are copied.
inline graph read_onnx(std::span<const std::byte> bytes, const onnx_options& options = {}) {
  detail::budget memory(options.max_bytes, "onnx_options::max_bytes");
  return detail::onnx::from_model("the ONNX model", [&] {
    graph result = detail::onnx::read_graph({nullptr, bytes}, {}, memory);
    result.max_bytes = options.max_bytes;
    return result;
  });
}

/// A net of the model, ready to run: net(read_onnx(...)).
inline net load_onnx(const std::filesystem::path& path, const onnx_options& options = {}) {
  return net(read_onnx(path, options));
}
inline net load_onnx(std::span<const std::byte> bytes, const onnx_options& options = {}) {
  return net(read_onnx(bytes, options));
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
