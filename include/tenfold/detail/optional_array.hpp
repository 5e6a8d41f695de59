// An array that may be missing.
#pragma once

#include <tenfold/error.hpp>

#include <cstddef>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// An array that may be missing: a bias that was not given, a weight that is packed already, anything where only sizes
/// are asked for. Each part of a missing array is missing too, whereas a null pointer plus an offset is undefined.
template <class T>
class optional_array {
 public:
  constexpr optional_array(std::nullptr_t = nullptr) {}  // NOLINT(google-explicit-constructor)
  constexpr optional_array(T* data) : data_(data) {}     // NOLINT(google-explicit-constructor)

  constexpr operator T*() const { return data_; }  // NOLINT(google-explicit-constructor)
  constexpr T& operator[](index_t i) const { return data_[i]; }
  constexpr optional_array& operator+=(index_t offset) {
    if (data_) data_ += offset;
    return *this;
  }
  friend constexpr optional_array operator+(optional_array array, index_t offset) { return array += offset; }

 private:
  T* data_ = nullptr;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
