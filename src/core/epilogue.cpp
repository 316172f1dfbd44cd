// The part of a call that concerns what is fused to it.

#include <fmt/format.h>

#include "core/activation.h"
#include "core/call.h"
#include "core/overlap.h"

namespace poise {
namespace {

template <std::int64_t Offsets::*kStride>
void lay(Partition& partition, const ConstTensorView& view) noexcept {
  for (int i = 0; i < view.rank(); ++i) partition.dims()[static_cast<std::size_t>(i)].*kStride = view.stride(i);
}

}  // namespace

void Call::same_tensor(const char* name, const ConstTensorView& view, DType type) const {
  check_view(name, view);
  if (!(view.sizes() == job_.x.sizes())) fail(Code::shape, name, job_.x.sizes().str(), view.sizes().str());
  if (view.dtype() != type) fail(Code::usage, name, name_of(type), name_of(view.dtype()));
}

void Call::check_slope(const Epilogue& e) const {
  if (e.activation == Activation::leaky_relu && !(e.slope >= 0 && e.slope <= 1)) {
    fail(Code::usage, "slope", "a number from 0 to 1", fmt::format("{}", e.slope));
  }
}

void Call::epilogue(const Epilogue& e) {
  check_slope(e);
  if (e.y.present()) fail(Code::usage, "epilogue.y", "none in a forward call", "one");
  if (e.sum.present() != e.residual.present()) {
    fail(Code::usage, "sum", "one with a residual, and none without", e.sum.present() ? "one" : "none");
  }
  job_.epilogue = {e.residual_after, e.activation, e.activation == Activation::leaky_relu ? e.slope : 0};
  if (e.residual_after.present()) {
    same_tensor("residual_after", e.residual_after, job_.y.dtype());
    if (share_memory(e.residual_after, job_.y)) {
      fail(Code::refused, "residual_after", "memory of its own", "a view that shares elements with y");
    }
    lay<&Offsets::z>(job_.partition, e.residual_after);
  }
  if (!e.residual.present()) return;
  same_tensor("residual", e.residual, job_.x.dtype());
  same_tensor("sum", e.sum, job_.x.dtype());
  check_output("sum", e.sum);
  for (const ConstTensorView& other : {ConstTensorView(job_.y), job_.gamma, job_.beta, e.residual_after}) {
    if (share_memory(e.sum, other)) fail(Code::refused, "sum", "memory of its own", "a view that shares elements");
  }
  for (const ConstTensorView& other : {job_.x, e.residual}) {
    if (share_memory(e.sum, other) && !same_place(e.sum, other)) {
      fail(Code::refused, "sum", "memory of its own or exactly x's or residual's", "a view that shares elements");
    }
  }
  if (job_.x.dtype() == DType::u8) fail(Code::usage, "x", "a floating type", "u8");
  Partition addition = job_.partition;
  lay<&Offsets::dy>(addition, e.residual);
  lay<&Offsets::y>(addition, e.sum);
  job_.addition = {job_.x, e.residual, e.sum, addition};
  job_.x = e.sum;
  lay<&Offsets::x>(job_.partition, e.sum);
  lay<&Offsets::dy>(job_.partition, e.sum);
  if (!e.residual_after.present()) lay<&Offsets::z>(job_.partition, e.sum);
}

void Call::check_gradient_to_residual(const Epilogue& e, const TensorView& dresidual) const {
  if (!dresidual.present()) return;
  same_tensor("dresidual", dresidual, job_.x.dtype());
  check_output("dresidual", dresidual);
  for (const ConstTensorView& other : {job_.x, job_.dy, ConstTensorView(job_.y), job_.gamma, job_.mask, e.y}) {
    if (share_memory(dresidual, other))
      fail(Code::refused, "dresidual", "memory of its own", "a view that shares elements");
  }
}

void Call::gate_by_sign(const Epilogue& e) {
  if (!e.y.present()) fail(Code::usage, "epilogue.y", "the forward call's y where relu or leaky_relu gates", "none");
  same_tensor("epilogue.y", e.y, e.y.dtype());
  if (job_.maps && share_memory(e.y, job_.y)) {
    fail(Code::refused, "epilogue.y", "memory of its own", "a view that shares elements with dx");
  }
  lay<&Offsets::z>(job_.gate.partition, e.y);
  job_.gate.y = e.y;
  job_.gate.slope = e.activation == Activation::leaky_relu ? e.slope : 0;
}

void Call::gate_by_map(const Epilogue& e, const ConstTensorView& beta, const Dims& axes) {
  Gate& gate = job_.gate;
  operand("beta", beta, sizes_of(axes));
  if (share_memory(beta, gate.gated)) {
    fail(Code::refused, "beta", "memory of its own", "a view that shares elements with dresidual");
  }
  for (Dim& d : gate.partition.dims()) d.param = 0;
  for (int i = 0; beta.present() && i < axes.size(); ++i) {
    gate.partition.dims()[static_cast<std::size_t>(axes[i])].beta = beta.stride(i);
  }
  if (e.residual_after.present()) {
    same_tensor("residual_after", e.residual_after, job_.x.dtype());
    if (share_memory(e.residual_after, gate.gated) || (job_.maps && share_memory(e.residual_after, job_.y))) {
      fail(Code::refused, "residual_after", "memory of its own", "a view that shares elements with an output");
    }
    lay<&Offsets::z>(gate.partition, e.residual_after);
  }
  gate.activation = e.activation;
  gate.residual = e.residual_after;
  gate.beta = beta;
}

void Call::epilogue(const Epilogue& e, const TensorView& dresidual, const ConstTensorView& beta, const Dims& axes) {
  check_slope(e);
  check_gradient_to_residual(e, dresidual);
  const bool gates = e.activation != Activation::none;
  if (!gates && !dresidual.present()) return;
  TensorView gated = dresidual.present() ? dresidual : job_.y;
  if (!gated.present()) gated = {memory(job_.x.elements()), job_.x.dtype(), job_.x.sizes()};
  job_.gate = {job_.dy, {}, gated, job_.partition};
  lay<&Offsets::y>(job_.gate.partition, gated);
  if (gates) smooth(e.activation) ? gate_by_map(e, beta, axes) : gate_by_sign(e);
  job_.dy = gated;
  lay<&Offsets::dy>(job_.partition, gated);
}

Job Call::gated() {
  Job job = job_;
  if (!job.y.present()) {
    job.y = {memory(job_.x.elements()), job_.x.dtype(), job_.x.sizes()};
    lay<&Offsets::y>(job.partition, job.y);
  }
  job_.dy = job.y;
  for (std::size_t i = 0; i < job_.partition.dims().size(); ++i) {
    job_.partition.dims()[i].dy = job.partition.dims()[i].y;
  }
  return job;
}

}  // namespace poise
