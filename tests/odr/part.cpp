// Compiled several times: PART is the name, NEEDS what the flags ask of the machine. SMALL leaves out what compiles
// slowly.
#include "part.hpp"

namespace {

namespace tf = tenfold;

/// A hash of all bits, but one NaN is as good as another: which of two a sum keeps is up to the processor and to the
/// order in which the compiler writes it.
template <class T>
std::uint64_t bits_of(const tf::tensor<T>& x) {
  using B = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr B infinity = sizeof(T) == 4 ? B{0x7f800000} : static_cast<B>(std::uint64_t{0x7ff} << 52),
              sign = B{1} << (8 * sizeof(T) - 1);
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (tf::index_t i = 0; i < x.size(); ++i) {
    B bits;
    std::memcpy(&bits, x.data() + i, sizeof bits);
    if (std::is_floating_point_v<T> && (bits & ~sign) > infinity) bits = ~B{0};
    hash = (hash ^ bits) * 1099511628211U;
  }
  return hash;
}

/// Numbers whose sums and products are rounded.
template <class T>
tf::tensor<T> numbers(const tf::shape& shape, std::uint64_t seed) {
  tf::tensor<T> x(shape);
  for (tf::index_t i = 0; i < x.size(); ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    const auto whole = static_cast<std::int32_t>(seed >> 40) - (1 << 23);
    x.data()[i] = std::is_integral_v<T> ? static_cast<T>(whole >> 16) : static_cast<T>(whole) * static_cast<T>(0x1p-22);
  }
  return x;
}

/// The same with NaN, infinities, -0, and the least and greatest numbers among them: written as bits, because they are
/// what -ffast-math takes for impossible.
template <class T>
tf::tensor<T> specials(const tf::shape& shape, std::uint64_t seed) {
  tf::tensor<T> x = numbers<T>(shape, seed);
  if constexpr (!std::is_integral_v<T>) {
    using B = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr B infinity = sizeof(T) == 4 ? B{0x7f800000} : static_cast<B>(std::uint64_t{0x7ff} << 52),
                sign = B{1} << (8 * sizeof(T) - 1);
    constexpr B bits[] = {
        infinity | (infinity >> 1), infinity, infinity | sign, sign, 1, sign | 1, infinity - 1, infinity >> 1};
    tf::index_t i = 0;
    for (const B b : bits) std::memcpy(x.data() + (i += 5) % x.size(), &b, sizeof b);
  }
  return x;
}

template <class T>
void elementwise(const tf::context& ctx, report answer) {
  for (const auto& x : {numbers<T>({2, 3, 9, 11}, 1), specials<T>({2, 3, 9, 11}, 2)}) {
    answer("relu", bits_of(tf::relu(x, ctx)));
    answer("sigmoid", bits_of(tf::sigmoid(x, ctx)));
    answer("gelu", bits_of(tf::gelu(x, tf::approximate::none, ctx)));
    answer("softplus", bits_of(tf::softplus(x, 1, 20, ctx)));
    answer("add", bits_of(tf::add(x, numbers<T>({9, 1}, 3), T{2}, ctx)));
    answer("upsample_bilinear2d", bits_of(tf::upsample_bilinear2d(x, tf::scale(1.7, 2.3), false, ctx)));
  }
}

void pooling(const tf::context& ctx, report answer) {
  const auto x = specials<float>({2, 3, 9, 11}, 3);
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 3, .stride = 2, .padding = 1}, ctx);
  answer("max_pool2d_with_indices, values", bits_of(pooled.values));
  answer("max_pool2d_with_indices, indices", bits_of(pooled.indices));
}

