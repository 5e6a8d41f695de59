// batch_norm of inference, instance_norm, group_norm, layer_norm and layer_norm2d, of the channels of each pixel;
// gradients.
#pragma once

#include <tenfold/detail/float_text.hpp>
#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/optional_array.hpp>
#include <tenfold/detail/reduction.hpp>
#include <tenfold/detail/seam.hpp>
#include <tenfold/detail/workspace.hpp>  // workspace_bytes_for
#include <tenfold/gradients.hpp>

namespace tenfold::inline v0 {

/// The gradients of a normalisation, whose tensors have the names that a convolution's have.
template <element T>
using normalization_gradients = convolution_gradients<T>;

}  // namespace tenfold::inline v0

/// Weight and bias may be null.
TENFOLD_SEAM(void, run_normalization, (g, x, weight, bias, eps, y, ctx), const normalization_geometry& g, const T* x,
             const T* weight, const T* bias, double eps, T* y, const context& ctx)
TENFOLD_SEAM(void, run_batch_norm, (g, a, eps, x, y, ctx), const normalization_geometry& g,
             const batch_norm_arrays<T>& a, double eps, const T* x, T* y, const context& ctx)
TENFOLD_SEAM(void, run_layer_norm2d, (g, x, weight, bias, eps, y, ctx), const line_geometry& g, const T* x,
             const T* weight, const T* bias, double eps, T* y, const context& ctx)
TENFOLD_SEAM(void, run_normalization_backward, (g, a, eps, adds, ctx), const normalization_gradient_geometry& g,
             const normalization_gradient_arrays<T>& a, double eps, bool adds, const context& ctx)
/// The scratch memory of such a call, whose moments may be given, and which gives `sums` of both sums.
TENFOLD_SEAM(index_t, normalization_backward_bytes, (g, given, sums, ctx), const normalization_gradient_geometry& g,
             bool given, index_t sums, const context& ctx)

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

// ----------------------------------------------------------------------------------------------------------- gradients

namespace detail {

/// Of a geometry without elements, the weight's are as many as its shape says.
constexpr normalization_gradient_geometry gradient_geometry(const normalization_geometry& g, const shape& weight) {
  if (g.lines == 0) return {0, 1, weight.elements(), 1, false};
  if (g.each) return {g.lines, 1, g.length, 1, false};
  const index_t pieces = g.length / g.piece, groups = g.channels / pieces;
  return {g.lines / groups, groups, pieces, g.piece, false};
}

/// Of a single place, pixels are rows.
constexpr normalization_gradient_geometry gradient_geometry(const line_geometry& g, const shape& weight) {
  if (g.outer == 0) return {0, 1, weight.elements(), 1, false};
  return {g.outer, 1, g.length, g.inner, g.inner > 1};
}

/// Dimension 1, which the checks then find.
constexpr shape channels_of(const shape& input) { return {input.size() > 1 ? input[1] : 0}; }
constexpr shape channels_of_image(const shape& input) { return {input[input.size() - 3]}; }

/// One call of a gradient, whose input has been checked.
template <class T>
class normalization_backward_call {
 public:
  /// `weight` is the shape of the weight that there could be.
  template <class Geometry, class Weight>
  normalization_backward_call(const char* op, const Geometry& g, const tensor_view<const T>& grad_output,
                              const tensor_view<const T>& input, const shape& weight_shape, const Weight& weight,
                              double eps, const gradients& wanted)
      : op_(op),
        geometry_(gradient_geometry(g, weight_shape)),
        input_(input.shape()),
        weight_(weight_shape),
        wanted_(wanted),
        eps_(eps),
        arrays_{grad_output.data(),          input.data(), nullptr, nullptr,
                data_of_optional<T>(weight), nullptr,      nullptr, nullptr} {
    check_output_shape(op, "grad_output", input_, grad_output.shape());
    if (wanted.beta != 0 && wanted.beta != 1) raise({op, ": expected a beta of 0 or 1, but got ", wanted.beta});
  }

  normalization_backward_call& with_moments(const T* mean, const T* var) {
    arrays_.mean = mean;
    arrays_.var = var;
    return *this;
  }

