// cat, and its parts: narrow and slice; split.hpp has split.
#pragma once

#include <tenfold/detail/move.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

namespace detail {

/// A tensor of shape (0) counts as none, whatever the others are.
constexpr bool is_left_out_of_cat(const shape& s) { return s.size() == 1 && s[0] == 0; }

/// What cat makes of its tensors: the dimension, and the shape.
struct cat_geometry {
  std::size_t dim = 0;
  shape output_shape;
};

/// The checks of cat in PyTorch's order. shape_of(i) is the shape of tensor i.
template <class ShapeOf>
constexpr cat_geometry check_cat(std::size_t count, index_t dim, const ShapeOf& shape_of) {
  if (count == 0) raise("torch.cat(): expected a non-empty list of Tensors");
  for (std::size_t i = 0; i < count; ++i)
    if (shape_of(i).empty()) raise({"zero-dimensional tensor (at position ", i, ") cannot be concatenated"});
  std::size_t first = 0;
  while (first < count && is_left_out_of_cat(shape_of(first))) ++first;
  if (first == count) return {0, {0}};
  const shape like = shape_of(first);
  cat_geometry g{wrapped_dim(dim, like.size()), like};
  for (std::size_t i = first + 1; i < count; ++i) {
    const shape s = shape_of(i);
    if (is_left_out_of_cat(s)) continue;
    if (s.size() != like.size())
      raise({"Tensors must have same number of dimensions: got ", like.size(), " and ", s.size()});
    for (std::size_t d = 0; d < s.size(); ++d)
      if (d != g.dim && s[d] != like[d])
        raise({"Sizes of tensors must match except in dimension ", g.dim, ". Expected size ", like[d], " but got size ",
               s[d], " for tensor number ", i, " in the list."});
    g.output_shape[g.dim] = checked_add(g.output_shape[g.dim], s[g.dim]);
  }
  return g;
}

/// A vector, an array or a span of views.
template <class Views>
concept list_of_views = requires(const Views& views) {
  views.size();
  typename std::remove_cvref_t<decltype(*views.data())>::element_type;
  requires std::same_as<std::remove_cvref_t<decltype(*views.data())>,
                        tensor_view<typename std::remove_cvref_t<decltype(*views.data())>::element_type>>;
};

template <class Views>
using element_of_views = typename std::remove_cvref_t<decltype(*std::declval<const Views&>().data())>::element_type;

template <class Views>
std::span<const tensor_view<element_of_views<Views>>> span_of(const Views& views) {
  return {views.data(), views.size()};
}

template <class T>
cat_geometry check_cat(std::span<const tensor_view<T>> tensors, index_t dim) {
  return check_cat(tensors.size(), dim, [&](std::size_t i) { return tensors[i].shape(); });
}

template <class T>
void run_cat(const cat_geometry& g, std::span<const tensor_view<T>> tensors, std::remove_const_t<T>* y,
             const context& ctx) {
  if (g.output_shape.elements() == 0) return;
  const steps_of to(g.output_shape);
  for (const tensor_view<T>& part : tensors) {
    if (part.size() == 0) continue;
    move_box<std::remove_const_t<T>>(part.shape(), steps_of(part.shape()), to, part.data(), y, ctx);
    y += part.shape()[g.dim] * to[g.dim];
  }
}

/// `count` places of dimension `dim`, `step` apart from `start` on.
struct slice_geometry {
  std::size_t dim = 0;
  index_t start = 0;
  index_t step = 1;
  shape output_shape;
};

/// The checks of narrow in PyTorch's order.
constexpr slice_geometry check_narrow(const shape& input, index_t dim, index_t start, index_t length) {
  if (input.empty()) raise("narrow() cannot be applied to a 0-dim tensor.");
  if (length < 0) raise("narrow(): length must be non-negative.");
  slice_geometry g{wrapped_dim(dim, input.size()), start, 1, input};
  const index_t size = input[g.dim];
  if (start < -size || start > size)
    raise({"start out of range (expected to be in range of [", -size, ", ", size, "], but got ", start, ")"});
  if (start < 0) g.start += size;
  if (length > size - g.start)
    raise({"start (", g.start, ") + length (", length, ") exceeds dimension size (", size, ")."});
  g.output_shape[g.dim] = length;
  return g;
}

constexpr slice_geometry check_slice(const shape& input, index_t dim, index_t start, index_t end, index_t step) {
  if (input.empty()) raise("slice() cannot be applied to a 0-dim tensor.");
  slice_geometry g{wrapped_dim(dim, input.size()), 0, step, input};
  if (step <= 0) raise("slice step must be positive");
  const index_t size = input[g.dim];
  const auto inside = [size](index_t place) {
    return place < -size ? 0 : place < 0 ? place + size : place > size ? size : place;
  };
  g.start = inside(start);
  const index_t length = inside(end) - g.start;
  g.output_shape[g.dim] = length <= 0 ? 0 : (length - 1) / step + 1;
  return g;
}

template <class T>
void run_slice(const slice_geometry& g, const shape& input, const T* x, T* y, const context& ctx) {
  if (g.output_shape.elements() == 0) return;
  const steps_of from(input);
  steps_of stepped = from;
  // Of a single place there is no next one, however far.
  stepped.of[g.dim] = g.output_shape[g.dim] > 1 ? from[g.dim] * g.step : from[g.dim];
  move_box(g.output_shape, stepped, steps_of(g.output_shape), x + g.start * from[g.dim], y, ctx);
}

/// The checks of split into parts of one size, the last of which may be less.
constexpr void check_split(const shape& input, index_t split_size, index_t dim) {
  if (input.empty()) raise("split expects at least a 1-dimensional tensor");
  if (split_size < 0) raise({"split expects split_size be non-negative, but got split_size=", split_size});
  const index_t size = input[wrapped_dim(dim, input.size())];
  if (split_size == 0 && size != 0)
    raise({"split_size can only be 0 if dimension size is 0, but got dimension size of ", size});
}

/// Sizes as PyTorch prints them, however many.
TENFOLD_COLD inline std::string list_text(std::span<const index_t> sizes) {
  std::string text = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) text += join({i == 0 ? "" : ", ", sizes[i]});
  return text + "]";
}

