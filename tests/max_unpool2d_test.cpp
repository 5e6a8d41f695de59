#include <tenfold/max_pool2d.hpp>
#include <tenfold/max_unpool2d.hpp>
#include <tenfold/reference.hpp>

#include "support.hpp"

using namespace tenfold_test;

namespace {

static_assert(tf::max_unpool2d_output_shape({2, 3, 4, 5}, {.kernel_size = 2}) == tf::shape{2, 3, 8, 10});
static_assert(tf::max_unpool2d_output_shape({2, 3, 4, 5},
                                            {.kernel_size = 4, .stride = 1, .padding = tf::pads{1, 2, 2, 1}}) ==
              tf::shape{2, 3, 4, 5});
static_assert(tf::max_unpool2d_output_shape({3, 4, 5}, {.kernel_size = 2, .output_size = tf::hw{9, 11}}) ==
              tf::shape{3, 9, 11});

/// Places in a plane of the given number of elements, with repetitions.
tf::tensor<tf::index_t> random_indices(const tf::shape& shape, tf::index_t volume, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  auto indices = tf::tensor<tf::index_t>::uninitialized(shape);
  for (tf::index_t i = 0; i < indices.size(); ++i)
    indices.data()[i] = std::uniform_int_distribution<tf::index_t>(0, volume - 1)(random);
  return indices;
}

struct unpool_case {
  const char* name;
  tf::shape input;
  tf::unpool2d_options options;
};

const unpool_case cases[] = {
    {"one_pixel", {1, 1, 1, 1}, {.kernel_size = 1}},
    {"doubles", {2, 3, 8, 9}, {.kernel_size = 2}},
    {"unbatched", {3, 8, 9}, {.kernel_size = 2}},
    {"unbatched_without_channels", {0, 8, 9}, {.kernel_size = 2}},
    {"empty_batch", {0, 3, 8, 9}, {.kernel_size = 2}},
    {"output_size_adds_a_row", {1, 2, 5, 5}, {.kernel_size = 2, .output_size = tf::hw{11, 9}}},
    {"padding_and_overlap", {1, 2, 6, 7}, {.kernel_size = 3, .stride = 2, .padding = 1}},
    {"pads", {1, 2, 6, 7}, {.kernel_size = 3, .stride = 2, .padding = tf::pads{0, 1, 1, 0}}},
    {"smaller_than_the_input", {1, 2, 6, 7}, {.kernel_size = 3, .stride = 1, .padding = 2}},
    {"negative_padding", {1, 2, 3, 4}, {.kernel_size = 2, .padding = {-1, 0}}},
    {"stride_zero", {1, 2, 3, 4}, {.kernel_size = 2, .stride = 0}},
};

template <class T>
struct MaxUnpool2d : testing::Test {};
TYPED_TEST_SUITE(MaxUnpool2d, element_types);

TYPED_TEST(MaxUnpool2d, EqualsReference) {
  for (const unpool_case& c : cases) {
    const auto x = with_special_values(random_tensor<TypeParam>(c.input));
    const tf::shape out = tf::max_unpool2d_output_shape(c.input, c.options);
    const auto indices = random_indices(c.input, out[out.size() - 2] * out[out.size() - 1]);
    const auto expected = tf::reference::max_unpool2d(x, indices, c.options);
    for (const tf::isa level : available_isas())
      EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, c.options, on(level)), expected))
          << c.name << " " << tf::name_of(level);
  }
}

TYPED_TEST(MaxUnpool2d, PutsMaximaBackWhereTheyWere) {
  const auto x = random_tensor<TypeParam>({2, 3, 9, 13});
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 2});
  const auto y = tf::max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2, .output_size = tf::hw{9, 13}});
  tf::index_t kept = 0;
  for (tf::index_t i = 0; i < x.size(); ++i) {
    if (y.data()[i] == 0) continue;
    EXPECT_EQ(y.data()[i], x.data()[i]);
    ++kept;
  }
  tf::index_t maxima = 0;
  for (tf::index_t i = 0; i < pooled.values.size(); ++i) maxima += pooled.values.data()[i] != 0;
  EXPECT_EQ(kept, maxima);
}

