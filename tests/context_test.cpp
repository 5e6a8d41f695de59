// What a context promises: no allocation with a workspace, any executor, calls side by side and within each other, and
// the instruction set that it names. This program counts its allocations.
#include <tenfold/detail/isa.hpp>
#include <tenfold/tenfold.hpp>
#ifdef _OPENMP
#include <tenfold/openmp.hpp>
#endif

#include "allocations.hpp"
#include "support.hpp"

#include <array>
#include <atomic>
#include <cstdlib>  // setenv
#include <functional>
#include <set>

using namespace tenfold_test;
using tf::hw;
using tf::index_t;

namespace {

template <class F>
long allocations_of(const F& f) {
  const long before = allocations;
  f();
  return allocations - before;
}

TEST(Allocations, AreCounted) {
  EXPECT_EQ(allocations_of([] {}), 0);
  EXPECT_EQ(allocations_of([] { tf::tensor<float>({100}); }), 1);
  EXPECT_EQ(allocations_of([] { ::operator delete(::operator new(100)); }), 1);
}

// ---- the workspace
// ---------------------------------------------------------------------------------------------------

/// An operation that needs scratch memory, ready to run into an output.
struct prepared_call {
  std::string name;
  std::function<index_t(const tf::context&)> workspace_bytes;
  std::function<void(tf::tensor<float>&, const tf::context&)> run;
  tf::tensor<float> output;
};

std::vector<prepared_call> calls() {
  const auto x = random_tensor<float>({2, 40, 17, 19}, 1), w = random_tensor<float>({60, 40, 3, 3}, 2);
  const auto wt = random_tensor<float>({40, 30, 4, 4}, 3), b = random_tensor<float>({60}, 4);
  const auto bt = random_tensor<float>({30}, 5), a = random_tensor<float>({750, 300}, 6);
  const tf::conv2d_options o{.stride = 2, .padding = 1};
  const tf::conv_transpose2d_options ot{.stride = 2, .padding = 1};
  const tf::prepared_conv2d<float> layer(w, b, o);
  const tf::prepared_conv_transpose2d<float> back(wt, bt, ot);
  const tf::tensor<float> y(tf::conv2d_output_shape(x.shape(), w.shape(), o));
  const tf::tensor<float> yt(tf::conv_transpose2d_output_shape(x.shape(), wt.shape(), ot));
  const auto gy = random_tensor<float>(y.shape(), 7), gt = random_tensor<float>(yt.shape(), 8);
  const tf::tensor<float> gw(w.shape()), gwt(wt.shape()), gb(b.shape()), gbt(bt.shape());
  const tf::gradients of_weight{.input = false};
  const auto rows = random_tensor<float>({2, 40, 300}, 11), w1 = random_tensor<float>({60, 40, 3}, 12);
  const auto wide = random_tensor<float>({2, 60, 100}, 14);
  const auto squares = map<float>(random_tensor<float>({40}, 15), [](float v) { return v * v + 1; });
  const auto scales = random_tensor<float>({40}, 13);
  const auto ma = random_tensor<float>({6, 65, 130}, 9), mb = random_tensor<float>({6, 130, 70}, 10);
  return {
      {"conv2d", [=](const auto& ctx) { return tf::conv2d_workspace_bytes(x, w, b, o, ctx); },
       [=](auto& out, const auto& ctx) { tf::conv2d_into(out, x, w, b, o, ctx); }, y},
      {"conv_transpose2d", [=](const auto& ctx) { return tf::conv_transpose2d_workspace_bytes(x, wt, bt, ot, ctx); },
       [=](auto& out, const auto& ctx) { tf::conv_transpose2d_into(out, x, wt, bt, ot, ctx); }, yt},
      {"conv2d_backward", [=](const auto& ctx) { return tf::conv2d_backward_workspace_bytes(gy, x, w, o, {}, ctx); },
       [=, gw = gw, gb = gb](auto& out, const auto& ctx) mutable {
         tf::conv2d_backward_into(out, gw, gb, gy, x, w, o, {}, ctx);
       },
       x},
      {"conv2d_backward of the weight",
       [=](const auto& ctx) { return tf::conv2d_backward_workspace_bytes(gy, x, w, o, of_weight, ctx); },
       [=, gb = gb](auto& out, const auto& ctx) mutable {
         tf::conv2d_backward_into(out, out, gb, gy, x, w, o, of_weight, ctx);
       },
       w},
      {"conv_transpose2d_backward",
       [=](const auto& ctx) { return tf::conv_transpose2d_backward_workspace_bytes(gt, x, wt, ot, {}, ctx); },
       [=, gwt = gwt, gbt = gbt](auto& out, const auto& ctx) mutable {
         tf::conv_transpose2d_backward_into(out, gwt, gbt, gt, x, wt, ot, {}, ctx);
       },
       x},
      {"conv_transpose2d_backward of the weight",
       [=](const auto& ctx) { return tf::conv_transpose2d_backward_workspace_bytes(gt, x, wt, ot, of_weight, ctx); },
       [=, gbt = gbt](auto& out, const auto& ctx) mutable {
         tf::conv_transpose2d_backward_into(out, out, gbt, gt, x, wt, ot, of_weight, ctx);
       },
       wt},
      {"gemm", [=](const auto& ctx) { return tf::gemm_workspace_bytes<float>(300, 300, 300, ctx); },
       [=](auto& out, const auto& ctx) {
         tf::gemm(tf::order::row_major, tf::transpose::no, tf::transpose::yes, 300, 300, 300, 1, a.data(), 300,
                  a.data(), 300, 0, out.data(), 300, ctx);
       },
       tf::tensor<float>({300, 300})},
      // Large enough to pack both operands; the one above packs its B only.
      {"gemm_by_columns", [=](const auto& ctx) { return tf::gemm_workspace_bytes<float>(300, 750, 300, ctx); },
       [=](auto& out, const auto& ctx) {
         tf::gemm(tf::order::col_major, tf::transpose::no, tf::transpose::no, 300, 750, 300, 1, a.data(), 300, a.data(),
                  300, 0, out.data(), 300, ctx);
       },
       tf::tensor<float>({750, 300})},
      {"matmul", [=](const auto& ctx) { return tf::matmul_workspace_bytes(ma, mb, ctx); },
       [=](auto& out, const auto& ctx) { tf::matmul_into(out, ma, mb, ctx); }, tf::tensor<float>({6, 65, 70})},
      {"conv1d", [=](const auto& ctx) { return tf::conv1d_workspace_bytes(rows, w1, b, {}, ctx); },
       [=](auto& out, const auto& ctx) { tf::conv1d_into(out, rows, w1, b, {}, ctx); },
       tf::tensor<float>({2, 60, 298})},
      {"conv_transpose1d", [=](const auto& ctx) { return tf::conv_transpose1d_workspace_bytes(wide, w1, {}, ctx); },
       [=](auto& out, const auto& ctx) { tf::conv_transpose1d_into(out, wide, w1, {}, ctx); },
       tf::tensor<float>({2, 40, 102})},
      {"batch_norm_backward", [=](const auto& ctx) { return tf::batch_norm_backward_workspace_bytes(x, {}, ctx); },
       [=, gs = scales, gm = scales](auto& out, const auto& ctx) mutable {
         tf::batch_norm_backward_into(out, gs, gm, x, x, scales, squares, scales, 1e-5, {}, ctx);
       },
       x},
      {"layer_norm2d_backward", [=](const auto& ctx) { return tf::layer_norm2d_backward_workspace_bytes(x, {}, ctx); },
       [=, gs = scales, gm = scales](auto& out, const auto& ctx) mutable {
         tf::layer_norm2d_backward_into(out, gs, gm, x, x, scales, 1e-5, {}, ctx);
       },
       x},
      {"upsample_bicubic2d",
       [=](const auto& ctx) {
         return tf::upsample_bicubic2d_workspace_bytes(x, hw{90, 60}, true, ctx);
       },
       [=](auto& out, const auto& ctx) {
         tf::upsample_bicubic2d_into(out, x, hw{90, 60}, true, ctx);
       },
       tf::tensor<float>({2, 40, 90, 60})},
      {"prepared_conv2d", [=](const auto& ctx) { return layer.workspace_bytes(x.shape(), ctx); },
       [=](auto& out, const auto& ctx) { layer.into(out, x, ctx); }, y},
      {"prepared_conv_transpose2d", [=](const auto& ctx) { return back.workspace_bytes(x.shape(), ctx); },
       [=](auto& out, const auto& ctx) { back.into(out, x, ctx); }, yt},
  };
}

/// Memory of the given size at the given distance from a cache line, between guards that must stay what they are.
class guarded_memory {
 public:
  guarded_memory(index_t bytes, std::size_t offset)
      : size_(static_cast<std::size_t>(bytes)), offset_(offset), memory_(offset + size_ + 3 * line, guard) {}

