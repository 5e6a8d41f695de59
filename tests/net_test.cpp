// Nets: against the same operations called one by one, with small integers, so that every sum is exact and what is
// fused or shares memory has to give the same bits.
#include "allocations.hpp"
#include "support.hpp"

#include <tenfold/net.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

using namespace tenfold_test;
using tf::hw;
using tf::index_t;
using tf::shape;
using floats = tf::tensor<float>;

namespace {

/// Small integers, so that sums of their products are exact.
floats integers(const shape& s, unsigned seed, int most = 3) {
  std::mt19937 random(seed);
  floats x(s);
  for (index_t i = 0; i < x.size(); ++i)
    x.data()[i] = static_cast<float>(static_cast<int>(random() % (2u * static_cast<unsigned>(most) + 1)) - most);
  return x;
}

bool same(const floats& a, const floats& b) {
  if (!(a.shape() == b.shape())) return false;
  for (index_t i = 0; i < a.size(); ++i)
    if (a.data()[i] != b.data()[i]) return false;
  return true;
}

struct layer {
  std::string name, op;
  shape output;
};
std::vector<layer> layers_of(const tf::net& net, std::initializer_list<tf::named_view> inputs) {
  std::vector<layer> layers;
  net.run(inputs, tf::default_context(), [&](const tf::layer_report& r) {
    EXPECT_EQ(r.index, layers.size());
    layers.push_back({std::string(r.name), std::string(r.op), r.output});
  });
  return layers;
}

// ------------------------------------------------------------------------------------------------------------ building

/// conv -> relu -> pool -> transposed conv -> unpool -> cat with the first: views, both kinds of results.
tf::net encoder_decoder() {
  tf::net net;
  net.input("x", shape{-1, 2, -1, -1});
  const std::string c = net.conv2d("conv", integers({4, 2, 3, 3}, 1), integers({4}, 2), {.padding = 1});
  const std::string r = net.relu("relu");
  const tf::pooled_names p = net.max_pool2d_with_indices("pool", {.kernel_size = 2});
  net.conv_transpose2d("deconv", integers({4, 4, 3, 3}, 3), {.padding = 1});
  net.max_unpool2d("unpool", p.indices, {.kernel_size = 2}, r);
  net.cat("cat", {r, "unpool"});
  net.output();
  return net;
}

floats encoder_decoder_by_hand(const floats& x) {
  const floats r = tf::relu(tf::conv2d(x, integers({4, 2, 3, 3}, 1), integers({4}, 2), {.padding = 1}));
  const auto p = tf::max_pool2d_with_indices(r, {.kernel_size = 2});
  const floats d = tf::conv_transpose2d(p.values, integers({4, 4, 3, 3}, 3), {.padding = 1});
  const floats u = tf::max_unpool2d(d, p.indices, {.kernel_size = 2, .output_size = hw{x.shape()[2], x.shape()[3]}});
  return tf::cat({r.view(), u.view()}, 1);
}

TEST(Net, GivesWhatItsOperationsGive) {
  const tf::net net = encoder_decoder();
  EXPECT_EQ(net.inputs(), std::vector<std::string>{"x"});
  EXPECT_EQ(net.outputs(), std::vector<std::string>{"cat"});
  for (const shape& s : {shape{1, 2, 8, 8}, shape{3, 2, 9, 7}, shape{0, 2, 8, 8}, shape{1, 2, 31, 64}}) {
    const floats x = integers(s, 7);
    const auto out = net.run({{"x", x}});
    EXPECT_EQ(out.size(), 1u);
    EXPECT_TRUE(same(out["cat"], encoder_decoder_by_hand(x))) << s;
  }
}

TEST(Net, TakesViewsAndIntoMemoryOfTheCallers) {
  const tf::net net = encoder_decoder();
  const floats x = integers({1, 2, 12, 10}, 3);
  floats y({1, 8, 12, 10});
  net.run_into({{"cat", y}}, {{"x", x.view()}});
  EXPECT_TRUE(same(y, encoder_decoder_by_hand(x)));
}

TEST(Net, FusesWhatStandsBesideAConvolution) {
  tf::net net;
  net.input("x");
  const floats w1 = integers({4, 2, 3, 3}, 1), b1 = integers({4}, 2), w2 = integers({4, 4, 1, 1}, 3);
  const floats scale = integers({4, 1, 1}, 4), shift = integers({1, 4, 1, 1}, 5), w3 = integers({4, 3, 2, 2}, 6);
  net.node("pad", "padded", {"x", net.weight("pads", tf::tensor<index_t>({8}, {0, 0, 1, 2, 0, 0, 0, 1}))});
  net.conv2d("conv1", w1, b1, {.padding = 1});
  net.mul("scaled", net.weight("scale", scale));
  net.add("shifted", net.weight("shift", shift));
  const std::string r = net.relu("relu1");
  net.conv2d("conv2", w2);
  net.add("sum", r);
  net.leaky_relu("leaky", 0.5);
  net.conv_transpose2d("deconv", w3, {.stride = 2});
  net.node("clamp", "clamped", {"deconv"}, {{"min", -4.0}, {"max", 9.0}});
  net.output();

  const floats x = integers({2, 2, 6, 5}, 8);
  floats y = tf::conv2d(tf::pad(x, {2, 1, 1, 0}), w1, b1, {.padding = 1});
  y = tf::relu(tf::add(tf::mul(y, scale), shift));
  y = tf::leaky_relu(tf::add(tf::conv2d(y, w2), y), 0.5);
  y = tf::clamp(tf::conv_transpose2d(y, w3, {.stride = 2}), -4.0, 9.0);
  EXPECT_TRUE(same(net.run({{"x", x}})["clamped"], y));

  const std::vector<layer> layers = layers_of(net, {{"x", x}});
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].name, "conv1");
  EXPECT_EQ(layers[0].op, "conv2d + relu");
  EXPECT_EQ(layers[1].op, "conv2d + add + leaky_relu");
  EXPECT_EQ(layers[2].op, "conv_transpose2d + clamp");
  EXPECT_EQ(layers[2].output, (shape{2, 3, 14, 16}));
}

