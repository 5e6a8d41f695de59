// net: a graph that is checked, planned and run. Opt-in: <tenfold/tenfold.hpp> does not include it.
#pragma once

#include <tenfold/graph.hpp>
#include <tenfold/tenfold.hpp>

#include <functional>  // function
#include <mutex>
#include <string_view>

namespace tenfold::inline v0 {

/// A tensor that a net made, of its own element type.
using any_tensor = std::variant<tensor<float>, tensor<double>, tensor<std::int8_t>, tensor<std::int16_t>,
                                tensor<std::int32_t>, tensor<std::int64_t>, tensor<std::uint8_t>, tensor<bool>>;

/// The outputs of a net, by name, in the graph's order.
class named_tensors {
 public:
  TENFOLD_TAG named_tensors() = default;
  TENFOLD_TAG explicit named_tensors(std::vector<std::pair<std::string, any_tensor>> tensors)
      : tensors_(std::move(tensors)) {}

  /// The output of that name, of floats; raises where there is none.
  TENFOLD_TAG tensor<float>& operator[](std::string_view name) { return at<float>(name); }
  TENFOLD_TAG const tensor<float>& operator[](std::string_view name) const { return at<float>(name); }
  /// The same of any type: out.at<tf::index_t>("indices").
  template <class T>
  TENFOLD_TAG tensor<T>& at(std::string_view name) {
    for (auto& [own, x] : tensors_) {
      if (own != name) continue;
      if (auto* found = std::get_if<tensor<T>>(&x)) return *found;
      detail::raise({"net: output ", name, " is not of ", detail::name_of(detail::dtype_of<T>())});
    }
    detail::raise({"net: there is no output ", name});
  }
  template <class T>
  TENFOLD_TAG const tensor<T>& at(std::string_view name) const {
    return const_cast<named_tensors*>(this)->at<T>(name);
  }

  TENFOLD_TAG std::size_t size() const { return tensors_.size(); }
  TENFOLD_TAG auto begin() { return tensors_.begin(); }
  TENFOLD_TAG auto end() { return tensors_.end(); }
  TENFOLD_TAG auto begin() const { return tensors_.begin(); }
  TENFOLD_TAG auto end() const { return tensors_.end(); }

 private:
  std::vector<std::pair<std::string, any_tensor>> tensors_;
};

/// Memory for an output, borrowed. Every tensor_like that can be written to converts to one.
class any_output {
 public:
  template <class X>
    requires tensor_like<std::remove_reference_t<X>> TENFOLD_TAG
    any_output(X&& x)  // NOLINT(google-explicit-constructor)
        : view_(as_view(x)) {
      static_assert(!std::is_const_v<typename decltype(as_view(x))::element_type>, "an output is written to");
    }
    TENFOLD_TAG explicit any_output(const any_view& writable) : view_(writable) {}

    TENFOLD_TAG dtype type() const { return view_.type(); }
    TENFOLD_TAG const tenfold::shape& shape() const { return view_.shape(); }
    TENFOLD_TAG void* data() const { return const_cast<void*>(view_.data()); }

