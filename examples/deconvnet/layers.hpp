// The layers of a caffe network of DeconvNet's kind, from its prototxt. What is not understood is refused, but for what
// only matters to training.
#pragma once

#include "deconvnet/prototxt.hpp"

#include <tenfold/tensor.hpp>

#include <algorithm>  // find
#include <charconv>   // from_chars
#include <map>
#include <set>

namespace deconvnet {

using prototxt::error;
using prototxt::field;
using tenfold::index_t;

enum class layer_type { convolution, deconvolution, batch_norm, relu, pooling, unpooling };

struct layer {
  std::string name;
  layer_type type = layer_type::relu;
  std::vector<std::string> bottoms, tops;
  std::size_t line = 0;
  index_t num_output = 0, kernel_size = 1, stride = 1, pad = 0, unpool_size = 0;  // those that the type has
};

struct description {
  std::string input;
  index_t channels = 0, height = 0, width = 0;
  std::vector<layer> layers;
};

namespace detail {

/// Takes the fields of a message by name; finish() refuses those that nobody asked for.
class fields_of {
 public:
  fields_of(const std::vector<field>& fields, std::size_t line) : line_(line) {
    for (const field& one : fields) fields_[one.name].push_back(&one);
  }

  std::vector<const field*> all(const std::string& name) {
    seen_.insert(name);
    const auto found = fields_.find(name);
    return found == fields_.end() ? std::vector<const field*>() : found->second;
  }
  /// Null where it is not there.
  const field* one(const std::string& name) {
    const auto found = all(name);
    if (found.size() > 1) throw error(found[1]->line, "\"" + name + "\" is there twice");
    return found.empty() ? nullptr : found[0];
  }
  std::vector<std::string> texts(const std::string& name) {
    std::vector<std::string> result;
    for (const field* f : all(name)) result.push_back(text_of(*f));
    return result;
  }
  std::string text(const std::string& name) {
    const field* found = one(name);
    if (!found) throw error(line_, "a field \"" + name + "\" is missing");
    return text_of(*found);
  }
  index_t number(const std::string& name, index_t least, index_t otherwise) {
    const field* found = one(name);
    return found ? number_of(*found, least) : otherwise;
  }
  fields_of message(const std::string& name) {
    const field* found = one(name);
    if (!found || found->is != field::kind::message) throw error(line_, "a message \"" + name + "\" is missing");
    return {found->fields, found->line};
  }
  void ignore(std::initializer_list<const char*> names) { seen_.insert(names.begin(), names.end()); }
  void finish() const {
    for (const auto& [name, found] : fields_)
      if (!seen_.contains(name)) throw error(found[0]->line, "a field \"" + name + "\", which is not known here");
  }

  static std::string text_of(const field& f) {
    if (f.is == field::kind::message) throw error(f.line, "\"" + f.name + "\" is a message, where a text is expected");
    return f.text;
  }
  static index_t number_of(const field& f, index_t least) {
    constexpr index_t most = 1 << 20;  // of channels and pixels; sums and products of a few fit
    index_t result = 0;
    const char* const end = f.text.data() + f.text.size();
    const auto [stop, failure] = std::from_chars(f.text.data(), end, result);
    if (f.is != field::kind::word || stop != end || failure != std::errc() || result < least || result > most)
      throw error(f.line, "\"" + f.name + "\" is to be an integer from " + std::to_string(least) + " to " +
                              std::to_string(most));
    return result;
  }

