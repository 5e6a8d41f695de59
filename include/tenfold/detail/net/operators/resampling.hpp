// Upsampling in a net, by PyTorch's rules and by ONNX's.
#pragma once

#include <tenfold/detail/net/operators/types.hpp>
#include <tenfold/grid_sample.hpp>
#include <tenfold/onnx_resize.hpp>
#include <tenfold/upsample2d.hpp>
#include <tenfold/upsample_bicubic2d.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {
TENFOLD_BEGIN_STRICT

/// use(size) with the attribute `output_size`, or else `scale`.
template <class Use>
void with_size(const planning& p, const Use& use) {
  if (p.sets("output_size")) return use(p.pair("output_size", 1));
  const auto found = p.node().attributes.find("scale");
  if (found == p.node().attributes.end()) raise("it needs an output_size or a scale");
  if (const auto* both = std::get_if<std::vector<double>>(&found->second)) {
    if (both->size() != 1 && both->size() != 2) raise({"attribute scale has ", both->size(), " factors"});
    return use(scale(both->front(), both->back()));
  }
  use(scale(p.number("scale", 1)));
}

/// into(y, x, size, ctx) of elements that are only moved.
template <class Size>
void plan_nearest(planning& p, const Size& size, bool exact) {
  p.output(upsample2d_output_shape(p.shape_of(0), size), p.type_of(0));
  p.run([size, exact](const call& c) {
    with_unit(c.any_input().type(), [&]<class U>(U) {
      if (exact)
        upsample_nearest_exact2d_into(output_units<U>(c), units<U>(c.any_input()), size, c.ctx);
      else
        upsample_nearest2d_into(output_units<U>(c), units<U>(c.any_input()), size, c.ctx);
    });
  });
}
inline void plan_upsample_nearest2d(planning& p) {
  with_size(p, [&](const auto& size) { plan_nearest(p, size, false); });
}
inline void plan_upsample_nearest_exact2d(planning& p) {
  with_size(p, [&](const auto& size) { plan_nearest(p, size, true); });
}

template <class Size>
void plan_bilinear(planning& p, const Size& size, bool align_corners) {
  p.output(upsample2d_output_shape(p.shape_of(0), size), p.type_of(0));
  p.run([size, align_corners](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      upsample_bilinear2d_into(c.output<T>(), c.input<T>(), size, align_corners, c.ctx);
    });
  });
}

/// Those that take a filter's tables: bytes(x, size, align_corners, ctx) and into(y, x, size, align_corners, ctx).
template <class Bytes, class Into>
void plan_filtered(planning& p, const Bytes& bytes, const Into& into) {
  const bool align_corners = p.flag("align_corners");
  with_size(p, [&](const auto& size) {
    p.output(upsample2d_output_shape(p.shape_of(0), size), p.type_of(0));
    with_float32(p.type_of(0), [&]<class T>(T) {
      p.workspace(bytes(tensor_view<const T>(nullptr, p.shape_of(0)), size, align_corners, p.ctx));
    });
    p.run([size, align_corners, into](const call& c) {
      with_float32(c.any_input().type(),
                   [&]<class T>(T) { into(c.output<T>(), c.input<T>(), size, align_corners, c.ctx); });
    });
  });
}

inline void plan_upsample_bilinear2d(planning& p) {
  if (!p.flag("antialias"))
    return with_size(p, [&](const auto& size) { plan_bilinear(p, size, p.flag("align_corners")); });
  plan_filtered(
      p, [](const auto&... all) { return upsample_bilinear2d_aa_workspace_bytes(all...); },
      [](const auto&... all) { upsample_bilinear2d_aa_into(all...); });
}
inline void plan_upsample_bicubic2d(planning& p) {
  if (!p.flag("antialias"))
    return plan_filtered(
        p, [](const auto&... all) { return upsample_bicubic2d_workspace_bytes(all...); },
        [](const auto&... all) { upsample_bicubic2d_into(all...); });
  plan_filtered(
      p, [](const auto&... all) { return upsample_bicubic2d_aa_workspace_bytes(all...); },
      [](const auto&... all) { upsample_bicubic2d_aa_into(all...); });
}

// ------------------------------------------------------------------------------------------------------ ONNX's Resize

/// The place of a name in a list of them.
template <std::size_t Count>
std::size_t place_among(const planning& p, const char* attribute, const char* otherwise,
                        const char* const (&names)[Count]) {
  const std::string name = p.text(attribute, otherwise);
  for (std::size_t i = 0; i < Count; ++i)
    if (name == names[i]) return i;
  raise({"attribute ", attribute, ": there is none that is called ", name});
}

/// Numbers of floats of either size.
inline onnx_numbers numbers_of(const planning& p, std::size_t i) {
  if (p.type_of(i) == dtype::float32) {
    const auto x = p.known<float>(i);
    return onnx_numbers(std::span<const float>(x.data(), static_cast<std::size_t>(x.size())));
  }
  const auto x = p.known<double>(i);
  return onnx_numbers(std::span<const double>(x.data(), static_cast<std::size_t>(x.size())));
}

