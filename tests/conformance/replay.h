#pragma once

// One node test of ONNX run by Poise.

#include <filesystem>
#include <string>

#include "array.h"

namespace poise::test {

struct Replay {
  enum class State { passed, failed, skipped };
  State state = State::passed;
  Real error = 0;      // the largest |Poise - ONNX| of all outputs
  Real in_bounds = 0;  // the largest error in units of its bound
  std::string why;     // of a failure or a skip
};

// A folder with model.onnx and test_data_set_0.
Replay replay(const std::filesystem::path& folder);

}  // namespace poise::test
