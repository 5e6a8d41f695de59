// grid_sample: images sampled at places that a grid says.
#pragma once

#include <tenfold/detail/geometry.hpp>
#include <tenfold/detail/plane_geometry.hpp>
#include <tenfold/detail/seam.hpp>

namespace tenfold::inline v0 {

using plain::grid_mode;
using plain::grid_padding;

/// torch's settings of grid_sample, of whose modes bicubic is missing.
struct grid_sample_options {
  grid_mode mode = grid_mode::bilinear;
  /// What lies outside the image: zeros, the pixels of the edge, or the image reflected as often as needed.
  grid_padding padding_mode = grid_padding::zeros;
  /// Whether -1 and 1 are the middles of the outermost pixels, rather than the image's edges.
  bool align_corners = false;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// The checks of grid_sample in PyTorch's order; of more dimensions than 4, which it has too, only those.
constexpr grid_sample_geometry check_grid_sample(const shape& input, const shape& grid, const grid_sample_options& o) {
  check_not_negative(input);
  check_not_negative(grid);
  if (input.empty() || grid.empty()) raise("Dimension specified as 0 but tensor has no dimensions");
  if (input[0] != grid[0])
    raise({"grid_sampler(): expected grid and input to have same batch size, but got input with sizes ", input,
           " and grid with sizes ", grid});
  if (grid[grid.size() - 1] != static_cast<index_t>(input.size()) - 2)
    raise({"grid_sampler(): expected grid to have size ", static_cast<index_t>(input.size()) - 2,
           " in last dimension, but got grid with sizes ", grid});
  for (std::size_t d = 2; d < input.size(); ++d)
    if (input[d] == 0)
      raise({"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes ", input,
             " with dimension ", d, " being empty"});
  if (input.size() != 4 || grid.size() != 4) {
    if (input.size() == 5 && grid.size() == 5)
      raise({"grid_sample: expected an input of 4 dimensions, but got one of shape ", input});
    raise({"grid_sampler(): expected ", input.size() == 4 ? 4 : 5,
           "D input and grid with same number of dimensions, but got input with sizes ", input, " and grid with sizes ",
           grid});
  }
  grid_sample_geometry g;
  g.batch = input[0];
  g.channels = input[1];
  g.in = last_two(input);
  g.out = {grid[1], grid[2]};
  g.mode = o.mode;
  g.padding = o.padding_mode;
  g.align_corners = o.align_corners;
  g.output_shape = {input[0], input[1], grid[1], grid[2]};
  return g;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

/// Of floating-point numbers.
TENFOLD_SEAM(void, run_grid_sample, (g, input, grid, output, ctx), const plain::grid_sample_geometry& g, const T* input,
             const T* grid, T* output, const context& ctx)

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// The shape that grid_sample gives, or the error that it raises; usable at compile time.
constexpr shape grid_sample_output_shape(const shape& input, const shape& grid,
                                         const grid_sample_options& options = {}) {
  return detail::check_grid_sample(input, grid, options).output_shape;
}

/// The bytes of workspace that grid_sample_into needs: none.
template <tensor_like Input, tensor_like Grid>
index_t grid_sample_workspace_bytes(const Input&, const Grid&, const grid_sample_options& = {},
                                    const context& = default_context()) {
  return 0;
}

/// grid_sample into a tensor of the right shape, which may not overlap the others.
template <tensor_like Output, tensor_like Input, tensor_like Grid>
  requires std::floating_point<element_of<Input>> && std::same_as<element_of<Output>, element_of<Input>> &&
      std::same_as<element_of<Grid>, element_of<Input>>
void grid_sample_into(Output&& output, const Input& input, const Grid& grid, const grid_sample_options& options = {},
                      const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto places = detail::const_view(grid);
  const auto g = detail::check_grid_sample(x.shape(), places.shape(), options);
  detail::check_output_shape("grid_sample", "output", g.output_shape, as_view(output).shape());
  if (as_view(output).size() == 0) return;
  detail::seam::run_grid_sample<element_of<Input>>(g, x.data(), places.data(), as_view(output).data(), ctx);
}

/// Sampling at given places, as torch.nn.functional.grid_sample.
///
///     output[n, c, i, j] = input[n, c] at row y and column x, between the pixels (bilinear) or at the nearest one
///     x = ((grid[n, i, j, 0] + 1) W - 1) / 2, or with align_corners (grid[n, i, j, 0] + 1) (W - 1) / 2
///     y likewise of grid[n, i, j, 1] and H
///
/// With zeros a pixel outside the image is 0 and NaN in the grid gives NaN, or 0 where the nearest pixel is taken; with
/// border and reflection it is the first row or column. Of two nearest pixels the one of even number is taken.
///
/// input   (N, C, H, W), floating-point numbers; H and W not 0
/// grid    (N, OH, OW, 2)
/// returns (N, C, OH, OW)
/// throws  tenfold::error in PyTorch's words; volumes, which it samples too, are refused; every check comes before the
///         first write
/// source  detail/kernels/grid_sample.inl.hpp
template <tensor_like Input, tensor_like Grid>
  requires std::floating_point<element_of<Input>> && std::same_as<element_of<Grid>, element_of<Input>>
      tensor<element_of<Input>> grid_sample(const Input& input, const Grid& grid,
                                            const grid_sample_options& options = {},
                                            const context& ctx = default_context()) {
    auto output = tensor<element_of<Input>>::uninitialized(
        detail::check_grid_sample(detail::const_view(input).shape(), detail::const_view(grid).shape(), options)
            .output_shape);
    grid_sample_into(output, input, grid, options, ctx);
    return output;
  }

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/grid_sample.hpp>
#endif
