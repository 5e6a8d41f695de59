// Upsampling in a net.
#pragma once

#include <tenfold/detail/net/operators/types.hpp>
#include <tenfold/upsample2d.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

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

inline void plan_upsample_nearest2d(planning& p) {
  with_size(p, [&](const auto& size) {
    p.output(upsample2d_output_shape(p.shape_of(0), size), p.type_of(0));
    p.run([size](const call& c) {
      with_unit(c.any_input().type(),
                [&]<class U>(U) { upsample_nearest2d_into(output_units<U>(c), units<U>(c.any_input()), size, c.ctx); });
    });
  });
}

inline void plan_upsample_bilinear2d(planning& p) {
  const bool align_corners = p.flag("align_corners");
  with_size(p, [&](const auto& size) {
    p.output(upsample2d_output_shape(p.shape_of(0), size), p.type_of(0));
    p.run([size, align_corners](const call& c) {
      with_float(c.any_input().type(), [&]<class T>(T) {
        upsample_bilinear2d_into(c.output<T>(), c.input<T>(), size, align_corners, c.ctx);
      });
    });
  });
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
