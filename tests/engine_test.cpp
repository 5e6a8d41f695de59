// The parts of the engine whose mistakes would be rare or far away in an operation's result: the tiles, the phases, the
// packed layout, the kernels' contracts, and the bounds of the scratch memory.
#include <tenfold/detail/run/convolution.hpp>
#include <tenfold/detail/run/gemm.hpp>

#include "convolution_cases.hpp"

#include <set>
#include <span>
#include <utility>  // pair

using namespace tenfold_test;
using namespace tf::detail;
using tf::hw;
using tf::index_t;

namespace {

// ---- arrays that may be missing

TEST(OptionalArray, PartsOfAMissingOneAreMissing) {  // as constants, where an undefined sum does not compile
  constexpr optional_array<const float> missing;
  static_assert(!(missing + 5) && !(missing + 3 + 4) && missing == nullptr);
  static_assert([] {
    optional_array<const float> array;
    return (array += 7) == nullptr;
  }());
  static constexpr float numbers[] = {1, 2, 3, 4};
  constexpr optional_array<const float> present = numbers;
  static_assert(present + 2 == numbers + 2 && present[3] == 4 && (present + 1)[1] == 3);
}

// ---- tiles
// -----------------------------------------------------------------------------------------------------------

struct place {
  index_t group;  // of the tile
  index_t line;   // of the group
};

place place_of(const tile_axis& tile, index_t slot) { return {slot / tile.lines, slot % tile.lines}; }

/// Every (tap, point) lies in the tile, at a line that holds the image's line it stands for.
void expect_tile_holds(const axis& a) {
  const tile_axis tile(a);
  const testing::Message what = testing::Message() << a.taps << " taps " << a.step << " apart, " << a.points
                                                   << " points " << a.stride << " apart";
  ASSERT_LE(tile.size(), a.taps * a.points) << what;
  for (index_t t = 0; t < a.taps; ++t)
    for (index_t x = 0; x < a.points; ++x) {
      const index_t slot = tile.slot(t) + x;
      ASSERT_GE(slot, 0) << what;
      ASSERT_LT(slot, tile.size()) << what;
      const place p = place_of(tile, slot);
      ASSERT_EQ(p.line * a.stride + p.group * a.step, x * a.stride + t * a.step)
          << what << ": tap " << t << ", point " << x;
    }
}

TEST(Tile, HoldsTheLineOfEveryTapAndPoint) {
  for (index_t taps = 1; taps <= 7; ++taps)
    for (index_t points = 1; points <= 9; ++points)
      for (index_t stride = 1; stride <= 6; ++stride)
        for (index_t step = 1; step <= 9; ++step) expect_tile_holds({taps, points, stride, step, 0, 1});
}

TEST(Tile, HoldsTapsThatAreFarApart) {
  for (const index_t step : {100, 1000, 99991})
    for (const index_t stride : {1, 2, 100, 1001}) {
      expect_tile_holds({3, 5000, stride, step, 0, 1});
      expect_tile_holds({64, 37, stride, step, 0, 1});
    }
}

TEST(Tile, StoresStrideOneOnce) {
  const tile_axis tile({3, 100, 1, 1, 0, 1});
  EXPECT_EQ(tile.size(), 102);  // 100 points and the two taps to their right
}

/// The regions lie side by side, and a region's taps are those of each of its points that are in the image.
void expect_regions_of(const axis& a) {
  index_t next = 0;
  while (next < a.points) {
    const axis_region r = region_from(a, next);
    ASSERT_EQ(r.points.begin, next);
    ASSERT_GT(r.points.end, next);
    for (; next < r.points.end; ++next)
      for (index_t t = 0; t < a.taps; ++t) {
        const index_t line = a.origin + next * a.stride + t * a.step;
        ASSERT_EQ(line >= 0 && line < a.extent, t >= r.taps.begin && t < r.taps.end)
            << "tap " << t << " of point " << next << ", origin " << a.origin << ", step " << a.step;
        const index_range with = a.points_inside(t);
        ASSERT_EQ(line >= 0 && line < a.extent, next >= with.begin && next < with.end);
      }
  }
  ASSERT_EQ(next, a.points);
}

TEST(Axis, RegionsHaveTheTapsOfEachOfTheirPoints) {
  for (index_t taps = 1; taps <= convolution_regions::most_taps; ++taps)
    for (index_t step = 1; step <= 7; ++step)
      for (index_t padding = 0; padding <= 30; padding += 3)
        for (const index_t extent : {1, 2, 5, 16}) {
          const index_t points = extent + 2 * padding - (taps - 1) * step;
          for (index_t stride = 1; stride <= 3; ++stride)
            if (points > 0) expect_regions_of({taps, ceil_divide(points, stride), stride, step, -padding, extent});
        }
}

TEST(Axis, PartReadsTheSameLines) {
  const axis whole{5, 9, 3, 2, -4, 20};
  const axis part = whole.part(2, 3, 4, 5);
  EXPECT_EQ(part.taps, 3);
  EXPECT_EQ(part.points, 5);
  EXPECT_EQ(part.extent, 20);
  for (index_t t = 0; t < 3; ++t)
    for (index_t x = 0; x < 5; ++x)
      EXPECT_EQ(part.origin + x * part.stride + t * part.step,
                whole.origin + (x + 4) * whole.stride + (t + 2) * whole.step);
}

// ---- phases
// ----------------------------------------------------------------------------------------------------------

using tap_lines = std::set<std::pair<index_t, index_t>>;  // (tap, input line)

/// The definition: output line `out` is hit by tap i of input line (out + padding - i * dilation) / stride.
tap_lines direct_taps(const transposed_axis& a, index_t out) {
  tap_lines taps;
  for (index_t i = 0; i < a.kernel; ++i) {
    const index_t distance = out + a.padding - i * a.dilation;
    if (distance % a.stride == 0) taps.insert({i, distance / a.stride});
  }
  return taps;
}

tap_lines class_taps(const axis_phase& c, index_t phase, index_t q) {
  tap_lines taps;
  for (index_t t = 0; t < c.taps; ++t)
    taps.insert({c.tap + (phase - c.first) * c.next_tap + t * c.tap_step, q + c.line - t * c.line_step});
  return taps;
}

/// The classes follow each other without a gap or an overlap and have the taps of the definition.
void expect_classes_are_the_definition(const transposed_axis& a) {
  const testing::Message what = testing::Message() << "kernel " << a.kernel << ", stride " << a.stride << ", padding "
                                                   << a.padding << ", dilation " << a.dilation;
  index_t phase = 0;
  while (phase < a.stride) {
    const axis_phase c = a.phases_from(phase);
    ASSERT_EQ(c.first, phase) << what;
    ASSERT_GE(c.phases, 1) << what;
    ASSERT_LE(phase + c.phases, a.stride) << what;
    for (; phase < c.first + c.phases; ++phase)
      for (index_t q = 0; q < 3; ++q)
        ASSERT_EQ(class_taps(c, phase, q), direct_taps(a, q * a.stride + phase)) << what << ", phase " << phase;
  }
}

TEST(Phases, ClassesAreTheDefinition) {
  for (index_t kernel = 1; kernel <= 7; ++kernel)
    for (index_t stride = 1; stride <= 6; ++stride)
      for (index_t padding = -5; padding <= 8; ++padding)
        for (index_t dilation = 1; dilation <= 6; ++dilation)
          expect_classes_are_the_definition({kernel, stride, padding, dilation});
}

TEST(Phases, ClassesAreTheDefinitionForLargeStrides) {
  for (const transposed_axis& a :
       {transposed_axis{16, 8, 4, 1}, transposed_axis{3, 1000, 0, 1}, transposed_axis{5, 360, 7, 84},
        transposed_axis{64, 33, 64, 1000}, transposed_axis{1, 4096, 4095, 3}})
    expect_classes_are_the_definition(a);
}

TEST(Phases, EqualTapsMerge) {
  EXPECT_EQ((transposed_axis{16, 8, 4, 1}.phases_from(0).phases), 4);  // k 16, s 8: two classes of four phases
  EXPECT_EQ((transposed_axis{16, 8, 4, 1}.phases_from(4).phases), 4);
  EXPECT_EQ((transposed_axis{2, 2, 0, 1}.phases_from(0).phases), 2);
}

TEST(Phases, AStretchWithoutTapsIsOneClass) {
  const index_t stride = index_t{1} << 40;
  const transposed_axis a{3, stride, 0, 1};
  const axis_phase hit = a.phases_from(0);
  EXPECT_EQ(hit.phases, 3);
  const axis_phase missed = a.phases_from(3);
  EXPECT_EQ(missed.taps, 0);
  EXPECT_EQ(missed.phases, stride - 3);
}

// ---- tables
// ----------------------------------------------------------------------------------------------------------

TEST(Digits, TablesAreTheOffsets) {
  for (const digits& d :
       {affine_digits(60, 7), make_digits({3, 4, 5}, {1000, -10, 3}), make_digits({3, 1, 5}, {100, 9, 1}),
        make_digits({4, 3, 1}, {50, 5, 9}), make_digits({1, 1, 1}, {5, 6, 7})}) {
    const index_t extent = d.extent[0] * d.extent[1] * d.extent[2];
    for (index_t begin = 0; begin < extent; ++begin) {
      std::vector<index_t> table(static_cast<std::size_t>(extent - begin));
      fill_offsets(d, begin, extent - begin, table.data());
      for (index_t i = begin; i < extent; ++i) ASSERT_EQ(table[static_cast<std::size_t>(i - begin)], d.offset(i));
    }
  }
}

TEST(Digits, OffsetIsTheSumOverTheDigits) {
  const digits d = make_digits({3, 4, 5}, {1000, -10, 3});
  for (index_t i = 0; i < 3; ++i)
    for (index_t j = 0; j < 4; ++j)
      for (index_t k = 0; k < 5; ++k) EXPECT_EQ(d.offset((i * 4 + j) * 5 + k), 1000 * i - 10 * j + 3 * k);
  EXPECT_FALSE(d.affine());
  EXPECT_TRUE(make_digits({1, 7, 1}, {5, 6, 7}).affine());
}

TEST(Runs, CoverThePixelsInOrder) {
  for (index_t width = 1; width <= 9; ++width)
    for (index_t begin = 0; begin < 20; ++begin)
      for (index_t count = 1; count <= 33; ++count) {
        pixel_run runs[most_nr];
        const index_t found = find_runs(begin, count, width, 1, 2, 100, 3, runs);
        index_t next = 0;
        for (index_t r = 0; r < found; ++r)
          for (index_t i = 0; i < runs[r].length; ++i, ++next) {
            ASSERT_EQ(runs[r].begin + i, next);
            const index_t y = (begin + next) / width, x = (begin + next) % width;
            ASSERT_EQ(runs[r].offset + i * 3, (y - 1) * 100 + (x - 2) * 3);
          }
        ASSERT_EQ(next, count);
      }
}

TEST(Runs, AreClippedToTheResult) {
  result_layout layout;
  layout.points_w = 4;
  layout.phases = {2, 3};
  layout.stride = {3, 3};
  layout.rest = {7, 10};  // of 3 x 4 points
  for (index_t row = 0; row < 12; ++row) {
    const index_t ph = row / 3 % 2, pw = row % 3;
    for (index_t begin = 0; begin < 12; ++begin) {
      pixel_run runs[most_nr], clipped[most_nr];
      const index_t count = 12 - begin;
      const index_t found = find_runs(begin, count, 4, 0, 0, 100, 1, runs);
      const index_t kept = clip_runs(layout, row, begin, runs, found, clipped);
      std::set<index_t> got, expected;
      for (index_t r = 0; r < kept; ++r)
        for (index_t i = 0; i < clipped[r].length; ++i) got.insert(clipped[r].begin + i);
      for (index_t j = 0; j < count; ++j)
        if (ph + (begin + j) / 4 * 3 < 7 && pw + (begin + j) % 4 * 3 < 10) expected.insert(j);
      ASSERT_EQ(got, expected) << "row " << row << " from " << begin;
    }
  }
}

TEST(Blocks, OfKAreEqualShares) {
  EXPECT_EQ(equal_blocks(0, 256), 0);
  for (index_t k = 1; k < 2000; ++k) {
    const index_t rows = equal_blocks(k, 256);
    ASSERT_LE(rows, 256);
    ASSERT_EQ(ceil_divide(k, rows), ceil_divide(k, 256));
  }
}

// ---- the packed layout and the kernels
// -------------------------------------------------------------------------------

template <class T>
class Kernels : public testing::Test {};
TYPED_TEST_SUITE(Kernels, element_types);

/// Small numbers without a short period.
template <class T>
T number(index_t i) {
  return static_cast<T>(i * i % 11 - 5);
}

template <class T>
std::vector<T> numbers(index_t count) {
  std::vector<T> v(static_cast<std::size_t>(count));
  for (index_t i = 0; i < count; ++i) v[static_cast<std::size_t>(i)] = number<T>(i);
  return v;
}

/// Runs body(kernels) for every instruction set.
template <class T, class Body>
void for_each_table(const Body& body) {
  tf::for_each_available_isa([&](tf::isa isa) {
    SCOPED_TRACE(tf::name_of(isa));
    body(full_gemm_kernels<T>(on(isa)));
    body(low_gemm_kernels<T>(on(isa)));
    body(whole_gemm_kernels_of<T>(on(isa), 1000));
    body(whole_gemm_kernels_of<T>(on(isa), low_gemm_kernels<T>(on(isa)).mr));
  });
}

TYPED_TEST(Kernels, FitTheRunTables) {
  for_each_table<TypeParam>([](const gemm_kernels<TypeParam>& kernel) {
    EXPECT_LE(kernel.mr, most_mr);
    EXPECT_LE(kernel.nr, most_nr);
    EXPECT_EQ(kernel.nr % kernel.lanes, 0);
  });
}

TYPED_TEST(Kernels, PackedElementIsWhereTheLayoutSaysItIs) {
  using T = TypeParam;
  tf::for_each_available_isa([&](tf::isa isa) {
    const tf::context ctx = on(isa);
    const index_t full = full_gemm_kernels<T>(ctx).mr, low = low_gemm_kernels<T>(ctx).mr;
    for (index_t m = 1; m <= 3 * full; ++m) {
      const auto& kernel = gemm_kernels_of<T>(ctx, m);
      const index_t mr = kernel.mr;
      ASSERT_TRUE(mr == full || mr == low);
      const index_t last = (m - 1) % mr + 1, whole = m - last;
      matrix_product<T> p;
      p.m = m;
      p.k = 2 * image_kc<T> + 5;
      p.n = 1;
      p.groups = 2;
      p.a_group_stride = p.m * p.k;
      const std::vector<T> a = numbers<T>(2 * p.m * p.k);
      p.a = a.data();
      p.a_row = affine_digits(p.m, p.k);
      p.a_column = affine_digits(p.k, 1);
      // Panels of MR and a last one of the lowest tile that holds the rest.
      const index_t height = last <= kernel.heights[2]   ? kernel.heights[2]
                             : last <= kernel.heights[1] ? kernel.heights[1]
                                                         : mr;
      const index_t rows = whole + height;
      std::vector<T> packed(static_cast<std::size_t>(packed_size(p, ctx)), T{77});
      const index_t kc = p.kc(), slack = ceil_divide(m, mr) * kernel.lanes;  // of a block
      const index_t all = rows * p.k + ceil_divide(p.k, kc) * slack;
      ASSERT_EQ(packed_size(p, ctx), 2 * all);
      pack_whole(p, ctx, packed.data());
      for (index_t group = 0; group < 2; ++group)
        for (index_t i = 0; i < rows; ++i)
          for (index_t column = 0; column < p.k; ++column) {
            const index_t block = column / kc * kc;
            const index_t depth = std::min(kc, p.k - block);
            const index_t panel_height = i < whole ? mr : height;
            const index_t at = group * all + block * rows + block / kc * slack + i / mr * (mr * depth + kernel.lanes) +
                               (column - block) * panel_height + i % mr;
            const T expected = i < p.m ? number<T>((group * p.m + i) * p.k + column) : T{};
            ASSERT_EQ(packed[static_cast<std::size_t>(at)], expected)
                << tf::name_of(isa) << " " << last << " rows left: " << i << ", " << column;
          }
    }
  });
}

template <class T>
void expect_micro_equation(typename micro_kernels<T>::function micro, index_t mr, index_t nr, index_t lda) {
  const index_t ldb = nr + 5, ldc = nr + 3;
  for (const index_t k : {0, 1, 2, 9, 17, 32})
    for (int mode = 0; mode < 32; ++mode) {
      // Nothing behind the last row of A: what reads there meets the sanitizer.
      const std::vector<T> a = numbers<T>(k > 0 ? (k - 1) * lda + mr : 0), b = numbers<T>(k * ldb + 1),
                           bias = numbers<T>(mr), other = numbers<T>(mr * ldc + 4);
      std::vector<T> c = numbers<T>(mr * ldc);
      const std::vector<T> before = c;
      gemm_epilogue<T> epilogue;
      epilogue.alpha = mode & 1 ? T{3} : T{1};
      epilogue.bias = mode & 2 ? bias.data() : nullptr;
      if (mode & 4) epilogue.addend = mode & 1 ? c.data() : other.data() + 4;
      epilogue.relu = mode & 8;
      epilogue.clips = mode & 16;
      epilogue.low = T{20};
      epilogue.high = T{90};
      micro(k, a.data(), lda, b.data(), ldb, c.data(), ldc, epilogue);
      for (index_t i = 0; i < mr; ++i)
        for (index_t j = 0; j < ldc; ++j) {
          const auto at = static_cast<std::size_t>(i * ldc + j);
          if (j >= nr) {  // not the kernel's
            ASSERT_EQ(c[at], before[at]);
            continue;
          }
          index_t sum = 0;
          for (index_t p = 0; p < k; ++p) sum += number<index_t>(p * lda + i) * number<index_t>(p * ldb + j);
          sum = sum * (mode & 1 ? 3 : 1) + (mode & 2 ? number<index_t>(i) : 0);
          if (mode & 4) sum += number<index_t>(i * ldc + j + (mode & 1 ? 0 : 4));
          auto expected = static_cast<T>(sum);  // the integers wrap
          if (mode & 8) expected = std::max(expected, T{});
          if (mode & 16) expected = std::clamp(expected, T{20}, T{90});
          ASSERT_EQ(c[at], expected) << mr << " x " << nr << ", k " << k << ", mode " << mode;
        }
    }
}

TYPED_TEST(Kernels, MicroKeepsItsEquation) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    ASSERT_EQ(kernel.heights[0], kernel.mr);
    ASSERT_EQ(kernel.widths[0], kernel.nr);
    for (int height = 0; height < 3; ++height)
      for (int width = 0; width < 4; ++width)
        for (const index_t more : {0, 1, 40})
          if (kernel.tiles[height][width])  // a vector of four has no tile of four columns
            expect_micro_equation<T>(kernel.tiles[height][width], kernel.heights[height], kernel.widths[width],
                                     kernel.heights[height] + more);
  });
}

