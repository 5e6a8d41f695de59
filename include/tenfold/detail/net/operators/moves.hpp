// Operations of a net that move elements, whatever their type, or only call their memory by another shape.
#pragma once

#include <tenfold/cat.hpp>
#include <tenfold/detail/broadcast.hpp>
#include <tenfold/detail/net/operators/types.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/pad.hpp>
#include <tenfold/permute.hpp>
#include <tenfold/pixel_shuffle.hpp>

#include <algorithm>  // find

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

inline shape shape_from(std::span<const index_t> sizes) { return shape(sizes); }

/// Output 0 is the input by another shape.
inline void plan_as_shape(planning& p, const shape& s) {
  p.output(s, p.type_of(0));
  p.view_of(0);
}

/// y[sum of i[d] * to[d]] = x[x_begin + sum of i[d] * from[d]] of elements of any type, as the run of a node.
inline runner move_runner(const strided_move& m, index_t x_begin) {
  return [m, x_begin](const call& c) {
    with_unit(c.any_input().type(), [&]<class U>(U) {
      move_elements(m, static_cast<const U*>(c.any_input().data()) + x_begin, static_cast<U*>(c.output_bytes()), c.ctx);
    });
  };
}

inline void plan_identity(planning& p) { plan_as_shape(p, p.shape_of(0)); }

inline void plan_reshape(planning& p) {
  std::vector<index_t> wanted = p.elements_of(1);
  const shape& x = p.shape_of(0);
  if (!p.flag("allowzero"))
    for (std::size_t d = 0; d < wanted.size(); ++d)
      if (wanted[d] == 0) {
        if (d >= x.size()) raise({"reshape: size 0 at dimension ", d, " stands for one that ", x, " does not have"});
        wanted[d] = x[d];
      }
  plan_as_shape(p, reshape_output_shape(x, shape_from(wanted)));
}

inline void plan_flatten(planning& p) {
  plan_as_shape(p, flatten_output_shape(p.shape_of(0), p.integer("start_dim", 0), p.integer("end_dim", -1)));
}

inline void plan_onnx_flatten(planning& p) {
  const shape& x = p.shape_of(0);
  const index_t rank = static_cast<index_t>(x.size()), dim = p.integer("dim", 1);
  if (dim < -rank || dim > rank) raise({"onnx_flatten: there is no dimension ", dim, " in ", x});
  index_t before = 1, behind = 1;
  for (index_t d = 0; d < rank; ++d) {
    index_t& product = d < (dim < 0 ? dim + rank : dim) ? before : behind;
    product = checked_multiply(product, x[static_cast<std::size_t>(d)]);
  }
  plan_as_shape(p, {before, behind});
}

/// The dimensions of a list, each once, in a tensor of that rank.
inline std::vector<bool> marked_dims(const std::vector<index_t>& dims, std::size_t rank) {
  std::vector<bool> marked(rank);
  for (const index_t dim : dims) {
    const std::size_t d = wrapped_dim(dim, rank);
    if (marked[d]) raise({"dim ", d, " appears multiple times in the list of dims"});
    marked[d] = true;
  }
  return marked;
}

inline void plan_squeeze(planning& p) {
  const shape& x = p.shape_of(0);
  const std::vector<index_t> dims = p.elements_of(1, "dims");
  const std::vector<bool> marked = marked_dims(dims, x.size());
  std::vector<index_t> left;
  for (std::size_t d = 0; d < x.size(); ++d) {
    const bool goes = dims.empty() ? x[d] == 1 : marked[d];
    if (goes && x[d] != 1) raise({"squeeze: dimension ", d, " of ", x, " is not of size 1"});
    if (!goes) left.push_back(x[d]);
  }
  plan_as_shape(p, shape_from(left));
}

