// The operators of ONNX, each a function that makes nodes of docs/net.md's operations of it. What an older version has
// as an attribute becomes the input that newer ones have.
#pragma once

#include <tenfold/detail/net/onnx/translation.hpp>

#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

// --------------------------------------------------------------------------------------------------------- elementwise

/// An operation of the same inputs without attributes.
inline void same(onnx_node& n) { n.add_node(n.as, n.inputs(), {n.output()}); }

/// Of any number of tensors by an operation of two.
inline std::string fold(onnx_node& n, const char* op, bool to_output) {
  const std::vector<std::string> from = n.inputs();
  std::string result = from[0];
  for (std::size_t i = 1; i < from.size(); ++i) {
    if (to_output && i + 1 == from.size()) {
      n.add_node(op, {result, from[i]}, {n.output()});
      return {};
    }
    result = n.step(op, {result, from[i]});
  }
  if (to_output) n.add_node("identity", {result}, {n.output()});
  return result;
}
inline void variadic(onnx_node& n) { fold(n, n.as, true); }
inline void mean_of_tensors(onnx_node& n) {
  const std::string sum = fold(n, "add", false);
  n.add_node("div", {sum, n.scalar_like(sum, static_cast<double>(n.inputs().size()))}, {n.output()});
}

/// a - b (a / b), whose quotient of integers has no fraction: of a's sign. Where fmod is 0 the rest is of b's.
inline void modulo(onnx_node& n) {
  if (!n.is_integer(0)) raise("it is supported of integers only");
  const std::string b = n.input(1);
  const auto rest = [&](const std::string& a) {
    return std::vector<std::string>{a, n.step("mul", {n.step("div", {a, b}), b})};
  };
  std::vector<std::string> difference = rest(n.input(0));
  if (n.integer("fmod", 0) == 0) difference = rest(n.step("add", {n.step("sub", difference), b}));
  n.add_node("sub", difference, {n.output()});
}

inline void leaky_relu(onnx_node& n) {
  n.add_node("leaky_relu", n.inputs(), {n.output()}, {{"negative_slope", n.number("alpha", 0.01)}});
}
inline void elu(onnx_node& n) { n.add_node("elu", n.inputs(), {n.output()}, {{"alpha", n.number("alpha", 1)}}); }
inline void gelu(onnx_node& n) {
  n.add_node("gelu", n.inputs(), {n.output()}, {{"approximate", n.text("approximate", "none")}});
}
inline void hard_sigmoid(onnx_node& n) {
  n.add_node("hardsigmoid", n.inputs(), {n.output()},
             {{"alpha", n.number("alpha", 0.2)}, {"beta", n.number("beta", 0.5)}});
}
/// gamma elu(x)
inline void selu(onnx_node& n) {
  const std::string y = n.step("elu", n.inputs(), {{"alpha", n.number("alpha", 1.67326319217681884765625)}});
  n.add_node("mul", {y, n.scalar_like(y, n.number("gamma", 1.05070102214813232421875))}, {n.output()});
}
/// alpha elu(x / alpha)
inline void celu(onnx_node& n) {
  const std::string alpha = n.scalar_like(n.input(0), n.number("alpha", 1));
  n.add_node("mul", {n.step("elu", {n.step("div", {n.input(0), alpha})}), alpha}, {n.output()});
}
/// x / (1 + |x|)
inline void softsign(onnx_node& n) {
  const std::string below = n.step("add", {n.step("abs", n.inputs()), n.scalar_like(n.input(0), 1)});
  n.add_node("div", {n.input(0), below}, {n.output()});
}
/// x tanh(log(1 + exp(x)))
inline void mish(onnx_node& n) {
  n.add_node("mul", {n.input(0), n.step("tanh", {n.step("softplus", n.inputs())})}, {n.output()});
}
/// x sigmoid(alpha x)
inline void swish(onnx_node& n) {
  const double alpha = n.number("alpha", 1);
  if (alpha == 1) return n.add_node("silu", n.inputs(), {n.output()});
  const std::string scaled = n.step("mul", {n.input(0), n.scalar_like(n.input(0), alpha)});
  n.add_node("mul", {n.input(0), n.step("sigmoid", {scaled})}, {n.output()});
}
/// x where it is above alpha, else 0
inline void thresholded_relu(onnx_node& n) {
  const std::string above = n.step("greater", {n.input(0), n.scalar_like(n.input(0), n.number("alpha", 1))});
  n.add_node("where", {above, n.input(0), n.scalar_like(n.input(0), 0)}, {n.output()});
}
/// Whether a tensor stands along dimension 1 of one of that rank, or is a single number.
inline bool is_per_channel(const shape& s, std::size_t rank) {
  if (s.elements() == 1) return true;
  if (rank < 2 || s.size() > rank || s.size() + 1 < rank) return false;
  return s[s.size() + 1 - rank] == s.elements();
}

/// x where it is not below 0, else slope x
inline void prelu(onnx_node& n) {
  const constant* const slope = n.value(1);
  if (slope && n.rank(0) && is_per_channel(slope->shape(), *n.rank(0)))
    return n.add_node("prelu", n.inputs(), {n.output()});
  const std::string below = n.step("less", {n.input(0), n.scalar_like(n.input(0), 0)});
  n.add_node("where", {below, n.step("mul", n.inputs()), n.input(0)}, {n.output()});
}

