// grid_sample: images sampled at places that a grid says; gradients.
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

/// Which gradients of grid_sample to compute; what is left out is not looked at and comes back as an empty tensor.
struct grid_sample_wanted {
  bool input = true;
  bool grid = true;
};

/// The gradients of grid_sample.
template <element T>
struct grid_sample_gradients {
  tensor<T> grad_input;
  tensor<T> grad_grid;

  TENFOLD_TAG grid_sample_gradients() = default;
  TENFOLD_TAG grid_sample_gradients(tensor<T> input, tensor<T> grid)
      : grad_input(std::move(input)), grad_grid(std::move(grid)) {}
  TENFOLD_TAGGED_COPIES(grid_sample_gradients);
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

constexpr grid_sample_geometry check_grid_sample_backward(const shape& grad_output, const shape& input,
                                                          const shape& grid, const grid_sample_options& o) {
  const grid_sample_geometry g = check_grid_sample(input, grid, o);
  if (!(grad_output == g.output_shape))
    raise({"grid_sampler(): expected grad_output to have sizes ", g.output_shape, " but got grad_output with sizes ",
           grad_output});
  return g;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

/// Of floating-point numbers.
TENFOLD_SEAM(void, run_grid_sample, (g, input, grid, output, ctx), const plain::grid_sample_geometry& g, const T* input,
             const T* grid, T* output, const context& ctx)
/// dx and dgrid are null where they are not wanted.
TENFOLD_SEAM(void, run_grid_sample_backward, (g, dy, x, grid, dx, dgrid, ctx), const plain::grid_sample_geometry& g,
             const T* dy, const T* x, const T* grid, T* dx, T* dgrid, const context& ctx)

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

// ----------------------------------------------------------------------------------------------------------- gradients

namespace detail {

/// A result that is wanted, once its shape is checked; or null.
template <class T>
T* checked_gradient(bool wanted, const tensor_view<T>& view, const char* op, const char* name, const shape& expected) {
  if (!wanted) return nullptr;
  check_output_shape(op, name, expected, view.shape());
  return view.data();
}

}  // namespace detail

/// The bytes of workspace that grid_sample_backward_into needs: none.
template <tensor_like Input, tensor_like Grid>
index_t grid_sample_backward_workspace_bytes(const Input&, const Grid&, const grid_sample_options& = {},
                                             const grid_sample_wanted& = {}, const context& = default_context()) {
  return 0;
}

/// grid_sample_backward into tensors of these shapes, which may not overlap the others; those not wanted may be
/// anything.
template <tensor_like GradInput, tensor_like GradGrid, tensor_like GradOutput, tensor_like Input, tensor_like Grid>
  requires detail::same_floats<Input, Grid, GradOutput, GradInput, GradGrid>
void grid_sample_backward_into(GradInput&& grad_input, GradGrid&& grad_grid, const GradOutput& grad_output,
                               const Input& input, const Grid& grid, const grid_sample_options& options = {},
                               const grid_sample_wanted& wanted = {}, const context& ctx = default_context()) {
  using T = element_of<Input>;
  const auto dy = detail::const_view(grad_output), x = detail::const_view(input), places = detail::const_view(grid);
  const auto g = detail::check_grid_sample_backward(dy.shape(), x.shape(), places.shape(), options);
  const char* const op = "grid_sample_backward";
  T* const dx = detail::checked_gradient<T>(wanted.input, as_view(grad_input), op, "grad_input", x.shape());
  T* const dgrid = detail::checked_gradient<T>(wanted.grid, as_view(grad_grid), op, "grad_grid", places.shape());
  detail::seam::run_grid_sample_backward<T>(g, dy.data(), x.data(), places.data(), dx, dgrid, ctx);
}

/// The gradients of grid_sample, as torch.ops.aten.grid_sampler_2d_backward.
///
///     grad_input[n, c, h, w]   = sum of grad_output[n, c, i, j] * the weight of that pixel, over the outputs that read
///     it grad_grid[n, i, j, 0]    = W / 2 * sum over c of grad_output[n, c, i, j] * the slope of input[n, c] along its
///     row,
///                                with align_corners (W - 1) / 2
///     grad_grid[n, i, j, 1]    likewise along its column
///
/// Of the nearest pixel grad_grid is 0, and so it is where border or reflection bring a place to the edge, NaN too, of
/// which PyTorch crashes; a reflection turns its sign. Pixels collect their outputs in an order that the shape alone
/// decides, and grad_grid adds channels in order: |error| <= gamma_n sum |terms|, n the number of terms and the
/// roundings of one.
///
/// grad_output (N, C, OH, OW)
/// input, grid, options as in grid_sample
/// wanted      which of them to compute
/// returns     {grad_input, grad_grid}, of the shapes of input and grid; empty where not wanted
/// throws      tenfold::error in PyTorch's words; every check comes before the first write
/// source      detail/kernels/grid_sample.inl.hpp
template <tensor_like GradOutput, tensor_like Input, tensor_like Grid>
  requires detail::same_floats<Input, Grid, GradOutput> grid_sample_gradients<element_of<Input>> grid_sample_backward(
      const GradOutput& grad_output, const Input& input, const Grid& grid, const grid_sample_options& options = {},
      const grid_sample_wanted& wanted = {}, const context& ctx = default_context()) {
    using T = element_of<Input>;
    const shape x = detail::const_view(input).shape(), places = detail::const_view(grid).shape();
    detail::check_grid_sample_backward(detail::const_view(grad_output).shape(), x, places, options);
    grid_sample_gradients<T> made(wanted.input ? tensor<T>::uninitialized(x) : tensor<T>(shape{0}),
                                  wanted.grid ? tensor<T>::uninitialized(places) : tensor<T>(shape{0}));
    grid_sample_backward_into(made.grad_input, made.grad_grid, grad_output, input, grid, options, wanted, ctx);
    return made;
  }

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

#if !defined(TENFOLD_COMPILED)
#include <tenfold/detail/run/grid_sample.hpp>
#endif
