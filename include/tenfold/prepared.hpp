// prepared_conv2d, prepared_conv_transpose2d: convolutions whose weight is known, checked and packed beforehand.
#pragma once

#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/detail/convolution/layer_activation.hpp>

// The layers are public types, the same whatever the flags.
namespace tenfold::inline v0::layers {

using namespace detail;

/// A plan that a layer keeps, and for what it was made.
struct kept_plan {
  const void* algorithms = nullptr;  // the list of the flags that it was made under
  shape input;
  int threads = 0;
  index_t max_workspace_bytes = 0;
  tenfold::math math = tenfold::math::standard;

  TENFOLD_TAG kept_plan() = default;
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
  TENFOLD_TAG const kept_plan* find(const void* algorithms, const shape& input, const context& ctx) const {
    for (const auto& slot : slots_) {
      const kept_plan* plan = slot.load(std::memory_order_acquire);
      if (plan && plan->input == input && plan->threads == ctx.threads && plan->math == ctx.math &&
          plan->max_workspace_bytes == ctx.max_workspace_bytes && plan->algorithms == algorithms)
        return plan;
    }
    return nullptr;
  }

  /// Keeps a copy where there is room. Plan is trivial to copy and to leave.
  template <class Plan>
  TENFOLD_TAG void keep(const Plan& plan) const {
    if (taken_.load(std::memory_order_relaxed) >= most) return;
    std::byte* memory = memory_.load(std::memory_order_acquire);
    if (!memory) {
      auto* made = static_cast<std::byte*>(::operator new(most * sizeof(Plan)));
      if (memory_.compare_exchange_strong(memory, made, std::memory_order_acq_rel))
        memory = made;
      else
        ::operator delete(made);
    }
    const int place = taken_.fetch_add(1, std::memory_order_relaxed);
    if (place >= most) return;
    slots_[place].store(::new (static_cast<void*>(memory + static_cast<std::size_t>(place) * sizeof(Plan))) Plan(plan),
                        std::memory_order_release);
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

}  // namespace tenfold::inline v0::layers

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

template <class T>
struct planned_call : layers::kept_plan {
  convolution_plan<T> plan;
  const T* packed = nullptr;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

namespace tenfold::inline v0::layers {

/// The weight of a layer, packed for each algorithm that a call has asked for. Calls may ask at the same time: the
/// first to finish packing wins, the other throws its copy away.
template <class T, std::size_t Count>
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
  mutable std::atomic<const tensor<T>*> slots_[Count] = {};
};

/// A layer whose weight is known: checked once, and packed once for each algorithm that an input's size asks for, on
/// the instruction set of the context that it is made with. How it runs is planned once for each of the first inputs'
/// sizes.
template <bool Transposed, class T>
class prepared_convolution {
  using Op = std::conditional_t<Transposed, conv_transpose2d_op, conv2d_op>;

 public:
  using options_type = typename Op::options;

  TENFOLD_TAGGED_COPIES(prepared_convolution);

  template <tensor_like Weight, tensor_like Bias>
  TENFOLD_TAG prepared_convolution(const Weight& weight, const Bias& bias, const options_type& options = {},
                                   activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(const_view(bias)), options, after, ctx) {}
  template <tensor_like Weight>
  TENFOLD_TAG explicit prepared_convolution(const Weight& weight, const options_type& options = {},
                                            activation after = activation::none, const context& ctx = default_context())
      : prepared_convolution(const_view(weight), optional_bias<T>(), options, after, ctx) {}

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

  TENFOLD_TAG shape output_shape(const shape& input) const {
    return Op::checked(input, weight_.shape(), bias_shape_, options_).output_shape;
  }

  /// Packs the weight and plans the call for an input of this shape, before there is one.
  TENFOLD_TAG void plan(const shape& input, const context& ctx = default_context()) const {
    with_plan(input, ctx, [](const convolution_plan<T>&, const T*, const context&) {});
  }

  TENFOLD_TAG index_t workspace_bytes(const shape& input, const context& ctx = default_context()) const {
    return with_plan(input, ctx, [](const convolution_plan<T>& plan, const T*, const context&) {
      return workspace_bytes_for(plan.bytes);
    });
  }

 private:
  TENFOLD_TAG static constexpr algorithm_list<T> algorithms() { return algorithms_of<Transposed, T>(); }

  TENFOLD_TAG prepared_convolution(const tensor_view<const T>& weight, const optional_bias<T>& bias,
                                   const options_type& options, activation after, const context& ctx)
      : weight_(weight.shape(), weight.data()),
        bias_shape_(bias.bias_shape),
        options_(options),
        after_(after),
        isa_(chosen_isa(ctx)) {
    const shape some_output = output_shape(Op::some_input(weight_.shape(), options));  // or what every input raises
    check_activation<T>(Op::name, after, some_output[1]);
    if (bias.data) bias_ = tensor<T>(*bias_shape_, bias.data);
    if (after.of == activation::function::prelu)
      slopes_ = tensor<T>({after.slope_count}, static_cast<const T*>(after.slopes));
    if (after.slope_count == 1) after_ = activation::leaky_relu(static_cast<double>(slopes_(0)));
  }

