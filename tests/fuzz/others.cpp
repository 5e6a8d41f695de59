// Random calls of the elementwise operations, gemm, fold_batch_norm and ONNX's pads.
#include "fuzz.hpp"

#include <tenfold/batch_norm.hpp>
#include <tenfold/onnx.hpp>
#include <tenfold/reference.hpp>

namespace tenfold_fuzz {

namespace {

template <class T, bool Sigmoid>
struct elementwise_call : call_of_shapes {
  using R = std::conditional_t<Sigmoid, tf::sigmoid_element<T>, T>;
  using outputs = std::tuple<tf::tensor<R>>;
  tf::tensor_view<const T> x;

  std::vector<shape> shapes() const { return {x.shape()}; }
  outputs expected() const {
    if constexpr (Sigmoid)
      return {tf::reference::sigmoid(x)};
    else
      return {tf::reference::relu(x)};
  }
  outputs plain(const tf::context& ctx) const {
    if constexpr (Sigmoid)
      return {tf::sigmoid(x, ctx)};
    else
      return {tf::relu(x, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if constexpr (Sigmoid)
      tf::sigmoid_into(std::get<0>(views), x, ctx);
    else
      tf::relu_into(std::get<0>(views), x, ctx);
  }
  index_t workspace_bytes(const tf::context&) const { return 0; }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    if constexpr (!Sigmoid) return require(same_bits(std::get<0>(got), std::get<0>(expected)), "relu");
    // 2 units in the last place are promised; the reference rounds once, and in double has errors of its own.
    require(tenfold_test::compare(std::get<0>(got), std::get<0>(expected),
                                  [](R g, R e, index_t) {
                                    if (std::isnan(e)) return std::isnan(g);
                                    const double unit = static_cast<double>(std::numeric_limits<R>::epsilon());
                                    const double v = static_cast<double>(e);
                                    return std::abs(static_cast<double>(g) - v) <=
                                           4 * unit * v + static_cast<double>(std::numeric_limits<R>::min());
                                  }),
            "sigmoid");
  }
};

}  // namespace

void elementwise(round& r) {
  random_source& random = r.random;
  shape s{random.size(300)};
  if (random.one_in(3)) s = {random.size(20), random.size(40)};
  if (random.one_in(20)) s = {random.between(60000, 131072)};
  if (random.one_in(20)) s = shape{};
  const bool is_sigmoid = random.one_in(2);
  with_element_type(random, [&]<class T>() {
    const auto kind = random.pick({values::small, values::any, values::special});
    const auto drawn = draw_values<T>(random, s, kind);
    const input<T> x(random, drawn);
    r.tell("element of ", sizeof(T), " bytes, input ", s, is_sigmoid ? ", sigmoid" : ", relu");
    if (is_sigmoid) return check(r, elementwise_call<T, true>{{}, x.view()});
    check(r, elementwise_call<T, false>{{}, x.view()});
    guarded<T> place(random, s.elements());
    if (s.elements() > 0) std::memcpy(place.data(), drawn.data(), static_cast<std::size_t>(s.elements()) * sizeof(T));
    const tf::tensor_view<T> in_place(place.data(), s);
    tf::relu_into(in_place, in_place, r.context());
    require(same_bits(in_place, tf::reference::relu(drawn)), "relu in place");
    if (!place.is_untouched_around()) throw failure{"relu in place wrote outside"};
  });
}

// ---- arithmetic

namespace {

enum class arithmetic_function { add, sub, mul, div };

template <class T, arithmetic_function F>
struct arithmetic_call : call_of_shapes {
  using R = std::conditional_t<F == arithmetic_function::div, tf::div_element<T>, T>;
  using outputs = std::tuple<tf::tensor<R>>;
  tf::tensor_view<const T> a, b;

