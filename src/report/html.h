#pragma once

#include <string>
#include <string_view>

namespace poise {

// Text for any place of an HTML page that is also well-formed XML. What XML cannot hold (control characters) becomes
// U+FFFD. Names of files are the work of strangers.
std::string escaped(std::string_view text);

// Such a name: escaped, cut where it is too long to show, and kept from turning the text around it.
std::string name_html(std::string_view name);

// A number to ten digits, and in full where a program reads the page.
std::string number_cell(std::string_view key, double value);
std::string count_cell(std::string_view key, unsigned long long value);
std::string text_cell(std::string_view text);

}  // namespace poise
