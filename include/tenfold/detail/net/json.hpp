// JSON of files that nobody vouches for.
#pragma once

#include <tenfold/detail/net/budget.hpp>
#include <tenfold/detail/quotes.hpp>

#include <nlohmann/json.hpp>

#include <set>
#include <string_view>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// JSON whose keys are unique, and no deeper than that. `name` is what the text is in errors; `refuse` raises those
/// that say that it is not of its format.
template <class Refuse>
nlohmann::json parse_json(std::string_view text, const std::string& name, int deepest, budget& memory,
                          const Refuse& refuse) {
  // The most of memory that a byte of text makes: `{},` in a list, an object with its place in a growing vector, is 112
  // bytes for 3; a key of its own with an empty object, `"ab":{},`, 240 for 8. (safetensors_test measures such texts:
  // 40.)
  constexpr std::size_t bytes_of_a_letter = 64;
  memory.take(static_cast<index_t>(text.size()), bytes_of_a_letter);
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using event_t = nlohmann::json::parse_event_t;
    if (depth > deepest) refuse("its " + name + " is nested too deeply");
    if (event == event_t::object_start) keys.emplace_back();
    if (event == event_t::object_end) keys.pop_back();
    if (event == event_t::key && !keys.back().insert(value.get<std::string>()).second)
      raise({"the ", name, " has the key ", in_quotes(value.get<std::string>()), " twice"});
    return true;
  };
  try {
    return nlohmann::json::parse(text, check);
  } catch (const nlohmann::json::parse_error& e) {
    refuse("its " + name + " is not JSON (at byte " + std::to_string(e.byte) + ")");
  } catch (const nlohmann::json::out_of_range&) {
    refuse("its " + name + " has a number that no double holds");
  }
  return {};  // refuse does not return
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
