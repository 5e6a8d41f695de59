// What goes into a net and comes out of it: pictures, .npy files, noise.
#pragma once

#include "options.hpp"

#include "common/image.hpp"
#include "common/npy.hpp"

#include <tenfold/net.hpp>

#include <cmath>  // abs
#include <random>

namespace run_net {

namespace tf = tenfold;
using tf::index_t;

/// An input of a net by its name, with what it borrows from.
struct given {
  std::string name;
  tf::constant tensor;
};

inline const tf::graph_input& only_input(const tf::net& net) {
  if (net.inputs().size() != 1)
    throw std::runtime_error("the network takes " + std::to_string(net.inputs().size()) +
                             " inputs: give each with --input NAME=F.npy");
  for (const tf::graph_input& input : net.description().inputs)
    if (input.name == net.inputs().front()) return input;
  throw std::runtime_error("the network has no input");
}

/// The picture as a net takes it: one channel or three, resized where the net has a size.
inline tf::constant picture_for(const tf::graph_input& input, const std::string& path) {
  tf::tensor<float> picture = images::read_png(path);
  if (!input.sizes) return tf::constant(std::move(picture));
  const tf::shape& wanted = *input.sizes;
  if (wanted.size() != 4 || (wanted[1] != 1 && wanted[1] != 3 && wanted[1] != -1))
    throw std::runtime_error("the network's input is no picture: it has the shape " + to_string(wanted));
  if (wanted[1] == 1) picture = tf::mean(picture, 1, true);
  const tf::hw size{wanted[2] == -1 ? picture.shape()[2] : wanted[2], wanted[3] == -1 ? picture.shape()[3] : wanted[3]};
  if (!(size == tf::hw{picture.shape()[2], picture.shape()[3]}))
    picture = tf::upsample_bilinear2d_aa(picture, size, false);
  return tf::constant(std::move(picture));
}

inline tf::constant noise(const std::string& text) {
  std::vector<index_t> sizes;
  const char *at = text.data(), *end = at + text.size();
  while (at <= end) {
    index_t size = 0;
    const auto [stop, error] = std::from_chars(at, end, size);
    if (error != std::errc{} || size < 0 || (stop != end && *stop != 'x'))
      throw std::runtime_error("--shape takes sizes as in 1x3x224x224, but got '" + text + "'");
    sizes.push_back(size);
    at = stop + 1;
  }
  tf::tensor<float> x(tf::shape{std::span<const index_t>(sizes)});
  std::mt19937 random(1);
  for (index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random() >> 8) / static_cast<float>(1 << 24);
  return tf::constant(std::move(x));
}

inline std::vector<given> inputs_of(const tf::net& net, const options& o) {
  if (!o.image.empty()) return {{only_input(net).name, picture_for(only_input(net), o.image)}};
  if (!o.shape.empty()) return {{only_input(net).name, noise(o.shape)}};
  std::vector<given> result;
  for (const std::string& text : o.inputs) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos)
      result.push_back({only_input(net).name, npy::read(text)});
    else
      result.push_back({text.substr(0, equals), npy::read(text.substr(equals + 1))});
  }
  return result;
}

/// A tensor as a picture, if it is one.
inline void write_picture(const std::string& path, const tf::any_view& x) {
  const tf::shape& s = x.shape();
  if (x.type() != tf::dtype::float32 || s.size() != 4 || s[0] != 1 || (s[1] != 1 && s[1] != 3))
    throw std::runtime_error("the output is no picture (1, 1 or 3, H, W) but has the shape " + to_string(s) +
                             ": write it as .npy");
  const tf::tensor_view<const float> view = x.view<float>();
  images::write_png(path, s[1] == 3 ? tf::tensor<float>(s, view.data()) : tf::cat({view, view, view}, 1));
}

inline void write_output(const std::string& path, const tf::any_view& x) {
  if (path.size() > 4 && path.compare(path.size() - 4, 4, ".png") == 0)
    write_picture(path, x);
  else
    npy::write(path, x);
}

/// Prints how far x is from an .npy file; whether that is near enough.
inline bool compare(const std::string& path, const tf::any_view& x) {
  const tf::constant expected = npy::read(path);
  if (!(expected.shape() == x.shape()) || expected.type() != x.type())
    throw std::runtime_error(path + " has the shape " + to_string(expected.shape()) + ", the output " +
                             to_string(x.shape()) + ", or they differ in type");
  double worst = 0, largest = 0;
  tf::detail::with_dtype(x.type(), [&]<class T>(T) {
    const auto a = x.view<T>(), b = expected.view<T>();
    for (index_t i = 0; i < a.size(); ++i) {
      const double difference = std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
      if (!(difference <= worst)) worst = difference;  // NaN, too
      largest = std::max(largest, std::abs(static_cast<double>(b.data()[i])));
    }
  });
  const bool is_near = worst <= 1e-4 * largest + 1e-6;  // the latter is how exact a runtime's sigmoid near 0 may be
  std::printf("compared: at most %.3g from %s, whose largest number is %.3g: %s\n", worst, path.c_str(), largest,
              is_near ? "the same to 1e-4" : "DIFFERENT");
  return is_near;
}

}  // namespace run_net
