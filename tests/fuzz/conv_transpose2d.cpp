// Random calls of conv_transpose2d and of ATen's kernel.
#include "convolution.hpp"

namespace tenfold_fuzz {

namespace {

/// Huge settings that leave an output of few lines.
void make_huge(random_source& random, index_t in, index_t kernel, index_t& stride, index_t& padding,
               index_t& dilation) {
  stride = random.between(1, index_t{1} << random.between(2, 59));
  dilation = random.one_in(2) ? random.between(1, 4) : random.between(1, index_t{1} << random.between(2, 59));
  const index_t natural = (in - 1) * stride + dilation * std::max<index_t>(0, kernel - 1) + 1;
  padding = std::max<index_t>(0, natural - random.between(1, 6)) / 2;
}

}  // namespace

void conv_transpose2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(8) ? 4 : 400;
  for (;;) {
    const index_t groups = random.one_in(3) ? random.setting(1, 20, seldom) : 1;
    const index_t used_groups = std::clamp<index_t>(groups, 1, 40);
    const index_t channels = random.one_in(seldom) ? 0 : used_groups * random.size(groups > 3 ? 3 : 40);
    const index_t outputs = random.one_in(seldom) ? 0 : random.size(groups > 3 ? 3 : 40);
    hw kernel{random.between(1, 5), random.between(1, 5)};
    if (random.one_in(3)) kernel = random.pick<index_t>({3, 4});
    if (random.one_in(seldom)) kernel = {random.between(0, 3), random.between(0, 3)};
    const index_t side = random.one_in(4) ? 24 : 8;
    hw in = random.one_in(8) ? hw(1) : hw{random.size(side), random.size(side)};
    tf::conv_transpose2d_options o{
        .stride = random.one_in(3) ? hw(2) : random.pair(1, 4, seldom),
        .padding = random.one_in(2) ? tf::padding2d(0) : random.sides(random.pair(0, 3, seldom)),
        .output_padding = 0,
        .groups = groups,
        .dilation = random.one_in(2) ? hw(1) : random.pair(1, 3, seldom)};
    if (random.one_in(12)) {
      in = {random.between(1, 4), random.between(1, 4)};
      make_huge(random, in.h, kernel.h, o.stride.h, o.padding.h, o.dilation.h);
      if (random.one_in(2)) make_huge(random, in.w, kernel.w, o.stride.w, o.padding.w, o.dilation.w);
    }
    const auto most_extra = [&](index_t stride) {
      return random.one_in(20) ? 3 : std::clamp<index_t>(stride, 1, 4) - 1;
    };
    if (random.one_in(2))
      o.output_padding = {random.setting(0, most_extra(o.stride.h), seldom),
                          random.setting(0, most_extra(o.stride.w), seldom)};
    if (random.one_in(5)) {
      if (!random.one_in(20)) o.output_padding = 0;
      const auto near = [&](index_t n, index_t stride, index_t padding, index_t taps) {
        return random.one_in(seldom) ? random.hostile()
                                     : (n - 1) * std::clamp<index_t>(stride, 1, 9) -
                                           2 * std::clamp<index_t>(padding, 0, 9) + taps + random.between(-1, 3);
      };
      o.output_size = hw{near(in.h, o.stride.h, o.padding.h, kernel.h), near(in.w, o.stride.w, o.padding.w, kernel.w)};
    }
    const index_t given = random.one_in(seldom) ? random.size(40) : channels;
    shape x{random.one_in(3) ? random.between(0, 3) : 1, given, in.h, in.w};
    if (random.one_in(6)) x = {given, in.h, in.w};
    if (random.one_in(4 * seldom)) x = {in.h, in.w};
    shape w{channels, outputs, kernel.h, kernel.w};
    if (random.one_in(4 * seldom)) w = {channels, outputs, kernel.h};
    std::optional<shape> b;
    if (random.one_in(2)) b = shape{random.one_in(seldom) ? random.size(60) : outputs * used_groups};
    if (!is_affordable(x, w, in.h * in.w)) continue;
    with_element_type(random, [&]<class T>() {
      r.tell("element of ", sizeof(T), std::floating_point<T> ? " bytes, floating, " : " bytes, integral, ", "input ",
             x, ", weight ", w, ", bias ", b ? "yes" : "no", ", stride ", o.stride.h, " ", o.stride.w, ", padding ",
             tf::detail::join({o.padding}), ", output_padding ", o.output_padding.h, " ", o.output_padding.w,
             ", dilation ", o.dilation.h, " ", o.dilation.w, ", groups ", o.groups);
      if (o.output_size) r.tell(", output_size ", o.output_size->h, " ", o.output_size->w);
      check_convolution<T, plain_conv_transpose2d>(r, x, w, b, o, true);
    });
    return;
  }
}

