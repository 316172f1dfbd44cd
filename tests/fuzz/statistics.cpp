#include "data/statistics_file.h"
#include "fuzz_target.h"

namespace poise::fuzz {

// What is accepted reads back as it was written.
void parse(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string json = to_json(parse_statistics(text, "x.json"));
  if (to_json(parse_statistics(json, "x.json")) != json) std::abort();
}

}  // namespace poise::fuzz
