#include "techniques/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "techniques/words.h"

namespace poise {
namespace {

// A reader turns the whole text into a value and returns null, or returns what it expected and leaves the value alone.
const char* read(std::string_view text, double& value) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return "a finite number";
  value = number;
  return nullptr;
}

const char* read(std::string_view text, std::int64_t& value) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return "a whole number";
  value = number;
  return nullptr;
}

const char* read(std::string_view text, Dims& value) {
  const char* const expected = "one to eight whole numbers with commas between them";
  Dims numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    std::int64_t number = 0;
    if (numbers.size() == max_rank || read(text.substr(begin, comma - begin), number)) return expected;
    numbers.push_back(number);
    begin = comma + 1;
  }
  value = numbers;
  return nullptr;
}

const char* read(std::string_view text, std::vector<std::int64_t>& value) {
  const char* const expected = "whole numbers with commas between them";
  std::vector<std::int64_t> numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    if (read(text.substr(begin, comma - begin), numbers.emplace_back())) return expected;
    begin = comma + 1;
  }
  value = numbers;
  return nullptr;
}

const char* read(std::string_view text, std::string& value) {
  if (text.empty()) return "a name";
  value = text;
  return nullptr;
}

// "one, two or three"
template <class E>
const char* expected_of() {
  static const std::string text = [] {
    const auto& words = Words<E>::words;
    const std::string last = fmt::format(" or {}", words.back());
    return fmt::format("{}{}", fmt::join(words.begin(), words.end() - 1, ", "), last);
  }();
  return text.c_str();
}

template <class E>
const char* read(std::string_view text, E& value) {
  const std::optional<E> choice = choice_of<E>(text);
  if (!choice) return expected_of<E>();
  value = *choice;
  return nullptr;
}

std::string write(double value) { return fmt::format("{}", value); }
std::string write(std::int64_t value) { return fmt::format("{}", value); }
std::string write(const std::string& value) { return value; }
std::string write(const Dims& value) { return fmt::format("{}", fmt::join(value, ",")); }
std::string write(const std::vector<std::int64_t>& value) { return fmt::format("{}", fmt::join(value, ",")); }
template <class E>
std::string write(E value) {
  return word_of(value);
}

template <class T>
std::string write(const std::optional<T>& value) {
  return value ? write(*value) : std::string();
}

template <class T>
const char* read(std::string_view text, std::optional<T>& value) {
  T given{};
  const char* const expected = read(text, given);
  if (!expected) value = given;
  return expected;
}

struct Field {
  std::string_view name;
  const char* (*set)(Parameters&, std::string_view);
  std::string (*get)(const Parameters&);
};

template <auto member>
constexpr Field field(std::string_view name) {
  return {name, [](Parameters& p, std::string_view text) { return read(text, p.*member); },
          [](const Parameters& p) { return write(p.*member); }};
}

// Parameters says "the default" with a negative eps, which therefore must not come from a user.
const char* set_eps(Parameters& parameters, std::string_view text) {
  double eps = 0;
  if (read(text, eps) || eps < 0) return "a finite number of at least 0";
  parameters.eps = eps;
  return nullptr;
}

// The one number that may be infinite.
const char* set_p(Parameters& parameters, std::string_view text) {
  if (text == "inf") {
    parameters.p = std::numeric_limits<double>::infinity();
    return nullptr;
  }
  return read(text, parameters.p) == nullptr ? nullptr : "a number of at least 1, or inf";
}

