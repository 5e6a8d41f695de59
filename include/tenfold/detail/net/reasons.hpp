// Why a file's network cannot be run: all of it, told at once.
#pragma once

#include <tenfold/error.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

class reasons {
 public:
  /// A line of the error.
  void add(const std::string& text) {
    if (++count_ <= most_lines) lines_ += '\n' + text;
  }
  void raise_if_any() const {
    if (count_ == 0) return;
    const index_t more = count_ - most_lines;
    raise({"it cannot be run, for ", count_, count_ == 1 ? " reason:" : " reasons:", lines_,
           more > 0 ? join({"\nand ", more, " more"}) : std::string()});
  }

 private:
  static constexpr index_t most_lines = 1000;
  std::string lines_;
  index_t count_ = 0;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
