// The operators of ATen, each a function that makes nodes of docs/net.md's operations of it: those of torch.export's
// programs and those that run_decompositions leaves, "core ATen". Arguments have the names of native_functions.yaml.
#pragma once

#include <tenfold/detail/net/pt2/translation.hpp>

#include <cmath>  // sqrt

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2 {

// --------------------------------------------------------------------------------------------------------- elementwise

inline bool is_floating(dtype type) { return type == dtype::float32 || type == dtype::float64; }

/// An operation of one tensor without attributes.
inline void unary(pt2_node& n) { n.result(n.as, {n.operand("self", n.result_type())}); }

/// self (op) other, of the result's type; other may be multiplied by alpha before.
inline void binary(pt2_node& n) {
  const dtype type = n.result_type();
  std::string a = n.operand("self", type), b = n.operand("other", type);
  if (const double alpha = n.number("alpha", 1); alpha != 1) b = n.step("mul", {b, n.scalar(type, alpha)});
  n.result(n.as, {a, b});
}
inline void reverse_sub(pt2_node& n) {
  const dtype type = n.result_type();
  std::string a = n.operand("self", type);
  if (const double alpha = n.number("alpha", 1); alpha != 1) a = n.step("mul", {a, n.scalar(type, alpha)});
  n.result("sub", {n.operand("other", type), a});
}
inline void divide(pt2_node& n) {
  const dtype type = n.result_type();
  const std::string mode = n.text("rounding_mode", "");
  std::vector<std::string> from{n.operand("self", type), n.operand("other", type)};
  if (mode.empty() || (mode == "trunc" && !is_floating(type))) return n.result("div", std::move(from));
  if (mode != "floor" || !is_floating(type)) raise({"rounding_mode ", in_quotes(mode), " is not supported here"});
  n.result("floor", {n.step("div", std::move(from))});
}
inline void power(pt2_node& n) {
  const dtype type = n.result_type();
  n.result("pow", {n.operand("self", type), n.operand("exponent", type)});
}
inline void square(pt2_node& n) {
  const std::string x = n.tensor("self");
  n.result("mul", {x, x});
}

/// The type in which two operands are compared: the tensor's, unless the other one's kind is above it.
inline dtype common_type(pt2_node& n) {
  const std::optional<dtype> a = n.type_of_tensor("self"), b = n.type_of_tensor("other");
  if (a && b) {
    if (is_floating(*a) != is_floating(*b)) return is_floating(*a) ? *a : *b;
    return bytes_of(*a) >= bytes_of(*b) ? *a : *b;
  }
  const dtype of = a ? *a : b.value_or(dtype::int64);
  if (is_floating(of)) return of;
  return n.is_float("other") ? dtype::float32 : of == dtype::boolean ? dtype::int64 : of;
}
inline void compare(pt2_node& n) {
  const dtype type = common_type(n);
  n.result(n.as, {n.operand("self", type), n.operand("other", type)});
}
inline void not_equal(pt2_node& n) {
  const dtype type = common_type(n);
  n.result("logical_not", {n.step(dtype::boolean, "equal", {n.operand("self", type), n.operand("other", type)})});
}
inline void logical(pt2_node& n) {
  n.result(n.as, {n.operand("self", dtype::boolean), n.operand("other", dtype::boolean)});
}
inline void bitwise(pt2_node& n) {
  if (n.result_type() != dtype::boolean) raise("it is supported of bool only");
  logical(n);
}
inline void logical_not(pt2_node& n) {
  if (n.target().find("bitwise") != std::string::npos && n.result_type() != dtype::boolean)
    raise("it is supported of bool only");
  n.result("logical_not", {n.operand("self", dtype::boolean)});
}
inline void where(pt2_node& n) {
  const dtype type = n.result_type();
  n.result("where", {n.tensor("condition"), n.operand("self", type), n.operand("other", type)});
}
inline void masked_fill(pt2_node& n) {
  const dtype type = n.result_type();
  n.result("where", {n.tensor("mask"), n.operand("value", type), n.operand("self", type)});
}

/// 1 / sqrt(x)
inline void reciprocal_sqrt(pt2_node& n) { n.result("reciprocal", {n.step("sqrt", {n.tensor("self")})}); }
/// log(1 + x)
inline void log_1_plus(pt2_node& n) {
  const std::string x = n.tensor("self");
  n.result("log", {n.step("add", {x, n.scalar(n.type(x), 1)})});
}
/// exp(x) - 1
inline void exp_minus_1(pt2_node& n) {
  const std::string x = n.tensor("self");
  n.result("sub", {n.step("exp", {x}), n.scalar(n.type(x), 1)});
}
inline void leaky_relu(pt2_node& n) {
  n.result("leaky_relu", {n.tensor("self")}, {{"negative_slope", n.number("negative_slope", 0.01)}});
}
/// scale * (x where it is above 0, else alpha (exp(input_scale x) - 1))
inline void scaled_elu(pt2_node& n, double alpha, double scale, double input_scale) {
  const std::string x = n.tensor("self");
  const attributes settings{{"alpha", alpha}};
  if (scale == 1 && input_scale == 1) return n.result("elu", {x}, settings);
  std::string y = x;
  if (input_scale != 1) y = n.step("mul", {x, n.scalar(n.type(x), input_scale)});
  y = n.step("elu", {y}, settings);
  if (input_scale != 1) {
    const std::string above = n.step(dtype::boolean, "greater", {x, n.scalar(n.type(x), 0)});
    y = n.step(n.type(x), "where", {above, x, y});
  }
  n.result("mul", {y, n.scalar(n.type(x), scale)});
}
inline void elu(pt2_node& n) { scaled_elu(n, n.number("alpha", 1), n.number("scale", 1), n.number("input_scale", 1)); }
inline void selu(pt2_node& n) {
  scaled_elu(n, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1);
}
inline void celu(pt2_node& n) {
  const double alpha = n.number("alpha", 1);
  scaled_elu(n, alpha, 1, 1 / alpha);
}
inline void gelu(pt2_node& n) {
  n.result("gelu", {n.tensor("self")}, {{"approximate", n.text("approximate", "none")}});
}
inline void softplus(pt2_node& n) {
  n.result("softplus", {n.tensor("self")}, {{"beta", n.number("beta", 1)}, {"threshold", n.number("threshold", 20)}});
}
/// -log(1 + exp(-x))
inline void log_sigmoid(pt2_node& n) { n.result("neg", {n.step("softplus", {n.step("neg", {n.tensor("self")})})}); }
/// x tanh(log(1 + exp(x)))
inline void mish(pt2_node& n) {
  const std::string x = n.tensor("self");
  n.result("mul", {x, n.step("tanh", {n.step("softplus", {x})})});
}
inline void prelu(pt2_node& n) { n.result("prelu", {n.tensor("self"), n.tensor("weight")}); }
/// The same with a weight that is broadcast.
inline void prelu_kernel(pt2_node& n) {
  const std::string x = n.tensor("self"), zero = n.scalar(n.type(x), 0);
  n.result("where", {n.step(dtype::boolean, "greater", {x, zero}), x, n.step("mul", {x, n.tensor("weight")})});
}

inline void clamp_between(pt2_node& n, std::optional<double> low, std::optional<double> high) {
  attributes settings;
  if (low) settings["min"] = *low;
  if (high) settings["max"] = *high;
  n.result("clamp", {n.operand("self", n.result_type())}, std::move(settings));
}
inline std::optional<double> bound(pt2_node& n, const char* name) {
  return n.has(name) ? std::optional(n.number(name, 0)) : std::nullopt;
}
inline void hardtanh(pt2_node& n) { clamp_between(n, n.number("min_val", -1), n.number("max_val", 1)); }
inline void relu6(pt2_node& n) { clamp_between(n, 0, 6); }
inline void clamp(pt2_node& n) {
  if (!n.type_of_tensor("min") && !n.type_of_tensor("max")) return clamp_between(n, bound(n, "min"), bound(n, "max"));
  const dtype type = n.result_type();
  std::string x = n.operand("self", type);
  if (n.has("min")) x = n.step("maximum", {x, n.operand("min", type)});
  if (n.has("max")) x = n.step("minimum", {x, n.operand("max", type)});
  n.result("identity", {x});
}

/// Of the result's type, which is the only thing that may change.
inline void convert(pt2_node& n) {
  n.ignore("dtype");
  n.ignore("other");
  const std::string x = n.tensor("self");
  const dtype type = n.result_type();
  if (n.type(x) == type) return n.result("identity", {x});
  n.result("cast", {x}, {{"to", std::string(name_of(type))}});
}
/// Without training all is passed on.
inline void dropout(pt2_node& n) {
  n.ignore("p");
  if (n.integer("train", 0) != 0) n.problem({"train is not supported"});
  n.result("identity", {n.tensor(n.has("input") ? "input" : "self")});
}

// ------------------------------------------------------------------------------------------------ windows and products

/// Of how many dimensions the windows of an operation are that has them in its name.
inline std::size_t window_rank(std::string_view op) { return op.find("1d") != op.npos ? 1 : 2; }

/// As docs/net.md wants it: a single number for one dimension. One for all stands for each.
inline attribute per_dimension(pt2_node& n, const char* argument, std::size_t rank, index_t otherwise) {
  std::vector<index_t> list = n.integers(argument).value_or(std::vector<index_t>{otherwise});
  if (list.size() == 1) list.resize(rank, list[0]);
  if (list.size() != rank)
    raise({"argument ", argument, " has ", list.size(), " integers, but its windows ", rank, " dimensions"});
  if (rank == 1) return list[0];
  return list;
}

inline void convolve(pt2_node& n, std::size_t rank, bool is_transposed) {
  const bool has_rule = n.is_text("padding");
  attributes settings{{"stride", per_dimension(n, "stride", rank, 1)},
                      {"dilation", per_dimension(n, "dilation", rank, 1)},
                      {"groups", n.integer("groups", 1)}};
  const std::string rule = has_rule ? n.text("padding", "") : "";
  if (has_rule && rule != "same" && rule != "valid") raise({"padding ", in_quotes(rule), " is not known"});
  // "same" has the odd line behind, as ONNX's SAME_UPPER.
  settings["padding"] =
      has_rule ? attribute(std::string(rule == "same" ? "same_upper" : "valid")) : per_dimension(n, "padding", rank, 0);
  if (is_transposed) settings["output_padding"] = per_dimension(n, "output_padding", rank, 0);
  n.result(join({is_transposed ? "conv_transpose" : "conv", rank, "d"}),
           {n.tensor("input"), n.tensor("weight"), n.tensor("bias")}, std::move(settings));
}
inline void conv(pt2_node& n) { convolve(n, window_rank(n.as), false); }
inline void conv_transpose(pt2_node& n) { convolve(n, window_rank(n.as), true); }
inline void convolution(pt2_node& n) {
  const index_t rank = n.rank(n.tensor("weight")) - 2;
  if (rank != 1 && rank != 2) raise({"windows of ", rank, " dimensions are not supported, but of 1 and of 2"});
  const bool is_transposed = n.integer("transposed", 0) != 0;
  if (!is_transposed) n.ignore("output_padding");
  convolve(n, static_cast<std::size_t>(rank), is_transposed);
}

inline attributes pool_settings(pt2_node& n, std::size_t rank) {
  attributes settings{{"kernel_size", per_dimension(n, "kernel_size", rank, 1)},
                      {"padding", per_dimension(n, "padding", rank, 0)},
                      {"ceil_mode", n.integer("ceil_mode", 0)}};
  if (const auto stride = n.integers("stride"); stride && !stride->empty())
    settings["stride"] = per_dimension(n, "stride", rank, 1);
  return settings;
}
inline void max_pool(pt2_node& n) {
  const std::size_t rank = window_rank(n.as);
  attributes settings = pool_settings(n, rank);
  settings["dilation"] = per_dimension(n, "dilation", rank, 1);
  std::vector<std::string> to{n.output(0)};
  if (n.output_count() > 1) to.push_back(n.output(1));
  n.results(n.as, {n.tensor("self")}, std::move(to), std::move(settings));
}
inline void avg_pool(pt2_node& n) {
  attributes settings = pool_settings(n, window_rank(n.as));
  settings["count_include_pad"] = n.integer("count_include_pad", 1);
  if (n.has("divisor_override")) settings["divisor_override"] = n.integer("divisor_override", 1);
  n.result(n.as, {n.tensor("self")}, std::move(settings));
}
inline void adaptive_avg_pool(pt2_node& n) {
  n.result(n.as, {n.tensor("self")}, {{"output_size", per_dimension(n, "output_size", window_rank(n.as), 1)}});
}

/// torch's operator has a size where docs/net.md's has the window that it follows from: one that makes this size.
inline attributes window_of_size(pt2_node& n, const std::string& x, const std::vector<index_t>& size) {
  if (size.size() != 2 || n.rank(x) < 2) raise("its output_size is not of two dimensions");
  std::vector<index_t> kernel, stride;
  for (std::size_t d = 0; d < 2; ++d) {
    const index_t pooled = n.known_size(x, static_cast<index_t>(d) - 2);
    if (pooled < 1 || size[d] < pooled) raise("its output is smaller than its input");
    const bool is_whole = size[d] % pooled == 0;
    kernel.push_back(is_whole ? size[d] / pooled : size[d] - pooled + 1);
    stride.push_back(is_whole ? kernel.back() : 1);
  }
  return {{"kernel_size", kernel}, {"stride", stride}, {"output_size", size}};
}
inline void max_unpool(pt2_node& n) {
  const std::string x = n.tensor("self");
  const std::vector<index_t> size = n.integers("output_size").value_or(std::vector<index_t>());
  n.result("max_unpool2d", {x, n.tensor("indices")}, window_of_size(n, x, size));
}

/// What decompositions make of max_unpool2d: values put into a line of zeros, at indices that count in the whole
/// tensor.
inline void index_put(pt2_node& n) {
  constexpr const char* unsupported = "it is supported as decompositions of max_unpool2d have it, and not otherwise";
  const std::vector<std::string> lists = n.tensors("indices");
  const std::string line = n.tensor("self"), values = n.tensor("values");
  const std::string zeros = n.source(line, "reshape"), x = n.source(values, "reshape");
  const bool is_unpooling = lists.size() == 1 && !lists[0].empty() && !x.empty() && n.is_zeros(zeros);
  if (!is_unpooling || n.integer("accumulate", 0) != 0) raise(unsupported);
  if (n.rank(line) != 1 || n.rank(values) != 1 || n.rank(lists[0]) != 1 || n.rank(x) != n.rank(zeros))
    raise(unsupported);
  const index_t rank = n.rank(zeros);
  if (rank != 3 && rank != 4) raise(unsupported);
  for (index_t d = 0; d + 2 < rank; ++d)
    if (n.known_size(x, d) != n.known_size(zeros, d)) raise(unsupported);
  attributes settings = window_of_size(n, x, {n.known_size(zeros, -2), n.known_size(zeros, -1)});
  settings["indices"] = std::string("onnx");
  const std::string indices = n.step("reshape", {lists[0], n.step(dtype::int64, "shape", {x})});
  const std::string y = n.step("max_unpool2d", {x, indices}, std::move(settings));
  n.result("reshape", {y, n.list(std::vector<index_t>{-1})});
}

inline void linear(pt2_node& n) { n.result("linear", {n.tensor("input"), n.tensor("weight"), n.tensor("bias")}); }
inline void matmul(pt2_node& n) { n.result("matmul", {n.tensor("self"), n.tensor(n.has("mat2") ? "mat2" : "other")}); }
inline void addmm(pt2_node& n) {
  n.result("gemm", {n.tensor("mat1"), n.tensor("mat2"), n.tensor("self")},
           {{"alpha", n.number("alpha", 1)}, {"beta", n.number("beta", 1)}});
}
inline void baddbmm(pt2_node& n) {
  const double alpha = n.number("alpha", 1), beta = n.number("beta", 1);
  std::string c = n.tensor("self"), product = n.step("matmul", {n.tensor("batch1"), n.tensor("batch2")});
  if (alpha != 1) product = n.step("mul", {product, n.scalar(n.type(product), alpha)});
  if (beta != 1) c = n.step("mul", {c, n.scalar(n.type(c), beta)});
  n.result("add", {c, product});
}
/// softmax(query key^T scale + mask) value
inline void attention(pt2_node& n) {
  const std::string q = n.tensor("query"), k = n.tensor("key"), mask = n.tensor("attn_mask");
  if (n.number("dropout_p", 0) != 0) n.problem({"dropout_p is not supported"});
  if (n.integer("is_causal", 0) != 0) n.problem({"is_causal is not supported"});
  if (n.integer("enable_gqa", 0) != 0) n.problem({"enable_gqa is not supported"});
  if (!mask.empty() && n.type(mask) != n.type(q)) raise("a mask of bool is not supported");
  const index_t rank = n.rank(k);
  if (rank < 2) raise("its key has less than two dimensions");
  std::vector<index_t> dims;
  for (index_t d = 0; d < rank; ++d) dims.push_back(d < rank - 2 ? d : 2 * rank - 3 - d);
  const double scale = n.has("scale") ? n.number("scale", 1) : 1 / std::sqrt(static_cast<double>(n.known_size(q, -1)));
  std::string weights = n.step("matmul", {q, n.step("permute", {k}, {{"dims", dims}})});
  weights = n.step("mul", {weights, n.scalar(n.type(q), scale)});
  if (!mask.empty()) weights = n.step("add", {weights, mask});
  n.result("matmul", {n.step("softmax", {weights}), n.tensor("value")});
}

// ------------------------------------------------------------------------------------------------------- normalisation

inline void batch_norm(pt2_node& n) {
  if (n.integer("training", 0) != 0) raise("training is not supported");
  n.result("batch_norm",
           {n.tensor("input"), n.tensor("running_mean"), n.tensor("running_var"), n.tensor("weight"), n.tensor("bias")},
           {{"eps", n.number("eps", 1e-5)}});
}
/// What decompositions make of instance_norm: one image of as many channels as all had.
inline void batch_norm_without_statistics(pt2_node& n) {
  const std::string x = n.tensor("input");
  if (n.integer("training", 1) == 0 || n.known_size(x, 0) != 1) raise("training is not supported");
  n.result("instance_norm", {x, n.tensor("weight"), n.tensor("bias")}, {{"eps", n.number("eps", 1e-5)}});
}
inline void instance_norm(pt2_node& n) {
  if (n.integer("use_input_stats", 1) == 0) {
    n.result(
        "batch_norm",
        {n.tensor("input"), n.tensor("running_mean"), n.tensor("running_var"), n.tensor("weight"), n.tensor("bias")},
        {{"eps", n.number("eps", 1e-5)}});
    return;
  }
  if (n.has("running_mean") || n.has("running_var")) raise("training is not supported");
  n.result("instance_norm", {n.tensor("input"), n.tensor("weight"), n.tensor("bias")},
           {{"eps", n.number("eps", 1e-5)}});
}
inline void group_norm(pt2_node& n) {
  for (const char* size : {"N", "C", "HxW"}) n.ignore(size);
  const index_t groups = n.integer(n.has("group") ? "group" : "num_groups", 1);
  n.result("group_norm", {n.tensor("input"), n.tensor("weight"), n.tensor("bias")},
           {{"num_groups", groups}, {"eps", n.number("eps", 1e-5)}});
}
inline index_t first_normalized(pt2_node& n) { return -static_cast<index_t>(n.elements("normalized_shape").size()); }
inline void layer_norm(pt2_node& n) {
  n.result("layer_norm", {n.tensor("input"), n.tensor("weight"), n.tensor("bias")},
           {{"dim", first_normalized(n)}, {"eps", n.number("eps", 1e-5)}});
}
/// x / sqrt(mean of its squares + eps) * weight
inline void rms_norm(pt2_node& n) {
  const std::string x = n.tensor("input"), weight = n.tensor("weight");
  std::vector<index_t> dims;
  for (index_t d = first_normalized(n); d < 0; ++d) dims.push_back(d);
  const double eps = n.number("eps", 0x1p-23);
  const std::string squares = n.step("mean", {n.step("mul", {x, x})}, {{"dims", dims}, {"keepdim", index_t{1}}});
  const std::string root = n.step("sqrt", {n.step("add", {squares, n.scalar(n.type(x), eps)})});
  if (weight.empty()) return n.result("div", {x, root});
  n.result("mul", {n.step("div", {x, root}), weight});
}
inline void softmax(pt2_node& n) {
  n.ignore("dtype");
  n.result(n.as, {n.operand("self", n.result_type())}, {{"dim", n.integer("dim", -1)}});
}

// ---------------------------------------------------------------------------------------------------------- reductions

/// No list, and an empty one, are all dimensions.
inline attributes reduction_settings(pt2_node& n) {
  attributes settings{{"keepdim", n.integer("keepdim", 0)}};
  if (const auto dims = n.integers("dim"); dims && !dims->empty()) settings["dims"] = *dims;
  return settings;
}
inline void reduce(pt2_node& n) {
  n.ignore("dtype");
  if (n.output_count() > 1) raise("it is supported of all dimensions only");
  const attributes settings = reduction_settings(n);
  n.result(n.as, {n.operand("self", n.result_type())}, settings);
}
/// Values and places along one dimension.
inline void extremes(pt2_node& n, const char* values, const char* places) {
  if (!n.has("dim")) return reduce(n);
  const std::string x = n.tensor("self");
  const index_t dim = n.integer("dim", 0), keepdim = n.integer("keepdim", 0);
  n.result(values, {x}, {{"dims", std::vector<index_t>{dim}}, {"keepdim", keepdim}});
  if (!n.output(1).empty()) n.result(places, {x}, {{"dim", dim}, {"keepdim", keepdim}}, 1);
}
inline void greatest(pt2_node& n) { extremes(n, "amax", "argmax"); }
inline void least(pt2_node& n) { extremes(n, "amin", "argmin"); }
inline void arg_reduce(pt2_node& n) {
  const index_t keepdim = n.integer("keepdim", 0);
  const std::string x = n.tensor("self");
  if (n.has("dim")) return n.result(n.as, {x}, {{"dim", n.integer("dim", 0)}, {"keepdim", keepdim}});
  if (keepdim != 0) raise("keepdim of all dimensions is not supported");
  n.result(n.as, {n.step("reshape", {x, n.list(std::vector<index_t>{-1})})}, {{"dim", index_t{0}}});
}
/// Whether one is, by the greatest of 0 and 1.
inline void any(pt2_node& n) {
  const std::string x = n.operand("self", dtype::boolean);
  const attributes settings = reduction_settings(n);
  n.result("cast", {n.step("amax", {n.as_type(x, dtype::int64)}, settings)}, {{"to", std::string("bool")}});
}
/// The mean of (x - mean)^2 of n elements, times n / (n - correction).
inline std::string variance(pt2_node& n) {
  const std::string x = n.tensor("self");
  attributes settings = reduction_settings(n), inner = settings;
  inner["keepdim"] = index_t{1};
  double count = 1;
  std::vector<index_t> dims = n.integers("dim").value_or(std::vector<index_t>());
  if (dims.empty())
    for (index_t d = 0; d < n.rank(x); ++d) dims.push_back(d);
  for (const index_t dim : dims) count *= static_cast<double>(n.known_size(x, dim));
  const double correction =
      n.has("unbiased") ? static_cast<double>(n.integer("unbiased", 1)) : n.number("correction", 1);
  if (!(count > correction)) raise("its dimensions have no more elements than the correction");
  const std::string d = n.step("sub", {x, n.step("mean", {x}, inner)});
  const std::string mean = n.step("mean", {n.step("mul", {d, d})}, settings);
  return n.step("mul", {mean, n.scalar(n.type(x), count / (count - correction))});
}
inline void var(pt2_node& n) { n.result("identity", {variance(n)}); }
inline void standard_deviation(pt2_node& n) { n.result("sqrt", {variance(n)}); }

// --------------------------------------------------------------------------------------------------------------- moves

inline void identity(pt2_node& n) { n.result("identity", {n.tensor(n.has("input") ? "input" : "self")}); }
/// Decompositions leave one where the order of dimensions of size 1 in memory is to be another: the same elements.
inline void as_strided(pt2_node& n) {
  const std::string x = n.tensor("self");
  const std::vector<index_t>& sizes = n.sizes(x);
  const std::vector<index_t> strides = n.strides(x), wanted = n.integers("stride").value_or(std::vector<index_t>());
  bool is_same = n.integers("size") == sizes && strides.size() == sizes.size() && wanted.size() == sizes.size();
  for (std::size_t d = 0; d < sizes.size() && is_same; ++d) is_same = sizes[d] == 1 || strides[d] == wanted[d];
  if (!is_same || n.has("storage_offset")) raise("it is supported only where it moves no element");
  n.result("identity", {x});
}
inline void cat(pt2_node& n) { n.result("cat", n.tensors("tensors"), {{"dim", n.integer("dim", 0)}}); }
inline void stack(pt2_node& n) {
  std::vector<std::string> parts = n.tensors("tensors");
  index_t dim = n.integer("dim", 0);
  if (parts.empty()) raise("it has no tensors");
  if (dim < 0) dim += n.rank(parts[0]) + 1;
  const std::string dims = n.list(std::vector<index_t>{dim});
  for (std::string& part : parts) part = n.step("unsqueeze", {part, dims});
  n.result("cat", std::move(parts), {{"dim", dim}});
}
/// By a size, by a list of them, or into parts that are equal.
inline void split(pt2_node& n) {
  n.ignore("chunks");
  attributes settings{{"dim", n.integer("dim", 0)}};
  std::string sizes;
  if (n.has("split_size")) settings["split_size"] = n.integer("split_size", 1);
  if (n.has("split_sizes")) sizes = n.list(n.elements("split_sizes"));
  n.results("split", {n.tensor("self"), sizes}, n.outputs(), std::move(settings));
}
inline void unbind(pt2_node& n) {
  const std::string x = n.tensor("self");
  const index_t dim = n.integer("dim", 0);
  for (std::size_t i = 0; i < n.output_count(); ++i)
    n.result("gather", {x, n.scalar(dtype::int64, static_cast<index_t>(i))}, {{"dim", dim}}, i);
}

/// The elements from a start to an end along one dimension.
inline void slice(pt2_node& n) {
  const std::string one = n.list(std::vector<index_t>{n.integer("step", 1)});
  const auto place = [&](const char* argument, index_t otherwise) {
    return n.has(argument) ? n.list(n.elements(argument)) : n.list(std::vector<index_t>{otherwise});
  };
  const std::string start = place("start", 0), end = place("end", (std::numeric_limits<index_t>::max)());
  n.result("slice", {n.tensor("self"), start, end, n.list(std::vector<index_t>{n.integer("dim", 0)}), one});
}
inline void narrow(pt2_node& n) {
  const index_t start = n.integer("start", 0), length = n.integer("length", 0);
  if (start < 0 || length < 0 || length > (std::numeric_limits<index_t>::max)() - start)
    raise({"start ", start, " and length ", length, " are not supported"});
  n.result("slice", {n.tensor("self"), n.list(std::vector<index_t>{start}),
                     n.list(std::vector<index_t>{start + length}), n.list(std::vector<index_t>{n.integer("dim", 0)})});
}
inline void flip(pt2_node& n) {
  const std::vector<index_t> dims = n.integers("dims").value_or(std::vector<index_t>());
  const auto each = [&](index_t value) { return n.list(std::vector<index_t>(dims.size(), value)); };
  n.result("slice", {n.tensor("self"), each(-1), each((std::numeric_limits<index_t>::min)()), n.list(dims), each(-1)});
}
inline void select(pt2_node& n) {
  n.result("gather", {n.tensor("self"), n.operand("index", dtype::int64)}, {{"dim", n.integer("dim", 0)}});
}
inline void embedding(pt2_node& n) {
  for (const char* of_training : {"padding_idx", "scale_grad_by_freq", "sparse"}) n.ignore(of_training);
  n.result("gather", {n.tensor("weight"), n.tensor("indices")}, {{"dim", index_t{0}}});
}

/// x[:, i, j] of lists i along one dimension and j along the next, (n, 1) and (m), of which each picks by itself.
inline void pick(pt2_node& n) {
  const std::string x = n.tensor("self");
  const std::vector<std::string> lists = n.tensors("indices");
  std::vector<std::size_t> given;
  for (std::size_t d = 0; d < lists.size(); ++d)
    if (!lists[d].empty()) given.push_back(d);
  for (const std::size_t d : given)
    if (n.type(lists[d]) == dtype::boolean) raise("indices of bool are not supported");
  const auto along = [](std::size_t d) { return attributes{{"dim", static_cast<index_t>(d)}}; };
  if (given.size() == 1) return n.result("gather", {x, lists[given[0]]}, along(given[0]));
  const bool are_two = given.size() == 2 && given[1] == given[0] + 1;
  if (!are_two || n.rank(lists[given[0]]) != 2 || n.known_size(lists[given[0]], 1) != 1 || n.rank(lists[given[1]]) != 1)
    raise("indices of several dimensions that do not each pick by themselves are not supported");
  const std::string first = n.step("reshape", {lists[given[0]], n.list(std::vector<index_t>{-1})});
  const std::string rows = n.step("gather", {x, first}, along(given[0]));
  n.result("gather", {rows, lists[given[1]]}, along(given[1]));
}
inline void index_select(pt2_node& n) {
  n.result("gather", {n.tensor("self"), n.tensor("index")}, {{"dim", n.integer("dim", 0)}});
}

/// torch lists the last dimension first, begin and end of each.
inline void pad_as(pt2_node& n, const char* argument, const std::string& mode) {
  const std::string x = n.tensor("self");
  const std::vector<size_element> pads = n.elements(argument);
  if (pads.size() % 2 != 0 || static_cast<index_t>(pads.size()) > 2 * n.rank(x))
    raise({"argument ", argument, " has ", pads.size(), " integers"});
  std::vector<size_element> sorted(pads.size());
  std::vector<index_t> dims;
  for (std::size_t i = 0; i < pads.size() / 2; ++i) {
    sorted[i] = pads[2 * i];
    sorted[pads.size() / 2 + i] = pads[2 * i + 1];
    dims.push_back(n.rank(x) - 1 - static_cast<index_t>(i));
  }
  const bool has_value = n.has("value") && mode == "constant";
  const std::string value = has_value ? n.operand("value", n.type(x)) : std::string();
  n.result("pad", {x, n.list(sorted), value, n.list(dims)}, {{"mode", mode}});
}
inline void pad(pt2_node& n) {
  const std::string mode = n.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "replicate" && mode != "circular")
    raise({"mode ", in_quotes(mode), " is not supported"});
  pad_as(n, "pad", mode);
}
inline void pad_constant(pt2_node& n) { pad_as(n, "pad", "constant"); }
inline void pad_like(pt2_node& n) { pad_as(n, "padding", n.as); }

