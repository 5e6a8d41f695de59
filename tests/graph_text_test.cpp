#include <iomanip>  // before all: its quoted() would be found for strings too

#include <tenfold/graph_text.hpp>

#include "support.hpp"

#include <limits>
#include <random>

using namespace tenfold_test;

namespace {

using strings = std::vector<std::string>;
using integers = std::vector<tf::index_t>;
using reals = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

tf::graph_node only_node(const std::string& line) {
  const tf::graph graph = tf::read_graph_text(line);
  EXPECT_EQ(graph.nodes.size(), 1u);
  return graph.nodes.at(0);
}

tf::attribute value_of(const std::string& text) { return only_node("y = op(; a=" + text + ")").attributes.at("a"); }

/// Bit for bit, but that a NaN equals a NaN.
bool same(double a, double b) { return (a == b && std::signbit(a) == std::signbit(b)) || (a != a && b != b); }
bool same(const tf::attribute& a, const tf::attribute& b) {
  if (a.index() != b.index()) return false;
  if (const auto* x = std::get_if<double>(&a)) return same(*x, std::get<double>(b));
  if (const auto* x = std::get_if<reals>(&a))
    return std::equal(x->begin(), x->end(), std::get<reals>(b).begin(), std::get<reals>(b).end(),
                      [](double p, double q) { return same(p, q); });
  return a == b;
}

void expect_same(const tf::graph& a, const tf::graph& b) {
  ASSERT_EQ(a.inputs.size(), b.inputs.size());
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    EXPECT_EQ(a.inputs[i].name, b.inputs[i].name);
    EXPECT_EQ(a.inputs[i].type, b.inputs[i].type);
    EXPECT_EQ(a.inputs[i].sizes, b.inputs[i].sizes);
  }
  EXPECT_EQ(a.outputs, b.outputs);
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    const tf::graph_node &p = a.nodes[i], &q = b.nodes[i];
    EXPECT_EQ(p.name, q.name);
    EXPECT_EQ(p.op, q.op);
    EXPECT_EQ(p.inputs, q.inputs);
    EXPECT_EQ(p.outputs, q.outputs);
    ASSERT_EQ(p.attributes.size(), q.attributes.size()) << p.name;
    for (const auto& [key, value] : p.attributes) {
      ASSERT_TRUE(q.attributes.contains(key)) << key;
      EXPECT_TRUE(same(value, q.attributes.at(key))) << p.name << " " << key;
    }
  }
}

TEST(GraphText, Reads) {
  const tf::graph graph = tf::read_graph_text(
      "# an encoder\n"
      "input x float32 [1, 3, -1, -1]   # a picture\r\n"
      "\n"
      "  y = conv2d(x, weight, -; stride=2, padding=[1, 2])\n"
      "values,indices=max_pool2d(y;kernel_size=2)@pool\n"
      "output values");
  ASSERT_EQ(graph.inputs.size(), 1u);
  EXPECT_EQ(graph.inputs[0].name, "x");
  EXPECT_EQ(graph.inputs[0].type, tf::dtype::float32);
  EXPECT_EQ(graph.inputs[0].sizes, (tf::shape{1, 3, -1, -1}));
  EXPECT_EQ(graph.outputs, strings{"values"});
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[0].name, "y");
  EXPECT_EQ(graph.nodes[0].op, "conv2d");
  EXPECT_EQ(graph.nodes[0].inputs, (strings{"x", "weight", ""}));
  EXPECT_EQ(graph.nodes[0].outputs, strings{"y"});
  EXPECT_EQ(graph.nodes[0].attributes, (tf::attributes{{"stride", 2}, {"padding", integers{1, 2}}}));
  EXPECT_EQ(graph.nodes[1].name, "pool");
  EXPECT_EQ(graph.nodes[1].outputs, (strings{"values", "indices"}));
  EXPECT_EQ(graph.nodes[1].inputs, strings{"y"});
}

TEST(GraphText, Values) {
  EXPECT_EQ(value_of("-3"), tf::attribute(-3));
  EXPECT_EQ(value_of("9223372036854775807"), tf::attribute(std::numeric_limits<tf::index_t>::max()));
  EXPECT_EQ(value_of("2.0"), tf::attribute(2.0));
  EXPECT_EQ(value_of("1e-5"), tf::attribute(1e-5));
  EXPECT_EQ(value_of("-inf"), tf::attribute(-infinity));
  EXPECT_TRUE(same(value_of("nan"), std::nan("")));
  EXPECT_EQ(value_of("\"same_upper\""), tf::attribute(std::string("same_upper")));
  EXPECT_EQ(value_of(R"("a \"b\" \\ \n\t\r\x1f # ; é")"), tf::attribute(std::string("a \"b\" \\ \n\t\r\x1f # ; é")));
  EXPECT_EQ(value_of("[]"), tf::attribute(integers{}));
  EXPECT_EQ(value_of("float64[]"), tf::attribute(reals{}));
  EXPECT_EQ(value_of("[ 1,2 ]"), tf::attribute(integers{1, 2}));
  EXPECT_EQ(value_of("[1, 2.5]"), tf::attribute(reals{1, 2.5}));
}

