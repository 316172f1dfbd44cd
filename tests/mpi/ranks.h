#pragma once

#include <poise/mpi.h>

namespace poise::test {

// All ranks of this run.
MpiCommunicator& world();

}  // namespace poise::test