inline void permute(pt2_node& n) {
  n.result("permute", {n.tensor("self")}, {{"dims", n.integers("dims").value_or(std::vector<index_t>())}});
}
inline void swap_dims(pt2_node& n, index_t a, index_t b) {
  const std::string x = n.tensor("self");
  std::vector<index_t> dims;
  for (index_t d = 0; d < n.rank(x); ++d) dims.push_back(d);
  if (!dims.empty())
    (std::swap)(dims[static_cast<std::size_t>(n.dim_of(x, a))], dims[static_cast<std::size_t>(n.dim_of(x, b))]);
  n.result("permute", {x}, {{"dims", dims}});
}
inline void transpose_dims(pt2_node& n) { swap_dims(n, n.integer("dim0", 0), n.integer("dim1", 0)); }
inline void transpose_matrix(pt2_node& n) { swap_dims(n, n.rank(n.tensor("self")) < 2 ? -1 : -2, -1); }

inline void reshape_to(pt2_node& n, const std::string& sizes) {
  n.result("reshape", {n.tensor("self"), sizes}, {{"allowzero", index_t{1}}});
}
inline void reshape(pt2_node& n) { reshape_to(n, n.list(n.elements(n.has("size") ? "size" : "shape"))); }
inline void view_as(pt2_node& n) { reshape_to(n, n.step(dtype::int64, "shape", {n.tensor("other")})); }
inline void flatten(pt2_node& n) {
  n.result("flatten", {n.tensor("self")},
           {{"start_dim", n.integer("start_dim", 0)}, {"end_dim", n.integer("end_dim", -1)}});
}
/// One dimension becomes several: the sizes before it, those, and the sizes behind it.
inline void unflatten(pt2_node& n) {
  const std::string x = n.tensor("self");
  const index_t dim = n.dim_of(x, n.integer("dim", 0));
  const std::string all = n.step(dtype::int64, "shape", {x}, {{"start", index_t{0}}, {"end", dim}});
  const std::string rest = n.step(dtype::int64, "shape", {x}, {{"start", dim + 1}});
  reshape_to(n, n.step(dtype::int64, "cat", {all, n.list(n.elements("sizes")), rest}, {{"dim", index_t{0}}}));
}
/// Dimensions of other sizes than 1 stay; a size that may be any is none of 1, as torch.export has it.
inline void squeeze(pt2_node& n) {
  const std::string x = n.tensor("self");
  const std::vector<index_t>& sizes = n.sizes(x);
  std::vector<index_t> wanted, dims;
  if (n.has("dim"))
    wanted = n.integers("dim").value_or(wanted);
  else
    for (index_t d = 0; d < n.rank(x); ++d) wanted.push_back(d);
  for (const index_t d : wanted)
    if (const index_t at = n.dim_of(x, d); !sizes.empty() && sizes[static_cast<std::size_t>(at)] == 1)
      dims.push_back(at);
  if (dims.empty()) return n.result("identity", {x});
  n.result("squeeze", {x, n.list(dims)});
}
inline void unsqueeze(pt2_node& n) {
  n.result("unsqueeze", {n.tensor("self"), n.list(std::vector<index_t>{n.integer("dim", 0)})});
}
/// -1 keeps a size, as 1 does in ONNX's.
inline void expand(pt2_node& n) {
  std::vector<size_element> sizes = n.elements("size");
  for (size_element& e : sizes)
    if (e.name.empty() && e.number == -1) e.number = 1;
  n.result("expand", {n.tensor("self"), n.list(sizes)});
}
inline void expand_as(pt2_node& n) {
  n.result("expand", {n.tensor("self"), n.step(dtype::int64, "shape", {n.tensor("other")})});
}
inline void repeat(pt2_node& n) {
  std::string x = n.tensor("self");
  const std::vector<size_element> repeats = n.elements("repeats");
  std::vector<index_t> before;
  for (index_t d = n.rank(x); d < static_cast<index_t>(repeats.size()); ++d)
    before.push_back(static_cast<index_t>(before.size()));
  if (!before.empty()) x = n.step("unsqueeze", {x, n.list(before)});
  n.result("tile", {x, n.list(repeats)});
}

