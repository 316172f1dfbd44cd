#include "contenders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "peer.h"

namespace poise::bench {
namespace {

std::vector<double> values_of(const TensorView& t) {
  const Values values(t);
  std::vector<double> all;
  for (std::int64_t i = 0; i < values.count(); ++i) all.push_back(values.get(i));
  return all;
}

// Within what eps and roundings differ by; a peer that takes the memory for another layout is far off.
bool gives(const PeerCall& call, const Case& c, const std::vector<double>& expected) {
  (call.give ? call.give : call.run)(0);
  const std::vector<double> y = values_of(c.y(0));
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    largest = std::max(largest, std::fabs(expected[i]));
    difference = std::max(difference, std::fabs(y[i] - expected[i]));
  }
  return difference <= 0.02 * largest;
}

}  // namespace

std::vector<Contender> contenders(const Case& c, int threads, Context& context) {
  std::vector<Contender> all = {{.name = "Poise", .run = [&](std::size_t turn) { c.run(turn, context); }}};
  all[0].run(0);
  const std::vector<double> y = values_of(c.y(0));
  for (const auto& peer :
       {torch_peer(threads), composed_torch_peer(threads), onednn_peer(threads), opencv_peer(threads)}) {
    if (!peer) continue;
    PeerCall call = peer->prepare(c);
    if (!call.run) continue;
    if (gives(call, c, y)) {
      all.push_back({peer->name(), peer->composed(), std::move(call.run)});
    } else {
      fmt::print(stderr, "{}: {} computes something else\n", c.name(), peer->name());
    }
  }
  return all;
}

}  // namespace poise::bench
