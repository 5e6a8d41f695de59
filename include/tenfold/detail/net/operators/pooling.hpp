// Pools and unpools of a net.
#pragma once

#include <tenfold/avg_pool2d.hpp>
#include <tenfold/caffe.hpp>
#include <tenfold/convert_indices.hpp>
#include <tenfold/detail/net/operators/windows.hpp>
#include <tenfold/max_unpool2d.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {
TENFOLD_BEGIN_STRICT

template <net_window_form Form>
pool2d_options pool_options(const planning& p, const shape& x) {
  pool2d_options o{.kernel_size = Form.pair(p, "kernel_size", 1)};
  o.stride = Form.pair(p, "stride", o.kernel_size);
  o.dilation = Form.pair(p, "dilation", 1);
  o.ceil_mode = p.flag("ceil_mode");
  if (x.size() >= 3)
    o.padding = Form.padding(
        p, [&](onnx_auto_pad rule) { return onnx_auto_pads(rule, last_two(x), o.kernel_size, o.stride, o.dilation); });
  return o;
}

enum class index_order { plane, onnx, onnx_columns };

inline index_order index_order_of(const planning& p) {
  const std::string name = p.text("indices", "plane");
  if (name == "plane") return index_order::plane;
  if (name == "onnx") return index_order::onnx;
  if (name == "onnx_columns") return index_order::onnx_columns;
  raise({"attribute indices: there is no order that is called ", name});
}

/// plane indices to those of the whole tensor, in column order: ((n * C + c) * W + w) * H + h.
inline void to_column_order(const tensor_view<index_t>& indices, const shape& x) {
  const hw plane = last_two(x);
  const index_t planes = plane_count(x), each = planes == 0 ? 0 : indices.size() / planes;
  for (index_t p = 0; p < planes; ++p)
    for (index_t i = 0; i < each; ++i) {
      index_t& index = indices.data()[p * each + i];
      index = (p * plane.w + index % plane.w) * plane.h + index / plane.w;
    }
}

inline void count_in_order(const tensor_view<index_t>& indices, index_order order, const shape& x, const context& ctx) {
  if (order == index_order::onnx) convert_indices_into(indices, indices, index_kind::plane, index_kind::tensor, x, ctx);
  if (order == index_order::onnx_columns) to_column_order(indices, x);
}

template <net_window_form Form>
void plan_max_pool(planning& p) {
  const shape x = Form.two_dimensional(p.shape_of(0));
  const pool2d_options o = pool_options<Form>(p, x);
  const index_order order = index_order_of(p);
  const shape y = Form.own_dimensions(max_pool2d_output_shape(x, o));
  p.output(0, y, p.type_of(0));
  p.output(1, y, dtype::int64);
  p.run([o, order](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      const auto image = Form.view(c.input<T>());
      if (!c.wants(1)) return max_pool2d_into(Form.view(c.output<T>()), image, o, c.ctx);
      const auto indices = Form.view(c.output<index_t>(1));
      max_pool2d_with_indices_into(Form.view(c.output<T>()), indices, image, o, c.ctx);
      count_in_order(indices, order, image.shape(), c.ctx);
    });
  });
}

/// The last two sizes of a list of them.
template <net_window_form Form>
hw last_sizes(const std::vector<index_t>& sizes) {
  if (sizes.size() < (Form.is_1d ? 1 : 2)) raise({"output_size has only ", sizes.size(), " sizes"});
  return {Form.is_1d ? 1 : sizes[sizes.size() - 2], sizes.back()};
}

/// y[indices[i]] = x[i] where the indices count the elements of a tensor of shape `counted`, which begins where y does
/// in every plane.
template <class T>
void scatter_by_onnx_indices(const tensor_view<T>& y, const tensor_view<const T>& x,
                             const tensor_view<const index_t>& indices, const shape& counted) {
  check_output_shape("max_unpool2d", "indices", x.shape(), indices.shape());
  const index_t within = counted.elements();
  for (index_t i = 0; i < indices.size(); ++i)
    if (indices.data()[i] < 0 || indices.data()[i] >= within)
      raise({"max_unpool2d: index ", indices.data()[i], " lies outside of a tensor of ", counted});
  const hw from = last_two(counted), to = last_two(y.shape());
  fill(y.data(), y.data() + y.size(), T{0});
  for (index_t i = 0; i < indices.size(); ++i) {
    const index_t index = indices.data()[i], plane = index / (from.h * from.w), place = index % (from.h * from.w);
    const hw at{place / from.w, place % from.w};
    if (at.h < to.h && at.w < to.w) y.data()[(plane * to.h + at.h) * to.w + at.w] = x.data()[i];
  }
}