constexpr Field fields[] = {
    {"eps", set_eps, field<&Parameters::eps>("").get},
    field<&Parameters::eps_place>("eps_place"),
    field<&Parameters::divisor>("divisor"),
    field<&Parameters::running_divisor>("running_divisor"),
    field<&Parameters::momentum>("momentum"),
    field<&Parameters::mode>("mode"),
    field<&Parameters::track_running>("track_running"),
    field<&Parameters::axes>("axes"),
    field<&Parameters::channel_axes>("channel_axes"),
    field<&Parameters::gamma_axes>("gamma_axes"),
    field<&Parameters::gamma_offset>("gamma_offset"),
    field<&Parameters::masked>("masked"),
    field<&Parameters::lengths>("lengths"),
    field<&Parameters::length_axis>("length_axis"),
    field<&Parameters::non_finite>("non_finite"),
    field<&Parameters::label_count>("label_count"),
    field<&Parameters::one_value>("one_value"),
    field<&Parameters::activation>("activation"),
    field<&Parameters::slope>("slope"),
    field<&Parameters::groups>("groups"),
    field<&Parameters::per>("per"),
    field<&Parameters::low>("low"),
    field<&Parameters::high>("high"),
    field<&Parameters::region>("region"),
    field<&Parameters::size>("size"),
    field<&Parameters::extra_tap>("extra_tap"),
    field<&Parameters::alpha>("alpha"),
    field<&Parameters::alpha_scaled>("alpha_scaled"),
    field<&Parameters::exponent>("exponent"),
    field<&Parameters::k>("k"),
    field<&Parameters::iterations>("iterations"),
    field<&Parameters::order>("order"),
    field<&Parameters::norm_eps>("norm_eps"),
    field<&Parameters::evaluation_iterates>("evaluation_iterates"),
    field<&Parameters::zero_sigma>("zero_sigma"),
    field<&Parameters::exact>("exact"),
    field<&Parameters::preset>("preset"),
    field<&Parameters::normalize_variance>("normalize_variance"),
    field<&Parameters::fan_in>("fan_in"),
    field<&Parameters::variant>("variant"),
    field<&Parameters::kept_axes>("kept_axes"),
    field<&Parameters::limit>("limit"),
    {"p", set_p, field<&Parameters::p>("").get},
    field<&Parameters::scope>("scope"),
    field<&Parameters::blend>("blend"),
    field<&Parameters::style_divisor>("style_divisor"),
    field<&Parameters::r_max>("r_max"),
    field<&Parameters::d_max>("d_max"),
    field<&Parameters::ghost_size>("ghost_size"),
};

const Field& field_named(std::string_view name) {
  std::string names;
  for (const Field& f : fields) {
    if (f.name == name) return f;
    names.append(names.empty() ? "" : ", ").append(f.name);
  }
  throw Error(Code::usage, fmt::format("[parameter] name: expected one of {}, got {}", names, name));
}

}  // namespace

void set_parameter(Parameters& parameters, std::string_view name, std::string_view value) {
  const char* const expected = field_named(name).set(parameters, value);
  if (!expected) return;
  throw Error(Code::usage, fmt::format("[parameter] {}: expected {}, got {}", name, expected,
                                       value.empty() ? std::string_view("nothing") : value));
}

std::string parameter_text(const Parameters& parameters, std::string_view name) {
  return field_named(name).get(parameters);
}

ConstTensorView* operand_named(Parameters& p, std::string_view name) noexcept {
  const std::pair<std::string_view, ConstTensorView*> operands[] = {{"gamma", &p.gamma},
                                                                    {"beta", &p.beta},
                                                                    {"running_mean", &p.running_mean},
                                                                    {"running_var", &p.running_var},
                                                                    {"mean", &p.mean},
                                                                    {"std", &p.std},
                                                                    {"min", &p.min},
                                                                    {"max", &p.max},
                                                                    {"mask", &p.mask},
                                                                    {"labels", &p.labels},
                                                                    {"style", &p.style},
                                                                    {"style_labels", &p.style_labels},
                                                                    {"style_mean", &p.style_mean},
                                                                    {"style_std", &p.style_std},
                                                                    {"threshold", &p.threshold},
                                                                    {"residual", &p.residual},
                                                                    {"residual_after", &p.residual_after},
                                                                    {"u", &p.u},
                                                                    {"v", &p.v},
                                                                    {"y", &p.y}};
  for (const auto& [known, view] : operands)
    if (known == name) return view;
  return nullptr;
}

TensorView* result_named(Results& r, std::string_view name) noexcept {
  const std::pair<std::string_view, TensorView*> results[] = {{"mean", &r.mean},
                                                              {"rstd", &r.rstd},
                                                              {"running_mean", &r.running_mean},
                                                              {"running_var", &r.running_var},
                                                              {"center", &r.center},
                                                              {"scale", &r.scale},
                                                              {"shift", &r.shift},
                                                              {"norm", &r.norm},
                                                              {"style_mean", &r.style_mean},
                                                              {"style_std", &r.style_std},
                                                              {"u", &r.u},
                                                              {"v", &r.v},
                                                              {"sigma", &r.sigma}};
  for (const auto& [known, view] : results)
    if (known == name) return view;
  return nullptr;
}

TensorView* gradient_named(Gradients& g, std::string_view name) noexcept {
  const std::pair<std::string_view, TensorView*> gradients[] = {{"dx", &g.dx},
                                                                {"dgamma", &g.dgamma},
                                                                {"dbeta", &g.dbeta},
                                                                {"dstyle", &g.dstyle},
                                                                {"dstyle_mean", &g.dstyle_mean},
                                                                {"dstyle_std", &g.dstyle_std},
                                                                {"dthreshold", &g.dthreshold},
                                                                {"dresidual", &g.dresidual}};
  for (const auto& [known, view] : gradients)
    if (known == name) return view;
  return nullptr;
}

}  // namespace poise
