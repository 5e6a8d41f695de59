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

// The same of a vector of numbers, but for reflection.
template <class T>
TENFOLD_INLINE vec<T> grid_places(vec<T> number, index_t size, grid_padding padding, bool align_corners) {
  const T half = static_cast<T>(0.5), length = align_corners ? static_cast<T>(size - 1) : static_cast<T>(size);
  const vec<T> low = broadcast(align_corners ? T{0} : -half), most = broadcast(static_cast<T>(size - 1));
  const vec<T> place = (number + broadcast(T{1})) * broadcast(length * half) + low;
  if (padding == grid_padding::zeros) return place;
  const vec<T> inside = chosen(place > vec<T>{}, place, vec<T>{});
  return chosen(inside < most, inside, most);
}

// v rounded down, or to the nearest, of two the even one. From 2^mantissa on numbers are whole.
template <class T, bool Nearest>
TENFOLD_INLINE vec<T> whole_lanes(vec<T> v) {
  using number = std::decay_t<decltype(lane_mask<T>{}[0])>;
  const auto is_small = magnitude_of<T>(v) < broadcast(static_cast<T>(number{1} << float_parts<T>::mantissa));
  const vec<T> one = broadcast(T{1}), half = broadcast(static_cast<T>(0.5));
  const vec<number> cut = convert_lanes<number, lanes<T>>(chosen(is_small, v, vec<T>{}));
  const vec<T> towards_0 = convert_lanes<T, lanes<T>>(cut);
  const auto is_above = towards_0 > v;
  const vec<T> floor = chosen(is_above, towards_0 - one, towards_0), rest = v - floor;
  if constexpr (!Nearest) return chosen(is_small, floor, v);
  const auto is_odd = ((cut + is_above) & 1) != 0;  // a mask's lanes are -1
  const auto rises = (rest > half) | ((rest == half) & is_odd);
  return chosen(is_small, chosen(rises, floor + one, floor), v);
}

// The up to four pixels of some outputs, and their weights. Those that lie outside the image have no place, and are 0.
// Place is the number that an element of a plane has.
template <class T, class Place>
struct grid_block {
  using number = std::decay_t<decltype(lane_mask<T>{}[0])>;
  static constexpr int L = lanes<T>;
  static constexpr int most = 64;  // a multiple of every vector's lanes
  int taps = 1;
  bool is_inside[std::size_t{most / L}];  // all pixels of a vector of outputs
  Place at[4][std::size_t{most}];         // negative outside
  T weight[4][std::size_t{most}];

  //   grid (count, 2)
  void fill(const grid_sample_geometry& g, index_t count, const T* grid) {
    taps = g.mode == grid_mode::nearest ? 1 : 4;
    for (index_t i = 0; i < count; i += L) {
      const index_t left = 2 * (count - i);
      const vec<T> first = load_some(grid + 2 * i, left, T{});
      const vec<T> second = left > L ? load_some(grid + 2 * i + L, left - L, T{}) : vec<T>{};
      const vec<T> x = places(g, every_second<0, T, L>(first, second), g.in.w);
      const vec<T> y = places(g, every_second<1, T, L>(first, second), g.in.h);
      if (taps == 1)
        put_nearest(g, i, whole_lanes<T, true>(y), whole_lanes<T, true>(x));
      else
        put_four(g, i, y, x);
    }
  }

 private:
  TENFOLD_INLINE static vec<T> places(const grid_sample_geometry& g, vec<T> numbers, index_t size) {
    if (g.padding != grid_padding::reflection) return grid_places<T>(numbers, size, g.padding, g.align_corners);
    T each[std::size_t{L}];
    store(each, numbers);
    for (T& number : each) number = grid_place(number, size, g.padding, g.align_corners);
    return load(each);
  }
  TENFOLD_INLINE static lane_mask<T> is_line(vec<T> v, index_t size) {
    return (v >= vec<T>{}) & (v < broadcast(static_cast<T>(size)));
  }
  // What is not `usable` may be no integer; its place is not used.
  TENFOLD_INLINE static lane_mask<T> integers(vec<T> v, lane_mask<T> usable) {
    return convert_lanes<number, L>(chosen(usable, v, vec<T>{}));
  }
  TENFOLD_INLINE void put(int t, index_t i, index_t width, lane_mask<T> row, lane_mask<T> column, lane_mask<T> inside) {
    if constexpr (sizeof(Place) == sizeof(T)) {
      store_lanes<L>(at[t] + i, bits_as<vec<Place>>((row * static_cast<number>(width) + column) | ~inside));
    } else {
      for (int l = 0; l < L; ++l) at[t][i + l] = inside[l] ? Place{row[l]} * width + column[l] : Place{-1};
    }
  }
  TENFOLD_INLINE void put_nearest(const grid_sample_geometry& g, index_t i, vec<T> y, vec<T> x) {
    const auto inside = is_line(y, g.in.h) & is_line(x, g.in.w);
    put(0, i, g.in.w, integers(y, inside), integers(x, inside), inside);
    is_inside[i / L] = !any_bit(~inside);
  }
  TENFOLD_INLINE void put_four(const grid_sample_geometry& g, index_t i, vec<T> y, vec<T> x) {
    const vec<T> one = broadcast(T{1}), top = whole_lanes<T, false>(y), left = whole_lanes<T, false>(x);
    const vec<T> down = y - top, right = x - left;
    const auto on_top = is_line(top, g.in.h), below = is_line(top + one, g.in.h);
    const auto on_left = is_line(left, g.in.w), beside = is_line(left + one, g.in.w);
    const auto row = integers(top, on_top | below), column = integers(left, on_left | beside);
    put(0, i, g.in.w, row, column, on_top & on_left);
    put(1, i, g.in.w, row, column + number{1}, on_top & beside);
    put(2, i, g.in.w, row + number{1}, column, below & on_left);
    put(3, i, g.in.w, row + number{1}, column + number{1}, below & beside);
    is_inside[i / L] = !any_bit(~(on_top & below & on_left & beside));
    store(weight[0] + i, (one - down) * (one - right));
    store(weight[1] + i, (one - down) * right);
    store(weight[2] + i, down * (one - right));
    store(weight[3] + i, down * right);
  }
};

