// The gradients of upsample_nearest2d and upsample_bilinear2d: rows of the input's gradient, each of which gathers from
// the outputs that took from it. Their maps ascend, so these are neighbours.

// y[i] = y[i] + x[source of i's outputs] ...; the outputs that are copies of neighbouring input columns.
struct nearest_copies {
  static constexpr int most = 1024;
  index_t column = 0, count = 0;
  index_t first[most + 1];  // output of each column; its last one is before the next column's first
};

// The first output from `o` on whose source is `line` or behind it; Source is ascending.
template <class Source>
TENFOLD_INLINE index_t first_output_of(index_t line, index_t o, index_t out, const Source& source) {
  while (o < out && source(o) < line) ++o;
  return o;
}

// y[i] = ((y[i] + x[first of i]) + x[next]) + ..., i < count
template <class T>
void add_copies(const nearest_copies& c, const T* x, T* y) {
  using U = arithmetic_t<T>;
  for (index_t i = 0; i < c.count; ++i) {
    U sum = static_cast<U>(y[i]);
    for (index_t o = c.first[i]; o < c.first[i + 1]; ++o) sum = static_cast<U>(sum + static_cast<U>(x[o]));
    y[i] = static_cast<T>(sum);
  }
}

template <class T>
void nearest_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const float step_h =
      g.step_h > 0 ? static_cast<float>(g.step_h) : static_cast<float>(g.in.h) / static_cast<float>(g.out.h);
  const float step_w =
      g.step_w > 0 ? static_cast<float>(g.step_w) : static_cast<float>(g.in.w) / static_cast<float>(g.out.w);
  const auto source_row = [&](index_t o) { return nearest_source(o, g.in.h, g.out.h, step_h); };
  const auto source_column = [&](index_t o) { return nearest_source(o, g.in.w, g.out.w, step_w); };
  nearest_copies block;
  index_t next = 0;
  for (block.column = 0; block.column < g.in.w; block.column += block.most) {
    block.count = block.column + block.most <= g.in.w ? block.most : g.in.w - block.column;
    for (index_t i = 0; i <= block.count; ++i)
      block.first[i] = next = first_output_of(block.column + i, next, g.out.w, source_column);
    index_t oh = 0;
    for (index_t row = begin; row < end; ++row) {
      const index_t plane = row / g.in.h, h = row % g.in.h;
      oh = first_output_of(h, h == 0 ? 0 : oh, g.out.h, source_row);
      T* to = y + row * g.in.w + block.column;
      __builtin_memset(to, 0, static_cast<std::size_t>(block.count) * sizeof(T));
      for (; oh < g.out.h && source_row(oh) == h; ++oh) add_copies(block, x + (plane * g.out.h + oh) * g.out.w, to);
    }
  }
}

// The rows [begin, end) of all planes of the input:  row = plane * in.h + h
//   x (planes, out.h, out.w)   y (planes, in.h, in.w)
template <class T>
void upsample_nearest2d_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  nearest_backward_rows(g, begin, end, x, y);
}

template <class T>
void upsample_bilinear2d_backward_rows(const upsample2d_geometry& g, index_t begin, index_t end, const T* x, T* y) {
  const T step_h = bilinear_step<T>(g.in.h, g.out.h, g.step_h, g.align_corners);
  const T step_w = bilinear_step<T>(g.in.w, g.out.w, g.step_w, g.align_corners);
  constexpr int most = 512;
  index_t left[most], right[most];
  T fraction[most], sums[most];
  for (index_t column = 0; column < g.out.w; column += most) {
    const index_t count = column + most <= g.out.w ? most : g.out.w - column;
    for (index_t i = 0; i < count; ++i)
      fraction[i] = bilinear_source(column + i, g.in.w, g.out.w, step_w, g.align_corners, left[i], right[i]);
    for (index_t row = begin; row < end; ++row) {
      const index_t plane = row / g.in.h, h = row % g.in.h;
      T* to = y + row * g.in.w;
      if (column == 0) __builtin_memset(to, 0, static_cast<std::size_t>(g.in.w) * sizeof(T));
      for (index_t i = 0; i < count; ++i) sums[i] = 0;
      for (index_t oh = 0; oh < g.out.h; ++oh) {
        index_t rows[2];
        const T lower = bilinear_source(oh, g.in.h, g.out.h, step_h, g.align_corners, rows[0], rows[1]);
        const T* from = x + (plane * g.out.h + oh) * g.out.w + column;
        if (rows[0] == h)
          for (index_t i = 0; i < count; ++i) sums[i] += (1 - lower) * from[i];
        if (rows[1] == h)
          for (index_t i = 0; i < count; ++i) sums[i] += lower * from[i];
      }
      for (index_t i = 0; i < count; ++i) {
        to[left[i]] += (1 - fraction[i]) * sums[i];
        to[right[i]] += fraction[i] * sums[i];
      }
    }
  }
}
