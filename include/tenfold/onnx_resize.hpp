// onnx_resize: ONNX's operator Resize.
#pragma once

#include <tenfold/detail/resample2d.hpp>
#include <tenfold/detail/reduction.hpp>
#include <tenfold/upsample_bicubic2d.hpp>

#include <limits>

namespace tenfold::inline v0 {

/// Up to 16 numbers: ONNX's `scales`, one for each resized axis, and `roi`, the beginnings of all and then the ends.
class onnx_numbers {
 public:
  static constexpr std::size_t most = 16;

  TENFOLD_TAG constexpr onnx_numbers() = default;
  TENFOLD_TAG constexpr onnx_numbers(std::initializer_list<double> numbers)  // NOLINT(google-explicit-constructor)
      : onnx_numbers(std::span<const double>(numbers.begin(), numbers.size())) {}
  TENFOLD_TAG constexpr explicit onnx_numbers(std::span<const double> numbers) { take(numbers); }
  TENFOLD_TAG constexpr explicit onnx_numbers(std::span<const float> numbers) { take(numbers); }

  TENFOLD_TAG constexpr std::size_t size() const { return size_; }
  TENFOLD_TAG constexpr double operator[](std::size_t i) const { return numbers_[i]; }

 private:
  TENFOLD_TAG constexpr void take(const auto& numbers) {
    if (numbers.size() > most) detail::raise({"onnx_numbers: expected at most 16 numbers, but got ", numbers.size()});
    for (const auto number : numbers) numbers_[size_++] = static_cast<double>(number);
  }