inline onnx_resize_options resize_options(const planning& p) {
  onnx_resize_options o;
  o.mode = static_cast<onnx_resize_mode>(place_among(p, "mode", "nearest", {"nearest", "linear", "cubic"}));
  o.coordinate_transformation_mode = static_cast<onnx_coordinates>(
      place_among(p, "coordinate_transformation_mode", "half_pixel",
                  {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn", "align_corners",
                   "asymmetric", "tf_crop_and_resize"}));
  o.nearest_mode = static_cast<onnx_nearest>(place_among(p, "nearest_mode", "round_prefer_floor",
                                                         {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  o.keep_aspect_ratio_policy = static_cast<onnx_aspect_ratio>(
      place_among(p, "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"}));
  o.cubic_coeff_a = p.number("cubic_coeff_a", -0.75);
  o.exclude_outside = p.flag("exclude_outside");
  o.antialias = p.flag("antialias");
  o.extrapolation_value = p.number("extrapolation_value", 0);
  const std::vector<index_t> dims = p.elements_of(4, "dims");
  o.axes = dim_list(std::span<const index_t>(dims));
  if (p.has(1) && o.coordinate_transformation_mode == onnx_coordinates::tf_crop_and_resize) o.roi = numbers_of(p, 1);
  return o;
}

/// Whether y is x times whole numbers in the last two dimensions, and the same in the others.
inline bool is_whole_enlargement(const shape& x, const shape& y) {
  for (std::size_t d = 0; d < x.size(); ++d) {
    const bool may_grow = d + 2 >= x.size();
    if (x[d] == 0 || (may_grow ? y[d] % x[d] != 0 || y[d] == 0 : y[d] != x[d])) return false;
  }
  return x.size() == 4;
}

/// Where one of PyTorch's, which is faster, gives the same; false where none does.
inline bool plan_as_torch(planning& p, const onnx_resize_options& o, const shape& y) {
  const shape& x = p.shape_of(0);
  using enum onnx_coordinates;
  const onnx_coordinates mode = o.coordinate_transformation_mode;
  if (o.antialias || o.exclude_outside || !is_whole_enlargement(x, y)) return false;
  const hw size = last_two(y);
  if (o.mode == onnx_resize_mode::nearest) {
    // Of a whole factor k both are input x / k, rounded down: ((x + 1/2) / k - 1/2 is less than 1/2 away from it.
    const bool by_halves =
        (mode == half_pixel || mode == half_pixel_symmetric) &&
        (o.nearest_mode == onnx_nearest::round_prefer_floor || o.nearest_mode == onnx_nearest::round_prefer_ceil);
    if (!by_halves && !(mode == asymmetric && o.nearest_mode == onnx_nearest::floor)) return false;
    plan_nearest(p, size, false);
    return true;
  }
  if (o.mode != onnx_resize_mode::linear || p.type_of(0) != dtype::float32) return false;
  if (mode != half_pixel && mode != half_pixel_symmetric && mode != align_corners) return false;
  plan_bilinear(p, size, mode == align_corners);
  return true;
}

template <class Size>
void plan_resize(planning& p, const onnx_resize_options& o, const Size& size) {
  const shape y = onnx_resize_output_shape(p.shape_of(0), size, o);
  if (plan_as_torch(p, o, y)) return;
  p.output(y, p.type_of(0));
  check_float32(p, 0);
  p.workspace(onnx_resize_workspace_bytes(tensor_view<const float>(nullptr, p.shape_of(0)), size, o, p.ctx));
  p.run([o, size](const call& c) { onnx_resize_into(c.output<float>(), c.input<float>(), size, o, c.ctx); });
}

/// x, [roi], [scales], [sizes], [dims].
inline void plan_onnx_resize(planning& p) {
  const onnx_resize_options o = resize_options(p);
  if (p.has(3) && p.shape_of(3).elements() > 0) {
    const std::vector<index_t> sizes = p.elements_of(3);
    return plan_resize(p, o, shape(std::span<const index_t>(sizes)));
  }
  if (!p.has(2)) raise("onnx_resize: it needs scales or sizes");
  plan_resize(p, o, numbers_of(p, 2));
}

inline void plan_grid_sample(planning& p) {
  check_same_type(p, 0, 1);
  grid_sample_options o;
  o.mode = static_cast<grid_mode>(place_among(p, "mode", "bilinear", {"bilinear", "nearest"}));
  o.padding_mode =
      static_cast<grid_padding>(place_among(p, "padding_mode", "zeros", {"zeros", "border", "reflection"}));
  o.align_corners = p.flag("align_corners");
  p.output(grid_sample_output_shape(p.shape_of(0), p.shape_of(1), o), p.type_of(0));
  p.run([o](const call& c) {
    with_float32(c.any_input().type(),
                 [&]<class T>(T) { grid_sample_into(c.output<T>(), c.input<T>(), c.input<T>(1), o, c.ctx); });
  });
}

inline std::span<const operation> resampling_table() {
  static constexpr operation table[] = {
      {"upsample_nearest2d", 1, 1, 1, types::any, "output_size scale", plan_upsample_nearest2d},
      {"upsample_nearest_exact2d", 1, 1, 1, types::any, "output_size scale", plan_upsample_nearest_exact2d},
      {"upsample_bilinear2d", 1, 1, 1, types::float32, "output_size scale align_corners antialias",
       plan_upsample_bilinear2d},
      {"upsample_bicubic2d", 1, 1, 1, types::float32, "output_size scale align_corners antialias",
       plan_upsample_bicubic2d},
      {"grid_sample", 2, 2, 1, types::float32, "mode padding_mode align_corners", plan_grid_sample},
      {"onnx_resize", 1, 5, 1, types::float32,
       "coordinate_transformation_mode mode nearest_mode cubic_coeff_a exclude_outside antialias extrapolation_value "
       "keep_aspect_ratio_policy dims",
       plan_onnx_resize},
  };
  return table;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