/// min(max(x, low), high), whose bounds are attributes until version 10, then inputs.
inline void clip(onnx_node& n) {
  if ((n.has_input(1) && !n.value(1)) || (n.has_input(2) && !n.value(2))) {
    const std::string above = n.has_input(1) ? n.step("maximum", {n.input(0), n.input(1)}) : n.input(0);
    if (n.has_input(2)) return n.add_node("minimum", {above, n.input(2)}, {n.output()});
    return n.add_node("identity", {above}, {n.output()});
  }
  attributes settings;
  if (n.has("min")) settings["min"] = n.number("min", 0);
  if (n.has("max")) settings["max"] = n.number("max", 0);
  n.add_node("clamp", n.inputs(), {n.output()}, std::move(settings));
}

/// x is no NaN where it equals itself.
inline void is_nan(onnx_node& n) {
  n.add_node("logical_not", {n.step("equal", {n.input(0), n.input(0)})}, {n.output()});
}

inline void is_infinite(onnx_node& n) {
  const bool low = n.integer("detect_negative", 1) != 0, high = n.integer("detect_positive", 1) != 0;
  if (!low && !high) raise("it detects nothing, which is not supported");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::string x = low && high ? n.step("abs", {n.input(0)}) : n.input(0);
  n.add_node("equal", {x, n.scalar_like(n.input(0), high ? infinity : -infinity)}, {n.output()});
}

inline void cast(onnx_node& n) {
  n.ignore("saturate");
  n.ignore("round_mode");
  const index_t to = n.integer("to", 0);
  const std::optional<dtype> type = dtype_of_element(to);
  if (!type || *type == dtype::float16 || *type == dtype::bfloat16)
    raise({"a cast to ", name_of_element(to), " is not supported"});
  n.add_node("cast", n.inputs(), {n.output()}, {{"to", std::string(name_of(*type))}});
}
inline void cast_like(onnx_node& n) {
  n.ignore("saturate");
  n.ignore("round_mode");
  const std::optional<dtype> type = n.type(1);
  if (!type) raise("the type of its second input is not known");
  n.add_node("cast", {n.input(0)}, {n.output()}, {{"to", std::string(name_of(*type))}});
}

/// Without training all is passed on.
inline void dropout(onnx_node& n) {
  n.ignore("ratio");
  n.ignore("seed");
  if (n.has_input(2)) {
    const constant* const training = n.value(2);
    if (!training || training->type() != dtype::boolean || training->shape().elements() != 1 ||
        *static_cast<const bool*>(training->data()))
      n.problem({"training_mode is not supported"});
  }
  n.add_node("identity", {n.input(0)}, {n.output()});
  if (n.wants_output(1))
    n.add_node("constant_of_shape", {n.step("shape", {n.input(0)}), n.scalar(true)}, {n.output(1)});
}

// ------------------------------------------------------------------------------------------------- windows and
// products

/// How many dimensions the windows of a convolution or a pool have: the weight's, or what else tells.
inline std::size_t window_rank(onnx_node& n) {
  std::optional<std::size_t> found;
  if (const constant* const weight = n.value(1); weight && weight->shape().size() >= 2)
    found = weight->shape().size() - 2;
  for (const char* list : {"kernel_shape", "strides", "dilations"})
    if (const auto sizes = n.integers(list); sizes && !found) found = sizes->size();
  for (const std::size_t i : {std::size_t{1}, std::size_t{0}})
    if (!found && n.rank(i) && *n.rank(i) >= 2) found = *n.rank(i) - 2;
  if (!found) raise("nothing in the file tells how many dimensions its windows have");
  if (*found != 1 && *found != 2) raise({"windows of ", *found, " dimensions are not supported, but of 1 and of 2"});
  return *found;
}

inline void check_count(const char* attribute, std::size_t count, std::size_t needed, std::size_t rank) {
  if (count != needed)
    raise({"attribute ", attribute, " has ", count, " integers, but its windows ", rank,
           rank == 1 ? " dimension" : " dimensions"});
}

/// A list of as many integers as there are dimensions, as docs/net.md wants it: a single one for one dimension.
inline attribute per_dimension(onnx_node& n, const char* name, std::size_t rank, index_t otherwise) {
  const std::vector<index_t> list = n.integers(name).value_or(std::vector<index_t>(rank, otherwise));
  check_count(name, list.size(), rank, rank);
  if (rank == 1) return list[0];
  return list;
}

/// pads and auto_pad as one setting.
inline attribute padding_of(onnx_node& n, std::size_t rank) {
  const std::string automatic = n.text("auto_pad", "NOTSET");
  const std::vector<index_t> pads = n.integers("pads").value_or(std::vector<index_t>(2 * rank, 0));
  if (automatic == "VALID") return std::string("valid");
  if (automatic == "SAME_UPPER") return std::string("same_upper");
  if (automatic == "SAME_LOWER") return std::string("same_lower");
  if (automatic != "NOTSET") raise({"auto_pad ", in_quotes(automatic), " is not known"});
  check_count("pads", pads.size(), 2 * rank, rank);
  const bool same_ends =
      std::equal(pads.begin(), pads.begin() + static_cast<index_t>(rank), pads.begin() + static_cast<index_t>(rank));
  if (!same_ends) return pads;
  if (rank == 1) return pads[0];
  return std::vector<index_t>{pads[0], pads[1]};
}