  std::array<double, most> numbers_{};
  std::size_t size_ = 0;
};

enum class onnx_resize_mode { nearest, linear, cubic };

/// Where an output's place x lies in the input, with the sizes `in` and `out` and scale = out / in, or as it was given:
/// `resized` = scale * in is then no integer.
///     half_pixel            (x + 1/2) / scale - 1/2
///     half_pixel_symmetric  the same plus in / 2 * (1 - out / resized)
///     pytorch_half_pixel    half_pixel, or 0 where out is 1
///     tf_half_pixel_for_nn  (x + 1/2) / scale, of opsets 11 and 12
///     align_corners         x * (in - 1) / (resized - 1)
///     asymmetric            x / scale
///     tf_crop_and_resize    (begin + x * (end - begin) / (resized - 1)) * (in - 1) with begin and end of `roi`, or the
///                           middle of both where out is 1; beyond the input lies `extrapolation_value`
enum class onnx_coordinates {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  tf_half_pixel_for_nn,
  align_corners,
  asymmetric,
  tf_crop_and_resize
};

/// Which of its neighbours a place between two inputs takes.
enum class onnx_nearest { round_prefer_floor, round_prefer_ceil, floor, ceil };

/// What the sizes mean: those of the output; or the largest that keeps the ratios and exceeds none of them, or the
/// smallest that no size exceeds.
enum class onnx_aspect_ratio { stretch, not_larger, not_smaller };

/// The attributes of ONNX's Resize, with its defaults.
struct onnx_resize_options {
  onnx_resize_mode mode = onnx_resize_mode::nearest;
  onnx_coordinates coordinate_transformation_mode = onnx_coordinates::half_pixel;
  onnx_nearest nearest_mode = onnx_nearest::round_prefer_floor;
  double cubic_coeff_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation_value = 0;
  onnx_aspect_ratio keep_aspect_ratio_policy = onnx_aspect_ratio::stretch;
  /// The axes that sizes, scales and roi are of; none stands for all.
  dim_list axes = {};
  onnx_numbers roi = {};
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

/// What a Resize goes to: a shape (ONNX's sizes) or onnx_numbers (its scales), of the axes.
template <class Size>
concept onnx_resize_size = std::same_as<Size, shape> || std::same_as<Size, onnx_numbers>;

namespace detail {

struct onnx_resize_axis {
  bool resizes = false;
  index_t in = 1;
  index_t out = 1;
  double scale = 1;
  double begin = 0, end = 1;  // of roi
};

struct onnx_resize_geometry {
  onnx_resize_axis axes[shape::max_rank];
  shape input;
  shape output_shape;
};

constexpr bool is_about_1(double v) { return v > 1 - 1e-9 && v < 1 + 1e-9; }
constexpr bool is_finite(double v) { return v - v == 0; }

/// The dimensions in the order of the list.
constexpr shape onnx_resize_axes(const shape& input, const dim_list& axes) {
  index_t numbers[shape::max_rank] = {};
  std::size_t count = 0;
  bool seen[shape::max_rank] = {};
  if (axes.empty())
    for (; count < input.size(); ++count) numbers[count] = static_cast<index_t>(count);
  for (const index_t axis : axes) {
    const std::size_t d = wrapped_dim(axis, input.size());
    if (seen[d] || d >= input.size()) raise({"onnx_resize: axis ", axis, " is none, or appears twice"});
    seen[d] = true;
    numbers[count++] = static_cast<index_t>(d);
  }
  return shape(std::span<const index_t>(numbers, count));
}

constexpr void set_onnx_sizes(onnx_resize_geometry& g, const shape& axes, const onnx_numbers& scales,
                              const onnx_resize_options& o) {
  if (o.keep_aspect_ratio_policy != onnx_aspect_ratio::stretch)
    raise("onnx_resize: a policy of aspect ratios needs sizes, not scales");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    auto& axis = g.axes[axes[i]];
    if (!(scales[i] > 0) || !is_finite(scales[i])) raise("onnx_resize: scales must be finite and greater than 0");
    axis.scale = scales[i];
    axis.out = scaled_size(axis.in, scales[i]);
  }
}

constexpr void set_onnx_sizes(onnx_resize_geometry& g, const shape& axes, const shape& sizes,
                              const onnx_resize_options& o) {
  const bool stretches = o.keep_aspect_ratio_policy == onnx_aspect_ratio::stretch;
  const bool not_larger = o.keep_aspect_ratio_policy == onnx_aspect_ratio::not_larger;
  double common = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    auto& axis = g.axes[axes[i]];
    if (sizes[i] < 0) raise({"onnx_resize: sizes must not be negative, but got ", sizes});
    if (axis.in == 0 && (sizes[i] > 0 || !stretches))
      raise({"onnx_resize: nothing can be made of an input of shape ", g.input});
    axis.out = sizes[i];
    if (axis.in > 0) axis.scale = static_cast<double>(sizes[i]) / static_cast<double>(axis.in);
    if (i == 0 || (not_larger ? axis.scale < common : axis.scale > common)) common = axis.scale;
  }
  for (std::size_t i = 0; !stretches && i < axes.size(); ++i) {
    auto& axis = g.axes[axes[i]];
    axis.scale = common;
    axis.out = scaled_size(1, common * static_cast<double>(axis.in) + 0.5);
  }
}

/// The checks of onnx_resize.
template <class Size>
constexpr onnx_resize_geometry check_onnx_resize(const shape& input, const Size& size, const onnx_resize_options& o) {
  check_not_negative(input);
  const shape axes = onnx_resize_axes(input, o.axes);
  if (size.size() != axes.size())
    raise({"onnx_resize: expected ", axes.size(), " sizes or scales, but got ", size.size()});
  if (o.antialias && o.mode == onnx_resize_mode::nearest)
    raise("onnx_resize: antialias is for the modes linear and cubic");
  const bool crops = o.coordinate_transformation_mode == onnx_coordinates::tf_crop_and_resize;
  if (crops && o.roi.size() != 2 * axes.size())
    raise({"onnx_resize: expected a roi of ", 2 * axes.size(), " numbers, but got ", o.roi.size()});
  onnx_resize_geometry g;
  g.input = input;
  for (std::size_t d = 0; d < input.size(); ++d) g.axes[d].in = g.axes[d].out = input[d];
  set_onnx_sizes(g, axes, size, o);
  g.output_shape = input;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    auto& axis = g.axes[axes[i]];
    if (crops) {
      axis.begin = o.roi[i];
      axis.end = o.roi[axes.size() + i];
      if (!is_finite(axis.begin) || !is_finite(axis.end)) raise("onnx_resize: the numbers of roi must be finite");
    }
    g.output_shape[static_cast<std::size_t>(axes[i])] = axis.out;
    axis.resizes = !is_about_1(axis.scale) || axis.in != axis.out || axis.begin != 0 || axis.end != 1;
  }
  return g;
}

