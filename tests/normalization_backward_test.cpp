#include <tenfold/normalization.hpp>
#include <tenfold/permute.hpp>
#include <tenfold/reference.hpp>

#include "allocations.hpp"
#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;
using tf::shape;

namespace {

template <class T>
struct NormalizationBackward : testing::Test {};
using floating_types = testing::Types<float, double>;
TYPED_TEST_SUITE(NormalizationBackward, floating_types);

enum class kind { batch, instance, group, layer, layer2d };

struct norm_case {
  kind of;
  shape input;
  index_t groups = 1;     // of group
  shape normalized = {};  // of layer
  double eps = 1e-5;
};

const norm_case cases[] = {
    {kind::batch, {2, 6, 4, 5}},
    {kind::batch, {5, 6, 1}},      // rows of given moments
    {kind::batch, {600, 300}},     // more channels than a block
    {kind::batch, {3, 40, 1100}},  // lines of more than a block of sums
    {kind::batch, {70, 3, 5}},     // chunks of images
    {kind::batch, {0, 6, 4}},
    {kind::batch, {2, 6, 0}},
    {kind::instance, {2, 6, 1, 3}},
    {kind::instance, {1, 64, 33, 31}},  // parts of an image
    {kind::instance, {40, 6, 300}},
    {kind::instance, {2, 6, 0}},
    {kind::group, {2, 6, 4, 5}, 3},
    {kind::group, {1, 6, 33, 31}, 1},
    {kind::group, {5, 6}, 2},  // rows of several groups
    {kind::group, {130, 48}, 3},
    {kind::group, {3, 12, 17}, 12, {}, 0.5},
    {kind::group, {0, 6, 4}, 2},
    {kind::layer, {2, 3, 4}, 1, {4}},
    {kind::layer, {2, 3, 4}, 1, {2, 3, 4}},
    {kind::layer, {7}, 1, {7}},
    {kind::layer, {50, 768}, 1, {768}},
    {kind::layer, {403, 19}, 1, {19}},        // rows that are no multiple of four, in one chunk
    {kind::layer, {3000, 70}, 1, {70}, 0.5},  // in several
    {kind::layer, {2, 9000}, 1, {9000}},
    {kind::layer, {5, 1}, 1, {1}},
    {kind::layer, {0, 4}, 1, {4}},
    {kind::layer, {2, 0}, 1, {0}},
    {kind::layer2d, {2, 6, 3, 5}},
    {kind::layer2d, {6, 9, 13}},    // no batch
    {kind::layer2d, {1, 7, 1, 1}},  // rows
    {kind::layer2d, {2, 1, 3, 3}, 1, {}, 0.5},
    {kind::layer2d, {3, 8, 37, 41}},  // blocks and chunks that end within images
    {kind::layer2d, {3, 96, 7, 7}, 1, {}, 0.5},
    {kind::layer2d, {0, 4, 2, 2}},
};

/// What a call takes.
template <class T>
struct operands {
  norm_case c;
  tf::tensor<T> dy, x, w, mean, var;

