// sum, mean, amax and amin over any dimensions; argmax and argmin along one.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/reduction.hpp>
#include <tenfold/detail/seam.hpp>

namespace tenfold::inline v0 {
namespace plain {

template <class T>
struct sum_of {
  using type = index_t;
};
template <std::floating_point T>
struct sum_of<T> {
  using type = T;
};

}  // namespace plain

/// The element type of a sum: the input's, or int64 for integers, as in torch.
template <element T>
using sum_element = typename plain::sum_of<T>::type;

}  // namespace tenfold::inline v0

/// A mean where it divides.
TENFOLD_SEAM(void, run_sum, (g, divides, x, y, ctx), const reduction_geometry& g, bool divides, const T* x,
             typename plain::sum_of<T>::type* y, const context& ctx)
/// The least where it says so, else the greatest; likewise the places of those.
TENFOLD_SEAM(void, run_extreme, (g, least, x, y, ctx), const reduction_geometry& g, bool least, const T* x, T* y,
             const context& ctx)
TENFOLD_SEAM(void, run_argmax, (g, least, x, at, ctx), const line_geometry& g, bool least, const T* x, index_t* at,
             const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// The shape that sum and mean give, or the error that they raise; usable at compile time.
constexpr shape sum_output_shape(const shape& input, const dim_list& dims, bool keepdim = false) {
  detail::check_not_negative(input);
  return detail::check_reduction(input, dims, keepdim).output_shape;
}
constexpr shape mean_output_shape(const shape& input, const dim_list& dims, bool keepdim = false) {
  return sum_output_shape(input, dims, keepdim);
}

/// The bytes of workspace that sum_into and mean_into need: none.
template <tensor_like Input>
index_t sum_workspace_bytes(const Input&, const dim_list&, bool = false, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t mean_workspace_bytes(const Input&, const dim_list&, bool = false, const context& = default_context()) {
  return 0;
}

namespace detail {

template <class Output, class T>
void sum_into(const char* op, bool divides, const Output& output, const tensor_view<const T>& x, const dim_list& dims,
              bool keepdim, const context& ctx) {
  const auto g = check_reduction(x.shape(), dims, keepdim);
  check_output_shape(op, "output", g.output_shape, output.shape());
  seam::run_sum<T>(g, divides, x.data(), output.data(), ctx);
}

template <class T>
tensor<sum_element<T>> sum(bool divides, const tensor_view<const T>& x, const dim_list& dims, bool keepdim,
                           const context& ctx) {
  const auto g = check_reduction(x.shape(), dims, keepdim);
  auto output = tensor<sum_element<T>>::uninitialized(g.output_shape);
  seam::run_sum<T>(g, divides, x.data(), output.data(), ctx);
  return output;
}

}  // namespace detail

/// sum into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, sum_element<element_of<Input>>>
void sum_into(Output&& output, const Input& input, const dim_list& dims, bool keepdim = false,
              const context& ctx = default_context()) {
  detail::sum_into("sum", false, as_view(output), detail::const_view(input), dims, keepdim, ctx);
}

/// mean into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void mean_into(Output&& output, const Input& input, const dim_list& dims, bool keepdim = false,
               const context& ctx = default_context()) {
  detail::sum_into("mean", true, as_view(output), detail::const_view(input), dims, keepdim, ctx);
}

/// The sum over some dimensions, as torch.sum.
///
///     output[kept...] = the sum of input[...] over all values of the dimensions `dims`
///
/// Where the last dimension is kept, a term of n is rounded at most n / 4 + 5 times. Where it is reduced, its lines are
/// summed in lanes and halves, and then added one after the other: a term is rounded at most 40 + log2(line) + lines
/// times. Integers are summed as int64 and wrap. The sum of nothing is 0.
///
/// input   any shape
/// dims    dimensions, negative ones from the last; none stands for all of them
/// keepdim whether those stay, with a size of 1
/// returns the dimensions that are left; int64 for integers
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/reduce.inl.hpp
template <tensor_like Input>
tensor<sum_element<element_of<Input>>> sum(const Input& input, const dim_list& dims = {}, bool keepdim = false,
                                           const context& ctx = default_context()) {
  return detail::sum(false, detail::const_view(input), dims, keepdim, ctx);
}

/// The mean over some dimensions, as torch.mean: their sum divided by the number of terms; NaN of nothing.
/// Floating-point numbers only.
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> mean(
      const Input& input, const dim_list& dims = {}, bool keepdim = false, const context& ctx = default_context()) {
    return detail::sum(true, detail::const_view(input), dims, keepdim, ctx);
  }

namespace detail {

/// The checks of amax and amin in PyTorch's order.
constexpr reduction_geometry check_extreme(const char* op, const shape& input, const dim_list& dims, bool keepdim) {
  check_not_negative(input);
  if (input.elements() == 0) {
    if (dims.empty())
      raise({op, "(): Expected reduction dim to be specified for input.numel() == 0. ",
             "Specify the reduction dim with the 'dim' argument."});
    for (const index_t dim : dims) {
      const std::size_t d = wrapped_dim(dim, input.size());
      if (input[d] == 0) raise({op, "(): Expected reduction dim ", d, " to have non-zero size."});
    }
  }
  return check_reduction(input, dims, keepdim);
}

template <class Output, class T>
void extreme_into(bool least, const Output& output, const tensor_view<const T>& x, const dim_list& dims, bool keepdim,
                  const context& ctx) {
  const char* op = least ? "amin" : "amax";
  const auto g = check_extreme(op, x.shape(), dims, keepdim);
  check_output_shape(op, "output", g.output_shape, output.shape());
  seam::run_extreme<T>(g, least, x.data(), output.data(), ctx);
}

template <class T>
tensor<T> extreme(bool least, const tensor_view<const T>& x, const dim_list& dims, bool keepdim, const context& ctx) {
  const auto g = check_extreme(least ? "amin" : "amax", x.shape(), dims, keepdim);
  auto output = tensor<T>::uninitialized(g.output_shape);
  seam::run_extreme<T>(g, least, x.data(), output.data(), ctx);
  return output;
}

}  // namespace detail

/// The shape that amax and amin give, or the error that they raise; usable at compile time.
constexpr shape amax_output_shape(const shape& input, const dim_list& dims = {}, bool keepdim = false) {
  return detail::check_extreme("amax", input, dims, keepdim).output_shape;
}
constexpr shape amin_output_shape(const shape& input, const dim_list& dims = {}, bool keepdim = false) {
  return detail::check_extreme("amin", input, dims, keepdim).output_shape;
}

/// The bytes of workspace that amax_into and amin_into need: none.
template <tensor_like Input>
index_t amax_workspace_bytes(const Input&, const dim_list& = {}, bool = false, const context& = default_context()) {
  return 0;
}
template <tensor_like Input>
index_t amin_workspace_bytes(const Input&, const dim_list& = {}, bool = false, const context& = default_context()) {
  return 0;
}

/// amax into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void amax_into(Output&& output, const Input& input, const dim_list& dims = {}, bool keepdim = false,
               const context& ctx = default_context()) {
  detail::extreme_into(false, as_view(output), detail::const_view(input), dims, keepdim, ctx);
}