/// Where output `x` of an axis lies in the input.
constexpr double onnx_place(const onnx_resize_axis& a, onnx_coordinates mode, index_t output) {
  const double x = static_cast<double>(output), in = static_cast<double>(a.in), resized = a.scale * in;
  const double half_pixel = (x + 0.5) / a.scale - 0.5;
  const bool one = a.out == 1 || resized == 1;
  switch (mode) {
    case onnx_coordinates::half_pixel:
      return half_pixel;
    case onnx_coordinates::half_pixel_symmetric:
      return in / 2 * (1 - static_cast<double>(a.out) / resized) + half_pixel;
    case onnx_coordinates::pytorch_half_pixel:
      return a.out == 1 ? 0 : half_pixel;
    case onnx_coordinates::tf_half_pixel_for_nn:
      return (x + 0.5) / a.scale;
    case onnx_coordinates::align_corners:
      return one ? 0 : x * (in - 1) / (resized - 1);
    case onnx_coordinates::asymmetric:
      return x / a.scale;
    case onnx_coordinates::tf_crop_and_resize:
      break;
  }
  if (one) return (a.end - a.begin) * (in - 1) / 2 + a.begin * (in - 1);
  return x * (a.end - a.begin) * (in - 1) / (resized - 1) + a.begin * (in - 1);
}

/// Whether an output is extrapolation_value.
constexpr bool is_extrapolated(const onnx_resize_axis& a, const onnx_resize_options& o, index_t output) {
  if (o.coordinate_transformation_mode != onnx_coordinates::tf_crop_and_resize || !a.resizes) return false;
  const double place = onnx_place(a, o.coordinate_transformation_mode, output);
  return !(place >= 0 && place <= static_cast<double>(a.in - 1));
}

/// The place, whose neighbours an index_t can tell: what is extrapolated has any.
constexpr double bounded_onnx_place(const onnx_resize_axis& a, const onnx_resize_options& o, index_t output) {
  if (is_extrapolated(a, o, output)) return 0;
  const double place = onnx_place(a, o.coordinate_transformation_mode, output), most = static_cast<double>(a.in);
  return place < -1 ? -1 : place > most ? most : place;
}

constexpr index_t onnx_nearest_input(double place, onnx_nearest mode) {
  const index_t below = floor_of(place);
  const double fraction = place - static_cast<double>(below);
  if (fraction == 0 || mode == onnx_nearest::floor) return below;
  if (mode == onnx_nearest::ceil) return below + 1;
  const bool up = mode == onnx_nearest::round_prefer_floor ? fraction > 0.5 : fraction >= 0.5;
  return up ? below + 1 : below;
}

/// How much wider than the distance between inputs the filter is made, as a factor of its argument.
constexpr double onnx_narrowing(const onnx_resize_axis& a, const onnx_resize_options& o) {
  return o.antialias && a.scale < 1 ? a.scale : 1;
}

/// An even number: half of them lie before the place.
constexpr index_t onnx_taps(const onnx_resize_axis& a, const onnx_resize_options& o) {
  if (o.mode == onnx_resize_mode::nearest) return 1;
  const double reach = o.mode == onnx_resize_mode::linear ? 1 : 2;
  const double taps = reach / onnx_narrowing(a, o);
  if (!(taps < 1e15)) raise("onnx_resize: a scale is too small for antialiasing");
  return 2 * ceil_of(taps);
}

constexpr double onnx_weight(const onnx_resize_options& o, double distance) {
  const double x = distance < 0 ? -distance : distance, a = o.cubic_coeff_a;
  if (o.mode == onnx_resize_mode::linear) return x < 1 ? 1 - x : 0;
  return x <= 1 ? cubic_near(x, a) : x < 2 ? cubic_beyond(x, a) : 0;
}

