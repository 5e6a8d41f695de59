// pt2_file: networks from files of torch.export. Opt-in: <tenfold/tenfold.hpp> does not include it. Reading the files
// takes minizip and nlohmann-json (on Debian libminizip-dev and nlohmann-json3-dev); link with minizip.
#pragma once

#include <tenfold/detail/net/pt2/read_graph.hpp>
#include <tenfold/net.hpp>

namespace tenfold::inline v0 {

struct pt2_options {
  /// What a file may make its reader allocate, and afterwards each plan of its net; weights that are used where they
  /// lie in the file do not count.
  index_t max_bytes = index_t{1} << 34;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// The graph of a program that `torch.export.save(program, "x.pt2")` has written, as it was exported or after
/// run_decompositions. Inputs and outputs have their names of the program's graph. Weights stay in the file, which is
/// mapped while anything of them lives, where they are contiguous and aligned as their type asks; so replace such a
/// file as a whole, rather than write into it. Sizes that are symbols may be any (-1), as far as the nodes allow.
///
/// Raises a tenfold::error that names all that is not supported, a line each: node, operator, argument.
inline graph read_pt2(const std::filesystem::path& path, const pt2_options& options = {}) {
  detail::budget memory(options.max_bytes, "pt2_options::max_bytes");
  return detail::with_source(detail::in_quotes(path.string()), [&] {
    graph result = detail::pt2::read_graph(detail::map_file(path, memory), memory);
    result.max_bytes = options.max_bytes;
    return result;
  });
}

/// The same of a file's bytes, which are not needed afterwards: weights are copied.
inline graph read_pt2(std::span<const std::byte> bytes, const pt2_options& options = {}) {
  detail::budget memory(options.max_bytes, "pt2_options::max_bytes");
  return detail::with_source("the program of torch.export", [&] {
    graph result = detail::pt2::read_graph({nullptr, bytes}, memory);
    result.max_bytes = options.max_bytes;
    return result;
  });
}

/// A net of the program, ready to run: net(read_pt2(...)).
inline net load_pt2(const std::filesystem::path& path, const pt2_options& options = {}) {
  return net(read_pt2(path, options));
}
inline net load_pt2(std::span<const std::byte> bytes, const pt2_options& options = {}) {
  return net(read_pt2(bytes, options));
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