/// Which tile a row falls into may depend on the batch and the threads; of kernels of whole vectors, a column too.
TYPED_TEST(Kernels, BitsDoNotDependOnTheHeight) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    for (const index_t k : {1, 7, 29}) {
      std::vector<T> a = numbers<T>(k * kernel.mr), b = numbers<T>(k * kernel.nr);
      if constexpr (std::is_floating_point_v<T>) {
        for (T& x : a) x /= 7;
        for (T& x : b) x /= 3;
      }
      for (index_t columns = 1; columns <= kernel.nr; ++columns) {
        std::vector<T> whole(static_cast<std::size_t>(kernel.mr * kernel.nr)), low = whole;
        kernel.multiply_tile(0, columns, k, a.data(), kernel.mr, b.data(), kernel.nr, whole.data(), kernel.nr, {});
        for (const int tile : {1, 2}) {
          kernel.multiply_tile(tile, columns, k, a.data(), kernel.mr, b.data(), kernel.nr, low.data(), kernel.nr, {});
          for (index_t i = 0; i < kernel.heights[tile]; ++i)
            for (index_t j = 0; j < columns; ++j) {
              const auto at = static_cast<std::size_t>(i * kernel.nr + j);
              ASSERT_EQ(low[at], whole[at]) << i << ", " << j << " of " << columns << " columns, k " << k;
            }
        }
        if (kernel.widths[3] == 1) continue;
        std::vector<T> all(whole.size());
        kernel.multiply_tile(0, kernel.nr, k, a.data(), kernel.mr, b.data(), kernel.nr, all.data(), kernel.nr, {});
        for (index_t i = 0; i < kernel.mr; ++i)
          for (index_t j = 0; j < columns; ++j) {
            const auto at = static_cast<std::size_t>(i * kernel.nr + j);
            ASSERT_EQ(whole[at], all[at]) << i << ", " << j << " of " << columns << " columns, k " << k;
          }
      }
    }
  });
}

