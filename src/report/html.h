#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace poise {

// Text for any place of an HTML page that is also well-formed XML. What XML cannot hold (control characters), and what
// turns or hides text, becomes U+FFFD. Names of files are the work of strangers.
std::string escaped(std::string_view text);

// At most so many bytes of UTF-8, never part of a character; "..." says that there is more.
std::string shortened(std::string_view text, std::size_t most);

// A name: escaped, shortened, and kept from mixing with the text around it where it is written from the right.
std::string name_html(std::string_view name, std::size_t most = 160);

// Cells of a table. A number is shown to so many digits, and is there in full where a program reads the page.
std::string number_cell(std::string_view key, double value, int digits = 10);
std::string count_cell(std::string_view key, unsigned long long value);
std::string text_cell(std::string_view html);

std::string header_row(std::initializer_list<std::string_view> names);
std::string paragraph(std::string_view kind, const std::string& html);
std::string section(std::string_view id, const std::string& title, const std::string& body);

// Rows 0, 1, ... of count, as many as fit into room bytes. Returns how many.
std::size_t add_rows(std::string& out, std::size_t count, std::size_t room,
                     const std::function<std::string(std::size_t)>& row);
// "... and 7 more classes.", or nothing of 0.
std::string and_more(std::size_t count, std::string_view of);

std::string base64(std::span<const std::byte> bytes);

}  // namespace poise
