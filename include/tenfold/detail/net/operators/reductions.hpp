// Sums and the like over dimensions, softmax, normalisations, and products of matrices.
#pragma once

#include <tenfold/detail/net/operators/moves.hpp>
#include <tenfold/linear.hpp>
#include <tenfold/matmul.hpp>
#include <tenfold/mean.hpp>
#include <tenfold/normalization.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/softmax.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

// ------------------------------------------------------------------------------------------------------- reductions

/// The dimensions of a reduction; none stands for all. Null where nothing is reduced.
inline std::optional<std::vector<index_t>> reduced_dims(const planning& p) {
  std::vector<index_t> dims = p.elements_of(1, "dims");
  if (dims.empty() && p.flag("noop_with_empty_dims")) return std::nullopt;
  return dims;
}

template <auto Shape, class Into>
void plan_reduction(planning& p, const Into& into) {
  const auto dims = reduced_dims(p);
  if (!dims) return plan_identity(p);
  const bool keepdim = p.flag("keepdim");
  p.output(Shape(p.shape_of(0), dim_list(std::span<const index_t>(*dims)), keepdim), p.type_of(0));
  p.run([dims = *dims, keepdim, into](const call& c) { into(c, dim_list(std::span<const index_t>(dims)), keepdim); });
}

inline void plan_mean(planning& p) {
  plan_reduction<mean_output_shape>(p, [](const call& c, const dim_list& dims, bool keepdim) {
    with_float32(c.any_input().type(),
                 [&]<class T>(T) { mean_into(c.output<T>(), c.input<T>(), dims, keepdim, c.ctx); });
  });
}

inline void plan_sum(planning& p) {
  plan_reduction<sum_output_shape>(p, [](const call& c, const dim_list& dims, bool keepdim) {
    with_float32_or_int64(c.any_input().type(), [&]<class T>(T) {
      if constexpr (std::same_as<sum_element<T>, T>) {
        sum_into(c.output<T>(), c.input<T>(), dims, keepdim, c.ctx);
      } else {  // ONNX keeps the type
        const auto wide = sum(c.input<T>(), dims, keepdim, c.ctx);
        for (index_t i = 0; i < wide.size(); ++i) c.output<T>().data()[i] = static_cast<T>(wide.data()[i]);
      }
    });
  });
}

template <class Into>
void plan_extreme(planning& p, const Into& into) {
  plan_reduction<amax_output_shape>(p, [into](const call& c, const dim_list& dims, bool keepdim) {
    with_float32_or_int64(c.any_input().type(),
                          [&]<class T>(T) { into(c.output<T>(), c.input<T>(), dims, keepdim, c.ctx); });
  });
}
inline void plan_amax(planning& p) {
  plan_extreme(p, [](const auto&... all) { amax_into(all...); });
}
inline void plan_amin(planning& p) {
  plan_extreme(p, [](const auto&... all) { amin_into(all...); });
}

template <class Into>
void plan_place_of_extreme(planning& p, const Into& into) {
  const index_t dim = p.integer("dim", 0);
  const bool keepdim = p.flag("keepdim");
  if (p.flag("select_last_index")) raise("attribute select_last_index: the first of several is taken");
  p.output(argmax_output_shape(p.shape_of(0), dim, keepdim), dtype::int64);
  p.run([dim, keepdim, into](const call& c) {
    with_float32_or_int64(c.any_input().type(),
                          [&]<class T>(T) { into(c.output<index_t>(), c.input<T>(), dim, keepdim, c.ctx); });
  });
}
inline void plan_argmax(planning& p) {
  plan_place_of_extreme(p, [](const auto&... all) { argmax_into(all...); });
}
inline void plan_argmin(planning& p) {
  plan_place_of_extreme(p, [](const auto&... all) { argmin_into(all...); });
}

inline void plan_softmax(planning& p) {
  const index_t dim = p.integer("dim", -1);
  p.output(softmax_output_shape(p.shape_of(0), dim), p.type_of(0));
  p.run([dim](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) { softmax_into(c.output<T>(), c.input<T>(), dim, c.ctx); });
  });
}
inline void plan_log_softmax(planning& p) {
  const index_t dim = p.integer("dim", -1);
  p.output(log_softmax_output_shape(p.shape_of(0), dim), p.type_of(0));
  p.run([dim](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) { log_softmax_into(c.output<T>(), c.input<T>(), dim, c.ctx); });
  });
}

// --------------------------------------------------------------------------------------------------- normalisations

