// permute and swapdims, which move elements; reshape and flatten, which only look at them otherwise.
#pragma once

#include <tenfold/detail/move.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

namespace detail {

/// The dimensions of `dims` counted from the front, after the checks of permute in PyTorch's order.
constexpr shape checked_permutation(const shape& input, const shape& dims) {
  if (dims.size() != input.size())
    raise({"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ",
           "ordering of dimensions i.e. input.dim() = ", input.size(), " is not equal to len(dims) = ", dims.size()});
  shape order = dims;
  bool seen[shape::max_rank] = {};
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const std::size_t from = wrapped_dim(dims[d], input.size());
    if (seen[from]) raise("permute(): duplicate dims are not allowed.");
    seen[from] = true;
    order[d] = static_cast<index_t>(from);
  }
  return order;
}

/// The order with two dimensions exchanged.
constexpr shape checked_exchange(const shape& input, index_t dim0, index_t dim1) {
  const std::size_t a = wrapped_dim(dim0, input.size()), b = wrapped_dim(dim1, input.size());
  shape order = input;
  for (std::size_t d = 0; d < input.size(); ++d) order[d] = static_cast<index_t>(d == a ? b : d == b ? a : d);
  return order;
}

constexpr shape permuted(const shape& input, const shape& order) {
  shape output = input;
  for (std::size_t d = 0; d < input.size(); ++d) output[d] = input[static_cast<std::size_t>(order[d])];
  return output;
}

/// `order` is a checked one, y as large as x.
template <class T>
void move_permuted(const shape& input, const shape& order, const T* x, T* y, const context& ctx) {
  const shape output = permuted(input, order);
  if (input.elements() == 0) return;
  const steps_of from(input), to(output);
  strided_move m;
  for (std::size_t d = 0; d < output.size(); ++d) m.add(output[d], from[static_cast<std::size_t>(order[d])], to[d]);
  move_elements(m, x, y, ctx);
}

/// The shape that a tensor gets by reshape, with the checks in PyTorch's order.
constexpr shape reshaped(const shape& input, const shape& wanted) {
  const index_t elements = input.elements();
  std::size_t inferred = wanted.size();
  index_t known = 1;
  bool fits = true;
  for (std::size_t d = 0; d < wanted.size(); ++d) {
    if (wanted[d] == -1) {
      if (inferred != wanted.size()) raise("only one dimension can be inferred");
      inferred = d;
    } else if (wanted[d] < 0) {
      raise({"invalid shape dimension ", wanted[d], " at index ", d, " of shape ", wanted});
    } else {
      fits = fits && multiply_fits(known, wanted[d], known);
    }
  }
  const bool infers = inferred != wanted.size();
  if (!fits || !(known == elements || (infers && known > 0 && elements % known == 0)))
    raise({"shape '", wanted, "' is invalid for input of size ", elements});
  if (!infers) return wanted;
  if (known == 0)
    raise({"cannot reshape tensor of 0 elements into shape ", wanted,
           " because the unspecified dimension size -1 can be any value and is ambiguous"});
  shape result = wanted;
  result[inferred] = elements / known;
  return result;
}

constexpr shape flattened(const shape& input, index_t start_dim, index_t end_dim) {
  const std::size_t start = wrapped_dim(start_dim, input.size()), end = wrapped_dim(end_dim, input.size());
  if (start > end) raise("flatten() has invalid args: start_dim cannot come after end_dim");
  if (input.empty()) return {1};
  shape result = input;
  index_t product = 1;
  bool is_empty = false;
  for (std::size_t d = start; d <= end; ++d) is_empty = is_empty || input[d] == 0;
  for (std::size_t d = start; d <= end && !is_empty; ++d) product = checked_multiply(product, input[d]);
  result[start] = is_empty ? 0 : product;
  for (std::size_t d = end + 1; d < input.size(); ++d) result[d - end + start] = input[d];
  return shape(std::span<const index_t>(result.begin(), input.size() - (end - start)));
}

}  // namespace detail

/// The shapes that permute, swapdims, reshape and flatten give, or the errors that they raise; usable at compile time.
constexpr shape permute_output_shape(const shape& input, const shape& dims) {
  detail::check_not_negative(input);
  return detail::permuted(input, detail::checked_permutation(input, dims));
}
constexpr shape swapdims_output_shape(const shape& input, index_t dim0, index_t dim1) {
  detail::check_not_negative(input);
  return detail::permuted(input, detail::checked_exchange(input, dim0, dim1));
}
constexpr shape reshape_output_shape(const shape& input, const shape& wanted) {
  detail::check_not_negative(input);
  return detail::reshaped(input, wanted);
}
constexpr shape flatten_output_shape(const shape& input, index_t start_dim = 0, index_t end_dim = -1) {
  detail::check_not_negative(input);
  return detail::flattened(input, start_dim, end_dim);
}