/// amin into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>>
void amin_into(Output&& output, const Input& input, const dim_list& dims = {}, bool keepdim = false,
               const context& ctx = default_context()) {
  detail::extreme_into(true, as_view(output), detail::const_view(input), dims, keepdim, ctx);
}

/// The maximum over some dimensions, as torch.amax.
///
///     output[kept...] = the greatest of input[...] over all values of the dimensions `dims`; NaN where one is
///
/// Which of 0 and -0 is taken is not said.
///
/// input   any shape; of no elements only where no dimension of size 0 is reduced
/// dims    dimensions, negative ones from the last; none stands for all of them
/// keepdim whether those stay, with a size of 1
/// returns the dimensions that are left
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/reduce.inl.hpp
template <tensor_like Input>
tensor<element_of<Input>> amax(const Input& input, const dim_list& dims = {}, bool keepdim = false,
                               const context& ctx = default_context()) {
  return detail::extreme(false, detail::const_view(input), dims, keepdim, ctx);
}

/// The minimum over some dimensions, as torch.amin: amax's rules.
template <tensor_like Input>
tensor<element_of<Input>> amin(const Input& input, const dim_list& dims = {}, bool keepdim = false,
                               const context& ctx = default_context()) {
  return detail::extreme(true, detail::const_view(input), dims, keepdim, ctx);
}

