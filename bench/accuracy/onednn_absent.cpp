// Stands in for onednn.cpp where Debian's libdnnl-dev was not found.

#include "candidate.h"

namespace poise::accuracy {

std::unique_ptr<Candidate> onednn_candidate() { return nullptr; }

}  // namespace poise::accuracy
