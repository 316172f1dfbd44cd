#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/case.h"

namespace poise::bench {

// One that runs the case, and the times that it took.
struct Contender {
  std::string name;
  bool composed = false;  // see peer.h
  std::function<void(std::size_t turn)> run;
  std::vector<double> times = {};
};

// Poise, and every peer that was there to build against and gives the same values; one that does not is named on
// stderr.
std::vector<Contender> contenders(const Case& c, int threads, Context& context);

}  // namespace poise::bench
