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

/// run(input's gradient, output's gradient, input or result, context) is one of the gradients.
template <class Run>
measured backward(const activation_sizes& s, const tf::context& ctx, Run run) {
  auto dy = random<float>({s.elements}), x = random<float>({s.elements});
  auto dx = uninitialized<float>({s.elements});
  measured work{.bytes = bytes_of(dy, x, dx)};
  work.call = [ctx, run, dy = std::move(dy), x = std::move(x), dx = std::move(dx)]() mutable { run(dx, dy, x, ctx); };
  return work;
}

/// With one slope for all elements.
measured prelu_backward(const activation_sizes& s, const tf::context& ctx) {
  const tf::tensor<float> slope({1}, {0.25F});
  workspace scratch(tf::prelu_backward_workspace_bytes(slope, tf::tensor<float>({s.elements}), slope, ctx));
  return backward(s, ctx, [=, dw = slope](auto& dx, const auto& dy, const auto& x, const tf::context& c) mutable {
    tf::prelu_backward_into(dx, dw, dy, x, slope, scratch.in(c));
  });
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
  const auto add_forward = [&](const char* name, auto run) {
    add("activation/" + l.name + "/" + name, [=](const tf::context& ctx) { return activation(s, ctx, run); });
  };
  add_forward("leaky_relu", [](auto& y, const auto& x, const tf::context& c) { tf::leaky_relu_into(y, x, 0.01, c); });
  add_forward("hardswish", [](auto& y, const auto& x, const tf::context& c) { tf::hardswish_into(y, x, c); });
  add_forward("silu", [](auto& y, const auto& x, const tf::context& c) { tf::silu_into(y, x, c); });
  add_forward("tanh", [](auto& y, const auto& x, const tf::context& c) { tf::tanh_into(y, x, c); });
  add_forward("elu", [](auto& y, const auto& x, const tf::context& c) { tf::elu_into(y, x, 1, c); });
  add_forward("gelu",
              [](auto& y, const auto& x, const tf::context& c) { tf::gelu_into(y, x, tf::approximate::none, c); });
  add_forward("softplus", [](auto& y, const auto& x, const tf::context& c) { tf::softplus_into(y, x, 1, 20, c); });
  const auto add_backward = [&](const char* name, auto run) {
    add("activation/" + l.name + "/" + name, [=](const tf::context& ctx) { return backward(s, ctx, run); });
  };
  add_backward("relu_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::relu_backward_into(dx, dy, x, c);
  });
  add_backward("sigmoid_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::sigmoid_backward_into(dx, dy, x, c);
  });
  add_backward("leaky_relu_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::leaky_relu_backward_into(dx, dy, x, 0.01, c);
  });
  add_backward("hardtanh_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::hardtanh_backward_into(dx, dy, x, -1, 1, c);
  });
  add_backward("silu_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::silu_backward_into(dx, dy, x, c);
  });
  add_backward("hardswish_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::hardswish_backward_into(dx, dy, x, c);
  });
  add_backward("tanh_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::tanh_backward_into(dx, dy, x, c);
  });
  add_backward("gelu_backward", [](auto& dx, const auto& dy, const auto& x, const tf::context& c) {
    tf::gelu_backward_into(dx, dy, x, tf::approximate::none, c);
  });
  add("activation/" + l.name + "/prelu_backward", [=](const tf::context& ctx) { return prelu_backward(s, ctx); });
}

}  // namespace bench
