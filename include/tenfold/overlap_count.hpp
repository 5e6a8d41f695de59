// overlap_count: how evenly a transposed convolution covers its output.
#pragma once

#include <tenfold/conv_transpose2d.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// Of one dimension with `out` outputs, into count (out): tap t adds one to every stride-th output from dilation * t -
/// padding on, as long as there are pixels. So each output differs from the one a stride before by the taps that begin
/// and end there.
inline void count_overlaps(index_t in, index_t out, index_t kernel, index_t stride, index_t padding, index_t dilation,
                           index_t* count) {
  for (index_t t = 0; t < kernel; ++t) {
    const index_t origin = t * dilation - padding;
    const index_t first = origin < 0 ? ceil_divide(-origin, stride) : 0;
    if (first >= in || origin + first * stride >= out) continue;
    const index_t last = (std::min)(in - 1, (out - 1 - origin) / stride);
    ++count[origin + first * stride];
    const index_t end = origin + last * stride;
    if (out - end > stride) --count[end + stride];
  }
  for (index_t o = stride; o < out; ++o) count[o] += count[o - stride];
}

}  // namespace detail

/// How many products each output of a conv_transpose2d is the sum of, of one input channel.
///
///     count[oh, ow] = the number of ih, iw, i, j with oh = ih * stride.h - padding.h + i * dilation.h, ow likewise
///
/// Where neighbours differ away from the edges the operation tends to draw a chequered pattern: kernel_size a multiple
/// of stride is even.
///
/// input_size  the input's height and width
/// returns     (OH, OW), the output's height and width
/// throws      tenfold::error for what conv_transpose2d refuses, in its words
/// source      Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts, 2016
inline tensor<index_t> overlap_count(const hw& kernel_size, const conv_transpose2d_options& options,
                                     const hw& input_size) {
  const index_t groups = (std::max)(options.groups, index_t{1});
  const auto g = detail::check_conv_transpose2d({1, groups, input_size.h, input_size.w},
                                                {groups, 1, kernel_size.h, kernel_size.w}, std::nullopt, options);
  tensor<index_t> rows({g.out.h}), columns({g.out.w});
  detail::count_overlaps(g.in.h, g.out.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h, rows.data());
  detail::count_overlaps(g.in.w, g.out.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w, columns.data());
  auto count = tensor<index_t>::uninitialized({g.out.h, g.out.w});
  for (index_t h = 0; h < g.out.h; ++h)
    for (index_t w = 0; w < g.out.w; ++w) count.data()[h * g.out.w + w] = rows.data()[h] * columns.data()[w];
  return count;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
