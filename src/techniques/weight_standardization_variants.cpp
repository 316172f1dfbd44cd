// The published variants of weight standardization.

#include <poise/error.h>
#include <poise/weight_standardization.h>

#include <string>
#include <utility>

namespace poise {

WeightStandardizationOptions weight_standardization_variant(std::string_view name) {
  using O = WeightStandardizationOptions;
  constexpr EpsPlace inside = EpsPlace::inside, outside = EpsPlace::outside, floor = EpsPlace::floor;
  constexpr Divisor n = Divisor::population, n_1 = Divisor::sample;
  const std::pair<std::string_view, O> variants[] = {
      {"original", {.eps = 1e-5, .eps_place = outside, .divisor = n_1}},
      {"bit", {.eps = 1e-10, .eps_place = inside, .divisor = n}},
      {"vit", {.eps = 1e-5, .eps_place = outside, .divisor = n}},
      {"timm", {.eps = 1e-6, .eps_place = inside, .divisor = n}},
      {"nfnet", {.eps = 1e-4, .eps_place = floor, .divisor = n, .fan_in = FanIn::variance}},
      {"timm_scaled", {.eps = 1e-6, .eps_place = inside, .divisor = n, .fan_in = FanIn::scale}},
      {"aws", {.eps = 1e-5, .eps_place = inside, .divisor = n_1}},
  };
  std::string names;
  for (const auto& [known, options] : variants) {
    if (known == name) return options;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  throw Error(Code::usage, "[weight_standardization] variant: expected one of " + names + ", got " + std::string(name));
}

}  // namespace poise
