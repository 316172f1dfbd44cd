// oneDNN 2: batch and layer normalization, local response normalization.

#include <omp.h>
#include <dnnl.hpp>

#include "peer.h"

namespace poise::bench {
namespace {

using dnnl::memory;
using Call = std::function<void(std::size_t)>;

bool rows(const Problem& problem) { return problem.technique->name == std::string_view("layer_norm"); }

// Layer norm takes one row after the other, whatever the row's axes.
memory::desc description(const Problem& problem) {
  const Dims& s = problem.sizes;
  const auto type = problem.x == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  if (rows(problem)) {
    const Dims& axes = problem.parameters.axes;
    std::int64_t length = 1;
    for (int a = axes.empty() ? s.size() - 1 : static_cast<int>(axes[0]); a < s.size(); ++a) length *= s[a];
    return {{s.product() / length, length}, type, memory::format_tag::ab};
  }
  if (s.size() == 2) return {{s[0], s[1]}, type, memory::format_tag::ab};
  const bool last = problem.strides[1] == 1;
  return {memory::dims(s.begin(), s.end()), type, last ? memory::format_tag::acdb : memory::format_tag::abcd};
}

template <class Forward, class Backward>
class Norm {
 public:
  explicit Norm(const Case& c)
      : c_(c),
        md_(description(c.problem())),
        forward_({kind(c), md_, eps, flags(c)}, engine_),
        mean_(forward_.mean_desc(), engine_),
        variance_(forward_.variance_desc(), engine_),
        run_forward_(forward_),
        gammas_({channels(c)}, memory::data_type::f32, memory::format_tag::a) {
    const Parameters& p = c.parameters();
    const auto take = [](memory& to, const ConstTensorView& from) {
      if (from.present()) to.set_data_handle(const_cast<void*>(from.data()));
    };
    take(gamma_, p.gamma);
    take(beta_, p.beta);
    take(mean_, p.running_mean);
    take(variance_, p.running_var);
    if (!c.backward()) return;
    backward_ = std::make_unique<typename Backward::primitive_desc>(
        typename Backward::desc{dnnl::prop_kind::backward, md_, md_, eps, flags(c)}, engine_, forward_);
    run_backward_ = Backward(*backward_);
    forward(0);
  }

  void forward(std::size_t turn) {
    run_forward_.execute(stream_, {{DNNL_ARG_SRC, at(c_.x(turn).data())},
                                   {DNNL_ARG_DST, at(c_.y(turn).data())},
                                   {DNNL_ARG_MEAN, mean_},
                                   {DNNL_ARG_VARIANCE, variance_},
                                   {DNNL_ARG_SCALE, gamma_},
                                   {DNNL_ARG_SHIFT, beta_}});
    stream_.wait();
  }
  void backward(std::size_t turn) {
    run_backward_.execute(stream_, {{DNNL_ARG_SRC, at(c_.x(turn).data())},
                                    {DNNL_ARG_DIFF_DST, at(c_.dy(turn).data())},
                                    {DNNL_ARG_DIFF_SRC, at(c_.y(turn).data())},
                                    {DNNL_ARG_MEAN, mean_},
                                    {DNNL_ARG_VARIANCE, variance_},
                                    {DNNL_ARG_SCALE, gamma_},
                                    {DNNL_ARG_SHIFT, beta_},
                                    {DNNL_ARG_DIFF_SCALE, dgamma_},
                                    {DNNL_ARG_DIFF_SHIFT, dbeta_}});
    stream_.wait();
  }

 private:
  static constexpr float eps = 1e-5F;
  static dnnl::prop_kind kind(const Case& c) {
    const bool keeps = c.backward() || c.parameters().mode == BatchNormMode::training;
    return keeps ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  }
  static dnnl::normalization_flags flags(const Case& c) {
    auto flags = dnnl::normalization_flags::none;
    if (c.problem().gamma) flags |= dnnl::normalization_flags::use_scale;
    if (c.problem().beta) flags |= dnnl::normalization_flags::use_shift;
    if (c.parameters().mode != BatchNormMode::training) flags |= dnnl::normalization_flags::use_global_stats;
    return flags;
  }
  static std::int64_t channels(const Case& c) {
    return rows(c.problem()) ? description(c.problem()).dims()[1] : c.problem().sizes[1];
  }
  memory at(void* data) { return {md_, engine_, data}; }