TYPED_TEST(Kernels, RestsHaveTheLeastTiles) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    const auto& heights = kernel.heights;
    for (index_t rows = 1; rows <= kernel.mr; ++rows) {
      const index_t least = rows <= heights[2] ? heights[2] : rows <= heights[1] ? heights[1] : heights[0];
      EXPECT_EQ(kernel.height_of(rows), least);
      EXPECT_EQ(kernel.padded_rows(3 * kernel.mr + rows), 3 * kernel.mr + least);
    }
    EXPECT_EQ(kernel.padded_rows(0), 0);
    for (index_t columns = 1; columns <= kernel.nr; ++columns) {
      const index_t rest = columns % kernel.lanes;  // of more than half a vector a vector, else tiles that fit
      index_t padded = 2 * rest > kernel.lanes ? columns - rest + kernel.lanes : columns;
      if (kernel.widths[3] > 1) padded = round_up(columns, kernel.widths[3]);  // whole vectors, of integers whole tiles
      EXPECT_EQ(kernel.padded_columns(columns), padded) << columns;
      for (index_t left = columns; left > 0; left -= kernel.widths[kernel.width_index(left)])
        ASSERT_NE(kernel.tiles[0][kernel.width_index(left)], nullptr) << columns;
    }
  });
}

/// A panel of any number of columns: the sub-tiles side by side, nothing behind them.
TYPED_TEST(Kernels, MultiplyCoversAPanel) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    const index_t k = 3, ldc = kernel.nr + 2;
    const std::vector<T> a = numbers<T>(k * kernel.mr), b = numbers<T>(k * kernel.nr);
    for (const index_t rows : {index_t{1}, kernel.heights[1], kernel.mr})
      for (index_t columns = 1; columns <= kernel.nr; ++columns) {
        std::vector<T> c(static_cast<std::size_t>(kernel.mr * ldc), T{77});
        kernel.multiply(rows, columns, k, a.data(), b.data(), kernel.nr, c.data(), ldc, {});
        const index_t height = kernel.height_of(rows), width = kernel.padded_columns(columns);
        for (index_t i = 0; i < kernel.mr; ++i)
          for (index_t j = 0; j < ldc; ++j) {
            index_t sum = 0;
            for (index_t p = 0; p < k; ++p) sum += number<index_t>(p * height + i) * number<index_t>(p * kernel.nr + j);
            ASSERT_EQ(c[static_cast<std::size_t>(i * ldc + j)], i < height && j < width ? static_cast<T>(sum) : T{77})
                << rows << " x " << columns;
          }
      }
  });
}

