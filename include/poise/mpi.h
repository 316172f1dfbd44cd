#pragma once

#include <memory>

#include <poise/communicator.h>

namespace poise {

// The ranks of an MPI communicator. In a library of its own: CMake poise::mpi, linked beside poise::poise. Built
// without MPI it is there and every function throws Error{refused} saying so.
//
// Poise's messages go over a duplicate of the communicator, so they never meet the caller's; making one of these, and
// split, are therefore collective. One thread at a time. MPI's own header is not needed to use it:
//
//     poise::MpiCommunicator ranks = poise::MpiCommunicator::world();
//     poise::MpiCommunicator group(MPI_Comm_c2f(communicator));      // mpi4py: communicator.py2f()
class POISE_API MpiCommunicator final : public Communicator {
 public:
  // All ranks of the program. Initializes MPI, and finalizes it at exit, where the program did not initialize it.
  static MpiCommunicator world();
  // The ranks of a communicator by its Fortran handle.
  explicit MpiCommunicator(int fortran_handle);
  ~MpiCommunicator() override;
  MpiCommunicator(MpiCommunicator&&) noexcept;
  MpiCommunicator& operator=(MpiCommunicator&&) noexcept;

  // A process group: the ranks that say the same color (at least 0), in the order they have here.
  MpiCommunicator split(int color) const;

  int rank() const noexcept override;
  int size() const noexcept override;
  void all_gather(const void* mine, std::size_t bytes, void* all) override;

 private:
  struct State;
  explicit MpiCommunicator(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

// Whether this build has MPI.
POISE_API bool mpi_available() noexcept;

}  // namespace poise
