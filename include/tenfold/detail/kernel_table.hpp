// A kernel as the loops around it see it: a function pointer and its block shape.
#pragma once

#include <tenfold/activation_value.hpp>
#include <tenfold/context.hpp>
#include <tenfold/detail/broadcast.hpp>

#include <limits>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

template <class T>
struct arithmetic {
  using type = T;
};
template <std::signed_integral T>
struct arithmetic<T> {
  using type = std::make_unsigned_t<T>;
};
/// The type that sums are computed in: the unsigned one for integers, so that they wrap and nothing is undefined.
template <class T>
using arithmetic_t = typename arithmetic<T>::type;

/// What happens to the outputs of a convolution, sums and bias, before they are stored for the last time.
///
/// Where outputs are stored once, finish() stores them. Where they collect their terms in the output, added() comes
/// before the first of them, as the residual may be the output itself, and activated() after the last.
template <class T>
struct epilogue {
  activation::function of = activation::function::none;
  T low = 0;  // or the slope
  T high = 0;
  const T* slopes = nullptr;    // one for each output channel of all groups, instead of low
  const T* residual = nullptr;  // of the output's shape, added before the function
  const T* output = nullptr;    // the whole one
  void (*line)(const epilogue& e, index_t channel, index_t count, const T* values, index_t value_step, T* place,
               index_t step) = nullptr;

  /// place[x * step] = function(values[x * value_step] + the residual of that place),   x < count
  /// Values may lie at their place.
  void finish(index_t channel, index_t count, const T* values, index_t value_step, T* place, index_t step) const {
    line(*this, channel, count, values, value_step, place, step);
  }
  epilogue added() const {
    epilogue e = *this;
    e.of = activation::function::none;
    return e;
  }
  epilogue activated() const {
    epilogue e = *this;
    e.residual = nullptr;
    return e;
  }
  /// Sums are rectified in their registers, as that is one operation. Most other outputs come back from L1 to finish().
  bool only_rectifies() const { return of == activation::function::relu && !residual; }
  bool finishes() const { return residual || (of != activation::function::none && of != activation::function::relu); }
};

/// A line of an elementwise function of two arrays; contract in kernels/arithmetic.inl.hpp.
template <class T, class R>
using binary_line_function = void (*)(index_t count, const T* a, const T* b, R number, R alpha, R* y);
template <class T, class R>
using binary_pieces_function = void (*)(index_t count, index_t n, const T* a, const T* b, index_t b_step, R alpha,
                                        R* y);

/// Memory that is fetched into L2 while micro-kernels compute what stands before it: so many lines for each stretch of
/// terms, so that they never wait for a place to put them.
struct gemm_fetch {
  static constexpr index_t terms = 8;  // of a stretch
  static constexpr index_t line_bytes = 64;
  const std::byte* data = nullptr;
  index_t lines = 0;            // for each stretch of a call
  index_t left = 0;             // lines
  index_t stride = line_bytes;  // from one to the next

  gemm_fetch() = default;
  /// `bytes` during the next calls for k terms, of which there are at least so many.
  gemm_fetch(const void* begin, index_t bytes, index_t k, index_t calls)
      : data(static_cast<const std::byte*>(begin)), left((bytes + line_bytes - 1) / line_bytes) {
    const index_t stretches = calls * ((k + terms - 1) / terms);
    lines = stretches > 0 ? (left + stretches - 1) / stretches : 0;
  }
  /// A line of each of the next call's terms, whose rows lie so far apart.
  static gemm_fetch of_terms(const void* row, index_t row_bytes) {
    gemm_fetch f;
    f.data = static_cast<const std::byte*>(row);
    f.lines = terms;
    f.stride = row_bytes;
    return f;
  }
  /// After each.
  void called(index_t k) {
    const index_t done = (k + terms - 1) / terms * lines;
    data += done * line_bytes;
    left -= done;
    if (left <= 0) lines = 0;
  }
};

/// What a micro-kernel does beside the sums of a tile.
template <class T>
struct gemm_epilogue {
  T alpha = 1;
  const T* bias = nullptr;
  const T* addend = nullptr;  // its rows lie as those of C, which it may be
  bool relu = false;
  bool clips = false;  // to [low, high]
  T low = 0;
  T high = 0;
  gemm_fetch fetch = {};
};

/// Consecutive columns of a panel that are consecutive in memory too.
struct pixel_run {
  index_t begin;  // column of the panel
  index_t length;
  index_t offset;  // from the source's first element
};

