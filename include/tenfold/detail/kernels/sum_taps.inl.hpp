// col2im as a sum: each output collects what the taps have for it.

// sum + the columns of a run's taps, by ascending row, then tap
template <class T, int L>
TENFOLD_INLINE vec_of<T, L> add_taps(vec_of<T, L> sum, const T* source, const index_t* row, index_t rows,
                                     const index_t* tap, index_t taps) {
  for (index_t r = 0; r < rows; ++r)
    for (index_t t = 0; t < taps; ++t) sum += load_lanes<L>(source + row[r] + tap[t]);
  return sum;
}

// line(s, x) = rectified((first ? bias : line(s, x)) + sum of source[row[r] + tap[s][t] + point + x])
//              over r < rows, t < taps[s]
//   line(s, x) is line[x * step + s];   s < sides, x < run.count
//   source  up to one vector less an element is read behind the run's last
template <class T>
void sum_taps(const tap_run& run, const T* source, const index_t* row, index_t rows, bool first, T bias, bool rectifies,
              T* line) {
  using U = arithmetic_t<T>;
  constexpr int L = lanes<T>;
  const U* from = reinterpret_cast<const U*>(source) + run.point;
  const bool dense = run.step == run.sides;  // the run's outputs are neighbours
  U outputs[2 * std::size_t{L}];
  line += run.column;
  for (index_t x = 0; x < run.count; x += L) {
    T* const at = line + x * run.step;  // not a step further each time: none may follow, and the step may be huge
    const index_t count = run.count - x < L ? run.count - x : L;
    const index_t all = count * run.sides;
    const bool whole = dense && count == L;
    vec_of<U, L> sum[2] = {fill_lanes<L>(static_cast<U>(bias)), fill_lanes<L>(static_cast<U>(bias))};
    if (!first) {
      const U* before = reinterpret_cast<const U*>(at);
      if (!whole) {
        for (index_t i = 0; i < all; ++i) outputs[i] = before[dense ? i : i * run.step];
        before = outputs;
      }
      sum[0] = load_lanes<L>(before);
      if (run.sides == 2) {
        const vec_of<U, L> low = sum[0], high = load_lanes<L>(before + L);
        sum[0] = every_second<0, U, L>(low, high);
        sum[1] = every_second<1, U, L>(low, high);
      }
    }
    sum[0] = add_taps<U, L>(sum[0], from + x, row, rows, run.tap[0], run.taps[0]);
    if (run.sides == 2) sum[1] = add_taps<U, L>(sum[1], from + x, row, rows, run.tap[1], run.taps[1]);
    if (rectifies) rectify<T, 2, L>(sum);
    U* to = whole ? reinterpret_cast<U*>(at) : outputs;
    if (run.sides == 2) {
      store_lanes<L>(to, zipped_lanes<0, U, L>(sum[0], sum[1]));
      store_lanes<L>(to + L, zipped_lanes<1, U, L>(sum[0], sum[1]));
    } else {
      store_lanes<L>(to, sum[0]);
    }
    if (!whole)
      for (index_t i = 0; i < all; ++i) reinterpret_cast<U*>(at)[dense ? i : i * run.step] = outputs[i];
  }
}