 private:
  std::map<std::string, std::vector<const field*>> fields_;
  std::set<std::string> seen_;
  std::size_t line_;
};

/// Both of caffe's spellings: CONVOLUTION in `layers`, "Convolution" in `layer`.
inline layer_type type_of(const std::string& name, std::size_t line) {
  static const std::map<std::string, layer_type> types = {
      {"convolution", layer_type::convolution}, {"deconvolution", layer_type::deconvolution},
      {"bn", layer_type::batch_norm},           {"relu", layer_type::relu},
      {"pooling", layer_type::pooling},         {"unpooling", layer_type::unpooling}};
  std::string lower = name;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto found = types.find(lower);
  if (found == types.end()) throw error(line, "a layer of type \"" + name + "\", which is not known here");
  return found->second;
}

inline void expect_word(fields_of& fields, const char* name, const char* word, std::size_t line) {
  if (const std::string found = fields.text(name); found != word)
    throw error(line, std::string(name) + " is to be " + word + ", but is " + found);
}

/// The message of the layer's own settings.
inline void read_settings(layer& into, fields_of& fields) {
  if (into.type == layer_type::relu) return;
  const bool filters = into.type == layer_type::convolution || into.type == layer_type::deconvolution;
  fields_of own = fields.message(filters                               ? "convolution_param"
                                 : into.type == layer_type::batch_norm ? "bn_param"
                                 : into.type == layer_type::pooling    ? "pooling_param"
                                                                       : "unpooling_param");
  if (into.type == layer_type::batch_norm) {
    expect_word(own, "bn_mode", "INFERENCE", into.line);  // a scale and a shift; LEARN would need a batch's statistics
  } else {
    if (filters) into.num_output = own.number("num_output", 1, 0);
    if (filters && into.num_output == 0) throw error(into.line, "a field \"num_output\" is missing");
    if (into.type == layer_type::pooling) expect_word(own, "pool", "MAX", into.line);
    if (into.type == layer_type::unpooling) {
      expect_word(own, "unpool", "MAX", into.line);
      into.unpool_size = own.number("unpool_size", 1, 0);
    }
    into.kernel_size = own.number("kernel_size", 1, 0);
    if (into.kernel_size == 0) throw error(into.line, "a field \"kernel_size\" is missing");
    into.stride = own.number("stride", 1, 1);
    into.pad = own.number("pad", 0, 0);
    if (into.type == layer_type::unpooling && into.pad != 0) throw error(into.line, "unpooling has no pad but 0");
  }
  own.ignore({"weight_filler", "bias_filler", "scale_filler", "shift_filler"});
  own.finish();
}

inline layer read_layer(const field& from) {
  if (from.is != field::kind::message) throw error(from.line, "\"" + from.name + "\" is to be a message");
  fields_of fields(from.fields, from.line);
  layer result;
  result.line = from.line;
  result.name = fields.text("name");
  result.type = type_of(fields.text("type"), from.line);
  result.bottoms = fields.texts("bottom");
  result.tops = fields.texts("top");
  const std::size_t bottoms = result.type == layer_type::unpooling ? 2 : 1;
  const std::size_t most_tops = result.type == layer_type::pooling ? 2 : 1;
  if (result.bottoms.size() != bottoms || result.tops.empty() || result.tops.size() > most_tops)
    throw error(from.line, "layer \"" + result.name + "\" has " + std::to_string(result.bottoms.size()) +
                               " bottoms and " + std::to_string(result.tops.size()) + " tops");
  read_settings(result, fields);
  fields.ignore({"blobs_lr", "weight_decay", "param"});
  fields.finish();
  return result;
}

}  // namespace detail

/// The network that a prototxt describes. Throws prototxt::error with the line.
inline description read_description(std::string_view text) {
  const std::vector<field> all = prototxt::parse(text);
  detail::fields_of fields(all, 1);
  description result;
  result.input = fields.text("input");
  const auto sizes = fields.all("input_dim");
  if (sizes.size() != 4) throw error(1, "four fields \"input_dim\" are needed, one image's");
  if (detail::fields_of::number_of(*sizes[0], 1) != 1) throw error(sizes[0]->line, "the first input_dim is to be 1");
  result.channels = detail::fields_of::number_of(*sizes[1], 1);
  result.height = detail::fields_of::number_of(*sizes[2], 1);
  result.width = detail::fields_of::number_of(*sizes[3], 1);
  for (const field& one : all)
    if (one.name == "layers" || one.name == "layer") result.layers.push_back(detail::read_layer(one));
  if (result.layers.empty()) throw error(1, "there are no layers");
  fields.ignore({"name", "layers", "layer"});
  fields.finish();
  return result;
}

}  // namespace deconvnet