#if !defined(SMALL)
void resizing(const tf::context& ctx, report answer) {
  const auto x = specials<float>({2, 3, 9, 11}, 4);
  answer("upsample_nearest2d", bits_of(tf::upsample_nearest2d(x, tf::scale(1.7, 2.3), ctx)));
  answer("upsample_bilinear2d, aligned", bits_of(tf::upsample_bilinear2d(x, tf::hw{17, 25}, true, ctx)));
  answer("upsample_linear1d", bits_of(tf::upsample_linear1d(numbers<float>({2, 3, 40}, 7), 99, false, ctx)));
  answer("avg_pool2d", bits_of(tf::avg_pool2d(x, {.kernel_size = 3, .padding = 1}, ctx)));
  answer("adaptive_avg_pool2d", bits_of(tf::adaptive_avg_pool2d(x, {4, 3}, ctx)));
  answer("mean", bits_of(tf::mean(x, {1, 3}, false, ctx)));
  const auto z = numbers<float>({2, 3, 9, 11}, 4);
  answer("group_norm", bits_of(tf::group_norm(z, 1, 1e-5, ctx)));
  const auto dz = numbers<float>({2, 3, 9, 11}, 5);
  answer("group_norm_backward", bits_of(tf::group_norm_backward(dz, z, 1, 1e-5, {}, ctx).grad_input));
  answer("layer_norm_backward", bits_of(tf::layer_norm_backward(dz, z, {11}, 1e-5, {}, ctx).grad_weight));
  const auto places = numbers<float>({2, 5, 7, 2}, 6);
  const auto sampled = tf::grid_sample(z, places, {}, ctx);
  answer("grid_sample", bits_of(sampled));
  answer("grid_sample_backward", bits_of(tf::grid_sample_backward(sampled, z, places, {}, {}, ctx).grad_grid));
  answer("layer_norm2d_backward", bits_of(tf::layer_norm2d_backward(dz, z, 1e-5, {}, ctx).grad_input));
  answer("softmax of numbers", bits_of(tf::softmax(z, 1, ctx)));
  answer("log_softmax of numbers", bits_of(tf::log_softmax(z, 3, ctx)));
  answer("mean of numbers", bits_of(tf::mean(z, {1, 3}, false, ctx)));
  answer("max_pool2d", bits_of(tf::max_pool2d(x, {.kernel_size = 2}, ctx)));
  const auto pooled = tf::max_pool2d_with_indices(x, {.kernel_size = 3, .stride = 2, .padding = 1}, ctx);
  for (const auto duplicates : {tf::unpool_duplicates::last, tf::unpool_duplicates::max, tf::unpool_duplicates::sum})
    answer("max_unpool2d",
           bits_of(tf::max_unpool2d(
               pooled.values, pooled.indices,
               {.kernel_size = 3, .stride = 2, .padding = 1, .output_size = tf::hw{9, 11}, .duplicates = duplicates},
               ctx)));
  const auto column = tf::im2col(x, {.kernel_size = 3, .padding = 1}, ctx);
  answer("im2col", bits_of(column));
  answer("col2im", bits_of(tf::col2im(column, {9, 11}, {.kernel_size = 3, .padding = 1}, ctx)));
}

void products(const tf::context& ctx, report answer) {
  for (const float beta : {0.0F, 3.0F}) {
    const auto a = numbers<float>({37, 41}, 5), b = numbers<float>({41, 43}, 6);
    auto c = specials<float>({37, 43}, 7);
    tf::gemm<float>(tf::order::row_major, tf::transpose::no, tf::transpose::no, 37, 43, 41, 0.3F, a.data(), 41,
                    b.data(), 43, beta, c.data(), 43, ctx);
    answer("gemm", bits_of(c));
  }
}

