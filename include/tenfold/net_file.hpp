// net_file: a network into two files and back, its graph as text (graph_text.hpp) and its weights as safetensors
// (safetensors.hpp, which takes nlohmann-json). Opt-in: <tenfold/tenfold.hpp> does not include it.
//
//     tf::save_net(net, "net.txt", "net.safetensors");
//     tf::net again = tf::load_net("net.txt", "net.safetensors");
#pragma once

#include <tenfold/graph_text.hpp>
#include <tenfold/net.hpp>
#include <tenfold/safetensors.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// Writes the graph's constants, then its text; each file is replaced as a whole, and may be one that the graph was
/// read from. Raises a tenfold::error, before anything is written, for a constant whose name is not UTF-8.
inline void write_graph(const graph& from, const std::filesystem::path& text, const std::filesystem::path& weights) {
  safetensors::content content;
  for (const auto& [name, x] : from.constants) content.add(name, x);
  content.write(weights);
  detail::replace_file(text, graph_text(from));
}

/// The graph of a text whose constants are a safetensors file's. They stay in that file, which is mapped while anything
/// of them lives; so replace it as a whole, rather than write into it.
///
/// Nobody has to vouch for the files: whatever is wrong becomes one tenfold::error that begins with the file's name,
/// and `limits` bounds the memory that they may take, here and afterwards in each plan of a net of the graph.
inline graph read_graph(const std::filesystem::path& text, const std::filesystem::path& weights,
                        const file_limits& limits = {}) {
  graph result = detail::with_source(text.string(), [&] {
    detail::budget memory(limits.max_bytes, "file_limits::max_bytes");
    const detail::owned_bytes mapped = detail::map_file(text, memory);
    // A node with nothing but its operation, `=a()` and the end of its line, is 160 bytes for 6 of text, and thrice
    // that while its vector grows. (net_file_test measures such texts.)
    memory.take(static_cast<index_t>(mapped.bytes.size()), 128);
    return read_graph_text({reinterpret_cast<const char*>(mapped.bytes.data()), mapped.bytes.size()});
  });
  result.constants = safetensors::file(weights, limits).constants();
  result.max_bytes = limits.max_bytes;
  return result;
}

/// The same of the graph that a net is made of.
inline void save_net(const net& from, const std::filesystem::path& text, const std::filesystem::path& weights) {
  write_graph(from.description(), text, weights);
}
/// A net, ready to run: net(read_graph(...)).
inline net load_net(const std::filesystem::path& text, const std::filesystem::path& weights,
                    const file_limits& limits = {}) {
  return net(read_graph(text, weights, limits));
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
