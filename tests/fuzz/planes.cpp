// Random calls of what works plane by plane: pooling, unpooling, indices, columns, upsampling, also of one dimension,
// and grid_sample.
#include "fuzz.hpp"

#include <tenfold/convert_indices.hpp>
#include <tenfold/pool1d.hpp>
#include <tenfold/reference.hpp>
#include <tenfold/upsample1d.hpp>

namespace tenfold_fuzz {

namespace {

/// Whether a loop over the taps of every output ends in time.
bool is_affordable(const hw& kernel, const shape& s) {
  double work = static_cast<double>(kernel.h) * static_cast<double>(kernel.w);
  for (const index_t size : s) work *= static_cast<double>(std::max<index_t>(1, size));
  return work < 4e6;
}

shape draw_planes(random_source& random, index_t most, index_t seldom) {
  const index_t c = random.one_in(seldom) ? 0 : random.between(1, 5);
  const hw in{random.size(most), random.size(most)};
  if (random.one_in(4 * seldom)) return {in.h, in.w};
  if (random.one_in(6)) return {c, in.h, in.w};
  return {random.between(0, 3), c, in.h, in.w};
}

/// The reference does what the operation does, to the bit.
struct exact_call : call_of_shapes {
  index_t workspace_bytes(const tf::context&) const { return 0; }
  template <class Outputs>
  void compare(const Outputs& got, const Outputs& expected, const tf::context&) const {
    require_same_bits(got, expected, "the plain call");
  }
};

// ---- pooling

template <class T>
struct max_pool2d_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>, tf::tensor<index_t>>;
  tf::tensor_view<const T> x;
  tf::pool2d_options o;

  std::vector<shape> shapes() const {
    const shape s = tf::max_pool2d_output_shape(x.shape(), o);
    return {s, s};
  }
  bool is_computable() const {
    return is_affordable(o.kernel_size, shape{1}) && o.padding.h < 1000 && o.padding.w < 1000;
  }
  outputs expected() const {
    auto r = tf::reference::max_pool2d_with_indices(x, o);
    return {std::move(r.values), std::move(r.indices)};
  }
  outputs plain(const tf::context& ctx) const {
    auto r = tf::max_pool2d_with_indices(x, o, ctx);
    require(same_bits(tf::max_pool2d(x, o, ctx), r.values), "max_pool2d without indices");
    return {std::move(r.values), std::move(r.indices)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::max_pool2d_with_indices_into(std::get<0>(views), std::get<1>(views), x, o, ctx);
  }
};

tf::pool2d_options draw_pooling(random_source& random, index_t seldom) {
  hw kernel = random.one_in(2) ? hw(random.between(2, 3)) : random.pair(1, 6, seldom);
  tf::pool2d_options o{.kernel_size = kernel};
  if (random.one_in(2)) o.stride = random.pair(1, 5, seldom);
  if (random.one_in(2))
    o.padding = random.sides({random.setting(0, std::clamp<index_t>(kernel.h / 2, 0, 9), seldom),
                              random.setting(0, std::clamp<index_t>(kernel.w / 2, 0, 9), seldom)});
  if (random.one_in(3)) o.dilation = random.pair(1, 4, seldom);
  o.ceil_mode = random.one_in(2);
  return o;
}

std::string text_of(const tf::pool2d_options& o) {
  std::ostringstream text;
  text << "kernel_size " << o.kernel_size.h << " " << o.kernel_size.w << ", stride " << o.stride.h << " " << o.stride.w
       << ", padding " << tf::detail::join({o.padding}) << ", dilation " << o.dilation.h << " " << o.dilation.w
       << ", ceil_mode " << o.ceil_mode;
  return text.str();
}

values draw_kind(random_source& random) { return random.pick({values::small, values::any, values::special}); }

}  // namespace

void max_pool2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_planes(random, 70, seldom);
  const tf::pool2d_options o = draw_pooling(random, seldom);
  with_element_type(random, [&]<class T>() {
    const auto x_values = draw_values<T>(random, s, draw_kind(random));
    const input<T> x(random, x_values);
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", ", text_of(o));
    check(r, max_pool2d_call<T>{{}, x.view(), o});
  });
}

