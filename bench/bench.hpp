// What every benchmark shares: the layers, random operands, and a registration per instruction set and thread count.
#pragma once

#include <tenfold/tenfold.hpp>

#include <array>
#include <bit>  // bit_cast
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace tf = tenfold;
using tf::index_t;

/// One line of layers.txt.
struct layer {
  std::string op;
  std::string name;
  std::vector<index_t> sizes;
};

std::vector<layer> read_layers(const std::string& path);

/// The sizes of a layer by name: Sizes is a struct of index_t only.
template <class Sizes>
Sizes sizes_of(const layer& l) {
  std::array<index_t, sizeof(Sizes) / sizeof(index_t)> sizes{};
  if (l.sizes.size() != sizes.size())
    throw std::invalid_argument(l.op + " " + l.name + ": expected " + std::to_string(sizes.size()) +
                                " sizes, but got " + std::to_string(l.sizes.size()));
  std::copy(l.sizes.begin(), l.sizes.end(), sizes.begin());
  return std::bit_cast<Sizes>(sizes);
}

/// Numbers from [-1, 1), the same at each run.
template <class T>
tf::tensor<T> random(const tf::shape& shape) {
  auto x = tf::tensor<T>::uninitialized(shape);
  std::uint32_t state = 1;
  for (index_t i = 0; i < x.size(); ++i) {
    state = state * 1664525u + 1013904223u;  // the generator of Numerical Recipes
    x.data()[i] = static_cast<T>(static_cast<std::int32_t>(state) >> 8) / T{1 << 23};
  }
  return x;
}

template <class T>
tf::tensor<T> uninitialized(const tf::shape& shape) {
  return tf::tensor<T>::uninitialized(shape);
}

/// Scratch memory of its own for each copy of a benchmark, so that the calls allocate nothing.
class workspace {
 public:
  explicit workspace(index_t bytes) : memory_(static_cast<std::size_t>(bytes)) {}
  tf::context in(tf::context ctx) {
    ctx.workspace = memory_;
    return ctx;
  }

 private:
  std::vector<std::byte> memory_;
};

template <class... T>
double bytes_of(const tf::tensor<T>&... x) {
  return (0.0 + ... + static_cast<double>(x.size() * static_cast<index_t>(sizeof(T))));
}

template <class... Size>
double product(Size... sizes) {
  return (1.0 * ... * static_cast<double>(sizes));
}

/// What is timed, and what one call of it does: arithmetic operations, and bytes that it has to read or write at least.
struct measured {
  std::function<void()> call = {};
  double operations = 0;
  double bytes = 0;
};

/// Moves as many bytes as `work`, each piece read once and written `writes` times: what an operation that computes
/// little is held against.
measured copy_like(const measured& work, index_t writes, const tf::context& ctx);

/// Registers name/isa/threads for every instruction set of the machine, on one thread and on all. `make(context)` runs
/// outside the timing.
void add(const std::string& name, std::function<measured(const tf::context&)> make);

void add_peaks();
void add_gemm(const layer& l);
void add_conv2d(const layer& l);
void add_conv_transpose2d(const layer& l);
void add_conv2d_backward(const layer& l);
void add_conv_transpose2d_backward(const layer& l);
void add_max_pool2d(const layer& l);
void add_max_unpool2d(const layer& l);
void add_upsample2d(const layer& l);
void add_conv1d(const layer& l);
void add_conv_transpose1d(const layer& l);
void add_upsample1d(const layer& l);
void add_im2col(const layer& l);
void add_activation(const layer& l);
void add_move(const layer& l);
void add_arithmetic(const layer& l);
void add_reduce(const layer& l);

}  // namespace bench
