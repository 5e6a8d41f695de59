// A matrix product as the engine sees it: operands that are never built, a result that may lie scattered.
//
//     C(i, j) = finish([beta C(i, j) +] bias(i) + alpha * sum over p of A(i, p) * B(p, j))
//
// A is an array and two tables of offsets, one by row and one by column: element (i, p) is a[row(i) + column(p)]. (The
// tables are those of tensor contractions in TBLIS; Matthews, 2018.) B is a matrix, or the column matrix of an image,
// or the transpose of that; C's rows are lines, or go to places of their own. For a convolution i is an output channel,
// p a tap (channel, kernel row, kernel column) and j an output pixel.
#pragma once

#include <tenfold/detail/axis.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/optional_array.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// An index counted by three digits, outermost first: its offset is the sum of digit * stride.
struct digits {
  index_t extent[3] = {1, 1, 1};
  index_t stride[3] = {0, 0, 0};

  index_t offset(index_t i) const {
    if (affine()) return i * stride[2];  // divisions are a third of a small call
    return i / (extent[1] * extent[2]) * stride[0] + i / extent[2] % extent[1] * stride[1] + i % extent[2] * stride[2];
  }
  bool affine() const { return extent[0] == 1 && extent[1] == 1; }
  bool lines() const { return affine() && stride[2] == 1; }
};

inline digits affine_digits(index_t extent, index_t stride) { return {{1, 1, extent}, {0, 0, stride}}; }

/// Digits of one value left out.
inline digits make_digits(const index_t (&extent)[3], const index_t (&stride)[3]) {
  digits d;
  for (int from = 2, to = 2; from >= 0; --from)
    if (extent[from] != 1) {
      d.extent[to] = extent[from];
      d.stride[to--] = stride[from];
    }
  return d;
}

/// table[i] = d.offset(begin + i),   i < count
inline void fill_offsets(const digits& d, index_t begin, index_t count, index_t* table) {
  index_t last = d.affine() ? begin : begin % d.extent[2];
  for (index_t i = 0; i < count;) {
    const index_t base = d.offset(begin + i) - last * d.stride[2];
    for (; last < d.extent[2] && i < count; ++last, ++i) table[i] = base + last * d.stride[2];
    last = 0;
  }
}

/// An A that was packed before, by packed_layout. Row i of the product is its row first_row + i, column p its column
/// first_column + column.offset(p), which keeps blocks of KC whole.
template <class T>
struct packed_operand {
  optional_array<const T> data;
  index_t rows = 0;  // none where there is no such A; a plan need not have the data
  index_t group_stride = 0;
  index_t first_row = 0;
  index_t first_column = 0;
  digits column = {{1, 1, 1}, {0, 0, 1}};  // p itself
};

enum class operand_kind {
  matrix,  // B(p, j) = data[p * row + j * column]
  taps,    // rows are the taps (c, i, j) of an image, columns its points (y, x), with zeros around the image
  inside,  // the same where every tap of every point is inside and the points of a line are neighbours; by (i, j, c)
  points,  // rows are the points, of one image after the other, columns the taps (c, i, j): for sums over pixels
};

/// The operand B of one image and group.
template <class T>
struct right_operand {
  operand_kind kind = operand_kind::matrix;
  optional_array<const T> data;
  index_t row = 0;
  index_t column = 1;
  index_t channels = 0;
  index_t channel_stride = 0;
  axis h{};
  axis w{};
  index_t next_image = 0;  // points: from one image to the next

  /// Whether it is packed from a part of the image, padded with zeros.
  bool reads_tile() const { return kind == operand_kind::taps || (kind == operand_kind::points && !is_identity()); }
  /// Whether each point has one tap, its own pixel.
  bool is_identity() const { return h.is_identity() && w.is_identity(); }
  index_t taps() const { return h.taps * w.taps; }
};

template <class T>
right_operand<T> matrix_operand(optional_array<const T> data, index_t row, index_t column) {
  return {operand_kind::matrix, data, row, column, 0, 0, {}, {}, 0};
}

template <class T>
right_operand<T> image_operand(operand_kind kind, optional_array<const T> data, index_t channels,
                               index_t channel_stride, const axis& h, const axis& w) {
  return {kind, data, 0, 1, channels, channel_stride, h, w, 0};
}