   private:
    any_view view_;
};

using named_view = std::pair<std::string_view, any_view>;
using named_output = std::pair<std::string_view, any_output>;
using named_shape = std::pair<std::string_view, shape>;

/// What a net tells of a layer that has just run.
struct layer_report {
  std::size_t index, count;  // of the layers
  std::string_view name;     // of the node
  std::string_view op;       // with what is fused into it: "conv2d + relu"
  std::string_view algorithm;
  const shape& output;
  double seconds;
  double flop;    // multiplications and additions; 0 where they do not count
  index_t bytes;  // of all that it reads and writes, weights included
};

using layer_observer = std::function<void(const layer_report&)>;

/// Told while a net is planned, which reads and packs its weights: how many layers are ready, and of how many.
using plan_progress = std::function<void(std::size_t ready, std::size_t layers)>;

/// What a plan needs and makes.
struct plan_report {
  index_t arena_bytes = 0;        // of the tensors between the layers
  index_t least_arena_bytes = 0;  // what they need at the same time, at most: no arena is smaller
  index_t workspace_bytes = 0;    // beside it, for the layers' scratch memory
  std::size_t layers = 0;
  std::vector<any_view> outputs = {};  // their types and shapes; no elements
};

/// How a net is run, whatever its inputs are.
struct net_options {
  /// What the weights of convolutions and of `linear` are kept in (also of ONNX's Gemm that is one; not of `matmul`),
  /// where they are constants or follow from such, as when batch norms are folded into them. Layers of few pixels or
  /// rows read them so, which with AVX2 or AVX-512 takes little more than half the time; others pack them as floats.
  /// The graph's constants stay as they are: math::exact computes with them. Errors of outputs and weights that are
  /// refused: see stored.
  stored weights = stored::as_given;
};

/// What runs a graph; made, with the flags of its own file, by `net`.
class net_engine {
 public:
  TENFOLD_TAG net_engine() = default;
  TENFOLD_TAG net_engine(const net_engine&) = delete;
  TENFOLD_TAG net_engine& operator=(const net_engine&) = delete;
  TENFOLD_TAG virtual ~net_engine() = default;
  virtual std::vector<std::string> inputs() const = 0;
  virtual plan_report plan(std::span<const named_shape> inputs, const context& ctx,
                           const plan_progress& progress) const = 0;
  virtual index_t arena_bytes() const = 0;
  virtual void run(std::span<const named_output> outputs, std::span<const named_view> inputs, const context& ctx,
                   const layer_observer& observer) const = 0;
};

}  // namespace tenfold::inline v0

// The engine is in this file, or in a library: tenfold::compiled, and tenfold::net, which has nothing else. What it
// takes and gives are types of the standard library, so both are of one compiler, and the library throws what it
// refuses.
#if !defined(TENFOLD_COMPILED) && !defined(TENFOLD_COMPILED_NET) || defined(TENFOLD_NET_LIBRARY)
#include <tenfold/detail/net/engine.hpp>
#else
namespace tenfold::inline v0::compiled {

TENFOLD_SHARED std::shared_ptr<const net_engine> make_net_engine(graph description, const net_options& options);

}  // namespace tenfold::inline v0::compiled
namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using compiled::make_net_engine;

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
#endif

namespace tenfold::inline v0 {

/// The outputs of a max pooling in a net under construction, by name.
struct pooled_names {
  std::string values, indices;
};

/// A network that runs: checked and planned when it first meets inputs of some shapes.
///
///     tf::net net = tf::load_onnx("model.onnx");
///     auto out = net.run({{"x", image}});
///     const tf::tensor<float>& y = out["y"];
///
/// Or one that is written down, node by node. A node reads the one before it, or what `from` names; it returns the name
/// of its output, which is its own:
///
///     tf::net net;
///     net.input("x", {1, 3, -1, -1});
///     auto skip = net.conv2d("conv1", weight1, bias1, {.padding = 1});
///     net.relu("relu1");
///     net.conv2d("conv2", weight2, bias2, {.padding = 1});
///     net.add("sum", skip);
///     net.output();
///
/// Copies share the weights, those that are packed for the layers too. Several threads may run one net at the same
/// time; each run takes an arena of its own, which is kept for later ones. The plans of the last four sets of shapes
/// are kept. The results' bits do not depend on the number of threads.
class net {
 public:
  TENFOLD_TAG net() : state_(std::make_shared<state>()) {}
  /// Throws tenfold::error with everything that the graph has wrong, one line each. The graph of a file is
  /// load_onnx("model.onnx").description().
  TENFOLD_TAG explicit net(graph description, const net_options& options = {}) : net(options) {
    state_->description = std::move(description);
    engine();
  }
  /// An empty one, to be written down.
  TENFOLD_TAG explicit net(const net_options& options) : net() { state_->options = options; }

  // ---------------------------------------------------------------------------------------------------------- running

  /// The names of what it takes and gives.
  TENFOLD_TAG std::vector<std::string> inputs() const { return engine().inputs(); }
  TENFOLD_TAG std::vector<std::string> outputs() const { return description().outputs; }
  TENFOLD_TAG const graph& description() const { return state_->description; }
  TENFOLD_TAG const net_options& options() const { return state_->options; }

