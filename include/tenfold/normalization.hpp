// batch_norm of inference, instance_norm, group_norm, layer_norm, and layer_norm2d, of the channels of each pixel.
#pragma once

#include <tenfold/detail/float_text.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/optional_array.hpp>
#include <tenfold/detail/reduction.hpp>
#include <tenfold/detail/seam.hpp>

/// Weight and bias may be null.
TENFOLD_SEAM(void, run_normalization, (g, x, weight, bias, eps, y, ctx), const normalization_geometry& g, const T* x,
             const T* weight, const T* bias, double eps, T* y, const context& ctx)
TENFOLD_SEAM(void, run_batch_norm, (g, a, eps, x, y, ctx), const normalization_geometry& g,
             const batch_norm_arrays<T>& a, double eps, const T* x, T* y, const context& ctx)
TENFOLD_SEAM(void, run_layer_norm2d, (g, x, weight, bias, eps, y, ctx), const line_geometry& g, const T* x,
             const T* weight, const T* bias, double eps, T* y, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// As Python prints a size.
TENFOLD_COLD inline std::string torch_size(const shape& s) { return join({"torch.Size(", s, ")"}); }

/// What belongs to a channel, of `times` inputs that are one to PyTorch.
constexpr void check_of_channels(const char* name, const shape& s, index_t channels, index_t times = 1) {
  if (s.elements() != channels)
    raise({name, " should contain ", checked_multiply(channels, times), " elements not ",
           checked_multiply(s.elements(), times)});
  if (s.size() != 1) raise({"TensorAccessor expected 1 dims but tensor has ", s.size()});
}

/// The checks of batch_norm in PyTorch's order.
constexpr normalization_geometry check_batch_norm(const shape& input, const shape& mean, const shape& var,
                                                  const std::optional<shape>& weight, const std::optional<shape>& bias,
                                                  double eps) {
  if (eps < 0) raise({"batch_norm eps must be non-negative, but got ", float_text(eps)});
  const index_t channels = input.size() > 1 ? input[1] : 0;
  check_of_channels("running_mean", mean, channels);
  check_of_channels("running_var", var, channels);
  if (weight) check_of_channels("weight", *weight, channels);
  if (bias) check_of_channels("bias", *bias, channels);
  if (input.size() < 2) raise({"batch_norm: expected an input of at least 2 dimensions, but got ", input});
  normalization_geometry g{};
  if (input.elements() == 0) return g;
  g.lines = checked_multiply(input[0], channels);
  g.piece = g.length = elements_between(input, 2, input.size());
  g.channels = channels;
  return g;
}

/// Those of instance_norm, whose channels are one batch norm's to PyTorch.
constexpr normalization_geometry check_instance_norm(const shape& input, const std::optional<shape>& weight,
                                                     const std::optional<shape>& bias) {
  if (elements_between(input, 2, input.size()) == 1)
    raise({"Expected more than 1 spatial element when training, got input size ", torch_size(input)});
  if (weight || bias) {
    if (input[0] == 0) raise("select(): index 0 out of range for tensor of size [0] at dimension 0");
    if (weight) check_of_channels("weight", *weight, input[1], input[0]);
    if (bias) check_of_channels("bias", *bias, input[1], input[0]);
  }
  normalization_geometry g{};
  if (input.elements() == 0) return g;
  g.lines = checked_multiply(input[0], input[1]);
  g.piece = g.length = elements_between(input, 2, input.size());
  g.channels = input[1];
  return g;
}

constexpr void check_vector_of_channels(const char* name, const shape& s, const shape& input) {
  if (s.size() != 1 || s[0] != input[1])
    raise({"Expected ", name, " to be a vector of size equal to the number of channels in input, but got ", name,
           " of shape ", s, " and input of shape ", input});
}

/// Those of group_norm.
constexpr normalization_geometry check_group_norm(const shape& input, index_t groups,
                                                  const std::optional<shape>& weight,
                                                  const std::optional<shape>& bias) {
  if (input.size() < 2)
    raise({"Expected at least 2 dimensions for input tensor but received ", static_cast<index_t>(input.size())});
  if (groups == 0) raise("integer division or modulo by zero");
  const index_t channels = input[1], plane = elements_between(input, 2, input.size());
  if (groups > 0 && plane == 1 && input[0] > 0) {
    shape of_values = input;
    of_values[0] = checked_multiply(input[0], channels) / groups;
    of_values[1] = groups;
    if (of_values[0] == 1) raise({"Expected more than 1 value per channel when training, got input size ", of_values});
  }
  if (channels <= 0) raise({"Expected number of channels to be greater than 0, got ", channels});
  if (plane <= 0) raise({"Expected HxW to be greater than 0, got ", plane});
  if (groups <= 0) raise({"Expected num groups to be greater than 0, got ", groups});
  if (channels % groups != 0)
    raise({"Expected number of channels in input to be divisible by num_groups, but got input of shape ", input,
           " and num_groups=", groups});
  if (weight) check_vector_of_channels("weight", *weight, input);
  if (bias) check_vector_of_channels("bias", *bias, input);
  normalization_geometry g{};
  if (input.elements() == 0) return g;
  g.lines = checked_multiply(input[0], groups);
  g.length = checked_multiply(channels / groups, plane);
  g.piece = plane;
  g.channels = channels;
  return g;
}

/// A size with a star before it, as PyTorch prints what a layer norm's input may be.
TENFOLD_COLD inline std::string starred(const shape& s) {
  std::string text = "[*";
  for (const index_t size : s) text += join({", ", size});
  return text + "]";
}

/// Those of layer_norm.
constexpr normalization_geometry check_layer_norm(const shape& input, const shape& normalized,
                                                  const std::optional<shape>& weight,
                                                  const std::optional<shape>& bias) {
  if (normalized.empty())
    raise(
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
        "normalized_shape = []");
  if (weight && !(*weight == normalized))
    raise({"Expected weight to be of same shape as normalized_shape, but got weight of shape ", *weight,
           " and normalized_shape = ", normalized});
  if (bias && !(*bias == normalized))
    raise({"Expected bias to be of same shape as normalized_shape, but got bias of shape ", *bias,
           " and normalized_shape = ", normalized});
  const std::size_t rank = input.size(), last = normalized.size();
  if (rank < last || !(shape(std::span<const index_t>(input.end() - last, last)) == normalized))
    raise({"Given normalized_shape=", normalized, ", expected input with shape ", starred(normalized),
           ", but got input of size", input});
  normalization_geometry g{};
  if (input.elements() == 0) return g;
  g.length = g.piece = normalized.elements();
  g.lines = input.elements() / g.length;
  g.each = true;
  return g;
}

/// A weight or bias that may have been left out.
struct missing {};
inline std::optional<shape> shape_of_optional(const missing&) { return std::nullopt; }
template <tensor_like X>
std::optional<shape> shape_of_optional(const X& x) {
  return const_view(x).shape();
}
template <class T>
const T* data_of_optional(const missing&) {
  return nullptr;
}
template <class T, tensor_like X>
const T* data_of_optional(const X& x) {
  static_assert(std::same_as<element_of<X>, T>, "weight and bias are of the input's element type");
  return const_view(x).data();
}

template <class T, class Weight, class Bias>
void normalize(const normalization_geometry& g, const tensor_view<const T>& x, const Weight& weight, const Bias& bias,
               double eps, T* y, const context& ctx) {
  seam::run_normalization<T>(g, x.data(), data_of_optional<T>(weight), data_of_optional<T>(bias), eps, y, ctx);
}

template <class T, class Output, class Mean, class Variance, class Weight, class Bias>
void batch_norm_into(const Output& output, const tensor_view<const T>& x, const Mean& running_mean,
                     const Variance& running_var, const Weight& weight, const Bias& bias, double eps,
                     const context& ctx) {
  const auto g = check_batch_norm(x.shape(), const_view(running_mean).shape(), const_view(running_var).shape(),
                                  shape_of_optional(weight), shape_of_optional(bias), eps);
  check_output_shape("batch_norm", "output", x.shape(), output.shape());
  seam::run_batch_norm<T>(g,
                          {data_of_optional<T>(running_mean), data_of_optional<T>(running_var),
                           data_of_optional<T>(weight), data_of_optional<T>(bias)},
                          eps, x.data(), output.data(), ctx);
}

template <class T, class Mean, class Variance, class Weight, class Bias>
tensor<T> batch_norm(const tensor_view<const T>& x, const Mean& running_mean, const Variance& running_var,
                     const Weight& weight, const Bias& bias, double eps, const context& ctx) {
  const auto g = check_batch_norm(x.shape(), const_view(running_mean).shape(), const_view(running_var).shape(),
                                  shape_of_optional(weight), shape_of_optional(bias), eps);
  auto output = tensor<T>::uninitialized(x.shape());
  seam::run_batch_norm<T>(g,
                          {data_of_optional<T>(running_mean), data_of_optional<T>(running_var),
                           data_of_optional<T>(weight), data_of_optional<T>(bias)},
                          eps, x.data(), output.data(), ctx);
  return output;
}

}  // namespace detail

