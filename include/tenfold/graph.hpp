// graph: a network as data. Named nodes of operations between named tensors; net.hpp runs it.
#pragma once

#include <tenfold/tensor.hpp>

#include <map>
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <utility>  // move
#include <variant>
#include <vector>

namespace tenfold::inline v0 {

/// The element types that a file may hold, by torch's names. float16 and bfloat16 are for constants alone.
enum class dtype : unsigned char { float32, float64, int8, int16, int32, int64, uint8, boolean, float16, bfloat16 };

/// A tensor of any element type: what goes into a net, borrowed. Everything tensor_like converts to one.
class any_view {
 public:
  TENFOLD_TAG any_view() = default;
  TENFOLD_TAG any_view(dtype type, const void* data, const tenfold::shape& shape)
      : data_(data), shape_(shape), type_(type) {}
  template <tensor_like X>
  TENFOLD_TAG any_view(const X& x);  // NOLINT(google-explicit-constructor)

  TENFOLD_TAG dtype type() const { return type_; }
  TENFOLD_TAG const tenfold::shape& shape() const { return shape_; }
  TENFOLD_TAG const void* data() const { return data_; }
  /// Its elements as T's, which must be its type.
  template <class T>
  TENFOLD_TAG tensor_view<const T> view() const;

 private:
  const void* data_ = nullptr;
  tenfold::shape shape_;
  dtype type_ = dtype::float32;
};

/// The same with its memory, which copies share: a weight, from a tensor or a mapped file. Nothing writes to it.
class constant : public any_view {
 public:
  TENFOLD_TAG constant() = default;
  /// `owner` keeps the bytes of the view alive.
  TENFOLD_TAG constant(const any_view& bytes, std::shared_ptr<const void> owner)
      : any_view(bytes), owner_(std::move(owner)) {}
  /// Takes the tensor over.
  template <class T>
  TENFOLD_TAG explicit constant(tensor<T> x) : constant(std::make_shared<const tensor<T>>(std::move(x))) {}

  /// Other bytes of the same owner.
  TENFOLD_TAG constant part(const any_view& bytes) const { return {bytes, owner_}; }

 private:
  template <class T>
  TENFOLD_TAG explicit constant(const std::shared_ptr<const tensor<T>>& x) : constant(any_view(*x), x) {}

  std::shared_ptr<const void> owner_;
};

/// A setting of a node.
using attribute = std::variant<index_t, double, std::string, std::vector<index_t>, std::vector<double>>;
using attributes = std::map<std::string, attribute>;

/// An operation between tensors, by their names. docs/net.md lists the operations with their inputs and attributes.
struct graph_node {
  std::string name;
  std::string op;
  std::vector<std::string> inputs = {};  // "" is an input that is left out
  std::vector<std::string> outputs = {};
  tenfold::attributes attributes = {};
};

/// What a caller brings. A size of -1 may be any.
struct graph_input {
  std::string name;
  dtype type = dtype::float32;
  std::optional<shape> sizes = std::nullopt;
};

/// A network: net checks it, and runs it. The nodes may stand in any order.
struct graph {
  std::vector<graph_input> inputs;
  std::vector<std::string> outputs;
  std::vector<graph_node> nodes;
  std::map<std::string, constant> constants = {};
  /// What a plan, its arena and the outputs may take besides the constants: a stranger's graph may ask for anything.
  index_t max_bytes = index_t{1} << 40;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

namespace detail {

template <class T>
inline constexpr bool is_dtype = element<T> || std::same_as<T, std::uint8_t> || std::same_as<T, bool>;

/// The dtype of an element type.
template <class T>
  requires is_dtype<T>
constexpr dtype dtype_of() {
  if constexpr (std::same_as<T, bool>)
    return dtype::boolean;
  else if constexpr (std::same_as<T, std::uint8_t>)
    return dtype::uint8;
  else if constexpr (std::floating_point<T>)
    return sizeof(T) == 4 ? dtype::float32 : dtype::float64;
  else
    return sizeof(T) == 1 ? dtype::int8 : sizeof(T) == 2 ? dtype::int16 : sizeof(T) == 4 ? dtype::int32 : dtype::int64;
}

/// torch's name of it.
constexpr const char* name_of(dtype type) {
  constexpr const char* names[] = {"float32", "float64", "int8", "int16",   "int32",
                                   "int64",   "uint8",   "bool", "float16", "bfloat16"};
  return names[static_cast<std::size_t>(type)];
}

constexpr index_t bytes_of(dtype type) {
  constexpr index_t bytes[] = {4, 8, 1, 2, 4, 8, 1, 1, 2, 2};
  return bytes[static_cast<std::size_t>(type)];
}

/// use(T{}) for the element type T of a dtype; raises for those that only store.
template <class Use>
decltype(auto) with_dtype(dtype type, const Use& use) {
  switch (type) {
    case dtype::float32:
      return use(float{});
    case dtype::float64:
      return use(double{});
    case dtype::int8:
      return use(std::int8_t{});
    case dtype::int16:
      return use(std::int16_t{});
    case dtype::int32:
      return use(std::int32_t{});
    case dtype::int64:
      return use(std::int64_t{});
    case dtype::uint8:
      return use(std::uint8_t{});
    case dtype::boolean:
      return use(bool{});
    case dtype::float16:
    case dtype::bfloat16:
      break;
  }
  raise({name_of(type), " is a type of stored weights, which nothing computes in"});
}

}  // namespace detail
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS

namespace tenfold::inline v0 {

template <tensor_like X>
any_view::any_view(const X& x) : any_view(detail::dtype_of<element_of<X>>(), as_view(x).data(), as_view(x).shape()) {}

template <class T>
tensor_view<const T> any_view::view() const {
  if (type_ != detail::dtype_of<T>())
    detail::raise({"a tensor of ", detail::name_of(type_), " where one of ", detail::name_of(detail::dtype_of<T>()),
                   " is needed"});
  return {static_cast<const T*>(data_), shape_};
}

}  // namespace tenfold::inline v0
