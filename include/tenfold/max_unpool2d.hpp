// max_unpool2d.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/kernel_table.hpp>  // arithmetic_t
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/workspace.hpp>

#include <charconv>  // to_chars: a value in an error text

namespace tenfold::inline v0 {

/// What becomes of a place that several indices of a plane name. "First" and "last" are meant in row-major order.
///
///     last   the last value, as in torch
///     first  the first value
///     max    the greatest, by the rule of max_pool2d: the first of equals, the last NaN before everything
///     sum    the sum, added up from the first to the last in the element type; integers wrap
///     error  none: the call raises an error that names the first index that its plane has had before
enum class unpool_duplicates { last, first, max, sum, error };

/// The settings of torch.nn.functional.max_unpool2d, and what torch does not let one choose.
struct unpool2d_options {
  hw kernel_size;
  hw stride = kernel_size;
  padding2d padding = 0;
  /// The height and width wanted; without it, those that the formula gives.
  std::optional<hw> output_size = {};
  unpool_duplicates duplicates = unpool_duplicates::last;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

constexpr index_t default_unpooled_size(index_t in, index_t kernel, index_t stride, index_t begin, index_t end) {
  const index_t spread = checked_multiply(checked_subtract(in, 1), stride);
  return checked_add(checked_subtract(spread, both_sides(begin, end)), kernel);
}

constexpr void check_unpooled_size(const hw& wanted, index_t d, index_t size, index_t usual, index_t stride) {
  const index_t least = checked_subtract(usual, stride);
  const index_t most = checked_add(usual, stride);
  if (size <= least || size >= most)
    raise({"invalid output_size \"", wanted, "\" (dim ", d, " must be between ", least, " and ", most, ")"});
}

/// The height and width of the output, from the part of the checks that looks at sizes alone.
constexpr hw unpooled_size(const shape& input, const unpool2d_options& o) {
  if (input.size() < 2) raise("tuple index out of range");
  const hw in = last_two(input);
  const hw usual{default_unpooled_size(in.h, o.kernel_size.h, o.stride.h, o.padding.h, pads(o.padding).bottom),
                 default_unpooled_size(in.w, o.kernel_size.w, o.stride.w, o.padding.w, pads(o.padding).right)};
  const hw out = o.output_size.value_or(usual);
  if (o.output_size) {
    check_unpooled_size(out, 0, out.h, usual.h, o.stride.h);
    check_unpooled_size(out, 1, out.w, usual.w, o.stride.w);
  }
  if (out.h < 0 || out.w < 0)
    raise({"max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[",
           out.h < 0 ? 0 : 1, "]=", out.h < 0 ? out.h : out.w});
  return out;
}

/// The checks of max_unpool2d in PyTorch's order, but for the indices themselves.
constexpr plane_geometry check_max_unpool2d(const shape& input, const shape& indices, const unpool2d_options& o) {
  const hw out = unpooled_size(input, o);
  if (input.size() != 3 && input.size() != 4)
    raise({"Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with ",
           static_cast<index_t>(input.size()), " dimensions."});
  if (!(indices == input))
    raise({"Expected shape of indices to be same as that of the input tensor (", input,
           ") but got indices tensor with shape: ", indices});
  for (std::size_t d = 1; d < input.size(); ++d)
    if (input[d] == 0)
      raise({"max_unpooling2d_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, but ",
             "input has sizes ", input, " with dimension ", d, " being empty"});

  plane_geometry g;
  g.planes = plane_count(input);
  g.in = last_two(input);
  g.out = out;
  g.output_shape = with_planes_of(input, out);
  return g;
}

/// Every index is a place in its output plane. The last one that is not, in memory order, is named, as by PyTorch.
inline void check_unpool_indices(const plane_geometry& g, const index_t* indices, const context& ctx) {
  const auto last_outside = TENFOLD_KERNEL(chosen_isa(ctx), last_index_outside);
  const index_t in = g.in.h * g.in.w;
  const index_t out = g.out.h * g.out.w;
  std::atomic<index_t> minus_last{1};  // its position, negative, so that the least is the last
  parallel_ranges(ctx, g.planes, 0.3 * static_cast<double>(in), [&](index_t begin, index_t end) {
    const index_t found = last_outside(indices + begin * in, (end - begin) * in, out);
    if (found >= 0) lower_to(minus_last, -(begin * in + found));
  });
  if (minus_last <= 0)
    raise({"Found an invalid max index: ", indices[-minus_last], " (output volumes are of size ", g.out.h, "x", g.out.w,
           ")"},
          "an index counts within its plane, h * width + w: convert_indices makes such of other kinds");
}

/// One bit for each place of a plane, or of a part of it where the plane is too large for the scratch memory.
inline index_t unpool_seen_bytes(const plane_geometry& g, const context& ctx) {
  const index_t whole = round_up(ceil_divide(g.out.h * g.out.w, 8), static_cast<index_t>(alignment));
  return (std::min)(whole, scratch_budget(ctx) / static_cast<index_t>(alignment) * static_cast<index_t>(alignment));
}

inline index_t unpool_scratch_bytes(const plane_geometry& g, const unpool2d_options& o, const context& ctx) {
  if (o.duplicates != unpool_duplicates::error || g.output_shape.elements() == 0) return 0;
  return unpool_seen_bytes(g, ctx) * worker_count(ctx, g.planes);
}

/// The position of the first index that stands before it already, or `count`. All are in [0, out).
///   indices (count)   seen (bytes) scratch
inline index_t first_duplicate(const index_t* indices, index_t count, index_t out, std::uint8_t* seen, index_t bytes) {
  index_t found = count;
  for (index_t begin = 0; begin < out; begin += 8 * bytes) {
    std::memset(seen, 0, static_cast<std::size_t>(bytes));
    for (index_t i = 0; i < found; ++i) {
      const index_t at = indices[i] - begin;
      if (at < 0 || at >= 8 * bytes) continue;
      const int bit = 1 << at % 8;
      if (seen[at / 8] & bit) found = i;
      seen[at / 8] = static_cast<std::uint8_t>(seen[at / 8] | bit);
    }
  }
  return found;
}

/// As it reads back equal.
template <element T>
std::string value_text(T value) {
  char digits[64];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

/// `at` repeats an index that stands before it in its plane.
template <element T>
[[noreturn]] TENFOLD_COLD void raise_duplicate(const plane_geometry& g, const T* input, const index_t* indices,
                                               index_t at) {
  const index_t in = g.in.h * g.in.w;
  const index_t first = std::find(indices + at / in * in, indices + at, indices[at]) - indices;
  const index_t channels = g.output_shape[g.output_shape.size() - 3];
  const auto place = [&](index_t i) { return join({"h = ", i % in / g.in.w, ", w = ", i % g.in.w}); };
  raise({"max_unpool2d: duplicate index ", indices[at], " at n = ", at / in / channels, ", c = ", at / in % channels,
         ", ", place(at), " (value ", value_text(input[at]), "): its plane has it at ", place(first), " (value ",
         value_text(input[first]), ") already"});
}

/// Raises an error for the first index, in memory order, that its plane has had before.
///   memory (worker_count, unpool_seen_bytes)
template <element T>
void check_no_duplicates(const plane_geometry& g, const T* input, const index_t* indices, std::byte* memory,
                         const context& ctx) {
  const index_t in = g.in.h * g.in.w;
  const index_t bytes = unpool_seen_bytes(g, ctx);
  std::atomic<index_t> first{g.planes * in};
  parallel_tasks(ctx, g.planes, [&](index_t worker, index_t plane) {
    auto* seen = reinterpret_cast<std::uint8_t*>(memory + worker * bytes);
    const index_t found = first_duplicate(indices + plane * in, in, g.out.h * g.out.w, seen, bytes);
    if (found < in) lower_to(first, plane * in + found);
  });
  if (first < g.planes * in) raise_duplicate(g, input, indices, first);
}

/// One plane by a rule other than `last`. Every place that is named first gets a value to begin with: the first one for
/// `first` and `max`; for `sum` the zero to which -0 can be added.
///   input, indices (in)   output (out)
template <element T>
void unpool_plane(unpool_duplicates rule, index_t in, index_t out, const T* input, const index_t* indices, T* output) {
  using U = arithmetic_t<T>;
  fill(output, output + out, T{});
  for (index_t i = in; i-- > 0;) output[indices[i]] = rule == unpool_duplicates::sum ? static_cast<T>(-T{}) : input[i];
  for (index_t i = 0; i < in && rule != unpool_duplicates::first; ++i) {
    T& y = output[indices[i]];
    const T x = input[i];
    if (rule == unpool_duplicates::sum)
      y = static_cast<T>(static_cast<U>(static_cast<U>(y) + static_cast<U>(x)));
    else if (x > y || x != x)
      y = x;
  }
}

/// Checks the indices, then writes the output.
template <element T>
void run_max_unpool2d(const plane_geometry& g, const unpool2d_options& o, const T* input, const index_t* indices,
                      T* output, const context& ctx) {
  if (g.output_shape.elements() == 0) return;  // PyTorch reads no index then
  check_unpool_indices(g, indices, ctx);
  if (o.duplicates == unpool_duplicates::error) {
    const scratch_memory memory(ctx, unpool_scratch_bytes(g, o, ctx));
    check_no_duplicates(g, input, indices, memory.data(), ctx);
  }
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), max_unpool2d_planes<T>);
  const bool plain = o.duplicates == unpool_duplicates::last || o.duplicates == unpool_duplicates::error;
  const index_t in = g.in.h * g.in.w;
  const index_t out = g.out.h * g.out.w;
  // Whole planes only: the copies of an index count in row-major order.
  parallel_ranges(ctx, g.planes, (plain ? 1 : 3) * static_cast<double>(in) + 0.1 * static_cast<double>(out),
                  [&](index_t begin, index_t end) {
                    if (plain) return kernel(begin, end, g.in, g.out, input, indices, output);
                    for (index_t p = begin; p < end; ++p)
                      unpool_plane(o.duplicates, in, out, input + p * in, indices + p * in, output + p * out);
                  });
}

}  // namespace detail

