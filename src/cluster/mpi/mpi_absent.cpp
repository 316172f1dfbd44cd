// In the place of mpi.cpp where Poise is built without MPI.

#include <poise/error.h>
#include <poise/mpi.h>

#include <utility>

namespace poise {
namespace {

[[noreturn]] void absent() {
  throw Error(Code::refused, "[mpi] communicator: expected a Poise built with MPI, got one built without it");
}

}  // namespace

struct MpiCommunicator::State {};

MpiCommunicator MpiCommunicator::world() { absent(); }
MpiCommunicator::MpiCommunicator(int) { absent(); }
MpiCommunicator::MpiCommunicator(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
MpiCommunicator::MpiCommunicator(MpiCommunicator&&) noexcept = default;
MpiCommunicator& MpiCommunicator::operator=(MpiCommunicator&&) noexcept = default;
MpiCommunicator::~MpiCommunicator() = default;
MpiCommunicator MpiCommunicator::split(int) const { absent(); }
int MpiCommunicator::rank() const noexcept { return 0; }
int MpiCommunicator::size() const noexcept { return 1; }
void MpiCommunicator::all_gather(const void*, std::size_t, void*) { absent(); }
bool mpi_available() noexcept { return false; }

}  // namespace poise
