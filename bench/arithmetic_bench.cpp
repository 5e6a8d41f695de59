#include "bench.hpp"

namespace bench {
namespace {

struct arithmetic_sizes {
  index_t n, c, h, w;
};

/// run(output, planes, the other operand, context), which has the shape `other`.
template <class Run>
measured arithmetic(const arithmetic_sizes& s, const tf::shape& other, const tf::context& ctx, Run run) {
  auto x = random<float>({s.n, s.c, s.h, s.w}), z = random<float>(other);
  auto y = uninitialized<float>(x.shape());
  measured work{.bytes = bytes_of(x, z, y)};
  work.call = [ctx, run, x = std::move(x), z = std::move(z), y = std::move(y)]() mutable { run(y, x, z, ctx); };
  return work;
}

}  // namespace

void add_arithmetic(const layer& l) {
  const auto s = sizes_of<arithmetic_sizes>(l);
  const tf::shape whole{s.n, s.c, s.h, s.w}, channels{s.c, 1, 1}, row{s.w};
  const auto adding = [](auto& y, const auto& x, const auto& z, const tf::context& c) { tf::add_into(y, x, z, c); };
  const auto scaling = [](auto& y, const auto& x, const auto& z, const tf::context& c) { tf::mul_into(y, x, z, c); };
  const auto dividing = [](auto& y, const auto& x, const auto& z, const tf::context& c) { tf::div_into(y, x, z, c); };
  const auto add_variant = [&](const char* name, const tf::shape& other, auto run) {
    add("arithmetic/" + l.name + "/" + name, [=](const tf::context& ctx) { return arithmetic(s, other, ctx, run); });
  };
  add_variant("add", whole, adding);
  add_variant("add_channels", channels, adding);
  add_variant("mul_channels", channels, scaling);
  add_variant("mul_row", row, scaling);
  add_variant("div", whole, dividing);
  add("arithmetic/" + l.name + "/copy",
      [=](const tf::context& ctx) { return copy_like(arithmetic(s, whole, ctx, adding), 1, ctx); });
}

}  // namespace bench