/// into(c, rest...) with the weight and the bias of a normalisation, which are inputs `first` and the next; of one that
/// is alone the other is 1 or 0.
template <class T, class Into>
void with_affine(const call& c, std::size_t first, index_t channels, const Into& into) {
  const std::size_t second = first + 1;
  if (!c.has(first) && !c.has(second)) return into();
  if (c.has(first) && c.has(second)) return into(c.input<T>(first), c.input<T>(second));
  auto other = tensor<T>::uninitialized({channels});
  fill(other.data(), other.data() + channels, c.has(first) ? T{0} : T{1});
  const tensor_view<const T> view = std::as_const(other).view();
  c.has(first) ? into(c.input<T>(first), view) : into(view, c.input<T>(second));
}

inline index_t channels_of(const shape& x) { return x.size() >= 2 ? x[1] : 0; }

inline void check_affine(const planning& p, std::size_t first, const shape& expected) {
  for (const std::size_t i : {first, first + 1})
    if (p.has(i) && !(p.shape_of(i) == expected))
      raise({"weight and bias are to have the shape ", expected, ", but ", p.input(i).name, " has ", p.shape_of(i)});
}

inline void plan_batch_norm(planning& p) {
  const double eps = p.number("eps", 1e-5);
  for (std::size_t i = 1; i <= 4; ++i)
    if (p.has(i)) check_same_type(p, 0, i);
  const auto shape_of = [&](std::size_t i) { return p.has(i) ? std::optional(p.shape_of(i)) : std::nullopt; };
  check_batch_norm(p.shape_of(0), p.shape_of(1), p.shape_of(2), shape_of(3), shape_of(4), eps);
  p.output(p.shape_of(0), p.type_of(0));
  p.run([eps](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      with_affine<T>(c, 3, channels_of(c.any_input().shape()), [&](const auto&... affine) {
        batch_norm_into(c.output<T>(), c.input<T>(), c.input<T>(1), c.input<T>(2), affine..., eps, c.ctx);
      });
    });
  });
  p.plan.overwrites = {0};
}

inline void plan_instance_norm(planning& p) {
  const double eps = p.number("eps", 1e-5);
  check_affine(p, 1, {channels_of(p.shape_of(0))});
  check_instance_norm(p.shape_of(0), std::nullopt, std::nullopt);
  p.output(p.shape_of(0), p.type_of(0));
  p.run([eps](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      with_affine<T>(c, 1, channels_of(c.any_input().shape()), [&](const auto&... affine) {
        instance_norm_into(c.output<T>(), c.input<T>(), affine..., eps, c.ctx);
      });
    });
  });
}

inline void plan_group_norm(planning& p) {
  const double eps = p.number("eps", 1e-5);
  const index_t groups = p.integer("num_groups", 1);
  check_affine(p, 1, {channels_of(p.shape_of(0))});
  check_group_norm(p.shape_of(0), groups, std::nullopt, std::nullopt);
  p.output(p.shape_of(0), p.type_of(0));
  p.run([eps, groups](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      with_affine<T>(c, 1, channels_of(c.any_input().shape()), [&](const auto&... affine) {
        group_norm_into(c.output<T>(), c.input<T>(), groups, affine..., eps, c.ctx);
      });
    });
  });
}

inline void plan_layer_norm2d(planning& p) {
  const double eps = p.number("eps", 1e-5);
  check_affine(p, 1, {channels_of(p.shape_of(0))});
  check_layer_norm2d(p.shape_of(0), std::nullopt, std::nullopt);
  p.output(p.shape_of(0), p.type_of(0));
  p.run([eps](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      with_affine<T>(c, 1, channels_of(c.any_input().shape()), [&](const auto&... affine) {
        layer_norm2d_into(c.output<T>(), c.input<T>(), affine..., eps, c.ctx);
      });
    });
  });
}

inline void plan_layer_norm(planning& p) {
  const double eps = p.number("eps", 1e-5);
  const shape& x = p.shape_of(0);
  const std::size_t first = wrapped_dim(p.integer("dim", -1), x.size());
  const shape normalized{std::span<const index_t>(x.begin() + first, x.size() - first)};
  check_affine(p, 1, normalized);
  check_layer_norm(x, normalized, std::nullopt, std::nullopt);
  p.output(x, p.type_of(0));
  p.run([eps, normalized](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      if (c.has(1) == c.has(2)) {
        if (c.has(1))
          return layer_norm_into(c.output<T>(), c.input<T>(), normalized, c.input<T>(1), c.input<T>(2), eps, c.ctx);
        return layer_norm_into(c.output<T>(), c.input<T>(), normalized, eps, c.ctx);
      }
      auto other = tensor<T>::uninitialized(normalized);
      fill(other.data(), other.data() + other.size(), c.has(1) ? T{0} : T{1});
      if (c.has(1))
        layer_norm_into(c.output<T>(), c.input<T>(), normalized, c.input<T>(1), other, eps, c.ctx);
      else
        layer_norm_into(c.output<T>(), c.input<T>(), normalized, other, c.input<T>(2), eps, c.ctx);
    });
  });
}