/// The taps of one output; what lies beyond the edges is the edge, or counts for nothing.
template <class A>
void fill_onnx_output(const resample_axis<A>& table, const onnx_resize_axis& a, const onnx_resize_options& o,
                      index_t output) {
  const double place = bounded_onnx_place(a, o, output), narrowing = onnx_narrowing(a, o);
  if (o.mode == onnx_resize_mode::nearest) {
    table.at_of(output, 0) = clamped(onnx_nearest_input(place, o.nearest_mode), a.in);
    return;
  }
  const index_t first = floor_of(place) + 1 - table.taps / 2;
  const auto weight = [&](index_t t) {
    const index_t at = first + t;
    if (o.exclude_outside && (at < 0 || at >= a.in)) return 0.0;
    return onnx_weight(o, (static_cast<double>(at) - place) * narrowing);
  };
  double sum = 1;
  if (o.antialias || o.exclude_outside) {
    sum = 0;
    for (index_t t = 0; t < table.taps; ++t) sum += weight(t);
    if (sum == 0) sum = 1;
  }
  index_t taps = table.taps;  // but for those at the end that count for nothing
  while (taps > 1 && weight(taps - 1) == 0) --taps;
  for (index_t t = 0; t < table.taps; ++t) {
    table.at_of(output, t) = t < taps ? clamped(first + t, a.in) : a.in;
    table.weight_of(output, t) = t < taps ? static_cast<A>(weight(t) / sum) : A{0};
  }
}

template <class A>
void fill_onnx_axis(const resample_axis<A>& table, const onnx_resize_axis& a, const onnx_resize_options& o) {
  for (index_t output = 0; output < table.out; ++output) fill_onnx_output(table, a, o, output);
}

/// A pass over one axis, or over the last two.
struct onnx_resize_pass {
  std::size_t axis;
  bool with_last;
};

/// The last axis goes with the one before it.
struct onnx_resize_passes {
  onnx_resize_pass pass[shape::max_rank];
  std::size_t count = 0;

  explicit onnx_resize_passes(const onnx_resize_geometry& g) {
    const std::size_t rank = g.input.size();
    for (std::size_t d = rank; d-- > 0;) {
      if (!g.axes[d].resizes) continue;
      if (d + 2 == rank && count == 1)
        pass[0] = {d, true};
      else
        pass[count++] = {d, false};
    }
  }
};

/// The tables of a pass over a tensor of the given sizes, filled where wanted. Afterwards the sizes are the result's.
template <class A>
resample_problem<A> onnx_resize_problem(const onnx_resize_geometry& g, const onnx_resize_options& o,
                                        const onnx_resize_pass& pass, shape& sizes, scratch_cursor& memory,
                                        bool fills) {
  const std::size_t d = pass.axis, last = sizes.size() - 1;
  const bool weighted = o.mode != onnx_resize_mode::nearest, by_columns = pass.with_last || d == last;
  resample_problem<A> p;
  p.rounds = halves::to_even;
  p.planes = elements_between(sizes, 0, d);
  if (pass.with_last || d != last) {
    p.h = axis_of_lines<A>(memory, sizes[d], g.axes[d].out, onnx_taps(g.axes[d], o), weighted);
    if (fills) fill_onnx_axis(p.h, g.axes[d], o);
  }
  if (by_columns) {
    p.w = axis_of_columns<A>(memory, sizes[last], g.axes[last].out, onnx_taps(g.axes[last], o), weighted);
    if (fills) fill_onnx_axis(p.w, g.axes[last], o);
    sizes[last] = g.axes[last].out;
  } else {
    p.w.in = p.w.out = elements_between(sizes, d + 1, sizes.size());
  }
  sizes[d] = g.axes[d].out;
  return p;
}

/// What a call needs besides its arrays: of several passes the tensors between them, which of integers that are
/// interpolated are in double, and the first and the last besides.
template <class T>
struct onnx_resize_plan {
  using A = resample_number<T>;
  onnx_resize_passes passes;
  bool widens = false;
  index_t between = 0;  // elements of each of two tensors
  index_t tables = 0;   // bytes, with those of the workers

