// Options and shapes -> checked plain int64s, once per call, for both convolutions.
//
// The order of the checks and their texts are those of PyTorch 2.15's ATen kernels on the CPU.
#pragma once

#include <tenfold/detail/one_dimension.hpp>

#include <optional>

namespace tenfold::inline v0::plain {

/// What both convolutions need to know. `in` is the convolution's input (N, groups * in_channels, H, W) and `out` its
/// result (N, groups * out_channels, OH, OW); `padding` is the one before the first row and column.
struct convolution_geometry {
  index_t batch = 0;
  index_t groups = 1;
  index_t in_channels = 0;   // per group
  index_t out_channels = 0;  // per group
  hw in = 0;
  hw kernel = 0;
  hw out = 0;
  hw stride = 1;
  hw padding = 0;
  hw dilation = 1;
  shape output_shape;
};

/// The arrays of a convolution; the bias may be null.
template <class T>
struct convolution_arrays {
  const T* input;
  const T* weight;
  const T* bias;
  T* output;
};

}  // namespace tenfold::inline v0::plain

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::convolution_arrays;
using plain::convolution_geometry;

/// Tensors of one element type, which is that of X.
template <class X, class... Others>
concept same_elements = (std::same_as<element_of<X>, element_of<Others>> && ...);

/// The same of floating-point numbers.
template <class X, class... Others>
concept same_floats = std::floating_point<element_of<X>> && same_elements<X, Others...>;

constexpr shape batched(const shape& input) {
  return input.size() == 3 ? shape{1, input[0], input[1], input[2]} : input;
}

constexpr hw last_two(const shape& s) { return {s[s.size() - 2], s[s.size() - 1]}; }

/// dilation * (kernel - 1) + 1: the input rows or columns that a kernel spans.
constexpr index_t effective_kernel(index_t kernel, index_t dilation) {
  return checked_add(checked_multiply(dilation, checked_subtract(kernel, 1)), 1);
}

/// The setting of a convolution whose weight does not have two spatial dimensions.
constexpr void check_pair_fits_weight(const char* name, const hw& pair, const shape& weight) {
  if (weight.size() != 4)
    raise({"expected ", name, " to be a single integer value or a list of ", weight.size() - 2,
           " values to match the convolution dimensions, but got ", name, "=", pair});
}

/// Whether effective_kernel fits.
constexpr bool effective_kernel_fits(index_t kernel, index_t dilation, index_t& span) {
  return multiply_fits(dilation, kernel - 1, span) && add_fits(span, 1, span);
}

/// `op` is named without its dimensions.
constexpr void check_input_rank(const char* op, const shape& input, const window_form& form) {
  if (input.size() != 3 && input.size() != 4)
    raise({"Expected ", form.dimensions() + 1, "D (unbatched) or ", form.dimensions() + 2, "D (batched) input to ", op,
           form.dimensions(), "d, but got input of size: ", form.own_dimensions(input)});
}

constexpr void check_weight_rank(const shape& weight, const window_form& form) {
  if (weight.size() < (form.is_1d ? 4u : 3u)) raise("weight should have at least three dimensions");
}

/// A weight of one dimension whose rank is not its input's: PyTorch lets the settings count for every dimension.
constexpr void check_weight_fits_rank(const shape& input, const shape& weight, const window_form& form) {
  if (weight.size() == 4) return;
  const shape own = form.own_dimensions(weight);
  raise({"Expected ", own.size(), "-dimensional input for ", own.size(), "-dimensional weight ", own, ", but got ",
         input.size() - 1, "-dimensional input of size ", form.own_dimensions(input), " instead"});
}

constexpr void check_groups(index_t groups) {
  if (groups <= 0) raise("non-positive groups is not supported");
}

constexpr void check_weight_groups(index_t groups, const shape& weight, const window_form& form) {
  if (weight[0] < groups)
    raise({"Given groups=", groups, ", expected weight to be at least ", groups,
           " at dimension 0, but got weight of size ", form.own_dimensions(weight), " instead"});
  if (weight[0] % groups != 0)
    raise({"Given groups=", groups, ", expected weight to be divisible by ", groups,
           " at dimension 0, but got weight of size [", form.own_dimensions(weight), "] instead"});
}

constexpr void check_padding_not_negative(const pads& padding) {
  if (!any_negative(padding)) return;
  if (!is_pair(padding)) raise({"negative padding is not supported, but got padding=", padding});
  raise("negative padding is not supported");
}

/// Of two such sides the sum does not overflow.
constexpr bool is_addable(index_t side) { return side >= 0 && side <= INT64_MAX / 2; }

