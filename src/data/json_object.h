#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/counts.h"

namespace poise {

// A JSON object whose entries are taken by type. What is missing, of another type or out of range is Error{data} that
// names the file and the place: `[stats] s.json: channels[2].mean: expected a number, got null`.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& json, std::string file, std::string place);

  std::string string(const char* key) const;
  double number(const char* key) const;
  std::uint64_t count(const char* key) const;
  // A whole number of up to 128 bits, in a text of decimal digits.
  uint128 large_count(const char* key) const;
  bool boolean(const char* key) const;
  std::vector<std::string> strings(const char* key) const;
  std::vector<std::uint64_t> counts(const char* key) const;
  // Arrays of so many counts each.
  std::vector<std::vector<std::uint64_t>> rows(const char* key, std::size_t columns) const;
  JsonObject object(const char* key) const;
  std::vector<JsonObject> objects(const char* key) const;
  bool has(const char* key) const;
  bool is_null(const char* key) const;
  std::optional<double> number_or_null(const char* key) const;

  [[noreturn]] void fail(const std::string& key, const std::string& expected, const std::string& got) const;

 private:
  const nlohmann::json& at(const char* key, bool (nlohmann::json::*is)() const noexcept, const char* expected) const;
  std::string place_of(const std::string& key) const;

  const nlohmann::json* json_;
  std::string file_, place_;
};

}  // namespace poise
