// The loops over lanes and cells of every SIMD instruction set that this compiler can make.

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lanes.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "core/sums.h"
#include "kernels/element-inl.h"
#include "kernels/lanes.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// The last vector of a cell ends with it.
template <class T>
void spread(const T* values, std::int64_t count, std::int64_t each, T* to) {
  const Tag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (each == 1) return static_cast<void>(std::copy_n(values, count, to));
  for (std::int64_t i = 0; i < count; ++i, to += each) {
    const auto value = hn::Set(d, values[i]);
    std::int64_t j = 0;
    for (; j + lanes <= each; j += lanes) hn::StoreU(value, d, to + j);
    if (j < each && each >= lanes) hn::StoreU(value, d, to + each - lanes);
    for (; each < lanes && j < each; ++j) to[j] = values[i];
  }
}

void sums(const double* values, std::int64_t count, std::int64_t each, double* to) {
  const hn::CappedTag<double, 4> d;
  constexpr bool halves = hn::MaxLanes(d) == 2;
  if (each == 1) return static_cast<void>(std::copy_n(values, count, to));
  for (std::int64_t i = 0; i < count; ++i, values += each) {
    auto low = hn::Zero(d), high = low;
    std::int64_t j = 0;
    for (; j + 4 <= each; j += 4) {
      low = hn::Add(low, hn::LoadU(d, values + j));
      if constexpr (halves) high = hn::Add(high, hn::LoadU(d, values + j + 2));
    }
    HWY_ALIGN double parts[4];
    hn::Store(low, d, parts);
    if constexpr (halves) hn::Store(high, d, parts + 2);
    for (int k = 0; j < each; ++j, ++k) parts[k] += values[j];
    to[i] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  }
}

// Here for the sake of fma, which is a call where not every machine has it.
void moments(const CellMoments& cells) {
  for (std::int64_t i = 0; i < cells.count; ++i) {
    cells.measured[i] = measured_of(Statistic::moments, cells.elements, cells.pivot[i], {cells.s[i], cells.q[i]});
  }
}

#if HWY_NATIVE_FMA
HWY_INLINE VD load_or(const double* values, std::int64_t i, double absent) {
  return values == nullptr ? hn::Set(DD(), absent) : hn::LoadU(DD(), values + i);
}

// Of the lanes from i on; true for those that need more than this.
HWY_INLINE hn::Mask<DD> normalize_vector(const PlainLanes& l, std::int64_t i) {
  const DD d;
  const hn::Rebind<float, DD> d32;
  const VD n = hn::Set(d, static_cast<double>(l.elements)), zero = hn::Zero(d);
  const VD pivot = hn::LoadU(d, l.pivot + i), s = hn::LoadU(d, l.s + i);
  const VD deviation = hn::Div(s, n), mean = hn::Add(pivot, deviation), rounded = hn::Sub(mean, pivot);
  const VD mean_lo = hn::Add(hn::Sub(pivot, hn::Sub(mean, rounded)), hn::Sub(deviation, rounded));
  VD m2 = hn::NegMulAdd(s, deviation, hn::LoadU(d, l.q + i));
  m2 = hn::IfThenElse(hn::Lt(m2, zero), zero, m2);
  const VD root = hn::Sqrt(hn::Add(hn::Div(m2, n), hn::Set(d, l.eps)));
  const VD rstd = hn::IfThenElse(hn::Eq(root, zero), zero, hn::Div(hn::Set(d, 1), root));
  hn::StoreU(mean, d, l.mean + i);
  hn::StoreU(m2, d, l.m2 + i);
  hn::StoreU(rstd, d, l.rstd + i);
  // Sums with the zeros of a plain merge, for the sign of zeros.
  const VD gamma = load_or(l.gamma, i, 1), scale = hn::Add(hn::Mul(gamma, rstd), zero);
  const VD beta = hn::Add(hn::Mul(gamma, zero), load_or(l.beta, i, 0));
  const auto hi = hn::DemoteTo(d32, mean);
  const VD lo = hn::Add(hn::Sub(mean, hn::PromoteTo(d, hi)), mean_lo);
  hn::StoreU(hi, d32, l.hi + i);
  hn::StoreU(hn::DemoteTo(d32, scale), d32, l.scale + i);
  hn::StoreU(hn::DemoteTo(d32, hn::Sub(beta, hn::Mul(lo, scale))), d32, l.shift + i);
  const VD off = hn::Add(rounded, mean_lo);
  const auto bad = hn::Gt(hn::Mul(hn::Mul(off, off), n), hn::Mul(hn::Set(d, bad_pivot_limit), m2));
  const auto small = hn::And(hn::Lt(rstd, hn::Set(d, least_scale)), hn::Ne(rstd, zero));
  return hn::Or(bad, hn::Or(small, hn::Gt(rstd, hn::Set(d, most_scale))));
}