/// Outputs of one line that the same taps reach: every step-th of `count` from `column` on, and where sides is 2, which
/// is for a step of 2 only, those between them with taps of their own. A tap's products for the run's first output lie
/// at tap + point.
struct tap_run {
  index_t column;
  index_t point;
  index_t count;
  index_t step;
  int sides;
  const index_t* tap[2];
  index_t taps[2];
};

/// The micro-kernels of one instruction set, whose contract is in kernels/gemm.inl.hpp. The panels of a packed A are MR
/// rows high, the last one as high as the lowest tile that holds the rest; those of B are NR columns wide.
template <class T>
struct micro_kernels {
  using function = void (*)(index_t k, const T* a, index_t lda, const T* b, index_t ldb, T* c, index_t ldc,
                            const gemm_epilogue<T>& epilogue);
  index_t mr;
  index_t nr;
  index_t lanes;             // of one vector
  index_t heights[3];        // of the tiles, MR first
  index_t widths[4];         // NR first, then one vector, four columns, one column; or one vector instead of these
  const function* tiles[3];  // by height, then width

  /// The tile for `rows` rows of A and `columns` of B, at least one each.
  int tile_of(index_t rows) const { return rows > heights[1] ? 0 : rows > heights[2] ? 1 : 2; }
  index_t height_of(index_t rows) const { return heights[tile_of(rows)]; }
  /// The first tile for what is left of a panel of B; narrower ones may follow. More than half a vector takes a whole.
  int width_index(index_t columns) const {
    return columns > nr - lanes / 2 ? 0 : columns > lanes / 2 ? 1 : columns >= widths[2] ? 2 : 3;
  }

  /// The columns of the tiles for `columns` of a panel of B, at most NR.
  index_t padded_columns(index_t columns) const {
    index_t padded = 0;
    while (padded < columns) padded += widths[width_index(columns - padded)];
    return padded;
  }
  /// The time of so many columns, in vectors of them. Tiles below a vector compute vectors of A's rows.
  double column_vectors(index_t columns) const {
    const index_t rest = columns % nr, height = (mr + lanes - 1) / lanes;
    index_t wide = columns - rest, narrow = 0;
    for (index_t left = rest; left > 0;) {
      const index_t width = widths[width_index(left)];
      (width < lanes ? narrow : wide) += width;
      left -= width;
    }
    return static_cast<double>(wide) / static_cast<double>(lanes) +
           static_cast<double>(narrow * height) / static_cast<double>(mr);
  }
  /// The product of panels of A and B, of so many rows and columns of them, in c: height_of(rows) x
  /// padded_columns(columns).
  void multiply(index_t rows, index_t columns, index_t k, const T* a, const T* b, index_t ldb, T* c, index_t ldc,
                const gemm_epilogue<T>& epilogue) const {
    multiply_tile(tile_of(rows), columns, k, a, height_of(rows), b, ldb, c, ldc, epilogue);
  }
  /// The same for the tile of that height and rows of A that lie lda apart.
  void multiply_tile(int tile, index_t columns, index_t k, const T* a, index_t lda, const T* b, index_t ldb, T* c,
                     index_t ldc, const gemm_epilogue<T>& epilogue) const {
    const int first = width_index(columns);
    tiles[tile][first](k, a, lda, b, ldb, c, ldc, epilogue);
    if (widths[first] >= columns) return;
    gemm_epilogue<T> next = epilogue;
    next.fetch = {};
    for (index_t j = widths[first]; j < columns;) {
      const int width = width_index(columns - j);
      if (epilogue.addend) next.addend = epilogue.addend + j;
      tiles[tile][width](k, a, lda, b + j, ldb, c + j, ldc, next);
      j += widths[width];
    }
  }

  /// The rows of m rows' panels.
  index_t padded_rows(index_t m) const {
    const index_t rest = m % mr;
    return m - rest + (rest ? height_of(rest) : 0);
  }
};

/// The kernels of a matrix product on one instruction set; their contracts are in kernels/pack.inl.hpp. pack_runs may
/// write a vector behind a panel and read as much behind a run.
template <class T>
struct gemm_kernels : micro_kernels<T> {
  void (*pack_gather)(const T* source, const index_t* row, index_t rows, const index_t* column, index_t k,
                      index_t width, T* panel);
  void (*pack_transpose)(const T* source, const index_t* row, index_t rows, index_t k, index_t width, T* panel);
  void (*pack_lines)(const T* source, const index_t* column, index_t k, T* panel);
  void (*pack_contiguous)(const T* source, const index_t* tap, index_t k, T* panel);
  void (*pack_runs)(const T* source, const index_t* tap, index_t k, const pixel_run* runs, index_t count, T* panel);
  void (*pack_rows)(const T* source, index_t ld, index_t k, index_t panels, index_t stride, T* packed);
  void (*copy_line)(const T* source, index_t extent, index_t first, index_t step, index_t count, T* line);
  void (*scatter_runs)(const T* tile, index_t ld, const index_t* row, index_t rows, const pixel_run* runs,
                       index_t count, index_t step, T* out);
};

