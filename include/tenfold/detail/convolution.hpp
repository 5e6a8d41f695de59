// What conv2d and conv_transpose2d share once each has said how it is checked and which algorithms it has: the choice,
// the call itself and the prepared layer.
//
// An operation Op has
//   Op::options                                its settings
//   Op::name                                   for error texts
//   Op::checked(input, weight, bias, options)  shapes -> convolution_geometry, or PyTorch's error
//   Op::some_input(weight, options)            an input that these take, if they take any
//   Op::algorithms<T>                          an array of convolution_algorithm<T>, best first, general last
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/product/implicit_gemm.hpp>

#include <array>  // begin, size; <iterator> does not compile where min is a macro

namespace tenfold::inline v0 {

/// What a prepared layer does to its result.
enum class activation { none, relu };

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The arrays of one call; all are missing where only sizes are asked for.
template <class T>
struct convolution_operands {
  optional_array<const T> input;
  optional_array<const T> weight;
  optional_array<const T> packed_weight;
  optional_array<const T> bias;
  optional_array<T> output;
  bool relu = false;
};

template <class T>
struct convolution_algorithm;

/// What a call decides without its arrays: the algorithm, its blocks and tasks, the bytes of scratch memory. It is made
/// once and may be run many times.
template <class T>
class convolution_plan {
 public:
  convolution_geometry geometry;
  const convolution_algorithm<T>* algorithm = nullptr;
  index_t bytes = 0;

  /// The algorithm's own part of it: P is trivial to copy and to leave.
  template <class P, class... Args>
  P& emplace(const Args&... args) {
    static_assert(sizeof(P) <= sizeof own_ && std::is_trivially_copyable_v<P>);
    return *::new (static_cast<void*>(own_)) P{args...};
  }
  template <class P>
  const P& own() const {
    return *std::launder(reinterpret_cast<const P*>(own_));
  }

 private:
  alignas(std::max_align_t) std::byte own_[2560];
};

/// One way to compute a convolution.
template <class T>
struct convolution_algorithm {
  std::string_view name;
  /// Whether it can compute this and context::math allows it.
  bool (*applies)(const convolution_geometry& g, const context& ctx);
  /// The estimated time of one core, in vector operations; `packed` tells whether the weight is packed already.
  double (*cost)(const convolution_geometry& g, const context& ctx, bool packed);
  /// The elements of a weight packed beforehand, and the packing; null where the plain weight serves.
  index_t (*packed_size)(const convolution_geometry& g, const context& ctx);
  void (*pack)(const convolution_geometry& g, const T* weight, const context& ctx, T* packed);
  /// Fills in a plan, whose geometry is known, with its bytes and the algorithm's own part. Of the operands it may look
  /// at whether there is a packed weight; nothing else of the arrays counts.
  void (*plan)(convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx);
  /// Runs a plan that was made for such operands, and a context of as many threads and as much memory.
  void (*run)(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
              std::byte* memory);
};

inline bool always_applies(const convolution_geometry&, const context&) { return true; }

/// The cheapest algorithm of the list for one image, or the one that the context names; null where that one cannot. The
/// choice depends on neither the batch nor the threads nor the workspace, so that the results' bits do not either.
template <class Op, class T>
const convolution_algorithm<T>* find_algorithm(const convolution_geometry& g, const context& ctx, bool packed) {
  convolution_geometry image = g;
  image.batch = 1;
  const convolution_algorithm<T>* best = nullptr;
  double least = 0;
  for (const convolution_algorithm<T>& a : Op::template algorithms<T>) {
    if ((!ctx.algorithm.empty() && ctx.algorithm != a.name) || !a.applies(g, ctx)) continue;
    const double cost = a.cost(image, ctx, packed);
    if (best && cost >= least) continue;
    best = &a;
    least = cost;
  }
  return best;
}

template <class Op, class T>
const convolution_algorithm<T>& choose_algorithm(const convolution_geometry& g, const context& ctx, bool packed) {
  const convolution_algorithm<T>* best = find_algorithm<Op, T>(g, ctx, packed);
  if (!best) raise({Op::name, " has no algorithm '", ctx.algorithm, "' for these shapes"});
  return *best;
}

/// The plan of a call with the algorithm that suits it.
template <class Op, class T>
convolution_plan<T> make_plan(const convolution_geometry& g, const convolution_operands<T>& operands,
                              const context& ctx) {
  convolution_plan<T> plan;
  plan.geometry = g;
  plan.algorithm = &choose_algorithm<Op, T>(g, ctx, false);
  plan.algorithm->plan(plan, operands, ctx);
  return plan;
}

/// The plans of a convolution's products, in the order in which they are visited. Of more than most_planned it is known
/// how much memory they need, and they are planned when they run.
template <class T>
struct products_plan {
  static constexpr index_t most_planned = 16;
  index_t count = 0;
  gemm_plan<T> product[most_planned];

