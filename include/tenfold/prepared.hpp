// prepared_conv2d, prepared_conv_transpose2d, and those of one dimension: convolutions whose weight is known, checked
// and packed beforehand.
#pragma once

#include <tenfold/conv1d.hpp>
#include <tenfold/detail/convolution/layer_activation.hpp>
#include <tenfold/isa.hpp>
#include <tenfold/stored.hpp>

#include <atomic>

// The layers are public types, the same whatever the flags.
namespace tenfold::inline v0::layers {

using namespace detail;

inline constexpr std::size_t most_plan_bytes = 3072;

/// A plan that a layer keeps, and for what it was made.
struct kept_plan {
  const void* list = nullptr;  // of the algorithms, under the flags that it was made with
  shape input;
  int threads = 0;
  index_t max_workspace_bytes = 0;
  tenfold::math math = tenfold::math::standard;
  shape output_shape;
  index_t bytes = 0;              // of scratch memory
  const void* packed = nullptr;   // the weight
  const void* widened = nullptr;  // beside that, where the weight is of 16 bits and the algorithm reads both
  std::string_view algorithm;
  alignas(std::max_align_t) std::byte plan[most_plan_bytes];

  TENFOLD_TAG kept_plan() {}  // NOLINT(modernize-use-equals-default): leaves the plan as it is
};

/// The plans of the first few inputs that a layer has seen. They stay as they are, so that reading takes no lock; all
/// their memory comes with the first, so that later ones allocate nothing.
class kept_plans {
 public:
  static constexpr int most = 8;

  TENFOLD_TAG kept_plans() = default;
  TENFOLD_TAG kept_plans(const kept_plans&) noexcept {}            // a copy plans anew
  TENFOLD_TAG kept_plans& operator=(const kept_plans&) noexcept {  // NOLINT(bugprone-unhandled-self-assignment)
    clear();
    return *this;
  }
  TENFOLD_TAG ~kept_plans() { clear(); }

  /// Null where there is none.
  TENFOLD_TAG const kept_plan* find(const void* list, const shape& input, const context& ctx) const {
    for (const auto& slot : slots_) {
      const kept_plan* plan = slot.load(std::memory_order_acquire);
      if (plan && plan->input == input && plan->threads == ctx.threads && plan->math == ctx.math &&
          plan->max_workspace_bytes == ctx.max_workspace_bytes && plan->list == list)
        return plan;
    }
    return nullptr;
  }

  /// Keeps a copy where there is room.
  TENFOLD_TAG void keep(const kept_plan& plan) const {
    if (taken_.load(std::memory_order_relaxed) >= most) return;
    std::byte* memory = memory_.load(std::memory_order_acquire);
    if (!memory) {
      auto* made = static_cast<std::byte*>(::operator new(most * sizeof(kept_plan)));
      if (memory_.compare_exchange_strong(memory, made, std::memory_order_acq_rel))
        memory = made;
      else
        ::operator delete(made);
    }
    const int place = taken_.fetch_add(1, std::memory_order_relaxed);
    if (place >= most) return;
    std::byte* at = memory + static_cast<std::size_t>(place) * sizeof(kept_plan);
    slots_[place].store(::new (static_cast<void*>(at)) kept_plan(plan), std::memory_order_release);
  }

 private:
  TENFOLD_TAG void clear() {
    for (auto& slot : slots_) slot.store(nullptr);
    ::operator delete(memory_.exchange(nullptr));
    taken_.store(0);
  }
  mutable std::atomic<const kept_plan*> slots_[most] = {};
  mutable std::atomic<std::byte*> memory_ = nullptr;
  mutable std::atomic<int> taken_ = 0;
};

/// The weight of a layer, packed for each algorithm that a call has asked for. Calls may ask at the same time: the
/// first to finish packing wins, the other throws its copy away.
template <class T>
class packed_weights {
 public:
  TENFOLD_TAG packed_weights() = default;
  TENFOLD_TAG packed_weights(const packed_weights&) {}            // a copy packs anew when asked
  TENFOLD_TAG packed_weights& operator=(const packed_weights&) {  // NOLINT(bugprone-unhandled-self-assignment)
    clear();
    return *this;
  }
  TENFOLD_TAG ~packed_weights() { clear(); }

  /// The packed weight of algorithm i; pack() makes it.
  template <class Pack>
  TENFOLD_TAG const T* get(std::size_t i, const Pack& pack) const {
    const tensor<T>* found = slots_[i].load(std::memory_order_acquire);
    if (found) return found->data();
    auto* made = new tensor<T>(pack());
    if (slots_[i].compare_exchange_strong(found, made, std::memory_order_acq_rel)) return made->data();
    delete made;
    return found->data();
  }