/// Numbers that all are the same.
inline void fill_with(pt2_node& n, const std::string& sizes, const std::string& value) {
  n.ignore("dtype");
  n.result("constant_of_shape", {sizes, value});
}
inline void full(pt2_node& n) { fill_with(n, n.list(n.elements("size")), n.operand("fill_value", n.result_type())); }
inline void zeros(pt2_node& n) {
  n.ignore("self");
  fill_with(n, n.list(n.elements("size")), n.scalar(n.result_type(), 0));
}
inline void ones(pt2_node& n) {
  n.ignore("self");
  fill_with(n, n.list(n.elements("size")), n.scalar(n.result_type(), 1));
}
inline std::string shape_like(pt2_node& n) { return n.step(dtype::int64, "shape", {n.tensor("self")}); }
inline void full_like(pt2_node& n) { fill_with(n, shape_like(n), n.operand("fill_value", n.result_type())); }
inline void zeros_like(pt2_node& n) { fill_with(n, shape_like(n), n.scalar(n.result_type(), 0)); }
inline void ones_like(pt2_node& n) { fill_with(n, shape_like(n), n.scalar(n.result_type(), 1)); }
inline void scalar_tensor(pt2_node& n) {
  n.ignore("dtype");
  n.result("identity", {n.operand("s", n.result_type())});
}
inline void arange(pt2_node& n) {
  n.ignore("dtype");
  const dtype type = n.result_type();
  const auto number = [&](const char* argument, index_t otherwise) {
    return n.has(argument) ? n.operand(argument, type) : n.scalar(type, otherwise);
  };
  n.result("arange", {number("start", 0), n.operand("end", type), number("step", 1)});
}

