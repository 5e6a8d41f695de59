// A transposed convolution as one product over all taps, followed by col2im, a strip of input pixels at a time.
//
//     columns((o, i, j), pixel) = sum over c of weight[c, (o, i, j)] * input[c, pixel]
//     output[o, ih * stride - padding + i * dilation, ..] += columns((o, i, j), (ih, iw))
//
// It reads the input once where the phases of an implicit product copy every value once per tap, and the weight as it
// lies in memory; in return every output is read and written once per tap. So it suits few output channels, few pixels
// and weights that are not packed.
//
// An output adds its terms by ascending input row, then column. That order depends neither on the strips nor on the
// chunks of channels nor on the bands of output rows that the workers share. It is written once, but where a strip ends
// within its terms.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// The strips, chunks and bands of one call.
template <class T>
struct col2im_plan {
  index_t window;    // kh * kw
  index_t channels;  // output channels of a chunk
  index_t chunks;
  index_t bands;    // of output rows
  index_t rows;     // of the columns that a chunk needs, whole panels of MR
  index_t strip_w;  // input pixels of a strip: so many columns of so many rows
  index_t strip_h;
  index_t ld;  // of the columns
  product_plan<T> product;
  index_t tasks;
  index_t share;         // bytes of a worker
  index_t packed_chunk;  // elements of a chunk's weight, where its task packs that once for all strips
};

/// Whether each column of the output has a tap (modulo the stride); the others are holes.
inline bool reaches_every_column(const convolution_geometry& g) {
  return common_divisor(g.stride.w, g.dilation.w) == 1 && g.kernel.w >= g.stride.w;
}

/// The columns of an output line in runs that the same taps of a strip reach.
struct column_runs {
  static constexpr index_t most_taps = 81;
  tap_run runs[4 * most_taps];
  index_t count;

  /// For the input columns [w0, w0 + strip_w); a tap's products are ld apart. `reached_only` leaves out those without a
  /// tap.
  void find(const convolution_geometry& g, index_t w0, index_t strip_w, index_t ld, bool reached_only) {
    index_t used = 0;
    count = 0;
    reached_only_ = reached_only;
    const auto add_side = [&](index_t phase) {
      side found{tap_ + used, shift_ + used, 0};
      for (index_t j = g.kernel.w - 1; j >= 0; --j) {
        const index_t offset = j * g.dilation.w - g.padding.w;
        const index_t shift = floor_divide(offset, g.stride.w);
        if (offset - shift * g.stride.w != phase) continue;
        shift_[used] = w0 + shift;
        tap_[used++] = j * ld - w0 - shift;
        ++found.taps;
      }
      return found;
    };
    const auto points_of = [&](index_t phase) { return ceil_divide(g.out.w - phase, g.stride.w); };
    if (g.stride.w == 2 && reaches_every_column(g)) {
      const side sides[2] = {add_side(0), add_side(1)};
      add_runs(sides, 2, 0, 2, 0, g.out.w / 2, strip_w);
      add_runs(sides, 1, 0, 2, g.out.w / 2, points_of(0), strip_w);
      return;
    }
    for (index_t j = 0; j < g.kernel.w; ++j) {
      const index_t offset = j * g.dilation.w - g.padding.w;
      const index_t phase = offset - floor_divide(offset, g.stride.w) * g.stride.w;
      const bool known = j * common_divisor(g.stride.w, g.dilation.w) >= g.stride.w;  // as the phases repeat
      if (known || phase >= g.out.w) continue;
      const side one[1] = {add_side(phase)};
      add_runs(one, 1, phase, g.stride.w, 0, points_of(phase), strip_w);
    }
  }

 private:
  /// The taps of one phase by descending shift: tap t reaches the points [shift[t], shift[t] + strip_w).
  struct side {
    const index_t* tap;
    const index_t* shift;
    index_t taps;
  };