/// The bytes of workspace that batch_norm_into needs: none.
template <tensor_like Input>
index_t batch_norm_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}

/// batch_norm into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input, tensor_like Mean, tensor_like Variance, tensor_like Weight,
          tensor_like Bias>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void batch_norm_into(Output&& output, const Input& input, const Mean& running_mean, const Variance& running_var,
                     const Weight& weight, const Bias& bias, double eps = 1e-5,
                     const context& ctx = default_context()) {
  detail::batch_norm_into(as_view(output), detail::const_view(input), running_mean, running_var, weight, bias, eps,
                          ctx);
}
template <tensor_like Output, tensor_like Input, tensor_like Mean, tensor_like Variance>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void batch_norm_into(Output&& output, const Input& input, const Mean& running_mean, const Variance& running_var,
                     double eps = 1e-5, const context& ctx = default_context()) {
  detail::batch_norm_into(as_view(output), detail::const_view(input), running_mean, running_var, detail::missing(),
                          detail::missing(), eps, ctx);
}

/// Batch normalisation with given statistics, as torch.nn.functional.batch_norm(training=False).
///
///     output[n, c, ...] = input[n, c, ...] * alpha[c] + beta[c]
///     alpha = weight / sqrt(running_var + eps),  beta = bias - running_mean * alpha
///
/// |error| <= 8 u (|input alpha| + |running_mean alpha| + |bias|), u half an epsilon.
///
/// input        (N, C, ...), floating-point numbers
/// the others   (C)
/// returns      the input's shape
/// throws       tenfold::error in PyTorch's words; every check comes before the first write
/// source       detail/kernels/normalization.inl.hpp
template <tensor_like Input, tensor_like Mean, tensor_like Variance, tensor_like Weight, tensor_like Bias>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> batch_norm(
      const Input& input, const Mean& running_mean, const Variance& running_var, const Weight& weight, const Bias& bias,
      double eps = 1e-5, const context& ctx = default_context()) {
    return detail::batch_norm(detail::const_view(input), running_mean, running_var, weight, bias, eps, ctx);
  }
