#include "outcome.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <sstream>

#include "tolerance.h"

namespace poise::test {
namespace {

template <class Names, class NameOf>
bool contains(const Names& names, std::string_view name, NameOf name_of) {
  return std::any_of(names.begin(), names.end(), [&](const auto* e) { return name == name_of(e); });
}

struct Operand {
  std::string_view name;
  ConstTensorView Parameters::*view;
  double mean, std;  // of its random values; a negative std: their absolute value is added to mean
};

constexpr Operand operand_table[] = {
    {"gamma", &Parameters::gamma, 1, 0.5},
    {"beta", &Parameters::beta, 0, 1},
    {"running_mean", &Parameters::running_mean, 0.3, 1},
    {"running_var", &Parameters::running_var, 0.5, -2},
    {"mean", &Parameters::mean, 0.4, 1},
    {"std", &Parameters::std, 0.5, -1},
    {"min", &Parameters::min, -3, 0.5},
    {"max", &Parameters::max, 2, -1},
    {"u", &Parameters::u, 0, 1},
    {"v", &Parameters::v, 0, 1},
    {"mask", &Parameters::mask, 0, 1},
    {"labels", &Parameters::labels, 0, 1},
    {"style_labels", &Parameters::style_labels, 0, 1},
    {"style", &Parameters::style, 0.7, 1.5},
    {"style_mean", &Parameters::style_mean, 0.4, 1},
    {"style_std", &Parameters::style_std, 0.5, -1},
    {"threshold", &Parameters::threshold, -0.3, 0.2},
};

const unsigned char wanted = 0;
bool is_asked_for(ConstTensorView view) { return view.data() == &wanted; }

struct Result {
  std::string_view name;
  TensorView Results::*view;
};

constexpr Result result_table[] = {
    {"mean", &Results::mean},
    {"rstd", &Results::rstd},
    {"running_mean", &Results::running_mean},
    {"running_var", &Results::running_var},
    {"center", &Results::center},
    {"scale", &Results::scale},
    {"u", &Results::u},
    {"v", &Results::v},
    {"sigma", &Results::sigma},
    {"shift", &Results::shift},
    {"norm", &Results::norm},
    {"style_mean", &Results::style_mean},
    {"style_std", &Results::style_std},
};

// Of four elements one does not count.
Array mask_values(const Dims& sizes) {
  Random random(99);
  Array values(sizes, 0, DType::u8);
  for (auto& v : values.values) v = random.next() >> 62 == 0 ? 0 : 1 + static_cast<Real>(random.next() >> 57);
  return values;
}

// Of five neighbours two and more have each of two labels.
Array label_values(const Dims& sizes, std::int64_t count) {
  Array values(sizes, 0, DType::u8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<Real>(5 * i / 3 % static_cast<std::size_t>(count));
  }
  return values;
}

// A style of two more positions than x has, where there are positions.
Dims style_sizes(const Dims& x, const Parameters& p) {
  Dims sizes = x;
  const int channel = p.channel_axes.empty() ? 1 : positive(static_cast<int>(p.channel_axes[0]), x.size());
  const Dims positions = other_axes({0, channel}, x.size());
  if (!positions.empty()) sizes[static_cast<int>(positions[0])] += 2;
  return sizes;
}

Array operand_values(const Operand& operand, const Dims& sizes, DType type) {
  const auto seed = static_cast<std::uint64_t>(77 + (&operand - operand_table));
  if (operand.std >= 0) return random_values(sizes, type, seed, operand.mean, operand.std);
  Array values = random_values(sizes, type, seed, 0, -operand.std);
  for (auto& v : values.values) v = rounded(static_cast<Real>(operand.mean) + std::fabs(v), type);
  return values;
}

}  // namespace

bool takes(const Technique& technique, std::string_view parameter) {
  return contains(technique.parameters, parameter, [](const Parameter* p) { return p->name; });
}

bool gives(const Technique& technique, std::string_view result) {
  return contains(technique.results, result, [](const char* name) { return name; });
}

void ask_for(Parameters& parameters, std::string_view operand) {
  parameters.*operand_view(operand) = ConstTensorView(&wanted, DType::u8, {1});
}

ConstTensorView Parameters::*operand_view(std::string_view name) {
  const auto* operand = std::find_if(std::begin(operand_table), std::end(operand_table),
                                     [&](const Operand& o) { return o.name == name; });
  return operand == std::end(operand_table) ? nullptr : operand->view;
}

Parameters suited(const Technique& technique, Parameters parameters, const Dims& x) {
  if (takes(technique, "ghost_size")) {
    const std::int64_t size = std::min<std::int64_t>(parameters.ghost_size, 2);
    parameters.ghost_size = x[0] > 0 ? std::gcd(size, x[0]) : size;
  }
  if (takes(technique, "normalize_variance") && parameters.axes.empty() && x.size() != 4) {
    parameters.axes = other_axes({1}, x.size());
  }
  return parameters;
}

Operands::Operands(const Technique& technique, const Dims& x, DType type, Parameters& parameters)
    : Operands(technique, x, type, parameters, {"gamma", "beta", "running_mean", "running_var"}) {}

Operands::Operands(const Technique& technique, const Dims& x, DType type, Parameters& parameters,
                   std::initializer_list<std::string_view> names) {
  for (const auto name : names) make(technique, x, type, parameters, name);
  make_needed(technique, x, type, parameters);
}

void Operands::make_needed(const Technique& technique, const Dims& x, DType type, Parameters& parameters) {
  const bool given = parameters.style_mean.present();
  for (const Operand& operand : operand_table) {
    const bool running = operand.name.starts_with("running") && takes(technique, "r_max");
    const bool style = operand.name == "style" && !given;
    const ConstTensorView view = parameters.*(operand.view);
    if (is_asked_for(view) || ((running || style) && !view.present())) {
      make(technique, x, type, parameters, operand.name);
    }
  }
}

void Operands::make(const Technique& technique, const Dims& x, DType type, Parameters& parameters,
                    std::string_view name) {
  const bool no_part = name.starts_with("running") && parameters.labels.present();
  if (!takes(technique, name) || no_part) return;
  const auto* operand = std::find_if(std::begin(operand_table), std::end(operand_table),
                                     [&](const Operand& o) { return o.name == name; });
  const bool of_style = name == "style" || name == "style_labels";
  const Dims sizes = of_style ? style_sizes(x, parameters) : technique.shape_of(name, x, parameters);
  const bool labels = name == "labels" || name == "style_labels";
  TestTensor memory = name == "mask" ? TestTensor(DType::u8, mask_values(sizes))
                      : labels       ? TestTensor(DType::u8, label_values(sizes, parameters.label_count))
                                     : TestTensor(type, operand_values(*operand, sizes, type));
  parameters.*(operand->view) = memory.view();
  memory_.insert_or_assign(std::string(name), std::move(memory));
}

std::map<std::string, TestTensor, std::less<>> result_memory(const Technique& technique, const Dims& x,
                                                             const Parameters& parameters) {
  std::map<std::string, TestTensor, std::less<>> memory;
  for (const Result& result : result_table) {
    if (!gives(technique, result.name)) continue;
    // With running statistics nothing is measured outside training, and without them there are no new ones.
    const bool has_running = parameters.running_mean.present();
    if (has_running && parameters.mode != BatchNormMode::training) continue;
    const bool running = result.name.starts_with("running");
    if (running && !has_running) continue;
    const DType type = running ? parameters.running_mean.dtype() : DType::f64;
    memory.emplace(result.name, TestTensor(type, technique.shape_of(result.name, x, parameters)));
  }
  return memory;
}

Results views(const std::map<std::string, TestTensor, std::less<>>& memory) {
  Results results;
  for (const Result& result : result_table) {
    if (const auto found = memory.find(result.name); found != memory.end()) results.*(result.view) = found->second;
  }
  return results;
}

std::string sentence(std::string_view what, std::size_t i, Real got, Real expected, Real bound) {
  std::ostringstream text;
  text.precision(12);
  text << what << "[" << i << "]: expected " << expected << " +- " << bound << ", got " << got;
  if (bound > 0) text << ", off by " << std::fabs(got - expected) / bound << " bounds";
  return text.str();
}

Outcome run(const Technique& technique, ConstTensorView x, Placed y, const Parameters& parameters, Context& context) {
  Outcome outcome{TestTensor(y.type, x.sizes(), y.layout, TestTensor::Role::output, y.elements_off_alignment),
                  result_memory(technique, x.sizes(), parameters)};
  technique.run(outcome.y, x, parameters, views(outcome.results), context);
  return outcome;
}

Outcome run(const Technique& technique, ConstTensorView x, Placed y, const Parameters& parameters) {
  return run(technique, x, y, parameters, default_context());
}

std::string difference(const TestTensor& y, const Expected& expected, Real map_roundings) {
  const DType type = y.view().dtype();
  const Array got = y.read();
  if (!(got.sizes == expected.y.sizes)) return "y: expected sizes " + expected.y.sizes.str();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Real bound = map_bound(expected.x, expected.t[i], expected.shift[i], expected.growth[i], map_roundings);
    if (!y_right(got[i], expected.y[i], bound, type)) return sentence("y", i, got[i], expected.y[i], bound);
  }
  return y.sentinels_intact() ? "" : "y: written outside its elements";
}

