// Large products: both operands are packed into the panels that the micro-kernel reads.
//
//     for each chunk of A, a number of rows and of blocks of KC columns    packed once, in panels of MR rows
//       for each block of NC columns of B                                  a task
//         for each block of KC rows of B that the chunk has columns of     packed by the task, in panels of NR columns
//           for each panel of A
//             for each panel of B                                          the micro-kernel
//
// They are the loops of BLIS (Van Zee and van de Geijn, 2015) with the operands exchanged: C's rows are lines, so B's
// elements fill the vectors, B's block is what L2 holds, and A is shared.
#pragma once

#include <tenfold/detail/foreach_isa.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/detail/product/strided_product.hpp>
#include <tenfold/detail/workspace.hpp>

#include <cstring>  // memcpy, memset

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

// KC: terms that are summed in registers before they are added to C. It alone decides the order of the additions, so it
// depends on nothing but the type. The more, the less often C is read and written (gemm 1024 in blocks of 342 rather
// than 256: 1 % faster). The least blocks of avx512, (14 + 32) x 352 floats or (14 + 16) x 256 of 8 bytes, are 64 KB,
// all of the least workspace.
template <class T>
inline constexpr index_t packed_kc = sizeof(T) == 8 ? 256 : 352;

/// Fetches a block of memory, `lines` of `bytes` each that lie `stride` bytes apart, into L2: a part at a time.
class block_fetch {
 public:
  block_fetch() = default;
  block_fetch(const void* data, index_t lines, index_t bytes, index_t stride, index_t parts)
      : line_(static_cast<const std::byte*>(data)), lines_(lines), bytes_(bytes), stride_(stride) {
    each_ = ceil_divide(lines * ceil_divide(bytes, cache_line), parts);
  }

  void next_part() {
    for (index_t i = 0; i < each_ && lines_ > 0; ++i) {
      __builtin_prefetch(line_ + at_, 0, 2);
      at_ += cache_line;
      if (at_ < bytes_) continue;
      at_ = 0;
      line_ += stride_;
      --lines_;
    }
  }

 private:
  static constexpr index_t cache_line = 64;
  const std::byte* line_ = nullptr;
  index_t lines_ = 0, bytes_ = 0, stride_ = 0, each_ = 0, at_ = 0;
};

template <class T>
class packed_gemm {
 public:
  packed_gemm(const strided_product<T>& g, const context& ctx)
      : g_(g), ctx_(ctx), level_(chosen_isa(ctx)), kernel_(TENFOLD_KERNEL(level_, micro_set<T>::table)) {
    const index_t mr = kernel_.mr, nr = kernel_.nr;
    kc_ = ceil_divide(g.k, ceil_divide(g.k, packed_kc<T>));  // equal shares rather than a small rest
    panel_a_ = round_up(kc_ * mr + kernel_.lanes, line);
    panel_b_ = round_up(kc_ * nr + kernel_.lanes, line);

    // The block of B, KC rows of 2 KiB, is 704 KiB at most, of an L2 of 1 MiB. With more than one worker it is
    // narrower, for four tasks each, but not below four panels, so that the panels of A are not read too often.
    const index_t budget = scratch_budget(ctx) / bytes;
    const index_t most_b = (std::min)(2048 / bytes / nr * panel_b_, budget / 2);
    index_t blocks = ceil_divide(g.n, std::max<index_t>(1, most_b / panel_b_) * nr);
    if (ctx.threads > 1) blocks = (std::max)(blocks, (std::min)(ceil_divide(g.n, 4 * nr), 4 * thread_count(ctx)));
    nc_ = round_up(ceil_divide(g.n, blocks), nr);
    n_blocks_ = ceil_divide(g.n, nc_);
    block_b_ = nc_ / nr * panel_b_;

    // All of A if there is room, else some of its blocks of columns, else some rows of one: B is packed once for each
    // chunk of rows. Up to 4 MiB, for an L3 that holds C's block too: 7.5 cost double 1024 and 2048 2 %.
    const index_t panels = ceil_divide(g.m, mr);
    const index_t room = std::max<index_t>(1, (std::min)(budget - block_b_, (index_t{4} << 20) / bytes) / panel_a_);
    mc_ = (std::min)(panels, room) * mr;
    chunk_blocks_ = (std::min)(ceil_divide(g.k, kc_), std::max<index_t>(1, room / panels));
    chunk_a_ = mc_ / mr * chunk_blocks_ * panel_a_;
    m_parts_ = ctx.threads > 1 ? parts_per_task(n_blocks_, thread_count(ctx)) : 1;
    part_ = round_up(ceil_divide(mc_, m_parts_), mr);
    m_parts_ = ceil_divide(mc_, part_);
  }

