// Random calls of the convolutions: plain, into, prepared, image by image.
#pragma once

#include "../winograd_matrices.hpp"
#include "fuzz.hpp"

#include <tenfold/detail/convolution/algorithms.hpp>
#include <tenfold/conv1d.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/reference.hpp>

namespace tenfold_fuzz {

/// What of an output the input and the weight have: sums and maxima over its own window inside the image.
struct own_window {
  double sum = 0;        // of the products
  double magnitude = 0;  // of their absolute values
  double most_input = 0;
  double weights = 0;  // the sum of their absolute values
};

struct plain_conv2d {
  using op = tf::detail::conv2d_op;
  template <class T>
  using prepared = tf::prepared_conv2d<T>;
  static constexpr bool transposed = false;
  static auto run(const auto&... x) { return tf::conv2d(x...); }
  static void into(auto&& y, const auto&... x) { tf::conv2d_into(y, x...); }
  static auto bytes(const auto&... x) { return tf::conv2d_workspace_bytes(x...); }
  static shape output_shape(const auto&... x) { return tf::conv2d_output_shape(x...); }
  static auto reference(const auto&... x) { return tf::reference::conv2d(x...); }
  static auto gradients(const auto&... x) { return tf::conv2d_backward(x...); }
  static void gradients_into(const auto&... x) { tf::conv2d_backward_into(x...); }
  static auto gradients_bytes(const auto&... x) { return tf::conv2d_backward_workspace_bytes(x...); }
  static auto reference_gradients(const auto&... x) { return tf::reference::conv2d_backward(x...); }
};

struct plain_conv_transpose2d {
  using op = tf::detail::conv_transpose2d_op;
  template <class T>
  using prepared = tf::prepared_conv_transpose2d<T>;
  static constexpr bool transposed = true;
  static auto run(const auto&... x) { return tf::conv_transpose2d(x...); }
  static void into(auto&& y, const auto&... x) { tf::conv_transpose2d_into(y, x...); }
  static auto bytes(const auto&... x) { return tf::conv_transpose2d_workspace_bytes(x...); }
  static shape output_shape(const auto&... x) { return tf::conv_transpose2d_output_shape(x...); }
  static auto reference(const auto&... x) { return tf::reference::conv_transpose2d(x...); }
  static auto gradients(const auto&... x) { return tf::conv_transpose2d_backward(x...); }
  static void gradients_into(const auto&... x) { tf::conv_transpose2d_backward_into(x...); }
  static auto gradients_bytes(const auto&... x) { return tf::conv_transpose2d_backward_workspace_bytes(x...); }
  static auto reference_gradients(const auto&... x) { return tf::reference::conv_transpose2d_backward(x...); }
};

/// The references of one dimension: those of two, of images of one row, behind the checks of one.
template <class Op, class Options, class T, class Reference>
tf::tensor<T> reference_of_rows(const tf::tensor_view<const T>& x, const tf::tensor_view<const T>& w,
                                const std::optional<tf::tensor_view<const T>>& b, const Options& o,
                                const Reference& reference) {
  std::optional<shape> bias;
  if (b) bias = b->shape();
  Op::checked(x.shape(), w.shape(), bias, o);
  const auto in_two = tf::detail::in_two_dimensions(o);
  return of_one_row(b ? reference(one_row(x), one_row(w), *b, in_two) : reference(one_row(x), one_row(w), in_two));
}

template <class Op, class Options, class T, class Reference>
tf::convolution_gradients<T> gradients_of_rows(const tf::tensor_view<const T>& g, const tf::tensor_view<const T>& x,
                                               const tf::tensor_view<const T>& w, const Options& o,
                                               const Reference& reference) {
  tf::reference::parts::check_gradient<Op>(g.shape(), x.shape(), w.shape(), o);
  const auto all = reference(one_row(g), one_row(x), one_row(w), tf::detail::in_two_dimensions(o));
  return {of_one_row(all.grad_input), of_one_row(all.grad_weight), all.grad_bias};
}

struct plain_conv1d {
  using op = tf::detail::conv1d_op;
  template <class T>
  using prepared = tf::prepared_conv1d<T>;
  static constexpr bool transposed = false;
  static auto run(const auto&... x) { return tf::conv1d(x...); }
  static void into(auto&& y, const auto&... x) { tf::conv1d_into(y, x...); }
  static auto bytes(const auto&... x) { return tf::conv1d_workspace_bytes(x...); }
  static shape output_shape(const auto&... x) { return tf::conv1d_output_shape(x...); }
  static auto reference(const auto& x, const auto& w, const tf::conv1d_options& o) {
    return reference_of_rows<op>(x, w, {}, o, [](const auto&... y) { return tf::reference::conv2d(y...); });
  }
  static auto reference(const auto& x, const auto& w, const auto& b, const tf::conv1d_options& o) {
    return reference_of_rows<op>(x, w, std::optional(b), o,
                                 [](const auto&... y) { return tf::reference::conv2d(y...); });
  }
  static auto gradients(const auto&... x) { return tf::conv1d_backward(x...); }
  static void gradients_into(const auto&... x) { tf::conv1d_backward_into(x...); }
  static auto gradients_bytes(const auto&... x) { return tf::conv1d_backward_workspace_bytes(x...); }
  static auto reference_gradients(const auto& g, const auto& x, const auto& w, const tf::conv1d_options& o) {
    return gradients_of_rows<op>(tf::detail::const_view(g), tf::detail::const_view(x), tf::detail::const_view(w), o,
                                 [](const auto&... y) { return tf::reference::conv2d_backward(y...); });
  }
};

struct plain_conv_transpose1d {
  using op = tf::detail::conv_transpose1d_op;
  template <class T>
  using prepared = tf::prepared_conv_transpose1d<T>;
  static constexpr bool transposed = true;
  static auto run(const auto&... x) { return tf::conv_transpose1d(x...); }
  static void into(auto&& y, const auto&... x) { tf::conv_transpose1d_into(y, x...); }
  static auto bytes(const auto&... x) { return tf::conv_transpose1d_workspace_bytes(x...); }
  static shape output_shape(const auto&... x) { return tf::conv_transpose1d_output_shape(x...); }
  static auto reference(const auto& x, const auto& w, const tf::conv_transpose1d_options& o) {
    return reference_of_rows<op>(x, w, {}, o, [](const auto&... y) { return tf::reference::conv_transpose2d(y...); });
  }
  static auto reference(const auto& x, const auto& w, const auto& b, const tf::conv_transpose1d_options& o) {
    return reference_of_rows<op>(x, w, std::optional(b), o,
                                 [](const auto&... y) { return tf::reference::conv_transpose2d(y...); });
  }
  static auto gradients(const auto&... x) { return tf::conv_transpose1d_backward(x...); }
  static void gradients_into(const auto&... x) { tf::conv_transpose1d_backward_into(x...); }
  static auto gradients_bytes(const auto&... x) { return tf::conv_transpose1d_backward_workspace_bytes(x...); }
  static auto reference_gradients(const auto& g, const auto& x, const auto& w, const tf::conv_transpose1d_options& o) {
    return gradients_of_rows<op>(tf::detail::const_view(g), tf::detail::const_view(x), tf::detail::const_view(w), o,
                                 [](const auto&... y) { return tf::reference::conv_transpose2d_backward(y...); });
  }
};

/// Which values a convolution's round has. Sums of `exact` ones have no rounding but Winograd's.
enum class data { exact, rounded, wide };

template <class T, class Op>
struct convolution_call : call_of_shapes {
  using op = typename Op::op;
  using outputs = std::tuple<tf::tensor<T>>;
  using view = tf::tensor_view<const T>;