/// var + eps = 1/4, so that the scale is 2 * weight, exactly.
TEST(Net, FoldsBatchNormOfEveryConvolution) {
  const floats mean = integers({6}, 1), var({6}, {0.125f, 0.125f, 0.125f, 0.125f, 0.125f, 0.125f});
  const floats gamma = integers({6}, 2), beta = integers({6}, 3);
  const auto of = [&](const std::string& op, const floats& w, index_t groups, const floats& x) {
    tf::net net;
    net.input("x");
    net.node(op, "conv", {"x", net.weight("w", w)}, {{"groups", groups}});
    net.batch_norm("bn", mean, var, gamma, beta, 0.125);
    net.output();
    EXPECT_EQ(layers_of(net, {{"x", x}}).size(), 1u) << op;
    tf::net plain;
    plain.input("x");
    plain.batch_norm("bn", mean, var, gamma, beta, 0.125);
    plain.output();
    const floats y =
        op == "conv2d" ? tf::conv2d(x, w, {.groups = groups}) : tf::conv_transpose2d(x, w, {.groups = groups});
    EXPECT_TRUE(same(net.run({{"x", x}})["bn"], plain.run({{"x", y}})["bn"])) << op << groups;
  };
  of("conv2d", integers({6, 4, 3, 3}, 4), 1, integers({1, 4, 5, 5}, 5));
  of("conv2d", integers({6, 2, 3, 3}, 4), 3, integers({1, 6, 5, 5}, 5));
  of("conv_transpose2d", integers({4, 6, 3, 3}, 4), 1, integers({1, 4, 5, 5}, 5));
  of("conv_transpose2d", integers({4, 3, 3, 3}, 4), 2, integers({2, 4, 5, 5}, 5));
}

TEST(Net, LeavesWhatOthersReadUnfused) {
  tf::net net;
  net.input("x");
  const floats w = integers({3, 3, 3, 3}, 1);
  const std::string c = net.conv2d("conv", w, {.padding = 1});
  net.relu("relu");
  net.add("sum", c);
  net.output();
  net.output("conv");
  const floats x = integers({1, 3, 6, 6}, 2), y = tf::conv2d(x, w, {.padding = 1});
  const auto out = net.run({{"x", x}});
  EXPECT_TRUE(same(out["conv"], y));
  EXPECT_TRUE(same(out["sum"], tf::add(tf::relu(y), y)));
}