/// Indices that each lie in the 2 x 2 outputs of their own element.
tf::tensor<tf::index_t> own_block_indices(const tf::shape& shape, tf::index_t out_h, tf::index_t out_w) {
  std::mt19937 random(1);
  std::uniform_int_distribution<tf::index_t> coin(0, 1);
  auto indices = tf::tensor<tf::index_t>::uninitialized(shape);
  const tf::index_t h = shape[2], w = shape[3];
  EXPECT_TRUE(out_h / 2 == h && out_w / 2 == w);
  for (tf::index_t i = 0; i < indices.size(); ++i)
    indices.data()[i] = (2 * (i / w % h) + coin(random)) * out_w + 2 * (i % w) + coin(random);
  return indices;
}

TYPED_TEST(MaxUnpool2d,
           OfOwnBlocksEqualsReferenceForAllWidths) {  // around 4, 8 and 16 lanes; with an odd row and column
  for (tf::index_t w = 1; w <= 35; ++w)
    for (const tf::index_t odd : {0, 1}) {
      const tf::shape shape{1, 2, 3, w};
      const auto x = with_special_values(random_tensor<TypeParam>(shape));
      const auto indices = own_block_indices(shape, 6 + odd, 2 * w + odd);
      const tf::unpool2d_options o{.kernel_size = 2, .output_size = tf::hw{6 + odd, 2 * w + odd}};
      const auto expected = tf::reference::max_unpool2d(x, indices, o);
      for (const tf::isa level : available_isas())
        EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, o, on(level)), expected))
            << w << " " << odd << " " << tf::name_of(level);
    }
}

TYPED_TEST(MaxUnpool2d, OfOwnBlocksInManyAndInLargePlanes) {  // several at a time; lines fetched ahead
  for (const tf::shape& shape : {tf::shape{3, 40, 7, 7}, tf::shape{1, 65, 5, 4}, tf::shape{1, 2, 90, 91}}) {
    const auto x = random_tensor<TypeParam>(shape);
    auto indices = own_block_indices(shape, 2 * shape[2], 2 * shape[3]);
    for (const bool own : {true, false}) {
      if (!own) indices.data()[indices.size() / 2] = 0;
      const auto expected = tf::reference::max_unpool2d(x, indices, {.kernel_size = 2});
      for (const tf::isa level : available_isas())
        for (const int threads : {1, 3}) {
          tf::context ctx = on_threads(threads);
          ctx.isa = level;
          EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, {.kernel_size = 2}, ctx), expected))
              << shape << " " << own << " " << tf::name_of(level) << " " << threads;
        }
    }
  }
}

TYPED_TEST(MaxUnpool2d, OneIndexOutsideItsOwnBlock) {  // in any lane, row and plane
  const tf::shape shape{1, 2, 3, 19};
  const auto x = random_tensor<TypeParam>(shape);
  const auto own = own_block_indices(shape, 6, 38);
  for (tf::index_t i = 0; i < own.size(); ++i)
    for (const tf::index_t other : {tf::index_t{0}, own.data()[i] ^ 2, (own.data()[i] + 2 * 38) % (6 * 38)}) {
      auto indices = own;
      indices.data()[i] = other;
      const auto expected = tf::reference::max_unpool2d(x, indices, {.kernel_size = 2});
      for (const tf::isa level : available_isas())
        ASSERT_TRUE(same_bits(tf::max_unpool2d(x, indices, {.kernel_size = 2}, on(level)), expected))
            << i << " " << other << " " << tf::name_of(level);
    }
}

TYPED_TEST(MaxUnpool2d, LastCopyOfAnIndexWinsOnAnyNumberOfThreads) {
  const tf::shape shape{2, 5, 64, 66};
  const auto x = random_tensor<TypeParam>(shape);
  const auto indices = random_indices(shape, 100);
  const auto expected = tf::reference::max_unpool2d(x, indices, {.kernel_size = 2});
  for (const int threads : {1, 2, 3, 8})
    EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, {.kernel_size = 2}, on_threads(threads)), expected)) << threads;
}

