// The pointwise loops in plain C++.

#include "core/activation.h"
#include "kernels/gradient.h"
#include "kernels/pointwise.h"
#include "kernels/scalar_element.h"

namespace poise {
namespace {

using scalar::Compute;
using scalar::load;
using scalar::store;

template <class X>
Compute<X> b_at(const PointwiseRun& p, std::int64_t i, Compute<X> otherwise) noexcept {
  return p.b == nullptr ? otherwise : load(static_cast<const X*>(p.b)[i]);
}

template <class X>
struct Add {
  static void run(const PointwiseRun& p) {
    for (std::int64_t i = 0; i < p.length; ++i)
      store(load(static_cast<const X*>(p.a)[i]) + b_at<X>(p, i, 0), static_cast<X*>(p.out)[i]);
  }
};
template <class X>
struct Gate {
  static void run(const PointwiseRun& p) {
    for (std::int64_t i = 0; i < p.length; ++i) {
      const auto dy = load(static_cast<const X*>(p.a)[i]);
      const auto low = p.slope == 0 ? Compute<X>(0) : dy * static_cast<Compute<X>>(p.slope);
      store(b_at<X>(p, i, 1) > 0 ? dy : low, static_cast<X*>(p.out)[i]);
    }
  }
};
template <class X>
struct FinishRun {
  static void run(const PointwiseRun& p) {
    using T = Compute<X>;
    for (std::int64_t i = 0; i < p.length; ++i) {
      const T v = static_cast<const T*>(p.a)[i] + b_at<X>(p, i, 0);
      const bool lanes = p.activation == Activation::leaky_relu && v < 0;
      store(lanes ? v * static_cast<T>(p.slope)
                  : static_cast<T>(activated(static_cast<double>(v), p.activation, p.slope)),
            static_cast<X*>(p.out)[i]);
    }
  }
};
template <class X>
struct FinishBack {
  static void run(const PointwiseRun& p) {
    using T = Compute<X>;
    for (std::int64_t i = 0; i < p.length; ++i) {
      const T v = static_cast<const T*>(p.a)[i] + b_at<X>(p, i, 0);
      const auto dy = static_cast<double>(load(static_cast<const X*>(p.dy)[i]));
      store(static_cast<T>(dy * derivative(static_cast<double>(v), p.activation)), static_cast<X*>(p.out)[i]);
    }
  }
};

}  // namespace

void fill_pointwise_scalar(PointwiseKernels& kernels) noexcept {
  fill_floating<Add>(kernels.add);
  fill_floating<Gate>(kernels.gate);
  fill_floating<FinishRun>(kernels.finish);
  fill_floating<FinishBack>(kernels.finish_back);
}

}  // namespace poise