/// The sum's other operand is the convolution's own input, which may not be overwritten while it is read.
TEST(Net, KeepsTheInputOfAConvolutionThatIsAddedToItsResult) {
  tf::net net;
  net.input("x");
  net.node("neg", "n", {"x"});
  const floats w = integers({2, 2, 3, 3}, 1);
  net.conv2d("conv", w, {.padding = 1});
  net.add("sum", "n");
  net.relu("relu");
  net.output();
  const floats x = integers({1, 2, 9, 9}, 2), n = tf::mul(x, -1.0f);
  EXPECT_TRUE(same(net.run({{"x", x}})["relu"], tf::relu(tf::add(tf::conv2d(n, w, {.padding = 1}), n))));
}

TEST(Net, KnowsTheActivationsThatExportersSpellOut) {
  const floats x = integers({1, 2, 4, 4}, 1);
  const auto ops_of = [&](tf::net& net) {
    net.output();
    std::string ops;
    for (const layer& l : layers_of(net, {{"x", x}})) ops += l.op + " ";
    return ops;
  };
  const auto number = [](tf::net& net, const std::string& name, float value) {
    return net.weight(name, floats({}, {value}));
  };
  tf::net silu;
  silu.input("x");
  silu.sigmoid("s");
  silu.mul("y", "x");
  EXPECT_EQ(ops_of(silu), "silu ");
  EXPECT_TRUE(same(silu.run({{"x", x}})["y"], tf::silu(x)));

  tf::net hardswish;
  hardswish.input("x");
  hardswish.add("a", number(hardswish, "three", 3));
  hardswish.node("clamp", "c", {"a"}, {{"min", 0.0}, {"max", 6.0}});
  hardswish.mul("m", "x");
  hardswish.node("div", "y", {"m", number(hardswish, "six", 6)});
  EXPECT_EQ(ops_of(hardswish), "hardswish ");
  EXPECT_TRUE(same(hardswish.run({{"x", x}})["y"], tf::hardswish(x)));

  tf::net gelu;
  gelu.input("x");
  gelu.node("div", "d", {"x", number(gelu, "root", 1.41421356f)});
  gelu.node("erf", "e", {"d"});
  gelu.add("a", number(gelu, "one", 1));
  gelu.mul("m", "x");
  gelu.mul("y", number(gelu, "half", 0.5));
  EXPECT_EQ(ops_of(gelu), "gelu ");
  EXPECT_TRUE(same(gelu.run({{"x", x}})["y"], tf::gelu(x)));
}

// -------------------------------------------------------------------------------------------- shapes known beforehand

TEST(Net, ComputesShapesWhenItIsPlanned) {
  tf::net net;
  net.input("x");
  net.node("shape", "s", {"x"});
  net.node("gather", "n", {"s", net.weight("0", tf::tensor<index_t>({1}, {0}))});
  net.node("cat", "target", {"n", net.weight("rest", tf::tensor<index_t>({1}, {-1}))}, {{"dim", index_t{0}}});
  net.node("reshape", "y", {"x", "target"});
  net.node("neg", "z", {"y"});
  net.output();
  for (const shape& s : {shape{2, 3, 4}, shape{5, 2, 2, 2}}) {
    const floats x = integers(s, 1);
    EXPECT_EQ(layers_of(net, {{"x", x}}).size(), 1u);
    const auto out = net.run({{"x", x}});
    EXPECT_EQ(out["z"].shape(), (shape{s[0], x.size() / s[0]}));
    EXPECT_EQ(out["z"].data()[1], -x.data()[1]);
  }
}

TEST(Net, HasOutputsThatAreInputsWeightsAndPartsOfOthers) {
  tf::net net;
  net.input("x");
  net.weight("w", integers({3}, 1));
  net.node("split", "a", {"x"}, {{"dim", index_t{0}}, {"split_size", index_t{1}}});
  tf::graph g = net.description();
  g.nodes[0].outputs = {"a", "b"};
  g.nodes.push_back({"n", "neg", {"x"}, {"n"}});
  g.nodes.push_back({"r", "reshape", {"n", "flat"}, {"r"}});
  g.constants["flat"] = tf::constant(tf::tensor<index_t>({1}, {-1}));
  g.outputs = {"x", "w", "b", "a", "n", "r", "n"};
  g.outputs.pop_back();
  const tf::net all(g);
  const floats x = integers({2, 4}, 2);
  const auto out = all.run({{"x", x}});
  EXPECT_TRUE(same(out["x"], x));
  EXPECT_TRUE(same(out["w"], integers({3}, 1)));
  EXPECT_TRUE(same(out["b"], tf::slice(x, 0, 1, 2)));
  EXPECT_TRUE(same(out["a"], tf::slice(x, 0, 0, 1)));
  EXPECT_EQ(out["r"].shape(), shape{8});
  EXPECT_EQ(out["r"](5), out["n"](1, 1));
  EXPECT_EQ(out["r"](5), -x(1, 1));
}

