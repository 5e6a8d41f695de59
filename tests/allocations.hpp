// Counts what a program allocates: included once, by the file that asks.
#pragma once

#include <algorithm>  // max
#include <atomic>
#include <cstddef>  // max_align_t
#include <cstdlib>  // aligned_alloc, free
#include <new>

#if __has_include(<malloc.h>)
#include <malloc.h>  // malloc_usable_size
#endif

namespace {

std::atomic<long> allocations{0};
std::atomic<long> live_bytes{0}, most_bytes{0};  // 0 where the system does not tell how large a block is

void count_bytes(void* memory, long sign) {
#if __has_include(<malloc.h>)
  const long now = live_bytes += sign * static_cast<long>(memory ? malloc_usable_size(memory) : 0);
  for (long most = most_bytes; now > most && !most_bytes.compare_exchange_weak(most, now);) continue;
#else
  (void)memory, (void)sign;
#endif
}

void release(void* memory) {
  count_bytes(memory, -1);
  std::free(memory);
}

void* counted(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
  ++allocations;
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded)) return count_bytes(memory, 1), memory;
  throw std::bad_alloc();
}

}  // namespace

// The array and nothrow forms of the library call these. Inlined, g++ would take the free in one and the new behind the
// other for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return counted(bytes); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { release(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { release(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