  std::span<std::byte> span() { return {start(), size_}; }
  bool guards_are_intact() {
    const auto is_guard = [](std::byte b) { return b == guard; };
    return std::all_of(memory_.data(), start(), is_guard) &&
           std::all_of(start() + size_, memory_.data() + memory_.size(), is_guard);
  }

 private:
  static constexpr std::size_t line = 64;
  static constexpr std::byte guard{0x5a};
  std::byte* start() {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    return memory_.data() + (line - address % line) % line + line + offset_;
  }

  std::size_t size_, offset_;
  std::vector<std::byte> memory_;
};

/// An executor that runs the bodies one after the other, the last first.
void backwards(index_t count, tf::task body) {
  while (count-- > 0) body(count);
}

TEST(Workspace, OfTheRightSizeIsAllThatIsNeeded) {
  for (prepared_call& call : calls())
    for (const tf::isa isa : available_isas())
      for (const int threads : {1, 3})
        for (const index_t cap : {0, 64 << 10, 100001}) {
          tf::context ctx = on(isa);
          call.run(call.output, ctx);
          const tf::tensor<float> expected = call.output;
          ctx.threads = threads;
          ctx.parallel_for = &backwards;
          ctx.max_workspace_bytes = cap;
          const index_t bytes = call.workspace_bytes(ctx);
          EXPECT_GT(bytes, 0);
          for (const std::size_t offset : {0u, 1u, 7u, 63u}) {
            const auto name = testing::Message() << call.name << " on " << tf::name_of(isa) << ", " << threads
                                                 << " threads, cap " << cap << ", " << bytes << " bytes at " << offset;
            guarded_memory memory(bytes, offset);
            ctx.workspace = memory.span();
            std::fill(call.output.data(), call.output.data() + call.output.size(), 77.0f);
            EXPECT_EQ(allocations_of([&] { call.run(call.output, ctx); }), 0) << name;
            EXPECT_TRUE(same_bits(call.output, expected)) << name;
            EXPECT_TRUE(memory.guards_are_intact()) << name;
          }
        }
}

TEST(Workspace, ThatIsTooSmallIsAnError) {
  for (prepared_call& call : calls()) {
    std::byte memory[100];
    tf::context ctx;
    ctx.workspace = memory;
    call.output = filled<float>(call.output.shape(), 77);
    const tf::tensor<float> before = call.output;
    const std::string text = error_of([&] { call.run(call.output, ctx); });
    EXPECT_EQ(text.find("the context's workspace has 100 bytes, but this call needs "), 0u)
        << call.name << ": " << text;
    EXPECT_TRUE(equal(call.output, before)) << call.name;
  }
}

TEST(Workspace, OneByteShortIsAnError) {
  const tf::tensor<float> x({2, 40, 17, 19}), w({60, 40, 3, 3});
  tf::tensor<float> y({2, 60, 15, 17});
  const auto bytes = static_cast<std::size_t>(tf::conv2d_workspace_bytes(x, w));
  std::vector<std::byte> memory(bytes);
  tf::context ctx;
  ctx.workspace = memory;
  EXPECT_EQ(error_of([&] { tf::conv2d_into(y, x, w, {}, ctx); }), "");
  ctx.workspace = ctx.workspace.first(bytes - 1);
  EXPECT_EQ(error_of([&] { tf::conv2d_into(y, x, w, {}, ctx); }),
            "the context's workspace has " + std::to_string(bytes - 1) + " bytes, but this call needs " +
                std::to_string(bytes));
}

TEST(Workspace, CapBelowTheLeastIsAnError) {
  for (prepared_call& call : calls())
    for (const index_t cap : {index_t{1}, index_t{65535}, index_t{-1}}) {
      tf::context ctx;
      ctx.max_workspace_bytes = cap;
      EXPECT_EQ(error_of([&] { call.run(call.output, ctx); }),
                "max_workspace_bytes must be at least 65536, but got " + std::to_string(cap))
          << call.name;
    }
}

TEST(Workspace, IsNotNeededByTheOperationsThatMoveAndCompare) {
  const auto x = random_tensor<float>({2, 3, 12, 13}, 1);
  const tf::im2col_options blocks{.kernel_size = 3};
  const tf::pool2d_options pool{.kernel_size = 2};
  tf::tensor<float> columns(tf::im2col_output_shape(x.shape(), blocks)), image(x.shape()), same(x.shape());
  tf::tensor<float> values(tf::max_pool2d_output_shape(x.shape(), pool)), doubled({2, 3, 24, 26}), sums({3, 13});
  tf::tensor<index_t> indices(values.shape());
  tf::tensor<float> turned({2, 12, 13, 3}), twice({2, 6, 12, 13}), padded({2, 3, 14, 15});
  tf::tensor<float> many({2, 27, 10, 11}), large({2, 3, 30, 33});
  const auto grid = random_tensor<float>({2, 12, 13, 2}, 4);
  tf::tensor<float> sampled(x.shape()), grad_grid(grid.shape()), rows({2, 3, 13}), lengthened({2, 3, 26});
  const auto slopes = random_tensor<float>({3}, 2), column = random_tensor<float>({12, 1}, 3);
  tf::context ctx;
  ctx.threads = 3;
  ctx.parallel_for = &backwards;
  EXPECT_EQ(allocations_of([&] {
              tf::im2col_into(columns, x, blocks, ctx);
              tf::col2im_into(image, columns, {12, 13}, blocks, ctx);
              tf::max_pool2d_into(values, x, pool, ctx);
              tf::max_pool2d_with_indices_into(values, indices, x, pool, ctx);
              tf::max_unpool2d_into(image, values, indices, {.kernel_size = 2, .output_size = hw{12, 13}}, ctx);
              tf::caffe::unpooling_into(image, values, {.kernel_size = 2, .stride = 2, .unpool_size = hw{12, 13}}, ctx);
              tf::upsample_nearest2d_into(doubled, x, tf::scale(2), ctx);
              tf::upsample_nearest_exact2d_into(doubled, x, tf::scale(2), ctx);
              tf::upsample_bilinear2d_into(doubled, x, hw{24, 26}, false, ctx);
              tf::upsample_linear1d_into(lengthened, rows, 26, true, ctx);
              tf::upsample_linear1d_backward_into(rows, lengthened, {}, true, ctx);
              tf::relu_into(same, x, ctx);
              tf::sigmoid_into(same, x, ctx);
              tf::permute_into(turned, x, {0, 2, 3, 1}, ctx);
              tf::swapdims_into(same, x, 0, 0, ctx);
              tf::cat_into(twice, {x.view(), x.view()}, 1, ctx);
              tf::narrow_into(same, twice, 1, 3, 3, ctx);
              tf::slice_into(same, twice, 1, 0, 6, 2, ctx);
              tf::pad_into(padded, x, {1, 1, 1, 1}, tf::pad_mode::reflect, 0, ctx);
              tf::pad_backward_into(same, padded, {1, 1, 1, 1}, tf::pad_mode::reflect, ctx);
              tf::channel_shuffle_into(same, x, 3, ctx);
              tf::pixel_shuffle_into(large, many, 3, ctx);
              tf::pixel_unshuffle_into(many, large, 3, ctx);
              tf::gelu_into(same, x, tf::approximate::none, ctx);
              tf::clamp_into(same, x, -0.5, {}, ctx);
              tf::prelu_into(same, x, slopes, ctx);
              tf::add_into(same, x, same, ctx);
              tf::div_into(same, x, column, ctx);
              tf::mul_into(same, same, 2, ctx);
              tf::avg_pool2d_into(values, x, {.kernel_size = 2}, ctx);
              tf::adaptive_avg_pool2d_into(values, x, hw{6, 6}, ctx);
              tf::sum_into(sums, x, {0, 2}, false, ctx);
              tf::mean_into(sums, x, {0, 2}, false, ctx);
              tf::amax_into(sums, x, {0, 2}, false, ctx);
              tf::amin_into(sums, x, {0, 2}, false, ctx);
              tf::softmax_into(same, x, 1, ctx);
              tf::log_softmax_into(same, x, 3, ctx);
              tf::group_norm_into(same, x, 3, 1e-5, ctx);
              tf::layer_norm_into(same, x, {13}, 1e-5, ctx);
              tf::layer_norm2d_into(same, x, 1e-5, ctx);
              tf::grid_sample_into(same, x, grid, {}, ctx);
              tf::grid_sample_backward_into(sampled, grad_grid, same, x, grid, {}, {}, ctx);
            }),
            0);
}

TEST(Workspace, IsAllocatedOncePerCallWithoutOne) {
  for (prepared_call& call : calls()) {
    call.run(call.output, {});  // a copy of a prepared layer packs its weight in its first call
    EXPECT_EQ(allocations_of([&] { call.run(call.output, {}); }), 1) << call.name;
  }
}

// ---- executors
// -------------------------------------------------------------------------------------------------------

/// Large enough for every worker to get a task.
struct work {
  tf::tensor<float> x = random_tensor<float>({2, 20, 40, 41}, 1), w = random_tensor<float>({33, 20, 3, 3}, 2);
  tf::tensor<float> expected = tf::conv2d(x, w, {}, {});
};

TEST(Executor, MayBeAFunctionPointer) {
  const work job;
  tf::context ctx;
  ctx.threads = 4;
  ctx.parallel_for = &backwards;
  EXPECT_TRUE(same_bits(tf::conv2d(job.x, job.w, {}, ctx), job.expected));
}

TEST(Executor, MayBeALambdaWithAPointerToAPool) {
  struct pool {
    std::atomic<int> calls{0};
    std::atomic<index_t> bodies{0};
  } mine;
  const work job;
  tf::context ctx;
  ctx.threads = 4;
  ctx.parallel_for = [p = &mine](index_t count, tf::task body) {
    ++p->calls;
    for (index_t i = 0; i < count; ++i) {
      ++p->bodies;
      body(i);
    }
  };
  const tf::context copy = ctx;
  EXPECT_TRUE(same_bits(tf::conv2d(job.x, job.w, {}, copy), job.expected));
  EXPECT_EQ(mine.calls, 1);
  EXPECT_EQ(mine.bodies, 4);
}

struct largest_executor {
  std::array<void*, 4> state;
  void operator()(index_t count, tf::task body) const { backwards(count, body); }
};

TEST(Executor, MayHaveAStateOfFourPointers) {
  const work job;
  tf::context ctx;
  ctx.threads = 4;
  ctx.parallel_for = largest_executor{};
  EXPECT_TRUE(same_bits(tf::conv2d(job.x, job.w, {}, ctx), job.expected));
}

TEST(Executor, MayBeEmpty) {
  const work job;
  tf::context ctx;
  ctx.threads = 4;
  EXPECT_TRUE(same_bits(tf::conv2d(job.x, job.w, {}, ctx), job.expected));
  index_t sum = 0;
  auto body = [&](index_t i) { sum += i; };
  tf::executor()(5, tf::task(body));
  EXPECT_EQ(sum, 10);
}

TEST(Executor, IsAskedForNoMoreThanThreads) {
  const work job;
  for (const int threads : {1, 2, 5}) {
    static std::atomic<index_t> most;
    most = 0;
    tf::context ctx;
    ctx.threads = threads;
    ctx.parallel_for = [](index_t count, tf::task body) {
      most = std::max<index_t>(most, count);
      backwards(count, body);
    };
    tf::conv2d(job.x, job.w, {}, ctx);
    EXPECT_LE(most, threads);
    EXPECT_EQ(most > 1, threads > 1);
  }
}

TEST(Executor, OfMoreThreadsThanAnyMachineHasGivesTheSameBits) {  // 4 * INT_MAX does not fit an int
  tf::context many;
  many.threads = INT32_MAX;
  many.math = tf::math::exact;
  tf::context one;
  one.math = tf::math::exact;
  const auto x = small_integers<float>({1, 8, 6, 6}, 1), w = small_integers<float>({8, 8, 3, 3}, 2);
  const auto pixel = small_integers<float>({1, 8, 1, 1}, 3), depthwise = small_integers<float>({8, 1, 3, 3}, 4);
  EXPECT_TRUE(same_bits(tf::conv2d(x, w, {}, many), tf::conv2d(x, w, {}, one)));
  EXPECT_TRUE(same_bits(tf::conv2d(x, depthwise, {.groups = 8}, many), tf::conv2d(x, depthwise, {.groups = 8}, one)));
  EXPECT_TRUE(same_bits(tf::conv2d(x, w, {.stride = 4}, many), tf::conv2d(x, w, {.stride = 4}, one)));
  EXPECT_TRUE(same_bits(tf::conv_transpose2d(x, w, {}, many), tf::conv_transpose2d(x, w, {}, one)));
  EXPECT_TRUE(same_bits(tf::conv_transpose2d(pixel, w, {}, many), tf::conv_transpose2d(pixel, w, {}, one)));
  for (const index_t size : {20, 130}) {
    const auto a = small_integers<float>({size, size}, 5);
    tf::tensor<float> c({size, size}), expected({size, size});
    const auto product = [&](tf::tensor<float>& to, const tf::context& ctx) {
      tf::gemm<float>(tf::order::row_major, tf::transpose::no, tf::transpose::no, size, size, size, 1, a.data(), size,
                      a.data(), size, 0, to.data(), size, ctx);
    };
    product(c, many);
    product(expected, one);
    EXPECT_TRUE(same_bits(c, expected));
  }
}

TEST(Executor, OfFewerThanOneThreadIsSerial) {
  const work job;
  for (const int threads : {0, -3}) {
    tf::context ctx;
    ctx.threads = threads;
    EXPECT_TRUE(same_bits(tf::conv2d(job.x, job.w, {}, ctx), job.expected));
  }
}

#ifdef _OPENMP
TEST(OpenMp, GivesTheSameBits) {
  const work job;
  for (const int threads : {1, 2, 5})
    EXPECT_TRUE(same_bits(tf::conv2d(job.x, job.w, {}, tf::openmp(threads)), job.expected));
}
#endif

TEST(DefaultContext, IsSerialUntilItIsSet) {
  EXPECT_EQ(tf::default_context().threads, 1);
  const work job;
  static std::atomic<int> used;
  used = 0;
  tf::default_context().threads = 3;
  tf::default_context().parallel_for = [](index_t count, tf::task body) {
    ++used;
    backwards(count, body);
  };
  const auto y = tf::conv2d(job.x, job.w);
  tf::default_context() = {};
  EXPECT_EQ(used, 1);
  EXPECT_TRUE(same_bits(y, job.expected));
}

// ---- calls side by side
// ----------------------------------------------------------------------------------------------

TEST(Calls, MayRunSideBySide) {
  const work job;
  std::vector<tf::tensor<float>> results(4);
  std::vector<std::thread> callers;
  for (auto& result : results)
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) result = tf::conv2d(job.x, job.w, {}, on_threads(1 + i % 3));
    });
  for (std::thread& caller : callers) caller.join();
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, job.expected));
}

