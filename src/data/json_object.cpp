#include "data/json_object.h"

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

// Short, and without letting a file write control characters to a terminal.
std::string shown(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return text.size() <= 40 ? text : text.substr(0, 40) + "...";
}

}  // namespace

JsonObject::JsonObject(const nlohmann::json& json, std::string file, std::string place)
    : json_(&json), file_(std::move(file)), place_(std::move(place)) {
  if (!json.is_object()) fail("", "an object", shown(json));
}

std::string JsonObject::place_of(const std::string& key) const {
  return place_.empty() || key.empty() ? place_ + key : place_ + "." + key;
}

void JsonObject::fail(const std::string& key, const std::string& expected, const std::string& got) const {
  const std::string place = place_of(key);
  throw Error(Code::data, fmt::format("[stats] {}: {}{}expected {}, got {}", file_, place, place.empty() ? "" : ": ",
                                      expected, got));
}

const nlohmann::json& JsonObject::at(const char* key, bool (nlohmann::json::*is)() const noexcept,
                                     const char* expected) const {
  const auto found = json_->find(key);
  if (found == json_->end()) fail(key, expected, "nothing");
  if (!((*found).*is)()) fail(key, expected, shown(*found));
  return *found;
}

std::string JsonObject::string(const char* key) const {
  return at(key, &nlohmann::json::is_string, "a text").get<std::string>();
}

double JsonObject::number(const char* key) const {
  return at(key, &nlohmann::json::is_number, "a number").get<double>();
}

std::uint64_t JsonObject::count(const char* key) const {
  return at(key, &nlohmann::json::is_number_unsigned, "a whole number of at least 0").get<std::uint64_t>();
}

uint128 JsonObject::large_count(const char* key) const {
  const std::string digits = string(key);
  bool fits = !digits.empty() && digits.size() <= 38;  // below 2^128
  uint128 value = 0;
  for (const char digit : digits) {
    fits = fits && '0' <= digit && digit <= '9';
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  if (!fits) fail(key, "a text of at most 38 digits", "'" + digits.substr(0, 64) + "'");
  return value;
}

bool JsonObject::boolean(const char* key) const {
  return at(key, &nlohmann::json::is_boolean, "true or false").get<bool>();
}

std::vector<std::string> JsonObject::strings(const char* key) const {
  std::vector<std::string> values;
  for (const nlohmann::json& value : at(key, &nlohmann::json::is_array, "an array")) {
    if (!value.is_string()) fail(key, "texts", shown(value));
    values.push_back(value.get<std::string>());
  }
  return values;
}

std::vector<std::vector<std::uint64_t>> JsonObject::rows(const char* key, std::size_t columns) const {
  std::vector<std::vector<std::uint64_t>> rows;
  for (const nlohmann::json& row : at(key, &nlohmann::json::is_array, "an array")) {
    bool counts = row.is_array() && row.size() == columns;
    for (std::size_t i = 0; counts && i < columns; ++i) counts = row[i].is_number_unsigned();
    if (!counts) fail(key, fmt::format("arrays of {} whole numbers of at least 0", columns), shown(row));
    rows.push_back(row.get<std::vector<std::uint64_t>>());
  }
  return rows;
}

std::vector<std::uint64_t> JsonObject::counts(const char* key) const {
  std::vector<std::uint64_t> values;
  for (const nlohmann::json& value : at(key, &nlohmann::json::is_array, "an array")) {
    if (!value.is_number_unsigned()) fail(key, "whole numbers of at least 0", shown(value));
    values.push_back(value.get<std::uint64_t>());
  }
  return values;
}

JsonObject JsonObject::object(const char* key) const {
  return {at(key, &nlohmann::json::is_object, "an object"), file_, place_of(key)};
}

std::vector<JsonObject> JsonObject::objects(const char* key) const {
  std::vector<JsonObject> values;
  for (const nlohmann::json& value : at(key, &nlohmann::json::is_array, "an array")) {
    values.emplace_back(value, file_, fmt::format("{}[{}]", place_of(key), values.size()));
  }
  return values;
}

bool JsonObject::has(const char* key) const { return json_->contains(key); }

bool JsonObject::is_null(const char* key) const {
  const auto found = json_->find(key);
  if (found == json_->end()) fail(key, "a value or null", "nothing");
  return found->is_null();
}

std::optional<double> JsonObject::number_or_null(const char* key) const {
  return is_null(key) ? std::nullopt : std::optional<double>(number(key));
}

}  // namespace poise
