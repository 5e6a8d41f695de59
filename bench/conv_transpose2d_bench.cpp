#include "bench.hpp"

namespace bench {
namespace {

struct conv_transpose2d_sizes {
  index_t n, c, h, w, o, kernel, stride, padding, output_padding, dilation, groups;

  tf::conv_transpose2d_options options() const {
    return {
        .stride = stride, .padding = padding, .output_padding = output_padding, .groups = groups, .dilation = dilation};
  }
  tf::tensor<float> input() const { return random<float>({n, c, h, w}); }
  tf::tensor<float> weight() const { return random<float>({c, o / groups, kernel, kernel}); }
  tf::tensor<float> bias() const { return random<float>({o}); }
  /// One product for each input element and tap, those that padding cuts off included.
  double operations() const { return 2 * product(n, c, h, w, o / groups, kernel, kernel); }
};

/// As a network runs a layer: weights packed beforehand, outputs and workspace reused.
measured prepared(const conv_transpose2d_sizes& s, const tf::context& ctx, tf::stored as = tf::stored::as_given) {
  auto x = s.input();
  auto weight = s.weight();
  const double weight_bytes = bytes_of(weight) / (as == tf::stored::as_given ? 1 : 2);
  tf::prepared_conv_transpose2d<float> layer(as, weight, s.bias(), s.options(), tf::activation::none, ctx);
  auto y = uninitialized<float>(layer.output_shape(x.shape()));
  measured work{.operations = s.operations(), .bytes = bytes_of(x, y) + weight_bytes};
  work.call = [ctx, memory = workspace(layer.workspace_bytes(x.shape(), ctx)), layer = std::move(layer),
               x = std::move(x), y = std::move(y)]() mutable { layer.into(y, x, memory.in(ctx)); };
  return work;
}

/// The call that a program writes first: it packs the weights and allocates its output each time.
measured plain(const conv_transpose2d_sizes& s, const tf::context& ctx) {
  auto x = s.input();
  auto weight = s.weight();
  const auto y = tf::conv_transpose2d(x, weight, s.options(), ctx);
  measured work{.operations = s.operations(), .bytes = bytes_of(x, weight, y)};
  work.call = [s, ctx, x = std::move(x), weight = std::move(weight), bias = s.bias()] {
    tf::conv_transpose2d(x, weight, bias, s.options(), ctx);
  };
  return work;
}

/// The gradients, as training runs a layer: outputs and workspace reused.
measured backward(const conv_transpose2d_sizes& s, const tf::gradients& wanted, const tf::context& ctx) {
  auto x = s.input(), weight = s.weight();
  auto y = random<float>(tf::conv_transpose2d_output_shape(x.shape(), weight.shape(), s.options()));
  tf::convolution_gradients<float> to(uninitialized<float>(x.shape()), uninitialized<float>(weight.shape()),
                                      uninitialized<float>({s.o}));
  measured work{.operations = s.operations(), .bytes = bytes_of(x, y, weight)};
  if (wanted.input) work = {.operations = 2 * work.operations, .bytes = work.bytes + bytes_of(x, weight)};
  const index_t bytes = tf::conv_transpose2d_backward_workspace_bytes(y, x, weight, s.options(), wanted, ctx);
  work.call = [=, memory = workspace(bytes), x = std::move(x), weight = std::move(weight), y = std::move(y),
               to = std::move(to)]() mutable {
    tf::conv_transpose2d_backward_into(to.grad_input, to.grad_weight, to.grad_bias, y, x, weight, s.options(), wanted,
                                       memory.in(ctx));
  };
  return work;
}

/// The same with results and workspace of its own in each call.
measured plain_backward(const conv_transpose2d_sizes& s, const tf::context& ctx) {
  auto x = s.input(), weight = s.weight();
  auto y = random<float>(tf::conv_transpose2d_output_shape(x.shape(), weight.shape(), s.options()));
  measured work{.operations = 2 * s.operations(), .bytes = bytes_of(x, x, y, weight, weight)};
  work.call = [=, x = std::move(x), weight = std::move(weight), y = std::move(y)] {
    tf::conv_transpose2d_backward(y, x, weight, s.options(), {}, ctx);
  };
  return work;
}

}  // namespace

void add_conv_transpose2d(const layer& l) {
  const auto s = sizes_of<conv_transpose2d_sizes>(l);
  add("conv_transpose2d/" + l.name + "/prepared", [=](const tf::context& ctx) { return prepared(s, ctx); });
  add("conv_transpose2d/" + l.name + "/fp16",
      [=](const tf::context& ctx) { return prepared(s, ctx, tf::stored::fp16); });
  add("conv_transpose2d/" + l.name + "/bf16",
      [=](const tf::context& ctx) { return prepared(s, ctx, tf::stored::bf16); });
  add("conv_transpose2d/" + l.name + "/plain", [=](const tf::context& ctx) { return plain(s, ctx); });
}

void add_conv_transpose2d_backward(const layer& l) {
  const auto s = sizes_of<conv_transpose2d_sizes>(l);
  const std::string name = "conv_transpose2d_backward/" + l.name;
  add(name + "/all", [=](const tf::context& ctx) { return backward(s, {}, ctx); });
  add(name + "/weight", [=](const tf::context& ctx) { return backward(s, {.input = false}, ctx); });
  add(name + "/plain", [=](const tf::context& ctx) { return plain_backward(s, ctx); });
}

}  // namespace bench
