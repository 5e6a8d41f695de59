// What exporters compute shapes with, all of it known when a net is planned.
#pragma once

#include <tenfold/detail/net/operators/types.hpp>

#include <cmath>  // ceil

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

inline void know_integers(planning& p, const shape& s, const index_t* values) {
  p.output(s, dtype::int64);
  p.know(constant(tensor<index_t>(s, values)));
}

/// ONNX's Shape: the sizes from `start` to `end`, which are cut to what there is.
inline void plan_shape(planning& p) {
  const shape& x = p.shape_of(0);
  const auto rank = static_cast<index_t>(x.size());
  const auto inside = [rank](index_t d) { return (std::min)((std::max)(d < 0 ? d + rank : d, index_t{0}), rank); };
  const index_t start = inside(p.integer("start", 0)), end = inside(p.integer("end", rank));
  know_integers(p, {(std::max)(end - start, index_t{0})}, x.begin() + start);
}

inline void plan_numel(planning& p) {
  const index_t count = p.shape_of(0).elements();
  know_integers(p, {}, &count);
}

inline void plan_constant_of_shape(planning& p) {
  const std::vector<index_t> sizes = p.elements_of(0);
  const shape s{std::span<const index_t>(sizes)};
  const dtype type = p.has(1) ? p.type_of(1) : dtype::float32;
  p.output(s, type);
  p.run([](const call& c) {
    with_unit(c.any_output().type(), [&]<class U>(U) {
      const tensor_view<U> y = output_units<U>(c);
      fill(y.data(), y.data() + y.size(), c.has(1) ? units<U>(c.any_input(1)).data()[0] : U{});
    });
  });
}

inline void plan_arange(planning& p) {
  check_same_type(p, 0, 1);
  check_same_type(p, 0, 2);
  with_number(p.type_of(0), [&]<class T>(T) {
    const T start = p.known<T>(0).data()[0], step = p.known<T>(2).data()[0];
    const double count = std::ceil((p.number_of(1) - p.number_of(0)) / p.number_of(2));
    if (p.number_of(2) == 0) raise("arange: the step is zero");
    if (!(count < 1e8)) raise("arange: too many elements");
    const auto length = count > 0 ? static_cast<index_t>(count) : 0;
    auto y = tensor<T>::uninitialized({length});
    for (index_t i = 0; i < length; ++i) y.data()[i] = static_cast<T>(start + static_cast<T>(i) * step);
    p.output(y.shape(), p.type_of(0));
    p.know(constant(std::move(y)));
  });
}

inline std::span<const operation> shapes_table() {
  static constexpr operation table[] = {
      {"constant_of_shape", 1, 2, 1, types::any, "", plan_constant_of_shape},
      {"arange", 3, 3, 1, types::any, "", plan_arange},
      {"shape", 1, 1, 1, types::any, "start end", plan_shape},
      {"numel", 1, 1, 1, types::any, "", plan_numel},
  };
  return table;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
