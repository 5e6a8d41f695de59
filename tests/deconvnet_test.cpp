// examples/deconvnet's reader of prototxt files, its layers, and the graph that it makes of them; and the formula's
// weights. What the network computes is in networks_test.cpp.
#include "deconvnet/description.hpp"
#include "deconvnet/network.hpp"

#include "support.hpp"

#include <random>

namespace {

namespace tf = tenfold;
using deconvnet::layer_type;
using tf::index_t;
using strings = std::vector<std::string>;

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

TEST(Prototxt, ReadsFields) {
  using kind = prototxt::field::kind;
  const auto fields = prototxt::parse("a: 1 # one\nb: 'x y', c: \"#\"; d { e:-1.5e+3 f {} }\nd: { }");
  ASSERT_EQ(fields.size(), 5u);
  EXPECT_EQ(fields[0].name, "a");
  EXPECT_EQ(fields[0].text, "1");
  EXPECT_EQ(fields[0].is, kind::word);
  EXPECT_EQ(fields[1].text, "x y");
  EXPECT_EQ(fields[1].is, kind::string);
  EXPECT_EQ(fields[1].line, 2u);
  EXPECT_EQ(fields[2].text, "#");
  EXPECT_EQ(fields[3].is, kind::message);
  ASSERT_EQ(fields[3].fields.size(), 2u);
  EXPECT_EQ(fields[3].fields[0].text, "-1.5e+3");
  EXPECT_TRUE(fields[3].fields[1].fields.empty());
  EXPECT_EQ(fields[4].line, 3u);
}

TEST(Prototxt, SaysWhatIsWrongAndWhere) {
  const auto error = [](const std::string& text) { return message_of([&] { prototxt::parse(text); }); };
  EXPECT_EQ(error("a"), "line 1: expected : or { after \"a\"");
  EXPECT_EQ(error("a:"), "line 1: expected the value of \"a\"");
  EXPECT_EQ(error("\na: %"), "line 2: expected the value of \"a\"");
  EXPECT_EQ(error(": 1"), "line 1: expected the name of a field");
  EXPECT_EQ(error("a { b: 1\n"), "line 2: the text ends before a }");
  EXPECT_EQ(error("a: 1 }"), "line 1: a } without its {");
  EXPECT_EQ(error("a: 'b\n'"), "line 1: a string is not closed");
  EXPECT_EQ(error("a: 'b"), "line 1: a string is not closed");
  EXPECT_EQ(error("a: '\\n'"), "line 1: a string with a backslash, which is not read");
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "a {";
  EXPECT_EQ(error(nested), "line 1: messages in messages, more than 16 deep");
}

/// A description with this text for its layers.
deconvnet::description layers_of(const std::string& text) {
  return deconvnet::read_description("input: 'data' input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 6\n" + text);
}

const std::string conv =
    "layers { name: 'c' type: CONVOLUTION bottom: 'data' top: 'c' convolution_param { num_output: 4 kernel_size: 3 "
    "pad: 1 } }\n";
const std::string norm = "layers { name: 'n' type: BN bottom: 'c' top: 'c' bn_param { bn_mode: INFERENCE } }\n";
const std::string pool =
    "layers { name: 'p' type: POOLING bottom: 'c' top: 'p' top: 'm' pooling_param { pool: MAX kernel_size: 2 stride: 2 "
    "} }\n";
const std::string unpool =
    "layers { name: 'u' type: UNPOOLING bottom: 'p' bottom: 'm' top: 'u' "
    "unpooling_param { unpool: MAX kernel_size: 2 stride: 2 } }\n";

TEST(DeconvNetLayers, ReadsBothSpellingsAndPassesOverTraining) {
  const auto net = layers_of(
      "name: 'n' layer { name: 'c' type: \"Convolution\" bottom: 'data' top: 'c' param { lr_mult: 1 } blobs_lr: 1 "
      "blobs_lr: 2 "
      "convolution_param { num_output: 4 kernel_size: 3 stride: 2 weight_filler { type: 'gaussian' std: 0.01 } } }" +
      norm);
  EXPECT_EQ(net.input, "data");
  EXPECT_EQ(net.height, 8);
  EXPECT_EQ(net.width, 6);
  ASSERT_EQ(net.layers.size(), 2u);
  EXPECT_EQ(net.layers[0].type, layer_type::convolution);
  EXPECT_EQ(net.layers[0].stride, 2);
  EXPECT_EQ(net.layers[0].pad, 0);
  EXPECT_EQ(net.layers[1].type, layer_type::batch_norm);
}

TEST(DeconvNetLayers, RefusesWhatItDoesNotKnow) {
  const auto error = [](const std::string& text) { return message_of([&] { layers_of(text); }); };
  const auto changed = [&](std::string text, const std::string& from, const std::string& to) {
    return error(text.replace(text.find(from), from.size(), to));
  };
  EXPECT_EQ(error(""), "line 1: there are no layers");
  EXPECT_EQ(error(conv + "force_backward: true"), "line 3: a field \"force_backward\", which is not known here");
  EXPECT_EQ(changed(conv, "CONVOLUTION", "CROP"), "line 2: a layer of type \"CROP\", which is not known here");
  EXPECT_EQ(changed(conv, "kernel_size: 3", "kernel_h: 3"), "line 2: a field \"kernel_size\" is missing");
  EXPECT_EQ(changed(conv, "pad: 1", "group: 2"), "line 2: a field \"group\", which is not known here");
  EXPECT_EQ(changed(conv, "pad: 1", "pad: 1 pad: 1"), "line 2: \"pad\" is there twice");
  EXPECT_EQ(changed(conv, "pad: 1", "pad: -1"), "line 2: \"pad\" is to be an integer from 0 to 1048576");
  EXPECT_EQ(changed(conv, "num_output: 4", "num_output: 1e3"),
            "line 2: \"num_output\" is to be an integer from 1 to 1048576");
  EXPECT_EQ(changed(conv, "num_output: 4", ""), "line 2: a field \"num_output\" is missing");
  EXPECT_EQ(changed(conv, "name: 'c'", ""), "line 2: a field \"name\" is missing");
  EXPECT_EQ(changed(conv, "bottom: 'data'", ""), "line 2: layer \"c\" has 0 bottoms and 1 tops");
  EXPECT_EQ(changed(norm, "INFERENCE", "LEARN"), "line 2: bn_mode is to be INFERENCE, but is LEARN");
  EXPECT_EQ(changed(pool, "MAX", "AVE"), "line 2: pool is to be MAX, but is AVE");
  EXPECT_EQ(changed(unpool, "MAX", "TILE"), "line 2: unpool is to be MAX, but is TILE");
  EXPECT_EQ(message_of([] { deconvnet::read_description("input: 'x' input_dim: 1 input_dim: 3"); }),
            "line 1: four fields \"input_dim\" are needed, one image's");
}

tf::graph graph_of(const std::string& text) { return deconvnet::make_graph(layers_of(text), weights::source("")); }

TEST(DeconvNetGraph, GivesBlobsNewTensorsInPlace) {
  const tf::graph graph = graph_of(conv + norm + pool + unpool);
  ASSERT_EQ(graph.nodes.size(), 4u);
  EXPECT_EQ(graph.inputs[0].sizes, (tf::shape{1, 3, 8, 6}));
  EXPECT_EQ(graph.nodes[0].op, "conv2d");
  EXPECT_EQ(graph.nodes[0].inputs, (strings{"data", "c.weight", "c.bias"}));
  EXPECT_EQ(graph.nodes[1].op, "batch_norm");
  EXPECT_EQ(graph.nodes[1].inputs[0], "c");
  EXPECT_EQ(graph.nodes[2].inputs, strings{"n"});  // the pool reads what the batch norm made of "c"
  EXPECT_EQ(graph.nodes[2].outputs, (strings{"p", "m"}));
  EXPECT_EQ(graph.nodes[3].inputs, (strings{"p", "m"}));
  EXPECT_EQ(graph.nodes[3].attributes.at("output_size"), tf::attribute(std::vector<index_t>{9, 7}));  // caffe's rule
  EXPECT_EQ(graph.outputs, strings{"u"});
  EXPECT_EQ(graph.constants.at("c.weight").shape(), (tf::shape{4, 3, 3, 3}));
}

TEST(DeconvNetGraph, RefusesLayersThatDoNotFit) {
  const auto error = [](const std::string& text) { return message_of([&] { graph_of(text); }); };
  EXPECT_EQ(error(pool), "line 2: layer \"p\" needs the blob \"c\", which no layer before it makes");
  EXPECT_EQ(error(conv + conv), "line 3: the blob \"c\" is made twice");
  EXPECT_EQ(error(conv + norm + norm), "line 4: two tensors would have the name \"n\"");
  EXPECT_EQ(error("layers { name: 'c' type: CONVOLUTION bottom: 'data' top: 'c' "
                  "convolution_param { num_output: 4 kernel_size: 9 } }"),
            "line 2: nothing is left of a picture behind \"c\"");
  EXPECT_EQ(
      error("layers { name: 'p' type: POOLING bottom: 'data' top: 'p' pooling_param { pool: MAX kernel_size: 9 } }"),
      "line 2: a window larger than its picture in \"p\"");
  EXPECT_EQ(error("layers { name: 'd' type: DECONVOLUTION bottom: 'data' top: 'd' "
                  "convolution_param { num_output: 4 kernel_size: 9 stride: 1000000 } }"),
            "line 2: a picture of more than 2^20 pixels' side behind \"d\"");
}

/// Pieces of the format in a random order: each text is a graph, or refused by an error with a line.
TEST(DeconvNetGraph, AnyTextIsTakenOrRefused) {
  const strings pieces = {conv,          norm,   pool, unpool, "layers {", "}",  "name:", "'c'", "type: RELU",
                          "bottom: 'c'", "top:", ":",  "4096", "#",        "\n", "'",     "%",   "input_dim: 1"};
  std::mt19937 random(1);
  int taken = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (std::size_t length = 1 + random() % 5; length > 0; --length) text += " " + pieces[random() % pieces.size()];
    try {
      taken += graph_of(text).nodes.empty() ? 0 : 1;
    } catch (const prototxt::error& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with("line ")) << e.what();
    }
  }
  EXPECT_GT(taken, 50);
}