// ------------------------------------------------------------------------------------------------------ random graphs

/// A graph of random operations on integers, and all its tensors computed one by one.
class random_graph {
 public:
  explicit random_graph(unsigned seed) : random_(seed) {
    graph_.inputs.push_back({"x"});
    add("x", integers({1 + below(2), 4, 6, 6}, seed));
    for (int i = 0; i < 14; ++i) add_node("t" + std::to_string(i));
    for (const auto& [name, x] : tensors_)
      if (name == last_ || below(5) == 0) graph_.outputs.push_back(name);
    // An output need not be the last of its line: some are read again.
  }

  const tf::graph& description() const { return graph_; }
  const floats& at(const std::string& name) const { return tensors_.at(name); }

 private:
  index_t below(index_t n) { return static_cast<index_t>(random_() % static_cast<unsigned>(n)); }

  unsigned seed_of_weight() { return static_cast<unsigned>(random_()); }

  void add(const std::string& name, floats x) {
    tensors_[name] = std::move(x);
    names_.push_back(name);
    last_ = name;
  }
  const std::string& any() {
    return names_[names_.size() - 1 -
                  static_cast<std::size_t>(below(std::min<index_t>(5, static_cast<index_t>(names_.size()))))];
  }
  /// Another tensor of the same shape, or itself.
  std::string like(const std::string& name) {
    std::vector<std::string> found;
    for (const std::string& other : names_)
      if (at(other).shape() == at(name).shape()) found.push_back(other);
    return found[static_cast<std::size_t>(below(static_cast<index_t>(found.size())))];
  }
  void node(const std::string& op, const std::string& name, std::vector<std::string> inputs, floats result,
            tf::attributes settings = {}) {
    graph_.nodes.push_back({name, op, std::move(inputs), {name}, std::move(settings)});
    add(name, std::move(result));
  }
  std::string weight(const std::string& name, const floats& w) {
    graph_.constants[name] = tf::constant(w);
    return name;
  }
  std::string list(const std::string& name, std::initializer_list<index_t> values) {
    graph_.constants[name] = tf::constant(tf::tensor<index_t>({static_cast<index_t>(values.size())}, values));
    return name;
  }

  void add_node(const std::string& name) {
    const std::string x = any();
    const floats& of = at(x);
    const shape s = of.shape();
    switch (below(12)) {
      case 0: {
        const floats w = integers({s[1], s[1], 1, 1}, seed_of_weight(), 1);
        return node("conv2d", name, {x, weight(name + ".w", w)}, clamped(tf::conv2d(of, w), name), {});
      }
      case 1:
        return node("relu", name, {x}, tf::relu(of));
      case 2:
        return node("leaky_relu", name, {x}, tf::leaky_relu(of, 1.0), {{"negative_slope", 1.0}});
      case 3: {
        const std::string y = like(x);
        return node("add", name, {x, y}, tf::add(of, at(y)));
      }
      case 4: {
        const std::string y = like(x);
        return node("maximum", name, {x, y}, tf::add(tf::relu(tf::sub(of, at(y))), at(y)));
      }
      case 5: {
        const std::string y = like(x);
        return node("cat", name, {x, y}, tf::cat({of.view(), at(y).view()}, 1), {{"dim", index_t{1}}});
      }
      case 6: {
        if (s[1] < 2) return;
        floats part = tf::slice(of, 1, 1, s[1]);
        return node("slice", name, {x, list(name + ".b", {1}), list(name + ".e", {s[1]}), list(name + ".d", {1})},
                    std::move(part));
      }
      case 7:
        return node("permute", name, {x}, tf::permute(of, {0, 1, 3, 2}), {{"dims", std::vector<index_t>{0, 1, 3, 2}}});
      case 8:
        return node("pad", name, {x, list(name + ".p", {0, 0, 0, 1, 0, 0, 0, -1})}, tf::pad(of, {1, -1}));
      case 9: {
        const floats k = integers({s[1], 1, 1}, seed_of_weight(), 1);
        return node("mul", name, {x, weight(name + ".k", k)}, tf::mul(of, k));
      }
      case 10: {
        const floats k = integers({1, s[1], 1, 1}, seed_of_weight(), 2);
        return node("add", name, {weight(name + ".k", k), x}, tf::add(of, k));
      }
      default: {
        const floats w = integers({s[1], s[1], 3, 3}, seed_of_weight(), 1);
        return node("conv_transpose2d", name, {x, weight(name + ".w", w)},
                    clamped(tf::conv_transpose2d(of, w, {.padding = 1}), name), {{"padding", index_t{1}}});
      }
    }
  }
  /// A convolution is followed by a clamp, which is fused, so that numbers stay small.
  floats clamped(const floats& y, const std::string& name) {
    graph_.nodes.push_back({name + ".clamp", "clamp", {name + ".sum"}, {name}, {{"min", -9.0}, {"max", 9.0}}});
    sums_.push_back(name);
    return tf::clamp(y, -9.0, 9.0);
  }

