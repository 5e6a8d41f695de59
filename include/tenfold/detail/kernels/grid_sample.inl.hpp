// Sampling of images at places that a grid says, and its gradients.

// Places in an axis, and how far they move with the grid's numbers.
template <class T>
struct grid_places {
  vec<T> at, slope;
};

// The integer at or below v, of -1 <= v: up to 2^mantissa, beyond which all are integers, the sum with that rounds to
// one.
template <class T>
TENFOLD_INLINE vec<T> floor_of(vec<T> v) {
  const vec<T> shift = broadcast(static_cast<T>(index_t{1} << (std::numeric_limits<T>::digits - 1))),
               one = broadcast(T{1});
  const vec<T> nearest = (v + shift) - shift;
  const vec<T> below = nearest - masked<T>(one, nearest > v);
  return chosen(v < 0, -one, chosen(v < shift, below, v));
}

// The lines that places are at, as numbers, how far they are behind them, and whether they and the next are inside.
template <class T>
struct grid_lines {
  vec<T> first, behind;
  lane_mask<T> inside, next_inside;
};

template <class T>
struct grid_axis {
  vec<T> most, end, low, per_number, length;
  grid_padding padding;
  bool is_point;  // of no length

  TENFOLD_INLINE grid_axis(index_t size, grid_padding how, bool align_corners) : padding(how) {
    constexpr T half = static_cast<T>(0.5);
    const T from_end_to_end = static_cast<T>(align_corners ? size - 1 : size);
    most = broadcast(static_cast<T>(size - 1));
    end = broadcast(static_cast<T>(size));
    low = broadcast(align_corners ? T{0} : -half);
    length = broadcast(from_end_to_end);
    per_number = broadcast(from_end_to_end * half);
    is_point = !(from_end_to_end > 0);
  }

  // The places that a grid's numbers from -1 to 1 say, which padding may bring back inside: then NaN becomes 0. What
  // lies on the edge or outside it moves nothing there.
  TENFOLD_INLINE grid_places<T> places_of(vec<T> number) const {
    vec<T> place = (number + broadcast(T{1})) * per_number + low, slope = per_number;
    if (padding == grid_padding::zeros) return {place, slope};
    if (padding == grid_padding::reflection) {
      const auto below = place < low;
      const vec<T> twice = length + length, from_low = chosen(below, low - place, place - low);
      const vec<T> extra = from_low - floor_of<T>(from_low / twice) * twice, other = twice - extra;
      slope = chosen(below ^ ~(extra <= other), -slope, slope);
      place = is_point ? vec<T>{} : chosen(extra < other, extra, other) + low;
    }
    const auto positive = place > 0, below_most = place < most;
    return {masked<T>(chosen(below_most, place, most), positive), masked<T>(slope, positive & below_most)};
  }

  TENFOLD_INLINE grid_lines<T> lines_of(vec<T> place) const {
    const vec<T> one = broadcast(T{1});
    const auto near_image = (place >= -one) & (place < end);
    const vec<T> first = floor_of<T>(masked<T>(place, near_image));
    return {first, place - chosen(near_image, first, place), near_image & (first >= 0), near_image & (first < most)};
  }

  // The nearest lines, of two the even one.
  TENFOLD_INLINE grid_lines<T> nearest_of(vec<T> place) const {
    const vec<T> half = broadcast(static_cast<T>(0.5));
    grid_lines<T> l = lines_of(place);
    const vec<T> rest = masked<T>(place, (place >= broadcast(T{-1})) & (place < end)) - l.first;
    const auto odd = l.first * half != floor_of<T>(l.first * half);
    l.first += masked<T>(broadcast(T{1}), (rest > half) | ((rest == half) & odd));
    l.inside = (l.inside | l.next_inside) & (l.first >= 0) & (l.first < end);
    return l;
  }
};

// The up to four pixels of some outputs, and their weights. Of those that lie outside the image the first one is read,
// and is not inside.
template <class T>
struct grid_block {
  static constexpr int L = lanes<T>;
  static constexpr int most = 64;  // a multiple of every vector's lanes
  using mask = std::decay_t<decltype(lane_mask<T>{}[0])>;
  int taps = 1;
  bool all_inside[std::size_t{most / L}];  // all four pixels of a vector of outputs
  index_t at[4][std::size_t{most}];
  mask inside[4][std::size_t{most}];
  T weight[4][std::size_t{most}];
  T down[std::size_t{most}], right[std::size_t{most}];  // of four: how far below and behind the first one
  T slope_x[std::size_t{most}], slope_y[std::size_t{most}];

