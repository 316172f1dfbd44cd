#include "schedule/operands.h"

#include <algorithm>
#include <span>

#include "core/parallel.h"
#include "kernels/lanes.h"

namespace poise {
namespace {

alignas(64) constexpr float ones_f32[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
alignas(64) constexpr double ones_f64[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
alignas(64) constexpr double zeros[16] = {};  // also sixteen float zeros

// The operand's values along these dims, as they lie in the copy.
template <class T>
void gather(const ConstTensorView& from, std::span<const Dim> dims, double offset, T* to) noexcept {
  const bool same = from.dtype() == DTypeOf<T>::value && offset == 0;
  for_each_run(dims, [&](std::int64_t at, std::int64_t in_copy, const Dim& inner) {
    if (same && inner.gamma == 1 && inner.param == 1) {
      return static_cast<void>(std::copy_n(static_cast<const T*>(from.data()) + at, inner.size, to + in_copy));
    }
    for (std::int64_t i = 0; i < inner.size; ++i) {
      const double v = element_at(from.data(), from.dtype(), at + i * inner.gamma);
      to[in_copy + i * inner.param] = static_cast<T>(offset + v);
    }
  });
}

// Where a plane has one value it is read once and spread: a copy may be as large as all that is normalized.
template <class T>
const void* copy(const ConstTensorView& from, const Plan& plan, const Plan::Operand& operand, double offset,
                 Workspace& workspace) {
  T* const out = workspace.take<T>(operand.size + 16);
  const auto dims = operand.source.dims();
  if (dims.empty() || dims.back().gamma != 0) {
    gather(from, dims, offset, out);
    return out;
  }
  const std::int64_t count = operand.size / dims.back().size;
  T* const values = workspace.take<T>(count);
  gather(from, dims.first(dims.size() - 1), offset, values);
  parallel_for(plan.threads, count, [&](std::int64_t begin, std::int64_t end, int) {
    const std::int64_t plane = dims.back().size;
    lane_kernels_for(plan.target).spread(values + begin, end - begin, plane, out + begin * plane);
  });
  return out;
}

Readable readable(const ConstTensorView& view, const Plan& plan, const Plan::Operand& operand, const void* constant,
                  double offset, Workspace& workspace) {
  const DType compute = plan.x_type == DType::f64 ? DType::f64 : DType::f32;
  if (!operand.present) return {constant, compute, 0, offset};
  if (!operand.copied) return {view.data(), view.dtype(), 1, offset};
  if (compute == DType::f64) return {copy<double>(view, plan, operand, offset, workspace), compute, 1};
  return {copy<float>(view, plan, operand, offset, workspace), compute, 1};
}

}  // namespace

Operands readable_operands(const Job& job, const Plan& plan, Workspace& workspace) {
  const void* ones = plan.x_type == DType::f64 ? static_cast<const void*>(ones_f64) : ones_f32;
  return {readable(job.gamma, plan, plan.gamma, ones, job.gamma_offset, workspace),
          readable(job.beta, plan, plan.beta, zeros, 0, workspace)};
}

}  // namespace poise
