// Both networks after each other: what a layer makes of a picture, and what one of its maps saw.
#pragma once

#include "common/crop.hpp"
#include "common/weights.hpp"
#include "vgg16_deconv/grid.hpp"
#include "vgg16_deconv/network.hpp"

#include <tenfold/net.hpp>

#include <optional>

namespace vgg16 {

struct request {
  index_t layer = 29;
  std::optional<index_t> map = std::nullopt;  // the strongest, without it
  rule by = rule::repository;
  index_t divisor = 1;
};

struct projection {
  tf::tensor<float> maps;     // (1, C, h, w)
  index_t map = 0;            // of those, the one that was projected
  tf::tensor<float> picture;  // (1, 3, H, W)
};

/// The heights and widths before each pool in front of a layer.
inline std::vector<tf::hw> sizes_before_pools(index_t layer, tf::hw size) {
  std::vector<tf::hw> result;
  const std::vector<struct layer> all = layers();
  for (index_t i = 0; i < layer; ++i) {
    if (all[static_cast<std::size_t>(i)].type != layer_type::pool) continue;
    result.push_back(size);
    size = {size.h / 2, size.w / 2};
  }
  return result;
}

/// x (1, 3, H, W)
inline projection project(const weights::source& source, const tf::tensor<float>& x, const request& wanted,
                          const tf::context& ctx) {
  convolution_of(wanted.layer);  // or an error, before the work
  tf::net forward(make_features(source, wanted.layer, wanted.divisor));
  auto found = forward.run({{"x", x}}, ctx);
  projection result;
  result.maps = std::move(found[tensor_of(wanted.layer)]);
  result.map = wanted.map.value_or(strongest(result.maps));
  const index_t count = result.maps.shape()[1];
  if (result.map >= count)
    throw std::runtime_error("layer " + std::to_string(wanted.layer) + " has the maps 0 to " +
                             std::to_string(count - 1));

  const index_t h = result.maps.shape()[2], w = result.maps.shape()[3];
  const tf::tensor_view<const float> map(result.maps.data() + result.map * h * w, {1, 1, h, w});
  const auto sizes = sizes_before_pools(wanted.layer, {x.shape()[2], x.shape()[3]});
  tf::net back(make_projection(source, wanted.layer, result.map, wanted.by, wanted.divisor, sizes));
  std::vector<tf::named_view> inputs = {{"map", map}};
  std::vector<std::string> names;
  for (index_t i = 0; i < wanted.layer; ++i)
    if (layers()[static_cast<std::size_t>(i)].type == layer_type::pool) names.push_back(switches_of(i));
  for (const std::string& name : names) inputs.emplace_back(name, found.at<index_t>(name));
  result.picture = std::move(back.run(inputs, ctx)["picture"]);
  return result;
}

}  // namespace vgg16