  std::vector<shape> shapes() const { return {tf::add_output_shape(a.shape(), b.shape())}; }
  outputs expected() const {
    if constexpr (F == arithmetic_function::add) return {tf::reference::add(a, b)};
    if constexpr (F == arithmetic_function::sub) return {tf::reference::sub(a, b)};
    if constexpr (F == arithmetic_function::mul) return {tf::reference::mul(a, b)};
    if constexpr (F == arithmetic_function::div) return {tf::reference::div(a, b)};
  }
  outputs plain(const tf::context& ctx) const {
    if constexpr (F == arithmetic_function::add) return {tf::add(a, b, ctx)};
    if constexpr (F == arithmetic_function::sub) return {tf::sub(a, b, ctx)};
    if constexpr (F == arithmetic_function::mul) return {tf::mul(a, b, ctx)};
    if constexpr (F == arithmetic_function::div) return {tf::div(a, b, ctx)};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    if constexpr (F == arithmetic_function::add) tf::add_into(std::get<0>(views), a, b, ctx);
    if constexpr (F == arithmetic_function::sub) tf::sub_into(std::get<0>(views), a, b, ctx);
    if constexpr (F == arithmetic_function::mul) tf::mul_into(std::get<0>(views), a, b, ctx);
    if constexpr (F == arithmetic_function::div) tf::div_into(std::get<0>(views), a, b, ctx);
  }
  index_t workspace_bytes(const tf::context&) const { return 0; }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    require(same_bits(std::get<0>(got), std::get<0>(expected)), "arithmetic");
  }
};

/// Two shapes that broadcast, but now and then.
std::pair<shape, shape> broadcasting_shapes(random_source& random) {
  const index_t rank = random.between(0, 8);
  const auto most = rank <= 2 ? index_t{300} : rank <= 4 ? 20 : 4;
  std::vector<index_t> a, b;
  for (index_t d = 0; d < rank; ++d) {
    const index_t size = random.size(most);
    a.push_back(random.one_in(3) ? 1 : size);
    b.push_back(random.one_in(3) ? 1 : random.one_in(200) ? size + 1 : size);
  }
  for (std::vector<index_t>* sizes : {&a, &b})
    while (!sizes->empty() && random.one_in(6)) sizes->erase(sizes->begin());
  return {shape(std::span<const index_t>(a)), shape(std::span<const index_t>(b))};
}

/// One operand is the output too, where it has the result's shape.
template <class T>
void check_in_place(round& r, const tf::tensor<T>& a, const tf::tensor<T>& b) {
  if (!error_of([&] { tf::add_output_shape(a.shape(), b.shape()); }).empty()) return;
  if (!(tf::add_output_shape(a.shape(), b.shape()) == a.shape())) return;
  guarded<T> place(r.random, a.size());
  if (a.size() > 0) std::memcpy(place.data(), a.data(), static_cast<std::size_t>(a.size()) * sizeof(T));
  const tf::tensor_view<T> in_place(place.data(), a.shape());
  const bool is_first = r.random.one_in(2);
  if (is_first)
    tf::sub_into(in_place, in_place, b, r.context());
  else
    tf::sub_into(in_place, b, in_place, r.context());
  require(same_bits(in_place, is_first ? tf::reference::sub(a, b) : tf::reference::sub(b, a)), "sub in place");
  if (!place.is_untouched_around()) throw failure{"sub in place wrote outside"};
}

}  // namespace

void arithmetic(round& r) {
  random_source& random = r.random;
  const auto [m, n] = broadcasting_shapes(random);
  const index_t function = random.between(0, 3);
  with_element_type(random, [&, m = m, n = n]<class T>() {
    const auto kind = random.pick({values::small, values::any, values::special});
    const auto first = draw_values<T>(random, m, kind), second = draw_values<T>(random, n, kind);
    const input<T> a(random, first), b(random, second);
    r.tell("element of ", sizeof(T), " bytes, function ", function, ", ", m, " and ", n);
    using enum arithmetic_function;
    if (function == 0) check(r, arithmetic_call<T, add>{{}, a.view(), b.view()});
    if (function == 1) check(r, arithmetic_call<T, sub>{{}, a.view(), b.view()});
    if (function == 2) check(r, arithmetic_call<T, mul>{{}, a.view(), b.view()});
    if (function == 3) check(r, arithmetic_call<T, div>{{}, a.view(), b.view()});
    check_in_place(r, first, second);
    check_in_place(r, second, first);
  });
}

// ---- the other activations

namespace {

/// Of floating-point numbers, chosen by a number.
template <class T>
struct activation_call : call_of_shapes {
  using outputs = std::tuple<tf::tensor<T>>;
  tf::tensor_view<const T> x;
  index_t function;