// ---- unpooling

namespace {

template <class T>
struct max_unpool2d_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  tf::tensor_view<const index_t> at;
  tf::unpool2d_options o;

  bool knows_all() const { return false; }
  std::vector<shape> shapes() const { return {tf::max_unpool2d_output_shape(x.shape(), o)}; }
  outputs expected() const { return {tf::reference::max_unpool2d(x, at, o)}; }
  outputs plain(const tf::context& ctx) const { return {tf::max_unpool2d(x, at, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::max_unpool2d_into(std::get<0>(views), x, at, o, ctx);
  }
  index_t workspace_bytes(const tf::context& ctx) const { return tf::max_unpool2d_workspace_bytes(x, at, o, ctx); }
};

}  // namespace

void max_unpool2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_planes(random, 40, seldom);
  tf::unpool2d_options o{.kernel_size = random.one_in(2) ? hw(2) : random.pair(1, 4, seldom)};
  if (random.one_in(3)) o.stride = random.pair(1, 4, seldom);
  if (random.one_in(4)) o.padding = random.sides(random.pair(0, 1, seldom));
  o.duplicates = random.pick({tf::unpool_duplicates::last, tf::unpool_duplicates::last, tf::unpool_duplicates::first,
                              tf::unpool_duplicates::max, tf::unpool_duplicates::sum, tf::unpool_duplicates::error});
  hw usual{3, 3};
  std::string ignored = error_of([&] {
    const shape out = tf::max_unpool2d_output_shape(s, o);
    usual = {out[out.size() - 2], out[out.size() - 1]};
  });
  if (random.one_in(2))
    o.output_size = hw{usual.h > 1 << 20 ? usual.h : usual.h + random.between(-1, 2),
                       usual.w > 1 << 20 ? usual.w : usual.w + random.between(-1, 2)};
  shape out = s;
  ignored = error_of([&] { out = tf::max_unpool2d_output_shape(s, o); });
  hw size = 1;
  if (ignored.empty()) size = {out[out.size() - 2], out[out.size() - 1]};
  if (!is_small({shape{size.h, size.w}})) size = 1;
  const bool wild = random.one_in(6), own_blocks = random.one_in(2) && size.h / 2 >= 1;
  with_element_type(random, [&]<class T>() {
    const auto x_values = draw_values<T>(random, s, draw_kind(random));
    shape at_shape = s;
    if (random.one_in(4 * seldom)) at_shape[0] += 1;
    tf::tensor<index_t> places(at_shape);
    const index_t volume = std::max<index_t>(1, size.h * size.w);
    const bool all_different = random.one_in(2);
    for (index_t i = 0; i < places.size(); ++i) {
      const index_t w = s[s.size() - 1], h = s[s.size() - 2], within = i % std::max<index_t>(1, h * w);
      places.data()[i] = all_different ? within % volume : random.between(0, volume - 1);
      if (own_blocks)
        places.data()[i] = std::min(
            volume - 1, (2 * (within / w) + random.between(0, 1)) * size.w + 2 * (within % w) + random.between(0, 1));
      if (wild && random.one_in(40)) places.data()[i] = random.one_in(2) ? volume : random.hostile();
    }
    const input<T> x(random, x_values);
    const input<index_t> at(random, places);
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", kernel_size ", o.kernel_size.h, " ", o.kernel_size.w,
           ", stride ", o.stride.h, " ", o.stride.w, ", padding ", tf::detail::join({o.padding}), ", duplicates ",
           static_cast<int>(o.duplicates));
    if (o.output_size) r.tell(", output_size ", o.output_size->h, " ", o.output_size->w);
    check(r, max_unpool2d_call<T>{{}, x.view(), at.view(), o});
  });
}

namespace {

template <class T>
struct caffe_unpooling_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  tf::caffe_unpooling_options o;