bool normalize(const PlainLanes& lanes) {
  const DD d;
  const auto step = static_cast<std::int64_t>(hn::Lanes(d));
  auto more = hn::FirstN(d, 0);
  for (std::int64_t i = 0; i < lanes.count; i += step) {
    const auto inside = hn::FirstN(d, static_cast<std::size_t>(std::min(step, lanes.count - i)));
    more = hn::Or(more, hn::And(inside, normalize_vector(lanes, i)));
  }
  return hn::AllFalse(d, more);
}
#endif

// Of the lanes from i on; true for those that need more than this.
HWY_INLINE hn::Mask<DD> derive_vector(const PlainGradients& l, std::int64_t i) {
  const DD d;
  const hn::Rebind<float, DD> d32;
  const VD m = hn::Set(d, static_cast<double>(l.elements)), zero = hn::Zero(d);
  const VD r = hn::LoadU(d, l.rstd + i), center = hn::LoadU(d, l.center + i);
  // Sums with the zeros of one by one, for the sign of zeros.
  const VD s0 = hn::Add(zero, hn::LoadU(d, l.s + i)), s1 = hn::Add(zero, hn::LoadU(d, l.q + i));
  const VD slope = hn::IfThenElse(hn::Eq(r, zero), zero, hn::Mul(hn::Neg(r), r));
  const VD a = hn::Div(hn::Mul(slope, hn::Mul(r, s1)), m), scale = hn::Add(r, zero);
  const auto hi = hn::DemoteTo(d32, center);
  const VD lo = hn::Add(hn::Sub(center, hn::PromoteTo(d, hi)), zero);
  const VD direct = l.centered ? hn::Div(hn::Mul(hn::Neg(r), s0), m) : zero, b = hn::Sub(direct, hn::Mul(a, lo));
  hn::StoreU(hi, d32, l.hi + i);
  hn::StoreU(hn::DemoteTo(d32, scale), d32, l.scale + i);
  hn::StoreU(hn::DemoteTo(d32, a), d32, l.a + i);
  hn::StoreU(hn::DemoteTo(d32, b), d32, l.b + i);
  const VD least = hn::Set(d, least_scale), most = hn::Set(d, most_scale);
  const auto out = [&](VD v) HWY_ATTR {
    const VD size = hn::Abs(v);
    return hn::Or(hn::And(hn::Le(size, least), hn::Ne(v, zero)), hn::Ge(size, most));
  };
  return hn::Or(hn::Or(out(scale), out(a)), hn::Gt(hn::Abs(b), most));
}

bool derive(const PlainGradients& lanes) {
  const DD d;
  const auto step = static_cast<std::int64_t>(hn::Lanes(d));
  auto more = hn::FirstN(d, 0);
  for (std::int64_t i = 0; i < lanes.count; i += step) {
    const auto inside = hn::FirstN(d, static_cast<std::size_t>(std::min(step, lanes.count - i)));
    more = hn::Or(more, hn::And(inside, derive_vector(lanes, i)));
  }
  return hn::AllFalse(d, more);
}

void accumulate(const double* from, std::int64_t count, double* to) {
  const DD d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
  for (; i < count; ++i) to[i] += from[i];
}

void fill_lanes(LaneKernels& kernels) noexcept {
  kernels.spread_f32 = &spread<float>;
  kernels.spread_f64 = &spread<double>;
  kernels.sums = &sums;
  kernels.moments = &moments;
#if HWY_NATIVE_FMA
  kernels.normalize = &normalize;
#endif
  kernels.derive = &derive;
  kernels.accumulate = &accumulate;
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_lanes(Target target, LaneKernels& kernels) noexcept { POISE_FOR_TARGET(target, fill_lanes, kernels); }

const LaneKernels& lane_kernels_for(Target target) noexcept {
  return table_for<LaneKernels>(target, fill_lanes, fill_lanes_scalar);
}

}  // namespace poise
#endif
