// How work is split: each task once, one worker's calls one after the other, and sums whose bits depend on the number
// of terms alone.
#include <tenfold/detail/ordered_sum.hpp>
#include <tenfold/detail/workspace.hpp>

#include "support.hpp"

#include <mutex>
#include <numeric>

using namespace tenfold_test;
using tf::index_t;

namespace {

tf::context last_body_first(int threads) {
  tf::context ctx;
  ctx.threads = threads;
  ctx.parallel_for = [](index_t count, tf::task body) {
    for (index_t i = count; i-- > 0;) body(i);
  };
  return ctx;
}

/// Without an executor; on threads; in the order that nobody expects.
std::vector<tf::context> contexts() {
  std::vector<tf::context> all(1);
  for (int threads = 1; threads <= 8; ++threads) {
    all.push_back(on_threads(threads));
    all.push_back(last_body_first(threads));
  }
  return all;
}

TEST(ParallelTasks, CallEachTaskOnceAndNoWorkerTwiceAtATime) {
  for (const tf::context& ctx : contexts())
    for (const index_t tasks : {0, 1, 2, 7, 8, 9, 300}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(tasks)), running(8);
      std::atomic<int> overlaps{0}, strangers{0};
      tf::detail::parallel_tasks(ctx, tasks, [&](index_t worker, index_t task) {
        if (worker < 0 || worker >= ctx.threads) return void(++strangers);
        if (running[static_cast<std::size_t>(worker)]++ != 0) ++overlaps;
        ++calls[static_cast<std::size_t>(task)];
        --running[static_cast<std::size_t>(worker)];
      });
      for (const auto& count : calls) EXPECT_EQ(count, 1) << tasks << " tasks on " << ctx.threads;
      EXPECT_EQ(overlaps, 0);
      EXPECT_EQ(strangers, 0);
    }
}

TEST(ParallelRanges, CoverAllOnce) {
  constexpr index_t most = INT64_MAX;
  for (const tf::context& ctx : contexts())
    for (const index_t count : {index_t{0}, index_t{1}, index_t{2}, index_t{7}, index_t{1000}, most - 1, most})
      for (const double cost : {0.0, 1e-3, 1.0, 1e9}) {
        std::vector<std::pair<index_t, index_t>> ranges;
        std::mutex mutex;
        tf::detail::parallel_ranges(ctx, count, cost, [&](index_t begin, index_t end) {
          const std::lock_guard lock(mutex);
          ranges.emplace_back(begin, end);
        });
        std::sort(ranges.begin(), ranges.end());
        index_t covered = 0;
        for (const auto& [begin, end] : ranges) {
          EXPECT_EQ(begin, covered);
          EXPECT_LT(begin, end);
          covered = end;
        }
        EXPECT_EQ(covered, count);
        EXPECT_LE(ranges.size(), static_cast<std::size_t>(ctx.threads));
      }
}

