// What the random calls of all operations share: a random source, memory behind guard pages, and the check of one call
// in all its forms.
#pragma once

#include "../support.hpp"

#include <tenfold/detail/one_dimension.hpp>
#include <tenfold/tensor.hpp>

#include <sys/mman.h>
#include <unistd.h>  // sysconf

#include <array>
#include <cstdlib>  // abort
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tenfold_fuzz {

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;

/// A check that does not hold.
struct failure {
  std::string text;
};

inline void require(const testing::AssertionResult& holds, const std::string& what) {
  if (!holds) throw failure{what + ": " + holds.message()};
}

/// Two texts that should be the same.
inline void require_same(const std::string& got, const std::string& expected, const std::string& what) {
  if (got != expected) throw failure{what + " says '" + got + "', not '" + expected + "'"};
}

// ---- randomness

class random_source {
 public:
  explicit random_source(std::uint64_t seed) : bits_(seed) {}

  index_t between(index_t low, index_t high) {
    return low +
           static_cast<index_t>(bits_() % (static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1));
  }
  bool one_in(index_t n) { return between(1, n) == 1; }
  unsigned seed() { return static_cast<unsigned>(bits_()); }
  template <class T>
  T pick(std::initializer_list<T> from) {
    return from.begin()[between(0, static_cast<index_t>(from.size()) - 1)];
  }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(between(0, static_cast<index_t>(from.size()) - 1))];
  }

  /// A size at an edge: 1, those of vectors and tiles, and one more or less; seldom 0, at most `most`.
  index_t size(index_t most) {
    if (one_in(60)) return 0;
    if (one_in(3)) return between(1, std::min<index_t>(most, 6));
    const index_t edge = pick<index_t>({1, 2, 4, 6, 8, 12, 14, 16, 24, 32, 48, 64, 96, 128, 256}) + between(-1, 1);
    return edge >= 1 && edge <= most ? edge : between(1, most);
  }
  /// What no caller should say, or where sums and products overflow.
  index_t hostile() {
    const index_t near_power = index_t{1} << between(1, 62);
    return pick<index_t>({-1, 0, -between(2, 9), INT32_MAX, INT64_MAX - between(0, 3), INT64_MIN + between(0, 3),
                          near_power + between(-2, 2), near_power + near_power / 4, -near_power});
  }
  /// [low, high], or one time in `seldom` anything.
  index_t setting(index_t low, index_t high, index_t seldom) { return one_in(seldom) ? hostile() : between(low, high); }
  hw pair(index_t low, index_t high, index_t seldom) {
    const index_t h = setting(low, high, seldom);
    return {h, one_in(2) ? h : setting(low, high, seldom)};
  }
  /// Now and then sides that differ, as many lines as the pair or fewer.
  tf::padding2d sides(const hw& pair) {
    if (!one_in(3)) return pair;
    const auto part = [&](index_t n) { return one_in(3) || n < 0 ? n : between(0, n); };
    return tf::pads{part(pair.h), part(pair.w), part(pair.h), part(pair.w)};
  }
  std::mt19937_64& bits() { return bits_; }

 private:
  std::mt19937_64 bits_;
};

/// One of the element types: calls run.template operator()<T>().
template <class Run>
void with_element_type(random_source& random, const Run& run) {
  switch (random.between(0, 8)) {
    case 0:
      return run.template operator()<double>();
    case 1:
      return run.template operator()<std::int8_t>();
    case 2:
      return run.template operator()<std::int16_t>();
    case 3:
      return run.template operator()<std::int32_t>();
    case 4:
      return run.template operator()<std::int64_t>();
    default:
      return run.template operator()<float>();
  }
}

// ---- memory

enum class place { before_a_guard, behind_a_guard, anywhere };