/// The shape that max_unpool2d gives, or the error that it raises; usable at compile time.
constexpr shape max_unpool2d_output_shape(const shape& input, const unpool2d_options& options) {
  detail::check_not_negative(input);
  return detail::check_max_unpool2d(input, input, options).output_shape;
}

/// The bytes of workspace that max_unpool2d_into needs with this context: none, but for unpool_duplicates::error.
template <tensor_like Input, tensor_like Indices>
index_t max_unpool2d_workspace_bytes(const Input& input, const Indices& indices, const unpool2d_options& options,
                                     const context& ctx = default_context()) {
  const auto g =
      detail::check_max_unpool2d(detail::const_view(input).shape(), detail::const_view(indices).shape(), options);
  return detail::workspace_bytes_for(detail::unpool_scratch_bytes(g, options, ctx));
}

/// max_unpool2d into a tensor of the right shape, which may not overlap the inputs. Allocates nothing when the context
/// carries a workspace of max_unpool2d_workspace_bytes.
template <tensor_like Output, tensor_like Input, tensor_like Indices>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::same_as<element_of<Indices>, index_t>
void max_unpool2d_into(Output&& output, const Input& input, const Indices& indices, const unpool2d_options& options,
                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d(x.shape(), at.shape(), options);
  detail::check_output_shape("max_unpool2d", "output", g.output_shape, as_view(output).shape());
  detail::run_max_unpool2d(g, options, x.data(), at.data(), as_view(output).data(), ctx);
}

