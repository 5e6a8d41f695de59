#include "bench.hpp"

namespace bench {
namespace {

struct upsample2d_sizes {
  index_t n, c, h, w, out_h, out_w;
};

/// run(output, input, size, context) is one of the two.
template <class Run>
measured upsample(const upsample2d_sizes& s, const tf::context& ctx, Run run) {
  auto x = random<float>({s.n, s.c, s.h, s.w});
  auto y = uninitialized<float>({s.n, s.c, s.out_h, s.out_w});
  measured work{.bytes = bytes_of(x, y)};
  work.call = [s, ctx, run, x = std::move(x), y = std::move(y)]() mutable { run(y, x, tf::hw{s.out_h, s.out_w}, ctx); };
  return work;
}

/// run(input's gradient, output's gradient, context) is one of the two.
template <class Run>
measured backward(const upsample2d_sizes& s, const tf::context& ctx, Run run) {
  auto dy = random<float>({s.n, s.c, s.out_h, s.out_w});
  auto dx = uninitialized<float>({s.n, s.c, s.h, s.w});
  measured work{.bytes = bytes_of(dy, dx)};
  work.call = [ctx, run, dy = std::move(dy), dx = std::move(dx)]() mutable { run(dx, dy, ctx); };
  return work;
}

/// The places that bilinear upsampling takes, turned a little.
tf::tensor<float> turned_grid(const upsample2d_sizes& s) {
  tf::tensor<float> grid({s.n, s.out_h, s.out_w, 2});
  for (index_t i = 0; i < grid.size(); i += 2) {
    const auto column = static_cast<float>(i / 2 % s.out_w), row = static_cast<float>(i / 2 / s.out_w % s.out_h);
    const float x = (2 * column + 1) / static_cast<float>(s.out_w) - 1;
    const float y = (2 * row + 1) / static_cast<float>(s.out_h) - 1;
    grid.data()[i] = x - y / 10;
    grid.data()[i + 1] = x / 10 + y;
  }
  return grid;
}

measured grid_sample(const upsample2d_sizes& s, const tf::context& ctx) {
  const auto grid = turned_grid(s);
  auto work = upsample(s, ctx, [grid](auto& y, const auto& x, const tf::hw&, const tf::context& c) {
    tf::grid_sample_into(y, x, grid, {}, c);
  });
  work.bytes += bytes_of(grid);
  return work;
}

/// Both gradients.
measured grid_sample_backward(const upsample2d_sizes& s, const tf::context& ctx) {
  auto grid = turned_grid(s), grad_grid = uninitialized<float>(grid.shape());
  auto x = random<float>({s.n, s.c, s.h, s.w}), dx = uninitialized<float>(x.shape());
  auto dy = random<float>({s.n, s.c, s.out_h, s.out_w});
  measured work{.bytes = bytes_of(x, dx, dy, grid, grad_grid)};
  work.call = [=, grid = std::move(grid), grad_grid = std::move(grad_grid), x = std::move(x), dx = std::move(dx),
               dy = std::move(dy)]() mutable {
    tf::grid_sample_backward_into(dx, grad_grid, dy, x, grid, {}, {}, ctx);
  };
  return work;
}

}  // namespace

void add_upsample2d(const layer& l) {
  const auto s = sizes_of<upsample2d_sizes>(l);
  const auto nearest = [=](const tf::context& ctx) {
    return upsample(s, ctx, [](auto& y, const auto& x, const tf::hw& size, const tf::context& c) {
      tf::upsample_nearest2d_into(y, x, size, c);
    });
  };
  add("upsample2d/" + l.name + "/nearest", nearest);
  const index_t writes = std::max<index_t>(1, s.out_h * s.out_w / (s.h * s.w));
  add("upsample2d/" + l.name + "/copy", [=](const tf::context& ctx) { return copy_like(nearest(ctx), writes, ctx); });
  add("upsample2d/" + l.name + "/bilinear", [=](const tf::context& ctx) {
    return upsample(s, ctx, [](auto& y, const auto& x, const tf::hw& size, const tf::context& c) {
      tf::upsample_bilinear2d_into(y, x, size, false, c);
    });
  });
  add("upsample2d/" + l.name + "/grid_sample", [=](const tf::context& ctx) { return grid_sample(s, ctx); });
  add("upsample2d/" + l.name + "/grid_sample_backward",
      [=](const tf::context& ctx) { return grid_sample_backward(s, ctx); });
  add("upsample2d/" + l.name + "/nearest_backward", [=](const tf::context& ctx) {
    return backward(s, ctx, [](auto& dx, const auto& dy, const tf::context& c) {
      tf::upsample_nearest2d_backward_into(dx, dy, c);
    });
  });
  add("upsample2d/" + l.name + "/bilinear_backward", [=](const tf::context& ctx) {
    return backward(s, ctx, [](auto& dx, const auto& dy, const tf::context& c) {
      tf::upsample_bilinear2d_backward_into(dx, dy, false, c);
    });
  });
}

}  // namespace bench