TEST(Calls, MayShareAPreparedLayer) {
  const work job;
  const tf::prepared_conv2d<float> layer(job.w);
  std::vector<tf::tensor<float>> results(4);
  std::vector<std::thread> callers;
  for (auto& result : results)
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) result = layer(job.x, on_threads(2));
    });
  for (std::thread& caller : callers) caller.join();
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, job.expected));
}

TEST(Calls, MayRunInsideAnExecutorsBody) {
  const work job;
  std::vector<tf::tensor<float>> results(3);
  auto body = [&](index_t i) { results[static_cast<std::size_t>(i)] = tf::conv2d(job.x, job.w, {}, on_threads(2)); };
  on_threads(3).parallel_for(3, tf::task(body));
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, job.expected));
}

// ---- the instruction set
// ---------------------------------------------------------------------------------------------

TEST(Isa, TheBestIsActiveOrTheOneOfTheEnvironment) {
  const char* forced = std::getenv("TENFOLD_ISA");
  EXPECT_EQ(tf::name_of(tf::active_isa()), forced && *forced ? forced : tf::name_of(available_isas().front()));
}

TEST(Isa, HasAName) {
  std::vector<std::string_view> names;
  for (const tf::isa isa : available_isas()) {
    names.push_back(tf::name_of(isa));
    EXPECT_TRUE(names.back() == "base" || names.back() == "avx2" || names.back() == "avx512") << names.back();
  }
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
}