  products_plan() {}  // NOLINT(modernize-use-equals-default): leaves the products as they are

  /// Returns the bytes that it needs.
  index_t add(const gemm_problem<T>& p, const context& ctx) {
    const gemm_plan<T> made(p, ctx);
    if (count < most_planned) product[count] = made;
    ++count;
    return made.bytes;
  }
  /// Product i.
  void run(index_t i, const gemm_problem<T>& p, const context& ctx, std::byte* memory) const {
    if (i < most_planned)
      run_gemm(p, product[i], ctx, memory);
    else
      run_gemm(p, gemm_plan<T>(p, ctx), ctx, memory);
  }
};

/// Calls back with a gemm_problem. A reference without the callable's type: what enumerates problems is compiled once.
template <class T>
class problem_visitor {
 public:
  template <class Visit>
  explicit problem_visitor(Visit& visit)
      : visit_(&visit), call_([](void* v, const gemm_problem<T>& p) { (*static_cast<Visit*>(v))(p); }) {}
  void operator()(const gemm_problem<T>& p) const { call_(visit_, p); }

 private:
  void* visit_;
  void (*call_)(void*, const gemm_problem<T>&);
};

/// The implicit matrix product as an algorithm. Source::for_each_problem(geometry, operands, problem_visitor) visits
/// each of the products that a convolution consists of.
template <class Source, class T>
struct implicit_gemm_algorithm {
  template <class Visit>
  static void visit_problems(const convolution_geometry& g, const convolution_operands<T>& operands, Visit visit) {
    Source::for_each_problem(g, operands, problem_visitor<T>(visit));
  }
  /// Each problem with its part of a weight that was packed before.
  template <class Visit>
  static void visit_packed(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                           Visit visit) {
    visit_problems(g, operands, [&, packed = operands.packed_weight](gemm_problem<T> p) mutable {
      p.packed_a = packed;
      packed += gemm_packed_size(p, ctx);
      visit(p);
    });
  }

  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    double sum = 0;
    visit_problems(g, {}, [&](const gemm_problem<T>& p) { sum += gemm_cost(p, gemm_kernels_of<T>(ctx, p.m), packed); });
    return sum;
  }
  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    index_t size = vector_lanes<T>(ctx);  // slack
    visit_problems(g, {}, [&](const gemm_problem<T>& p) { size += gemm_packed_size(p, ctx); });
    return size;
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    convolution_operands<T> from;
    from.weight = weight;
    visit_problems(g, from, [&](const gemm_problem<T>& p) {
      pack_beforehand(p, ctx, packed);
      packed += gemm_packed_size(p, ctx);
    });
  }
  static void plan(convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx) {
    auto& own = plan.template emplace<products_plan<T>>();
    visit_packed(plan.geometry, operands, ctx,
                 [&](const gemm_problem<T>& p) { plan.bytes = (std::max)(plan.bytes, own.add(p, ctx)); });
  }
  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const auto& own = plan.template own<products_plan<T>>();
    visit_packed(plan.geometry, operands, ctx,
                 [&, i = index_t{0}](const gemm_problem<T>& p) mutable { own.run(i++, p, ctx, memory); });
  }

  static constexpr convolution_algorithm<T> entry = {
      "implicit_gemm", always_applies, cost, packed_size, pack, plan, run};
};

/// Such a call does nothing; its other sizes may be anything, as no memory stands behind them.
inline bool has_no_result(const convolution_geometry& g) { return g.output_shape.elements() == 0; }

template <class Op, class T>
void run_convolution(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx) {
  if (has_no_result(g)) return;
  const convolution_plan<T> plan = make_plan<Op, T>(g, operands, ctx);
  const scratch_memory memory(ctx, plan.bytes);
  plan.algorithm->run(plan, operands, ctx, memory.data());
}

/// A bias that may be missing.
template <class T>
struct optional_bias {
  const T* data = nullptr;
  std::optional<shape> bias_shape = {};

  optional_bias() = default;
  optional_bias(const tensor_view<const T>& bias)  // NOLINT(google-explicit-constructor)
      : data(bias.data()), bias_shape(bias.shape()) {}
};

template <class Op, class T>
void convolution_into(tensor_view<T> output, tensor_view<const T> input, tensor_view<const T> weight,
                      const optional_bias<T>& bias, const typename Op::options& options, const context& ctx) {
  const convolution_geometry g = Op::checked(input.shape(), weight.shape(), bias.bias_shape, options);
  check_output_shape(Op::name, "an output", g.output_shape, output.shape());
  run_convolution<Op, T>(g, {input.data(), weight.data(), nullptr, bias.data, output.data()}, ctx);
}