template <tensor_like Input, tensor_like Mean, tensor_like Variance>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> batch_norm(
      const Input& input, const Mean& running_mean, const Variance& running_var, double eps = 1e-5,
      const context& ctx = default_context()) {
    return detail::batch_norm(detail::const_view(input), running_mean, running_var, detail::missing(),
                              detail::missing(), eps, ctx);
  }

namespace detail {

template <class T, class Output, class Weight, class Bias>
void instance_norm_into(const Output& output, const tensor_view<const T>& x, const Weight& weight, const Bias& bias,
                        double eps, const context& ctx) {
  const auto g = check_instance_norm(x.shape(), shape_of_optional(weight), shape_of_optional(bias));
  check_output_shape("instance_norm", "output", x.shape(), output.shape());
  normalize(g, x, weight, bias, eps, output.data(), ctx);
}

template <class T, class Weight, class Bias>
tensor<T> instance_norm(const tensor_view<const T>& x, const Weight& weight, const Bias& bias, double eps,
                        const context& ctx) {
  const auto g = check_instance_norm(x.shape(), shape_of_optional(weight), shape_of_optional(bias));
  auto output = tensor<T>::uninitialized(x.shape());
  normalize(g, x, weight, bias, eps, output.data(), ctx);
  return output;
}

}  // namespace detail

