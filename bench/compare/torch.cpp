// libtorch, into memory that it gets again and again: with its own allocator it would pay for new pages in every call.

#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "peer.h"
#include "torch_calls.h"

namespace poise::bench {
namespace {

// Blocks by their size, given out again, the last one first: what a call needs on its way stays in the cache.
class Recycler final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) const override {
    if (bytes == 0) return {nullptr, nullptr, &give_back, c10::Device(c10::DeviceType::CPU)};
    const std::lock_guard lock(mutex_);
    auto& free = free_[bytes];
    if (free.empty()) {
      free.push_back(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
      size_of_[free.back()] = bytes;
    }
    void* data = free.back();
    free.pop_back();
    return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  // Back to the system with what is not in use.
  void clear() {
    const std::lock_guard lock(mutex_);
    for (const auto& [bytes, blocks] : free_) {
      for (void* data : blocks) {
        size_of_.erase(data);
        std::free(data);
      }
    }
    free_.clear();
  }

  static Recycler& one() {
    static auto* recycler = new Recycler;  // what torch keeps until the end is given back then
    return *recycler;
  }

 private:
  static void give_back(void* data) {
    if (data == nullptr) return;
    Recycler& r = one();
    const std::lock_guard lock(r.mutex_);
    r.free_[r.size_of_[data]].push_back(data);
  }

  mutable std::mutex mutex_;
  mutable std::map<std::size_t, std::vector<void*>> free_;
  mutable std::map<void*, std::size_t> size_of_;
};

// As many results as the case has outputs are kept, and the oldest one's memory is free for the next: cold where the
// case's is, and the same in every call where it is hot.
class Results {
 public:
  Results(TorchCall call, std::size_t turns) : call_(std::move(call)), results_(turns) {}
  void run(std::size_t turn) {
    const at::NoGradGuard guard;
    at::Tensor& result = results_[turn % results_.size()];
    result = at::Tensor();
    result = call_(turn);
  }

 private:
  TorchCall call_;
  std::vector<at::Tensor> results_;
};

class Torch final : public Peer {
 public:
  Torch(int threads, bool composed) : composed_(composed) {
    c10::SetCPUAllocator(&Recycler::one(), 1);
    at::set_num_threads(threads);
  }
  std::string name() const override {
    return fmt::format("libtorch {}.{}{}", TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR, composed_ ? ", composed" : "");
  }
  bool composed() const override { return composed_; }
  PeerCall prepare(const Case& c) override {
    const DType type = c.problem().x;
    if ((type != DType::f32 && type != DType::bf16) || type != c.problem().y) return {};
    if (c.problem().y_strides != c.problem().strides) return {};
    Recycler::one().clear();
    try {
      const TorchCall call = composed_ ? composed_call(c) : own_call(c);
      if (!call) return {};
      const auto results = std::make_shared<Results>(call, c.turns());
      results->run(0);
      return {[results](std::size_t turn) { results->run(turn); },
              [call, &c](std::size_t turn) {
                const at::NoGradGuard guard;
                tensor(c.y(turn)).copy_(call(turn).reshape(numbers(c.problem().sizes)));
              }};
    } catch (const c10::Error&) {  // a type that it has no kernel for
      return {};
    }
  }

 private:
  bool composed_;
};

}  // namespace

std::unique_ptr<Peer> torch_peer(int threads) { return std::make_unique<Torch>(threads, false); }
std::unique_ptr<Peer> composed_torch_peer(int threads) { return std::make_unique<Torch>(threads, true); }

}  // namespace poise::bench
