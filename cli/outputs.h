#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/atomic_file.h"

namespace poise {

// The files of one call: opened before any work, so that a refusal comes early, and none appears before all are
// complete. What is not committed goes again, folders too.
class Outputs {
 public:
  explicit Outputs(bool force) noexcept : force_(force) {}
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  // Error{refused}: it exists and force is not given. Error{usage}: it is an output already.
  AtomicFile& open(const std::string& path);
  void create_folder(const std::string& path);
  void commit();

 private:
  bool force_;
  std::vector<std::string> folders_;
  std::vector<std::unique_ptr<AtomicFile>> files_;
};

}  // namespace poise
