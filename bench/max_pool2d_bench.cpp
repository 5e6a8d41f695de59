#include "bench.hpp"

namespace bench {
namespace {

struct max_pool2d_sizes {
  index_t n, c, h, w, kernel, stride, padding;

  tf::pool2d_options options() const { return {.kernel_size = kernel, .stride = stride, .padding = padding}; }
  tf::tensor<float> input() const { return random<float>({n, c, h, w}); }
};

measured with_indices(const max_pool2d_sizes& s, const tf::context& ctx) {
  auto x = s.input();
  const auto out = tf::max_pool2d_output_shape(x.shape(), s.options());
  auto values = uninitialized<float>(out);
  auto indices = uninitialized<index_t>(out);
  measured work{.bytes = bytes_of(x, values, indices)};
  work.call = [s, ctx, x = std::move(x), values = std::move(values), indices = std::move(indices)]() mutable {
    tf::max_pool2d_with_indices_into(values, indices, x, s.options(), ctx);
  };
  return work;
}

measured values_only(const max_pool2d_sizes& s, const tf::context& ctx) {
  auto x = s.input();
  auto values = uninitialized<float>(tf::max_pool2d_output_shape(x.shape(), s.options()));
  measured work{.bytes = bytes_of(x, values)};
  work.call = [s, ctx, x = std::move(x), values = std::move(values)]() mutable {
    tf::max_pool2d_into(values, x, s.options(), ctx);
  };
  return work;
}

measured backward(const max_pool2d_sizes& s, const tf::context& ctx) {
  auto x = s.input();
  auto pooled = tf::max_pool2d_with_indices(x, s.options());
  auto dx = uninitialized<float>(x.shape());
  measured work{.bytes = bytes_of(pooled.values, pooled.indices, dx)};
  work.call = [ctx, pooled = std::move(pooled), dx = std::move(dx)]() mutable {
    tf::max_pool2d_backward_into(dx, pooled.values, pooled.indices, ctx);
  };
  return work;
}

}  // namespace

void add_max_pool2d(const layer& l) {
  const auto s = sizes_of<max_pool2d_sizes>(l);
  add("max_pool2d/" + l.name + "/indices", [=](const tf::context& ctx) { return with_indices(s, ctx); });
  add("max_pool2d/" + l.name + "/values", [=](const tf::context& ctx) { return values_only(s, ctx); });
  add("max_pool2d/" + l.name + "/backward", [=](const tf::context& ctx) { return backward(s, ctx); });
  add("max_pool2d/" + l.name + "/copy",
      [=](const tf::context& ctx) { return copy_like(with_indices(s, ctx), 1, ctx); });
}

}  // namespace bench
