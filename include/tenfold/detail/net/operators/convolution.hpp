// The convolutions of a net, of one and two dimensions, with what is fused into them.
#pragma once

#include <tenfold/detail/net/operators/windows.hpp>
#include <tenfold/onnx.hpp>
#include <tenfold/prepared.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// The activation that the attributes name.
inline activation activation_of(const planning& p) {
  const std::string name = p.text("activation", "none");
  const double low = p.number("activation_low", 0), high = p.number("activation_high", 0);
  if (name == "none") return activation::none;
  if (name == "relu") return activation::relu;
  if (name == "leaky_relu") return activation::leaky_relu(low);
  if (name == "clamp") return activation::clip(low, high);
  if (name == "sigmoid") return activation::sigmoid;
  if (name == "silu") return activation::silu;
  if (name == "hardswish") return activation::hard_swish;
  if (name == "hardsigmoid") return activation::hard_sigmoid;
  if (name == "tanh") return activation::tanh;
  if (name == "gelu") return activation::gelu;
  if (name == "gelu_tanh") return activation::gelu_tanh;
  if (name == "elu") return activation::elu(low);
  if (name == "softplus") return activation::softplus(low, high);
  if (name == "prelu") return activation::prelu(p.known<float>(slopes));
  raise({"attribute activation: there is none that is called ", name});
}

inline conv2d_options convolution_options(const planning& p, const net_window_form& form, conv2d_options) {
  const hw stride = form.pair(p, "stride", 1), dilation = form.pair(p, "dilation", 1);
  const shape x = form.two_dimensional(p.shape_of(image)), w = form.two_dimensional(p.shape_of(weight));
  conv2d_options o{.stride = stride, .padding = 0, .dilation = dilation, .groups = p.integer("groups", 1)};
  if (x.size() >= 3 && w.size() == 4)
    o.padding = form.padding(
        p, [&](onnx_auto_pad rule) { return onnx_auto_pads(rule, last_two(x), last_two(w), stride, dilation); });
  return o;
}

/// A padding of ONNX's rule; what it lacks at the end is more output_padding.
inline void set_onnx_pads(conv_transpose2d_options& o, const onnx_pads& sides) {
  const auto beyond = [](index_t end) { return end < 0 ? checked_subtract(0, end) : 0; };
  o.padding =
      pads{sides.begin.h, sides.begin.w, (std::max)(sides.end.h, index_t{0}), (std::max)(sides.end.w, index_t{0})};
  o.output_padding = {checked_add(o.output_padding.h, beyond(sides.end.h)),
                      checked_add(o.output_padding.w, beyond(sides.end.w))};
}

inline conv_transpose2d_options convolution_options(const planning& p, const net_window_form& form,
                                                    conv_transpose2d_options) {
  const shape x = form.two_dimensional(p.shape_of(image)), w = form.two_dimensional(p.shape_of(weight));
  conv_transpose2d_options o{.stride = form.pair(p, "stride", 1),
                             .padding = 0,
                             .output_padding = form.pair(p, "output_padding", 0, 0),
                             .groups = p.integer("groups", 1),
                             .dilation = form.pair(p, "dilation", 1)};
  if (x.size() < 3 || w.size() != 4) return o;
  onnx_conv_transpose_options of_onnx{o.stride, o.dilation, o.output_padding};
  o.padding = form.padding(p, [&](onnx_auto_pad rule) {
    of_onnx.auto_pad = rule;
    return pads(onnx_conv_transpose_pads(std::nullopt, last_two(x), last_two(w), of_onnx));
  });
  if (p.sets("onnx_output_shape"))
    set_onnx_pads(o, onnx_conv_transpose_pads(form.pair(p, "onnx_output_shape", 1), last_two(x), last_two(w), of_onnx));
  if (p.sets("output_size")) o.output_size = form.pair(p, "output_size", 1);
  return o;
}

/// Multiplications and additions: every weight meets every position of the smaller plane of each image.
inline double convolution_flop(const shape& w, const shape& smaller) {
  const double images = smaller.size() == 4 ? static_cast<double>(smaller[0]) : 1;
  const hw plane = last_two(smaller);
  return 2 * static_cast<double>(w.elements()) * images * static_cast<double>(plane.h) * static_cast<double>(plane.w);
}

inline pads sides_of(const conv2d_options& o) { return o.padding.sides(); }
inline pads sides_of(const conv_transpose2d_options& o) { return o.padding; }

inline constexpr const char* convolution_attributes =
    "stride padding dilation groups activation activation_low activation_high";
inline constexpr const char* conv_transpose_attributes =
    "stride padding output_padding output_size onnx_output_shape groups dilation activation activation_low "
    "activation_high";