// -------------------------------------------------------------------------------------------------------------- images

inline void pixel_shuffle(pt2_node& n) {
  n.result("pixel_shuffle", {n.tensor("self")}, {{"upscale_factor", n.integer("upscale_factor", 1)}});
}
inline void pixel_unshuffle(pt2_node& n) {
  n.result("pixel_unshuffle", {n.tensor("self")}, {{"downscale_factor", n.integer("downscale_factor", 1)}});
}
inline void channel_shuffle(pt2_node& n) {
  n.result("channel_shuffle", {n.tensor("self")}, {{"groups", n.integer("groups", 1)}});
}

/// To sizes that follow from the inputs', which torch's operations have as settings and ONNX's Resize as an input.
inline void upsample_to_sizes(pt2_node& n, const std::string& x) {
  const std::string_view op = n.as;
  const bool is_nearest = op == "upsample_nearest2d", is_cubic = op == "upsample_bicubic2d";
  const bool align_corners = !is_nearest && n.integer("align_corners", 0) != 0;
  if (op == "upsample_nearest_exact2d") raise("argument output_size depends on sizes that are not known");
  const char* const places = is_nearest ? "asymmetric" : align_corners ? "align_corners" : "pytorch_half_pixel";
  n.result("onnx_resize", {x, "", "", n.list(n.elements("output_size")), n.list(std::vector<index_t>{2, 3})},
           {{"mode", std::string(is_nearest ? "nearest"
                                 : is_cubic ? "cubic"
                                            : "linear")},
            {"coordinate_transformation_mode", std::string(places)},
            {"nearest_mode", std::string("floor")},
            {"antialias", index_t{n.target().find("_aa.") != std::string::npos}}});
}