  view x, w;
  std::optional<view> b;
  typename op::options options;
  data kind;

  bool knows_all() const { return !b; }
  bool workspace_bytes_checks() const { return true; }
  std::vector<shape> shapes() const { return {Op::output_shape(x.shape(), w.shape(), options)}; }
  outputs expected() const {
    if (b) return {Op::reference(x, w, *b, options)};
    return {Op::reference(x, w, options)};
  }
  outputs plain(const tf::context& ctx) const {
    if (b) return {Op::run(x, w, *b, options, ctx)};
    return {Op::run(x, w, options, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if (b)
      Op::into(std::get<0>(views), x, w, *b, options, ctx);
    else
      Op::into(std::get<0>(views), x, w, options, ctx);
  }
  index_t workspace_bytes(const tf::context& ctx) const {
    if (b) return Op::bytes(x, w, *b, options, ctx);
    return Op::bytes(x, w, options, ctx);
  }

  tf::detail::convolution_geometry geometry() const { return op::checked(x.shape(), w.shape(), {}, options); }
  std::string_view algorithm(const tf::context& ctx, bool packed) const {
    const auto g = geometry();
    if (tf::detail::has_no_result(g)) return "none";
    return tf::detail::choose_algorithm(tf::detail::algorithms_of<op::transposed, T>(), op::name, g, ctx, packed).name;
  }
  void compare(const outputs& got, const outputs& expected, const tf::context& ctx) const {
    compare_by(algorithm(ctx, false), std::get<0>(got), std::get<0>(expected), false, "the plain call" + text_of(ctx));
  }

  /// The order of the sums, and with Winograd's algorithms the transforms, explain the difference from `expected`:
  ///     |y - exact| <= gamma(terms) sum |x w|                  summed directly
  ///     |y - exact| <= gamma(terms) M^2 max |x| sum |w|        by Winograd; M is most_magnitude of the matrices
  /// (compare.hpp, winograd_matrices.hpp); of a wide range with max |x| over the own window.
  void compare_by(std::string_view algorithm, const tf::tensor<T>& got, const tf::tensor<T>& expected, bool relu,
                  const std::string& what) const {
    const auto finish = [&](auto v) { return relu && v < 0 ? decltype(v){0} : v; };
    const bool winograd = algorithm.starts_with("winograd");
    if constexpr (std::floating_point<T>) {
      if (kind != data::exact || winograd) {
        const auto g = geometry();
        const index_t window = g.in_channels * g.kernel.h * g.kernel.w;
        double magnification = 1;
        if (winograd) magnification = std::pow(winograd_matrices_of(algorithm).most_magnitude(), 2);
        double most = 0;
        for (index_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(static_cast<double>(x.data()[i])));
        const index_t terms = winograd ? winograd_roundings(g.in_channels) : window + 2;
        return require(
            compare_values(
                got, expected,
                [&](double v, index_t i) {
                  const own_window own = window_of(g, i);
                  const double bias = b ? static_cast<double>(b->data()[i / (g.out.h * g.out.w) % b->size()]) : 0;
                  const double exact = finish(own.sum + bias);
                  const double reach = kind == data::wide ? own.most_input : most;
                  double passed = winograd ? magnification * reach * own.weights : own.magnitude;
                  passed += std::abs(bias);
                  if (kind == data::wide && !std::isfinite(reach)) return true;
                  if (kind == data::wide &&
                      4 * (reach * own.weights + std::abs(bias)) > static_cast<double>(std::numeric_limits<T>::max()))
                    return true;
                  return std::isfinite(v) && std::abs(v - exact) <= rounding_bound<T>(terms + window, passed);
                }),
            what + " (" + std::string(algorithm) + ")");
      }
    }
    require(equal(got, map<T>(expected, finish)), what + " (" + std::string(algorithm) + ")");
  }

  template <class Good>
  testing::AssertionResult compare_values(const tf::tensor<T>& got, const tf::tensor<T>& expected,
                                          const Good& good) const {
    return tenfold_test::compare(got, expected, [&](T v, T, index_t i) { return good(static_cast<double>(v), i); });
  }

  /// Over the taps of output i that lie in the image; all weights of the output channel count for Winograd's, which
  /// transforms them together.
  own_window window_of(const tf::detail::convolution_geometry& g, index_t i) const {
    own_window own;
    const index_t ow = i % g.out.w, oh = i / g.out.w % g.out.h;
    const index_t channel = i / (g.out.h * g.out.w) % (g.groups * g.out_channels);
    const index_t n = i / (g.out.h * g.out.w) / (g.groups * g.out_channels);
    const index_t group = channel / g.out_channels, o = channel % g.out_channels;
    const auto line_of = [](index_t out, index_t tap, index_t stride, index_t padding, index_t dilation) -> index_t {
      if constexpr (!Op::transposed) return out * stride - padding + tap * dilation;
      const index_t at = out + padding - tap * dilation;
      return at >= 0 && at % stride == 0 ? at / stride : -1;
    };
    for (index_t c = 0; c < g.in_channels; ++c)
      for (index_t t = 0; t < g.kernel.h * g.kernel.w; ++t) {
        const index_t row =
            Op::transposed ? (group * g.in_channels + c) * g.out_channels + o : channel * g.in_channels + c;
        const auto weight = static_cast<double>(w.data()[row * g.kernel.h * g.kernel.w + t]);
        const index_t h = line_of(oh, t / g.kernel.w, g.stride.h, g.padding.h, g.dilation.h);
        const index_t v = line_of(ow, t % g.kernel.w, g.stride.w, g.padding.w, g.dilation.w);
        const bool inside = h >= 0 && h < g.in.h && v >= 0 && v < g.in.w;
        if (inside || kind != data::wide) own.weights += std::abs(weight);
        if (!inside) continue;
        const index_t at = ((n * g.groups + group) * g.in_channels + c) * g.in.h * g.in.w + h * g.in.w + v;
        const auto value = static_cast<double>(x.data()[at]);
        own.sum += value * weight;
        own.magnitude += std::abs(value * weight);
        own.most_input =
            std::isnan(value) ? std::numeric_limits<double>::infinity() : std::max(own.most_input, std::abs(value));
      }
    return own;
  }
};

/// Image n of a batch.
template <class T>
tf::tensor_view<const T> image_of(const tf::tensor_view<const T>& x, index_t n) {
  const shape& s = x.shape();
  const index_t each = s[1] * s[2] * s[3];
  return {x.data() + n * each, {1, s[1], s[2], s[3]}};
}

/// Each image alone has the bits that it has in its batch.
template <class Call, class T>
void check_batch(const Call& call, const tf::context& ctx, const tf::tensor<T>& whole) {
  for (index_t n = 0; n < call.x.shape()[0]; ++n) {
    Call one = call;
    one.x = image_of(call.x, n);
    const auto y = std::get<0>(one.plain(ctx));
    require(same_bits(y, image_of(tf::tensor_view<const T>(whole.view()), n)), "image " + std::to_string(n) + " alone");
  }
}

/// A prepared layer: made wherever the plain call has an answer; the same errors; with the same algorithm the same
/// bits.
template <class T, class Op>
void check_prepared(round& r, const convolution_call<T, Op>& call, const tf::context& ctx) {
  using layer_type = typename Op::template prepared<T>;
  const bool relu = r.random.one_in(2);
  const tf::activation after = relu ? tf::activation::relu : tf::activation::none;
  std::vector<shape> shapes;
  const std::string shape_error = error_of([&] { shapes = call.shapes(); });
  if (shape_error.empty() && !is_small(shapes)) return;
  std::optional<tf::tensor<T>> expected;
  const std::string error = error_of([&] { expected.emplace(std::get<0>(call.expected())); });
  std::optional<layer_type> layer;
  const std::string made = error_of([&] {
    if (call.b)
      layer.emplace(call.w, *call.b, call.options, after, ctx);
    else
      layer.emplace(call.w, call.options, after, ctx);
  });
  if (!made.empty() && error.empty()) throw failure{"a layer is refused whose plain call is not: " + made};
  if (!layer) return;
  require_same(error_of([&] { (void)layer->output_shape(call.x.shape()); }), error, "the layer's output_shape");
  std::optional<tf::tensor<T>> y;
  require_same(error_of([&] { y.emplace((*layer)(call.x, ctx)); }), error, "the layer" + text_of(ctx));
  const std::tuple<tf::tensor<T>> first(y ? *y : tf::tensor<T>());
  tf::context other = ctx;
  shuffling executor;
  for (int i = 0; i < 2; ++i) {
    index_t bytes = 0;
    require_same(error_of([&] { bytes = layer->workspace_bytes(call.x.shape(), other); }), error,
                 "the layer's workspace_bytes");
    if (!error.empty()) shapes = {shape{1, 1, 2, 2}};
    check_into<std::tuple<tf::tensor<T>>>(
        r, shapes, bytes, other,
        [&](const auto& views, const tf::context& with) { layer->into(std::get<0>(views), call.x, with); }, error,
        y ? &first : nullptr);
    draw_run(r.random, executor, other);
  }
  if (!error.empty()) return;
  const std::string_view algorithm = call.algorithm(ctx, true);
  call.compare_by(algorithm, *y, *expected, relu, "the layer" + text_of(ctx));
  if (algorithm == call.algorithm(ctx, false) && !relu)
    require(same_bits(*y, std::get<0>(call.plain(ctx))), "the layer and the plain call, by the same algorithm");
  const tf::tensor<T> added = (*layer)(call.x, *y, ctx);
  if (std::integral<T> && !relu) require(same_bits(added, tf::reference::sum(*y, *y)), "the layer and a tensor to add");
  layer->into(*y, call.x, *y, other);
  require(same_bits(*y, added), "the layer and a tensor to add, in place");
}

/// The gradients of a convolution.
template <class T, class Op>
struct gradient_call : call_of_shapes {
  using op = typename Op::op;
  using outputs = std::tuple<tf::tensor<T>, tf::tensor<T>, tf::tensor<T>>;
  using view = tf::tensor_view<const T>;

  view g, x, w;
  typename op::options options;
  tf::gradients wanted;
  data kind;

  bool workspace_bytes_checks() const { return true; }
  /// After the checks of the operation, which the reference has, too: of three outputs there is no shape function.
  std::vector<shape> shapes() const {
    tf::reference::parts::check_gradient<op>(g.shape(), x.shape(), w.shape(), options);
    const shape none{0}, bias{Op::transposed ? w.shape()[1] * options.groups : w.shape()[0]};
    return {wanted.input ? x.shape() : none, wanted.weight ? w.shape() : none, wanted.bias ? bias : none};
  }
  outputs only_wanted(tf::convolution_gradients<T> all) const {
    if (!wanted.input) all.grad_input = tf::tensor<T>(shape{0});
    if (!wanted.weight) all.grad_weight = tf::tensor<T>(shape{0});
    if (!wanted.bias) all.grad_bias = tf::tensor<T>(shape{0});
    return {all.grad_input, all.grad_weight, all.grad_bias};
  }
  outputs expected() const { return only_wanted(Op::reference_gradients(g, x, w, options)); }
  outputs plain(const tf::context& ctx) const {
    const tf::convolution_gradients<T> got = Op::gradients(g, x, w, options, wanted, ctx);
    return {got.grad_input, got.grad_weight, got.grad_bias};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    Op::gradients_into(std::get<0>(views), std::get<1>(views), std::get<2>(views), g, x, w, options, wanted, ctx);
  }
  index_t workspace_bytes(const tf::context& ctx) const { return Op::gradients_bytes(g, x, w, options, wanted, ctx); }

  /// Sums of products, whatever their order, and none of them longer than all of an operand:
  ///     |gradient - exact| <= gamma(terms) sum |terms|
  /// where an algorithm transforms, what passes is at most M^2 times the largest of one operand for each of the other
  /// (compare.hpp, winograd_matrices.hpp), in what is at most as many roundings as there are terms and those of the
  /// transforms.
  void compare(const outputs& got, const outputs& expected, const tf::context& ctx) const {
    const std::string name = "the gradients" + text_of(ctx);
    if (kind == data::exact && ctx.math == tf::math::exact) return require_equal(got, expected, name);
    const auto sizes = only_wanted_sizes();
    const index_t terms = g.size() + x.size() + w.size() + winograd_roundings(64);
    const bool transforms = ctx.math != tf::math::exact;
    const double m = transforms ? std::pow(winograd_gradient_4x4.most_magnitude(), 2) : 1;
    const auto check = [&](const tf::tensor<T>& of, const tf::tensor<T>& exact, const tf::tensor<double>& magnitude,
                           double passed) {
      require(tenfold_test::compare(of, exact,
                                    [&](T v, T e, index_t i) {
                                      const double most = transforms ? m * passed : magnitude.data()[i];
                                      const double error = static_cast<double>(v) - static_cast<double>(e);
                                      return std::abs(error) <= rounding_bound<T>(terms + 1, most);
                                    }),
              name);
    };
    check(std::get<0>(got), std::get<0>(expected), sizes.grad_input, largest(g) * sum(w));
    check(std::get<1>(got), std::get<1>(expected), sizes.grad_weight,
          std::min(largest(g) * sum(x), largest(x) * sum(g)));
    check(std::get<2>(got), std::get<2>(expected), sizes.grad_bias, sum(g));
  }
  tf::convolution_gradients<double> only_wanted_sizes() const {
    return Op::reference_gradients(magnitudes(g), magnitudes(x), magnitudes(w), options);
  }
  static void require_equal(const outputs& got, const outputs& expected, const std::string& name) {
    require(equal(std::get<0>(got), std::get<0>(expected)), name + ", grad_input");
    require(equal(std::get<1>(got), std::get<1>(expected)), name + ", grad_weight");
    require(equal(std::get<2>(got), std::get<2>(expected)), name + ", grad_bias");
  }
  static double largest(const view& v) {
    double most = 0;
    for (index_t i = 0; i < v.size(); ++i) most = std::max(most, std::abs(static_cast<double>(v.data()[i])));
    return most;
  }
  static double sum(const view& v) {
    double all = 0;
    for (index_t i = 0; i < v.size(); ++i) all += std::abs(static_cast<double>(v.data()[i]));
    return all;
  }
};

/// Names of both lists that can do what they stand in, of what is wanted.
template <class T, class Op>
std::vector<std::string_view> gradient_algorithms(const gradient_call<T, Op>& call, const tf::context& ctx) {
  using namespace tf::detail;
  const auto forth = Op::op::checked(call.x.shape(), call.w.shape(), {}, call.options), back = reversed(forth);
  const convolution_geometry& of_weight = Op::transposed ? back : forth;
  const auto stands_in = [](const auto& list, std::string_view name) {
    return std::any_of(list.begin(), list.end(), [&](const auto& a) { return a.name == name; });
  };
  const algorithm_list<T> inputs = algorithms_of<!Op::transposed, T>(), weights = weight_gradient_algorithms<T>;
  const auto takes = [&](const auto& list, const convolution_geometry& geometry, std::string_view name) {
    for (const auto& a : list)
      if (a.name == name) return !has_no_result(geometry) && a.applies(geometry, ctx);
    return true;
  };
  std::vector<std::string_view> names;
  for (const auto& list : {inputs, weights})
    for (const auto& a : list) {
      const bool by_input = call.wanted.input && stands_in(inputs, a.name);
      const bool by_weight = call.wanted.weight && stands_in(weights, a.name);
      const bool fits = (!call.wanted.input || takes(inputs, back, a.name)) &&
                        (!call.wanted.weight || takes(weights, of_weight, a.name));
      if ((by_input || by_weight) && fits) names.push_back(a.name);
    }
  return names;
}

/// The gradients of the same operands, and of a grad_output of the result's shape or, seldom, another one.
template <class T, class Op>
void check_gradients(round& r, const tf::tensor_view<const T>& x, const tf::tensor_view<const T>& w,
                     const typename Op::op::options& options, data kind, tf::context ctx) {
  random_source& random = r.random;
  shape g_shape{1, 1, 2, 2};
  if (error_of([&] { g_shape = Op::output_shape(x.shape(), w.shape(), options); }).empty() && random.one_in(12)) {
    if (random.one_in(4)) g_shape = random.pick({shape{3, 4, 5}, shape{5}, shape{}, shape{1, 1, 1, 2, 2}});
    if (g_shape.size() > 0)
      g_shape[static_cast<std::size_t>(random.between(0, 100)) % g_shape.size()] += random.between(-1, 1);
  }
  for (const index_t size : g_shape)
    if (size < 0) return;
  if (!is_small({g_shape})) return;
  const input<T> g(random, draw_values<T>(random, g_shape, kind == data::exact ? values::small : values::any));
  gradient_call<T, Op> call{{}, g.view(), x, w, options, {}, kind};
  if (random.one_in(3)) call.wanted = {random.one_in(2), random.one_in(2), random.one_in(2)};
  ctx.algorithm = {};
  std::vector<std::string_view> names;
  if (random.one_in(2) && error_of([&] { (void)call.shapes(); }).empty()) names = gradient_algorithms(call, ctx);
  if (!names.empty()) ctx.algorithm = random.pick(names);
  r.tell("; gradients ", call.wanted.input, call.wanted.weight, call.wanted.bias, " of ", g_shape, text_of(ctx));
  if (const auto got = check_call(r, call, ctx)) check_same_bits(r, call, ctx, *got);
}

/// Sizes whose reference takes some milliseconds.
inline bool is_affordable(const shape& input, const shape& weight, index_t outputs) {
  double work = static_cast<double>(outputs);
  for (const index_t size : weight) work *= static_cast<double>(std::max<index_t>(1, size));
  return work * static_cast<double>(input.size() == 4 ? std::max<index_t>(1, input[0]) : 1) < 4e5;
}

template <class T, class Op>
void check_convolution(round& r, const shape& x_shape, const shape& w_shape, std::optional<shape> b_shape,
                       const typename Op::op::options& options, bool may_force_math) {
  random_source& random = r.random;
  data kind = std::integral<T> || random.one_in(2) ? data::exact : data::rounded;
  if (r.wide_range && std::same_as<T, float> && random.one_in(2)) kind = data::wide;
  const values drawn = kind == data::exact ? values::small : values::any;
  tf::tensor<T> x_values = draw_values<T>(random, x_shape, drawn);
  if constexpr (std::floating_point<T>)
    for (index_t i = kind == data::wide && x_values.size() > 0 ? random.between(1, 4) : 0; i > 0; --i) {
      using limits = std::numeric_limits<T>;
      x_values.data()[random.between(0, x_values.size() - 1)] =
          random.pick({limits::quiet_NaN(), limits::infinity(), -limits::infinity(), limits::max() / 3,
                       limits::max() / T{1e20f}, -T{1e9f}, limits::denorm_min() * 77});
    }
  const input<T> x(random, x_values), w(random, draw_values<T>(random, w_shape, drawn));
  std::optional<input<T>> b;
  if (b_shape) b.emplace(random, draw_values<T>(random, *b_shape, drawn));
  convolution_call<T, Op> call{{}, x.view(), w.view(), {}, options, kind};
  if (b) call.b = b->view();
  tf::context ctx = r.context();
  if (may_force_math) ctx.math = random.pick({tf::math::standard, tf::math::exact, tf::math::fast});
  if (kind == data::wide && ctx.math == tf::math::fast) ctx.math = tf::math::standard;  // fast promises nothing of them
  if (random.one_in(2)) {  // an algorithm that takes these sizes, where one does
    std::vector<std::string_view> names;
    if (error_of([&] { (void)call.shapes(); }).empty())
      for (const auto& a : tf::detail::algorithms_of<Op::transposed, T>())
        if (a.applies(call.geometry(), ctx)) names.push_back(a.name);
    if (!names.empty()) ctx.algorithm = random.pick(names);
  }
  r.tell(", ", kind == data::exact ? "exact" : kind == data::rounded ? "rounded" : "wide", " values,", text_of(ctx));
  if (const auto got = check_call(r, call, ctx)) {
    check_same_bits(r, call, ctx, *got);
    const tf::tensor<T>& y = std::get<0>(*got);
    if (x_shape.size() == 4 && x_shape[0] > 1 && y.size() > 0) check_batch(call, ctx, y);
  }
  check_prepared(r, call, ctx);
  if constexpr (std::floating_point<T>)
    if (kind != data::wide && random.one_in(2)) check_gradients<T, Op>(r, call.x, call.w, options, kind, ctx);
}

}  // namespace tenfold_fuzz