TYPED_TEST(Kernels, CopyLineIsZeroOutside) {
  using T = TypeParam;
  constexpr index_t extent = 37;
  std::vector<T> source(static_cast<std::size_t>(extent));
  for (index_t i = 0; i < extent; ++i) source[static_cast<std::size_t>(i)] = static_cast<T>(i + 1);
  for_each_table<T>([&](const gemm_kernels<T>& kernel) {
    for (index_t step = 1; step <= 4; ++step)
      for (index_t first = -50; first <= 50; ++first)
        for (const index_t count : {0, 1, 5, 16, 70}) {
          std::vector<T> line(static_cast<std::size_t>(count + 1), T{99});
          kernel.copy_line(source.data(), extent, first, step, count, line.data());
          for (index_t x = 0; x < count; ++x) {
            const index_t at = first + x * step;
            const T expected = at >= 0 && at < extent ? source[static_cast<std::size_t>(at)] : T{};
            ASSERT_EQ(line[static_cast<std::size_t>(x)], expected) << first << " + " << x << " * " << step;
          }
          ASSERT_EQ(line[static_cast<std::size_t>(count)], T{99});  // nothing behind the line
        }
  });
}

TYPED_TEST(Kernels, PackRunsPutsEveryRunInItsPlace) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    const std::vector<index_t> tap{0, 5, 150, 3};
    const auto k = static_cast<index_t>(tap.size());
    const std::vector<T> source = numbers<T>(1200 + kernel.lanes);
    for (index_t width = 1; width <= kernel.nr; width += width < 9 ? 1 : 7)
      for (const index_t count : {index_t{1}, kernel.nr - 1, kernel.nr}) {
        pixel_run runs[most_nr];
        const index_t found = find_runs(width / 2, count, width, 0, 0, width + 2, 1, runs);
        std::vector<T> panel(static_cast<std::size_t>(k * kernel.nr + kernel.lanes), T{99});
        kernel.pack_runs(source.data(), tap.data(), k, runs, found, panel.data());
        for (index_t p = 0; p < k; ++p)
          for (index_t j = 0; j < kernel.nr; ++j) {
            const index_t pixel = width / 2 + j;
            const index_t at = tap[static_cast<std::size_t>(p)] + pixel / width * (width + 2) + pixel % width;
            const T expected = j < count ? number<T>(at) : T{};
            ASSERT_EQ(panel[static_cast<std::size_t>(p * kernel.nr + j)], expected) << width << " " << count;
          }
      }
  });
}

