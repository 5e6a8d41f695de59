// Random calls of permute, swapdims, cat, narrow, slice, pad and its gradient, and the shuffles.
#include "fuzz.hpp"

#include <tenfold/cat.hpp>
#include <tenfold/pad.hpp>
#include <tenfold/permute.hpp>
#include <tenfold/pixel_shuffle.hpp>
#include <tenfold/reference.hpp>

namespace tenfold_fuzz {

namespace {

/// What moves elements, or adds them in a fixed order, has the reference's bits.
template <class T>
struct move_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<T>>;
  index_t workspace_bytes(const tf::context&) const { return 0; }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require(same_bits(std::get<0>(got), std::get<0>(expected)), "the output");
  }
};

/// A call by functions: shape_of(), naive(), plain(ctx), write(y, ctx).
template <class T, class ShapeOf, class Naive, class Plain, class Into>
struct call_by_functions : move_call<T> {
  using outputs = typename move_call<T>::outputs;
  ShapeOf shape_of;
  Naive naive;
  Plain call;
  Into write;

  call_by_functions(ShapeOf s, Naive n, Plain p, Into i) : shape_of(s), naive(n), call(p), write(i) {}
  std::vector<shape> shapes() const { return {shape_of()}; }
  outputs expected() const { return {naive()}; }
  outputs plain(const tf::context& ctx) const { return {call(ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    write(std::get<0>(views), ctx);
  }
};

template <class T, class... Functions>
void check_move(round& r, const Functions&... functions) {
  check(r, call_by_functions<T, Functions...>(functions...));
}

/// Of few elements, whatever the rank.
shape draw_shape(random_source& random, index_t low, index_t high) {
  shape s(
      std::span<const index_t>(std::array<index_t, 8>{}).first(static_cast<std::size_t>(random.between(low, high))));
  index_t left = random.one_in(10) ? 60000 : 3000;
  for (std::size_t d = 0; d < s.size(); ++d) s[d] = 1;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto d = static_cast<std::size_t>(random.between(0, static_cast<index_t>(s.size()) - 1));
    if (s[d] != 1) continue;
    s[d] = random.size(std::max<index_t>(1, std::min<index_t>(left, random.one_in(3) ? 300 : 20)));
    left = std::max<index_t>(1, left / std::max<index_t>(1, s[d]));
  }
  return s;
}

template <class T>
input<T> draw_input(random_source& random, const shape& s) {
  return input<T>(random, draw_values<T>(random, s, random.pick({values::any, values::special})));
}

std::string text_of(std::span<const index_t> numbers) { return tf::detail::list_text(numbers); }

}  // namespace

void permute(round& r) {
  random_source& random = r.random;
  const shape s = draw_shape(random, 0, 8);
  const auto rank = static_cast<index_t>(s.size());
  shape dims = s;
  for (index_t d = 0; d < rank; ++d) dims[static_cast<std::size_t>(d)] = d;
  std::shuffle(&dims[0], &dims[0] + rank, random.bits());
  for (std::size_t d = 0; d < s.size(); ++d) {
    if (random.one_in(4)) dims[d] -= rank;
    if (random.one_in(150)) dims[d] = random.hostile();
  }
  if (random.one_in(60)) dims = draw_shape(random, 0, 8);
  const index_t a = random.setting(-rank - (rank == 0), rank - (rank > 0), 40),
                b = random.setting(-rank - (rank == 0), rank - (rank > 0), 40);
  const bool swaps = random.one_in(4);
  with_element_type(random, [&]<class T>() {
    const auto in = draw_input<T>(random, s);
    const auto x = in.view();
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", ", swaps ? "swapdims " : "dims ", dims, " ", a, " ", b);
    if (swaps)
      return check_move<T>(
          r, [&] { return tf::swapdims_output_shape(s, a, b); }, [&] { return tf::reference::swapdims(x, a, b); },
          [&](const tf::context& ctx) { return tf::swapdims(x, a, b, ctx); },
          [&](const auto& y, const tf::context& ctx) { tf::swapdims_into(y, x, a, b, ctx); });
    check_move<T>(
        r, [&] { return tf::permute_output_shape(s, dims); }, [&] { return tf::reference::permute(x, dims); },
        [&](const tf::context& ctx) { return tf::permute(x, dims, ctx); },
        [&](const auto& y, const tf::context& ctx) { tf::permute_into(y, x, dims, ctx); });
  });
}