inline void plan_unsqueeze(planning& p) {
  const shape& x = p.shape_of(0);
  const std::vector<index_t> dims = p.elements_of(1, "dims");
  const std::size_t rank = x.size() + dims.size();
  if (rank > shape::max_rank) raise({"a shape has at most 8 dimensions, but got ", rank});
  const std::vector<bool> marked = marked_dims(dims, rank);
  std::vector<index_t> sizes;
  std::size_t from = 0;
  for (std::size_t d = 0; d < rank; ++d) sizes.push_back(marked[d] ? 1 : x[from++]);
  plan_as_shape(p, shape_from(sizes));
}

inline void plan_permute(planning& p) {
  const shape& x = p.shape_of(0);
  std::vector<index_t> dims = p.integers("dims");
  if (!p.sets("dims"))
    for (std::size_t d = x.size(); d-- > 0;) dims.push_back(static_cast<index_t>(d));
  const shape order = checked_permutation(x, shape_from(dims));
  const shape y = permuted(x, order);
  if (y.elements() == 0) return p.output(y, p.type_of(0));
  const steps_of from(x), to(y);
  strided_move m;
  for (std::size_t d = 0; d < y.size(); ++d) m.add(y[d], from[static_cast<std::size_t>(order[d])], to[d]);
  p.output(y, p.type_of(0));
  const strided_move whole = collapsed(m);
  if (whole.rank == 0 || (whole.rank == 1 && whole.from[0] == 1)) return p.view_of(0);
  p.run(move_runner(m, 0));
}

// ------------------------------------------------------------------------------------------------------- cat, split

inline void plan_cat(planning& p) {
  const std::size_t count = p.input_count();
  for (std::size_t i = 1; i < count; ++i) check_same_type(p, 0, i);
  const cat_geometry g = check_cat(count, p.integer("dim", 0), [&](std::size_t i) { return p.shape_of(i); });
  p.output(g.output_shape, p.type_of(0));
  index_t outer = 1;
  for (std::size_t d = 0; d < g.dim; ++d) outer = checked_multiply(outer, g.output_shape[d]);
  p.plan.is_cat_of_outer_1 = outer == 1;
  p.run([g](const call& c) {
    with_unit(c.any_input().type(), [&]<class U>(U) {
      U* y = static_cast<U*>(c.output_bytes());
      if (g.output_shape.elements() == 0) return;
      const steps_of to(g.output_shape);
      for (std::size_t i = 0; i < c.input_count(); ++i) {
        const tensor_view<const U> part = units<U>(c.any_input(i));
        if (part.size() == 0) continue;
        if (part.data() != y) move_box(part.shape(), steps_of(part.shape()), to, part.data(), y, c.ctx);
        y += part.shape()[g.dim] * to[g.dim];
      }
    });
  });
}

/// The sizes of a split's parts.
inline std::vector<index_t> split_sizes(const planning& p, const shape& x, index_t dim) {
  if (p.has(1)) return p.elements_of(1);
  const index_t size = x[wrapped_dim(dim, x.size())], parts = static_cast<index_t>(p.output_count());
  const index_t each = p.sets("split_size") ? p.integer("split_size", 0) : ceil_divide(size, parts);
  check_split(x, each, dim);
  std::vector<index_t> sizes;
  for (index_t left = size; left > 0 || sizes.empty(); left -= sizes.back()) sizes.push_back((std::min)(each, left));
  return sizes;
}

inline void plan_split(planning& p) {
  const shape& x = p.shape_of(0);
  const index_t dim = p.integer("dim", 0);
  const std::vector<index_t> sizes = split_sizes(p, x, dim);
  check_split(x, std::span<const index_t>(sizes), dim);
  if (sizes.size() != p.output_count())
    raise({"split makes ", sizes.size(), " parts, but has ", p.output_count(), " outputs"});
  const std::size_t d = wrapped_dim(dim, x.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    shape part = x;
    part[d] = sizes[i];
    p.output(i, part, p.type_of(0));
  }
  if (x.elements() == 0) return;
  index_t outer = 1, line = 1, begin = 0;
  for (std::size_t i = 0; i < x.size(); ++i) (i < d ? outer : line) *= i == d ? 1 : x[i];
  for (std::size_t i = 0; outer == 1 && i < sizes.size(); begin += sizes[i++]) p.view_of(0, i, begin * line);
  if (outer == 1) return;
  p.run([sizes, d](const call& c) {
    with_unit(c.any_input().type(), [&]<class U>(U) {
      const tensor_view<const U> whole = units<U>(c.any_input());
      const steps_of from(whole.shape());
      const U* at = whole.data();
      for (std::size_t i = 0; i < sizes.size(); at += sizes[i++] * from[d]) {
        if (!c.wants(i) || sizes[i] == 0) continue;
        const tensor_view<U> y = output_units<U>(c, i);
        move_box(y.shape(), from, steps_of(y.shape()), at, y.data(), c.ctx);
      }
    });
  });
}

