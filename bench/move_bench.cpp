#include "bench.hpp"

namespace bench {
namespace {

struct move_sizes {
  index_t n, c, h, w;

  tf::shape image() const { return {n, c, h, w}; }
};

/// run(output, input, context) moves an image into a tensor of that shape.
template <class Run>
measured move(const tf::shape& input, const tf::shape& output, const tf::context& ctx, Run run) {
  auto x = random<float>(input);
  auto y = uninitialized<float>(output);
  measured work{.bytes = bytes_of(y, y)};  // what is written is read, or a constant
  work.call = [ctx, run, x = std::move(x), y = std::move(y)]() mutable { run(y, x, ctx); };
  return work;
}

/// Twice the image, one behind the other in each of its batches.
measured cat(const move_sizes& s, const tf::context& ctx) {
  return move(s.image(), {s.n, 2 * s.c, s.h, s.w}, ctx, [](auto& y, const auto& x, const tf::context& c) {
    tf::cat_into(y, {x.view(), x.view()}, 1, c);
  });
}

}  // namespace

void add_move(const layer& l) {
  const auto s = sizes_of<move_sizes>(l);
  const tf::shape image = s.image();
  const auto add_to = [&](const char* name, const tf::shape& output, auto run) {
    add("move/" + l.name + "/" + name, [=](const tf::context& ctx) { return move(image, output, ctx, run); });
  };
  add_to("nhwc", {s.n, s.h, s.w, s.c}, [](auto& y, const auto& x, const tf::context& c) {
    tf::permute_into(y, x, {0, 2, 3, 1}, c);
  });
  add("move/" + l.name + "/nchw", [=](const tf::context& ctx) {
    return move({s.n, s.h, s.w, s.c}, image, ctx, [](auto& y, const auto& x, const tf::context& c) {
      tf::permute_into(y, x, {0, 3, 1, 2}, c);
    });
  });
  add("move/" + l.name + "/copy", [=](const tf::context& ctx) {
    return copy_like(move(image, image, ctx, [](auto&, const auto&, const tf::context&) {}), 1, ctx);
  });
  add("move/" + l.name + "/cat", [=](const tf::context& ctx) { return cat(s, ctx); });
  const tf::shape padded{s.n, s.c, s.h + 2, s.w + 2};
  const auto add_pad = [&](const char* name, tf::pad_mode mode) {
    add_to(name, padded, [mode](auto& y, const auto& x, const tf::context& c) {
      tf::pad_into(y, x, {1, 1, 1, 1}, mode, 0, c);
    });
  };
  add_pad("pad", tf::pad_mode::constant);
  add_pad("reflect", tf::pad_mode::reflect);
  add("move/" + l.name + "/reflect_backward", [=](const tf::context& ctx) {
    return move(padded, image, ctx, [](auto& dx, const auto& dy, const tf::context& c) {
      tf::pad_backward_into(dx, dy, {1, 1, 1, 1}, tf::pad_mode::reflect, c);
    });
  });
  if (s.c % 4 == 0) {
    add_to("pixel_shuffle", {s.n, s.c / 4, 2 * s.h, 2 * s.w},
           [](auto& y, const auto& x, const tf::context& c) { tf::pixel_shuffle_into(y, x, 2, c); });
    add_to("channel_shuffle", image,
           [](auto& y, const auto& x, const tf::context& c) { tf::channel_shuffle_into(y, x, 4, c); });
  }
  if (s.h % 2 == 0 && s.w % 2 == 0)
    add_to("pixel_unshuffle", {s.n, 4 * s.c, s.h / 2, s.w / 2},
           [](auto& y, const auto& x, const tf::context& c) { tf::pixel_unshuffle_into(y, x, 2, c); });
}

}  // namespace bench