// --------------------------------------------------------------------------------------------------------- products

/// linear of inputs whose shapes are checked.
inline runner linear_runner() {
  return [](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      if (c.has(2))
        linear_into(c.output<T>(), c.input<T>(0), c.input<T>(1), c.input<T>(2), c.ctx);
      else
        linear_into(c.output<T>(), c.input<T>(0), c.input<T>(1), c.ctx);
    });
  };
}

/// A weight that is stored in 16 bits, as the floats that it stands for.
inline tensor<float> stored_floats(const tensor_view<const float>& w, stored as) {
  auto bits = tensor<std::int16_t>::uninitialized(w.shape());
  store_weights("linear", as, w.data(), w.shape(), bits.data());
  auto result = tensor<float>::uninitialized(w.shape());
  for (index_t i = 0; i < result.size(); ++i) result.data()[i] = widened(bits.data()[i], as);
  return result;
}

/// linear of a weight that is kept in 16 bits. Of up to most_rows it is a convolution of 1x1, which reads the weight as
/// it is stored: of 4096 inputs and outputs in a third to a half of gemm's time, from 32 rows on in more than that.
inline void plan_stored_linear(planning& p, const linear_geometry& g) {
  constexpr index_t most_rows = 16;
  const bool of_weights = p.input(1).is_weight && (!p.has(2) || p.input(2).is_weight);
  const std::string variant = join({p.input(1).name, " ", p.has(2) ? p.input(2).name : ""});
  const tensor_view<const float> w = p.known<float>(1);
  if (g.m > most_rows) {
    const auto floats =
        p.keep<tensor<float>>(variant + " floats", of_weights, [&] { return stored_floats(w, p.weights); });
    return p.run([floats](const call& c) {
      if (c.has(2))
        linear_into(c.output<float>(), c.input<float>(0), *floats, c.input<float>(2), c.ctx);
      else
        linear_into(c.output<float>(), c.input<float>(0), *floats, c.ctx);
    });
  }
  using layer_type = prepared_conv2d<float>;
  const shape x{g.m, g.k, 1, 1}, y{g.m, g.n, 1, 1};
  const auto layer = p.keep<layer_type>(variant, of_weights, [&] {
    const tensor_view<const float> w4(w.data(), {g.n, g.k, 1, 1});
    return p.has(2) ? layer_type(p.weights, w4, p.known<float>(2), {}, activation::none, p.ctx)
                    : layer_type(p.weights, w4, {}, activation::none, p.ctx);
  });
  layer->plan(x, p.ctx);
  p.workspace(layer->workspace_bytes(x, p.ctx));
  p.plan.algorithm = layer->algorithm(x, p.ctx);
  p.run([layer, x, y](const call& c) {
    layer->into(tensor_view<float>(c.output<float>().data(), y), tensor_view<const float>(c.input<float>(0).data(), x),
                c.ctx);
  });
}

inline void plan_linear(planning& p) {
  check_same_type(p, 0, 1);
  if (p.has(2)) check_same_type(p, 0, 2);
  const shape &x = p.shape_of(0), &w = p.shape_of(1);
  const auto g = check_linear(x, w, p.has(2) ? std::optional(p.shape_of(2)) : std::nullopt);
  p.output(g.output_shape, p.type_of(0));
  p.plan.flop = 2 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  with_float32(p.type_of(0), [&]<class T>(T) {
    p.workspace(linear_workspace_bytes(tensor_view<const T>(nullptr, x), tensor_view<const T>(nullptr, w), p.ctx));
  });
  const bool is_known = p.knows(1) && (!p.has(2) || (p.knows(2) && p.shape_of(2) == shape{g.n}));
  if (p.weights != stored::as_given && !p.only_shapes() && is_known && g.m > 0 && g.n > 0 && g.k > 0)
    return plan_stored_linear(p, g);
  p.run(linear_runner());
}

inline void plan_matmul(planning& p) {
  check_same_type(p, 0, 1);
  const shape &a = p.shape_of(0), &b = p.shape_of(1);
  const shape y = matmul_output_shape(a, b);
  p.output(y, p.type_of(0));
  p.plan.flop = 2 * static_cast<double>(y.elements()) * static_cast<double>(a[a.size() - 1]);
  with_float32(p.type_of(0), [&]<class T>(T) {
    p.workspace(matmul_workspace_bytes(tensor_view<const T>(nullptr, a), tensor_view<const T>(nullptr, b), p.ctx));
  });
  p.run([](const call& c) {
    with_float32(c.any_input().type(),
                 [&]<class T>(T) { matmul_into(c.output<T>(), c.input<T>(0), c.input<T>(1), c.ctx); });
  });
}

