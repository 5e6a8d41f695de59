// What a convolution's algorithms have in common: an entry of a list, the arrays it is run with, the plan that it makes
// of a call; and what is made of matrix products.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/product/loops.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The dimensions of a convolution that is not transposed: its points are outputs.
inline axis rows_of(const convolution_geometry& g) {
  return {g.kernel.h, g.out.h, g.stride.h, g.dilation.h, -g.padding.h, g.in.h};
}
inline axis columns_of(const convolution_geometry& g) {
  return {g.kernel.w, g.out.w, g.stride.w, g.dilation.w, -g.padding.w, g.in.w};
}

/// The arrays of one call; all are missing where only sizes are asked for.
template <class T>
struct convolution_operands {
  optional_array<const T> input;
  optional_array<const T> weight;
  optional_array<const T> packed_weight;
  optional_array<const T> bias;
  optional_array<T> output;
  epilogue<T> after = {};
  bool adds = false;          // to the output, which a weight's gradient can
  stored_weight narrow = {};  // of a prepared layer: the weight, where it is kept in 16 bits
};

/// use(weight), a pointer to the type that it is stored in.
template <class T, class Use>
void with_weight(const convolution_operands<T>& operands, const Use& use) {
  if constexpr (std::same_as<T, float>) {
    if (operands.narrow.as == stored::fp16) return use(reinterpret_cast<const fp16*>(operands.narrow.bits));
    if (operands.narrow.as == stored::bf16) return use(reinterpret_cast<const bf16*>(operands.narrow.bits));
  }
  use(static_cast<const T*>(operands.weight));
}

template <class T>
struct convolution_algorithm;

/// What a call decides without its arrays: the algorithm, its blocks and tasks, the bytes of scratch memory. It is made
/// once and may be run many times.
template <class T>
class convolution_plan {
 public:
  convolution_geometry geometry{};
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

/// How long an algorithm's vector operation takes on each level beside that of an implicit product: what
/// bench/choice.cpp finds (docs/choice.md).
struct operation_times {
  double base = 1;
  double avx2 = 1;
  double avx512 = 1;

  double on(isa level) const {
    if (level == isa::avx512) return avx512;
    return level == isa::avx2 ? avx2 : base;
  }
};

/// What an algorithm reads of the weight of a prepared layer while it runs.
enum class weight_in_use {
  packed,      // what it has packed
  both,        // beside that the weight, for some of the outputs
  as_it_lies,  // the weight, in the type that it is stored in
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
  operation_times times = {};
  weight_in_use reads = weight_in_use::packed;

  /// Beside other algorithms' estimates.
  double estimate(const convolution_geometry& g, const context& ctx, bool packed) const {
    return cost(g, ctx, packed) * times.on(chosen_isa(ctx));
  }
};

/// The plans of a convolution's products, in the order in which they are visited. Of more than most_planned it is known
/// how much memory they need, and they are planned when they run.
template <class T>
struct products_plan {
  static constexpr index_t most_planned = 16;
  index_t count = 0;
  product_plan<T> product[most_planned];

  products_plan() {}  // NOLINT(modernize-use-equals-default): leaves the products as they are

  /// Returns the bytes that it needs.
  index_t add(const matrix_product<T>& p, const context& ctx) {
    const product_plan<T> made = plan_product(p, ctx);
    if (count < most_planned) product[count] = made;
    ++count;
    return made.bytes;
  }
  /// Product i.
  void run(index_t i, const matrix_product<T>& p, const context& ctx, std::byte* memory) const {
    run_product(p, i < most_planned ? product[i] : plan_product(p, ctx), ctx, memory);
  }
};

/// Calls back with a product. A reference without the callable's type: what enumerates products is compiled once.
template <class T>
class product_visitor {
 public:
  template <class Visit>
  explicit product_visitor(Visit& visit)
      : visit_(&visit), call_([](void* v, matrix_product<T>& p) { (*static_cast<Visit*>(v))(p); }) {}
  /// What is visited may be completed on the way.
  void operator()(matrix_product<T>& p) const { call_(visit_, p); }

 private:
  void* visit_;
  void (*call_)(void*, matrix_product<T>&);
};

/// A decomposition of a convolution into matrix products as an algorithm. Source has
///   name, applies, times
///   for_each_product(geometry, operands, context, product_visitor)   the products, which know a packed weight
///   for_each_weight(geometry, operands, context, product_visitor)    those whose As, packed, make the packed weight
template <class Source, class T>
struct product_algorithm {
  template <class Visit>
  static void visit_products(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                             Visit visit) {
    Source::for_each_product(g, operands, ctx, product_visitor<T>(visit));
  }
  template <class Visit>
  static void visit_weights(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
                            Visit visit) {
    Source::for_each_weight(g, operands, ctx, product_visitor<T>(visit));
  }

  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    double sum = 0;
    visit_products(g, {}, ctx,
                   [&](const matrix_product<T>& p) { sum += product_cost(p, gemm_kernels_of<T>(ctx, p.m), packed); });
    return sum;
  }
  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    index_t size = 0;
    visit_weights(g, {}, ctx, [&](const matrix_product<T>& p) { size += detail::packed_size(p, ctx); });
    return size;
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    convolution_operands<T> from;
    from.weight = weight;
    visit_weights(g, from, ctx, [&](const matrix_product<T>& p) {
      pack_whole(p, ctx, packed);
      packed += detail::packed_size(p, ctx);
    });
  }
  static void plan(convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx) {
    auto& own = plan.template emplace<products_plan<T>>();
    visit_products(plan.geometry, operands, ctx,
                   [&](const matrix_product<T>& p) { plan.bytes = (std::max)(plan.bytes, own.add(p, ctx)); });
  }
  static void run(const convolution_plan<T>& plan, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const auto& own = plan.template own<products_plan<T>>();
    visit_products(plan.geometry, operands, ctx,
                   [&, i = index_t{0}](const matrix_product<T>& p) mutable { own.run(i++, p, ctx, memory); });
  }

  static constexpr convolution_algorithm<T> entry = {Source::name, Source::applies, cost, packed_size, pack, plan,
                                                     run,          Source::times};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
