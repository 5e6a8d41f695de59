// Which dimensions of a tensor an operation reduces -> plain int64s.
#pragma once

#include <tenfold/detail/geometry.hpp>

namespace tenfold::inline v0 {

/// Dimensions by their numbers, as torch's `dim` takes them: one, or a list; negative ones count from the last.
class dim_list {
 public:
  template <std::integral One>
  TENFOLD_TAG constexpr dim_list(One one)  // NOLINT(google-explicit-constructor)
      : numbers_{static_cast<index_t>(one)} {}
  TENFOLD_TAG constexpr dim_list(std::initializer_list<index_t> numbers)  // NOLINT(google-explicit-constructor)
      : numbers_(numbers) {}
  TENFOLD_TAG constexpr explicit dim_list(std::span<const index_t> numbers) : numbers_(numbers) {}

  TENFOLD_TAG constexpr const index_t* begin() const { return numbers_.begin(); }
  TENFOLD_TAG constexpr const index_t* end() const { return numbers_.end(); }
  TENFOLD_TAG constexpr bool empty() const { return numbers_.empty(); }

 private:
  shape numbers_;  // a list of up to 8 numbers
};

namespace plain {

/// A tensor (kept[0], reduced[0], kept[1], reduced[1], ... ) of which the reduced dimensions are gone in the result.
/// Neighbours of a kind are one dimension, so 8 make at most 5 such pairs.
struct reduction_geometry {
  static constexpr int most = 5;
  index_t kept[most] = {1, 1, 1, 1, 1};
  index_t reduced[most] = {1, 1, 1, 1, 1};
  int pairs = 1;
  index_t outputs = 1;  // the product of those that are kept
  index_t terms = 1;    // and of the others
  shape output_shape;
};

/// The lines along one dimension: a tensor (outer, length, inner).
struct line_geometry {
  index_t outer = 1;
  index_t length = 1;
  index_t inner = 1;
};

/// What a normalisation goes through: `lines` of `length` elements that have their moments in common, in pieces of a
/// channel each; or, where `each`, every place of a line has a weight of its own.
struct normalization_geometry {
  index_t lines = 0;
  index_t length = 1;
  index_t piece = 1;
  index_t channels = 1;
  bool each = false;
};

/// Of a batch norm; weight and bias may be null.
template <class T>
struct batch_norm_arrays {
  const T* mean;
  const T* var;
  const T* weight;
  const T* bias;
};

/// What the gradient of a normalisation goes through: a tensor (images, groups, pieces, piece), whose weight is
/// (groups, pieces). The elements of a group of an image have their moments in common; or, where `by_places`, of the
/// only group those at each place of the pieces; or the moments are given, for each group.
struct normalization_gradient_geometry {
  index_t images = 0;
  index_t groups = 1;
  index_t pieces = 1;
  index_t piece = 1;
  bool by_places = false;
};

/// mean and var are null where they are the line's own; weight may be null, and so are results that are not wanted.
template <class T>
struct normalization_gradient_arrays {
  const T* grad_output;
  const T* input;
  const T* mean;
  const T* var;
  const T* weight;
  T* grad_input;
  T* grad_weight;
  T* grad_bias;
};

/// How a gradient of a normalisation goes through its tensor: piece by piece, by rows of pieces of one element, the
/// same with moments that are given, or by places.
enum class normalization_walk { pieces, rows, given_rows, places };

enum class softmax_kind { softmax, log_softmax, softmax_backward, log_softmax_backward };

}  // namespace plain
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

using plain::batch_norm_arrays;
using plain::line_geometry;
using plain::normalization_geometry;
using plain::normalization_gradient_arrays;
using plain::normalization_gradient_geometry;
using plain::normalization_walk;
using plain::reduction_geometry;
using plain::softmax_kind;

/// The reduction of all dimensions where the list is empty.
constexpr reduction_geometry check_reduction(const shape& input, const dim_list& dims, bool keepdim) {
  bool reduces[shape::max_rank] = {};
  for (const index_t dim : dims) {
    const std::size_t d = wrapped_dim(dim, input.size());
    if (reduces[d]) raise({"dim ", d, " appears multiple times in the list of dims"});
    reduces[d] = true;
  }
  reduction_geometry g;
  index_t sizes[shape::max_rank] = {};
  std::size_t rank = 0;
  for (std::size_t d = 0; d < input.size(); ++d) {
    const bool reduced = dims.empty() || reduces[d];
    if (!reduced || keepdim) sizes[rank++] = reduced ? 1 : input[d];
  }
  g.output_shape = shape(std::span<const index_t>(sizes, rank));
  g.outputs = g.output_shape.elements();
  if (input.elements() == 0) {  // no memory stands behind the other sizes
    g.terms = 0;
    return g;
  }
  for (std::size_t d = 0; d < input.size(); ++d) {
    if (input[d] == 1) continue;
    if (dims.empty() || reduces[d]) {
      g.reduced[g.pairs - 1] *= input[d];
      g.terms *= input[d];
    } else {
      if (g.reduced[g.pairs - 1] != 1) ++g.pairs;
      g.kept[g.pairs - 1] *= input[d];
    }
  }
  return g;
}

/// (outer, length, inner) of a tensor whose elements are counted already; all 0 where there are none.
constexpr line_geometry lines_of(const shape& input, std::size_t dim) {
  if (input.elements() == 0) return {0, 0, 0};
  line_geometry g;
  for (std::size_t d = 0; d < input.size(); ++d) (d < dim ? g.outer : d == dim ? g.length : g.inner) *= input[d];
  return g;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