// ---- duplicates
// ------------------------------------------------------------------------------------------------------

using rule = tf::unpool_duplicates;

constexpr rule rules[] = {rule::last, rule::first, rule::max, rule::sum, rule::error};

TYPED_TEST(MaxUnpool2d, DuplicatesByEveryRuleEqualReference) {
  for (unpool_case c : cases) {
    const auto x = with_special_values(random_tensor<TypeParam>(c.input));
    const tf::shape out = tf::max_unpool2d_output_shape(c.input, c.options);
    const auto indices = random_indices(c.input, out[out.size() - 2] * out[out.size() - 1]);
    for (const rule duplicates : rules) {
      if (duplicates == rule::error) continue;
      c.options.duplicates = duplicates;
      EXPECT_TRUE(
          same_bits(tf::max_unpool2d(x, indices, c.options), tf::reference::max_unpool2d(x, indices, c.options)))
          << c.name << ", rule " << static_cast<int>(duplicates);
    }
  }
}

TYPED_TEST(MaxUnpool2d, DuplicatesDoNotDependOnThreads) {
  const tf::shape shape{2, 5, 64, 66};
  const auto x = random_tensor<TypeParam>(shape);
  const auto indices = random_indices(shape, 100);
  for (const rule duplicates : rules) {
    const tf::unpool2d_options o{.kernel_size = 2, .duplicates = duplicates};
    if (duplicates == rule::error) continue;
    const auto expected = tf::reference::max_unpool2d(x, indices, o);
    for (const int threads : {1, 2, 3, 8})
      EXPECT_TRUE(same_bits(tf::max_unpool2d(x, indices, o, on_threads(threads)), expected)) << threads;
  }
}

/// One plane of 1 x 6 values for an output of 2 x 3 by hand: places 1 and 4 are named more than once.
template <class T>
tf::tensor<T> unpooled_by_hand(rule duplicates, std::initializer_list<T> values) {
  const tf::tensor<T> x({1, 1, 6}, values);
  const tf::tensor<tf::index_t> indices({1, 1, 6}, {1, 4, 4, 0, 1, 4});
  return tf::max_unpool2d(x, indices, {.kernel_size = {2, 1}, .stride = {2, 1}, .duplicates = duplicates});
}