  bool knows_all() const { return true; }
  std::vector<shape> shapes() const { return {tf::caffe::unpooling_output_shape(x.shape(), o)}; }
  outputs expected() const { return {tf::reference::caffe::unpooling(x, o)}; }
  outputs plain(const tf::context& ctx) const { return {tf::caffe::unpooling(x, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::caffe::unpooling_into(std::get<0>(views), x, o, ctx);
  }
  index_t workspace_bytes(const tf::context& ctx) const { return tf::caffe::unpooling_workspace_bytes(x, o, ctx); }
};

}  // namespace

void caffe_unpooling(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_planes(random, 12, seldom);
  tf::caffe_unpooling_options o{.kernel_size = random.pair(1, 4, seldom), .stride = random.pair(0, 4, seldom)};
  o.unpool = random.pick({tf::caffe_unpool::max, tf::caffe_unpool::ave, tf::caffe_unpool::tile});
  if (random.one_in(2)) o.unpool_size = random.pair(1, 30, seldom);
  const auto draw = [&]<class T>(T) {
    const auto x_values = draw_values<T>(random, s, draw_kind(random));
    const input<T> x(random, x_values);
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", kernel_size ", o.kernel_size.h, " ", o.kernel_size.w,
           ", stride ", o.stride.h, " ", o.stride.w, ", unpool ", static_cast<int>(o.unpool));
    check(r, caffe_unpooling_call<T>{{}, x.view(), o});
  };
  random.one_in(2) ? draw(float{}) : draw(double{});
}

// ---- indices

void convert_indices(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_planes(random, 20, seldom);
  const tf::pool2d_options o = draw_pooling(random, seldom);
  if (!is_affordable(o.kernel_size, shape{1})) return;
  r.tell("input ", s, ", ", text_of(o));
  shape out;
  if (!error_of([&] { out = tf::max_pool2d_output_shape(s, o); }).empty()) return;
  if (!is_small({out}) || o.padding.h > 1000 || o.padding.w > 1000) return;
  const auto x = random_tensor<std::int8_t>(s, random.seed());
  tf::tensor<index_t> places = tf::max_pool2d_with_indices(x, o).indices;
  const bool wild = random.one_in(4);
  for (index_t i = 0; i < places.size() && wild; ++i)
    if (random.one_in(20)) places.data()[i] = random.one_in(2) ? random.hostile() : random.between(0, 30);
  const input<index_t> at(random, places);
  using kind = tf::index_kind;
  const tf::context ctx = r.context();
  for (const kind to : {kind::plane, kind::tensor, kind::tensorflow, kind::tensorflow_with_batch, kind::window}) {
    std::optional<tf::tensor<index_t>> there;
    const std::string error =
        error_of([&] { there.emplace(tf::convert_indices(at.view(), kind::plane, to, s, o, ctx)); });
    const std::vector<shape> shapes{out};
    std::optional<std::tuple<tf::tensor<index_t>>> same;
    if (there) same.emplace(*there);
    check_into<std::tuple<tf::tensor<index_t>>>(
        r, shapes, 0, ctx,
        [&](const auto& views, const tf::context& with) {
          tf::convert_indices_into(std::get<0>(views), at.view(), kind::plane, to, s, o, with);
        },
        error, same ? &*same : nullptr);
    ++(there ? r.calls : r.refused);
    if (!there) continue;
    const input<index_t> converted(random, *there);
    require(equal(tf::convert_indices(converted.view(), to, kind::plane, s, o, ctx), places),
            "there and back by kind " + std::to_string(static_cast<int>(to)));
  }
}

// ---- columns

namespace {

template <class T>
struct im2col_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  tf::im2col_options o;

