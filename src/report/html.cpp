#include "report/html.h"

#include <fmt/format.h>

namespace poise {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Of one byte; empty where it stands for itself.
std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(c);
  return code < 0x20 || code == 0x7F ? replacement : std::string_view();
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // U+FFFE and U+FFFF are no characters of XML either.
    const std::string_view three = text.substr(i, 3);
    if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {
      out += replacement;
      i += 2;
      continue;
    }
    const std::string_view other = entity(text[i]);
    if (other.empty()) {
      out += text[i];
    } else {
      out += other;
    }
  }
  return out;
}

std::string name_html(std::string_view name) {
  constexpr std::size_t longest = 160;
  std::size_t end = name.size();
  if (end > longest) {
    end = longest;
    // Not within a character.
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  }
  return fmt::format("<bdi>{}{}</bdi>", escaped(name.substr(0, end)), end < name.size() ? "..." : "");
}

std::string number_cell(std::string_view key, double value) {
  return fmt::format("<td class=\"n\" data-key=\"{}\" data-value=\"{}\">{:.10g}</td>", escaped(key), value, value);
}

std::string count_cell(std::string_view key, unsigned long long value) {
  return fmt::format("<td class=\"n\" data-key=\"{}\" data-value=\"{}\">{}</td>", escaped(key), value, value);
}

std::string text_cell(std::string_view text) { return fmt::format("<td>{}</td>", text); }

}  // namespace poise
