#pragma once

// Running statistics, and the batch's statistics that enter them.

#include "oracle_parts.h"

namespace poise::test::oracle {

struct Batch {
  Array mean, variance;
  std::vector<Real> mean_error, variance_error;
  std::vector<bool> enters;  // a cell of too few elements changes nothing
};

Batch batch_of(const Array& x, const Cells& cells, const Parameters& p);
// The mean over samples of what was measured per sample and channel (N, C).
Batch mean_over_samples(const Batch& b, std::size_t samples, std::size_t channels);

// new = (1 - momentum) * old + momentum * batch.
void give_running(Expected& e, const Parameters& p, const Batch& b);
// The same by batches one after the other, as (batches, C).
void give_running_in_order(Expected& e, const Parameters& p, const Batch& b, std::size_t batches);

}  // namespace poise::test::oracle