constexpr void check_padding_doubles(const pads& padding, const window_form& form) {
  constexpr index_t most = INT64_MAX / 2;
  const bool rows_fit = is_addable(padding.top) && is_addable(padding.bottom);
  if (rows_fit && is_addable(padding.left) && is_addable(padding.right)) return;
  if (!is_pair(padding)) raise({"Given padding=", padding, ", expected padding to be at most ", most});
  raise({"Given padding=", rows_fit ? padding.left : padding.top, " at dimension ",
         rows_fit ? form.dimensions() - 1 : 0, " , expected padding to be at most ", most});
}

constexpr void check_bias(const char* transposed, const shape& weight, const std::optional<shape>& bias,
                          index_t channels, const window_form& form) {
  if (bias && (bias->size() != 1 || (*bias)[0] != channels))
    raise({"Given ", transposed, "weight of size ", form.own_dimensions(weight),
           ", expected bias to be 1-dimensional with ", channels, " elements, but got bias of size ", *bias,
           " instead"});
}

constexpr void check_not_empty(const shape& input) {
  if (input.elements() == 0 && input[0] != 0 && input[1] != 0)
    raise({"Only zero batch or zero channel inputs are supported, but got input shape: ", input});
}

/// PyTorch makes its answer to an empty batch with a look at the weight's first element.
constexpr void check_weight_of_empty_batch(const shape& input, const shape& weight) {
  if (input[0] == 0 && weight.elements() == 0)
    raise("select(): index 0 out of range for tensor of size [0] at dimension 0");
}

/// Advice where the channels of an input do not fit a weight: the groups with which they would, if there are such, or
/// that the weight's first two dimensions are the wrong way round. Empty where neither is so.
TENFOLD_COLD inline std::string conv_channels_hint(const shape& weight, index_t channels, const window_form& form) {
  if (weight[1] > 0 && channels > 0 && channels % weight[1] == 0 && weight[0] % (channels / weight[1]) == 0)
    return join({"this weight takes ", channels, " channels with groups = ", channels / weight[1]});
  if (channels == weight[0])
    return join({"a weight of conv", form.dimensions(), "d is (out channels, in channels / groups, ",
                 form.is_1d ? "k" : "kh, kw", ")"});
  return {};
}
TENFOLD_COLD inline std::string conv_transpose_channels_hint(const shape& weight, index_t channels,
                                                             const window_form& form) {
  if (channels == weight[1])
    return join({"a weight of conv_transpose", form.dimensions(), "d is (in channels, out channels / groups, ",
                 form.is_1d ? "k" : "kh, kw", ")"});
  return {};
}

/// check_dim_size of ATen.
constexpr void check_dim_size(const shape& s, std::size_t rank, std::size_t dimension, index_t expected) {
  if (s.size() == rank && s[dimension] == expected) return;
  if (s.empty()) raise({"Dimension specified as ", dimension, " but tensor has no dimensions"});
  if (dimension >= s.size())
    raise({"Dimension out of range (expected to be in range of [-", s.size(), ", ", s.size() - 1, "], but got ",
           dimension, ")"});
  raise({"Expected a tensor of dimension ", rank, " and tensor.size[", dimension, "] == ", expected,
         " but got: dimension ", s.size(), " and tensor.size[", dimension, "] = ", s[dimension]});
}

/// The dimension that `dim` means, which may be counted from behind.
constexpr std::size_t wrapped_dim(index_t dim, std::size_t rank) {
  const auto most = static_cast<index_t>(rank == 0 ? 1 : rank);
  if (dim < -most || dim >= most)
    raise({"Dimension out of range (expected to be in range of [", -most, ", ", most - 1, "], but got ", dim, ")"});
  return static_cast<std::size_t>(dim < 0 ? dim + most : dim);
}

/// The product of the dimensions [begin, end), or of those from there on that there are; 0 where one is.
constexpr index_t elements_between(const shape& s, std::size_t begin, std::size_t end) {
  return begin >= end ? 1 : shape(std::span<const index_t>(s.begin() + begin, end - begin)).elements();
}

/// The output view of an _into twin.
constexpr void check_output_shape(const char* op, const char* name, const shape& expected, const shape& got) {
  if (!(expected == got)) raise({op, ": expected ", name, " of shape ", expected, ", but got ", got});
}

/// The shape of the result: unbatched where the input is.
constexpr shape convolution_output_shape(const shape& input, index_t channels, const hw& out) {
  return input.size() == 3 ? shape{channels, out.h, out.w} : shape{input[0], channels, out.h, out.w};
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