TEST(ParallelRanges, AreNotWorthAThreadWhereTheyAreShort) {
  int calls = 0;
  tf::detail::parallel_ranges(last_body_first(8), 1000, 1, [&](index_t, index_t) { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(LowerTo, KeepsTheLeast) {
  std::atomic<index_t> least{100};
  tf::detail::parallel_tasks(on_threads(8), 300, [&](index_t, index_t i) { tf::detail::lower_to(least, 500 - i); });
  EXPECT_EQ(least, 100);
  tf::detail::parallel_tasks(on_threads(8), 300, [&](index_t, index_t i) { tf::detail::lower_to(least, 300 - i); });
  EXPECT_EQ(least, 1);
}

/// Terms (terms, elements), whose sums over the first dimension are wanted, and what they may be added to.
template <class T>
struct sum_case {
  tf::tensor<T> terms;
  tf::tensor<T> before;
  index_t least_chunk;

  index_t count() const { return terms.shape()[0]; }
  index_t elements() const { return before.size(); }
};

template <class T>
tf::tensor<T> ordered(const sum_case<T>& c, bool adds, index_t budget, const tf::context& ctx) {
  const tf::detail::ordered_sum<T> sum(c.count(), c.least_chunk, c.elements(), adds);
  const index_t bytes = sum.scratch_bytes(budget);
  EXPECT_LE(bytes, budget);
  const tf::detail::scratch_memory memory(ctx, bytes);
  if (bytes > 0) std::memset(memory.data(), 0x7f, static_cast<std::size_t>(bytes));  // nothing is taken for zero
  auto result = adds ? c.before : filled<T>(c.before.shape(), 77);
  sum.run(ctx, memory.data(), budget, result.data(), [&](index_t, index_t chunk, T* partial) {
    using U = tf::detail::arithmetic_t<T>;
    const auto [begin, end] = sum.chunk(chunk);
    for (index_t i = 0; i < c.elements(); ++i) {
      U total = 0;
      for (index_t t = begin; t < end; ++t) total = static_cast<U>(total + static_cast<U>(c.terms(t, i)));
      partial[i] = static_cast<T>(total);
    }
  });
  return result;
}

/// In uint64, which wraps, or long double.
template <class T>
auto exact_sum(const sum_case<T>& c, bool adds, index_t i) {
  using S = std::conditional_t<std::floating_point<T>, long double, std::uint64_t>;
  S sum = adds ? static_cast<S>(c.before.data()[i]) : S{0};
  for (index_t t = 0; t < c.count(); ++t) sum += static_cast<S>(c.terms(t, i));
  return sum;
}

template <class T>
struct OrderedSum : testing::Test {};
TYPED_TEST_SUITE(OrderedSum, element_types);

TYPED_TEST(OrderedSum, OfIntegersIsExact) {  // of int8 and int16 it wraps
  using T = TypeParam;
  for (const index_t count : {0, 1, 2, 63, 64, 65, 1000})
    for (const index_t elements : {0, 1, 15, 16, 17, 300})
      for (const index_t least_chunk : {1, 7, 5000}) {
        const sum_case<T> c{small_integers<T>({count, elements}), small_integers<T>({elements}, 2), least_chunk};
        for (const bool adds : {false, true})
          for (const tf::isa level : available_isas()) {
            const auto got = ordered(c, adds, index_t{64} << 10, on(level));
            for (index_t i = 0; i < elements; ++i)
              ASSERT_EQ(got(i), static_cast<T>(exact_sum(c, adds, i))) << count << " " << elements << " " << adds;
          }
      }
}

TYPED_TEST(OrderedSum, HasTheSameBitsOnAllThreadsAndInAnyMemory) {
  using T = TypeParam;
  for (const index_t elements : {1, 1000, static_cast<int>((64 << 10) / sizeof(T))}) {  // one, at most, fits 64 KiB
    const sum_case<T> c{random_tensor<T>({150, elements}), random_tensor<T>({elements}, 2), 2};
    for (const bool adds : {false, true}) {
      const auto expected = ordered(c, adds, index_t{64} << 20, tf::context{});
      for (const index_t kilobytes : {64, 65, 100, 128, 200, 500, 1000, 5000})
        EXPECT_TRUE(same_bits(ordered(c, adds, kilobytes << 10, tf::context{}), expected)) << kilobytes;
      for (const tf::context& ctx : contexts())
        for (const index_t kilobytes : {64, 1000})
          EXPECT_TRUE(same_bits(ordered(c, adds, kilobytes << 10, ctx), expected)) << ctx.threads << " " << kilobytes;
    }
  }
}

/// Within gamma_(t + chunks) * sum |terms|, where a term of a chunk of n is rounded t = n times at most.
template <class T>
void expect_bounded() {
  const sum_case<T> c{random_tensor<T>({20000, 9}), random_tensor<T>({9}, 2), 100};
  const tf::detail::ordered_sum<T> sum(20000, 100, 9, false);
  ASSERT_EQ(sum.chunks(), 64);
  for (const bool adds : {false, true}) {
    const auto got = ordered(c, adds, index_t{64} << 10, tf::context{});
    for (index_t i = 0; i < 9; ++i) {
      double magnitude = std::abs(static_cast<double>(c.before(i)));
      for (index_t t = 0; t < c.count(); ++t) magnitude += std::abs(static_cast<double>(c.terms(t, i)));
      const auto error = static_cast<double>(std::abs(static_cast<long double>(got(i)) - exact_sum(c, adds, i)));
      EXPECT_LE(error, rounding_factor<T>(sum.chunk(0).size() + sum.chunks()) * magnitude * (1 + 1e-9));
    }
  }
}

TEST(OrderedSumOfFloats, IsWithinItsBound) {
  expect_bounded<float>();
  expect_bounded<double>();
}

TEST(OrderedSumChunks, FollowFromTheTermsAndCoverThem) {
  for (const index_t terms : {index_t{1}, index_t{99}, index_t{100}, index_t{6399}, index_t{6401}, INT64_MAX}) {
    const tf::detail::ordered_sum<float> sum(terms, 100, 5, false);
    index_t covered = 0;
    for (index_t c = 0; c < sum.chunks(); ++c) {
      EXPECT_EQ(sum.chunk(c).begin, covered);
      EXPECT_GE(sum.chunk(c).size(), (std::min)(terms, index_t{100}));
      covered = sum.chunk(c).end;
    }
    EXPECT_EQ(covered, terms);
    EXPECT_LE(sum.chunks(), tf::detail::ordered_sum<float>::most_chunks);
  }
}

TEST(OrderedSumMemory, IsForWhatIsHeldAtATime) {
  const index_t line = 64;  // of 16 floats
  EXPECT_EQ(tf::detail::ordered_sum<float>(0, 1, 16, false).scratch_bytes(1 << 20), 0);
  EXPECT_EQ(tf::detail::ordered_sum<float>(1, 1, 16, false).scratch_bytes(1 << 20), 0);  // the result's own place
  EXPECT_EQ(tf::detail::ordered_sum<float>(1, 1, 16, true).scratch_bytes(1 << 20), line);
  EXPECT_EQ(tf::detail::ordered_sum<float>(9, 1, 16, false).scratch_bytes(1 << 20), 8 * line);
  EXPECT_EQ(tf::detail::ordered_sum<float>(9, 1, 16, true).scratch_bytes(3 * line + 63), 3 * line);
  EXPECT_EQ(tf::detail::ordered_sum<float>(9, 1, 0, true).scratch_bytes(1 << 20), 0);
}

template <class T>
T sum_of_line(tf::isa level, const std::vector<T>& x) {
  using tf::isa;
  namespace detail = tf::detail;
  const auto kernel = TENFOLD_KERNEL(level, sum_of_line<T>);
  return kernel(static_cast<index_t>(x.size()), x.data());
}

TYPED_TEST(OrderedSum, OfALineIsExactForAllLengths) {
  using T = TypeParam;
  std::vector<T> line;
  std::uint64_t sum = 0;
  const auto terms = small_integers<T>({20000});
  for (index_t n = 0; n < 20000; n += n < 600 ? 1 : 997) {
    for (; static_cast<index_t>(line.size()) < n; line.push_back(terms(static_cast<index_t>(line.size()))))
      sum += static_cast<std::uint64_t>(terms(static_cast<index_t>(line.size())));
    for (const tf::isa level : available_isas())
      ASSERT_EQ(sum_of_line(level, line), static_cast<T>(static_cast<index_t>(sum))) << n << tf::name_of(level);
  }
}

/// 36 + log2(lanes) roundings in a block of 128 vectors, and one for each time that the line is halved.
template <class T>
void expect_line_bounded() {
  const auto terms = random_tensor<T>({1000000});
  const std::vector<T> line(terms.data(), terms.data() + terms.size());
  const auto exact = std::accumulate(line.begin(), line.end(), 0.0L);
  double magnitude = 0;
  for (const T x : line) magnitude += std::abs(static_cast<double>(x));
  for (const tf::isa level : available_isas()) {
    const double lanes = (level == tf::isa::avx512 ? 64.0 : level == tf::isa::avx2 ? 32.0 : 16.0) / sizeof(T);
    const double roundings = 36 + std::log2(lanes) + std::ceil(std::log2(1e6 / (128 * lanes)));
    const auto error = static_cast<double>(std::abs(static_cast<long double>(sum_of_line(level, line)) - exact));
    EXPECT_LE(error, rounding_factor<T>(static_cast<index_t>(roundings)) * magnitude * (1 + 1e-9));
  }
}

TEST(SumOfLineOfFloats, IsWithinItsBound) {
  expect_line_bounded<float>();
  expect_line_bounded<double>();
}

}  // namespace
