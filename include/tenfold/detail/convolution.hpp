// What conv2d and conv_transpose2d share once each has said how it is checked and which algorithms it has: the choice, the
// call itself and the prepared layer.
//
// An operation Op has
//   Op::options                                its settings
//   Op::name                                   for error texts
//   Op::checked(input, weight, bias, options)  shapes -> convolution_geometry, or PyTorch's error
//   Op::some_input(weight, options)            an input that these take, if they take any
//   Op::usual_image(geometry)                  input and output of a usual size
//   Op::algorithms<T>                          an array of convolution_algorithm<T>, best first, general last
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/implicit_gemm.hpp>

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
  index_t (*scratch_bytes)(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx);
  void (*run)(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
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

/// The implicit matrix product as an algorithm. Source::for_each_problem(geometry, operands, problem_visitor) visits each
/// of the products that a convolution consists of.
template <class Source, class T>
struct implicit_gemm_algorithm {
  template <class Visit>
  static void visit_problems(const convolution_geometry& g, const convolution_operands<T>& operands, Visit visit) {
    Source::for_each_problem(g, operands, problem_visitor<T>(visit));
  }
  /// Each problem with its part of a weight that was packed before.
  template <class Visit>
  static void visit_packed(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                           const Visit& visit) {
    visit_problems(g, operands, [&, packed = operands.packed_weight](gemm_problem<T> p) mutable {
      p.packed_a = packed;
      packed += gemm_packed_size(p, ctx);
      visit(p);
    });
  }

  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    double sum = 0;
    visit_problems(
        g, {}, [&](const gemm_problem<T>& p) { sum += gemm_cost(p, gemm_kernels_of<T>(ctx, p.m), packed); });
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
  static index_t scratch_bytes(const convolution_geometry& g, const convolution_operands<T>& operands,
                               const context& ctx) {
    index_t bytes = 0;
    visit_packed(g, operands, ctx,
                 [&](const gemm_problem<T>& p) { bytes = (std::max)(bytes, gemm_scratch_bytes(p, ctx)); });
    return bytes;
  }
  static void run(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    visit_packed(g, operands, ctx, [&](const gemm_problem<T>& p) { run_gemm(p, ctx, memory); });
  }

  static constexpr convolution_algorithm<T> entry = {"implicit_gemm", always_applies, cost, packed_size,
                                                     pack,            scratch_bytes,  run};
};

/// Such a call does nothing; its other sizes may be anything, as no memory stands behind them.
inline bool has_no_result(const convolution_geometry& g) { return g.output_shape.elements() == 0; }

template <class Op, class T>
void run_convolution(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx) {
  if (has_no_result(g)) return;
  const convolution_algorithm<T>& algorithm = choose_algorithm<Op, T>(g, ctx, false);
  const scratch_memory memory(ctx, algorithm.scratch_bytes(g, operands, ctx));
  algorithm.run(g, operands, ctx, memory.data());
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
  return workspace_bytes_for(choose_algorithm<Op, T>(g, ctx, false).scratch_bytes(g, {}, ctx));
}

/// The Op of a prepared layer.
template <bool Transposed>
struct prepared_op;

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

// The layers are public types, the same whatever the flags.
namespace tenfold::inline v0::layers {

using namespace detail;

/// The weight of a layer, packed for each algorithm that a call has asked for. Calls may ask at the same time: the first
/// to finish packing wins, the other throws its copy away.
template <class T, std::size_t Count>
class packed_weights {
 public:
  TENFOLD_TAG packed_weights() = default;
  TENFOLD_TAG packed_weights(const packed_weights&) {}  // a copy packs anew when asked
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

/// A layer whose weight is known: checked once, and packed once for the algorithm that suits it on the instruction set of
/// the context that it is made with. (Should an input's size ask for another algorithm, the first such call packs again.)
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
    const convolution_geometry g = geometry(x.shape());
    auto output = tensor<T>::uninitialized(g.output_shape);
    run(g, x.data(), output.data(), ctx);
    return output;
  }

  /// The same into an output of output_shape, which may not overlap the input. Allocates nothing when the context
  /// carries a workspace of workspace_bytes and workspace_bytes or an earlier call has packed the weight for such an input.
  template <tensor_like Output, tensor_like Input>
  TENFOLD_TAG void into(Output&& output, const Input& input, const context& ctx = default_context()) const {
    const tensor_view<const T> x = const_view(input);
    const tensor_view<T> y = as_view(output);
    const convolution_geometry g = geometry(x.shape());
    check_output_shape(Op::name, "an output", g.output_shape, y.shape());
    run(g, x.data(), y.data(), ctx);
  }

  TENFOLD_TAG shape output_shape(const shape& input) const { return geometry(input).output_shape; }

  TENFOLD_TAG index_t workspace_bytes(const shape& input, const context& ctx = default_context()) const {
    const convolution_geometry g = geometry(input);
    if (has_no_result(g)) return 0;
    const context c = at_isa(ctx);
    const std::size_t i = choose(g, c);
    return workspace_bytes_for(algorithms()[i].scratch_bytes(g, operands(i, g, nullptr, nullptr, c), c));
  }

 private:
  /// A larger weight is packed by the first call, whose input tells whether it needs to be.
  static constexpr index_t eager_bytes = index_t{64} << 20;

  TENFOLD_TAG static constexpr const auto& algorithms() { return Op::template algorithms<T>; }

  TENFOLD_TAG prepared_convolution(const tensor_view<const T>& weight, const optional_bias<T>& bias, const options_type& options,
                       activation after, const context& ctx)
      : weight_(weight.shape(), weight.data()),
        bias_shape_(bias.bias_shape),
        options_(options),
        after_(after),
        isa_(chosen_isa(ctx)) {
    const convolution_geometry g = geometry(Op::some_input(weight_.shape(), options));  // or what every input raises
    if (bias.data) bias_ = tensor<T>(*bias_shape_, bias.data);
    if (weight_.size() > 0 && is_usual(g)) pack_for(Op::usual_image(g), at_isa(ctx));
  }

  /// Other settings no image may suit, and sizes computed from them may overflow.
  TENFOLD_TAG static bool is_usual(const convolution_geometry& g) {
    constexpr index_t most = 1024;
    return (std::max)(g.stride.h, g.stride.w) <= most && (std::max)(g.padding.h, g.padding.w) <= most &&
           (std::min)(g.dilation.h, g.dilation.w) > 0 && (std::max)(g.dilation.h, g.dilation.w) <= most;
  }

  TENFOLD_TAG void pack_for(const convolution_geometry& g, const context& ctx) const {
    const convolution_algorithm<T>* usual = find_algorithm<Op, T>(g, ctx, true);
    if (usual && usual->packed_size(g, ctx) * static_cast<index_t>(sizeof(T)) <= eager_bytes)
      operands(static_cast<std::size_t>(usual - std::begin(algorithms())), g, nullptr, nullptr, ctx);
  }

  TENFOLD_TAG std::size_t choose(const convolution_geometry& g, const context& ctx) const {
    return static_cast<std::size_t>(&choose_algorithm<Op, T>(g, ctx, true) - std::begin(algorithms()));
  }

  TENFOLD_TAG void run(const convolution_geometry& g, const T* input, T* output, const context& ctx) const {
    if (has_no_result(g)) return;
    const context c = at_isa(ctx);
    const std::size_t i = choose(g, c);
    const convolution_operands<T> from = operands(i, g, input, output, c);
    const scratch_memory memory(c, algorithms()[i].scratch_bytes(g, from, c));
    algorithms()[i].run(g, from, c, memory.data());
  }

  TENFOLD_TAG convolution_operands<T> operands(std::size_t i, const convolution_geometry& g, const T* input, T* output,
                                   const context& ctx) const {
    const convolution_algorithm<T>& algorithm = algorithms()[i];
    const T* packed = packed_.get(i, [&] {
      auto made = tensor<T>::uninitialized({algorithm.packed_size(g, ctx)});
      algorithm.pack(g, weight_.data(), ctx, made.data());
      return made;
    });
    return {input, weight_.data(), packed, bias_.data(), output, after_ == activation::relu};
  }

  TENFOLD_TAG convolution_geometry geometry(const shape& input) const {
    return Op::checked(input, weight_.shape(), bias_shape_, options_);
  }
  TENFOLD_TAG context at_isa(context ctx) const {
    ctx.isa = isa_;
    return ctx;
  }

  tensor<T> weight_;
  std::optional<shape> bias_shape_;
  tensor<T> bias_;
  options_type options_;
  activation after_;
  isa isa_;
  packed_weights<T, std::size(Op::template algorithms<T>)> packed_;
};

}  // namespace tenfold::inline v0::layers
