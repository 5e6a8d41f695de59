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

/// All three gradients of a normalisation, of `weights` weights: bytes(x, context) is its workspace, and
/// run(grad_input, grad_weight, grad_bias, grad_output, x, weight, context) the call.
template <class Bytes, class Run>
measured norm_backward(const reduce_sizes& s, index_t weights, const tf::context& ctx, Bytes bytes, Run run) {
  auto x = random<float>({s.n, s.c, s.h, s.w}), dy = x, dx = x;
  auto weight = random<float>({weights}), dw = weight, db = weight;
  measured work{.bytes = bytes_of(x, dy, dx)};
  work.call = [ctx, run, memory = workspace(bytes(x, ctx)), x = std::move(x), dy = std::move(dy), dx = std::move(dx),
               weight = std::move(weight), dw = std::move(dw),
               db = std::move(db)]() mutable { run(dx, dw, db, dy, x, weight, memory.in(ctx)); };
  return work;
}

void add_norm_gradients(const layer& l, const reduce_sizes& s) {
  const auto add_one = [&](const char* variant, index_t weights, auto bytes, auto run) {
    add("reduce/" + l.name + "/" + variant,
        [=](const tf::context& ctx) { return norm_backward(s, weights, ctx, bytes, run); });
  };
  const auto variances = tf::tensor<float>({s.c});  // with an eps of 2
  add_one(
      "batch_norm_backward", s.c,
      [](const auto& x, const tf::context& ctx) { return tf::batch_norm_backward_workspace_bytes(x, {}, ctx); },
      [=](auto& dx, auto& dw, auto& db, const auto& dy, const auto& x, const auto& weight, const tf::context& ctx) {
        tf::batch_norm_backward_into(dx, dw, db, dy, x, variances, variances, weight, 2.0, {}, ctx);
      });
  add_one(
      "instance_norm_backward", s.c,
      [](const auto& x, const tf::context& ctx) { return tf::instance_norm_backward_workspace_bytes(x, {}, ctx); },
      [](auto& dx, auto& dw, auto& db, const auto& dy, const auto& x, const auto& weight, const tf::context& ctx) {
        tf::instance_norm_backward_into(dx, dw, db, dy, x, weight, 1e-5, {}, ctx);
      });
  const index_t groups = std::gcd(s.c, index_t{32});
  add_one(
      "group_norm_backward", s.c,
      [=](const auto& x, const tf::context& ctx) {
        return tf::group_norm_backward_workspace_bytes(x, groups, {}, ctx);
      },
      [=](auto& dx, auto& dw, auto& db, const auto& dy, const auto& x, const auto& weight, const tf::context& ctx) {
        tf::group_norm_backward_into(dx, dw, db, dy, x, groups, weight, 1e-5, {}, ctx);
      });
  const tf::shape line{s.w};
  add_one(
      "layer_norm_backward", s.w,
      [=](const auto& x, const tf::context& ctx) { return tf::layer_norm_backward_workspace_bytes(x, line, {}, ctx); },
      [=](auto& dx, auto& dw, auto& db, const auto& dy, const auto& x, const auto& weight, const tf::context& ctx) {
        tf::layer_norm_backward_into(dx, dw, db, dy, x, line, weight, 1e-5, {}, ctx);
      });
  add_one(
      "layer_norm2d_backward", s.c,
      [](const auto& x, const tf::context& ctx) { return tf::layer_norm2d_backward_workspace_bytes(x, {}, ctx); },
      [](auto& dx, auto& dw, auto& db, const auto& dy, const auto& x, const auto& weight, const tf::context& ctx) {
        tf::layer_norm2d_backward_into(dx, dw, db, dy, x, weight, 1e-5, {}, ctx);
      });
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
  add_norm_gradients(l, s);
}

}  // namespace bench