template <class Op, class T>
tensor<T> convolution(tensor_view<const T> input, tensor_view<const T> weight, const optional_bias<T>& bias,
                      const typename Op::options& options, const context& ctx) {
  const convolution_geometry g = Op::checked(input.shape(), weight.shape(), bias.bias_shape, options);
  auto output = tensor<T>::uninitialized(g.output_shape);
  run_convolution<Op, T>(g, {input.data(), weight.data(), nullptr, bias.data, output.data()}, ctx);
  return output;
}

template <class Op, class T>
index_t convolution_workspace_bytes(const shape& input, const shape& weight, const typename Op::options& options,
                                    const context& ctx) {
  const convolution_geometry g = Op::checked(input, weight, std::nullopt, options);
  if (has_no_result(g)) return 0;
  return workspace_bytes_for(make_plan<Op, T>(g, {}, ctx).bytes);
}

/// The Op of a prepared layer.
template <bool Transposed>
struct prepared_op;

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

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
  using Op = typename prepared_op<Transposed>::type;

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

  /// The plain operation's result, and the activation.
  template <tensor_like Input>
  TENFOLD_TAG tensor<T> operator()(const Input& input, const context& ctx = default_context()) const {
    const tensor_view<const T> x = const_view(input);
    return with_plan(x.shape(), ctx, [&](const convolution_plan<T>& plan, const T* packed, const context& c) {
      auto output = tensor<T>::uninitialized(plan.geometry.output_shape);
      run(plan, packed, x.data(), output.data(), c);
      return output;
    });
  }

  /// The same into an output of output_shape, which may not overlap the input. Allocates nothing when the context
  /// carries a workspace of workspace_bytes and plan, workspace_bytes or an earlier call has packed the weight for such
  /// an input.
  template <tensor_like Output, tensor_like Input>
  TENFOLD_TAG void into(Output&& output, const Input& input, const context& ctx = default_context()) const {
    const tensor_view<const T> x = const_view(input);
    const tensor_view<T> y = as_view(output);
    with_plan(x.shape(), ctx, [&](const convolution_plan<T>& plan, const T* packed, const context& c) {
      check_output_shape(Op::name, "an output", plan.geometry.output_shape, y.shape());
      run(plan, packed, x.data(), y.data(), c);
    });
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
  TENFOLD_TAG static constexpr const auto& algorithms() { return Op::template algorithms<T>; }

  TENFOLD_TAG prepared_convolution(const tensor_view<const T>& weight, const optional_bias<T>& bias,
                                   const options_type& options, activation after, const context& ctx)
      : weight_(weight.shape(), weight.data()),
        bias_shape_(bias.bias_shape),
        options_(options),
        after_(after),
        isa_(chosen_isa(ctx)) {
    output_shape(Op::some_input(weight_.shape(), options));  // or what every input raises
    if (bias.data) bias_ = tensor<T>(*bias_shape_, bias.data);
  }

  /// use(plan, packed weight, context at the layer's instruction set).
  template <class Use>
  TENFOLD_TAG auto with_plan(const shape& input, const context& ctx, const Use& use) const {
    context c = ctx;
    c.isa = isa_;
    const bool keeps = ctx.algorithm.empty();
    if (const kept_plan* found = keeps ? plans_.find(algorithms(), input, ctx) : nullptr) {
      const auto& own = static_cast<const planned_call<T>&>(*found);
      return use(own.plan, own.packed, c);
    }
    planned_call<T> made;
    make(made, input, c);
    if (keeps) {
      made.algorithms = algorithms();
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
    plan.algorithm = &choose_algorithm<Op, T>(plan.geometry, ctx, true);
    made.packed = packed_.get(static_cast<std::size_t>(plan.algorithm - std::begin(algorithms())), [&] {
      auto weight = tensor<T>::uninitialized({plan.algorithm->packed_size(plan.geometry, ctx)});
      plan.algorithm->pack(plan.geometry, weight_.data(), ctx, weight.data());
      return weight;
    });
    plan.algorithm->plan(plan, operands(made.packed, nullptr, nullptr), ctx);
  }

  TENFOLD_TAG void run(const convolution_plan<T>& plan, const T* packed, const T* input, T* output,
                       const context& ctx) const {
    if (!plan.algorithm) return;  // no result
    const scratch_memory memory(ctx, plan.bytes);
    plan.algorithm->run(plan, operands(packed, input, output), ctx, memory.data());
  }

  TENFOLD_TAG convolution_operands<T> operands(const T* packed, const T* input, T* output) const {
    return {input, weight_.data(), packed, bias_.data(), output, after_ == activation::relu};
  }

  tensor<T> weight_;
  std::optional<shape> bias_shape_;
  tensor<T> bias_;
  options_type options_;
  activation after_;
  isa isa_;
  packed_weights<T, std::size(Op::template algorithms<T>)> packed_;
  kept_plans plans_;
};

}  // namespace tenfold::inline v0::layers