/// By scales where there are some: torch computes with them then, and not with what the sizes make.
inline void upsample(pt2_node& n) {
  const std::string x = n.tensor(n.has("input") ? "input" : "self");
  attributes settings;
  if (n.has("scale_factors"))
    settings["scale"] = *n.numbers("scale_factors");
  else if (n.has("scales_h") && n.has("scales_w"))
    settings["scale"] = std::vector<double>{n.number("scales_h", 1), n.number("scales_w", 1)};
  n.ignore("output_size");
  if (settings.empty()) {
    for (const size_element& e : n.elements("output_size"))
      if (!e.name.empty()) return upsample_to_sizes(n, x);
    settings["output_size"] = *n.integers("output_size");
  }
  const std::string_view op = n.as;
  if (op.find("nearest") == op.npos) settings["align_corners"] = n.integer("align_corners", 0);
  if (n.target().find("_aa.") != std::string::npos) settings["antialias"] = index_t{1};
  n.result(n.as, {x}, std::move(settings));
}
inline void grid_sample(pt2_node& n) {
  const index_t mode = n.integer("interpolation_mode", 0), padding = n.integer("padding_mode", 0);
  if (mode < 0 || mode > 1) raise({"interpolation_mode ", mode, " is not supported"});
  if (padding < 0 || padding > 2) raise({"padding_mode ", padding, " is not known"});
  constexpr const char* modes[] = {"bilinear", "nearest"};
  constexpr const char* paddings[] = {"zeros", "border", "reflection"};
  n.result("grid_sample", {n.tensor("input"), n.tensor("grid")},
           {{"mode", std::string(modes[mode])},
            {"padding_mode", std::string(paddings[padding])},
            {"align_corners", n.integer("align_corners", 0)}});
}

