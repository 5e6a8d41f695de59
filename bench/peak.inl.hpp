// What the machine can do at most, once per instruction set: in the form of detail/kernels/*.inl.hpp.

// Independent chains, and registers. avx2 and avx512: a fused multiply-add takes 4 to 5 cycles and 2 begin in each, so
// 10 are enough. base: a multiplication and an addition take 6 to 8 together, and 2 pairs begin in a cycle at most.
inline constexpr int peak_chains = 12;

// Each lane of 12 accumulators `rounds` times a = a * x + y, nothing in memory; returns their sum, so that none is left
// out.
inline float peak_multiply_add(index_t rounds, float x, float y) {
  vec<float> acc[peak_chains];
  for (int i = 0; i < peak_chains; ++i) acc[i] = broadcast(static_cast<float>(i));  // equal ones would be merged
  const vec<float> factor = broadcast(x), addend = broadcast(y);
  for (index_t r = 0; r < rounds; ++r)
    TENFOLD_UNROLL for (int i = 0; i < peak_chains; ++i) acc[i] = acc[i] * factor + addend;
  float sum = 0;
  for (int i = 0; i < peak_chains; ++i)
    for (int lane = 0; lane < lanes<float>; ++lane) sum += acc[i][lane];
  return sum;
}

// The sum of `size` numbers, a multiple of 8 * lanes<float>: as fast as they can be read, in order.
inline float peak_read(const float* from, index_t size) {
  vec<float> acc[8] = {};
  for (index_t at = 0; at < size; at += 8 * lanes<float>)
    TENFOLD_UNROLL for (int i = 0; i < 8; ++i) acc[i] += load(from + at + i * lanes<float>);
  float sum = 0;
  for (int i = 0; i < 8; ++i)
    for (int lane = 0; lane < lanes<float>; ++lane) sum += acc[i][lane];
  return sum;
}
