#include "bench.hpp"

namespace bench {
namespace {

struct gemm_sizes {
  index_t m, n, k, trans_a, trans_b;
};

template <class T>
measured gemm(const gemm_sizes& s, const tf::context& ctx) {
  auto a = random<T>({s.m, s.k});
  auto b = random<T>({s.k, s.n});
  auto c = uninitialized<T>({s.m, s.n});
  measured work{.operations = 2 * product(s.m, s.n, s.k), .bytes = bytes_of(a, b, c)};
  work.call = [s, ctx, a = std::move(a), b = std::move(b), c = std::move(c),
               memory = workspace(tf::gemm_workspace_bytes<T>(s.m, s.n, s.k, ctx))]() mutable {
    tf::gemm<T>(tf::order::row_major, s.trans_a ? tf::transpose::yes : tf::transpose::no,
                s.trans_b ? tf::transpose::yes : tf::transpose::no, s.m, s.n, s.k, 1, a.data(), s.trans_a ? s.m : s.k,
                b.data(), s.trans_b ? s.k : s.n, 0, c.data(), s.n, memory.in(ctx));
  };
  return work;
}

}  // namespace

void add_gemm(const layer& l) {
  const auto s = sizes_of<gemm_sizes>(l);
  add("gemm/" + l.name + "/float", [=](const tf::context& ctx) { return gemm<float>(s, ctx); });
  add("gemm/" + l.name + "/double", [=](const tf::context& ctx) { return gemm<double>(s, ctx); });
  for (const auto& algorithm : tf::detail::gemm_algorithms<float>) {
    if (!algorithm.applies({s.m, s.n, s.k, 1, {}, {}, 0, {}})) continue;
    add("gemm/" + l.name + "/" + std::string(algorithm.name), [=](tf::context ctx) {
      ctx.algorithm = algorithm.name;
      return gemm<float>(s, ctx);
    });
  }
}

}  // namespace bench
