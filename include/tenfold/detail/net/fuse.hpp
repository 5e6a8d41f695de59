// Nodes that become part of a neighbour, once shapes are known: what exporters spell out becomes the activation that it
// is; what scales or shifts a convolution's channels goes into its weight and bias; a padding before it, a sum and an
// activation behind it into its loads and its last store.
#pragma once

#include <tenfold/detail/net/checked_graph.hpp>

#include <cmath>  // sqrt
#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {
TENFOLD_BEGIN_STRICT

/// "conv2d + relu" of a node with what is fused into it.
inline std::string label_of(const graph_node& node) {
  std::string label = node.op;
  if (label.compare(0, 4, "conv") == 0 && node.inputs.size() > added && !node.inputs[added].empty()) label += " + add";
  const auto found = node.attributes.find("activation");
  if (found != node.attributes.end()) label += " + " + std::get<std::string>(found->second);
  return label;
}

/// y = scale * x + shift of each channel, or, with a single one, of all.
struct channel_affine {
  std::vector<double> scale, shift;
  bool is_weight = true;
};

class fusion {
 public:
  fusion(std::vector<net_node>& nodes, std::vector<value>& values, const std::vector<int>& outputs, kept_layers& layers)
      : nodes_(nodes), values_(values), layers_(layers), producers_(values.size(), nowhere), readers_(values.size()) {
    for (const int o : outputs) ++readers_[place_in_list(o)];
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const int v : nodes_[i].inputs)
        if (v != nowhere) ++readers_[place_in_list(v)];
      for (const int v : nodes_[i].outputs)
        if (v != nowhere) producers_[place_in_list(v)] = static_cast<int>(i);
    }
  }

  void run() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].outputs.front() == nowhere || at(nodes_[i].outputs.front()).known) continue;
      spell_silu(i) || spell_hardswish(i) || spell_gelu(i) || spell_layer_norm2d(i);
      take_padding(i);
      fold_affine(i) || fuse_sum(i) || fuse_activation(i);
    }
    std::erase_if(nodes_, [](const net_node& n) { return !n.op; });
  }

 private:
  static std::size_t place_in_list(int number) { return static_cast<std::size_t>(number); }
  value& at(int v) { return values_[place_in_list(v)]; }
  static bool is(const net_node& n, std::string_view op) { return n.node.op == op; }
  static bool is_convolution(const net_node& n) { return n.op && n.node.op.compare(0, 4, "conv") == 0; }

  /// The node that makes a tensor; null for the net's own inputs, weights, and nodes that are fused away.
  net_node* producer(int v) {
    if (v == nowhere || producers_[place_in_list(v)] == nowhere) return nullptr;
    net_node& n = nodes_[place_in_list(producers_[place_in_list(v)])];
    return n.op ? &n : nullptr;
  }
  /// The same where nothing else reads the tensor.
  net_node* sole_producer(int v) { return v != nowhere && readers_[place_in_list(v)] == 1 ? producer(v) : nullptr; }
  net_node* sole_producer(int v, std::string_view op) {
    net_node* n = sole_producer(v);
    return n && is(*n, op) ? n : nullptr;
  }

  static int input_of(const net_node& n, std::size_t i) { return i < n.inputs.size() ? n.inputs[i] : nowhere; }
  static double setting(const net_node& n, const char* name, double otherwise) {
    const auto found = n.node.attributes.find(name);
    if (found == n.node.attributes.end()) return otherwise;
    if (const double* number = std::get_if<double>(&found->second)) return *number;
    if (const index_t* number = std::get_if<index_t>(&found->second)) return static_cast<double>(*number);
    return otherwise;
  }
  /// The only element of a known tensor of floats.
  std::optional<double> known_number(int v) {
    if (v == nowhere || !at(v).known || at(v).type != dtype::float32 || at(v).shape.elements() != 1) return {};
    return static_cast<double>(at(v).known->view<float>().data()[0]);
  }
  bool is_number(int v, double expected) {
    const auto number = known_number(v);
    return number && static_cast<float>(*number) == static_cast<float>(expected);
  }
  /// The other input of a node of two of which one is that number.
  int beside_number(const net_node& n, double number) {
    if (is_number(n.inputs[1], number)) return n.inputs[0];
    return is_number(n.inputs[0], number) ? n.inputs[1] : nowhere;
  }

  void remove(net_node& n) {
    for (const int v : n.inputs)
      if (v != nowhere) --readers_[place_in_list(v)];
    n.op = nullptr;
  }
  /// Turns node i into another operation of one tensor.
  bool becomes(std::size_t i, const char* op, int x) {
    net_node& n = nodes_[i];
    for (const int v : n.inputs)
      if (v != nowhere) --readers_[place_in_list(v)];
    n.op = find_operation(op);
    n.node.op = op;
    n.node.attributes.clear();
    n.node.inputs = {at(x).name};
    n.inputs = {x};
    ++readers_[place_in_list(x)];
    return true;
  }

  // ------------------------------------------------------------------------------------- what exporters spell out

  /// x * sigmoid(x), and x * hardsigmoid(x).
  bool spell_silu(std::size_t i) {
    if (!is(nodes_[i], "mul")) return false;
    for (std::size_t side = 0; side < 2; ++side) {
      const int x = nodes_[i].inputs[side];
      net_node* gate = sole_producer(nodes_[i].inputs[1 - side]);
      if (!gate || gate->inputs.front() != x) continue;
      const bool is_hard = is(*gate, "hardsigmoid") && is_usual_hardsigmoid(*gate);
      if (!is_hard && !is(*gate, "sigmoid")) continue;
      remove(*gate);
      return becomes(i, is_hard ? "hardswish" : "silu", x);
    }
    return false;
  }
  static bool is_usual_hardsigmoid(const net_node& n) {
    return static_cast<float>(setting(n, "alpha", 1.0 / 6)) == static_cast<float>(1.0 / 6) &&
           setting(n, "beta", 0.5) == 0.5;
  }

  /// x * clamp(x + 3, 0, 6) / 6.
  bool spell_hardswish(std::size_t i) {
    net_node& n = nodes_[i];
    const bool divides = is(n, "div") && is_number(n.inputs[1], 6);
    if (!divides && !(is(n, "mul") && beside_number(n, 1.0 / 6) != nowhere)) return false;
    net_node* product = sole_producer(divides ? n.inputs[0] : beside_number(n, 1.0 / 6), "mul");
    if (!product) return false;
    for (std::size_t side = 0; side < 2; ++side) {
      const int x = product->inputs[side];
      net_node* clamp = sole_producer(product->inputs[1 - side], "clamp");
      const auto bounds = clamp ? bounds_of(*clamp) : std::nullopt;
      if (!bounds || bounds->first != 0 || bounds->second != 6) continue;
      net_node* sum = sole_producer(clamp->inputs.front(), "add");
      if (!sum || beside_number(*sum, 3) != x) continue;
      remove(*sum);
      remove(*clamp);
      remove(*product);
      return becomes(i, "hardswish", x);
    }
    return false;
  }

  /// x * (erf(x / sqrt(2)) + 1) / 2, the half at either place.
  bool spell_gelu(std::size_t i) {
    net_node& n = nodes_[i];
    if (!is(n, "mul")) return false;
    if (beside_number(n, 0.5) != nowhere) {  // (x * (erf + 1)) * 0.5
      net_node* product = sole_producer(beside_number(n, 0.5), "mul");
      return product && is_gelu(*product, i, [](int x) { return x; });
    }
    return is_gelu(n, i, [&](int half) {  // (x * 0.5) * (erf + 1)
      const net_node* scaled = sole_producer(half, "mul");
      return scaled ? beside_number(*scaled, 0.5) : nowhere;
    });
  }
  template <class Argument>
  bool is_gelu(net_node& product, std::size_t i, const Argument& argument) {
    constexpr double root = 1.4142135623730951;
    for (std::size_t side = 0; side < 2; ++side) {
      const int factor = product.inputs[side], x = argument(factor);
      net_node* sum = sole_producer(product.inputs[1 - side], "add");
      net_node* erf = sum && x != nowhere ? sole_producer(beside_number(*sum, 1), "erf") : nullptr;
      net_node* scaled = erf ? sole_producer(erf->inputs.front()) : nullptr;
      if (!scaled) continue;
      const bool divides = is(*scaled, "div") && scaled->inputs[0] == x && is_number(scaled->inputs[1], root);
      if (!divides && !(is(*scaled, "mul") && beside_number(*scaled, 1 / root) == x)) continue;
      remove(*scaled);
      remove(*erf);
      remove(*sum);
      if (factor != x) remove(*producer(factor));
      if (&product != &nodes_[i]) remove(product);
      return becomes(i, "gelu", x);
    }
    return false;
  }

  /// A layer norm of the last dimension between permutations that bring the channels there and back.
  bool spell_layer_norm2d(std::size_t i) {
    if (!permutes(nodes_[i], {0, 3, 1, 2})) return false;
    net_node* norm = sole_producer(nodes_[i].inputs.front(), "layer_norm");
    if (!norm || (setting(*norm, "dim", -1) != -1 && setting(*norm, "dim", -1) != 3)) return false;
    net_node* there = sole_producer(norm->inputs.front());
    if (!there || !permutes(*there, {0, 2, 3, 1})) return false;
    const double eps = setting(*norm, "eps", 1e-5);
    const int x = there->inputs.front();
    const std::vector<int> affine(norm->inputs.begin() + 1, norm->inputs.end());
    remove(*there);
    remove(*norm);
    becomes(i, "layer_norm2d", x);
    nodes_[i].node.attributes = {{"eps", eps}};
    for (std::size_t k = 0; k < affine.size(); ++k)
      if (affine[k] != nowhere) set_input(nodes_[i], k + 1, affine[k]);
    return true;
  }
  static bool permutes(const net_node& n, const std::vector<index_t>& dims) {
    const auto found = n.node.attributes.find("dims");
    if (!is(n, "permute") || found == n.node.attributes.end()) return false;
    const auto* own = std::get_if<std::vector<index_t>>(&found->second);
    return own && *own == dims;
  }

  // ------------------------------------------------------------------------------------------- before a convolution

  /// A padding with zeros before a conv2d becomes the convolution's own.
  void take_padding(std::size_t i) {
    net_node& n = nodes_[i];
    if (!is(n, "conv2d")) return;
    net_node* pad = producer(n.inputs[image]);
    if (!pad || !is(*pad, "pad") || !pads_with_zeros(*pad)) return;
    const auto own = own_padding(n);
    const auto sides = plane_padding(*pad);
    if (!own || !sides) return;
    std::vector<index_t> sum(4);
    for (std::size_t k = 0; k < 4; ++k)
      if (!add_fits((*own)[k], (*sides)[k], sum[k])) return;
    const int x = pad->inputs.front();
    --readers_[place_in_list(n.inputs[image])];
    if (readers_[place_in_list(n.inputs[image])] == 0) remove(*pad);
    ++readers_[place_in_list(x)];
    n.inputs[image] = x;
    n.node.inputs[image] = at(x).name;
    n.node.attributes["padding"] = sum;
  }
  bool pads_with_zeros(const net_node& pad) {
    const auto mode = pad.node.attributes.find("mode");
    if (mode != pad.node.attributes.end() && std::get<std::string>(mode->second) != "constant") return false;
    if (input_of(pad, 2) != nowhere) return is_number(input_of(pad, 2), 0);
    return setting(pad, "value", 0) == 0;
  }
  /// {top, left, bottom, right} of a pad that leaves the other dimensions.
  std::optional<std::vector<index_t>> plane_padding(const net_node& pad) {
    const shape &x = at(pad.inputs.front()).shape, &y = at(pad.outputs.front()).shape;
    const int given = input_of(pad, 1);
    if (given == nowhere || !at(given).known || at(given).type != dtype::int64 || input_of(pad, 3) != nowhere ||
        pad.node.attributes.contains("dims") || x.size() < 3)
      return {};
    const tensor_view<const index_t> pads = at(given).known->view<index_t>();
    const std::size_t rank = x.size();
    if (pads.size() != static_cast<index_t>(2 * rank)) return {};
    for (std::size_t d = 0; d + 2 < rank; ++d)
      if (x[d] != y[d] || pads(d) != 0) return {};
    const std::vector<index_t> sides = {pads(rank - 2), pads(rank - 1), pads(2 * rank - 2), pads(2 * rank - 1)};
    for (const index_t side : sides)
      if (side < 0) return {};
    return sides;
  }
  /// {top, left, bottom, right} of a convolution whose padding is numbers.
  static std::optional<std::vector<index_t>> own_padding(const net_node& n) {
    const auto found = n.node.attributes.find("padding");
    if (found == n.node.attributes.end()) return std::vector<index_t>(4);
    if (const index_t* all = std::get_if<index_t>(&found->second)) return std::vector<index_t>(4, *all);
    const auto* sizes = std::get_if<std::vector<index_t>>(&found->second);
    if (!sizes) return {};
    if (sizes->size() == 1) return std::vector<index_t>(4, sizes->front());
    if (sizes->size() == 2) return std::vector<index_t>{(*sizes)[0], (*sizes)[1], (*sizes)[0], (*sizes)[1]};
    return *sizes;
  }

  // ------------------------------------------------------------------------------------------- behind a convolution

  /// A convolution that nothing else reads and that takes no more than its bias so far.
  net_node* plain_convolution(int v) {
    net_node* conv = sole_producer(v);
    const bool is_plain = conv && is_convolution(*conv) && input_of(*conv, added) == nowhere &&
                          !conv->node.attributes.contains("activation");
    return is_plain ? conv : nullptr;
  }

  /// The convolution takes node i's place, and its output.
  void replace(std::size_t i, net_node& conv) {
    net_node moved = std::exchange(conv, {});  // which leaves one without an operation
    for (const int v : nodes_[i].inputs)
      if (v != nowhere) --readers_[place_in_list(v)];
    moved.outputs = {nodes_[i].outputs.front()};
    moved.node.outputs = {at(moved.outputs.front()).name};
    nodes_[i] = std::move(moved);
  }
  void set_input(net_node& n, std::size_t i, int v) {
    while (n.inputs.size() <= i) {
      n.inputs.push_back(nowhere);
      n.node.inputs.emplace_back();
    }
    n.inputs[i] = v;
    n.node.inputs[i] = at(v).name;
    ++readers_[place_in_list(v)];
  }

  bool fuse_activation(std::size_t i) {
    const net_node& n = nodes_[i];
    net_node* conv = n.inputs.empty() ? nullptr : sole_producer(n.inputs.front());
    if (!conv || !is_convolution(*conv) || conv->node.attributes.contains("activation")) return false;
    const auto settings = activation_settings(n);
    if (!settings) return false;
    const int slopes_of_it = is(n, "prelu") ? n.inputs[1] : nowhere;
    replace(i, *conv);
    for (const auto& [name, setting] : *settings) nodes_[i].node.attributes[name] = setting;
    if (slopes_of_it != nowhere) set_input(nodes_[i], slopes, slopes_of_it);
    return true;
  }

  std::optional<attributes> activation_settings(const net_node& n) {
    const auto with = [](const char* name, double low = 0, double high = 0) {
      return attributes{{"activation", name}, {"activation_low", low}, {"activation_high", high}};
    };
    for (const char* name : {"relu", "sigmoid", "silu", "hardswish", "tanh"})
      if (is(n, name)) return with(name);
    if (is(n, "leaky_relu")) return with("leaky_relu", setting(n, "negative_slope", 0.01));
    if (is(n, "elu")) return with("elu", setting(n, "alpha", 1));
    if (is(n, "softplus")) return with("softplus", setting(n, "beta", 1), setting(n, "threshold", 20));
    if (is(n, "hardsigmoid") && is_usual_hardsigmoid(n)) return with("hardsigmoid");
    if (is(n, "gelu")) {
      const auto how = n.node.attributes.find("approximate");
      const bool by_tanh = how != n.node.attributes.end() && std::get<std::string>(how->second) == "tanh";
      return with(by_tanh ? "gelu_tanh" : "gelu");
    }
    if (is(n, "clamp"))
      if (const auto bounds = bounds_of(n)) return with("clamp", bounds->first, bounds->second);
    if (is(n, "prelu") && at(n.inputs[1]).known && at(n.inputs[1]).is_weight && at(n.inputs[1]).shape.size() == 1)
      return with("prelu");
    return {};
  }

  /// A clamp's bounds where they are known, infinite where there is none.
  std::optional<std::pair<double, double>> bounds_of(const net_node& clamp) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::pair<double, double> bounds{setting(clamp, "min", -infinity), setting(clamp, "max", infinity)};
    for (std::size_t i = 1; i <= 2; ++i) {
      const int v = input_of(clamp, i);
      if (v == nowhere) continue;
      const auto number = known_number(v);
      if (!number) return {};
      (i == 1 ? bounds.first : bounds.second) = *number;
    }
    return bounds;
  }

  /// conv + other, of the same shape.
  bool fuse_sum(std::size_t i) {
    if (!is(nodes_[i], "add")) return false;
    const int a = nodes_[i].inputs[0], b = nodes_[i].inputs[1];
    if (!(at(a).shape == at(b).shape) || a == b) return false;
    net_node *first = plain_convolution(a), *second = plain_convolution(b);
    // The one that runs later, so that the other's result is there already.
    const bool takes_second = second && (!first || first < second);
    net_node* conv = takes_second ? second : first;
    if (!conv) return false;
    const int other = takes_second ? a : b;
    replace(i, *conv);
    set_input(nodes_[i], added, other);
    return true;
  }

  // ----------------------------------------------------------------------------- scales and shifts of the channels

  bool fold_affine(std::size_t i) {
    net_node& n = nodes_[i];
    const bool is_sum = is(n, "add") || is(n, "mul");
    for (std::size_t side = 0; side < 2; ++side) {
      if (side == 1 && !is_sum) break;
      net_node* conv = plain_convolution(input_of(n, side));
      if (!conv || !has_known_weight(*conv)) continue;
      const int y = n.inputs[side];
      const auto affine = affine_of(n, side, y, at(y).shape.size() - plane_rank(*conv));
      if (!affine) continue;
      replace(i, *conv);
      set_folded(nodes_[i], *affine);
      return true;
    }
    return false;
  }
  /// The dimensions from the channels on.
  static std::size_t plane_rank(const net_node& conv) { return conv.node.op.find("1d") != std::string::npos ? 2 : 3; }

  bool has_known_weight(const net_node& conv) {
    const int b = input_of(conv, bias);
    return at(conv.inputs[weight]).known && at(conv.inputs[weight]).type == dtype::float32 &&
           (b == nowhere || at(b).known);
  }

  /// What a node does to each channel of y, its input `side`, if it does nothing else.
  std::optional<channel_affine> affine_of(const net_node& n, std::size_t side, int y, std::size_t channel_dim) {
    const index_t channels = at(y).shape[channel_dim];
    if (is(n, "batch_norm")) return channel_dim == 1 ? batch_norm_affine(n, channels) : std::nullopt;
    if (!is(n, "add") && !is(n, "mul") && !is(n, "sub") && !is(n, "div")) return {};
    const auto other = of_channels(n.inputs[1 - side], at(y).shape, channel_dim);
    if (!other) return {};
    channel_affine result{std::vector<double>(other->size(), 1), std::vector<double>(other->size(), 0)};
    result.is_weight = at(n.inputs[1 - side]).is_weight;
    for (std::size_t c = 0; c < other->size(); ++c) {
      const double x = (*other)[c];
      if (is(n, "mul")) result.scale[c] = x;
      if (is(n, "div")) result.scale[c] = 1 / x;
      if (is(n, "add")) result.shift[c] = x;
      if (is(n, "sub")) result.shift[c] = -x;
    }
    return result;
  }

  /// A known tensor of floats with one element, or with one for each channel, that does not make the result larger.
  std::optional<std::vector<double>> of_channels(int v, const shape& y, std::size_t channel_dim) {
    if (!at(v).known || at(v).type != dtype::float32 || at(v).shape.size() > y.size()) return {};
    const shape& s = at(v).shape;
    for (std::size_t d = 0; d < s.size(); ++d) {
      const std::size_t of_y = d + y.size() - s.size();
      if (s[d] != 1 && (of_y != channel_dim || s[d] != y[of_y])) return {};
    }
    return doubles(v);
  }
  std::vector<double> doubles(int v) {
    const tensor_view<const float> x = at(v).known->view<float>();
    return {x.data(), x.data() + x.size()};
  }

  std::optional<channel_affine> batch_norm_affine(const net_node& n, index_t channels) {
    channel_affine result;
    std::vector<double> given[5];
    for (std::size_t k = 1; k <= 4; ++k) {
      const int v = input_of(n, k);
      if (v == nowhere) continue;
      if (!at(v).known || at(v).type != dtype::float32 || at(v).shape.elements() != channels) return {};
      given[k] = doubles(v);
      result.is_weight = result.is_weight && at(v).is_weight;
    }
    const double eps = setting(n, "eps", 1e-5);
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
      const double scale = (given[3].empty() ? 1 : given[3][c]) / std::sqrt(given[2][c] + eps);
      result.scale.push_back(scale);
      result.shift.push_back((given[4].empty() ? 0 : given[4][c]) - given[1][c] * scale);
    }
    return result;
  }

  /// The convolution with its weight and bias multiplied, and shifted; both are kept where they are weights.
  void set_folded(net_node& conv, const channel_affine& affine) {
    const int w = conv.inputs[weight], b = input_of(conv, bias);
    const bool is_weight = affine.is_weight && at(w).is_weight && (b == nowhere || at(b).is_weight);
    const std::string suffix = " for " + at(conv.outputs.front()).name;
    const auto kept = [&](const std::string& name, const auto& make) {
      return is_weight ? *layers_.get<constant>(name, [&] { return constant(make()); }) : constant(make());
    };
    const std::string weight_name = at(w).name + suffix;
    const std::string bias_name = (b == nowhere ? at(w).name + " bias" : at(b).name) + suffix;
    const constant folded_weight = kept(weight_name, [&] { return scaled_weight(conv, affine); });
    const constant folded_bias = kept(bias_name, [&] { return shifted_bias(conv, affine); });
    --readers_[place_in_list(w)];
    if (b != nowhere) --readers_[place_in_list(b)];
    set_input(conv, weight, add_value(weight_name, folded_weight, is_weight));
    set_input(conv, bias, add_value(bias_name, folded_bias, is_weight));
  }
  int add_value(const std::string& name, const constant& x, bool is_weight) {
    values_.push_back({.name = name, .type = x.type(), .shape = x.shape(), .known = x, .is_weight = is_weight});
    producers_.push_back(nowhere);
    readers_.push_back(0);
    return static_cast<int>(values_.size()) - 1;
  }

  index_t channels_of(const net_node& conv) {
    const shape& y = at(conv.outputs.front()).shape;
    return y[y.size() - plane_rank(conv)];
  }
  static double of_channel(const std::vector<double>& list, index_t c) {
    return list.size() == 1 ? list.front() : list[static_cast<std::size_t>(c)];
  }

  tensor<float> scaled_weight(const net_node& conv, const channel_affine& affine) {
    const tensor_view<const float> w = at(conv.inputs[weight]).known->view<float>();
    auto result = tensor<float>::uninitialized(w.shape());
    const bool transposed = conv.node.op.find("transpose") != std::string::npos;
    // A weight is (O, C / groups, ...), a transposed one (C, O / groups, ...), whose groups lie in C.
    const index_t groups = static_cast<index_t>(setting(conv, "groups", 1)), first = w.shape()[0],
                  second = w.shape()[1];
    const index_t line = first * second == 0 ? 0 : w.size() / (first * second);
    for (index_t i = 0; i < first; ++i)
      for (index_t j = 0; j < second; ++j) {
        const index_t channel = transposed ? i / (first / groups) * second + j : i;
        const double scale = of_channel(affine.scale, channel);
        for (index_t k = (i * second + j) * line; k < (i * second + j + 1) * line; ++k)
          result.data()[k] = static_cast<float>(static_cast<double>(w.data()[k]) * scale);
      }
    return result;
  }
  tensor<float> shifted_bias(const net_node& conv, const channel_affine& affine) {
    const index_t channels = channels_of(conv);
    auto result = tensor<float>::uninitialized({channels});
    const int b = input_of(conv, bias);
    const float* old = b == nowhere ? nullptr : at(b).known->view<float>().data();
    for (index_t c = 0; c < channels; ++c)
      result.data()[c] = static_cast<float>((old ? static_cast<double>(old[c]) : 0) * of_channel(affine.scale, c) +
                                            of_channel(affine.shift, c));
    return result;
  }

  std::vector<net_node>& nodes_;
  std::vector<value>& values_;
  kept_layers& layers_;
  std::vector<int> producers_, readers_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