template <class Layer, net_window_form Form>
Layer made_layer(const planning& p, const typename Layer::options_type& o) {
  const tensor_view<const float> w = p.known<float>(weight);
  const tensor_view<const float> w4{w.data(), Form.two_dimensional(w.shape())};
  const activation after = activation_of(p);
  if (p.weights != stored::as_given)
    return p.has(bias) ? Layer(p.weights, w4, p.known<float>(bias), o, after, p.ctx)
                       : Layer(p.weights, w4, o, after, p.ctx);
  return p.has(bias) ? Layer(borrowed, w4, p.known<float>(bias), o, after, p.ctx)
                     : Layer(borrowed, w4, o, after, p.ctx);
}

/// What a convolution of a weight that is known does; `with_added` may be null.
template <class Layer, net_window_form Form>
runner prepared_runner(std::shared_ptr<const Layer> layer, bool adds) {
  return [layer = std::move(layer), adds](const call& c) {
    const auto x = Form.view(c.input<float>(image));
    const auto y = Form.view(c.output<float>());
    if (adds)
      layer->into(y, x, Form.view(c.input<float>(added)), c.ctx);
    else
      layer->into(y, x, c.ctx);
  };
}

/// The plain operation, where the weight comes while the net runs.
template <class Layer, net_window_form Form>
runner plain_runner(const typename Layer::options_type& o, const activation& after) {
  return [o, after](const call& c) {
    const auto w = Form.view(c.input<float>(weight));
    const auto layer =
        c.has(bias) ? Layer(borrowed, w, c.input<float>(bias), o, after, c.ctx) : Layer(borrowed, w, o, after, c.ctx);
    context own = c.ctx;
    own.workspace = {};
    if (c.has(added))
      layer.into(Form.view(c.output<float>()), Form.view(c.input<float>(image)), Form.view(c.input<float>(added)), own);
    else
      layer.into(Form.view(c.output<float>()), Form.view(c.input<float>(image)), own);
  };
}

template <class Layer, net_window_form Form>
void plan_convolution(planning& p) {
  constexpr bool transposed = std::same_as<Layer, prepared_conv_transpose2d<float>>;
  for (const std::size_t i : {image, weight, bias, added})
    if (p.has(i)) check_float32(p, i);
  const shape x = Form.two_dimensional(p.shape_of(image)), w = Form.two_dimensional(p.shape_of(weight));
  const auto o = convolution_options(p, Form, typename Layer::options_type{});
  const std::optional<shape> b = p.has(bias) ? std::optional(p.shape_of(bias)) : std::nullopt;
  shape y;
  if constexpr (transposed)
    y = check_conv_transpose2d(x, w, b, o, Form).output_shape;
  else
    y = check_conv2d(x, w, b, o, Form).output_shape;
  p.output(y);
  p.plan.flop = convolution_flop(w, transposed ? x : Form.two_dimensional(y));
  if (p.only_shapes()) return;
  if (!p.knows(weight) || (p.has(bias) && !p.knows(bias))) return p.run(plain_runner<Layer, Form>(o, activation_of(p)));
  const bool of_weights =
      p.input(weight).is_weight && (!p.has(bias) || p.input(bias).is_weight) && !p.sets("output_size");
  // Padding may follow from the input's size; nothing else of a layer does.
  const std::string variant = join({p.text("activation", "none"), " ", sides_of(o), " ", o.stride, " ",
                                    p.input(weight).name, " ", p.has(bias) ? p.input(bias).name : ""});
  const auto layer = p.keep<Layer>(variant, of_weights, [&] { return made_layer<Layer, Form>(p, o); });
  layer->plan(x, p.ctx);
  p.workspace(layer->workspace_bytes(x, p.ctx));
  p.plan.algorithm = layer->algorithm(x, p.ctx);
  p.run(prepared_runner<Layer, Form>(layer, p.has(added)));
  if (p.has(added)) p.plan.overwrites = {added};
}

inline std::span<const operation> convolution_table() {
  static constexpr operation table[] = {
      {"conv1d", 2, 5, 1, types::float32, convolution_attributes,
       plan_convolution<prepared_conv2d<float>, one_dimension>},
      {"conv2d", 2, 5, 1, types::float32, convolution_attributes,
       plan_convolution<prepared_conv2d<float>, two_dimensions>},
      {"conv_transpose1d", 2, 5, 1, types::float32, conv_transpose_attributes,
       plan_convolution<prepared_conv_transpose2d<float>, one_dimension>},
      {"conv_transpose2d", 2, 5, 1, types::float32, conv_transpose_attributes,
       plan_convolution<prepared_conv_transpose2d<float>, two_dimensions>},
  };
  return table;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
