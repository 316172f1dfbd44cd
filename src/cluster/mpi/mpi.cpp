// The ranks of an MPI communicator. The only file that includes MPI's header; mpi_absent.cpp stands for it where there
// is none.

#include <poise/mpi.h>

#include <mpi.h>

#include <climits>
#include <cstdlib>
#include <string>
#include <utility>

#include <poise/error.h>

namespace poise {
namespace {

// MPI aborts the program on errors unless told otherwise; Poise's communicators are told to return them.
void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  throw Error(Code::io, std::string("[mpi] ") + what + ": expected success, got " +
                            (length > 0 ? std::string(text, static_cast<std::size_t>(length)) : "an unknown error"));
}

bool finalized() noexcept {
  int done = 0;
  MPI_Finalized(&done);
  return done != 0;
}

void finalize() {
  if (!finalized()) MPI_Finalize();
}

void initialize() {
  if (finalized()) throw Error(Code::usage, "[mpi] world: expected MPI before its end, got it finalized");
  int done = 0;
  MPI_Initialized(&done);
  if (done) return;
  int provided = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  std::atexit(finalize);
}

}  // namespace

struct MpiCommunicator::State {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0, size = 1;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (comm != MPI_COMM_NULL && !finalized()) MPI_Comm_free(&comm);
  }

  void describe() {
    check(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
    check(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  }
};

MpiCommunicator MpiCommunicator::world() {
  initialize();
  return MpiCommunicator(MPI_Comm_c2f(MPI_COMM_WORLD));
}

MpiCommunicator::MpiCommunicator(int fortran_handle) : state_(std::make_unique<State>()) {
  const MPI_Comm given = MPI_Comm_f2c(static_cast<MPI_Fint>(fortran_handle));
  if (given == MPI_COMM_NULL) throw Error(Code::usage, "[mpi] communicator: expected one, got MPI_COMM_NULL");
  check(MPI_Comm_dup(given, &state_->comm), "MPI_Comm_dup");
  state_->describe();
}

MpiCommunicator::MpiCommunicator(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
MpiCommunicator::MpiCommunicator(MpiCommunicator&&) noexcept = default;
MpiCommunicator& MpiCommunicator::operator=(MpiCommunicator&&) noexcept = default;
MpiCommunicator::~MpiCommunicator() = default;

MpiCommunicator MpiCommunicator::split(int color) const {
  auto part = std::make_unique<State>();
  // A bad color must not leave the others waiting: that rank takes part, gets no communicator, and says so.
  check(MPI_Comm_split(state_->comm, color < 0 ? MPI_UNDEFINED : color, state_->rank, &part->comm), "MPI_Comm_split");
  if (color < 0) {
    throw Error(Code::usage, "[mpi] color: expected a number of at least 0, got " + std::to_string(color));
  }
  part->describe();
  return MpiCommunicator(std::move(part));
}

int MpiCommunicator::rank() const noexcept { return state_->rank; }
int MpiCommunicator::size() const noexcept { return state_->size; }

void MpiCommunicator::all_gather(const void* mine, std::size_t bytes, void* all) {
  if (bytes > INT_MAX) {
    throw Error(Code::usage, "[mpi] all_gather: expected at most 2147483647 bytes, got " + std::to_string(bytes));
  }
  const int count = static_cast<int>(bytes);
  check(MPI_Allgather(mine, count, MPI_BYTE, all, count, MPI_BYTE, state_->comm), "MPI_Allgather");
}

bool mpi_available() noexcept { return true; }

}  // namespace poise
