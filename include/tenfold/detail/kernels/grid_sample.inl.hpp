// Sampling of images at places that a grid says.

// The place in an axis of `size` that a grid's number from -1 to 1 says, which padding may bring back inside: then NaN
// becomes 0.
template <class T>
TENFOLD_INLINE T grid_place(T number, index_t size, grid_padding padding, bool align_corners) {
  constexpr T half = static_cast<T>(0.5);
  const T most = static_cast<T>(size - 1);
  const T length = align_corners ? most : static_cast<T>(size), low = align_corners ? T{0} : -half;
  T place = (number + 1) * (length * half) + low;
  if (padding == grid_padding::zeros) return place;
  if (padding == grid_padding::reflection) {
    const T twice = 2 * length, far_from_low = place < low ? low - place : place - low;
    const T extra = far_from_low - static_cast<T>(__builtin_trunc(far_from_low / twice)) * twice;
    place = length > 0 ? (extra < twice - extra ? extra : twice - extra) + low : T{0};
  }
  if (!(place > 0)) return 0;
  return place < most ? place : most;
}

// The up to four pixels of some outputs, and their weights. Those that lie outside the image have no place, and are 0.
template <class T>
struct grid_block {
  static constexpr int most = 64;  // a multiple of every vector's lanes
  static constexpr index_t nowhere = -1;
  int taps = 1;
  index_t at[4][std::size_t{most}];
  T weight[4][std::size_t{most}];

  //   grid (count, 2)
  void fill(const grid_sample_geometry& g, index_t count, const T* grid) {
    taps = g.mode == grid_mode::nearest ? 1 : 4;
    for (index_t i = 0; i < most; ++i) {
      for (int t = 0; t < taps; ++t) {
        at[t][i] = nowhere;
        weight[t][i] = 0;
      }
      if (i >= count) continue;
      const T x = grid_place(grid[2 * i], g.in.w, g.padding, g.align_corners);
      const T y = grid_place(grid[2 * i + 1], g.in.h, g.padding, g.align_corners);
      if (taps == 1)
        put(g, 0, i, static_cast<T>(__builtin_rint(y)), static_cast<T>(__builtin_rint(x)), T{1});
      else
        put_four(g, i, y, x);
    }
  }

 private:
  void put_four(const grid_sample_geometry& g, index_t i, T y, T x) {
    const T top = static_cast<T>(__builtin_floor(y)), left = static_cast<T>(__builtin_floor(x));
    const T down = y - top, right = x - left;
    put(g, 0, i, top, left, (1 - down) * (1 - right));
    put(g, 1, i, top, left + 1, (1 - down) * right);
    put(g, 2, i, top + 1, left, down * (1 - right));
    put(g, 3, i, top + 1, left + 1, down * right);
  }
  void put(const grid_sample_geometry& g, int t, index_t i, T y, T x, T w) {
    weight[t][i] = w;
    if (y >= 0 && y < static_cast<T>(g.in.h) && x >= 0 && x < static_cast<T>(g.in.w))
      at[t][i] = static_cast<index_t>(y) * g.in.w + static_cast<index_t>(x);
  }
};

template <class T>
TENFOLD_INLINE vec<T> gathered_inside(const T* x, const index_t* at) {
  vec<T> v = {};
  TENFOLD_UNROLL for (int l = 0; l < lanes<T>; ++l) if (at[l] >= 0) v[l] = x[at[l]];
  return v;
}

// y[i] = sum over taps of weight[t][i] * x[at[t][i]], i < count; always in vectors, so that an output's bits do not
// depend on the block that it is in.
template <class T>
TENFOLD_INLINE void sample_block(const grid_block<T>& block, index_t count, const T* x, T* y) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < count; i += L) {
    vec<T> sum = gathered_inside(x, block.at[0] + i);
    if (block.taps > 1) sum *= load(block.weight[0] + i);
    for (int t = 1; t < block.taps; ++t) sum += load(block.weight[t] + i) * gathered_inside(x, block.at[t] + i);
    if (i + L <= count) {
      store(y + i, sum);
    } else {
      T last[std::size_t{L}];
      store(last, sum);
      for (index_t k = i; k < count; ++k) y[k] = last[k - i];
    }
  }
}

// The output pixels [begin, end) of all images:  pixel = (n * out.h + oh) * out.w + ow
//   input (batch, channels, in.h, in.w)   grid (batch, out.h, out.w, 2)   output (batch, channels, out.h, out.w)
template <class T>
void grid_sample_pixels(const grid_sample_geometry& g, index_t begin, index_t end, const T* input, const T* grid,
                        T* output) {
  const index_t image = g.out.h * g.out.w, plane = g.in.h * g.in.w;
  grid_block<T> block;
  for (index_t pixel = begin; pixel < end;) {
    const index_t n = pixel / image, place = pixel % image;
    index_t count = image - place < end - pixel ? image - place : end - pixel;
    if (count > block.most) count = block.most;
    block.fill(g, count, grid + 2 * pixel);
    for (index_t c = 0; c < g.channels; ++c)
      sample_block(block, count, input + (n * g.channels + c) * plane, output + (n * g.channels + c) * image + place);
    pixel += count;
  }
}