  void into(const tensor_view<T>& grad_input, const tensor_view<T>& grad_weight, const tensor_view<T>& grad_bias,
            const context& ctx) {
    if (wanted_.input) arrays_.grad_input = checked(grad_input, "grad_input", input_);
    if (wanted_.weight) arrays_.grad_weight = checked(grad_weight, "grad_weight", weight_);
    if (wanted_.bias) arrays_.grad_bias = checked(grad_bias, "grad_bias", weight_);
    seam::run_normalization_backward<T>(geometry_, arrays_, eps_, wanted_.beta != 0, ctx);
  }

  normalization_gradients<T> result(const context& ctx) {
    wanted_.beta = 0;
    normalization_gradients<T> made(of(wanted_.input, input_), of(wanted_.weight, weight_), of(wanted_.bias, weight_));
    into(made.grad_input.view(), made.grad_weight.view(), made.grad_bias.view(), ctx);
    return made;
  }

 private:
  T* checked(const tensor_view<T>& view, const char* name, const shape& expected) const {
    check_output_shape(op_, name, expected, view.shape());
    return view.data();
  }
  static tensor<T> of(bool wanted, const shape& s) {
    return wanted ? tensor<T>::uninitialized(s) : tensor<T>(shape{0});
  }

  const char* op_;
  normalization_gradient_geometry geometry_;
  shape input_, weight_;
  gradients wanted_;
  double eps_;
  normalization_gradient_arrays<T> arrays_;
};

template <class T, class Geometry>
index_t normalization_backward_workspace_bytes(const Geometry& g, bool given, const shape& weight,
                                               const gradients& wanted, const context& ctx) {
  const index_t sums = static_cast<index_t>(wanted.weight) + static_cast<index_t>(wanted.bias);
  return workspace_bytes_for(seam::normalization_backward_bytes<T>(gradient_geometry(g, weight), given, sums, ctx));
}

template <class T, class Mean, class Variance, class Weight>
normalization_backward_call<T> batch_norm_backward_call(const tensor_view<const T>& dy, const tensor_view<const T>& x,
                                                        const Mean& running_mean, const Variance& running_var,
                                                        const Weight& weight, double eps, const gradients& wanted) {
  const shape channels = const_view(running_mean).shape();
  const auto g =
      check_batch_norm(x.shape(), channels, const_view(running_var).shape(), shape_of_optional(weight), {}, eps);
  return normalization_backward_call<T>("batch_norm_backward", g, dy, x, channels, weight, eps, wanted)
      .with_moments(data_of_optional<T>(running_mean), data_of_optional<T>(running_var));
}

}  // namespace detail

/// The bytes of workspace that batch_norm_backward_into needs with this context, for partial sums: at most
/// max_workspace_bytes and the gradients of weight and bias themselves, or two of them if that is more.
template <tensor_like Input>
index_t batch_norm_backward_workspace_bytes(const Input& input, const gradients& wanted = {},
                                            const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::normalization_backward_workspace_bytes<element_of<Input>>(
      detail::check_batch_norm(x.shape(), detail::channels_of(x.shape()), detail::channels_of(x.shape()), {}, {}, 0),
      true, detail::channels_of(x.shape()), wanted, ctx);
}

/// batch_norm_backward into tensors of these shapes. grad_input may be grad_output or input itself, but nothing may
/// overlap otherwise; those not wanted may be anything. With wanted.beta = 1 it adds to grad_weight and grad_bias.
/// Allocates nothing when the context carries a workspace of batch_norm_backward_workspace_bytes.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Mean, tensor_like Variance, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void batch_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                              const GradOutput& grad_output, const Input& input, const Mean& running_mean,
                              const Variance& running_var, const Weight& weight, double eps = 1e-5,
                              const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::batch_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), running_mean,
                                   running_var, weight, eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Mean, tensor_like Variance>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void batch_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                              const GradOutput& grad_output, const Input& input, const Mean& running_mean,
                              const Variance& running_var, double eps = 1e-5, const gradients& wanted = {},
                              const context& ctx = default_context()) {
  detail::batch_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), running_mean,
                                   running_var, detail::missing(), eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The gradients of batch_norm, as torch.ops.aten.native_batch_norm_backward(train=False).