/// An operation's name with its dimensions: conv1d, conv2d.
inline std::string with_rank(const char* op, std::size_t rank) { return join({op, rank, "d"}); }

/// kernel_shape is the weight's, if it is there.
inline void check_kernel(onnx_node& n, std::size_t rank) {
  const std::optional<std::vector<index_t>> kernel = n.integers("kernel_shape");
  const constant* const weight = n.value(1);
  if (!kernel || !weight) return;
  const shape& s = weight->shape();
  if (s.size() != rank + 2 || kernel->size() != rank || !std::equal(kernel->begin(), kernel->end(), s.begin() + 2))
    n.problem({"kernel_shape is ", shape(std::span<const index_t>(*kernel)), ", but the weight's shape ", s});
}

inline void conv(onnx_node& n) {
  const std::size_t rank = window_rank(n);
  check_kernel(n, rank);
  n.add_node(with_rank("conv", rank), n.inputs(), {n.output()},
             {{"stride", per_dimension(n, "strides", rank, 1)},
              {"padding", padding_of(n, rank)},
              {"dilation", per_dimension(n, "dilations", rank, 1)},
              {"groups", n.integer("group", 1)}});
}

inline void conv_transpose(onnx_node& n) {
  const std::size_t rank = window_rank(n);
  check_kernel(n, rank);
  attributes settings{{"stride", per_dimension(n, "strides", rank, 1)},
                      {"padding", padding_of(n, rank)},
                      {"output_padding", per_dimension(n, "output_padding", rank, 0)},
                      {"dilation", per_dimension(n, "dilations", rank, 1)},
                      {"groups", n.integer("group", 1)}};
  if (std::optional<std::vector<index_t>> sizes = n.integers("output_shape")) {
    if (sizes->size() == rank + 2) sizes->erase(sizes->begin(), sizes->begin() + 2);
    if (sizes->size() != rank) raise({"attribute output_shape has ", sizes->size(), " integers"});
    settings["onnx_output_shape"] = rank == 1 ? attribute((*sizes)[0]) : attribute(*sizes);
  }
  n.add_node(with_rank("conv_transpose", rank), n.inputs(), {n.output()}, std::move(settings));
}

inline attributes pool_settings(onnx_node& n, std::size_t rank) {
  if (!n.has("kernel_shape")) raise("attribute kernel_shape is missing");
  return {{"kernel_size", per_dimension(n, "kernel_shape", rank, 1)},
          {"stride", per_dimension(n, "strides", rank, 1)},
          {"padding", padding_of(n, rank)}};
}

/// A padding that PyTorch's pools do not take, because a window may lie in it: how many lines more than half the
/// kernel.
inline bool is_padded_beyond_half(onnx_node& n, std::size_t rank) {
  const std::vector<index_t> kernel = n.integers("kernel_shape").value_or(std::vector<index_t>(rank, 0));
  const std::vector<index_t> pads = n.integers("pads").value_or(std::vector<index_t>(2 * rank, 0));
  if (kernel.size() != rank || pads.size() != 2 * rank || n.integer("ceil_mode", 0) != 0) return false;
  for (std::size_t d = 0; d < 2 * rank; ++d)
    if (pads[d] > kernel[d % rank] / 2) return true;
  return false;
}

/// The padding as a node of its own: that many numbers around x.
inline std::string padded(onnx_node& n, std::size_t rank, const std::string& x, double number) {
  const std::vector<index_t> pads = n.integers("pads").value_or(std::vector<index_t>(2 * rank, 0));
  std::vector<index_t> all(2 * rank + 4, 0);
  for (std::size_t d = 0; d < rank; ++d) {
    all[2 + d] = pads[d];
    all[4 + rank + d] = pads[rank + d];
  }
  return n.step("pad", {x, n.integer_list(all), n.scalar_like(x, number)});
}

inline void max_pool(onnx_node& n) {
  const std::size_t rank = window_rank(n);
  attributes settings = pool_settings(n, rank);
  settings["dilation"] = per_dimension(n, "dilations", rank, 1);
  settings["ceil_mode"] = n.integer("ceil_mode", 0);
  settings["indices"] = std::string(n.integer("storage_order", 0) == 0 ? "onnx" : "onnx_columns");
  std::string x = n.input(0);
  if (!n.wants_output(1) && !n.is_integer(0) && is_padded_beyond_half(n, rank)) {
    x = padded(n, rank, x, -std::numeric_limits<double>::infinity());
    settings["padding"] = index_t{0};
  }
  n.add_node(with_rank("max_pool", rank), {x}, {n.output(0), n.output(1)}, std::move(settings));
}

