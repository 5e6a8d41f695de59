// Random calls of average pooling, sums, softmax, the normalisations and linear.
#include "fuzz.hpp"

#include <tenfold/pool1d.hpp>
#include <tenfold/reference.hpp>

namespace tenfold_fuzz {

namespace {

/// One floating-point output, within a bound: `terms` roundings of the magnitudes of what is added up.
template <class T>
struct rounded_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<T>>;
  index_t workspace_bytes(const tf::context&) const { return 0; }
};

template <class T>
void require_near(const tf::tensor<T>& got, const tf::tensor<T>& expected, const tf::tensor<double>& magnitude,
                  index_t terms, const char* what) {
  // The reference's double is rounded to T, which the bound of one term more pays.
  require(within_rounding(got, to_double(expected), magnitude, terms + 1), what);
}

template <class T>
struct avg_pool2d_call : rounded_call<T> {
  using typename rounded_call<T>::outputs;
  tf::tensor_view<const T> x;
  tf::avg_pool2d_options o;

  bool is_computable() const { return o.kernel_size.h < 100 && o.kernel_size.w < 100; }
  std::vector<shape> shapes() const { return {tf::avg_pool2d_output_shape(x.shape(), o)}; }
  outputs expected() const { return {tf::reference::avg_pool2d(x, o)}; }
  outputs plain(const tf::context& ctx) const { return {tf::avg_pool2d(x, o, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::avg_pool2d_into(std::get<0>(views), x, o, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    auto absolute = o;
    if (o.divisor_override && *o.divisor_override < 0)
      absolute.divisor_override = *o.divisor_override == INT64_MIN ? INT64_MAX : -*o.divisor_override;
    require_near(std::get<0>(got), std::get<0>(expected), tf::reference::avg_pool2d(magnitudes(x), absolute),
                 o.kernel_size.h * o.kernel_size.w + 1, "avg_pool2d");
  }
};

template <class T>
struct adaptive_call : rounded_call<T> {
  using typename rounded_call<T>::outputs;
  tf::tensor_view<const T> x;
  hw size;

  std::vector<shape> shapes() const { return {tf::adaptive_avg_pool2d_output_shape(x.shape(), size)}; }
  outputs expected() const { return {tf::reference::adaptive_avg_pool2d(x, size)}; }
  outputs plain(const tf::context& ctx) const { return {tf::adaptive_avg_pool2d(x, size, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::adaptive_avg_pool2d_into(std::get<0>(views), x, size, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require_near(std::get<0>(got), std::get<0>(expected), tf::reference::adaptive_avg_pool2d(magnitudes(x), size),
                 x.size() + 2, "adaptive_avg_pool2d");
  }
};

/// avg_pool1d, or adaptive_avg_pool1d to a length: the references of two dimensions behind the checks of one.
template <class T>
struct avg_pool1d_call : rounded_call<T> {
  using typename rounded_call<T>::outputs;
  tf::tensor_view<const T> x;
  tf::avg_pool1d_options o;
  std::optional<index_t> length;

  bool is_computable() const { return length || o.kernel_size < 1000; }
  std::vector<shape> shapes() const {
    return {length ? tf::adaptive_avg_pool1d_output_shape(x.shape(), *length)
                   : tf::avg_pool1d_output_shape(x.shape(), o)};
  }
  template <class Y>
  auto in_two(const Y& rows) const {
    return length ? tf::reference::adaptive_avg_pool2d(rows, hw{1, *length})
                  : tf::reference::avg_pool2d(rows, tf::detail::in_two_dimensions(o));
  }
  outputs expected() const {
    (void)shapes();
    return {of_one_row(in_two(one_row(x)))};
  }
  outputs plain(const tf::context& ctx) const {
    return {length ? tf::adaptive_avg_pool1d(x, *length, ctx) : tf::avg_pool1d(x, o, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if (length)
      tf::adaptive_avg_pool1d_into(std::get<0>(views), x, *length, ctx);
    else
      tf::avg_pool1d_into(std::get<0>(views), x, o, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require_near(std::get<0>(got), std::get<0>(expected), of_one_row(in_two(magnitudes(one_row(x)))), x.size() + 2,
                 "avg_pool1d");
  }
};

template <class T, bool Mean>
struct sum_call : rounded_call<T> {
  using typename rounded_call<T>::outputs;
  tf::tensor_view<const T> x;
  std::vector<index_t> numbers;
  bool keepdim;

  tf::dim_list dims() const { return tf::dim_list(std::span<const index_t>(numbers)); }
  std::vector<shape> shapes() const { return {tf::sum_output_shape(x.shape(), dims(), keepdim)}; }
  outputs expected() const {
    if constexpr (Mean) return {tf::reference::mean(x, dims(), keepdim)};
    return {tf::reference::sum(x, dims(), keepdim)};
  }
  outputs plain(const tf::context& ctx) const {
    if constexpr (Mean) return {tf::mean(x, dims(), keepdim, ctx)};
    return {tf::sum(x, dims(), keepdim, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if constexpr (Mean)
      tf::mean_into(std::get<0>(views), x, dims(), keepdim, ctx);
    else
      tf::sum_into(std::get<0>(views), x, dims(), keepdim, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    const auto magnitude =
        Mean ? tf::reference::mean(magnitudes(x), dims(), keepdim) : tf::reference::sum(magnitudes(x), dims(), keepdim);
    require_near(std::get<0>(got), std::get<0>(expected), magnitude, x.size() + 1, "sum or mean");
  }
};

template <class T>
struct argmax_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<index_t>>;
  tf::tensor_view<const T> x;
  std::optional<index_t> dim;
  bool keepdim;

  index_t workspace_bytes(const tf::context&) const { return 0; }
  std::vector<shape> shapes() const { return {tf::argmax_output_shape(x.shape(), dim, keepdim)}; }
  outputs expected() const { return {tf::reference::argmax(x, dim, keepdim)}; }
  outputs plain(const tf::context& ctx) const { return {tf::argmax(x, dim, keepdim, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::argmax_into(std::get<0>(views), x, dim, keepdim, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require_same_bits(got, expected, "argmax");
  }
};

template <class T, bool Log>
struct softmax_call : rounded_call<T> {
  using typename rounded_call<T>::outputs;
  tf::tensor_view<const T> x;
  index_t dim;

  std::vector<shape> shapes() const { return {tf::softmax_output_shape(x.shape(), dim)}; }
  outputs expected() const {
    if constexpr (Log) return {tf::reference::log_softmax(x, dim)};
    return {tf::reference::softmax(x, dim)};
  }
  outputs plain(const tf::context& ctx) const {
    if constexpr (Log) return {tf::log_softmax(x, dim, ctx)};
    return {tf::softmax(x, dim, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if constexpr (Log)
      tf::log_softmax_into(std::get<0>(views), x, dim, ctx);
    else
      tf::softmax_into(std::get<0>(views), x, dim, ctx);
  }
  /// softmax.hpp's bounds, with as many terms as elements and inputs that lie at most 2 apart.
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()), n = static_cast<double>(x.size());
    require(tenfold_test::compare(std::get<0>(got), std::get<0>(expected),
                                  [&](T g, T e, index_t) {
                                    const double v = static_cast<double>(e);
                                    if (!std::isfinite(v)) return same_value(g, e, zeros::equal);
                                    const double scale = Log ? 1 + std::abs(v) : v;
                                    return std::abs(static_cast<double>(g) - v) <=
                                           u * scale * (20 + 10 * std::log(n + 1) + n);
                                  }),
            "softmax");
  }
};

template <class T>
struct layer_norm_call : rounded_call<T> {
  using typename rounded_call<T>::outputs;
  tf::tensor_view<const T> x;
  shape normalized;
  index_t groups;  // of group_norm, or 0

  std::vector<shape> shapes() const {
    if (groups == 0)
      tf::detail::check_layer_norm(x.shape(), normalized, {}, {});
    else
      tf::detail::check_group_norm(x.shape(), groups, {}, {});
    return {x.shape()};
  }
  outputs expected() const {
    return {groups == 0 ? tf::reference::layer_norm(x, normalized, 1.0) : tf::reference::group_norm(x, groups, 1.0)};
  }
  outputs plain(const tf::context& ctx) const {
    return {groups == 0 ? tf::layer_norm(x, normalized, 1.0, ctx) : tf::group_norm(x, groups, 1.0, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if (groups == 0)
      tf::layer_norm_into(std::get<0>(views), x, normalized, 1.0, ctx);
    else
      tf::group_norm_into(std::get<0>(views), x, groups, 1.0, ctx);
  }
  /// Of numbers up to 4 with an eps of 1: normalization.hpp's errors are a few roundings of 4, and of a sum.
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require_near(std::get<0>(got), std::get<0>(expected), filled<double>(x.shape(), 64), 80, "normalisation");
  }
};

/// The gradients of layer_norm, group_norm and layer_norm2d, with weights of about 1.
template <class T>
struct norm_backward_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<T>, tf::tensor<T>, tf::tensor<T>>;
  tf::tensor_view<const T> dy, x, w;
  shape normalized;
  index_t groups;  // of group_norm; 0: layer_norm, -1: layer_norm2d

  static outputs tuple_of(const tf::normalization_gradients<T>& g) {
    return {g.grad_input, g.grad_weight, g.grad_bias};
  }
  index_t workspace_bytes(const tf::context& ctx) const {
    if (groups < 0) return tf::layer_norm2d_backward_workspace_bytes(x, {}, ctx);
    return groups == 0 ? tf::layer_norm_backward_workspace_bytes(x, normalized, {}, ctx)
                       : tf::group_norm_backward_workspace_bytes(x, groups, {}, ctx);
  }
  std::vector<shape> shapes() const {
    if (groups < 0)
      tf::detail::check_layer_norm2d(x.shape(), w.shape(), {});
    else if (groups == 0)
      tf::detail::check_layer_norm(x.shape(), normalized, w.shape(), {});
    else
      tf::detail::check_group_norm(x.shape(), groups, w.shape(), {});
    return {x.shape(), w.shape(), w.shape()};
  }
  outputs expected() const {
    if (groups < 0) return tuple_of(tf::reference::layer_norm2d_backward(dy, x, w, 1.0));
    return tuple_of(groups == 0 ? tf::reference::layer_norm_backward(dy, x, normalized, w, 1.0)
                                : tf::reference::group_norm_backward(dy, x, groups, w, 1.0));
  }
  outputs plain(const tf::context& ctx) const {
    if (groups < 0) return tuple_of(tf::layer_norm2d_backward(dy, x, w, 1.0, {}, ctx));
    return tuple_of(groups == 0 ? tf::layer_norm_backward(dy, x, normalized, w, 1.0, {}, ctx)
                                : tf::group_norm_backward(dy, x, groups, w, 1.0, {}, ctx));
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    const auto& [dx, dw, db] = views;
    if (groups < 0)
      tf::layer_norm2d_backward_into(dx, dw, db, dy, x, w, 1.0, {}, ctx);
    else if (groups == 0)
      tf::layer_norm_backward_into(dx, dw, db, dy, x, normalized, w, 1.0, {}, ctx);
    else
      tf::group_norm_backward_into(dx, dw, db, dy, x, groups, w, 1.0, {}, ctx);
  }
  /// Of numbers up to 4 with an eps of 1, |xh| <= 8 and grad_input's parts are at most 16 (2 + 8); an element of a
  /// weight's gradient has at most as many terms as the input elements.
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    const double terms = static_cast<double>(std::max<index_t>(x.size() / std::max<index_t>(w.size(), 1), 1));
    require_near(std::get<0>(got), std::get<0>(expected), filled<double>(x.shape(), 160), 160, "a norm's gradient");
    for (const auto& [g, e] :
         {std::pair(&std::get<1>(got), &std::get<1>(expected)), std::pair(&std::get<2>(got), &std::get<2>(expected))})
      require_near(*g, *e, filled<double>(w.shape(), 32 * terms), 200, "the gradient of a norm's weight");
  }
};

template <class T>
struct linear_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x, weight, bias;

  bool workspace_bytes_checks() const { return false; }
  index_t workspace_bytes(const tf::context& ctx) const { return tf::linear_workspace_bytes(x, weight, ctx); }
  std::vector<shape> shapes() const { return {tf::linear_output_shape(x.shape(), weight.shape(), bias.shape())}; }
  outputs expected() const { return {tf::reference::linear(x, weight, bias)}; }
  outputs plain(const tf::context& ctx) const { return {tf::linear(x, weight, bias, ctx)}; }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    tf::linear_into(std::get<0>(views), x, weight, bias, ctx);
  }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require(equal(std::get<0>(got), std::get<0>(expected)), "linear");
  }
};

shape draw_shape(random_source& random) {
  index_t sizes[4];
  const auto rank = static_cast<std::size_t>(random.between(0, 4));
  for (index_t& size : sizes) size = random.size(rank > 2 ? 12 : 70);
  return shape(std::span<const index_t>(sizes, rank));
}

template <class Run>
void with_floats(random_source& random, const Run& run) {
  if (random.one_in(3)) return run.template operator()<double>();
  run.template operator()<float>();
}

}  // namespace

void avg_pool2d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  shape s{random.between(0, 3), random.one_in(seldom) ? 0 : random.between(1, 5), random.size(40), random.size(40)};
  if (random.one_in(6)) s = {s[1], s[2], s[3]};
  if (random.one_in(4 * seldom)) s = {s[1], s[2]};
  const hw kernel = random.pair(1, 4, seldom);
  tf::avg_pool2d_options o{.kernel_size = kernel};
  if (random.one_in(2)) o.stride = random.pair(1, 4, seldom);
  if (random.one_in(2))
    o.padding = random.pair(
        0, std::min<index_t>(std::clamp<index_t>(kernel.h, 0, 9), std::clamp<index_t>(kernel.w, 0, 9)) / 2, seldom);
  o.ceil_mode = random.one_in(2);
  o.count_include_pad = random.one_in(2);
  if (random.one_in(4)) o.divisor_override = random.setting(1, 9, 4);
  const hw size{random.setting(0, 12, seldom), random.setting(0, 12, seldom)};
  with_floats(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, random.pick({values::small, values::any})));
    r.tell("element of ", sizeof(T), " bytes, input ", s);
    if (random.one_in(3)) {
      r.tell(", adaptive to ", size.h, " ", size.w);
      return check(r, adaptive_call<T>{{}, x.view(), random.one_in(4) ? hw(1) : size});
    }
    r.tell(", kernel ", o.kernel_size.h, " ", o.kernel_size.w, " stride ", o.stride.h, " ", o.stride.w, " padding ",
           o.padding.h, " ", o.padding.w, o.ceil_mode ? " ceil" : "", o.count_include_pad ? "" : " uncounted",
           " divisor ", o.divisor_override.value_or(0));
    check(r, avg_pool2d_call<T>{{}, x.view(), o});
  });
}

void avg_pool1d(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(6) ? 4 : 400;
  shape s{random.between(0, 3), random.one_in(seldom) ? 0 : random.between(1, 9), random.size(200)};
  if (random.one_in(6)) s = {s[1], s[2]};
  if (random.one_in(4 * seldom)) s = {s[1]};
  tf::avg_pool1d_options o{.kernel_size = random.setting(1, 7, seldom)};
  if (random.one_in(2)) o.stride = random.setting(1, 4, seldom);
  if (random.one_in(2)) o.padding = random.setting(0, std::clamp<index_t>(o.kernel_size, 0, 9) / 2, seldom);
  o.ceil_mode = random.one_in(2);
  o.count_include_pad = random.one_in(2);
  std::optional<index_t> length;
  if (random.one_in(3)) length = random.setting(0, 40, seldom);
  with_floats(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, random.pick({values::small, values::any})));
    r.tell("element of ", sizeof(T), " bytes, input ", s);
    if (length)
      r.tell(", adaptive to ", *length);
    else
      r.tell(", kernel ", o.kernel_size, " stride ", o.stride, " padding ", o.padding, o.ceil_mode ? " ceil" : "",
             o.count_include_pad ? "" : " uncounted");
    check(r, avg_pool1d_call<T>{{}, x.view(), o, length});
  });
}

void reductions(round& r) {
  random_source& random = r.random;
  const shape s = draw_shape(random);
  const auto rank = static_cast<index_t>(s.size());
  const auto draw_dim = [&] { return random.setting(-rank, std::max<index_t>(rank - 1, 0), 20); };
  std::vector<index_t> dims;
  for (index_t i = random.between(0, rank); i > 0; --i) dims.push_back(draw_dim());
  const index_t dim = draw_dim();
  const bool keepdim = random.one_in(2);
  const index_t kind = random.between(0, 3);
  r.tell("input ", s, ", kind ", kind, ", dim ", dim, keepdim ? ", keepdim, dims" : ", dims");
  for (const index_t d : dims) r.tell(" ", d);
  if (kind == 3)
    return with_element_type(random, [&]<class T>() {
      const input<T> x(random, draw_values<T>(random, s, random.pick({values::small, values::any, values::special})));
      std::optional<index_t> along;
      if (!random.one_in(4)) along = dim;
      check(r, argmax_call<T>{{}, x.view(), along, keepdim});
    });
  with_floats(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, random.pick({values::small, values::any})));
    if (kind == 0) return check(r, sum_call<T, false>{{}, x.view(), dims, keepdim});
    if (kind == 1) return check(r, sum_call<T, true>{{}, x.view(), dims, keepdim});
    if (random.one_in(2)) return check(r, softmax_call<T, false>{{}, x.view(), dim});
    check(r, softmax_call<T, true>{{}, x.view(), dim});
  });
}