  TENFOLD_TAG tensor<T> call(const tensor_view<const T>& x, const tensor_view<const T>* added,
                             const context& ctx) const {
    return with_plan(x.shape(), ctx, [&](const convolution_plan<T>& plan, const T* packed, const context& c) {
      check_added(plan, added);
      auto output = tensor<T>::uninitialized(plan.geometry.output_shape);
      run(plan, operands(packed, x.data(), added ? added->data() : nullptr, output.data()), c);
      return output;
    });
  }
  TENFOLD_TAG void call_into(const tensor_view<T>& y, const tensor_view<const T>& x, const tensor_view<const T>* added,
                             const context& ctx) const {
    with_plan(x.shape(), ctx, [&](const convolution_plan<T>& plan, const T* packed, const context& c) {
      check_output_shape(Op::name, "an output", plan.geometry.output_shape, y.shape());
      check_added(plan, added);
      run(plan, operands(packed, x.data(), added ? added->data() : nullptr, y.data()), c);
    });
  }
  TENFOLD_TAG static void check_added(const convolution_plan<T>& plan, const tensor_view<const T>* added) {
    if (added) check_output_shape(Op::name, "a tensor to add", plan.geometry.output_shape, added->shape());
  }

  /// use(plan, packed weight, context at the layer's instruction set).
  template <class Use>
  TENFOLD_TAG auto with_plan(const shape& input, const context& ctx, const Use& use) const {
    context c = ctx;
    c.isa = isa_;
    const bool keeps = ctx.algorithm.empty();
    if (const kept_plan* found = keeps ? plans_.find(algorithms().data(), input, ctx) : nullptr) {
      const auto& own = static_cast<const planned_call<T>&>(*found);
      return use(own.plan, own.packed, c);
    }
    planned_call<T> made;
    make(made, input, c);
    if (keeps) {
      made.algorithms = algorithms().data();
      made.input = input;
      made.threads = ctx.threads;
      made.max_workspace_bytes = ctx.max_workspace_bytes;
      made.math = ctx.math;
      plans_.keep(made);
    }
    return use(made.plan, made.packed, c);
  }

  TENFOLD_TAG void make(planned_call<T>& made, const shape& input, const context& ctx) const {
    convolution_plan<T>& plan = made.plan;
    plan.geometry = Op::checked(input, weight_.shape(), bias_shape_, options_);
    if (has_no_result(plan.geometry)) return;
    plan.algorithm = &choose_algorithm(algorithms(), Op::name, plan.geometry, ctx, true);
    made.packed = packed_.get(static_cast<std::size_t>(plan.algorithm - algorithms().data()), [&] {
      auto weight = tensor<T>::uninitialized({plan.algorithm->packed_size(plan.geometry, ctx)});
      plan.algorithm->pack(plan.geometry, weight_.data(), ctx, weight.data());
      return weight;
    });
    plan.algorithm->plan(plan, operands(made.packed, nullptr, nullptr, nullptr), ctx);
  }

  TENFOLD_TAG static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands,
                              const context& ctx) {
    if (!plan.algorithm) return;  // no result
    const scratch_memory memory(ctx, plan.bytes);
    plan.algorithm->run(plan, operands, ctx, memory.data());
  }

  TENFOLD_TAG convolution_operands<T> operands(const T* packed, const T* input, const T* added, T* output) const {
    return {input, weight_.data(), packed, bias_.data(), output, epilogue_of<T>(after_, slopes(), added, output, isa_)};
  }

  TENFOLD_TAG const T* slopes() const { return after_.of == activation::function::prelu ? slopes_.data() : nullptr; }

  tensor<T> weight_;
  std::optional<shape> bias_shape_;
  tensor<T> bias_;
  options_type options_;
  activation after_;
  tensor<T> slopes_;
  isa isa_;
  packed_weights<T, algorithms_of<Transposed, T>().size()> packed_;
  kept_plans plans_;
};

}  // namespace tenfold::inline v0::layers

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// A conv2d whose weight is known, with an activation:
///
///     prepared_conv2d<float> layer(weight, bias, {.padding = 1}, activation::relu);
///     auto y = layer(x);                 // relu(conv2d(x, weight, bias, {.padding = 1}))
///     layer.into(y, x, y);               // relu(conv2d(x, weight, bias, {.padding = 1}) + y)
template <element T>
using prepared_conv2d = layers::prepared_convolution<false, T>;

/// A conv_transpose2d whose weight is known, with an activation.
template <element T>
using prepared_conv_transpose2d = layers::prepared_convolution<true, T>;

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
