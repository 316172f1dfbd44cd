#include "techniques/problem.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "techniques/parameters.h"

namespace poise {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "A>B" as {A, B}; B is empty where there is no separator.
std::pair<std::string_view, std::string_view> halves(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

void set_types(Problem& problem, std::string_view text) {
  const auto [x, y] = halves(text, '>');
  problem.x = dtype_named(x);
  problem.y = text.size() == x.size() ? default_y(problem.x) : dtype_named(y);
}

void set_layout(Problem& problem, std::string_view text) {
  const auto [sizes, layouts] = halves(text, '@');
  const std::string_view given = text.size() == sizes.size() ? "nchw" : layouts;
  const auto [x, y] = halves(given, '>');
  problem.sizes = sizes_from(sizes, 'x');
  problem.strides = layout_strides(x, problem.sizes);
  problem.y_strides = given.size() == x.size() ? problem.strides : layout_strides(y, problem.sizes);
}

void set_option(Problem& problem, std::string_view text) {
  const Technique& technique = *problem.technique;
  const auto [key, value] = halves(text, '=');
  if (!takes(technique, key)) {
    throw Error(Code::usage, fmt::format("[{}] problem: expected one of {}, got {}", technique.name,
                                         parameter_names(technique), key));
  }
  if (text == "gamma") {
    problem.gamma = true;
  } else if (text == "beta") {
    problem.beta = true;
  } else {
    set_parameter(technique, problem.parameters, key, value);
  }
}

}  // namespace

Dims sizes_from(std::string_view text, char separator) {
  // Two to the 60 elements of 8 bytes still have byte offsets in 63 bits.
  constexpr std::int64_t most = std::int64_t{1} << 60;
  Dims sizes;
  std::int64_t elements = 1;
  for (const std::string_view part : split(text, separator)) {
    std::int64_t size = -1;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), size);
    const bool whole = error == std::errc() && stop == part.data() + part.size();
    if (!whole || size < 0 || sizes.size() == max_rank || size > most / std::max<std::int64_t>(elements, 1)) {
      throw Error(Code::shape, fmt::format("[problem] sizes: expected one to eight sizes as 2{0}3{0}4, of at most 2^60 "
                                           "elements together, got {1}",
                                           separator, text.empty() ? "nothing" : text));
    }
    sizes.push_back(size);
    elements *= std::max<std::int64_t>(size, 1);
  }
  return sizes;
}

Dims layout_strides(std::string_view layout, const Dims& sizes) {
  if (layout == "nchw") return contiguous_strides(sizes);
  if (layout != "nhwc") {
    throw Error(Code::usage, fmt::format("[problem] layout: expected nchw or nhwc, got {}", layout));
  }
  if (sizes.size() < 2) {
    throw Error(Code::shape, fmt::format("[problem] layout: expected at least 2 sizes for nhwc, got {}", sizes.str()));
  }
  return channels_last_strides(sizes);
}

void set_parameter(const Technique& technique, Parameters& parameters, std::string_view name, std::string_view value) {
  Parameters changed = parameters;
  set_parameter(changed, name, value);
  const auto one_axis = [&](const Parameter* p) { return p->name == name && p->values == std::string_view("axis"); };
  if (std::any_of(technique.parameters.begin(), technique.parameters.end(), one_axis)) {
    const Dims& axes = changed.channel_axes;
    if (axes.size() != 1 || axes[0] < -max_rank || axes[0] >= max_rank) {
      throw Error(Code::usage, fmt::format("[{}] {}: expected one axis of {} to {}, got {}", technique.name, name,
                                           -max_rank, max_rank - 1, value));
    }
  }
  parameters = changed;
}

bool takes(const Technique& technique, std::string_view parameter) noexcept {
  return std::any_of(technique.parameters.begin(), technique.parameters.end(),
                     [&](const Parameter* p) { return p->name == parameter; });
}

std::string parameter_names(const Technique& technique) {
  std::string names;
  for (const Parameter* p : technique.parameters) names.append(names.empty() ? "" : ", ").append(p->name);
  return names;
}

Problem problem_from(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() < 3) {
    throw Error(
        Code::usage,
        fmt::format("[problem] text: expected TECHNIQUE:DTYPE[>YDTYPE]:SIZES[@LAYOUT[>YLAYOUT]][:key=value]*, got {}",
                    text.empty() ? "nothing" : text));
  }
  Problem problem;
  problem.technique = &technique_named(parts[0]);
  set_types(problem, parts[1]);
  set_layout(problem, parts[2]);
  for (auto part = parts.begin() + 3; part != parts.end(); ++part) {
    const auto key = halves(*part, '=').first;
    if (std::any_of(parts.begin() + 3, part, [&](std::string_view other) { return halves(other, '=').first == key; })) {
      throw Error(Code::usage, fmt::format("[problem] {}: expected once, got it twice in {}", key, text));
    }
    set_option(problem, *part);
  }
  return problem;
}

std::string Problem::str() const {
  std::string text = fmt::format("{}:{}", technique->name, name_of(x));
  if (y != default_y(x)) text += fmt::format(">{}", name_of(y));
  const auto layout = [&](const Dims& of) { return of == contiguous_strides(sizes) ? "nchw" : "nhwc"; };
  text += fmt::format(":{}", sizes.str());
  if (strides != y_strides || strides != contiguous_strides(sizes)) text += fmt::format("@{}", layout(strides));
  if (strides != y_strides) text += fmt::format(">{}", layout(y_strides));
  const Parameters defaults;
  Parameters all = parameters;
  for (const Parameter* p : technique->parameters) {
    if (operand_named(all, p->name)) continue;
    const std::string value = parameter_text(parameters, p->name);
    if (value != parameter_text(defaults, p->name)) text += fmt::format(":{}={}", p->name, value);
  }
  if (gamma) text += ":gamma";
  if (beta) text += ":beta";
  return text;
}

}  // namespace poise