namespace {

/// The gradients of a call of ATen's kernel, whose settings are `o`, against the reference's or its error.
template <class T>
void check_slow_gradients(round& r, const shape& output, const tf::tensor_view<const T>& x,
                          const tf::tensor_view<const T>& w,
                          const tf::aten::detail::slow_conv_transpose2d_op::options& o, const tf::context& ctx) {
  shape dy_shape = output;
  if (r.random.one_in(20)) dy_shape[r.random.one_in(2) ? 1 : 2] += 1;
  const input<T> dy(r.random, draw_values<T>(r.random, dy_shape, values::small));
  const tf::gradients wanted{.input = r.random.one_in(2), .weight = r.random.one_in(2), .bias = r.random.one_in(2)};
  std::optional<tf::convolution_gradients<T>> expected, got;
  const std::string error = error_of([&] {
    expected.emplace(tf::reference::aten::slow_conv_transpose2d_backward(dy.view(), x, w, o.kernel_size, o.stride,
                                                                         o.padding, o.output_padding, o.dilation));
  });
  require_same(error_of([&] {
                 got.emplace(tf::aten::slow_conv_transpose2d_backward(
                     dy.view(), x, w, o.kernel_size, o.stride, o.padding, o.output_padding, o.dilation, wanted, ctx));
               }),
               error, "the gradients");
  if (!error.empty()) return;
  if (wanted.input) require(equal(got->grad_input, expected->grad_input), "the input's gradient");
  if (wanted.weight) require(equal(got->grad_weight, expected->grad_weight), "the weight's gradient");
  if (wanted.bias) require(equal(got->grad_bias, expected->grad_bias), "the bias's gradient");
}

}  // namespace

void slow_conv_transpose2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 300;
  for (;;) {
    const index_t channels = random.size(20), outputs = random.size(20);
    const hw kernel{random.between(1, 4), random.between(1, 4)}, in{random.size(9), random.size(9)};
    const hw stride = random.pair(1, 4, seldom), padding = random.pair(-1, 3, seldom),
             extra = random.one_in(2) ? hw(0) : random.pair(-1, 2, seldom), dilation = random.pair(1, 3, seldom);
    shape x{random.between(0, 2), random.one_in(seldom) ? outputs : channels, in.h, in.w};
    if (random.one_in(5)) x = {x[1], in.h, in.w};
    const shape w{channels, outputs, kernel.h, kernel.w};
    if (!is_affordable(x, w, in.h * in.w)) continue;
    const hw said = random.one_in(seldom) ? random.pair(0, 4, 4) : kernel;
    const bool has_bias = random.one_in(2);
    with_element_type(random, [&]<class T>() {
      r.tell("element of ", sizeof(T), " bytes, input ", x, ", weight ", w, ", kernel_size ", said.h, " ", said.w,
             ", stride ", stride.h, " ", stride.w, ", padding ", padding.h, " ", padding.w, ", output_padding ",
             extra.h, " ", extra.w, ", dilation ", dilation.h, " ", dilation.w, ", bias ", has_bias);
      const shape b_shape{random.one_in(seldom) ? channels : outputs};
      const input<T> xs(random, draw_values<T>(random, x, values::small)),
          ws(random, draw_values<T>(random, w, values::small)),
          bs(random, draw_values<T>(random, b_shape, values::small));
      tf::context ctx = r.context();
      ctx.math = tf::math::exact;  // so that == is right
      using op = tf::aten::detail::slow_conv_transpose2d_op;
      std::vector<std::string_view> names;
      shape output;
      const std::string shape_error = error_of([&] {
        output = tf::aten::slow_conv_transpose2d_output_shape(x, w, said, stride, padding, extra, dilation);
        const auto g = op::checked(x, w, {}, {said, stride, padding, extra, dilation});
        for (const auto& a : tf::detail::algorithms_of<true, T>())
          if (a.applies(g, ctx)) names.push_back(a.name);
      });
      if (shape_error.empty() && !is_small({output})) return;
      if (!names.empty() && random.one_in(2)) ctx.algorithm = random.pick(names);
      r.tell(text_of(ctx));
      std::optional<tf::tensor<T>> expected, got;
      const std::string error = error_of([&] {
        if (has_bias)
          expected.emplace(tf::reference::aten::slow_conv_transpose2d(xs.view(), ws.view(), said, bs.view(), stride,
                                                                      padding, extra, dilation));
        else
          expected.emplace(
              tf::reference::aten::slow_conv_transpose2d(xs.view(), ws.view(), said, stride, padding, extra, dilation));
      });
      require_same(error_of([&] {
                     if (has_bias)
                       got.emplace(tf::aten::slow_conv_transpose2d(xs.view(), ws.view(), said, bs.view(), stride,
                                                                   padding, extra, dilation, ctx));
                     else
                       got.emplace(tf::aten::slow_conv_transpose2d(xs.view(), ws.view(), said, stride, padding, extra,
                                                                   dilation, ctx));
                   }),
                   error, "the plain call");
      ++(error.empty() ? r.calls : r.refused);
      if (!has_bias) require_same(shape_error, error, "output_shape");
      if (!error.empty()) return;
      require(equal(*got, *expected), "the plain call");
      if constexpr (std::floating_point<T>) {
        ctx.algorithm = {};
        check_slow_gradients<T>(r, output, xs.view(), ws.view(), {said, stride, padding, extra, dilation}, ctx);
      }
    });
    return;
  }
}

