// tenfold_choice [--shapes N] [--seed S] [--isa base|avx2|avx512] [--plain]
//
// How well conv2d and conv_transpose2d choose among their algorithms: draws random shapes, times each algorithm that
// can compute them, and compares the fastest one with the chosen one. Layers are prepared, or with --plain are calls
// that pack the weight each time. One thread; CPU time, so that other programs on the machine disturb little.
#include "bench.hpp"

#include <algorithm>  // min_element, nth_element, sort
#include <charconv>
#include <cmath>   // exp, log, lround
#include <cstdio>  // printf
#include <ctime>   // clock
#include <iostream>
#include <map>
#include <random>  // mt19937_64

namespace bench {
namespace {

namespace detail = tf::detail;

struct settings {
  index_t shapes = 500;
  std::uint64_t seed = 1;
  bool plain = false;
  tf::context ctx = {};
};

// ---- shapes ---------------------------------------------------------------------------------------------------------

struct convolution {
  index_t c, h, w, o, kernel_h, kernel_w, stride, padding, dilation, groups, output_padding;

  std::string text() const {
    const auto s = [](index_t i) { return std::to_string(i); };
    return s(c) + "x" + s(h) + "x" + s(w) + " -> " + s(o) + ", kernel " + s(kernel_h) + "x" + s(kernel_w) +
           ", stride " + s(stride) + ", padding " + s(padding) + ", dilation " + s(dilation) + ", groups " + s(groups) +
           (output_padding ? ", output_padding " + s(output_padding) : "");
  }
};

class shape_source {
 public:
  explicit shape_source(std::uint64_t seed) : random_(seed) {}

  /// Sizes as networks have them, not all of them valid.
  convolution draw(bool transposed) {
    convolution s{};
    s.c = log_uniform(1, 512);
    s.o = log_uniform(1, 512);
    s.h = log_uniform(4, 128);
    s.w = chance(0.7) ? s.h : log_uniform(4, 128);
    s.kernel_h = pick({1, 1, 2, 3, 3, 3, 3, 4, 5, 6, 7});
    s.kernel_w = chance(0.9) ? s.kernel_h : pick({1, 2, 3, 4, 5, 6, 7});
    s.stride = pick({1, 1, 1, 2, 2, 3});
    s.dilation = pick({1, 1, 1, 1, 1, 1, 2, 3});
    s.padding = chance(0.2) ? 0 : s.dilation * (s.kernel_h - 1) / 2;
    s.output_padding = transposed && s.stride > 1 && chance(0.5) ? 1 : 0;
    s.groups = 1;
    if (chance(0.1)) {
      s.groups = s.o = s.c;
    } else if (chance(0.1)) {
      s.groups = pick({2, 4, 8, 32});
      s.c = detail::ceil_divide(s.c, s.groups) * s.groups;
      s.o = detail::ceil_divide(s.o, s.groups) * s.groups;
    }
    return s;
  }

 private:
  double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  bool chance(double share) { return unit() < share; }
  index_t log_uniform(double low, double high) { return std::lround(low * std::exp(unit() * std::log(high / low))); }
  index_t pick(std::initializer_list<index_t> from) {
    return from.begin()[static_cast<std::size_t>(unit() * static_cast<double>(from.size()))];
  }