void normalizations(round& r) {
  random_source& random = r.random;
  const shape s = draw_shape(random);
  const auto last = static_cast<std::size_t>(random.between(random.one_in(20) ? 0 : 1, 3));
  shape normalized = last <= s.size() ? shape(std::span<const index_t>(s.end() - last, last)) : shape{3};
  if (random.one_in(20)) normalized = {random.size(9)};
  const index_t groups = random.one_in(2) ? 0 : random.setting(1, 4, 20);
  r.tell("input ", s, ", normalized ", normalized, ", groups ", groups);
  with_floats(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, random.pick({values::small, values::any})));
    if (random.one_in(2)) return check(r, layer_norm_call<T>{{}, x.view(), normalized, groups});
    const index_t of = random.one_in(3) ? -1 : groups;
    const std::size_t channel = of < 0 && s.size() == 3 ? 0 : 1;
    const shape weight = of == 0 ? normalized : shape{channel < s.size() ? s[channel] : 1};
    const input<T> dy(random, draw_values<T>(random, s, values::any)),
        w(random, draw_values<T>(random, weight, values::any));
    check(r,
          norm_backward_call<T>{{}, dy.view(), x.view(), w.view(), normalized, of < 0 ? -1 : std::max<index_t>(of, 0)});
  });
}

void linear(round& r) {
  random_source& random = r.random;
  const index_t k = random.size(60), n = random.size(60);
  shape s{random.size(40), random.one_in(30) ? random.size(9) : k};
  if (random.one_in(3)) s = {random.size(5), random.size(6), s[1]};
  if (random.one_in(6)) s = {s[s.size() - 1]};
  with_element_type(random, [&]<class T>() {
    const input<T> x(random, draw_values<T>(random, s, values::small)),
        w(random, draw_values<T>(random, {n, k}, values::small)),
        b(random, draw_values<T>(random,
                                 {random.one_in(9)    ? 1
                                  : random.one_in(30) ? n + 1
                                                      : n},
                                 values::small));
    r.tell("element of ", sizeof(T), " bytes, input ", s, ", weight ", w.view().shape(), ", bias ", b.view().shape());
    check(r, linear_call<T>{{}, x.view(), w.view(), b.view()});
  });
}

}  // namespace tenfold_fuzz
