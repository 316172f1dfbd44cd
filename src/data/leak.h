#pragma once

#include <optional>
#include <string>

#include "data/statistics_file.h"

namespace poise {

// The leak rule: statistics of test or validation data scale that data only. Anything else lets a model learn what it
// will be judged by. content: of the data, where it is known by now. Returns what is wrong, as "those of test data for
// ...", or nothing.
//
// Data is that data when the user says so (split) or when its content is: only data said to be training data is never
// believed to be what the statistics are of.
std::optional<std::string> leak(const Provenance& statistics, const std::optional<std::string>& split,
                                const std::optional<Fingerprint>& content);

// Whether the answer takes the content.
bool leak_needs_content(const Provenance& statistics, const std::optional<std::string>& split);

// The record of a leak that was allowed, beside the output: JSON, schema poise.leak/1.
std::string leak_record(const Provenance& statistics, const std::string& data, const std::string& reason);

}  // namespace poise
