#include <tenfold/detail/run/gemm.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;
using tf::index_t;

namespace {

struct gemm_case {
  const char* name;
  index_t m, n, k;
};

// Tiles are 6 x 16 floats with AVX2, 14 x 32 with AVX-512, 6 x 8 without; blocks of K are 256.
const gemm_case cases[] = {
    {"one_by_one", 1, 1, 1},
    {"row_vector", 1, 37, 19},
    {"column_vector", 37, 1, 19},
    {"inner_product", 1, 1, 300},
    {"rank_1", 13, 17, 1},
    {"k_zero", 5, 7, 0},
    {"no_rows", 0, 7, 3},
    {"no_columns", 5, 0, 3},
    {"below_a_tile", 5, 7, 3},
    {"a_tile_of_base", 6, 8, 9},
    {"a_tile_of_avx2", 6, 16, 9},
    {"a_tile_of_avx512", 14, 32, 9},
    {"one_more_than_a_tile_of_base", 7, 9, 9},
    {"one_more_than_a_tile_of_avx2", 7, 17, 9},
    {"one_more_than_a_tile_of_avx512", 15, 33, 9},
    {"kc", 9, 10, 256},
    {"kc_plus_one", 9, 10, 257},
    {"several_kc", 9, 35, 771},
    {"several_mc", 240, 9, 20},
    {"several_nc", 7, 999, 20},
    // Products of operands that stay where they lie. Their tiles are 8 x 48 floats with AVX-512, 4 x 24 with AVX2, 4 x
    // 8 without, of vectors of 16, 8, 4 or 1; the last vector of a row overlaps the one before.
    {"an_unpacked_tile_of_avx512", 8, 48, 11},
    {"half_an_unpacked_tile", 4, 48, 11},
    {"an_unpacked_row", 1, 50, 6},
    {"two_unpacked_rows", 2, 50, 6},
    {"last_vector_overlaps", 9, 61, 5},
    {"last_tile_is_one_vector", 17, 49, 5},
    {"half_vectors", 9, 13, 21},
    {"quarter_vectors", 9, 5, 21},
    {"single_elements", 5, 3, 6},
    {"two_columns_of_few_terms", 300, 2, 1},
    {"one_term", 19, 75, 1},
    {"two_terms", 19, 75, 2},
    {"three_terms", 19, 75, 3},
    {"four_terms", 19, 75, 4},
    {"four_terms_below_a_vector", 19, 3, 4},
    {"five_terms", 19, 75, 5},
    {"many_columns_of_one_term", 3, 9001, 1},
    {"several_kc_of_few_rows", 11, 70, 600},
    {"several_kc_of_few_columns", 150, 11, 600},
    {"several_unpacked_nc", 9, 700, 257},
    {"packed_b_in_blocks", 40, 130, 300},
    {"packed_b_with_a_long_last_block", 40, 110, 256},
    // Products of at most three rows or columns, or seven columns of long dot products.
    {"two_rows", 2, 1500, 70},
    {"three_columns", 1500, 3, 70},
    {"three_columns_of_many_terms", 200, 3, 1030},
    {"a_dot_product_of_all_tails", 1, 1, 127},
    {"dot_products_below_a_vector", 150, 2, 7},
    {"five_columns_of_many_terms", 130, 5, 301},
    {"seven_rows_of_many_terms", 7, 131, 256},
    {"matrix_times_vector", 133, 1, 95},
    {"eight_rows_at_a_time", 8, 300, 65},
    {"a_column_longer_than_a_depth", 9, 1, 1300},
    {"a_row_wider_than_a_part", 2, 2100, 9},
};

/// A stored matrix with its own leading dimension. Between its rows or columns lie elements that a product may not use.
template <class T>
struct matrix {
  index_t rows, columns, leading;
  bool by_rows;
  tf::tensor<T> data;

  matrix(tf::order order, index_t r, index_t c, index_t slack)
      : rows(r),
        columns(c),
        leading(std::max<index_t>(1, order == tf::order::row_major ? c : r) + slack),
        by_rows(order == tf::order::row_major),
        data({std::max<index_t>(1, (by_rows ? r : c) * leading)}) {}