/// What a Winograd tile reads of an image (channels, in.h, in.w), channel by channel: line i of it is line first.h +
/// i * step.h, columns likewise, and 0 outside.
template <class T>
struct winograd_patch {
  const T* image;
  index_t channels;
  hw in;
  hw first;
  hw step;
};

/// The outputs of one tile, of as many output channels as a vector has lanes, summed without a transform.
template <class T>
struct winograd_direct_sums {
  const T* x;  // (channels, N, N)
  const T* w;  // tap t of channel c at (c * step + t) * lanes
  index_t channels;
  index_t step;
  const index_t* tap;  // (R R), negative where there is none
  const T* bias;       // (lanes)
  bool first, last;    // of several such sums for the same outputs
  T* y;                // (M, M, lanes) rows y_row, columns y_step apart
  index_t y_row;
  index_t y_step;
};

/// How many taps of a tile's outermost outputs lie before the image and how many behind it.
struct winograd_cut {
  index_t before_h, behind_h, before_w, behind_w;
};

/// A magnitude below which rounding is that of subnormal numbers, in transforms that magnify it too.
template <class T>
inline constexpr T winograd_tiny = (std::numeric_limits<T>::min)() / std::numeric_limits<T>::epsilon() * 8;

/// The sums of the weights' magnitudes of as many output channels as a vector has lanes.
template <class T>
struct winograd_weight_sums {
  const T* sums;  // (window, ld), the sum of `blocks` such, `block` apart
  index_t ld;
  index_t blocks;
  index_t block;
  const index_t* tap;  // (R R) of them that the convolution has, the first `reach`
  hw reach;
  const winograd_cut* cut;  // (cuts)
  index_t cuts;
};

/// The transforms of one Winograd algorithm on one instruction set; their contracts are in kernels/winograd.inl.hpp.
template <class T>
struct winograd_transforms {
  index_t transform_lanes;
  index_t tile;  // M: a tile has M x M outputs
  index_t taps;  // R: of R x R convolutions
  void (*copy_line)(const T* source, index_t extent, index_t first, index_t step, index_t count, T* line);
  void (*pack_transpose)(const T* source, const index_t* row, index_t rows, index_t k, index_t width, T* panel);
  void (*weights)(const T* w, const index_t* tap, index_t width, T* u, index_t plane);
  void (*input_rows)(const T* const* line, index_t count, T* rows, index_t ld);
  void (*input_columns)(const T* rows, index_t ld, index_t count, T* v, index_t plane);
  void (*output_tiles)(const T* m, index_t plane, index_t tile, index_t count, const T* bias, T* y, index_t y_row,
                       index_t y_step);
  void (*output_rows)(const T* y, index_t y_row, index_t rows, index_t columns, index_t count, bool rectifies, T* out,
                      index_t line, index_t plane);
  void (*magnitudes)(const T* const* line, index_t lines, index_t count, T* map, index_t ld);
  void (*ranges)(const T* map, index_t ld, index_t count, const hw& reach, index_t rows, index_t columns, T* largest,
                 T* balance);
  void (*tap_sums)(const T* w, index_t channels, index_t step, index_t taps, index_t width, T* sums, index_t ld);
  void (*shares)(const winograd_weight_sums<T>& p, T* all, T* share);
  void (*patch)(const winograd_patch<T>& p, T* x);
  void (*direct)(const winograd_direct_sums<T>& p);
};

template <class T>
struct winograd_kernels {
  const micro_kernels<T>& products;
  const winograd_transforms<T>& transforms;
};

/// What the sizes of some numbers are like; of those that are not 0, how many there are and the sum of their roots,
/// which are within 7 %. The sum is not finite where a number is not.
template <class T>
struct number_range {
  T largest = 0;
  T sum = 0;
  T roots = 0;
  T count = 0;
};

/// The transforms of the gradient of a 3x3 weight, where lanes are channels; contracts in
/// kernels/winograd_gradient.inl.hpp.
template <class T>
struct winograd_gradient_transforms {
  index_t lanes;
  void (*to_lanes)(const T* planes, index_t stride, index_t count, index_t n, index_t width, index_t gap, T* tile);
  void (*input)(const T* tile, index_t line, index_t tiles, index_t first, index_t elements, T* v, index_t plane,
                index_t ld);
  void (*gradient)(const T* tile, index_t line, index_t tiles, index_t first, index_t elements, T* u, index_t plane,
                   index_t ld);
  void (*output)(const T* m, index_t plane, index_t count, bool adds, T* weight);
};