// ------------------------------------------------------------------------------------------------------------ slice

/// One dimension of ONNX's Slice: `count` places from `begin` on, `step` apart.
struct sliced_line {
  index_t begin, step, count;
};

inline sliced_line slice_line(index_t size, index_t start, index_t end, index_t step) {
  if (step == 0) raise("slice step cannot be zero");
  const auto inside = [size](index_t place, index_t least, index_t most) {
    if (place < 0) place = place < -size ? -1 : place + size;
    return (std::min)((std::max)(place, least), most);
  };
  if (step > 0) {
    const index_t begin = inside(start, 0, size), behind = inside(end, 0, size);
    return {begin, step, behind > begin ? ceil_divide(behind - begin, step) : 0};
  }
  const index_t begin = inside(start, -1, size - 1), behind = inside(end, -1, size - 1);
  // A step of -2^63 has no opposite; it leaves one place, as any that long.
  const index_t down = step == INT64_MIN ? INT64_MAX : -step;
  return {begin, step, begin > behind ? ceil_divide(begin - behind, down) : 0};
}

inline void plan_slice(planning& p) {
  const shape& x = p.shape_of(0);
  const std::vector<index_t> starts = p.elements_of(1, "starts"), ends = p.elements_of(2, "ends");
  std::vector<index_t> dims = p.elements_of(3, "dims"), steps = p.elements_of(4, "steps");
  if (dims.empty())
    for (std::size_t i = 0; i < starts.size(); ++i) dims.push_back(static_cast<index_t>(i));
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || dims.size() != starts.size() || steps.size() != starts.size())
    raise({"slice: ", starts.size(), " starts, ", ends.size(), " ends, ", dims.size(), " dims and ", steps.size(),
           " steps"});
  marked_dims(dims, x.size());
  shape y = x;
  sliced_line lines[shape::max_rank];
  for (std::size_t d = 0; d < x.size(); ++d) lines[d] = {0, 1, x[d]};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const std::size_t d = wrapped_dim(dims[i], x.size());
    lines[d] = slice_line(x[d], starts[i], ends[i], steps[i]);
    y[d] = lines[d].count;
  }
  p.output(y, p.type_of(0));
  if (y.elements() == 0) return;
  const steps_of from(x), to(y);
  strided_move m;
  index_t begin = 0;
  for (std::size_t d = 0; d < x.size(); ++d) {
    begin += lines[d].begin * from[d];
    m.add(y[d], y[d] > 1 ? lines[d].step * from[d] : from[d], to[d]);
  }
  const strided_move whole = collapsed(m);
  if (whole.rank == 0 || (whole.rank == 1 && whole.from[0] == 1)) return p.view_of(0, 0, begin);
  p.run(move_runner(m, begin));
}

// ---------------------------------------------------------------------------------------------- expand, tile, gather

/// The move that repeats x to a shape of which it has the sizes or 1, or lacks the first dimensions.
inline strided_move repeated(const shape& x, const shape& s) {
  const steps_of from(x), to(s);
  strided_move m;
  for (std::size_t d = 0; d < s.size(); ++d) {
    const bool is_there = d + x.size() >= s.size();
    const std::size_t e = d + x.size() - s.size();
    m.add(s[d], is_there && x[e] != 1 ? from[e] : 0, to[d]);
  }
  return m;
}