// --------------------------------------------------------------------------------------------------------------- sizes

inline void size_of(pt2_node& n) {
  const std::string x = n.tensor("self");
  const std::string all = n.step(dtype::int64, "shape", {x});
  n.result("gather", {all, n.scalar(dtype::int64, n.dim_of(x, n.integer("dim", 0)))}, {{"dim", index_t{0}}});
}
/// Python's arithmetic of sizes, which are not negative.
inline void size_arithmetic(pt2_node& n) {
  n.name_arguments({"a", "b"});
  n.result(n.as, {n.operand("a", dtype::int64), n.operand("b", dtype::int64)});
}

// --------------------------------------------------------------------------------------------------------------- table

struct translator {
  std::string_view target;  // without the overload
  void (*translate)(pt2_node&);
  const char* as = "";         // for functions of several operators
  bool shares_memory = false;  // its result may be a view of its first tensor
};

inline constexpr translator translators[] = {
    {"abs", unary, "abs"},
    {"adaptive_avg_pool1d", adaptive_avg_pool, "adaptive_avg_pool1d"},
    {"adaptive_avg_pool2d", adaptive_avg_pool, "adaptive_avg_pool2d"},
    {"_adaptive_avg_pool2d", adaptive_avg_pool, "adaptive_avg_pool2d"},
    {"add", binary, "add"},
    {"addmm", addmm},
    {"alias", identity, "", true},
    {"amax", reduce, "amax"},
    {"amin", reduce, "amin"},
    {"any", any},
    {"arange", arange},
    {"argmax", arg_reduce, "argmax"},
    {"argmin", arg_reduce, "argmin"},
    {"as_strided", as_strided, "", true},
    {"avg_pool1d", avg_pool, "avg_pool1d"},
    {"avg_pool2d", avg_pool, "avg_pool2d"},
    {"baddbmm", baddbmm},
    {"batch_norm", batch_norm},
    {"bitwise_and", bitwise, "logical_and"},
    {"bitwise_not", logical_not},
    {"bitwise_or", bitwise, "logical_or"},
    {"bitwise_xor", bitwise, "logical_xor"},
    {"bmm", matmul},
    {"cat", cat},
    {"ceil", unary, "ceil"},
    {"celu", celu},
    {"channel_shuffle", channel_shuffle},
    {"chunk", split, "", true},
    {"clamp", clamp},
    {"clamp_max", clamp},
    {"clamp_min", clamp},
    {"clone", identity},
    {"constant_pad_nd", pad_constant},
    {"contiguous", identity, "", true},
    {"conv1d", conv, "conv1d"},
    {"conv2d", conv, "conv2d"},
    {"conv_transpose1d", conv_transpose, "conv_transpose1d"},
    {"conv_transpose2d", conv_transpose, "conv_transpose2d"},
    {"convolution", convolution},
    {"detach", identity, "", true},
    {"div", divide},
    {"dropout", dropout, "", true},
    {"elu", elu},
    {"embedding", embedding},
    {"eq", compare, "equal"},
    {"erf", unary, "erf"},
    {"exp", unary, "exp"},
    {"expand", expand, "", true},
    {"expand_as", expand_as, "", true},
    {"expm1", exp_minus_1},
    {"feature_dropout", dropout, "", true},
    {"flatten", flatten, "", true},
    {"flip", flip},
    {"floor", unary, "floor"},
    {"full", full},
    {"full_like", full_like},
    {"ge", compare, "greater_equal"},
    {"gelu", gelu},
    {"grid_sampler", grid_sample},
    {"grid_sampler_2d", grid_sample},
    {"group_norm", group_norm},
    {"gt", compare, "greater"},
    {"hardsigmoid", unary, "hardsigmoid"},
    {"hardswish", unary, "hardswish"},
    {"hardtanh", hardtanh},
    {"index", pick},
    {"index_put", index_put},
    {"_unsafe_index", pick},
    {"index_select", index_select},
    {"instance_norm", instance_norm},
    {"layer_norm", layer_norm},
    {"le", compare, "less_equal"},
    {"leaky_relu", leaky_relu},
    {"lift_fresh_copy", identity},
    {"linear", linear},
    {"log", unary, "log"},
    {"log1p", log_1_plus},
    {"log_sigmoid", log_sigmoid},
    {"log_softmax", softmax, "log_softmax"},
    {"_log_softmax", softmax, "log_softmax"},
    {"logical_and", logical, "logical_and"},
    {"logical_not", logical_not},
    {"logical_or", logical, "logical_or"},
    {"logical_xor", logical, "logical_xor"},
    {"lt", compare, "less"},
    {"mT", transpose_matrix, "", true},
    {"masked_fill", masked_fill},
    {"matmul", matmul},
    {"max", greatest, "amax"},
    {"max_pool1d", max_pool, "max_pool1d"},
    {"max_pool1d_with_indices", max_pool, "max_pool1d"},
    {"max_pool2d", max_pool, "max_pool2d"},
    {"max_pool2d_with_indices", max_pool, "max_pool2d"},
    {"max_unpool2d", max_unpool},
    {"maximum", binary, "maximum"},
    {"mean", reduce, "mean"},
    {"min", least, "amin"},
    {"minimum", binary, "minimum"},
    {"mish", mish},
    {"mm", matmul},
    {"mul", binary, "mul"},
    {"narrow", narrow, "", true},
    {"_native_batch_norm_legit.no_stats", batch_norm_without_statistics},
    {"_native_batch_norm_legit", batch_norm},
    {"_native_batch_norm_legit_no_training", batch_norm},
    {"native_batch_norm", batch_norm},
    {"native_channel_shuffle", channel_shuffle},
    {"native_group_norm", group_norm},
    {"native_layer_norm", layer_norm},
    {"ne", not_equal},
    {"neg", unary, "neg"},
    {"new_full", full},
    {"new_ones", ones},
    {"new_zeros", zeros},
    {"ones", ones},
    {"ones_like", ones_like},
    {"pad", pad},
    {"permute", permute, "", true},
    {"pixel_shuffle", pixel_shuffle},
    {"pixel_unshuffle", pixel_unshuffle},
    {"pow", power},
    {"prelu", prelu},
    {"_prelu_kernel", prelu_kernel},
    {"reciprocal", unary, "reciprocal"},
    {"reflection_pad1d", pad_like, "reflect"},
    {"reflection_pad2d", pad_like, "reflect"},
    {"relu", unary, "relu"},
    {"relu6", relu6},
    {"repeat", repeat},
    {"replication_pad1d", pad_like, "replicate"},
    {"replication_pad2d", pad_like, "replicate"},
    {"reshape", reshape, "", true},
    {"rms_norm", rms_norm},
    {"round", unary, "round"},
    {"rsqrt", reciprocal_sqrt},
    {"rsub", reverse_sub},
    {"scalar_tensor", scalar_tensor},
    {"scaled_dot_product_attention", attention},
    {"_scaled_dot_product_flash_attention_for_cpu", attention},
    {"select", select, "", true},
    {"selu", selu},
    {"sigmoid", unary, "sigmoid"},
    {"sign", unary, "sign"},
    {"silu", unary, "silu"},
    {"slice", slice, "", true},
    {"softmax", softmax, "softmax"},
    {"_softmax", softmax, "softmax"},
    {"softplus", softplus},
    {"split", split, "", true},
    {"split_with_sizes", split, "", true},
    {"sqrt", unary, "sqrt"},
    {"square", square},
    {"squeeze", squeeze, "", true},
    {"stack", stack},
    {"std", standard_deviation},
    {"sub", binary, "sub"},
    {"sum", reduce, "sum"},
    {"sym_size", size_of},
    {"t", transpose_matrix, "", true},
    {"tanh", unary, "tanh"},
    {"to", convert, "", true},
    {"_to_copy", convert},
    {"transpose", transpose_dims, "", true},
    {"type_as", convert, "", true},
    {"unbind", unbind, "", true},
    {"unflatten", unflatten, "", true},
    {"_unsafe_view", reshape, "", true},
    {"unsqueeze", unsqueeze, "", true},
    {"upsample_bicubic2d", upsample, "upsample_bicubic2d"},
    {"_upsample_bicubic2d_aa", upsample, "upsample_bicubic2d"},
    {"upsample_bilinear2d", upsample, "upsample_bilinear2d"},
    {"_upsample_bilinear2d_aa", upsample, "upsample_bilinear2d"},
    {"upsample_nearest2d", upsample, "upsample_nearest2d"},
    {"_upsample_nearest_exact2d", upsample, "upsample_nearest_exact2d"},
    {"var", var},
    {"view", reshape, "", true},
    {"view_as", view_as, "", true},
    {"where", where},
    {"zeros", zeros},
    {"zeros_like", zeros_like},
    {"_operator.add", size_arithmetic, "add"},
    {"_operator.floordiv", size_arithmetic, "div"},
    {"_operator.mul", size_arithmetic, "mul"},
    {"_operator.sub", size_arithmetic, "sub"},
};