namespace detail {

struct argmax_geometry {
  line_geometry lines;
  shape output_shape;
};

/// Along one dimension, or of all elements.
constexpr argmax_geometry check_argmax(const shape& input, std::optional<index_t> dim, bool keepdim,
                                       const char* op = "argmax") {
  check_not_negative(input);
  if (!dim && input.elements() == 0) raise({op, "(): Expected reduction dim to be specified for input.numel() == 0."});
  const std::size_t d = dim ? wrapped_dim(*dim, input.size()) : 0;
  if (dim && d < input.size() && input[d] == 0)
    raise({op, "(): Expected reduction dim ", d, " to have non-zero size."});
  index_t sizes[shape::max_rank] = {};
  std::size_t rank = 0;
  for (std::size_t i = 0; i < input.size(); ++i)
    if (keepdim || (dim && i != d)) sizes[rank++] = dim && i != d ? input[i] : 1;
  argmax_geometry g;
  g.lines = dim ? lines_of(input, d) : line_geometry{1, input.elements(), 1};
  g.output_shape = shape(std::span<const index_t>(sizes, rank));
  return g;
}

}  // namespace detail

/// The shape that argmax gives, or the error that it raises; usable at compile time.
constexpr shape argmax_output_shape(const shape& input, std::optional<index_t> dim = {}, bool keepdim = false) {
  return detail::check_argmax(input, dim, keepdim).output_shape;
}

/// The bytes of workspace that argmax_into needs: none.
template <tensor_like Input>
index_t argmax_workspace_bytes(const Input&, std::optional<index_t> = {}, bool = false,
                               const context& = default_context()) {
  return 0;
}

/// argmax into a tensor of the right shape.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, index_t>
void argmax_into(Output&& output, const Input& input, std::optional<index_t> dim = {}, bool keepdim = false,
                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_argmax(x.shape(), dim, keepdim);
  detail::check_output_shape("argmax", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_argmax(g.lines, false, x.data(), as_view(output).data(), ctx);
}

/// The place of the maximum along a dimension, or of all elements in row-major order, as torch.argmax.
///
/// The first of equal maxima is taken; a NaN beats everything, the first NaN the others.
///
/// input   any shape
/// dim     negative ones count from the last; none stands for all elements
/// keepdim whether the dimension stays, with a size of 1
/// returns int64
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  detail/kernels/reduce.inl.hpp
template <tensor_like Input>
tensor<index_t> argmax(const Input& input, std::optional<index_t> dim = {}, bool keepdim = false,
                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_argmax(x.shape(), dim, keepdim);
  auto output = tensor<index_t>::uninitialized(g.output_shape);
  detail::seam::run_argmax(g.lines, false, x.data(), output.data(), ctx);
  return output;
}

/// The shape that argmin gives, or the error that it raises; usable at compile time.
constexpr shape argmin_output_shape(const shape& input, std::optional<index_t> dim = {}, bool keepdim = false) {
  return detail::check_argmax(input, dim, keepdim, "argmin").output_shape;
}

/// The bytes of workspace that argmin_into needs: none.
template <tensor_like Input>
index_t argmin_workspace_bytes(const Input&, std::optional<index_t> = {}, bool = false,
                               const context& = default_context()) {
  return 0;
}

/// argmin into a tensor of the right shape.
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, index_t>
void argmin_into(Output&& output, const Input& input, std::optional<index_t> dim = {}, bool keepdim = false,
                 const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_argmax(x.shape(), dim, keepdim, "argmin");
  detail::check_output_shape("argmin", "output", g.output_shape, as_view(output).shape());
  detail::seam::run_argmax(g.lines, true, x.data(), as_view(output).data(), ctx);
}

/// The place of the minimum along a dimension, or of all elements, as torch.argmin: argmax's rules.
template <tensor_like Input>
tensor<index_t> argmin(const Input& input, std::optional<index_t> dim = {}, bool keepdim = false,
                       const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_argmax(x.shape(), dim, keepdim, "argmin");
  auto output = tensor<index_t>::uninitialized(g.output_shape);
  detail::seam::run_argmax(g.lines, true, x.data(), output.data(), ctx);
  return output;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/mean.hpp>
#endif