TEST(GraphText, LinesMayLackWhatTheyNeedNotHave) {
  EXPECT_TRUE(tf::read_graph_text("").nodes.empty());
  EXPECT_EQ(tf::read_graph_text("input x int64").inputs.at(0).sizes, std::nullopt);
  EXPECT_EQ(tf::read_graph_text("input x bool []").inputs.at(0).sizes, tf::shape());
  EXPECT_TRUE(only_node("y = arange()").inputs.empty());
  EXPECT_TRUE(only_node("= print(x)").outputs.empty());
  EXPECT_EQ(only_node("-, y = split(x)").outputs, (strings{"", "y"}));
  EXPECT_EQ(only_node("input = relu(output)").outputs, strings{"input"});  // followed by "=", it is a name
  EXPECT_EQ(only_node("y = relu(\"-\")").inputs, strings{"-"});
}

TEST(GraphText, Writes) {
  tf::graph graph;
  graph.inputs = {{"x", tf::dtype::uint8, tf::shape{-1, 3}}, {"any thing", tf::dtype::float64, {}}};
  graph.nodes = {{"y", "conv2d", {"x", "w", ""}, {"y"}, {{"padding", integers{1, 2}}, {"alpha", 2.0}}},
                 {"second", "split", {"y"}, {"", "b"}, {{"mode", "a\"b"}, {"list", reals{0.1, 1}}}},
                 {"", "relu", {"input"}, {"z"}}};
  graph.outputs = {"b", "output"};
  EXPECT_EQ(tf::graph_text(graph),
            "input x uint8 [-1, 3]\n"
            "input \"any thing\" float64\n"
            "y = conv2d(x, w, -; alpha=2.0, padding=[1, 2])\n"
            "-, b = split(y; list=[0.1, 1.0], mode=\"a\\\"b\") @second\n"
            "z = relu(\"input\") @\"\"\n"
            "output b\n"
            "output \"output\"\n");
}

/// Names and values of every kind that a graph can hold.
TEST(GraphText, ComesBackAsItWas) {
  const strings names = {"x",
                         "a.b/c:0",
                         "-",
                         "",
                         "input",
                         "output",
                         "two words",
                         "qu\"ote",
                         "semi;colon",
                         "#",
                         "1",
                         "nan",
                         std::string("nul\0byte", 8),
                         "line\nbreak",
                         "back\\slash",
                         "é",
                         "float64[",
                         "@at",
                         "=",
                         ","};
  const std::vector<tf::attribute> values = {0,
                                             -7,
                                             std::numeric_limits<tf::index_t>::min(),
                                             0.0,
                                             -0.0,
                                             1.0 / 3,
                                             1e300,
                                             5e-324,
                                             100000.0,
                                             infinity,
                                             -infinity,
                                             std::nan(""),
                                             "",
                                             "text",
                                             std::string("\0\x7f\xff\"\\", 5),
                                             integers{},
                                             integers{1, -2, 3},
                                             reals{},
                                             reals{2},
                                             reals{0.5, std::nan(""), -infinity}};
  tf::graph graph;
  for (const std::string& name : names) {
    graph.inputs.push_back({name, tf::dtype::float32, std::nullopt});
    graph.outputs.push_back(name);
    tf::graph_node node{name, "op" + name, {name, "a", name}, {name}, {}};
    for (std::size_t i = 0; i < values.size(); ++i) node.attributes[name + std::to_string(i)] = values[i];
    graph.nodes.push_back(node);
    node.outputs = {"", name};
    graph.nodes.push_back(node);
    node.outputs = {};
    graph.nodes.push_back(node);
  }
  for (int type = 0; type <= static_cast<int>(tf::dtype::bfloat16); ++type)
    graph.inputs.push_back({"x", static_cast<tf::dtype>(type), tf::shape{-1, 0, 1, 5}});
  graph.inputs.push_back({"scalar", tf::dtype::int8, tf::shape()});
  const std::string text = tf::graph_text(graph);
  const tf::graph back = tf::read_graph_text(text);
  expect_same(graph, back);
  EXPECT_EQ(tf::graph_text(back), text);
}

