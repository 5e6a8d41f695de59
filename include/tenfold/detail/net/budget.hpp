// The memory that a file which nobody vouches for may make its reader allocate.
#pragma once

#include <tenfold/shape.hpp>

#include <vector>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// Bytes that are mapped do not count.
class budget {
 public:
  /// `setting` is what the caller calls the limit.
  budget(index_t bytes, const char* setting) : setting_(setting), limit_(bytes), left_(bytes) {}

  void take(index_t bytes) {
    if (bytes > left_) raise({"it needs more memory than ", setting_, ", which is ", limit_, " bytes"});
    left_ -= bytes;
  }
  void take(index_t count, std::size_t bytes_each) { take(checked_multiply(count, static_cast<index_t>(bytes_each))); }

 private:
  const char* setting_;
  index_t limit_, left_;
};

/// One more element of a vector that a file fills.
template <class T>
T& append(std::vector<T>& list, std::type_identity_t<T> element, budget& memory) {
  memory.take(2, sizeof(T));  // a vector has room for up to twice its elements
  list.push_back(std::move(element));
  return list.back();
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