/// VGG16 without its last layer, and its mirror image.
TEST(DeconvNetGraph, IsDeconvNet) {
  const auto net = deconvnet::read_description(deconvnet::write_prototxt(8));
  const auto count = [&](layer_type type) {
    return std::count_if(net.layers.begin(), net.layers.end(), [&](const auto& l) { return l.type == type; });
  };
  EXPECT_EQ(count(layer_type::convolution), 13 + 2 + 1);
  EXPECT_EQ(count(layer_type::deconvolution), 1 + 13);
  EXPECT_EQ(count(layer_type::batch_norm), 13 + 2 + 14);
  EXPECT_EQ(count(layer_type::pooling), 5);
  EXPECT_EQ(count(layer_type::unpooling), 5);
  const tf::graph graph = deconvnet::make_graph(net, weights::source(""));
  EXPECT_EQ(graph.outputs, strings{"seg-score"});
  EXPECT_EQ(graph.constants.at("fc6.weight").shape(), (tf::shape{512, 64, 7, 7}));
  EXPECT_EQ(graph.constants.at("fc6-deconv.weight").shape(), (tf::shape{512, 64, 7, 7}));
  EXPECT_EQ(graph.constants.at("deconv4_3.weight").shape(), (tf::shape{64, 32, 3, 3}));
  EXPECT_EQ(graph.constants.at("seg-score-voc.weight").shape(), (tf::shape{21, 8, 1, 1}));
}