TEST(GraphText, SaysWhatIsWrongAndWhere) {
  const auto error = [](const std::string& text) { return error_of([&] { tf::read_graph_text(text); }); };
  EXPECT_EQ(error("y = relu(x)\n\nz = relu(y"),
            "line 3, column 11: expected ')' after the inputs and attributes of a node, but got the end of the line");
  EXPECT_EQ(error("y relu(x)"), "line 1, column 3: expected '=' after the outputs of a node, but got \"relu(x)\"");
  EXPECT_EQ(error("y, = relu(x)"), "line 1, column 4: expected the name of a tensor, but got \"= relu(x)\"");
  EXPECT_EQ(error("y = (x)"), "line 1, column 5: expected the name of an operation, but got \"(x)\"");
  EXPECT_EQ(error("y = relu"),
            "line 1, column 9: expected '(' after the name of an operation, but got the end of the line");
  EXPECT_EQ(error("y = relu(x,)"), "line 1, column 12: expected the name of a tensor, but got \")\"");
  EXPECT_EQ(error("y = relu(x;)"), "line 1, column 12: expected the name of an attribute, but got \")\"");
  EXPECT_EQ(error("y = op(; a)"), "line 1, column 11: expected '=' after the name of an attribute, but got \")\"");
  EXPECT_EQ(error("y = op(; a=)"), "line 1, column 12: expected a number, a string or a list, but got \")\"");
  EXPECT_EQ(error("y = op(; a=1x)"), "line 1, column 12: expected a number, a string or a list, but got \"1x)\"");
  EXPECT_EQ(error("y = op(; a=0x10)"), "line 1, column 12: expected a number, a string or a list, but got \"0x10)\"");
  EXPECT_EQ(error("y = op(; a=9223372036854775808)"),
            "line 1, column 12: expected a number that 64 bits hold, but got \"9223372036854775808)\"");
  EXPECT_EQ(error("y = op(; a=1e999)"), "line 1, column 12: expected a number that 64 bits hold, but got \"1e999)\"");
  EXPECT_EQ(error("y = op(; a=[1, ])"), "line 1, column 16: expected a number, a string or a list, but got \"])\"");
  EXPECT_EQ(error("y = op(; a=[1 2])"),
            "line 1, column 15: expected ']' after the last number of a list, but got \"2])\"");
  EXPECT_EQ(error("y = op(; a=[[1]])"), "line 1, column 13: expected a number, a string or a list, but got \"[1]])\"");
  EXPECT_EQ(error("y = op(; a=1, a=2)"), "line 1, column 18: the attribute \"a\" is there twice");
  EXPECT_EQ(error("y = op(; a=\"b)"), "line 1, column 15: the string is not closed");
  EXPECT_EQ(error("y = op(; a=\"\\q\")"),
            "line 1, column 14: expected one of \" \\ n t r x after a backslash in a string");
  EXPECT_EQ(error("y = op(; a=\"\\x1\")"), "line 1, column 15: expected two hexadecimal digits after \\x");
  EXPECT_EQ(error("y = op(x) z"), "line 1, column 11: expected the end of the line, but got \"z\"");
  EXPECT_EQ(error("y = op(x) @"), "line 1, column 12: expected the name of a node, but got the end of the line");
  EXPECT_EQ(error("input"), "line 1, column 6: expected the name of an input, but got the end of the line");
  EXPECT_EQ(error("input x"), "line 1, column 8: expected the type of an input, such as float32 or int64");
  EXPECT_EQ(error("input x float"), "line 1, column 9: expected the type of an input, such as float32 or int64");
  EXPECT_EQ(error("input x float32 3"), "line 1, column 17: expected '[' before a list, but got \"3\"");
  EXPECT_EQ(error("input x float32 [1.5]"), "line 1, column 22: expected integers as an input's sizes");
  EXPECT_EQ(error("input x float32 [-2]"), "line 1, column 21: expected sizes of 0 or more, or -1 for any, but got -2");
  EXPECT_EQ(error("input x float32 [1,1,1,1,1,1,1,1,1]"), "line 1, column 36: an input of more than 8 dimensions");
  EXPECT_EQ(error("output"), "line 1, column 7: expected the name of an output, but got the end of the line");
  EXPECT_EQ(error("output y z"), "line 1, column 10: expected the end of the line, but got \"z\"");
  EXPECT_EQ(error(std::string("\0", 1)), "line 1, column 1: expected the name of a tensor, but got \"\\x00\"");
  EXPECT_EQ(error(std::string(1000, '(')),
            "line 1, column 1: expected the name of a tensor, but got \"" + std::string(30, '(') + "\"...");
}

/// Bytes of the format in a random order: each text is read, or refused by an error with a place.
TEST(GraphText, AnyTextIsReadOrRefused) {
  const strings pieces = {"x",
                          "input ",
                          "output ",
                          "=",
                          "(",
                          ")",
                          ",",
                          ";",
                          "@",
                          "#",
                          "[",
                          "]",
                          "\"",
                          "\\",
                          "\\x",
                          "1",
                          "-",
                          "1.5",
                          "e9",
                          "float32",
                          "float64[",
                          "\n",
                          " ",
                          "nan",
                          std::string("\0", 1),
                          "\xff",
                          "y = relu(x)\n"};
  std::mt19937 random(1);
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t length = random() % 14; length > 0; --length) text += pieces[random() % pieces.size()];
    try {
      const tf::graph graph = tf::read_graph_text(text);
      expect_same(graph, tf::read_graph_text(tf::graph_text(graph)));
      ++read;
    } catch (const tf::error& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with("line ")) << e.what();
    }
  }
  EXPECT_GT(read, 200);
}

}  // namespace
