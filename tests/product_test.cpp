// The matrix product below gemm and the convolutions: its operands, its chunks of A, its plans.
#include "support.hpp"

#include <tenfold/detail/convolution/plan.hpp>
#include <tenfold/gemm.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace tenfold::detail;
using tenfold::hw;
using tenfold::index_t;
namespace tf = tenfold;

/// Small numbers without a short period: sums of some thousand products of theirs are exact in float.
template <class T>
T number(index_t i) {
  return static_cast<T>(i * i % 7 + i % 3 - 4);
}

template <class T>
std::vector<T> numbers(index_t count) {
  std::vector<T> v(static_cast<std::size_t>(count));
  for (index_t i = 0; i < count; ++i) v[static_cast<std::size_t>(i)] = number<T>(i);
  return v;
}

template <class T>
void run(const matrix_product<T>& p, const tf::context& ctx) {
  const product_plan<T> plan = plan_product(p, ctx);
  run_product(p, plan, ctx, scratch_memory(ctx, plan.bytes).data());
}

/// Every level of the machine, with budgets from the least on and some workers.
template <class Body>
void for_each_context(const Body& body) {
  tf::for_each_available_isa([&](tf::isa isa) {
    for (const index_t budget : {index_t{0}, index_t{1} << 20, index_t{64} << 10})
      for (const int threads : {1, 3}) {
        tf::context ctx;
        ctx.isa = isa;
        ctx.max_workspace_bytes = budget;
        ctx.threads = threads;
        SCOPED_TRACE(testing::Message() << tf::name_of(isa) << ", " << budget << " bytes, " << threads << " threads");
        body(ctx);
      }
  });
}

// ---- points: the transpose of an image's column matrix

struct points_case {
  const char* why;
  index_t rows, channels;
  hw in, kernel, stride, dilation, padding;
};

/// A product with the transposed column matrix of an image, or with the column matrix.
template <class T>
void expect_sums_over(operand_kind kind, const points_case& c) {
  SCOPED_TRACE(c.why);
  const auto outs = [](index_t in, index_t kernel, index_t stride, index_t dilation, index_t padding) {
    return (in + 2 * padding - (kernel - 1) * dilation - 1) / stride + 1;
  };
  const axis h{c.kernel.h,   outs(c.in.h, c.kernel.h, c.stride.h, c.dilation.h, c.padding.h),
               c.stride.h,   c.dilation.h,
               -c.padding.h, c.in.h};
  const axis w{c.kernel.w,   outs(c.in.w, c.kernel.w, c.stride.w, c.dilation.w, c.padding.w),
               c.stride.w,   c.dilation.w,
               -c.padding.w, c.in.w};
  const index_t points = h.points * w.points, taps = c.channels * h.taps * w.taps;
  const bool over_points = kind == operand_kind::points;
  const std::vector<T> a = numbers<T>(c.rows * (over_points ? points : taps));
  const std::vector<T> image = numbers<T>(c.channels * c.in.h * c.in.w);
  matrix_product<T> p;
  p.m = c.rows;
  p.n = over_points ? taps : points;
  p.k = over_points ? points : taps;
  p.a = a.data();
  p.a_row = affine_digits(p.m, p.k);
  p.a_column = affine_digits(p.k, 1);
  p.b = image_operand<T>(kind, image.data(), c.channels, c.in.h * c.in.w, h, w);
  p.layout.row = affine_digits(p.m, p.n);
  p.layout.points_w = p.layout.line = p.n;

  const auto pixel = [&](index_t tap, index_t point) {
    const index_t channel = tap / (h.taps * w.taps);
    const index_t y = h.line(point / w.points, tap / w.taps % h.taps), x = w.line(point % w.points, tap % w.taps);
    if (y < 0 || y >= c.in.h || x < 0 || x >= c.in.w) return T{};
    return image[static_cast<std::size_t>((channel * c.in.h + y) * c.in.w + x)];
  };
  std::vector<T> expected;
  for (index_t i = 0; i < p.m; ++i)
    for (index_t j = 0; j < p.n; ++j) {
      double sum = 0;
      for (index_t q = 0; q < p.k; ++q)
        sum += static_cast<double>(a[static_cast<std::size_t>(i * p.k + q)]) *
               static_cast<double>(over_points ? pixel(j, q) : pixel(q, j));
      expected.push_back(static_cast<T>(sum));
    }
  for_each_context([&](const tf::context& ctx) {
    std::vector<T> got(expected.size(), T{77});
    p.c = got.data();
    run(p, ctx);
    ASSERT_EQ(got, expected);
  });
}

