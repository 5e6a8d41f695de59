// A run on disk. A checkpoint is a safetensors file, of which examples/segment can read the weights too:
//
//     conv1.weight, conv1.bias, ... deconv3.bias                    the weights
//     first.conv1.weight, ... second.conv1.weight, ...              the optimizer's averages
//     losses (step), looks (step / look_every)                      what the curve is drawn of
//     metadata: format, step, the settings by their options' names, and crc32, zlib's of all the rest
//
// The state of the random numbers is the seed and the step (random.hpp).
#pragma once

#include "run.hpp"

#include "common/replace_file.hpp"

#include <tenfold/safetensors.hpp>

#include <zlib.h>  // crc32

#include <algorithm>  // copy
#include <map>
#include <string>

namespace training {

inline constexpr const char* checkpoint_format = "tenfold train_segment 1";

namespace detail {

inline tf::tensor<float> to_tensor(const std::vector<float>& values) {
  return {{static_cast<index_t>(values.size())}, values.data()};
}

/// Calls visit(name, tensor) for all that a checkpoint holds but the curves.
template <class Run, class Visit>
void for_each_saved(Run& run, const Visit& visit) {
  for_each_tensor(visit, run.weights);
  for_each_tensor([&](const std::string& name, auto& x) { visit("first." + name, x); }, run.averages.first);
  for_each_tensor([&](const std::string& name, auto& x) { visit("second." + name, x); }, run.averages.second);
}

inline std::string checksum(const run_state& run, std::map<std::string, std::string> metadata) {
  uLong sum = crc32(0, nullptr, 0);
  const auto add = [&](const void* bytes, std::size_t count) {
    if (count > 0) sum = crc32_z(sum, static_cast<const Bytef*>(bytes), count);  // which begins anew at a null pointer
  };
  metadata.erase("crc32");
  for (const auto& [key, value] : metadata) add((key + '=' + value + '\n').data(), key.size() + value.size() + 2);
  for_each_saved(run, [&](const std::string&, const tf::tensor<float>& x) {
    add(x.data(), static_cast<std::size_t>(x.size()) * sizeof(float));
  });
  for (const auto* curve : {&run.losses, &run.looks}) add(curve->data(), curve->size() * sizeof(float));
  return std::to_string(sum);
}

class checkpoint_reader {
 public:
  explicit checkpoint_reader(const std::string& path) : file_(path) {}

  run_state read(const settings& s) const {
    if (metadata("format") != checkpoint_format) fail("is not a checkpoint of this program");
    run_state run;
    for_each_saved(run, [&](const std::string& name, tf::tensor<float>& x) { x = tensor(name, x.shape()); });
    run.losses = curve("losses");
    run.looks = curve("looks");
    run.step = static_cast<index_t>(run.losses.size());
    if (metadata("crc32") != checksum(run, file_.metadata()) || metadata("step") != std::to_string(run.step))
      fail("is damaged: its checksum is not that of its content");
    for (const auto& [option, value] : describe(s))
      if (metadata(option) != value)
        fail("was made with --" + option + " " + metadata(option) + ", and this run has " + value);
    return run;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { file_.fail(why); }

  std::string metadata(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    return found == file_.metadata().end() ? "" : found->second;
  }

  tf::tensor<float> tensor(const std::string& name, const tf::shape& form) const {
    const tf::shape& found = file_.at(name).shape;
    if (!(found == form))
      fail("tensor \"" + name + "\" has the shape " + to_string(found) + ", where this network needs " +
           to_string(form));
    return file_.get<float>(name);
  }

  std::vector<float> curve(const std::string& name) const {
    const auto x = file_.get<float>(name);
    return {x.data(), x.data() + x.size()};
  }

  tf::safetensors::file file_;
};

}  // namespace detail

inline std::string checkpoint_bytes(const run_state& run, const settings& s) {
  tf::safetensors::content content;
  detail::for_each_saved(run, [&](const std::string& name, const tf::tensor<float>& x) { content.add(name, x); });
  content.add("losses", detail::to_tensor(run.losses));
  content.add("looks", detail::to_tensor(run.looks));
  content.metadata = {{"format", checkpoint_format}, {"step", std::to_string(run.step)}};
  for (const auto& [option, value] : describe(s)) content.metadata[option] = value;
  content.metadata["crc32"] = detail::checksum(run, content.metadata);
  return content.bytes();
}

/// Throws tf::error where there is none, it is damaged, or of another network or other settings.
inline run_state read_checkpoint(const std::string& path, const settings& s) {
  return detail::checkpoint_reader(path).read(s);
}

}  // namespace training