  //   grid (count, 2)
  void fill(const grid_sample_geometry& g, index_t count, const T* grid) {
    const index_t width = g.in.w;
    const grid_axis<T> columns(width, g.padding, g.align_corners), rows(g.in.h, g.padding, g.align_corners);
    const bool nearest = g.mode == grid_mode::nearest;
    taps = nearest ? 1 : 4;
    for (index_t i = 0; i < count; i += L) {
      vec<T> a = {}, b = {};
      if (count - i >= L) {
        a = load(grid + 2 * i);
        b = load(grid + 2 * i + L);
      } else {
        T last[std::size_t{2 * L}] = {};
        __builtin_memcpy(last, grid + 2 * i, static_cast<std::size_t>(2 * (count - i)) * sizeof(T));
        a = load(last);
        b = load(last + L);
      }
      const auto x = columns.places_of(every_second<0, T, L>(a, b)), y = rows.places_of(every_second<1, T, L>(a, b));
      store(slope_x + i, x.slope);
      store(slope_y + i, y.slope);
      if (nearest)
        put_nearest(i, width, rows.nearest_of(y.at), columns.nearest_of(x.at));
      else
        put_four(i, width, rows.lines_of(y.at), columns.lines_of(x.at));
    }
  }

 private:
  TENFOLD_INLINE void put_nearest(index_t i, index_t width, const grid_lines<T>& row, const grid_lines<T>& column) {
    put(0, i, row.inside & column.inside, broadcast(T{1}));
    put_indices<1>(width, i, row.first, column.first);
  }
  TENFOLD_INLINE void put_four(index_t i, index_t width, const grid_lines<T>& row, const grid_lines<T>& column) {
    const vec<T> one = broadcast(T{1}), d = row.behind, r = column.behind;
    store(down + i, d);
    store(right + i, r);
    all_inside[i / L] = !any_bit(~(row.inside & row.next_inside & column.inside & column.next_inside));
    put(0, i, row.inside & column.inside, (one - d) * (one - r));
    put(1, i, row.inside & column.next_inside, (one - d) * r);
    put(2, i, row.next_inside & column.inside, d * (one - r));
    put(3, i, row.next_inside & column.next_inside, d * r);
    put_indices<4>(width, i, row.first, column.first);
  }
  TENFOLD_INLINE void put(int t, index_t i, lane_mask<T> is_inside, vec<T> w) {
    store(inside[t] + i, is_inside);
    store(weight[t] + i, w);
  }
  // In vectors of indices, of which several make one of T.
  template <int Taps>
  TENFOLD_INLINE void put_indices(index_t width, index_t i, vec<T> row, vec<T> column) {
    constexpr int some = lanes<index_t>;
    T rows[std::size_t{L}], columns[std::size_t{L}];
    store(rows, row);
    store(columns, column);
    const index_t offset[4] = {0, 1, width, width + 1};
    TENFOLD_UNROLL for (int l = 0; l < L; l += some) {
      const vec<index_t> first = convert_lanes<index_t, some>(load_lanes<some>(rows + l)) * width +
                                 convert_lanes<index_t, some>(load_lanes<some>(columns + l));
      TENFOLD_UNROLL for (int t = 0; t < Taps; ++t)
          store(at[t] + i + l, (first + offset[t]) & convert_lanes<index_t, some>(load_lanes<some>(inside[t] + i + l)));
    }
  }
};

// a, then b. (Assigned one by one the lanes of a vector wait for each other.)
template <class T, int L, int... Lane>
TENFOLD_INLINE vec_of<T, 2 * L> joined_lanes(vec_of<T, L> a, vec_of<T, L> b, std::integer_sequence<int, Lane...>) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, Lane...);
#else  // g++ 11
  return vec_of<T, 2 * L>{(Lane < L ? a[Lane % L] : b[Lane % L])...};
#endif
}

