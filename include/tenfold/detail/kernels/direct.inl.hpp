// The direct convolution of many groups: a lane is a group, so that whatever the kernel, the stride and the channels of
// a group, every operand is a whole vector, and it lies aligned.

// Groups to a vector: of 32 bytes, where longer ones would idle more often and take as long where a machine halves
// them; and 16 at most, as a transpose has no more registers.
template <class T>
inline constexpr int direct_lanes = (TENFOLD_VECTOR_BYTES < 32 ? TENFOLD_VECTOR_BYTES : 32) /
                                    (sizeof(T) == 1 ? 2 : int{sizeof(T)});

// tile(p + p / width * gap, l) = planes[min(l, count - 1) * stride + p];   p < n, l < L
//   tile  (.., L)
// The last block ends with the last element; what it shares with the one before is written twice.
template <class T>
void planes_to_lanes(const T* planes, index_t stride, index_t count, index_t n, index_t width, index_t gap, T* tile) {
  constexpr int L = direct_lanes<T>;
  const T* plane[std::size_t{L}];
  for (index_t l = 0; l < L; ++l) plane[l] = planes + (l < count ? l : count - 1) * stride;
  if (n < L) {
    for (index_t p = 0; p < n; ++p)
      for (index_t l = 0; l < L; ++l) tile[(p + p / width * gap) * L + l] = plane[l][p];
    return;
  }
  T* const begin = tile;
  index_t x = 0;
  for (index_t p = 0; p < n; p += L) {
    if (p > n - L) {
      p = n - L;
      x = p % width;
      tile = begin + (p + p / width * gap) * L;
    }
    vec_of<T, L> rows[std::size_t{L}];
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) rows[l] = load_lanes<L>(plane[l] + p);
    transpose_lanes<T, L>(rows);
    if (x + L < width) {
      TENFOLD_UNROLL for (int i = 0; i < L; ++i) store_lanes<L>(tile + i * L, rows[i]);
      tile += L * L;
      x += L;
      continue;
    }
    TENFOLD_UNROLL for (int i = 0; i < L; ++i) {
      store_lanes<L>(tile, rows[i]);
      tile += L;
      if (++x < width) continue;
      x = 0;
      tile += gap * L;
    }
  }
}

// planes[l * stride + p] = tile(p, l);   p < n, l < count
//   tile  (n, L)
template <class T>
void lanes_to_planes(const T* tile, index_t n, T* planes, index_t stride, index_t count) {
  constexpr int L = direct_lanes<T>;
  if (n < L) {
    for (index_t l = 0; l < count; ++l)
      for (index_t p = 0; p < n; ++p) planes[l * stride + p] = tile[p * L + l];
    return;
  }
  for (index_t p = 0; p < n; p += L) {
    if (p > n - L) p = n - L;
    vec_of<T, L> rows[std::size_t{L}];
    TENFOLD_UNROLL for (int i = 0; i < L; ++i) rows[i] = load_lanes<L>(tile + (p + i) * L);
    transpose_lanes<T, L>(rows);
    T* to = planes + p;
    TENFOLD_UNROLL for (int l = 0; l < L; ++l) {
      if (l < count) store_lanes<L>(to + l * stride, rows[l]);
    }
  }
}

// Pixels at once: as many independent sums cover 2 multiply-adds a cycle x 4 cycles of latency, and with 3 weights and
// a source they fit 16 registers.
inline constexpr int direct_pixels = 8;

// sum[i] += sum over j < K of weight[j * weight_step] * source[(i + j) * source_step];   i < direct_pixels
template <int K, class U, int L>
TENFOLD_INLINE void direct_add(const U* source, index_t source_step, const U* weight, index_t weight_step,
                               vec_of<U, L>* sum) {
  vec_of<U, L> w[std::size_t{K}];
  TENFOLD_UNROLL for (int j = 0; j < K; ++j) w[j] = load_lanes<L>(weight + j * weight_step);
  TENFOLD_UNROLL for (int q = 0; q < direct_pixels + K - 1; ++q) {
    const vec_of<U, L> s = load_lanes<L>(source + q * source_step);
    TENFOLD_UNROLL for (int j = 0; j < K; ++j) {
      if (q >= j && q - j < direct_pixels) sum[q - j] += w[j] * s;
    }
  }
}

// y(line, x) = rectified(bias + sum over the taps of weight * source(line, x + tap));   line < lines, x < columns
// The last block of a line computes pixels that are not stored; those of neighbouring taps read behind the line.
template <class T>
void direct_sums(const direct_problem<T>& p) {
  using U = arithmetic_t<T>;
  constexpr int L = direct_lanes<T>;
  constexpr int P = direct_pixels;
  const U* weight = reinterpret_cast<const U*>(p.weight);
  for (index_t line = 0; line < p.lines; ++line) {
    U* y = reinterpret_cast<U*>(p.y) + line * p.y_line;
    for (index_t x = 0; x < p.columns; x += P) {
      const U* source = reinterpret_cast<const U*>(p.source) + line * p.source_line + x * p.source_step;
      const index_t count = p.columns - x < P ? p.columns - x : P;
      // In memory: where the compiler knows that two are the same, it shares their product, and rounds it once more.
      index_t pixel[P];
      for (int i = 0; i < P; ++i) pixel[i] = (i < count ? i : count - 1) * p.source_step;
      vec_of<U, L> sum[std::size_t{P}];
      TENFOLD_UNROLL for (int i = 0; i < P; ++i) sum[i] = load_lanes<L>(reinterpret_cast<const U*>(p.bias));
      for (const direct_taps* t = p.taps; t < p.taps + p.count; ++t) {
        if (t->count == 3) {
          direct_add<3, U, L>(source + t->source, p.source_step, weight + t->weight, p.weight_step, sum);
        } else if (t->count == 2) {
          direct_add<2, U, L>(source + t->source, p.source_step, weight + t->weight, p.weight_step, sum);
        } else {
          const vec_of<U, L> w = load_lanes<L>(weight + t->weight);
          TENFOLD_UNROLL for (int i = 0; i < P; ++i) sum[i] += w * load_lanes<L>(source + t->source + pixel[i]);
        }
      }
      if constexpr (std::floating_point<T>)
        activate_sums<T, P>(p.after, sum);
      else if (p.after.relu)
        rectify<T, P, L>(sum);
      if (count == P) {
        TENFOLD_UNROLL for (int i = 0; i < P; ++i) store_lanes<L>(y + i * p.y_step, sum[i]);
      } else {
        TENFOLD_UNROLL for (int i = 0; i < P - 1; ++i) {
          if (i < count) store_lanes<L>(y + i * p.y_step, sum[i]);
        }
      }
      y += P * p.y_step;
    }
  }
}

template <class T>
inline constexpr direct_kernels<T> direct_table = {direct_lanes<T>, &planes_to_lanes<T>, &lanes_to_planes<T>,
                                                   &direct_sums<T>};