/// Where the elements of C go: row i at row.offset(i), column j = (y, x) at y * line + x * step.
struct result_layout {
  digits row;
  index_t points_w = 1;
  index_t line = 0;
  index_t step = 1;
  // A transposed convolution's rows count the phases too, i = (.., ph, pw), and a phase may have one point less than
  // the first: (y, x) exists for it where ph + y * stride.h < rest.h, w likewise.
  bool ragged = false;
  hw phases = 1;
  hw stride = 1;
  hw rest = 0;

  /// Whether each row of so many columns is a line.
  bool direct(index_t n) const { return step == 1 && (line == points_w || n <= points_w) && !ragged && row.affine(); }
};

// KC: rows of B whose products are summed in registers before they are added to C. It alone decides the order of the
// additions, so it depends on nothing but k and the type. A panel of A, MR x KC floats, is 6 to 14 KiB and stays in L1
// while the panels of B stream past; sums of 256 terms added up also have half the error of one long sum. The more, the
// less often C is read and written: gemm, whose C is large, has 352 (1024 in blocks of 342 rather than 256: 1 %
// faster). The least blocks of avx512, (14 + 32) x 352 floats or (14 + 16) x 256 of 8 bytes, are 64 KB, all of the
// least workspace; a convolution's have to leave room for a tile of the image.
template <class T>
inline constexpr index_t image_kc = sizeof(T) == 8 ? 192 : 256;
template <class T>
inline constexpr index_t matrix_kc = sizeof(T) == 8 ? 256 : 352;

inline constexpr index_t largest_kc = 352;

/// The rows of every block but the last: equal shares rather than a small rest.
inline index_t equal_blocks(index_t k, index_t most) { return k <= most ? k : ceil_divide(k, ceil_divide(k, most)); }

template <class T>
struct matrix_product {
  index_t m = 0;
  index_t n = 0;
  index_t k = 0;
  index_t most_kc = image_kc<T>;
  index_t parts = 1;                // of k, equal ones: no block of KC belongs to two
  index_range terms{0, INT64_MAX};  // of k, those of a partial sum: whole blocks of KC

  T alpha = 1;
  T beta = 0;  // of 0, C is not read

  optional_array<const T> a;
  digits a_row;
  digits a_column;
  packed_operand<T> packed;  // instead of a, where it was packed before

  right_operand<T> b;

  optional_array<T> c;
  result_layout layout;

  optional_array<const T> bias;  // one for each `rows_per_bias` rows
  index_t rows_per_bias = 1;
  epilogue<T> after;

  // The same product for each image and each group of channels, this far apart.
  index_t images = 1;
  index_t groups = 1;
  index_t b_image_stride = 0;
  index_t c_image_stride = 0;
  index_t a_group_stride = 0;
  index_t b_group_stride = 0;
  index_t c_group_stride = 0;
  index_t bias_group_stride = 0;

  bool has_result() const { return m > 0 && n > 0 && images > 0; }
  bool a_packed() const { return packed.rows > 0; }
  bool direct() const { return layout.direct(n); }
  bool reads_tile() const { return k > 0 && b.reads_tile(); }
  index_t last_term() const { return (std::min)(k, terms.end); }
  index_t part() const { return parts == 1 ? k : k / parts; }
  index_t kc() const { return equal_blocks(part(), most_kc); }
  /// The rows of the block that begins with row p.
  index_t rows_of_block(index_t p) const {
    const index_t whole = part();
    return (std::min)(kc(), whole - (p < whole ? p : p % whole));
  }
};

/// A packed A: for each group, for each block of KC columns, for each panel of MR rows, (kc, its height) elements and a
/// vector of slack. The last panel is as high as the lowest tile that holds the rest.
class packed_layout {
 public:
  template <class T>
  packed_layout(const matrix_product<T>& g, const micro_kernels<T>& kernel, index_t rows)
      : rows_(kernel.padded_rows(rows)),
        slack_(ceil_divide(rows, kernel.mr) * kernel.lanes),
        mr_(kernel.mr),
        lanes_(kernel.lanes),
        kc_(std::max<index_t>(1, g.kc())),
        part_(std::max<index_t>(1, g.part())) {}

  /// Where the block that begins with column p lies in a group's; at the end, the elements of a group.
  index_t at(index_t p) const {
    const index_t blocks = p / part_ * ceil_divide(part_, kc_) + ceil_divide(p % part_, kc_);
    return rows_ * p + blocks * slack_;
  }
  /// From one panel of a block to the next.
  index_t panel(index_t depth) const { return depth * mr_ + lanes_; }

 private:
  index_t rows_, slack_, mr_, lanes_, kc_, part_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