// x[at[0]], x[at[1]], ... in L lanes
template <int L, class T>
TENFOLD_INLINE vec_of<T, L> gather_lanes(const T* x, const index_t* at) {
  if constexpr (L == 2) {
    return vec_of<T, 2>{x[at[0]], x[at[1]]};
  } else if constexpr (L == 4) {
    return vec_of<T, 4>{x[at[0]], x[at[1]], x[at[2]], x[at[3]]};
  } else {
    constexpr int half = L / 2;
    return joined_lanes<T, half>(gather_lanes<half>(x, at), gather_lanes<half>(x, at + half),
                                 std::make_integer_sequence<int, L>{});
  }
}

// Tap t of the outputs [i, i + lanes), 0 outside the image.
template <class T>
TENFOLD_INLINE vec<T> gathered_inside(const grid_block<T>& block, int t, index_t i, const T* x) {
  return masked<T>(gather_lanes<lanes<T>>(x, block.at[t] + i), load(block.inside[t] + i));
}

// Two neighbours x[at[l]] and x[at[l] + 1] of each lane, with as many loads as one of them: half the time.
template <class T>
TENFOLD_INLINE void gather_pairs(const T* x, const index_t* at, vec<T>& first, vec<T>& second) {
  constexpr int L = lanes<T>;
  if constexpr (sizeof(T) == 4) {
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
    first = gather_lanes<L>(x, at);
    second = gather_lanes<L>(x + 1, at);
  }
}

// The four taps of the outputs [i, i + lanes).
template <class T>
TENFOLD_INLINE void gather_four(const grid_block<T>& block, index_t i, const T* x, vec<T>* tap) {
  if (block.all_inside[i / lanes<T>]) {
    gather_pairs(x, block.at[0] + i, tap[0], tap[1]);
    gather_pairs(x, block.at[2] + i, tap[2], tap[3]);
  } else {
    TENFOLD_UNROLL for (int t = 0; t < 4; ++t) tap[t] = gathered_inside(block, t, i, x);
  }
}

// y[i] = sum over taps of weight[t][i] * x[at[t][i]], i < count; always in vectors, so that an output's bits do not
// depend on the block that it is in.
template <class T>
TENFOLD_INLINE void sample_block(const grid_block<T>& block, index_t count, const T* x, T* y) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < count; i += L) {
    vec<T> tap[4], sum;
    if (block.taps == 1) {
      sum = gathered_inside(block, 0, i, x);
    } else {
      gather_four(block, i, x, tap);
      sum = tap[0] * load(block.weight[0] + i);
      TENFOLD_UNROLL for (int t = 1; t < 4; ++t) sum += load(block.weight[t] + i) * tap[t];
    }
    if (i + L <= count)
      store(y + i, sum);
    else
      store_some(y + i, count - i, sum);
  }
}

// Calls body(block, image, its first pixel, how many) for blocks of the output pixels [begin, end) of all images.
template <class T, class Body>
TENFOLD_INLINE void for_each_grid_block(const grid_sample_geometry& g, index_t begin, index_t end, const T* grid,
                                        const Body& body) {
  const index_t image = g.out.h * g.out.w;
  grid_block<T> block;
  for (index_t pixel = begin; pixel < end;) {
    const index_t n = pixel / image, place = pixel % image;
    index_t count = image - place < end - pixel ? image - place : end - pixel;
    if (count > block.most) count = block.most;
    block.fill(g, count, grid + 2 * pixel);
    body(block, n, place, count);
    pixel += count;
  }
}

// The output pixels [begin, end) of all images:  pixel = (n * out.h + oh) * out.w + ow
//   input (batch, channels, in.h, in.w)   grid (batch, out.h, out.w, 2)   output (batch, channels, out.h, out.w)
template <class T>
void grid_sample_pixels(const grid_sample_geometry& g, index_t begin, index_t end, const T* input, const T* grid,
                        T* output) {
  const index_t image = g.out.h * g.out.w, plane = g.in.h * g.in.w;
  for_each_grid_block(
      g, begin, end,
      grid, [&](const grid_block<T>& block, index_t n, index_t place, index_t count) __attribute__((always_inline)) {
        for (index_t c = n * g.channels; c < (n + 1) * g.channels; ++c)
          sample_block(block, count, input + c * plane, output + c * image + place);
      });
}

