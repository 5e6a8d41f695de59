// How an operation runs: threads, scratch memory, arithmetic. Never what it computes.
#pragma once

#include <tenfold/tensor.hpp>

#include <optional>

namespace tenfold::inline v0 {

/// The instruction sets that kernels are compiled for; see isa.hpp.
enum class isa { base, avx2, avx512 };

/// standard: within torch.testing.assert_close's defaults of the exact result, and every output of a convolution within
///           200 eps max|x| sum|w|, over the inputs that it reads and the weights that meet them; for all finite data,
///           but weights so small that transforms of them are subnormal (docs/winograd_error.md).
/// exact:    no transform-domain algorithm.
/// fast:     speed before accuracy: without the guard that the latter takes, a large number spoils outputs beside it.
enum class math { standard, exact, fast };

/// What an executor runs: calls a body with an index. A reference, valid during the call it is passed to.
class task {
 public:
  template <class Body>
  TENFOLD_TAG explicit task(Body& body)
      : body_(&body), call_([](void* b, index_t i) { (*static_cast<Body*>(b))(i); }) {}
  TENFOLD_TAG void operator()(index_t i) const { call_(body_, i); }

 private:
  void* body_;
  void (*call_)(void*, index_t);
};

/// An executor: any callable f(index_t count, task body) that calls body(0) ... body(count - 1), in any order and on
/// any threads, and returns when all have returned. Empty, it is a plain loop. Kept by value, so it must be small and
/// trivially copyable: capture a pointer to your pool.
class executor {
 public:
  TENFOLD_TAG executor() = default;
  template <class F>
    requires(!std::same_as<std::decay_t<F>, executor> && std::invocable<const std::decay_t<F>&, index_t, task>)
  TENFOLD_TAG executor(F&& f)  // NOLINT(google-explicit-constructor)
      : call_([](const void* g, index_t count, task body) { (*static_cast<const std::decay_t<F>*>(g))(count, body); }) {
    using G = std::decay_t<F>;
    static_assert(std::is_trivially_copyable_v<G> && sizeof(G) <= sizeof(storage_) && alignof(G) <= alignof(void*),
                  "an executor is kept by value: capture a pointer to your pool");
    ::new (static_cast<void*>(storage_)) G(f);
  }

  TENFOLD_TAG void operator()(index_t count, task body) const {
    if (call_) return call_(storage_, count, body);
    for (index_t i = 0; i < count; ++i) body(i);
  }

 private:
  alignas(void*) std::byte storage_[4 * sizeof(void*)] = {};
  void (*call_)(const void*, index_t, task) = nullptr;
};

/// The optional last argument of every operation.
struct context {
  /// How many bodies an operation may run at once. The results' bits do not depend on it.
  int threads = 1;
  /// Runs them; serial when empty. tenfold/openmp.hpp and tenfold/tbb.hpp bring ready ones.
  executor parallel_for = {};
  /// Scratch memory to use instead of allocating: see each op's ..._workspace_bytes. Not to be shared by calls that
  /// run at the same time. Empty: allocated for the length of the call.
  std::span<std::byte> workspace = {};
  /// Upper bound of the scratch memory of one thread, in bytes; 0 for the default of at most 8 MiB. The least is
  /// 64 KiB. The results' bits do not depend on it.
  index_t max_workspace_bytes = 0;
  tenfold::math math = tenfold::math::standard;
  /// Forces an entry of an op's list of algorithms by its name; empty: the best.
  std::string_view algorithm = {};
  /// Forces an instruction set, which the machine must have; empty: the best, or what TENFOLD_ISA says.
  std::optional<tenfold::isa> isa = {};
};

namespace shared_state {

TENFOLD_SHARED inline constinit context calls_without_one{};

}  // namespace shared_state

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// The context of calls that name none: serial until the program sets it (`default_context() = openmp(4);`), which must
/// not happen while another thread is in a call.
inline context& default_context() { return shared_state::calls_without_one; }

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
