// The convolution of single planes: a lane is a pixel of a line, and lines are read where they lie, masked at their
// ends.

// Lanes [from, to).
template <class T>
TENFOLD_INLINE auto lanes_between(index_t from, index_t to) {
  const auto before = first_lanes<T>(from > 0 ? from : 0), all = first_lanes<T>(to > 0 ? to : 0);
  return static_cast<std::decay_t<decltype(all)>>(all & ~before);
}

// A vector of every S-th pixel, of those of S vectors that lie in the line; without Ends all do.
template <class T, int S, bool Ends>
struct pixels {
  static constexpr int L = lanes<T>;
  using mask = decltype(lanes_between<T>(0, 0));
  mask inside[std::size_t{S}];

  TENFOLD_INLINE pixels(index_t column, index_t width) {
    TENFOLD_UNROLL for (int s = 0; s < S; ++s) inside[s] = lanes_between<T>(-column - s * L, width - column - s * L);
  }
  TENFOLD_INLINE vec<T> load_at(const T* p, int s) const {
    if constexpr (Ends)
      return masked_load(p + s * L, inside[s], vec<T>{});
    else
      return load(p + s * L);
  }
  TENFOLD_INLINE vec<T> operator()(const T* p) const {
    if constexpr (S == 1)
      return load_at(p, 0);
    else
      return every_second<0, T, L>(load_at(p, 0), load_at(p, 1));
  }
};

// sum[i] += sum over k < K of weight[k * weight_step] * line[i + k]
template <int K, int P, class T, class Pixels>
TENFOLD_INLINE void add_lines(const T* const* line, index_t column, const Pixels& pixels_of, const T* weight,
                              index_t weight_step, vec<T>* sum) {
  vec<T> w[std::size_t{K}];
  TENFOLD_UNROLL for (int k = 0; k < K; ++k) w[k] = broadcast(weight[k * weight_step]);
  TENFOLD_UNROLL for (int q = 0; q < P + K - 1; ++q) {
    const vec<T> v = pixels_of(line[q] + column);
    TENFOLD_UNROLL for (int k = 0; k < K; ++k) {
      if (q >= k && q - k < P) sum[q - k] += w[k] * v;
    }
  }
}

// The outputs from column x on, of P lines.
template <int P, int S, bool Ends, class T>
TENFOLD_INLINE void depthwise_block(const depthwise_problem<T>& p, index_t x) {
  vec<T> sum[std::size_t{P}];
  TENFOLD_UNROLL for (int i = 0; i < P; ++i) sum[i] = broadcast(p.bias);
  index_t column = p.left + x * S;
  for (index_t j = 0; j < p.taps_w; ++j, column += p.taps_step) {
    const pixels<T, S, Ends> pixels_of(column, p.width);
    for (const direct_taps* t = p.taps; t < p.taps + p.count; ++t) {
      const T* weight = p.weight + t->weight + j;
      if (t->count == 3)
        add_lines<3, P>(p.line + t->source, column, pixels_of, weight, p.weight_step, sum);
      else if (t->count == 2)
        add_lines<2, P>(p.line + t->source, column, pixels_of, weight, p.weight_step, sum);
      else
        add_lines<1, P>(p.line + t->source, column, pixels_of, weight, p.weight_step, sum);
    }
  }
  const index_t some = p.columns - x;
  if (p.addend) {
    TENFOLD_UNROLL for (int i = 0; i < P; ++i) {
      if (i < p.lines) sum[i] += load_some(p.addend + i * p.y_line + x, some, T{});
    }
  }
  activate_sums<T, P>(p.after, sum);
  TENFOLD_UNROLL for (int i = 0; i < P; ++i) {
    if (i < p.lines) store_some(p.y + i * p.y_line + x, some, sum[i]);
  }
}

// y(i, x) = activated([addend(i, x) +] bias + sum over the taps of weight * the plane under them)
//     i < lines <= P, x < columns, of which each is S columns of the plane from the one before
//   y, addend  lines y_line apart
template <class T, int P, int S>
void depthwise_lines(const depthwise_problem<T>& p) {
  constexpr int L = lanes<T>;
  // Where masks cost something, which they do not at avx512, most vectors go without.
  const index_t last_tap = (p.taps_w - 1) * p.taps_step + S * L;
  for (index_t x = 0; x < p.columns; x += L) {
    const index_t column = p.left + x * S;
    if (TENFOLD_VECTOR_BYTES == 64 || column < 0 || column > p.width - last_tap)
      depthwise_block<P, S, true>(p, x);
    else
      depthwise_block<P, S, false>(p, x);
  }
}

template <class T>
inline constexpr depthwise_kernels<T> depthwise_table = {
    {7, 4},
    {{&depthwise_lines<T, 7, 1>, &depthwise_lines<T, 7, 2>}, {&depthwise_lines<T, 4, 1>, &depthwise_lines<T, 4, 2>}}};
template <class T>
  requires(!has_masked_moves<T>)
inline constexpr depthwise_kernels<T> depthwise_table<T> = {};