TYPED_TEST(Kernels, PackContiguousCopiesRows) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    const std::vector<index_t> tap{7, 0, 31};
    const std::vector<T> source = numbers<T>(31 + kernel.nr);
    std::vector<T> panel(static_cast<std::size_t>(3 * kernel.nr), T{99});
    kernel.pack_contiguous(source.data(), tap.data(), 3, panel.data());
    for (index_t p = 0; p < 3; ++p)
      for (index_t j = 0; j < kernel.nr; ++j)
        ASSERT_EQ(panel[static_cast<std::size_t>(p * kernel.nr + j)], number<T>(tap[static_cast<std::size_t>(p)] + j));
  });
}

TYPED_TEST(Kernels, ScatterRunsWritesThosePlacesOnly) {
  using T = TypeParam;
  for_each_table<T>([](const gemm_kernels<T>& kernel) {
    const std::vector<index_t> row{0, 1, 400};
    const pixel_run runs[] = {{0, 3, 2}, {3, 5, 50}};
    const index_t step = 4, ld = 8;
    const std::vector<T> tile = numbers<T>(3 * ld);
    std::vector<T> out(600, T{99}), expected(600, T{99});
    kernel.scatter_runs(tile.data(), ld, row.data(), 3, runs, 2, step, out.data());
    for (index_t i = 0; i < 3; ++i)
      for (const pixel_run& run : runs)
        for (index_t r = 0; r < run.length; ++r)
          expected[static_cast<std::size_t>(row[static_cast<std::size_t>(i)] + run.offset + r * step)] =
              number<T>(i * ld + run.begin + r);
    EXPECT_EQ(out, expected);
  });
}

