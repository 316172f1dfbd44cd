#pragma once

#include <poise/communicator.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/job.h"

namespace poise {

// Joins the moments of two parts of a cell (Chan, Golub, LeVeque 1983), the mean as hi + lo, so that a mean far above
// the deviation keeps its digits. An empty part changes nothing.
void merge(Measured& a, const Measured& b) noexcept;

// The cells' moments over all ranks: one collective, merged in rank order on every rank, hence the same bits on all.
// gathered: room for ranks.size() times as many cells. Every rank hands over equally many cells; a rank without samples
// hands over counts of 0.
void merge_ranks(std::span<Measured> cells, std::span<Measured> gathered, Communicator& ranks);

// The same for the sums of a backward pass.
void merge(GradientSums& a, const GradientSums& b) noexcept;
void merge_ranks(std::span<GradientSums> cells, std::span<GradientSums> gathered, Communicator& ranks);

}  // namespace poise