  std::vector<shape> shapes() const { return {tf::im2col_output_shape(x.shape(), o)}; }
  outputs expected() const { return {tf::reference::im2col(x, o)}; }
  outputs plain(const tf::context& ctx) const { return {tf::im2col(x, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::im2col_into(std::get<0>(views), x, o, ctx);
  }
};

template <class T>
struct col2im_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  hw size;
  tf::im2col_options o;

  std::vector<shape> shapes() const { return {tf::col2im_output_shape(x.shape(), size, o)}; }
  outputs expected() const { return {tf::reference::col2im(x, size, o)}; }
  outputs plain(const tf::context& ctx) const { return {tf::col2im(x, size, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::col2im_into(std::get<0>(views), x, size, o, ctx);
  }
};

tf::im2col_options draw_columns(random_source& random, index_t seldom) {
  return {.kernel_size = random.pair(1, 4, seldom),
          .dilation = random.one_in(2) ? hw(1) : random.pair(1, 3, seldom),
          .padding = random.one_in(2) ? tf::padding2d(0) : random.sides(random.pair(0, 3, seldom)),
          .stride = random.one_in(2) ? hw(1) : random.pair(1, 4, seldom)};
}

std::string text_of(const tf::im2col_options& o) {
  std::ostringstream text;
  text << "kernel_size " << o.kernel_size.h << " " << o.kernel_size.w << ", dilation " << o.dilation.h << " "
       << o.dilation.w << ", padding " << tf::detail::join({o.padding}) << ", stride " << o.stride.h << " "
       << o.stride.w;
  return text.str();
}

/// A huge stride or dilation, and the padding that leaves a few blocks.
void make_huge(random_source& random, tf::im2col_options& o, const hw& image) {
  const index_t h = random.between(1, index_t{1} << random.between(2, 60)), w = random.between(1, 9);
  o.stride = random.one_in(2) ? hw{h, w} : hw{w, h};
  if (random.one_in(2))
    o.padding = {o.stride.h < 1 << 20 ? 1 : o.stride.h / 2, o.stride.w < 1 << 20 ? 1 : o.stride.w / 2};
  if (random.one_in(2)) o.dilation = {std::max<index_t>(1, o.padding.h), std::max<index_t>(1, o.padding.w)};
  (void)image;
}

}  // namespace

void im2col(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_planes(random, 40, seldom);
  tf::im2col_options o = draw_columns(random, seldom);
  if (random.one_in(8)) make_huge(random, o, 1);
  with_element_type(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, draw_kind(random)));
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", ", text_of(o));
    check(r, im2col_call<T>{{}, x.view(), o});
  });
}

void col2im(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const index_t batch = random.between(0, 3), channels = random.between(1, 4);
  const hw size{random.setting(1, 40, seldom), random.setting(1, 40, seldom)};
  tf::im2col_options o = draw_columns(random, seldom);
  if (random.one_in(8)) make_huge(random, o, size);
  shape s{batch, channels * 3, 7};
  if (const std::string error = error_of([&] {
        s = tf::im2col_output_shape({batch, channels, size.h, size.w}, o);
      });
      !error.empty() || !is_small({s}))
    s = {random.between(0, 2), random.between(0, 8), random.between(0, 8)};
  if (random.one_in(6) && is_small({shape{s[1], s[2]}})) s = {s[1], s[2]};
  with_element_type(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, random.pick({values::small, values::any})));
    r.tell("element of ", sizeof(T), " bytes, columns ", s, ", output_size ", size.h, " ", size.w, ", ", text_of(o));
    check(r, col2im_call<T>{{}, x.view(), size, o});
  });
}

// ---- upsampling

namespace {

/// The places are the same; of the means a few roundings of numbers up to 1, or of an integer type's largest: the
/// weights, two products and a sum across, and the same again down.
template <class T>
void require_interpolated(const tf::tensor_view<const T>& x, const tf::tensor<T>& got, const tf::tensor<T>& expected) {
  double most = 0;
  for (index_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(static_cast<double>(x.data()[i])));
  using A = std::conditional_t<std::same_as<T, float>, float, double>;
  // Where the place is fused with its product, the fraction is up to an epsilon of the place off.
  const shape& s = x.shape();
  const auto places = static_cast<double>(std::max(s[s.size() - 2], s[s.size() - 1]) + 4);
  const double bound = 8 * rounding_factor<A>(2) * most * places + (std::integral<T> ? 1 : 0);
  require(tenfold_test::compare(
              got, expected,
              [&](T g, T e, index_t) { return std::abs(static_cast<double>(g) - static_cast<double>(e)) <= bound; }),
          "an interpolation");
}

double draw_scale(random_source& random, index_t seldom) {
  if (random.one_in(seldom))
    return random.pick({0.0, -1.5, 1e-300, 1e300, std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN(), 9.3e17, 1e-20});
  return random.one_in(2) ? random.pick({2.0, 0.5, 3.0, 1.0}) : static_cast<double>(random.between(1, 4000)) / 1000;
}

template <class T, class Size, bool Bilinear>
struct upsample_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  Size size;
  bool align_corners;