/// ONNX counts an index in the tensor that its own pads and strides would make; where output_shape is larger, the same
/// number names another place. Whole: the indices count in the output itself.
template <net_window_form Form>
void plan_max_unpool(planning& p) {
  const shape x = Form.two_dimensional(p.shape_of(0));
  unpool2d_options o{.kernel_size = Form.pair(p, "kernel_size", 1)};
  o.stride = Form.pair(p, "stride", o.kernel_size);
  if (x.size() >= 3)
    o.padding =
        Form.padding(p, [&](onnx_auto_pad rule) { return onnx_auto_pads(rule, last_two(x), o.kernel_size, o.stride); });
  const std::vector<index_t> wanted = p.elements_of(2, "output_size");
  const shape usual = max_unpool2d_output_shape(x, o);
  if (!wanted.empty()) o.output_size = last_sizes<Form>(wanted);
  const index_order order = index_order_of(p);
  if (order == index_order::onnx_columns) raise("attribute indices: max_unpool takes no order of columns");
  const shape y =
      order == index_order::onnx && o.output_size ? with_planes_of(x, *o.output_size) : max_unpool2d_output_shape(x, o);
  p.output(Form.own_dimensions(y), p.type_of(0));
  if (order == index_order::plane)
    with_float32(p.type_of(0), [&]<class T>(T) {
      const tensor_view<const index_t> indices{nullptr, Form.two_dimensional(p.shape_of(1))};
      p.workspace(max_unpool2d_workspace_bytes(tensor_view<const T>{nullptr, x}, indices, o, p.ctx));
    });
  p.run([o, order, usual](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      const auto to = Form.view(c.output<T>());
      const auto from = Form.view(c.input<T>());
      const auto indices = Form.view(c.input<index_t>(1));
      if (order == index_order::plane) return max_unpool2d_into(to, from, indices, o, c.ctx);
      scatter_by_onnx_indices(to, from, indices, usual);
    });
  });
}

inline void plan_caffe_unpool(planning& p) {
  const std::string mode = p.text("mode", "max");
  caffe_unpooling_options o{.kernel_size = p.pair("kernel_size", 1), .stride = p.pair("stride", 1)};
  if (mode != "max" && mode != "ave" && mode != "tile") raise({"attribute mode: there is none that is called ", mode});
  o.unpool = mode == "max" ? caffe_unpool::max : mode == "ave" ? caffe_unpool::ave : caffe_unpool::tile;
  if (p.sets("unpool_size")) o.unpool_size = p.pair("unpool_size", 1);
  const bool has_mask = p.has(1);
  p.output(has_mask ? check_caffe_unpooling(p.shape_of(0), p.shape_of(1), o).output_shape
                    : check_caffe_unpooling(p.shape_of(0), o).output_shape,
           p.type_of(0));
  p.run([o, has_mask](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      if (has_mask)
        caffe::unpooling_into(c.output<T>(), c.input<T>(), c.input<index_t>(1), o, c.ctx);
      else
        caffe::unpooling_into(c.output<T>(), c.input<T>(), o, c.ctx);
    });
  });
}

/// An average pooling that PyTorch does not have: other paddings at the end, and dilations.
struct general_avg_pool {
  hw kernel, stride, dilation;
  pads padding;
  bool counts_padding;
  hw out;
};

template <class T>
T averaged_window(const general_avg_pool& g, const T* plane, const hw& in, const hw& at) {
  double sum = 0;
  index_t inside = 0, counted = 0;
  for (index_t i = 0; i < g.kernel.h; ++i)
    for (index_t j = 0; j < g.kernel.w; ++j) {
      const index_t h = at.h * g.stride.h - g.padding.top + i * g.dilation.h;
      const index_t w = at.w * g.stride.w - g.padding.left + j * g.dilation.w;
      counted += h < in.h + g.padding.bottom && w < in.w + g.padding.right;  // not what ceil_mode adds
      if (h < 0 || w < 0 || h >= in.h || w >= in.w) continue;
      sum += static_cast<double>(plane[h * in.w + w]);
      ++inside;
    }
  return static_cast<T>(sum / static_cast<double>(g.counts_padding ? counted : inside));
}