  /// Points [begin, end) of one phase or of two neighbours.
  void add_runs(const side* sides, int side_count, index_t column, index_t step, index_t begin, index_t end,
                index_t strip_w) {
    for (index_t x = begin; x < end;) {
      tap_run run{};
      run.column = column + x * step;
      run.point = x;
      run.step = step;
      run.sides = side_count;
      index_t next = end;
      for (int i = 0; i < side_count; ++i) {
        const side& s = sides[i];
        index_t from = 0;
        while (from < s.taps && s.shift[from] > x) ++from;
        index_t to = from;
        while (to < s.taps && s.shift[to] + strip_w > x) ++to;
        if (from > 0) next = (std::min)(next, s.shift[from - 1]);
        if (to > from) next = (std::min)(next, s.shift[to - 1] + strip_w);
        run.tap[i] = s.tap + from;
        run.taps[i] = to - from;
      }
      run.count = next - x;
      if (!reached_only_ || run.taps[0] + run.taps[1] > 0) runs[count++] = run;
      x = next;
    }
  }

  index_t tap_[most_taps];
  index_t shift_[most_taps];
  bool reached_only_;
};

template <class T>
class gemm_col2im {
 public:
  // The columns of a strip are written, read once and forgotten: 256 KiB stay in L2 beside the packed strip.
  static constexpr index_t most_columns = l2_bytes / 4 / static_cast<index_t>(sizeof(T));
  // A chunk of 448 rows reads its packed strip that often; it is 32 panels of 14 or 75 of 6.
  static constexpr index_t most_rows = 448;
  // With a larger window, of 9 x 9, the least block of columns no longer fits a workspace of 64 KiB.
  static constexpr index_t most_window = 81;

  static bool applies(const convolution_geometry& g, const context&) {
    return g.kernel.h * g.kernel.w <= most_window && g.in_channels > 0 && g.out_channels > 0;
  }