  std::vector<shape> shapes() const { return {tf::upsample2d_output_shape(x.shape(), size)}; }
  outputs expected() const {
    if constexpr (Bilinear) return {tf::reference::upsample_bilinear2d(x, size, align_corners)};
    return {tf::reference::upsample_nearest2d(x, size)};
  }
  outputs plain(const tf::context& ctx) const {
    if constexpr (Bilinear) return {tf::upsample_bilinear2d(x, size, align_corners, ctx)};
    return {tf::upsample_nearest2d(x, size, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if constexpr (Bilinear)
      tf::upsample_bilinear2d_into(std::get<0>(views), x, size, align_corners, ctx);
    else
      tf::upsample_nearest2d_into(std::get<0>(views), x, size, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context& ctx) const {
    if constexpr (Bilinear)
      require_interpolated(x, std::get<0>(got), std::get<0>(expected));
    else
      exact_call::compare(got, expected, ctx);
  }
};

template <class T, class Size>
void check_upsample(round& r, const tf::tensor_view<const T>& x, const Size& size, bool bilinear) {
  if (bilinear)
    check(r, upsample_call<T, Size, true>{{}, x, size, r.random.one_in(2)});
  else
    check(r, upsample_call<T, Size, false>{{}, x, size, false});
}

}  // namespace

void upsample2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_planes(random, 30, seldom);
  const bool bilinear = random.one_in(2);
  const hw in = s.size() >= 2 ? hw{s[s.size() - 2], s[s.size() - 1]} : hw(1);
  const double factor = draw_scale(random, seldom);
  const tf::scale scale(factor, draw_scale(random, seldom));
  const hw size =
      random.one_in(3) ? hw{2 * in.h, 2 * in.w} : hw{random.setting(1, 60, seldom), random.setting(1, 60, seldom)};
  const bool scaled = random.one_in(2);
  with_element_type(random, [&]<class T>() {
    // Bilinear means of NaN and infinities follow the weights of 0.
    const values kind = bilinear ? random.pick({values::small, values::any}) : draw_kind(random);
    const input<T> x(random, draw_values<T>(random, s, kind));
    r.tell("element of ", sizeof(T), " bytes, input ", s, bilinear ? ", bilinear" : ", nearest");
    if (scaled) {
      r.tell(", scale ", scale.h, " ", scale.w);
      check_upsample(r, x.view(), scale, bilinear);
    } else {
      r.tell(", size ", size.h, " ", size.w);
      check_upsample(r, x.view(), size, bilinear);
    }
  });
}

// ---- one dimension: the references of two, of images of one row, behind the checks of one

namespace {

shape draw_rows(random_source& random, index_t most, index_t seldom) {
  const index_t c = random.one_in(seldom) ? 0 : random.between(1, 9), in = random.size(most);
  if (random.one_in(4 * seldom)) return {in};
  if (random.one_in(6)) return {c, in};
  return {random.between(0, 3), c, in};
}

template <class T>
struct max_pool1d_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>, tf::tensor<index_t>>;
  tf::tensor_view<const T> x;
  tf::pool1d_options o;

  std::vector<shape> shapes() const {
    const shape s = tf::max_pool1d_output_shape(x.shape(), o);
    return {s, s};
  }
  bool is_computable() const { return o.kernel_size < 1000 && o.padding < 1000; }
  outputs expected() const {
    (void)shapes();
    const auto r = tf::reference::max_pool2d_with_indices(one_row(x), tf::detail::in_two_dimensions(o));
    return {of_one_row(r.values), of_one_row(r.indices)};
  }
  outputs plain(const tf::context& ctx) const {
    const auto values = tf::max_pool1d(x, o, ctx);
    auto r = tf::max_pool1d_with_indices(x, o, ctx);
    require(same_bits(values, r.values), "max_pool1d without indices");
    return {std::move(r.values), std::move(r.indices)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::max_pool1d_into(std::get<0>(views), x, o, ctx);
    tf::max_pool1d_with_indices_into(std::get<0>(views), std::get<1>(views), x, o, ctx);
  }
};

template <class T>
struct max_unpool1d_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  tf::tensor_view<const index_t> at;
  tf::unpool1d_options o;

