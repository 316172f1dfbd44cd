// Stands in for torch.cpp where Debian's libtorch-dev was not found.

#include "candidate.h"

namespace poise::accuracy {

std::unique_ptr<Candidate> torch_candidate() { return nullptr; }

}  // namespace poise::accuracy
