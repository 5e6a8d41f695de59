#include "bench.hpp"

namespace bench {
namespace {

struct im2col_sizes {
  index_t n, c, h, w, kernel, stride, padding, dilation;

  tf::im2col_options options() const {
    return {.kernel_size = kernel, .dilation = dilation, .padding = padding, .stride = stride};
  }
};

measured unfold(const im2col_sizes& s, const tf::context& ctx) {
  auto x = random<float>({s.n, s.c, s.h, s.w});
  auto columns = uninitialized<float>(tf::im2col_output_shape(x.shape(), s.options()));
  measured work{.bytes = bytes_of(x, columns)};
  work.call = [s, ctx, x = std::move(x), columns = std::move(columns)]() mutable {
    tf::im2col_into(columns, x, s.options(), ctx);
  };
  return work;
}

measured fold(const im2col_sizes& s, const tf::context& ctx) {
  auto x = uninitialized<float>({s.n, s.c, s.h, s.w});
  auto columns = random<float>(tf::im2col_output_shape(x.shape(), s.options()));
  measured work{.bytes = bytes_of(x, columns)};
  work.call = [s, ctx, x = std::move(x), columns = std::move(columns)]() mutable {
    tf::col2im_into(x, columns, tf::hw{s.h, s.w}, s.options(), ctx);
  };
  return work;
}

}  // namespace

void add_im2col(const layer& l) {
  const auto s = sizes_of<im2col_sizes>(l);
  add("im2col/" + l.name + "/im2col", [=](const tf::context& ctx) { return unfold(s, ctx); });
  add("im2col/" + l.name + "/col2im", [=](const tf::context& ctx) { return fold(s, ctx); });
}

}  // namespace bench
