// libtorch: its own kernels for the layout, forward and backward, into memory that it gets again and again: with its
// own allocator it would pay for new pages in every call.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "peer.h"

namespace poise::bench {
namespace {

// Blocks by their size, given out again. What is large goes round, so that a cold output is cold.
class Recycler final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) const override {
    if (bytes == 0) return {nullptr, nullptr, &give_back, c10::Device(c10::DeviceType::CPU)};
    const std::lock_guard lock(mutex_);
    auto& free = free_[bytes];
    constexpr std::size_t large = std::size_t{1} << 20, kept = 8;
    if (free.empty() || (bytes >= large && made_[bytes] < kept)) {
      ++made_[bytes];
      void* data = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
      size_of_[data] = bytes;
      return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
    }
    void* data = free.front();
    free.erase(free.begin());
    return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

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
  mutable std::map<std::size_t, std::size_t> made_;
  mutable std::map<void*, std::size_t> size_of_;
};

std::vector<std::int64_t> numbers(const Dims& dims) { return {dims.begin(), dims.end()}; }

at::Tensor tensor(const ConstTensorView& view) {
  if (!view.present()) return {};
  const auto type = view.dtype() == DType::bf16 ? at::kBFloat16 : at::kFloat;
  return at::from_blob(const_cast<void*>(view.data()), numbers(view.sizes()), numbers(view.strides()), at::dtype(type));
}

using Call = std::function<void(std::size_t)>;

// The last axes, from the first of those given on.
std::vector<std::int64_t> row(const Problem& problem) {
  const Dims& axes = problem.parameters.axes;
  const int first = axes.empty() ? problem.sizes.size() - 1 : static_cast<int>(axes[0]);
  return {problem.sizes.begin() + first, problem.sizes.end()};
}

Call forward(const Case& c) {
  const Problem& problem = c.problem();
  const Parameters& p = c.parameters();
  const std::string_view name = problem.technique->name;
  const at::Tensor gamma = tensor(p.gamma), beta = tensor(p.beta);
  const at::Tensor mean = tensor(p.running_mean), var = tensor(p.running_var);
  constexpr double eps = 1e-5;
  if (name == "batch_norm") {
    const bool training = p.mode == BatchNormMode::training;
    return
        [=, &c](std::size_t t) { at::native_batch_norm(tensor(c.x(t)), gamma, beta, mean, var, training, 0.1, eps); };
  }
  if (name == "layer_norm" && (p.axes.empty() || p.axes[0] != 1)) {
    return [=, &c, row = row(problem)](std::size_t t) { at::native_layer_norm(tensor(c.x(t)), row, gamma, beta, eps); };
  }
  if (name == "group_norm") {
    return [=, &c](std::size_t t) { at::group_norm(tensor(c.x(t)), p.groups, gamma, beta, eps, false); };
  }
  if (name == "instance_norm") {
    return [=, &c](std::size_t t) { at::instance_norm(tensor(c.x(t)), gamma, beta, {}, {}, true, 0.1, eps, false); };
  }
  return {};
}

// The statistics that the forward pass kept are given, as they are in training: not measured again.
Call backward(const Case& c) {
  const Problem& problem = c.problem();
  const Parameters& p = c.parameters();
  const std::string_view name = problem.technique->name;
  const at::Tensor gamma = tensor(p.gamma);
  const std::array<bool, 3> mask = {true, problem.gamma, problem.beta};
  constexpr double eps = 1e-5;
  if (name == "batch_norm" && p.mode == BatchNormMode::training) {
    const auto [y, mean, rstd] = at::native_batch_norm(tensor(c.x(0)), gamma, {}, {}, {}, true, 0.1, eps);
    return [=, &c, mean = mean, rstd = rstd](std::size_t t) {
      at::native_batch_norm_backward(tensor(c.dy(t)), tensor(c.x(t)), gamma, {}, {}, mean, rstd, true, eps, mask);
    };
  }
  if (name == "layer_norm" && (p.axes.empty() || p.axes[0] != 1)) {
    const auto [y, mean, rstd] = at::native_layer_norm(tensor(c.x(0)), row(problem), gamma, tensor(p.beta), eps);
    return [=, &c, row = row(problem), beta = tensor(p.beta), mean = mean, rstd = rstd](std::size_t t) {
      at::native_layer_norm_backward(tensor(c.dy(t)), tensor(c.x(t)), row, mean, rstd, gamma, beta, mask);
    };
  }
  if (name == "group_norm") {
    const Dims& s = problem.sizes;
    const std::int64_t inner = s.product() / s[0] / s[1];
    const auto [y, mean, rstd] =
        at::native_group_norm(tensor(c.x(0)), gamma, tensor(p.beta), s[0], s[1], inner, p.groups, eps);
    return [=, &c, mean = mean, rstd = rstd](std::size_t t) {
      at::native_group_norm_backward(tensor(c.dy(t)), tensor(c.x(t)), mean, rstd, gamma, s[0], s[1], inner, p.groups,
                                     mask);
    };
  }
  return {};
}

class Torch final : public Peer {
 public:
  explicit Torch(int threads) {
    c10::SetCPUAllocator(&Recycler::one(), 1);
    at::set_num_threads(threads);
  }
  std::string name() const override { return fmt::format("libtorch {}.{}", TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR); }
  Call prepare(const Case& c) override {
    const DType type = c.problem().x;
    if ((type != DType::f32 && type != DType::bf16) || type != c.problem().y) return {};
    if (c.problem().y_strides != c.problem().strides) return {};
    try {
      const Call call = c.backward() ? backward(c) : forward(c);
      if (!call) return {};
      call(0);
      return [call](std::size_t turn) {
        const at::NoGradGuard guard;
        call(turn);
      };
    } catch (const c10::Error&) {  // a type that it has no kernel for
      return {};
    }
  }
};

}  // namespace

std::unique_ptr<Peer> torch_peer(int threads) { return std::make_unique<Torch>(threads); }

}  // namespace poise::bench