/// The bytes of workspace that instance_norm_into needs: none.
template <tensor_like Input>
index_t instance_norm_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}

/// instance_norm into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void instance_norm_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias, double eps = 1e-5,
                        const context& ctx = default_context()) {
  detail::instance_norm_into(as_view(output), detail::const_view(input), weight, bias, eps, ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void instance_norm_into(Output&& output, const Input& input, double eps = 1e-5,
                        const context& ctx = default_context()) {
  detail::instance_norm_into(as_view(output), detail::const_view(input), detail::missing(), detail::missing(), eps,
                             ctx);
}

/// Instance normalisation, as torch.nn.functional.instance_norm without running statistics.
///
///     output[n, c, ...] = (input[n, c, ...] - mean) / sqrt(var + eps) * weight[c] + bias[c]
///
/// with the mean and the variance (divided by the number of elements) of input[n, c]: group_norm of as many groups as
/// channels, with its error.
///
/// input         (N, C, ...) of more than one element a channel, floating-point numbers
/// weight, bias  (C)
/// returns       the input's shape
/// throws        tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> instance_norm(
      const Input& input, const Weight& weight, const Bias& bias, double eps = 1e-5,
      const context& ctx = default_context()) {
    return detail::instance_norm(detail::const_view(input), weight, bias, eps, ctx);
  }
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> instance_norm(
      const Input& input, double eps = 1e-5, const context& ctx = default_context()) {
    return detail::instance_norm(detail::const_view(input), detail::missing(), detail::missing(), eps, ctx);
  }

namespace detail {

template <class T, class Output, class Weight, class Bias>
void group_norm_into(const Output& output, const tensor_view<const T>& x, index_t groups, const Weight& weight,
                     const Bias& bias, double eps, const context& ctx) {
  const auto g = check_group_norm(x.shape(), groups, shape_of_optional(weight), shape_of_optional(bias));
  check_output_shape("group_norm", "output", x.shape(), output.shape());
  normalize(g, x, weight, bias, eps, output.data(), ctx);
}

template <class T, class Weight, class Bias>
tensor<T> group_norm(const tensor_view<const T>& x, index_t groups, const Weight& weight, const Bias& bias, double eps,
                     const context& ctx) {
  const auto g = check_group_norm(x.shape(), groups, shape_of_optional(weight), shape_of_optional(bias));
  auto output = tensor<T>::uninitialized(x.shape());
  normalize(g, x, weight, bias, eps, output.data(), ctx);
  return output;
}

}  // namespace detail

/// The bytes of workspace that group_norm_into needs: none.
template <tensor_like Input>
index_t group_norm_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}

