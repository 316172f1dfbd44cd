#pragma once

// What the forward and the backward oracles of the techniques derived from the classic five have in common.

#include "oracle_parts.h"

namespace poise::test::oracle {

// A technique's options as its row of the table reads the parameters.
struct Center {
  Real eps = 0;
  EpsPlace place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
  FanIn fan_in = FanIn::none;
};
Center mean_variance_options(const Parameters& p);
Center filter_options(const Parameters& p);
// r of a filter of n weights, and all that multiplies w - mean.
Real filter_deviation(const Center& o, Real n, Real variance);
// What ghost batch norm's cells are, and those of mean-variance and weight norm.
Cells ghost_cells(const Dims& sizes, const Parameters& p);
Cells mean_variance_cells(const Dims& sizes, const Parameters& p);
Dims kept_axes(const Parameters& p, int rank);
Dims filter_axis(const Parameters& p, int rank);

// Batch renormalization's corrections of a channel.
struct Correction {
  Real scale = 1, shift = 0;
};
std::vector<CellAffine> renormalizing(const Array& x, const Cells& cells, const Parameters& p,
                                      std::vector<Correction>& corrections);

// The responses of global response norm: G and N of each cell, M of its sample, and N's relative error.
struct Response {
  Real n = 0, g = 0, mean = 0, scale = 0, error = 0;
};
Cells response_cells(const Dims& sizes, const Parameters& p);
std::vector<Response> responses(const Array& x, const Cells& cells, const Parameters& p);

// The style's mean and deviation of each cell, with the deviation's relative error; moments where it is features.
struct StyleCell {
  Real mean = 0, std = 0, mean_error = 0, std_error = 0;
};
std::vector<StyleCell> style_of(const Parameters& p, const Cells& cells);
std::vector<CellAffine> adapting(std::vector<CellAffine> own, const std::vector<StyleCell>& style, Real alpha);

}  // namespace poise::test::oracle
