// Resampling by tables: lines are added up, and columns gathered.

template <class A, int L, class T>
TENFOLD_INLINE vec_of<A, L> load_as(const T* p) {
  if constexpr (std::is_same_v<T, A>)
    return load_lanes<L>(p);
  else
    return convert_lanes<A, L>(load_lanes<L>(p));
}

// V vectors of  y[i] = sum over t < taps of w[t] * x[at[t] * pitch + i]
template <int V, class T, class A>
TENFOLD_INLINE void add_taps_down(index_t pitch, index_t taps, const index_t* at, const A* w, const T* x, A* y) {
  constexpr int L = lanes<A>;
  vec<A> sum[std::size_t{V}];
  const T* from = x + at[0] * pitch;
  const vec<A> first = broadcast(w[0]);
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) sum[v] = first * load_as<A, L>(from + v * L);
  for (index_t t = 1; t < taps; ++t) {
    from = x + at[t] * pitch;
    const vec<A> weight = broadcast(w[t]);
    TENFOLD_UNROLL for (int v = 0; v < V; ++v) sum[v] += weight * load_as<A, L>(from + v * L);
  }
  TENFOLD_UNROLL for (int v = 0; v < V; ++v) store(y + v * L, sum[v]);
}

// The same for i < n; 0 of no taps.
//   x  lines `pitch` apart   at, w (taps)   y (n)
template <class T, class A>
void resample_down(index_t n, index_t pitch, index_t taps, const index_t* at, const A* w, const T* x, A* y) {
  constexpr int L = lanes<A>, V = 4;
  index_t i = 0;
  if (taps == 0) return static_cast<void>(__builtin_memset(y, 0, static_cast<std::size_t>(n) * sizeof(A)));
  for (; i + V * L <= n; i += V * L) add_taps_down<V>(pitch, taps, at, w, x + i, y + i);
  for (; i + L <= n; i += L) add_taps_down<1>(pitch, taps, at, w, x + i, y + i);
  for (; i < n; ++i) {
    A sum = w[0] * static_cast<A>(x[at[0] * pitch + i]);
    for (index_t t = 1; t < taps; ++t) sum += w[t] * static_cast<A>(x[at[t] * pitch + i]);
    y[i] = sum;
  }
}

template <class A>
TENFOLD_INLINE vec<A> gathered(const A* row, const index_t* at) {
  vec<A> v = {};
  TENFOLD_UNROLL for (int l = 0; l < lanes<A>; ++l) v[l] = row[at[l]];
  return v;
}

// y[o] = sum over t < taps of w[t * n + o] * row[at[t * n + o]],   o < n
//   row  with a 0 where absent taps point
template <class A>
void resample_across(index_t n, index_t taps, const index_t* at, const A* w, const A* row, A* y) {
  constexpr int L = lanes<A>;
  index_t o = 0;
  for (; o + L <= n; o += L) {
    vec<A> sum = load(w + o) * gathered(row, at + o);
    for (index_t t = 1; t < taps; ++t) sum += load(w + t * n + o) * gathered(row, at + t * n + o);
    store(y + o, sum);
  }
  for (; o < n; ++o) {
    A sum = w[o] * row[at[o]];
    for (index_t t = 1; t < taps; ++t) sum += w[t * n + o] * row[at[t * n + o]];
    y[o] = sum;
  }
}

// y = x in A, n elements
template <class T, class A>
TENFOLD_INLINE void convert_line(index_t n, const T* x, A* y) {
  index_t i = 0;
  for (; i + lanes<A> <= n; i += lanes<A>) store(y + i, load_as<A, lanes<A>>(x + i));
  for (; i < n; ++i) y[i] = static_cast<A>(x[i]);
}

// Integers are rounded to the nearest, and those that leave the type's range are its ends; NaN is 0.
template <class T, class A>
TENFOLD_INLINE T resampled_integer(A v, halves rounds) {
  constexpr A end = -static_cast<A>((std::numeric_limits<T>::min)());
  const A rounded = rounds == halves::to_even ? __builtin_rint(v) : __builtin_round(v);
  if (rounded >= end) return (std::numeric_limits<T>::max)();
  if (rounded <= -end) return (std::numeric_limits<T>::min)();
  return rounded == rounded ? static_cast<T>(rounded) : T{};
}

