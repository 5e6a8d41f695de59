// Scratch memory of one call: the caller's or allocated, one equal share for each worker.
#pragma once

#include <tenfold/context.hpp>
#include <tenfold/detail/optional_array.hpp>

#include <new>  // align_val_t

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

inline constexpr index_t most_scratch_bytes = index_t{8} << 20;
inline constexpr index_t least_scratch_bytes = index_t{64} << 10;

/// What one worker may use.
inline index_t scratch_budget(const context& ctx) {
  if (ctx.max_workspace_bytes == 0) return most_scratch_bytes;
  if (ctx.max_workspace_bytes < least_scratch_bytes)
    raise({"max_workspace_bytes must be at least ", least_scratch_bytes, ", but got ", ctx.max_workspace_bytes});
  return (std::min)(ctx.max_workspace_bytes, most_scratch_bytes);
}

/// A workspace may begin anywhere; its use begins at a cache line.
inline index_t workspace_bytes_for(index_t bytes) {
  return bytes == 0 ? 0 : bytes + static_cast<index_t>(alignment) - 1;
}

class scratch_memory {
 public:
  scratch_memory(const context& ctx, index_t bytes) {
    if (bytes == 0) return;
    if (ctx.workspace.empty()) {
      owned_ = ::operator new (static_cast<std::size_t>(bytes), std::align_val_t{alignment});
      data_ = static_cast<std::byte*>(owned_);
      return;
    }
    const auto given = static_cast<index_t>(ctx.workspace.size());
    if (given < workspace_bytes_for(bytes))
      raise({"the context's workspace has ", given, " bytes, but this call needs ", workspace_bytes_for(bytes)});
    const std::uintptr_t misalignment = reinterpret_cast<std::uintptr_t>(ctx.workspace.data()) % alignment;
    data_ = ctx.workspace.data() + (misalignment ? alignment - misalignment : 0);
  }
  scratch_memory(const scratch_memory&) = delete;
  scratch_memory& operator=(const scratch_memory&) = delete;
  ~scratch_memory() { ::operator delete (owned_, std::align_val_t{alignment}); }

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  void* owned_ = nullptr;
};

/// Hands out consecutive cache-line-aligned arrays of a piece of memory; with a null start it only counts bytes.
class scratch_cursor {
 public:
  explicit scratch_cursor(optional_array<std::byte> start) : start_(start) {}
  template <class T>
  T* take(index_t count) {
    std::byte* at = start_ + used_;
    used_ += round_up(count * static_cast<index_t>(sizeof(T)), static_cast<index_t>(alignment));
    return reinterpret_cast<T*>(at);
  }
  index_t used() const { return used_; }

 private:
  optional_array<std::byte> start_;
  index_t used_ = 0;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