inline void check_split(const shape& input, std::span<const index_t> sizes, index_t dim) {
  if (input.empty()) raise("split expects at least a 1-dimensional tensor");
  const std::size_t d = wrapped_dim(dim, input.size());
  index_t sum = 0;
  bool fits = true;
  for (const index_t size : sizes) {
    if (size < 0)
      raise({"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=",
             list_text(sizes)});
    fits = fits && add_fits(sum, size, sum);
  }
  if (!fits || sum != input[d])
    raise({"split_with_sizes expects split_sizes to sum exactly to ", input[d], " (input tensor's size at dimension ",
           d, "), but got split_sizes=", list_text(sizes)});
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------------------------- cat

/// The shape that cat gives, or the error that it raises.
template <detail::list_of_views Views>
shape cat_output_shape(const Views& tensors, index_t dim = 0) {
  return detail::check_cat(detail::span_of(tensors), dim).output_shape;
}
template <class T>
shape cat_output_shape(std::initializer_list<tensor_view<T>> tensors, index_t dim = 0) {
  return cat_output_shape(std::span<const tensor_view<T>>(tensors.begin(), tensors.size()), dim);
}

/// The bytes of workspace that cat_into needs: none.
template <detail::list_of_views Views>
index_t cat_workspace_bytes(const Views&, index_t = 0, const context& = default_context()) {
  return 0;
}

/// cat into a tensor of the right shape, which may not overlap the others.
template <tensor_like Output, detail::list_of_views Views>
  requires std::same_as<element_of<Output>, std::remove_const_t<detail::element_of_views<Views>>>
void cat_into(Output&& output, const Views& tensors, index_t dim = 0, const context& ctx = default_context()) {
  const auto g = detail::check_cat(detail::span_of(tensors), dim);
  detail::check_output_shape("cat", "output", g.output_shape, as_view(output).shape());
  detail::run_cat(g, detail::span_of(tensors), as_view(output).data(), ctx);
}
template <tensor_like Output, class T>
  requires std::same_as<element_of<Output>, std::remove_const_t<T>>
void cat_into(Output&& output, std::initializer_list<tensor_view<T>> tensors, index_t dim = 0,
              const context& ctx = default_context()) {
  cat_into(output, std::span<const tensor_view<T>>(tensors.begin(), tensors.size()), dim, ctx);
}

/// Tensors one behind the other, as torch.cat.
///
///     output[..., sum of sizes before tensor k + i, ...] = tensors[k][..., i, ...]      in dimension dim
///
/// Its gradient for tensor k is narrow of the output's, from that sum on.
///
/// tensors  views, at least one: cat({x.view(), y.view()}, 1), or a vector, an array or a span of them. All have the
///          same sizes but for that of dimension dim. One of shape (0) is left out, whatever the others are, as in
///          torch.
/// dim      a negative one counts from behind
/// returns  their sizes, in dimension dim the sum
/// throws   tenfold::error in PyTorch's words; every check comes before the first write
template <detail::list_of_views Views>
auto cat(const Views& tensors, index_t dim = 0, const context& ctx = default_context()) {
  using T = std::remove_const_t<detail::element_of_views<Views>>;
  const auto g = detail::check_cat(detail::span_of(tensors), dim);
  auto output = tensor<T>::uninitialized(g.output_shape);
  detail::run_cat(g, detail::span_of(tensors), output.data(), ctx);
  return output;
}
template <class T>
tensor<std::remove_const_t<T>> cat(std::initializer_list<tensor_view<T>> tensors, index_t dim = 0,
                                   const context& ctx = default_context()) {
  return cat(std::span<const tensor_view<T>>(tensors.begin(), tensors.size()), dim, ctx);
}

// ---------------------------------------------------------------------------------------------- narrow, slice, split

/// The shapes that narrow and slice give, or the errors that they raise; usable at compile time.
constexpr shape narrow_output_shape(const shape& input, index_t dim, index_t start, index_t length) {
  detail::check_not_negative(input);
  return detail::check_narrow(input, dim, start, length).output_shape;
}
constexpr shape slice_output_shape(const shape& input, index_t dim, index_t start, index_t end, index_t step = 1) {
  detail::check_not_negative(input);
  return detail::check_slice(input, dim, start, end, step).output_shape;
}

/// The bytes of workspace that narrow_into and slice_into need: none.
template <tensor_like Input>
index_t narrow_workspace_bytes(const Input&, index_t, index_t, index_t, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t slice_workspace_bytes(const Input&, index_t, index_t, index_t, index_t = 1,
                              const context& = default_context()) {
  return 0;
}

/// narrow into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void narrow_into(Output&& output, const Input& input, index_t dim, index_t start, index_t length,
                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_narrow(x.shape(), dim, start, length);
  detail::check_output_shape("narrow", "output", g.output_shape, as_view(output).shape());
  detail::run_slice(g, x.shape(), x.data(), as_view(output).data(), ctx);
}

/// A part of a tensor, copied, as torch.narrow(input, dim, start, length).contiguous().
///
///     output[..., i, ...] = input[..., start + i, ...],  i < length      in dimension dim
///
/// Its gradient is pad of the output's with zeros, by start before and the rest behind.
///
/// input   any shape of at least one dimension
/// dim     a negative one counts from behind
/// start   a negative one counts from behind
/// returns the input's shape with `length` in dimension dim
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input>
tensor<element_of<Input>> narrow(const Input& input, index_t dim, index_t start, index_t length,
                                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_narrow(x.shape(), dim, start, length);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::run_slice(g, x.shape(), x.data(), output.data(), ctx);
  return output;
}

/// narrow without a copy: a view of the part, where it is contiguous, which it is if all dimensions before `dim` have
/// size 1 or the view no elements. It lives as long as the tensor: a temporary one is refused by the compiler.
///
/// throws  as narrow, and where the part is not contiguous
template <class T>
tensor_view<T> narrow_view(const tensor_view<T>& input, index_t dim, index_t start, index_t length) {
  const shape& s = input.shape();
  const auto g = detail::check_narrow(s, dim, start, length);
  if (g.output_shape.elements() == 0) return {input.data(), g.output_shape};
  for (std::size_t d = 0; d < g.dim; ++d)
    if (s[d] != 1 && length != s[g.dim])
      detail::raise({"narrow_view: a part of dimension ", g.dim, " of a tensor of shape ", s,
                     " is not contiguous, because dimension ", d, " before it has size ", s[d]});
  return {input.data() + g.start * detail::steps_of(s)[g.dim], g.output_shape};
}
template <tensor_like Input>
auto narrow_view(Input& input, index_t dim, index_t start, index_t length) {
  return narrow_view(as_view(input), dim, start, length);
}
template <class T>
void narrow_view(const tensor<T>&& a_temporary, index_t dim, index_t start, index_t length) = delete;

/// slice into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void slice_into(Output&& output, const Input& input, index_t dim, index_t start, index_t end, index_t step = 1,
                const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_slice(x.shape(), dim, start, end, step);
  detail::check_output_shape("slice", "output", g.output_shape, as_view(output).shape());
  detail::run_slice(g, x.shape(), x.data(), as_view(output).data(), ctx);
}

/// Every step-th place from start to before end, copied, as input[..., start:end:step, ...] of PyTorch and NumPy:
/// torch.ops.aten.slice.
///
///     output[..., i, ...] = input[..., start + i * step, ...]      in dimension dim
///
/// start, end   negative ones count from behind; what lies outside means the nearest end
/// step         positive
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input>
tensor<element_of<Input>> slice(const Input& input, index_t dim, index_t start, index_t end, index_t step = 1,
                                const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_slice(x.shape(), dim, start, end, step);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::run_slice(g, x.shape(), x.data(), output.data(), ctx);
  return output;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