/// Where no window may lie in the padding, one operation; else the mean with zeros, of x and, if those do not count, by
/// that of ones.
inline void average_pool(onnx_node& n) {
  const std::size_t rank = window_rank(n);
  attributes settings = pool_settings(n, rank);
  settings["dilation"] = per_dimension(n, "dilations", rank, 1);
  settings["ceil_mode"] = n.integer("ceil_mode", 0);
  settings["count_include_pad"] = n.integer("count_include_pad", 0);
  const std::string op = with_rank("avg_pool", rank);
  if (!is_padded_beyond_half(n, rank)) return n.add_node(op, n.inputs(), {n.output()}, std::move(settings));
  settings["padding"] = index_t{0};
  const std::string x = padded(n, rank, n.input(0), 0);
  if (n.integer("count_include_pad", 0) != 0) return n.add_node(op, {x}, {n.output()}, std::move(settings));
  const std::string ones = n.step("constant_of_shape", {n.step("shape", {n.input(0)}), n.scalar_like(n.input(0), 1)});
  const std::string share = n.step(op, {padded(n, rank, ones, 0)}, settings);
  n.add_node("div", {n.step(op, {x}, settings), share}, {n.output()});
}

inline void max_unpool(onnx_node& n) {
  const std::size_t rank = window_rank(n);
  attributes settings = pool_settings(n, rank);
  settings["indices"] = std::string("onnx");
  n.add_node(with_rank("max_unpool", rank), n.inputs(), {n.output()}, std::move(settings));
}

/// The mean or the greatest of all dimensions behind the channels, whatever their number.
inline void global_pool(onnx_node& n) {
  std::string dims;
  attributes settings{{"keepdim", index_t{1}}};
  if (const std::optional<std::size_t> rank = n.rank(0)) {
    std::vector<index_t> behind;
    for (std::size_t d = 2; d < *rank; ++d) behind.push_back(static_cast<index_t>(d));
    settings["dims"] = behind;
  } else {
    const std::string size = n.step("numel", {n.step("shape", {n.input(0)})});
    dims = n.step("arange", {n.scalar(index_t{2}), size, n.scalar(index_t{1})});
  }
  n.add_node(n.as, {n.input(0), dims}, {n.output()}, std::move(settings));
}

inline void gemm(onnx_node& n) {
  n.add_node("gemm", n.inputs(), {n.output()},
             {{"alpha", n.number("alpha", 1)},
              {"beta", n.number("beta", 1)},
              {"trans_a", n.integer("transA", 0)},
              {"trans_b", n.integer("transB", 0)}});
}

// --------------------------------------------------------------------------------------------------------
// normalisation

inline void batch_norm(onnx_node& n) {
  n.ignore("momentum");
  if (n.integer("training_mode", 0) != 0) n.problem({"training_mode is not supported"});
  if (n.integer("spatial", 1) != 1) n.problem({"spatial 0 is not supported"});
  const double eps = n.number("epsilon", 1e-5);
  n.add_node("batch_norm", {n.input(0), n.input(3), n.input(4), n.input(1), n.input(2)}, {n.output()}, {{"eps", eps}});
}

inline void instance_norm(onnx_node& n) {
  n.add_node("instance_norm", n.inputs(), {n.output()}, {{"eps", n.number("epsilon", 1e-5)}});
}

/// Until version 20 scale and bias are of the groups, then of the channels.
inline void group_norm(onnx_node& n) {
  n.ignore("stash_type");
  const index_t groups = n.integer("num_groups", 0);
  attributes settings{{"num_groups", groups}, {"eps", n.number("epsilon", 1e-5)}};
  if (n.opset >= 21) return n.add_node("group_norm", n.inputs(), {n.output()}, std::move(settings));
  const std::string normal = n.step("group_norm", {n.input(0)}, std::move(settings));
  std::string y = n.step("reshape", {normal, n.integer_list({0, groups, -1})});
  const std::string by_group = n.integer_list({1, groups, 1});
  y = n.step("mul", {y, n.step("reshape", {n.input(1), by_group})});
  y = n.step("add", {y, n.step("reshape", {n.input(2), by_group})});
  n.add_node("reshape", {y, n.step("shape", {n.input(0)})}, {n.output()});
}

/// Besides the mean and 1 / sqrt(variance + eps), if they are wanted, with dimensions of size 1.
inline void layer_norm(onnx_node& n) {
  if (n.integer("stash_type", 1) != 1) n.problem({"a stash_type other than float32 is not supported"});
  const index_t dim = n.integer("axis", -1);
  const double eps = n.number("epsilon", 1e-5);
  n.add_node("layer_norm", n.inputs(), {n.output()}, {{"dim", dim}, {"eps", eps}});
  if (!n.wants_output(1) && !n.wants_output(2)) return;
  const index_t end = dim < 0 ? 0 : static_cast<index_t>(n.rank(0).value_or(0));
  attributes settings{{"keepdim", index_t{1}}};
  std::vector<index_t> dims;
  for (index_t d = dim; d < end; ++d) dims.push_back(d);
  if (dims.empty() || dims.size() > shape::max_rank) raise("the dimensions of its mean are not known");
  settings["dims"] = dims;
  const std::string mean = n.step("mean", {n.input(0)}, settings);
  const std::string d = n.step("sub", {n.input(0), mean});
  const std::string variance = n.step("mean", {n.step("mul", {d, d})}, settings);
  const std::string deviation = n.step("sqrt", {n.step("add", {variance, n.scalar_like(n.input(0), eps)})});
  if (n.wants_output(1)) n.add_node("identity", {mean}, {n.output(1)});
  if (n.wants_output(2)) n.add_node("reciprocal", {deviation}, {n.output(2)});
}

