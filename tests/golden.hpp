// The cases of golden/*.safetensors; golden/README.md describes the format.
#pragma once

#include <tenfold/safetensors.hpp>
#include <tenfold/upsample2d.hpp>  // scale

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>

namespace tenfold_test {

namespace tf = tenfold;

/// An input of an operation. Of zeros that only an error's shape needs there is no array.
template <class T>
struct golden_operand {
  tf::tensor<T> values;
  tf::shape shape;

  friend tf::tensor_view<const T> as_view(const golden_operand& o) { return {o.values.data(), o.shape}; }
};

class golden_case {
 public:
  golden_case(std::shared_ptr<const tf::safetensors::file> file, nlohmann::json fields)
      : file_(std::move(file)), fields_(std::move(fields)) {}

  std::string op() const { return fields_.at("op"); }
  std::string name() const { return op() + "_" + fields_.at("name").get<std::string>(); }
  std::string dtype() const { return fields_.at("dtype"); }
  bool exact() const { return fields_.value("exact", false); }
  bool is_error() const { return fields_.contains("error"); }
  std::string error() const { return fields_.at("error"); }

  bool has_input(const char* role) const { return fields_.at("inputs").contains(role); }
  template <class T>
  tf::tensor<T> input(const char* role) const {
    const auto& given = fields_.at("inputs").at(role);
    return given.is_array() ? tf::tensor<T>(zeros_shape(given)) : file_->get<T>(given.get<std::string>());
  }
  template <class T>
  golden_operand<T> operand(const char* role) const {
    const auto& given = fields_.at("inputs").at(role);
    if (is_error() && given.is_array()) return {{}, zeros_shape(given)};
    auto values = input<T>(role);
    const tf::shape shape = values.shape();
    return {std::move(values), shape};
  }
  bool has_output(const char* role) const { return fields_.at("outputs").contains(role); }
  template <class T>
  tf::tensor<T> output(const char* role) const {
    return file_->get<T>(fields_.at("outputs").at(role).get<std::string>());
  }

  /// The option, or `otherwise` where the case has none (or null).
  template <class T>
  T option(const char* key, const T& otherwise) const {
    return has_option(key) ? value<T>(fields_.at("options").at(key)) : otherwise;
  }
  template <class T>
  T option(const char* key) const {
    return value<T>(fields_.at("options").at(key));
  }
  /// The same call as answered by somebody else, where that answer is another one; `op` is the operation to ask for it.
  std::optional<golden_case> also(const std::string& by, const std::string& op) const {
    for (const auto& other : fields_.value("also", nlohmann::json::array()))
      if (other.at("by") == by) {
        nlohmann::json fields = fields_;
        for (const char* key : {"outputs", "error", "error_class", "also"}) fields.erase(key);
        fields.update(other);
        fields["op"] = op;
        return golden_case(file_, fields);
      }
    return std::nullopt;
  }

  bool has_option(const char* key) const {
    const auto& options = fields_.at("options");
    return options.contains(key) && !options.at(key).is_null();
  }

 private:
  static tf::shape zeros_shape(const nlohmann::json& sizes) {
    return tf::shape(std::span<const tf::index_t>(sizes.get<std::vector<tf::index_t>>()));
  }

  template <class T>
  static T value(const nlohmann::json& json) {
    if constexpr (std::same_as<T, tf::hw>)
      return {json.at(0).get<tf::index_t>(), json.at(1).get<tf::index_t>()};
    else if constexpr (std::same_as<T, tf::scale>)
      return {number(json.at(0)), number(json.at(1))};
    else
      return json.get<T>();
  }

  /// JSON has no NaN and no infinity: they are strings.
  static double number(const nlohmann::json& json) {
    return json.is_string() ? std::stod(json.get<std::string>()) : json.get<double>();
  }

  std::shared_ptr<const tf::safetensors::file> file_;
  nlohmann::json fields_;
};

inline void PrintTo(const golden_case& c, std::ostream* stream) { *stream << c.name(); }

inline std::vector<golden_case> golden_cases(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<golden_case> cases;
  for (const auto& path : paths) {
    const auto file = std::make_shared<const tf::safetensors::file>(path.string());
    for (const auto& fields : nlohmann::json::parse(file->metadata().at("cases"))) cases.emplace_back(file, fields);
  }
  return cases;
}

}  // namespace tenfold_test
