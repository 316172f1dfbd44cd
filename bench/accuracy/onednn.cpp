// oneDNN 2: batch and layer normalization.

#include <dnnl.hpp>

#include "candidate.h"

namespace poise::accuracy {
namespace {

using dnnl::memory;

// Layer norm reduces the last axis: a sample becomes a row, which is one run of memory in both layouts.
memory::desc description(const Problem& problem) {
  const Dims sizes = problem.sizes();
  const auto type = problem.type() == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  if (problem.technique->name == std::string_view("layer_norm")) {
    return {{sizes[0], sizes.product() / sizes[0]}, type, memory::format_tag::ab};
  }
  const bool last = problem.layout == test::Layout::channels_last;
  return {memory::dims(sizes.begin(), sizes.end()), type, last ? memory::format_tag::acdb : memory::format_tag::abcd};
}

template <class Forward, class Backward>
class Pass {
 public:
  Pass(const Problem& problem, test::TestTensor& y, test::TestTensor& dx)
      : md_(description(problem)),
        eps_(static_cast<float>(problem.parameters.eps)),
        forward_({dnnl::prop_kind::forward_training, md_, eps_, dnnl::normalization_flags::none}, engine_),
        backward_({dnnl::prop_kind::backward_data, md_, md_, eps_, dnnl::normalization_flags::none}, engine_, forward_),
        mean_(forward_.mean_desc(), engine_),
        variance_(forward_.variance_desc(), engine_) {
    const auto at = [&](const test::TestTensor& t) { return memory(md_, engine_, t.view().data()); };
    Forward(forward_).execute(
        stream_,
        {{DNNL_ARG_SRC, at(problem.x)}, {DNNL_ARG_MEAN, mean_}, {DNNL_ARG_VARIANCE, variance_}, {DNNL_ARG_DST, at(y)}});
    Backward(backward_).execute(stream_, {{DNNL_ARG_SRC, at(problem.x)},
                                          {DNNL_ARG_MEAN, mean_},
                                          {DNNL_ARG_VARIANCE, variance_},
                                          {DNNL_ARG_DIFF_DST, at(problem.dy)},
                                          {DNNL_ARG_DIFF_SRC, at(dx)}});
    stream_.wait();
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory::desc md_;
  float eps_;
  typename Forward::primitive_desc forward_;
  typename Backward::primitive_desc backward_;
  memory mean_, variance_;
};

class OneDnn final : public Candidate {
 public:
  std::string name() const override {
    const dnnl_version_t* v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }

  Answer answer(const Problem& problem) override {
    const std::string_view technique = problem.technique->name;
    if (problem.type() != DType::f32 && problem.type() != DType::bf16) return {};
    test::TestTensor y(problem.type(), problem.sizes(), problem.layout);
    test::TestTensor dx(problem.type(), problem.sizes(), problem.layout);
    try {
      if (technique == "batch_norm") {
        Pass<dnnl::batch_normalization_forward, dnnl::batch_normalization_backward>(problem, y, dx);
      } else if (technique == "layer_norm") {
        Pass<dnnl::layer_normalization_forward, dnnl::layer_normalization_backward>(problem, y, dx);
      } else {
        return {};
      }
    } catch (const dnnl::error&) {  // bfloat16 on a machine without its instructions
      return {};
    }
    return {y.read(), dx.read()};
  }
};

}  // namespace

std::unique_ptr<Candidate> onednn_candidate() { return std::make_unique<OneDnn>(); }

}  // namespace poise::accuracy