  std::mt19937_64 random_;
};

tf::shape weight_shape(detail::conv2d_op, const convolution& s) {
  return {s.o, s.c / s.groups, s.kernel_h, s.kernel_w};
}
tf::shape weight_shape(detail::conv_transpose2d_op, const convolution& s) {
  return {s.c, s.o / s.groups, s.kernel_h, s.kernel_w};
}
tf::conv2d_options options(detail::conv2d_op, const convolution& s) {
  return {.stride = s.stride, .padding = s.padding, .dilation = s.dilation, .groups = s.groups};
}
tf::conv_transpose2d_options options(detail::conv_transpose2d_op, const convolution& s) {
  return {.stride = s.stride,
          .padding = s.padding,
          .output_padding = s.output_padding,
          .groups = s.groups,
          .dilation = s.dilation};
}
double operations(detail::conv2d_op, const detail::convolution_geometry& g, const convolution& s) {
  return 2 * product(g.out.h, g.out.w, s.o, s.c / s.groups, s.kernel_h, s.kernel_w);
}
double operations(detail::conv_transpose2d_op, const detail::convolution_geometry&, const convolution& s) {
  return 2 * product(s.h, s.w, s.c, s.o / s.groups, s.kernel_h, s.kernel_w);
}

/// Whether PyTorch would take it, and it is done in some milliseconds.
template <class Op>
bool is_usable(const convolution& s) {
  try {
    const auto g = Op::checked({1, s.c, s.h, s.w}, weight_shape(Op{}, s), std::nullopt, options(Op{}, s));
    return operations(Op{}, g, s) <= 0.3e9;
  } catch (const tf::error&) {
    return false;
  }
}

// ---- times ----------------------------------------------------------------------------------------------------------

double quantile(std::vector<double> values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

double seconds_of(const std::function<void()>& call, index_t calls) {
  const std::clock_t start = std::clock();
  for (index_t i = 0; i < calls; ++i) call();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// One algorithm on one shape.
struct candidate {
  std::string_view name;
  double cost = 0;  // as estimated
  double seconds = 0;
  bool chosen = false;
  std::function<void()> call = {};
};

/// Medians of times taken in turn, each over as many calls as take a millisecond.
void time_in_turn(std::vector<candidate>& all, int rounds) {
  std::vector<index_t> calls;
  for (candidate& c : all) {
    index_t count = 1;
    c.call();  // packs and warms up
    while (seconds_of(c.call, count) < 1e-3) count *= 2;
    calls.push_back(count);
  }
  std::vector<std::vector<double>> times(all.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < all.size(); ++i)
      times[i].push_back(seconds_of(all[i].call, calls[i]) / static_cast<double>(calls[i]));
  for (std::size_t i = 0; i < all.size(); ++i) all[i].seconds = quantile(times[i], 0.5);
}

struct result {
  std::string operation;
  std::string shape;
  std::vector<candidate> candidates;

  const candidate& chosen() const {
    return *std::find_if(candidates.begin(), candidates.end(), [](const candidate& c) { return c.chosen; });
  }
  const candidate& fastest() const {
    return *std::min_element(candidates.begin(), candidates.end(),
                             [](const candidate& a, const candidate& b) { return a.seconds < b.seconds; });
  }
  bool has_choice() const { return candidates.size() > 1; }
  double loss() const { return chosen().seconds / fastest().seconds; }
};

template <class Op>
result measure(const convolution& s, const settings& set) {
  const auto o = options(Op{}, s);
  const auto x = random<float>({1, s.c, s.h, s.w});
  const auto weight = random<float>(weight_shape(Op{}, s));
  const auto bias = random<float>({s.o});
  const auto g = Op::checked(x.shape(), weight.shape(), bias.shape(), o);
  auto y = uninitialized<float>(g.output_shape);
  const tf::layers::prepared_convolution<Op::transposed, float> layer(weight, bias, o, tf::activation::none, set.ctx);

  const auto bytes = [&](const tf::context& ctx) {
    return set.plain ? detail::convolution_workspace_bytes<Op, float>(x.shape(), weight.shape(), o, ctx)
                     : layer.workspace_bytes(x.shape(), ctx);
  };
  const auto call = [&](const tf::context& ctx) {
    if (set.plain)
      detail::convolution_into<Op, float>(tf::as_view(y), detail::const_view(x), detail::const_view(weight),
                                          detail::const_view(bias), o, ctx);
    else
      layer.into(y, x, ctx);
  };
  result r{Op::name, s.text(), {}};
  const std::string_view chosen =
      detail::choose_algorithm(detail::algorithms_of<Op::transposed, float>(), Op::name, g, set.ctx, !set.plain).name;
  for (const auto& algorithm : detail::algorithms_of<Op::transposed, float>()) {
    if (!algorithm.applies(g, set.ctx)) continue;
    tf::context ctx = set.ctx;
    ctx.algorithm = algorithm.name;
    r.candidates.push_back({.name = algorithm.name,
                            .cost = algorithm.estimate(g, ctx, !set.plain),
                            .chosen = algorithm.name == chosen,
                            .call = [=, memory = workspace(bytes(ctx))]() mutable { call(memory.in(ctx)); }});
  }
  time_in_turn(r.candidates, 5);
  if (r.loss() > 1.05) time_in_turn(r.candidates, 21);  // a bad choice, or noise
  for (candidate& c : r.candidates) c.call = {};        // which refer to x, weight, bias, y and layer
  return r;
}

std::vector<result> measure_all(const settings& set) {
  shape_source source(set.seed);
  std::vector<result> results;
  const auto next = [&](auto op, bool transposed) {
    using op_type = decltype(op);
    convolution s = source.draw(transposed);
    while (!is_usable<op_type>(s)) s = source.draw(transposed);
    return measure<op_type>(s, set);
  };
  for (index_t i = 0; i < set.shapes; ++i) {
    results.push_back(i % 2 ? next(detail::conv_transpose2d_op{}, true) : next(detail::conv2d_op{}, false));
    std::cerr << '\r' << i + 1 << '/' << set.shapes << std::flush;
  }
  std::cerr << '\n';
  return results;
}

// ---- report ---------------------------------------------------------------------------------------------------------

using group = std::vector<const result*>;

void print_score(const char* name, const group& results) {
  if (results.empty()) return;
  const double count = static_cast<double>(results.size());
  double log_loss = 0;
  double right = 0;
  for (const result* r : results) {
    log_loss += std::log(r->loss());
    right += r->loss() <= 1.1;
  }
  std::printf("%-38s %6.0f %16.0f %6.1f %% %14.3f\n", name, count, right, 100 * right / count,
              std::exp(log_loss / count));
}

void print_worst(group results) {
  std::sort(results.begin(), results.end(), [](const result* a, const result* b) { return a->loss() > b->loss(); });
  std::printf(
      "\nThe ten worst: time of the chosen one / time of the fastest, then each one's time and estimated cost\n");
  for (std::size_t i = 0; i < std::min<std::size_t>(10, results.size()); ++i) {
    std::printf("%5.2f  %s %s\n", results[i]->loss(), results[i]->operation.c_str(), results[i]->shape.c_str());
    for (const candidate& c : results[i]->candidates)
      std::printf("         %-24.*s %10.4f ms %14.0f%s\n", static_cast<int>(c.name.size()), c.name.data(),
                  1e3 * c.seconds, c.cost, c.chosen ? "  chosen" : "");
  }
}

/// What the estimates of an operation's algorithms have to be multiplied with to be times: equal medians are right.
void print_factors(const std::string& operation, const group& results) {
  struct tally {
    index_t chosen = 0;
    index_t fastest = 0;
    std::vector<double> factors = {};
  };
  std::map<std::string_view, tally> tallies;
  for (const result* r : results)
    for (const candidate& c : r->candidates) {
      tally& t = tallies[c.name];
      t.chosen += c.chosen;
      t.fastest += c.name == r->fastest().name;
      t.factors.push_back(1e9 * c.seconds / c.cost);
    }
  std::printf("\n%-24s %8s %8s %8s   ns / cost: %8s %8s %8s\n", operation.c_str(), "applies", "chosen", "fastest",
              "25 %", "median", "75 %");
  for (const auto& [name, t] : tallies)
    std::printf("%-24.*s %8zu %8td %8td   %20.3f %8.3f %8.3f\n", static_cast<int>(name.size()), name.data(),
                t.factors.size(), t.chosen, t.fastest, quantile(t.factors, 0.25), quantile(t.factors, 0.5),
                quantile(t.factors, 0.75));
}

template <class Keep>
group select(const std::vector<result>& results, Keep keep) {
  group kept;
  for (const result& r : results)
    if (keep(r)) kept.push_back(&r);
  return kept;
}

void print(const std::vector<result>& results, const settings& set) {
  const auto choice = [](const result& r) { return r.has_choice(); };
  const auto level = tf::name_of(detail::chosen_isa(set.ctx));
  std::printf("%s, %.*s, seed %llu\n\n%-38s %6s %16s %8s %14s\n", set.plain ? "plain calls" : "prepared layers",
              static_cast<int>(level.size()), level.data(), static_cast<unsigned long long>(set.seed), "", "shapes",
              "within 10 %", "", "geomean loss");
  print_score("all", select(results, [](const result&) { return true; }));
  print_score("with more than one algorithm", select(results, choice));
  const std::string names[] = {detail::conv2d_op::name, detail::conv_transpose2d_op::name};
  for (const std::string& name : names)
    print_score(("  " + name).c_str(),
                select(results, [&](const result& r) { return choice(r) && r.operation == name; }));
  print_worst(select(results, choice));
  for (const std::string& name : names)
    print_factors(name, select(results, [&](const result& r) { return r.operation == name; }));
}

tf::isa isa_named(const std::string& name) {
  std::optional<tf::isa> found;
  tf::for_each_available_isa([&](tf::isa level) {
    if (tf::name_of(level) == name) found = level;
  });
  if (!found) throw std::invalid_argument("no such instruction set: " + name);
  return *found;
}

std::uint64_t number(const std::string& option, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) throw std::invalid_argument(option + " wants a number");
  return value;
}

settings parse(const std::vector<std::string>& arguments) {
  settings set;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    const auto value = [&] {
      if (++i == arguments.size()) throw std::invalid_argument(option + " wants a value");
      return arguments[i];
    };
    if (option == "--plain") {
      set.plain = true;
    } else if (option == "--shapes") {
      set.shapes = static_cast<index_t>(number(option, value()));
    } else if (option == "--seed") {
      set.seed = number(option, value());
    } else if (option == "--isa") {
      set.ctx.isa = isa_named(value());
    } else {
      throw std::invalid_argument("usage: tenfold_choice [--shapes N] [--seed S] [--isa base|avx2|avx512] [--plain]");
    }
  }
  return set;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    const bench::settings set = bench::parse({argv + 1, argv + argc});
    bench::print(bench::measure_all(set), set);
  } catch (const std::exception& e) {
    std::cerr << "tenfold_choice: " << e.what() << '\n';
    return 2;
  }
}