struct gemm_node {
  double alpha, beta;
  transpose a, b;
  index_t m, n, k;
};

template <class T>
void run_gemm_node(const gemm_node& g, const call& c) {
  const tensor_view<T> y = c.output<T>();
  if (c.has(2) && y.size() != 0)
    move_elements(repeated(c.any_input(2).shape(), y.shape()), c.input<T>(2).data(), y.data(), c.ctx);
  const index_t a_line = g.a == transpose::no ? g.k : g.m, b_line = g.b == transpose::no ? g.n : g.k;
  gemm(order::row_major, g.a, g.b, g.m, g.n, g.k, static_cast<T>(g.alpha), c.input<T>(0).data(),
       (std::max)(a_line, index_t{1}), c.input<T>(1).data(), (std::max)(b_line, index_t{1}),
       static_cast<T>(c.has(2) ? g.beta : 0), y.data(), (std::max)(g.n, index_t{1}), c.ctx);
}

/// ONNX's Gemm: alpha op(a) op(b) + beta c.
inline void plan_gemm(planning& p) {
  const shape &a = p.shape_of(0), &b = p.shape_of(1);
  check_same_type(p, 0, 1);
  if (a.size() != 2 || b.size() != 2) raise({"gemm: expected two matrices, but got ", a, " and ", b});
  const bool trans_a = p.flag("trans_a"), trans_b = p.flag("trans_b");
  const bool is_linear = !trans_a && trans_b && p.number("alpha", 1) == 1 && p.number("beta", 1) == 1;
  if (is_linear && (!p.has(2) || p.shape_of(2) == shape{b[0]})) return plan_linear(p);
  const gemm_node g{p.number("alpha", 1),
                    p.number("beta", 1),
                    trans_a ? transpose::yes : transpose::no,
                    trans_b ? transpose::yes : transpose::no,
                    a[trans_a],
                    b[!trans_b],
                    a[!trans_a]};
  if (b[trans_b] != g.k) raise({"gemm: ", a, " and ", b, " do not share a dimension"});
  const shape y{g.m, g.n};
  if (p.has(2) && !(broadcast_shape(y, p.shape_of(2)) == y))
    raise({"gemm: c of ", p.shape_of(2), " does not broadcast to ", y});
  p.output(y, p.type_of(0));
  p.plan.flop = 2 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  p.workspace(gemm_workspace_bytes<float>(g.m, g.n, g.k, p.ctx));
  p.run([g](const call& c) { with_float32(c.any_input().type(), [&]<class T>(T) { run_gemm_node<T>(g, c); }); });
}

inline std::span<const operation> reductions_table() {
  static constexpr operation table[] = {
      {"linear", 2, 3, 1, types::float32, "", plan_linear},
      {"matmul", 2, 2, 1, types::float32, "", plan_matmul},
      {"gemm", 2, 3, 1, types::float32, "alpha beta trans_a trans_b", plan_gemm},
      {"batch_norm", 3, 5, 1, types::float32, "eps", plan_batch_norm},
      {"instance_norm", 1, 3, 1, types::float32, "eps", plan_instance_norm},
      {"group_norm", 1, 3, 1, types::float32, "num_groups eps", plan_group_norm},
      {"layer_norm2d", 1, 3, 1, types::float32, "eps", plan_layer_norm2d},
      {"layer_norm", 1, 3, 1, types::float32, "dim eps", plan_layer_norm},
      {"softmax", 1, 1, 1, types::float32, "dim", plan_softmax},
      {"log_softmax", 1, 1, 1, types::float32, "dim", plan_log_softmax},
      {"sum", 1, 2, 1, types::float32_or_int64, "dims keepdim noop_with_empty_dims", plan_sum},
      {"mean", 1, 2, 1, types::float32, "dims keepdim noop_with_empty_dims", plan_mean},
      {"amax", 1, 2, 1, types::float32_or_int64, "dims keepdim noop_with_empty_dims", plan_amax},
      {"amin", 1, 2, 1, types::float32_or_int64, "dims keepdim noop_with_empty_dims", plan_amin},
      {"argmax", 1, 1, 1, types::float32_or_int64, "dim keepdim select_last_index", plan_argmax},
      {"argmin", 1, 1, 1, types::float32_or_int64, "dim keepdim select_last_index", plan_argmin},
  };
  return table;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