void conv_transpose1d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(8) ? 4 : 400;
  for (;;) {
    const index_t groups = random.one_in(3) ? random.setting(1, 20, seldom) : 1;
    const index_t used_groups = std::clamp<index_t>(groups, 1, 40);
    const index_t channels = random.one_in(seldom) ? 0 : used_groups * random.size(groups > 3 ? 3 : 40);
    const index_t outputs = random.one_in(seldom) ? 0 : random.size(groups > 3 ? 3 : 40);
    const index_t kernel = random.one_in(seldom) ? 0 : random.between(1, 16), in = random.size(90);
    tf::conv_transpose1d_options o{.stride = random.one_in(3) ? 2 : random.setting(1, 8, seldom),
                                   .padding = random.one_in(2) ? 0 : random.setting(0, 4, seldom)};
    o.groups = groups;
    o.dilation = random.one_in(2) ? 1 : random.setting(1, 3, seldom);
    if (random.one_in(3)) o.output_padding = random.setting(0, std::clamp<index_t>(o.stride, 1, 4) - 1, seldom);
    if (random.one_in(5)) {
      if (!random.one_in(20)) o.output_padding = 0;
      o.output_size = random.one_in(seldom)
                          ? random.hostile()
                          : (in - 1) * std::clamp<index_t>(o.stride, 1, 9) - 2 * std::clamp<index_t>(o.padding, 0, 9) +
                                kernel + random.between(-1, 3);
    }
    const index_t batch = random.one_in(3) ? random.between(0, 3) : 1;
    const index_t given = random.one_in(seldom) ? random.size(40) : channels;
    shape x{batch, given, in};
    if (random.one_in(6)) x = {given, in};
    if (random.one_in(4 * seldom)) x = {in};
    shape w{channels, outputs, kernel};
    if (random.one_in(4 * seldom)) w = {channels, outputs};
    std::optional<shape> b;
    if (random.one_in(2)) b = shape{random.one_in(seldom) ? random.size(60) : outputs * used_groups};
    if (!is_affordable(x, w, in * std::max<index_t>(1, batch))) continue;
    with_element_type(random, [&]<class T>() {
      r.tell("element of ", sizeof(T), std::floating_point<T> ? " bytes, floating, " : " bytes, integral, ", "input ",
             x, ", weight ", w, ", bias ", b ? "yes" : "no", ", stride ", o.stride, ", padding ", o.padding,
             ", output_padding ", o.output_padding, ", dilation ", o.dilation, ", groups ", o.groups);
      if (o.output_size) r.tell(", output_size ", *o.output_size);
      check_convolution<T, plain_conv_transpose1d>(r, x, w, b, o, true);
    });
    return;
  }
}

}  // namespace tenfold_fuzz