  index_t scratch_bytes() const { return (chunk_a_ + block_b_ * worker_count(ctx_, n_blocks_ * m_parts_)) * bytes; }

  void run(std::byte* memory) const {
    T* a = reinterpret_cast<T*>(memory);
    for (index_t i = 0; i < g_.m; i += mc_)
      for (index_t p = 0; p < g_.k; p += chunk_blocks_ * kc_) {
        const index_t rows = (std::min)(mc_, g_.m - i);
        const index_t depth = (std::min)(chunk_blocks_ * kc_, g_.k - p);
        pack_chunk(i, rows, p, depth, a);
        parallel_tasks(ctx_, n_blocks_ * m_parts_, [&](index_t worker, index_t t) {
          const index_t i0 = t % m_parts_ * part_;
          if (i0 >= rows) return;
          const task_extent task{i + i0, (std::min)(part_, rows - i0), p, depth, t / m_parts_ * nc_};
          run_task(task, a + i0 / kernel_.mr * panel_a_, ceil_divide(rows, kernel_.mr) * panel_a_,
                   a + chunk_a_ + worker * block_b_);
        });
      }
  }

 private:
  static constexpr auto bytes = static_cast<index_t>(sizeof(T));
  static constexpr index_t line = static_cast<index_t>(alignment) / bytes;

  struct task_extent {
    index_t i, rows, p, depth, j;
  };

  /// Rows [i, i + rows) x columns [p, p + depth) of A: for each block of columns, for each panel, (kc, its height).
  void pack_chunk(index_t i, index_t rows, index_t p, index_t depth, T* to) const {
    constexpr index_t panels_per_task = 8;
    const index_t panels = ceil_divide(rows, kernel_.mr);
    const index_t tasks = ceil_divide(panels, panels_per_task);
    parallel_tasks(ctx_, tasks * ceil_divide(depth, kc_), [&](index_t, index_t t) {
      const index_t block = t / tasks;
      const index_t first = t % tasks * panels_per_task;
      const index_t kc = (std::min)(kc_, depth - block * kc_);
      for (index_t panel = first; panel < (std::min)(panels, first + panels_per_task); ++panel) {
        const index_t count = (std::min)(kernel_.mr, rows - panel * kernel_.mr);
        const strided_matrix<const T> from{&g_.a.at(i + panel * kernel_.mr, p + block * kc_), g_.a.row, g_.a.column};
        pack_panel(from, count, kc, kernel_.height_of(count), to + (block * panels + panel) * panel_a_);
      }
    });
  }

  /// panel(p, r) = source(r, p) for r < count, 0 for count <= r < width;   p < kc
  void pack_panel(const strided_matrix<const T>& source, index_t count, index_t kc, index_t width, T* panel) const {
    index_t row[most_nr], column[packed_kc<T>];
    for (index_t r = 0; r < count; ++r) row[r] = r * source.row;
    if (source.column == 1) return TENFOLD_KERNEL(level_, pack_transpose<T>)(source.data, row, count, kc, width, panel);
    for (index_t q = 0; q < kc; ++q) column[q] = q * source.column;
    if (source.row == 1 && count == kernel_.mr && width == count)
      TENFOLD_KERNEL(level_, pack_lines<T>)(source.data, column, kc, panel);
    else
      TENFOLD_KERNEL(level_, pack_gather<T>)(source.data, row, count, column, kc, width, panel);
  }

  void pack_b(index_t p, index_t kc, index_t j, index_t columns, T* to) const {
    const index_t nr = kernel_.nr;
    index_t done = 0;
    if (g_.b.column == 1) {
      done = columns / nr;
      TENFOLD_KERNEL(level_, pack_rows<T>)(&g_.b.at(p, j), g_.b.row, kc, done, panel_b_, to);
    }
    for (; done * nr < columns; ++done)
      pack_panel({&g_.b.at(p, j + done * nr), g_.b.column, g_.b.row}, (std::min)(nr, columns - done * nr), kc, nr,
                 to + done * panel_b_);
  }

