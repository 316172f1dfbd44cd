#include "io/npy_dictionary.h"

#include <charconv>
#include <set>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

// The little of Python's literals that numpy writes there, Python 2's long integers (3L) included.
class DictionaryParser {
 public:
  DictionaryParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  NpyDictionary parse() {
    expect('{');
    while (!accept('}')) {
      parse_entry();
      if (accept('}')) break;
      expect(',');
    }
    skip_space();
    if (place_ != text_.size()) fail("nothing after the closing brace");
    if (seen_.size() != 3) fail("the keys descr, fortran_order and shape");
    return dictionary_;
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(Code::data, fmt::format("[npy] {}: expected {} at byte {} of the header's dictionary, got {}", name_,
                                        expected, place_, shown()));
  }

  // What stands there, without letting the file write control characters to a terminal.
  std::string shown() const {
    std::string out;
    for (const char c : text_.substr(place_, 24)) out += c >= ' ' && c <= '~' ? c : '?';
    return out.empty() ? "its end" : "'" + out + "'";
  }

  void skip_space() {
    while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\n')) ++place_;
  }

  bool accept(std::string_view token) {
    skip_space();
    if (text_.substr(place_, token.size()) != token) return false;
    place_ += token.size();
    return true;
  }
  bool accept(char c) { return accept(std::string_view(&c, 1)); }

  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}'", c));
  }

  std::string parse_string() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"' && !accept('"')) fail("a plain type or key in quotes");
    const std::size_t end = text_.find(quote, place_);
    if (end == std::string_view::npos) fail("a closing quote after this");
    const std::string_view content = text_.substr(place_, end - place_);
    place_ = end + 1;
    return std::string(content);
  }

  bool parse_bool() {
    if (accept("True")) return true;
    if (!accept("False")) fail("True or False");
    return false;
  }

  std::int64_t parse_size() {
    skip_space();
    std::int64_t size = 0;
    const char* begin = text_.data() + place_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
    if (error != std::errc() || size < 0) fail("a size of 0 to 2^63 - 1");
    place_ += static_cast<std::size_t>(end - begin);
    accept('L');
    return size;
  }

  // (3) is a number in Python and no shape.
  std::vector<std::int64_t> parse_shape() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(parse_size());
      if (accept(',')) continue;
      if (shape.size() < 2) fail("','");
      expect(')');
      break;
    }
    return shape;
  }

  void parse_entry() {
    const std::string key = parse_string();
    expect(':');
    if (key == "descr") {
      dictionary_.descr = parse_string();
    } else if (key == "fortran_order") {
      dictionary_.fortran_order = parse_bool();
    } else if (key == "shape") {
      dictionary_.shape = parse_shape();
    } else {
      fail("only the keys descr, fortran_order and shape before this");
    }
    if (!seen_.insert(key).second) fail("each key once before this");
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t place_ = 0;
  std::set<std::string> seen_;
  NpyDictionary dictionary_;
};

}  // namespace

NpyDictionary parse_npy_dictionary(std::string_view text, const std::string& name) {
  return DictionaryParser(text, name).parse();
}

}  // namespace poise