  /// Multiply-adds of whole tiles, and four operations for each vector of one that is begun and stored; packing the
  /// strip once per chunk; packing A, a quarter for each element, or one where A is larger than L2 and each image reads
  /// it from afar (512 x 4096 floats took 1.3, 256 x 2048 0.9); two and a half operations for each vector of columns
  /// that is added to the outputs; thirty for each run of a line, of which a phase has one within the line and two at
  /// its ends for each further tap; storing the outputs, those with a tap one by one where the stride is above 2; a
  /// thousand for the start of a product.
  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const index_t rows = rows_of(g);
    const gemm_kernels<T>& kernel = whole_gemm_kernels_of<T>(ctx, rows);
    const index_t pixels = g.in.h * g.in.w;
    const double vectors = d(ceil_divide(pixels, kernel.lanes));
    const double k = d(g.in_channels);
    const double multiply = d(kernel.padded_rows(rows)) * vectors * (k + 4);
    const double pack_b = 2 * vectors * k * d(ceil_divide(rows, most_rows));
    const double lines = d(g.out_channels) * d(g.out.h);
    const index_t phases = g.stride.w > 2 ? (std::min)(g.kernel.w, g.stride.w) : 1;
    const double runs = d(phases + 2 * std::max<index_t>(0, ceil_divide(g.kernel.w * phases, g.stride.w) - phases));
    const double add = 2.5 * d(rows) * vectors + 30 * lines * runs;
    const double reached = lesser(1, d(g.kernel.h) / d(g.stride.h)) * lesser(1, d(g.kernel.w) / d(g.stride.w));
    const double store = lines * d(g.out.w) * (2 / d(kernel.lanes) + (g.stride.w > 2 ? 2 * reached : 0));
    const double each = d(rows) * k * static_cast<double>(sizeof(T)) > d(l2_bytes) ? 1 : 0.25;
    const double pack_a = packed ? 0 : each * d(rows) * k;
    return d(g.groups) * d(g.batch) * (multiply + pack_a + pack_b + add + store + 1000);  // a task packs its part of A
  }

  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    return detail::packed_size(product(g, nullptr), ctx);
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    pack_whole(product(g, weight), ctx, packed);
  }

  static void plan(convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx) {
    const auto& plan = whole.template emplace<col2im_plan<T>>(plan_strips(whole.geometry, operands.packed_weight, ctx));
    whole.bytes = plan.share * worker_count(ctx, plan.tasks);
  }

  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = whole.geometry;
    const auto& plan = whole.template own<col2im_plan<T>>();
    parallel_tasks(ctx, plan.tasks, [&](index_t worker, index_t t) {
      const index_t band = t % plan.bands;
      const index_t chunk = t / plan.bands % plan.chunks;
      const index_t group = t / plan.bands / plan.chunks % g.groups;
      const index_t image = t / plan.bands / plan.chunks / g.groups;
      gemm_col2im(g, operands, ctx, plan, memory + worker * plan.share).run_task(image, group, chunk, band);
    });
  }

  static constexpr convolution_algorithm<T> entry = {"gemm_col2im", applies, cost, packed_size,
                                                     pack,          plan,    run,  {.avx2 = 0.94, .avx512 = 1.01}};

 private:
  static index_t rows_of(const convolution_geometry& g) { return g.out_channels * g.kernel.h * g.kernel.w; }

  /// The product of all rows; B and C follow with the strip.
  static matrix_product<T> product(const convolution_geometry& g, optional_array<const T> weight) {
    matrix_product<T> p;
    p.m = rows_of(g);
    p.k = g.in_channels;
    p.a = weight;
    p.a_row = affine_digits(p.m, 1);
    p.a_column = affine_digits(p.k, p.m);
    p.groups = g.groups;
    p.a_group_stride = p.m * p.k;
    return p;
  }

  /// B, C and the size of a strip of so many pixels.
  static void set_strip(matrix_product<T>& p, const convolution_geometry& g, optional_array<const T> first_pixel,
                        index_t pixels, T* columns, index_t ld) {
    p.b = matrix_operand<T>(first_pixel, g.in.h * g.in.w, 1);
    p.n = p.layout.points_w = p.layout.line = pixels;
    p.c = columns;
    p.layout.row = affine_digits(p.m, ld);
  }

  /// Chunks of channels, and bands for two calls of each worker: bands of lines, unless too many lines are computed for
  /// two of them; then chunks of channels, each of which reads and packs the whole image anew, and may compute rows of
  /// its neighbours' panels.
  static void share_work(const convolution_geometry& g, const gemm_kernels<T>& kernel, const context& ctx,
                         col2im_plan<T>& plan) {
    plan.window = g.kernel.h * g.kernel.w;
    plan.channels = std::clamp<index_t>(most_rows / plan.window, 1, g.out_channels);
    const index_t planes = g.batch * g.groups;
    const index_t wanted = ctx.threads > 1 ? 2 * thread_count(ctx) : 1;
    const index_t tasks = planes * ceil_divide(g.out_channels, plan.channels);
    const index_t overlap = ceil_divide(effective_kernel(g.kernel.h, g.dilation.h), g.stride.h) - 1;
    plan.bands = (std::min)(ceil_divide(wanted, tasks), std::max<index_t>(1, g.out.h / 8));
    if (plan.bands <= 1 || 16 * plan.bands * overlap <= g.in.h) return;
    const index_t least_channels = (std::min)(g.out_channels, ceil_divide(4 * kernel.mr, plan.window));
    const index_t share = ceil_divide(g.out_channels, ceil_divide(wanted, planes));
    plan.channels = (std::min)(plan.channels, (std::max)(least_channels, share));
    const index_t chunks = ceil_divide(g.out_channels, plan.channels);
    plan.bands = (std::min)(parts_per_task(planes * chunks, thread_count(ctx)), plan.bands);
  }

  /// Strips of which a chunk's columns have so many elements.
  static void shape_strips(const convolution_geometry& g, const gemm_kernels<T>& kernel, index_t most_elements,
                           col2im_plan<T>& plan) {
    plan.rows = round_up(plan.channels * plan.window, kernel.mr) + kernel.mr;
    const index_t pixels = (std::max)(kernel.nr, most_elements / plan.rows / kernel.nr * kernel.nr);
    plan.strip_w = (std::min)(g.in.w, pixels);
    plan.strip_h = std::clamp<index_t>(pixels / g.in.w, 1, g.in.h);
    plan.ld = round_up(plan.strip_w * plan.strip_h, kernel.nr);
    plan.packed_chunk = 0;
  }

  /// The product of the largest strip and its memory.
  static void plan_memory(const convolution_geometry& g, const gemm_kernels<T>& kernel, bool packed, index_t budget,
                          col2im_plan<T>& plan) {
    matrix_product<T> p = product(g, nullptr);
    p.m = plan.rows;
    p.groups = 1;
    if (packed || plan.packed_chunk > 0) p.packed.rows = plan.rows;
    set_strip(p, g, nullptr, plan.strip_w * plan.strip_h, nullptr, plan.ld);
    scratch_cursor cursor(nullptr);
    memory_of_worker(cursor, plan, kernel);
    plan.product = product_plan<T>(p, kernel, 1, std::max<index_t>(0, budget - cursor.used()));
    plan.share = cursor.used() + round_up(plan.product.bytes, static_cast<index_t>(alignment));
  }

  static col2im_plan<T> plan_strips(const convolution_geometry& g, bool packed, const context& ctx) {
    const gemm_kernels<T>& kernel = whole_gemm_kernels_of<T>(ctx, rows_of(g));
    col2im_plan<T> plan{};
    share_work(g, kernel, ctx, plan);
    index_t columns = most_columns;
    shape_strips(g, kernel, columns, plan);
    // Outputs are written once where strips hold whole lines: rather twice the memory, or fewer channels at a time.
    const index_t line = round_up(g.in.w, kernel.nr);
    const index_t fitting = (2 * most_columns / line - 2 * kernel.mr) / plan.window;
    if (plan.strip_w < g.in.w && fitting * plan.window >= 4 * kernel.mr) {
      plan.channels = (std::min)(plan.channels, ceil_divide(g.out_channels, ceil_divide(g.out_channels, fitting)));
      columns = 2 * most_columns;
      shape_strips(g, kernel, columns, plan);
    }
    const index_t budget = scratch_budget(ctx);
    if (!packed && plan.strip_h * plan.strip_w < g.in.h * g.in.w) {
      matrix_product<T> p = product(g, nullptr);
      plan.packed_chunk = packed_layout(p, kernel, plan.rows).at(p.k);
    }
    for (plan_memory(g, kernel, packed, budget, plan); plan.share > budget;
         plan_memory(g, kernel, packed, budget, plan)) {
      if (plan.packed_chunk > 0) {
        plan.packed_chunk = 0;
        continue;
      }
      if (plan.ld == kernel.nr && plan.channels == 1) break;
      plan.channels = std::max<index_t>(1, plan.channels / 2);
      columns /= 2;
      shape_strips(g, kernel, columns, plan);
    }
    plan.chunks = ceil_divide(g.out_channels, plan.channels);
    plan.tasks = g.batch * g.groups * plan.chunks * plan.bands;
    return plan;
  }

  /// One worker's scratch, before that of the product.
  struct memory_of_worker {
    T* columns;
    T* packed;

    memory_of_worker(scratch_cursor& cursor, const col2im_plan<T>& plan, const gemm_kernels<T>& kernel)
        : columns(cursor.take<T>(plan.rows * plan.ld + kernel.lanes)), packed(cursor.take<T>(plan.packed_chunk)) {}
  };

  gemm_col2im(const convolution_geometry& g, const convolution_operands<T>& operands, const context& ctx,
              const col2im_plan<T>& plan, std::byte* memory)
      : g_(g),
        operands_(operands),
        kernel_(whole_gemm_kernels_of<T>(ctx, rows_of(g))),
        sum_taps_(TENFOLD_KERNEL(chosen_isa(ctx), sum_taps<T>)),
        plan_(plan),
        memory_(memory) {
    serial_.isa = ctx.isa;
  }

  void run_task(index_t image, index_t group, index_t chunk, index_t band) {
    const index_t o0 = chunk * plan_.channels;
    const index_t channels = (std::min)(plan_.channels, g_.out_channels - o0);
    const index_t each = ceil_divide(g_.out.h, plan_.bands);
    const index_t y0 = (std::min)(band * each, g_.out.h);
    const index_t y1 = (std::min)(y0 + each, g_.out.h);
    const index_t out_plane = g_.out.h * g_.out.w;
    T* out = operands_.output + ((image * g_.groups + group) * g_.out_channels + o0) * out_plane;
    channel_ = group * g_.out_channels + o0;
    const T* bias = operands_.bias + channel_;

    scratch_cursor cursor(memory_);
    const memory_of_worker scratch(cursor, plan_, kernel_);
    matrix_product<T> p = chunk_product(group, o0, channels);
    if (plan_.packed_chunk > 0) {
      pack_chunk(p, kernel_, serial_, 0, p.m, 0, p.k, scratch.packed);
      p.packed.data = scratch.packed;
      p.packed.rows = p.m;
    }
    const index_t lead = operands_.packed_weight ? o0 * plan_.window - p.packed.first_row : 0;  // rows of others

    const T* input = operands_.input + (image * g_.groups + group) * g_.in_channels * g_.in.h * g_.in.w;
    const index_t first =
        std::max<index_t>(0, ceil_or_floor(y0 + g_.padding.h - (g_.kernel.h - 1) * g_.dilation.h, true));
    const index_t last = (std::min)(g_.in.h - 1, ceil_or_floor(y1 - 1 + g_.padding.h, false));
    const bool whole_lines = plan_.strip_w == g_.in.w && reaches_every_column(g_);
    fill_lines(!whole_lines, out, bias, channels, y0, y1);
    column_runs runs;
    if (whole_lines) runs.find(g_, 0, g_.in.w, plan_.ld, false);
    for (index_t h = first; h <= last; h += plan_.strip_h)
      for (index_t w = 0; w < g_.in.w; w += plan_.strip_w) {
        const index_t strip_h = (std::min)(plan_.strip_h, last + 1 - h);
        const index_t strip_w = (std::min)(plan_.strip_w, g_.in.w - w);
        set_strip(p, g_, input + h * g_.in.w + w, strip_h * strip_w, scratch.columns, plan_.ld);
        run_product(p, plan_.product, serial_, memory_ + cursor.used());
        if (!whole_lines) runs.find(g_, w, strip_w, plan_.ld, true);
        sum_strip(scratch.columns + lead * plan_.ld, runs, !whole_lines, h, strip_h, strip_w, y0, y1, out, bias,
                  channels);
      }
    if (!whole_lines) finish_lines(channels, y0, y1, out);
  }

  /// The product of a chunk: its own rows, or those of the panels that it has a part of where they are packed already.
  matrix_product<T> chunk_product(index_t group, index_t o0, index_t channels) const {
    matrix_product<T> p = product(g_, operands_.weight);
    const index_t first = o0 * plan_.window;
    if (operands_.packed_weight) {
      p.packed.data = operands_.packed_weight + group * packed_layout(p, kernel_, p.m).at(p.k);
      p.packed.rows = p.m;
      p.packed.first_row = first / kernel_.mr * kernel_.mr;
      p.m = (std::min)(p.m, round_up((o0 + channels) * plan_.window, kernel_.mr)) - p.packed.first_row;
    } else {
      p.a += group * p.a_group_stride + first;
      p.m = channels * plan_.window;
    }
    p.groups = 1;
    return p;
  }

  /// (value / stride) toward plus or minus infinity.
  index_t ceil_or_floor(index_t value, bool up) const {
    return up ? -floor_divide(-value, g_.stride.h) : floor_divide(value, g_.stride.h);
  }

  /// The bias in all lines, or in those that no tap reaches.
  void fill_lines(bool all, T* out, const T* bias, index_t channels, index_t y0, index_t y1) const {
    for (index_t y = y0; y < y1; ++y)
      if (all || !is_reached(y))
        for (index_t o = 0; o < channels; ++o) {
          const epilogue<T> after = all ? operands_.after.added() : operands_.after;
          const T value = bias ? bias[o] : T{};
          after.finish(channel_ + o, g_.out.w, &value, 0, out + (o * g_.out.h + y) * g_.out.w, 1);
        }
  }

  /// What comes after the last term of all lines [y0, y1).
  void finish_lines(index_t channels, index_t y0, index_t y1, T* out) const {
    const epilogue<T> after = operands_.after.activated();
    if (after.finishes() || after.only_rectifies())
      for (index_t o = 0; o < channels; ++o) {
        T* first = out + (o * g_.out.h + y0) * g_.out.w;
        after.finish(channel_ + o, (y1 - y0) * g_.out.w, first, 1, first, 1);
      }
  }

  bool is_reached(index_t y) const {
    for (index_t i = 0; i < g_.kernel.h; ++i) {
      const index_t h = y + g_.padding.h - i * g_.dilation.h;
      if (h >= 0 && h % g_.stride.h == 0 && h / g_.stride.h < g_.in.h) return true;
    }
    return false;
  }

  /// Adds the columns of a strip to the output rows [y0, y1).
  ///   columns  (channels, kh, kw, strip_h, strip_w), taps ld apart
  ///   begun    the outputs hold what was added before, else the strips decide which of them begin here
  void sum_strip(const T* columns, const column_runs& runs, bool begun, index_t h, index_t strip_h, index_t strip_w,
                 index_t y0, index_t y1, T* out, const T* bias, index_t channels) const {
    line_terms lines[lines_at_a_time];
    const epilogue<T> after = operands_.after.activated();
    const index_t end =
        (std::min)(y1, (h + strip_h - 1) * g_.stride.h - g_.padding.h + (g_.kernel.h - 1) * g_.dilation.h + 1);
    for (index_t y = (std::max)(y0, h * g_.stride.h - g_.padding.h); y < end;) {
      index_t found = 0;
      for (; y < end && found < lines_at_a_time; ++y) found += find_terms(y, begun, h, strip_h, strip_w, lines[found]);
      for (index_t o = 0; o < channels; ++o)
        for (index_t l = 0; l < found; ++l) {
          const line_terms& line = lines[l];
          T* to = out + (o * g_.out.h + line.y) * g_.out.w;
          const T value = bias ? bias[o] : T{};
          const bool adds = line.first && operands_.after.residual;
          if (adds) operands_.after.added().finish(channel_ + o, g_.out.w, &value, 0, to, 1);
          for (index_t r = 0; r < runs.count; ++r)
            sum_taps_(runs.runs[r], columns + o * plan_.window * plan_.ld, line.row, line.rows, line.first && !adds,
                      value, line.last && after.only_rectifies(), to);
          if (line.last && after.finishes()) after.finish(channel_ + o, g_.out.w, to, 1, to, 1);
        }
    }
  }

  // A channel's lines lie side by side in memory, another channel's far away.
  static constexpr index_t lines_at_a_time = 8;

  /// What a strip has for one output line.
  struct line_terms {
    index_t y;
    index_t rows;
    index_t row[most_window];  // of the kernel: offsets of their columns, by ascending input row
    bool first;                // whether no earlier strip has any
    bool last;
  };

  /// Whether there is anything.
  bool find_terms(index_t y, bool begun, index_t h, index_t strip_h, index_t strip_w, line_terms& terms) const {
    terms.y = y;
    terms.rows = 0;
    terms.first = terms.last = !begun;
    for (index_t i = g_.kernel.h - 1; i >= 0; --i) {
      const index_t line = y + g_.padding.h - i * g_.dilation.h;
      if (line < 0 || line % g_.stride.h != 0 || line / g_.stride.h >= g_.in.h) continue;
      const index_t in_strip = line / g_.stride.h - h;
      if (in_strip < 0)
        terms.first = false;
      else if (in_strip >= strip_h)
        terms.last = false;
      else
        terms.row[terms.rows++] = i * g_.kernel.w * plan_.ld + in_strip * strip_w;
    }
    return terms.rows > 0;
  }

  const convolution_geometry& g_;
  const convolution_operands<T>& operands_;
  const gemm_kernels<T>& kernel_;
  void (*sum_taps_)(const tap_run& run, const T* source, const index_t* row, index_t rows, bool first, T bias,
                    bool rectifies, T* line);
  const col2im_plan<T>& plan_;
  std::byte* memory_;
  context serial_{};
  index_t channel_ = 0;  // of the output, the chunk's first one
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