/// The bytes of workspace that permute_into and swapdims_into need: none.
template <tensor_like Input>
index_t permute_workspace_bytes(const Input&, const shape&, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t swapdims_workspace_bytes(const Input&, index_t, index_t, const context& = default_context()) {
  return 0;
}

/// permute into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void permute_into(Output&& output, const Input& input, const shape& dims, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const shape order = detail::checked_permutation(x.shape(), dims);
  detail::check_output_shape("permute", "output", detail::permuted(x.shape(), order), as_view(output).shape());
  detail::move_permuted(x.shape(), order, x.data(), as_view(output).data(), ctx);
}

/// The dimensions in another order, as torch.permute(input, dims).contiguous().
///
///     output[i[dims[0]], i[dims[1]], ...] = input[i[0], i[1], ...]
///
/// Its gradient is permute by the inverse order.
///
/// input   any shape
/// dims    each dimension of the input once; negative ones count from behind
/// returns (input.shape()[dims[0]], input.shape()[dims[1]], ...)
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  the loops: detail/run/move.hpp
template <tensor_like Input>
tensor<element_of<Input>> permute(const Input& input, const shape& dims, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const shape order = detail::checked_permutation(x.shape(), dims);
  auto output = tensor<element_of<Input>>::uninitialized(detail::permuted(x.shape(), order));
  detail::move_permuted(x.shape(), order, x.data(), output.data(), ctx);
  return output;
}

/// swapdims into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void swapdims_into(Output&& output, const Input& input, index_t dim0, index_t dim1,
                   const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const shape order = detail::checked_exchange(x.shape(), dim0, dim1);
  detail::check_output_shape("swapdims", "output", detail::permuted(x.shape(), order), as_view(output).shape());
  detail::move_permuted(x.shape(), order, x.data(), as_view(output).data(), ctx);
}

/// Two dimensions exchanged, as torch.swapdims(input, dim0, dim1).contiguous(), which is torch.transpose; here that
/// name is gemm's.
///
/// Its gradient is swapdims of the same dimensions.
///
/// input   any shape
/// dim0, dim1   negative ones count from behind
/// returns the input's shape with both sizes exchanged
/// throws  tenfold::error in PyTorch's words
template <tensor_like Input>
tensor<element_of<Input>> swapdims(const Input& input, index_t dim0, index_t dim1,
                                   const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const shape order = detail::checked_exchange(x.shape(), dim0, dim1);
  auto output = tensor<element_of<Input>>::uninitialized(detail::permuted(x.shape(), order));
  detail::move_permuted(x.shape(), order, x.data(), output.data(), ctx);
  return output;
}

/// The same elements seen with another shape, as torch.reshape of a contiguous tensor: a view, nothing is copied. It
/// lives as long as the tensor, so a temporary one is refused by the compiler: give it a name first.
///
/// input   any shape
/// wanted  sizes whose product is the number of elements, of which one may be -1: what remains
/// returns a view of the input's elements, const where they are
/// throws  tenfold::error in PyTorch's words
template <tensor_like Input>
auto reshape(Input& input, const shape& wanted) {
  const auto x = as_view(input);
  return decltype(as_view(input))(x.data(), detail::reshaped(x.shape(), wanted));
}
template <class T>
tensor_view<T> reshape(const tensor_view<T>& input, const shape& wanted) {
  return {input.data(), detail::reshaped(input.shape(), wanted)};
}
template <class T>
void reshape(const tensor<T>&& a_temporary, const shape&) = delete;

/// The dimensions from start_dim to end_dim as one, as torch.flatten of a contiguous tensor: a view, as of reshape.
template <tensor_like Input>
auto flatten(Input& input, index_t start_dim = 0, index_t end_dim = -1) {
  const auto x = as_view(input);
  return decltype(as_view(input))(x.data(), detail::flattened(x.shape(), start_dim, end_dim));
}
template <class T>
tensor_view<T> flatten(const tensor_view<T>& input, index_t start_dim = 0, index_t end_dim = -1) {
  return {input.data(), detail::flattened(input.shape(), start_dim, end_dim)};
}
template <class T>
void flatten(const tensor<T>&& a_temporary, index_t start_dim = 0, index_t end_dim = -1) = delete;

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