/// Elements between pages that nobody may touch: they end where one begins, begin where one ends, or lie anywhere,
/// aligned as their type asks and no better. What is around them holds a pattern.
template <class T>
class guarded {
 public:
  guarded(random_source& random, index_t count)
      : guarded(count,
                random.pick({place::before_a_guard, place::before_a_guard, place::behind_a_guard, place::anywhere}),
                random.between(1, 63 / static_cast<index_t>(sizeof(T)))) {}
  guarded(index_t count, place where, index_t offset = 1) : count_(count) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    const std::size_t inner = (bytes + 128 + page - 1) / page * page;
    size_ = inner + 2 * page;
    void* mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw failure{"mmap failed"};
    pages_ = static_cast<std::byte*>(mapped);
    begin_ = pages_ + page;
    end_ = begin_ + inner;
    mprotect(pages_, page, PROT_NONE);
    mprotect(end_, page, PROT_NONE);
    std::memset(begin_, pattern, inner);
    std::byte* at = where == place::before_a_guard   ? end_ - bytes
                    : where == place::behind_a_guard ? begin_
                                                     : begin_ + static_cast<std::size_t>(offset) * sizeof(T);
    data_ = reinterpret_cast<T*>(at);
  }
  guarded(guarded&& other) noexcept
      : count_(other.count_),
        size_(other.size_),
        pages_(std::exchange(other.pages_, nullptr)),
        begin_(other.begin_),
        end_(other.end_),
        data_(other.data_) {}
  ~guarded() {
    if (pages_) munmap(pages_, size_);
  }

  T* data() const { return data_; }
  index_t size() const { return count_; }
  std::span<T> span() const { return {data_, static_cast<std::size_t>(count_)}; }

  /// From here on a write is a crash.
  void freeze() { mprotect(begin_, static_cast<std::size_t>(end_ - begin_), PROT_READ); }

  bool is_untouched() const { return holds_pattern(begin_, end_); }
  bool is_untouched_around() const {
    const auto* first = reinterpret_cast<const std::byte*>(data_);
    return holds_pattern(begin_, first) && holds_pattern(reinterpret_cast<const std::byte*>(data_ + count_), end_);
  }

 private:
  static constexpr int pattern = 0x5a;
  static bool holds_pattern(const std::byte* begin, const std::byte* end) {
    for (; begin < end; ++begin)
      if (*begin != std::byte{pattern}) return false;
    return true;
  }

  index_t count_;
  std::size_t size_;
  std::byte *pages_, *begin_, *end_;
  T* data_;
};

/// An input that cannot be written to. Where it has no elements, its pointer may be null.
template <class T>
class input {
 public:
  input(random_source& random, const tf::tensor<T>& values) : memory_(random, values.size()), shape_(values.shape()) {
    if (values.size() > 0)
      std::memcpy(memory_.data(), values.data(), static_cast<std::size_t>(values.size()) * sizeof(T));
    memory_.freeze();
    is_null_ = values.size() == 0 && random.one_in(2);
  }
  tf::tensor_view<const T> view() const { return {is_null_ ? nullptr : memory_.data(), shape_}; }

 private:
  guarded<T> memory_;
  shape shape_;
  bool is_null_;
};

// ---- contexts

/// Runs the bodies one after the other in a random order, or a thread for each.
struct shuffling {
  std::mt19937_64 bits;
  bool starts_threads = false;

  void run(index_t count, tf::task body) {
    std::vector<index_t> order;
    for (index_t i = 0; i < count; ++i) order.push_back(i);
    std::shuffle(order.begin(), order.end(), bits);
    if (!starts_threads) {
      for (const index_t i : order) body(i);
      return;
    }
    std::vector<std::thread> running;
    for (const index_t i : order) running.emplace_back([body, i] { body(i); });
    for (std::thread& t : running) t.join();
  }
};

/// What may not change any bit, drawn anew.
inline void draw_run(random_source& random, shuffling& executor, tf::context& ctx) {
  executor.bits.seed(random.seed());
  executor.starts_threads = random.one_in(3);
  ctx.threads =
      static_cast<int>(random.one_in(40) ? random.pick<index_t>({0, -3, INT32_MIN, 17}) : random.between(1, 3));
  ctx.parallel_for = [to = &executor](index_t count, tf::task body) { to->run(count, body); };
  ctx.max_workspace_bytes = random.pick<index_t>({0, 64 << 10, 72 << 10, 200 << 10, 1 << 20});
}

inline std::string text_of(const tf::context& ctx) {
  std::ostringstream text;
  text << " on " << (ctx.isa ? tf::name_of(*ctx.isa) : "the best set") << ", algorithm '" << ctx.algorithm << "', math "
       << static_cast<int>(ctx.math) << ", threads " << ctx.threads << ", max_workspace_bytes "
       << ctx.max_workspace_bytes;
  return text.str();
}

// ---- the driver

/// One random call of an operation and what is known of it, for who wants to run it again.
struct round {
  random_source random;
  bool wide_range = false;
  std::string story = {};
  shuffling executor = {};
  index_t calls = 0;    // compared with the reference
  index_t refused = 0;  // raised the same error in all forms

  explicit round(std::uint64_t seed) : random(seed) {}