 public:
  /// The convolutions' own outputs are called otherwise than what is clamped.
  void finish() {
    for (const std::string& name : sums_)
      for (tf::graph_node& n : graph_.nodes)
        if (n.name == name) n.outputs = {name + ".sum"};
  }

 private:
  std::mt19937 random_;
  tf::graph graph_;
  std::map<std::string, floats> tensors_;
  std::vector<std::string> names_, sums_;
  std::string last_;
};

TEST(Net, OfRandomGraphsGivesTheSameBits) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    random_graph g(seed);
    g.finish();
    const tf::net net(g.description());
    tf::context ctx = on_threads(1 + static_cast<int>(seed % 3));
    ctx.math = tf::math::exact;  // Winograd's sums of integers are not
    const auto out = net.run({{"x", g.at("x")}}, ctx);
    for (const auto& [name, x] : out)
      EXPECT_TRUE(same(std::get<floats>(x), g.at(name))) << "seed " << seed << ", " << name;
    const tf::plan_report plan = net.plan({{"x", g.at("x").shape()}}, ctx);
    EXPECT_GE(plan.arena_bytes, plan.least_arena_bytes) << seed;
    EXPECT_LE(static_cast<double>(plan.arena_bytes), 1.1 * static_cast<double>(plan.least_arena_bytes)) << seed;
  }
}

// --------------------------------------------------------------------------------------------------------- memory,
// runs

TEST(Net, AllocatesNothingWhenItIsPlanned) {
  const tf::net net = encoder_decoder();
  const floats x = integers({2, 2, 16, 16}, 1);
  floats y({2, 8, 16, 16});
  net.plan({{"x", x.shape()}});
  const long before = allocations;
  net.run_into({{"cat", y}}, {{"x", x}});
  EXPECT_EQ(allocations - before, 0);
  EXPECT_TRUE(same(y, encoder_decoder_by_hand(x)));
}

TEST(Net, ConcatenatesInPlaceAndOverwritesWhatNobodyReads) {
  tf::net net;
  net.input("x");
  net.node("neg", "a", {"x"});
  const std::string b = net.node("abs", "b", {"a"});
  net.node("neg", "c", {"x"});
  net.cat("cat", {b, "c"});
  net.node("neg", "last", {"cat"});
  net.output();
  const floats x = integers({1, 3, 8, 8}, 1);
  const tf::plan_report plan = net.plan({{"x", x.shape()}});
  EXPECT_EQ(plan.layers, 4u);        // no copy for the cat
  EXPECT_EQ(plan.arena_bytes, 768);  // a, which is 3 * 64 floats; all else is in the output
  EXPECT_EQ(net.arena_bytes(), plan.arena_bytes);
  const auto out = net.run({{"x", x}});
  EXPECT_EQ(out["last"](0, 0, 0, 0), -std::abs(x(0, 0, 0, 0)));
  EXPECT_EQ(out["last"](0, 5, 7, 7), x(0, 2, 7, 7));
}

