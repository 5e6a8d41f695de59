// convert_indices: what a max pooling answers, from one framework's way of counting to another's.
#pragma once

#include <tenfold/max_pool2d.hpp>
#include <tenfold/detail/parallel.hpp>

namespace tenfold::inline v0 {

/// How an index names an element (n, c, h, w) of a pooling's input (N, C, H, W).
///
///     plane                  h * W + w                         PyTorch; tenfold's own
///     tensor                 ((n * C + c) * H + h) * W + w     ONNX MaxPool with storage_order 0
///     tensorflow             (h * W + w) * C + c               tf.nn.max_pool_with_argmax
///     tensorflow_with_batch  ((n * H + h) * W + w) * C + c     the same with include_batch_in_index
///     window                 i * kernel_size.w + j             the tap of the pooling window that reads the element
///
/// Only the numbers differ: index tensors are laid out as (N, C, OH, OW) for every kind.
enum class index_kind { plane, tensor, tensorflow, tensorflow_with_batch, window };

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// A conversion: the pooling's input, the windows over it (options are read for index_kind::window alone), and the
/// indices (channels * batch, windows.h, windows.w).
struct index_geometry {
  index_kind from;
  index_kind to;
  index_t batch;
  index_t channels;
  hw image;
  hw windows;
  pool2d_options options;
};

/// One place of an index tensor.
struct index_place {
  index_t n;
  index_t c;
  hw window;
};

constexpr index_geometry check_convert_indices(const shape& indices, index_kind from, index_kind to, const shape& input,
                                               const std::optional<pool2d_options>& options) {
  const bool windowed = from == index_kind::window || to == index_kind::window;
  if (input.size() != 3 && input.size() != 4)
    raise({"convert_indices: expected the shape of the pooling's input, 3-D or 4-D, but got ", input});
  checked_elements<index_t>(input);
  if (windowed && !options) raise("convert_indices: indices within the window need the pooling's options");
  if (windowed) {
    check_output_shape("convert_indices", "indices", max_pool2d_output_shape(input, *options), indices);
  } else if (indices.size() < 2 || !(with_planes_of(input, last_two(indices)) == indices)) {
    raise({"convert_indices: expected indices with the rank, batch and channels of ", input, ", but got ", indices});
  }
  const shape x = batched(input);
  return {from, to, x[0], x[1], last_two(input), last_two(indices), options.value_or(pool2d_options{1})};
}

/// The place in its plane that the index of a window's place names; -1 where it names none.
constexpr index_t plane_index(const index_geometry& g, const index_place& at, index_t index) {
  const index_t plane = g.image.h * g.image.w;
  index_t first = 0;  // the index of the plane's first element, and how far apart its elements are
  index_t step = 1;
  switch (g.from) {
    case index_kind::plane:
      break;
    case index_kind::tensor:
      first = (at.n * g.channels + at.c) * plane;
      break;
    case index_kind::tensorflow:
      first = at.c, step = g.channels;
      break;
    case index_kind::tensorflow_with_batch:
      first = at.n * plane * g.channels + at.c, step = g.channels;
      break;
    case index_kind::window: {
      const pool2d_options& o = g.options;
      if (index < 0 || index >= o.kernel_size.h * o.kernel_size.w) return -1;
      const index_t h = at.window.h * o.stride.h - o.padding.h + index / o.kernel_size.w * o.dilation.h;
      const index_t w = at.window.w * o.stride.w - o.padding.w + index % o.kernel_size.w * o.dilation.w;
      return h >= 0 && h < g.image.h && w >= 0 && w < g.image.w ? h * g.image.w + w : -1;
    }
  }
  if (index < first || (index - first) % step != 0 || (index - first) / step >= plane) return -1;
  return (index - first) / step;
}

/// The tap of one dimension of a window that reads line `at`, or -1.
constexpr index_t tap_of(index_t at, index_t window, index_t kernel, index_t stride, index_t padding,
                         index_t dilation) {
  const index_t offset = at + padding - window * stride;
  return offset >= 0 && offset % dilation == 0 && offset / dilation < kernel ? offset / dilation : -1;
}

/// The index of the wanted kind for a place in the plane; -1 where the window does not read that place.
constexpr index_t index_of_plane_index(const index_geometry& g, const index_place& at, index_t index) {
  const index_t plane = g.image.h * g.image.w;
  switch (g.to) {
    case index_kind::plane:
      return index;
    case index_kind::tensor:
      return (at.n * g.channels + at.c) * plane + index;
    case index_kind::tensorflow:
      return index * g.channels + at.c;
    case index_kind::tensorflow_with_batch:
      return (at.n * plane + index) * g.channels + at.c;
    case index_kind::window:
      break;
  }
  const pool2d_options& o = g.options;
  const index_t i = tap_of(index / g.image.w, at.window.h, o.kernel_size.h, o.stride.h, o.padding.h, o.dilation.h);
  const index_t j = tap_of(index % g.image.w, at.window.w, o.kernel_size.w, o.stride.w, o.padding.w, o.dilation.w);
  return i < 0 || j < 0 ? -1 : i * o.kernel_size.w + j;
}

constexpr index_place index_place_of(const index_geometry& g, index_t position) {
  const index_t windows = g.windows.h * g.windows.w;
  const index_t plane = position / windows;
  const index_t window = position % windows;
  return {plane / g.channels, plane % g.channels, {window / g.windows.w, window % g.windows.w}};
}

/// The converted index at a position of the index tensor, or -1 where there is none.
constexpr index_t converted_index(const index_geometry& g, index_t position, index_t index) {
  const index_place at = index_place_of(g, position);
  const index_t plane = plane_index(g, at, index);
  return plane < 0 ? -1 : index_of_plane_index(g, at, plane);
}

constexpr const char* kind_name(index_kind kind) {
  constexpr const char* names[] = {"plane", "tensor", "tensorflow", "tensorflow_with_batch", "window"};
  return names[static_cast<std::size_t>(kind)];
}

[[noreturn]] TENFOLD_COLD inline void raise_index(const index_geometry& g, index_t position, index_t index) {
  const index_place at = index_place_of(g, position);
  const index_t plane = plane_index(g, at, index);
  raise({"convert_indices: ", kind_name(g.from), " index ", index, " at n = ", at.n, ", c = ", at.c,
         ", h = ", at.window.h, ", w = ", at.window.w,
         plane < 0 ? " names no element of its plane, in an input of "
                   : " is read by no tap of its window, in an input of ",
         shape{g.batch, g.channels, g.image.h, g.image.w}});
}

/// Checks all indices, then writes. `converted` may be `indices`.
inline void run_convert_indices(const index_geometry& g, const index_t* indices, index_t* converted, index_t count,
                                const context& ctx) {
  constexpr double index_ns = 20;  // a few divisions
  std::atomic<index_t> first_bad{count};
  parallel_ranges(ctx, count, index_ns, [&](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i)
      if (converted_index(g, i, indices[i]) < 0) return lower_to(first_bad, i);
  });
  if (first_bad < count) raise_index(g, first_bad, indices[first_bad]);
  parallel_ranges(ctx, count, index_ns, [&](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i) converted[i] = converted_index(g, i, indices[i]);
  });
}