  onnx_resize_plan(const onnx_resize_geometry& g, const onnx_resize_options& o, const context& ctx) : passes(g) {
    widens = passes.count > 1 && !std::same_as<T, A> && o.mode != onnx_resize_mode::nearest;
    shape sizes = g.input;
    if (widens) between = sizes.elements();
    for (std::size_t i = 0; i < passes.count; ++i) {
      scratch_cursor counted(nullptr);
      const auto p = onnx_resize_problem<A>(g, o, passes.pass[i], sizes, counted, false);
      tables = (std::max)(tables, checked_add(counted.used(), resample_bytes(p, ctx)));
      if (widens || i + 1 < passes.count) between = (std::max)(between, sizes.elements());
    }
  }
  index_t between_bytes() const {
    const index_t size = static_cast<index_t>(widens ? sizeof(A) : sizeof(T));
    return round_up(checked_multiply(between, size), static_cast<index_t>(alignment));
  }
  index_t bytes() const { return checked_add(tables, checked_multiply(2, between_bytes())); }
};

/// All passes, of which each but the first and the last reads and writes one of two tensors.
template <class U>
void run_onnx_passes(const onnx_resize_geometry& g, const onnx_resize_options& o, const onnx_resize_passes& passes,
                     const U* x, U* y, U* const (&between)[2], std::byte* memory, const context& ctx) {
  shape sizes = g.input;
  for (std::size_t i = 0; i < passes.count; ++i) {
    scratch_cursor tables(memory);
    const auto p = onnx_resize_problem<resample_number<U>>(g, o, passes.pass[i], sizes, tables, true);
    U* to = i + 1 == passes.count ? y : between[i % 2];
    seam::run_resample2d<U>(p, x, to, memory + tables.used(), ctx);
    x = to;
  }
}

/// The nearest integer, the even one of two, within the type's range.
template <class T>
T nearest_even(double v) {
  constexpr double end = -static_cast<double>((std::numeric_limits<T>::min)());
  if (!(v > -end)) return v == v ? (std::numeric_limits<T>::min)() : T{0};
  if (v >= end) return (std::numeric_limits<T>::max)();
  index_t whole = floor_of(v);
  const double fraction = v - static_cast<double>(whole);
  if ((fraction > 0.5 || (fraction == 0.5 && whole % 2 != 0)) && whole < (std::numeric_limits<T>::max)()) ++whole;
  return static_cast<T>(whole);
}

template <class T>
T resize_number(double value) {
  if constexpr (std::floating_point<T>)
    return static_cast<T>(value);
  else
    return nearest_even<T>(value);
}

/// Writes extrapolation_value over the outputs whose places lie beyond the input.
template <class T>
void extrapolate(const onnx_resize_geometry& g, const onnx_resize_options& o, T* y) {
  const T value = resize_number<T>(o.extrapolation_value);
  const shape& s = g.output_shape;
  for (std::size_t d = 0; d < s.size(); ++d)
    for (index_t i = 0; i < s[d]; ++i) {
      if (!is_extrapolated(g.axes[d], o, i)) continue;
      const index_t outer = elements_between(s, 0, d), inner = elements_between(s, d + 1, s.size());
      for (index_t k = 0; k < outer; ++k) {
        T* line = y + (k * s[d] + i) * inner;
        fill(line, line + inner, value);
      }
    }
}

template <class T>
void run_onnx_resize(const onnx_resize_geometry& g, const onnx_resize_options& o, const T* x, T* y,
                     const context& ctx) {
  using A = resample_number<T>;
  const index_t elements = g.output_shape.elements();
  if (elements == 0) return;
  const onnx_resize_plan<T> plan(g, o, ctx);
  const scratch_memory memory(ctx, plan.bytes());
  if (plan.passes.count == 0) {
    std::memcpy(y, x, static_cast<std::size_t>(elements) * sizeof(T));
  } else if (plan.widens) {
    A* const between[] = {reinterpret_cast<A*>(memory.data()),
                          reinterpret_cast<A*>(memory.data() + plan.between_bytes())};
    // The first pass reads the one that the second may write, and the last one's tensor is either.
    const index_t inputs = g.input.elements();
    for (index_t i = 0; i < inputs; ++i) between[1][i] = static_cast<A>(x[i]);
    A* const last = between[(plan.passes.count - 1) % 2];
    run_onnx_passes<A>(g, o, plan.passes, between[1], last, between, memory.data() + 2 * plan.between_bytes(), ctx);
    for (index_t i = 0; i < elements; ++i) y[i] = resize_number<T>(static_cast<double>(last[i]));
  } else {
    T* const between[] = {reinterpret_cast<T*>(memory.data()),
                          reinterpret_cast<T*>(memory.data() + plan.between_bytes())};
    run_onnx_passes<T>(g, o, plan.passes, x, y, between, memory.data() + 2 * plan.between_bytes(), ctx);
  }
  if (o.coordinate_transformation_mode == onnx_coordinates::tf_crop_and_resize) extrapolate(g, o, y);
}

}  // namespace detail

