#pragma once

#include <cstddef>

#include <poise/export.h>

namespace poise {

// The ranks that work on one batch together. Techniques over ranks need one collective; whatever offers it (MPI, a
// framework's process group, threads) can be derived from this.
class POISE_API Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const noexcept = 0;  // 0 to size() - 1
  virtual int size() const noexcept = 0;
  // Called by every rank, with the same number of bytes: `all` receives what each handed over, in rank order.
  // Error{io} when a rank cannot be reached.
  virtual void all_gather(const void* mine, std::size_t bytes, void* all) = 0;

 protected:
  Communicator() = default;
  Communicator(const Communicator&) = default;
  Communicator& operator=(const Communicator&) = default;
};

// One process: rank 0 of 1.
class POISE_API SingleProcess final : public Communicator {
 public:
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 1; }
  void all_gather(const void* mine, std::size_t bytes, void* all) override;
};

// One for all who need no more; it has no state.
POISE_API Communicator& single_process() noexcept;

}  // namespace poise
