// Random calls of conv2d.
#include "convolution.hpp"

namespace tenfold_fuzz {

namespace {

/// Huge settings that leave an output of few lines.
void make_huge(random_source& random, index_t in, index_t kernel, index_t& stride, index_t& padding,
               index_t& dilation) {
  dilation = random.between(1, index_t{1} << random.between(2, 60));
  stride = random.one_in(2) ? random.between(1, 4) : random.between(1, index_t{1} << random.between(2, 62));
  const index_t lacking = dilation * std::max<index_t>(0, kernel - 1) + random.between(0, 4) - in;
  padding = lacking > 0 ? (lacking + 1) / 2 : 0;
}

}  // namespace

void conv2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(8) ? 4 : 400;  // hostile rounds
  for (;;) {
    const index_t groups = random.one_in(3) ? random.setting(1, 20, seldom) : 1;
    const index_t per_group = random.one_in(seldom) ? 0 : random.size(groups > 3 ? 3 : 40);
    const index_t used_groups = std::clamp<index_t>(groups, 1, 40);
    const index_t outputs = random.one_in(seldom) ? 0 : used_groups * random.size(groups > 3 ? 3 : 60);
    hw kernel{random.between(1, 5), random.between(1, 5)};
    if (random.one_in(3)) kernel = 3;
    if (random.one_in(seldom)) kernel = {random.between(0, 3), random.between(0, 3)};
    const index_t side = random.one_in(4) ? 40 : 12;
    tf::conv2d_options o{.stride = random.one_in(2) ? hw(1) : random.pair(1, 4, seldom),
                         .padding = random.one_in(2) ? random.pair(0, 3, seldom) : random.pair(0, kernel.h / 2, seldom),
                         .dilation = random.one_in(2) ? hw(1) : random.pair(1, 3, seldom),
                         .groups = groups};
    o.padding = random.sides(o.padding.value());
    if (random.one_in(10)) o.padding = tf::same;
    const bool same = o.padding.is_same();
    if (same && !random.one_in(5)) o.stride = 1;
    hw in{random.size(side), random.size(side)};
    if (!same && random.one_in(12)) {
      hw padding = o.padding.value();
      in = {random.between(1, 4), random.between(1, 4)};
      make_huge(random, in.h, kernel.h, o.stride.h, padding.h, o.dilation.h);
      if (random.one_in(2)) make_huge(random, in.w, kernel.w, o.stride.w, padding.w, o.dilation.w);
      o.padding = padding;
    }
    const index_t channels = random.one_in(seldom) ? random.size(40) : per_group * used_groups;
    shape x{random.one_in(3) ? random.between(0, 3) : 1, channels, in.h, in.w};
    if (random.one_in(6)) x = {channels, in.h, in.w};
    if (random.one_in(4 * seldom)) x = {in.h, in.w};
    shape w{outputs, per_group, kernel.h, kernel.w};
    if (random.one_in(4 * seldom)) w = {outputs, per_group, kernel.h};
    std::optional<shape> b;
    if (random.one_in(2)) b = shape{random.one_in(seldom) ? random.size(60) : outputs};
    if (!is_affordable(x, w, in.h * in.w)) continue;
    with_element_type(random, [&]<class T>() {
      r.tell("element of ", sizeof(T), std::floating_point<T> ? " bytes, floating, " : " bytes, integral, ", "input ",
             x, ", weight ", w, ", bias ", b ? "yes" : "no", ", stride ", o.stride.h, " ", o.stride.w, ", padding ",
             same ? "same" : "", tf::detail::join({o.padding.sides()}), ", dilation ", o.dilation.h, " ", o.dilation.w,
             ", groups ", o.groups);
      check_convolution<T, plain_conv2d>(r, x, w, b, o, true);
    });
    return;
  }
}

void conv1d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(8) ? 4 : 400;  // hostile rounds
  for (;;) {
    const index_t groups = random.one_in(3) ? random.setting(1, 20, seldom) : 1;
    const index_t used_groups = std::clamp<index_t>(groups, 1, 40);
    const index_t per_group = random.one_in(seldom) ? 0 : random.size(groups > 3 ? 3 : 40);
    const index_t outputs = random.one_in(seldom) ? 0 : used_groups * random.size(groups > 3 ? 3 : 60);
    const index_t kernel = random.one_in(seldom) ? 0 : random.between(1, 11), in = random.size(300);
    tf::conv1d_options o{.stride = random.one_in(2) ? 1 : random.setting(1, 4, seldom),
                         .padding = random.setting(0, random.one_in(2) ? 3 : kernel / 2, seldom),
                         .dilation = random.one_in(2) ? 1 : random.setting(1, 5, seldom),
                         .groups = groups};
    const bool same = random.one_in(10);
    if (same) o.padding = tf::same;
    if (same && !random.one_in(5)) o.stride = 1;
    const index_t batch = random.one_in(3) ? random.between(0, 3) : 1;
    const index_t channels = random.one_in(seldom) ? random.size(40) : per_group * used_groups;
    shape x{batch, channels, in};
    if (random.one_in(6)) x = {channels, in};
    if (random.one_in(4 * seldom)) x = {in};
    shape w{outputs, per_group, kernel};
    if (random.one_in(4 * seldom)) w = {outputs, per_group};
    std::optional<shape> b;
    if (random.one_in(2)) b = shape{random.one_in(seldom) ? random.size(60) : outputs};
    if (!is_affordable(x, w, in * std::max<index_t>(1, batch))) continue;
    with_element_type(random, [&]<class T>() {
      r.tell("element of ", sizeof(T), std::floating_point<T> ? " bytes, floating, " : " bytes, integral, ", "input ",
             x, ", weight ", w, ", bias ", b ? "yes" : "no", ", stride ", o.stride, ", padding ", same ? "same " : "",
             same ? 0 : o.padding.in_two_dimensions().value().w, ", dilation ", o.dilation, ", groups ", o.groups);
      check_convolution<T, plain_conv1d>(r, x, w, b, o, true);
    });
    return;
  }
}

}  // namespace tenfold_fuzz
