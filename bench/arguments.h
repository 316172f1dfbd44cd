#pragma once

#include <poise/error.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace poise::bench {

// Takes a program's own arguments out of argv; the others stay for Google Benchmark.
class Arguments {
 public:
  Arguments(int& argc, char** argv) noexcept : argc_(argc), argv_(argv) {}

  // What follows the last NAME that has something behind it.
  std::string value(std::string_view name, std::string otherwise) {
    for (int i = 1; i + 1 < argc_;) {
      if (argv_[i] != name) {
        ++i;
        continue;
      }
      otherwise = argv_[i + 1];
      take(i, 2);
    }
    return otherwise;
  }
  int number(std::string_view name, int otherwise) {
    const std::string text = value(name, std::to_string(otherwise));
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
      throw Error(Code::usage, "[bench] " + std::string(name) + ": expected a number, got " + text);
    }
    return std::stoi(text);
  }
  bool flag(std::string_view name) {
    char** const at = std::find(argv_ + 1, argv_ + argc_, name);
    if (at == argv_ + argc_) return false;
    take(static_cast<int>(at - argv_), 1);
    return true;
  }

 private:
  void take(int first, int count) {
    std::copy(argv_ + first + count, argv_ + argc_, argv_ + first);
    argc_ -= count;
  }

  int& argc_;
  char** argv_;
};

// What main does: runs, or says in one line what failed.
inline int run_or_say(const char* program, int (*run)(int, char**), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << program << ": " << e.what() << "\n";
    return 2;
  }
}

}  // namespace poise::bench