void convolutions(const tf::context& ctx, report answer) {
  const auto x = numbers<float>({1, 16, 18, 20}, 6), bias = numbers<float>({16}, 7);
  const auto odd = specials<float>({1, 16, 18, 20}, 8);
  for (const tf::index_t k : {1, 3, 5}) {
    const auto weight = numbers<float>({16, 16, k, k}, 9), grouped = numbers<float>({16, 1, k, k}, 10);
    for (const tf::index_t stride : {1, 2}) {
      answer("conv2d", bits_of(tf::conv2d(x, weight, bias, {.stride = stride, .padding = k / 2}, ctx)));
      answer("conv2d, specials", bits_of(tf::conv2d(odd, weight, {.stride = stride, .padding = k / 2}, ctx)));
      answer("conv2d, depthwise",
             bits_of(tf::conv2d(x, grouped, {.stride = stride, .padding = k / 2, .groups = 16}, ctx)));
      answer("conv_transpose2d",
             bits_of(tf::conv_transpose2d(x, weight, bias, {.stride = stride, .padding = k / 2}, ctx)));
      answer("conv_transpose2d, specials", bits_of(tf::conv_transpose2d(odd, weight, {.stride = stride}, ctx)));
      answer("conv_transpose2d, depthwise",
             bits_of(tf::conv_transpose2d(x, grouped, {.stride = stride, .groups = 16}, ctx)));
    }
  }
  const auto weight = numbers<float>({16, 16, 3, 3}, 11);
  for (const char* algorithm : {"winograd_4x4", "winograd_2x2", "implicit_gemm"}) {
    tf::context forced = ctx;
    forced.algorithm = algorithm;
    answer(algorithm, bits_of(tf::conv2d(x, weight, bias, {.padding = 1}, forced)));
  }
  const auto ones = tf::relu(numbers<float>({16}, 12));
  const auto folded = tf::fold_batch_norm(weight, bias, bias, ones, 1e-5, ones, bias);
  answer("fold_batch_norm, weight", bits_of(folded.weight));
  answer("fold_batch_norm, bias", bits_of(folded.bias));
}
#endif

void operations(tf::isa level, report answer) {
  tf::context ctx;
  ctx.isa = level;
  elementwise<float>(ctx, answer);
  pooling(ctx, answer);
#if !defined(SMALL)
  elementwise<double>(ctx, answer);
  resizing(ctx, answer);
  products(ctx, answer);
  convolutions(ctx, answer);
#endif
}

bool has_level(tf::isa level) {
  bool has = false;
  tf::for_each_available_isa([&](tf::isa l) { has |= l == level; });
  return has;
}

tf::tensor<float> ramp(const tf::shape& shape) {
  tf::tensor<float> x(shape);
  for (tf::index_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
  return x;
}

float sum(const tf::tensor<float>& x) {
  tf::tensor<float> copy = x, moved = static_cast<tf::tensor<float>&&>(copy);
  float total = 0;
  for (tf::index_t i = 0; i < moved.size(); ++i) total += moved.data()[i];
  return total;
}

tf::context two_threads() {
  tf::context ctx;
  ctx.threads = 2;
  ctx.parallel_for = [](tf::index_t count, tf::task body) {
    for (tf::index_t i = count; i-- > 0;) body(i);
  };
  return ctx;
}

#if !defined(SMALL)
tf::prepared_conv2d<float> layer(const tf::context& ctx) {
  return tf::prepared_conv2d<float>(numbers<float>({16, 16, 3, 3}, 13), numbers<float>({16}, 14), {.padding = 1},
                                    tf::activation::silu, ctx);
}
std::uint64_t run_layer(const tf::prepared_conv2d<float>& l, const tf::context& ctx) {
  const tf::prepared_conv2d<float> copy = l;
  const auto x = numbers<float>({1, 16, 18, 20}, 15);
  const std::uint64_t bits = bits_of(l(x, ctx));
  return bits == bits_of(copy(x, ctx)) ? bits : 0;
}
#else
constexpr decltype(part::layer) layer = nullptr;
constexpr decltype(part::run_layer) run_layer = nullptr;
#endif

void refused() { tf::max_pool2d(tf::tensor<float>({1, 1, 4, 4}), {.kernel_size = 2, .padding = 2}); }

#if defined(__cpp_exceptions)
constexpr bool throws = true;
bool catches(void (*call)(), const char* text) {
  try {
    call();
  } catch (const tf::error& e) {
    const tf::error copy = e;
    return std::strcmp(copy.what(), text) == 0;
  }
  return false;
}
#else
constexpr bool throws = false;
constexpr decltype(part::catches) catches = nullptr;
#endif

tf::context* default_context() { return &tf::default_context(); }
tf::error_handler set_error_handler(tf::error_handler handler) { return tf::set_error_handler(handler); }

}  // namespace

TENFOLD_SHARED extern const part PART;
constexpr part PART = {NAME,      NEEDS,   throws,  has_level,       operations,       ramp, sum, two_threads, layer,
                       run_layer, refused, catches, default_context, set_error_handler};