  template <class... Parts>
  void tell(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    story += text.str();
  }
  tf::context context() {
    tf::context ctx;
    if (!random.one_in(8)) ctx.isa = random.pick(available_isas());
    draw_run(random, executor, ctx);
    return ctx;
  }
};

/// (N, C, L) as (N, C, 1, L).
inline shape one_row(const shape& s) { return tf::detail::one_dimension.two_dimensional(s); }
template <class T>
tf::tensor_view<const T> one_row(const tf::tensor_view<const T>& x) {
  return {x.data(), one_row(x.shape())};
}
/// And back.
template <class T>
tf::tensor<T> of_one_row(const tf::tensor<T>& y) {
  return {tf::detail::one_dimension.own_dimensions(y.shape()), y.data()};
}

/// The operations, each a function that makes one random call.
void conv2d(round&);
void conv_transpose2d(round&);
void slow_conv_transpose2d(round&);
void max_pool2d(round&);
void max_unpool2d(round&);
void caffe_unpooling(round&);
void convert_indices(round&);
void im2col(round&);
void col2im(round&);
void upsample2d(round&);
void conv1d(round&);
void conv_transpose1d(round&);
void max_pool1d(round&);
void max_unpool1d(round&);
void avg_pool1d(round&);
void upsample1d(round&);
void grid_sample(round&);
void avg_pool2d(round&);
void reductions(round&);
void normalizations(round&);
void linear(round&);
void elementwise(round&);
void arithmetic(round&);
void activations(round&);
void gemm(round&);
void fold_batch_norm(round&);
void onnx_pads(round&);
void permute(round&);
void cat(round&);
void slice(round&);
void pad(round&);
void pixel_shuffle(round&);

// ---- one call in all its forms
//
// A Call has
//   outputs                       std::tuple of the tensors that it answers
//   shapes()                      their shapes, or the error; by the shape function
//   knows_all                     whether the shape function sees everything that can be wrong
//   expected()                    the reference's answer, or the error
//   plain(ctx), into(views, ctx)  the operation and its twin
//   workspace_bytes(ctx)
//   compare(got, expected, ctx)   whether an output is right

inline constexpr index_t most_elements = index_t{1} << 17;

/// Nothing larger is computed.
inline bool is_small(const std::vector<shape>& shapes) {
  for (const shape& s : shapes) {
    double product = 1;
    for (const index_t size : s) product *= static_cast<double>(size);
    if (product > static_cast<double>(most_elements)) return false;
  }
  return true;
}

template <class Outputs>
struct guarded_outputs;
template <class... T>
struct guarded_outputs<std::tuple<tf::tensor<T>...>> {
  std::tuple<guarded<T>...> memory;
  std::tuple<tf::tensor_view<T>...> views;

  guarded_outputs(random_source& random, const std::vector<shape>& shapes)
      : guarded_outputs(random, shapes, std::index_sequence_for<T...>()) {}
  template <std::size_t... I>
  guarded_outputs(random_source& random, const std::vector<shape>& shapes, std::index_sequence<I...>)
      : memory(guarded<T>(random, shapes[I].elements())...),
        views(tf::tensor_view<T>(std::get<I>(memory).data(), shapes[I])...) {}

  bool is_untouched() const {
    return std::apply([](const auto&... m) { return (m.is_untouched() && ...); }, memory);
  }
  bool is_untouched_around() const {
    return std::apply([](const auto&... m) { return (m.is_untouched_around() && ...); }, memory);
  }
};

template <class A, class B, std::size_t... I>
void require_same_bits(const A& a, const B& b, const std::string& what, std::index_sequence<I...>) {
  (require(same_bits(std::get<I>(a), std::get<I>(b)), what + ", output " + std::to_string(I)), ...);
}
template <class... A, class... B>
void require_same_bits(const std::tuple<A...>& a, const std::tuple<B...>& b, const std::string& what) {
  require_same_bits(a, b, what, std::index_sequence_for<A...>());
}

