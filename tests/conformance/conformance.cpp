// The normalization cases of ONNX's backend node tests, replayed through the technique table. Prints a line a case, and
// at the end how many passed, failed and were skipped; exits 77 where the cases are not there.
//
//     poise_conformance [FOLDER]      the folder with one folder a case; else POISE_CONFORMANCE/onnx, else beside the
//                                     repository

#include <poise/error.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "replay.h"

namespace poise::test {
namespace {

std::filesystem::path folder_of(int argc, char** argv) {
  if (argc == 2) return argv[1];
  const char* given = std::getenv("POISE_CONFORMANCE");
  const auto root =
      given != nullptr && *given != '\0' ? given : std::filesystem::path(POISE_SOURCE_DIR) / "../shared/conformance";
  return root / "onnx";
}

Replay replay_or_failure(const std::filesystem::path& folder) {
  try {
    return replay(folder);
  } catch (const Error& error) {
    return {Replay::State::failed, 0, 0, error.what()};
  }
}

int replay_all(const std::set<std::filesystem::path>& folders) {
  int counts[3] = {};
  for (const auto& folder : folders) {
    const Replay r = replay_or_failure(folder);
    ++counts[static_cast<int>(r.state)];
    constexpr const char* states[] = {"passed", "FAILED", "skipped"};
    std::printf("%-8s%-52s", states[static_cast<int>(r.state)], folder.filename().string().c_str());
    if (r.state != Replay::State::skipped) {
      std::printf("max error %.1e, %4.2f of its bound", static_cast<double>(r.error), static_cast<double>(r.in_bounds));
    }
    std::printf("%s%s\n", r.state == Replay::State::failed ? "  " : "", r.why.c_str());
  }
  std::printf("%d passed, %d failed, %d skipped\n", counts[0], counts[1], counts[2]);
  return counts[1] == 0 && counts[0] > 0 ? 0 : 1;
}

}  // namespace
}  // namespace poise::test

int main(int argc, char** argv) {
  const auto folder = poise::test::folder_of(argc, argv);
  std::set<std::filesystem::path> folders;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) folders.insert(entry.path());
  }
  if (folders.empty()) {
    std::printf("skipped: no ONNX cases in %s (POISE_CONFORMANCE says where else)\n", folder.string().c_str());
    return 77;
  }
  return poise::test::replay_all(folders);
}
