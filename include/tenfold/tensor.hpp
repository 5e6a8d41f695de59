// tensor (owner), tensor_view (borrower), and tensor_like: whatever an operation takes.
#pragma once

#include <tenfold/shape.hpp>

#include <cassert>
#include <cstring>  // memcpy, memset
#include <new>      // align_val_t
#include <type_traits>
#include <utility>  // swap

namespace tenfold::inline v0 {

/// The element types of every operation: float, double and the signed integers. Integers are exact and wrap as torch's.
template <class T>
concept element = std::same_as<T, float> || std::same_as<T, double> ||
    (std::signed_integral<T> && sizeof(T) <= 8 && !std::same_as<T, char>);

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

inline constexpr std::size_t alignment = 64;  // a cache line, and the widest vector

/// std::fill, of which the linker might keep the one of a file that was compiled for another instruction set.
template <class T>
constexpr void fill(T* begin, T* end, T value) {
  for (T* p = begin; p != end; ++p) *p = value;
}

/// The number of elements of a tensor of this shape; throws where it is negative or its bytes overflow.
template <class T>
constexpr index_t checked_elements(const shape& s) {
  check_not_negative(s);
  const index_t elements = s.elements();
  checked_multiply(elements, static_cast<index_t>(sizeof(T)));
  return elements;
}

/// The place of element (i, j, ...) in row-major order.
template <class... Index>
index_t offset_of(const shape& s, Index... index) {
  assert(sizeof...(index) == s.size());
  index_t offset = 0;
  std::size_t d = 0;
  ((assert(static_cast<index_t>(index) >= 0 && static_cast<index_t>(index) < s[d]),
    offset = offset * s[d] + static_cast<index_t>(index), ++d),
   ...);
  return offset;
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

namespace tenfold::inline v0 {

/// A borrowed, contiguous, row-major tensor: a pointer and a shape. Copying it copies no element.
template <class T>
class tensor_view {
 public:
  using element_type = T;
  using value_type = std::remove_const_t<T>;

  TENFOLD_TAG tensor_view(T* data, const tenfold::shape& shape)
      : data_(data), shape_(shape), size_(detail::checked_elements<T>(shape)) {}
  template <std::same_as<value_type> U>  // a template, so that it is never the copy constructor
    requires(std::is_const_v<T>)
  TENFOLD_TAG tensor_view(const tensor_view<U>& other)  // NOLINT(google-explicit-constructor)
      : data_(other.data()), shape_(other.shape()), size_(other.size()) {}

  TENFOLD_TAG const tenfold::shape& shape() const { return shape_; }
  TENFOLD_TAG T* data() const { return data_; }
  /// The number of elements.
  TENFOLD_TAG index_t size() const { return size_; }
  template <std::integral... Index>
  TENFOLD_TAG T& operator()(Index... index) const {
    return data_[detail::offset_of(shape_, index...)];
  }
  TENFOLD_TAG tensor_view view() const { return *this; }

 private:
  T* data_;
  tenfold::shape shape_;
  index_t size_;
};

/// An owning, contiguous, row-major tensor, aligned to 64 bytes; zero-filled unless said otherwise.
template <class T>
class tensor {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>);

 public:
  using element_type = T;
  using value_type = T;

  TENFOLD_TAG tensor() = default;
  TENFOLD_TAG explicit tensor(const tenfold::shape& shape) : tensor(uninitialized(shape)) {
    if (size_ > 0) std::memset(static_cast<void*>(data_), 0, static_cast<std::size_t>(size_) * sizeof(T));
  }
  /// Elements are copied from `values`, in row-major order; there must be as many as the shape has.
  TENFOLD_TAG tensor(const tenfold::shape& shape, std::initializer_list<T> values) : tensor(uninitialized(shape)) {
    if (static_cast<index_t>(values.size()) != size_)
      detail::raise({"a tensor of shape ", shape, " has ", size_, " elements, but got ",
                     static_cast<index_t>(values.size()), " values"});
    if (size_ > 0) std::memcpy(data_, values.begin(), static_cast<std::size_t>(size_) * sizeof(T));
  }
  /// Elements are copied from an array that has as many.
  TENFOLD_TAG tensor(const tenfold::shape& shape, const T* values) : tensor(uninitialized(shape)) {
    if (size_ > 0) std::memcpy(data_, values, static_cast<std::size_t>(size_) * sizeof(T));
  }
  /// For results that are written whole.
  TENFOLD_TAG static tensor uninitialized(const tenfold::shape& shape) {
    const index_t size = detail::checked_elements<T>(shape);
    tensor result;
    result.data_ = size ? allocate(size) : nullptr;
    result.shape_ = shape;
    result.size_ = size;
    return result;
  }

  TENFOLD_TAG tensor(const tensor& other) : tensor(uninitialized(other.shape_)) {
    if (size_ > 0) std::memcpy(data_, other.data_, static_cast<std::size_t>(size_) * sizeof(T));
  }
  TENFOLD_TAG tensor(tensor&& other) noexcept : data_(other.data_), shape_(other.shape_), size_(other.size_) {
    other.data_ = nullptr;
    other.shape_ = {0};
    other.size_ = 0;
  }
  TENFOLD_TAG tensor& operator=(tensor other) noexcept {
    (std::swap)(data_, other.data_);
    shape_ = other.shape_;
    size_ = other.size_;
    return *this;
  }
  TENFOLD_TAG ~tensor() { ::operator delete (data_, std::align_val_t{detail::alignment}); }

  TENFOLD_TAG const tenfold::shape& shape() const { return shape_; }
  TENFOLD_TAG T* data() { return data_; }
  TENFOLD_TAG const T* data() const { return data_; }
  /// The number of elements.
  TENFOLD_TAG index_t size() const { return size_; }
  template <std::integral... Index>
  TENFOLD_TAG T& operator()(Index... index) {
    return data_[detail::offset_of(shape_, index...)];
  }
  template <std::integral... Index>
  TENFOLD_TAG const T& operator()(Index... index) const {
    return data_[detail::offset_of(shape_, index...)];
  }
  TENFOLD_TAG tensor_view<T> view() { return {data_, shape_}; }
  TENFOLD_TAG tensor_view<const T> view() const { return {data_, shape_}; }

 private:
  TENFOLD_TAG static T* allocate(index_t size) {
    return static_cast<T*>(
        ::operator new (static_cast<std::size_t>(size) * sizeof(T), std::align_val_t{detail::alignment}));
  }

  T* data_ = nullptr;
  tenfold::shape shape_ = {0};
  index_t size_ = 0;
};

}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

template <class T>
tensor_view<T> as_view(const tensor_view<T>& x) {
  return x;
}
template <class T>
tensor_view<T> as_view(tensor<T>& x) {
  return x.view();
}
template <class T>
tensor_view<const T> as_view(const tensor<T>& x) {
  return x.view();
}

/// Anything for which as_view(x) is found and gives a tensor_view: tensor, tensor_view, and foreign types by an
/// overload of as_view in their own namespace.
template <class X>
concept tensor_like = requires(X& x) {
  typename decltype(as_view(x))::value_type;
  requires std::same_as<decltype(as_view(x)), tensor_view<typename decltype(as_view(x))::element_type>>;
};

/// The element type behind a tensor_like, without const.
template <tensor_like X>
using element_of = typename decltype(as_view(std::declval<X&>()))::value_type;

namespace detail {

/// The read-only view of an argument.
template <class X>
tensor_view<const element_of<X>> const_view(const X& x) {
  return as_view(x);
}

}  // namespace detail
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
