// Which instruction sets there are, which one is active: the one place of dispatch.

#include <poise/error.h>

#include <hwy/cache_control.h>
#include <hwy/targets.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/pairs.h"
#include "kernels/tables.h"

namespace poise {
namespace {

constexpr Target all_targets[] = {Target::scalar, Target::sse4, Target::avx2, Target::avx512};

std::uint64_t highway_bit(Target target) noexcept {
  switch (target) {
    case Target::avx512:
      return HWY_AVX3;
    case Target::avx2:
      return HWY_AVX2;
    default:
      return HWY_SSE4;
  }
}

void fill_all(Target target, Kernels& kernels) noexcept {
  fill_rows(target, kernels);
  fill_columns(target, kernels);
  fill_pixels(target, kernels);
  fill_local_response(target, kernels);
}

void fill_all_scalar(Kernels& kernels) noexcept {
  fill_scalar(kernels);
  fill_scalar_local_response(kernels);
}

Target forced(std::string_view name) {
  for (const Target target : all_targets) {
    if (name != name_of(target)) continue;
    if (target_available(target)) return target;
    throw Error(Code::usage,
                "[target] POISE_TARGET: expected an instruction set of this machine, got " + std::string(name));
  }
  throw Error(Code::usage,
              "[target] POISE_TARGET: expected scalar, sse4, avx2 or avx512, got \"" + std::string(name) + "\"");
}

Target chosen() {
  if (const char* name = std::getenv("POISE_TARGET"); name != nullptr && *name != '\0') return forced(name);
  Target best = Target::scalar;
  for (const Target target : all_targets)
    if (target_available(target)) best = target;
  return best;
}

}  // namespace

Target active_target() {
  static const Target target = chosen();
  return target;
}

bool target_available(Target target) noexcept {
  if (target == Target::scalar) return true;
  return (static_cast<std::uint64_t>(hwy::SupportedTargets()) & (HWY_TARGETS)&highway_bit(target)) != 0;
}

const char* name_of(Target target) noexcept {
  switch (target) {
    case Target::scalar:
      return "scalar";
    case Target::sse4:
      return "sse4";
    case Target::avx2:
      return "avx2";
    case Target::avx512:
      return "avx512";
  }
  return "";
}

const Kernels& kernels_for(Target target) noexcept { return table_for<Kernels>(target, fill_all, fill_all_scalar); }

void fence_streams() noexcept { hwy::FlushStream(); }

bool types_supported(DType x, DType y) noexcept {
  return kernels_for(Target::scalar).map_rows[index_of(x)][index_of(y)] != nullptr;
}

}  // namespace poise