TEST(Points, AreTheRowsOfTheColumnMatrixTransposed) {
  for (const points_case& c : {
           points_case{"one_pixel", 1, 1, 1, 1, 1, 1, 0},
           points_case{"padding_around", 5, 3, {6, 7}, 3, 1, 1, 1},
           points_case{"panels_and_a_rest", 17, 19, {9, 11}, 3, 1, 1, 1},
           points_case{"stride_and_dilation", 4, 5, {13, 12}, {3, 2}, {2, 3}, {2, 1}, {1, 0}},
           points_case{"lines_longer_than_a_block", 3, 2, {3, 700}, 3, 1, 1, 1},
           points_case{"blocks_end_within_lines", 6, 4, {40, 37}, {2, 5}, 1, 1, {1, 2}},
           points_case{"a_tap_outside_everywhere", 3, 2, {4, 4}, 3, 1, 4, 4},
           points_case{"tile_holds_some_taps_only", 2, 3, {3, 900}, {1, 40}, 1, 7, {0, 200}},
       }) {
    expect_sums_over<float>(operand_kind::points, c);
    expect_sums_over<double>(operand_kind::points, c);
  }
}

TEST(Taps, AreTheRowsOfTheColumnMatrix) {
  for (const points_case& c : {
           points_case{"padding_around", 5, 3, {6, 7}, 3, 1, 1, 1},
           points_case{"lines_longer_than_the_least_block", 2, 3, {5, 100}, 3, 1, 1, 1},
           points_case{"lines_far_longer_than_any_block", 2, 2, {3, 5003}, 3, 1, 2, 2},
           points_case{"long_lines_and_a_stride", 3, 2, {9, 1501}, {3, 5}, {2, 3}, 1, {1, 2}},
           points_case{"long_lines_of_many_channels", 2, 40, {4, 1201}, 3, 1, 1, 1},
       }) {
    expect_sums_over<float>(operand_kind::taps, c);
    expect_sums_over<double>(operand_kind::taps, c);
  }
}

// ---- A in chunks

/// A(i, p) = u(i) v(p) and B(p, j) = w(p) z(j), so that C(i, j) = u(i) z(j) sum of v w.
template <class T>
void expect_product(index_t m, index_t n, index_t k, bool transposed_b) {
  SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k << (transposed_b ? ", B's columns are lines" : ""));
  std::vector<T> a(static_cast<std::size_t>(m * k)), b(static_cast<std::size_t>(k * n));
  const auto u = [](index_t i) { return static_cast<T>(i % 3 - 1); };
  const auto z = [](index_t j) { return static_cast<T>(j % 5 - 2); };
  T sum = 0;
  for (index_t q = 0; q < k; ++q) {
    sum += number<T>(q) * number<T>(3 * q + 1);
    for (index_t i = 0; i < m; ++i) a[static_cast<std::size_t>(i * k + q)] = u(i) * number<T>(q);
    for (index_t j = 0; j < n; ++j)
      b[static_cast<std::size_t>(transposed_b ? j * k + q : q * n + j)] = number<T>(3 * q + 1) * z(j);
  }
  matrix_product<T> p;
  p.m = m;
  p.n = n;
  p.k = k;
  p.most_kc = matrix_kc<T>;
  p.a = a.data();
  p.a_row = affine_digits(m, k);
  p.a_column = affine_digits(k, 1);
  p.b = transposed_b ? matrix_operand<T>(b.data(), 1, k) : matrix_operand<T>(b.data(), n, 1);
  p.layout.row = affine_digits(m, n);
  p.layout.points_w = p.layout.line = n;
  std::vector<T> expected;
  for (index_t i = 0; i < m; ++i)
    for (index_t j = 0; j < n; ++j) expected.push_back(u(i) * z(j) * sum);
  for_each_context([&](const tf::context& ctx) {
    std::vector<T> c(static_cast<std::size_t>(m * n), T{77});
    p.c = c.data();
    run(p, ctx);
    ASSERT_TRUE(c == expected);
  });
}