/// x (bias + alpha / size s)^-beta with the sum s of the squares of `size` channels about each: their mean is a pool
/// over an image of a channel to a line.
inline void local_response_norm(onnx_node& n) {
  const index_t size = n.integer("size", 1);
  if (size < 1) raise({"size ", size, " is less than 1"});
  const std::string x = n.input(0), lines = n.integer_list({0, 0, 0, -1});
  std::string y = n.step("unsqueeze", {n.step("mul", {x, x}), n.integer_list({1})});
  y = n.step("avg_pool2d", {n.step("reshape", {y, lines})},
             {{"kernel_size", std::vector<index_t>{size, 1}},
              {"stride", std::vector<index_t>{1, 1}},
              {"padding", std::vector<index_t>{(size - 1) / 2, 0, size / 2, 0}}});
  y = n.step("mul", {n.step("reshape", {y, n.step("shape", {x})}), n.scalar_like(x, n.number("alpha", 1e-4))});
  y = n.step("add", {y, n.scalar_like(x, n.number("bias", 1))});
  n.add_node("div", {x, n.step("pow", {y, n.scalar_like(x, n.number("beta", 0.75))})}, {n.output()});
}

/// (x - mean) / (sqrt(variance) + 1e-9)
inline void mean_variance_norm(onnx_node& n) {
  const attributes settings{{"dims", n.integers("axes").value_or(std::vector<index_t>{0, 2, 3})},
                            {"keepdim", index_t{1}}};
  const std::string d = n.step("sub", {n.input(0), n.step("mean", {n.input(0)}, settings)});
  const std::string deviation = n.step("sqrt", {n.step("mean", {n.step("mul", {d, d})}, settings)});
  n.add_node("div", {d, n.step("add", {deviation, n.scalar_like(n.input(0), 1e-9)})}, {n.output()});
}

/// Until version 12 the dimensions from axis on are one.
inline void softmax(onnx_node& n) {
  const index_t dim = n.integer("axis", n.opset >= 13 ? -1 : 1);
  const std::optional<std::size_t> rank = n.rank(0);
  if (n.opset >= 13 || dim == -1 || (rank && dim + 1 == static_cast<index_t>(*rank)))
    return n.add_node(n.as, n.inputs(), {n.output()}, {{"dim", dim}});
  const std::string rows = n.step("onnx_flatten", n.inputs(), {{"dim", dim}});
  n.add_node("reshape", {n.step(n.as, {rows}), n.step("shape", n.inputs())}, {n.output()}, {{"allowzero", index_t{1}}});
}

// -----------------------------------------------------------------------------------------------------------
// reductions

/// An input that older versions have as an attribute; "" where there is neither.
inline std::string list_input(onnx_node& n, std::size_t i, const char* attribute) {
  if (n.has_input(i)) return n.input(i);
  const std::optional<std::vector<index_t>> list = n.integers(attribute);
  return list ? n.integer_list(*list) : std::string();
}

inline void reduce_as(onnx_node& n, const char* op, const std::string& x, const std::string& output) {
  const std::string dims = list_input(n, 1, "axes");
  n.add_node(op, {x, dims}, {output},
             {{"keepdim", n.integer("keepdims", 1)}, {"noop_with_empty_dims", n.integer("noop_with_empty_axes", 0)}});
}
inline std::string reduce_step(onnx_node& n, const char* op, const std::string& x) {
  const std::string dims = list_input(n, 1, "axes");
  return n.step(
      op, {x, dims},
      {{"keepdim", n.integer("keepdims", 1)}, {"noop_with_empty_dims", n.integer("noop_with_empty_axes", 0)}});
}
inline void reduce(onnx_node& n) { reduce_as(n, n.as, n.input(0), n.output()); }
/// sum |x|
inline void reduce_l1(onnx_node& n) { reduce_as(n, "sum", n.step("abs", {n.input(0)}), n.output()); }
/// sum x x
inline void reduce_sum_square(onnx_node& n) {
  reduce_as(n, "sum", n.step("mul", {n.input(0), n.input(0)}), n.output());
}
/// sqrt(sum x x)
inline void reduce_l2(onnx_node& n) {
  n.add_node("sqrt", {reduce_step(n, "sum", n.step("mul", {n.input(0), n.input(0)}))}, {n.output()});
}
/// log(sum x)
inline void reduce_log_sum(onnx_node& n) { n.add_node("log", {reduce_step(n, "sum", n.input(0))}, {n.output()}); }

/// m + log(sum exp(x - m)) with the greatest m, so that nothing overflows
inline void reduce_log_sum_exp(onnx_node& n) {
  const std::string dims = list_input(n, 1, "axes"), x = n.input(0);
  const index_t keeps = n.integer("keepdims", 1);
  attributes settings{{"keepdim", index_t{1}}, {"noop_with_empty_dims", n.integer("noop_with_empty_axes", 0)}};
  const std::string greatest = n.step("amax", {x, dims}, settings);
  const std::string terms = n.step("exp", {n.step("sub", {x, greatest})});
  settings["keepdim"] = keeps;
  const std::string rest = n.step("log", {n.step("sum", {terms, dims}, settings)});
  n.add_node("add", {rest, keeps != 0 ? greatest : n.step("amax", {x, dims}, settings)}, {n.output()});
}

