#include "data/leak.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace poise {
namespace {

bool held_out(const Provenance& statistics) {
  return statistics.split.has_value() && (*statistics.split == "test" || *statistics.split == "val");
}

}  // namespace

bool leak_needs_content(const Provenance& statistics, const std::optional<std::string>& split) {
  return held_out(statistics) && !split;
}

std::optional<std::string> leak(const Provenance& statistics, const std::optional<std::string>& split,
                                const std::optional<Fingerprint>& content) {
  if (!held_out(statistics) || split == statistics.split) return std::nullopt;
  const bool same = content == statistics.fingerprint;
  if (same && !split) return std::nullopt;
  const std::string& of = *statistics.split;
  if (same) return fmt::format("those of {} data for the same data, said to be {}", of, *split);
  return fmt::format("those of {} data for data {}", of, split ? "said to be " + *split : "not known to be it");
}

std::string leak_record(const Provenance& statistics, const std::string& data, const std::string& reason) {
  const nlohmann::ordered_json json = {
      {"schema", "poise.leak/1"},
      {"data", data},
      {"statistics", {{"name", statistics.name}, {"fingerprint", statistics.fingerprint.str()}}},
      {"split", statistics.split ? nlohmann::ordered_json(*statistics.split) : nlohmann::ordered_json(nullptr)},
      {"allowed", reason}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace poise
