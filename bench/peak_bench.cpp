// The machine's limits, measured in the same run as what is compared with them: multiply-adds from registers, the
// micro-kernel on panels that stay in L1, reading memory.
#include "bench.hpp"

#include <benchmark/benchmark.h>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_KERNELS

#if TENFOLD_COMPILES_AVX512
TENFOLD_BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace avx512 {
#include "peak.inl.hpp"
}
TENFOLD_END_TARGET
#endif
#if TENFOLD_COMPILES_AVX2
TENFOLD_BEGIN_TARGET("avx2,fma,f16c")
namespace avx2 {
#include "peak.inl.hpp"
}
TENFOLD_END_TARGET
#endif
#if TENFOLD_COMPILES_BASE
namespace base {
#include "peak.inl.hpp"
}
#endif

TENFOLD_END_KERNELS
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

namespace bench {
namespace {

using tf::isa;
namespace detail = tf::detail;

/// body(thread) on each thread of the context.
template <class Body>
void on_all_threads(const tf::context& ctx, Body body) {
  ctx.parallel_for(ctx.threads, tf::task(body));
}

measured multiply_add(const tf::context& ctx) {
  constexpr index_t rounds = 100'000;
  const auto kernel = TENFOLD_KERNEL(*ctx.isa, peak_multiply_add);
  const index_t lanes = TENFOLD_KERNEL(*ctx.isa, gemm_table<float>).lanes;
  measured work{.operations = 2 * product(ctx.threads, rounds, TENFOLD_KERNEL(*ctx.isa, peak_chains), lanes)};
  work.call = [=] { on_all_threads(ctx, [=](index_t) { benchmark::DoNotOptimize(kernel(rounds, 0.5f, 0.5f)); }); };
  return work;
}

measured micro_kernel(const tf::context& ctx) {
  const auto kernels = TENFOLD_KERNEL(*ctx.isa, gemm_table<float>);
  constexpr index_t calls = 1000;
  // Both panels take half of an L1 cache of 32 KiB; a line of it separates the threads' tiles of C.
  const index_t k = 16 * 1024 / ((kernels.mr + kernels.nr) * static_cast<index_t>(sizeof(float)));
  auto a = random<float>({k, kernels.mr});
  auto b = random<float>({k, kernels.nr});
  auto c = uninitialized<float>({ctx.threads, kernels.mr + 1, std::max<index_t>(kernels.nr, 16)});
  measured work{.operations = 2 * product(ctx.threads, calls, kernels.mr, kernels.nr, k)};
  work.call = [=, a = std::move(a), b = std::move(b), c = std::move(c)]() mutable {
    on_all_threads(ctx, [&](index_t thread) {
      for (index_t i = 0; i < calls; ++i)
        kernels.tiles[0][0](k, a.data(), kernels.mr, b.data(), kernels.nr, &c(thread, 0, 0), c.shape()[2], {});
    });
  };
  return work;
}

measured read(const tf::context& ctx) {
  constexpr index_t bytes = index_t{512} << 20;  // more than any cache holds; the weights of VGG's fc6 have 411 MB
  const auto kernel = TENFOLD_KERNEL(*ctx.isa, peak_read);
  const index_t share = bytes / static_cast<index_t>(sizeof(float)) / ctx.threads / 128 * 128;
  auto memory = random<float>({ctx.threads * share});  // written, so that each page is a page of its own
  measured work{.bytes = bytes_of(memory)};
  work.call = [=, memory = std::move(memory)] {
    on_all_threads(ctx,
                   [&](index_t thread) { benchmark::DoNotOptimize(kernel(memory.data() + thread * share, share)); });
  };
  return work;
}

}  // namespace

void add_peaks() {
  add("peak/fma", multiply_add);
  add("peak/micro_kernel", micro_kernel);
  add("peak/read", read);
}

}  // namespace bench