  operands(const norm_case& of, const shape& weight)
      : c(of),
        dy(random_tensor<T>(of.input, 1)),
        x(map<T>(random_tensor<T>(of.input, 2), [](T v) { return v + T{3}; })),
        w(random_tensor<T>(weight, 3)),
        mean(random_tensor<T>(weight, 4)),
        var(map<T>(random_tensor<T>(weight, 5), [](T v) { return static_cast<T>(std::abs(v) + T{0.1F}); })) {}
};

shape weight_of(const norm_case& c) {
  if (c.of == kind::layer) return c.normalized;
  return {c.of == kind::layer2d ? c.input[c.input.size() - 3] : c.input[1]};
}

template <class T>
operands<T> operands_of(const norm_case& c) {
  return {c, weight_of(c)};
}

/// tf::NAME_backward(o..., settings...), with a weight or without.
template <class T, class... Settings>
tf::normalization_gradients<T> gradients_of(const operands<T>& o, bool affine, const Settings&... settings) {
  const auto with = [&](const auto&... w) {
    if (o.c.of == kind::batch) return tf::batch_norm_backward(o.dy, o.x, o.mean, o.var, w..., o.c.eps, settings...);
    if (o.c.of == kind::instance) return tf::instance_norm_backward(o.dy, o.x, w..., o.c.eps, settings...);
    if (o.c.of == kind::group) return tf::group_norm_backward(o.dy, o.x, o.c.groups, w..., o.c.eps, settings...);
    if (o.c.of == kind::layer) return tf::layer_norm_backward(o.dy, o.x, o.c.normalized, w..., o.c.eps, settings...);
    return tf::layer_norm2d_backward(o.dy, o.x, w..., o.c.eps, settings...);
  };
  return affine ? with(o.w) : with();
}

template <class T, class View>
void gradients_into(const View& dx, const View& dw, const View& db, const operands<T>& o, const tf::gradients& wanted,
                    const tf::context& ctx, const tf::tensor<T>& dy, const tf::tensor<T>& x) {
  if (o.c.of == kind::batch)
    return tf::batch_norm_backward_into(dx, dw, db, dy, x, o.mean, o.var, o.w, o.c.eps, wanted, ctx);
  if (o.c.of == kind::instance) return tf::instance_norm_backward_into(dx, dw, db, dy, x, o.w, o.c.eps, wanted, ctx);
  if (o.c.of == kind::group)
    return tf::group_norm_backward_into(dx, dw, db, dy, x, o.c.groups, o.w, o.c.eps, wanted, ctx);
  if (o.c.of == kind::layer)
    return tf::layer_norm_backward_into(dx, dw, db, dy, x, o.c.normalized, o.w, o.c.eps, wanted, ctx);
  tf::layer_norm2d_backward_into(dx, dw, db, dy, x, o.w, o.c.eps, wanted, ctx);
}

template <class T>
index_t workspace_bytes_of(const operands<T>& o, const tf::gradients& wanted, const tf::context& ctx) {
  if (o.c.of == kind::batch) return tf::batch_norm_backward_workspace_bytes(o.x, wanted, ctx);
  if (o.c.of == kind::instance) return tf::instance_norm_backward_workspace_bytes(o.x, wanted, ctx);
  if (o.c.of == kind::group) return tf::group_norm_backward_workspace_bytes(o.x, o.c.groups, wanted, ctx);
  if (o.c.of == kind::layer) return tf::layer_norm_backward_workspace_bytes(o.x, o.c.normalized, wanted, ctx);
  return tf::layer_norm2d_backward_workspace_bytes(o.x, wanted, ctx);
}

/// How (images, groups, pieces, piece) lies in the input, and what has its moments in common: a set.
struct layout {
  index_t sets = 0, length = 1, piece = 1, channels = 1, plane = 1;
  kind of;