// The taps of output line `o` that there are.
template <class A>
TENFOLD_INLINE index_t taps_of(const resample_axis<A>& h, index_t o) {
  index_t taps = h.taps;
  while (taps > 0 && h.at[o * h.taps + taps - 1] == h.in) --taps;
  return taps;
}

// One problem's lines, in the memory of one worker.
template <class T, class A>
struct line_resampler {
  const resample_problem<A>& p;
  const resample_scratch<A>& scratch;
  index_t plane = -1;  // whose lines the ring holds

  // Output line oh of a plane, as A, in `to` or elsewhere.
  //   x (h.in, w.in)
  void line(index_t number, index_t oh, const T* x, A* to) {
    const index_t* at = p.h.at + oh * p.h.taps;
    const A* weight = p.h.weight + oh * p.h.taps;
    const index_t taps = p.h.taps > 0 ? taps_of(p.h, oh) : 0;
    if (scratch.ring) {
      hold(number, taps, at, x);
      return resample_down(p.w.out, p.w.out, taps, scratch.slot, weight, scratch.ring, to);
    }
    A* down = p.w.taps > 0 ? scratch.source : to;
    if (p.h.taps > 0)
      resample_down(p.w.in, p.w.in, taps, at, weight, x, down);
    else
      convert_line(p.w.in, x + oh * p.w.in, down);
    if (p.w.taps > 0) across(to);
  }

 private:
  void across(A* to) {
    scratch.source[p.w.in] = 0;
    resample_across(p.w.out, p.w.taps, p.w.at, p.w.weight, scratch.source, to);
  }
  // Puts the lines that these taps read into the ring.
  void hold(index_t number, index_t taps, const index_t* at, const T* x) {
    if (plane != number)
      for (index_t t = 0; t < p.h.taps; ++t) scratch.held[t] = -1;
    plane = number;
    for (index_t t = 0; t < taps; ++t) {
      const index_t slot = at[t] % p.h.taps;
      scratch.slot[t] = slot;
      if (scratch.held[slot] == at[t]) continue;
      scratch.held[slot] = at[t];
      convert_line(p.w.in, x + at[t] * p.w.in, scratch.source);
      across(scratch.ring + slot * p.w.out);
    }
  }
};

// y[o] = x[at[o]], o < n
template <class T>
void gather_line(index_t n, const index_t* at, const T* x, T* y) {
  for (index_t o = 0; o < n; ++o) y[o] = x[at[o]];
}

// Without weights.
template <class T, class A>
void copy_resampled_rows(const resample_problem<A>& p, index_t begin, index_t end, const T* x, T* y) {
  index_t made_of = -1;
  for (index_t row = begin; row < end; ++row) {
    const index_t oh = row % p.h.out, source = row / p.h.out * p.h.in + (p.h.taps > 0 ? p.h.at[oh] : oh);
    T* to = y + row * p.w.out;
    if (source == made_of)
      __builtin_memcpy(to, to - p.w.out, static_cast<std::size_t>(p.w.out) * sizeof(T));
    else if (p.w.taps > 0)
      gather_line(p.w.out, p.w.at, x + source * p.w.in, to);
    else
      __builtin_memcpy(to, x + source * p.w.in, static_cast<std::size_t>(p.w.out) * sizeof(T));
    made_of = source;
  }
}

// The output lines [begin, end) of all planes:  row = plane * h.out + oh
//   x (planes, h.in, w.in)   y (planes, h.out, w.out)
template <class T, class A>
void resample_rows(const resample_problem<A>& p, index_t begin, index_t end, const T* x, T* y,
                   const resample_scratch<A>& scratch) {
  if (!p.h.weighted && !p.w.weighted) return copy_resampled_rows(p, begin, end, x, y);
  line_resampler<T, A> lines{p, scratch};
  for (index_t row = begin; row < end; ++row) {
    const index_t plane = row / p.h.out;
    const T* image = x + plane * p.h.in * p.w.in;
    T* to = y + row * p.w.out;
    if constexpr (std::is_same_v<T, A>) {
      lines.line(plane, row % p.h.out, image, to);
    } else {
      lines.line(plane, row % p.h.out, image, scratch.result);
      for (index_t i = 0; i < p.w.out; ++i) to[i] = resampled_integer<T>(scratch.result[i], p.rounds);
    }
  }
}