 private:
  TENFOLD_TAG void clear() {
    for (auto& slot : slots_) delete slot.exchange(nullptr);
  }
  mutable std::atomic<const tensor<T>*> slots_[most_algorithms] = {};
};

/// The weight or the bias of a layer: at first where the caller has it, then, unless it is borrowed, a copy.
template <class T>
class layer_array {
 public:
  TENFOLD_TAG layer_array() = default;
  TENFOLD_TAG layer_array(const T* data, const tenfold::shape& shape) : borrowed_(data), shape_(shape) {}
  TENFOLD_TAGGED_COPIES(layer_array);

  TENFOLD_TAG void own() {
    if (borrowed_) own_ = tensor<T>(shape_, borrowed_);
    borrowed_ = nullptr;
  }
  TENFOLD_TAG const T* data() const { return borrowed_ ? borrowed_ : own_.data(); }
  TENFOLD_TAG const tenfold::shape& shape() const { return shape_; }

 private:
  const T* borrowed_ = nullptr;
  tensor<T> own_;
  tenfold::shape shape_;
};

}  // namespace tenfold::inline v0::layers

/// What tells the lists of different flags apart.
TENFOLD_SEAM_OF(Transposed, const void*, prepared_key, ())
/// Packs the weight for the algorithm that suits such a call, unless that has been done, and plans it.
/// The weight is an array, or `narrow` is.
TENFOLD_SEAM_OF(Transposed, void, plan_prepared, (op, g, weight, narrow, packed, kept, ctx), const char* op,
                const convolution_geometry& g, const T* weight, const plain::stored_weight& narrow,
                const layers::packed_weights<T>& packed, layers::kept_plan& kept, const context& ctx)
/// `slopes` are prelu's, `added` the tensor to add; both may be null.
TENFOLD_SEAM(void, run_prepared, (kept, arrays, narrow, after, slopes, added, ctx), const layers::kept_plan& kept,
             const convolution_arrays<T>& arrays, const plain::stored_weight& narrow, const activation& after,
             const T* slopes, const T* added, const context& ctx)