  const Case& c_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory::desc md_;
  typename Forward::primitive_desc forward_;
  memory mean_, variance_;
  Forward run_forward_;
  memory::desc gammas_;
  memory gamma_{gammas_, engine_}, beta_{gammas_, engine_}, dgamma_{gammas_, engine_}, dbeta_{gammas_, engine_};
  std::unique_ptr<typename Backward::primitive_desc> backward_;
  Backward run_backward_;
};

template <class Forward, class Backward>
Call call_of(const Case& c) {
  const auto norm = std::make_shared<Norm<Forward, Backward>>(c);
  if (c.backward()) {
    norm->backward(0);
    return [norm](std::size_t turn) { norm->backward(turn); };
  }
  return [norm](std::size_t turn) { norm->forward(turn); };
}

// Across channels, AlexNet's constants; alpha is scaled by the size.
class Responses {
 public:
  explicit Responses(const Case& c)
      : c_(c),
        md_(description(c.problem())),
        forward_(
            {desc(c.backward() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference), engine_}),
        workspace_(forward_.workspace_desc(), engine_),
        run_forward_(forward_) {
    if (!c.backward()) return;
    run_backward_ =
        dnnl::lrn_backward({{dnnl::algorithm::lrn_across_channels, md_, md_, 5, 5e-4F, 0.75F, 2}, engine_, forward_});
    forward(0);
  }
  void forward(std::size_t turn) {
    run_forward_.execute(stream_, {{DNNL_ARG_SRC, at(c_.x(turn).data())},
                                   {DNNL_ARG_DST, at(c_.y(turn).data())},
                                   {DNNL_ARG_WORKSPACE, workspace_}});
    stream_.wait();
  }
  void backward(std::size_t turn) {
    run_backward_.execute(stream_, {{DNNL_ARG_SRC, at(c_.x(turn).data())},
                                    {DNNL_ARG_DIFF_DST, at(c_.dy(turn).data())},
                                    {DNNL_ARG_DIFF_SRC, at(c_.y(turn).data())},
                                    {DNNL_ARG_WORKSPACE, workspace_}});
    stream_.wait();
  }

 private:
  dnnl::lrn_forward::desc desc(dnnl::prop_kind kind) const {
    return {kind, dnnl::algorithm::lrn_across_channels, md_, 5, 5e-4F, 0.75F, 2};
  }
  memory at(void* data) { return {md_, engine_, data}; }

  const Case& c_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory::desc md_;
  dnnl::lrn_forward::primitive_desc forward_;
  memory workspace_;
  dnnl::lrn_forward run_forward_;
  dnnl::lrn_backward run_backward_;
};

// Of planes it has a gradient for tests alone, which takes half a second.
Call responses(const Case& c) {
  if (c.backward() && c.problem().strides[1] != 1) return {};
  const auto responses = std::make_shared<Responses>(c);
  if (c.backward()) return [responses](std::size_t turn) { responses->backward(turn); };
  return [responses](std::size_t turn) { responses->forward(turn); };
}

class OneDnn final : public Peer {
 public:
  explicit OneDnn(int threads) : threads_(threads) {}
  std::string name() const override {
    const dnnl_version_t* v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor);
  }
  PeerCall prepare(const Case& c) override {
    const Problem& problem = c.problem();
    const std::string_view name = problem.technique->name;
    const bool typed = (problem.x == DType::f32 || problem.x == DType::bf16) && problem.x == problem.y;
    const bool last_axes = problem.parameters.axes.empty() || problem.parameters.axes[0] != 1;
    if (!typed || problem.y_strides != problem.strides) return {};
    omp_set_num_threads(threads_);
    try {
      if (name == "batch_norm" && (!c.backward() || c.parameters().mode == BatchNormMode::training)) {
        return {call_of<dnnl::batch_normalization_forward, dnnl::batch_normalization_backward>(c)};
      }
      if (name == "layer_norm" && last_axes) {
        return {call_of<dnnl::layer_normalization_forward, dnnl::layer_normalization_backward>(c)};
      }
      if (name == "local_response_norm" && problem.parameters.preset == "alexnet") return {responses(c)};
    } catch (const dnnl::error&) {  // a type or a form that it has no kernel for
    }
    return {};
  }

 private:
  int threads_;
};

}  // namespace

std::unique_ptr<Peer> onednn_peer(int threads) { return std::make_unique<OneDnn>(threads); }

}  // namespace poise::bench
