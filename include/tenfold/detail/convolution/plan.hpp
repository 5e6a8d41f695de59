// What a convolution's algorithms have in common: an entry of a list, the arrays it is run with, the plan that it makes
// of a call; and the implicit matrix product as the general one.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/product/implicit_gemm.hpp>

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

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