///
///     grad_input[n, c, ...]  = grad_output[n, c, ...] * weight[c] * scale[c],  scale = 1 / sqrt(running_var + eps)
///     grad_weight[c]         = sum of grad_output[n, c, ...] * (input[n, c, ...] - running_mean[c]) * scale[c]
///     grad_bias[c]           = sum of grad_output[n, c, ...]    over all n and ...
///
/// The sums are those of lines, and these one after the other, in chunks of n images that the shape alone decides
/// (detail/ordered_sum.hpp): n is N / 64, or as many as have at most 32768 elements. A term is rounded at most
/// 50 + log2(elements of a line) + n + 64 times.
///
/// grad_output, input         (N, C, ...), floating-point numbers
/// running_mean, running_var  (C)
/// weight                     (C), or left out where it is 1
/// wanted                     which of them to compute
/// returns                    {grad_input, grad_weight, grad_bias}, of the shapes of input and (C); empty if not wanted
/// throws                     tenfold::error in batch_norm's words; every check comes before the first write
/// source                     detail/kernels/normalization_backward.inl.hpp
template <tensor_like GradOutput, tensor_like Input, tensor_like Mean, tensor_like Variance, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> batch_norm_backward(
      const GradOutput& grad_output, const Input& input, const Mean& running_mean, const Variance& running_var,
      const Weight& weight, double eps = 1e-5, const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::batch_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), running_mean,
                                            running_var, weight, eps, wanted)
        .result(ctx);
  }
template <tensor_like GradOutput, tensor_like Input, tensor_like Mean, tensor_like Variance>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> batch_norm_backward(
      const GradOutput& grad_output, const Input& input, const Mean& running_mean, const Variance& running_var,
      double eps = 1e-5, const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::batch_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), running_mean,
                                            running_var, detail::missing(), eps, wanted)
        .result(ctx);
  }

namespace detail {

template <class T, class Weight>
normalization_backward_call<T> instance_norm_backward_call(const tensor_view<const T>& dy,
                                                           const tensor_view<const T>& x, const Weight& weight,
                                                           double eps, const gradients& wanted) {
  const auto g = check_instance_norm(x.shape(), shape_of_optional(weight), {});
  return {"instance_norm_backward", g, dy, x, channels_of(x.shape()), weight, eps, wanted};
}

}  // namespace detail

/// The bytes of workspace that instance_norm_backward_into needs with this context, for partial sums: at most
/// max_workspace_bytes and the gradients of weight and bias themselves, or two of them if that is more.
template <tensor_like Input>
index_t instance_norm_backward_workspace_bytes(const Input& input, const gradients& wanted = {},
                                               const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::normalization_backward_workspace_bytes<element_of<Input>>(
      detail::check_instance_norm(x.shape(), {}, {}), false, detail::channels_of(x.shape()), wanted, ctx);
}

/// As of batch_norm_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void instance_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                 const GradOutput& grad_output, const Input& input, const Weight& weight,
                                 double eps = 1e-5, const gradients& wanted = {},
                                 const context& ctx = default_context()) {
  detail::instance_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), weight, eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void instance_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                 const GradOutput& grad_output, const Input& input, double eps = 1e-5,
                                 const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::instance_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), detail::missing(),
                                      eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The gradients of instance_norm: group_norm's with as many groups as channels, and what batch_norm_backward says.
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> instance_norm_backward(
      const GradOutput& grad_output, const Input& input, const Weight& weight, double eps = 1e-5,
      const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::instance_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), weight, eps,
                                               wanted)
        .result(ctx);
  }
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> instance_norm_backward(
      const GradOutput& grad_output, const Input& input, double eps = 1e-5, const gradients& wanted = {},
      const context& ctx = default_context()) {
    return detail::instance_norm_backward_call(detail::const_view(grad_output), detail::const_view(input),
                                               detail::missing(), eps, wanted)
        .result(ctx);
  }

namespace detail {

template <class T, class Weight>
normalization_backward_call<T> group_norm_backward_call(const tensor_view<const T>& dy, const tensor_view<const T>& x,
                                                        index_t groups, const Weight& weight, double eps,
                                                        const gradients& wanted) {
  const auto g = check_group_norm(x.shape(), groups, shape_of_optional(weight), {});
  return {"group_norm_backward", g, dy, x, channels_of(x.shape()), weight, eps, wanted};
}

}  // namespace detail