/// x / sqrt(sum x x), or / sum |x|; 0 of zeros
inline void lp_norm(onnx_node& n) {
  const attributes settings{{"dims", std::vector<index_t>{n.integer("axis", -1)}}, {"keepdim", index_t{1}}};
  const index_t p = n.integer("p", 2);
  if (p != 1 && p != 2) raise({"p ", p, " is not supported"});
  const std::string x = n.input(0);
  std::string norm = n.step("sum", {p == 1 ? n.step("abs", {x}) : n.step("mul", {x, x})}, settings);
  if (p == 2) norm = n.step("sqrt", {norm});
  const std::string zero = n.scalar_like(x, 0);
  n.add_node("where", {n.step("equal", {norm, zero}), zero, n.step("div", {x, norm})}, {n.output()});
}

/// The last of several: size - 1 - the first one from behind.
inline void arg_reduce(onnx_node& n) {
  const index_t dim = n.integer("axis", 0);
  attributes settings{{"dim", dim}, {"keepdim", n.integer("keepdims", 1)}};
  if (n.integer("select_last_index", 0) == 0) return n.add_node(n.as, n.inputs(), {n.output()}, std::move(settings));
  const std::string one_back = n.integer_list({-1}), dims = n.integer_list({dim});
  const std::string reversed =
      n.step("slice", {n.input(0), one_back, n.integer_list({(std::numeric_limits<index_t>::min)()}), dims, one_back});
  const std::string size = n.step("gather", {n.step("shape", {n.input(0)}), n.scalar(dim)});
  const std::string last = n.step("sub", {size, n.scalar(index_t{1})});
  n.add_node("sub", {last, n.step(n.as, {reversed}, std::move(settings))}, {n.output()});
}

// ---------------------------------------------------------------------------------------------------------------
// shapes

inline void concat(onnx_node& n) {
  if (!n.has("axis")) raise("attribute axis is missing");
  n.add_node("cat", n.inputs(), {n.output()}, {{"dim", n.integer("axis", 0)}});
}

inline void split(onnx_node& n) {
  const index_t parts = n.integer("num_outputs", static_cast<index_t>(n.output_count()));
  if (parts != static_cast<index_t>(n.output_count()))
    raise({"num_outputs is ", parts, ", but there are ", n.output_count(), " outputs"});
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < n.output_count(); ++i) outputs.push_back(n.output(i));
  const std::string sizes = list_input(n, 1, "split");
  n.add_node("split", {n.input(0), sizes}, std::move(outputs), {{"dim", n.integer("axis", 0)}});
}

inline void slice(onnx_node& n) {
  if (n.opset >= 10) return n.add_node("slice", n.inputs(), {n.output()});
  const std::string starts = list_input(n, 1, "starts");
  const std::string ends = list_input(n, 2, "ends");
  const std::string axes = list_input(n, 3, "axes");
  n.add_node("slice", {n.input(0), starts, ends, axes}, {n.output()});
}

inline void pad(onnx_node& n) {
  const std::string mode = n.text("mode", "constant");
  if (!is_one_of(mode, {"constant", "reflect", "edge", "wrap"})) raise({"mode ", in_quotes(mode), " is not supported"});
  std::vector<std::string> from = n.inputs();
  if (n.opset < 11) from = {n.input(0), list_input(n, 1, "pads"), n.scalar_like(n.input(0), n.number("value", 0))};
  if (mode != "constant" && from.size() > 2) from[2] = "";
  n.add_node("pad", std::move(from), {n.output()},
             {{"mode", mode == "edge"   ? std::string("replicate")
                       : mode == "wrap" ? std::string("circular")
                                        : mode}});
}

inline void transpose(onnx_node& n) {
  attributes settings;
  if (const std::optional<std::vector<index_t>> dims = n.integers("perm")) settings["dims"] = *dims;
  n.add_node("permute", n.inputs(), {n.output()}, std::move(settings));
}

inline void reshape(onnx_node& n) {
  n.add_node("reshape", n.inputs(), {n.output()}, {{"allowzero", n.integer("allowzero", 0)}});
}
inline void flatten(onnx_node& n) {
  n.add_node("onnx_flatten", n.inputs(), {n.output()}, {{"dim", n.integer("axis", 1)}});
}
inline void squeeze(onnx_node& n) {
  const std::string dims = list_input(n, 1, "axes");
  n.add_node(n.as, {n.input(0), dims}, {n.output()});
}
inline void gather(onnx_node& n) { n.add_node("gather", n.inputs(), {n.output()}, {{"dim", n.integer("axis", 0)}}); }

inline void constant_of_shape(onnx_node& n) {
  std::optional<constant> value = n.tensor_of("value");
  if (!value) value = constant(tensor<float>(shape{1}));
  n.add_node("constant_of_shape", {n.input(0), n.add_constant(*std::move(value))}, {n.output()});
}