/// The operator of a target, and whether it is one that writes into its first tensor: relu_ is relu then.
struct found_translator {
  const translator* entry = nullptr;
  bool writes = false;
};
inline found_translator find_translator(std::string_view target) {
  constexpr std::string_view aten = "torch.ops.aten.";
  const auto with = [](std::string_view name) -> const translator* {
    for (const translator& t : translators)
      if (name == t.target) return &t;
    return nullptr;
  };
  if (!target.starts_with(aten)) return {target.starts_with("_operator.") ? with(target) : nullptr};
  target.remove_prefix(aten.size());
  if (target.find('.') == target.npos) return {};
  if (const translator* const overload = with(target)) return {overload};  // one that is another operator
  target = target.substr(0, target.rfind('.'));
  if (const translator* const entry = with(target)) return {entry};
  if (target.size() < 2 || !target.ends_with('_') || target.ends_with("__")) return {};
  return {with(target.substr(0, target.size() - 1)), true};
}

/// What checks assumptions that held when the program was made, and makes nothing.
inline bool is_assertion(std::string_view target) {
  for (const std::string_view name : {"_assert_scalar.default", "_assert_tensor_metadata.default", "_assert_async.msg",
                                      "sym_constrain_range.default", "sym_constrain_range_for_size.default"})
    if (target.starts_with("torch.ops.aten.") && target.substr(15) == name) return true;
  return false;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::pt2
