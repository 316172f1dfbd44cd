#include "report/html.h"

#include <algorithm>

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

// U+FFFE and U+FFFF are no characters of XML; U+200B, 200E, 200F, U+202A to 202E and U+2060 to 206F show nothing, turn
// what is near, or both; U+FEFF shows nothing.
bool is_unfit(std::string_view three) {
  if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF" || three == "\xEF\xBB\xBF") return true;
  if (three.size() < 3 || three[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(three[1]), third = static_cast<unsigned char>(three[2]);
  if (second == 0x80) return third == 0x8B || third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE);
  return second == 0x81 && third >= 0xA0 && third <= 0xAF;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_unfit(text.substr(i, 3))) {
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

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string name_html(std::string_view name, std::size_t most) {
  return "<bdi>" + escaped(shortened(name, most)) + "</bdi>";
}

std::string number_cell(std::string_view key, double value, int digits) {
  return fmt::format("<td class=\"n\" data-key=\"{}\" data-value=\"{}\">{:.{}g}</td>", escaped(key), value, value,
                     digits);
}

std::string count_cell(std::string_view key, unsigned long long value) {
  return fmt::format("<td class=\"n\" data-key=\"{}\" data-value=\"{}\">{}</td>", escaped(key), value, value);
}

std::string text_cell(std::string_view html) { return fmt::format("<td>{}</td>", html); }

std::string header_row(std::initializer_list<std::string_view> names) {
  std::string out = "<tr>";
  for (const std::string_view name : names) out += fmt::format("<th>{}</th>", name);
  return out + "</tr>\n";
}

std::string paragraph(std::string_view kind, const std::string& html) {
  return fmt::format("<p class=\"{}\">{}</p>\n", kind, html);
}

std::string section(std::string_view id, const std::string& title, const std::string& body) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, title, body);
}

std::size_t add_rows(std::string& out, std::size_t count, std::size_t room,
                     const std::function<std::string(std::size_t)>& row) {
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string next = row(i);
    if (out.size() + next.size() > start + room) return i;
    out += next;
  }
  return count;
}

std::string and_more(std::size_t count, std::string_view of) {
  return count == 0 ? "" : paragraph("note", fmt::format("... and {} more {}.", count, of));
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    unsigned value = 0;
    for (std::size_t k = 0; k < 3; ++k) value = value << 8 | (k < here ? std::to_integer<unsigned>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) out += k <= here ? digits[value >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace poise