// ---- scratch memory
// --------------------------------------------------------------------------------------------------

// Shapes at which something that grew with the image, the kernel or the dilation would show.
const conv2d_case hostile_shapes[] = {
    {"line_of_4096", {1, 8, 64, 4096}, {8, 8, 3, 3}, {.padding = 1}},
    {"line_of_100000", {1, 3, 40, 100000}, {8, 3, 5, 5}, {.padding = 2}},
    {"line_of_100000_stride_7", {1, 3, 40, 100000}, {8, 3, 5, 5}, {.stride = 7}},
    {"dilation_1000", {1, 4, 4096, 4096}, {4, 4, 3, 3}, {.padding = 1000, .dilation = 1000}},
    {"dilation_1000_stride_999", {1, 4, 4096, 4096}, {4, 4, 3, 3}, {.stride = 999, .dilation = 1000}},
    {"kernel_64x64", {1, 2, 4096, 4096}, {4, 2, 64, 64}, {}},
    {"kernel_64x64_dilation_64", {1, 2, 8192, 8192}, {4, 2, 64, 64}, {.dilation = 64}},
    {"kernel_64x64_stride_64", {1, 2, 8192, 100000}, {4, 2, 64, 64}, {.stride = 64}},
    {"kernel_1x100000", {1, 1, 3, 200000}, {1, 1, 1, 100000}, {}},
    {"kernel_1x100000_dilated", {1, 1, 3, 400000}, {1, 1, 1, 100000}, {.dilation = 3}},
    {"many_channels", {1, 4096, 7, 7}, {4096, 4096, 7, 7}, {}},
    {"many_images", {100000, 3, 8, 8}, {8, 3, 3, 3}, {}},
    {"depthwise", {1, 4096, 512, 512}, {4096, 1, 3, 3}, {.groups = 4096}},
    {"narrow", {1, 64, 1000000, 2}, {64, 64, 3, 2}, {}},
    {"one_column", {1, 64, 1000000, 1}, {64, 64, 3, 1}, {}},
};