  bool is_slack(index_t i) const { return i % leading >= (by_rows ? columns : rows); }
};

/// Small integers, or any for integer types, with `between` in the slack.
template <class T>
matrix<T> stored(tf::order order, index_t rows, index_t columns, index_t slack, unsigned seed, T between) {
  matrix<T> x(order, rows, columns, slack);
  if constexpr (std::floating_point<T>)
    x.data = small_integers<T>(x.data.shape(), seed);
  else
    x.data = random_tensor<T>(x.data.shape(), seed);
  for (index_t i = 0; i < x.data.size(); ++i)
    if (x.is_slack(i)) x.data.data()[i] = between;
  return x;
}

template <class T>
constexpr T poison() {
  return std::floating_point<T> ? std::numeric_limits<T>::quiet_NaN() : std::numeric_limits<T>::lowest();
}

template <class T>
struct call {
  tf::order order;
  tf::transpose trans_a, trans_b;
  index_t m, n, k;
  T alpha, beta;
  matrix<T> a, b, c;

  call(tf::order o, tf::transpose ta, tf::transpose tb, const gemm_case& s, T alpha_, T beta_, index_t slack)
      : order(o),
        trans_a(ta),
        trans_b(tb),
        m(s.m),
        n(s.n),
        k(s.k),
        alpha(alpha_),
        beta(beta_),
        a(ta == tf::transpose::no ? stored(o, s.m, s.k, slack, 1, poison<T>())
                                  : stored(o, s.k, s.m, slack, 1, poison<T>())),
        b(tb == tf::transpose::no ? stored(o, s.k, s.n, slack, 2, poison<T>())
                                  : stored(o, s.n, s.k, slack, 2, poison<T>())),
        c(stored(o, s.m, s.n, slack, 3, T{77})) {}