  /// Plans a run for inputs of these shapes and makes its arena, so that run_into allocates nothing. Throws
  /// tenfold::error, with the name of the node, where they do not fit.
  TENFOLD_TAG plan_report plan(std::initializer_list<named_shape> shapes, const context& ctx = default_context(),
                               const plan_progress& progress = {}) const {
    return engine().plan({shapes.begin(), shapes.size()}, ctx, progress);
  }
  TENFOLD_TAG plan_report plan(std::span<const named_shape> shapes, const context& ctx = default_context(),
                               const plan_progress& progress = {}) const {
    return engine().plan(shapes, ctx, progress);
  }
  /// The bytes of the arena of the last plan that was made or used; 0 before the first.
  TENFOLD_TAG index_t arena_bytes() const { return engine().arena_bytes(); }

  /// Runs it. `observer` is told of each layer when it has run.
  TENFOLD_TAG named_tensors run(std::initializer_list<named_view> inputs, const context& ctx = default_context(),
                                const layer_observer& observer = {}) const {
    return run(std::span<const named_view>(inputs.begin(), inputs.size()), ctx, observer);
  }
  TENFOLD_TAG named_tensors run(std::span<const named_view> inputs, const context& ctx = default_context(),
                                const layer_observer& observer = {}) const;
  /// The same into outputs of the right types and shapes, all of them, which may not overlap the inputs. Allocates
  /// nothing when a plan for such inputs has been made, and no other run has its arena; tensors whose sizes only the
  /// run tells and weights that are computed while it runs are the exceptions.
  TENFOLD_TAG void run_into(std::initializer_list<named_output> outputs, std::initializer_list<named_view> inputs,
                            const context& ctx = default_context(), const layer_observer& observer = {}) const {
    engine().run({outputs.begin(), outputs.size()}, {inputs.begin(), inputs.size()}, ctx, observer);
  }
  TENFOLD_TAG void run_into(std::span<const named_output> outputs, std::span<const named_view> inputs,
                            const context& ctx = default_context(), const layer_observer& observer = {}) const {
    engine().run(outputs, inputs, ctx, observer);
  }

  // --------------------------------------------------------------------------------------------------------- building

  /// What a caller brings; -1 is a size that may be any.
  TENFOLD_TAG std::string input(const std::string& name, std::optional<shape> sizes = {}, dtype type = dtype::float32) {
    edited().inputs.push_back({name, type, sizes});
    return last_ = name;
  }
  /// The last node's result, or the one that is named, is an output of the net.
  TENFOLD_TAG void output() { output(last_); }
  TENFOLD_TAG void output(const std::string& name) { edited().outputs.push_back(name); }
  /// The next node reads this.
  TENFOLD_TAG net& from(const std::string& name) {
    last_ = name;
    return *this;
  }

  /// Any operation of docs/net.md, with its inputs and attributes.
  TENFOLD_TAG std::string node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                               attributes settings = {}) {
    edited().nodes.push_back({name, op, std::move(inputs), {name}, std::move(settings)});
    return last_ = name;
  }
  /// A weight, for nodes to name: a tensor, which is copied, or a constant, which is shared.
  template <class X>
  TENFOLD_TAG std::string weight(const std::string& name, const X& x) {
    if constexpr (std::same_as<X, constant>)
      edited().constants[name] = x;
    else
      edited().constants[name] = constant(tensor<element_of<X>>(as_view(x).shape(), as_view(x).data()));
    return name;
  }

  template <class Weight>
  TENFOLD_TAG std::string conv2d(const std::string& name, const Weight& w, const conv2d_options& options = {}) {
    return node("conv2d", name, {last_, weight(name + ".weight", w)}, attributes_of(options));
  }
  template <class Weight, class Bias>
    requires(!std::same_as<Bias, conv2d_options>)
  TENFOLD_TAG std::string conv2d(const std::string& name, const Weight& w, const Bias& b,
                                 const conv2d_options& options = {}) {
    return node("conv2d", name, {last_, weight(name + ".weight", w), weight(name + ".bias", b)},
                attributes_of(options));
  }
  template <class Weight>
  TENFOLD_TAG std::string conv_transpose2d(const std::string& name, const Weight& w,
                                           const conv_transpose2d_options& options = {}) {
    return node("conv_transpose2d", name, {last_, weight(name + ".weight", w)}, attributes_of(options));
  }
  template <class Weight, class Bias>
    requires(!std::same_as<Bias, conv_transpose2d_options>)
  TENFOLD_TAG std::string conv_transpose2d(const std::string& name, const Weight& w, const Bias& b,
                                           const conv_transpose2d_options& options = {}) {
    return node("conv_transpose2d", name, {last_, weight(name + ".weight", w), weight(name + ".bias", b)},
                attributes_of(options));
  }
  template <class Weight, class Bias>
  TENFOLD_TAG std::string linear(const std::string& name, const Weight& w, const Bias& b) {
    return node("linear", name, {last_, weight(name + ".weight", w), weight(name + ".bias", b)});
  }
  template <class Mean, class Variance, class Weight, class Bias>
  TENFOLD_TAG std::string batch_norm(const std::string& name, const Mean& running_mean, const Variance& running_var,
                                     const Weight& w, const Bias& b, double eps = 1e-5) {
    return node("batch_norm", name,
                {last_, weight(name + ".running_mean", running_mean), weight(name + ".running_var", running_var),
                 weight(name + ".weight", w), weight(name + ".bias", b)},
                {{"eps", eps}});
  }