inline constexpr index_t most_winograd_side = 6;

/// C = beta C + alpha A B where the rows of B are lines, ldb apart; contract in kernels/unpacked_gemm.inl.hpp.
template <class T>
struct unpacked_block {
  index_t m, n, k;
  const T* a;
  index_t a_row, a_column;
  const T* b;
  index_t ldb;
  T* c;
  index_t c_row, c_column;
  T alpha, beta;
};

inline constexpr int unpacked_few_terms = 4;  // up to which C is written line by line

inline constexpr index_t most_mr = 14;
inline constexpr index_t most_nr = 128;

/// Taps of the direct convolution of which each reads for a pixel what the one before reads for the next pixel: where
/// the first reads and where its weight lies, in elements.
struct direct_taps {
  index_t source;
  index_t weight;
  index_t count;  // 1 to 3
};

/// Lines of output of one output channel, for as many groups as a vector has lanes.
template <class T>
struct direct_problem {
  const direct_taps* taps = nullptr;
  index_t count = 0;
  const T* weight = nullptr;
  index_t weight_step = 0;      // between the taps of a direct_taps
  const T* bias = nullptr;      // (lanes)
  gemm_epilogue<T> after = {};  // relu and, of floating-point numbers, clip
  const T* source = nullptr;
  index_t source_line = 0;
  index_t source_step = 0;
  T* y = nullptr;
  index_t y_line = 0;
  index_t y_step = 0;
  index_t lines = 0;
  index_t columns = 0;
};

/// The kernels of the direct convolution on one instruction set; their contracts are in kernels/direct.inl.hpp.
template <class T>
struct direct_kernels {
  index_t lanes;
  void (*to_lanes)(const T* planes, index_t stride, index_t count, index_t n, index_t width, index_t gap, T* tile);
  void (*to_planes)(const T* tile, index_t n, T* planes, index_t stride, index_t count);
  void (*sums)(const direct_problem<T>& p);
};

/// Lines of output of one channel, each the sum of the taps of one plane.
template <class T>
struct depthwise_problem {
  static constexpr index_t most_lines = 64;
  const T*
      line[std::size_t{most_lines}];  // of the plane, or zeros; those a stride apart, which a tap sees, are neighbours
  index_t lines_of_phase = 0;         // places between those that differ by one
  index_t width = 0;                  // of the plane
  index_t left = 0;                   // the column under the first tap of the first output
  const direct_taps* taps = nullptr;  // of the kernel's first column: source is the place of a line
  index_t count = 0;
  index_t weight_step = 0;  // between the taps of a direct_taps
  index_t taps_w = 0;       // the kernel's columns,
  index_t taps_step = 0;    // which are so far apart in the plane
  const T* weight = nullptr;
  T bias = 0;
  gemm_epilogue<T> after = {};  // relu and clip
  const T* addend = nullptr;
  T* y = nullptr;
  index_t y_line = 0;
  index_t lines = 0;
  index_t columns = 0;
};

/// The kernels of the depthwise convolution, by lines and by the stride of columns, 1 or 2; null where there are none.
/// Their contract is in kernels/depthwise.inl.hpp.
template <class T>
struct depthwise_kernels {
  using function = void (*)(const depthwise_problem<T>& p);
  index_t heights[2];  // most lines of a call
  function lines[2][2];
};

/// Factors of a block of the direct gradient of a weight: lines of grad_output, which meet the lines [begin, end) of
/// the stretch of the image that a tile keeps.
inline constexpr index_t most_gradient_factors = 3;
template <class T>
struct direct_gradient_problem {
  const T* gradient[most_gradient_factors] = {};
  index_t begin[most_gradient_factors] = {};
  index_t end[most_gradient_factors] = {};
  index_t gradient_line = 0;
  index_t gradient_image = 0;
  const T* image[most_gradient_factors] = {};
  index_t image_line = 0;
  index_t image_image = 0;
  index_t images = 0;
  index_t columns = 0;
};

/// The kernels of the direct gradient of a weight; their contracts are in kernels/direct_gradient.inl.hpp.
template <class T>
struct direct_gradient_kernels {
  using function = void (*)(const direct_gradient_problem<T>& p, T* sums);
  index_t lanes;
  void (*copy_rows)(index_t rows, index_t n, index_t step, const T* x, index_t x_line, T* y, index_t y_line);
  function sums[most_gradient_factors][most_gradient_factors];  // by factors of grad_output, then of the image
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
