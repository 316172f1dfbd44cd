#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bench/case.h"

namespace poise::bench {

// A case as a peer runs it.
struct PeerCall {
  std::function<void(std::size_t turn)> run;
  // As run, and the result lies in the case's y; null where it always does.
  std::function<void(std::size_t turn)> give = {};
};

// Another library that does the same to the same memory, with the same number of threads. What it returns may lie in
// memory of its own, which it uses again.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  // Whether it is not one function of the library but several, as its users write them.
  virtual bool composed() const { return false; }
  // Without run where the library has no function for it.
  virtual PeerCall prepare(const Case& c) = 0;
};

// Null where the library was not there to build against.
std::unique_ptr<Peer> torch_peer(int threads);
std::unique_ptr<Peer> composed_torch_peer(int threads);
std::unique_ptr<Peer> onednn_peer(int threads);
std::unique_ptr<Peer> opencv_peer(int threads);

}  // namespace poise::bench