std::string difference(const TestTensor& y, const Expected& expected) { return difference(y, expected, roundings); }

std::string difference(const TestTensor& result, const Statistic& expected, std::string_view name) {
  const Array got = result.read();
  if (!(got.sizes == expected.value.sizes)) return std::string(name) + ": expected sizes " + expected.value.sizes.str();
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!rounds_to(got[i], expected.value[i], expected.error[i], result.view().dtype())) {
      return sentence(name, i, got[i], expected.value[i], expected.error[i]);
    }
  }
  return result.sentinels_intact() ? "" : std::string(name) + ": written outside its elements";
}

std::string difference(const Outcome& outcome, const Expected& expected, Real map_roundings) {
  std::string text = difference(outcome.y, expected, map_roundings);
  for (const auto& [name, result] : outcome.results) {
    const auto found = expected.results.find(name);
    if (text.empty() && found == expected.results.end()) text = name + ": the oracle has no such result";
    if (text.empty()) text = difference(result, found->second, name);
  }
  return text;
}

std::map<std::string, std::vector<std::byte>, std::less<>> Outcome::bits() const {
  std::map<std::string, std::vector<std::byte>, std::less<>> all;
  all["y"] = y.bits();
  for (const auto& [name, result] : results) all[name] = result.bits();
  return all;
}

std::string different_bits(const std::map<std::string, std::vector<std::byte>, std::less<>>& a, const Outcome& b) {
  const auto of_b = b.bits();
  for (const auto& [name, bits] : a) {
    if (bits != of_b.at(name)) return name + ": other bits";
  }
  return "";
}

std::string different_bits(const Outcome& a, const Outcome& b) { return different_bits(a.bits(), b); }

}  // namespace poise::test
