// The technique table: one line a technique. Command, documentation, sweep and benchmark read it.

#include <poise/error.h>
#include <poise/technique.h>

#include <string>

namespace poise {

// A line each, whatever the length of the names.
// clang-format off
extern const Technique
    batch_norm_technique,
    layer_norm_technique,
    rms_norm_technique,
    instance_norm_technique,
    group_norm_technique,
    sync_batch_norm_technique,
    local_response_norm_technique,
    adaptive_instance_norm_technique,
    global_response_norm_technique,
    filter_response_norm_technique,
    mean_variance_norm_technique,
    batch_renorm_technique,
    ghost_batch_norm_technique,
    weight_standardization_technique,
    weight_norm_technique,
    max_norm_technique,
    lp_norm_technique,
    clip_technique,
    spectral_norm_technique,
    zscore_technique,
    minmax_technique,
    symmetric_technique,
    preset_technique;

std::span<const Technique> techniques() noexcept {
  static const Technique table[] = {
      batch_norm_technique,
      layer_norm_technique,
      rms_norm_technique,
      instance_norm_technique,
      group_norm_technique,
      sync_batch_norm_technique,
      local_response_norm_technique,
      adaptive_instance_norm_technique,
      global_response_norm_technique,
      filter_response_norm_technique,
      mean_variance_norm_technique,
      batch_renorm_technique,
      ghost_batch_norm_technique,
      weight_standardization_technique,
      weight_norm_technique,
      max_norm_technique,
      lp_norm_technique,
      clip_technique,
      spectral_norm_technique,
      zscore_technique,
      minmax_technique,
      symmetric_technique,
      preset_technique,
  };
  // clang-format on
  return table;
}

const Technique& technique_named(std::string_view name) {
  for (const Technique& technique : techniques())
    if (technique.name == name) return technique;
  std::string names;
  for (const Technique& technique : techniques()) {
    names += (names.empty() ? "" : ", ") + std::string(technique.name);
  }
  throw Error(Code::usage, "[technique] name: expected one of " + names + ", got \"" + std::string(name) + "\"");
}

}  // namespace poise
