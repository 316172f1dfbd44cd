// Loops over one run of elements. Included once per instruction set.

#if defined(POISE_KERNELS_POINTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_POINTWISE_INL_H_
#undef POISE_KERNELS_POINTWISE_INL_H_
#else
#define POISE_KERNELS_POINTWISE_INL_H_
#endif

#include "core/activation.h"
#include "kernels/element-inl.h"
#include "kernels/pointwise.h"
#include "kernels/smooth-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

struct AddOp {
  template <class T>
  HWY_INLINE Vector<T> operator()(Vector<T> a, Vector<T> b, Vector<T>, const PointwiseRun&) const {
    return hn::Add(a, b);
  }
};
// A NaN of b is not above 0.
struct GateOp {
  template <class T>
  HWY_INLINE Vector<T> operator()(Vector<T> a, Vector<T> b, Vector<T>, const PointwiseRun& p) const {
    const Tag<T> d;
    const auto low = p.slope == 0 ? hn::Zero(d) : hn::Mul(a, hn::Set(d, static_cast<T>(p.slope)));
    return hn::IfThenElse(hn::Gt(b, hn::Zero(d)), a, low);
  }
};
// Lanes of GELU end where float32 does.
template <class T>
HWY_INLINE bool one_by_one(const PointwiseRun& p) {
  return std::is_same_v<T, double> && p.activation == Activation::gelu;
}
template <class T, class F>
HWY_INLINE Vector<T> each(Vector<T> v, F f) {
  HWY_ALIGN T lanes[HWY_MAX_BYTES / sizeof(T)];
  hn::Store(v, Tag<T>(), lanes);
  for (std::size_t i = 0; i < hn::Lanes(Tag<T>()); ++i) lanes[i] = static_cast<T>(f(static_cast<double>(lanes[i])));
  return hn::Load(Tag<T>(), lanes);
}

// ReLU keeps NaN; the smooth ones are in float64, rounded once.
struct FinishOp {
  template <class T>
  HWY_INLINE Vector<T> operator()(Vector<T> a, Vector<T> b, Vector<T>, const PointwiseRun& p) const {
    const Tag<T> d;
    const auto v = hn::Add(a, b);
    if (p.activation == Activation::none) return v;
    if (!smooth(p.activation)) {
      const auto low = p.slope == 0 ? hn::Zero(d) : hn::Mul(v, hn::Set(d, static_cast<T>(p.slope)));
      return hn::IfThenElse(hn::Lt(v, hn::Zero(d)), low, v);
    }
    if (one_by_one<T>(p)) return each<T>(v, [&](double e) { return activated(e, p.activation, p.slope); });
    return in_double([&](VD e, VD) HWY_ATTR { return smoothed(e, p.activation); }, v, v);
  }
};

struct FinishBackOp {
  template <class T>
  HWY_INLINE Vector<T> operator()(Vector<T> a, Vector<T> b, Vector<T> dy, const PointwiseRun& p) const {
    const auto v = hn::Add(a, b);
    if (one_by_one<T>(p)) return hn::Mul(dy, each<T>(v, [&](double e) { return derivative(e, p.activation); }));
    return in_double([&](VD e, VD weight) HWY_ATTR { return hn::Mul(weight, smooth_slope(e, p.activation)); }, v, dy);
  }
};

// A: a's type; X: b's, dy's and out's. otherwise: what b and dy are where there is none.
template <class Op, class A, class X>
HWY_NOINLINE void pointwise(const PointwiseRun& p, Compute<X> otherwise) {
  using T = Compute<X>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
  const A* a = static_cast<const A*>(p.a);
  const X* b = static_cast<const X*>(p.b);
  const X* dy = static_cast<const X*>(p.dy);
  X* out = static_cast<X*>(p.out);
  const auto none = hn::Set(Tag<T>(), otherwise);
  const auto or_none = [&](const X* operand) { return operand == nullptr ? none : load(operand); };
  const auto past = [](const X* operand, std::int64_t i) { return operand == nullptr ? nullptr : operand + i; };
  const Op op;
  std::int64_t i = 0;
  for (; i + lanes <= p.length; i += lanes) {
    store(op.template operator()<T>(load(a + i), or_none(past(b, i)), or_none(past(dy, i)), p), out + i, false);
  }
  if (i == p.length) return;
  const std::int64_t count = p.length - i;
  const Padded<A> pa(a + i, count);
  const Padded<X> pb(past(b, i), b == nullptr ? 0 : count), pdy(past(dy, i), dy == nullptr ? 0 : count);
  X last[max_step];
  const auto vb = or_none(b == nullptr ? nullptr : pb.lanes), vdy = or_none(dy == nullptr ? nullptr : pdy.lanes);
  store(op.template operator()<T>(load(pa.lanes), vb, vdy, p), last, false);
  std::memcpy(static_cast<void*>(out + i), last, static_cast<std::size_t>(count) * sizeof(X));
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