void cat(round& r) {
  random_source& random = r.random;
  const shape like = draw_shape(random, 1, 8);
  const auto rank = static_cast<index_t>(like.size());
  const index_t along = random.between(0, rank - 1);
  const index_t dim = random.one_in(40) ? random.hostile() : random.one_in(2) ? along : along - rank;
  std::vector<shape> shapes;
  for (index_t i = random.one_in(60) ? 0 : random.between(1, 5); i > 0; --i) {
    shape s = like;
    s[static_cast<std::size_t>(along)] = random.size(random.one_in(4) ? 60 : 4);
    if (random.one_in(15)) s = {0};
    if (random.one_in(60)) s = draw_shape(random, 0, 8);
    shapes.push_back(s);
  }
  with_element_type(random, [&]<class T>() {
    std::vector<input<T>> inputs;
    std::vector<tf::tensor_view<const T>> views;
    r.tell("element of ", sizeof(T), " bytes, dim ", dim, " of");
    for (const shape& s : shapes) {
      r.tell(" ", s);
      inputs.push_back(draw_input<T>(random, s));
      views.push_back(inputs.back().view());
    }
    check_move<T>(
        r, [&] { return tf::cat_output_shape(views, dim); }, [&] { return tf::reference::cat(views, dim); },
        [&](const tf::context& ctx) { return tf::cat(views, dim, ctx); },
        [&](const auto& y, const tf::context& ctx) { tf::cat_into(y, views, dim, ctx); });
  });
}

void slice(round& r) {
  random_source& random = r.random;
  const shape s = draw_shape(random, random.one_in(60) ? 0 : 1, 8);
  const auto rank = static_cast<index_t>(s.size());
  const index_t dim = random.setting(-rank, rank - (rank > 0), 40);
  const index_t size = dim >= -rank && dim < rank ? s[static_cast<std::size_t>((dim + rank) % rank)] : 3;
  const index_t start = random.setting(-size, size, 20), end = random.setting(-size - 1, size + 1, 10);
  const index_t length = random.setting(0, start < 0 ? -std::max(start, -size) : size - std::min(start, size), 20);
  const index_t step = random.one_in(2) ? 1 : random.setting(1, 5, 10);
  const bool narrows = random.one_in(2);
  with_element_type(random, [&]<class T>() {
    const auto in = draw_input<T>(random, s);
    const auto x = in.view();
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", dim ", dim, ", start ", start, ", length ", length,
           ", end ", end, ", step ", step, narrows ? ", narrow" : ", slice");
    if (narrows)
      return check_move<T>(
          r, [&] { return tf::narrow_output_shape(s, dim, start, length); },
          [&] { return tf::reference::narrow(x, dim, start, length); },
          [&](const tf::context& ctx) { return tf::narrow(x, dim, start, length, ctx); },
          [&](const auto& y, const tf::context& ctx) { tf::narrow_into(y, x, dim, start, length, ctx); });
    check_move<T>(
        r, [&] { return tf::slice_output_shape(s, dim, start, end, step); },
        [&] { return tf::reference::slice(x, dim, start, end, step); },
        [&](const tf::context& ctx) { return tf::slice(x, dim, start, end, step, ctx); },
        [&](const auto& y, const tf::context& ctx) { tf::slice_into(y, x, dim, start, end, step, ctx); });
  });
}