/// The twin, into guarded memory, with a guarded workspace of exactly the bytes asked for.
///   into(views, ctx)   expected_error   shapes of the outputs
template <class Outputs, class Into>
void check_into(round& r, const std::vector<shape>& shapes, index_t bytes, const tf::context& ctx, const Into& into,
                const std::string& expected_error, const Outputs* same) {
  guarded_outputs<Outputs> out(r.random, shapes);
  guarded<std::byte> workspace(r.random, bytes);
  tf::context with = ctx;
  with.workspace = workspace.span();
  const std::string name = "into" + text_of(ctx);
  if (bytes > 0 && expected_error.empty() && r.random.one_in(8)) {
    with.workspace = workspace.span().first(static_cast<std::size_t>(bytes - 1));
    if (bytes > 1 && error_of([&] { into(out.views, with); }).find("bytes, but this call needs") == std::string::npos)
      throw failure{name + ": no error for a workspace that is a byte too small"};
    if (bytes > 1 && !out.is_untouched()) throw failure{name + ": wrote before it raised an error of the workspace"};
    with.workspace = workspace.span();
  }
  require_same(error_of([&] { into(out.views, with); }), expected_error, name);
  if (!workspace.is_untouched_around()) throw failure{name + ": wrote outside the workspace"};
  if (!out.is_untouched_around()) throw failure{name + ": wrote outside the output"};
  if (!expected_error.empty() && !out.is_untouched()) throw failure{name + ": wrote before it raised an error"};
  if (same) require_same_bits(out.views, *same, name + " against the plain call");
}

/// All forms of a call with one context agree, and with the reference. `answer` is the plain call's, if it has one.
template <class Call>
std::optional<typename Call::outputs> check_call(round& r, const Call& call, const tf::context& ctx) {
  using outputs = typename Call::outputs;
  constexpr std::size_t count = std::tuple_size_v<outputs>;
  std::vector<shape> shapes;
  const std::string shape_error = error_of([&] { shapes = call.shapes(); });
  if (shape_error.empty() && !is_small(shapes)) return std::nullopt;
  if (!call.is_computable()) return std::nullopt;
  std::optional<outputs> expected;
  const std::string error = error_of([&] { expected.emplace(call.expected()); });
  if (call.knows_all() || !shape_error.empty())
    require_same(error.empty() ? error : "error", shape_error.empty() ? shape_error : "error", "the reference");
  if (call.knows_all()) require_same(shape_error, error, "output_shape");
  index_t bytes = 0;
  const std::string bytes_error = error_of([&] { bytes = call.workspace_bytes(ctx); });
  if (call.workspace_bytes_checks()) require_same(bytes_error, shape_error, "workspace_bytes");
  std::optional<outputs> got;
  require_same(error_of([&] { got.emplace(call.plain(ctx)); }), error, "the plain call" + text_of(ctx));
  if (!shape_error.empty()) shapes.assign(count, shape{1, 1, 2, 2});
  check_into<outputs>(
      r, shapes, bytes_error.empty() ? bytes : 0, ctx,
      [&](const auto& views, const tf::context& with) { call.into(views, with); }, error, got ? &*got : nullptr);
  if (!error.empty()) {
    ++r.refused;
    return std::nullopt;
  }
  call.compare(*got, *expected, ctx);
  ++r.calls;
  return got;
}

/// The same once more with other threads and another workspace: the same bits.
template <class Call>
void check_same_bits(round& r, const Call& call, tf::context ctx, const typename Call::outputs& first) {
  shuffling executor;
  for (int i = 0; i < 2; ++i) {
    draw_run(r.random, executor, ctx);
    require_same_bits(call.plain(ctx), first, "other threads or workspace:" + text_of(ctx));
    check_into<typename Call::outputs>(
        r, call.shapes(), call.workspace_bytes(ctx), ctx,
        [&](const auto& views, const tf::context& with) { call.into(views, with); }, "", &first);
  }
}

/// What most calls are.
struct call_of_shapes {
  bool is_computable() const { return true; }
  bool knows_all() const { return true; }
  bool workspace_bytes_checks() const { return false; }
};

template <class Call>
void check(round& r, const Call& call) {
  const tf::context ctx = r.context();
  if (const auto got = check_call(r, call, ctx)) check_same_bits(r, call, ctx, *got);
}

/// Small integers, whose sums are exact; numbers from the whole range of an integer type; or numbers from -1 to 1.
enum class values { small, any, special };

template <class T>
tf::tensor<T> draw_values(random_source& random, const shape& s, values kind) {
  if (kind == values::small && std::floating_point<T>) return small_integers<T>(s, random.seed());
  tf::tensor<T> x = random_tensor<T>(s, random.seed());
  if (kind != values::special) return x;
  x = with_special_values(std::move(x), random.seed());
  if constexpr (std::floating_point<T>)
    for (index_t i = 0; i < x.size(); ++i)
      if (random.one_in(12))
        x.data()[i] = random.pick({std::numeric_limits<T>::denorm_min() * 77, std::numeric_limits<T>::max() / 3, T{1}});
  return x;
}

}  // namespace tenfold_fuzz