/// group_norm into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void group_norm_into(Output&& output, const Input& input, index_t groups, const Weight& weight, const Bias& bias,
                     double eps = 1e-5, const context& ctx = default_context()) {
  detail::group_norm_into(as_view(output), detail::const_view(input), groups, weight, bias, eps, ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void group_norm_into(Output&& output, const Input& input, index_t groups, double eps = 1e-5,
                     const context& ctx = default_context()) {
  detail::group_norm_into(as_view(output), detail::const_view(input), groups, detail::missing(), detail::missing(), eps,
                          ctx);
}

/// Group normalisation, as torch.nn.functional.group_norm.
///
///     output[n, c, ...] = (input[n, c, ...] - mean) / sqrt(var + eps) * weight[c] + bias[c]
///
/// with the mean and the variance (divided by the number of elements) of the channel's group in input[n]; groups are
/// C / groups neighbouring channels. In two passes, each a sum of r = 42 + log2(elements) roundings: the mean is off by
/// e <= (r + 1) u mean|input|, u half an epsilon, and the variance by (r + 5) u var + e^2.
///
/// input         (N, C, ...), floating-point numbers
/// weight, bias  (C)
/// returns       the input's shape
/// throws        tenfold::error in PyTorch's words; every check comes before the first write
/// source        detail/kernels/normalization.inl.hpp
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> group_norm(
      const Input& input, index_t groups, const Weight& weight, const Bias& bias, double eps = 1e-5,
      const context& ctx = default_context()) {
    return detail::group_norm(detail::const_view(input), groups, weight, bias, eps, ctx);
  }
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> group_norm(
      const Input& input, index_t groups, double eps = 1e-5, const context& ctx = default_context()) {
    return detail::group_norm(detail::const_view(input), groups, detail::missing(), detail::missing(), eps, ctx);
  }

namespace detail {

template <class T, class Output, class Weight, class Bias>
void layer_norm_into(const Output& output, const tensor_view<const T>& x, const shape& normalized_shape,
                     const Weight& weight, const Bias& bias, double eps, const context& ctx) {
  const auto g = check_layer_norm(x.shape(), normalized_shape, shape_of_optional(weight), shape_of_optional(bias));
  check_output_shape("layer_norm", "output", x.shape(), output.shape());
  normalize(g, x, weight, bias, eps, output.data(), ctx);
}

template <class T, class Weight, class Bias>
tensor<T> layer_norm(const tensor_view<const T>& x, const shape& normalized_shape, const Weight& weight,
                     const Bias& bias, double eps, const context& ctx) {
  const auto g = check_layer_norm(x.shape(), normalized_shape, shape_of_optional(weight), shape_of_optional(bias));
  auto output = tensor<T>::uninitialized(x.shape());
  normalize(g, x, weight, bias, eps, output.data(), ctx);
  return output;
}

}  // namespace detail

/// The bytes of workspace that layer_norm_into needs: none.
template <tensor_like Input>
index_t layer_norm_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}

/// layer_norm into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void layer_norm_into(Output&& output, const Input& input, const shape& normalized_shape, const Weight& weight,
                     const Bias& bias, double eps = 1e-5, const context& ctx = default_context()) {
  detail::layer_norm_into(as_view(output), detail::const_view(input), normalized_shape, weight, bias, eps, ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void layer_norm_into(Output&& output, const Input& input, const shape& normalized_shape, double eps = 1e-5,
                     const context& ctx = default_context()) {
  detail::layer_norm_into(as_view(output), detail::const_view(input), normalized_shape, detail::missing(),
                          detail::missing(), eps, ctx);
}

/// Layer normalisation, as torch.nn.functional.layer_norm.
///
///     output[..., i] = (input[..., i] - mean) / sqrt(var + eps) * weight[i] + bias[i]
///
/// with the mean and the variance (divided by the number of elements) of the last dimensions, which are
/// normalized_shape. Errors as in group_norm.
///
/// input         (..., normalized_shape...), floating-point numbers
/// weight, bias  (normalized_shape...)
/// returns       the input's shape
/// throws        tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> layer_norm(
      const Input& input, const shape& normalized_shape, const Weight& weight, const Bias& bias, double eps = 1e-5,
      const context& ctx = default_context()) {
    return detail::layer_norm(detail::const_view(input), normalized_shape, weight, bias, eps, ctx);
  }
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> layer_norm(
      const Input& input, const shape& normalized_shape, double eps = 1e-5, const context& ctx = default_context()) {
    return detail::layer_norm(detail::const_view(input), normalized_shape, detail::missing(), detail::missing(), eps,
                              ctx);
  }

namespace detail {

/// The checks of layer_norm, of an input whose channels come last.
constexpr line_geometry check_layer_norm2d(const shape& input, const std::optional<shape>& weight,
                                           const std::optional<shape>& bias) {
  if (input.size() != 3 && input.size() != 4)
    raise({"layer_norm2d: expected an input of 3 or 4 dimensions, but got one of shape ", input});
  const std::size_t channels = input.size() - 3;
  shape turned = input;
  for (std::size_t d = channels; d + 1 < input.size(); ++d) turned[d] = input[d + 1];
  turned[input.size() - 1] = input[channels];
  check_layer_norm(turned, {input[channels]}, weight, bias);
  return lines_of(input, channels);
}

template <class T, class Weight, class Bias>
void normalize_channels(const line_geometry& g, const tensor_view<const T>& x, const Weight& weight, const Bias& bias,
                        double eps, T* y, const context& ctx) {
  if (g.outer == 0) return;
  seam::run_layer_norm2d<T>(g, x.data(), data_of_optional<T>(weight), data_of_optional<T>(bias), eps, y, ctx);
}

template <class T, class Output, class Weight, class Bias>
void layer_norm2d_into(const Output& output, const tensor_view<const T>& x, const Weight& weight, const Bias& bias,
                       double eps, const context& ctx) {
  const auto g = check_layer_norm2d(x.shape(), shape_of_optional(weight), shape_of_optional(bias));
  check_output_shape("layer_norm2d", "output", x.shape(), output.shape());
  normalize_channels(g, x, weight, bias, eps, output.data(), ctx);
}

template <class T, class Weight, class Bias>
tensor<T> layer_norm2d(const tensor_view<const T>& x, const Weight& weight, const Bias& bias, double eps,
                       const context& ctx) {
  const auto g = check_layer_norm2d(x.shape(), shape_of_optional(weight), shape_of_optional(bias));
  auto output = tensor<T>::uninitialized(x.shape());
  normalize_channels(g, x, weight, bias, eps, output.data(), ctx);
  return output;
}

}  // namespace detail

/// The bytes of workspace that layer_norm2d_into needs: none.
template <tensor_like Input>
index_t layer_norm2d_workspace_bytes(const Input&, const context& = default_context()) {
  return 0;
}

/// layer_norm2d into a tensor of the same shape, which may be the input itself, but may not overlap it otherwise.
template <tensor_like Output, tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void layer_norm2d_into(Output&& output, const Input& input, const Weight& weight, const Bias& bias, double eps = 1e-5,
                       const context& ctx = default_context()) {
  detail::layer_norm2d_into(as_view(output), detail::const_view(input), weight, bias, eps, ctx);
}
template <tensor_like Output, tensor_like Input>
  requires std::same_as<element_of<Output>, element_of<Input>> && std::floating_point<element_of<Input>>
void layer_norm2d_into(Output&& output, const Input& input, double eps = 1e-5, const context& ctx = default_context()) {
  detail::layer_norm2d_into(as_view(output), detail::const_view(input), detail::missing(), detail::missing(), eps, ctx);
}

/// Layer normalisation of the channels of each pixel: torch.nn.functional.layer_norm over (C) between two permutations,
/// which bring the channels behind the pixels and back. ConvNeXt has it.
///
///     output[n, c, h, w] = (input[n, c, h, w] - mean) / sqrt(var + eps) * weight[c] + bias[c]
///
/// with the mean and the variance (divided by C) of input[n, :, h, w]. Errors as in group_norm, but for sums of C
/// terms, of which each is rounded at most C / 2 + 5 times.
///
/// input         (N, C, H, W) or (C, H, W), floating-point numbers
/// weight, bias  (C)
/// returns       the input's shape
/// throws        tenfold::error in PyTorch's words; every check comes before the first write
template <tensor_like Input, tensor_like Weight, tensor_like Bias>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> layer_norm2d(
      const Input& input, const Weight& weight, const Bias& bias, double eps = 1e-5,
      const context& ctx = default_context()) {
    return detail::layer_norm2d(detail::const_view(input), weight, bias, eps, ctx);
  }
template <tensor_like Input>
  requires std::floating_point<element_of<Input>> tensor<element_of<Input>> layer_norm2d(
      const Input& input, double eps = 1e-5, const context& ctx = default_context()) {
    return detail::layer_norm2d(detail::const_view(input), detail::missing(), detail::missing(), eps, ctx);
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/normalization.hpp>
#endif