// x[at[0]], x[at[1]], ..., and with Masked 0 where that is negative.
template <bool Masked, class T, class Place>
TENFOLD_INLINE vec<T> gathered_places(const T* x, const Place* at) {
  vec<T> v = {};
  TENFOLD_UNROLL for (int l = 0; l < lanes<T>; ++l) if (!Masked || at[l] >= 0) v[l] = x[at[l]];
  return v;
}

// Two neighbours x[at[l]] and x[at[l] + 1] of each lane, with as many loads as one of them: half the time.
template <class T, class Place>
TENFOLD_INLINE void gather_pairs(const T* x, const Place* at, vec<T>& first, vec<T>& second) {
  if constexpr (sizeof(T) == 4) {
    constexpr int L = lanes<T>;
    vec<double> low = {}, high = {};
    const auto pair = [&](int l) __attribute__((always_inline)) {
      double both;
      __builtin_memcpy(&both, x + at[l], sizeof both);
      return both;
    };
    TENFOLD_UNROLL for (int l = 0; l < L / 2; ++l) {
      low[l] = pair(l);
      high[l] = pair(l + L / 2);
    }
    first = every_second<0, T, L>(bits_as<vec<T>>(low), bits_as<vec<T>>(high));
    second = every_second<1, T, L>(bits_as<vec<T>>(low), bits_as<vec<T>>(high));
  } else {
    first = gathered_places<false>(x, at);
    second = gathered_places<false>(x + 1, at);
  }
}

// The weighted sum of the pixels of outputs i, i + 1, ..., tap after tap.
template <class T, class Place>
TENFOLD_INLINE vec<T> sampled(const grid_block<T, Place>& block, index_t i, const T* x) {
  const bool is_inside = block.is_inside[i / lanes<T>];
  if (block.taps == 1)
    return is_inside ? gathered_places<false>(x, block.at[0] + i) : gathered_places<true>(x, block.at[0] + i);
  vec<T> v[4];
  if (is_inside) {
    gather_pairs(x, block.at[0] + i, v[0], v[1]);
    gather_pairs(x, block.at[2] + i, v[2], v[3]);
  } else {
    TENFOLD_UNROLL for (int t = 0; t < 4; ++t) v[t] = gathered_places<true>(x, block.at[t] + i);
  }
  vec<T> sum = v[0] * load(block.weight[0] + i);
  TENFOLD_UNROLL for (int t = 1; t < 4; ++t) sum += load(block.weight[t] + i) * v[t];
  return sum;
}

// y[i] = sum over taps of weight[t][i] * x[at[t][i]], i < count; always in vectors, so that an output's bits do not
// depend on the block that it is in.
template <class T, class Place>
TENFOLD_INLINE void sample_block(const grid_block<T, Place>& block, index_t count, const T* x, T* y) {
  constexpr int L = lanes<T>;
  index_t i = 0;
  for (; i + L <= count; i += L) store(y + i, sampled(block, i, x));
  if (i < count) store_some(y + i, count - i, sampled(block, i, x));
}

// The output pixels [begin, end) of all images:  pixel = (n * out.h + oh) * out.w + ow
//   input (batch, channels, in.h, in.w)   grid (batch, out.h, out.w, 2)   output (batch, channels, out.h, out.w)
template <class T, class Place>
TENFOLD_INLINE void grid_sample_pixels(const grid_sample_geometry& g, index_t begin, index_t end, const T* input,
                                       const T* grid, T* output) {
  const index_t image = g.out.h * g.out.w, plane = g.in.h * g.in.w;
  grid_block<T, Place> block;
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
template <class T>
void grid_sample_pixels(const grid_sample_geometry& g, index_t begin, index_t end, const T* input, const T* grid,
                        T* output) {
  if constexpr (sizeof(T) == 4)
    if (g.in.h <= (std::numeric_limits<std::int32_t>::max)() / g.in.w)
      return grid_sample_pixels<T, std::int32_t>(g, begin, end, input, grid, output);
  grid_sample_pixels<T, std::int64_t>(g, begin, end, input, grid, output);
}
