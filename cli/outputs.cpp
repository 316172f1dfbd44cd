#include "cli/outputs.h"

#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {

AtomicFile& Outputs::open(const std::string& path) {
  auto file = std::make_unique<AtomicFile>(path, force_);
  for (const auto& other : files_) {
    if (other->path() == file->path()) {
      throw Error(Code::usage, fmt::format("[write] {}: expected a path for each output, got it twice", path));
    }
  }
  return *files_.emplace_back(std::move(file));
}

void Outputs::create_folder(const std::string& path) {
  std::error_code error;
  // False without an error: it is there already.
  if (std::filesystem::create_directory(path, error)) folders_.push_back(path);
  if (error) throw Error(Code::io, fmt::format("[write] {}: cannot create the folder: {}", path, error.message()));
}

// The only steps after the first file has appeared are renames.
void Outputs::commit() {
  for (const auto& file : files_) file->finish();
  for (const auto& file : files_) file->commit();
  folders_.clear();
}

Outputs::~Outputs() {
  files_.clear();
  std::error_code ignored;
  for (const std::string& folder : folders_) std::filesystem::remove(folder, ignored);
}

}  // namespace poise