TEST(Chunks, OfAAreAddedUp) {
  for (const bool transposed : {false, true}) {
    expect_product<float>(1200, 600, 1500, transposed);  // some blocks of columns for all rows
    expect_product<float>(3500, 520, 360, transposed);   // some rows of a block
    expect_product<double>(500, 1100, 700, transposed);
    expect_product<float>(15, 2000, 353, transposed);  // all of A
  }
}

/// The sizes say which of the three ways a product takes.
TEST(Chunks, FollowFromTheSizes) {
  tf::context ctx;
  matrix_product<float> p;
  const auto chunk = [&](index_t m, index_t n, index_t k) {
    p.m = m;
    p.n = n;
    p.k = k;
    p.layout.row = affine_digits(m, n);
    p.layout.points_w = p.layout.line = n;
    const product_blocking s = plan_product(p, ctx).blocking;
    return std::pair(s.chunk_rows, s.chunk_columns);
  };
  p.most_kc = matrix_kc<float>;
  EXPECT_EQ(chunk(256, 2048, 256), std::pair(index_t{256}, index_t{256}));  // A fits
  EXPECT_EQ(chunk(256, 64, 256).first, 0);                                  // one task reads it
  const auto wide = chunk(2048, 2048, 2048);
  EXPECT_GE(wide.first, 2048);
  EXPECT_LT(wide.second, 2048);
  EXPECT_EQ(wide.second % p.kc(), 0);
  const auto high = chunk(10000, 2048, 256);
  EXPECT_LT(high.first, 10000);
  EXPECT_EQ(high.second, p.kc());
}

// ---- plans

TEST(Plan, ServesASmallerProduct) {
  const index_t m = 70, n = 300, k = 50;
  const std::vector<float> a = numbers<float>(m * k), b = numbers<float>(k * n);
  for_each_context([&](const tf::context& ctx) {
    matrix_product<float> p;
    p.m = m;
    p.n = p.layout.points_w = p.layout.line = n;
    p.k = k;
    p.a = a.data();
    p.a_row = affine_digits(m, k);
    p.a_column = affine_digits(k, 1);
    p.b = matrix_operand<float>(b.data(), n, 1);
    p.layout.row = affine_digits(m, n);
    const product_plan<float> plan = plan_product(p, ctx);
    const scratch_memory memory(ctx, plan.bytes);
    for (const hw size : {hw{m, n}, hw{1, 1}, hw{33, 101}, hw{m, 7}}) {
      p.m = size.h;
      p.n = p.layout.points_w = p.layout.line = size.w;
      std::vector<float> c(static_cast<std::size_t>(m * n), 77.0F);
      p.c = c.data();
      run_product(p, plan, ctx, memory.data());
      for (index_t i = 0; i < m; ++i)
        for (index_t j = 0; j < n; ++j) {
          double expected = i < size.h && j < size.w ? 0 : 77;
          for (index_t q = 0; q < k && i < size.h && j < size.w; ++q)
            expected += static_cast<double>(a[static_cast<std::size_t>(i * k + q)]) *
                        static_cast<double>(b[static_cast<std::size_t>(q * n + j)]);
          ASSERT_EQ(static_cast<double>(c[static_cast<std::size_t>(i * n + j)]), expected);
        }
    }
  });
}

}  // namespace