inline void convert_indices_into(const tensor_view<index_t>& converted, const tensor_view<const index_t>& indices,
                                 index_kind from, index_kind to, const shape& input,
                                 const std::optional<pool2d_options>& options, const context& ctx) {
  const index_geometry g = check_convert_indices(indices.shape(), from, to, input, options);
  check_output_shape("convert_indices", "output", indices.shape(), converted.shape());
  run_convert_indices(g, indices.data(), converted.data(), indices.size(), ctx);
}

inline tensor<index_t> convert_indices(const tensor_view<const index_t>& indices, index_kind from, index_kind to,
                                       const shape& input, const std::optional<pool2d_options>& options,
                                       const context& ctx) {
  const index_geometry g = check_convert_indices(indices.shape(), from, to, input, options);
  auto converted = tensor<index_t>::uninitialized(indices.shape());
  run_convert_indices(g, indices.data(), converted.data(), indices.size(), ctx);
  return converted;
}

}  // namespace detail

/// The indices of a max pooling, counted in another framework's way: see index_kind.
///
///     auto [values, indices] = max_pool2d_with_indices(x, {.kernel_size = 2});
///     auto onnx = convert_indices(indices, index_kind::plane, index_kind::tensor, x.shape());
///
/// indices (N, C, OH, OW) or (C, OH, OW), int64
/// shape   of the pooling's input, (N, C, H, W) or (C, H, W); an image without N counts as one of n = 0
/// options of the pooling, for index_kind::window alone; the indices then have the shape of max_pool2d_output_shape
/// returns like indices
/// throws  tenfold::error for an index that names no element of its own plane, or one that its window does not read;
///         every check, that of all indices too, comes before the first write
template <tensor_like Indices>
  requires std::same_as<element_of<Indices>, index_t> tensor<index_t> convert_indices(
      const Indices& indices, index_kind from, index_kind to, const shape& input_shape,
      const context& ctx = default_context()) {
    return detail::convert_indices(detail::const_view(indices), from, to, input_shape, std::nullopt, ctx);
  }
template <tensor_like Indices>
  requires std::same_as<element_of<Indices>, index_t> tensor<index_t> convert_indices(
      const Indices& indices, index_kind from, index_kind to, const shape& input_shape, const pool2d_options& options,
      const context& ctx = default_context()) {
    return detail::convert_indices(detail::const_view(indices), from, to, input_shape, options, ctx);
  }

/// convert_indices into a tensor of the indices' shape, which may be the indices themselves.
template <tensor_like Output, tensor_like Indices>
  requires std::same_as<element_of<Output>, index_t> && std::same_as<element_of<Indices>, index_t>
void convert_indices_into(Output&& output, const Indices& indices, index_kind from, index_kind to,
                          const shape& input_shape, const context& ctx = default_context()) {
  detail::convert_indices_into(as_view(output), detail::const_view(indices), from, to, input_shape, std::nullopt, ctx);
}
template <tensor_like Output, tensor_like Indices>
  requires std::same_as<element_of<Output>, index_t> && std::same_as<element_of<Indices>, index_t>
void convert_indices_into(Output&& output, const Indices& indices, index_kind from, index_kind to,
                          const shape& input_shape, const pool2d_options& options,
                          const context& ctx = default_context()) {
  detail::convert_indices_into(as_view(output), detail::const_view(indices), from, to, input_shape, options, ctx);
}

/// The bytes of workspace that convert_indices_into needs: none.
template <tensor_like Indices>
index_t convert_indices_workspace_bytes(const Indices&, index_kind, index_kind, const shape&,
                                        const context& = default_context()) {
  return 0;
}
template <tensor_like Indices>
index_t convert_indices_workspace_bytes(const Indices&, index_kind, index_kind, const shape&, const pool2d_options&,
                                        const context& = default_context()) {
  return 0;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