/// Scratch memory stays within its bound per worker, and a cache line for the workspace's alignment. Calls
/// bytes_of(context) with budgets of all kinds.
template <class BytesOf>
void expect_bounded(tf::context ctx, const std::string& name, const BytesOf& bytes_of) {
  for (const int threads : {1, 3, 16})
    for (const index_t cap : {0, 64 << 10, 65537, 100001, 1 << 20, 3 << 20}) {
      ctx.threads = threads;
      ctx.max_workspace_bytes = cap;
      EXPECT_LE(bytes_of(ctx), threads * (cap ? cap : index_t{8} << 20) + 63)
          << name << ", cap " << cap << ", threads " << threads << ", " << name_of(ctx);
    }
}

template <class T>
void expect_bounded(const conv2d_case& c) {
  const tf::tensor_view<const T> input(nullptr, c.input), weight(nullptr, c.weight);
  for (const tf::context& ctx : contexts_of<T>(c))
    expect_bounded(ctx, c.name,
                   [&](const tf::context& with) { return tf::conv2d_workspace_bytes(input, weight, c.options, with); });
}

TEST(Scratch, OfConv2dIsBounded) {
  for (const conv2d_case& c : hostile_shapes) {
    expect_bounded<float>(c);
    expect_bounded<double>(c);
    expect_bounded<std::int8_t>(c);
  }
}

