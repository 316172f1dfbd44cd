#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bench/case.h"

namespace poise::bench {

// Another library that does the same to the same memory, with the same number of threads. What it returns may lie in
// memory of its own, which it uses again.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  // What runs the case's turn; nothing where the library has no function for it.
  virtual std::function<void(std::size_t turn)> prepare(const Case& c) = 0;
};

// Null where the library was not there to build against.
std::unique_ptr<Peer> torch_peer(int threads);
std::unique_ptr<Peer> onednn_peer(int threads);
std::unique_ptr<Peer> opencv_peer(int threads);

}  // namespace poise::bench
