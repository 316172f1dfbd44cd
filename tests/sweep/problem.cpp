#include "problem.h"

namespace poise::test {

std::string label(const Problem& problem, const std::string& layout) {
  std::string text =
      std::string(problem.technique.name) + ":" + problem.types.str() + ":" + problem.sizes.str() + "@" + layout;
  if (!problem.variant.empty()) text += ":" + std::string(problem.variant);
  return text;
}

std::optional<std::string> reason_to_skip(const Problem& problem, const Parameters& p) {
  const Technique& technique = problem.technique;
  const std::string name = technique.name;
  if (problem.types.only_scaling() && !gives(technique, "center")) return "u8 is for input scaling: " + name;
  if (takes(technique, "groups") && problem.sizes[1] % p.groups != 0)
    return "groups do not divide the channels: " + name;
  const bool weights = takes(technique, "fan_in"), styled = takes(technique, "style");
  const bool trains = takes(technique, "running_mean") && p.mode == BatchNormMode::training;
  const bool one_value =
      gives(technique, "mean") && problem.sizes.product() == technique.shape_of("mean", problem.sizes, p).product();
  const bool refuses = p.one_value == OneValue::error && (trains || takes(technique, "groups") || weights || styled);
  if (one_value && refuses) return "one value per cell is refused: " + name;
  return std::nullopt;
}

std::set<Target> available_targets() {
  std::set<Target> targets;
  for (const Target target : all_targets) {
    if (target_available(target)) targets.insert(target);
  }
  return targets;
}

DType operand_type(const Problem& problem) {
  return problem.sizes[1] % 3 == 0 ? DType::f64 : problem.sizes[1] % 3 == 1 ? DType::f32 : DType::bf16;
}

bool gives_threads_work(const Problem& problem) {
  constexpr std::int64_t bytes = 1 << 18;
  const auto element = static_cast<std::int64_t>(size_of(problem.types.x) + size_of(problem.types.y));
  return problem.sizes.product() * element >= bytes;
}

}  // namespace poise::test