  bool knows_all() const { return false; }
  std::vector<shape> shapes() const { return {tf::max_unpool1d_output_shape(x.shape(), o)}; }
  outputs expected() const {
    using namespace tf::detail;
    check_max_unpool1d(x.shape(), at.shape(), o);
    const tf::tensor_view<const T> columns(x.data(), as_columns(x.shape()));
    const tf::tensor_view<const index_t> places(at.data(), as_columns(at.shape()));
    const auto y = tf::reference::max_unpool2d(columns, places, as_columns(o));
    return {tf::tensor<T>(of_columns(y.shape()), y.data())};
  }
  outputs plain(const tf::context& ctx) const { return {tf::max_unpool1d(x, at, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::max_unpool1d_into(std::get<0>(views), x, at, o, ctx);
  }
  index_t workspace_bytes(const tf::context& ctx) const { return tf::max_unpool1d_workspace_bytes(x, at, o, ctx); }
};

enum class mode1d { nearest, exact, linear };

template <class T, class Size>
struct upsample1d_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  Size size;
  mode1d mode;
  bool align_corners;

  std::vector<shape> shapes() const { return {tf::upsample1d_output_shape(x.shape(), size)}; }
  outputs expected() const {
    const index_t length = shapes()[0][2];
    if constexpr (std::same_as<Size, tf::scale>)
      return {of_one_row(in_two(tf::scale(1, size.w)))};
    else
      return {of_one_row(in_two(hw{1, length}))};
  }
  template <class Two>
  tf::tensor<T> in_two(const Two& two) const {
    if (mode == mode1d::linear) return tf::reference::upsample_bilinear2d(one_row(x), two, align_corners);
    return mode == mode1d::exact ? tf::reference::upsample_nearest_exact2d(one_row(x), two)
                                 : tf::reference::upsample_nearest2d(one_row(x), two);
  }
  outputs plain(const tf::context& ctx) const {
    if (mode == mode1d::linear) return {tf::upsample_linear1d(x, size, align_corners, ctx)};
    return {mode == mode1d::exact ? tf::upsample_nearest_exact1d(x, size, ctx) : tf::upsample_nearest1d(x, size, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if (mode == mode1d::linear)
      tf::upsample_linear1d_into(std::get<0>(views), x, size, align_corners, ctx);
    else if (mode == mode1d::exact)
      tf::upsample_nearest_exact1d_into(std::get<0>(views), x, size, ctx);
    else
      tf::upsample_nearest1d_into(std::get<0>(views), x, size, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context& ctx) const {
    if (mode == mode1d::linear)
      require_interpolated(x, std::get<0>(got), std::get<0>(expected));
    else
      exact_call::compare(got, expected, ctx);
  }
};

}  // namespace

void max_pool1d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_rows(random, 300, seldom);
  tf::pool1d_options o{.kernel_size = random.setting(1, 7, seldom)};
  if (random.one_in(2)) o.stride = random.setting(1, 5, seldom);
  if (random.one_in(2)) o.padding = random.setting(0, std::clamp<index_t>(o.kernel_size / 2, 0, 9), seldom);
  if (random.one_in(3)) o.dilation = random.setting(1, 4, seldom);
  o.ceil_mode = random.one_in(2);
  with_element_type(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, draw_kind(random)));
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", kernel_size ", o.kernel_size, ", stride ", o.stride,
           ", padding ", o.padding, ", dilation ", o.dilation, ", ceil_mode ", o.ceil_mode);
    check(r, max_pool1d_call<T>{{}, x.view(), o});
  });
}