void pad(round& r) {
  random_source& random = r.random;
  using tf::pad_mode;
  const auto mode =
      random.pick({pad_mode::constant, pad_mode::constant, pad_mode::reflect, pad_mode::replicate, pad_mode::circular});
  const bool is_constant = mode == pad_mode::constant;
  const shape s = is_constant ? draw_shape(random, 0, 8) : draw_shape(random, 2, random.one_in(30) ? 6 : 4);
  const auto rank = static_cast<index_t>(s.size());
  index_t count = random.between(0, rank);
  if (!is_constant && !random.one_in(30)) count = random.between(std::max<index_t>(1, rank - 2), rank - 1);
  const index_t seldom = random.one_in(6) ? 4 : 400;
  std::vector<index_t> pads;
  for (index_t i = 0; i < 2 * count; ++i)
    pads.push_back(random.one_in(3) ? 0 : random.setting(random.one_in(4) ? -4 : 0, random.one_in(5) ? 40 : 3, seldom));
  if (random.one_in(60)) pads.push_back(random.between(0, 3));
  const bool is_backward = mode != pad_mode::circular && random.one_in(3);
  with_element_type(random, [&]<class T>() {
    const T value = is_constant ? static_cast<T>(random.between(-3, 3)) : T{};
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", pads ", text_of(pads), ", mode ", static_cast<int>(mode));
    shape padded{2, 3};
    const std::string error = error_of([&] { padded = tf::pad_output_shape(s, pads, mode); });
    if (!is_backward) {
      const auto in = draw_input<T>(random, s);
      const auto x = in.view();
      return check_move<T>(
          r, [&] { return tf::pad_output_shape(s, pads, mode); },
          [&] { return tf::reference::pad(x, pads, mode, value); },
          [&](const tf::context& ctx) { return tf::pad(x, pads, mode, value, ctx); },
          [&](const auto& y, const tf::context& ctx) { tf::pad_into(y, x, pads, mode, value, ctx); });
    }
    if (!error.empty() || !is_small({padded})) return;
    r.tell(", backward");
    if (random.one_in(30) && rank > 0) padded = draw_shape(random, 1, 4);
    const auto in = draw_input<T>(random, padded);
    const auto dy = in.view();
    check_move<T>(
        r,
        [&] {
          (void)tf::reference::pad_backward(dy, s, pads, mode);
          return s;
        },
        [&] { return tf::reference::pad_backward(dy, s, pads, mode); },
        [&](const tf::context& ctx) { return tf::pad_backward(dy, s, pads, mode, ctx); },
        [&](const auto& dx, const tf::context& ctx) {
          // The twin knows the input's shape by its output, which here is another one where the call is wrong.
          if (dx.shape() == s) return tf::pad_backward_into(dx, dy, pads, mode, ctx);
          (void)tf::reference::pad_backward(dy, s, pads, mode);
        });
  });
}

void pixel_shuffle(round& r) {
  random_source& random = r.random;
  const index_t kind = random.between(0, 2), seldom = random.one_in(6) ? 4 : 400;
  shape s = draw_shape(random, random.one_in(30) ? 0 : 3, random.one_in(3) ? 8 : 4);
  const index_t factor = random.setting(1, random.one_in(4) ? 9 : 4, seldom);
  if (s.size() > 2 && !random.one_in(20) && factor > 0 && factor < 10) {
    const std::size_t c = s.size() - 3;
    if (kind == 0) s[c] = std::max<index_t>(1, s[c] / factor) * factor * factor;
    if (kind == 1) s[c + 1] *= factor, s[c + 2] *= factor;
    if (kind == 2) s[1] *= factor;
  }
  if (!is_small({s})) return;
  with_element_type(random, [&]<class T>() {
    const auto in = draw_input<T>(random, s);
    const auto x = in.view();
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", factor ", factor, ", kind ", kind);
    if (kind == 0)
      return check_move<T>(
          r, [&] { return tf::pixel_shuffle_output_shape(s, factor); },
          [&] { return tf::reference::pixel_shuffle(x, factor); },
          [&](const tf::context& ctx) { return tf::pixel_shuffle(x, factor, ctx); },
          [&](const auto& y, const tf::context& ctx) { tf::pixel_shuffle_into(y, x, factor, ctx); });
    if (kind == 1)
      return check_move<T>(
          r, [&] { return tf::pixel_unshuffle_output_shape(s, factor); },
          [&] { return tf::reference::pixel_unshuffle(x, factor); },
          [&](const tf::context& ctx) { return tf::pixel_unshuffle(x, factor, ctx); },
          [&](const auto& y, const tf::context& ctx) { tf::pixel_unshuffle_into(y, x, factor, ctx); });
    check_move<T>(
        r, [&] { return tf::channel_shuffle_output_shape(s, factor); },
        [&] { return tf::reference::channel_shuffle(x, factor); },
        [&](const tf::context& ctx) { return tf::channel_shuffle(x, factor, ctx); },
        [&](const auto& y, const tf::context& ctx) { tf::channel_shuffle_into(y, x, factor, ctx); });
  });
}

}  // namespace tenfold_fuzz