TEST(Formula, HasTheBitsOfItsPython) {
  const tf::safetensors::file golden(TENFOLD_GOLDEN_DIR "/networks/formula.safetensors");
  ASSERT_EQ(golden.entries().size(), 3u);
  for (const auto& [key, entry] : golden.entries()) {  // NAME|BOUND|CENTRE
    const std::size_t first = key.find('|'), second = key.rfind('|');
    const double bound = std::stod(key.substr(first + 1)), centre = std::stod(key.substr(second + 1));
    EXPECT_TRUE(tenfold_test::same_bits(
        formula::values(key.substr(0, first), entry.shape, bound, static_cast<float>(centre)), golden.get<float>(key)))
        << key;
  }
}

TEST(Formula, IsUniformToItsBound) {
  const auto x = formula::values("any", {100'000}, 0.25, 1);
  double sum = 0, squares = 0;
  for (index_t i = 0; i < x.size(); ++i) {
    const double u = 4 * (static_cast<double>(x(i)) - 1);
    EXPECT_LE(std::abs(u), 1);
    sum += u / 1e5;
    squares += u * u / 1e5;
  }
  // Of 10^5 independent ones the mean has a deviation of 1 / sqrt(3 * 10^5) = 0.0018, the mean square one of 0.00094.
  EXPECT_NEAR(sum, 0, 5 * 0.0018);
  EXPECT_NEAR(squares, 1.0 / 3, 5 * 0.00094);
}

}  // namespace