  explicit layout(const norm_case& c) : of(c.of) {
    if (c.input.elements() == 0) return;
    if (of == kind::layer) {
      length = channels = c.normalized.elements();
    } else if (of == kind::layer2d) {
      length = channels = weight_of(c)[0];
      plane = c.input[c.input.size() - 1] * c.input[c.input.size() - 2];
    } else {
      channels = c.input[1];
      piece = tf::detail::elements_between(c.input, 2, c.input.size());
      length = of == kind::group ? channels / c.groups * piece : piece;
    }
    sets = c.input.elements() / length;
  }
  index_t at(index_t set, index_t i) const {
    return of == kind::layer2d ? (set / plane * length + i) * plane + set % plane : set * length + i;
  }
  index_t channel(index_t set, index_t i) const { return at(set, i) / (piece * plane) % channels; }
};

/// The gradients in double, and how far off the computed ones may be. u is twice the unit roundoff, which
/// pays for products of errors. Of a set of n elements, r the roundings of a term of a sum over it, d = |x - mean|,
/// s = sqrt(var + eps), all means over the set:
///     e = (r + 1) u mean|x|                       the mean's error, 0 where it is given
///     v = ((r + 5) u var + e^2 + u eps) / s^2     the relative one of var + eps; then 1 / s has q = v / 2 + 4 u
///     D = (e + 3 u d) / s + d / s q               that of xh = (x - mean) / s
///     G = (r + 3) u mean|g|                       that of m = mean g
///     K = mean(|g| D) + (r + 6) u mean|g xh|      that of k = mean(g xh)
/// and so, grad_input having 4 more roundings and a product of g,
///     (u |g| + G + |xh| K + |k| D + (|g| + |m| + |xh k|) (6 u + q)) / s
/// A sum over sets rounds a term R times: sum |dy| D + R u |dy xh|, and R u |dy|.
struct exact_gradients {
  tf::tensor<double> dx, dw, db, dx_bound, dw_bound, db_bound;
};

template <class T>
exact_gradients exact_gradients_of(const operands<T>& o, bool affine) {
  const layout l(o.c);
  const shape s = o.x.shape(), ws = o.w.shape();
  exact_gradients g{tf::tensor<double>(s), tf::tensor<double>(ws), tf::tensor<double>(ws),
                    tf::tensor<double>(s), tf::tensor<double>(ws), tf::tensor<double>(ws)};
  const double u = static_cast<double>(std::numeric_limits<T>::epsilon()), n = static_cast<double>(l.length);
  const bool given = o.c.of == kind::batch;
  const double pieces = n / static_cast<double>(l.piece);
  const double r = (o.c.of == kind::layer2d ? n / 2 + 5 : 46 + std::log2(n + 1)) + (l.piece > 1 ? pieces : 0);
  const double sums =
      r + 64 + 32768 / static_cast<double>(l.channels * l.piece) + 20 + static_cast<double>(l.sets) / 64;
  std::vector<double> error(static_cast<std::size_t>(l.length));
  for (index_t set = 0; set < l.sets; ++set) {
    const auto x = [&](index_t i) { return static_cast<double>(o.x.data()[l.at(set, i)]); };
    const auto dy = [&](index_t i) { return static_cast<double>(o.dy.data()[l.at(set, i)]); };
    const auto product = [&](index_t i) {
      return dy(i) * (affine ? static_cast<double>(o.w.data()[l.channel(set, i)]) : 1);
    };
    double mean = 0, var = 0, size = 0;
    for (index_t i = 0; i < l.length; ++i) mean += x(i) / n;
    for (index_t i = 0; i < l.length; ++i) size += std::abs(x(i)) / n;
    for (index_t i = 0; i < l.length; ++i) var += (x(i) - mean) * (x(i) - mean) / n;
    if (given) {
      mean = static_cast<double>(o.mean.data()[l.channel(set, 0)]);
      var = static_cast<double>(o.var.data()[l.channel(set, 0)]);
    }
    const double scale = 1 / std::sqrt(var + o.c.eps), e = given ? 0 : (r + 1) * u * size;
    const double q = (given ? u : ((r + 5) * u * var + e * e + u * o.c.eps) * scale * scale) / 2 + 4 * u;
    const auto normal = [&](index_t i) { return (x(i) - mean) * scale; };
    double m = 0, k = 0, sizes = 0, of_m = 0, of_k = 0;
    for (index_t i = 0; i < l.length; ++i) {
      const double d = std::abs(x(i) - mean) * scale;
      error[static_cast<std::size_t>(i)] = e * scale + d * (3 * u + q);
      if (given) continue;
      m += product(i) / n;
      k += product(i) * normal(i) / n;
      of_m += (r + 3) * u * std::abs(product(i)) / n;
      of_k += std::abs(product(i)) * (error[static_cast<std::size_t>(i)] + (r + 6) * u * d) / n;
    }
    for (index_t i = 0; i < l.length; ++i) {
      const double p = product(i), h = normal(i), of_normal = error[static_cast<std::size_t>(i)];
      sizes = std::abs(p) + std::abs(m) + std::abs(h * k);
      g.dx.data()[l.at(set, i)] = (p - m - h * k) * scale;
      g.dx_bound.data()[l.at(set, i)] =
          (u * std::abs(p) + of_m + std::abs(h) * of_k + std::abs(k) * of_normal + sizes * (6 * u + q)) * scale;
      const index_t c = l.channel(set, i);
      g.dw.data()[c] += dy(i) * h;
      g.db.data()[c] += dy(i);
      g.dw_bound.data()[c] += std::abs(dy(i)) * (of_normal + sums * u * std::abs(h));
      g.db_bound.data()[c] += sums * u * std::abs(dy(i));
    }
  }
  return g;
}

template <class T>
testing::AssertionResult within(const tf::tensor<T>& got, const tf::tensor<double>& exact,
                                const tf::tensor<double>& bound) {
  return compare(got, exact,
                 [&](T g, double e, index_t i) { return std::abs(static_cast<double>(g) - e) <= bound.data()[i]; });
}

std::string name_of(const norm_case& c) {
  const char* names[] = {"batch_norm ", "instance_norm ", "group_norm ", "layer_norm ", "layer_norm2d "};
  return names[static_cast<int>(c.of)] + testing::PrintToString(c.input);
}

TYPED_TEST(NormalizationBackward, IsWithinTheBound) {
  for (const norm_case& c : cases) {
    const auto o = operands_of<TypeParam>(c);
    for (const bool affine : {true, false}) {
      const auto exact = exact_gradients_of(o, affine);
      for (const tf::isa level : available_isas()) {
        const auto got = gradients_of(o, affine, tf::gradients{}, on(level));
        EXPECT_TRUE(within(got.grad_input, exact.dx, exact.dx_bound)) << name_of(c) << " " << tf::name_of(level);
        EXPECT_TRUE(within(got.grad_weight, exact.dw, exact.dw_bound)) << name_of(c) << " " << tf::name_of(level);
        EXPECT_TRUE(within(got.grad_bias, exact.db, exact.db_bound)) << name_of(c) << " " << tf::name_of(level);
      }
    }
  }
}

template <class T>
bool same_gradients(const tf::normalization_gradients<T>& a, const tf::normalization_gradients<T>& b) {
  return same_bits(a.grad_input, b.grad_input) && same_bits(a.grad_weight, b.grad_weight) &&
         same_bits(a.grad_bias, b.grad_bias);
}

TYPED_TEST(NormalizationBackward, ThreadsAndMemoryDoNotMatter) {
  using T = TypeParam;
  for (const norm_case& c : cases) {
    const auto o = operands_of<T>(c);
    const auto whole = gradients_of(o, true);
    for (const int threads : {1, 3}) {
      auto ctx = on_threads(threads);
      EXPECT_TRUE(same_gradients(gradients_of(o, true, tf::gradients{}, ctx), whole)) << name_of(c);
      ctx.max_workspace_bytes = 64 << 10;
      std::vector<std::byte> memory(static_cast<std::size_t>(workspace_bytes_of(o, {}, ctx)));
      ctx.workspace = memory;
      auto got = whole;
      for (auto* of : {&got.grad_input, &got.grad_weight, &got.grad_bias}) *of = filled<T>(of->shape(), 7);
      const long before = allocations;
      gradients_into<T>(got.grad_input.view(), got.grad_weight.view(), got.grad_bias.view(), o, {}, ctx, o.dy, o.x);
      if (threads == 1) {
        EXPECT_EQ(allocations, before) << name_of(c);
      }
      EXPECT_TRUE(same_gradients(got, whole)) << name_of(c);
      if (memory.size() < 2) continue;
      ctx.workspace = std::span(memory).first(memory.size() - 1);
      EXPECT_NE(error_of([&] { gradients_of(o, true, tf::gradients{}, ctx); }), "") << name_of(c);
    }
  }
}

TYPED_TEST(NormalizationBackward, GivesWhatIsWanted) {
  using T = TypeParam;
  const tf::tensor<T> none(shape{0});
  for (const norm_case& c : cases) {
    const auto o = operands_of<T>(c);
    const auto whole = gradients_of(o, true);
    for (int mask = 0; mask < 8; ++mask) {
      const tf::gradients wanted{.input = (mask & 1) != 0, .weight = (mask & 2) != 0, .bias = (mask & 4) != 0};
      const auto got = gradients_of(o, true, wanted);
      EXPECT_TRUE(same_bits(got.grad_input, wanted.input ? whole.grad_input : none)) << name_of(c);
      EXPECT_TRUE(same_bits(got.grad_weight, wanted.weight ? whole.grad_weight : none)) << name_of(c);
      EXPECT_TRUE(same_bits(got.grad_bias, wanted.bias ? whole.grad_bias : none)) << name_of(c);
    }
    // In place of both, and added to what is there.
    for (const bool in_input : {false, true}) {
      auto place = in_input ? o.x : o.dy;
      auto dw = random_tensor<T>(o.w.shape(), 8), db = random_tensor<T>(o.w.shape(), 9);
      const auto dw_before = dw, db_before = db;
      gradients_into<T>(place.view(), dw.view(), db.view(), o, {.beta = 1}, {}, in_input ? o.dy : place,
                        in_input ? place : o.x);
      EXPECT_TRUE(same_bits(place, whole.grad_input)) << name_of(c);
      for (index_t i = 0; i < dw.size(); ++i) {
        EXPECT_EQ(dw.data()[i], dw_before.data()[i] + whole.grad_weight.data()[i]) << name_of(c);
        EXPECT_EQ(db.data()[i], db_before.data()[i] + whole.grad_bias.data()[i]) << name_of(c);
      }
    }
  }
}

/// Of f = sum of dy * norm(x, w, b), (f(v + h) - f(v - h)) / 2 h is its derivative up to terms of h^2, which are far
/// below 1e-5 for these few numbers between -1 and 4 with an eps of 1/2, as are the roundings of f in double over h.
TEST(NormalizationBackwardDifferences, AreTheGradients) {
  for (norm_case c :
       {norm_case{kind::batch, {2, 3, 4}}, norm_case{kind::batch, {5, 3}}, norm_case{kind::instance, {2, 3, 5}},
        norm_case{kind::group, {2, 6, 3}, 2}, norm_case{kind::group, {2, 6}, 3}, norm_case{kind::layer, {3, 5}, 1, {5}},
        norm_case{kind::layer2d, {2, 3, 2, 3}}, norm_case{kind::layer2d, {3, 5, 5}}}) {
    c.eps = 0.5;
    auto o = operands_of<double>(c);
    auto b = random_tensor<double>(o.w.shape(), 7);
    const auto f = [&] {
      const auto y = [&] {
        if (c.of == kind::batch) return tf::batch_norm(o.x, o.mean, o.var, o.w, b, c.eps);
        if (c.of == kind::instance) return tf::instance_norm(o.x, o.w, b, c.eps);
        if (c.of == kind::group) return tf::group_norm(o.x, c.groups, o.w, b, c.eps);
        if (c.of == kind::layer) return tf::layer_norm(o.x, c.normalized, o.w, b, c.eps);
        return tf::layer_norm2d(o.x, o.w, b, c.eps);
      }();
      double sum = 0;
      for (index_t i = 0; i < y.size(); ++i) sum += y.data()[i] * o.dy.data()[i];
      return sum;
    };
    const auto expect_derivative = [&](tf::tensor<double>& of, const tf::tensor<double>& gradient) {
      for (index_t i = 0; i < of.size(); ++i) {
        constexpr double h = 1e-4;
        double& v = of.data()[i];
        const double before = v;
        v = before + h;
        const double above = f();
        v = before - h;
        const double below = f();
        v = before;
        EXPECT_NEAR((above - below) / (2 * h), gradient.data()[i], 1e-5) << name_of(c) << " " << i;
      }
    };
    const auto got = gradients_of(o, true);
    expect_derivative(o.x, got.grad_input);
    expect_derivative(o.w, got.grad_weight);
    expect_derivative(b, got.grad_bias);
  }
}

/// A NaN of one set stays in it, and in the sums of its channels.
TYPED_TEST(NormalizationBackward, NanStaysWhereItIs) {
  using T = TypeParam;
  for (const norm_case& c : cases) {
    auto o = operands_of<T>(c);
    if (o.x.size() == 0) continue;
    const layout l(c);
    const index_t set = l.sets / 2, place = l.at(set, l.length - 1);
    o.x.data()[place] = std::numeric_limits<T>::quiet_NaN();
    for (const tf::isa level : available_isas()) {
      const auto got = gradients_of(o, true, tf::gradients{}, on(level));
      for (index_t other = 0; other < l.sets; ++other)
        for (index_t i = 0; i < l.length; ++i)
          ASSERT_EQ(std::isnan(got.grad_input.data()[l.at(other, i)]), other == set && c.of != kind::batch)
              << name_of(c) << " " << other << " " << i << " " << tf::name_of(level);
      std::vector<bool> reached(static_cast<std::size_t>(o.w.size()));
      for (index_t i = 0; i < l.length; ++i) reached[static_cast<std::size_t>(l.channel(set, i))] = true;
      for (index_t w = 0; w < o.w.size(); ++w) {
        ASSERT_EQ(std::isnan(got.grad_weight.data()[w]), reached[static_cast<std::size_t>(w)]) << name_of(c);
        ASSERT_FALSE(std::isnan(got.grad_bias.data()[w])) << name_of(c);
      }
    }
  }
}

TEST(NormalizationBackwardErrors, AreTheForwardsAndOfGradOutput) {
  const tf::tensor<float> x({2, 6, 4}), other({2, 6, 3}), six({6}), five({5}), four({4});
  EXPECT_EQ(error_of([&] { tf::batch_norm_backward(x, x, six, five, six); }),
            "running_var should contain 6 elements not 5");
  EXPECT_EQ(error_of([&] { tf::batch_norm_backward(x, x, six, six, five); }), "weight should contain 6 elements not 5");
  EXPECT_EQ(error_of([&] { tf::batch_norm_backward(x, x, five, six); }),
            "running_mean should contain 6 elements not 5");
  EXPECT_EQ(error_of([&] { tf::batch_norm_backward(x, x, six, six, -1.0); }),
            "batch_norm eps must be non-negative, but got -1.0");
  EXPECT_EQ(error_of([&] { tf::instance_norm_backward(x, x, five); }), "weight should contain 12 elements not 10");
  EXPECT_EQ(error_of([&] { tf::group_norm_backward(x, x, 4); }),
            "Expected number of channels in input to be divisible by num_groups, but got input of shape [2, 6, 4] and "
            "num_groups=4");
  EXPECT_EQ(error_of([&] { tf::group_norm_backward(x, x, 3, five); }),
            "Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape "
            "[5] and input of shape [2, 6, 4]");
  EXPECT_EQ(error_of([&] { tf::layer_norm_backward(x, x, {4}, five); }),
            "Expected weight to be of same shape as normalized_shape, but got weight of shape [5] and normalized_shape "
            "= [4]");
  EXPECT_EQ(error_of([&] { tf::layer_norm_backward(x, x, {3}); }),
            "Given normalized_shape=[3], expected input with shape [*, 3], but got input of size[2, 6, 4]");
  EXPECT_EQ(error_of([&] { tf::layer_norm2d_backward(four, four); }),
            "layer_norm2d: expected an input of 3 or 4 dimensions, but got one of shape [4]");

  EXPECT_EQ(error_of([&] { tf::batch_norm_backward(other, x, six, six); }),
            "batch_norm_backward: expected grad_output of shape [2, 6, 4], but got [2, 6, 3]");
  EXPECT_EQ(error_of([&] { tf::instance_norm_backward(other, x); }),
            "instance_norm_backward: expected grad_output of shape [2, 6, 4], but got [2, 6, 3]");
  EXPECT_EQ(error_of([&] { tf::group_norm_backward(other, x, 3); }),
            "group_norm_backward: expected grad_output of shape [2, 6, 4], but got [2, 6, 3]");
  EXPECT_EQ(error_of([&] { tf::layer_norm_backward(other, x, {4}); }),
            "layer_norm_backward: expected grad_output of shape [2, 6, 4], but got [2, 6, 3]");
  EXPECT_EQ(error_of([&] { tf::layer_norm2d_backward(other, x); }),
            "layer_norm2d_backward: expected grad_output of shape [2, 6, 4], but got [2, 6, 3]");
  EXPECT_EQ(error_of([&] { tf::layer_norm_backward(x, x, {4}, four, 1e-5, {.beta = 2}); }),
            "layer_norm_backward: expected a beta of 0 or 1, but got 2");

  auto dx = filled<float>({2, 6, 4}, 7), dw = filled<float>({6}, 7), db = filled<float>({5}, 7);
  EXPECT_EQ(error_of([&] { tf::group_norm_backward_into(dx, dw, db, x, x, 3, six); }),
            "group_norm_backward: expected grad_bias of shape [6], but got [5]");
  EXPECT_TRUE(equal(dx, filled<float>({2, 6, 4}, 7)) && equal(dw, filled<float>({6}, 7)));
  EXPECT_EQ(error_of([&] { tf::group_norm_backward_into(dx, db, dw, x, x, 3, six); }),
            "group_norm_backward: expected grad_weight of shape [6], but got [5]");
  EXPECT_EQ(error_of([&] { tf::group_norm_backward_into(db, dw, dw, x, x, 3); }),
            "group_norm_backward: expected grad_input of shape [2, 6, 4], but got [5]");
}

}  // namespace
