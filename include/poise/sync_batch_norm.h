#pragma once

#include <poise/batch_norm.h>
#include <poise/communicator.h>

namespace poise {

// Synchronized batch normalization: batch norm of the samples of all ranks together.
//     y = gamma_c * (x - mean_c) * r(var_c) + beta_c      mean, var: over all ranks
// Options, results and errors are batch norm's. Ranks may hold unequal numbers of samples, one, or none; "more than one
// value per channel" is counted over all. mean, rstd and running statistics have the same bits on every rank.
// Collective in every mode: each rank calls it. What ranks must agree on: type of x, channels, all options but the
// operands' values and masks. An error on one rank, or a disagreement (usage), is an Error on every rank, before
// anything is written. Evaluation on some ranks alone is batch_norm, which gives the same there.
POISE_API void sync_batch_norm(TensorView y, ConstTensorView x, Communicator& ranks,
                               const BatchNormOptions& options = {}, const BatchNormResults& results = {},
                               Context& context = default_context());

// As batch_norm_backward, its sums over the channel taken over all ranks. dgamma and dbeta are this rank's part, as of
// every other weight: what adds up or averages gradients over the ranks does so for these, too.
POISE_API void sync_batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                        Communicator& ranks, const BatchNormResults& saved = {},
                                        const BatchNormOptions& options = {}, Context& context = default_context());

}  // namespace poise