/// The bytes of workspace that group_norm_backward_into needs with this context, for partial sums: at most
/// max_workspace_bytes and the gradients of weight and bias themselves, or two of them if that is more.
template <tensor_like Input>
index_t group_norm_backward_workspace_bytes(const Input& input, index_t groups, const gradients& wanted = {},
                                            const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::normalization_backward_workspace_bytes<element_of<Input>>(
      detail::check_group_norm(x.shape(), groups, {}, {}), false, detail::channels_of(x.shape()), wanted, ctx);
}

/// As of batch_norm_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void group_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                              const GradOutput& grad_output, const Input& input, index_t groups, const Weight& weight,
                              double eps = 1e-5, const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::group_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), groups, weight, eps,
                                   wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void group_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                              const GradOutput& grad_output, const Input& input, index_t groups, double eps = 1e-5,
                              const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::group_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), groups,
                                   detail::missing(), eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The gradients of group_norm, as torch.ops.aten.native_group_norm_backward, which takes the moments: here they are
/// computed anew, as group_norm computes them.
///
///     grad_input   = (g - mean of g - xh * mean of g * xh) * scale    with g = grad_output * weight[c],
///                                                                      the means over the group in the image
///     grad_weight  = sum of grad_output * xh over all n and ...       with xh = (input - mean) * scale,
///     grad_bias    = sum of grad_output over all n and ...                 scale = 1 / sqrt(var + eps)
///
/// The sums are as of batch_norm_backward; those of a group go through its channels one after the other.
///
/// grad_output, input  (N, C, ...), floating-point numbers
/// weight              (C), or left out where it is 1
/// wanted              which of them to compute
/// returns             {grad_input, grad_weight, grad_bias}, of the shapes of input and (C); empty where not wanted
/// throws              tenfold::error in group_norm's words; every check comes before the first write
/// source              detail/kernels/normalization_backward.inl.hpp
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> group_norm_backward(
      const GradOutput& grad_output, const Input& input, index_t groups, const Weight& weight, double eps = 1e-5,
      const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::group_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), groups, weight,
                                            eps, wanted)
        .result(ctx);
  }
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> group_norm_backward(
      const GradOutput& grad_output, const Input& input, index_t groups, double eps = 1e-5,
      const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::group_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), groups,
                                            detail::missing(), eps, wanted)
        .result(ctx);
  }

namespace detail {

template <class T, class Weight>
normalization_backward_call<T> layer_norm_backward_call(const tensor_view<const T>& dy, const tensor_view<const T>& x,
                                                        const shape& normalized_shape, const Weight& weight, double eps,
                                                        const gradients& wanted) {
  const auto g = check_layer_norm(x.shape(), normalized_shape, shape_of_optional(weight), {});
  return {"layer_norm_backward", g, dy, x, normalized_shape, weight, eps, wanted};
}

}  // namespace detail

/// The bytes of workspace that layer_norm_backward_into needs with this context, for partial sums: at most
/// max_workspace_bytes and the gradients of weight and bias themselves, or two of them if that is more.
template <tensor_like Input>
index_t layer_norm_backward_workspace_bytes(const Input& input, const shape& normalized_shape,
                                            const gradients& wanted = {}, const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::normalization_backward_workspace_bytes<element_of<Input>>(
      detail::check_layer_norm(x.shape(), normalized_shape, {}, {}), false, normalized_shape, wanted, ctx);
}