inline void plan_expand(planning& p) {
  const std::vector<index_t> sizes = p.elements_of(1);
  const shape wanted = shape_from(sizes);
  check_not_negative(wanted);
  const shape& x = p.shape_of(0);
  const shape y = broadcast_shape(x, wanted);
  p.output(y, p.type_of(0));
  if (y == x) return p.view_of(0);
  if (y.elements() != 0) p.run(move_runner(repeated(x, y), 0));
}

/// A dimension of n repeated r times is (r, n), of which the first is a step of 0.
inline void plan_tile(planning& p) {
  const shape& x = p.shape_of(0);
  const std::vector<index_t> repeats = p.elements_of(1);
  if (repeats.size() != x.size()) raise({"tile: ", repeats.size(), " repeats of a tensor of ", x});
  shape y = x;
  for (std::size_t d = 0; d < x.size(); ++d) {
    if (repeats[d] < 0) raise({"tile: negative repeats ", repeats[d]});
    y[d] = checked_multiply(x[d], repeats[d]);
  }
  p.output(y, p.type_of(0));
  if (y == x) return p.view_of(0);
  if (y.elements() == 0) return;
  std::size_t rank = x.size();
  for (const index_t repeat : repeats) rank += repeat > 1;
  if (rank > shape::max_rank) raise({"tile: ", rank - x.size(), " repeats of a tensor of ", x, " are too many"});
  const steps_of from(x), to(y);
  strided_move m;
  for (std::size_t d = 0; d < x.size(); ++d) {
    if (repeats[d] > 1) m.add(repeats[d], 0, x[d] * to[d]);
    m.add(x[d], from[d], to[d]);
  }
  p.run(move_runner(m, 0));
}

template <class U>
void run_gather(const call& c, std::size_t dim, std::span<const index_t> indices) {
  const tensor_view<const U> x = units<U>(c.any_input());
  const steps_of from(x.shape());
  const index_t size = x.shape()[dim], line = from[dim], count = static_cast<index_t>(indices.size());
  const index_t outer = x.size() / (size * line);
  const auto bytes = static_cast<std::size_t>(line) * sizeof(U);
  U* y = static_cast<U*>(c.output_bytes());
  parallel_ranges(c.ctx, outer * count, 0.2 * static_cast<double>(bytes) + 5, [&](index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i) {
      const index_t at = indices[static_cast<std::size_t>(i % count)];
      std::memcpy(y + i * line, x.data() + ((i / count) * size + (at < 0 ? at + size : at)) * line, bytes);
    }
  });
}

inline void check_gathered(std::span<const index_t> indices, index_t size) {
  for (const index_t i : indices)
    if (i < -size || i >= size) raise({"gather: index ", i, " is out of range for a dimension of size ", size});
}

inline void plan_gather(planning& p) {
  const shape& x = p.shape_of(0);
  const shape& at = p.shape_of(1);
  const std::size_t dim = wrapped_dim(p.integer("dim", 0), x.size());
  if (x.empty()) raise("gather: it takes a tensor with dimensions");
  if (p.type_of(1) != dtype::int64 && p.type_of(1) != dtype::int32)
    raise({"gather: the indices are of ", name_of(p.type_of(1))});
  std::vector<index_t> sizes(x.begin(), x.begin() + dim);
  sizes.insert(sizes.end(), at.begin(), at.end());
  sizes.insert(sizes.end(), x.begin() + dim + 1, x.end());
  const shape y = shape_from(sizes);
  p.output(y, p.type_of(0));
  if (y.elements() == 0) return;
  p.run([dim](const call& c) {
    std::vector<index_t> wide;
    std::span<const index_t> indices;
    if (c.any_input(1).type() == dtype::int64) {
      const auto view = c.input<index_t>(1);
      indices = {view.data(), static_cast<std::size_t>(view.size())};
    } else {
      const auto view = c.input<std::int32_t>(1);
      wide.assign(view.data(), view.data() + view.size());
      indices = wide;
    }
    check_gathered(indices, c.any_input().shape()[dim]);
    with_unit(c.any_input().type(), [&]<class U>(U) { run_gather<U>(c, dim, indices); });
  });
}