  std::vector<shape> shapes() const { return {x.shape()}; }
  outputs expected() const {
    switch (function) {
      case 0:
        return {tf::reference::tanh(x)};
      case 1:
        return {tf::reference::elu(x, 0.5)};
      case 2:
        return {tf::reference::gelu(x)};
      case 3:
        return {tf::reference::softplus(x, 2, 10)};
      case 4:
        return {tf::reference::silu(x)};
      case 5:
        return {tf::reference::hardswish(x)};
      case 6:
        return {tf::reference::leaky_relu(x, 0.3)};
      default:
        return {tf::reference::clamp(x, -0.5, 0.25)};
    }
  }
  outputs plain(const tf::context& ctx) const {
    tf::tensor<T> y(x.shape());
    into(std::make_tuple(y.view()), ctx);
    return {y};
  }
  template <class Views>
  void into(const Views& views, const tf::context& ctx) const {
    const auto& y = std::get<0>(views);
    switch (function) {
      case 0:
        return tf::tanh_into(y, x, ctx);
      case 1:
        return tf::elu_into(y, x, 0.5, ctx);
      case 2:
        return tf::gelu_into(y, x, tf::approximate::none, ctx);
      case 3:
        return tf::softplus_into(y, x, 2, 10, ctx);
      case 4:
        return tf::silu_into(y, x, ctx);
      case 5:
        return tf::hardswish_into(y, x, ctx);
      case 6:
        return tf::leaky_relu_into(y, x, 0.3, ctx);
      default:
        return tf::clamp_into(y, x, -0.5, 0.25, ctx);
    }
  }
  index_t workspace_bytes(const tf::context&) const { return 0; }
  void compare(const outputs& got, const outputs& expected, const tf::context&) const {
    if (function >= 5) return require(same_bits(std::get<0>(got), std::get<0>(expected)), "activation");
    // What each promises, half a unit for the reference; and what is below the normal numbers, times x.
    require(tenfold_test::compare(std::get<0>(got), std::get<0>(expected),
                                  [&](T g, T e, index_t i) {
                                    if (std::isnan(e)) return std::isnan(g);
                                    if (std::isinf(e)) return g == e;
                                    const double v = std::abs(static_cast<double>(x.data()[i]));
                                    const auto unit = static_cast<double>(std::numeric_limits<T>::epsilon());
                                    return std::abs(static_cast<double>(g) - static_cast<double>(e)) <=
                                           14.5 * unit * std::abs(static_cast<double>(e)) +
                                               (1 + std::min(v, 1000.0)) *
                                                   static_cast<double>(std::numeric_limits<T>::min());
                                  }),
            "activation");
  }
};

}  // namespace

void activations(round& r) {
  random_source& random = r.random;
  shape s{random.size(300)};
  if (random.one_in(3)) s = {random.size(20), random.size(40)};
  if (random.one_in(20)) s = shape{};
  const index_t function = random.between(0, 7);
  const auto run = [&]<class T>() {
    const double reach = random.pick({1e-3, 1.0, 9.0, 30.0, 900.0});
    const auto drawn = map<T>(draw_values<T>(random, s, random.pick({values::any, values::special})),
                              [&](T v) { return static_cast<T>(static_cast<double>(v) * reach); });
    const input<T> x(random, drawn);
    r.tell("element of ", sizeof(T), " bytes, input ", s, " up to ", reach, ", function ", function);
    check(r, activation_call<T>{{}, x.view(), function});
  };
  if (random.one_in(2))
    run.template operator()<float>();
  else
    run.template operator()<double>();
}

// ---- gemm

namespace {

template <class T>
void check_gemm(round& r) {
  random_source& random = r.random;
  const bool hostile = random.one_in(12);
  const auto extent = [&] { return hostile && random.one_in(4) ? random.setting(-1, 3, 4) : random.size(90); };
  index_t m = extent(), n = extent(), k = random.one_in(6) ? random.between(200, 800) : extent();
  while (static_cast<double>(std::clamp<index_t>(m, 0, 1000)) * static_cast<double>(std::clamp<index_t>(n, 0, 1000)) *
             static_cast<double>(std::clamp<index_t>(k, 0, 1000)) >
         4e5)
    (m > n ? m : n) = std::max<index_t>(1, (m > n ? m : n) / 2);
  const tf::order order = random.pick({tf::order::row_major, tf::order::col_major});
  const bool by_rows = order == tf::order::row_major;
  const auto turn = [&] { return random.pick({tf::transpose::no, tf::transpose::yes}); };
  const tf::transpose turn_a = turn(), turn_b = turn();
  // A matrix as it is stored: lines of so many elements, this far apart.
  struct stored {
    index_t lines, length, leading;
    index_t size() const { return lines > 0 && length > 0 ? (lines - 1) * leading + length : 0; }
  };
  const auto store = [&](index_t rows, index_t columns, tf::transpose t) {
    const bool rows_are_lines = by_rows == (t == tf::transpose::no);
    stored s{rows_are_lines ? rows : columns, rows_are_lines ? columns : rows, 0};
    s.leading =
        std::max<index_t>(1, s.length) + (random.one_in(2) || s.length > most_elements ? 0 : random.between(0, 9));
    if (s.lines == 1 && random.one_in(3)) s.leading = index_t{1} << random.between(20, 62);  // there is no next line
    if (hostile && random.one_in(3)) s.leading = random.hostile();
    return s;
  };
  const stored a = store(m, k, turn_a), b = store(k, n, turn_b), c = store(m, n, tf::transpose::no);
  const bool exact = std::integral<T> || random.one_in(2);
  const T alpha = static_cast<T>(random.pick<index_t>({1, 1, 1, 0, 2, -3})),
          beta = static_cast<T>(random.pick<index_t>({0, 0, 1, 1, 2, -1}));
  r.tell("element of ", sizeof(T), " bytes, m ", m, " n ", n, " k ", k, ", ", by_rows ? "row" : "column", " major, ",
         turn_a == tf::transpose::yes ? "A transposed, " : "", turn_b == tf::transpose::yes ? "B transposed, " : "",
         "lda ", a.leading, " ldb ", b.leading, " ldc ", c.leading, ", alpha ", +alpha, " beta ", +beta,
         exact ? ", exact" : ", rounded");
  const auto fits = [](const stored& s) {
    return static_cast<double>(std::max<index_t>(0, s.lines - 1)) * static_cast<double>(s.leading) +
               static_cast<double>(s.length) <
           2e5;
  };
  const auto is_wrong = [](const stored& s) { return s.leading < std::max<index_t>(1, s.length); };
  if (m < 0 || n < 0 || k < 0 || is_wrong(a) || is_wrong(b) || is_wrong(c)) {  // refused before any memory is read
    const std::string error = error_of([&] {
      tf::gemm<T>(order, turn_a, turn_b, m, n, k, alpha, nullptr, a.leading, nullptr, b.leading, beta, nullptr,
                  c.leading);
    });
    if (error.find("gemm: expected ") != 0 && error.find("the product ") != 0)
      throw failure{"gemm says '" + error + "'"};
    ++r.refused;
    return;
  }
  if (!fits(a) || !fits(b) || !fits(c)) return;
  const values kind = exact ? values::small : values::any;
  const auto a_values = draw_values<T>(random, {a.size()}, kind), b_values = draw_values<T>(random, {b.size()}, kind);
  const auto c_values = draw_values<T>(random, {c.size()}, kind);
  const input<T> in_a(random, a_values), in_b(random, b_values);
  tf::tensor<T> expected = c_values;
  tf::reference::gemm<T>(order, turn_a, turn_b, m, n, k, alpha, a_values.data(), a.leading, b_values.data(), b.leading,
                         beta, expected.data(), c.leading);
  tf::tensor<double> magnitude = magnitudes(c_values);
  if constexpr (std::floating_point<T>) {
    const auto abs_a = magnitudes(a_values), abs_b = magnitudes(b_values);
    tf::reference::gemm<double>(order, turn_a, turn_b, m, n, k, std::abs(static_cast<double>(alpha)), abs_a.data(),
                                a.leading, abs_b.data(), b.leading, std::abs(static_cast<double>(beta)),
                                magnitude.data(), c.leading);
  }
  tf::context ctx = r.context();
  std::optional<tf::tensor<T>> first;
  for (int i = 0; i < 3; ++i) {
    r.tell(text_of(ctx));
    const index_t bytes = tf::gemm_workspace_bytes<T>(m, n, k, ctx);
    guarded<std::byte> workspace(random, bytes);
    guarded<T> out(random, c.size());
    if (c.size() > 0) std::memcpy(out.data(), c_values.data(), static_cast<std::size_t>(c.size()) * sizeof(T));
    if (random.one_in(2)) ctx.workspace = workspace.span();
    tf::gemm<T>(order, turn_a, turn_b, m, n, k, alpha, in_a.view().data(), a.leading, in_b.view().data(), b.leading,
                beta, out.data(), c.leading, ctx);
    ctx.workspace = {};
    if (!out.is_untouched_around() || !workspace.is_untouched_around()) throw failure{"gemm wrote outside"};
    const tf::tensor<T> got({c.size()}, out.data());
    for (index_t at = 0; at < c.size(); ++at)
      if (at % c.leading >= c.length && !same_value(got.data()[at], c_values.data()[at], zeros::by_sign))
        throw failure{"gemm wrote between the lines"};
    if (first)
      require(same_bits(got, *first), "other threads or workspace");
    else
      first.emplace(got);
    draw_run(random, r.executor, ctx);
  }
  if constexpr (std::floating_point<T>) {
    if (!exact) {
      require(within_rounding(*first, to_double(expected), magnitude, k + 5), "gemm");
      ++r.calls;
      return;
    }
  }
  require(equal(*first, expected), "gemm");
  ++r.calls;
}

}  // namespace

void gemm(round& r) {
  with_element_type(r.random, [&]<class T>() { check_gemm<T>(r); });
}

// ---- fold_batch_norm

void fold_batch_norm(round& r) {
  random_source& random = r.random;
  const auto run = [&]<class T>() {
    const bool turned = random.one_in(2);
    const index_t groups = random.one_in(12) ? random.hostile() : random.between(1, 3);
    const index_t used = std::clamp<index_t>(groups, 1, 3);
    const shape w{used * random.between(0, 3), random.between(0, 4), random.between(0, 3), random.between(1, 3)};
    const index_t channels = turned ? w[1] * used : w[0];
    const shape each{random.one_in(12) ? random.between(0, 9) : channels};
    const input<T> weight(random, draw_values<T>(random, w, values::any)),
        bias(random, draw_values<T>(random, each, values::any)),
        mean(random, draw_values<T>(random, each, values::any)),
        variance(random, map<T>(draw_values<T>(random, each, values::any), [](T v) { return v * v; })),
        scale(random, draw_values<T>(random, each, values::any)),
        shift(random, draw_values<T>(random, each, values::any));
    r.tell("element of ", sizeof(T), " bytes, weight ", w, ", parameters ", each, turned ? ", transposed" : "",
           ", groups ", groups);
    std::optional<tf::folded_batch_norm<T>> folded;
    const std::string error = error_of([&] {
      folded.emplace(tf::fold_batch_norm(weight.view(), bias.view(), mean.view(), variance.view(), 1e-5, scale.view(),
                                         shift.view(), turned, groups));
    });
    ++(error.empty() ? r.calls : r.refused);
    if (!error.empty()) return;
    const index_t window = w[2] * w[3];
    for (index_t i = 0; i < folded->weight.size(); ++i) {
      const index_t row = i / window / w[1], column = i / window % w[1];
      const index_t o = turned ? row / (w[0] / groups) * w[1] + column : row;
      const double f = static_cast<double>(scale.view()(o)) / std::sqrt(static_cast<double>(variance.view()(o)) + 1e-5);
      const double exact = static_cast<double>(weight.view().data()[i]) * f;
      if (std::abs(static_cast<double>(folded->weight.data()[i]) - exact) >
          4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::abs(exact) + 1e-300 * std::abs(f))
        throw failure{"the weight of " + std::to_string(i)};
    }
  };
  if (random.one_in(2))
    run.template operator()<float>();
  else
    run.template operator()<double>();
}

// ---- ONNX's pads

void onnx_pads(round& r) {
  random_source& random = r.random;
  const index_t seldom = random.one_in(3) ? 3 : 50;
  const hw out = random.pair(1, 30, seldom), in = random.pair(1, 9, seldom), kernel = random.pair(1, 5, seldom);
  const tf::onnx_conv_transpose_options o{
      .stride = random.pair(1, 4, seldom),
      .dilation = random.pair(1, 3, seldom),
      .output_padding = random.pair(0, 2, seldom),
      .auto_pad = random.pick({tf::onnx_auto_pad::notset, tf::onnx_auto_pad::same_upper, tf::onnx_auto_pad::same_lower,
                               tf::onnx_auto_pad::valid})};
  r.tell("output ", out.h, " ", out.w, ", input ", in.h, " ", in.w, ", kernel ", kernel.h, " ", kernel.w, ", stride ",
         o.stride.h, " ", o.stride.w, ", dilation ", o.dilation.h, " ", o.dilation.w, ", output_padding ",
         o.output_padding.h, " ", o.output_padding.w);
  const bool given = random.one_in(2);
  std::optional<tf::pads> pads;
  const std::string error = error_of([&] {
    pads.emplace(given ? tf::onnx_conv_transpose_pads(out, in, kernel, o)
                       : tf::onnx_conv_transpose_pads(std::nullopt, in, kernel, o));
  });
  ++(error.empty() ? r.calls : r.refused);
  if (!error.empty()) return;
  // begin + end is what the formula has too much.
  const auto check_axis = [&](index_t begin, index_t end, index_t n, index_t taps, index_t stride, index_t dilation,
                              index_t extra, index_t wanted) {
    const double natural = static_cast<double>(stride) * static_cast<double>(n - 1) + static_cast<double>(extra) +
                           static_cast<double>(taps - 1) * static_cast<double>(dilation) + 1;
    const double total = static_cast<double>(begin) + static_cast<double>(end);
    if (std::abs(natural - total - static_cast<double>(wanted)) > 1e-15 * (natural + std::abs(total)) * 8)
      throw failure{"pads " + std::to_string(begin) + " " + std::to_string(end)};
  };
  if (!given) return;
  check_axis(pads->top, pads->bottom, in.h, kernel.h, o.stride.h, o.dilation.h, o.output_padding.h, out.h);
  check_axis(pads->left, pads->right, in.w, kernel.w, o.stride.w, o.dilation.w, o.output_padding.w, out.w);
}

}  // namespace tenfold_fuzz
