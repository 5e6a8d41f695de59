#include "bench.hpp"

namespace bench {
namespace {

struct max_unpool2d_sizes {
  index_t n, c, h, w, kernel, stride;

  tf::unpool2d_options options() const {
    return {.kernel_size = kernel, .stride = stride, .output_size = tf::hw{h, w}};
  }
};

measured unpool(const max_unpool2d_sizes& s, const tf::context& ctx) {
  auto pooled =
      tf::max_pool2d_with_indices(random<float>({s.n, s.c, s.h, s.w}), {.kernel_size = s.kernel, .stride = s.stride});
  auto y = uninitialized<float>({s.n, s.c, s.h, s.w});
  measured work{.bytes = bytes_of(pooled.values, pooled.indices, y)};
  work.call = [s, ctx, pooled = std::move(pooled), y = std::move(y)]() mutable {
    tf::max_unpool2d_into(y, pooled.values, pooled.indices, s.options(), ctx);
  };
  return work;
}

measured backward(const max_unpool2d_sizes& s, const tf::context& ctx) {
  auto dy = random<float>({s.n, s.c, s.h, s.w});
  auto indices = tf::max_pool2d_with_indices(dy, {.kernel_size = s.kernel, .stride = s.stride}).indices;
  auto dx = uninitialized<float>(indices.shape());
  measured work{.bytes = bytes_of(dx, indices, dx)};  // of dy as many elements as of dx have to be read
  work.call = [ctx, dy = std::move(dy), indices = std::move(indices), dx = std::move(dx)]() mutable {
    tf::max_unpool2d_backward_into(dx, dy, indices, ctx);
  };
  return work;
}

}  // namespace

void add_max_unpool2d(const layer& l) {
  const auto s = sizes_of<max_unpool2d_sizes>(l);
  add("max_unpool2d/" + l.name + "/indices", [=](const tf::context& ctx) { return unpool(s, ctx); });
  add("max_unpool2d/" + l.name + "/backward", [=](const tf::context& ctx) { return backward(s, ctx); });
}

}  // namespace bench