  TENFOLD_TAG std::string max_pool2d(const std::string& name, const pool2d_options& options) {
    return node("max_pool2d", name, {last_}, attributes_of(options));
  }
  /// Its results are `name` and `name.indices`.
  TENFOLD_TAG pooled_names max_pool2d_with_indices(const std::string& name, const pool2d_options& options) {
    max_pool2d(name, options);
    edited().nodes.back().outputs.push_back(name + ".indices");
    return {name, name + ".indices"};
  }
  TENFOLD_TAG std::string max_unpool2d(const std::string& name, const std::string& indices,
                                       const unpool2d_options& options) {
    return node("max_unpool2d", name, {last_, indices}, attributes_of(options));
  }
  /// To the size of another tensor's last two dimensions: the one before the pooling.
  TENFOLD_TAG std::string max_unpool2d(const std::string& name, const std::string& indices,
                                       const unpool2d_options& options, const std::string& like) {
    const std::string x = last_;
    const std::string size = node("shape", name + ".size", {like});
    return node("max_unpool2d", name, {x, indices, size}, attributes_of(options));
  }
  TENFOLD_TAG std::string avg_pool2d(const std::string& name, const avg_pool2d_options& options) {
    attributes a = {{"kernel_size", pair(options.kernel_size)},
                    {"stride", pair(options.stride)},
                    {"padding", pair(options.padding)},
                    {"ceil_mode", index_t{options.ceil_mode}},
                    {"count_include_pad", index_t{options.count_include_pad}}};
    if (options.divisor_override) a["divisor_override"] = *options.divisor_override;
    return node("avg_pool2d", name, {last_}, std::move(a));
  }
  TENFOLD_TAG std::string adaptive_avg_pool2d(const std::string& name, const hw& output_size) {
    return node("adaptive_avg_pool2d", name, {last_}, {{"output_size", pair(output_size)}});
  }
  TENFOLD_TAG std::string upsample_nearest2d(const std::string& name, const scale& factor) {
    return node("upsample_nearest2d", name, {last_}, {{"scale", std::vector<double>{factor.h, factor.w}}});
  }
  TENFOLD_TAG std::string upsample_bilinear2d(const std::string& name, const scale& factor,
                                              bool align_corners = false) {
    return node("upsample_bilinear2d", name, {last_},
                {{"scale", std::vector<double>{factor.h, factor.w}}, {"align_corners", index_t{align_corners}}});
  }

  TENFOLD_TAG std::string relu(const std::string& name) { return node("relu", name, {last_}); }
  TENFOLD_TAG std::string sigmoid(const std::string& name) { return node("sigmoid", name, {last_}); }
  TENFOLD_TAG std::string tanh(const std::string& name) { return node("tanh", name, {last_}); }
  TENFOLD_TAG std::string silu(const std::string& name) { return node("silu", name, {last_}); }
  TENFOLD_TAG std::string hardswish(const std::string& name) { return node("hardswish", name, {last_}); }
  TENFOLD_TAG std::string leaky_relu(const std::string& name, double negative_slope = 0.01) {
    return node("leaky_relu", name, {last_}, {{"negative_slope", negative_slope}});
  }
  TENFOLD_TAG std::string softmax(const std::string& name, index_t dim) {
    return node("softmax", name, {last_}, {{"dim", dim}});
  }