TEST(MaxUnpool2dDuplicates, FollowTheRule) {
  const auto expect = [](rule duplicates, std::initializer_list<float> values, std::initializer_list<float> expected) {
    EXPECT_TRUE(same_bits(unpooled_by_hand(duplicates, values), tf::tensor<float>({1, 2, 6}, expected)))
        << static_cast<int>(duplicates);
  };
  const auto values = {5.f, 1.f, 7.f, 3.f, -2.f, 2.f};
  expect(rule::last, values, {3, -2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0});
  expect(rule::first, values, {3, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  expect(rule::max, values, {3, 5, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0});
  expect(rule::sum, values, {3, 3, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0});
  // All negative: the zeros around them are no competitors.
  expect(rule::max, {-5, -1, -7, -3, -2, -6}, {-3, -2, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0});
}

TEST(MaxUnpool2dDuplicates, NanZerosAndInfinities) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto at_1_and_4 = [](rule duplicates, std::initializer_list<float> values) {
    const auto y = unpooled_by_hand(duplicates, values);
    return tf::tensor<float>({2}, {y(0, 0, 1), y(0, 0, 4)});
  };
  const auto two = [](float a, float b) { return tf::tensor<float>({2}, {a, b}); };
  // A NaN beats what is before it and what is behind it.
  EXPECT_TRUE(same_bits(at_1_and_4(rule::max, {nan, 1, nan, 0, 9, 2}), two(nan, nan)));
  EXPECT_TRUE(same_bits(at_1_and_4(rule::max, {1, nan, 1, 0, nan, inf}), two(nan, nan)));
  EXPECT_TRUE(same_bits(at_1_and_4(rule::max, {-inf, -inf, -inf, 0, -inf, -1}), two(-inf, -1)));
  // Of equal maxima the first: the zeros' signs tell.
  EXPECT_TRUE(same_bits(at_1_and_4(rule::max, {-0.f, 0.f, -0.f, 1, 0.f, -1}), two(-0.f, 0.f)));
  EXPECT_TRUE(same_bits(at_1_and_4(rule::sum, {-0.f, inf, -inf, 1, -0.f, 1}), two(-0.f, nan)));
  EXPECT_TRUE(same_bits(at_1_and_4(rule::first, {nan, -0.f, 1, 1, 2, 3}), two(nan, -0.f)));
}

TEST(MaxUnpool2dDuplicates, SumsOfIntegersWrap) {
  const auto y = unpooled_by_hand<std::int8_t>(rule::sum, {100, 127, 127, 0, 100, 3});
  EXPECT_EQ(y(0, 0, 1), -56);
  EXPECT_EQ(y(0, 0, 4), 1);
  const auto z = unpooled_by_hand<std::int64_t>(rule::sum, {INT64_MAX, 0, 0, 0, 1, 0});
  EXPECT_EQ(z(0, 0, 1), INT64_MIN);
}

TEST(MaxUnpool2dDuplicates, AsErrorsNameTheFirstThatIsRepeated) {
  const tf::tensor<float> x({2, 2, 2, 3}, {1, 2, 3, 4, 5, 6,    7, 8, 9, 10, 11, 12,  //
                                           1, 2, 3, 4, 5, 0.1f, 7, 8, 9, 10, 11, 12});
  const tf::tensor<tf::index_t> fine({2, 2, 2, 3},
                                     {0, 1, 2, 3, 4, 5, 23, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0});
  const tf::unpool2d_options o{.kernel_size = 2, .duplicates = rule::error};
  EXPECT_TRUE(same_bits(tf::max_unpool2d(x, fine, o), tf::max_unpool2d(x, fine, {.kernel_size = 2})));
  EXPECT_TRUE(same_bits(tf::reference::max_unpool2d(x, fine, o), tf::max_unpool2d(x, fine, {.kernel_size = 2})));
  auto indices = fine;
  indices(1, 0, 1, 2) = 1;
  indices(1, 1, 0, 1) = 5;  // another one behind it
  auto y = filled<float>({2, 2, 4, 6}, 77);
  const std::string text =
      "max_unpool2d: duplicate index 1 at n = 1, c = 0, h = 1, w = 2 (value 0.1): its plane has it at h = 0, w = 1 "
      "(value 2) already";
  EXPECT_EQ(error_of([&] { tf::max_unpool2d_into(y, x, indices, o); }), text);
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 77)));
  EXPECT_EQ(error_of([&] { tf::reference::max_unpool2d(x, indices, o); }), text);
  indices(1, 1, 1, 2) = 24;  // an index outside comes first, and is PyTorch's
  EXPECT_EQ(error_of([&] { tf::max_unpool2d(x, indices, o); }),
            "Found an invalid max index: 24 (output volumes are of size 4x6)");
  const tf::tensor<std::int8_t> image({3, 1, 2}, {1, 2, 3, 4, 5, -6});  // unbatched: n is 0
  EXPECT_EQ(
      error_of([&] {
        tf::max_unpool2d(image, tf::tensor<tf::index_t>({3, 1, 2}, {0, 1, 1, 0, 7, 7}), o);
      }),
      "max_unpool2d: duplicate index 7 at n = 0, c = 2, h = 0, w = 1 (value -6): its plane has it at h = 0, w = 0 "
      "(value 5) already");
}