void max_unpool1d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_rows(random, 100, seldom);
  tf::unpool1d_options o{.kernel_size = random.setting(1, 4, seldom)};
  if (random.one_in(3)) o.stride = random.setting(1, 4, seldom);
  if (random.one_in(4)) o.padding = random.setting(0, 1, seldom);
  o.duplicates = random.pick({tf::unpool_duplicates::last, tf::unpool_duplicates::last, tf::unpool_duplicates::first,
                              tf::unpool_duplicates::max, tf::unpool_duplicates::sum, tf::unpool_duplicates::error});
  index_t length = 1;
  const auto find_length = [&] {
    const shape out = tf::max_unpool1d_output_shape(s, o);
    length = out[out.size() - 1];
  };
  std::string ignored = error_of(find_length);
  if (random.one_in(2)) o.output_size = length > 1 << 20 ? length : length + random.between(-1, 2);
  ignored = error_of(find_length);
  const index_t volume = is_small({shape{length}}) ? std::max<index_t>(1, length) : 1;
  const bool wild = random.one_in(6), all_different = random.one_in(2);
  with_element_type(random, [&]<class T>() {
    const auto x_values = draw_values<T>(random, s, draw_kind(random));
    shape at_shape = s;
    if (random.one_in(4 * seldom)) at_shape[0] += 1;
    tf::tensor<index_t> places(at_shape);
    const index_t row = std::max<index_t>(1, s[s.size() - 1]);
    for (index_t i = 0; i < places.size(); ++i) {
      places.data()[i] = all_different ? i % row % volume : random.between(0, volume - 1);
      if (wild && random.one_in(40)) places.data()[i] = random.one_in(2) ? volume : random.hostile();
    }
    const input<T> x(random, x_values);
    const input<index_t> at(random, places);
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", kernel_size ", o.kernel_size, ", stride ", o.stride,
           ", padding ", o.padding, ", duplicates ", static_cast<int>(o.duplicates));
    if (o.output_size) r.tell(", output_size ", *o.output_size);
    check(r, max_unpool1d_call<T>{{}, x.view(), at.view(), o});
  });
}

void upsample1d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  const shape s = draw_rows(random, 150, seldom);
  const auto mode = random.pick({mode1d::nearest, mode1d::exact, mode1d::linear, mode1d::linear});
  const tf::scale scale(draw_scale(random, seldom));
  const index_t size = random.one_in(3) && !s.empty() ? 2 * s[s.size() - 1] : random.setting(1, 400, seldom);
  const bool scaled = random.one_in(2), align_corners = random.one_in(2);
  with_element_type(random, [&]<class T>() {
    const values kind = mode == mode1d::linear ? random.pick({values::small, values::any}) : draw_kind(random);
    const input<T> x(random, draw_values<T>(random, s, kind));
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", mode ", static_cast<int>(mode), " ", align_corners);
    if (scaled) {
      r.tell(", scale ", scale.w);
      check(r, upsample1d_call<T, tf::scale>{{}, x.view(), scale, mode, align_corners});
    } else {
      r.tell(", size ", size);
      check(r, upsample1d_call<T, index_t>{{}, x.view(), size, mode, align_corners});
    }
  });
}

// ---- grid_sample

namespace {

template <class T>
struct grid_sample_call : exact_call {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x, grid;
  tf::grid_sample_options o;
  bool exact;

  std::vector<shape> shapes() const { return {tf::grid_sample_output_shape(x.shape(), grid.shape(), o)}; }
  outputs expected() const { return {tf::reference::grid_sample(x, grid, o)}; }
  outputs plain(const tf::context& ctx) const { return {tf::grid_sample(x, grid, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::grid_sample_into(std::get<0>(views), x, grid, o, ctx);
  }
  /// grid_sample_test.cpp derives the bound, for places below 4 sizes and numbers up to 1.
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
    const double bound = exact ? 0 : 2 * u * (2 * 48 * static_cast<double>(std::max(x.shape()[2], x.shape()[3])) + 8);
    require(tenfold_test::compare(
                std::get<0>(got), std::get<0>(expected),
                [&](T g, T e, index_t) { return std::abs(static_cast<double>(g) - static_cast<double>(e)) <= bound; }),
            "grid_sample");
  }
};

/// At exact places, where all sums are.
template <class T>
struct grid_sample_backward_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<T>, tf::tensor<T>>;
  tf::tensor_view<const T> dy, x, grid;
  tf::grid_sample_options o;
  tf::grid_sample_wanted wanted;