  /// With the last node's result as the first operand, and a tensor that is named as the second.
  TENFOLD_TAG std::string add(const std::string& name, const std::string& other) {
    return node("add", name, {last_, other});
  }
  TENFOLD_TAG std::string mul(const std::string& name, const std::string& other) {
    return node("mul", name, {last_, other});
  }
  TENFOLD_TAG std::string cat(const std::string& name, std::vector<std::string> tensors, index_t dim = 1) {
    return node("cat", name, std::move(tensors), {{"dim", dim}});
  }
  TENFOLD_TAG std::string flatten(const std::string& name, index_t start_dim = 1, index_t end_dim = -1) {
    return node("flatten", name, {last_}, {{"start_dim", start_dim}, {"end_dim", end_dim}});
  }
  TENFOLD_TAG std::string pixel_shuffle(const std::string& name, index_t upscale_factor) {
    return node("pixel_shuffle", name, {last_}, {{"upscale_factor", upscale_factor}});
  }

 private:
  /// Shared by copies until one of them is edited. The engine is made once, by the first that needs it.
  struct state {
    graph description;
    net_options options;
    std::mutex mutex;
    std::shared_ptr<const net_engine> engine;
  };

  TENFOLD_TAG const net_engine& engine() const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->engine) state_->engine = detail::make_net_engine(state_->description, state_->options);
    return *state_->engine;
  }
  TENFOLD_TAG graph& edited() {
    if (state_.use_count() > 1 || state_->engine) {
      auto own = std::make_shared<state>();
      own->description = state_->description;
      own->options = state_->options;
      state_ = std::move(own);
    }
    return state_->description;
  }

  TENFOLD_TAG static std::vector<index_t> pair(const hw& sizes) { return {sizes.h, sizes.w}; }
  TENFOLD_TAG static std::vector<index_t> sides(const pads& p) { return {p.top, p.left, p.bottom, p.right}; }
  TENFOLD_TAG static attributes attributes_of(const conv2d_options& o) {
    if (o.padding.is_same()) detail::raise("net.conv2d: give the padding as numbers");
    return {{"stride", pair(o.stride)},
            {"padding", sides(o.padding.sides())},
            {"dilation", pair(o.dilation)},
            {"groups", o.groups}};
  }
  TENFOLD_TAG static attributes attributes_of(const conv_transpose2d_options& o) {
    attributes a = {{"stride", pair(o.stride)},
                    {"padding", sides(o.padding)},
                    {"output_padding", pair(o.output_padding)},
                    {"groups", o.groups},
                    {"dilation", pair(o.dilation)}};
    if (o.output_size) a["output_size"] = pair(*o.output_size);
    return a;
  }
  TENFOLD_TAG static attributes attributes_of(const pool2d_options& o) {
    return {{"kernel_size", pair(o.kernel_size)},
            {"stride", pair(o.stride)},
            {"padding", sides(o.padding)},
            {"dilation", pair(o.dilation)},
            {"ceil_mode", index_t{o.ceil_mode}}};
  }
  TENFOLD_TAG static attributes attributes_of(const unpool2d_options& o) {
    attributes a = {{"kernel_size", pair(o.kernel_size)}, {"stride", pair(o.stride)}, {"padding", sides(o.padding)}};
    if (o.output_size) a["output_size"] = pair(*o.output_size);
    return a;
  }

  std::shared_ptr<state> state_;
  std::string last_;  // what the next node reads
};

inline named_tensors net::run(std::span<const named_view> inputs, const context& ctx,
                              const layer_observer& observer) const {
  std::vector<named_shape> shapes;
  for (const auto& [name, x] : inputs) shapes.emplace_back(name, x.shape());
  const plan_report planned = plan(shapes, ctx);
  std::vector<std::pair<std::string, any_tensor>> tensors;
  std::vector<named_output> views;
  const std::vector<std::string>& names = description().outputs;
  for (std::size_t i = 0; i < names.size(); ++i)
    detail::with_dtype(planned.outputs[i].type(), [&]<class T>(T) {
      tensors.emplace_back(names[i], tensor<T>::uninitialized(planned.outputs[i].shape()));
    });
  for (auto& [name, x] : tensors) std::visit([&, &own = name](auto& y) { views.emplace_back(own, any_output(y)); }, x);
  run_into(views, inputs, ctx, observer);
  return named_tensors(std::move(tensors));
}

}  // namespace tenfold::inline v0