TEST(MaxUnpool2dDuplicates, AsErrorsOnAnyNumberOfThreadsAndAnyWorkspace) {
  const tf::shape shape{2, 3, 1, 1200};  // output planes of 1200 x 1200 places need more bits than 64 KiB have
  const tf::unpool2d_options o{.kernel_size = {1200, 1}, .duplicates = rule::error};
  const auto x = random_tensor<float>(shape);
  auto fine = tf::tensor<tf::index_t>::uninitialized(shape);
  for (tf::index_t i = 0; i < fine.size(); ++i) fine.data()[i] = i % 1200 * 1200 + 1199 - i % 7;
  auto repeated = fine;
  repeated(1, 2, 0, 3) = repeated(1, 2, 0, 1199);  // the far end of the plane, found late
  repeated(1, 1, 0, 1100) = repeated(1, 1, 0, 1099);
  repeated(1, 1, 0, 900) = repeated(1, 1, 0, 10);
  const auto expected = tf::max_unpool2d(x, fine, {.kernel_size = {1200, 1}});
  const std::string where =
      "max_unpool2d: duplicate index " + std::to_string(fine(1, 1, 0, 10)) + " at n = 1, c = 1, h = 0, w = 900 (value ";
  for (const int threads : {1, 2, 5})
    for (const tf::index_t cap : {0, 64 << 10, 100000}) {
      tf::context ctx = on_threads(threads);
      ctx.max_workspace_bytes = cap;
      const tf::index_t bytes = tf::max_unpool2d_workspace_bytes(x, fine, o, ctx);
      EXPECT_GT(bytes, 0);
      EXPECT_LE(bytes, threads * (cap > 0 ? cap : 1200 * 1200 / 8 + 64) + 64);
      std::vector<std::byte> workspace(static_cast<std::size_t>(bytes));
      for (const bool own : {false, true}) {
        if (own) ctx.workspace = workspace;
        EXPECT_TRUE(same_bits(tf::max_unpool2d(x, fine, o, ctx), expected));
        EXPECT_EQ(error_of([&] { tf::max_unpool2d(x, repeated, o, ctx); }).substr(0, where.size()), where);
      }
      ctx.workspace = std::span(workspace).first(workspace.size() - 1);
      EXPECT_NE(error_of([&] { tf::max_unpool2d(x, fine, o, ctx); }), "");
    }
  EXPECT_EQ(tf::max_unpool2d_workspace_bytes(x, fine, {.kernel_size = 2}), 0);
}

// ---- indices and errors
// ----------------------------------------------------------------------------------------------

TEST(MaxUnpool2dIndices, AreNotReadWhenTheOutputIsEmpty) {
  const auto x = random_tensor<float>({1, 2, 3, 4});
  const auto y = tf::max_unpool2d(x, filled<tf::index_t>(x.shape(), -5), {.kernel_size = 0});
  EXPECT_EQ(y.shape(), (tf::shape{1, 2, 0, 0}));
}

TEST(MaxUnpool2dErrors, NameTheLastIndexOutsideInMemoryOrder) {
  const auto x = random_tensor<float>({2, 3, 40, 41});
  for (const tf::isa level : available_isas())
    for (const int threads : {1, 4})
      for (const tf::index_t bad : {tf::index_t{-1}, tf::index_t{80 * 82}, INT64_MAX, INT64_MIN})
        for (const tf::index_t last :
             {tf::index_t{0}, tf::index_t{1}, tf::index_t{4919}, tf::index_t{5000}, x.size() - 1}) {
          auto indices = random_indices(x.shape(), 80 * 82);
          indices.data()[last / 2] = 7777;
          indices.data()[last] = bad;
          tf::context ctx = on_threads(threads);
          ctx.isa = level;
          EXPECT_EQ(error_of([&] { tf::max_unpool2d(x, indices, {.kernel_size = 2}, ctx); }),
                    "Found an invalid max index: " + std::to_string(bad) + " (output volumes are of size 80x82)");
        }
}

TEST(MaxUnpool2dErrors, OfAnIndexTellWhatAnIndexIs) {
  const tf::tensor<float> x({1, 1, 1, 1});
  EXPECT_EQ(hint_of([&] { tf::max_unpool2d(x, filled<tf::index_t>(x.shape(), 4), {.kernel_size = 2}); }),
            "an index counts within its plane, h * width + w: convert_indices makes such of other kinds");
}