/// As of batch_norm_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void layer_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                              const GradOutput& grad_output, const Input& input, const shape& normalized_shape,
                              const Weight& weight, double eps = 1e-5, const gradients& wanted = {},
                              const context& ctx = default_context()) {
  detail::layer_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), normalized_shape, weight,
                                   eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void layer_norm_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                              const GradOutput& grad_output, const Input& input, const shape& normalized_shape,
                              double eps = 1e-5, const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::layer_norm_backward_call(detail::const_view(grad_output), detail::const_view(input), normalized_shape,
                                   detail::missing(), eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The gradients of layer_norm, as torch.ops.aten.native_layer_norm_backward, which takes the moments: here they are
/// computed anew, as layer_norm computes them. The equations are group_norm_backward's; weight and its gradient have
/// the shape of what is normalised, and their sums are as of batch_norm_backward, a row being an image, but of four
/// rows at a time.
///
/// grad_output, input  (..., normalized_shape...), floating-point numbers
/// weight              (normalized_shape...), or left out where it is 1
/// wanted              which of them to compute
/// returns             {grad_input, grad_weight, grad_bias}, of the shapes of input and weight; empty where not wanted
/// throws              tenfold::error in layer_norm's words; every check comes before the first write
/// source              detail/kernels/normalization_backward.inl.hpp
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> layer_norm_backward(
      const GradOutput& grad_output, const Input& input, const shape& normalized_shape, const Weight& weight,
      double eps = 1e-5, const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::layer_norm_backward_call(detail::const_view(grad_output), detail::const_view(input),
                                            normalized_shape, weight, eps, wanted)
        .result(ctx);
  }
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> layer_norm_backward(
      const GradOutput& grad_output, const Input& input, const shape& normalized_shape, double eps = 1e-5,
      const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::layer_norm_backward_call(detail::const_view(grad_output), detail::const_view(input),
                                            normalized_shape, detail::missing(), eps, wanted)
        .result(ctx);
  }

namespace detail {

template <class T, class Weight>
normalization_backward_call<T> layer_norm2d_backward_call(const tensor_view<const T>& dy, const tensor_view<const T>& x,
                                                          const Weight& weight, double eps, const gradients& wanted) {
  const auto g = check_layer_norm2d(x.shape(), shape_of_optional(weight), {});
  return {"layer_norm2d_backward", g, dy, x, channels_of_image(x.shape()), weight, eps, wanted};
}

}  // namespace detail

/// The bytes of workspace that layer_norm2d_backward_into needs with this context, for partial sums: at most
/// max_workspace_bytes and the gradients of weight and bias themselves, or two of them if that is more.
template <tensor_like Input>
index_t layer_norm2d_backward_workspace_bytes(const Input& input, const gradients& wanted = {},
                                              const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  return detail::normalization_backward_workspace_bytes<element_of<Input>>(
      detail::check_layer_norm2d(x.shape(), {}, {}), false, detail::channels_of_image(x.shape()), wanted, ctx);
}

/// As of batch_norm_backward_into.
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void layer_norm2d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                const GradOutput& grad_output, const Input& input, const Weight& weight,
                                double eps = 1e-5, const gradients& wanted = {},
                                const context& ctx = default_context()) {
  detail::layer_norm2d_backward_call(detail::const_view(grad_output), detail::const_view(input), weight, eps, wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}
template <tensor_like GradInput, tensor_like GradWeight, tensor_like GradBias, tensor_like GradOutput,
          tensor_like Input>
  requires detail::same_floats<Input, GradOutput, GradInput, GradWeight, GradBias>
void layer_norm2d_backward_into(GradInput&& grad_input, GradWeight&& grad_weight, GradBias&& grad_bias,
                                const GradOutput& grad_output, const Input& input, double eps = 1e-5,
                                const gradients& wanted = {}, const context& ctx = default_context()) {
  detail::layer_norm2d_backward_call(detail::const_view(grad_output), detail::const_view(input), detail::missing(), eps,
                                     wanted)
      .into(as_view(grad_input), as_view(grad_weight), as_view(grad_bias), ctx);
}

/// The gradients of layer_norm2d: layer_norm_backward's between the same permutations.
///
/// grad_output, input  (N, C, H, W) or (C, H, W), floating-point numbers
/// weight              (C), or left out where it is 1
/// returns             {grad_input, grad_weight, grad_bias}, of the shapes of input and (C); empty where not wanted
template <tensor_like GradOutput, tensor_like Input, tensor_like Weight>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> layer_norm2d_backward(
      const GradOutput& grad_output, const Input& input, const Weight& weight, double eps = 1e-5,
      const gradients& wanted = {}, const context& ctx = default_context()) {
    return detail::layer_norm2d_backward_call(detail::const_view(grad_output), detail::const_view(input), weight, eps,
                                              wanted)
        .result(ctx);
  }
template <tensor_like GradOutput, tensor_like Input>
  requires detail::same_floats<Input, GradOutput> normalization_gradients<element_of<Input>> layer_norm2d_backward(
      const GradOutput& grad_output, const Input& input, double eps = 1e-5, const gradients& wanted = {},
      const context& ctx = default_context()) {
    return detail::layer_norm2d_backward_call(detail::const_view(grad_output), detail::const_view(input),
                                              detail::missing(), eps, wanted)
        .result(ctx);
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/normalization.hpp>
#endif