const conv_transpose2d_case hostile_transposed_shapes[] = {
    {"line_of_100000", {1, 8, 64, 100000}, {8, 8, 3, 3}, {.padding = 1}},
    {"phases_of_100000", {1, 8, 64, 100000}, {8, 8, 4, 4}, {.stride = 2, .padding = 1}},
    {"phases_k16_s8", {1, 64, 512, 4096}, {64, 64, 16, 16}, {.stride = 8, .padding = 4}},
    {"kernel_64x64_stride_32", {1, 16, 64, 512}, {16, 16, 64, 64}, {.stride = 32}},
    {"kernel_64x64_stride_1", {1, 16, 64, 4096}, {16, 16, 64, 64}, {}},
    {"dilation_1000", {1, 4, 64, 4096}, {4, 4, 3, 3}, {.stride = 2, .dilation = 1000}},
    {"stride_1000", {1, 4, 16, 16}, {4, 4, 3, 3}, {.stride = 1000}},
    {"many_channels", {1, 4096, 7, 7}, {4096, 1024, 4, 4}, {.stride = 2}},
    {"depthwise", {1, 4096, 128, 128}, {4096, 1, 4, 4}, {.stride = 2, .groups = 4096}},
    {"few_output_channels", {1, 256, 64, 4096}, {256, 3, 4, 4}, {.stride = 2}},
    {"few_output_channels_kernel_64x64", {1, 16, 64, 4096}, {16, 1, 64, 64}, {.stride = 2, .dilation = 7}},
    {"narrow", {1, 64, 1000000, 2}, {64, 64, 3, 2}, {.stride = 3}},
};

template <class T>
void expect_bounded(const conv_transpose2d_case& c) {
  const tf::tensor_view<const T> input(nullptr, c.input), weight(nullptr, c.weight);
  for (const tf::context& ctx : contexts_of<T>(c))
    expect_bounded(ctx, c.name, [&](const tf::context& with) {
      return tf::conv_transpose2d_workspace_bytes(input, weight, c.options, with);
    });
}

TEST(Scratch, OfConvTranspose2dIsBounded) {
  for (const conv_transpose2d_case& c : hostile_transposed_shapes) {
    expect_bounded<float>(c);
    expect_bounded<double>(c);
    expect_bounded<std::int8_t>(c);
  }
}

template <class T>
void expect_gemm_bounded(index_t m, index_t n, index_t k) {
  const std::string name = std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
  for (const tf::isa isa : available_isas())
    expect_bounded(on(isa), name, [&](const tf::context& with) { return tf::gemm_workspace_bytes<T>(m, n, k, with); });
}

TEST(Scratch, OfGemmIsBounded) {
  constexpr index_t sizes[] = {1, 7, 256, 4097, 1000000};
  for (const index_t m : sizes)
    for (const index_t n : sizes)
      for (const index_t k : sizes) {
        expect_gemm_bounded<float>(m, n, k);
        expect_gemm_bounded<double>(m, n, k);
      }
}

}  // namespace