// -------------------------------------------------------------------------------------------------------------- pad

inline pad_mode pad_mode_of(const std::string& name) {
  if (name == "constant") return pad_mode::constant;
  if (name == "reflect") return pad_mode::reflect;
  if (name == "replicate") return pad_mode::replicate;
  if (name == "circular") return pad_mode::circular;
  raise({"attribute mode: there is no padding that is called ", name});
}

/// PyTorch's list, from the last dimension on, of ONNX's, which has all begins and then all ends.
inline std::vector<index_t> torch_pads(const planning& p, const shape& x) {
  const std::vector<index_t> given = p.elements_of(1, "pads");
  std::vector<index_t> dims = p.elements_of(3, "dims");
  if (dims.empty())
    for (std::size_t d = 0; d < x.size(); ++d) dims.push_back(static_cast<index_t>(d));
  if (given.size() != 2 * dims.size()) raise({"pad: ", given.size(), " pads for ", dims.size(), " dimensions"});
  marked_dims(dims, x.size());
  std::vector<index_t> pads(2 * x.size(), 0);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const std::size_t from_end = x.size() - 1 - wrapped_dim(dims[i], x.size());
    pads[2 * from_end] = given[i];
    pads[2 * from_end + 1] = given[i + dims.size()];
  }
  while (pads.size() > 2 && pads[pads.size() - 1] == 0 && pads[pads.size() - 2] == 0) pads.resize(pads.size() - 2);
  return pads;
}

inline void plan_pad(planning& p) {
  const shape& x = p.shape_of(0);
  const pad_mode mode = pad_mode_of(p.text("mode", "constant"));
  std::vector<index_t> pads = x.empty() ? std::vector<index_t>() : torch_pads(p, x);
  bool pads_none = true;
  for (const index_t side : pads) pads_none = pads_none && side == 0;
  if (pads_none) return plan_as_shape(p, x);
  const double value = p.has(2) ? p.number_of(2) : p.number("value", 0);
  p.output(pad_output_shape(x, pads, mode), p.type_of(0));
  p.run([pads, mode, value](const call& c) {
    with_number(c.any_input().type(), [&]<class T>(T) {
      pad_into(c.output<T>(), c.input<T>(), std::span<const index_t>(pads), mode, static_cast<T>(value), c.ctx);
    });
  });
}

// --------------------------------------------------------------------------------------------------------- shuffles

template <auto Shape, auto Into>
void plan_shuffle(planning& p, index_t factor) {
  p.output(Shape(p.shape_of(0), factor), p.type_of(0));
  p.run([factor](const call& c) {
    with_unit(c.any_input().type(),
              [&]<class U>(U) { Into(output_units<U>(c), units<U>(c.any_input()), factor, c.ctx); });
  });
}

inline constexpr auto into_pixel_shuffle = [](const auto&... all) { pixel_shuffle_into(all...); };
inline constexpr auto into_pixel_unshuffle = [](const auto&... all) { pixel_unshuffle_into(all...); };
inline constexpr auto into_channel_shuffle = [](const auto&... all) { channel_shuffle_into(all...); };

inline void plan_pixel_shuffle(planning& p) {
  plan_shuffle<pixel_shuffle_output_shape, into_pixel_shuffle>(p, p.integer("upscale_factor", 0));
}
inline void plan_pixel_unshuffle(planning& p) {
  plan_shuffle<pixel_unshuffle_output_shape, into_pixel_unshuffle>(p, p.integer("downscale_factor", 0));
}
inline void plan_channel_shuffle(planning& p) {
  plan_shuffle<channel_shuffle_output_shape, into_channel_shuffle>(p, p.integer("groups", 0));
}

inline index_t block_size_of(const planning& p, const shape& x) {
  const index_t b = p.integer("block_size", 0);
  if (x.size() != 4) raise({"it takes a tensor (N, C, H, W), but got ", x});
  if (b < 1) raise({"block_size has to be at least 1, but is ", b});
  return b;
}

