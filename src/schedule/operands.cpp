#include "schedule/operands.h"

namespace poise {
namespace {

alignas(64) constexpr float ones_f32[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
alignas(64) constexpr double ones_f64[8] = {1, 1, 1, 1, 1, 1, 1, 1};
alignas(64) constexpr double zeros[16] = {};  // also sixteen float zeros

template <class T>
const void* copy(const ConstTensorView& from, const Plan::Operand& plan, double offset, Workspace& workspace) {
  T* out = workspace.take<T>(plan.size + 16);
  for (std::int64_t i = 0; i < plan.size; ++i) {
    const std::int64_t at = offsets_at(plan.source.dims(), i).gamma;
    out[i] = static_cast<T>(offset + element_at(from.data(), from.dtype(), at));
  }
  return out;
}

Readable readable(const ConstTensorView& operand, const Plan::Operand& plan, DType compute, const void* constant,
                  double offset, Workspace& workspace) {
  if (!plan.present) return {constant, compute, 0, offset};
  if (!plan.copied) return {operand.data(), operand.dtype(), 1, offset};
  if (compute == DType::f64) return {copy<double>(operand, plan, offset, workspace), compute, 1};
  return {copy<float>(operand, plan, offset, workspace), compute, 1};
}

}  // namespace

Operands readable_operands(const Job& job, const Plan& plan, Workspace& workspace) {
  const bool wide = job.x.dtype() == DType::f64;
  const DType compute = wide ? DType::f64 : DType::f32;
  const void* ones = wide ? static_cast<const void*>(ones_f64) : ones_f32;
  return {readable(job.gamma, plan.gamma, compute, ones, job.gamma_offset, workspace),
          readable(job.beta, plan.beta, compute, zeros, 0, workspace)};
}

}  // namespace poise