/// A node without inputs: its output is a weight.
inline void constant_node(onnx_node& n) {
  std::optional<constant> value = n.tensor_of("value");
  if (n.has("value_float")) value = constant(tensor<float>({}, {static_cast<float>(n.number("value_float", 0))}));
  if (n.has("value_int")) value = constant(tensor<index_t>({}, {n.integer("value_int", 0)}));
  if (const auto list = n.numbers("value_floats"))
    value = constant(tensor<float>({static_cast<index_t>(list->size())}, list->data()));
  if (const auto list = n.integers("value_ints"))
    value = constant(tensor<index_t>({static_cast<index_t>(list->size())}, list->data()));
  if (!value) raise("it has no value of a supported type");
  n.define_constant(n.output(), *std::move(value));
}

inline void shape_of(onnx_node& n) {
  attributes settings{{"start", n.integer("start", 0)}};
  if (n.has("end")) settings["end"] = n.integer("end", 0);
  n.add_node("shape", n.inputs(), {n.output()}, std::move(settings));
}

inline void depth_to_space(onnx_node& n) {
  const std::string mode = n.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") raise({"mode ", in_quotes(mode), " is not known"});
  n.add_node("depth_to_space", n.inputs(), {n.output()},
             {{"block_size", n.integer("blocksize", 0)}, {"mode", std::string(mode == "DCR" ? "dcr" : "crd")}});
}
inline void space_to_depth(onnx_node& n) {
  const std::string mode = n.text("mode", "DCR");
  if (mode == "CRD")
    return n.add_node("pixel_unshuffle", n.inputs(), {n.output()}, {{"downscale_factor", n.integer("blocksize", 0)}});
  if (mode != "DCR") raise({"mode ", in_quotes(mode), " is not known"});
  n.add_node("space_to_depth", n.inputs(), {n.output()}, {{"block_size", n.integer("blocksize", 0)}});
}

// ---------------------------------------------------------------------------------------------------------------
// images

/// An input that may be given without elements, which stands for none.
inline std::string unless_empty(onnx_node& n, std::size_t i) {
  const constant* const value = n.value(i);
  return value && value->shape().elements() == 0 ? std::string() : n.input(i);
}

/// Version 10, and Upsample before it: by scales, which begin at the corner of the first pixel.
inline void resize_by_scales(onnx_node& n) {
  std::string scales = n.input(1);
  if (const auto list = n.numbers("scales"))
    scales = n.add_constant(constant(tensor<float>({static_cast<index_t>(list->size())}, list->data())));
  n.add_node("onnx_resize", {n.input(0), "", scales}, {n.output()},
             {{"mode", n.text("mode", "nearest")},
              {"coordinate_transformation_mode", std::string("asymmetric")},
              {"nearest_mode", std::string("floor")}});
}

inline void resize(onnx_node& n) {
  if (n.opset < 11) return resize_by_scales(n);
  attributes settings{{"coordinate_transformation_mode", n.text("coordinate_transformation_mode", "half_pixel")},
                      {"mode", n.text("mode", "nearest")},
                      {"nearest_mode", n.text("nearest_mode", "round_prefer_floor")},
                      {"cubic_coeff_a", n.number("cubic_coeff_a", -0.75)},
                      {"exclude_outside", n.integer("exclude_outside", 0)},
                      {"extrapolation_value", n.number("extrapolation_value", 0)},
                      {"antialias", n.integer("antialias", 0)},
                      {"keep_aspect_ratio_policy", n.text("keep_aspect_ratio_policy", "stretch")}};
  if (const auto axes = n.integers("axes")) settings["dims"] = *axes;
  n.add_node("onnx_resize", {n.input(0), unless_empty(n, 1), unless_empty(n, 2), unless_empty(n, 3)}, {n.output()},
             std::move(settings));
}

inline void grid_sample(onnx_node& n) {
  std::string mode = n.text("mode", n.opset >= 20 ? "linear" : "bilinear");
  if (mode == "linear") mode = "bilinear";
  if (mode != "bilinear" && mode != "nearest") raise({"mode ", in_quotes(mode), " is not supported"});
  if (n.rank(0) && *n.rank(0) == 5) raise("images of 3 dimensions are not supported");
  n.add_node("grid_sample", n.inputs(), {n.output()},
             {{"mode", mode},
              {"padding_mode", n.text("padding_mode", "zeros")},
              {"align_corners", n.integer("align_corners", 0)}});
}

// ----------------------------------------------------------------------------------------------------------------
// table

struct translator {
  const char* op;
  void (*translate)(onnx_node&);
  std::size_t least_inputs, most_inputs;  // most_inputs 0: any number
  const char* as = "";                    // for functions of several operators
};