/// The partial inverse of 2-D max pooling, as torch.nn.functional.max_unpool2d.
///
///     output[n, c].flat[indices[n, c, h, w]] = input[n, c, h, w],  0 elsewhere
///
/// Where an index occurs more than once in a plane, the last one in row-major order counts, or what the option
/// `duplicates` says.
///
/// input   (N, C, H, W) or (C, H, W); N may be 0
/// indices like input, int64: places h * OW + w in the output plane, as max_pool2d_with_indices gives them (and
///         convert_indices makes of those that ONNX and TensorFlow give)
/// returns (N, C, OH, OW) or (C, OH, OW) with OH, OW = output_size, or without one
///         OH = (H - 1) * stride.h - padding.top - padding.bottom + kernel_size.h, from which output_size may differ
///         by less than a stride
/// throws  tenfold::error in PyTorch's words; every check, that of the indices too, comes before the first write
/// source  Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2013, section 2.1 ("switches");
///         the loops: detail/kernels/max_unpool2d.inl.hpp
template <tensor_like Input, tensor_like Indices>
  requires(std::same_as<element_of<Indices>, index_t>)
tensor<element_of<Input>> max_unpool2d(const Input& input, const Indices& indices, const unpool2d_options& options,
                                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto at = detail::const_view(indices);
  const auto g = detail::check_max_unpool2d(x.shape(), at.shape(), options);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::run_max_unpool2d(g, options, x.data(), at.data(), output.data(), ctx);
  return output;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
