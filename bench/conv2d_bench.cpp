#include "bench.hpp"

namespace bench {
namespace {

struct conv2d_sizes {
  index_t n, c, h, w, o, kernel, stride, padding, dilation, groups;

  tf::conv2d_options options() const {
    return {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups};
  }
  tf::tensor<float> input() const { return random<float>({n, c, h, w}); }
  tf::tensor<float> weight() const { return random<float>({o, c / groups, kernel, kernel}); }
  tf::tensor<float> bias() const { return random<float>({o}); }
};

double operations(const conv2d_sizes& s, const tf::tensor<float>& y) {
  return 2 * product(y.size(), s.c / s.groups, s.kernel, s.kernel);
}

/// As a network runs a layer: weights packed beforehand, outputs and workspace reused.
measured prepared(const conv2d_sizes& s, const tf::context& ctx) {
  auto x = s.input();
  auto weight = s.weight();
  const double weight_bytes = bytes_of(weight);
  tf::prepared_conv2d<float> layer(weight, s.bias(), s.options(), tf::activation::none, ctx);
  auto y = uninitialized<float>(layer.output_shape(x.shape()));
  measured work{.operations = operations(s, y), .bytes = bytes_of(x, y) + weight_bytes};
  work.call = [ctx, memory = workspace(layer.workspace_bytes(x.shape(), ctx)), layer = std::move(layer),
               x = std::move(x), y = std::move(y)]() mutable { layer.into(y, x, memory.in(ctx)); };
  return work;
}

/// The call that a program writes first: it packs the weights and allocates its output each time.
measured plain(const conv2d_sizes& s, const tf::context& ctx) {
  auto x = s.input();
  auto weight = s.weight();
  const auto y = tf::conv2d(x, weight, s.options(), ctx);
  measured work{.operations = operations(s, y), .bytes = bytes_of(x, weight, y)};
  work.call = [s, ctx, x = std::move(x), weight = std::move(weight), bias = s.bias()] {
    tf::conv2d(x, weight, bias, s.options(), ctx);
  };
  return work;
}

}  // namespace

void add_conv2d(const layer& l) {
  const auto s = sizes_of<conv2d_sizes>(l);
  add("conv2d/" + l.name + "/prepared", [=](const tf::context& ctx) { return prepared(s, ctx); });
  add("conv2d/" + l.name + "/plain", [=](const tf::context& ctx) { return plain(s, ctx); });
  add("conv2d/" + l.name + "/exact", [=](tf::context ctx) {
    ctx.math = tf::math::exact;
    return prepared(s, ctx);
  });
}

}  // namespace bench