namespace tenfold::inline v0 {

/// For a prepared layer whose weight and bias stay where they are: it refers to them and copies neither.
struct borrowed_t {};
inline constexpr borrowed_t borrowed{};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::layers {

/// A layer whose weight is known: checked once, and packed once for each algorithm that an input's size asks for, on
/// the instruction set of the context that it is made with. How it runs is planned once for each of the first inputs'
/// sizes.
template <bool Transposed, class T, int Dimensions = 2>
class prepared_convolution {
  using Op = std::conditional_t<Dimensions == 1, std::conditional_t<Transposed, conv_transpose1d_op, conv1d_op>,
                                std::conditional_t<Transposed, conv_transpose2d_op, conv2d_op>>;

 public:
  using options_type = typename Op::options;

  TENFOLD_TAGGED_COPIES(prepared_convolution);

  template <tensor_like Weight, tensor_like Bias>
  TENFOLD_TAG prepared_convolution(const Weight& weight, const Bias& bias, const options_type& options = {},
                                   activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(const_view(bias)), options, after, ctx) {
    own();
  }
  template <tensor_like Weight>
  TENFOLD_TAG explicit prepared_convolution(const Weight& weight, const options_type& options = {},
                                            activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(), options, after, ctx) {
    own();
  }

  /// The same of a weight and a bias that outlive the layer and its copies, as those of a mapped file may: neither is
  /// copied but for what is packed.
  template <tensor_like Weight, tensor_like Bias>
  TENFOLD_TAG prepared_convolution(borrowed_t, const Weight& weight, const Bias& bias, const options_type& options = {},
                                   activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(const_view(bias)), options, after, ctx) {}
  template <tensor_like Weight>
  TENFOLD_TAG prepared_convolution(borrowed_t, const Weight& weight, const options_type& options = {},
                                   activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(), options, after, ctx) {}

  /// The same with the weight in 16 bits (stored::fp16, stored::bf16). That is all that the layer keeps of it, and what
  /// layers of few pixels read, which with AVX2 or AVX-512 take little more than half the time then; others pack it as
  /// floats, as ever. A weight that the type does not hold is an error, as is math::exact, here or in a call.
  template <tensor_like Weight, tensor_like Bias>
    requires(std::same_as<T, float>)
  TENFOLD_TAG prepared_convolution(stored as, const Weight& weight, const Bias& bias, const options_type& options = {},
                                   activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(const_view(bias)), options, after, ctx) {
    store(as, ctx);
  }
  template <tensor_like Weight>
    requires(std::same_as<T, float>)
  TENFOLD_TAG prepared_convolution(stored as, const Weight& weight, const options_type& options = {},
                                   activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(), options, after, ctx) {
    store(as, ctx);
  }

  /// The activation of the plain operation's result, or of its sum with `added`, which is of the result's shape.
  template <tensor_like Input>
  TENFOLD_TAG tensor<T> operator()(const Input& input, const context& ctx = default_context()) const {
    return call(const_view(input), nullptr, ctx);
  }
  template <tensor_like Input, tensor_like Added>
  TENFOLD_TAG tensor<T> operator()(const Input& input, const Added& added,
                                   const context& ctx = default_context()) const {
    const tensor_view<const T> z = const_view(added);
    return call(const_view(input), &z, ctx);
  }

  /// The same into an output of output_shape, which may not overlap the input; `added` may be the output, but may not
  /// overlap it otherwise. Allocates nothing when the context carries a workspace of workspace_bytes and plan,
  /// workspace_bytes or an earlier call has packed the weight for such an input.
  template <tensor_like Output, tensor_like Input>
  TENFOLD_TAG void into(Output&& output, const Input& input, const context& ctx = default_context()) const {
    call_into(as_view(output), const_view(input), nullptr, ctx);
  }
  template <tensor_like Output, tensor_like Input, tensor_like Added>
  TENFOLD_TAG void into(Output&& output, const Input& input, const Added& added,
                        const context& ctx = default_context()) const {
    const tensor_view<const T> z = const_view(added);
    call_into(as_view(output), const_view(input), &z, ctx);
  }

  TENFOLD_TAG shape output_shape(const shape& input) const { return checked(input).output_shape; }

  /// Packs the weight and plans the call for an input of this shape, before there is one.
  TENFOLD_TAG void plan(const shape& input, const context& ctx = default_context()) const {
    with_plan(input, ctx, [](const kept_plan&, const context&) {});
  }

  TENFOLD_TAG index_t workspace_bytes(const shape& input, const context& ctx = default_context()) const {
    return with_plan(input, ctx, [](const kept_plan& plan, const context&) { return workspace_bytes_for(plan.bytes); });
  }

  /// The name of the algorithm that computes such an input; empty where there is nothing to compute.
  TENFOLD_TAG std::string_view algorithm(const shape& input, const context& ctx = default_context()) const {
    return with_plan(input, ctx, [](const kept_plan& plan, const context&) { return plan.algorithm; });
  }

 private:
  TENFOLD_TAG prepared_convolution(const tensor_view<const T>& weight, const optional_bias<T>& bias,
                                   const options_type& options, activation after, const context& ctx)
      : weight_(weight.data(), weight.shape()),
        bias_(bias.data, bias.bias_shape.value_or(shape{})),
        has_bias_(bias.bias_shape.has_value()),
        options_(options),
        after_(after),
        isa_(seam::chosen_isa(ctx)) {
    const shape some_output = output_shape(Op::some_input(weight_.shape(), options));  // or what every input raises
    check_activation<T>(Op::name, after, some_output[1]);
    if (after.of == activation::function::prelu)
      slopes_ = tensor<T>({after.slope_count}, static_cast<const T*>(after.slopes));
    if (after.slope_count == 1) after_ = activation::leaky_relu(static_cast<double>(slopes_(0)));
  }

  TENFOLD_TAG void own() {
    weight_.own();
    bias_.own();
  }

  TENFOLD_TAG void store(stored as, const context& ctx) {
    if (as == stored::as_given) return own();
    as_ = as;
    check_math(ctx);
    bias_.own();
    narrow_ = tensor<std::int16_t>::uninitialized(weight_.shape());
    store_weights(Op::name, as, weight_.data(), weight_.shape(), narrow_.data());
    weight_ = layer_array<T>(nullptr, weight_.shape());
  }
  TENFOLD_TAG void check_math(const context& ctx) const {
    if (as_ != stored::as_given && ctx.math == math::exact)
      raise({Op::name, ": math::exact takes weights as they are given, but this layer has them in ", name_of(as_)});
  }
  TENFOLD_TAG stored_weight narrow() const {
    return as_ == stored::as_given ? stored_weight{} : stored_weight{narrow_.data(), as_};
  }

  TENFOLD_TAG tensor<T> call(const tensor_view<const T>& x, const tensor_view<const T>* added,
                             const context& ctx) const {
    return with_plan(x.shape(), ctx, [&](const kept_plan& plan, const context& c) {
      check_added(plan, added);
      auto output = tensor<T>::uninitialized(plan.output_shape);
      run(plan, x.data(), added, output.data(), c);
      return output;
    });
  }
  TENFOLD_TAG void call_into(const tensor_view<T>& y, const tensor_view<const T>& x, const tensor_view<const T>* added,
                             const context& ctx) const {
    with_plan(x.shape(), ctx, [&](const kept_plan& plan, const context& c) {
      check_output_shape(Op::name, "an output", plan.output_shape, y.shape());
      check_added(plan, added);
      run(plan, x.data(), added, y.data(), c);
    });
  }
  TENFOLD_TAG static void check_added(const kept_plan& plan, const tensor_view<const T>* added) {
    if (added) check_output_shape(Op::name, "a tensor to add", plan.output_shape, added->shape());
  }

  TENFOLD_TAG convolution_geometry checked(const shape& input) const {
    return Op::checked(input, weight_.shape(), has_bias_ ? std::optional(bias_.shape()) : std::nullopt, options_);
  }

  /// use(plan, context at the layer's instruction set).
  template <class Use>
  TENFOLD_TAG auto with_plan(const shape& input, const context& ctx, const Use& use) const {
    check_math(ctx);
    context c = ctx;
    c.isa = isa_;
    const bool keeps = ctx.algorithm.empty();
    const void* list = seam::prepared_key<Transposed, T>();
    if (const kept_plan* found = keeps ? plans_.find(list, input, ctx) : nullptr) return use(*found, c);
    kept_plan made;
    const convolution_geometry g = checked(input);
    made.output_shape = g.output_shape;
    if (!has_no_result(g)) seam::plan_prepared<Transposed, T>(Op::name, g, weight_.data(), narrow(), packed_, made, c);
    if (keeps) {
      made.list = list;
      made.input = input;
      made.threads = ctx.threads;
      made.max_workspace_bytes = ctx.max_workspace_bytes;
      made.math = ctx.math;
      plans_.keep(made);
    }
    return use(made, c);
  }

  TENFOLD_TAG void run(const kept_plan& plan, const T* input, const tensor_view<const T>* added, T* output,
                       const context& ctx) const {
    if (plan.output_shape.elements() == 0) return;
    const convolution_arrays<T> arrays{input, weight_.data(), bias_.data(), output};
    seam::run_prepared<T>(plan, arrays, narrow(), after_, slopes(), added ? added->data() : nullptr, ctx);
  }

  TENFOLD_TAG const T* slopes() const { return after_.of == activation::function::prelu ? slopes_.data() : nullptr; }

  layer_array<T> weight_;  // of one that is kept in 16 bits the shape alone
  tensor<std::int16_t> narrow_;
  stored as_ = stored::as_given;
  layer_array<T> bias_;
  bool has_bias_;
  options_type options_;
  activation after_;
  tensor<T> slopes_;
  isa isa_;
  packed_weights<T> packed_;
  kept_plans plans_;
};

}  // namespace tenfold::inline v0::layers

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// A conv2d whose weight is known, with an activation:
///
///     prepared_conv2d<float> layer(weight, bias, {.padding = 1}, activation::relu);
///     auto y = layer(x);                 // relu(conv2d(x, weight, bias, {.padding = 1}))
///     layer.into(y, x, y);               // relu(conv2d(x, weight, bias, {.padding = 1}) + y)
///
///     prepared_conv2d<float> half(stored::bf16, weight, bias, {.padding = 1});  // its weight in 16 bits
///
/// A fully connected layer (linear) is one of 1x1: its weight (O, I, 1, 1), its input (N, I, 1, 1).
template <element T>
using prepared_conv2d = layers::prepared_convolution<false, T>;

/// A conv_transpose2d whose weight is known, with an activation.
template <element T>
using prepared_conv_transpose2d = layers::prepared_convolution<true, T>;

/// The same of conv1d and conv_transpose1d.
template <element T>
using prepared_conv1d = layers::prepared_convolution<false, T, 1>;
template <element T>
using prepared_conv_transpose1d = layers::prepared_convolution<true, T, 1>;

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/prepared.hpp>
#endif
