#pragma once

#include "data/image_set.h"
#include "data/json_object.h"

namespace poise {

// Error{data} for what contradicts the schema or itself.
ImageSizes read_sizes(const JsonObject& json);
// channels: how many sums each class has.
Classes read_classes(const JsonObject& json);
Outliers read_outliers(const JsonObject& json);
Failures read_failures(const JsonObject& samples);
// In order.
std::vector<Fingerprint> read_hashes(const JsonObject& samples);

}  // namespace poise