/// The shape that onnx_resize gives, or the error that it raises; usable at compile time.
template <onnx_resize_size Size = shape>
constexpr shape onnx_resize_output_shape(const shape& input, const Size& size,
                                         const onnx_resize_options& options = {}) {
  return detail::check_onnx_resize(input, size, options).output_shape;
}

/// The bytes of workspace that onnx_resize_into needs with this context.
template <tensor_like Input, onnx_resize_size Size = shape>
index_t onnx_resize_workspace_bytes(const Input& input, const Size& size, const onnx_resize_options& options = {},
                                    const context& ctx = default_context()) {
  const auto g = detail::check_onnx_resize(detail::const_view(input).shape(), size, options);
  if (g.output_shape.elements() == 0) return 0;
  return detail::workspace_bytes_for(detail::onnx_resize_plan<element_of<Input>>(g, options, ctx).bytes());
}

/// onnx_resize into a tensor of the right shape, which may not overlap the input.
template <tensor_like Output, tensor_like Input, onnx_resize_size Size = shape>
  requires std::same_as<element_of<Output>, element_of<Input>>
void onnx_resize_into(Output&& output, const Input& input, const Size& size, const onnx_resize_options& options = {},
                      const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_onnx_resize(x.shape(), size, options);
  detail::check_output_shape("onnx_resize", "output", g.output_shape, as_view(output).shape());
  detail::run_onnx_resize(g, options, x.data(), as_view(output).data(), ctx);
}

/// Resampling of any axes by the rules of ONNX's Resize (opset 19).
///
///     output[..., x, ...] = the sum of w(i - place(x)) input[..., i, ...] over i, one axis after the other
///     linear   w(d) = max(0, 1 - |d|)
///     cubic    w(d) = (a + 2) d^3 - (a + 3) d^2 + 1 up to 1,  a d^3 - 5 a d^2 + 8 a d - 4 a up to 2,  a =
///     cubic_coeff_a nearest  the input at place(x), rounded as nearest_mode says
///
/// place(x) is said by onnx_coordinates. Beyond the edges lie the edges' elements; or they count for nothing with
/// exclude_outside. With antialias and a scale below 1, w's argument is d * scale. In both cases the weights of an
/// output are divided by their sum. An axis of scale 1 that keeps its size is not touched. Computed in the element
/// type, the weights in double; integers are computed in double and rounded to the nearest, halves to the even one,
/// within their range, once for all axes.
///
/// input   any shape
/// size    a shape: the output's sizes; or onnx_numbers: scales; of options.axes, or of all
/// returns the input's shape with these sizes; of scales, the input's times them, rounded down
/// throws  tenfold::error where these do not fit; every check comes before the first write
/// source  detail/resample2d.hpp, once for the last two axes and once for each other one
template <tensor_like Input, onnx_resize_size Size = shape>
tensor<element_of<Input>> onnx_resize(const Input& input, const Size& size, const onnx_resize_options& options = {},
                                      const context& ctx = default_context()) {
  const auto x = detail::const_view(input);
  const auto g = detail::check_onnx_resize(x.shape(), size, options);
  auto output = tensor<element_of<Input>>::uninitialized(g.output_shape);
  detail::run_onnx_resize(g, options, x.data(), output.data(), ctx);
  return output;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
