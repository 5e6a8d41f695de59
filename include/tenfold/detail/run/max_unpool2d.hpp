// max_unpool2d and its gradient: the checks of the indices, then whole planes.
#pragma once

#include <tenfold/max_unpool2d.hpp>
#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/kernel_table.hpp>  // arithmetic_t
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/run/plane_indices.hpp>

#include <charconv>  // to_chars: a value in an error text

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

inline void check_unpool_indices(const plane_geometry& g, const index_t* indices, const context& ctx) {
  check_plane_indices(g.planes, g.in, g.out, 0, indices, ctx);
}

/// The position of the first index that stands before it already, or `count`. All are in [0, out).
///   indices (count)   seen (bytes) scratch
inline index_t first_duplicate(const index_t* indices, index_t count, index_t out, std::uint8_t* seen, index_t bytes) {
  index_t found = count;
  for (index_t begin = 0; begin < out; begin += 8 * bytes) {
    std::memset(seen, 0, static_cast<std::size_t>(bytes));
    for (index_t i = 0; i < found; ++i) {
      const index_t at = indices[i] - begin;
      if (at < 0 || at >= 8 * bytes) continue;
      const int bit = 1 << at % 8;
      if (seen[at / 8] & bit) found = i;
      seen[at / 8] = static_cast<std::uint8_t>(seen[at / 8] | bit);
    }
  }
  return found;
}

/// As it reads back equal.
template <class T>
std::string value_text(T value) {
  char digits[64];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

/// `at` repeats an index that stands before it in its plane.
template <class T>
[[noreturn]] TENFOLD_COLD void raise_duplicate(const plane_geometry& g, const T* input, const index_t* indices,
                                               index_t at) {
  const index_t in = g.in.h * g.in.w;
  const index_t first = std::find(indices + at / in * in, indices + at, indices[at]) - indices;
  const index_t channels = g.output_shape[g.output_shape.size() - 3];
  const auto place = [&](index_t i) { return join({"h = ", i % in / g.in.w, ", w = ", i % g.in.w}); };
  raise({"max_unpool2d: duplicate index ", indices[at], " at n = ", at / in / channels, ", c = ", at / in % channels,
         ", ", place(at), " (value ", value_text(input[at]), "): its plane has it at ", place(first), " (value ",
         value_text(input[first]), ") already"});
}

/// Raises an error for the first index, in memory order, that its plane has had before.
///   memory (worker_count, unpool_seen_bytes)
template <class T>
void check_no_duplicates(const plane_geometry& g, const T* input, const index_t* indices, std::byte* memory,
                         const context& ctx) {
  const index_t in = g.in.h * g.in.w;
  const index_t bytes = unpool_seen_bytes(g, ctx);
  std::atomic<index_t> first{g.planes * in};
  parallel_tasks(ctx, g.planes, [&](index_t worker, index_t plane) {
    auto* seen = reinterpret_cast<std::uint8_t*>(memory + worker * bytes);
    const index_t found = first_duplicate(indices + plane * in, in, g.out.h * g.out.w, seen, bytes);
    if (found < in) lower_to(first, plane * in + found);
  });
  if (first < g.planes * in) raise_duplicate(g, input, indices, first);
}

/// One plane by a rule other than `last`. Every place that is named first gets a value to begin with: the first one for
/// `first` and `max`; for `sum` the zero to which -0 can be added.
///   input, indices (in)   output (out)
template <class T>
void unpool_plane(unpool_duplicates rule, index_t in, index_t out, const T* input, const index_t* indices, T* output) {
  using U = arithmetic_t<T>;
  fill(output, output + out, T{});
  for (index_t i = in; i-- > 0;) output[indices[i]] = rule == unpool_duplicates::sum ? static_cast<T>(-T{}) : input[i];
  for (index_t i = 0; i < in && rule != unpool_duplicates::first; ++i) {
    T& y = output[indices[i]];
    const T x = input[i];
    if (rule == unpool_duplicates::sum)
      y = static_cast<T>(static_cast<U>(static_cast<U>(y) + static_cast<U>(x)));
    else if (x > y || x != x)
      y = x;
  }
}

template <class T>
void run_max_unpool2d(const plane_geometry& g, const unpool2d_options& o, const T* input, const index_t* indices,
                      T* output, const context& ctx) {
  if (g.output_shape.elements() == 0) return;  // PyTorch reads no index then
  check_unpool_indices(g, indices, ctx);
  if (o.duplicates == unpool_duplicates::error) {
    const scratch_memory memory(ctx, unpool_scratch_bytes(g, o, ctx));
    check_no_duplicates(g, input, indices, memory.data(), ctx);
  }
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), scatter_planes<false, T>);
  const bool plain = o.duplicates == unpool_duplicates::last || o.duplicates == unpool_duplicates::error;
  const index_t in = g.in.h * g.in.w;
  const index_t out = g.out.h * g.out.w;
  // Whole planes only: the copies of an index count in row-major order.
  parallel_ranges(ctx, g.planes, (plain ? 1 : 3) * static_cast<double>(in) + 0.1 * static_cast<double>(out),
                  [&](index_t begin, index_t end) {
                    if (plain) return kernel(begin, end, g.in, g.out, input, indices, output);
                    for (index_t p = begin; p < end; ++p)
                      unpool_plane(o.duplicates, in, out, input + p * in, indices + p * in, output + p * out);
                  });
}

template <class T>
void run_max_unpool2d_backward(const plane_geometry& g, const T* grad_output, const index_t* indices, T* grad_input,
                               const context& ctx) {
  const index_t in = g.in.h * g.in.w;
  if (g.planes * in == 0) return;
  check_unpool_indices(g, indices, ctx);
  const auto kernel = TENFOLD_KERNEL(chosen_isa(ctx), max_unpool2d_backward_planes<T>);
  parallel_ranges(ctx, g.planes, static_cast<double>(in), [&](index_t begin, index_t end) {
    kernel(begin, end, g.in, g.out, grad_output, indices, grad_input);
  });
}

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
