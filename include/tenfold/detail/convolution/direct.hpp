// The direct convolution, for convolutions of many groups with few channels each, depthwise ones above all: their
// matrix products would have too few rows to fill a micro-kernel.
//
// As many groups as a vector has lanes are computed together. A block of their input is transposed into a tile, padded
// with zeros, in which a pixel is a vector with a lane for each group; each output pixel is a sum of products of whole
// vectors; and a block of them is transposed back. A transposed convolution's outputs fall into phases with equal taps,
// each of which is a stride-1 convolution.
#pragma once

#include <tenfold/detail/convolution/plan.hpp>

#include <cstring>  // memset

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {
TENFOLD_BEGIN_STRICT

/// One dimension, of either convolution: output line q * phases + p is point q of phase p, and the points of all phases
/// see the same lines.
struct direct_axis {
  index_t phases;
  index_t taps;   // of all phases
  axis window{};  // whose taps are the lines that a point sees, one after the other

  /// There is one phase, but where a stride of `dilation` makes neighbours of the taps' columns, that many.
  static direct_axis convolution(const axis& a, bool columns) {
    const bool neighbours = columns && a.stride == 1 && a.taps > 1 && a.step <= a.points / 8;
    const index_t phases = neighbours ? std::max<index_t>(1, a.step) : 1;
    const index_t span = (a.taps - 1) * a.step + phases;
    return {phases,
            a.taps * phases,
            {span, ceil_divide(a.points, phases), a.stride * phases, 1, a.origin, a.extent},
            {a.taps, 0, 0, a.step}};
  }
  static direct_axis transposed(const transposed_axis& a, index_t extent, index_t out) {
    // Tap i of phase p reads line (p + padding - i * dilation) / stride, where that is whole, with 0 <= p < stride.
    const index_t origin = -floor_divide((a.kernel - 1) * a.dilation - a.padding, a.stride);
    const index_t span = -floor_divide(-a.padding, a.stride) - origin + 1;
    return {
        (std::min)(a.stride, out), a.kernel, {span, out > 0 ? ceil_divide(out, a.stride) : 0, 1, 1, origin, extent}, a};
  }

  /// Of a phase, by ascending line: tap t is the kernel's tap first + t * step and reads the line `line + t *
  /// line_step` of the window; line_step is positive.
  struct phase_taps {
    index_t taps;
    index_t first;
    index_t step;
    index_t line;
    index_t line_step;
  };
  phase_taps taps_of(index_t phase) const {
    if (of.stride == 0) return {of.kernel, 0, 1, phase, of.dilation};
    const axis_phase c = of.phase(phase);
    return {c.taps, c.last_tap(), -c.tap_step, c.reads(1, 0).origin - window.origin, c.taps < 2 ? 1 : c.line_step};
  }

  transposed_axis of;  // of stride 0 where it is none
};

/// One dimension of a block of points.
struct direct_range {
  index_t first;   // point, of every phase
  index_t points;  // of the first phase
  index_t lines;   // of the tile
  index_t begin;   // [begin, end) of the tile's lines lie in the image, the others are zero
  index_t end;
  index_t source;  // the image's line at `begin`
  index_t out;     // output lines [out, out + outs)
  index_t outs;

  direct_range(const direct_axis& a, index_t block, index_t size, index_t out_extent)
      : first(block * size), points((std::min)(size, a.window.points - first)), lines(a.window.lines(points)) {
    const axis tile{lines, 1, 1, 1, a.window.line(first, 0), a.window.extent};
    const index_range inside = tile.taps_inside(0);
    begin = inside.begin;
    end = inside.end;
    source = tile.origin + begin;
    out = first * a.phases;
    outs = (std::min)(points * a.phases, out_extent - out);
  }
};

/// How one call runs: its blocks of points and its scratch memory. No result's bits depend on them.
struct direct_plan {
  direct_axis h, w;
  index_t lanes;
  index_t element_bytes;
  hw weight_stride;  // of a group's weight: between outputs (h) and between channels (w)
  hw points = 1;     // of a block, of the first phase
  hw blocks = 1;
  index_t band = 1;  // points of lines whose results are stored together
  index_t lane_blocks;

  direct_plan(const convolution_geometry& g, bool transposed, index_t lanes_, index_t element_bytes_)
      : h(axis_of(transposed, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h, g.in.h, g.out.h, false)),
        w(axis_of(transposed, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w, g.in.w, g.out.w, true)),
        lanes(lanes_),
        element_bytes(element_bytes_),
        weight_stride(transposed ? hw{1, g.out_channels} : hw{g.in_channels, 1}),
        lane_blocks(ceil_divide(g.groups, lanes)) {}
  static direct_axis axis_of(bool transposed, index_t kernel, index_t stride, index_t padding, index_t dilation,
                             index_t in, index_t out, bool columns) {
    if (transposed) return direct_axis::transposed({kernel, stride, padding, dilation}, in, out);
    return direct_axis::convolution({kernel, out, stride, dilation, -padding, in}, columns);
  }

  /// Whether a block of a few points fits the smallest workspace. Sums longer than a block of the matrix product's
  /// would have a larger error than that.
  bool fits(const convolution_geometry& g) const {
    constexpr index_t most_span = 4096;
    const index_t window = g.kernel.h * g.kernel.w;
    return g.out.h > 0 && g.out.w > 0 && g.out_channels > 0 && window > 0 &&
           (std::max)(h.window.taps, w.window.taps) <= most_span && (std::max)(h.phases, w.phases) <= most_span &&
           g.in_channels > 0 && g.in_channels <= 1024 / window &&
           bytes(g, {1, std::min<index_t>(w.window.points, 8)}) <= static_cast<double>(least_scratch_bytes);
  }

  /// The tile and the results stay in the L2. A higher block transposes fewer lines twice, where blocks overlap.
  TENFOLD_COLD void choose_blocks(const convolution_geometry& g, const context& ctx) {
    const double most = static_cast<double>((std::min)(scratch_budget(ctx), l2_bytes * 3 / 16));
    const index_t wanted = ctx.threads > 1 ? 4 * thread_count(ctx) : 1;
    points = {h.window.points, w.window.points};
    while (points.h > 1 && (bytes(g, points) > most || (points.h > 2 * h.window.taps && tasks(g) < wanted)))
      points.h = ceil_divide(points.h, 2);
    while (points.w > 1 && bytes(g, points) > most) points.w = ceil_divide(points.w, 2);
    band = (std::min)(points.h, band_of(points.w));
    blocks = {ceil_divide(h.window.points, points.h), ceil_divide(w.window.points, points.w)};
  }
  /// The results stay in the L1.
  index_t band_of(index_t points_w) const {
    const index_t results = l1_bytes / 4 / element_bytes / lanes;
    return std::max<index_t>(1, results / (points_w * w.phases * h.phases));
  }
  index_t tasks(const convolution_geometry& g) const {
    return g.batch * lane_blocks * ceil_divide(h.window.points, points.h) * ceil_divide(w.window.points, points.w);
  }

  /// A bound of a worker's scratch memory for blocks of so many points.
  double bytes(const convolution_geometry& g, const hw& block) const {
    const auto d = [](index_t i) { return static_cast<double>(i); };
    const auto lines = [&](const direct_axis& a, index_t n) {
      return d(n - 1) * d(a.window.stride) + d(a.window.taps);
    };
    const double taps = d(g.in_channels) * d(g.kernel.h) * d(g.kernel.w);
    const double tile = d(g.in_channels) * lines(h, block.h) * lines(w, block.w);
    const double result = d((std::min)(block.h, band_of(block.w))) * d(h.phases) * d(block.w) * d(w.phases);
    return (tile + result + taps + 8 * d((std::min)(w.window.stride, w.window.taps)) + 1) * d(lanes * element_bytes) +
           d(g.in_channels) * d(h.taps) * d(w.taps) * sizeof(direct_taps) + 5 * alignment;
  }
};

/// The tasks of one worker: a block of the pixels of as many groups as a vector has lanes.
template <class T>
class direct_worker {
 public:
  direct_worker(const convolution_geometry& g, const convolution_operands<T>& operands, const direct_plan& plan,
                const direct_kernels<T>& kernel, scratch_cursor& cursor)
      : g_(g), operands_(operands), plan_(plan), kernel_(kernel), lanes_(plan.lanes) {
    const index_t lines = plan.h.window.lines(plan.points.h), columns = plan.w.window.lines(plan.points.w);
    // The last block of a line reads behind it.
    const index_t slack = 8 * (std::min)(plan.w.window.stride, plan.w.window.taps);
    tile_ = cursor.take<T>((g.in_channels * lines * columns + slack) * lanes_);
    result_ = cursor.take<T>(plan.band * plan.h.phases * plan.points.w * plan.w.phases * lanes_);
    weight_ = cursor.take<T>(operands.packed_weight ? 0 : g.in_channels * g.kernel.h * g.kernel.w * lanes_);
    bias_ = cursor.take<T>(lanes_);
    taps_ = cursor.take<direct_taps>(g.in_channels * plan.h.taps * plan.w.taps);
  }

  void run(index_t image, index_t lane_block, index_t block_h, index_t block_w) {
    const direct_range h(plan_.h, block_h, plan_.points.h, g_.out.h);
    const direct_range w(plan_.w, block_w, plan_.points.w, g_.out.w);
    const index_t group = lane_block * lanes_;
    const index_t count = (std::min)(lanes_, g_.groups - group);
    const index_t product = image * g_.groups + group;
    fill_tile(operands_.input + product * g_.in_channels * g_.in.h * g_.in.w, count, h, w);
    fill_taps(h, w);
    for (index_t o = 0; o < g_.out_channels; ++o) {
      for (index_t l = 0; l < lanes_; ++l)
        bias_[l] = operands_.bias && l < count ? operands_.bias[(group + l) * g_.out_channels + o] : T{};
      T* output = operands_.output + (product * g_.out_channels + o) * g_.out.h * g_.out.w;
      const T* weight = weight_of(lane_block, o);
      for (index_t q = 0; q < h.points; q += plan_.band) {
        const index_t lines = (std::min)(plan_.band * plan_.h.phases, h.outs - q * plan_.h.phases);
        compute(weight, q, lines, w);
        store(group * g_.out_channels + o, output, count, h.out + q * plan_.h.phases, lines, w);
      }
    }
  }

  /// packed(tap, l) = the weight of a tap for output o of group lane_block * lanes + l
  static void pack(const convolution_geometry& g, const direct_plan& plan, const direct_kernels<T>& kernel,
                   const T* weight, index_t lane_block, index_t o, T* packed) {
    const index_t group = lane_block * plan.lanes, count = (std::min)(plan.lanes, g.groups - group);
    const index_t window = g.kernel.h * g.kernel.w, stride = g.in_channels * g.out_channels * window;
    const T* from = weight + group * stride + o * plan.weight_stride.h * window;
    for (index_t c = 0; c < g.in_channels; ++c, packed += window * plan.lanes)
      kernel.to_lanes(from + c * plan.weight_stride.w * window, stride, count, window, window, 0, packed);
  }

 private:
  void fill_tile(const T* input, index_t count, const direct_range& h, const direct_range& w) {
    const index_t plane = g_.in.h * g_.in.w;
    const index_t columns = w.end - w.begin;
    const bool whole_lines = columns == g_.in.w;
    T* to = tile_;
    for (index_t c = 0; c < g_.in_channels; ++c, input += plane, to += h.lines * w.lines * lanes_) {
      clear(to, 0, h.begin * w.lines);
      clear(to, h.end * w.lines, h.lines * w.lines);
      for (index_t y = h.begin; y < h.end; ++y) {
        clear(to, y * w.lines, y * w.lines + w.begin);
        clear(to, y * w.lines + w.end, (y + 1) * w.lines);
      }
      if (columns == 0) continue;
      const index_t step = whole_lines ? std::max<index_t>(1, h.end - h.begin) : 1;
      for (index_t y = h.begin; y < h.end; y += step)
        kernel_.to_lanes(input + (h.source + y - h.begin) * g_.in.w + w.source, g_.in_channels * plane, count,
                         step * columns, columns, w.lines - columns, to + (y * w.lines + w.begin) * lanes_);
    }
  }
  void clear(T* tile, index_t begin, index_t end) {
    if (begin < end)
      std::memset(static_cast<void*>(tile + begin * lanes_), 0,
                  static_cast<std::size_t>((end - begin) * lanes_) * sizeof(T));
  }

  /// The taps of every phase, one after the other; those of a row that are a multiple of the period apart together.
  void fill_taps(const direct_range& h, const direct_range& w) {
    direct_taps* to = taps_;
    for (index_t ph = 0; ph < plan_.h.phases; ++ph)
      for (index_t pw = 0; pw < plan_.w.phases; ++pw) {
        const direct_axis::phase_taps rows = plan_.h.taps_of(ph);
        const direct_axis::phase_taps columns = plan_.w.taps_of(pw);
        const index_t period = period_of(columns);
        for (index_t c = 0; c < g_.in_channels; ++c)
          for (index_t i = 0; i < rows.taps; ++i)
            for (index_t first = 0; first < (std::min)(period, columns.taps); ++first)
              for (index_t j = first; j < columns.taps; j += to++->count * period) {
                const index_t line = c * h.lines + rows.line + i * rows.line_step;
                const index_t row = c * g_.kernel.h + rows.first + i * rows.step;
                *to = {(line * w.lines + columns.line + j * columns.line_step) * lanes_,
                       (row * g_.kernel.w + columns.first + j * columns.step) * lanes_,
                       at_once(ceil_divide(columns.taps - j, period))};
              }
      }
  }
  /// Taps so far apart read lines that a point and the next do.
  index_t period_of(const direct_axis::phase_taps& t) const {
    const index_t none = std::max<index_t>(1, t.taps);
    return plan_.w.window.stride % t.line_step == 0 ? (std::min)(plan_.w.window.stride / t.line_step, none) : none;
  }
  /// Three, but rather two and two than three and one.
  static index_t at_once(index_t taps) { return taps == 4 ? 2 : std::min<index_t>(taps, 3); }

  const T* weight_of(index_t lane_block, index_t o) {
    const index_t size = g_.in_channels * g_.kernel.h * g_.kernel.w * lanes_;
    if (operands_.packed_weight) return operands_.packed_weight + (lane_block * g_.out_channels + o) * size;
    pack(g_, plan_, kernel_, operands_.weight, lane_block, o, weight_);
    return weight_;
  }

  /// All phases of one output channel, to their places among the results.
  void compute(const T* weight, index_t first, index_t lines, const direct_range& w) {
    direct_problem<T> p;
    p.taps = taps_;
    p.weight = weight;
    p.bias = bias_;
    p.after.relu = operands_.after.only_rectifies();
    p.after.clips = clips_in_registers();
    p.after.low = operands_.after.low;
    p.after.high = operands_.after.high;
    p.source = tile_ + first * plan_.h.window.stride * w.lines * lanes_;
    // The stride of a single line or column may be huge; taps share loads where it is less than the span.
    p.source_line = lines > plan_.h.phases ? plan_.h.window.stride * w.lines * lanes_ : 0;
    p.source_step =
        (w.points > 1 ? plan_.w.window.stride : (std::min)(plan_.w.window.stride, plan_.w.window.taps)) * lanes_;
    p.y_line = plan_.h.phases * w.outs * lanes_;
    p.y_step = plan_.w.phases * lanes_;
    for (index_t ph = 0; ph < plan_.h.phases; ++ph)
      for (index_t pw = 0; pw < plan_.w.phases; ++pw, p.taps += p.count) {
        const direct_axis::phase_taps columns = plan_.w.taps_of(pw);
        p.count = 0;
        for (index_t left = g_.in_channels * plan_.h.taps_of(ph).taps * columns.taps; left > 0; ++p.count)
          left -= p.taps[p.count].count;
        p.weight_step = period_of(columns) * columns.step * lanes_;
        p.y = result_ + (ph * w.outs + pw) * lanes_;
        p.lines = ph < lines ? ceil_divide(lines - ph, plan_.h.phases) : 0;
        p.columns = pw < w.outs ? ceil_divide(w.outs - pw, plan_.w.phases) : 0;
        kernel_.sums(p);
      }
  }

  bool clips_in_registers() const {
    return std::floating_point<T> && operands_.after.of == activation::function::clip && !operands_.after.residual;
  }

  void store(index_t channel, T* output, index_t count, index_t first, index_t lines, const direct_range& w) {
    const index_t step = w.outs == g_.out.w ? lines : 1, plane = g_.out_channels * g_.out.h * g_.out.w;
    for (index_t y = 0; y < lines; y += step) {
      const T* result = result_ + y * w.outs * lanes_;
      T* to = output + (first + y) * g_.out.w + w.out;
      if (!operands_.after.finishes() || clips_in_registers()) {
        kernel_.to_planes(result, step * w.outs, to, plane, count);
        continue;
      }
      constexpr index_t most = 64;
      T line[most * alignment / sizeof(T)];
      for (index_t x = 0, some; x < step * w.outs; x += some) {
        some = (std::min)(most, step * w.outs - x);
        kernel_.to_planes(result + x * lanes_, some, line, most, count);
        for (index_t l = 0; l < count; ++l)
          operands_.after.finish(channel + l * g_.out_channels, some, line + l * most, 1, to + l * plane + x, 1);
      }
    }
  }

  const convolution_geometry& g_;
  const convolution_operands<T>& operands_;
  const direct_plan& plan_;
  const direct_kernels<T>& kernel_;
  index_t lanes_;
  T* tile_;
  T* result_;
  T* weight_;
  T* bias_;
  direct_taps* taps_;
};

/// For each vector of groups: the multiply-adds of whole blocks of eight pixels, half as much again where a tap has
/// no neighbour to share its loads with; two and a half operations for the transpose of a pixel of the tile or of an
/// output; three hundred for the start of a block and a thousand for that of a call; one an element for
/// packing a weight; all that a quarter more, as its kernels reach less of the peak than the matrix product's.
///   plan           of one worker without limits, as the choice may depend on neither threads nor workspace
///   vector_lanes   of the level, whose vectors may be longer
TENFOLD_COLD inline double direct_cost(const convolution_geometry& g, const direct_plan& plan, index_t vector_lanes,
                                       bool packed) {
  const auto d = [](index_t i) { return static_cast<double>(i); };
  const axis& h = plan.h.window;
  const axis& w = plan.w.window;
  const double outputs = d(g.out_channels);
  const double taps = d(g.in_channels) * d(plan.h.taps) * d(plan.w.taps);
  const double multiply = (g.kernel.w > 1 ? 1 : 1.5) * outputs * taps * d(h.points) * d(round_up(w.points, 8));
  const double tile = d(g.in_channels) * d(h.lines(plan.points.h)) * d(w.lines(plan.points.w));
  const double pack = packed ? 0 : outputs * taps * d(plan.lanes);
  const double block = 2.5 * tile + 300 + pack;
  const double vector = d(plan.lanes) / d(vector_lanes);
  const double blocks = d(plan.blocks.h) * d(plan.blocks.w) * block;
  return 1000 + 1.25 * vector * d(plan.lane_blocks) * d(g.batch) *
                    (multiply + 2.5 * outputs * d(g.out.h) * d(g.out.w) + blocks);
}

template <bool Transposed, class T>
struct direct_algorithm {
  struct own_plan {
    direct_plan plan;
    const direct_kernels<T>& kernel;
    index_t share;  // bytes of a worker
  };

  static const direct_kernels<T>& kernels(const context& ctx) {
    return TENFOLD_NARROW_KERNEL(chosen_isa(ctx), direct_table<T>);
  }
  static direct_plan plan_of(const convolution_geometry& g, const context& ctx) {
    return {g, Transposed, kernels(ctx).lanes, sizeof(T)};
  }

  static bool applies(const convolution_geometry& g, const context& ctx) { return plan_of(g, ctx).fits(g); }

  static double cost(const convolution_geometry& g, const context& ctx, bool packed) {
    context plain{};
    plain.isa = ctx.isa;
    direct_plan plan = plan_of(g, ctx);
    plan.choose_blocks(g, plain);
    return direct_cost(g, plan, vector_lanes<T>(ctx), packed);
  }

  static index_t packed_size(const convolution_geometry& g, const context& ctx) {
    const direct_plan plan = plan_of(g, ctx);
    return plan.lane_blocks * plan.lanes * g.in_channels * g.out_channels * g.kernel.h * g.kernel.w;
  }
  static void pack(const convolution_geometry& g, const T* weight, const context& ctx, T* packed) {
    const direct_plan plan = plan_of(g, ctx);
    const index_t size = g.in_channels * g.kernel.h * g.kernel.w * plan.lanes;
    for (index_t b = 0; b < plan.lane_blocks; ++b)
      for (index_t o = 0; o < g.out_channels; ++o, packed += size)
        direct_worker<T>::pack(g, plan, kernels(ctx), weight, b, o, packed);
  }

  static void plan(convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx) {
    const convolution_geometry& g = whole.geometry;
    direct_plan plan = plan_of(g, ctx);
    plan.choose_blocks(g, ctx);
    scratch_cursor counter(nullptr);
    direct_worker<T>(g, operands, plan, kernels(ctx), counter);
    whole.template emplace<own_plan>(plan, kernels(ctx), counter.used());
    whole.bytes = counter.used() * worker_count(ctx, plan.tasks(g));
  }
  static void run(const convolution_plan<T>& whole, const convolution_operands<T>& operands, const context& ctx,
                  std::byte* memory) {
    const convolution_geometry& g = whole.geometry;
    const own_plan& own = whole.template own<own_plan>();
    const direct_plan& plan = own.plan;
    parallel_tasks(ctx, plan.tasks(g), [&](index_t worker, index_t t) {
      scratch_cursor cursor(memory + worker * own.share);
      const index_t lane_block = t / (plan.blocks.h * plan.blocks.w);
      direct_worker<T>(g, operands, plan, own.kernel, cursor)
          .run(lane_block / plan.lane_blocks, lane_block % plan.lane_blocks, t / plan.blocks.w % plan.blocks.h,
               t % plan.blocks.w);
    });
  }

  static constexpr convolution_algorithm<T> entry = {"direct", applies, cost, packed_size,
                                                     pack,     plan,    run,  {.avx2 = 0.77, .avx512 = 1.2}};
};

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