/// dcr: (n, b, b, c, h, w) -> (n, c, h, b, w, b).
inline void plan_depth_to_space(planning& p) {
  const shape& x = p.shape_of(0);
  const index_t b = block_size_of(p, x);
  const std::string mode = p.text("mode", "dcr");
  if (mode == "crd") return plan_shuffle<pixel_shuffle_output_shape, into_pixel_shuffle>(p, b);
  if (mode != "dcr") raise({"attribute mode: there is no order that is called ", mode});
  const index_t square = checked_multiply(b, b);
  if (x[1] % square != 0) raise({"depth_to_space: ", x[1], " channels are not a multiple of ", square});
  const index_t c = x[1] / square, h = x[2], w = x[3], out_w = checked_multiply(w, b);
  const shape y{x[0], c, checked_multiply(h, b), out_w};
  p.output(y, p.type_of(0));
  if (y.elements() == 0) return;
  strided_move m;
  m.add(x[0], x[1] * h * w, x[1] * h * w);
  m.add(c, h * w, y[2] * out_w);
  m.add(h, w, b * out_w);
  m.add(b, b * c * h * w, out_w);
  m.add(w, 1, b);
  m.add(b, c * h * w, 1);
  p.run(move_runner(m, 0));
}

/// (n, c, h, b, w, b) -> (n, b, b, c, h, w).
inline void plan_space_to_depth(planning& p) {
  const shape& x = p.shape_of(0);
  const index_t b = block_size_of(p, x);
  if (x[2] % b != 0 || x[3] % b != 0) raise({"space_to_depth: a plane of ", x[2], "x", x[3], " has no blocks of ", b});
  const index_t c = x[1], h = x[2] / b, w = x[3] / b;
  const shape y{x[0], checked_multiply(c, checked_multiply(b, b)), h, w};
  p.output(y, p.type_of(0));
  if (y.elements() == 0) return;
  strided_move m;
  m.add(x[0], c * x[2] * x[3], c * x[2] * x[3]);
  m.add(b, x[3], b * c * h * w);
  m.add(b, 1, c * h * w);
  m.add(c, x[2] * x[3], h * w);
  m.add(h, b * x[3], w);
  m.add(w, b, 1);
  p.run(move_runner(m, 0));
}

inline std::span<const operation> moves_table() {
  static constexpr operation table[] = {
      {"cat", 1, any_number, 1, types::any, "dim", plan_cat},
      {"split", 1, 2, any_number, types::any, "dim split_size", plan_split},
      {"slice", 1, 5, 1, types::any, "starts ends dims steps", plan_slice},
      {"pad", 1, 4, 1, types::numbers, "pads value dims mode", plan_pad},
      {"permute", 1, 1, 1, types::any, "dims", plan_permute},
      {"reshape", 2, 2, 1, types::any, "allowzero", plan_reshape},
      {"flatten", 1, 1, 1, types::any, "start_dim end_dim", plan_flatten},
      {"onnx_flatten", 1, 1, 1, types::any, "dim", plan_onnx_flatten},
      {"squeeze", 1, 2, 1, types::any, "dims", plan_squeeze},
      {"unsqueeze", 1, 2, 1, types::any, "dims", plan_unsqueeze},
      {"expand", 2, 2, 1, types::any, "", plan_expand},
      {"tile", 2, 2, 1, types::any, "", plan_tile},
      {"gather", 2, 2, 1, types::any, "dim", plan_gather},
      {"identity", 1, 1, 1, types::any, "", plan_identity},
      {"contiguous", 1, 1, 1, types::any, "", plan_identity},
      {"pixel_shuffle", 1, 1, 1, types::any, "upscale_factor", plan_pixel_shuffle},
      {"pixel_unshuffle", 1, 1, 1, types::any, "downscale_factor", plan_pixel_unshuffle},
      {"channel_shuffle", 1, 1, 1, types::any, "groups", plan_channel_shuffle},
      {"depth_to_space", 1, 1, 1, types::any, "block_size mode", plan_depth_to_space},
      {"space_to_depth", 1, 1, 1, types::any, "block_size", plan_space_to_depth},
  };
  return table;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