TEST(Net, RunsOnSeveralThreadsAtATime) {
  const tf::net net = encoder_decoder();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const tf::net copy = net;
      for (index_t i = 0; i < 6; ++i) {
        const floats x = integers({1, 2, 8 + i, 8 + static_cast<index_t>(t)}, t);
        if (!same(copy.run({{"x", x}})["cat"], encoder_decoder_by_hand(x))) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Net, IsChangedWithoutItsCopies) {
  tf::net net;
  net.input("x");
  net.relu("a");
  net.output();
  const tf::net copy = net;
  net.node("neg", "b", {"a"});
  net.output();
  const floats x = integers({4}, 1);
  EXPECT_EQ(copy.run({{"x", x}}).size(), 1u);
  const auto out = net.run({{"x", x}});
  EXPECT_EQ(out.size(), 2u);
  EXPECT_TRUE(same(out["b"], tf::mul(tf::relu(x), -1.0f)));
}

TEST(Net, ReportsItsLayersWithTheirWork) {
  tf::net net;
  net.input("x");
  net.conv2d("conv", integers({8, 4, 3, 3}, 1), {.padding = 1});
  net.output();
  int reports = 0;
  net.run({{"x", integers({2, 4, 10, 10}, 2)}}, tf::default_context(), [&](const tf::layer_report& r) {
    ++reports;
    EXPECT_EQ(r.count, 1u);
    EXPECT_EQ(r.flop, 2.0 * 8 * 4 * 9 * 100 * 2);
    EXPECT_EQ(r.bytes, 4 * (2 * 4 * 100 + 8 * 4 * 9 + 2 * 8 * 100));
    EXPECT_FALSE(r.algorithm.empty());
    EXPECT_GE(r.seconds, 0);
  });
  EXPECT_EQ(reports, 1);
}

// -------------------------------------------------------------------------------------------------------------- errors

// ------------------------------------------------------------------------------------------------ weights of 16 bits

/// A convolution with a batch norm, a transposed one, a linear layer of as many rows as there are images.
tf::net of_layers(const tf::net_options& options, const floats& w, const floats& t, const floats& l) {
  tf::net net(options);
  net.input("x");
  net.conv2d("conv", w, integers({3}, 2));
  net.batch_norm("norm", integers({3}, 3), floats({3}, {1, 4, 16}), floats({3}, {2, 4, 8}), integers({3}, 4), 0);
  net.relu("relu");
  net.conv_transpose2d("deconv", t);
  net.output(net.flatten("flat"));
  net.linear("linear", l, integers({5}, 5));
  net.output();
  return net;
}

/// The same bits before the linear layer, which may add in another order: both sums have their rounding errors.
void expect_near(const tf::named_tensors& got, const tf::named_tensors& expected, const floats& l) {
  const floats &x = expected["flat"], &y = got["linear"], &z = expected["linear"];
  EXPECT_TRUE(same(got["flat"], x));
  const index_t terms = l.shape()[1], outputs = l.shape()[0];
  for (index_t i = 0; i < y.size(); ++i) {
    double magnitude = 3;  // of the bias
    for (index_t k = 0; k < terms; ++k)
      magnitude += std::abs(double{x.data()[i / outputs * terms + k]} * double{l.data()[i % outputs * terms + k]});
    EXPECT_NEAR(y.data()[i], z.data()[i], 2 * rounding_factor<float>(terms + 1) * (1 + 0x1p-8) * magnitude);
  }
}

TEST(Net, WithWeightsOf16BitsIsTheNetOfRoundedWeights) {
  const auto w = random_tensor<float>({3, 2, 3, 3}, 1), t = random_tensor<float>({3, 4, 2, 2}, 2);
  const auto l = random_tensor<float>({5, 4 * 4 * 4}, 3);
  const auto with_rounded = [&](const auto& rounded) {
    // The batch norm scales by powers of 2, which change no digit.
    return of_layers({}, map<float>(w, rounded), map<float>(t, rounded), map<float>(l, rounded));
  };
  const auto digits = [](int count) {
    return [count](float x) {
      const float last = std::ldexp(1.0F, std::ilogb(x) - (count - 1));
      return std::nearbyint(x / last) * last;
    };
  };
  const tf::net plain = of_layers({}, w, t, l), as_bf16 = with_rounded(digits(8)), as_fp16 = with_rounded(digits(11));
  const tf::net bf16 = of_layers({.weights = tf::stored::bf16}, w, t, l);
  const tf::net fp16(plain.description(), {.weights = tf::stored::fp16});
  for (const index_t images : {1, 3, 20}) {
    const auto x = random_tensor<float>({images, 2, 5, 5}, 4);
    expect_near(bf16.run({{"x", x}}), as_bf16.run({{"x", x}}), l);
    expect_near(fp16.run({{"x", x}}), as_fp16.run({{"x", x}}), l);
    tf::context exact;
    exact.math = tf::math::exact;
    EXPECT_TRUE(same(bf16.run({{"x", x}}, exact)["linear"], plain.run({{"x", x}}, exact)["linear"]));
    EXPECT_FALSE(same(bf16.run({{"x", x}})["linear"], plain.run({{"x", x}})["linear"]));
  }
}

TEST(Net, KeepsItsOptionsWhenItIsChanged) {
  tf::net net({.weights = tf::stored::bf16});
  const tf::net copy = net;
  net.input("x");
  net.relu("a");
  net.output();
  EXPECT_EQ(net.options().weights, tf::stored::bf16);
  EXPECT_EQ(tf::net().options().weights, tf::stored::as_given);
}

TEST(Net, WithWeightsOf16BitsReadsThemWhereItsOutputsAreFew) {
  for (const index_t rows : {1, 16, 17}) {
    const floats x = integers({rows, 40}, 1), l = integers({9, 40}, 2), b = integers({9}, 3);
    tf::net net({.weights = tf::stored::fp16});
    net.input("x");
    net.linear("linear", l, b);
    net.output();
    net.run({{"x", x}}, {}, [&](const tf::layer_report& r) { EXPECT_EQ(r.algorithm, rows <= 16 ? "few_pixels" : ""); });
    EXPECT_TRUE(same(net.run({{"x", x}})["linear"], tf::linear(x, l, b)));
  }
}

TEST(Net, TakesConstantsOf16BitsAsFloats) {
  const std::int16_t halves[] = {0x3e00, -0x4000, 0x0001}, uppers[] = {0x3fc0, -0x4000, 0x0001};  // 1.5, -2
  const auto owner = std::make_shared<int>(0);
  tf::net net;
  net.input("x");
  const auto a = net.weight("a", tf::constant({tf::dtype::float16, halves, {3}}, owner));
  const auto b = net.weight("b", tf::constant({tf::dtype::bfloat16, uppers, {3}}, owner));
  net.output(net.node("mul", "of_fp16", {"x", a}));
  net.output(net.node("mul", "of_bf16", {"x", b}));
  const floats x({3}, {2, 2, 0x1p20F});
  const auto y = net.run({{"x", x}});
  EXPECT_TRUE(same(y["of_fp16"], floats({3}, {3, -4, 0x1p-4F})));
  EXPECT_TRUE(same(y["of_bf16"], floats({3}, {3, -4, 0x1p-113F})));
  tf::graph small = net.description();
  small.max_bytes = 23;
  EXPECT_EQ(error_of([&] { (void)tf::net(small); }),
            "net: its constants of 16 bits take more than the 23 bytes that it may, as floats");
}

TEST(NetErrors, NameTheNodeWhoseWeightDoesNotFit) {
  tf::net net({.weights = tf::stored::fp16});
  net.input("x");
  net.linear("fc", floats({1, 2}, {1, 1e5F}), floats({1}));
  net.output();
  const floats x({1, 2});
  EXPECT_EQ(error_of([&] {
              net.run({{"x", x}});
            }),
            "node \"fc\" (linear): conv2d: the weight at [0, 1, 0, 0] is 100000.0, beyond the numbers of fp16");
}

TEST(NetErrors, NameAllThatIsWrongWithAGraph) {
  tf::graph g;
  g.inputs = {{"x"}};
  g.nodes = {
      {"a", "conv3d", {"x", "x"}, {"a"}}, {"b", "relu", {"a"}, {"b"}, {{"slope", 1.0}}}, {"c", "add", {"b"}, {"c"}}};
  g.outputs = {"c"};
  EXPECT_EQ(error_of([&] { tf::net net(g); }),
            "this network cannot be run: 3 problems\n"
            "  node \"a\" (conv3d): there is no such operation\n"
            "  node \"b\" (relu) has no attribute \"slope\"\n"
            "  node \"c\" (add) has 1 input");
}

TEST(NetErrors, NameWhatIsMissingTwiceOrACycle) {
  tf::graph g;
  g.inputs = {{"x"}};
  g.nodes = {{"a", "relu", {"y"}, {"a"}}, {"b", "relu", {"x"}, {"a"}}};
  g.outputs = {"a", "z"};
  EXPECT_EQ(error_of([&] { tf::net net(g); }),
            "this network cannot be run: 3 problems\n"
            "  there are two tensors of the name \"a\"\n"
            "  node \"a\" (relu) reads \"y\", which nothing makes\n"
            "  nothing makes the output \"z\"");
  g.nodes = {{"a", "add", {"x", "b"}, {"a"}}, {"b", "relu", {"a"}, {"b"}}};
  g.outputs = {"b"};
  EXPECT_EQ(error_of([&] { tf::net net(g); }),
            "this network cannot be run: 2 problems\n"
            "  node \"a\" (add) waits for its own result: the graph has a cycle\n"
            "  node \"b\" (relu) waits for its own result: the graph has a cycle");
}

TEST(NetErrors, TellWhereAPlanTakesMoreThanItMay) {
  tf::graph g;
  g.inputs = {{"x"}};
  g.constants["sizes"] = tf::constant(tf::tensor<index_t>({2}, {1000, 1000}));
  g.nodes = {{"a", "constant_of_shape", {"sizes"}, {"a"}}, {"b", "add", {"a", "x"}, {"b"}}};
  g.outputs = {"b"};
  g.max_bytes = 7'999'999;  // both have 4'000'000
  EXPECT_EQ(error_of([&] {
              tf::net(g).plan({{"x", shape{}}});
            }),
            "node \"b\" (add): the plan takes more than the 7999999 bytes that it may");
  g.max_bytes = 3'999'999;
  EXPECT_EQ(error_of([&] {
              tf::net(g).plan({{"x", shape{}}});
            }),
            "node \"a\" (constant_of_shape): the plan takes more than the 3999999 bytes that it may");
  g.max_bytes = 8'000'000;
  EXPECT_EQ(tf::net(g).plan({{"x", shape{}}}).layers, 1u);
}

TEST(NetErrors, HaveTheNodesNameAndPyTorchsText) {
  const tf::net net = encoder_decoder();
  EXPECT_EQ(error_of([&] {
              net.run({{"x", floats({1, 3, 8, 8})}});
            }),
            "net: input \"x\" is [?, 2, ?, ?], but got [1, 3, 8, 8]");
  EXPECT_EQ(
      error_of([&] {
        net.run({{"x", floats({1, 2, 1, 1})}});
      }),
      "node \"pool\" (max_pool2d): Given input size: (4x1x1). Calculated output size: (4x0x0). Output size is too "
      "small");
  EXPECT_EQ(error_of([&] { net.run({{"y", floats({1, 2, 8, 8})}}); }), "net: there is no input \"y\"; it has \"x\"");
  EXPECT_EQ(error_of([&] { net.run({}); }), "net: input \"x\" is missing");
  EXPECT_EQ(error_of([&] {
              net.run({{"x", tf::tensor<double>({1, 2, 8, 8})}});
            }),
            "net: input \"x\" is of float32, but got one of float64");
  tf::net line;
  line.input("x", {});
  line.node("conv1d", "y", {"x", line.weight("w", floats({4, 5, 3}))});
  line.output();
  EXPECT_EQ(
      error_of([&] {
        line.run({{"x", floats({1, 3, 10})}});
      }),
      "node \"y\" (conv1d): Given groups=1, weight of size [4, 5, 3], expected input[1, 3, 10] to have 5 channels, "
      "but got 3 channels instead");
  tf::net doubles;
  doubles.input("x", {}, tf::dtype::float64);
  doubles.softmax("y", 0);
  doubles.output();
  EXPECT_EQ(error_of([&] {
              doubles.plan({{"x", shape{3}}});
            }),
            "node \"y\" (softmax): it does not compute in float64, of which \"x\" is");
  floats y({1, 8, 8, 9});
  EXPECT_EQ(error_of([&] {
              net.run_into({{"cat", y}}, {{"x", floats({1, 2, 8, 8})}});
            }),
            "net: output \"cat\" is float32 of [1, 8, 8, 8], but got float32 of [1, 8, 8, 9]");
  const auto out = net.run({{"x", floats({1, 2, 8, 8})}});
  EXPECT_EQ(error_of([&] { (void)out["dog"]; }), "net: there is no output dog");
  EXPECT_EQ(error_of([&] { (void)out.at<index_t>("cat"); }), "net: output cat is not of int64");
}

}  // namespace