  ///   a  the task's first panel of A, of the first block of KC columns; the others follow, a_block apart
  ///   b  (block_b_) of scratch
  void run_task(const task_extent& t, const T* a, index_t a_block, T* b) const {
    const index_t columns = (std::min)(nc_, g_.n - t.j);
    for (index_t p = 0; p < t.depth; p += kc_, a += a_block) {
      const index_t kc = (std::min)(kc_, t.depth - p);
      pack_b(t.p + p, kc, t.j, columns, b);
      // The next block of B, or that of the task which this worker will probably get next.
      block_fetch ahead;
      const index_t tiles = ceil_divide(t.rows, kernel_.mr) * (nc_ / kernel_.nr);
      if (p + kc_ < t.depth)
        ahead = fetch_b(t.p + p + kc_, t.j, tiles);
      else if (const index_t j = t.j + nc_ * worker_count(ctx_, n_blocks_); j < g_.n && m_parts_ == 1)
        ahead = fetch_b(t.p, j, tiles);
      multiply(a, b, kc, t.i, t.rows, t.j, columns, t.p + p == 0, ahead);
    }
  }

  block_fetch fetch_b(index_t p, index_t j, index_t parts) const {
    const index_t kc = (std::min)(kc_, g_.k - p), columns = (std::min)(nc_, g_.n - j);
    if (g_.b.column == 1) return {&g_.b.at(p, j), kc, columns * bytes, g_.b.row * bytes, parts};
    return {&g_.b.at(p, j), columns, kc * bytes, g_.b.column * bytes, parts};
  }

  /// C(i0 + i, j0 + j) = [beta] C + alpha * sum over a block of KC;   i < rows, j < columns
  /// Meanwhile L2 fetches the next panel of A and what is to be packed next, which else would be waited for: gemm 1024
  /// gained 2.5 and 1.5 %.
  void multiply(const T* a, const T* b, index_t kc, index_t i0, index_t rows, index_t j0, index_t columns, bool first,
                block_fetch ahead) const {
    const index_t mr = kernel_.mr, nr = kernel_.nr;
    gemm_epilogue<T> epilogue;
    epilogue.alpha = g_.alpha;
    epilogue.accumulate = !first || g_.beta != T{0};
    const T beta = first ? g_.beta : T{1};
    for (index_t i = 0; i < rows; i += mr, a += panel_a_) {
      const index_t height = (std::min)(mr, rows - i);
      block_fetch next_a(a + panel_a_, 1, panel_a_ * bytes, 0, ceil_divide(columns, nr));
      for (index_t j = 0; j < columns; j += nr) {
        next_a.next_part();
        ahead.next_part();
        const index_t width = (std::min)(nr, columns - j);
        const T* panel = b + j / nr * panel_b_;
        T* c = &g_.c.at(i0 + i, j0 + j);
        if (height == kernel_.height_of(height) && width == kernel_.padded_columns(width) &&
            (beta == T{0} || beta == T{1}))
          kernel_.multiply(height, width, kc, a, panel, nr, c, g_.c.row, epilogue);
        else
          multiply_in_scratch(a, panel, kc, height, width, beta, c, epilogue);
      }
    }
  }

  /// A tile whose valid part, height x width, is copied to C.
  void multiply_in_scratch(const T* a, const T* b, index_t kc, index_t height, index_t width, T beta, T* c,
                           const gemm_epilogue<T>& epilogue) const {
    using U = arithmetic_t<T>;
    alignas(alignment) T tile[static_cast<std::size_t>(most_mr * most_nr) / sizeof(T)] = {};
    if (beta != T{0})
      for (index_t i = 0; i < height; ++i)
        for (index_t j = 0; j < width; ++j)
          tile[i * kernel_.nr + j] = static_cast<T>(static_cast<U>(beta) * static_cast<U>(c[i * g_.c.row + j]));
    kernel_.multiply(height, width, kc, a, b, kernel_.nr, tile, kernel_.nr, epilogue);
    for (index_t i = 0; i < height; ++i)
      std::memcpy(c + i * g_.c.row, tile + i * kernel_.nr, static_cast<std::size_t>(width) * sizeof(T));
  }

  const strided_product<T>& g_;
  const context& ctx_;
  isa level_;
  const micro_kernels<T>& kernel_;
  index_t kc_;
  index_t nc_;
  index_t n_blocks_;
  index_t mc_;            // rows of a chunk of A
  index_t chunk_blocks_;  // its blocks of KC columns
  index_t part_;          // rows of a task, if there are too few blocks of columns for the workers
  index_t m_parts_;
  index_t panel_a_;  // elements from one panel to the next, with a vector of slack
  index_t panel_b_;
  index_t chunk_a_;
  index_t block_b_;
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
