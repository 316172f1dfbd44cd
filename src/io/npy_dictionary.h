#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace poise {

// The text of an npy header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
struct NpyDictionary {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// Error{data} unless the text is exactly such a dictionary, each key once, in any order, with sizes of at least 0.
// name: the file, for messages.
NpyDictionary parse_npy_dictionary(std::string_view text, const std::string& name);

}  // namespace poise