template <class T>
void run_general_avg_pool(const general_avg_pool& g, const tensor_view<T>& y, const tensor_view<const T>& x,
                          const context& ctx) {
  const hw in = last_two(x.shape());
  constexpr double tap_ns = 1;
  const double plane_ns =
      tap_ns * static_cast<double>(g.kernel.h * g.kernel.w) * static_cast<double>(g.out.h * g.out.w);
  parallel_ranges(ctx, plane_count(x.shape()), plane_ns, [&](index_t begin, index_t end) {
    for (index_t p = begin; p < end; ++p)
      for (index_t h = 0; h < g.out.h; ++h)
        for (index_t w = 0; w < g.out.w; ++w)
          y.data()[(p * g.out.h + h) * g.out.w + w] = averaged_window(g, x.data() + p * in.h * in.w, in, {h, w});
  });
}

template <net_window_form Form>
void plan_avg_pool(planning& p) {
  const shape x = Form.two_dimensional(p.shape_of(0));
  const pool2d_options windows = pool_options<Form>(p, x);
  avg_pool2d_options o{.kernel_size = windows.kernel_size, .stride = windows.stride};
  o.ceil_mode = windows.ceil_mode;
  o.count_include_pad = p.flag("count_include_pad", true);
  if (p.sets("divisor_override")) o.divisor_override = p.integer("divisor_override", 1);
  const pads sides = windows.padding;
  if (is_pair(sides) && windows.dilation == hw(1)) {
    o.padding = begin_of(sides);
    p.output(Form.own_dimensions(avg_pool2d_output_shape(x, o)), p.type_of(0));
    return p.run([o](const call& c) {
      with_float32(c.any_input().type(),
                   [&]<class T>(T) { avg_pool2d_into(Form.view(c.output<T>()), Form.view(c.input<T>()), o, c.ctx); });
    });
  }
  if (o.divisor_override) raise("divisor_override goes with a padding that is the same on both sides");
  const shape y = max_pool2d_output_shape(x, windows);
  const general_avg_pool g{o.kernel_size, o.stride, windows.dilation, sides, o.count_include_pad, last_two(y)};
  p.output(Form.own_dimensions(y), p.type_of(0));
  p.run([g](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      run_general_avg_pool<T>(g, Form.view(c.output<T>()), Form.view(c.input<T>()), c.ctx);
    });
  });
}

template <net_window_form Form>
void plan_adaptive_avg_pool(planning& p) {
  const hw size = Form.pair(p, "output_size", 1);
  p.output(Form.own_dimensions(adaptive_avg_pool2d_output_shape(Form.two_dimensional(p.shape_of(0)), size)),
           p.type_of(0));
  p.run([size](const call& c) {
    with_float32(c.any_input().type(), [&]<class T>(T) {
      adaptive_avg_pool2d_into(Form.view(c.output<T>()), Form.view(c.input<T>()), size, c.ctx);
    });
  });
}

inline std::span<const operation> pooling_table() {
  static constexpr operation table[] = {
      {"max_pool1d", 1, 1, 2, types::float32, "kernel_size stride padding dilation ceil_mode indices",
       plan_max_pool<one_dimension>},
      {"max_pool2d", 1, 1, 2, types::float32, "kernel_size stride padding dilation ceil_mode indices",
       plan_max_pool<two_dimensions>},
      {"max_unpool1d", 2, 3, 1, types::float32, "kernel_size stride padding output_size indices",
       plan_max_unpool<one_dimension>},
      {"max_unpool2d", 2, 3, 1, types::float32, "kernel_size stride padding output_size indices",
       plan_max_unpool<two_dimensions>},
      {"caffe_unpool2d", 1, 2, 1, types::float32, "unpool_size kernel_size stride mode", plan_caffe_unpool},
      {"avg_pool1d", 1, 1, 1, types::float32,
       "kernel_size stride padding dilation ceil_mode count_include_pad divisor_override",
       plan_avg_pool<one_dimension>},
      {"avg_pool2d", 1, 1, 1, types::float32,
       "kernel_size stride padding dilation ceil_mode count_include_pad divisor_override",
       plan_avg_pool<two_dimensions>},
      {"adaptive_avg_pool1d", 1, 1, 1, types::float32, "output_size", plan_adaptive_avg_pool<one_dimension>},
      {"adaptive_avg_pool2d", 1, 1, 1, types::float32, "output_size", plan_adaptive_avg_pool<two_dimensions>},
  };
  return table;
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
