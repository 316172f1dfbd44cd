// The running sums of a run about a pivot. Included once per instruction set.

#if defined(POISE_KERNELS_MOMENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_MOMENT_INL_H_
#undef POISE_KERNELS_MOMENT_INL_H_
#else
#define POISE_KERNELS_MOMENT_INL_H_
#endif

#include <algorithm>
#include <cmath>

#include "kernels/element-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// The running sums of one stream: four of squares, so that none is a chain of operations that wait for each other.
struct Sums {
  HWY_ALIGN double s[max_step / 2], q[4][max_step / 2];
};

// Float64 lanes: a product of two floats is exact in them and a sum never cancels about a pivot of the cell, so the
// center is good to the last bit of y even where y is near zero (design.md 4.1, 4.2).
struct Moment {
  VD pivot, s, q0, q1, q2, q3;
  HWY_INLINE explicit Moment(double at) : pivot(hn::Set(DD(), at)), s(hn::Zero(DD())), q0(s), q1(s), q2(s), q3(s) {}
  HWY_INLINE Moment(double at, const Sums& sums)
      : pivot(hn::Set(DD(), at)),
        s(hn::Load(DD(), sums.s)),
        q0(hn::Load(DD(), sums.q[0])),
        q1(hn::Load(DD(), sums.q[1])),
        q2(hn::Load(DD(), sums.q[2])),
        q3(hn::Load(DD(), sums.q[3])) {}
  HWY_INLINE void add(VD a, VD b) {
    s = hn::Add(s, hn::Add(a, b));
    q0 = hn::MulAdd(a, a, q0);
    q1 = hn::MulAdd(b, b, q1);
  }
  template <class X>
  HWY_INLINE void step(const X* x) {
    VD a, b;
    load_step(x, a, b);
    add(about(a, pivot), about(b, pivot));
  }
  template <class X>
  HWY_INLINE void two_steps(const X* x) {
    VD a, b, c, d;
    load_step(x, a, b);
    load_step(x + HWY_NAMESPACE::step(), c, d);
    a = about(a, pivot);
    b = about(b, pivot);
    c = about(c, pivot);
    d = about(d, pivot);
    s = hn::Add(s, hn::Add(hn::Add(a, b), hn::Add(c, d)));
    q0 = hn::MulAdd(a, a, q0);
    q1 = hn::MulAdd(b, b, q1);
    q2 = hn::MulAdd(c, c, q2);
    q3 = hn::MulAdd(d, d, q3);
  }
  // x[from] to x[to], less than a step: with what is before them where that is a step.
  template <class X>
  HWY_INLINE void tail(const X* x, std::int64_t from, std::int64_t to) {
    const std::int64_t count = to - from;
    if (to < HWY_NAMESPACE::step()) return end(Padded<X>(x + from, count).lanes, 0, count);
    end(x + to - HWY_NAMESPACE::step(), HWY_NAMESPACE::step() - count, HWY_NAMESPACE::step());
  }
  template <class X>
  HWY_INLINE void end(const X* x, std::int64_t from, std::int64_t to) {
    VD a, b;
    load_step(x, a, b);
    const auto within = [&](VD v, std::int64_t first) HWY_ATTR {
      const auto lane = [&](std::int64_t i) {
        return static_cast<std::size_t>(std::clamp<std::int64_t>(i - first, 0, half_step()));
      };
      const VD some = hn::IfThenElseZero(hn::FirstN(DD(), lane(to)), v);
      return hn::IfThenZeroElse(hn::FirstN(DD(), lane(from)), some);
    };
    add(within(about(a, pivot), 0), within(about(b, pivot), half_step()));
  }
  HWY_INLINE static std::int64_t flush_at(std::int64_t, std::int64_t end) { return end; }
  HWY_INLINE void flush() {}
  HWY_INLINE void save(Sums& sums) const {
    hn::Store(s, DD(), sums.s);
    hn::Store(q0, DD(), sums.q[0]);
    hn::Store(q1, DD(), sums.q[1]);
    hn::Store(q2, DD(), sums.q[2]);
    hn::Store(q3, DD(), sums.q[3]);
  }
  // What is left of a run, and its sums.
  template <class X>
  HWY_INLINE void finish(const X* x, std::int64_t from, std::int64_t length, double, double& sum, double& squares) {
    for (; from + HWY_NAMESPACE::step() <= length; from += HWY_NAMESPACE::step()) step(x + from);
    if (from < length) tail(x, from, length);
    sum = hn::GetLane(hn::SumOfLanes(DD(), s));
    squares = hn::GetLane(hn::SumOfLanes(DD(), hn::Add(hn::Add(q0, q1), hn::Add(q2, q3))));
  }
};

// Of 8 and 16 bits float32 lanes, twice as many, that become float64 after 64 elements each: less than 36 roundings of
// 2^-24 an element and its square, most of them none, as float32 has 13 to 16 bits more than the elements. More than
// 64 squares of bytes would no longer be exact in a lane's two sums of them and what joins those.
struct NarrowMoment {
  VF pivot, s, q0, q1;
  VD all_s, all_q;
  HWY_INLINE explicit NarrowMoment(double at)
      : pivot(hn::Set(DF(), static_cast<float>(at))),
        s(hn::Zero(DF())),
        q0(s),
        q1(s),
        all_s(hn::Zero(DD())),
        all_q(all_s) {}
  HWY_INLINE NarrowMoment(double at, const Sums& sums) : NarrowMoment(at) {
    all_s = hn::Load(DD(), sums.s);
    all_q = hn::Load(DD(), sums.q[0]);
  }
  template <class X>
  HWY_INLINE void two_steps(const X* x) {
    VF a, b;
    load_two(x, a, b);
    a = hn::Sub(a, pivot);
    b = hn::Sub(b, pivot);
    s = hn::Add(s, hn::Add(a, b));
    q0 = hn::MulAdd(a, a, q0);
    q1 = hn::MulAdd(b, b, q1);
  }
  HWY_INLINE static std::int64_t flush_at(std::int64_t from, std::int64_t end) {
    return std::min(from + 64 * step(), end);
  }
  HWY_INLINE void flush() {
    const auto wide = [](VF v) HWY_ATTR {
      return hn::Add(hn::PromoteTo(DD(), hn::LowerHalf(DFHalf(), v)), hn::PromoteTo(DD(), hn::UpperHalf(DFHalf(), v)));
    };
    all_s = hn::Add(all_s, wide(s));
    all_q = hn::Add(all_q, wide(hn::Add(q0, q1)));
    s = q0 = q1 = hn::Zero(DF());
  }
  HWY_INLINE void save(Sums& sums) const {
    hn::Store(all_s, DD(), sums.s);
    hn::Store(all_q, DD(), sums.q[0]);
  }
  // What is left of a run in float64; all of it where a square may have left float32's range. The sums were about `at`
  // as a float.
  template <class X>
  HWY_INLINE void finish(const X* x, std::int64_t from, std::int64_t length, double at, double& sum, double& squares) {
    const auto rounded = static_cast<double>(static_cast<float>(at)), n = static_cast<double>(length);
    Moment rest(rounded);
    rest.s = all_s;
    rest.q0 = all_q;
    rest.finish(x, from, length, at, sum, squares);
    if (squares >= n * 0x1p-120 && squares < HUGE_VAL) {
      const double off = rounded - at;
      squares += off * (2 * sum + n * off);
      sum += n * off;
      return;
    }
    Moment(at).finish(x, 0, length, at, sum, squares);
  }
};

template <class X>
using MomentOf = std::conditional_t<sizeof(X) < sizeof(float), NarrowMoment, Moment>;

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
