#include "bench.hpp"

#include <numeric>  // gcd

namespace bench {
namespace {

struct reduce_sizes {
  index_t n, c, h, w;
};

/// run(output, input, context), whose output has this shape.
template <class Run>
measured reduction(const reduce_sizes& s, const tf::shape& output, const tf::context& ctx, Run run) {
  auto x = random<float>({s.n, s.c, s.h, s.w});
  auto y = uninitialized<float>(output);
  measured work{.bytes = bytes_of(x, y)};
  work.call = [ctx, run, x = std::move(x), y = std::move(y)]() mutable { run(y, x, ctx); };
  return work;
}

}  // namespace

/// Each beside a copy of what it reads, or of what it reads and writes.
void add_reduce(const layer& l) {
  const auto s = sizes_of<reduce_sizes>(l);
  const tf::shape same{s.n, s.c, s.h, s.w};
  const auto add_one = [&](const char* variant, const tf::shape& output, auto run) {
    add("reduce/" + l.name + "/" + variant, [=](const tf::context& ctx) { return reduction(s, output, ctx, run); });
  };
  const auto copy = [=](const tf::context& ctx) {
    return copy_like(reduction(s, same, ctx, [](auto&, const auto&, const tf::context&) {}), 1, ctx);
  };
  add("reduce/" + l.name + "/copy", copy);
  const tf::avg_pool2d_options pool{.kernel_size = 2};
  add_one("avg_pool2d", tf::avg_pool2d_output_shape(same, pool),
          [=](auto& y, const auto& x, const tf::context& ctx) { tf::avg_pool2d_into(y, x, pool, ctx); });
  const tf::avg_pool2d_options same_pool{.kernel_size = 3, .stride = 1, .padding = 1};
  add_one("avg_pool2d_3", same,
          [=](auto& y, const auto& x, const tf::context& ctx) { tf::avg_pool2d_into(y, x, same_pool, ctx); });
  add_one("adaptive_3", {s.n, s.c, 3, 3},
          [](auto& y, const auto& x, const tf::context& ctx) { tf::adaptive_avg_pool2d_into(y, x, 3, ctx); });
  add_one("global", {s.n, s.c, 1, 1},
          [](auto& y, const auto& x, const tf::context& ctx) { tf::adaptive_avg_pool2d_into(y, x, 1, ctx); });
  add_one("mean_c", {s.n, s.h, s.w},
          [](auto& y, const auto& x, const tf::context& ctx) { tf::mean_into(y, x, 1, false, ctx); });
  add_one("amax_w", {s.n, s.c, s.h},
          [](auto& y, const auto& x, const tf::context& ctx) { tf::amax_into(y, x, 3, false, ctx); });
  const auto add_argmax = [&](const char* variant, const tf::shape& output, index_t dim) {
    add("reduce/" + l.name + "/" + variant, [=](const tf::context& ctx) {
      auto x = random<float>(same);
      auto at = uninitialized<index_t>(output);
      measured work{.bytes = bytes_of(x) + bytes_of(at)};
      work.call = [=, x = std::move(x), at = std::move(at)]() mutable { tf::argmax_into(at, x, dim, false, ctx); };
      return work;
    });
  };
  add_argmax("argmax_c", {s.n, s.h, s.w}, 1);
  add_argmax("argmax_w", {s.n, s.c, s.h}, 3);
  add_one("softmax_c", same, [](auto& y, const auto& x, const tf::context& ctx) { tf::softmax_into(y, x, 1, ctx); });
  add_one("softmax_w", same, [](auto& y, const auto& x, const tf::context& ctx) { tf::softmax_into(y, x, 3, ctx); });
  add_one("log_softmax_c", same,
          [](auto& y, const auto& x, const tf::context& ctx) { tf::log_softmax_into(y, x, 1, ctx); });
  add_one("instance_norm", same,
          [](auto& y, const auto& x, const tf::context& ctx) { tf::instance_norm_into(y, x, 1e-5, ctx); });
  add_one("layer_norm", same,
          [w = s.w](auto& y, const auto& x, const tf::context& ctx) { tf::layer_norm_into(y, x, {w}, 1e-5, ctx); });
  add_one("group_norm", same, [groups = std::gcd(s.c, index_t{32})](auto& y, const auto& x, const tf::context& ctx) {
    tf::group_norm_into(y, x, groups, 1e-5, ctx);
  });
  add_one("layer_norm2d", same,
          [](auto& y, const auto& x, const tf::context& ctx) { tf::layer_norm2d_into(y, x, 1e-5, ctx); });
  const auto statistics = random<float>({s.c});
  add_one("batch_norm", same, [=](auto& y, const auto& x, const tf::context& ctx) {
    tf::batch_norm_into(y, x, statistics, statistics, 2.0, ctx);
  });
}

}  // namespace bench