  tf::tensor<T> run(const tf::context& ctx) const {
    tf::tensor<T> result = c.data;
    tf::gemm(order, trans_a, trans_b, m, n, k, alpha, a.data.data(), a.leading, b.data.data(), b.leading, beta,
             result.data(), c.leading, ctx);
    return result;
  }
  tf::tensor<T> reference() const {
    tf::tensor<T> result = c.data;
    tf::reference::gemm(order, trans_a, trans_b, m, n, k, alpha, a.data.data(), a.leading, b.data.data(), b.leading,
                        beta, result.data(), c.leading);
    return result;
  }
};

constexpr tf::order orders[] = {tf::order::row_major, tf::order::col_major};
constexpr tf::transpose transposes[] = {tf::transpose::no, tf::transpose::yes};

template <class Visit>
void for_each_layout(const Visit& visit) {
  for (const tf::order order : orders)
    for (const tf::transpose a : transposes)
      for (const tf::transpose b : transposes) visit(order, a, b);
}

std::string name_of(tf::order order, tf::transpose a, tf::transpose b) {
  const auto letter = [](tf::transpose t) { return t == tf::transpose::yes ? "T" : "N"; };
  return std::string(order == tf::order::row_major ? "row_major " : "col_major ") + letter(a) + letter(b);
}

/// The product as gemm's algorithms see it.
template <class T>
tf::detail::strided_product<T> product_of(index_t m, index_t n, index_t k, tf::transpose a, tf::transpose b) {
  return {m, n, k, T{1}, tf::detail::operand<T>(a, nullptr, 2), tf::detail::operand<T>(b, nullptr, 2), T{0}, {}};
}

/// One context for every algorithm that can compute this, on every instruction set, and one for the choice among them.
template <class T>
std::vector<tf::context> contexts_of(const gemm_case& s) {
  std::vector<tf::context> contexts;
  for (const tf::isa isa : available_isas()) {
    tf::context ctx = on(isa);
    contexts.push_back(ctx);
    for (const auto& algorithm : tf::detail::gemm_algorithms<T>) {
      ctx.algorithm = algorithm.name;
      const bool applies = algorithm.applies(product_of<T>(s.m, s.n, s.k, tf::transpose::no, tf::transpose::no));
      if (applies) contexts.push_back(ctx);
    }
  }
  return contexts;
}

std::string name_of(const tf::context& ctx) {
  return std::string(ctx.algorithm.empty() ? "the choice" : ctx.algorithm) + " on " +
         std::string(tf::name_of(*ctx.isa));
}

template <class T>
struct Gemm : testing::Test {};
TYPED_TEST_SUITE(Gemm, element_types);

/// The whole of C is compared, so that nothing between its rows may change.
TYPED_TEST(Gemm, EqualsReference) {
  using T = TypeParam;
  for (const gemm_case& s : cases)
    for_each_layout([&](tf::order order, tf::transpose a, tf::transpose b) {
      for (const index_t slack : {0, 3}) {
        const call<T> plain(order, a, b, s, T{1}, T{0}, slack);
        const auto expected = plain.reference();
        for (const tf::context& ctx : contexts_of<T>(s))
          EXPECT_TRUE(equal(plain.run(ctx), expected))
              << s.name << " " << name_of(order, a, b) << " slack " << slack << ", " << name_of(ctx);
      }
    });
}

TYPED_TEST(Gemm, ScalesByAlphaAndBeta) {
  using T = TypeParam;
  const gemm_case shapes[] = {cases[8],
                              cases[5],
                              cases[16],
                              {"one_more_than_every_tile", 15, 33, 10},
                              {"last_vector_overlaps", 9, 61, 5},
                              {"several_kc_of_few_columns", 40, 11, 300},
                              {"few_terms", 5, 37, 3},
                              {"two_rows", 2, 1500, 70},
                              {"three_columns", 700, 3, 70}};
  for (const gemm_case& s : shapes)
    for_each_layout([&](tf::order order, tf::transpose a, tf::transpose b) {
      for (const T alpha : {T{0}, T{1}, T{-3}})
        for (const T beta : {T{0}, T{1}, T{-2}}) {
          const call<T> scaled(order, a, b, s, alpha, beta, 2);
          const auto expected = scaled.reference();
          for (const tf::context& ctx : contexts_of<T>(s))
            EXPECT_TRUE(equal(scaled.run(ctx), expected))
                << s.name << " " << name_of(order, a, b) << ", " << name_of(ctx);
        }
    });
}

/// Wherever the operands lie, within the least cap or without one.
TYPED_TEST(Gemm, FitsItsWorkspace) {
  using T = TypeParam;
  for (const gemm_case& s : cases)
    for_each_layout([&](tf::order order, tf::transpose a, tf::transpose b) {
      for (const index_t slack : {0, 3}) {
        const call<T> plain(order, a, b, s, T{1}, T{0}, slack);
        const auto expected = plain.reference();
        for (tf::context ctx : contexts_of<T>(s)) {
          ctx.max_workspace_bytes = slack == 0 ? 0 : 64 << 10;
          std::vector<std::byte> memory(static_cast<std::size_t>(tf::gemm_workspace_bytes<T>(s.m, s.n, s.k, ctx)));
          memory.resize((std::max)(memory.size(), std::size_t{1}));  // an empty one would be allocated
          ctx.workspace = memory;
          EXPECT_TRUE(equal(plain.run(ctx), expected)) << s.name << " " << name_of(order, a, b) << ", " << name_of(ctx);
        }
      }
    });
}

template <class T>
struct GemmFloat : testing::Test {};
using float_types = testing::Types<float, double>;
TYPED_TEST_SUITE(GemmFloat, float_types);

TYPED_TEST(GemmFloat, BetaZeroIgnoresNanInC) {
  using T = TypeParam;
  for (const gemm_case& s : cases)
    for (const tf::context& ctx : contexts_of<T>(s)) {
      if (s.m == 0 || s.n == 0) continue;
      call<T> x(tf::order::row_major, tf::transpose::no, tf::transpose::no, s, T{1}, T{0}, 0);
      const auto expected = x.reference();
      x.c.data = filled<T>(x.c.data.shape(), poison<T>());
      EXPECT_TRUE(equal(x.run(ctx), expected)) << s.name << ", " << name_of(ctx);
    }
}

TYPED_TEST(GemmFloat, AlphaZeroDoesNotReadAAndB) {
  using T = TypeParam;
  for (const gemm_case& s : cases)
    for (const T beta : {T{0}, T{1}, T{-2}})
      for (const tf::context& ctx : contexts_of<T>(s)) {
        call<T> x(tf::order::row_major, tf::transpose::no, tf::transpose::no, s, T{0}, beta, 1);
        const auto expected = x.reference();
        x.a.data = filled<T>(x.a.data.shape(), poison<T>());
        x.b.data = filled<T>(x.b.data.shape(), poison<T>());
        EXPECT_TRUE(equal(x.run(ctx), expected)) << s.name << ", " << name_of(ctx);
        auto result = x.c.data;
        tf::gemm<T>(tf::order::row_major, tf::transpose::no, tf::transpose::no, s.m, s.n, s.k, 0, nullptr,
                    std::max<index_t>(1, s.k), nullptr, std::max<index_t>(1, s.n), beta, result.data(), x.c.leading,
                    ctx);
        EXPECT_TRUE(equal(result, expected)) << s.name << " without A and B, " << name_of(ctx);
      }
}

TYPED_TEST(GemmFloat, NanAndInfinitySpreadAsTheSumHasThem) {
  using T = TypeParam;
  constexpr T inf = std::numeric_limits<T>::infinity();
  for (const tf::context& ctx : contexts_of<T>({"two_by_two", 2, 2, 2})) {
    const tf::tensor<T> a({2, 2}, {1, inf, 2, 3}), b({2, 2}, {1, 2, 0, poison<T>()});
    tf::tensor<T> c({2, 2});
    tf::gemm(tf::order::row_major, tf::transpose::no, tf::transpose::no, 2, 2, 2, 1, a.data(), 2, b.data(), 2, 0,
             c.data(), 2, ctx);
    EXPECT_TRUE(equal(c, tf::tensor<T>({2, 2}, {poison<T>(), poison<T>(), 2, poison<T>()}))) << name_of(ctx);
  }
}

/// Above the cube of 400 floats are packed as integers of any size are.
TYPED_TEST(GemmFloat, PacksBothOperandsOfLargeProducts) {
  using T = TypeParam;
  const gemm_case s{"packed_panels", 405, 402, 401};
  for (const tf::transpose trans : transposes) {
    const call<T> x(tf::order::row_major, trans, trans, s, T{3}, T{-2}, 1);
    const auto expected = x.reference();
    for (const tf::context& ctx : contexts_of<T>(s)) EXPECT_TRUE(equal(x.run(ctx), expected)) << name_of(ctx);
  }
}

/// Random numbers, against the sums in double: products, alpha, beta C and their sum are k + 3 roundings at most.
TYPED_TEST(GemmFloat, IsWithinRoundingOfTheExactResult) {
  using T = TypeParam;
  for (const gemm_case& s : cases)
    for_each_layout([&](tf::order order, tf::transpose a, tf::transpose b) {
      call<T> x(order, a, b, s, T{0.75}, T{-1.25}, 0);
      call<double> exact(order, a, b, s, static_cast<double>(x.alpha), static_cast<double>(x.beta), 0);
      call<double> magnitude(order, a, b, s, std::abs(exact.alpha), std::abs(exact.beta), 0);
      const auto fill = [](auto& to, auto& to_exact, auto& to_magnitude, unsigned seed) {
        to = random_tensor<T>(to.shape(), seed);
        to_exact = to_double(to);
        to_magnitude = magnitudes(to);
      };
      fill(x.a.data, exact.a.data, magnitude.a.data, 4);
      fill(x.b.data, exact.b.data, magnitude.b.data, 5);
      fill(x.c.data, exact.c.data, magnitude.c.data, 6);
      if (s.m == 0 || s.n == 0) return;
      for (const tf::context& ctx : contexts_of<T>(s))
        EXPECT_TRUE(within_rounding(x.run(ctx), exact.reference(), magnitude.reference(), s.k + 3))
            << s.name << " " << name_of(order, a, b) << ", " << name_of(ctx);
    });
}

TEST(GemmBits, DoNotDependOnThreadsOrMemory) {
  const gemm_case shapes[] = {{"square", 200, 210, 600},
                              {"wide", 20, 3000, 300},
                              {"tall", 2000, 20, 300},
                              {"panels", 500, 410, 400},
                              {"few_terms", 300, 3000, 4},
                              {"two_columns", 3000, 2, 70},
                              {"three_rows", 3, 5000, 70},
                              {"last_rows_of_a_column_are_alone", 1027, 1, 700},
                              {"eight_columns_of_several_depths", 130, 8, 3000}};
  for (const gemm_case& s : shapes) {
    call<float> x(tf::order::row_major, tf::transpose::no, tf::transpose::yes, s, 1.5f, 0.25f, 1);
    x.a.data = random_tensor<float>(x.a.data.shape(), 4);
    x.b.data = random_tensor<float>(x.b.data.shape(), 5);
    x.c.data = random_tensor<float>(x.c.data.shape(), 6);
    for (const tf::context& alone : contexts_of<float>(s)) {
      const auto expected = x.run(alone);
      for (const int threads : {1, 2, 3, 8})
        for (const index_t cap : {0, 64 << 10, 65537, 99999, 1 << 20}) {
          tf::context ctx = on_threads(threads);
          ctx.isa = alone.isa;
          ctx.algorithm = alone.algorithm;
          ctx.max_workspace_bytes = cap;
          EXPECT_TRUE(same_bits(x.run(ctx), expected))
              << s.name << ", " << threads << " threads, cap " << cap << ", " << name_of(ctx);
        }
    }
  }
}

// ---- the list of algorithms

struct choice_case {
  gemm_case shape;
  tf::transpose a, b;
  std::string_view of_floats, of_doubles, of_integers;
};

template <class T>
std::string_view choice(const choice_case& c, tf::isa isa) {
  return tf::detail::choose_gemm(product_of<T>(c.shape.m, c.shape.n, c.shape.k, c.a, c.b), isa).name;
}

TEST(GemmAlgorithms, AreChosenByShapeTypeAndInstructionSet) {
  constexpr auto no = tf::transpose::no, yes = tf::transpose::yes;
  const choice_case choices[] = {
      {{"tiny", 4, 4, 4}, no, no, "unpacked", "unpacked", "packed"},
      {{"row_by_lines", 1, 1024, 1024}, no, no, "streamed", "streamed", "streamed"},
      {{"row_by_dots", 1, 1024, 1024}, no, yes, "streamed", "streamed", "streamed"},
      {{"row_of_few_operations", 1, 15, 16}, no, no, "unpacked", "streamed", "packed"},
      {{"dots_below_a_vector", 1024, 2, 7}, no, no, "unpacked", "unpacked", "streamed"},
      {{"three_rows_in_l2", 3, 100, 100}, no, no, "unpacked", "unpacked", "packed"},
      {{"three_rows_beyond_l2", 3, 300, 300}, no, no, "streamed", "streamed", "streamed"},
      {{"five_columns", 1024, 5, 1024}, no, no, "streamed", "unpacked", "streamed"},
      {{"five_columns_by_lines", 1024, 5, 1024}, yes, no, "unpacked", "unpacked", "packed"},
      {{"five_columns_of_few_terms", 1024, 5, 255}, no, no, "unpacked", "unpacked", "packed"},
      {{"cube_of_200", 200, 200, 200}, no, no, "unpacked", "unpacked", "packed"},
      {{"cube_of_201", 201, 201, 201}, no, no, "packed", "packed", "packed"},
      {{"few_terms", 3000, 3000, 8}, no, no, "unpacked", "unpacked", "packed"},
      {{"few_rows", 16, 3000, 3000}, no, no, "unpacked", "unpacked", "packed"},
      {{"large", 500, 500, 500}, no, no, "packed", "packed", "packed"},
  };
  for (const choice_case& c : choices) {
    EXPECT_EQ(choice<float>(c, tf::isa::avx2), c.of_floats) << c.shape.name;
    EXPECT_EQ(choice<double>(c, tf::isa::avx2), c.of_doubles) << c.shape.name;
    EXPECT_EQ(choice<std::int32_t>(c, tf::isa::avx2), c.of_integers) << c.shape.name;
  }
  EXPECT_EQ(choice<float>({{"cube_of_400", 400, 400, 400}, no, no, {}, {}, {}}, tf::isa::avx512), "unpacked");
  EXPECT_EQ(choice<float>({{"cube_of_401", 401, 401, 401}, no, no, {}, {}, {}}, tf::isa::avx512), "packed");
  EXPECT_EQ(choice<float>({{"few_rows", 32, 3000, 3000}, no, no, {}, {}, {}}, tf::isa::avx512), "unpacked");
}

// ---- errors
// ----------------------------------------------------------------------------------------------------------

struct sizes {
  tf::order order = tf::order::row_major;
  tf::transpose trans_a = tf::transpose::no, trans_b = tf::transpose::no;
  index_t m = 2, n = 3, k = 4, lda = 4, ldb = 3, ldc = 3;
};

/// The error; where there is one, C is untouched.
std::string error_text(const sizes& s) {
  const tf::tensor<float> a({64}), b({64});
  auto c = filled<float>({64}, 77);
  const tf::tensor<float> before = c;
  const std::string text = error_of([&] {
    tf::gemm(s.order, s.trans_a, s.trans_b, s.m, s.n, s.k, 1, a.data(), s.lda, b.data(), s.ldb, 0, c.data(), s.ldc);
  });
  EXPECT_TRUE(text.empty() || equal(c, before)) << "written before the error: " << text;
  return text;
}

/// A matrix of one line has no next one, and the distance to it may be anything: nobody may compute with it.
template <class T>
void expect_any_leading_of_a_single_line() {
  constexpr index_t far = INT64_MAX / 2;
  for (const tf::isa isa : available_isas())
    for (const index_t size : {3, 40, 500}) {
      const auto a = small_integers<T>({size}, 1), b = small_integers<T>({size}, 2);
      const auto no = tf::transpose::no, yes = tf::transpose::yes;
      tf::tensor<T> outer({size, size}), inner({1}), expected_outer({size, size}), expected_inner({1});
      const auto row = tf::order::row_major;
      tf::gemm<T>(row, no, no, size, size, 1, 1, a.data(), 1, b.data(), far, 0, outer.data(), size, on(isa));
      tf::reference::gemm<T>(row, no, no, size, size, 1, 1, a.data(), 1, b.data(), size, 0, expected_outer.data(),
                             size);
      EXPECT_TRUE(equal(outer, expected_outer)) << size << " on " << tf::name_of(isa);
      tf::gemm<T>(row, yes, no, size, size, 1, 1, a.data(), far, b.data(), far, 0, outer.data(), size, on(isa));
      EXPECT_TRUE(equal(outer, expected_outer)) << size << ", transposed, on " << tf::name_of(isa);
      tf::gemm<T>(row, no, yes, 1, 1, size, 1, a.data(), far, b.data(), far, 0, inner.data(), far, on(isa));
      tf::reference::gemm<T>(row, no, yes, 1, 1, size, 1, a.data(), size, b.data(), size, 0, expected_inner.data(), 1);
      EXPECT_TRUE(equal(inner, expected_inner)) << size << " on " << tf::name_of(isa);
    }
}

TEST(GemmLeadingDimensions, OfASingleLineMayBeHuge) {
  expect_any_leading_of_a_single_line<float>();
  expect_any_leading_of_a_single_line<double>();
  expect_any_leading_of_a_single_line<std::int8_t>();
  expect_any_leading_of_a_single_line<std::int64_t>();
}

TEST(GemmErrors, OfLeadingDimensions) {
  EXPECT_EQ(error_text({}), "");
  EXPECT_EQ(error_text({.lda = 3}), "gemm: expected lda >= 4, but got 3");
  EXPECT_EQ(error_text({.ldb = 2}), "gemm: expected ldb >= 3, but got 2");
  EXPECT_EQ(error_text({.ldc = 2}), "gemm: expected ldc >= 3, but got 2");
  EXPECT_EQ(error_text({.trans_a = tf::transpose::yes, .lda = 1}), "gemm: expected lda >= 2, but got 1");
  EXPECT_EQ(error_text({.trans_b = tf::transpose::yes, .ldb = 3}), "gemm: expected ldb >= 4, but got 3");
  EXPECT_EQ(error_text({.m = 0, .n = 0, .k = 0, .lda = 0}), "gemm: expected lda >= 1, but got 0");
  EXPECT_EQ(error_text({.lda = -4}), "gemm: expected lda >= 4, but got -4");
}

TEST(GemmErrors, OfLeadingDimensionsByColumns) {
  const sizes good{.order = tf::order::col_major, .lda = 2, .ldb = 4, .ldc = 2};
  EXPECT_EQ(error_text(good), "");
  sizes bad = good;
  bad.lda = 1;
  EXPECT_EQ(error_text(bad), "gemm: expected lda >= 2, but got 1");
  bad = good;
  bad.ldb = 3;
  EXPECT_EQ(error_text(bad), "gemm: expected ldb >= 4, but got 3");
  bad = good;
  bad.ldc = 1;
  EXPECT_EQ(error_text(bad), "gemm: expected ldc >= 2, but got 1");
}

TEST(GemmErrors, OfSizes) {
  EXPECT_EQ(error_text({.m = -1}), "gemm: expected sizes >= 0, but got m=-1, n=3, k=4");
  EXPECT_EQ(error_text({.n = -2}), "gemm: expected sizes >= 0, but got m=2, n=-2, k=4");
  EXPECT_EQ(error_text({.order = tf::order::col_major, .m = -1, .n = 3, .lda = 2, .ldb = 4, .ldc = 2}),
            "gemm: expected sizes >= 0, but got m=-1, n=3, k=4");
  EXPECT_EQ(error_text({.k = -3}), "gemm: expected sizes >= 0, but got m=2, n=3, k=-3");
  EXPECT_NE(error_text({.lda = index_t{1} << 63 >> 1}), "");
  EXPECT_NE(error_text({.m = index_t{1} << 32, .k = index_t{1} << 32, .lda = index_t{1} << 32}), "");
}

/// A context that names an algorithm gets no other one.
TEST(GemmErrors, OfAlgorithmsThatDoNotApply) {
  const auto error_by = [](std::string_view algorithm, index_t m, index_t k, auto element) {
    using T = decltype(element);
    tf::context ctx;
    ctx.algorithm = algorithm;
    constexpr index_t most = 9;
    const tf::tensor<T> a({most, most}), b({most, most});
    auto c = filled<T>({most, most}, 77);
    const tf::tensor<T> before = c;
    const std::string text = error_of([&] {
      tf::gemm<T>(tf::order::row_major, tf::transpose::no, tf::transpose::no, m, m, k, 1, a.data(), most, b.data(),
                  most, 0, c.data(), most, ctx);
    });
    EXPECT_TRUE(text.empty() || equal(c, before)) << "written before the error: " << text;
    if (m > 0 && k > 0) {
      EXPECT_EQ(error_of([&] { tf::gemm_workspace_bytes<T>(m, m, k, ctx); }), text);
    }
    return text;
  };
  EXPECT_EQ(error_by("streamed", 8, 8, 0.f), "");
  EXPECT_EQ(error_by("streamed", 9, 9, 0.f), "gemm has no algorithm 'streamed' for these shapes");
  EXPECT_EQ(error_by("streamed", 9, 0, 0.f), "gemm has no algorithm 'streamed' for these shapes");
  EXPECT_EQ(error_by("streamed", 0, 9, 0.f), "");  // no result
  EXPECT_EQ(error_by("unpacked", 9, 9, 0.), "");
  EXPECT_EQ(error_by("unpacked", 9, 9, 0), "gemm has no algorithm 'unpacked' for these shapes");
  EXPECT_EQ(error_by("implicit_gemm", 9, 9, 0.f), "gemm has no algorithm 'implicit_gemm' for these shapes");
}

TEST(GemmErrors, OfTheDefaultContextsAlgorithm) {
  tf::default_context().algorithm = "winograd_4x4";
  EXPECT_EQ(error_text({}), "gemm has no algorithm 'winograd_4x4' for these shapes");
  tf::default_context().algorithm = {};
  EXPECT_EQ(error_text({}), "");
}

}  // namespace
