#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include <poise/error.h>

namespace poise::bench {

// Replaces what stands between <!-- marker --> and <!-- end of marker --> in a file by the text.
inline void put_into(const std::string& path, const std::string& marker, const std::string& text) {
  const std::string begin = "<!-- " + marker + " -->\n", end = "<!-- end of " + marker + " -->";
  std::ifstream in(path, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(in), {}};
  const std::size_t first = whole.find(begin), last = whole.find(end);
  if (first == std::string::npos || last == std::string::npos || last < first) {
    throw Error(Code::data, "[bench] " + path + ": expected the lines " + begin + "and " + end + ", got none");
  }
  whole.replace(first + begin.size(), last - first - begin.size(), "\n" + text);
  std::ofstream(path, std::ios::binary) << whole;
}

}  // namespace poise::bench
