#include "bench.hpp"

namespace bench {
namespace {

struct conv1d_sizes {
  using layer_type = tf::prepared_conv1d<float>;
  index_t n, c, length, o, kernel, stride, padding, dilation, groups;

  tf::conv1d_options options() const {
    return {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups};
  }
  tf::tensor<float> weight() const { return random<float>({o, c / groups, kernel}); }
  double operations(const tf::tensor<float>& y) const { return 2 * product(y.size(), c / groups, kernel); }
  static void run(const auto&... x) { tf::conv1d(x...); }
};

struct conv_transpose1d_sizes {
  using layer_type = tf::prepared_conv_transpose1d<float>;
  index_t n, c, length, o, kernel, stride, padding, output_padding, dilation, groups;

  tf::conv_transpose1d_options options() const {
    tf::conv_transpose1d_options all{.stride = stride, .padding = padding, .output_padding = output_padding};
    all.groups = groups;
    all.dilation = dilation;
    return all;
  }
  tf::tensor<float> weight() const { return random<float>({c, o / groups, kernel}); }
  /// One product for each input element and tap, those that padding cuts off included.
  double operations(const tf::tensor<float>&) const { return 2 * product(n, c, length, o / groups, kernel); }
  static void run(const auto&... x) { tf::conv_transpose1d(x...); }
};

/// As a network runs a layer: weights packed beforehand, outputs and workspace reused.
template <class Sizes>
measured prepared(const Sizes& s, const tf::context& ctx) {
  auto x = random<float>({s.n, s.c, s.length});
  auto weight = s.weight();
  typename Sizes::layer_type layer(weight, random<float>({s.o}), s.options(), tf::activation::none, ctx);
  auto y = uninitialized<float>(layer.output_shape(x.shape()));
  measured work{.operations = s.operations(y), .bytes = bytes_of(x, y, weight)};
  work.call = [ctx, memory = workspace(layer.workspace_bytes(x.shape(), ctx)), layer = std::move(layer),
               x = std::move(x), y = std::move(y)]() mutable { layer.into(y, x, memory.in(ctx)); };
  return work;
}

/// The call that a program writes first: it packs the weights and allocates its output each time.
template <class Sizes>
measured plain(const Sizes& s, const tf::context& ctx) {
  measured work = prepared(s, ctx);
  work.call = [s, ctx, x = random<float>({s.n, s.c, s.length}), weight = s.weight(), bias = random<float>({s.o})] {
    Sizes::run(x, weight, bias, s.options(), ctx);
  };
  return work;
}

template <class Sizes>
void add_both(const layer& l) {
  const auto s = sizes_of<Sizes>(l);
  add(l.op + "/" + l.name + "/prepared", [=](const tf::context& ctx) { return prepared(s, ctx); });
  add(l.op + "/" + l.name + "/plain", [=](const tf::context& ctx) { return plain(s, ctx); });
}

struct upsample1d_sizes {
  index_t n, c, length, out;
};

}  // namespace

void add_conv1d(const layer& l) { add_both<conv1d_sizes>(l); }
void add_conv_transpose1d(const layer& l) { add_both<conv_transpose1d_sizes>(l); }

void add_upsample1d(const layer& l) {
  const auto s = sizes_of<upsample1d_sizes>(l);
  const auto add_one = [&](const char* variant, auto run) {
    add("upsample1d/" + l.name + "/" + variant, [=](const tf::context& ctx) {
      auto x = random<float>({s.n, s.c, s.length}), y = random<float>({s.n, s.c, s.out});
      measured work{.bytes = bytes_of(x, y)};
      work.call = [=, x = std::move(x), y = std::move(y)]() mutable { run(x, y, ctx); };
      return work;
    });
  };
  add_one("nearest", [=](auto& x, auto& y, const tf::context& ctx) { tf::upsample_nearest1d_into(y, x, s.out, ctx); });
  add_one("linear",
          [=](auto& x, auto& y, const tf::context& ctx) { tf::upsample_linear1d_into(y, x, s.out, false, ctx); });
  add_one("nearest_backward",
          [](auto& x, auto& y, const tf::context& ctx) { tf::upsample_nearest1d_backward_into(x, y, {}, ctx); });
  add_one("linear_backward",
          [](auto& x, auto& y, const tf::context& ctx) { tf::upsample_linear1d_backward_into(x, y, {}, false, ctx); });
}

}  // namespace bench