TEST(MaxUnpool2dErrors, SayWhatPyTorchSays) {
  const tf::tensor<float> x({1, 2, 3, 4});
  const tf::tensor<tf::index_t> indices({1, 2, 3, 4});
  const auto error = [&](const tf::unpool2d_options& options) {
    return error_of([&] { tf::max_unpool2d(x, indices, options); });
  };
  EXPECT_EQ(error({.kernel_size = 2, .output_size = tf::hw{4, 8}}),
            "invalid output_size \"[4, 8]\" (dim 0 must be between 4 and 8)");
  EXPECT_EQ(error({.kernel_size = 2, .output_size = tf::hw{6, 10}}),
            "invalid output_size \"[6, 10]\" (dim 1 must be between 6 and 10)");
  EXPECT_EQ(error({.kernel_size = 2, .stride = 0, .output_size = tf::hw{2, 2}}),
            "invalid output_size \"[2, 2]\" (dim 0 must be between 2 and 2)");
  EXPECT_EQ(error({.kernel_size = 2, .padding = {0, 5}}),
            "max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[1]=-2");
  EXPECT_EQ(
      error_of([&] {
        tf::max_unpool2d(x, tf::tensor<tf::index_t>({1, 2, 3, 5}), {.kernel_size = 2});
      }),
      "Expected shape of indices to be same as that of the input tensor ([1, 2, 3, 4]) but got indices tensor with "
      "shape: [1, 2, 3, 5]");
  const auto error_of_shape = [](const tf::shape& shape) {
    return error_of(
        [&] { tf::max_unpool2d(tf::tensor<float>(shape), tf::tensor<tf::index_t>(shape), {.kernel_size = 2}); });
  };
  EXPECT_EQ(error_of_shape({}), "tuple index out of range");
  EXPECT_EQ(error_of_shape({4}), "tuple index out of range");
  EXPECT_EQ(error_of_shape({3, 4}),
            "Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with 2 dimensions.");
  EXPECT_EQ(
      error_of_shape({2, 0, 3, 4}),
      "max_unpooling2d_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, but input has "
      "sizes [2, 0, 3, 4] with dimension 1 being empty");
}

TEST(MaxUnpool2dErrors, SizesThatOverflowAreRefused) {
  const tf::tensor<float> x({1, 1, 2, 2});
  const tf::tensor<tf::index_t> indices({1, 1, 2, 2});
  EXPECT_EQ(error_of([&] { tf::max_unpool2d(x, indices, {.kernel_size = INT64_MAX}); }),
            "the sum 9223372036854775807 + 9223372036854775807 overflows a 64-bit size");
  EXPECT_NE(error_of([&] { tf::max_unpool2d(x, indices, {.kernel_size = tf::index_t{1} << 33}); }), "");
}

TYPED_TEST(MaxUnpool2d, IntoWritesWhatTheOperationReturns) {
  const auto x = random_tensor<TypeParam>({2, 3, 5, 6});
  const auto indices = random_indices(x.shape(), 120);
  auto y = filled<TypeParam>({2, 3, 10, 12}, 7);
  tf::max_unpool2d_into(y.view(), x, indices, {.kernel_size = 2});
  EXPECT_TRUE(same_bits(y, tf::max_unpool2d(x, indices, {.kernel_size = 2})));
}

TEST(MaxUnpool2dInto, TouchesNothingOnError) {
  const auto x = random_tensor<float>({1, 2, 3, 4});
  auto indices = random_indices(x.shape(), 48);
  auto y = filled<float>({1, 2, 6, 8}, 7);
  EXPECT_EQ(error_of([&] { tf::max_unpool2d_into(y, x, indices, {.kernel_size = 3}); }),
            "max_unpool2d: expected output of shape [1, 2, 9, 12], but got [1, 2, 6, 8]");
  indices(0, 1, 2, 3) = 48;
  EXPECT_EQ(error_of([&] { tf::max_unpool2d_into(y, x, indices, {.kernel_size = 2}); }),
            "Found an invalid max index: 48 (output volumes are of size 6x8)");
  EXPECT_TRUE(equal(y, filled<float>(y.shape(), 7)));
}

}  // namespace