inline constexpr translator translators[] = {
    {"Abs", same, 1, 1, "abs"},
    {"Add", same, 2, 2, "add"},
    {"And", same, 2, 2, "logical_and"},
    {"ArgMax", arg_reduce, 1, 1, "argmax"},
    {"ArgMin", arg_reduce, 1, 1, "argmin"},
    {"AveragePool", average_pool, 1, 1},
    {"BatchNormalization", batch_norm, 5, 5},
    {"Cast", cast, 1, 1},
    {"CastLike", cast_like, 2, 2},
    {"Ceil", same, 1, 1, "ceil"},
    {"Celu", celu, 1, 1},
    {"Clip", clip, 1, 3},
    {"Concat", concat, 1, 0},
    {"Constant", constant_node, 0, 0},
    {"ConstantOfShape", constant_of_shape, 1, 1},
    {"Conv", conv, 2, 3},
    {"ConvTranspose", conv_transpose, 2, 3},
    {"DepthToSpace", depth_to_space, 1, 1},
    {"Div", same, 2, 2, "div"},
    {"Dropout", dropout, 1, 3},
    {"Elu", elu, 1, 1},
    {"Equal", same, 2, 2, "equal"},
    {"Erf", same, 1, 1, "erf"},
    {"Exp", same, 1, 1, "exp"},
    {"Expand", same, 2, 2, "expand"},
    {"Flatten", flatten, 1, 1},
    {"Floor", same, 1, 1, "floor"},
    {"Gather", gather, 2, 2},
    {"Gelu", gelu, 1, 1},
    {"Gemm", gemm, 2, 3},
    {"GlobalAveragePool", global_pool, 1, 1, "mean"},
    {"GlobalMaxPool", global_pool, 1, 1, "amax"},
    {"Greater", same, 2, 2, "greater"},
    {"GreaterOrEqual", same, 2, 2, "greater_equal"},
    {"GridSample", grid_sample, 2, 2},
    {"GroupNormalization", group_norm, 3, 3},
    {"HardSigmoid", hard_sigmoid, 1, 1},
    {"HardSwish", same, 1, 1, "hardswish"},
    {"Identity", same, 1, 1, "identity"},
    {"InstanceNormalization", instance_norm, 3, 3},
    {"IsInf", is_infinite, 1, 1},
    {"IsNaN", is_nan, 1, 1},
    {"LRN", local_response_norm, 1, 1},
    {"LayerNormalization", layer_norm, 2, 3},
    {"LeakyRelu", leaky_relu, 1, 1},
    {"Less", same, 2, 2, "less"},
    {"LessOrEqual", same, 2, 2, "less_equal"},
    {"Log", same, 1, 1, "log"},
    {"LogSoftmax", softmax, 1, 1, "log_softmax"},
    {"LpNormalization", lp_norm, 1, 1},
    {"MatMul", same, 2, 2, "matmul"},
    {"Max", variadic, 1, 0, "maximum"},
    {"MaxPool", max_pool, 1, 1},
    {"MaxUnpool", max_unpool, 2, 3},
    {"Mean", mean_of_tensors, 1, 0},
    {"MeanVarianceNormalization", mean_variance_norm, 1, 1},
    {"Min", variadic, 1, 0, "minimum"},
    {"Mish", mish, 1, 1},
    {"Mod", modulo, 2, 2},
    {"Mul", same, 2, 2, "mul"},
    {"Neg", same, 1, 1, "neg"},
    {"Not", same, 1, 1, "logical_not"},
    {"Or", same, 2, 2, "logical_or"},
    {"PRelu", prelu, 2, 2},
    {"Pad", pad, 1, 4},
    {"Pow", same, 2, 2, "pow"},
    {"Range", same, 3, 3, "arange"},
    {"Reciprocal", same, 1, 1, "reciprocal"},
    {"ReduceL1", reduce_l1, 1, 2},
    {"ReduceL2", reduce_l2, 1, 2},
    {"ReduceLogSum", reduce_log_sum, 1, 2},
    {"ReduceLogSumExp", reduce_log_sum_exp, 1, 2},
    {"ReduceMax", reduce, 1, 2, "amax"},
    {"ReduceMean", reduce, 1, 2, "mean"},
    {"ReduceMin", reduce, 1, 2, "amin"},
    {"ReduceSum", reduce, 1, 2, "sum"},
    {"ReduceSumSquare", reduce_sum_square, 1, 2},
    {"Relu", same, 1, 1, "relu"},
    {"Reshape", reshape, 2, 2},
    {"Resize", resize, 1, 4},
    {"Round", same, 1, 1, "round"},
    {"Selu", selu, 1, 1},
    {"Shape", shape_of, 1, 1},
    {"Sigmoid", same, 1, 1, "sigmoid"},
    {"Sign", same, 1, 1, "sign"},
    {"Size", same, 1, 1, "numel"},
    {"Slice", slice, 1, 5},
    {"Softmax", softmax, 1, 1, "softmax"},
    {"Softplus", same, 1, 1, "softplus"},
    {"Softsign", softsign, 1, 1},
    {"SpaceToDepth", space_to_depth, 1, 1},
    {"Split", split, 1, 2},
    {"Sqrt", same, 1, 1, "sqrt"},
    {"Squeeze", squeeze, 1, 2, "squeeze"},
    {"Sub", same, 2, 2, "sub"},
    {"Sum", variadic, 1, 0, "add"},
    {"Swish", swish, 1, 1},
    {"Tanh", same, 1, 1, "tanh"},
    {"ThresholdedRelu", thresholded_relu, 1, 1},
    {"Tile", same, 2, 2, "tile"},
    {"Transpose", transpose, 1, 1},
    {"Unsqueeze", squeeze, 1, 2, "unsqueeze"},
    {"Upsample", resize_by_scales, 1, 2},
    {"Where", same, 3, 3, "where"},
    {"Xor", same, 2, 2, "logical_xor"},
};

inline const translator* find_translator(std::string_view op) {
  for (const translator& t : translators)
    if (op == t.op) return &t;
  return nullptr;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