// dx[at[t][i]] += weight[t][i] * dy[i] of one plane, one tap after the other: neighbours seldom have the same pixel for
// the same tap, and so do not wait for each other. What is outside or behind the last output adds 0.
template <class T>
TENFOLD_INLINE void scatter_block(const grid_block<T>& block, index_t count, const T* dy, T* dx) {
  constexpr int L = lanes<T>;
  for (int t = 0; t < block.taps; ++t)
    for (index_t i = 0; i < count; i += L) {
      const vec<T> d = count - i >= L ? load(dy + i) : load_some(dy + i, count - i, T{});
      T shares[std::size_t{L}];
      store(shares, masked<T>(load(block.weight[t] + i) * d, load(block.inside[t] + i)));
      const index_t* at = block.at[t] + i;
      TENFOLD_UNROLL for (int l = 0; l < L; ++l) dx[at[l]] += shares[l];
    }
}

// dx = the gradient of the planes [begin, end), plane = n * channels + c, whose outputs are added in order.
//   dy (batch, channels, out.h, out.w)   grid (batch, out.h, out.w, 2)   dx (batch, channels, in.h, in.w)
template <class T>
void grid_sample_gradient_of_planes(const grid_sample_geometry& g, index_t begin, index_t end, const T* dy,
                                    const T* grid, T* dx) {
  const index_t image = g.out.h * g.out.w, plane = g.in.h * g.in.w;
  __builtin_memset(dx + begin * plane, 0, static_cast<std::size_t>((end - begin) * plane) * sizeof(T));
  while (begin < end) {
    const index_t n = begin / g.channels, next = (n + 1) * g.channels < end ? (n + 1) * g.channels : end;
    for_each_grid_block(
        g, n * image, (n + 1) * image,
        grid, [&](const grid_block<T>& block, index_t, index_t place, index_t count) __attribute__((always_inline)) {
          for (index_t c = begin; c < next; ++c) scatter_block(block, count, dy + c * image + place, dx + c * plane);
        });
    begin = next;
  }
}

// sum_x[i] += dy[i] * the slope of x along its rows at output i, sum_y[i] likewise along columns; always in vectors.
template <class T>
TENFOLD_INLINE void add_slopes(const grid_block<T>& block, index_t count, const T* dy, const T* x, T* sum_x, T* sum_y) {
  constexpr int L = lanes<T>;
  for (index_t i = 0; i < count; i += L) {
    const index_t some = count - i;
    const vec<T> d = some >= L ? load(dy + i) : load_some(dy + i, some, T{});
    vec<T> tap[4];
    gather_four(block, i, x, tap);
    const vec<T> down = load(block.down + i), right = load(block.right + i);
    const vec<T> across = (tap[1] - tap[0]) * (1 - down), across_below = (tap[3] - tap[2]) * down;
    const vec<T> along = (tap[2] - tap[0]) * (1 - right), along_behind = (tap[3] - tap[1]) * right;
    store(sum_x + i, load(sum_x + i) + d * (across + across_below));
    store(sum_y + i, load(sum_y + i) + d * (along + along_behind));
  }
}

// dgrid = the gradient of the grid for the output pixels [begin, end) of all images, whose channels are added in order;
// 0 where the nearest pixel is taken.
//   dy (batch, channels, out.h, out.w)   x (batch, channels, in.h, in.w)   grid, dgrid (batch, out.h, out.w, 2)
template <class T>
void grid_sample_gradient_of_grid(const grid_sample_geometry& g, index_t begin, index_t end, const T* dy, const T* x,
                                  const T* grid, T* dgrid) {
  const index_t image = g.out.h * g.out.w, plane = g.in.h * g.in.w;
  if (g.mode == grid_mode::nearest) {
    __builtin_memset(dgrid + 2 * begin, 0, static_cast<std::size_t>(2 * (end - begin)) * sizeof(T));
    return;
  }
  for_each_grid_block(
      g, begin, end,
      grid, [&](const grid_block<T>& block, index_t n, index_t place, index_t count) __attribute__((always_inline)) {
        T sum_x[std::size_t{grid_block<T>::most}] = {}, sum_y[std::size_t{grid_block<T>::most}] = {};
        for (index_t c = n * g.channels; c < (n + 1) * g.channels; ++c)
          add_slopes(block, count, dy + c * image + place, x + c * plane, sum_x, sum_y);
        T* to = dgrid + 2 * (n * image + place);
        for (index_t i = 0; i < count; ++i) {
          to[2 * i] = sum_x[i] * block.slope_x[i];
          to[2 * i + 1] = sum_y[i] * block.slope_y[i];
        }
      });
}