TEST(Isa, ThatIsMissingIsAnError) {
  const std::pair<tf::isa, std::string> levels[] = {
      {tf::isa::base, "base"}, {tf::isa::avx2, "avx2"}, {tf::isa::avx512, "avx512"}};
  const auto available = available_isas();
  std::string names;
  for (const tf::isa isa : available) names += (names.empty() ? "" : ", ") + std::string(tf::name_of(isa));
  for (const auto& [isa, name] : levels) {
    const std::string error = error_of([&, level = isa] { tf::relu(tf::tensor<float>({1}), on(level)); });
    if (std::find(available.begin(), available.end(), isa) != available.end())
      EXPECT_EQ(error, "");
    else
      EXPECT_EQ(error, "context::isa is '" + name + "', which " +
                           (isa < available.back() ? "this program is not compiled for" : "this machine lacks") +
                           "; this program and machine have: " + names);
  }
}

/// The environment variable for the length of a scope.
class forced_isa {
 public:
  explicit forced_isa(const char* name) {
    if (const char* value = std::getenv("TENFOLD_ISA")) before_ = value;
    setenv("TENFOLD_ISA", name, 1);
  }
  ~forced_isa() {
    if (before_)
      setenv("TENFOLD_ISA", before_->c_str(), 1);
    else
      unsetenv("TENFOLD_ISA");
  }
  forced_isa(const forced_isa&) = delete;
  forced_isa& operator=(const forced_isa&) = delete;

 private:
  std::optional<std::string> before_;
};

TEST(Isa, IsForcedByTheEnvironment) {
  tf::active_isa();  // has been read: what follows is for this test alone
  for (const tf::isa isa : available_isas()) {
    const forced_isa forced(std::string(tf::name_of(isa)).c_str());
    EXPECT_EQ(tf::detail::detect_isa(), isa);
  }
  const forced_isa nothing("");
  EXPECT_EQ(tf::detail::detect_isa(), available_isas().front());
  const forced_isa foreign("avx1024");
  EXPECT_THROW(tf::detail::detect_isa(), tf::error);
}

}  // namespace