  index_t workspace_bytes(const tf::context&) const { return 0; }
  std::vector<shape> shapes() const {
    tf::detail::check_grid_sample_backward(dy.shape(), x.shape(), grid.shape(), o);
    return {wanted.input ? x.shape() : shape{0}, wanted.grid ? grid.shape() : shape{0}};
  }
  outputs expected() const {
    const auto all = tf::reference::grid_sample_backward(dy, x, grid, o);
    return {wanted.input ? all.grad_input : tf::tensor<T>(shape{0}),
            wanted.grid ? all.grad_grid : tf::tensor<T>(shape{0})};
  }
  outputs plain(const tf::context& ctx) const {
    auto all = tf::grid_sample_backward(dy, x, grid, o, wanted, ctx);
    return {std::move(all.grad_input), std::move(all.grad_grid)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::grid_sample_backward_into(std::get<0>(views), std::get<1>(views), dy, x, grid, o, wanted, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require(equal(std::get<0>(got), std::get<0>(expected)), "grid_sample_backward, grad_input");
    require(equal(std::get<1>(got), std::get<1>(expected)), "grid_sample_backward, grad_grid");
  }
};

template <class T>
void check_grid_sample(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  tf::grid_sample_options o;
  o.mode = random.pick({tf::grid_mode::bilinear, tf::grid_mode::nearest});
  o.padding_mode = random.pick({tf::grid_padding::zeros, tf::grid_padding::border, tf::grid_padding::reflection});
  o.align_corners = random.one_in(2);
  // Of sizes that are powers of two, or one more where corners are aligned, sixteenths are exact places.
  const bool exact = o.mode == tf::grid_mode::nearest || random.one_in(2);
  const auto size = [&] {
    if (random.one_in(8 * seldom)) return index_t{0};
    if (!exact) return std::max<index_t>(1, random.size(40));
    return (index_t{1} << random.between(o.align_corners ? 0 : 1, 4)) + (o.align_corners ? 1 : 0);
  };
  const index_t batch = random.between(0, 2), channels = random.between(0, 4);
  shape s{batch, channels, size(), size()};
  if (random.one_in(4 * seldom)) s = {batch, channels, size()};
  const shape places{random.one_in(8 * seldom) ? batch + 1 : batch, random.size(9), random.size(150),
                     random.one_in(8 * seldom) ? 3 : 2};
  auto numbers = exact ? small_integers<T>(places, random.seed(), 40) : random_tensor<T>(places, random.seed());
  for (index_t i = 0; i < numbers.size(); ++i)
    numbers.data()[i] = exact ? numbers.data()[i] / 16 : numbers.data()[i] * 3;
  const input<T> grid(random, numbers);
  const input<T> x(random, draw_values<T>(random, s, exact ? values::small : values::any));
  r.tell("element of ", sizeof(T), " bytes, input ", s, ", grid ", places, ", mode ", static_cast<int>(o.mode),
         ", padding_mode ", static_cast<int>(o.padding_mode), ", align_corners ", o.align_corners,
         exact ? ", exact" : "");
  if (!exact || random.one_in(2)) return check(r, grid_sample_call<T>{{}, x.view(), grid.view(), o, exact});
  shape y{batch, channels, places[1], places[2]};
  if (random.one_in(4 * seldom)) y = {batch, channels, places[1]};
  const input<T> dy(random, draw_values<T>(random, y, values::small));
  tf::grid_sample_wanted wanted;
  if (random.one_in(3)) wanted = {random.one_in(2), random.one_in(2)};
  check(r, grid_sample_backward_call<T>{{}, dy.view(), x.view(), grid.view(), o, wanted});
}

}  // namespace

void grid_sample(round& r) {
  if (r.random.one_in(3)) return check_grid_sample<double>(r);
  check_grid_sample<float>(r);
}

}  // namespace tenfold_fuzz
