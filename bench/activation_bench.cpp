#include "bench.hpp"

namespace bench {
namespace {

struct activation_sizes {
  index_t elements;
};

/// run(output, input, context) is one of the two.
template <class Run>
measured activation(const activation_sizes& s, const tf::context& ctx, Run run) {
  auto x = random<float>({s.elements});
  auto y = uninitialized<float>({s.elements});
  measured work{.bytes = bytes_of(x, y)};
  work.call = [ctx, run, x = std::move(x), y = std::move(y)]() mutable { run(y, x, ctx); };
  return work;
}

}  // namespace

void add_activation(const layer& l) {
  const auto s = sizes_of<activation_sizes>(l);
  const auto relu = [=](const tf::context& ctx) {
    return activation(s, ctx, [](auto& y, const auto& x, const tf::context& c) { tf::relu_into(y, x, c); });
  };
  add("activation/" + l.name + "/relu", relu);
  add("activation/" + l.name + "/copy", [=](const tf::context& ctx) { return copy_like(relu(ctx), 1, ctx); });
  add("activation/" + l.name + "/sigmoid", [=](const tf::context& ctx) {
    return activation(s, ctx, [](auto& y, const auto& x, const tf::context& c) { tf::sigmoid_into(y, x, c); });
  });
}

}  // namespace bench
